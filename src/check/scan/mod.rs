//! The TLS scan (`--tls-scan`): the versions, cipher suites, groups and certificates that a server accepts, not only
//! those that it chose in the session with smtpcheck. smtpcheck sends ClientHellos one after the other and completes
//! none of the handshakes.
//!
//! Read next: [`order`], the order of the ClientHellos and the reasons for this order; [`results`], the results of a
//! scan; [`profile`], the comparison with published profiles.
//!
//! If a server rejects a connection during the scan, it is limiting the rate of connections (throttling). The scan then
//! stops, and items that were not tested are unknown, never "no". If a server only closes the connection, it may object
//! to what the ClientHello offered, or to the client itself. This counts as "no" only if the server responds to a later
//! ClientHello. To test this, the scan ends with the ClientHello of a current client.

mod order;
mod profile;
mod results;
mod rules;
mod seen;
mod stop;
#[cfg(test)]
mod tests;

use super::finding::{Check, Finding, Severity};
use super::{certificate, clients};
use crate::evidence::{Evidence, Phase};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::{HelloRequest, Offer, Question};
use crate::wire::tls::{Version, WeakClass};

pub use profile::{Deviation, Level, ProfileVerdict, Topic, verdict};
pub use results::{CertificateSeen, Features, Preference, Scan, SuiteSeen, VersionSeen, WeakSeen, results};

pub use seen::Support;

use results::chains;
use rules::{TLS_FALLBACK_UNPROTECTED, TLS_OLD_VERSION_ACCEPTED, TLS_SCAN_INCONCLUSIVE, TLS_WEAK_SUITE_ACCEPTED};
use seen::{One, Seen};
use stop::{is_rejected, stopped};

pub static CHECK: Check = Check { subject: "scan", ask, judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    if !plan.tls.scan {
        return Vec::new();
    }
    let Some(seen) = Seen::of(evidence).filter(|seen| seen.session.is_over() && seen.has_tls()) else {
        return Vec::new();
    };
    let is_busy = seen.hellos.iter().any(|one| !one.hello.probe.is_over());
    if is_busy || stopped(&seen).is_some() {
        return Vec::new();
    }
    let next = order::next(&seen, plan.tls.scan_depth);
    next.map(|offer| Question::Hello(HelloRequest::new(plan, offer))).into_iter().collect()
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(scan) = results(plan, evidence) else { return Vec::new() };
    let Some(seen) = Seen::of(evidence) else { return Vec::new() };
    let mut findings: Vec<Finding> = [
        old_versions(&seen, &scan),
        weak_suites(&seen, &scan),
        renegotiation(evidence, &seen),
        fallback(&seen, &scan),
        extended_master_secret(evidence, &seen, &scan),
    ]
    .into_iter()
    .flatten()
    .collect();
    // Between mail servers, an old version is better than no encryption (RFC 7435).
    if plan.target.port == 25 {
        for finding in &mut findings {
            finding.severity = Severity::Notice;
            finding.consequences.push(
                "Between mail servers, weak encryption is better than no encryption. Mail programs must not use it."
                    .to_owned(),
            );
        }
    }
    for (hello, presented) in chains(seen.session, evidence) {
        let Some(hello) = hello else { continue };
        findings.extend(certificate::of_probe(plan, evidence, hello.probe.id, presented));
    }
    // If the server does not use TLS, another finding explains the reason.
    if seen.has_tls() {
        findings.extend(inconclusive(&scan, &seen));
        findings.extend(profile::finding(plan, evidence));
    }
    findings
}

fn old_versions(seen: &Seen<'_>, scan: &Scan) -> Option<Finding> {
    let is_old = |one: &&VersionSeen| one.version < Version::Tls12 && one.accepted == Support::Yes;
    let mut old: Vec<String> = scan.versions.iter().filter(is_old).map(|one| one.version.to_string()).collect();
    if scan.sslv2 == Support::Yes {
        old.push("SSLv2".to_owned());
    }
    if old.is_empty() {
        return None;
    }
    let summary = format!("the server still accepts {}", in_a_row(&old));
    let mut finding = Finding::new(&TLS_OLD_VERSION_ACCEPTED, Phase::Tls, Confidence::Certain, summary);
    // The finding refers to one ClientHello for each version, because --tls-scan=full sends dozens.
    let mut versions = Vec::new();
    for one in &seen.hellos {
        let Some(taken) = one.taken.filter(|taken| taken.version < Version::Tls12) else { continue };
        if !versions.contains(&taken.version) {
            versions.push(taken.version);
            finding = finding.tried(one.hello.probe.id);
        }
    }
    if let Some(one) = seen.by(&Offer::Sslv2).filter(|_| scan.sslv2 == Support::Yes) {
        finding = finding.tried(one.hello.probe.id);
    }
    finding.cause =
        "These versions are deprecated, because they have known weaknesses. An on-path attacker may be able to downgrade clients to them."
            .to_owned();
    finding.fixes = vec![Fix::run(
        "Server operator: disable these versions (command for Postfix)",
        "postconf -e smtpd_tls_protocols='>=TLSv1.2' smtpd_tls_mandatory_protocols='>=TLSv1.2'",
    )];
    Some(finding)
}

/// The shortest acceptable Diffie-Hellman prime, in bits. With enough computing power, shorter primes can be broken by
/// precomputation (RFC 9325 §4.1, Logjam).
const LEAST_PRIME: u32 = 2048;

fn weak_suites(seen: &Seen<'_>, scan: &Scan) -> Option<Finding> {
    let accepted: Vec<&WeakSeen> = scan.weak.iter().filter(|weak| weak.accepted == Support::Yes).collect();
    let short = seen
        .hellos
        .iter()
        .find(|one| one.taken.is_some_and(|taken| taken.dh_bits.is_some_and(|bits| bits < LEAST_PRIME)));
    let bits = scan.dh_bits.filter(|bits| *bits < LEAST_PRIME);
    if accepted.is_empty() && bits.is_none() {
        return None;
    }
    let mut what: Vec<String> = accepted
        .iter()
        .map(|weak| match weak.suites.first() {
            Some(suite) => format!("{} ({} in {})", weak.class, suite.name, suite.version),
            None => weak.class.to_string(),
        })
        .collect();
    what.extend(bits.map(|bits| format!("Diffie-Hellman with a prime of {bits} bits")));
    let summary = format!("the server accepts weak cipher suites: {}", what.join(", "));
    let mut finding = Finding::new(&TLS_WEAK_SUITE_ACCEPTED, Phase::Tls, Confidence::Certain, summary);
    for weak in &accepted {
        let shows = |one: &&One<'_>| one.taken.is_some_and(|taken| weak.class.has(&taken.suite_name));
        if let Some(one) = seen.hellos.iter().find(shows) {
            finding = finding.tried(one.hello.probe.id);
        }
    }
    if let Some(one) = short {
        finding = finding.tried(one.hello.probe.id);
    }
    let mut causes: Vec<&str> = accepted.iter().map(|weak| why_weak(weak.class)).collect();
    if bits.is_some() {
        causes.push("OpenSSL 3 and other current clients reject Diffie-Hellman with such a short prime");
    }
    finding.cause = format!("{}. Only clients that offer such a suite are affected.", causes.join(". "));
    // Postfix accepts anonymous suites by default, because most mail servers do not verify certificates.
    let is_only_anonymous = bits.is_none() && accepted.iter().all(|weak| weak.class == WeakClass::Anonymous);
    if is_only_anonymous {
        finding.severity = Severity::Notice;
    }
    if !accepted.is_empty() {
        let excluded: Vec<&str> = accepted.iter().map(|weak| openssl_name(weak.class)).collect();
        finding.fixes.push(Fix::run(
            "Server operator: exclude these cipher suites (command for Postfix)",
            format!("postconf -e smtpd_tls_ciphers=medium smtpd_tls_exclude_ciphers={}", excluded.join(",")),
        ));
    }
    if bits.is_some() {
        finding.fixes.push(Fix::run(
            "Server operator: use a prime of at least 2048 bits, or disable ephemeral Diffie-Hellman (command for Postfix 3.7 or later)",
            "postconf -e smtpd_tls_dh1024_param_file=auto",
        ));
    }
    Some(finding)
}

fn why_weak(class: WeakClass) -> &'static str {
    match class {
        WeakClass::Null => {
            "NULL suites do not encrypt, so an eavesdropper can read the entire session, including passwords"
        }
        WeakClass::Anonymous => {
            "Anonymous suites do not authenticate the server, so an on-path attacker can impersonate it"
        }
        WeakClass::Export => {
            "EXPORT suites use RSA or Diffie-Hellman keys of 512 bits (FREAK, Logjam) or cipher keys of 40 or 56 bits, which can be broken in hours"
        }
        WeakClass::Rc4 => "RC4 leaks parts of the encrypted data, and RFC 7465 forbids it",
        WeakClass::Des => "DES has keys of 56 bits, which can be broken in hours",
        WeakClass::TripleDes => "3DES uses blocks of 64 bits, which leaks data in long sessions (Sweet32)",
        WeakClass::SmallBlock => "RC2 and IDEA use blocks of 64 bits, which leaks data in long sessions (Sweet32)",
    }
}

/// The name of the class in the cipher lists of OpenSSL and Postfix.
fn openssl_name(class: WeakClass) -> &'static str {
    match class {
        WeakClass::Null => "eNULL",
        WeakClass::Anonymous => "aNULL",
        WeakClass::Export => "EXPORT",
        WeakClass::Rc4 => "RC4",
        WeakClass::Des => "DES",
        WeakClass::TripleDes => "3DES",
        WeakClass::SmallBlock => "RC2,IDEA",
    }
}

/// Joins words for a sentence: `a, b and c`.
fn in_a_row(words: &[String]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.join(", "),
    }
}

fn renegotiation(evidence: &Evidence, seen: &Seen<'_>) -> Option<Finding> {
    let (hello, taken) = seen.hellos.iter().find_map(|one| {
        let taken = one.taken.filter(|taken| taken.version < Version::Tls13)?;
        (!taken.secure_renegotiation || taken.compression).then_some((one.hello, taken))
    })?;
    // If the main session shows the same fault, `clients` reports it.
    if clients::shows_insecure_renegotiation(evidence) {
        return None;
    }
    let summary = if taken.compression {
        format!("in {}, the server uses compression", taken.version)
    } else {
        format!("in {}, the server does not support secure renegotiation", taken.version)
    };
    let mut finding = Finding::new(&clients::TLS_RENEGOTIATION_INSECURE, Phase::Tls, Confidence::Certain, summary);
    finding.cause = "The server's TLS library is more than ten years old, or its defaults were changed.".to_owned();
    finding.fixes = vec![Fix::text("Server operator: update the TLS library of the mail server")];
    Some(finding.tried(hello.probe.id))
}

/// Reported only if the server accepts a version older than TLS 1.2. Clients detect a downgrade from TLS 1.3 to TLS 1.2
/// by the downgrade marker (RFC 8446 §4.1.3).
fn fallback(seen: &Seen<'_>, scan: &Scan) -> Option<Finding> {
    let hello = seen.hellos.iter().find(|one| matches!(one.offer(), Offer::Fallback { .. }))?.hello;
    let is_old = |one: &VersionSeen| one.version < Version::Tls12 && one.accepted == Support::Yes;
    if scan.features.fallback_protection != Support::No || !scan.versions.iter().any(is_old) {
        return None;
    }
    let Offer::Fallback { version } = &hello.request.offer else { return None };
    let summary = format!("the server accepts {version} in a ClientHello that is marked as a fallback");
    let mut finding = Finding::new(&TLS_FALLBACK_UNPROTECTED, Phase::Tls, Confidence::Certain, summary);
    finding.cause =
        "The server supports a newer version, but does not respond with the alert inappropriate_fallback (RFC 7507). Some \
                     clients retry with older versions after a failed handshake, and an on-path attacker can downgrade \
                     them to the oldest version."
            .to_owned();
    finding.fixes = vec![Fix::run(
        "Server operator: disable TLS 1.1 and older, which makes a downgrade to these versions impossible (command for Postfix)",
        "postconf -e smtpd_tls_protocols='>=TLSv1.2' smtpd_tls_mandatory_protocols='>=TLSv1.2'",
    )];
    Some(finding.tried(hello.probe.id))
}

fn extended_master_secret(evidence: &Evidence, seen: &Seen<'_>, scan: &Scan) -> Option<Finding> {
    // If the main session shows the same fault, `clients` reports it.
    if scan.features.extended_master_secret != Support::No || clients::shows_no_extended_master_secret(evidence) {
        return None;
    }
    let is_old =
        |one: &&One<'_>| one.taken.is_some_and(|taken| taken.version < Version::Tls13 && taken.version > Version::Ssl3);
    let one = seen.hellos.iter().find(is_old)?;
    let version = one.taken?.version;
    let summary = format!("in {version}, the server does not use the extended master secret");
    let mut finding =
        Finding::new(&clients::TLS_EXTENDED_MASTER_SECRET_MISSING, Phase::Tls, Confidence::Certain, summary);
    finding.cause =
        "Without the extended master secret, the keys do not depend on the entire handshake (RFC 7627). Clients in FIPS \
                     mode refuse to connect. Other clients can connect, but cannot resume sessions safely."
            .to_owned();
    finding.fixes = vec![Fix::text("Server operator: update the TLS library of the mail server")];
    Some(finding.tried(one.hello.probe.id))
}

fn inconclusive(scan: &Scan, seen: &Seen<'_>) -> Option<Finding> {
    let why = scan.inconclusive.as_ref()?;
    let summary = format!("the TLS scan is inconclusive: {why}");
    let mut finding = Finding::new(&TLS_SCAN_INCONCLUSIVE, Phase::Tls, Confidence::Certain, summary);
    finding.cause = "The report contains the results obtained before the scan stopped. Items that were not tested are reported as unknown, neither as passed nor as failed.".to_owned();
    let is_own_limit = why.starts_with("the limit of --max-connections") || why.starts_with("the time limit");
    finding.fixes = vec![Fix::text(if is_own_limit {
        "Repeat the scan with a higher --max-connections and --max-time"
    } else {
        "Repeat the scan in a few minutes, or from an IP address whose connections the server does not limit"
    })];
    let hellos = seen.hellos.iter().map(|one| one.hello);
    for hello in hellos.filter(|hello| is_rejected(*hello) || !hello.is_answered()) {
        finding = finding.tried(hello.probe.id);
    }
    Some(finding)
}
