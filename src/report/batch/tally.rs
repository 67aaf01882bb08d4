//! Counts records one by one. The result does not depend on their order. The tally of several files is therefore the
//! same as the tally of one file with all their records.

use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;
use jiff::Timestamp;

use super::super::document::{ExitView, Tool};
use super::super::{Exit, SCHEMA_VERSION, known_exit};
use super::count::{MOST_NAMES, count};
use super::interfaces::BatchInterfaces;
use super::reader::SavedFinding;
use super::{
    BatchProgress, BatchSummary, DomainCounts, FindingCount, FindingExample, InvalidExample, PhaseTimes, SavedTarget,
    SlowTarget, TargetId,
};
use crate::check::Severity;

/// The number of slow targets in a summary.
const SLOWEST: usize = 10;
/// The number of example targets for each finding.
const EXAMPLES: usize = 3;
/// The number of examples of lines that could not be checked.
const INVALID_EXAMPLES: usize = 5;
/// The longest duration that is counted, in microseconds. Longer durations are counted as this value. No check takes
/// more than a day.
const LONGEST_US: u64 = 86_400_000_000;
/// The phases in the order of a session.
const ORDER: [&str; 12] =
    ["dns", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo-tls", "auth", "mail", "rcpt", "quit", "total"];

/// The counts of a set of records.
#[derive(Debug, Default)]
pub struct BatchTally {
    targets: u64,
    invalid_lines: u64,
    /// The lines with the lowest numbers.
    invalid_examples: BTreeSet<InvalidExample>,
    started_at: Option<Timestamp>,
    by_exit: BTreeMap<u8, u64>,
    rules: BTreeMap<String, RuleTally>,
    categories: BTreeMap<String, u64>,
    tls_versions: BTreeMap<String, u64>,
    domains: Option<DomainCounts>,
    interfaces: BatchInterfaces,
    phases: BTreeMap<String, PhaseTally>,
    slowest: BTreeSet<SlowKey>,
}

#[derive(Debug)]
struct RuleTally {
    severity: Severity,
    targets: u64,
    /// The first targets in alphabetical order, so that the examples do not depend on the order of the records. Only
    /// the first summary of each target is kept.
    examples: BTreeMap<String, String>,
}

#[derive(Debug)]
struct PhaseTally {
    times: Histogram<u64>,
    sum_us: u128,
    max_us: u64,
}

/// Sorted by duration, the longest first, then by name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SlowKey {
    us: std::cmp::Reverse<u64>,
    target: String,
    id: TargetId,
    exit_code: u8,
}

impl BatchTally {
    /// Counts a line that could not be checked.
    pub fn add_invalid(&mut self, line: u64, error: &str) {
        self.invalid_lines += 1;
        let is_first = self.invalid_examples.last().is_none_or(|last| line <= last.line);
        if is_first || self.invalid_examples.len() < INVALID_EXAMPLES {
            self.invalid_examples.insert(InvalidExample { line, error: error.to_owned() });
            if self.invalid_examples.len() > INVALID_EXAMPLES {
                self.invalid_examples.pop_last();
            }
        }
    }

    /// The number of records.
    pub fn records(&self) -> u64 {
        self.targets + self.invalid_lines
    }

    /// The number of targets that failed, and lines that could not be checked.
    pub fn failures(&self) -> u64 {
        self.records() - self.by_exit.get(&0).copied().unwrap_or(0)
    }

    /// Counts the record of a target.
    pub fn add(&mut self, record: &SavedTarget<'_>) {
        self.targets += 1;
        self.started_at = Some(self.started_at.map_or(record.started_at, |first| first.min(record.started_at)));
        *self.by_exit.entry(record.exit.code).or_default() += 1;
        match &record.tls {
            Some(tls) => count(&mut self.tls_versions, &tls.version),
            // If the session did not reach EHLO, nothing is known about the server's TLS.
            None if record.phases.iter().any(|phase| phase.name == "ehlo") => count(&mut self.tls_versions, "none"),
            None => {}
        }
        if let Some(domain) = &record.domain {
            self.domains.get_or_insert_default().add(domain);
        }
        let target = target_name(record);
        self.interfaces.add(record);
        let mut categories: Vec<&str> = Vec::new();
        for (at, finding) in record.findings.iter().enumerate() {
            categories.extend(finding.category.as_deref().filter(|category| !categories.contains(category)));
            // A rule can have several findings about one target.
            let is_first = record.findings.iter().take(at).all(|earlier| earlier.rule != finding.rule);
            self.add_finding(finding, &target, is_first);
        }
        for category in categories {
            count(&mut self.categories, category);
        }
        for phase in &record.phases {
            self.add_time(&phase.name, phase.ms);
        }
        self.add_time("total", Some(record.total_ms));
        let us = microseconds(record.total_ms);
        if self.slowest.len() < SLOWEST || self.slowest.last().is_some_and(|last| us >= last.us.0) {
            let us = std::cmp::Reverse(us);
            self.slowest.insert(SlowKey { us, target, id: record.id, exit_code: record.exit.code });
            if self.slowest.len() > SLOWEST {
                self.slowest.pop_last();
            }
        }
    }

    fn add_finding(&mut self, finding: &SavedFinding<'_>, target: &str, is_first: bool) {
        let is_full = self.rules.len() >= MOST_NAMES;
        let known = match self.rules.get_mut(finding.rule.as_ref()) {
            Some(known) => known,
            None if is_full => return,
            None => self.rules.entry(finding.rule.to_string()).or_insert_with(|| RuleTally {
                severity: finding.severity,
                targets: 0,
                examples: BTreeMap::new(),
            }),
        };
        known.targets += u64::from(is_first);
        known.severity = known.severity.max(finding.severity);
        known.add_example(target, &finding.summary);
    }

    fn add_time(&mut self, phase: &str, ms: Option<f64>) {
        let Some(us) = ms.map(microseconds) else { return };
        let is_full = self.phases.len() >= 2 * ORDER.len();
        let known = match self.phases.get_mut(phase) {
            Some(known) => known,
            None if is_full => return,
            None => match PhaseTally::new() {
                Some(new) => self.phases.entry(phase.to_owned()).or_insert(new),
                None => return,
            },
        };
        known.times.saturating_record(us.max(1));
        known.sum_us += u128::from(us);
        known.max_us = known.max_us.max(us);
    }

    /// The exit code of the program: 0 if nothing failed, and 130 or 143 after a signal. Otherwise, it is the exit code
    /// that all failures share, or 1 if their codes differ. A line that could not be checked is a failure with exit
    /// code 1; if no target was checked, the exit code of the program is 2.
    pub fn exit_code(&self) -> u8 {
        let mut failures: BTreeSet<u8> = self.by_exit.keys().copied().filter(|&code| code != 0).collect();
        if self.invalid_lines > 0 {
            if self.targets == 0 {
                return 2;
            }
            failures.insert(1);
        }
        if let Some(&signal) = failures.iter().find(|&&code| code >= Exit::Interrupted.code()) {
            return signal;
        }
        match failures.len() {
            0 => 0,
            1 => failures.first().copied().unwrap_or(1),
            _ => 1,
        }
    }

    /// The summary. `run` is what the run did; `code` is the exit code.
    pub fn summary(&self, run: Option<BatchProgress>, code: u8) -> BatchSummary {
        let example =
            |(target, summary): (&String, &String)| FindingExample { target: target.clone(), summary: summary.clone() };
        let mut findings: Vec<FindingCount> = self
            .rules
            .iter()
            .map(|(rule, tally)| FindingCount {
                rule: rule.clone(),
                severity: tally.severity,
                targets: tally.targets,
                examples: tally.examples.iter().map(example).collect(),
            })
            .collect();
        // The rules are in alphabetical order, and the sort is stable.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.targets));
        let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        let mut phases: Vec<PhaseTimes> = self.phases.iter().map(|(name, tally)| tally.times(name)).collect();
        phases.sort_by_key(|phase| place(&phase.name));
        let slow = |key: &SlowKey| SlowTarget {
            target: key.target.clone(),
            id: key.id,
            total_ms: milliseconds(key.us.0),
            exit_code: key.exit_code,
        };
        BatchSummary {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool::this(),
            started_at: self.started_at,
            targets: self.targets,
            invalid_lines: self.invalid_lines,
            invalid_examples: self.invalid_examples.iter().cloned().collect(),
            run,
            by_exit: self.by_exit.clone(),
            findings,
            by_category: self.categories.clone(),
            by_tls_version: self.tls_versions.clone(),
            domains: self.domains.clone(),
            interfaces: self.interfaces.counts(),
            phases,
            slowest: self.slowest.iter().map(slow).collect(),
            exit: exit_view(code),
        }
    }
}

impl RuleTally {
    fn add_example(&mut self, target: &str, summary: &str) {
        match self.examples.get_mut(target) {
            Some(known) if summary < known.as_str() => *known = summary.to_owned(),
            Some(_) => {}
            None => {
                let is_first = self.examples.last_key_value().is_none_or(|(last, _)| target < last.as_str());
                if is_first || self.examples.len() < EXAMPLES {
                    self.examples.insert(target.to_owned(), summary.to_owned());
                    if self.examples.len() > EXAMPLES {
                        self.examples.pop_last();
                    }
                }
            }
        }
    }
}

impl PhaseTally {
    fn new() -> Option<PhaseTally> {
        // The bounds are constants that the library accepts: 1 is the smallest value, and 3 digits are kept.
        let times = Histogram::new_with_bounds(1, LONGEST_US, 3).ok()?;
        Some(PhaseTally { times, sum_us: 0, max_us: 0 })
    }

    fn times(&self, name: &str) -> PhaseTimes {
        let targets = self.times.len();
        let part = |quantile: f64| milliseconds(self.times.value_at_quantile(quantile).min(self.max_us));
        let mean_us = u64::try_from(self.sum_us / u128::from(targets.max(1))).unwrap_or(LONGEST_US);
        PhaseTimes {
            name: name.to_owned(),
            targets,
            mean_ms: milliseconds(mean_us),
            p50_ms: part(0.5),
            p90_ms: part(0.9),
            p99_ms: part(0.99),
            max_ms: milliseconds(self.max_us),
        }
    }
}

fn exit_view(code: u8) -> ExitView {
    let (name, retryable) = match code {
        2 => ("usage", false),
        code => {
            let exit = known_exit(code);
            (exit.name(), exit.is_retryable())
        }
    };
    ExitView { code, name: name.to_owned(), retryable }
}

/// The target as `host:port`, or the domain, with the interface if several are compared.
fn target_name(record: &SavedTarget<'_>) -> String {
    match record.compared_interface() {
        Some((_, interface)) => format!("{} from {interface}", record.name()),
        None => record.name(),
    }
}

/// Records contain milliseconds with three decimal places.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is within the range of u64")]
fn microseconds(ms: f64) -> u64 {
    let us = (ms * 1000.0).round();
    if us.is_finite() && us > 0.0 { us.min(LONGEST_US as f64) as u64 } else { 0 }
}

#[allow(clippy::cast_precision_loss, reason = "the value is far below 2^53")]
fn milliseconds(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use super::super::SavedTarget;
    use super::BatchTally;

    fn record(number: u32, code: u8, ms: f64, rule: &str) -> String {
        format!(
            r#"{{"id":"{number:032x}","line":{number},"started_at":"2026-11-28T00:00:0{}Z","total_ms":{ms},
            "target":{{"host":"h{number}.example","port":25}},"phases":[{{"name":"connect","ms":{ms}}},{{"name":"ehlo","ms":null}}],"tls":null,
            "findings":[{{"rule":"{rule}","severity":"error","category":"mailbox-full","summary":"s{number}"}},
            {{"rule":"{rule}","severity":"warning","category":"mailbox-full","summary":"s"}}],"exit":{{"code":{code}}}}}"#,
            number % 10
        )
    }

    fn tally(records: &[String]) -> BatchTally {
        let mut tally = BatchTally::default();
        for record in records {
            tally.add(&serde_json::from_str::<SavedTarget<'_>>(record).expect("a record"));
        }
        tally
    }

    #[test]
    fn the_order_of_the_records_does_not_matter() {
        let mut records: Vec<String> = (0..200)
            .map(|n| record(n, if n % 3 == 0 { 0 } else { 6 }, f64::from(n), ["a", "b"][n as usize % 2]))
            .collect();
        let summary = |records: &[String]| serde_json::to_string(&tally(records).summary(None, 6)).expect("JSON");
        let first = summary(&records);
        records.reverse();
        assert_eq!(summary(&records), first);
        records.rotate_left(77);
        assert_eq!(summary(&records), first);
    }

    #[test]
    fn targets_are_counted_once_for_each_rule_and_category() {
        let summary =
            tally(&[record(2, 6, 10.0, "a"), record(1, 6, 20.0, "a"), record(3, 0, 5.0, "b")]).summary(None, 6);
        let findings: Vec<(&str, u64, String)> = summary
            .findings
            .iter()
            .map(|one| {
                let targets: Vec<&str> = one.examples.iter().map(|example| example.target.as_str()).collect();
                (one.rule.as_str(), one.targets, targets.join(" "))
            })
            .collect();
        assert_eq!(
            findings,
            [("a", 2, "h1.example:25 h2.example:25".to_owned()), ("b", 1, "h3.example:25".to_owned())]
        );
        assert_eq!(summary.by_category.get("mailbox-full"), Some(&3));
        assert_eq!(summary.by_tls_version.get("none"), Some(&3));
        let unreachable = tally(&[record(1, 3, 1.0, "a").replace("\"ehlo\"", "\"dns\"")]).summary(None, 3);
        assert!(unreachable.by_tls_version.is_empty());
        assert_eq!(summary.slowest.first().map(|slow| slow.target.as_str()), Some("h1.example:25"));
        let connect = summary.phases.first().expect("a phase");
        assert_eq!((connect.name.as_str(), connect.targets, connect.max_ms), ("connect", 3, 20.0));
        assert!((connect.p50_ms - 10.0).abs() < 0.02, "{}", connect.p50_ms);
    }

    #[test]
    fn the_results_of_domains_are_counted() {
        let domain = |mx: &str, null_mx: bool, dane: &str, mode: &str, policy: &str| {
            format!(
                r#""domain":{{"domain":"a.example","dnssec":{{"state":"secure","reason":null}},"null_mx":{null_mx},"mx":{mx},
                "senders":[{{"sender":"dane","delivers":"authenticated"}},{{"sender":"neither","delivers":"clear-text"}}],
                "dane":{dane},"mta_sts":{mode},"tls_rpt":{{"state":"invalid"}},"spf":{{"state":"valid","lookups":3}},
                "dmarc":{policy}}},"#
            )
        };
        let host = r#"[{"preference":10,"host":"mx.a.example"}]"#;
        let enforce = r#"{"state":"valid","mode":"enforce","problem":null}"#;
        let broken = r#"{"state":"invalid","mode":"enforce","problem":"x"}"#;
        let none = r#"{"state":"valid","policy":"none"}"#;
        let with = |number, domain: String| {
            record(number, 0, 1.0, "a").replacen("\"phases\"", &format!("{domain}\"phases\""), 1)
        };
        let records = [
            with(1, domain(host, false, "\"valid\"", enforce, none)),
            with(2, domain("[]", true, "null", broken, r#"{"state":"absent","policy":null}"#)),
            record(3, 0, 1.0, "a"),
        ];
        let summary = tally(&records).summary(None, 0);
        let counts = serde_json::to_value(summary.domains).expect("JSON");
        let expected = serde_json::json!({
            "domains": 2, "null_mx": 1, "by_mx": {"1": 1}, "by_dnssec": {"secure": 2},
            "by_dane": {"valid": 1, "unknown": 1}, "by_mta_sts": {"enforce": 1, "invalid": 1}, "by_tls_rpt": {"invalid": 2},
            "by_spf": {"valid": 2}, "by_dmarc": {"none": 1, "absent": 1},
            "by_sender": {"dane": {"authenticated": 2}, "neither": {"clear-text": 2}},
        });
        assert_eq!(counts, expected);
        assert_eq!(summary.findings[0].examples[0].target, "h1.example");
        assert_eq!(summary.findings[0].examples[2].target, "h3.example:25");
        assert!(tally(&[record(1, 0, 1.0, "a")]).summary(None, 0).domains.is_none());
    }

    #[test]
    fn a_summary_has_the_first_three_targets_of_a_rule_and_the_first_five_invalid_lines() {
        let mut records: Vec<String> = (1..=9).map(|number| record(number, 6, 1.0, "a")).collect();
        let mut lines: Vec<u64> = (1..=20).collect();
        for _ in 0..7 {
            records.rotate_left(4);
            lines.rotate_left(3);
            let mut tally = tally(&records);
            lines.iter().for_each(|line| tally.add_invalid(*line, &format!("mistake {line}")));
            let summary = tally.summary(None, 1);
            let targets: Vec<&str> =
                summary.findings.iter().flat_map(|one| &one.examples).map(|one| one.target.as_str()).collect();
            assert_eq!(targets, ["h1.example:25", "h2.example:25", "h3.example:25"]);
            let invalid: Vec<u64> = summary.invalid_examples.iter().map(|one| one.line).collect();
            assert_eq!((invalid, summary.invalid_lines), (vec![1, 2, 3, 4, 5], 20));
        }
    }

    #[test]
    fn the_targets_that_accept_only_some_interfaces_are_counted() {
        let from = |number: u32, interface: &str, code: u8, rule: &str| {
            let id = number * 100 + interface.len() as u32;
            let keys = format!(r#"{{"target_id":"{number:032x}","interface":"{interface}","id":"{id:032x}""#);
            let old = format!(r#"{{"id":"{number:032x}""#);
            record(number, code, 1.0, rule).replacen(&old, &keys, 1)
        };
        let mut records = vec![
            from(1, "192.0.2.1", 0, "a"),
            from(1, "192.0.2.20", 5, "greeting-refused"),
            from(2, "192.0.2.1", 0, "a"),
            from(2, "192.0.2.20", 0, "a"),
            from(3, "192.0.2.1", 0, "a"),
            from(3, "192.0.2.20", 3, "source-address-missing"),
            from(4, "192.0.2.1", 3, "a"),
            from(4, "192.0.2.20", 3, "a"),
        ];
        for _ in 0..records.len() {
            records.rotate_left(3);
            let counts = serde_json::to_value(tally(&records).summary(None, 1).interfaces).expect("JSON");
            let expected = serde_json::json!({
                "by_interface": {"192.0.2.1": {"0": 3, "3": 1}, "192.0.2.20": {"0": 1, "3": 2, "5": 1}},
                "differing": 1,
                "examples": [{"target": "h1.example:25", "passes": ["192.0.2.1"],
                    "fails": [{"interface": "192.0.2.20", "exit_code": 5, "reason": "mailbox-full"}]}],
            });
            assert_eq!(counts, expected);
        }
        assert!(tally(&[record(1, 0, 1.0, "a")]).summary(None, 0).interfaces.is_none());
    }

    #[test]
    fn the_exit_code_is_the_one_that_all_failures_share_or_1() {
        assert_eq!(tally(&[record(1, 0, 1.0, "a")]).exit_code(), 0);
        assert_eq!(tally(&[record(1, 0, 1.0, "a"), record(2, 6, 1.0, "a"), record(3, 6, 1.0, "a")]).exit_code(), 6);
        assert_eq!(tally(&[record(1, 3, 1.0, "a"), record(2, 6, 1.0, "a")]).exit_code(), 1);
        let mut invalid = BatchTally::default();
        invalid.add_invalid(1, "x");
        assert_eq!(invalid.exit_code(), 2);
        let mut mixed = tally(&[record(1, 0, 1.0, "a")]);
        mixed.add_invalid(1, "x");
        assert_eq!(mixed.exit_code(), 1);
    }
}
