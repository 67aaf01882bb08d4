//! What senders that use DANE do with a host (RFC 7672 §2.2).

use super::lookup::{TlsaLookup, tlsa_lookup};
use crate::check::domain::purpose;
use crate::check::domain::seen::{DaneSeen, DaneState, Delivery, MxSeen, TlsaSeen};
use crate::check::domain::sight::{Known, Sight};
use crate::check::domain::tls::StarttlsResult;
use crate::evidence::{DnssecState, Presented};
use crate::policy::tlsa::{self, ChainMiss, TlsaMatch, TlsaOutcome, TlsaRecord, TlsaReferences};
use crate::wire::{DnsName, RecordKind};

/// What a sender that uses DANE does with a host where TLS starts, or fails, in this way.
pub(in crate::check::domain) fn result(sight: Sight<'_>, host: &DnsName, tls: StarttlsResult<'_>) -> DaneSeen {
    let opportunistic = tls.opportunistic();
    let without_records =
        |state: DaneState, delivers: Delivery| DaneSeen { state: Some(state), delivers, ..DaneSeen::default() };
    // RFC 7672 §2.1.1: senders that use DANE validate all responses, so they do not get bogus MX records.
    if is_mx_bogus(sight) {
        return DaneSeen {
            result: Some("dnssec-invalid".to_owned()),
            ..without_records(DaneState::Error, Delivery::NotDelivered)
        };
    }
    match tlsa_lookup(sight, host) {
        TlsaLookup::Open | TlsaLookup::Unknown => DaneSeen::default(),
        TlsaLookup::Insecure | TlsaLookup::Unsigned { .. } => without_records(DaneState::Insecure, opportunistic),
        TlsaLookup::Absent => without_records(DaneState::Absent, opportunistic),
        TlsaLookup::Unresolvable | TlsaLookup::Failed { .. } => DaneSeen {
            result: Some("dnssec-invalid".to_owned()),
            ..without_records(DaneState::Error, Delivery::NotDelivered)
        },
        TlsaLookup::Present { base, records, .. } => match tls {
            StarttlsResult::NotOffered | StarttlsResult::Fails(_) => DaneSeen {
                result: Some(match tls {
                    StarttlsResult::Fails(failure) => failure.report_word().to_owned(),
                    _ => "starttls-not-supported".to_owned(),
                }),
                records: records.iter().map(untested).collect(),
                ..without_records(DaneState::Invalid, Delivery::NotDelivered)
            },
            StarttlsResult::Chain(chain) => {
                let mut seen = of_outcome(&tlsa::evaluate(&records, chain, &references(sight, host, &base)));
                if purpose::is_submission(sight) {
                    seen.senders.clear();
                }
                seen
            }
        },
    }
}

/// What the TLSA records of a host mean for a certificate chain that its server sends.
#[derive(Clone, Debug, Default)]
pub(in crate::check::domain) struct ChainUse {
    /// The usage (2 or 3) of the record that authenticates the server. With usage 3, senders ignore the issuer, the
    /// names and the dates of the certificate (RFC 7672 §3.1.1). `None` if no record authenticates the server, or if
    /// this is not known.
    pub(in crate::check::domain) authenticated_by: Option<u8>,
    /// Whether it is not known which TLSA records the host has.
    pub(in crate::check::domain) is_unknown: bool,
    /// The positions of the certificates that the server must send because of records with usage 2.
    pub(in crate::check::domain) needed: Vec<usize>,
}

/// What the TLSA records of a host mean for this chain.
pub(in crate::check::domain) fn chain_use(sight: Sight<'_>, host: &DnsName, chain: &Presented) -> ChainUse {
    match tlsa_lookup(sight, host) {
        TlsaLookup::Insecure | TlsaLookup::Absent | TlsaLookup::Unsigned { .. } => ChainUse::default(),
        TlsaLookup::Open | TlsaLookup::Unknown | TlsaLookup::Unresolvable | TlsaLookup::Failed { .. } => {
            ChainUse { is_unknown: true, ..ChainUse::default() }
        }
        TlsaLookup::Present { base, records, .. } => {
            let outcome = tlsa::evaluate(&records, chain, &references(sight, host, &base));
            let matching = outcome.records.iter().filter(|one| one.result == TlsaMatch::Matches && !one.is_superseded);
            ChainUse {
                authenticated_by: matching.map(|one| one.record.usage).max().filter(|_| !is_mx_bogus(sight)),
                is_unknown: false,
                needed: tlsa::needed(&records, chain).into_iter().collect(),
            }
        }
    }
}

/// The worst state of all hosts; `None` while unknown.
pub(in crate::check::domain) fn worst(hosts: &[MxSeen]) -> Option<DaneState> {
    let addresses = hosts.iter().flat_map(|host| &host.addresses);
    let policies = addresses.flat_map(|one| {
        std::iter::once(&one.policies).chain(one.certificates.iter().map(|certificate| &certificate.policies))
    });
    policies.filter_map(|policies| policies.dane.state).max()
}

/// The reference names and the time used to verify usage 2. The domain is an accepted name only if its MX
/// records are signed (RFC 7672 §3.2.2).
pub(super) fn references(sight: Sight<'_>, host: &DnsName, base: &DnsName) -> TlsaReferences {
    let mut names = vec![base.clone()];
    if base != host {
        names.push(host.clone());
    }
    if is_mx_secure(sight) == Some(true) {
        names.push(sight.name());
    }
    TlsaReferences { names, now: sight.evidence.started_at }
}

/// Whether the MX records of the domain are signed; `None` while unknown.
pub(super) fn is_mx_secure(sight: Sight<'_>) -> Option<bool> {
    match sight.records(&sight.name(), RecordKind::Mx) {
        // The zone is not signed, and the records come from a name server without valid signatures. If its signatures are
        // valid, the resolver's response is false, for example an alias into an unsigned zone.
        Known::Seen(_, seen) if seen.dnssec != DnssecState::Secure && is_insecure_at_resolver(sight) => Some(false),
        Known::Seen(_, seen) if seen.is_answer() => match seen.dnssec {
            DnssecState::Secure => Some(true),
            DnssecState::Insecure => Some(false),
            DnssecState::Bogus { .. } | DnssecState::Indeterminate { .. } => None,
        },
        _ => None,
    }
}

fn is_insecure_at_resolver(sight: Sight<'_>) -> bool {
    let seen = sight.at_resolver(&sight.name(), RecordKind::Mx).answer();
    seen.is_some_and(|seen| seen.is_answer() && seen.dnssec == DnssecState::Insecure)
}

fn is_mx_bogus(sight: Sight<'_>) -> bool {
    let mx = sight.records(&sight.name(), RecordKind::Mx).answer();
    mx.is_some_and(|seen| matches!(seen.dnssec, DnssecState::Bogus { .. }))
}

/// Why a record does not match, if another record of the same kind does.
const OF_OTHER_CERTIFICATE: &str = "it may belong to the previous or the next certificate; another record matches";

/// The TLSA records of a host that match none of its certificates, although other records match them: they are for the
/// next key or certificate, or left over (RFC 7671 §8.1). The argument contains the result for each certificate.
pub(in crate::check::domain) fn unmatched_records(of_certificates: &[&DaneSeen]) -> Vec<String> {
    let records = || of_certificates.iter().flat_map(|of_certificate| &of_certificate.records);
    let is_unmatched = |record: &str| {
        let mut same = records().filter(|other| other.record == record);
        same.all(|other| other.matches == Some(false) && other.problem.as_deref() == Some(OF_OTHER_CERTIFICATE))
    };
    let mut unmatched: Vec<String> = Vec::new();
    for record in records().map(|record| &record.record).filter(|record| is_unmatched(record)) {
        if !unmatched.contains(record) {
            unmatched.push(record.clone());
        }
    }
    unmatched
}

fn of_outcome(outcome: &TlsaOutcome) -> DaneSeen {
    let (state, delivers, result) = if outcome.is_unusable() {
        (DaneState::Unusable, Delivery::Encrypted, Some("tlsa-invalid"))
    } else if outcome.matches_strictly() || outcome.matches_with_record() {
        (DaneState::Valid, Delivery::Authenticated, None)
    } else {
        (DaneState::Invalid, Delivery::NotDelivered, Some(report_word(outcome)))
    };
    let stale = outcome.stale_kinds();
    DaneSeen {
        state: Some(state),
        delivers,
        result: result.map(str::to_owned),
        senders: differing_senders(outcome),
        records: outcome
            .records
            .iter()
            .map(|one| TlsaSeen {
                record: one.record.to_string(),
                matches: match one.result {
                    TlsaMatch::Unusable(_) => None,
                    TlsaMatch::Matches => Some(true),
                    TlsaMatch::Misses(_) => Some(false),
                },
                problem: match &one.result {
                    TlsaMatch::Unusable(why) => Some(why.to_string()),
                    TlsaMatch::Matches if one.is_superseded => {
                        Some("a record with a stronger digest supersedes it".to_owned())
                    }
                    TlsaMatch::Matches => None,
                    TlsaMatch::Misses(_) if !stale.contains(&one.record.kind()) => {
                        Some(OF_OTHER_CERTIFICATE.to_owned())
                    }
                    TlsaMatch::Misses(why) => Some(miss_words(why).to_owned()),
                },
            })
            .collect(),
    }
}

/// The TLS report result type for a chain that no record matches (RFC 8460 §4.3). RFC 8460 has no type for a
/// certificate that matches no record, so reporters use `validation-failure` or `tlsa-invalid`.
pub(super) fn report_word(outcome: &TlsaOutcome) -> &'static str {
    let misses = outcome.misses();
    if misses.contains(&&ChainMiss::OutOfDate) {
        "certificate-expired"
    } else if misses.contains(&&ChainMiss::Name) {
        "certificate-host-mismatch"
    } else {
        "validation-failure"
    }
}

/// The senders with a different result, each with its result.
fn differing_senders(outcome: &TlsaOutcome) -> Vec<String> {
    let texts: &[&str] = if outcome.matches_strictly() {
        &[]
    } else if outcome.matches_leniently() {
        &["Postfix: not delivered", "mox: delivers"]
    } else if outcome.matches_with_record() {
        &["senders that use only certificates sent by the server: not delivered"]
    } else {
        &[]
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn untested(record: &TlsaRecord) -> TlsaSeen {
    TlsaSeen { record: record.to_string(), matches: None, problem: record.unusable().map(|why| why.to_string()) }
}

/// Why a record does not match, as a short phrase.
pub(super) fn miss_words(miss: &ChainMiss) -> &'static str {
    match miss {
        ChainMiss::OtherCertificate => "the server's certificate or key does not match",
        ChainMiss::AnchorNotSent => "the server did not send this CA certificate",
        ChainMiss::AnchorInRecord => {
            "the server did not send this CA certificate, but the record contains it or its key"
        }
        ChainMiss::IsLeaf => "this is the server's own certificate, but usage 2 is for CA certificates",
        ChainMiss::NoPath => "the certificates that were sent do not chain to this CA certificate",
        ChainMiss::OutOfDate => "a certificate has expired or is not valid yet",
        ChainMiss::Name => "the certificate is for a different name",
    }
}
