//! The network of a replay: answers the questions of a check from a transcript or from a scripted server.

use std::collections::VecDeque;
use std::net::SocketAddr;

use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::fault::ConnectFaultKind;
use smtpcheck::evidence::{
    Answer, ConnectFault, DialResult, DnsFaultKind, EventKind, Fault, HelloOutcome, HelloSeen, Lookup, LookupFault,
    Machine, NameSource, Names, Outcome, Phase, ProbeId, ProxyFault, ProxyFaultKind, ServerUnreachable, SocketResult,
    SpokenInstead, TunnelResult,
};
use smtpcheck::inquiry::{Arrival, Gather};
use smtpcheck::plan::{Plan, TlsUse};
use smtpcheck::question::{HelloRequest, Purpose, Question, SessionRequest};
use smtpcheck::sasl::{Credentials, Means};
use smtpcheck::secret::Echoes;
use smtpcheck::wire::{ProxyHeaderVersion, tls};

use super::format::{TypedCertificate, TypedHandshake, TypedHello, TypedLookup, TypedNames, TypedPage, TypedSession};
use super::handshake::{handshake, server_name, sni, tls_fault};
use super::records;
use super::{NewServer, Server, now};

/// Answers the questions of a check.
pub(super) struct Replay<'s> {
    pub(super) plan: Plan,
    pub(super) credentials: Option<Credentials>,
    pub(super) names: TypedNames,
    pub(super) zone: Vec<String>,
    pub(super) pages: Vec<TypedPage>,
    pub(super) machine: Machine,
    pub(super) echoes: Echoes,
    pub(super) sessions: Vec<Option<TypedSession>>,
    pub(super) hellos: Vec<TypedHello>,
    pub(super) server: Option<NewServer<'s>>,
    pub(super) arrivals: VecDeque<Arrival>,
    pub(super) clock: f64,
    /// `--max-time` ended the run during the session that was just played, so the session stays open.
    pub(super) time_is_up: bool,
    pub(super) problems: Vec<String>,
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
                    resolvers: self.names.resolvers.clone(),
                    a: lookup(self.names.others.get(host.ascii()).or(self.names.a.as_ref())),
                    aaaa: lookup(self.names.aaaa.as_ref()),
                }),
            },
            // Most transcripts of a single check have no DNS records.
            Question::Records(_) if self.zone.is_empty() && self.plan.domain.is_none() => {
                Outcome::Failed { fault: Fault::Dns { kind: DnsFaultKind::Timeout, detail: String::new() } }
            }
            Question::Records(request) => records::answer(&self.zone, request),
            Question::Fetch(request) => records::page(&self.pages, request),
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
        self.arrivals.pop_front().expect("an open question without an answer")
    }

    /// Does nothing, because a session is played to its end at once.
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
        if let Some(path) = request.host.socket() {
            return self.socket(id, request, path.to_string());
        }
        let address = match self.address(request) {
            Some(ip) => SocketAddr::new(ip, request.port),
            None => return Err(Fault::NoAddress),
        };
        if let Some(server) = self.server {
            let result = DialResult::Connected { local: "192.0.2.9:40000".parse().unwrap() };
            self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
            return self.play_server(id, request, server().as_mut());
        }
        let Some(session) = self.session_for(request) else { return Err(Fault::NoAddress) };
        if self.plan.used_proxy().is_some() {
            self.through_proxy(id, request, address, &session)?;
            return self.play_dialogue(id, request, &session);
        }
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
        if self.plan.proxy_header.is_some() || request.purpose == Purpose::ProxyHeader {
            let version = self.plan.proxy_header.as_ref().map_or(ProxyHeaderVersion::V1, |header| header.version);
            let text = "PROXY TCP4 192.0.2.9 192.0.2.25 40000 25".to_owned();
            self.note(id, Phase::Connect, false, EventKind::ProxyHeaderSent { version, text });
        }
        self.play_dialogue(id, request, &session)
    }

    /// A session over a Unix socket.
    fn socket(&mut self, id: ProbeId, request: &SessionRequest, path: String) -> Result<(), Fault> {
        let Some(session) = self.session_for(request) else { return Err(Fault::NoAddress) };
        let fault = session.socket.clone();
        let result = fault.clone().map_or(SocketResult::Connected, |fault| SocketResult::Failed { fault });
        self.note(id, Phase::Connect, false, EventKind::SocketOpened { path, started_ms: self.clock, result });
        match fault {
            Some(socket) => Err(Fault::SocketNotConnected { socket: Box::new(socket) }),
            None => self.play_dialogue(id, request, &session),
        }
    }

    /// The next session of the transcript that fits the request.
    fn session_for(&mut self, request: &SessionRequest) -> Option<TypedSession> {
        let implicit = request.script.tls == TlsUse::Implicit;
        let is_sibling = request.purpose == Purpose::SiblingPort;
        let fits = |session: &TypedSession| {
            session.port.map_or(!is_sibling, |port| port == request.port)
                && session.implicit.is_none_or(|wanted| wanted == implicit)
                && session.protocol.is_none_or(|wanted| wanted == request.script.protocol)
                && session.name == request.script.sni
        };
        let found = self.sessions.iter_mut().find(|session| session.as_ref().is_some_and(fits)).and_then(Option::take);
        // Other mail ports are closed, and the port for HTTPS is silent, unless the transcript says otherwise.
        if found.is_none() && is_sibling {
            let connect = if request.port == 443 { "timed-out" } else { "refused" };
            return Some(TypedSession { connect: Some(connect.to_owned()), ..TypedSession::default() });
        }
        if found.is_none() {
            self.problems.push(format!("no [[session]] for {request:?}"));
        }
        found
    }

    /// The connection through the proxy at 192.0.2.50.
    fn through_proxy(
        &mut self,
        id: ProbeId,
        request: &SessionRequest,
        server: SocketAddr,
        session: &TypedSession,
    ) -> Result<(), Fault> {
        let word = session.proxy.as_deref().unwrap_or("ok");
        let failed = |kind| ProxyFault { kind, detail: format!("the proxy: {word}") };
        let proxy: SocketAddr = "192.0.2.50:1080".parse().unwrap();
        if word == "name-unknown" {
            return Err(Fault::Proxy { proxy: failed(ProxyFaultKind::NameUnknown) });
        }
        if matches!(word, "refused" | "timed-out") {
            let fault = connect_fault(word);
            let kind = ProxyFaultKind::Unreachable { connect: fault.kind };
            let result = DialResult::Failed { fault };
            let what = EventKind::ProxyDialled { address: proxy, started_ms: self.clock, result };
            self.note(id, Phase::Connect, false, what);
            return Err(Fault::Proxy { proxy: failed(kind) });
        }
        let result = DialResult::Connected { local: "192.0.2.9:40000".parse().unwrap() };
        let what = EventKind::ProxyDialled { address: proxy, started_ms: self.clock, result };
        self.note(id, Phase::Connect, false, what);
        if matches!(word, "logged-in" | "login-rejected") {
            self.note(id, Phase::Connect, false, EventKind::ProxyLogin { user: "me".to_owned() });
        }
        let unreachable = |reason| ProxyFaultKind::ServerUnreachable { reason };
        let instead = |instead| ProxyFaultKind::NotThisProtocol { instead };
        let fault = match word {
            "ok" | "logged-in" => None,
            "denied" => Some(ProxyFaultKind::Denied),
            "login-required" => Some(ProxyFaultKind::LoginRequired),
            "login-rejected" => Some(ProxyFaultKind::LoginRejected),
            "server-refused" => Some(unreachable(ServerUnreachable::Refused)),
            "server-unknown" => Some(unreachable(ServerUnreachable::Unknown)),
            "no-result" => Some(ProxyFaultKind::NoResult),
            "unsupported" => Some(ProxyFaultKind::Unsupported),
            "closed" => Some(ProxyFaultKind::Closed),
            "silent" => Some(ProxyFaultKind::Silent),
            "instead-http" => Some(instead(SpokenInstead::Http)),
            "instead-smtp" => Some(instead(SpokenInstead::Smtp)),
            "instead-socks" => Some(instead(SpokenInstead::Socks)),
            "instead-tls" => Some(instead(SpokenInstead::Tls)),
            "instead-other" => Some(instead(SpokenInstead::Other)),
            other => panic!("unknown proxy {other}"),
        };
        let address = self.plan.resolves_here().then_some(server);
        let result = fault.map_or(TunnelResult::Connected, |kind| TunnelResult::Failed { fault: failed(kind) });
        let target = request.host.with_port(request.port);
        self.note(id, Phase::Connect, false, EventKind::Tunnelled { target, address, started_ms: self.clock, result });
        fault.map_or(Ok(()), |kind| Err(Fault::Proxy { proxy: failed(kind) }))
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
                "rejected" => HelloOutcome::TurnedAway { phase: Phase::Greeting },
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
            smtpcheck::wire::Host::Socket(_) => None,
        }
    }

    fn play_server(&mut self, id: ProbeId, request: &SessionRequest, server: &mut dyn Server) -> Result<(), Fault> {
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

    fn play_dialogue(&mut self, id: ProbeId, request: &SessionRequest, session: &TypedSession) -> Result<(), Fault> {
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
                // A pause ends when the server sends no more data in it.
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
                Action::Await if script.front() == Some(&"ticket") => {
                    script.pop_front();
                    self.note(id, Phase::Tls, true, EventKind::Tickets { count: 1 });
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
        self.problems.extend(said.iter().map(|text| format!("sent {text:?}, which is not in the transcript")));
        self.problems.extend(
            script.iter().filter(|line| !line.starts_with("silent")).map(|line| format!("not reached: {line}")),
        );
        drop(dialogue);
        self.credentials = credentials;
        result
    }
}

/// Passes the next input to the dialogue: all server lines up to the next client line, in one piece.
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
        other => {
            return Some(format!("the client waits for a reply, but the next line of the transcript is {other:?}"));
        }
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
            other => panic!("unknown lookup {other}"),
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
        "source-missing" => ConnectFaultKind::SourceMissing,
        "source-family" => ConnectFaultKind::SourceFamily,
        "source-ports" => ConnectFaultKind::SourcePorts,
        "denied-here" => ConnectFaultKind::DeniedHere,
        "reset" => ConnectFaultKind::Reset,
        other => panic!("unknown connect {other}"),
    };
    ConnectFault { kind, errno: None, detail: word.to_owned() }
}
