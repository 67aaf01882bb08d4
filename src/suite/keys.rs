//! The closed list of keys of a check, and of `[defaults]`. Most are flags of `smtpcheck check` under the same name.
//! `schema/suite.json` and `docs/suite.md` are held to this list by tests.

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether `[defaults]` may have it too.
    pub scope: Scope,
    /// What it is, in a few words.
    pub about: &'static str,
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
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

const fn key(name: &'static str, shape: Shape, scope: Scope, about: &'static str) -> Key {
    Key { name, shape, scope, about }
}

/// Every key.
pub static KEYS: &[Key] = &[
    key("name", Shape::Text, Scope::Check, "what the check is called in every output; unique"),
    key("target", Shape::Text, Scope::Both, "host, host:port, smtp://host:port or smtps://host:port"),
    key("tags", Shape::List, Scope::Added, "words for --only"),
    key(
        "needs",
        Shape::List,
        Scope::Added,
        "what this machine must have: egress:25, ipv4, ipv6, env:NAME; else it is skipped",
    ),
    key("expect", Shape::List, Scope::Added, "what must hold, see expectations"),
    key("port", Shape::NumberOrText, Scope::Both, "the port, if the target has none"),
    key("tls", Shape::Text, Scope::Both, "auto, starttls, implicit or none"),
    key("from", Shape::Text, Scope::Both, "the sender of MAIL FROM; <> is the null sender"),
    key("to", Shape::List, Scope::Both, "the recipients of RCPT TO; no message is ever sent"),
    key("user", Shape::Text, Scope::Both, "who logs in"),
    key("password-command", Shape::Text, Scope::Both, "a command that prints the password"),
    key("password-file", Shape::Text, Scope::Both, "a file with the password"),
    key("password-env", Shape::Text, Scope::Both, "the name of a variable with the password"),
    key("token-command", Shape::Text, Scope::Both, "a command that prints an OAuth access token"),
    key("password", Shape::Text, Scope::Both, "the password itself; the file must then be readable by its owner alone"),
    key("auth", Shape::Text, Scope::Both, "the mechanisms to use, with commas between"),
    key("authzid", Shape::Text, Scope::Both, "as whom to act"),
    key("try-all-mechanisms", Shape::Switch, Scope::Both, "after a refusal try the next mechanism"),
    key("allow-plaintext-auth", Shape::Switch, Scope::Both, "send the password over a line that is not encrypted"),
    key("ehlo", Shape::Text, Scope::Both, "the name to announce"),
    key("quit-after", Shape::Text, Scope::Both, "the last step: connect, banner, ehlo, starttls, auth, mail, rcpt"),
    key("sni", Shape::Text, Scope::Both, "the name to ask for and to expect in the certificate"),
    key("cacert", Shape::Text, Scope::Both, "a PEM file with the authorities to trust"),
    key("cert", Shape::Text, Scope::Both, "a PEM file with a certificate to show"),
    key("key", Shape::Text, Scope::Both, "its key"),
    key(
        "cert-days",
        Shape::NumberOrText,
        Scope::Both,
        "days before a certificate's end that are a warning, and an error",
    ),
    key("tls-min", Shape::NumberOrText, Scope::Both, "the lowest version to offer, 1.2 or 1.3"),
    key(
        "tls-scan",
        Shape::SwitchOrText,
        Scope::Both,
        "look for versions, weak suites, groups and certificates that the server accepts; \"full\" lists all suites",
    ),
    key("tls-profile", Shape::Text, Scope::Both, "a published profile to compare with, see --help"),
    key("probe", Shape::List, Scope::Both, "what a careful guest does not do unasked"),
    key("insecure", Shape::Switch, Scope::Both, "accept any certificate, and send it the password too"),
    key("ipv4", Shape::Switch, Scope::Both, "use IPv4 only"),
    key("ipv6", Shape::Switch, Scope::Both, "use IPv6 only"),
    key("resolve", Shape::List, Scope::Both, "HOST:PORT:ADDR[,ADDR], addresses for a host"),
    key("resolver", Shape::Text, Scope::Both, "the resolver to ask"),
    key("connect-timeout", Shape::Text, Scope::Both, "time to connect"),
    key("timeout", Shape::Text, Scope::Both, "time for one reply"),
    key("max-time", Shape::Text, Scope::Both, "time for everything"),
    key("max-connections", Shape::NumberOrText, Scope::Both, "connections, follow-ups included"),
    key("fail-on", Shape::Text, Scope::Both, "error, warning, notice or never"),
    key("ignore", Shape::List, Scope::Both, "rules that do not count"),
    key("retry", Shape::NumberOrText, Scope::Both, "further tries after exit 3 or 4"),
    key("wait", Shape::Text, Scope::Both, "the time over which they are spread"),
];
