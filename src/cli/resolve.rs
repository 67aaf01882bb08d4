//! Parses `--resolve`, which has the syntax of curl: `[+]HOST:PORT:ADDRESS[,ADDRESS]...`. HOST is a name, an IPv4
//! address, an IPv6 address in brackets, or `*` for every host. An ADDRESS may also be in brackets. An entry for a host
//! takes precedence over an entry for `*`, as in curl.
//!
//! Differences from curl:
//! 1. In curl, a later entry for the same host and port silently replaces an earlier one. Here, two entries for the same
//!    host and port are a usage error, because a user who writes two entries expects both IP addresses to be tried.
//! 2. In curl, an entry with `+` expires like an entry that was looked up. A run of smtpcheck ends long before that, so
//!    `+` is ignored.
//! 3. In curl, `-HOST:PORT` removes a cached entry. smtpcheck has no such cache, so this form is a usage error.

use std::net::{IpAddr, Ipv6Addr};

use super::flags::InvalidValue;
use super::{UsageError, target};
use crate::plan::{Override, OverrideHost, Plan};
use crate::wire::Host;

/// The value of one `--resolve`: one override for each IP address in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveEntry(Vec<Override>);

/// The overrides of all entries, in the order in which they were given. Each host and port can have only one entry.
pub(super) fn overrides(entries: &[ResolveEntry]) -> Result<Vec<Override>, UsageError> {
    let mut all: Vec<Override> = Vec::new();
    for ResolveEntry(entry) in entries {
        let earlier = |one: &&Override| all.iter().any(|other| other.host == one.host && other.port == one.port);
        if let Some(Override { host, port, .. }) = entry.first().filter(earlier) {
            let place = match host {
                OverrideHost::Every => format!("*:{port}"),
                OverrideHost::One(host) => host.with_port(*port),
            };
            let hint = format!("write all IP addresses in one entry: {place}:ADDRESS,ADDRESS");
            return Err(UsageError::flag("--resolve", format!("two entries for {place}")).with_hint(hint));
        }
        all.extend(entry.iter().cloned());
    }
    Ok(all)
}

/// Marks the entries that no plan of the run uses. Only the entries of the first plan are marked, so that the result
/// mentions each unused entry once.
pub fn mark_unused(plans: &mut [Plan]) {
    let used: Vec<bool> = match plans.first() {
        None => return,
        Some(first) => first
            .overrides
            .iter()
            .map(|one| plans.iter().any(|plan| one.port == plan.target.port && one.host.is_for(&plan.target.host)))
            .collect(),
    };
    if let Some(first) = plans.first_mut() {
        for (one, used) in first.overrides.iter_mut().zip(used) {
            one.is_unused = !used;
        }
    }
}

/// Parses the value of one `--resolve`.
pub fn entry(text: &str) -> Result<ResolveEntry, InvalidValue> {
    let example = "use HOST:PORT:ADDRESS[,ADDRESS], for example mail.example.net:587:192.0.2.7";
    addresses(text).map(ResolveEntry).map_err(|why| InvalidValue::new(why, example))
}

fn addresses(text: &str) -> Result<Vec<Override>, String> {
    if text.starts_with('-') {
        return Err(
            "in curl, a leading - removes a cached IP address; smtpcheck has no such cache, so omit this entry"
                .to_owned(),
        );
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let (host, rest) = host(text)?;
    let (port, addresses) = rest.split_once(':').ok_or("the IP address is missing")?;
    let port = match port {
        "" => return Err("the port is empty".to_owned()),
        port => target::port_number(port).map_err(|error| format!("{}: {}", port.escape_debug(), error.reason))?,
    };
    let address = |part: &str| {
        let part = part.trim();
        let bare = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(part);
        match bare.parse::<IpAddr>() {
            Ok(address) => Ok(Override { host: host.clone(), port, address, is_unused: false }),
            Err(_) if bare.is_empty() => Err("an IP address is missing".to_owned()),
            Err(_) => Err(format!("{} is not an IP address", part.escape_debug())),
        }
    };
    addresses.split(',').map(address).collect()
}

/// The host, and what follows its colon.
fn host(text: &str) -> Result<(OverrideHost, &str), String> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(after) => {
            let (host, rest) = after.split_once(']').ok_or("the bracket is not closed")?;
            host.parse::<Ipv6Addr>().map_err(|_| format!("[{}] is not an IPv6 address", host.escape_debug()))?;
            (host, rest.strip_prefix(':').ok_or("only :PORT can follow the bracket")?)
        }
        None => text.split_once(':').ok_or("the port and the IP address are missing")?,
    };
    if host == "*" {
        return Ok((OverrideHost::Every, rest));
    }
    // In 2001:db8::1:587:192.0.2.7, the end of the host is ambiguous.
    let is_bare_ipv6 = !text.starts_with('[')
        && rest.split(':').next().is_some_and(|port| {
            port.len() > 5 || port.is_empty() || port.bytes().any(|byte| byte.is_ascii_alphabetic())
        });
    let is_hexadecimal = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_bare_ipv6 && is_hexadecimal && text.matches(':').count() > 3 {
        return Err("an IPv6 address as the host needs brackets: [2001:db8::1]:587:192.0.2.7".to_owned());
    }
    let host = Host::parse(host).map_err(|error| error.to_string())?;
    Ok((OverrideHost::One(host), rest))
}

#[cfg(test)]
mod tests {
    use super::{entry, overrides};

    fn read(texts: &[&str]) -> Result<String, String> {
        let entries = texts.iter().map(|text| entry(text)).collect::<Result<Vec<_>, _>>();
        let all = overrides(&entries.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
        let shown = all.iter().map(|one| format!("{} {} {}", one.host, one.port, one.address));
        Ok(shown.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn the_syntax_of_curl_is_accepted() {
        for (text, expected) in [
            ("h.example:587:192.0.2.7", "h.example 587 192.0.2.7"),
            ("+h.example:587:192.0.2.7", "h.example 587 192.0.2.7"),
            (
                "h.example:587:192.0.2.7,[2001:db8::7],2001:db8::8",
                "h.example 587 192.0.2.7, h.example 587 2001:db8::7, h.example 587 2001:db8::8",
            ),
            ("h.example:587:[2001:db8::7]", "h.example 587 2001:db8::7"),
            ("h.example:587:2001:db8::7", "h.example 587 2001:db8::7"),
            ("192.0.2.1:25:127.0.0.1", "192.0.2.1 25 127.0.0.1"),
            ("[2001:db8::1]:25:127.0.0.1", "2001:db8::1 25 127.0.0.1"),
            ("[2001:db8::1]:25:[::1],127.0.0.1", "2001:db8::1 25 ::1, 2001:db8::1 25 127.0.0.1"),
            ("*:587:192.0.2.7", "* 587 192.0.2.7"),
            ("+*:587:192.0.2.7", "* 587 192.0.2.7"),
            ("H.Example.:587:192.0.2.7", "h.example 587 192.0.2.7"),
        ] {
            assert_eq!(read(&[text]).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_second_entry_for_the_same_host_and_port_is_a_usage_error() {
        for (texts, expected) in [
            (
                &["h.example:587:192.0.2.1", "h.example:25:192.0.2.2", "H.Example:587:192.0.2.3"][..],
                "--resolve: two entries for h.example:587; write all IP addresses in one entry: h.example:587:ADDRESS,ADDRESS",
            ),
            (
                &["[2001:db8::1]:25:192.0.2.1", "+[2001:db8::1]:25:192.0.2.1"],
                "--resolve: two entries for [2001:db8::1]:25; write all IP addresses in one entry: [2001:db8::1]:25:ADDRESS,ADDRESS",
            ),
            (
                &["*:25:192.0.2.1", "*:25:192.0.2.2"],
                "--resolve: two entries for *:25; write all IP addresses in one entry: *:25:ADDRESS,ADDRESS",
            ),
        ] {
            assert_eq!(read(texts), Err(expected.to_owned()));
        }
        let different = ["h.example:587:192.0.2.1", "h.example:25:192.0.2.2", "*:587:192.0.2.3"];
        assert_eq!(read(&different).as_deref(), Ok("h.example 587 192.0.2.1, h.example 25 192.0.2.2, * 587 192.0.2.3"));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, needle) in [
            ("h.example", "the port and the IP address are missing"),
            ("h.example:587", "the IP address is missing"),
            ("h.example:587:", "an IP address is missing"),
            ("h.example:587:192.0.2.1,", "an IP address is missing"),
            ("h.example:587:192.0.2", "192.0.2 is not an IP address"),
            ("h.example:587:other.example", "other.example is not an IP address"),
            ("h.example:0:192.0.2.1", "0: not a port"),
            ("h.example::192.0.2.1", "the port is empty"),
            (":587:192.0.2.1", "the host is empty"),
            ("300.1.1.1:587:192.0.2.1", "not an IPv4 address"),
            ("[2001:db8::1:587:192.0.2.1", "the bracket is not closed"),
            ("[2001:db8::1]587:192.0.2.1", "only :PORT can follow the bracket"),
            ("[h.example]:587:192.0.2.1", "not an IPv6 address"),
            ("2001:db8::1:587:192.0.2.1", "needs brackets"),
            ("-h.example:587", "omit this entry"),
            ("", "the port and the IP address are missing"),
        ] {
            let message = read(&[text]).expect_err(text);
            assert!(message.contains(needle) && message.contains("HOST:PORT:ADDRESS"), "{text} -> {message}");
        }
    }
}
