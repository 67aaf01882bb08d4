//! Establishes one TCP connection to a server within the time limit for connecting: directly ([`super::race`]) or
//! through a proxy ([`proxy`]). If the session begins with a PROXY header, it is sent here.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::context::GatherContext;
use super::proxy::{self, Tunnel};
use super::proxy_header;
use super::race::Race;
use crate::evidence::{EventKind, Fault};
use crate::question::SessionRequest;

/// Connects, and passes the result of each attempt to `note`.
pub(crate) async fn dial(
    context: &Rc<GatherContext>,
    request: &SessionRequest,
    mut note: impl FnMut(EventKind),
) -> Result<(TcpStream, SocketAddr), Fault> {
    let (mut stream, local, server) = match context.plan.used_proxy() {
        Some(proxy) => {
            let Tunnel { stream, local, server } = proxy::dial(context, proxy, request, &mut note).await?;
            (stream, local, server)
        }
        None => {
            let (stream, local) = dial_directly(context, request, &mut note).await?;
            let server = stream.peer_addr().ok();
            (stream, local, server)
        }
    };
    proxy_header::send(context, request, &mut stream, (local, server), note).await;
    Ok((stream, local))
}

async fn dial_directly(
    context: &Rc<GatherContext>,
    request: &SessionRequest,
    note: &mut impl FnMut(EventKind),
) -> Result<(TcpStream, SocketAddr), Fault> {
    let deadline = Instant::now() + Duration::from_millis(request.connect_limit_ms(&context.plan));
    let mut race = Race::new(context, request);
    let outcome = tokio::time::timeout_at(deadline, race.run(note)).await;
    match outcome {
        Ok(result) => result,
        Err(_) => Err(race.out_of_time(note)),
    }
}

/// Connects to one of the IP addresses.
pub(crate) async fn dial_one_of(
    context: &Rc<GatherContext>,
    addresses: &[IpAddr],
    port: u16,
) -> Result<TcpStream, Fault> {
    let deadline = Instant::now() + Duration::from_millis(context.plan.limits.connect_ms);
    let mut race = Race::of_port(context, port);
    addresses.iter().for_each(|ip| race.add(*ip));
    match tokio::time::timeout_at(deadline, race.run(&mut |_| {})).await {
        Ok(result) => result.map(|(stream, _)| stream),
        Err(_) => Err(race.out_of_time(&mut |_| {})),
    }
}
