//! Findings about certificates that violate a path validation rule.

use super::super::finding::{Finding, plural};
use super::context::CertificateContext;
use super::dates::{ago, date, days};
use super::keys;
use super::trust::{broken, constrained, name_constrained, store, with_sign};
use crate::evidence::{PathFault, PathFaultKind, PathPlace, TrustStore};
use crate::lexicon::{Confidence, Fix};

/// The finding about one violation. Some violations have their own rule.
pub(super) fn fault(seen: CertificateContext<'_>, fault: &PathFault) -> Finding {
    let who = match fault.at {
        PathPlace::Sent { place } => seen.called(place),
        PathPlace::Anchor => root(seen),
    };
    let summary = summary(seen, &who, &fault.kind);
    match &fault.kind {
        PathFaultKind::NameConstraint { name } => return name_constrained(seen, name),
        PathFaultKind::WeakKey { key } => return keys::too_short(seen, &who, key),
        PathFaultKind::UnsupportedNameConstraint => {
            return constrained(seen, summary, "Clients that cannot process such a constraint reject the chain.");
        }
        PathFaultKind::UnsupportedSignature { .. } => {
            let cause = "smtpcheck does not support this algorithm, so it cannot verify the chain. Many clients probably reject it.";
            let mut finding = broken(seen, summary, cause.to_owned());
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "The chain may be valid for clients that support the algorithm. Verify it with openssl verify to find out."
                    .to_owned(),
            );
            return with_sign(seen, finding);
        }
        _ => {}
    }
    let mut finding = broken(seen, summary, cause(fault));
    if fault.at == PathPlace::Anchor {
        finding.fixes = vec![replaced_root(seen)];
    }
    with_sign(seen, finding)
}

fn summary(seen: CertificateContext<'_>, who: &str, kind: &PathFaultKind) -> String {
    match kind {
        PathFaultKind::NameConstraint { name } => format!("a CA in the chain is not allowed to certify {name}"),
        PathFaultKind::WeakKey { key } => format!("the key of {who} is too weak: {key}"),
        PathFaultKind::WeakSignature { hash } => format!("{who} is signed with {hash}"),
        PathFaultKind::UnsupportedNameConstraint => {
            format!("the CAs above {who} have name constraints for a type of name that clients cannot compare")
        }
        PathFaultKind::TooManyNames => {
            format!("{who} and its CAs have too many names and name constraints to compare")
        }
        PathFaultKind::OutOfDate => format!("{who} {}", dates_of_root(seen)),
        PathFaultKind::Unreadable => format!("{who} cannot be read"),
        PathFaultKind::TooLarge => format!("{who} is too large"),
        PathFaultKind::OldVersion { version } => {
            format!("{who} has X.509 version {version}, which does not allow extensions")
        }
        PathFaultKind::NotAuthority => format!("{who} signed a certificate, but is not a CA certificate"),
        PathFaultKind::MayNotSign => format!("{who} signed a certificate, but is not allowed to sign certificates"),
        PathFaultKind::PathTooLong { limit } => {
            format!("{who} allows at most {} below it, but the chain has more", plural(*limit, "CA", "CAs"))
        }
        PathFaultKind::PathTooLongWithSelfIssued { limit } => {
            format!(
                "{who} allows at most {} below it, but the chain has more if self-issued certificates are counted",
                plural(*limit, "CA", "CAs")
            )
        }
        PathFaultKind::Proxy => format!("{who} is a proxy certificate, or was signed with one"),
        PathFaultKind::CompressedKey => format!("the key of {who} is a compressed point"),
        PathFaultKind::MissingFeature { feature } => {
            format!("{who} lacks the TLS feature {feature}, which its issuer requires")
        }
        PathFaultKind::AuthorityWithoutStaple => format!("{who} is a CA certificate that requires an OCSP response"),
        PathFaultKind::CriticalExtension { extension } => {
            format!("{who} has a critical extension that not every client processes: {extension}")
        }
        PathFaultKind::RepeatedExtension { extension } => format!("{who} has the extension {extension} more than once"),
        PathFaultKind::UnreadableExtension { extension } => format!("the extension {extension} of {who} is malformed"),
        PathFaultKind::OtherUse => format!("{who} is limited to purposes other than TLS servers"),
        PathFaultKind::OtherAuthorityKey => {
            format!("the issuer key that {who} specifies is not the key that signed it")
        }
        PathFaultKind::WrongSignature => {
            format!("the signature of {who} was not made with the key of its issuer")
        }
        PathFaultKind::AlgorithmsDiffer => format!("{who} specifies two different algorithms for its signature"),
        PathFaultKind::UnsupportedSignature { algorithm } => {
            format!("smtpcheck cannot verify the signature of {who}: {algorithm}")
        }
    }
}

fn cause(fault: &PathFault) -> String {
    let rejected = |why: &str| format!("{why}. OpenSSL, GnuTLS or both reject such a chain.");
    match &fault.kind {
        PathFaultKind::WeakSignature { .. } => rejected("Such a signature can be forged"),
        PathFaultKind::TooManyNames => {
            "Comparing all names with all constraints would take too long. OpenSSL has a similar limit.".to_owned()
        }
        PathFaultKind::OutOfDate => rejected("A root that has expired or is not valid yet is not trusted"),
        PathFaultKind::Unreadable => {
            "The data that the server sent is not an X.509 certificate in DER format.".to_owned()
        }
        PathFaultKind::TooLarge => {
            "The certificate is larger than 64 KiB. Current TLS libraries do not read certificates of that size."
                .to_owned()
        }
        PathFaultKind::OldVersion { .. } => rejected(if fault.at == (PathPlace::Sent { place: 0 }) {
            "The certificate has extensions, which only version 3 allows (RFC 5280 section 4.1.2.9)"
        } else {
            "A CA needs extensions that mark it as a CA (RFC 5280 sections 4.1.2.9 and 6.1.4 (k))"
        }),
        PathFaultKind::NotAuthority => {
            rejected("basicConstraints with CA:TRUE is missing (RFC 5280 section 6.1.4 (k))")
        }
        PathFaultKind::MayNotSign => {
            rejected("The key usage of the certificate lacks keyCertSign (RFC 5280 section 6.1.4 (n))")
        }
        PathFaultKind::PathTooLong { .. } => {
            rejected("The chain exceeds the path length constraint of the certificate (RFC 5280 section 6.1.4 (l))")
        }
        PathFaultKind::PathTooLongWithSelfIssued { .. } => {
            "GnuTLS counts certificates whose issuer and subject are the same, so it rejects the chain. RFC 5280 section 6.1.4 (l) and OpenSSL do not count them."
                .to_owned()
        }
        PathFaultKind::Proxy => {
            "Proxy certificates are for users, not for servers (RFC 3820). OpenSSL rejects them unless a program allows them."
                .to_owned()
        }
        PathFaultKind::CompressedKey => {
            "GnuTLS supports only uncompressed points, so it rejects the certificate. Support for compressed points is optional (RFC 5480 section 2.2)."
                .to_owned()
        }
        PathFaultKind::MissingFeature { .. } => {
            "A certificate must have every TLS feature that its CAs have (RFC 7633 section 4.2.2). GnuTLS rejects such a chain."
                .to_owned()
        }
        PathFaultKind::AuthorityWithoutStaple => {
            "The CA certificate has the TLS feature status_request (must-staple). GnuTLS rejects the chain if the server sends no OCSP response for it."
                .to_owned()
        }
        PathFaultKind::CriticalExtension { .. } => rejected(
            "A client must reject a certificate with a critical extension that it does not process (RFC 5280 section 4.2)",
        ),
        PathFaultKind::RepeatedExtension { .. } => {
            rejected("Each extension may occur only once (RFC 5280 section 4.2)")
        }
        PathFaultKind::UnreadableExtension { .. } => rejected("The contents of the extension violate the standard"),
        PathFaultKind::OtherUse => rejected(
            "The extended key usage of the certificate lacks serverAuth, or its Netscape certificate type lacks SSL server",
        ),
        PathFaultKind::OtherAuthorityKey => {
            rejected("authorityKeyIdentifier does not match the issuer's certificate (RFC 5280 section 4.2.1.1)")
        }
        PathFaultKind::WrongSignature => rejected(
            "The certificate was modified, or the CA certificate with the issuer's name has a different key",
        ),
        PathFaultKind::AlgorithmsDiffer => rejected("Both algorithms must be the same (RFC 5280 section 4.1.1.2)"),
        // `fault` handles these separately.
        PathFaultKind::NameConstraint { .. }
        | PathFaultKind::WeakKey { .. }
        | PathFaultKind::UnsupportedNameConstraint
        | PathFaultKind::UnsupportedSignature { .. } => String::new(),
    }
}

/// The name of the trust anchor in findings.
fn root(seen: CertificateContext<'_>) -> String {
    match &seen.presented.anchor {
        Some(anchor) => format!("the root {} in {}", anchor.subject, store(seen)),
        None => format!("the root in {}", store(seen)),
    }
}

fn dates_of_root(seen: CertificateContext<'_>) -> String {
    let dates = seen.presented.anchor.as_ref().and_then(|anchor| anchor.not_before.zip(anchor.not_after));
    match dates {
        Some((_, until)) if until < seen.now => format!("expired {} ({})", ago(days(until, seen.now)), date(until)),
        Some((from, _)) => format!("becomes valid on {}", date(from)),
        None => "is not valid at this time".to_owned(),
    }
}

fn replaced_root(seen: CertificateContext<'_>) -> Fix {
    Fix::text(match &seen.presented.store {
        TrustStore::File { path, .. } => {
            format!("Replace the root in {path} with the CA's current root certificate")
        }
        TrustStore::System { .. } | TrustStore::Mozilla { .. } => {
            "Update ca-certificates on this machine. Server operator: install a chain that leads to another root."
                .to_owned()
        }
    })
}
