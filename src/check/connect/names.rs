//! The host name lookup: the reason why the name has no IP address, and wrong IP addresses for a known provider.

use std::net::IpAddr;

use super::super::finding::{Finding, PhaseFailure, Rule, Severity, in_shell};
use super::super::other_host;
use super::super::place::{PrivateName, is_private};
use super::rules::{
    NAME_LOOKUP_FAILED, NAME_NOT_FOUND, NAME_POINTS_ELSEWHERE, NAME_WITH_MANY_ADDRESSES, NAME_WITHOUT_ADDRESS,
};
use crate::evidence::{Evidence, Lookup, LookupFault, NameSource, Names, Phase, Probe};
use crate::lexicon::providers::{self, Provider, ProviderSigns};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;

pub(super) fn many_addresses(evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names?;
    let left_out = names.a.left_out() + names.aaaa.left_out();
    if left_out == 0 {
        return None;
    }
    let kept = names.addresses().count();
    let summary =
        format!("{} has {} IP addresses; smtpcheck tries only {kept} of them", names.host.both(), kept + left_out);
    let finding = found(&NAME_WITH_MANY_ADDRESSES, probe, summary);
    Some(Finding {
        cause: "The lookup returned far more IP addresses than a mail service needs.".to_owned(),
        fixes: vec![Fix::run(
            "Domain owner: list all IP addresses, and remove those that are not needed",
            format!("dig +short {} A {0} AAAA", names.host),
        )],
        ..finding
    })
}

/// Whether the lookup of the host name failed, so that it is not known whether the name exists.
pub(super) fn is_failed(evidence: &Evidence) -> bool {
    let names = evidence.names().and_then(|(_, names)| names);
    names.is_none_or(|names| [&names.a, &names.aaaa].into_iter().any(|one| matches!(one, Lookup::Failed { .. })))
}

/// A finding about a name without an IP address. The name of the mail server that was probably meant comes first.
pub(super) fn no_address(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let mut finding = without_address(plan, evidence)?;
    if let Some(fix) = other_host::fix(plan, evidence) {
        finding.fixes.insert(0, fix);
    }
    Some(finding)
}

fn without_address(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names?;
    let host = names.host.both();
    let next = "Compare the name with the name in the provider's documentation, letter by letter";
    let mut finding = match (&names.a, &names.aaaa) {
        (Lookup::NotFound { .. }, _) | (_, Lookup::NotFound { .. }) => {
            let mut finding = found(&NAME_NOT_FOUND, probe, format!("{host} does not exist"));
            finding.cause = "The DNS resolver replied that the name does not exist (NXDOMAIN).".to_owned();
            if let Some(provider) = provider_of(names.host.ascii()) {
                return Some(of_provider(plan, names, provider, finding));
            }
            if let Some(network) = PrivateName::of(names.host.ascii()) {
                return Some(in_private_network(plan, names, network, finding));
            }
            if let Some(known) = providers::nearest_host(names.host.ascii()) {
                finding.fixes.push(Fix::run(
                    format!("Check for a typing error: the name is similar to {known}"),
                    format!("smtpcheck {known}:{}", plan.target.port),
                ));
            }
            finding.fixes.push(Fix::text(next));
            finding.fixes.push(Fix::text("If the name belongs to an internal network, only the DNS servers of that network know it: run the program in that network or over its VPN, or use a mail server with a public name"));
            finding.fixes.push(Fix::run(
                "To find out whether the name exists outside your network, query a public resolver",
                format!("smtpcheck {} --resolver 9.9.9.9", plan.target.host.with_port(plan.target.port)),
            ));
            finding
        }
        (Lookup::Failed { why, detail, .. }, _) | (_, Lookup::Failed { why, detail, .. }) => {
            let finding = look_up_failed(names, probe, *why, detail);
            match provider_of(names.host.ascii()) {
                Some(provider) => return Some(of_provider(plan, names, provider, finding)),
                None => finding,
            }
        }
        _ => {
            let mut finding = found(&NAME_WITHOUT_ADDRESS, probe, format!("{host} has {}", missing(names)));
            let is_complete = !matches!((&names.a, &names.aaaa), (Lookup::NotAsked, _) | (_, Lookup::NotAsked));
            if let Some(provider) = provider_of(names.host.ascii()).filter(|_| is_complete) {
                finding.cause = "The DNS resolver replied that the name has no IP address.".to_owned();
                return Some(of_provider(plan, names, provider, finding));
            }
            if let Some(network) = PrivateName::of(names.host.ascii()).filter(|_| is_complete) {
                finding.cause = "The DNS resolver replied that the name has no IP address.".to_owned();
                return Some(in_private_network(plan, names, network, finding));
            }
            finding.cause = "The name exists, but has no IP address to connect to. It may be a mail domain, whose mail server has another name.".to_owned();
            let meant =
                providers::recognise(&ProviderSigns { host: Some(names.host.ascii()), ..ProviderSigns::default() });
            if let Some(host) = meant.and_then(|provider| provider.hosts.first()) {
                finding.fixes.push(Fix::run("Use the provider's submission server", format!("smtpcheck {host}")));
            }
            finding.confidence = Confidence::Likely;
            finding.otherwise =
                Some("The A or AAAA record may be missing by mistake. Ask the domain owner.".to_owned());
            finding
                .fixes
                .push(Fix::run("Find the mail servers of the domain", format!("dig +short MX {}", names.host)));
            finding
                .fixes
                .push(Fix::text("Alternatively, use the server's host name from the provider's documentation"));
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
        NameSource::Given { resolver } => format!("The resolver {resolver}"),
        NameSource::LoopbackFallback => "The resolver 127.0.0.1 (no resolver is configured on this machine)".to_owned(),
        NameSource::System | NameSource::Override => of_this_machine(names),
    };
    let is_silent = matches!(why, LookupFault::Timeout | LookupFault::Unreachable);
    finding.cause = match why {
        LookupFault::Timeout => format!("{asked} did not respond."),
        LookupFault::ServerFailure => format!(
            "{asked} reports a failure (SERVFAIL): the domain's name servers are at fault, or DNSSEC validation failed."
        ),
        LookupFault::Refused => format!("{asked} refuses queries from this machine."),
        LookupFault::Unreachable => format!("{asked} cannot be reached."),
        // The error may have occurred before a query was sent.
        LookupFault::Other => format!("The lookup failed with an error: {detail}"),
    };
    if why == LookupFault::Other {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some(
            "This machine may have sent no query at all, for example because a DNS query cannot contain the name."
                .to_owned(),
        );
    }
    if is_silent {
        finding.fixes.extend(without_resolver(names));
    }
    finding.fixes.push(Fix::run(
        "To find out whether only this lookup fails, look up a name that you know exists",
        "getent hosts example.com",
    ));
    if !is_silent {
        finding.fixes.push(Fix::text(
            "Check /etc/resolv.conf, the DNS settings of the container, the VPN, and the firewall on port 53",
        ));
    }
    finding
}

/// This machine's resolver with its IP addresses, as the subject of a sentence.
fn of_this_machine(names: &Names) -> String {
    match listed(names) {
        Some(addresses) => format!("This machine's resolver ({addresses})"),
        None => "This machine's resolver".to_owned(),
    }
}

/// The IP addresses of this machine's resolvers, if they are known.
fn listed(names: &Names) -> Option<String> {
    let addresses: Vec<String> = names.resolvers.iter().map(ToString::to_string).collect();
    (!addresses.is_empty()).then(|| addresses.join(" or "))
}

/// Fixes if this machine's resolver does not respond. Networks often change it, for example with a new router.
fn without_resolver(names: &Names) -> Vec<Fix> {
    let setting = match names.source {
        NameSource::Given { .. } => "Use another resolver with --resolver, or use this machine's resolver".to_owned(),
        NameSource::System | NameSource::LoopbackFallback | NameSource::Override => {
            let present = listed(names).map_or_else(String::new, |addresses| format!(" ({addresses} now)"));
            format!(
                "In the network settings of this machine, device or container (Docker: dns), correct the DNS server{present}: use the router's IP address or that of a public resolver, such as 9.9.9.9 or 1.1.1.1. With a VPN, use its DNS server, or disconnect the VPN"
            )
        }
    };
    vec![Fix::text(setting), Fix::text(QUERIES)]
}

/// The fix if the resolver does not respond.
const QUERIES: &str = "Allow DNS queries (port 53, UDP and TCP) from this machine or container to its resolver in the local firewall and in the rules of the cloud or container network";

/// The provider that has a server with exactly this host name.
fn provider_of(name: &str) -> Option<&'static Provider> {
    let is_listed = |provider: &&Provider| {
        provider.kind != "local" && provider.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    };
    providers::all().iter().find(is_listed)
}

/// If the name of a known provider's server is not found, the resolver is at fault, because the name exists.
fn of_provider(plan: &Plan, names: &Names, provider: &Provider, mut finding: Finding) -> Finding {
    let target = plan.target.host.with_port(plan.target.port);
    let is_silent =
        |lookup: &Lookup| matches!(lookup, Lookup::Failed { why: LookupFault::Timeout | LookupFault::Unreachable, .. });
    let is_silent = is_silent(&names.a) || is_silent(&names.aaaa);
    finding.cause = format!(
        "{} However, the name is correct: it belongs to a server of {}. {}",
        finding.cause,
        provider.name,
        if is_silent {
            "The resolver of this machine or network cannot be reached, for example because of a firewall, a VPN, or a container without DNS."
        } else {
            "The resolver of this machine or network returns an incorrect response, for example because of a DNS filter, a VPN, the login page of a wireless network, or a container without DNS."
        }
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise =
        Some("The provider may have removed the name. Look it up with another resolver to find out.".to_owned());
    finding.fixes = match names.source {
        NameSource::Given { .. } => {
            vec![Fix::text("Use another resolver with --resolver, or use this machine's resolver")]
        }
        NameSource::System | NameSource::LoopbackFallback | NameSource::Override => {
            vec![Fix::run("To confirm this, use a public resolver", format!("smtpcheck {target} --resolver 9.9.9.9"))]
        }
    };
    if is_silent {
        finding.fixes.splice(0..0, without_resolver(names));
        finding.fixes.dedup_by(|one, other| one.text == other.text);
        finding.failure = Some(PhaseFailure::Unreachable);
        return finding;
    }
    finding.fixes.push(Fix::text(
        "Correct the resolver settings of this machine or container (/etc/resolv.conf, Docker's DNS settings, the VPN), or ask the network's administrator whether a DNS filter blocks the name",
    ));
    finding.failure = Some(PhaseFailure::Unreachable);
    finding
}

/// A finding about a private name, which public resolvers cannot look up.
fn in_private_network(plan: &Plan, names: &Names, network: PrivateName, mut finding: Finding) -> Finding {
    let (host, port) = (names.host.both(), plan.target.port);
    let (cause, fixes) = match network {
        PrivateName::OneLabel => (
            "A name without a domain can be resolved only in its own network: in containers on the same Docker network (service name), in pods in the same Kubernetes namespace, or with an entry in the hosts file.",
            vec![
                Fix::text(format!(
                    "Docker Compose: run the check in a container on the same network as the service {host}; if both containers are in different projects, connect them to one network (networks: with external: true)"
                )),
                Fix::run(
                    "From the machine that runs the containers, use the published port of the service",
                    format!("smtpcheck localhost:{port}"),
                ),
                Fix::text(format!("Kubernetes: use the full name of the service, {host}.NAMESPACE.svc.cluster.local")),
                Fix::text("To reach another machine, use its full name including the domain, or its IP address"),
            ],
        ),
        PrivateName::Cluster => (
            "This is the name of a Kubernetes service. Only pods in that cluster can resolve the name, with the cluster's own DNS.",
            vec![
                Fix::run(
                    "Check whether the service exists, and in which namespace",
                    "kubectl get services --all-namespaces",
                ),
                Fix::text(
                    "Run the check in a pod of the cluster, and compare the namespace in the name: SERVICE.NAMESPACE.svc.cluster.local",
                ),
                Fix::text(
                    "From outside the cluster, forward the port of the service (kubectl port-forward), or use its ingress or load balancer",
                ),
            ],
        ),
        PrivateName::ContainerHost => (
            "In a container, this name means the machine that runs the container. Docker Desktop and Podman create the name. Docker Engine on Linux creates the name only if it is configured to do so.",
            vec![
                Fix::text(
                    "Docker Engine on Linux: start the container with --add-host=host.docker.internal:host-gateway; in Docker Compose, extra_hosts: [\"host.docker.internal:host-gateway\"]",
                ),
                Fix::run("Outside a container, use localhost", format!("smtpcheck localhost:{port}")),
            ],
        ),
        PrivateName::Local => (
            "Names below .local are resolved by multicast DNS in the local network, not by DNS servers. Containers and many servers do not support this.",
            vec![
                Fix::text("Use the machine's IP address, or add its name to the hosts file"),
                Fix::text("In Kubernetes, use the full name of the service: SERVICE.NAMESPACE.svc.cluster.local"),
            ],
        ),
        PrivateName::Domain => (
            "Names with this ending belong to private networks, and only the private network's resolver can look them up.",
            vec![
                Fix::text("Run the check on a machine in that network, or connect to that network over a VPN"),
                Fix::text("Use that network's resolver with --resolver, or use the server's IP address"),
                Fix::text(
                    "In a container, use the service name on the same network; to reach the machine that runs the container, use host.docker.internal",
                ),
            ],
        ),
    };
    finding.cause = format!("{} {cause}", finding.cause);
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some("The name may be mistyped, or the service may not be running.".to_owned());
    finding.fixes = fixes;
    finding.failure = Some(PhaseFailure::Unreachable);
    finding
}

/// A provider's name that resolves to loopback or private IP addresses. IP addresses from `--resolve` are not judged.
pub(super) fn points_elsewhere(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let (probe, names) = evidence.names()?;
    let names = names.filter(|names| names.source != NameSource::Override)?;
    let addresses: Vec<IpAddr> = names.addresses().collect();
    if !addresses.is_empty() && addresses.iter().all(IpAddr::is_unspecified) {
        return Some(blocked_by_filter(plan, evidence, found(&NAME_POINTS_ELSEWHERE, probe, String::new())));
    }
    let provider = provider_of(names.host.ascii())?;
    let is_inside = |ip: &IpAddr| is_private(*ip) || ip.is_unspecified();
    if addresses.is_empty() || !addresses.iter().all(is_inside) {
        return None;
    }
    let list: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
    let list = list.join(", ");
    let is_loopback = addresses.iter().all(|ip| ip.is_loopback() || ip.is_unspecified());
    let (place, devices) = if is_loopback {
        (
            "this machine itself",
            "an entry in the hosts file, a virus scanner or mail proxy on this machine, or a DNS filter that blocks the name",
        )
    } else {
        ("a private network", "a gateway or mail relay of this network, a VPN, or the hosting company")
    };
    let summary = format!("{} resolves to {place} ({list}), not to {}", names.host.both(), provider.name);
    let mut finding = found(&NAME_POINTS_ELSEWHERE, probe, summary);
    let (belongs, place) = match addresses.len() {
        1 => ("this IP address does not belong to its server", "this IP address"),
        _ => ("these IP addresses do not belong to its servers", "one of these IP addresses"),
    };
    finding.cause = format!(
        "{} has public IP addresses, so {belongs}. The name is redirected by {devices}. The other results apply to the server that responds at {place}. smtpcheck examined neither the provider's own server nor its certificate.",
        provider.name
    );
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes = vec![
        Fix::run(
            "Look up the name with a public resolver, and check the provider's own server",
            format!("smtpcheck {target} --resolver 9.9.9.9"),
        ),
        Fix::run(
            "Find the entry in the hosts file, and remove the entry if it is not intended",
            format!("grep -n {} /etc/hosts", names.host.ascii()),
        ),
        Fix::text(
            "Ask the network administrator or the hosting company whether outgoing mail is redirected; if the redirection is intended, connect to their relay by its own name",
        ),
    ];
    let connected = evidence.main_session().is_some_and(|session| session.is_connected());
    if !connected {
        finding.severity = Severity::Error;
        finding.failure = Some(PhaseFailure::Unreachable);
    }
    Some(finding)
}

/// A finding about a name whose only IP address is 0.0.0.0 or ::, which DNS filters return for the names that they block.
fn blocked_by_filter(plan: &Plan, evidence: &Evidence, finding: Finding) -> Finding {
    let (host, target) = (plan.target.host.to_string(), plan.target.host.with_port(plan.target.port));
    let connected = evidence.main_session().is_some_and(|session| session.is_connected());
    let (severity, failure) = match connected {
        true => (finding.severity, None),
        false => (Severity::Error, Some(PhaseFailure::Unreachable)),
    };
    Finding {
        summary: format!("{host} resolves to 0.0.0.0 or ::, which is not the address of a server"),
        confidence: Confidence::Likely,
        cause: "A DNS filter (Pi-hole, AdGuard, the router, the internet provider or security software) or an entry in the hosts file blocks the name. Connections to this address reach this machine itself.".to_owned(),
        otherwise: Some(
            "The domain owner may have entered this address to switch off the name. The lookup with another resolver shows whether this is the case."
                .to_owned(),
        ),
        fixes: vec![
            Fix::text(format!("Allow the name {host} in the DNS filter")),
            Fix::run(
                "To confirm this, look up the name with a public resolver",
                format!("smtpcheck {target} --resolver 9.9.9.9"),
            ),
            Fix::run(
                "Find the entry in the hosts file, and remove it if it is not intended",
                format!("grep -n {} /etc/hosts", in_shell(&host)),
            ),
        ],
        severity,
        failure,
        ..finding
    }
}

#[cfg(test)]
mod tests {
    use super::provider_of;

    #[test]
    fn only_the_exact_host_name_of_a_provider_is_certain_to_exist() {
        assert_eq!(provider_of("smtp.gmail.com").map(|provider| provider.id.as_str()), Some("gmail"));
        assert!(provider_of("smtp.gmial.com").is_none() && provider_of("x.smtp.gmail.com").is_none());
    }
}
