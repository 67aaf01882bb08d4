//! Whether the replies of a session still belong to the commands that they are paired with.
//!
//! SMTP pairs replies with commands by order alone (RFC 5321 §4.2: exactly one reply to each command), so one reply too
//! many or too few moves every later one. Proof that this happened:
//!
//! 1. bytes that could be a reply arrived before a command was sent (in a session that waits before each command this
//!    keeps the session in step, and proves nothing);
//! 2. a reply belongs to another command ([`Fit::Foreign`]), or is about a login after one was accepted;
//! 3. another reply follows the reply to QUIT;
//! 4. a flight of pipelined commands got fewer replies than it has commands, and then silence: any of them may be missing.
//!
//! The proof may come long after the fault, so nothing behind the last certain point is believed, where that point is
//! the latest of: the greeting, which is the first reply there is; the list of extensions that EHLO got directly behind a
//! certain point (no other reply is a list); the TLS handshake, which no byte of the session crosses.

use super::fit::{Fit, fit, is_about_login};
use super::{Event, EventId, EventKind, Fault, Phase};
use crate::question::Pacing;
use crate::wire::{Reply, ReplyCode};

/// What the events of a session show about the pairing of replies with commands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence<'a> {
    /// Out of step, and replies are in doubt for it.
    pub broken: Option<Break<'a>>,
    /// Out of step before TLS; the handshake put it in step again, and no reply is in doubt.
    pub resumed: Option<Break<'a>>,
    /// The first command of a pipelined flight of which one was not answered.
    pub swallowed: Option<&'a Event>,
}

/// Replies and commands are out of step.
#[derive(Clone, Copy, Debug)]
pub struct Break<'a> {
    /// What proves it.
    pub proof: &'a Event,
    /// The last event that is certain.
    pub certain: &'a Event,
    /// Whether the proof follows the reply to QUIT.
    pub is_behind_quit: bool,
    /// The phase that follows it or is it: the first that may have got a reply too many or too few.
    pub phase: Phase,
}

impl Sequence<'_> {
    /// The last event whose reply is believed; none when all are.
    pub fn believed_until(&self) -> Option<EventId> {
        let before = |first: &Event| EventId(first.seq.0.saturating_sub(1));
        let broken = self.broken.map(|broken| broken.certain.seq);
        let swallowed = self.swallowed.map(before);
        broken.into_iter().chain(swallowed).min()
    }
}

/// Reads the events of one session, in order.
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
    /// The server did not let the session begin: nothing was asked.
    Enough,
}

struct Walk<'a> {
    pacing: Pacing,
    certain: Option<&'a Event>,
    phase: Phase,
    /// Every reply up to here is certain.
    in_step: bool,
    broken: Option<Break<'a>>,
    resumed: Option<Break<'a>>,
    login_accepted: bool,
    /// The server has not ended the login: it takes everything for an answer to its challenge.
    login_open: bool,
    starttls_accepted: bool,
    /// The code of the last reply, if it rejects.
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
            // A server that does not serve this client rejects everything in the same words, QUIT too.
            Fit::Foreign => !(phase == Phase::Quit && self.rejected.is_some() && self.rejected == reply.code),
            Fit::Rejects => self.login_accepted && matches!(phase, Phase::Mail | Phase::Rcpt) && is_about_login(reply),
            _ => false,
        }
    }

    fn is_proof(&self, event: &Event, text: &str) -> bool {
        // Behind the 220 to STARTTLS it is no reply but an injection: `check::starttls` has it.
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

/// Whether unasked bytes could have passed for the reply to the next command: some line begins with a digit.
pub(crate) fn could_be_reply(text: &str) -> bool {
    text.split('\n').any(|line| line.starts_with(|c: char| c.is_ascii_digit()))
}

/// MAIL and the RCPTs that were sent before its reply had come (RFC 2920 §3.1).
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
