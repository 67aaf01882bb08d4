//! Hosts with several IP addresses: an address that cannot be reached although another can, and a second address that
//! is tried if the server at the first rejects the connection.

use std::net::IpAddr;

use super::super::finding::{Finding, Severity};
use super::rules::ADDRESS_UNREACHABLE;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{DialResult, Event, EventKind, Evidence, Fault, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Family, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

/// A question about another IP address of the same family, if the server rejects the connection in the greeting. The
/// machines behind one name often differ. `greeting` tries the other family first.
pub(super) fn ask_another(plan: &Plan, evidence: &Evidence) -> Option<Question> {
    let session = evidence.main_session().filter(Session::is_over)?;
    let is_refused = session
        .reply_at(Phase::Greeting)
        .is_some_and(|received| received.reply.code.is_some() && !received.reply.is_success());
    let is_closed = matches!(session.fault(), Some(Fault::Closed { phase: Phase::Greeting, .. }));
    let peer = session.server_address().filter(|_| is_refused || is_closed)?;
    let (_, names) = evidence.names()?;
    let names = names?;
    let has_other_family = plan.family == Family::Any && names.addresses().any(|ip| ip.is_ipv4() != peer.is_ipv4());
    let was_dialled = |ip: &IpAddr| {
        session.events().any(|event| match &event.what {
            EventKind::Dialled { address, .. } | EventKind::Tunnelled { address: Some(address), .. } => {
                address.ip() == *ip
            }
            _ => false,
        })
    };
    let mut same = names.addresses().filter(|ip| ip.is_ipv4() == peer.is_ipv4());
    let other = same.find(|ip| !was_dialled(ip)).filter(|_| !has_other_family)?;
    let mut request =
        SessionRequest::probe(plan, Purpose::OtherAddress, plan.target.port, plan.tls_use(), QuitAfter::Banner);
    request.host = Host::Ip(other);
    if plan.tls_use() == TlsUse::Implicit {
        request.script.sni =
            plan.tls.sni.clone().or_else(|| plan.target.host.name().map(|name| name.ascii().to_owned()));
    }
    Some(Question::session(request))
}

/// IP addresses whose connection failed, although another IP address of the host accepted a connection.
pub(super) fn unreachable_addresses(session: Session<'_>) -> Vec<Finding> {
    let Some((served, _)) = session.connected() else { return Vec::new() };
    let failed = |event: &&Event| match &event.what {
        // If this machine has no IPv6, the attempt fails immediately and causes no delay.
        EventKind::Dialled { result: DialResult::Failed { fault }, .. } => {
            !matches!(fault.kind, ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress)
        }
        _ => false,
    };
    session.events()
        .filter(failed)
        .filter_map(|event| {
            let EventKind::Dialled { address, result: DialResult::Failed { fault }, .. } = &event.what else { return None };
            let summary = format!("{} cannot be reached ({}), but {} can", address.ip(), fault.kind, served.ip());
            let mut finding = Finding::new(&ADDRESS_UNREACHABLE, Phase::Connect, Confidence::Certain, summary).on(event);
            if address.ip().is_loopback() {
                // `localhost` always has addresses of both families, but local services often listen on only one.
                finding.severity = Severity::Notice;
            }
            finding.cause = "The name has an IP address at which this port cannot be reached. Programs that try this IP address first are delayed or fail.".to_owned();
            finding.fixes.push(Fix::text(format!(
                "Server operator: make the service listen on {}, open the firewall for it, or remove the IP address from DNS",
                address.ip()
            )));
            finding.fixes.push(Fix::text(format!("Until then, connect to {} or use the other address family", served.ip())));
            Some(finding)
        })
        .collect()
}
