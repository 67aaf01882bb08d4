//! Why a handshake failed. After a failure, further ClientHellos find out what the server would have accepted: old
//! versions and suites, a smaller ClientHello, one without a server name.
//!
//! What is asked, and when:
//! 1. TLS 1.2 and all older versions with all suites, whenever a handshake failed in TLS.
//! 2. A small ClientHello, if the server sent no TLS response to the normal one, or could not parse it (alerts 10, 47,
//!    50, 109); then a large one, to prove that the size is the reason.
//! 3. A ClientHello without a server name, if the name was rejected (alert 112).
//! 4. TLS 1.3 with all groups, if TLS 1.2 was rejected too.
//! 5. TLS 1.2 without the families of suites that the server accepted so far, at most twice, if it accepted what
//!    smtpcheck's TLS library does not offer. This shows for which clients the handshake fails. A scan asks all of this
//!    itself.

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
    title: "the server supports only obsolete TLS versions",
    cites: &["RFC 8996 section 4", "RFC 8996 section 5"],
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers old versions with TLS 1.1 or older; or with TLS 1.2, although --tls-min 1.3 requires more.",
        matters: "TLS 1.0 and 1.1 are deprecated, and SSL is broken. Current programs do not connect, and their error messages do not name the version.",
        action: "Server operator: update the server or its TLS library, or switch TLS 1.2 and 1.3 on. If a device does not support them, put a relay in front of it that does.",
        example: "an old appliance that responds with TLS 1.0",
        references: "RFC 8996 (TLS 1.0 and 1.1 are deprecated), RFC 7568 (SSLv3)",
    },
};

static TLS_SUITES_TOO_OLD: Rule = Rule {
    id: "tls-suites-too-old",
    severity: Severity::Error,
    title: "the server has only cipher suites that some current programs do not offer",
    cites: &["RFC 9325 section 4.1"],
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers everything with TLS 1.2 and a suite that many current programs do not offer: without forward secrecy, with CBC, or with finite-field Diffie-Hellman (DHE). The finding lists which clients connect and which do not, with their error messages. OpenSSL 3 rejects a DHE prime of fewer than 2048 bits with 'dh key too small'.",
        matters: "Programs with some TLS libraries do not connect and others do, so it works on one machine and fails on another.",
        action: "Server operator: allow ECDHE with AES-GCM or ChaCha20 (in Postfix: smtpd_tls_mandatory_ciphers=high, and no exclusions of ECDHE), or update the TLS library.",
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
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers all groups with one that smtpcheck's TLS library does not support: P-521, X448, a finite field (ffdhe), a Brainpool curve.",
        matters: "Every client offers X25519 and P-256. Which other groups it offers depends on its TLS library. The finding lists which clients connect.",
        action: "Server operator: add X25519 and P-256 to the server's groups (in Postfix: tls_eecdh_auto_curves; in Dovecot: ssl_curve_list).",
        example: "a server whose only group is P-521",
        references: "RFC 8446 section 9.1 (P-256 must be implemented, X25519 should be)",
    },
};

static TLS_KEY_UNUSUAL: Rule = Rule {
    id: "tls-key-unusual",
    severity: Severity::Error,
    title: "the server's certificate has a key or signature that some current programs do not accept",
    cites: &["RFC 8446 section 4.2.3", "RFC 8446 section 9.1"],
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers everything with a certificate or signature that smtpcheck's TLS library does not accept: Brainpool, DSA, or a signature with SHA-1.",
        matters: "Every client accepts RSA and ECDSA with P-256. What else it accepts depends on its TLS library. The finding lists which clients connect.",
        action: "Server operator: get a certificate with an RSA or ECDSA P-256 key, in addition to the other one or instead of it.",
        example: "a certificate with a key on a Brainpool curve",
        references: "RFC 8446 section 9.1 (signatures that must be implemented), RFC 9155 (no SHA-1 in TLS 1.2)",
    },
};

static TLS_LARGE_HELLO_REFUSED: Rule = Rule {
    id: "tls-large-hello-refused",
    severity: Severity::Error,
    title: "the server, or a device in front of it, cannot read a large ClientHello",
    cites: &["RFC 8446 section 4.1.2"],
    docs: Docs {
        sees: "The normal ClientHello, which takes more than one packet because of its post-quantum key share, got no TLS response. A small one got a response, and a large one without any new algorithm did not.",
        matters: "Current browsers, OpenSSL, Go and rustls send large ClientHellos. All of them fail with this server.",
        action: "Server operator: update the server, the load balancer or the firewall that inspects TLS, so that it reads a ClientHello of several packets. Until then, post-quantum groups can be switched off in the programs that connect.",
        example: "a proxy that reads the server name from the first packet only (tldr.fail)",
        references: "RFC 8446 section 4.1.2; https://tldr.fail",
    },
};

static TLS_DOWNGRADED: Rule = Rule {
    id: "tls-downgraded",
    severity: Severity::Error,
    title: "a device on the network path lowers the TLS version",
    cites: &["RFC 8446 section 4.1.3"],
    docs: Docs {
        sees: "The server chose TLS 1.2 and marked that it supports TLS 1.3, although smtpcheck offered TLS 1.3.",
        matters: "The server did not receive what was sent: a proxy, a firewall or an attacker changes the handshake. The TLS library aborts it.",
        action: "Repeat the check from another network. If the result is the same, the server's operator should check the proxy or the TLS inspection in front of the server.",
        example: "DOWNGRD 01 at the end of the server's random number",
        references: "RFC 8446 section 4.1.3 (downgrade protection)",
    },
};

static CLIENT_CERTIFICATE_REQUIRED: Rule = Rule {
    id: "client-certificate-required",
    severity: Severity::Error,
    title: "the server requires a client certificate",
    cites: &["RFC 8446 section 4.4.2.4", "RFC 8446 section 6.2"],
    docs: Docs {
        sees: "The server requested a client certificate, smtpcheck sent none (no --cert), and the server closed the connection.",
        matters: "The server accepts only clients whose certificates it knows.",
        action: "Give a client certificate with --cert and --key, or use the port for clients without one.",
        example: "alert 116 certificate_required, after the handshake",
        references: "RFC 8446 sections 4.4.2.4 and 6.2",
    },
};

static CLIENT_CERTIFICATE_REFUSED: Rule = Rule {
    id: "client-certificate-refused",
    severity: Severity::Error,
    title: "the server rejects the client certificate",
    cites: &["RFC 8446 section 6.2"],
    docs: Docs {
        sees: "smtpcheck sent the certificate of --cert, and the server closed the connection with an alert about it.",
        matters: "The certificate has expired, was revoked, was issued by a CA that the server does not trust, or was sent without its chain.",
        action: "Compare the alert with the certificate: 45 expired, 44 revoked, 48 unknown CA. The file of --cert must contain the complete chain. Server operator: add the CA to those that the server trusts.",
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
        sees: "The handshake began but did not complete: the server sent an alert, closed the connection or did not respond, or the two sides did not agree on the parameters.",
        matters: "Without TLS there is no encrypted connection, so no login, and no mail from senders that require TLS.",
        action: "Server operator: read the mail log for the time of the check. The alerts protocol_version and handshake_failure mean that the server supports only old versions or ciphers. A closed connection often means that the server has no certificate for this name.",
        example: "alert 40 handshake_failure",
        references: "RFC 8446 section 6 (alerts), RFC 8996 (TLS 1.0 and 1.1 are deprecated)",
    },
};

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let Some(Fault::Tls { tls }) = session.fault() else { return Vec::new() };
    // After a complete handshake the server rejected the client certificate; plain text has no TLS versions.
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

/// What the server would accept besides its first choice, or in TLS 1.3.
fn more_terms(plan: &Plan, evidence: &Evidence) -> Option<Offer> {
    let wide = by_offer(evidence, &Offer::Version { version: Version::Tls12 }).filter(|wide| wide.probe.is_over())?;
    if plan.tls.scan {
        return None;
    }
    let Some(taken) = wide.accepted() else {
        return is_alert(wide).then_some(Offer::Version { version: Version::Tls13 });
    };
    // If the kind of key is the reason, other suites change nothing.
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

/// How often a server is asked what else it would accept.
const MORE_SUITES: usize = 2;

fn is_about_other_suites(hello: &HelloProbe<'_>) -> bool {
    matches!(hello.request.offer, Offer::OtherSuites { .. })
}

fn is_alert(hello: HelloProbe<'_>) -> bool {
    let is_alert = |heard: &HelloOutcome| matches!(heard, HelloOutcome::Answer { answer: TlsAnswer::Alert { .. } });
    hello.seen().is_some_and(|seen| is_alert(&seen.heard))
}

/// Whether the server sent no TLS response, or could not parse the ClientHello: the effect of one that is too large.
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

/// A rejection after the handshake, as in TLS 1.3.
fn our_certificate(plan: &Plan, session: Session<'_>, tls: &TlsFault) -> Option<Finding> {
    let TlsFaultKind::Alert { code, name } = &tls.kind else { return None };
    let (_, handshake) = session.handshake()?;
    if handshake.client_certificate_sent {
        return Some(certificate_refused(*code, name));
    }
    handshake.client_certificate_requested.then(|| certificate_required(plan, *code, name))
}

/// Up to TLS 1.2 the server rejects the client within the handshake, often with the unspecific alert 40 (RFC 5246
/// §7.4.6, historic). It is about the client certificate if
/// 1. the alert can be about a certificate,
/// 2. the server requested one in response to a ClientHello that offers TLS 1.2,
/// 3. and neither the version nor the suite that it chose is the reason.
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
    let summary = format!("the server rejects the client certificate with alert {code} ({name})");
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = match code {
        45 => "The certificate has expired, by the server's clock.",
        44 => "The certificate was revoked.",
        48 => "The server does not know the CA that issued the certificate, or the chain was not sent with it.",
        43 => "The server does not accept this kind of certificate.",
        49 => "The certificate is valid, but its owner is not allowed to connect.",
        _ => "The server does not accept the certificate.",
    }
    .to_owned();
    finding.otherwise = Some("The server's mail log names the reason.".to_owned());
    finding.fixes = vec![Fix::text(
        "Make sure that the file of --cert contains the complete chain, the client certificate first. Server operator: add the CA to those that the server trusts.",
    )];
    finding
}

fn certificate_required(plan: &Plan, code: u8, name: &str) -> Finding {
    let summary = format!("the server requires a client certificate (alert {code}, {name})");
    let certain = code == 116;
    let confidence = if certain { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REQUIRED, Phase::Tls, confidence, summary);
    finding.cause = "The server accepts only clients whose certificates it knows, and smtpcheck sent none.".to_owned();
    finding.otherwise = (!certain).then(|| "The server's mail log names the reason.".to_owned());
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes = vec![
        Fix::run("Send your client certificate", format!("smtpcheck {target} --cert client.pem --key client.key")),
        Fix::text("Or use the port for clients without a certificate; mail programs log in with a password there"),
    ];
    finding
}

fn downgraded(plan: &Plan, tls: &TlsFault) -> Option<Finding> {
    if tls.kind != (TlsFaultKind::Incompatible { why: Incompatibility::Downgraded }) {
        return None;
    }
    let summary = "the server supports TLS 1.3 but chose TLS 1.2, although TLS 1.3 was offered".to_owned();
    let mut finding = Finding::new(&TLS_DOWNGRADED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = "A device on the network path removes the newer version from the handshake: a proxy, a firewall, or an attacker who wants to read the traffic.".to_owned();
    finding.otherwise = Some(
        "The server itself may set the mark by mistake. Repeat the check from another network to find out.".to_owned(),
    );
    finding.fixes = vec![
        Fix::text("Repeat the check from another network"),
        Fix::run(
            "List what the server accepts",
            format!("smtpcheck {} --tls-scan", plan.target.host.with_port(plan.target.port)),
        ),
    ];
    Some(finding)
}

/// The server accepted an old version, or a suite that current clients do not offer.
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
    let summary = format!("the newest version that the server supports is {version}, but at least {least} is required");
    let mut finding =
        Finding::new(&TLS_VERSION_TOO_OLD, Phase::Tls, Confidence::Certain, summary).tried(hello.probe.id);
    finding.cause =
        "The server accepted a ClientHello that offers old versions, and rejected the normal one.".to_owned();
    finding.fixes = vec![Fix::run(
        "Server operator: update the TLS library, or switch TLS 1.2 and 1.3 on; in Postfix",
        "postconf -e smtpd_tls_protocols='>=TLSv1.2'",
    )];
    finding.consequences = clients::sentences(evidence);
    finding
}

/// Certain if the server rejected everything except what it chose: then it supports nothing that smtpcheck offers.
fn suites_too_old(evidence: &Evidence, hello: HelloProbe<'_>, taken: &ServerHello) -> Finding {
    let prime = taken.dh_bits.map(|bits| format!(" and a Diffie-Hellman prime of {bits} bits")).unwrap_or_default();
    let summary = format!(
        "the server's best cipher suite is {} with {}{prime}, which some current programs do not accept",
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
            "finite-field Diffie-Hellman (DHE) with a prime of {bits} bits. rustls and Go do not offer DHE at all. OpenSSL 3 with its defaults (security level 2) ends the handshake with \"dh key too small\"; Postfix accepts it where TLS is opportunistic."
        ),
        (Some(bits), _) => format!(
            "finite-field Diffie-Hellman (DHE) with a prime of {bits} bits. OpenSSL 3 accepts it. rustls, which smtpcheck uses, and Go do not offer DHE at all."
        ),
        (None, name) if name.starts_with("TLS_RSA_") => {
            "RSA key exchange without forward secrecy, which rustls, Python and Go no longer offer.".to_owned()
        }
        (None, _) => "a cipher suite of a kind that smtpcheck's TLS library (rustls) no longer offers.".to_owned(),
    };
    finding.cause = format!("The TLS version and the certificate are not the reason. The server {has} {exchange}");
    finding.otherwise = (!is_all).then(|| {
        "The server may only prefer the old cipher suite, and end the handshake for another reason. Its mail log names the reason."
            .to_owned()
    });
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::run(
        "Server operator: allow ECDHE with AES-GCM or ChaCha20; in Postfix",
        "postconf -e smtpd_tls_ciphers=medium smtpd_tls_exclude_ciphers= smtpd_tls_eecdh_grade=auto",
    )];
    if taken.dh_bits.is_some_and(|bits| bits < 2048) {
        finding.fixes.push(Fix::run(
            "Server operator: or at least use Diffie-Hellman parameters of 2048 bits or more",
            "openssl dhparam -out /etc/ssl/dhparam.pem 2048",
        ));
    }
    finding
}

/// Both sides support the version and the suites, but not the group, or the kind of key or signature.
fn unusual(evidence: &Evidence, tls: &TlsFault) -> Option<Finding> {
    // Alerts about parameters that both sides must support (RFC 8446 §6.2): handshake_failure, illegal_parameter,
    // protocol_version, insufficient_security.
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
                "Server operator: add X25519 and P-256 to the groups of the server (in Postfix: tls_eecdh_auto_curves)",
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
                "Server operator: get a certificate with an RSA or ECDSA P-256 key, and allow signatures with SHA-256",
            )
        }
        clients::Obstacle::Version
        | clients::Obstacle::CipherSuite
        | clients::Obstacle::DhPrime
        | clients::Obstacle::RenegotiationInfo => return None,
    };
    let summary = format!("the server uses {what}, which some current programs do not accept");
    let mut finding = Finding::new(rule, Phase::Tls, Confidence::Likely, summary).tried(hello.probe.id);
    finding.cause = format!(
        "The server supports the TLS version and the cipher suites of smtpcheck. In response to a ClientHello that offers everything it chose {what}, which smtpcheck's TLS library (rustls) does not support."
    );
    finding.otherwise = Some(
        "The server may only prefer it, and end the handshake for another reason. Its mail log names the reason."
            .to_owned(),
    );
    finding.consequences = clients::sentences(evidence);
    finding.fixes = vec![Fix::text(fix)];
    Some(finding)
}

/// A small ClientHello gets a response; a large one does not, and neither did the normal one.
fn too_large(evidence: &Evidence) -> Option<Finding> {
    let small = by_offer(evidence, &Offer::Small).filter(|hello| hello.accepted().is_some())?;
    let large =
        by_offer(evidence, &Offer::Large).filter(|hello| hello.seen().is_some() && hello.accepted().is_none())?;
    let summary = "the server responds to a small ClientHello, but not to one of more than one packet".to_owned();
    let mut finding = Finding::new(&TLS_LARGE_HELLO_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding = finding.tried(small.probe.id).tried(large.probe.id);
    finding.cause = "The server, or a load balancer or firewall in front of it, reads only the first packet of a ClientHello. ClientHellos of current programs take two packets, because of the post-quantum key share.".to_owned();
    finding.otherwise = Some(
        "A connection limit that was reached at that time can look the same. Repeat the check after a few minutes to find out."
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::text(
            "Server operator: update the server and the devices in front of it: load balancer, proxy, TLS inspection",
        ),
        Fix::text(
            "Until then, switch post-quantum groups off in the program that sends (OpenSSL: Groups = X25519:P-256)",
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
            "The server accepted STARTTLS, and then sent a temporary error (4yz) instead of starting TLS.",
            Confidence::Certain,
        ),
        TlsFaultKind::NotTls => (
            format!(
                "{} arrived instead of a TLS handshake: {}",
                in_place_of_tls(tls),
                session.probe.quote(tls.first_bytes.trim_end())
            ),
            "The server accepted STARTTLS, or was expected to use implicit TLS, but continued unencrypted.",
            Confidence::Certain,
        ),
        TlsFaultKind::Alert { code, name } => (
            format!("the server aborts the TLS handshake with alert {code} ({name})"),
            match code {
                40 if plan.tls.identity.is_none()
                    && current.is_some_and(|taken| taken.client_certificate_requested) =>
                {
                    "The server requires a client certificate (--cert, --key), and smtpcheck sent none."
                }
                40 if current.is_some() => {
                    "Both sides support the TLS version and the cipher suites. The reason may be the key exchange group, or the kind of the certificate's key or signature (Brainpool, DSA)."
                }
                40 | 71 if refuses_everything => {
                    "The server also rejects a ClientHello that offers all versions and cipher suites. Usually the server has no certificate, or one that it cannot use."
                }
                40 | 70 | 71 => {
                    "The server supports no TLS version or cipher suite that smtpcheck offers (TLS 1.2 and 1.3, current ciphers). Servers that support only TLS 1.0 or 1.1 respond in this way."
                }
                112 if without_name.is_some() => {
                    "The server has no certificate for the server name that was sent. Without a name it responds."
                }
                112 if tls.sni.is_none() => {
                    "The server requires a server name, and has no certificate for clients that send none."
                }
                112 => "The server has no certificate for the server name that was sent.",
                80 => "The server has an internal error: usually a missing or mismatched key or certificate.",
                42..=46 | 48 if plan.tls.identity.is_some() => {
                    "The server does not accept the client certificate (--cert)."
                }
                42..=46 | 48 | 116 => "The server requires a client certificate.",
                _ => "The server did not accept the handshake.",
            },
            Confidence::Likely,
        ),
        TlsFaultKind::Closed => (
            "the server closes the connection during the TLS handshake".to_owned(),
            "The server has no usable certificate for this name, rejects this client, or does not support TLS on this port.",
            Confidence::Likely,
        ),
        TlsFaultKind::Reset => (
            "the connection is reset during the TLS handshake".to_owned(),
            "The server's process crashed, or a firewall on the network path forbids TLS on this port.",
            Confidence::Likely,
        ),
        TlsFaultKind::Silent { waited_ms } if !tls.first_bytes.is_empty() => (
            format!(
                "the server began to respond to the TLS handshake and did not finish within {:.0} seconds",
                waited_ms / 1000.0
            ),
            "The server is overloaded or hangs, or a device on the network path drops the larger packets of the response.",
            Confidence::Likely,
        ),
        TlsFaultKind::Silent { waited_ms } => (
            format!("no response to the TLS handshake for {:.0} seconds", waited_ms / 1000.0),
            if plan.tls_use() == TlsUse::Implicit {
                "The server expects an unencrypted session on this port and waits for more data, or a device on the network path drops the handshake."
            } else {
                "The server accepted STARTTLS and then sent nothing: it hangs, or a device on the network path drops the handshake."
            },
            Confidence::Likely,
        ),
        TlsFaultKind::Incompatible { why: Incompatibility::TooLarge } => (
            "the server sends more certificates than any client accepts (64 KiB)".to_owned(),
            "The server's certificate file contains far too many certificates, for example a complete trust store.",
            Confidence::Likely,
        ),
        TlsFaultKind::Incompatible { .. } => (
            "the TLS handshake fails: the server's response violates the TLS standard".to_owned(),
            "The server, or a device on the network path, sends TLS of a kind that no current client accepts.",
            Confidence::Likely,
        ),
    };
    let mut finding = Finding::new(&TLS_HANDSHAKE_FAILED, Phase::Tls, confidence, summary);
    for hello in evidence.hellos() {
        finding = finding.tried(hello.probe.id);
    }
    finding.cause = cause.to_owned();
    if confidence != Confidence::Certain {
        finding.otherwise = Some("The server's mail log names the reason.".to_owned());
    }
    // A server that rejects everything may do so because of the name.
    let is_about_the_name = matches!(tls.kind, TlsFaultKind::Alert { code: 112, .. });
    if is_about_the_name || refuses_everything {
        finding.cause = format!("{} {}.", finding.cause, server_name::described(plan, tls));
    }
    if is_about_the_name || (refuses_everything && tls.sni.is_none()) {
        finding.fixes.push(Fix::run(
            "Send the host name for which the server has a certificate",
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
        finding.cause = "Another service listens on this port, not a mail server.".to_owned();
        finding
            .fixes
            .push(Fix::run("Use the SMTP port of this host", format!("smtpcheck {}", plan.target.host.with_port(587))));
        return finding;
    }
    if is_put_off {
        finding.fixes.push(Fix::text("Repeat the check after a few minutes"));
    }
    finding.fixes.push(Fix::text("Server operator: read the mail log for the time of the check, and check the certificate, the key and the TLS versions that are switched on"));
    finding.fixes.push(Fix::run(
        "Compare with another TLS library",
        format!(
            "openssl s_client -connect {}{}",
            plan.target.host.with_port(plan.target.port),
            if plan.tls_use() == TlsUse::Implicit { "" } else { " -starttls smtp" }
        ),
    ));
    finding
}

/// What the server sent instead of TLS, by its first bytes.
fn in_place_of_tls(tls: &TlsFault) -> &'static str {
    match FirstBytes::of(tls.first_bytes.as_bytes()) {
        FirstBytes::Smtp => "plain SMTP",
        FirstBytes::Imap => "an IMAP server",
        FirstBytes::Pop3 => "a POP3 server",
        FirstBytes::Ssh => "an SSH server",
        FirstBytes::Http => "a web server",
        FirstBytes::Ftp => "a file server (FTP)",
        FirstBytes::Nntp => "a news server (NNTP)",
        FirstBytes::Sslv2 => "SSLv2, which has been broken since 1996,",
        FirstBytes::Unknown if tls.first_bytes.contains(char::REPLACEMENT_CHARACTER) => "data that is not TLS",
        FirstBytes::TlsHandshake | FirstBytes::TlsAlert | FirstBytes::Unknown => "plain text",
    }
}
