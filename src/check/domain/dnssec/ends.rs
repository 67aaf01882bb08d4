//! Signatures that end soon, because the signer may no longer run.
//!
//! How long before their end signatures are renewed depends on the signer, so a date alone is no sign of a fault. The
//! finding is raised only if all of these conditions are true:
//!
//! 1. The signatures end within [`SOON`].
//! 2. Less than a fifth of their validity is left. Signers with the usual validity of two to four weeks renew signatures
//!    when a fifth to a half is left.
//! 3. Their validity is at least [`SHORT`]. A server that signs each response makes signatures that are valid only for a
//!    few days.

use super::rules::DNSSEC_SIGNATURE_ENDS_SOON;
use super::words::date;
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, plural};
use crate::evidence::{DnssecState, Phase, Probe, RecordsSeen, SignatureValidity};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{DnsName, RecordKind};

const DAY: i64 = 86_400;
/// The time before the end of signatures that can be a sign of a fault, in seconds.
const SOON: i64 = 3 * DAY;
/// The validity of signatures below which they are made for each response, in seconds.
const SHORT: i64 = 7 * DAY;
/// The maximum number of records that are named.
const MAX_NAMED: usize = 3;

/// Whether a signer that works would have renewed the signatures.
fn is_late(validity: SignatureValidity, now: i64) -> bool {
    let (begins, ends) = (i64::from(validity.begins), i64::from(validity.ends));
    let (total, left) = (ends - begins, ends - now);
    (0..SOON).contains(&left) && total >= SHORT && left * 5 < total
}

/// One finding for all of these responses.
pub(super) fn finding(sight: Sight<'_>, responses: &[(DnsName, RecordKind, &Probe, &RecordsSeen)]) -> Option<Finding> {
    let now = sight.evidence.started_at.as_second();
    let mut late: Vec<(SignatureValidity, &Probe, String)> = responses
        .iter()
        .filter(|(.., seen)| seen.dnssec == DnssecState::Secure)
        .filter_map(|(name, kind, probe, seen)| {
            let validity = seen.signatures.as_ref()?.validity.filter(|validity| is_late(*validity, now))?;
            Some((validity, *probe, format!("{kind} of {}", probe.quote(name.as_str()))))
        })
        .collect();
    late.sort_by_key(|(validity, ..)| validity.ends);
    let (first, ..) = late.first()?;
    let mut names: Vec<String> = late.iter().take(MAX_NAMED).map(|(.., name)| name.clone()).collect();
    if late.len() > MAX_NAMED {
        names.push(format!("and {} more", late.len() - MAX_NAMED));
    }
    let left = match (i64::from(first.ends) - now) / DAY {
        0 => "in less than a day".to_owned(),
        days => format!("in {}", plural(days, "day", "days")),
    };
    let summary = format!("DNSSEC signatures end {left}, on {} ({})", date(first.ends), names.join(", "));
    let finding = Finding::new(&DNSSEC_SIGNATURE_ENDS_SOON, Phase::Dns, Confidence::Likely, summary);
    let finding = Finding {
        cause: format!(
            "The signatures are valid from {} to {}. Less than a fifth of this time is left, and most signers renew signatures earlier, so the signer may not run. When the signatures have expired, resolvers that validate DNSSEC no longer return these records.",
            date(first.begins),
            date(first.ends)
        ),
        otherwise: Some(
            "The signer may renew signatures only shortly before they end, or the resolver may have old ones. If the date is still the same tomorrow, this is not the case."
                .to_owned(),
        ),
        fixes: vec![Fix::text(
            "DNS operator: check that the signer of the zone runs, and that all name servers load the newly signed zone",
        )],
        ..finding
    };
    Some(late.iter().fold(finding, |finding, (_, probe, _)| finding.tried(probe.id)))
}

#[cfg(test)]
mod tests {
    use super::{DAY, is_late};
    use crate::evidence::SignatureValidity;

    #[test]
    fn signatures_are_late_only_if_a_working_signer_would_have_renewed_them() {
        let now = 1_700_000_000;
        let is_late = |age: i64, left: i64| {
            let at = |seconds: i64| u32::try_from(now + seconds).expect("a time");
            is_late(SignatureValidity { begins: at(-age), ends: at(left) }, now)
        };
        assert!(is_late(28 * DAY, 2 * DAY));
        assert!(is_late(12 * DAY, DAY));
        // More than three days, or more than a fifth.
        assert!(!is_late(60 * DAY, 4 * DAY));
        assert!(!is_late(7 * DAY, 2 * DAY));
        // A server that signs each response.
        assert!(!is_late(DAY, DAY / 24));
        assert!(!is_late(30 * DAY, -1), "expired signatures have another finding");
    }
}
