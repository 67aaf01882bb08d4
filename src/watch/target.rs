//! The state of one target of a watch: counts, durations by phase and by IP address, changes, and the servers behind
//! the name.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backends::BackendHistory;
use super::changes::{ChangeHistory, ChangeSubject, ChangedServer, WatchChange};
use super::statistics::{PhaseEnd, PhaseStatistics};
use super::timeline::Timeline;
use crate::check::Severity;
use crate::check::backends::{BackendSeen, is_timeout};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Evidence, Fault, Phase, ProxyFaultKind, Session, TlsFaultKind, mask};
use crate::plan::{AddressChoice, Plan};
use crate::question::Purpose;
use crate::report::{Exit, InterfaceResult, InterfaceTally, PhaseResult, PhaseStatus, Report, phases};
use crate::wire::Host;

/// The maximum number of IP addresses of a host.
pub const MOST_ADDRESSES: usize = 64;
/// The number of failed checks that are kept with their reasons.
const FAILED_CHECKS: usize = 20;
/// The maximum number of different rules. It limits memory, because a saved file can contain arbitrary ids.
const MOST_RULES: usize = 300;
/// The maximum length of a kept string in characters.
const LONGEST_TEXT: usize = 400;

/// One target.
#[derive(Debug)]
pub struct TargetWatch {
    /// The settings of its checks.
    pub plan: Plan,
    /// The number of checks that have ended.
    pub checks: u64,
    /// The number of checks that failed, including timeouts.
    pub failures: u64,
    /// The number of checks that failed because a time limit was reached.
    pub timeouts: u64,
    /// The number of checks with each exit code.
    pub by_exit: BTreeMap<u8, u64>,
    /// The phases that ran.
    pub phases: BTreeMap<Phase, PhaseStatistics>,
    /// The entire checks.
    pub total: PhaseStatistics,
    /// The IP addresses that checks connected to, or tried, in the order in which they were first seen.
    pub addresses: Vec<AddressWatch>,
    /// The servers behind the name.
    pub backends: BackendHistory,
    /// What changed.
    pub changes: ChangeHistory,
    /// The checks over time.
    pub timeline: Timeline,
    /// What the checks show about the interface that they use.
    pub(super) interface_results: InterfaceTally,
    /// How often each rule was raised, in the order in which they were first raised.
    pub rules: Vec<RuleCount>,
    /// The last checks that failed, the oldest first.
    pub failed: VecDeque<FailedCheck>,
    /// The last check that ended.
    pub last: Option<LastCheck>,
    /// When the check that is running began.
    pub running_since: Option<Timestamp>,
    /// The IP addresses in the last lookup of the name, sorted.
    listed: Vec<IpAddr>,
    /// IP addresses that this machine cannot reach because it has no network of their family.
    without_network: Vec<IpAddr>,
    /// The number of checks that were directed to an IP address.
    turn: usize,
}

/// One IP address of a target.
#[derive(Debug)]
pub struct AddressWatch {
    /// The IP address.
    pub address: IpAddr,
    /// The number of checks.
    pub checks: u64,
    /// The number of checks that failed, including timeouts.
    pub failures: u64,
    /// The number of timeouts.
    pub timeouts: u64,
    /// The TCP connections.
    pub connect: PhaseStatistics,
    /// The entire checks.
    pub total: PhaseStatistics,
    /// The exit code of the last check.
    pub last_exit: Exit,
    /// The certificate that was last seen.
    pub certificate: Option<String>,
    /// When this certificate was first seen.
    pub certificate_since: Option<Timestamp>,
}

/// How often a rule was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuleCount {
    /// The rule's id.
    pub rule: String,
    /// The severity of its last finding.
    pub severity: Severity,
    /// The number of checks in which it was raised.
    pub checks: u64,
    /// The summary of its last finding.
    pub summary: String,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailedCheck {
    /// The number of the check, from 1.
    pub number: u64,
    /// When it began.
    #[cfg_attr(test, schemars(with = "String"))]
    pub at: Timestamp,
    /// The IP address that it connected to; null if it did not connect.
    pub address: Option<IpAddr>,
    /// The exit code.
    pub exit_code: u8,
    /// The reason.
    pub reason: String,
}

/// The last check of a target.
#[derive(Clone, Debug)]
pub struct LastCheck {
    /// When it began.
    pub at: Timestamp,
    /// The exit code.
    pub exit: Exit,
    /// The duration in milliseconds.
    pub total_ms: f64,
}

/// What one check added to the state.
#[derive(Debug)]
pub struct Observation {
    /// The number of the check for this target, from 1.
    pub number: u64,
    /// The IP address that the check connected to, or was directed to.
    pub address: Option<IpAddr>,
    /// What changed since earlier checks.
    pub changes: Vec<WatchChange>,
}

impl TargetWatch {
    /// A target without checks.
    pub fn new(plan: Plan) -> TargetWatch {
        TargetWatch {
            plan,
            checks: 0,
            failures: 0,
            timeouts: 0,
            by_exit: BTreeMap::new(),
            phases: BTreeMap::new(),
            total: PhaseStatistics::default(),
            addresses: Vec::new(),
            backends: BackendHistory::default(),
            changes: ChangeHistory::default(),
            timeline: Timeline::default(),
            interface_results: InterfaceTally::default(),
            rules: Vec::new(),
            failed: VecDeque::new(),
            last: None,
            running_since: None,
            listed: Vec::new(),
            without_network: Vec::new(),
            turn: 0,
        }
    }

    /// The target, and the interface that its checks use, if one is set.
    pub fn label(&self) -> String {
        label(&self.plan)
    }

    /// The IP address that the next check is directed to, with `--every-address`; `None` if the IP addresses are not
    /// known yet, or if there is only one.
    pub fn next_address(&mut self) -> Option<IpAddr> {
        let is_usable = |ip: &IpAddr| self.plan.source.can_reach(*ip) && !self.without_network.contains(ip);
        let usable: Vec<IpAddr> = self.listed.iter().copied().filter(is_usable).collect();
        let at = self.turn.checked_rem(usable.len())?;
        self.turn = at + 1;
        usable.get(at).copied().filter(|_| usable.len() > 1)
    }

    /// Adds a check that has ended.
    pub(super) fn add(&mut self, report: &Report) -> Observation {
        self.running_since = None;
        let evidence = &report.evidence;
        let address = address_of(report, evidence);
        self.note_addresses(evidence);
        if let (Some(address), true) = (address, lacks_network(report, evidence)) {
            // Without a network, a check shows nothing about the server.
            self.without_network.push(address);
            return Observation { number: self.checks, address: Some(address), changes: Vec::new() };
        }
        let at = report.started_at();
        let has_failed = report.exit != Exit::Ok;
        let has_timed_out = has_failed && evidence.main_session().is_some_and(is_timeout);
        let end = match (has_failed, has_timed_out) {
            (false, _) => PhaseEnd::Ok(report.total_ms),
            (true, false) => PhaseEnd::Failed,
            (true, true) => PhaseEnd::TimedOut,
        };
        self.checks += 1;
        self.failures += u64::from(has_failed);
        self.timeouts += u64::from(has_timed_out);
        *self.by_exit.entry(report.exit.code()).or_default() += 1;
        self.total.add(end);
        self.timeline.add(at, report.exit.code(), report.total_ms);
        let ends: Vec<(Phase, PhaseEnd)> = phase_ends(report, evidence);
        for (phase, end) in &ends {
            self.phases.entry(*phase).or_default().add(*end);
        }
        self.count_rules(report);
        self.interface_results.add(InterfaceResult::of_report(report));
        let changes = self.note_changes(report, address, at);
        if let Some(address) = address {
            let connect = ends.iter().find(|(phase, _)| *phase == Phase::Connect).map(|(_, end)| *end);
            let seen = AddressCheck { address, connect, end, exit: report.exit, at };
            self.count_address(seen, certificate(evidence));
        }
        for session in evidence.sessions() {
            if matches!(session.request.purpose, Purpose::Main | Purpose::EveryAddress)
                && let Some(seen) = BackendSeen::of(session, at)
            {
                self.backends.add(seen);
            }
        }
        if has_failed {
            self.note_failure(report, address);
        }
        self.last = Some(LastCheck { at, exit: report.exit, total_ms: report.total_ms });
        Observation { number: self.checks, address, changes }
    }

    /// The percentage of checks that failed.
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn loss_percent(&self) -> f64 {
        percent(self.failures, self.checks)
    }

    fn note_addresses(&mut self, evidence: &Evidence) {
        if let Some((_, Some(names))) = evidence.names() {
            self.list_addresses(names.addresses().collect());
        }
    }

    /// Records the IP addresses of the name. A lookup that failed changes nothing.
    pub(super) fn list_addresses(&mut self, mut listed: Vec<IpAddr>) {
        listed.sort_unstable();
        listed.dedup();
        listed.truncate(MOST_ADDRESSES);
        if !listed.is_empty() {
            self.listed = listed;
        }
    }

    fn note_changes(&mut self, report: &Report, address: Option<IpAddr>, at: Timestamp) -> Vec<WatchChange> {
        let evidence = &report.evidence;
        let is_directed = matches!(report.plan.addresses, AddressChoice::Only { .. });
        let at_address = ChangedServer { address, greeting_host: None };
        let nowhere = ChangedServer::default();
        let mut values = Vec::new();
        let result = match report.exit {
            Exit::Ok => "ok".to_owned(),
            exit => format!("exit {} ({})", exit.code(), exit.name()),
        };
        let of_result = if is_directed { at_address.clone() } else { nowhere.clone() };
        values.push((ChangeSubject::Verdict, of_result, result));
        if evidence.names().is_some_and(|(_, names)| names.is_some()) && !self.listed.is_empty() {
            let listed: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
            values.push((ChangeSubject::Addresses, nowhere, listed.join(", ")));
        }
        if let Some(session) = evidence.main_session() {
            let greeting_host = BackendSeen::of(session, at).and_then(|seen| seen.greeting_host);
            let server = ChangedServer { address, greeting_host };
            values.extend(facts(session).into_iter().map(|(subject, value)| match subject {
                ChangeSubject::Greeting => (subject, at_address.clone(), value),
                _ => (subject, server.clone(), value),
            }));
        }
        let changes = &mut self.changes;
        values
            .into_iter()
            .filter_map(|(subject, server, value)| changes.observe(subject, server, &limited(&value), at))
            .collect()
    }

    fn count_rules(&mut self, report: &Report) {
        let mut counted: Vec<&str> = Vec::new();
        for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Notice) {
            if counted.contains(&&*finding.rule) {
                continue;
            }
            counted.push(&finding.rule);
            let summary = limited(&finding.summary);
            if let Some(known) = self.rules.iter_mut().find(|known| known.rule == finding.rule) {
                known.checks += 1;
                known.severity = finding.severity;
                known.summary = summary;
            } else if self.rules.len() < MOST_RULES {
                let (rule, severity) = (limited(&finding.rule), finding.severity);
                self.rules.push(RuleCount { rule, severity, checks: 1, summary });
            }
        }
    }

    fn count_address(&mut self, seen: AddressCheck, certificate: Option<String>) {
        let place = self.addresses.iter().position(|known| known.address == seen.address);
        let place = match place {
            Some(place) => place,
            None if self.addresses.len() < MOST_ADDRESSES => {
                self.addresses.push(AddressWatch::new(seen.address));
                self.addresses.len() - 1
            }
            None => return,
        };
        let Some(known) = self.addresses.get_mut(place) else { return };
        known.checks += 1;
        known.failures += u64::from(!matches!(seen.end, PhaseEnd::Ok(_)));
        known.timeouts += u64::from(seen.end == PhaseEnd::TimedOut);
        known.total.add(seen.end);
        if let Some(connect) = seen.connect {
            known.connect.add(connect);
        }
        known.last_exit = seen.exit;
        if let Some(certificate) = certificate.map(|text| limited(&text))
            && known.certificate.as_ref() != Some(&certificate)
        {
            known.certificate = Some(certificate);
            known.certificate_since = Some(seen.at);
        }
    }

    fn note_failure(&mut self, report: &Report, address: Option<IpAddr>) {
        if self.failed.len() == FAILED_CHECKS {
            self.failed.pop_front();
        }
        self.failed.push_back(FailedCheck {
            number: self.checks,
            at: report.started_at(),
            address,
            exit_code: report.exit.code(),
            reason: reason(report),
        });
    }
}

impl AddressWatch {
    fn new(address: IpAddr) -> AddressWatch {
        AddressWatch {
            address,
            checks: 0,
            failures: 0,
            timeouts: 0,
            connect: PhaseStatistics::default(),
            total: PhaseStatistics::default(),
            last_exit: Exit::Ok,
            certificate: None,
            certificate_since: None,
        }
    }
}

/// What a check shows about an IP address.
struct AddressCheck {
    address: IpAddr,
    connect: Option<PhaseEnd>,
    end: PhaseEnd,
    exit: Exit,
    at: Timestamp,
}

/// The target of a plan, and the interface that its connections come from, if one is set.
pub fn label(plan: &Plan) -> String {
    labelled(&plan.name(), plan.source.interface.as_ref())
}

/// A target with the interface that its connections come from, if one is set.
pub(super) fn labelled(target: &str, interface: Option<&impl fmt::Display>) -> String {
    match interface {
        Some(interface) => format!("{target} from {interface}"),
        None => target.to_owned(),
    }
}

/// Why a check failed, in one line.
pub fn reason(report: &Report) -> String {
    let finding = report.findings.iter().find(|finding| report.fails_by(finding));
    let expectation = || report.failed_expectations().next().map(|one| format!("expected {}", one.expression));
    let text = finding.map(|finding| finding.summary.clone()).or_else(expectation);
    limited(&text.unwrap_or_else(|| report.exit.name().to_owned()))
}

/// The percentage of a part.
#[allow(clippy::cast_precision_loss, reason = "a percentage")]
pub fn percent(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 * 100.0 / all as f64 }
}

/// The IP address that a check connected to, or was directed to.
fn address_of(report: &Report, evidence: &Evidence) -> Option<IpAddr> {
    let connected = evidence.main_session().and_then(|session| session.server_address());
    connected.or(match report.plan.addresses {
        AddressChoice::Only { address } => Some(address),
        AddressChoice::First | AddressChoice::Every => match report.plan.target.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) | Host::Socket(_) => None,
        },
    })
}

/// Whether a check was directed to an IP address whose family this machine has no network for.
fn lacks_network(report: &Report, evidence: &Evidence) -> bool {
    let fault = evidence.main_session().and_then(|session| session.fault());
    let kind = match fault {
        Some(Fault::NotConnected { connect }) => connect.kind,
        _ => return false,
    };
    matches!(report.plan.addresses, AddressChoice::Only { .. })
        && matches!(
            kind,
            ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress | ConnectFaultKind::SourceFamily
        )
}

/// How each phase that ran has ended.
fn phase_ends(report: &Report, evidence: &Evidence) -> Vec<(Phase, PhaseEnd)> {
    let timed_out = evidence.main_session().and_then(|session| timed_out_at(session));
    let end = |result: PhaseResult| {
        let end = match (result.status, result.ms) {
            (PhaseStatus::Ok, Some(ms)) => PhaseEnd::Ok(ms),
            (PhaseStatus::Failed, _) if timed_out == Some(result.name) => PhaseEnd::TimedOut,
            (PhaseStatus::Failed, _) => PhaseEnd::Failed,
            (PhaseStatus::Ok, None) | (PhaseStatus::Skipped | PhaseStatus::Unknown, _) => return None,
        };
        (result.name != Phase::Quit).then_some((result.name, end))
    };
    phases(&report.plan, evidence).into_iter().filter_map(end).collect()
}

/// The phase in which a time limit was reached.
fn timed_out_at(session: Session<'_>) -> Option<Phase> {
    match session.fault()? {
        Fault::NotConnected { connect } if connect.kind == ConnectFaultKind::TimedOut => Some(Phase::Connect),
        Fault::Proxy { proxy } if matches!(proxy.kind, ProxyFaultKind::Silent | ProxyFaultKind::NoResult) => {
            Some(Phase::Connect)
        }
        Fault::Silent { phase, .. } | Fault::Unread { phase } | Fault::TimeUp { phase } => Some(*phase),
        Fault::Tls { tls } if matches!(tls.kind, TlsFaultKind::Silent { .. }) => Some(Phase::Tls),
        _ => None,
    }
}

/// The facts whose changes are recorded.
fn facts(session: Session<'_>) -> Vec<(ChangeSubject, String)> {
    let mut facts = Vec::new();
    // After a login, words of an unencrypted greeting may be left out. The rest cannot be compared.
    let greeting = session.reply_at(Phase::Greeting).map(|received| received.reply.joined());
    if let Some(greeting) = greeting.filter(|text| !text.contains(mask::LEFT_OUT)) {
        facts.push((ChangeSubject::Greeting, stable_greeting(&greeting)));
    }
    if let Some((received, offers)) = session.final_capabilities() {
        let name = received.reply.text.first().and_then(|line| line.split_ascii_whitespace().next());
        facts.extend(name.map(|name| (ChangeSubject::EhloName, name.to_owned())));
        let mut words = offers.words();
        words.sort_unstable();
        facts.push((ChangeSubject::Extensions, words.join(", ")));
    }
    if let Some((_, handshake)) = session.handshake() {
        facts.push((ChangeSubject::TlsVersion, handshake.version.clone()));
        facts.extend(certificate_of(session).map(|text| (ChangeSubject::Certificate, text)));
    }
    facts
}

fn certificate(evidence: &Evidence) -> Option<String> {
    evidence.main_session().and_then(certificate_of)
}

/// The certificate in one line: its first name, its last day, and the beginning of its fingerprint.
fn certificate_of(session: Session<'_>) -> Option<String> {
    let (_, handshake) = session.handshake()?;
    let leaf = handshake.leaf()?;
    let name = leaf.names.first().cloned().or_else(|| leaf.common_name.clone()).unwrap_or_default();
    let digits = leaf.sha256.get(..8).unwrap_or(&leaf.sha256);
    Some(format!("{name} until {} ({digits})", leaf.not_after.strftime("%Y-%m-%d")))
}

/// The greeting without the words that are different in each session: the date, the time and identifiers.
fn stable_greeting(text: &str) -> String {
    const CALENDAR: [&str; 19] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
        "oct", "nov", "dec",
    ];
    let is_stable = |word: &&str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_version = bare.contains('.') && !bare.contains(':') && bare.len() <= 12;
        let has_digit = bare.chars().any(|c| c.is_ascii_digit());
        let is_date = CALENDAR.contains(&bare.to_ascii_lowercase().as_str()) || *word == "GMT" || *word == "UTC";
        !is_date && (!has_digit || is_version)
    };
    // The first word is the host name, which can contain digits.
    let mut words = text.split_ascii_whitespace();
    words.next().into_iter().chain(words.filter(is_stable)).collect::<Vec<_>>().join(" ")
}

fn limited(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::stable_greeting;

    #[test]
    fn parts_of_a_greeting_that_differ_in_each_session_are_left_out() {
        for (text, stable) in [
            ("mx2.example.net ESMTP Postfix 3.7.2", "mx2.example.net ESMTP Postfix 3.7.2"),
            ("mx.example.net ESMTP d2e1a72fcca58-6e2bda - gsmtp", "mx.example.net ESMTP - gsmtp"),
            ("a.example ESMTP Exim 4.98 Sat, 28 Nov 2026 21:33:31 +0000", "a.example ESMTP Exim 4.98"),
        ] {
            assert_eq!(stable_greeting(text), stable);
        }
    }
}
