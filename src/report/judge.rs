//! Makes a report by evaluating the evidence and the expectations, after a run or from a saved report.

use super::{Document, Exit, Expectations, NoExpectations, Report, exit};
use crate::check;
use crate::evidence::Evidence;
use crate::inquiry::{Ended, Signal};
use crate::plan::Plan;

impl Report {
    /// Judges the evidence, without expectations.
    pub fn new(plan: Plan, evidence: Evidence, ended: &Ended, total_ms: f64) -> Report {
        Report::judged(plan, evidence, ended, total_ms, &NoExpectations)
    }

    /// Judges the evidence and the expectations. Both are judged before secrets are masked; the report contains the
    /// masked evidence.
    pub fn judged(
        plan: Plan,
        evidence: Evidence,
        ended: &Ended,
        total_ms: f64,
        expectations: &dyn Expectations,
    ) -> Report {
        let findings = check::judge(&plan, &evidence);
        let exit = match ended {
            Ended::Interrupted(Signal::Interrupt) => Exit::Interrupted,
            Ended::Interrupted(Signal::Terminate) => Exit::Terminated,
            Ended::Complete | Ended::Unwritable(_) => exit(&findings, &plan),
            // If there is no other problem, the exit code shows that the check did not finish.
            Ended::TimeUp => match exit(&findings, &plan) {
                Exit::Ok => Exit::Incomplete,
                other => other,
            },
        };
        let complete = matches!(ended, Ended::Complete);
        let report = Report { plan, evidence, findings, complete, total_ms, expectations: Vec::new(), exit };
        report.expecting(expectations).masked()
    }

    /// Masks secrets in the evidence and the expectations. The text of the findings is already masked.
    fn masked(self) -> Report {
        let mask = self.evidence.mask();
        let mut expectations = self.expectations;
        for text in expectations.iter_mut().filter_map(|judged| judged.seen.as_mut()) {
            *text = mask.value(text);
        }
        let evidence = self.evidence.masked_evidence();
        Report { evidence, expectations, ..self }
    }

    /// Judges the same evidence again with the rules of this version and with the given expectations.
    pub fn judged_again(self, expectations: &dyn Expectations) -> Report {
        let findings = check::judge(&self.plan, &self.evidence);
        let exit = match (self.exit, exit(&findings, &self.plan)) {
            (interrupted @ (Exit::Interrupted | Exit::Terminated), _) => interrupted,
            (_, Exit::Ok) if !self.complete => Exit::Incomplete,
            (_, other) => other,
        };
        Report { findings, exit, expectations: Vec::new(), ..self }.expecting(expectations).masked()
    }

    /// Parses a report that was saved as JSON.
    pub fn load(json: &str) -> Result<Report, serde_json::Error> {
        serde_json::from_str::<Document>(json).map(Report::from)
    }
}
