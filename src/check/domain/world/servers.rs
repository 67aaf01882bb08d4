//! Mail servers for the tests of this module. A server is described by its replies:
//!
//! ```ignore
//! world.server("192.0.2.1", MailServer::new("mx1.example.com"));
//! world.server("192.0.2.2", MailServer::new("mx2.example.com").without_starttls().replying("RCPT TO:<post", "550 no"));
//! world.closed("192.0.2.3", ConnectFaultKind::TimedOut);
//! ```
//!
//! [`MailServer::new`] sends a greeting with its name, advertises STARTTLS, has a valid ECDSA certificate for its name,
//! and accepts every sender, the postmaster of every domain and `user@` every domain. It rejects every other recipient.

use std::net::{IpAddr, SocketAddr};

use jiff::{SignedDuration, Timestamp};

use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    Answer, Certificate, ChainFault, ConnectFault, DialResult, EventKind, Evidence, Fault, Handshake, HandshakeKind,
    HelloOutcome, HelloSeen, NameMatch, Outcome, Phase, Presented, ProbeId, TlsFault, TlsFaultKind, Trust, TrustStore,
};
use crate::plan::{QuitAfter, TlsUse};
use crate::question::{HelloRequest, Offer, SessionRequest};
use crate::wire::tls::{ServerHello, TlsAnswer, Version, group_name, suite_name};
use crate::wire::{Capabilities, reply};

/// The time at which the evidence of [`super::World`] starts.
pub(in crate::check) const NOW: i64 = 1_790_000_000;

/// A mail server at one IP address.
#[derive(Clone)]
pub(in crate::check) struct MailServer {
    /// The host name in the greeting, in the reply to EHLO and in the certificate.
    name: String,
    /// The replies to commands, by the beginning of the command. The last matching entry counts. The greeting is the
    /// reply to the empty string.
    replies: Vec<(String, String)>,
    /// The certificate chains, the first of which is sent in sessions. If there are none, the handshake fails.
    chains: Vec<Presented>,
    tls_version: String,
}

impl MailServer {
    pub(in crate::check) fn new(name: &str) -> MailServer {
        let replies = [
            ("", format!("220 {name} ESMTP")),
            ("EHLO", format!("250-{name}\n250-STARTTLS\n250 SIZE 10240000")),
            ("STARTTLS", "220 2.0.0 Ready to start TLS".to_owned()),
            ("MAIL", "250 2.1.0 Ok".to_owned()),
            ("RCPT", "550 5.1.1 User unknown".to_owned()),
            ("RCPT TO:<postmaster@", "250 2.1.5 Ok".to_owned()),
            ("RCPT TO:<user@", "250 2.1.5 Ok".to_owned()),
            ("RSET", "250 2.0.0 Ok".to_owned()),
            ("QUIT", "221 2.0.0 Bye".to_owned()),
        ];
        MailServer {
            name: name.to_owned(),
            replies: replies.into_iter().map(|(command, reply)| (command.to_owned(), reply)).collect(),
            chains: vec![chain(&[name], "EC P-256", 60)],
            tls_version: "1.3".to_owned(),
        }
    }

    /// A server for sending mail, which advertises AUTH only over TLS and accepts every login.
    pub(in crate::check) fn submission(name: &str) -> MailServer {
        let ehlo = format!("250-{name}\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250 SIZE 10240000");
        MailServer::new(name).replying("EHLO", &ehlo).replying("AUTH", "235 2.7.0 Authentication successful")
    }

    /// Sets the reply to commands that begin with this string. The greeting is the reply to the empty string.
    pub(in crate::check) fn replying(mut self, command: &str, reply: &str) -> MailServer {
        self.replies.push((command.to_owned(), reply.to_owned()));
        self
    }

    /// Sets the first line of the greeting.
    pub(in crate::check) fn greeting(self, reply: &str) -> MailServer {
        self.replying("", reply)
    }

    /// Removes STARTTLS from the reply to EHLO.
    pub(in crate::check) fn without_starttls(self) -> MailServer {
        let reply = format!("250-{}\n250 SIZE 10240000", self.name);
        self.replying("EHLO", &reply)
    }

    /// Sets the certificate chains, at most one for each key type. Sessions receive the first. Without chains, every
    /// handshake fails.
    pub(in crate::check) fn with_chains(self, chains: Vec<Presented>) -> MailServer {
        MailServer { chains, ..self }
    }

    fn reply_to(&self, command: &str) -> &str {
        let fits = |(start, _): &&(String, String)| {
            if start.is_empty() { command.is_empty() } else { command.starts_with(start.as_str()) }
        };
        self.replies.iter().rev().find(fits).map_or("500 5.5.1 Unknown command", |(_, reply)| reply)
    }

    /// Adds the events of a session to the evidence, and returns the outcome of the session.
    pub(super) fn hold(
        &self,
        evidence: &mut Evidence,
        id: ProbeId,
        request: &SessionRequest,
        address: SocketAddr,
        at_ms: f64,
    ) -> Outcome {
        let mut session = Written { server: self, evidence, id, at_ms, tls: false };
        session.run(request, address)
    }

    /// The response to a ClientHello: the chain with the requested key type, or an alert.
    pub(super) fn hello(&self, request: &HelloRequest) -> Outcome {
        let wanted = match request.offer {
            Offer::RsaOnly => "RSA",
            Offer::EcdsaOnly => "EC",
            _ => "",
        };
        let found = self.chains.iter().find(|chain| chain.leaf().is_some_and(|leaf| leaf.key.starts_with(wanted)));
        let answer = match found {
            Some(_) => TlsAnswer::ServerHello(server_hello()),
            None => TlsAnswer::Alert { code: 40, name: "handshake_failure".to_owned() },
        };
        let heard = HelloOutcome::Answer { answer };
        let presented = found.map(|chain| Box::new(for_name(chain, request.sni.as_deref().unwrap_or_default())));
        Outcome::Done { answer: Answer::Hello(HelloSeen { ms: Some(1.0), heard, presented }) }
    }
}

/// A session that is being added to the evidence.
struct Written<'w> {
    server: &'w MailServer,
    evidence: &'w mut Evidence,
    id: ProbeId,
    at_ms: f64,
    tls: bool,
}

impl Written<'_> {
    fn run(&mut self, request: &SessionRequest, address: SocketAddr) -> Outcome {
        let done = Outcome::Done { answer: Answer::Session };
        let name = request.script.sni.clone().unwrap_or_default();
        let script = &request.script;
        let local =
            SocketAddr::new(if address.is_ipv4() { [192, 168, 1, 2].into() } else { IpAddr::from([0; 16]) }, 40000);
        let result = DialResult::Connected { local };
        self.note(Phase::Connect, EventKind::Dialled { address, started_ms: self.at_ms, result });
        if script.tls == TlsUse::Implicit
            && let Some(failed) = self.secure(&name)
        {
            return failed;
        }
        if !self.receive(Phase::Greeting, "", None) || script.quit_after <= QuitAfter::Banner {
            return self.quit();
        }
        let ehlo = format!("EHLO {}", script.ehlo.word(Some(local.ip())));
        if !self.send(if self.tls { Phase::EhloTls } else { Phase::Ehlo }, &ehlo, None) {
            return self.quit();
        }
        let reply = reply::from_text(self.server.reply_to("EHLO")).expect("a reply");
        let offers_tls = Capabilities::read(&reply).has("STARTTLS");
        if script.tls == TlsUse::Required && !offers_tls {
            return self.quit();
        }
        if !matches!(script.tls, TlsUse::Never | TlsUse::Implicit) && offers_tls {
            if !self.send(Phase::Starttls, "STARTTLS", None) {
                return self.quit();
            }
            if let Some(failed) = self.secure(&name) {
                return failed;
            }
            if script.quit_after <= QuitAfter::Starttls {
                return self.quit();
            }
            if !self.send(Phase::EhloTls, &ehlo, None) {
                return self.quit();
            }
        }
        if script.login.is_some() && script.quit_after >= QuitAfter::Auth {
            let text = "AUTH PLAIN [password, not shown]".to_owned();
            self.note(Phase::Auth, EventKind::Sent { text, redacted: true, recipient: None });
            if !self.receive(Phase::Auth, "AUTH", None) {
                return self.quit();
            }
        }
        let Some(envelope) = script.envelope.as_ref().filter(|_| script.quit_after >= QuitAfter::Mail) else {
            return self.quit();
        };
        let from = envelope.from.to_string();
        let from = if from == "<>" { from } else { format!("<{from}>") };
        if !self.send(Phase::Mail, &format!("MAIL FROM:{from}"), None) {
            return self.quit();
        }
        for (number, to) in envelope.to.iter().enumerate() {
            self.send(Phase::Rcpt, &format!("RCPT TO:<{to}>"), Some(number));
        }
        self.send(Phase::Rset, "RSET", None);
        self.quit();
        done
    }

    /// Performs the handshake. Returns the outcome of the session if it fails.
    fn secure(&mut self, name: &str) -> Option<Outcome> {
        let Some(chain) = self.server.chains.first() else {
            let tls = TlsFault {
                kind: TlsFaultKind::Alert { code: 40, name: "handshake_failure".to_owned() },
                first_bytes: String::new(),
                detail: "handshake failure".to_owned(),
                sni: Some(name.to_owned()),
                server_hello: None,
            };
            return Some(Outcome::Failed { fault: Fault::Tls { tls } });
        };
        let handshake = Box::new(handshake(for_name(chain, name), &self.server.tls_version, name));
        self.tls = true;
        self.note(Phase::Tls, EventKind::Secured { handshake });
        None
    }

    fn note(&mut self, phase: Phase, what: EventKind) {
        self.at_ms += 1.0 / 64.0;
        self.evidence.happened(self.at_ms, self.id, phase, self.tls, what);
    }

    /// Sends a command. Returns whether the reply is 2yz.
    fn send(&mut self, phase: Phase, command: &str, recipient: Option<usize>) -> bool {
        self.note(phase, EventKind::Sent { text: command.to_owned(), redacted: false, recipient });
        // Over TLS, STARTTLS is not advertised. Before TLS, AUTH is not.
        let left_out = match phase {
            Phase::EhloTls => "250-STARTTLS\n",
            Phase::Ehlo => "250-AUTH PLAIN LOGIN\n",
            _ => "\0",
        };
        let text = self.server.reply_to(command).replace(left_out, "");
        self.received(phase, &text, recipient)
    }

    fn receive(&mut self, phase: Phase, command: &str, recipient: Option<usize>) -> bool {
        let text = self.server.reply_to(command).to_owned();
        self.received(phase, &text, recipient)
    }

    fn received(&mut self, phase: Phase, text: &str, recipient: Option<usize>) -> bool {
        let reply = reply::from_text(&text.replace('\n', "\r\n")).expect("a reply");
        let is_success = text.starts_with('2');
        self.note(phase, EventKind::Received { reply, recipient });
        is_success
    }

    fn quit(&mut self) -> Outcome {
        self.send(Phase::Quit, "QUIT", None);
        Outcome::Done { answer: Answer::Session }
    }
}

/// The outcome of a connection that cannot be established. The event is added to the evidence.
pub(super) fn not_connected(
    evidence: &mut Evidence,
    id: ProbeId,
    address: SocketAddr,
    kind: ConnectFaultKind,
    at_ms: f64,
) -> Outcome {
    let connect = ConnectFault { kind, errno: None, detail: kind.to_string() };
    let result = DialResult::Failed { fault: connect.clone() };
    let what = EventKind::Dialled { address, started_ms: at_ms, result };
    evidence.happened(at_ms, id, Phase::Connect, false, what);
    Outcome::Failed { fault: Fault::NotConnected { connect } }
}

/// A trusted chain of two certificates. The leaf has these names and this key (`RSA 2048`, `EC P-256`), and expires in
/// this many days. The key digest of the leaf follows from its first name and its key.
pub(in crate::check) fn chain(names: &[&str], key: &str, days: i64) -> Presented {
    let now = Timestamp::from_second(NOW).expect("a time");
    let hours = |days: i64| SignedDuration::from_hours(days * 24);
    let not_after = now + hours(days);
    let subject = names.first().copied().unwrap_or_default();
    let issuer = Certificate {
        subject: "CN=Example CA".to_owned(),
        issuer: "CN=Example Root".to_owned(),
        serial: "02".to_owned(),
        version: 3,
        names: Vec::new(),
        names_total: 0,
        common_name: Some("Example CA".to_owned()),
        not_before: now - hours(1000),
        not_after: now + hours(1000),
        key: "EC P-384".to_owned(),
        key_bits: Some(384),
        signature: "ecdsa-with-SHA384".to_owned(),
        self_signed: false,
        issued_by: None,
        is_authority: true,
        key_usage: None,
        extended_key_usage: None,
        must_staple: false,
        issuer_urls: Vec::new(),
        sha256: "ca".repeat(32),
        spki_sha256: "cb".repeat(32),
        der_b64: String::new(),
    };
    let digest = |start: u8| {
        let sum = subject.bytes().chain(key.bytes()).fold(start, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        format!("{sum:02x}").repeat(32)
    };
    let leaf = Certificate {
        subject: format!("CN={subject}"),
        issuer: "CN=Example CA".to_owned(),
        serial: "01".to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        names_total: names.len(),
        common_name: None,
        not_before: not_after - hours(90),
        not_after,
        key: key.to_owned(),
        key_bits: key.trim_start_matches("EC P-").trim_start_matches("RSA ").parse().ok(),
        issued_by: Some(1),
        is_authority: false,
        sha256: digest(1),
        spki_sha256: digest(2),
        ..issuer.clone()
    };
    let path = vec![leaf.subject.clone(), issuer.subject.clone(), "CN=Example Root".to_owned()];
    Presented {
        chain: vec![leaf, issuer],
        chain_length: 2,
        trust: if days < 0 { Trust::Outdated { path } } else { Trust::Trusted { path } },
        path: vec![0, 1],
        name: NameMatch::Matches { expected: subject.to_owned() },
        store: TrustStore::System { anchors: 140 },
        anchor: None,
        faults: Vec::new(),
        limits: Vec::new(),
    }
}

/// A self-signed certificate.
pub(in crate::check) fn self_signed(names: &[&str], key: &str, days: i64) -> Presented {
    let mut presented = chain(names, key, days);
    presented.chain.truncate(1);
    for leaf in &mut presented.chain {
        leaf.issuer = leaf.subject.clone();
        leaf.self_signed = true;
        leaf.issued_by = None;
    }
    let trust = Trust::Untrusted { why: ChainFault::SelfSigned, detail: "self-signed".to_owned() };
    Presented { chain_length: 1, trust, path: Vec::new(), ..presented }
}

/// The chain as seen by a client that expects this name.
fn for_name(chain: &Presented, name: &str) -> Presented {
    let presented = chain.leaf().map(|leaf| leaf.names.clone()).unwrap_or_default();
    let expected = name.to_owned();
    let covers = |known: &String| {
        known == name
            || known
                .strip_prefix('*')
                .is_some_and(|rest| name.split_once('.').is_some_and(|(_, tail)| rest.strip_prefix('.') == Some(tail)))
    };
    let name = if presented.iter().any(covers) {
        NameMatch::Matches { expected }
    } else {
        NameMatch::Differs { expected, presented }
    };
    Presented { name, ..chain.clone() }
}

fn handshake(presented: Presented, version: &str, name: &str) -> Handshake {
    Handshake {
        version: version.to_owned(),
        cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
        group: Some("X25519MLKEM768".to_owned()),
        signature: Some("ecdsa_secp256r1_sha256".to_owned()),
        alpn: None,
        kind: HandshakeKind::Full,
        sni: Some(name.to_owned()),
        ms: 12.0,
        client_certificate_requested: false,
        client_certificate_sent: false,
        staple: None,
        presented,
        signature_fault: None,
        server_hello: None,
    }
}

fn server_hello() -> ServerHello {
    ServerHello {
        version: Version::Tls12,
        suite: 0xC02F,
        suite_name: suite_name(0xC02F),
        group: Some(29),
        group_name: Some(group_name(29)),
        is_retry: false,
        downgrade: None,
        secure_renegotiation: true,
        extended_master_secret: true,
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
