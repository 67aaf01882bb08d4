//! The connection of a sandbox session: reading and writing, with and without TLS.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

pub(super) const READ_SIZE: usize = 16 * 1024;

pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Gone,
}

impl Transport {
    /// Reads once and appends to `inbox`. Returns the number of bytes; 0 at the end of the stream.
    pub(super) async fn read(&mut self, inbox: &mut Vec<u8>) -> io::Result<usize> {
        inbox.reserve(READ_SIZE);
        match self {
            Transport::Plain(stream) => read_some(stream, inbox).await,
            Transport::Tls(stream) => read_some(stream, inbox).await,
            Transport::Gone => Ok(0),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Transport::Plain(stream) => write_all(stream, bytes).await,
            Transport::Tls(stream) => write_all(stream, bytes).await,
            Transport::Gone => Ok(()),
        }
    }

    /// Closes the sending direction of the connection.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(stream) => stream.shutdown().await,
            Transport::Tls(stream) => stream.shutdown().await,
            Transport::Gone => Ok(()),
        }
    }
}

async fn read_some(stream: &mut (impl AsyncRead + Unpin), inbox: &mut Vec<u8>) -> io::Result<usize> {
    stream.read_buf(inbox).await
}

async fn write_all(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
