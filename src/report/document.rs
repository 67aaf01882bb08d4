//! The JSON form of a report. It contains the report itself, and more keys derived from it for readers and scripts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::phases::{PhaseResult, phases, rounded};
use super::{JudgedExpectation, Report, Verdict, known_exit};
use crate::check::Finding;
use crate::check::clients::{self, ClientSeen};
use crate::check::domain::{self, seen::DomainSeen};
use crate::check::scan::{self, ProfileVerdict, Scan};
use crate::check::settings::{self, seen::SettingsSeen};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{
    Certificate, DialResult, Event, EventId, EventKind, Evidence, HandshakeKind, NameMatch, Phase, Probe, Session,
    Staple, Trust, TrustStore, TunnelResult,
};
use crate::plan::{Plan, Protocol, TlsUse, ValueOrigin};
use crate::question::Purpose;
use crate::wire::tls::Version;
use crate::wire::{EnhancedStatus, Host, Irregularity, ReplyCode};

/// The version of the schema. The minor number is increased when a key is added, the major number when a key is renamed
/// or removed.
pub const SCHEMA_VERSION: &str = "1.0";

/// The JSON Schema (2020-12) of a report, generated from the types below by this file's test.
pub const SCHEMA: &str = include_str!("../../schema/report.json");

/// A report as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    pub(super) schema_version: String,
    pub(super) tool: Tool,
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) started_at: Timestamp,
    pub(super) complete: bool,
    pub(super) total_ms: f64,
    pub(super) target: TargetDocument,
    pub(super) plan: Plan,
    pub(super) addresses: Vec<Address>,
    pub(super) phases: Vec<PhaseResult>,
    pub(super) greeting: Option<Greeting>,
    pub(super) capabilities: CapabilityLists,
    pub(super) tls: Option<TlsDocument>,
    /// The certificates that the server sent and the result of their verification; null without a handshake.
    pub(super) certificate: Option<CertificateDocument>,
    /// The results of `--tls-scan`; null without this flag.
    pub(super) tls_scan: Option<Scan>,
    /// The comparison with a published profile; null without `--tls-profile`, or if the server does not support TLS.
    #[serde(default)]
    pub(super) tls_profile: Option<ProfileVerdict>,
    /// The results of a domain check; null for other checks.
    #[serde(default)]
    pub(super) domain: Option<DomainSeen>,
    /// The results of a search for client settings; null for other checks.
    #[serde(default)]
    pub(super) settings: Option<SettingsSeen>,
    /// Which common clients can complete a handshake, regardless of certificates; null if this is unknown.
    #[serde(default)]
    pub(super) tls_clients: Option<Vec<ClientSeen>>,
    pub(super) auth: Auth,
    /// MAIL FROM and its reply; null if no sender was given.
    pub(super) mail: Option<AnsweredCommand>,
    /// Each RCPT TO and its reply; [] if no recipient was given.
    pub(super) rcpt: Vec<AnsweredCommand>,
    pub(super) probes: Vec<Probe>,
    pub(super) transcript: Vec<Event>,
    pub(super) findings: Vec<Finding>,
    /// The results of the expectations; [] without expectations.
    pub(super) expectations: Vec<JudgedExpectation>,
    /// The reports of earlier runs of the same check (`--retry`, `--wait`), oldest first; [] without retries.
    pub(super) earlier: Vec<Document>,
    pub(super) verdict: Verdict,
    pub(super) exit: ExitView,
}

/// The program that wrote the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    name: String,
    version: String,
}

impl Tool {
    /// This program.
    pub(crate) fn this() -> Tool {
        Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TargetDocument {
    /// The target as typed.
    pub(super) input: String,
    pub(super) host: Host,
    /// The internationalised host name in Unicode; null if it is the same as `host`.
    pub(super) host_unicode: Option<String>,
    /// The TCP port; null for a Unix socket.
    pub(super) port: Option<u16>,
    /// The protocol that was used to check the server.
    #[serde(default)]
    pub(super) protocol: Protocol,
    pub(super) port_source: ValueOrigin,
    /// How TLS was requested.
    pub(super) tls_mode: TlsUse,
}

/// One IP address of the host.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Address {
    pub(super) ip: std::net::IpAddr,
    pub(super) family: u8,
    pub(super) tried: bool,
    pub(super) status: AddressStatus,
    /// The duration of the connection attempt in milliseconds; null if there was no attempt.
    pub(super) ms: Option<f64>,
    /// Why the connection attempt failed; null if it did not fail.
    pub(super) error: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum AddressStatus {
    Connected,
    Failed,
    Overtaken,
    NotTried,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Greeting {
    pub(super) code: Option<ReplyCode>,
    pub(super) text: Vec<String>,
    pub(super) event: EventId,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CapabilityLists {
    pub(super) before_tls: Option<Vec<String>>,
    pub(super) after_tls: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TlsDocument {
    pub(super) version: String,
    pub(super) cipher: String,
    pub(super) group: Option<String>,
    /// The signature scheme of the server's handshake signature.
    pub(super) signature: Option<String>,
    pub(super) alpn: Option<String>,
    pub(super) kind: HandshakeKind,
    pub(super) sni: Option<String>,
    pub(super) client_certificate_requested: bool,
    pub(super) client_certificate_sent: bool,
    /// Whether the server sent renegotiation_info (RFC 5746); null in TLS 1.3, which has no renegotiation.
    #[serde(default)]
    pub(super) secure_renegotiation: Option<bool>,
    /// Whether the server confirmed the extended master secret (RFC 7627); null in TLS 1.3, which does not need it.
    #[serde(default)]
    pub(super) extended_master_secret: Option<bool>,
    /// The number of session tickets. In TLS 1.2, it is 1 if the session can be resumed with a session id or a ticket.
    pub(super) tickets: Option<u32>,
    /// The stapled OCSP response; null if none was sent.
    pub(super) staple: Option<Staple>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CertificateDocument {
    /// Whether clients that verify certificates accept this one: it is trusted, matches the host name and is within its
    /// validity period, and its key signed the handshake.
    pub(super) verifies: bool,
    /// Why the certificate fails verification: one word for each reason; empty if it is valid.
    #[serde(default)]
    doubts: Vec<String>,
    pub(super) trusted: bool,
    pub(super) name_match: bool,
    store: TrustStore,
    /// The expiry date of the server's certificate.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(super) not_after: Option<Timestamp>,
    /// Whole days from the start of the run until the server's certificate expires; negative if it has expired.
    pub(super) days_left: Option<i64>,
    /// The number of certificates that the server sent; `chain` contains at most the first 60.
    pub(super) chain_length: usize,
    pub(super) chain: Vec<Certificate>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Auth {
    /// The mechanisms that the server advertises before TLS.
    pub(super) advertised_before_tls: Option<Vec<String>>,
    /// The mechanisms that the server advertises over TLS.
    pub(super) advertised_after_tls: Option<Vec<String>>,
    pub(super) user: Option<String>,
    /// The mechanism that was used.
    pub(super) mechanism: Option<String>,
    pub(super) outcome: AuthOutcome,
    pub(super) code: Option<ReplyCode>,
    pub(super) enhanced: Option<EnhancedStatus>,
    pub(super) event: Option<EventId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum AuthOutcome {
    /// No login was requested.
    NotTried,
    /// A login was requested, but the session ended before it.
    NotReached,
    /// A login was requested, but the password or token was not sent.
    Withheld,
    Accepted,
    Refused,
    /// The login was started but not completed.
    Unfinished,
    /// The login was attempted, but it is unknown which reply belongs to it.
    Unknown,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AnsweredCommand {
    /// The sender or recipient.
    pub(super) address: String,
    pub(super) code: Option<ReplyCode>,
    pub(super) enhanced: Option<EnhancedStatus>,
    pub(super) text: Option<Vec<String>>,
    pub(super) event: Option<EventId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ExitView {
    pub(super) code: u8,
    pub(super) name: String,
    pub(super) retryable: bool,
}

impl From<&Report> for Document {
    fn from(report: &Report) -> Document {
        let Report { plan, evidence, findings, complete, total_ms, expectations, exit } = report;
        let session = report.session();
        Document {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool::this(),
            started_at: evidence.started_at,
            complete: *complete,
            total_ms: rounded(*total_ms),
            target: target(plan),
            plan: plan.clone(),
            addresses: if plan.settings.is_some() { Vec::new() } else { addresses(evidence) },
            phases: phases(plan, evidence),
            greeting: session.and_then(greeting),
            capabilities: CapabilityLists {
                before_tls: session.and_then(|session| words(session, Phase::Ehlo)),
                after_tls: session.and_then(|session| words(session, Phase::EhloTls)),
            },
            tls: session.and_then(tls),
            certificate: session.and_then(|session| certificate(session, evidence.started_at)),
            tls_scan: scan::results(plan, evidence),
            tls_profile: scan::verdict(plan, evidence),
            tls_clients: clients::results(evidence),
            domain: domain::results(plan, evidence),
            settings: settings::results(plan, evidence),
            auth: auth(plan, session),
            mail: mail(plan, session),
            rcpt: rcpt(plan, session),
            probes: evidence.probes.clone(),
            transcript: evidence.transcript.clone(),
            findings: findings.clone(),
            expectations: expectations.clone(),
            earlier: Vec::new(),
            verdict: report.verdict(),
            exit: ExitView { code: exit.code(), name: exit.name().to_owned(), retryable: exit.is_retryable() },
        }
    }
}

impl Document {
    /// Adds the reports of earlier runs.
    pub fn after(self, earlier: &[Report]) -> Document {
        Document { earlier: earlier.iter().map(Document::from).collect(), ..self }
    }

    /// Removes and returns the reports of earlier runs.
    pub(super) fn take_earlier(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.earlier).into_iter().map(Report::from).collect()
    }
}

impl From<Document> for Report {
    fn from(document: Document) -> Report {
        let Document { started_at, complete, total_ms, plan, probes, transcript, findings, expectations, exit, .. } =
            document;
        let exit = known_exit(exit.code);
        let evidence = Evidence { probes, transcript, ..Evidence::new(started_at) };
        Report { plan, evidence, findings, complete, total_ms, expectations, exit }
    }
}

pub(super) fn target(plan: &Plan) -> TargetDocument {
    TargetDocument {
        input: plan.target.input.clone(),
        host: plan.target.host.clone(),
        host_unicode: plan
            .target
            .host
            .name()
            .filter(|name| name.is_international())
            .map(|name| name.unicode().to_owned()),
        port: Some(plan.target.port).filter(|_| plan.target.host.socket().is_none()),
        protocol: plan.target.protocol,
        port_source: plan.origin("port"),
        tls_mode: plan.tls_use(),
    }
}

pub(super) fn addresses(evidence: &Evidence) -> Vec<Address> {
    let of_tunnel = |result: &TunnelResult| match result {
        TunnelResult::Connected => (AddressStatus::Connected, None),
        TunnelResult::Failed { fault } => (AddressStatus::Failed, Some(fault.detail.clone())),
    };
    let of_dial = |result: &DialResult| match result {
        DialResult::Connected { .. } => (AddressStatus::Connected, None),
        DialResult::Failed { fault } => (AddressStatus::Failed, Some(fault.detail.clone())),
        DialResult::Overtaken => (AddressStatus::Overtaken, None),
    };
    let dials: Vec<_> = evidence
        .main_session()
        .into_iter()
        .chain(evidence.probes(Purpose::EveryAddress))
        .flat_map(|session| session.events())
        .filter_map(|event| match &event.what {
            EventKind::Dialled { address, started_ms, result } => {
                Some((address.ip(), event.at_ms - started_ms, of_dial(result)))
            }
            EventKind::Tunnelled { address: Some(address), started_ms, result, .. } => {
                Some((address.ip(), event.at_ms - started_ms, of_tunnel(result)))
            }
            _ => None,
        })
        .collect();
    let mut ips: Vec<std::net::IpAddr> =
        evidence.names().and_then(|(_, names)| names).into_iter().flat_map(|names| names.addresses()).collect();
    for (ip, _, _) in &dials {
        if !ips.contains(ip) {
            ips.push(*ip);
        }
    }
    ips.into_iter()
        .map(|ip| {
            // The main session may have abandoned an attempt that a session of `--every-address` repeated.
            let dial = dials.iter().rev().find(|(dialled, _, _)| *dialled == ip);
            let (status, error) = dial.map_or((AddressStatus::NotTried, None), |(_, _, result)| result.clone());
            let family = if ip.is_ipv4() { 4 } else { 6 };
            Address { ip, family, tried: dial.is_some(), status, ms: dial.map(|(_, ms, _)| rounded(*ms)), error }
        })
        .collect()
}

pub(super) fn greeting(session: Session<'_>) -> Option<Greeting> {
    let received = session.reply_at(Phase::Greeting)?;
    Some(Greeting { code: received.reply.code, text: received.reply.text.clone(), event: received.event.seq })
}

fn words(session: Session<'_>, phase: Phase) -> Option<Vec<String>> {
    session.capabilities(phase).map(|(_, offers)| offers.words())
}

pub(super) fn tls(session: Session<'_>) -> Option<TlsDocument> {
    let (_, handshake) = session.handshake()?;
    let tickets = session.events().find_map(|event| match event.what {
        EventKind::Tickets { count } => Some(count),
        _ => None,
    });
    let hello = handshake.server_hello.as_ref().filter(|hello| hello.version < Version::Tls13);
    Some(TlsDocument {
        version: handshake.version.clone(),
        cipher: handshake.cipher.clone(),
        group: handshake.group.clone(),
        signature: handshake.signature.clone(),
        alpn: handshake.alpn.clone(),
        kind: handshake.kind,
        sni: handshake.sni.clone(),
        client_certificate_requested: handshake.client_certificate_requested,
        client_certificate_sent: handshake.client_certificate_sent,
        secure_renegotiation: hello.map(|hello| hello.secure_renegotiation),
        extended_master_secret: hello.map(|hello| hello.extended_master_secret),
        tickets: Some(tickets.unwrap_or_default()),
        staple: handshake.staple.clone(),
    })
}

pub(super) fn certificate(session: Session<'_>, now: Timestamp) -> Option<CertificateDocument> {
    let (_, handshake) = session.handshake()?;
    let leaf = handshake.leaf();
    Some(CertificateDocument {
        verifies: handshake.verifies(now),
        doubts: handshake.doubts(now).iter().map(|doubt| doubt.word().to_owned()).collect(),
        trusted: matches!(handshake.presented.trust, Trust::Trusted { .. }),
        name_match: matches!(handshake.presented.name, NameMatch::Matches { .. }),
        store: handshake.presented.store.clone(),
        not_after: leaf.map(|leaf| leaf.not_after),
        days_left: leaf.map(|leaf| leaf.not_after.duration_since(now).as_secs().div_euclid(86_400)),
        chain_length: handshake.presented.chain_length,
        chain: handshake.presented.chain.clone(),
    })
}

pub(super) fn auth(plan: &Plan, session: Option<Session<'_>>) -> Auth {
    let offered =
        |phase| session.and_then(|session| session.capabilities(phase)).map(|(_, offers)| offers.auth_mechanisms());
    let received = session.and_then(|session| session.reply_at(Phase::Auth));
    // If several mechanisms were tried, the code and the outcome are those of the last one.
    let sent = session.and_then(|session| session.mechanism()).map(str::to_owned);
    let withheld = session
        .into_iter()
        .flat_map(|session| session.events())
        .any(|event| matches!(event.what, EventKind::Withheld { .. }));
    let is_in_doubt = session.is_some_and(|session| session.sequence().believed_until().is_some());
    let outcome = match (&plan.login, received) {
        (None, _) => AuthOutcome::NotTried,
        _ if withheld => AuthOutcome::Withheld,
        (_, Some(received)) if received.reply.irregularities.contains(&Irregularity::CutShort) => {
            AuthOutcome::Unfinished
        }
        (_, Some(received)) if received.accepts() => AuthOutcome::Accepted,
        (_, Some(received)) if received.reply.has_code(334) => AuthOutcome::Unfinished,
        (_, Some(_)) => AuthOutcome::Refused,
        (_, None) if sent.is_some() && is_in_doubt => AuthOutcome::Unknown,
        (_, None) if sent.is_some() => AuthOutcome::Unfinished,
        (_, None) => AuthOutcome::NotReached,
    };
    Auth {
        advertised_before_tls: offered(Phase::Ehlo),
        advertised_after_tls: offered(Phase::EhloTls),
        user: plan.login.as_ref().map(|login| login.user.clone()),
        mechanism: sent,
        outcome,
        code: received.and_then(|received| received.reply.code),
        enhanced: received.and_then(|received| received.reply.enhanced),
        event: received.map(|received| received.event.seq),
    }
}

fn answered(address: String, received: Option<ReceivedReply<'_>>) -> AnsweredCommand {
    AnsweredCommand {
        address,
        code: received.and_then(|received| received.reply.code),
        enhanced: received.and_then(|received| received.reply.enhanced),
        text: received.map(|received| received.reply.text.clone()),
        event: received.map(|received| received.event.seq),
    }
}

pub(super) fn mail(plan: &Plan, session: Option<Session<'_>>) -> Option<AnsweredCommand> {
    let from = plan.from.as_ref()?;
    Some(answered(from.to_string(), session.and_then(|session| session.reply_at(Phase::Mail))))
}

pub(super) fn rcpt(plan: &Plan, session: Option<Session<'_>>) -> Vec<AnsweredCommand> {
    // A map avoids searching all replies again for each of possibly many recipients.
    let mut replies = std::collections::HashMap::new();
    let to_recipients = session
        .into_iter()
        .flat_map(|session| session.replies().filter(|received| received.event.phase == Phase::Rcpt));
    for received in to_recipients {
        if let Some(number) = received.recipient {
            replies.entry(number).or_insert(received);
        }
    }
    plan.to.iter().enumerate().map(|(number, to)| answered(to.to_string(), replies.get(&number).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_reports_matches_the_types() {
        assert_schema::<Document>("report");
    }
}
