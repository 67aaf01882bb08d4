//! The addresses of web pages (URLs) that redirects lead to: only `http` and `https`, without user names and passwords.

use crate::wire::DomainName;

/// The address of a web page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebAddress {
    /// Whether the page is requested over TLS.
    pub(crate) is_encrypted: bool,
    /// The host. An IP address is not accepted, because its certificate would prove nothing about a domain.
    pub(crate) host: DomainName,
    /// The TCP port, if the address has one.
    pub(crate) port: Option<u16>,
    /// The path with the query, beginning with a slash.
    pub(crate) path: String,
}

impl WebAddress {
    /// Parses an absolute address.
    pub(crate) fn parse(text: &str) -> Option<WebAddress> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://")?;
        let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') || !is_path(path) {
            return None;
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port != 0)?)),
            None => (authority, None),
        };
        let host = DomainName::parse(host).ok().filter(|_| host.parse::<std::net::IpAddr>().is_err())?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(WebAddress { is_encrypted, host, port, path })
    }

    /// Parses the target of a redirect, which may be relative to the page (RFC 9110 §10.2.2).
    pub(crate) fn relative(&self, target: &str) -> Option<WebAddress> {
        let target = target.trim().split('#').next().unwrap_or_default();
        if target.contains("://") {
            return WebAddress::parse(target);
        }
        if let Some(rest) = target.strip_prefix("//") {
            let scheme = if self.is_encrypted { "https" } else { "http" };
            return WebAddress::parse(&format!("{scheme}://{rest}"));
        }
        if target.split(['/', '?']).next().unwrap_or_default().contains(':') {
            return None;
        }
        let path = match target.strip_prefix('/') {
            Some(_) => target.to_owned(),
            None => {
                let folder =
                    self.path.split('?').next().unwrap_or_default().rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{folder}/{target}")
            }
        };
        (is_path(&path) && !target.is_empty()).then(|| WebAddress { path, ..self.clone() })
    }
}

/// Whether a path can be sent in a request.
fn is_path(path: &str) -> bool {
    path.len() <= 2048 && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::WebAddress;

    fn shown(address: Option<WebAddress>) -> String {
        address.map_or_else(String::new, |address| {
            let scheme = if address.is_encrypted { "https" } else { "http" };
            let port = address.port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("{scheme}://{}{port}{}", address.host, address.path)
        })
    }

    #[test]
    fn absolute_addresses_are_parsed() {
        for (text, expected) in [
            ("https://Example.com", "https://example.com/"),
            ("HTTP://example.com:8080/a?b=c#d", "http://example.com:8080/a?b=c"),
            ("https://example.com?x", "https://example.com/?x"),
            ("https://user@example.com/", ""),
            ("https://192.0.2.1/", ""),
            ("https://[2001:db8::1]/", ""),
            ("ftp://example.com/", ""),
            ("https://example.com:0/", ""),
            ("https://example.com/a b", ""),
            ("/a", ""),
        ] {
            assert_eq!(shown(WebAddress::parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn targets_of_redirects_may_be_relative() {
        let page = WebAddress::parse("https://example.com/mail/a.xml?x=1").expect("an address");
        for (target, expected) in [
            ("/b", "https://example.com/b"),
            ("b.xml", "https://example.com/mail/b.xml"),
            ("//other.example/c", "https://other.example/c"),
            ("http://other.example/", "http://other.example/"),
            ("", ""),
            ("mailto:a@b", ""),
        ] {
            assert_eq!(shown(page.relative(target)), expected, "{target}");
        }
    }
}
