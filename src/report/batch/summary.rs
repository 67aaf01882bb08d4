//! The summary of a batch: the number of targets with each result, the durations of the phases, and the most frequent
//! findings.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::InterfaceComparison;
use super::super::document::{ExitView, Tool};
use super::super::phases::rounded;
use super::{DomainCounts, TargetId};
use crate::check::Severity;

/// The counts of all records.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchSummary {
    /// The version of the schema, as in a report.
    pub schema_version: String,
    /// The program that wrote the summary.
    pub tool: Tool,
    /// When the first check began; null without a check.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub started_at: Option<Timestamp>,
    /// The number of targets that were checked.
    pub targets: u64,
    /// The number of lines that could not be checked.
    pub invalid_lines: u64,
    /// The first of these lines, at most five.
    pub invalid_examples: Vec<InvalidExample>,
    /// What the run did; null in the summary of saved records.
    pub run: Option<BatchProgress>,
    /// The number of targets with each exit code.
    pub by_exit: BTreeMap<u8, u64>,
    /// The findings, the most frequent first.
    pub findings: Vec<FindingCount>,
    /// The number of targets with a rejection of each category.
    pub by_category: BTreeMap<String, u64>,
    /// The number of targets with each TLS version; `none` means a session without TLS.
    pub by_tls_version: BTreeMap<String, u64>,
    /// The results of domains; null if no record is about a domain.
    #[serde(default)]
    pub domains: Option<DomainCounts>,
    /// The results by interface; null if no target was checked from several interfaces.
    #[serde(default)]
    pub interfaces: Option<InterfaceCounts>,
    /// The durations of the phases. `total` means the entire check.
    pub phases: Vec<PhaseTimes>,
    /// The targets whose checks took longest, the slowest first.
    pub slowest: Vec<SlowTarget>,
    /// The exit code of the program, without `--exit-zero`.
    pub(super) exit: ExitView,
}

/// The results of targets that were checked from several interfaces. Each target counts once for each interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InterfaceCounts {
    /// For each interface, the number of targets with each exit code.
    pub by_interface: BTreeMap<String, BTreeMap<u8, u64>>,
    /// The number of targets whose checks pass from some interfaces and fail from others.
    pub differing: u64,
    /// The first of these targets in alphabetical order, at most twenty.
    pub examples: Vec<InterfaceComparison>,
}

/// What a run did with its input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BatchProgress {
    /// The number of lines that were read, not counting empty lines and comments.
    pub lines: u64,
    /// The number of checks that were skipped because an earlier line has the same target. A line has one check, or one
    /// for each interface.
    pub duplicates: u64,
    /// The number of checks that were skipped because they belong to other shards.
    pub other_shards: u64,
    /// The number of checks that were skipped because the `--output` file contains their records.
    pub resumed: u64,
    /// The shard as I/N.
    pub shard: String,
    /// Whether every line has its record; false after a signal.
    pub complete: bool,
    /// The duration of the run in milliseconds.
    pub total_ms: f64,
    /// The number of checks per second.
    pub per_second: f64,
}

impl BatchProgress {
    /// Adds the duration of the run, and the number of checks per second.
    pub fn timed(self, time: Duration, checks: u64) -> BatchProgress {
        let seconds = time.as_secs_f64();
        // A number of checks is far below 2^53.
        #[allow(clippy::cast_precision_loss, reason = "see above")]
        let per_second = if seconds > 0.0 { checks as f64 / seconds } else { 0.0 };
        let per_second = (per_second * 10.0).round() / 10.0;
        BatchProgress { total_ms: rounded(seconds * 1000.0), per_second, ..self }
    }
}

impl BatchSummary {
    /// The exit code of the program, without `--exit-zero`.
    pub fn exit_code(&self) -> u8 {
        self.exit.code
    }
}

/// The targets with findings of one rule.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingCount {
    /// The rule.
    pub rule: String,
    /// The highest severity of these findings.
    pub severity: Severity,
    /// The number of targets.
    pub targets: u64,
    /// The first of these targets in alphabetical order, at most three.
    pub examples: Vec<FindingExample>,
}

/// A target with a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingExample {
    /// The target as `host:port`, or the domain.
    pub target: String,
    /// The summary of the finding about this target.
    pub summary: String,
}

/// A line of the input that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InvalidExample {
    /// The number of the line in the input, from 1.
    pub line: u64,
    /// What is wrong with it. The line itself is not included, because it may contain a password.
    pub error: String,
}

/// The durations of one phase, in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseTimes {
    /// The name of the phase, or `total`.
    pub name: String,
    /// The number of targets with a duration for the phase.
    pub targets: u64,
    /// The mean.
    pub mean_ms: f64,
    /// Half of the durations are not longer than this.
    pub p50_ms: f64,
    /// 90 % of the durations are not longer than this.
    pub p90_ms: f64,
    /// 99 % of the durations are not longer than this.
    pub p99_ms: f64,
    /// The longest duration.
    pub max_ms: f64,
}

/// A target whose check took a long time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SlowTarget {
    /// The target as `host:port`, or the domain.
    pub target: String,
    /// The identity of the target.
    #[cfg_attr(test, schemars(with = "String"))]
    pub id: TargetId,
    /// The duration of the check.
    pub total_ms: f64,
    /// The exit code of the check.
    pub exit_code: u8,
}
