//! Passwords that users write into an address, as in `user:password@host` or `user@host:password`. An error message
//! repeats the address without them.

use std::borrow::Cow;

/// The replacement for a hidden part.
const HIDDEN: &str = "...";

/// A string from the command line or from a file without the parts that can be a password: those after a colon before the
/// last `@`, and those after a colon behind it that is not followed by a port.
pub(crate) fn without_password(text: &str) -> Cow<'_, str> {
    let Some((before, after)) = text.rsplit_once('@') else { return Cow::Borrowed(text) };
    let (scheme, user) = match before.split_once("://") {
        Some((scheme, user)) => (format!("{scheme}://"), user),
        None => match before.strip_prefix("mailto:") {
            Some(user) => ("mailto:".to_owned(), user),
            None => (String::new(), before),
        },
    };
    let user = user.split_once(':').map_or(user.to_owned(), |(name, _)| format!("{name}:{HIDDEN}"));
    let after = match after.split_once(':') {
        Some((host, rest)) if !after.starts_with('[') && !begins_with_port(rest) => format!("{host}:{HIDDEN}"),
        _ => after.to_owned(),
    };
    Cow::Owned(format!("{scheme}{user}@{after}"))
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
    use super::{may_contain_password, without_password};

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
            ("ann:hunter2@example.com", "ann:...@example.com"),
            ("smtps://ann:hunter2@example.com:465", "smtps://ann:...@example.com:465"),
            ("ann@work:hunt@er2@example.com", "ann@work:...@example.com"),
            ("ann@example.com:hunter2", "ann@example.com:..."),
            ("mailto:ann:hunter2@example.com", "mailto:ann:...@example.com"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}
