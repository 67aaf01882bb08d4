//! The conversation as a whole: closed early, silent in the middle, endless, out of our time, oddly formed.

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
    title: "the server hangs up in the middle of the conversation",
    cites: &["RFC 5321 section 3.8"],
    docs: Docs {
        sees: "The connection was closed or reset where a reply was due, without a 421.",
        matters: "A server must not close without a reply. A crashed process, a load balancer or a firewall does.",
        action: "The operator reads the mail log at this moment; look for a firewall or proxy with a limit of its own on the way.",
        example: "EHLO, and the connection is reset",
        references: "RFC 5321 section 3.8",
    },
};

static REPLY_MISSING: Rule = Rule {
    id: "reply-missing",
    severity: Severity::Error,
    title: "the server stops answering",
    cites: &["RFC 5321 section 4.5.3.2"],
    docs: Docs {
        sees: "No whole reply within the time for one reply (--timeout) at a step after the greeting.",
        matters: "The server waits for something itself: a look-up, a content filter, a database. RFC 5321 lets it take five minutes for most steps.",
        action: "Try a longer --timeout to tell slow from dead; the operator looks at what the server waits for.",
        example: "RCPT TO, and nothing comes back",
        references: "RFC 5321 section 4.5.3.2",
    },
};

static REPLY_ENDLESS: Rule = Rule {
    id: "reply-endless",
    severity: Severity::Error,
    title: "a reply of the server does not end",
    cites: &["RFC 5321 section 4.5.3.1.5"],
    docs: Docs {
        sees: "A reply longer than 512 lines or 64 KiB; it was cut and the line closed.",
        matters: "No mail server says so much. It is broken, or it attacks its clients.",
        action: "Check host and port; the operator looks at the server.",
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
        sees: "A reply has no code, a code that SMTP does not define, a success code that is not defined for this command (only 220 greets, 250, 251 and 252 accept a recipient, 235 a login), or it contradicts itself: lines with codes of different classes, or a code and an enhanced status of different classes.",
        matters: "It cannot be known whether the server accepted the command, so nothing is counted as accepted.",
        action: "Check host and port. Correct the reply in the server, or in the proxy or filter in front of it (server operator).",
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
        sees: "A reply belongs to another command (250 to AUTH, 220 to EHLO, a rejection of RSET or QUIT, a rejected login where the login had been accepted), or another reply follows the one to QUIT. So the server sent a reply too many or too few.",
        matters: "SMTP pairs replies with commands by their order alone. From the reply too many on, each command gets the reply to an earlier one: a rejected recipient looks accepted, a rejected login too. Nothing behind the last certain point is believed; a second session, with a pause before each command, finds out what the server really replies.",
        action: "Find the server, proxy or filter that sends a reply twice or too late, and correct it (server operator). Repeat the check from another network to see which side it is on.",
        example: "250 to EHLO, 0.1 seconds later one more 250, and in the end 250 to QUIT",
        references: "RFC 5321 section 4.2 (exactly one reply to each command), section 4.3.2 (which replies belong to which command)",
    },
};

static REPLY_IRREGULAR: Rule = Rule {
    id: "reply-irregular",
    severity: Severity::Notice,
    title: "replies are not formed as they should be",
    cites: &["RFC 5321 section 4.2"],
    docs: Docs {
        sees: "Bare line feeds, missing codes, changing codes, 250 instead of 221 to QUIT, control bytes, text that is not UTF-8, over-long lines, or bytes beyond ASCII.",
        matters: "smtpcheck reads them all the same; other programs may not.",
        action: "The operator looks at the server or at the proxy in front of it.",
        example: "a reply that ends with LF in the place of CR LF",
        references: "RFC 5321 section 4.2",
    },
};

static REPLY_UNASKED: Rule = Rule {
    id: "reply-unasked",
    severity: Severity::Error,
    title: "the server sends a reply that no command asked for",
    cites: &["RFC 5321 section 4.2", "RFC 5321 section 4.1.1"],
    docs: Docs {
        sees: "Bytes of the server arrived before a command was sent, so they are the reply to none. A warning where they cannot be taken for a reply (no digit at the start of a line).",
        matters: "A client that takes them for the next reply misunderstands everything after them. Which of two replies to one command counts cannot be known, so the phases behind it are not believed; a second session, with a pause before each command, finds out what the server really replies.",
        action: "Find the server, proxy or filter that replies twice, and correct it (server operator). Repeat the check from another network to see which side it is on.",
        example: "250 Ok twice after one EHLO, or 250 and 550 after one MAIL FROM",
        references: "RFC 5321 section 4.2 (exactly one reply to each command)",
    },
};

static RUN_OUT_OF_TIME: Rule = Rule {
    id: "run-out-of-time",
    severity: Severity::Error,
    title: "our own time for the whole check was up",
    cites: &["RFC 5321 section 4.5.3.2"],
    docs: Docs {
        sees: "--max-time passed before the conversation had come to its end.",
        matters: "What was seen until then stands in the report; the rest is not tested.",
        action: "Give more time with --max-time.",
        example: "smtpcheck mx.example.net --max-time 5m --timeout 2m",
        references: "RFC 5321 section 4.5.3.2 (how long servers may take)",
    },
};

static CONNECTION_BUDGET_SPENT: Rule = Rule {
    id: "connection-budget-spent",
    severity: Severity::Notice,
    title: "a follow-up was not tried",
    cites: &["RFC 5321 section 4.5.4.1"],
    docs: Docs {
        sees: "A further connection would have helped the diagnosis, and --max-connections was used up.",
        matters: "The diagnosis is less sure than it could be; what was not tried is not called fine.",
        action: "Allow more connections with --max-connections.",
        example: "smtpcheck mx.example.net --max-connections 10",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};

/// What is in doubt is asked again by a client that waits before each command, and so sees a reply too many as such.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if session.sequence().believed_until().is_none() {
        return Vec::new();
    }
    let login = if rejected_login(session).is_some() { Repeat::No } else { Repeat::Yes };
    vec![Question::Talk(SessionRequest::in_step(plan, login))]
}

/// A rejection that can only be meant for AUTH, wherever it arrived. Another login could lock the account.
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

/// Whether a finding says that replies cannot be paired with commands.
pub(super) fn is_about_order(finding: &Finding) -> bool {
    [&SESSION_OUT_OF_STEP, &REPLY_UNASKED].iter().any(|rule| rule.id == finding.rule) && finding.failure.is_some()
}

fn out_of_step(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, resumed: mended, .. } = session.sequence();
    let found = broken.or(mended)?;
    let (rule, summary) = proved_by(found);
    let mut finding = Finding::new(rule, found.phase, Confidence::Likely, summary).on(found.certain).on(found.proof);
    finding.failure = Some(PhaseFailure::Protocol);
    finding.cause = format!(
        "replies are paired with commands by their order alone (RFC 5321 section 4.2); the server, or a device in front of it, sent a reply too many or too few behind {}",
        found.phase
    );
    finding.otherwise = Some(
        "the server may reply to one command in a way that RFC 5321 does not define; its operator can tell".to_owned(),
    );
    finding.fixes.push(Fix::text(
        "Find the server, proxy or filter that sends a reply twice or too late, and correct it (server operator)",
    ));
    finding.fixes.push(Fix::text("Repeat the check from another network to see on which side it is"));
    if broken.is_some() {
        finding.consequences.extend(in_doubt(plan, session));
        finding.consequences.extend(repeated(plan, evidence, session));
        finding.evidence.probes.extend(evidence.probes(Purpose::InStep).map(|probe| probe.probe.id));
    } else {
        finding.consequences.push("TLS put the session in step again, so what followed is certain".to_owned());
    }
    Some(finding)
}

fn proved_by(found: Break<'_>) -> (&'static Rule, String) {
    match &found.proof.what {
        EventKind::Stray { text, .. } if found.is_behind_quit => {
            let line = found.proof.quote(text.lines().next().unwrap_or_default());
            (&SESSION_OUT_OF_STEP, format!("replies and commands are out of step: after the reply to QUIT came {line}"))
        }
        EventKind::Stray { bytes, .. } => {
            let summary = format!("{bytes} bytes came before {} was sent, and answer nothing", found.proof.phase);
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

/// The phases that were begun and of which nothing is known for it.
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
    (!names.is_empty()).then(|| format!("the result is not known of {}", names.join(", ")))
}

/// Lines of a finding about the second session; more recipients have the report.
const MOST_REPEATED: usize = 12;

/// What the second session found out.
fn repeated(plan: &Plan, evidence: &Evidence, main: Session<'_>) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(heard) = rejected_login(main) {
        let line = heard.first_line();
        told.push(format!("{line} can only be the reply to AUTH, so the login was rejected; it was not repeated"));
    }
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return told };
    match &probe.probe.outcome {
        Outcome::Skipped { .. } => {
            told.push("a second session, with a pause before each command, was not tried".to_owned());
            return told;
        }
        _ if probe.sequence().believed_until().is_some() => {
            told.push("a second session, with a pause before each command, got out of step too".to_owned());
        }
        Outcome::Failed { .. } => {
            told.push("a second session, with a pause before each command, did not come to its end".to_owned());
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
        told.push(format!("in a second session, with a pause before each command, the reply to {what} is {line}"));
    }
    told
}

fn broken_off(plan: &Plan, evidence: &Evidence, session: Session<'_>, fault: &Fault) -> Option<Finding> {
    let target = plan.target.host.with_port(plan.target.port);
    let (rule, phase, summary, cause, otherwise, fix, failure) = match fault {
        // Told by connect, greeting and starttls.
        Fault::NoAddress
        | Fault::NotConnected { .. }
        | Fault::Tls { .. }
        | Fault::Silent { phase: Phase::Greeting, .. }
        | Fault::Closed { phase: Phase::Greeting, .. }
        | Fault::Interrupted => return None,
        // A server that does not follow the login mechanism may hang up as well.
        Fault::Closed { phase: Phase::Auth, .. } if session.login_given_up().is_some() => return None,
        Fault::Silent { phase, waited_ms, .. } => (
            &REPLY_MISSING,
            *phase,
            format!("no answer to {phase} for {:.0} seconds", waited_ms / 1000.0),
            "the server waits for something itself: a look-up, a filter, a database",
            Some("something on the way may swallow the answer; the same check from another network tells"),
            Fix::run("give it more time", format!("smtpcheck {target} --timeout 300s --max-time 10m")),
            PhaseFailure::Unreachable,
        ),
        Fault::Closed { phase, reset } => (
            &CONNECTION_CLOSED,
            *phase,
            format!(
                "the server {} the connection where the answer to {phase} was due",
                if *reset { "resets" } else { "closes" }
            ),
            "the server's process ended in the middle of the conversation",
            Some("a proxy or firewall on the way may cut the line; the same check from another network tells"),
            Fix::text("the operator reads the mail log at this moment; look for a proxy or firewall on the way"),
            PhaseFailure::Protocol,
        ),
        Fault::Endless { phase } => (
            &REPLY_ENDLESS,
            *phase,
            format!("the answer to {phase} does not end"),
            "no mail server says so much: it is broken or attacks its clients; smtpcheck read 64 KiB or 512 lines and hung up",
            None,
            Fix::text("check host and port; the operator looks at the server"),
            PhaseFailure::Protocol,
        ),
        Fault::Unread { phase } => (
            &REPLY_MISSING,
            *phase,
            format!("the server takes nothing more at {phase}"),
            "the server has stopped reading",
            Some("the line itself may be dead; the same check from another network tells"),
            Fix::text("try again; the operator looks whether the server hangs"),
            PhaseFailure::Unreachable,
        ),
        Fault::TimeUp { phase } => (
            &RUN_OUT_OF_TIME,
            *phase,
            format!(
                "the time for the whole check ({:.1} s) was up at {phase}",
                std::time::Duration::from_millis(plan.limits.total_ms).as_secs_f64()
            ),
            "the limit is ours, not the server's; everything after this step is not tested",
            None,
            Fix::run("give it more time", format!("smtpcheck {target} --max-time 5m --timeout 2m")),
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

/// The command whose reply is missing, and what there is of a reply; where nothing was sent, what the phase began with.
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

/// A command of a pipelined flight was not answered. Which of them is not known, so none of the flight is believed; a
/// second session without PIPELINING tells whether that is the reason.
fn swallowed(plan: &Plan, evidence: &Evidence, session: Session<'_>, finding: &mut Finding) {
    finding.consequences.push(
        "the commands were sent together (PIPELINING), and one reply is missing, so it is not known which command each reply belongs to".to_owned(),
    );
    finding.consequences.extend(repeated(plan, evidence, session));
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return };
    finding.evidence.probes.push(probe.probe.id);
    let wanted = probe.request.script.envelope.as_ref().map_or(0, |envelope| envelope.to.len());
    let answered = probe.replies().filter(|heard| heard.event.phase == Phase::Rcpt).count();
    if wanted > 0 && answered == wanted {
        finding.failure = Some(PhaseFailure::Protocol);
        finding.cause = "the server advertises PIPELINING and loses a command that arrives together with others; one at a time it answered all of them".to_owned();
        finding.otherwise = Some(
            "a proxy or filter in front of the server may lose the command; the same check from another network tells"
                .to_owned(),
        );
        finding.fixes.insert(
            0,
            Fix::run(
                "Do not advertise PIPELINING until it works (server operator); in Postfix",
                "postconf -e smtpd_discard_ehlo_keywords=pipelining",
            ),
        );
    }
}

/// Neither yes nor no. A greeting without a code is greeting's, and so is that of a news server.
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
            "all lines of a reply have one code, and its enhanced status has the same class as the code (RFC 5321 section 4.2, RFC 2034); this reply accepts and rejects at once, so nothing is counted as accepted",
        )
    } else if heard.reply.is_success() {
        (
            format!("the reply to {phase} is no success that is defined for it: {line}"),
            "each command has its own success codes (RFC 5321 section 4.3.2); a client that takes any 2yz for success may be wrong, so nothing is counted as accepted",
        )
    } else {
        (
            format!("the answer to {phase} is neither yes nor no: {line}"),
            "a reply begins with a code of three digits, the first of them 2, 4 or 5; this one does not",
        )
    };
    let finding = Finding::new(&REPLY_WITHOUT_SENSE, phase, Confidence::Certain, summary).on(heard.event);
    Some(Finding {
        cause: cause.to_owned(),
        fixes: vec![Fix::text(
            "check that host and port are those of a mail server; the operator looks at the server or the proxy in front of it",
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
        kinds.push("a success code that is not that of the command");
    }
    if kinds.is_empty() {
        return None;
    }
    let summary = format!("replies are oddly formed: {}", kinds.join(", "));
    let mut finding = Finding::new(&REPLY_IRREGULAR, first.event.phase, Confidence::Certain, summary);
    for heard in &odd {
        finding = finding.on(heard.event);
    }
    finding.cause = "smtpcheck reads them all the same; other programs may not".to_owned();
    finding.fixes.push(Fix::text("the operator looks at the server, or at the proxy in front of it"));
    Some(finding)
}

/// RSET or QUIT answered with a 2yz that is not its own (RFC 5321 §4.3.2), where nothing is out of step.
fn is_odd_farewell(heard: &ReceivedReply<'_>) -> bool {
    heard.fit() == Fit::Odd && heard.reply.is_success()
}

/// Of a reply without end nothing else is worth a word.
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
        Irregularity::EightBit => "characters beyond ASCII",
        Irregularity::NotUtf8 => "bytes that are not UTF-8",
        Irregularity::NoCode => "lines without a code",
        Irregularity::CodeChanged { .. } => "different codes in one reply",
        Irregularity::NoSeparator => "neither blank nor dash after the code",
        Irregularity::UndefinedClass => "codes that SMTP does not define",
        Irregularity::LineTooLong { .. } => "lines longer than any reply has",
        Irregularity::TooLong => "a reply without end",
        Irregularity::CutShort => "a reply cut off",
    }
}

/// Bytes that answer nothing and put nothing out of step. Those that do are [`out_of_step`]'s.
fn unasked(session: Session<'_>) -> Option<Finding> {
    let Sequence { broken, resumed: mended, .. } = session.sequence();
    if broken.or(mended).is_some() {
        return None;
    }
    let after_starttls = |phase: Phase| phase == Phase::Starttls;
    let answer = session.reply_at(Phase::Starttls).map(|heard| heard.event.seq);
    let event = session.events().find(|event| match &event.what {
        // Behind the 220 to STARTTLS it is starttls' business, and worse.
        EventKind::Stray { .. } => {
            let after_220 = answer.is_some_and(|seq| seq < event.seq);
            !(after_starttls(event.phase) && after_220)
        }
        _ => false,
    })?;
    let EventKind::Stray { bytes, .. } = &event.what else { return None };
    let summary = format!("{bytes} bytes came before {} was sent, and answer nothing", event.phase);
    let finding = Finding::new(&REPLY_UNASKED, event.phase, Confidence::Likely, summary).on(event);
    Some(Finding {
        severity: Severity::Warning,
        cause: "the server sends something that is no reply".to_owned(),
        otherwise: Some("a proxy on the way may add words of its own".to_owned()),
        fixes: vec![Fix::text(
            "the operator looks at the server or the proxy in front of it; the same check from another network tells which side it is",
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
        1 => "1 more connection would have helped and was not made".to_owned(),
        more => format!("{more} more connections would have helped and were not made"),
    };
    let summary = format!("{connections} (port {})", ports.join(", "));
    let finding = Finding::new(&CONNECTION_BUDGET_SPENT, Phase::Connect, Confidence::Certain, summary);
    Some(Finding {
        cause: format!("--max-connections {} is used up", plan.limits.max_connections),
        fixes: vec![Fix::text("allow more with --max-connections")],
        ..finding.tried(first.probe.id)
    })
}
