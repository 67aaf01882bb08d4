//! From the host name to a TCP connection. If no IP address responds, this check finds out whether the host responds on
//! another mail port, and whether the cloud that this machine runs on blocks the port.
//!
//! Modules: [`names`] (the lookup), [`reach`] (the port for HTTPS of the host), [`addresses`] (other IP addresses of the host), [`sockets`] (Unix sockets), [`fixes`]
//! (fixes if no port responds) and [`rules`]. This file judges the connection.

mod addresses;
mod fixes;
mod names;
mod reach;
mod rules;
mod sockets;

use super::finding::{Check, Finding, PhaseFailure, Rule, port_list, user_flag};
use super::{other_host, place, programs, source};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{EventKind, Evidence, Fault, NameSource, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{AddressChoice, Override, Plan, Protocol, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;
pub(super) use fixes::MAIL_PORTS;
pub(super) use rules::BEFORE_THE_SERVER;
use rules::{CONNECTION_IMPOSSIBLE, CONNECTION_REFUSED, CONNECTION_TIMED_OUT, RESOLVE_ENTRY_UNUSED};

pub(super) static CHECK: Check = Check { subject: "connect", ask, judge, rules: rules::RULES };

/// Requests the name lookup and the session, and sessions with the other mail ports if the port cannot be reached.
/// Also requests facts about this machine in two cases: after a timeout, because many clouds block outgoing connections
/// to mail ports, and after a failed connection to a loopback address, because smtpcheck may run in a container.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let mut questions = Vec::new();
    if let (Host::Name(host), true) = (&plan.target.host, plan.resolves_here()) {
        questions.push(Question::Resolve { host: host.clone() });
    }
    questions.push(Question::session(SessionRequest::main(plan)));
    let kind = evidence.main_session().and_then(|session| session.fault()).and_then(|fault| match fault {
        Fault::NotConnected { connect } => Some(connect.kind),
        _ => None,
    });
    let worth_it = matches!(
        kind,
        Some(
            ConnectFaultKind::Refused
                | ConnectFaultKind::TimedOut
                | ConnectFaultKind::HostUnreachable
                | ConnectFaultKind::Reset
        )
    );
    if kind == Some(ConnectFaultKind::TimedOut) {
        questions.push(place::question());
    }
    // On an LMTP server's host, the other mail ports belong to other servers.
    if worth_it && plan.target.protocol == Protocol::Smtp {
        for port in fixes::sibling_ports(plan).into_iter().filter(|&port| port != plan.target.port) {
            let tls = if port % 1000 == 465 { TlsUse::Implicit } else { TlsUse::IfOffered };
            let request = SessionRequest::probe(plan, Purpose::SiblingPort, port, tls, QuitAfter::Banner);
            questions.push(Question::session(request));
        }
    }
    if kind.is_some_and(|kind| kind != ConnectFaultKind::TimedOut) && is_loopback(plan, evidence) {
        questions.push(place::question());
    }
    questions.extend(addresses::ask_another(plan, evidence));
    let is_unknown = evidence.main_session().is_some_and(|session| matches!(session.fault(), Some(Fault::NoAddress)));
    let is_alone = worth_it && is_unanswered(evidence);
    if is_alone || is_unknown && !names::is_failed(evidence) {
        questions.extend(other_host::questions(plan, evidence));
    }
    let is_silent = kind == Some(ConnectFaultKind::TimedOut) && is_unanswered(evidence);
    if is_silent && fixes::may_be_blocked(plan, evidence) {
        // The other probes matter more, so this one must not use the last connection of `--max-connections`.
        let is_new = |question: &&Question| question.connects() && evidence.answer_to(question).is_none();
        let used = evidence.connections() + questions.iter().filter(is_new).count();
        if used < usize::try_from(plan.limits.max_connections).unwrap_or(usize::MAX) {
            questions.push(reach::question(plan));
        }
    }
    questions
}

/// Whether the other mail ports of the host were tried, and none of them responds.
fn is_unanswered(evidence: &Evidence) -> bool {
    let is_mail = |probe: &Session<'_>| probe.request.port != reach::HTTPS;
    let mut siblings = evidence.probes(Purpose::SiblingPort).filter(is_mail).peekable();
    let is_silent = |probe: Session<'_>| probe.is_over() && probe.reply_at(Phase::Greeting).is_none();
    siblings.peek().is_some() && siblings.all(is_silent)
}

/// Whether the target is this machine itself.
fn is_loopback(plan: &Plan, evidence: &Evidence) -> bool {
    match &plan.target.host {
        Host::Ip(ip) => ip.is_loopback(),
        Host::Socket(_) => true,
        Host::Name(_) => evidence.names().and_then(|(_, names)| names).is_some_and(|names| {
            let mut addresses = names.addresses().peekable();
            let is_local = names.source != NameSource::Override || names.host.ascii() == "localhost";
            is_local && addresses.peek().is_some() && addresses.all(|ip| ip.is_loopback())
        }),
    }
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let mut findings = match session.fault() {
        Some(Fault::NoAddress) => names::no_address(plan, evidence).into_iter().collect(),
        Some(Fault::SocketNotConnected { socket }) => vec![sockets::not_connected(plan, session, socket)],
        // `source` reports these.
        Some(Fault::NotConnected { connect }) if source::is_about_source(connect.kind) => Vec::new(),
        Some(Fault::NotConnected { connect }) => vec![not_connected(plan, evidence, session, connect.kind)],
        // `backends` judges the session at each IP address.
        _ if plan.addresses == AddressChoice::Every => Vec::new(),
        _ => addresses::unreachable_addresses(session),
    };
    if let Some(mut elsewhere) = names::points_elsewhere(plan, evidence) {
        // If the name resolves to a wrong IP address, a failed connection is a consequence of the wrong address.
        if elsewhere.failure.is_some() {
            elsewhere.consequences.extend(findings.drain(..).map(|finding| finding.summary));
        }
        findings.push(elsewhere);
    }
    findings.extend(names::many_addresses(evidence));
    findings.extend(plan.overrides.iter().filter(|one| one.is_unused).map(|one| unused(plan, session, one)));
    findings
}

fn unused(plan: &Plan, session: Session<'_>, one: &Override) -> Finding {
    let Override { host, port, address, .. } = one;
    let target = plan.target.host.with_port(plan.target.port);
    let summary = format!("--resolve {host}:{port}:{address} has no effect: this run connects to {target}");
    let finding = Finding::new(&RESOLVE_ENTRY_UNUSED, Phase::Dns, Confidence::Certain, summary);
    Finding {
        cause: "A --resolve entry applies only to the host and port that it names.".to_owned(),
        fixes: vec![Fix::run(
            "In --resolve, use the host and port of the target",
            format!("smtpcheck {target} --resolve {target}:{address}"),
        )],
        ..finding.tried(session.probe.id)
    }
}

fn not_connected(plan: &Plan, evidence: &Evidence, session: Session<'_>, kind: ConnectFaultKind) -> Finding {
    let port = plan.target.port;
    let host = match (&plan.target.host, plan.addresses) {
        // The other IP addresses of the host may accept connections.
        (Host::Name(name), AddressChoice::Only { address }) => format!("{address}, an IP address of {name},"),
        (host, _) => host.to_string(),
    };
    let (rule, summary, cause): (&'static Rule, String, &str) = match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => (
            &CONNECTION_REFUSED,
            format!("{host} refuses connections on port {port}"),
            "The host responded that it does not accept connections on this port.",
        ),
        ConnectFaultKind::TimedOut => (
            &CONNECTION_TIMED_OUT,
            format!("{host} does not respond on port {port}"),
            "The connection was neither accepted nor rejected. Usually, a firewall drops the packets, or no host uses this IP address.",
        ),
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "The network reports that there is no route to this host.",
        ),
        ConnectFaultKind::NetworkUnreachable
        | ConnectFaultKind::NoSourceAddress
        | ConnectFaultKind::SourceMissing
        | ConnectFaultKind::SourceFamily
        | ConnectFaultKind::SourcePorts => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "The host has only IP addresses of a family (IPv4 or IPv6) that this machine's network does not support.",
        ),
        ConnectFaultKind::DeniedHere => (
            &CONNECTION_IMPOSSIBLE,
            format!("this machine forbids the connection to port {port}"),
            "A local policy (firewall, SELinux, AppArmor, sandbox) rejects the connection before any packet is sent.",
        ),
    };
    let mut finding = Finding::new(rule, Phase::Connect, Confidence::Certain, summary).tried(session.probe.id);
    finding.cause = cause.to_owned();
    finding.otherwise = otherwise(kind).map(str::to_owned);
    if finding.otherwise.is_some() {
        finding.confidence = Confidence::Likely;
    }
    finding.failure = Some(PhaseFailure::Unreachable);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    weigh_network(plan, evidence, kind, &mut finding);
    let siblings = weigh_siblings(plan, evidence, kind, &mut finding);
    if kind == ConnectFaultKind::TimedOut {
        if siblings == Siblings::Unknown {
            // The cause already names the network for a known provider, and the port if it is a wrong one.
            let is_explained = fixes::known_provider(plan).is_some() || fixes::wrong_port(plan, evidence).is_some();
            reach::weigh(evidence, is_explained, &mut finding);
        }
        weigh_place(plan, evidence, session, siblings, &mut finding);
    }
    if siblings == Siblings::Unknown && is_behind_web_proxy(plan, session, kind) {
        behind_web_proxy(plan, &mut finding);
    }
    if finding.fixes.is_empty() {
        finding.fixes = fixes::last_resorts(plan, evidence, kind);
    }
    if matches!(kind, ConnectFaultKind::Refused | ConnectFaultKind::Reset) && is_loopback(plan, evidence) {
        on_this_machine(plan, evidence, siblings, &mut finding);
    }
    if siblings == Siblings::Unknown || other_host::only_receives(plan) {
        weigh_other_host(plan, evidence, &mut finding);
    }
    finding
}

/// States that the target is probably not a server for sending mail, as its name or the lookup of the usual names shows.
fn weigh_other_host(plan: &Plan, evidence: &Evidence, finding: &mut Finding) {
    let Some(fix) = other_host::fix(plan, evidence) else { return };
    if let Some((provider, what)) = other_host::not_for_sending(plan) {
        finding.cause = what;
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some(format!(
            "Your network may also be blocking mail ports. Check the server for sending mail of {} to find out.",
            provider.name
        ));
        finding.fixes = vec![fix];
    } else {
        finding.fixes.insert(0, fix);
    }
}

/// Another possible cause of a failed connection, and how to find out. Local errors need no second explanation.
fn otherwise(kind: ConnectFaultKind) -> Option<&'static str> {
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => Some(
            "A firewall may be rejecting the connection on behalf of the host. Repeat the check from another network to find out.",
        ),
        ConnectFaultKind::TimedOut => Some(
            "The host may be down or overloaded. Repeat the check from another network, or with another port, to find out.",
        ),
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => Some(
            "The server's firewall may have sent this error: some firewalls, such as firewalld, reject connections in this way.",
        ),
        ConnectFaultKind::NetworkUnreachable
        | ConnectFaultKind::NoSourceAddress
        | ConnectFaultKind::SourceMissing
        | ConnectFaultKind::SourceFamily
        | ConnectFaultKind::SourcePorts
        | ConnectFaultKind::DeniedHere => None,
    }
}

/// States in the finding that a network on the path probably blocks the port. The servers of a known provider accept
/// connections, so for them this is the first explanation.
fn weigh_network(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind, finding: &mut Finding) {
    if kind == ConnectFaultKind::NetworkUnreachable && fixes::has_v4(plan, evidence) {
        finding.cause = "This machine has no route to the IP address of the host.".to_owned();
    } else if kind == ConnectFaultKind::NetworkUnreachable {
        finding.cause =
            "The host has only IPv6 addresses, and this machine's network does not support IPv6.".to_owned();
    }
    let is_blocking = matches!(
        kind,
        ConnectFaultKind::Refused
            | ConnectFaultKind::Reset
            | ConnectFaultKind::TimedOut
            | ConnectFaultKind::HostUnreachable
    );
    if !is_blocking || !fixes::may_be_blocked(plan, evidence) {
        return;
    }
    let port = plan.target.port;
    if let Some(why) = fixes::wrong_port(plan, evidence) {
        finding.cause = why;
        finding.otherwise = Some(
            "The server may be down, or your network may be blocking mail ports. Repeat the check from another network to find out.".to_owned(),
        );
    } else if let Some(provider) = fixes::known_provider(plan) {
        let how = if kind == ConnectFaultKind::TimedOut { "drops" } else { "rejects" };
        finding.cause = format!(
            "The servers of {} accept connections on port {port}, so a firewall in your network, or of your hosting company, cloud or internet provider, {how} the connection.",
            provider.name
        );
        finding.otherwise = Some(format!(
            "{} may be unavailable, or may have blocked your IP address. Repeat the check from another network, and with another provider, to find out.",
            provider.name
        ));
    } else if kind == ConnectFaultKind::TimedOut {
        let which = if port == 25 {
            "most home lines, hosting companies and clouds block outgoing connections to port 25"
        } else {
            "some hosting companies and clouds block outgoing connections to mail ports"
        };
        finding.cause = format!(
            "The connection was neither accepted nor rejected, so a firewall drops the packets: {which}; or the server's firewall does."
        );
        finding.otherwise = Some(
            "The host may be down, or no host uses this IP address. Repeat the check from another network to find out."
                .to_owned(),
        );
    } else if port == 25 {
        finding.otherwise = Some(
            "Your network may be blocking port 25, as most home lines, hosting companies and clouds do. Repeat the check from another network to find out."
                .to_owned(),
        );
    }
}

/// Whether a server sends a greeting on another mail port of the host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Siblings {
    Answer,
    Unknown,
}

/// Adds the results of the other mail ports of the host, which help to explain why this port times out or is closed.
fn weigh_siblings(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind, finding: &mut Finding) -> Siblings {
    let ports = fixes::sibling_ports(plan);
    let is_mail = |probe: &Session<'_>| ports.contains(&probe.request.port);
    let looked: Vec<Session<'_>> =
        evidence.probes(Purpose::SiblingPort).filter(Session::is_over).filter(is_mail).collect();
    let unreached = |probe: &Session<'_>| matches!(probe.fault(), Some(Fault::NotConnected { .. }));
    let answers = |probe: &Session<'_>| probe.reply_at(Phase::Greeting).is_some_and(|received| received.accepts());
    let open: Vec<u16> = looked.iter().filter(|probe| answers(probe)).map(|probe| probe.request.port).collect();
    for probe in &looked {
        finding.evidence.probes.push(probe.probe.id);
    }
    let Some(best) = ports.into_iter().find(|port| open.contains(port)) else {
        if !looked.is_empty() && looked.iter().all(unreached) {
            let ports: Vec<String> = looked.iter().map(|probe| probe.request.port.to_string()).collect();
            let list = ports.join(", ");
            finding.consequences.push(format!("The other mail ports of this host cannot be reached either ({list})"));
        }
        return Siblings::Unknown;
    };
    let ports = port_list(&open);
    let is_wrong_port = fixes::wrong_port(plan, evidence).is_some();
    let of_provider = fixes::host_of_provider(plan, &ports);
    finding.cause = match (kind, plan.target.port) {
        _ if of_provider.is_some() && kind != ConnectFaultKind::HostUnreachable => of_provider.unwrap_or_default(),
        _ if is_wrong_port => format!("{} The host responds on {ports}.", finding.cause),
        (ConnectFaultKind::TimedOut, 25) => format!(
            "The host responds on {ports}, so it is up. Port 25 is probably blocked on the network path, as in most home and cloud networks."
        ),
        (ConnectFaultKind::TimedOut, _) => {
            format!(
                "The host responds on {ports}, so it is up. This port is probably filtered on the network path or by the server."
            )
        }
        (ConnectFaultKind::HostUnreachable, _) => {
            format!("The host responds on {ports}, so it is up. A firewall rejects connections to this port.")
        }
        _ => format!("The host responds on {ports}, so it is up. No service listens on this port."),
    };
    if kind == ConnectFaultKind::TimedOut || is_wrong_port {
        finding.otherwise = Some(
            "The server itself may be filtering the port. Repeat the check from another network to find out."
                .to_owned(),
        );
    }
    let is_outside = place::is_on_internet(plan, evidence);
    // An additional port may use implicit TLS, as the session shows.
    let tls = looked
        .iter()
        .find(|probe| probe.request.port == best)
        .map_or(TlsUse::IfOffered, |probe| probe.request.script.tls);
    let which = match best {
        465 => format!("Use port 465 (implicit TLS); in the program, select {}", programs::encryption_instead_of(plan.tls_use(), TlsUse::Implicit)),
        587 => format!("Use port 587, the port for mail programs; in the program, select {}", programs::encryption_instead_of(plan.tls_use(), TlsUse::IfOffered)),
        25 if !is_outside => {
            "Use port 25, on which the service listens; between containers, the port inside the container counts, not the published port".to_owned()
        }
        25 => "Port 25 responds, but only mail servers should use it; mail programs should use 587 or 465".to_owned(),
        _ => format!(
            "Use port {best}, which some providers offer for networks where the other ports are blocked; in the program, select {}",
            programs::encryption_instead_of(plan.tls_use(), tls)
        ),
    };
    let user = if best == 25 { String::new() } else { user_flag(plan) };
    let scheme = if tls == TlsUse::Implicit && best != 465 { "smtps://" } else { "" };
    finding.fixes.push(Fix::run(which, format!("smtpcheck {scheme}{}{user}", plan.target.host.with_port(best))));
    if best == 25 && matches!(plan.target.port, 465 | 587) {
        finding.fixes.insert(
            0,
            Fix::text(format!(
                "Server operator: enable the service for mail programs on port {} (Postfix: the line {} in master.cf; Exim: daemon_smtp_ports), and allow the port in the firewall or security group",
                plan.target.port,
                if plan.target.port == 465 { "submissions" } else { "submission" }
            )),
        );
    }
    if plan.target.port == 25 && fixes::may_be_blocked(plan, evidence) {
        finding.fixes.push(Fix::text(
            "If a mail server on this machine must deliver on port 25, ask your hosting company or internet provider to unblock the port, or send through a relay host on port 587 (Postfix: relayhost)",
        ));
    }
    Siblings::Answer
}

/// Whether every IP address that was tried belongs to a web proxy, which carries no mail.
fn is_behind_web_proxy(plan: &Plan, session: Session<'_>, kind: ConnectFaultKind) -> bool {
    let mut tried = session
        .events()
        .filter_map(|event| match &event.what {
            EventKind::Dialled { address, .. } => Some(address.ip()),
            _ => None,
        })
        .peekable();
    let is_blocking = matches!(kind, ConnectFaultKind::TimedOut | ConnectFaultKind::Refused | ConnectFaultKind::Reset);
    let is_web_name = plan.target.host.name().is_some_and(|name| !place::is_mail_host_of_proxy(name.ascii()));
    is_blocking && is_web_name && tried.peek().is_some() && tried.all(place::is_of_web_proxy)
}

/// States in the finding that the name points at a web proxy instead of the mail server.
fn behind_web_proxy(plan: &Plan, finding: &mut Finding) {
    let host = &plan.target.host;
    finding.cause =
        "The IP address belongs to Cloudflare's web proxy, which forwards only web traffic, not mail.".to_owned();
    finding.otherwise =
        Some("Your network may be blocking mail ports. Repeat the check from another network to find out.".to_owned());
    finding.fixes = vec![
        Fix::text(format!(
            "Domain owner: at Cloudflare, set the DNS record of {host} to \"DNS only\" (grey cloud), so that the name points at the mail server itself"
        )),
        Fix::text(
            "In the program, enter the name or IP address of the mail server itself: the name that the hosting company or email provider gives for it, or that of a DNS record that is \"DNS only\"",
        ),
    ];
}

/// States in the finding whether this machine's cloud provider blocks the port.
fn weigh_place(plan: &Plan, evidence: &Evidence, session: Session<'_>, siblings: Siblings, finding: &mut Finding) {
    let Some((probe, cloud)) = place::blocks(evidence, session) else { return };
    finding.evidence.probes.push(probe.id);
    match siblings {
        // The port is blocked on the network path, and this cloud is the probable cause.
        Siblings::Answer => {
            finding.cause = format!("{} This machine runs on {}. {}", finding.cause, cloud.name, cloud.means);
        }
        Siblings::Unknown => {
            finding.cause =
                format!("This machine runs on {}, where mail ports are blocked. {}", cloud.name, cloud.means);
            finding.confidence = place::confidence(cloud);
            finding.otherwise = Some(
                "The server may be filtering the port, or there is no host at that IP address. Repeat the check from another network to find out."
                    .to_owned(),
            );
        }
    }
    finding.fixes.extend(place::fixes(cloud, &plan.target.host));
}

/// On this machine, no service listens on the port. Many programs connect to localhost if no server is set. In a
/// container, `localhost` is the container itself.
fn on_this_machine(plan: &Plan, evidence: &Evidence, siblings: Siblings, finding: &mut Finding) {
    let port = plan.target.port;
    if siblings == Siblings::Unknown {
        finding.cause = format!("No service on this machine listens on port {port}.");
        finding.fixes.clear();
    }
    finding.otherwise = Some(
        "A service may listen only at another address of this machine, or its firewall may be rejecting the connection. The command in the fixes lists the services."
            .to_owned(),
    );
    finding.fixes.extend(fixes::on_this_machine(port));
    match place::container(evidence) {
        Some(probe) => {
            finding.evidence.probes.push(probe.id);
            finding.cause = format!(
                "{} This program is running in a container, where {} means the container itself, not the host machine or another container.",
                finding.cause, plan.target.host
            );
            let fixes = [
                Fix::text(
                    "If the mail server runs in another container, connect to its service name from the same Docker network",
                ),
                Fix::run(
                    "If the mail server runs on the machine outside the container, connect to that machine",
                    format!("smtpcheck host.docker.internal:{port}"),
                ),
            ];
            finding.fixes.splice(0..0, fixes);
        }
        None => finding.fixes.push(Fix::text(format!(
            "If the program runs in a container, localhost means the container itself: use the service name of the mail server, or host.docker.internal for the machine that runs the container. If the mail server runs in a container, publish its port (docker run -p {port}:{port}; Compose: ports)."
        ))),
    }
}
