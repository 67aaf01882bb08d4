//! Parses the URL and the user name of a proxy. Errors about values that can contain a password do not repeat them.

use crate::cli::flags::InvalidValue;
use crate::cli::target::split_port;
use crate::plan::{Proxy, ProxyScheme};
use crate::secret::Secret;
use crate::wire::Host;

/// The default port, as in curl.
const DEFAULT_PORT: u16 = 1080;
/// The maximum length of a user name: RFC 1929 §2 uses one byte for the length, and SOCKS4 packets are short.
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
    let ProxyUrl { proxy, password } = parse(text)?;
    match password {
        None => Ok(proxy),
        Some(_) => Err(secret(
            "a password in the URL is not supported: any user of this machine could read it in the process list",
            "write the user name with --proxy-user NAME, and the password in SMTPCHECK_PROXY_PASSWORD, --proxy-password-file, --proxy-password-command or --proxy-netrc",
        )),
    }
}

/// Parses the URL of a proxy.
pub fn parse(text: &str) -> Result<ProxyUrl, InvalidValue> {
    let hint = "give a URL such as socks5h://proxy.example.net:1080 or http://proxy.example.net:3128";
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

/// A user name for a proxy. A colon would begin the password.
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

#[cfg(test)]
mod tests {
    use super::{flag, parse, user_name};
    use crate::plan::ProxyScheme;

    #[test]
    fn a_url_has_the_defaults_of_curl() {
        for (text, shown) in [
            ("socks5h://proxy.example.net", "socks5h://proxy.example.net:1080"),
            ("SOCKS4A://proxy.example.net:9050/", "socks4a://proxy.example.net:9050"),
            ("proxy.example.net:3128", "http://proxy.example.net:3128"),
            ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
            ("http://user@192.0.2.7", "http://192.0.2.7:1080"),
        ] {
            assert_eq!(parse(text).map(|url| url.proxy.to_string()).ok().as_deref(), Some(shown), "{text}");
        }
        let url = parse("socks5://u%40x:p%3Aq%@proxy.example.net:1").expect("a URL");
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
}
