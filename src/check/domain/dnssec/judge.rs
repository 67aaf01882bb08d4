//! Findings about DNSSEC. If the MX records or the IP addresses of all hosts are bogus, senders that validate DNSSEC
//! cannot deliver mail. A state that could not be determined is never reported as insecure.

use std::collections::BTreeSet;

use super::super::mx::MxHost;
use super::super::sight::{Known, Sight, is_bogus};
use super::super::{delegation, direct, dkim, mx, zone};
use super::ends;
use super::rules::{
    DNSSEC_BOGUS, DNSSEC_DS_MISMATCH, DNSSEC_NOT_ACTIVE, DNSSEC_NOT_TESTED, DNSSEC_SIGNATURE_EXPIRED,
    DNSSEC_SIGNATURE_NOT_YET_VALID, DNSSEC_WEAK,
};
use super::words::{bogus_words, date};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity, in_shell, plural};
use crate::evidence::{
    BogusReason, DnsRecord, DnssecState, Evidence, IndeterminateReason, Phase, Probe, RecordData, RecordsSeen,
};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

pub(super) fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut findings = bogus(sight);
    findings.extend(ends::finding(sight, &signed(sight)));
    findings.extend(not_tested(sight));
    findings.extend(keys(sight));
    findings
}

/// The signature algorithms in the IANA registry that a resolver can support. The private algorithms (253, 254) are
/// included, because an operator who uses one does so on purpose.
const KNOWN_ALGORITHMS: [u8; 15] = [1, 3, 5, 6, 7, 8, 10, 12, 13, 14, 15, 16, 23, 253, 254];

/// A response with its query.
type JudgedResponse<'s> = (DnsName, RecordKind, &'s Probe, &'s RecordsSeen);

/// The responses on which delivery depends: the MX records and the addresses of the hosts.
fn responses(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let mut questions = vec![(sight.name(), RecordKind::Mx)];
    for host in mx::mail_hosts(sight) {
        questions.extend(mx::KINDS.map(|kind| (host.name.clone(), kind)));
    }
    answered(sight, questions)
}

/// The responses on which authentication and policies depend: the TXT records of the domain, and those below it. If the
/// denial of the domain's TXT records is bogus, the SPF check reports it.
fn texts(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let domain = sight.name();
    let policies = ["_dmarc", "_mta-sts", "_smtp._tls"].into_iter().filter_map(|label| domain.below(label).ok());
    let names = std::iter::once(domain.clone()).chain(policies).chain(dkim::known_names(sight));
    let mut texts = answered(sight, names.map(|name| (name, RecordKind::Txt)).collect());
    texts.retain(|(name, _, _, seen)| *name != domain || !seen.records.is_empty());
    texts
}

/// All responses whose signatures matter, with the SOA record of the zone.
fn signed(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let apex = zone::apex(sight).map(|apex| (apex, RecordKind::Soa)).into_iter().collect();
    responses(sight).into_iter().chain(texts(sight)).chain(answered(sight, apex)).collect()
}

fn answered(sight: Sight<'_>, questions: Vec<(DnsName, RecordKind)>) -> Vec<JudgedResponse<'_>> {
    questions
        .into_iter()
        .filter_map(|(name, kind)| match sight.records(&name, kind) {
            Known::Seen(probe, seen) => Some((name, kind, probe, seen)),
            Known::Unasked | Known::Waiting | Known::Failed(..) | Known::Skipped => None,
        })
        .collect()
}

/// The reason why a response, or an alias that leads to it, is bogus.
fn bogus_reason(seen: &RecordsSeen) -> Option<(&BogusReason, Option<&DnsName>)> {
    seen.aliases.iter().map(|alias| &alias.dnssec).chain([&seen.dnssec]).find_map(|state| match state {
        DnssecState::Bogus { why, zone } => Some((why, zone.as_ref())),
        _ => None,
    })
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

/// Whether the signatures of all queried authoritative servers are valid, so that the resolver is at fault.
fn is_valid_at_servers(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    delegation::is_valid_at_every_server(sight, name, kind) || direct::is_valid_at_servers(sight, name, kind)
}

/// One finding for each rule and zone.
fn bogus(sight: Sight<'_>) -> Vec<Finding> {
    let mut found: Vec<(&'static Rule, Option<DnsName>, Finding, Vec<String>)> = Vec::new();
    let (of_resolver, of_zone): (Vec<JudgedResponse<'_>>, Vec<JudgedResponse<'_>>) = responses(sight)
        .into_iter()
        .chain(texts(sight))
        .filter(|(.., seen)| is_bogus(seen))
        .partition(|(name, kind, ..)| is_valid_at_servers(sight, name, *kind));
    for (name, kind, probe, seen) in of_zone {
        let Some((why, zone)) = bogus_reason(seen) else { continue };
        let rule = rule_of(why);
        let what = format!("{kind} of {}", probe.quote(name.as_str()));
        match found.iter_mut().find(|(known, at, ..)| known.id == rule.id && at.as_ref() == zone) {
            Some((_, _, finding, names)) => {
                *finding = finding.clone().tried(probe.id);
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
    found.into_iter().map(with_names).chain(changed_by_resolver(&of_resolver)).collect()
}

/// The effect of bogus TXT records.
const OF_TEXTS: &str = "Resolvers that validate DNSSEC respond with SERVFAIL instead of these records. Receivers that use such a resolver cannot evaluate SPF, DKIM or DMARC for mail from the domain, and senders do not find its MTA-STS policy.";

/// The resolver's responses are bogus, although all name servers send valid signatures. The zone has no fault.
fn changed_by_resolver(responses: &[JudgedResponse<'_>]) -> Option<Finding> {
    let names: Vec<String> =
        responses.iter().map(|(name, kind, probe, _)| format!("{kind} of {}", probe.quote(name.as_str()))).collect();
    let (_, _, first, seen) = responses.first()?;
    let (why, _) = bogus_reason(seen)?;
    let summary = format!(
        "this machine's resolver returned records with invalid DNSSEC signatures ({}), but the signatures of the name servers are valid ({})",
        bogus_words(why),
        names.join(", ")
    );
    let finding = Finding::new(rule_of(why), Phase::Dns, Confidence::Likely, summary).tried(first.id);
    let finding = Finding {
        severity: Severity::Warning,
        cause: "The resolver, or a device on the network path to it, changes DNS responses or has old ones in its cache. The domain is not at fault. The results of this check apply to the records that the resolver returned.".to_owned(),
        otherwise: Some("A name server that was not queried may send invalid signatures. Repeat the check with another resolver to find out.".to_owned()),
        fixes: vec![Fix::text("Repeat the check with another resolver (--resolver)")],
        ..finding
    };
    Some(responses.iter().fold(finding, |finding, (_, _, probe, _)| finding.tried(probe.id)))
}

/// Whether senders that validate DNSSEC find no host: the MX records are bogus, or the addresses of every host are
/// bogus.
fn prevents_delivery(sight: Sight<'_>) -> bool {
    let is_bogus = |name: &DnsName, kind: RecordKind| {
        let is_bogus = sight.records(name, kind).answer().is_some_and(|seen| bogus_reason(seen).is_some());
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

/// The state could not be determined from this machine.
fn not_tested(sight: Sight<'_>) -> Option<Finding> {
    let (why, probe) = responses(sight).into_iter().find_map(|(_, _, probe, seen)| match &seen.dnssec {
        // A separate finding reports a response such as SERVFAIL.
        DnssecState::Indeterminate { why } if *why != IndeterminateReason::NotValidated && seen.is_answer() => {
            Some((*why, probe))
        }
        _ => None,
    })?;
    let (summary, cause) = match why {
        IndeterminateReason::SignaturesStripped => (
            "the resolver removes DNSSEC signatures, so DNSSEC and DANE were not tested",
            "This machine's resolver does not return signatures, so it is not known whether the domain is signed.",
        ),
        IndeterminateReason::AnchorMismatch => (
            "smtpcheck's trust anchor matches no key of its zone (by default the root zone), so DNSSEC and DANE were not tested",
            "This machine's resolver may use another root zone or change responses, or the trust anchor may be out of date. This is not a fault of the domain.",
        ),
        IndeterminateReason::UnsupportedAlgorithm => (
            "a zone is signed only with Ed448, which smtpcheck cannot verify, so DNSSEC and DANE were not tested",
            "Resolvers that support Ed448 (algorithm 16) validate the records of this zone. For other resolvers, the zone is unsigned.",
        ),
        IndeterminateReason::LookupFailed | IndeterminateReason::NotValidated => (
            "a key that DNSSEC validation needs could not be looked up, so DNSSEC was not tested",
            "A DNSKEY or DS record is missing because its lookup failed, so it is not known whether the records are signed correctly.",
        ),
    };
    let is_anchor = why == IndeterminateReason::AnchorMismatch;
    let fix = match why {
        IndeterminateReason::AnchorMismatch => Fix::text(
            "Repeat the check with another resolver (--resolver), or with the trust anchor of its root zone (--trust-anchor)",
        ),
        IndeterminateReason::UnsupportedAlgorithm => Fix::run(
            "Validate the records with a program that supports Ed448, for example delv from BIND",
            format!("delv {} MX", sight.name()),
        ),
        IndeterminateReason::SignaturesStripped
        | IndeterminateReason::LookupFailed
        | IndeterminateReason::NotValidated => {
            Fix::text("Repeat the check with a resolver that supports DNSSEC (--resolver)")
        }
    };
    Some(Finding {
        cause: cause.to_owned(),
        fixes: vec![fix],
        severity: if is_anchor { Severity::Warning } else { Severity::Notice },
        ..Finding::new(&DNSSEC_NOT_TESTED, Phase::Dns, Confidence::Certain, summary.to_owned()).tried(probe.id)
    })
}

/// Weak algorithms and parameters in the domain's zone, and keys without a DS record.
fn keys(sight: Sight<'_>) -> Vec<Finding> {
    let Some(apex) = zone::apex(sight) else { return Vec::new() };
    let Known::Seen(probe, keys) = sight.records(&apex, RecordKind::Dnskey) else { return Vec::new() };
    if keys.records.is_empty() {
        return Vec::new();
    }
    let Known::Seen(of_ds, ds) = sight.records(&apex, RecordKind::Ds) else { return Vec::new() };
    if ds.is_void() {
        // Only a signed proof from the parent zone shows that the DS record is missing.
        let is_proven = matches!(ds.dnssec, DnssecState::Secure | DnssecState::Insecure);
        return if is_proven { vec![not_active(&apex, probe, of_ds)] } else { Vec::new() };
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
