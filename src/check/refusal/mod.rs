//! Refusals: the first reply at each step that says no, read with the lexicon, and judged by the step at which it came.
//!
//! 1. The first refusal counts. RCPT replies after a refused MAIL are its echoes and become a consequence.
//! 2. A refusal of several recipients for one reason is one finding.
//! 3. A reply that the lexicon knows raises the rule of its cause; one of which only the code is known raises the rule
//!    of its step, and says that it is only the code.

mod rules;

use super::greeting::{service_with_codes, weigh_other_family};
use super::{Check, Confidence, Finding, Fix, PhaseFailure, asks_nothing, in_shell, peer};
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{self, Basis, Cause, Context, FixWhen, Reading, ReplyPhase};
use crate::plan::{LoginProof, Plan};
use crate::wire::Reply;
use crate::wire::status::Class;

pub static CHECK: Check = Check { subject: "refusal", ask: asks_nothing, judge, rules: rules::RULES };

/// The rule of a cause, for `explain`.
pub fn rule_of(cause: Cause) -> Option<&'static super::Rule> {
    rules::of(cause)
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    // A token that was over, or for somebody else, is told by what it says of itself.
    let explained = super::auth::token(plan, evidence, session).is_some();
    let refusals = refusals(session);
    if refusals.is_empty() {
        return findings;
    }
    // Worked out once: a server can reject hundreds of recipients, each with a different text.
    let provider = peer::provider(plan, session);
    let software = peer::software(session);
    let logged_in = session.reply_at(Phase::Auth).is_some_and(|heard| heard.accepts());
    for heard in refusals.into_iter().filter(|heard| !(explained && heard.event.phase == Phase::Auth)) {
        let context = Context {
            step: Some(step(heard.event.phase)),
            provider: provider.map(|known| known.id.as_str()),
            software: software.as_deref(),
        };
        let Some(reading) = lexicon::read(heard.reply, &context) else { continue };
        let about_recipient = reading.cause.is_about_recipient();
        let reading = weighed(heard, reading, logged_in);
        let reason = failure(plan, heard, reading.cause);
        let same = findings.iter_mut().find(|known| {
            heard.event.phase == Phase::Rcpt
                && known.phase == Phase::Rcpt
                && known.basis.as_ref() == Some(&reading.basis)
                && known.failure == Some(reason)
        });
        match same {
            Some(known) => {
                known.evidence.events.push(heard.event.seq);
                let to = recipient(plan, heard);
                let told = if about_recipient { "gets the same answer" } else { "is refused for the same reason" };
                known.consequences.push(format!("{to} {told}"));
            }
            None => {
                let mut finding = finding(plan, session, heard, reading);
                if heard.event.phase == Phase::Greeting {
                    weigh_other_family(plan, evidence, &mut finding);
                }
                findings.push(finding);
            }
        }
    }
    findings
}

/// 421 directly behind the last reply to MAIL or RCPT, before the next command was sent: the server accepts and closes in
/// one breath, so nothing can follow that reply (RFC 5321 §3.8).
fn closes_behind_envelope(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let next = |phase: Phase| matches!(phase, Phase::Rset | Phase::Quit);
    let left = session.events().any(|event| next(event.phase) && matches!(event.what, EventKind::Sent { .. }));
    let has_envelope = session.reply_at(Phase::Mail).is_some();
    session
        .replies()
        .find(|heard| next(heard.event.phase) && heard.reply.has_code(421))
        .filter(|_| has_envelope && !left)
}

/// The replies that say no and are no echoes.
fn refusals(session: Session<'_>) -> Vec<ReceivedReply<'_>> {
    let mut found = Vec::new();
    for phase in [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls, Phase::Auth, Phase::Mail] {
        // That an FTP server knows no EHLO is greeting's.
        let of_smtp = phase != Phase::Ehlo || service_with_codes(session).is_none();
        found.extend(session.reply_at(phase).filter(|heard| of_smtp && is_refusal(session, *heard)));
    }
    let mail_refused = found.iter().any(|heard| heard.event.phase == Phase::Mail);
    if !mail_refused {
        found.extend(session.replies().filter(|heard| heard.event.phase == Phase::Rcpt && is_refusal(session, *heard)));
    }
    found.extend(closes_behind_envelope(session));
    found
}

fn is_refusal(session: Session<'_>, heard: ReceivedReply<'_>) -> bool {
    // What is no reply at all, or only the beginning of one, or the reply to another command, is session's.
    let refuses = heard.fit() == Fit::Rejects;
    match heard.event.phase {
        // A cancelled exchange is auth's.
        Phase::Auth => refuses && session.login_given_up().is_none(),
        _ => refuses,
    }
}

fn finding(plan: &Plan, session: Session<'_>, heard: ReceivedReply<'_>, reading: Reading) -> Finding {
    let phase = heard.event.phase;
    let known = is_known(&reading);
    // A fault of the server at AUTH is first of all no judgement of the password.
    let unjudged =
        phase == Phase::Auth && reading.cause == Cause::ServerFault && heard.reply.class() == Class::Transient;
    let rule = match rules::of(reading.cause).filter(|_| known && !unjudged) {
        Some(rule) => rule,
        None => of_step(heard),
    };
    let mut finding = Finding::new(rule, phase, reading.confidence, summary(plan, session, heard)).on(heard.event);
    finding.category = Some(reading.cause.category());
    finding.cause = reading.means;
    finding.otherwise = reading.otherwise;
    if !known {
        finding.cause = format!("{} (This is what the code says; smtpcheck does not know the text.)", finding.cause);
        // A code alone never leaves no other reading.
        finding.confidence = finding.confidence.min(Confidence::Likely);
        finding.otherwise = finding.otherwise.or_else(|| Some("the text of the reply may say more".to_owned()));
    }
    let of_token = phase == Phase::Auth
        && plan.login.as_ref().is_some_and(|login| login.proof == LoginProof::Token)
        && reading.cause == Cause::Credentials
        && !matches!(&reading.basis, Basis::ProviderStatus { .. });
    finding.basis = Some(reading.basis);
    if of_token {
        // The lexicon speaks of passwords, which most logins have.
        finding.cause =
            "the server does not accept the token: it has expired, is for another user or scope, or was revoked"
                .to_owned();
        finding.fixes = vec![
            Fix::text("fetch a new access token for exactly this user, with the scope for sending mail, and try again"),
            Fix::text("the token service's page for this application shows whether the consent was taken back"),
        ];
        finding.failure = Some(failure(plan, heard, Cause::Credentials));
        finding.consequences.extend(super::auth::challenge_error(session));
        return finding;
    }
    let is_address = plan.login.as_ref().is_some_and(|login| login.user.contains('@'));
    let fits = |fix: &Fix| !(is_address && fix.when == Some(FixWhen::UserWithoutDomain));
    finding.fixes = reading.fixes.into_iter().filter(fits).map(|fix| filled(plan, session, heard, fix)).collect();
    if reading.cause == Cause::AuthRequired && plan.login.is_none() {
        let target = plan.target.host.with_port(plan.target.port);
        finding.fixes.insert(0, Fix::run("log in", format!("smtpcheck {target} --user USER --password-stdin")));
        finding
            .consequences
            .push("without a login the check goes no further; for a submission server that is right".to_owned());
    }
    if phase == Phase::Mail && session.replies().any(|heard| heard.event.phase == Phase::Rcpt && !heard.accepts()) {
        finding.consequences.push("the recipients are refused because there is no sender".to_owned());
    }
    if phase == Phase::Auth {
        finding.consequences.extend(super::auth::challenge_error(session));
        // Only a refusal of what was sent makes it suspicious.
        if heard.reply.class() == Class::Permanent {
            finding.consequences.extend(super::auth::oddities(session));
            if reading.cause == Cause::Credentials {
                finding.fixes.extend(with_one_domain(plan));
            }
            finding.fixes.extend(in_another_way(plan, session));
        }
    }
    finding.failure = Some(failure(plan, heard, reading.cause));
    finding
}

/// A user name with a domain too many: `ann@example.net@mail.example.net`, which programs make that add one by themselves,
/// or `EXAMPLE\ann@example.net`, which is two ways to name it at once.
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
    Some(Fix::run(
        "the user name has more than one domain; write it with one",
        format!("smtpcheck {target} --user {}", in_shell(&once)),
    ))
}

/// A server that keeps hashed passwords can check them when they are sent, and by no proof that is made of them.
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
            "the password may be right, and the server unable to check it by {mechanism}; send it inside TLS by {plain}"
        ),
        format!("smtpcheck {target} --user {} --auth {plain}", in_shell(&login.user)),
    ))
}

/// Whether more than the bare code is known.
fn is_known(reading: &Reading) -> bool {
    match reading.basis {
        Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. } => true,
        Basis::CodeAtStep { .. } => reading.confidence >= Confidence::Likely,
        Basis::Code { .. } | Basis::Class { .. } => false,
    }
}

/// A demand for encryption on a line that is encrypted is not to be taken at its word.
fn doubted_inside_tls(heard: ReceivedReply<'_>, reading: Reading) -> Reading {
    if reading.cause != Cause::EncryptionRequired || !heard.event.tls {
        return reading;
    }
    // "Use STARTTLS" is no advice inside STARTTLS.
    let means =
        "the server demands encryption, on a connection that is encrypted already: it does not know that TLS is in use"
            .to_owned();
    let otherwise = "the server may use the code for another reason, for example a missing login; its mail log tells";
    let fixes = vec![
        Fix::text(
            "Find what ends TLS in front of the server (proxy, load balancer) and passes the session on in clear text, and let it tell the server that TLS is in use (server operator)",
        ),
        Fix::text("Repeat the check from another network, to see whether a device on the network path ends TLS"),
    ];
    Reading { confidence: Confidence::Possible, means, otherwise: Some(otherwise.to_owned()), fixes, ..reading }
}

/// The reading as the rest of the session lets it stand: a bare 530 after a login that worked does not ask for a login.
fn weighed(heard: ReceivedReply<'_>, reading: Reading, logged_in: bool) -> Reading {
    let is_contradicted =
        reading.cause == Cause::AuthRequired && logged_in && !matches!(reading.basis, Basis::Phrase { .. });
    let reading = lexicon::by_class(heard.reply).filter(|_| is_contradicted).unwrap_or(reading);
    doubted_inside_tls(heard, reading)
}

fn of_step(heard: ReceivedReply<'_>) -> &'static super::Rule {
    // RSET and QUIT are no refusals; what else has no rule of its own is refused at the recipients.
    rule_at(step(heard.event.phase), heard.reply).unwrap_or(&rules::RECIPIENT_REFUSED)
}

/// The rule of a refusal of which only the step is known; none for steps that smtpcheck never gets to.
pub fn rule_at(step: ReplyPhase, reply: &Reply) -> Option<&'static super::Rule> {
    let later = reply.class() == Class::Transient;
    Some(match step {
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

fn step(phase: Phase) -> ReplyPhase {
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

/// The exit code's kind: the step decides, then the first digit.
fn failure(plan: &Plan, heard: ReceivedReply<'_>, cause: Cause) -> PhaseFailure {
    match (heard.event.phase, heard.reply.class()) {
        // RFC 3207 §4: 454 says that TLS is not available for now, so a retry is worth it.
        (_, Class::Transient) => PhaseFailure::RefusedTemporary,
        (Phase::Starttls, _) => PhaseFailure::Tls,
        (Phase::Auth, Class::Permanent) => PhaseFailure::Auth,
        // 530 and its like where nobody has logged in (RFC 4954 §6).
        (_, Class::Permanent) if cause == Cause::AuthRequired && plan.login.is_none() => PhaseFailure::Auth,
        (_, Class::Permanent) => PhaseFailure::RefusedPermanent,
        (_, Class::Success | Class::Intermediate | Class::Undefined) => PhaseFailure::Protocol,
    }
}

fn summary(plan: &Plan, session: Session<'_>, heard: ReceivedReply<'_>) -> String {
    let later = heard.reply.class() == Class::Transient;
    let verb = if later { "put off" } else { "refused" };
    let what = match heard.event.phase {
        Phase::Greeting => return format!("the greeting turns us away with {}", explanation(heard)),
        phase if heard.reply.has_code(421) => {
            return format!("the server ends the conversation at {phase}: {}", explanation(heard));
        }
        Phase::Ehlo | Phase::EhloTls => announced(session, heard.event.phase),
        Phase::Starttls => "STARTTLS".to_owned(),
        Phase::Auth => "the login".to_owned(),
        Phase::Mail => {
            format!("the sender {}", plan.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string))
        }
        _ => recipient(plan, heard),
    };
    format!("{what} is {verb} with {}", explanation(heard))
}

/// The command that was refused: EHLO, or HELO where the server did not know EHLO.
fn announced(session: Session<'_>, phase: Phase) -> String {
    let sent = session.events().filter(|event| event.phase == phase).filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } => Some(text.clone()),
        _ => None,
    });
    sent.last().unwrap_or_else(|| "EHLO".to_owned())
}

fn recipient(plan: &Plan, heard: ReceivedReply<'_>) -> String {
    heard.recipient.and_then(|at| plan.to.get(at)).map_or_else(|| "a recipient".to_owned(), ToString::to_string)
}

fn explanation(heard: ReceivedReply<'_>) -> String {
    let code = heard.reply.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let status = heard.reply.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
    let text = heard.quoted();
    if text.text.is_empty() { format!("{code}{status}") } else { format!("{code}{status}: {text}") }
}

/// Puts what is known into the placeholders of a fix, so that its command can be copied.
fn filled(plan: &Plan, session: Session<'_>, heard: ReceivedReply<'_>, fix: Fix) -> Fix {
    let user = plan.login.as_ref().map_or_else(|| "USER".to_owned(), |login| login.user.clone());
    let ours = session.connected().map(|(_, local)| local.ip()).filter(|ip| !is_private(*ip));
    let values = [
        ("{host}", plan.target.host.to_string()),
        ("{port}", plan.target.port.to_string()),
        ("{user}", user),
        ("{from}", plan.from.as_ref().map_or_else(|| "SENDER".to_owned(), ToString::to_string)),
        ("{rcpt}", recipient(plan, heard)),
        ("{ip}", ours.map_or_else(|| "YOUR-PUBLIC-ADDRESS".to_owned(), |ip| ip.to_string())),
    ];
    let command = fix
        .command
        .map(|command| values.iter().fold(command, |command, (name, value)| command.replace(name, &in_shell(value))));
    let text = values.iter().fold(fix.text, |text, (name, value)| text.replace(name, value));
    Fix { text, command, url: fix.url, when: None }
}

/// An address that the server cannot have seen: it saw that of a router.
pub(super) fn is_private(ip: std::net::IpAddr) -> bool {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
