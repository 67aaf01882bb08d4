//! The cloud, container or network that this machine runs in: whether it blocks outgoing connections to a mail port,
//! and what to do if a device in that network responds instead of a provider. Other checks use these functions. This
//! file raises no findings and sends nothing over the network.

use crate::evidence::{EventKind, Evidence, NameSource, Probe, Session};
use crate::lexicon::clouds::{self, Cloud, MachineSigns};
use crate::lexicon::providers::Provider;
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::Question;
use crate::wire::Host;

/// The question that collects the local data that is needed to identify the cloud.
pub(super) fn question() -> Question {
    let variables = clouds::variables().chain(OF_CONTAINERS);
    Question::Machine { variables: variables.map(str::to_owned).collect() }
}

/// Environment variables that Kubernetes, systemd-nspawn and Podman set in containers.
const OF_CONTAINERS: [&str; 2] = ["KUBERNETES_SERVICE_HOST", "container"];

/// The variable of AWS Lambda, whose functions run in containers. The list of clouds contains it.
const OF_LAMBDA: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// The evidence that this program runs in a container. In Docker, a container's host name is the first 12 digits of its
/// ID.
pub(super) fn container(evidence: &Evidence) -> Option<&Probe> {
    let (probe, machine) = evidence.machine()?;
    let is_id = |host: &String| host.len() == 12 && host.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_variable = machine.variables.iter().any(|name| OF_CONTAINERS.contains(&name.as_str()) || name == OF_LAMBDA);
    (has_variable || machine.host.as_ref().is_some_and(is_id)).then_some(probe)
}

/// The cloud that this machine runs on, if the cloud is known to block the port of a session for all or some customers.
/// All of these conditions must be met:
///
/// 1. The cloud is recognised.
/// 2. Its entry lists the port as blocked; or the entry lists no port, the port is 25 (some clouds block it only for
///    some customers), and the entry is not a generic one for virtual machines.
/// 3. The server's IP address is public, because clouds do not block mail ports in their private networks.
pub(super) fn blocks<'a>(evidence: &'a Evidence, session: Session<'_>) -> Option<(&'a Probe, &'static Cloud)> {
    let (probe, machine) = evidence.machine()?;
    let cloud = clouds::recognise(&MachineSigns {
        dmi: machine.dmi.iter().map(|(file, content)| (file.as_str(), content.as_str())).collect(),
        env: machine.variables.iter().map(String::as_str).collect(),
        host: machine.host.as_deref(),
    })?;
    let port = session.request.port;
    let at_times = cloud.blocks.is_empty() && port == 25 && cloud.kind != "virtual";
    let inside = session.events().any(|event| match &event.what {
        EventKind::Dialled { address, .. } => is_private(address.ip()),
        _ => false,
    });
    ((cloud.blocks.contains(&port) || at_times) && !inside).then_some((probe, cloud))
}

/// The provider whose host name the user gave, if its servers are on the internet.
pub(super) fn public_provider(plan: &Plan) -> Option<&'static Provider> {
    super::peer::provider_by_name(plan).filter(|provider| provider.kind != "local" && !provider.ports.is_empty())
}

/// Fixes if a device on the network path responds instead of the provider. They never advise the user to trust that
/// device's certificate.
pub(super) fn around_device(plan: &Plan, provider: &Provider) -> Vec<Fix> {
    let host = &plan.target.host;
    let other = provider.ports.iter().map(|known| known.port).filter(|port| *port != plan.target.port);
    // Devices redirect the unencrypted ports more often than 465.
    let other = other.min_by_key(|port| (*port != 465, *port == 25));
    let mut fixes = vec![Fix::repeat(
        format!(
            "To reach the server of {}, repeat the check from another network or machine (for example over a mobile connection)",
            provider.name
        ),
        format!("smtpcheck {}", host.with_port(plan.target.port)),
    )];
    fixes.extend(other.map(|port| {
        Fix::run(format!("Check whether port {port} is also redirected"), format!("smtpcheck {}", host.with_port(port)))
    }));
    fixes.push(Fix::text(
        "Ask the network's administrator or the hosting company not to redirect or inspect connections to this host (cPanel: SMTP Restrictions; firewalls: exclude mail from TLS inspection), or send through their relay with an account on it",
    ));
    fixes
}

/// How certain it is that the cloud blocks the port. The value is at most `likely`, because the cloud's rule may not
/// apply to this account.
pub(super) fn confidence(cloud: &Cloud) -> Confidence {
    if cloud.blocks.is_empty() { Confidence::Possible } else { cloud.certainty.min(Confidence::Likely) }
}

/// The cloud's procedure for unblocking the port, with the host name filled in.
pub(super) fn fixes(cloud: &Cloud, host: &Host) -> impl Iterator<Item = Fix> {
    let with_port = host.with_port(25);
    let bare = with_port.trim_end_matches(":25").to_owned();
    cloud
        .fix
        .fixes()
        .into_iter()
        .map(move |fix| Fix { command: fix.command.as_ref().map(|command| command.replace("{host}", &bare)), ..fix })
}

/// The types of names that can be looked up only in a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrivateName {
    /// A name without a domain: a service of Docker Compose, or a machine of the local network.
    OneLabel,
    /// The name of a Kubernetes service.
    Cluster,
    /// The name of the machine that a container runs on.
    ContainerHost,
    /// A name for multicast DNS.
    Local,
    /// A domain of a company's or home network.
    Domain,
}

impl PrivateName {
    /// The type of a name; `None` if the name can be in the public DNS.
    pub(super) fn of(name: &str) -> Option<PrivateName> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
        if ends(&[".docker.internal", ".containers.internal"]) {
            Some(PrivateName::ContainerHost)
        } else if ends(&[".svc", ".cluster.local"]) || name.contains(".svc.") {
            Some(PrivateName::Cluster)
        } else if !name.contains('.') {
            Some(PrivateName::OneLabel)
        } else if ends(&[".local"]) {
            Some(PrivateName::Local)
        } else if ends(&[
            ".internal",
            ".lan",
            ".home.arpa",
            ".home",
            ".corp",
            ".intranet",
            ".private",
            ".localdomain",
            ".intern",
            ".test",
        ]) {
            Some(PrivateName::Domain)
        } else {
            None
        }
    }
}

/// Whether an IP address is private, loopback or link-local. A connection from a private address reaches a remote
/// server through a router, so the server sees that router's public IP address.
pub(super) fn is_private(ip: std::net::IpAddr) -> bool {
    match ip.to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Whether an IP address belongs to Cloudflare's web proxy, as published at <https://www.cloudflare.com/ips/>. The proxy
/// forwards only web traffic. Spectrum, which forwards mail ports as well, uses 172.65.0.0/16, which is left out.
pub(super) fn is_of_web_proxy(ip: std::net::IpAddr) -> bool {
    const NETWORKS: [([u8; 4], u32); 15] = [
        ([103, 21, 244, 0], 22),
        ([103, 22, 200, 0], 22),
        ([103, 31, 4, 0], 22),
        ([104, 16, 0, 0], 13),
        ([104, 24, 0, 0], 14),
        ([108, 162, 192, 0], 18),
        ([131, 0, 72, 0], 22),
        ([141, 101, 64, 0], 18),
        ([162, 158, 0, 0], 15),
        ([172, 64, 0, 0], 13),
        ([173, 245, 48, 0], 20),
        ([188, 114, 96, 0], 20),
        ([190, 93, 240, 0], 20),
        ([197, 234, 240, 0], 22),
        ([198, 41, 128, 0], 17),
    ];
    match ip.to_canonical() {
        std::net::IpAddr::V4(v4) if matches!(v4.octets(), [172, 65, ..]) => false,
        std::net::IpAddr::V4(v4) => {
            NETWORKS.iter().any(|(network, bits)| (u32::from(v4) ^ u32::from_be_bytes(*network)) >> (32 - bits) == 0)
        }
        std::net::IpAddr::V6(v6) => matches!(
            v6.segments(),
            [0x2400, 0xcb00, ..]
                | [0x2405, 0x8100 | 0xb500, ..]
                | [0x2606, 0x4700, ..]
                | [0x2803, 0xf800, ..]
                | [0x2a06, 0x98c0..=0x98c7, ..]
                | [0x2c0f, 0xf248, ..]
        ),
    }
}

/// Whether a host belongs to a mail service of Cloudflare (Email Routing, Email Security), which uses IP addresses in the
/// same networks as its web proxy.
pub(super) fn is_mail_host_of_proxy(host: &str) -> bool {
    const DOMAINS: [&str; 6] =
        ["cloudflare.net", "cloudflare.com", "cf-emailsecurity.net", "mxrecord.io", "mxrecord.mx", "area1security.com"];
    let host = host.trim_end_matches('.');
    DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether the server is on this machine or in a private network, as the connection shows. If `--resolve` gives the
/// address, the name decides.
pub(super) fn is_inside(plan: &Plan, session: Session<'_>) -> bool {
    match &plan.target.host {
        Host::Ip(ip) => is_private(*ip),
        Host::Socket(_) => true,
        Host::Name(name) if name.ascii() == "localhost" || PrivateName::of(name.ascii()).is_some() => true,
        host @ Host::Name(_) => {
            let server = session.connected().map(|(server, _)| server.ip());
            plan.given_addresses(host).is_empty() && server.is_some_and(is_private)
        }
    }
}

/// Whether the server is reached over the internet, as its IP addresses show. If `--resolve` gives the address, or the
/// address is not known, the name decides.
pub(super) fn is_on_internet(plan: &Plan, evidence: &Evidence) -> bool {
    match &plan.target.host {
        Host::Ip(ip) => !is_private(*ip),
        Host::Socket(_) => false,
        Host::Name(name) if name.ascii() == "localhost" || PrivateName::of(name.ascii()).is_some() => false,
        Host::Name(_) => {
            let names = evidence.names().and_then(|(_, names)| names);
            let mut known = names.filter(|names| names.source != NameSource::Override).into_iter();
            known.all(|names| names.addresses().next().is_none() || names.addresses().any(|ip| !is_private(ip)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PrivateName;
    use crate::wire::DomainName;

    #[test]
    fn names_of_private_networks_are_recognised() {
        for (name, kind) in [
            ("mail_server", Some(PrivateName::OneLabel)),
            ("smtp_1", Some(PrivateName::OneLabel)),
            ("mailpit.tools.svc.cluster.local", Some(PrivateName::Cluster)),
            ("smtp.mail.svc", Some(PrivateName::Cluster)),
            ("host.docker.internal", Some(PrivateName::ContainerHost)),
            ("my_stack_smtp.internal", Some(PrivateName::Domain)),
            ("nas.local", Some(PrivateName::Local)),
            ("mail.example.net", None),
        ] {
            assert_eq!(PrivateName::of(name), kind, "{name}");
            assert!(DomainName::parse(name).is_ok(), "{name}");
        }
    }
}
