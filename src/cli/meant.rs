//! The target that was probably meant by one that is not valid: a URL of another scheme, an address, or a host and port
//! with the wrong characters between them. Programs and devices have one field for the host and one for the port, so
//! the suggestion names both. It promises never to repeat a part that can be a password.

use crate::lexicon::providers::{self, ProviderSigns};
use crate::secret::written::{NameForm, likely_passwords};
use crate::wire::Host;

/// A target that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    host: String,
    port: Option<u16>,
    encryption: Option<MeantTls>,
    scheme: Option<String>,
    /// Whether the text contains a user name.
    has_login: bool,
    /// Whether the host is one of a known provider, so that it cannot be a password.
    pub(super) is_public: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeantTls {
    Implicit,
    Starttls,
}

/// Ports that users write after a blank or a comma instead of a colon. A different number can be a password.
const PORTS: [u16; 9] = [25, 465, 587, 1025, 2465, 2525, 2526, 2587, 8025];

/// Ports of web servers and control panels, and of servers for reading mail.
const OTHER_SERVICES: [u16; 17] =
    [80, 443, 8080, 8443, 2082, 2083, 2086, 2087, 2095, 2096, 8880, 10000, 110, 143, 993, 995, 4190];

/// Schemes in the settings of programs, with the encryption that they mean.
const SCHEMES: [(&str, Option<MeantTls>); 20] = [
    ("ssl", Some(MeantTls::Implicit)),
    ("smtps", Some(MeantTls::Implicit)),
    ("smtp+ssl", Some(MeantTls::Implicit)),
    ("submissions", Some(MeantTls::Implicit)),
    ("tls", Some(MeantTls::Starttls)),
    ("starttls", Some(MeantTls::Starttls)),
    ("smtp+tls", Some(MeantTls::Starttls)),
    ("smtp+starttls", Some(MeantTls::Starttls)),
    ("smtp", None),
    ("submission", None),
    ("esmtp", None),
    ("mail", None),
    ("tcp", None),
    ("http", None),
    ("https", None),
    ("imap", None),
    ("imaps", None),
    ("pop", None),
    ("pop3", None),
    ("pop3s", None),
];

/// Names of servers that users write before an `@` instead of a dot.
const SERVERS: [&str; 6] = ["smtp", "mail", "imap", "pop", "pop3", "smtp-mail"];

/// Names that users write instead of the number of a port.
const PORT_NAMES: [(&str, u16, Option<MeantTls>); 8] = [
    ("smtp", 25, None),
    ("smtps", 465, Some(MeantTls::Implicit)),
    ("ssmtp", 465, Some(MeantTls::Implicit)),
    ("submissions", 465, Some(MeantTls::Implicit)),
    ("ssl", 465, Some(MeantTls::Implicit)),
    ("submission", 587, None),
    ("tls", 587, Some(MeantTls::Starttls)),
    ("starttls", 587, Some(MeantTls::Starttls)),
];

/// The target that was probably meant; `None` if there is none, or if the result could contain a password.
pub(super) fn probable_target(text: &str) -> Option<Meant> {
    let cleaned =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ',' | ';'));
    let (scheme, rest) = scheme(cleaned);
    let mut encryption = scheme.and_then(|scheme| SCHEMES.iter().find(|(name, _)| *name == scheme)?.1);
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let separates =
        |c: char| c.is_whitespace() || matches!(c, ':' | '：' | ',' | ';' | '/' | '\\' | '?' | '#' | '=' | '|');
    let mut parts = rest.split(separates).filter(|part| !part.is_empty());
    let is_bracketed = rest.starts_with('[');
    let host = if is_bracketed { rest.split_once(']')?.0.trim_start_matches('[') } else { parts.next()? };
    let port = match is_bracketed {
        true => rest.split_once("]:").and_then(|(_, port)| port.split(separates).next()?.parse().ok()),
        false => {
            let after = rest.get(host.len()..).unwrap_or_default();
            let is_colon = after.starts_with(':');
            parts.next().and_then(|part| match part.parse::<u16>() {
                Ok(port) => Some(port).filter(|port| *port > 0 && (is_colon || PORTS.contains(port))),
                Err(_) => {
                    PORT_NAMES.iter().find(|(name, ..)| part.eq_ignore_ascii_case(name)).map(|(_, port, mode)| {
                        encryption = encryption.or(*mode);
                        *port
                    })
                }
            })
        }
    };
    let joined = rest.replace(',', ".").to_ascii_lowercase();
    let host = match known_server(&joined) {
        // A comma instead of a dot.
        Some(known) if rest.contains(',') && known == joined => joined.as_str(),
        _ if rest.get(host.len()..).is_some_and(|after| after.starts_with(',')) && port.is_none() => return None,
        _ => host,
    };
    let mut host = host.trim_matches('.').to_ascii_lowercase();
    while host.contains("..") {
        host = host.replace("..", ".");
    }
    let server = user.filter(|user| SERVERS.iter().any(|name| user.eq_ignore_ascii_case(name)));
    if let Some(server) = server {
        host = format!("{}.{host}", server.to_ascii_lowercase());
    }
    let login = user.filter(|_| server.is_none());
    let domain = server.map_or(host.as_str(), |server| host.get(server.len() + 1..).unwrap_or_default());
    let known = known_server(&host).or_else(|| user.and_then(|_| server_of_domain(domain)));
    let is_public = known.is_some();
    // The domain of an address is not a server.
    let is_server = |host: &str| SERVERS.iter().chain(&["mx", "relay", "mail"]).any(|name| host.starts_with(name));
    let is_url = scheme.is_some() || user.is_some_and(|user| user.contains(':'));
    if user.is_some() && !is_public && !is_url && !is_server(&host) {
        return None;
    }
    let host = known.map_or(host, str::to_owned);
    let is_plausible = host.contains('.') || host == "localhost" || scheme.is_some() || is_bracketed;
    let parsed = Host::parse(&host).ok().filter(|_| is_plausible)?;
    if !is_public && may_be_secret(text, &host) {
        return None;
    }
    let port =
        port.filter(|port| !(OTHER_SERVICES.contains(port) && scheme.is_some() || user.is_some_and(str::is_empty)));
    if port == Some(465) {
        encryption = Some(MeantTls::Implicit);
    }
    let scheme = scheme.map(str::to_owned);
    let has_login = login.is_some_and(|user| !user.is_empty());
    Some(Meant { host: parsed.bracketed(), port, encryption, scheme, has_login, is_public })
}

/// The scheme of a URL, even if a slash or the colon is missing.
fn scheme(text: &str) -> (Option<&'static str>, &str) {
    let lower = text.to_ascii_lowercase();
    let found = SCHEMES.iter().map(|(name, _)| *name).filter_map(|name| {
        let rest = lower.strip_prefix(name)?;
        let mark = ["://", ":/", "//", ":"].into_iter().find(|mark| rest.starts_with(mark))?;
        // `smtp:25` is a host and a port.
        if mark == ":" && (!rest.contains('.') || rest.contains('@')) {
            return None;
        }
        Some((name, name.len() + mark.len()))
    });
    match found.max_by_key(|(_, length)| *length) {
        Some((name, length)) => (Some(name), text.get(length..).unwrap_or_default().trim_start_matches('/')),
        None => (None, text),
    }
}

/// The server for sending mail of a known provider, if the name is that server or another of its servers.
fn known_server(name: &str) -> Option<&'static str> {
    let provider = || providers::recognise(&ProviderSigns { host: Some(name), ..ProviderSigns::default() });
    let other = providers::other_use(name).map(|(_, _, host)| host);
    other.or_else(|| provider().filter(|provider| provider.kind != "local")?.hosts.texts().find(|host| *host == name))
}

/// The server for sending mail of a known provider, if the name is the domain of its mailboxes.
fn server_of_domain(name: &str) -> Option<&'static str> {
    let provider = providers::recognise(&ProviderSigns { host: Some(name), ..ProviderSigns::default() })?;
    provider.for_mailboxes().filter(|provider| provider.kind != "local")?.host_for(name)
}

/// Whether the host was taken from a part of the text that can be a password.
fn may_be_secret(text: &str, host: &str) -> bool {
    let shown = |part: &str| part.to_ascii_lowercase();
    let parts = likely_passwords(text, NameForm::Target);
    parts.iter().map(|part| shown(part)).any(|part| part.contains(host) || part.len() > 3 && host.contains(&part))
}

impl Meant {
    /// What to write instead, and what to enter in a program.
    pub(super) fn advice(&self) -> String {
        let Meant { host, port, .. } = self;
        let with_port = |port: &Option<u16>| port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let (target, select) = match (self.encryption, port) {
            (Some(MeantTls::Implicit), None | Some(465)) => (format!("{host}:465"), ", and select SSL/TLS"),
            (Some(MeantTls::Implicit), port) => (format!("smtps://{}", with_port(port)), ", and select SSL/TLS"),
            (Some(MeantTls::Starttls), port) => {
                (format!("{} --tls starttls", with_port(&port.or(Some(587)))), ", and select STARTTLS")
            }
            (None, port) if !host.contains('.') && self.scheme.is_some() => (format!("smtp://{}", with_port(port)), ""),
            (None, port) => (with_port(port), ""),
        };
        let target = if self.has_login { format!("{target} --user USER") } else { target };
        let usual = match (self.encryption, port) {
            (Some(MeantTls::Implicit), Some(587)) => " (port 587 is usually for STARTTLS, and 465 for SSL/TLS)",
            _ => "",
        };
        let port = match (self.encryption, port) {
            (_, Some(port)) => format!(" and {port} as the port"),
            (Some(MeantTls::Implicit), None) => " and 465 as the port".to_owned(),
            (Some(MeantTls::Starttls), None) => " and 587 as the port".to_owned(),
            (None, None) => String::new(),
        };
        let is_foreign = self.scheme.as_deref().is_some_and(|scheme| !matches!(scheme, "smtp" | "smtps"));
        let (beginning, end) = if is_foreign { ("write ", ".") } else { ("did you mean ", "?") };
        format!("{beginning}{target}{end} In a program or device, enter {host} as the server{port}{select}{usual}")
    }
}

#[cfg(test)]
mod tests {
    use super::probable_target;

    fn advice(text: &str) -> String {
        probable_target(text).map(|meant| meant.advice()).unwrap_or_default()
    }

    #[test]
    fn a_target_is_recognised_in_a_url_of_another_scheme() {
        for (text, expected) in [
            (
                "ssl://smtp.example.net:465",
                "write smtp.example.net:465. In a program or device, enter smtp.example.net as the server and 465 as the port, and select SSL/TLS",
            ),
            (
                "ssl://smtp.example.net",
                "write smtp.example.net:465. In a program or device, enter smtp.example.net as the server and 465 as the port, and select SSL/TLS",
            ),
            (
                "tls://smtp.example.net:587",
                "write smtp.example.net:587 --tls starttls. In a program or device, enter smtp.example.net as the server and 587 as the port, and select STARTTLS",
            ),
            (
                "http://smtp.example.net",
                "write smtp.example.net. In a program or device, enter smtp.example.net as the server",
            ),
            (
                "https://mail.example.net:443/owa",
                "write mail.example.net. In a program or device, enter mail.example.net as the server",
            ),
            (
                "http://mailhog:1025",
                "write smtp://mailhog:1025. In a program or device, enter mailhog as the server and 1025 as the port",
            ),
            (
                "smtp:/smtp.example.net:25",
                "did you mean smtp.example.net:25? In a program or device, enter smtp.example.net as the server and 25 as the port",
            ),
        ] {
            assert_eq!(advice(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_characters_between_host_and_port_are_recognised() {
        for (text, target) in [
            ("smtp.gmail.com,587", "smtp.gmail.com:587"),
            ("smtp.gmail.com;587", "smtp.gmail.com:587"),
            ("smtp.gmail.com 587", "smtp.gmail.com:587"),
            ("smtp.gmail.com=587", "smtp.gmail.com:587"),
            ("smtp,gmail.com", "smtp.gmail.com"),
            ("smtp.gmail,com", "smtp.gmail.com"),
            ("smtp.gmail.com：587", "smtp.gmail.com:587"),
            (" smtp.example.net", "smtp.example.net"),
            ("smtp.example.net:587,", "smtp.example.net:587"),
            ("smtp.example.net:587:587", "smtp.example.net:587"),
            ("smtp.example.net:587/tls", "smtp.example.net:587"),
            ("smtp..example.net", "smtp.example.net"),
            ("smtp@gmail.com:587", "smtp.gmail.com:587"),
            ("smtp@example.org", "smtp.example.org"),
            ("me@gmail.com", "smtp.gmail.com --user USER"),
            ("me@smtp.example.net:465", "smtp.example.net:465 --user USER"),
            ("ann:pa#ss/w@example.net:587", "example.net:587 --user USER"),
            ("smtp.example.net:ssl", "smtp.example.net:465"),
            ("[2001:db8::1]:587/x", "[2001:db8::1]:587"),
        ] {
            assert!(advice(text).contains(&format!("did you mean {target}?")), "{text}: {}", advice(text));
        }
    }

    #[test]
    fn a_suggestion_never_contains_a_password() {
        for text in [
            "mx.example.net hunter2.example",
            "mx.example.net 12345",
            "mx.example.net/hunter2",
            "mx.example.net,ann,hunter2",
            "ann:hunter2@mx.example.net",
            "mx.example.net:hunter2",
            "ann@example.com:hunter2",
            "https://ann:hunter2@mx.example.net/hunter2?hunter2",
        ] {
            let advice = advice(text);
            assert!(!advice.contains("hunter2") && !advice.contains("12345"), "{text}: {advice}");
        }
        for text in ["", "587", ":", "@", "hunter2", "a b c", "host/path", "$SMTP", "me@example.org", "mx.example,net"]
        {
            assert_eq!(advice(text), "", "{text}");
        }
    }
}
