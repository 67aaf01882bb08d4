//! The submission ports of a host, tried if the port of the target lacks TLS or a login: does one of them offer it?
//! Other checks use these functions to choose the fix. This file raises no findings.

use super::finding::user_flag;
use super::programs;
use crate::evidence::{Evidence, Fault, Phase, Session};
use crate::lexicon::Fix;
use crate::plan::{Plan, Protocol, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};

/// The ports for programs (RFC 6409, RFC 8314), with their use of TLS.
const SUBMISSION: [(u16, TlsUse); 2] = [(587, TlsUse::IfOffered), (465, TlsUse::Implicit)];

/// Ports in private networks, including those of test servers (Mailpit and MailHog, GreenMail).
const LOCAL: [u16; 4] = [25, 587, 1025, 3025];

/// Sessions on the other submission ports, up to the EHLO reply over TLS.
pub(super) fn questions(plan: &Plan) -> Vec<Question> {
    let is_possible = plan.is_about_server()
        && plan.target.protocol == Protocol::Smtp
        && plan.target.host.socket().is_none()
        && plan.quit_after > QuitAfter::Ehlo;
    let others = SUBMISSION.into_iter().filter(|(port, _)| is_possible && *port != plan.target.port);
    others
        .map(|(port, tls)| {
            Question::session(SessionRequest::probe(plan, Purpose::SiblingPort, port, tls, QuitAfter::Auth))
        })
        .collect()
}

/// A session on port 587 with STARTTLS, for programs that do not support implicit TLS.
pub(super) fn with_starttls(plan: &Plan) -> Option<Question> {
    let is_on_587 = |question: &Question| matches!(question, Question::Session(request) if request.port == 587);
    questions(plan).into_iter().find(is_on_587)
}

/// Sessions on the other mail ports, up to the greeting, to find the SMTP server of the host.
pub(super) fn greetings(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let is_possible = plan.is_about_server()
        && plan.target.protocol == Protocol::Smtp
        && plan.target.host.socket().is_none()
        && plan.quit_after >= QuitAfter::Banner;
    let is_local = || evidence.main_session().is_some_and(|session| super::place::is_inside(plan, session));
    let ports: &[u16] = if is_possible && is_local() { &LOCAL } else { &[25, 587, 465] };
    let others = ports.iter().copied().filter(|port| is_possible && *port != plan.target.port);
    others
        .map(|port| {
            let tls = if port == 465 { TlsUse::Implicit } else { TlsUse::IfOffered };
            Question::session(SessionRequest::probe(plan, Purpose::SiblingPort, port, tls, QuitAfter::Banner))
        })
        .collect()
}

/// A port of the host on which a mail server sends a greeting. The ports for programs come first.
pub(super) fn greeted(evidence: &Evidence) -> Option<Session<'_>> {
    let greeted = evidence.probes(Purpose::SiblingPort).filter(|probe| {
        probe.request.script.quit_after == QuitAfter::Banner
            && probe.reply_at(Phase::Greeting).is_some_and(|received| received.accepts())
    });
    greeted.min_by_key(|probe| (probe.request.port == 25, probe.request.port != 587))
}

fn tried(evidence: &Evidence) -> impl Iterator<Item = Session<'_>> {
    evidence
        .probes(Purpose::SiblingPort)
        .filter(|probe| probe.is_over() && probe.request.script.quit_after == QuitAfter::Auth)
}

/// A submission port with TLS.
pub(super) fn with_tls<'a>(evidence: &'a Evidence) -> Option<Session<'a>> {
    tried(evidence).find(|probe: &Session<'a>| probe.capabilities(Phase::EhloTls).is_some())
}

/// A submission port that advertises AUTH over TLS.
pub(super) fn with_login<'a>(evidence: &'a Evidence) -> Option<Session<'a>> {
    tried(evidence).find(|probe: &Session<'a>| {
        probe.capabilities(Phase::EhloTls).is_some_and(|(_, offers)| !offers.auth_mechanisms().is_empty())
    })
}

/// Whether no submission port could be reached, so that advice to use one would be wrong.
pub(super) fn are_closed(evidence: &Evidence) -> bool {
    let mut tried = tried(evidence).peekable();
    tried.peek().is_some() && tried.all(|probe| matches!(probe.fault(), Some(Fault::NotConnected { .. })))
}

/// The fix to use a port that was tried, with the reason as a relative clause.
pub(super) fn fix(plan: &Plan, probe: Session<'_>, why: &str) -> Fix {
    fix_for(plan, probe, "Use", why)
}

/// Like [`fix`], with another beginning of the sentence.
pub(super) fn fix_for(plan: &Plan, probe: Session<'_>, start: &str, why: &str) -> Fix {
    let (port, tls) = (probe.request.port, probe.request.script.tls);
    Fix::run(
        format!(
            "{start} port {port}, {why}; in the program, select {}",
            programs::encryption_instead_of(plan.tls_use(), tls)
        ),
        format!("smtpcheck {}{}", plan.target.host.with_port(port), user_flag(plan)),
    )
}
