//! One SMTP session as a state machine: bytes and ends of stream in, [`Step`]s out. It has no socket, no clock
//! and no judgement; its driver (`gather::session`, or a transcript in a test) provides time and bytes.
//!
//! | state | when | then |
//! |---|---|---|
//! | Greeting | 220 | EHLO (or QUIT, if the session ends here) |
//! | | 200, 201 | EHLO, which a news server rejects, then QUIT |
//! | | no code at all | hang up: this is not SMTP |
//! | | anything else | QUIT (RFC 5321 §3.1: a refused client says QUIT) |
//! | Ehlo | 250, STARTTLS wanted and offered, no TLS yet | STARTTLS |
//! | | 250, STARTTLS required and not offered | QUIT |
//! | | 250, a login is to be asked about, no TLS yet | AUTH PLAIN without a password |
//! | | 250 otherwise | AUTH, or envelope, or QUIT |
//! | | 500, 502, 504 to the first EHLO | HELO (RFC 5321 §3.2) |
//! | | anything else | QUIT |
//! | StartTls | 220 | what else has arrived is evidence, then the handshake |
//! | | anything else | QUIT |
//! | Handshake | up | EHLO again (RFC 3207 §4.2); Greeting, if TLS is implicit |
//! | Eavesdrop | anything but 220, or nothing for two seconds | QUIT; only after STARTTLS that was said together with NOOP |
//! | AskAuth | 334 | `*`: no login |
//! | | anything else | envelope, or QUIT |
//! | Auth | 334 | the mechanism's answer, or `*` when it has none |
//! | | 235 | envelope, or QUIT |
//! | | anything else | QUIT |
//! | Envelope | replies to MAIL and RCPTs, in one flight if PIPELINING is offered (RFC 2920 §3.1) | RSET and QUIT |
//! | Farewell | 221 to QUIT | hang up |
//! | | anything else to QUIT | listen for the end of the session, and hang up |
//! | any | 421 | hang up: the server closes (RFC 5321 §3.8) |
//! | any | a reply without end | hang up |
//!
//! Bytes that arrive before a command is sent are unsolicited: they become evidence, and are never taken
//! for the reply to the command. Behind them nothing but TLS puts the session in step again, so what would follow is not
//! sent; in a session with [`Pacing::Paused`] it is, for there each reply is followed by a wait for more of them.
//! Which reply is a success is decided in one place, [`fit`].

mod auth;
mod envelope;
mod login;
mod send;
mod state;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use self::state::{AuthProbe, Encryption, HelloCommand, Pairing, SessionState};
use crate::evidence::fit::{Fit, fit};
use crate::evidence::{EventKind, Fault, Phase};
use crate::plan::{QuitAfter, TlsUse};
use crate::question::{Pacing, Script, Starttls};
use crate::sasl::Binding;
use crate::wire::{Assembler, Capabilities, Command, Framer, Irregularity, LineEnding, Reply};

pub use self::login::Access;
pub use self::state::{Action, Dialogue, Peer};

/// Bytes of one session that are read. A real one has a few thousand; five hundred recipients with the longest legal
/// replies have half of it. In a report a byte can become six, beside what it is kept as.
pub const MAX_SESSION_BYTES: usize = 512 * 1024;

/// How long to wait for a reply that a correct server does not send.
const INJECTION_WAIT: Duration = Duration::from_secs(2);

/// How long to listen, in a session with [`Pacing::Paused`], for more than the reply that is due.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to listen for the end of a session whose QUIT was not answered with 221.
const LINGER: Duration = Duration::from_secs(1);

impl<'a> Dialogue<'a> {
    /// A session on a new TCP connection. With implicit TLS the first step is the handshake.
    pub fn new(script: &'a Script, access: Option<Access<'a>>, local: Option<IpAddr>) -> Dialogue<'a> {
        let mut dialogue = Dialogue {
            script,
            access,
            binding: None,
            tried: Vec::new(),
            made: Vec::new(),
            local,
            state: SessionState::Greeting,
            line: Encryption::Plain,
            framer: Framer::default(),
            assembler: Assembler::default(),
            offers: Capabilities::default(),
            steps: VecDeque::new(),
            received: 0,
            held: None,
            pairing: Pairing::InStep,
            is_look_only: false,
        };
        if script.tls == TlsUse::Implicit {
            dialogue.state = SessionState::Handshake;
            dialogue.steps.push_back(Action::BeginTls);
        } else if script.quit_after == QuitAfter::Connect {
            dialogue.hang_up(Ok(()));
        }
        dialogue
    }

    /// The next thing to do.
    pub fn step(&mut self) -> Action {
        self.steps.pop_front().unwrap_or(Action::Await)
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.line != Encryption::Plain
    }

    /// What was made of the secret for the next line, and may not be shown either when the server repeats it.
    pub fn take_made(&mut self) -> Vec<Zeroizing<Vec<u8>>> {
        std::mem::take(&mut self.made)
    }

    /// The phase whose reply is due.
    pub fn phase(&self) -> Phase {
        match &self.state {
            SessionState::Greeting => Phase::Greeting,
            SessionState::Ehlo(_) => self.ehlo_phase(),
            SessionState::StartTls => Phase::Starttls,
            SessionState::Handshake => Phase::Tls,
            SessionState::Eavesdrop => Phase::EhloTls,
            SessionState::AskAuth(_) | SessionState::Auth(_) => Phase::Auth,
            SessionState::Envelope { due, .. } | SessionState::Farewell { due } => {
                due.front().map_or(Phase::Quit, |line| line.phase)
            }
            SessionState::Linger | SessionState::Over => Phase::Quit,
        }
    }

    /// How long to wait for what is due, where that is not the time for a reply.
    pub fn reply_timeout(&self) -> Option<Duration> {
        match &self.state {
            _ if self.held.is_some() => Some(PAUSE),
            SessionState::Eavesdrop => Some(INJECTION_WAIT),
            SessionState::Linger => Some(LINGER),
            _ => None,
        }
    }

    /// Whether what is waited for is that nothing more comes.
    pub fn is_pausing(&self) -> bool {
        self.held.is_some() || matches!(self.state, SessionState::Linger)
    }

    /// Bytes from the server, in pieces of any size.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        if self.received > MAX_SESSION_BYTES {
            return self.exhausted();
        }
        self.framer.push(bytes);
        self.read_replies();
    }

    /// The server sent more than is kept, in this session or in all together.
    pub fn exhausted(&mut self) {
        let phase = self.phase();
        self.hang_up(Err(Fault::Endless { phase }));
    }

    /// The handshake is up; `binding` is what can bind a login to it.
    pub fn secured(&mut self, peer: Peer, binding: Option<Binding>) {
        self.binding = binding;
        self.pairing = Pairing::InStep;
        self.line = Encryption::Encrypted(peer);
        // RFC 3207 §4.2: what was learned before TLS is forgotten.
        self.offers = Capabilities::default();
        if self.script.tls == TlsUse::Implicit {
            self.state = SessionState::Greeting;
            if self.script.quit_after == QuitAfter::Connect {
                self.hang_up(Ok(()));
            }
        } else if self.script.starttls == Starttls::WithNoop {
            self.state = SessionState::Eavesdrop;
        } else if self.script.quit_after <= QuitAfter::Starttls {
            self.send_quit();
        } else {
            self.send_hello(HelloCommand::Ehlo);
        }
    }

    /// The server closed, by FIN or by RST.
    pub fn closed(&mut self, reset: bool) {
        if let Some(reply) = self.held.take() {
            return self.act_on(&reply);
        }
        if matches!(self.state, SessionState::Linger) {
            return self.hang_up_after_quit();
        }
        while let Some(line) = self.framer.finish() {
            let is_cut = line.ending == LineEnding::Missing;
            match self.assembler.push(line) {
                // Half a line decides nothing: what it would have said is not known.
                Some(reply) if is_cut => {
                    let phase = self.phase();
                    self.note(phase, EventKind::Received { reply, recipient: None });
                }
                Some(reply) => self.reply_received(reply),
                None => {}
            }
        }
        if let Some(reply) = self.assembler.finish() {
            let phase = self.phase();
            self.note(phase, EventKind::Received { reply, recipient: None });
        }
        match &self.state {
            SessionState::Over => {}
            // At RSET and QUIT everything that was asked for has been answered. RFC 5321 §4.1.1.10 wants 221 first; many
            // servers do not bother.
            SessionState::Farewell { .. } => {
                self.note(Phase::Quit, EventKind::ClosedWithoutFarewell);
                self.hang_up(Ok(()));
            }
            _ => {
                let phase = self.phase();
                self.hang_up(Err(Fault::Closed { phase, reset }));
            }
        }
    }

    /// The driver's deadline for this reply has passed.
    pub fn timed_out(&mut self, waited_ms: f64) {
        if let Some(reply) = self.held.take() {
            return self.act_on(&reply);
        }
        if matches!(self.state, SessionState::Linger) {
            return self.hang_up_after_quit();
        }
        let phase = self.phase();
        let half_line = self.framer.take_stray();
        let mut partial_bytes = half_line.len();
        if let Some(reply) = self.assembler.finish() {
            partial_bytes += reply.raw.len();
            self.note(phase, EventKind::Received { reply, recipient: None });
        }
        if !half_line.is_empty() {
            let text = String::from_utf8_lossy(&half_line).into_owned();
            self.note(phase, EventKind::Unfinished { text, bytes: half_line.len() });
        }
        if matches!(self.state, SessionState::Eavesdrop) {
            self.send_quit();
        } else if matches!(phase, Phase::Rset | Phase::Quit) {
            self.hang_up(Ok(()));
        } else {
            self.hang_up(Err(Fault::Silent { phase, waited_ms, partial_bytes }));
        }
    }

    fn read_replies(&mut self) {
        while !matches!(self.state, SessionState::Over | SessionState::Handshake | SessionState::Linger)
            && self.held.is_none()
        {
            // Until the server must speak, everything in the framer waits: it may turn out to be unasked for.
            let Some(line) = self.framer.next_line() else { return };
            if let Some(reply) = self.assembler.push(line) {
                self.reply_received(reply);
            }
        }
    }

    fn reply_received(&mut self, reply: Reply) {
        let phase = self.phase();
        let recipient = match &self.state {
            SessionState::Envelope { due, .. } => due.front().and_then(|line| line.recipient),
            _ => None,
        };
        self.note(phase, EventKind::Received { reply: reply.clone(), recipient });
        if reply.irregularities.contains(&Irregularity::TooLong) {
            return self.hang_up(Err(Fault::Endless { phase }));
        }
        if reply.has_code(421) {
            return self.hang_up(Ok(()));
        }
        let is_last = matches!(&self.state, SessionState::Farewell { due } if due.len() == 1);
        match self.script.pacing {
            Pacing::Paused if !is_last => self.held = Some(reply),
            Pacing::Paused | Pacing::Prompt => self.act_on(&reply),
        }
    }

    /// The transition table.
    fn act_on(&mut self, reply: &Reply) {
        match std::mem::replace(&mut self.state, SessionState::Over) {
            SessionState::Greeting => self.greeted(reply),
            SessionState::Ehlo(hello) => self.ehlo_answered(hello, reply),
            SessionState::StartTls => self.starttls_answered(reply),
            // A server that greets inside TLS has answered no command; what comes next may.
            SessionState::Eavesdrop if reply.has_code(220) => self.state = SessionState::Eavesdrop,
            SessionState::Eavesdrop => self.send_quit(),
            SessionState::AskAuth(asked) => self.question_answered(asked, reply),
            SessionState::Auth(login) => self.auth_answered(login, reply),
            SessionState::Envelope { due, transaction } => self.envelope_answered(due, transaction, reply),
            SessionState::Farewell { due } => self.quit_answered(due, reply),
            state @ (SessionState::Handshake | SessionState::Linger | SessionState::Over) => self.state = state,
        }
    }

    fn greeted(&mut self, reply: &Reply) {
        if reply.code.is_none() {
            self.hang_up(Ok(()));
        } else if self.script.quit_after <= QuitAfter::Banner {
            self.send_quit();
        } else if reply.has_code(200) || reply.has_code(201) {
            // A news server greets with 200 or 201 (RFC 3977 §5.1); what it replies to EHLO shows that it is one.
            self.is_look_only = true;
            self.send_hello(HelloCommand::Ehlo);
        } else if fit(Phase::Greeting, reply) != Fit::Accepts {
            self.send_quit();
        } else {
            self.send_hello(HelloCommand::Ehlo);
        }
    }

    fn ehlo_answered(&mut self, hello: HelloCommand, reply: &Reply) {
        // RFC 5321 §3.2: 502 (and 500, 504 of older servers) to EHLO means that only HELO is known. After TLS a
        // server that knew EHLO before knows it still, and HELO would hide AUTH.
        let unknown = reply.code.is_some_and(|code| [500, 502, 504].iter().any(|&number| code == number));
        if hello == HelloCommand::Ehlo && unknown && self.line == Encryption::Plain {
            return self.send_hello(HelloCommand::Helo);
        }
        if fit(self.ehlo_phase(), reply) != Fit::Accepts || self.is_look_only {
            return self.send_quit();
        }
        self.offers = match hello {
            HelloCommand::Ehlo => Capabilities::read(reply),
            HelloCommand::Helo => Capabilities::default(),
        };
        if self.script.quit_after <= QuitAfter::Ehlo {
            return self.send_quit();
        }
        if self.line == Encryption::Plain {
            match self.script.tls {
                // RFC 3207 §4: only a server that lists STARTTLS is asked for it.
                TlsUse::Required | TlsUse::IfOffered if self.offers.has("STARTTLS") => return self.send_starttls(),
                TlsUse::Required => return self.send_quit(),
                TlsUse::IfOffered | TlsUse::Never | TlsUse::Implicit => {}
            }
        }
        if self.script.quit_after <= QuitAfter::Starttls {
            self.send_quit();
        } else if self.script.asks_for_auth && self.line == Encryption::Plain {
            self.send_one(Command::AuthPlain, Phase::Auth, SessionState::AskAuth(AuthProbe::Begun));
        } else {
            self.begin_auth();
        }
    }

    fn starttls_answered(&mut self, reply: &Reply) {
        if fit(Phase::Starttls, reply) != Fit::Accepts {
            return self.send_quit();
        }
        // RFC 3207 §6, CVE-2011-0411: what came in plaintext behind the 220 must not be taken for something that was
        // said inside TLS, nor be fed to the TLS library.
        self.state = SessionState::Handshake;
        self.drain_stray(Phase::Starttls);
        self.steps.push_back(Action::BeginTls);
    }
}
