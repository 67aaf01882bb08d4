//! What the findings about the certificate of an MX host mean for the senders of mail to this domain.
//!
//! On port 25, senders without a policy do not verify certificates. A sender that uses DANE verifies only what the TLSA
//! records require: with usage 3, it does not verify the issuer, the names or the dates of the certificate (RFC 7672
//! §3.1.1). If no TLSA record matches, [`super::super::dane`] reports this. So, if a record authenticates the server, a
//! fault of the certificate matters only for senders that use MTA-STS, and for those that are configured to verify
//! certificates. Without an MTA-STS policy, such a finding is only a notice.

use super::super::dane::{self, ChainUse};
use super::super::sight::Sight;
use super::super::sts;
use super::super::tls::StarttlsResult;
use crate::check::certificate;
use crate::check::finding::{Finding, Severity};
use crate::evidence::{Presented, Session};
use crate::lexicon::{Confidence, Fix};
use crate::wire::DnsName;

/// Rules about faults that also matter for senders that use DANE with usage 3, because they concern the key.
const OF_KEY: &[&str] = &["certificate-key-weak", "certificate-signature-invalid"];

/// Rules about future events that end a match with usage 2, because usage 2 requires valid dates.
const OF_DATES: &[&str] = &["certificate-expires-soon"];

/// Rules about properties that senders do not verify.
const OF_CHAIN: &[&str] = &["certificate-chain-unnecessary", "certificate-lifetime-long"];

/// The finding about the certificate of a host, adapted to the TLSA records of the host and the MTA-STS policy of the
/// domain; `None` if nothing remains of it.
pub(super) fn adapted(sight: Sight<'_>, host: &DnsName, session: Session<'_>, mut finding: Finding) -> Option<Finding> {
    let Some((_, handshake)) = session.handshake() else { return Some(finding) };
    let presented = &handshake.presented;
    let of_dane = dane::chain_use(sight, host, presented);
    let rule = finding.rule.as_ref();
    if rule == "certificate-chain-unnecessary" {
        return without_needed(sight, &of_dane, presented, finding);
    }
    if OF_CHAIN.contains(&rule) {
        return Some(finding);
    }
    finding.consequences.retain(|text| text != certificate::BETWEEN_SERVERS);
    finding.fixes.retain(|fix| fix.text != certificate::DELIVER_UNVERIFIED);
    let of_sts = Verification::by_mta_sts(sight, host, presented);
    let is_ignored = match of_dane.authenticated_by {
        Some(3) => !OF_KEY.contains(&rule),
        Some(_) => !OF_KEY.contains(&rule) && !OF_DATES.contains(&rule),
        None => false,
    };
    finding.consequences.push(meaning(&of_dane, is_ignored, of_sts));
    if is_ignored {
        // The other fixes replace the certificate. If its key changes, the TLSA record no longer matches.
        finding.fixes.push(Fix::text(
            "If you replace the certificate, keep its key, or first publish a TLSA record that matches the new certificate",
        ));
        if of_sts == Verification::Absent {
            finding.severity = Severity::Notice;
        }
    }
    Some(finding)
}

/// The finding about the certificate of a server at a bogus address. The server may not be the host's.
pub(super) fn at_bogus_address(finding: Finding) -> Finding {
    Finding {
        confidence: finding.confidence.min(Confidence::Possible),
        severity: Severity::Notice,
        failure: None,
        fixes: Vec::new(),
        otherwise: Some(
            "The DNSSEC signatures of the IP address are not valid, so this server may not be the host's.".to_owned(),
        ),
        ..finding
    }
}

/// Whether senders verify the certificate because of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verification {
    Required,
    Absent,
    Unknown,
}

impl Verification {
    fn by_mta_sts(sight: Sight<'_>, host: &DnsName, presented: &Presented) -> Verification {
        let result = sts::result(sight, host, StarttlsResult::Chain(presented));
        match (result.listed, result.result, result.delivers) {
            (Some(_), ..) => Verification::Required,
            // A sender may have stored a policy earlier.
            (None, Some(_), _) | (None, None, super::super::seen::Delivery::Unknown) => Verification::Unknown,
            (None, None, _) => Verification::Absent,
        }
    }
}

fn meaning(of_dane: &ChainUse, is_ignored: bool, of_sts: Verification) -> String {
    let mut sentences = vec!["By default, mail servers that deliver to port 25 do not verify certificates."];
    match of_dane.authenticated_by {
        Some(3) if is_ignored => sentences.push(
            "Senders that use DANE accept this certificate: a TLSA record with usage 3 matches it, so they ignore its issuer, names and dates.",
        ),
        Some(_) if is_ignored => {
            sentences.push("Senders that use DANE accept this certificate: a TLSA record with usage 2 matches its CA.");
        }
        Some(_) => sentences.push("Senders that use DANE may reject it, although a TLSA record matches."),
        None if of_dane.is_unknown => {
            sentences.push("It is not known what senders that use DANE verify, because the TLSA records are not known.");
        }
        None => {}
    }
    sentences.push(match of_sts {
        Verification::Required => "Senders that use MTA-STS verify the certificate.",
        Verification::Unknown => "Senders with an MTA-STS policy for the domain verify the certificate.",
        Verification::Absent => "",
    });
    sentences.push("Senders that are configured to verify the certificates of this domain may reject it.");
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// The finding about unnecessary certificates without those that TLSA records need.
fn without_needed(
    sight: Sight<'_>,
    of_dane: &ChainUse,
    presented: &Presented,
    mut finding: Finding,
) -> Option<Finding> {
    if of_dane.is_unknown {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some(
            "The TLSA records of the host are not known. A certificate that a TLSA record with usage 2 matches is necessary."
                .to_owned(),
        );
        return Some(finding);
    }
    finding.summary = certificate::unnecessary(presented, sight.evidence.started_at, &of_dane.needed)?;
    if of_dane.needed.is_empty() {
        // The host has no TLSA record that matches a CA certificate of the chain.
        finding.fixes.retain(|fix| fix.text != certificate::KEEP_FOR_DANE);
    }
    Some(finding)
}
