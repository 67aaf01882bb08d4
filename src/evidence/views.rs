//! Views of the evidence, by session and by ClientHello.

use std::net::IpAddr;

use super::event::{DialResult, EventKind};
use super::fault::Fault;
use super::hello_probe::HelloProbe;
use super::place::Phase;
use super::record::Evidence;
use super::session::Session;
use crate::question::{Purpose, Question};

impl Evidence {
    /// All sessions, each with its request.
    pub fn sessions(&self) -> impl Iterator<Item = Session<'_>> {
        self.probes.iter().filter_map(|probe| match &probe.question {
            Question::Session(request) => Some(Session::new(self, probe, request)),
            Question::Resolve { .. }
            | Question::Hello(_)
            | Question::Records(_)
            | Question::Fetch(_)
            | Question::Machine { .. } => None,
        })
    }

    /// All probes that send a single ClientHello, in the order in which they were asked.
    pub fn hellos(&self) -> impl Iterator<Item = HelloProbe<'_>> {
        self.probes.iter().filter_map(|probe| match &probe.question {
            Question::Hello(request) => Some(HelloProbe { probe, request }),
            Question::Resolve { .. }
            | Question::Session(_)
            | Question::Records(_)
            | Question::Fetch(_)
            | Question::Machine { .. } => None,
        })
    }

    /// The session that the user requested.
    pub fn main_session(&self) -> Option<Session<'_>> {
        self.sessions().find(|session| session.request.purpose == Purpose::Main)
    }

    /// The IP addresses of the host without a completed session, if the main session connected to a different
    /// address. The addresses of `localhost` are left out, because they belong to the same machine.
    pub fn untested_addresses(&self) -> Vec<IpAddr> {
        let connected = self.main_session().is_some_and(|session| session.is_connected());
        let Some((_, Some(names))) = self.names().filter(|_| connected) else { return Vec::new() };
        let was_tried = |ip: &IpAddr| {
            self.transcript.iter().any(|event| match &event.what {
                EventKind::Dialled { address, result, .. } => {
                    address.ip() == *ip && !matches!(result, DialResult::Overtaken)
                }
                EventKind::Tunnelled { address, .. } => address.is_some_and(|address| address.ip() == *ip),
                _ => false,
            })
        };
        let is_localhost = names.host.ascii().eq_ignore_ascii_case("localhost");
        names.addresses().filter(|ip| !is_localhost && !was_tried(ip)).collect()
    }

    /// The session whose result counts: normally the main session. If its replies and commands got out of step or a
    /// pipelined command was lost, the follow-up session that waits before each command counts instead, provided that
    /// the server accepted it.
    pub fn decisive_session(&self) -> Option<Session<'_>> {
        let main = self.main_session()?;
        if main.sequence().believed_until().is_none() {
            return Some(main);
        }
        let begun =
            |session: &Session<'_>| session.reply_at(Phase::Greeting).is_some_and(|received| received.accepts());
        // If a reply never ended, the follow-up does not show which reply belongs to which command.
        let ends = |session: &Session<'_>| !matches!(session.fault(), Some(Fault::Endless { .. }));
        Some(
            self.probes(Purpose::InStep)
                .find(|session| session.is_over() && begun(session) && ends(session))
                .unwrap_or(main),
        )
    }

    /// The session that shows the certificate. A completed handshake is certain, regardless of later events.
    pub fn secured_session(&self) -> Option<Session<'_>> {
        self.main_session().filter(|session| session.handshake().is_some()).or_else(|| self.decisive_session())
    }

    /// The follow-up sessions of one kind.
    pub fn probes(&self, purpose: Purpose) -> impl Iterator<Item = Session<'_>> {
        self.sessions().filter(move |session| session.request.purpose == purpose)
    }
}
