//! What has changed between two runs. Only what means something: texts that differ each time (the number in a greeting,
//! times) do not count, so that two runs at the same healthy server are equal.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::{CheckOutcome, CheckResult, Document, Report, Run};

/// What has changed.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Whether anything has.
    pub changed: bool,
    /// The checks of both runs, in the order of the second one; those that are only in the first come last.
    pub checks: Vec<CheckDifference>,
}

/// What has changed in one check.
#[derive(Debug, Serialize)]
pub struct CheckDifference {
    /// Its name.
    pub name: String,
    /// What has.
    pub changes: Vec<Change>,
}

/// One thing that is not as it was.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: the name of a value in the report, or `finding RULE`.
    pub what: String,
    /// As it was; null: it was not there.
    pub before: Option<String>,
    /// As it is; null: it is not there any more.
    pub after: Option<String>,
}

/// Values that are compared, by their places in the document.
const VALUES: &[&str] = &[
    "/target/host",
    "/target/port",
    "/greeting/code",
    "/capabilities/before_tls",
    "/capabilities/after_tls",
    "/tls/version",
    "/tls/cipher",
    "/tls/group",
    "/tls/signature",
    "/tls/verifies",
    "/tls/trusted",
    "/tls/name_match",
    "/tls/chain_length",
    "/tls/not_after",
    "/tls/chain/0/sha256",
    "/tls/chain/0/issuer",
    "/auth/mechanism",
    "/auth/outcome",
    "/auth/code",
    "/auth/enhanced",
    "/envelope/from/code",
    "/envelope/from/enhanced",
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
            let held = |held: bool| Some(if held { "held" } else { "did not hold" }.to_owned());
            let old = old.expectations.iter().find(|old| old.expression == one.expression);
            add(&format!("expectation {}", one.expression), old.and_then(|old| held(old.held)), held(one.held));
        }
        let (old, new) = (json(old), json(new));
        for place in VALUES {
            add(&place.trim_start_matches('/').replace('/', "."), value(&old, place), value(&new, place));
        }
        add("greeting.name", greeting_name(&old), greeting_name(&new));
        add("addresses", addresses(&old), addresses(&new));
        for number in 0..recipients(&old).max(recipients(&new)) {
            for key in ["code", "enhanced"] {
                let place = format!("/envelope/recipients/{number}/{key}");
                add(&format!("envelope.recipients[{number}].{key}"), value(&old, &place), value(&new, &place));
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

fn json(report: &Report) -> Value {
    serde_json::to_value(Document::from(report)).unwrap_or_default()
}

fn value(document: &Value, place: &str) -> Option<String> {
    match document.pointer(place)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => Some(all.iter().map(display_value).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

fn display_value(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first word of a greeting is the server's name (RFC 5321 §4.2); behind it stands what differs each time.
fn greeting_name(document: &Value) -> Option<String> {
    let text = document.pointer("/greeting/text/0")?.as_str()?;
    text.split_whitespace().next().map(str::to_owned)
}

fn addresses(document: &Value) -> Option<String> {
    let all = document.get("addresses")?.as_array()?;
    let mut addresses: Vec<&str> = all.iter().filter_map(|one| one.get("ip")?.as_str()).collect();
    // Resolvers turn their answers round.
    addresses.sort_unstable();
    (!addresses.is_empty()).then(|| addresses.join(", "))
}

fn recipients(document: &Value) -> usize {
    document.pointer("/envelope/recipients").and_then(Value::as_array).map_or(0, Vec::len)
}
