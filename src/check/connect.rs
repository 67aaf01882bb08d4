//! From the host name to a TCP connection: the DNS lookup, and the IP addresses that were tried. If none of them
//! responds, this check finds out whether the host responds on another mail port, and whether the cloud that this
//! machine runs on blocks the port.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity};
use super::place;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    DialResult, Event, EventKind, Evidence, Fault, Lookup, LookupFault, NameSource, Names, Phase, Probe, Session,
};
use crate::lexicon::providers::{self, ProviderSigns};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Override, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

/// The ports of RFC 6409 (587), RFC 8314 (465) and RFC 5321 (25), and 2525, which some providers offer in case a
/// network blocks the others.
const MAIL_PORTS: [u16; 4] = [587, 465, 25, 2525];

pub(super) static CHECK: Check = Check {
    subject: "connect",
    ask,
    judge,
    rules: &[
        &NAME_NOT_FOUND,
        &NAME_WITHOUT_ADDRESS,
        &NAME_LOOKUP_FAILED,
        &NAME_WITH_MANY_ADDRESSES,
        &CONNECTION_REFUSED,
        &CONNECTION_TIMED_OUT,
        &CONNECTION_IMPOSSIBLE,
        &ADDRESS_UNREACHABLE,
        &RESOLVE_ENTRY_UNUSED,
    ],
};

static NAME_NOT_FOUND: Rule = Rule {
    id: "name-not-found",
    severity: Severity::Error,
    title: "the host name does not exist",
    docs: Docs {
        sees: "The DNS resolver replied that the name does not exist (NXDOMAIN).",
        matters: "Without an IP address, no connection to the server is possible.",
        action: "Compare the name with the provider's documentation, letter by letter. If the name exists only in an internal network, use the DNS resolver of that network (--resolver), or run smtpcheck on a machine in that network.",
        example: "smtpcheck smtp.gmial.com",
        references: "RFC 2308 section 2.1 (what NXDOMAIN means)",
    },
};

static NAME_WITHOUT_ADDRESS: Rule = Rule {
    id: "name-without-address",
    severity: Severity::Error,
    title: "the host name exists but has no IP address",
    docs: Docs {
        sees: "The name exists, but the DNS resolver returned no IP address for it, or no IP address of the requested family (-4 or -6).",
        matters: "Often the target is a mail domain (example.net) instead of its mail server (mail.example.net). Such a domain has MX records but no IP address.",
        action: "Look up the MX records of the domain to find its mail servers, or use the host name from the provider's documentation.",
        example: "smtpcheck example.net, where only mail.example.net has an IP address",
        references: "RFC 5321 section 5.1 (how clients find the mail server of a domain), RFC 2308 section 2.2",
    },
};

static NAME_LOOKUP_FAILED: Rule = Rule {
    id: "name-lookup-failed",
    severity: Severity::Error,
    title: "the host name could not be looked up",
    docs: Docs {
        sees: "The DNS resolver did not respond, refused the query, or reported a failure (SERVFAIL).",
        matters: "The mail server was not tested. The fault is between this machine and its DNS resolver, or in the name servers of the domain.",
        action: "Look up another name. If that fails too, fix the DNS settings of this machine or container (/etc/resolv.conf, VPN, firewall on port 53). If only this name fails, the operator of the domain must fix its name servers.",
        example: "a container without DNS; a domain whose DNSSEC signatures have expired",
        references: "RFC 1035 section 4.1.1 (response codes)",
    },
};

static NAME_WITH_MANY_ADDRESSES: Rule = Rule {
    id: "name-with-many-addresses",
    severity: Severity::Notice,
    title: "the host name has more IP addresses than smtpcheck tries",
    docs: Docs {
        sees: "The DNS lookup returned more than 16 IP addresses of one family. smtpcheck tries only the first 16.",
        matters: "Mail servers try only some of the IP addresses of a host before they try the next host, so most of these IP addresses are never used. In addition, a response of this size may not fit into one UDP packet. A dozen IP addresses are enough for large mail services.",
        action: "Operator of the domain: give the name fewer IP addresses, or list several names in the MX records. If you do not operate the domain, compare the name with the provider's documentation.",
        example: "a name with 40 A records",
        references: "RFC 5321 section 5.1 (a client may limit the number of IP addresses that it tries)",
    },
};

static CONNECTION_REFUSED: Rule = Rule {
    id: "connection-refused",
    severity: Severity::Error,
    title: "the host refuses connections on this port",
    docs: Docs {
        sees: "The host, or a firewall in front of it, rejected the connection at once (TCP reset).",
        matters: "The network path works. The mail service is stopped or listens on another port, or a firewall rejects the connection on behalf of the host.",
        action: "If the host responds on another mail port, use that port. If it does not, check the host name and the port. Server operator: start the mail service, and check the firewall.",
        example: "smtpcheck localhost:2525 with no server running",
        references: "RFC 9293 section 3.10.7 (reset)",
    },
};

static CONNECTION_TIMED_OUT: Rule = Rule {
    id: "connection-timed-out",
    severity: Severity::Error,
    title: "connection attempts to this port time out",
    docs: Docs {
        sees: "The connection was neither accepted nor rejected within the time limit (--connect-timeout). smtpcheck then tries the other mail ports of the host, and checks whether this machine runs at a cloud provider that blocks the port.",
        matters: "A timeout usually means that a firewall drops the packets. Most home and cloud networks block outgoing connections to port 25. A wrong IP address has the same effect.",
        action: "If another mail port of the host responds, use it (587 or 465 with a login). If no port responds, repeat the check from another network, and check the IP address. If this machine runs in a known cloud, follow the provider's procedure for unblocking the port, which the finding describes.",
        example: "smtpcheck mx.example.net:25 from a cloud machine",
        references: "RFC 8314 section 3.3 (which ports mail clients use), RFC 9293 section 3.8",
    },
};

static CONNECTION_IMPOSSIBLE: Rule = Rule {
    id: "connection-impossible",
    severity: Severity::Error,
    title: "this machine cannot reach the host",
    docs: Docs {
        sees: "The operating system could not connect because this machine has no route to the host, has no IP address of that family, or has a local policy that forbids the connection.",
        matters: "The connection failed before the mail service could respond. The cause is usually on this machine or in its network.",
        action: "Check the routes, the VPN and the local firewall of this machine. To reach a host that has only an IPv6 address, use a network with IPv6.",
        example: "a host with only an AAAA record, checked from an IPv4-only network",
        references: "RFC 8305 (Happy Eyeballs)",
    },
};

static ADDRESS_UNREACHABLE: Rule = Rule {
    id: "address-unreachable",
    severity: Severity::Warning,
    title: "one IP address of the host cannot be reached",
    docs: Docs {
        sees: "The host has several IP addresses. The connection to one IP address failed, and the connection to another succeeded. Severity: warning, but a notice for the loopback addresses of this machine.",
        matters: "Programs that try the unreachable IP address first are delayed, and some programs never try the next one.",
        action: "Server operator: make the mail service listen on that IP address, or remove the IP address from DNS.",
        example: "an AAAA record for a server that listens on IPv4 only",
        references: "RFC 8305 section 5",
    },
};

/// Asks for the DNS lookup and the session. If the port cannot be reached, also asks about the other mail ports. After
/// a timeout, also asks about this machine, because many clouds block outgoing connections to mail ports.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let mut questions = Vec::new();
    if let Host::Name(host) = &plan.target.host {
        questions.push(Question::Resolve { host: host.clone() });
    }
    questions.push(Question::Session(SessionRequest::main(plan)));
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
    if worth_it {
        for port in MAIL_PORTS.into_iter().filter(|&port| port != plan.target.port) {
            let tls = if port == 465 { TlsUse::Implicit } else { TlsUse::IfOffered };
            let request = SessionRequest::probe(plan, Purpose::SiblingPort, port, tls, QuitAfter::Banner);
            questions.push(Question::Session(request));
        }
    }
    questions
}

static RESOLVE_ENTRY_UNUSED: Rule = Rule {
    id: "resolve-entry-unused",
    severity: Severity::Notice,
    title: "an entry of --resolve is for a host or port that is not checked",
    docs: Docs {
        sees: "--resolve gives an IP address for a host and port that is not a target of this run.",
        matters: "The entry has no effect. The target's name is looked up in DNS as usual, so the check may reach a different server than intended.",
        action: "Correct the host and port in --resolve to those of the target. The default port is 587, or 465 with implicit TLS.",
        example: "smtpcheck mail.example.net:25 --resolve mail.example.net:587:192.0.2.7",
        references: "curl(1), --resolve",
    },
};

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let mut findings = match session.fault() {
        Some(Fault::NoAddress) => no_address(plan, evidence).into_iter().collect(),
        Some(Fault::NotConnected { connect }) => vec![not_connected(plan, evidence, session, connect.kind)],
        _ => unreachable_addresses(session),
    };
    findings.extend(many_addresses(evidence));
    findings.extend(plan.overrides.iter().filter(|one| one.is_unused).map(|one| unused(plan, session, one)));
    findings
}

fn unused(plan: &Plan, session: Session<'_>, one: &Override) -> Finding {
    let Override { host, port, address, .. } = one;
    let target = plan.target.host.with_port(plan.target.port);
    let summary = format!("--resolve {host}:{port}:{address} has no effect: this run connects to {target}");
    let finding = Finding::new(&RESOLVE_ENTRY_UNUSED, Phase::Dns, Confidence::Certain, summary);
    Finding {
        cause: "An entry of --resolve applies only to the host and port that it names.".to_owned(),
        fixes: vec![Fix::run(
            "Use the host and port of the target in --resolve",
            format!("smtpcheck {target} --resolve {target}:{address}"),
        )],
        ..finding.tried(session.probe.id)
    }
}

fn many_addresses(evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names?;
    let left_out = names.a.left_out() + names.aaaa.left_out();
    if left_out == 0 {
        return None;
    }
    let kept = names.addresses().count();
    let summary =
        format!("{} has {} IP addresses, of which smtpcheck tries {kept}", names.host.both(), kept + left_out);
    let finding = found(&NAME_WITH_MANY_ADDRESSES, probe, summary);
    Some(Finding {
        cause: "The DNS lookup returned more IP addresses than a mail service needs.".to_owned(),
        fixes: vec![Fix::run(
            "Operator of the domain: list all IP addresses, and remove those that are not needed",
            format!("dig +short {} A {0} AAAA", names.host),
        )],
        ..finding
    })
}

fn no_address(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names?;
    let host = names.host.both();
    let next = "Compare the name with the provider's documentation, letter by letter";
    let mut finding = match (&names.a, &names.aaaa) {
        (Lookup::NotFound { .. }, _) | (_, Lookup::NotFound { .. }) => {
            let mut finding = found(&NAME_NOT_FOUND, probe, format!("{host} does not exist"));
            finding.cause = "The DNS resolver replied that the name does not exist (NXDOMAIN).".to_owned();
            if let Some(known) = providers::nearest_host(names.host.ascii()) {
                finding.fixes.push(Fix::run(
                    format!("Check for a typing error; the name is similar to {known}"),
                    format!("smtpcheck {known}:{}", plan.target.port),
                ));
            }
            finding.fixes.push(Fix::text(next));
            finding.fixes.push(Fix::run(
                "Query a public DNS resolver, to find out whether the name exists outside your network",
                format!("smtpcheck {} --resolver 9.9.9.9", plan.target.host.with_port(plan.target.port)),
            ));
            finding
        }
        (Lookup::Failed { why, detail, .. }, _) | (_, Lookup::Failed { why, detail, .. }) => {
            look_up_failed(names, probe, *why, detail)
        }
        _ => {
            let mut finding = found(&NAME_WITHOUT_ADDRESS, probe, format!("{host} has {}", missing(names)));
            finding.cause = "The name exists in DNS, but it has no IP address to connect to. It is a mail domain, whose mail server has another name.".to_owned();
            let meant =
                providers::recognise(&ProviderSigns { host: Some(names.host.ascii()), ..ProviderSigns::default() });
            if let Some(host) = meant.and_then(|provider| provider.hosts.first()) {
                finding
                    .fixes
                    .push(Fix::run("Check the provider's server for mail programs", format!("smtpcheck {host}")));
            }
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(
                "The A or AAAA record may be missing by mistake. Ask the operator of the domain to find out."
                    .to_owned(),
            );
            finding
                .fixes
                .push(Fix::run("Find the mail servers of the domain", format!("dig +short MX {}", names.host)));
            finding.fixes.push(Fix::text("Use the server's host name from the provider's documentation"));
            finding
        }
    };
    finding.failure = Some(PhaseFailure::Unreachable);
    Some(finding)
}

fn found(rule: &'static Rule, probe: &Probe, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(probe.id)
}

fn missing(names: &Names) -> &'static str {
    match (&names.a, &names.aaaa) {
        (Lookup::NotAsked, _) => "no IPv6 address",
        (_, Lookup::NotAsked) => "no IPv4 address",
        _ => "no IP address, neither IPv4 nor IPv6",
    }
}

fn look_up_failed(names: &Names, probe: &Probe, why: LookupFault, detail: &str) -> Finding {
    let mut finding = found(&NAME_LOOKUP_FAILED, probe, format!("{} could not be looked up", names.host.both()));
    let asked = match &names.source {
        NameSource::Given { resolver } => format!("The DNS resolver {resolver}"),
        NameSource::LoopbackFallback => {
            "The DNS resolver 127.0.0.1 (no resolver is configured on this machine)".to_owned()
        }
        NameSource::System | NameSource::Override => "The DNS resolver of this machine".to_owned(),
    };
    finding.cause = match why {
        LookupFault::Timeout => format!("{asked} did not respond."),
        LookupFault::ServerFailure => format!(
            "{asked} reported a failure (SERVFAIL). It could not get a valid response from the name servers of the domain, for example because DNSSEC validation failed."
        ),
        LookupFault::Refused => format!("{asked} refused the query."),
        LookupFault::Unreachable => format!("{asked} cannot be reached."),
        LookupFault::Other => format!("{asked} gave no usable response: {detail}"),
    };
    finding.fixes.push(Fix::run(
        "Look up a name that is known to exist, to find out whether only this name fails",
        "getent hosts example.com",
    ));
    finding.fixes.push(Fix::text(
        "Check /etc/resolv.conf, the DNS settings of the container, the VPN, and the firewall on port 53",
    ));
    finding
}

fn not_connected(plan: &Plan, evidence: &Evidence, session: Session<'_>, kind: ConnectFaultKind) -> Finding {
    let port = plan.target.port;
    let host = plan.target.host.to_string();
    let (rule, summary, cause): (&'static Rule, String, &str) = match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => (
            &CONNECTION_REFUSED,
            format!("{host} refuses connections on port {port}"),
            "No service accepts connections on this port of the host.",
        ),
        ConnectFaultKind::TimedOut => (
            &CONNECTION_TIMED_OUT,
            format!("{host} does not respond on port {port}"),
            "The connection was neither accepted nor rejected, because a firewall drops the packets.",
        ),
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "The operating system or a router reports that it has no route to this host.",
        ),
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "This machine has no route to the host's network, usually because it has no connection of that address family (IPv4 or IPv6).",
        ),
        ConnectFaultKind::DeniedHere => (
            &CONNECTION_IMPOSSIBLE,
            format!("this machine forbids the connection to port {port}"),
            "A local policy (firewall, SELinux, AppArmor, sandbox) rejected the connection before a packet was sent.",
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
    let siblings = weigh_siblings(plan, evidence, kind, &mut finding);
    if kind == ConnectFaultKind::TimedOut {
        weigh_place(plan, evidence, session, siblings, &mut finding);
    }
    if finding.fixes.is_empty() {
        finding.fixes = last_resorts(kind);
    }
    finding
}

/// Another possible cause of a failed connection, and how to find out. Errors of this machine itself have no other
/// cause.
fn otherwise(kind: ConnectFaultKind) -> Option<&'static str> {
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => Some(
            "A firewall may reject the connection on behalf of the host. Repeat the check from another network to find out.",
        ),
        ConnectFaultKind::TimedOut => Some(
            "The host may be down, or no host may use this IP address. Repeat the check from another network to find out.",
        ),
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => Some(
            "A firewall on the server may reject the connection in this way (firewalld does). Try another port of the host to find out.",
        ),
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress | ConnectFaultKind::DeniedHere => None,
    }
}

/// Whether another mail port of the host sends a greeting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Siblings {
    Answer,
    Unknown,
}

/// Adds the results from the other mail ports of the host to a finding about a port that times out or is closed.
fn weigh_siblings(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind, finding: &mut Finding) -> Siblings {
    let looked: Vec<Session<'_>> = evidence.probes(Purpose::SiblingPort).filter(Session::is_over).collect();
    let unreached = |probe: &Session<'_>| matches!(probe.fault(), Some(Fault::NotConnected { .. }));
    let answers = |probe: &Session<'_>| probe.reply_at(Phase::Greeting).is_some_and(|received| received.accepts());
    let open: Vec<u16> = looked.iter().filter(|probe| answers(probe)).map(|probe| probe.request.port).collect();
    for probe in &looked {
        finding.evidence.probes.push(probe.probe.id);
    }
    let Some(best) = MAIL_PORTS.into_iter().find(|port| open.contains(port)) else {
        if !looked.is_empty() && looked.iter().all(unreached) {
            let ports: Vec<String> = looked.iter().map(|probe| probe.request.port.to_string()).collect();
            let list = ports.join(", ");
            finding.consequences.push(format!("The other mail ports of this host cannot be reached either ({list})"));
        }
        return Siblings::Unknown;
    };
    let list: Vec<String> = open.iter().map(u16::to_string).collect();
    finding.cause = match (kind, plan.target.port) {
        (ConnectFaultKind::TimedOut, 25) => format!(
            "The host responds on port {}, so it is up. Your network blocks port 25, as most home and cloud networks do.",
            list.join(", ")
        ),
        (ConnectFaultKind::TimedOut, _) => {
            format!(
                "The host responds on port {}, so it is up. A firewall on the network path blocks this port.",
                list.join(", ")
            )
        }
        _ => format!(
            "The host responds on port {}, so it is up. No service accepts connections on the requested port.",
            list.join(", ")
        ),
    };
    if kind == ConnectFaultKind::TimedOut {
        finding.otherwise = Some(
            "The firewall of the server may block the port. Repeat the check from another network to find out."
                .to_owned(),
        );
    }
    let which = match best {
        465 => "Use port 465 (implicit TLS)",
        587 => "Use port 587, the port for mail programs",
        25 => "Use port 25 if the client is a mail server; mail programs should use 587 or 465",
        _ => "Use port 2525, which some providers offer in case a network blocks the other ports",
    };
    finding.fixes.push(Fix::run(which, format!("smtpcheck {}", plan.target.host.with_port(best))));
    Siblings::Answer
}

/// Adds to a finding about a timeout that the cloud which this machine runs on blocks the port.
fn weigh_place(plan: &Plan, evidence: &Evidence, session: Session<'_>, siblings: Siblings, finding: &mut Finding) {
    let Some((probe, cloud)) = place::blocks(evidence, session) else { return };
    finding.evidence.probes.push(probe.id);
    match siblings {
        // Another port of the host responds, so the port is blocked. This cloud is the probable cause.
        Siblings::Answer => {
            finding.cause = format!("{} This machine runs on {}. {}", finding.cause, cloud.name, cloud.means);
        }
        Siblings::Unknown => {
            finding.cause = format!("This machine runs on {}, which blocks mail ports. {}", cloud.name, cloud.means);
            finding.confidence = place::confidence(cloud);
            finding.otherwise = Some(
                "The server's firewall may block the port, or no host may use this IP address. Repeat the check from another network to find out."
                    .to_owned(),
            );
        }
    }
    finding.fixes.extend(place::fixes(cloud, &plan.target.host));
}

fn last_resorts(kind: ConnectFaultKind) -> Vec<Fix> {
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => vec![
            Fix::text(
                "Check the host name and the port. Server operator: check that the mail service is running and listens on this IP address, and that no firewall rejects the connection.",
            ),
            Fix::run("Server operator: list the services that listen on TCP ports", "ss -ltnp"),
        ],
        ConnectFaultKind::TimedOut => vec![
            Fix::text(
                "Repeat the check from another network, to find out whether the port is blocked in your network or the host is down",
            ),
            Fix::text("Check the IP address. Server operator: check that the firewall allows this port."),
        ],
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => {
            vec![Fix::text(
                "Check the routes and the VPN of this machine. Server operator: check that the firewall allows this port (firewalld rejects connections in this way).",
            )]
        }
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress => vec![Fix::text(
            "Repeat the check from a network that supports this address family (IPv4 or IPv6), or ask the server's operator for an IP address of the other family",
        )],
        ConnectFaultKind::DeniedHere => {
            vec![Fix::text(
                "Allow outgoing connections to this port in the local policy (for web servers with SELinux: setsebool httpd_can_sendmail on)",
            )]
        }
    }
}

/// IP addresses that failed while another one connected.
fn unreachable_addresses(session: Session<'_>) -> Vec<Finding> {
    let Some((served, _)) = session.connected() else { return Vec::new() };
    let failed = |event: &&Event| match &event.what {
        // If this machine has no IPv6, the attempt fails at once and causes no delay.
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
                // `localhost` always has both families, and local services often listen on one.
                finding.severity = Severity::Notice;
            }
            finding.cause = "The host has an IP address on which this port cannot be reached. Programs that try that IP address first are delayed or fail.".to_owned();
            finding.fixes.push(Fix::text(format!(
                "Server operator: make the mail service listen on {}, allow the port in the firewall, or remove the IP address from DNS",
                address.ip()
            )));
            finding.fixes.push(Fix::text(format!("Connect to {} until then, or use the other address family", served.ip())));
            Some(finding)
        })
        .collect()
}
