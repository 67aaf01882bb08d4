//! The changes between two runs. Values that normally differ between runs, such as times and the text of the greeting,
//! are not compared, so that two runs against an unchanged server show no changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::fields::{self, FieldValue};
use super::{CheckOutcome, CheckResult, Document, Report, Run};
use crate::check::domain::seen::DomainSeen;

/// The changes between two runs.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Whether there are any changes.
    pub changed: bool,
    /// The checks of both runs, in the order of the second run; checks that are only in the first run are last.
    pub checks: Vec<CheckDifference>,
}

/// The changes in one check.
#[derive(Debug, Serialize)]
pub struct CheckDifference {
    /// The name of the check.
    pub name: String,
    /// The changes; empty if the check is unchanged.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The changed value: a name from the catalogue in `fields`, `result`, `finding RULE`, `expectation EXPRESSION` and
    /// others.
    pub what: String,
    /// The value in the first run; null if there was none.
    pub before: Option<String>,
    /// The value in the second run; null if there is none.
    pub after: Option<String>,
}

/// The values that are compared, by their names in `fields`.
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
    "domain.dnssec",
    "domain.null_mx",
    "domain.mx",
    "domain.dane",
    "domain.mta_sts.state",
    "domain.mta_sts.mode",
    "domain.mta_sts.id",
    "domain.tls_rpt.state",
    "domain.catch_all",
    "senders.dane",
    "senders.mta_sts",
    "senders.neither",
    "spf.state",
    "spf.lookups",
    "dkim.selectors",
    "dmarc.state",
    "dmarc.policy",
    "lists.listed",
];

impl Difference {
    /// Compares the checks of two runs by name. If each run has a single check, these are compared regardless of their
    /// names.
    pub fn new(before: &Run, after: &Run) -> Difference {
        let mut checks = Vec::new();
        if let ([one], [other]) = (before.cases.as_slice(), after.cases.as_slice()) {
            checks.push(compared(other.name.clone(), Some(one), Some(other)));
        } else {
            let mut known: HashMap<&str, &CheckResult> = HashMap::new();
            for old in &before.cases {
                // If several checks have the same name, the first one is compared.
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
            let severity_in = |there: &BTreeSet<(String, String)>| there.contains(finding).then(|| severity.clone());
            add(&format!("finding {rule}"), severity_in(&known), severity_in(&found));
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
        for (name, values) in domain_values(&old, &new) {
            let [before, after] = values;
            add(&name, before, after);
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

/// The values of a domain that have their own names: those of each MX host and IP address, and the records.
fn domain_values(old: &Document, new: &Document) -> Vec<(String, [Option<String>; 2])> {
    let described = |document: &Document| document.domain.as_ref().map(described).unwrap_or_default();
    let (old, new) = (described(old), described(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().map(|name| (name.clone(), [old.get(name).cloned(), new.get(name).cloned()])).collect()
}

fn described(seen: &DomainSeen) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut add = |name: String, value: Option<String>| {
        if let Some(value) = value {
            values.insert(name, value);
        }
    };
    add("spf.record".to_owned(), seen.spf.record.clone());
    add("dmarc.record".to_owned(), seen.dmarc.record.clone());
    for one in &seen.spf.results {
        add(format!("spf.result for {}", one.ip), Some(one.result.clone()));
    }
    for key in &seen.dkim.keys {
        add(format!("dkim {}", key.selector), keyword(&key.state));
    }
    for mx in &seen.mx {
        add(format!("mx {}", mx.host), Some(mx.preference.map_or("implicit".to_owned(), |value| value.to_string())));
        for address in &mx.addresses {
            let named = |what: &str| format!("mx {} {} {what}", mx.host, address.ip);
            add(named("reachable"), address.reachable.map(|reachable| reachable.to_string()));
            add(named("tls.version"), address.tls_version.clone());
            add(named("dane"), keyword(&address.policies.dane.state));
            add(named("mta_sts.listed"), address.policies.mta_sts.listed.map(|listed| listed.to_string()));
            for one in &address.certificates {
                add(named(&format!("{} certificate", one.kind)), Some(one.spki_sha256.clone()));
            }
        }
    }
    values
}

/// The word that JSON uses for a state.
fn keyword(state: &impl Serialize) -> Option<String> {
    serde_json::to_value(state).ok()?.as_str().map(str::to_owned)
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

/// The server name, which is the first word of a greeting (RFC 5321 §4.2). The rest often differs between sessions.
fn greeting_name(report: &Document) -> Option<String> {
    report.greeting.as_ref()?.text.first()?.split_whitespace().next().map(str::to_owned)
}

fn addresses(report: &Document) -> Option<String> {
    let mut addresses: Vec<String> = report.addresses.iter().map(|one| one.ip.to_string()).collect();
    // Sorted, because resolvers rotate their answers.
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
