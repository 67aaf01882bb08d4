//! Finds out why a handshake failed. After a failure, smtpcheck sends additional ClientHellos to find out what the
//! server would have accepted: old versions and cipher suites, a smaller ClientHello, or a ClientHello without a server
//! name.
//!
//! These ClientHellos are sent:
//! 1. TLS 1.2 and all older versions with all suites, after every TLS failure.
//! 2. A small ClientHello, if the server sent no TLS response to the normal one, or could not parse it (alerts 10, 47,
//!    50, 109). If the small ClientHello succeeds, a large one follows to prove that the size is the reason.
//! 3. A ClientHello without a server name, if the server rejected the name (alert 112).
//! 4. TLS 1.3 with all groups, if the server also rejected TLS 1.2.
//! 5. TLS 1.2 without the families of suites that the server has chosen so far, at most twice, if it chose parameters
//!    that smtpcheck's TLS library does not offer. This shows for which clients the handshake fails.
//!
//! During a scan, this check does not send 4 and 5, because the scan sends these ClientHellos.
//!
//! Modules: [`client_certificate`] and [`parameters`] (failures with a known reason), [`failed`] (all others),
//! [`hellos`] (results of the additional ClientHellos), and [`rules`].

mod client_certificate;
mod failed;
mod hellos;
mod parameters;
mod rules;

use super::finding::{Check, Finding, PhaseFailure};
use super::{clients, elsewhere, server_name, starttls};
use crate::evidence::{DialResult, EventKind, Evidence, Fault, HelloProbe, Session, TlsFault, TlsFaultKind};
use crate::plan::Plan;
use crate::question::{HelloRequest, Offer, Question, SuiteList};
use crate::wire::tls::{FirstBytes, ServerHello, Version, suite_name};
use hellos::{by_offer, is_about_other_suites, is_alert};

pub(super) static CHECK: Check = Check { subject: "handshake", ask, judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let Some(Fault::Tls { tls }) = session.fault() else { return Vec::new() };
    // If another service responded, where does an SMTP server respond?
    if failed::is_other_service(tls) {
        return elsewhere::greetings(plan, evidence);
    }
    // If the handshake completed, the server rejected the client certificate. If the response was not TLS, there are
    // no TLS parameters to test.
    if session.handshake().is_some() || tls.kind == TlsFaultKind::NotTls {
        return Vec::new();
    }
    if starttls::is_being_asked(plan, evidence) || starttls::is_expected(evidence) {
        return Vec::new();
    }
    let ask = |offer| Question::Hello(HelloRequest::new(plan, offer));
    let mut questions = vec![ask(Offer::Version { version: Version::Tls12 })];
    if matches!(plan.target.port, 465 | 587) {
        questions.extend(elsewhere::questions(plan));
    }
    if is_unanswered(tls) {
        questions.push(ask(Offer::Small));
        if by_offer(evidence, &Offer::Small).is_some_and(|hello| hello.accepted().is_some()) {
            questions.push(ask(Offer::Large));
        }
    }
    questions.extend(more_parameters(plan, evidence).map(ask));
    if matches!(tls.kind, TlsFaultKind::Alert { code: 112, .. }) && tls.sni.is_some() {
        questions.push(Question::Hello(HelloRequest { sni: None, ..HelloRequest::new(plan, Offer::Small) }));
    }
    questions
}

/// The next ClientHello to send. It tests what else the server accepts or, after the server rejected TLS 1.2, what the
/// server accepts in TLS 1.3.
fn more_parameters(plan: &Plan, evidence: &Evidence) -> Option<Offer> {
    let wide = by_offer(evidence, &Offer::Version { version: Version::Tls12 }).filter(|wide| wide.probe.is_over())?;
    if plan.tls.scan {
        return None;
    }
    let Some(taken) = wide.accepted() else {
        return is_alert(wide).then_some(Offer::Version { version: Version::Tls13 });
    };
    // If the key type is the reason, other suites do not help.
    let obstacle = clients::own_obstacle_to(wide);
    let is_worth_it = matches!(obstacle, Some(clients::Obstacle::CipherSuite | clients::Obstacle::Group));
    if taken.version != Version::Tls12 || !is_worth_it {
        return None;
    }
    let others: Vec<HelloProbe<'_>> = evidence.hellos().filter(is_about_other_suites).collect();
    if others.len() >= MORE_SUITES || others.iter().any(|hello| hello.accepted().is_none()) {
        return None;
    }
    let all = wide.request.offer.hello().suites;
    let named: Vec<(u16, String)> = all.iter().map(|&id| (id, suite_name(id))).collect();
    let chosen = std::iter::once(&wide).chain(&others).filter_map(|hello| hello.accepted());
    let family =
        |taken: &ServerHello| clients::family(&taken.suite_name, named.iter().map(|(id, name)| (*id, name.as_str())));
    let known = chosen.flat_map(family).collect();
    Some(Offer::OtherSuites { version: Version::Tls12, list: SuiteList::Common, known })
}

/// The maximum number of ClientHellos that offer other suites.
const MORE_SUITES: usize = 2;

/// Whether the server sent no TLS response, or could not parse the ClientHello. A ClientHello that is too large for the
/// server has this effect.
fn is_unanswered(tls: &TlsFault) -> bool {
    match &tls.kind {
        TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. } => {
            FirstBytes::of(tls.first_bytes.as_bytes()) != FirstBytes::TlsHandshake
        }
        TlsFaultKind::Alert { code, .. } => matches!(code, 10 | 47 | 50 | 109),
        TlsFaultKind::NotTls | TlsFaultKind::Incompatible { .. } => false,
    }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let Some(Fault::Tls { tls }) = session.fault() else { return Vec::new() };
    if starttls::is_expected(evidence) || server_name::explains_failure(evidence) {
        return Vec::new();
    }
    let mut finding = client_certificate::after_handshake(plan, session, tls)
        .or_else(|| client_certificate::in_handshake(plan, evidence, tls))
        .or_else(|| parameters::downgraded(plan, tls))
        .or_else(|| parameters::too_old(plan, evidence))
        .or_else(|| parameters::unusual(evidence, tls))
        .or_else(|| parameters::too_large(evidence))
        .unwrap_or_else(|| failed::finding(plan, evidence, session, tls));
    finding = finding.tried(session.probe.id);
    for event in
        session.events().filter(|event| !matches!(event.what, EventKind::Dialled { result: DialResult::Overtaken, .. }))
    {
        finding.evidence.events.push(event.seq);
    }
    finding.failure = Some(PhaseFailure::Tls);
    vec![finding]
}
