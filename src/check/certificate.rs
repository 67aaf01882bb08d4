//! The certificate: who signed it, for which name, from when to when. Each fault is seen by itself.
//!
//! On port 25 mail servers encrypt without looking at the certificate, so a bad one stops nobody there and is a
//! warning; with a login, or on any other port, it is an error.

use jiff::{SignedDuration, Timestamp};

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::{
    Certificate, ChainFault, Event, Evidence, Handshake, NameMatch, Stage, Talk, Trust, TrustStore, What,
    WithheldReason,
};
use crate::lexicon::software;
use crate::plan::{Plan, TlsMode, Verify};

/// Days before the end at which a certificate is worth a warning.
const DAYS_TO_WARN: i64 = 21;

pub static CHECK: Check = Check {
    subject: "certificate",
    ask: asks_nothing,
    judge,
    rules: &[
        &CERTIFICATE_UNTRUSTED,
        &CERTIFICATE_INTERCEPTED,
        &CERTIFICATE_NAME_MISMATCH,
        &CERTIFICATE_EXPIRED,
        &CERTIFICATE_NOT_YET_VALID,
        &CERTIFICATE_EXPIRES_SOON,
        &CERTIFICATE_SIGNATURE_INVALID,
    ],
};

static CERTIFICATE_UNTRUSTED: Rule = Rule {
    id: "certificate-untrusted",
    severity: Severity::Error,
    title: "nobody whom this machine trusts vouches for the certificate",
    cites: &["RFC 5280 section 6.1"],
    docs: Docs {
        sees: "The chain that the server sent does not lead to a trusted root: it is self-signed, its issuer is unknown here, or an intermediate certificate is missing. A warning on port 25 without a login, where mail servers do not verify.",
        matters: "Anybody can make such a certificate, so a client cannot tell the server from somebody in the middle. Programs that verify refuse it.",
        action: "The operator installs a certificate of a public authority with its whole chain. For a private authority, name its root with --cacert.",
        example: "the certificate that openssl req -x509 makes",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

static CERTIFICATE_INTERCEPTED: Rule = Rule {
    id: "certificate-intercepted",
    severity: Severity::Error,
    title: "a virus scanner or gateway shows a certificate of its own",
    cites: &["RFC 5280 section 6.1"],
    docs: Docs {
        sees: "The issuer of an untrusted certificate is a virus scanner on this machine or a network gateway, not an authority.",
        matters: "It sits between here and the server, reads everything, and programs that verify refuse its certificate. The server's own certificate was not seen.",
        action: "Switch off the scanning of encrypted mail, or exclude this program; on a company network ask its administrator for the gateway's root certificate.",
        example: "issuer: O=Avast Web/Mail Shield, CN=Avast Web/Mail Shield Root",
        references: "RFC 5280 section 6.1",
    },
};

static CERTIFICATE_NAME_MISMATCH: Rule = Rule {
    id: "certificate-name-mismatch",
    severity: Severity::Error,
    title: "the certificate is for another name",
    cites: &["RFC 9525 section 6.1", "RFC 8314 section 3.2"],
    docs: Docs {
        sees: "None of the names in the certificate is the host that was asked for. A warning on port 25 without a login.",
        matters: "A client that verifies refuses it: it may be talking to another server.",
        action: "Connect to a name that the certificate carries, or have the name added to the certificate. On shared hosting, use the host name of the hoster.",
        example: "mail.example.net, certificate for *.hoster.example",
        references: "RFC 9525 section 6",
    },
};

static CERTIFICATE_EXPIRED: Rule = Rule {
    id: "certificate-expired",
    severity: Severity::Error,
    title: "the certificate has expired",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The last day of the server's certificate has passed. A warning on port 25 without a login.",
        matters: "Clients that verify refuse it from that moment on.",
        action: "The operator renews the certificate and reloads the mail service; a renewed file that no service has read does not help. If it looks valid, check the clock of this machine.",
        example: "notAfter=Nov 18 06:02:11 2026 GMT",
        references: "RFC 5280 section 4.1.2.5",
    },
};

static CERTIFICATE_NOT_YET_VALID: Rule = Rule {
    id: "certificate-not-yet-valid",
    severity: Severity::Error,
    title: "the certificate is not valid yet",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The first day of the server's certificate lies ahead. A warning on port 25 without a login.",
        matters: "Clients that verify refuse it until then. Often the clock of this machine is wrong.",
        action: "Check the clock of this machine first; then the operator issues a certificate that is valid now.",
        example: "a machine whose clock stands at 1970",
        references: "RFC 5280 section 4.1.2.5",
    },
};

static CERTIFICATE_EXPIRES_SOON: Rule = Rule {
    id: "certificate-expires-soon",
    severity: Severity::Warning,
    title: "the certificate expires within three weeks",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The server's certificate ends in 21 days or less.",
        matters: "Automatic renewal happens about 30 days before the end; a certificate this old shows that it has stopped.",
        action: "The operator renews it now and finds out why that did not happen by itself; the mail service must be reloaded afterwards.",
        example: "certbot renewed the file, and nobody reloaded Postfix",
        references: "RFC 5280 section 4.1.2.5",
    },
};

static CERTIFICATE_SIGNATURE_INVALID: Rule = Rule {
    id: "certificate-signature-invalid",
    severity: Severity::Error,
    title: "the server does not prove that the certificate is its own",
    cites: &["RFC 8446 section 4.4.3"],
    docs: Docs {
        sees: "The handshake is signed with another key than the certificate's, or with a key that is too weak to be accepted (RSA below 2048 bits).",
        matters: "The certificate could have been copied from somebody else.",
        action: "The operator checks that key and certificate belong together, and replaces a weak key.",
        example: "an RSA key of 1024 bits",
        references: "RFC 8446 section 4.4.3",
    },
};

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let Some((event, handshake)) = talk.handshake() else { return Vec::new() };
    let mut faults = Vec::new();
    if let Some(leaf) = handshake.leaf() {
        faults.extend(intercepted(event, handshake, leaf).or_else(|| untrusted(plan, event, handshake, leaf)));
        faults.extend(misnamed(plan, event, handshake));
        faults.extend(outdated(plan, event, leaf, evidence.started_at));
        faults.extend(signature(event, handshake, leaf));
    }
    weigh(plan, talk, &mut faults);
    faults
}

/// Who is hurt by a fault decides how bad it is.
fn weigh(plan: &Plan, talk: Talk<'_>, faults: &mut [Finding]) {
    let withheld =
        talk.events().any(|event| matches!(&event.what, What::Withheld { reason: WithheldReason::Unverified }));
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
            fault.failure = Some(Failure::Tls);
        }
        if withheld && at == 0 {
            fault.consequences.push(
                "the password stayed here: no secret goes to a server that cannot prove who it is (--insecure would)"
                    .to_owned(),
            );
        }
    }
}

fn intercepted(event: &Event, handshake: &Handshake, leaf: &Certificate) -> Option<Finding> {
    if matches!(handshake.trust, Trust::Trusted { .. }) {
        return None;
    }
    let sign = software::by_certificate(&leaf.subject, &leaf.issuer, &leaf.names)?;
    if !matches!(sign.kind.as_str(), "antivirus" | "gateway") {
        return None;
    }
    let summary = format!("the certificate is made by {}, not by the server", sign.meaning);
    let mut finding = Finding::new(&CERTIFICATE_INTERCEPTED, Stage::Tls, Confidence::Likely, summary).on(event);
    finding.cause = sign.means.clone();
    finding.otherwise = Some("the same check on another machine shows the server's own certificate".to_owned());
    finding.fixes = sign.fix.clone();
    Some(finding)
}

fn untrusted(plan: &Plan, event: &Event, handshake: &Handshake, leaf: &Certificate) -> Option<Finding> {
    let Trust::Untrusted { why, detail } = &handshake.trust else { return None };
    let store = match &handshake.store {
        TrustStore::System { .. } => "this machine's trust store".to_owned(),
        TrustStore::Mozilla { .. } => "Mozilla's roots (this machine has no trust store)".to_owned(),
        TrustStore::File { path, .. } => path.clone(),
    };
    let target = plan.target.host.with_port(plan.target.port);
    let (summary, cause, confidence) = match why {
        ChainFault::SelfSigned => (
            "the certificate is self-signed: only the server itself vouches for it".to_owned(),
            format!("subject and issuer are both {}, and it is not in {store}", leaf.subject),
            Confidence::Certain,
        ),
        ChainFault::UnknownIssuer => (
            format!("the certificate is signed by {}, which leads to no root in {store}", leaf.issuer),
            if handshake.chain.len() == 1 {
                "the server sent one certificate only: the intermediate certificate is missing, or the issuer is a private authority".to_owned()
            } else {
                "the issuer is a private authority, or a certificate is missing in the chain".to_owned()
            },
            Confidence::Likely,
        ),
        ChainFault::IntermediateExpired => (
            "a certificate between the server's and the root is out of date".to_owned(),
            detail.clone(),
            Confidence::Certain,
        ),
        ChainFault::Usage => (
            "the chain holds a certificate that is not meant for this use".to_owned(),
            detail.clone(),
            Confidence::Certain,
        ),
        ChainFault::BadSignature => {
            ("a signature in the chain is wrong".to_owned(), detail.clone(), Confidence::Certain)
        }
        ChainFault::Malformed => ("the certificate cannot be read".to_owned(), detail.clone(), Confidence::Certain),
        ChainFault::Other => ("the chain does not verify".to_owned(), detail.clone(), Confidence::Likely),
    };
    let mut finding = Finding::new(&CERTIFICATE_UNTRUSTED, Stage::Tls, confidence, summary).on(event);
    finding.cause = cause;
    // What the names say about such a certificate (a package's default, a hoster's, a test's) comes first.
    if let Some(sign) = software::by_certificate(&leaf.subject, &leaf.issuer, &leaf.names) {
        finding.consequences.push(sign.means.clone());
        finding.fixes.extend(sign.fix.iter().cloned());
    }
    if confidence == Confidence::Likely {
        finding.otherwise =
            Some("if other machines accept it, the trust store here is old: update ca-certificates".to_owned());
    }
    finding.fixes.push(Fix::text(
        "the operator installs a certificate of a public authority, with the whole chain (fullchain.pem, not cert.pem)",
    ));
    finding
        .fixes
        .push(Fix::run("if the authority is your own, name its root", format!("smtpcheck {target} --cacert ca.pem")));
    Some(finding)
}

fn misnamed(plan: &Plan, event: &Event, handshake: &Handshake) -> Option<Finding> {
    let (expected, presented) = match &handshake.name {
        NameMatch::Matches { .. } => return None,
        NameMatch::Differs { expected, presented } => (expected, presented.as_slice()),
        NameMatch::Unreadable { expected } => (expected, [].as_slice()),
    };
    let list = few(presented);
    let summary = if presented.is_empty() {
        format!("the certificate names no host, so not {expected} either")
    } else {
        format!("the certificate is for {list}, not for {expected}")
    };
    let mut finding = Finding::new(&CERTIFICATE_NAME_MISMATCH, Stage::Tls, Confidence::Certain, summary).on(event);
    let only_common_name = handshake.leaf().and_then(|leaf| leaf.common_name.as_ref()).filter(|_| presented.is_empty());
    finding.cause = match only_common_name {
        Some(name) => format!(
            "it has only a common name ({name}), which clients no longer look at; the name must stand in subjectAltName"
        ),
        None => "none of the names in it is the one that was asked for, so clients that verify refuse it".to_owned(),
    };
    if let Some(usable) = presented.iter().find(|name| !name.starts_with('*') && name.contains('.')) {
        finding.fixes.push(Fix::run(
            "connect to the name that the certificate carries, if it is the same server",
            format!("smtpcheck {usable}:{}", plan.target.port),
        ));
    }
    finding.fixes.push(Fix::text(format!("or the operator gets a certificate that carries {expected}")));
    Some(finding)
}

fn few(names: &[String]) -> String {
    let mut list = names.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 4 {
        list.push_str(&format!(" and {} more", names.len() - 4));
    }
    list
}

fn outdated(plan: &Plan, event: &Event, leaf: &Certificate, now: Timestamp) -> Option<Finding> {
    let days = |from: Timestamp, to: Timestamp| to.duration_since(from).as_hours() / 24;
    let date = |moment: Timestamp| moment.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let target = plan.target.host.with_port(plan.target.port);
    let reload = Fix::run("the operator renews it and reloads the mail service; for Postfix", "postfix reload");
    let (rule, summary, cause, fixes) = if now > leaf.not_after {
        (
            &CERTIFICATE_EXPIRED,
            format!("the certificate expired {} ({})", ago(days(leaf.not_after, now)), date(leaf.not_after)),
            "its last day of validity has passed, and clients that verify refuse it from then on",
            vec![reload, Fix::text("if the date looks right to you, check the clock of this machine")],
        )
    } else if now < leaf.not_before {
        (
            &CERTIFICATE_NOT_YET_VALID,
            format!("the certificate becomes valid on {}", date(leaf.not_before)),
            "by the clock of this machine its first day lies ahead, and clients that verify refuse it until then",
            vec![
                Fix::run("check the clock of this machine", "date -u"),
                Fix::text("the operator issues a certificate that is valid now"),
            ],
        )
    } else if leaf.not_after.duration_since(now) <= SignedDuration::from_hours(DAYS_TO_WARN * 24) {
        (
            &CERTIFICATE_EXPIRES_SOON,
            format!("the certificate expires {} ({})", ahead(days(now, leaf.not_after)), date(leaf.not_after)),
            "certificates are usually renewed 30 days before their end, so this has not happened here by itself",
            vec![reload, Fix::run("then look again", format!("smtpcheck {target}"))],
        )
    } else {
        return None;
    };
    let mut finding = Finding::new(rule, Stage::Tls, Confidence::Certain, summary).on(event);
    finding.cause = cause.to_owned();
    finding.fixes = fixes;
    Some(finding)
}

fn ahead(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

fn ago(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn signature(event: &Event, handshake: &Handshake, leaf: &Certificate) -> Option<Finding> {
    let fault = handshake.signature_fault.as_ref()?;
    let bits = leaf.key.strip_prefix("RSA ").and_then(|bits| bits.parse::<u32>().ok());
    let (summary, cause, otherwise) = match bits {
        Some(bits) if bits < 2048 => (
            format!("the key of the certificate is too weak: RSA with {bits} bits"),
            "clients want at least 2048 bits and do not accept a handshake signed with less".to_owned(),
            None,
        ),
        _ => (
            "the handshake is not signed by the key of the certificate".to_owned(),
            format!("key and certificate of the server do not belong together ({fault})"),
            Some("something on the way may interfere; the same check from another network tells".to_owned()),
        ),
    };
    let confidence = if otherwise.is_some() { Confidence::Likely } else { Confidence::Certain };
    let mut finding = Finding::new(&CERTIFICATE_SIGNATURE_INVALID, Stage::Tls, confidence, summary).on(event);
    finding.otherwise = otherwise;
    finding.cause = cause;
    finding.fixes.push(Fix::text(
        "the operator makes a new key (EC P-256, or RSA with 2048 bits or more) and gets a certificate for it",
    ));
    Some(finding)
}
