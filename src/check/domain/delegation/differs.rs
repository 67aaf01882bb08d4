//! The finding that the parent zone and the zone itself list different name servers.
//!
//! 1. The delegation comes from a server of the parent zone, and the NS records come from the servers of the zone.
//! 2. If no server of the zone responds, the NS records come from the resolver. Its cache may be old, so the confidence
//!    is "likely".
//! 3. If the servers of the same zone have different records, a change may be in progress, so the confidence is
//!    "likely".

use super::super::parent::{self, Referral, names_of};
use super::super::sight::{Known, Sight};
use super::rules::DELEGATION_PARENT_DIFFERS;
use super::servers::{NameServer, ServerReply, own_names, reply, shown_as};
use crate::check::finding::Finding;
use crate::evidence::{Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{DnsName, RecordKind};

/// The finding, and the name servers that only the parent zone lists.
pub(super) struct ParentDiffers {
    pub(super) finding: Finding,
    pub(super) stale: Vec<DnsName>,
}

/// The NS records of the zone itself.
struct OwnRecords<'s> {
    names: Vec<DnsName>,
    probes: Vec<&'s Probe>,
    /// Why the difference is not certain; `None` if it is certain.
    doubt: Option<&'static str>,
}

const CHANGING: &str = "Name servers of the same zone also disagree, so a change may be in progress. Repeat the check in a few hours to find out.";
const FROM_RESOLVER: &str = "The NS records of the zone come from the resolver, because no server of the zone gave an authoritative response. The resolver may have cached older records.";

fn own_records<'s>(sight: Sight<'s>, apex: &DnsName, servers: &[NameServer]) -> Option<OwnRecords<'s>> {
    let own = own_names(sight, apex, servers);
    if let Some((_, _, first)) = own.first() {
        let is_changing = own.iter().any(|(_, _, names)| names != first);
        let mut names: Vec<DnsName> = own.iter().flat_map(|(_, _, names)| names.iter().cloned()).collect();
        names.sort();
        names.dedup();
        let probes = own.iter().map(|(_, probe, _)| *probe).collect();
        return Some(OwnRecords { names, probes, doubt: is_changing.then_some(CHANGING) });
    }
    match sight.records(apex, RecordKind::Ns) {
        Known::Seen(probe, seen) if !seen.records.is_empty() => {
            Some(OwnRecords { names: names_of(seen), probes: vec![probe], doubt: Some(FROM_RESOLVER) })
        }
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    }
}

/// Compares the delegation with the NS records of the zone.
pub(super) fn at_parent(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Option<ParentDiffers> {
    let referrals = parent::referrals(sight, apex);
    let own = own_records(sight, apex, servers)?;
    let first = referrals.iter().find(|referral| referral.names != own.names)?;
    let is_changing = referrals.iter().any(|referral| referral.names != first.names);
    let stale: Vec<DnsName> = first.names.iter().filter(|name| !own.names.contains(name)).cloned().collect();
    let unknown: Vec<DnsName> = own.names.iter().filter(|name| !first.names.contains(name)).cloned().collect();
    let parent = parent::zone(sight, apex)?;
    let quoted = |probe: &Probe, names: &[DnsName]| {
        names.iter().map(|name| probe.quote(name.as_str()).to_string()).collect::<Vec<_>>().join(", ")
    };
    let of_zone = *own.probes.first()?;
    let mut parts = Vec::new();
    if !stale.is_empty() {
        parts.push(format!("only the parent zone ({parent}) lists {}", quoted(first.probe, &stale)));
    }
    if !unknown.is_empty() {
        parts.push(format!("only the zone itself lists {}", quoted(of_zone, &unknown)));
    }
    let summary = format!("the NS records for {apex} differ: {}", parts.join("; "));
    let doubt = own.doubt.or(is_changing.then_some(CHANGING));
    let confidence = if doubt.is_none() { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&DELEGATION_PARENT_DIFFERS, Phase::Dns, confidence, summary);
    finding.cause = if stale.is_empty() {
        "Resolvers find the zone through the servers that the parent zone lists. They rarely query the other servers, which therefore do not help if the listed servers fail.".to_owned()
    } else {
        "Resolvers find the zone through the servers that the parent zone lists. If one of these servers has an old copy of the zone, or no copy, some senders get old records or an error.".to_owned()
    };
    finding.otherwise = doubt.map(str::to_owned);
    finding.consequences.extend(not_answering(sight, apex, servers, &stale));
    finding.fixes.push(Fix::text(format!(
        "Domain owner: if the zone is correct, enter exactly these name servers at the registrar: {}",
        quoted(of_zone, &own.names)
    )));
    finding.fixes.push(Fix::text(format!(
        "DNS operator: if the parent zone is correct, publish exactly these NS records in the zone {apex}: {}",
        quoted(first.probe, &first.names)
    )));
    let finding = tried(finding, &referrals, &own);
    Some(ParentDiffers { finding, stale })
}

fn tried(finding: Finding, referrals: &[Referral<'_>], own: &OwnRecords<'_>) -> Finding {
    let probes = referrals.iter().map(|referral| referral.probe).chain(own.probes.iter().copied());
    probes.fold(finding, |finding, probe| finding.tried(probe.id))
}

/// Sentences about the servers that only the parent zone lists and that do not answer for the zone.
fn not_answering(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer], stale: &[DnsName]) -> Vec<String> {
    let of = |server: &NameServer| match reply(sight, apex, server) {
        ServerReply::Lame { probe, .. } => Some(format!(
            "{} does not answer for the zone, so lookups that reach it fail or are delayed",
            shown_as(server, probe)
        )),
        ServerReply::Silent { probe } => Some(format!("{} did not respond", shown_as(server, probe))),
        ServerReply::Authoritative { .. } | ServerReply::Unknown => None,
    };
    servers.iter().filter(|server| stale.contains(&server.name)).filter_map(of).collect()
}
