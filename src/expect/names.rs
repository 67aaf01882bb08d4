//! The closed list of names that an expectation can speak of: where each stands in the JSON report, its type, and whose
//! refusal it can name. `docs/expectations.md` shows this list, and a test holds it to it.

use serde_json::Value;

/// One name.
#[derive(Debug)]
pub struct Name {
    /// As it is written; `[N]` stands for a number from 0.
    pub name: &'static str,
    /// What can be done with it.
    pub kind: ValueType,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Where it stands in the report.
    view: ReportView,
    pub(super) needs: RequiredPhase,
    pub(super) refusal: Refusal,
}

/// The type of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
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

impl ValueType {
    /// The word for it in messages and in the documentation.
    pub fn word(self) -> &'static str {
        match self {
            ValueType::Number => "a number",
            ValueType::Text => "a text",
            ValueType::Fact => "true or false",
            ValueType::Version => "a version",
            ValueType::Moment => "a date",
            ValueType::Word(_) => "a word",
            ValueType::Names | ValueType::Keywords | ValueType::Rules => "a list",
        }
    }
}

/// Where a name stands in the report.
#[derive(Clone, Copy, Debug)]
enum ReportView {
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
pub(super) enum RequiredPhase {
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
        good: SuccessTest,
    },
    /// That of the whole check.
    Exit {
        good: SuccessTest,
    },
    /// That of each rule it names.
    Rules,
}

/// What success looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum SuccessTest {
    Codes,
    Classes,
    Statuses,
    Accepted,
    ExitCode,
    ExitName,
    Pass,
    NotRetryable,
}

impl SuccessTest {
    pub(super) fn values(self) -> Vec<Value> {
        match self {
            SuccessTest::Codes => (200..400).map(Value::from).collect(),
            SuccessTest::Classes => vec![2.into(), 3.into()],
            // No status of success begins with 4 or 5, whatever follows.
            SuccessTest::Statuses => vec!["2.0.0".into(), "2.1.0".into(), "2.1.5".into(), "2.7.0".into()],
            SuccessTest::Accepted => vec!["accepted".into()],
            SuccessTest::ExitCode => vec![0.into()],
            SuccessTest::ExitName => vec!["ok".into()],
            SuccessTest::Pass => vec!["pass".into()],
            SuccessTest::NotRetryable => vec![false.into()],
        }
    }
}

impl Name {
    /// What stands there: one value, or one for each recipient. Null did not get that far.
    pub(super) fn read(&self, report: &Value, index: usize) -> Vec<Value> {
        match self.view {
            ReportView::At(pointer) => at(report, pointer, index),
            ReportView::Class(pointer) => {
                let class = |code: Value| code.as_u64().map_or(Value::Null, |code| (code / 100).into());
                at(report, pointer, index).into_iter().map(class).collect()
            }
            ReportView::Lines(pointer) => at(report, pointer, index).into_iter().map(joined).collect(),
            ReportView::Phase(name) => vec![phase(report, name)],
            ReportView::Mechanisms => {
                let inside = report.pointer("/auth/offered_after_tls").filter(|list| !list.is_null());
                let offered = inside.or_else(|| report.pointer("/auth/offered_before_tls"));
                vec![offered.cloned().unwrap_or_default()]
            }
            ReportView::Rules => {
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

const fn plain(name: &'static str, kind: ValueType, pointer: &'static str, about: &'static str) -> Name {
    Name { name, kind, about, view: ReportView::At(pointer), needs: RequiredPhase::Nothing, refusal: Refusal::None }
}

const fn phase_ms(name: &'static str, step: &'static str, about: &'static str) -> Name {
    Name {
        name,
        kind: ValueType::Number,
        about,
        view: ReportView::Phase(step),
        needs: RequiredPhase::Nothing,
        refusal: Refusal::None,
    }
}

/// The four names about one reply: its code, the code's first digit, its status, its words.
macro_rules! reply {
    ($code:literal, $class:literal, $enhanced:literal, $text:literal, $at:literal, $event:ident, $needs:ident, $whose:literal) => {
        [
            Name {
                name: $code,
                kind: ValueType::Number,
                about: concat!("the reply code ", $whose),
                view: ReportView::At(concat!($at, "/code")),
                needs: RequiredPhase::$needs,
                refusal: Refusal::Reply { event: $event, good: SuccessTest::Codes },
            },
            Name {
                name: $class,
                kind: ValueType::Number,
                about: concat!("the first digit of the reply code ", $whose),
                view: ReportView::Class(concat!($at, "/code")),
                needs: RequiredPhase::$needs,
                refusal: Refusal::Reply { event: $event, good: SuccessTest::Classes },
            },
            Name {
                name: $enhanced,
                kind: ValueType::Text,
                about: concat!("the enhanced status ", $whose, ", such as 5.7.1"),
                view: ReportView::At(concat!($at, "/enhanced")),
                needs: RequiredPhase::$needs,
                refusal: Refusal::Reply { event: $event, good: SuccessTest::Statuses },
            },
            Name {
                name: $text,
                kind: ValueType::Text,
                about: concat!("the words of the reply ", $whose),
                view: ReportView::Lines(concat!($at, "/text")),
                needs: RequiredPhase::$needs,
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
            kind: ValueType::Number,
            about: "the exit code, as it would be without expectations",
            view: ReportView::At("/exit/code"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Exit { good: SuccessTest::ExitCode },
        },
        Name {
            name: "exit.name",
            kind: ValueType::Word(EXITS),
            about: "its name",
            view: ReportView::At("/exit/name"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Exit { good: SuccessTest::ExitName },
        },
        Name {
            name: "exit.retryable",
            kind: ValueType::Fact,
            about: "whether the same may work later",
            view: ReportView::At("/exit/retryable"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Exit { good: SuccessTest::NotRetryable },
        },
        Name {
            name: "verdict",
            kind: ValueType::Word(VERDICTS),
            about: "the result, as it would be without expectations",
            view: ReportView::At("/verdict"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Exit { good: SuccessTest::Pass },
        },
        plain("complete", ValueType::Fact, "/complete", "whether the check came to its own end"),
        Name {
            name: "findings",
            kind: ValueType::Rules,
            about: "the rules that fired, by id (`smtpcheck explain --list`)",
            view: ReportView::Rules,
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Rules,
        },
    ],
    &[
        plain("target.host", ValueType::Text, "/target/host", "the host"),
        plain("target.port", ValueType::Number, "/target/port", "the port"),
        plain("target.tls_mode", ValueType::Word(TLS_MODES), "/target/tls_mode", "what was done about TLS"),
    ],
    &[
        Name {
            name: "greeting.code",
            kind: ValueType::Number,
            about: "the reply code of the greeting",
            view: ReportView::At("/greeting/code"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Reply { event: GREETING, good: SuccessTest::Codes },
        },
        Name {
            name: "greeting.class",
            kind: ValueType::Number,
            about: "its first digit",
            view: ReportView::Class("/greeting/code"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Reply { event: GREETING, good: SuccessTest::Classes },
        },
        Name {
            name: "greeting.text",
            kind: ValueType::Text,
            about: "its words",
            view: ReportView::Lines("/greeting/text"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::None,
        },
    ],
    &[
        plain(
            "capabilities.before_tls",
            ValueType::Keywords,
            "/capabilities/before_tls",
            "what EHLO offers before TLS",
        ),
        plain("capabilities.after_tls", ValueType::Keywords, "/capabilities/after_tls", "what EHLO offers inside TLS"),
    ],
    &[
        plain("tls.version", ValueType::Version, "/tls/version", "the version that was agreed, 1.2 or 1.3"),
        plain("tls.cipher", ValueType::Text, "/tls/cipher", "the cipher suite, by its IANA name"),
        plain("tls.group", ValueType::Text, "/tls/group", "the group of the key exchange, such as X25519"),
        plain("tls.signature", ValueType::Text, "/tls/signature", "the scheme by which the server signed"),
        plain("tls.alpn", ValueType::Text, "/tls/alpn", "the protocol that ALPN agreed"),
        plain("tls.kind", ValueType::Word(TLS_KINDS), "/tls/kind", "how the handshake went"),
        plain("tls.sni", ValueType::Text, "/tls/sni", "the name that was asked for"),
        plain("tls.ms", ValueType::Number, "/tls/ms", "milliseconds of the handshake"),
        plain(
            "tls.verifies",
            ValueType::Fact,
            "/tls/verifies",
            "whether the certificate is trusted, named, in date and signed",
        ),
        plain(
            "tls.trusted",
            ValueType::Fact,
            "/tls/trusted",
            "whether the chain leads to an authority that is trusted",
        ),
        plain("tls.name_match", ValueType::Fact, "/tls/name_match", "whether the certificate names the host"),
        plain("tls.tickets", ValueType::Number, "/tls/tickets", "how many times the session could be resumed"),
        plain(
            "tls.client_certificate_requested",
            ValueType::Fact,
            "/tls/client_certificate_requested",
            "whether the server asked for a certificate",
        ),
        plain(
            "tls.client_certificate_sent",
            ValueType::Fact,
            "/tls/client_certificate_sent",
            "whether one was shown to it",
        ),
        plain("tls.not_after", ValueType::Moment, "/tls/not_after", "the last moment of the server's certificate"),
        plain("tls.days_left", ValueType::Number, "/tls/days_left", "whole days until then"),
        plain("tls.chain_length", ValueType::Number, "/tls/chain_length", "how many certificates were sent"),
        plain(
            "tls.chain[N].subject",
            ValueType::Text,
            "/tls/chain/{}/subject",
            "whose certificate it is; 0 is the server's",
        ),
        plain("tls.chain[N].issuer", ValueType::Text, "/tls/chain/{}/issuer", "who signed it"),
        plain("tls.chain[N].names", ValueType::Names, "/tls/chain/{}/names", "its host names and addresses"),
        plain("tls.chain[N].not_after", ValueType::Moment, "/tls/chain/{}/not_after", "its last moment"),
        plain("tls.chain[N].key", ValueType::Text, "/tls/chain/{}/key", "its key, such as EC P-256"),
        plain("tls.chain[N].key_bits", ValueType::Number, "/tls/chain/{}/key_bits", "the size of its key"),
        plain("tls.chain[N].sha256", ValueType::Text, "/tls/chain/{}/sha256", "its fingerprint"),
        plain("tls.chain[N].spki_sha256", ValueType::Text, "/tls/chain/{}/spki_sha256", "the fingerprint of its key"),
    ],
    &[
        plain(
            "certificate.days_left",
            ValueType::Number,
            "/tls/days_left",
            "whole days until the server's certificate ends",
        ),
        plain("certificate.not_after", ValueType::Moment, "/tls/not_after", "its last moment"),
        plain(
            "certificate.verifies",
            ValueType::Fact,
            "/tls/verifies",
            "whether it is trusted, named, in date and signed",
        ),
        plain(
            "certificate.trusted",
            ValueType::Fact,
            "/tls/trusted",
            "whether its chain leads to an authority that is trusted",
        ),
        plain("certificate.name_match", ValueType::Fact, "/tls/name_match", "whether it names the host"),
        plain("certificate.subject", ValueType::Text, "/tls/chain/0/subject", "its subject"),
        plain("certificate.issuer", ValueType::Text, "/tls/chain/0/issuer", "who signed it"),
        plain("certificate.names", ValueType::Names, "/tls/chain/0/names", "its host names and addresses"),
        plain("certificate.key", ValueType::Text, "/tls/chain/0/key", "its key, such as EC P-256"),
        plain("certificate.key_bits", ValueType::Number, "/tls/chain/0/key_bits", "the size of its key"),
        plain("certificate.self_signed", ValueType::Fact, "/tls/chain/0/self_signed", "whether its own key signed it"),
        plain("certificate.sha256", ValueType::Text, "/tls/chain/0/sha256", "its fingerprint"),
        plain("certificate.spki_sha256", ValueType::Text, "/tls/chain/0/spki_sha256", "the fingerprint of its key"),
    ],
    &[
        Name {
            name: "auth.mechanisms",
            kind: ValueType::Names,
            about: "the login mechanisms that are offered: inside TLS, or without TLS on a line that has none",
            view: ReportView::Mechanisms,
            needs: RequiredPhase::Nothing,
            refusal: Refusal::None,
        },
        plain(
            "auth.offered_before_tls",
            ValueType::Names,
            "/auth/offered_before_tls",
            "those that are offered before TLS",
        ),
        plain(
            "auth.offered_after_tls",
            ValueType::Names,
            "/auth/offered_after_tls",
            "those that are offered inside TLS",
        ),
        Name {
            name: "auth.mechanism",
            kind: ValueType::Text,
            about: "the mechanism that was tried",
            view: ReportView::At("/auth/mechanism"),
            needs: RequiredPhase::Login,
            refusal: Refusal::None,
        },
        Name {
            name: "auth.outcome",
            kind: ValueType::Word(AUTH_OUTCOMES),
            about: "what came of the login",
            view: ReportView::At("/auth/outcome"),
            needs: RequiredPhase::Nothing,
            refusal: Refusal::Reply { event: AUTH, good: SuccessTest::Accepted },
        },
        Name {
            name: "auth.code",
            kind: ValueType::Number,
            about: "the reply code of the login",
            view: ReportView::At("/auth/code"),
            needs: RequiredPhase::Login,
            refusal: Refusal::Reply { event: AUTH, good: SuccessTest::Codes },
        },
        Name {
            name: "auth.class",
            kind: ValueType::Number,
            about: "its first digit",
            view: ReportView::Class("/auth/code"),
            needs: RequiredPhase::Login,
            refusal: Refusal::Reply { event: AUTH, good: SuccessTest::Classes },
        },
        Name {
            name: "auth.enhanced",
            kind: ValueType::Text,
            about: "the enhanced status of the login, such as 5.7.8",
            view: ReportView::At("/auth/enhanced"),
            needs: RequiredPhase::Login,
            refusal: Refusal::Reply { event: AUTH, good: SuccessTest::Statuses },
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
        plain("timing.total_ms", ValueType::Number, "/total_ms", "milliseconds of the whole check"),
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
        plain("total_ms", ValueType::Number, "/total_ms", "the same as timing.total_ms"),
    ],
];

/// Every name in one row.
pub(super) fn all() -> impl Iterator<Item = &'static Name> {
    NAMES.iter().flat_map(|group| group.iter())
}
