//! The certificate: who signed it, for which name, from when to when, with which keys. One pass lists every fault, not
//! the first; each is seen by itself.
//!
//! On port 25 mail servers encrypt without looking at the certificate, so a bad one stops nobody there and is a
//! warning; with a login, or on any other port, it is an error.
//!
//! Rooms: [`trust`] (who vouches for it), [`chain`] (which certificates were sent), [`dates`], [`keys`] (keys,
//! signatures, usage, OCSP), here the name, and [`rules`].

mod chain;
mod dates;
mod keys;
mod rules;
mod trust;

use super::{Check, Confidence, Finding, Fix, PhaseFailure, Severity, asks_nothing, in_shell};
use crate::evidence::{
    Certificate, ChainFault, Doubt, Event, EventKind, Evidence, Handshake, NameMatch, PathFault, PathFaultKind,
    PathPlace, Phase, Presented, ProbeId, Session, Trust, WithheldReason,
};
use crate::plan::{Plan, TlsMode, Verify};
use crate::wire::Host;
use rules::CERTIFICATE_NAME_MISMATCH;

pub static CHECK: Check = Check { subject: "certificate", ask: asks_nothing, judge, rules: rules::RULES };

/// What a server showed, with what is needed to judge it.
#[derive(Clone, Copy)]
struct CertificateContext<'a> {
    plan: &'a Plan,
    /// The handshake's event; a probe has none.
    event: Option<&'a Event>,
    probe: ProbeId,
    presented: &'a Presented,
    /// The handshake that it came with; none if only the certificates were seen.
    handshake: Option<&'a Handshake>,
    leaf: &'a Certificate,
    now: jiff::Timestamp,
}

impl<'a> CertificateContext<'a> {
    fn lineage(self) -> Vec<(usize, &'a Certificate)> {
        self.presented.lineage()
    }

    /// How a finding names a certificate.
    fn called(self, place: usize) -> String {
        match self.presented.chain.get(place) {
            Some(one) if place > 0 => format!("certificate {place} of the chain ({})", one.subject),
            _ => "the certificate".to_owned(),
        }
    }

    fn finding(self, rule: &'static super::Rule, confidence: Confidence, summary: String) -> Finding {
        let finding = Finding::new(rule, Phase::Tls, confidence, summary).tried(self.probe);
        match self.event {
            Some(event) => finding.on(event),
            None => finding,
        }
    }

    fn target(self) -> String {
        self.plan.target.host.with_port(self.plan.target.port)
    }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.secured_session() else { return Vec::new() };
    let Some((event, handshake)) = session.handshake() else { return Vec::new() };
    let Some(leaf) = handshake.leaf() else { return Vec::new() };
    let (presented, now) = (&handshake.presented, evidence.started_at);
    let (event, probe) = (Some(event), session.probe.id);
    faults_of(CertificateContext { plan, event, probe, presented, handshake: Some(handshake), leaf, now }, session)
}

/// The faults of another certificate of the same server, which a probe has seen.
pub(super) fn of_probe(plan: &Plan, evidence: &Evidence, probe: ProbeId, presented: &Presented) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let Some(leaf) = presented.leaf() else { return Vec::new() };
    let seen =
        CertificateContext { plan, event: None, probe, presented, handshake: None, leaf, now: evidence.started_at };
    let mut faults = faults_of(seen, session);
    for fault in &mut faults {
        fault.summary = format!("for clients that want {}: {}", leaf.key, fault.summary);
    }
    faults
}

fn faults_of(seen: CertificateContext<'_>, session: Session<'_>) -> Vec<Finding> {
    let doubts = match seen.handshake {
        Some(handshake) => handshake.doubts(seen.now),
        None => seen.presented.doubts(seen.now),
    };
    let mut faults = Vec::new();
    // Where a scanner shows a certificate of its own, nothing else about its chain matters.
    let scanner = doubts.iter().find(|doubt| is_of_path(doubt)).and_then(|_| trust::intercepted(seen));
    let is_scanned = scanner.is_some();
    faults.extend(scanner);
    faults.extend(doubts.iter().filter(|doubt| !is_scanned || !is_of_path(doubt)).filter_map(|one| finding(seen, one)));
    weigh(seen.plan, session, &mut faults);
    // What only warns, or what the user asked for by number, is the same on every port.
    faults.extend(dates::ending(seen));
    faults.extend(chain::oddities(seen));
    faults.extend(keys::authority_as_server(seen));
    faults.extend(keys::limited_clients(seen));
    faults
}

/// Whether the doubt is about how the certificate leads to an anchor.
fn is_of_path(doubt: &Doubt<'_>) -> bool {
    matches!(doubt, Doubt::NoPath(_) | Doubt::Path(_))
}

/// What is said about one reason not to believe the server. Each is an error before it is weighed, so that the run fails
/// exactly when the login was held back.
fn finding(seen: CertificateContext<'_>, doubt: &Doubt<'_>) -> Option<Finding> {
    match doubt {
        // Without a certificate there is nothing to find here, and no handshake of today ends like that.
        Doubt::NoCertificate => None,
        Doubt::NoPath(why) => Some(trust::untrusted(seen, *why)),
        Doubt::Path(fault) => Some(trust::of_path(seen, fault)),
        Doubt::OutOfDate(place) => dates::out_of_date(seen, *place),
        Doubt::WeakKey(place) => keys::weak_key(seen, *place),
        Doubt::WeakSignature(place, hash) => Some(keys::weak_signature(seen, *place, hash)),
        Doubt::Misuse(misuse) => Some(keys::misused(seen, *misuse)),
        Doubt::Name => misnamed(seen),
        Doubt::Proof(fault) => keys::proof(seen, fault),
        Doubt::Revoked => Some(keys::revoked(seen)),
        Doubt::StapleMissing => Some(keys::staple_missing(seen)),
        Doubt::StapleInvalid(fault) => Some(keys::staple_invalid(seen, *fault)),
    }
}

/// What is wrong with a certificate of the chain, in a few words.
pub(crate) struct Flaw {
    /// Which one, from 0.
    pub(crate) place: usize,
    pub(crate) word: &'static str,
    /// As far as the certificate itself goes; who is hurt by it the findings say.
    pub(crate) severity: Severity,
}

/// What is wrong with which certificate of the chain, for who looks at the chain.
pub(crate) fn flaws(presented: &Presented, now: jiff::Timestamp) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let why = match &presented.trust {
        Trust::Untrusted { why, .. } => Some(*why),
        Trust::Trusted { .. } | Trust::Outdated { .. } => None,
    };
    let chain = &presented.chain;
    for (at, one) in chain.iter().enumerate() {
        let is_used = match presented.path.as_slice() {
            [] => at == 0 || chain.iter().any(|other| other.issued_by == Some(at)),
            path => path.contains(&at),
        };
        let (counts, is_leaf, is_root) = (is_used && one.is_readable(), at == 0, at > 0 && one.self_signed);
        let is_twice = !is_leaf && chain.iter().take(at).any(|earlier| earlier.sha256 == one.sha256);
        let is_lost = why == Some(ChainFault::UnknownIssuer) && !one.self_signed && one.issued_by.is_none();
        let is_spare = !is_leaf && one.is_readable() && !is_used && !is_root && !is_twice;
        let is_misused = is_leaf && one.misuse().is_some();
        let is_authority = is_leaf && one.is_authority && !one.self_signed;
        let is_broken =
            presented.faults.iter().any(|fault| fault.at == PathPlace::Sent { place: at } && is_shown(fault));
        use Severity::{Error, Notice, Warning};
        let words = [
            (!one.is_readable(), Error, "cannot be read"),
            (is_leaf && one.self_signed && why.is_some(), Error, "self-signed"),
            (is_root && !is_twice && why.is_some(), Error, "a root that is not trusted here"),
            (counts && is_lost, Error, "its issuer is unknown"),
            (counts && now > one.not_after, Error, "expired"),
            (counts && now < one.not_before, Error, "not valid yet"),
            (is_used && one.has_weak_key(), Error, "weak key"),
            (is_used && one.forgeable().is_some(), Error, "weak signature"),
            (is_misused, Error, "made for something else"),
            (is_authority, Warning, "made for something else"),
            (is_broken, Error, "breaks a rule of the path"),
            (is_leaf && why == Some(ChainFault::NameConstraint), Error, "a name that its authority may not sign for"),
            (is_leaf && matches!(presented.name, NameMatch::Differs { .. }), Error, "another name"),
            (one.issued_by.is_some_and(|issuer| issuer < at) && !is_twice, Warning, "stands behind its issuer"),
            (is_twice, Notice, "sent twice"),
            (is_root && !is_twice && why.is_none(), Notice, "a root, not needed"),
            (is_spare, Notice, "not needed"),
        ];
        let found = words.into_iter().filter(|(is_so, ..)| *is_so);
        flaws.extend(found.map(|(_, severity, word)| Flaw { place: at, word, severity }));
    }
    flaws
}

/// Faults for which there is no word of their own.
fn is_shown(fault: &PathFault) -> bool {
    !matches!(
        fault.kind,
        PathFaultKind::NameConstraint { .. }
            | PathFaultKind::WeakKey { .. }
            | PathFaultKind::WeakSignature { .. }
            | PathFaultKind::Unreadable
    )
}

/// Who is hurt by a fault decides how bad it is.
fn weigh(plan: &Plan, session: Session<'_>, faults: &mut [Finding]) {
    let withheld =
        session.events().any(|event| matches!(&event.what, EventKind::Withheld { reason: WithheldReason::Unverified }));
    let nobody_looks = plan.target.port == 25 && plan.tls.mode == TlsMode::Auto && plan.login.is_none();
    let accepted = plan.tls.verify == Verify::Insecure;
    for (at, fault) in faults.iter_mut().filter(|fault| fault.severity == Severity::Error).enumerate() {
        if accepted {
            fault.severity = Severity::Notice;
            fault.consequences.push("accepted, because --insecure says so".to_owned());
        } else if nobody_looks {
            fault.severity = Severity::Warning;
            fault.consequences.push("mail servers that deliver to port 25 do not verify and go on; senders with MTA-STS or DANE, smart hosts and mail programs refuse it".to_owned());
        } else {
            fault.failure = Some(PhaseFailure::Tls);
        }
        if withheld && at == 0 {
            fault.consequences.push(
                "the password stayed here: no secret goes to a server that cannot prove who it is (--insecure would)"
                    .to_owned(),
            );
        }
    }
}

fn misnamed(seen: CertificateContext<'_>) -> Option<Finding> {
    let (expected, presented) = match &seen.presented.name {
        // What cannot be read is a finding of its own.
        NameMatch::Matches { .. } | NameMatch::Unreadable { .. } => return None,
        NameMatch::Differs { expected, presented } => (expected, presented.as_slice()),
    };
    // RFC 9525 §6.5: an address counts in the form of an address only.
    let is_in_the_wrong_form =
        expected.parse::<std::net::IpAddr>().is_ok() && presented.iter().any(|name| name == expected);
    let summary = if is_in_the_wrong_form {
        format!("the certificate names {expected} as a DNS name, not as an IP address")
    } else if presented.is_empty() {
        format!("the certificate names no host in subjectAltName, so not {expected} either")
    } else {
        format!("the certificate is for {}, not for {expected}", few(presented, seen.leaf.names_total))
    };
    let mut finding = seen.finding(&CERTIFICATE_NAME_MISMATCH, Confidence::Certain, summary);
    let only_common_name = seen.leaf.common_name.as_ref().filter(|_| presented.is_empty());
    if is_in_the_wrong_form {
        finding.cause =
            "clients compare an IP address only with the entries of the type iPAddress in subjectAltName".to_owned();
        finding.fixes = vec![Fix::text(format!(
            "Get a certificate with IP:{expected} instead of DNS:{expected} in subjectAltName, or connect to a host name (server operator)"
        ))];
        return Some(finding);
    }
    finding.cause = match (only_common_name, presented.iter().find_map(|name| wildcard(name, expected))) {
        (Some(name), _) => format!(
            "its common name ({name}) is not accepted for {expected}: Go, rustls and browsers do not look at it, OpenSSL and GnuTLS do only where it is one host name and the only name; the name must stand in subjectAltName"
        ),
        (None, Some(why)) => why,
        (None, None) => {
            "none of the names in it is the one that was asked for, so clients that verify refuse it".to_owned()
        }
    };
    let is_usable = |name: &&String| {
        // Who makes a certificate writes what he likes into it; only a host name belongs into a command.
        !name.starts_with(['*', '-']) && name.contains('.') && Host::parse(name.as_str()).is_ok()
    };
    if let Some(usable) = presented.iter().find(is_usable) {
        let target = format!("{usable}:{}", seen.plan.target.port);
        finding.fixes.push(Fix::run(
            "connect to the name that the certificate carries, if it is the same server",
            // The same server shows the same certificate: who trusts a file for it needs the file there, too.
            match &seen.plan.tls.cacert {
                Some(path) => {
                    format!("smtpcheck {} --cacert {}", in_shell(&target), in_shell(&path.display().to_string()))
                }
                None => format!("smtpcheck {}", in_shell(&target)),
            },
        ));
    }
    let or = if finding.fixes.is_empty() { "" } else { "or " };
    finding.fixes.push(Fix::text(format!("{or}the operator gets a certificate that carries {expected}")));
    Some(finding)
}

/// Why a wildcard that looks as if it fitted does not (RFC 9525 §6.3: it stands for one whole label, the first).
fn wildcard(name: &str, expected: &str) -> Option<String> {
    let domain = name.strip_prefix("*.")?;
    if expected.eq_ignore_ascii_case(domain) {
        return Some(format!("{name} stands for names below {domain}, not for {domain} itself"));
    }
    let below = expected.len().checked_sub(domain.len() + 1).and_then(|at| expected.split_at_checked(at));
    let (label, rest) = below?;
    let is_below = rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(domain));
    (is_below && label.contains('.'))
        .then(|| format!("{name} stands for one label only, and {expected} has more of them before {domain}"))
}

fn few(names: &[String], total: usize) -> String {
    let mut list = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    let total = total.max(names.len());
    if total > 4 {
        list.push_str(&format!(" and {} more", total - 4));
    }
    list
}
