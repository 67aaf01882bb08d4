//! The SPF results for the sending IP addresses and for their EHLO name. Without `--sending`, SPF is evaluated for the
//! IP addresses of the MX hosts, but only for information, because MX hosts do not necessarily send mail.

use std::net::IpAddr;

use super::super::seen::SpfResultSeen;
use super::corrections::{self, IgnoredTerms, SpfCorrection};
use super::rules::{HELO, INCLUDE_BROKEN, SENDING_NOT_COVERED, VOID_LOOKUPS};
use super::{Subject, denied, known, mx};
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, Severity};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::evaluate::{SpfClient, SpfFailure, SpfResult, SpfVerdict, evaluate};
use crate::policy::spf::tree::SpfEffect;
use crate::policy::spf::{SpfKnown, SpfNeed};
use crate::policy::txt::in_strings;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of IP addresses that are evaluated.
const MAX_CLIENTS: usize = 16;

/// The result for one IP address.
pub(super) struct SpfClientVerdict {
    pub(super) ip: IpAddr,
    pub(super) verdict: SpfVerdict,
}

impl SpfClientVerdict {
    pub(super) fn summary(&self) -> SpfResultSeen {
        SpfResultSeen {
            ip: self.ip,
            result: self.verdict.result.name().to_owned(),
            decided_by: self.verdict.decided_by.clone(),
            lookups: self.verdict.lookups,
        }
    }
}

/// The IP addresses to evaluate.
fn clients(sight: Sight<'_>) -> Vec<IpAddr> {
    let mut ips = sight.domain.sending.clone();
    if ips.is_empty() {
        for host in mx::mail_hosts(sight) {
            ips.extend(mx::addresses(sight, &host.name));
        }
    }
    let mut unique: Vec<IpAddr> = Vec::new();
    for ip in ips {
        if !unique.contains(&ip) {
            unique.push(ip);
        }
    }
    unique.truncate(MAX_CLIENTS);
    unique
}

fn evaluated(sight: Sight<'_>, ip: IpAddr) -> Result<SpfVerdict, Vec<SpfNeed>> {
    evaluated_with(sight, ip, &|name, kind| known(sight, name, kind))
}

fn evaluated_with(sight: Sight<'_>, ip: IpAddr, known: SpfKnown<'_>) -> Result<SpfVerdict, Vec<SpfNeed>> {
    let domain = sight.domain.name.ascii().to_ascii_lowercase();
    let helo = sight.domain.sending_host.as_ref().map_or(domain.clone(), |host| host.ascii().to_owned());
    let client = SpfClient { ip, domain: &domain, local: "postmaster", helo: &helo };
    evaluate(&client, known)
}

/// The HELO identity (RFC 7208 §2.3).
fn evaluated_helo(sight: Sight<'_>, ip: IpAddr) -> Option<Result<SpfVerdict, Vec<SpfNeed>>> {
    let host = sight.domain.sending_host.as_ref()?.ascii().to_ascii_lowercase();
    let client = SpfClient { ip, domain: &host, local: "postmaster", helo: &host };
    Some(evaluate(&client, &|name, kind| known(sight, name, kind)))
}

/// The names that the evaluations need next.
pub(super) fn needed(sight: Sight<'_>) -> Vec<SpfNeed> {
    let mut all = Vec::new();
    for ip in clients(sight) {
        all.extend(evaluated(sight, ip).err().unwrap_or_default());
        if sight.domain.sending.contains(&ip) {
            all.extend(evaluated_helo(sight, ip).and_then(Result::err).unwrap_or_default());
        }
    }
    all
}

/// The results that are known.
pub(super) fn verdicts(sight: Sight<'_>) -> Vec<SpfClientVerdict> {
    let verdict = |ip| evaluated(sight, ip).ok().map(|verdict| SpfClientVerdict { ip, verdict });
    clients(sight).into_iter().filter_map(verdict).collect()
}

/// The findings for the sending IP addresses, in addition to the findings about the record.
pub(super) fn judge(subject: Subject<'_>, of_record: &[Finding]) -> Vec<Finding> {
    let is_explained = of_record.iter().any(|other| other.severity == Severity::Error || other.rule == VOID_LOOKUPS.id);
    let sight = subject.sight;
    let mut findings = Vec::new();
    for ip in sight.domain.sending.iter().copied().take(MAX_CLIENTS) {
        if let Ok(verdict) = evaluated(sight, ip) {
            findings.extend(not_covered(subject, ip, &verdict));
            if !is_explained {
                findings.extend(permanent_error(subject, ip, &verdict));
            }
        }
    }
    if sight.domain.sending.is_empty() && !is_explained {
        findings.extend(error_for_hosts(subject));
    }
    findings.extend(helo(subject));
    findings
}

/// Which assumption the results rest on, as a sentence: the local part of the sender and the EHLO name, if the record has a
/// macro for them (RFC 7208 §7.2). `None` if the results are the same for all messages.
pub(in crate::check::domain) fn dependence(sight: Sight<'_>) -> Option<String> {
    let tree = super::tree(sight);
    let all = tree.root.all();
    let has_macro = |letters: [&str; 2]| {
        let mut terms = all.iter().flat_map(|node| &node.branches).filter(|branch| branch.effect == SpfEffect::Depends);
        let is_in =
            |text: &str| letters.iter().any(|letter| text.to_ascii_lowercase().contains(&format!("%{{{letter}")));
        terms.any(|branch| is_in(&branch.text))
    };
    let domain = sight.name();
    let sender = has_macro(["s", "l"]).then(|| format!("the sender postmaster@{domain}"));
    let helo =
        (sight.domain.sending_host.is_none() && has_macro(["h", "h"])).then(|| format!("the EHLO name {domain}"));
    let values: Vec<String> = sender.into_iter().chain(helo).collect();
    (!values.is_empty()).then(|| {
        format!(
            "The record contains macros, so the result depends on the message. smtpcheck used {}. Other messages may have another result.",
            values.join(" and ")
        )
    })
}

/// The finding, which is not certain if the result depends on the message.
fn with_dependence(sight: Sight<'_>, mut finding: Finding) -> Finding {
    if let Some(dependence) = dependence(sight) {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some(match finding.otherwise.take() {
            Some(known) => format!("{known} {dependence}"),
            None => dependence,
        });
    }
    finding
}

/// A permanent error for the IP address of an MX host, if no sending address was given: terms with macros find no record.
fn error_for_hosts(subject: Subject<'_>) -> Option<Finding> {
    let sight = subject.sight;
    let all = verdicts(sight);
    let failed = all.iter().find(|one| one.verdict.result == SpfResult::PermError)?;
    let rule = match failed.verdict.failure.as_ref()? {
        SpfFailure::TooManyVoid => &VOID_LOOKUPS,
        _ => &INCLUDE_BROKEN,
    };
    let term = failed.verdict.decided_by.last().map(|term| format!(" at {}", subject.quote(term))).unwrap_or_default();
    let summary = format!("the SPF result for {} is a permanent error{term}: {}", failed.ip, failure(&failed.verdict));
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Likely, summary);
    finding.severity = Severity::Warning;
    finding.cause = "Terms with macros, such as %{i}, expand to a different name for each client. Receivers that follow the recommended limits stop with a permanent error for a client for which such a term finds no record.".to_owned();
    finding.otherwise = Some(format!(
        "{} is the IP address of an MX host, which may not send mail. Use --sending to test the IP addresses that send mail.",
        failed.ip
    ));
    finding.fixes.push(Fix::text(
        "Domain owner: publish a record at every name that the macros expand to for a host that sends mail, or list these hosts with ip4 and ip6 before the terms with macros",
    ));
    Some(with_denials(subject, failed.ip, finding))
}

fn not_covered(subject: Subject<'_>, ip: IpAddr, verdict: &SpfVerdict) -> Option<Finding> {
    let result = match verdict.result {
        SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => verdict.result.name(),
        SpfResult::Pass | SpfResult::None | SpfResult::TempError | SpfResult::PermError => return None,
    };
    let terms = missing_terms(subject);
    let mut finding = Finding::new(
        &SENDING_NOT_COVERED,
        Phase::Dns,
        Confidence::Certain,
        format!("SPF does not allow {ip} to send mail for {} (SPF result: {result})", subject.domain()),
    );
    finding.cause = match verdict.decided_by.as_slice() {
        [] => "No term of the record matches this IP address, so the result is neutral.".to_owned(),
        terms => {
            let path = terms.iter().map(|term| subject.quote(term)).collect::<Vec<_>>().join(", then ");
            match verdict.result {
                SpfResult::Neutral => {
                    format!("The record makes no statement about this IP address: the result comes from {path}.")
                }
                _ => format!("For this IP address, the result comes from {path}."),
            }
        }
    };
    if ip.is_ipv6() && subject.sight.domain.sending.iter().any(IpAddr::is_ipv4) {
        finding.cause.push_str(
            " If the host can use IPv6, receivers that support IPv6 see this IP address instead of the IPv4 address.",
        );
    }
    if let Some(text) = &verdict.explanation {
        let text = subject.quote(text);
        finding.consequences.push(format!("Receivers may add the domain's explanation to a rejection: {text}"));
    }
    finding.otherwise = Some("If this IP address only forwards mail from other servers, SPF cannot pass. In that case, do not change the record: DKIM authenticates forwarded mail.".to_owned());
    let fix = format!(
        "Domain owner: if this host sends mail for the domain, add {terms} to the SPF record, directly after v=spf1"
    );
    finding.fixes.push(match corrections::of_record(subject, &terms, IgnoredTerms::Removed) {
        Some(record) => record.fix(subject, SpfCorrection::Sending, &fix),
        None => Fix::text(fix),
    });
    finding
        .fixes
        .push(Fix::text("Operator of the sending host: if the host should not send mail for the domain directly, send through a server that the record allows"));
    Some(with_dependence(subject.sight, with_denials(subject, ip, finding)))
}

/// A permanent error that occurs only for this IP address, because of a macro.
fn permanent_error(subject: Subject<'_>, ip: IpAddr, verdict: &SpfVerdict) -> Option<Finding> {
    let of = |what: &str, name: &str| format!("{what} {}", subject.quote(name));
    let why = match (verdict.result, verdict.failure.as_ref()?) {
        (SpfResult::PermError, SpfFailure::NoRecord(name)) => of("there is no SPF record at", name),
        (SpfResult::PermError, SpfFailure::Syntax(name)) => of("the SPF record is invalid at", name.as_str()),
        (SpfResult::PermError, SpfFailure::SeveralRecords(name)) => {
            of("there are several SPF records at", name.as_str())
        }
        (SpfResult::PermError, SpfFailure::TooManyHosts(name)) => of("too many hosts belong to", name.as_str()),
        (SpfResult::PermError, SpfFailure::TooManyLookups) => "more than ten lookups are necessary".to_owned(),
        (SpfResult::PermError, SpfFailure::TooManyVoid) => "more than two lookups found no record".to_owned(),
        _ => return None,
    };
    let summary = format!("SPF fails with a permanent error for {ip} and {}: {why}", subject.domain());
    let mut finding = Finding::new(&SENDING_NOT_COVERED, Phase::Dns, Confidence::Certain, summary);
    finding.cause = "Terms with macros, such as %{i}, expand to a different name for each client. The record for this IP address is missing or invalid, so receivers treat its mail as not authenticated, and some reject it.".to_owned();
    finding.fixes.push(Fix::text(
        "Domain owner: publish a valid record at every name that the macros can expand to, or delegate these names to the name servers of the SPF service. Remove wildcard TXT records above these names",
    ));
    finding.fixes.push(Fix::text(format!(
        "Domain owner: if only a few hosts send mail, replace the macros with {} and similar terms",
        mechanism_for(ip)
    )));
    Some(with_dependence(subject.sight, with_denials(subject, ip, finding)))
}

/// The finding, with the lookups that the result for this IP address rests on because they found no record.
fn with_denials(subject: Subject<'_>, ip: IpAddr, finding: Finding) -> Finding {
    subject.sight.tried(finding.tried(subject.probe.id), denied_for(subject.sight, ip))
}

/// The lookups without a record in the evaluation for this IP address.
pub(in crate::check::domain) fn denied_for(sight: Sight<'_>, ip: IpAddr) -> Vec<(DnsName, RecordKind)> {
    denied(sight, |known| drop(evaluated_with(sight, ip, known)))
}

/// The mechanism that allows this IP address.
pub(super) fn mechanism_for(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("ip4:{ip}"),
        IpAddr::V6(ip) => format!("ip6:{ip}"),
    }
}

/// The terms for all sending IP addresses that the record does not allow, separated by spaces. Every finding suggests the
/// same record.
pub(super) fn missing_terms(subject: Subject<'_>) -> String {
    let is_missing = |ip: &IpAddr| {
        let Ok(verdict) = evaluated(subject.sight, *ip) else { return false };
        matches!(verdict.result, SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral)
    };
    terms_for(subject.sight.domain.sending.iter().copied().take(MAX_CLIENTS).filter(is_missing))
}

/// The terms that allow these IP addresses, without duplicates.
fn terms_for(ips: impl IntoIterator<Item = IpAddr>) -> String {
    let mut terms: Vec<String> = Vec::new();
    for term in ips.into_iter().map(mechanism_for) {
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms.join(" ")
}

/// One finding about the EHLO name, for all sending IP addresses, because the name has one record.
fn helo(subject: Subject<'_>) -> Option<Finding> {
    let sight = subject.sight;
    let host = sight.domain.sending_host.as_ref()?.ascii();
    let probe = sight.records(&DnsName::parse(host).ok()?, RecordKind::Txt).probe()?;
    let sending: Vec<IpAddr> = sight.domain.sending.iter().copied().take(MAX_CLIENTS).collect();
    let evaluated = |ip: &IpAddr| evaluated_helo(sight, *ip)?.ok().map(|verdict| (*ip, verdict));
    let rejected: Vec<(IpAddr, Severity, SpfVerdict)> = sending
        .iter()
        .filter_map(evaluated)
        .filter_map(|(ip, verdict)| Some((ip, helo_severity(verdict.result)?, verdict)))
        .collect();
    let severity = rejected.iter().map(|(_, severity, _)| *severity).max()?;
    let (_, _, worst) = rejected.iter().find(|(_, own, _)| *own == severity)?;
    let same = rejected.iter().filter(|(_, _, verdict)| verdict.result == worst.result);
    let addresses = same.map(|(ip, ..)| ip.to_string()).collect::<Vec<_>>().join(", ");
    let what = match worst.result {
        SpfResult::None => "has no SPF record".to_owned(),
        SpfResult::Neutral => format!("has an SPF record that defines no result for {addresses}"),
        SpfResult::PermError => format!("has an invalid SPF record: {}", failure(worst)),
        _ => format!("has an SPF record that does not allow {addresses} (SPF result: {})", worst.result.name()),
    };
    let summary = format!("the EHLO name {host} {what}");
    let mut finding = Finding::new(&HELO, Phase::Dns, Confidence::Certain, summary);
    finding.severity = severity;
    finding.cause = "Receivers also evaluate SPF for the EHLO name. For bounces, which have the null sender, it is the only name that they can evaluate.".to_owned();
    let record = format!("v=spf1 {} -all", terms_for(sending));
    finding.fixes.push(Fix::run(
        "Operator of the sending host: publish this SPF record at the EHLO name, and delete any other SPF record there",
        format!("{host}. IN TXT {}", in_strings(&record)),
    ));
    Some(finding.tried(probe.id))
}

/// The severity of a result for the EHLO name; `None` if the result is not a problem.
fn helo_severity(result: SpfResult) -> Option<Severity> {
    match result {
        SpfResult::Pass | SpfResult::TempError => None,
        SpfResult::None | SpfResult::Neutral => Some(Severity::Notice),
        SpfResult::Fail | SpfResult::SoftFail | SpfResult::PermError => Some(Severity::Warning),
    }
}

/// Why an evaluation failed, as a short phrase.
pub(super) fn failure(verdict: &SpfVerdict) -> &'static str {
    match verdict.failure {
        Some(SpfFailure::Syntax(_)) => "syntax error",
        Some(SpfFailure::SeveralRecords(_)) => "several records",
        Some(SpfFailure::NoRecord(_)) => "an included record is missing",
        Some(SpfFailure::TooManyLookups) => "too many lookups",
        Some(SpfFailure::TooManyVoid) => "too many lookups that found no record",
        Some(SpfFailure::TooManyHosts(_)) => "too many MX hosts",
        Some(SpfFailure::Lookup(_)) => "a lookup failed",
        None => "no reason",
    }
}
