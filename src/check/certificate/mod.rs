//! The server's certificate: its issuer, names, dates and keys. Every fault is reported, not only the first, and each
//! is judged separately.
//!
//! By default, mail servers that deliver to port 25 do not verify the certificate, so a faulty certificate does not
//! prevent delivery and is only a warning. With a login, or on any other port, it is an error.
//!
//! Modules: [`trust`] (certificates without a path to a trusted root), [`store`] (machines without a trust store),
//! [`path`] (faults of that path), [`chain`] (the list of certificates), [`dates`], [`keys`] (keys, signatures, usage,
//! OCSP), and [`rules`]. The host name is judged here.

mod chain;
mod context;
mod dates;
mod keys;
mod path;
mod rules;
mod store;
mod trust;

use super::finding::{Check, Finding, PhaseFailure, Severity, asks_nothing, in_shell};
use super::{place, programs, server_name};
use crate::evidence::{
    ChainFault, Doubt, EventKind, Evidence, NameMatch, PathFault, PathFaultKind, PathPlace, Presented, ProbeId,
    Session, Trust, WithheldReason,
};
use crate::lexicon::providers::{self, Provider, ProviderSigns};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, Verify};
use crate::wire::{DomainName, Host};
pub(super) use chain::{KEEP_FOR_DANE, unnecessary};
use context::{CertificateContext, is_between_servers};
pub(super) use dates::ending_in;
use rules::CERTIFICATE_NAME_MISMATCH;

pub(crate) static CHECK: Check = Check { subject: "certificate", ask: asks_nothing, judge, rules: rules::RULES };

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.secured_session() else { return Vec::new() };
    let Some((event, handshake)) = session.handshake() else { return Vec::new() };
    let Some(leaf) = handshake.leaf() else { return Vec::new() };
    let (presented, now) = (&handshake.presented, evidence.started_at);
    let (event, probe) = (Some(event), session.probe.id);
    let seen = CertificateContext { plan, event, probe, session, presented, handshake: Some(handshake), leaf, now };
    let mut faults = faults_of(seen);
    store::add_missing(seen, &mut faults);
    faults
}

/// The faults of another certificate that a ClientHello probe received from the same server.
pub(super) fn of_probe(plan: &Plan, evidence: &Evidence, probe: ProbeId, presented: &Presented) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let Some(leaf) = presented.leaf() else { return Vec::new() };
    let now = evidence.started_at;
    let mut faults =
        faults_of(CertificateContext { plan, event: None, probe, session, presented, handshake: None, leaf, now });
    for fault in &mut faults {
        fault.summary = format!("for clients that request {}: {}", leaf.key, fault.summary);
    }
    faults
}

fn faults_of(seen: CertificateContext<'_>) -> Vec<Finding> {
    let doubts = match seen.handshake {
        Some(handshake) => handshake.doubts(seen.now),
        None => seen.presented.doubts(seen.now),
    };
    let mut faults = Vec::new();
    // If a virus scanner presents its own certificate, other faults of that chain do not matter.
    let scanner = doubts.iter().find(|doubt| is_of_path(doubt)).and_then(|_| trust::intercepted(seen));
    let is_scanned = scanner.is_some();
    faults.extend(scanner);
    faults.extend(doubts.iter().filter(|doubt| !is_scanned || !is_of_path(doubt)).filter_map(|one| finding(seen, one)));
    weigh(seen.plan, seen.session, &mut faults);
    // Warnings, and findings about limits that the user set, have the same severity on every port.
    faults.extend(dates::ending(seen));
    faults.extend(chain::oddities(seen));
    faults.extend(keys::authority_as_server(seen));
    faults.extend(keys::limited_clients(seen));
    faults
}

/// Whether the doubt concerns the path from the certificate to a trust anchor.
fn is_of_path(doubt: &Doubt<'_>) -> bool {
    matches!(doubt, Doubt::NoPath(_) | Doubt::Path(_))
}

/// The finding about one reason not to trust the server. Each finding is an error here. [`weigh`] lowers its severity
/// with `--insecure`, and on port 25 without a login. With a login, the run therefore fails if and only if the password
/// was withheld.
fn finding(seen: CertificateContext<'_>, doubt: &Doubt<'_>) -> Option<Finding> {
    match doubt {
        // With the TLS versions that smtpcheck uses, no handshake succeeds without a certificate.
        Doubt::NoCertificate => None,
        Doubt::NoPath(why) => Some(trust::untrusted(seen, *why)),
        Doubt::Path(fault) => Some(path::fault(seen, fault)),
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

/// A fault of a certificate in the chain, in a few words.
pub(crate) struct Flaw {
    /// The certificate's position in the chain, from 0.
    pub(crate) place: usize,
    pub(crate) word: &'static str,
    /// The severity of the flaw in itself. In a finding, [`weigh`] adjusts it to the port and the login.
    pub(crate) severity: Severity,
}

/// The faults of each certificate, for listings of the chain.
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
            (is_root && !is_twice && why.is_some(), Error, "a root that is not trusted"),
            (counts && is_lost, Error, "its issuer is unknown"),
            (counts && now > one.not_after, Error, "expired"),
            (counts && now < one.not_before, Error, "not valid yet"),
            (is_used && one.has_weak_key(), Error, "weak key"),
            (is_used && one.forgeable().is_some(), Error, "weak signature"),
            (is_misused, Error, "issued for another purpose"),
            (is_authority, Warning, "issued for another purpose"),
            (is_broken, Error, "violates a rule of path validation"),
            (is_leaf && why == Some(ChainFault::NameConstraint), Error, "a name that its CA is not allowed to certify"),
            (is_leaf && matches!(presented.name, NameMatch::Differs { .. }), Error, "for another host name"),
            (one.issued_by.is_some_and(|issuer| issuer < at) && !is_twice, Warning, "sent after its issuer"),
            (is_twice, Notice, "sent twice"),
            (is_root && !is_twice && why.is_none(), Notice, "a root, not needed"),
            (is_spare, Notice, "not needed"),
        ];
        let found = words.into_iter().filter(|(is_so, ..)| *is_so);
        flaws.extend(found.map(|(_, severity, word)| Flaw { place: at, word, severity }));
    }
    flaws
}

/// Whether listings describe the fault only as a violation of a path validation rule. For all other faults, they
/// state what is wrong.
fn is_shown(fault: &PathFault) -> bool {
    !matches!(
        fault.kind,
        PathFaultKind::NameConstraint { .. }
            | PathFaultKind::WeakKey { .. }
            | PathFaultKind::WeakSignature { .. }
            | PathFaultKind::Unreadable
    )
}

/// What the faults of a certificate mean on port 25, if the policies of the domain are not known.
pub(super) const BETWEEN_SERVERS: &str = "By default, mail servers that deliver to port 25 do not verify certificates, so they continue. Mail servers that apply MTA-STS or DANE may reject the certificate, and mail programs reject it.";

/// A fix for senders whose mail servers verify certificates on port 25. A domain check replaces it: it knows whether
/// senders have to verify the certificate.
pub(super) const DELIVER_UNVERIFIED: &str = "If your mail server does not deliver because of the certificate, configure it to encrypt without verification, as is usual between mail servers (Postfix: smtp_tls_security_level = may), or ask the recipient to use a name from the certificate in the MX record";

/// Sets the severity of the faults according to the port, the login and `--insecure`.
fn weigh(plan: &Plan, session: Session<'_>, faults: &mut [Finding]) {
    let withheld =
        session.events().any(|event| matches!(&event.what, EventKind::Withheld { reason: WithheldReason::Unverified }));
    let is_between_servers = is_between_servers(plan);
    let accepted = plan.tls.verify == Verify::Insecure;
    for (at, fault) in faults.iter_mut().filter(|fault| fault.severity == Severity::Error).enumerate() {
        if accepted {
            fault.severity = Severity::Notice;
            fault.consequences.push("smtpcheck accepted the certificate, because --insecure was given".to_owned());
        } else if is_between_servers {
            fault.severity = Severity::Warning;
            fault.consequences.push(BETWEEN_SERVERS.to_owned());
        } else {
            fault.failure = Some(PhaseFailure::Tls);
        }
        if withheld && at == 0 {
            fault.consequences.push(
                "smtpcheck did not send the password, because it could not verify the server's certificate (--insecure overrides this)"
                    .to_owned(),
            );
        }
    }
}

fn misnamed(seen: CertificateContext<'_>) -> Option<Finding> {
    let (expected, presented) = match &seen.presented.name {
        // A certificate that cannot be read is a separate finding.
        NameMatch::Matches { .. } | NameMatch::Unreadable { .. } => return None,
        NameMatch::Differs { expected, presented } => (expected, presented.as_slice()),
    };
    // RFC 9525 §6.5: an IP address matches only an iPAddress entry.
    let is_in_the_wrong_form =
        expected.parse::<std::net::IpAddr>().is_ok() && presented.iter().any(|name| name == expected);
    let summary = if is_in_the_wrong_form {
        format!("the certificate contains {expected} as a DNS name, not as an IP address")
    } else if presented.is_empty() {
        format!("the certificate contains no host name in subjectAltName, so it does not match {expected}")
    } else {
        format!("the certificate is for {}, not for {expected}", few(presented, seen.leaf.names_total))
    };
    let mut finding = seen.finding(&CERTIFICATE_NAME_MISMATCH, Confidence::Certain, summary);
    let only_common_name = seen.leaf.common_name.as_ref().filter(|_| presented.is_empty());
    if is_in_the_wrong_form {
        finding.cause = "Clients compare an IP address only with iPAddress entries in subjectAltName.".to_owned();
        finding.fixes = vec![Fix::text(format!(
            "Connect to a host name instead of an IP address. Server operator: get a certificate with IP:{expected} instead of DNS:{expected} in subjectAltName."
        ))];
        return Some(finding);
    }
    finding.cause = match (only_common_name, presented.iter().find_map(|name| wildcard(name, expected))) {
        (Some(name), _) => format!(
            "Clients do not accept the common name ({name}) for {expected}. The host name must be in subjectAltName. Go, rustls and browsers ignore common names. OpenSSL and GnuTLS accept a common name only if it is a single host name and the certificate has no other name."
        ),
        (None, Some(why)) => why,
        (None, None) => {
            format!("The certificate does not cover {expected}, so clients that verify certificates reject it.")
        }
    };
    if let Some(provider) =
        place::public_provider(seen.plan).filter(|provider| is_of_stranger(provider, expected, presented))
    {
        of_stranger(seen, provider, &mut finding);
        return Some(finding);
    }
    let is_usable = |name: &&String| {
        // A certificate can contain an arbitrary string as a name; only a host name is put into a command.
        let is_host = !name.starts_with(['*', '-']) && name.contains('.') && Host::parse(name.as_str()).is_ok();
        // Beside a wildcard, the domain itself is usually a web site.
        let is_web_site = presented.iter().any(|other| other.strip_prefix("*.") == Some(name.as_str()));
        is_host && !is_web_site && !is_default_name(seen, name)
    };
    if seen.plan.target.host.socket().is_some() {
        // The user chooses the name, because a socket has no host name.
        let name = presented.iter().find(is_usable).map_or("NAME", String::as_str);
        finding.cause = format!(
            "A Unix socket has no host name, so smtpcheck compares the certificate with {expected}. Specify the name that your clients expect with --sni."
        );
        finding.fixes.push(Fix::run(
            "Compare the certificate with the name that your clients expect",
            format!("smtpcheck {} --sni {}", in_shell(&seen.plan.target.notation()), in_shell(name)),
        ));
        return Some(finding);
    }
    let announced = server_name::announced_and_covered(seen.session, presented);
    let announced = announced.as_ref().map(|name| name.ascii());
    let usable = announced.or_else(|| presented.iter().find(is_usable).map(String::as_str));
    if let Some(usable) = usable {
        let target = format!("{usable}:{}", seen.plan.target.port);
        let text = match announced {
            Some(name) => {
                format!("Connect to {name}, the name in the server's greeting, which the certificate matches")
            }
            None => {
                "If the names in the certificate belong to the same server, use one of the names to connect".to_owned()
            }
        };
        finding.fixes.push(Fix::run(
            text,
            // The same server presents the same certificate, so `--cacert` is also needed there.
            match &seen.plan.tls.cacert {
                Some(path) => {
                    format!("smtpcheck {} --cacert {}", in_shell(&target), in_shell(&path.display().to_string()))
                }
                None => format!("smtpcheck {}", in_shell(&target)),
            },
        ));
    }
    let is_name = |name: &&str| name.parse::<std::net::IpAddr>().is_err();
    if let Some(name) = usable.filter(is_name).filter(|_| place::is_inside(seen.plan, seen.session)) {
        let is_loopback = seen.session.connected().is_some_and(|(server, _)| server.ip().is_loopback());
        let fix = Fix::run(
            format!(
                "If a tunnel, a proxy or a container's name leads to this server, keep the address and give the program the certificate's name ({}), or add the name to the hosts file",
                programs::EXPECTED_NAME
            ),
            format!("smtpcheck {} --sni {}", seen.target(), in_shell(name)),
        );
        // On this machine, connecting to the name would bypass the tunnel.
        finding.fixes.insert(if is_loopback { 0 } else { 1 }, fix);
    }
    // On shared hosting, the certificate is for the names of the hosting company's servers.
    if let (None, Some(domain)) = (
        usable,
        presented.iter().find_map(|name| name.strip_prefix("*.")).filter(|name| DomainName::parse(name).is_ok()),
    ) {
        let text = format!(
            "If {domain} belongs to your hosting company, connect to the server's own name below {domain}; the control panel or the welcome message shows it, and often the server's reverse DNS name"
        );
        finding.fixes.push(match seen.session.connected() {
            Some((server, _)) if seen.plan.resolves_here() => {
                Fix::run(text, format!("dig +short -x {}", server.ip().to_canonical()))
            }
            _ => Fix::text(text),
        });
    }
    // Public CAs rarely issue certificates for IP addresses, and never for private ones.
    if expected.parse::<std::net::IpAddr>().is_err() {
        finding.fixes.push(Fix::text(format!("Server operator: get a certificate that contains {expected}")));
    } else if presented.is_empty() {
        finding.fixes.push(Fix::text("Server operator: get a certificate with the server's host name in subjectAltName. Then connect to this name instead of the IP address."));
    } else if usable.is_none() {
        finding.fixes.push(Fix::text("Instead of the IP address, use a host name that the certificate contains"));
    }
    if is_between_servers(seen.plan) {
        finding.fixes.push(Fix::text(DELIVER_UNVERIFIED));
    }
    Some(finding)
}

/// Whether a name in a certificate cannot lead to the server: a default name of an installation, or a private name in the
/// certificate of a server on the internet.
fn is_default_name(seen: CertificateContext<'_>, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_default = matches!(name.as_str(), "hostname.domain" | "host.domain" | "mail.domain" | "server.domain");
    let is_private = name.ends_with(".localdomain") || place::PrivateName::of(&name).is_some();
    let ip = name.parse::<std::net::IpAddr>().ok();
    let is_here = seen.session.connected().is_some_and(|(server, _)| server.ip().to_canonical().is_loopback());
    let is_elsewhere = ip.is_some_and(|ip| ip.is_loopback()) && !is_here;
    let is_private = is_private || ip.is_some_and(place::is_private);
    is_default || is_elsewhere || is_private && !place::is_inside(seen.plan, seen.session)
}

/// Whether none of the names belongs to the provider or to the domain of the host.
fn is_of_stranger(provider: &Provider, expected: &str, presented: &[String]) -> bool {
    let domain = |name: &str| {
        let labels: Vec<&str> = name.trim_start_matches("*.").rsplit('.').take(2).collect();
        labels.join(".").to_ascii_lowercase()
    };
    let recognised = providers::recognise(&ProviderSigns { certificate: presented, ..ProviderSigns::default() });
    let is_provider = recognised.is_some_and(|known| known.id == provider.id);
    !is_provider && !presented.is_empty() && presented.iter().all(|name| domain(name) != domain(expected))
}

/// Another operator's server responds under a public provider's name. The usual fix (connecting to a name in the
/// certificate) would be wrong.
fn of_stranger(seen: CertificateContext<'_>, provider: &Provider, finding: &mut Finding) {
    finding.confidence = Confidence::Likely;
    finding.cause = format!(
        "The server that responds does not belong to {}: this machine's network or hosting company redirects mail connections to its own server, or the name lookup returned a wrong IP address. The server that responds can read the session. smtpcheck could not examine the provider's own certificate, which may also have faults.",
        provider.name
    );
    finding.otherwise = Some(format!(
        "{} may have moved this host name to another company. To find out, repeat the check from another network.",
        provider.name
    ));
    finding.fixes = place::around_device(seen.plan, provider);
}

/// Why a wildcard that seems to match does not (RFC 9525 §6.3: it matches exactly one label, the first).
fn wildcard(name: &str, expected: &str) -> Option<String> {
    let domain = name.strip_prefix("*.")?;
    if expected.eq_ignore_ascii_case(domain) {
        return Some(format!("{name} matches names below {domain}, but not {domain} itself."));
    }
    let below = expected.len().checked_sub(domain.len() + 1).and_then(|at| expected.split_at_checked(at));
    let (label, rest) = below?;
    let is_below = rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(domain));
    (is_below && label.contains('.')).then(|| {
        format!(
            "The wildcard in {name} matches only one label, but {expected} has more than one label before {domain}."
        )
    })
}

fn few(names: &[String], total: usize) -> String {
    let mut list = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    let total = total.max(names.len());
    if total > 4 {
        list.push_str(&format!(" and {} more", total - 4));
    }
    list
}
