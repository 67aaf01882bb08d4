//! What a server accepts in TLS, not only what it chose for us: versions, cipher suites, groups, certificates of both
//! kinds (`--tls-scan`). By ClientHellos of our own, one after the other, none of them ever completed.
//!
//! In which order they are sent, at most eleven: TLS 1.3; post-quantum groups only; TLS 1.2 for ECDSA and for RSA
//! certificates; 1.1, 1.0, SSLv3; weak suites; no forward secrecy; then what remains of groups and suites without those
//! that are known, as long as the budget lasts. What the handshake of the check itself has proved is not asked again.
//!
//! A server that turns us away in between is throttling: the scan stops, and what was not asked is unknown, never "no".
//! One that only hangs up may mean what was offered or us: that is a "no" if it answers a later ClientHello, and the last
//! one, of a current client, is there to find out.

use serde::{Deserialize, Serialize};

use super::{Check, Confidence, Docs, Finding, Fix, Rule, Severity, certificate};
use crate::evidence::{Evidence, Fault, Hello, HelloHeard, Outcome, Presented, Stage, Talk, TlsFaultKind};
use crate::plan::Plan;
use crate::question::{HelloRequest, Offer, Question};
use crate::wire::tls::{self, Version};

pub static CHECK: Check = Check {
    subject: "scan",
    ask,
    judge,
    rules: &[&TLS_OLD_VERSION_ACCEPTED, &TLS_WEAK_SUITE_ACCEPTED, &TLS_RENEGOTIATION_INSECURE, &TLS_SCAN_INCONCLUSIVE],
};

/// ClientHellos of one scan: twelve connections with the one that asks for MAIL before TLS.
const MAX_HELLOS: usize = 11;

static TLS_OLD_VERSION_ACCEPTED: Rule = Rule {
    id: "tls-old-version-accepted",
    severity: Severity::Warning,
    title: "the server still accepts versions of TLS that are retired",
    cites: &["RFC 8996 section 4", "RFC 8996 section 5", "RFC 7568 section 3"],
    docs: Docs {
        sees: "With --tls-scan: a ClientHello that offers only TLS 1.1, TLS 1.0 or SSLv3 is accepted. A notice on port 25, where an old version is still better than none.",
        matters: "An attacker on the way can push careless clients down to them; audits count them as a fault.",
        action: "The operator switches them off: in Postfix smtpd_tls_protocols and smtpd_tls_mandatory_protocols to >=TLSv1.2.",
        example: "TLS 1.0 and TLS 1.1 beside TLS 1.3",
        references: "RFC 8996 (TLS 1.0 and 1.1 are retired), RFC 7568 (SSLv3)",
    },
};

static TLS_WEAK_SUITE_ACCEPTED: Rule = Rule {
    id: "tls-weak-suite-accepted",
    severity: Severity::Warning,
    title: "the server accepts a cipher suite that protects nobody",
    cites: &["RFC 9325 section 4.1"],
    docs: Docs {
        sees: "With --tls-scan: a suite without encryption or without a certificate, with EXPORT, DES, 3DES, RC2 or RC4, or Diffie-Hellman with a prime of less than 2048 bits is accepted. A notice on port 25.",
        matters: "Some of them are broken, some never protected anything. A client that offers them may get them.",
        action: "The operator excludes them: in Postfix smtpd_tls_ciphers=medium and smtpd_tls_exclude_ciphers=aNULL, eNULL, EXPORT, DES, RC4, 3DES.",
        example: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        references: "RFC 9325 section 4.1 (suites that must not be used)",
    },
};

static TLS_RENEGOTIATION_INSECURE: Rule = Rule {
    id: "tls-renegotiation-insecure",
    severity: Severity::Warning,
    title: "the server lacks a protection that every TLS library has had since 2010",
    cites: &["RFC 5746 section 3.6", "RFC 9325 section 3.3"],
    docs: Docs {
        sees: "With --tls-scan: in TLS 1.2 or older the server does not bind renegotiation to the connection, or it compresses.",
        matters: "Somebody on the way can put bytes in front of the client's (CVE-2009-3555), or guess secrets by the size of what is compressed (CRIME).",
        action: "The operator updates the TLS library; it is more than ten years old.",
        example: "no renegotiation_info in the ServerHello",
        references: "RFC 5746 section 3.6, RFC 9325 section 3.3 (compression)",
    },
};

static TLS_SCAN_INCONCLUSIVE: Rule = Rule {
    id: "tls-scan-inconclusive",
    severity: Severity::Notice,
    title: "the scan of TLS did not come to its end",
    cites: &["RFC 5321 section 4.5.4.1"],
    docs: Docs {
        sees: "With --tls-scan: the server turned a connection away, --max-connections was used up, or there is no TLS to look at.",
        matters: "What was not asked is not known. It is not called fine, and not called missing.",
        action: "Repeat the scan after some minutes, with more time between, or from an address that the server does not limit.",
        example: "421 too many connections after the seventh ClientHello",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};

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

/// The ClientHellos that do not depend on answers.
const FIXED: [Offer; 9] = [
    Offer::Version { version: Version::Tls13 },
    Offer::PostQuantum,
    Offer::EcdsaOnly,
    Offer::RsaOnly,
    Offer::Version { version: Version::Tls11 },
    Offer::Version { version: Version::Tls10 },
    Offer::Version { version: Version::Ssl3 },
    Offer::Weak,
    Offer::StaticRsa,
];

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(talk) = evidence.main_talk().filter(|talk| plan.tls.scan && talk.is_over()) else { return Vec::new() };
    let hellos: Vec<Hello<'_>> = evidence.hellos().collect();
    let is_busy = hellos.iter().any(|hello| !hello.attempt.is_over());
    if !has_tls(talk) || is_busy || stopped(evidence).is_some() || hellos.len() >= MAX_HELLOS {
        return Vec::new();
    }
    let next = FIXED
        .into_iter()
        .filter(|offer| !is_proved(talk, offer))
        .find(|offer| by_offer(evidence, offer).is_none())
        .or_else(|| next_group(evidence, talk))
        .or_else(|| next_suite(evidence))
        .or_else(|| control(evidence));
    next.map(|offer| Question::Hello(HelloRequest::new(plan, offer))).into_iter().collect()
}

/// A handshake, or one that failed in TLS.
fn has_tls(talk: Talk<'_>) -> bool {
    let failed_in_tls = |fault: &Fault| matches!(fault, Fault::Tls { tls } if tls.kind != TlsFaultKind::NotTls);
    talk.handshake().is_some() || talk.fault().is_some_and(failed_in_tls)
}

/// What the handshake of the check itself shows.
fn is_proved(talk: Talk<'_>, offer: &Offer) -> bool {
    let Some((_, handshake)) = talk.handshake() else { return false };
    match offer {
        Offer::Version { version: Version::Tls13 } => handshake.version == "1.3",
        Offer::PostQuantum => handshake.group.as_deref().is_some_and(tls::is_post_quantum),
        _ => false,
    }
}

fn by_offer<'a>(evidence: &'a Evidence, offer: &Offer) -> Option<Hello<'a>> {
    evidence.hellos().find(|hello| hello.request.offer == *offer)
}

/// Numbers of the groups of TLS 1.3 that are known, for the next question about others.
fn next_group(evidence: &Evidence, talk: Talk<'_>) -> Option<Offer> {
    let mut known: Vec<u16> = Vec::new();
    for hello in evidence.hellos() {
        let asks_groups = matches!(hello.request.offer, Offer::OtherGroups { .. });
        // One that was refused leaves no others.
        if asks_groups && hello.accepted().is_none() {
            return None;
        }
        known.extend(hello.accepted().filter(|taken| taken.version == Version::Tls13).and_then(|taken| taken.group));
    }
    let first = talk.handshake().filter(|(_, handshake)| handshake.version == "1.3");
    let all = Offer::Version { version: Version::Tls13 }.hello().groups;
    let of_ours = first.and_then(|(_, handshake)| handshake.group.clone());
    known.extend(all.into_iter().find(|id| Some(tls::group_name(*id)) == of_ours));
    known.sort_unstable();
    known.dedup();
    // Half of what is left is for suites.
    let asked = evidence.hellos().filter(|hello| matches!(hello.request.offer, Offer::OtherGroups { .. })).count();
    (!known.is_empty() && asked < 2).then_some(Offer::OtherGroups { known })
}

fn next_suite(evidence: &Evidence) -> Option<Offer> {
    let mut known: Vec<u16> = Vec::new();
    for hello in evidence.hellos() {
        let asks_suites = matches!(hello.request.offer, Offer::OtherSuites { .. });
        if asks_suites && hello.accepted().is_none() {
            return None;
        }
        known.extend(hello.accepted().filter(|taken| taken.version < Version::Tls13).map(|taken| taken.suite));
    }
    known.sort_unstable();
    known.dedup();
    (!known.is_empty()).then_some(Offer::OtherSuites { known })
}

/// What the server should answer if it still answers us, where it did not at the end.
fn control(evidence: &Evidence) -> Option<Offer> {
    let hung_up = evidence.hellos().last().is_some_and(|hello| hello.is_hung_up());
    (hung_up && by_offer(evidence, &Offer::Small).is_none()).then_some(Offer::Small)
}

/// Whether what was offered was refused: in TLS, or by hanging up while other ClientHellos are still answered.
fn is_refused(evidence: &Evidence, hello: Hello<'_>) -> bool {
    let answers_later = || evidence.hellos().any(|other| other.attempt.id > hello.attempt.id && other.is_answered());
    hello.is_declined() && (!hello.is_hung_up() || answers_later())
}

/// Why no more is asked, before the end.
fn stopped(evidence: &Evidence) -> Option<String> {
    let hellos: Vec<Hello<'_>> = evidence.hellos().collect();
    if hellos.last().is_some_and(|last| last.request.offer == Offer::Small && last.is_hung_up()) {
        let number = hellos.iter().rposition(Hello::is_answered).map_or(0, |last| last + 1);
        return Some(format!("the server hung up on everything after {} (throttled)", counted(number)));
    }
    // Silence, nonsense or plain text where TLS was: a refusal says so, twice in a row is not about what was offered.
    let is_no_answer = |hello: &Hello<'_>| hello.seen().is_some() && !hello.is_answered() && !hello.is_hung_up();
    let in_a_row =
        hellos.windows(2).position(|pair| pair.iter().all(|hello| is_no_answer(hello) && !is_turned_away(*hello)));
    if let Some(number) = in_a_row {
        return Some(format!("the server gave no answer in TLS any more after {}", counted(number)));
    }
    let number = evidence.hellos().position(|hello| is_turned_away(hello))?;
    let hello = evidence.hellos().nth(number)?;
    let number = counted(number);
    Some(match &hello.attempt.outcome {
        Outcome::Skipped { .. } => format!("--max-connections was used up after {number}"),
        Outcome::Failed { fault: Fault::TimeUp { .. } | Fault::Interrupted } => {
            format!("it was cut off after {number}")
        }
        _ => format!("the server turned us away after {number} (throttled)"),
    })
}

fn counted(number: usize) -> String {
    match number {
        1 => "1 ClientHello".to_owned(),
        more => format!("{more} ClientHellos"),
    }
}

fn is_turned_away(hello: Hello<'_>) -> bool {
    match &hello.attempt.outcome {
        Outcome::Failed { .. } | Outcome::Skipped { .. } => true,
        Outcome::Underway => false,
        Outcome::Done { .. } => hello.seen().is_some_and(|seen| matches!(seen.heard, HelloHeard::TurnedAway { .. })),
    }
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
fn chains<'a>(talk: Talk<'a>, evidence: &'a Evidence) -> Vec<(Option<Hello<'a>>, &'a Presented)> {
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

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(scan) = results(plan, evidence) else { return Vec::new() };
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let mut findings: Vec<Finding> =
        [old_versions(evidence, &scan), weak_suites(evidence), renegotiation(evidence)].into_iter().flatten().collect();
    // Mail servers that deliver take what they can get; there an old version still beats none (RFC 7435).
    if plan.target.port == 25 {
        for finding in &mut findings {
            finding.severity = Severity::Notice;
            finding.consequences.push(
                "between mail servers even this is better than no encryption; mail programs must not get it".to_owned(),
            );
        }
    }
    for (hello, presented) in chains(talk, evidence) {
        let Some(hello) = hello else { continue };
        findings.extend(certificate::of_probe(plan, evidence, hello.attempt.id, presented));
    }
    // Where there is no TLS, another finding says why.
    if has_tls(talk) {
        findings.extend(inconclusive(&scan, evidence));
    }
    findings
}

fn old_versions(evidence: &Evidence, scan: &Scan) -> Option<Finding> {
    let old: Vec<String> = scan
        .versions
        .iter()
        .filter(|seen| seen.version < Version::Tls12 && seen.accepted == Support::Yes)
        .map(|seen| seen.version.to_string())
        .collect();
    if old.is_empty() {
        return None;
    }
    let summary = format!("the server still accepts {}", old.join(", "));
    let mut finding = Finding::new(&TLS_OLD_VERSION_ACCEPTED, Stage::Tls, Confidence::Certain, summary);
    for hello in evidence.hellos().filter(|hello| hello.accepted().is_some_and(|taken| taken.version < Version::Tls12))
    {
        finding = finding.tried(hello.attempt.id);
    }
    finding.cause = "they are retired; a client that can be pushed down to them is badly protected".to_owned();
    finding.fixes = vec![Fix::run(
        "the operator switches them off; in Postfix",
        "postconf -e smtpd_tls_protocols='>=TLSv1.2' smtpd_tls_mandatory_protocols='>=TLSv1.2'",
    )];
    Some(finding)
}

fn weak_suites(evidence: &Evidence) -> Option<Finding> {
    let weak = evidence.hellos().find(|hello| hello.request.offer == Offer::Weak && hello.accepted().is_some());
    let short = evidence.hellos().find_map(|hello| {
        let bits = hello.accepted()?.dh_bits.filter(|bits| *bits < 2048)?;
        Some((hello, bits))
    });
    let (hello, what) = match (weak, short) {
        (Some(hello), _) => (hello, hello.accepted()?.suite_name.clone()),
        (None, Some((hello, bits))) => (hello, format!("Diffie-Hellman with a prime of {bits} bits")),
        (None, None) => return None,
    };
    let summary = format!("the server accepts {what}");
    let mut finding = Finding::new(&TLS_WEAK_SUITE_ACCEPTED, Stage::Tls, Confidence::Certain, summary);
    finding.cause = if what.contains("_anon_") {
        // Postfix offers these to mail servers that do not look at certificates anyway.
        finding.severity = Severity::Notice;
        "with it nobody proves who the server is: it keeps listeners out, and lets in who sits in the middle".to_owned()
    } else {
        "it can be broken, or never protected anything; a client that offers it may get it".to_owned()
    };
    finding.fixes = vec![Fix::run(
        "the operator excludes what is weak; in Postfix",
        "postconf -e smtpd_tls_ciphers=medium smtpd_tls_exclude_ciphers=aNULL,eNULL,EXPORT,DES,3DES,RC4,MD5",
    )];
    Some(finding.tried(hello.attempt.id))
}

fn renegotiation(evidence: &Evidence) -> Option<Finding> {
    let unsafe_answer = |hello: &Hello<'_>| {
        let old = hello.accepted().filter(|taken| taken.version < Version::Tls13);
        old.is_some_and(|taken| !taken.secure_renegotiation || taken.compression)
    };
    let hello = evidence.hellos().find(unsafe_answer)?;
    let taken = hello.accepted()?;
    let summary = if taken.compression {
        format!("in {} the server compresses", taken.version)
    } else {
        format!("in {} the server does not protect renegotiation", taken.version)
    };
    let mut finding = Finding::new(&TLS_RENEGOTIATION_INSECURE, Stage::Tls, Confidence::Certain, summary);
    finding.cause = "its TLS library is more than ten years old, or is set up so on purpose".to_owned();
    finding.fixes = vec![Fix::text("the operator updates the TLS library of the mail server")];
    Some(finding.tried(hello.attempt.id))
}

fn inconclusive(scan: &Scan, evidence: &Evidence) -> Option<Finding> {
    let why = scan.inconclusive.as_ref()?;
    let summary = format!("the scan of TLS is inconclusive: {why}");
    let mut finding = Finding::new(&TLS_SCAN_INCONCLUSIVE, Stage::Tls, Confidence::Certain, summary);
    finding.cause = "what was seen until then is shown, the rest is unknown: neither fine nor missing".to_owned();
    let of_ours = why.starts_with("--max-connections") || why.starts_with("it was cut off");
    finding.fixes = vec![Fix::text(if of_ours {
        "give the scan more room with --max-connections and --max-time"
    } else {
        "repeat the scan after some minutes, or from an address that the server does not limit"
    })];
    for hello in evidence.hellos().filter(|hello| is_turned_away(*hello) || !hello.is_answered()) {
        finding = finding.tried(hello.attempt.id);
    }
    Some(finding)
}
