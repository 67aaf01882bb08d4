//! Rejections: replies that reject a command, explained by the lexicon and judged by their phase.
//!
//! 1. If MAIL FROM was rejected, later rejections of recipients are its consequence, not separate findings.
//! 2. Rejections of several recipients for the same reason are one finding.
//! 3. A reply that the lexicon recognises, or whose wording resembles known replies, raises the rule of its category.
//!    Otherwise, the rule of the phase is raised, and the finding states that it is based only on the code.

mod account;
mod corrections;
mod fixes;
mod hosting;
mod login;
mod lookups;
mod null_sender;
mod relay;
mod rules;
mod sender;
mod server_checks;

use self::corrections::SessionFacts;
use super::auth::OBSOLETE;
use super::finding::{Check, Finding, PhaseFailure, Rule, in_shell, user_flag};
use super::greeting::weigh_other_family;
use super::parameters;
use super::peer;
use super::place;
use super::programs;
use super::protocol;
use super::service::service_with_codes;
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{self, Basis, Cause, Confidence, Context, Fix, Reading, ReplyPhase};
use crate::plan::{LoginProof, Plan, TlsUse};
use crate::question::Question;
use crate::wire::Reply;
use crate::wire::status::Class;

pub static CHECK: Check = Check { subject: "refusal", ask, judge, rules: rules::RULES };

/// The rule of a lexicon category, for `explain`.
pub fn rule_of(cause: Cause) -> Option<&'static Rule> {
    rules::of(cause)
}

/// Requests the DNS records that verify what the first rejection says.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.decisive_session().filter(Session::is_over) else { return Vec::new() };
    let Some(received) = refusals(session).into_iter().next() else { return Vec::new() };
    let software = peer::software(session);
    let context = Context {
        step: Some(reply_phase(received.event.phase)),
        provider: peer::provider(plan, session).map(|known| known.id.as_str()),
        software: software.as_deref(),
    };
    let Some(reading) = lexicon::read(received.reply, &context) else { return Vec::new() };
    let mut wanted = lookups::questions(plan, evidence, session, received, reading.cause);
    // Whether the server receives mail for the sender's domain, which is that of the recipient.
    if sender::may_be_of_own_domain(plan, received, &reading) && sender::is_of_recipients_domain(plan, received) {
        wanted.extend(lookups::questions(plan, evidence, session, received, Cause::AuthRequired));
    }
    wanted
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    // A login that fails because of the token or the form of the user name is reported by `auth`.
    let explained = super::auth::explanation(plan, evidence, session)
        .is_some_and(|finding| finding.failure == Some(PhaseFailure::Auth));
    let mut refusals = refusals(session);
    // `protocol` reports a server that rejects the first command because it speaks another protocol.
    if protocol::accepts_other(evidence).is_some() {
        refusals.retain(|received| !matches!(received.event.phase, Phase::Ehlo | Phase::EhloTls));
    }
    // `parameters` reports a rejection that is proved to be caused by a parameter.
    if let Some((rejected, _)) = parameters::proved(plan, evidence) {
        refusals.retain(|received| received.event.seq != rejected.event.seq);
        if rejected.event.phase == Phase::Mail {
            refusals.retain(|received| received.event.phase != Phase::Rcpt);
        }
    }
    if refusals.is_empty() {
        return findings;
    }
    // Computed once: a server can reject hundreds of recipients, each with a different text.
    let software = peer::software(session);
    let facts = SessionFacts::of(plan, evidence, session, software.as_deref());
    for received in refusals.into_iter().filter(|received| !(explained && received.event.phase == Phase::Auth)) {
        let context = Context {
            step: Some(reply_phase(received.event.phase)),
            provider: facts.provider.map(|known| known.id.as_str()),
            software: facts.software,
        };
        let Some(reading) = lexicon::read(received.reply, &context) else { continue };
        let about_recipient = reading.cause.is_about_recipient();
        let reading = facts.corrected(received, reading);
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
                let how = how_rejected(received);
                known.consequences.push(if about_recipient {
                    format!("{to} was {how} with the same reply")
                } else {
                    format!("{to} was {how} for the same reason")
                });
            }
            None => {
                let cause = reading.cause;
                let mut finding = finding(plan, session, received, &facts, reading);
                if facts.logged_in {
                    login::sender_of_account(plan, session, received, cause, &mut finding);
                }
                // The fixes are selected at this point, because a saved report contains no conditions.
                for fix in &mut finding.fixes {
                    fix.when = None;
                    fix.software = None;
                    fix.is_for_administrator = false;
                }
                lookups::weigh(plan, evidence, session, received, cause, &mut finding);
                if received.event.phase == Phase::Greeting {
                    weigh_other_family(plan, evidence, &mut finding);
                }
                findings.push(finding);
            }
        }
    }
    findings
}

/// A 421 reply directly after the last reply to MAIL or RCPT, before the next command was sent. The server accepts the
/// command but ends the session immediately, so no message could follow (RFC 5321 §3.8).
fn closes_behind_envelope(session: Session<'_>) -> Option<ReceivedReply<'_>> {
    let next = |phase: Phase| matches!(phase, Phase::Rset | Phase::Quit);
    let left = session.events().any(|event| next(event.phase) && matches!(event.what, EventKind::Sent { .. }));
    let has_envelope = session.reply_at(Phase::Mail).is_some();
    session
        .replies()
        .find(|received| next(received.event.phase) && received.reply.has_code(421))
        .filter(|_| has_envelope && !left)
}

/// The replies that reject a command, except those that are a consequence of an earlier rejection.
fn refusals(session: Session<'_>) -> Vec<ReceivedReply<'_>> {
    let mut found = Vec::new();
    for phase in [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls, Phase::Auth, Phase::Mail] {
        // `greeting` reports a server that uses another protocol and rejects EHLO.
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
    // `session` reports invalid and incomplete replies, and replies that belong to another command.
    let refuses = received.fit() == Fit::Rejects;
    match received.event.phase {
        // `auth` reports a cancelled exchange.
        Phase::Auth => refuses && session.login_given_up().is_none(),
        _ => refuses,
    }
}

fn finding(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    facts: &SessionFacts<'_>,
    reading: Reading,
) -> Finding {
    let phase = received.event.phase;
    let known = is_known(&reading);
    // After a server fault at AUTH, the important fact is that the server did not check the password.
    let unjudged =
        phase == Phase::Auth && reading.cause == Cause::ServerFault && received.reply.class() == Class::Transient;
    let rule = match rules::of(reading.cause).filter(|_| known && !unjudged) {
        Some(rule) => rule,
        None => of_phase(received),
    };
    let mut finding = Finding::new(rule, phase, reading.confidence, summary(plan, session, received, reading.cause))
        .on(received.event);
    finding.category = Some(reading.cause.category());
    finding.cause = reading.means;
    finding.otherwise = reading.otherwise;
    if !known {
        finding.cause = format!(
            "{} This is based only on the reply code, because smtpcheck does not recognise the text.",
            finding.cause
        );
        // If only the code is known, another explanation is always possible.
        finding.confidence = finding.confidence.min(Confidence::Likely);
        finding.otherwise = finding.otherwise.or_else(|| {
            Some(
                "The server may have used this code for an unusual reason. Read the text of the reply to find out."
                    .to_owned(),
            )
        });
    }
    let of_token = phase == Phase::Auth
        && plan.login.as_ref().is_some_and(|login| login.proof == LoginProof::Token)
        && reading.cause == Cause::Credentials
        && !matches!(&reading.basis, Basis::ProviderStatus { .. });
    finding.basis = Some(reading.basis);
    if of_token {
        // The lexicon's text mentions passwords, which most logins use.
        let rejection = super::auth::rejection(plan, session);
        finding.cause = rejection.cause.to_owned();
        finding.confidence = finding.confidence.min(Confidence::Likely);
        finding.otherwise = Some(rejection.otherwise.to_owned());
        finding.fixes = rejection.fixes;
        finding.failure = Some(failure(plan, received, Cause::Credentials));
        finding.consequences.extend(super::auth::challenge_error(session));
        return finding;
    }
    finding.fixes = fixes::selected(plan, session, received, facts, reading.fixes);
    if reading.cause == Cause::Reputation {
        finding.fixes.splice(0..0, fixes::contact_in(plan, received));
    }
    if reading.cause == Cause::AuthRequired && plan.login.is_none() {
        let is_login = |fix: &Fix| fix.command.as_ref().is_some_and(|command| command.contains("--user"));
        if !finding.fixes.iter().any(is_login) {
            let target = plan.target.host.with_port(plan.target.port);
            finding.fixes.insert(0, Fix::run("Log in", format!("smtpcheck {target} --user USER --password-stdin")));
        }
        let sentence = if plan.target.port == 25 {
            "The check cannot continue without a login."
        } else {
            "A submission server is supposed to require a login, so the server is not at fault. The check cannot continue without a login."
        };
        finding.consequences.push(sentence.to_owned());
    }
    let has_fix_for_administrator = finding.fixes.iter().any(|fix| fix.is_for_administrator);
    if phase == Phase::Rcpt && reading.cause == Cause::UnknownUser && !has_fix_for_administrator {
        let at = finding.fixes.len().min(1);
        finding.fixes.insert(
            at,
            Fix::text(
                "If you administer the recipient's domain, create the mailbox, alias or route for this address there",
            ),
        );
    }
    if phase == Phase::Mail
        && session.replies().any(|received| received.event.phase == Phase::Rcpt && !received.accepts())
    {
        finding.consequences.push("The server rejected the recipients because it has not accepted a sender".to_owned());
    }
    // Relays without a login accept unencrypted mail.
    let is_inside = place::is_inside(plan, session);
    let is_relay = is_inside || plan.target.port == 25 && plan.login.is_none();
    if phase == Phase::Starttls && is_relay {
        let at = if is_inside { finding.fixes.len().min(1) } else { finding.fixes.len() };
        finding.fixes.insert(
            at,
            Fix::run(
                format!(
                    "Until then, if you trust the network between the program and the server, select {} in the program",
                    programs::encryption(TlsUse::Never)
                ),
                format!("smtpcheck {} --tls none", plan.target.host.with_port(plan.target.port)),
            ),
        );
    }
    if phase == Phase::Auth {
        finding.consequences.extend(super::auth::challenge_error(session));
        // Properties of the password matter only if the server rejected the password.
        if received.reply.class() == Class::Permanent {
            finding.consequences.extend(super::auth::oddities(session));
            if reading.cause == Cause::Credentials {
                finding.fixes.splice(0..0, super::auth::without_quotes(session));
                finding.consequences.extend(login::letters_of_user(plan));
                finding.fixes.extend(with_one_domain(plan));
                only_mechanism(plan, session, &mut finding);
                // A company's server has no such limits.
                if !is_inside
                    && plan.target.port != 25
                    && session.mechanism() != Some("NTLM")
                    && peer::provider(plan, session)
                        .is_none_or(|known| matches!(known.kind.as_str(), "local" | "hosting"))
                {
                    let at = finding.fixes.len().min(2);
                    finding.fixes.insert(at, login::from_elsewhere());
                }
            }
            finding.fixes.extend(in_another_way(plan, session));
        }
    }
    finding.failure = Some(failure(plan, received, reading.cause));
    finding
}

/// A fix for a user name with two domains: `ann@example.net@mail.example.net`, from programs that append a domain, or
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
    Some(Fix::run(
        "Use a user name that contains only one domain",
        format!("smtpcheck {target} --user {}", in_shell(&once)),
    ))
}

/// A fix for servers that store hashed passwords: they can check a password that is sent to them, but not a proof that
/// is computed from it.
fn in_another_way(plan: &Plan, session: Session<'_>) -> Option<Fix> {
    let mechanism =
        session.mechanism().filter(|name| !matches!(*name, "PLAIN" | "LOGIN" | "XOAUTH2" | "OAUTHBEARER"))?;
    let (_, offers) = session.final_capabilities()?;
    let plain = offers.auth_mechanisms().into_iter().find(|name| name == "PLAIN" || name == "LOGIN")?;
    let login = plan.login.as_ref()?;
    let target = plan.target.host.with_port(plan.target.port);
    Some(Fix::run(
        format!(
            "Log in with {plain} over TLS, because the server may be unable to check the password with {mechanism}"
        ),
        format!("smtpcheck {target} --user {} --auth {plain}", in_shell(&login.user)),
    ))
}

/// States in a finding about a rejected login that the server advertises only a mechanism that many programs do not
/// support. Such a program fails even with the right password.
fn only_mechanism(plan: &Plan, session: Session<'_>, finding: &mut Finding) {
    let Some(mechanism) = session.mechanism().filter(|name| OBSOLETE.contains(name)) else { return };
    let offered = session.final_capabilities().map(|(_, offers)| offers.auth_mechanisms()).unwrap_or_default();
    let is_rare = |name: &String| name == "GSSAPI" || OBSOLETE.contains(&name.as_str());
    if !offered.iter().all(is_rare) {
        return;
    }
    finding.cause.push_str(&format!(
        " On this port, the server advertises only {mechanism} for passwords, with which many programs and libraries cannot log in."
    ));
    let in_tls = plan.target.host.with_port(587);
    if plan.target.port != 587 {
        // A fix of the reading may name the same port further down.
        let begin = format!("smtpcheck {in_tls}");
        finding.fixes.retain(|fix| !fix.command.as_deref().is_some_and(|command| command.starts_with(&begin)));
        finding.fixes.insert(
            finding.fixes.len().min(1),
            Fix::run(
                "If the password is right, try port 587, the port for mail programs, where most servers advertise PLAIN or LOGIN over TLS",
                format!("{begin} --tls starttls{}", user_flag(plan)),
            ),
        );
    }
    finding.fixes.push(Fix::text(
        "Server operator: enable LOGIN or PLAIN over TLS (Exchange: Set-ReceiveConnector -AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS; Dovecot: auth_mechanisms = plain login)",
    ));
}

/// Whether the explanation is based on more than the reply code.
fn is_known(reading: &Reading) -> bool {
    match reading.basis {
        Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. } | Basis::Wording => true,
        Basis::CodeAtStep { .. } => reading.confidence >= Confidence::Likely,
        Basis::Code { .. } | Basis::Class { .. } => false,
    }
}

fn of_phase(received: ReceivedReply<'_>) -> &'static Rule {
    // Every phase has a rule for the replies that reach this function. For RSET or QUIT, the only such reply is 421.
    rule_at(reply_phase(received.event.phase), received.reply).unwrap_or(&rules::RECIPIENT_REFUSED)
}

/// The rule about a rejection whose text is not recognised; none for phases without such a rule.
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
        Phase::Ehlo | Phase::EhloTls | Phase::Xclient | Phase::Vrfy => ReplyPhase::Ehlo,
        Phase::Starttls | Phase::Tls => ReplyPhase::Starttls,
        Phase::Auth => ReplyPhase::Auth,
        Phase::Mail => ReplyPhase::Mail,
        Phase::Rcpt => ReplyPhase::Rcpt,
        Phase::Rset => ReplyPhase::Rset,
        Phase::Quit => ReplyPhase::Quit,
    }
}

/// The kind of failure for the exit code, by the phase, the first digit of the code and the cause.
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

fn summary(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, cause: Cause) -> String {
    let how = how_rejected(received);
    let what = match received.event.phase {
        Phase::Greeting => return format!("the connection was {how} in the greeting with {}", explanation(received)),
        phase if received.reply.has_code(421) => {
            return format!("the server ends the session at {phase} with {}", explanation(received));
        }
        Phase::Ehlo | Phase::EhloTls => announced(session, received.event.phase),
        Phase::Starttls => "STARTTLS".to_owned(),
        Phase::Auth => "the login".to_owned(),
        Phase::Mail => format!("the sender {}", sender(plan)),
        // Many servers reject the sender only at RCPT TO.
        Phase::Rcpt if matches!(cause, Cause::SenderRejected | Cause::SenderAuthentication) => {
            let how = if received.reply.class() == Class::Transient { "temporarily rejected" } else { "rejected" };
            return format!("mail from {} was {how} at RCPT TO with {}", sender(plan), explanation(received));
        }
        _ => recipient(plan, received),
    };
    format!("{what} was {how} with {}", explanation(received))
}

/// The word for the summary: a 4yz reply defers a recipient, and is a temporary rejection in other phases.
fn how_rejected(received: ReceivedReply<'_>) -> &'static str {
    match (received.reply.class(), received.event.phase) {
        (Class::Transient, Phase::Rcpt) => "deferred",
        (Class::Transient, _) => "temporarily rejected",
        _ => "rejected",
    }
}

/// The command that was rejected, with the EHLO name: EHLO, or HELO if the server did not support EHLO.
fn announced(session: Session<'_>, phase: Phase) -> String {
    let sent = session.events().filter(|event| event.phase == phase).filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } => Some(text.clone()),
        _ => None,
    });
    sent.last().unwrap_or_else(|| "EHLO".to_owned())
}

fn sender(plan: &Plan) -> String {
    plan.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string)
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
