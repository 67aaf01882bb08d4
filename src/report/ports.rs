//! The reports of several ports of one host, and the recommended ports.
//!
//! Port 25 receives mail from other servers (RFC 5321); every other port receives mail from programs, which usually log
//! in (RFC 8314 §3.3). [`PortsReport`] is also the JSON form: the rows of the table, the recommendation, and for each
//! port the complete report, which can be loaded and evaluated again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Document, Exit, Report, SCHEMA_VERSION};
use crate::check::{Finding, Severity};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Certificate, Fault, Outcome, Phase, ProxyFaultKind, ServerUnreachable, Session};
use crate::plan::TlsUse;
use crate::wire::Host;

/// The JSON Schema (2020-12) of `smtpcheck ports --json`, generated from the types below by this file's test.
pub const PORTS_SCHEMA: &str = include_str!("../../schema/ports.json");

/// The port that mail servers use to deliver mail to each other.
const RELAY: u16 = 25;

/// The results of several ports of one host.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortsReport {
    /// The version of the schema, as in `Document`.
    pub schema_version: String,
    /// The host.
    pub host: Host,
    /// Whether all checks finished, that is, were not cut short or interrupted.
    pub complete: bool,
    /// The total duration in milliseconds.
    pub total_ms: f64,
    /// The ports, in the order of the command line.
    pub ports: Vec<PortRow>,
    /// The certificates that the ports use, each with its ports; the one that expires last is first. If there are
    /// several, the ports do not all use the same certificate.
    pub certificates: Vec<PortCertificate>,
    /// The recommended ports.
    pub recommendation: Recommendation,
    /// The exit code of the program.
    pub exit: PortsExit,
}

/// The results of one port.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortRow {
    /// The port number.
    pub port: u16,
    /// The purpose of the port.
    pub purpose: PortPurpose,
    /// Whether the port accepts connections.
    pub state: PortState,
    /// The result of TLS; null if the check did not reach it.
    pub tls: Option<PortTlsResult>,
    /// The mechanisms that the server advertises before TLS; null if EHLO was not sent or received no reply there.
    pub auth_before_tls: Option<Vec<String>>,
    /// The mechanisms that the server advertises over TLS; null if EHLO was not sent or received no reply there.
    pub auth_inside_tls: Option<Vec<String>>,
    /// The time in milliseconds from the connection, or from the end of the TLS handshake, to the complete greeting.
    pub greeting_ms: Option<f64>,
    /// Whether the port can be used for its purpose: it sends a greeting, and no error was found.
    pub works: bool,
    /// The complete report of the port.
    pub report: Document,
}

/// The purpose of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortPurpose {
    /// Other mail servers deliver mail to it.
    Relay,
    /// Mail programs and applications submit mail to it, usually with a login.
    Submission,
}

/// Whether a port accepts connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// It accepts connections, and no service other than SMTP was recognised.
    Open,
    /// It accepts connections, but the service is not SMTP.
    NotSmtp,
    /// The host refuses the connection: no program listens on the port.
    Refused,
    /// The connection attempt timed out.
    Silent,
    /// The host cannot be reached: it has no IP address, there is no route, or this machine forbids the connection.
    Unreachable,
    /// The port was not tested, because the check ended first or the overall time limit was reached.
    NotTested,
}

/// The result of TLS on a port.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortTlsResult {
    /// How TLS is started.
    pub mode: PortTlsMode,
    /// The version, `1.2` or `1.3`; null if TLS could not be started.
    pub version: Option<String>,
    /// Whether the certificate is trusted, is within its validity period and matches the host name; null without a
    /// handshake.
    pub verifies: Option<bool>,
    /// Whole days until the certificate expires; negative if it has expired.
    pub days_left: Option<i64>,
}

/// A certificate and the ports that use it.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortCertificate {
    /// The SHA-256 fingerprint of the certificate, in hexadecimal.
    pub sha256: String,
    /// The first DNS name or IP address in the certificate, or its subject if there is none.
    pub name: String,
    /// Whole days until the certificate expires; negative if it has expired.
    pub days_left: i64,
    /// The ports that use the certificate, in the order of the command line.
    pub ports: Vec<u16>,
}

/// How TLS is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortTlsMode {
    /// Immediately after the connection (implicit TLS).
    Implicit,
    /// With STARTTLS.
    Starttls,
    /// TLS is not available: STARTTLS is not advertised.
    None,
}

/// The recommended ports.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recommendation {
    /// The port for mail programs and applications; null if no port works for them.
    pub submission: Option<Choice>,
    /// The port for other mail servers; null if port 25 was not tested or does not work.
    pub relay: Option<Choice>,
}

/// A recommended port.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Choice {
    /// The port number.
    pub port: u16,
    /// The reason for the recommendation.
    pub why: String,
    /// The smtpcheck command to run next.
    pub command: String,
}

/// The exit code of the program.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortsExit {
    /// The exit code.
    pub code: u8,
    /// The name of the exit code.
    pub name: String,
    /// Whether the same command may succeed later without any change.
    pub retryable: bool,
}

impl PortsReport {
    /// Combines the reports of the ports of one host. There must be at least one report.
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

    fn advertises_auth(&self) -> bool {
        let offered = if self.is_encrypted() { &self.auth_inside_tls } else { &self.auth_before_tls };
        offered.as_ref().is_some_and(|mechanisms| !mechanisms.is_empty())
    }

    fn is_encrypted(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.version.is_some())
    }
}

/// Whether the check finished without an error. `--fail-on` is ignored, because it changes the exit code but not
/// whether a port works.
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
            | ConnectFaultKind::SourceMissing
            | ConnectFaultKind::SourceFamily
            | ConnectFaultKind::SourcePorts
            | ConnectFaultKind::DeniedHere
            | ConnectFaultKind::Other => PortState::Unreachable,
        },
        Some(Fault::NoAddress) => PortState::Unreachable,
        Some(Fault::Proxy { proxy }) => match proxy.kind {
            ProxyFaultKind::ServerUnreachable { reason: ServerUnreachable::Refused } => PortState::Refused,
            ProxyFaultKind::ServerUnreachable { reason: ServerUnreachable::TimedOut } | ProxyFaultKind::NoResult => {
                PortState::Silent
            }
            ProxyFaultKind::ServerUnreachable { .. } => PortState::Unreachable,
            // smtpcheck did not connect to the server.
            _ => PortState::NotTested,
        },
        _ if !session.is_connected() => PortState::NotTested,
        _ if session.reply_at(Phase::Greeting).is_some_and(|received| received.reply.code.is_none()) => {
            PortState::NotSmtp
        }
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

/// The best port for a purpose, if one works. The criteria, most important first:
/// 1. the connection is encrypted and the certificate verifies;
/// 2. AUTH is advertised;
/// 3. the port number (RFC 8314 §3.3): 465 (implicit TLS), 587 (STARTTLS), other ports, and last 2525, which is intended
///    for networks where the others are blocked.
fn best(ports: &[PortRow], purpose: PortPurpose) -> Option<&PortRow> {
    ports.iter().filter(|row| row.purpose == purpose && row.works && !is_bypass(row, ports)).min_by_key(|row| rank(row))
}

/// Whether this is an unencrypted submission port on a host that also has an encrypted one. It is never recommended as
/// a substitute for a broken encrypted port (RFC 8314 §4.1: mail programs do not submit mail without TLS).
fn is_bypass(row: &PortRow, ports: &[PortRow]) -> bool {
    let has_tls = |row: &PortRow| row.tls.as_ref().is_some_and(|tls| tls.mode != PortTlsMode::None);
    let beside = |other: &PortRow| other.purpose == row.purpose && has_tls(other);
    row.purpose == PortPurpose::Submission && !has_tls(row) && ports.iter().any(beside)
}

fn rank(row: &PortRow) -> (bool, bool, u8) {
    (!row.is_safe(), !row.advertises_auth(), preference(row.port))
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
            "the port on which mail servers deliver mail (RFC 5321); mail programs need another port".to_owned()
        }
        (_, 465, PortTlsMode::Implicit) => {
            "implicit TLS, so an on-path attacker cannot remove the encryption (RFC 8314)".to_owned()
        }
        (_, 2525, _) => {
            "an additional port that some providers offer for networks where 465 and 587 are blocked".to_owned()
        }
        (_, _, PortTlsMode::Implicit) => "implicit TLS".to_owned(),
        (_, 587, PortTlsMode::Starttls) => "the port for mail programs, encrypted with STARTTLS (RFC 8314)".to_owned(),
        (_, _, PortTlsMode::Starttls) => "encrypted with STARTTLS".to_owned(),
        (_, _, PortTlsMode::None) => "the port works but is not encrypted; do not send a password".to_owned(),
    };
    if row.purpose == PortPurpose::Submission && !row.advertises_auth() {
        why.push_str("; the server does not advertise AUTH");
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

/// The exit code of the best port: 0 if one works for its purpose, otherwise the code of the port that reached the
/// latest phase.
///
/// 1. The exit code of a signal takes precedence.
/// 2. Submission ports that accept connections are considered before port 25, because a host with a broken port 465 and
///    a working port 25 does not work for mail programs. For the same reason, a broken encrypted port is considered
///    before an unencrypted one.
/// 3. If no port accepts connections, the exit code is 3, or 9 if the overall time limit was reached.
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
    fn the_published_schema_of_ports_matches_the_types() {
        assert_schema::<PortsReport>("ports");
    }
}
