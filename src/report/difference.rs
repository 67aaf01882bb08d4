//! What has changed between two runs. Text that differs each time (the number in a greeting, times) is not compared, so
//! two runs against the same healthy server are equal.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::fields::{self, FieldValue};
use super::{CheckOutcome, CheckResult, Document, Report, Run};

/// What has changed.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Whether anything has changed.
    pub changed: bool,
    /// The checks of both runs, in the order of the second one; those that are only in the first come last.
    pub checks: Vec<CheckDifference>,
}

/// What has changed in one check.
#[derive(Debug, Serialize)]
pub struct CheckDifference {
    /// Its name.
    pub name: String,
    /// Its changes.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: the name of a value in the report, or `finding RULE`.
    pub what: String,
    /// The value before; null if there was none.
    pub before: Option<String>,
    /// The value after; null if there is none.
    pub after: Option<String>,
}

/// Values that are compared, by their names in `fields`.
const COMPARED: &[&str] = &[
    "target.host",
    "target.port",
    "greeting.code",
    "capabilities.before_tls",
    "capabilities.after_tls",
    "tls.version",
    "tls.cipher",
    "tls.group",
    "tls.signature",
    "certificate.verifies",
    "certificate.trusted",
    "certificate.name_match",
    "certificate.chain_length",
    "certificate.not_after",
    "certificate.chain[0].sha256",
    "certificate.chain[0].issuer",
    "auth.mechanism",
    "auth.outcome",
    "auth.code",
    "auth.enhanced",
    "mail.code",
    "mail.enhanced",
];

impl Difference {
    /// Compares by name; two runs of one check each are about the same one, whatever it is called.
    pub fn new(before: &Run, after: &Run) -> Difference {
        let mut checks = Vec::new();
        if let ([one], [other]) = (before.cases.as_slice(), after.cases.as_slice()) {
            checks.push(compared(other.name.clone(), Some(one), Some(other)));
        } else {
            let mut known: HashMap<&str, &CheckResult> = HashMap::new();
            for old in &before.cases {
                // Of several with one name the first counts.
                known.entry(&old.name).or_insert(old);
            }
            for case in &after.cases {
                checks.push(compared(case.name.clone(), known.get(case.name.as_str()).copied(), Some(case)));
            }
            let there: HashSet<&str> = after.cases.iter().map(|case| case.name.as_str()).collect();
            let gone = before.cases.iter().filter(|old| !there.contains(old.name.as_str()));
            checks.extend(gone.map(|old| compared(old.name.clone(), Some(old), None)));
        }
        Difference { changed: checks.iter().any(|check| !check.changes.is_empty()), checks }
    }
}

fn compared(name: String, before: Option<&CheckResult>, after: Option<&CheckResult>) -> CheckDifference {
    let mut changes = Vec::new();
    let mut add = |what: &str, before: Option<String>, after: Option<String>| {
        if before != after {
            changes.push(Change { what: what.to_owned(), before, after });
        }
    };
    add("result", before.map(result), after.map(result));
    if let (Some(old), Some(new)) = (before.and_then(CheckResult::report), after.and_then(CheckResult::report)) {
        let (known, found) = (findings(old), findings(new));
        for finding in known.union(&found) {
            let (rule, severity) = finding;
            let told = |there: &BTreeSet<(String, String)>| there.contains(finding).then(|| severity.clone());
            add(&format!("finding {rule}"), told(&known), told(&found));
        }
        for one in &new.expectations {
            let held = |held: bool| Some(if held { "held" } else { "failed" }.to_owned());
            let old = old.expectations.iter().find(|old| old.expression == one.expression);
            add(&format!("expectation {}", one.expression), old.and_then(|old| held(old.held)), held(one.held));
        }
        let (old, new) = (Document::from(old), Document::from(new));
        for name in COMPARED {
            add(name, comparable_text(&old, name), comparable_text(&new, name));
        }
        add("greeting.name", greeting_name(&old), greeting_name(&new));
        add("addresses", addresses(&old), addresses(&new));
        for number in 0..old.rcpt.len().max(new.rcpt.len()) {
            for key in ["code", "enhanced"] {
                let name = format!("rcpt[{number}].{key}");
                add(&name, comparable_text(&old, &name), comparable_text(&new, &name));
            }
        }
    }
    CheckDifference { name, changes }
}

fn result(case: &CheckResult) -> String {
    match &case.outcome {
        CheckOutcome::Checked { report, .. } => format!("exit {} ({})", report.exit.code(), report.exit.name()),
        CheckOutcome::Skipped { reason } => format!("skipped: {reason}"),
    }
}

fn findings(report: &Report) -> BTreeSet<(String, String)> {
    report.findings.iter().map(|finding| (finding.rule.to_string(), finding.severity.to_string())).collect()
}

fn comparable_text(report: &Document, name: &str) -> Option<String> {
    match fields::value(report, name) {
        FieldValue::Missing => None,
        FieldValue::Text(text) => Some(text),
        FieldValue::List(list) => Some(list.join(", ")),
        other => Some(other.to_string()),
    }
}

/// The first word of a greeting is the server's name (RFC 5321 §4.2); what follows differs each time.
fn greeting_name(report: &Document) -> Option<String> {
    report.greeting.as_ref()?.text.first()?.split_whitespace().next().map(str::to_owned)
}

fn addresses(report: &Document) -> Option<String> {
    let mut addresses: Vec<String> = report.addresses.iter().map(|one| one.ip.to_string()).collect();
    // Resolvers rotate their answers.
    addresses.sort_unstable();
    (!addresses.is_empty()).then(|| addresses.join(", "))
}

#[cfg(test)]
mod tests {
    use super::COMPARED;
    use crate::report::fields::Field;

    #[test]
    fn every_compared_value_is_in_the_catalogue() {
        for name in COMPARED {
            assert!(Field::find(name).is_ok(), "{name}");
        }
    }
}
