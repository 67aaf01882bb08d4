//! Connects to the server through the plan's proxy. The result is a TCP connection on which the session can begin. No
//! byte after the proxy's response is read, because the server's greeting can arrive in the same packet.
//!
//! If this machine looks up the target's name, the addresses are tried one after the other. A fault of the proxy itself
//! ends the attempts, because it would be the same for each address. All of these steps share the time limit for
//! connecting.
//!
//! [`socks`] and [`http`] contain the protocols. The password is sent only to the proxy, either when the proxy requests
//! it (SOCKS5) or with the request (HTTP, as in curl).

mod http;
mod recorder;
mod socks;
mod tunnel;

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::context::GatherContext;
use super::race::Race;
use crate::evidence::{EventKind, Fault, Lookup, Names, ProxyFault, ProxyFaultKind, TunnelResult};
use crate::plan::{AddressChoice, Proxy, ProxyScheme};
use crate::question::SessionRequest;
use crate::wire::Host;
use tunnel::{ProxyLogin, TunnelEnd, TunnelTarget};

/// A connection to the server through the proxy.
pub(super) struct Tunnel {
    pub(super) stream: TcpStream,
    /// The local end of the connection to the proxy.
    pub(super) local: SocketAddr,
    /// The address of the server; `None` if the proxy looked it up.
    pub(super) server: Option<SocketAddr>,
}

/// Connects to the server through the proxy, and passes the result of each step to `note`.
pub(super) async fn dial(
    context: &Rc<GatherContext>,
    proxy: &Proxy,
    request: &SessionRequest,
    note: &mut impl FnMut(EventKind),
) -> Result<Tunnel, Fault> {
    let deadline = Instant::now() + std::time::Duration::from_millis(context.plan.limits.connect_ms);
    let targets = targets(context, proxy, request, deadline).await?;
    let count = targets.len();
    let mut worst: Option<ProxyFault> = None;
    for (at, target) in targets.into_iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        // Each address receives an equal share of the remaining time.
        let share = left / u32::try_from(count - at).unwrap_or(1);
        let attempt = Attempt { context, proxy, target, deadline: Instant::now() + share };
        match attempt.run(note).await {
            Ok(tunnel) => return Ok(tunnel),
            Err(fault) => {
                let is_about_address = matches!(
                    fault.kind,
                    ProxyFaultKind::ServerUnreachable { .. } | ProxyFaultKind::Unsupported | ProxyFaultKind::NoResult
                );
                if worst.as_ref().is_none_or(|worst| worst.kind == ProxyFaultKind::Unsupported) || !is_about_address {
                    worst = Some(fault);
                }
                if !is_about_address {
                    break;
                }
            }
        }
    }
    Err(worst.map_or(Fault::NoAddress, |proxy| Fault::Proxy { proxy }))
}

/// The addresses to try, or the name if the proxy looks it up.
async fn targets(
    context: &Rc<GatherContext>,
    proxy: &Proxy,
    request: &SessionRequest,
    deadline: Instant,
) -> Result<Vec<TunnelTarget>, Fault> {
    let port = request.port;
    let given = context.plan.given_addresses(&request.host);
    let all = |ips: Vec<IpAddr>| ips.into_iter().map(|ip| TunnelTarget { host: Host::Ip(ip), port }).collect();
    let name = match &request.host {
        _ if !given.is_empty() => return Ok(all(given)),
        Host::Name(name) if proxy.scheme.resolves_here() => name,
        host => return Ok(vec![TunnelTarget { host: host.clone(), port }]),
    };
    let looked_up = tokio::time::timeout_at(deadline, context.names.look_up_all(&context.plan, name)).await;
    let Ok(names) = looked_up else { return Err(Fault::NoAddress) };
    let addresses = alternating(&names);
    if let AddressChoice::Only { address } = context.plan.addresses
        && request.host == context.plan.target.host
        && addresses.contains(&address)
    {
        return Ok(all(vec![address]));
    }
    // SOCKS4 does not support IPv6 addresses, so they are left out if there are others.
    let is_possible = |ip: &IpAddr| proxy.scheme != ProxyScheme::Socks4 || ip.is_ipv4();
    let possible: Vec<IpAddr> = addresses.iter().copied().filter(is_possible).collect();
    if addresses.is_empty() {
        Err(Fault::NoAddress)
    } else {
        Ok(all(if possible.is_empty() { addresses } else { possible }))
    }
}

/// The addresses with alternating families, IPv6 first (RFC 8305 §4).
fn alternating(names: &Names) -> Vec<IpAddr> {
    let (six, four) = (names.aaaa.addresses(), names.a.addresses());
    let longest = six.len().max(four.len());
    (0..longest).flat_map(|at| [six.get(at), four.get(at)]).flatten().copied().collect()
}

/// One attempt to reach one target.
struct Attempt<'a> {
    context: &'a Rc<GatherContext>,
    proxy: &'a Proxy,
    target: TunnelTarget,
    deadline: Instant,
}

impl Attempt<'_> {
    async fn run(&self, note: &mut impl FnMut(EventKind)) -> Result<Tunnel, ProxyFault> {
        let started_ms = self.context.now_ms();
        let (stream, local) = self.reach_proxy(note).await?;
        // The packets are small, and each waits for a response.
        let _ = stream.set_nodelay(true);
        let TunnelEnd { result, has_logged_in } = self.negotiate(stream).await;
        if has_logged_in && let Some(user) = self.proxy.user.clone() {
            note(EventKind::ProxyLogin { user });
        }
        let shown = match &result {
            Ok(_) => TunnelResult::Connected,
            Err(fault) => TunnelResult::Failed { fault: fault.clone() },
        };
        note(EventKind::Tunnelled {
            target: self.target.host.with_port(self.target.port),
            address: self.target.address(),
            started_ms,
            result: shown,
        });
        Ok(Tunnel { stream: result?, local, server: self.target.address() })
    }

    async fn reach_proxy(&self, note: &mut impl FnMut(EventKind)) -> Result<(TcpStream, SocketAddr), ProxyFault> {
        let mut race = Race::to_host(self.context, &self.proxy.host, self.proxy.port);
        let mut note = |what: EventKind| match what {
            EventKind::Dialled { address, started_ms, result } => {
                note(EventKind::ProxyDialled { address, started_ms, result });
            }
            other => note(other),
        };
        let reached = match tokio::time::timeout_at(self.deadline, race.run(&mut note)).await {
            Ok(result) => result,
            Err(_) => Err(race.out_of_time(&mut note)),
        };
        match reached {
            Ok(connected) => Ok(connected),
            Err(Fault::NotConnected { connect }) => {
                Err(ProxyFault { kind: ProxyFaultKind::Unreachable { connect: connect.kind }, detail: connect.detail })
            }
            Err(_) => Err(ProxyFault { kind: ProxyFaultKind::NameUnknown, detail: self.lookup_result().await }),
        }
    }

    /// Why the proxy's name has no IP address.
    async fn lookup_result(&self) -> String {
        let Host::Name(name) = &self.proxy.host else { return "no IP address".to_owned() };
        let looked_up = self.context.names.look_up_all(&self.context.plan, name);
        let Ok(names) = tokio::time::timeout_at(self.deadline, looked_up).await else {
            return "the lookup did not end within the time limit".to_owned();
        };
        match (names.a, names.aaaa) {
            (Lookup::NotFound { .. }, _) | (_, Lookup::NotFound { .. }) => "the name does not exist".to_owned(),
            (Lookup::Failed { detail, .. }, _) | (_, Lookup::Failed { detail, .. }) => {
                format!("the name could not be looked up: {detail}")
            }
            _ => "the name has no IP address".to_owned(),
        }
    }

    async fn negotiate(&self, stream: TcpStream) -> TunnelEnd {
        let password = self.context.proxy_password.as_ref();
        let login = self.proxy.user.as_deref().map(|user| ProxyLogin { user, password });
        match self.proxy.scheme {
            ProxyScheme::Socks4 | ProxyScheme::Socks4a => {
                socks::connect4(stream, &self.target, login, self.deadline).await
            }
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => {
                socks::connect5(stream, &self.target, login, self.deadline).await
            }
            ProxyScheme::Http => http::connect(stream, &self.target, login, self.deadline).await,
        }
    }
}
