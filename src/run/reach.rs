//! Whether connections to a port get out of this network. Only the servers of the suite are asked: a port is open as soon
//! as one of them accepts or refuses a connection there. Then a silent server is a failure. If all are silent, the network
//! is the more likely cause.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::resources::Resources;
use super::schedule::{ConcurrencyLimits, Schedule};
use crate::evidence::Fault;
use crate::evidence::fault::ConnectFaultKind;
use crate::inquiry::{self, Ended, EvidenceListener, Signal};
use crate::plan::{Plan, QuitAfter, TlsMode};

/// How long a connection may take.
const CONNECT_TIMEOUT_MS: u64 = 5000;
/// Servers asked at once.
const LIMITS: ConcurrencyLimits = ConcurrencyLimits { at_once: 8, per_host: 2 };

/// What a connection to a port showed about the network.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortReach {
    /// The server accepted or refused it.
    Open,
    /// No response, or this machine has no route.
    Blocked,
    /// Nothing: the name has no address, for example.
    Unknown,
}

/// For each port that no connection gets out to, why; or the signal that arrived meanwhile.
pub(super) async fn blocked_ports(resources: &Resources, plans: &[&Plan]) -> Result<BTreeMap<u16, String>, Signal> {
    let mut targets: Vec<&Plan> = Vec::new();
    for plan in plans {
        let is_same = |known: &&Plan| known.target.host == plan.target.host && known.target.port == plan.target.port;
        if !targets.iter().any(is_same) {
            targets.push(plan);
        }
    }
    let mut schedule = Schedule::new(targets.iter().map(|plan| plan.target.host.to_string()), LIMITS);
    // Results have no order here, and are small.
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
        format!("connections to port {port} do not get out of this network: no response from {}", silent.join(", "))
    };
    Ok(ports.into_iter().map(|(port, seen)| (port, reason(port, &seen))).collect())
}

/// Connects, and does nothing else.
async fn connect(resources: &Resources, plan: &Plan) -> Result<PortReach, Signal> {
    let plan = connecting_only(plan);
    let Ok(mut gatherer) = resources.gatherer(&plan, None) else { return Ok(PortReach::Unknown) };
    let started_at = gatherer.started_at();
    let (evidence, ended) = inquiry::inquire(&plan, &mut gatherer, started_at, &mut NoListener).await;
    if let Ended::Interrupted(signal) = ended {
        return Err(signal);
    }
    let Some(session) = evidence.main_session() else { return Ok(PortReach::Unknown) };
    if session.connected().is_some() {
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
            ConnectFaultKind::Other => PortReach::Unknown,
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

/// Ignores what happens: only the result counts.
struct NoListener;

impl EvidenceListener for NoListener {}
