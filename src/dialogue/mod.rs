//! One SMTP conversation as a state machine: bytes and ends of stream in, [`Step`]s out. It has no socket, no clock
//! and no opinion; whoever drives it (`gather::talk`, or a transcript in a test) owns time and bytes.
//!
//! | state | when | then |
//! |---|---|---|
//! | Greeting | 220 | EHLO (or QUIT, if the talk ends here) |
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
use crate::evidence::{CancelReason, Fault, PasswordOddity, Stage, TokenForm, What, WithheldReason};
use crate::plan::{Plaintext, QuitAfter, TlsUse, Unverified};
use crate::question::{Pacing, Script, Starttls};
use crate::sasl::{Binding, Credentials, Means, Proof, token};
use crate::wire::{Assembler, Capabilities, Class, Command, Ending, Framer, Irregularity, Reply, reply};

use login::{Login, Turn};

/// Bytes of one conversation that are read. A real one has a few thousand; five hundred recipients with the longest legal
/// replies have half of it. In a report a byte can become six, beside what it is kept as.
pub const MAX_TALK: usize = 512 * 1024;

/// How long to listen for an answer that a good server does not give.
const EAVESDROP: Duration = Duration::from_secs(2);

/// How long to listen, in a session with [`Pacing::Paused`], for more than the reply that is due.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to listen for the end of a session whose QUIT was not answered with 221.
const LINGER: Duration = Duration::from_secs(1);

/// What the driver has to do next.
pub enum Step {
    /// Write these bytes. One flight: nothing is waited for in between.
    Send(Zeroizing<Vec<u8>>),
    /// Start the handshake, then call [`Dialogue::secured`].
    BeginTls,
    /// Keep this as evidence.
    Note(Stage, What),
    /// Read, then call [`Dialogue::receive`], [`Dialogue::closed`] or [`Dialogue::gave_up`].
    Await,
    /// Hang up; the talk is over, whole or with a fault.
    HangUp(Result<(), Fault>),
}

/// Without the bytes: a panic may print it.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Send(_) => f.write_str("Send"),
            Step::BeginTls => f.write_str("BeginTls"),
            Step::Note(stage, what) => f.debug_tuple("Note").field(stage).field(what).finish(),
            Step::Await => f.write_str("Await"),
            Step::HangUp(result) => f.debug_tuple("HangUp").field(result).finish(),
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
    state: State<'a>,
    line: LineState,
    framer: Framer,
    assembler: Assembler,
    offers: Capabilities,
    steps: VecDeque<Step>,
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
enum State<'a> {
    Greeting,
    Ehlo(Verb),
    StartTls,
    Handshake,
    Eavesdrop,
    AskAuth(Asked),
    Auth(Login<'a>),
    Envelope { due: VecDeque<Line>, transaction: Transaction },
    Farewell { due: VecDeque<Line> },
    Linger,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Ehlo,
    Helo,
}

/// How far the question about a login has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Begun,
    BrokenOff,
}

/// How well the line is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineState {
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
    /// Nothing that ends the talk.
    Clear,
    /// A 421: the talk is over.
    Closing,
}

/// A command whose reply is due.
#[derive(Clone, Debug)]
struct Line {
    command: Command,
    stage: Stage,
    recipient: Option<usize>,
}

impl Line {
    fn new(command: Command, stage: Stage) -> Line {
        Line { command, stage, recipient: None }
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
            state: State::Greeting,
            line: LineState::Plain,
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
            dialogue.state = State::Handshake;
            dialogue.steps.push_back(Step::BeginTls);
        } else if script.quit_after == QuitAfter::Connect {
            dialogue.hang_up(Ok(()));
        }
        dialogue
    }

    /// The next thing to do.
    pub fn step(&mut self) -> Step {
        self.steps.pop_front().unwrap_or(Step::Await)
    }

    /// Whether the line is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.line != LineState::Plain
    }

    /// What was made of the secret for the next line, and may not be shown either when the server repeats it.
    pub fn take_made(&mut self) -> Vec<Zeroizing<Vec<u8>>> {
        std::mem::take(&mut self.made)
    }

    /// The step whose reply is due.
    pub fn stage(&self) -> Stage {
        match &self.state {
            State::Greeting => Stage::Greeting,
            State::Ehlo(_) => self.ehlo_stage(),
            State::StartTls => Stage::Starttls,
            State::Handshake => Stage::Tls,
            State::Eavesdrop => Stage::EhloTls,
            State::AskAuth(_) | State::Auth(_) => Stage::Auth,
            State::Envelope { due, .. } | State::Farewell { due } => due.front().map_or(Stage::Quit, |line| line.stage),
            State::Linger | State::Over => Stage::Quit,
        }
    }

    /// How long to wait for what is due, where that is not the time for a reply.
    pub fn patience(&self) -> Option<Duration> {
        match &self.state {
            _ if self.held.is_some() => Some(PAUSE),
            State::Eavesdrop => Some(EAVESDROP),
            State::Linger => Some(LINGER),
            _ => None,
        }
    }

    /// Whether what is waited for is that nothing more comes.
    pub fn is_pausing(&self) -> bool {
        self.held.is_some() || matches!(self.state, State::Linger)
    }

    /// Bytes from the server, in pieces of any size.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        if self.received > MAX_TALK {
            return self.exhausted();
        }
        self.framer.push(bytes);
        self.read_replies();
    }

    /// More has been said than is kept, here or in all conversations together.
    pub fn exhausted(&mut self) {
        let stage = self.stage();
        self.hang_up(Err(Fault::Endless { stage }));
    }

    /// The handshake is up; `binding` is what can bind a login to it.
    pub fn secured(&mut self, peer: Peer, binding: Option<Binding>) {
        self.binding = binding;
        self.pairing = Pairing::InStep;
        self.line = LineState::Encrypted(peer);
        // RFC 3207 §4.2: what was learned before TLS is forgotten.
        self.offers = Capabilities::default();
        if self.script.tls == TlsUse::Implicit {
            self.state = State::Greeting;
            if self.script.quit_after == QuitAfter::Connect {
                self.hang_up(Ok(()));
            }
        } else if self.script.starttls == Starttls::WithNoop {
            self.state = State::Eavesdrop;
        } else if self.script.quit_after <= QuitAfter::Starttls {
            self.say_farewell();
        } else {
            self.say_ehlo(Verb::Ehlo);
        }
    }

    /// The server closed, by FIN or by RST.
    pub fn closed(&mut self, reset: bool) {
        if let Some(reply) = self.held.take() {
            return self.act_on(&reply);
        }
        if matches!(self.state, State::Linger) {
            return self.hang_up_after_quit();
        }
        while let Some(line) = self.framer.finish() {
            let is_cut = line.ending == Ending::Missing;
            match self.assembler.push(line) {
                // Half a line decides nothing: what it would have said is not known.
                Some(reply) if is_cut => {
                    let stage = self.stage();
                    self.note(stage, What::Received { reply, recipient: None });
                }
                Some(reply) => self.heard(reply),
                None => {}
            }
        }
        if let Some(reply) = self.assembler.finish() {
            let stage = self.stage();
            self.note(stage, What::Received { reply, recipient: None });
        }
        match &self.state {
            State::Over => {}
            // At RSET and QUIT everything that was asked for has been answered. RFC 5321 §4.1.1.10 wants 221 first; many
            // servers do not bother.
            State::Farewell { .. } => {
                self.note(Stage::Quit, What::ClosedWithoutFarewell);
                self.hang_up(Ok(()));
            }
            _ => {
                let stage = self.stage();
                self.hang_up(Err(Fault::Closed { stage, reset }));
            }
        }
    }

    /// The driver's deadline for this reply has passed.
    pub fn gave_up(&mut self, waited_ms: f64) {
        if let Some(reply) = self.held.take() {
            return self.act_on(&reply);
        }
        if matches!(self.state, State::Linger) {
            return self.hang_up_after_quit();
        }
        let stage = self.stage();
        let half_line = self.framer.take_stray();
        let mut partial_bytes = half_line.len();
        if let Some(reply) = self.assembler.finish() {
            partial_bytes += reply.raw.len();
            self.note(stage, What::Received { reply, recipient: None });
        }
        if !half_line.is_empty() {
            let text = String::from_utf8_lossy(&half_line).into_owned();
            self.note(stage, What::Unfinished { text, bytes: half_line.len() });
        }
        if matches!(self.state, State::Eavesdrop) {
            self.say_farewell();
        } else if matches!(stage, Stage::Rset | Stage::Quit) {
            self.hang_up(Ok(()));
        } else {
            self.hang_up(Err(Fault::Silent { stage, waited_ms, partial_bytes }));
        }
    }

    fn read_replies(&mut self) {
        while !matches!(self.state, State::Over | State::Handshake | State::Linger) && self.held.is_none() {
            // Until the server must speak, everything in the framer waits: it may turn out to be unasked for.
            let Some(line) = self.framer.next_line() else { return };
            if let Some(reply) = self.assembler.push(line) {
                self.heard(reply);
            }
        }
    }

    fn heard(&mut self, reply: Reply) {
        let stage = self.stage();
        let recipient = match &self.state {
            State::Envelope { due, .. } => due.front().and_then(|line| line.recipient),
            _ => None,
        };
        self.note(stage, What::Received { reply: reply.clone(), recipient });
        if reply.irregularities.contains(&Irregularity::TooLong) {
            return self.hang_up(Err(Fault::Endless { stage }));
        }
        if reply.has_code(421) {
            return self.hang_up(Ok(()));
        }
        let is_last = matches!(&self.state, State::Farewell { due } if due.len() == 1);
        match self.script.pacing {
            Pacing::Paused if !is_last => self.held = Some(reply),
            Pacing::Paused | Pacing::Prompt => self.act_on(&reply),
        }
    }

    /// The transition table.
    fn act_on(&mut self, reply: &Reply) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Greeting => self.greeted(reply),
            State::Ehlo(verb) => self.ehlo_answered(verb, reply),
            State::StartTls => self.starttls_answered(reply),
            // A server that greets inside TLS has answered no command; what comes next may.
            State::Eavesdrop if reply.has_code(220) => self.state = State::Eavesdrop,
            State::Eavesdrop => self.say_farewell(),
            State::AskAuth(asked) => self.question_answered(asked, reply),
            State::Auth(login) => self.auth_answered(login, reply),
            State::Envelope { due, transaction } => self.envelope_answered(due, transaction, reply),
            State::Farewell { due } => self.farewell_answered(due, reply),
            state @ (State::Handshake | State::Linger | State::Over) => self.state = state,
        }
    }

    fn greeted(&mut self, reply: &Reply) {
        if reply.code.is_none() {
            self.hang_up(Ok(()));
        } else if self.script.quit_after <= QuitAfter::Banner {
            self.say_farewell();
        } else if reply.has_code(200) || reply.has_code(201) {
            // A news server greets with 200 or 201 (RFC 3977 §5.1); what it replies to EHLO shows that it is one.
            self.is_look_only = true;
            self.say_ehlo(Verb::Ehlo);
        } else if fit(Stage::Greeting, reply) != Fit::Accepts {
            self.say_farewell();
        } else {
            self.say_ehlo(Verb::Ehlo);
        }
    }

    fn ehlo_answered(&mut self, verb: Verb, reply: &Reply) {
        // RFC 5321 §3.2: 502 (and 500, 504 of older servers) to EHLO means that only HELO is known. After TLS a
        // server that knew EHLO before knows it still, and HELO would hide AUTH.
        let unknown = reply.code.is_some_and(|code| [500, 502, 504].iter().any(|&number| code == number));
        if verb == Verb::Ehlo && unknown && self.line == LineState::Plain {
            return self.say_ehlo(Verb::Helo);
        }
        if fit(self.ehlo_stage(), reply) != Fit::Accepts || self.is_look_only {
            return self.say_farewell();
        }
        self.offers = match verb {
            Verb::Ehlo => Capabilities::read(reply),
            Verb::Helo => Capabilities::default(),
        };
        if self.script.quit_after <= QuitAfter::Ehlo {
            return self.say_farewell();
        }
        if self.line == LineState::Plain {
            match self.script.tls {
                // RFC 3207 §4: only a server that lists STARTTLS is asked for it.
                TlsUse::Required | TlsUse::IfOffered if self.offers.has("STARTTLS") => return self.say_starttls(),
                TlsUse::Required => return self.say_farewell(),
                TlsUse::IfOffered | TlsUse::Never | TlsUse::Implicit => {}
            }
        }
        if self.script.quit_after <= QuitAfter::Starttls {
            self.say_farewell();
        } else if self.script.asks_for_auth && self.line == LineState::Plain {
            self.say_one(Command::AuthPlain, Stage::Auth, State::AskAuth(Asked::Begun));
        } else {
            self.begin_auth();
        }
    }

    /// A server that answers `*` with one more challenge is not asked a third time.
    fn question_answered(&mut self, asked: Asked, reply: &Reply) {
        match (asked, reply.has_code(334)) {
            (Asked::Begun, true) => self.say_one(Command::Cancel, Stage::Auth, State::AskAuth(Asked::BrokenOff)),
            (Asked::BrokenOff, true) => self.say_farewell(),
            (_, false) => self.begin_envelope(),
        }
    }

    fn starttls_answered(&mut self, reply: &Reply) {
        if fit(Stage::Starttls, reply) != Fit::Accepts {
            return self.say_farewell();
        }
        // RFC 3207 §6, CVE-2011-0411: what came in plaintext behind the 220 must not be taken for something that was
        // said inside TLS, nor be fed to the TLS library.
        self.state = State::Handshake;
        self.drain_stray(Stage::Starttls);
        self.steps.push_back(Step::BeginTls);
    }

    fn begin_auth(&mut self) {
        let Some(wanted) = &self.script.login else { return self.begin_envelope() };
        if self.access.is_none() {
            return self.begin_envelope();
        }
        if self.drain_stray(Stage::Auth) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.say_farewell();
        }
        let Some(access) = &self.access else { return };
        let offered = self.offers.auth_mechanisms();
        let line = login::Line { binding: self.binding.as_ref(), tried: &self.tried };
        let login = Login::choose(wanted, &offered, access, line);
        let withheld = match (&login, self.line) {
            // In this order: a server that offers nothing would get nothing on the best of lines either.
            (Err(reason), _) => Some(reason.clone()),
            (Ok(login), _) if !login.has_secret() => None,
            (Ok(_), LineState::Plain) if wanted.plaintext == Plaintext::Refused => Some(WithheldReason::Plaintext),
            (Ok(_), LineState::Encrypted(Peer::Unverified)) if wanted.unverified == Unverified::Refused => {
                Some(WithheldReason::Unverified)
            }
            (Ok(_), _) => None,
        };
        let looks = looks(access.credentials);
        let is_refresh = matches!(looks, Some(What::Token { form: TokenForm::Refresh, .. }));
        let withheld = withheld.or(is_refresh.then_some(WithheldReason::RefreshToken));
        if self.tried.is_empty() {
            self.steps.extend(looks.map(|what| Step::Note(Stage::Auth, what)));
        }
        match (login, withheld) {
            (Ok(mut login), None) => {
                let turn = login.open();
                self.tried.push(login.name());
                self.state = State::Auth(login);
                self.say_auth(turn);
            }
            (_, Some(reason)) => {
                // After a refusal there is no mechanism left; that is no news.
                if self.tried.is_empty() {
                    self.note(Stage::Auth, What::Withheld { reason });
                }
                self.say_farewell();
            }
            (Err(_), None) => self.say_farewell(),
        }
    }

    fn auth_answered(&mut self, mut login: Login<'a>, reply: &Reply) {
        let fits = fit(Stage::Auth, reply);
        let accepts = fits == Fit::Accepts && !login.is_cancelled();
        // A server that answers `*` with one more challenge is not asked a third time.
        if fits == Fit::Continues && !login.is_cancelled() {
            let turn = login.answer(reply);
            self.state = State::Auth(login);
            return self.say_auth(turn);
        }
        if accepts && !login.is_proved() {
            // RFC 5802 §3: a server that says yes without its signature may be somebody else.
            self.note(Stage::Auth, What::AuthCancelled { reason: CancelReason::ServerUnproved });
            return self.say_farewell();
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
        self.say_farewell();
    }

    fn say_auth(&mut self, turn: Turn) {
        self.made.extend(turn.hides);
        if self.drain_stray(Stage::Auth) == Drained::Closing {
            return;
        }
        if let Some(text) = turn.heard {
            self.note(Stage::Auth, What::Explained { text });
        }
        if let Some(reason) = turn.cancelled {
            self.note(Stage::Auth, What::AuthCancelled { reason });
        }
        let text = turn.shown;
        self.steps.push_back(Step::Note(Stage::Auth, What::Sent { text, redacted: turn.redacted, recipient: None }));
        self.steps.push_back(Step::Send(turn.line));
    }

    fn begin_envelope(&mut self) {
        if self.script.envelope.is_none() || self.script.quit_after <= QuitAfter::Auth {
            return self.say_farewell();
        }
        if self.drain_stray(Stage::Mail) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.say_farewell();
        }
        let Some(envelope) = &self.script.envelope else { return };
        let smtputf8 = self.offers.has("SMTPUTF8");
        if let Some(address) = envelope.from.mailbox().filter(|from| from.needs_smtputf8() && !smtputf8) {
            let address = address.to_string();
            self.note(Stage::Mail, What::NeedsSmtputf8 { address, recipient: None });
            return self.say_farewell();
        }
        let needs = |at: usize| envelope.to.get(at).and_then(|to| to.mailbox()).is_some_and(|to| to.needs_smtputf8());
        let parameter = smtputf8
            && (envelope.from.mailbox().is_some_and(|from| from.needs_smtputf8()) || (0..envelope.to.len()).any(needs));
        let from = envelope.from.clone();
        let mut due = VecDeque::from([Line::new(Command::Mail { from, smtputf8: parameter }, Stage::Mail)]);
        if self.script.quit_after >= QuitAfter::Rcpt {
            for (number, to) in envelope.to.iter().enumerate() {
                if needs(number) && !smtputf8 {
                    let what = What::NeedsSmtputf8 { address: to.to_string(), recipient: Some(number) };
                    self.note(Stage::Rcpt, what);
                    continue;
                }
                let line = Line::new(Command::Rcpt { to: to.clone() }, Stage::Rcpt);
                due.push_back(Line { recipient: Some(number), ..line });
            }
        }
        if self.say(&due) == Drained::Clear {
            self.state = State::Envelope { due, transaction: Transaction::None };
        }
    }

    fn envelope_answered(&mut self, mut due: VecDeque<Line>, mut transaction: Transaction, reply: &Reply) {
        let answered = due.pop_front();
        if answered.is_some_and(|line| line.stage == Stage::Mail) && fit(Stage::Mail, reply) == Fit::Accepts {
            transaction = Transaction::Open;
        }
        // Without PIPELINING nothing more has gone out, and a refused MAIL makes every RCPT an echo of it. With it
        // the replies to the RCPTs of the flight are still to come.
        if let (Some(next), false) = (due.front(), self.pipelines())
            && self.drain_stray(next.stage) == Drained::Closing
        {
            return;
        }
        let goes_on = self.pipelines() || (transaction == Transaction::Open && self.pairing == Pairing::InStep);
        if due.is_empty() || !goes_on {
            return match transaction {
                Transaction::Open => self.reset_and_leave(),
                Transaction::None => self.say_farewell(),
            };
        }
        if self.pipelines() || self.say(&due) == Drained::Clear {
            self.state = State::Envelope { due, transaction };
        }
    }

    fn reset_and_leave(&mut self) {
        self.leave(VecDeque::from([Line::new(Command::Rset, Stage::Rset), Line::new(Command::Quit, Stage::Quit)]));
    }

    fn say_farewell(&mut self) {
        self.leave(VecDeque::from([Line::new(Command::Quit, Stage::Quit)]));
    }

    fn leave(&mut self, due: VecDeque<Line>) {
        if self.say(&due) == Drained::Clear {
            self.state = State::Farewell { due };
        }
    }

    fn farewell_answered(&mut self, mut due: VecDeque<Line>, reply: &Reply) {
        due.pop_front();
        if due.is_empty() {
            // The reply to QUIT is 221, and the last of the session. Where it is another, one more may be on its way.
            match fit(Stage::Quit, reply) {
                Fit::Accepts => self.hang_up_after_quit(),
                _ => self.state = State::Linger,
            }
            return;
        }
        if self.pipelines() || self.say(&due) == Drained::Clear {
            self.state = State::Farewell { due };
        }
    }

    fn hang_up_after_quit(&mut self) {
        let extra = self.framer.take_stray();
        if !extra.is_empty() {
            self.note_stray(Stage::Quit, &extra);
        }
        self.hang_up(Ok(()));
    }

    fn say_ehlo(&mut self, verb: Verb) {
        let name = self.script.ehlo.word(self.local);
        let command = match verb {
            Verb::Ehlo => Command::Ehlo(name),
            Verb::Helo => Command::Helo(name),
        };
        let stage = self.ehlo_stage();
        self.say_one(command, stage, State::Ehlo(verb));
    }

    fn say_starttls(&mut self) {
        if self.script.starttls == Starttls::WithNoop {
            if self.drain_stray(Stage::Starttls) == Drained::Closing {
                return;
            }
            let mut bytes = Zeroizing::new(Vec::new());
            for command in [Command::StartTls, Command::Noop] {
                bytes.extend_from_slice(&command.line());
                let what = What::Sent { text: command.to_string(), redacted: false, recipient: None };
                self.note(Stage::Starttls, what);
            }
            self.steps.push_back(Step::Send(bytes));
            self.state = State::StartTls;
            return;
        }
        self.say_one(Command::StartTls, Stage::Starttls, State::StartTls);
    }

    fn say_one(&mut self, command: Command, stage: Stage, next: State<'a>) {
        if self.say(&VecDeque::from([Line::new(command, stage)])) == Drained::Clear {
            self.state = next;
        }
    }

    /// Sends the first of the lines, or all of them in one flight if the server lets us (RFC 2920 §3.1).
    /// Nothing is sent to a server that has just said that it closes.
    fn say(&mut self, lines: &VecDeque<Line>) -> Drained {
        let stage = lines.front().map_or(Stage::Quit, |line| line.stage);
        if self.drain_stray(stage) == Drained::Closing {
            return Drained::Closing;
        }
        let together = if self.pipelines() { lines.len() } else { 1 };
        let mut bytes = Zeroizing::new(Vec::new());
        for line in lines.iter().take(together) {
            bytes.extend_from_slice(&line.command.line());
            let text = line.command.to_string();
            self.note(line.stage, What::Sent { text, redacted: false, recipient: line.recipient });
        }
        self.steps.push_back(Step::Send(bytes));
        Drained::Clear
    }

    fn pipelines(&self) -> bool {
        self.script.pacing == Pacing::Prompt && self.offers.has("PIPELINING")
    }

    fn ehlo_stage(&self) -> Stage {
        match self.line {
            LineState::Encrypted(_) => Stage::EhloTls,
            LineState::Plain => Stage::Ehlo,
        }
    }

    /// Nothing may be in the framer when a command goes out or TLS begins. What is there was asked for by nobody, with
    /// one exception: a server may say 421 at any time (RFC 5321 §3.8).
    fn drain_stray(&mut self, stage: Stage) -> Drained {
        let stray = self.framer.take_stray();
        if stray.is_empty() {
            return Drained::Clear;
        }
        let closing = reply::from_text(&String::from_utf8_lossy(&stray)).filter(|reply| reply.has_code(421));
        match closing.filter(|_| !matches!(self.state, State::Handshake)) {
            Some(reply) => {
                self.note(stage, What::Received { reply, recipient: None });
                self.hang_up(Ok(()));
                Drained::Closing
            }
            None => {
                let text = String::from_utf8_lossy(&stray);
                if self.script.pacing == Pacing::Prompt && could_be_reply(&text) {
                    self.pairing = Pairing::OutOfStep;
                }
                self.note_stray(stage, &stray);
                Drained::Clear
            }
        }
    }

    fn note_stray(&mut self, stage: Stage, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.note(stage, What::Stray { text, bytes: bytes.len() });
    }

    fn note(&mut self, stage: Stage, what: What) {
        self.steps.push_back(Step::Note(stage, what));
    }

    fn hang_up(&mut self, result: Result<(), Fault>) {
        self.state = State::Over;
        self.steps.push_back(Step::HangUp(result));
    }
}

/// What the secret tells of itself that is worth knowing when it is refused. The secret is not in it.
fn looks(credentials: &Credentials) -> Option<What> {
    match &credentials.proof {
        Proof::Token(secret) => {
            let facts = token::look(secret);
            let form = match facts.form {
                token::Form::Jwt => TokenForm::Jwt,
                token::Form::Refresh => TokenForm::Refresh,
                token::Form::Opaque => TokenForm::Opaque,
            };
            Some(What::Token { form, expires: facts.expires, audience: facts.audience })
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
            (!oddities.is_empty()).then_some(What::OddPassword { oddities })
        }
        Proof::NoSecret => None,
    }
}
