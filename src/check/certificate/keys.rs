//! Keys and signatures, what they may be used for, and what the authority says of them by OCSP.

use super::super::{Confidence, Finding, Fix, Severity};
use super::CertificateContext;
use super::rules::{
    CERTIFICATE_KEY_WEAK, CERTIFICATE_LIMITED_CLIENTS, CERTIFICATE_REVOKED, CERTIFICATE_SIGNATURE_INVALID,
    CERTIFICATE_SIGNATURE_WEAK, CERTIFICATE_STAPLE_MISSING, CERTIFICATE_STAPLE_UNUSABLE, CERTIFICATE_USAGE_WRONG,
};
use crate::evidence::{Misuse, PathFault, PathFaultKind, PathPlace, StapleFault};

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
        "clients want RSA with at least 2048 bits or a curve with at least 256, and refuse what is less".to_owned();
    finding.fixes = vec![Fix::text(
        "the operator makes a new key (EC P-256, or RSA with 2048 bits or more) and gets a certificate for it",
    )];
    finding
}

pub(super) fn weak_signature(seen: CertificateContext<'_>, place: usize, hash: &str) -> Finding {
    let summary = format!("{} is signed with {hash}", seen.called(place));
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_WEAK, Confidence::Certain, summary);
    finding.cause = format!("signatures with {hash} can be forged, and current programs refuse them");
    finding.fixes = vec![Fix::text(
        "the operator gets a new certificate, signed with SHA-256; a private authority changes its settings first",
    )];
    finding
}

/// Whether the server has the key of its certificate (RFC 8446 §4.4.3). Where the certificate cannot be read, that is the
/// fault, and its signature cannot be judged.
pub(super) fn proof(seen: CertificateContext<'_>, fault: &str) -> Option<Finding> {
    // Of a key that is too short, other libraries say the same, whatever the signature is; the key is the finding.
    let is_unreadable =
        |fault: &PathFault| fault.at == (PathPlace::Sent { place: 0 }) && fault.kind == PathFaultKind::Unreadable;
    let is_readable = seen.leaf.is_readable() && !seen.presented.faults.iter().any(is_unreadable);
    if !is_readable || seen.leaf.has_weak_key() {
        return None;
    }
    let summary = "the handshake is not signed by the key of the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_INVALID, Confidence::Likely, summary);
    finding.cause = format!("key and certificate of the server do not belong together ({fault})");
    finding.otherwise =
        Some("something on the way may interfere; the same check from another network tells".to_owned());
    finding.fixes = vec![Fix::text(
        "the operator checks that key and certificate belong together: the two commands openssl x509 -noout -pubkey -in cert.pem and openssl pkey -pubout -in key.pem must print the same",
    )];
    Some(finding)
}

/// The server's certificate excludes servers.
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
        Misuse::ExtendedUsage => "it was made for something else; programs that look at this refuse it",
        Misuse::Usage => {
            "the server signs each handshake with this key, and its key usage lacks digitalSignature; GnuTLS and current browsers reject the connection"
        }
    };
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.cause = cause.to_owned();
    finding.fixes = vec![for_a_server()];
    finding
}

fn for_a_server() -> Fix {
    Fix::text(
        "the operator gets a certificate for a TLS server: CA:FALSE, extended key usage serverAuth, key usage digitalSignature",
    )
}

/// An authority's certificate as a server's: OpenSSL and GnuTLS verify it, so it is no more than a warning. A certificate
/// that signs itself is made so by `openssl req -x509`.
pub(super) fn authority_as_server(seen: CertificateContext<'_>) -> Option<Finding> {
    if !seen.leaf.is_authority || seen.leaf.self_signed {
        return None;
    }
    let summary = "the certificate is that of an authority (CA:TRUE), not of a server".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.severity = Severity::Warning;
    finding.cause = "OpenSSL and GnuTLS verify it; programs with rustls and browsers reject it".to_owned();
    finding.fixes = vec![for_a_server()];
    Some(finding)
}

pub(super) fn revoked(seen: CertificateContext<'_>) -> Finding {
    let summary = "the authority has revoked the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_REVOKED, Confidence::Certain, summary);
    finding.cause =
        "the OCSP response that came with it says so, and the issuer has signed it; the reason is mostly a key that others know"
            .to_owned();
    finding.fixes = vec![Fix::text("the operator makes a new key and gets a new certificate for it, at once")];
    finding
}

/// What the certificate promises and the server does not keep (RFC 7633 §4.2.2).
pub(super) fn staple_missing(seen: CertificateContext<'_>) -> Finding {
    let staple = seen.handshake.and_then(|handshake| handshake.staple.as_ref());
    let (what, cause) = match staple.map(|staple| (staple.fault, staple)) {
        None => ("none came with it", "the server cannot send one, or could not fetch it"),
        Some((Some(fault), _)) => of_fault(fault),
        Some((None, _)) => ("the one that came is out of date", "the server has not fetched a new one"),
    };
    let summary = format!("the certificate promises an OCSP response, and {what}");
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_MISSING, Confidence::Certain, summary);
    finding.cause =
        format!("{cause}; programs that heed the promise (must-staple), GnuTLS among them, refuse the certificate");
    finding.fixes = vec![Fix::text(
        "the operator gets a certificate without must-staple, or switches stapling on where the server can (Exim: tls_ocsp_file)",
    )];
    finding
}

/// What is wrong with a response, and why that can be.
fn of_fault(fault: StapleFault) -> (&'static str, &'static str) {
    match fault {
        StapleFault::Unreadable => {
            ("the one that came cannot be read", "it is no OCSP response, or the file is damaged")
        }
        StapleFault::ResponderError => (
            "the one that came is an error of the responder",
            "the responder of the authority had no answer when the server asked it",
        ),
        StapleFault::OtherCertificate => (
            "the one that came is not about this certificate in the first place",
            "the server still has the response for an earlier certificate",
        ),
        StapleFault::UnknownIssuer => (
            "the one that came cannot be verified",
            "the certificate of the issuer was not sent and is not in the trust store",
        ),
        StapleFault::WrongSignature => (
            "the one that came is not signed by the issuer",
            "neither the issuer nor a responder that it authorized made the signature",
        ),
        StapleFault::OutOfDate => ("the one that came is out of date", "the server has not fetched a new one"),
    }
}

/// A response that is invalid, with a certificate that does not need one.
pub(super) fn staple_invalid(seen: CertificateContext<'_>, fault: StapleFault) -> Finding {
    let (what, cause) = of_fault(fault);
    let summary = format!("the OCSP response of the server is invalid: {what}");
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_UNUSABLE, Confidence::Certain, summary);
    finding.cause =
        format!("{cause}; clients with GnuTLS end the connection, and OpenSSL does not look at it by default");
    finding.fixes = vec![Fix::text(
        "Fetch a new OCSP response for the current certificate and reload the mail service, or switch stapling off (server operator)",
    )];
    finding
}

/// What not every client can verify (in a path that is valid).
pub(super) fn limited_clients(seen: CertificateContext<'_>) -> Vec<Finding> {
    let found = seen.presented.limits.iter().map(|limit| {
        let (rejecting, accepting) = (limit.rejected_by.join(", "), limit.accepted_by.join(" and "));
        let summary = format!("some clients cannot verify this: {} has {}", seen.called(limit.place), limit.what);
        let mut finding = seen.finding(&CERTIFICATE_LIMITED_CLIENTS, Confidence::Certain, summary);
        finding.cause = format!("{accepting} can verify it, and clients that use {rejecting} cannot");
        finding.fixes =
            vec![Fix::text("Get a certificate without it if such clients must be able to connect (server operator)")];
        finding
    });
    found.collect()
}
