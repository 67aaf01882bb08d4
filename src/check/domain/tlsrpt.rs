//! TLS-RPT (RFC 8460): whether the domain receives reports about TLS failures.
//!
//! Without DANE and MTA-STS there is nothing to report, so a missing record is reported (as a notice) only if the
//! domain uses one of them. Reports about the DANE records of an MX host use a TLS-RPT record at that host (RFC 8460
//! §1.1). smtpcheck does not look up that record.

use super::seen::{PublishedState, TlsRptSeen};
use super::sight::{Known, Sight, is_conclusive, records};
use super::{dane, mx, purpose, sts};
use crate::check::finding::{Check, Docs, Finding, Rule, Severity};
use crate::evidence::{DnsCode, DnsRecord, Evidence, Phase, Probe, RecordData};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::mta_sts::{StsEffect, versioned};
use crate::policy::tls_rpt::{ReportUri, TlsRptRecord};
use crate::policy::txt::in_strings;
use crate::question::Question;
use crate::wire::{DnsName, DomainName, ForwardPath, RecordKind};

pub(super) static CHECK: Check =
    Check { subject: "domain-tlsrpt", ask, judge, rules: &[&TLSRPT_INVALID, &TLSRPT_UNDELIVERABLE, &TLSRPT_MISSING] };

static TLSRPT_INVALID: Rule = Rule {
    id: "tlsrpt-invalid",
    severity: Severity::Warning,
    title: "the TLS-RPT record is invalid, so no reports will arrive",
    docs: Docs {
        sees: "There are several TLS-RPT records, the record does not begin with \"v=TLSRPTv1;\", its rua has no mailto: or https: address, or the record is at the wrong name, such as _tlsrpt. If only part of the record is invalid, the finding is a notice.",
        matters: "Senders do not send reports, so failures of DANE and MTA-STS remain unnoticed.",
        action: "DNS operator: publish exactly one record in the form that smtpcheck prints.",
        example: "v=TLSRPTv1; rua=reports@example.com: mailto: is missing",
        references: "RFC 8460 section 3 (records)",
    },
};

static TLSRPT_UNDELIVERABLE: Rule = Rule {
    id: "tlsrpt-undeliverable",
    severity: Severity::Warning,
    title: "a TLS report address cannot receive mail",
    docs: Docs {
        sees: "The TLS-RPT record contains an email address in another domain, and that domain does not exist, or declares with a null MX record that it receives no mail. Up to 5 domains are looked up.",
        matters: "Reports for this address are lost, so failures of DANE and MTA-STS remain unnoticed.",
        action: "DNS operator: replace the address in the record with one that receives mail.",
        example: "rua=mailto:tlsrpt@reports.example.com, and reports.example.com does not exist",
        references: "RFC 8460 section 3 (rua), RFC 7505 section 3 (null MX)",
    },
};

static TLSRPT_MISSING: Rule = Rule {
    id: "tlsrpt-missing",
    severity: Severity::Notice,
    title: "there is no TLS-RPT record, although the domain uses DANE or MTA-STS",
    docs: Docs {
        sees: "The domain has an MTA-STS record, or an MX host has signed TLSA records, but there is no TLS-RPT record at _smtp._tls.",
        matters: "If a server's certificate does not match the policy, senders do not deliver mail. Such failures occur on the senders' side, so only TLS reports show them to you.",
        action: "DNS operator: publish the record that smtpcheck prints, with an address that receives mail.",
        example: "_mta-sts.example.com exists, but _smtp._tls.example.com does not",
        references: "RFC 8460 section 3 (records), RFC 8460 section 1.1 (policy domain)",
    },
};

/// The TLS-RPT record of the domain.
#[derive(Clone, Debug)]
enum PublishedReports<'s> {
    /// The lookup has not ended yet, or it failed.
    Unknown,
    Absent {
        probe: &'s Probe,
    },
    /// A TXT record that was probably intended as a TLS-RPT record.
    Other {
        probe: &'s Probe,
        text: &'s str,
    },
    Several {
        probe: &'s Probe,
        texts: Vec<&'s str>,
    },
    Found {
        probe: &'s Probe,
        text: &'s str,
        record: TlsRptRecord<'s>,
    },
}

fn record_name(sight: Sight<'_>) -> Option<DnsName> {
    sight.name().below("_smtp._tls").ok()
}

/// Wrong names at which a record for this domain may have been published. Senders do not look there.
fn wrong_names(sight: Sight<'_>) -> Vec<DnsName> {
    let domain = sight.name();
    let doubled = domain.below(domain.as_str()).and_then(|name| name.below("_smtp._tls"));
    let mistaken = ["_tlsrpt", "_tls", "_smtp-tls"].map(|label| domain.below(label));
    mistaken.into_iter().chain([doubled]).flatten().collect()
}

/// A record at the wrong name.
fn misplaced(sight: Sight<'_>) -> Option<(DnsName, &Probe, &str)> {
    wrong_names(sight).into_iter().find_map(|name| {
        let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Txt) else { return None };
        let text = seen.texts().find(|text| !versioned(&[text], "v=TLSRPTv1").is_empty())?;
        Some((name, probe, text))
    })
}

fn published_reports(sight: Sight<'_>) -> PublishedReports<'_> {
    let Some(name) = record_name(sight) else { return PublishedReports::Unknown };
    let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Txt) else { return PublishedReports::Unknown };
    if !is_conclusive(seen) {
        return PublishedReports::Unknown;
    }
    let texts: Vec<&str> = seen.texts().collect();
    match versioned(&texts, "v=TLSRPTv1").as_slice() {
        [] => match texts.iter().find(|text| text.to_ascii_lowercase().contains("tlsrpt")) {
            Some(text) => PublishedReports::Other { probe, text },
            None => PublishedReports::Absent { probe },
        },
        [text] => PublishedReports::Found { probe, text, record: TlsRptRecord::parse(text) },
        several => PublishedReports::Several { probe, texts: several.to_vec() },
    }
}

/// The TLS-RPT record of the domain.
pub(super) fn summary(sight: Sight<'_>) -> TlsRptSeen {
    let invalid = |text: &str, problem: &str| TlsRptSeen {
        record: Some(text.to_owned()),
        state: PublishedState::Invalid,
        rua: Vec::new(),
        problem: Some(problem.to_owned()),
    };
    match published_reports(sight) {
        PublishedReports::Unknown => TlsRptSeen::default(),
        PublishedReports::Absent { .. } => TlsRptSeen { state: PublishedState::Absent, ..TlsRptSeen::default() },
        PublishedReports::Other { text, .. } => invalid(text, "the record does not begin with the version"),
        PublishedReports::Several { texts, .. } => {
            invalid(texts.first().copied().unwrap_or_default(), "there are several records")
        }
        PublishedReports::Found { text, record, .. } => {
            let rua = record.rua.iter().filter(|uri| uri.is_usable()).map(|uri| uri.text().to_owned()).collect();
            let problem = problem_of(&record).map(str::to_owned);
            let is_usable = record.is_usable();
            let state = if is_usable { PublishedState::Valid } else { PublishedState::Invalid };
            TlsRptSeen { record: Some(text.to_owned()), state, rua, problem }
        }
    }
}

/// The fault of a record, as a short phrase.
fn problem_of(record: &TlsRptRecord<'_>) -> Option<&'static str> {
    if record.faults.iter().any(|fault| fault.effect == StsEffect::Invalid) {
        return Some("it must begin with v=TLSRPTv1;");
    }
    if !record.has_rua {
        return Some("there is no rua");
    }
    let unusable = record.rua.iter().find(|uri| !uri.is_usable());
    match unusable {
        Some(uri) if uri.text().contains('!') => {
            Some("an address contains ! without encoding (%21); a size limit is valid only in DMARC records")
        }
        Some(ReportUri::BareAddress(_)) => Some("an address does not begin with mailto:"),
        Some(_) => Some("an address is neither mailto: nor https:"),
        None if !record.faults.is_empty() => Some("a field does not follow the grammar"),
        None => None,
    }
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    // TLS reports are about mail between servers (RFC 8460 §1), not about submission.
    let Some(sight) = Sight::new(plan, evidence).filter(|sight| !purpose::is_submission(*sight)) else {
        return Vec::new();
    };
    let mut questions: Vec<Question> = record_name(sight).iter().map(|name| records(name, RecordKind::Txt)).collect();
    if matches!(published_reports(sight), PublishedReports::Absent { .. }) {
        questions.extend(wrong_names(sight).iter().map(|name| records(name, RecordKind::Txt)));
    }
    questions.extend(of_hosts(sight).iter().map(|name| records(name, RecordKind::Txt)));
    questions.extend(other_domains(sight).iter().map(|(_, domain)| records(domain, RecordKind::Mx)));
    questions
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    finding(sight).into_iter().chain(undeliverable(sight)).collect()
}

/// The names of the TLS-RPT records that apply to DANE: for DANE, the policy domain is the name that has the TLSA
/// records (RFC 8460 §1.1).
fn of_hosts(sight: Sight<'_>) -> Vec<DnsName> {
    let domain = sight.name();
    let hosts = mx::mail_hosts(sight);
    let bases = hosts.iter().filter_map(|host| dane::base_with_records(sight, &host.name));
    let mut names: Vec<DnsName> =
        bases.filter(|base| *base != domain).filter_map(|base| base.below("_smtp._tls").ok()).collect();
    names.sort();
    names.dedup();
    names.truncate(MAX_DOMAINS);
    names
}

/// The lookups of these records.
enum HostReports<'s> {
    /// Not all lookups have a result, so there may be a record.
    Unknown,
    /// No host with TLSA records has a record.
    Absent,
    /// The hosts with a record, and whether every host with TLSA records has one.
    Found { names: Vec<DnsName>, probes: Vec<&'s Probe>, is_complete: bool },
}

fn host_reports(sight: Sight<'_>) -> HostReports<'_> {
    let all = of_hosts(sight);
    let (mut names, mut probes) = (Vec::new(), Vec::new());
    for name in &all {
        let Known::Seen(probe, seen) = sight.records(name, RecordKind::Txt) else { return HostReports::Unknown };
        if !is_conclusive(seen) {
            return HostReports::Unknown;
        }
        if seen.texts().any(|text| !versioned(&[text], "v=TLSRPTv1").is_empty()) {
            names.push(name.clone());
            probes.push(probe);
        }
    }
    if names.is_empty() {
        return HostReports::Absent;
    }
    let is_complete = names.len() == all.len();
    HostReports::Found { names, probes, is_complete }
}

/// The email addresses in the record that belong to other domains, each with its domain.
fn other_domains(sight: Sight<'_>) -> Vec<(&str, DnsName)> {
    let PublishedReports::Found { record, .. } = published_reports(sight) else { return Vec::new() };
    let mut found: Vec<(&str, DnsName)> = Vec::new();
    for uri in &record.rua {
        let ReportUri::Mail(address) = *uri else { continue };
        let domain = address.rsplit_once('@').and_then(|(_, domain)| DomainName::parse(domain).ok());
        let Some(domain) = domain.map(|domain| DnsName::from(&domain)) else { continue };
        if domain != sight.name() && found.iter().all(|(_, known)| *known != domain) && found.len() < MAX_DOMAINS {
            found.push((address, domain));
        }
    }
    found
}

/// The maximum number of these domains that are looked up.
const MAX_DOMAINS: usize = 5;

/// An address whose domain does not exist or receives no mail.
fn undeliverable(sight: Sight<'_>) -> Option<Finding> {
    let PublishedReports::Found { probe, .. } = published_reports(sight) else { return None };
    let (address, lookup, problem) = other_domains(sight).into_iter().find_map(|(address, domain)| {
        let Known::Seen(lookup, seen) = sight.records(&domain, RecordKind::Mx) else { return None };
        let is_null = |record: &DnsRecord| matches!(&record.data, RecordData::Mx { host, .. } if host.is_root());
        if !is_conclusive(seen) {
            None
        } else if seen.code == DnsCode::NxDomain {
            Some((address, lookup, "its domain does not exist (NXDOMAIN)"))
        } else if !seen.records.is_empty() && seen.records.iter().all(is_null) {
            Some((address, lookup, "its domain declares that it receives no mail (null MX)"))
        } else {
            None
        }
    })?;
    let summary = format!("TLS reports to {} cannot be delivered: {problem}", probe.quote(address));
    let mut finding = Finding::new(&TLSRPT_UNDELIVERABLE, Phase::Dns, Confidence::Certain, summary);
    finding = finding.tried(probe.id).tried(lookup.id);
    finding.cause = "Senders send the reports as mail to this address, so the reports are lost.".to_owned();
    finding.fixes = vec![publish(sight, "replace the address in the record with one that receives mail")];
    Some(finding)
}

fn finding(sight: Sight<'_>) -> Option<Finding> {
    let (probe, texts, summary, severity) = match published_reports(sight) {
        PublishedReports::Unknown => return None,
        PublishedReports::Absent { probe } => {
            // Reports are about mail between servers (RFC 8460 §1), not about submission. A domain with a null MX receives
            // no mail.
            let is_needed = !purpose::is_submission(sight) && !mx::is_null(sight) && has_policy(sight);
            let missing = || missing(sight, probe).filter(|_| is_needed);
            return wrong_name(sight).or_else(missing);
        }
        PublishedReports::Other { probe, text } => {
            let summary = format!("the TLS-RPT record does not begin with v=TLSRPTv1; ({})", probe.quote(text));
            (probe, vec![text], summary, Severity::Warning)
        }
        PublishedReports::Several { probe, texts } => {
            let summary = format!("there are {} TLS-RPT records instead of one", texts.len());
            (probe, texts, summary, Severity::Warning)
        }
        PublishedReports::Found { probe, text, record } => {
            let problem = problem_of(&record)?;
            let severity = if record.is_usable() { Severity::Notice } else { Severity::Warning };
            let summary = format!("the TLS-RPT record is invalid: {problem} ({})", probe.quote(text));
            (probe, vec![text], summary, severity)
        }
    };
    let mut finding = Finding::new(&TLSRPT_INVALID, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.severity = severity;
    finding.cause = if severity == Severity::Notice {
        "Some senders use the valid part of the record; others ignore the record.".to_owned()
    } else {
        "Senders ignore the record, so no reports will arrive.".to_owned()
    };
    let known = report_addresses(&texts);
    finding.fixes = vec![if known.is_empty() {
        publish(sight, "publish exactly one record of this form, with your address")
    } else {
        let domain = sight.name();
        Fix::run(
            format!("DNS operator of {domain}: publish exactly this record"),
            format!(
                "{}. IN TXT {}",
                owner(sight),
                probe.quote(in_strings(&format!("v=TLSRPTv1; rua={}", known.join(","))))
            ),
        )
    }];
    Some(finding)
}

/// The report addresses in invalid records, as URIs: the ones that the operator probably means.
fn report_addresses(texts: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let separators = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\\' | '<' | '>');
    for word in texts.iter().flat_map(|text| text.split(separators)) {
        let word = word.strip_prefix("rua=").unwrap_or(word);
        let word = without_size(word);
        let bare = word.strip_prefix("mailto:").unwrap_or(word);
        let uri = if word.starts_with("https://") {
            word.to_owned()
        } else if ForwardPath::parse(bare).is_ok() && bare.contains('@') {
            format!("mailto:{bare}")
        } else {
            continue;
        };
        if !found.contains(&uri) {
            found.push(uri);
        }
    }
    found
}

/// The address without a size limit such as `!10m`, which belongs only to DMARC records.
fn without_size(uri: &str) -> &str {
    let Some((address, size)) = uri.rsplit_once('!') else { return uri };
    let number = size.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G', 't', 'T']);
    let is_size = !number.is_empty() && size.len() - number.len() <= 1 && number.bytes().all(|b| b.is_ascii_digit());
    if is_size { address } else { uri }
}

fn wrong_name(sight: Sight<'_>) -> Option<Finding> {
    let (name, probe, text) = misplaced(sight)?;
    let summary = format!("the TLS-RPT record is at the wrong name {name}");
    let mut finding = Finding::new(&TLSRPT_INVALID, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding = sight.tried(finding, record_name(sight).map(|name| (name, RecordKind::Txt)));
    let domain = sight.name();
    finding.cause = format!("Senders look only at _smtp._tls.{domain}, so no reports will arrive.");
    finding.fixes = vec![Fix::run(
        format!("DNS operator of {domain}: move the record"),
        format!("{}. IN TXT {}", owner(sight), probe.quote(in_strings(text))),
    )];
    Some(finding)
}

/// No record, although senders verify the servers. A record of a host applies only to DANE.
fn missing(sight: Sight<'_>, probe: &Probe) -> Option<Finding> {
    let has_sts = has_sts(sight);
    let summary = match host_reports(sight) {
        HostReports::Unknown => return None,
        HostReports::Absent => {
            "the domain receives no reports about TLS failures, because there is no TLS-RPT record".to_owned()
        }
        HostReports::Found { is_complete: true, .. } if !has_sts => return None,
        HostReports::Found { names, probes, .. } => {
            let quoted = probes.first().zip(names.first()).map(|(probe, name)| probe.quote(name.as_str()).to_string());
            let what = if has_sts { "MTA-STS" } else { "some of its hosts" };
            format!(
                "the domain receives no reports about TLS failures for {what}: there is a TLS-RPT record at {}, which applies only to DANE at this host",
                quoted.unwrap_or_default()
            )
        }
    };
    let mut finding = Finding::new(&TLSRPT_MISSING, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding = sight.tried(finding, of_hosts(sight).into_iter().map(|name| (name, RecordKind::Txt)));
    finding.cause = "The domain uses DANE or MTA-STS, so senders delay or return messages if TLS fails. TLS reports from senders show such failures.".to_owned();
    finding.fixes = vec![publish(sight, "publish this record, with an address that receives mail")];
    Some(finding)
}

/// The name at which the TLS-RPT record is published.
fn owner(sight: Sight<'_>) -> String {
    sight.owner_below(&sight.name(), "_smtp._tls")
}

fn publish(sight: Sight<'_>, what: &str) -> Fix {
    let domain = sight.name();
    Fix::run(
        format!("DNS operator of {domain}: {what}"),
        format!("{}. IN TXT \"v=TLSRPTv1; rua=mailto:tlsrpt@{domain}\"", owner(sight)),
    )
}

fn has_sts(sight: Sight<'_>) -> bool {
    matches!(sts::summary(sight).state, PublishedState::Valid | PublishedState::Invalid)
}

/// Whether senders verify the domain's servers, with MTA-STS or DANE.
fn has_policy(sight: Sight<'_>) -> bool {
    let hosts = mx::mail_hosts(sight);
    has_sts(sight) || hosts.iter().any(|host| dane::base_with_records(sight, &host.name).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use super::{CHECK, summary};
    use crate::check::domain::seen::PublishedState;
    use crate::check::domain::sight::Sight;
    use crate::check::domain::world::{World, plan};
    use crate::check::finding::Severity;
    use crate::evidence::DnsFaultKind;
    use crate::wire::RecordKind;

    /// The findings and the state for a zone.
    fn judged(world: &mut World) -> (Vec<(String, Severity)>, PublishedState) {
        let plan = plan("example.com");
        let evidence = world.evidence_for(&plan, |plan, evidence| {
            let sts = crate::check::domain::sts::CHECK.ask;
            [CHECK.ask, sts].iter().flat_map(|ask| ask(plan, evidence)).collect()
        });
        let findings = (CHECK.judge)(&plan, &evidence);
        let sight = Sight::new(&plan, &evidence).expect("a check of a domain");
        (findings.into_iter().map(|one| (one.rule.into_owned(), one.severity)).collect(), summary(sight).state)
    }

    fn zone(lines: &str) -> (Vec<(String, Severity)>, PublishedState) {
        judged(World::new().zone(lines))
    }

    #[test]
    fn a_valid_record_raises_nothing() {
        assert_eq!(
            zone("_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:a@example.com"),
            (vec![], PublishedState::Valid)
        );
    }

    #[test]
    fn addresses_in_other_domains_must_receive_mail() {
        let record = "_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:a@reports.example.net";
        let undeliverable = vec![("tlsrpt-undeliverable".to_owned(), Severity::Warning)];
        assert_eq!(zone(record).0, undeliverable);
        assert_eq!(zone(&format!("{record}\nreports.example.net MX 0 .")).0, undeliverable);
        assert_eq!(zone(&format!("{record}\nreports.example.net MX 10 mx.example.net")).0, []);
        assert_eq!(zone(&format!("{record}\nreports.example.net A 192.0.2.1")).0, []);
        let mut failing = World::new();
        failing.record(record).fails("reports.example.net", RecordKind::Mx, DnsFaultKind::Timeout);
        assert_eq!(judged(&mut failing).0, []);
    }

    #[test]
    fn records_without_usable_addresses_are_invalid() {
        for text in ["v=TLSRPTv1; rua=a@example.com", "v=TLSRPTv1;", "v=tlsrptv1; rua=mailto:a@example.com"] {
            let (found, state) = zone(&format!("_smtp._tls.example.com TXT {text}"));
            assert_eq!(
                (found, state),
                (vec![("tlsrpt-invalid".to_owned(), Severity::Warning)], PublishedState::Invalid)
            );
        }
        let record = "_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:a@example.com";
        let (found, state) = zone(&format!("{record}\n{record}"));
        assert_eq!((found.len(), state), (1, PublishedState::Invalid));
        let (found, state) = zone(&format!("{record},b@example.com"));
        assert_eq!((found, state), (vec![("tlsrpt-invalid".to_owned(), Severity::Notice)], PublishedState::Valid));
    }

    #[test]
    fn the_suggested_record_has_the_addresses_of_the_invalid_one() {
        for (text, rua) in [
            ("v=TLSRPTv1; rua=a@example.net", "mailto:a@example.net"),
            (
                "v=tlsrptv1; rua=mailto:a@example.net,https://b.example/r?c=1",
                "mailto:a@example.net,https://b.example/r?c=1",
            ),
            ("v=TLSRPTv1; rua=<mailto:a@example.net>; rua=mailto:a@example.net", "mailto:a@example.net"),
            ("v=TLSRPTv1; rua=mailto:a@example.net!10m", "mailto:a@example.net"),
            ("v=TLSRPTv1;", "mailto:tlsrpt@example.com"),
        ] {
            let plan = plan("example.com");
            let evidence = World::new()
                .zone(&format!("_smtp._tls.example.com TXT {text}"))
                .evidence_for(&plan, |plan, evidence| (CHECK.ask)(plan, evidence));
            let command = (CHECK.judge)(&plan, &evidence)[0].fixes[0].command.clone().expect("a record");
            let plain = crate::evidence::quote::resolve(&command, |_, text| text.to_owned());
            assert_eq!(plain, format!("_smtp._tls.example.com. IN TXT \"v=TLSRPTv1; rua={rua}\""), "{text}");
        }
    }

    #[test]
    fn a_missing_record_is_a_notice_only_with_a_policy() {
        assert_eq!(zone("example.com TXT v=spf1 -all"), (vec![], PublishedState::Absent));
        let (found, _) = zone("_mta-sts.example.com TXT v=STSv1; id=1");
        assert_eq!(found, [("tlsrpt-missing".to_owned(), Severity::Notice)]);
        // A record at another name has no effect.
        let (found, _) =
            zone("_mta-sts.example.com TXT v=STSv1; id=1\n_tlsrpt.example.com TXT v=TLSRPTv1; rua=mailto:a@b.example");
        assert_eq!(found, [("tlsrpt-invalid".to_owned(), Severity::Warning)]);
    }

    /// The findings for a domain with two hosts that have TLSA records, and these other records.
    fn with_dane(lines: &str) -> Vec<String> {
        let hosts = ["mx1", "mx2"].map(|host| {
            format!(
                "example.com MX 10 {host}.example.net\n{host}.example.net A 192.0.2.1\n_25._tcp.{host}.example.net TLSA 3 1 1 00"
            )
        });
        let plan = plan("example.com");
        let mut world = World::new();
        world.zone(&hosts.join("\n")).zone(lines).signed();
        let evidence = world.evidence(&plan);
        (CHECK.judge)(&plan, &evidence).into_iter().map(|one| one.summary).collect()
    }

    #[test]
    fn a_record_of_each_host_with_tlsa_records_is_enough_for_dane() {
        let at = |host: &str| format!("_smtp._tls.{host}.example.net TXT v=TLSRPTv1; rua=mailto:a@example.net");
        assert!(with_dane("")[0].contains("there is no TLS-RPT record"));
        assert_eq!(with_dane(&format!("{}\n{}", at("mx1"), at("mx2"))), Vec::<String>::new());
        let some = with_dane(&at("mx1"));
        assert!(
            some[0].contains("for some of its hosts") && some[0].contains("_smtp._tls.mx1.example.net"),
            "{some:?}"
        );
        let sts = "_mta-sts.example.com TXT v=STSv1; id=1";
        let sts = with_dane(&format!("{}\n{}\n{sts}", at("mx1"), at("mx2")));
        assert!(sts[0].contains("for MTA-STS"), "{sts:?}");
    }

    #[test]
    fn a_failed_lookup_is_not_a_missing_record() {
        let mut world = World::new();
        world.record("_mta-sts.example.com TXT v=STSv1; id=1");
        world.fails("_smtp._tls.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
        assert_eq!(judged(&mut world), (vec![], PublishedState::Unknown));
    }
}
