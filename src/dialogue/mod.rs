//! One SMTP conversation as a state machine: bytes and ends of stream in, [`Step`]s out. It has no socket, no clock
//! and no opinion; whoever drives it (`gather::session`, or a transcript in a test) owns time and bytes.
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
//! | AskAuth | 334 | `*`: nobody logs in |
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
//! Bytes that are there before a command is sent were asked for by nobody: they become evidence, and are never taken
//! for the answer to the command. Behind them nothing but TLS puts the session in step again, so what would follow is not
//! sent; in a session with [`Pacing::Paused`] it is, for there each reply is followed by a wait for more of them.
//! Which reply is a success is decided in one place, [`fit`].

mod login;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::evidence::fit::{Fit, fit};
use crate::evidence::sequence::could_be_reply;
use crate::evidence::{CancelReason, EventKind, Fault, PasswordOddity, Phase, TokenForm, WithheldReason};
use crate::plan::{Plaintext, QuitAfter, TlsUse, Unverified};
use crate::question::{Pacing, Script, Starttls};
use crate::sasl::{Binding, Credentials, Means, Proof, token};
use crate::wire::{Assembler, Capabilities, Class, Command, Ending, Framer, Irregularity, Reply, reply};

use login::{AuthExchange, AuthLine};

/// Bytes of one conversation that are read. A real one has a few thousand; five hundred recipients with the longest legal
/// replies have half of it. In a report a byte can become six, beside what it is kept as.
pub const MAX_SESSION_BYTES: usize = 512 * 1024;

/// How long to listen for an answer that a good server does not give.
const INJECTION_WAIT: Duration = Duration::from_secs(2);

/// How long to listen, in a session with [`Pacing::Paused`], for more than the reply that is due.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to listen for the end of a session whose QUIT was not answered with 221.
const LINGER: Duration = Duration::from_secs(1);

/// What the driver has to do next.
pub enum Action {
    /// Write these bytes. One flight: nothing is waited for in between.
    Send(Zeroizing<Vec<u8>>),
    /// Start the handshake, then call [`Dialogue::secured`].
    BeginTls,
    /// Keep this as evidence.
    Note(Phase, EventKind),
    /// Read, then call [`Dialogue::receive`], [`Dialogue::closed`] or [`Dialogue::gave_up`].
    Await,
    /// Hang up; the session is over, whole or with a fault.
    HangUp(Result<(), Fault>),
}

/// Without the bytes: a panic may print it.
impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Action::Send(_) => f.write_str("Send"),
            Action::BeginTls => f.write_str("BeginTls"),
            Action::Note(phase, what) => f.debug_tuple("Note").field(phase).field(what).finish(),
            Action::Await => f.write_str("Await"),
            Action::HangUp(result) => f.debug_tuple("HangUp").field(result).finish(),
        }
    }
}

/// Whether the peer is who it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Its certificate verifies.
    Verified,
    /// It does not.
    Unverified,
}

/// What a login needs.
#[derive(Debug)]
pub struct Access<'a> {
    /// Who logs in.
    pub credentials: &'a Credentials,
    /// Random text, time, host.
    pub means: Means,
}

/// One conversation.
#[derive(Debug)]
pub struct Dialogue<'a> {
    script: &'a Script,
    access: Option<Access<'a>>,
    binding: Option<Binding>,
    tried: Vec<&'static str>,
    made: Vec<Zeroizing<Vec<u8>>>,
    local: Option<IpAddr>,
    state: SessionState<'a>,
    line: Encryption,
    framer: Framer,
    assembler: Assembler,
    offers: Capabilities,
    steps: VecDeque<Action>,
    received: usize,
    /// The reply on which the next command waits, as it was received, with [`Pacing::Paused`].
    held: Option<Reply>,
    pairing: Pairing,
    /// The greeting was no welcome, and EHLO is sent to see what the server is.
    is_look_only: bool,
}

/// Whether the next reply can be taken for the reply to the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pairing {
    /// As far as is known.
    InStep,
    /// The server sent a reply too many, so there may be more.
    OutOfStep,
}

#[derive(Debug)]
enum SessionState<'a> {
    Greeting,
    Ehlo(HelloCommand),
    StartTls,
    Handshake,
    Eavesdrop,
    AskAuth(AuthProbe),
    Auth(AuthExchange<'a>),
    Envelope { due: VecDeque<PendingCommand>, transaction: Transaction },
    Farewell { due: VecDeque<PendingCommand> },
    Linger,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HelloCommand {
    Ehlo,
    Helo,
}

/// How far the question about a login has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthProbe {
    Begun,
    BrokenOff,
}

/// How well the line is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    Plain,
    Encrypted(Peer),
}

/// Whether MAIL was accepted, so that RSET has something to forget (RFC 5321 §4.1.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    Open,
    None,
}

/// What was in the framer before a command went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    /// Nothing that ends the session.
    Clear,
    /// A 421: the session is over.
    Closing,
}

/// A command whose reply is due.
#[derive(Clone, Debug)]
struct PendingCommand {
    command: Command,
    phase: Phase,
    recipient: Option<usize>,
}

impl PendingCommand {
    fn new(command: Command, phase: Phase) -> PendingCommand {
        PendingCommand { command, phase, recipient: None }
    }
}

impl<'a> Dialogue<'a> {
    /// A conversation on a line that TCP has just connected. With implicit TLS the first step is the handshake.
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

    /// Whether the line is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.line != Encryption::Plain
    }

    /// What was made of the secret for the next line, and may not be shown either when the server repeats it.
    pub fn take_made(&mut self) -> Vec<Zeroizing<Vec<u8>>> {
        std::mem::take(&mut self.made)
    }

    /// The step whose reply is due.
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

    /// More has been said than is kept, here or in all conversations together.
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
            let is_cut = line.ending == Ending::Missing;
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
            SessionState::Ehlo(verb) => self.ehlo_answered(verb, reply),
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

    fn ehlo_answered(&mut self, verb: HelloCommand, reply: &Reply) {
        // RFC 5321 §3.2: 502 (and 500, 504 of older servers) to EHLO means that only HELO is known. After TLS a
        // server that knew EHLO before knows it still, and HELO would hide AUTH.
        let unknown = reply.code.is_some_and(|code| [500, 502, 504].iter().any(|&number| code == number));
        if verb == HelloCommand::Ehlo && unknown && self.line == Encryption::Plain {
            return self.send_hello(HelloCommand::Helo);
        }
        if fit(self.ehlo_phase(), reply) != Fit::Accepts || self.is_look_only {
            return self.send_quit();
        }
        self.offers = match verb {
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

    /// A server that answers `*` with one more challenge is not asked a third time.
    fn question_answered(&mut self, asked: AuthProbe, reply: &Reply) {
        match (asked, reply.has_code(334)) {
            (AuthProbe::Begun, true) => {
                self.send_one(Command::Cancel, Phase::Auth, SessionState::AskAuth(AuthProbe::BrokenOff))
            }
            (AuthProbe::BrokenOff, true) => self.send_quit(),
            (_, false) => self.begin_envelope(),
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

    fn begin_auth(&mut self) {
        let Some(wanted) = &self.script.login else { return self.begin_envelope() };
        if self.access.is_none() {
            return self.begin_envelope();
        }
        if self.drain_stray(Phase::Auth) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.send_quit();
        }
        let Some(access) = &self.access else { return };
        let offered = self.offers.auth_mechanisms();
        let line = login::AuthChannel { binding: self.binding.as_ref(), tried: &self.tried };
        let login = AuthExchange::choose(wanted, &offered, access, line);
        let withheld = match (&login, self.line) {
            // In this order: a server that offers nothing would get nothing on the best of lines either.
            (Err(reason), _) => Some(reason.clone()),
            (Ok(login), _) if !login.has_secret() => None,
            (Ok(_), Encryption::Plain) if wanted.plaintext == Plaintext::Refused => Some(WithheldReason::Plaintext),
            (Ok(_), Encryption::Encrypted(Peer::Unverified)) if wanted.unverified == Unverified::Refused => {
                Some(WithheldReason::Unverified)
            }
            (Ok(_), _) => None,
        };
        let looks = describe_secret(access.credentials);
        let is_refresh = matches!(looks, Some(EventKind::Token { form: TokenForm::Refresh, .. }));
        let withheld = withheld.or(is_refresh.then_some(WithheldReason::RefreshToken));
        if self.tried.is_empty() {
            self.steps.extend(looks.map(|what| Action::Note(Phase::Auth, what)));
        }
        match (login, withheld) {
            (Ok(mut login), None) => {
                let turn = login.open();
                self.tried.push(login.name());
                self.state = SessionState::Auth(login);
                self.send_auth(turn);
            }
            (_, Some(reason)) => {
                // After a refusal there is no mechanism left; that is no news.
                if self.tried.is_empty() {
                    self.note(Phase::Auth, EventKind::Withheld { reason });
                }
                self.send_quit();
            }
            (Err(_), None) => self.send_quit(),
        }
    }

    fn auth_answered(&mut self, mut login: AuthExchange<'a>, reply: &Reply) {
        let fits = fit(Phase::Auth, reply);
        let accepts = fits == Fit::Accepts && !login.is_cancelled();
        // A server that answers `*` with one more challenge is not asked a third time.
        if fits == Fit::Continues && !login.is_cancelled() {
            let turn = login.answer(reply);
            self.state = SessionState::Auth(login);
            return self.send_auth(turn);
        }
        if accepts && !login.is_proved() {
            // RFC 5802 §3: a server that says yes without its signature may be somebody else.
            self.note(Phase::Auth, EventKind::AuthCancelled { reason: CancelReason::ServerUnproved });
            return self.send_quit();
        }
        if accepts && self.script.quit_after > QuitAfter::Auth {
            return self.begin_envelope();
        }
        let try_all = self.script.login.as_ref().is_some_and(|wanted| wanted.try_all);
        // After a broken mechanism too, when `*` was answered as RFC 4954 §4 wants it; but a server that does not prove
        // that it knows the password is not given the password itself.
        if try_all && fits == Fit::Rejects && reply.class() == Class::Permanent && !login.is_unproved() {
            return self.begin_auth();
        }
        self.send_quit();
    }

    fn send_auth(&mut self, turn: AuthLine) {
        self.made.extend(turn.hides);
        if self.drain_stray(Phase::Auth) == Drained::Closing {
            return;
        }
        if let Some(text) = turn.heard {
            self.note(Phase::Auth, EventKind::Explained { text });
        }
        if let Some(reason) = turn.cancelled {
            self.note(Phase::Auth, EventKind::AuthCancelled { reason });
        }
        let text = turn.shown;
        self.steps
            .push_back(Action::Note(Phase::Auth, EventKind::Sent { text, redacted: turn.redacted, recipient: None }));
        self.steps.push_back(Action::Send(turn.line));
    }

    fn begin_envelope(&mut self) {
        if self.script.envelope.is_none() || self.script.quit_after <= QuitAfter::Auth {
            return self.send_quit();
        }
        if self.drain_stray(Phase::Mail) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.send_quit();
        }
        let Some(envelope) = &self.script.envelope else { return };
        let smtputf8 = self.offers.has("SMTPUTF8");
        if let Some(address) = envelope.from.mailbox().filter(|from| from.needs_smtputf8() && !smtputf8) {
            let address = address.to_string();
            self.note(Phase::Mail, EventKind::NeedsSmtputf8 { address, recipient: None });
            return self.send_quit();
        }
        let needs = |at: usize| envelope.to.get(at).and_then(|to| to.mailbox()).is_some_and(|to| to.needs_smtputf8());
        let parameter = smtputf8
            && (envelope.from.mailbox().is_some_and(|from| from.needs_smtputf8()) || (0..envelope.to.len()).any(needs));
        let from = envelope.from.clone();
        let mut due = VecDeque::from([PendingCommand::new(Command::Mail { from, smtputf8: parameter }, Phase::Mail)]);
        if self.script.quit_after >= QuitAfter::Rcpt {
            for (number, to) in envelope.to.iter().enumerate() {
                if needs(number) && !smtputf8 {
                    let what = EventKind::NeedsSmtputf8 { address: to.to_string(), recipient: Some(number) };
                    self.note(Phase::Rcpt, what);
                    continue;
                }
                let line = PendingCommand::new(Command::Rcpt { to: to.clone() }, Phase::Rcpt);
                due.push_back(PendingCommand { recipient: Some(number), ..line });
            }
        }
        if self.send(&due) == Drained::Clear {
            self.state = SessionState::Envelope { due, transaction: Transaction::None };
        }
    }

    fn envelope_answered(&mut self, mut due: VecDeque<PendingCommand>, mut transaction: Transaction, reply: &Reply) {
        let answered = due.pop_front();
        if answered.is_some_and(|line| line.phase == Phase::Mail) && fit(Phase::Mail, reply) == Fit::Accepts {
            transaction = Transaction::Open;
        }
        // Without PIPELINING nothing more has gone out, and a refused MAIL makes every RCPT an echo of it. With it
        // the replies to the RCPTs of the flight are still to come.
        if let (Some(next), false) = (due.front(), self.pipelines())
            && self.drain_stray(next.phase) == Drained::Closing
        {
            return;
        }
        let goes_on = self.pipelines() || (transaction == Transaction::Open && self.pairing == Pairing::InStep);
        if due.is_empty() || !goes_on {
            return match transaction {
                Transaction::Open => self.reset_and_leave(),
                Transaction::None => self.send_quit(),
            };
        }
        if self.pipelines() || self.send(&due) == Drained::Clear {
            self.state = SessionState::Envelope { due, transaction };
        }
    }

    fn reset_and_leave(&mut self) {
        self.leave(VecDeque::from([
            PendingCommand::new(Command::Rset, Phase::Rset),
            PendingCommand::new(Command::Quit, Phase::Quit),
        ]));
    }

    fn send_quit(&mut self) {
        self.leave(VecDeque::from([PendingCommand::new(Command::Quit, Phase::Quit)]));
    }

    fn leave(&mut self, due: VecDeque<PendingCommand>) {
        if self.send(&due) == Drained::Clear {
            self.state = SessionState::Farewell { due };
        }
    }

    fn quit_answered(&mut self, mut due: VecDeque<PendingCommand>, reply: &Reply) {
        due.pop_front();
        if due.is_empty() {
            // The reply to QUIT is 221, and the last of the session. Where it is another, one more may be on its way.
            match fit(Phase::Quit, reply) {
                Fit::Accepts => self.hang_up_after_quit(),
                _ => self.state = SessionState::Linger,
            }
            return;
        }
        if self.pipelines() || self.send(&due) == Drained::Clear {
            self.state = SessionState::Farewell { due };
        }
    }

    fn hang_up_after_quit(&mut self) {
        let extra = self.framer.take_stray();
        if !extra.is_empty() {
            self.note_stray(Phase::Quit, &extra);
        }
        self.hang_up(Ok(()));
    }

    fn send_hello(&mut self, verb: HelloCommand) {
        let name = self.script.ehlo.word(self.local);
        let command = match verb {
            HelloCommand::Ehlo => Command::Ehlo(name),
            HelloCommand::Helo => Command::Helo(name),
        };
        let phase = self.ehlo_phase();
        self.send_one(command, phase, SessionState::Ehlo(verb));
    }

    fn send_starttls(&mut self) {
        if self.script.starttls == Starttls::WithNoop {
            if self.drain_stray(Phase::Starttls) == Drained::Closing {
                return;
            }
            let mut bytes = Zeroizing::new(Vec::new());
            for command in [Command::StartTls, Command::Noop] {
                bytes.extend_from_slice(&command.line());
                let what = EventKind::Sent { text: command.to_string(), redacted: false, recipient: None };
                self.note(Phase::Starttls, what);
            }
            self.steps.push_back(Action::Send(bytes));
            self.state = SessionState::StartTls;
            return;
        }
        self.send_one(Command::StartTls, Phase::Starttls, SessionState::StartTls);
    }

    fn send_one(&mut self, command: Command, phase: Phase, next: SessionState<'a>) {
        if self.send(&VecDeque::from([PendingCommand::new(command, phase)])) == Drained::Clear {
            self.state = next;
        }
    }

    /// Sends the first of the lines, or all of them in one flight if the server lets us (RFC 2920 §3.1).
    /// Nothing is sent to a server that has just said that it closes.
    fn send(&mut self, lines: &VecDeque<PendingCommand>) -> Drained {
        let phase = lines.front().map_or(Phase::Quit, |line| line.phase);
        if self.drain_stray(phase) == Drained::Closing {
            return Drained::Closing;
        }
        let together = if self.pipelines() { lines.len() } else { 1 };
        let mut bytes = Zeroizing::new(Vec::new());
        for line in lines.iter().take(together) {
            bytes.extend_from_slice(&line.command.line());
            let text = line.command.to_string();
            self.note(line.phase, EventKind::Sent { text, redacted: false, recipient: line.recipient });
        }
        self.steps.push_back(Action::Send(bytes));
        Drained::Clear
    }

    fn pipelines(&self) -> bool {
        self.script.pacing == Pacing::Prompt && self.offers.has("PIPELINING")
    }

    fn ehlo_phase(&self) -> Phase {
        match self.line {
            Encryption::Encrypted(_) => Phase::EhloTls,
            Encryption::Plain => Phase::Ehlo,
        }
    }

    /// Nothing may be in the framer when a command goes out or TLS begins. What is there was asked for by nobody, with
    /// one exception: a server may say 421 at any time (RFC 5321 §3.8).
    fn drain_stray(&mut self, phase: Phase) -> Drained {
        let stray = self.framer.take_stray();
        if stray.is_empty() {
            return Drained::Clear;
        }
        let closing = reply::from_text(&String::from_utf8_lossy(&stray)).filter(|reply| reply.has_code(421));
        match closing.filter(|_| !matches!(self.state, SessionState::Handshake)) {
            Some(reply) => {
                self.note(phase, EventKind::Received { reply, recipient: None });
                self.hang_up(Ok(()));
                Drained::Closing
            }
            None => {
                let text = String::from_utf8_lossy(&stray);
                if self.script.pacing == Pacing::Prompt && could_be_reply(&text) {
                    self.pairing = Pairing::OutOfStep;
                }
                self.note_stray(phase, &stray);
                Drained::Clear
            }
        }
    }

    fn note_stray(&mut self, phase: Phase, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.note(phase, EventKind::Stray { text, bytes: bytes.len() });
    }

    fn note(&mut self, phase: Phase, what: EventKind) {
        self.steps.push_back(Action::Note(phase, what));
    }

    fn hang_up(&mut self, result: Result<(), Fault>) {
        self.state = SessionState::Over;
        self.steps.push_back(Action::HangUp(result));
    }
}

/// What the secret tells of itself that is worth knowing when it is refused. The secret is not in it.
fn describe_secret(credentials: &Credentials) -> Option<EventKind> {
    match &credentials.proof {
        Proof::Token(secret) => {
            let facts = token::inspect(secret);
            let form = match facts.form {
                token::TokenShape::Jwt => TokenForm::Jwt,
                token::TokenShape::Refresh => TokenForm::Refresh,
                token::TokenShape::Opaque => TokenForm::Opaque,
            };
            Some(EventKind::Token { form, expires: facts.expires, audience: facts.audience })
        }
        Proof::Password(secret) => {
            let text = secret.reveal();
            let groups: Vec<&str> = text.split(' ').collect();
            let of_letters = |group: &&str| group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_lowercase());
            let signs = [
                (text.starts_with(char::is_whitespace), PasswordOddity::LeadingBlank),
                (text.ends_with(char::is_whitespace), PasswordOddity::TrailingBlank),
                (groups.len() == 4 && groups.iter().all(of_letters), PasswordOddity::AppPasswordWithBlanks),
                (!text.is_ascii(), PasswordOddity::NotAscii),
            ];
            let oddities: Vec<PasswordOddity> =
                signs.into_iter().filter(|(is_so, _)| *is_so).map(|(_, oddity)| oddity).collect();
            (!oddities.is_empty()).then_some(EventKind::OddPassword { oddities })
        }
        Proof::NoSecret => None,
    }
}
