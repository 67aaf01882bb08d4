//! Rejections: the first reply in each phase that rejects, read with the lexicon and judged by its phase.
//!
//! 1. The first rejection counts. Rejected recipients after a rejected MAIL are a consequence of it.
//! 2. Rejections of several recipients for the same reason are one finding.
//! 3. A reply that the lexicon recognises raises the rule of its category. If only the code is known, the rule of the
//!    phase is raised, and the finding says so.

mod rules;

use super::finding::{Check, Finding, PhaseFailure, Rule, asks_nothing, in_shell};
use super::greeting::{service_with_codes, weigh_other_family};
use super::peer;
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{self, Basis, Cause, Confidence, Context, Fix, FixWhen, Reading, ReplyPhase};
use crate::plan::{LoginProof, Plan};
use crate::wire::Reply;
use crate::wire::status::Class;

pub static CHECK: Check = Check { subject: "refusal", ask: asks_nothing, judge, rules: rules::RULES };

/// The rule of a lexicon category, for `explain`.
pub fn rule_of(cause: Cause) -> Option<&'static Rule> {
    rules::of(cause)
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    // A token that has expired or is for another service is reported by `auth`.
    let explained = super::auth::token(plan, evidence, session).is_some();
    let refusals = refusals(session);
    if refusals.is_empty() {
        return findings;
    }
    // Computed once: a server can reject hundreds of recipients, each with a different text.
    let provider = peer::provider(plan, session);
    let software = peer::software(session);
    let logged_in = session.reply_at(Phase::Auth).is_some_and(|received| received.accepts());
    for received in refusals.into_iter().filter(|received| !(explained && received.event.phase == Phase::Auth)) {
        let context = Context {
            step: Some(reply_phase(received.event.phase)),
            provider: provider.map(|known| known.id.as_str()),
            software: software.as_deref(),
        };
        let Some(reading) = lexicon::read(received.reply, &context) else { continue };
        let about_recipient = reading.cause.is_about_recipient();
        let reading = weighed(received, reading, logged_in);
        let reason = failure(plan, received, reading.cause);
        let same = findings.iter_mut().find(|known| {
            received.event.phase == Phase::Rcpt
                && known.phase == Phase::Rcpt
                && known.basis.as_ref() == Some(&reading.basis)
                && known.failure == Some(reason)
        });
        match same {
            Some(known) => {
                known.evidence.events.push(received.event.seq);
                let to = recipient(plan, received);
                let verb = verb(received);
                known.consequences.push(if about_recipient {
                    format!("{to} was {verb} with the same reply")
                } else {
                    format!("{to} was {verb} for the same reason")
                });
            }
            None => {
                let mut finding = finding(plan, session, received, reading);
                if received.event.phase == Phase::Greeting {
                    weigh_other_family(plan, evidence, &mut finding);
                }
                findings.push(finding);
            }
        }
    }
    findings
}

/// A 421 directly after the last reply to MAIL or RCPT, before the next command was sent: the server accepts and closes
/// the session at once, so no message could follow (RFC 5321 §3.8).
fn closes_behind_envelope(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let next = |phase: Phase| matches!(phase, Phase::Rset | Phase::Quit);
    let left = session.events().any(|event| next(event.phase) && matches!(event.what, EventKind::Sent { .. }));
    let has_envelope = session.reply_at(Phase::Mail).is_some();
    session
        .replies()
        .find(|received| next(received.event.phase) && received.reply.has_code(421))
        .filter(|_| has_envelope && !left)
}

/// The replies that reject, without those that follow from an earlier rejection.
fn refusals(session: Session<'_>) -> Vec<ReceivedReply<'_>> {
    let mut found = Vec::new();
    for phase in [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls, Phase::Auth, Phase::Mail] {
        // An FTP server that does not know EHLO is reported by `greeting`.
        let of_smtp = phase != Phase::Ehlo || service_with_codes(session).is_none();
        found.extend(session.reply_at(phase).filter(|received| of_smtp && is_refusal(session, *received)));
    }
    let mail_refused = found.iter().any(|received| received.event.phase == Phase::Mail);
    if !mail_refused {
        found.extend(
            session.replies().filter(|received| received.event.phase == Phase::Rcpt && is_refusal(session, *received)),
        );
    }
    found.extend(closes_behind_envelope(session));
    found
}

fn is_refusal(session: Session<'_>, received: ReceivedReply<'_>) -> bool {
    // Invalid and incomplete replies, and replies to another command, are reported by `session`.
    let refuses = received.fit() == Fit::Rejects;
    match received.event.phase {
        // A cancelled exchange is reported by `auth`.
        Phase::Auth => refuses && session.login_given_up().is_none(),
        _ => refuses,
    }
}

fn finding(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, reading: Reading) -> Finding {
    let phase = received.event.phase;
    let known = is_known(&reading);
    // After a server fault at AUTH the important fact is that the password was not checked.
    let unjudged =
        phase == Phase::Auth && reading.cause == Cause::ServerFault && received.reply.class() == Class::Transient;
    let rule = match rules::of(reading.cause).filter(|_| known && !unjudged) {
        Some(rule) => rule,
        None => of_phase(received),
    };
    let mut finding =
        Finding::new(rule, phase, reading.confidence, summary(plan, session, received)).on(received.event);
    finding.category = Some(reading.cause.category());
    finding.cause = reading.means;
    finding.otherwise = reading.otherwise;
    if !known {
        finding.cause =
            format!("{} (Based on the reply code only; smtpcheck does not recognise the text.)", finding.cause);
        // A code alone always allows another reading.
        finding.confidence = finding.confidence.min(Confidence::Likely);
        finding.otherwise =
            finding.otherwise.or_else(|| Some("The text of the reply may contain more information.".to_owned()));
    }
    let of_token = phase == Phase::Auth
        && plan.login.as_ref().is_some_and(|login| login.proof == LoginProof::Token)
        && reading.cause == Cause::Credentials
        && !matches!(&reading.basis, Basis::ProviderStatus { .. });
    finding.basis = Some(reading.basis);
    if of_token {
        // The lexicon's text is about passwords, which most logins use.
        finding.cause =
            "The server does not accept the token: it has expired, is for another user or scope, or was revoked."
                .to_owned();
        finding.fixes = vec![
            Fix::text(
                "Get a new access token for exactly this user, with the scope for sending mail, and repeat the check",
            ),
            Fix::text("Check on the token service's page for this application whether the consent was withdrawn"),
        ];
        finding.failure = Some(failure(plan, received, Cause::Credentials));
        finding.consequences.extend(super::auth::challenge_error(session));
        return finding;
    }
    let is_address = plan.login.as_ref().is_some_and(|login| login.user.contains('@'));
    let fits = |fix: &Fix| !(is_address && fix.when == Some(FixWhen::UserWithoutDomain));
    finding.fixes = reading.fixes.into_iter().filter(fits).map(|fix| filled(plan, session, received, fix)).collect();
    if reading.cause == Cause::AuthRequired && plan.login.is_none() {
        let target = plan.target.host.with_port(plan.target.port);
        finding.fixes.insert(0, Fix::run("Log in", format!("smtpcheck {target} --user USER --password-stdin")));
        finding
            .consequences
            .push("Without a login the check cannot continue; this is correct for a submission server".to_owned());
    }
    if phase == Phase::Mail
        && session.replies().any(|received| received.event.phase == Phase::Rcpt && !received.accepts())
    {
        finding.consequences.push("The recipients were rejected because there is no sender".to_owned());
    }
    if phase == Phase::Auth {
        finding.consequences.extend(super::auth::challenge_error(session));
        // Oddities of the password matter only if it was rejected.
        if received.reply.class() == Class::Permanent {
            finding.consequences.extend(super::auth::oddities(session));
            if reading.cause == Cause::Credentials {
                finding.fixes.extend(with_one_domain(plan));
            }
            finding.fixes.extend(in_another_way(plan, session));
        }
    }
    finding.failure = Some(failure(plan, received, reading.cause));
    finding
}

/// A user name with two domains: `ann@example.net@mail.example.net`, from programs that append a domain themselves, or
/// `EXAMPLE\ann@example.net`, which combines two notations.
fn with_one_domain(plan: &Plan) -> Option<Fix> {
    let login = plan.login.as_ref()?;
    let bare = login.user.split_once('\\').map_or(login.user.as_str(), |(_, bare)| bare);
    let (name, rest) = bare.split_once('@')?;
    let domain = rest.split('@').next().unwrap_or(rest);
    let once = format!("{name}@{domain}");
    if once == login.user || name.is_empty() || domain.is_empty() {
        return None;
    }
    let target = plan.target.host.with_port(plan.target.port);
    Some(Fix::run("Write the user name with only one domain", format!("smtpcheck {target} --user {}", in_shell(&once))))
}

/// A server that stores hashed passwords can check a password that is sent to it, but not a proof computed from it.
fn in_another_way(plan: &Plan, session: Session<'_>) -> Option<Fix> {
    let sent = session.events().filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } => text.strip_prefix("AUTH ")?.split(' ').next(),
        _ => None,
    });
    let mechanism = sent.last().filter(|name| !matches!(*name, "PLAIN" | "LOGIN" | "XOAUTH2" | "OAUTHBEARER"))?;
    let (_, offers) = session.final_capabilities()?;
    let plain = offers.auth_mechanisms().into_iter().find(|name| name == "PLAIN" || name == "LOGIN")?;
    let login = plan.login.as_ref()?;
    let target = plan.target.host.with_port(plan.target.port);
    Some(Fix::run(
        format!(
            "Send the password inside TLS with {plain}: it may be correct, but the server may be unable to check it with {mechanism}"
        ),
        format!("smtpcheck {target} --user {} --auth {plain}", in_shell(&login.user)),
    ))
}

/// Whether more than the reply code is known.
fn is_known(reading: &Reading) -> bool {
    match reading.basis {
        Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. } => true,
        Basis::CodeAtStep { .. } => reading.confidence >= Confidence::Likely,
        Basis::Code { .. } | Basis::Class { .. } => false,
    }
}

/// A reply that requires encryption, on a connection that is already encrypted, cannot mean what it says.
fn doubted_inside_tls(received: ReceivedReply<'_>, reading: Reading) -> Reading {
    if reading.cause != Cause::EncryptionRequired || !received.event.tls {
        return reading;
    }
    // "Use STARTTLS" is no advice inside STARTTLS.
    let means =
        "The server requires encryption, but the connection is already encrypted: the server does not know that TLS is in use."
            .to_owned();
    let otherwise =
        "The server may use the code for another reason, for example a missing login. Its mail log shows the reason.";
    let fixes = vec![
        Fix::text(
            "Server operator: find the device in front of the server (proxy, load balancer) that terminates TLS and forwards the session in clear text, and configure it to inform the server that TLS is in use",
        ),
        Fix::text(
            "Repeat the check from another network, to find out whether a device on the network path terminates TLS",
        ),
    ];
    Reading { confidence: Confidence::Possible, means, otherwise: Some(otherwise.to_owned()), fixes, ..reading }
}

/// The reading, corrected by the rest of the session: a bare 530 after a successful login does not require a login.
fn weighed(received: ReceivedReply<'_>, reading: Reading, logged_in: bool) -> Reading {
    let is_contradicted =
        reading.cause == Cause::AuthRequired && logged_in && !matches!(reading.basis, Basis::Phrase { .. });
    let reading = lexicon::by_class(received.reply).filter(|_| is_contradicted).unwrap_or(reading);
    doubted_inside_tls(received, reading)
}

fn of_phase(received: ReceivedReply<'_>) -> &'static Rule {
    // RSET and QUIT have no rejections of their own; a rejection in any other phase is one of the recipient.
    rule_at(reply_phase(received.event.phase), received.reply).unwrap_or(&rules::RECIPIENT_REFUSED)
}

/// The rule of a rejection of which only the phase is known; none for phases without such a rule.
pub fn rule_at(phase: ReplyPhase, reply: &Reply) -> Option<&'static Rule> {
    let later = reply.class() == Class::Transient;
    Some(match phase {
        ReplyPhase::Greeting => &rules::GREETING_REFUSED,
        _ if reply.has_code(421) => &rules::SERVER_CLOSING,
        ReplyPhase::Ehlo => &rules::EHLO_REFUSED,
        ReplyPhase::Starttls => &rules::STARTTLS_REFUSED,
        ReplyPhase::Auth if later => &rules::AUTH_TEMPORARY_FAILURE,
        ReplyPhase::Auth => &rules::AUTH_REFUSED,
        ReplyPhase::Mail => &rules::SENDER_REFUSED,
        ReplyPhase::Rcpt if later => &rules::RECIPIENT_DEFERRED,
        ReplyPhase::Rcpt => &rules::RECIPIENT_REFUSED,
        ReplyPhase::Data | ReplyPhase::Rset | ReplyPhase::Quit => return None,
    })
}

fn reply_phase(phase: Phase) -> ReplyPhase {
    match phase {
        Phase::Dns | Phase::Connect | Phase::Greeting => ReplyPhase::Greeting,
        Phase::Ehlo | Phase::EhloTls => ReplyPhase::Ehlo,
        Phase::Starttls | Phase::Tls => ReplyPhase::Starttls,
        Phase::Auth => ReplyPhase::Auth,
        Phase::Mail => ReplyPhase::Mail,
        Phase::Rcpt => ReplyPhase::Rcpt,
        Phase::Rset => ReplyPhase::Rset,
        Phase::Quit => ReplyPhase::Quit,
    }
}

/// The kind of failure for the exit code: the phase decides, then the first digit.
fn failure(plan: &Plan, received: ReceivedReply<'_>, cause: Cause) -> PhaseFailure {
    match (received.event.phase, received.reply.class()) {
        // RFC 3207 §4: 454 means that TLS is temporarily not available, so a retry makes sense.
        (_, Class::Transient) => PhaseFailure::RefusedTemporary,
        (Phase::Starttls, _) => PhaseFailure::Tls,
        (Phase::Auth, Class::Permanent) => PhaseFailure::Auth,
        // 530 and similar codes without a login (RFC 4954 §6).
        (_, Class::Permanent) if cause == Cause::AuthRequired && plan.login.is_none() => PhaseFailure::Auth,
        (_, Class::Permanent) => PhaseFailure::RefusedPermanent,
        (_, Class::Success | Class::Intermediate | Class::Undefined) => PhaseFailure::Protocol,
    }
}

fn summary(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>) -> String {
    let verb = verb(received);
    let what = match received.event.phase {
        Phase::Greeting => return format!("the connection was {verb} in the greeting with {}", explanation(received)),
        phase if received.reply.has_code(421) => {
            return format!("the server ends the session at {phase}: {}", explanation(received));
        }
        Phase::Ehlo | Phase::EhloTls => announced(session, received.event.phase),
        Phase::Starttls => "STARTTLS".to_owned(),
        Phase::Auth => "the login".to_owned(),
        Phase::Mail => {
            format!("the sender {}", plan.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string))
        }
        _ => recipient(plan, received),
    };
    format!("{what} was {verb} with {}", explanation(received))
}

/// A 4yz reply defers a recipient; in other phases it is a temporary rejection.
fn verb(received: ReceivedReply<'_>) -> &'static str {
    match (received.reply.class(), received.event.phase) {
        (Class::Transient, Phase::Rcpt) => "deferred",
        (Class::Transient, _) => "temporarily rejected",
        _ => "rejected",
    }
}

/// The command that was rejected: EHLO, or HELO if the server did not know EHLO.
fn announced(session: Session<'_>, phase: Phase) -> String {
    let sent = session.events().filter(|event| event.phase == phase).filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } => Some(text.clone()),
        _ => None,
    });
    sent.last().unwrap_or_else(|| "EHLO".to_owned())
}

fn recipient(plan: &Plan, received: ReceivedReply<'_>) -> String {
    received.recipient.and_then(|at| plan.to.get(at)).map_or_else(|| "a recipient".to_owned(), ToString::to_string)
}

fn explanation(received: ReceivedReply<'_>) -> String {
    let code = received.reply.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let status = received.reply.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
    let text = received.quoted();
    if text.text.is_empty() { format!("{code}{status}") } else { format!("{code}{status}: {text}") }
}

/// Replaces the placeholders of a fix by known values, so that its command can be copied.
fn filled(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, fix: Fix) -> Fix {
    let user = plan.login.as_ref().map_or_else(|| "USER".to_owned(), |login| login.user.clone());
    let from = plan.from.as_ref().map_or_else(|| "SENDER".to_owned(), ToString::to_string);
    let rcpt = received.recipient.and_then(|at| plan.to.get(at)).or_else(|| plan.to.first());
    let rcpt = rcpt.map_or_else(|| "RECIPIENT".to_owned(), ToString::to_string);
    let local = session.connected().map(|(_, local)| local.ip()).filter(|ip| !is_private(*ip));
    let values = [
        ("{host}", plan.target.host.to_string()),
        ("{port}", plan.target.port.to_string()),
        ("{user}", user),
        ("{from}", from.clone()),
        ("{rcpt}", rcpt.clone()),
        ("{from_domain}", lexicon::domain_of(&from, "SENDER-DOMAIN").to_owned()),
        ("{rcpt_domain}", lexicon::domain_of(&rcpt, "RECIPIENT-DOMAIN").to_owned()),
        ("{ip}", local.map_or_else(|| "YOUR-PUBLIC-ADDRESS".to_owned(), |ip| ip.to_string())),
    ];
    let command = fix
        .command
        .map(|command| values.iter().fold(command, |command, (name, value)| command.replace(name, &in_shell(value))));
    let text = values.iter().fold(fix.text, |text, (name, value)| text.replace(name, value));
    Fix { text, command, url: fix.url, when: None }
}

/// An IP address that the server cannot have seen: it saw that of a router.
pub(super) fn is_private(ip: std::net::IpAddr) -> bool {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
