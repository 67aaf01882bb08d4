//! Name servers whose signatures (RRSIG) have expired, are missing or are wrong, although other name servers of the
//! zone send valid signatures. Usually, such a server has an old copy of the zone.

use super::super::dnssec::{bogus_words, rule_of};
use super::compared::compared;
use super::servers::{NameServer, answer, shown_as};
use crate::check::domain::sight::{Known, Sight, is_valid_answer};
use crate::check::finding::{Finding, Severity};
use crate::evidence::{BogusReason, DnssecState, Phase, Probe, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{DnsName, RecordKind};

/// The responses of the servers for the same records.
fn responses<'s>(
    sight: Sight<'s>,
    apex: &DnsName,
    servers: &[NameServer],
) -> Vec<(RecordKind, NameServer, &'s Probe, &'s RecordsSeen)> {
    let names = [(apex.clone(), RecordKind::Soa), (apex.clone(), RecordKind::Ns)];
    let names: Vec<(DnsName, RecordKind)> = names.into_iter().chain(compared(sight, apex)).collect();
    let of_server = |server: &NameServer| {
        let seen = names.iter().filter_map(|(name, kind)| match answer(sight, name, *kind, server) {
            Known::Seen(probe, seen) => Some((*kind, server.clone(), probe, seen)),
            Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
        });
        seen.collect::<Vec<_>>()
    };
    servers.iter().flat_map(of_server).collect()
}

/// Whether the own signatures of at least one server are valid for these records.
pub(super) fn is_valid_at_a_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind, servers: &[NameServer]) -> bool {
    let states = servers.iter().filter_map(|server| answer(sight, name, kind, server).answer());
    states.into_iter().any(|seen| seen.dnssec == DnssecState::Secure)
}

/// Whether all servers that answered send these records, with own signatures that are valid. A denial is not sufficient,
/// because only the signature of its SOA record is verified.
pub(super) fn is_valid_at_every_server(
    sight: Sight<'_>,
    name: &DnsName,
    kind: RecordKind,
    servers: &[NameServer],
) -> bool {
    let answers = servers.iter().filter_map(|server| answer(sight, name, kind, server).answer());
    let mut answers = answers.filter(|seen| seen.authoritative && seen.is_answer()).peekable();
    answers.peek().is_some() && answers.all(is_valid_answer)
}

/// One finding for each server with signatures that are not valid. If no server has valid signatures, the finding about
/// the domain covers them.
pub(super) fn findings(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Vec<Finding> {
    let all = responses(sight, apex, servers);
    let (valid, total) = {
        let is_valid = |server: &&NameServer| {
            let own = || all.iter().filter(|(_, of, ..)| of == *server).map(|(.., seen)| &seen.dnssec);
            own().any(|state| *state == DnssecState::Secure)
                && !own().any(|state| matches!(state, DnssecState::Bogus { .. }))
        };
        (servers.iter().filter(is_valid).count(), servers.len())
    };
    if valid == 0 {
        return Vec::new();
    }
    let of_server = |server: &NameServer| {
        let wrong: Vec<(RecordKind, &Probe, &BogusReason)> = all
            .iter()
            .filter(|(_, of, ..)| of == server)
            .filter_map(|(kind, _, probe, seen)| match &seen.dnssec {
                DnssecState::Bogus { why, .. } => Some((*kind, *probe, why)),
                _ => None,
            })
            .collect();
        let (_, probe, why) = *wrong.first()?;
        let mut kinds: Vec<String> = wrong.iter().map(|(kind, ..)| kind.to_string()).collect();
        kinds.dedup();
        let shown = shown_as(server, probe);
        let summary = format!(
            "the name server {shown} sends DNSSEC signatures of the zone {apex} that are not valid: {} ({})",
            bogus_words(why),
            kinds.join(", ")
        );
        let mut finding = Finding::new(rule_of(why), Phase::Dns, Confidence::Certain, summary);
        finding.severity = Severity::Warning;
        finding.cause = format!(
            "The signatures of {valid} of the {total} queried name servers are valid. A resolver that validates DNSSEC rejects the response of this server and queries another one. Lookups are slower, and they fail if the other servers do not respond or if the resolver does not query another server."
        );
        if matches!(why, BogusReason::Expired { .. } | BogusReason::NotYetValid { .. }) {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("This machine's clock may be wrong.".to_owned());
        }
        finding.fixes = vec![Fix::text(format!(
            "DNS operator: make {shown} load the current copy of the zone {apex} (check the zone transfer), or sign the zone again if this server signs it itself"
        ))];
        Some(wrong.iter().fold(finding, |finding, (_, probe, _)| finding.tried(probe.id)))
    };
    servers.iter().filter_map(of_server).collect()
}
