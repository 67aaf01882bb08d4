//! The DMARC record that applies to the domain. smtpcheck searches for it according to RFC 9989 (tree walk) and
//! according to RFC 7489 (historic), because both are in use. All names are looked up in parallel. A failed lookup
//! never counts as a missing record.
//!
//! `rules` contains the rules, and `faults` contains the findings about mistakes in the record.
//! [`crate::policy::dmarc`] parses records and defines the search.

mod faults;
mod lookup;
mod rules;

use self::lookup::{DmarcState, about, exists, found_at, record_at, state, wrong_names};
use super::alignment::{AlignmentWord, DmarcAlignment};
use super::delegation;
use super::dkim;
use super::mx;
use super::seen::{DmarcSeen, NotTested, PublishedState};
use super::sight::{Sight, is_conclusive, records};
use super::spf;
use super::unanswered;
use crate::check::finding::{Check, Finding, Severity};
use crate::evidence::{Evidence, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::dmarc::search::{
    Applied, RecordSearch, WalkFound, WalkStep, is_public_suffix, organizational_domain_by_list, walk,
};
use crate::policy::dmarc::{AlignmentMode, Disposition, DmarcRecord, DmarcText, PublicSuffix, ReportAddress};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

pub(super) static CHECK: Check = Check { subject: "domain-dmarc", ask, judge, rules: rules::RULES };

/// The maximum number of report domains that are checked.
const MAX_REPORT_DOMAINS: usize = 10;

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let domain = sight.name();
    let names = walk(&domain).into_iter().chain([organizational_domain_by_list(&domain)]);
    let mut questions: Vec<Question> =
        names.filter_map(|name| name.below("_dmarc").ok()).map(|name| records(&name, RecordKind::Txt)).collect();
    questions.extend([records(&domain, RecordKind::Mx), records(&domain, RecordKind::Txt)]);
    if found_at(sight, &domain) == WalkFound::Nothing {
        questions.extend(wrong_names(sight).iter().map(|name| records(name, RecordKind::Txt)));
    }
    if let Some((at, _, _, record)) = applied(sight) {
        for target in report_domains(&record) {
            questions.extend(permission_name(&at, &target).map(|name| records(&name, RecordKind::Txt)));
            questions.push(records(&target, RecordKind::Mx));
            if sight.records(&target, RecordKind::Mx).answer().is_some_and(RecordsSeen::is_void) {
                questions.extend([RecordKind::A, RecordKind::Aaaa].map(|kind| records(&target, kind)));
            }
        }
    }
    questions
}

/// The record that applies according to the tree walk, or else according to the public suffix list, with its name, its
/// probe and its text.
fn applied(sight: Sight<'_>) -> Option<(DnsName, &Probe, &str, DmarcRecord)> {
    let state = state(sight);
    let at = match (state.by_walk, state.by_list) {
        (RecordSearch::Found(applied), _) | (RecordSearch::NotFound, RecordSearch::Found(applied)) => applied.at,
        (RecordSearch::Unknown, _) | (RecordSearch::NotFound, RecordSearch::NotFound | RecordSearch::Unknown) => {
            return None;
        }
    };
    let (probe, text, record) = record_at(sight, &at)?;
    Some((at, probe, text, record))
}

/// The domains of the report addresses that are checked.
fn report_domains(record: &DmarcRecord) -> Vec<DnsName> {
    let mut domains = all_report_domains(record);
    domains.truncate(MAX_REPORT_DOMAINS);
    domains
}

/// The domains of the report addresses, without duplicates.
fn all_report_domains(record: &DmarcRecord) -> Vec<DnsName> {
    let mut domains: Vec<DnsName> = Vec::new();
    for domain in record.aggregate.iter().chain(&record.failure).filter_map(|address| address.domain.clone()) {
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    domains
}

/// The name at which another domain declares that it accepts reports (RFC 9990 §4); `None` if no declaration is needed.
fn permission_name(of: &DnsName, target: &DnsName) -> Option<DnsName> {
    let is_foreign = organizational_domain_by_list(of) != organizational_domain_by_list(target);
    target.below("_report._dmarc").and_then(|name| name.below(of.as_str())).ok().filter(|_| is_foreign)
}

/// Whether a report domain accepts the reports; `None` while unknown.
fn has_agreed(sight: Sight<'_>, of: &DnsName, target: &DnsName) -> Option<bool> {
    let Some(name) = permission_name(of, target) else { return Some(true) };
    let seen = sight.records(&name, RecordKind::Txt).answer().filter(|seen| is_conclusive(seen))?;
    Some(seen.texts().any(is_record))
}

/// Whether a domain receives mail; `None` while unknown.
fn receives_mail(sight: Sight<'_>, domain: &DnsName) -> Option<bool> {
    let mx = sight.records(domain, RecordKind::Mx).answer().filter(|seen| is_conclusive(seen))?;
    if !mx.is_void() {
        let is_null = |data: &RecordData| matches!(data, RecordData::Mx { host, .. } if host.is_root());
        return Some(!mx.records.iter().all(|record| is_null(&record.data)));
    }
    let [v4, v6] = [RecordKind::A, RecordKind::Aaaa].map(|kind| sight.records(domain, kind).answer());
    let (v4, v6) = (v4?, v6?);
    if v4.addresses().chain(v6.addresses()).next().is_some() {
        return Some(true);
    }
    (is_conclusive(v4) && is_conclusive(v6)).then_some(false)
}

/// The DMARC record that applies to the domain.
pub(super) fn summary(sight: Sight<'_>) -> DmarcSeen {
    let state = state(sight);
    let mut result = DmarcSeen { walk: walk_words(&state.steps), ..DmarcSeen::default() };
    let word = |search: &RecordSearch| match search {
        RecordSearch::Found(Applied { policy, .. }) => policy.map(|policy| policy.word().to_owned()),
        RecordSearch::NotFound | RecordSearch::Unknown => None,
    };
    result.organizational_domain = state.organization.as_ref().map(DnsName::to_string);
    result.organizational_domain_by_list = Some(state.organization_by_list.to_string());
    result.policy = word(&state.by_walk);
    result.policy_by_list = word(&state.by_list)
        .filter(|_| state.by_list != RecordSearch::Unknown && word(&state.by_list) != result.policy);
    result.state = match (&state.by_walk, &state.by_list) {
        (RecordSearch::Unknown, _) => PublishedState::Unknown,
        (RecordSearch::NotFound, RecordSearch::NotFound | RecordSearch::Unknown) if has_remains(sight, &state) => {
            PublishedState::Invalid
        }
        (RecordSearch::NotFound, RecordSearch::NotFound | RecordSearch::Unknown) => PublishedState::Absent,
        (RecordSearch::Found(_), _) | (_, RecordSearch::Found(_)) => PublishedState::Valid,
    };
    if let Some((at, _, text, record)) = applied(sight) {
        result.found_at = at.below("_dmarc").ok().map(|name| name.to_string());
        result.record = Some(text.to_owned());
        result.dkim_alignment = Some(alignment(sight, &state, record.dkim_alignment));
        result.spf_alignment = Some(alignment(sight, &state, record.spf_alignment));
        result.rua = record.aggregate.iter().map(|ReportAddress { uri, .. }| uri.clone()).collect();
        let targets = report_domains(&record);
        result.unauthorized = targets
            .iter()
            .filter(|target| has_agreed(sight, &at, target) == Some(false))
            .map(DnsName::to_string)
            .collect();
        if record.policy_for_domain().is_none() || !record.faults.is_empty() {
            result.problem = Some("the record contains a mistake".to_owned());
        }
        if record.policy_for_domain().is_none() {
            result.state = PublishedState::Invalid;
        }
    } else if result.state == PublishedState::Invalid {
        result.problem = Some("receivers ignore all published DMARC records".to_owned());
    }
    result
}

/// The domains that are aligned with the checked domain when the checked domain is in the From header.
fn alignment(sight: Sight<'_>, state: &DmarcState, mode: AlignmentMode) -> DmarcAlignment {
    match mode {
        AlignmentMode::Strict => {
            DmarcAlignment { mode: AlignmentWord::Strict, domains: vec![sight.name().to_string()] }
        }
        AlignmentMode::Relaxed => {
            let organization = state.organization.as_ref().unwrap_or(&state.organization_by_list);
            let domains = vec![organization.to_string(), format!("*.{organization}")];
            DmarcAlignment { mode: AlignmentWord::Relaxed, domains }
        }
    }
}

/// What was not tested: failed lookups of the record, and report domains beyond the limit.
pub(super) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let state = state(sight);
    let failed = state.steps.iter().find(|step| step.found == WalkFound::Unknown);
    let is_unknown = state.by_walk == RecordSearch::Unknown || state.by_list == RecordSearch::Unknown;
    let why = failed.filter(|_| is_unknown).map(|step| format!("the lookup of _dmarc.{} failed", step.name));
    let mut list: Vec<NotTested> = why.into_iter().map(|why| NotTested { what: "DMARC".to_owned(), why }).collect();
    let count = applied(sight).map_or(0, |(_, _, _, record)| all_report_domains(&record).len());
    if count > MAX_REPORT_DOMAINS {
        let why =
            format!("the record names {count} report domains, and only the first {MAX_REPORT_DOMAINS} are checked");
        list.push(NotTested { what: "DMARC report domains".to_owned(), why });
    }
    list
}

/// Whether no record applies although the domain has a faulty record or several records.
fn has_remains(sight: Sight<'_>, state: &DmarcState) -> bool {
    let is_several = state.steps.first().is_some_and(|step| step.found == WalkFound::Several);
    is_several || faults::near_miss(sight).is_some()
}

/// Whether receivers act on forged mail: the policy is quarantine or reject, and applies to all mail and to subdomains.
pub(super) fn is_enforced(sight: Sight<'_>) -> Option<bool> {
    match state(sight).by_walk {
        RecordSearch::Unknown => None,
        RecordSearch::NotFound => Some(false),
        RecordSearch::Found(Applied { policy, .. }) => {
            let (_, _, _, record) = applied(sight)?;
            let is_open = record.is_testing
                || record.subdomains == Some(Disposition::None)
                || record.percent.is_some_and(|percent| percent < 100);
            Some(policy.is_some_and(|policy| policy > Disposition::None) && !is_open)
        }
    }
}

fn walk_words(steps: &[WalkStep]) -> Vec<String> {
    let words = |found: &WalkFound| match found {
        WalkFound::Nothing => "no record",
        WalkFound::Record(_) => "record",
        WalkFound::Several => "several records",
        WalkFound::Unknown => "no answer",
    };
    steps.iter().map(|step| format!("_dmarc.{}: {}", step.name, words(&step.found))).collect()
}

/// Whether receivers use a TXT record as a DMARC record.
fn is_record(text: &str) -> bool {
    matches!(DmarcText::parse(text), DmarcText::Record(_))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence).filter(|sight| exists(*sight)) else { return Vec::new() };
    let state = state(sight);
    let mut findings = faults::at_domain(sight, &state);
    if let (RecordSearch::NotFound, RecordSearch::NotFound) = (&state.by_walk, &state.by_list)
        && findings.is_empty()
    {
        findings.extend(missing(sight));
    }
    findings.extend(domain_lookup_failed(sight));
    findings.extend(differing(sight, &state));
    let Some((at, probe, text, record)) = applied(sight) else { return findings };
    findings.extend(faults::of_record(sight, &at, probe, text, &record));
    findings.extend(faults::copies(sight, &at, probe));
    if record.policy_for_domain().is_some() {
        findings.extend(policy(sight, &state, &at, probe, &record));
    }
    findings.extend(reports(sight, &at, probe, &record));
    findings
}

/// The lookup of the record at the domain failed.
fn domain_lookup_failed(sight: Sight<'_>) -> Option<Finding> {
    let name = sight.name().below("_dmarc").ok()?;
    let effect = "Receivers get a temporary error instead of a policy: they defer mail, or treat it as if there were no DMARC record.";
    unanswered::finding(sight, &rules::LOOKUP_FAILED, ("DMARC", &name), effect)
}

/// No record applies.
fn missing(sight: Sight<'_>) -> Option<Finding> {
    let domain = sight.name();
    let name = domain.below("_dmarc").ok()?;
    // If the name servers have a record, a finding about the resolver or about servers that differ reports it.
    if delegation::has_text_at_servers(sight, &name, is_record) {
        return None;
    }
    let probe = sight.records(&name, RecordKind::Txt).probe()?;
    let summary = format!("no DMARC record applies to {domain}");
    let allows_senders = spf::allows_senders(sight);
    let (advice, record) = if allows_senders == Some(false) {
        (
            "publish a record with the policy reject, because the domain's SPF record states that the domain sends no mail",
            "v=DMARC1; p=reject".to_owned(),
        )
    } else if mx::is_null(sight) {
        // The domain cannot receive reports.
        match allows_senders {
            Some(true) => ("start with a record without effect", "v=DMARC1; p=none".to_owned()),
            _ => (
                "publish a record with the policy reject, because the domain declares that it receives no mail",
                "v=DMARC1; p=reject".to_owned(),
            ),
        }
    } else {
        ("start with a record that only requests reports", format!("v=DMARC1; p=none; rua=mailto:postmaster@{domain}"))
    };
    let fix = Fix::run(
        format!("DNS operator: {advice}"),
        format!("{}. TXT \"{record}\"", sight.owner_below(&domain, "_dmarc")),
    );
    let cause = "Receivers cannot tell forged mail from genuine mail with this domain in the From header, and some large receivers require a DMARC record.";
    Some(sight.tried(about(&rules::MISSING, probe, summary, cause, fix), searched(sight)))
}

/// The lookups of the record at the domain and above it.
fn searched(sight: Sight<'_>) -> impl Iterator<Item = (DnsName, RecordKind)> {
    let names = walk(&sight.name()).into_iter().chain([organizational_domain_by_list(&sight.name())]);
    names.filter_map(|name| name.below("_dmarc").ok()).map(|name| (name, RecordKind::Txt))
}

/// The two search methods have different results.
fn differing(sight: Sight<'_>, state: &DmarcState) -> Option<Finding> {
    let (at, probe, ..) = applied(sight)?;
    let policy = |search: &RecordSearch| match search {
        RecordSearch::Found(applied) => {
            Some(format!("the DMARC policy is {}", applied.policy.map_or("none", Disposition::word)))
        }
        RecordSearch::NotFound => Some("there is no DMARC policy".to_owned()),
        RecordSearch::Unknown => None,
    };
    let (walked, listed) = (policy(&state.by_walk)?, policy(&state.by_list)?);
    let organization = state.organization.as_ref()?;
    let (summary, cause) = if walked != listed {
        (
            format!("according to RFC 9989, {walked}; according to RFC 7489 (historic), {listed}"),
            "Receivers that follow RFC 9989 walk up the DNS tree; others use the public suffix list. For this domain, these two methods have different results.",
        )
    } else if *organization != state.organization_by_list {
        (
            format!(
                "the organizational domain is {organization} according to RFC 9989, and {} according to the public suffix list",
                state.organization_by_list
            ),
            "SPF and DKIM count only if their domain has the same organizational domain as the From header. The result therefore depends on the receiver.",
        )
    } else {
        return None;
    };
    let fix = Fix::text(format!(
        "DNS operator: publish one DMARC record at _dmarc.{}, or sign mail with d={}",
        state.organization_by_list,
        sight.name()
    ));
    let mut finding = sight.tried(about(&rules::RESULTS_DIFFER, probe, summary, cause, fix), searched(sight));
    finding.consequences.push(format!("The record was found at _dmarc.{at}"));
    Some(finding)
}

/// The findings about the policy of a record that is valid.
fn policy(sight: Sight<'_>, state: &DmarcState, at: &DnsName, probe: &Probe, record: &DmarcRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    let own = record.policy_for_domain().unwrap_or(Disposition::None);
    let operator = format!("DNS operator: in the record at _dmarc.{at},");
    let word = own.word();
    if own == Disposition::None {
        // If a mistake changes the policy to none, a different finding reports it.
        if record.policy == Some(Disposition::None) {
            let (cause, first) = if record.aggregate.is_empty() {
                (
                    "Receivers deliver forged mail as if there were no DMARC record. Without rua, they also send no reports.",
                    "add rua=mailto: with an email address to receive reports;",
                )
            } else {
                ("Receivers deliver forged mail as if there were no DMARC record, but send reports.", "")
            };
            let fix = Fix::text(format!(
                "{operator} {first} when the reports show that all genuine mail passes, change to p=quarantine, and then to p=reject"
            ).replace("  ", " "));
            findings.push(about(&rules::POLICY_NONE, probe, format!("the DMARC policy of {at} is none"), cause, fix));
        }
    } else {
        // Receivers use a policy for subdomains only from the record of the organizational domain (RFC 9989 §4.10.1).
        let is_of_organization = *at == state.organization_by_list || state.organization.as_ref() == Some(at);
        if is_of_organization {
            findings.extend(open_subdomains(at, probe, record, word, &operator));
        }
        if let Some(percent) = record.percent.filter(|percent| *percent < 100) {
            let summary =
                format!("the DMARC record of {at} has pct={percent}, which receivers handle in different ways");
            let fix = Fix::text(format!(
                "{operator} remove pct={percent}; to apply a policy one level lower for a limited time, add t=y"
            ));
            let cause = format!(
                "RFC 9989 removed the tag, so receivers that follow RFC 9989 apply p={word} to all mail. Other receivers apply p={word} to {percent}% of the mail."
            );
            findings.push(about(&rules::PERCENTAGE, probe, summary, &cause, fix));
        }
        if record.is_testing {
            let fix = Fix::text(format!("{operator} remove t=y when the reports show that all genuine mail passes"));
            let cause = "Receivers that follow RFC 9989 apply a policy that is one level lower. Other receivers apply the full policy.";
            findings.push(about(
                &rules::TESTING,
                probe,
                format!("the DMARC policy of {at} is in test mode (t=y)"),
                cause,
                fix,
            ));
        }
        // A domain whose SPF record allows no client sends no mail.
        if spf::allows_senders(sight) == Some(true) {
            findings.extend(without_dkim(sight, at, probe, record, word));
        }
    }
    if record.suffix == PublicSuffix::Yes && !is_public_suffix(at) {
        let summary = format!("the DMARC record of {at} declares that the domain is a public suffix (psd=y)");
        let fix = Fix::text(format!("{operator} remove psd=y"));
        let cause = "Receivers that follow RFC 9989 treat every subdomain as a separate organization, so related domains are not aligned.";
        let mut finding = about(&rules::SUFFIX, probe, summary, cause, fix);
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("If independent organizations register names below the domain, the tag is correct, and the only problem is that the domain is not on the public suffix list".to_owned());
        if let Some(organization) = state.organization.as_ref().filter(|name| *name != at) {
            finding.consequences.push(format!("The organizational domain according to RFC 9989 is {organization}"));
        }
        findings.push(finding);
    }
    findings
}

/// The policy for subdomains, or for those that do not exist, is none.
fn open_subdomains(at: &DnsName, probe: &Probe, record: &DmarcRecord, word: &str, operator: &str) -> Option<Finding> {
    let is_open = |policy: Option<Disposition>| policy == Some(Disposition::None);
    let (tags, subdomains, cause) = match (is_open(record.subdomains), is_open(record.nonexistent)) {
        (false, false) => return None,
        (true, true) => ("sp=none and np=none", "subdomains", "These tags set"),
        (false, true) => ("np=none", "subdomains that do not exist", "This tag sets"),
        // Without np, sp also applies to subdomains that do not exist.
        (true, false) if record.nonexistent.is_none() => ("sp=none", "subdomains", "This tag sets"),
        (true, false) => ("sp=none", "subdomains that exist", "This tag sets"),
    };
    let summary = format!("the DMARC record of {at} has p={word}, but {tags}: mail from {subdomains} can be forged");
    let fix = Fix::text(format!("{operator} remove {tags}, or change the policy from none to {word}"));
    let cause =
        format!("{cause} the policy for {subdomains}, so receivers deliver forged mail that claims to come from them.");
    Some(about(&rules::SUBDOMAINS_OPEN, probe, summary, &cause, fix))
}

/// Neither the domain nor, under relaxed alignment, a parent domain in the same organization has a DKIM key.
fn without_dkim(sight: Sight<'_>, at: &DnsName, probe: &Probe, record: &DmarcRecord, word: &str) -> Option<Finding> {
    let is_relaxed = record.dkim_alignment == AlignmentMode::Relaxed;
    let has_none = |can_exist: Option<bool>| can_exist == Some(false);
    if !has_none(dkim::can_exist(sight)) || (is_relaxed && !has_none(dkim::can_exist_above(sight))) {
        return None;
    }
    let above = if is_relaxed { dkim::lookups_above(sight) } else { Vec::new() };
    let name = sight.name();
    let summary = if above.is_empty() {
        format!("the DMARC policy of {at} is {word}, but {name} has no DKIM key")
    } else {
        format!("the DMARC policy of {at} is {word}, but neither {name} nor its parent domains have a DKIM key")
    };
    let fix = Fix::text("Server operator: sign mail with DKIM, and publish the key");
    let cause = "Only SPF can authenticate the mail. SPF fails if mail is forwarded or sent through most mailing lists, so receivers reject or filter such mail.";
    let mut finding = about(&rules::WITHOUT_DKIM, probe, summary, cause, fix);
    if is_relaxed {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some(
            "Another subdomain of the organization may have the key, because the record allows relaxed alignment. To find out, look at the d= value of the DKIM-Signature header in a message that was sent."
                .to_owned(),
        );
    }
    finding.evidence.probes.extend(dkim::lookup_of_keys(sight).into_iter().chain(above).map(|probe| probe.id));
    Some(finding)
}

/// The findings about the domains that receive reports.
fn reports(sight: Sight<'_>, at: &DnsName, probe: &Probe, record: &DmarcRecord) -> Vec<Finding> {
    let mut findings = Vec::new();
    for target in report_domains(record) {
        let shown = probe.quote(target.as_str()).to_string();
        let permission = permission_name(at, &target);
        // A domain that receives no mail has a finding of its own, below.
        let receives_mail = receives_mail(sight, &target);
        let is_refused = has_agreed(sight, at, &target) == Some(false) && receives_mail != Some(false);
        if let Some(name) = permission.filter(|_| is_refused) {
            let summary = format!("{shown} has not declared that it accepts DMARC reports about {at}");
            let fix = Fix::run(
                format!(
                    "DNS operator of {shown}: publish the permission, or register {at} with the DMARC report service"
                ),
                format!("{}. TXT \"v=DMARC1\"", probe.quote(name.as_str())),
            );
            let cause = "An address in another organizational domain is valid only if that domain permits it. Receivers ignore this address, so no reports arrive.";
            let mut finding = about(&rules::REPORTS_NOT_AUTHORISED, probe, summary, cause, fix);
            finding.fixes.push(Fix::text(format!("Or, DNS operator of {at}: use a report address in your own domain")));
            if let Some(asked) = sight.records(&name, RecordKind::Txt).probe() {
                finding = finding.tried(asked.id);
            }
            findings.push(finding);
        }
        if receives_mail == Some(false) {
            let summary = format!("{shown} is the domain of a DMARC report address of {at}, but receives no mail");
            let fix = Fix::text(format!("DNS operator of {at}: use a report address in a domain that receives mail"));
            let cause = "The domain has neither an MX record nor an IP address, or declares that it receives no mail. Reports cannot be delivered.";
            let mut finding = about(&rules::REPORT_DOMAIN, probe, summary, cause, fix);
            let kinds = [RecordKind::Mx, RecordKind::A, RecordKind::Aaaa];
            finding = sight.tried(finding, kinds.map(|kind| (target.clone(), kind)));
            // The domain deliberately declares that it receives no mail, so the report address is the mistake.
            finding.severity = Severity::Warning;
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests;
