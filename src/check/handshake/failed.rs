//! Failed handshakes that no other rule explains. The finding states how the handshake failed and what this usually
//! means.

use super::super::finding::{Finding, seconds};
use super::super::service::other_mail_service;
use super::super::{clients, elsewhere, place, server_name};
use super::hellos::{by_offer, is_alert, is_current};
use super::rules::TLS_HANDSHAKE_FAILED;
use crate::evidence::{Evidence, Incompatibility, Phase, Session, TlsFault, TlsFaultKind};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, TlsUse};
use crate::question::Offer;
use crate::wire::tls::{FirstBytes, ServerHello, Version};

pub(super) fn finding(plan: &Plan, evidence: &Evidence, session: Session<'_>, tls: &TlsFault) -> Finding {
    let hellos = HelloResults::of(evidence);
    let (summary, cause, confidence) = reading(plan, session, tls, hellos);
    let mut finding = Finding::new(&TLS_HANDSHAKE_FAILED, Phase::Tls, confidence, summary);
    for hello in evidence.hellos() {
        finding = finding.tried(hello.probe.id);
    }
    finding.cause = cause.to_owned();
    if confidence != Confidence::Certain {
        finding.otherwise = Some(otherwise(&tls.kind).to_owned());
    }
    // If a server rejects every ClientHello, the server name may be the cause.
    let is_about_the_name = matches!(tls.kind, TlsFaultKind::Alert { code: 112, .. });
    if is_about_the_name {
        finding.cause = format!("{} {}.", finding.cause, server_name::described(plan, tls));
    } else if hellos.reject_everything {
        finding.cause = format!("{} {}", finding.cause, about_the_name(plan, tls));
    }
    if is_about_the_name || (hellos.reject_everything && tls.sni.is_none()) {
        finding.fixes.push(Fix::run(
            "Send a host name for which the server has a certificate",
            format!("smtpcheck {} --sni NAME", plan.target.host.with_port(plan.target.port)),
        ));
    }
    if is_other_service(tls) {
        finding.cause = "The first bytes of the response come from another service, not from a mail server.".to_owned();
        finding.fixes.push(other_mail_service(plan, evidence, ""));
        return finding;
    }
    if let Some(other) = elsewhere::with_tls(evidence) {
        finding = finding.tried(other.probe.id);
        finding.otherwise = Some(
            "A device on the network path may treat this port differently. Repeat the check from another network to find out."
                .to_owned(),
        );
        finding.cause = format!(
            "{} On port {}, the handshake with the same host succeeds, so the fault is on the server: in the settings of port {}.",
            finding.cause, other.request.port, plan.target.port
        );
        finding.fixes.push(elsewhere::fix(plan, other, "where the TLS handshake succeeds"));
    }
    if is_deferred(tls) {
        finding.fixes.push(Fix::text("Repeat the check in a few minutes"));
    }
    if is_perhaps_of_path(&tls.kind) && elsewhere::with_tls(evidence).is_none() {
        finding.fixes.extend(on_the_path(plan, session));
    }
    finding.fixes.extend(last_resorts(plan));
    finding
}

/// Whether a device on the network path may have ended the handshake.
fn is_perhaps_of_path(kind: &TlsFaultKind) -> bool {
    match kind {
        TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. } | TlsFaultKind::NotTls => true,
        TlsFaultKind::Incompatible { why } => *why != Incompatibility::TooLarge,
        TlsFaultKind::Alert { .. } => false,
    }
}

/// The fixes if a device on the network path may be the cause. A public provider's server completes the handshake, so
/// the device is the first thing to look for there.
fn on_the_path(plan: &Plan, session: Session<'_>) -> Vec<Fix> {
    if session.server_address().is_some_and(|address| address.to_canonical().is_loopback()) {
        return Vec::new();
    }
    match place::public_provider(plan) {
        Some(provider) => place::around_device(plan, provider),
        None => vec![Fix::repeat(
            "Repeat the check from another network; if the handshake succeeds there, a firewall or virus scanner in your network breaks it",
            format!("smtpcheck {}", plan.target.host.with_port(plan.target.port)),
        )],
    }
}

/// How the server name may be the cause, for a server that rejects every ClientHello.
fn about_the_name(plan: &Plan, tls: &TlsFault) -> String {
    match &tls.sni {
        Some(name) => {
            format!(
                "Another possible cause is that the server has no certificate for the server name (SNI) that smtpcheck sent, {name}."
            )
        }
        None => {
            format!(
                "Another possible cause is that the server requires a server name (SNI): smtpcheck sent none, because {} is not a host name.",
                plan.target.host
            )
        }
    }
}

/// Another possible cause, and how to find out.
fn otherwise(kind: &TlsFaultKind) -> &'static str {
    match kind {
        TlsFaultKind::Alert { .. } | TlsFaultKind::NotTls => {
            "The server may have ended the handshake for another reason. Its mail log shows the reason."
        }
        TlsFaultKind::Closed => {
            "A device on the network path may have closed the connection. Repeat the check from another network to find out."
        }
        TlsFaultKind::Reset => {
            "A firewall on the network path may be blocking TLS on this port. Repeat the check from another network to find out."
        }
        TlsFaultKind::Silent { .. } => {
            "A device on the network path may be dropping handshake packets. Repeat the check from another network to find out."
        }
        TlsFaultKind::Incompatible { why: Incompatibility::TooLarge } => {
            "A single certificate may be too large. Check the server's certificate file to find out."
        }
        TlsFaultKind::Incompatible { .. } => {
            "A device on the network path may be changing the messages. Repeat the check from another network to find out."
        }
    }
}

/// The results of the additional ClientHellos.
#[derive(Clone, Copy)]
struct HelloResults<'a> {
    /// The choice of the server, if it supports a version and a suite that current clients offer.
    current: Option<&'a ServerHello>,
    /// Whether the server rejected all versions and cipher suites.
    reject_everything: bool,
    /// Whether it accepted a ClientHello without a server name.
    accept_without_name: bool,
}

impl<'a> HelloResults<'a> {
    fn of(evidence: &'a Evidence) -> HelloResults<'a> {
        let old = by_offer(evidence, &Offer::Version { version: Version::Tls12 });
        let newest = by_offer(evidence, &Offer::Version { version: Version::Tls13 });
        let current = old.and_then(|hello| hello.accepted()).filter(|taken| is_current(taken));
        let newest_current = || {
            let hello = newest?;
            hello.accepted().filter(|_| clients::own_obstacle_to(hello).is_none())
        };
        HelloResults {
            current: current.or_else(newest_current),
            reject_everything: old.is_some_and(is_alert) && newest.is_none_or(|hello| hello.accepted().is_none()),
            accept_without_name: evidence
                .hellos()
                .any(|hello| hello.request.sni.is_none() && hello.accepted().is_some()),
        }
    }
}

/// The summary, cause and confidence of the finding.
fn reading(
    plan: &Plan,
    session: Session<'_>,
    tls: &TlsFault,
    hellos: HelloResults<'_>,
) -> (String, &'static str, Confidence) {
    let (summary, cause) = match &tls.kind {
        TlsFaultKind::NotTls => return not_tls(session, tls),
        TlsFaultKind::Alert { code, name } => (
            format!("the server aborts the TLS handshake with alert {code} ({name})"),
            cause_of_alert(plan, tls, hellos, *code),
        ),
        TlsFaultKind::Closed => (
            "the server closes the connection during the TLS handshake".to_owned(),
            "The server has no usable certificate for this name, rejects this client, or does not support TLS on this port.",
        ),
        TlsFaultKind::Reset => (
            "the connection is reset during the TLS handshake".to_owned(),
            "Usually, the server process crashed, or the server does not support TLS on this port.",
        ),
        TlsFaultKind::Silent { waited_ms } => silent(plan, tls, *waited_ms),
        TlsFaultKind::Incompatible { why: Incompatibility::TooLarge } => (
            "the server sends more than 64 KiB of certificates, which is smtpcheck's limit (OpenSSL accepts 100 KiB by default)".to_owned(),
            "The server's certificate file contains far too many certificates, for example a complete trust store.",
        ),
        TlsFaultKind::Incompatible { .. } => (
            "the TLS handshake fails: the server's response violates the TLS standard".to_owned(),
            "The server sends TLS messages that violate the standard, so no current client accepts them.",
        ),
    };
    (summary, cause, Confidence::Likely)
}

fn not_tls(session: Session<'_>, tls: &TlsFault) -> (String, &'static str, Confidence) {
    let line = session.probe.quote(tls.first_bytes.trim_end());
    let (summary, cause) = if is_deferred(tls) {
        (
            format!("the server cannot start TLS at the moment: {line}"),
            "The server sent a temporary error (4yz) instead of starting TLS.",
        )
    } else {
        (
            format!("{} instead of a TLS handshake: {line}", in_place_of_tls(tls)),
            "Instead of responding to the TLS handshake, the server sent data that is not TLS.",
        )
    };
    (summary, cause, Confidence::Certain)
}

fn cause_of_alert(plan: &Plan, tls: &TlsFault, hellos: HelloResults<'_>, code: u8) -> &'static str {
    let requests_certificate = hellos.current.is_some_and(|taken| taken.client_certificate_requested);
    match code {
        40 if plan.tls.identity.is_none() && requests_certificate => {
            "The server requires a client certificate (--cert, --key), and smtpcheck sent none."
        }
        40 if hellos.current.is_some() => {
            "The client and the server have a TLS version and cipher suites in common. The handshake may have failed because of the key exchange group, or because of the type of key or signature in the certificate (Brainpool, DSA)."
        }
        40 | 71 if hellos.reject_everything => {
            "The server also rejects a ClientHello that offers all versions and cipher suites. Usually, the server has no certificate, or has a certificate that it cannot use."
        }
        40 | 70 | 71 => {
            "The server supports no TLS version or cipher suite that smtpcheck offers (TLS 1.2 and 1.3 with current cipher suites). Servers that support only TLS 1.0 or 1.1 respond in this way."
        }
        112 if hellos.accept_without_name => {
            "The server has no certificate for the server name that was sent. It responds to a ClientHello without a name."
        }
        112 if tls.sni.is_none() => "The server has no certificate for clients that send no server name.",
        112 => "The server has no certificate for the server name that was sent.",
        80 => {
            "The server has an internal error. Usually, the server's key or certificate is missing, or the two do not match."
        }
        42..=46 | 48 if plan.tls.identity.is_some() => "The server does not accept the client certificate (--cert).",
        42..=46 | 48 | 116 => "The server requires a client certificate.",
        _ => "The server rejected the handshake. The alert shows the reason.",
    }
}

fn silent(plan: &Plan, tls: &TlsFault, waited_ms: f64) -> (String, &'static str) {
    if !tls.first_bytes.is_empty() {
        return (
            format!(
                "the server began to respond to the TLS handshake but did not finish within {}",
                seconds(waited_ms)
            ),
            "The server sends its response very slowly, or stopped partway through.",
        );
    }
    let cause = if plan.tls_use() == TlsUse::Implicit {
        "Usually, the server expects an unencrypted session on this port and waits for more data."
    } else {
        "The server accepted STARTTLS and then sent no data. Usually, the server process has stopped responding."
    };
    (format!("the server does not respond to the TLS handshake within {}", seconds(waited_ms)), cause)
}

/// Whether a 4yz reply arrived instead of TLS.
fn is_deferred(tls: &TlsFault) -> bool {
    tls.kind == TlsFaultKind::NotTls
        && FirstBytes::of(tls.first_bytes.as_bytes()) == FirstBytes::Smtp
        && tls.first_bytes.starts_with('4')
}

pub(super) fn is_other_service(tls: &TlsFault) -> bool {
    let is_known = matches!(
        FirstBytes::of(tls.first_bytes.as_bytes()),
        FirstBytes::Imap | FirstBytes::Pop3 | FirstBytes::Ssh | FirstBytes::Http | FirstBytes::Ftp | FirstBytes::Nntp
    );
    tls.kind == TlsFaultKind::NotTls && is_known
}

fn last_resorts(plan: &Plan) -> [Fix; 2] {
    let starttls = if plan.tls_use() == TlsUse::Implicit { "" } else { " -starttls smtp" };
    [
        Fix::run(
            "Server operator: find the reason in the mail log for the time of the check (command for Postfix), and check the certificate, the key and the enabled TLS versions",
            "journalctl -u postfix -n 50",
        ),
        Fix::run(
            "Try a handshake with another TLS library",
            format!("openssl s_client -connect {}{starttls}", plan.target.host.with_port(plan.target.port)),
        ),
    ]
}

/// The beginning of the summary, depending on the first bytes that arrived instead of TLS.
fn in_place_of_tls(tls: &TlsFault) -> &'static str {
    match FirstBytes::of(tls.first_bytes.as_bytes()) {
        FirstBytes::Smtp => "the server sends unencrypted SMTP",
        FirstBytes::Imap => "an IMAP server responds",
        FirstBytes::Pop3 => "a POP3 server responds",
        FirstBytes::Ssh => "an SSH server responds",
        FirstBytes::Http => "a web server responds",
        FirstBytes::Ftp => "a file server (FTP) responds",
        FirstBytes::Nntp => "a news server (NNTP) responds",
        FirstBytes::Sslv2 => "the server sends SSLv2, which has been broken since 1996,",
        FirstBytes::Unknown if tls.first_bytes.contains(char::REPLACEMENT_CHARACTER) => "the server sends unknown data",
        FirstBytes::TlsHandshake | FirstBytes::TlsAlert | FirstBytes::Unknown => "the server sends plain text",
    }
}
