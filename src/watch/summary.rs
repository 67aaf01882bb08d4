//! The state of a watch as JSON. Text and HTML show the same values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backends::ObservedBackend;
use super::changes::WatchChange;
use super::state::Watch;
use super::statistics::{Durations, PhaseStatistics};
use super::target::{AddressWatch, FailedCheck, RuleCount, TargetWatch, labelled};
use super::timeline::Period;
use crate::check::Finding;
use crate::check::backends::BackendCertificate;
use crate::report::{Exit, InterfaceComparison, SCHEMA_VERSION, Tool, exit_name};

/// The exit codes, worst first. A failure in an earlier phase is worse.
const WORST_FIRST: [u8; 9] = [3, 8, 6, 5, 7, 4, 9, 1, 0];

/// The state of a watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WatchSummary {
    /// The version of the schema, as in a report.
    pub schema_version: String,
    /// The name and version of the program.
    pub tool: Tool,
    /// When the watch began.
    #[cfg_attr(test, schemars(with = "String"))]
    pub started_at: Timestamp,
    /// When the summary was made.
    #[cfg_attr(test, schemars(with = "String"))]
    pub ended_at: Timestamp,
    /// The targets, in the order of the command line.
    pub targets: Vec<TargetSummary>,
    /// The targets that were checked from several interfaces, if every check from one of them passed and every check
    /// from another failed.
    pub interfaces: Vec<InterfaceComparison>,
    /// The exit code of the program.
    pub exit: WatchExit,
}

/// An exit code with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WatchExit {
    /// The code.
    pub code: u8,
    /// The name.
    pub name: String,
}

/// The state of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TargetSummary {
    /// The target as `host:port`.
    pub target: String,
    /// The IP address or network interface that connections come from; null if the operating system chooses it.
    pub interface: Option<String>,
    /// The number of checks that have ended.
    pub checks: u64,
    /// The number of checks that failed, including timeouts.
    pub failures: u64,
    /// The number of checks that failed because a time limit was reached.
    pub timeouts: u64,
    /// The percentage of checks that failed.
    pub loss_percent: f64,
    /// The number of checks with each exit code.
    pub by_exit: BTreeMap<u8, u64>,
    /// The phases that ran, in the order of a session, and `total` for entire checks.
    pub phases: Vec<PhaseSummary>,
    /// The IP addresses that checks connected to.
    pub addresses: Vec<AddressSummary>,
    /// The servers behind the name, if they can be distinguished.
    pub backends: Vec<BackendSummary>,
    /// The differences between these servers.
    pub findings: Vec<Finding>,
    /// What changed.
    pub changes: Vec<WatchChange>,
    /// The number of changes that are no longer listed.
    pub changes_dropped: u64,
    /// How often each rule was reported; notices are not counted.
    pub rules: Vec<RuleCount>,
    /// The last checks that failed, the oldest first.
    pub failed_checks: Vec<FailedCheck>,
    /// The checks over time. Each period contains the same number of checks, except for the last one.
    pub timeline: Vec<Period>,
}

/// The durations and failures of one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseSummary {
    /// The name of the phase, as in a report; `total` for entire checks.
    pub name: String,
    /// The number of times that the phase ran.
    pub runs: u64,
    /// The number of failures other than timeouts.
    pub failures: u64,
    /// The number of timeouts.
    pub timeouts: u64,
    /// The duration of the last run that succeeded; null if none succeeded.
    pub last_ms: Option<f64>,
    /// The mean duration.
    pub mean_ms: Option<f64>,
    /// The shortest duration.
    pub best_ms: Option<f64>,
    /// The longest duration.
    pub worst_ms: Option<f64>,
    /// The median. Percentiles are exact to two significant digits.
    pub p50_ms: Option<f64>,
    /// The 95th percentile.
    pub p95_ms: Option<f64>,
    /// The 99th percentile. With fewer than 100 durations, it is the longest.
    pub p99_ms: Option<f64>,
    /// The mean difference between consecutive durations.
    pub jitter_ms: Option<f64>,
}

/// One IP address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AddressSummary {
    /// The IP address.
    pub address: IpAddr,
    /// The number of checks.
    pub checks: u64,
    /// The number of checks that failed, including timeouts.
    pub failures: u64,
    /// The number of timeouts.
    pub timeouts: u64,
    /// The percentage of checks that failed.
    pub loss_percent: f64,
    /// The TCP connections.
    pub connect: PhaseSummary,
    /// The entire checks.
    pub total: PhaseSummary,
    /// The exit code of the last check.
    pub last_exit_code: u8,
    /// The certificate that was last seen; null if none was seen.
    pub certificate: Option<String>,
    /// When this certificate was first seen.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub certificate_since: Option<Timestamp>,
}

/// One server behind the name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BackendSummary {
    /// The IP address.
    pub address: Option<IpAddr>,
    /// The host name in its greeting; null if it never sent one.
    pub greeting_host: Option<String>,
    /// The number of sessions in which it was seen.
    pub sessions: u64,
    /// Its certificate; null without TLS.
    pub certificate: Option<BackendCertificate>,
    /// The TLS version; null without TLS.
    pub tls_version: Option<String>,
    /// The extensions that it advertises; null if EHLO did not succeed.
    pub extensions: Option<Vec<String>>,
    /// Whether it sends session tickets; null without TLS.
    pub tickets: Option<bool>,
    /// Why its sessions fail; null if they do not.
    pub failure: Option<String>,
}

impl Watch {
    /// The state as a summary. `limit` is the percentage of failed checks up to which the watch passes
    /// (`--fail-on-loss`); without a limit, every failed check makes the watch fail.
    pub fn summary(&self, now: Timestamp, limit: Option<f64>) -> WatchSummary {
        let targets: Vec<TargetSummary> = self.targets.iter().map(TargetWatch::summary).collect();
        let code = self.exit_code(&targets, limit);
        WatchSummary {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool::this(),
            started_at: self.began,
            ended_at: now,
            targets,
            interfaces: self.compared_interfaces(),
            exit: WatchExit { code, name: exit_name(code).to_owned() },
        }
    }

    /// The exit code of the worst check. If a target has no completed check, its result is unknown, and the watch is
    /// incomplete. Differences between servers and checks whose records cannot be read are treated like findings.
    fn exit_code(&self, targets: &[TargetSummary], limit: Option<f64>) -> u8 {
        let of_unchecked = targets.iter().filter(|target| target.checks == 0).map(|_| Exit::Incomplete.code());
        if let Some(limit) = limit {
            let is_over = |target: &&TargetSummary| target.loss_percent > limit;
            let of_checks = targets.iter().filter(is_over).flat_map(|target| target.by_exit.keys().copied());
            return worst(of_checks.chain(of_unchecked));
        }
        let of_checks = targets.iter().flat_map(|target| target.by_exit.keys().copied());
        let of_differences = self.targets.iter().zip(targets).filter_map(|(watch, target)| {
            let counts = target.findings.iter().any(|finding| watch.plan.gate.counts(finding));
            counts.then_some(Exit::Findings.code())
        });
        let of_missing = self.lacks_checks.then_some(Exit::Findings.code());
        worst(of_checks.chain(of_differences).chain(of_unchecked).chain(of_missing))
    }
}

impl TargetSummary {
    /// The target, and the interface, if one is set.
    pub fn label(&self) -> String {
        labelled(&self.target, self.interface.as_ref())
    }
}

/// The worst of the given exit codes.
fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    let rank = |code: &u8| WORST_FIRST.iter().position(|known| known == code).unwrap_or(0);
    codes.min_by_key(rank).unwrap_or(0)
}

impl TargetWatch {
    /// The state as a summary.
    pub fn summary(&self) -> TargetSummary {
        let mut phases: Vec<PhaseSummary> =
            self.phases.iter().map(|(phase, statistics)| PhaseSummary::of(phase.key(), statistics)).collect();
        phases.push(PhaseSummary::of("total", &self.total));
        TargetSummary {
            target: self.plan.name(),
            interface: self.plan.source.interface.as_ref().map(ToString::to_string),
            checks: self.checks,
            failures: self.failures,
            timeouts: self.timeouts,
            loss_percent: rounded(self.loss_percent()),
            by_exit: self.by_exit.clone(),
            phases,
            addresses: self.addresses.iter().map(AddressSummary::from).collect(),
            backends: self.backends.servers().into_iter().map(BackendSummary::from).collect(),
            findings: self.backends.findings(&self.plan),
            changes: self.changes.all().to_vec(),
            changes_dropped: self.changes.dropped(),
            rules: self.rules.clone(),
            failed_checks: self.failed.iter().cloned().collect(),
            timeline: self.timeline.periods().to_vec(),
        }
    }
}

impl PhaseSummary {
    /// The values of a phase with this name.
    pub fn of(name: &str, statistics: &PhaseStatistics) -> PhaseSummary {
        let PhaseStatistics { durations, failures, timeouts } = statistics;
        let value = |of: fn(&Durations) -> Option<f64>| of(durations).map(rounded);
        PhaseSummary {
            name: name.to_owned(),
            runs: statistics.runs(),
            failures: *failures,
            timeouts: *timeouts,
            last_ms: value(Durations::last),
            mean_ms: value(Durations::mean),
            best_ms: value(Durations::best),
            worst_ms: value(Durations::worst),
            p50_ms: value(|durations| durations.percentile(50.0)),
            p95_ms: value(|durations| durations.percentile(95.0)),
            p99_ms: value(|durations| durations.percentile(99.0)),
            jitter_ms: value(Durations::jitter),
        }
    }

    /// The percentage of runs that failed or timed out.
    pub fn loss_percent(&self) -> f64 {
        super::target::percent(self.failures + self.timeouts, self.runs)
    }
}

impl From<&AddressWatch> for AddressSummary {
    fn from(known: &AddressWatch) -> AddressSummary {
        AddressSummary {
            address: known.address,
            checks: known.checks,
            failures: known.failures,
            timeouts: known.timeouts,
            loss_percent: rounded(super::target::percent(known.failures, known.checks)),
            connect: PhaseSummary::of("connect", &known.connect),
            total: PhaseSummary::of("total", &known.total),
            last_exit_code: known.last_exit.code(),
            certificate: known.certificate.clone(),
            certificate_since: known.certificate_since,
        }
    }
}

impl From<&ObservedBackend> for BackendSummary {
    fn from(known: &ObservedBackend) -> BackendSummary {
        let seen = &known.seen;
        BackendSummary {
            address: seen.address,
            greeting_host: seen.greeting_host.clone(),
            sessions: known.sessions,
            certificate: seen.certificate.clone(),
            tls_version: seen.tls_version.clone(),
            extensions: seen.extensions.clone(),
            tickets: seen.tickets,
            failure: seen.failure.as_ref().map(|failure| failure.reason.clone()),
        }
    }
}

/// Rounds to three decimal places, like the durations of a report.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::worst;

    #[test]
    fn the_worst_exit_code_is_that_of_the_earliest_failure() {
        assert_eq!(worst([0, 1, 4, 6].into_iter()), 6);
        assert_eq!(worst([0, 6, 3].into_iter()), 3);
        assert_eq!(worst([0, 0].into_iter()), 0);
        assert_eq!(worst([9, 1].into_iter()), 9);
    }
}
