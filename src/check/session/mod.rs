//! The session in general: sessions that ended early, time limits, and invalid replies.
//!
//! Modules: [`ended`] (sessions that ended early), [`order`] (replies that cannot be matched to commands), [`replies`]
//! (individual invalid replies), and [`rules`].

mod ended;
mod order;
mod replies;
mod rules;

use super::finding::{Check, Finding};
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

/// The ports in ascending order, each of them once: "port 25", "ports 25, 465 and 587".
fn in_words(mut ports: Vec<u16>) -> String {
    ports.sort_unstable();
    ports.dedup();
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    match list.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("ports {} and {last}", rest.join(", ")),
        _ => format!("port {}", list.concat()),
    }
}

fn not_tried(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let skipped: Vec<Session<'_>> = evidence
        .sessions()
        .filter(|session| matches!(session.probe.outcome, Outcome::Skipped { reason: SkipReason::ConnectionBudget }))
        .collect();
    let first = skipped.first()?;
    let ports = in_words(skipped.iter().map(|session| session.request.port).collect());
    let connections = match skipped.len() {
        1 => "smtpcheck skipped 1 connection that would have improved the diagnosis".to_owned(),
        more => format!("smtpcheck skipped {more} connections that would have improved the diagnosis"),
    };
    let summary = format!("{connections} ({ports})");
    let finding = Finding::new(&CONNECTION_LIMIT_REACHED, Phase::Connect, Confidence::Certain, summary);
    Some(Finding {
        cause: format!("The connection limit (--max-connections {}) was reached.", plan.limits.max_connections),
        fixes: vec![Fix::text("Repeat the check with a higher --max-connections")],
        ..finding.tried(first.probe.id)
    })
}
