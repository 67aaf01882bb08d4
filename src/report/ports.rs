//! Several ports of one host, each with its report, and which of them to use.
//!
//! A port has a purpose: 25 takes mail from other servers (RFC 5321), every other one takes mail from programs that log
//! in (RFC 8314 §3.3). The JSON form is [`PortsReport`] itself: the table that people see, the recommendation, and in
//! each row the whole report of that port, which can be loaded and judged again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Document, Exit, Report, SCHEMA_VERSION};
use crate::check::{Finding, Severity};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Certificate, Fault, Outcome, Phase, Session};
use crate::plan::TlsUse;
use crate::wire::Host;

/// The JSON Schema (2020-12) of `smtpcheck ports --json`, generated from the types below by this file's test.
pub const PORTS_SCHEMA: &str = include_str!("../../schema/ports.json");

/// The port between mail servers.
const RELAY: u16 = 25;

/// The ports of one host, and which of them to use.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortsReport {
    /// Grows like that of the report.
    pub schema_version: String,
    /// The host that was asked for.
    pub host: Host,
    /// Whether the run came to its own end.
    pub complete: bool,
    /// How long everything took, milliseconds.
    pub total_ms: f64,
    /// Each port, in the order in which they were given.
    pub ports: Vec<PortRow>,
    /// The certificates that were shown, each with its ports, the one that ends last first. More than one: the ports do
    /// not show the same.
    pub certificates: Vec<PortCertificate>,
    /// Which one to use.
    pub recommendation: Recommendation,
    /// What the program says to the shell.
    pub exit: PortsExit,
}

/// One port.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortRow {
    /// Its number.
    pub port: u16,
    /// For whom it is.
    pub purpose: PortPurpose,
    /// What was found there.
    pub state: PortState,
    /// What came of TLS; null when it was not reached.
    pub tls: Option<PortTlsResult>,
    /// Mechanisms of AUTH before TLS; null when EHLO was not answered there.
    pub auth_before_tls: Option<Vec<String>>,
    /// Mechanisms of AUTH inside TLS; null when EHLO was not answered there.
    pub auth_inside_tls: Option<Vec<String>>,
    /// Milliseconds from the connection (or the end of the handshake) to the whole greeting.
    pub greeting_ms: Option<f64>,
    /// Whether it can be used for its purpose: it greets, and nothing found there is an error.
    pub works: bool,
    /// Its whole report.
    pub report: Document,
}

/// For whom a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortPurpose {
    /// Other mail servers deliver here.
    Relay,
    /// Mail programs and applications hand in here, mostly with a login.
    Submission,
}

/// What was found at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// It accepts connections.
    Open,
    /// It accepts connections, and speaks something that is not SMTP.
    NotSmtp,
    /// The host says that nothing listens there.
    Refused,
    /// No answer to the connection request.
    Silent,
    /// No way to the host: no address, no route, forbidden here.
    Unreachable,
    /// The overall time limit was reached before it was tested.
    NotTested,
}

/// What came of TLS at a port.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortTlsResult {
    /// How it begins.
    pub mode: PortTlsMode,
    /// `1.2` or `1.3`; null when it could not be started.
    pub version: Option<String>,
    /// Whether the certificate verifies: trusted, in date, for this name; null without a handshake.
    pub verifies: Option<bool>,
    /// Whole days until the certificate ends; negative when it has.
    pub days_left: Option<i64>,
}

/// A certificate, and where it was shown.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortCertificate {
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// For whom it is: its first DNS name or address, else its subject.
    pub name: String,
    /// Whole days until it ends; negative when it has.
    pub days_left: i64,
    /// The ports that show it, in the order in which they were given.
    pub ports: Vec<u16>,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortTlsMode {
    /// With the first byte.
    Implicit,
    /// After STARTTLS.
    Starttls,
    /// Not at all: STARTTLS is not offered.
    None,
}

/// Which ports to use.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recommendation {
    /// For mail programs and applications; null when none of the ports works for them.
    pub submission: Option<Choice>,
    /// For other mail servers; null when port 25 was not asked for or does not work.
    pub relay: Option<Choice>,
}

/// A port to use.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Choice {
    /// Its number.
    pub port: u16,
    /// Why this one.
    pub why: String,
    /// The next command.
    pub command: String,
}

/// What the program says to the shell.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortsExit {
    /// The number.
    pub code: u8,
    /// Its name.
    pub name: String,
    /// Whether the same may work later without anybody doing anything.
    pub retryable: bool,
}

impl PortsReport {
    /// Sums up the reports of the ports of one host; there is at least one.
    pub fn new(host: Host, reports: &[Report], total_ms: f64) -> PortsReport {
        let ports: Vec<PortRow> = reports.iter().map(PortRow::new).collect();
        let exit = exit(reports, &ports);
        PortsReport {
            schema_version: SCHEMA_VERSION.to_owned(),
            recommendation: Recommendation {
                submission: best(&ports, PortPurpose::Submission).map(|row| choice(&host, row)),
                relay: best(&ports, PortPurpose::Relay).map(|row| choice(&host, row)),
            },
            host,
            complete: reports.iter().all(|report| report.complete),
            total_ms,
            certificates: certificates(reports),
            ports,
            exit: PortsExit { code: exit.code(), name: exit.name().to_owned(), retryable: exit.is_retryable() },
        }
    }
}

impl PortRow {
    fn new(report: &Report) -> PortRow {
        let port = report.plan.target.port;
        let session = report.evidence.main_session();
        let state = session.map_or(PortState::NotTested, state);
        let offered =
            |phase| session.and_then(|session| session.capabilities(phase)).map(|(_, offers)| offers.auth_mechanisms());
        let greeting =
            super::phases(&report.plan, &report.evidence).into_iter().find(|phase| phase.name == Phase::Greeting);
        PortRow {
            port,
            purpose: if port == RELAY { PortPurpose::Relay } else { PortPurpose::Submission },
            state,
            tls: session.and_then(|session| tls(report, session)),
            auth_before_tls: offered(Phase::Ehlo),
            auth_inside_tls: offered(Phase::EhloTls),
            greeting_ms: greeting.and_then(|phase| phase.ms),
            works: state == PortState::Open && is_sound(report),
            report: Document::from(report),
        }
    }

    /// Whether the connection is encrypted and the certificate verifies.
    fn is_safe(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.verifies == Some(true))
    }

    fn takes_logins(&self) -> bool {
        let offered = if self.is_encrypted() { &self.auth_inside_tls } else { &self.auth_before_tls };
        offered.as_ref().is_some_and(|mechanisms| !mechanisms.is_empty())
    }

    fn is_encrypted(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.version.is_some())
    }
}

/// Whether nothing that was found is an error and it came to its end. `--fail-on` changes the exit code and not what a
/// port is good for.
fn is_sound(report: &Report) -> bool {
    let is_error = |finding: &Finding| finding.severity >= Severity::Error && !report.is_ignored(finding);
    !matches!(report.exit, Exit::Incomplete | Exit::Interrupted | Exit::Terminated)
        && !report.findings.iter().any(is_error)
}

fn state(session: Session<'_>) -> PortState {
    if !session.is_over() || matches!(session.probe.outcome, Outcome::Skipped { .. }) {
        return PortState::NotTested;
    }
    match session.fault() {
        Some(Fault::NotConnected { connect }) => match connect.kind {
            ConnectFaultKind::Refused | ConnectFaultKind::Reset => PortState::Refused,
            ConnectFaultKind::TimedOut => PortState::Silent,
            ConnectFaultKind::HostUnreachable
            | ConnectFaultKind::NetworkUnreachable
            | ConnectFaultKind::NoSourceAddress
            | ConnectFaultKind::DeniedHere
            | ConnectFaultKind::Other => PortState::Unreachable,
        },
        Some(Fault::NoAddress) => PortState::Unreachable,
        _ if session.connected().is_none() => PortState::NotTested,
        _ if session.reply_at(Phase::Greeting).is_some_and(|heard| heard.reply.code.is_none()) => PortState::NotSmtp,
        _ => PortState::Open,
    }
}

fn tls(report: &Report, session: Session<'_>) -> Option<PortTlsResult> {
    let implicit = report.plan.tls_use() == TlsUse::Implicit;
    let mode = if implicit { PortTlsMode::Implicit } else { PortTlsMode::Starttls };
    let now = report.evidence.started_at;
    if let Some((_, handshake)) = session.handshake() {
        return Some(PortTlsResult {
            mode,
            version: Some(handshake.version.clone()),
            verifies: Some(handshake.verifies(now)),
            days_left: handshake.leaf().map(|leaf| days_left(leaf, now)),
        });
    }
    let failed = |mode| PortTlsResult { mode, version: None, verifies: None, days_left: None };
    let offered = session.capabilities(Phase::Ehlo).map(|(_, offers)| offers.has("STARTTLS"));
    match (session.fault(), offered) {
        (Some(Fault::Tls { .. }), _) => Some(failed(mode)),
        (_, Some(true)) => Some(failed(PortTlsMode::Starttls)),
        (_, Some(false)) => Some(failed(PortTlsMode::None)),
        (_, None) => None,
    }
}

fn days_left(certificate: &Certificate, now: Timestamp) -> i64 {
    certificate.not_after.duration_since(now).as_secs().div_euclid(86_400)
}

fn certificates(reports: &[Report]) -> Vec<PortCertificate> {
    let mut all: Vec<PortCertificate> = Vec::new();
    for report in reports {
        let handshake = report.evidence.main_session().and_then(|session| session.handshake());
        let Some(leaf) = handshake.and_then(|(_, handshake)| handshake.leaf()) else { continue };
        let port = report.plan.target.port;
        match all.iter_mut().find(|known| known.sha256 == leaf.sha256) {
            Some(known) => known.ports.push(port),
            None => all.push(PortCertificate {
                sha256: leaf.sha256.clone(),
                name: leaf.names.first().unwrap_or(&leaf.subject).clone(),
                days_left: days_left(leaf, report.evidence.started_at),
                ports: vec![port],
            }),
        }
    }
    all.sort_by_key(|certificate| std::cmp::Reverse(certificate.days_left));
    all
}

/// The best port for a purpose, if one works. What counts, in this order: the line is encrypted and the server has
/// proved who it is; logins are taken; and RFC 8314 §3.3: TLS from the first byte before STARTTLS, 465 and 587 before
/// ports that have no name, 2525 last, which is for networks where the others are blocked.
fn best(ports: &[PortRow], purpose: PortPurpose) -> Option<&PortRow> {
    ports.iter().filter(|row| row.purpose == purpose && row.works && !is_bypass(row, ports)).min_by_key(|row| rank(row))
}

/// Whether it is an unencrypted port beside an encrypted one for the same users. It is no substitute for a broken encrypted port
/// (RFC 8314 §4.1: without TLS mail programs do not hand in).
fn is_bypass(row: &PortRow, ports: &[PortRow]) -> bool {
    let has_tls = |row: &PortRow| row.tls.as_ref().is_some_and(|tls| tls.mode != PortTlsMode::None);
    let beside = |other: &PortRow| other.purpose == row.purpose && has_tls(other);
    row.purpose == PortPurpose::Submission && !has_tls(row) && ports.iter().any(beside)
}

fn rank(row: &PortRow) -> (bool, bool, u8) {
    (!row.is_safe(), !row.takes_logins(), preference(row.port))
}

fn preference(port: u16) -> u8 {
    match port {
        465 => 0,
        587 => 1,
        2525 => 3,
        _ => 2,
    }
}

fn choice(host: &Host, row: &PortRow) -> Choice {
    let Some(tls) = row.tls.as_ref() else {
        let command = format!("smtpcheck {}", host.with_port(row.port));
        return Choice { port: row.port, why: "the only port that works".to_owned(), command };
    };
    let mut why = match (row.purpose, row.port, tls.mode) {
        (PortPurpose::Relay, _, _) => {
            "the port between mail servers (RFC 5321); mail programs need another port".to_owned()
        }
        (_, 465, PortTlsMode::Implicit) => {
            "implicit TLS, so an on-path attacker cannot remove the encryption (RFC 8314)".to_owned()
        }
        (_, 2525, _) => "an additional port of some providers for networks where 465 and 587 are blocked".to_owned(),
        (_, _, PortTlsMode::Implicit) => "implicit TLS".to_owned(),
        (_, 587, PortTlsMode::Starttls) => "the port for mail programs, encrypted with STARTTLS (RFC 8314)".to_owned(),
        (_, _, PortTlsMode::Starttls) => "encrypted with STARTTLS".to_owned(),
        (_, _, PortTlsMode::None) => "it works, but is NOT encrypted: do not send a password".to_owned(),
    };
    if row.purpose == PortPurpose::Submission && !row.takes_logins() {
        why.push_str("; it does not advertise AUTH");
    }
    let target = host.with_port(row.port);
    let command = match (row.purpose, tls.mode) {
        (PortPurpose::Relay, _) => format!("smtpcheck {target} --from YOU@example.org --to RECIPIENT@example.net"),
        (_, PortTlsMode::None) => format!("smtpcheck {target}"),
        (_, PortTlsMode::Implicit) => format!("smtpcheck smtps://{target} --user USER"),
        (_, PortTlsMode::Starttls) => format!("smtpcheck {target} --user USER"),
    };
    Choice { port: row.port, why, command }
}

/// The code of the best port: 0 when one works for its purpose, else that of the port that came closest.
///
/// 1. A signal decides.
/// 2. Ports for mail programs that accept connections count before port 25: a host with a broken 465 and a working 25
///    does not work for mail programs. The same holds for a broken encrypted port beside an unencrypted one.
/// 3. When no port accepts connections, 3, or 9 if the overall time limit was reached.
fn exit(reports: &[Report], ports: &[PortRow]) -> Exit {
    let signal =
        reports.iter().map(|report| report.exit).find(|exit| matches!(exit, Exit::Interrupted | Exit::Terminated));
    let closeness = |row: &PortRow| match row.state {
        PortState::Open => 0,
        PortState::NotSmtp => 1,
        PortState::Refused | PortState::Silent | PortState::Unreachable => 2,
        PortState::NotTested => 3,
    };
    let nearest = ports
        .iter()
        .zip(reports)
        .min_by_key(|(row, _)| {
            (closeness(row), row.purpose == PortPurpose::Relay, is_bypass(row, ports), !row.works, rank(row))
        })
        .map(|(_, report)| report.exit);
    signal.or(nearest).unwrap_or(Exit::Unreachable)
}

#[cfg(test)]
mod tests {
    use super::PortsReport;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_ports_is_that_of_the_types() {
        assert_schema::<PortsReport>("ports");
    }
}
