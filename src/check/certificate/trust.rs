//! Who vouches for the certificate, and if nobody does, why: its own key, a private authority, a certificate that is
//! missing in the chain, a scanner on the way.

use super::super::{Confidence, Finding, Fix, in_shell};
use super::CertificateContext;
use super::dates::{ago, date, days};
use super::rules::{
    CERTIFICATE_CHAIN_INCOMPLETE, CERTIFICATE_INTERCEPTED, CERTIFICATE_NAME_CONSTRAINED, CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_UNTRUSTED,
};
use crate::evidence::{Certificate, ChainFault, NameMatch, PathFault, PathFaultKind, PathPlace, TrustStore};
use crate::lexicon::software;

/// A scanner or gateway that shows a certificate of its own.
pub(super) fn intercepted(seen: CertificateContext<'_>) -> Option<Finding> {
    let sign = software::by_certificate(&seen.leaf.subject, &seen.leaf.issuer, &seen.leaf.names)?;
    if !matches!(sign.kind.as_str(), "antivirus" | "gateway") {
        return None;
    }
    let summary = format!("the certificate is made by {}, not by the server", sign.meaning);
    let mut finding = seen.finding(&CERTIFICATE_INTERCEPTED, Confidence::Likely, summary);
    finding.cause = sign.means.clone();
    finding.otherwise = Some("the same check on another machine shows the server's own certificate".to_owned());
    finding.fixes = sign.fix.clone();
    Some(finding)
}

/// No path leads to an anchor.
pub(super) fn untrusted(seen: CertificateContext<'_>, why: ChainFault) -> Finding {
    let finding = match why {
        ChainFault::SelfSigned => self_signed(seen),
        ChainFault::UnknownIssuer => unknown_issuer(seen),
        ChainFault::NameConstraint => name_constrained(seen, &seen.leaf.names.join(", ")),
        ChainFault::Expired
        | ChainFault::Usage
        | ChainFault::WeakSignature
        | ChainFault::BadSignature
        | ChainFault::Malformed
        | ChainFault::Other => {
            let mut finding =
                broken(seen, "the chain does not verify".to_owned(), "what exactly was not seen".to_owned());
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(OLD_STORE.to_owned());
            finding
        }
    };
    with_sign(seen, finding)
}

/// A rule of path validation that a certificate breaks.
pub(super) fn of_path(seen: CertificateContext<'_>, fault: &PathFault) -> Finding {
    let who = match fault.at {
        PathPlace::Sent { place } => seen.called(place),
        PathPlace::Anchor => root(seen),
    };
    let rejected = |why: &str| format!("{why}; OpenSSL, GnuTLS or both reject such a chain");
    let (summary, cause) = match &fault.kind {
        PathFaultKind::NameConstraint { name } => return name_constrained(seen, name),
        PathFaultKind::WeakKey { key } => return super::keys::too_short(seen, &who, key),
        PathFaultKind::WeakSignature { hash } => (format!("{who} is signed with {hash}"), rejected("it can be forged")),
        PathFaultKind::UnsupportedNameConstraint => {
            let summary = format!("the authorities above {who} limit a kind of name that clients cannot compare");
            return constrained(seen, summary, "programs that meet such a limit refuse the chain");
        }
        PathFaultKind::TooManyNames => (
            format!("{who} has more names, and its authorities more name constraints, than are compared"),
            "comparing all of them would take too long; OpenSSL has such a limit, too".to_owned(),
        ),
        PathFaultKind::OutOfDate => {
            (format!("{who} {}", dates_of_root(seen)), rejected("a root that is out of date is not trusted any more"))
        }
        PathFaultKind::Unreadable => (format!("{who} cannot be read"), "it is no X.509 certificate in DER".to_owned()),
        PathFaultKind::TooLarge => (
            format!("{who} is too large"),
            "it has more than 64 KiB, and current libraries read no certificate of that size".to_owned(),
        ),
        PathFaultKind::OldVersion { version } => (
            format!("{who} is of X.509 version {version}, which does not allow extensions"),
            rejected(if fault.at == (PathPlace::Sent { place: 0 }) {
                "it has extensions, which are for version 3 (RFC 5280 section 4.1.2.9)"
            } else {
                "an authority needs extensions to say that it is one (RFC 5280 sections 4.1.2.9 and 6.1.4 (k))"
            }),
        ),
        PathFaultKind::NotAuthority => (
            format!("{who} signed a certificate and is not that of an authority"),
            rejected("basicConstraints with CA:TRUE is missing (RFC 5280 section 6.1.4 (k))"),
        ),
        PathFaultKind::MayNotSign => (
            format!("{who} may not sign certificates, and signed one"),
            rejected("its key usage lacks keyCertSign (RFC 5280 section 6.1.4 (n))"),
        ),
        PathFaultKind::PathTooLong { limit } => (
            format!("{who} allows {limit} authorities below it, and there are more"),
            rejected("its path length constraint is exceeded (RFC 5280 section 6.1.4 (l))"),
        ),
        PathFaultKind::PathTooLongWithSelfIssued { limit } => (
            format!("{who} allows {limit} authorities below it, and there are more if self-issued ones count"),
            "GnuTLS counts certificates whose issuer and subject are the same, and rejects such a chain; RFC 5280 section 6.1.4 (l) and OpenSSL do not count them".to_owned(),
        ),
        PathFaultKind::Proxy => (
            format!("{who} is a proxy certificate, or signed by means of one"),
            "proxy certificates are for users (RFC 3820), and OpenSSL rejects them unless a program allows them".to_owned(),
        ),
        PathFaultKind::CompressedKey => (
            format!("the key of {who} is a compressed point"),
            "GnuTLS reads uncompressed points only, and rejects it (RFC 5480 section 2.2: support is optional)".to_owned(),
        ),
        PathFaultKind::MissingFeature { feature } => (
            format!("{who} lacks the TLS feature {feature}, which its issuer requires"),
            "a certificate must have every TLS feature of the authorities above it (RFC 7633 section 4.2.2); GnuTLS rejects such a chain".to_owned(),
        ),
        PathFaultKind::AuthorityWithoutStaple => (
            format!("{who} promises an OCSP response for the certificate of an authority"),
            "it has the TLS feature status_request (must-staple), and GnuTLS rejects the chain without a response for it".to_owned(),
        ),
        PathFaultKind::CriticalExtension { extension } => (
            format!("{who} has a critical extension that not every client processes: {extension}"),
            rejected("a critical extension that is not processed makes a certificate invalid (RFC 5280 section 4.2)"),
        ),
        PathFaultKind::RepeatedExtension { extension } => (
            format!("{who} has the extension {extension} more than once"),
            rejected("each extension may stand there once (RFC 5280 section 4.2)"),
        ),
        PathFaultKind::UnreadableExtension { extension } => (
            format!("the extension {extension} of {who} is malformed"),
            rejected("its contents are not what the standard allows in it"),
        ),
        PathFaultKind::OtherUse => (
            format!("{who} is limited to other uses than TLS servers"),
            rejected("its extended key usage lacks serverAuth, or its Netscape type lacks the server"),
        ),
        PathFaultKind::OtherAuthorityKey => (
            format!("{who} names another key as its issuer's than the one that signed it"),
            rejected(
                "authorityKeyIdentifier and the certificate of the issuer do not agree (RFC 5280 section 4.2.1.1)",
            ),
        ),
        PathFaultKind::WrongSignature => (
            format!("the signature of {who} is wrong: it is not made by the key of its issuer"),
            rejected(
                "the certificate was changed, or the certificate that was found for its issuer has the same name and another key",
            ),
        ),
        PathFaultKind::AlgorithmsDiffer => (
            format!("{who} names two different algorithms for its signature"),
            rejected("both must be the same (RFC 5280 section 4.1.1.2)"),
        ),
        PathFaultKind::UnsupportedSignature { algorithm } => {
            let summary = format!("smtpcheck cannot verify the signature of {who}: {algorithm}");
            let cause = "smtpcheck does not support this algorithm, so it is not known whether the chain is valid";
            let mut finding = broken(seen, summary, cause.to_owned());
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("clients that support the algorithm may verify the chain".to_owned());
            return with_sign(seen, finding);
        }
    };
    let mut finding = broken(seen, summary, cause);
    if fault.at == PathPlace::Anchor {
        finding.fixes = vec![replaced_root(seen)];
    }
    with_sign(seen, finding)
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
            format!("Replace it in {path} by the current root certificate of the authority")
        }
        TrustStore::System { .. } | TrustStore::Mozilla { .. } => {
            "Update ca-certificates on this machine, or install a chain that leads to another root (server operator)"
                .to_owned()
        }
    })
}

/// What the names say about such a certificate is said with it.
fn with_sign(seen: CertificateContext<'_>, mut finding: Finding) -> Finding {
    // What the names say about such a certificate (a package's default, a hoster's, a test's) comes first.
    // One that was made for the very host that was asked for is no left-over of an installation.
    let is_for_host = |sign: &&software::CertificateSign| {
        let expected = match &seen.presented.name {
            NameMatch::Matches { expected } => Some(expected),
            NameMatch::Differs { .. } | NameMatch::Unreadable { .. } => None,
        };
        sign.kind == "default" && expected.is_some() && expected == seen.leaf.common_name.as_ref()
    };
    let sign = software::by_certificate(&seen.leaf.subject, &seen.leaf.issuer, &seen.leaf.names);
    if let Some(sign) = sign.filter(|sign| !is_for_host(sign)) {
        finding.consequences.push(sign.means.clone());
        finding.fixes.splice(0..0, sign.fix.iter().cloned());
    }
    finding
}

const OLD_STORE: &str = "if other machines accept it, the trust store here is old: update ca-certificates";

fn self_signed(seen: CertificateContext<'_>) -> Finding {
    let summary = "the certificate is self-signed: only the server itself vouches for it".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_SELF_SIGNED, Confidence::Certain, summary);
    let made = if seen.leaf.is_authority { ", as openssl req -x509 makes it" } else { "" };
    finding.cause =
        format!("subject and issuer are both {}{made}, and it is not in {}", seen.leaf.subject, store(seen));
    finding.fixes = vec![
        public_certificate(),
        Fix::run(
            "if the server is your own, save the certificate that it shows, on a network that you trust",
            format!("smtpcheck {} --show-chain -q -o ca.pem", seen.target()),
        ),
        own_authority(seen, "and then trust exactly that one"),
    ];
    finding
}

/// Nobody whom we trust signed the last certificate that we can follow to.
fn unknown_issuer(seen: CertificateContext<'_>) -> Finding {
    let last = last_followed(seen);
    // A certificate that says where its issuer's can be fetched is of an authority that expects this to work.
    let fetchable = seen.leaf.issuer_urls.first().filter(|_| std::ptr::eq(last, seen.leaf));
    if let Some(url) = fetchable {
        return incomplete(seen, url);
    }
    if last.self_signed {
        let summary = format!("the certificate leads to the root {}, which is not in {}", last.subject, store(seen));
        let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Likely, summary);
        finding.cause = "the authority is a private one; that its root is sent along makes nobody trust it".to_owned();
        finding.otherwise = Some(OLD_STORE.to_owned());
        finding.fixes = vec![own_authority(seen, "if the authority is your own, name its root"), public_certificate()];
        return finding;
    }
    let (kept, sent) = (seen.presented.chain.len(), seen.presented.chain_length);
    let summary = if sent > kept {
        let issuer = &last.issuer;
        format!(
            "the issuer {issuer} is not among the first {kept} of the {sent} certificates that the server sent, and only those are examined"
        )
    } else if std::ptr::eq(last, seen.leaf) {
        format!("the certificate is signed by {}, which leads to no root in {}", last.issuer, store(seen))
    } else {
        let (end, issuer) = (&last.subject, &last.issuer);
        format!("the chain ends at {end}: its issuer, {issuer}, was not sent and is not in {}", store(seen))
    };
    let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Likely, summary);
    finding.cause = if seen.presented.chain.len() == 1 {
        "the issuer is a private authority, or the intermediate certificate is missing: the server sent one certificate only".to_owned()
    } else {
        "the issuer is a private authority, or a certificate is missing in the chain".to_owned()
    };
    finding.otherwise = Some(OLD_STORE.to_owned());
    finding.fixes = vec![
        Fix::text("the operator installs the whole chain (fullchain.pem, not cert.pem), of a public authority"),
        own_authority(seen, "if the authority is your own, name its root"),
    ];
    finding
}

fn incomplete(seen: CertificateContext<'_>, url: &str) -> Finding {
    let sent = match seen.presented.chain_length {
        1 => "the server sends its own only".to_owned(),
        more => format!("none of the {more} that the server sends is it"),
    };
    let summary = format!("the certificate of its issuer, {}, is missing", seen.leaf.issuer);
    let mut finding = seen.finding(&CERTIFICATE_CHAIN_INCOMPLETE, Confidence::Likely, summary);
    finding.cause = format!(
        "{sent}, so programs that do not fetch it by themselves cannot follow the chain to a root; browsers do, mail programs do not"
    );
    finding.otherwise = Some(format!("the issuer may be a root that {} lacks; {OLD_STORE}", store(seen)));
    finding.fixes = vec![Fix::text(
        "the operator installs the whole chain (fullchain.pem, not cert.pem), the server's certificate first",
    )];
    // Who signs a certificate writes its address: it may be anything, and the command is made to be pasted.
    if is_web(url) {
        let command = format!("curl -O {}", in_shell(url));
        finding.fixes.push(Fix::run("the missing certificate is published by the authority", command));
    }
    finding
}

/// Whether this is an address of the web, in printable ASCII.
fn is_web(url: &str) -> bool {
    (url.starts_with("http://") || url.starts_with("https://")) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

fn name_constrained(seen: CertificateContext<'_>, name: &str) -> Finding {
    let summary = format!("an authority in the chain may not sign for {name}");
    constrained(seen, summary, "its name constraints exclude a name of the certificate")
}

fn constrained(seen: CertificateContext<'_>, summary: String, cause: &str) -> Finding {
    let mut finding = seen.finding(&CERTIFICATE_NAME_CONSTRAINED, Confidence::Certain, summary);
    finding.cause = cause.to_owned();
    finding.fixes =
        vec![Fix::text("the operator gets the certificate from an authority that may sign for all its names")];
    finding
}

fn broken(seen: CertificateContext<'_>, what: String, cause: String) -> Finding {
    let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Certain, what);
    finding.cause = cause;
    finding.fixes = vec![public_certificate(), own_authority(seen, "if the authority is your own, name its root")];
    finding
}

/// The certificate furthest from the leaf that can be reached by who signed whom.
fn last_followed<'a>(seen: CertificateContext<'a>) -> &'a Certificate {
    let chain = &seen.presented.chain;
    let mut last = seen.leaf;
    for _ in 0..chain.len() {
        match last.issued_by.and_then(|place| chain.get(place)) {
            Some(next) => last = next,
            None => break,
        }
    }
    last
}

fn store(seen: CertificateContext<'_>) -> String {
    match &seen.presented.store {
        TrustStore::System { .. } => "this machine's trust store".to_owned(),
        TrustStore::Mozilla { .. } => "Mozilla's roots (this machine has no trust store)".to_owned(),
        TrustStore::File { path, .. } => path.clone(),
    }
}

fn public_certificate() -> Fix {
    Fix::text(
        "the operator installs a certificate of a public authority, with the whole chain (fullchain.pem, not cert.pem)",
    )
}

fn own_authority(seen: CertificateContext<'_>, text: &str) -> Fix {
    Fix::run(text, format!("smtpcheck {} --cacert ca.pem", seen.target()))
}
