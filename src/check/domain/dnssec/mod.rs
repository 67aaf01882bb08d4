//! DNSSEC: the state of the MX records and of the hosts' addresses, and signature faults.
//!
//! Modules: [`responses`] (the responses that are judged), [`judge`] (the findings), [`ends`] (the finding about signatures
//! that end soon), [`untested`] (the finding that the state could not be determined), [`rules`], [`words`] (reasons in words).

mod ends;
mod judge;
mod responses;
mod rules;
mod untested;
mod words;

use super::seen::{DnssecSeen, DnssecWord, NotTested};
use super::sight::{Sight, records};
use super::{mx, zone};
use crate::check::finding::Check;
use crate::evidence::{DnssecState, Evidence, IndeterminateReason, RecordsSeen};
use crate::plan::Plan;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};
pub(super) use judge::{reason_of, reports_zone_of, rule_of};
pub(super) use words::bogus_words;

pub(super) static CHECK: Check = Check { subject: "domain-dnssec", ask, judge: judge::judge, rules: rules::RULES };

/// Looks up the keys of the zone. Only findings need the keys, so no other lookup waits for them.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions = zone::questions(sight);
    if let Some(apex) = zone::apex(sight) {
        questions.extend([RecordKind::Dnskey, RecordKind::Ds].map(|kind| records(&apex, kind)));
        let is_signed = sight.records(&apex, RecordKind::Dnskey).answer().is_some_and(|seen| !seen.records.is_empty());
        if is_signed {
            questions.push(records(&apex, RecordKind::Nsec3Param));
        }
    }
    questions
}

/// The DNSSEC state of the MX records of the domain.
pub(super) fn summary(sight: Sight<'_>) -> DnssecSeen {
    combined(sight.at_resolver(&sight.name(), RecordKind::Mx).answer())
}

/// The DNSSEC state of the addresses of a host.
pub(super) fn of_addresses(sight: Sight<'_>, host: &DnsName) -> DnssecSeen {
    combined(mx::KINDS.into_iter().filter_map(|kind| sight.at_resolver(host, kind).answer()))
}

/// The worst state of several responses and of the aliases that lead to them.
fn combined<'s>(responses: impl IntoIterator<Item = &'s RecordsSeen>) -> DnssecSeen {
    let states =
        responses.into_iter().flat_map(|seen| seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]));
    match states.max_by_key(|state| rank(state)) {
        Some(state) => DnssecSeen { state: Some(word(state)), reason: reason(state) },
        None => DnssecSeen { state: None, reason: None },
    }
}

/// Lists DNSSEC and DANE as not tested if the resolver removes signatures or a key could not be looked up.
pub(super) fn not_tested(sight: Sight<'_>) -> Option<NotTested> {
    let seen = sight.at_resolver(&sight.name(), RecordKind::Mx).answer()?;
    let DnssecState::Indeterminate { why } = &seen.dnssec else { return None };
    let why = match (why, &sight.domain.trust_anchor) {
        (IndeterminateReason::NotValidated, None) => return None,
        (IndeterminateReason::NotValidated, Some(_)) => {
            "the trust anchor in the file (--trust-anchor) is for another zone".to_owned()
        }
        _ => reason(&seen.dnssec).unwrap_or_default(),
    };
    Some(NotTested { what: "DNSSEC and DANE".to_owned(), why })
}

/// The rank of a state: for a set of responses, the state with the highest rank counts.
fn rank(state: &DnssecState) -> u8 {
    match state {
        DnssecState::Secure => 0,
        DnssecState::Insecure => 1,
        DnssecState::Indeterminate { .. } => 2,
        DnssecState::Bogus { .. } => 3,
    }
}

fn word(state: &DnssecState) -> DnssecWord {
    match state {
        DnssecState::Secure => DnssecWord::Secure,
        DnssecState::Insecure => DnssecWord::Insecure,
        DnssecState::Bogus { .. } => DnssecWord::Bogus,
        DnssecState::Indeterminate { .. } => DnssecWord::Indeterminate,
    }
}

/// The reason for a state, as a short phrase.
fn reason(state: &DnssecState) -> Option<String> {
    Some(match state {
        DnssecState::Secure | DnssecState::Insecure => return None,
        DnssecState::Bogus { why, zone } => {
            let at = zone.as_ref().map(|zone| format!(" (zone {zone})")).unwrap_or_default();
            format!("{}{at}", bogus_words(why))
        }
        DnssecState::Indeterminate { why } => match why {
            IndeterminateReason::SignaturesStripped => "the resolver removes signatures".to_owned(),
            IndeterminateReason::ProofMissing => "the resolver omits proofs that records do not exist".to_owned(),
            IndeterminateReason::LookupFailed => "a key or DS record could not be looked up".to_owned(),
            IndeterminateReason::AnchorMismatch => "the trust anchor does not match the root zone".to_owned(),
            IndeterminateReason::UnsupportedAlgorithm => "smtpcheck cannot verify Ed448 signatures".to_owned(),
            IndeterminateReason::NotValidated => "not validated".to_owned(),
        },
    })
}

#[cfg(test)]
mod tests;
