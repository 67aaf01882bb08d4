//! The reasons for DNSSEC states, as short phrases.

use crate::evidence::BogusReason;

/// Why records are bogus, as a short phrase.
pub(in crate::check::domain) fn bogus_words(why: &BogusReason) -> String {
    match why {
        BogusReason::Expired { at } => format!("the signature expired on {}", date(*at)),
        BogusReason::NotYetValid { at } => format!("the signature is not valid before {}", date(*at)),
        BogusReason::NoSignature => "the records have no signature".to_owned(),
        BogusReason::NoKey { tag } => format!("the zone has no key {tag}"),
        BogusReason::DsMismatch => "no DS record matches a key of the zone".to_owned(),
        BogusReason::WrongSignature => "the signature does not match the records".to_owned(),
        BogusReason::DenialUnproven => "no valid proof that the records do not exist".to_owned(),
        BogusReason::DelegationUnproven => "there is no valid proof that the zone is not signed".to_owned(),
        BogusReason::KeysMissing => "the zone has a DS record in its parent zone, but no keys".to_owned(),
        BogusReason::Other => "the validation failed".to_owned(),
    }
}

/// A time in a signature, as a UTC date and time.
pub(super) fn date(seconds: u32) -> String {
    let time = jiff::Timestamp::from_second(i64::from(seconds));
    time.map_or_else(|_| seconds.to_string(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
