//! Runs one session: moves bytes between the socket and the [`Dialogue`], starts TLS when the dialogue requests it,
//! adds the time to its events, and enforces the deadlines.
//!
//! A deadline applies to a complete reply, not to a single read. It starts when a command or a group of commands has
//! been sent (or when TCP is connected) and restarts with each complete reply. A server that sends one byte per second
//! therefore reaches the deadline like a silent server.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::context::GatherContext;
use super::duration::milliseconds;
use super::stream::ServerStream;
use super::tap::Tap;
use super::{dial, socket, tls};
use crate::dialogue::{Access, Action, Dialogue, Peer};
use crate::evidence::{Answer, EventKind, Fault, Outcome, Phase, ProbeId, TlsFault, TlsFaultKind};
use crate::inquiry::Arrival;
use crate::question::SessionRequest;
use crate::sasl::{Credentials, Means};
use crate::wire::Host;

/// The maximum number of bytes per read.
const READ_SIZE: usize = 8 * 1024;

/// How long to wait for the greeting before a follow-up session starts. A shorter time is used if the timeout for a
/// reply is less than six times this value.
const QUIET: Duration = Duration::from_secs(5);
const QUIET_SHARE: u32 = 6;

/// The number of bytes that are shown if the response to a ClientHello was not TLS.
const FIRST_BYTES: usize = 64;

/// Runs the session to its end.
pub(crate) async fn hold(context: &Rc<GatherContext>, id: ProbeId, request: &SessionRequest) -> Outcome {
    let renamed = renamed(context, request);
    let credentials = renamed.as_ref().or(context.credentials.as_ref());
    let mut session = match SessionDriver::begin(context, id, request, credentials).await {
        Ok(session) => session,
        Err(fault) => return Outcome::Failed { fault },
    };
    let ended = loop {
        match session.advance().await {
            Ok(Advance::Tls) => {
                if let Err(fault) = session.secure().await {
                    break Err(fault);
                }
            }
            Ok(Advance::End(result)) => break result,
            Err(fault) => break Err(fault),
        }
    };
    match ended {
        Ok(()) => Outcome::Done { answer: Answer::Session },
        Err(fault) => Outcome::Failed { fault },
    }
}

/// The result of a session whose purpose is a TLS handshake.
pub(super) enum HandshakeLead {
    /// The handshake may begin on this connection.
    ToTls(ServerStream),
    /// The server ended the session earlier, in this phase.
    Elsewhere(Phase),
}

/// Runs the session until the handshake is due. The caller performs the handshake.
pub(super) async fn lead(
    context: &Rc<GatherContext>,
    id: ProbeId,
    request: &SessionRequest,
) -> Result<HandshakeLead, Fault> {
    let mut session = SessionDriver::begin(context, id, request, context.credentials.as_ref()).await?;
    match session.advance().await? {
        Advance::Tls => match session.connection {
            Connection::Plain(tap) => Ok(HandshakeLead::ToTls(tap.into_inner())),
            Connection::Tls(_) | Connection::Gone => Ok(HandshakeLead::Elsewhere(Phase::Tls)),
        },
        Advance::End(result) => result.map(|()| HandshakeLead::Elsewhere(session.last)),
    }
}

/// The progress of a session.
enum Advance {
    /// The handshake is due.
    Tls,
    /// The session is over.
    End(Result<(), Fault>),
}

struct SessionDriver<'a> {
    context: &'a Rc<GatherContext>,
    id: ProbeId,
    request: &'a SessionRequest,
    dialogue: Dialogue<'a>,
    connection: Connection,
    buffer: Vec<u8>,
    /// The start of the wait for the next reply.
    since: Instant,
    /// Ends the session early if no more results are needed.
    stop: Rc<Notify>,
    /// Whether the server has sent nothing so far, and no event has reported this.
    silent: bool,
    /// The phase of the last reply, except the reply to QUIT.
    last: Phase,
}

enum Connection {
    Plain(Tap),
    Tls(Box<TlsStream<Tap>>),
    /// The stream was consumed by a handshake that failed.
    Gone,
}

impl<'a> SessionDriver<'a> {
    /// Connects to the server.
    async fn begin(
        context: &'a Rc<GatherContext>,
        id: ProbeId,
        request: &'a SessionRequest,
        credentials: Option<&'a Credentials>,
    ) -> Result<SessionDriver<'a>, Fault> {
        let note = |what| {
            context.post(Arrival::Event { probe: id, at_ms: context.now_ms(), phase: Phase::Connect, tls: false, what })
        };
        let (stream, local) = match &request.host {
            Host::Socket(path) => (socket::open(context, path, note).await?, None),
            Host::Name(_) | Host::Ip(_) => {
                let (stream, local) = dial::dial(context, request, note).await?;
                // Without this, each small command would wait for the ACK of the previous one (RFC 9293 §3.7.4).
                let _ = stream.set_nodelay(true);
                (ServerStream::Tcp(stream), Some(unmapped(local.ip())))
            }
        };
        Ok(SessionDriver {
            context,
            id,
            request,
            dialogue: Dialogue::new(&request.script, access(context, request, credentials), local),
            connection: Connection::Plain(Tap::new(stream)),
            buffer: vec![0u8; READ_SIZE],
            since: Instant::now(),
            stop: context.stops.of(id),
            silent: true,
            last: Phase::Connect,
        })
    }

    /// Continues until the handshake is due or the session is over.
    async fn advance(&mut self) -> Result<Advance, Fault> {
        loop {
            // The secret is registered before the event that sends it, so that it is masked in all later events.
            self.context.echoes.hide(&self.dialogue.take_made());
            match self.dialogue.step() {
                Action::Note(phase, what) => {
                    if matches!(what, EventKind::Received { .. }) {
                        self.restart_clock();
                        if phase != Phase::Quit {
                            self.last = phase;
                        }
                    }
                    self.note(phase, self.dialogue.is_encrypted(), what);
                }
                Action::Send(bytes) => match self.send(&bytes).await {
                    Sent::All => self.restart_clock(),
                    // Continue reading: data that the server sent before it closed is more significant than the failed
                    // write.
                    Sent::Closed => {}
                    Sent::OutOfTime => return Err(Fault::Unread { phase: self.dialogue.phase() }),
                },
                Action::BeginTls => return Ok(Advance::Tls),
                Action::Await => self.listen().await?,
                Action::HangUp(result) => {
                    self.hang_up().await;
                    return Ok(Advance::End(result));
                }
            }
        }
    }

    async fn listen(&mut self) -> Result<(), Fault> {
        let SessionDriver { connection, buffer, dialogue, .. } = self;
        let reply_timeout = Duration::from_millis(self.context.plan.limits.reply_ms);
        let timeout = dialogue.reply_timeout().map_or(reply_timeout, |shorter| shorter.min(reply_timeout));
        let read = async {
            match connection {
                Connection::Plain(stream) => stream.read(buffer).await,
                Connection::Tls(stream) => stream.read(buffer).await,
                Connection::Gone => Ok(0),
            }
        };
        let quiet = (timeout / QUIET_SHARE).min(QUIET);
        let may_be_quiet = self.silent && dialogue.phase() == Phase::Greeting;
        tokio::select! {
            biased;
            read = read => match read {
                Ok(0) => dialogue.closed(false),
                Ok(count) if !self.context.receives(count) => dialogue.exhausted(),
                Ok(count) => {
                    self.silent = false;
                    dialogue.receive(self.buffer.get(..count).unwrap_or_default());
                }
                Err(error) => match tls::alert(&error) {
                    // In TLS 1.3, the server rejects or requires a client certificate only after the handshake (RFC
                    // 8446 §4.4.2.4, appendix E.1.2). With --quit-after starttls, QUIT is the first command over TLS.
                    Some(tls) if dialogue.phase() != Phase::Quit || self.last == Phase::Starttls => {
                        return Err(Fault::Tls { tls });
                    }
                    // A TLS connection that ends without close_notify is treated as closed. After QUIT this does not
                    // matter (RFC 8446 §6.1).
                    _ => dialogue.closed(error.kind() == io::ErrorKind::ConnectionReset),
                },
            },
            () = tokio::time::sleep_until(self.since + timeout) => dialogue.timed_out(milliseconds(timeout)),
            () = self.stop.notified() => dialogue.timed_out(milliseconds(self.since.elapsed())),
            () = tokio::time::sleep_until(self.since + quiet), if may_be_quiet => {
                self.silent = false;
                let waited_ms = milliseconds(quiet);
                self.note(Phase::Greeting, self.dialogue.is_encrypted(), EventKind::Quiet { waited_ms });
            }
        }
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8]) -> Sent {
        let deadline = Instant::now() + Duration::from_millis(self.context.plan.limits.reply_ms);
        let write = async {
            match &mut self.connection {
                Connection::Plain(stream) => stream.write_all(bytes).await,
                Connection::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Connection::Gone => Ok(()),
            }
        };
        match tokio::time::timeout_at(deadline, write).await {
            Ok(Ok(())) => Sent::All,
            Ok(Err(_)) => Sent::Closed,
            Err(_) => Sent::OutOfTime,
        }
    }

    async fn secure(&mut self) -> Result<(), Fault> {
        let Connection::Plain(tap) = std::mem::replace(&mut self.connection, Connection::Gone) else {
            return Err(Fault::Closed { phase: Phase::Tls, reset: false });
        };
        let began = Instant::now();
        let shaken = tokio::select! {
            biased;
            shaken = tls::handshake(self.context, self.request, tap) => shaken,
            () = self.stop.notified() => Err(TlsFault {
                kind: TlsFaultKind::Silent { waited_ms: milliseconds(began.elapsed()) },
                first_bytes: String::new(),
                detail: "the response is no longer needed".to_owned(),
                sni: None,
                server_hello: None,
            }),
        };
        let secured = shaken.map_err(|tls| {
            let first_bytes = tls.first_bytes.chars().take(FIRST_BYTES).collect();
            Fault::Tls { tls: TlsFault { first_bytes, ..tls } }
        })?;
        self.connection = Connection::Tls(Box::new(secured.stream));
        let handshake = secured.handshake;
        // All judgements use this time, so that all checks reach the same result.
        let verified = handshake.verifies(self.context.started_at);
        let handshake = Box::new(handshake);
        self.note(Phase::Tls, true, EventKind::Secured { handshake });
        if secured.is_resumable {
            self.note(Phase::Tls, true, EventKind::Tickets { count: 1 });
        }
        self.dialogue.secured(if verified { Peer::Verified } else { Peer::Unverified }, secured.binding);
        self.restart_clock();
        Ok(())
    }

    /// Closes TLS and TCP without waiting for the server.
    async fn hang_up(&mut self) {
        if let Connection::Tls(stream) = &self.connection {
            let count = stream.get_ref().1.tls13_tickets_received();
            if count > 0 {
                self.note(Phase::Tls, true, EventKind::Tickets { count });
            }
        }
        let farewell = async {
            match &mut self.connection {
                Connection::Plain(stream) => stream.shutdown().await,
                Connection::Tls(stream) => stream.shutdown().await,
                Connection::Gone => Ok(()),
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(50), farewell).await;
    }

    fn restart_clock(&mut self) {
        self.since = Instant::now();
    }

    fn note(&self, phase: Phase, tls: bool, what: EventKind) {
        self.context.post(Arrival::Event { probe: self.id, at_ms: self.context.now_ms(), phase, tls, what });
    }
}

/// The credentials and other inputs of a login.
fn access<'a>(
    context: &GatherContext,
    request: &SessionRequest,
    credentials: Option<&'a Credentials>,
) -> Option<Access<'a>> {
    let credentials = credentials?;
    let mut random = [0; 18];
    rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut random).ok()?;
    let unix_time = u64::try_from(context.started_at.as_second()).unwrap_or(0);
    // Base64 does not contain commas, which RFC 5802 §5.1 does not allow in a nonce.
    let means =
        Means { host: request.host.expected_name(), port: request.port, nonce: STANDARD.encode(random), unix_time };
    Some(Access { credentials, means })
}

/// The credentials with this session's user name, if it differs from the plan's: sources of client settings may name
/// different user names.
fn renamed(context: &GatherContext, request: &SessionRequest) -> Option<Credentials> {
    let user = &request.script.login.as_ref()?.user;
    let known = context.credentials.as_ref().filter(|known| known.user != *user)?;
    Some(known.for_user(user))
}

enum Sent {
    All,
    Closed,
    OutOfTime,
}

/// Converts an IPv4-mapped IPv6 address such as `::ffff:192.0.2.1` to the IPv4 address `192.0.2.1`.
fn unmapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}
