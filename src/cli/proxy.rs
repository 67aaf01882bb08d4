//! Which proxy the connections of a check go through: `--proxy`, else the environment variables of curl, minus the hosts
//! of `--noproxy` or `NO_PROXY`.
//!
//! As in curl:
//! 1. the variable of the protocol (`smtp_proxy`, or `smtps_proxy` for implicit TLS) takes precedence over `all_proxy`,
//!    and lower case over upper case. `http_proxy` and `https_proxy` do not apply to SMTP;
//! 2. a URL without a scheme is an HTTP proxy, and the default port is 1080;
//! 3. `--noproxy` replaces `no_proxy` and `NO_PROXY`, which also apply to `--proxy`.
//!
//! A password is accepted in the variables of curl, but not in `--proxy`: every user of this machine can read arguments.
//! The plan contains no password; `flags::route` finds its source.

use std::net::IpAddr;

use super::UsageError;
use super::flags::InvalidValue;
use super::flags::route::RouteArgs;
use super::target::split_port;
use crate::host::environment;
use crate::plan::{AddressChoice, Family, Plan, Proxy, ProxyException, ProxyPlan, ProxyScheme};
use crate::secret::Secret;
use crate::wire::Host;

/// The default port, as in curl.
const DEFAULT_PORT: u16 = 1080;
/// The maximum length of a user name: RFC 1929 §2 has one byte for the length, and SOCKS4 packets are short.
const LONGEST_USER: usize = 200;

/// A proxy URL and its password, if it contains one.
#[derive(Debug)]
pub struct ProxyUrl {
    /// The proxy.
    pub proxy: Proxy,
    /// The password in the URL.
    pub password: Option<Secret>,
}

/// The value of `--proxy`. A URL with a password is an error.
pub fn flag(text: &str) -> Result<Proxy, InvalidValue> {
    let ProxyUrl { proxy, password } = url(text)?;
    match password {
        None => Ok(proxy),
        Some(_) => Err(secret(
            "a password in the URL is not supported: every user of this machine could read it in the process list",
            "write the user name with --proxy-user NAME, and the password in SMTPCHECK_PROXY_PASSWORD, --proxy-password-file, --proxy-password-command or --proxy-netrc",
        )),
    }
}

/// Parses the URL of a proxy.
pub fn url(text: &str) -> Result<ProxyUrl, InvalidValue> {
    let hint = "write for example socks5h://proxy.example.net:1080 or http://proxy.example.net:3128";
    // The value can contain a password, even if it is not a valid URL.
    let wrong = |reason: String| match text.contains('@') {
        true => secret(reason, hint),
        false => InvalidValue::new(reason, hint),
    };
    let (scheme, rest) = match text.trim().split_once("://") {
        Some((scheme, rest)) => (named(scheme).map_err(&wrong)?, rest),
        None => (ProxyScheme::Http, text.trim()),
    };
    let (login, address) = match rest.rsplit_once('@') {
        Some((login, address)) => (Some(login), address),
        None => (None, rest),
    };
    let address = address.split('/').next().unwrap_or_default();
    let (host, port) = split_port(address).map_err(|error| wrong(error.reason.into_owned()))?;
    let host = Host::parse(host).map_err(|error| wrong(error.to_string()))?;
    let (user, password) = match login
        .map(|login| login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password))))
    {
        None => (None, None),
        Some((user, password)) => {
            let decode = |part: &str| {
                percent_decoded(part)
                    .ok_or_else(|| wrong("the user name or the password is not valid UTF-8".to_owned()))
            };
            (Some(decode(user)?).filter(|user| !user.is_empty()), password.map(decode).transpose()?)
        }
    };
    let user = user.map(|user| user_name(&user).map_err(|error| wrong(error.reason.into_owned()))).transpose()?;
    let password = password.filter(|password| !password.is_empty()).map(Secret::new);
    Ok(ProxyUrl { proxy: Proxy { scheme, host, port: port.unwrap_or(DEFAULT_PORT), user }, password })
}

fn named(scheme: &str) -> Result<ProxyScheme, String> {
    let found = ProxyScheme::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
    found.map(|(_, scheme)| *scheme).ok_or_else(|| match scheme.to_ascii_lowercase().as_str() {
        "https" => "HTTPS to the proxy is not supported".to_owned(),
        _ => format!("the scheme {} is not one of socks4, socks4a, socks5, socks5h, http", scheme.escape_debug()),
    })
}

fn secret(reason: impl Into<std::borrow::Cow<'static, str>>, hint: &'static str) -> InvalidValue {
    InvalidValue { is_secret: true, ..InvalidValue::new(reason, hint) }
}

/// A user name for a proxy. With a colon, it would be a password too.
pub fn user_name(text: &str) -> Result<String, InvalidValue> {
    let hint = "write only the user name, and the password in SMTPCHECK_PROXY_PASSWORD or --proxy-password-file";
    if text.contains(':') {
        return Err(secret("a user name cannot contain a colon", hint));
    }
    if text.len() > LONGEST_USER || text.contains(|c: char| c.is_control()) {
        return Err(secret("the user name is longer than 200 bytes or contains a control character", hint));
    }
    Ok(text.to_owned())
}

/// `%40` is `@`. A percent sign without two hexadecimal digits is kept.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let decoded = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// How a session starts, which decides which variable names its proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStart {
    /// Unencrypted: `smtp_proxy`.
    Plain,
    /// Implicit TLS: `smtps_proxy`.
    ImplicitTls,
}

/// The proxy for a target.
pub(super) fn plan(args: &RouteArgs, host: &Host, start: SessionStart) -> Result<Option<ProxyPlan>, UsageError> {
    let (mut proxy, variable) = match &args.proxy {
        Some(proxy) => (proxy.clone(), None),
        None => match variable(start) {
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

/// Rejects flags that have no effect if the proxy looks up the target's name.
pub(super) fn reject_contradictions(plan: &Plan) -> Result<(), UsageError> {
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
pub fn of_variable(name: &str, value: &str) -> Result<ProxyUrl, UsageError> {
    url(value).map_err(|error| {
        let error = UsageError::from(error).in_variable(name);
        let hint = format!("{}; or unset the variable, or use --noproxy '*'", error.hint.clone().unwrap_or_default());
        error.with_hint(hint)
    })
}

/// The hosts without a proxy, and where the list is.
fn exceptions(args: &RouteArgs) -> Option<(&'static str, String)> {
    if let Some(list) = &args.noproxy {
        return Some(("--noproxy", list.clone()));
    }
    ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| Some((name, environment::text(name).ok()?)))
}

/// The first entry of a list of hosts without a proxy that matches a host. The list is separated by commas or blanks:
/// 1. `*` alone matches every host;
/// 2. a name matches itself and its subdomains, in any case, with or without a dot at its beginning or end;
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
    })
}

/// Whether an IP address is in a range such as `192.0.2.0/24`, or is this one.
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
    use super::{flag, matching_entry, url, user_name};
    use crate::plan::ProxyScheme;
    use crate::wire::Host;

    #[test]
    fn a_url_has_the_defaults_of_curl() {
        for (text, shown) in [
            ("socks5h://proxy.example.net", "socks5h://proxy.example.net:1080"),
            ("SOCKS4A://proxy.example.net:9050/", "socks4a://proxy.example.net:9050"),
            ("proxy.example.net:3128", "http://proxy.example.net:3128"),
            ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
            ("http://user@192.0.2.7", "http://192.0.2.7:1080"),
        ] {
            assert_eq!(url(text).map(|url| url.proxy.to_string()).ok().as_deref(), Some(shown), "{text}");
        }
        let url = url("socks5://u%40x:p%3Aq%@proxy.example.net:1").expect("a URL");
        assert_eq!((url.proxy.user.as_deref(), url.proxy.scheme), (Some("u@x"), ProxyScheme::Socks5));
        assert_eq!(url.password.map(|secret| secret.reveal().to_owned()).as_deref(), Some("p:q%"));
    }

    #[test]
    fn a_password_in_the_flag_is_an_error_that_does_not_repeat_it() {
        for text in ["socks5://u:hunter2@proxy.example.net", "ftp://u:hunter2@h", "u:hunter2@[::1", "http://:hunter2@h"]
        {
            let error = flag(text).expect_err("a password");
            assert!(error.is_secret && !error.to_string().contains("hunter2"), "{text}: {error}");
        }
        assert!(flag("http://u:hunter2@h").is_err_and(|error| error.hint.contains("--proxy-password-file")));
        assert!(user_name("u:hunter2").is_err_and(|error| error.is_secret));
        assert!(flag("https://proxy.example.net").is_err_and(|error| error.reason.contains("HTTPS to the proxy")));
    }

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
