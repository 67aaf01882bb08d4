//! The peer of the fuzz bodies: a server and a network without sockets and without a clock.

use std::collections::VecDeque;

use smtpcheck::dialogue::{Access, Action, Dialogue, Peer};
use smtpcheck::evidence::{
    Answer, DialResult, DnsFaultKind, EventKind, Fault, Handshake, HandshakeKind, HelloOutcome, HelloSeen, Lookup,
    Machine, NameMatch, NameSource, Names, Outcome, Phase, Presented, ProbeId, TlsFault, TlsFaultKind, Trust,
    TrustStore,
};
use smtpcheck::gather;
use smtpcheck::inquiry::{Arrival, Gather};
use smtpcheck::plan::Plan;
use smtpcheck::question::{HelloRequest, Question, SessionRequest};
use smtpcheck::sasl::{Credentials, Means};
use smtpcheck::secret::Echoes;

use super::{NONCE, Pieces, answer, now};

/// Answers the questions of a check from the bytes of the fuzz input.
pub(super) struct Server<'a> {
    pub(super) plan: &'a Plan,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) echoes: Echoes,
    pub(super) said: VecDeque<Vec<u8>>,
    pub(super) chain: &'a [Vec<u8>],
    pub(super) pieces: Pieces,
    pub(super) arrivals: VecDeque<Arrival>,
    pub(super) clock: f64,
}

impl Gather for Server<'_> {
    fn echoes(&self) -> Echoes {
        self.echoes.clone()
    }

    fn ask(&mut self, id: ProbeId, question: &Question) {
        let outcome = match question {
            Question::Resolve { host } => Outcome::Done {
                answer: Answer::Names(Names {
                    host: host.clone(),
                    source: NameSource::System,
                    resolvers: Vec::new(),
                    a: Lookup::answered(vec!["192.0.2.25".parse().unwrap()], 1.0),
                    aaaa: Lookup::Empty { ms: 1.0 },
                }),
            },
            Question::Records(_) => {
                Outcome::Failed { fault: Fault::Dns { kind: DnsFaultKind::Timeout, detail: String::new() } }
            }
            Question::Fetch(_) => unreachable!("only a check of a domain asks this"),
            Question::Machine { .. } => Outcome::Done { answer: Answer::Machine(Machine::default()) },
            Question::Hello(request) => Outcome::Done { answer: Answer::Hello(self.hello(request)) },
            Question::Session(request) => match self.session(id, request) {
                Ok(()) => Outcome::Done { answer: Answer::Session },
                Err(fault) => Outcome::Failed { fault },
            },
        };
        self.clock += 1.0;
        self.arrivals.push_back(Arrival::Answered { probe: id, at_ms: self.clock, outcome });
    }

    async fn next(&mut self) -> Arrival {
        self.arrivals.pop_front().expect("an open question without an answer")
    }

    fn stop(&mut self, _: ProbeId) {}

    fn now_ms(&self) -> f64 {
        self.clock
    }
}

impl Server<'_> {
    fn note(&mut self, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) {
        self.clock += 1.0;
        self.arrivals.push_back(Arrival::Event { probe, at_ms: self.clock, phase, tls, what });
    }

    fn hello(&mut self, _: &HelloRequest) -> HelloSeen {
        let bytes = self.said.pop_front().unwrap_or_default();
        let heard = match answer(&mut std::iter::once(bytes.as_slice())) {
            Some(answer) => HelloOutcome::Answer { answer },
            None => HelloOutcome::Closed,
        };
        HelloSeen { ms: Some(1.0), heard, presented: None }
    }

    fn session(&mut self, id: ProbeId, request: &SessionRequest) -> Result<(), Fault> {
        let address = "192.0.2.25:25".parse().unwrap();
        let result = DialResult::Connected { local: "192.0.2.9:40000".parse().unwrap() };
        self.note(id, Phase::Connect, false, EventKind::Dialled { address, started_ms: self.clock, result });
        let nonce = NONCE.to_owned();
        let means = Means { host: request.host.to_string(), port: request.port, nonce, unix_time: 1_795_000_000 };
        let access = self.credentials.map(|credentials| Access { credentials, means });
        let mut dialogue = Dialogue::new(&request.script, access, "192.0.2.9".parse().ok());
        let mut rest = Vec::new();
        for _ in 0..200_000 {
            self.echoes.hide(&dialogue.take_made());
            match dialogue.step() {
                Action::Note(phase, what) => self.note(id, phase, dialogue.is_encrypted(), what),
                Action::Send(bytes) => assert!(bytes.ends_with(b"\r\n"), "a command without CRLF"),
                Action::BeginTls => {
                    if self.said.front().is_some_and(|said| said == b"NOTLS") {
                        self.said.pop_front();
                        let (first_bytes, detail) = (String::new(), String::new());
                        let (kind, sni, server_hello) = (TlsFaultKind::NotTls, None, None);
                        return Err(Fault::Tls { tls: TlsFault { kind, first_bytes, detail, sni, server_hello } });
                    }
                    let handshake = self.handshake(request);
                    let peer = if handshake.verifies(now()) { Peer::Verified } else { Peer::Unverified };
                    self.note(id, Phase::Tls, true, EventKind::Secured { handshake: Box::new(handshake) });
                    dialogue.secured(peer, None);
                }
                Action::Await if !rest.is_empty() => {
                    let later = rest.split_off((1 + rest.len() % 5).min(rest.len()));
                    dialogue.receive(&std::mem::replace(&mut rest, later));
                }
                Action::Await => match self.said.pop_front().as_deref() {
                    None | Some(b"FIN") => dialogue.closed(false),
                    Some(b"RST") => dialogue.closed(true),
                    Some(b"WAIT") => dialogue.timed_out(30_000.0),
                    Some(said) => match self.pieces {
                        Pieces::Whole => dialogue.receive(said),
                        Pieces::Cut => rest = said.to_vec(),
                    },
                },
                Action::HangUp(result) => {
                    dialogue.receive(b"220 more\r\n");
                    assert!(
                        !matches!(dialogue.step(), Action::Send(_)),
                        "a command is sent after the connection was closed"
                    );
                    return result;
                }
            }
        }
        panic!("the session does not end");
    }

    fn handshake(&self, request: &SessionRequest) -> Handshake {
        let (chain, staple) = gather::certificates(self.chain, self.chain.last().map_or(&[], Vec::as_slice));
        let expected = self.plan.tls.sni.clone().unwrap_or_else(|| request.host.to_string());
        Handshake {
            version: "1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            group: None,
            signature: None,
            alpn: None,
            kind: HandshakeKind::Full,
            sni: None,
            ms: 1.0,
            client_certificate_requested: false,
            client_certificate_sent: false,
            staple,
            presented: Presented {
                chain_length: chain.len(),
                path: Vec::new(),
                trust: Trust::Trusted { path: chain.iter().map(|one| one.subject.clone()).collect() },
                name: NameMatch::Matches { expected },
                store: TrustStore::System { anchors: 1 },
                anchor: None,
                faults: Vec::new(),
                limits: Vec::new(),
                chain,
            },
            signature_fault: None,
            server_hello: None,
        }
    }
}
