//! Replies that cannot be matched to commands, because the server sent too many or too few replies, and the results of
//! the second session.

use super::super::finding::{Finding, PhaseFailure, Rule, Severity, order, plural};
use super::rules::{REPLY_UNSOLICITED, SESSION_OUT_OF_STEP};
use crate::evidence::fit::{Fit, is_about_login};
use crate::evidence::sequence::{Break, Sequence};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Outcome, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::Purpose;

/// A rejection, in any phase, that can only be the reply to AUTH. After such a rejection, smtpcheck does not log in
/// again, because another failed login could lock the account.
pub(super) fn rejected_login(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let begun =
        session.events().any(|event| event.phase == Phase::Auth && matches!(event.what, EventKind::Sent { .. }));
    session.all_replies().find(|received| begun && is_about_login(received.reply))
}

/// Whether a finding reports replies that cannot be matched to commands.
pub(in crate::check) fn is_about_order(finding: &Finding) -> bool {
    [&SESSION_OUT_OF_STEP, &REPLY_UNSOLICITED].iter().any(|rule| rule.id == finding.rule) && finding.failure.is_some()
}

pub(super) fn out_of_step(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, resumed, .. } = session.sequence();
    let found = broken.or(resumed)?;
    let (rule, summary) = proved_by(found);
    let mut finding = Finding::new(rule, found.phase, Confidence::Likely, summary).on(found.certain).on(found.proof);
    finding.failure = Some(PhaseFailure::Protocol);
    finding.cause = format!(
        "SMTP matches replies to commands only by their order (RFC 5321 section 4.2). The server, or a device in front of it, sent too many or too few replies after {}.",
        found.phase
    );
    let has_sent =
        session.events().any(|event| event.seq < found.proof.seq && matches!(event.what, EventKind::Sent { .. }));
    finding.otherwise = has_sent.then(|| {
        "The server may have replied to a command with a code that RFC 5321 does not define for that command. Ask the server's operator whether this is the case."
            .to_owned()
    });
    finding.fixes.push(Fix::text(
        "Server operator: find the server, proxy or filter that sends a reply twice or too late, and correct it",
    ));
    finding.fixes.push(Fix::text(
        "To find out whether the server or your network causes the fault, repeat the check from another network",
    ));
    if broken.is_some() {
        finding.consequences.extend(in_doubt(plan, session));
        finding.consequences.extend(repeated(plan, evidence, session));
        finding.evidence.probes.extend(evidence.probes(Purpose::InStep).map(|probe| probe.probe.id));
    } else {
        finding.consequences.push(
            "After TLS began, the replies matched the commands again, so the later results are reliable".to_owned(),
        );
    }
    Some(finding)
}

fn proved_by(found: Break<'_>) -> (&'static Rule, String) {
    match &found.proof.what {
        EventKind::Stray { text, .. } if found.is_behind_quit => {
            let line = found.proof.quote(text.lines().next().unwrap_or_default());
            (
                &SESSION_OUT_OF_STEP,
                format!(
                    "the server's replies do not match the commands: another reply followed the reply to QUIT: {line}"
                ),
            )
        }
        EventKind::Stray { bytes, .. } => {
            let summary = format!(
                "before {}, the server sent {} of data that is not the reply to a command",
                found.proof.phase,
                plural(*bytes, "byte", "bytes")
            );
            (&REPLY_UNSOLICITED, summary)
        }
        EventKind::Received { reply, .. } => {
            let phase = found.proof.phase;
            let line = found.proof.quote(reply.first_line());
            let summary = format!(
                "the server's replies do not match the commands: the reply after {phase} belongs to another command: {line}"
            );
            (&SESSION_OUT_OF_STEP, summary)
        }
        _ => (&SESSION_OUT_OF_STEP, "the server's replies do not match the commands".to_owned()),
    }
}

/// A consequence that lists the phases whose results are not known.
fn in_doubt(plan: &Plan, session: Session<'_>) -> Option<String> {
    let believed = session.sequence().believed_until()?;
    let mut phases: Vec<Phase> = Vec::new();
    for event in session.events().filter(|event| event.seq > believed && matches!(event.what, EventKind::Sent { .. })) {
        if !phases.contains(&event.phase) && !matches!(event.phase, Phase::Rset | Phase::Quit) {
            phases.push(event.phase);
        }
    }
    phases.sort_by_key(|phase| order(plan, *phase));
    let names: Vec<String> = phases.iter().map(Phase::to_string).collect();
    let list = match names.as_slice() {
        [] => return None,
        [one] => return Some(format!("The result of {one} is unknown")),
        [one, other] => format!("{one} and {other}"),
        _ => names.join(", "),
    };
    Some(format!("The results of {list} are unknown"))
}

/// The maximum number of consequences about the second session. The report itself contains the results of all
/// recipients.
const MOST_REPEATED: usize = 12;

/// Consequences about the results of the second session.
pub(super) fn repeated(plan: &Plan, evidence: &Evidence, main: Session<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(received) = rejected_login(main) {
        let line = received.first_line();
        lines.push(format!(
            "{line} can only be the reply to AUTH, so the server rejected the login. smtpcheck did not repeat the login."
        ));
    }
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return lines };
    match &probe.probe.outcome {
        Outcome::Skipped { .. } => {
            lines.push("smtpcheck did not start a second session with a pause before each command".to_owned());
            return lines;
        }
        _ if probe.sequence().believed_until().is_some() => {
            lines.push(
                "In a second session, with a pause before each command, the replies did not match the commands either"
                    .to_owned(),
            );
        }
        Outcome::Failed { .. } => {
            lines.push("A second session, with a pause before each command, did not complete".to_owned());
        }
        Outcome::Underway | Outcome::Done { .. } => {}
    }
    let deciding = |received: &ReceivedReply<'_>| {
        matches!(received.event.phase, Phase::Starttls | Phase::Auth | Phase::Mail | Phase::Rcpt)
            && received.fit() != Fit::Continues
    };
    for received in probe.replies().filter(deciding).take(MOST_REPEATED) {
        let line = received.first_line();
        let recipient = received.recipient.and_then(|number| plan.to.get(number));
        let what = match recipient {
            Some(recipient) => format!("{} {recipient}", received.event.phase),
            None => received.event.phase.to_string(),
        };
        let place = if lines.iter().any(|line| line.contains("second session")) {
            "In that session"
        } else {
            "In a second session, with a pause before each command"
        };
        lines.push(format!("{place}, the reply to {what} was {line}"));
    }
    lines
}

/// Unsolicited data that does not affect the order of replies. [`out_of_step`] reports data that does.
pub(super) fn unasked(session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, resumed, .. } = session.sequence();
    if broken.or(resumed).is_some() {
        return None;
    }
    let after_starttls = |phase: Phase| phase == Phase::Starttls;
    let answer = session.reply_at(Phase::Starttls).map(|received| received.event.seq);
    let event = session.events().find(|event| match &event.what {
        // Data after the 220 reply to STARTTLS is reported by `starttls`, as an error.
        EventKind::Stray { .. } => {
            let after_220 = answer.is_some_and(|seq| seq < event.seq);
            !(after_starttls(event.phase) && after_220)
        }
        _ => false,
    })?;
    let EventKind::Stray { bytes, .. } = &event.what else { return None };
    let sent = plural(*bytes, "byte", "bytes");
    let summary = format!("before {}, the server sent {sent} of data that is not the reply to a command", event.phase);
    let finding = Finding::new(&REPLY_UNSOLICITED, event.phase, Confidence::Likely, summary).on(event);
    Some(Finding {
        severity: Severity::Warning,
        cause: "The server, or a device in front of it, sends data that is not a reply.".to_owned(),
        otherwise: Some(
            "A proxy in your network may be inserting the data. Repeat the check from another network to find out."
                .to_owned(),
        ),
        fixes: vec![Fix::text(
            "Server operator: find the server, proxy or filter that sends this data, and correct it",
        )],
        ..finding
    })
}
