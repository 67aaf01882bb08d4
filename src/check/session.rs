//! The session in general: closed early, no reply, a reply without end, a time limit, invalid replies.

use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, order};
use crate::evidence::fit::{Fit, is_about_login};
use crate::evidence::sequence::{Break, Sequence};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Outcome, Phase, Session, SkipReason};
use crate::plan::Plan;
use crate::question::{Purpose, Question, Repeat, SessionRequest};
use crate::wire::reply::Irregularity;

pub static CHECK: Check = Check {
    subject: "session",
    ask,
    judge,
    rules: &[
        &CONNECTION_CLOSED,
        &REPLY_MISSING,
        &REPLY_ENDLESS,
        &REPLY_WITHOUT_SENSE,
        &REPLY_IRREGULAR,
        &REPLY_UNASKED,
        &SESSION_OUT_OF_STEP,
        &RUN_OUT_OF_TIME,
        &CONNECTION_BUDGET_SPENT,
    ],
};

static CONNECTION_CLOSED: Rule = Rule {
    id: "connection-closed",
    severity: Severity::Error,
    title: "the server closes the connection in the middle of the session",
    cites: &["RFC 5321 section 3.8"],
    docs: Docs {
        sees: "The connection was closed or reset when a reply was due, without a 421.",
        matters: "A server must not close the connection without a reply. If it happens, a process has crashed, or a load balancer or a firewall closed the connection.",
        action: "Server operator: read the mail log for the time of the check. Look for a firewall or proxy on the network path that has its own limits.",
        example: "EHLO, and the connection is reset",
        references: "RFC 5321 section 3.8",
    },
};

static REPLY_MISSING: Rule = Rule {
    id: "reply-missing",
    severity: Severity::Error,
    title: "the server stops responding",
    cites: &["RFC 5321 section 4.5.3.2"],
    docs: Docs {
        sees: "After the greeting, no complete reply arrived within the time limit for one reply (--timeout).",
        matters: "The server itself waits for something: a lookup, a content filter, a database. RFC 5321 allows it five minutes for most commands.",
        action: "Repeat the check with a longer --timeout, to find out whether the server is only slow. Server operator: find out what the server waits for.",
        example: "RCPT TO, and no reply arrives",
        references: "RFC 5321 section 4.5.3.2",
    },
};

static REPLY_ENDLESS: Rule = Rule {
    id: "reply-endless",
    severity: Severity::Error,
    title: "a reply of the server does not end",
    cites: &["RFC 5321 section 4.5.3.1.5"],
    docs: Docs {
        sees: "A reply was longer than 512 lines or 64 KiB. smtpcheck cut it off and closed the connection.",
        matters: "No mail server sends such a long reply. The server is broken, or it attacks its clients.",
        action: "Check the host and port. Server operator: check the server.",
        example: "250-x without end",
        references: "RFC 5321 section 4.5.3.1.5",
    },
};

static REPLY_WITHOUT_SENSE: Rule = Rule {
    id: "reply-without-sense",
    severity: Severity::Error,
    title: "a reply neither accepts nor rejects its command",
    cites: &[
        "RFC 5321 section 4.2",
        "RFC 5321 section 4.3.2",
        "RFC 4954 section 4",
        "RFC 3207 section 4",
        "RFC 2034 section 4",
    ],
    docs: Docs {
        sees: "A reply has no code, a code that SMTP does not define, or a success code that is not defined for this command (only 220 is a greeting, 250, 251 and 252 accept a recipient, 235 a login). Or it contradicts itself: its lines have codes of different classes, or its code and enhanced status have different classes.",
        matters: "It is not known whether the server accepted the command, so nothing is counted as accepted.",
        action: "Check the host and port. Server operator: correct the reply in the server, or in the proxy or filter in front of it.",
        example: "120 to MAIL FROM, 220 to RCPT TO, 250 5.1.1 User unknown, or 550-No followed by 250 Ok",
        references: "RFC 5321 sections 4.2 and 4.3.2; RFC 4954 section 4 (235); RFC 3207 section 4 (220); RFC 2034 section 4 (code and enhanced status agree)",
    },
};

static SESSION_OUT_OF_STEP: Rule = Rule {
    id: "session-out-of-step",
    severity: Severity::Error,
    title: "replies and commands are out of step",
    cites: &["RFC 5321 section 4.2", "RFC 5321 section 4.3.2"],
    docs: Docs {
        sees: "A reply belongs to another command (250 to AUTH, 220 to EHLO, a rejection of RSET or QUIT, a rejected login after the login was accepted), or another reply follows the one to QUIT. So the server sent one reply too many or too few.",
        matters: "SMTP matches replies to commands only by their order. After one reply too many, each command gets the reply to an earlier one: a rejected recipient or a rejected login looks accepted. smtpcheck ignores all results after the last certain point. A second session, with a pause before each command, finds out what the server really replies.",
        action: "Server operator: find the server, proxy or filter that sends a reply twice or too late, and correct it. Repeat the check from another network to find out on which side it is.",
        example: "250 to EHLO, another 250 after 0.1 seconds, and at the end 250 to QUIT",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), section 4.3.2 (which replies belong to which command)",
    },
};

static REPLY_IRREGULAR: Rule = Rule {
    id: "reply-irregular",
    severity: Severity::Notice,
    title: "replies are malformed",
    cites: &["RFC 5321 section 4.2"],
    docs: Docs {
        sees: "Replies have bare line feeds, missing codes, different codes in one reply, 250 instead of 221 to QUIT, control bytes, text that is not UTF-8, lines that are too long, or non-ASCII bytes.",
        matters: "smtpcheck can read such replies; other programs may not.",
        action: "Server operator: check the server, or the proxy in front of it.",
        example: "a reply that ends with LF instead of CR LF",
        references: "RFC 5321 section 4.2",
    },
};

static REPLY_UNASKED: Rule = Rule {
    id: "reply-unasked",
    severity: Severity::Error,
    title: "the server sends a reply without a command",
    cites: &["RFC 5321 section 4.2", "RFC 5321 section 4.1.1"],
    docs: Docs {
        sees: "Data from the server arrived before a command was sent, so it is not the reply to a command. A warning if the data cannot be mistaken for a reply (no line begins with a digit).",
        matters: "A client that reads this data as the next reply misunderstands all later replies. It is not known which of two replies to one command counts, so smtpcheck ignores the results of all later phases. A second session, with a pause before each command, finds out what the server really replies.",
        action: "Server operator: find the server, proxy or filter that replies twice, and correct it. Repeat the check from another network to find out on which side it is.",
        example: "250 Ok twice after one EHLO, or 250 and 550 after one MAIL FROM",
        references: "RFC 5321 section 4.2 (exactly one reply to each command)",
    },
};

static RUN_OUT_OF_TIME: Rule = Rule {
    id: "run-out-of-time",
    severity: Severity::Error,
    title: "the overall time limit was reached",
    cites: &["RFC 5321 section 4.5.3.2"],
    docs: Docs {
        sees: "The time limit for the check (--max-time) was reached before the session ended.",
        matters: "The report contains the results until then. The rest was not tested.",
        action: "Repeat the check with a longer --max-time.",
        example: "smtpcheck mx.example.net --max-time 5m --timeout 2m",
        references: "RFC 5321 section 4.5.3.2 (how long servers may take)",
    },
};

static CONNECTION_BUDGET_SPENT: Rule = Rule {
    id: "connection-budget-spent",
    severity: Severity::Notice,
    title: "the connection limit was reached before all follow-up connections were made",
    cites: &["RFC 5321 section 4.5.4.1"],
    docs: Docs {
        sees: "Another connection would have helped the diagnosis, but the limit of --max-connections was reached.",
        matters: "The diagnosis is less certain than it could be. What was not tested is not reported as passed.",
        action: "Repeat the check with a higher --max-connections.",
        example: "smtpcheck mx.example.net --max-connections 10",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};

/// If results are in doubt, asks for a second session that waits before each command and so can detect a surplus reply.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if session.sequence().believed_until().is_none() {
        return Vec::new();
    }
    let login = if rejected_login(session).is_some() { Repeat::No } else { Repeat::Yes };
    vec![Question::Talk(SessionRequest::in_step(plan, login))]
}

/// A rejection that can only be the reply to AUTH, in whichever phase it arrived. Another login could lock the account.
fn rejected_login(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let begun =
        session.events().any(|event| event.phase == Phase::Auth && matches!(event.what, EventKind::Sent { .. }));
    session.all_replies().find(|heard| begun && is_about_login(heard.reply))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let (Some(main), Some(telling)) = (evidence.main_session(), evidence.decisive_session()) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(main.fault().and_then(|fault| broken_off(plan, evidence, main, fault)));
    findings.extend(out_of_step(plan, evidence, main));
    findings.extend(without_sense(telling));
    findings.extend(irregular(main));
    findings.extend(unasked(main));
    findings.extend(not_tried(plan, evidence));
    findings
}

/// Whether a finding says that replies cannot be matched to commands.
pub(super) fn is_about_order(finding: &Finding) -> bool {
    [&SESSION_OUT_OF_STEP, &REPLY_UNASKED].iter().any(|rule| rule.id == finding.rule) && finding.failure.is_some()
}

fn out_of_step(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, mended, .. } = session.sequence();
    let found = broken.or(mended)?;
    let (rule, summary) = proved_by(found);
    let mut finding = Finding::new(rule, found.phase, Confidence::Likely, summary).on(found.certain).on(found.proof);
    finding.failure = Some(PhaseFailure::Protocol);
    finding.cause = format!(
        "Replies are matched to commands only by their order (RFC 5321 section 4.2). The server, or a device in front of it, sent one reply too many or too few after {}.",
        found.phase
    );
    finding.otherwise = Some(
        "The server may reply to one command in a way that RFC 5321 does not define; ask the server's operator."
            .to_owned(),
    );
    finding.fixes.push(Fix::text(
        "Server operator: find the server, proxy or filter that sends a reply twice or too late, and correct it",
    ));
    finding.fixes.push(Fix::text("Repeat the check from another network to find out on which side it is"));
    if broken.is_some() {
        finding.consequences.extend(in_doubt(plan, session));
        finding.consequences.extend(repeated(plan, evidence, session));
        finding.evidence.probes.extend(evidence.probes(Purpose::InStep).map(|probe| probe.probe.id));
    } else {
        finding
            .consequences
            .push("The start of TLS put the session in step again, so the later results are certain".to_owned());
    }
    Some(finding)
}

fn proved_by(found: Break<'_>) -> (&'static Rule, String) {
    match &found.proof.what {
        EventKind::Stray { text, .. } if found.is_behind_quit => {
            let line = found.proof.quote(text.lines().next().unwrap_or_default());
            (
                &SESSION_OUT_OF_STEP,
                format!("replies and commands are out of step: the reply to QUIT was followed by {line}"),
            )
        }
        EventKind::Stray { bytes, .. } => {
            let summary = format!(
                "{bytes} bytes arrived before {} was sent and are not the reply to a command",
                found.proof.phase
            );
            (&REPLY_UNASKED, summary)
        }
        EventKind::Received { reply, .. } => {
            let phase = found.proof.phase;
            let line = found.proof.quote(reply.lines().into_iter().next().unwrap_or_default());
            let summary =
                format!("replies and commands are out of step: {phase} got the reply to another command: {line}");
            (&SESSION_OUT_OF_STEP, summary)
        }
        _ => (&SESSION_OUT_OF_STEP, "replies and commands are out of step".to_owned()),
    }
}

/// The phases that were begun and whose results are therefore not known.
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
    (!names.is_empty()).then(|| format!("The result of these phases is not known: {}", names.join(", ")))
}

/// Lines of a finding about the second session; the report lists further recipients.
const MOST_REPEATED: usize = 12;

/// What the second session has shown.
fn repeated(plan: &Plan, evidence: &Evidence, main: Session<'_>) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(heard) = rejected_login(main) {
        let line = heard.first_line();
        told.push(format!("{line} can only be the reply to AUTH, so the login was rejected. It was not repeated"));
    }
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return told };
    match &probe.probe.outcome {
        Outcome::Skipped { .. } => {
            told.push("A second session, with a pause before each command, was not tried".to_owned());
            return told;
        }
        _ if probe.sequence().believed_until().is_some() => {
            told.push("A second session, with a pause before each command, got out of step too".to_owned());
        }
        Outcome::Failed { .. } => {
            told.push("A second session, with a pause before each command, did not complete".to_owned());
        }
        Outcome::Underway | Outcome::Done { .. } => {}
    }
    let deciding = |heard: &ReceivedReply<'_>| {
        matches!(heard.event.phase, Phase::Starttls | Phase::Auth | Phase::Mail | Phase::Rcpt)
            && heard.fit() != Fit::Continues
    };
    for heard in probe.replies().filter(deciding).take(MOST_REPEATED) {
        let line = heard.first_line();
        let recipient = heard.recipient.and_then(|number| plan.to.get(number));
        let what = match recipient {
            Some(recipient) => format!("{} {recipient}", heard.event.phase),
            None => heard.event.phase.to_string(),
        };
        told.push(format!("In a second session, with a pause before each command, the reply to {what} is {line}"));
    }
    told
}

fn broken_off(plan: &Plan, evidence: &Evidence, session: Session<'_>, fault: &Fault) -> Option<Finding> {
    let target = plan.target.host.with_port(plan.target.port);
    let (rule, phase, summary, cause, otherwise, fix, failure) = match fault {
        // Reported by connect, greeting and starttls.
        Fault::NoAddress
        | Fault::NotConnected { .. }
        | Fault::Tls { .. }
        | Fault::Silent { phase: Phase::Greeting, .. }
        | Fault::Closed { phase: Phase::Greeting, .. }
        | Fault::Interrupted => return None,
        // A server that does not follow the login mechanism may also close the connection.
        Fault::Closed { phase: Phase::Auth, .. } if session.login_given_up().is_some() => return None,
        Fault::Silent { phase, waited_ms, .. } => (
            &REPLY_MISSING,
            *phase,
            format!("no reply to {phase} for {:.0} seconds", waited_ms / 1000.0),
            "The server itself waits for something: a lookup, a filter, a database.",
            Some("A device on the network path may drop the reply. Repeat the check from another network to find out."),
            Fix::run(
                "Repeat the check with a longer timeout",
                format!("smtpcheck {target} --timeout 300s --max-time 10m"),
            ),
            PhaseFailure::Unreachable,
        ),
        Fault::Closed { phase, reset } => (
            &CONNECTION_CLOSED,
            *phase,
            format!(
                "the server {} the connection when the reply to {phase} was due",
                if *reset { "resets" } else { "closes" }
            ),
            "The server's process ended in the middle of the session.",
            Some(
                "A proxy or firewall on the network path may close the connection. Repeat the check from another network to find out.",
            ),
            Fix::text(
                "Server operator: read the mail log for the time of the check, and look for a proxy or firewall on the network path",
            ),
            PhaseFailure::Protocol,
        ),
        Fault::Endless { phase } => (
            &REPLY_ENDLESS,
            *phase,
            format!("the reply to {phase} does not end"),
            "No mail server sends such a long reply: the server is broken, or it attacks its clients. smtpcheck closed the connection after 64 KiB or 512 lines.",
            None,
            Fix::text("Check the host and port. Server operator: check the server."),
            PhaseFailure::Protocol,
        ),
        Fault::Unread { phase } => (
            &REPLY_MISSING,
            *phase,
            format!("the server accepts no more data at {phase}"),
            "The server has stopped reading.",
            Some("The connection itself may be broken. Repeat the check from another network to find out."),
            Fix::text("Repeat the check. Server operator: check whether the server hangs."),
            PhaseFailure::Unreachable,
        ),
        Fault::TimeUp { phase } => (
            &RUN_OUT_OF_TIME,
            *phase,
            format!(
                "the overall time limit ({:.1} s) was reached at {phase}",
                std::time::Duration::from_millis(plan.limits.total_ms).as_secs_f64()
            ),
            "This is a limit of smtpcheck, not of the server. Later phases were not tested.",
            None,
            Fix::run(
                "Repeat the check with a longer time limit",
                format!("smtpcheck {target} --max-time 5m --timeout 2m"),
            ),
            PhaseFailure::Incomplete,
        ),
    };
    let confidence = if otherwise.is_some() { Confidence::Likely } else { Confidence::Certain };
    let mut finding = Finding::new(rule, phase, confidence, summary).tried(session.probe.id);
    finding.otherwise = otherwise.map(str::to_owned);
    for event in broken_off_at(session, phase) {
        finding = finding.on(event);
    }
    finding.cause = cause.to_owned();
    finding.fixes.push(fix);
    finding.failure = Some(failure);
    if session.sequence().swallowed.is_some() {
        swallowed(plan, evidence, session, &mut finding);
    }
    Some(finding)
}

/// The command whose reply is missing, and the part of the reply that arrived; if no command was sent, the event with
/// which the phase began.
fn broken_off_at(session: Session<'_>, phase: Phase) -> Vec<&Event> {
    let is_whole = |heard: &ReceivedReply<'_>| heard.fit() != Fit::Unfinished;
    let answered = session.all_replies().filter(|heard| heard.event.phase == phase && is_whole(heard)).count();
    let sent = || session.events().filter(|event| event.phase == phase && matches!(event.what, EventKind::Sent { .. }));
    let awaited = sent().nth(answered).or_else(|| sent().last());
    let begun = session
        .events()
        .filter(|event| matches!(event.what, EventKind::Dialled { .. } | EventKind::Secured { .. }))
        .last();
    let parts = session.events().filter(|event| match &event.what {
        EventKind::Received { reply, .. } => {
            event.phase == phase && reply.irregularities.iter().any(is_reported_elsewhere)
        }
        EventKind::Unfinished { .. } => event.phase == phase,
        _ => false,
    });
    awaited.or(begun).into_iter().chain(parts).collect()
}

/// One of several pipelined commands got no reply. It is not known which one, so none of their replies is used. A second
/// session without PIPELINING finds out whether pipelining is the reason.
fn swallowed(plan: &Plan, evidence: &Evidence, session: Session<'_>, finding: &mut Finding) {
    finding.consequences.push(
        "The commands were sent together (PIPELINING), and one reply is missing, so it is not known to which command each reply belongs".to_owned(),
    );
    finding.consequences.extend(repeated(plan, evidence, session));
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return };
    finding.evidence.probes.push(probe.probe.id);
    let wanted = probe.request.script.envelope.as_ref().map_or(0, |envelope| envelope.to.len());
    let answered = probe.replies().filter(|heard| heard.event.phase == Phase::Rcpt).count();
    if wanted > 0 && answered == wanted {
        finding.failure = Some(PhaseFailure::Protocol);
        finding.cause = "The server advertises PIPELINING, but loses a command that arrives together with others. It replied to all of them when they were sent one at a time.".to_owned();
        finding.otherwise = Some(
            "A proxy or filter in front of the server may lose the command. Repeat the check from another network to find out."
                .to_owned(),
        );
        finding.fixes.insert(
            0,
            Fix::run(
                "Server operator: do not advertise PIPELINING until it works; in Postfix",
                "postconf -e smtpd_discard_ehlo_keywords=pipelining",
            ),
        );
    }
}

/// A reply that neither accepts nor rejects. A greeting without a code, or of a news server, belongs to `greeting`.
fn is_senseless(heard: &ReceivedReply<'_>) -> bool {
    match heard.fit() {
        Fit::Senseless => heard.event.phase != Phase::Greeting || heard.reply.code.is_some(),
        Fit::Contradicts => true,
        Fit::Accepts | Fit::Continues | Fit::Rejects | Fit::Odd | Fit::Foreign | Fit::Unfinished => false,
    }
}

fn without_sense(session: Session<'_>) -> Option<Finding> {
    let is_news = super::greeting::service_with_codes(session).is_some();
    let told = |heard: &ReceivedReply<'_>| is_senseless(heard) && !(is_news && heard.event.phase == Phase::Greeting);
    let heard = session.replies().find(told)?;
    let phase = heard.event.phase;
    let lines = heard.reply.lines();
    let line = heard.first_line();
    let (summary, cause) = if heard.fit() == Fit::Contradicts {
        let all = match lines.last().filter(|_| lines.len() > 1) {
            Some(last) => format!("{line} ... {}", heard.quote(last.clone())),
            None => line.to_string(),
        };
        (
            format!("the reply to {phase} contradicts itself: {all}"),
            "All lines of a reply must have the same code, and the enhanced status must have the same class as the code (RFC 5321 section 4.2, RFC 2034). This reply both accepts and rejects, so nothing is counted as accepted.",
        )
    } else if heard.reply.is_success() {
        (
            format!("the reply to {phase} has a success code that is not defined for it: {line}"),
            "Each command has its own success codes (RFC 5321 section 4.3.2). A client that reads any 2yz as success may be wrong, so nothing is counted as accepted.",
        )
    } else {
        (
            format!("the reply to {phase} neither accepts nor rejects it: {line}"),
            "A reply must begin with a three-digit code whose first digit is 2, 4 or 5. This one does not.",
        )
    };
    let finding = Finding::new(&REPLY_WITHOUT_SENSE, phase, Confidence::Certain, summary).on(heard.event);
    Some(Finding {
        cause: cause.to_owned(),
        fixes: vec![Fix::text(
            "Check that the host and port are those of a mail server. Server operator: check the server, or the proxy in front of it.",
        )],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    })
}

fn irregular(session: Session<'_>) -> Option<Finding> {
    let odd: Vec<_> = session
        .all_replies()
        .filter(|heard| heard.reply.code.is_some() && !is_senseless(heard) && !is_endless(heard))
        .filter(|heard| {
            is_odd_farewell(heard) || heard.reply.irregularities.iter().any(|oddity| !is_reported_elsewhere(oddity))
        })
        .collect();
    let first = odd.first()?;
    let mut kinds: Vec<&'static str> = Vec::new();
    for oddity in
        odd.iter().flat_map(|heard| heard.reply.irregularities.iter()).filter(|oddity| !is_reported_elsewhere(oddity))
    {
        let name = name(oddity);
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    if session.sequence().broken.is_none() && odd.iter().any(is_odd_farewell) {
        kinds.push("a success code of another command");
    }
    if kinds.is_empty() {
        return None;
    }
    let summary = format!("replies are malformed: {}", kinds.join(", "));
    let mut finding = Finding::new(&REPLY_IRREGULAR, first.event.phase, Confidence::Certain, summary);
    for heard in &odd {
        finding = finding.on(heard.event);
    }
    finding.cause = "smtpcheck can read such replies; other programs may not.".to_owned();
    finding.fixes.push(Fix::text("Server operator: check the server, or the proxy in front of it"));
    Some(finding)
}

/// A 2yz reply to RSET or QUIT that is not defined for it (RFC 5321 §4.3.2), in a session that is in step.
fn is_odd_farewell(heard: &ReceivedReply<'_>) -> bool {
    heard.fit() == Fit::Odd && heard.reply.is_success()
}

/// Nothing else is reported about a reply without end.
fn is_endless(heard: &ReceivedReply<'_>) -> bool {
    heard.reply.irregularities.contains(&Irregularity::TooLong)
}

fn is_reported_elsewhere(oddity: &Irregularity) -> bool {
    matches!(oddity, Irregularity::TooLong | Irregularity::CutShort)
}

fn name(oddity: &Irregularity) -> &'static str {
    match oddity {
        Irregularity::BareLf => "lines that end with LF alone",
        Irregularity::BareCr => "CR inside a line",
        Irregularity::Nul => "NUL bytes",
        Irregularity::EightBit => "non-ASCII characters",
        Irregularity::NotUtf8 => "bytes that are not UTF-8",
        Irregularity::NoCode => "lines without a code",
        Irregularity::CodeChanged { .. } => "different codes in one reply",
        Irregularity::NoSeparator => "neither a space nor a hyphen after the code",
        Irregularity::UndefinedClass => "codes that SMTP does not define",
        Irregularity::LineTooLong { .. } => "lines that are too long",
        Irregularity::TooLong => "a reply without end",
        Irregularity::CutShort => "an incomplete reply",
    }
}

/// Unsolicited data that puts nothing out of step. Data that does is reported by [`out_of_step`].
fn unasked(session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, mended, .. } = session.sequence();
    if broken.or(mended).is_some() {
        return None;
    }
    let after_starttls = |phase: Phase| phase == Phase::Starttls;
    let answer = session.reply_at(Phase::Starttls).map(|heard| heard.event.seq);
    let event = session.events().find(|event| match &event.what {
        // After the 220 to STARTTLS it is reported by starttls, as an error.
        EventKind::Stray { .. } => {
            let after_220 = answer.is_some_and(|seq| seq < event.seq);
            !(after_starttls(event.phase) && after_220)
        }
        _ => false,
    })?;
    let EventKind::Stray { bytes, .. } = &event.what else { return None };
    let summary = format!("{bytes} bytes arrived before {} was sent and are not the reply to a command", event.phase);
    let finding = Finding::new(&REPLY_UNASKED, event.phase, Confidence::Likely, summary).on(event);
    Some(Finding {
        severity: Severity::Warning,
        cause: "The server sends data that is not a reply.".to_owned(),
        otherwise: Some("A proxy on the network path may add text.".to_owned()),
        fixes: vec![Fix::text(
            "Server operator: check the server, or the proxy in front of it. Repeat the check from another network to find out on which side it is.",
        )],
        ..finding
    })
}

fn not_tried(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let skipped: Vec<Session<'_>> = evidence
        .sessions()
        .filter(|session| matches!(session.probe.outcome, Outcome::Skipped { reason: SkipReason::ConnectionBudget }))
        .collect();
    let first = skipped.first()?;
    let ports: Vec<String> = skipped.iter().map(|session| session.request.port.to_string()).collect();
    let connections = match skipped.len() {
        1 => "1 more connection would have helped, but was not made".to_owned(),
        more => format!("{more} more connections would have helped, but were not made"),
    };
    let summary = format!("{connections} (port {})", ports.join(", "));
    let finding = Finding::new(&CONNECTION_BUDGET_SPENT, Phase::Connect, Confidence::Certain, summary);
    Some(Finding {
        cause: format!("The limit of --max-connections ({}) was reached.", plan.limits.max_connections),
        fixes: vec![Fix::text("Repeat the check with a higher --max-connections")],
        ..finding.tried(first.probe.id)
    })
}
