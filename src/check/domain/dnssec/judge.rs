//! Findings about DNSSEC. If the MX records or the IP addresses of all hosts are bogus, senders that validate DNSSEC
//! cannot deliver mail. A state that could not be determined is never reported as insecure.

use std::collections::BTreeSet;

use super::super::mx::MxHost;
use super::super::sight::{Known, Sight, is_bogus, lacks_proof};
use super::super::{delegation, direct, dkim, mx, redirect, zone};
use super::ends;
use super::responses::{JudgedResponse, beside, responses, signed, texts};
use super::rules::{
    DNSSEC_BOGUS, DNSSEC_DS_MISMATCH, DNSSEC_NOT_ACTIVE, DNSSEC_SIGNATURE_EXPIRED, DNSSEC_SIGNATURE_NOT_YET_VALID,
    DNSSEC_WEAK,
};
use super::untested;
use super::words::{bogus_words, date};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity, in_shell, plural};
use crate::evidence::{BogusReason, DnsRecord, DnssecState, Evidence, Phase, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

pub(super) fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut findings = bogus(sight);
    findings.extend(ends::finding(sight, &signed(sight)));
    findings.extend(untested::finding(sight, &responses(sight), &beside(sight)));
    findings.extend(keys(sight));
    findings
}

/// The signature algorithms in the IANA registry that a resolver can support. The private algorithms (253, 254) are
/// included, because an operator who uses one does so on purpose.
const KNOWN_ALGORITHMS: [u8; 15] = [1, 3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 23, 253, 254];

/// The digest types of DS records that resolvers support: SHA-1, SHA-256 and SHA-384.
const KNOWN_DIGESTS: [u8; 3] = [1, 2, 4];

/// The reason why a response, or an alias that leads to it, is bogus.
fn bogus_reason(seen: &RecordsSeen) -> Option<(&BogusReason, Option<&DnsName>)> {
    seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]).find_map(|state| match state {
        DnssecState::Bogus { why, zone } => Some((why, zone.as_ref())),
        _ => None,
    })
}

/// Why a response is bogus, in words; `None` if it is not.
pub(in crate::check::domain) fn reason_of(seen: &RecordsSeen) -> Option<String> {
    let (why, zone) = bogus_reason(seen)?;
    let at = zone.map(|zone| format!(", zone {zone}")).unwrap_or_default();
    Some(format!("the DNSSEC validation failed ({}{at})", bogus_words(why)))
}

/// The rule for records that are bogus for this reason.
pub(in crate::check::domain) fn rule_of(why: &BogusReason) -> &'static Rule {
    match why {
        BogusReason::Expired { .. } => &DNSSEC_SIGNATURE_EXPIRED,
        BogusReason::NotYetValid { .. } => &DNSSEC_SIGNATURE_NOT_YET_VALID,
        BogusReason::DsMismatch | BogusReason::KeysMissing => &DNSSEC_DS_MISMATCH,
        BogusReason::NoSignature
        | BogusReason::NoKey { .. }
        | BogusReason::WrongSignature
        | BogusReason::DenialUnproven
        | BogusReason::DelegationUnproven
        | BogusReason::Other => &DNSSEC_BOGUS,
    }
}

/// Whether the resolver is at fault for a bogus response:
///
/// 1. All queried authoritative servers send the records with valid signatures.
/// 2. They have no records, with valid signatures, although the resolver returned some or an alias.
/// 3. The response contains no address, and the resolver is at fault for the other kind of addresses of the same name.
fn is_of_resolver(sight: Sight<'_>, (name, kind, _, seen): &JudgedResponse<'_>) -> bool {
    let is_empty = seen.records.is_empty() && seen.aliases.is_empty();
    let is_sibling = |other: RecordKind| {
        let is_bogus = sight.at_resolver(name, other).answer().is_some_and(is_bogus);
        is_bogus && is_valid_at_servers(sight, name, other)
    };
    is_valid_at_servers(sight, name, *kind)
        || (!is_empty && delegation::is_validly_denied(sight, name, *kind))
        || (seen.records.is_empty() && mx::KINDS.contains(kind) && mx::KINDS.into_iter().any(is_sibling))
}

/// Whether all queried authoritative servers send these records with valid signatures.
fn is_valid_at_servers(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    delegation::is_valid_at_every_server(sight, name, kind) || direct::is_valid_at_servers(sight, name, kind)
}

/// Whether the domain may not use the key with this name, because smtpcheck guessed the selector, and no authoritative
/// server sends the key.
fn is_unconfirmed_guess(sight: Sight<'_>, (name, kind, ..): &JudgedResponse<'_>) -> bool {
    sight.domain.selectors.is_empty()
        && dkim::known_names(sight).contains(name)
        && !delegation::is_sent_by_a_server(sight, name, *kind)
}

/// One finding for each rule and zone.
fn bogus(sight: Sight<'_>) -> Vec<Finding> {
    let all: Vec<JudgedResponse<'_>> =
        responses(sight).into_iter().chain(texts(sight)).filter(|(.., seen)| is_bogus(seen)).collect();
    let (guessed, all): (Vec<_>, Vec<_>) = all.into_iter().partition(|response| is_unconfirmed_guess(sight, response));
    let (of_resolver, mut of_zone): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|response| is_of_resolver(sight, response));
    // The results apply to the records of the name servers.
    of_zone.retain(|(name, kind, ..)| !sight.uses_servers(name, *kind));
    // The resolver's responses are not those of the zone.
    if let Some(redirect) = redirect::of_mail_hosts(sight) {
        of_zone.retain(|(name, ..)| !name.is_within(&redirect.apex));
    }
    let findings = of_zones(sight, &of_zone).into_iter();
    findings.chain(changed_by_resolver(sight, &of_resolver)).chain(guessed_keys(&guessed)).collect()
}

/// The findings about the zones of bogus responses. If a zone has no usable keys, this is the cause of every other fault
/// of its signatures, so one finding covers all of them.
fn of_zones(sight: Sight<'_>, of_zone: &[JudgedResponse<'_>]) -> Vec<Finding> {
    let mut of_zone: Vec<_> = of_zone
        .iter()
        .filter_map(|(name, kind, probe, seen)| {
            let (why, zone) = bogus_reason(seen)?;
            Some((name, *kind, *probe, why, zone))
        })
        .collect();
    let is_about_keys = |rule: &Rule| rule.id == DNSSEC_DS_MISMATCH.id;
    of_zone.sort_by_key(|(.., why, _)| !is_about_keys(rule_of(why)));
    let mut found: Vec<(&'static Rule, Option<DnsName>, Finding, Vec<String>)> = Vec::new();
    for (name, kind, probe, why, zone) in of_zone {
        let rule = rule_of(why);
        let what = format!("{kind} of {}", probe.quote(name.as_str()));
        let is_covered = |known: &Rule, at: &Option<DnsName>| match (at, zone) {
            (Some(at), None) => is_about_keys(known) && name.is_within(at),
            (at, _) => at.as_ref() == zone && (known.id == rule.id || is_about_keys(known)),
        };
        match found.iter_mut().find(|(known, at, ..)| is_covered(known, at)) {
            Some((_, _, finding, names)) => {
                *finding = finding.clone().tried(probe.id);
                if kind != RecordKind::Txt && prevents_delivery(sight) {
                    finding.cause = finding.cause.replacen(OF_TEXTS, &effect(sight), 1);
                    finding.failure = Some(PhaseFailure::Unreachable);
                }
                names.push(what);
            }
            None => {
                let mut finding = one_bogus(sight, rule, why, zone, probe);
                if kind == RecordKind::Txt {
                    finding.cause = finding.cause.replacen(&effect(sight), OF_TEXTS, 1);
                } else {
                    finding.failure = prevents_delivery(sight).then_some(PhaseFailure::Unreachable);
                }
                found.push((rule, zone.cloned(), finding, vec![what]));
            }
        }
    }
    let with_names = |(_, _, finding, names): (_, _, Finding, Vec<String>)| Finding {
        summary: format!("{} ({})", finding.summary, names.join(", ")),
        ..finding
    };
    found.into_iter().map(with_names).collect()
}

/// Whether a finding of this module is about the zone of a bogus response.
pub(in crate::check::domain) fn reports_zone_of(sight: Sight<'_>, seen: &RecordsSeen) -> bool {
    let Some((_, zone)) = bogus_reason(seen) else { return false };
    let all = responses(sight).into_iter().chain(texts(sight));
    let mut of_zone = all.filter(|response| is_bogus(response.3) && !is_of_resolver(sight, response));
    of_zone.any(|(.., other)| bogus_reason(other).is_some_and(|(_, at)| at == zone))
}

/// The effect of bogus TXT records.
const OF_TEXTS: &str = "Resolvers that validate DNSSEC respond with SERVFAIL instead of these records. Receivers that use such a resolver cannot evaluate SPF, DKIM or DMARC for mail from the domain, and senders do not find its MTA-STS policy.";

/// The resolver's responses are bogus, although all name servers send valid signatures, or no such records. The zone has
/// no fault.
fn changed_by_resolver(sight: Sight<'_>, responses: &[JudgedResponse<'_>]) -> Option<Finding> {
    let name_of = |(name, kind, probe, _): &JudgedResponse<'_>| format!("{kind} of {}", probe.quote(name.as_str()));
    let names: Vec<String> = responses.iter().map(name_of).collect();
    let (_, _, first, seen) = responses.first()?;
    let (why, _) = bogus_reason(seen)?;
    let summary = format!(
        "this machine's resolver returned records with invalid DNSSEC signatures ({}), but the responses of the name servers are valid ({})",
        bogus_words(why),
        names.join(", ")
    );
    let mut finding = Finding::new(rule_of(why), Phase::Dns, Confidence::Likely, summary).tried(first.id);
    finding.severity = Severity::Warning;
    finding.cause = "The resolver, or a device on the network path to it, changes DNS responses or has old ones in its cache. The domain is not at fault. Senders that validate DNSSEC do not use such records. If the name servers send the records, the results of this check use theirs.".to_owned();
    finding.otherwise = Some("A name server that was not queried may send invalid signatures. Repeat the check with another resolver to find out.".to_owned());
    finding.fixes = vec![Fix::text("Repeat the check with another resolver (--resolver)")];
    for (name, kind, probe, seen) in responses {
        finding = finding.tried(probe.id);
        if let Known::Seen(at_server, used) = sight.records(name, *kind)
            && !is_bogus(used)
        {
            finding = finding.tried(at_server.id);
            finding.consequences.push(format!(
                "{kind} of {}: the resolver returned {}, and the name servers return {}",
                probe.quote(name.as_str()),
                records_in_words(probe, seen),
                records_in_words(at_server, used)
            ));
        }
    }
    Some(finding)
}

/// The maximum number of records of a response that are shown.
const MAX_SHOWN: usize = 3;

/// The records of a response, for use in a sentence.
fn records_in_words(probe: &Probe, seen: &RecordsSeen) -> String {
    let text = |record: &DnsRecord| match &record.data {
        RecordData::A { ip } => ip.to_string(),
        RecordData::Aaaa { ip } => ip.to_string(),
        RecordData::Mx { preference, host } => probe.quote(format!("{preference} {host}")).to_string(),
        RecordData::Txt { text, .. } => probe.quote(text.chars().take(60).collect::<String>()).to_string(),
        _ => "other records".to_owned(),
    };
    let texts: Vec<String> = seen.records.iter().take(MAX_SHOWN).map(text).collect();
    match texts.is_empty() {
        true => "no records".to_owned(),
        false => texts.join(", "),
    }
}

/// Bogus keys at selectors that smtpcheck guessed. Perhaps only the resolver returns them.
fn guessed_keys(responses: &[JudgedResponse<'_>]) -> Option<Finding> {
    let (.., seen) = responses.first()?;
    let (why, _) = bogus_reason(seen)?;
    let names: Vec<String> =
        responses.iter().take(MAX_SHOWN).map(|(name, _, probe, _)| probe.quote(name.as_str()).to_string()).collect();
    let more = responses.len().saturating_sub(names.len());
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let summary = format!(
        "this machine's resolver returned DKIM records with invalid DNSSEC signatures ({}) at selectors that smtpcheck guessed: {}{more}",
        bogus_words(why),
        names.join(", ")
    );
    let mut finding = Finding::new(rule_of(why), Phase::Dns, Confidence::Likely, summary);
    finding.severity = Severity::Notice;
    finding.cause = "No name server was seen to send these records, and the domain may not use these selectors. The resolver, or a device on the network path to it, may change DNS responses.".to_owned();
    finding.otherwise = Some(
        "The zone may contain the records with invalid signatures. Repeat the check with another resolver to find out."
            .to_owned(),
    );
    finding.fixes = vec![Fix::text(
        "Repeat the check with another resolver (--resolver), or specify the selectors in use with --dkim-selector",
    )];
    Some(responses.iter().fold(finding, |finding, (_, _, probe, _)| finding.tried(probe.id)))
}

/// Whether senders that validate DNSSEC find no host: the MX records are bogus, or the addresses of every host are
/// bogus.
fn prevents_delivery(sight: Sight<'_>) -> bool {
    let is_bogus = |name: &DnsName, kind: RecordKind| {
        let is_bogus = sight.at_resolver(name, kind).answer().is_some_and(|seen| bogus_reason(seen).is_some());
        // If the signatures are not valid, a resolver queries another name server.
        is_bogus
            && !delegation::is_valid_at_a_server(sight, name, kind)
            && !direct::is_valid_at_servers(sight, name, kind)
    };
    // A sender needs only one address, so a bogus response matters only if the other kind has no addresses.
    let has_addresses = |name: &DnsName, kind: RecordKind| {
        sight.records(name, kind).answer().is_some_and(|seen| bogus_reason(seen).is_none() && !seen.records.is_empty())
    };
    let is_unusable = |host: &MxHost| {
        mx::KINDS.iter().any(|&kind| is_bogus(&host.name, kind))
            && !mx::KINDS.iter().any(|&kind| has_addresses(&host.name, kind))
    };
    let hosts = mx::mail_hosts(sight);
    is_bogus(&sight.name(), RecordKind::Mx) || (!hosts.is_empty() && hosts.iter().all(is_unusable))
}

/// The effect of bogus MX records or addresses.
fn effect(sight: Sight<'_>) -> String {
    if prevents_delivery(sight) {
        "Resolvers that validate DNSSEC respond with SERVFAIL instead of these records. Senders that use such a resolver do not deliver mail to the domain. Other senders deliver it.".to_owned()
    } else {
        "Resolvers that validate DNSSEC respond with SERVFAIL instead of these records. Senders that use such a resolver do not find these IP addresses, and deliver mail to the other IP addresses or MX hosts of the domain. Other senders are not affected.".to_owned()
    }
}

/// Whether a zone has no DNSKEY records, according to the resolver.
fn has_no_keys(sight: Sight<'_>, zone: &DnsName) -> bool {
    sight.records(zone, RecordKind::Dnskey).answer().is_some_and(RecordsSeen::is_void)
}

fn one_bogus(
    sight: Sight<'_>,
    rule: &'static Rule,
    why: &BogusReason,
    zone: Option<&DnsName>,
    probe: &Probe,
) -> Finding {
    let at = zone.map(|zone| format!(" of the zone {}", probe.quote(zone.as_str()))).unwrap_or_default();
    let now = sight.evidence.started_at.as_second();
    let summary = match why {
        BogusReason::Expired { at: end } => format!("a DNSSEC signature{at} expired on {}", date(*end)),
        BogusReason::NotYetValid { at: start } => {
            format!("a DNSSEC signature{at} is not valid before {}", date(*start))
        }
        BogusReason::DsMismatch => format!("no DS record{at} in its parent zone matches a key of the zone"),
        BogusReason::KeysMissing => {
            format!("there is a DS record{at} in its parent zone, but the zone has no DNSSEC keys")
        }
        other => format!("DNSSEC validation{at} failed: {}", bogus_words(other)),
    };
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Likely, summary).tried(probe.id);
    finding.cause = effect(sight);
    let name = zone.map_or_else(|| sight.name().to_string(), |zone| probe.quote(zone.as_str()).to_string());
    match why {
        BogusReason::Expired { at } => {
            let ago = match (now - i64::from(*at)) / 86_400 {
                ..=0 => "less than a day ago".to_owned(),
                days => format!("{} ago", plural(days, "day", "days")),
            };
            finding.cause =
                format!("{} According to this machine's clock, the signature expired {ago}.", finding.cause);
            finding.otherwise = Some("Another name server of the zone may have newer signatures. If this machine's clock is wrong, the signature may be valid.".to_owned());
            finding.fixes.push(Fix::run(
                format!("DNS operator: sign the zone {name} again (this is the command for BIND), publish it on all name servers, and check why the signer did not run"),
                format!("rndc sign {name}"),
            ));
        }
        BogusReason::NotYetValid { .. } => {
            finding.otherwise = Some(format!(
                "This machine's clock, which shows {}, may be wrong. In that case, the signature is valid.",
                sight.evidence.started_at
            ));
            finding.fixes.push(Fix::run("Check this machine's clock first", "timedatectl"));
            finding.fixes.push(Fix::text(format!(
                "DNS operator: if this machine's clock is correct, set the signer's clock, and sign the zone {name} again"
            )));
        }
        BogusReason::KeysMissing => {
            finding.confidence = Confidence::Certain;
            finding.fixes.push(Fix::text(format!(
                "Domain owner: if the zone {name} should not be signed, for example after a change of the DNS provider, delete the DS record at the registrar"
            )));
            finding.fixes.push(Fix::text(format!(
                "DNS operator: if the zone {name} should be signed, sign it, and then replace the DS record at the registrar"
            )));
        }
        BogusReason::DsMismatch => {
            finding.confidence = Confidence::Certain;
            finding.fixes.push(Fix::run(
                format!("Domain owner: at the registrar, enter the DS record for the current key of {name}. This command prints the record"),
                format!("dig {0} DNSKEY +noall +answer | dnssec-dsfromkey -f - {0}", in_shell(&name.to_string())),
            ));
            finding.fixes.push(Fix::text(format!(
                "If the zone {name} should no longer be signed, delete the DS record at the registrar"
            )));
        }
        BogusReason::NoSignature if zone.is_some_and(|zone| has_no_keys(sight, zone)) => {
            finding.cause = format!(
                "The parent zone has a DS record for {name}, but the zone has no keys (DNSKEY), so it is not signed. {}",
                finding.cause
            );
            finding.otherwise =
                Some("A device on the network path may remove DNSSEC records from responses.".to_owned());
            finding.fixes.push(Fix::text(format!(
                "Domain owner: delete the DS record of {name} at the registrar, if the zone should not be signed, for example after a move to another DNS provider"
            )));
            finding.fixes.push(Fix::text(format!(
                "DNS operator: otherwise, sign the zone {name}, and then enter its DS record at the registrar"
            )));
        }
        _ => {
            finding.otherwise = Some("A name server of the zone may serve an old or unsigned copy, or a device on the network path may change DNS responses.".to_owned());
            finding.fixes.push(Fix::run(
                format!("DNS operator: sign the zone {name} again, and publish it on all name servers. This command shows where the chain of signatures breaks"),
                format!("delv @9.9.9.9 {} MX +vtrace", sight.name()),
            ));
        }
    }
    finding
}

/// Weak algorithms and parameters in the domain's zone, and keys without a DS record.
fn keys(sight: Sight<'_>) -> Vec<Finding> {
    let Some(apex) = zone::apex(sight) else { return Vec::new() };
    let Known::Seen(probe, keys) = sight.records(&apex, RecordKind::Dnskey) else { return Vec::new() };
    // The keys at the end of an alias belong to another zone.
    if keys.records.is_empty() || !keys.aliases.is_empty() {
        return Vec::new();
    }
    let Known::Seen(of_ds, ds) = sight.records(&apex, RecordKind::Ds) else { return Vec::new() };
    // Nothing is known about the zone if the DS records are not signed.
    if is_bogus(ds) || lacks_proof(ds) || !ds.aliases.is_empty() {
        return Vec::new();
    }
    if ds.is_void() {
        // Only a signed proof from the parent zone shows that the DS record is missing.
        let is_proven = matches!(ds.dnssec, DnssecState::Secure | DnssecState::Insecure);
        let is_false = delegation::is_denied_at_every_server(sight, &apex, RecordKind::Dnskey);
        return if is_proven && !is_false { vec![not_active(&apex, probe, of_ds)] } else { Vec::new() };
    }
    let mut findings = Vec::new();
    let weak = |summary: String, probe: &Probe| {
        Finding::new(&DNSSEC_WEAK, Phase::Dns, Confidence::Certain, summary).tried(probe.id)
    };
    let (algorithms, announced) = (algorithms_of(keys), algorithms_of(ds));
    let is_old = |algorithm: &u8| matches!(algorithm, 1 | 3 | 5 | 6 | 7 | 12);
    if !algorithms.is_empty() && algorithms.iter().all(is_old) {
        let list: Vec<String> = algorithms.iter().map(u8::to_string).collect();
        findings.push(Finding {
            cause: "Algorithms that use SHA-1, and older algorithms, must no longer be used. Some resolvers treat the zone as unsigned; others fail to resolve it.".to_owned(),
            fixes: vec![Fix::text(format!(
                "DNS operator: change the zone {apex} to algorithm 13 (ECDSA P-256), sign with both algorithms during the change, and then replace the DS record at the registrar"
            ))],
            ..weak(format!("the zone {apex} is signed only with obsolete DNSSEC algorithms: {}", list.join(", ")), probe)
        });
    }
    // RFC 4035 §5.2: if the resolver supports no algorithm of the DS records, the zone counts as unsigned.
    if !announced.is_empty() && !announced.iter().any(|algorithm| KNOWN_ALGORITHMS.contains(algorithm)) {
        let list: Vec<String> = announced.iter().map(u8::to_string).collect();
        findings.push(Finding {
            cause: "Resolvers treat a zone as unsigned if they support none of the algorithms of its DS records, so DNSSEC and DANE have no effect.".to_owned(),
            fixes: vec![Fix::text(format!(
                "DNS operator: sign the zone {apex} with algorithm 13 (ECDSA P-256), and then replace the DS record at the registrar"
            ))],
            ..weak(
                format!("the DS records of {apex} have only algorithms that resolvers do not support: {}", list.join(", ")),
                of_ds,
            )
        });
    }
    let digests: Vec<u8> = ds
        .records
        .iter()
        .filter_map(|record| match record.data {
            RecordData::Ds { digest, .. } => Some(digest),
            _ => None,
        })
        .collect();
    // RFC 6840 §5.2: without a digest of a supported type, the zone counts as unsigned, too.
    if !digests.is_empty() && !digests.iter().any(|digest| KNOWN_DIGESTS.contains(digest)) {
        let list: Vec<String> = digests.iter().collect::<BTreeSet<_>>().into_iter().map(u8::to_string).collect();
        findings.push(Finding {
            cause: "Resolvers treat a zone as unsigned if they support none of the digest types of its DS records, so DNSSEC and DANE have no effect.".to_owned(),
            fixes: vec![Fix::run(
                format!("Domain owner: at the registrar, enter a DS record with a SHA-256 digest (type 2) for {apex}. This command prints the record"),
                format!("dig {0} DNSKEY +noall +answer | dnssec-dsfromkey -2 -f - {0}", in_shell(&apex.to_string())),
            )],
            ..weak(
                format!("the DS records of {apex} have only digest types that resolvers do not support: {}", list.join(", ")),
                of_ds,
            )
        });
    }
    if !digests.is_empty() && digests.iter().all(|&digest| digest == 1) {
        findings.push(Finding {
            cause: "SHA-1 must no longer be used for DS records. Some resolvers treat the zone as unsigned.".to_owned(),
            fixes: vec![Fix::run(
                format!("Domain owner: at the registrar, enter a DS record with a SHA-256 digest (type 2) for {apex}. This command prints the record"),
                format!("dig {0} DNSKEY +noall +answer | dnssec-dsfromkey -2 -f - {0}", in_shell(&apex.to_string())),
            )],
            ..weak(format!("the DS record of {apex} has only a SHA-1 digest"), of_ds)
        });
    }
    findings.extend(iterations(sight, &apex, weak));
    findings.extend(without_signatures(sight, &apex, &algorithms, &announced, weak));
    findings
}

/// The algorithms of keys or DS records, each once, in their order.
fn algorithms_of(seen: &RecordsSeen) -> Vec<u8> {
    let algorithm = |record: &DnsRecord| match record.data {
        RecordData::Dnskey { algorithm, .. } | RecordData::Ds { algorithm, .. } => Some(algorithm),
        _ => None,
    };
    let all: BTreeSet<u8> = seen.records.iter().filter_map(algorithm).collect();
    all.into_iter().collect()
}

/// The zone has keys of an algorithm that signs no records. RFC 4035 §2.2: every record set must have a signature for
/// each algorithm for which the zone has keys.
fn without_signatures(
    sight: Sight<'_>,
    apex: &DnsName,
    algorithms: &[u8],
    announced: &[u8],
    weak: impl Fn(String, &Probe) -> Finding,
) -> Option<Finding> {
    let Known::Seen(probe, seen) = sight.records(apex, RecordKind::Soa) else { return None };
    let signatures = seen.signatures.as_ref().filter(|_| seen.dnssec == DnssecState::Secure)?;
    let unused: Vec<u8> = algorithms.iter().copied().filter(|one| !signatures.algorithms.contains(one)).collect();
    let first = unused.first()?;
    let list = unused.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let is_announced = announced.iter().any(|algorithm| unused.contains(algorithm));
    let finding = weak(
        format!(
            "the zone {apex} has a key (DNSKEY) of algorithm {list}, but its SOA record has no signature of this algorithm"
        ),
        probe,
    );
    Some(Finding {
        severity: if is_announced { Severity::Warning } else { Severity::Notice },
        cause: if is_announced {
            "The parent zone announces this algorithm (DS), so resolvers that require signatures of each announced algorithm fail to resolve the zone.".to_owned()
        } else {
            "Each algorithm for which a zone has keys must sign all of its records. Some resolvers fail to resolve zones in which signatures are missing.".to_owned()
        },
        fixes: vec![Fix::text(format!(
            "DNS operator: sign all records of {apex} with a key of algorithm {first}, or remove the DS record and then the key of this algorithm"
        ))],
        ..finding
    })
}

fn iterations(sight: Sight<'_>, apex: &DnsName, weak: impl Fn(String, &Probe) -> Finding) -> Option<Finding> {
    let Known::Seen(probe, seen) = sight.records(apex, RecordKind::Nsec3Param) else { return None };
    let count = seen.records.iter().find_map(|record| match record.data {
        RecordData::Nsec3Param { iterations, .. } if iterations > 0 => Some(iterations),
        _ => None,
    })?;
    let finding = weak(format!("the zone {apex} uses NSEC3 with {count} iterations"), probe);
    let is_high = count > 100;
    Some(Finding {
        severity: if is_high { Severity::Warning } else { Severity::Notice },
        cause: if is_high {
            "Many resolvers treat negative responses from this zone as unsigned, so DANE has no effect. Others respond with SERVFAIL, so DANE fails.".to_owned()
        } else {
            "The number of iterations must be 0: iterations take time and add no security. From time to time, resolver vendors lower the number that they accept.".to_owned()
        },
        fixes: vec![Fix::run(
            format!("DNS operator: use 0 iterations and no salt for {apex} (this is the command for BIND)"),
            format!("rndc signing -nsec3param 1 0 0 - {apex}"),
        )],
        ..finding
    })
}

fn not_active(apex: &DnsName, probe: &Probe, of_ds: &Probe) -> Finding {
    let summary = format!("the zone {apex} is signed, but its parent zone has no DS record");
    let finding = Finding::new(&DNSSEC_NOT_ACTIVE, Phase::Dns, Confidence::Certain, summary);
    Finding {
        cause: "Resolvers treat the zone as unsigned, so DNSSEC and DANE have no effect.".to_owned(),
        fixes: vec![Fix::text(format!(
            "Domain owner: if the zone should be signed, enter the DS record of {apex} at the registrar"
        ))],
        ..finding.tried(probe.id).tried(of_ds.id)
    }
}
