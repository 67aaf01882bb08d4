//! Tests whether this machine's network allows connections to a port. smtpcheck connects only to the servers of the
//! suite. If at least one of them accepts or refuses a connection to the port, the network allows it, and a server that
//! does not respond is a failure. If none of the servers responds, the network is the more likely cause.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::resources::Resources;
use super::schedule::{ConcurrencyLimits, Schedule};
use crate::evidence::Fault;
use crate::evidence::fault::ConnectFaultKind;
use crate::inquiry::{self, Ended, EvidenceListener, Signal};
use crate::plan::{Plan, QuitAfter, TlsMode};

/// The time limit for a connection.
const CONNECT_TIMEOUT_MS: u64 = 5000;
/// The number of servers that are contacted at the same time.
const LIMITS: ConcurrencyLimits = ConcurrencyLimits { at_once: 8, per_host: 2 };

/// The result of a connection to a port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortReach {
    /// The server accepted or refused the connection.
    Open,
    /// The server did not respond, or this machine has no route to it.
    Blocked,
    /// The connection shows nothing about the network, for example because the name has no IP address.
    Unknown,
}

/// The blocked ports, with the reason for each. If a signal arrives, it is returned as an error.
pub(super) async fn blocked_ports(resources: &Resources, plans: &[&Plan]) -> Result<BTreeMap<u16, String>, Signal> {
    let mut targets: Vec<&Plan> = Vec::new();
    for plan in plans {
        let is_same = |known: &&Plan| known.target.host == plan.target.host && known.target.port == plan.target.port;
        if !targets.iter().any(is_same) {
            targets.push(plan);
        }
    }
    let mut schedule = Schedule::new(targets.iter().map(|plan| plan.target.host.to_string()), LIMITS);
    // The results are small and their order does not matter, so later checks do not have to wait for a slow one.
    schedule.is_finished_up_to(targets.len());
    let mut running = FuturesUnordered::new();
    let mut reached: Vec<PortReach> = vec![PortReach::Unknown; targets.len()];
    loop {
        while let Some(at) = schedule.begin_next() {
            let Some(plan) = targets.get(at) else { continue };
            running.push(async move { (at, connect(resources, plan).await) });
        }
        let Some((at, reach)) = running.next().await else { break };
        schedule.ended(at);
        if let Some(known) = reached.get_mut(at) {
            *known = reach?;
        }
    }
    let mut ports: BTreeMap<u16, Vec<(String, PortReach)>> = BTreeMap::new();
    for (plan, reach) in targets.iter().zip(reached) {
        ports.entry(plan.target.port).or_default().push((plan.target.host.to_string(), reach));
    }
    ports.retain(|_, seen| {
        let has = |wanted: PortReach| seen.iter().any(|(_, reach)| *reach == wanted);
        has(PortReach::Blocked) && !has(PortReach::Open)
    });
    let reason = |port: u16, seen: &[(String, PortReach)]| {
        let silent = seen.iter().filter(|(_, reach)| *reach == PortReach::Blocked).map(|(host, _)| host.as_str());
        let silent: Vec<&str> = silent.take(3).collect();
        format!("this network seems to block connections to port {port}: no response from {}", silent.join(", "))
    };
    Ok(ports.into_iter().map(|(port, seen)| (port, reason(port, &seen))).collect())
}

/// Connects to a server, and ends the session without sending anything.
async fn connect(resources: &Resources, plan: &Plan) -> Result<PortReach, Signal> {
    let plan = connecting_only(plan);
    let Ok(mut gatherer) = resources.gatherer(&plan, None) else { return Ok(PortReach::Unknown) };
    let started_at = gatherer.started_at();
    let (evidence, ended) = inquiry::inquire(&plan, &mut gatherer, started_at, &mut NoListener).await;
    if let Ended::Interrupted(signal) = ended {
        return Err(signal);
    }
    let Some(session) = evidence.main_session() else { return Ok(PortReach::Unknown) };
    if session.is_connected() {
        return Ok(PortReach::Open);
    }
    Ok(match session.fault() {
        Some(Fault::NotConnected { connect }) => match connect.kind {
            ConnectFaultKind::Refused | ConnectFaultKind::Reset => PortReach::Open,
            ConnectFaultKind::TimedOut
            | ConnectFaultKind::HostUnreachable
            | ConnectFaultKind::NetworkUnreachable
            | ConnectFaultKind::NoSourceAddress
            | ConnectFaultKind::DeniedHere => PortReach::Blocked,
            ConnectFaultKind::SourceMissing
            | ConnectFaultKind::SourceFamily
            | ConnectFaultKind::SourcePorts
            | ConnectFaultKind::Other => PortReach::Unknown,
        },
        Some(Fault::TimeUp { .. }) => PortReach::Blocked,
        _ => PortReach::Unknown,
    })
}

fn connecting_only(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.quit_after = QuitAfter::Connect;
    plan.tls.mode = TlsMode::None;
    plan.tls.scan = false;
    plan.login = None;
    plan.from = None;
    plan.to = Vec::new();
    plan.probes = Vec::new();
    plan.limits.max_connections = 1;
    plan.limits.connect_ms = plan.limits.connect_ms.min(CONNECT_TIMEOUT_MS);
    plan.limits.total_ms = plan.limits.total_ms.min(CONNECT_TIMEOUT_MS + 1000);
    plan
}

/// A listener that ignores all events, because only the result is used.
struct NoListener;

impl EvidenceListener for NoListener {}
