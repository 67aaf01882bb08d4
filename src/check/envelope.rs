//! MAIL FROM and RCPT TO: every recipient is judged by itself, and the first refusal counts.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::talk::Heard;
use crate::evidence::{Evidence, Stage, Talk, What};
use crate::plan::Plan;
use crate::wire::status::Class;

pub static CHECK: Check = Check {
    subject: "envelope",
    ask: asks_nothing,
    judge,
    rules: &[&SENDER_REFUSED, &RECIPIENT_REFUSED, &RECIPIENT_DEFERRED, &ADDRESS_NEEDS_SMTPUTF8],
};

static SENDER_REFUSED: Rule = Rule {
    id: "sender-refused",
    severity: Severity::Error,
    title: "the server refuses the sender",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "MAIL FROM was answered with 4yz or 5yz.",
        matters: "The server does not take mail from this sender, from this login or from this machine; no recipient was looked at.",
        action: "Read the server's text. After a login, use the account's own address as sender.",
        example: "550 5.7.1 Sender address rejected: not owned by user",
        references: "RFC 5321 section 3.3",
    },
};

static RECIPIENT_REFUSED: Rule = Rule {
    id: "recipient-refused",
    severity: Severity::Error,
    title: "the server refuses a recipient",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "RCPT TO was answered with 5yz.",
        matters: "Mail to this address would come back. The refusal can be about the address, but also about the sender, this machine or a missing login: many servers keep those refusals for this moment.",
        action: "Read the server's text. Check the address; if it speaks of relaying, log in.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown",
        references: "RFC 5321 section 3.3",
    },
};

static RECIPIENT_DEFERRED: Rule = Rule {
    id: "recipient-deferred",
    severity: Severity::Error,
    title: "the server puts a recipient off",
    cites: &["RFC 5321 section 4.2.1", "RFC 6647 section 2"],
    docs: Docs {
        sees: "RCPT TO was answered with 4yz.",
        matters: "Mail would wait in the sender's queue and be tried again. Greylisting does this to every stranger once; a full mailbox, a rate limit or a fault of the server does it too.",
        action: "Try again after some minutes from the same address. If it stays, read the server's text.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted",
        references: "RFC 5321 section 4.2.1, RFC 6647 (greylisting)",
    },
};

static ADDRESS_NEEDS_SMTPUTF8: Rule = Rule {
    id: "address-needs-smtputf8",
    severity: Severity::Error,
    title: "an address needs SMTPUTF8, which the server does not offer",
    cites: &["RFC 6531 section 3.2"],
    docs: Docs {
        sees: "The part before the @ holds characters beyond ASCII, and SMTPUTF8 is not among the keywords of the EHLO answer. The address was not sent.",
        matters: "Such an address can only travel between servers that all know SMTPUTF8.",
        action: "Use an ASCII address of the same mailbox, or a server that offers SMTPUTF8.",
        example: "jürgen@example.net",
        references: "RFC 6531 section 3.2",
    },
};

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let mut findings = needs_smtputf8(talk);
    let sender = talk.reply_at(Stage::Mail);
    if let Some(mut finding) = sender.and_then(|heard| sender_refused(plan, heard)) {
        let echoes = refused_recipients(talk).count();
        if echoes > 0 {
            finding.consequences.push("the recipients are refused because there is no sender".to_owned());
        }
        findings.push(finding);
        return findings;
    }
    if sender.is_some_and(|heard| heard.reply.is_success()) {
        findings.extend(refused_recipients(talk).filter_map(|heard| recipient_refused(plan, heard)));
    }
    findings
}

fn refused_recipients(talk: Talk<'_>) -> impl Iterator<Item = Heard<'_>> {
    talk.replies().filter(|heard| heard.event.stage == Stage::Rcpt && !heard.reply.is_success())
}

/// 530 without a login is auth's, 421 is session's.
fn is_others(plan: &Plan, heard: Heard<'_>) -> bool {
    heard.reply.has_code(421) || (heard.reply.has_code(530) && plan.login.is_none())
}

fn sender_refused(plan: &Plan, heard: Heard<'_>) -> Option<Finding> {
    let failure = failure(heard)?;
    if is_others(plan, heard) {
        return None;
    }
    let from = plan.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string);
    let summary = format!("the sender {from} is refused with {}", told(heard));
    let mut finding = Finding::new(&SENDER_REFUSED, Stage::Mail, Confidence::Likely, summary).on(heard.event);
    finding.cause = match failure {
        Failure::RefusedTemporary => "the server does not take mail from this sender now".to_owned(),
        _ => "the server does not take mail from this sender, this login or this machine".to_owned(),
    };
    finding.otherwise =
        Some("the server's text tells which; another sender address tells whether it is the address".to_owned());
    finding.fixes.push(match (&plan.login, failure) {
        (_, Failure::RefusedTemporary) => Fix::text("try again in some minutes"),
        (Some(_), _) => Fix::text("use an address of the account that logged in as sender"),
        (None, _) => Fix::text(
            "use a sender address whose domain exists and which you may use; log in with --user if the server is yours",
        ),
    });
    finding.failure = Some(failure);
    Some(finding)
}

fn recipient_refused(plan: &Plan, heard: Heard<'_>) -> Option<Finding> {
    let failure = failure(heard)?;
    if is_others(plan, heard) {
        return None;
    }
    let to = heard.recipient.and_then(|at| plan.to.get(at)).map_or_else(String::new, ToString::to_string);
    let later = failure == Failure::RefusedTemporary;
    let rule = if later { &RECIPIENT_DEFERRED } else { &RECIPIENT_REFUSED };
    let verb = if later { "put off" } else { "refused" };
    let summary = format!("{to} is {verb} with {}", told(heard));
    let mut finding = Finding::new(rule, Stage::Rcpt, Confidence::Likely, summary).on(heard.event);
    if later {
        finding.cause = "the server takes no mail for this recipient now; senders keep it and try again".to_owned();
        finding.otherwise =
            Some("greylisting passes after some minutes; a full mailbox or a fault of the server stays".to_owned());
        finding.fixes.push(Fix::text("try again after five minutes, from the same address"));
    } else {
        finding.cause =
            "there is no such mailbox here, or the server does not take mail for this domain from us".to_owned();
        finding.otherwise = Some("the server's text tells which; it may also be about the sender or this machine, since many servers refuse only at this step".to_owned());
        finding.fixes.push(Fix::text("check the address letter by letter"));
        if plan.login.is_none() {
            finding.fixes.push(Fix::text(
                "if the text speaks of relaying, log in with --user: only known users may send to other domains",
            ));
        }
    }
    finding.failure = Some(failure);
    Some(finding)
}

fn told(heard: Heard<'_>) -> String {
    let code = heard.reply.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let status = heard.reply.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
    format!("{code}{status}: {}", heard.reply.joined())
}

fn failure(heard: Heard<'_>) -> Option<Failure> {
    match heard.reply.class() {
        Class::Success => None,
        Class::Transient => Some(Failure::RefusedTemporary),
        Class::Permanent => Some(Failure::RefusedPermanent),
        Class::Intermediate | Class::Undefined => Some(Failure::Protocol),
    }
}

fn needs_smtputf8(talk: Talk<'_>) -> Vec<Finding> {
    talk.events()
        .filter_map(|event| {
            let What::NeedsSmtputf8 { address, .. } = &event.what else { return None };
            let summary = format!("{address} cannot be sent to this server, which does not offer SMTPUTF8");
            let finding = Finding::new(&ADDRESS_NEEDS_SMTPUTF8, event.stage, Confidence::Certain, summary).on(event);
            Some(Finding {
                cause: "the part before the @ holds characters beyond ASCII, which need the SMTPUTF8 extension"
                    .to_owned(),
                fixes: vec![
                    Fix::text("use an ASCII address of the same mailbox"),
                    Fix::run("the operator of a Postfix server can switch it on", "postconf -e smtputf8_enable=yes"),
                ],
                failure: Some(Failure::RefusedPermanent),
                ..finding
            })
        })
        .collect()
}
