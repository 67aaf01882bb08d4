//! The findings of a search for settings, from the result of every source and of every setting.
//!
//! 1. What determines the exit code: nothing was found, nothing works, or the login was rejected or not tested. The
//!    cause and the fixes come from a check of the best server.
//! 2. What is wrong with the sources, even if a setting works.

use super::candidates::{CandidateOrigin, SettingCandidate};
use super::ordinary;
use super::outcome::Tested;
use super::ranked::{Ranking, is_guess};
use super::results::command;
use super::rules::{
    AUTOCONFIG_CERTIFICATE, AUTOCONFIG_INVALID, PACC_DIGEST, SETTINGS_CLEAR_TEXT, SETTINGS_ENTRY_FAILS,
    SETTINGS_LOGIN_NOT_TESTED, SETTINGS_LOGIN_REJECTED, SETTINGS_NOT_FOUND, SETTINGS_NOT_PROVED,
    SETTINGS_SOURCES_DISAGREE, SETTINGS_UNAUTHENTICATED, SUBMISSION_NOT_OFFERED, SUBMISSION_RECORD_INVALID,
};
use super::seen::{CandidateState, LoginTrial, SettingSecurity, SourceKind, SourceState};
use super::sight::{SettingsSight, registrable};
use super::sources::{SourceFault, SourceReport};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity, in_shell};
use crate::evidence::{Phase, Probe, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Discovery;
use crate::wire::DomainName;

/// All findings.
pub(super) fn findings<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(deciding(sight, ranking));
    findings.extend(disagreement(sight, ranking));
    findings.extend(failing_entries(sight, ranking));
    // If the login needs the user's consent, another finding already reports this cause.
    if !needs_consent(sight, ranking) {
        findings.extend(unauthenticated(sight, ranking));
    }
    findings.extend(clear_text(sight, ranking));
    for report in &ranking.reports {
        findings.extend(of_source(sight, ranking, report));
    }
    findings.extend(warnings_of_recommended(sight, ranking));
    findings
}

/// Whether the login at the recommended server was skipped because the server's name is not authenticated.
fn needs_consent<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> bool {
    let recommended = ranking.recommended().filter(|_| sight.plan.login.is_some());
    recommended.is_some_and(|(candidate, tested)| {
        tested.login == LoginTrial::NotTested && candidate.user.value(sight).is_some() && !candidate.has_consent(sight)
    })
}

fn finding(rule: &'static Rule, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, Confidence::Certain, summary)
}

/// The finding that determines the exit code; `None` if a setting was proved and, if a login was requested, the login
/// was tested.
fn deciding<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    match ranking.recommended() {
        Some((_, tested)) if sight.plan.login.is_none() || tested.login == LoginTrial::Accepted => None,
        Some(best) => Some(login_not_tested(sight, ranking, best)),
        None if ranking.settings.iter().any(|(_, tested)| tested.login == LoginTrial::Rejected) => {
            login_rejected(sight, ranking)
        }
        None if ranking.is_found() => Some(not_proved(sight, ranking)),
        None => Some(not_found(sight, ranking)),
    }
}

fn not_found<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Finding {
    let domain = sight.domain();
    let not_offered = ranking.reports.iter().find(|report| report.state == SourceState::NotOffered);
    let unfinished = ranking.reports.iter().any(|report| !report.is_over());
    // If no limit had been reached, a source or a server that was not tested might have provided the settings.
    let is_cut_short =
        unfinished || ranking.settings.iter().any(|(_, tested)| tested.state == CandidateState::NotTested);
    let failed: Vec<String> = ranking
        .reports
        .iter()
        .filter(|report| report.state == SourceState::Failed)
        .map(|report| format!("{} ({})", report.detail, report.kind.title()))
        .collect();
    let cause = match not_offered {
        Some(report) if report.kind == SourceKind::Srv => {
            "The domain states in its SRV records that it does not offer a service for sending mail.".to_owned()
        }
        Some(report) => format!("{}, so no program can use SMTP to send mail from this email address.", report.detail),
        None if sight.settings.discovery == Discovery::BuiltIn => {
            "The domain is not in the built-in list of providers, and --offline excludes the other sources.".to_owned()
        }
        None => "No source has settings for this domain, and no mail server with a valid certificate responds at the usual host names.".to_owned(),
    };
    let mut fixes = Vec::new();
    if sight.settings.discovery == Discovery::BuiltIn {
        let whole = format!("smtpcheck settings {}", in_shell(&sight.target()));
        fixes.push(Fix::run("Query the other sources as well", whole));
    }
    if not_offered.is_none() {
        fixes.push(Fix::run(
            "Find the server's name in your mail provider's documentation, and check that server",
            "smtpcheck HOST:465",
        ));
        fixes.push(Fix::run(
            format!("DNS operator of {domain}: publish the host and port of the service"),
            format!("_submissions._tcp.{domain}. SRV 0 1 465 HOST."),
        ));
    } else {
        fixes.push(Fix::text("Ask the domain owner how to send mail from the domain's email addresses"));
    }
    let confidence = if failed.is_empty() && !unfinished { Confidence::Certain } else { Confidence::Likely };
    let otherwise = (confidence != Confidence::Certain).then(|| {
        "Some sources could not be queried. To find out what they contain, repeat the search later or from another network.".to_owned()
    });
    Finding {
        cause,
        otherwise,
        confidence,
        fixes,
        consequences: failed,
        failure: Some(if is_cut_short { PhaseFailure::Incomplete } else { PhaseFailure::Unreachable }),
        ..finding(&SETTINGS_NOT_FOUND, format!("no settings for sending mail from {domain} were found"))
    }
}

/// The finding of the ordinary checks that explains why a session failed.
fn explaining<'s>(
    sight: SettingsSight<'s>,
    candidate: &SettingCandidate<'s>,
    session: Option<Session<'s>>,
) -> Option<Finding> {
    let mut findings = session.map(|session| ordinary::findings(sight, candidate, session)).unwrap_or_default();
    let at = findings
        .iter()
        .position(|finding| finding.failure.is_some())
        .or_else(|| findings.iter().position(|finding| finding.severity == Severity::Error));
    at.map(|at| findings.swap_remove(at))
}

fn not_proved<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Finding {
    let Some((candidate, tested)) = ranking.settings.first() else { return not_found(sight, ranking) };
    let problem = tested.problem.clone().unwrap_or_default();
    let session = candidate.session(sight);
    let known = explaining(sight, candidate, session);
    // The name and the issuer of a certificate can both be wrong. The summary names the problem that the cause
    // explains.
    let problem = match &known {
        Some(known) if tested.verifies == Some(false) => known.summary.clone(),
        _ => problem,
    };
    // A guessed port is not published.
    let what = if candidate.origin == CandidateOrigin::Published { "published settings" } else { "settings" };
    let summary = format!("no {what} work; the best server is {} ({problem})", candidate.quoted());
    let others =
        ranking.settings.iter().skip(1).take(8).map(|(other, tested)| {
            format!("{}: {}", other.quoted(), tested.problem.as_deref().unwrap_or("not tested"))
        });
    let mut found = Finding { consequences: others.collect(), ..finding(&SETTINGS_NOT_PROVED, summary) };
    let is_cut = tested.state == CandidateState::NotTested;
    match known {
        Some(known) if !is_cut => adopt(&mut found, known),
        _ if is_cut => {
            found.cause = format!("The servers were not tested: {problem}.");
            found.fixes = vec![Fix::text("Repeat the check with a higher --max-time or --max-connections")];
            found.failure = Some(PhaseFailure::Incomplete);
        }
        _ => {
            found.cause =
                "The server responds, but a program with these settings could not log in over TLS.".to_owned();
            found.fixes = vec![Fix::run("Check the server in detail", command(sight, candidate, tested))];
            found.failure = Some(match tested.state {
                CandidateState::Failed => PhaseFailure::Unreachable,
                CandidateState::Doubtful if tested.verifies != Some(true) => PhaseFailure::Tls,
                CandidateState::Doubtful | CandidateState::Proved | CandidateState::NotTested => PhaseFailure::Auth,
            });
        }
    }
    // A setting that was not tested because of a limit could work.
    if ranking.settings.iter().any(|(_, tested)| tested.state == CandidateState::NotTested) {
        found.failure = Some(PhaseFailure::Incomplete);
    }
    if is_guess(candidate) && !tested.certificate_names.is_empty() {
        let names = quoted_names(candidate, sight, tested);
        found.consequences.push(match tested.certificate_names.len() {
            1 => format!("The certificate contains {names}, which may be the server's name"),
            _ => format!("The certificate contains {names}; one of these may be the server's name"),
        });
    }
    found
}

fn quoted_names<'s>(candidate: &SettingCandidate<'s>, sight: SettingsSight<'s>, tested: &Tested) -> String {
    let names = tested.certificate_names.join(", ");
    match candidate.session(sight).and_then(|session| session.handshake()) {
        Some((event, _)) => event.quote(names).to_string(),
        None => names,
    }
}

/// Takes the cause, the fixes and the evidence from a finding of the ordinary checks.
fn adopt(found: &mut Finding, known: Finding) {
    found.phase = known.phase;
    found.category = known.category;
    found.confidence = known.confidence;
    found.basis = known.basis;
    found.cause = if known.cause.is_empty() { known.summary } else { known.cause };
    found.otherwise = known.otherwise;
    found.fixes = known.fixes;
    found.evidence = known.evidence;
    found.failure = known.failure.or(Some(PhaseFailure::Unreachable));
    let own = std::mem::take(&mut found.consequences);
    found.consequences = known.consequences.into_iter().chain(own).collect();
}

fn login_rejected<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    let rejected: Vec<&(SettingCandidate<'s>, Tested)> =
        ranking.settings.iter().filter(|(_, tested)| tested.login == LoginTrial::Rejected).collect();
    let (candidate, tested) = rejected.first()?;
    let known = explaining(sight, candidate, candidate.login_session(sight));
    let what = match known.as_ref().map(|known| known.summary.as_str()) {
        Some(summary) => summary.to_owned(),
        None => tested.login_detail.clone().unwrap_or_default(),
    };
    let summary = match rejected.len() {
        1 => format!("{}: {what}", candidate.quoted()),
        count => format!("{count} servers reject the login, including {}: {what}", candidate.quoted()),
    };
    let mut found = finding(&SETTINGS_LOGIN_REJECTED, summary);
    found.phase = Phase::Auth;
    if let Some(known) = known {
        adopt(&mut found, known);
    }
    if found.cause.is_empty() {
        found.cause = "The server rejected the user name or the password.".to_owned();
    }
    found.failure = Some(PhaseFailure::Auth);
    let user = candidate.user.value(sight);
    let local = sight.settings.local_part().filter(|local| Some(local) != user.as_ref());
    if let Some(local) = local.filter(|_| sight.settings.user.is_none()) {
        let again = format!("smtpcheck settings {} --user {}", in_shell(&sight.target()), in_shell(&local));
        found.fixes.push(Fix::run(
            "If the password is correct, the user name may be only the part before the @; each attempt may count towards a lockout",
            again,
        ));
    }
    for (other, tested) in rejected.iter().skip(1) {
        let detail = tested.login_detail.as_deref().unwrap_or("rejected");
        found.consequences.push(format!("{}: {detail}", other.quoted()));
    }
    Some(found)
}

fn login_not_tested<'s>(
    sight: SettingsSight<'s>,
    ranking: &Ranking<'s>,
    best: &(SettingCandidate<'s>, Tested),
) -> Finding {
    let (candidate, tested) = best;
    let tried = ranking
        .settings
        .iter()
        .find(|(one, tested)| tested.login == LoginTrial::Inconclusive && one.login_session(sight).is_some());
    if let Some((one, tested)) = tried {
        let detail = tested.login_detail.clone().unwrap_or_default();
        let mut found = finding(&SETTINGS_LOGIN_NOT_TESTED, format!("{}: {detail}", one.quoted()));
        found.phase = Phase::Auth;
        match explaining(sight, one, one.login_session(sight)) {
            Some(known) => adopt(&mut found, known),
            None => {
                found.cause = "The login ended without a reply that shows whether the password is correct.".to_owned();
                found.fixes = vec![Fix::run("Check this server in detail", command(sight, one, tested))];
                found.failure = Some(PhaseFailure::Incomplete);
            }
        }
        return found;
    }
    let detail = tested.login_detail.clone().unwrap_or_default();
    let mut found =
        finding(&SETTINGS_LOGIN_NOT_TESTED, format!("the login at {} was not tested: {detail}", candidate.quoted()));
    found.phase = Phase::Auth;
    found.failure = Some(PhaseFailure::Incomplete);
    if candidate.user.value(sight).is_none() {
        found.cause = "The user name contains part of the email address, but only a domain was given.".to_owned();
        let again = format!("smtpcheck settings ADDRESS@{}", sight.domain());
        found.fixes = vec![Fix::run("Specify the email address instead of the domain", again)];
        return found;
    }
    let at = candidate.host.ascii();
    let base = registrable(at);
    let quote = |text: &str| match candidate.probe {
        Some(probe) => probe.quote(text.to_owned()).to_string(),
        None => text.to_owned(),
    };
    found.cause = format!(
        "An unauthenticated source ({2}) names the server {0} in the registrable domain {1}. An attacker who changes this source would receive the password.",
        quote(at),
        quote(&base),
        titles(&candidate.sources)
    );
    // The --password-file of this run is added to the command later, with the other flags.
    let file = if sight.settings.password_file.is_some() { "" } else { " --password-file FILE" };
    let again = format!("smtpcheck settings {} --yes{file}", in_shell(&sight.target()));
    found.fixes = vec![
        Fix::run(
            "If your mail provider's documentation names this server, repeat the command with the password and --yes",
            again,
        ),
        Fix::text(format!("Operator of {}: {}", sight.domain(), authentication_of(candidate).1)),
    ];
    match candidate.probe {
        Some(probe) => found.tried(probe.id),
        None => found,
    }
}

/// Why a source is not authenticated, and how its operator can change that.
fn authentication_of(candidate: &SettingCandidate<'_>) -> (&'static str, &'static str) {
    match candidate.sources.iter().min() {
        Some(SourceKind::Guess) => (
            "The name was guessed. The certificate proves that the server has this name, but not that it serves the domain's email addresses.",
            "publish SRV records or an autoconfiguration file",
        ),
        Some(SourceKind::AutoconfigHttp) => (
            "The autoconfiguration file is available only over HTTP. An attacker on the network path could change it.",
            "serve the autoconfiguration file over HTTPS",
        ),
        Some(SourceKind::Srv) => (
            "The SRV records name a host outside the domain, and are not signed. An attacker who changes DNS responses could name another host.",
            "sign the zone with DNSSEC",
        ),
        _ => (
            "The server was found through the domain's MX record or alias, which is not signed. An attacker who changes DNS responses could name another host.",
            "publish SRV records or an autoconfiguration file, or sign the zone with DNSSEC",
        ),
    }
}

fn titles(kinds: &[SourceKind]) -> String {
    kinds.iter().map(|kind| kind.title()).collect::<Vec<_>>().join(", ")
}

/// The finding about two authenticated sources that have no host in common.
fn disagreement<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    let found: Vec<&SourceReport<'s>> =
        ranking.reports.iter().filter(|report| report.is_found() && report.is_authenticated).collect();
    let hosts = |report: &SourceReport<'s>| -> Vec<DomainName> {
        report.settings.iter().map(|setting| setting.host.clone()).collect()
    };
    let differs = |one: &SourceReport<'s>, other: &SourceReport<'s>| {
        let known = hosts(one);
        !hosts(other).iter().any(|host| known.contains(host))
    };
    let (first, rest) = found.split_first()?;
    let other = rest.iter().find(|other| differs(first, other))?;
    let shown = |report: &SourceReport<'s>| {
        let mut names: Vec<String> = Vec::new();
        for setting in &report.settings {
            let name = match setting.probe {
                Some(probe) => probe.quote(setting.host.ascii()).to_string(),
                None => setting.host.ascii().to_owned(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        format!("{}: {}", report.kind.title(), names.join(", "))
    };
    let mut consequences: Vec<String> = found.iter().map(|report| shown(report)).collect();
    if let Some((candidate, tested)) = ranking.recommended() {
        let why = match tested.login {
            LoginTrial::Accepted => "the login succeeds there",
            _ => "no login was tested, so the other server may be the right one",
        };
        consequences.push(format!("smtpcheck recommends {} ({why})", candidate.quoted()));
    }
    let probes: Vec<&Probe> = found.iter().flat_map(|report| &report.settings).filter_map(|one| one.probe).collect();
    let result = Finding {
        cause: "At least one of the sources is out of date, or the domain uses two services. Programs that use the wrong server cannot log in.".to_owned(),
        consequences,
        fixes: vec![Fix::text(format!(
            "Operator of {}: change or remove the source that is out of date",
            sight.domain()
        ))],
        ..finding(
            &SETTINGS_SOURCES_DISAGREE,
            format!("{} and {} name different servers", first.kind.title(), other.kind.title()),
        )
    };
    Some(probes.iter().fold(result, |finding, probe| finding.tried(probe.id)))
}

/// The finding about published settings that do not work, if other settings work.
fn failing_entries<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    ranking.recommended()?;
    let is_failing = |(candidate, tested): &&(SettingCandidate<'s>, Tested)| {
        candidate.origin == CandidateOrigin::Published
            && candidate.security != SettingSecurity::None
            && matches!(tested.state, CandidateState::Failed | CandidateState::Doubtful)
    };
    let failing: Vec<&(SettingCandidate<'s>, Tested)> = ranking.settings.iter().filter(is_failing).collect();
    let (first, tested) = failing.first()?;
    let of = |candidate: &SettingCandidate<'s>, tested: &Tested| {
        format!(
            "{} ({}): {}",
            candidate.quoted(),
            titles(&candidate.sources),
            tested.problem.as_deref().unwrap_or("does not work")
        )
    };
    let summary = match failing.len() {
        1 => format!("published settings do not work: {}", of(first, tested)),
        count => format!("{count} sets of published settings do not work, including {}", of(first, tested)),
    };
    let base = finding(&SETTINGS_ENTRY_FAILS, summary);
    let probe = first.session(sight).map(|session| session.probe.id);
    let found = Finding {
        cause: "The published settings are out of date, the server is down, or this network blocks the port."
            .to_owned(),
        otherwise: Some("To find out, repeat the check from another network.".to_owned()),
        confidence: Confidence::Likely,
        consequences: failing.iter().skip(1).take(8).map(|(candidate, tested)| of(candidate, tested)).collect(),
        fixes: vec![
            Fix::text("Domain owner: correct the published settings, or the server"),
            Fix::run("Check this server in detail", command(sight, first, tested)),
        ],
        ..base
    };
    Some(match probe {
        Some(probe) => found.tried(probe),
        None => found,
    })
}

fn unauthenticated<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    let (candidate, _) = ranking.recommended().filter(|(candidate, _)| !candidate.is_authenticated)?;
    let found = finding(
        &SETTINGS_UNAUTHENTICATED,
        format!("{} is named only by an unauthenticated source ({})", candidate.quoted(), titles(&candidate.sources)),
    );
    let (cause, fix) = authentication_of(candidate);
    let found = Finding {
        cause: cause.to_owned(),
        fixes: vec![
            Fix::text("Before you enter a password, compare the host name with your mail provider's documentation"),
            Fix::text(format!("Operator of {}: {fix}", sight.domain())),
        ],
        ..found
    };
    Some(match candidate.probe {
        Some(probe) => found.tried(probe.id),
        None => found,
    })
}

fn clear_text<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Option<Finding> {
    let is_plain = |(candidate, _): &&(SettingCandidate<'s>, Tested)| candidate.security == SettingSecurity::None;
    let (candidate, tested) = ranking.settings.iter().find(is_plain)?;
    let better = ranking.settings.iter().find(|(other, tested)| other.host == candidate.host && tested.is_proved());
    let found = finding(
        &SETTINGS_CLEAR_TEXT,
        format!("a source publishes {} without TLS ({})", candidate.quoted(), titles(&candidate.sources)),
    );
    let (cause, fix) = match better {
        Some((better, proved)) => (
            format!("The same host supports {} on port {}.", proved.security.words(), better.port),
            format!("Operator of the source: publish port {} with {}", better.port, proved.security.words()),
        ),
        None => (
            "smtpcheck tried TLS on the same host without success, and does not recommend settings without TLS."
                .to_owned(),
            "Server operator: support implicit TLS on port 465, with a certificate for the server's name".to_owned(),
        ),
    };
    let command = command(sight, candidate, tested);
    let found =
        Finding { cause, fixes: vec![Fix::text(fix), Fix::run("Check this server in detail", command)], ..found };
    Some(match candidate.probe {
        Some(probe) => found.tried(probe.id),
        None => found,
    })
}

/// The findings about one source.
fn of_source<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>, report: &SourceReport<'s>) -> Vec<Finding> {
    let place = report.place.clone().unwrap_or_default();
    let mut findings = Vec::new();
    let mut words_of_file = Vec::new();
    for fault in &report.faults {
        match fault {
            SourceFault::File { probe, words, is_useless } => words_of_file.push((*probe, words, *is_useless)),
            SourceFault::Certificate { probe, words } => {
                findings.extend(certificate(ranking, report, probe, words));
            }
            SourceFault::NotOffered { probe, name } => findings.push(
                Finding {
                    cause: "The target of the record is a dot, which means that the service does not exist.".to_owned(),
                    fixes: vec![Fix::text(format!(
                        "DNS operator of {}: if the service exists, correct the record",
                        sight.domain()
                    ))],
                    ..finding(&SUBMISSION_NOT_OFFERED, format!("the domain does not offer the service {name}"))
                }
                .tried(probe.id),
            ),
            SourceFault::Record { probe, words } => findings.push(
                Finding {
                    cause: "Programs that follow the standards for SRV records cannot use this record, or interpret it differently.".to_owned(),
                    fixes: vec![Fix::run(
                        format!("DNS operator of {}: correct the record", sight.domain()),
                        format!("_submissions._tcp.{}. SRV 0 1 465 HOST.", sight.domain()),
                    )],
                    ..finding(&SUBMISSION_RECORD_INVALID, words.clone())
                }
                .tried(probe.id),
            ),
            SourceFault::Digest { probe, words } => findings.push(
                Finding {
                    cause: "Programs must not use a file whose digest is not in DNS.".to_owned(),
                    fixes: vec![Fix::run(
                        format!("DNS operator of {}: publish the digest of the file", sight.domain()),
                        format!("curl -s {} | openssl dgst -sha256 -binary | base64", in_shell(&place)),
                    )],
                    ..finding(&PACC_DIGEST, format!("the PACC file cannot be used: {words}"))
                }
                .tried(probe.id),
            ),
        }
    }
    if let Some((probe, words, is_useless)) = words_of_file.first() {
        let cause = match is_useless {
            true => "Programs ignore the file.",
            false => "Programs ignore this part of the file.",
        };
        findings.push(
            Finding {
                cause: cause.to_owned(),
                consequences: words_of_file.iter().skip(1).map(|(_, words, _)| (*words).clone()).collect(),
                fixes: vec![Fix::run("Web server operator: correct the file", format!("curl {}", in_shell(&place)))],
                ..finding(
                    &AUTOCONFIG_INVALID,
                    format!("the autoconfiguration file at {place} contains an error: {words}"),
                )
            }
            .tried(probe.id),
        );
    }
    findings
}

/// A certificate that prevents HTTPS is reported only if the same host has the file over HTTP: many web servers respond
/// under every name, with a certificate for another name.
fn certificate<'s>(ranking: &Ranking<'s>, report: &SourceReport<'s>, probe: &Probe, words: &str) -> Option<Finding> {
    let is_over_http = |report: &SourceReport<'_>| report.kind == SourceKind::AutoconfigHttp && report.is_found();
    if report.kind != SourceKind::Autoconfig || !ranking.reports.iter().any(is_over_http) {
        return None;
    }
    let found = Finding {
        cause: "The same host publishes the file over HTTP. Programs that require HTTPS find no settings, and others use a file that an attacker can change.".to_owned(),
        fixes: vec![Fix::text("Web server operator: install a certificate that contains this host's name")],
        ..finding(
            &AUTOCONFIG_CERTIFICATE,
            format!("the autoconfiguration file cannot be fetched over HTTPS: {words}"),
        )
    };
    Some(found.tried(probe.id))
}

/// The warnings of the ordinary checks about the recommended server.
fn warnings_of_recommended<'s>(sight: SettingsSight<'s>, ranking: &Ranking<'s>) -> Vec<Finding> {
    let Some((candidate, _)) = ranking.recommended() else { return Vec::new() };
    let session = candidate.login_session(sight).or_else(|| candidate.session(sight));
    let Some(session) = session else { return Vec::new() };
    let findings = ordinary::findings(sight, candidate, session);
    let is_shown = |finding: &Finding| finding.severity >= Severity::Warning && finding.phase < Phase::Auth;
    findings
        .into_iter()
        .filter(is_shown)
        .map(|finding| Finding {
            severity: Severity::Warning,
            failure: None,
            summary: format!("{}: {}", candidate.quoted(), finding.summary),
            ..finding
        })
        .collect()
}
