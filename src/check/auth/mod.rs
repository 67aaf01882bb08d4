//! AUTH: the mechanisms that are advertised before and over TLS, and why a login was not attempted or failed.
//!
//! Modules: [`offers`] (the advertised mechanisms, judged without a login), [`token`] (faults of a token),
//! [`secret`] (oddities of a password), [`user`] (the form of the user name) and [`rules`]. This file judges withheld
//! passwords and cancelled logins.

mod offers;
mod rules;
mod secret;
mod token;
mod user;

use super::finding::{Check, Finding, PhaseFailure, Severity, in_shell, user_flag};
use super::{elsewhere, peer, place, programs};
use crate::evidence::{CancelReason, Event, EventKind, Evidence, Phase, Session, WithheldReason};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plaintext, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question};
use crate::wire::Capabilities;
pub(super) use offers::OBSOLETE;
use rules::{
    AUTH_EXCHANGE_BROKEN, AUTH_IN_PLAINTEXT, AUTH_MECHANISM_MISMATCH, AUTH_NOT_OFFERED, AUTH_SERVER_UNVERIFIED,
    AUTH_TAKEN_IN_PLAINTEXT, AUTH_WITHHELD,
};
pub(super) use secret::{challenge_error, oddities, without_quotes};
pub(super) use token::rejection;
use token::token;
use user::user_name;

pub(super) static CHECK: Check = Check { subject: "auth", ask, judge, rules: rules::RULES };

/// Requests sessions on the submission ports if a login was requested and AUTH is not advertised.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let is_missing =
        session.events().any(|event| matches!(&event.what, EventKind::Withheld { reason: WithheldReason::NotOffered }));
    if is_missing && !session.fell_back_to_helo() { elsewhere::questions(plan) } else { Vec::new() }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(in_plaintext(plan, evidence, session));
    findings.extend(withheld(plan, evidence, session));
    findings.extend(cancelled(session));
    findings.extend(explanation(plan, evidence, session));
    findings.extend(offers::obsolete(session));
    if plan.login.is_none() {
        findings.extend(offers::tokens_only(session));
        findings.extend(offers::missing_on_submission(plan, session));
    }
    findings
}

/// A fault in the token or the user name that explains why the login was rejected.
pub(super) fn explanation(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    token(plan, evidence, session).or_else(|| user_name(plan, session))
}

/// The finding about AUTH before TLS. If the server both advertises a mechanism and accepts it, there is only one
/// finding. A server may also accept a mechanism that it does not advertise.
fn in_plaintext(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let asked = evidence.probes(Purpose::BeforeTls).next();
    let taken = asked.and_then(|probe| {
        // Servers send 334 only in reply to AUTH.
        probe
            .all_replies()
            .find(|received| received.event.phase == Phase::Auth)
            .filter(|received| received.reply.has_code(334))
    });
    match (offered_in_plaintext(plan, session), taken) {
        (None, None) => None,
        (Some(offered), None) => Some(offered),
        (Some(mut offered), Some(received)) => {
            offered.consequences.push("The server accepts AUTH PLAIN before TLS (it replied with 334)".to_owned());
            Some(offered.on(received.event))
        }
        (None, Some(received)) => Some(taken_in_plaintext(received.event)),
    }
}

fn taken_in_plaintext(event: &Event) -> Finding {
    let summary = "the server accepts AUTH PLAIN before TLS without advertising it there".to_owned();
    let mut finding = Finding::new(&AUTH_TAKEN_IN_PLAINTEXT, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = "The server requests the password (334) instead of rejecting the command (538). A program that does not require TLS then sends the password where an on-path attacker can read it.".to_owned();
    finding.fixes = accepted_only_inside_tls();
    finding
}

/// The finding about a server that advertises PLAIN or LOGIN before TLS. `None` if STARTTLS is missing, because
/// `starttls` then reports this as a consequence.
fn offered_in_plaintext(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.capabilities(Phase::Ehlo)?;
    let clear = in_clear(&offers);
    let without_tls = !offers.has("STARTTLS") && plan.tls_use() != TlsUse::Never;
    if clear.is_empty() || without_tls || plan.quit_after < QuitAfter::Ehlo {
        return None;
    }
    let summary = format!("the server advertises AUTH {} before TLS, on an unencrypted connection", clear.join(" "));
    let mut finding = Finding::new(&AUTH_IN_PLAINTEXT, Phase::Ehlo, Confidence::Certain, summary).on(received.event);
    finding.cause =
        "A program that does not require TLS would send its password where an on-path attacker can read it.".to_owned();
    // Only the provider can change its servers, so the users' programs have to be safe.
    let provider = peer::provider(plan, session).filter(|provider| matches!(&*provider.kind, "mailbox" | "relay"));
    if provider.is_some() {
        finding.severity = Severity::Notice;
        finding.fixes = vec![Fix::text(
            "In the program, select STARTTLS as required, not as optional, so that it never sends the password unencrypted",
        )];
        return Some(finding);
    }
    let software = peer::software(session);
    finding.fixes = advertised_only_inside_tls();
    let suitable: Vec<Fix> =
        finding.fixes.iter().filter(|fix| peer::suits(software.as_deref(), fix)).cloned().collect();
    finding.fixes = suitable.into_iter().map(|fix| Fix { software: None, ..fix }).collect();
    Some(finding)
}

fn advertised_only_inside_tls() -> Vec<Fix> {
    let of = |software: &'static str, fix: Fix| Fix { software: Some(software), ..fix };
    vec![
        of(
            "postfix",
            Fix::run(
                "Server operator: advertise AUTH only over TLS (command for Postfix)",
                "postconf -e smtpd_tls_auth_only=yes",
            ),
        ),
        Fix::text(
            "Server operator: advertise AUTH only over TLS. In Dovecot, set disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no); in Exim, auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}; in Exchange, BasicAuthRequireTLS on the connector; in other servers, look for this setting beside that of the login.",
        ),
    ]
}

fn accepted_only_inside_tls() -> Vec<Fix> {
    vec![
        Fix::run(
            "Server operator: reject AUTH before TLS (command for Postfix)",
            "postconf -e smtpd_tls_auth_only=yes",
        ),
        Fix::text(
            "Server operator: in Dovecot, set disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no). In Exim, use $tls_in_cipher in the server_advertise_condition of each authenticator.",
        ),
    ]
}

/// The mechanisms that send the password in clear text.
pub(in crate::check) fn in_clear(offers: &Capabilities) -> Vec<String> {
    offers.auth_mechanisms().into_iter().filter(|name| name == "PLAIN" || name == "LOGIN").collect()
}

fn withheld(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (event, reason) = session.believed().find_map(|event| match &event.what {
        EventKind::Withheld { reason } => Some((event, reason)),
        _ => None,
    })?;
    match reason {
        // `certificate` reports this as a consequence.
        WithheldReason::Unverified => None,
        // `secret` reports this.
        WithheldReason::RefreshToken => None,
        WithheldReason::Plaintext => plaintext_by_choice(plan, session, event),
        // If EHLO or STARTTLS is missing, `ehlo` or `starttls` reports the cause.
        WithheldReason::NotOffered if session.fell_back_to_helo() || is_for_want_of_tls(plan, session) => None,
        WithheldReason::NotOffered => Some(not_offered(plan, evidence, session, event)),
        WithheldReason::NoCommonMechanism { offered, allowed } => {
            let mut finding = no_common(plan, event, offered, allowed);
            if plan.tls_use() == TlsUse::Never && has_starttls(session) == Some(true) {
                finding.fixes.insert(0, select_starttls(plan));
            }
            if offered.iter().any(|name| name == "NTLM" || name == "GSSAPI") {
                finding.fixes.extend(for_exchange(plan));
            }
            Some(finding)
        }
    }
}

/// `--tls none` together with `--user`: the user's choice causes the password to be withheld, even if STARTTLS is
/// advertised.
fn plaintext_by_choice(plan: &Plan, session: Session<'_>, event: &Event) -> Option<Finding> {
    if plan.tls_use() != TlsUse::Never {
        return None;
    }
    let summary =
        "smtpcheck did not send the password, because --tls none leaves the connection unencrypted".to_owned();
    let mut finding = Finding::new(&AUTH_WITHHELD, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause =
        "smtpcheck does not send secrets over an unencrypted connection unless --allow-plaintext-auth is given."
            .to_owned();
    if has_starttls(session) == Some(true) {
        finding.fixes.push(select_starttls(plan));
    }
    finding.fixes.push(Fix::text("If you trust the network path, add --allow-plaintext-auth"));
    finding.failure = Some(PhaseFailure::Auth);
    Some(finding)
}

/// Whether the server advertised STARTTLS before TLS; `None` if it sent no such list.
fn has_starttls(session: Session<'_>) -> Option<bool> {
    session.capabilities(Phase::Ehlo).map(|(_, offers)| offers.has("STARTTLS"))
}

/// The fix if the program uses no TLS, but the server advertises STARTTLS.
fn select_starttls(plan: &Plan) -> Fix {
    Fix::run(
        format!(
            "In the program, select {}: the server advertises STARTTLS, and most servers accept logins, or advertise mechanisms for passwords, only over TLS",
            programs::encryption(TlsUse::Required)
        ),
        format!("smtpcheck {}{}", plan.target.host.with_port(plan.target.port), user_flag(plan)),
    )
}

/// Whether the user allows an unencrypted login. If so, missing TLS does not prevent the login.
pub(in crate::check) fn may_log_in_unencrypted(plan: &Plan) -> bool {
    plan.login.as_ref().is_some_and(|login| login.plaintext == Plaintext::Allowed)
}

/// The standard ports for programs, and those that providers use in addition.
pub(in crate::check) const SUBMISSION_PORTS: [u16; 5] = [465, 587, 2465, 2525, 2587];

/// Whether AUTH is probably missing because STARTTLS is: on a submission port, most servers advertise AUTH only over TLS.
/// `starttls` then reports the cause. A server with neither on another port is usually a relay without logins.
pub(in crate::check) fn is_for_want_of_tls(plan: &Plan, session: Session<'_>) -> bool {
    let wanted = matches!(plan.tls_use(), TlsUse::IfOffered | TlsUse::Required);
    wanted
        && has_starttls(session) == Some(false)
        && SUBMISSION_PORTS.contains(&plan.target.port)
        && !may_log_in_unencrypted(plan)
}

fn not_offered(plan: &Plan, evidence: &Evidence, session: Session<'_>, event: &Event) -> Finding {
    let encrypted = session.handshake().is_some();
    let summary = if encrypted {
        "the server does not advertise AUTH, not even over TLS, so a login is not possible".to_owned()
    } else {
        "the server does not advertise AUTH on this unencrypted connection, so a login is not possible".to_owned()
    };
    let mut finding = Finding::new(&AUTH_NOT_OFFERED, Phase::Auth, Confidence::Certain, summary).on(event);
    finding.cause = match (plan.target.port, encrypted) {
        (25, _) => {
            "Port 25 is for mail between servers, and most servers do not accept logins on this port. Some accept mail without a login from the networks that they serve.".to_owned()
        }
        (_, false) if has_starttls(session) == Some(false) => {
            "The server advertises neither AUTH nor STARTTLS. Test servers and relays in private networks often accept mail without a login.".to_owned()
        }
        (_, false) => "Many servers advertise AUTH only over TLS, and this connection is unencrypted.".to_owned(),
        _ => "This host only receives mail and does not accept logins.".to_owned(),
    };
    if plan.target.port != 25 && encrypted {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("AUTH may be disabled by mistake. Ask the server's operator.".to_owned());
    }
    if plan.tls_use() == TlsUse::Never {
        finding.fixes.push(if has_starttls(session) == Some(true) {
            select_starttls(plan)
        } else {
            Fix::text("Remove --tls none, because the server may advertise AUTH only over TLS")
        });
    }
    finding.fixes.extend(fixes_without_auth(plan, evidence));
    finding.consequences.push("smtpcheck did not send the password".to_owned());
    finding.failure = Some(PhaseFailure::Auth);
    finding
}

/// What to do about a server without AUTH: another port with a login, or no login. The server in a private network is
/// often a relay that accepts mail by IP address.
fn fixes_without_auth(plan: &Plan, evidence: &Evidence) -> Vec<Fix> {
    let is_outside = place::is_on_internet(plan, evidence);
    let other_port = match elsewhere::with_login(evidence) {
        Some(probe) => Some(elsewhere::fix(plan, probe, "where the server advertises AUTH")),
        None if elsewhere::are_closed(evidence) => None,
        None => [587u16, 465].into_iter().find(|&port| port != plan.target.port).map(|port| {
            let user = plan.login.as_ref().map_or_else(|| "USER".to_owned(), |login| in_shell(&login.user));
            Fix::run(
                "Log in on the submission port",
                format!("smtpcheck {} --user {user}", plan.target.host.with_port(port)),
            )
        }),
    };
    let is_first = elsewhere::with_login(evidence).is_some() || is_outside && other_port.is_some();
    let mut command = format!("smtpcheck {}", plan.target.host.with_port(plan.target.port));
    plan.from.iter().for_each(|from| command.push_str(&format!(" --from {}", in_shell(&from.to_string()))));
    plan.to.iter().for_each(|to| command.push_str(&format!(" --to {}", in_shell(&to.to_string()))));
    let without = Fix::run(
        format!(
            "If the server accepts mail from your network without a login, as relays in a private network do, {}",
            programs::WITHOUT_LOGIN
        ),
        command,
    );
    let submission = is_outside.then(|| {
        Fix::text("Use the provider's submission server (often smtp.* or mail.*), not the server in its MX record")
    });
    let operator = Fix::text(
        "Server operator: if programs should log in on this port, enable AUTH (Postfix: smtpd_sasl_auth_enable = yes)",
    );
    let fixes = if is_first { [other_port, Some(without)] } else { [Some(without), other_port] };
    fixes.into_iter().chain([submission, Some(operator)]).flatten().collect()
}

fn no_common_fix(plan: &Plan, event: &Event, offered: &[String]) -> Fix {
    // These mechanisms use a Kerberos ticket instead of a password, so no option of smtpcheck helps.
    let needs_ticket = |name: &String| name == "GSSAPI" || name == "GSS-SPNEGO" || name.starts_with("GS2-");
    if offered.iter().all(needs_ticket) {
        return Fix::text(
            "Ask the server's operator to enable PLAIN over TLS, or use a mail program that logs in with a Kerberos ticket",
        );
    }
    let by_flag = if plan.login.as_ref().is_some_and(|login| !login.mechanisms.is_empty()) {
        ". In smtpcheck, leave out --auth, or name one of these mechanisms"
    } else {
        ""
    };
    Fix::text(format!(
        "In the program, select a mechanism that the server advertises ({}), or let the program choose (Nodemailer: no authMethod; PHPMailer: AuthType = ''; Java: no mail.smtp.auth.mechanisms){by_flag}",
        event.quote(offered.join(", "))
    ))
}

/// What to do about a server that accepts only logins of Windows accounts, such as Exchange with its default settings.
fn for_exchange(plan: &Plan) -> [Fix; 2] {
    [
        Fix::run(
            format!("If the server accepts mail from your network without a login, {}", programs::WITHOUT_LOGIN),
            format!("smtpcheck {} --no-auth", plan.target.host.with_port(plan.target.port)),
        ),
        Fix::text(
            "Exchange administrator: offer basic authentication over TLS on the receive connector, or allow the program's IP address to relay without a login",
        ),
    ]
}

fn no_common(plan: &Plan, event: &Event, offered: &[String], allowed: &[String]) -> Finding {
    let summary =
        format!("smtpcheck can use no mechanism that the server advertises: AUTH {}", event.quote(offered.join(", ")));
    let mut finding = Finding::new(&AUTH_MECHANISM_MISMATCH, Phase::Auth, Confidence::Certain, summary).on(event);
    let only_tokens = offered.iter().all(|name| name.contains("OAUTH"));
    let has_token = !allowed.is_empty() && allowed.iter().all(|name| name.contains("OAUTH"));
    finding.cause = if has_token {
        "You gave a token, but the server advertises no mechanism that uses a token.".to_owned()
    } else if only_tokens {
        "The server advertises only mechanisms that use OAuth tokens, not passwords.".to_owned()
    } else {
        format!("With the options of this run, smtpcheck can use only these mechanisms: {}", allowed.join(", "))
    };
    finding.fixes.push(if only_tokens {
        Fix::text(
            "Use a program that logs in with OAuth 2.0, or ask the provider for an app password or SMTP credentials",
        )
    } else {
        no_common_fix(plan, event, offered)
    });
    finding.consequences.push("smtpcheck did not send the password".to_owned());
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
        CancelReason::Malformed => "the server sends a challenge that is not valid for the login mechanism",
        CancelReason::Iterations => "the server requests an unreasonable number of hash iterations",
        CancelReason::ServerUnproved | CancelReason::UnexpectedChallenge => {
            "the server sends more challenges than the login mechanism defines"
        }
        CancelReason::NotBase64 => "the server sends a challenge that is not base64",
    };
    let finding = Finding::new(&AUTH_EXCHANGE_BROKEN, Phase::Auth, Confidence::Certain, summary.to_owned()).on(event);
    let next = session.events().filter(|later| later.seq > event.seq).find_map(|later| match &later.what {
        EventKind::Sent { text, .. } => text.strip_prefix("AUTH ")?.split(' ').next(),
        _ => None,
    });
    let finding = Finding {
        cause: "The server violates the protocol of the mechanism that it advertises. smtpcheck cancelled the login."
            .to_owned(),
        fixes: vec![Fix::text("Try another mechanism with --auth. Server operator: check the authentication service.")],
        ..finding
    };
    Some(match next {
        // With --try-all-mechanisms, the result of the last mechanism is judged separately.
        Some(next) => Finding {
            severity: Severity::Warning,
            consequences: vec![format!("smtpcheck then tried to log in with {next}")],
            ..finding
        },
        None => Finding { failure: Some(PhaseFailure::Protocol), ..finding },
    })
}

fn unproved(event: &Event) -> Finding {
    let summary = "the server did not prove that it has the password".to_owned();
    let finding = Finding::new(&AUTH_SERVER_UNVERIFIED, Phase::Auth, Confidence::Certain, summary).on(event);
    Finding {
        cause:
            "The server's SCRAM signature is wrong or missing. The server may belong to an attacker who accepts every login."
                .to_owned(),
        fixes: vec![
            Fix::text("Repeat the check from another network (smtpcheck did not send the password itself)"),
            Fix::text("Server operator: check the authentication service and the devices in front of it"),
        ],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    }
}
