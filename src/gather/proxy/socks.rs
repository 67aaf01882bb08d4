//! SOCKS4, SOCKS4a and SOCKS5 (RFC 1928, RFC 1929), and what the reply codes mean. The library reads no bytes after the
//! reply, so the server's greeting stays in the socket.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_socks::{Error, IntoTargetAddr, TargetAddr};

use super::recorder::RecordedStream;
use super::tunnel::{ProxyLogin, TunnelEnd, TunnelTarget, broken};
use crate::evidence::{ProxyFault, ProxyFaultKind, ServerUnreachable, SpokenInstead};
use crate::wire::Host;

/// The reply of a SOCKS5 proxy that accepts a login with a password (RFC 1928 §3).
const PASSWORD_SELECTED: [u8; 2] = [5, 2];

/// Asks a SOCKS5 proxy for the connection.
pub(super) async fn connect5(
    mut stream: TcpStream,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> TunnelEnd {
    let (result, has_logged_in) = negotiate5(&mut stream, target, login, deadline).await;
    TunnelEnd { result: result.map(|()| stream), has_logged_in }
}

/// Asks a SOCKS4 or SOCKS4a proxy for the connection. There is no password; the user name is not verified.
pub(super) async fn connect4(
    mut stream: TcpStream,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> TunnelEnd {
    let result = negotiate4(&mut stream, target, login, deadline).await;
    TunnelEnd { result: result.map(|()| stream), has_logged_in: false }
}

async fn negotiate5<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> (Result<(), ProxyFault>, bool) {
    let target = match address(target) {
        Ok(target) => target,
        Err(fault) => return (Err(fault), false),
    };
    let mut recorder = RecordedStream::new(stream);
    let password = login.and_then(|login| login.password);
    let negotiation = async {
        match (login, password) {
            (Some(ProxyLogin { user, .. }), Some(password)) => {
                let connecting =
                    Socks5Stream::connect_with_password_and_socket(&mut recorder, target, user, password.reveal());
                connecting.await.map(drop)
            }
            _ => Socks5Stream::connect_with_socket(&mut recorder, target).await.map(drop),
        }
    };
    let ended = tokio::time::timeout_at(deadline, negotiation).await;
    let received = recorder.received();
    let has_logged_in = password.is_some() && received.starts_with(&PASSWORD_SELECTED);
    let result = match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(fault5(&error, received, password.is_some())),
        Err(_) => Err(silent(received)),
    };
    (result, has_logged_in)
}

async fn negotiate4<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    target: &TunnelTarget,
    login: Option<ProxyLogin<'_>>,
    deadline: Instant,
) -> Result<(), ProxyFault> {
    let target = address(target)?;
    let mut recorder = RecordedStream::new(stream);
    let negotiation = async {
        match login {
            Some(login) => {
                Socks4Stream::connect_with_userid_and_socket(&mut recorder, target, login.user).await.map(drop)
            }
            None => Socks4Stream::connect_with_socket(&mut recorder, target).await.map(drop),
        }
    };
    let ended = tokio::time::timeout_at(deadline, negotiation).await;
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(fault4(&error, recorder.received())),
        // SOCKS4 has only one reply, which the proxy sends after it has connected to the server.
        Err(_) => Err(ProxyFault { kind: ProxyFaultKind::NoResult, detail: "no response".to_owned() }),
    }
}

fn address(target: &TunnelTarget) -> Result<TargetAddr<'static>, ProxyFault> {
    let unsupported = |error: Error| ProxyFault { kind: ProxyFaultKind::Unsupported, detail: error.to_string() };
    match &target.host {
        Host::Ip(ip) => SocketAddr::new(*ip, target.port).into_target_addr(),
        host => (host.to_string(), target.port).into_target_addr(),
    }
    .map_err(unsupported)
}

/// The fault for a SOCKS5 error. The first two bytes are the response to the greeting, and the next two are the
/// response to the login, if there was one (RFC 1929 §2).
fn fault5(error: &Error, received: &[u8], has_password: bool) -> ProxyFault {
    let unreachable = |reason, detail: &str| ProxyFault {
        kind: ProxyFaultKind::ServerUnreachable { reason },
        detail: detail.to_owned(),
    };
    let of = |kind, detail: &str| ProxyFault { kind, detail: detail.to_owned() };
    match error {
        Error::GeneralSocksServerFailure => unreachable(ServerUnreachable::Unknown, "SOCKS5 reply 1: general failure"),
        Error::ConnectionNotAllowedByRuleset => {
            of(ProxyFaultKind::Denied, "SOCKS5 reply 2: connection not allowed by ruleset")
        }
        Error::NetworkUnreachable => unreachable(ServerUnreachable::Network, "SOCKS5 reply 3: network unreachable"),
        Error::HostUnreachable => unreachable(ServerUnreachable::Host, "SOCKS5 reply 4: host unreachable"),
        Error::ConnectionRefused => unreachable(ServerUnreachable::Refused, "SOCKS5 reply 5: connection refused"),
        Error::TtlExpired => unreachable(ServerUnreachable::TimedOut, "SOCKS5 reply 6: TTL expired"),
        Error::CommandNotSupported => of(ProxyFaultKind::Unsupported, "SOCKS5 reply 7: command not supported"),
        Error::AddressTypeNotSupported => of(ProxyFaultKind::Unsupported, "SOCKS5 reply 8: address type not supported"),
        Error::NoAcceptableAuthMethods | Error::UnknownAuthMethod | Error::AuthorizationRequired
            if received.first() == Some(&5) && received.len() <= 2 =>
        {
            let kind = if has_password { ProxyFaultKind::LoginRejected } else { ProxyFaultKind::LoginRequired };
            of(kind, "SOCKS5: no acceptable authentication method")
        }
        Error::UnknownAuthMethod => unreachable(ServerUnreachable::Unknown, "an unknown SOCKS5 reply"),
        Error::PasswordAuthFailure(code) => of(ProxyFaultKind::LoginRejected, &format!("SOCKS5 login: status {code}")),
        // Some proxies close the connection instead of rejecting the password.
        Error::Io(_) if has_password && received == PASSWORD_SELECTED => {
            of(ProxyFaultKind::LoginRejected, "the proxy closed the connection after the login")
        }
        Error::Io(error) => broken(error),
        _ => not_socks(error, received),
    }
}

fn fault4(error: &Error, received: &[u8]) -> ProxyFault {
    let of = |kind, detail: &str| ProxyFault { kind, detail: detail.to_owned() };
    match error {
        // The code does not show whether a rule of the proxy or an unreachable server is the cause.
        Error::GeneralSocksServerFailure => of(
            ProxyFaultKind::ServerUnreachable { reason: ServerUnreachable::Unknown },
            "SOCKS4 reply 91: rejected or failed",
        ),
        Error::IdentdAuthFailure => of(ProxyFaultKind::LoginRejected, "SOCKS4 reply 92: no identd on this machine"),
        Error::InvalidUserIdAuthFailure => {
            of(ProxyFaultKind::LoginRejected, "SOCKS4 reply 93: identd reports another user")
        }
        Error::AddressTypeNotSupported => of(ProxyFaultKind::Unsupported, "SOCKS4 does not support IPv6 addresses"),
        Error::Io(error) if !is_foreign4(received) => broken(error),
        _ => not_socks(error, received),
    }
}

/// Whether the first byte cannot belong to a SOCKS4 reply, which begins with 0. A shorter response, such as that of a
/// SOCKS5 proxy, ends the reading with an error.
fn is_foreign4(received: &[u8]) -> bool {
    received.first().is_some_and(|first| *first != 0)
}

fn not_socks(error: &Error, received: &[u8]) -> ProxyFault {
    let kind = ProxyFaultKind::NotThisProtocol { instead: SpokenInstead::of(received) };
    let shown: String = String::from_utf8_lossy(received).into_owned();
    let is_text = received.first().is_some_and(u8::is_ascii_graphic);
    ProxyFault { kind, detail: if is_text { format!("it begins with \"{shown}\"") } else { error.to_string() } }
}

/// The fault at the time limit: before the greeting was answered, or while the proxy was connecting to the server.
fn silent(received: &[u8]) -> ProxyFault {
    let kind = if received.is_empty() { ProxyFaultKind::Silent } else { ProxyFaultKind::NoResult };
    ProxyFault { kind, detail: "no response".to_owned() }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a failing test panics")]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::{ProxyLogin, TunnelTarget, negotiate4, negotiate5};
    use crate::evidence::{ProxyFault, ProxyFaultKind, ServerUnreachable, SpokenInstead};
    use crate::secret::Secret;
    use crate::wire::Host;

    /// Sends the bytes of a proxy, and returns the result, what the client sent, and what is left in the socket.
    async fn exchange(version: u8, target: &str, login: Option<(&str, &str)>, sends: &[u8]) -> Exchange {
        let (mut client, mut proxy) = tokio::io::duplex(4096);
        proxy.write_all(sends).await.expect("room");
        let target = TunnelTarget { host: Host::parse(target).expect("a host"), port: 587 };
        let secret = login.map(|(_, password)| Secret::new(password.to_owned()));
        let login = login.map(|(user, _)| ProxyLogin { user, password: secret.as_ref() });
        let deadline = Instant::now() + Duration::from_millis(200);
        let (result, has_logged_in) = match version {
            4 => (negotiate4(&mut client, &target, login, deadline).await, false),
            _ => negotiate5(&mut client, &target, login, deadline).await,
        };
        let mut sent = vec![0; 512];
        let count = proxy.read(&mut sent).await.expect("bytes");
        sent.truncate(count);
        drop(proxy);
        let mut left = Vec::new();
        client.read_to_end(&mut left).await.expect("the rest");
        Exchange { result, has_logged_in, sent, left }
    }

    struct Exchange {
        result: Result<(), ProxyFault>,
        has_logged_in: bool,
        sent: Vec<u8>,
        left: Vec<u8>,
    }

    fn kind(exchange: &Exchange) -> Option<ProxyFaultKind> {
        exchange.result.as_ref().err().map(|fault| fault.kind)
    }

    #[tokio::test]
    async fn the_greeting_after_the_reply_is_left_in_the_socket() {
        let mut sends = vec![5, 0, 5, 0, 0, 1, 192, 0, 2, 1, 0, 25];
        sends.extend(b"220 mx\r\n");
        let seen = exchange(5, "mx.example.net", None, &sends).await;
        assert_eq!((seen.result, seen.left.as_slice()), (Ok(()), &b"220 mx\r\n"[..]));
        assert_eq!(seen.sent[..3], [5, 1, 0]);
        assert_eq!(seen.sent[3..8], [5, 1, 0, 3, 14]);
        assert_eq!(seen.sent[8..], [b"mx.example.net".as_slice(), &587_u16.to_be_bytes()].concat());
        // The bound address can be a name, as dante sends it.
        let mut sends = vec![5, 0, 5, 0, 0, 3, 1, b'x', 0, 25];
        sends.extend(b"220 mx\r\n");
        let seen = exchange(5, "192.0.2.1", None, &sends).await;
        assert_eq!((seen.result, seen.left.as_slice()), (Ok(()), &b"220 mx\r\n"[..]));
        let mut sends = vec![0, 90, 0, 25, 192, 0, 2, 1];
        sends.extend(b"220 mx\r\n");
        let seen = exchange(4, "mx.example.net", Some(("me", "")), &sends).await;
        assert_eq!((seen.result, seen.left.as_slice()), (Ok(()), &b"220 mx\r\n"[..]));
        assert_eq!(seen.sent, [&[4, 1, 2, 75, 0, 0, 0, 1][..], b"me\0mx.example.net\0"].concat());
    }

    #[tokio::test]
    async fn the_password_is_sent_only_if_the_proxy_selects_it() {
        let seen = exchange(5, "192.0.2.1", Some(("u", "hunter2")), &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
        assert!(seen.result.is_ok() && !seen.has_logged_in);
        assert!(!String::from_utf8_lossy(&seen.sent).contains("hunter2"));
        let seen = exchange(5, "192.0.2.1", Some(("u", "hunter2")), &[5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
        assert!(seen.result.is_ok() && seen.has_logged_in);
        assert!(String::from_utf8_lossy(&seen.sent).contains("\u{1}\u{1}u\u{7}hunter2"));
    }

    #[tokio::test]
    async fn each_reply_of_a_socks5_proxy_has_its_kind() {
        let login = Some(("u", "hunter2"));
        let unreachable = |reason| ProxyFaultKind::ServerUnreachable { reason };
        let instead = |instead| ProxyFaultKind::NotThisProtocol { instead };
        for (login, sends, expected) in [
            (None, &[5, 0xff][..], ProxyFaultKind::LoginRequired),
            (None, &[5, 2], ProxyFaultKind::LoginRequired),
            (login, &[5, 0xff], ProxyFaultKind::LoginRejected),
            (login, &[5, 2, 1, 1], ProxyFaultKind::LoginRejected),
            (None, &[5, 0, 5, 1, 0, 1], unreachable(ServerUnreachable::Unknown)),
            (None, &[5, 0, 5, 2, 0, 1], ProxyFaultKind::Denied),
            (None, &[5, 0, 5, 3, 0, 1], unreachable(ServerUnreachable::Network)),
            (None, &[5, 0, 5, 4, 0, 3], unreachable(ServerUnreachable::Host)),
            (None, &[5, 0, 5, 5, 0, 1], unreachable(ServerUnreachable::Refused)),
            (None, &[5, 0, 5, 6, 0, 1], unreachable(ServerUnreachable::TimedOut)),
            (None, &[5, 0, 5, 7, 0, 1], ProxyFaultKind::Unsupported),
            (None, &[5, 0, 5, 8, 0, 1], ProxyFaultKind::Unsupported),
            (None, &[5, 0, 5, 99, 0, 1], unreachable(ServerUnreachable::Unknown)),
            (None, &[5, 0], ProxyFaultKind::NoResult),
            (None, &[], ProxyFaultKind::Silent),
            (None, b"HTTP/1.1 400 Bad Request\r\n", instead(SpokenInstead::Http)),
            (None, b"220 mx ESMTP\r\n", instead(SpokenInstead::Smtp)),
        ] {
            let seen = exchange(5, "192.0.2.1", login, sends).await;
            assert_eq!(kind(&seen), Some(expected), "{sends:?}");
        }
    }

    #[tokio::test]
    async fn each_reply_of_a_socks4_proxy_has_its_kind() {
        let instead = |instead| ProxyFaultKind::NotThisProtocol { instead };
        let unknown = ProxyFaultKind::ServerUnreachable { reason: ServerUnreachable::Unknown };
        for (target, sends, expected) in [
            ("192.0.2.1", &[0, 91, 0, 0, 0, 0, 0, 0][..], unknown),
            ("192.0.2.1", &[0, 92, 0, 0, 0, 0, 0, 0], ProxyFaultKind::LoginRejected),
            ("192.0.2.1", &[0, 93, 0, 0, 0, 0, 0, 0], ProxyFaultKind::LoginRejected),
            ("192.0.2.1", b"220 mx ESMTP\r\n", instead(SpokenInstead::Smtp)),
            ("192.0.2.1", &[5, 0xff, 0, 0, 0, 0, 0, 0], instead(SpokenInstead::Socks)),
            ("192.0.2.1", &[], ProxyFaultKind::NoResult),
        ] {
            let seen = exchange(4, target, None, sends).await;
            assert_eq!(kind(&seen), Some(expected), "{sends:?}");
        }
    }
}
