//! The closed list of keys of a check and of `[defaults]`. Most of them are flags of `smtpcheck check` or
//! `smtpcheck domain` with the same name. Tests compare `schema/suite.json` and `docs/suite.md` with this list.

/// A key of a suite.
#[derive(Debug)]
pub struct SuiteKey {
    /// The key as it is written in the file.
    pub name: &'static str,
    /// The type of the value.
    pub shape: KeyShape,
    /// Whether the key is also allowed in `[defaults]`.
    pub scope: Scope,
    /// The description in the JSON Schema.
    pub about: &'static str,
}

/// The type of the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyShape {
    /// A string.
    Text,
    /// An integer.
    Number,
    /// A number, or a string that contains a number.
    NumberOrText,
    /// `true` or `false`.
    Switch,
    /// `true`, `false` or a string.
    SwitchOrText,
    /// A list of strings, or one string.
    List,
}

/// Where a key is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only in a check.
    Check,
    /// Also in `[defaults]`; a value in a check replaces the default.
    Both,
    /// Also in `[defaults]`; the values in a check are added to the defaults.
    Added,
}

/// Whether a key is a flag of `smtpcheck check` or `smtpcheck domain` with the same name.
pub(super) fn is_flag(name: &str) -> bool {
    !OWN.contains(&name)
}

/// Keys that are not passed on as flags.
const OWN: [&str; 11] = [
    "name",
    "target",
    "domain",
    "tags",
    "needs",
    "expect",
    "password",
    "password-command",
    "password-file",
    "password-env",
    "token-command",
];

/// The sources of a password. A check uses at most one of them: its own; otherwise, the one in `[defaults]`.
pub(super) const SECRETS: [&str; 5] =
    ["password", "password-command", "password-file", "password-env", "token-command"];

/// Keys whose value is a path relative to the directory of the suite.
const PATHS: [&str; 6] = ["cacert", "cert", "key", "password-file", "proxy-password-file", "trust-anchor"];

/// Whether the value of a key is the path of a file, which is relative to the suite.
pub(crate) fn is_path(key: &str) -> bool {
    PATHS.contains(&key)
}

const fn key(name: &'static str, shape: KeyShape, scope: Scope, about: &'static str) -> SuiteKey {
    SuiteKey { name, shape, scope, about }
}

/// All keys of a suite.
pub static KEYS: &[SuiteKey] = &[
    key("name", KeyShape::Text, Scope::Check, "the name of the check in every output; it must be unique"),
    key("target", KeyShape::Text, Scope::Both, "host, host:port, smtp://host:port or smtps://host:port"),
    key(
        "domain",
        KeyShape::Text,
        Scope::Check,
        "a mail domain, or an email address in it, to check instead of a server",
    ),
    key("tags", KeyShape::List, Scope::Added, "words for --only"),
    key(
        "needs",
        KeyShape::List,
        Scope::Added,
        "requirements for this machine: egress:25, ipv4, ipv6 or env:NAME; if one of them is not met, the check is skipped",
    ),
    key("expect", KeyShape::List, Scope::Added, "the expectations, such as rcpt.class == 5"),
    key("port", KeyShape::NumberOrText, Scope::Both, "the port, if the target has none"),
    key("tls", KeyShape::Text, Scope::Both, "auto, starttls, implicit or none"),
    key("from", KeyShape::Text, Scope::Both, "the sender of MAIL FROM; <> is the null sender"),
    key("to", KeyShape::List, Scope::Both, "the recipients of RCPT TO; smtpcheck never sends a message"),
    key("user", KeyShape::Text, Scope::Both, "the user name to log in with"),
    key("password-command", KeyShape::Text, Scope::Both, "a command that prints the password"),
    key("password-file", KeyShape::Text, Scope::Both, "a file with the password"),
    key("password-env", KeyShape::Text, Scope::Both, "the name of an environment variable that contains the password"),
    key("token-command", KeyShape::Text, Scope::Both, "a command that prints an OAuth access token"),
    key(
        "password",
        KeyShape::Text,
        Scope::Both,
        "the password itself; only the owner may have access to a file that contains it",
    ),
    key("auth", KeyShape::Text, Scope::Both, "the SASL mechanisms to use, separated by commas, in order of preference"),
    key("authzid", KeyShape::Text, Scope::Both, "the authorization identity: the user to act as"),
    key("try-all-mechanisms", KeyShape::Switch, Scope::Both, "if the login is rejected, try the next mechanism"),
    key("allow-plaintext-auth", KeyShape::Switch, Scope::Both, "send the password even over an unencrypted connection"),
    key("ehlo", KeyShape::Text, Scope::Both, "the client name to send in EHLO"),
    key(
        "quit-after",
        KeyShape::Text,
        Scope::Both,
        "the last phase: connect, greeting, ehlo, starttls, auth, mail, rcpt",
    ),
    key("sni", KeyShape::Text, Scope::Both, "the server name to send as SNI and to expect in the certificate"),
    key("cacert", KeyShape::Text, Scope::Both, "a PEM file with the CA certificates to trust instead of the system's"),
    key("cert", KeyShape::Text, Scope::Both, "a PEM file with the client certificate and its chain"),
    key("key", KeyShape::Text, Scope::Both, "a PEM file with the client certificate's private key"),
    key(
        "cert-days",
        KeyShape::NumberOrText,
        Scope::Both,
        "report a warning, or an error, if the certificate expires within this many days: WARN[,ERROR]",
    ),
    key("tls-min", KeyShape::NumberOrText, Scope::Both, "the lowest TLS version to offer, 1.2 or 1.3"),
    key(
        "tls-scan",
        KeyShape::SwitchOrText,
        Scope::Both,
        "find the TLS versions, weak cipher suites, groups and certificates that the server accepts; \"full\" lists all suites and groups",
    ),
    key(
        "tls-profile",
        KeyShape::Text,
        Scope::Both,
        "the published TLS profile to compare the server with (see smtpcheck --help)",
    ),
    key("probe", KeyShape::List, Scope::Both, "intrusive probes to run"),
    key(
        "insecure",
        KeyShape::Switch,
        Scope::Both,
        "accept any certificate, and send the password even if the certificate is not trusted",
    ),
    key("sending", KeyShape::List, Scope::Both, "the IP addresses that send mail for the domain"),
    key("from-host", KeyShape::Text, Scope::Both, "the EHLO name of the server that sends mail for the domain"),
    key("dkim-selector", KeyShape::List, Scope::Both, "the DKIM selectors to check"),
    key("list", KeyShape::List, Scope::Both, "the DNS blocklists to query, or none"),
    key("relay-recipient", KeyShape::Text, Scope::Both, "a recipient in another domain, for the relay test"),
    key("trust-anchor", KeyShape::Text, Scope::Both, "a file with the trust anchor for DNSSEC"),
    key("dns-port", KeyShape::NumberOrText, Scope::Both, "the port of authoritative name servers"),
    key("https-port", KeyShape::NumberOrText, Scope::Both, "the port of the web server with the MTA-STS policy"),
    key("ipv4", KeyShape::Switch, Scope::Both, "use IPv4 only"),
    key("ipv6", KeyShape::Switch, Scope::Both, "use IPv6 only"),
    key(
        "resolve",
        KeyShape::List,
        Scope::Both,
        "HOST:PORT:ADDR[,ADDR]: use ADDR instead of a DNS lookup for connections to HOST:PORT",
    ),
    key("resolver", KeyShape::Text, Scope::Both, "the DNS server to use instead of the system's resolver"),
    key(
        "interface",
        KeyShape::Text,
        Scope::Both,
        "the IP address or network interface of this machine to connect from",
    ),
    key("local-port", KeyShape::NumberOrText, Scope::Both, "the local port to connect from, or a range of ports"),
    key(
        "haproxy-protocol",
        KeyShape::Text,
        Scope::Both,
        "the version of the PROXY header to send at the start of each connection: v1 or v2",
    ),
    key("haproxy-clientip", KeyShape::Text, Scope::Both, "the IP address of the client in the PROXY header"),
    key("esmtp", KeyShape::Text, Scope::Both, "auto (EHLO, then HELO), always (EHLO only) or never (HELO only)"),
    key(
        "xclient",
        KeyShape::List,
        Scope::Both,
        "ATTR=VALUE: the attributes of another client that are sent with XCLIENT",
    ),
    key(
        "xforward",
        KeyShape::List,
        Scope::Both,
        "ATTR=VALUE: the attributes of another client that are sent with XFORWARD",
    ),
    key("mail-parameter", KeyShape::List, Scope::Both, "NAME[=VALUE]: parameters to add to MAIL FROM"),
    key("rcpt-parameter", KeyShape::List, Scope::Both, "NAME[=VALUE]: parameters to add to RCPT TO"),
    key("force-parameters", KeyShape::Switch, Scope::Both, "also send parameters whose extension is not advertised"),
    key("proxy", KeyShape::Text, Scope::Both, "the URL of the proxy to connect through, without a password"),
    key("noproxy", KeyShape::Text, Scope::Both, "the hosts to connect to without a proxy, separated by commas"),
    key("proxy-user", KeyShape::Text, Scope::Both, "the user name for the proxy"),
    key("proxy-password-file", KeyShape::Text, Scope::Both, "a file with the password for the proxy"),
    key("proxy-password-command", KeyShape::Text, Scope::Both, "a command that prints the password for the proxy"),
    key("proxy-netrc", KeyShape::Switch, Scope::Both, "read the password for the proxy from ~/.netrc"),
    key("connect-timeout", KeyShape::Text, Scope::Both, "the time limit for connecting, including the DNS lookup"),
    key("timeout", KeyShape::Text, Scope::Both, "the time limit for each reply"),
    key("max-time", KeyShape::Text, Scope::Both, "the overall time limit"),
    key("every-address", KeyShape::Switch, Scope::Both, "check every IP address of the host"),
    key(
        "max-connections",
        KeyShape::NumberOrText,
        Scope::Both,
        "the maximum number of connections, including follow-up probes",
    ),
    key("fail-on", KeyShape::Text, Scope::Both, "error, warning, notice or never"),
    key("ignore", KeyShape::List, Scope::Both, "rules whose findings do not affect the exit code"),
    key("retry", KeyShape::NumberOrText, Scope::Both, "the maximum number of retries on exit code 3 or 4"),
    key("wait", KeyShape::Text, Scope::Both, "the time over which the retries are spread"),
];
