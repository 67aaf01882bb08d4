//! The search for client settings (`smtpcheck settings`): what a program needs in order to send mail from an email
//! address. If the plan contains a search, it runs instead of the checks of a server.
//!
//! | file | subject |
//! |---|---|
//! | `sources` | where settings are published, each source with its result |
//! | `candidates` | the settings to test |
//! | `outcome` | what the sessions show about a setting, and the order of preference |
//! | `ranked` | the settings in this order, and which login is tested next |
//! | `judge`, `ordinary` | the findings, and those of the ordinary checks about one setting |
//! | `rules` | the rules |
//! | `seen`, `results` | the results, for reports |
//! | `sight` | the evidence, with short functions for lookups in it |

mod candidates;
mod judge;
mod ordinary;
mod outcome;
mod ranked;
mod results;
mod rules;
pub mod seen;
mod sight;
mod sources;
#[cfg(test)]
mod tests;

use super::finding::{Check, Finding};
use crate::evidence::{Evidence, Session};
use crate::plan::Plan;
use crate::question::Question;
use ranked::Ranking;
use sight::SettingsSight;

pub use results::{UnconfirmedServer, results, unconfirmed};

/// The session with the recommended server, or with the best server if none is recommended. If a login was tested,
/// it is the session with the login.
pub fn session<'e>(plan: &'e Plan, evidence: &'e Evidence) -> Option<Session<'e>> {
    let sight = SettingsSight::new(plan, evidence)?;
    let ranking = Ranking::new(sight);
    let (candidate, _) = ranking.recommended().or_else(|| ranking.settings.first())?;
    candidate.login_session(sight).or_else(|| candidate.session(sight))
}

/// The checks of a search for settings.
pub static SETTINGS_CHECKS: &[&Check] = &[&CHECK];

static CHECK: Check = Check { subject: "settings", ask, judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = SettingsSight::new(plan, evidence) else { return Vec::new() };
    let ranking = Ranking::new(sight);
    let mut questions: Vec<Question> = ranking.reports.iter().flat_map(|report| report.questions.clone()).collect();
    for (candidate, _) in &ranking.settings {
        questions.push(Question::Resolve { host: candidate.host.clone() });
    }
    // If the connection limit is low, ports with a login come first.
    let mut sessions: Vec<_> = ranking.settings.iter().map(|(candidate, _)| candidate.request(sight)).collect();
    sessions.sort_by_key(|request| match request.port {
        465 => 0,
        587 => 1,
        25 => 3,
        _ => 2,
    });
    questions.extend(sessions.into_iter().map(Question::session));
    questions.extend(ranking.next_login(sight).map(Question::session));
    questions
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = SettingsSight::new(plan, evidence) else { return Vec::new() };
    judge::findings(sight, &Ranking::new(sight))
}
