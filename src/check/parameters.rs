//! The MAIL and RCPT parameters that the user gave. The rules report parameters that were not sent because the server
//! does not advertise their extensions, and parameters that make the server reject the command. For the latter, a
//! second session proves that the server accepts the same command without parameters.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity};
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::{Class, Parameter};

pub(super) static CHECK: Check =
    Check { subject: "parameters", ask, judge, rules: &[&PARAMETER_NOT_ADVERTISED, &PARAMETER_REFUSED] };

static PARAMETER_NOT_ADVERTISED: Rule = Rule {
    id: "parameter-not-advertised",
    severity: Severity::Error,
    title: "a parameter was not sent, because its extension is not advertised",
    docs: Docs {
        sees: "A parameter was given with --mail-parameter or --rcpt-parameter, but its extension is missing from the EHLO reply. smtpcheck sent the command without the parameter.",
        matters: "A client may use a parameter only if the server advertises its extension. Without the extension, the server does not do what the parameter requests: for example, no delivery notification is sent (DSN), or the message may be sent unencrypted later (REQUIRETLS).",
        action: "Omit the parameter, or use a server that advertises the extension. If the server advertises the extension only over TLS or after a login, use TLS or log in. To see how the server responds to the parameter, add --force-parameters. Server operator: enable the extension.",
        example: "--mail-parameter RET=HDRS, and no DSN in the EHLO reply",
        references: "RFC 5321 section 4.1.1.11 (parameters need an extension), RFC 3461 (DSN), RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 8689 (REQUIRETLS), RFC 6710 (MT-PRIORITY)",
    },
};

static PARAMETER_REFUSED: Rule = Rule {
    id: "parameter-refused",
    severity: Severity::Error,
    title: "the server rejects a command because of its parameters",
    docs: Docs {
        sees: "The server rejected MAIL FROM or RCPT TO with parameters. In a second session, it accepted the same command without parameters.",
        matters: "Programs that send these parameters cannot send mail through this server. A value may be outside the server's limits (SIZE, MT-PRIORITY) or invalid (NOTIFY, ORCPT), or the server might not implement the extension that it advertises.",
        action: "Correct the value, or omit the parameter. Server operator: if a message is larger than the advertised limit (SIZE), raise the limit. If another value is valid, update the server or the filter in front of it, or stop advertising the extension.",
        example: "552 5.3.4 Message size exceeds fixed limit in reply to MAIL FROM:<a@example.org> SIZE=99999999",
        references: "RFC 5321 section 4.1.1.11 (555: parameters not recognised), section 4.2.3 (501, 504), RFC 1870 section 6 (552)",
    },
};

/// A command that the server may have rejected because of a parameter.
#[derive(Clone, Copy)]
struct Suspect<'a> {
    received: ReceivedReply<'a>,
    /// The command as it was sent.
    command: &'a str,
}

/// The first rejected command with parameters. Any rejection of MAIL may be caused by the parameters. A rejection of
/// RCPT is usually caused by the recipient, so only codes about parameters count (RFC 5321 §4.2.3, §4.1.1.11).
fn suspect<'a>(plan: &Plan, session: Session<'a>) -> Option<Suspect<'a>> {
    let rejects =
        |received: &ReceivedReply<'_>| received.fit() == Fit::Rejects && received.reply.class() == Class::Permanent;
    let about_parameters =
        |received: &ReceivedReply<'_>| [500, 501, 503, 504, 555].iter().any(|&code| received.reply.has_code(code));
    let received = session.replies().filter(rejects).find(|received| match received.event.phase {
        Phase::Mail => true,
        Phase::Rcpt => about_parameters(received),
        _ => false,
    })?;
    let command = session.events().find_map(|event| match &event.what {
        EventKind::Sent { text, recipient, .. }
            if event.phase == received.event.phase && *recipient == received.recipient =>
        {
            Some(text.as_str())
        }
        _ => None,
    })?;
    sent(plan, received.event.phase, command).next().is_some().then_some(Suspect { received, command })
}

/// The parameters given by the user that a command contains.
fn sent<'p>(plan: &'p Plan, phase: Phase, command: &str) -> impl Iterator<Item = &'p Parameter> {
    let given = if phase == Phase::Mail { &plan.parameters.mail } else { &plan.parameters.rcpt };
    given.iter().filter(move |parameter| command.split(' ').any(|word| word == parameter.to_string()))
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let is_in_order = session.sequence().believed_until().is_none();
    match suspect(plan, session).filter(|_| is_in_order) {
        Some(_) => vec![Question::session(SessionRequest::without_parameters(plan))],
        None => Vec::new(),
    }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings: Vec<Finding> = withheld(plan, session).into_iter().collect();
    findings.extend(refused(plan, evidence, session));
    findings
}

/// The reply that rejects the command because of a parameter, and the reply that accepts the same command without it.
pub(super) fn proved<'a>(plan: &Plan, evidence: &'a Evidence) -> Option<(ReceivedReply<'a>, ReceivedReply<'a>)> {
    let rejected = suspect(plan, evidence.main_session()?)?.received;
    let probe = evidence.probes(Purpose::WithoutParameters).next()?;
    let accepted = match rejected.recipient {
        Some(number) => probe.reply_to_recipient(number),
        None => probe.reply_at(rejected.event.phase),
    };
    Some((rejected, accepted.filter(ReceivedReply::accepts)?))
}

fn refused(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (rejected, accepted) = proved(plan, evidence)?;
    let command = suspect(plan, evidence.main_session()?)?.command;
    let all: Vec<&Parameter> = sent(plan, rejected.event.phase, command).collect();
    // A reply often names the parameter.
    let text = rejected.reply.joined().to_ascii_uppercase();
    let is_named = |parameter: &&Parameter| text.contains(parameter.keyword());
    let named: Vec<&Parameter> = all.iter().copied().filter(is_named).collect();
    let blamed = if named.is_empty() { &all } else { &named };
    let list = blamed.iter().map(|parameter| parameter.to_string()).collect::<Vec<_>>().join(", ");
    let phase = rejected.event.phase;
    let summary = format!("the server rejects {phase} because of {list}: {}", rejected.first_line());
    let finding = Finding::new(&PARAMETER_REFUSED, phase, confidence(blamed), summary);
    let limit = session.final_capabilities().and_then(|(_, offers)| offers.find("SIZE")?.parameters.first().cloned());
    let size = blamed.iter().find(|parameter| parameter.keyword() == "SIZE").and_then(|parameter| parameter.value());
    let too_large = size.zip(limit).filter(|(size, limit)| exceeds(size, limit));
    let mut fixes = Vec::new();
    if let Some((size, _)) = &too_large {
        fixes.push(Fix::text(format!(
            "If the message is smaller, correct the value in SIZE={size}; otherwise, send a smaller message"
        )));
        fixes.push(Fix::text("Server operator: to accept messages of this size, raise the message size limit"));
    }
    if too_large.is_none() || finding.confidence != Confidence::Certain {
        let (values, parameters) = if blamed.len() == 1 { ("value", "parameter") } else { ("values", "parameters") };
        fixes.push(Fix::text(format!(
            "Correct the {values} in {list}, or omit the {parameters} in the program that sends the command"
        )));
        fixes.push(Fix::text(
            "Server operator: if the value is valid, update the mail server or the filter in front of it, or stop advertising the extension",
        ));
    }
    let cause = match too_large {
        Some((size, limit)) => format!(
            "The size {size} is larger than the limit of {} bytes that the server advertises.",
            accepted.event.quote(limit)
        ),
        None => "In a second session, the server accepted the same command without parameters. This means that the server does not accept the value or does not implement the extension.".to_owned(),
    };
    Some(Finding {
        otherwise: (finding.confidence != Confidence::Certain).then(|| {
            "It is possible that only one of the parameters is the cause. Specify them one at a time to find out."
                .to_owned()
        }),
        cause,
        fixes,
        failure: Some(PhaseFailure::RefusedPermanent),
        ..finding.on(rejected.event).on(accepted.event)
    })
}

/// With one parameter, the second session is proof. With several, it is not known which of them the server rejects.
fn confidence(blamed: &[&Parameter]) -> Confidence {
    if blamed.len() == 1 { Confidence::Certain } else { Confidence::Likely }
}

/// Whether a size is larger than a limit. A limit of 0 means that there is no limit (RFC 1870 §4).
fn exceeds(size: &str, limit: &str) -> bool {
    match (size.parse::<u128>(), limit.parse::<u128>()) {
        (Ok(size), Ok(limit)) => limit > 0 && size > limit,
        _ => false,
    }
}

/// One finding for all parameters that were not sent.
fn withheld(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let events = session.believed().filter_map(|event| match &event.what {
        EventKind::ParameterWithheld { parameter, extension } => Some((event, parameter, extension)),
        _ => None,
    });
    let events: Vec<_> = events.collect();
    let (first, _, _) = events.first()?;
    let mut extensions: Vec<&str> = Vec::new();
    for (_, _, extension) in &events {
        if !extensions.contains(&extension.as_str()) {
            extensions.push(extension);
        }
    }
    let parameters = events.iter().map(|(_, parameter, _)| parameter.as_str()).collect::<Vec<_>>().join(", ");
    let (extensions, was) = (extensions.join(", "), if events.len() == 1 { "was" } else { "were" });
    let summary = format!("the server does not advertise {extensions}, so {parameters} {was} not sent");
    let mut finding = Finding::new(&PARAMETER_NOT_ADVERTISED, first.phase, Confidence::Certain, summary);
    for (event, _, _) in &events {
        finding = finding.on(event);
    }
    let target = plan.target.host.with_port(plan.target.port);
    let given = |flag: &str, given: &[Parameter]| {
        given
            .iter()
            .map(|parameter| format!(" --{flag} {}", super::in_shell(&parameter.to_string())))
            .collect::<String>()
    };
    let (mail, rcpt) = (given("mail-parameter", &plan.parameters.mail), given("rcpt-parameter", &plan.parameters.rcpt));
    let mut fixes = vec![
        Fix::text(format!("Use a server that advertises {extensions}, or omit the parameter")),
        Fix::text(
            "Server operator: enable the extension. In Postfix, smtpd_discard_ehlo_keywords removes extensions from the EHLO reply.",
        ),
        Fix::repeat(
            "To see how the server responds, send the parameter anyway",
            format!("smtpcheck {target}{mail}{rcpt} --force-parameters"),
        ),
    ];
    if !first.tls && session.final_capabilities().is_some_and(|(_, offers)| offers.has("STARTTLS")) {
        fixes.insert(0, Fix::text("Use TLS, because some extensions are advertised only over TLS"));
    }
    Some(Finding {
        cause: "The EHLO reply does not list the extension, and a client must not send the parameters of extensions that are not advertised.".to_owned(),
        fixes,
        failure: Some(PhaseFailure::RefusedPermanent),
        ..finding
    })
}
