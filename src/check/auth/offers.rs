//! The mechanisms that are offered, judged without a login.

use super::super::{Confidence, Finding, Fix, Severity};
use super::rules::{AUTH_MECHANISM_OBSOLETE, AUTH_NOT_OFFERED, AUTH_TOKENS_ONLY};
use crate::evidence::{Phase, Session};
use crate::plan::Plan;

/// CRAM-MD5 (RFC 2195), DIGEST-MD5 (historic by RFC 6331), NTLM (MS-NLMP).
const OBSOLETE: [&str; 3] = ["CRAM-MD5", "DIGEST-MD5", "NTLM"];

pub(super) fn obsolete(session: Session<'_>) -> Option<Finding> {
    let (heard, offers) = session.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    let old: Vec<&str> = offered.iter().map(String::as_str).filter(|name| OBSOLETE.contains(name)).collect();
    if old.is_empty() {
        return None;
    }
    let only = old.len() == offered.len();
    let list = heard.quote(old.join(" "));
    let summary =
        if only { format!("AUTH {list} is all that is offered") } else { format!("AUTH {list} is still offered") };
    let finding = Finding::new(&AUTH_MECHANISM_OBSOLETE, heard.event.phase, Confidence::Certain, summary);
    Some(Finding {
        severity: if only { Severity::Warning } else { Severity::Notice },
        cause:
            "these are given up: who listens can try passwords, and the server must keep passwords or what is as good"
                .to_owned(),
        fixes: vec![Fix::text(
            "the operator offers PLAIN inside TLS and SCRAM-SHA-256, and takes the old ones away; in Dovecot: auth_mechanisms = plain login scram-sha-256",
        )],
        ..finding.on(heard.event)
    })
}

pub(super) fn tokens_only(session: Session<'_>) -> Option<Finding> {
    let (heard, offers) = session.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    if offered.is_empty() || !offered.iter().all(|name| name.contains("OAUTH")) {
        return None;
    }
    let summary = format!("the server takes OAuth tokens only: AUTH {}", heard.quote(offered.join(" ")));
    let finding = Finding::new(&AUTH_TOKENS_ONLY, heard.event.phase, Confidence::Certain, summary);
    Some(Finding {
        cause: "logins with a password are switched off there".to_owned(),
        fixes: vec![Fix::text(
            "use a program that logs in with OAuth 2.0, or ask the provider for an app password or a relay with passwords",
        )],
        ..finding.on(heard.event)
    })
}

/// Ports 587 and 465 are for programs that log in (RFC 6409 §4.3, RFC 8314 §3.3); a relay on them without is possible.
pub(super) fn missing_on_submission(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (heard, offers) = session.capabilities(Phase::EhloTls).filter(|_| matches!(plan.target.port, 587 | 465))?;
    // With a sender the user knows what the port is for, and the reply to MAIL says more.
    if !offers.auth_mechanisms().is_empty() || plan.from.is_some() {
        return None;
    }
    let summary = "the server offers no AUTH inside TLS, on a port for programs that log in".to_owned();
    let finding = Finding::new(&AUTH_NOT_OFFERED, Phase::EhloTls, Confidence::Likely, summary);
    Some(Finding {
        severity: Severity::Notice,
        cause: "logins are not switched on there, or it takes mail from addresses that it knows".to_owned(),
        otherwise: Some("it may offer AUTH to other networks only; the operator can tell".to_owned()),
        fixes: vec![Fix::text(
            "if programs shall log in here, the operator switches AUTH on; in Postfix smtpd_sasl_auth_enable = yes",
        )],
        ..finding.on(heard.event)
    })
}
