//! Plays transcripts: TOML dialogues in, reports out. The real dialogue, the real checks, no sockets and no clock.
//!
//! Each file in `tests/transcripts/` is one conversation (and its follow-ups) with the ids that must come of it, all of
//! them and no other. `quiet` names rules that are near and must not fire. Every rule needs one transcript where it
//! fires and one that lists it as quiet. The format:
//!
//! ```toml
//! summary = "what happens, in one line"
//! args = ["mx.example.net:25", "--from", "a@example.org"]   # as on the command line
//! password = "..."            # optional; with --user in args
//! expect = ["rule-id"]        # exactly these findings
//! quiet = ["other-rule"]      # near, and silent
//! exit = 0
//! [names]                     # optional; default: a = ["192.0.2.25"], aaaa = "nodata"
//! a = ["192.0.2.25"]          # or "nxdomain", "nodata", "servfail", "timeout", "refused", "unreachable"
//! [machine]                   # optional; default: it says nothing of itself
//! dmi = { sys_vendor = "Amazon EC2" }
//! variables = []
//! [[session]]                    # conversations, matched by port and implicit TLS in the order of asking
//! port = 25                   # optional
//! implicit = false            # optional
//! name = "mx.example.net"     # of a follow-up that sends this server name (SNI)
//! connect = "ok"              # or "refused", "timed-out", "host-unreachable", "network-unreachable", "denied-here"
//! failed = [["2001:db8::25", "refused"]]   # dials that failed before
//! dialogue = """
//! S: 220 mx.example.net ESMTP
//! C: EHLO client.example.org
//! """
//! [session.handshake]            # optional; default: TLS 1.3, trusted, named, 60 days left
//! trust = "trusted"           # or "outdated", or a ChainFault: "self-signed", "unknown-issuer", "usage" ...
//! names = ["mx.example.net"]  # names in the certificate
//! leaf = { days_left = 60 }   # and the other fields of TypedCertificate; `chain` has those that were sent behind it
//! lacks = ["renegotiation_info"]   # TLS 1.2, and what its ServerHello does not have; or "extended_master_secret"
//! fault = "closed"            # or "reset", "silent", "not-tls", "incompatible", "alert 40"
//! ```
//! `[[hello]]` answers ClientHellos of our own, by what they offer (`Offer` as it prints, or `without a name`):
//! `offer = "TLS 1.2 with everything"`, and `version = "1.0"` with `suite`, `group` (numbers), `dh_bits`, `old = true` (no
//! secure renegotiation), `master_secret = "old"` (RFC 7627 not used), `asks_certificate = true` (of ours), `certificate = "RSA 2048"`; or `alert = 70`; or `instead = "closed"`, `"reset"`, `"silent"`,
//! `"turned away"`, `"sslv2"`. Without a fitting one the answer is alert 40.
//!
//! Lines of a dialogue: `S: line`, `S. raw bytes with \r \n \x00, no line end added`, `C: line` (must be sent, secrets as
//! shown), `TLS` (the handshake happens here), `alert 116` (instead of a reply inside TLS), `after 5s`, `quiet` (five seconds without a word), `silent` (the reply deadline passes), `hangs up`, `resets`,
//! `time is up` (the time for everything is up while the client waits here; nothing is asked after it).

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use smtpcheck::cli::{self, Invocation};
use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::fault::ConnectFaultKind;
use smtpcheck::evidence::{
    Answer, Certificate, ChainFault, ClientLimit, ConnectFault, DialResult, EventKind, Fault, Handshake, HandshakeKind,
    HelloOutcome, HelloSeen, Incompatibility, Lookup, LookupFault, Machine, NameMatch, NameSource, Names, Outcome,
    Phase, Presented, ProbeId, Staple, TlsFault, TlsFaultKind, Trust, TrustStore,
};
use smtpcheck::inquiry::{self, Arrival, EvidenceListener, Gather};
use smtpcheck::plan::{LoginProof, Plan, TlsUse};
use smtpcheck::question::{HelloRequest, Question, SessionRequest};
use smtpcheck::report::Report;
use smtpcheck::sasl::{Credentials, Means, Proof};
use smtpcheck::secret::{Echoes, Secret};
use smtpcheck::wire::tls::{self, Version};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    pub summary: String,
    pub args: Vec<String>,
    pub password: Option<String>,
    pub expect: Vec<String>,
    #[serde(default)]
    pub quiet: Vec<String>,
    pub exit: u8,
    pub names: Option<TypedNames>,
    #[serde(default)]
    pub machine: TypedMachine,
    #[serde(default)]
    pub session: Vec<TypedSession>,
    #[serde(default)]
    pub hello: Vec<TypedHello>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedHello {
    offer: String,
    version: Option<Version>,
    #[serde(default)]
    suite: u16,
    group: Option<u16>,
    dh_bits: Option<u32>,
    signature: Option<String>,
    #[serde(default)]
    old: bool,
    master_secret: Option<String>,
    #[serde(default)]
    asks_certificate: bool,
    certificate: Option<String>,
    alert: Option<u8>,
    instead: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedNames {
    a: Option<TypedLookup>,
    aaaa: Option<TypedLookup>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedMachine {
    #[serde(default)]
    dmi: BTreeMap<String, String>,
    #[serde(default)]
    variables: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum TypedLookup {
    Addresses(Vec<std::net::IpAddr>),
    Word(String),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedSession {
    port: Option<u16>,
    #[serde(default)]
    implicit: Option<bool>,
    name: Option<String>,
    connect: Option<String>,
    #[serde(default)]
    failed: Vec<(std::net::IpAddr, String)>,
    #[serde(default)]
    dialogue: String,
    handshake: Option<TypedHandshake>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedHandshake {
    trust: Option<String>,
    names: Option<Vec<String>>,
    #[serde(default)]
    leaf: TypedCertificate,
    #[serde(default)]
    chain: Vec<TypedCertificate>,
    signature_fault: Option<String>,
    staple: Option<String>,
    /// Why the OCSP response does not count.
    staple_fault: Option<String>,
    /// What some clients cannot verify in the server's certificate.
    limit: Option<String>,
    /// `asked` or `shown`.
    client_certificate: Option<String>,
    lacks: Option<Vec<String>>,
    fault: Option<String>,
    first_bytes: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedCertificate {
    subject: Option<String>,
    issuer: Option<String>,
    common_name: Option<String>,
    days_left: Option<i64>,
    valid_days: Option<i64>,
    not_yet: Option<i64>,
    key: Option<String>,
    signature: Option<String>,
    issued_by: Option<usize>,
    #[serde(default)]
    self_signed: bool,
    #[serde(default)]
    authority: bool,
    key_usage: Option<Vec<String>>,
    extended_key_usage: Option<Vec<String>>,
    #[serde(default)]
    must_staple: bool,
    #[serde(default)]
    issuer_urls: Vec<String>,
}

const NOW: &str = "2026-11-21T09:00:00Z";

fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

/// A server in the place of a transcript: what it sends for each command. The greeting is the reply to "".
pub trait Server {
    fn reply(&mut self, command: &str) -> Sends;
}

/// What a server sends for one command.
#[derive(Default)]
pub struct Sends {
    /// At once, in one segment.
    pub now: String,
    /// A moment later: before the reply to the next command, or in the pause before it.
    pub late: String,
}

type NewServer<'a> = &'a dyn Fn() -> Box<dyn Server>;

/// Checks servers that are made by a function, one for each session.
pub fn hold(args: &[&str], server: NewServer<'_>) -> Report {
    let words = args.iter().map(Into::into).collect();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { panic!("the arguments are no check") };
    let plan = cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org")).unwrap();
    let credentials = plan.login.as_ref().map(|login| Credentials {
        user: login.user.clone(),
        authzid: login.authzid.clone(),
        proof: Proof::Password(Secret::new("c4nary-password".to_owned())),
    });
    let mut replay = Replay {
        plan: plan.clone(),
        echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
        credentials,
        names: TypedNames { a: Some(TypedLookup::Addresses(vec!["192.0.2.25".parse().unwrap()])), aaaa: None },
        machine: Machine { dmi: BTreeMap::new(), variables: Vec::new(), host: None },
        sessions: Vec::new(),
        hellos: Vec::new(),
        server: Some(server),
        arrivals: VecDeque::new(),
        clock: 0.0,
        time_is_up: false,
        problems: Vec::new(),
    };
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(&plan, &mut replay, now(), &mut Deaf)).unwrap();
    Report::new(plan, evidence, &ended, replay.clock)
}

/// Answers questions from a transcript.
struct Replay<'s> {
    plan: Plan,
    credentials: Option<Credentials>,
    names: TypedNames,
    machine: Machine,
    echoes: Echoes,
    sessions: Vec<Option<TypedSession>>,
    hellos: Vec<TypedHello>,
    server: Option<NewServer<'s>>,
    arrivals: VecDeque<Arrival>,
    clock: f64,
    /// The session that has just been played is left open: `--max-time` ended everything in the middle of it.
    time_is_up: bool,
    problems: Vec<String>,
}

impl Gather for Replay<'_> {
    fn echoes(&self) -> Echoes {
        self.echoes.clone()
    }

    fn ask(&mut self, id: ProbeId, question: &Question) {
        let outcome = match question {
            Question::Resolve { host } => Outcome::Done {
                answer: Answer::Names(Names {
                    host: host.clone(),
                    source: NameSource::System,
                    a: lookup(self.names.a.as_ref()),
                    aaaa: lookup(self.names.aaaa.as_ref()),
                }),
            },
            Question::Machine { .. } => Outcome::Done { answer: Answer::Machine(self.machine.clone()) },
            Question::Hello(request) => Outcome::Done { answer: Answer::Hello(self.hello(request)) },
            Question::Session(request) => match self.session(id, request) {
                Ok(()) => Outcome::Done { answer: Answer::Session },
                Err(fault) => Outcome::Failed { fault },
            },
        };
        self.clock += 1.0;
        self.arrivals.push_back(if std::mem::take(&mut self.time_is_up) {
            Arrival::TimeUp
        } else {
            Arrival::Answered { probe: id, at_ms: self.clock, outcome }
        });
    }

    async fn next(&mut self) -> Arrival {
        self.arrivals.pop_front().expect("an open question has an answer")
    }

    /// A conversation is played to its end at once.
    fn stop(&mut self, _: ProbeId) {}

    fn now_ms(&self) -> f64 {
        self.clock
    }
}

impl Replay<'_> {
    fn note(&mut self, id: ProbeId, phase: Phase, tls: bool, what: EventKind) {
        self.clock += 1.0;
        self.arrivals.push_back(Arrival::Event { probe: id, at_ms: self.clock, phase, tls, what });
    }

    fn session(&mut self, id: ProbeId, request: &SessionRequest) -> Result<(), Fault> {
        let address = match self.address(request) {
            Some(ip) => SocketAddr::new(ip, request.port),
            None => return Err(Fault::NoAddress),
        };
        if let Some(server) = self.server {
            let result = DialResult::Connected { local: "192.0.2.9:40000".parse().unwrap() };
            self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
            return self.converse_with(id, request, server().as_mut());
        }
        let implicit = request.script.tls == TlsUse::Implicit;
        let fits = |session: &TypedSession| {
            session.port.is_none_or(|port| port == request.port)
                && session.implicit.is_none_or(|wanted| wanted == implicit)
                && session.name == request.script.sni
        };
        let found = self.sessions.iter_mut().find(|session| session.as_ref().is_some_and(fits)).and_then(Option::take);
        let Some(session) = found else {
            self.problems.push(format!("no [[session]] for {request:?}"));
            return Err(Fault::NoAddress);
        };
        for (ip, why) in &session.failed {
            let address = SocketAddr::new(*ip, request.port);
            let result = DialResult::Failed { fault: connect_fault(why) };
            self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
        }
        match session.connect.as_deref() {
            None | Some("ok") => {
                let local = "192.0.2.9:40000".parse().unwrap();
                let result = DialResult::Connected { local };
                self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
            }
            Some(why) => {
                let connect = connect_fault(why);
                let result = DialResult::Failed { fault: connect.clone() };
                self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
                return Err(Fault::NotConnected { connect });
            }
        }
        self.converse(id, request, &session)
    }

    fn hello(&self, request: &HelloRequest) -> HelloSeen {
        let offer = if request.sni.is_none() { "without a name".to_owned() } else { request.offer.to_string() };
        let typed = self.hellos.iter().find(|typed| typed.offer == offer);
        let alert = |code: u8| tls::TlsAnswer::Alert { code, name: tls::alert_name(code) };
        let answer = |answer| HelloOutcome::Answer { answer };
        let heard = match typed {
            None => answer(alert(40)),
            Some(TypedHello { alert: Some(code), .. }) => answer(alert(*code)),
            Some(TypedHello { instead: Some(word), .. }) => match word.as_str() {
                "closed" => HelloOutcome::Closed,
                "reset" => HelloOutcome::Reset,
                "silent" => HelloOutcome::Silence { waited_ms: 5000.0 },
                "turned away" => HelloOutcome::TurnedAway { phase: Phase::Greeting },
                "sslv2" => answer(tls::TlsAnswer::Sslv2),
                other => panic!("unknown instead {other}"),
            },
            Some(typed) => answer(tls::TlsAnswer::ServerHello(tls::ServerHello {
                version: typed.version.unwrap_or_else(|| panic!("{offer}: a version is missing")),
                suite: typed.suite,
                suite_name: tls::suite_name(typed.suite),
                group: typed.group,
                group_name: typed.group.map(tls::group_name),
                is_retry: false,
                downgrade: None,
                secure_renegotiation: !typed.old,
                extended_master_secret: typed.master_secret.as_deref() != Some("old"),
                compression: false,
                encrypt_then_mac: false,
                session_ticket: false,
                ocsp_response: false,
                signature: typed.signature.clone(),
                dh_bits: typed.dh_bits,
                client_certificate_requested: typed.asks_certificate,
                certificates: Vec::new(),
            })),
        };
        let of_key = |key: &String| {
            let leaf = TypedCertificate { key: Some(key.clone()), ..TypedCertificate::default() };
            let typed = TypedHandshake { leaf, trust: Some("self-signed".to_owned()), ..TypedHandshake::default() };
            let mut presented = handshake(server_name(&self.plan, None), &typed).presented;
            presented.chain[0].sha256 = format!("{:064x}", 99);
            Box::new(presented)
        };
        let presented = typed.and_then(|typed| typed.certificate.as_ref()).map(of_key);
        HelloSeen { ms: Some(1.0), heard, presented }
    }

    fn address(&self, request: &SessionRequest) -> Option<std::net::IpAddr> {
        match &request.host {
            smtpcheck::wire::Host::Ip(ip) => Some(*ip),
            smtpcheck::wire::Host::Name(_) => {
                let six = lookup(self.names.aaaa.as_ref());
                let four = lookup(self.names.a.as_ref());
                four.addresses().first().or(six.addresses().first()).copied()
            }
        }
    }

    fn converse_with(&mut self, id: ProbeId, request: &SessionRequest, server: &mut dyn Server) -> Result<(), Fault> {
        let credentials = self.credentials.take();
        let means = Means {
            host: request.host.to_string(),
            port: request.port,
            nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(),
            unix_time: 1_795_000_000,
        };
        let access = credentials.as_ref().map(|credentials| Access { credentials, means });
        let mut dialogue = Dialogue::new(&request.script, access, "192.0.2.9".parse().ok());
        let mut commands: VecDeque<String> = VecDeque::new();
        let mut late = String::new();
        if request.script.tls != TlsUse::Implicit {
            commands.push_back(String::new());
        }
        let result = loop {
            match dialogue.step() {
                Action::Note(phase, what) => {
                    if let EventKind::Sent { text, .. } = &what {
                        commands.push_back(text.clone());
                    }
                    self.note(id, phase, dialogue.is_encrypted(), what);
                }
                Action::Send(_) => {}
                Action::BeginTls => {
                    late.clear();
                    let handshake = handshake(self.plan.target.host.to_string(), &TypedHandshake::default());
                    self.note(id, Phase::Tls, true, EventKind::Secured { handshake: Box::new(handshake) });
                    dialogue.secured(Peer::Verified, None);
                }
                Action::Await => {
                    if !late.is_empty() {
                        dialogue.receive(std::mem::take(&mut late).as_bytes());
                    } else if let Some(command) = commands.pop_front() {
                        let sends = server.reply(&command);
                        late = sends.late;
                        dialogue.receive(sends.now.as_bytes());
                    } else {
                        dialogue.timed_out(30_000.0);
                    }
                }
                Action::HangUp(result) => break result,
            }
        };
        drop(dialogue);
        self.credentials = credentials;
        result
    }

    fn converse(&mut self, id: ProbeId, request: &SessionRequest, session: &TypedSession) -> Result<(), Fault> {
        let credentials = self.credentials.take();
        let means = Means {
            host: request.host.to_string(),
            port: request.port,
            nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(),
            unix_time: 1_795_000_000,
        };
        let access = credentials.as_ref().map(|credentials| Access { credentials, means });
        let mut dialogue = Dialogue::new(&request.script, access, "192.0.2.9".parse().ok());
        let mut script: VecDeque<&str> = session.dialogue.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut said: VecDeque<String> = VecDeque::new();
        let result = loop {
            self.echoes.hide(&dialogue.take_made());
            match dialogue.step() {
                Action::Note(phase, what) => {
                    if let EventKind::Sent { text, .. } = &what {
                        said.push_back(text.clone());
                    }
                    self.note(id, phase, dialogue.is_encrypted(), what);
                }
                Action::Send(_) => {
                    while let (Some(text), Some(line)) = (said.front(), script.front()) {
                        let Some(expected) = line.strip_prefix("C: ") else { break };
                        if text != expected {
                            self.problems.push(format!("expected {expected:?}, sent {text:?}"));
                        }
                        said.pop_front();
                        script.pop_front();
                    }
                }
                Action::BeginTls => {
                    if script.front().is_some_and(|line| *line == "TLS") {
                        script.pop_front();
                    }
                    let typed = session.handshake.clone().unwrap_or_default();
                    let host = server_name(&self.plan, request.script.sni.as_ref());
                    if let Some(fault) = &typed.fault {
                        break Err(Fault::Tls { tls: tls_fault(fault, typed.first_bytes.as_deref(), sni(&host)) });
                    }
                    let handshake = handshake(host, &typed);
                    let peer = if handshake.verifies(now()) { Peer::Verified } else { Peer::Unverified };
                    let what = EventKind::Secured { handshake: Box::new(handshake) };
                    self.note(id, Phase::Tls, true, what);
                    dialogue.secured(peer, None);
                }
                Action::Await if script.front().is_some_and(|line| line.starts_with("alert ")) => {
                    let word = script.pop_front().unwrap_or_default();
                    break Err(Fault::Tls { tls: tls_fault(word, None, None) });
                }
                // A pause is over when the server sends nothing more in it.
                Action::Await
                    if dialogue.is_pausing()
                        && !script
                            .front()
                            .is_some_and(|line| line.starts_with("S") || matches!(*line, "hangs up" | "resets")) =>
                {
                    dialogue.timed_out(0.0);
                }
                Action::Await if script.front() == Some(&"time is up") => {
                    script.pop_front();
                    self.time_is_up = true;
                    break Ok(());
                }
                Action::Await if script.front() == Some(&"quiet") => {
                    script.pop_front();
                    self.clock += 5000.0;
                    self.note(id, dialogue.phase(), dialogue.is_encrypted(), EventKind::Quiet { waited_ms: 5000.0 });
                }
                Action::Await => {
                    if let Some(problem) = feed(&mut dialogue, &mut script, &mut self.clock) {
                        self.problems.push(problem);
                        break Ok(());
                    }
                }
                Action::HangUp(result) => break result,
            }
        };
        self.problems.extend(said.iter().map(|text| format!("sent {text:?}, which the transcript does not have")));
        self.problems.extend(
            script.iter().filter(|line| !line.starts_with("silent")).map(|line| format!("not reached: {line}")),
        );
        drop(dialogue);
        self.credentials = credentials;
        result
    }
}

/// Gives the dialogue what comes next: all server lines up to the next line of ours, in one piece.
fn feed(dialogue: &mut Dialogue<'_>, script: &mut VecDeque<&str>, clock: &mut f64) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(line) = script.front() {
        if let Some(text) = line.strip_prefix("S: ") {
            bytes.extend_from_slice(text.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        } else if *line == "S:" {
            bytes.extend_from_slice(b"\r\n");
        } else if let Some(text) = line.strip_prefix("S. ") {
            bytes.extend(unescape(text));
        } else {
            break;
        }
        script.pop_front();
    }
    if !bytes.is_empty() {
        dialogue.receive(&bytes);
        return None;
    }
    match script.pop_front() {
        Some("hangs up") => dialogue.closed(false),
        Some("resets") => dialogue.closed(true),
        Some("silent") => dialogue.timed_out(30_000.0),
        Some(line) if line.starts_with("after ") => {
            let seconds: f64 = line.trim_start_matches("after ").trim_end_matches('s').parse().unwrap();
            *clock += seconds * 1000.0;
        }
        other => return Some(format!("the client waits, and the transcript goes on with {other:?}")),
    }
    None
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b'x') => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            other => panic!("unknown escape {other:?}"),
        }
    }
    bytes
}

fn lookup(typed: Option<&TypedLookup>) -> Lookup {
    let failed = |why, detail: &str| Lookup::Failed { why, detail: detail.to_owned(), ms: 1.0 };
    match typed {
        None => Lookup::Empty { ms: 1.0 },
        Some(TypedLookup::Addresses(addresses)) => Lookup::answered(addresses.clone(), 1.0),
        Some(TypedLookup::Word(word)) => match word.as_str() {
            "nodata" => Lookup::Empty { ms: 1.0 },
            "nxdomain" => Lookup::NotFound { ms: 1.0 },
            "servfail" => failed(LookupFault::ServerFailure, "SERVFAIL"),
            "timeout" => failed(LookupFault::Timeout, "request timed out"),
            "refused" => failed(LookupFault::Refused, "REFUSED"),
            "unreachable" => failed(LookupFault::Unreachable, "connection refused"),
            other => panic!("unknown look-up {other}"),
        },
    }
}

fn connect_fault(word: &str) -> ConnectFault {
    let kind = match word {
        "refused" => ConnectFaultKind::Refused,
        "timed-out" => ConnectFaultKind::TimedOut,
        "host-unreachable" => ConnectFaultKind::HostUnreachable,
        "network-unreachable" => ConnectFaultKind::NetworkUnreachable,
        "no-source-address" => ConnectFaultKind::NoSourceAddress,
        "denied-here" => ConnectFaultKind::DeniedHere,
        "reset" => ConnectFaultKind::Reset,
        other => panic!("unknown connect {other}"),
    };
    ConnectFault { kind, errno: None, detail: word.to_owned() }
}

fn tls_fault(word: &str, first_bytes: Option<&str>, sni: Option<String>) -> TlsFault {
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

/// The name that the handshake is about: sent as SNI unless it is an address.
fn server_name(plan: &Plan, of_follow_up: Option<&String>) -> String {
    of_follow_up.cloned().or(plan.tls.sni.clone()).unwrap_or_else(|| plan.target.host.to_string())
}

fn sni(host: &str) -> Option<String> {
    host.parse::<std::net::IpAddr>().is_err().then(|| host.to_owned())
}

/// A ServerHello of TLS 1.2 without some of its extensions.
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

fn handshake(host: String, typed: &TypedHandshake) -> Handshake {
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
            store: TrustStore::System { anchors: 140 },
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

struct Deaf;

impl EvidenceListener for Deaf {}

pub struct Played {
    pub name: String,
    pub transcript: Transcript,
    pub report: Report,
    pub problems: Vec<String>,
}

pub fn play(path: &PathBuf) -> Played {
    let name = path.strip_prefix(folder()).unwrap().with_extension("").to_string_lossy().into_owned();
    play_text(name, &std::fs::read_to_string(path).unwrap())
}

/// Plays the text of a transcript.
pub fn play_text(name: String, text: &str) -> Played {
    play_live(name, text, &mut Deaf)
}

/// The same, for a listener.
pub fn play_live(name: String, text: &str, listener: &mut dyn EvidenceListener) -> Played {
    let transcript: Transcript = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let words = transcript.args.iter().map(Into::into).collect();
    let Invocation::Check(args, matches) = cli::parse(words).unwrap_or_else(|error| panic!("{name}: {error}")) else {
        panic!("{name}: the arguments are no check");
    };
    let mut plan = cli::plan::plan(&args, &matches, &args.targets[0], Some("client.example.org"))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    cli::resolve::mark_unused(std::slice::from_mut(&mut plan));
    let credentials = plan.login.as_ref().map(|login| {
        let secret = Secret::new(transcript.password.clone().unwrap_or_else(|| "c4nary-password".to_owned()));
        let proof = match login.proof {
            LoginProof::Password => Proof::Password(secret),
            LoginProof::Token => Proof::Token(secret),
            LoginProof::NoSecret => Proof::NoSecret,
        };
        Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof }
    });
    let default = TypedNames { a: Some(TypedLookup::Addresses(vec!["192.0.2.25".parse().unwrap()])), aaaa: None };
    let mut replay = Replay {
        plan: plan.clone(),
        echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
        credentials,
        names: transcript.names.clone().unwrap_or(default),
        machine: Machine {
            dmi: transcript.machine.dmi.clone(),
            variables: transcript.machine.variables.clone(),
            host: None,
        },
        sessions: transcript.session.iter().cloned().map(Some).collect(),
        hellos: transcript.hello.clone(),
        server: None,
        arrivals: VecDeque::new(),
        clock: 0.0,
        time_is_up: false,
        problems: Vec::new(),
    };
    let (evidence, ended) = inquiry::at_once(inquiry::inquire(&plan, &mut replay, now(), listener)).unwrap();
    let mut problems = replay.problems;
    problems.extend(
        replay.sessions.iter().flatten().map(|session| format!("never asked: [[session]] port {:?}", session.port)),
    );
    Played { name, transcript, report: Report::new(plan, evidence, &ended, replay.clock), problems }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

pub fn all() -> Vec<Played> {
    let folder = folder();
    let mut paths: Vec<PathBuf> = walk(&folder);
    paths.sort();
    assert!(!paths.is_empty(), "no transcripts in {}", folder.display());
    paths.iter().map(play).collect()
}

fn walk(folder: &PathBuf) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect()
}
