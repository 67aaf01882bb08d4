//! AUTH: what is offered where, and what came of a login.
//!
//! Rooms: [`offers`] (mechanisms, judged without a login), [`secret`] (what token or password tell of themselves), here
//! what was withheld or broken off, and [`rules`].

mod offers;
mod rules;
mod secret;

use super::{Check, Confidence, Finding, Fix, PhaseFailure, Severity, asks_nothing};
use crate::evidence::{CancelReason, Event, EventKind, Evidence, Phase, Session, WithheldReason};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::question::Purpose;
use crate::wire::Capabilities;
use rules::{
    AUTH_EXCHANGE_BROKEN, AUTH_IN_PLAINTEXT, AUTH_MECHANISM_MISMATCH, AUTH_NOT_OFFERED, AUTH_SERVER_UNPROVED,
    AUTH_TAKEN_IN_PLAINTEXT, AUTH_WITHHELD,
};
pub(super) use secret::{challenge_error, oddities, token};

pub static CHECK: Check = Check { subject: "auth", ask: asks_nothing, judge, rules: rules::RULES };

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

/// What is offered is taken, too: one finding. What is not offered may be taken all the same.
fn in_plaintext(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let asked = evidence.probes(Purpose::BeforeTls).next();
    let taken = asked.and_then(|probe| {
        // 334 is the reply to AUTH and to nothing else, whatever else the server sends.
        probe.all_replies().find(|heard| heard.event.phase == Phase::Auth).filter(|heard| heard.reply.has_code(334))
    });
    match (offered_in_plaintext(plan, session), taken) {
        (None, None) => None,
        (Some(offered), None) => Some(offered),
        (Some(mut offered), Some(heard)) => {
            offered.consequences.push("it is taken there, too: AUTH PLAIN is answered with 334".to_owned());
            Some(offered.on(heard.event))
        }
        (None, Some(heard)) => Some(taken_in_plaintext(heard.event)),
    }
}

fn taken_in_plaintext(event: &Event) -> Finding {
    let summary = "AUTH PLAIN is taken before TLS, although the server does not offer it there".to_owned();
    let mut finding = Finding::new(&AUTH_TAKEN_IN_PLAINTEXT, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = "the server asks for the password (334) where it should refuse (538), so a program that does not insist on TLS sends it for everybody on the way to read".to_owned();
    finding.fixes = only_inside_tls();
    finding
}

/// Where STARTTLS is missing altogether, that is the cause, and `starttls` says what it means for a login.
fn offered_in_plaintext(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (heard, offers) = session.capabilities(Phase::Ehlo)?;
    let clear = in_clear(&offers);
    let without_tls = !offers.has("STARTTLS") && plan.tls_use() != TlsUse::Never;
    if clear.is_empty() || without_tls || plan.quit_after < QuitAfter::Ehlo {
        return None;
    }
    let summary = format!("AUTH {} is offered before TLS, on an open line", clear.join(" "));
    let mut finding = Finding::new(&AUTH_IN_PLAINTEXT, Phase::Ehlo, Confidence::Certain, summary).on(heard.event);
    finding.cause =
        "a program that does not insist on TLS would send its password for everybody on the way to read".to_owned();
    finding.fixes = only_inside_tls();
    Some(finding)
}

fn only_inside_tls() -> Vec<Fix> {
    vec![
        Fix::run("the operator offers AUTH inside TLS only; in Postfix", "postconf -e smtpd_tls_auth_only=yes"),
        Fix::text(
            "in Dovecot: disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no); in Exim: auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
        ),
    ]
}

/// The mechanisms that send the password as it is.
pub(in crate::check) fn in_clear(offers: &Capabilities) -> Vec<String> {
    offers.auth_mechanisms().into_iter().filter(|name| name == "PLAIN" || name == "LOGIN").collect()
}

fn withheld(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (event, reason) = session.believed().find_map(|event| match &event.what {
        EventKind::Withheld { reason } => Some((event, reason)),
        _ => None,
    })?;
    match reason {
        // Consequences of what starttls and certificate have found.
        WithheldReason::Unverified => None,
        // The finding about the token says it.
        WithheldReason::RefreshToken => None,
        WithheldReason::Plaintext => plaintext_by_choice(plan, session, event),
        // What follows from a missing EHLO or a missing STARTTLS is told there.
        WithheldReason::NotOffered if session.fell_back_to_helo() || is_for_want_of_tls(plan, session) => None,
        WithheldReason::NotOffered => Some(not_offered(plan, session, event)),
        WithheldReason::NoCommonMechanism { offered, allowed } => Some(no_common(event, offered, allowed)),
    }
}

/// `--tls none` with a user: nobody but the user is at fault, and STARTTLS may well be offered.
fn plaintext_by_choice(plan: &Plan, session: Session<'_>, event: &Event) -> Option<Finding> {
    if plan.tls_use() != TlsUse::Never {
        return None;
    }
    let summary = "the password stayed here: --tls none leaves the line open to everybody on the way".to_owned();
    let mut finding = Finding::new(&AUTH_WITHHELD, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = "no secret goes over a line that is not encrypted unless you say so by name".to_owned();
    if session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS")) {
        finding.fixes.push(Fix::text("leave --tls none away: the server offers STARTTLS"));
    }
    finding.fixes.push(Fix::text("or, on a line that you trust, add --allow-plaintext-auth"));
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
        "the server offers no AUTH, not even inside TLS, so there is nowhere to log in".to_owned()
    } else {
        "the server offers no AUTH on this open line, so there is nowhere to log in".to_owned()
    };
    let mut finding = Finding::new(&AUTH_NOT_OFFERED, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = match (plan.target.port, encrypted) {
        (25, _) => "port 25 is for mail between servers; logins belong to 587 or 465".to_owned(),
        (_, false) => "many servers offer AUTH inside TLS only, and --tls none leaves it out".to_owned(),
        _ => "this host receives mail and takes no logins".to_owned(),
    };
    if plan.target.port != 25 && encrypted {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("AUTH may not be switched on yet; the operator can tell".to_owned());
    }
    if plan.tls_use() == TlsUse::Never {
        finding.fixes.push(Fix::text("leave --tls none away, so that AUTH can be offered inside TLS"));
    }
    for port in [587u16, 465].into_iter().filter(|&port| port != plan.target.port).take(1) {
        finding.fixes.push(Fix::run(
            "log in on the submission port",
            format!("smtpcheck {} --user USER", plan.target.host.with_port(port)),
        ));
    }
    finding.fixes.push(Fix::text("use the provider's submission host (often smtp.* or mail.*), not its MX"));
    finding.consequences.push("the password stayed here".to_owned());
    finding.failure = Some(PhaseFailure::Auth);
    finding
}

fn no_common(event: &Event, offered: &[String], allowed: &[String]) -> Finding {
    let summary = format!("the server offers AUTH {}, and none of it can be used", event.quote(offered.join(" ")));
    let mut finding = Finding::new(&AUTH_MECHANISM_MISMATCH, Phase::Auth, Confidence::Certain, summary).on(event);
    let only_tokens = offered.iter().all(|name| name.contains("OAUTH"));
    let has_token = !allowed.is_empty() && allowed.iter().all(|name| name.contains("OAUTH"));
    finding.cause = if has_token {
        "a token is given, and the server takes passwords".to_owned()
    } else if only_tokens {
        "passwords are switched off at this server: it takes OAuth tokens only".to_owned()
    } else {
        format!("allowed here: {}", allowed.join(" "))
    };
    finding.fixes.push(if only_tokens {
        Fix::text(
            "use a program that logs in with OAuth 2.0, or ask the provider for an app password or SMTP credentials",
        )
    } else {
        Fix::text("allow another mechanism with --auth, or have the operator offer PLAIN inside TLS")
    });
    finding.consequences.push("the password stayed here".to_owned());
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
        CancelReason::Malformed => "the server's challenge is not one of the login mechanism that it offers",
        CancelReason::Iterations => "the server asks for a number of hashing rounds that is out of all bounds",
        CancelReason::ServerUnproved | CancelReason::UnexpectedChallenge => {
            "the server asked for more than the login mechanism has"
        }
        CancelReason::NotBase64 => "the server sent a challenge that is not base64",
    };
    let finding = Finding::new(&AUTH_EXCHANGE_BROKEN, Phase::Auth, Confidence::Certain, summary.to_owned()).on(event);
    let next = session.events().filter(|later| later.seq > event.seq).find_map(|later| match &later.what {
        EventKind::Sent { text, .. } => text.strip_prefix("AUTH ")?.split(' ').next(),
        _ => None,
    });
    let finding = Finding {
        cause: "the server does not follow the mechanism that it offers; the login was cancelled".to_owned(),
        fixes: vec![Fix::text("try another mechanism with --auth; the operator looks at the authentication service")],
        ..finding
    };
    Some(match next {
        // With --try-all-mechanisms; what came of the last one is judged by itself.
        Some(next) => Finding {
            severity: Severity::Warning,
            consequences: vec![format!("the login was tried again with {next}")],
            ..finding
        },
        None => Finding { failure: Some(PhaseFailure::Protocol), ..finding },
    })
}

fn unproved(event: &Event) -> Finding {
    let summary = "the server does not prove that it knows the password, whatever it says".to_owned();
    let finding = Finding::new(&AUTH_SERVER_UNPROVED, Phase::Auth, Confidence::Certain, summary).on(event);
    Finding {
        cause: "its signature of the login is wrong or missing; somebody who does not know the password may stand there and let everybody in".to_owned(),
        fixes: vec![
            Fix::text("repeat the check from another network; the password itself was not sent"),
            Fix::text("the operator looks at the authentication service and at what stands in front of it"),
        ],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    }
}
