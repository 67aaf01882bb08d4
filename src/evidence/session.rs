//! One session, read back from the transcript: a view, nothing is stored twice.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::fit::{Fit, fit};
use super::quote::{Quote, QuoteOrigin};
use super::sequence::{self, Sequence};
use super::{DialResult, Event, EventKind, Evidence, Fault, Handshake, Phase, Probe};
use crate::plan::TlsUse;
use crate::question::SessionRequest;
use crate::wire::{Capabilities, Reply};

/// One session.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    evidence: &'a Evidence,
    /// The probe.
    pub probe: &'a Probe,
    /// The request.
    pub request: &'a SessionRequest,
}

/// A reply with the event that holds it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedReply<'a> {
    /// Where it is in the transcript.
    pub event: &'a Event,
    /// The reply.
    pub reply: &'a Reply,
    /// Which recipient it answers, from 0.
    pub recipient: Option<usize>,
}

impl ReceivedReply<'_> {
    /// How it fits the command that it is paired with.
    pub fn fit(&self) -> Fit {
        fit(self.event.phase, self.reply)
    }

    /// Whether it is the success that is defined for that command.
    pub fn accepts(&self) -> bool {
        self.fit() == Fit::Accepts
    }

    /// The words of the reply, to be put into a sentence.
    pub fn quoted(&self) -> Quote<'static> {
        self.quote(self.reply.joined())
    }

    /// Its first line as it came, to be put into a sentence.
    pub fn first_line(&self) -> Quote<'static> {
        self.quote(self.reply.lines().into_iter().next().unwrap_or_default())
    }

    /// Something that was read out of it, to be put into a sentence.
    pub fn quote(&self, text: String) -> Quote<'static> {
        self.event.quote(text)
    }
}

impl Event {
    /// Text of the peer from this event, to be put into a sentence.
    pub fn quote<'t>(&self, text: impl Into<Cow<'t, str>>) -> Quote<'t> {
        Quote { origin: QuoteOrigin::Event(self.seq), text: text.into() }
    }
}

impl Probe {
    /// Text of the peer from this attempt itself, to be put into a sentence.
    pub fn quote<'t>(&self, text: impl Into<Cow<'t, str>>) -> Quote<'t> {
        Quote { origin: QuoteOrigin::Attempt(self.id), text: text.into() }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(evidence: &'a Evidence, probe: &'a Probe, request: &'a SessionRequest) -> Session<'a> {
        Session { evidence, probe, request }
    }

    /// Its events, in order.
    pub fn events(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        let id = self.probe.id;
        self.evidence.transcript.iter().filter(move |event| event.probe == id)
    }

    /// The events that can be believed: where replies and commands got out of step, those up to the last certain point.
    pub fn believed(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        let until = self.sequence().believed_until();
        self.events().filter(move |event| until.is_none_or(|last| event.seq <= last))
    }

    /// Whether its replies belong to the commands that they are paired with.
    pub fn sequence(&self) -> Sequence<'a> {
        sequence::read(self.events(), self.request.script.pacing, self.fault())
    }

    /// Its replies that can be believed, in order.
    pub fn replies(&self) -> impl Iterator<Item = ReceivedReply<'a>> + use<'a> {
        let until = self.sequence().believed_until();
        self.all_replies().filter(move |heard| until.is_none_or(|last| heard.event.seq <= last))
    }

    /// All its replies as they were paired with commands, in order, whether that can be believed or not.
    pub fn all_replies(&self) -> impl Iterator<Item = ReceivedReply<'a>> + use<'a> {
        self.events().filter_map(|event| match &event.what {
            EventKind::Received { reply, recipient } => Some(ReceivedReply { event, reply, recipient: *recipient }),
            _ => None,
        })
    }

    /// The last reply at a step: the answer that decided it.
    pub fn reply_at(&self, phase: Phase) -> Option<ReceivedReply<'a>> {
        self.replies().filter(|heard| heard.event.phase == phase).last()
    }

    /// Where the last login that was begun was given up, if it was. With `--try-all-mechanisms` another one may have followed
    /// one that was given up.
    pub fn login_given_up(&self) -> Option<&'a Event> {
        let mut given_up = None;
        for event in self.events().filter(|event| event.phase == Phase::Auth) {
            match &event.what {
                EventKind::Sent { text, .. } if text.starts_with("AUTH ") => given_up = None,
                EventKind::AuthCancelled { .. } => given_up = given_up.or(Some(event)),
                _ => {}
            }
        }
        given_up
    }

    /// The reply to one recipient.
    pub fn reply_to_recipient(&self, number: usize) -> Option<ReceivedReply<'a>> {
        self.replies().find(|heard| heard.event.phase == Phase::Rcpt && heard.recipient == Some(number))
    }

    /// Where TCP is connected, and our end.
    pub fn connected(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.events().find_map(|event| match &event.what {
            EventKind::Dialled { address, result: DialResult::Connected { local }, .. } => Some((*address, *local)),
            _ => None,
        })
    }

    /// The handshake with its event.
    pub fn handshake(&self) -> Option<(&'a Event, &'a Handshake)> {
        self.events().find_map(|event| match &event.what {
            EventKind::Secured { handshake } => Some((event, handshake.as_ref())),
            _ => None,
        })
    }

    /// What was offered at EHLO before TLS, or inside it. A server that knows only HELO offers nothing.
    pub fn capabilities(&self, phase: Phase) -> Option<(ReceivedReply<'a>, Capabilities)> {
        let heard = self.reply_at(phase).filter(ReceivedReply::accepts)?;
        let offers = if self.fell_back_to_helo() { Capabilities::default() } else { Capabilities::read(heard.reply) };
        Some((heard, offers))
    }

    /// Whether EHLO was refused and HELO sent in its place (RFC 5321 §3.2).
    pub fn fell_back_to_helo(&self) -> bool {
        self.events().any(|event| matches!(&event.what, EventKind::Sent { text, .. } if text.starts_with("HELO ")))
    }

    /// What was offered at the EHLO that counted last.
    pub fn final_capabilities(&self) -> Option<(ReceivedReply<'a>, Capabilities)> {
        self.capabilities(Phase::EhloTls).or_else(|| self.capabilities(Phase::Ehlo))
    }

    /// Why it did not come to its end.
    pub fn fault(&self) -> Option<&'a Fault> {
        self.probe.fault()
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.probe.is_over()
    }

    /// The step that is waited for: the first one that was set off and has no answer.
    pub fn awaited(&self) -> Phase {
        let implicit = self.request.script.tls == TlsUse::Implicit;
        let mut due = vec![Phase::Connect];
        for event in self.events() {
            match &event.what {
                EventKind::Dialled { result: DialResult::Connected { .. }, .. } => {
                    due = vec![if implicit { Phase::Tls } else { Phase::Greeting }];
                }
                EventKind::Secured { .. } => due = if implicit { vec![Phase::Greeting] } else { Vec::new() },
                EventKind::Sent { .. } => due.push(event.phase),
                EventKind::Received { reply, .. } => {
                    if !due.is_empty() {
                        due.remove(0);
                    }
                    if event.phase == Phase::Starttls && reply.has_code(220) {
                        due.push(Phase::Tls);
                    }
                }
                _ => {}
            }
        }
        due.first().copied().unwrap_or(Phase::Quit)
    }
}
