//! Rules of path validation that a certificate violates.

use super::super::finding::Finding;
use super::context::CertificateContext;
use super::dates::{ago, date, days};
use super::keys;
use super::trust::{broken, constrained, name_constrained, store, with_sign};
use crate::evidence::{PathFault, PathFaultKind, PathPlace, TrustStore};
use crate::lexicon::{Confidence, Fix};

/// The finding about one violation. A few kinds have a rule of their own.
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
            return constrained(seen, summary, "Programs that encounter such a constraint reject the chain.");
        }
        PathFaultKind::UnsupportedSignature { .. } => {
            let cause = "smtpcheck does not support this algorithm, so it is not known whether the chain is valid.";
            let mut finding = broken(seen, summary, cause.to_owned());
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("Clients that support the algorithm may verify the chain.".to_owned());
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
            format!("the name constraints of the CAs above {who} limit a kind of name that clients cannot compare")
        }
        PathFaultKind::TooManyNames => {
            format!("{who} has more names, and its CAs more name constraints, than are compared")
        }
        PathFaultKind::OutOfDate => format!("{who} {}", dates_of_root(seen)),
        PathFaultKind::Unreadable => format!("{who} cannot be read"),
        PathFaultKind::TooLarge => format!("{who} is too large"),
        PathFaultKind::OldVersion { version } => {
            format!("{who} is of X.509 version {version}, which does not allow extensions")
        }
        PathFaultKind::NotAuthority => format!("{who} signed a certificate, but is not that of a CA"),
        PathFaultKind::MayNotSign => format!("{who} is not allowed to sign certificates, but signed one"),
        PathFaultKind::PathTooLong { limit } => format!("{who} allows {limit} CAs below it, but there are more"),
        PathFaultKind::PathTooLongWithSelfIssued { limit } => {
            format!("{who} allows {limit} CAs below it, but there are more if self-issued ones count")
        }
        PathFaultKind::Proxy => format!("{who} is a proxy certificate, or was signed with one"),
        PathFaultKind::CompressedKey => format!("the key of {who} is a compressed point"),
        PathFaultKind::MissingFeature { feature } => {
            format!("{who} lacks the TLS feature {feature}, which its issuer requires")
        }
        PathFaultKind::AuthorityWithoutStaple => format!("{who} requires an OCSP response for the certificate of a CA"),
        PathFaultKind::CriticalExtension { extension } => {
            format!("{who} has a critical extension that not every client processes: {extension}")
        }
        PathFaultKind::RepeatedExtension { extension } => format!("{who} has the extension {extension} more than once"),
        PathFaultKind::UnreadableExtension { extension } => format!("the extension {extension} of {who} is malformed"),
        PathFaultKind::OtherUse => format!("{who} is limited to other uses than TLS servers"),
        PathFaultKind::OtherAuthorityKey => format!("{who} names a different issuer key than the one that signed it"),
        PathFaultKind::WrongSignature => {
            format!("the signature of {who} is wrong: it was not made with the key of its issuer")
        }
        PathFaultKind::AlgorithmsDiffer => format!("{who} names two different algorithms for its signature"),
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
            "Comparing all of them would take too long. OpenSSL has a similar limit.".to_owned()
        }
        PathFaultKind::OutOfDate => rejected("An expired or not yet valid root is not trusted"),
        PathFaultKind::Unreadable => "It is not an X.509 certificate in DER format.".to_owned(),
        PathFaultKind::TooLarge => {
            "It is larger than 64 KiB, and current TLS libraries do not read certificates of that size.".to_owned()
        }
        PathFaultKind::OldVersion { .. } => rejected(if fault.at == (PathPlace::Sent { place: 0 }) {
            "It has extensions, which only version 3 allows (RFC 5280 section 4.1.2.9)"
        } else {
            "A CA needs extensions that mark it as a CA (RFC 5280 sections 4.1.2.9 and 6.1.4 (k))"
        }),
        PathFaultKind::NotAuthority => {
            rejected("basicConstraints with CA:TRUE is missing (RFC 5280 section 6.1.4 (k))")
        }
        PathFaultKind::MayNotSign => rejected("Its key usage lacks keyCertSign (RFC 5280 section 6.1.4 (n))"),
        PathFaultKind::PathTooLong { .. } => {
            rejected("Its path length constraint is exceeded (RFC 5280 section 6.1.4 (l))")
        }
        PathFaultKind::PathTooLongWithSelfIssued { .. } => {
            "GnuTLS counts certificates whose issuer and subject are the same, and rejects such a chain. RFC 5280 section 6.1.4 (l) and OpenSSL do not count them."
                .to_owned()
        }
        PathFaultKind::Proxy => {
            "Proxy certificates are for users (RFC 3820). OpenSSL rejects them unless a program allows them.".to_owned()
        }
        PathFaultKind::CompressedKey => {
            "GnuTLS supports only uncompressed points and rejects it (RFC 5480 section 2.2: support is optional)."
                .to_owned()
        }
        PathFaultKind::MissingFeature { .. } => {
            "A certificate must have every TLS feature of the CAs above it (RFC 7633 section 4.2.2). GnuTLS rejects such a chain."
                .to_owned()
        }
        PathFaultKind::AuthorityWithoutStaple => {
            "It has the TLS feature status_request (must-staple), and GnuTLS rejects the chain without a response for it."
                .to_owned()
        }
        PathFaultKind::CriticalExtension { .. } => rejected(
            "A critical extension that a client does not process makes a certificate invalid (RFC 5280 section 4.2)",
        ),
        PathFaultKind::RepeatedExtension { .. } => {
            rejected("Each extension may occur only once (RFC 5280 section 4.2)")
        }
        PathFaultKind::UnreadableExtension { .. } => rejected("Its contents violate the standard"),
        PathFaultKind::OtherUse => {
            rejected("Its extended key usage lacks serverAuth, or its Netscape certificate type lacks SSL server")
        }
        PathFaultKind::OtherAuthorityKey => {
            rejected("authorityKeyIdentifier does not match the certificate of the issuer (RFC 5280 section 4.2.1.1)")
        }
        PathFaultKind::WrongSignature => rejected(
            "The certificate was modified, or the certificate that was found for its issuer has the same name but another key",
        ),
        PathFaultKind::AlgorithmsDiffer => rejected("Both must be the same (RFC 5280 section 4.1.1.2)"),
        // These have a rule or a cause of their own.
        PathFaultKind::NameConstraint { .. }
        | PathFaultKind::WeakKey { .. }
        | PathFaultKind::UnsupportedNameConstraint
        | PathFaultKind::UnsupportedSignature { .. } => String::new(),
    }
}

/// How a finding names the anchor.
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
        None => "is out of date".to_owned(),
    }
}

fn replaced_root(seen: CertificateContext<'_>) -> Fix {
    Fix::text(match &seen.presented.store {
        TrustStore::File { path, .. } => {
            format!("Replace it in {path} with the current root certificate of the CA")
        }
        TrustStore::System { .. } | TrustStore::Mozilla { .. } => {
            "Update ca-certificates on this machine. Server operator: or install a chain that leads to another root."
                .to_owned()
        }
    })
}
