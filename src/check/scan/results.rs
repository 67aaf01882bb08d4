//! The results of a scan, from its ClientHellos and the handshake of the main session. An item that was not tested, or
//! got no clear response, is unknown, never "no".

use serde::{Deserialize, Serialize};

use super::seen::{Seen, Support, has_tls};
use super::stop::stopped;
use crate::evidence::{Evidence, HelloOutcome, HelloProbe, Presented, Session};
use crate::plan::{Plan, ScanDepth};
use crate::question::{Offer, SuiteList};
use crate::wire::tls::{self, ServerHello, TlsAnswer, Version, WeakClass};

/// The results of a scan. In JSON, this is `tls_scan`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scan {
    /// How much was tested.
    pub depth: ScanDepth,
    /// Each version, newest first.
    pub versions: Vec<VersionSeen>,
    /// Whether SSLv2 is accepted. Without `--tls-scan=full` it is tested only on servers with TLS 1.0 or SSLv3.
    pub sslv2: Support,
    /// Cipher suites that were accepted, in the order in which they were found. Each is listed once, with the newest
    /// version.
    pub suites: Vec<SuiteSeen>,
    /// Whether the list is complete for TLS 1.2 and older, because the server rejected all other suites that were
    /// offered. Suites with PSK, SRP and Kerberos are never offered, and rare suites only with `--tls-scan=full`.
    pub suites_complete: bool,
    /// Each class of weak suites, the worst first.
    pub weak: Vec<WeakSeen>,
    /// Groups that were accepted.
    pub groups: Vec<String>,
    /// Whether the list is complete for TLS 1.3.
    pub groups_complete: bool,
    /// Groups that were accepted in TLS 1.2 and older; null without `--tls-scan=full`, or if no such version is
    /// accepted.
    pub groups_before_1_3: Option<Vec<String>>,
    /// Whether that list is complete. False if all certificates are ECDSA, because their curves must always be offered.
    pub groups_before_1_3_complete: bool,
    /// Whether a group with ML-KEM is accepted.
    pub post_quantum: Support,
    /// Whether a suite without forward secrecy is accepted.
    pub without_forward_secrecy: Support,
    /// Whether finite-field ephemeral Diffie-Hellman (DHE) is accepted.
    pub dhe: Support,
    /// The size in bits of the smallest prime that the server used; null if it used no prime.
    pub dh_bits: Option<u32>,
    /// Whether the server signs with MD5, SHA-1 or SHA-224 in TLS 1.2; tested only with `--tls-scan=full`.
    pub old_hashes: Support,
    /// The certificates that the server presented, one for each key type.
    pub certificates: Vec<CertificateSeen>,
    /// Extensions and features, mostly of TLS 1.2 and older.
    pub features: Features,
    /// The number of ClientHellos that were sent.
    pub hellos: usize,
    /// The reason why the scan stopped early; null if it is complete.
    pub inconclusive: Option<String>,
}

/// Extensions and other features. All except the OCSP response concern TLS 1.2 and older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Features {
    /// The extended master secret (RFC 7627).
    pub extended_master_secret: Support,
    /// Encrypt-then-MAC (RFC 7366); unknown if no suite with CBC was chosen.
    pub encrypt_then_mac: Support,
    /// Renegotiation is bound to the connection (RFC 5746).
    pub secure_renegotiation: Support,
    /// Session tickets (RFC 5077, obsolete).
    pub session_tickets: Support,
    /// The server uses compression.
    pub compression: Support,
    /// The server sends an OCSP response with the certificate (RFC 6066 section 8).
    pub ocsp_response: Support,
    /// The server detects a client that was downgraded to an older version (RFC 7507); unknown if it supports only one
    /// version.
    pub fallback_protection: Support,
}

/// A TLS version and its results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionSeen {
    /// The version.
    pub version: Version,
    /// Whether it is accepted.
    pub accepted: Support,
    /// Its cipher suites, in the order in which the server chose them; null without `--tls-scan=full`, or if the
    /// version is not accepted.
    pub suites: Option<Vec<String>>,
    /// Whether the list of suites is complete.
    pub suites_complete: bool,
    /// Whether the server's or the client's preference determines the suite; null if it was not tested, or if only one
    /// suite is accepted.
    pub preference: Option<Preference>,
}

/// The side whose preference determines which cipher suite is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Preference {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// A cipher suite that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SuiteSeen {
    /// The version in which it was accepted.
    pub version: Version,
    /// Its IANA name.
    pub name: String,
}

/// A class of weak cipher suites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WeakSeen {
    /// The class.
    pub class: WeakClass,
    /// Whether a suite of this class is accepted.
    pub accepted: Support,
    /// The suites of this class that were accepted.
    pub suites: Vec<SuiteSeen>,
}

/// A certificate with one key type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateSeen {
    /// Its key, for example `RSA 2048` or `EC P-256`.
    pub key: String,
    /// Whether it is trusted, matches the host name and is within its validity period.
    pub verifies: bool,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
}

/// The results so far; none without `--tls-scan`.
pub fn results(plan: &Plan, evidence: &Evidence) -> Option<Scan> {
    let seen = Seen::of(evidence).filter(|_| plan.tls.scan)?;
    let depth = plan.tls.scan_depth;
    let post_quantum_known = seen.groups(Version::Tls13).iter().any(|id| tls::is_post_quantum(&tls::group_name(*id)));
    let rsa_known = seen.taken().any(|taken| taken.suite_name.starts_with("TLS_RSA_"));
    let groups = groups(&seen);
    let old_style = seen.newest_old_style().filter(|_| depth == ScanDepth::Full);
    let certificates = certificates(seen.session, evidence);
    let all_ecdsa = !certificates.is_empty() && certificates.iter().all(|one| one.key.starts_with("EC "));
    // RFC 8446 §1.2: every key exchange in TLS 1.3 has forward secrecy and uses a named group.
    let only_tls_13 = Version::ALL
        .into_iter()
        .all(|version| seen.version(version) == if version == Version::Tls13 { Support::Yes } else { Support::No });
    Some(Scan {
        depth,
        versions: Version::ALL.into_iter().rev().map(|version| version_seen(&seen, version, depth)).collect(),
        sslv2: sslv2(&seen),
        suites_complete: suites_complete(&seen, depth),
        weak: WeakClass::ALL.into_iter().map(|class| weak(&seen, class)).collect(),
        groups_complete: seen.is_exhausted(|offer| matches!(offer, Offer::OtherGroups { version: Version::Tls13, .. })),
        groups_before_1_3: old_style.map(|version| names(&seen.groups(version), tls::group_name)),
        groups_before_1_3_complete: !all_ecdsa
            && old_style.is_some_and(|version| {
                seen.is_exhausted(|offer| matches!(offer, Offer::OtherGroups { version: of, .. } if *of == version))
            }),
        post_quantum: if post_quantum_known {
            Support::Yes
        } else if seen.version(Version::Tls13) == Support::No {
            Support::No
        } else {
            by(&seen, |offer| *offer == Offer::PostQuantum)
        },
        without_forward_secrecy: if rsa_known {
            Support::Yes
        } else if only_tls_13 {
            Support::No
        } else {
            by(&seen, |offer| matches!(offer, Offer::StaticRsa { .. }))
        },
        dhe: if seen.taken().any(|taken| taken.suite_name.starts_with("TLS_DHE_")) {
            Support::Yes
        } else if only_tls_13 {
            Support::No
        } else {
            by(&seen, |offer| matches!(offer, Offer::Dhe { .. }))
        },
        dh_bits: seen.taken().filter_map(|taken| taken.dh_bits).min(),
        old_hashes: by(&seen, |offer| *offer == Offer::OldHashes),
        suites: suites(&seen),
        groups,
        features: features(&seen),
        hellos: seen.hellos.iter().filter(|one| one.hello.seen().is_some_and(|seen| seen.ms.is_some())).count(),
        inconclusive: stopped(&seen).or_else(|| {
            (seen.session.is_over() && !has_tls(seen.session)).then(|| "the server does not use TLS".to_owned())
        }),
        certificates,
    })
}

/// The result of the first ClientHello that matches.
fn by(seen: &Seen<'_>, is_it: impl Fn(&Offer) -> bool) -> Support {
    seen.hellos.iter().find(|one| is_it(one.offer())).map_or(Support::Unknown, |one| one.support())
}

fn names(ids: &[u16], name: fn(u16) -> String) -> Vec<String> {
    ids.iter().map(|id| name(*id)).collect()
}

fn sslv2(seen: &Seen<'_>) -> Support {
    let Some(one) = seen.by(&Offer::Sslv2) else { return Support::Unknown };
    match one.hello.seen().map(|seen| &seen.heard) {
        Some(HelloOutcome::Answer { answer: TlsAnswer::Sslv2 }) => Support::Yes,
        // A server that accepts only a TLS ClientHello in the SSLv2 format responds with TLS, not with SSLv2.
        Some(HelloOutcome::Answer { answer: TlsAnswer::ServerHello(_) }) => Support::No,
        _ => one.support(),
    }
}

fn suites(seen: &Seen<'_>) -> Vec<SuiteSeen> {
    let mut suites: Vec<SuiteSeen> = Vec::new();
    let of_handshake = seen.session.handshake().zip(seen.of_handshake());
    let first = of_handshake.map(|((_, handshake), version)| (version, handshake.cipher.clone()));
    for (version, name) in first.into_iter().chain(seen.taken().map(|taken| (taken.version, taken.suite_name.clone())))
    {
        match suites.iter_mut().find(|suite| suite.name == name) {
            Some(known) => known.version = known.version.max(version),
            None => suites.push(SuiteSeen { version, name }),
        }
    }
    suites
}

fn groups(seen: &Seen<'_>) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let first = seen.session.handshake().and_then(|(_, handshake)| handshake.group.clone());
    for group in first.into_iter().chain(seen.taken().filter_map(|taken| taken.group_name.clone())) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn version_seen(seen: &Seen<'_>, version: Version, depth: ScanDepth) -> VersionSeen {
    let accepted = seen.version(version);
    let is_listed = depth == ScanDepth::Full && accepted == Support::Yes;
    VersionSeen {
        version,
        accepted,
        suites: is_listed.then(|| names(&seen.suites(version), tls::suite_name)),
        suites_complete: is_listed && has_all_suites(seen, version),
        preference: preference(seen, version),
    }
}

/// Whether the server rejected all suites of a version in both lists, except the known suites.
fn has_all_suites(seen: &Seen<'_>, version: Version) -> bool {
    let rejected = |list: SuiteList| {
        seen.is_exhausted(
            |offer| matches!(offer, Offer::OtherSuites { version: of, list: from, .. } if *of == version && *from == list),
        )
    };
    let offered = |list: SuiteList| {
        let known = seen.suites(version);
        !Offer::OtherSuites { version, list, known }.hello().suites.is_empty()
    };
    [SuiteList::Common, SuiteList::Rare].into_iter().all(|list| rejected(list) || !offered(list))
}

fn suites_complete(seen: &Seen<'_>, depth: ScanDepth) -> bool {
    let old: Vec<Version> = seen.spoken().into_iter().filter(|version| *version < Version::Tls13).collect();
    match depth {
        ScanDepth::Basic => {
            let is_other = |offer: &Offer| matches!(offer, Offer::OtherSuites { list: SuiteList::Common, .. });
            seen.is_exhausted(is_other) && old.len() <= 1
        }
        ScanDepth::Full => {
            let is_settled = |version: &Version| seen.version(*version) != Support::Unknown;
            Version::ALL.iter().all(is_settled) && old.iter().all(|version| has_all_suites(seen, *version))
        }
    }
}

fn preference(seen: &Seen<'_>, version: Version) -> Option<Preference> {
    let one =
        seen.hellos.iter().find(|one| matches!(one.offer(), Offer::Order { version: of, .. } if *of == version))?;
    let Offer::Order { suites, .. } = one.offer() else { return None };
    let taken = one.taken.filter(|taken| taken.version == version)?;
    let is_first = suites.first() == Some(&taken.suite);
    Some(if is_first { Preference::Client } else { Preference::Server })
}

fn weak(seen: &Seen<'_>, class: WeakClass) -> WeakSeen {
    let mut suites: Vec<SuiteSeen> = Vec::new();
    for taken in seen.taken().filter(|taken| class.has(&taken.suite_name)) {
        let suite = SuiteSeen { version: taken.version, name: taken.suite_name.clone() };
        if !suites.contains(&suite) {
            suites.push(suite);
        }
    }
    let is_rejected = |version: Version| {
        seen.is_exhausted(|offer| match offer {
            Offer::Weak { version: of, known } => *of == version && !known.contains(&class),
            _ => false,
        })
    };
    let versions = seen.versions_for_weak();
    let accepted = match suites.as_slice() {
        [] if !versions.is_empty() && versions.into_iter().all(is_rejected) => Support::No,
        [] => Support::Unknown,
        [..] => Support::Yes,
    };
    WeakSeen { class, accepted, suites }
}

fn features(seen: &Seen<'_>) -> Features {
    let old = || seen.taken().filter(|taken| taken.version < Version::Tls13);
    // SSLv3 has no extensions.
    let extended = || old().filter(|taken| taken.version > Version::Ssl3);
    let answered = || seen.hellos.iter().any(|one| one.taken.is_some_and(|taken| taken.version < Version::Tls13));
    let any = |mut of: Box<dyn Iterator<Item = bool> + '_>| {
        if of.any(|is| is) {
            Support::Yes
        } else if answered() {
            Support::No
        } else {
            Support::Unknown
        }
    };
    let is_cbc = |taken: &&ServerHello| taken.suite_name.contains("_CBC_");
    let staple = seen.session.handshake().map(|(_, handshake)| handshake.staple.is_some());
    let fallback = seen.hellos.iter().find(|one| matches!(one.offer(), Offer::Fallback { .. }));
    Features {
        extended_master_secret: any(Box::new(extended().map(|taken| taken.extended_master_secret))),
        encrypt_then_mac: if extended().any(|taken| taken.encrypt_then_mac) {
            Support::Yes
        } else if extended().any(|taken| is_cbc(&taken)) {
            Support::No
        } else {
            Support::Unknown
        },
        secure_renegotiation: match (old().next(), old().all(|taken| taken.secure_renegotiation)) {
            (None, _) => Support::Unknown,
            (Some(_), true) => Support::Yes,
            (Some(_), false) => Support::No,
        },
        session_tickets: any(Box::new(extended().map(|taken| taken.session_ticket))),
        compression: any(Box::new(old().map(|taken| taken.compression))),
        ocsp_response: match (staple, extended().any(|taken| taken.ocsp_response)) {
            (Some(true), _) | (_, true) => Support::Yes,
            (Some(false), false) => Support::No,
            (None, false) => any(Box::new(std::iter::empty())),
        },
        fallback_protection: match fallback {
            None => Support::Unknown,
            // RFC 7507 §3. A server that accepts the marked version does not detect the downgrade.
            Some(one) if one.hello.alert() == Some(INAPPROPRIATE_FALLBACK) => Support::Yes,
            Some(one) if one.taken.is_some() => Support::No,
            Some(_) => Support::Unknown,
        },
    }
}

/// RFC 7507 §2.
const INAPPROPRIATE_FALLBACK: u8 = 86;

/// The different chains that the server presented, with the chain from the main session first.
pub(super) fn chains<'a>(session: Session<'a>, evidence: &'a Evidence) -> Vec<(Option<HelloProbe<'a>>, &'a Presented)> {
    let first = session.handshake().map(|(_, handshake)| (None, &handshake.presented));
    let others = evidence
        .hellos()
        .filter(|hello| matches!(hello.request.offer, Offer::EcdsaOnly | Offer::RsaOnly))
        .filter_map(|hello| Some((Some(hello), hello.seen()?.presented.as_deref()?)));
    let mut known = Vec::new();
    first
        .into_iter()
        .chain(others)
        .filter(|(_, presented)| {
            let sha256 = presented.leaf().map(|leaf| leaf.sha256.clone());
            let is_new = !known.contains(&sha256);
            known.push(sha256);
            is_new
        })
        .collect()
}

fn certificates(session: Session<'_>, evidence: &Evidence) -> Vec<CertificateSeen> {
    let shown = |presented: &Presented| {
        let leaf = presented.leaf()?;
        let verifies = presented.verifies(evidence.started_at);
        Some(CertificateSeen { key: leaf.key.clone(), verifies, sha256: leaf.sha256.clone() })
    };
    chains(session, evidence).into_iter().filter_map(|(_, presented)| shown(presented)).collect()
}
