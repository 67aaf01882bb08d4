//! Findings about keys and signatures, the purposes of a certificate, and its revocation status (OCSP).

use super::super::finding::{Finding, Severity};
use super::context::CertificateContext;
use super::rules::{
    CERTIFICATE_KEY_WEAK, CERTIFICATE_LIMITED_CLIENTS, CERTIFICATE_REVOKED, CERTIFICATE_SIGNATURE_INVALID,
    CERTIFICATE_SIGNATURE_WEAK, CERTIFICATE_STAPLE_MISSING, CERTIFICATE_STAPLE_UNUSABLE, CERTIFICATE_USAGE_WRONG,
};
use crate::evidence::{Misuse, PathFault, PathFaultKind, PathPlace, StapleFault};
use crate::lexicon::{Confidence, Fix};

/// The finding about a key that is too short.
pub(super) fn weak_key(seen: CertificateContext<'_>, place: usize) -> Option<Finding> {
    let one = seen.presented.chain.get(place)?;
    Some(too_short(seen, &seen.called(place), &one.key))
}

/// The finding about a key that is too short. `whose` is the name of a certificate or of the root.
pub(super) fn too_short(seen: CertificateContext<'_>, whose: &str, key: &str) -> Finding {
    let summary = format!("the key of {whose} is too weak: {key}");
    let mut finding = seen.finding(&CERTIFICATE_KEY_WEAK, Confidence::Certain, summary);
    finding.cause =
        "Clients require RSA keys of at least 2048 bits, or curves of at least 256 bits, and reject weaker keys."
            .to_owned();
    finding.fixes = vec![Fix::text(
        "Server operator: create a new key (EC P-256, or RSA with 2048 bits or more) and get a certificate for it",
    )];
    finding
}

pub(super) fn weak_signature(seen: CertificateContext<'_>, place: usize, hash: &str) -> Finding {
    let summary = format!("{} is signed with {hash}", seen.called(place));
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_WEAK, Confidence::Certain, summary);
    finding.cause = format!("Signatures with {hash} can be forged, and current programs reject them.");
    finding.fixes = vec![Fix::text(
        "Server operator: get a new certificate that is signed with SHA-256 or better. If the CA is private, first configure it to sign with SHA-256.",
    )];
    finding
}

/// The finding about a server that did not prove that it has the key of its certificate (RFC 8446 §4.4.3). `None` if
/// the certificate cannot be read, because a separate finding reports that, and the signature cannot be judged.
pub(super) fn proof(seen: CertificateContext<'_>, fault: &str) -> Option<Finding> {
    // For a key that is too short, TLS libraries also report a wrong signature. `weak_key` then reports the key.
    let is_unreadable =
        |fault: &PathFault| fault.at == (PathPlace::Sent { place: 0 }) && fault.kind == PathFaultKind::Unreadable;
    let is_readable = seen.leaf.is_readable() && !seen.presented.faults.iter().any(is_unreadable);
    if !is_readable || seen.leaf.has_weak_key() {
        return None;
    }
    let summary = "the handshake is not signed with the certificate's key".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_INVALID, Confidence::Likely, summary);
    finding.cause = format!("The server's key and certificate do not match ({fault}).");
    finding.otherwise = Some(
        "A device on the network path may be changing the handshake. Repeat the check from another network to find out."
            .to_owned(),
    );
    finding.fixes = vec![Fix::text(
        "Server operator: check that the key and the certificate match. These two commands must print the same key: openssl x509 -noout -pubkey -in cert.pem, and openssl pkey -pubout -in key.pem.",
    )];
    Some(finding)
}

/// The finding about a certificate that was not issued for TLS servers.
pub(super) fn misused(seen: CertificateContext<'_>, misuse: Misuse) -> Finding {
    let list = |uses: &Option<Vec<String>>| match uses.as_deref() {
        None | Some([]) => "no purpose".to_owned(),
        Some(uses) => uses.join(", "),
    };
    let summary = match misuse {
        Misuse::ExtendedUsage => {
            let uses = list(&seen.leaf.extended_key_usage)
                .replace("clientAuth", "clients (clientAuth)")
                .replace("emailProtection", "mail (emailProtection)")
                .replace("codeSigning", "code signing (codeSigning)");
            format!("the certificate is for {uses}, not for servers (serverAuth)")
        }
        Misuse::Usage => {
            format!("the certificate's key is for {}, not for signing handshakes", list(&seen.leaf.key_usage))
        }
    };
    let cause = match misuse {
        Misuse::ExtendedUsage => {
            "The certificate was issued for another purpose. Programs that check the purpose reject it."
        }
        Misuse::Usage => {
            "The server signs each handshake with this key, but the certificate's key usage lacks digitalSignature. GnuTLS and current browsers reject the connection."
        }
    };
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.cause = cause.to_owned();
    finding.fixes = vec![for_a_server()];
    finding
}

fn for_a_server() -> Fix {
    Fix::text(
        "Server operator: get a certificate for a TLS server, with CA:FALSE, extended key usage serverAuth and key usage digitalSignature",
    )
}

/// The finding about a server that presents a CA certificate. It is only a warning, because OpenSSL and GnuTLS accept
/// such a certificate. Self-signed certificates are not reported, because `openssl req -x509` creates them with
/// CA:TRUE.
pub(super) fn authority_as_server(seen: CertificateContext<'_>) -> Option<Finding> {
    if !seen.leaf.is_authority || seen.leaf.self_signed {
        return None;
    }
    let summary = "the server presents a CA certificate (CA:TRUE) instead of a server certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.severity = Severity::Warning;
    finding.cause =
        "OpenSSL and GnuTLS accept such a certificate, but browsers and programs that use rustls reject it.".to_owned();
    finding.fixes = vec![for_a_server()];
    Some(finding)
}

pub(super) fn revoked(seen: CertificateContext<'_>) -> Finding {
    let summary = "the CA has revoked the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_REVOKED, Confidence::Certain, summary);
    finding.cause =
        "The server sent an OCSP response with the status revoked, and the response's signature is valid. The most common reason for revocation is a compromised key."
            .to_owned();
    finding.fixes = vec![Fix::text("Server operator: immediately create a new key and get a new certificate for it")];
    finding
}

/// The finding about a certificate that requires an OCSP response (must-staple, RFC 7633 §4.2.2), if the server sends
/// no valid response.
pub(super) fn staple_missing(seen: CertificateContext<'_>) -> Finding {
    let staple = seen.handshake.and_then(|handshake| handshake.staple.as_ref());
    let (what, cause) = match staple.map(|staple| (staple.fault, staple)) {
        None => (
            "the server sent no response",
            "The server does not support or does not use OCSP stapling, or it could not fetch a response",
        ),
        Some((Some(fault), _)) => of_fault(fault),
        Some((None, _)) => ("the server's OCSP response is out of date", "The server has not fetched a new response"),
    };
    let summary = format!("the certificate requires an OCSP response (must-staple), but {what}");
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_MISSING, Confidence::Certain, summary);
    finding.cause =
        format!("{cause}. Programs that enforce must-staple, including those that use GnuTLS, reject the certificate.");
    finding.fixes = vec![Fix::text(
        "Server operator: get a certificate without must-staple, or enable OCSP stapling if the server supports it (Exim: tls_ocsp_file)",
    )];
    finding
}

/// Describes the fault of an OCSP response for the summary, and gives its reason without a full stop.
fn of_fault(fault: StapleFault) -> (&'static str, &'static str) {
    match fault {
        StapleFault::Unreadable => {
            ("the server's OCSP response cannot be read", "The data that the server sent is not a valid OCSP response")
        }
        StapleFault::ResponderError => (
            "the server's OCSP response is an error message of the OCSP responder",
            "The CA's OCSP responder could not provide the status when the server requested it",
        ),
        StapleFault::OtherCertificate => (
            "the server's OCSP response is for a different certificate",
            "The first entry in the response is for another certificate. Usually, the server still has the response for an earlier certificate",
        ),
        StapleFault::UnknownIssuer => (
            "the server's OCSP response cannot be verified",
            "The issuer's certificate was not sent and is not in the trust store",
        ),
        StapleFault::WrongSignature => (
            "the server's OCSP response is not signed by the issuer",
            "Neither the issuer nor a responder that the issuer authorized has signed the response",
        ),
        StapleFault::OutOfDate => {
            ("the server's OCSP response is out of date", "The server has not fetched a new response")
        }
    }
}

/// The finding about an invalid OCSP response if the certificate does not require one.
pub(super) fn staple_invalid(seen: CertificateContext<'_>, fault: StapleFault) -> Finding {
    let (what, cause) = of_fault(fault);
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_UNUSABLE, Confidence::Certain, what.to_owned());
    finding.cause = format!(
        "{cause}. Clients that use GnuTLS close the connection. OpenSSL does not check the response by default."
    );
    finding.fixes = vec![Fix::text(
        "Server operator: fetch a new OCSP response for the current certificate and reload the mail service, or disable OCSP stapling",
    )];
    finding
}

/// Features of a valid chain that some clients do not support.
pub(super) fn limited_clients(seen: CertificateContext<'_>) -> Vec<Finding> {
    let found = seen.presented.limits.iter().map(|limit| {
        let (rejecting, accepting) = (limit.rejected_by.join(", "), limit.accepted_by.join(" and "));
        let summary =
            format!("some clients do not support the chain, because {} has {}", seen.called(limit.place), limit.what);
        let mut finding = seen.finding(&CERTIFICATE_LIMITED_CLIENTS, Confidence::Certain, summary);
        finding.cause = format!("{accepting} can verify the chain, but clients that use {rejecting} cannot.");
        finding.fixes = vec![Fix::text(
            "Server operator: if the clients that reject the chain must be able to connect, get a certificate that they can verify",
        )];
        finding
    });
    found.collect()
}
