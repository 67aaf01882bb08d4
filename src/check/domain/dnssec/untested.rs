//! The finding that the DNSSEC state could not be determined from this machine.
//!
//! For the MX records and the addresses of the hosts, every reason is reported. For the other records, only reasons that
//! do not end with this lookup are reported: an algorithm that smtpcheck does not support, and a resolver that omits
//! proofs.

use super::responses::JudgedResponse;
use super::rules::DNSSEC_NOT_TESTED;
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, Severity};
use crate::evidence::{DnssecState, IndeterminateReason, Phase, Probe, RecordsSeen};
use crate::lexicon::{Confidence, Fix};

/// The finding about the first response whose state is not known. `of_delivery` contains the responses on which delivery
/// depends, and `others` the other ones.
pub(super) fn finding(
    sight: Sight<'_>,
    of_delivery: &[JudgedResponse<'_>],
    others: &[JudgedResponse<'_>],
) -> Option<Finding> {
    let lasts = |why: &IndeterminateReason| {
        matches!(why, IndeterminateReason::UnsupportedAlgorithm | IndeterminateReason::ProofMissing)
    };
    let of_delivery = of_delivery.iter().filter_map(|response| Some((unknown(response.3)?, response)));
    let others = others.iter().filter_map(|response| Some((unknown(response.3)?, response)));
    let (why, response) = of_delivery.chain(others.filter(|(why, _)| lasts(why))).next()?;
    Some(of_response(sight, why, response))
}

/// Why the state of a response, or of an alias that leads to it, is not known.
fn unknown(seen: &RecordsSeen) -> Option<IndeterminateReason> {
    // A separate finding reports a response such as SERVFAIL.
    let mut states = seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]).filter(|_| seen.is_answer());
    states.find_map(|state| match state {
        DnssecState::Indeterminate { why } if *why != IndeterminateReason::NotValidated => Some(*why),
        _ => None,
    })
}

/// The resolver that answered.
fn resolver(seen: &RecordsSeen) -> String {
    seen.server.map_or_else(|| "this machine's resolver".to_owned(), |at| format!("this machine's resolver ({at})"))
}

fn of_response(sight: Sight<'_>, why: IndeterminateReason, (name, kind, probe, seen): &JudgedResponse<'_>) -> Finding {
    let probe: &Probe = probe;
    let what = format!("{kind} of {}", probe.quote(name.as_str()));
    let (summary, cause) = match why {
        IndeterminateReason::SignaturesStripped => (
            "the resolver removes DNSSEC signatures, so DNSSEC and DANE were not tested".to_owned(),
            "This machine's resolver does not return signatures, so it is not known whether the domain is signed.",
        ),
        IndeterminateReason::AnchorMismatch => (
            "smtpcheck's trust anchor matches no key of its zone (by default the root zone), so DNSSEC and DANE were not tested".to_owned(),
            "This machine's resolver may use another root zone or change responses, or the trust anchor may be out of date. This is not a fault of the domain.",
        ),
        IndeterminateReason::UnsupportedAlgorithm => (
            format!("a zone is signed only with Ed448, which smtpcheck cannot verify, so DNSSEC and DANE were not tested ({what})"),
            "Resolvers that support Ed448 (algorithm 16) validate the records of this zone. For other resolvers, the zone is unsigned.",
        ),
        IndeterminateReason::ProofMissing => (
            format!("{} omits the proof (NSEC or NSEC3 records) that records do not exist, so the DNSSEC state of some responses is not known ({what})", resolver(seen)),
            "Without this proof, it is not known whether a zone is signed. Some forwarders remove the authority section of responses, which contains the proof. This is not a fault of the domain.",
        ),
        IndeterminateReason::LookupFailed | IndeterminateReason::NotValidated => (
            "a key that DNSSEC validation needs could not be looked up, so DNSSEC was not tested".to_owned(),
            "A DNSKEY or DS record is missing because its lookup failed, so it is not known whether the records are signed correctly.",
        ),
    };
    let fix = match why {
        IndeterminateReason::AnchorMismatch => Fix::text(
            "Repeat the check with another resolver (--resolver), or with the trust anchor of its root zone (--trust-anchor)",
        ),
        IndeterminateReason::UnsupportedAlgorithm => Fix::run(
            "Validate the records with a program that supports Ed448, for example delv from BIND",
            format!("delv {} MX", sight.name()),
        ),
        IndeterminateReason::SignaturesStripped
        | IndeterminateReason::ProofMissing
        | IndeterminateReason::LookupFailed
        | IndeterminateReason::NotValidated => {
            Fix::text("Repeat the check with a resolver that supports DNSSEC (--resolver)")
        }
    };
    let is_anchor = why == IndeterminateReason::AnchorMismatch;
    Finding {
        cause: cause.to_owned(),
        fixes: vec![fix],
        severity: if is_anchor { Severity::Warning } else { Severity::Notice },
        ..Finding::new(&DNSSEC_NOT_TESTED, Phase::Dns, Confidence::Certain, summary).tried(probe.id)
    }
}
