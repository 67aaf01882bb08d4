//! Keys and signatures, what they may be used for, and their revocation status (OCSP).

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

/// The same, of a certificate or of the root.
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
        "Server operator: get a new certificate that is signed with SHA-256; change the settings of a private CA first",
    )];
    finding
}

/// Whether the server has the key of its certificate (RFC 8446 §4.4.3). If the certificate cannot be read, that is the
/// fault, and the signature cannot be judged.
pub(super) fn proof(seen: CertificateContext<'_>, fault: &str) -> Option<Finding> {
    // Libraries also report a key that is too short as a wrong signature; then the key is the finding.
    let is_unreadable =
        |fault: &PathFault| fault.at == (PathPlace::Sent { place: 0 }) && fault.kind == PathFaultKind::Unreadable;
    let is_readable = seen.leaf.is_readable() && !seen.presented.faults.iter().any(is_unreadable);
    if !is_readable || seen.leaf.has_weak_key() {
        return None;
    }
    let summary = "the handshake is not signed with the key of the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_INVALID, Confidence::Likely, summary);
    finding.cause = format!("The server's key and certificate do not match ({fault}).");
    finding.otherwise = Some(
        "A device on the network path may interfere. Repeat the check from another network to find out.".to_owned(),
    );
    finding.fixes = vec![Fix::text(
        "Server operator: check that the key and the certificate match: openssl x509 -noout -pubkey -in cert.pem and openssl pkey -pubout -in key.pem must print the same",
    )];
    Some(finding)
}

/// The server's certificate is not for servers.
pub(super) fn misused(seen: CertificateContext<'_>, misuse: Misuse) -> Finding {
    let list = |uses: &Option<Vec<String>>| match uses.as_deref() {
        None | Some([]) => "nothing".to_owned(),
        Some(uses) => uses.join(", "),
    };
    let summary = match misuse {
        Misuse::ExtendedUsage => {
            let uses = list(&seen.leaf.extended_key_usage)
                .replace("clientAuth", "clients (clientAuth)")
                .replace("emailProtection", "mail (emailProtection)")
                .replace("codeSigning", "signing programs (codeSigning)");
            format!("the certificate is for {uses}, not for servers (serverAuth)")
        }
        Misuse::Usage => {
            format!("the key of the certificate is for {}, not for signing handshakes", list(&seen.leaf.key_usage))
        }
    };
    let cause = match misuse {
        Misuse::ExtendedUsage => "It was issued for another purpose. Programs that check this reject it.",
        Misuse::Usage => {
            "The server signs each handshake with this key, but its key usage lacks digitalSignature. GnuTLS and current browsers reject the connection."
        }
    };
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.cause = cause.to_owned();
    finding.fixes = vec![for_a_server()];
    finding
}

fn for_a_server() -> Fix {
    Fix::text(
        "Server operator: get a certificate for a TLS server: CA:FALSE, extended key usage serverAuth, key usage digitalSignature",
    )
}

/// A CA certificate as the server's: OpenSSL and GnuTLS accept it, so it is only a warning. Self-signed ones are left
/// out: `openssl req -x509` creates them with CA:TRUE.
pub(super) fn authority_as_server(seen: CertificateContext<'_>) -> Option<Finding> {
    if !seen.leaf.is_authority || seen.leaf.self_signed {
        return None;
    }
    let summary = "the certificate is that of a CA (CA:TRUE), not of a server".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.severity = Severity::Warning;
    finding.cause = "OpenSSL and GnuTLS accept it; programs with rustls and browsers reject it.".to_owned();
    finding.fixes = vec![for_a_server()];
    Some(finding)
}

pub(super) fn revoked(seen: CertificateContext<'_>) -> Finding {
    let summary = "the CA has revoked the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_REVOKED, Confidence::Certain, summary);
    finding.cause =
        "The OCSP response that the server sent with it reports this and is signed by the issuer. The usual reason is a compromised key."
            .to_owned();
    finding.fixes = vec![Fix::text("Server operator: immediately create a new key and get a new certificate for it")];
    finding
}

/// The certificate requires an OCSP response (must-staple, RFC 7633 §4.2.2), and the server does not send a valid one.
pub(super) fn staple_missing(seen: CertificateContext<'_>) -> Finding {
    let staple = seen.handshake.and_then(|handshake| handshake.staple.as_ref());
    let (what, cause) = match staple.map(|staple| (staple.fault, staple)) {
        None => ("the server sent none", "The server cannot send one, or could not fetch it"),
        Some((Some(fault), _)) => of_fault(fault),
        Some((None, _)) => ("the one that the server sent is out of date", "The server has not fetched a new one"),
    };
    let summary = format!("the certificate requires an OCSP response (must-staple), and {what}");
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_MISSING, Confidence::Certain, summary);
    finding.cause =
        format!("{cause}. Programs that enforce must-staple, including those with GnuTLS, reject the certificate.");
    finding.fixes = vec![Fix::text(
        "Server operator: get a certificate without must-staple, or switch OCSP stapling on if the server supports it (Exim: tls_ocsp_file)",
    )];
    finding
}

/// What is wrong with a response, and a possible reason.
fn of_fault(fault: StapleFault) -> (&'static str, &'static str) {
    match fault {
        StapleFault::Unreadable => {
            ("the one that the server sent cannot be read", "It is not an OCSP response, or the file is damaged")
        }
        StapleFault::ResponderError => (
            "the one that the server sent is an error of the OCSP responder",
            "The CA's OCSP responder had no answer when the server asked it",
        ),
        StapleFault::OtherCertificate => (
            "the first entry of the one that the server sent is not about this certificate",
            "The server still has the response for an earlier certificate",
        ),
        StapleFault::UnknownIssuer => (
            "the one that the server sent cannot be verified",
            "The certificate of the issuer was not sent and is not in the trust store",
        ),
        StapleFault::WrongSignature => (
            "the one that the server sent is not signed by the issuer",
            "The signature is neither by the issuer nor by a responder that the issuer authorized",
        ),
        StapleFault::OutOfDate => {
            ("the one that the server sent is out of date", "The server has not fetched a new one")
        }
    }
}

/// An invalid OCSP response, with a certificate that does not require one.
pub(super) fn staple_invalid(seen: CertificateContext<'_>, fault: StapleFault) -> Finding {
    let (what, cause) = of_fault(fault);
    let summary = format!("the OCSP response of the server is invalid: {what}");
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_UNUSABLE, Confidence::Certain, summary);
    finding.cause = format!(
        "{cause}. Clients that use GnuTLS close the connection; OpenSSL does not check the response by default."
    );
    finding.fixes = vec![Fix::text(
        "Server operator: fetch a new OCSP response for the current certificate and reload the mail service, or switch OCSP stapling off",
    )];
    finding
}

/// Features of a valid chain that not every client can verify.
pub(super) fn limited_clients(seen: CertificateContext<'_>) -> Vec<Finding> {
    let found = seen.presented.limits.iter().map(|limit| {
        let (rejecting, accepting) = (limit.rejected_by.join(", "), limit.accepted_by.join(" and "));
        let summary = format!("some clients cannot verify this: {} has {}", seen.called(limit.place), limit.what);
        let mut finding = seen.finding(&CERTIFICATE_LIMITED_CLIENTS, Confidence::Certain, summary);
        finding.cause = format!("{accepting} can verify it, but clients that use {rejecting} cannot.");
        finding.fixes =
            vec![Fix::text("Server operator: get a certificate without it if such clients must be able to connect")];
        finding
    });
    found.collect()
}
