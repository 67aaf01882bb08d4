//! The rows of the catalogue, grouped by subject, and the functions that read their values from a report.

use super::convert::{count, fact, list, missing, text, word};
use super::domain;
use super::{Field, FieldValue, Refusal, RequiredPhase, SuccessTest, Unit, ValueType};
use crate::evidence::{Certificate, EventId, Phase};
use crate::report::document::{
    AddressStatus, AnsweredCommand, Auth, CertificateDocument, Document, Greeting, TlsDocument,
};
use crate::wire::ReplyCode;

fn code(code: Option<ReplyCode>) -> FieldValue {
    count(code.map(ReplyCode::number))
}

fn class(code: Option<ReplyCode>) -> FieldValue {
    count(code.map(|code| code.number() / 100))
}

fn joined(lines: Option<&Vec<String>>) -> FieldValue {
    text(lines.map(|lines| lines.join(" ")))
}

fn phase_ms(report: &Document, phase: Phase) -> FieldValue {
    let found = report.phases.iter().find(|one| one.name == phase);
    missing(found.and_then(|one| one.ms), FieldValue::Number)
}

fn greeting(report: &Document) -> Option<&Greeting> {
    report.greeting.as_ref()
}

fn tls(report: &Document) -> Option<&TlsDocument> {
    report.tls.as_ref()
}

fn certificate(report: &Document) -> Option<&CertificateDocument> {
    report.certificate.as_ref()
}

fn chain(report: &Document, index: usize) -> Option<&Certificate> {
    certificate(report)?.chain.get(index)
}

fn auth(report: &Document) -> &Auth {
    &report.auth
}

fn mail(report: &Document) -> Option<&AnsweredCommand> {
    report.mail.as_ref()
}

/// One value for each recipient; a single missing value if there are no recipients.
fn each(report: &Document, value: fn(Option<&AnsweredCommand>) -> FieldValue) -> Vec<FieldValue> {
    match report.rcpt.as_slice() {
        [] => vec![FieldValue::Missing],
        all => all.iter().map(|one| value(Some(one))).collect(),
    }
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
const AUTH_OUTCOMES: &[&str] =
    &["not-tried", "not-reached", "withheld", "accepted", "refused", "unfinished", "unknown"];
const TLS_MODES: &[&str] = &["implicit", "required", "if-offered", "never"];
const TLS_KINDS: &[&str] = &["full", "full-with-retry", "resumed"];

/// A row whose value a function reads.
macro_rules! field {
    ($name:literal, $kind:expr, $about:expr, $read:expr) => {
        Field {
            name: $name,
            kind: $kind,
            unit: Unit::None,
            about: $about,
            requires: RequiredPhase::Nothing,
            refusal: Refusal::None,
            read: |report, index| {
                let read: fn(&Document, usize) -> FieldValue = $read;
                vec![read(report, index)]
            },
        }
    };
}

/// A row for the duration of a phase.
macro_rules! phase {
    ($name:literal, $phase:ident, $about:literal) => {
        field!($name, ValueType::Number, $about, |report, _| phase_ms(report, Phase::$phase))
            .measured(Unit::Milliseconds)
    };
}

const fn reply(good: SuccessTest, events: fn(&Document, usize) -> Vec<EventId>) -> Refusal {
    Refusal::Reply { events, good }
}

fn greeting_event(report: &Document, _: usize) -> Vec<EventId> {
    greeting(report).map(|one| one.event).into_iter().collect()
}

fn auth_event(report: &Document, _: usize) -> Vec<EventId> {
    auth(report).event.into_iter().collect()
}

fn mail_event(report: &Document, _: usize) -> Vec<EventId> {
    mail(report).and_then(|one| one.event).into_iter().collect()
}

fn rcpt_event(report: &Document, index: usize) -> Vec<EventId> {
    report.rcpt.get(index).and_then(|one| one.event).into_iter().collect()
}

fn rcpt_events(report: &Document, _: usize) -> Vec<EventId> {
    report.rcpt.iter().filter_map(|one| one.event).collect()
}

/// Every value, by subject.
pub static FIELDS: &[&[Field]] = &[
    &[
        field!("exit.code", ValueType::Number, "the exit code, before expectations are applied", |report, _| count(
            Some(report.exit.code)
        ))
        .refusing(Refusal::Exit { good: SuccessTest::ExitCode }),
        field!("exit.name", ValueType::Word(EXITS), "the name of the exit code", |report, _| text(Some(
            &report.exit.name
        )))
        .refusing(Refusal::Exit { good: SuccessTest::ExitName }),
        field!("exit.retryable", ValueType::Fact, "whether the same check may succeed later", |report, _| fact(Some(
            report.exit.retryable
        )))
        .refusing(Refusal::Exit { good: SuccessTest::NotRetryable }),
        field!("verdict", ValueType::Word(VERDICTS), "the verdict, before expectations are applied", |report, _| word(
            Some(report.verdict)
        ))
        .refusing(Refusal::Exit { good: SuccessTest::Pass }),
        field!("complete", ValueType::Fact, "whether the check finished", |report, _| fact(Some(report.complete))),
        field!("total_ms", ValueType::Number, "the duration of the check", |report, _| FieldValue::Number(
            report.total_ms
        ))
        .measured(Unit::Milliseconds),
        field!("retries", ValueType::Number, "how many times the check was retried", |report, _| count(Some(
            report.earlier.len()
        ))),
        field!(
            "findings",
            ValueType::Rules,
            "the rule ids of the findings (`smtpcheck explain --list` lists all rules)",
            |report, _| FieldValue::List(report.findings.iter().map(|finding| finding.rule.to_string()).collect())
        )
        .refusing(Refusal::Rules),
        field!(
            "findings[N].rule",
            ValueType::Text,
            "the rule id of one finding; finding 0 is the most important one",
            |report, index| text(report.findings.get(index).map(|finding| &finding.rule))
        ),
    ],
    &[
        field!("target.host", ValueType::Text, "the host", |report, _| text(Some(&report.target.host))),
        field!("target.port", ValueType::Number, "the port; none for a Unix socket", |report, _| count(
            report.target.port
        )),
        field!("target.tls_mode", ValueType::Word(TLS_MODES), "how TLS was requested", |report, _| word(Some(
            report.target.tls_mode
        ))),
        field!(
            "target.interface",
            ValueType::Text,
            "the value of --interface; none if the operating system chose the interface",
            |report, _| text(report.plan.source.interface.as_ref())
        ),
        field!("address", ValueType::Text, "the IP address of the connection", |report, _| text(
            report.addresses.iter().find(|one| matches!(one.status, AddressStatus::Connected)).map(|one| one.ip)
        )),
    ],
    &[
        field!("greeting.code", ValueType::Number, "the reply code of the greeting", |report, _| code(
            greeting(report).and_then(|one| one.code)
        ))
        .refusing(reply(SuccessTest::Codes, greeting_event)),
        field!(
            "greeting.class",
            ValueType::Number,
            "the first digit of the reply code of the greeting",
            |report, _| class(greeting(report).and_then(|one| one.code))
        )
        .refusing(reply(SuccessTest::Classes, greeting_event)),
        field!("greeting.text", ValueType::Text, "the text of the greeting", |report, _| joined(
            greeting(report).map(|one| &one.text)
        )),
    ],
    &[
        field!(
            "capabilities.before_tls",
            ValueType::Keywords,
            "the extensions that the server advertises before TLS",
            |report, _| list(report.capabilities.before_tls.as_ref())
        ),
        field!(
            "capabilities.after_tls",
            ValueType::Keywords,
            "the extensions that the server advertises over TLS",
            |report, _| list(report.capabilities.after_tls.as_ref())
        ),
    ],
    &[
        field!("tls.version", ValueType::Version, "the negotiated TLS version, 1.2 or 1.3", |report, _| text(
            tls(report).map(|one| &one.version)
        )),
        field!("tls.cipher", ValueType::Text, "the cipher suite, by its IANA name", |report, _| text(
            tls(report).map(|one| &one.cipher)
        )),
        field!("tls.group", ValueType::Text, "the key exchange group, such as X25519", |report, _| text(
            tls(report).and_then(|one| one.group.as_ref())
        )),
        field!(
            "tls.signature",
            ValueType::Text,
            "the signature scheme of the server's handshake signature",
            |report, _| text(tls(report).and_then(|one| one.signature.as_ref()))
        ),
        field!(
            "tls.alpn",
            ValueType::Text,
            "the application protocol that was negotiated with ALPN",
            |report, _| text(tls(report).and_then(|one| one.alpn.as_ref()))
        ),
        field!("tls.kind", ValueType::Word(TLS_KINDS), "the kind of handshake", |report, _| word(
            tls(report).map(|one| one.kind)
        )),
        field!("tls.sni", ValueType::Text, "the server name that was sent (SNI)", |report, _| text(
            tls(report).and_then(|one| one.sni.as_ref())
        )),
        field!("tls.tickets", ValueType::Number, "the number of session tickets that the server sent", |report, _| {
            count(tls(report).and_then(|one| one.tickets))
        }),
        field!(
            "tls.client_certificate_requested",
            ValueType::Fact,
            "whether the server requested a client certificate",
            |report, _| fact(tls(report).map(|one| one.client_certificate_requested))
        ),
        field!("tls.client_certificate_sent", ValueType::Fact, "whether a client certificate was sent", |report, _| {
            fact(tls(report).map(|one| one.client_certificate_sent))
        }),
    ],
    &[
        field!(
            "certificate.verifies",
            ValueType::Fact,
            "whether the certificate is trusted, is within its validity period and matches the host name, and whether its key signed the handshake",
            |report, _| fact(certificate(report).map(|one| one.verifies))
        ),
        field!(
            "certificate.trusted",
            ValueType::Fact,
            "whether the certificate chain ends at a trusted CA",
            |report, _| fact(certificate(report).map(|one| one.trusted))
        ),
        field!(
            "certificate.name_match",
            ValueType::Fact,
            "whether the certificate matches the host name",
            |report, _| fact(certificate(report).map(|one| one.name_match))
        ),
        field!(
            "certificate.not_after",
            ValueType::Moment,
            "the expiry date of the server's certificate",
            |report, _| { missing(certificate(report).and_then(|one| one.not_after), FieldValue::Moment) }
        ),
        field!(
            "certificate.days_left",
            ValueType::Number,
            "whole days until the server's certificate expires",
            |report, _| count(certificate(report).and_then(|one| one.days_left))
        )
        .measured(Unit::Days),
        field!(
            "certificate.chain_length",
            ValueType::Number,
            "the number of certificates that the server sent",
            |report, _| { count(certificate(report).map(|one| one.chain_length)) }
        ),
        field!(
            "certificate.chain[N].subject",
            ValueType::Text,
            "the subject of a certificate in the chain; certificate 0 is the server's",
            |report, index| missing(chain(report, index), |one| text(Some(&one.subject)))
        ),
        field!("certificate.chain[N].issuer", ValueType::Text, "the issuer of that certificate", |report, index| {
            missing(chain(report, index), |one| text(Some(&one.issuer)))
        }),
        field!(
            "certificate.chain[N].names",
            ValueType::Names,
            "the host names and IP addresses in that certificate",
            |report, index| missing(chain(report, index), |one| list(Some(&one.names)))
        ),
        field!(
            "certificate.chain[N].not_after",
            ValueType::Moment,
            "the expiry date of that certificate",
            |report, index| missing(chain(report, index), |one| FieldValue::Moment(one.not_after))
        ),
        field!(
            "certificate.chain[N].key",
            ValueType::Text,
            "the key type of that certificate, such as EC P-256",
            |report, index| missing(chain(report, index), |one| text(Some(&one.key)))
        ),
        field!(
            "certificate.chain[N].key_bits",
            ValueType::Number,
            "the key size of that certificate",
            |report, index| missing(chain(report, index), |one| count(one.key_bits))
        )
        .measured(Unit::Bits),
        field!(
            "certificate.chain[N].self_signed",
            ValueType::Fact,
            "whether that certificate is self-signed",
            |report, index| missing(chain(report, index), |one| fact(Some(one.self_signed)))
        ),
        field!(
            "certificate.chain[N].sha256",
            ValueType::Text,
            "the SHA-256 fingerprint of that certificate",
            |report, index| missing(chain(report, index), |one| text(Some(&one.sha256)))
        ),
        field!(
            "certificate.chain[N].spki_sha256",
            ValueType::Text,
            "the SHA-256 fingerprint of that certificate's public key",
            |report, index| missing(chain(report, index), |one| text(Some(&one.spki_sha256)))
        ),
    ],
    &[
        field!(
            "auth.mechanisms",
            ValueType::Names,
            "the login mechanisms that are advertised over TLS, or on the unencrypted connection if there is no TLS",
            |report, _| list(
                auth(report).advertised_after_tls.as_ref().or(auth(report).advertised_before_tls.as_ref())
            )
        ),
        field!(
            "auth.advertised_before_tls",
            ValueType::Names,
            "the login mechanisms that are advertised before TLS",
            |report, _| list(auth(report).advertised_before_tls.as_ref())
        ),
        field!(
            "auth.advertised_after_tls",
            ValueType::Names,
            "the login mechanisms that are advertised over TLS",
            |report, _| list(auth(report).advertised_after_tls.as_ref())
        ),
        field!("auth.mechanism", ValueType::Text, "the login mechanism that was used", |report, _| text(
            auth(report).mechanism.as_ref()
        ))
        .requiring(RequiredPhase::Login),
        field!("auth.outcome", ValueType::Word(AUTH_OUTCOMES), "the outcome of the login", |report, _| word(Some(
            &auth(report).outcome
        )))
        .refusing(reply(SuccessTest::Accepted, auth_event)),
        field!("auth.code", ValueType::Number, "the reply code for the login", |report, _| code(auth(report).code))
            .requiring(RequiredPhase::Login)
            .refusing(reply(SuccessTest::Codes, auth_event)),
        field!("auth.class", ValueType::Number, "the first digit of the reply code for the login", |report, _| class(
            auth(report).code
        ))
        .requiring(RequiredPhase::Login)
        .refusing(reply(SuccessTest::Classes, auth_event)),
        field!(
            "auth.enhanced",
            ValueType::Text,
            "the enhanced status code for the login, such as 5.7.8",
            |report, _| text(auth(report).enhanced)
        )
        .requiring(RequiredPhase::Login)
        .refusing(reply(SuccessTest::Statuses, auth_event)),
    ],
    &[
        field!("mail.code", ValueType::Number, "the reply code for MAIL FROM", |report, _| code(
            mail(report).and_then(|one| one.code)
        ))
        .requiring(RequiredPhase::Sender)
        .refusing(reply(SuccessTest::Codes, mail_event)),
        field!("mail.class", ValueType::Number, "the first digit of the reply code for MAIL FROM", |report, _| class(
            mail(report).and_then(|one| one.code)
        ))
        .requiring(RequiredPhase::Sender)
        .refusing(reply(SuccessTest::Classes, mail_event)),
        field!(
            "mail.enhanced",
            ValueType::Text,
            "the enhanced status code for MAIL FROM, such as 5.7.1",
            |report, _| text(mail(report).and_then(|one| one.enhanced))
        )
        .requiring(RequiredPhase::Sender)
        .refusing(reply(SuccessTest::Statuses, mail_event)),
        field!("mail.text", ValueType::Text, "the text of the reply to MAIL FROM", |report, _| joined(
            mail(report).and_then(|one| one.text.as_ref())
        ))
        .requiring(RequiredPhase::Sender),
    ],
    &[
        Field {
            read: |report, _| each(report, |one| code(one.and_then(|one| one.code))),
            ..field!(
                "rcpt.code",
                ValueType::Number,
                "the reply code for RCPT TO; an expectation must be true for every recipient",
                |_, _| FieldValue::Missing
            )
        }
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Codes, rcpt_events)),
        Field {
            read: |report, _| each(report, |one| class(one.and_then(|one| one.code))),
            ..field!(
                "rcpt.class",
                ValueType::Number,
                "the first digit of the reply code for RCPT TO; an expectation must be true for every recipient",
                |_, _| FieldValue::Missing
            )
        }
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Classes, rcpt_events)),
        Field {
            read: |report, _| each(report, |one| text(one.and_then(|one| one.enhanced))),
            ..field!(
                "rcpt.enhanced",
                ValueType::Text,
                "the enhanced status code for RCPT TO; an expectation must be true for every recipient",
                |_, _| FieldValue::Missing
            )
        }
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Statuses, rcpt_events)),
        Field {
            read: |report, _| each(report, |one| joined(one.and_then(|one| one.text.as_ref()))),
            ..field!(
                "rcpt.text",
                ValueType::Text,
                "the text of the reply to RCPT TO; an expectation must be true for every recipient",
                |_, _| FieldValue::Missing
            )
        }
        .requiring(RequiredPhase::Recipient),
    ],
    &[
        field!(
            "rcpt[N].code",
            ValueType::Number,
            "the reply code for one recipient; recipient 0 is the first",
            |report, index| code(report.rcpt.get(index).and_then(|one| one.code))
        )
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Codes, rcpt_event)),
        field!(
            "rcpt[N].class",
            ValueType::Number,
            "the first digit of the reply code for one recipient; recipient 0 is the first",
            |report, index| class(report.rcpt.get(index).and_then(|one| one.code))
        )
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Classes, rcpt_event)),
        field!(
            "rcpt[N].enhanced",
            ValueType::Text,
            "the enhanced status code for one recipient, such as 5.7.1; recipient 0 is the first",
            |report, index| text(report.rcpt.get(index).and_then(|one| one.enhanced))
        )
        .requiring(RequiredPhase::Recipient)
        .refusing(reply(SuccessTest::Statuses, rcpt_event)),
        field!(
            "rcpt[N].text",
            ValueType::Text,
            "the text of the reply for one recipient; recipient 0 is the first",
            |report, index| joined(report.rcpt.get(index).and_then(|one| one.text.as_ref()))
        )
        .requiring(RequiredPhase::Recipient),
    ],
    &[
        phase!("dns.ms", Dns, "the duration of the DNS lookup"),
        phase!("connect.ms", Connect, "the duration of the connection attempt"),
        phase!("greeting.ms", Greeting, "the time from the connection to the complete greeting"),
        phase!("ehlo.ms", Ehlo, "the duration of EHLO before TLS"),
        phase!("starttls.ms", Starttls, "the duration of STARTTLS"),
        phase!("tls.ms", Tls, "the duration of the TLS handshake"),
        phase!("ehlo-tls.ms", EhloTls, "the duration of EHLO over TLS"),
        phase!("auth.ms", Auth, "the duration of the login"),
        phase!("mail.ms", Mail, "the duration of MAIL FROM"),
        phase!("rcpt.ms", Rcpt, "the duration of all RCPT TO commands"),
    ],
    domain::DOMAIN,
    domain::SENDING,
];
