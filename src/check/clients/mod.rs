//! Determines which clients can connect to a server over TLS. The clients use different TLS libraries, which do not all
//! support the same versions and algorithms as smtpcheck's library. This file compares the unencrypted part of the
//! server's handshake with the versions and algorithms that common clients support ([`table`]). It lists the clients
//! that can connect, and raises findings if smtpcheck can connect but other clients cannot.
//!
//! The evidence is one of these:
//! 1. After a successful handshake, the ServerHello of the session. The server chose its parameters from those that
//!    smtpcheck offered. The ServerHello shows whether the server meets the requirements of clients (RFC 5746, RFC
//!    7627), but not what the server would choose for another client.
//! 2. After a failed handshake, the responses to ClientHellos that offer all algorithms, in the order in which they
//!    were sent. A client is assumed to get the first response whose parameters it offers.
//!
//! Certificates are not considered here; they are the subject of `certificate`.

mod rules;
mod table;

use serde::{Deserialize, Serialize};

use super::finding::{Check, Finding, Rule, asks_nothing};
use crate::evidence::{Event, Evidence, Fault, Handshake, HelloProbe, Phase};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::tls::{ServerHello, Version};

pub(crate) use table::Obstacle;

pub(in crate::check) use rules::{TLS_EXTENDED_MASTER_SECRET_MISSING, TLS_RENEGOTIATION_INSECURE};
use table::{CLIENTS, Has, TlsClient};

pub(crate) static CHECK: Check = Check { subject: "clients", ask: asks_nothing, judge, rules: rules::RULES };

/// Whether one client connects, without considering certificates. In JSON, `tls_clients` is the list of all clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ClientSeen {
    /// The client, by its TLS library.
    pub client: String,
    /// Programs that use the client's library.
    pub programs: String,
    /// Whether the client connects.
    pub connects: Connects,
    /// The last version of the client that connects; null unless only old versions connect.
    pub until: Option<String>,
    /// What prevents, or may prevent, the client or its newer versions from connecting; null if all versions connect.
    pub obstacle: Option<Obstacle>,
    /// The client's error message if it does not connect; otherwise null.
    pub error: Option<String>,
}

/// Whether a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Connects {
    /// The client connects.
    Yes,
    /// The client does not connect.
    No,
    /// Only old versions of the client connect.
    OldVersions,
    /// It is not documented whether the client connects.
    Unknown,
}

/// The clients, and whether they connect. None if this is not known, or if the supported parameters are not the reason
/// for the failed handshake.
pub(crate) fn results(evidence: &Evidence) -> Option<Vec<ClientSeen>> {
    let session = evidence.main_session()?;
    if let Some((_, handshake)) = session.handshake() {
        let hello = handshake.server_hello.as_ref()?;
        return Some(CLIENTS.iter().map(|client| client_seen(client, refused(client, hello))).collect());
    }
    let Some(Fault::Tls { .. }) = session.fault() else { return None };
    let terms = terms(evidence);
    let own = CLIENTS.first().map(|client| verdict(client, &terms))?;
    let is_about_terms = !terms.is_empty() && matches!(own, ClientVerdict::No(_));
    is_about_terms.then(|| CLIENTS.iter().map(|client| client_seen(client, verdict(client, &terms))).collect())
}

/// The reason why smtpcheck's TLS library does not connect, if the ClientHellos have shown it.
pub(super) fn own_obstacle(evidence: &Evidence) -> Option<Obstacle> {
    match CLIENTS.first().map(|client| verdict(client, &terms(evidence)))? {
        ClientVerdict::No(obstacle) => Some(obstacle),
        ClientVerdict::Yes | ClientVerdict::Until(..) | ClientVerdict::Unknown(_) => None,
    }
}

/// The first parameter in one response that smtpcheck's TLS library does not support.
pub(super) fn own_obstacle_to(hello: HelloProbe<'_>) -> Option<Obstacle> {
    let term = Term::of(hello)?;
    match CLIENTS.first().map(|client| offered(client, &term))? {
        ClientVerdict::No(obstacle) => Some(obstacle),
        ClientVerdict::Yes | ClientVerdict::Until(..) | ClientVerdict::Unknown(_) => None,
    }
}

/// Two sentences that list the clients that connect and the clients that do not.
pub(super) fn sentences(evidence: &Evidence) -> Vec<String> {
    let Some(all) = results(evidence) else { return Vec::new() };
    let named = |one: &ClientSeen| match &one.until {
        Some(until) => format!("{} up to {until} ({})", one.client, one.programs),
        None => format!("{} ({})", one.client, one.programs),
    };
    let list = |of: &[Connects], with_words: bool| {
        let some = all.iter().filter(|one| of.contains(&one.connects));
        let some = some.map(|one| match &one.error {
            Some(error) if with_words && !error.is_empty() => format!("{}: \"{error}\"", named(one)),
            _ => named(one),
        });
        some.collect::<Vec<_>>()
    };
    let (can, cannot) = (list(&[Connects::Yes, Connects::OldVersions], false), list(&[Connects::No], true));
    let mut sentences = Vec::new();
    if !can.is_empty() {
        sentences.push(format!("Clients that connect: {}", can.join(", ")));
    }
    if !cannot.is_empty() {
        sentences.push(format!("Clients that cannot connect: {}", cannot.join("; ")));
    }
    sentences
}

/// Whether the main session showed that renegotiation is not bound to the connection. The scan then does not report it.
pub(super) fn shows_insecure_renegotiation(evidence: &Evidence) -> bool {
    evidence.main_session().and_then(|session| session.handshake()).is_some_and(|(_, handshake)| is_unbound(handshake))
}

/// Whether the main session showed that the server does not use the extended master secret. The scan then does not
/// report it.
pub(super) fn shows_no_extended_master_secret(evidence: &Evidence) -> bool {
    evidence.main_session().and_then(|session| session.handshake()).is_some_and(|(_, handshake)| {
        let hello = handshake.server_hello.as_ref();
        hello.is_some_and(|hello| hello.version < Version::Tls13 && !hello.extended_master_secret)
    })
}

fn is_unbound(handshake: &Handshake) -> bool {
    handshake.server_hello.as_ref().is_some_and(|hello| hello.version < Version::Tls13 && !hello.secure_renegotiation)
}

/// The parameters that the server chose in one response, with the key type of its certificate.
struct Term<'a> {
    hello: &'a ServerHello,
    key: Option<&'a str>,
}

impl<'a> Term<'a> {
    fn of(hello: HelloProbe<'a>) -> Option<Term<'a>> {
        let presented = hello.seen().and_then(|seen| seen.presented.as_ref());
        let leaf = presented.and_then(|presented| presented.leaf());
        Some(Term { hello: hello.accepted()?, key: leaf.map(|leaf| leaf.key.as_str()) })
    }
}

fn terms(evidence: &Evidence) -> Vec<Term<'_>> {
    evidence.hellos().filter(|hello| hello.request.sni.is_some()).filter_map(Term::of).collect()
}

enum ClientVerdict {
    Yes,
    No(Obstacle),
    /// Only versions up to this one connect. The obstacle is the reason why newer versions do not.
    Until(&'static str, Obstacle),
    Unknown(Obstacle),
}

/// Finds the first response whose parameters the client offers, and then checks whether the client accepts it.
fn verdict(client: &TlsClient, terms: &[Term<'_>]) -> ClientVerdict {
    let mut first = None;
    for term in terms {
        match offered(client, term) {
            ClientVerdict::Yes => return refused(client, term.hello),
            other @ (ClientVerdict::Until(..) | ClientVerdict::Unknown(_)) => return other,
            no @ ClientVerdict::No(_) => first = first.or(Some(no)),
        }
    }
    first.unwrap_or(ClientVerdict::Yes)
}

/// Whether a client offers the parameters that the server chose.
fn offered(client: &TlsClient, term: &Term<'_>) -> ClientVerdict {
    let hello = term.hello;
    let old = match hello.version {
        Version::Ssl3 => Has::No,
        version if version < client.least => client.older_versions,
        Version::Tls10 | Version::Tls11 | Version::Tls12 | Version::Tls13 => Has::Yes,
    };
    let suite = Suite::of(&hello.suite_name);
    let exchange = match suite.exchange {
        HelloExchange::Tls13 | HelloExchange::Ecdhe => Has::Yes,
        HelloExchange::Dhe => client.shortest_prime.map_or(Has::No, |_| Has::Yes),
        HelloExchange::StaticRsa => client.static_rsa,
        HelloExchange::Other => Has::No,
    };
    let bulk = match suite.bulk {
        Bulk::Aead => Has::Yes,
        Bulk::CbcSha1 => client.cbc_sha1,
        Bulk::CbcSha2 => client.cbc_sha2,
        Bulk::Other => Has::No,
    };
    let has_group = hello.group.is_none_or(|group| client.groups.contains(&group));
    let group = if has_group { Has::Yes } else { Has::No };
    let facts = [
        (old, Obstacle::Version),
        (exchange, Obstacle::CipherSuite),
        (bulk, Obstacle::CipherSuite),
        (group, Obstacle::Group),
        (takes_signature(client, term), Obstacle::KeyOrSignature),
    ];
    let weaker = |wanted: fn(Has) -> bool| facts.into_iter().find(|(has, _)| wanted(*has));
    if let Some((_, obstacle)) = weaker(|has| has == Has::No) {
        return ClientVerdict::No(obstacle);
    }
    match weaker(|has| has != Has::Yes) {
        Some((Has::Until(until), obstacle)) => ClientVerdict::Until(until, obstacle),
        Some((_, obstacle)) => ClientVerdict::Unknown(obstacle),
        None => ClientVerdict::Yes,
    }
}

fn takes_signature(client: &TlsClient, term: &Term<'_>) -> Has {
    // No client supports Brainpool curves, DSA or ML-DSA by default.
    let is_usual = |key: &str| {
        key.starts_with("RSA") || key.starts_with("Ed") || ["EC P-256", "EC P-384", "EC P-521"].contains(&key)
    };
    if term.key.is_some_and(|key| !is_usual(key)) {
        return Has::No;
    }
    match term.hello.signature.as_deref() {
        None => Has::Yes,
        Some(name) if name.ends_with("_sha1") => client.sha1,
        Some("ed448") => client.ed448,
        Some(name) if name.starts_with("rsa_pss_pss_") => client.pss_key,
        Some(name) => {
            let usual =
                ["ecdsa_secp", "ed25519", "rsa_pss_rsae_", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"];
            if usual.iter().any(|start| name.starts_with(start)) { Has::Yes } else { Has::No }
        }
    }
}

/// Whether a client aborts the handshake because of the server's choice.
fn refused(client: &TlsClient, hello: &ServerHello) -> ClientVerdict {
    // TLS 1.3 has no renegotiation (RFC 8446 §1.2) and no primes chosen by the server.
    let is_old = hello.version < Version::Tls13;
    let is_short = hello.dh_bits.zip(client.shortest_prime).is_some_and(|(bits, least)| bits < least);
    if is_old && is_short {
        ClientVerdict::No(Obstacle::DhPrime)
    } else if is_old && client.needs_renegotiation_info && !hello.secure_renegotiation {
        ClientVerdict::No(Obstacle::RenegotiationInfo)
    } else {
        ClientVerdict::Yes
    }
}

fn client_seen(client: &TlsClient, verdict: ClientVerdict) -> ClientSeen {
    let (connects, until, obstacle) = match verdict {
        ClientVerdict::Yes => (Connects::Yes, None, None),
        ClientVerdict::No(obstacle) => (Connects::No, None, Some(obstacle)),
        ClientVerdict::Until(until, obstacle) => (Connects::OldVersions, Some(until.to_owned()), Some(obstacle)),
        ClientVerdict::Unknown(obstacle) => (Connects::Unknown, None, Some(obstacle)),
    };
    let error = obstacle.filter(|_| connects == Connects::No).map(|obstacle| client.words(obstacle).to_owned());
    let (client, programs) = (client.name.to_owned(), client.programs.to_owned());
    ClientSeen { client, programs, connects, until, obstacle, error }
}

/// The properties of a cipher suite that clients use to select it.
struct Suite {
    exchange: HelloExchange,
    bulk: Bulk,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HelloExchange {
    Tls13,
    Ecdhe,
    Dhe,
    StaticRsa,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bulk {
    Aead,
    CbcSha1,
    CbcSha2,
    Other,
}

impl Suite {
    /// Reads the IANA name, which lists the parts of a suite.
    fn of(name: &str) -> Suite {
        let Some((exchange, rest)) = name.split_once("_WITH_") else {
            return Suite { exchange: HelloExchange::Tls13, bulk: Bulk::Aead };
        };
        let exchange = match exchange {
            "TLS_ECDHE_RSA" | "TLS_ECDHE_ECDSA" => HelloExchange::Ecdhe,
            "TLS_DHE_RSA" => HelloExchange::Dhe,
            "TLS_RSA" => HelloExchange::StaticRsa,
            _ => HelloExchange::Other,
        };
        let is_aes = rest.starts_with("AES_");
        let bulk = match () {
            () if (is_aes && rest.contains("_GCM_")) || rest.starts_with("CHACHA20_") => Bulk::Aead,
            () if is_aes && rest.ends_with("_CBC_SHA") => Bulk::CbcSha1,
            () if is_aes && rest.contains("_CBC_SHA") => Bulk::CbcSha2,
            () => Bulk::Other,
        };
        Suite { exchange, bulk }
    }
}

/// All suites in the same family as `member`. The next ClientHello omits them. DHE and RSA key exchange are one family
/// each. ECDHE is two families, with and without an AEAD.
pub(super) fn family<'a>(member: &str, all: impl Iterator<Item = (u16, &'a str)>) -> Vec<u16> {
    let key = |name: &str| {
        let suite = Suite::of(name);
        (suite.exchange, suite.exchange == HelloExchange::Ecdhe && suite.bulk == Bulk::Aead)
    };
    all.filter(|(_, name)| key(name) == key(member)).map(|(id, _)| id).collect()
}

fn judge(_: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some((event, handshake)) = evidence.main_session().and_then(|session| session.handshake()) else {
        return Vec::new();
    };
    let Some(hello) = &handshake.server_hello else { return Vec::new() };
    // TLS 1.3 includes both protections (RFC 8446 appendix D).
    if hello.version >= Version::Tls13 {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !hello.secure_renegotiation {
        findings.push(insecure_renegotiation(evidence, event, hello));
    }
    if !hello.extended_master_secret {
        findings.push(no_extended_master_secret(event, hello));
    }
    findings
}

fn found(rule: &'static Rule, event: &Event, summary: String) -> Finding {
    Finding::new(rule, Phase::Tls, Confidence::Certain, summary).on(event)
}

/// RFC 5746 §4.1: a client may reject a server without renegotiation_info, and OpenSSL 3 does.
fn insecure_renegotiation(evidence: &Evidence, event: &Event, hello: &ServerHello) -> Finding {
    let summary = format!(
        "programs that use OpenSSL 3 cannot connect: in {}, the server does not send renegotiation_info (RFC 5746)",
        hello.version
    );
    Finding {
        cause: "The server, or a device in front of it, uses a TLS library from before 2010 or does not enable secure renegotiation. Programs that use OpenSSL 3 (PHP, Python, Postfix, swaks) abort the handshake with \"unsafe legacy renegotiation disabled\". smtpcheck's TLS library does not require the extension.".to_owned(),
        fixes: vec![
            Fix::text("Server operator: update the TLS library of the mail server, or of the load balancer or security appliance in front of it"),
            Fix::text("Until then, allow such servers in the client (OpenSSL: Options = UnsafeLegacyServerConnect in openssl.cnf; Postfix: tls_ssl_options = LEGACY_SERVER_CONNECT)"),
        ],
        consequences: sentences(evidence),
        ..found(&TLS_RENEGOTIATION_INSECURE, event, summary)
    }
}

fn no_extended_master_secret(event: &Event, hello: &ServerHello) -> Finding {
    let summary = format!(
        "clients in FIPS mode cannot connect: in {}, the server does not use the extended master secret (RFC 7627)",
        hello.version
    );
    Finding {
        cause: "The server uses a TLS library from before 2016, or does not enable the extension. RHEL 9.2 and later in FIPS mode, OpenSSL's FIPS provider and other FIPS 140-3 modules abort the handshake. Clients that are not in FIPS mode can connect.".to_owned(),
        fixes: vec![Fix::text("Server operator: enable TLS 1.3, or update the server's TLS library")],
        ..found(&TLS_EXTENDED_MASTER_SECRET_MISSING, event, summary)
    }
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, ClientVerdict, Term, verdict};
    use crate::wire::tls::{ServerHello, Version, suite_name};

    /// A ServerHello with TLS 1.2 and no faults.
    fn choice(suite: u16) -> ServerHello {
        ServerHello {
            version: Version::Tls12,
            suite,
            suite_name: suite_name(suite),
            group: None,
            group_name: None,
            is_retry: false,
            downgrade: None,
            secure_renegotiation: true,
            extended_master_secret: true,
            compression: false,
            encrypt_then_mac: false,
            session_ticket: false,
            ocsp_response: false,
            signature: None,
            dh_bits: None,
            client_certificate_requested: false,
            certificates: Vec::new(),
        }
    }

    /// The clients that connect, by the first word of each name, with `~` if only old versions connect and `?` if it is
    /// not known.
    fn who(terms: &[(ServerHello, Option<&str>)]) -> String {
        let terms: Vec<Term<'_>> = terms.iter().map(|(hello, key)| Term { hello, key: *key }).collect();
        let words = CLIENTS.iter().filter_map(|client| {
            let name = client.name.split(' ').next().unwrap_or_default();
            match verdict(client, &terms) {
                ClientVerdict::Yes => Some(name.to_owned()),
                ClientVerdict::Until(..) => Some(format!("~{name}")),
                ClientVerdict::Unknown(_) => Some(format!("?{name}")),
                ClientVerdict::No(_) => None,
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The results of a measurement with OpenSSL servers and the clients openssl s_client 3.0.22, Python 3.11,
    /// gnutls-cli 3.7.9, JDK 17 and Go 1.19.
    #[test]
    fn the_table_agrees_with_the_measurement() {
        let dhe = |bits| ServerHello { dh_bits: Some(bits), ..choice(0x009F) };
        let ecdhe = |group| ServerHello { group: Some(group), ..choice(0xC030) };
        let signed = |name: &str| ServerHello { signature: Some(name.to_owned()), ..ecdhe(23) };
        let version = |version| ServerHello { version, ..choice(0xC014) };
        let in_13 = |group| ServerHello { version: Version::Tls13, group: Some(group), ..choice(0x1302) };
        for (what, hello, key, expected) in [
            ("DHE 512", dhe(512), None, ""),
            ("DHE 768", dhe(768), None, ""),
            ("DHE 1024", dhe(1024), None, "GnuTLS Java Windows"),
            ("DHE 1536", dhe(1536), None, "GnuTLS Java Windows"),
            ("DHE 2048", dhe(2048), None, "OpenSSL Python GnuTLS Java Windows"),
            ("DHE 4096", dhe(4096), None, "OpenSSL Python GnuTLS Java Windows"),
            ("RSA key exchange", choice(0x009D), None, "OpenSSL GnuTLS ~Java Windows ~Go"),
            ("ECDHE, CBC, SHA-1", choice(0xC014), None, "OpenSSL GnuTLS Java Windows Go"),
            ("ECDHE, CBC, SHA-256", choice(0xC027), None, "OpenSSL Python Java Windows"),
            (
                "DHE 2048, CBC, SHA-1",
                ServerHello { dh_bits: Some(2048), ..choice(0x0033) },
                None,
                "OpenSSL GnuTLS Java Windows",
            ),
            ("Camellia", choice(0x0041), None, ""),
            ("TLS 1.0", version(Version::Tls10), None, "GnuTLS ~Windows"),
            ("TLS 1.1", version(Version::Tls11), None, "GnuTLS ~Windows"),
            ("P-521 in 1.3", in_13(25), None, "OpenSSL Python GnuTLS Java Go"),
            ("X448 in 1.3", in_13(30), None, "OpenSSL Python GnuTLS Java"),
            ("ffdhe2048 in 1.3", in_13(0x0100), None, "OpenSSL Python GnuTLS Java"),
            ("Brainpool as a group", ecdhe(26), None, ""),
            ("Brainpool as a key", ecdhe(23), Some("EC brainpoolP256r1"), ""),
            ("Ed448", signed("ed448"), None, "OpenSSL Python GnuTLS Java"),
            ("Ed25519", signed("ed25519"), Some("Ed25519"), "rustls OpenSSL Python GnuTLS Java Windows Go"),
            ("a key for RSA-PSS", signed("rsa_pss_pss_sha256"), None, "OpenSSL Python GnuTLS Java ?Windows"),
            ("signed with SHA-1", signed("rsa_pkcs1_sha1"), None, "GnuTLS ~Java ?Windows ~Go"),
            (
                "P-521 as a key",
                signed("ecdsa_secp521r1_sha512"),
                Some("EC P-521"),
                "rustls OpenSSL Python GnuTLS Java Windows Go",
            ),
            (
                "no renegotiation_info",
                ServerHello { secure_renegotiation: false, ..ecdhe(23) },
                None,
                "rustls GnuTLS Java Windows Go",
            ),
            (
                "no extended master secret",
                ServerHello { extended_master_secret: false, ..ecdhe(23) },
                None,
                "rustls OpenSSL Python GnuTLS Java Windows Go",
            ),
        ] {
            assert_eq!(who(&[(hello, key)]), expected, "{what}");
        }
    }

    #[test]
    fn a_client_gets_the_first_response_whose_parameters_it_offers() {
        let short = ServerHello { dh_bits: Some(1024), ..choice(0x009F) };
        // OpenSSL and Python offer DHE, so the server chooses it. Go offers only RSA key exchange.
        assert_eq!(who(&[(short.clone(), None), (choice(0x009D), None)]), "GnuTLS Java Windows ~Go");
        assert_eq!(who(&[(choice(0x009D), None), (short, None)]), "OpenSSL GnuTLS ~Java Windows ~Go");
    }
}
