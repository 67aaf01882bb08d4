//! The session lines about a handshake: the TLS parameters in one line, as in Postfix's log, and the certificates, each
//! with its faults.

use jiff::Timestamp;

use super::lines::{SessionLine, added, noted};
use crate::check::Severity;
use crate::check::certificate::{self, Flaw};
use crate::evidence::{
    Certificate, Event, Handshake, HandshakeKind, HelloOutcome, HelloProbe, Incompatibility, NameMatch, Outcome,
    StapleStatus, TlsFault, TlsFaultKind, Trust,
};
use crate::render::style::Role;
use crate::render::symbols::Speaker;
use crate::render::{Display, Verbosity, escape};
use crate::wire::tls::{TlsAnswer, is_post_quantum};

/// The lines about a handshake. The complete chain is shown if it has a fault or with `-v`, otherwise only the server's
/// certificate.
pub(super) fn lines(event: &Event, handshake: &Handshake, now: Timestamp, look: &Display) -> Vec<SessionLine> {
    let mut lines = noted(event, Role::Dim, Speaker::Note, &summary(handshake));
    let flaws = certificate::flaws(&handshake.presented, now);
    let whole = look.volume == Verbosity::Verbose || !flaws.is_empty();
    for (at, one) in
        handshake.presented.chain.iter().enumerate().take(if whole { handshake.presented.chain.len() } else { 1 })
    {
        let flaws: Vec<&Flaw> = flaws.iter().filter(|flaw| flaw.place == at).collect();
        lines.extend(certificate_lines(event, at, one, &flaws, look));
    }
    if look.volume == Verbosity::Verbose {
        lines.extend(added(event, Role::Dim, Speaker::Note, &circumstances(handshake)));
    }
    let (role, sign) = if handshake.verifies(now) { (Role::Dim, Speaker::Note) } else { (Role::Error, Speaker::Fault) };
    lines.extend(added(event, role, sign, &verdict(handshake, now)));
    lines
}

/// The TLS parameters: version, cipher suite, key exchange group and signature scheme.
pub(in crate::render) fn summary(handshake: &Handshake) -> String {
    let mut parts = vec![format!("TLS {}", handshake.version), handshake.cipher.clone()];
    parts.extend(handshake.group.as_ref().map(|group| {
        let remark = if is_post_quantum(group) { " (post-quantum)" } else { "" };
        format!("{group}{remark}")
    }));
    parts.extend(handshake.signature.as_ref().map(|scheme| format!("signed with {scheme}")));
    parts.join(", ")
}

/// The details that are shown with `-v`.
fn circumstances(handshake: &Handshake) -> String {
    let mut parts = vec![
        match &handshake.sni {
            Some(name) => format!("SNI {}", escape::visible(name)),
            None => "no SNI".to_owned(),
        },
        format!("{:.1} ms", handshake.ms),
    ];
    parts.extend(match handshake.kind {
        HandshakeKind::Full => None,
        HandshakeKind::FullWithRetry => Some("one more round trip for another key share group".to_owned()),
        HandshakeKind::Resumed => Some("resumed".to_owned()),
    });
    parts.extend(handshake.alpn.as_ref().map(|name| format!("ALPN {}", escape::visible(name))));
    parts.push(match (handshake.client_certificate_requested, handshake.client_certificate_sent) {
        (false, _) => "no client certificate requested".to_owned(),
        (true, false) => "client certificate requested, none sent".to_owned(),
        (true, true) => "client certificate requested and sent".to_owned(),
    });
    parts.push(match &handshake.staple {
        None => "no OCSP response".to_owned(),
        Some(staple) => match staple.status {
            StapleStatus::Good => "OCSP: good".to_owned(),
            StapleStatus::Revoked => "OCSP: revoked".to_owned(),
            StapleStatus::Unknown => "OCSP: unknown".to_owned(),
            StapleStatus::Unreadable => "OCSP: unreadable".to_owned(),
        },
    });
    parts.join(", ")
}

pub(in crate::render) fn verdict(handshake: &Handshake, now: Timestamp) -> String {
    let mut words = vec![match handshake.presented.trust {
        Trust::Trusted { .. } => "trusted".to_owned(),
        Trust::Outdated { .. } => "no longer trusted".to_owned(),
        Trust::Untrusted { .. } => "not trusted".to_owned(),
    }];
    words.push(match &handshake.presented.name {
        NameMatch::Matches { expected } => format!("matches {}", escape::visible(expected)),
        NameMatch::Differs { expected, .. } | NameMatch::Unreadable { expected } => {
            format!("does not match {}", escape::visible(expected))
        }
    });
    words.extend(handshake.leaf().filter(|leaf| leaf.is_readable()).and_then(|leaf| match () {
        () if now > leaf.not_after => Some("expired".to_owned()),
        () if now < leaf.not_before => Some("not valid yet".to_owned()),
        () => None,
    }));
    if handshake.signature_fault.is_some() {
        words.push("handshake not signed with its key".to_owned());
    }
    format!("certificate: {}", words.join(", "))
}

fn certificate_lines(event: &Event, at: usize, one: &Certificate, flaws: &[&Flaw], look: &Display) -> Vec<SessionLine> {
    let date = |moment: Timestamp| moment.strftime("%Y-%m-%d").to_string();
    let arrow = look.signs.from();
    let mut text = format!("{at} {} {arrow} {}", escape::visible(&names(one, look)), escape::visible(&one.issuer));
    if one.is_readable() {
        text.push_str(&format!(", {} to {}", date(one.not_before), date(one.not_after)));
    }
    let (role, sign) = match flaws.iter().map(|flaw| flaw.severity).max() {
        None => (Role::Dim, Speaker::Note),
        Some(Severity::Error) => (Role::Error, Speaker::Fault),
        Some(Severity::Warning) => (Role::Warning, Speaker::Note),
        Some(Severity::Notice) => (Role::Plain, Speaker::Note),
    };
    if !flaws.is_empty() {
        text.push_str(&format!(": {}", flaws.iter().map(|flaw| flaw.word).collect::<Vec<_>>().join(", ")));
    }
    let mut lines = added(event, role, sign, &text);
    if look.volume == Verbosity::Verbose && one.is_readable() {
        for more in details(one) {
            lines.extend(added(event, Role::Dim, Speaker::Note, &format!("  {}", escape::visible(&more))));
        }
    }
    lines
}

fn names(one: &Certificate, look: &Display) -> String {
    if one.names.is_empty() {
        return one.subject.clone();
    }
    let shown = if look.volume == Verbosity::Verbose { 20 } else { 4 };
    let mut list = one.names.iter().take(shown).cloned().collect::<Vec<_>>().join(" ");
    let total = one.names_total.max(one.names.len());
    if total > shown {
        list.push_str(&format!(" and {} more", total - shown));
    }
    list
}

fn details(one: &Certificate) -> Vec<String> {
    let mut lines = vec![format!("subject {}", one.subject), format!("{}, signed with {}", one.key, one.signature)];
    let mut uses = Vec::new();
    if one.is_authority {
        uses.push("CA".to_owned());
    }
    uses.extend(one.extended_key_usage.iter().map(|uses| uses.join(" ")));
    uses.extend(one.key_usage.iter().map(|uses| uses.join(" ")));
    if !uses.is_empty() {
        lines.push(format!("usage: {}", uses.join("; ")));
    }
    lines.push(format!("SHA-256 {}", one.sha256));
    lines.push(format!("key SHA-256 {}", one.spki_sha256));
    lines
}

/// The reason why a handshake failed.
pub(super) fn failure(tls: &TlsFault) -> String {
    match &tls.kind {
        TlsFaultKind::NotTls => {
            let line = tls.first_bytes.trim().lines().next().unwrap_or_default();
            if line.is_empty() {
                "the response is not TLS".to_owned()
            } else {
                format!("the response is not TLS: {line}")
            }
        }
        TlsFaultKind::Alert { code: 112, name } => match &tls.sni {
            Some(sent) => format!("the server rejected the server name {sent} with alert 112 ({name})"),
            None => format!("the server rejected the handshake with alert 112 ({name}); no server name was sent"),
        },
        TlsFaultKind::Alert { code, name } => format!("the server rejected the handshake with alert {code} ({name})"),
        TlsFaultKind::Closed => "the server closed the connection".to_owned(),
        TlsFaultKind::Reset => "the connection was reset".to_owned(),
        TlsFaultKind::Silent { .. } if tls.first_bytes.is_empty() => "no response".to_owned(),
        TlsFaultKind::Silent { .. } => "the response does not end".to_owned(),
        TlsFaultKind::Incompatible { why } => match why {
            Incompatibility::Version => "the server chose a version that is too old".to_owned(),
            Incompatibility::Downgraded => {
                "the server signals that TLS 1.3 was removed from the ClientHello (downgrade)".to_owned()
            }
            Incompatibility::TooLarge => "the server sends too many certificates".to_owned(),
            Incompatibility::Other => tls.detail.clone(),
        },
    }
}

/// A ClientHello and the response to it, in one line.
pub(super) fn offered(hello: HelloProbe<'_>) -> String {
    let what = &hello.request.offer;
    let name = if hello.request.sni.is_none() { ", without a server name" } else { "" };
    let response = match (&hello.probe.outcome, hello.seen().map(|seen| &seen.heard)) {
        (_, Some(HelloOutcome::Answer { answer })) => match answer {
            TlsAnswer::ServerHello(taken) => {
                let group = taken.group_name.as_ref().map(|group| format!(", {group}")).unwrap_or_default();
                format!("{} with {}{group}", taken.version, taken.suite_name)
            }
            TlsAnswer::Alert { code, name } => format!("rejected with alert {code} ({name})"),
            TlsAnswer::Sslv2 => "SSLv2".to_owned(),
            TlsAnswer::NotTls { text, .. } => format!("plain text: {}", escape::visible(text)),
            TlsAnswer::Malformed { why } => format!("malformed response: {}", escape::visible(why)),
        },
        (_, Some(HelloOutcome::Closed)) => "connection closed".to_owned(),
        (_, Some(HelloOutcome::Reset)) => "connection reset".to_owned(),
        (_, Some(HelloOutcome::Silence { .. })) => "no response".to_owned(),
        (_, Some(HelloOutcome::TurnedAway { phase })) => format!("rejected at {phase}"),
        (Outcome::Skipped { .. }, None) => "not tested (--max-connections reached)".to_owned(),
        (Outcome::Failed { .. }, None) => "not connected".to_owned(),
        (Outcome::Done { .. } | Outcome::Underway, None) => "not finished".to_owned(),
    };
    format!("offered {what}{name}: {response}")
}
