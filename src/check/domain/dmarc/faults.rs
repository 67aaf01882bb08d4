//! The findings about mistakes in DMARC records: several records, TXT records that receivers ignore, records at wrong
//! names, and mistakes in tags. Each finding contains the corrected record.

use super::super::sight::{Known, Sight};
use super::lookup::{DmarcState, about, wrong_names};
use super::rules;
use crate::check::finding::{Finding, Severity};
use crate::evidence::Probe;
use crate::lexicon::Fix;
use crate::policy::dmarc::search::WalkFound;
use crate::policy::dmarc::{DmarcFault, DmarcRecord, DmarcText, NearMiss, corrected};
use crate::policy::txt::in_strings;
use crate::wire::{DnsName, RecordKind};

/// The corrected record to publish.
fn publish(sight: Sight<'_>, at: &DnsName, probe: &Probe, text: &str) -> Fix {
    Fix::run(
        "DNS operator: publish the corrected record",
        format!("{}. TXT {}", sight.owner_below(at, "_dmarc"), probe.quote(in_strings(&corrected(text)))),
    )
}

/// A TXT record at the domain's name that was intended as a DMARC record, but is ignored by receivers.
pub(super) fn near_miss<'s>(sight: Sight<'s>) -> Option<(&'s Probe, &'s str, NearMiss)> {
    let name = sight.name().below("_dmarc").ok()?;
    let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Txt) else { return None };
    seen.texts().find_map(|text| match DmarcText::parse(text) {
        DmarcText::NearMiss(miss) => Some((probe, text, miss)),
        DmarcText::Record(_) | DmarcText::Unrelated => None,
    })
}

/// Mistakes that leave the domain without a record, or with an unintended record.
pub(super) fn at_domain(sight: Sight<'_>, state: &DmarcState) -> Vec<Finding> {
    let mut findings: Vec<Finding> = several(sight, state).into_iter().collect();
    let Some(first) = state.steps.first() else { return findings };
    if first.found != WalkFound::Nothing {
        return findings;
    }
    if let Some((probe, text, miss)) = near_miss(sight) {
        let cause = match miss {
            NearMiss::LeadingSpace => {
                "The record begins with a space, so many receivers do not recognise it as a DMARC record."
            }
            NearMiss::Version => "A DMARC record must begin with v=DMARC1, in exactly this spelling.",
            NearMiss::VersionNotFirst => "v=DMARC1 must be the first tag.",
            NearMiss::NoVersion => "The record has DMARC tags, but does not begin with v=DMARC1.",
            NearMiss::Quoted => {
                "Quotation marks or backslashes are part of the record, so it does not begin with v=DMARC1."
            }
        };
        let summary = format!("receivers ignore the DMARC record of {}: {}", first.name, probe.quote(text));
        findings.push(about(&rules::RECORD_INVALID, probe, summary, cause, publish(sight, &first.name, probe, text)));
        return findings;
    }
    for wrong in wrong_names(sight) {
        let Known::Seen(probe, seen) = sight.records(&wrong, RecordKind::Txt) else { continue };
        let Some(text) = seen.texts().find(|text| matches!(DmarcText::parse(text), DmarcText::Record(_))) else {
            continue;
        };
        let summary = format!("the DMARC record of {} is at the wrong name {wrong}", first.name);
        let fix = Fix::run(
            format!(
                "DNS operator: move the record from {wrong} to _dmarc.{}. If the DNS provider's form appends the domain, enter only _dmarc as the name",
                first.name
            ),
            format!("{}. TXT {}", sight.owner_below(&first.name, "_dmarc"), probe.quote(in_strings(&corrected(text)))),
        );
        let cause = format!("Receivers look only at _dmarc.{}.", first.name);
        let lookup = first.name.below("_dmarc").ok().map(|name| (name, RecordKind::Txt));
        findings.push(sight.tried(about(&rules::WRONG_NAME, probe, summary, &cause, fix), lookup));
        break;
    }
    findings
}

/// Several records at the domain, or at the organizational domain if the domain has none.
fn several(sight: Sight<'_>, state: &DmarcState) -> Option<Finding> {
    let first = state.steps.first()?;
    let above = state.steps.iter().find(|step| step.name == state.organization_by_list);
    let step = match (&first.found, above) {
        (WalkFound::Several, _) => first,
        (WalkFound::Nothing, Some(step)) if step.found == WalkFound::Several => step,
        _ => return None,
    };
    let name = &step.name;
    let Known::Seen(probe, seen) = sight.records(&name.below("_dmarc").ok()?, RecordKind::Txt) else { return None };
    let texts: Vec<&str> = seen.texts().filter(|text| matches!(DmarcText::parse(text), DmarcText::Record(_))).collect();
    let summary = format!("_dmarc.{name} has {} DMARC records", texts.len());
    let cause = "According to RFC 9989, receivers ignore all of them and use the record of a parent domain, if there is one. Receivers that follow RFC 7489 (historic) do not apply DMARC.";
    let fix = Fix::text(format!("DNS operator: delete all DMARC records at _dmarc.{name} except one"));
    let mut finding = about(&rules::TWO_RECORDS, probe, summary, cause, fix);
    finding.consequences.extend(texts.iter().take(3).map(|text| format!("One of the records: {}", probe.quote(*text))));
    Some(finding)
}

/// TXT records that have no effect because there is a DMARC record: those at the domain itself, and those at the name
/// of the DMARC record.
pub(super) fn copies(sight: Sight<'_>, at: &DnsName, probe: &Probe) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_record = |text: &&str| matches!(DmarcText::parse(text), DmarcText::Record(_));
    if let Known::Seen(apex, seen) = sight.records(at, RecordKind::Txt)
        && seen.texts().any(|text| is_record(&text))
    {
        let summary = format!("a copy of the DMARC record is at {at} itself, where it has no effect");
        let fix =
            Fix::text(format!("DNS operator: delete the copy at {at}; receivers use only the record at _dmarc.{at}"));
        let mut finding =
            about(&rules::WRONG_NAME, apex, summary, "Receivers look only at _dmarc. The copy is harmless.", fix);
        finding.severity = Severity::Notice;
        findings.push(finding);
    }
    let Some(seen) = at.below("_dmarc").ok().and_then(|name| sight.records(&name, RecordKind::Txt).answer()) else {
        return findings;
    };
    let others: Vec<&str> = seen.texts().filter(|text| !is_record(text)).collect();
    if let Some(text) = others.first() {
        let is_part = others.iter().any(|text| matches!(DmarcText::parse(text), DmarcText::NearMiss(_)));
        let summary = format!("_dmarc.{at} has another TXT record, which receivers discard: {}", probe.quote(*text));
        let (advice, cause) = if is_part {
            (
                "move the tags of this TXT record into the DMARC record, and delete the TXT record",
                "This TXT record contains DMARC tags, but is not a DMARC record, so the tags do not apply.",
            )
        } else {
            (
                "delete this TXT record if it is not needed",
                "This TXT record does not begin with v=DMARC1, so it does not affect the DMARC record.",
            )
        };
        let mut finding =
            about(&rules::OTHER_TEXT, probe, summary, cause, Fix::text(format!("DNS operator: {advice}")));
        if is_part {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
    findings
}

/// The mistakes in a record.
pub(super) fn of_record(
    sight: Sight<'_>,
    at: &DnsName,
    probe: &Probe,
    text: &str,
    record: &DmarcRecord,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let is_ignored = record.policy_for_domain().is_none();
    for fault in &record.faults {
        let rule = if fault.is_about_reports() { &rules::REPORT_ADDRESS } else { &rules::RECORD_INVALID };
        let of = format!("the DMARC record of {at}");
        let (summary, cause, severity) = match fault {
            DmarcFault::PolicyMissing => (
                format!("{of} has no p tag"),
                "According to RFC 9989, a record without p has the policy none. Receivers that follow RFC 7489 (historic) ignore such a record, unless it has a valid rua.",
                Severity::Warning,
            ),
            DmarcFault::PolicyInvalid { tag, value } if is_ignored => (
                format!("{of} has an invalid policy, and receivers ignore it: {tag}={}", probe.quote(value.as_str())),
                "The valid values are none, quarantine and reject. Receivers ignore a record that has another value and no valid rua.",
                Severity::Error,
            ),
            DmarcFault::PolicyInvalid { tag, value } => (
                format!("{of} has an invalid policy, which counts as none: {tag}={}", probe.quote(value.as_str())),
                "The valid values are none, quarantine and reject. A record with another value counts as p=none if it has a valid rua.",
                Severity::Error,
            ),
            DmarcFault::PolicyNotSecond => (
                format!("{of} has tags between v and p"),
                "RFC 9989 allows any order after v. Receivers that follow RFC 7489 (historic) may ignore the record, because RFC 7489 requires p to be the second tag.",
                Severity::Notice,
            ),
            DmarcFault::Doubled(tag) => (
                format!("{of} contains a tag twice: {}", probe.quote(tag.as_str())),
                "A tag that occurs twice makes the list of tags invalid (RFC 6376 section 3.2). Some receivers ignore the record; others use one of the values.",
                Severity::Error,
            ),
            DmarcFault::UpperCase(tag) => (
                format!("{of} has a tag name in upper case: {}", probe.quote(tag.as_str())),
                "The grammar of DMARC allows this, but the DKIM rules for tag lists, which also apply, make tag names case-sensitive (RFC 6376 section 3.2). Some receivers ignore the tag or the entire record.",
                Severity::Warning,
            ),
            DmarcFault::NotATag(part) => (
                format!("{of} has a part that is not a tag: {}", probe.quote(part.as_str())),
                "Every part between semicolons must have the form name=value. Some receivers ignore the part; others ignore the entire record.",
                Severity::Warning,
            ),
            DmarcFault::ValueInvalid { tag, value } => (
                format!("{of} has an invalid value: {tag}={}", probe.quote(value.as_str())),
                "Receivers use the default value of the tag instead.",
                Severity::Warning,
            ),
            DmarcFault::NoMailto(address) => (
                format!("{of} has a report address without mailto: {}", probe.quote(address.as_str())),
                "Report addresses are URIs and begin with mailto:. Receivers ignore this address, so they send no reports to it.",
                Severity::Warning,
            ),
            DmarcFault::AddressInvalid(address) => (
                format!("{of} has an invalid report address: {}", probe.quote(address.as_str())),
                "Receivers send reports only to URIs of the form mailto:<address>. They ignore this address.",
                Severity::Warning,
            ),
            DmarcFault::Separator(address) => (
                format!("{of} has report addresses without a comma between them: {}", probe.quote(address.as_str())),
                "Report addresses are separated by commas. Receivers ignore the text after any other separator.",
                Severity::Warning,
            ),
        };
        let mut finding = about(rule, probe, summary, cause, publish(sight, at, probe, text));
        finding.severity = severity;
        findings.push(finding);
    }
    findings
}
