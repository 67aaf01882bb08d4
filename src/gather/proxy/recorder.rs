//! A stream that keeps the first bytes that were received, so that an unexpected response can be recognised.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The number of bytes that are kept.
const KEPT: usize = 64;

/// A stream and its first bytes.
#[derive(Debug)]
pub(super) struct RecordedStream<'s, S> {
    stream: &'s mut S,
    received: Vec<u8>,
}

impl<'s, S> RecordedStream<'s, S> {
    pub(super) fn new(stream: &'s mut S) -> RecordedStream<'s, S> {
        RecordedStream { stream, received: Vec::new() }
    }

    /// The first bytes.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RecordedStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut *self.stream).poll_read(context, buffer);
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        let room = KEPT.saturating_sub(self.received.len()).min(fresh.len());
        let kept = fresh.get(..room).unwrap_or_default().to_vec();
        self.received.extend(kept);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RecordedStream<'_, S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}
