//! What a server reveals about its mailboxes in reply to VRFY and EXPN (`--probe vrfy`, `--probe expn`).

use super::finding::{Check, Docs, Finding, Rule, Severity};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{IntrusiveProbe, Plan, TlsUse};
use crate::question::{Purpose, Query, QueryCommand, Question, SessionRequest};
use crate::wire::{AddressQuery, Class, DomainName};

pub(super) static CHECK: Check = Check {
    subject: "disclosure",
    ask,
    judge,
    rules: &[&VRFY_CONFIRMS_ADDRESSES, &EXPN_LISTS_MEMBERS, &VRFY_NOT_IMPLEMENTED],
};

static VRFY_CONFIRMS_ADDRESSES: Rule = Rule {
    id: "vrfy-confirms-addresses",
    severity: Severity::Warning,
    title: "replies to VRFY reveal which mailboxes exist",
    docs: Docs {
        sees: "smtpcheck sent VRFY (--probe vrfy). The server accepted it for a mailbox and rejected it for a made-up name.",
        matters: "Spammers use VRFY to collect email addresses, and attackers use it to collect user names. A 252 reply reveals nothing, and RFC 5321 allows it. On most servers, the replies to RCPT TO reveal the same information.",
        action: "Server operator: configure the server to reply with 252 to every VRFY, or disable the command (Postfix: disable_vrfy_command = yes).",
        example: "250 2.1.5 Ann Example <ann@example.net> in reply to VRFY ann",
        references: "RFC 5321 section 3.5.3 (252), section 7.3 (VRFY, EXPN and security)",
    },
};

static EXPN_LISTS_MEMBERS: Rule = Rule {
    id: "expn-lists-members",
    severity: Severity::Warning,
    title: "the server lists the members of a mailing list in reply to EXPN",
    docs: Docs {
        sees: "smtpcheck sent EXPN (--probe expn), and the server replied with 250.",
        matters: "The reply either contains the members' email addresses, which are often private, or reveals which user receives mail for an email address.",
        action: "Server operator: disable EXPN, or allow it only to administrators.",
        example: "250-ann@example.net and 250 bob@example.net in reply to EXPN staff",
        references: "RFC 5321 section 3.5.2, section 7.3 (VRFY, EXPN and security)",
    },
};

static VRFY_NOT_IMPLEMENTED: Rule = Rule {
    id: "vrfy-not-implemented",
    severity: Severity::Notice,
    title: "the server does not implement VRFY",
    docs: Docs {
        sees: "smtpcheck sent VRFY (--probe vrfy), and the server replied with 500, 502 or 504.",
        matters: "Every server must implement VRFY, but may reply with 252, which reveals nothing. Many operators disable the command, and mail servers do not use it.",
        action: "No action is needed. To follow the standard, configure the server to reply with 252 to VRFY instead of rejecting the command.",
        example: "502 5.5.1 VRFY command is disabled",
        references: "RFC 5321 section 4.5.1 (minimum implementation), section 3.5.3 (252)",
    },
};

/// The number of recipients that the probe asks about.
const MOST_RECIPIENTS: usize = 3;

/// One session with all questions. It does not log in, because the probe tests what an unknown client learns.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let wants = |probe: IntrusiveProbe| plan.probes.contains(&probe);
    let is_reached =
        evidence.main_session().is_some_and(|session| session.is_over() && session.final_capabilities().is_some());
    if !is_reached || !(wants(IntrusiveProbe::Vrfy) || wants(IntrusiveProbe::Expn)) {
        return Vec::new();
    }
    let tls = match plan.tls_use() {
        TlsUse::Implicit => TlsUse::Implicit,
        TlsUse::Never => TlsUse::Never,
        TlsUse::Required | TlsUse::IfOffered => TlsUse::IfOffered,
    };
    let mut request = SessionRequest::probe(plan, Purpose::Disclosure, plan.target.port, tls, plan.quit_after);
    let mut known: Vec<AddressQuery> =
        plan.to.iter().take(MOST_RECIPIENTS).cloned().map(AddressQuery::Recipient).collect();
    if known.is_empty() {
        known.push(AddressQuery::Postmaster);
    }
    let query = |command: QueryCommand| move |address: AddressQuery| Query { command, address };
    if wants(IntrusiveProbe::Vrfy) {
        let asked = known.iter().cloned().chain([AddressQuery::Invented(domain(plan))]);
        request.script.queries.extend(asked.map(query(QueryCommand::Vrfy)));
    }
    if wants(IntrusiveProbe::Expn) {
        request.script.queries.extend(known.into_iter().map(query(QueryCommand::Expn)));
    }
    vec![Question::session(request)]
}

/// The domain of the first recipient.
fn domain(plan: &Plan) -> Option<DomainName> {
    let address = plan.to.first()?.to_string();
    DomainName::parse(address.rsplit_once('@')?.1).ok()
}

/// A VRFY or EXPN command, with the server's reply.
struct Answered<'a> {
    command: QueryCommand,
    address: &'a AddressQuery,
    received: ReceivedReply<'a>,
}

/// The commands with their replies, which arrive in the same order.
fn answers(probe: Session<'_>) -> Vec<Answered<'_>> {
    let replies = probe.replies().filter(|received| received.event.phase == Phase::Vrfy);
    let is_question = |what: &EventKind| matches!(what, EventKind::Sent { .. });
    let asked = probe.events().filter(|event| event.phase == Phase::Vrfy && is_question(&event.what)).count();
    let queries = probe.request.script.queries.iter().take(asked);
    queries
        .zip(replies)
        .map(|(query, received)| Answered { command: query.command, address: &query.address, received })
        .collect()
}

fn judge(_: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(probe) = evidence.probes(Purpose::Disclosure).next() else { return Vec::new() };
    let answers = answers(probe);
    [confirms(&answers), lists(&answers), not_implemented(&answers)].into_iter().flatten().collect()
}

fn is_confirmed(received: &ReceivedReply<'_>) -> bool {
    received.accepts() && (received.reply.has_code(250) || received.reply.has_code(251))
}

fn confirms(answers: &[Answered<'_>]) -> Option<Finding> {
    let of_vrfy = || answers.iter().filter(|one| one.command == QueryCommand::Vrfy);
    let invented = of_vrfy().find(|one| matches!(one.address, AddressQuery::Invented(_)))?;
    let known = of_vrfy().find(|one| {
        let is_known = !matches!(one.address, AddressQuery::Invented(_));
        // A server that confirms every name reveals nothing. A server that replies with 252 only to some names reveals
        // which names exist.
        is_known && one.received.accepts() && invented.received.reply.class() == Class::Permanent
    })?;
    let summary = format!(
        "VRFY reveals which mailboxes exist: {} for {}, and {} for a made-up mailbox",
        known.received.first_line(),
        known.address,
        invented.received.first_line()
    );
    let confidence = if is_confirmed(&known.received) { Confidence::Certain } else { Confidence::Likely };
    let finding = Finding::new(&VRFY_CONFIRMS_ADDRESSES, Phase::Vrfy, confidence, summary);
    Some(Finding {
        cause: "The server replies differently for a mailbox that exists. Anyone can use this difference to collect email addresses and user names.".to_owned(),
        otherwise: (confidence == Confidence::Likely).then(|| {
            "The server may reject the made-up mailbox for another reason, such as the form of its name.".to_owned()
        }),
        fixes: vec![Fix::run(
            "Server operator: disable VRFY (command for Postfix), or configure the server to reply with 252 to every VRFY",
            "postconf -e disable_vrfy_command=yes",
        )],
        ..finding.on(known.received.event).on(invented.received.event)
    })
}

fn lists(answers: &[Answered<'_>]) -> Option<Finding> {
    let listed = answers.iter().find(|one| one.command == QueryCommand::Expn && is_confirmed(&one.received))?;
    let summary = format!("the reply to EXPN {} is {}", listed.address, listed.received.first_line());
    let finding = Finding::new(&EXPN_LISTS_MEMBERS, Phase::Vrfy, Confidence::Certain, summary);
    Some(Finding {
        cause: "The server expands the address. The reply lists the members of the mailing list, or names the mailbox that receives mail for the address.".to_owned(),
        fixes: vec![Fix::text("Server operator: disable EXPN, or allow it only to administrators (Exim: acl_smtp_expn; Sendmail: PrivacyOptions=noexpn)")],
        ..finding.on(listed.received.event)
    })
}

fn not_implemented(answers: &[Answered<'_>]) -> Option<Finding> {
    let rejected = answers.iter().find(|one| {
        one.command == QueryCommand::Vrfy && [500, 502, 504].iter().any(|&code| one.received.reply.has_code(code))
    })?;
    let summary = format!("the server does not implement VRFY: {}", rejected.received.first_line());
    let finding = Finding::new(&VRFY_NOT_IMPLEMENTED, Phase::Vrfy, Confidence::Certain, summary);
    Some(Finding {
        cause: "The operator has probably disabled the command to prevent its use for collecting email addresses."
            .to_owned(),
        fixes: vec![Fix::text(
            "No action is needed. To follow the standard, configure the server to reply with 252 to VRFY",
        )],
        ..finding.on(rejected.received.event)
    })
}
