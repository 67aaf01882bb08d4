//! DNSSEC: the state of the MX records and of the addresses of the hosts, and what is wrong with signatures.

use super::mx;
use super::seen::{DnssecSeen, DnssecWord};
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::{BogusReason, DnssecState, Evidence, IndeterminateReason, RecordsSeen};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

pub(super) static CHECK: Check = Check { subject: "domain-dnssec", ask: asks_nothing, judge, rules: &[] };

/// The DNSSEC state of the MX records of the domain.
pub(super) fn seen(sight: Sight<'_>) -> DnssecSeen {
    combined(sight.records(&sight.name(), RecordKind::Mx).seen())
}

/// The DNSSEC state of the addresses of a host.
pub(super) fn of_addresses(sight: Sight<'_>, host: &DnsName) -> DnssecSeen {
    combined(mx::KINDS.into_iter().filter_map(|kind| sight.records(host, kind).seen()))
}

/// The worst state of several responses and of the aliases that they followed.
fn combined<'s>(responses: impl IntoIterator<Item = &'s RecordsSeen>) -> DnssecSeen {
    let states =
        responses.into_iter().flat_map(|seen| seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]));
    match states.max_by_key(|state| rank(state)) {
        Some(state) => DnssecSeen { state: Some(word(state)), reason: reason(state) },
        None => DnssecSeen { state: None, reason: None },
    }
}

/// The order of states: the highest decides for a set of responses.
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

/// The reason of a state, in a few words.
fn reason(state: &DnssecState) -> Option<String> {
    Some(match state {
        DnssecState::Secure | DnssecState::Insecure => return None,
        DnssecState::Bogus { why, zone } => {
            let at = zone.as_ref().map(|zone| format!(" (zone {zone})")).unwrap_or_default();
            format!("{}{at}", bogus_words(why))
        }
        DnssecState::Indeterminate { why } => match why {
            IndeterminateReason::SignaturesStripped => "the resolver removes signatures".to_owned(),
            IndeterminateReason::LookupFailed => "a key or DS record could not be looked up".to_owned(),
            IndeterminateReason::NotValidated => "not validated".to_owned(),
        },
    })
}

fn bogus_words(why: &BogusReason) -> String {
    match why {
        BogusReason::Expired { at } => format!("the signature expired on {}", date(*at)),
        BogusReason::NotYetValid { at } => format!("the signature is not valid before {}", date(*at)),
        BogusReason::NoSignature => "the records have no signature".to_owned(),
        BogusReason::NoKey { tag } => format!("the zone has no key {tag}"),
        BogusReason::DsMismatch => "no DS record matches a key of the zone".to_owned(),
        BogusReason::WrongSignature => "the signature does not match the records".to_owned(),
        BogusReason::DenialUnproven => "no valid proof that the records do not exist".to_owned(),
        BogusReason::Other => "the validation failed".to_owned(),
    }
}

/// A time of a signature as a date and time in UTC.
fn date(seconds: u32) -> String {
    jiff::Timestamp::from_second(i64::from(seconds)).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
