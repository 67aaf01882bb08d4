//! Resolvers and networks that redirect names, for example a filter, a captive portal or a response policy zone: they return
//! an alias for every record type, or invented records, or deny that the name exists.
//!
//! It is a sign of this if the resolver returns an alias at the apex of a zone, or denies the apex, although the parent zone
//! delegates the name: the apex of a zone has SOA and NS records, and a name with a CNAME record has no other records (RFC
//! 1034 §3.6.2, RFC 2181 §10.1). Some zones nevertheless have such a CNAME record, so the alias counts only if no
//! authoritative server returns it.

use super::sight::{Known, Sight, has_same_records, is_secure};
use super::{parent, zone};
use crate::check::finding::Finding;
use crate::evidence::{
    Answer, DnsFaultKind, DnssecState, Fault, IndeterminateReason, Outcome, Probe, RecordData, RecordsSeen,
};
use crate::policy::dmarc::search::is_public_suffix;
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, Host, RecordKind};

/// The types of records that the domain checks look up at the apex of a zone.
const KINDS: [RecordKind; 6] =
    [RecordKind::Mx, RecordKind::Txt, RecordKind::A, RecordKind::Aaaa, RecordKind::Soa, RecordKind::Ns];

/// A name that the resolver redirects.
pub(super) struct Redirect<'s> {
    /// The lookup that shows it.
    pub(super) probe: &'s Probe,
    /// The apex of the zone.
    pub(super) apex: DnsName,
    /// The target of the alias; `None` if the aliases form a loop, or if the resolver denied the name.
    pub(super) target: Option<&'s DnsName>,
    /// Whether the resolver returned an alias.
    pub(super) is_alias: bool,
}

/// The apex of the domain's zone, if the resolver redirects it.
pub(super) fn redirect(sight: Sight<'_>) -> Option<Redirect<'_>> {
    zone::candidates(sight).into_iter().find_map(|name| {
        if has_alias_at_servers(sight, &name) {
            return None;
        }
        if let Some((probe, target)) = alias_at(sight, &name).filter(|_| is_delegated(sight, &name)) {
            return Some(Redirect { probe, apex: name, target, is_alias: true });
        }
        let denied = sight.at_resolver(&name, RecordKind::Soa).probe();
        let probe = denied.filter(|_| zone::is_contradicted(sight, &name))?;
        Some(Redirect { probe, apex: name, target: None, is_alias: false })
    })
}

/// The redirect, if the mail hosts are not known because of it: no authoritative server answered the query for MX records.
pub(super) fn of_mail_hosts(sight: Sight<'_>) -> Option<Redirect<'_>> {
    let is_answered = || has_answer_of_server(sight, &sight.name(), RecordKind::Mx);
    let is_usable = match sight.at_resolver(&sight.name(), RecordKind::Mx) {
        Known::Seen(_, seen) => is_secure(seen) || (seen.aliases.is_empty() && !seen.records.is_empty()),
        Known::Unasked | Known::Waiting | Known::Skipped => true,
        Known::Failed(..) => false,
    };
    if is_usable || is_answered() { None } else { redirect(sight) }
}

/// The first alias that the resolver returned at a name, without valid signatures, and its target.
fn alias_at<'s>(sight: Sight<'s>, name: &DnsName) -> Option<(&'s Probe, Option<&'s DnsName>)> {
    let of_cname = || match sight.at_resolver(name, RecordKind::Cname) {
        Known::Seen(probe, seen) if !is_secure(seen) => match &seen.records.first()?.data {
            RecordData::Cname { target } => Some((probe, Some(target))),
            _ => None,
        },
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    KINDS.into_iter().find_map(|kind| alias_in(sight.at_resolver(name, kind))).or_else(of_cname)
}

/// The first alias in a response, without valid signatures, and its target; no target if the aliases form a loop.
fn alias_in(known: Known<'_, RecordsSeen>) -> Option<(&Probe, Option<&DnsName>)> {
    match known {
        Known::Seen(probe, seen) => {
            let alias = seen.aliases.first().filter(|alias| alias.dnssec != DnssecState::Secure)?;
            Some((probe, Some(&alias.to)))
        }
        Known::Failed(probe, Fault::Dns { kind: DnsFaultKind::AliasLoop, .. }) => Some((probe, None)),
        Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

/// Whether the parent zone delegates a name:
///
/// 1. One of its servers returned NS records of the name.
/// 2. It has a DS record of the name, with a valid signature.
/// 3. The parent zone is a top-level domain or another public suffix. Such zones contain delegations, not aliases.
/// 4. The parent zone is signed, but the alias at the name has no signature. Without a delegation, it would be in the parent
///    zone, which would sign it.
fn is_delegated(sight: Sight<'_>, name: &DnsName) -> bool {
    let is_valid = |seen: &RecordsSeen| is_secure(seen) && seen.aliases.is_empty() && !seen.records.is_empty();
    let has = |at: &DnsName, kind: RecordKind| sight.at_resolver(at, kind).answer().is_some_and(is_valid);
    let is_unsigned = || {
        let is_unsigned = |state: &DnssecState| *state == DnssecState::Insecure || is_unproven(state);
        let mut answers = KINDS.into_iter().filter_map(|kind| sight.at_resolver(name, kind).answer());
        let cname = sight.at_resolver(name, RecordKind::Cname).answer();
        answers.any(|seen| seen.aliases.first().is_some_and(|alias| is_unsigned(&alias.dnssec)))
            || cname.is_some_and(|seen| !seen.records.is_empty() && is_unsigned(&seen.dnssec))
    };
    let is_public = || {
        let zone = parent::zone(sight, name).filter(|zone| zone.labels().count() == 1 || is_public_suffix(zone));
        zone.is_some_and(|zone| {
            sight.at_resolver(&zone, RecordKind::Soa).answer().is_some_and(|seen| !seen.records.is_empty())
        })
    };
    is_public()
        || !parent::zone_cuts(sight, name).is_empty()
        || has(name, RecordKind::Ds)
        || (is_unsigned() && parent::zone(sight, name).is_some_and(|zone| has(&zone, RecordKind::Soa)))
}

/// The queries to authoritative servers about a name.
pub(super) fn of_servers<'s>(
    sight: Sight<'s>,
    name: &DnsName,
) -> impl Iterator<Item = (&'s RecordsRequest, &'s Probe)> {
    let name = name.clone();
    sight.evidence.probes.iter().filter_map(move |probe| match &probe.question {
        Question::Records(request) if request.server.is_some() && request.name == name => Some((request, probe)),
        _ => None,
    })
}

/// Whether the proof is missing that a name is not in a signed zone.
fn is_unproven(state: &DnssecState) -> bool {
    *state == DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing }
}

/// Whether an authoritative server has an alias at a name. If the name is in a signed zone, and nothing proves that it is
/// delegated to an unsigned one, an alias without a signature shows nothing: a device on the network path may answer queries to
/// name servers, too.
fn has_alias_at_servers(sight: Sight<'_>, name: &DnsName) -> bool {
    let mut responses = KINDS.into_iter().filter_map(|kind| sight.at_resolver(name, kind).answer());
    if responses.any(|seen| seen.aliases.first().is_some_and(|alias| is_unproven(&alias.dnssec))) {
        return false;
    }
    of_servers(sight, name).any(|(_, probe)| match &probe.outcome {
        Outcome::Done { answer: Answer::Records(seen) } => {
            let is_cname = |data: &RecordData| matches!(data, RecordData::Cname { .. });
            seen.authoritative && (!seen.aliases.is_empty() || seen.records.iter().any(|record| is_cname(&record.data)))
        }
        Outcome::Failed { fault: Fault::Dns { kind: DnsFaultKind::AliasLoop | DnsFaultKind::AliasLimit, .. } } => true,
        _ => false,
    })
}

fn has_answer_of_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    of_servers(sight, name).any(|(request, probe)| {
        let seen = sight.records_of_probe(probe);
        request.kind == kind
            && seen.is_some_and(|seen| seen.authoritative && seen.is_answer() && seen.aliases.is_empty())
    })
}

/// Whether only the resolver returns an alias at a name: the authoritative servers that answered have no CNAME record.
pub(super) fn is_alias_of_resolver(sight: Sight<'_>, name: &DnsName) -> bool {
    let answers = of_servers(sight, name).filter(|(request, _)| request.kind == RecordKind::Cname);
    let answers = answers.filter_map(|(_, probe)| sight.records_of_probe(probe));
    let mut answers = answers.filter(|seen| seen.authoritative && seen.is_answer()).peekable();
    answers.peek().is_some() && answers.all(|seen| seen.is_void() && seen.aliases.is_empty())
}

/// A name that the resolver redirects, with the lookup that shows it: the apex of the domain's zone, or another name for which
/// the resolver returned an alias without valid signatures, and an authoritative server did not.
pub(super) fn redirected_name(sight: Sight<'_>) -> Option<(&Probe, DnsName)> {
    if let Some(redirect) = redirect(sight) {
        return Some((redirect.probe, redirect.apex));
    }
    sight.evidence.probes.iter().find_map(|probe| {
        let Question::Records(request) = &probe.question else { return None };
        let seen = sight.records_of_probe(probe).filter(|_| request.server.is_some() && !request.upper_case)?;
        let is_plain = seen.authoritative && seen.is_answer() && seen.aliases.is_empty();
        let (lookup, _) = alias_in(sight.at_resolver(&request.name, request.kind)).filter(|_| is_plain)?;
        (!has_alias_at_servers(sight, &request.name)).then(|| (lookup, request.name.clone()))
    })
}

/// Whether the resolver redirects a name, and its response to another query has no valid signatures either.
pub(super) fn may_be_false(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let is_unsigned = sight.at_resolver(name, kind).answer().is_some_and(|seen| !is_secure(seen));
    is_unsigned && redirected_name(sight).is_some()
}

/// Why a finding is not certain, in a sentence: the resolver redirects a name, and the finding rests on other responses of
/// the resolver, which have no valid signatures and were not confirmed by an authoritative server.
pub(super) fn doubt(sight: Sight<'_>, finding: &Finding) -> Option<String> {
    let (lookup, name) = redirected_name(sight)?;
    let rests_on_resolver =
        finding.evidence.probes.iter().filter_map(|id| sight.evidence.probe(*id)).any(|probe| match &probe.question {
            Question::Records(request) => request.server.is_none() && is_unconfirmed(sight, request, finding),
            Question::Session(request) => is_of_resolver(sight, &request.host),
            Question::Hello(request) => is_of_resolver(sight, &request.host),
            Question::Fetch(request) => is_name_of_resolver(sight, &DnsName::from(&request.host)),
            _ => false,
        });
    rests_on_resolver.then(|| {
        format!(
            "The resolver, or a device on the network path to it, redirects {}, so its other responses may be false, too. Repeat the check with another resolver (--resolver), or from another network.",
            lookup.quote(name.as_str())
        )
    })
}

/// Whether the resolver's response has no valid signatures, and no authoritative server returned the same records. A finding
/// that compares the resolver with a server does not rest on the resolver alone.
fn is_unconfirmed(sight: Sight<'_>, request: &RecordsRequest, finding: &Finding) -> bool {
    let Some(seen) = sight.records_of(request).answer() else { return false };
    // A device on the network path may return such an alias for a name server, too.
    let is_unproven = seen.aliases.first().is_some_and(|alias| is_unproven(&alias.dnssec));
    let confirms = |probe: &Probe| {
        let known = sight.records_of_probe(probe).filter(|known| known.authoritative && !is_unproven);
        known.is_some_and(|known| has_same_records(known, seen))
    };
    let is_same = |(other, probe): (&RecordsRequest, &Probe)| {
        other.kind == request.kind && (finding.evidence.probes.contains(&probe.id) || confirms(probe))
    };
    !is_secure(seen) && !of_servers(sight, &request.name).any(is_same)
}

/// Whether an IP address is known only from responses of the resolver about the mail hosts, without valid signatures.
fn is_of_resolver(sight: Sight<'_>, host: &Host) -> bool {
    let Host::Ip(ip) = host else { return false };
    let of_mx = sight.records(&sight.name(), RecordKind::Mx).answer().into_iter().flat_map(|seen| &seen.records);
    let hosts = of_mx.filter_map(|record| match &record.data {
        RecordData::Mx { host, .. } => Some(host.clone()),
        _ => None,
    });
    let is_authentic = |name: DnsName| {
        [RecordKind::A, RecordKind::Aaaa]
            .into_iter()
            .filter_map(|kind| sight.records(&name, kind).answer())
            .any(|seen| (is_secure(seen) || seen.authoritative) && seen.addresses().any(|known| known == *ip))
    };
    !hosts.chain([sight.name()]).any(is_authentic)
}

/// The same for the addresses of a name.
fn is_name_of_resolver(sight: Sight<'_>, name: &DnsName) -> bool {
    let is_valid = |kind| sight.at_resolver(name, kind).answer().is_some_and(is_secure);
    ![RecordKind::A, RecordKind::Aaaa].into_iter().any(is_valid)
}

#[cfg(test)]
mod tests;
