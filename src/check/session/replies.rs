//! Individual replies that are invalid or malformed.

use super::super::finding::{Finding, PhaseFailure};
use super::super::service::service_with_codes;
use super::rules::{REPLY_INVALID, REPLY_MALFORMED};
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::wire::reply::Irregularity;

/// Whether a reply neither accepts nor rejects its command. A greeting without a code is reported by `greeting`.
fn is_senseless(received: &ReceivedReply<'_>) -> bool {
    match received.fit() {
        Fit::Senseless => received.event.phase != Phase::Greeting || received.reply.code.is_some(),
        Fit::Contradicts => true,
        Fit::Accepts | Fit::Continues | Fit::Rejects | Fit::Odd | Fit::Foreign | Fit::Unfinished => false,
    }
}

pub(super) fn without_sense(session: Session<'_>) -> Option<Finding> {
    let is_news = service_with_codes(session).is_some();
    let is_wrong =
        |received: &ReceivedReply<'_>| is_senseless(received) && !(is_news && received.event.phase == Phase::Greeting);
    let received = session.replies().find(is_wrong)?;
    let phase = received.event.phase;
    let lines = received.reply.lines();
    let line = received.first_line();
    let (summary, cause) = if received.fit() == Fit::Contradicts {
        let all = match lines.last().filter(|_| lines.len() > 1) {
            Some(last) => format!("{line} ... {}", received.quote(last.clone())),
            None => line.to_string(),
        };
        (
            format!("the reply to {phase} contradicts itself: {all}"),
            "All lines of a reply must have the same code, and the enhanced status must have the same class as the code (RFC 5321 section 4.2, RFC 2034). This reply both accepts and rejects the command, so smtpcheck does not count the command as accepted.",
        )
    } else if received.reply.is_success() {
        (
            format!("the reply to {phase} has a success code that is not defined for it: {line}"),
            "RFC 5321 section 4.3.2 defines the success codes of each command. It is not known whether the server accepted the command, so smtpcheck does not count it as accepted.",
        )
    } else {
        (
            format!("the reply to {phase} neither accepts nor rejects the command: {line}"),
            "A reply that accepts or rejects a command begins with a three-digit code whose first digit is 2, 4 or 5. This reply does not.",
        )
    };
    let finding = Finding::new(&REPLY_INVALID, phase, Confidence::Certain, summary).on(received.event);
    Some(Finding {
        cause: cause.to_owned(),
        fixes: vec![Fix::text(
            "Check that the host and port are those of a mail server. Server operator: correct the server, or the proxy or filter in front of it, so that it sends a valid reply.",
        )],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    })
}

pub(super) fn irregular(session: Session<'_>) -> Option<Finding> {
    let odd: Vec<_> = session
        .all_replies()
        .filter(|received| received.reply.code.is_some() && !is_senseless(received) && !is_endless(received))
        .filter(|received| {
            is_odd_farewell(received)
                || received.reply.irregularities.iter().any(|oddity| !is_reported_elsewhere(oddity))
        })
        .collect();
    let first = odd.first()?;
    let mut kinds: Vec<&'static str> = Vec::new();
    for oddity in odd
        .iter()
        .flat_map(|received| received.reply.irregularities.iter())
        .filter(|oddity| !is_reported_elsewhere(oddity))
    {
        let name = name(oddity);
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    if session.sequence().broken.is_none() && odd.iter().any(is_odd_farewell) {
        kinds.push("success codes that are not defined for the command");
    }
    if kinds.is_empty() {
        return None;
    }
    let summary = format!("the server sends malformed replies: {}", kinds.join(", "));
    let mut finding = Finding::new(&REPLY_MALFORMED, first.event.phase, Confidence::Certain, summary);
    for received in &odd {
        finding = finding.on(received.event);
    }
    finding.cause =
        "These replies violate RFC 5321. smtpcheck can read them, but some other programs cannot.".to_owned();
    finding.fixes.push(Fix::text(
        "Server operator: correct the server, or the proxy or filter in front of it, so that it sends valid replies",
    ));
    Some(finding)
}

/// Whether a 2yz reply to RSET or QUIT is not defined for this command (RFC 5321 §4.3.2).
fn is_odd_farewell(received: &ReceivedReply<'_>) -> bool {
    received.fit() == Fit::Odd && received.reply.is_success()
}

/// Whether a reply exceeds the limits for one reply. Other irregularities in such a reply are not reported.
fn is_endless(received: &ReceivedReply<'_>) -> bool {
    received.reply.irregularities.contains(&Irregularity::TooLong)
}

pub(super) fn is_reported_elsewhere(oddity: &Irregularity) -> bool {
    matches!(oddity, Irregularity::TooLong | Irregularity::CutShort)
}

fn name(oddity: &Irregularity) -> &'static str {
    match oddity {
        Irregularity::BareLf => "lines that end with only LF",
        Irregularity::BareCr => "CR inside a line",
        Irregularity::Nul => "NUL bytes",
        Irregularity::EightBit => "non-ASCII characters",
        Irregularity::NotUtf8 => "bytes that are not UTF-8",
        Irregularity::NoCode => "lines without a code",
        Irregularity::CodeChanged { .. } => "different codes in one reply",
        Irregularity::NoSeparator => "neither a space nor a hyphen after the code",
        Irregularity::UndefinedClass => "codes that SMTP does not define",
        Irregularity::LineTooLong { .. } => "lines that are too long",
        Irregularity::TooLong => "an endless reply",
        Irregularity::CutShort => "an incomplete reply",
    }
}
