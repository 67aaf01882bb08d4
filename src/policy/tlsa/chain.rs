//! Evaluates all TLSA records of a host for the certificate chain that its server sent.
//!
//! 1. Usage 3 matches only the server's own certificate. The names and dates in it are ignored (RFC 7672 §3.1.1).
//! 2. Usage 2 matches a CA certificate that the server sent. A path from the server's certificate to this CA
//!    certificate must exist, all certificates in the path must be valid now, and a name must match (RFC 7672 §3.1.2,
//!    §3.2.2).
//! 3. Of the usable records with the same usage and selector, strict senders use those with the strongest digest, and
//!    those without a digest (RFC 7671 §9). Lenient senders use all of them.
//!
//! RFC 7672 §3.1.2 requires the server to send the CA certificate. If it did not, some senders use the complete
//! certificate in a `2 0 0` record or the key in a `2 1 0` record instead (RFC 7671 §5.2.2, §5.2.3). Because others do
//! not, the best result is then [`ChainMiss::AnchorInRecord`]. Of a complete certificate, only the name is compared with
//! the issuer of the chain. With a key, the signature of the topmost certificate is verified.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{TlsaRecord, TlsaUnusable, decoded, der};
use crate::evidence::{Certificate, NameMatch, Presented};
use crate::pkix::ParsedCertificate;
use crate::pkix::signature::{SignatureAlgorithm, VerifyingKey, verify};
use crate::wire::DnsName;

/// The names and the time used to evaluate a chain.
#[derive(Clone, Debug)]
pub(crate) struct TlsaReferences {
    /// For usage 2: the certificate must contain one of these names.
    pub(crate) names: Vec<DnsName>,
    /// For usage 2: the certificates must be valid at this time.
    pub(crate) now: Timestamp,
}

/// The result for the records of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsaOutcome {
    /// The results, in the order of the records.
    pub(crate) records: Vec<TlsaVerdict>,
}

/// The result for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsaVerdict {
    pub(crate) record: TlsaRecord,
    /// Whether the record is ignored or matches, or why it does not match.
    pub(crate) result: TlsaMatch,
    /// Whether strict senders ignore the record, because another record with the same usage and selector has a stronger
    /// digest.
    pub(crate) is_superseded: bool,
}

/// Whether a record matches a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsaMatch {
    Unusable(TlsaUnusable),
    Matches,
    Misses(ChainMiss),
}

/// Why a usable record does not match a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChainMiss {
    /// Usage 3: the record does not match the server's certificate.
    OtherCertificate,
    /// Usage 2: the server did not send the CA certificate of the record.
    AnchorNotSent,
    /// Like `AnchorNotSent`, but the record contains the complete certificate, and its name is that of the issuer, or it
    /// contains the key that signed the topmost certificate.
    AnchorInRecord,
    /// Usage 2: the record is for the server's own certificate, not for a CA certificate of the chain.
    IsLeaf,
    /// Usage 2: there is no path from the server's certificate to the certificate of the record.
    NoPath,
    /// Usage 2: a certificate in the path has expired or is not valid yet.
    OutOfDate,
    /// Usage 2: the server's certificate contains none of the expected names.
    Name,
}

impl TlsaOutcome {
    /// The result for senders that follow RFC 7671 §9, such as Postfix.
    pub(crate) fn matches_strictly(&self) -> bool {
        self.records.iter().any(|one| one.result == TlsaMatch::Matches && !one.is_superseded)
    }

    /// The result for senders that accept any matching record.
    pub(crate) fn matches_leniently(&self) -> bool {
        self.records.iter().any(|one| one.result == TlsaMatch::Matches)
    }

    /// Whether senders that take a missing CA certificate or its key from a record without a digest accept the chain.
    pub(crate) fn matches_with_record(&self) -> bool {
        self.records.iter().any(|one| one.result == TlsaMatch::Misses(ChainMiss::AnchorInRecord) && !one.is_superseded)
    }

    /// Whether senders ignore all records. They then require TLS without authentication.
    pub(crate) fn is_unusable(&self) -> bool {
        self.records.iter().all(|one| matches!(one.result, TlsaMatch::Unusable(_)))
    }

    /// The reasons why usable records do not match, without duplicates.
    pub(crate) fn misses(&self) -> Vec<&ChainMiss> {
        let mut misses = Vec::new();
        for one in &self.records {
            if let TlsaMatch::Misses(miss) = &one.result
                && !misses.contains(&miss)
            {
                misses.push(miss);
            }
        }
        misses
    }

    /// The combinations of usage, selector and matching type whose usable records all fail to match. For each published
    /// combination, one record must match (RFC 7671 §8).
    pub(crate) fn stale_kinds(&self) -> BTreeSet<String> {
        let of = |is_wanted: fn(&TlsaMatch) -> bool| -> BTreeSet<String> {
            self.records.iter().filter(|one| is_wanted(&one.result)).map(|one| one.record.kind()).collect()
        };
        let matching = of(|result| *result == TlsaMatch::Matches);
        of(|result| matches!(result, TlsaMatch::Misses(_))).difference(&matching).cloned().collect()
    }
}

/// Evaluates the records of a host for its chain.
pub(crate) fn evaluate(records: &[TlsaRecord], presented: &Presented, references: &TlsaReferences) -> TlsaOutcome {
    let strength = |record: &TlsaRecord| if record.unusable().is_some() { 0 } else { record.matching };
    let records = records
        .iter()
        .map(|record| {
            let result = match (record.unusable(), record.usage) {
                (Some(why), _) => TlsaMatch::Unusable(why),
                (None, 3) => end_entity(record, presented),
                (None, _) => anchor(record, presented, references),
            };
            let same = records.iter().filter(|other| (other.usage, other.selector) == (record.usage, record.selector));
            let strongest = same.map(strength).max().unwrap_or(0);
            let is_superseded = record.matching != 0 && record.unusable().is_none() && record.matching < strongest;
            TlsaVerdict { record: record.clone(), result, is_superseded }
        })
        .collect();
    TlsaOutcome { records }
}

fn end_entity(record: &TlsaRecord, presented: &Presented) -> TlsaMatch {
    match presented.leaf() {
        Some(leaf) if record.is_of(leaf) => TlsaMatch::Matches,
        _ => TlsaMatch::Misses(ChainMiss::OtherCertificate),
    }
}

fn anchor(record: &TlsaRecord, presented: &Presented, references: &TlsaReferences) -> TlsaMatch {
    let chain = &presented.chain;
    let Some((leaf, issuers)) = chain.split_first() else { return TlsaMatch::Misses(ChainMiss::AnchorNotSent) };
    let anchors: Vec<usize> =
        issuers.iter().enumerate().filter(|(_, one)| record.is_of(one)).map(|(at, _)| at + 1).collect();
    if anchors.is_empty() {
        let miss = if record.is_of(leaf) {
            ChainMiss::IsLeaf
        } else if names_issuer(record, chain) {
            ChainMiss::AnchorInRecord
        } else if is_signed_by_record(record, chain) {
            // The requirements of usage 2 also apply to a path that ends at a key.
            let path = path_of(chain);
            if !path.iter().all(|one| one.is_in_date(references.now)) {
                ChainMiss::OutOfDate
            } else if !references.names.iter().any(|name| covers(presented, name)) {
                ChainMiss::Name
            } else {
                ChainMiss::AnchorInRecord
            }
        } else {
            ChainMiss::AnchorNotSent
        };
        return TlsaMatch::Misses(miss);
    }
    let is_current = |at: usize| chain.get(at).is_some_and(|one| one.is_in_date(references.now));
    let miss = if !leads(chain, &anchors, |_| true) {
        ChainMiss::NoPath
    } else if !leads(chain, &anchors, is_current) {
        ChainMiss::OutOfDate
    } else if !references.names.iter().any(|name| covers(presented, name)) {
        ChainMiss::Name
    } else {
        return TlsaMatch::Matches;
    };
    TlsaMatch::Misses(miss)
}

/// The positions of the certificates that the server must send because of usable records with usage 2: the CA
/// certificates that the records match, and the certificates between them and the server's certificate (RFC 7672
/// §3.1.2).
pub(crate) fn needed(records: &[TlsaRecord], presented: &Presented) -> BTreeSet<usize> {
    let chain = &presented.chain;
    let of_authorities = || records.iter().filter(|record| record.usage == 2 && record.unusable().is_none());
    let is_anchor = |one: &Certificate| of_authorities().any(|record| record.is_of(one));
    let anchors: BTreeSet<usize> =
        chain.iter().enumerate().skip(1).filter(|(_, one)| is_anchor(one)).map(|(at, _)| at).collect();
    let mut needed = anchors.clone();
    let mut visited = BTreeSet::new();
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        // Above the last CA certificate of the records, no certificate is needed.
        if anchors.is_subset(&visited) || !visited.insert(at) {
            continue;
        }
        needed.insert(at);
        open.extend(issuers_of(chain, at));
    }
    needed
}

/// Whether there is a path of accepted certificates from the server's certificate to one of the anchors.
fn leads(chain: &[Certificate], anchors: &[usize], accepts: impl Fn(usize) -> bool) -> bool {
    let mut open = vec![0];
    let mut visited = BTreeSet::new();
    while let Some(at) = open.pop() {
        if !visited.insert(at) || !accepts(at) {
            continue;
        }
        if anchors.contains(&at) {
            return true;
        }
        open.extend(issuers_of(chain, at));
    }
    false
}

/// The positions of the certificates that may have issued this one. Two certificates with the same name and key, such
/// as a root and its cross-signed form, can issue the same certificates.
fn issuers_of(chain: &[Certificate], at: usize) -> Vec<usize> {
    let issuer = chain.get(at).and_then(|one| one.issued_by).and_then(|issuer| chain.get(issuer));
    let Some(issuer) = issuer else { return Vec::new() };
    let is_twin = |one: &Certificate| one.subject == issuer.subject && one.spki_sha256 == issuer.spki_sha256;
    // A root of X.509 version 1 or 2 cannot be marked as a CA.
    let may_issue = |one: &Certificate| one.is_authority || (one.version < 3 && one.self_signed);
    (1..chain.len()).filter(|at| chain.get(*at).is_some_and(|one| is_twin(one) && may_issue(one))).collect()
}

/// Whether the certificate in a `2 0 0` record has the name that the last certificate of the path gives as its issuer.
fn names_issuer(record: &TlsaRecord, chain: &[Certificate]) -> bool {
    if (record.selector, record.matching) != (0, 0) {
        return false;
    }
    let Some(anchor) = record.data.as_deref().and_then(der::certificate_parts) else { return false };
    let mut at = 0;
    // Cross-signed certificates may form a loop, so the length of the path is limited.
    for _ in 0..chain.len() {
        let Some(one) = chain.get(at) else { return false };
        let issuer =
            decoded(one).and_then(|der| der::certificate_parts(&der).map(|parts| parts.issuer == anchor.subject));
        if issuer == Some(true) {
            return true;
        }
        let Some(next) = one.issued_by else { return false };
        at = next;
    }
    false
}

/// The certificates from the server's certificate to the topmost one.
fn path_of(chain: &[Certificate]) -> Vec<&Certificate> {
    let next = |one: &&Certificate| one.issued_by.and_then(|at| chain.get(at));
    // Cross-signed certificates may form a loop, so the length of the path is limited.
    std::iter::successors(chain.first(), next).take(chain.len()).collect()
}

/// Whether the key in a `2 1 0` record signed the topmost certificate of the path (RFC 7671 §5.2.3).
fn is_signed_by_record(record: &TlsaRecord, chain: &[Certificate]) -> bool {
    let Some(key) = record.data.as_deref().filter(|_| (record.selector, record.matching) == (1, 0)) else {
        return false;
    };
    let Some(der) = path_of(chain).last().and_then(|one| decoded(one)) else { return false };
    let Some(topmost) = ParsedCertificate::read(&der) else { return false };
    let scheme = SignatureAlgorithm::read(topmost.outer_algorithm);
    let (Ok(scheme), Ok(key)) = (scheme, VerifyingKey::read(key)) else { return false };
    verify(scheme, &key, topmost.signed, topmost.signature).is_ok()
}

/// Whether the server's certificate covers a name (RFC 7672 §3.2.3). `*` replaces one complete label. The common name
/// counts only if the certificate contains no DNS name.
fn covers(presented: &Presented, name: &DnsName) -> bool {
    let Some(leaf) = presented.leaf() else { return false };
    if matches!(&presented.name, NameMatch::Matches { expected } if is_same(expected, name)) {
        return true;
    }
    let mut dns = leaf.names.iter().filter(|one| one.parse::<std::net::IpAddr>().is_err()).peekable();
    if dns.peek().is_none() {
        return leaf.common_name.as_ref().is_some_and(|common| is_covered(common, name));
    }
    dns.any(|pattern| is_covered(pattern, name))
}

fn is_same(text: &str, name: &DnsName) -> bool {
    text.trim_end_matches('.').eq_ignore_ascii_case(name.as_str())
}

fn is_covered(pattern: &str, name: &DnsName) -> bool {
    match pattern.strip_prefix("*.") {
        Some(rest) => name.as_str().split_once('.').is_some_and(|(_, parent)| rest.eq_ignore_ascii_case(parent)),
        None => is_same(pattern, name),
    }
}
