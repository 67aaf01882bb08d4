//! Notes about the domain: CAA records that exclude the CA of an MX host's certificate, a BIMI logo without an enforced
//! DMARC policy, and the requirements of large receivers that can be checked from outside. None of these faults alone
//! prevents delivery.

use super::seen::PublishedState;
use super::sight::{Known, Sight, is_conclusive, records};
use super::{dkim, dmarc, hosts, mx, reverse, spf};
use crate::check::finding::{Check, Docs, Finding, Rule, Severity};
use crate::evidence::{Certificate, Evidence, Phase, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::tags::TagList;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind, reverse_name};

pub(super) static CHECK: Check = Check {
    subject: "domain-notes",
    ask,
    judge,
    rules: &[&CAA_EXCLUDES_ISSUER, &BIMI_WITHOUT_POLICY, &RECEIVER_DEMANDS],
};

static CAA_EXCLUDES_ISSUER: Rule = Rule {
    id: "caa-excludes-issuer",
    severity: Severity::Notice,
    title: "the CAA records do not permit the CA of the mail server's certificate",
    docs: Docs {
        sees: "The MX host, or one of its parent domains, has CAA records, and none of them names the CA that issued the certificate in use. CAs whose identifiers smtpcheck does not know are not reported.",
        matters: "The certificate remains valid, but the CA must refuse the next renewal.",
        action: "DNS operator: unless you plan to switch to another CA, add an issue record for the current CA.",
        example: "example.com CAA 0 issue \"digicert.com\", and a certificate from Let's Encrypt",
        references: "RFC 8659 section 3 (the closest CAA records apply), section 4.2 (issue), section 4.3 (issuewild)",
    },
};

static BIMI_WITHOUT_POLICY: Rule = Rule {
    id: "bimi-without-policy",
    severity: Severity::Notice,
    title: "a BIMI logo is published, but DMARC is not enforced",
    docs: Docs {
        sees: "default._bimi.<domain> has a BIMI record, but the DMARC policy is none, is in test mode, applies to only part of the mail, or does not cover subdomains.",
        matters: "Receivers do not show the logo.",
        action: "DNS operator: enforce the DMARC policy: use p=quarantine or p=reject, and remove pct and sp=none.",
        example: "default._bimi.example.com TXT \"v=BIMI1; l=https://example.com/logo.svg\", and p=none",
        references: "BIMI (draft-brand-indicators-for-message-identification): the domain needs an enforced DMARC policy",
    },
};

static RECEIVER_DEMANDS: Rule = Rule {
    id: "receiver-demands",
    severity: Severity::Notice,
    title: "the domain does not meet the requirements of large receivers",
    docs: Docs {
        sees: "SPF, DKIM, DMARC or reverse DNS is missing for the domain or the sending IP address, although large receivers require it. smtpcheck tests this only with --sending. It cannot see the spam rate, the volume, the unsubscribe header, or whether mail is signed.",
        matters: "Gmail requires SPF or DKIM, and a PTR name that resolves back to the IP address, from all senders. Gmail, Yahoo and Outlook.com require SPF, DKIM and DMARC from senders of about 5,000 or more messages a day. They reject or defer other mail, for example with 550 5.7.26, 550 5.7.25 or 550 5.7.515.",
        action: "Publish the records that the finding names. A separate finding gives the details of each missing record.",
        example: "no DMARC record: Gmail, Yahoo and Outlook.com reject mail from large senders",
        references: "support.google.com/a/answer/81126; senders.yahooinc.com; support.microsoft.com (NDR 5.7.515); postmaster.gmx.com",
    },
};

/// A CA: part of its name as it appears in the issuer field of certificates, and the domains that identify the CA in
/// CAA records.
struct CaaIdentity {
    issuer: &'static str,
    domains: &'static [&'static str],
}

/// The CAs that most mail servers use, from the CAs' documentation.
const AUTHORITIES: &[CaaIdentity] = &[
    CaaIdentity { issuer: "Let's Encrypt", domains: &["letsencrypt.org"] },
    CaaIdentity {
        issuer: "DigiCert",
        domains: &[
            "digicert.com",
            "digicert.ne.jp",
            "cybertrust.ne.jp",
            "symantec.com",
            "thawte.com",
            "geotrust.com",
            "rapidssl.com",
        ],
    },
    CaaIdentity {
        issuer: "Sectigo",
        domains: &["sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com"],
    },
    CaaIdentity { issuer: "ZeroSSL", domains: &["sectigo.com", "zerossl.com"] },
    CaaIdentity { issuer: "Google Trust Services", domains: &["pki.goog"] },
    CaaIdentity { issuer: "GlobalSign", domains: &["globalsign.com"] },
    CaaIdentity { issuer: "Amazon", domains: &["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"] },
    CaaIdentity { issuer: "GoDaddy", domains: &["godaddy.com", "starfieldtech.com"] },
    CaaIdentity { issuer: "Entrust", domains: &["entrust.net", "affirmtrust.com"] },
    CaaIdentity { issuer: "Buypass", domains: &["buypass.com", "buypass.no"] },
    CaaIdentity { issuer: "SwissSign", domains: &["swisssign.com", "swisssign.net"] },
    CaaIdentity { issuer: "D-Trust", domains: &["d-trust.net", "dtrust.de"] },
    CaaIdentity { issuer: "Certum", domains: &["certum.pl", "certum.eu"] },
    CaaIdentity { issuer: "Actalis", domains: &["actalis.it"] },
];

/// The names at which CAs look for the CAA records of a host: the host and all its parent domains (RFC 8659 §3).
fn caa_names(host: &DnsName) -> Vec<DnsName> {
    let above = std::iter::successors(Some(host.clone()), DnsName::parent);
    above.take_while(|name| !name.is_root()).take(10).collect()
}

/// The leaf certificates of an MX host.
fn leaves<'s>(sight: Sight<'s>, host: &DnsName) -> Vec<&'s Certificate> {
    let chains = mx::addresses(sight, host).into_iter().flat_map(|ip| hosts::chains(sight, host, ip));
    chains.filter_map(|presented| presented.leaf()).collect()
}

fn authority(issuer: &str) -> Option<&'static CaaIdentity> {
    AUTHORITIES.iter().find(|ca| issuer.contains(ca.issuer))
}

fn bimi_name(sight: Sight<'_>) -> Option<DnsName> {
    sight.name().below("default._bimi").ok()
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions: Vec<Question> = bimi_name(sight).iter().map(|name| records(name, RecordKind::Txt)).collect();
    for host in mx::mail_hosts(sight) {
        if leaves(sight, &host.name).into_iter().any(|leaf| authority(&leaf.issuer).is_some()) {
            questions.extend(caa_names(&host.name).iter().map(|name| records(name, RecordKind::Caa)));
        }
    }
    questions
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    let mut reported: Vec<DnsName> = Vec::new();
    for host in mx::mail_hosts(sight).into_iter().map(|host| host.name) {
        for leaf in leaves(sight, &host) {
            if let Some((at, finding)) = caa(sight, &host, &leaf.issuer, &leaf.names)
                && !reported.contains(&at)
            {
                reported.push(at);
                findings.push(finding);
            }
        }
    }
    findings.extend(bimi(sight));
    findings.extend(demands(sight));
    findings
}

/// The closest name with CAA records; `None` if there are none, or while a closer name is unknown.
fn closest_caa<'s>(sight: Sight<'s>, host: &DnsName) -> Option<(DnsName, &'s RecordsSeen)> {
    for name in caa_names(host) {
        let seen = sight.records(&name, RecordKind::Caa).answer().filter(|seen| is_conclusive(seen))?;
        if !seen.records.is_empty() {
            return Some((name, seen));
        }
    }
    None
}

/// The finding if the CAA records do not permit the CA to renew its certificate for the given names.
fn caa(sight: Sight<'_>, host: &DnsName, issuer: &str, names: &[String]) -> Option<(DnsName, Finding)> {
    let ca = authority(issuer)?;
    let (at, seen) = closest_caa(sight, host)?;
    let probe = sight.records(&at, RecordKind::Caa).probe()?;
    let permitted = permitted(seen, is_for_wildcard(names, host))?;
    if permitted.iter().any(|domain| ca.domains.contains(&domain.as_str())) {
        return None;
    }
    let identity = ca.domains.first()?;
    let summary = format!(
        "the CAA records of {} do not permit {}, which issued the certificate of {}",
        probe.quote(at.as_str()),
        ca.issuer,
        probe.quote(host.as_str())
    );
    let mut finding = Finding::new(&CAA_EXCLUDES_ISSUER, Phase::Dns, Confidence::Likely, summary).tried(probe.id);
    "The certificate in use remains valid, but this CA must refuse to renew it (RFC 8659)."
        .clone_into(&mut finding.cause);
    finding.otherwise =
        Some("The CA may accept a different identifier, or the next certificate may come from another CA".to_owned());
    finding.fixes.push(Fix::run(
        "DNS operator: unless you plan to switch to another CA, permit the current CA",
        format!("{}. CAA 0 issue \"{identity}\"", probe.quote(at.as_str())),
    ));
    Some((at, finding))
}

/// Whether only a wildcard name of the certificate covers the host.
fn is_for_wildcard(names: &[String], host: &DnsName) -> bool {
    !names.iter().any(|name| name.eq_ignore_ascii_case(host.as_str()))
        && names.iter().any(|name| name.starts_with("*."))
}

/// The domains of the CAs that may issue certificates; `None` if the records do not restrict the CAs.
fn permitted(seen: &RecordsSeen, is_wildcard: bool) -> Option<Vec<String>> {
    let of = |wanted: &str| -> Vec<String> {
        let values = seen.records.iter().filter_map(|record| match &record.data {
            RecordData::Caa { tag, value, .. } if tag.eq_ignore_ascii_case(wanted) => Some(value),
            _ => None,
        });
        values.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()).collect()
    };
    let (issue, wildcard) = (of("issue"), of("issuewild"));
    let relevant = if is_wildcard && !wildcard.is_empty() { wildcard } else { issue };
    (!relevant.is_empty()).then_some(relevant)
}

fn bimi(sight: Sight<'_>) -> Option<Finding> {
    let name = bimi_name(sight)?;
    let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Txt) else { return None };
    let has_logo = |text: &str| {
        let tags = TagList::parse(text);
        // An empty l= declares that the domain has no logo.
        tags.get("v") == Some("BIMI1") && tags.get("l").is_some_and(|logo| !logo.is_empty())
    };
    if !seen.texts().any(has_logo) || dmarc::is_enforced(sight) != Some(false) {
        return None;
    }
    let summary = format!("{name} has a BIMI logo, but the DMARC policy is not enforced");
    let mut finding = Finding::new(&BIMI_WITHOUT_POLICY, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding = sight.tried(finding, sight.name().below("_dmarc").ok().map(|name| (name, RecordKind::Txt)));
    "Receivers show the logo only for domains with p=quarantine or p=reject that applies to all mail and to subdomains.".clone_into(&mut finding.cause);
    finding.fixes.push(Fix::text(format!("DNS operator: enforce the policy in the DMARC record of {}", sight.name())));
    Some(finding)
}

/// The requirements of large receivers that the domain is known not to meet.
fn demands(sight: Sight<'_>) -> Option<Finding> {
    if sight.domain.sending.is_empty() {
        return None;
    }
    let name = sight.name();
    let mut facts: Vec<String> = Vec::new();
    let mut probes: Vec<&Probe> = Vec::new();
    let mut lookups: Vec<(DnsName, RecordKind)> = Vec::new();
    let text_of = |name: &DnsName| sight.records(name, RecordKind::Txt).probe();
    let spf = spf::summary(sight);
    // Receivers accept a signature of a parent domain as well.
    let no_dkim = dkim::can_exist(sight) == Some(false) && dkim::can_exist_above(sight) == Some(false);
    let no_spf = spf.state == PublishedState::Absent;
    let mut dependence = None;
    if no_spf && no_dkim {
        facts.push(format!("{name} has neither SPF nor DKIM: Gmail requires one of them from every sender"));
    } else if no_spf {
        facts.push(format!("{name} has no SPF record: Gmail, Yahoo and Outlook.com require SPF from large senders"));
    } else if no_dkim {
        facts.push(format!("{name} has no DKIM key: Gmail, Yahoo and Outlook.com require DKIM from large senders"));
    }
    probes.extend(text_of(&name).filter(|_| no_spf));
    probes.extend(dkim::lookup_of_keys(sight).filter(|_| no_dkim));
    for result in spf.results.iter().filter(|result| sight.domain.sending.contains(&result.ip)) {
        if matches!(result.result.as_str(), "fail" | "softfail" | "permerror") {
            facts.push(format!(
                "the SPF result for {} is {}: Outlook.com requires that mail from large senders pass SPF",
                result.ip, result.result
            ));
            probes.extend(text_of(&name));
            lookups.extend(spf::denied_for(sight, result.ip));
            dependence = spf::dependence(sight);
        }
    }
    if dmarc::summary(sight).state == PublishedState::Absent {
        facts.push(format!("{name} has no DMARC record: Gmail, Yahoo and Outlook.com require one from large senders"));
        probes.extend(name.below("_dmarc").ok().and_then(|name| text_of(&name)));
    }
    for ip in &sight.domain.sending {
        let known = facts.len();
        if reverse::has_no_name(sight, *ip) {
            facts
                .push(format!("{ip} has no PTR record: Gmail, GMX, Telekom and Comcast require one from every sender"));
        } else if reverse::confirmed(sight, *ip).1 == Some(false) {
            facts.push(format!(
                "the PTR name of {ip} does not resolve back to it: Gmail and Yahoo require a matching PTR name from every sender"
            ));
        }
        if facts.len() > known {
            probes.extend(sight.records(&reverse_name(*ip), RecordKind::Ptr).probe());
            lookups.extend(reverse::of_names(sight, *ip));
        }
    }
    if facts.is_empty() {
        return None;
    }
    let summary = format!("{name} does not meet the requirements of large receivers");
    let mut finding = Finding::new(&RECEIVER_DEMANDS, Phase::Dns, Confidence::Certain, summary);
    finding = probes.into_iter().fold(finding, |finding, probe| finding.tried(probe.id));
    finding = sight.tried(finding, lookups);
    if dependence.is_some() {
        finding.confidence = Confidence::Likely;
        finding.otherwise = dependence;
    }
    "A large sender sends about 5,000 or more messages a day to one of these receivers. smtpcheck cannot see the spam rate, the unsubscribe header, or whether mail is signed.".clone_into(&mut finding.cause);
    finding.consequences = facts;
    finding.fixes.push(Fix::open(
        "Compare the settings with the guidelines of the receivers",
        "https://support.google.com/a/answer/81126",
    ));
    Some(finding)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use super::{caa, caa_names, permitted};
    use crate::check::Finding;
    use crate::check::domain::sight::{Sight, records};
    use crate::check::domain::world::{World, name, plan, response};
    use crate::check::finding::Severity;
    use crate::evidence::{Answer, Outcome, RecordData};
    use crate::wire::RecordKind;

    fn checked(sending: &[&str], zone: &str) -> Vec<Finding> {
        let mut plan = plan("example.com");
        plan.domain.as_mut().unwrap().sending = sending.iter().map(|ip| ip.parse().unwrap()).collect();
        let evidence = World::new().zone("example.com MX 10 mx.example.com").zone(zone).evidence(&plan);
        let ours = ["caa-excludes-issuer", "bimi-without-policy", "receiver-demands"];
        let findings = crate::check::judge(&plan, &evidence);
        findings.into_iter().filter(|finding| ours.contains(&&*finding.rule)).collect()
    }

    #[test]
    fn a_logo_needs_an_enforced_policy() {
        let logo =
            "default._bimi.example.com TXT v=BIMI1; l=https://example.com/l.svg\n_dmarc.example.com TXT v=DMARC1; ";
        for (policy, count) in [
            ("p=reject", 0),
            ("p=none", 1),
            ("p=reject; sp=none", 1),
            ("p=reject; t=y", 1),
            ("p=quarantine; pct=50", 1),
        ] {
            let findings = checked(&[], &format!("{logo}{policy}"));
            assert_eq!(findings.len(), count, "{policy}");
            assert!(findings.iter().all(|finding| finding.severity == Severity::Notice));
        }
        assert!(checked(&[], "default._bimi.example.com TXT v=BIMI1; l=; a=").is_empty());
    }

    #[test]
    fn requirements_of_receivers_are_reported_only_for_senders() {
        assert!(checked(&[], "").is_empty());
        let findings = checked(&["192.0.2.7"], "");
        assert_eq!(findings.iter().map(|finding| &*finding.rule).collect::<Vec<_>>(), ["receiver-demands"]);
        assert_eq!(findings[0].evidence.probes.len(), 4);
        let facts = findings[0].consequences.join("\n");
        for word in ["DKIM", "DMARC record", "PTR record"] {
            assert!(facts.contains(word), "{facts}");
        }
        let good = "7.2.0.192.in-addr.arpa PTR mail.example.com\nmail.example.com A 192.0.2.7\n\
                    example.com TXT v=spf1 ip4:192.0.2.7 -all\ns1._domainkey.example.com TXT v=DKIM1; p=\n\
                    _dmarc.example.com TXT v=DMARC1; p=reject";
        assert!(checked(&["192.0.2.7"], good).is_empty());
    }

    #[test]
    fn a_certificate_from_an_excluded_ca_is_noted() {
        let plan = plan("example.com");
        let mut evidence = World::new().evidence(&plan);
        for (of, value) in [("mx.example.com", None), ("example.com", Some("digicert.com"))] {
            let value = value.map(|value| RecordData::Caa {
                critical: false,
                tag: "issue".to_owned(),
                value: value.to_owned(),
            });
            let answer = Answer::Records(response(&name(of), value.into_iter().collect()));
            evidence.asked(records(&name(of), RecordKind::Caa), 1.0, Outcome::Done { answer });
        }
        let sight = Sight::new(&plan, &evidence).unwrap();
        let names = ["mx.example.com".to_owned()];
        let of = |issuer: &str| caa(sight, &name("mx.example.com"), issuer, &names).map(|(at, _)| at);
        assert_eq!(of("C=US, O=Let's Encrypt, CN=R10"), Some(name("example.com")));
        assert_eq!(of("C=US, O=DigiCert Inc, CN=DigiCert TLS"), None);
        assert_eq!(of("O=Example, CN=Unknown CA"), None);
    }

    #[test]
    fn caa_records_permit_what_they_name() {
        let caa =
            |tag: &str, value: &str| RecordData::Caa { critical: false, tag: tag.to_owned(), value: value.to_owned() };
        let of = |records: Vec<RecordData>, wildcard| permitted(&response(&name("example.com"), records), wildcard);
        let issue = caa("issue", "letsencrypt.org; validationmethods=dns-01");
        assert_eq!(
            of(vec![issue.clone(), caa("iodef", "mailto:a@b.example")], false),
            Some(vec!["letsencrypt.org".to_owned()])
        );
        assert_eq!(of(vec![caa("iodef", "mailto:a@b.example")], false), None);
        assert_eq!(of(vec![issue, caa("issuewild", ";")], true), Some(vec![String::new()]));
        let names: Vec<String> = caa_names(&name("mx.example.com")).iter().map(|name| name.to_string()).collect();
        assert_eq!(names, ["mx.example.com", "example.com", "com"]);
    }
}
