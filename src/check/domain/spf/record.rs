//! Findings about the record of the domain itself.

use super::corrections::{self, CorrectedRecord, IgnoredTerms, SpfCorrection, end_of, ignored_mechanism, is_extra_all};
use super::rules::{
    ALIAS, EXP_IGNORED, IGNORED, IGNORED_MODIFIER, LONG, LOOKUP_FAILED, MISSING, NO_ALL, NULL_MX_SENDS, PTR_USED,
    STRINGS, SYNTAX, UNUSED_TERMS,
};
use super::{Subject, WRONG_NAMES, denied_in_tree, former_type, is_null_mx, known, sending, several, wide};
use crate::check::domain::sight::{Known, is_bogus};
use crate::check::domain::{delegation, dnssec, mx};
use crate::check::finding::{Finding, Rule, Severity, plural};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::SpfLookup;
use crate::policy::spf::evaluate::SpfResult;
use crate::policy::spf::record::{SpfMechanism, SpfMistakeKind, SpfQualifier, SpfRecord, SpfTermKind};
use crate::policy::spf::select::{IgnoredBecause, SpfTexts, VERSION, is_spf, select};
use crate::policy::spf::tree::{
    SpfBranch, SpfEffect, SpfExp, SpfExpProblem, SpfFound, allows_everyone, default_result,
};
use crate::wire::RecordKind;

pub(super) fn judge(subject: Subject<'_>) -> Vec<Finding> {
    match &subject.tree.root.found {
        // The MX check reports a domain that does not exist.
        SpfFound::Pending | SpfFound::NxDomain => Vec::new(),
        // The DNSSEC check reports records whose signatures are not valid.
        SpfFound::Failed if is_reported(subject) => Vec::new(),
        SpfFound::Failed => vec![lookup_failed(subject)],
        SpfFound::NoRecord(texts) => {
            ignored(subject, texts, Severity::Error).map_or_else(|| missing(subject), |finding| vec![finding])
        }
        SpfFound::Several(texts) => vec![several::finding(subject, texts)],
        SpfFound::Record(record, texts) => {
            let mut findings = Vec::new();
            findings.extend(syntax(subject, record, texts));
            let is_valid = findings.is_empty();
            findings.extend(ignored(subject, texts, Severity::Warning));
            findings.extend(wide::finding(subject, record));
            findings.extend(modifiers(subject, record));
            if is_valid {
                findings.extend(no_all(subject, record));
                findings.extend(unused(subject));
                findings.extend(null_mx(subject));
            }
            findings.extend(ptr(subject, record));
            findings.extend(explanation(subject));
            findings.extend(alias(subject));
            findings.extend(long(subject));
            findings
        }
    }
}

fn finding(subject: Subject<'_>, rule: &'static Rule, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id)
}

/// Whether a finding of the DNSSEC check covers the failure: there are TXT records with signatures that are not valid, or
/// other records of the same zone are not valid either.
fn is_reported(subject: Subject<'_>) -> bool {
    let seen = subject.sight.records(&subject.sight.name(), RecordKind::Txt).answer().filter(|seen| is_bogus(seen));
    seen.is_some_and(|seen| !seen.records.is_empty() || dnssec::reports_zone_of(subject.sight, seen))
}

fn lookup_failed(subject: Subject<'_>) -> Finding {
    let domain = subject.domain();
    let known = subject.sight.records(&subject.sight.name(), RecordKind::Txt);
    let is_answered = matches!(known, Known::Seen(..));
    let mut finding = finding(subject, &LOOKUP_FAILED, format!("the SPF record of {domain} could not be looked up"));
    if matches!(known, Known::Seen(_, seen) if seen.is_answer()) {
        finding.confidence = Confidence::Likely;
        finding.cause = "The zone is signed, but the response contains no record and no valid proof that there is none. Receivers that validate DNSSEC get an error instead, so the SPF result is a temporary error.".to_owned();
        finding.otherwise = Some("This machine's resolver, or a device on the network path to it, may change DNS responses. Repeat the check with another resolver (--resolver) to find out.".to_owned());
        finding.fixes.push(Fix::run(
            "DNS operator: fix the zone's signatures, and test the zone with a validating resolver",
            format!("dig +dnssec {domain} TXT"),
        ));
    } else if is_answered {
        finding.cause =
            "The DNS server responded with a failure code. It is not known whether the domain has an SPF record."
                .to_owned();
        // If every lookup of the domain fails, the finding about the MX records contains the fix.
        let mx = subject.sight.records(&subject.sight.name(), RecordKind::Mx);
        if mx.answer().is_none_or(|seen| !seen.is_answer()) {
            finding.severity = Severity::Notice;
        }
        finding.fixes.push(Fix::run(
            "DNS operator: if the lookup also fails with other resolvers, fix the domain's name servers. This command shows the failure",
            format!("dig {domain} TXT"),
        ));
    } else {
        finding.severity = Severity::Notice;
        finding.cause =
            "No usable DNS response was received, so SPF was not tested. The fault may be in this machine's resolver."
                .to_owned();
        finding.fixes.push(Fix::text("Repeat the check with another resolver (--resolver)"));
    }
    finding
}

fn missing(subject: Subject<'_>) -> Vec<Finding> {
    let domain = subject.domain();
    // If the name servers have a record, a finding about the resolver or about servers that differ reports it.
    if delegation::has_text_at_servers(subject.sight, &subject.sight.name(), is_spf) {
        return Vec::new();
    }
    let mut finding = finding(subject, &MISSING, format!("{domain} has no SPF record"));
    let is_null = is_null_mx(subject);
    let hosts = mx::mail_hosts(subject.sight);
    // RFC 7208 §5.4: without MX records, the mechanism mx matches nothing.
    let (record, senders) = match hosts.first() {
        _ if is_null => ("v=spf1 -all", "no host sends"),
        Some(host) if host.preference.is_none() => ("v=spf1 a ~all", "only the domain's own IP address sends"),
        Some(_) => ("v=spf1 mx ~all", "only the MX hosts send"),
        None => ("v=spf1 -all", "no host sends"),
    };
    if is_null {
        finding.severity = Severity::Notice;
        finding.cause = "The domain declares that it receives no mail. Without an SPF record, receivers cannot tell that it also sends no mail.".to_owned();
    } else {
        finding.cause = "Receivers cannot tell which servers may send mail for the domain. SPF records of a parent domain do not apply.".to_owned();
    }
    let found = WRONG_NAMES.iter().filter_map(|label| subject.sight.name().below(label).ok()).find(|name| {
        matches!(known(subject.sight, name, RecordKind::Txt), SpfLookup::Found(records) if !select(&records).records.is_empty())
    });
    if let Some(text) = former_type::texts(subject.sight).first() {
        finding
            .cause
            .push_str(" There is a record of the record type SPF (99), but receivers do not look up this type.");
        finding.fixes.push(Fix::run("Domain owner: publish the same record as a TXT record", subject.published(text)));
    } else if let Some(name) = found {
        finding.cause.push_str(&format!(" There is an SPF record at {name}, where receivers do not look for it."));
        finding.fixes.push(Fix::run(
            "Domain owner: at the domain, publish a record that refers to the other record",
            subject.published(&format!("v=spf1 redirect={name}")),
        ));
    } else {
        let text = match senders {
            _ if is_null => "Domain owner: publish a record that allows no sender".to_owned(),
            senders => format!(
                "Domain owner: publish a record that lists every host that sends mail for the domain. If {senders} mail, publish this record"
            ),
        };
        finding.fixes.push(Fix::run(text, subject.published(record)));
    }
    vec![finding]
}

fn ignored(subject: Subject<'_>, texts: &SpfTexts, severity: Severity) -> Option<Finding> {
    // If there is a valid record, only pieces of a split record matter, and only if the valid record does not end with
    // `all`.
    let is_alone = texts.records.is_empty();
    let piece = corrections::piece(texts);
    let (text, why) = texts.ignored.iter().find(|(text, _)| is_alone || Some(text.as_str()) == piece)?;
    let reason = match why {
        IgnoredBecause::Prefix => "There is a space, a quotation mark or a backslash before v=spf1.",
        IgnoredBecause::Version => {
            "The record must begin with exactly v=spf1 and a space, but a different character follows v=spf1."
        }
        IgnoredBecause::OtherVersion => "The record has a version other than v=spf1. Receivers ignore other versions.",
        IgnoredBecause::Tag => "The record must begin with exactly v=spf1 and a space.",
        IgnoredBecause::Piece if is_alone => {
            "The record has no version: it contains mechanisms, but does not begin with v=spf1."
        }
        IgnoredBecause::Piece => {
            "This is the end of a record that was split into several records. Receivers use only the record that begins with v=spf1. A long record must be one TXT record with several strings."
        }
    };
    let summary = format!("receivers ignore a record that looks like an SPF record: {}", subject.quote(text));
    let mut finding = finding(subject, &IGNORED, summary);
    finding.severity = severity;
    reason.clone_into(&mut finding.cause);
    if !why.is_certain() {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("The record may have another purpose.".to_owned());
    }
    let fix = "Domain owner: publish one TXT record that begins with v=spf1 and a space";
    let terms = sending::missing_terms(subject);
    let repaired = repaired(text, *why, &texts.records);
    let corrected = repaired.and_then(|text| corrections::of_text(subject, &text, &terms, IgnoredTerms::Removed));
    finding.fixes.push(match corrected {
        Some(record) => record.fix(subject, SpfCorrection::Blank, fix),
        None => Fix::text(fix),
    });
    Some(finding)
}

impl IgnoredBecause {
    fn is_certain(self) -> bool {
        matches!(self, IgnoredBecause::Prefix | IgnoredBecause::Version)
    }
}

/// The intended record, which may need more corrections.
fn repaired(text: &str, why: IgnoredBecause, records: &[String]) -> Option<String> {
    let bare: String = text
        .chars()
        .filter(|c| !"\"\\\u{201c}\u{201d}\u{201e}\u{feff}".contains(*c))
        .map(|c| if c.is_whitespace() || c == ';' { ' ' } else { c })
        .collect();
    let bare = bare.trim();
    let record = match why {
        // Receivers would ignore redirect= before the all mechanism of the piece.
        IgnoredBecause::Piece if records.iter().any(|record| SpfRecord::parse(record).redirect().is_some()) => {
            return None;
        }
        IgnoredBecause::Piece => format!("{} {bare}", records.first().map_or("v=spf1", |first| first.trim_end())),
        // A term may follow the version without a space. Removing it would change which hosts are allowed.
        _ if bare.get(..VERSION.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(VERSION)) => {
            format!("{VERSION} {}", bare.get(VERSION.len()..)?.trim_start())
        }
        _ => {
            let rest = bare.split_once(' ')?.1.trim_start();
            format!("{VERSION} {}", rest.strip_prefix("spf1 ").unwrap_or(rest))
        }
    };
    Some(record)
}

fn syntax(subject: Subject<'_>, record: &SpfRecord, texts: &SpfTexts) -> Option<Finding> {
    let text = texts.records.first()?;
    let mistakes: Vec<_> = record.mistakes().collect();
    let word = |at: &std::ops::Range<usize>| text.get(at.clone()).unwrap_or_default();
    let corrected = || corrections::of_record(subject, &sending::missing_terms(subject), IgnoredTerms::Removed);
    let fix_text = "Domain owner: replace the record with this one";
    if texts.spaced.is_some() {
        let summary = "the strings of the SPF record are joined without a space between two terms".to_owned();
        let mut finding = finding(subject, &STRINGS, summary);
        finding.cause = format!(
            "Receivers join the strings of a TXT record without adding a space. The result is {}",
            subject.quote(text)
        );
        if mistakes.is_empty() {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "The record is valid without a space, too. Compare its terms with the names that you entered."
                    .to_owned(),
            );
        }
        let fix = "Domain owner: insert a space before the closing quotation mark of each string except the last";
        finding.fixes.push(match corrected() {
            Some(record) => record.fix(subject, SpfCorrection::Blank, fix),
            None => Fix::text(fix),
        });
        return Some(finding);
    }
    let (first, mistake) = mistakes.first()?;
    let summary = format!("the SPF record is invalid: {} ({})", subject.quote(word(&first.at)), mistake.why.reason());
    let mut finding = finding(subject, &SYNTAX, summary);
    finding.cause = "A single invalid term makes the entire record invalid for every sender (permerror).".to_owned();
    for (term, mistake) in mistakes.iter().skip(1).take(9) {
        if mistake.instead.as_deref() == Some("") {
            continue;
        }
        finding.consequences.push(format!(
            "Also invalid: {} ({})",
            subject.quote(word(&term.at)),
            mistake.why.reason()
        ));
    }
    if let Some(record) = corrected() {
        finding.fixes.push(record.fix(subject, SpfCorrection::Syntax, fix_text));
        return Some(finding);
    }
    for (term, mistake) in mistakes.iter().take(10) {
        let shown = subject.quote(word(&term.at));
        finding.fixes.push(Fix::text(match &mistake.instead {
            _ if is_extra_all(record, mistake) => format!("Domain owner: remove {shown}"),
            Some(instead) if !instead.is_empty() => {
                format!("Domain owner: replace {shown} with {}", subject.quote(instead))
            }
            _ if mistake.why == SpfMistakeKind::Twice => format!("Domain owner: remove {shown}"),
            _ => format!("Domain owner: correct or remove {shown}"),
        }));
    }
    Some(finding)
}

fn modifiers(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    let at = record.terms.iter().position(|term| ignored_mechanism(&term.kind).is_some())?;
    let word = &subject.tree.root.branches.get(at)?.text;
    let is_all = record.terms.get(at).and_then(|term| ignored_mechanism(&term.kind)) == Some("all");
    let summary = format!(
        "receivers ignore a term of the SPF record that is written with = instead of a colon: {}",
        subject.quote(word)
    );
    let mut finding = finding(subject, &IGNORED_MODIFIER, summary);
    finding.cause = "According to the grammar, the term is an unknown modifier. Receivers ignore it, so it allows no host. Some receivers treat it as an error.".to_owned();
    let terms = sending::missing_terms(subject);
    let mut print = |ignored: IgnoredTerms, what: String| {
        let record = corrections::of_record(subject, &terms, ignored);
        finding.fixes.push(match record {
            Some(record) => record.fix(subject, SpfCorrection::Ignored, &what),
            None => Fix::text(what),
        });
    };
    // The all mechanism accepts no value (RFC 7208 §5.1).
    if is_all {
        print(
            IgnoredTerms::Removed,
            format!("Domain owner: replace it with {} at the end of the record", end_of(word).unwrap_or("~all")),
        );
        return Some(finding);
    }
    // Without the ignored term, the record allows the same hosts as before.
    print(IgnoredTerms::Removed, "Domain owner: remove the term, if its hosts send no mail for the domain".to_owned());
    let instead = word.replacen('=', ":", 1);
    let with_colon = corrections::of_record(subject, &terms, IgnoredTerms::Colon);
    if with_colon.is_some_and(|record| record.text.split(' ').any(|word| word == instead)) {
        let what = format!("Domain owner: if its hosts send mail for the domain, use {}", subject.quote(&instead));
        print(IgnoredTerms::Colon, what);
    }
    Some(finding)
}

fn no_all(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    if record.redirect().is_some() && record.all().is_none() {
        return None;
    }
    if default_result(record) != SpfResult::Neutral || allows_everyone(record).is_some() {
        return None;
    }
    let has_all = record.all().is_some();
    let summary = if has_all {
        "the SPF record ends with ?all, so it defines no result for other hosts".to_owned()
    } else {
        "the SPF record does not end with all, so it defines no result for other hosts".to_owned()
    };
    let mut finding = finding(subject, &NO_ALL, summary);
    finding.cause =
        "Hosts that no term matches get the neutral result, which receivers must treat as if there were no record."
            .to_owned();
    let branches = &subject.tree.root.branches;
    let terms = sending::missing_terms(subject);
    let corrected = corrections::of_record(subject, &terms, IgnoredTerms::Removed);
    let mut fix = "Domain owner: end the record with ~all, or with -all when every sending host is listed".to_owned();
    let is_joined = |branch: &&SpfBranch| corrections::lacks_blank(branch).is_some_and(|text| text.ends_with("all"));
    if let Some(branch) = branches.iter().find(is_joined) {
        let word = subject.quote(&branch.text);
        let instead = subject.quote(&corrections::lacks_blank(branch).unwrap_or_default());
        finding.cause.push_str(&format!(
            " The name in {word} has no record, and a space before the all mechanism is probably missing."
        ));
        fix = format!("Domain owner: replace {word} with {instead}");
    } else if let ([branch], Some(corrected)) = (branches.as_slice(), &corrected)
        && let Some(target) = included(record, branch)
    {
        finding.cause.push_str(" The all mechanism in the included record has no effect for this domain.");
        let redirect = corrections::with_terms(&format!("{VERSION} redirect={target}"), &terms);
        let what = "Domain owner: use redirect if the other record should apply to all senders";
        let redirect = CorrectedRecord { text: redirect, ..corrected.clone() };
        finding.fixes.push(redirect.fix(subject, SpfCorrection::End, what));
    }
    finding.fixes.push(match corrected {
        Some(record) => record.fix(subject, SpfCorrection::End, &fix),
        None => Fix::text(fix),
    });
    Some(finding)
}

/// The name in the only term of a record, if the term is an include with the result `pass` and the included record exists.
fn included<'b>(record: &SpfRecord, branch: &'b SpfBranch) -> Option<&'b str> {
    let kinds: Vec<&SpfTermKind> = record.terms.iter().map(|term| &term.kind).collect();
    let [SpfTermKind::Directive(SpfQualifier::Pass, SpfMechanism::Include(_))] = kinds.as_slice() else { return None };
    let child = branch.child.as_ref()?;
    let SpfFound::Record(found, _) = &child.found else { return None };
    let is_valid = found.mistakes().next().is_none();
    branch.text.split_once(':').map(|(_, target)| target).filter(|_| is_valid)
}

fn unused(subject: Subject<'_>) -> Option<Finding> {
    let unused: Vec<String> = subject
        .tree
        .root
        .branches
        .iter()
        .filter(|branch| branch.effect == SpfEffect::Unused)
        .map(|branch| branch.text.clone())
        .collect();
    if unused.is_empty() {
        return None;
    }
    let words = unused.iter().map(|word| subject.quote(word)).collect::<Vec<_>>().join(", ");
    let mut finding =
        finding(subject, &UNUSED_TERMS, format!("receivers never evaluate these terms of the SPF record: {words}"));
    finding.cause =
        "The all mechanism matches every host, so receivers evaluate nothing after it and ignore redirect.".to_owned();
    let branches = &subject.tree.root.branches;
    let is_all = |text: &str| text.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all");
    let has_redirect = unused.iter().any(|word| word.to_ascii_lowercase().starts_with("redirect="));
    if has_redirect {
        finding.fixes.push(Fix::text("Domain owner: remove either the all mechanism or the redirect modifier"));
    } else if let Some(all) = branches.iter().find(|branch| is_all(&branch.text)) {
        // Without the terms that receivers never evaluate, the record allows the same hosts as before.
        let what = "Domain owner: remove the terms after the all mechanism";
        let terms = sending::missing_terms(subject);
        finding.fixes.push(match corrections::of_record(subject, &terms, IgnoredTerms::Removed) {
            Some(record) => record.fix(subject, SpfCorrection::Unused, what),
            None => Fix::text(what),
        });
        if unused.iter().any(|word| !is_all(word)) {
            let all = if all.text.starts_with(['-', '~', '?']) { all.text.as_str() } else { "~all" };
            finding.fixes.push(Fix::text(format!(
                "Domain owner: if the hosts of these terms send mail for the domain, move the terms before {} instead",
                subject.quote(all)
            )));
        }
    }
    Some(finding)
}

fn null_mx(subject: Subject<'_>) -> Option<Finding> {
    if !subject.tree.root.can_pass() || !is_null_mx(subject) {
        return None;
    }
    let summary =
        "the domain declares that it receives no mail (null MX), but its SPF record allows senders".to_owned();
    let mut finding = finding(subject, &NULL_MX_SENDS, summary);
    finding.cause = "Receivers may reject mail from a domain that cannot receive bounces.".to_owned();
    finding
        .fixes
        .push(Fix::run("Domain owner: if the domain sends no mail, allow no sender", subject.published("v=spf1 -all")));
    finding.fixes.push(Fix::text(
        "Domain owner: if the domain sends mail, replace the null MX record with MX records of a server that accepts bounces",
    ));
    Some(finding)
}

fn ptr(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    let is_ptr = |kind: &SpfTermKind| matches!(kind, SpfTermKind::Directive(_, SpfMechanism::Ptr { .. }));
    let branches = &subject.tree.root.branches;
    if let Some(at) = record.terms.iter().position(|term| is_ptr(&term.kind)) {
        return Some(ptr_finding(subject, &branches.get(at)?.text));
    }
    // A macro counts only in a valid term, not in an unknown modifier.
    let is_directive = |kind: &SpfTermKind| matches!(kind, SpfTermKind::Directive(..));
    let with_macro = record
        .terms
        .iter()
        .zip(branches)
        .find(|(term, branch)| is_directive(&term.kind) && branch.text.to_ascii_lowercase().contains("%{p"));
    with_macro.map(|(_, branch)| {
        let mut finding = ptr_finding(subject, &branch.text);
        finding.cause = "The macro %{p} needs the PTR record of the client, which is slow and unreliable, so it should not be published. Some receivers replace it with \"unknown\".".to_owned();
        finding.fixes = vec![Fix::text("Domain owner: remove %{p}, for example by using %{i} (the client's IP address) instead")];
        finding
    })
}

fn ptr_finding(subject: Subject<'_>, word: &str) -> Finding {
    let mut finding = finding(subject, &PTR_USED, format!("the SPF record uses {}", subject.quote(word)));
    finding.cause =
        "The ptr mechanism is slow and unreliable, and should not be published. Large receivers ignore it.".to_owned();
    finding.fixes.push(Fix::text("Domain owner: replace it with ip4, ip6, a or include terms for the sending hosts"));
    finding
}

fn explanation(subject: Subject<'_>) -> Option<Finding> {
    let Some(SpfExp::Ignored(why)) = &subject.tree.exp else { return None };
    let reason = match why {
        SpfExpProblem::NoRecord => "its name has no TXT record",
        SpfExpProblem::Several => "its name has several TXT records",
        SpfExpProblem::Syntax => "its text has a syntax error",
    };
    let mut finding =
        finding(subject, &EXP_IGNORED, format!("receivers ignore the explanation of the SPF record: {reason}"));
    finding.cause = "The SPF result does not change.".to_owned();
    finding.fixes.push(Fix::text("Domain owner: publish one TXT record that contains the explanation, or remove exp="));
    let texts = denied_in_tree(subject.sight).into_iter().filter(|(_, kind)| *kind == RecordKind::Txt);
    Some(subject.sight.tried(finding, texts))
}

/// The maximum length of the name and the text of a record, so that the response fits in 512 bytes (RFC 7208 §3.4).
const MAX_LENGTH: usize = 450;

fn long(subject: Subject<'_>) -> Option<Finding> {
    let text = subject.tree.root.text()?;
    let length = text.len() + subject.domain().len();
    if length <= MAX_LENGTH {
        return long_response(subject);
    }
    let summary =
        format!("the SPF record and its name are {length} bytes long; the recommended maximum is {MAX_LENGTH} bytes");
    let mut finding = finding(subject, &LONG, summary);
    finding.cause = "The DNS response does not fit in 512 bytes, so receivers may need EDNS or TCP to get it. If a firewall blocks these, the SPF result is `temperror` or `none`.".to_owned();
    finding.fixes.push(Fix::text(
        "Domain owner: remove terms that are no longer needed, or move some of them to an included record. Make sure that the name servers respond over TCP",
    ));
    Some(finding)
}

/// The maximum size of a response over UDP that servers usually send, in bytes.
const MAX_RESPONSE: usize = 4096;

/// The SPF record is short, but the response with all TXT records of the domain always needs TCP.
fn long_response(subject: Subject<'_>) -> Option<Finding> {
    let seen = subject.sight.records(&subject.sight.name(), RecordKind::Txt).answer()?;
    if seen.size <= MAX_RESPONSE {
        return None;
    }
    let count = seen.records.len() + seen.left_out;
    let summary = format!(
        "the response with the SPF record has {} bytes, because the domain has {}",
        seen.size,
        plural(count, "TXT record", "TXT records")
    );
    let mut finding = finding(subject, &LONG, summary);
    finding.cause = "Every receiver needs TCP to get the SPF record. If a firewall blocks TCP port 53, the SPF result is `temperror` or `none`.".to_owned();
    finding.fixes.push(Fix::text("Domain owner: remove the TXT records that are no longer needed"));
    Some(finding)
}

fn alias(subject: Subject<'_>) -> Option<Finding> {
    let seen = subject.sight.records(&subject.sight.name(), RecordKind::Txt).answer()?;
    let alias = seen.aliases.first()?;
    let target = subject.quote(alias.to.as_str());
    let summary = format!("{} is an alias for {target}, so the SPF record of {target} applies", subject.domain());
    let mut finding = finding(subject, &ALIAS, summary);
    finding.cause = "This is valid, but the operator of the other name controls the record.".to_owned();
    Some(finding)
}
