//! Faults in the list of certificates that the server sent, and a long validity period. Most programs connect despite
//! these faults.

use jiff::Timestamp;

use super::super::finding::Finding;
use super::context::CertificateContext;
use super::rules::{CERTIFICATE_CHAIN_DISORDERED, CERTIFICATE_CHAIN_UNNECESSARY, CERTIFICATE_LIFETIME_LONG};
use crate::evidence::{Certificate, Presented};
use crate::lexicon::{Confidence, Fix};

/// A chain with more certificates than this is reported. A normal chain has three, or four with a cross-signed root.
const MANY: usize = 10;

/// The longest validity period, in days, that Apple's systems accept.
const LONG_DAYS: i64 = 825;

pub(super) fn oddities(seen: CertificateContext<'_>) -> Vec<Finding> {
    [disordered(seen), surplus(seen), long_lived(seen)].into_iter().flatten().collect()
}

/// RFC 8446 §4.4.2: the server's certificate is first, and each following certificate should certify the previous one,
/// so an issuer must follow the certificates that it signed.
fn disordered(seen: CertificateContext<'_>) -> Option<Finding> {
    let backwards =
        |(place, one): (usize, &Certificate)| one.issued_by.is_some_and(|issuer| issuer < place).then_some(place);
    let place = seen.presented.chain.iter().enumerate().find_map(backwards)?;
    let summary =
        format!("in the chain that the server sends, {} comes after its issuer's certificate", seen.called(place));
    let mut finding = seen.finding(&CERTIFICATE_CHAIN_DISORDERED, Confidence::Certain, summary);
    finding.cause =
        "The certificates in the server's file are in the wrong order: each certificate must come before its issuer's certificate. Most programs sort the certificates, but older programs fail."
            .to_owned();
    finding.fixes = vec![Fix::text(
        "Server operator: sort the certificates in the file. Put the server's certificate first, and put each issuer's certificate directly after the certificate that it issued.",
    )];
    Some(finding)
}

/// The fix for servers whose TLSA records are not known (RFC 7672 §3.1.2): the server must send the CA certificate that
/// a TLSA record with usage 2 matches.
pub(in crate::check) const KEEP_FOR_DANE: &str =
    "If you publish TLSA records with usage 2 (DANE), keep each certificate that one of the records matches";

fn surplus(seen: CertificateContext<'_>) -> Option<Finding> {
    let summary = unnecessary(seen.presented, seen.now, &[])?;
    let mut finding = seen.finding(&CERTIFICATE_CHAIN_UNNECESSARY, Confidence::Certain, summary);
    finding.cause =
        "The server's certificate file contains more than its own certificate and the necessary intermediate certificates. Each handshake is larger than necessary.".to_owned();
    finding.fixes = vec![Fix::text("Server operator: remove the unnecessary certificates from the file")];
    if seen.plan.target.port == 25 {
        finding.fixes.push(Fix::text(KEEP_FOR_DANE));
    }
    Some(finding)
}

/// The unnecessary certificates in a chain, as the summary of a finding; `None` if all are necessary. Clients do not
/// need the certificates at the positions `needed` to find a trusted root, but the server must send them for another
/// reason.
pub(in crate::check) fn unnecessary(presented: &Presented, now: Timestamp, needed: &[usize]) -> Option<String> {
    let chain = &presented.chain;
    let line: Vec<usize> = presented.lineage().into_iter().map(|(place, _)| place).collect();
    let mut parts: Vec<String> = Vec::new();
    for (place, one) in chain.iter().enumerate().skip(1) {
        let is_same = |other: &&Certificate| other.sha256 == one.sha256;
        let earlier = chain.iter().take(place).filter(is_same).count();
        if earlier > 1 {
            continue;
        } else if earlier == 1 {
            let times = match chain.iter().filter(is_same).count() {
                2 => "twice".to_owned(),
                times => format!("{times} times"),
            };
            parts.push(format!("{} (sent {times})", one.subject));
        } else if needed.contains(&place) {
            continue;
        } else if one.self_signed {
            parts.push(format!("{} (a root, which clients already have or do not trust)", one.subject));
        } else if one.is_readable() && !line.contains(&place) {
            let dated = if one.is_in_date(now) { "" } else { ", and not valid at this time" };
            parts.push(format!("{} (not needed{dated})", one.subject));
        } else if !one.is_readable() {
            parts.push("a certificate that cannot be read".to_owned());
        }
    }
    if presented.chain_length > MANY {
        parts.push(format!("{} certificates in total", presented.chain_length));
    }
    let shown = parts.len().min(3);
    let more = if parts.len() > shown { format!("; and {} more", parts.len() - shown) } else { String::new() };
    let list = parts.get(..shown).filter(|shown| !shown.is_empty())?.join("; ");
    Some(format!("the server sends unnecessary certificates: {list}{more}"))
}

fn long_lived(seen: CertificateContext<'_>) -> Option<Finding> {
    let leaf = seen.leaf;
    let days = leaf.not_after.duration_since(leaf.not_before).as_hours() / 24;
    if !leaf.is_readable() || days <= LONG_DAYS {
        return None;
    }
    let summary = format!("the certificate is valid for {days} days");
    let mut finding = seen.finding(&CERTIFICATE_LIFETIME_LONG, Confidence::Certain, summary);
    finding.cause = format!(
        "Apple's systems reject server certificates that are valid for more than {LONG_DAYS} days, including certificates from private CAs."
    );
    finding.fixes = vec![Fix::text(
        "Server operator: use a certificate that is valid for a year or less, and renew it automatically",
    )];
    Some(finding)
}
