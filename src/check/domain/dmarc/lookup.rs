//! The search for the DMARC record in the answers that are known so far. The other files in this module use it.

use super::super::sight::{Known, Sight, is_conclusive};
use crate::check::finding::{Finding, Rule};
use crate::evidence::{DnsCode, Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::policy::dmarc::search::{
    RecordSearch, WalkFound, WalkStep, organizational_domain, organizational_domain_by_list, search_by_list,
    search_by_walk, walk,
};
use crate::policy::dmarc::{DmarcRecord, DmarcText, Existence};
use crate::wire::{DnsName, RecordKind};

/// What is known about the DMARC record of the domain.
pub(super) struct DmarcState {
    pub(super) steps: Vec<WalkStep>,
    pub(super) organization: Option<DnsName>,
    pub(super) organization_by_list: DnsName,
    pub(super) by_walk: RecordSearch,
    pub(super) by_list: RecordSearch,
}

/// The search for the record in the answers that are known so far.
pub(super) fn state(sight: Sight<'_>) -> DmarcState {
    let domain = sight.name();
    let organization_by_list = organizational_domain_by_list(&domain);
    let step = |name: DnsName| WalkStep { found: found_at(sight, &name), name };
    let steps: Vec<WalkStep> = walk(&domain).into_iter().map(step).collect();
    let existence = if exists(sight) { Existence::Exists } else { Existence::Nonexistent };
    let listed =
        std::iter::once(organization_by_list.clone()).filter(|name| steps.iter().all(|step| step.name != *name));
    let with_list: Vec<WalkStep> = steps.iter().cloned().chain(listed.map(step)).collect();
    DmarcState {
        organization: organizational_domain(&steps),
        by_walk: search_by_walk(&steps, existence),
        by_list: search_by_list(&with_list, &organization_by_list),
        organization_by_list,
        steps,
    }
}

/// Whether the domain exists, according to the answers so far.
pub(super) fn exists(sight: Sight<'_>) -> bool {
    sight.records(&sight.name(), RecordKind::Mx).answer().is_none_or(|seen| seen.code != DnsCode::NxDomain)
}

pub(super) fn found_at(sight: Sight<'_>, name: &DnsName) -> WalkFound {
    let Ok(at) = name.below("_dmarc") else { return WalkFound::Nothing };
    let Some(seen) = sight.records(&at, RecordKind::Txt).answer().filter(|seen| is_conclusive(seen)) else {
        return WalkFound::Unknown;
    };
    let mut records = seen.texts().filter_map(|text| match DmarcText::parse(text) {
        DmarcText::Record(record) => Some(record),
        DmarcText::NearMiss(_) | DmarcText::Unrelated => None,
    });
    match (records.next(), records.next()) {
        (None, _) => WalkFound::Nothing,
        (Some(record), None) => WalkFound::Record(record),
        (Some(_), Some(_)) => WalkFound::Several,
    }
}

/// The record at a name: the probe, the text and the parsed record.
pub(super) fn record_at<'s>(sight: Sight<'s>, name: &DnsName) -> Option<(&'s Probe, &'s str, DmarcRecord)> {
    let at = name.below("_dmarc").ok()?;
    let Known::Seen(probe, seen) = sight.records(&at, RecordKind::Txt) else { return None };
    seen.texts().find_map(|text| match DmarcText::parse(text) {
        DmarcText::Record(record) => Some((probe, text, *record)),
        DmarcText::NearMiss(_) | DmarcText::Unrelated => None,
    })
}

/// Wrong names at which a record for this domain may have been published. Receivers do not look there.
pub(super) fn wrong_names(sight: Sight<'_>) -> Vec<DnsName> {
    let domain = sight.name();
    let doubled = domain.below(domain.as_str()).and_then(|name| name.below("_dmarc"));
    [Ok(domain.clone()), doubled, domain.below("dmarc")].into_iter().flatten().collect()
}

/// A finding with this probe, cause and fix.
pub(super) fn about(rule: &'static Rule, probe: &Probe, summary: String, cause: &str, fix: Fix) -> Finding {
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    cause.clone_into(&mut finding.cause);
    finding.fixes.push(fix);
    finding
}
