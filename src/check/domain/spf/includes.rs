//! Findings about the terms of the record: included records, names without records, and the number of lookups.

use super::corrections::{self, IgnoredTerms, SpfCorrection};
use super::rules::{INCLUDE_BROKEN, INCLUDE_FAILED, MX_HOSTS, TOO_MANY_LOOKUPS, VOID_LOOKUPS};
use super::{Subject, denied_in_tree, sending};
use crate::check::domain::sight::{Known, is_bogus};
use crate::check::domain::{dnssec, mx};
use crate::check::finding::{Finding, Severity};
use crate::evidence::{DnsFaultKind, Fault, Outcome, Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::record::without_blank;
use crate::policy::spf::tree::{SpfBranch, SpfEffect, SpfFound, SpfNode};
use crate::policy::spf::{MAX_HOSTS, MAX_LOOKUPS, MAX_VOID};
use crate::wire::{DnsName, RecordKind};

/// With at least this number of lookups, the record is close to the limit.
const CLOSE: u32 = MAX_LOOKUPS - 1;

pub(super) fn judge(subject: Subject<'_>) -> Vec<Finding> {
    if !matches!(&subject.tree.root.found, SpfFound::Record(record, _) if record.mistakes().next().is_none()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut path = Vec::new();
    walk(&subject.tree.root, &mut path, &mut |branch, path| {
        let finding = broken_branch(subject, branch, path).or_else(|| failed(subject, branch, path));
        // The same record can be included twice.
        if let Some(finding) = finding
            && !findings.iter().any(|other: &Finding| other.summary == finding.summary)
            && findings.len() < 8
        {
            findings.push(finding);
        }
    });
    findings.extend(too_many(subject));
    findings.extend(void(subject));
    findings
}

/// Visits every term with the terms above it.
fn walk<'t>(node: &'t SpfNode, path: &mut Vec<&'t SpfBranch>, visit: &mut dyn FnMut(&'t SpfBranch, &[&'t SpfBranch])) {
    for branch in &node.branches {
        visit(branch, path);
        if let Some(child) = &branch.child {
            path.push(branch);
            walk(child, path, visit);
            path.pop();
        }
    }
}

/// The fault of an included record, as a short phrase.
pub(super) fn problem(node: &SpfNode) -> Option<&'static str> {
    match &node.found {
        SpfFound::Pending => None,
        SpfFound::Failed => Some("lookup failed"),
        SpfFound::NxDomain => Some("NXDOMAIN"),
        SpfFound::NoRecord(_) => Some("no SPF record"),
        SpfFound::Several(_) => Some("several SPF records"),
        SpfFound::Record(record, _) => record.mistakes().next().map(|_| "syntax error"),
    }
}

/// Whether an included record is missing or invalid.
pub(super) fn broken(root: &SpfNode) -> bool {
    let mut is_broken = false;
    walk(root, &mut Vec::new(), &mut |branch, _| {
        is_broken |= match &branch.effect {
            SpfEffect::Loop(_) => true,
            SpfEffect::Record => {
                branch.child.as_ref().is_some_and(|child| child.found != SpfFound::Failed && problem(child).is_some())
            }
            _ => false,
        };
    });
    is_broken
}

/// The terms above a term, for use in a sentence.
fn below(subject: Subject<'_>, path: &[&SpfBranch]) -> String {
    match path {
        [] => String::new(),
        _ => {
            let terms: Vec<String> = path.iter().map(|branch| subject.quote(&branch.text)).collect();
            format!(" (in {})", terms.join(" > "))
        }
    }
}

/// The terms that were probably intended, if a term contains several names, a URL or an email address.
fn separated(text: &str) -> Option<String> {
    let (mechanism, names) = text.split_once(':')?;
    if let Some((_, host)) = names.split_once("://").or_else(|| names.split_once('@')) {
        return Some(format!("{mechanism}:{}", host.split('/').next().unwrap_or_default()));
    }
    let separators = [',', ';', '|'];
    let names: Vec<&str> = names.contains(separators).then(|| names.split(separators).collect())?;
    let names = names.iter().map(|name| name.trim_start_matches(mechanism).trim_start_matches(':'));
    let terms: Vec<String> = names.filter(|name| !name.is_empty()).map(|name| format!("{mechanism}:{name}")).collect();
    Some(terms.join(" "))
}

fn broken_branch(subject: Subject<'_>, branch: &SpfBranch, path: &[&SpfBranch]) -> Option<Finding> {
    let term = subject.quote(&branch.text);
    let place = below(subject, path);
    let mut probe = subject.probe;
    let (what, cause) = match (&branch.effect, &branch.child) {
        (SpfEffect::Hosts { hosts, .. }, _) if hosts.len() > MAX_HOSTS => {
            return Some(too_many_hosts(subject, branch, hosts.len(), &place));
        }
        (SpfEffect::Loop(name), _) if *name == subject.tree.root.name => (
            "refers back to the domain itself".to_owned(),
            "The record contains itself, so the evaluation ends at the lookup limit.",
        ),
        (SpfEffect::Loop(_), _) => (
            "refers back to a record that contains it".to_owned(),
            "The records include each other, so the evaluation ends at the lookup limit.",
        ),
        (SpfEffect::NoName, None) if is_record(&branch.text) => {
            ("does not contain a DNS name".to_owned(), "The name cannot be looked up.")
        }
        (SpfEffect::Record, Some(child)) => {
            probe = subject.probe_of(&child.name);
            match &child.found {
                SpfFound::Pending | SpfFound::Failed => return None,
                SpfFound::NxDomain => {
                    ("refers to a name that does not exist".to_owned(), "The name does not exist in DNS (NXDOMAIN).")
                }
                SpfFound::NoRecord(_) => (
                    "refers to a name without an SPF record".to_owned(),
                    "The name has no TXT record that begins with v=spf1.",
                ),
                SpfFound::Several(_) => (
                    "refers to a name with several SPF records".to_owned(),
                    "Several SPF records at one name cause a permanent error.",
                ),
                SpfFound::Record(record, texts) => {
                    let (wrong, mistake) = record.mistakes().next()?;
                    let text = texts.records.first()?;
                    let word = text.get(wrong.at.clone()).unwrap_or_default();
                    let what =
                        format!("refers to an invalid SPF record: {} ({})", subject.quote(word), mistake.why.reason());
                    (what, "A single invalid term makes the entire included record invalid.")
                }
            }
        }
        _ => return None,
    };
    let summary = format!("{term} in the SPF record{place} {what}");
    let mut finding = Finding::new(&INCLUDE_BROKEN, Phase::Dns, Confidence::Certain, summary);
    finding.cause = format!(
        "{cause} Receivers that reach this term stop with a permanent error for the entire record. IP addresses that match an earlier term still pass."
    );
    let separated = separated(&branch.text);
    if separated.is_some() {
        finding.cause.push_str(" A term contains exactly one DNS name, and terms are separated by spaces.");
    }
    match (without_blank(&branch.text).or(separated), path.first()) {
        (Some(instead), None) => {
            let fix = format!("Domain owner: use {} instead", subject.quote(&instead));
            let record = corrections::of_record(subject, &sending::missing_terms(subject), IgnoredTerms::Removed);
            finding.fixes.push(match record.filter(|_| corrections::lacks_blank(branch).is_some()) {
                Some(record) => record.fix(subject, SpfCorrection::Blank, &fix),
                None => Fix::text(fix),
            });
        }
        (_, None) => {
            finding.fixes.push(Fix::text(format!(
                "Domain owner: remove {term}, or replace it with the current name of the provider"
            )));
        }
        (_, Some(first)) => {
            let first = subject.quote(&first.text);
            finding.fixes.push(Fix::text(format!("Domain owner: ask the operator of the included record to correct it; until then, remove {first} if you do not need the include")));
        }
    }
    Some(finding.tried(subject.probe.id).tried(probe.id))
}

fn is_record(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
    text.starts_with("include:") || text.starts_with("redirect=")
}

fn too_many_hosts(subject: Subject<'_>, branch: &SpfBranch, count: usize, place: &str) -> Finding {
    let term = subject.quote(&branch.text);
    let summary = format!("{term} in the SPF record{place} refers to {count} MX hosts");
    let mut finding = Finding::new(&MX_HOSTS, Phase::Dns, Confidence::Certain, summary);
    finding.cause =
        "Receivers look up at most ten hosts for one mx term. If there are more hosts, receivers stop with a permanent error."
            .to_owned();
    finding
        .fixes
        .push(Fix::text(format!("Domain owner: replace {term} with ip4 and ip6 terms for the networks of the hosts")));
    finding.tried(subject.probe.id)
}

fn failed(subject: Subject<'_>, branch: &SpfBranch, path: &[&SpfBranch]) -> Option<Finding> {
    let (name, kinds): (&DnsName, &[RecordKind]) = match (&branch.effect, &branch.child) {
        (SpfEffect::Record, Some(child)) if child.found == SpfFound::Failed => (&child.name, &[RecordKind::Txt]),
        // If this lookup fails, the MX check reports it.
        (SpfEffect::Failed(name), _) if branch.text.ends_with("mx") && *name == subject.tree.root.name => return None,
        (SpfEffect::Failed(name), _) => (name, &[RecordKind::Mx, RecordKind::A, RecordKind::Aaaa]),
        _ => return None,
    };
    let failure = kinds.iter().find_map(|kind| failure(subject, name, *kind));
    let why = failure.as_ref().map(|(_, why)| format!(": {why}")).unwrap_or_default();
    let term = subject.quote(&branch.text);
    let summary = format!("{term} in the SPF record{} could not be looked up{why}", below(subject, path));
    let mut finding = Finding::new(&INCLUDE_FAILED, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id);
    finding.cause = "The lookup failed, so it is not known what the term refers to. Receivers whose lookups also fail get a temporary error and may defer the mail.".to_owned();
    let is_bogus = |probe: &Probe| subject.sight.records_of_probe(probe).is_some_and(is_bogus);
    if failure.as_ref().is_some_and(|(probe, _)| is_bogus(probe)) {
        finding.confidence = Confidence::Likely;
        finding.cause = "Receivers that validate DNSSEC get an error instead of the records, so the SPF result is a temporary error, and they may defer the mail. Other receivers are not affected.".to_owned();
        finding.otherwise = Some("This machine's resolver, or a device on the network path to it, may change DNS responses. Repeat the check with another resolver (--resolver) to find out.".to_owned());
        finding.fixes.push(Fix::text(format!(
            "Operator of the DNS zone that contains {}: fix the zone's signatures, or remove the DS record at the registrar if the zone should not be signed",
            subject.quote(name.as_str())
        )));
    } else {
        let is_loop = |fault: &Fault| {
            matches!(fault, Fault::Dns { kind: DnsFaultKind::AliasLoop | DnsFaultKind::AliasLimit, .. })
        };
        // The aliases of another zone are not compared with its name servers.
        if failure
            .as_ref()
            .is_some_and(|(probe, _)| matches!(&probe.outcome, Outcome::Failed { fault } if is_loop(fault)))
        {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("The fault may be in this machine's resolver. If another resolver returns the record, this is the cause.".to_owned());
        }
        finding.fixes.push(Fix::text("Repeat the check later, or with another resolver (--resolver). If the failure persists, ask the operator of the DNS zone that contains the name to fix the name servers."));
    }
    Some(failure.into_iter().fold(finding, |finding, (probe, _)| finding.tried(probe.id)))
}

/// The failed lookup of records, with the reason.
fn failure<'s>(subject: Subject<'s>, name: &DnsName, kind: RecordKind) -> Option<(&'s Probe, String)> {
    match subject.sight.records(name, kind) {
        Known::Seen(probe, seen) if is_bogus(seen) => Some((probe, dnssec::reason_of(seen)?)),
        Known::Seen(probe, seen) if !seen.is_answer() => Some((probe, mx::code_words(seen.code))),
        Known::Failed(probe, fault) => Some((probe, mx::fault_words(fault).to_owned())),
        Known::Seen(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

fn too_many(subject: Subject<'_>) -> Option<Finding> {
    let root = &subject.tree.root;
    let count = root.count();
    // A loop reaches every limit, so only the loop is reported.
    if count.lookups < CLOSE {
        return None;
    }
    let is_over = count.lookups > MAX_LOOKUPS;
    let at_least = if count.is_minimum || subject.tree.is_cut { "at least " } else { "" };
    let summary = format!("the SPF record needs {at_least}{} DNS lookups; the limit is {MAX_LOOKUPS}", count.lookups);
    let mut finding = Finding::new(&TOO_MANY_LOOKUPS, Phase::Dns, Confidence::Certain, summary);
    let mut costs: Vec<(u32, &SpfBranch)> =
        root.branches.iter().map(|branch| (branch.count().lookups, branch)).filter(|(cost, _)| *cost > 0).collect();
    costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    let listed: Vec<String> =
        costs.iter().take(12).map(|(cost, branch)| format!("{} ({cost})", subject.quote(&branch.text))).collect();
    let listed = listed.join(", ");
    if is_over {
        finding.cause = format!(
            "Receivers stop at the eleventh lookup with a permanent error. This affects only mail from IP addresses that no earlier term matches. Lookups by term: {listed}."
        );
    } else {
        finding.severity = Severity::Warning;
        finding.cause = format!(
            "Receivers stop at the eleventh lookup with a permanent error. A single change in an included record can take the number above the limit. Lookups by term: {listed}."
        );
    }
    for client in sending::verdicts(subject.sight).iter().take(4) {
        let (ip, result) = (client.ip, client.verdict.result.name());
        let lookups = client.verdict.lookups.min(MAX_LOOKUPS);
        let word = if lookups == 1 { "lookup" } else { "lookups" };
        finding.consequences.push(format!("For {ip}, the result is {result} after {lookups} {word}."));
    }
    if let Some((cost, branch)) = costs.first()
        && *cost > 1
    {
        let term = subject.quote(&branch.text);
        finding.fixes.push(Fix::text(format!(
            "Domain owner: remove {term} if it is no longer needed (this saves {cost} lookups)"
        )));
    }
    finding.fixes.push(Fix::text("Domain owner: remove includes of providers that are no longer used, and replace a and mx with ip4 and ip6 where the IP addresses rarely change"));
    finding
        .fixes
        .push(Fix::text("Domain owner: for each bulk mail provider, send from a subdomain with its own SPF record"));
    Some(finding.tried(subject.probe.id))
}

fn void(subject: Subject<'_>) -> Option<Finding> {
    let count = subject.tree.root.count();
    if count.voids <= MAX_VOID {
        return None;
    }
    let mut terms: Vec<String> = Vec::new();
    walk(&subject.tree.root, &mut Vec::new(), &mut |branch, path| {
        if let SpfEffect::Void { is_missing, .. } = &branch.effect {
            let why = if *is_missing { "NXDOMAIN" } else { "no records" };
            terms.push(format!("{}{}: {why}", subject.quote(&branch.text), below(subject, path)));
        }
    });
    let summary = format!("{} terms of the SPF record refer to names without records", count.voids);
    let mut finding = Finding::new(&VOID_LOOKUPS, Phase::Dns, Confidence::Certain, summary);
    finding.cause = format!(
        "Receivers that follow the recommended limit of {MAX_VOID} stop with a permanent error; others continue. The terms: {}",
        terms.join(", ")
    );
    finding.fixes.push(Fix::text("Domain owner: remove these terms, or create the records"));
    Some(subject.sight.tried(finding.tried(subject.probe.id), denied_in_tree(subject.sight)))
}
