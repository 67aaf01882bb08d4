//! Finds the proxy for the connections of a check: from `--proxy`, or otherwise from curl's environment variables,
//! except for the hosts in `--noproxy` or `NO_PROXY`.
//!
//! As in curl:
//! 1. the variable of the protocol (`smtp_proxy`, or `smtps_proxy` for implicit TLS) takes precedence over `all_proxy`,
//!    and lower case over upper case. `http_proxy` and `https_proxy` do not apply to SMTP;
//! 2. a URL without a scheme is an HTTP proxy, and the default port is 1080;
//! 3. `--noproxy` replaces `no_proxy` and `NO_PROXY`, which also apply to `--proxy`.
//!
//! A password is accepted in curl's variables, but not in `--proxy`: any user can read command-line arguments. The plan
//! contains no password; `flags::route` finds its source. [`url`] parses URLs.

pub mod url;

use std::net::IpAddr;

use super::UsageError;
use super::flags::route::RouteArgs;
use crate::host::environment;
use crate::plan::{AddressChoice, Family, Plan, ProxyException, ProxyPlan, ProxyScheme, ValueOrigin};
use crate::wire::Host;

/// How a session starts. This determines which variable names its proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStart {
    /// Unencrypted: `smtp_proxy`.
    Plain,
    /// Implicit TLS: `smtps_proxy`.
    ImplicitTls,
}

/// The proxy for a target.
pub(super) fn plan(args: &RouteArgs, host: &Host, start: SessionStart) -> Result<Option<ProxyPlan>, UsageError> {
    if host.socket().is_some() {
        return match &args.proxy {
            Some(_) => Err(UsageError::flag("--proxy", "a Unix socket is on this machine").with_hint("remove --proxy")),
            None => Ok(None),
        };
    }
    // A proxy connects to hosts on a network, not to a Unix socket.
    if args.proxy.is_none() && host.socket().is_some() {
        return Ok(None);
    }
    let (mut proxy, variable) = match &args.proxy {
        Some(proxy) => (proxy.clone(), None),
        None => match variable(start) {
            // An error in the variable does not matter if the variable is not used.
            Some((name, value))
                if exceptions(args).is_some_and(|(_, list)| list.trim() == "*")
                    && of_variable(name, &value).is_err() =>
            {
                return Ok(None);
            }
            Some((name, value)) => (of_variable(name, &value)?.proxy, Some(name.to_owned())),
            None => return Ok(None),
        },
    };
    if let Some(user) = &args.proxy_user {
        if args.proxy.is_some() && proxy.user.is_some() {
            let error = UsageError::flag("--proxy-user", "--proxy already contains a user name");
            return Err(error.with_hint("remove one of them"));
        }
        proxy.user = Some(user.clone());
    }
    let exception = exceptions(args).and_then(|(source, list)| {
        Some(ProxyException { entry: matching_entry(&list, host)?.to_owned(), source: source.to_owned() })
    });
    Ok(Some(ProxyPlan { proxy, variable, exception }))
}

/// Rejects connection flags that have no effect on this target or with this proxy.
pub(super) fn reject_contradictions(plan: &Plan) -> Result<(), UsageError> {
    if plan.target.host.socket().is_some() {
        let given = |name: &&&str| plan.origin(name) == ValueOrigin::Flag;
        let flags = ["proxy", "interface", "local-port", "haproxy-protocol", "haproxy-clientip"];
        return match flags.iter().find(given) {
            Some(name) => {
                let error = UsageError::flag(format!("--{name}"), "has no effect with a Unix socket");
                Err(error.with_hint("omit the flag"))
            }
            None => Ok(()),
        };
    }
    let Some(proxy) = plan.used_proxy().filter(|_| !plan.resolves_here() && plan.target.host.name().is_some()) else {
        return Ok(());
    };
    let hint = match proxy.scheme {
        ProxyScheme::Socks4a => "use socks4://, or omit one of the flags",
        ProxyScheme::Socks5h => "use socks5://, or omit one of the flags",
        _ => "write the IP address as the target, or omit one of the flags",
    };
    let reason = format!("has no effect with the proxy {proxy}, which looks up the target itself");
    let flag = match plan.family {
        _ if plan.proxy_header.is_some() => "--haproxy-protocol",
        _ if plan.addresses == AddressChoice::Every => "--every-address",
        Family::V4 => "--ipv4",
        Family::V6 => "--ipv6",
        Family::Any => return Ok(()),
    };
    Err(UsageError::flag(flag, reason).with_hint(hint))
}

/// The variable that names a proxy, and its value.
pub fn variable(start: SessionStart) -> Option<(&'static str, String)> {
    let names: [&'static str; 4] = match start {
        SessionStart::Plain => ["smtp_proxy", "SMTP_PROXY", "all_proxy", "ALL_PROXY"],
        SessionStart::ImplicitTls => ["smtps_proxy", "SMTPS_PROXY", "all_proxy", "ALL_PROXY"],
    };
    names.into_iter().find_map(|name| Some((name, environment::text(name).ok()?)))
}

/// Parses the value of a variable. An error does not repeat it, because it can contain a password.
pub fn of_variable(name: &str, value: &str) -> Result<url::ProxyUrl, UsageError> {
    url::parse(value).map_err(|error| {
        let error = UsageError::from(error).in_variable(name);
        let hint = format!("{}; or unset the variable, or use --noproxy '*'", error.hint.clone().unwrap_or_default());
        error.with_hint(hint)
    })
}

/// The hosts without a proxy, and where this list was given.
fn exceptions(args: &RouteArgs) -> Option<(&'static str, String)> {
    if let Some(list) = &args.noproxy {
        return Some(("--noproxy", list.clone()));
    }
    ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| Some((name, environment::text(name).ok()?)))
}

/// The first entry of a list of hosts without a proxy that matches a host. The list is separated by commas or blanks:
/// 1. `*` alone matches every host;
/// 2. a name matches itself and its subdomains, regardless of case and of a dot at its beginning or end;
/// 3. an IP address, with or without brackets, or a range such as `192.0.2.0/24` matches targets that are IP addresses;
/// 4. an entry with a port matches nothing.
fn matching_entry<'l>(list: &'l str, host: &Host) -> Option<&'l str> {
    if list.trim() == "*" {
        return Some("*");
    }
    let entries = list.split([',', ' ', '\t']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.into_iter().find(|entry| match host {
        Host::Ip(ip) => is_in_range(entry, ip.to_canonical()),
        Host::Name(name) => {
            let entry = entry.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
            let name = name.ascii().trim_end_matches('.').to_ascii_lowercase();
            let is_subdomain = || name.strip_suffix(entry.as_str()).is_some_and(|before| before.ends_with('.'));
            !entry.is_empty() && (name == entry || is_subdomain())
        }
        Host::Socket(_) => false,
    })
}

/// Whether an IP address is in a range such as `192.0.2.0/24`, or equals this address.
fn is_in_range(entry: &str, ip: IpAddr) -> bool {
    let bare = |text: &str| {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        inner.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    };
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (bare(network), length.parse::<u32>().ok()),
        None => (bare(entry), Some(128)),
    };
    let (Some(network), Some(length)) = (network, length) else { return false };
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let distance = u32::from(network) ^ u32::from(ip);
            distance.leading_zeros() >= length.min(32)
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let distance = u128::from(network) ^ u128::from(ip);
            distance.leading_zeros() >= length.min(128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matching_entry;
    use crate::wire::Host;

    #[test]
    fn the_list_of_exceptions_matches_as_in_curl() {
        let matches = |list: &str, host: &str| matching_entry(list, &Host::parse(host).expect("a host")).is_some();
        for (list, host) in [
            ("*", "mx.example.net"),
            ("example.net", "example.net"),
            ("other.test, example.net", "mx.example.net"),
            ("other.test .EXAMPLE.net.", "mx.Example.net"),
            ("192.0.2.0/24", "192.0.2.77"),
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::/32", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert!(matches(list, host), "{list} {host}");
        }
        for (list, host) in [
            ("example.net", "badexample.net"),
            ("mx.example.net", "example.net"),
            ("example.net:25", "example.net"),
            ("*,other.test", "mx.example.net"),
            ("192.0.2.0/24", "192.0.3.1"),
            ("192.0.2.7", "mx.example.net"),
            ("0.0.0.0/0", "2001:db8::1"),
            ("", "example.net"),
            (".", "example.net"),
        ] {
            assert!(!matches(list, host), "{list} {host}");
        }
    }
}
