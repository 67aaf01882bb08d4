//! The results of a search for client settings as rows, as formats for people show them. This module judges nothing:
//! all results come from [`SettingsSeen`]. Received text has passed through [`escape`].

use crate::check::settings::seen::{
    CandidateSeen, CandidateState, LoginTrial, RecommendedSetting, SettingsSeen, SourceKind, SourceState,
};
use crate::render::style::Role;
use crate::render::{Display, Verbosity, escape};
use crate::wire::host;

/// A row of a table.
pub(in crate::render) struct SettingsRow {
    pub(in crate::render) name: String,
    pub(in crate::render) role: Role,
    pub(in crate::render) word: &'static str,
    pub(in crate::render) detail: String,
}

/// The address or the domain, and the provider.
pub(in crate::render) fn headline(seen: &SettingsSeen) -> (String, String) {
    let name = seen.address.as_ref().unwrap_or(&seen.domain);
    let unicode = seen.unicode.as_ref().map(|unicode| format!(" ({})", escape::visible(unicode)));
    let provider = seen.provider.as_ref().map(|provider| escape::visible(provider));
    let found = seen.sources.iter().filter(|source| source.state == SourceState::Found).count();
    let sources = match found {
        0 => "no source has settings".to_owned(),
        1 => "1 source has settings".to_owned(),
        count => format!("{count} sources have settings"),
    };
    let parts = provider.into_iter().chain([sources]).collect::<Vec<_>>().join(", ");
    (format!("{}{}", escape::visible(name), unicode.unwrap_or_default()), parts)
}

/// The recommended settings, as pairs of label and text.
pub(in crate::render) fn recommended(setting: &RecommendedSetting) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("server", escape::visible(&setting.host)),
        ("port", setting.port.to_string()),
        ("security", setting.security.words().to_owned()),
    ];
    rows.push(("user", escape::visible(setting.user.as_ref().unwrap_or(&setting.user_form))));
    rows.extend(setting.password.as_ref().map(|password| ("password", escape::visible(password))));
    rows.push(("login", mechanisms(setting)));
    rows.push(("reason", setting.reason.clone()));
    rows.push(("verified", escape::visible(&setting.proved.join("; "))));
    rows.push(("not verified", escape::visible(&setting.not_proved.join("; "))));
    rows
}

fn mechanisms(setting: &RecommendedSetting) -> String {
    match &setting.mechanism {
        Some(mechanism) => format!("AUTH {} was accepted", escape::visible(mechanism)),
        None if setting.mechanisms.is_empty() => "not needed".to_owned(),
        None => format!("AUTH {}", escape::visible(&setting.mechanisms.join(" "))),
    }
}

/// The sources. Those that were not queried are shown only with `--verbose`.
pub(in crate::render) fn sources(seen: &SettingsSeen, look: &Display) -> Vec<SettingsRow> {
    let is_shown = |state: SourceState| look.volume == Verbosity::Verbose || state != SourceState::NotAsked;
    let shown = seen.sources.iter().filter(|source| is_shown(source.state));
    shown
        .map(|source| {
            let (role, word) = match source.state {
                SourceState::Found if source.authenticated == Some(false) => (Role::Warning, "found"),
                SourceState::Found => (Role::Bold, "found"),
                SourceState::NotPublished => (Role::Dim, "none"),
                SourceState::NotOffered => (Role::Warning, "not offered"),
                SourceState::Invalid => (Role::Warning, "invalid"),
                SourceState::Failed => (Role::Warning, "failed"),
                SourceState::NotAsked => (Role::Dim, "not queried"),
                SourceState::Unfinished => (Role::Warning, "unfinished"),
            };
            let mut parts = vec![escape::visible(&source.detail)];
            if source.authenticated == Some(false) {
                parts.push("not authenticated".to_owned());
            }
            let place = source.place.as_ref().filter(|_| source.state != SourceState::NotPublished);
            let has_place = look.volume == Verbosity::Verbose || source.source != SourceKind::Srv;
            parts.extend(place.filter(|_| has_place).map(|place| escape::visible(place)));
            SettingsRow { name: source.source.title().to_owned(), role, word, detail: parts.join(", ") }
        })
        .collect()
}

/// The settings that were tested. Failures at ports or hosts that no source names are shown only with `--verbose`.
pub(in crate::render) fn candidates(seen: &SettingsSeen, look: &Display) -> Vec<SettingsRow> {
    let is_shown = |one: &&CandidateSeen| {
        let has_result = matches!(one.state, CandidateState::Proved | CandidateState::Doubtful);
        look.volume == Verbosity::Verbose || one.published || has_result
    };
    seen.candidates.iter().filter(is_shown).map(candidate).collect()
}

fn candidate(one: &CandidateSeen) -> SettingsRow {
    let (role, word) = match one.state {
        CandidateState::Proved => (Role::Bold, "verified"),
        CandidateState::Doubtful => (Role::Warning, "doubtful"),
        CandidateState::Failed => (Role::Dim, "failed"),
        CandidateState::NotTested => (Role::Dim, "not tested"),
    };
    let mut parts = vec![one.security.words().to_owned()];
    parts.extend(one.problem.clone());
    parts.extend(one.tls_version.clone());
    match one.login {
        LoginTrial::Accepted => parts.push("login accepted".to_owned()),
        LoginTrial::NotTested => {}
        LoginTrial::Inconclusive | LoginTrial::Rejected => {
            parts.push(format!("login {}", escape::visible(one.login_detail.as_deref().unwrap_or("failed"))));
        }
    }
    let titles: Vec<&str> = one.sources.iter().map(|source| source.title()).collect();
    let from = if one.published { "from" } else { "host from" };
    parts.push(format!("{from} {}", titles.join(", ")));
    let name = format!("{}:{}", host::bracketed(&escape::visible(&one.host)), one.port);
    SettingsRow { name, role, word, detail: parts.join(", ") }
}

/// What was not tested.
pub(in crate::render) fn not_tested(seen: &SettingsSeen) -> Vec<String> {
    seen.not_tested.iter().map(|one| escape::visible(&format!("{}: {}", one.what, one.why))).collect()
}
