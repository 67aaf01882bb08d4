//! A handshake that came to no end: why. When the normal one fails, ClientHellos of our own ask what the server would
//! have taken: old versions and suites, a smaller ClientHello, one without a server name.
//!
//! What is asked, and when:
//! 1. TLS 1.2 and everything older with all suites, whenever a handshake failed in TLS.
//! 2. A small ClientHello, when the server did not answer the normal one in TLS or its parser choked (alerts 10, 47, 50,
//!    109); then a large one, to prove that it is the size.
//! 3. A ClientHello without a server name, when the name was refused (alert 112).
//! 4. TLS 1.3 with all groups, when TLS 1.2 was refused too.
//! 5. TLS 1.2 without the families of suites that it has taken so far, twice at most, when it took what smtpcheck's TLS
//!    library does not offer: so that it is known for which clients the handshake fails, and for which it does not. A scan
//!    asks for all of that itself.

use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, clients, server_name, starttls};
use crate::evidence::{
    DialResult, EventKind, Evidence, Fault, HelloOutcome, HelloProbe, Incompatibility, Phase, Session, TlsFault,
    TlsFaultKind,
};
use crate::plan::{Plan, TlsUse, TlsVersion};
use crate::question::{HelloRequest, Offer, Question, SuiteList};
use crate::wire::tls::{FirstBytes, ServerHello, TlsAnswer, Version, suite_name};

pub static CHECK: Check = Check {
    subject: "handshake",
    ask,
    judge,
    rules: &[
        &TLS_VERSION_TOO_OLD,
        &TLS_SUITES_TOO_OLD,
        &TLS_GROUP_UNUSUAL,
        &TLS_KEY_UNUSUAL,
        &TLS_LARGE_HELLO_REFUSED,
        &TLS_DOWNGRADED,
        &CLIENT_CERTIFICATE_REQUIRED,
        &CLIENT_CERTIFICATE_REFUSED,
        &TLS_HANDSHAKE_FAILED,
    ],
};

static TLS_VERSION_TOO_OLD: Rule = Rule {
    id: "tls-version-too-old",
    severity: Severity::Error,
    title: "the server speaks only TLS versions that are not accepted any more",
    cites: &["RFC 8996 section 4", "RFC 8996 section 5"],
    docs: Docs {
        sees: "The normal handshake failed, and to a ClientHello that offers old versions the server answered with TLS 1.1 or older; or with TLS 1.2, where --tls-min 1.3 asks for more.",
        matters: "TLS 1.0 and 1.1 are retired, SSL is broken. Current programs do not connect, and name no version when they fail.",
        action: "The operator updates the server or its TLS library, or switches TLS 1.2 and 1.3 on. A device that cannot is given a relay beside it that can.",
        example: "an old appliance that answers with TLS 1.0",
        references: "RFC 8996 (TLS 1.0 and 1.1 are retired), RFC 7568 (SSLv3)",
    },
};

static TLS_SUITES_TOO_OLD: Rule = Rule {
    id: "tls-suites-too-old",
    severity: Severity::Error,
    title: "the server has no cipher suite that all current programs offer",
    cites: &["RFC 9325 section 4.1"],
    docs: Docs {
        sees: "The normal handshake failed, and to a ClientHello that offers everything the server chose TLS 1.2 with a suite that many current programs do not offer: without forward secrecy, with CBC, or with finite-field Diffie-Hellman (DHE). The finding lists which clients connect and which do not, with their error words; a DHE prime of fewer than 2048 bits is refused by OpenSSL 3 as 'dh key too small'.",
        matters: "Programs with some TLS libraries do not connect; others do, so that it works from one machine and not from the next.",
        action: "Allow ECDHE with AES-GCM or ChaCha20 (in Postfix: smtpd_tls_mandatory_ciphers=high, and no exclusions of ECDHE), or update the TLS library (server operator).",
        example: "TLS_RSA_WITH_AES_128_CBC_SHA and nothing else",
        references: "RFC 9325 sections 4.1 and 4.2 (which suites to use)",
    },
};

static TLS_GROUP_UNUSUAL: Rule = Rule {
    id: "tls-group-unusual",
    severity: Severity::Error,
    title: "the server accepts only key exchange groups that some current programs do not offer",
    cites: &["RFC 8446 section 4.2.7", "RFC 8422 section 5.1.1"],
    docs: Docs {
        sees: "The normal handshake failed, and to a ClientHello that offers all groups the server chose one that smtpcheck's TLS library does not have: P-521, X448, a finite field (ffdhe), a Brainpool curve.",
        matters: "Every client offers X25519 and P-256; what else it offers differs from library to library. The finding lists which clients connect.",
        action: "Add X25519 and P-256 to the server's groups (in Postfix: tls_eecdh_auto_curves; in Dovecot: ssl_curve_list; server operator).",
        example: "a server whose only group is P-521",
        references: "RFC 8446 section 9.1 (P-256 must be implemented, X25519 should be)",
    },
};

static TLS_KEY_UNUSUAL: Rule = Rule {
    id: "tls-key-unusual",
    severity: Severity::Error,
    title: "the server's certificate has a key, or makes a signature, that some current programs do not accept",
    cites: &["RFC 8446 section 4.2.3", "RFC 8446 section 9.1"],
    docs: Docs {
        sees: "The normal handshake failed, and to a ClientHello that offers everything the server used a certificate or signature that smtpcheck's TLS library does not accept: Brainpool, DSA, or a signature with SHA-1.",
        matters: "Every client accepts RSA and ECDSA with P-256; what else it accepts differs from library to library. The finding lists which clients connect.",
        action: "Get a certificate with an RSA or ECDSA P-256 key, beside the other one or in its place (server operator).",
        example: "a certificate with a key on a Brainpool curve",
        references: "RFC 8446 section 9.1 (signatures that must be implemented), RFC 9155 (no SHA-1 in TLS 1.2)",
    },
};

static TLS_LARGE_HELLO_REFUSED: Rule = Rule {
    id: "tls-large-hello-refused",
    severity: Severity::Error,
    title: "the server or something before it cannot read a large ClientHello",
    cites: &["RFC 8446 section 4.1.2"],
    docs: Docs {
        sees: "The normal ClientHello, which takes more than one packet because of its post-quantum key share, got no answer in TLS. A small one was answered, and a large one without any new algorithm was not.",
        matters: "Current browsers, OpenSSL, Go and rustls send large ClientHellos; all of them fail here.",
        action: "The operator updates the server, the load balancer or the firewall that inspects TLS: it must read a ClientHello that comes in several packets. Until then, programs can switch post-quantum groups off.",
        example: "a proxy that reads the server name from the first packet only (tldr.fail)",
        references: "RFC 8446 section 4.1.2; https://tldr.fail",
    },
};

static TLS_DOWNGRADED: Rule = Rule {
    id: "tls-downgraded",
    severity: Severity::Error,
    title: "something on the way lowers the TLS version",
    cites: &["RFC 8446 section 4.1.3"],
    docs: Docs {
        sees: "The server chose TLS 1.2 and marked that it can do TLS 1.3, although TLS 1.3 was offered to it.",
        matters: "The server did not see what was sent: a proxy, a firewall or an attacker changes the handshake. The TLS library breaks it off.",
        action: "Compare from another network. If it stays, the operator looks at the proxy or the inspection in front of the server.",
        example: "DOWNGRD 01 at the end of the server's random number",
        references: "RFC 8446 section 4.1.3 (downgrade protection)",
    },
};

static CLIENT_CERTIFICATE_REQUIRED: Rule = Rule {
    id: "client-certificate-required",
    severity: Severity::Error,
    title: "the server wants a certificate of ours",
    cites: &["RFC 8446 section 4.4.2.4", "RFC 8446 section 6.2"],
    docs: Docs {
        sees: "The server asked for a client certificate, none was shown (no --cert), and it broke the connection off.",
        matters: "It sessions only to clients whose certificates it knows.",
        action: "Give a certificate with --cert and --key, or use the port for clients without one.",
        example: "alert 116 certificate_required, after the handshake",
        references: "RFC 8446 sections 4.4.2.4 and 6.2",
    },
};

static CLIENT_CERTIFICATE_REFUSED: Rule = Rule {
    id: "client-certificate-refused",
    severity: Severity::Error,
    title: "the server does not accept our certificate",
    cites: &["RFC 8446 section 6.2"],
    docs: Docs {
        sees: "The certificate of --cert was shown, and the server broke the connection off with an alert about it.",
        matters: "It is expired, revoked, of an authority that the server does not trust, or sent without its chain.",
        action: "Compare the alert with the certificate: 45 expired, 44 revoked, 48 unknown authority. The file of --cert needs the whole chain; the operator names its authority to the server.",
        example: "alert 48 unknown_ca",
        references: "RFC 8446 section 6.2 (error alerts)",
    },
};

static TLS_HANDSHAKE_FAILED: Rule = Rule {
    id: "tls-handshake-failed",
    severity: Severity::Error,
    title: "the TLS handshake fails",
    cites: &["RFC 8446 section 6"],
    docs: Docs {
        sees: "The handshake began and did not come to its end: an alert, a closed connection, silence, or terms that neither side accepts.",
        matters: "No encrypted line, so no login and no mail for senders that insist on TLS.",
        action: "The operator reads the mail log at that moment. An alert protocol_version or handshake_failure means that the server speaks only old versions or ciphers; a closed connection often means that it has no certificate for this name.",
        example: "alert 40 handshake_failure",
        references: "RFC 8446 section 6 (alerts), RFC 8996 (TLS 1.0 and 1.1 are retired)",
    },
};

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let Some(Fault::Tls { tls }) = session.fault() else { return Vec::new() };
    // A line that was secured met our certificate; one that is plain text has no versions.
    if session.handshake().is_some() || tls.kind == TlsFaultKind::NotTls {
        return Vec::new();
    }
    if starttls::is_being_asked(plan, evidence) || starttls::is_expected(evidence) {
        return Vec::new();
    }
    let ask = |offer| Question::Hello(HelloRequest::new(plan, offer));
    let mut questions = vec![ask(Offer::Version { version: Version::Tls12 })];
    if is_unanswered(tls) {
        questions.push(ask(Offer::Small));
        if by_offer(evidence, &Offer::Small).is_some_and(|hello| hello.accepted().is_some()) {
            questions.push(ask(Offer::Large));
        }
    }
    questions.extend(more_terms(plan, evidence).map(ask));
    if matches!(tls.kind, TlsFaultKind::Alert { code: 112, .. }) && tls.sni.is_some() {
        questions.push(Question::Hello(HelloRequest { sni: None, ..HelloRequest::new(plan, Offer::Small) }));
    }
    questions
}

/// What the server would take beside its first choice, or in TLS 1.3.
fn more_terms(plan: &Plan, evidence: &Evidence) -> Option<Offer> {
    let wide = by_offer(evidence, &Offer::Version { version: Version::Tls12 }).filter(|wide| wide.probe.is_over())?;
    if plan.tls.scan {
        return None;
    }
    let Some(taken) = wide.accepted() else {
        return is_alert(wide).then_some(Offer::Version { version: Version::Tls13 });
    };
    // Where it is the kind of key, other suites do not change it.
    let obstacle = clients::own_obstacle_to(wide);
    let is_worth_it = matches!(obstacle, Some(clients::Obstacle::CipherSuite | clients::Obstacle::Group));
    if taken.version != Version::Tls12 || !is_worth_it {
        return None;
    }
    let others: Vec<HelloProbe<'_>> = evidence.hellos().filter(is_about_other_suites).collect();
    if others.len() >= MORE_SUITES || others.iter().any(|hello| hello.accepted().is_none()) {
        return None;
    }
    let all = wide.request.offer.hello().suites;
    let named: Vec<(u16, String)> = all.iter().map(|&id| (id, suite_name(id))).collect();
    let chosen = std::iter::once(&wide).chain(&others).filter_map(|hello| hello.accepted());
    let family =
        |taken: &ServerHello| clients::family(&taken.suite_name, named.iter().map(|(id, name)| (*id, name.as_str())));
    let known = chosen.flat_map(family).collect();
    Some(Offer::OtherSuites { version: Version::Tls12, list: SuiteList::Common, known })
}

/// How often a server is asked what else it would take.
const MORE_SUITES: usize = 2;

fn is_about_other_suites(hello: &HelloProbe<'_>) -> bool {
    matches!(hello.request.offer, Offer::OtherSuites { .. })
}

fn is_alert(hello: HelloProbe<'_>) -> bool {
    let is_alert = |heard: &HelloOutcome| matches!(heard, HelloOutcome::Answer { answer: TlsAnswer::Alert { .. } });
    hello.seen().is_some_and(|seen| is_alert(&seen.heard))
}

/// Whether the server gave no answer in TLS, or its parser choked: what a ClientHello that is too large for it does.
fn is_unanswered(tls: &TlsFault) -> bool {
    match &tls.kind {
        TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. } => {
            FirstBytes::of(tls.first_bytes.as_bytes()) != FirstBytes::TlsHandshake
        }
        TlsFaultKind::Alert { code, .. } => matches!(code, 10 | 47 | 50 | 109),
        TlsFaultKind::NotTls | TlsFaultKind::Incompatible { .. } => false,
    }
}

/// A ClientHello with the server's name, by what it offers.
fn by_offer<'a>(evidence: &'a Evidence, offer: &Offer) -> Option<HelloProbe<'a>> {
    evidence.hellos().find(|hello| hello.request.offer == *offer && hello.request.sni.is_some())
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let Some(Fault::Tls { tls }) = session.fault() else { return Vec::new() };
    if starttls::is_expected(evidence) || server_name::explains_failure(evidence) {
        return Vec::new();
    }
    let mut finding = our_certificate(plan, session, tls)
        .or_else(|| our_certificate_in_tls_1_2(plan, evidence, tls))
        .or_else(|| downgraded(plan, tls))
        .or_else(|| too_old(plan, evidence))
        .or_else(|| unusual(evidence, tls))
        .or_else(|| too_large(evidence))
        .unwrap_or_else(|| handshake_failed(plan, evidence, session, tls));
    finding = finding.tried(session.probe.id);
    for event in
        session.events().filter(|event| !matches!(event.what, EventKind::Dialled { result: DialResult::Overtaken, .. }))
    {
        finding.evidence.events.push(event.seq);
    }
    finding.failure = Some(PhaseFailure::Tls);
    vec![finding]
}

/// After the handshake, as TLS 1.3 does it.
fn our_certificate(plan: &Plan, session: Session<'_>, tls: &TlsFault) -> Option<Finding> {
    let TlsFaultKind::Alert { code, name } = &tls.kind else { return None };
    let (_, handshake) = session.handshake()?;
    if handshake.client_certificate_sent {
        return Some(certificate_refused(*code, name));
    }
    handshake.client_certificate_requested.then(|| certificate_required(plan, *code, name))
}

/// Up to TLS 1.2 the server refuses within the handshake, often with alert 40, which says nothing (RFC 5246 §7.4.6,
/// historic). It is about our certificate when
/// 1. the alert can be about one,
/// 2. to a ClientHello that offers TLS 1.2 the server asked for one,
/// 3. and neither the version nor the suite that it took is to blame.
fn our_certificate_in_tls_1_2(plan: &Plan, evidence: &Evidence, tls: &TlsFault) -> Option<Finding> {
    let TlsFaultKind::Alert { code, name } = &tls.kind else { return None };
    let hello = by_offer(evidence, &Offer::Version { version: Version::Tls12 })?;
    let taken = hello.accepted()?;
    let is_about_one = matches!(code, 40..=46 | 48 | 49 | 116);
    if !is_about_one || !taken.client_certificate_requested || !is_current(taken) {
        return None;
    }
    let finding = match plan.tls.identity {
        Some(_) => certificate_refused(*code, name),
        None => certificate_required(plan, *code, name),
    };
    Some(finding.tried(hello.probe.id))
}

fn certificate_refused(code: u8, name: &str) -> Finding {
    let summary = format!("the server refuses our certificate with alert {code} ({name})");
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = match code {
        45 => "it is expired, by the server's clock",
        44 => "it is revoked",
        48 => "the server does not know the authority that signed it, or its chain was not sent along",
        43 => "it is of a kind that the server does not take",
        49 => "the certificate is good, and its owner has no right to connect",
        _ => "the server does not accept it",
    }
    .to_owned();
    finding.otherwise = Some("the server's mail log at this moment names the reason".to_owned());
    finding.fixes = vec![Fix::text(
        "the file of --cert must hold the whole chain, the certificate first; the operator names its authority to the server",
    )];
    finding
}

fn certificate_required(plan: &Plan, code: u8, name: &str) -> Finding {
    let summary = format!("the server wants a certificate of ours, and breaks off with alert {code} ({name})");
    let certain = code == 116;
    let confidence = if certain { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REQUIRED, Phase::Tls, confidence, summary);
    finding.cause = "it sessions only to clients whose certificates it knows, and none was shown".to_owned();
    finding.otherwise = (!certain).then(|| "the server's mail log at this moment names the reason".to_owned());
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes = vec![
        Fix::run("show your certificate", format!("smtpcheck {target} --cert client.pem --key client.key")),
        Fix::text("or use the port for clients without one; mail programs log in with a password there"),
    ];
    finding
}

fn downgraded(plan: &Plan, tls: &TlsFault) -> Option<Finding> {
    if tls.kind != (TlsFaultKind::Incompatible { why: Incompatibility::Downgraded }) {
        return None;
    }
    let summary = "the server can do TLS 1.3 and chose TLS 1.2, although TLS 1.3 was offered".to_owned();
    let mut finding = Finding::new(&TLS_DOWNGRADED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = "something on the way takes the newer version out of the handshake: a proxy, a firewall, or somebody who wants to read along".to_owned();
    finding.otherwise =
        Some("the server itself may mark this wrongly; the same check from another network tells".to_owned());
    finding.fixes = vec![
        Fix::text("repeat the check from another network"),
        Fix::run(
            "look at what the server accepts",
            format!("smtpcheck {} --tls-scan", plan.target.host.with_port(plan.target.port)),
        ),
    ];
    Some(finding)
}

/// The server took an old version, or a suite that nobody offers any more.
fn too_old(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let hello = by_offer(evidence, &Offer::Version { version: Version::Tls12 })?;
    if let Some(HelloOutcome::Answer { answer: TlsAnswer::Sslv2 }) = hello.seen().map(|seen| &seen.heard) {
        return Some(version_too_old(plan, evidence, hello, "SSLv2"));
    }
    let taken = hello.accepted()?;
    let wanted = match plan.tls.min {
        TlsVersion::V1_2 => Version::Tls12,
        TlsVersion::V1_3 => Version::Tls13,
    };
    if taken.version < wanted {
        return Some(version_too_old(plan, evidence, hello, &taken.version.to_string()));
    }
    (!is_current(taken)).then(|| suites_too_old(evidence, hello, taken))
}

/// What current libraries offer in TLS 1.2 (RFC 9325 §4.2): ephemeral elliptic curves with an AEAD.
fn is_current(taken: &ServerHello) -> bool {
    let name = taken.suite_name.as_str();
    name.starts_with("TLS_ECDHE_") && (name.contains("_GCM_") || name.contains("_CHACHA20_"))
}

fn version_too_old(plan: &Plan, evidence: &Evidence, hello: HelloProbe<'_>, version: &str) -> Finding {
    let least = match plan.tls.min {
        TlsVersion::V1_2 => "TLS 1.2",
        TlsVersion::V1_3 => "TLS 1.3 (--tls-min)",
    };
    let summary = format!("the server speaks {version} at most, and {least} is the least that is accepted");
    let mut finding =
        Finding::new(&TLS_VERSION_TOO_OLD, Phase::Tls, Confidence::Certain, summary).tried(hello.probe.id);
    finding.cause =
        "a ClientHello that offers old versions was answered with it, the normal one was refused".to_owned();
    finding.fixes = vec![Fix::run(
        "the operator updates the TLS library, or switches TLS 1.2 and 1.3 on; in Postfix",
        "postconf -e smtpd_tls_protocols='>=TLSv1.2'",
    )];
    finding.consequences = clients::sentences(evidence);
    finding
}

/// Certain where the server refused everything beside what it took: then it has nothing that smtpcheck offers.
fn suites_too_old(evidence: &Evidence, hello: HelloProbe<'_>, taken: &ServerHello) -> Finding {
    let prime = taken.dh_bits.map(|bits| format!(" and a Diffie-Hellman prime of {bits} bits")).unwrap_or_default();
    let summary = format!(
        "the server's best cipher suite is {} with {}{prime}, which not all current programs accept",
        taken.version, taken.suite_name
    );
    let others: Vec<HelloProbe<'_>> = evidence.hellos().filter(is_about_other_suites).collect();
    let is_all = others.iter().any(|other| is_alert(*other)) && clients::own_obstacle(evidence).is_some();
    let confidence = if is_all { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&TLS_SUITES_TOO_OLD, Phase::Tls, confidence, summary).tried(hello.probe.id);
    for other in &others {
        finding = finding.tried(other.probe.id);
    }
    let has = if others.iter().any(|other| other.accepted().is_some()) { "prefers" } else { "has only" };
    let exchange = match (taken.dh_bits, taken.suite_name.as_str()) {
        (Some(bits), _) if bits < 2048 => format!(
            "finite-field Diffie-Hellman (DHE), with a prime of {bits} bits. rustls and Go do not offer DHE at all, and OpenSSL 3 with its defaults (security level 2) ends the handshake with \"dh key too small\"; Postfix accepts it where TLS is opportunistic"
        ),
        (Some(bits), _) => format!(
            "finite-field Diffie-Hellman (DHE), with a prime of {bits} bits. OpenSSL 3 accepts it; rustls, which smtpcheck uses, and Go do not offer DHE at all"
        ),
        (None, name) if name.starts_with("TLS_RSA_") => {
            "RSA key exchange, without forward secrecy, which rustls, Python and Go do not offer any more".to_owned()
        }
        (None, _) => {
            "a cipher suite of the kind that smtpcheck's TLS library (rustls) does not offer any more".to_owned()
        }
    };
    finding.cause = format!("version and certificate are not the reason: the server {has} {exchange}");
    finding.otherwise = (!is_all).then(|| {
        "the server may prefer the old one and end the handshake for another reason; its mail log at this moment tells"
            .to_owned()
    });
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::run(
        "allow ECDHE with AES-GCM or ChaCha20 (server operator); in Postfix",
        "postconf -e smtpd_tls_ciphers=medium smtpd_tls_exclude_ciphers= smtpd_tls_eecdh_grade=auto",
    )];
    if taken.dh_bits.is_some_and(|bits| bits < 2048) {
        finding.fixes.push(Fix::run(
            "or at least use Diffie-Hellman parameters of 2048 bits or more (server operator)",
            "openssl dhparam -out /etc/ssl/dhparam.pem 2048",
        ));
    }
    finding
}

/// Version and suites are in common; the group, or the kind of key or signature, is not.
fn unusual(evidence: &Evidence, tls: &TlsFault) -> Option<Finding> {
    // Alerts about what the two sides have in common (RFC 8446 §6.2): handshake_failure, illegal_parameter,
    // insufficient_security.
    let is_about_terms = match tls.kind {
        TlsFaultKind::Alert { code, .. } => matches!(code, 40 | 47 | 70 | 71),
        TlsFaultKind::Incompatible { .. } => true,
        TlsFaultKind::NotTls | TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. } => false,
    };
    let wide = |version| by_offer(evidence, &Offer::Version { version }).filter(|hello| hello.accepted().is_some());
    let hello = wide(Version::Tls12).or_else(|| wide(Version::Tls13)).filter(|_| is_about_terms)?;
    let taken = hello.accepted()?;
    let (rule, what, fix) = match clients::own_obstacle_to(hello)? {
        clients::Obstacle::Group => {
            let group = taken.group_name.as_deref().unwrap_or("an unknown one");
            let what = format!("the key exchange group {group}");
            (
                &TLS_GROUP_UNUSUAL,
                what,
                "add X25519 and P-256 to the groups of the server (in Postfix: tls_eecdh_auto_curves; server operator)",
            )
        }
        clients::Obstacle::KeyOrSignature => {
            let key = hello.seen().and_then(|seen| seen.presented.as_ref()?.leaf()).map(|leaf| leaf.key.as_str());
            let what = match (taken.signature.as_deref(), key) {
                (Some(name), Some(key)) => format!("a certificate with the key {key} and the signature {name}"),
                (Some(name), None) => format!("the signature {name}"),
                (None, key) => format!("a certificate with the key {}", key.unwrap_or("of an unusual kind")),
            };
            (
                &TLS_KEY_UNUSUAL,
                what,
                "get a certificate with an RSA or ECDSA P-256 key, and allow signatures with SHA-256 (server operator)",
            )
        }
        clients::Obstacle::Version
        | clients::Obstacle::CipherSuite
        | clients::Obstacle::DhPrime
        | clients::Obstacle::RenegotiationInfo => return None,
    };
    let summary = format!("the server uses {what}, which not all current programs accept");
    let mut finding = Finding::new(rule, Phase::Tls, Confidence::Likely, summary).tried(hello.probe.id);
    finding.cause = format!(
        "version and cipher suites are in common; offered everything, the server chose {what}, which smtpcheck's TLS library (rustls) does not have"
    );
    finding.otherwise = Some(
        "the server may prefer it and end the handshake for another reason; its mail log at this moment tells"
            .to_owned(),
    );
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::text(fix)];
    Some(finding)
}

/// A small ClientHello is answered; a large one is not, and neither was the normal one.
fn too_large(evidence: &Evidence) -> Option<Finding> {
    let small = by_offer(evidence, &Offer::Small).filter(|hello| hello.accepted().is_some())?;
    let large =
        by_offer(evidence, &Offer::Large).filter(|hello| hello.seen().is_some() && hello.accepted().is_none())?;
    let summary = "a small ClientHello is answered, and one of more than one packet is not".to_owned();
    let mut finding = Finding::new(&TLS_LARGE_HELLO_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding = finding.tried(small.probe.id).tried(large.probe.id);
    finding.cause = "the server, or a load balancer or firewall in front of it, reads only the first packet of a ClientHello; those of current programs take two, because of the post-quantum key share".to_owned();
    finding.otherwise = Some(
        "a limit on connections that struck just then can look like this; repeat the check after some minutes"
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::text(
            "the operator updates the server and what stands in front of it: load balancer, proxy, TLS inspection",
        ),
        Fix::text(
            "until then, switch post-quantum groups off in the program that sends (OpenSSL: Groups = X25519:P-256)",
        ),
    ];
    Some(finding)
}

fn handshake_failed(plan: &Plan, evidence: &Evidence, session: Session<'_>, tls: &TlsFault) -> Finding {
    let without_name = evidence.hellos().find(|hello| hello.request.sni.is_none() && hello.accepted().is_some());
    // Version and suites are in common, as another ClientHello shows.
    let current = by_offer(evidence, &Offer::Version { version: Version::Tls12 })
        .and_then(|hello| hello.accepted())
        .filter(|taken| is_current(taken))
        .or_else(|| {
            let newest = by_offer(evidence, &Offer::Version { version: Version::Tls13 })?;
            newest.accepted().filter(|_| clients::own_obstacle_to(newest).is_none())
        });
    let refuses_everything = by_offer(evidence, &Offer::Version { version: Version::Tls12 })
        .and_then(|hello| hello.seen())
        .is_some_and(|seen| matches!(&seen.heard, HelloOutcome::Answer { answer: TlsAnswer::Alert { .. } }))
        && by_offer(evidence, &Offer::Version { version: Version::Tls13 })
            .is_none_or(|hello| hello.accepted().is_none());
    let is_put_off = tls.kind == TlsFaultKind::NotTls
        && FirstBytes::of(tls.first_bytes.as_bytes()) == FirstBytes::Smtp
        && tls.first_bytes.starts_with('4');
    let (summary, cause, confidence) = match &tls.kind {
        TlsFaultKind::NotTls if is_put_off => (
            format!("the server cannot start TLS now: {}", session.probe.quote(tls.first_bytes.trim_end())),
            "it agreed to TLS and then said that it cannot, with a code that means: later",
            Confidence::Certain,
        ),
        TlsFaultKind::NotTls => (
            format!(
                "{} arrived instead of a TLS handshake: {}",
                in_place_of_tls(tls),
                session.probe.quote(tls.first_bytes.trim_end())
            ),
            "the server said that it would start TLS, or was expected to, and went on in plain text",
            Confidence::Certain,
        ),
        TlsFaultKind::Alert { code, name } => (
            format!("the server breaks the TLS handshake off with alert {code} ({name})"),
            match code {
                40 if plan.tls.identity.is_none()
                    && current.is_some_and(|taken| taken.client_certificate_requested) =>
                {
                    "the server wants a client certificate (--cert, --key), and none was shown"
                }
                40 if current.is_some() => {
                    "version and cipher suites are in common; what is not can be the key exchange group, or the kind of the certificate's key or of its signature (Brainpool, DSA)"
                }
                40 | 71 if refuses_everything => {
                    "a ClientHello that offers all versions and cipher suites is refused, too: mostly the server has no certificate, or one that it cannot use"
                }
                40 | 70 | 71 => {
                    "server and smtpcheck (TLS 1.2 and 1.3, current ciphers) have no version or cipher in common; servers that speak only TLS 1.0 or 1.1 answer this way"
                }
                112 if without_name.is_some() => {
                    "the server has no certificate for the server name that was sent; without a name it responds"
                }
                112 if tls.sni.is_none() => {
                    "the server requires a server name, and has no certificate for clients without one"
                }
                112 => "the server has no certificate for the server name that was sent",
                80 => "the server failed inside: mostly a missing or unfitting key or certificate",
                42..=46 | 48 if plan.tls.identity.is_some() => "the server does not accept our certificate (--cert)",
                42..=46 | 48 | 116 => "the server wants a client certificate",
                _ => "the server did not accept the handshake",
            },
            Confidence::Likely,
        ),
        TlsFaultKind::Closed => (
            "the server closes the connection in the TLS handshake".to_owned(),
            "the server has no usable certificate for this name, refuses this client, or does not speak TLS here",
            Confidence::Likely,
        ),
        TlsFaultKind::Reset => (
            "the connection is reset in the TLS handshake".to_owned(),
            "the server's process died, or a firewall on the way forbids TLS on this port",
            Confidence::Likely,
        ),
        TlsFaultKind::Silent { waited_ms } if !tls.first_bytes.is_empty() => (
            format!(
                "the server began to answer the TLS handshake and did not finish in {:.0} seconds",
                waited_ms / 1000.0
            ),
            "the server is overloaded or hangs, or something on the way swallows the larger packets of the answer",
            Confidence::Likely,
        ),
        TlsFaultKind::Silent { waited_ms } => (
            format!("no answer to the TLS handshake for {:.0} seconds", waited_ms / 1000.0),
            if plan.tls_use() == TlsUse::Implicit {
                "the server expects plain text here and waits for more, or something on the way swallows the handshake"
            } else {
                "the server agreed to TLS and then said nothing: it hangs, or something on the way swallows the handshake"
            },
            Confidence::Likely,
        ),
        TlsFaultKind::Incompatible { why: Incompatibility::TooLarge } => (
            "the server sends more certificates than any client accepts (64 KiB)".to_owned(),
            "the file with its certificates holds far too much, a whole trust store for example",
            Confidence::Likely,
        ),
        TlsFaultKind::Incompatible { .. } => (
            "the TLS handshake fails: the server's answer breaks the rules of TLS".to_owned(),
            "the server, or something on the way, sends TLS of a kind that no current client accepts",
            Confidence::Likely,
        ),
    };
    let mut finding = Finding::new(&TLS_HANDSHAKE_FAILED, Phase::Tls, confidence, summary);
    for hello in evidence.hellos() {
        finding = finding.tried(hello.probe.id);
    }
    finding.cause = cause.to_owned();
    if confidence != Confidence::Certain {
        finding.otherwise = Some("the server's mail log at this moment names the reason".to_owned());
    }
    // What a server refuses altogether it may refuse because of the name.
    let is_about_the_name = matches!(tls.kind, TlsFaultKind::Alert { code: 112, .. });
    if is_about_the_name || refuses_everything {
        finding.cause = format!("{}; {}", finding.cause, server_name::described(plan, tls));
    }
    if is_about_the_name || (refuses_everything && tls.sni.is_none()) {
        finding.fixes.push(Fix::run(
            "send the host name for which the server has a certificate",
            format!("smtpcheck {} --sni NAME", plan.target.host.with_port(plan.target.port)),
        ));
    }
    let is_other_service = tls.kind == TlsFaultKind::NotTls
        && matches!(
            FirstBytes::of(tls.first_bytes.as_bytes()),
            FirstBytes::Imap
                | FirstBytes::Pop3
                | FirstBytes::Ssh
                | FirstBytes::Http
                | FirstBytes::Ftp
                | FirstBytes::Nntp
        );
    if is_other_service {
        finding.cause = "another service listens on this port, not a mail server".to_owned();
        finding
            .fixes
            .push(Fix::run("use the SMTP port of this host", format!("smtpcheck {}", plan.target.host.with_port(587))));
        return finding;
    }
    if is_put_off {
        finding.fixes.push(Fix::text("repeat the check after some minutes"));
    }
    finding.fixes.push(Fix::text("the operator reads the mail log at this moment, and checks certificate, key and the versions that are switched on"));
    finding.fixes.push(Fix::run(
        "see what another TLS library says",
        format!(
            "openssl s_client -connect {}{}",
            plan.target.host.with_port(plan.target.port),
            if plan.tls_use() == TlsUse::Implicit { "" } else { " -starttls smtp" }
        ),
    ));
    finding
}

/// What the first bytes are, which are no TLS.
fn in_place_of_tls(tls: &TlsFault) -> &'static str {
    match FirstBytes::of(tls.first_bytes.as_bytes()) {
        FirstBytes::Smtp => "plain SMTP",
        FirstBytes::Imap => "an IMAP server",
        FirstBytes::Pop3 => "a POP3 server",
        FirstBytes::Ssh => "an SSH server",
        FirstBytes::Http => "a web server",
        FirstBytes::Ftp => "a file server (FTP)",
        FirstBytes::Nntp => "a news server (NNTP)",
        FirstBytes::Sslv2 => "SSLv2, which is broken since 1996,",
        FirstBytes::Unknown if tls.first_bytes.contains(char::REPLACEMENT_CHARACTER) => "something that is no TLS",
        FirstBytes::TlsHandshake | FirstBytes::TlsAlert | FirstBytes::Unknown => "plain text",
    }
}
