//! Decides whether the replies of a session still belong to the commands that they are paired with.
//!
//! In SMTP, the order alone determines which reply belongs to which command (RFC 5321 §4.2: exactly one reply to each
//! command). An extra or a missing reply therefore shifts all later replies. Any of the following proves that this
//! happened:
//!
//! 1. Bytes that could be a reply arrived before a command was sent. (This does not count in a session that waits
//!    before each command, because the wait keeps it in step.)
//! 2. A reply belongs to another command ([`Fit::Foreign`]), or refers to a login after the login was accepted.
//! 3. A second reply follows the reply to QUIT.
//! 4. A group of pipelined commands received fewer replies than it has commands, and then the server sent nothing more.
//!    Any of the replies may be the missing one.
//!
//! The proof may appear long after the fault. Therefore replies are trusted only up to the last point where the session
//! was certainly in step. That is the latest of these points:
//!
//! - the greeting, because it is the first reply;
//! - a list of extensions in reply to EHLO, if it directly follows another such point (no other reply is a list);
//! - the TLS handshake, because no earlier bytes of the session are read after it.

use super::fit::{Fit, fit, is_about_login};
use super::{Event, EventId, EventKind, Fault, Phase};
use crate::question::Pacing;
use crate::wire::{Reply, ReplyCode};

/// Proof from the events of a session that replies and commands are out of step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence<'a> {
    /// The session got out of step, and later replies cannot be trusted.
    pub broken: Option<Break<'a>>,
    /// The session got out of step before TLS. The TLS handshake put the session back in step, so later replies can be
    /// trusted.
    pub resumed: Option<Break<'a>>,
    /// The first command of a pipelined group in which one command was not answered.
    pub swallowed: Option<&'a Event>,
}

/// Replies and commands got out of step.
#[derive(Clone, Copy, Debug)]
pub struct Break<'a> {
    /// The event that proves it.
    pub proof: &'a Event,
    /// The last event at which the session was certainly in step.
    pub certain: &'a Event,
    /// Whether the proof follows the reply to QUIT.
    pub is_behind_quit: bool,
    /// The first phase that may have received too many or too few replies: the phase of `certain`, or the next phase.
    pub phase: Phase,
}

impl Sequence<'_> {
    /// The last event whose reply can be trusted; `None` if all replies can be trusted.
    pub fn believed_until(&self) -> Option<EventId> {
        let before = |first: &Event| EventId(first.seq.0.saturating_sub(1));
        let broken = self.broken.map(|broken| broken.certain.seq);
        let swallowed = self.swallowed.map(before);
        broken.into_iter().chain(swallowed).min()
    }
}

/// Evaluates the events of one session, in order.
pub(crate) fn read<'a>(events: impl Iterator<Item = &'a Event>, pacing: Pacing, fault: Option<&Fault>) -> Sequence<'a> {
    let mut walk = Walk::new(pacing);
    for event in events {
        if walk.take(event) == Interest::Enough {
            return Sequence::default();
        }
    }
    let silent = matches!(fault, Some(Fault::Silent { phase: Phase::Rcpt, .. }));
    Sequence { broken: walk.broken, resumed: walk.resumed, swallowed: walk.flight.unanswered().filter(|_| silent) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Interest {
    More,
    /// The greeting rejected the client, so no command followed, and later events are ignored.
    Enough,
}

struct Walk<'a> {
    pacing: Pacing,
    certain: Option<&'a Event>,
    phase: Phase,
    /// Whether every reply so far was certainly in step.
    in_step: bool,
    broken: Option<Break<'a>>,
    resumed: Option<Break<'a>>,
    login_accepted: bool,
    /// The server has not ended the login, so it interprets every line as a response to its challenge.
    login_open: bool,
    starttls_accepted: bool,
    /// The code of the last reply, if that reply was a rejection.
    rejected: Option<ReplyCode>,
    left: bool,
    flight: Flight<'a>,
}

impl<'a> Walk<'a> {
    fn new(pacing: Pacing) -> Walk<'a> {
        Walk {
            pacing,
            certain: None,
            phase: Phase::Greeting,
            in_step: true,
            broken: None,
            resumed: None,
            login_accepted: false,
            login_open: false,
            starttls_accepted: false,
            rejected: None,
            left: false,
            flight: Flight::default(),
        }
    }

    fn take(&mut self, event: &'a Event) -> Interest {
        match &event.what {
            EventKind::Secured { .. } => {
                self.resumed = self.resumed.or(self.broken.take());
                (self.certain, self.in_step, self.starttls_accepted) = (Some(event), true, false);
                self.phase = Phase::EhloTls;
            }
            EventKind::Sent { .. } => self.flight.sent(event),
            EventKind::Stray { text, .. } if self.is_proof(event, text) => self.break_at(event),
            EventKind::Received { reply, .. } => return self.received(event, reply),
            _ => {}
        }
        Interest::More
    }

    fn received(&mut self, event: &'a Event, reply: &Reply) -> Interest {
        let fits = fit(event.phase, reply);
        if event.phase == Phase::Greeting && fits != Fit::Accepts {
            return Interest::Enough;
        }
        self.flight.received(event);
        if self.is_foreign(event.phase, reply, fits) {
            self.break_at(event);
        }
        let is_list = fits == Fit::Accepts && reply.text.len() > 1;
        let holds = match event.phase {
            Phase::Greeting => true,
            Phase::Ehlo | Phase::EhloTls => is_list,
            _ => false,
        };
        if self.in_step && holds {
            (self.certain, self.phase) = (Some(event), event.phase);
        }
        self.in_step &= holds;
        match event.phase {
            Phase::Auth => {
                self.login_accepted = fits == Fit::Accepts;
                self.login_open = fits == Fit::Continues;
            }
            Phase::Starttls => self.starttls_accepted = fits == Fit::Accepts,
            Phase::Quit => self.left = true,
            _ => {}
        }
        self.rejected = reply.code.filter(|_| fits == Fit::Rejects);
        Interest::More
    }

    fn is_foreign(&self, phase: Phase, reply: &Reply, fits: Fit) -> bool {
        match fits {
            Fit::Foreign if self.login_open => false,
            // A server that does not serve this client rejects every command with the same reply, even QUIT.
            Fit::Foreign => !(phase == Phase::Quit && self.rejected.is_some() && self.rejected == reply.code),
            Fit::Rejects => self.login_accepted && matches!(phase, Phase::Mail | Phase::Rcpt) && is_about_login(reply),
            _ => false,
        }
    }

    fn is_proof(&self, event: &Event, text: &str) -> bool {
        // Bytes after the 220 to STARTTLS are not a reply but an injection, which `check::starttls` reports.
        let injected = event.phase == Phase::Starttls && !event.tls && self.starttls_accepted;
        let waited = self.pacing == Pacing::Paused && !self.left;
        !injected && !waited && could_be_reply(text)
    }

    fn break_at(&mut self, proof: &'a Event) {
        if let (None, Some(certain)) = (self.broken, self.certain) {
            self.broken = Some(Break { proof, certain, is_behind_quit: self.left, phase: self.phase });
        }
    }
}

/// Whether unsolicited bytes could be mistaken for the reply to the next command, because a line begins with a digit.
pub(crate) fn could_be_reply(text: &str) -> bool {
    text.split('\n').any(|line| line.starts_with(|c: char| c.is_ascii_digit()))
}

/// MAIL and the RCPT commands that were sent before the reply to MAIL had arrived (RFC 2920 §3.1).
#[derive(Default)]
struct Flight<'a> {
    first: Option<&'a Event>,
    commands: usize,
    replies: usize,
    is_pipelined: bool,
}

impl<'a> Flight<'a> {
    fn sent(&mut self, event: &'a Event) {
        match event.phase {
            Phase::Mail => *self = Flight { first: Some(event), commands: 1, ..Flight::default() },
            Phase::Rcpt => {
                self.commands += 1;
                self.is_pipelined |= self.replies == 0;
            }
            _ => {}
        }
    }

    fn received(&mut self, event: &Event) {
        if matches!(event.phase, Phase::Mail | Phase::Rcpt) {
            self.replies += 1;
        }
    }

    fn unanswered(&self) -> Option<&'a Event> {
        self.first.filter(|_| self.is_pipelined && self.replies > 0 && self.replies < self.commands)
    }
}
