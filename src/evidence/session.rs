//! A view of one session in the transcript. It contains no data of its own.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use super::fit::{Fit, fit};
use super::quote::{Quote, QuoteOrigin};
use super::sequence::{self, Sequence};
use super::{DialResult, Event, EventKind, Evidence, Fault, Handshake, Phase, Probe, SocketResult, TunnelResult};
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

/// A reply with the event that contains it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedReply<'a> {
    /// The event in the transcript.
    pub event: &'a Event,
    /// The reply.
    pub reply: &'a Reply,
    /// The index of the recipient that it refers to, from 0.
    pub recipient: Option<usize>,
}

impl ReceivedReply<'_> {
    /// How it fits the command that it is paired with.
    pub fn fit(&self) -> Fit {
        fit(self.event.phase, self.reply)
    }

    /// Whether it is the success code that is defined for that command.
    pub fn accepts(&self) -> bool {
        self.fit() == Fit::Accepts
    }

    /// The text of the reply, for use in a sentence.
    pub fn quoted(&self) -> Quote<'static> {
        self.quote(self.reply.joined())
    }

    /// Its first line as received, for use in a sentence.
    pub fn first_line(&self) -> Quote<'static> {
        self.quote(self.reply.first_line())
    }

    /// A part of the reply, for use in a sentence.
    pub fn quote(&self, text: String) -> Quote<'static> {
        self.event.quote(text)
    }
}

impl Event {
    /// Text from the peer in this event, for use in a sentence.
    pub fn quote<'t>(&self, text: impl Into<Cow<'t, str>>) -> Quote<'t> {
        Quote { origin: QuoteOrigin::Event(self.seq), text: text.into() }
    }
}

impl Probe {
    /// Text from the peer in this probe's outcome, for use in a sentence.
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

    /// The events that can be trusted. If replies and commands got out of step, these are the events up to the last
    /// point at which they were certainly in step.
    pub fn believed(&self) -> impl Iterator<Item = &'a Event> + use<'a> {
        let until = self.sequence().believed_until();
        self.events().filter(move |event| until.is_none_or(|last| event.seq <= last))
    }

    /// Whether its replies belong to the commands that they are paired with.
    pub fn sequence(&self) -> Sequence<'a> {
        sequence::read(self.events(), self.request.script.pacing, self.fault())
    }

    /// The replies that can be trusted, in order.
    pub fn replies(&self) -> impl Iterator<Item = ReceivedReply<'a>> + use<'a> {
        let until = self.sequence().believed_until();
        self.all_replies().filter(move |received| until.is_none_or(|last| received.event.seq <= last))
    }

    /// All replies in order, including those that may be paired with the wrong command.
    pub fn all_replies(&self) -> impl Iterator<Item = ReceivedReply<'a>> + use<'a> {
        self.events().filter_map(|event| match &event.what {
            EventKind::Received { reply, recipient } => Some(ReceivedReply { event, reply, recipient: *recipient }),
            _ => None,
        })
    }

    /// The last reply in a phase, which determines the result of the phase.
    pub fn reply_at(&self, phase: Phase) -> Option<ReceivedReply<'a>> {
        self.replies().filter(|received| received.event.phase == phase).last()
    }

    /// The event at which the last AUTH exchange was cancelled, if it was. With `--try-all-mechanisms`, another
    /// exchange may follow a cancelled one.
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
        self.replies().find(|received| received.event.phase == Phase::Rcpt && received.recipient == Some(number))
    }

    /// Whether a connection to the server was established, directly or through a proxy.
    pub fn is_connected(&self) -> bool {
        self.connected().is_some() || self.tunnel().is_some()
    }

    /// The event in which the proxy connected to the server.
    pub fn tunnel(&self) -> Option<&'a Event> {
        self.events().find(|event| matches!(event.what, EventKind::Tunnelled { result: TunnelResult::Connected, .. }))
    }

    /// The IP address of the server, unless a proxy looked it up.
    pub fn server_address(&self) -> Option<IpAddr> {
        let direct = self.connected().map(|(peer, _)| peer.ip());
        direct.or_else(|| match &self.tunnel()?.what {
            EventKind::Tunnelled { address, .. } => address.map(|address| address.ip()),
            _ => None,
        })
    }

    /// The remote and the local address of the TCP connection. `None` if the connection goes through a proxy.
    pub fn connected(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.events().find_map(|event| match &event.what {
            EventKind::Dialled { address, result: DialResult::Connected { local }, .. } => Some((*address, *local)),
            _ => None,
        })
    }

    /// The TLS handshake with its event.
    pub fn handshake(&self) -> Option<(&'a Event, &'a Handshake)> {
        self.events().find_map(|event| match &event.what {
            EventKind::Secured { handshake } => Some((event, handshake.as_ref())),
            _ => None,
        })
    }

    /// The extensions advertised in reply to EHLO, before TLS or over TLS. A server that supports only HELO
    /// advertises no extensions.
    pub fn capabilities(&self, phase: Phase) -> Option<(ReceivedReply<'a>, Capabilities)> {
        let received = self.reply_at(phase).filter(ReceivedReply::accepts)?;
        let offers =
            if self.fell_back_to_helo() { Capabilities::default() } else { Capabilities::read(received.reply) };
        Some((received, offers))
    }

    /// Whether HELO was sent: EHLO was rejected (RFC 5321 §3.2), or the user requested HELO.
    pub fn fell_back_to_helo(&self) -> bool {
        self.events().any(|event| matches!(&event.what, EventKind::Sent { text, .. } if text.starts_with("HELO ")))
    }

    /// The extensions advertised in reply to the last successful EHLO.
    pub fn final_capabilities(&self) -> Option<(ReceivedReply<'a>, Capabilities)> {
        self.capabilities(Phase::EhloTls).or_else(|| self.capabilities(Phase::Ehlo))
    }

    /// The SASL mechanism of the last AUTH command.
    pub fn mechanism(&self) -> Option<&'a str> {
        let sent = self.events().filter_map(|event| match &event.what {
            EventKind::Sent { text, .. } => text.strip_prefix("AUTH ")?.split(' ').next(),
            _ => None,
        });
        sent.last()
    }

    /// Why the session ended early, if it did.
    pub fn fault(&self) -> Option<&'a Fault> {
        self.probe.fault()
    }

    /// Whether the session has ended.
    pub fn is_over(&self) -> bool {
        self.probe.is_over()
    }

    /// The phase whose reply is due: the first that was started and has no reply yet.
    pub fn awaited(&self) -> Phase {
        let implicit = self.request.script.tls == TlsUse::Implicit;
        let mut due = vec![Phase::Connect];
        for event in self.events() {
            match &event.what {
                EventKind::Dialled { result: DialResult::Connected { .. }, .. }
                | EventKind::SocketOpened { result: SocketResult::Connected, .. }
                | EventKind::Tunnelled { result: TunnelResult::Connected, .. } => {
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
