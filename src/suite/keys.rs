//! The closed list of keys of a check, and of `[defaults]`. Most are flags of `smtpcheck check` under the same name.
//! `schema/suite.json` and `docs/suite.md` are held to this list by tests.

/// One key.
#[derive(Debug)]
pub struct SuiteKey {
    /// As it is written.
    pub name: &'static str,
    /// What may stand there.
    pub shape: KeyShape,
    /// Whether `[defaults]` may have it too.
    pub scope: Scope,
    /// What it is, in a few words.
    pub about: &'static str,
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyShape {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A number, or a text with one.
    NumberOrText,
    /// true or false.
    Switch,
    /// true, false, or a text that says how much.
    SwitchOrText,
    /// A list of texts, or one text.
    List,
}

/// Where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a check only.
    Check,
    /// In `[defaults]` too; a check's own value counts in its place.
    Both,
    /// In `[defaults]` too; a check adds its own to them.
    Added,
}

/// Keys that are flags of a check under the same name.
pub(super) fn is_flag(name: &str) -> bool {
    !OWN.contains(&name)
}

/// Keys that are read here.
const OWN: [&str; 10] = [
    "name",
    "target",
    "tags",
    "needs",
    "expect",
    "password",
    "password-command",
    "password-file",
    "password-env",
    "token-command",
];

/// Of these a check has one at most: its own, else that of `[defaults]`.
pub(super) const SECRETS: [&str; 5] =
    ["password", "password-command", "password-file", "password-env", "token-command"];

/// Keys whose value is a path, from the folder of the suite's file.
pub(super) const PATHS: [&str; 4] = ["cacert", "cert", "key", "password-file"];

const fn key(name: &'static str, shape: KeyShape, scope: Scope, about: &'static str) -> SuiteKey {
    SuiteKey { name, shape, scope, about }
}

/// Every key.
pub static KEYS: &[SuiteKey] = &[
    key("name", KeyShape::Text, Scope::Check, "what the check is called in every output; unique"),
    key("target", KeyShape::Text, Scope::Both, "host, host:port, smtp://host:port or smtps://host:port"),
    key("tags", KeyShape::List, Scope::Added, "words for --only"),
    key(
        "needs",
        KeyShape::List,
        Scope::Added,
        "what this machine must have: egress:25, ipv4, ipv6, env:NAME; else it is skipped",
    ),
    key("expect", KeyShape::List, Scope::Added, "what must hold, see expectations"),
    key("port", KeyShape::NumberOrText, Scope::Both, "the port, if the target has none"),
    key("tls", KeyShape::Text, Scope::Both, "auto, starttls, implicit or none"),
    key("from", KeyShape::Text, Scope::Both, "the sender of MAIL FROM; <> is the null sender"),
    key("to", KeyShape::List, Scope::Both, "the recipients of RCPT TO; no message is ever sent"),
    key("user", KeyShape::Text, Scope::Both, "who logs in"),
    key("password-command", KeyShape::Text, Scope::Both, "a command that prints the password"),
    key("password-file", KeyShape::Text, Scope::Both, "a file with the password"),
    key("password-env", KeyShape::Text, Scope::Both, "the name of a variable with the password"),
    key("token-command", KeyShape::Text, Scope::Both, "a command that prints an OAuth access token"),
    key(
        "password",
        KeyShape::Text,
        Scope::Both,
        "the password itself; the file must then be readable by its owner alone",
    ),
    key("auth", KeyShape::Text, Scope::Both, "the mechanisms to use, with commas between"),
    key("authzid", KeyShape::Text, Scope::Both, "as whom to act"),
    key("try-all-mechanisms", KeyShape::Switch, Scope::Both, "after a refusal try the next mechanism"),
    key("allow-plaintext-auth", KeyShape::Switch, Scope::Both, "send the password over a line that is not encrypted"),
    key("ehlo", KeyShape::Text, Scope::Both, "the name to announce"),
    key("quit-after", KeyShape::Text, Scope::Both, "the last step: connect, banner, ehlo, starttls, auth, mail, rcpt"),
    key("sni", KeyShape::Text, Scope::Both, "the name to ask for and to expect in the certificate"),
    key("cacert", KeyShape::Text, Scope::Both, "a PEM file with the authorities to trust"),
    key("cert", KeyShape::Text, Scope::Both, "a PEM file with a certificate to show"),
    key("key", KeyShape::Text, Scope::Both, "its key"),
    key(
        "cert-days",
        KeyShape::NumberOrText,
        Scope::Both,
        "days before a certificate's end that are a warning, and an error",
    ),
    key("tls-min", KeyShape::NumberOrText, Scope::Both, "the lowest version to offer, 1.2 or 1.3"),
    key(
        "tls-scan",
        KeyShape::SwitchOrText,
        Scope::Both,
        "look for versions, weak suites, groups and certificates that the server accepts; \"full\" lists all suites",
    ),
    key("tls-profile", KeyShape::Text, Scope::Both, "a published profile to compare with, see --help"),
    key("probe", KeyShape::List, Scope::Both, "intrusive probes to run"),
    key("insecure", KeyShape::Switch, Scope::Both, "accept any certificate, and send it the password too"),
    key("ipv4", KeyShape::Switch, Scope::Both, "use IPv4 only"),
    key("ipv6", KeyShape::Switch, Scope::Both, "use IPv6 only"),
    key("resolve", KeyShape::List, Scope::Both, "HOST:PORT:ADDR[,ADDR], addresses for a host"),
    key("resolver", KeyShape::Text, Scope::Both, "the resolver to ask"),
    key("connect-timeout", KeyShape::Text, Scope::Both, "time to connect"),
    key("timeout", KeyShape::Text, Scope::Both, "time for one reply"),
    key("max-time", KeyShape::Text, Scope::Both, "time for everything"),
    key("max-connections", KeyShape::NumberOrText, Scope::Both, "connections, follow-ups included"),
    key("fail-on", KeyShape::Text, Scope::Both, "error, warning, notice or never"),
    key("ignore", KeyShape::List, Scope::Both, "rules that do not count"),
    key("retry", KeyShape::NumberOrText, Scope::Both, "further tries after exit 3 or 4"),
    key("wait", KeyShape::Text, Scope::Both, "the time over which they are spread"),
];
