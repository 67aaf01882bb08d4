//! The closed list of names that an expectation can speak of: where each stands in the JSON report, its type, and whose
//! refusal it can name. `docs/expectations.md` shows this list, and a test holds it to it.

use serde_json::Value;

/// One name.
#[derive(Debug)]
pub struct Name {
    /// As it is written; `[N]` stands for a number from 0.
    pub name: &'static str,
    /// What can be done with it.
    pub kind: Kind,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Where it stands in the report.
    view: View,
    pub(super) needs: Needs,
    pub(super) refusal: Refusal,
}

/// The type of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A text.
    Text,
    /// true or false.
    Fact,
    /// Numbers with a point between, such as 1.2.
    Version,
    /// A moment or a date.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of names, whose case does not matter.
    Names,
    /// A list of EHLO lines, known by their keyword.
    Keywords,
    /// A list of ids of rules.
    Rules,
}

impl Kind {
    /// The word for it in messages and in the documentation.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Text => "a text",
            Kind::Fact => "true or false",
            Kind::Version => "a version",
            Kind::Moment => "a date",
            Kind::Word(_) => "a word",
            Kind::Names | Kind::Keywords | Kind::Rules => "a list",
        }
    }
}

/// Where a name stands in the report.
#[derive(Clone, Copy, Debug)]
enum View {
    /// At this pointer, `{}` being the number in brackets.
    At(&'static str),
    /// The first digit of the reply code there.
    Class(&'static str),
    /// The lines there, as one text.
    Lines(&'static str),
    /// The milliseconds of a step.
    Phase(&'static str),
    /// The mechanisms that are offered where a login would be made.
    Mechanisms,
    /// The ids of the findings.
    Rules,
}

/// What a plan must ask for, so that there can be an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needs {
    Nothing,
    Login,
    Sender,
    Recipient,
}

/// Whose failure an expectation about a name can expect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    None,
    /// That of a reply, whose number in the transcript stands there.
    Reply {
        event: &'static str,
        good: Good,
    },
    /// That of the whole check.
    Exit {
        good: Good,
    },
    /// That of each rule it names.
    Rules,
}

/// What success looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Good {
    Codes,
    Classes,
    Statuses,
    Accepted,
    ExitCode,
    ExitName,
    Pass,
    NotRetryable,
}

impl Good {
    pub(super) fn values(self) -> Vec<Value> {
        match self {
            Good::Codes => (200..400).map(Value::from).collect(),
            Good::Classes => vec![2.into(), 3.into()],
            // No status of success begins with 4 or 5, whatever follows.
            Good::Statuses => vec!["2.0.0".into(), "2.1.0".into(), "2.1.5".into(), "2.7.0".into()],
            Good::Accepted => vec!["accepted".into()],
            Good::ExitCode => vec![0.into()],
            Good::ExitName => vec!["ok".into()],
            Good::Pass => vec!["pass".into()],
            Good::NotRetryable => vec![false.into()],
        }
    }
}

impl Name {
    /// What stands there: one value, or one for each recipient. Null did not get that far.
    pub(super) fn read(&self, report: &Value, index: usize) -> Vec<Value> {
        match self.view {
            View::At(pointer) => at(report, pointer, index),
            View::Class(pointer) => {
                let class = |code: Value| code.as_u64().map_or(Value::Null, |code| (code / 100).into());
                at(report, pointer, index).into_iter().map(class).collect()
            }
            View::Lines(pointer) => at(report, pointer, index).into_iter().map(joined).collect(),
            View::Phase(name) => vec![phase(report, name)],
            View::Mechanisms => {
                let inside = report.pointer("/auth/offered_after_tls").filter(|list| !list.is_null());
                let offered = inside.or_else(|| report.pointer("/auth/offered_before_tls"));
                vec![offered.cloned().unwrap_or_default()]
            }
            View::Rules => {
                let findings = report.pointer("/findings").and_then(Value::as_array).map(Vec::as_slice);
                let rules = findings.unwrap_or_default().iter().filter_map(|finding| finding.get("rule").cloned());
                vec![Value::Array(rules.collect())]
            }
        }
    }
}

/// What stands at a pointer. `*` stands for each of a list: of an empty one, or of none, there is one null.
pub(super) fn at(report: &Value, pointer: &str, index: usize) -> Vec<Value> {
    let Some((list, rest)) = pointer.split_once("/*") else {
        let pointer = pointer.replace("{}", &index.to_string());
        return vec![report.pointer(&pointer).cloned().unwrap_or_default()];
    };
    let each = report.pointer(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if each.is_empty() {
        return vec![Value::Null];
    }
    each.iter().map(|one| one.pointer(rest).cloned().unwrap_or_default()).collect()
}

fn joined(lines: Value) -> Value {
    match lines {
        Value::Array(lines) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            lines.join(" ").into()
        }
        other => other,
    }
}

fn phase(report: &Value, name: &str) -> Value {
    let phases = report.pointer("/phases").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let found = phases.iter().find(|phase| phase.get("name").and_then(Value::as_str) == Some(name));
    found.and_then(|phase| phase.get("ms")).cloned().unwrap_or_default()
}

const EXITS: &[&str] = &[
    "ok",
    "findings",
    "unreachable",
    "refused_temporary",
    "refused_permanent",
    "tls",
    "auth",
    "protocol",
    "incomplete",
    "interrupted",
];
const VERDICTS: &[&str] = &["pass", "fail", "incomplete"];
const AUTH_OUTCOMES: &[&str] = &["not-tried", "not-reached", "withheld", "accepted", "refused", "unfinished"];
const TLS_MODES: &[&str] = &["implicit", "required", "if-offered", "never"];
const TLS_KINDS: &[&str] = &["full", "full-with-retry", "resumed"];

const GREETING: &str = "/greeting/event";
const AUTH: &str = "/auth/event";
const SENDER: &str = "/envelope/from/event";
const RECIPIENT: &str = "/envelope/recipients/{}/event";
const RECIPIENTS: &str = "/envelope/recipients/*/event";

const fn plain(name: &'static str, kind: Kind, pointer: &'static str, about: &'static str) -> Name {
    Name { name, kind, about, view: View::At(pointer), needs: Needs::Nothing, refusal: Refusal::None }
}

const fn phase_ms(name: &'static str, step: &'static str, about: &'static str) -> Name {
    Name { name, kind: Kind::Number, about, view: View::Phase(step), needs: Needs::Nothing, refusal: Refusal::None }
}

/// The four names about one reply: its code, the code's first digit, its status, its words.
macro_rules! reply {
    ($code:literal, $class:literal, $enhanced:literal, $text:literal, $at:literal, $event:ident, $needs:ident, $whose:literal) => {
        [
            Name {
                name: $code,
                kind: Kind::Number,
                about: concat!("the reply code ", $whose),
                view: View::At(concat!($at, "/code")),
                needs: Needs::$needs,
                refusal: Refusal::Reply { event: $event, good: Good::Codes },
            },
            Name {
                name: $class,
                kind: Kind::Number,
                about: concat!("the first digit of the reply code ", $whose),
                view: View::Class(concat!($at, "/code")),
                needs: Needs::$needs,
                refusal: Refusal::Reply { event: $event, good: Good::Classes },
            },
            Name {
                name: $enhanced,
                kind: Kind::Text,
                about: concat!("the enhanced status ", $whose, ", such as 5.7.1"),
                view: View::At(concat!($at, "/enhanced")),
                needs: Needs::$needs,
                refusal: Refusal::Reply { event: $event, good: Good::Statuses },
            },
            Name {
                name: $text,
                kind: Kind::Text,
                about: concat!("the words of the reply ", $whose),
                view: View::Lines(concat!($at, "/text")),
                needs: Needs::$needs,
                refusal: Refusal::None,
            },
        ]
    };
}

/// Every name, by subject.
pub static NAMES: &[&[Name]] = &[
    &[
        Name {
            name: "exit.code",
            kind: Kind::Number,
            about: "the exit code, as it would be without expectations",
            view: View::At("/exit/code"),
            needs: Needs::Nothing,
            refusal: Refusal::Exit { good: Good::ExitCode },
        },
        Name {
            name: "exit.name",
            kind: Kind::Word(EXITS),
            about: "its name",
            view: View::At("/exit/name"),
            needs: Needs::Nothing,
            refusal: Refusal::Exit { good: Good::ExitName },
        },
        Name {
            name: "exit.retryable",
            kind: Kind::Fact,
            about: "whether the same may work later",
            view: View::At("/exit/retryable"),
            needs: Needs::Nothing,
            refusal: Refusal::Exit { good: Good::NotRetryable },
        },
        Name {
            name: "verdict",
            kind: Kind::Word(VERDICTS),
            about: "the result, as it would be without expectations",
            view: View::At("/verdict"),
            needs: Needs::Nothing,
            refusal: Refusal::Exit { good: Good::Pass },
        },
        plain("complete", Kind::Fact, "/complete", "whether the check came to its own end"),
        Name {
            name: "findings",
            kind: Kind::Rules,
            about: "the rules that fired, by id (`smtpcheck explain --list`)",
            view: View::Rules,
            needs: Needs::Nothing,
            refusal: Refusal::Rules,
        },
    ],
    &[
        plain("target.host", Kind::Text, "/target/host", "the host"),
        plain("target.port", Kind::Number, "/target/port", "the port"),
        plain("target.tls_mode", Kind::Word(TLS_MODES), "/target/tls_mode", "what was done about TLS"),
    ],
    &[
        Name {
            name: "greeting.code",
            kind: Kind::Number,
            about: "the reply code of the greeting",
            view: View::At("/greeting/code"),
            needs: Needs::Nothing,
            refusal: Refusal::Reply { event: GREETING, good: Good::Codes },
        },
        Name {
            name: "greeting.class",
            kind: Kind::Number,
            about: "its first digit",
            view: View::Class("/greeting/code"),
            needs: Needs::Nothing,
            refusal: Refusal::Reply { event: GREETING, good: Good::Classes },
        },
        Name {
            name: "greeting.text",
            kind: Kind::Text,
            about: "its words",
            view: View::Lines("/greeting/text"),
            needs: Needs::Nothing,
            refusal: Refusal::None,
        },
    ],
    &[
        plain("capabilities.before_tls", Kind::Keywords, "/capabilities/before_tls", "what EHLO offers before TLS"),
        plain("capabilities.after_tls", Kind::Keywords, "/capabilities/after_tls", "what EHLO offers inside TLS"),
    ],
    &[
        plain("tls.version", Kind::Version, "/tls/version", "the version that was agreed, 1.2 or 1.3"),
        plain("tls.cipher", Kind::Text, "/tls/cipher", "the cipher suite, by its IANA name"),
        plain("tls.group", Kind::Text, "/tls/group", "the group of the key exchange, such as X25519"),
        plain("tls.signature", Kind::Text, "/tls/signature", "the scheme by which the server signed"),
        plain("tls.alpn", Kind::Text, "/tls/alpn", "the protocol that ALPN agreed"),
        plain("tls.kind", Kind::Word(TLS_KINDS), "/tls/kind", "how the handshake went"),
        plain("tls.sni", Kind::Text, "/tls/sni", "the name that was asked for"),
        plain("tls.ms", Kind::Number, "/tls/ms", "milliseconds of the handshake"),
        plain(
            "tls.verifies",
            Kind::Fact,
            "/tls/verifies",
            "whether the certificate is trusted, named, in date and signed",
        ),
        plain("tls.trusted", Kind::Fact, "/tls/trusted", "whether the chain leads to an authority that is trusted"),
        plain("tls.name_match", Kind::Fact, "/tls/name_match", "whether the certificate names the host"),
        plain("tls.tickets", Kind::Number, "/tls/tickets", "how many times the session could be resumed"),
        plain(
            "tls.client_certificate_requested",
            Kind::Fact,
            "/tls/client_certificate_requested",
            "whether the server asked for a certificate",
        ),
        plain("tls.client_certificate_sent", Kind::Fact, "/tls/client_certificate_sent", "whether one was shown to it"),
        plain("tls.not_after", Kind::Moment, "/tls/not_after", "the last moment of the server's certificate"),
        plain("tls.days_left", Kind::Number, "/tls/days_left", "whole days until then"),
        plain("tls.chain_length", Kind::Number, "/tls/chain_length", "how many certificates were sent"),
        plain(
            "tls.chain[N].subject",
            Kind::Text,
            "/tls/chain/{}/subject",
            "whose certificate it is; 0 is the server's",
        ),
        plain("tls.chain[N].issuer", Kind::Text, "/tls/chain/{}/issuer", "who signed it"),
        plain("tls.chain[N].names", Kind::Names, "/tls/chain/{}/names", "its host names and addresses"),
        plain("tls.chain[N].not_after", Kind::Moment, "/tls/chain/{}/not_after", "its last moment"),
        plain("tls.chain[N].key", Kind::Text, "/tls/chain/{}/key", "its key, such as EC P-256"),
        plain("tls.chain[N].key_bits", Kind::Number, "/tls/chain/{}/key_bits", "the size of its key"),
        plain("tls.chain[N].sha256", Kind::Text, "/tls/chain/{}/sha256", "its fingerprint"),
        plain("tls.chain[N].spki_sha256", Kind::Text, "/tls/chain/{}/spki_sha256", "the fingerprint of its key"),
    ],
    &[
        plain(
            "certificate.days_left",
            Kind::Number,
            "/tls/days_left",
            "whole days until the server's certificate ends",
        ),
        plain("certificate.not_after", Kind::Moment, "/tls/not_after", "its last moment"),
        plain("certificate.verifies", Kind::Fact, "/tls/verifies", "whether it is trusted, named, in date and signed"),
        plain(
            "certificate.trusted",
            Kind::Fact,
            "/tls/trusted",
            "whether its chain leads to an authority that is trusted",
        ),
        plain("certificate.name_match", Kind::Fact, "/tls/name_match", "whether it names the host"),
        plain("certificate.subject", Kind::Text, "/tls/chain/0/subject", "its subject"),
        plain("certificate.issuer", Kind::Text, "/tls/chain/0/issuer", "who signed it"),
        plain("certificate.names", Kind::Names, "/tls/chain/0/names", "its host names and addresses"),
        plain("certificate.key", Kind::Text, "/tls/chain/0/key", "its key, such as EC P-256"),
        plain("certificate.key_bits", Kind::Number, "/tls/chain/0/key_bits", "the size of its key"),
        plain("certificate.self_signed", Kind::Fact, "/tls/chain/0/self_signed", "whether its own key signed it"),
        plain("certificate.sha256", Kind::Text, "/tls/chain/0/sha256", "its fingerprint"),
        plain("certificate.spki_sha256", Kind::Text, "/tls/chain/0/spki_sha256", "the fingerprint of its key"),
    ],
    &[
        Name {
            name: "auth.mechanisms",
            kind: Kind::Names,
            about: "the login mechanisms that are offered: inside TLS, or without TLS on a line that has none",
            view: View::Mechanisms,
            needs: Needs::Nothing,
            refusal: Refusal::None,
        },
        plain("auth.offered_before_tls", Kind::Names, "/auth/offered_before_tls", "those that are offered before TLS"),
        plain("auth.offered_after_tls", Kind::Names, "/auth/offered_after_tls", "those that are offered inside TLS"),
        Name {
            name: "auth.mechanism",
            kind: Kind::Text,
            about: "the mechanism that was tried",
            view: View::At("/auth/mechanism"),
            needs: Needs::Login,
            refusal: Refusal::None,
        },
        Name {
            name: "auth.outcome",
            kind: Kind::Word(AUTH_OUTCOMES),
            about: "what came of the login",
            view: View::At("/auth/outcome"),
            needs: Needs::Nothing,
            refusal: Refusal::Reply { event: AUTH, good: Good::Accepted },
        },
        Name {
            name: "auth.code",
            kind: Kind::Number,
            about: "the reply code of the login",
            view: View::At("/auth/code"),
            needs: Needs::Login,
            refusal: Refusal::Reply { event: AUTH, good: Good::Codes },
        },
        Name {
            name: "auth.class",
            kind: Kind::Number,
            about: "its first digit",
            view: View::Class("/auth/code"),
            needs: Needs::Login,
            refusal: Refusal::Reply { event: AUTH, good: Good::Classes },
        },
        Name {
            name: "auth.enhanced",
            kind: Kind::Text,
            about: "the enhanced status of the login, such as 5.7.8",
            view: View::At("/auth/enhanced"),
            needs: Needs::Login,
            refusal: Refusal::Reply { event: AUTH, good: Good::Statuses },
        },
    ],
    &reply!(
        "envelope.from.code",
        "envelope.from.class",
        "envelope.from.enhanced",
        "envelope.from.text",
        "/envelope/from",
        SENDER,
        Sender,
        "to MAIL FROM"
    ),
    &reply!(
        "envelope.recipients[N].code",
        "envelope.recipients[N].class",
        "envelope.recipients[N].enhanced",
        "envelope.recipients[N].text",
        "/envelope/recipients/{}",
        RECIPIENT,
        Recipient,
        "to one recipient, from 0"
    ),
    &reply!("mail.code", "mail.class", "mail.enhanced", "mail.text", "/envelope/from", SENDER, Sender, "to MAIL FROM"),
    &reply!(
        "rcpt.code",
        "rcpt.class",
        "rcpt.enhanced",
        "rcpt.text",
        "/envelope/recipients/*",
        RECIPIENTS,
        Recipient,
        "to RCPT TO; of several recipients it must hold for each"
    ),
    &[
        plain("timing.total_ms", Kind::Number, "/total_ms", "milliseconds of the whole check"),
        phase_ms("timing.dns_ms", "dns", "of the name look-up"),
        phase_ms("timing.connect_ms", "connect", "of connecting"),
        phase_ms("timing.greeting_ms", "greeting", "from there to the greeting"),
        phase_ms("timing.ehlo_ms", "ehlo", "of EHLO before TLS"),
        phase_ms("timing.starttls_ms", "starttls", "of STARTTLS"),
        phase_ms("timing.tls_ms", "tls", "of the handshake"),
        phase_ms("timing.ehlo_tls_ms", "ehlo-tls", "of EHLO inside TLS"),
        phase_ms("timing.auth_ms", "auth", "of the login"),
        phase_ms("timing.mail_ms", "mail", "of MAIL FROM"),
        phase_ms("timing.rcpt_ms", "rcpt", "of all RCPT TO"),
        plain("total_ms", Kind::Number, "/total_ms", "the same as timing.total_ms"),
    ],
];

/// Every name in one row.
pub(super) fn all() -> impl Iterator<Item = &'static Name> {
    NAMES.iter().flat_map(|group| group.iter())
}
