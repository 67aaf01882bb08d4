//! The web server of the domains: answers GET requests over TLS with the MTA-STS policy of the domain (RFC 8461 §3.3),
//! or with a page that contains client settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::case::PolicyBody;
use super::directory::DomainDirectory;
use super::pages;
use crate::sandbox::certificates::{Certificates, ServerNames};
use crate::sandbox::scenario::{Recipe, TlsTerms};

/// The maximum duration of a connection.
const LIFETIME: Duration = Duration::from_secs(120);
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close";

/// Serves one client until the connection ends.
pub(super) async fn serve(stream: TcpStream, directory: &DomainDirectory, made: &Certificates) {
    let _ = tokio::time::timeout(LIFETIME, answer(stream, directory, made)).await;
}

/// Serves one client over HTTP until the connection ends.
pub(super) async fn serve_plain(stream: TcpStream, directory: &DomainDirectory) {
    let _ = tokio::time::timeout(LIFETIME, pages::answer(stream, directory, None)).await;
}

async fn answer(stream: TcpStream, directory: &DomainDirectory, made: &Certificates) -> io::Result<()> {
    let address = stream.local_addr()?.ip().to_canonical();
    let start = tokio_rustls::LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let host = start.client_hello().server_name().unwrap_or_default().to_owned();
    let page = directory.pages.iter().find(|one| one.page.is_encrypted && host.strip_suffix(".test") == Some(one.host));
    if let Some(one) = page {
        let recipe = if one.page.verifies { Recipe::Good } else { Recipe::OtherName };
        let identity = made.identity(recipe, TlsTerms::Open, ServerNames { name: one.host, ip: address });
        let identity = identity.map_err(io::Error::other)?;
        let stream = start.into_stream(Arc::clone(&identity.config)).await?;
        return pages::answer(stream, directory, Some(&host)).await;
    }
    let known = directory.webs.iter().find(|(_, web)| host.strip_suffix(".test") == Some(web));
    let Some((case, web)) = known else { return Ok(()) };
    let Some(page) = &case.policy else { return Ok(()) };
    let identity = made.identity(page.identity, TlsTerms::Open, ServerNames { name: web, ip: address });
    let identity = identity.map_err(io::Error::other)?;
    let mut stream = start.into_stream(Arc::clone(&identity.config)).await?;
    if pages::read_request(&mut stream).await?.is_none() {
        return Ok(());
    }
    let head = if page.head.is_empty() { HEAD } else { page.head };
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
    match page.sends {
        PolicyBody::Whole => stream.write_all(page.body.as_bytes()).await?,
        PolicyBody::TooLong => stream.write_all(page.body.repeat(70_000 / page.body.len().max(1)).as_bytes()).await?,
        PolicyBody::Endless => loop {
            stream.write_all(page.body.as_bytes()).await?;
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        },
    }
    stream.flush().await?;
    stream.shutdown().await
}
