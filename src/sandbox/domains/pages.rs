//! The web servers of the domains that publish client settings: pages over HTTPS and over HTTP.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::case::WebPage;
use super::directory::DomainDirectory;

/// The maximum size of a request.
const MAX_REQUEST: usize = 16 * 1024;
const XML: &str = "Content-Type: application/xml";

/// The host of a page.
pub(super) fn host_of(domain: &str, page: &WebPage) -> &'static str {
    let host = if page.host == "@" { domain.to_owned() } else { format!("{}.{domain}", page.host) };
    Box::leak(host.into_boxed_str())
}

/// Reads the header of a request; `None` if it is too long or incomplete.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut buffer = [0; 2048];
        let count = stream.read(&mut buffer).await?;
        if count == 0 || request.len() > MAX_REQUEST {
            return Ok(None);
        }
        request.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(Some(request))
}

/// Reads a request and sends the page. `host` is the name in the handshake; without TLS, it is the name in the request.
pub(super) async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    directory: &DomainDirectory,
    host: Option<&str>,
) -> io::Result<()> {
    let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let in_request =
        request.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("host:").map(str::to_owned));
    let in_request = in_request.map(|host| host.trim().split(':').next().unwrap_or_default().to_owned());
    let name = host.map(str::to_owned).or(in_request).unwrap_or_default();
    let is_encrypted = host.is_some();
    let found = directory.pages.iter().find(|one| {
        name.strip_suffix(".test") == Some(one.host)
            && one.page.is_encrypted == is_encrypted
            && (one.page.path == path || one.page.path == "*")
    });
    let response = match found {
        None => "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Not found</html>"
            .to_owned(),
        Some(one) => {
            let head = if one.page.head.is_empty() { XML } else { one.page.head };
            let status = if head.contains("Location:") { "302 Found" } else { "200 OK" };
            let fill = |text: &str| {
                let text = text.replace("{name}", one.domain).replace("{port}", &directory.mail.to_string());
                text.replace("{https}", &directory.https.to_string())
            };
            format!("HTTP/1.1 {status}\r\n{}\r\nConnection: close\r\n\r\n{}", fill(head), fill(one.page.body))
        }
    };
    stream.write_all(response.as_bytes()).await?;
    stream.flush().await?;
    stream.shutdown().await
}
