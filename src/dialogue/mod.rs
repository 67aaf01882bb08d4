//! One SMTP session as a state machine. Its input consists of received bytes and the end of the stream. Its output is a
//! list of [`Action`]s. It uses neither a socket nor a clock, and makes no judgements. Its driver (`gather::session`,
//! or a transcript in a test) provides time and bytes.
//!
//! | state | event | action |
//! |---|---|---|
//! | Greeting | 220 | send EHLO (or QUIT, if the session ends here) |
//! | | 200, 201 | send EHLO, which a news server rejects, then QUIT |
//! | | no code at all, or binary data | close the connection, because this is not SMTP |
//! | | any other reply | send QUIT (RFC 5321 §3.1: a rejected client sends QUIT) |
//! | Ehlo | 250, STARTTLS wanted and advertised, no TLS yet | send STARTTLS |
//! | | 250, STARTTLS required and not advertised | send QUIT |
//! | | 250, the script tests AUTH before TLS, no TLS yet | send AUTH PLAIN without a password |
//! | | any other 250 | continue with AUTH, the envelope or QUIT |
//! | | 500, 502, 504 to the first EHLO, not to LHLO (RFC 2033 §4.1) | send HELO (RFC 5321 §3.2) |
//! | | any other reply | send QUIT |
//! | StartTls | 220 | record other bytes that have arrived, then start the handshake |
//! | | any other reply | send QUIT |
//! | Handshake | completed | send EHLO again (RFC 3207 §4.2); with implicit TLS: Greeting |
//! | Eavesdrop (STARTTLS and NOOP were sent together) | any reply except 220, or two seconds of silence | send QUIT |
//! | Claim (XCLIENT) | 220 | send EHLO again, because the session restarts; then XFORWARD, AUTH, the envelope or QUIT |
//! | Claim (XFORWARD) | 250 | continue with AUTH, the envelope or QUIT |
//! | | any other reply | send QUIT, because the server does not treat the session as the other client's |
//! | Queries (VRFY, EXPN) | any reply | send the next of them, or QUIT |
//! | AskAuth | 334 | send `*` to cancel the login |
//! | | any other reply | continue with the envelope or QUIT |
//! | Auth | 334 | send the mechanism's response, or `*` if it has none |
//! | | 235 | continue with the envelope or QUIT |
//! | | any other reply | send QUIT, or try the next mechanism with `--try-all-mechanisms` |
//! | Envelope | replies to MAIL and RCPT (sent together with PIPELINING, RFC 2920 §3.1) | send RSET and QUIT |
//! | Farewell | 221 to QUIT | close the connection |
//! | | any other reply to QUIT | wait for the end of the session, then close the connection |
//! | any | 421 | close the connection, as the server does (RFC 5321 §3.8) |
//! | any | a reply that never ends | close the connection |
//!
//! Bytes that arrive before a command is sent are unsolicited. They are recorded as evidence and never interpreted as
//! the reply to the command. After unsolicited bytes, later replies cannot be matched to commands, so the rest of the
//! session is skipped. A TLS handshake ends this state, because no earlier bytes are read after it. A session with
//! [`Pacing::Paused`] continues, because it waits for more bytes after each reply. Only [`fit`] decides which replies
//! mean success.

mod auth;
mod claims;
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
use crate::plan::{Esmtp, QuitAfter, TlsUse};
use crate::question::{Pacing, Script, Starttls};
use crate::sasl::Binding;
use crate::wire::{Assembler, Capabilities, Command, Framer, Irregularity, LineEnding, Reply};

pub use self::login::Access;
pub use self::state::{Action, Dialogue, Peer};

/// The maximum number of bytes that are read in one session. A real session has a few thousand bytes; a session with
/// five hundred recipients and the longest legal replies uses half of this maximum. The limit also bounds the size of
/// reports, in which an escaped byte takes up to six bytes.
pub const MAX_SESSION_BYTES: usize = 512 * 1024;

/// How long to wait for a reply that a correct server does not send.
const INJECTION_WAIT: Duration = Duration::from_secs(2);

/// How long to wait for additional bytes after each reply in a session with [`Pacing::Paused`].
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait for the end of a session in which the reply to QUIT was not 221.
const LINGER: Duration = Duration::from_secs(1);

impl<'a> Dialogue<'a> {
    /// Starts a session on a new TCP connection. With implicit TLS, the first action is the handshake.
    pub fn new(script: &'a Script, access: Option<Access<'a>>, local: Option<IpAddr>) -> Dialogue<'a> {
        let mut dialogue = Dialogue {
            script,
            access,
            binding: None,
            tried: Vec::new(),
            made: Vec::new(),
            local,
            state: SessionState::Greeting,
            encryption: Encryption::Plain,
            framer: Framer::default(),
            assembler: Assembler::default(),
            offers: Capabilities::default(),
            steps: VecDeque::new(),
            received: 0,
            held: None,
            pairing: Pairing::InStep,
            is_look_only: false,
            claimed: Vec::new(),
        };
        if script.tls == TlsUse::Implicit {
            dialogue.state = SessionState::Handshake;
            dialogue.steps.push_back(Action::BeginTls);
        } else if script.quit_after == QuitAfter::Connect {
            dialogue.hang_up(Ok(()));
        }
        dialogue
    }

    /// The next action for the driver.
    pub fn step(&mut self) -> Action {
        self.steps.pop_front().unwrap_or(Action::Await)
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encryption != Encryption::Plain
    }

    /// Returns the values that were computed from the secret for the next line. They must be masked if the server
    /// repeats them.
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
            SessionState::Claim(_) => Phase::Xclient,
            SessionState::AskAuth(_) | SessionState::Auth(_) => Phase::Auth,
            SessionState::Queries { due } | SessionState::Envelope { due, .. } | SessionState::Farewell { due } => {
                due.front().map_or(Phase::Quit, |command| command.phase)
            }
            SessionState::Linger | SessionState::Over => Phase::Quit,
        }
    }

    /// How long to wait in the current state, if that differs from the usual timeout for a reply.
    pub fn reply_timeout(&self) -> Option<Duration> {
        match &self.state {
            _ if self.held.is_some() => Some(PAUSE),
            SessionState::Eavesdrop => Some(INJECTION_WAIT),
            SessionState::Linger => Some(LINGER),
            _ => None,
        }
    }

    /// Whether silence is the expected result of the current wait.
    pub fn is_pausing(&self) -> bool {
        self.held.is_some() || matches!(self.state, SessionState::Linger)
    }

    /// Adds bytes from the server, in pieces of any size.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        if self.received > MAX_SESSION_BYTES {
            return self.exhausted();
        }
        self.framer.push(bytes);
        if let (SessionState::Greeting, Some(beginning)) = (&self.state, self.framer.binary()) {
            let (text, bytes) = (String::from_utf8_lossy(beginning).into_owned(), beginning.len());
            self.note(Phase::Greeting, EventKind::Unfinished { text, bytes });
            return self.hang_up(Err(Fault::Binary));
        }
        self.read_replies();
    }

    /// Ends the session because the server sent more than the limit, in this session or in all sessions together.
    pub fn exhausted(&mut self) {
        let phase = self.phase();
        self.hang_up(Err(Fault::Endless { phase }));
    }

    /// The TLS handshake is complete. `binding` is the data for channel binding.
    pub fn secured(&mut self, peer: Peer, binding: Option<Binding>) {
        self.binding = binding;
        self.pairing = Pairing::InStep;
        self.encryption = Encryption::Encrypted(peer);
        // RFC 3207 §4.2: a client discards all knowledge about the server from before TLS.
        self.offers = Capabilities::default();
        self.claimed.clear();
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
            self.send_hello(self.first_hello());
        }
    }

    /// The server closed the connection with FIN or RST.
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
                // An incomplete line has no effect, because the rest of it is unknown.
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
            // At RSET and QUIT, all other commands have been answered. RFC 5321 §4.1.1.10 requires 221 before the
            // server closes the connection; many servers do not send it.
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

    /// The timeout for this reply was reached.
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
            // Lines are read only while a reply is due. Other lines remain in the framer, because they may turn out to
            // be unsolicited.
            let Some(line) = self.framer.next_line() else { return };
            if let Some(reply) = self.assembler.push(line) {
                self.reply_received(reply);
            }
        }
    }

    fn reply_received(&mut self, reply: Reply) {
        let phase = self.phase();
        let recipient = match &self.state {
            SessionState::Envelope { due, .. } => due.front().and_then(|command| command.recipient),
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

    /// Implements the table at the top of this file.
    fn act_on(&mut self, reply: &Reply) {
        match std::mem::replace(&mut self.state, SessionState::Over) {
            SessionState::Greeting => self.greeted(reply),
            SessionState::Ehlo(hello) => self.ehlo_answered(hello, reply),
            SessionState::StartTls => self.starttls_answered(reply),
            // A greeting over TLS does not show that the server executed a command. The next reply may show this.
            SessionState::Eavesdrop if reply.has_code(220) => self.state = SessionState::Eavesdrop,
            SessionState::Eavesdrop => self.send_quit(),
            SessionState::AskAuth(asked) => self.question_answered(asked, reply),
            SessionState::Claim(command) => self.claim_answered(command, reply),
            SessionState::Queries { due } => self.query_answered(due, reply),
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
            // A news server greets with 200 or 201 (RFC 3977 §5.1). Its reply to EHLO confirms that it is a news
            // server.
            self.is_look_only = true;
            self.send_hello(self.first_hello());
        } else if fit(Phase::Greeting, reply) != Fit::Accepts {
            self.send_quit();
        } else {
            self.send_hello(self.first_hello());
        }
    }

    fn ehlo_answered(&mut self, hello: HelloCommand, reply: &Reply) {
        // RFC 5321 §3.2: 502 (and 500, 504 from older servers) in reply to EHLO means that the server supports only
        // HELO. This does not apply over TLS: a server that advertised STARTTLS supports EHLO, and HELO would hide
        // AUTH.
        let unknown = reply.code.is_some_and(|code| [500, 502, 504].iter().any(|&number| code == number));
        let may_fall_back = self.script.esmtp == Esmtp::Auto && self.claimed.is_empty();
        if hello == HelloCommand::Ehlo && unknown && may_fall_back && self.encryption == Encryption::Plain {
            return self.send_hello(HelloCommand::Helo);
        }
        if fit(self.ehlo_phase(), reply) != Fit::Accepts || self.is_look_only {
            return self.send_quit();
        }
        self.offers = match hello {
            HelloCommand::Ehlo | HelloCommand::Lhlo => Capabilities::read(reply),
            HelloCommand::Helo => Capabilities::default(),
        };
        if self.script.quit_after <= QuitAfter::Ehlo {
            return self.send_quit();
        }
        if self.encryption == Encryption::Plain {
            match self.script.tls {
                // RFC 3207 §4: a client sends STARTTLS only if the server advertises it.
                TlsUse::Required | TlsUse::IfOffered if self.offers.has("STARTTLS") => return self.send_starttls(),
                TlsUse::Required => return self.send_quit(),
                TlsUse::IfOffered | TlsUse::Never | TlsUse::Implicit => {}
            }
        }
        if self.script.quit_after <= QuitAfter::Starttls {
            self.send_quit();
        } else if self.script.asks_for_auth && self.encryption == Encryption::Plain {
            self.send_one(Command::AuthPlain, Phase::Auth, SessionState::AskAuth(AuthProbe::Begun));
        } else {
            self.begin_claims();
        }
    }

    fn starttls_answered(&mut self, reply: &Reply) {
        if fit(Phase::Starttls, reply) != Fit::Accepts {
            return self.send_quit();
        }
        // RFC 3207 §6, CVE-2011-0411: clear text that arrived after the 220 must neither be treated as received inside
        // TLS nor be passed to the TLS library.
        self.state = SessionState::Handshake;
        self.drain_stray(Phase::Starttls);
        self.steps.push_back(Action::BeginTls);
    }
}
