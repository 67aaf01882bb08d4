//! Collects the results of a search for settings.

use super::candidates::{CandidateOrigin, SettingCandidate};
use super::outcome::Tested;
use super::ranked::{Ranking, is_guess};
use super::seen::{
    CandidateSeen, LoginTrial, RecommendedSetting, SettingSecurity, SettingsSeen, SourceKind, SourceSeen, SourceState,
};
use super::sight::{SettingsSight, registrable};
use crate::check::again;
use crate::check::domain::seen::NotTested;
use crate::check::finding::in_shell;
use crate::evidence::Evidence;
use crate::lexicon::providers;
use crate::plan::{Discovery, Plan};
use crate::wire::Host;

/// The results of a search for settings; `None` if the plan is for a different check.
pub fn results(plan: &Plan, evidence: &Evidence) -> Option<SettingsSeen> {
    let sight = SettingsSight::new(plan, evidence)?;
    let ranking = Ranking::new(sight);
    let domain = &sight.settings.domain;
    let known = ranking.reports.iter().filter(|report| report.is_found()).find_map(|report| report.provider.clone());
    Some(SettingsSeen {
        domain: domain.ascii().to_owned(),
        unicode: domain.is_international().then(|| domain.unicode().to_owned()),
        address: sight.settings.address.as_ref().map(ToString::to_string),
        provider: known,
        recommended: ranking.recommended().map(|(candidate, tested)| recommended(sight, candidate, tested)),
        sources: sources(sight, &ranking),
        candidates: ranking
            .settings
            .iter()
            .map(|(candidate, tested)| candidate_seen(sight, candidate, tested))
            .collect(),
        not_tested: not_tested(sight, &ranking),
    })
}

/// A server for which a login needs the user's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnconfirmedServer {
    /// The host.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// The registrable domain of the host.
    pub registrable: String,
    /// Where the name comes from.
    pub source: SourceKind,
}

/// The server on which the login would be tested if the user confirmed the server's name; `None` if no consent is
/// needed.
pub fn unconfirmed(plan: &Plan, evidence: &Evidence) -> Option<UnconfirmedServer> {
    let sight = SettingsSight::new(plan, evidence)?;
    let ranking = Ranking::new(sight);
    let candidate = ranking.without_consent(sight).into_iter().next()?;
    Some(UnconfirmedServer {
        host: Host::Name(candidate.host.clone()),
        port: candidate.port,
        registrable: registrable(candidate.host.ascii()),
        source: candidate.sources.iter().min().copied()?,
    })
}

fn sources(sight: SettingsSight<'_>, ranking: &Ranking<'_>) -> Vec<SourceSeen> {
    let mut sources: Vec<SourceSeen> = ranking
        .reports
        .iter()
        .map(|report| SourceSeen {
            source: report.kind,
            state: report.state,
            place: report.place.clone(),
            authenticated: report.is_found().then_some(report.is_authenticated),
            detail: report.detail.clone(),
        })
        .collect();
    if sight.settings.discovery == Discovery::All {
        let (state, detail) = ranking.guess();
        let authenticated = (state == SourceState::Found).then_some(false);
        sources.push(SourceSeen { source: SourceKind::Guess, state, place: None, authenticated, detail });
    }
    sources
}

fn candidate_seen(sight: SettingsSight<'_>, candidate: &SettingCandidate<'_>, tested: &Tested) -> CandidateSeen {
    CandidateSeen {
        host: candidate.host.ascii().to_owned(),
        port: candidate.port,
        security: tested.security,
        user: candidate.user.value(sight),
        sources: candidate.sources.clone(),
        published: candidate.origin == CandidateOrigin::Published,
        authenticated: candidate.is_authenticated,
        state: tested.state,
        problem: tested.problem.clone(),
        tls_version: tested.tls_version.clone(),
        certificate_verifies: tested.verifies,
        certificate_names: tested.certificate_names.clone(),
        mechanisms: tested.mechanisms.clone(),
        login: tested.login,
        login_detail: tested.login_detail.clone(),
    }
}

fn recommended(sight: SettingsSight<'_>, candidate: &SettingCandidate<'_>, tested: &Tested) -> RecommendedSetting {
    let provider = candidate.provider.and_then(|id| providers::find(id).into_iter().next());
    let is_accepted = tested.login == LoginTrial::Accepted;
    let mut proved = vec![
        format!("{} accepts connections and sends a greeting", candidate.place()),
        format!("its certificate is valid for {}", candidate.host),
    ];
    if !tested.mechanisms.is_empty() {
        proved.push(format!("it advertises AUTH {}", tested.mechanisms.join(" ")));
    }
    let mut not_proved = Vec::new();
    if is_accepted {
        proved.push("the login succeeds".to_owned());
    } else {
        let why = tested.login_detail.as_deref().unwrap_or("not tested");
        not_proved.push(format!("the login ({why})"));
    }
    if !candidate.is_authenticated {
        not_proved.push(format!("that this is the server of {}", sight.domain()));
    }
    not_proved.push("that the server accepts a message (smtpcheck never sends one)".to_owned());
    RecommendedSetting {
        host: candidate.host.ascii().to_owned(),
        port: candidate.port,
        security: tested.security,
        user: candidate.user.value(sight),
        user_form: candidate.user.words(sight),
        mechanisms: tested.mechanisms.clone(),
        mechanism: tested.mechanism.clone().filter(|_| is_accepted),
        password: provider.and_then(|provider| provider.password).map(|text| text.as_str().to_owned()),
        sources: candidate.sources.clone(),
        reason: reason(candidate, tested),
        proved,
        not_proved,
        command: command(sight, candidate, tested),
    }
}

/// Why a setting is preferred.
fn reason(candidate: &SettingCandidate<'_>, tested: &Tested) -> String {
    let security = match tested.security {
        SettingSecurity::ImplicitTls => {
            "implicit TLS with a valid certificate, which is preferred to STARTTLS (RFC 8314)"
        }
        SettingSecurity::Starttls => "STARTTLS with a valid certificate; implicit TLS is not available",
        SettingSecurity::None => "no other settings work",
    };
    let origin = match candidate.origin {
        CandidateOrigin::Published => "",
        CandidateOrigin::SameHost => "; the source names this host with another port",
        CandidateOrigin::Guessed => "; the name was guessed",
    };
    let login = if tested.login == LoginTrial::Accepted { "; the login succeeds" } else { "" };
    format!("{security}{origin}{login}")
}

/// The command that checks the setting again.
pub(super) fn command(sight: SettingsSight<'_>, candidate: &SettingCandidate<'_>, tested: &Tested) -> String {
    let mut words = format!("smtpcheck {}", in_shell(&candidate.place()));
    match (tested.security, candidate.port) {
        (SettingSecurity::ImplicitTls, port) if port != 465 => words.push_str(" --tls implicit"),
        (SettingSecurity::Starttls, _) => words.push_str(" --tls starttls"),
        _ => {}
    }
    if let Some(user) = candidate.user.value(sight) {
        words.push_str(&format!(" --user {}", in_shell(&user)));
    }
    again::completed(sight.plan, &words)
}

fn not_tested(sight: SettingsSight<'_>, ranking: &Ranking<'_>) -> Vec<NotTested> {
    let mut list = Vec::new();
    let mut add = |what: &str, why: &str| list.push(NotTested { what: what.to_owned(), why: why.to_owned() });
    if sight.settings.discovery == Discovery::BuiltIn {
        add("all sources except the built-in list of providers", "--offline excludes them");
    }
    for report in ranking.reports.iter().filter(|report| !report.is_over()) {
        add(report.kind.title(), "there was no response before the check ended");
    }
    for (candidate, tested) in &ranking.settings {
        if tested.state == super::seen::CandidateState::NotTested && !is_guess(candidate) {
            add(&candidate.place(), tested.problem.as_deref().unwrap_or("not tested"));
        }
    }
    if let Some((_, tested)) = ranking.recommended().filter(|(_, tested)| tested.login != LoginTrial::Accepted) {
        add("login", tested.login_detail.as_deref().unwrap_or("no password was given"));
    }
    list
}
