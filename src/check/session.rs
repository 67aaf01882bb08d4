//! The conversation as a whole: closed early, silent in the middle, endless, out of our time, oddly formed.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::talk::Heard;
use crate::evidence::{Evidence, Fault, Outcome, SkipReason, Stage, Talk, What};
use crate::plan::Plan;
use crate::wire::reply::Irregularity;
use crate::wire::status::Class;

pub static CHECK: Check = Check {
    subject: "session",
    ask: asks_nothing,
    judge,
    rules: &[
        &CONNECTION_CLOSED,
        &REPLY_MISSING,
        &REPLY_ENDLESS,
        &REPLY_WITHOUT_SENSE,
        &REPLY_IRREGULAR,
        &REPLY_UNASKED,
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
    title: "the server answers a command with something that is no answer to it",
    cites: &["RFC 5321 section 4.2", "RFC 5321 section 4.3.2"],
    docs: Docs {
        sees: "The answer to a step has no code, a code that SMTP does not define, or one that asks for more where nothing more can come (3yz).",
        matters: "Nobody can tell whether the server agreed, so the conversation ends there.",
        action: "Check host and port; the operator looks at the server or at the proxy in front of it.",
        example: "120 to MAIL FROM, or a sentence without a code",
        references: "RFC 5321 sections 4.2 and 4.3.2",
    },
};

static REPLY_IRREGULAR: Rule = Rule {
    id: "reply-irregular",
    severity: Severity::Notice,
    title: "replies are not formed as they should be",
    cites: &["RFC 5321 section 4.2"],
    docs: Docs {
        sees: "Bare line feeds, missing codes, changing codes, control bytes, text that is not UTF-8, over-long lines, or bytes beyond ASCII.",
        matters: "smtpcheck reads them all the same; other programs may not.",
        action: "The operator looks at the server or at the proxy in front of it.",
        example: "a reply that ends with LF in the place of CR LF",
        references: "RFC 5321 section 4.2",
    },
};

static REPLY_UNASKED: Rule = Rule {
    id: "reply-unasked",
    severity: Severity::Warning,
    title: "the server says something that nobody asked for",
    cites: &["RFC 5321 section 4.1.1"],
    docs: Docs {
        sees: "Bytes of the server were there before a command was sent, so they answer none.",
        matters: "A client that takes them for the next answer misunderstands everything after. Two replies to one command, or a proxy that adds its own, do this.",
        action: "The operator looks at the server or at the proxy in front of it; compare from another network.",
        example: "250 ok twice after one EHLO",
        references: "RFC 5321 section 4.1.1 (one reply to each command)",
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

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(talk.fault().and_then(|fault| broken_off(plan, talk, fault)));
    findings.extend(without_sense(talk));
    findings.extend(irregular(talk));
    findings.extend(unasked(talk));
    findings.extend(not_tried(plan, evidence));
    findings
}

fn broken_off(plan: &Plan, talk: Talk<'_>, fault: &Fault) -> Option<Finding> {
    let target = plan.target.host.with_port(plan.target.port);
    let (rule, stage, summary, cause, otherwise, fix, failure) = match fault {
        // Told by connect, greeting and starttls.
        Fault::NoAddress
        | Fault::NotConnected { .. }
        | Fault::Tls { .. }
        | Fault::Silent { stage: Stage::Greeting, .. }
        | Fault::Closed { stage: Stage::Greeting, .. }
        | Fault::Interrupted => return None,
        // A server that does not follow the login mechanism may hang up as well.
        Fault::Closed { stage: Stage::Auth, .. } if talk.login_given_up().is_some() => return None,
        Fault::Silent { stage, waited_ms, .. } => (
            &REPLY_MISSING,
            *stage,
            format!("no answer to {stage} for {:.0} seconds", waited_ms / 1000.0),
            "the server waits for something itself: a look-up, a filter, a database",
            Some("something on the way may swallow the answer; the same check from another network tells"),
            Fix::run("give it more time", format!("smtpcheck {target} --timeout 300s --max-time 10m")),
            Failure::Unreachable,
        ),
        Fault::Closed { stage, reset } => (
            &CONNECTION_CLOSED,
            *stage,
            format!(
                "the server {} the connection where the answer to {stage} was due",
                if *reset { "resets" } else { "closes" }
            ),
            "the server's process ended in the middle of the conversation",
            Some("a proxy or firewall on the way may cut the line; the same check from another network tells"),
            Fix::text("the operator reads the mail log at this moment; look for a proxy or firewall on the way"),
            Failure::Protocol,
        ),
        Fault::Endless { stage } => (
            &REPLY_ENDLESS,
            *stage,
            format!("the answer to {stage} does not end"),
            "no mail server says so much: it is broken or attacks its clients; smtpcheck read 64 KiB or 512 lines and hung up",
            None,
            Fix::text("check host and port; the operator looks at the server"),
            Failure::Protocol,
        ),
        Fault::Unread { stage } => (
            &REPLY_MISSING,
            *stage,
            format!("the server takes nothing more at {stage}"),
            "the server has stopped reading",
            Some("the line itself may be dead; the same check from another network tells"),
            Fix::text("try again; the operator looks whether the server hangs"),
            Failure::Unreachable,
        ),
        Fault::TimeUp { stage } => (
            &RUN_OUT_OF_TIME,
            *stage,
            format!(
                "the time for the whole check ({:.1} s) was up at {stage}",
                std::time::Duration::from_millis(plan.limits.total_ms).as_secs_f64()
            ),
            "the limit is ours, not the server's; everything after this step is not tested",
            None,
            Fix::run("give it more time", format!("smtpcheck {target} --max-time 5m --timeout 2m")),
            Failure::Incomplete,
        ),
    };
    let confidence = if otherwise.is_some() { Confidence::Likely } else { Confidence::Certain };
    let mut finding = Finding::new(rule, stage, confidence, summary).tried(talk.attempt.id);
    finding.otherwise = otherwise.map(str::to_owned);
    if let Some(event) = talk.events().last() {
        finding = finding.on(event);
    }
    finding.cause = cause.to_owned();
    finding.fixes.push(fix);
    finding.failure = Some(failure);
    Some(finding)
}

/// Neither yes nor no. A greeting without a code is greeting's.
fn is_senseless(heard: &Heard<'_>) -> bool {
    let cut = heard
        .reply
        .irregularities
        .iter()
        .any(|oddity| matches!(oddity, Irregularity::TooLong | Irregularity::CutShort));
    match (heard.event.stage, heard.reply.class()) {
        _ if cut => false,
        (Stage::Greeting, _) if heard.reply.code.is_none() => false,
        (Stage::Auth, Class::Intermediate) => !heard.reply.has_code(334),
        (Stage::Rset | Stage::Quit, _) => false,
        (_, class) => matches!(class, Class::Intermediate | Class::Undefined),
    }
}

fn without_sense(talk: Talk<'_>) -> Option<Finding> {
    let heard = talk.replies().find(is_senseless)?;
    let stage = heard.event.stage;
    let line = heard.first_line();
    let summary = format!("the answer to {stage} is neither yes nor no: {line}");
    let finding = Finding::new(&REPLY_WITHOUT_SENSE, stage, Confidence::Certain, summary).on(heard.event);
    Some(Finding {
        cause: "a reply begins with a code of three digits, the first of them 2, 4 or 5; this one does not".to_owned(),
        fixes: vec![Fix::text(
            "check that host and port are those of a mail server; the operator looks at the server or the proxy in front of it",
        )],
        failure: Some(Failure::Protocol),
        ..finding
    })
}

fn irregular(talk: Talk<'_>) -> Option<Finding> {
    let odd: Vec<_> = talk
        .replies()
        .filter(|heard| heard.reply.code.is_some() && !is_senseless(heard) && !is_endless(heard))
        .filter(|heard| heard.reply.irregularities.iter().any(|oddity| !is_told_elsewhere(oddity)))
        .collect();
    let first = odd.first()?;
    let mut kinds: Vec<&'static str> = Vec::new();
    for oddity in
        odd.iter().flat_map(|heard| heard.reply.irregularities.iter()).filter(|oddity| !is_told_elsewhere(oddity))
    {
        let name = name(oddity);
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    let summary = format!("replies are oddly formed: {}", kinds.join(", "));
    let mut finding = Finding::new(&REPLY_IRREGULAR, first.event.stage, Confidence::Certain, summary);
    for heard in &odd {
        finding = finding.on(heard.event);
    }
    finding.cause = "smtpcheck reads them all the same; other programs may not".to_owned();
    finding.fixes.push(Fix::text("the operator looks at the server, or at the proxy in front of it"));
    Some(finding)
}

/// Of a reply without end nothing else is worth a word.
fn is_endless(heard: &Heard<'_>) -> bool {
    heard.reply.irregularities.contains(&Irregularity::TooLong)
}

fn is_told_elsewhere(oddity: &Irregularity) -> bool {
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

fn unasked(talk: Talk<'_>) -> Option<Finding> {
    let after_starttls = |stage: Stage| stage == Stage::Starttls;
    let event = talk.events().find(|event| match &event.what {
        // Behind the 220 to STARTTLS it is starttls' business, and worse.
        What::Stray { .. } => {
            let after_220 = talk.reply_at(Stage::Starttls).is_some_and(|heard| heard.event.seq < event.seq);
            !(after_starttls(event.stage) && after_220)
        }
        _ => false,
    })?;
    let What::Stray { bytes, .. } = &event.what else { return None };
    let summary = format!("{bytes} bytes came before {} was sent, and answer nothing", event.stage);
    let finding = Finding::new(&REPLY_UNASKED, event.stage, Confidence::Likely, summary).on(event);
    Some(Finding {
        cause: "the server answers one command twice".to_owned(),
        otherwise: Some("a proxy on the way may add words of its own".to_owned()),
        fixes: vec![Fix::text(
            "the operator looks at the server or the proxy in front of it; the same check from another network tells which side it is",
        )],
        ..finding
    })
}

fn not_tried(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let skipped: Vec<Talk<'_>> = evidence
        .talks()
        .filter(|talk| matches!(talk.attempt.outcome, Outcome::Skipped { reason: SkipReason::ConnectionBudget }))
        .collect();
    let first = skipped.first()?;
    let ports: Vec<String> = skipped.iter().map(|talk| talk.request.port.to_string()).collect();
    let connections = match skipped.len() {
        1 => "1 more connection would have helped and was not made".to_owned(),
        more => format!("{more} more connections would have helped and were not made"),
    };
    let summary = format!("{connections} (port {})", ports.join(", "));
    let finding = Finding::new(&CONNECTION_BUDGET_SPENT, Stage::Connect, Confidence::Certain, summary);
    Some(Finding {
        cause: format!("--max-connections {} is used up", plan.limits.max_connections),
        fixes: vec![Fix::text("allow more with --max-connections")],
        ..finding.tried(first.attempt.id)
    })
}
