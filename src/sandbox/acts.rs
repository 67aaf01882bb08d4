//! Performs the acts of a scenario: replies, raw bytes, TLS, challenges, and the ways to end a session.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::certificates::{Identity, ServerNames};
use super::hello::{self, MAX_HELLO, Reaction};
use super::journal::JournalSpeaker;
use super::scenario::{ServerAct, Trigger};
use super::session::{Flow, SandboxSession};
use super::transport::{READ_SIZE, Transport};

impl SandboxSession<'_> {
    pub(super) async fn perform(&mut self, acts: &[ServerAct]) -> io::Result<Flow> {
        for act in acts {
            if self.act(act).await? == Flow::Over {
                return Ok(Flow::Over);
            }
        }
        Ok(Flow::On)
    }

    async fn act(&mut self, act: &ServerAct) -> io::Result<Flow> {
        match act {
            ServerAct::Say(reply) => return self.send(reply).await,
            ServerAct::Capabilities => return self.send(&capabilities(self.host_name(), self.keywords())).await,
            ServerAct::Raw(_) | ServerAct::Times(..) | ServerAct::Endless(..) | ServerAct::Drip(..) => {
                self.send_bytes(act).await?;
            }
            ServerAct::Wait(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
            ServerAct::Tls | ServerAct::TlsCarrying | ServerAct::TlsHolding => return self.start_tls(act).await,
            ServerAct::Challenge(_) | ServerAct::Challenges(_) => return self.send_challenges(act).await,
            ServerAct::Silence
            | ServerAct::Deaf
            | ServerAct::HalfClose
            | ServerAct::Close
            | ServerAct::CloseRudely
            | ServerAct::Reset => return self.end(act).await,
        }
        Ok(Flow::On)
    }

    /// Sends raw bytes as the act requires: once, repeatedly, or slowly.
    async fn send_bytes(&mut self, act: &ServerAct) -> io::Result<()> {
        match act {
            ServerAct::Raw(bytes) => {
                self.record(JournalSpeaker::Server, || String::from_utf8_lossy(bytes).into_owned());
                self.write(bytes).await
            }
            ServerAct::Times(count, bytes) => {
                self.record(JournalSpeaker::Neither, || format!("{} bytes, {count} times", bytes.len()));
                self.write(&bytes.repeat(*count)).await
            }
            ServerAct::Endless(bytes, pause) => {
                self.record(JournalSpeaker::Neither, || format!("{} bytes, repeated endlessly", bytes.len()));
                let piece =
                    if *pause == 0 { bytes.repeat(READ_SIZE.div_ceil(bytes.len().max(1))) } else { bytes.to_vec() };
                loop {
                    self.write(&piece).await?;
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
            }
            ServerAct::Drip(bytes, pause) => {
                self.record(JournalSpeaker::Neither, || format!("{} bytes, one at a time", bytes.len()));
                for byte in *bytes {
                    self.write(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Starts TLS. Depending on the act, bytes that arrived before TLS are discarded or treated as sent over TLS.
    async fn start_tls(&mut self, act: &ServerAct) -> io::Result<Flow> {
        let mut carried = std::mem::take(&mut self.inbox);
        let flow = self.handshake().await?;
        match act {
            ServerAct::TlsCarrying => self.inbox = carried,
            ServerAct::TlsHolding => {
                self.inbox.clear();
                self.fill().await?;
                carried.append(&mut self.inbox);
                self.inbox = carried;
            }
            _ => {}
        }
        Ok(flow)
    }

    async fn send_challenges(&mut self, act: &ServerAct) -> io::Result<Flow> {
        match act {
            ServerAct::Challenge(size) => match self.challenge(&"QUFB".repeat(size.div_ceil(4))).await? {
                Some(_) => self.swallow().await,
                None => Ok(Flow::Over),
            },
            ServerAct::Challenges(text) => {
                while self.challenge(text).await?.is_some() {}
                Ok(Flow::Over)
            }
            _ => Ok(Flow::On),
        }
    }

    /// Ends the session as the act requires.
    async fn end(&mut self, act: &ServerAct) -> io::Result<Flow> {
        match act {
            ServerAct::Silence => {
                self.record(JournalSpeaker::Neither, || "sends no more data".to_owned());
                self.swallow().await
            }
            ServerAct::Deaf => {
                self.record(JournalSpeaker::Neither, || "stops reading and writing".to_owned());
                std::future::pending().await
            }
            ServerAct::HalfClose => {
                self.record(JournalSpeaker::Neither, || "closed for writing".to_owned());
                self.line.shutdown().await?;
                self.swallow().await
            }
            ServerAct::Reset => {
                let _ = match &self.line {
                    Transport::Plain(stream) => stream.set_zero_linger(),
                    Transport::Tls(stream) => stream.get_ref().0.set_zero_linger(),
                    Transport::Gone => Ok(()),
                };
                self.line = Transport::Gone;
                Ok(Flow::Over)
            }
            ServerAct::CloseRudely => {
                self.line = Transport::Gone;
                Ok(Flow::Over)
            }
            _ => Ok(Flow::Over),
        }
    }

    async fn perform_half_close(&mut self) -> io::Result<Flow> {
        let _ = self.line.shutdown().await;
        self.swallow().await
    }

    /// Reads and discards data until the client closes the connection.
    async fn swallow(&mut self) -> io::Result<Flow> {
        while self.fill().await? > 0 {
            self.inbox.clear();
        }
        Ok(Flow::Over)
    }

    pub(super) async fn handshake(&mut self) -> io::Result<Flow> {
        // Boxed, because acts can start a handshake and a handshake can perform acts.
        if let Some(acts) = self.server.on(Trigger::Handshake) {
            return Box::pin(self.perform(acts)).await;
        }
        let server = &self.server;
        let at = ServerNames { name: self.scenario.name, ip: self.visit.at };
        let identity = self.certificates.identity(server.identity, server.tls, at).map_err(io::Error::other)?;
        let Transport::Plain(stream) = std::mem::replace(&mut self.line, Transport::Gone) else {
            return Ok(Flow::Over);
        };
        match self.first_flight(&stream, &identity).await? {
            Reaction::LeaveToLibrary => {}
            Reaction::Close => return Ok(Flow::Over),
            Reaction::Send(bytes) => {
                self.line = Transport::Plain(stream);
                self.record(JournalSpeaker::Neither, || {
                    format!("ClientHello answered with {} prepared bytes", bytes.len())
                });
                self.write(&bytes).await?;
                return self.swallow().await;
            }
        }
        let accepted = TlsAcceptor::from(identity.config.clone()).accept(stream).into_fallible().await;
        let stream = match accepted {
            Ok(stream) => stream,
            Err((error, stream)) => {
                // Closing with unread bytes would reset the connection, and the client might not receive the alert.
                self.line = Transport::Plain(stream);
                let _ = tokio::time::timeout(Duration::from_secs(1), self.perform_half_close()).await;
                return Err(error);
            }
        };
        let connection = stream.get_ref().1;
        self.client_certificate = connection.peer_certificates().is_some_and(|chain| !chain.is_empty());
        // RFC 9266 §2: the exporter is used for channel binding only in TLS 1.3.
        let is_13 = connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        self.binding = is_13
            .then(|| connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok())
            .flatten()
            .map(|bytes| bytes.to_vec());
        let version = if is_13 { "TLS 1.3" } else { "TLS 1.2" };
        self.record(JournalSpeaker::Neither, || format!("{version} active"));
        self.line = Transport::Tls(Box::new(stream));
        self.inside = true;
        match self.server.on(Trigger::Secured) {
            Some(acts) => Box::pin(self.perform(acts)).await,
            None => Ok(Flow::On),
        }
    }

    /// Peeks at the ClientHello and decides whether the TLS library handles it or `hello` answers it.
    async fn first_flight(&self, stream: &TcpStream, identity: &Identity) -> io::Result<Reaction> {
        let answer = self.server.hello;
        if answer == hello::HelloAnswer::Library {
            return Ok(Reaction::LeaveToLibrary);
        }
        let mut buffer = vec![0; MAX_HELLO];
        for _ in 0..100 {
            let count = stream.peek(&mut buffer).await?;
            let seen = buffer.get(..count).unwrap_or_default();
            match hello::record_length(seen) {
                Ok(Some(length)) if count >= length.min(MAX_HELLO) => {
                    return Ok(hello::react(answer, seen, &identity.chain));
                }
                Ok(_) if count > 0 => tokio::time::sleep(Duration::from_millis(5)).await,
                Ok(_) | Err(()) => break,
            }
        }
        Ok(Reaction::LeaveToLibrary)
    }
}

/// The reply to EHLO (RFC 5321 §4.1.1.1).
fn capabilities(host: &str, keywords: &[&str]) -> String {
    let lines: Vec<&str> = std::iter::once(host).chain(keywords.iter().copied()).collect();
    let last = lines.len() - 1;
    let line = |(at, text): (usize, &&str)| format!("250{}{text}", if at == last { ' ' } else { '-' });
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::capabilities;

    #[test]
    fn the_reply_to_ehlo_ends_with_a_line_with_a_space() {
        assert_eq!(capabilities("localhost", &["SIZE 1", "STARTTLS"]), "250-localhost\n250-SIZE 1\n250 STARTTLS");
        assert_eq!(capabilities("localhost", &[]), "250 localhost");
    }
}
