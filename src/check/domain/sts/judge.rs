//! Findings about the MTA-STS record, the policy, and the MX hosts that the policy covers.

use super::corrected::{WEEK, command_that_prints, corrected};
use super::published::{
    FetchFailure, PublishedPolicy, PublishedRecord, certificate_faults, certificate_word, has_effect,
    has_only_common_name, is_wildcard, mode_word, policy_request, published_policy, published_record, record_name,
    valid_policy,
};
use super::rules::{
    STS_CERTIFICATE_ENDS, STS_CERTIFICATE_INVALID, STS_LOOKUP_FAILED, STS_MAX_AGE_SHORT, STS_MEDIA_TYPE,
    STS_MX_NOT_COVERED, STS_NOT_ENFORCED, STS_POLICY_INVALID, STS_POLICY_UNREACHABLE, STS_RECORD_INVALID,
    STS_TLS_FAILS, STS_WITHOUT_RECORD, STS_WITHOUT_STARTTLS,
};
use crate::check::certificate;
use crate::check::domain::senders::servers::{PolicyHost, addresses_of, key_of, name_of};
use crate::check::domain::sight::{Known, Sight, is_bogus};
use crate::check::domain::{delegation, mx, purpose, unanswered};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity};
use crate::evidence::{DnsCode, HttpResponse, Phase, Presented, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::policy::mta_sts::{StsEffect, StsFault, StsFaultKind, StsMode, StsPolicy, StsRecord, line_at};
use crate::wire::{DnsName, RecordKind};

/// All findings about MTA-STS.
pub(super) fn findings(sight: Sight<'_>, hosts: &[PolicyHost<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (record, policy) = (published_record(sight), published_policy(sight));
    let is_used = matches!(&record, PublishedRecord::Found { record, .. } if record.is_usable());
    findings.extend(of_record(sight, &record));
    findings.extend(domain_lookup_failed(sight));
    match &policy {
        PublishedPolicy::Unreachable { probe, why } if is_used => findings.push(unreachable(sight, probe, why)),
        PublishedPolicy::Unknown | PublishedPolicy::Unreachable { .. } => {}
        PublishedPolicy::Fetched { probe, response, policy } if is_used => {
            findings.extend(of_policy(sight, probe, response, policy));
            findings.extend(ends_soon(sight, probe));
        }
        PublishedPolicy::Fetched { probe, policy, .. } => {
            let is_missing = matches!(record, PublishedRecord::Absent) && policy.is_usable();
            findings.extend(is_missing.then(|| without_record(sight, probe)));
        }
    }
    if let (Some(policy), PublishedPolicy::Fetched { probe, .. }) = (valid_policy(sight), &policy)
        // The policy applies to mail between servers (RFC 8461 §1), not to submission.
        && !purpose::is_submission(sight)
    {
        findings.extend(HostsUnderPolicy { sight, hosts, policy: &policy, probe }.findings());
    }
    findings
}

/// The record to publish, with a new id.
fn new_record(sight: Sight<'_>) -> String {
    let id = sight.evidence.started_at.strftime("%Y%m%d%H%M%S");
    format!("{}. IN TXT \"v=STSv1; id={id};\"", sight.owner_below(&sight.name(), "_mta-sts"))
}

fn change_id(sight: Sight<'_>) -> Fix {
    Fix::run(
        format!("DNS operator of {}: then change the id to make senders fetch the policy again", sight.name()),
        new_record(sight),
    )
}

/// The lookup of the record failed.
fn domain_lookup_failed(sight: Sight<'_>) -> Option<Finding> {
    let effect = "Senders without a stored policy deliver mail as if there were no policy.";
    unanswered::finding(sight, &STS_LOOKUP_FAILED, ("MTA-STS", &record_name(sight)?), effect)
}

fn of_record(sight: Sight<'_>, record: &PublishedRecord<'_>) -> Option<Finding> {
    let (probe, summary, cause, severity) = match record {
        PublishedRecord::Unknown | PublishedRecord::Absent => return None,
        PublishedRecord::Other { probe, text } => (
            *probe,
            format!("the MTA-STS record does not begin with v=STSv1; ({})", probe.quote(shortened(text))),
            "Senders discard records that do not begin with exactly this string. They assume that the domain has no policy.".to_owned(),
            Severity::Warning,
        ),
        PublishedRecord::Several { probe, texts } => (
            *probe,
            format!("there are {} MTA-STS records instead of one", texts.len()),
            "If there is more than one record, senders assume that the domain has no policy.".to_owned(),
            Severity::Warning,
        ),
        PublishedRecord::Found { probe, text, record, texts } => record_faults(probe, text, record, *texts)?,
    };
    let mut finding = Finding::new(&STS_RECORD_INVALID, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.severity = severity;
    finding.cause = cause;
    finding.fixes = vec![Fix::run(
        format!("DNS operator of {}: publish exactly one record of this form", sight.name()),
        new_record(sight),
    )];
    Some(finding)
}

fn record_faults<'s>(
    probe: &'s Probe,
    text: &str,
    record: &StsRecord<'_>,
    texts: usize,
) -> Option<(&'s Probe, String, String, Severity)> {
    // If there are several TXT records, senders discard a record with a space before the semicolon.
    let is_discarded = |fault: &StsFault| fault.kind == StsFaultKind::SpaceAfterVersion && texts > 1;
    let invalid = record.faults.iter().find(|fault| fault.effect == StsEffect::Invalid || is_discarded(fault));
    let fault = invalid.or(record.faults.first())?;
    let part = text.get(fault.at.clone()).map(str::trim).filter(|part| !part.is_empty());
    let place = part.map_or_else(String::new, |part| format!(" ({})", probe.quote(shortened(part))));
    let summary = format!("the MTA-STS record is invalid: {}{place}", fault_words(fault.kind));
    Some(if invalid.is_some() {
        let cause = "Senders that cannot parse the record assume that the domain has no policy.".to_owned();
        (probe, summary, cause, Severity::Warning)
    } else {
        let cause = "The grammar does not allow this. Some senders ignore the record; others accept it.".to_owned();
        (probe, summary, cause, Severity::Notice)
    })
}

fn fault_words(kind: StsFaultKind) -> &'static str {
    match kind {
        StsFaultKind::Version => "it must begin with v=STSv1;",
        StsFaultKind::SpaceAfterVersion => "there is a space before the first semicolon",
        StsFaultKind::IdMissing => "it has no id",
        StsFaultKind::Id => "the id must have 1 to 32 letters and digits",
        StsFaultKind::Field => "a field is not of the form name=value",
        StsFaultKind::EmptyField => "there are two semicolons without a field between them",
        StsFaultKind::Html => "the response is an HTML page",
        StsFaultKind::ByteOrderMark => "the file begins with a byte order mark",
        StsFaultKind::EmptyLine => "a line is empty",
        StsFaultKind::LeadingSpace => "a line begins with a space",
        StsFaultKind::Line => "a line is not of the form name: value",
        StsFaultKind::PolicyVersion => "there is no line version: STSv1",
        StsFaultKind::ModeMissing => "it has no mode",
        StsFaultKind::Mode => "the mode must be enforce, testing or none",
        StsFaultKind::MaxAgeMissing => "it has no max_age",
        StsFaultKind::MaxAge => "max_age must have 1 to 10 digits",
        StsFaultKind::MaxAgeTooLong => "max_age is larger than 31557600 (about one year)",
        StsFaultKind::MxMissing => "it has no mx",
        StsFaultKind::Pattern => "an mx value is not a host name, or contains * in a place other than the first label",
    }
}

/// The name of the missing field that a misspelt field was probably intended to be.
fn field_of(kind: StsFaultKind) -> Option<&'static str> {
    match kind {
        StsFaultKind::PolicyVersion => Some("version"),
        StsFaultKind::ModeMissing => Some("mode"),
        StsFaultKind::MaxAgeMissing => Some("max_age"),
        StsFaultKind::MxMissing => Some("mx"),
        _ => None,
    }
}

fn unreachable(sight: Sight<'_>, probe: &Probe, why: &FetchFailure<'_>) -> Finding {
    let summary = format!("the MTA-STS policy cannot be fetched: {}", why.words());
    let mut finding = Finding::new(&STS_POLICY_UNREACHABLE, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    if matches!(why, FetchFailure::NoName) {
        let host = policy_request(sight).map(|request| DnsName::from(&request.host));
        finding = sight.tried(finding, host.map(|host| (host, RecordKind::A)));
    }
    let host = format!("mta-sts.{}", sight.name());
    let fix = match why {
        FetchFailure::Lookup(_) => {
            format!("DNS operator of {}: find out why the name servers do not answer for {host}", sight.name())
        }
        FetchFailure::NoName | FetchFailure::NoAddress => {
            format!("DNS operator of {}: publish A and AAAA records, or a CNAME record, for {host}", sight.name())
        }
        FetchFailure::Connection(_) => {
            format!("Operator of {host}: make the web server accept HTTPS connections from the internet")
        }
        FetchFailure::Certificate { .. } => {
            format!("Operator of {host}: install a certificate from a public CA for {host}")
        }
        FetchFailure::Redirect(_) => {
            format!("Operator of {host}: serve the file without a redirect, because senders must not follow redirects")
        }
        FetchFailure::Status(_) => {
            format!("Operator of {host}: serve the file /.well-known/mta-sts.txt with status 200")
        }
        FetchFailure::Endless => {
            format!("Operator of {host}: serve the file as a short plain-text file, in one piece and without delay")
        }
        FetchFailure::TooLong | FetchFailure::Cut => {
            format!("Operator of {host}: serve the file as a short plain-text file with the correct Content-Length")
        }
    };
    let detail = match why {
        FetchFailure::Redirect(response) => {
            response.location.as_ref().map(|to| format!("The redirect goes to {}. ", probe.quote(shortened(to))))
        }
        FetchFailure::Certificate { seen, .. }
            if seen
                .presented
                .as_deref()
                .is_some_and(|presented| has_only_common_name(presented) && is_valid_otherwise(sight, presented)) =>
        {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("Some senders may accept a common name if the certificate has no other name. Gmail and other large senders do not.".to_owned());
            Some("The host name is only in the common name of the certificate. RFC 8461 section 3.3 requires it in subjectAltName. ".to_owned())
        }
        FetchFailure::Certificate { seen, .. } => {
            let names = seen
                .presented
                .as_ref()
                .and_then(|presented| presented.leaf())
                .map(|leaf| leaf.names.iter().take(3).cloned().collect::<Vec<_>>().join(", "));
            names
                .filter(|names| !names.is_empty())
                .map(|names| format!("The certificate is for {}. ", probe.quote(names)))
        }
        FetchFailure::Connection(_)
        | FetchFailure::NoAddress
        | FetchFailure::Lookup(_)
        | FetchFailure::Cut
        | FetchFailure::Endless => {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "This machine's network may block the connection or the lookup. To find out, repeat the check from another network.".to_owned(),
            );
            None
        }
        FetchFailure::NoName | FetchFailure::Status(_) | FetchFailure::TooLong => None,
    };
    let detail = match why {
        FetchFailure::Endless => Some("The web server sends the file so slowly that it was not complete when smtpcheck's time limit was reached. Senders wait for about one minute (RFC 8461 section 3.3). ".to_owned()),
        FetchFailure::Cut => Some("The connection ended too early: before all bytes announced in Content-Length had arrived or, if there is no Content-Length, before the web server closed TLS correctly (close_notify). The file may be truncated, and senders may not accept it. ".to_owned()),
        _ => detail,
    };
    finding.cause = format!(
        "{}Senders without a stored policy deliver mail as if there were no policy, and TLS reports contain {}. Senders that stored the policy earlier use it until its max_age has passed.",
        detail.unwrap_or_default(),
        why.report_word()
    );
    finding.fixes = vec![match policy_request(sight).filter(|_| !matches!(why, FetchFailure::Lookup(_))) {
        Some(request) => Fix::run(fix, format!("curl -v https://{}{}", request.host.ascii(), request.path)),
        None => Fix::run(fix, format!("dig {host} A")),
    }];
    if is_wildcard(sight) {
        finding.consequences.push(
            "The record at _mta-sts comes from a wildcard record, which applies to every name that does not exist"
                .to_owned(),
        );
        finding.fixes.push(Fix::text(format!(
            "DNS operator of {}: if you do not use MTA-STS, replace the wildcard TXT record with TXT records at the names that need them",
            sight.name()
        )));
    }
    finding
}

fn of_policy(sight: Sight<'_>, probe: &Probe, response: &HttpResponse, policy: &StsPolicy<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let about = |rule: &'static Rule, summary: String| {
        Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(probe.id)
    };
    if !policy.faults.is_empty() {
        findings.push(invalid(sight, probe, response, policy));
    }
    if !policy.is_usable() {
        return findings;
    }
    let media_type = response.content_type.as_deref().map(|value| value.split(';').next().unwrap_or_default().trim());
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("text/plain")) {
        let shown = media_type
            .map_or_else(|| "no media type".to_owned(), |media_type| probe.quote(shortened(media_type)).to_string());
        let mut finding = about(&STS_MEDIA_TYPE, format!("the MTA-STS policy has the wrong media type ({shown})"));
        finding.cause = "Senders should accept the policy only as text/plain, so some senders ignore it.".to_owned();
        finding.fixes = vec![Fix::run(
            format!("Operator of mta-sts.{}: configure the web server to send this header for the file", sight.name()),
            "Content-Type: text/plain",
        )];
        findings.push(finding);
    }
    match (policy.mode, policy.max_age) {
        (Some(mode @ (StsMode::Testing | StsMode::None)), _) => {
            let mut finding = about(
                &STS_NOT_ENFORCED,
                format!("the MTA-STS policy is in {} mode, so senders do not enforce it", mode_word(mode)),
            );
            finding.cause = match mode {
                StsMode::Testing => "Senders report failures, but deliver even if the server cannot be verified.",
                StsMode::None | StsMode::Enforce => "Senders treat the domain as if it had no policy.",
            }
            .to_owned();
            let text =
                "Policy host operator: change the mode when all MX hosts pass and the TLS reports contain no failures";
            finding.fixes = vec![Fix::run(text, "mode: enforce"), change_id(sight)];
            findings.push(finding);
        }
        (Some(StsMode::Enforce), Some(seconds)) if seconds < WEEK => {
            let mut finding =
                about(&STS_MAX_AGE_SHORT, format!("senders keep the MTA-STS policy for only {seconds} seconds"));
            finding.cause = "After this time, a sender must fetch the policy again. An attacker who blocks that request removes the protection.".to_owned();
            finding.fixes = vec![
                Fix::run("Policy host operator: set max_age to at least one week", "max_age: 604800"),
                change_id(sight),
            ];
            findings.push(finding);
        }
        _ => {}
    }
    findings
}

/// The certificate of the policy host expires soon.
fn ends_soon(sight: Sight<'_>, probe: &Probe) -> Option<Finding> {
    let Known::Seen(_, seen) = sight.fetched(&policy_request(sight)?) else { return None };
    let leaf = seen.presented.as_ref()?.leaf()?;
    let end = certificate::ending_in(leaf, sight.evidence.started_at, sight.plan.tls.days.warning)?;
    let host = format!("mta-sts.{}", sight.name());
    let summary = format!("the certificate of {host} {end}");
    let mut finding = Finding::new(&STS_CERTIFICATE_ENDS, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.cause = "After that, senders cannot fetch the MTA-STS policy. Senders without a stored policy deliver mail as if there were none.".to_owned();
    finding.fixes = vec![Fix::text(format!(
        "Operator of {host}: renew the certificate, reload the web server, and find out why the certificate was not renewed automatically"
    ))];
    Some(finding)
}

fn invalid(sight: Sight<'_>, probe: &Probe, response: &HttpResponse, policy: &StsPolicy<'_>) -> Finding {
    let is_invalid = has_effect(&policy.faults, StsEffect::Invalid);
    let mut texts = Vec::new();
    for fault in &policy.faults {
        let misspelt = field_of(fault.kind).and_then(|field| policy.misspelt(field));
        let at = misspelt.map_or(&fault.at, |(_, at)| at);
        let line = response.body.get(at.clone()).map(str::trim).filter(|line| !line.is_empty());
        let place = line.map_or_else(String::new, |line| {
            let (number, quoted) = (line_at(&response.body, at), probe.quote(shortened(line)));
            if misspelt.is_some() {
                format!(" (line {number}, \"{quoted}\", has a misspelt field name)")
            } else {
                format!(" (line {number}: \"{quoted}\")")
            }
        });
        texts.push(format!("{}{place}", fault_words(fault.kind)));
    }
    let first = texts.first().cloned().unwrap_or_default();
    let summary = format!("the MTA-STS policy is invalid: {first}");
    let mut finding = Finding::new(&STS_POLICY_INVALID, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    if is_invalid {
        finding.cause =
            "Senders ignore an invalid policy, so the domain is not protected. TLS reports contain sts-policy-invalid."
                .to_owned();
    } else {
        finding.severity = Severity::Warning;
        let is_too_long = policy.faults.iter().all(|fault| fault.kind == StsFaultKind::MaxAgeTooLong);
        let rule = match is_too_long {
            true => "RFC 8461 section 3.2 does not allow a larger value.",
            false => "The grammar does not allow this.",
        };
        finding.cause = format!("{rule} Some senders ignore the policy; others accept it.");
    }
    finding.consequences = texts.into_iter().skip(1).take(10).collect();
    let needed = "It needs the lines version: STSv1, mode and max_age, and an mx line for each MX host";
    let operator = format!("Operator of mta-sts.{}", sight.name());
    finding.fixes = vec![
        match corrected(sight, response, policy) {
            Some(lines) => Fix::run(
                format!("{operator}: replace the content of the file with the output of this command"),
                probe.quote(command_that_prints(&lines)).to_string(),
            ),
            None => Fix::text(format!("{operator}: correct the file. {needed}")),
        },
        change_id(sight),
    ];
    finding
}

fn without_record(sight: Sight<'_>, probe: &Probe) -> Finding {
    let summary = "there is an MTA-STS policy, but no record at _mta-sts, so senders do not use it".to_owned();
    let mut finding = Finding::new(&STS_WITHOUT_RECORD, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    if let Some(name) = record_name(sight)
        && let Known::Seen(lookup, seen) = sight.records(&name, RecordKind::Txt)
    {
        finding = finding.tried(lookup.id);
        let what =
            if seen.code == DnsCode::NxDomain { "The name does not exist" } else { "The name has no such TXT record" };
        finding.cause = format!("{what}. Senders fetch the policy only if the record exists.");
    }
    finding.fixes = vec![Fix::run(
        format!("DNS operator of {}: publish the record if the policy should be used", sight.name()),
        new_record(sight),
    )];
    finding
}

/// The findings about the MX hosts, if there is a valid policy.
#[derive(Clone, Copy)]
struct HostsUnderPolicy<'p> {
    sight: Sight<'p>,
    hosts: &'p [PolicyHost<'p>],
    policy: &'p StsPolicy<'p>,
    /// The probe of the policy.
    probe: &'p Probe,
}

impl HostsUnderPolicy<'_> {
    fn findings(self) -> Vec<Finding> {
        let is_enforced = match self.policy.mode {
            Some(StsMode::Enforce) => true,
            Some(StsMode::Testing) => false,
            Some(StsMode::None) | None => return Vec::new(),
        };
        let mut findings: Vec<Finding> = self.hosts.iter().flat_map(|host| self.of_host(host)).collect();
        // Delivery fails only if senders that use MTA-STS cannot deliver to any of the hosts.
        let is_usable = |host: &PolicyHost<'_>| {
            if !self.policy.allows(&host.name) || mx::has_no_address(self.sight, &host.name) {
                return Some(false);
            }
            host.is_usable(true, |chain| certificate_word(self.sight, chain).is_none())
        };
        let is_fatal = is_enforced && self.hosts.iter().all(|host| is_usable(host) == Some(false));
        for finding in &mut findings {
            if let Some(fault) = self.policy.faults.first() {
                // Strict senders ignore a policy with a fault, and deliver as if there were none (RFC 8461 §3.3).
                finding.confidence = Confidence::Likely;
                finding.otherwise = Some(format!(
                    "Some senders ignore this policy and deliver mail, because the policy is invalid: {}.",
                    fault_words(fault.kind)
                ));
            }
            if !is_enforced {
                finding.severity = Severity::Warning;
                finding.consequences.push("In testing mode, senders still deliver, and report the failure".to_owned());
            } else if is_fatal && self.policy.faults.is_empty() {
                finding.failure = Some(PhaseFailure::Tls);
            }
        }
        findings
    }

    fn of_host(self, host: &PolicyHost<'_>) -> Vec<Finding> {
        let name = name_of(self.sight, &host.name);
        // The server at a bogus address may not be the host's. The findings about DNSSEC cover this.
        if mx::has_bogus_address(self.sight, &host.name) {
            return Vec::new();
        }
        if !self.policy.allows(&host.name) {
            // MTA-STS protects mail from hosts that a resolver invents (RFC 8461 §10.1). The policy must not allow them.
            let mx = self.sight.records(&self.sight.name(), RecordKind::Mx).answer();
            let is_invented = mx.is_some_and(is_bogus) || delegation::is_host_only_at_resolver(self.sight, &host.name);
            return if is_invented { Vec::new() } else { vec![self.not_covered(&host.name, &name)] };
        }
        let mut findings = Vec::new();
        let servers = host.without_starttls();
        if !servers.is_empty() {
            let summary = format!(
                "{name} ({}) does not advertise STARTTLS, which the MTA-STS policy requires",
                addresses_of(&servers)
            );
            let mut finding = self.about(&STS_WITHOUT_STARTTLS, Phase::Starttls, summary);
            finding.evidence.probes.extend(servers.iter().filter_map(|server| server.probe));
            finding.cause =
                format!("{} TLS reports contain starttls-not-supported.", self.effect("a server without TLS"));
            finding.fixes = vec![Fix::text(
                "Server operator: configure a certificate from a public CA, and advertise STARTTLS to every client on port 25",
            )];
            findings.push(finding);
        }
        findings.extend(self.tls_fails(host, &name));
        for (chain, servers) in host.chains() {
            let Some(word) = certificate_word(self.sight, chain) else { continue };
            let problem = certificate_faults(self.sight, chain).join(" and ");
            let key = chain.leaf().map_or("", key_of);
            let summary = format!(
                "the {key} certificate of {name} ({}) {problem}, but the MTA-STS policy requires a valid one",
                addresses_of(&servers)
            );
            let mut finding = self.about(&STS_CERTIFICATE_INVALID, Phase::Tls, summary);
            for probe in servers.iter().filter_map(|server| server.probe) {
                finding = finding.tried(probe);
            }
            finding.cause = format!(
                "Senders that use MTA-STS verify the certificate for the name in the MX record. {} TLS reports contain {word}.",
                self.effect("this server")
            );
            if has_only_common_name(chain) && is_valid_otherwise(self.sight, chain) {
                finding.confidence = Confidence::Likely;
                finding.otherwise = Some("Some senders, for example Postfix with OpenSSL, accept a common name if the certificate has no other name. Gmail and other large senders do not.".to_owned());
            }
            finding.fixes = vec![Fix::text(format!(
                "Server operator: install a certificate from a public CA for {name}, with the complete chain, and reload the mail server"
            ))];
            findings.push(finding);
        }
        findings
    }

    /// TLS fails at one of the IP addresses of the host.
    fn tls_fails(self, host: &PolicyHost<'_>, name: &str) -> Option<Finding> {
        let (failure, servers) = host.with_failing_tls()?;
        let summary =
            format!("{name} ({}) {}, but the MTA-STS policy requires TLS", addresses_of(&servers), failure.words());
        let mut finding = self.about(&STS_TLS_FAILS, Phase::Tls, summary);
        finding.evidence.probes.extend(servers.iter().filter_map(|server| server.probe));
        finding.confidence = Confidence::Likely;
        finding.cause =
            format!("{} TLS reports contain {}.", self.effect("a server without TLS"), failure.report_word());
        finding.otherwise = Some(
            "The server may start TLS for other clients. Repeat the check from another network to find out.".to_owned(),
        );
        finding.fixes = vec![Fix::text(
            "Server operator: make the server start TLS 1.2 or later with every client that sends STARTTLS. The other findings about this server show why TLS fails",
        )];
        Some(finding)
    }

    fn not_covered(self, host: &DnsName, name: &str) -> Finding {
        let summary = format!("the MX host {name} matches no mx line of the MTA-STS policy");
        let mut finding = self.about(&STS_MX_NOT_COVERED, Phase::Dns, summary);
        let patterns: Vec<&str> = self.policy.mx.iter().take(5).map(String::as_str).collect();
        let of_wildcards = if patterns.iter().any(|pattern| pattern.contains('*')) {
            " In a pattern, * matches exactly one label."
        } else {
            ""
        };
        finding.cause = format!(
            "The policy allows {}.{of_wildcards} {} TLS reports contain validation-failure for this host.",
            self.probe.quote(patterns.join(", ")),
            self.effect("the host")
        );
        if *host == self.sight.name() {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "The domain has no MX record, and RFC 8461 does not define which name senders compare in this case. If the domain has an MX record, all senders compare the same name."
                    .to_owned(),
            );
        }
        finding = self.sight.tried(finding, [(self.sight.name(), RecordKind::Mx)]);
        finding.fixes = vec![
            Fix::run(
                format!("Operator of mta-sts.{}: add this line to the policy", self.sight.name()),
                format!("mx: {name}"),
            ),
            change_id(self.sight),
        ];
        finding
    }

    /// What senders do, as a sentence (RFC 8461 §5).
    fn effect(self, server: &str) -> String {
        match self.policy.mode {
            Some(StsMode::Enforce) => format!("Senders that use MTA-STS do not deliver mail to {server}."),
            _ => format!("In enforce mode, senders that use MTA-STS would not deliver mail to {server}."),
        }
    }

    fn about(self, rule: &'static Rule, phase: Phase, summary: String) -> Finding {
        Finding::new(rule, phase, Confidence::Certain, summary).tried(self.probe.id)
    }
}

/// Whether a certificate has no fault except that its host name may be only in the common name.
fn is_valid_otherwise(sight: Sight<'_>, presented: &Presented) -> bool {
    presented.doubts(sight.evidence.started_at).is_empty()
}

/// The beginning of a received string, for use in a summary.
fn shortened(text: &str) -> String {
    const LIMIT: usize = 80;
    if text.chars().count() <= LIMIT {
        text.to_owned()
    } else {
        text.chars().take(LIMIT).chain("...".chars()).collect()
    }
}
