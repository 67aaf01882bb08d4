//! From the name to a TCP connection: what was asked, which addresses were tried, and, when none answers, whether the
//! same host answers on another mail port, and whether the place where this machine stands blocks it.

use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, place};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    DialResult, Event, EventKind, Evidence, Fault, Lookup, LookupFault, NameSource, Names, Phase, Probe, Session,
};
use crate::lexicon::providers::{self, ProviderSigns};
use crate::plan::{Override, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

/// The ports of RFC 5321 (25), RFC 8314 (465), RFC 6409 (587), and the one that providers add when those are blocked.
const MAIL_PORTS: [u16; 4] = [587, 465, 25, 2525];

pub static CHECK: Check = Check {
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
    cites: &["RFC 2308 section 2.1"],
    docs: Docs {
        sees: "The resolver answers that the name does not exist (NXDOMAIN).",
        matters: "Without an address there is nobody to session to. Nothing was sent.",
        action: "Compare the name with the one on the provider's page, letter by letter. If the name is internal, ask the resolver of that network, with --resolver or from a machine inside it.",
        example: "smtpcheck smtp.gmial.com",
        references: "RFC 2308 section 2.1 (what NXDOMAIN means)",
    },
};

static NAME_WITHOUT_ADDRESS: Rule = Rule {
    id: "name-without-address",
    severity: Severity::Error,
    title: "the name exists but has no address",
    cites: &["RFC 2308 section 2.2", "RFC 5321 section 5.1"],
    docs: Docs {
        sees: "The name exists, and the resolver has neither an IPv4 nor an IPv6 address for it (or not of the family that was asked for).",
        matters: "Often a mail domain (example.net) was given where the name of its mail server (mail.example.net) is needed; the domain has MX records and no address of its own.",
        action: "Look up the MX records of the domain to find its mail servers, or take the host name from the provider's page.",
        example: "smtpcheck example.net, where only mail.example.net has an address",
        references: "RFC 5321 section 5.1 (how mail finds its server), RFC 2308 section 2.2",
    },
};

static NAME_LOOKUP_FAILED: Rule = Rule {
    id: "name-lookup-failed",
    severity: Severity::Error,
    title: "the name could not be looked up",
    cites: &["RFC 1035 section 4.1.1"],
    docs: Docs {
        sees: "No resolver gave an answer: it was silent, refused, or reported a failure (SERVFAIL).",
        matters: "This says nothing about the mail server; the fault is between this machine and its resolver, or with the name servers of the domain.",
        action: "Look up another name. If that fails too, mend the resolver of this machine or container (/etc/resolv.conf, VPN, firewall on port 53). If only this name fails, its own name servers are at fault.",
        example: "a container without DNS; a domain whose DNSSEC signatures have expired",
        references: "RFC 1035 section 4.1.1 (response codes)",
    },
};

static NAME_WITH_MANY_ADDRESSES: Rule = Rule {
    id: "name-with-many-addresses",
    severity: Severity::Notice,
    title: "the name has more addresses than are tried",
    cites: &["RFC 5321 section 5.1"],
    docs: Docs {
        sees: "The answer to the look-up holds more than 16 addresses of one family. The first 16 are kept and tried, the others are not.",
        matters: "Mail servers try some addresses of a host and then the next host, so most of these are never used. An answer of this size does not fit into one UDP packet either. Large mail services get along with a dozen.",
        action: "If the name is yours, give it fewer addresses, or several names behind MX records. If it is not, compare it with the provider's page.",
        example: "a name with 40 A records",
        references: "RFC 5321 section 5.1 (a client may limit how many addresses it tries)",
    },
};

static CONNECTION_REFUSED: Rule = Rule {
    id: "connection-refused",
    severity: Severity::Error,
    title: "the host refuses connections on this port",
    cites: &["RFC 9293 section 3.10.7"],
    docs: Docs {
        sees: "The host answers at once that nothing listens on the port (TCP reset).",
        matters: "The network path works. The mail service is stopped, listens elsewhere, or a firewall answers in its name.",
        action: "Use the port on which the same host answers, if there is one; else start the service, or correct host and port.",
        example: "smtpcheck localhost:2525 with no server running",
        references: "RFC 9293 section 3.10.7 (reset)",
    },
};

static CONNECTION_TIMED_OUT: Rule = Rule {
    id: "connection-timed-out",
    severity: Severity::Error,
    title: "nothing answers on this port",
    cites: &["RFC 9293 section 3.8"],
    docs: Docs {
        sees: "No answer to the connection request within the time (--connect-timeout), neither yes nor no. The other mail ports of the host are tried, and signs on this machine tell whether it stands in a cloud that blocks the port.",
        matters: "Silence is what firewalls do. Port 25 is blocked outwards by most home and cloud networks; a wrong address is silent too.",
        action: "If another port of the same host answers, use it: 587 or 465 with a login. If none does, try from another network, and check the address. In a known cloud the finding names the cloud's own procedure.",
        example: "smtpcheck mx.example.net:25 from a cloud machine",
        references: "RFC 8314 section 3.3 (which ports mail clients use)",
    },
};

static CONNECTION_IMPOSSIBLE: Rule = Rule {
    id: "connection-impossible",
    severity: Severity::Error,
    title: "this machine cannot reach the host",
    cites: &["RFC 8305 section 5"],
    docs: Docs {
        sees: "The operating system gave up by itself: no route, no address of that family, or a local policy forbids it.",
        matters: "No packet reached the server. The fault is on this machine or its network.",
        action: "Check routes, VPN and local firewall. An IPv6-only host needs a network with IPv6.",
        example: "a host with only an AAAA record, checked from an IPv4-only network",
        references: "RFC 8305 (Happy Eyeballs)",
    },
};

static ADDRESS_UNREACHABLE: Rule = Rule {
    id: "address-unreachable",
    severity: Severity::Warning,
    title: "one address of the host does not answer",
    cites: &["RFC 8305 section 5"],
    docs: Docs {
        sees: "The host has several addresses; one of them failed, another one answered.",
        matters: "Programs that try addresses one after the other wait for the dead one first, and some never try the next.",
        action: "Make the service listen on that address, or remove the address from DNS.",
        example: "an AAAA record for a server that listens on IPv4 only",
        references: "RFC 8305 section 5",
    },
};

/// Looks up the name and sessions; when the port cannot be reached, looks at the other mail ports, and when it is silent,
/// at this machine: many clouds block mail ports outwards.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let mut questions = Vec::new();
    if let Host::Name(host) = &plan.target.host {
        questions.push(Question::Resolve { host: host.clone() });
    }
    questions.push(Question::Talk(SessionRequest::main(plan)));
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
            questions.push(Question::Talk(request));
        }
    }
    questions
}

static RESOLVE_ENTRY_UNUSED: Rule = Rule {
    id: "resolve-entry-unused",
    severity: Severity::Notice,
    title: "an address of --resolve is for a host or port that is not checked",
    cites: &["--resolve HOST:PORT:ADDR, as in curl"],
    docs: Docs {
        sees: "--resolve gives an address for a host and port that no target of this run has.",
        matters: "The entry has no effect: the target's name is looked up as usual, and the check may reach another server than intended.",
        action: "Write the entry for the target's own host and port; the default port is 587, or 465 with TLS from the first byte.",
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
        cause: "an address of --resolve counts for exactly the host and port that it names".to_owned(),
        fixes: vec![Fix::run(
            "name the host and port of the target",
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
    let summary = format!("{} has {} addresses; {kept} of them count here", names.host.both(), kept + left_out);
    let finding = found(&NAME_WITH_MANY_ADDRESSES, probe, summary);
    Some(Finding {
        cause: "the answer to the look-up is far larger than that of any mail service".to_owned(),
        fixes: vec![Fix::run(
            "see all of them, and take away those that are not needed",
            format!("dig +short {} A {0} AAAA", names.host),
        )],
        ..finding
    })
}

fn no_address(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names?;
    let host = names.host.both();
    let next = "compare the name with the provider's page, letter by letter";
    let mut finding = match (&names.a, &names.aaaa) {
        (Lookup::NotFound { .. }, _) | (_, Lookup::NotFound { .. }) => {
            let mut finding = found(&NAME_NOT_FOUND, probe, format!("{host} does not exist"));
            finding.cause = "the resolver answers that there is no such name (NXDOMAIN)".to_owned();
            if let Some(known) = providers::nearest_host(names.host.ascii()) {
                finding.fixes.push(Fix::run(
                    format!("it looks like {known} with a typing error"),
                    format!("smtpcheck {known}:{}", plan.target.port),
                ));
            }
            finding.fixes.push(Fix::text(next));
            finding.fixes.push(Fix::run(
                "ask a public resolver, to see whether only this network does not know the name",
                format!("smtpcheck {} --resolver 9.9.9.9", plan.target.host.with_port(plan.target.port)),
            ));
            finding
        }
        (Lookup::Failed { why, detail, .. }, _) | (_, Lookup::Failed { why, detail, .. }) => {
            look_up_failed(names, probe, *why, detail)
        }
        _ => {
            let mut finding = found(&NAME_WITHOUT_ADDRESS, probe, format!("{host} has {}", missing(names)));
            finding.cause = "the name exists without an address to connect to; it may be a mail domain, whose mail server has another name".to_owned();
            let meant =
                providers::recognise(&ProviderSigns { host: Some(names.host.ascii()), ..ProviderSigns::default() });
            if let Some(host) = meant.and_then(|provider| provider.hosts.first()) {
                finding.fixes.push(Fix::run("its server for mail programs is", format!("smtpcheck {host}")));
            }
            finding.confidence = Confidence::Likely;
            finding.otherwise =
                Some("the address record may simply be missing; the operator of the domain can tell".to_owned());
            finding
                .fixes
                .push(Fix::run("find the mail servers of the domain", format!("dig +short MX {}", names.host)));
            finding.fixes.push(Fix::text("or take the server's host name from the provider's page"));
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
        _ => "no address, neither IPv4 nor IPv6",
    }
}

fn look_up_failed(names: &Names, probe: &Probe, why: LookupFault, detail: &str) -> Finding {
    let mut finding = found(&NAME_LOOKUP_FAILED, probe, format!("{} could not be looked up", names.host.both()));
    let asked = match &names.source {
        NameSource::Given { resolver } => format!("the resolver {resolver}"),
        NameSource::LoopbackFallback => "the resolver 127.0.0.1 (this machine names none)".to_owned(),
        NameSource::System | NameSource::Override => "the resolver of this machine".to_owned(),
    };
    finding.cause = match why {
        LookupFault::Timeout => format!("{asked} did not answer"),
        LookupFault::ServerFailure => format!(
            "{asked} reports a failure (SERVFAIL): the name servers of the domain are at fault, or DNSSEC validation failed"
        ),
        LookupFault::Refused => format!("{asked} refuses to answer us"),
        LookupFault::Unreachable => format!("{asked} cannot be reached"),
        LookupFault::Other => format!("{asked} gave no usable answer: {detail}"),
    };
    finding.fixes.push(Fix::run(
        "look up a name that surely exists, to see whether only this one fails",
        "getent hosts example.com",
    ));
    finding
        .fixes
        .push(Fix::text("check /etc/resolv.conf, the DNS settings of the container, VPN, and the firewall on port 53"));
    finding
}

fn not_connected(plan: &Plan, evidence: &Evidence, session: Session<'_>, kind: ConnectFaultKind) -> Finding {
    let port = plan.target.port;
    let host = plan.target.host.to_string();
    let (rule, summary, cause): (&'static Rule, String, &str) = match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => (
            &CONNECTION_REFUSED,
            format!("{host} refuses connections on port {port}"),
            "the host answered that it takes no connections on this port",
        ),
        ConnectFaultKind::TimedOut => (
            &CONNECTION_TIMED_OUT,
            format!("{host} does not answer on port {port}"),
            "the connection request got no answer at all, neither yes nor no; silence is what firewalls do, and addresses without a host",
        ),
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "the network says that there is no way to this host",
        ),
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress => (
            &CONNECTION_IMPOSSIBLE,
            format!("{host} cannot be reached: {kind}"),
            "this machine has no network of the address family that the host has",
        ),
        ConnectFaultKind::DeniedHere => (
            &CONNECTION_IMPOSSIBLE,
            format!("this machine forbids the connection to port {port}"),
            "a policy of this machine (firewall, SELinux, AppArmor, sandbox) refuses the connection before it leaves",
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

/// What else a failed connection can mean, and how to tell. What this machine says of itself has no other reading.
fn otherwise(kind: ConnectFaultKind) -> Option<&'static str> {
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => {
            Some("a firewall may refuse in the host's name; the same check from another network tells")
        }
        ConnectFaultKind::TimedOut => {
            Some("the host may be down, or a firewall swallows the request; another network or another port tells")
        }
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => {
            Some("some firewalls of servers answer this way too (firewalld does)")
        }
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress | ConnectFaultKind::DeniedHere => None,
    }
}

/// Whether another mail port of the host greets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Siblings {
    Answer,
    Unknown,
}

/// What the other mail ports of the host say about the silent or closed one.
fn weigh_siblings(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind, finding: &mut Finding) -> Siblings {
    let looked: Vec<Session<'_>> = evidence.probes(Purpose::SiblingPort).filter(Session::is_over).collect();
    let unreached = |probe: &Session<'_>| matches!(probe.fault(), Some(Fault::NotConnected { .. }));
    let answers = |probe: &Session<'_>| probe.reply_at(Phase::Greeting).is_some_and(|heard| heard.accepts());
    let open: Vec<u16> = looked.iter().filter(|probe| answers(probe)).map(|probe| probe.request.port).collect();
    for probe in &looked {
        finding.evidence.probes.push(probe.probe.id);
    }
    let Some(best) = MAIL_PORTS.into_iter().find(|port| open.contains(port)) else {
        if !looked.is_empty() && looked.iter().all(unreached) {
            let ports: Vec<String> = looked.iter().map(|probe| probe.request.port.to_string()).collect();
            let list = ports.join(", ");
            finding.consequences.push(format!("the other mail ports of this host cannot be reached either ({list})"));
        }
        return Siblings::Unknown;
    };
    let list: Vec<String> = open.iter().map(u16::to_string).collect();
    finding.cause = match (kind, plan.target.port) {
        (ConnectFaultKind::TimedOut, 25) => format!(
            "the same host answers on {}, so it is up: port 25 is blocked on the way, as most home and cloud networks do",
            list.join(", ")
        ),
        (ConnectFaultKind::TimedOut, _) => {
            format!(
                "the same host answers on {}, so it is up: this port is filtered on the way or by the server",
                list.join(", ")
            )
        }
        _ => format!("the same host answers on {}, so it is up: nothing listens on this port", list.join(", ")),
    };
    if kind == ConnectFaultKind::TimedOut {
        finding.otherwise =
            Some("the server itself may filter the port; the same check from another network tells".to_owned());
    }
    let which = match best {
        465 => "use port 465, which speaks TLS from the first byte",
        587 => "use port 587, the port for mail programs",
        25 => "port 25 answers, the port between mail servers; mail programs should have 587 or 465",
        _ => "use port 2525, which some providers offer where the others are blocked",
    };
    finding.fixes.push(Fix::run(which, format!("smtpcheck {}", plan.target.host.with_port(best))));
    Siblings::Answer
}

/// What the place where this machine stands does with the silent port.
fn weigh_place(plan: &Plan, evidence: &Evidence, session: Session<'_>, siblings: Siblings, finding: &mut Finding) {
    let Some((probe, cloud)) = place::blocks(evidence, session) else { return };
    finding.evidence.probes.push(probe.id);
    match siblings {
        // Something is in the way of this port; the place says whose it probably is.
        Siblings::Answer => {
            finding.cause = format!("{}. This machine stands at {}: {}", finding.cause, cloud.name, cloud.means);
        }
        Siblings::Unknown => {
            finding.cause = format!("this machine stands at {}, where ports are blocked. {}", cloud.name, cloud.means);
            finding.confidence = place::confidence(cloud);
            finding.otherwise = Some(
                "the server may filter the port, or no host is at that address; the same check from another network tells"
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
                "check host and port; on the server, see that the mail service runs, listens on this address, and that no firewall refuses in its name",
            ),
            Fix::run("on the server: what listens on which port", "ss -ltnp"),
        ],
        ConnectFaultKind::TimedOut => vec![
            Fix::text("try the same from another network, to tell a block on the way from a dead host"),
            Fix::text("check the address, and on the server the firewall for this port"),
        ],
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => {
            vec![Fix::text(
                "check the route and the VPN; on the server, look at the firewall (firewalld refuses this way)",
            )]
        }
        ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress => vec![Fix::text(
            "use a network that has this address family, or ask the operator for an address of the other one",
        )],
        ConnectFaultKind::DeniedHere => {
            vec![Fix::text(
                "allow outgoing connections to this port in the local policy (SELinux: httpd_can_sendmail for web servers)",
            )]
        }
    }
}

/// Addresses that failed while another one served.
fn unreachable_addresses(session: Session<'_>) -> Vec<Finding> {
    let Some((served, _)) = session.connected() else { return Vec::new() };
    let failed = |event: &&Event| match &event.what {
        // A machine without IPv6 fails at once and at nobody's cost.
        EventKind::Dialled { result: DialResult::Failed { fault }, .. } => {
            !matches!(fault.kind, ConnectFaultKind::NetworkUnreachable | ConnectFaultKind::NoSourceAddress)
        }
        _ => false,
    };
    session.events()
        .filter(failed)
        .filter_map(|event| {
            let EventKind::Dialled { address, result: DialResult::Failed { fault }, .. } = &event.what else { return None };
            let summary = format!("{} does not work ({}), {} does", address.ip(), fault.kind, served.ip());
            let mut finding = Finding::new(&ADDRESS_UNREACHABLE, Phase::Connect, Confidence::Certain, summary).on(event);
            if address.ip().is_loopback() {
                // `localhost` has both families everywhere, and services there listen on one.
                finding.severity = Severity::Notice;
            }
            finding.cause = "the name leads to an address on which this port cannot be reached; programs that try that address first wait or fail".to_owned();
            finding.fixes.push(Fix::text(format!(
                "the operator makes the service listen on {}, opens the firewall for it, or removes the address from DNS",
                address.ip()
            )));
            finding.fixes.push(Fix::text(format!("until then, connect to {} or use the other address family", served.ip())));
            Some(finding)
        })
        .collect()
}
