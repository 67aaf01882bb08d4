//! The values of the `smtpcheck exporter` flags: where it listens, and which targets a request may name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::InvalidValue;
use crate::wire::Host;

/// The port of the exporter if none is given.
pub const PORT: u16 = 9587;

/// The ports of mail servers. A pattern without a port allows only these, so that the exporter is not a port scanner.
const MAIL_PORTS: &[u16] = &[25, 465, 587, 2525];

/// Parses the value of `--listen`: an IP address with or without a port. A colon and a port without an IP address mean
/// all addresses of this machine.
pub fn listen(text: &str) -> Result<SocketAddr, InvalidValue> {
    let wrong = || {
        let hint = "use an IP address and a port, for example 127.0.0.1:9587, or :9587 for all addresses";
        InvalidValue::new("not an address to listen on", hint)
    };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, PORT));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().map_err(|_| wrong())?),
        None => (text, PORT),
    };
    match host {
        "" if text.starts_with(':') => Ok(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)),
        "localhost" => Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
        _ => Err(wrong()),
    }
}

/// The value of `--allow-target`: which hosts a request may name, and on which ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPattern {
    hosts: HostPattern,
    ports: PortPattern,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    /// Names and IP addresses as text, in lower case. `*` matches any characters.
    Glob(String),
    /// The IP addresses of a network. A name does not match, regardless of its addresses.
    Network { address: IpAddr, bits: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortPattern {
    Mail,
    One(u16),
    Every,
}

/// Parses the value of `--allow-target`.
pub fn target_pattern(text: &str) -> Result<TargetPattern, InvalidValue> {
    let wrong = |reason: &'static str| {
        InvalidValue::new(
            reason,
            "use a host, a pattern or a network, for example mail.example.net, *.example.net:587 or 192.0.2.0/24:*",
        )
    };
    let text = text.trim().to_ascii_lowercase();
    // An IPv6 address needs brackets before a port.
    let is_bare_ipv6 = text.matches(':').count() > 1 && !text.starts_with('[');
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_bare_ipv6 && !port.contains(']') => (host, Some(port)),
        _ => (text.as_str(), None),
    };
    let ports = match port {
        None => PortPattern::Mail,
        Some("*") => PortPattern::Every,
        Some(port) => match port.parse::<u16>() {
            Ok(port) if port > 0 => PortPattern::One(port),
            _ => return Err(wrong("the port is not valid")),
        },
    };
    let host = host.strip_prefix('[').map_or(host, |rest| rest.strip_suffix(']').unwrap_or(rest));
    if let Some((address, bits)) = host.split_once('/') {
        let address: IpAddr = address.parse().map_err(|_| wrong("not an IP address before the /"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits
            .parse()
            .ok()
            .filter(|bits| *bits <= most)
            .ok_or_else(|| wrong("the length of the network is not valid"))?;
        return Ok(TargetPattern { hosts: HostPattern::Network { address, bits }, ports });
    }
    if host.is_empty() {
        return Err(wrong("the host is empty"));
    }
    if !host.contains('*') {
        let host = Host::parse(host).map_err(|error| InvalidValue::new(error.to_string(), ""))?;
        return Ok(TargetPattern { hosts: HostPattern::Glob(comparable(&host).unwrap_or_default()), ports });
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '*' | '.' | '-' | '_' | ':');
    if !host.chars().all(is_plain) {
        return Err(wrong("the host contains a character that is not allowed in a host"));
    }
    Ok(TargetPattern { hosts: HostPattern::Glob(host.to_owned()), ports })
}

impl TargetPattern {
    /// Whether the pattern allows a server.
    pub fn allows_server(&self, host: &Host, port: u16) -> bool {
        let is_port = match self.ports {
            PortPattern::Mail => MAIL_PORTS.contains(&port),
            PortPattern::One(one) => one == port,
            PortPattern::Every => true,
        };
        is_port && self.allows_host(host)
    }

    /// Whether the pattern allows a host or a mail domain, on at least one port.
    pub fn allows_host(&self, host: &Host) -> bool {
        match &self.hosts {
            HostPattern::Glob(glob) => comparable(host).is_some_and(|host| matches_glob(glob, &host)),
            HostPattern::Network { address, bits } => match host {
                Host::Ip(ip) => is_in_network(*ip, *address, *bits),
                Host::Name(_) | Host::Socket(_) => false,
            },
        }
    }
}

/// A host in the form in which it is compared with a pattern. No pattern allows a Unix socket, because a client of the
/// exporter must not be able to choose a file on the exporter's machine.
fn comparable(host: &Host) -> Option<String> {
    match host {
        Host::Ip(ip) => Some(ip.to_canonical().to_string()),
        Host::Name(name) => Some(name.ascii().trim_end_matches('.').to_ascii_lowercase()),
        Host::Socket(_) => None,
    }
}

/// Matches a string against a pattern in which `*` stands for any characters. The time is linear in the length of both,
/// because the earliest match of each part is the best one.
fn matches_glob(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last)
}

fn is_in_network(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip.to_canonical(), network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            (u32::from(ip) ^ u32::from(network)) & mask == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            (u128::from(ip) ^ u128::from(network)) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{listen, target_pattern};
    use crate::wire::Host;

    fn allows(pattern: &str, host: &str, port: u16) -> bool {
        target_pattern(pattern).expect(pattern).allows_server(&Host::parse(host).expect(host), port)
    }

    #[test]
    fn a_pattern_allows_hosts_on_mail_ports_or_on_the_given_port() {
        for (pattern, host, port, is_allowed) in [
            ("mail.example.net", "mail.example.net", 587, true),
            ("mail.example.net", "MAIL.example.net.", 25, true),
            ("mail.example.net", "mail.example.net", 22, false),
            ("mail.example.net", "xmail.example.net", 25, false),
            ("mail.example.net:2526", "mail.example.net", 2526, true),
            ("mail.example.net:2526", "mail.example.net", 25, false),
            ("mail.example.net:*", "mail.example.net", 22, true),
            ("*.example.net", "a.b.example.net", 25, true),
            ("*.example.net", "example.net", 25, false),
            ("*.example.net", "evilexample.net", 25, false),
            ("*.example.net", "a.example.net.evil.test", 25, false),
            ("mx*.example.net", "mx12.example.net", 465, true),
            ("a*b*c", "a-b-c", 25, true),
            ("a*b*c", "a-c-b", 25, false),
            ("a*a", "a", 25, false),
            ("*", "192.0.2.1", 25, true),
            ("192.0.2.0/24", "192.0.2.9", 25, true),
            ("192.0.2.0/24", "192.0.3.9", 25, false),
            ("192.0.2.0/24:*", "::ffff:192.0.2.9", 22, true),
            ("0.0.0.0/0", "198.51.100.1", 25, true),
            ("192.0.2.0/24", "mail.example.net", 25, false),
            ("2001:db8::/32", "2001:db8::1", 25, true),
            ("[2001:db8::1]:587", "2001:db8::1", 587, true),
            ("2001:db8::1", "2001:db8::1", 587, true),
            ("::/0", "192.0.2.1", 25, false),
            ("*.xn--bcher-kva.example", "mx.b\u{fc}cher.example", 25, true),
        ] {
            assert_eq!(allows(pattern, host, port), is_allowed, "{pattern} {host} {port}");
        }
    }

    #[test]
    fn a_wrong_pattern_is_an_error() {
        for wrong in
            ["", ":25", "mail.example.net:0", "mail.example.net:x", "192.0.2.0/33", "x/8", "a b*", "u@*.example"]
        {
            assert!(target_pattern(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_to_listen_on_can_be_short() {
        for (text, address) in [
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("127.0.0.1", "127.0.0.1:9587"),
            ("::1", "[::1]:9587"),
            ("[::1]:2", "[::1]:2"),
            (":3", "[::]:3"),
            ("localhost:4", "127.0.0.1:4"),
            ("localhost", "127.0.0.1:9587"),
        ] {
            assert_eq!(listen(text).expect(text).to_string(), address);
        }
        for wrong in ["", ":", "mail.example.net:1", "127.0.0.1:x", "127.0.0.1:70000"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }
}
