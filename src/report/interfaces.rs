//! Which of this machine's interfaces a server accepts. `watch` and `batch` can check a target from several IP
//! addresses or network interfaces. If the checks from one address or interface pass and those from another fail, the
//! server probably treats the two differently, for example because a blocklist contains one of them.
//!
//! A check that never reached the server shows nothing about the interface: [`InterfaceResult::Unknown`].

use serde::{Deserialize, Serialize};

use super::Report;
use super::batch::category_name;
use crate::check::{Severity, ends_before_the_server};

/// A target whose checks pass from some interfaces and fail from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InterfaceComparison {
    /// The target as `host:port`, or the domain.
    pub target: String,
    /// The interfaces from which every check passed.
    pub passes: Vec<String>,
    /// The interfaces from which every check failed.
    pub fails: Vec<FailedInterface>,
}

/// An interface from which every check of a target failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailedInterface {
    /// The IP address or the name of the interface.
    pub interface: String,
    /// The exit code; the lowest if they differ.
    pub exit_code: u8,
    /// The category of the rejection, or the rule of the error; null if only an expectation failed.
    pub reason: Option<String>,
}

/// What one check shows about the interface it used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InterfaceResult {
    /// The check passed.
    Passed,
    /// The check failed at the server.
    Failed {
        /// The exit code.
        exit_code: u8,
        /// The category of the rejection, or the rule of the error.
        reason: Option<String>,
    },
    /// The check ended before it reached the server, or was cut short.
    Unknown,
}

/// The parts of a finding that determine the result.
pub(crate) struct DecidingFinding<'a> {
    pub(crate) rule: &'a str,
    pub(crate) severity: Severity,
    pub(crate) category: Option<&'a str>,
}

impl InterfaceResult {
    /// The result of a check with this exit code and these findings, of which the first determines the exit code.
    pub(crate) fn of<'a>(exit_code: u8, findings: impl Iterator<Item = DecidingFinding<'a>>) -> InterfaceResult {
        let mut reason = None;
        for finding in findings {
            if finding.severity == Severity::Error && ends_before_the_server(finding.rule) {
                return InterfaceResult::Unknown;
            }
            if reason.is_none() && finding.severity == Severity::Error {
                reason = Some(finding.category.unwrap_or(finding.rule).to_owned());
            }
        }
        match exit_code {
            0 => InterfaceResult::Passed,
            // 9 is a limit of this program; higher codes are signals and errors of this machine.
            1..=8 => InterfaceResult::Failed { exit_code, reason },
            _ => InterfaceResult::Unknown,
        }
    }

    /// The result of a report.
    pub(crate) fn of_report(report: &Report) -> InterfaceResult {
        let categories: Vec<Option<String>> = report.findings.iter().map(category_name).collect();
        let findings = report.findings.iter().zip(&categories).map(|(finding, category)| DecidingFinding {
            rule: &finding.rule,
            severity: finding.severity,
            category: category.as_deref(),
        });
        InterfaceResult::of(report.exit.code(), findings)
    }
}

/// The results of the checks of one target from one interface. It does not depend on their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InterfaceTally {
    passed: u64,
    failed: u64,
    /// The lowest exit code with its reason.
    lowest: Option<(u8, Option<String>)>,
}

impl InterfaceTally {
    pub(crate) fn add(&mut self, result: InterfaceResult) {
        match result {
            InterfaceResult::Passed => self.passed += 1,
            InterfaceResult::Failed { exit_code, reason } => {
                self.failed += 1;
                let known = self.lowest.take();
                let new = (exit_code, reason);
                self.lowest = Some(known.map_or(new.clone(), |known| known.min(new)));
            }
            InterfaceResult::Unknown => {}
        }
    }
}

/// The comparison of the interfaces of one target; `None` unless every check from one of them passed, and every check
/// from another failed.
pub(crate) fn compared<'a>(
    target: &str,
    results: impl Iterator<Item = (&'a str, &'a InterfaceTally)>,
) -> Option<InterfaceComparison> {
    let (mut passes, mut fails) = (Vec::new(), Vec::new());
    for (interface, tally) in results {
        match (tally.passed, tally.failed, &tally.lowest) {
            (1.., 0, _) => passes.push(interface.to_owned()),
            (0, 1.., Some((exit_code, reason))) => fails.push(FailedInterface {
                interface: interface.to_owned(),
                exit_code: *exit_code,
                reason: reason.clone(),
            }),
            _ => {}
        }
    }
    (!passes.is_empty() && !fails.is_empty()).then(|| InterfaceComparison { target: target.to_owned(), passes, fails })
}

#[cfg(test)]
mod tests {
    use super::{DecidingFinding, InterfaceResult, InterfaceTally, compared};
    use crate::check::Severity;

    fn result(exit_code: u8, rule: &'static str) -> InterfaceResult {
        let finding = DecidingFinding { rule, severity: Severity::Error, category: None };
        InterfaceResult::of(exit_code, std::iter::once(finding))
    }

    fn tally(results: &[InterfaceResult]) -> InterfaceTally {
        let mut tally = InterfaceTally::default();
        results.iter().for_each(|result| tally.add(result.clone()));
        tally
    }

    #[test]
    fn a_target_that_rejects_one_interface_and_accepts_another_is_named() {
        let (passed, rejected) = (InterfaceResult::Passed, result(5, "greeting-refused"));
        let good = tally(&[passed.clone(), passed.clone()]);
        let bad = tally(&[rejected.clone(), result(3, "connection-timed-out")]);
        let found = compared("mx:25", [("192.0.2.1", &good), ("192.0.2.2", &bad)].into_iter());
        let found = found.expect("a difference");
        assert_eq!(found.passes, ["192.0.2.1"]);
        let fails: Vec<_> =
            found.fails.iter().map(|one| (&*one.interface, one.exit_code, one.reason.clone())).collect();
        assert_eq!(fails, [("192.0.2.2", 3, Some("connection-timed-out".to_owned()))]);
        let mixed = tally(&[passed, rejected]);
        for (one, other) in [(&good, &good), (&bad, &bad), (&good, &mixed), (&mixed, &bad)] {
            assert_eq!(compared("mx:25", [("a", one), ("b", other)].into_iter()), None);
        }
    }

    #[test]
    fn a_check_that_did_not_reach_the_server_is_not_compared() {
        let good = tally(&[InterfaceResult::Passed]);
        for (exit_code, rule) in [
            (3, "source-address-missing"),
            (3, "source-family-mismatch"),
            (3, "proxy-unreachable"),
            (3, "name-lookup-failed"),
            (3, "connection-impossible"),
            (9, "greeting-slow"),
            (130, "greeting-slow"),
        ] {
            let unknown = tally(&[result(exit_code, rule)]);
            assert_eq!(compared("mx:25", [("a", &good), ("b", &unknown)].into_iter()), None, "{rule}");
        }
    }
}
