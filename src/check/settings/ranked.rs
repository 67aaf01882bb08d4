//! The settings in order of preference, and the login to test next.

use super::candidates::{SettingCandidate, candidates};
use super::outcome::{Tested, preference, tested};
use super::seen::{LoginTrial, SourceKind, SourceState};
use super::sight::SettingsSight;
use super::sources::{SourceReport, reports};
use crate::question::SessionRequest;
use crate::wire::DomainName;

/// The maximum number of servers at which a password is tested. Each rejected login may count towards a lockout.
const MAX_LOGINS: usize = 3;

/// The sources, and the settings in order of preference.
pub(super) struct Ranking<'s> {
    pub(super) reports: Vec<SourceReport<'s>>,
    pub(super) settings: Vec<(SettingCandidate<'s>, Tested)>,
}

impl<'s> Ranking<'s> {
    pub(super) fn new(sight: SettingsSight<'s>) -> Ranking<'s> {
        let reports = reports(sight);
        let mut settings: Vec<(SettingCandidate<'s>, Tested)> = candidates(sight, &reports)
            .into_iter()
            .map(|candidate| {
                let tested = tested(sight, &candidate);
                (candidate, tested)
            })
            .collect();
        share_rejections(&mut settings);
        settings.sort_by_key(|(candidate, tested)| preference(candidate, tested));
        Ranking { reports, settings }
    }

    /// The setting to use: the best setting, if it is proved and its login was not rejected.
    pub(super) fn recommended(&self) -> Option<&(SettingCandidate<'s>, Tested)> {
        self.settings.first().filter(|(_, tested)| tested.is_proved() && !tested.is_rejected)
    }

    /// Whether a source has settings, or a server with a guessed name responds with a certificate for this name.
    pub(super) fn is_found(&self) -> bool {
        self.reports.iter().any(SourceReport::is_found)
            || self.settings.iter().any(|(candidate, tested)| !is_guess(candidate) || tested.verifies == Some(true))
    }

    /// The result of guessing, as a row in the list of sources.
    pub(super) fn guess(&self) -> (SourceState, String) {
        let guessed: Vec<&(SettingCandidate<'s>, Tested)> =
            self.settings.iter().filter(|(candidate, _)| is_guess(candidate)).collect();
        let works = guessed.iter().filter(|(_, tested)| tested.verifies == Some(true)).count();
        let mut hosts: Vec<&str> = Vec::new();
        for (candidate, _) in &guessed {
            if !hosts.contains(&candidate.host.ascii()) {
                hosts.push(candidate.host.ascii());
            }
        }
        hosts.sort_unstable();
        match (guessed.len(), works) {
            (0, _) => (SourceState::NotAsked, "no name was guessed".to_owned()),
            (_, 0) if guessed.iter().any(|(_, tested)| tested.is_unknown) => {
                (SourceState::Failed, format!("could not be looked up: {}", hosts.join(", ")))
            }
            (_, 0) => {
                (SourceState::NotPublished, format!("no mail server with a valid certificate at {}", hosts.join(", ")))
            }
            (_, _) => (SourceState::Found, format!("guessed: {}", hosts.join(", "))),
        }
    }

    /// The login to test next. Logins are tested one after the other: the next server is tested only if the previous
    /// server's reply was not conclusive, or if the previous server rejected the login and the next server is a
    /// different host.
    pub(super) fn next_login(&self, sight: SettingsSight<'s>) -> Option<SessionRequest> {
        sight.plan.login.as_ref()?;
        let is_open = |(candidate, _): &(SettingCandidate<'s>, Tested)| {
            !candidate.session(sight).is_some_and(|session| session.is_over())
        };
        if !self.reports.iter().all(SourceReport::is_over) || self.settings.iter().any(is_open) {
            return None;
        }
        let held: Vec<&(SettingCandidate<'s>, Tested)> =
            self.settings.iter().filter(|(candidate, _)| candidate.login_session(sight).is_some()).collect();
        let is_running = |(candidate, _): &&&(SettingCandidate<'s>, Tested)| {
            candidate.login_session(sight).is_some_and(|session| !session.is_over())
        };
        let is_accepted = held.iter().any(|(_, tested)| tested.login == LoginTrial::Accepted);
        if held.iter().any(|one| is_running(&one)) || is_accepted || held.len() >= MAX_LOGINS {
            return None;
        }
        self.settings
            .iter()
            .filter(|(candidate, tested)| tested.is_proved() && !tested.is_rejected && candidate.has_consent(sight))
            .filter(|(candidate, _)| candidate.login_session(sight).is_none())
            .find_map(|(candidate, _)| candidate.login_request(sight))
    }

    /// Proved settings for which no login was tested, because the source of the host name is not authenticated.
    pub(super) fn without_consent(&self, sight: SettingsSight<'s>) -> Vec<&SettingCandidate<'s>> {
        let is_accepted = self.settings.iter().any(|(_, tested)| tested.login == LoginTrial::Accepted);
        if sight.plan.login.is_none() || is_accepted {
            return Vec::new();
        }
        let proved =
            self.settings.iter().filter(|(candidate, tested)| tested.is_proved() && !candidate.has_consent(sight));
        proved.map(|(candidate, _)| candidate).collect()
    }
}

/// A host that rejects the login on one port also rejects it on the others, so the login is not tested there.
fn share_rejections(settings: &mut [(SettingCandidate<'_>, Tested)]) {
    let rejected: Vec<(DomainName, u16)> = settings
        .iter()
        .filter(|(_, tested)| tested.login == LoginTrial::Rejected)
        .map(|(candidate, _)| (candidate.host.clone(), candidate.port))
        .collect();
    for (candidate, tested) in settings.iter_mut().filter(|(_, tested)| tested.login == LoginTrial::NotTested) {
        if let Some((_, port)) = rejected.iter().find(|(host, _)| *host == candidate.host) {
            tested.is_rejected = true;
            tested.login_detail = Some(format!("the same host rejected the login on port {port}"));
        }
    }
}

/// Whether no source names the host.
pub(super) fn is_guess(candidate: &SettingCandidate<'_>) -> bool {
    candidate.sources.contains(&SourceKind::Guess)
}
