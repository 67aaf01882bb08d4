//! A stream that remembers the first bytes it delivered since it was last armed. When a handshake fails, they tell
//! what the server really is; a TLS library only says that they were not TLS.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are kept.
const KEPT: usize = 512;

pub(crate) struct Tap<S> {
    inner: S,
    /// Shared, because who gives up a handshake loses the stream with it.
    first: Arc<Mutex<Vec<u8>>>,
}

impl<S> Tap<S> {
    pub(crate) fn new(inner: S) -> Tap<S> {
        Tap { inner, first: Arc::default() }
    }

    /// The stream itself.
    pub(crate) fn into_inner(self) -> S {
        self.inner
    }

    /// Forgets what came so far: what comes next is the answer to a ClientHello.
    pub(crate) fn arm(&mut self) -> Arc<Mutex<Vec<u8>>> {
        self.first = Arc::default();
        Arc::clone(&self.first)
    }

    pub(crate) fn first_bytes(&self) -> Vec<u8> {
        self.first.lock().map(|first| first.clone()).unwrap_or_default()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if let Ok(mut first) = self.first.lock() {
            let room = KEPT.saturating_sub(first.len()).min(fresh.len());
            first.extend_from_slice(fresh.get(..room).unwrap_or_default());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
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
