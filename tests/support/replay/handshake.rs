//! Creates the handshakes and certificates that a transcript describes.

use smtpcheck::evidence::{
    Certificate, ChainFault, ClientLimit, Handshake, HandshakeKind, Incompatibility, NameMatch, Presented, Staple,
    TlsFault, TlsFaultKind, Trust, TrustStore,
};
use smtpcheck::plan::Plan;
use smtpcheck::wire::tls::{self, Version};

use super::format::{TypedCertificate, TypedHandshake};
use super::now;

pub(super) fn tls_fault(word: &str, first_bytes: Option<&str>, sni: Option<String>) -> TlsFault {
    let kind = match word {
        "closed" => TlsFaultKind::Closed,
        "reset" => TlsFaultKind::Reset,
        "silent" => TlsFaultKind::Silent { waited_ms: 30_000.0 },
        "not-tls" => TlsFaultKind::NotTls,
        "incompatible" => TlsFaultKind::Incompatible { why: Incompatibility::Other },
        "downgraded" => TlsFaultKind::Incompatible { why: Incompatibility::Downgraded },
        "too-large" => TlsFaultKind::Incompatible { why: Incompatibility::TooLarge },
        alert => {
            let code = alert.strip_prefix("alert ").unwrap().parse().unwrap();
            TlsFaultKind::Alert { code, name: format!("Alert{code}") }
        }
    };
    let first_bytes = first_bytes.unwrap_or_default().to_owned();
    TlsFault { kind, first_bytes, detail: word.to_owned(), sni, server_hello: None }
}

/// The name for the handshake. It is sent as SNI unless it is an IP address.
pub(super) fn server_name(plan: &Plan, of_follow_up: Option<&String>) -> String {
    of_follow_up.cloned().or(plan.tls.sni.clone()).unwrap_or_else(|| plan.target.host.to_string())
}

pub(super) fn sni(host: &str) -> Option<String> {
    host.parse::<std::net::IpAddr>().is_err().then(|| host.to_owned())
}

/// A TLS 1.2 ServerHello that lacks these extensions.
fn server_hello(lacks: &[String]) -> tls::ServerHello {
    let known = ["renegotiation_info", "extended_master_secret"];
    assert!(lacks.iter().all(|word| known.contains(&word.as_str())), "unknown lacks {lacks:?}");
    let has = |word: &str| !lacks.iter().any(|lack| lack == word);
    tls::ServerHello {
        version: Version::Tls12,
        suite: 0xC02F,
        suite_name: tls::suite_name(0xC02F),
        group: Some(29),
        group_name: Some(tls::group_name(29)),
        is_retry: false,
        downgrade: None,
        secure_renegotiation: has("renegotiation_info"),
        extended_master_secret: has("extended_master_secret"),
        compression: false,
        encrypt_then_mac: false,
        session_ticket: false,
        ocsp_response: false,
        signature: Some("ecdsa_secp256r1_sha256".to_owned()),
        dh_bits: None,
        client_certificate_requested: false,
        certificates: Vec::new(),
    }
}

pub(super) fn handshake(host: String, typed: &TypedHandshake) -> Handshake {
    let hello = typed.lacks.as_deref().map(server_hello);
    let names = typed.names.clone().unwrap_or_else(|| vec![host.clone()]);
    let self_signed = typed.trust.as_deref() == Some("self-signed");
    let leaf = Certificate {
        names: names.clone(),
        names_total: names.len(),
        self_signed,
        issued_by: typed.leaf.issued_by.or((!typed.chain.is_empty()).then_some(1)),
        ..certificate(&typed.leaf, 0, &host, if self_signed { &host } else { "Example CA" })
    };
    let behind = typed.chain.iter().enumerate().map(|(at, one)| certificate(one, at + 1, "Example CA", "Example Root"));
    let chain: Vec<Certificate> = std::iter::once(leaf).chain(behind).collect();
    let path = || chain.iter().map(|one| one.subject.clone()).collect();
    let trust = match typed.trust.as_deref() {
        None | Some("trusted") => Trust::Trusted { path: path() },
        Some("outdated") => Trust::Outdated { path: path() },
        Some(word) => {
            let why: ChainFault =
                serde_json::from_value(word.into()).unwrap_or_else(|_| panic!("unknown trust {word}"));
            Trust::Untrusted { why, detail: "as the transcript says".to_owned() }
        }
    };
    let is_line = |place: &usize| *place == 0 || chain.iter().any(|one| one.issued_by == Some(*place));
    Handshake {
        version: if hello.is_some() { "1.2" } else { "1.3" }.to_owned(),
        cipher: hello.as_ref().map_or("TLS_AES_256_GCM_SHA384", |hello| &hello.suite_name).to_owned(),
        group: Some(
            hello.as_ref().and_then(|hello| hello.group_name.as_deref()).unwrap_or("X25519MLKEM768").to_owned(),
        ),
        signature: Some("ecdsa_secp256r1_sha256".to_owned()),
        alpn: None,
        kind: HandshakeKind::Full,
        sni: sni(&host),
        ms: 12.0,
        client_certificate_requested: typed.client_certificate.is_some(),
        client_certificate_sent: typed.client_certificate.as_deref() == Some("shown"),
        staple: typed.staple.as_ref().map(|word| Staple {
            status: serde_json::from_value(word.as_str().into()).unwrap_or_else(|_| panic!("unknown staple {word}")),
            next_update: None,
            fault: typed.staple_fault.as_ref().map(|word| {
                serde_json::from_value(word.as_str().into()).unwrap_or_else(|_| panic!("unknown fault {word}"))
            }),
        }),
        presented: Presented {
            path: match &trust {
                Trust::Trusted { .. } | Trust::Outdated { .. } => (0..chain.len()).filter(is_line).collect(),
                Trust::Untrusted { .. } => Vec::new(),
            },
            trust,
            name: if names.contains(&host) {
                NameMatch::Matches { expected: host }
            } else {
                NameMatch::Differs { expected: host, presented: names }
            },
            store: match &typed.store_missing {
                Some(missing) => TrustStore::Mozilla { anchors: 144, missing: Some(missing.clone()) },
                None => TrustStore::System { anchors: 140 },
            },
            anchor: None,
            faults: Vec::new(),
            limits: typed
                .limit
                .iter()
                .map(|what| ClientLimit {
                    place: 0,
                    what: what.clone(),
                    rejected_by: vec!["rustls".to_owned()],
                    accepted_by: vec!["OpenSSL".to_owned(), "GnuTLS".to_owned()],
                })
                .collect(),
            chain_length: chain.len(),
            chain,
        },
        signature_fault: typed.signature_fault.clone(),
        server_hello: hello,
    }
}

fn certificate(typed: &TypedCertificate, place: usize, subject: &str, issuer: &str) -> Certificate {
    let hours = |days: i64| jiff::SignedDuration::from_hours(days * 24);
    let not_after = now() + hours(typed.days_left.unwrap_or(60));
    let key = typed.key.clone().unwrap_or_else(|| "EC P-256".to_owned());
    Certificate {
        subject: typed.subject.clone().unwrap_or_else(|| format!("CN={subject}")),
        issuer: typed.issuer.clone().unwrap_or_else(|| format!("CN={issuer}")),
        serial: "01".to_owned(),
        version: 3,
        names: Vec::new(),
        names_total: 0,
        common_name: typed.common_name.clone(),
        not_before: typed
            .not_yet
            .map_or_else(|| not_after - hours(typed.valid_days.unwrap_or(90)), |days| now() + hours(days)),
        not_after,
        key_bits: key.trim_start_matches("EC P-").trim_start_matches("RSA ").parse().ok(),
        key,
        signature: typed.signature.clone().unwrap_or_else(|| "ecdsa-with-SHA256".to_owned()),
        self_signed: typed.self_signed,
        issued_by: typed.issued_by,
        is_authority: typed.authority,
        key_usage: typed.key_usage.clone(),
        extended_key_usage: typed.extended_key_usage.clone(),
        must_staple: typed.must_staple,
        issuer_urls: typed.issuer_urls.clone(),
        sha256: format!("{place:064x}"),
        spki_sha256: String::new(),
        der_b64: String::new(),
    }
}
