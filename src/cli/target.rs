//! `host`, `host:port`, `[v6]:port`, `smtp://host:port`, `smtps://host:port`.

use super::UsageError;
use crate::wire::Host;

/// A target as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedTarget {
    /// The host.
    pub host: Host,
    /// The port, if it was given.
    pub port: Option<u16>,
    /// The scheme, if it was given.
    pub scheme: Option<UrlScheme>,
}

/// `smtp://` or `smtps://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlScheme {
    /// Plain text first.
    Smtp,
    /// TLS from the first byte.
    Smtps,
}

/// Reads a target.
pub fn parse(text: &str) -> Result<TypedTarget, UsageError> {
    // smtp://user:password@host is a habit from curl: what stands before the @ is not repeated.
    let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("...@{host}"));
    let wrong = |why: String| UsageError::new(format!("target {}: {why}", shown.escape_debug()));
    let (scheme, rest) = match text.split_once("://") {
        Some(("smtp", rest)) => (Some(UrlScheme::Smtp), rest),
        Some(("smtps", rest)) => (Some(UrlScheme::Smtps), rest),
        Some((other, rest)) => {
            return Err(wrong(format!("{other}:// is not SMTP; write smtp://{rest} or smtps://{rest}")));
        }
        None => (None, text),
    };
    if rest.contains('@') {
        return Err(wrong(
            "this is an address or holds a user; give the host alone, and the user with --user".to_owned(),
        ));
    }
    let rest = match rest.split_once('/') {
        Some((host, "")) => host,
        Some((host, path)) => return Err(wrong(format!("a path (/{path}) means nothing here; write {host}"))),
        None => rest,
    };
    let (host, port) = split_port(rest).map_err(wrong)?;
    let host = Host::parse(host).map_err(|error| wrong(error.to_string()))?;
    Ok(TypedTarget { host, port, scheme })
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), String> {
    if let Some(after) = text.strip_prefix('[') {
        let Some((host, rest)) = after.split_once(']') else {
            return Err("the bracket is not closed; write [2001:db8::1]:587".to_owned());
        };
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port_number(port)?))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("after the bracket comes :port; write [2001:db8::1]:587".to_owned()),
        };
    }
    match text.matches(':').count() {
        0 => Ok((text, None)),
        1 => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            Ok((host, Some(port_number(port)?)))
        }
        // More than one colon: an IPv6 address without brackets, or one colon too many.
        _ if text.parse::<std::net::Ipv6Addr>().is_ok() => Ok((text, None)),
        _ => Err("more than one colon; write host:port, or an IPv6 address in brackets, [2001:db8::1]:587".to_owned()),
    }
}

/// Reads a port, 1 to 65535.
pub fn port_number(text: &str) -> Result<u16, String> {
    match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ if text.is_empty() => Err("the port is empty; write for example host:587".to_owned()),
        _ => Err(format!(
            "{} is not a port; ports go from 1 to 65535, mail uses 25, 465, 587 and 2525",
            text.escape_debug()
        )),
    }
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
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, needle) in [
            ("host:587:587", "more than one colon"),
            ("host:0", "not a port"),
            ("host:70000", "not a port"),
            ("host:", "port is empty"),
            ("smtp://host/path", "a path (/path)"),
            ("http://host", "write smtp://host"),
            ("smtp.gmail.com;", "did you mean smtp.gmail.com"),
            ("\"smtp.gmail.com\"", "a quote"),
            ("user@example.net", "--user"),
            ("[::1", "not closed"),
            ("", "empty"),
            ("smtp://", "empty"),
        ] {
            assert!(read(text).contains(needle), "{text:?} -> {}", read(text));
        }
    }
}
