//! AUTH: what is advertised before and inside TLS, and why a login did not happen or failed.
//!
//! Modules: [`offers`] (the advertised mechanisms, judged without a login), [`secret`] (faults of the token or the
//! password), here withheld passwords and cancelled logins, and [`rules`].

mod offers;
mod rules;
mod secret;

use super::finding::{Check, Finding, PhaseFailure, Severity, asks_nothing, in_shell};
use crate::evidence::{CancelReason, Event, EventKind, Evidence, Phase, Session, WithheldReason};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::question::Purpose;
use crate::wire::Capabilities;
use rules::{
    AUTH_EXCHANGE_BROKEN, AUTH_IN_PLAINTEXT, AUTH_MECHANISM_MISMATCH, AUTH_NOT_OFFERED, AUTH_SERVER_UNVERIFIED,
    AUTH_TAKEN_IN_PLAINTEXT, AUTH_WITHHELD,
};
pub(super) use secret::{challenge_error, oddities, token};

pub(super) static CHECK: Check = Check { subject: "auth", ask: asks_nothing, judge, rules: rules::RULES };

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(in_plaintext(plan, evidence, session));
    findings.extend(withheld(plan, session));
    findings.extend(cancelled(session));
    findings.extend(secret::token(plan, evidence, session));
    findings.extend(offers::obsolete(session));
    if plan.login.is_none() {
        findings.extend(offers::tokens_only(session));
        findings.extend(offers::missing_on_submission(plan, session));
    }
    findings
}

/// A mechanism that is advertised and also accepted is one finding. A server may accept what it does not advertise.
fn in_plaintext(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let asked = evidence.probes(Purpose::BeforeTls).next();
    let taken = asked.and_then(|probe| {
        // 334 is a reply to AUTH only.
        probe
            .all_replies()
            .find(|received| received.event.phase == Phase::Auth)
            .filter(|received| received.reply.has_code(334))
    });
    match (offered_in_plaintext(plan, session), taken) {
        (None, None) => None,
        (Some(offered), None) => Some(offered),
        (Some(mut offered), Some(received)) => {
            offered.consequences.push("The server also accepts it there: the reply to AUTH PLAIN is 334".to_owned());
            Some(offered.on(received.event))
        }
        (None, Some(received)) => Some(taken_in_plaintext(received.event)),
    }
}

fn taken_in_plaintext(event: &Event) -> Finding {
    let summary = "the server accepts AUTH PLAIN before TLS, although it does not advertise it there".to_owned();
    let mut finding = Finding::new(&AUTH_TAKEN_IN_PLAINTEXT, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = "The server asks for the password (334) when it should reject the command (538), so a program that does not require TLS sends the password where an on-path attacker can read it.".to_owned();
    finding.fixes = only_inside_tls();
    finding
}

/// If STARTTLS is missing, that is the cause, and `starttls` reports what it means for a login.
fn offered_in_plaintext(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.capabilities(Phase::Ehlo)?;
    let clear = in_clear(&offers);
    let without_tls = !offers.has("STARTTLS") && plan.tls_use() != TlsUse::Never;
    if clear.is_empty() || without_tls || plan.quit_after < QuitAfter::Ehlo {
        return None;
    }
    let summary = format!("AUTH {} is advertised before TLS, on an unencrypted connection", clear.join(" "));
    let mut finding = Finding::new(&AUTH_IN_PLAINTEXT, Phase::Ehlo, Confidence::Certain, summary).on(received.event);
    finding.cause =
        "A program that does not require TLS would send its password where an on-path attacker can read it.".to_owned();
    finding.fixes = only_inside_tls();
    Some(finding)
}

fn only_inside_tls() -> Vec<Fix> {
    vec![
        Fix::run("Server operator: advertise AUTH inside TLS only; in Postfix", "postconf -e smtpd_tls_auth_only=yes"),
        Fix::text(
            "In Dovecot: disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no); in Exim: auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
        ),
    ]
}

/// The mechanisms that send the password in clear text.
pub(in crate::check) fn in_clear(offers: &Capabilities) -> Vec<String> {
    offers.auth_mechanisms().into_iter().filter(|name| name == "PLAIN" || name == "LOGIN").collect()
}

fn withheld(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (event, reason) = session.believed().find_map(|event| match &event.what {
        EventKind::Withheld { reason } => Some((event, reason)),
        _ => None,
    })?;
    match reason {
        // Reported by `starttls` and `certificate` as a consequence.
        WithheldReason::Unverified => None,
        // Reported with the token.
        WithheldReason::RefreshToken => None,
        WithheldReason::Plaintext => plaintext_by_choice(plan, session, event),
        // If EHLO or STARTTLS is missing, this is reported there.
        WithheldReason::NotOffered if session.fell_back_to_helo() || is_for_want_of_tls(plan, session) => None,
        WithheldReason::NotOffered => Some(not_offered(plan, session, event)),
        WithheldReason::NoCommonMechanism { offered, allowed } => Some(no_common(event, offered, allowed)),
    }
}

/// `--tls none` with a user: the choice of the user is the reason, and STARTTLS may be advertised.
fn plaintext_by_choice(plan: &Plan, session: Session<'_>, event: &Event) -> Option<Finding> {
    if plan.tls_use() != TlsUse::Never {
        return None;
    }
    let summary = "the password was not sent, because --tls none leaves the connection unencrypted".to_owned();
    let mut finding = Finding::new(&AUTH_WITHHELD, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause =
        "smtpcheck sends no secret over an unencrypted connection, unless --allow-plaintext-auth is given.".to_owned();
    if session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS")) {
        finding.fixes.push(Fix::text("Remove --tls none: the server advertises STARTTLS"));
    }
    finding.fixes.push(Fix::text("Or, if you trust the network path, add --allow-plaintext-auth"));
    finding.failure = Some(PhaseFailure::Auth);
    Some(finding)
}

fn is_for_want_of_tls(plan: &Plan, session: Session<'_>) -> bool {
    let wanted = matches!(plan.tls_use(), TlsUse::IfOffered | TlsUse::Required);
    let missing = session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| !offers.has("STARTTLS"));
    wanted && missing && plan.target.port != 25
}

fn not_offered(plan: &Plan, session: Session<'_>, event: &Event) -> Finding {
    let encrypted = session.handshake().is_some();
    let summary = if encrypted {
        "the server does not advertise AUTH, not even inside TLS, so a login is not possible".to_owned()
    } else {
        "the server does not advertise AUTH on this unencrypted connection, so a login is not possible".to_owned()
    };
    let mut finding = Finding::new(&AUTH_NOT_OFFERED, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = match (plan.target.port, encrypted) {
        (25, _) => "Port 25 is for mail between servers. Use port 587 or 465 for a login.".to_owned(),
        (_, false) => "Many servers advertise AUTH inside TLS only, and --tls none disables TLS.".to_owned(),
        _ => "This host receives mail and accepts no logins.".to_owned(),
    };
    if plan.target.port != 25 && encrypted {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("AUTH may not be switched on yet; ask the server's operator.".to_owned());
    }
    if plan.tls_use() == TlsUse::Never {
        finding.fixes.push(Fix::text("Remove --tls none, so that the server can advertise AUTH inside TLS"));
    }
    for port in [587u16, 465].into_iter().filter(|&port| port != plan.target.port).take(1) {
        finding.fixes.push(Fix::run(
            "Log in on the submission port",
            format!(
                "smtpcheck {} --user {}",
                plan.target.host.with_port(port),
                plan.login.as_ref().map_or_else(|| "USER".to_owned(), |login| in_shell(&login.user))
            ),
        ));
    }
    finding.fixes.push(Fix::text("Use the provider's submission host (often smtp.* or mail.*), not its MX"));
    finding.consequences.push("The password was not sent".to_owned());
    finding.failure = Some(PhaseFailure::Auth);
    finding
}

fn no_common(event: &Event, offered: &[String], allowed: &[String]) -> Finding {
    let summary = format!(
        "the server advertises AUTH {}, and none of these mechanisms can be used",
        event.quote(offered.join(" "))
    );
    let mut finding = Finding::new(&AUTH_MECHANISM_MISMATCH, Phase::Auth, Confidence::Certain, summary).on(event);
    let only_tokens = offered.iter().all(|name| name.contains("OAUTH"));
    let has_token = !allowed.is_empty() && allowed.iter().all(|name| name.contains("OAUTH"));
    finding.cause = if has_token {
        "You gave a token, but the server accepts only passwords.".to_owned()
    } else if only_tokens {
        "Passwords are switched off on this server: it accepts only OAuth tokens.".to_owned()
    } else {
        format!("smtpcheck may use only these mechanisms: {}", allowed.join(" "))
    };
    finding.fixes.push(if only_tokens {
        Fix::text(
            "Use a program that logs in with OAuth 2.0, or ask the provider for an app password or SMTP credentials",
        )
    } else {
        Fix::text("Allow another mechanism with --auth, or ask the server's operator to enable PLAIN inside TLS")
    });
    finding.consequences.push("The password was not sent".to_owned());
    finding.failure = Some(PhaseFailure::Auth);
    finding
}

fn cancelled(session: Session<'_>) -> Option<Finding> {
    let (event, reason) = session.believed().find_map(|event| match &event.what {
        EventKind::AuthCancelled { reason } => Some((event, *reason)),
        _ => None,
    })?;
    if reason == CancelReason::ServerUnproved {
        return Some(unproved(event));
    }
    let summary = match reason {
        CancelReason::Malformed => "the server's challenge does not follow the login mechanism",
        CancelReason::Iterations => "the server asks for an unreasonable number of hashing rounds",
        CancelReason::ServerUnproved | CancelReason::UnexpectedChallenge => {
            "the server asks for more than the login mechanism has"
        }
        CancelReason::NotBase64 => "the server sends a challenge that is not base64",
    };
    let finding = Finding::new(&AUTH_EXCHANGE_BROKEN, Phase::Auth, Confidence::Certain, summary.to_owned()).on(event);
    let next = session.events().filter(|later| later.seq > event.seq).find_map(|later| match &later.what {
        EventKind::Sent { text, .. } => text.strip_prefix("AUTH ")?.split(' ').next(),
        _ => None,
    });
    let finding = Finding {
        cause: "The server does not follow the mechanism that it advertises. smtpcheck cancelled the login.".to_owned(),
        fixes: vec![Fix::text("Try another mechanism with --auth. Server operator: check the authentication service.")],
        ..finding
    };
    Some(match next {
        // With --try-all-mechanisms; the result of the last one is judged separately.
        Some(next) => Finding {
            severity: Severity::Warning,
            consequences: vec![format!("The login was tried again with {next}")],
            ..finding
        },
        None => Finding { failure: Some(PhaseFailure::Protocol), ..finding },
    })
}

fn unproved(event: &Event) -> Finding {
    let summary = "the server does not prove that it knows the password, even if it accepts the login".to_owned();
    let finding = Finding::new(&AUTH_SERVER_UNVERIFIED, Phase::Auth, Confidence::Certain, summary).on(event);
    Finding {
        cause: "The server's signature of the login is wrong or missing. It may be a different server, which does not know the password and accepts every login.".to_owned(),
        fixes: vec![
            Fix::text("Repeat the check from another network; the password itself was not sent"),
            Fix::text("Server operator: check the authentication service and the devices in front of it"),
        ],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    }
}
