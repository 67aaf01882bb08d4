//! SMTP and LMTP: servers that speak the other protocol, and LMTP on the SMTP port. If the server rejects the first
//! command as unknown, a second session begins with the first command of the other protocol.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, in_shell};
use super::service::{at_place, service_with_codes};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, Protocol, QuitAfter, Target, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

pub(super) static CHECK: Check =
    Check { subject: "protocol", ask, judge, rules: &[&LMTP_EXPECTED, &SMTP_EXPECTED, &LMTP_ON_PORT_25] };

static LMTP_EXPECTED: Rule = Rule {
    id: "lmtp-expected",
    severity: Severity::Error,
    title: "the server speaks LMTP, not SMTP",
    docs: Docs {
        sees: "The server rejected EHLO and HELO as unknown commands. On a second connection, it accepted LHLO, the first command of LMTP.",
        matters: "A mail server uses LMTP to pass messages to a mailbox server such as Dovecot or Cyrus. An LMTP server has no queue, and sends one reply per recipient after the message. Mail programs cannot use LMTP.",
        action: "To send mail, use the SMTP port of the host. To test delivery to mailboxes, check the server with LMTP (lmtp://HOST). Operator of the sending server: deliver over LMTP (in Postfix, lmtp:inet:HOST:PORT).",
        example: "500 5.5.1 Unknown command in reply to EHLO, and 250 in reply to LHLO",
        references: "RFC 2033 section 4.1 (LHLO, and no EHLO or HELO)",
    },
};

static SMTP_EXPECTED: Rule = Rule {
    id: "smtp-expected",
    severity: Severity::Error,
    title: "the server speaks SMTP, not LMTP",
    docs: Docs {
        sees: "The server rejected LHLO as an unknown command. On a second connection, it accepted EHLO.",
        matters: "A client that speaks LMTP, such as Postfix's lmtp transport, cannot deliver mail to this server.",
        action: "Check the server with SMTP. Operator of the sending server: deliver over SMTP, or use the LMTP port or socket of the mailbox server.",
        example: "502 5.5.2 Error: command not recognized in reply to LHLO",
        references: "RFC 2033 section 4.1 (LHLO), RFC 5321 section 3.2 (EHLO)",
    },
};

static LMTP_ON_PORT_25: Rule = Rule {
    id: "lmtp-on-port-25",
    severity: Severity::Warning,
    title: "the server uses LMTP on port 25",
    docs: Docs {
        sees: "The server on TCP port 25 accepts LHLO.",
        matters: "Port 25 is for SMTP. Other mail servers connect to it and send EHLO. An LMTP server rejects EHLO, so they cannot deliver mail to this host.",
        action: "Server operator: configure the LMTP server to listen on another port, normally 24, or on a Unix socket. Make sure that only the mail servers that deliver to the LMTP server can connect to it.",
        example: "smtpcheck lmtp://mail.example.net:25",
        references: "RFC 2033 section 5 (LMTP must not be used on TCP port 25)",
    },
};

/// Whether a finding reports that a server speaks the other protocol.
pub(super) fn is_about_protocols(finding: &Finding) -> bool {
    CHECK.rules.iter().any(|rule| rule.id == finding.rule)
}

/// The reply that rejects the first command of the session as unknown. After STARTTLS, such a reply does not count,
/// because the server has already accepted the command once.
fn unknown_command(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let implicit = session.request.script.tls == TlsUse::Implicit;
    let phase = if implicit { Phase::EhloTls } else { Phase::Ehlo };
    let received = session.reply_at(phase)?;
    [500, 502, 504].iter().any(|&code| received.reply.has_code(code)).then_some(received)
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    // An LMTP greeting is only a hint, so the second session is needed. The greeting of another service is sufficient.
    let is_other_service = service_with_codes(session).is_some_and(|service| !service.is_lmtp);
    if unknown_command(session).is_none() || is_other_service || session.sequence().believed_until().is_some() {
        return Vec::new();
    }
    let tls = if plan.tls_use() == TlsUse::Implicit { TlsUse::Implicit } else { TlsUse::Never };
    let mut request = SessionRequest::probe(plan, Purpose::OtherProtocol, plan.target.port, tls, QuitAfter::Ehlo);
    request.script.protocol = other(plan.target.protocol);
    vec![Question::session(request)]
}

fn other(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Smtp => Protocol::Lmtp,
        Protocol::Lmtp => Protocol::Smtp,
    }
}

/// The target with the other protocol. The scheme is always included, because a command without a scheme gets the
/// protocol of this check.
fn other_target(target: &Target) -> String {
    match (other(target.protocol), &target.host) {
        (Protocol::Smtp, Host::Name(_) | Host::Ip(_)) => format!("smtp://{}", target.host.with_port(target.port)),
        (protocol, _) => Target { protocol, ..target.clone() }.notation(),
    }
}

/// The reply that accepts the first command of the other protocol.
pub(super) fn accepts_other(evidence: &Evidence) -> Option<ReceivedReply<'_>> {
    let probe = evidence.probes(Purpose::OtherProtocol).next()?;
    let accepted = |phase| probe.reply_at(phase).filter(ReceivedReply::accepts);
    accepted(Phase::Ehlo).or_else(|| accepted(Phase::EhloTls))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let Some(accepted) = accepts_other(evidence) else { return on_port_25(plan, session).into_iter().collect() };
    let Some(rejected) = unknown_command(session) else { return Vec::new() };
    let target = other_target(&plan.target);
    let (rule, spoken, checked, command, other_command) = match plan.target.protocol {
        Protocol::Smtp => (&LMTP_EXPECTED, "LMTP", "SMTP", "EHLO", "LHLO"),
        Protocol::Lmtp => (&SMTP_EXPECTED, "SMTP", "LMTP", "LHLO", "EHLO"),
    };
    let summary = format!("the server on {} speaks {spoken}, not {checked}", at_place(plan));
    let finding = Finding::new(rule, rejected.event.phase, Confidence::Certain, summary);
    let mut consequences = Vec::new();
    if spoken == "LMTP" && plan.target.port == 25 && plan.target.host.socket().is_none() {
        consequences.push("LMTP must not be used on port 25 (RFC 2033 section 5)".to_owned());
    }
    vec![Finding {
        cause: format!(
            "The server rejected {command} as an unknown command, and accepted {other_command} on a second connection."
        ),
        fixes: vec![
            Fix::run(format!("Check the server with {spoken}"), format!("smtpcheck {}", in_shell(&target))),
            Fix::text(match plan.target.protocol {
                Protocol::Smtp => {
                    "To send mail, use the SMTP port of the host. Operator of the sending server: deliver over LMTP (Postfix: lmtp:inet:HOST:PORT or lmtp:unix:PATH)."
                }
                Protocol::Lmtp => {
                    "Operator of the sending server: deliver over SMTP, or use the LMTP port or socket of the mailbox server"
                }
            }),
        ],
        consequences,
        failure: Some(PhaseFailure::Protocol),
        ..finding.on(rejected.event).on(accepted.event)
    }]
}

fn on_port_25(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    if plan.target.protocol != Protocol::Lmtp || plan.target.port != 25 {
        return None;
    }
    let (received, _) = session.final_capabilities()?;
    let summary = "an LMTP server uses port 25, which is for SMTP".to_owned();
    let finding = Finding::new(&LMTP_ON_PORT_25, received.event.phase, Confidence::Certain, summary);
    Some(Finding {
        cause: "The server accepted LHLO on TCP port 25. Mail servers that deliver to this host send EHLO there, which an LMTP server rejects.".to_owned(),
        fixes: vec![Fix::text(
            "Server operator: configure the LMTP server to listen on another port, normally 24, or on a Unix socket",
        )],
        ..finding.on(received.event)
    })
}
