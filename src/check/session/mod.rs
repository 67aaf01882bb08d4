//! The session in general: sessions that ended early, time limits, and invalid replies.
//!
//! Modules: [`ended`] (sessions that ended early), [`order`] (replies that cannot be matched to commands), [`replies`]
//! (individual invalid replies), and [`rules`].

mod ended;
mod order;
mod replies;
mod rules;

use std::collections::BTreeSet;

use super::finding::{Check, Finding, plural, port_list};
use crate::evidence::{Evidence, Outcome, Phase, Session, SkipReason};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::{Question, Repeat, SessionRequest};
use rules::CONNECTION_LIMIT_REACHED;

pub(super) use order::is_about_order;

pub(super) static CHECK: Check = Check { subject: "session", ask, judge, rules: rules::RULES };

/// If results are in doubt, asks for a second session that waits before each command. A surplus reply then arrives
/// before the next command is sent, so it can be recognised.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if session.sequence().believed_until().is_none() {
        return Vec::new();
    }
    let login = if order::rejected_login(session).is_some() { Repeat::No } else { Repeat::Yes };
    vec![Question::session(SessionRequest::in_step(plan, login))]
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let (Some(main), Some(decisive)) = (evidence.main_session(), evidence.decisive_session()) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    findings.extend(main.fault().and_then(|fault| ended::finding(plan, evidence, main, fault)));
    findings.extend(order::out_of_step(plan, evidence, main));
    findings.extend(replies::without_sense(decisive));
    findings.extend(replies::irregular(main));
    findings.extend(order::unasked(main));
    findings.extend(not_tried(plan, evidence));
    findings
}

fn not_tried(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let skipped: Vec<Session<'_>> = evidence
        .sessions()
        .filter(|session| matches!(session.probe.outcome, Outcome::Skipped { reason: SkipReason::ConnectionBudget }))
        .collect();
    let first = skipped.first()?;
    let ports: BTreeSet<u16> = skipped.iter().map(|session| session.request.port).collect();
    let summary = format!(
        "smtpcheck skipped {} that would have improved the diagnosis ({})",
        plural(skipped.len(), "connection", "connections"),
        port_list(&ports.into_iter().collect::<Vec<_>>())
    );
    let finding = Finding::new(&CONNECTION_LIMIT_REACHED, Phase::Connect, Confidence::Certain, summary);
    Some(Finding {
        cause: format!("The connection limit (--max-connections {}) was reached.", plan.limits.max_connections),
        fixes: vec![Fix::text("Repeat the check with a higher --max-connections")],
        ..finding.tried(first.probe.id)
    })
}
