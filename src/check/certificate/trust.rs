//! Certificates without a path to a trusted root, and the reason: a self-signed certificate, a private CA, a
//! certificate that is missing from the chain, or a virus scanner on the network path.

use super::super::finding::{Finding, in_shell};
use super::super::{place, programs};
use super::context::CertificateContext;
use super::rules::{
    CERTIFICATE_CHAIN_INCOMPLETE, CERTIFICATE_INTERCEPTED, CERTIFICATE_NAME_CONSTRAINED, CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_UNTRUSTED,
};
use crate::evidence::{Certificate, ChainFault, NameMatch, Phase, Trust, TrustStore};
use crate::lexicon::{Confidence, Fix, software};
use crate::plan::TlsUse;
use crate::wire::DomainName;

/// The finding about a virus scanner or gateway that presents its own certificate.
pub(super) fn intercepted(seen: CertificateContext<'_>) -> Option<Finding> {
    let sign = software::by_certificate(&seen.leaf.subject, &seen.leaf.issuer, &seen.leaf.names)?;
    if !matches!(sign.kind.as_str(), "antivirus" | "gateway") {
        return None;
    }
    let summary = format!("the certificate is not the server's own: it was created by {}", sign.meaning);
    let mut finding = seen.finding(&CERTIFICATE_INTERCEPTED, Confidence::Likely, summary);
    finding.cause = sign.means.into();
    finding.otherwise = Some(
        "The server's own certificate may have an issuer with a similar name. Repeat the check on another machine in another network to find out."
            .to_owned(),
    );
    finding.fixes = sign.fix.fixes();
    if let Some(provider) = place::public_provider(seen.plan) {
        finding.cause = format!("{} {HIDDEN}", finding.cause);
        finding.fixes.extend(place::around_device(seen.plan, provider));
    }
    Some(finding)
}

const HIDDEN: &str = "smtpcheck could not examine the provider's own certificate, which may also have faults.";

/// Names of public CAs. A certificate from one of these CAs leads to no root if this machine's trust store is old.
const PUBLIC_AUTHORITIES: &[&str] = &[
    "aaa certificate services",
    "actalis",
    "addtrust",
    "affirmtrust",
    "amazon",
    "apple",
    "baltimore",
    "buypass",
    "certigna",
    "certum",
    "comodo",
    "cpanel",
    "d-trust",
    "digicert",
    "digital signature trust",
    "dst root",
    "e-szigno",
    "entrust",
    "gandi",
    "geotrust",
    "globalsign",
    "go daddy",
    "godaddy",
    "google trust services",
    "harica",
    "hellenic academic",
    "identrust",
    "internet security research group",
    "isrg",
    "let's encrypt",
    "microsec",
    "microsoft corporation",
    "naver",
    "network solutions",
    "quovadis",
    "rapidssl",
    "secom",
    "sectigo",
    "ssl corporation",
    "ssl.com",
    "starfield",
    "swisssign",
    "symantec",
    "t-systems",
    "telekom security",
    "telesec",
    "thawte",
    "trustasia",
    "trustwave",
    "twca",
    "unizeto",
    "usertrust",
    "verisign",
    "wisekey",
    "zerossl",
];

fn is_public_authority(issuer: &str) -> bool {
    let issuer = issuer.to_lowercase();
    PUBLIC_AUTHORITIES.iter().any(|name| issuer.contains(name))
}

/// The finding about a certificate for a public provider's name that no public CA issued: a device on the network path
/// created it.
fn for_provider(seen: CertificateContext<'_>) -> Option<Finding> {
    let provider = place::public_provider(seen.plan)?;
    // With --cacert, the user expects certificates from that CA.
    if matches!(seen.presented.store, TrustStore::File { .. }) {
        return None;
    }
    let last = last_followed(seen);
    if is_public_authority(&last.issuer) {
        return None;
    }
    let is_fetchable = std::ptr::eq(last, seen.leaf) && seen.leaf.issuer_urls.iter().any(|url| is_web(url));
    // If only an intermediate certificate is missing, the server's certificate is the provider's.
    if is_fetchable || seen.presented.chain_length > seen.presented.chain.len() {
        return None;
    }
    let (name, issuer) = (&provider.name, &last.issuer);
    let summary = if seen.leaf.self_signed {
        format!("the certificate is self-signed, so it does not belong to {name}")
    } else {
        format!("the certificate was issued by {issuer}, which is not a public CA, so it does not belong to {name}")
    };
    let mut finding = seen.finding(&CERTIFICATE_INTERCEPTED, Confidence::Likely, summary);
    finding.cause = format!(
        "{name} uses only certificates from public CAs. A device on the network path responds instead of the provider's server and can read the session: TLS inspection in a company network, a virus scanner on this machine, or a hosting company's mail relay. {HIDDEN}"
    );
    finding.otherwise = Some(old_store(seen));
    finding.fixes = place::around_device(seen.plan, provider);
    // Companies create such certificates on purpose, and often only the root certificate is missing, for example in a
    // container.
    finding.fixes.insert(
        1,
        Fix::text(format!(
            "If this network inspects TLS on purpose (a company's proxy or firewall), get the root certificate from the network administrator, and install it on this machine, in the container and in the program ({}); do not copy the certificate from this connection",
            programs::TRUST
        )),
    );
    Some(finding)
}

/// The finding about a certificate from which no path leads to a trust anchor.
pub(super) fn untrusted(seen: CertificateContext<'_>, why: ChainFault) -> Finding {
    if let (ChainFault::SelfSigned | ChainFault::UnknownIssuer, Some(finding)) = (why, for_provider(seen)) {
        return finding;
    }
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
            let mut finding = broken(
                seen,
                "the certificate chain is not valid".to_owned(),
                "smtpcheck could not determine the reason.".to_owned(),
            );
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(old_store(seen));
            finding
        }
    };
    let mut finding = with_sign(seen, finding);
    if place::public_provider(seen.plan).is_some() && !matches!(seen.presented.store, TrustStore::File { .. }) {
        // A current trust store contains the provider's root, and a certificate from this connection must not be
        // trusted. The fixes that save the certificate to a file are therefore removed.
        finding.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|command| command.contains(" ca.pem")));
        finding
            .fixes
            .insert(0, Fix::text("Update the trust store of this machine or container: the package ca-certificates"));
    }
    finding
}

/// Adds information about a certificate that is recognised by its names, for example the default certificate of a
/// package or hosting company, or a test certificate.
pub(super) fn with_sign(seen: CertificateContext<'_>, mut finding: Finding) -> Finding {
    // A certificate for the target's host name is not the default certificate of a package.
    let is_for_host = |sign: &&software::CertificateSign| {
        let expected = match &seen.presented.name {
            NameMatch::Matches { expected } => Some(expected),
            NameMatch::Differs { .. } | NameMatch::Unreadable { .. } => None,
        };
        sign.kind == "default" && expected.is_some() && expected == seen.leaf.common_name.as_ref()
    };
    // A certificate that a CA issued is not a default certificate either: the default certificates, and Google's error
    // certificate, are self-signed.
    let is_by_ca = |sign: &&software::CertificateSign| sign.kind == "default" && !seen.leaf.self_signed;
    let sign = software::by_certificate(&seen.leaf.subject, &seen.leaf.issuer, &seen.leaf.names);
    if let Some(sign) = sign.filter(|sign| !is_for_host(sign) && !is_by_ca(sign)) {
        finding.consequences.push(sign.means.into());
        // The fix for a recognised certificate replaces the general advice.
        let is_replaced = matches!(sign.kind.as_str(), "default" | "local");
        finding.fixes.retain(|fix| !is_replaced || fix.text != public_certificate().text);
        finding.fixes.splice(0..0, sign.fix.fixes());
        if sign.meaning == "Proton Mail Bridge" {
            of_other_machine(seen, &mut finding);
        }
    }
    finding
}

/// Fixes for a bridge that runs on another machine or in another container than the program: its certificate is valid
/// only for 127.0.0.1, so trusting it is not enough.
fn of_other_machine(seen: CertificateContext<'_>, finding: &mut Finding) {
    if matches!(seen.presented.name, NameMatch::Matches { .. }) {
        return;
    }
    let (host, port) = (seen.plan.target.host.bracketed(), seen.plan.target.port);
    finding.fixes = vec![
        Fix::text(format!(
            "If you trust the network between the program and Bridge, accept this certificate in the program for this server only ({})",
            programs::UNVERIFIED
        )),
        Fix::run(
            "Or open a tunnel from the program's machine to the machine that Bridge runs on, enter 127.0.0.1 as the server in the program, and trust the certificate that Bridge exports (Settings > Advanced settings > Export TLS certificates)",
            format!("ssh -N -L {port}:127.0.0.1:{port} {}", in_shell(&host)),
        ),
        Fix::text(
            "Or create a certificate for the name that the program uses, import it in Bridge (protonmail-bridge --cli, cert import), and trust it in the program",
        ),
    ];
}

const OWN_ROOT: &str = "If the CA is your organisation's own, trust its root certificate";

/// The explanation that the trust anchors, which do not verify the certificate, are too old.
fn old_store(seen: CertificateContext<'_>) -> String {
    let anchors = match &seen.presented.store {
        TrustStore::Mozilla { .. } => "The root certificates that are compiled into this smtpcheck may be out of date.",
        TrustStore::System { .. } | TrustStore::File { .. } => "This machine's trust store may be out of date.",
    };
    format!("{anchors} Repeat the check on another machine to find out.")
}

fn self_signed(seen: CertificateContext<'_>) -> Finding {
    let summary = "the certificate is self-signed, not issued by a CA".to_owned();
    let mut finding = seen.finding(&CERTIFICATE_SELF_SIGNED, Confidence::Certain, summary);
    let made = if seen.leaf.is_authority { ", as in certificates created with openssl req -x509" } else { "" };
    finding.cause = format!(
        "The subject and the issuer of the certificate are both {}{made}. The certificate is not in {}.",
        seen.leaf.subject,
        store(seen)
    );
    finding.fixes = local_program(seen).into_iter().collect();
    let saved = [
        Fix::run(
            "If the server is private and you trust the network, save its certificate",
            format!("smtpcheck {} --show-chain -q -o server-certificate.pem", seen.target()),
        ),
        with_saved(seen),
    ];
    // Public CAs issue no certificates for private names and IP addresses.
    if place::is_inside(seen.plan, seen.session) {
        finding.fixes.extend(saved.into_iter().chain([unverified(), public_certificate()]));
    } else {
        finding.fixes.extend([public_certificate()].into_iter().chain(saved));
    }
    finding
}

/// The fix to trust a saved certificate. If the certificate is for another name, clients also have to use that name.
fn with_saved(seen: CertificateContext<'_>) -> Fix {
    let mut text = format!(
        "Then repeat the check with the saved certificate as the only trusted certificate, and trust it in the program ({})",
        programs::TRUST
    );
    let mut command = format!("smtpcheck {} --cacert server-certificate.pem", seen.target());
    let is_usable = |name: &&String| {
        !name.starts_with(['*', '-']) && name.parse::<std::net::IpAddr>().is_err() && DomainName::parse(name).is_ok()
    };
    if let (NameMatch::Differs { presented, .. }, None) = (&seen.presented.name, &seen.plan.tls.sni)
        && let Some(name) = presented.iter().find(is_usable)
    {
        text.push_str(&format!("; the program must connect to the name in the certificate, {name}"));
        command.push_str(&format!(" --sni {}", in_shell(name)));
    }
    Fix::repeat(text, command)
}

/// The fix for programs and devices that cannot read a certificate from a file. Only for private networks: on the
/// internet, an on-path attacker could read the password.
fn unverified() -> Fix {
    Fix::text(format!(
        "If the program or device cannot trust a single certificate, and you trust the network, switch off certificate verification for this server only ({})",
        programs::UNVERIFIED
    ))
}

/// The fix for programs that connect to a server on the same machine: no public CA issues certificates for `localhost`.
/// A proxy or a tunnel can lead from a loopback address to another machine.
fn local_program(seen: CertificateContext<'_>) -> Option<Fix> {
    let is_local = seen.session.connected().is_some_and(|(server, _)| server.ip().is_loopback());
    // Most servers advertise AUTH only over TLS, so a login without TLS would fail.
    let can_log_in = seen.session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("AUTH"));
    let is_possible = is_local && (seen.plan.login.is_none() || can_log_in);
    (is_possible && seen.plan.tls_use() != TlsUse::Implicit).then(|| {
        Fix::repeat(
            "If the server runs on this machine, switch off TLS for this connection in the program: the data does not leave the machine, and no public CA issues a certificate for localhost",
            format!("smtpcheck {} --tls none", seen.target()),
        )
    })
}

/// The finding about an unknown issuer: the last certificate that can be reached by following the issuers was not
/// issued by a trusted CA.
fn unknown_issuer(seen: CertificateContext<'_>) -> Finding {
    let last = last_followed(seen);
    // A certificate that contains the URL of its issuer's certificate was issued by a CA that publishes its
    // certificates.
    let fetchable = seen.leaf.issuer_urls.first().filter(|_| std::ptr::eq(last, seen.leaf));
    if let Some(url) = fetchable {
        return incomplete(seen, url);
    }
    // A CA that is an intermediate, by its name, has an issuer of its own, so the chain is incomplete in any case. The
    // servers of known providers send complete chains.
    let is_alone = std::ptr::eq(last, seen.leaf) && seen.presented.chain_length == 1;
    if is_alone && is_intermediate(&last.issuer) && place::public_provider(seen.plan).is_none() {
        return incomplete_by_name(seen);
    }
    if last.self_signed {
        let summary =
            format!("the certificate leads to the root certificate {}, which is not in {}", last.subject, store(seen));
        let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Likely, summary);
        finding.cause = "The CA is private. Sending a root does not make clients trust it.".to_owned();
        finding.otherwise = Some(old_store(seen));
        finding.fixes = vec![own_authority(seen, OWN_ROOT), public_certificate()];
        if place::is_inside(seen.plan, seen.session) {
            finding.fixes.push(unverified());
        }
        return finding;
    }
    let (kept, sent) = (seen.presented.chain.len(), seen.presented.chain_length);
    let summary = if sent > kept {
        let issuer = &last.issuer;
        format!(
            "the issuer {issuer} is not among the first {kept} of the {sent} certificates that the server sent; smtpcheck examines only these"
        )
    } else if std::ptr::eq(last, seen.leaf) {
        format!(
            "the issuer of the certificate, {}, is not trusted: the chain does not end at a root certificate in {}",
            last.issuer,
            store(seen)
        )
    } else {
        let (end, issuer) = (&last.subject, &last.issuer);
        format!("the chain ends at {end}: its issuer, {issuer}, was not sent and is not in {}", store(seen))
    };
    let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Likely, summary);
    finding.cause = if seen.presented.chain.len() == 1 {
        "The issuer is a private CA, or the intermediate certificate is missing. The server sent only one certificate."
            .to_owned()
    } else {
        "The issuer is a private CA, or a certificate is missing from the chain.".to_owned()
    };
    finding.otherwise = Some(old_store(seen));
    finding.fixes = vec![public_certificate(), own_authority(seen, OWN_ROOT)];
    // If the server sends an intermediate certificate of a public CA, only the root is missing.
    if !std::ptr::eq(last, seen.leaf) && is_public_authority(&last.issuer) && sent == kept {
        finding.cause = format!("The issuer is a public CA, whose root certificate is missing from {}.", store(seen));
        finding.otherwise = Some("A certificate may also be missing from the chain that the server sends.".to_owned());
        finding.fixes = vec![
            Fix::text("Update the trust store of this machine or container: the package ca-certificates"),
            public_certificate(),
        ];
    } else if place::is_inside(seen.plan, seen.session) {
        finding.fixes.rotate_left(1);
        finding.fixes.push(unverified());
    }
    finding
}

/// Whether the name of a CA shows that the CA is not a root.
fn is_intermediate(issuer: &str) -> bool {
    let words = ["issuing", "intermediate", "subordinate", "sub ca", "subca"];
    let lower = issuer.to_lowercase();
    let is_named = is_public_authority(issuer) || words.iter().any(|word| lower.contains(word));
    is_named && !lower.contains("root")
}

/// The finding about a missing intermediate certificate that the certificate does not link to.
fn incomplete_by_name(seen: CertificateContext<'_>) -> Finding {
    let summary = format!("the server does not send the certificate of the issuer, {}", seen.leaf.issuer);
    let mut finding = seen.finding(&CERTIFICATE_CHAIN_INCOMPLETE, Confidence::Likely, summary);
    finding.cause = "The server sends only its own certificate. The issuer's name belongs to an intermediate CA, so clients cannot follow the chain to a root.".to_owned();
    finding.otherwise = Some(format!(
        "The issuer may be a private CA that is missing from {}. Ask the server's operator which CA issued the certificate.",
        store(seen)
    ));
    finding.fixes = vec![complete_chain(), own_authority(seen, OWN_ROOT)];
    finding
}

fn incomplete(seen: CertificateContext<'_>, url: &str) -> Finding {
    let sent = match seen.presented.chain_length {
        1 => "The server sends only its own certificate".to_owned(),
        more => format!("The issuer's certificate is not among the {more} certificates that the server sends"),
    };
    let summary = format!("the server does not send the certificate of the issuer, {}", seen.leaf.issuer);
    let mut finding = seen.finding(&CERTIFICATE_CHAIN_INCOMPLETE, Confidence::Likely, summary);
    finding.cause = format!(
        "{sent}, so clients cannot follow the chain to a root. Some clients download the missing certificate (for example Chrome, Edge and programs that use Windows' TLS library), but most mail programs and mail servers do not."
    );
    finding.otherwise = Some(format!(
        "The issuer may be a root that is missing from {}. Repeat the check on another machine to find out.",
        store(seen)
    ));
    finding.fixes = vec![complete_chain()];
    // The issuer chose this URL, which may be an arbitrary string, and users paste the command into a shell.
    if is_web(url) {
        let command = format!("curl -O {}", in_shell(url));
        finding.fixes.push(Fix::run(
            format!(
                "Server operator: download the missing certificate from the CA. Users of the server: until the server sends it, add it to the certificates that the program trusts ({})",
                programs::TRUST
            ),
            command,
        ));
    }
    finding
}

fn complete_chain() -> Fix {
    Fix::text(
        "Server operator: install the complete chain (fullchain.pem, not cert.pem), with the server's certificate first",
    )
}

/// Whether this is an HTTP URL in printable ASCII.
fn is_web(url: &str) -> bool {
    (url.starts_with("http://") || url.starts_with("https://")) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(super) fn name_constrained(seen: CertificateContext<'_>, name: &str) -> Finding {
    let summary = format!("a CA in the chain is not allowed to certify {name}");
    constrained(
        seen,
        summary,
        "The CA's name constraints exclude a name in the certificate. Clients that verify certificates reject it.",
    )
}

pub(super) fn constrained(seen: CertificateContext<'_>, summary: String, cause: &str) -> Finding {
    let mut finding = seen.finding(&CERTIFICATE_NAME_CONSTRAINED, Confidence::Certain, summary);
    finding.cause = cause.to_owned();
    finding.fixes = vec![Fix::text(
        "Server operator: get a certificate from a CA that is allowed to certify all the names in the certificate",
    )];
    finding
}

pub(super) fn broken(seen: CertificateContext<'_>, what: String, cause: String) -> Finding {
    let mut finding = seen.finding(&CERTIFICATE_UNTRUSTED, Confidence::Certain, what);
    finding.cause = cause;
    finding.fixes = vec![public_certificate(), own_authority(seen, OWN_ROOT)];
    finding
}

/// Whether no path to a trust anchor was found because the issuer is not known.
pub(super) fn is_for_unknown_issuer(seen: CertificateContext<'_>) -> bool {
    matches!(&seen.presented.trust, Trust::Untrusted { why: ChainFault::UnknownIssuer, .. })
}

/// The last certificate that can be reached from the server's certificate by following the issuers.
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

pub(super) fn store(seen: CertificateContext<'_>) -> String {
    match &seen.presented.store {
        TrustStore::System { .. } => "this machine's trust store".to_owned(),
        TrustStore::Mozilla { .. } => "Mozilla's root certificates, which are compiled into smtpcheck".to_owned(),
        TrustStore::File { path, .. } => path.clone(),
    }
}

fn public_certificate() -> Fix {
    Fix::text(
        "Server operator: install a certificate from a public CA with the complete chain (fullchain.pem, not cert.pem)",
    )
}

fn own_authority(seen: CertificateContext<'_>, text: &str) -> Fix {
    let text = format!("{text}, also in the program ({})", programs::TRUST);
    Fix::run(text, format!("smtpcheck {} --cacert ca.pem", seen.target()))
}
