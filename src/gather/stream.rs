//! The connection of a session before TLS: TCP, or a Unix socket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// A connection to the server.
pub(crate) enum ServerStream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl ServerStream {
    /// Acknowledges the data that was received so far, without the usual delay (RFC 9293 §3.8.6.3 allows up to 0.5 s,
    /// Linux uses 40 ms).
    ///
    /// Postfix, Sendmail and servers on Node.js do not disable Nagle's algorithm (RFC 9293 §3.7.4). In TLS 1.3, they
    /// send session tickets after the handshake, and then hold back the reply to EHLO until the tickets are
    /// acknowledged. The kernel resets the socket option when data is sent, so the option must be set again after each
    /// read.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn acknowledge(&self) {
        if let ServerStream::Tcp(stream) = self {
            // If this fails, the session is slower but works.
            let _ = stream.set_quickack(true);
        }
    }

    /// Other systems have no such option for one connection.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn acknowledge(&self) {}
}

impl AsyncRead for ServerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ServerStream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            #[cfg(unix)]
            ServerStream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            ServerStream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            #[cfg(unix)]
            ServerStream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ServerStream::Tcp(stream) => Pin::new(stream).poll_flush(context),
            #[cfg(unix)]
            ServerStream::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ServerStream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(unix)]
            ServerStream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
