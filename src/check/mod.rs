//! Checks: one subject per file. Each check has two functions: one returns questions, and the other judges the
//! evidence. Both are pure functions of the plan and the evidence: no I/O, no clock, no randomness. [`CHECKS`] is the
//! list, and [`judge`] runs it.
//!
//! A [`Rule`] is a value with a public id and its documentation. A [`Finding`] is a rule that fired, with its evidence.
//! Each root cause has one finding. An error or a warning has a fix. `certain` is used only if the evidence allows no
//! other explanation. A test that did not run is never reported as passed.

mod again;
mod auth;
pub mod backends;
pub(crate) mod certificate;
mod claims;
pub(crate) mod clients;
mod connect;
mod disclosure;
pub mod domain;
mod ehlo;
mod elsewhere;
mod envelope;
mod finding;
mod greeting;
mod handshake;
mod other_host;
mod parameters;
pub(crate) mod peer;
mod place;
mod programs;
mod protocol;
mod proxy;
mod proxy_header;
pub mod refusal;
pub mod scan;
mod server;
mod server_name;
mod service;
mod session;
pub mod settings;
mod source;
mod starttls;

use crate::evidence::{Evidence, ProbeId};
use crate::plan::Plan;
use crate::question::Question;

pub use finding::{Check, Docs, Finding, Grounds, PhaseFailure, Rule, Severity, order};
pub(crate) use finding::{exit_order, in_shell, plural};
pub use server::{CHECKS, ends_before_the_server, judge_backends};
pub(crate) use starttls::{carried_into_tls, in_other_mode};

/// All questions that are worth asking now.
pub fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    checks_of(plan).iter().flat_map(|check| (check.ask)(plan, evidence)).collect()
}

/// The checks of a domain, of client settings, or of a server.
fn checks_of(plan: &Plan) -> &'static [&'static Check] {
    match (&plan.domain, &plan.settings) {
        (Some(_), _) => domain::DOMAIN_CHECKS,
        (None, Some(_)) => settings::SETTINGS_CHECKS,
        (None, None) => CHECKS,
    }
}

/// A session that can be abandoned, because data that may still arrive in it cannot change the findings.
pub fn settled(plan: &Plan, evidence: &Evidence) -> Option<ProbeId> {
    greeting::settled(plan, evidence)
}

/// All findings: errors first, then warnings, then notices, each group in the order of the session. Secrets in text
/// quoted from the server are masked by [`crate::evidence::Mask`].
pub fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let mut findings = judge_with_marks(plan, evidence);
    let mask = evidence.mask();
    for text in findings.iter_mut().flat_map(Finding::texts) {
        *text = mask.sentence(text);
    }
    findings
}

/// Like [`judge`], but keeps the marks around quotations, for the test that checks them.
pub fn judge_with_marks(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let mut findings = server::judge_by(checks_of(plan), plan, evidence);
    domain::limit_confidence(plan, evidence, &mut findings);
    findings
}

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    CHECKS
        .iter()
        .chain(domain::DOMAIN_CHECKS)
        .chain(settings::SETTINGS_CHECKS)
        .flat_map(|check| check.rules.iter().copied())
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}
