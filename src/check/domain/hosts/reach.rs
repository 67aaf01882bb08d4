//! Failed connections to the MX hosts: whether the fault is at an IP address, or this machine cannot connect to the
//! port at all.
//!
//! 1. If this machine has no IP address of the family, or its network has no route, the host's IP address was not
//!    tested.
//! 2. If a host has the IP address of a known web proxy, and responds only on its web port, the proxy explains why
//!    connections to the mail port time out.
//! 3. If every connection to every other host timed out or was denied on this machine, the port is probably blocked by
//!    this machine or its network. This is one finding, and the hosts have no findings of their own. Other ports of the
//!    hosts, and the cloud in which this machine runs, are evidence.
//! 4. Otherwise, each host has a finding about its addresses that do not respond.

use std::net::IpAddr;

use super::super::mx::{self, MxHost};
use super::super::purpose;
use super::super::sight::Sight;
use super::names::{listed, place_of, quoted};
use super::rules::{MX_BEHIND_WEB_PROXY, MX_PORT_BLOCKED_HERE, MX_UNREACHABLE};
use super::sessions;
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::check::place;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Fault, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

/// Other ports that may respond even if the port for mail from other servers does not.
const OTHER_PORTS: [u16; 3] = [587, 465, 443];

/// The number of hosts whose other ports are tried.
const MAX_OTHER: usize = 2;

/// The probable reason why hosts do not respond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check::domain) enum Silence {
    /// This machine's network blocks connections, so the result for senders in other networks is not known.
    OfThisNetwork,
    /// The hosts themselves do not respond, so no sender can reach them.
    OfTheHosts,
}

/// The result of the connections to one host.
pub(super) struct HostReach<'s> {
    pub(super) host: MxHost,
    pub(super) connected: Vec<IpAddr>,
    /// Addresses whose connections failed on the network or at the server.
    pub(super) failed: Vec<(IpAddr, ConnectFaultKind, Session<'s>)>,
    /// Addresses that this machine cannot connect to.
    pub(super) untested: Vec<(IpAddr, ConnectFaultKind, Session<'s>)>,
    /// Addresses whose session was skipped, has not ended, or has not been requested yet.
    pub(super) open: Vec<IpAddr>,
}

/// The connections to all hosts.
pub(super) fn reaches(sight: Sight<'_>) -> Vec<HostReach<'_>> {
    let of_host = |host: MxHost| {
        let mut reach =
            HostReach { host, connected: Vec::new(), failed: Vec::new(), untested: Vec::new(), open: Vec::new() };
        for ip in mx::addresses(sight, &reach.host.name) {
            let session = sessions::session(sight, &reach.host.name, ip);
            match session.map(|session| (session, session.connected().is_some(), session.fault())) {
                Some((_, true, _)) => reach.connected.push(ip),
                Some((session, false, Some(Fault::NotConnected { connect }))) => match connect.kind {
                    ConnectFaultKind::NetworkUnreachable
                    | ConnectFaultKind::NoSourceAddress
                    | ConnectFaultKind::SourceMissing
                    | ConnectFaultKind::SourceFamily
                    | ConnectFaultKind::SourcePorts
                    | ConnectFaultKind::DeniedHere => reach.untested.push((ip, connect.kind, session)),
                    kind => reach.failed.push((ip, kind, session)),
                },
                _ => reach.open.push(ip),
            }
        }
        reach
    };
    mx::mail_hosts(sight).into_iter().map(of_host).collect()
}

/// Whether the port seems to be blocked: no connection succeeded, no host refused a connection, and at least one
/// connection timed out or was denied on this machine.
fn looks_blocked(reaches: &[HostReach<'_>]) -> bool {
    let none_connected = reaches.iter().all(|reach| reach.connected.is_empty() && reach.open.is_empty());
    let all_silent =
        reaches.iter().flat_map(|reach| &reach.failed).all(|(_, kind, _)| *kind == ConnectFaultKind::TimedOut);
    let is_silent = reaches.iter().any(|reach| !reach.failed.is_empty());
    let is_denied =
        reaches.iter().flat_map(|reach| &reach.untested).any(|(_, kind, _)| *kind == ConnectFaultKind::DeniedHere);
    none_connected && all_silent && (is_silent || is_denied)
}

/// The hosts that are known web proxies, and the others.
fn separated<'s>(sight: Sight<'s>, reaches: Vec<HostReach<'s>>) -> (Vec<HostReach<'s>>, Vec<HostReach<'s>>) {
    reaches.into_iter().partition(|reach| is_known_proxy(sight, reach))
}

/// What failed connections to the MX hosts mean for senders in other networks.
pub(in crate::check::domain) fn meaning_of_silence(sight: Sight<'_>) -> Silence {
    let (_, others) = separated(sight, reaches(sight));
    if looks_blocked(&others) { Silence::OfThisNetwork } else { Silence::OfTheHosts }
}

/// Requests facts about this machine, and probes other ports of hosts if every address timed out.
pub(super) fn ask(sight: Sight<'_>) -> Vec<Question> {
    let reaches = reaches(sight);
    let mut questions = Vec::new();
    if looks_blocked(&reaches) {
        questions.push(place::question());
    }
    let mut silent: Vec<IpAddr> = reaches
        .iter()
        .filter(|reach| is_silent(reach))
        .filter_map(|reach| reach.failed.first())
        .map(|(ip, ..)| *ip)
        .collect();
    // The web port of a known proxy is the best evidence, so such addresses come first.
    silent.sort_by_key(|ip| !place::is_of_web_proxy(*ip));
    for ip in silent.iter().take(MAX_OTHER) {
        for port in OTHER_PORTS {
            questions.push(Question::session(other_port(sight, *ip, port)));
        }
    }
    questions
}

/// Whether every connection to a host timed out.
fn is_silent(reach: &HostReach<'_>) -> bool {
    reach.connected.is_empty()
        && reach.open.is_empty()
        && !reach.failed.is_empty()
        && reach.failed.iter().all(|(_, kind, _)| *kind == ConnectFaultKind::TimedOut)
}

/// The session with another port of an IP address. On port 443, smtpcheck only connects.
fn other_port(sight: Sight<'_>, ip: IpAddr, port: u16) -> SessionRequest {
    let (tls, quit_after) = match port {
        443 => (TlsUse::Never, QuitAfter::Connect),
        465 => (TlsUse::Implicit, QuitAfter::Connect),
        _ => (TlsUse::IfOffered, QuitAfter::Banner),
    };
    let mut request = SessionRequest::probe(sight.plan, Purpose::SiblingPort, port, tls, quit_after);
    request.host = Host::Ip(ip);
    request
}

/// The ports of a host that respond, among those that were tried.
fn open_ports<'s>(sight: Sight<'s>, reach: &HostReach<'_>) -> Vec<(u16, Session<'s>)> {
    let Some((ip, ..)) = reach.failed.first() else { return Vec::new() };
    sight
        .evidence
        .probes(Purpose::SiblingPort)
        .filter(|session| session.request.host == Host::Ip(*ip) && session.connected().is_some())
        .map(|session| (session.request.port, session))
        .collect()
}

pub(super) fn findings(sight: Sight<'_>) -> Vec<Finding> {
    let (proxied, others) = separated(sight, reaches(sight));
    if looks_blocked(&others) {
        let proxied = proxied.iter().filter_map(|reach| web_proxy(sight, reach));
        return std::iter::once(blocked_here(sight, &others)).chain(proxied).collect();
    }
    let reaches: Vec<HostReach<'_>> = proxied.into_iter().chain(others).collect();
    let is_any_connected = reaches.iter().any(|reach| !reach.connected.is_empty());
    let is_any_open = reaches.iter().any(|reach| !reach.open.is_empty());
    let mut findings = Vec::new();
    for reach in reaches.iter().filter(|reach| !reach.failed.is_empty()) {
        let mut found = web_proxy(sight, reach).unwrap_or_else(|| unreachable(sight, reach));
        if found.severity == Severity::Error && !is_any_connected && !is_any_open {
            found.failure = Some(PhaseFailure::Unreachable);
        }
        findings.push(found);
    }
    findings
}

fn unreachable(sight: Sight<'_>, reach: &HostReach<'_>) -> Finding {
    let port = sight.plan.target.port;
    let ips: Vec<IpAddr> = reach.failed.iter().map(|(ip, ..)| *ip).collect();
    let kinds: Vec<ConnectFaultKind> = reach.failed.iter().map(|(_, kind, _)| *kind).collect();
    let words = kinds.first().map(ToString::to_string).unwrap_or_default();
    let is_partial = !reach.connected.is_empty();
    let is_submission = purpose::is_submission(sight);
    let place = place_of(sight, &reach.host.name, &ips);
    let mut summary = format!("{place}: no connection to port {port} ({words})");
    if let Some(other) = reach.connected.first() {
        summary = format!("{summary}, but {other} responds");
    }
    let is_certain = kinds.iter().all(|kind| *kind == ConnectFaultKind::Refused);
    let confidence = if is_certain { Confidence::Certain } else { Confidence::Likely };
    let mut found = Finding::new(&MX_UNREACHABLE, Phase::Connect, confidence, summary);
    found.cause = match kinds.first() {
        Some(ConnectFaultKind::Refused | ConnectFaultKind::Reset) if is_submission => {
            "The host, or a firewall in front of it, rejects connections on this port, so mail programs cannot submit mail there. Mail from other servers does not use this port."
        }
        Some(ConnectFaultKind::Refused | ConnectFaultKind::Reset) => {
            "The host, or a firewall in front of it, rejects connections on this port, so senders cannot deliver mail there."
        }
        _ => "The host does not accept connections on this port from this machine. A firewall may drop the packets, or no server uses this IP address.",
    }
    .to_owned();
    if !is_certain {
        found.otherwise = Some(
            "The network path from this machine may be the cause. Repeat the check from another network to find out."
                .to_owned(),
        );
    }
    if is_partial {
        found.severity = Severity::Warning;
        let who = if is_submission { "Mail programs" } else { "Senders" };
        found.consequences.push(format!("{who} that try this IP address first are delayed"));
    }
    let places = listed(&ips);
    found.fixes.push(Fix::text(format!(
        "Server operator: make the mail service listen on {places} and open port {port} in the firewall"
    )));
    found.fixes.push(Fix::text(match reach.host.preference {
        _ if is_submission && !is_partial => {
            "If this host only receives mail, check the server that mail programs use instead (smtpcheck settings)"
                .to_owned()
        }
        None => format!("Domain owner: if the domain receives no mail, publish a null MX: {}. MX 0 .", sight.name()),
        Some(_) if is_partial => {
            format!(
                "Or, domain owner: remove the address record that maps {} to {places}",
                quoted(sight, &reach.host.name)
            )
        }
        Some(_) => format!(
            "Domain owner: if the server no longer exists, delete the MX record of {}",
            quoted(sight, &reach.host.name)
        ),
    }));
    for (_, _, session) in &reach.failed {
        found = with_session(found, *session);
    }
    found
}

fn with_session(finding: Finding, session: Session<'_>) -> Finding {
    session.events().fold(finding.tried(session.probe.id), Finding::on)
}

/// Whether a host is behind a known web proxy, which does not forward mail.
fn is_known_proxy(sight: Sight<'_>, reach: &HostReach<'_>) -> bool {
    is_silent(reach)
        && reach.failed.iter().all(|(ip, ..)| place::is_of_web_proxy(*ip))
        && !place::is_mail_host_of_proxy(reach.host.name.as_str())
        && open_ports(sight, reach).iter().any(|(port, _)| *port == 443)
}

/// A web proxy forwards only web traffic. Its address responds on port 443, while connections to port 25 time out.
fn web_proxy(sight: Sight<'_>, reach: &HostReach<'_>) -> Option<Finding> {
    let (ip, _, session) = reach.failed.first().filter(|_| is_silent(reach))?;
    let open = open_ports(sight, reach);
    let (_, web) = open.iter().find(|(port, _)| *port == 443)?;
    let is_known = is_known_proxy(sight, reach);
    if open.iter().any(|(port, _)| *port != 443) && !is_known {
        return None;
    }
    let confidence = if is_known { Confidence::Likely } else { Confidence::Possible };
    let place = place_of(sight, &reach.host.name, &[*ip]);
    let summary = format!("{place}: port {} does not respond, but the web port 443 does", sight.plan.target.port);
    let finding = Finding::new(&MX_BEHIND_WEB_PROXY, Phase::Connect, confidence, summary);
    let finding = with_session(with_session(finding, *session), *web);
    let name = quoted(sight, &reach.host.name);
    Some(Finding {
        cause: if is_known {
            "The IP address belongs to a web proxy (Cloudflare), which does not forward mail.".to_owned()
        } else {
            "The IP address may be that of a web server or a web proxy, which does not receive mail.".to_owned()
        },
        otherwise: Some("Alternatively, the mail server's firewall may drop packets to this port, or this machine's network may block the port. Repeat the check from another network to find out.".to_owned()),
        fixes: vec![Fix::text(format!(
            "Domain owner: publish the mail server's own IP address for {name}, without a proxy (at Cloudflare: \"DNS only\")"
        ))],
        ..finding
    })
}

/// No host responds, so the cause is probably this machine or its network.
fn blocked_here(sight: Sight<'_>, reaches: &[HostReach<'_>]) -> Finding {
    let port = sight.plan.target.port;
    let domain = &sight.domain.name;
    let sessions: Vec<Session<'_>> = reaches
        .iter()
        .flat_map(|reach| reach.failed.iter().chain(&reach.untested))
        .map(|(_, _, session)| *session)
        .collect();
    let is_denied =
        reaches.iter().flat_map(|reach| &reach.untested).any(|(_, kind, _)| *kind == ConnectFaultKind::DeniedHere);
    let open: Vec<(u16, Session<'_>)> = reaches.iter().flat_map(|reach| open_ports(sight, reach)).collect();
    let mail_open = open.iter().find(|(other, _)| *other != 443);
    let cloud = sessions.iter().find_map(|session| place::blocks(sight.evidence, *session));
    let count = reaches.iter().filter(|reach| !reach.failed.is_empty() || !reach.untested.is_empty()).count();
    let summary = format!(
        "no MX host of {domain} responds on port {port}: this machine's network probably blocks the connections"
    );
    let mut found = Finding::new(&MX_PORT_BLOCKED_HERE, Phase::Connect, Confidence::Possible, summary);
    found.cause = if is_denied {
        "A policy on this machine (firewall, SELinux, sandbox) forbids connections to this port.".to_owned()
    } else if let Some((_, cloud)) = cloud {
        found.confidence = place::confidence(cloud);
        format!(
            "This machine runs on {}, which blocks outgoing connections to this port for some or all customers.",
            cloud.name
        )
    } else if let Some((other, _)) = mail_open {
        found.confidence = Confidence::Likely;
        format!(
            "A host responds on port {other}, so it is running. Port {port} is probably blocked on the network path{}.",
            if port == 25 { ", as it is in most home and cloud networks" } else { "" }
        )
    } else {
        if port == 25 {
            "Most home and cloud networks block outgoing connections to port 25.".to_owned()
        } else {
            "A firewall in this network may block outgoing connections to this port.".to_owned()
        }
    };
    if is_denied {
        found.confidence = Confidence::Certain;
    } else if count > 1 && found.confidence == Confidence::Possible {
        found.confidence = Confidence::Likely;
        found.cause = format!(
            "{} All {count} hosts of the domain time out, and it is unlikely that they are all down.",
            found.cause
        );
    }
    if found.confidence != Confidence::Certain {
        found.otherwise = Some(match open.iter().any(|(other, _)| *other == 443) && mail_open.is_none() {
            true => "Port 443 responds on these hosts, so they may be web servers or web proxies, which receive no mail. Alternatively, the hosts may filter the mail port. Repeat the check from another network to find out.".to_owned(),
            false => "The mail servers may be down, or may filter the port. Repeat the check from another network to find out.".to_owned(),
        });
    }
    found.failure = Some(PhaseFailure::Unreachable);
    found.consequences.push(
        "Not tested on the MX hosts: greeting, TLS, certificates with DANE and MTA-STS, and recipients".to_owned(),
    );
    let host = Host::Name(domain.clone());
    if let Some((probe, cloud)) = cloud {
        found.fixes.extend(place::fixes(cloud, &host));
        found = found.tried(probe.id);
    }
    found.fixes.push(Fix::text(format!(
        "Repeat the check from a machine that can connect to port {port}, for example from a mail server"
    )));
    found.fixes.push(Fix::text(
        "If the check also fails from there, the operator of the mail servers must check that the servers are running and that the firewall allows this port",
    ));
    for session in sessions.into_iter().chain(open.into_iter().map(|(_, session)| session)) {
        found = with_session(found, session);
    }
    found
}

/// A connection fault as the reason why an address was not tested.
pub(super) fn why_untested(kind: ConnectFaultKind, ip: IpAddr) -> String {
    let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
    match kind {
        ConnectFaultKind::DeniedHere => "a policy on this machine forbids the connection".to_owned(),
        _ => format!("this machine has no {family} connection"),
    }
}
