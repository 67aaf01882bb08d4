//! Checks: one subject per file. Each check has two functions: one asks questions, and one judges the evidence. Both are
//! pure functions of the plan and the evidence: no I/O, no clock, no randomness. [`CHECKS`] is the list, and [`judge`]
//! runs it.
//!
//! A [`Rule`] is a value with a public id and its documentation. A [`Finding`] is a rule that fired, with its evidence.
//! Rules for findings: one root cause raises one finding. An error or a warning has a fix. `certain` is used only if
//! the evidence allows no other reading. A test that did not run is never reported as passed.

mod again;
mod auth;
pub(crate) mod certificate;
pub(crate) mod clients;
mod connect;
pub mod domain;
mod ehlo;
mod envelope;
mod finding;
mod greeting;
mod handshake;
pub(crate) mod peer;
mod place;
pub mod refusal;
pub mod scan;
mod server_name;
mod session;
mod starttls;

use crate::evidence::{Evidence, ProbeId};
use crate::plan::Plan;
use crate::question::Question;

pub(crate) use finding::in_shell;
pub use finding::{Check, Docs, Finding, Grounds, PhaseFailure, Rule, Severity, order};
pub(crate) use starttls::{carried_into_tls, in_other_mode};

/// Every check, in the order of the session.
pub static CHECKS: &[&Check] = &[
    &connect::CHECK,
    &greeting::CHECK,
    &ehlo::CHECK,
    &starttls::CHECK,
    &server_name::CHECK,
    &handshake::CHECK,
    &clients::CHECK,
    &certificate::CHECK,
    &scan::CHECK,
    &auth::CHECK,
    &envelope::CHECK,
    &refusal::CHECK,
    &session::CHECK,
];

/// All questions that are worth asking now.
pub fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    checks_of(plan).iter().flat_map(|check| (check.ask)(plan, evidence)).collect()
}

/// The checks of a domain or those of a server.
fn checks_of(plan: &Plan) -> &'static [&'static Check] {
    if plan.domain.is_some() { domain::DOMAIN_CHECKS } else { CHECKS }
}

/// A session that can be abandoned, because data that still arrives in it cannot change the findings.
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
    let mut findings: Vec<Finding> = checks_of(plan).iter().flat_map(|check| (check.judge)(plan, evidence)).collect();
    server_name::absorb(plan, evidence, &mut findings);
    // If the session is out of step, that finding is listed first, because later findings are from a second session.
    findings.sort_by_key(|finding| {
        let severity = std::cmp::Reverse(finding.severity);
        (severity, order(plan, finding.phase), !session::is_about_order(finding))
    });
    findings.iter_mut().for_each(as_sentences);
    again::carry(plan, &mut findings);
    findings
}

/// Causes, alternatives, consequences and fixes begin with a capital letter; causes and alternatives end with a full
/// stop.
fn as_sentences(finding: &mut Finding) {
    for text in finding.otherwise.iter_mut().chain(std::iter::once(&mut finding.cause)) {
        // The full stop may be inside a closing parenthesis.
        if !text.is_empty() && !text.trim_end_matches([')', '"']).ends_with(['.', '!', '?']) {
            text.push('.');
        }
    }
    let texts = finding
        .otherwise
        .iter_mut()
        .chain(&mut finding.consequences)
        .chain(finding.fixes.iter_mut().map(|fix| &mut fix.text));
    for text in texts.chain(std::iter::once(&mut finding.cause)) {
        // Names keep their spelling: `smtpcheck`, `iCloud`, `postconf -e`.
        let first = text.split([' ', ',']).next().unwrap_or_default();
        let is_word = first.chars().all(|c| c.is_ascii_lowercase()) && !matches!(first, "smtpcheck" | "postconf");
        if is_word && !first.is_empty() {
            let (head, tail) = text.split_at(1);
            *text = head.to_ascii_uppercase() + tail;
        }
    }
}

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    CHECKS.iter().chain(domain::DOMAIN_CHECKS).flat_map(|check| check.rules.iter().copied())
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}
