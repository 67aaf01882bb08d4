//! What a server accepts in TLS, not only what it chose for us: versions, cipher suites, groups, certificates of both
//! kinds (`--tls-scan`). By ClientHellos of our own, one after the other, none of them ever completed.
//!
//! In which order they are sent, at most eleven: TLS 1.3; post-quantum groups only; TLS 1.2 for ECDSA and for RSA
//! certificates; 1.1, 1.0, SSLv3; weak suites; no forward secrecy; then what remains of groups and suites without those
//! that are known, as long as the budget lasts. What the handshake of the check itself has proved is not asked again.
//!
//! Read next: [`results`], what it has shown.
//!
//! A server that turns us away in between is throttling: the scan stops, and what was not asked is unknown, never "no".
//! One that only hangs up may mean what was offered or us: that is a "no" if it answers a later ClientHello, and the last
//! one, of a current client, is there to find out.

mod results;
mod rules;

use super::{Check, Confidence, Finding, Fix, Severity, certificate, clients};
use crate::evidence::{Evidence, Fault, Hello, HelloHeard, Outcome, Stage, Talk, TlsFaultKind};
use crate::plan::Plan;
use crate::question::{HelloRequest, Offer, Question};
use crate::wire::tls::{self, Version};

pub use results::{CertificateSeen, Scan, SuiteSeen, Support, VersionSeen, results};

use results::chains;
pub(super) use rules::TLS_RENEGOTIATION_INSECURE;
use rules::{TLS_OLD_VERSION_ACCEPTED, TLS_SCAN_INCONCLUSIVE, TLS_WEAK_SUITE_ACCEPTED};

pub static CHECK: Check = Check { subject: "scan", ask, judge, rules: rules::RULES };

/// ClientHellos of one scan: twelve connections with the one that asks for MAIL before TLS.
const MAX_HELLOS: usize = 11;

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
    // What the session itself has shown is said once, by `clients`.
    let hello = evidence.hellos().find(unsafe_answer).filter(|_| !clients::shows_insecure_renegotiation(evidence))?;
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
