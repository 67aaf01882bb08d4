//! What a check needs of this machine, and whether it is there. What is not makes it a skip, with its reason.
//!
//! `egress:PORT`: connections to that port get out of this network. Nobody but the servers of the suite is asked: the needs
//! of a port are met as soon as one of them takes a connection there, or refuses it. Then a silent one is a failure. When
//! all are silent, the network is the likelier fault, and their checks are skipped.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::retry::Job;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Event, Evidence, Fault, Probe};
use crate::gather::{self, Gatherer, Signal};
use crate::inquiry::{self, Ended, EvidenceListener};
use crate::plan::{Family, Plan, QuitAfter, TlsMode};
use crate::suite::Need;

/// How long a port is waited for.
const CONNECT_TIMEOUT_MS: u64 = 5000;
/// Servers asked at once.
const AT_ONCE: usize = 8;

/// Why a need that can be told without sending anything is not met.
pub(super) fn lacking(need: &Need) -> Option<String> {
    match need {
        Need::Egress(_) => None,
        Need::Ipv4 => (!gather::has_route(Family::V4)).then(|| "this machine has no way to IPv4 addresses".to_owned()),
        Need::Ipv6 => (!gather::has_route(Family::V6)).then(|| "this machine has no way to IPv6 addresses".to_owned()),
        Need::Variable(name) => {
            let is_set = std::env::var_os(name).is_some_and(|value| !value.is_empty());
            (!is_set).then(|| format!("the variable {name} is not set"))
        }
    }
}

/// What a connection to a port came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortReach {
    /// Somebody is there.
    Open,
    /// Nothing came back, or this machine says that there is no way.
    Blocked,
    /// It says nothing about the network: there is no such name.
    Unknown,
}

/// For each port that nothing gets out to, why; or the signal that came meanwhile.
pub(super) fn blocked_ports(jobs: &[&Job]) -> Result<BTreeMap<u16, String>, Signal> {
    let mut targets: Vec<&Job> = Vec::new();
    for job in jobs {
        let target = &job.plan.target;
        let is_known = |known: &&&Job| known.plan.target.host == target.host && known.plan.target.port == target.port;
        if !targets.iter().any(|known| is_known(&known)) {
            targets.push(job);
        }
    }
    let mut ways: BTreeMap<u16, Vec<(String, PortReach)>> = BTreeMap::new();
    for group in targets.chunks(AT_ONCE) {
        let seen = std::thread::scope(|scope| {
            let asked: Vec<_> = group.iter().map(|job| scope.spawn(|| way(&job.plan))).collect();
            asked
                .into_iter()
                .map(|one| one.join().unwrap_or(Ok(PortReach::Unknown)))
                .collect::<Result<Vec<PortReach>, Signal>>()
        })?;
        for (job, way) in group.iter().zip(seen) {
            let host = job.plan.target.host.to_string();
            ways.entry(job.plan.target.port).or_default().push((host, way));
        }
    }
    ways.retain(|_, seen| {
        seen.iter().any(|(_, way)| *way == PortReach::Blocked) && !seen.iter().any(|(_, way)| *way == PortReach::Open)
    });
    let reason = |port: u16, seen: &[(String, PortReach)]| {
        let silent = seen.iter().filter(|(_, way)| *way == PortReach::Blocked).map(|(host, _)| host.as_str());
        let silent: Vec<&str> = silent.take(3).collect();
        format!("no connection to port {port} gets out of this network: no answer from {}", silent.join(", "))
    };
    Ok(ways.into_iter().map(|(port, seen)| (port, reason(port, &seen))).collect())
}

/// Connects, and does nothing else.
fn way(plan: &Plan) -> Result<PortReach, Signal> {
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
    let Ok(mut gatherer) = Gatherer::new(&plan, None) else { return Ok(PortReach::Unknown) };
    let (evidence, ended) = inquiry::inquire(&plan, &mut gatherer, Timestamp::now(), &mut NoListener);
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

/// Hears nothing.
pub(super) struct NoListener;

impl EvidenceListener for NoListener {
    fn event(&mut self, _: &Plan, _: &Evidence, _: &Event) -> std::io::Result<()> {
        Ok(())
    }

    fn answered(&mut self, _: &Plan, _: &Evidence, _: &Probe) -> std::io::Result<()> {
        Ok(())
    }

    fn waiting(&mut self, _: &Plan, _: &Evidence, _: f64) -> std::io::Result<()> {
        Ok(())
    }
}
