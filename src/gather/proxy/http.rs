//! HTTP with the method CONNECT (RFC 9110 §9.3.6). The response is read byte by byte up to its empty line, so that the
//! server's greeting stays in the socket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::tunnel::{ProxyLogin, TunnelEnd, TunnelTarget, broken};
use crate::evidence::{ProxyFault, ProxyFaultKind, ServerUnreachable, SpokenInstead};

/// The maximum size of the response.
const MAX_HEAD: usize = 8 * 1024;
/// The maximum number of headers.
const MAX_HEADERS: usize = 64;
/// The number of characters of a response that are shown.
const SHOWN: usize = 120;

/// Asks an HTTP proxy for the connection.
pub(super) async fn connect(
    mut stream: TcpStream,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> TunnelEnd {
    let has_logged_in = login.is_some_and(|login| login.password.is_some());
    let result = negotiate(&mut stream, target, login, deadline).await;
    TunnelEnd { result: result.map(|()| stream), has_logged_in }
}

async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> Result<(), ProxyFault> {
    let request = request(target, login);
    let mut head = Vec::new();
    let exchange = async {
        stream.write_all(&request).await?;
        read_head(stream, &mut head).await
    };
    match tokio::time::timeout_at(deadline, exchange).await {
        Ok(Ok(())) => judge(&head, login.is_some()),
        // Text that does not look like HTTP shows what kind of server responded, even if the text is incomplete.
        Ok(Err(_)) if !head.is_empty() => judge(&head, login.is_some()),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) if !head.is_empty() && !head.starts_with(b"HTTP/") => judge(&head, login.is_some()),
        // There is only one response, which the proxy sends after it has connected to the server.
        Err(_) => Err(ProxyFault { kind: ProxyFaultKind::NoResult, detail: "no response".to_owned() }),
    }
}

fn request(target: &TunnelTarget, login: Option<ProxyLogin<'_>>) -> Zeroizing<Vec<u8>> {
    let place = target.host.with_port(target.port);
    let agent = concat!("smtpcheck/", env!("CARGO_PKG_VERSION"));
    let mut request =
        Zeroizing::new(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {agent}\r\n").into_bytes());
    if let Some(ProxyLogin { user, password: Some(password) }) = login {
        // RFC 7617 §2.
        let pair = Zeroizing::new(format!("{user}:{}", password.reveal()));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        request.extend_from_slice(b"Proxy-Authorization: Basic ");
        request.extend_from_slice(encoded.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, head: &mut Vec<u8>) -> std::io::Result<()> {
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= MAX_HEAD {
            return Err(std::io::Error::other("the response is too long"));
        }
        head.push(stream.read_u8().await?);
        // A server that uses another protocol sends a line and waits.
        if head.len() == 5 && !head.starts_with(b"HTTP/") {
            return Ok(());
        }
    }
    Ok(())
}

/// What the response means. 401 and 407 both ask for a login, because tinyproxy rejects a password with 401. A 5xx code
/// comes from the proxy, not from a mail server.
fn judge(head: &[u8], has_login: bool) -> Result<(), ProxyFault> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(head);
    let is_complete = matches!(parsed, Ok(httparse::Status::Complete(_)));
    let Some(code) = response.code.filter(|_| is_complete) else {
        let kind = ProxyFaultKind::NotThisProtocol { instead: SpokenInstead::of(head) };
        return Err(ProxyFault { kind, detail: first_line(&String::from_utf8_lossy(head)) });
    };
    let squid = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("X-Squid-Error"));
    let squid = squid.map(|header| String::from_utf8_lossy(header.value).into_owned()).unwrap_or_default();
    let words = [response.reason.unwrap_or_default(), &squid].join(" ");
    let detail = first_line(format!("HTTP {code} {}", words.trim()).trim());
    let unreachable = |reason| ProxyFaultKind::ServerUnreachable { reason };
    let kind = match code {
        200..=299 => return Ok(()),
        401 | 407 if has_login => ProxyFaultKind::LoginRejected,
        401 | 407 => ProxyFaultKind::LoginRequired,
        504 => unreachable(ServerUnreachable::TimedOut),
        // Squid appends the error number from its operating system, in this case Linux.
        _ if squid.starts_with("ERR_CONNECT_FAIL 111") => unreachable(ServerUnreachable::Refused),
        _ if squid.starts_with("ERR_CONNECT_FAIL 110") => unreachable(ServerUnreachable::TimedOut),
        _ if squid.starts_with("ERR_DNS_FAIL") => unreachable(ServerUnreachable::Host),
        500..=599 if code != 501 && code != 505 => unreachable(ServerUnreachable::Unknown),
        // A web server that is not a proxy does not support the method.
        400 | 404 | 405 | 501 | 505 => ProxyFaultKind::Unsupported,
        403 => ProxyFaultKind::Denied,
        // A redirect or a limit (429) is not a rule about the target.
        _ => unreachable(ServerUnreachable::Unknown),
    };
    Err(ProxyFault { kind, detail })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::{ProxyLogin, TunnelTarget, negotiate};
    use crate::evidence::{ProxyFault, ProxyFaultKind, ServerUnreachable, SpokenInstead};
    use crate::secret::Secret;
    use crate::wire::Host;

    async fn exchange(login: Option<(&str, &str)>, sends: &[u8]) -> (Result<(), ProxyFault>, String, String) {
        let (mut client, mut proxy) = tokio::io::duplex(32 * 1024);
        proxy.write_all(sends).await.expect("room");
        let target = TunnelTarget { host: Host::parse("2001:db8::1").expect("a host"), port: 587 };
        let secret = login.map(|(_, password)| Secret::new(password.to_owned()));
        let login = login.map(|(user, _)| ProxyLogin { user, password: secret.as_ref() });
        let result = negotiate(&mut client, &target, login, Instant::now() + Duration::from_millis(200)).await;
        let mut sent = vec![0; 1024];
        let count = proxy.read(&mut sent).await.expect("bytes");
        sent.truncate(count);
        drop(proxy);
        let mut left = String::new();
        client.read_to_string(&mut left).await.expect("the rest");
        (result, String::from_utf8_lossy(&sent).into_owned(), left)
    }

    #[tokio::test]
    async fn the_greeting_after_the_response_is_left_in_the_socket() {
        let (result, sent, left) = exchange(None, b"HTTP/1.0 200 Connection established\r\n\r\n220 mx\r\n").await;
        assert_eq!((result, left.as_str()), (Ok(()), "220 mx\r\n"));
        assert!(sent.starts_with("CONNECT [2001:db8::1]:587 HTTP/1.1\r\nHost: [2001:db8::1]:587\r\n"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n") && !sent.contains("Authorization"), "{sent}");
        let (_, sent, _) = exchange(Some(("Aladdin", "open sesame")), b"HTTP/1.1 200 OK\r\n\r\n").await;
        // The example of RFC 7617 §2.
        assert!(sent.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{sent}");
    }

    #[tokio::test]
    async fn each_response_has_its_kind() {
        let login = Some(("u", "hunter2"));
        let unreachable = |reason| ProxyFaultKind::ServerUnreachable { reason };
        let instead = |instead| ProxyFaultKind::NotThisProtocol { instead };
        for (login, sends, expected) in [
            (None, "HTTP/1.0 403 Access violation\r\nServer: tinyproxy\r\n\r\n", ProxyFaultKind::Denied),
            (None, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ProxyFaultKind::LoginRequired),
            (login, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ProxyFaultKind::LoginRejected),
            (login, "HTTP/1.0 401 Unauthorized\r\n\r\n", ProxyFaultKind::LoginRejected),
            (None, "HTTP/1.0 500 Unable to connect\r\n\r\n", unreachable(ServerUnreachable::Unknown)),
            (None, "HTTP/1.1 502 Bad Gateway\r\n\r\n", unreachable(ServerUnreachable::Unknown)),
            (None, "HTTP/1.1 504 Gateway Timeout\r\n\r\n", unreachable(ServerUnreachable::TimedOut)),
            (
                None,
                "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n",
                unreachable(ServerUnreachable::Refused),
            ),
            (
                None,
                "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n",
                unreachable(ServerUnreachable::Host),
            ),
            (
                None,
                "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n",
                unreachable(ServerUnreachable::Unknown),
            ),
            (None, "HTTP/1.1 429 Too Many Requests\r\n\r\n", unreachable(ServerUnreachable::Unknown)),
            (None, "HTTP/1.1 405 Method Not Allowed\r\n\r\n", ProxyFaultKind::Unsupported),
            (None, "220 mx.example.net ESMTP\r\n", instead(SpokenInstead::Smtp)),
            (None, "\u{5}\u{ff}", instead(SpokenInstead::Socks)),
            (None, "", ProxyFaultKind::NoResult),
        ] {
            let (result, ..) = exchange(login, sends.as_bytes()).await;
            assert_eq!(result.map_err(|fault| fault.kind), Err(expected), "{sends:?}");
        }
    }

    #[tokio::test]
    async fn an_endless_response_ends() {
        let (result, ..) = exchange(None, format!("HTTP/1.1 200 {}", "x".repeat(20_000)).as_bytes()).await;
        assert!(matches!(result.map_err(|fault| fault.kind), Err(ProxyFaultKind::NotThisProtocol { .. })));
    }
}
