//! Lookups of policy records that fail although the domain's MX records can be looked up: the name servers do not answer
//! for the name, or its CNAME records form a loop. Such a record is neither present nor missing.

use super::mx;
use super::sight::{Known, Sight};
use crate::check::finding::{Finding, Rule};
use crate::evidence::{DnsFaultKind, Fault, Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{DnsName, RecordKind};

/// Why the lookup failed.
fn failure<'s>(sight: Sight<'s>, name: &DnsName) -> Option<(&'s Probe, String)> {
    // If every lookup fails, the finding about the MX records reports it.
    sight.records(&sight.name(), RecordKind::Mx).answer().filter(|seen| seen.is_answer())?;
    match sight.records(name, RecordKind::Txt) {
        Known::Seen(probe, seen) if !seen.is_answer() => Some((probe, mx::code_words(seen.code))),
        Known::Failed(probe, fault @ Fault::Dns { kind: DnsFaultKind::AliasLoop | DnsFaultKind::AliasLimit, .. }) => {
            Some((probe, mx::fault_words(fault).to_owned()))
        }
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

/// A finding of this rule, with this effect, if the lookup of the TXT records of a name failed. `what` names the record.
pub(super) fn finding(
    sight: Sight<'_>,
    rule: &'static Rule,
    (what, name): (&str, &DnsName),
    effect: &str,
) -> Option<Finding> {
    let (probe, why) = failure(sight, name)?;
    let summary = format!("the {what} record at {name} could not be looked up: {why}");
    let finding = Finding::new(rule, Phase::Dns, Confidence::Likely, summary).tried(probe.id);
    Some(Finding {
        cause: format!("The domain's MX records can be looked up, but not this record. {effect}"),
        otherwise: Some(
            "The fault may be in this machine's resolver. If another resolver returns the record or its denial, this is the cause."
                .to_owned(),
        ),
        fixes: vec![Fix::run(
            "DNS operator: make the name servers answer queries for this name, also if it has no record. This command shows the failure",
            format!("dig @9.9.9.9 {name} TXT"),
        )],
        ..finding
    })
}
