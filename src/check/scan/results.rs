//! What a scan has shown: read back from the ClientHellos and the handshake of the check itself. Unknown is what was not
//! asked, or answered neither way; it is never "no".

use serde::{Deserialize, Serialize};

use super::{by_offer, has_tls, is_refused, stopped};
use crate::evidence::{Evidence, Hello, Presented, Talk};
use crate::plan::Plan;
use crate::question::Offer;
use crate::wire::tls::{self, Version};

/// What is known after a scan. In JSON it is `tls_scan`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scan {
    /// Each version, newest first.
    pub versions: Vec<VersionSeen>,
    /// Cipher suites that were accepted, in the order of finding.
    pub suites: Vec<SuiteSeen>,
    /// Whether these are all of TLS 1.2 and older: the server refused everything else.
    pub suites_complete: bool,
    /// Groups that were accepted.
    pub groups: Vec<String>,
    /// Whether these are all of TLS 1.3.
    pub groups_complete: bool,
    /// Whether a group with ML-KEM is accepted.
    pub post_quantum: Support,
    /// Whether a suite without forward secrecy is accepted.
    pub without_forward_secrecy: Support,
    /// The certificates that were shown for each kind of key.
    pub certificates: Vec<CertificateSeen>,
    /// ClientHellos that were sent.
    pub hellos: usize,
    /// Why it stopped before its end; null when it did not.
    pub inconclusive: Option<String>,
}

/// Whether something is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// It is.
    Yes,
    /// It is refused.
    No,
    /// It was not asked, or the answer was neither.
    Unknown,
}

/// A version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VersionSeen {
    /// Which one.
    pub version: Version,
    /// Whether it is accepted.
    pub accepted: Support,
}

/// A cipher suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SuiteSeen {
    /// The version in which it was accepted.
    pub version: Version,
    /// Its IANA name.
    pub name: String,
}

/// A certificate of one kind of key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CertificateSeen {
    /// Its key, `RSA 2048` or `EC P-256`.
    pub key: String,
    /// Trusted, named and in date.
    pub verifies: bool,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
}

/// What the scan has shown so far; none without `--tls-scan`.
pub fn results(plan: &Plan, evidence: &Evidence) -> Option<Scan> {
    let talk = evidence.main_talk().filter(|_| plan.tls.scan)?;
    let known_version = talk.handshake().map(|(_, handshake)| handshake.version.clone());
    let versions: Vec<VersionSeen> = Version::ALL
        .into_iter()
        .rev()
        .map(|version| VersionSeen { version, accepted: version_support(evidence, known_version.as_deref(), version) })
        .collect();
    let mut suites: Vec<SuiteSeen> = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    if let Some((_, handshake)) = talk.handshake() {
        let version = if handshake.version == "1.3" { Version::Tls13 } else { Version::Tls12 };
        suites.push(SuiteSeen { version, name: handshake.cipher.clone() });
        groups.extend(handshake.group.clone());
    }
    for taken in evidence.hellos().filter_map(|hello| hello.accepted()) {
        suites.push(SuiteSeen { version: taken.version, name: taken.suite_name.clone() });
        groups.extend(taken.group_name.clone());
    }
    let mut seen = Vec::new();
    suites.retain(|suite| {
        !seen.contains(&suite.name) && {
            seen.push(suite.name.clone());
            true
        }
    });
    let mut seen = Vec::new();
    groups.retain(|group| {
        !seen.contains(group) && {
            seen.push(group.clone());
            true
        }
    });
    let refused = |is_it: fn(&Offer) -> bool| {
        evidence.hellos().any(|hello| is_it(&hello.request.offer) && is_refused(evidence, hello))
    };
    Some(Scan {
        versions,
        suites_complete: refused(|offer| matches!(offer, Offer::OtherSuites { .. })),
        groups_complete: refused(|offer| matches!(offer, Offer::OtherGroups { .. })),
        post_quantum: if groups.iter().any(|group| tls::is_post_quantum(group)) {
            Support::Yes
        } else {
            support(evidence, by_offer(evidence, &Offer::PostQuantum))
        },
        without_forward_secrecy: support(evidence, by_offer(evidence, &Offer::StaticRsa)),
        suites,
        groups,
        certificates: certificates(talk, evidence),
        hellos: evidence.hellos().filter(|hello| hello.seen().is_some_and(|seen| seen.ms.is_some())).count(),
        inconclusive: stopped(evidence)
            .or_else(|| (talk.is_over() && !has_tls(talk)).then(|| "there is no TLS to look at".to_owned())),
    })
}

fn support(evidence: &Evidence, hello: Option<Hello<'_>>) -> Support {
    match hello {
        Some(hello) if hello.accepted().is_some() => Support::Yes,
        Some(hello) if is_refused(evidence, hello) => Support::No,
        Some(_) | None => Support::Unknown,
    }
}

/// A version is accepted when the answer to any ClientHello has it, and refused when the one that offers it alone is.
fn version_support(evidence: &Evidence, known: Option<&str>, version: Version) -> Support {
    let of_handshake = match version {
        Version::Tls13 => known == Some("1.3"),
        Version::Tls12 => known == Some("1.2"),
        Version::Tls11 | Version::Tls10 | Version::Ssl3 => false,
    };
    let taken = evidence.hellos().filter_map(|hello| hello.accepted()).any(|taken| taken.version == version);
    if of_handshake || taken {
        return Support::Yes;
    }
    let alone = |hello: &Hello<'_>| match &hello.request.offer {
        Offer::Version { version: offered } => *offered == version,
        Offer::EcdsaOnly | Offer::RsaOnly => version == Version::Tls12,
        _ => false,
    };
    let asked: Vec<Hello<'_>> = evidence.hellos().filter(alone).collect();
    // A server that answers with another version than the only one that was offered does not have that one.
    let refuses = |hello: &Hello<'_>| is_refused(evidence, *hello) || hello.accepted().is_some();
    // Of TLS 1.2 both kinds of certificates are asked for.
    let enough = if version == Version::Tls12 { 2 } else { 1 };
    if asked.len() >= enough && asked.iter().all(refuses) { Support::No } else { Support::Unknown }
}

/// Each chain that was shown, the one of the check itself first.
pub(super) fn chains<'a>(talk: Talk<'a>, evidence: &'a Evidence) -> Vec<(Option<Hello<'a>>, &'a Presented)> {
    let first = talk.handshake().map(|(_, handshake)| (None, &handshake.presented));
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

fn certificates(talk: Talk<'_>, evidence: &Evidence) -> Vec<CertificateSeen> {
    let shown = |presented: &Presented| {
        let leaf = presented.leaf()?;
        let verifies = presented.verifies(evidence.started_at);
        Some(CertificateSeen { key: leaf.key.clone(), verifies, sha256: leaf.sha256.clone() })
    };
    chains(talk, evidence).into_iter().filter_map(|(_, presented)| shown(presented)).collect()
}
