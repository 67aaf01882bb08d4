//! Handshakes that failed because the client and the server do not support the same parameters (version, cipher suite,
//! group, key or signature type, ClientHello size), or because a device on the network path changed them.

use super::super::finding::Finding;
use super::super::{clients, programs};
use super::hellos::{by_offer, is_about_other_suites, is_alert, is_current};
use super::rules::{
    TLS_DOWNGRADED, TLS_GROUP_UNUSUAL, TLS_KEY_UNUSUAL, TLS_LARGE_HELLO_REFUSED, TLS_SUITES_TOO_OLD,
    TLS_VERSION_TOO_OLD,
};
use crate::evidence::{Evidence, HelloOutcome, HelloProbe, Incompatibility, Phase, TlsFault, TlsFaultKind};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, TlsVersion};
use crate::question::Offer;
use crate::wire::tls::{ServerHello, TlsAnswer, Version};

pub(super) fn downgraded(plan: &Plan, tls: &TlsFault) -> Option<Finding> {
    if tls.kind != (TlsFaultKind::Incompatible { why: Incompatibility::Downgraded }) {
        return None;
    }
    let summary = "the server supports TLS 1.3 but chose TLS 1.2, although smtpcheck offered TLS 1.3".to_owned();
    let mut finding = Finding::new(&TLS_DOWNGRADED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = "A device on the network path (a proxy, a firewall, or an on-path attacker) probably removes TLS 1.3 from the ClientHello. The server's response contains a downgrade marker, which shows that the server supports TLS 1.3.".to_owned();
    finding.otherwise = Some(
        "The server itself may set this downgrade marker by mistake. Repeat the check from another network to find out.".to_owned(),
    );
    finding.fixes = vec![
        Fix::text("Repeat the check from another network"),
        Fix::run(
            "List the TLS versions and cipher suites that the server accepts",
            format!("smtpcheck {} --tls-scan", plan.target.host.with_port(plan.target.port)),
        ),
    ];
    Some(finding)
}

/// A finding if the server accepted only an old version, or a suite that current clients do not offer.
pub(super) fn too_old(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let hello = by_offer(evidence, &Offer::Version { version: Version::Tls12 })?;
    if let Some(HelloOutcome::Answer { answer: TlsAnswer::Sslv2 }) = hello.seen().map(|seen| &seen.heard) {
        return Some(version_too_old(plan, evidence, hello, "SSLv2"));
    }
    let taken = hello.accepted()?;
    let wanted = match plan.tls.min {
        TlsVersion::V1_2 => Version::Tls12,
        TlsVersion::V1_3 => Version::Tls13,
    };
    if taken.version < wanted {
        return Some(version_too_old(plan, evidence, hello, &taken.version.to_string()));
    }
    (!is_current(taken)).then(|| suites_too_old(evidence, hello, taken))
}

fn version_too_old(plan: &Plan, evidence: &Evidence, hello: HelloProbe<'_>, version: &str) -> Finding {
    let least = match plan.tls.min {
        TlsVersion::V1_2 => "TLS 1.2 or later",
        TlsVersion::V1_3 => "TLS 1.3 (--tls-min)",
    };
    let supports = match version {
        "SSLv2" => "the server supports only SSLv2, which is older than TLS".to_owned(),
        _ => format!("the newest TLS version that the server supports is {version}"),
    };
    let summary = format!("{supports}, but smtpcheck requires {least}");
    let mut finding =
        Finding::new(&TLS_VERSION_TOO_OLD, Phase::Tls, Confidence::Certain, summary).tried(hello.probe.id);
    finding.cause = match version {
        "SSLv2" => "The server responded with an SSLv2 message, even to a ClientHello that offers all versions.",
        _ => "The server rejected the normal ClientHello, and accepted a ClientHello that also offers old versions.",
    }
    .to_owned();
    finding.fixes = vec![
        Fix::run(
            "Server operator: update the TLS library, or enable TLS 1.2 and 1.3 (command for Postfix)",
            "postconf -e smtpd_tls_protocols='>=TLSv1.2'",
        ),
        Fix::text(programs::OLD_TLS),
    ];
    finding.consequences = clients::sentences(evidence);
    finding
}

/// The finding about suites that are too old. It is certain if the server rejected a ClientHello without the family of
/// suites that it had chosen: such a server supports no suite that smtpcheck's TLS library offers.
fn suites_too_old(evidence: &Evidence, hello: HelloProbe<'_>, taken: &ServerHello) -> Finding {
    let prime = taken.dh_bits.map(|bits| format!(" and a Diffie-Hellman prime of {bits} bits")).unwrap_or_default();
    let summary = format!(
        "the TLS handshake fails: the server chooses {} with {}{prime}, which some current programs do not accept",
        taken.version, taken.suite_name
    );
    let others: Vec<HelloProbe<'_>> = evidence.hellos().filter(is_about_other_suites).collect();
    let is_all = others.iter().any(|other| is_alert(*other)) && clients::own_obstacle(evidence).is_some();
    let confidence = if is_all { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&TLS_SUITES_TOO_OLD, Phase::Tls, confidence, summary).tried(hello.probe.id);
    for other in &others {
        finding = finding.tried(other.probe.id);
    }
    let has = if others.iter().any(|other| other.accepted().is_some()) {
        "prefers"
    } else if is_all {
        "supports only"
    } else {
        "uses"
    };
    let exchange = exchange(taken);
    finding.cause =
        format!("The reason is the cipher suite, not the TLS version or the certificate. The server {has} {exchange}");
    finding.otherwise = (!is_all).then(|| {
        "The server may also support current cipher suites, and may have ended the handshake for another reason. Its mail log shows the reason."
            .to_owned()
    });
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::run(
        "Server operator: allow ECDHE with AES-GCM or ChaCha20 (command for Postfix)",
        "postconf -e smtpd_tls_ciphers=medium smtpd_tls_exclude_ciphers= smtpd_tls_eecdh_grade=auto",
    )];
    if taken.dh_bits.is_some_and(|bits| bits < 2048) {
        finding.fixes.push(Fix::run(
            "Server operator: if ECDHE is not possible, create Diffie-Hellman parameters of 2048 bits or more",
            "openssl dhparam -out /etc/ssl/dhparam.pem 2048",
        ));
    }
    finding.fixes.push(Fix::text(programs::OLD_SUITES));
    finding
}

/// Describes the key exchange of a suite and its support in TLS libraries. The text follows "The server uses" (or
/// prefers, or supports only) and ends with a full stop.
fn exchange(taken: &ServerHello) -> String {
    match (taken.dh_bits, taken.suite_name.as_str()) {
        (Some(bits), _) if bits < 2048 => format!(
            "finite-field Diffie-Hellman (DHE) with a prime of {bits} bits. rustls, which smtpcheck uses, and Go do not offer DHE at all. With its default settings (security level 2), OpenSSL 3 aborts the handshake with \"dh key too small\". Postfix accepts such a prime if TLS is opportunistic."
        ),
        (Some(bits), _) => format!(
            "finite-field Diffie-Hellman (DHE) with a prime of {bits} bits. OpenSSL 3 accepts such a prime. rustls, which smtpcheck uses, and Go do not offer DHE at all."
        ),
        (None, name) if name.starts_with("TLS_RSA_") => {
            "RSA key exchange without forward secrecy, which rustls, Python and Go no longer offer.".to_owned()
        }
        (None, _) => "a type of cipher suite that smtpcheck's TLS library (rustls) no longer offers.".to_owned(),
    }
}

/// A finding if the client and the server support the same version and suites, but smtpcheck's TLS library does not
/// support the group, key type or signature type that the server chose.
pub(super) fn unusual(evidence: &Evidence, tls: &TlsFault) -> Option<Finding> {
    // Alerts about parameters that both sides must support (RFC 8446 §6.2): handshake_failure, illegal_parameter,
    // protocol_version, insufficient_security.
    let is_about_terms = match tls.kind {
        TlsFaultKind::Alert { code, .. } => matches!(code, 40 | 47 | 70 | 71),
        TlsFaultKind::Incompatible { .. } => true,
        TlsFaultKind::NotTls | TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. } => false,
    };
    let wide = |version| by_offer(evidence, &Offer::Version { version }).filter(|hello| hello.accepted().is_some());
    let hello = wide(Version::Tls12).or_else(|| wide(Version::Tls13)).filter(|_| is_about_terms)?;
    let taken = hello.accepted()?;
    let (rule, what, fix) = match clients::own_obstacle_to(hello)? {
        clients::Obstacle::Group => {
            let what = match taken.group_name.as_deref() {
                Some(group) => format!("the key exchange group {group}"),
                None => "an unknown key exchange group".to_owned(),
            };
            (
                &TLS_GROUP_UNUSUAL,
                what,
                "Server operator: add X25519 and P-256 to the server's groups (in Postfix, with tls_eecdh_auto_curves)",
            )
        }
        clients::Obstacle::KeyOrSignature => {
            let key = hello.seen().and_then(|seen| seen.presented.as_ref()?.leaf()).map(|leaf| leaf.key.as_str());
            let what = match (taken.signature.as_deref(), key) {
                (Some(name), Some(key)) => format!("the handshake signature {name} (certificate key: {key})"),
                (Some(name), None) => format!("the handshake signature {name}"),
                (None, Some(key)) => format!("a certificate with the key {key}"),
                (None, None) => "a certificate with an unusual key type".to_owned(),
            };
            (
                &TLS_KEY_UNUSUAL,
                what,
                "Server operator: get a certificate with an RSA or ECDSA P-256 key, and allow signatures with SHA-256",
            )
        }
        clients::Obstacle::Version
        | clients::Obstacle::CipherSuite
        | clients::Obstacle::DhPrime
        | clients::Obstacle::RenegotiationInfo => return None,
    };
    let summary = format!("the TLS handshake fails: the server uses {what}, which some current programs do not accept");
    let mut finding = Finding::new(rule, Phase::Tls, Confidence::Likely, summary).tried(hello.probe.id);
    finding.cause = format!(
        "The server and smtpcheck support the same TLS version and cipher suites. In response to a ClientHello that offers all algorithms, the server chose {what}, which smtpcheck's TLS library (rustls) does not support."
    );
    finding.otherwise = Some(
        "The server may also support common algorithms, and may have ended the handshake for another reason. Its mail log shows the reason."
            .to_owned(),
    );
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::text(fix)];
    Some(finding)
}

/// A finding if the server responded to a small ClientHello, but neither to the normal one nor to a large one.
pub(super) fn too_large(evidence: &Evidence) -> Option<Finding> {
    let small = by_offer(evidence, &Offer::Small).filter(|hello| hello.accepted().is_some())?;
    let large =
        by_offer(evidence, &Offer::Large).filter(|hello| hello.seen().is_some() && hello.accepted().is_none())?;
    let summary =
        "the server responds to a small ClientHello, but not to a ClientHello that needs more than one packet"
            .to_owned();
    let mut finding = Finding::new(&TLS_LARGE_HELLO_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding = finding.tried(small.probe.id).tried(large.probe.id);
    finding.cause = "The server, or a load balancer or firewall in front of it, reads only the first packet of a ClientHello. Current programs send a ClientHello that needs two packets, because of the post-quantum key share.".to_owned();
    finding.otherwise = Some(
        "The server may have reached a connection limit at that time. Repeat the check in a few minutes to find out."
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::text(
            "Server operator: update the server and the devices in front of it (load balancer, proxy, TLS inspection)",
        ),
        Fix::text(
            "Until then, disable post-quantum groups in the program that sends mail (OpenSSL: Groups = X25519:P-256)",
        ),
    ];
    Some(finding)
}
