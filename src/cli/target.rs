//! Parses a target: `host`, `host:port`, `[IPv6]:port`, `smtp://host:port`, `smtps://host:port`, `lmtp://host:port`,
//! `lmtp+unix:/path` or `smtp+unix:/path`.

use super::flags::InvalidValue;
use super::{UsageError, meant};
use crate::plan::Protocol;
use crate::secret::written::without_password;
use crate::wire::{Host, HostError, SocketPath};

/// The parts of a target, before defaults are added.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedTarget {
    /// The host.
    pub host: Host,
    /// The port, if it was given.
    pub port: Option<u16>,
    /// The scheme, if it was given.
    pub scheme: Option<UrlScheme>,
}

/// The URL schemes of SMTP and LMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlScheme {
    /// `smtp://`: the connection begins unencrypted.
    Smtp,
    /// `smtps://`: implicit TLS.
    Smtps,
    /// `lmtp://`: LMTP over TCP.
    Lmtp,
    /// `smtp+unix:`: SMTP over a Unix socket.
    SmtpSocket,
    /// `lmtp+unix:`: LMTP over a Unix socket.
    LmtpSocket,
}

impl UrlScheme {
    /// The protocol of the server.
    pub fn protocol(self) -> Protocol {
        match self {
            UrlScheme::Smtp | UrlScheme::Smtps | UrlScheme::SmtpSocket => Protocol::Smtp,
            UrlScheme::Lmtp | UrlScheme::LmtpSocket => Protocol::Lmtp,
        }
    }
}

/// The schemes of Unix sockets.
const SOCKET_SCHEMES: [(&str, UrlScheme); 2] =
    [("smtp+unix:", UrlScheme::SmtpSocket), ("lmtp+unix:", UrlScheme::LmtpSocket)];

/// Notations of Postfix and Dovecot for a Unix socket. Postfix reads relative paths from its queue directory.
const OTHER_SOCKET_NOTATIONS: [&str; 3] = ["lmtp:unix:", "unix:", "local:"];

/// Parses a target. The error names the part that is wrong.
pub fn parse(text: &str) -> Result<TypedTarget, UsageError> {
    // smtp://user:password@host is common with curl, and a query can also contain a password. The error message
    // therefore does not repeat the part before the @, or the query.
    let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("...@{host}"));
    let shown = match shown.split_once(['?', '#']) {
        Some((before, _)) => format!("{before}?..."),
        None => without_password(&shown).into_owned(),
    };
    let wrong = |error: InvalidValue| {
        UsageError::from(error).about("target", shown.clone()).meaning(meant::probable_target(text))
    };
    if let Some(parsed) = socket(text) {
        return parsed.map_err(wrong);
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("smtp") => (Some(UrlScheme::Smtp), rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("smtps") => (Some(UrlScheme::Smtps), rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("lmtp") => (Some(UrlScheme::Lmtp), rest),
        Some((other, rest)) => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            let host = without_query(host);
            let hint = match meant::probable_target(text) {
                Some(_) => String::new(),
                None => format!("write smtp://{host} or smtps://{host}"),
            };
            return Err(wrong(InvalidValue::new(format!("{other}:// is not a scheme of SMTP"), hint)));
        }
        None => (None, text),
    };
    if rest.contains('@') {
        let credentials = rest.rsplit_once('@').map_or("", |(user, _)| user);
        let reason = if credentials.contains(':') {
            "this URL contains a user name and a password"
        } else {
            "this is an email address or contains a user name"
        };
        let hint = match meant::probable_target(text) {
            // The message does not name the character, because it belongs to the password.
            Some(_) if credentials.contains(':') && is_reserved_in(credentials) => {
                "in such a URL, programs misread reserved characters of the user name and password, so write them as %40 (@), %23 (#), %2F (/), %3A (:), %3F (?), %25 (%) and %20 (space)"
            }
            Some(_) => "write only the host, and the user name with --user",
            None => {
                "write only the host, and the user name with --user; to find the server for an email address, run smtpcheck settings ADDRESS"
            }
        };
        return Err(wrong(InvalidValue::new(reason, hint)));
    }
    if is_placeholder(rest) {
        let reason = "this is a placeholder, which the shell or the program did not replace";
        let hint = "set the variable to the name of the server (check its spelling, and whether the program reads the file that sets it)";
        return Err(wrong(InvalidValue::new(reason, hint)));
    }
    let rest = match rest.split_once('/') {
        Some((host, "")) => host,
        Some((host, path)) => {
            let reason = format!("an SMTP server has no path (/{})", without_query(path));
            let hint = if meant::probable_target(text).is_some() { String::new() } else { format!("write {host}") };
            return Err(wrong(InvalidValue::new(reason, hint)));
        }
        None => rest,
    };
    if rest.contains(['?', '#']) {
        let hint = match meant::probable_target(text) {
            Some(_) => String::new(),
            None => format!("write {}", without_query(rest)),
        };
        return Err(wrong(InvalidValue::new("an SMTP server has no query", hint)));
    }
    let (host, port) = split_port(rest).map_err(wrong)?;
    let host = Host::parse(host).map_err(|error| {
        let reason = match (&error, meant::probable_target(text)) {
            (HostError::Stray { found, .. }, Some(_)) => {
                HostError::Stray { found: *found, cleaned: String::new() }.to_string()
            }
            _ => error.to_string(),
        };
        wrong(InvalidValue::new(reason, ""))
    })?;
    Ok(TypedTarget { host, port, scheme })
}

/// A target that is a Unix socket, or the error in it; `None` if the target does not name a socket.
fn socket(text: &str) -> Option<Result<TypedTarget, InvalidValue>> {
    let after = |prefix: &str| {
        let (start, rest) = text.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    };
    let written = SOCKET_SCHEMES.iter().find_map(|(prefix, scheme)| Some((prefix, *scheme, after(prefix)?)));
    if let Some((prefix, scheme, rest)) = written {
        // `lmtp+unix:///path` is the notation of other URLs.
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let hint = || format!("write the absolute path of the socket, for example {prefix}/run/dovecot/lmtp");
        return Some(match SocketPath::parse(path) {
            Ok(path) => Ok(TypedTarget { host: Host::Socket(path), port: None, scheme: Some(scheme) }),
            Err(error) => Err(InvalidValue::new(error.to_string(), hint())),
        });
    }
    let path = OTHER_SOCKET_NOTATIONS.iter().find_map(|prefix| after(prefix)).or_else(|| after("/").map(|_| text))?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/var/spool/postfix/{path}") };
    let hint = format!("write lmtp+unix:{path} for LMTP or smtp+unix:{path} for SMTP");
    Some(Err(InvalidValue::new("the protocol of the Unix socket is missing", hint)))
}

/// Whether the user name and password of a URL contain a character that has another meaning there (RFC 3986 section 2.2).
fn is_reserved_in(credentials: &str) -> bool {
    let is_encoded =
        |at: usize| credentials.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    credentials.matches(':').count() > 1
        || credentials.contains(['@', '#', '/', '?', '[', ']', ' '])
        || credentials.match_indices('%').any(|(at, _)| !is_encoded(at))
}

/// Whether a target contains a variable in the notation of shells, templates or Windows.
fn is_placeholder(text: &str) -> bool {
    let is_windows = text.len() > 2 && text.starts_with('%') && text.get(1..).is_some_and(|rest| rest.contains('%'));
    text.starts_with('$') || text.contains("${") || text.contains("{{") || is_windows
}

fn without_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

pub(in crate::cli) fn split_port(text: &str) -> Result<(&str, Option<u16>), InvalidValue> {
    let bracket = |why| InvalidValue::new(why, "write [2001:db8::1]:587");
    let port = |text: &str| {
        let reason = |error: InvalidValue| format!("port {}: {}", text.escape_debug(), error.reason);
        match text {
            "" => Err(InvalidValue::new("the port is empty", "add a port after the colon, for example host:587")),
            text => port_number(text)
                .map(Some)
                .map_err(|error| InvalidValue { reason: reason(error.clone()).into(), ..error }),
        }
    };
    if let Some(after) = text.strip_prefix('[') {
        let (host, rest) = after.split_once(']').ok_or_else(|| bracket("the bracket is not closed"))?;
        return match rest.strip_prefix(':') {
            Some(number) => Ok((host, port(number)?)),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(bracket("only :PORT can follow the bracket")),
        };
    }
    match text.matches(':').count() {
        0 => Ok((text, None)),
        1 => {
            let (host, number) = text.split_once(':').unwrap_or((text, ""));
            Ok((host, port(number)?))
        }
        // More than one colon: an IPv6 address without brackets, or one colon too many.
        _ if text.parse::<std::net::Ipv6Addr>().is_ok() => Ok((text, None)),
        _ => {
            let hint = "write host:port, or an IPv6 address in brackets, [2001:db8::1]:587";
            Err(InvalidValue::new("it contains more than one colon", hint))
        }
    }
}

/// Parses a port number from 1 to 65535.
pub fn port_number(text: &str) -> Result<u16, InvalidValue> {
    let hint = "use a number from 1 to 65535; the usual ports for mail are 25, 465, 587 and 2525";
    text.trim().parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(|| InvalidValue {
        // `-p` means the password in other programs.
        is_secret: !text.trim().bytes().all(|byte| byte.is_ascii_digit()),
        ..InvalidValue::new("not a port", hint)
    })
}

#[cfg(test)]
mod tests {
    use super::{UrlScheme, parse};

    fn read(text: &str) -> String {
        match parse(text) {
            Ok(target) => format!("{} {:?} {:?}", target.host, target.port, target.scheme),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(read("smtp.example.net"), "smtp.example.net None None");
        assert_eq!(read("smtp.example.net:25"), "smtp.example.net Some(25) None");
        assert_eq!(read("[2001:db8::1]:587"), "2001:db8::1 Some(587) None");
        assert_eq!(read("2001:db8::1"), "2001:db8::1 None None");
        assert_eq!(read("smtps://mail.example.net/"), format!("mail.example.net None {:?}", Some(UrlScheme::Smtps)));
        assert_eq!(read("mailpit:1025"), "mailpit Some(1025) None");
        assert_eq!(read("lmtp://store.example.net"), format!("store.example.net None {:?}", Some(UrlScheme::Lmtp)));
        let socket = format!("/run/dovecot/lmtp None {:?}", Some(UrlScheme::LmtpSocket));
        assert_eq!(read("lmtp+unix:/run/dovecot/lmtp"), socket);
        assert_eq!(read("LMTP+UNIX:///run/dovecot/lmtp"), socket);
        assert_eq!(read("smtp+unix:/a b/c@d"), format!("/a b/c@d None {:?}", Some(UrlScheme::SmtpSocket)));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, needle) in [
            ("host:587:587", "more than one colon"),
            ("host:0", "not a port"),
            ("host:70000", "not a port"),
            ("host:", "port is empty"),
            ("smtp://host/path", "has no path (/path)"),
            ("smtp://host/path?password=hunter2", "has no path (/path)"),
            ("http://host/?password=hunter2", "write smtp://host"),
            ("host?password=hunter2", "host?..."),
            ("ann:hunter2@host", "...@host: "),
            ("ann@host:hunter2", "...@host:...: "),
            ("http://host", "write smtp://host"),
            ("smtp.gmail.com;", "did you mean smtp.gmail.com"),
            ("\"smtp.gmail.com\"", "a quote"),
            ("user@example.net", "--user"),
            ("smtp://ann:hunter2#x@mail.example.net:587/", "%23 (#)"),
            ("smtp://ann:hunter2@mail.example.net:587/", "did you mean mail.example.net:587 --user USER"),
            ("${SMTP_HOST}", "set the variable"),
            ("{{ smtp.host }}:587", "set the variable"),
            ("%SMTP_HOST%", "set the variable"),
            ("[::1", "not closed"),
            ("", "empty"),
            ("smtp://", "empty"),
            ("lmtp+unix:lmtp", "for example lmtp+unix:/run/dovecot/lmtp"),
            ("lmtp+unix://host/lmtp", "absolute path"),
            ("unix:private/lmtp", "write lmtp+unix:/var/spool/postfix/private/lmtp"),
            ("lmtp:unix:/run/lmtp", "write lmtp+unix:/run/lmtp"),
            ("/run/dovecot/lmtp", "write lmtp+unix:/run/dovecot/lmtp"),
            ("lmtp://host/path", "has no path"),
        ] {
            assert!(read(text).contains(needle), "{text:?} -> {}", read(text));
            assert!(!read(text).contains("hunter2"), "{}", read(text));
        }
    }
}
