//! Findings about the advertised mechanisms that need no login.

use super::super::finding::{Finding, Severity};
use super::rules::{AUTH_MECHANISM_OBSOLETE, AUTH_NOT_OFFERED, AUTH_TOKENS_ONLY};
use crate::evidence::{Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;

/// CRAM-MD5 (RFC 2195), DIGEST-MD5 (declared historic by RFC 6331), NTLM (MS-NLMP).
pub(in crate::check) const OBSOLETE: [&str; 3] = ["CRAM-MD5", "DIGEST-MD5", "NTLM"];

pub(super) fn obsolete(session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    let old: Vec<&str> = offered.iter().map(String::as_str).filter(|name| OBSOLETE.contains(name)).collect();
    if old.is_empty() {
        return None;
    }
    let only = old.len() == offered.len();
    let list = received.quote(old.join(" "));
    let summary = if only {
        format!("the server advertises only obsolete login mechanisms: AUTH {list}")
    } else {
        format!("the server advertises obsolete login mechanisms: AUTH {list}")
    };
    let finding = Finding::new(&AUTH_MECHANISM_OBSOLETE, received.event.phase, Confidence::Certain, summary);
    Some(Finding {
        severity: if only { Severity::Warning } else { Severity::Notice },
        cause:
            "With such a mechanism, an eavesdropper can run an offline dictionary attack. The server has to store every password in clear text, or as a hash that is as useful to an attacker as the password."
                .to_owned(),
        fixes: vec![Fix::text(
            "Server operator: enable PLAIN over TLS and SCRAM-SHA-256, and disable the obsolete mechanisms (in Dovecot: auth_mechanisms = plain login scram-sha-256)",
        )],
        ..finding.on(received.event)
    })
}

pub(super) fn tokens_only(session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.final_capabilities()?;
    let offered = offers.auth_mechanisms();
    if offered.is_empty() || !offered.iter().all(|name| name.contains("OAUTH")) {
        return None;
    }
    let summary = format!(
        "the server advertises only mechanisms that use OAuth tokens: AUTH {}",
        received.quote(offered.join(" "))
    );
    let finding = Finding::new(&AUTH_TOKENS_ONLY, received.event.phase, Confidence::Certain, summary);
    Some(Finding {
        cause: "Programs that support only logins with a user name and a password cannot log in to this server."
            .to_owned(),
        fixes: vec![Fix::text(
            "Use a program that logs in with OAuth 2.0, or ask the provider for an app password or a relay that accepts passwords",
        )],
        ..finding.on(received.event)
    })
}

/// The finding about a submission port (587 or 465) without AUTH (RFC 6409 §4.3, RFC 8314 §3.3). It is only a notice,
/// because a relay may accept known IP addresses without a login.
pub(super) fn missing_on_submission(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.capabilities(Phase::EhloTls).filter(|_| matches!(plan.target.port, 587 | 465))?;
    // If the user gave a sender, the reply to MAIL is better evidence.
    if !offers.auth_mechanisms().is_empty() || plan.from.is_some() {
        return None;
    }
    let summary = "the server does not advertise AUTH over TLS, although this is a submission port".to_owned();
    let finding = Finding::new(&AUTH_NOT_OFFERED, Phase::EhloTls, Confidence::Likely, summary);
    Some(Finding {
        severity: Severity::Notice,
        cause: "Logins are disabled, or the server accepts mail only from known IP addresses.".to_owned(),
        otherwise: Some("The server may advertise AUTH only to other networks. Ask the server's operator.".to_owned()),
        fixes: vec![Fix::text(
            "Server operator: if programs should log in on this port, enable AUTH (in Postfix: smtpd_sasl_auth_enable = yes)",
        )],
        ..finding.on(received.event)
    })
}
