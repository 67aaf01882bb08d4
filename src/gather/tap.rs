//! A stream that records the response to a ClientHello: the first bytes, and the unencrypted part of the first flight.
//! If a handshake fails, these bytes show which protocol the server actually uses. If it succeeds, they show facts that
//! the TLS library does not report (RFC 5746, RFC 7627). Recording adds no round trip, and the size is limited.
//!
//! Each read also makes the kernel acknowledge the received data immediately (see [`ServerStream::acknowledge`]).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::ServerStream;
use crate::wire::tls::{FlightReader, ServerHello, TlsAnswer};

/// The maximum number of first bytes that are kept.
const KEPT: usize = 512;

pub(crate) struct Tap {
    inner: ServerStream,
    /// `None` before TLS begins. It is shared, because an aborted handshake drops the stream.
    opening: Option<Arc<Mutex<Opening>>>,
}

/// The data that the server has sent since the ClientHello.
#[derive(Default)]
pub(crate) struct Opening {
    first: Vec<u8>,
    /// Stops recording at the end of the first flight or at its size limit.
    reader: FlightReader,
    answer: Option<TlsAnswer>,
}

impl Opening {
    fn take(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if self.answer.is_none() {
            self.answer = self.reader.push(bytes);
        }
    }

    /// The first bytes.
    pub(crate) fn first_bytes(&self) -> Vec<u8> {
        self.first.clone()
    }

    /// The ServerHello, and the contents of the later unencrypted messages that were received. Certificates are left
    /// out.
    pub(crate) fn server_hello(&mut self) -> Option<ServerHello> {
        match self.answer.take().or_else(|| std::mem::take(&mut self.reader).finish()) {
            Some(TlsAnswer::ServerHello(hello)) => Some(ServerHello { certificates: Vec::new(), ..hello }),
            Some(
                TlsAnswer::Alert { .. } | TlsAnswer::Sslv2 | TlsAnswer::NotTls { .. } | TlsAnswer::Malformed { .. },
            )
            | None => None,
        }
    }
}

impl Tap {
    pub(crate) fn new(inner: ServerStream) -> Tap {
        Tap { inner, opening: None }
    }

    /// Returns the underlying stream.
    pub(crate) fn into_inner(self) -> ServerStream {
        self.inner
    }

    /// Starts recording: later bytes are the response to a ClientHello.
    pub(crate) fn arm(&mut self) -> Arc<Mutex<Opening>> {
        Arc::clone(self.opening.insert(Arc::default()))
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if !fresh.is_empty() {
            self.inner.acknowledge();
        }
        if let Some(Ok(mut opening)) = self.opening.as_ref().map(|opening| opening.lock()) {
            opening.take(fresh);
        }
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::stream::ServerStream;
    use super::Tap;

    fn tcp(stream: &ServerStream) -> &TcpStream {
        match stream {
            ServerStream::Tcp(stream) => stream,
            ServerStream::Unix(_) => unreachable!("the stream is TCP"),
        }
    }

    #[tokio::test]
    async fn received_data_is_acknowledged_at_once_after_each_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (mut server, _) = listener.accept().await.expect("a connection");
        let mut tap = Tap::new(ServerStream::Tcp(client));
        let mut buffer = [0; 16];
        for _ in 0..8 {
            // Linux delays acknowledgements as soon as data flows in both directions.
            server.write_all(b"250 ok\r\n").await.expect("it is written");
            assert_eq!(tap.read(&mut buffer).await.expect("it is read"), 8);
            assert!(tcp(&tap.inner).quickack().expect("Linux has this option"));
            tap.write_all(b"NOOP\r\n").await.expect("it is written");
            assert_eq!(server.read(&mut buffer).await.expect("it is read"), 6);
        }
        // The same test without the tap.
        let ServerStream::Tcp(mut client) = tap.into_inner() else { unreachable!("the stream is TCP") };
        for _ in 0..8 {
            server.write_all(b"250 ok\r\n").await.expect("it is written");
            assert_eq!(client.read(&mut buffer).await.expect("it is read"), 8);
            client.write_all(b"NOOP\r\n").await.expect("it is written");
            assert_eq!(server.read(&mut buffer).await.expect("it is read"), 6);
        }
        assert!(!client.quickack().expect("Linux has this option"));
    }
}
