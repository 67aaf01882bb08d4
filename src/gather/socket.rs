//! Connects to a Unix socket of this machine, and finds out why that fails.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::context::GatherContext;
use super::stream::ServerStream;
use crate::evidence::{EventKind, Fault, PathKind, SocketFault, SocketFaultKind, SocketResult};
use crate::host::socket;
use crate::wire::SocketPath;

/// How long to wait before the next attempt if the queue of the listening process is full.
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Connects, and passes the result to `note`.
pub(crate) async fn open(
    context: &Rc<GatherContext>,
    path: &SocketPath,
    mut note: impl FnMut(EventKind),
) -> Result<ServerStream, Fault> {
    let started_ms = context.now_ms();
    let event = |result| EventKind::SocketOpened { path: path.to_string(), started_ms, result };
    let limit = Duration::from_millis(context.plan.limits.connect_ms);
    match tokio::time::timeout(limit, connect_when_free(path)).await {
        Ok(Ok(stream)) => {
            note(event(SocketResult::Connected));
            Ok(stream)
        }
        ended => {
            let error = ended.map_or_else(
                |_| io::Error::from(io::ErrorKind::WouldBlock),
                |failed| failed.err().unwrap_or_else(|| io::Error::from(io::ErrorKind::Other)),
            );
            context.notes_error(error.raw_os_error());
            let fault = describe(path, &error);
            note(event(SocketResult::Failed { fault: fault.clone() }));
            Err(Fault::SocketNotConnected { socket: Box::new(fault) })
        }
    }
}

/// Connects again until the queue of the socket has room. For TCP, the kernel does this; for a Unix socket, it does
/// not.
async fn connect_when_free(path: &SocketPath) -> io::Result<ServerStream> {
    loop {
        match connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(BUSY_WAIT).await,
            result => return result,
        }
    }
}

#[cfg(unix)]
async fn connect(path: &SocketPath) -> io::Result<ServerStream> {
    tokio::net::UnixStream::connect(path.path()).await.map(ServerStream::Unix)
}

#[cfg(not(unix))]
async fn connect(_: &SocketPath) -> io::Result<ServerStream> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

fn describe(path: &SocketPath, error: &io::Error) -> SocketFault {
    let walk = socket::follow(path.path());
    let is_socket = walk.place.as_ref().is_none_or(|place| place.kind == PathKind::Socket);
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => SocketFaultKind::Denied,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SocketFaultKind::Missing,
        io::ErrorKind::ConnectionRefused if is_socket => SocketFaultKind::NotServed,
        io::ErrorKind::ConnectionRefused => SocketFaultKind::NotASocket,
        io::ErrorKind::WouldBlock => SocketFaultKind::Busy,
        io::ErrorKind::Unsupported => SocketFaultKind::Unsupported,
        _ if is_prototype_error(error) => SocketFaultKind::OtherType,
        _ => SocketFaultKind::Other,
    };
    SocketFault { kind, errno: error.raw_os_error(), detail: error.to_string(), place: walk.place, user: walk.user }
}

/// The standard library has no name for EPROTOTYPE.
#[cfg(unix)]
fn is_prototype_error(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::PROTOTYPE.raw_os_error())
}

#[cfg(not(unix))]
fn is_prototype_error(_: &io::Error) -> bool {
    false
}
