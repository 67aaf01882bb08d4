//! The SPF record of the domain, and its results: for the sending IP addresses (if given), and for all other
//! clients (RFC 7208).
//!
//! | file | subject |
//! |---|---|
//! | `record` | the record itself: missing, ignored, invalid, or without effect |
//! | `several` | several SPF records at the domain |
//! | `wide` | records that allow every host or a very large network |
//! | `corrections` | the corrected record that the findings print |
//! | `includes` | its terms: included records, and the number of lookups |
//! | `former_type` | records of the former record type SPF |
//! | `sending` | the results for the sending IP addresses |
//! | `rules` | the rules |

mod corrections;
mod former_type;
mod includes;
mod record;
mod rules;
mod sending;
mod several;
#[cfg(test)]
mod tests;
mod wide;

use std::cell::RefCell;

use super::delegation;
use super::mx;
use super::seen::{PublishedState, SpfSeen, SpfTermSeen};
use super::sight::{Known, Sight, is_conclusive, records};
use crate::check::finding::{Check, Finding};
use crate::evidence::{DnsCode, Evidence, Probe};
use crate::plan::Plan;
use crate::policy::spf::evaluate::SpfStep;
use crate::policy::spf::tree::{SpfBranch, SpfEffect, SpfFound, SpfNode, SpfTree};
use crate::policy::spf::{MAX_LOOKUPS, SpfKnown, SpfLookup};
use crate::policy::txt::in_strings;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

pub(super) use sending::{denied_for, dependence};

pub(super) static CHECK: Check = Check { subject: "domain-spf", ask, judge, rules: rules::RULES };

/// Names below the domain at which SPF records are sometimes published by mistake.
const WRONG_NAMES: [&str; 2] = ["_spf", "spf"];

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let known = |name: &DnsName, kind: RecordKind| known(sight, name, kind);
    let tree = SpfTree::of(&sight.name(), &known);
    let mut questions: Vec<Question> = tree.needed.iter().map(|(name, kind)| records(name, *kind)).collect();
    if matches!(tree.root.found, SpfFound::NoRecord(_)) {
        let names = WRONG_NAMES.iter().filter_map(|label| sight.name().below(label).ok());
        questions.extend(names.map(|name| records(&name, RecordKind::Txt)));
    }
    // No other lookup waits for this one.
    questions.push(records(&sight.name(), RecordKind::Spf));
    questions.extend(sending::needed(sight).iter().map(|(name, kind)| records(name, *kind)));
    questions
}

/// What is known about a name. A failed lookup never counts as "no record".
fn known(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> SpfLookup {
    match sight.records(name, kind) {
        Known::Unasked | Known::Waiting => SpfLookup::Pending,
        Known::Failed(..) | Known::Skipped => SpfLookup::Failed,
        Known::Seen(_, seen) if !is_conclusive(seen) => SpfLookup::Failed,
        Known::Seen(_, seen) if seen.code == DnsCode::NxDomain => SpfLookup::NxDomain,
        Known::Seen(_, seen) if seen.records.is_empty() => SpfLookup::NoRecord,
        Known::Seen(_, seen) => SpfLookup::Found(seen.records.iter().map(|record| record.data.clone()).collect()),
    }
}

/// The lookups without a record among those that a computation uses.
fn denied(sight: Sight<'_>, compute: impl FnOnce(SpfKnown<'_>)) -> Vec<(DnsName, RecordKind)> {
    let found = RefCell::new(Vec::new());
    compute(&|name, kind| {
        let lookup = known(sight, name, kind);
        if matches!(lookup, SpfLookup::NxDomain | SpfLookup::NoRecord) {
            found.borrow_mut().push((name.clone(), kind));
        }
        lookup
    });
    found.into_inner()
}

/// The lookups without a record in the domain's SPF tree.
fn denied_in_tree(sight: Sight<'_>) -> Vec<(DnsName, RecordKind)> {
    denied(sight, |known| drop(SpfTree::of(&sight.name(), known)))
}

/// The part of the domain's SPF tree that is known so far.
fn tree(sight: Sight<'_>) -> SpfTree {
    SpfTree::of(&sight.name(), &|name, kind| known(sight, name, kind))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let Some(probe) = sight.records(&sight.name(), RecordKind::Txt).probe() else { return Vec::new() };
    let tree = tree(sight);
    let subject = Subject { sight, probe, tree: &tree };
    let mut findings = record::judge(subject);
    findings.extend(former_type::finding(subject));
    findings.extend(includes::judge(subject));
    let of_clients = sending::judge(subject, &findings);
    findings.extend(of_clients);
    findings
}

/// The record, and the facts that are needed to describe its faults.
#[derive(Clone, Copy)]
struct Subject<'s> {
    sight: Sight<'s>,
    /// The lookup of the record of the domain.
    probe: &'s Probe,
    tree: &'s SpfTree,
}

impl<'s> Subject<'s> {
    /// The lookup of the record of an included name.
    fn probe_of(&self, name: &DnsName) -> &'s Probe {
        self.sight.records(name, RecordKind::Txt).probe().unwrap_or(self.probe)
    }

    /// Text from a DNS record, quoted for use in a sentence.
    fn quote(&self, text: &str) -> String {
        self.probe.quote(text.to_owned()).to_string()
    }

    fn domain(&self) -> &'s str {
        self.sight.domain.name.ascii()
    }

    /// The record in the form of a zone file, quoted, because it can contain text from DNS.
    fn published(&self, record: &str) -> String {
        let owner = self.sight.owner_of(&self.sight.name(), RecordKind::Txt);
        self.quote(&format!("{owner}. IN TXT {}", in_strings(record)))
    }
}

/// Whether the SPF record allows at least one client to send mail; `None` if there is no valid record, or if it is not
/// known.
pub(super) fn allows_senders(sight: Sight<'_>) -> Option<bool> {
    let root = tree(sight).root;
    let is_valid = matches!(&root.found, SpfFound::Record(record, _) if record.mistakes().next().is_none());
    match root.can_pass() {
        true => Some(true),
        false => (is_valid && !root.count().is_minimum).then_some(false),
    }
}

/// The SPF record of the domain.
pub(super) fn summary(sight: Sight<'_>) -> SpfSeen {
    let tree = tree(sight);
    let (state, problem) = match &tree.root.found {
        SpfFound::Pending | SpfFound::Failed => (PublishedState::Unknown, None),
        SpfFound::NxDomain => (PublishedState::Absent, Some("NXDOMAIN".to_owned())),
        SpfFound::NoRecord(texts) if texts.ignored.is_empty() => (PublishedState::Absent, None),
        SpfFound::NoRecord(_) => (PublishedState::Absent, Some("the record is ignored".to_owned())),
        SpfFound::Several(texts) => (PublishedState::Invalid, Some(format!("{} SPF records", texts.records.len()))),
        SpfFound::Record(record, _) => match record.mistakes().next() {
            Some((_, mistake)) => (PublishedState::Invalid, Some(mistake.why.reason())),
            None => match includes::broken(&tree.root) {
                true => (PublishedState::Invalid, Some("an included record is missing or invalid".to_owned())),
                // RFC 7208 §4.6.4: a permanent error for every client that no earlier term matches.
                false if tree.root.count().lookups > MAX_LOOKUPS => {
                    (PublishedState::Invalid, Some(format!("needs more than {MAX_LOOKUPS} DNS lookups")))
                }
                false => {
                    let problem = wide::everyone(&tree.root).map(|(hosts, is_limited)| match is_limited {
                        false => format!("allows {hosts}"),
                        true => format!("allows {hosts} that no earlier term excludes"),
                    });
                    (PublishedState::Valid, problem)
                }
            },
        },
    };
    let count = tree.root.count();
    let has_record = matches!(tree.root.found, SpfFound::Record(..));
    let is_known = has_record && !count.is_minimum && !tree.is_cut;
    let verdicts = sending::verdicts(sight);
    let steps = verdicts.first().map(|verdict| verdict.verdict.trace.as_slice()).unwrap_or_default();
    SpfSeen {
        record: tree.root.text().map(str::to_owned),
        state,
        problem,
        lookups: is_known.then_some(count.lookups),
        void_lookups: is_known.then_some(count.voids),
        tree: terms(&tree.root, &mut Vec::new(), (!verdicts.is_empty()).then_some(steps)),
        results: verdicts.iter().map(sending::SpfClientVerdict::summary).collect(),
    }
}

fn terms(node: &SpfNode, path: &mut Vec<usize>, steps: Option<&[(Vec<usize>, SpfStep)]>) -> Vec<SpfTermSeen> {
    let mut result = Vec::new();
    for (at, branch) in node.branches.iter().enumerate() {
        path.push(at);
        let children = branch.child.as_ref().map(|child| terms(child, path, steps)).unwrap_or_default();
        let outcome = steps.map(|steps| {
            let step = steps.iter().find(|(of, _)| of == path).map(|(_, step)| *step);
            match step {
                Some(SpfStep::Match) => "match",
                Some(SpfStep::NoMatch) => "no-match",
                Some(SpfStep::Void) => "void",
                Some(SpfStep::Error) => "error",
                None => "not-needed",
            }
            .to_owned()
        });
        path.pop();
        let (detail, problem) = described(node, at, branch);
        result.push(SpfTermSeen { term: branch.text.clone(), cost: branch.cost, detail, problem, outcome, children });
    }
    result
}

/// The names or hosts that a term refers to, and its fault, as short phrases.
fn described(node: &SpfNode, at: usize, branch: &SpfBranch) -> (Option<String>, Option<String>) {
    if let SpfFound::Record(record, _) = &node.found {
        let term = record.terms.get(at);
        let wrong = term.and_then(|term| record.mistakes().find(|(other, _)| *other == term));
        if let Some((_, mistake)) = wrong {
            return (None, Some(mistake.why.reason()));
        }
    }
    let list = |texts: Vec<String>| {
        let more = texts.len().saturating_sub(4);
        let shown = texts.into_iter().take(4).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    };
    match &branch.effect {
        SpfEffect::Free => (None, None),
        SpfEffect::Unused => (Some("never evaluated".to_owned()), None),
        SpfEffect::Depends => (Some("depends on the client or the sender".to_owned()), None),
        SpfEffect::Pending => (Some("not looked up".to_owned()), None),
        SpfEffect::Loop(_) => (None, Some("loop".to_owned())),
        SpfEffect::NoName => (None, Some("not a DNS name".to_owned())),
        SpfEffect::Void { is_missing: true, .. } => (Some("NXDOMAIN".to_owned()), None),
        SpfEffect::Void { is_missing: false, .. } => (Some("no records".to_owned()), None),
        SpfEffect::Failed(_) => (None, Some("lookup failed".to_owned())),
        SpfEffect::Addresses(ips) => (Some(list(ips.iter().map(ToString::to_string).collect())), None),
        SpfEffect::Hosts { hosts, .. } => (Some(list(hosts.iter().map(ToString::to_string).collect())), None),
        SpfEffect::Record => (None, branch.child.as_ref().and_then(includes::problem).map(str::to_owned)),
    }
}

/// Whether the domain declares that it receives no mail. A null MX that only the resolver returns does not count.
fn is_null_mx(subject: Subject<'_>) -> bool {
    let is_of_resolver = |root: DnsName| delegation::is_host_only_at_resolver(subject.sight, &root);
    mx::is_null(subject.sight) && !DnsName::parse(".").is_ok_and(is_of_resolver)
}
