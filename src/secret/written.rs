//! Passwords that users write into an argument, as in `user:password@host`, `user@host:password` or `host:25:password`. An
//! error message repeats the argument without them.

use std::borrow::Cow;

/// The replacement for a hidden part.
const HIDDEN: &str = "...";

/// What is regarded as a name after which a password can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameForm {
    /// Only texts with an `@`: the value of any flag.
    AddressOnly,
    /// Also `user:password`, `host:25:password` and `host:25/password`: the name of a file.
    AnyName,
    /// Also `host/password`, `host password` and `host,password`: a target, which contains no spaces and no path.
    Target,
}

/// Names of services, which users write instead of a port.
const SERVICES: [&str; 10] =
    ["smtp", "smtps", "ssmtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s"];

/// A string from the command line or from a file without the parts that can be a password: those after a colon before the
/// last `@`, and those that follow an address.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    hidden_in(text, NameForm::AddressOnly)
}

fn hidden_in(text: &str, form: NameForm) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    // From the end, so that the positions of earlier parts remain valid.
    for part in likely_passwords(text, form).into_iter().rev() {
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        shown.to_mut().replace_range(start..start + part.len(), HIDDEN);
    }
    shown
}

/// An unknown word of the user without the part that can be a password.
pub(crate) fn without_password_in_word(text: &str) -> Cow<'_, str> {
    let is_word = text.split_whitespace().count() <= 2;
    if is_word { hidden_in(text, NameForm::AnyName) } else { Cow::Borrowed(text) }
}

/// A message in which the given parts are hidden, wherever they occur.
pub(crate) fn without_parts<'t, P: AsRef<str>>(text: &'t str, parts: &[P]) -> Cow<'t, str> {
    let mut shown = Cow::Borrowed(text);
    for part in parts.iter().map(AsRef::as_ref) {
        if shown.contains(part) {
            shown = Cow::Owned(shown.replace(part, HIDDEN));
        }
    }
    shown
}

/// The parts of a string that can be a password.
pub(crate) fn likely_passwords(text: &str, form: NameForm) -> Vec<&str> {
    // Blanks before a name do not separate it from another part.
    let text = text.trim_start();
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", text.strip_prefix("mailto:").unwrap_or(text)),
    };
    let mut parts = Vec::new();
    match rest.rsplit_once('@') {
        // `@name` is a profile of the configuration file.
        Some(("", name)) if form != NameForm::AddressOnly => parts.extend(after_name(name)),
        Some((user, host)) => {
            let first = rest.split_once('@').map_or(host, |(_, after)| after);
            match user.split_once(':') {
                Some((_, password)) => {
                    parts.push(password);
                    parts.extend(after_host(host));
                }
                None => parts.extend(after_host(first)),
            }
        }
        None if form == NameForm::AddressOnly => {}
        // A path, which names a file or a socket.
        None if text.starts_with(['/', '.']) => {}
        None if form == NameForm::Target && text.parse::<std::net::Ipv6Addr>().is_err() => {
            parts.extend(after_host(rest));
        }
        None if matches!(scheme.to_ascii_lowercase().as_str(), "smtp" | "smtps" | "lmtp" | "submission") => {
            parts.extend(after_host(rest));
        }
        None if !scheme.is_empty() => {}
        None => parts.extend(after_name(rest)),
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The text after a host and its port, unless it is another email address.
fn after_host(text: &str) -> Option<&str> {
    // The colons of an IPv6 address are in brackets.
    let end = text.strip_prefix('[').and_then(|inside| inside.find(']')).map_or(0, |at| at + 2);
    let (_, rest) = text.split_at_checked(end)?;
    let (at, mark) = rest
        .char_indices()
        .find(|(_, one)| matches!(one, ':' | '/' | ',' | ';' | '?' | '#' | '>') || one.is_whitespace())?;
    let rest = rest.get(at + mark.len_utf8()..)?;
    match mark {
        '>' => after_host(rest),
        ',' if rest.split_once('@').is_some_and(|(_, host)| host.contains('.')) => None,
        ':' => after_port(rest),
        _ => Some(rest),
    }
}

/// The text after the colon of `name:text`, if it is not a port.
fn after_name(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once(':')?;
    let is_prose = name.contains(char::is_whitespace);
    let is_ipv6 = text.starts_with('[') || text.parse::<std::net::Ipv6Addr>().is_ok();
    if is_prose || is_ipv6 { None } else { after_port(rest) }
}

/// The text after a port, or the text instead of a port. Digits and names of services are ports.
fn after_port(text: &str) -> Option<&str> {
    let (port, rest) = match text.find([':', '/', '?', '#', ',', ';', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) || SERVICES.contains(&port);
    // The name of a class, such as Net::SMTP, is not a name with a password.
    match (port, is_port) {
        ("", _) => None,
        (_, true) => Some(rest),
        (_, false) => Some(text),
    }
}

/// Whether a value can contain a password after a colon, as in `user:password`. Ports, IPv6 addresses and URLs without a
/// user name have no password.
pub(crate) fn may_contain_password(value: &str) -> bool {
    let Some((before, after)) = value.split_once(':') else { return false };
    match after.strip_prefix("//") {
        Some(place) => place.contains('@'),
        None => !begins_with_port(after) && !before.starts_with('[') && value.parse::<std::net::Ipv6Addr>().is_err(),
    }
}

/// Whether the text after a colon is a port, which a path can follow.
fn begins_with_port(text: &str) -> bool {
    let port = text.split(['/', '?', '#']).next().unwrap_or_default();
    port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{NameForm, hidden_in, may_contain_password, without_password};

    #[test]
    fn a_password_after_a_colon_is_suspected() {
        for value in ["ann:hunter2", "client.pem:hunter2", "http://ann:hunter2@proxy", "ann@example.com:hunter2"] {
            assert!(may_contain_password(value), "{value}");
        }
        for value in ["ann", "mx.example.net:25", "[2001:db8::1]:25", "2001:db8::1", "socks5h://proxy.example.net:1080"]
        {
            assert!(!may_contain_password(value), "{value}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_hidden() {
        for (text, shown) in [
            ("ann@example.com", "ann@example.com"),
            ("mailto:ann@example.com", "mailto:ann@example.com"),
            ("ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]"),
            ("smtp.example.net:587", "smtp.example.net:587"),
            ("2001:db8::1", "2001:db8::1"),
            ("smtp://ann@example.com:587/", "smtp://ann@example.com:587/"),
            ("ann@example.com,bob@example.com", "ann@example.com,bob@example.com"),
            ("ann:hunter2@example.com", "ann:...@example.com"),
            ("smtps://ann:hunter2@example.com:465", "smtps://ann:...@example.com:465"),
            ("lmtp+unix://ann:hunter2@/x", "lmtp+unix://ann:...@/..."),
            ("ann@work:hunt@er2@example.com", "ann@work:...@example.com"),
            ("ann@example.com:hunter2", "ann@example.com:..."),
            ("ann@example.com hunt@er2", "ann@example.com ..."),
            ("ann@example.com,hunter2", "ann@example.com,..."),
            ("ann@example.com/hunter2", "ann@example.com/..."),
            ("mailto:ann:hunter2@example.com", "mailto:ann:...@example.com"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }

    #[test]
    fn a_password_after_a_name_is_hidden() {
        let shown = |text: &str| hidden_in(text, NameForm::AnyName).into_owned();
        for (text, expected) in [
            ("ann:hunter2", "ann:..."),
            ("mx.example.net:587:hunter2", "mx.example.net:587:..."),
            ("mx.example.net:587/hunter2", "mx.example.net:587/..."),
            ("smtp://mx.example.net:587/hunter2", "smtp://mx.example.net:587/..."),
            ("smtps://mx.example.net/hunter2", "smtps://mx.example.net/..."),
            ("@work:hunter2", "@work:..."),
        ] {
            assert_eq!(shown(text), expected);
        }
        for text in [
            "mx.example.net:99999",
            "mx.example.net:smtps",
            "smtp://mx.example.net:587/",
            "[2001:db8::1]:25",
            "2001:db8::1",
            "lists/today.txt",
            "/var/log/mail:old",
            "https://example.net/report.json",
            "550 5.7.1: relay denied",
            "Net::SMTPAuthenticationError",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_target_is_followed_by_nothing_but_a_port() {
        let shown = |text: &str| hidden_in(text, NameForm::Target).into_owned();
        for (text, expected) in [
            ("mx.example.net hunter2", "mx.example.net ..."),
            ("mx.example.net,ann,hunter2", "mx.example.net,..."),
            ("mx.example.net/hunter2", "mx.example.net/..."),
            ("[2001:db8::1]:hunter2", "[2001:db8::1]:..."),
        ] {
            assert_eq!(shown(text), expected);
        }
        for text in ["mx.example.net:99999", "2001:db8::1", "[2001:db8::1]:25", "/run/smtp", "smtp+unix:/run/smtp"] {
            assert_eq!(shown(text), text);
        }
    }
}
