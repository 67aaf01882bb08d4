//! The TLSA records of an MX host: the names that are looked up, and what the responses mean for senders that use DANE.
//!
//! 1. Senders look up the IP addresses first. If the addresses are not signed, senders do not look up TLSA records,
//!    because name servers of unsigned zones often cannot answer such queries (RFC 7672 §2.2.2). smtpcheck then looks
//!    up the TLSA records only to report that they have no effect.
//! 2. If the host is an alias and every CNAME record is signed, senders look for the records at the final name first,
//!    then at the name in the MX record. If only the first CNAME record is signed, they look only at the name in the MX
//!    record. If the first CNAME record is in an unsigned zone, they do not use DANE, even if its target is signed. A CNAME
//!    record without a signature in a signed zone is bogus, not insecure, even if its target is in an unsigned zone.
//! 3. A failed or bogus lookup makes the host unusable. Senders try the next name only if the records are absent or not
//!    signed (RFC 7672 §2.2.2).
//!
//! A fault of this machine's resolver is not a fault of the domain. If the resolver does not answer the lookup of TLSA
//! records, or its response is bogus, smtpcheck looks them up at the authoritative servers. The lookup counts as failed
//! only if these servers do not answer either, or their signatures are not valid.

use crate::check::domain::direct;
use crate::check::domain::purpose;
use crate::check::domain::sight::{Known, Sight, is_bogus, is_valid_answer, lacks_proof, may_be_of_resolver, records};
use crate::evidence::{DnsCode, DnsFaultKind, DnssecState, Fault, Probe, RecordsSeen};
use crate::policy::tlsa::TlsaRecord;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// The TLSA records of a host.
#[derive(Clone, Debug)]
pub(super) enum TlsaLookup<'s> {
    /// The lookups have not ended yet.
    Open,
    /// The result cannot be determined from this machine, or the host has no IP address.
    Unknown,
    /// The address records are not signed.
    Insecure,
    /// The MX records are bogus, or the address records are bogus or cannot be looked up. Senders that validate DNSSEC
    /// do not find the host.
    Unresolvable,
    /// There are no TLSA records.
    Absent,
    /// There are TLSA records, but they are not signed.
    Unsigned { base: DnsName, probe: &'s Probe },
    /// The lookup failed, or its result is bogus.
    Failed { base: DnsName, probe: &'s Probe },
    /// There are signed TLSA records.
    Present { base: DnsName, probe: &'s Probe, records: Vec<TlsaRecord>, ttl: TlsaTtl },
}

/// The signed TLSA records of a host.
#[derive(Clone, Copy)]
pub(super) struct PublishedTlsa<'h> {
    /// The name below which they are.
    pub(super) base: &'h DnsName,
    pub(super) probe: &'h Probe,
    pub(super) records: &'h [TlsaRecord],
    pub(super) ttl: TlsaTtl,
}

impl TlsaLookup<'_> {
    /// The signed records, if there are any.
    pub(super) fn published(&self) -> Option<PublishedTlsa<'_>> {
        match self {
            TlsaLookup::Present { base, probe, records, ttl } => {
                Some(PublishedTlsa { base, probe, records, ttl: *ttl })
            }
            TlsaLookup::Open
            | TlsaLookup::Unknown
            | TlsaLookup::Insecure
            | TlsaLookup::Unresolvable
            | TlsaLookup::Absent
            | TlsaLookup::Unsigned { .. }
            | TlsaLookup::Failed { .. } => None,
        }
    }
}

/// How long resolvers keep the TLSA records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsaTtl {
    /// The TTL in the zone.
    Original(u32),
    /// The time for which the resolver still keeps the records. The TTL in the zone is the same or longer.
    Remaining(u32),
}

impl TlsaTtl {
    /// The TTL in the zone is in the signatures, and in responses of authoritative servers.
    fn of(seen: &RecordsSeen) -> TlsaTtl {
        let shown = seen.records.iter().map(|record| record.ttl).max().unwrap_or(0);
        match &seen.signatures {
            Some(signatures) => TlsaTtl::Original(signatures.original_ttl),
            None if seen.authoritative => TlsaTtl::Original(shown),
            None => TlsaTtl::Remaining(shown),
        }
    }
}

/// The names at which TLSA records are looked up, or the reason why they are not looked up.
enum Bases<'s> {
    Names(Vec<DnsName>),
    Nowhere(TlsaLookup<'s>),
}

/// The names at which the zone that contains a name may begin.
pub(super) fn zones_above(name: &DnsName) -> impl Iterator<Item = DnsName> {
    std::iter::successors(Some(name.clone()), DnsName::parent).take_while(|zone| !zone.is_root()).take(MAX_ZONES)
}

/// The maximum number of these names that are looked up.
const MAX_ZONES: usize = 4;

/// The lookups for a host that are useful at this point.
pub(super) fn questions(sight: Sight<'_>, host: &DnsName) -> Vec<Question> {
    let mut questions = vec![records(host, RecordKind::A), records(host, RecordKind::Aaaa)];
    let names = match bases(sight, host) {
        // Both names are looked up at the same time. The second name counts only if the first has no records.
        Bases::Names(bases) => bases,
        // Senders do not look up these records. A finding tells the operator that the records have no effect.
        Bases::Nowhere(TlsaLookup::Insecure) => vec![host.clone()],
        Bases::Nowhere(_) => Vec::new(),
    };
    for base in &names {
        let Some(owner) = owner(sight, base) else { continue };
        questions.push(records(&owner, RecordKind::Tlsa));
        let known = sight.at_resolver(&owner, RecordKind::Tlsa);
        if is_asked_at_servers(known) {
            questions.extend(direct::questions(sight, &owner, RecordKind::Tlsa));
        }
        // Shows why records with signatures are not validated.
        if known.answer().is_some_and(|seen| seen.signatures.is_some() && seen.dnssec == DnssecState::Insecure) {
            questions.extend(zones_above(base).map(|zone| records(&zone, RecordKind::Nsec3Param)));
        }
        // Some resolvers look up each label separately (QNAME minimisation), so this name must exist, too.
        if known.answer().is_some_and(|seen| !seen.records.is_empty())
            && let Some(above) = owner.parent()
        {
            questions.push(records(&above, RecordKind::Tlsa));
        }
    }
    questions
}

/// The lookup in which a name server responds that the name above TLSA records (`_tcp`) does not exist, although there
/// are names below `_tcp` (RFC 8020).
pub(super) fn denied_above<'s>(sight: Sight<'s>, base: &DnsName) -> Option<&'s Probe> {
    let owner = owner(sight, base)?;
    sight
        .records(&owner, RecordKind::Tlsa)
        .answer()
        .filter(|seen| !seen.records.is_empty() && seen.aliases.is_empty())?;
    match sight.records(&owner.parent()?, RecordKind::Tlsa) {
        Known::Seen(probe, seen) if seen.code == DnsCode::NxDomain => Some(probe),
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

/// What the authoritative servers have, if the resolver did not answer the lookup of TLSA records.
enum AtServers<'s> {
    /// The lookups have not ended yet.
    Open,
    /// These servers answered.
    Answered(Vec<(&'s Probe, &'s RecordsSeen)>),
    /// No server answered.
    Nothing,
}

/// Whether the authoritative servers are queried, because the resolver did not answer, its response is bogus, or it omitted
/// the proof that there are no records.
fn is_asked_at_servers(known: Known<'_, RecordsSeen>) -> bool {
    may_be_of_resolver(known) || known.answer().is_some_and(|seen| is_bogus(seen) || lacks_proof(seen))
}

/// Whether the answers of the servers show that the fault is in the resolver. A bogus response may have come from the
/// servers, so they must send records with valid signatures. A proof of absence by a server is not sufficient, because
/// only the signature of its SOA record is verified.
fn counts_against(known: Known<'_, RecordsSeen>, answers: &[(&Probe, &RecordsSeen)]) -> bool {
    !known.answer().is_some_and(is_bogus) || answers.iter().all(|(_, seen)| is_valid_answer(seen))
}

fn at_servers<'s>(sight: Sight<'s>, owner: &DnsName) -> AtServers<'s> {
    let Some(replies) = direct::replies(sight, owner, RecordKind::Tlsa) else { return AtServers::Open };
    if replies.iter().any(|reply| matches!(reply, Known::Waiting)) {
        return AtServers::Open;
    }
    // Senders may query a server that failed, so every server must answer.
    let answers: Option<Vec<_>> = replies
        .into_iter()
        .map(|reply| match reply {
            // An alias that leads out of the zone is no answer.
            Known::Seen(_, seen) if seen.records.is_empty() && !seen.aliases.is_empty() => None,
            Known::Seen(probe, seen) if seen.authoritative && seen.is_answer() => Some((probe, seen)),
            Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
        })
        .collect();
    answers.filter(|answers| !answers.is_empty()).map_or(AtServers::Nothing, AtServers::Answered)
}

/// The base name, the failed lookup at the resolver, and the answers of the authoritative servers, if the fault is in
/// the resolver.
pub(super) fn fault_of_resolver<'s>(sight: Sight<'s>, host: &DnsName) -> Option<(DnsName, &'s Probe, Vec<&'s Probe>)> {
    let Bases::Names(bases) = bases(sight, host) else { return None };
    bases.into_iter().find_map(|base| {
        let owner = owner(sight, &base)?;
        let known = sight.at_resolver(&owner, RecordKind::Tlsa);
        let probe = known.probe().filter(|_| is_asked_at_servers(known))?;
        match at_servers(sight, &owner) {
            AtServers::Answered(answers) if counts_against(known, &answers) => {
                Some((base, probe, answers.into_iter().map(|(probe, _)| probe).collect()))
            }
            AtServers::Open | AtServers::Answered(_) | AtServers::Nothing => None,
        }
    })
}

/// The lookup that found TLSA records of a host whose IP addresses are not signed. If this lookup fails, there is no
/// fault to report.
pub(super) fn unsigned_records<'s>(sight: Sight<'s>, host: &DnsName) -> Option<&'s Probe> {
    match sight.records(&owner(sight, host)?, RecordKind::Tlsa) {
        Known::Seen(probe, seen) if seen.is_answer() && !seen.records.is_empty() => Some(probe),
        _ => None,
    }
}

/// The name below which a host has signed TLSA records.
pub(in crate::check::domain) fn base_with_records(sight: Sight<'_>, host: &DnsName) -> Option<DnsName> {
    tlsa_lookup(sight, host).published().map(|published| published.base.clone())
}

/// The TLSA records of a host.
pub(super) fn tlsa_lookup<'s>(sight: Sight<'s>, host: &DnsName) -> TlsaLookup<'s> {
    if sight.records(&sight.name(), RecordKind::Mx).answer().is_some_and(is_bogus) {
        return TlsaLookup::Unresolvable;
    }
    let bases = match bases(sight, host) {
        Bases::Names(bases) => bases,
        Bases::Nowhere(why) => return why,
    };
    let mut result = TlsaLookup::Absent;
    for base in bases {
        let Some(owner) = owner(sight, &base) else { continue };
        let known = sight.at_resolver(&owner, RecordKind::Tlsa);
        if is_asked_at_servers(known) {
            match at_servers(sight, &owner) {
                AtServers::Open => return TlsaLookup::Open,
                AtServers::Answered(answers) if counts_against(known, &answers) => match of_servers(&answers, base) {
                    TlsaLookup::Absent => continue,
                    decided => return decided,
                },
                AtServers::Answered(_) | AtServers::Nothing => {}
            }
        }
        match at_base(known, base) {
            TlsaLookup::Absent => {}
            unsigned @ TlsaLookup::Unsigned { .. } => result = unsigned,
            decided => return decided,
        }
    }
    result
}

/// The name that has the TLSA records (RFC 6698 §3); `None` if it would be too long.
pub(in crate::check::domain) fn owner(sight: Sight<'_>, base: &DnsName) -> Option<DnsName> {
    base.below(&format!("_{}._tcp", service_port(sight))).ok()
}

/// The names at which senders look for the TLSA records of a host, and the name at which a finding expects them if the
/// addresses of the host are not signed.
pub(in crate::check::domain) fn owners(sight: Sight<'_>, host: &DnsName) -> Vec<DnsName> {
    let names = match bases(sight, host) {
        Bases::Names(names) => names,
        Bases::Nowhere(TlsaLookup::Insecure) => vec![host.clone()],
        Bases::Nowhere(_) => Vec::new(),
    };
    names.iter().filter_map(|base| owner(sight, base)).collect()
}

/// The port in the names of the TLSA records. The records of port 25 apply to mail from other servers (RFC 7672).
/// Submission ports have records of their own (RFC 7671 §7). Any other port is used in a test setup instead of port 25.
pub(super) fn service_port(sight: Sight<'_>) -> u16 {
    if purpose::is_submission(sight) { sight.plan.target.port } else { 25 }
}

/// The records according to authoritative servers. The signatures that these servers send determine whether the records
/// are signed, because the resolver returned none.
fn of_servers<'s>(answers: &[(&'s Probe, &'s RecordsSeen)], base: DnsName) -> TlsaLookup<'s> {
    let is_secure = answers.iter().all(|(_, seen)| seen.dnssec == DnssecState::Secure && seen.aliases.is_empty());
    let Some((probe, seen)) = answers.first().filter(|_| is_secure) else { return TlsaLookup::Unknown };
    if seen.is_void() {
        return TlsaLookup::Absent;
    }
    let records = seen.records.iter().filter_map(|record| TlsaRecord::read(&record.data)).collect();
    TlsaLookup::Present { base, probe, records, ttl: TlsaTtl::of(seen) }
}

fn at_base(known: Known<'_, RecordsSeen>, base: DnsName) -> TlsaLookup<'_> {
    let (probe, seen) = match known {
        Known::Unasked | Known::Waiting => return TlsaLookup::Open,
        Known::Skipped => return TlsaLookup::Unknown,
        Known::Failed(probe, Fault::Dns { kind, .. }) => {
            return match kind {
                DnsFaultKind::NoResolver
                | DnsFaultKind::Unreachable
                | DnsFaultKind::SizeLimit
                | DnsFaultKind::AliasLimit => TlsaLookup::Unknown,
                DnsFaultKind::Timeout
                | DnsFaultKind::TcpFailed
                | DnsFaultKind::Malformed
                | DnsFaultKind::AliasLoop
                | DnsFaultKind::ErrorCode => TlsaLookup::Failed { base, probe },
            };
        }
        Known::Failed(..) => return TlsaLookup::Unknown,
        Known::Seen(probe, seen) => (probe, seen),
    };
    if !seen.is_answer() {
        return TlsaLookup::Failed { base, probe };
    }
    match &seen.dnssec {
        DnssecState::Bogus { .. } => TlsaLookup::Failed { base, probe },
        DnssecState::Indeterminate { .. } => TlsaLookup::Unknown,
        DnssecState::Secure | DnssecState::Insecure if seen.is_void() => TlsaLookup::Absent,
        DnssecState::Insecure => TlsaLookup::Unsigned { base, probe },
        DnssecState::Secure => {
            let records = seen.records.iter().filter_map(|record| TlsaRecord::read(&record.data)).collect();
            TlsaLookup::Present { base, probe, records, ttl: TlsaTtl::of(seen) }
        }
    }
}

/// How the TLSA record lookup failed.
pub(super) fn failure_words(sight: Sight<'_>, base: &DnsName) -> String {
    let Some(owner) = owner(sight, base) else { return "the name is too long".to_owned() };
    match sight.at_resolver(&owner, RecordKind::Tlsa) {
        Known::Seen(_, seen) => match (&seen.code, &seen.dnssec) {
            (_, DnssecState::Bogus { .. }) => "the DNSSEC signatures are not valid (bogus)".to_owned(),
            _ if lacks_proof(seen) => "the proof that there are none is missing".to_owned(),
            (DnsCode::ServFail, _) => "SERVFAIL".to_owned(),
            (DnsCode::Refused, _) => "REFUSED".to_owned(),
            (DnsCode::NotImplemented, _) => "NOTIMP".to_owned(),
            (DnsCode::FormErr, _) => "FORMERR".to_owned(),
            (DnsCode::Other(code), _) => format!("response code {code}"),
            (DnsCode::NoError | DnsCode::NxDomain, _) => "the response is not usable".to_owned(),
        },
        Known::Failed(probe, Fault::Dns { detail, .. }) => probe.quote(detail.as_str()).to_string(),
        _ => "no usable response".to_owned(),
    }
}

fn bases<'s>(sight: Sight<'s>, host: &DnsName) -> Bases<'s> {
    let mut failed = false;
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        let seen = match sight.records(host, kind) {
            Known::Unasked | Known::Waiting => return Bases::Nowhere(TlsaLookup::Open),
            // A lookup that failed on this machine reveals nothing about the host.
            Known::Failed(..) | Known::Skipped => continue,
            Known::Seen(_, seen) => seen,
        };
        if !seen.is_answer() || is_bogus(seen) {
            failed = true;
            continue;
        }
        if seen.records.is_empty() {
            continue;
        }
        // The address comes from a name server without valid signatures. If its signatures are valid, the resolver's response
        // is false, whatever its state.
        let is_replaced = seen.dnssec != DnssecState::Secure && sight.uses_servers(host, kind);
        let is_insecure = || {
            let known = sight.at_resolver(host, kind).answer();
            known.is_some_and(|known| known.dnssec == DnssecState::Insecure) || sight.is_in_unsigned_zone(host)
        };
        let state = if is_replaced && is_insecure() { &DnssecState::Insecure } else { &seen.dnssec };
        let is_first_secure = seen.aliases.first().is_some_and(|alias| alias.dnssec == DnssecState::Secure);
        let is_chain_secure = seen.aliases.iter().all(|alias| alias.dnssec == DnssecState::Secure);
        return match state {
            DnssecState::Secure if is_chain_secure => {
                let target = seen.final_name(host).clone();
                let mut names = vec![target];
                names.extend((names.first() != Some(host)).then(|| host.clone()));
                Bases::Names(names)
            }
            DnssecState::Secure | DnssecState::Insecure if is_first_secure => Bases::Names(vec![host.clone()]),
            DnssecState::Secure | DnssecState::Insecure => Bases::Nowhere(TlsaLookup::Insecure),
            DnssecState::Bogus { .. } | DnssecState::Indeterminate { .. } => Bases::Nowhere(TlsaLookup::Unknown),
        };
    }
    Bases::Nowhere(if failed { TlsaLookup::Unresolvable } else { TlsaLookup::Unknown })
}
