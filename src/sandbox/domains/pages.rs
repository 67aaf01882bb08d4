//! The web servers of the domains that publish client settings: pages over HTTPS and over HTTP.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::DomainDirectory;
use super::case::WebPage;

/// The maximum size of a request.
const MAX_REQUEST: usize = 16 * 1024;
const XML: &str = "Content-Type: application/xml";

/// A page with the name of its host, without `.test`.
pub(super) struct PageOfHost {
    pub(super) host: &'static str,
    pub(super) page: &'static WebPage,
    /// The name of the domain, without `.test`.
    pub(super) domain: &'static str,
}

/// The host of a page.
pub(super) fn host_of(domain: &str, page: &WebPage) -> &'static str {
    let host = if page.host == "@" { domain.to_owned() } else { format!("{}.{domain}", page.host) };
    Box::leak(host.into_boxed_str())
}

/// Reads a request and sends the page. `host` is the name in the handshake; without TLS, it is that of the request.
pub(super) async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    directory: &DomainDirectory,
    host: Option<&str>,
) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut buffer = [0; 2048];
        let count = stream.read(&mut buffer).await?;
        if count == 0 || request.len() > MAX_REQUEST {
            return Ok(());
        }
        request.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
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
