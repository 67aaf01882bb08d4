//! What was seen: attempts (a question and its outcome) and, in one transcript, the events of all conversations.
//!
//! Append-only and numbered, with times in milliseconds since the start by a monotonic clock. No opinion is kept here:
//! a refusal by a server is a result, not a fault. Read next: [`fault`] (why something could not be seen), [`tls`],
//! [`session`] (one conversation read back from the transcript).

pub mod certificate;
pub mod doubt;
pub mod fault;
pub mod fit;
pub mod hello;
pub mod machine;
pub mod mask;
pub mod names;
pub mod path;
pub mod presented;
pub mod quote;
pub mod sequence;
pub mod session;
pub mod tls;

use std::fmt;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use certificate::Certificate;
pub use doubt::{Doubt, Misuse};
pub use fault::{ConnectFault, Fault, Incompatibility, TlsFault, TlsFaultKind};
pub use hello::{HelloOutcome, HelloProbe, HelloSeen};
pub use machine::Machine;
pub use mask::Mask;
pub use names::{Lookup, LookupFault, NameSource, Names};
pub use path::{AnchorSeen, ClientLimit, PathFault, PathFaultKind, PathPlace};
pub use presented::{ChainFault, NameMatch, Presented, Trust, TrustStore};
pub use session::Session;
pub use tls::{Handshake, HandshakeKind, Staple, StapleFault, StapleStatus};

use crate::question::{Purpose, Question, SessionRequest};
use crate::secret::Echoes;
use crate::wire::Reply;

/// Everything that was seen in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The wall clock at the start; every judgement about dates uses this moment.
    pub started_at: Timestamp,
    /// Questions with their outcomes, in the order of asking; an attempt's id is its place, from 1.
    pub probes: Vec<Probe>,
    /// Events of all conversations in the order of seeing; an event's id is its place, from 1.
    pub transcript: Vec<Event>,
    /// What a peer may not be shown repeating; see [`mask`].
    pub echoes: Echoes,
    /// Whether an earlier run of the same check (`--retry`) has sent the secret to this server already.
    pub is_exposed: bool,
}

/// The number of an attempt, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeId(pub u32);

/// The number of an event in the transcript, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventId(pub u32);

/// One question with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    /// Its number.
    pub id: ProbeId,
    /// What was asked.
    pub question: Question,
    /// When it was asked, milliseconds since the start.
    pub started_ms: f64,
    /// How long it took, milliseconds; none while it is under way or if it was skipped.
    pub duration_ms: Option<f64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// Not answered yet; in a finished report: cut off.
    Underway,
    /// Answered.
    Done {
        /// The answer.
        answer: Answer,
    },
    /// It could not be seen, or not to its end.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// Not tried.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Addresses of a name, or that it has none.
    Names(Names),
    /// What this machine says of itself.
    Machine(Machine),
    /// What came after a ClientHello of ours.
    Hello(HelloSeen),
    /// The conversation came to an end in good order; it stands in the transcript.
    Talk,
}

/// Why a question was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// `--max-connections` is used up.
    ConnectionBudget,
    /// The time for everything is up.
    TimeUp,
}

/// One thing that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Its number.
    pub seq: EventId,
    /// Milliseconds since the start.
    pub at_ms: f64,
    /// The conversation.
    pub probe: ProbeId,
    /// The step it belongs to.
    pub phase: Phase,
    /// Whether the line was encrypted at that moment.
    pub tls: bool,
    /// What happened.
    #[serde(flatten)]
    pub what: EventKind,
}

/// The steps of a conversation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Looking up the name.
    Dns,
    /// TCP.
    Connect,
    /// The first line of the server.
    Greeting,
    /// EHLO or HELO before TLS.
    Ehlo,
    /// STARTTLS and its reply.
    Starttls,
    /// The handshake and the certificate.
    Tls,
    /// EHLO inside TLS.
    EhloTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Dns => "the name look-up",
            Phase::Connect => "the connection",
            Phase::Greeting => "the greeting",
            Phase::Ehlo | Phase::EhloTls => "EHLO",
            Phase::Starttls => "STARTTLS",
            Phase::Tls => "the TLS handshake",
            Phase::Auth => "AUTH",
            Phase::Mail => "MAIL FROM",
            Phase::Rcpt => "RCPT TO",
            Phase::Rset => "RSET",
            Phase::Quit => "QUIT",
        })
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// One address was dialled.
    Dialled {
        /// Where.
        address: SocketAddr,
        /// When the attempt began, milliseconds since the start.
        started_ms: f64,
        /// How it ended.
        result: DialResult,
    },
    /// We sent a line.
    Sent {
        /// As it was sent, without CRLF; a secret is replaced.
        text: String,
        /// Whether something was replaced.
        redacted: bool,
        /// Which recipient of the plan it names, from 0.
        recipient: Option<usize>,
    },
    /// The server sent a whole reply.
    Received {
        /// The reply.
        #[serde(flatten)]
        reply: Reply,
        /// Which recipient of the plan it answers, from 0.
        recipient: Option<usize>,
    },
    /// The server sent bytes that nobody had asked for; nothing was done with them.
    Stray {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// The start of an answer that had not ended when we gave up waiting for it.
    Unfinished {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// TLS is up.
    Secured {
        /// All that is known about it.
        handshake: Box<Handshake>,
    },
    /// AUTH was wanted and the password stayed here.
    Withheld {
        /// Why.
        reason: WithheldReason,
    },
    /// The server sent tickets with which a session can be resumed (RFC 8446 §4.6.1); told at the end. In TLS 1.2, which
    /// tells it in the handshake, it is one.
    Tickets {
        /// How many.
        count: u32,
    },
    /// What the token tells of itself; the token is not shown.
    Token {
        /// Its kind.
        form: TokenForm,
        /// When it ends, seconds since 1970, if it says so.
        expires: Option<i64>,
        /// For whom it is, if it says so.
        audience: Option<String>,
    },
    /// The password has something that is often a mistake; it is sent as it is.
    OddPassword {
        /// What.
        oddities: Vec<PasswordOddity>,
    },
    /// The server says in a challenge why it refuses (RFC 7628 §3.2.2).
    Explained {
        /// Its words.
        text: String,
    },
    /// A running AUTH exchange was given up.
    AuthCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// MAIL or RCPT was not sent because an address needs SMTPUTF8, which is not offered (RFC 6531 §3.2).
    NeedsSmtputf8 {
        /// The address.
        address: String,
        /// Which recipient of the plan it is, from 0; none is the sender.
        recipient: Option<usize>,
    },
    /// Nothing has come for so long that it is worth looking elsewhere at the side; the wait goes on.
    Quiet {
        /// How long, milliseconds.
        waited_ms: f64,
    },
    /// The server closed after QUIT without saying 221 (RFC 5321 §4.1.1.10 wants it).
    ClosedWithoutFarewell,
}

/// How one dial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum DialResult {
    /// It is the connection of this conversation.
    Connected {
        /// Our end.
        local: SocketAddr,
    },
    /// It failed.
    Failed {
        /// Why.
        fault: ConnectFault,
    },
    /// Another address was faster (RFC 8305 §5), so this one was given up while it was under way.
    Overtaken,
}

/// Why the password stayed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum WithheldReason {
    /// The line is not encrypted.
    Plaintext,
    /// The peer's certificate does not verify.
    Unverified,
    /// AUTH is not offered.
    NotOffered,
    /// The token is a refresh token, which no mail server may see.
    RefreshToken,
    /// No mechanism is both offered and ours.
    NoCommonMechanism {
        /// What the server offers.
        offered: Vec<String>,
        /// What was allowed here.
        allowed: Vec<String>,
    },
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TokenForm {
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A refresh token, which is for the token service only.
    Refresh,
    /// Anything else.
    Opaque,
}

/// Something in a password that is often a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordOddity {
    /// It begins with a blank.
    LeadingBlank,
    /// It ends with a blank.
    TrailingBlank,
    /// Four groups of four letters with blanks between: a Google app password as it is shown.
    AppPasswordWithBlanks,
    /// It has characters beyond ASCII, which programs encode in different ways.
    NotAscii,
}

/// Why a running AUTH exchange was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// The server asked for more than the mechanism has.
    UnexpectedChallenge,
    /// The challenge is not base64 (RFC 4954 §4).
    NotBase64,
    /// The challenge is not one of the mechanism, or answers another login.
    Malformed,
    /// The server asks for too many or too few rounds of hashing.
    Iterations,
    /// The server does not prove that it knows the password, whatever it says.
    ServerUnproved,
}

impl Evidence {
    /// Nothing seen yet.
    pub fn new(started_at: Timestamp) -> Evidence {
        Evidence {
            started_at,
            probes: Vec::new(),
            transcript: Vec::new(),
            echoes: Echoes::default(),
            is_exposed: false,
        }
    }

    /// Adds a question; the caller has looked that it is new.
    pub fn asked(&mut self, question: Question, started_ms: f64, outcome: Outcome) -> ProbeId {
        let id = ProbeId(u32::try_from(self.probes.len() + 1).unwrap_or(u32::MAX));
        self.probes.push(Probe { id, question, started_ms, duration_ms: None, outcome });
        id
    }

    /// Adds an event and gives it its number.
    pub fn happened(&mut self, at_ms: f64, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) -> &Event {
        let seq = EventId(u32::try_from(self.transcript.len() + 1).unwrap_or(u32::MAX));
        let event = Event { seq, at_ms, probe, phase, tls, what };
        let at = self.transcript.len();
        self.transcript.push(event);
        // The element was pushed one line above.
        self.transcript.get(at).expect("the event that was just pushed")
    }

    /// Ends an attempt.
    pub fn ended(&mut self, id: ProbeId, at_ms: f64, outcome: Outcome) {
        let place = self.place(id);
        if let Some(probe) = place.and_then(|place| self.probes.get_mut(place)) {
            probe.duration_ms = Some(at_ms - probe.started_ms);
            probe.outcome = outcome;
        }
    }

    /// An attempt by its number.
    pub fn probe(&self, id: ProbeId) -> Option<&Probe> {
        self.probes.get(self.place(id)?)
    }

    /// Where an attempt is: at its number, but in a report that was made by another program.
    fn place(&self, id: ProbeId) -> Option<usize> {
        let likely = usize::try_from(id.0).ok()?.checked_sub(1)?;
        match self.probes.get(likely) {
            Some(probe) if probe.id == id => Some(likely),
            _ => self.probes.iter().position(|probe| probe.id == id),
        }
    }

    /// Whether the secret, or something made of it, was sent in it.
    pub fn sends_secret(&self) -> bool {
        self.transcript.iter().any(|event| matches!(event.what, EventKind::Sent { redacted: true, .. }))
    }

    /// An event by its number.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
        self.transcript.get(at).filter(|event| event.seq == id)
    }

    /// The attempt at a question, if it was asked.
    pub fn answer_to(&self, question: &Question) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.question == *question)
    }

    /// The look-up of the target's name.
    pub fn names(&self) -> Option<(&Probe, Option<&Names>)> {
        self.probes.iter().find_map(|probe| match (&probe.question, &probe.outcome) {
            (Question::Resolve { .. }, Outcome::Done { answer: Answer::Names(names) }) => Some((probe, Some(names))),
            (Question::Resolve { .. }, _) => Some((probe, None)),
            _ => None,
        })
    }

    /// All conversations, each with what was wanted of it.
    pub fn sessions(&self) -> impl Iterator<Item = Session<'_>> {
        self.probes.iter().filter_map(|probe| match &probe.question {
            Question::Talk(request) => Some(Session::new(self, probe, request)),
            Question::Resolve { .. } | Question::Hello(_) | Question::Machine { .. } => None,
        })
    }

    /// All ClientHellos of ours, in the order of asking.
    pub fn hellos(&self) -> impl Iterator<Item = HelloProbe<'_>> {
        self.probes.iter().filter_map(|probe| match &probe.question {
            Question::Hello(request) => Some(HelloProbe { probe, request }),
            Question::Resolve { .. } | Question::Talk(_) | Question::Machine { .. } => None,
        })
    }

    /// How often a connection was made or tried.
    pub fn connections(&self) -> usize {
        let is_connection = |probe: &&Probe| {
            matches!(probe.question, Question::Talk(_) | Question::Hello(_))
                && !matches!(probe.outcome, Outcome::Skipped { .. })
        };
        self.probes.iter().filter(is_connection).count()
    }

    /// What this machine says of itself, if that was asked.
    pub fn machine(&self) -> Option<(&Probe, &Machine)> {
        self.probes.iter().find_map(|probe| match &probe.outcome {
            Outcome::Done { answer: Answer::Machine(machine) } => Some((probe, machine)),
            _ => None,
        })
    }

    /// The conversation that the user asked for.
    pub fn main_session(&self) -> Option<Session<'_>> {
        self.sessions().find(|session| session.request.purpose == Purpose::Main)
    }

    /// The session that shows what is really the case: the main one; where its replies and commands got out of step, or
    /// a pipelined command was swallowed, the follow-up that waits before each command, if the server let it begin.
    pub fn decisive_session(&self) -> Option<Session<'_>> {
        let main = self.main_session()?;
        if main.sequence().believed_until().is_none() {
            return Some(main);
        }
        let begun = |session: &Session<'_>| session.reply_at(Phase::Greeting).is_some_and(|heard| heard.accepts());
        // Where replies come without end, waiting for the end of them tells nothing.
        let ends = |session: &Session<'_>| !matches!(session.fault(), Some(Fault::Endless { .. }));
        Some(
            self.probes(Purpose::InStep)
                .find(|session| session.is_over() && begun(session) && ends(session))
                .unwrap_or(main),
        )
    }

    /// The session that shows the certificate: a handshake is certain whatever happened behind it.
    pub fn secured_session(&self) -> Option<Session<'_>> {
        self.main_session().filter(|session| session.handshake().is_some()).or_else(|| self.decisive_session())
    }

    /// The follow-up conversations of one kind.
    pub fn probes(&self, purpose: Purpose) -> impl Iterator<Item = Session<'_>> {
        self.sessions().filter(move |session| session.request.purpose == purpose)
    }
}

impl Probe {
    /// Whether it has come to an end, whatever end.
    pub fn is_over(&self) -> bool {
        !matches!(self.outcome, Outcome::Underway)
    }

    /// Why it failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed { fault } => Some(fault),
            Outcome::Underway | Outcome::Done { .. } | Outcome::Skipped { .. } => None,
        }
    }

    /// What was wanted, if it is a conversation.
    pub fn request(&self) -> Option<&SessionRequest> {
        match &self.question {
            Question::Talk(request) => Some(request),
            Question::Resolve { .. } | Question::Hello(_) | Question::Machine { .. } => None,
        }
    }
}
