//! Keys and signatures, what they may be used for, and what the authority says of them by OCSP.

use super::super::{Confidence, Finding, Fix, Severity};
use super::Seen;
use super::rules::{
    CERTIFICATE_KEY_WEAK, CERTIFICATE_REVOKED, CERTIFICATE_SIGNATURE_INVALID, CERTIFICATE_SIGNATURE_WEAK,
    CERTIFICATE_STAPLE_MISSING, CERTIFICATE_USAGE_WRONG,
};
use crate::evidence::{Certificate, StapleStatus};

/// What a program that verifies refuses.
pub(super) fn faults(seen: Seen<'_>) -> Vec<Finding> {
    let mut faults = Vec::new();
    faults.extend(weak_key(seen));
    faults.extend(weak_signature(seen));
    faults.extend(proof(seen));
    faults.extend(usage(seen));
    faults.extend(revoked(seen));
    faults
}

pub(super) fn is_weak(one: &Certificate) -> bool {
    let least = match one.key.split(' ').next() {
        Some("RSA") => 2048,
        Some("EC") => 256,
        Some("DSA") => return true,
        _ => return false,
    };
    one.key_bits.is_some_and(|bits| bits < least)
}

fn weak_key(seen: Seen<'_>) -> Option<Finding> {
    let (place, one) = seen.lineage().into_iter().find(|(_, one)| is_weak(one))?;
    let summary = format!("the key of {} is too weak: {}", seen.called(place), one.key);
    let mut finding = seen.finding(&CERTIFICATE_KEY_WEAK, Confidence::Certain, summary);
    finding.cause =
        "clients want RSA with at least 2048 bits or a curve with at least 256, and refuse what is less".to_owned();
    finding.fixes = vec![Fix::text(
        "the operator makes a new key (EC P-256, or RSA with 2048 bits or more) and gets a certificate for it",
    )];
    Some(finding)
}

/// The hash of a signature that can be forged. What signs itself is not believed for its signature.
pub(super) fn forgeable(one: &Certificate) -> Option<&'static str> {
    let name = one.signature.to_ascii_lowercase();
    ["md2", "md5", "sha1"].into_iter().find(|hash| name.contains(hash) && !one.self_signed)
}

fn weak_signature(seen: Seen<'_>) -> Option<Finding> {
    let (place, hash) = seen.lineage().into_iter().find_map(|(place, one)| Some((place, forgeable(one)?)))?;
    let hash = if hash == "sha1" { "SHA-1".to_owned() } else { hash.to_ascii_uppercase() };
    let summary = format!("{} is signed with {hash}", seen.called(place));
    let mut finding = seen.finding(&CERTIFICATE_SIGNATURE_WEAK, Confidence::Certain, summary);
    finding.cause = format!("signatures with {hash} can be forged, and current programs refuse them");
    finding.fixes = vec![Fix::text(
        "the operator gets a new certificate, signed with SHA-256; a private authority changes its settings first",
    )];
    Some(finding)
}

/// Whether the server has the key of its certificate (RFC 8446 §4.4.3).
fn proof(seen: Seen<'_>) -> Option<Finding> {
    let fault = seen.handshake?.signature_fault.as_ref()?;
    // With a key that is too short, or a certificate that cannot be read or is of version 1, the library says the same.
    if is_weak(seen.leaf) || seen.leaf.version < 3 {
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

/// What a server's certificate was made for in the place of servers. In this order: an authority's certificate, an
/// extended usage without serverAuth, a usage without digitalSignature.
pub(super) fn misuse(leaf: &Certificate) -> Option<(String, Severity)> {
    let lacks = |uses: &Option<Vec<String>>, any_of: &[&str]| {
        uses.as_ref().is_some_and(|uses| !uses.iter().any(|one| any_of.contains(&one.as_str())))
    };
    let list = |uses: &Option<Vec<String>>| match uses.as_deref() {
        None | Some([]) => "nothing".to_owned(),
        Some(uses) => uses.join(", "),
    };
    if leaf.is_authority && !leaf.self_signed {
        Some(("the certificate is that of an authority (CA:TRUE), not of a server".to_owned(), Severity::Error))
    } else if lacks(&leaf.extended_key_usage, &["serverAuth", "anyExtendedKeyUsage"]) {
        let uses = list(&leaf.extended_key_usage)
            .replace("clientAuth", "clients (clientAuth)")
            .replace("emailProtection", "mail (emailProtection)")
            .replace("codeSigning", "signing programs (codeSigning)");
        let summary = format!("the certificate is for {uses}, not for servers (serverAuth)");
        Some((summary, Severity::Error))
    } else if lacks(&leaf.key_usage, &["digitalSignature"]) && !leaf.self_signed {
        let summary =
            format!("the key of the certificate is for {}, not for signing handshakes", list(&leaf.key_usage));
        Some((summary, Severity::Warning))
    } else {
        None
    }
}

fn usage(seen: Seen<'_>) -> Option<Finding> {
    let (summary, severity) = misuse(seen.leaf)?;
    let mut finding = seen.finding(&CERTIFICATE_USAGE_WRONG, Confidence::Certain, summary);
    finding.severity = severity;
    finding.cause = "it was made for something else; programs that look at this refuse it".to_owned();
    finding.fixes = vec![Fix::text(
        "the operator gets a certificate for a TLS server: CA:FALSE, extended key usage serverAuth, key usage digitalSignature",
    )];
    Some(finding)
}

fn revoked(seen: Seen<'_>) -> Option<Finding> {
    seen.handshake?.staple.as_ref().filter(|staple| staple.status == StapleStatus::Revoked)?;
    let summary = "the authority has revoked the certificate".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_REVOKED, Confidence::Likely, summary);
    finding.cause =
        "the OCSP response that came with it says so; the reason is mostly a key that others know".to_owned();
    finding.otherwise =
        Some("the response is not checked for who signed it; the authority's own page tells".to_owned());
    finding.fixes = vec![Fix::text("the operator makes a new key and gets a new certificate for it, at once")];
    Some(finding)
}

/// What the certificate promises and the server does not keep (RFC 7633 §4.2.2).
pub(super) fn promises(seen: Seen<'_>) -> Option<Finding> {
    let handshake = seen.handshake.filter(|_| seen.leaf.must_staple)?;
    let (summary, cause) = match &handshake.staple {
        None => (
            "the certificate promises an OCSP response, and none came with it".to_owned(),
            "the server cannot send one, or could not fetch it",
        ),
        Some(staple) if staple.next_update.is_some_and(|until| until < seen.now) => (
            "the certificate promises an OCSP response, and the one that came is out of date".to_owned(),
            "the server has not fetched a new one",
        ),
        Some(_) => return None,
    };
    let mut finding = seen.finding(&CERTIFICATE_STAPLE_MISSING, Confidence::Certain, summary);
    finding.cause = format!("{cause}; programs that heed the promise (must-staple) refuse the certificate");
    finding.fixes = vec![Fix::text(
        "the operator gets a certificate without must-staple, or switches stapling on where the server can (Exim: tls_ocsp_file)",
    )];
    Some(finding)
}
