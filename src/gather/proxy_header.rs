//! Sends the PROXY header at the beginning of a connection, if the plan or the probe requests one.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::context::GatherContext;
use crate::evidence::EventKind;
use crate::question::{Purpose, SessionRequest};
use crate::wire::{ProxyHeader, ProxyHeaderVersion};

/// Sends the header, if this session has one. `server` is the address that the connection leads to. A failure is not
/// reported, because the session will notice that the connection is closed.
pub(super) async fn send(
    context: &Rc<GatherContext>,
    request: &SessionRequest,
    stream: &mut TcpStream,
    ends: (SocketAddr, Option<SocketAddr>),
    mut note: impl FnMut(EventKind),
) {
    let plan = &context.plan;
    // Other ports of the host can belong to other services.
    let requested = plan.proxy_header.as_ref().filter(|_| request.port == plan.target.port);
    let (version, client) = match (requested, request.purpose) {
        (Some(requested), _) => (requested.version, requested.client),
        (None, Purpose::ProxyHeader) => (ProxyHeaderVersion::V1, None),
        (None, _) => return,
    };
    let (local, Some(server)) = ends else { return };
    let client = client.map_or(local, |ip| SocketAddr::new(ip, local.port()));
    let header = ProxyHeader::new(version, client, server);
    let limit = Duration::from_millis(plan.limits.reply_ms);
    note(EventKind::ProxyHeaderSent { version, text: header.to_string() });
    let _ = tokio::time::timeout(limit, stream.write_all(&header.bytes())).await;
}
