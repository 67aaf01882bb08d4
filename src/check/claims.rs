//! XCLIENT and XFORWARD: commands and attributes that the server does not advertise, and commands that it rejects.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, asks_nothing, in_shell};
use crate::evidence::fit::Fit;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{Class, ClientCommand};

pub(super) static CHECK: Check =
    Check { subject: "claims", ask: asks_nothing, judge, rules: &[&XCLIENT_NOT_ADVERTISED, &XCLIENT_REFUSED] };

static XCLIENT_NOT_ADVERTISED: Rule = Rule {
    id: "xclient-not-advertised",
    severity: Severity::Error,
    title: "the server does not advertise XCLIENT or XFORWARD with the requested attributes",
    docs: Docs {
        sees: "--xclient or --xforward was given, but the EHLO reply does not list the command or lacks some of the attributes. smtpcheck ended the session, because the server would have attributed all later commands to this machine, not to the given client.",
        matters: "Postfix advertises XCLIENT only to the clients in smtpd_authorized_xclient_hosts, and XFORWARD only to those in smtpd_authorized_xforward_hosts. Both extensions are for proxies in front of the server. If the session uses TLS, smtpcheck reads the EHLO reply that is sent over TLS.",
        action: "Server operator: add this machine's IP address to the setting, and reload Postfix. List only machines that you trust, because they can claim to be any client. Dovecot's submission server accepts XCLIENT from the machines in login_trusted_networks.",
        example: "smtpcheck mx.example.net:25 --xclient ADDR=192.0.2.1, and no XCLIENT in the EHLO reply",
        references: "Postfix: XCLIENT_README, XFORWARD_README, postconf(5) on smtpd_authorized_xclient_hosts",
    },
};

static XCLIENT_REFUSED: Rule = Rule {
    id: "xclient-refused",
    severity: Severity::Error,
    title: "the server rejects XCLIENT or XFORWARD",
    docs: Docs {
        sees: "The server advertised the command with all attributes, but rejected it. smtpcheck ended the session.",
        matters: "The server does not attribute the session to the given client. Code 550 means that this machine is not authorized, 501 means that the server does not accept a value, and 503 means that a mail transaction has already begun.",
        action: "Compare the values with the server's documentation. Server operator: read the mail log, and check smtpd_authorized_xclient_hosts and smtpd_authorized_xforward_hosts.",
        example: "550 5.7.0 Error: insufficient authorization",
        references: "Postfix: XCLIENT_README and XFORWARD_README (server responses)",
    },
};

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session().filter(|_| !plan.claims.is_empty()) else { return Vec::new() };
    withheld(plan, session).or_else(|| refused(plan, session)).into_iter().collect()
}

/// The Postfix setting that lists the machines that may use a command.
fn setting(command: ClientCommand) -> &'static str {
    match command {
        ClientCommand::Xclient => "smtpd_authorized_xclient_hosts",
        ClientCommand::Xforward => "smtpd_authorized_xforward_hosts",
    }
}

/// A fix that authorizes this machine by the local IP address of the connection. The server sees this IP address,
/// unless a router changes it.
fn authorize(session: Session<'_>, command: ClientCommand) -> Fix {
    let address =
        session.connected().map_or_else(|| "ADDRESS".to_owned(), |(_, local)| local.ip().to_canonical().to_string());
    Fix::run(
        format!(
            "Server operator: authorize this machine to use {command} (command for Postfix; it replaces the current list)"
        ),
        format!("postconf -e {}={} && postfix reload", setting(command), in_shell(&address)),
    )
}

fn withheld(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (event, command, missing) = session.believed().find_map(|event| match &event.what {
        EventKind::ClaimWithheld { command, missing } => Some((event, *command, missing)),
        _ => None,
    })?;
    let (received, offers) = session.final_capabilities()?;
    let is_advertised = offers.find(&command.to_string()).is_some();
    let summary = if is_advertised {
        format!("the server does not advertise {command} with {}", missing.join(", "))
    } else {
        format!("the server does not advertise {command}")
    };
    let mut fixes = vec![authorize(session, command)];
    if offers.has("STARTTLS") && !event.tls {
        fixes.push(Fix::text("Use TLS, because the server may advertise the command only over TLS"));
    }
    if is_advertised && (plan.claims.xforward.is_empty() || plan.claims.xclient.is_empty()) {
        fixes.push(Fix::text(format!("Use only the attributes that the EHLO reply lists after {command}")));
    }
    let finding = Finding::new(&XCLIENT_NOT_ADVERTISED, Phase::Xclient, Confidence::Certain, summary);
    Some(Finding {
        cause: format!(
            "The server does not authorize this machine to use {command}, or the server's version does not support the command or these attributes. smtpcheck ended the session, because the server would have attributed all later commands to this machine."
        ),
        fixes,
        failure: Some(PhaseFailure::RefusedPermanent),
        ..finding.on(received.event).on(event)
    })
}

fn refused(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let received = session.reply_at(Phase::Xclient).filter(|received| received.fit() == Fit::Rejects)?;
    let is_xforward = |text: &str| text.starts_with("XFORWARD ");
    let last = session.events().filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } if event.phase == Phase::Xclient => Some(text.as_str()),
        _ => None,
    });
    let command = if last.last().is_some_and(is_xforward) { ClientCommand::Xforward } else { ClientCommand::Xclient };
    let attributes = match command {
        ClientCommand::Xclient => &plan.claims.xclient,
        ClientCommand::Xforward => &plan.claims.xforward,
    };
    let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let summary = format!("the server rejects {command}: {}", received.first_line());
    let code = |code: u16| received.reply.has_code(code);
    let (cause, otherwise, fix) = match () {
        () if code(550) => (
            format!("The server does not authorize this machine to use {command}."),
            "Another rule on the server may reject the given client. The server's mail log shows whether it does.",
            authorize(session, command),
        ),
        () if code(501) => (
            format!("The server does not accept the value of an attribute ({}).", names.join(", ")),
            "The server might not support one of the attributes, although it advertises all of them.",
            Fix::text("Specify the attributes one at a time to find out which value the server rejects"),
        ),
        () if code(503) => (
            format!(
                "The server accepts {command} only before a mail transaction, and a transaction has already begun."
            ),
            "The server may require STARTTLS or a login first.",
            Fix::text("Repeat the check with TLS (--tls starttls)"),
        ),
        () => (
            format!("The server rejected {command}, or the given client."),
            "An access list may reject the given client. The server's mail log shows whether it does.",
            Fix::text("Server operator: read the mail log"),
        ),
    };
    let failure = match received.reply.class() {
        Class::Transient => PhaseFailure::RefusedTemporary,
        _ => PhaseFailure::RefusedPermanent,
    };
    let finding = Finding::new(&XCLIENT_REFUSED, Phase::Xclient, Confidence::Likely, summary).on(received.event);
    Some(Finding { cause, otherwise: Some(otherwise.to_owned()), fixes: vec![fix], failure: Some(failure), ..finding })
}
