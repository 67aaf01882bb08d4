//! The server name in the ClientHello (SNI, RFC 6066 section 3). If the client sends no name or a wrong name, a server
//! with several certificates may reject the handshake, present its default certificate, or connect the client to
//! another service. smtpcheck then tries a session with a better name to find out whether the name is the cause or the
//! server is faulty.
//!
//! The session is tried in these cases. Each case states what proves that the name was the cause:
//! 1. The handshake failed with alert 112, or with another alert or a closed connection that the version and the suites
//!    do not explain. Proof: with the better name, the handshake succeeds.
//! 2. The certificate matches neither the target nor the better name. Proof: with the better name, the server presents
//!    another certificate, which matches it.
//! 3. With implicit TLS, no SMTP server responds, and the client sent no name or the name from `--sni`. Proof: with the
//!    better name, an SMTP server sends a greeting.
//!
//! Better names, best first: the name in the greeting (RFC 5321 section 4.2), the name in the EHLO reply, the target if
//! `--sni` replaced it, names in the certificate, the name in the greeting on another mail port of the host.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, in_shell};
use super::starttls;
use crate::evidence::{
    Certificate, Evidence, Fault, Handshake, HelloProbe, NameMatch, Phase, Session, TlsFault, TlsFaultKind,
};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::question::{Offer, Purpose, Question, SessionRequest};
use crate::wire::tls::Version;
use crate::wire::{DomainName, Host, Reply};

pub(super) static CHECK: Check = Check { subject: "server_name", ask, judge, rules: &[&TLS_SERVER_NAME_NEEDED] };

static TLS_SERVER_NAME_NEEDED: Rule = Rule {
    id: "tls-server-name-needed",
    severity: Severity::Error,
    title: "the server needs a different server name (SNI) from the one that smtpcheck sent",
    docs: Docs {
        sees: "The handshake failed, the certificate was for another host, or a service other than SMTP responded. smtpcheck then tried another server name in the ClientHello, taken from the greeting, the EHLO reply or the certificate, and that session succeeded. If the target is an IP address, the first ClientHello contains no server name.",
        matters: "The server, or a load balancer in front of it, selects the certificate and the service by the server name in the ClientHello. Programs that are configured with an IP address, an alias or an incorrect name cannot use the server.",
        action: "In your program, replace the IP address or alias with the name that the server expects. In smtpcheck, use NAME:PORT as the target, or --sni NAME. Server operator: add a default certificate for clients that send a different name or no name (HAProxy: remove strict-sni).",
        example: "the server sends alert 112 (unrecognized_name) if the target is 192.0.2.25; a session with the name mail.example.net succeeds",
        references: "RFC 6066 section 3 (server_name contains no IP addresses; the alert unrecognized_name), RFC 8446 section 9.2",
    },
};

/// The maximum number of names that are tried.
const MAX_NAMES: usize = 2;

/// An effect that a missing or wrong server name may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symptom {
    HandshakeFailed,
    OtherCertificate,
    OtherService,
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let Some(symptom) = symptom(plan, evidence, session) else { return Vec::new() };
    for name in candidates(plan, evidence, session, symptom) {
        let question = Question::session(with_name(plan, &name));
        match evidence.answer_to(&question) {
            None => return vec![question],
            Some(probe) if !probe.is_over() => return Vec::new(),
            Some(_) if proof(evidence, symptom).is_some() => return Vec::new(),
            Some(_) => {}
        }
    }
    other_port(plan, evidence, session, symptom).into_iter().collect()
}

/// A symptom in the main session that a missing or wrong server name could explain.
fn symptom(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Symptom> {
    if starttls::is_being_asked(plan, evidence) || starttls::is_expected(evidence) {
        return None;
    }
    let Some((_, handshake)) = session.handshake() else {
        let Some(Fault::Tls { tls }) = session.fault() else { return None };
        return may_be_the_name(evidence, tls).then_some(Symptom::HandshakeFailed);
    };
    let is_guessed = handshake.sni.is_none() || plan.tls.sni.is_some();
    if plan.tls_use() == TlsUse::Implicit && is_guessed && is_no_smtp(session) {
        return Some(Symptom::OtherService);
    }
    matches!(handshake.presented.name, NameMatch::Differs { .. }).then_some(Symptom::OtherCertificate)
}

/// Whether the server name may be the cause of a failed handshake. Alert 112 is always about the name. HAProxy with
/// strict-sni, nginx and others send alert 40, 49 or 80, or close the connection. The name may be the cause only if the
/// server also rejected a ClientHello with all versions and cipher suites.
fn may_be_the_name(evidence: &Evidence, tls: &TlsFault) -> bool {
    let is_vague = match tls.kind {
        TlsFaultKind::Alert { code: 112, .. } => return true,
        TlsFaultKind::Alert { code, .. } => matches!(code, 40 | 49 | 80),
        TlsFaultKind::Closed | TlsFaultKind::Reset => true,
        TlsFaultKind::NotTls | TlsFaultKind::Silent { .. } | TlsFaultKind::Incompatible { .. } => false,
    };
    let is_wide = |hello: &HelloProbe<'_>| hello.request.offer == Offer::Version { version: Version::Tls12 };
    let wide = evidence.hellos().find(is_wide).filter(|hello| hello.probe.is_over());
    is_vague && wide.is_some_and(|hello| hello.accepted().is_none())
}

/// Whether no SMTP greeting arrived over TLS.
fn is_no_smtp(session: Session<'_>) -> bool {
    match session.reply_at(Phase::Greeting) {
        Some(received) => received.reply.code.is_none(),
        None => matches!(
            session.fault(),
            Some(Fault::Silent { phase: Phase::Greeting, .. } | Fault::Closed { phase: Phase::Greeting, .. })
        ),
    }
}

/// Names to try in a session, best first.
fn candidates(plan: &Plan, evidence: &Evidence, session: Session<'_>, symptom: Symptom) -> Vec<DomainName> {
    let greeted = session.reply_at(Phase::Greeting).map(|received| received.reply);
    let replied = session.reply_at(Phase::Ehlo).or(session.reply_at(Phase::EhloTls)).map(|received| received.reply);
    let target = plan.target.host.name().filter(|_| plan.tls.sni.is_some()).cloned();
    let of_others = evidence.probes(Purpose::SiblingPort).filter_map(|probe| probe.reply_at(Phase::Greeting));
    let mut names: Vec<DomainName> = [greeted, replied].into_iter().flatten().filter_map(announced).collect();
    names.extend(target);
    if symptom == Symptom::OtherService {
        names.extend(of_the_certificate(session));
    }
    names.extend(of_others.filter_map(|received| announced(received.reply)));
    let sent = sent(session);
    let leaf = session.handshake().and_then(|(_, handshake)| handshake.leaf());
    let shown = leaf.map(|leaf| match leaf.names.as_slice() {
        [] => leaf.common_name.as_slice(),
        names => names,
    });
    let is_covered = |name: &DomainName| {
        symptom == Symptom::OtherCertificate
            && shown.is_some_and(|shown| shown.iter().any(|pattern| covers(pattern, name.ascii())))
    };
    let mut kept: Vec<DomainName> = Vec::new();
    for name in names {
        if sent != Some(name.ascii()) && !is_covered(&name) && !kept.contains(&name) && kept.len() < MAX_NAMES {
            kept.push(name);
        }
    }
    kept
}

/// The name that the server announces in its greeting or in its EHLO reply, if a certificate with these names matches it.
pub(super) fn announced_and_covered(session: Session<'_>, names: &[String]) -> Option<DomainName> {
    let phases = [Phase::Greeting, Phase::Ehlo, Phase::EhloTls];
    let mut announced = phases.into_iter().filter_map(|phase| announced(session.reply_at(phase)?.reply));
    announced.find(|name| names.iter().any(|pattern| covers(pattern, name.ascii())))
}

/// The host name at the beginning of a greeting or EHLO reply (RFC 5321 sections 4.2 and 4.1.1.1), if it is fully
/// qualified and consists of letters, digits, hyphens and underscores.
fn announced(reply: &Reply) -> Option<DomainName> {
    let word = reply.text.first().filter(|_| reply.is_success())?.split(' ').next()?;
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let is_numeric = word.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    DomainName::parse(word).ok().filter(|name| is_plain && !is_numeric && name.ascii().contains('.'))
}

/// Host names in the certificate, without wildcards. Names that begin with mail, smtp or mx come first.
fn of_the_certificate(session: Session<'_>) -> Vec<DomainName> {
    let Some(leaf) = session.handshake().and_then(|(_, handshake)| handshake.leaf()) else { return Vec::new() };
    let names = leaf.names.iter().filter(|name| name.parse::<std::net::IpAddr>().is_err());
    let mut names: Vec<DomainName> = names.filter_map(|name| DomainName::parse(name).ok()).collect();
    names.retain(|name| name.ascii().contains('.') && !name.ascii().contains('*'));
    let is_mail = |name: &DomainName| ["mail", "smtp", "mx"].iter().any(|start| name.ascii().starts_with(start));
    names.sort_by_key(|name| !is_mail(name));
    names
}

/// Whether a name in a certificate matches the host. A wildcard matches one label (RFC 9525 section 6.3).
fn covers(pattern: &str, name: &str) -> bool {
    let is_wild = pattern
        .strip_prefix("*.")
        .is_some_and(|parent| name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)));
    is_wild || pattern.eq_ignore_ascii_case(name)
}

/// The server name that the main session sent.
fn sent(session: Session<'_>) -> Option<&str> {
    match (session.handshake(), session.fault()) {
        (Some((_, handshake)), _) => handshake.sni.as_deref(),
        (None, Some(Fault::Tls { tls })) => tls.sni.as_deref(),
        (None, _) => None,
    }
}

fn with_name(plan: &Plan, name: &DomainName) -> SessionRequest {
    let (tls, last) = match plan.tls_use() {
        TlsUse::Implicit => (TlsUse::Implicit, QuitAfter::Banner),
        TlsUse::Required | TlsUse::IfOffered | TlsUse::Never => (TlsUse::Required, QuitAfter::Starttls),
    };
    let mut request = SessionRequest::probe(plan, Purpose::ServerName, plan.target.port, tls, last);
    request.script.sni = Some(name.ascii().to_owned());
    request
}

/// A question about another mail port of the host. With implicit TLS, no greeting arrives before the handshake, but the
/// greeting on port 587 or 25 may contain the name.
fn other_port(plan: &Plan, evidence: &Evidence, session: Session<'_>, symptom: Symptom) -> Option<Question> {
    let is_blind = plan.tls_use() == TlsUse::Implicit && symptom == Symptom::HandshakeFailed && sent(session).is_none();
    if !is_blind {
        return None;
    }
    for port in [587, 25].into_iter().filter(|port| *port != plan.target.port) {
        let request = SessionRequest::probe(plan, Purpose::SiblingPort, port, TlsUse::IfOffered, QuitAfter::Banner);
        let question = Question::session(request);
        match evidence.answer_to(&question) {
            None => return Some(question),
            Some(probe) if !probe.is_over() => return None,
            Some(_) => {}
        }
        let greeted = evidence.probes(Purpose::SiblingPort).any(|probe| probe.reply_at(Phase::Greeting).is_some());
        if greeted {
            return None;
        }
    }
    None
}

/// The session that used another name and proved that the name was the cause.
fn proof(evidence: &Evidence, symptom: Symptom) -> Option<Session<'_>> {
    evidence.probes(Purpose::ServerName).find(|probe| {
        let Some((_, handshake)) = probe.handshake() else { return false };
        match symptom {
            Symptom::HandshakeFailed => true,
            Symptom::OtherCertificate => {
                matches!(handshake.presented.name, NameMatch::Matches { .. }) && is_other(evidence, handshake)
            }
            Symptom::OtherService => {
                probe.reply_at(Phase::Greeting).is_some_and(|received| received.reply.is_success())
            }
        }
    })
}

/// Whether the certificate differs from the one in the main session. A certificate can match another name without being
/// selected by it, for example by its common name.
fn is_other(evidence: &Evidence, handshake: &Handshake) -> bool {
    let identity = |leaf: &Certificate| (leaf.sha256.clone(), leaf.names.clone());
    let first = evidence.main_session().and_then(|session| session.handshake()?.1.leaf());
    first.map(identity) != handshake.leaf().map(identity)
}

/// Whether a session has proved that the handshake failed because of the name.
pub(super) fn explains_failure(evidence: &Evidence) -> bool {
    proof(evidence, Symptom::HandshakeFailed).is_some()
}

/// States which server name the main session sent, as a sentence without a full stop.
pub(super) fn described(plan: &Plan, tls: &TlsFault) -> String {
    match &tls.sni {
        Some(name) => format!("smtpcheck sent the server name {name} (SNI)"),
        None => format!("smtpcheck sent no server name (SNI), because {} is not a host name", sent_instead(plan)),
    }
}

fn sent_instead(plan: &Plan) -> String {
    plan.tls.sni.clone().unwrap_or_else(|| plan.target.host.to_string())
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let Some(symptom) = symptom(plan, evidence, session) else { return Vec::new() };
    let Some(probe) = proof(evidence, symptom) else { return Vec::new() };
    let Some(name) = probe.request.script.sni.as_deref() else { return Vec::new() };
    let before = match sent(session) {
        Some(sent) => format!("smtpcheck sent the server name {sent} (SNI)"),
        None => format!("smtpcheck sent no server name (SNI), because {} is not a host name", sent_instead(plan)),
    };
    let (happened, then) = match (symptom, session.fault()) {
        (Symptom::HandshakeFailed, Some(Fault::Tls { tls })) => (failure(tls), "the handshake succeeded"),
        (Symptom::HandshakeFailed, _) => ("the handshake failed".to_owned(), "the handshake succeeded"),
        (Symptom::OtherCertificate, _) => {
            ("the server presented a certificate for another host".to_owned(), "the certificate matches")
        }
        (Symptom::OtherService, _) => ("no SMTP server responded".to_owned(), "an SMTP server responded"),
    };
    let summary =
        format!("the server needs the server name {name} (SNI): without this name, {happened}; with this name, {then}");
    let mut finding = Finding::new(&TLS_SERVER_NAME_NEEDED, Phase::Tls, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id);
    finding = match probe.handshake() {
        Some((event, _)) => finding.on(event),
        None => finding.tried(probe.probe.id),
    };
    finding.cause = format!(
        "{before}. As a result, {happened}. The server, or a load balancer in front of it, selects the certificate and the service by the server name."
    );
    finding.fixes = fixes(plan, name);
    finding.failure = Some(PhaseFailure::Tls);
    vec![finding]
}

fn failure(tls: &TlsFault) -> String {
    match &tls.kind {
        TlsFaultKind::Alert { code, name } => format!("the server ended the handshake with alert {code} ({name})"),
        TlsFaultKind::Reset => "the connection was reset during the handshake".to_owned(),
        TlsFaultKind::Closed
        | TlsFaultKind::NotTls
        | TlsFaultKind::Silent { .. }
        | TlsFaultKind::Incompatible { .. } => "the server closed the connection during the handshake".to_owned(),
    }
}

fn fixes(plan: &Plan, name: &str) -> Vec<Fix> {
    let port = plan.target.port;
    let scheme = if plan.tls_use() == TlsUse::Implicit && port != 465 { "smtps://" } else { "" };
    let mut fixes = Vec::new();
    let is_target = plan.target.host.name().is_some_and(|host| host.ascii() == name);
    if !is_target {
        fixes.push(Fix::run(
            "Use this name as the target",
            format!("smtpcheck {}", in_shell(&format!("{scheme}{name}:{port}"))),
        ));
    }
    let target = plan.target.host.with_port(port);
    fixes.push(Fix::run(
        if is_target { "Send the target's name" } else { "Keep the target, and send this name as SNI" },
        format!("smtpcheck {} --sni {}", in_shell(&target), in_shell(name)),
    ));
    fixes.push(Fix::text(match plan.target.host {
        Host::Ip(ip) => format!("Enter {name} as the server in the mail program or application, not {ip}"),
        Host::Name(_) | Host::Socket(_) => format!("Enter {name} as the server in the mail program or application"),
    }));
    fixes
}

/// Reports one root cause as one finding. If the name is proved to be the cause, faults of the default certificate or
/// the default service become consequences of that finding. If not, the findings only mention that no name was sent.
pub(super) fn absorb(plan: &Plan, evidence: &Evidence, findings: &mut Vec<Finding>) {
    let is_needed = |finding: &Finding| finding.rule == TLS_SERVER_NAME_NEEDED.id;
    let Some(mut needed) = findings.iter().find(|finding| is_needed(finding)).cloned() else {
        return without_name(plan, evidence, findings);
    };
    let is_about_store = |finding: &Finding| finding.rule == "trust-store-missing";
    let follows = |finding: &Finding| {
        finding.rule.starts_with("certificate-")
            || is_about_store(finding) && finding.severity == Severity::Error
            || matches!(finding.rule.as_ref(), "greeting-not-smtp" | "greeting-missing")
    };
    let (absorbed, rest): (Vec<Finding>, Vec<Finding>) = findings.drain(..).partition(follows);
    // A certificate for another host is not always an error. Therefore, a wrong server name that has this effect is not
    // always an error either.
    if let Some(misnamed) = absorbed.iter().find(|finding| finding.rule == "certificate-name-mismatch") {
        (needed.severity, needed.failure) = (misnamed.severity, misnamed.failure);
    }
    // Warnings about the default certificate do not matter, because clients that send the right name get another
    // certificate.
    let is_relevant =
        |finding: &Finding| finding.severity == Severity::Error || finding.rule == "certificate-name-mismatch";
    for finding in absorbed.into_iter().filter(|finding| is_relevant(finding) && !is_about_store(finding)) {
        needed.consequences.push(format!("Without this name: {}", finding.summary));
        needed.consequences.extend(finding.consequences);
    }
    *findings = rest;
    if let Some(place) = findings.iter_mut().find(|finding| is_needed(finding)) {
        *place = needed;
    }
}

fn without_name(plan: &Plan, evidence: &Evidence, findings: &mut [Finding]) {
    let Some(session) = evidence.main_session() else { return };
    let Some((_, handshake)) = session.handshake() else { return };
    if handshake.sni.is_some() {
        return;
    }
    for finding in findings {
        match finding.rule.as_ref() {
            "certificate-name-mismatch" => finding.consequences.push(
                "smtpcheck sent no server name (SNI), because the target is an IP address. The server may present a different certificate to a client that sends a name (--sni NAME)"
                    .to_owned(),
            ),
            "greeting-not-smtp" => {
                let target = plan.target.host.with_port(plan.target.port);
                let fix = Fix::repeat("Repeat the check with the server's name", format!("smtpcheck {target} --sni NAME"));
                finding.fixes.insert(0, fix);
                finding.confidence = Confidence::Likely;
                finding.otherwise = Some(
                    "smtpcheck sent no server name (SNI), because the target is an IP address. A load balancer that selects the service by the server name may have connected smtpcheck to the default service. Repeat the check with the server's name to find out."
                        .to_owned(),
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{announced, covers};
    use crate::wire::reply;

    fn name(line: &str) -> Option<String> {
        announced(&reply::from_text(line)?).map(|name| name.ascii().to_owned())
    }

    #[test]
    fn only_a_fully_qualified_host_name_is_read_from_a_greeting() {
        assert_eq!(name("220 mail.example.net ESMTP ready\r\n").as_deref(), Some("mail.example.net"));
        assert_eq!(name("220-MX.example.net ESMTP\r\n220 ready\r\n").as_deref(), Some("mx.example.net"));
        for line in [
            "220 localhost ESMTP\r\n",
            "220 [192.0.2.1] ESMTP\r\n",
            "220 192.0.2.1 ESMTP\r\n",
            "220 ESMTP\r\n",
            "554 mail.example.net no\r\n",
            "220 $(id).example.net ready\r\n",
            "220 \r\n",
        ] {
            assert_eq!(name(line), None, "{line}");
        }
    }

    #[test]
    fn a_wildcard_matches_one_label() {
        assert!(covers("*.example.net", "mail.example.net") && covers("Mail.example.net", "mail.example.net"));
        assert!(!covers("*.example.net", "a.mail.example.net") && !covers("*.example.net", "example.net"));
    }
}
