//! Who vouches for the certificate, and if nobody does, why: its own key, a private authority, a certificate that is
//! missing in the chain, a scanner on the way.

use super::super::{Confidence, Finding, Fix, in_shell};
use super::Seen;
use super::keys::is_weak;
use super::rules::{
    CERTIFICATE_CHAIN_INCOMPLETE, CERTIFICATE_EXPIRED, CERTIFICATE_INTERCEPTED, CERTIFICATE_INTERMEDIATE_EXPIRED,
    CERTIFICATE_NAME_CONSTRAINED, CERTIFICATE_SELF_SIGNED, CERTIFICATE_SIGNATURE_WEAK, CERTIFICATE_UNTRUSTED,
    CERTIFICATE_USAGE_WRONG,
};
use crate::evidence::{Certificate, ChainFault, NameMatch, Trust, TrustStore};
use crate::lexicon::software;

/// The fault, unless one of the rules that fired already explains it.
pub(super) fn fault(seen: Seen<'_>, explained: &[&str]) -> Option<Finding> {
    let Trust::Untrusted { why, detail } = &seen.presented.trust else { return None };
    let told = |rules: &[&super::super::Rule]| rules.iter().any(|rule| explained.contains(&rule.id));
    let is_told = match why {
        ChainFault::Expired => told(&[&CERTIFICATE_EXPIRED, &CERTIFICATE_INTERMEDIATE_EXPIRED]),
        ChainFault::WeakSignature => told(&[&CERTIFICATE_SIGNATURE_WEAK]),
        ChainFault::Usage => told(&[&CERTIFICATE_USAGE_WRONG]),
        // The library does not look at signatures by a key that is too short, and calls them wrong.
        ChainFault::BadSignature => seen.lineage().iter().any(|(place, one)| *place > 0 && is_weak(one)),
        ChainFault::SelfSigned
        | ChainFault::UnknownIssuer
        | ChainFault::NameConstraint
        | ChainFault::Malformed
        | ChainFault::Other => false,
    };
    if is_told { None } else { Some(intercepted(seen).unwrap_or_else(|| untrusted(seen, *why, detail))) }
}

fn intercepted(seen: Seen<'_>) -> Option<Finding> {
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

fn untrusted(seen: Seen<'_>, why: ChainFault, detail: &str) -> Finding {
    let mut finding = match why {
        ChainFault::SelfSigned => self_signed(seen),
        ChainFault::UnknownIssuer => unknown_issuer(seen),
        ChainFault::NameConstraint => name_constrained(seen),
        ChainFault::Expired => broken(seen, "no moment is in date for all certificates of the chain", detail),
        ChainFault::Usage => broken(seen, "the chain holds a certificate that is not meant for this use", detail),
        ChainFault::WeakSignature => {
            broken(seen, "a signature in the chain is of a kind that is not accepted any more", detail)
        }
        ChainFault::BadSignature => broken(seen, "a signature in the chain is wrong", detail),
        ChainFault::Malformed if seen.leaf.version == 1 => {
            broken(seen, "the certificate is of X.509 version 1, from before names and uses could be told", detail)
        }
        ChainFault::Malformed if seen.leaf.is_readable() => broken(
            seen,
            "the certificate is too large, or formed in a way that current libraries do not accept",
            detail,
        ),
        ChainFault::Malformed => broken(seen, "the certificate cannot be read", detail),
        ChainFault::Other => {
            let mut finding = broken(seen, "the chain does not verify", detail);
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(OLD_STORE.to_owned());
            finding
        }
    };
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

fn self_signed(seen: Seen<'_>) -> Finding {
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
fn unknown_issuer(seen: Seen<'_>) -> Finding {
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
    let summary = if std::ptr::eq(last, seen.leaf) {
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

fn incomplete(seen: Seen<'_>, url: &str) -> Finding {
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

fn name_constrained(seen: Seen<'_>) -> Finding {
    let summary = format!("an authority in the chain may not sign for {}", seen.leaf.names.join(", "));
    let mut finding = seen.finding(&CERTIFICATE_NAME_CONSTRAINED, Confidence::Certain, summary);
    finding.cause = "its name constraints exclude a name of the certificate".to_owned();
    finding.fixes =
        vec![Fix::text("the operator gets the certificate from an authority that may sign for all its names")];
    finding
}

fn broken(seen: Seen<'_>, what: &str, detail: &str) -> Finding {
    let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Certain, what.to_owned());
    finding.cause = format!("programs that verify refuse such a chain ({detail})");
    finding.fixes = vec![public_certificate(), own_authority(seen, "if the authority is your own, name its root")];
    finding
}

/// The certificate furthest from the leaf that can be reached by who signed whom.
fn last_followed<'a>(seen: Seen<'a>) -> &'a Certificate {
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

fn store(seen: Seen<'_>) -> String {
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

fn own_authority(seen: Seen<'_>, text: &str) -> Fix {
    Fix::run(text, format!("smtpcheck {} --cacert ca.pem", seen.target()))
}
