//! Fixes for failed connections if no other mail port of the host responds. The most probable cause depends on the
//! place of the server: on the internet, networks block mail ports; in a private network, the service listens elsewhere.

use super::super::finding::{port_list, user_flag};
use super::super::place::{PrivateName, is_on_internet, public_provider};
use super::super::{peer, place, programs};
use super::reach;
use crate::evidence::Evidence;
use crate::evidence::fault::ConnectFaultKind;
use crate::lexicon::Fix;
use crate::lexicon::providers::{PortTls, Provider};
use crate::plan::{Plan, Protocol, TlsUse};
use crate::question::Purpose;
use crate::wire::Host;

/// The ports of RFC 6409 (587), RFC 8314 (465) and RFC 5321 (25), and port 2525, which some providers offer because the
/// other ports are often blocked.
pub(in crate::check) const MAIL_PORTS: [u16; 4] = [587, 465, 25, 2525];

/// The known provider of the host, if it lists the port of the target.
pub(super) fn known_provider(plan: &Plan) -> Option<&'static Provider> {
    public_provider(plan).filter(|known| known.ports.iter().any(|listed| listed.port == plan.target.port))
}

/// The mail ports to try if the port of the target cannot be reached. If a known provider does not use port 2525, a port
/// that only this provider uses takes its place.
pub(super) fn sibling_ports(plan: &Plan) -> [u16; 4] {
    let listed = own_host(plan).map_or(&[][..], |provider| provider.ports);
    let is_used = |port: u16| listed.iter().any(|known| known.port == port);
    let own =
        listed.iter().map(|known| known.port).find(|port| !MAIL_PORTS.contains(port) && *port != plan.target.port);
    match own {
        Some(own) if !is_used(2525) => MAIL_PORTS.map(|port| if port == 2525 { own } else { port }),
        _ => MAIL_PORTS,
    }
}

/// Whether the port is one that mail servers use on the internet: those of RFC 5321, RFC 6409 and RFC 8314, and the
/// alternative ports of hosting companies and sending services.
fn is_mail_port(port: u16) -> bool {
    matches!(
        port,
        24..=26 | 80 | 443 | 465 | 587 | 588 | 994 | 1025 | 1587 | 2465 | 2525..=2530 | 2587 | 3325 | 3535 | 8025 | 8465 | 8587 | 10025 | 10587
    )
}

/// Why a port on the internet is probably the wrong one: no mail server uses it. Names the ports of a known provider.
pub(super) fn wrong_port(plan: &Plan, evidence: &Evidence) -> Option<String> {
    let port = plan.target.port;
    if is_mail_port(port) || !may_be_blocked(plan, evidence) {
        return None;
    }
    Some(match own_host(plan) {
        Some(provider) => {
            let listed: Vec<u16> =
                provider.ports.iter().map(|known| known.port).filter(|listed| *listed != 25).collect();
            let ports = port_list(&listed);
            format!("Port {port} is not a port for mail, so it is probably wrong; {} uses {ports}.", provider.name)
        }
        None => format!(
            "Port {port} is not a usual port for mail, so it is probably wrong unless the operator of the server named it; programs use port 587 with STARTTLS, or port 465 with implicit TLS."
        ),
    })
}

/// The known provider, if the target is one of its servers for programs and not only a name below its domain.
fn own_host(plan: &Plan) -> Option<&'static Provider> {
    let name = plan.target.host.name()?.ascii().to_ascii_lowercase();
    public_provider(plan).filter(|known| {
        known.kind != "inbound"
            && known.hosts.iter().any(|host| *host == *name)
            && known.ports.iter().any(|listed| listed.port != 25)
    })
}

/// Why a port of a known provider's server is closed or silent while others respond: the provider does not use it, or a
/// network on the path blocks it. `open` lists the ports that respond.
pub(super) fn host_of_provider(plan: &Plan, open: &str) -> Option<String> {
    let (provider, port) = (own_host(plan)?, plan.target.port);
    if port == 25 {
        return None;
    }
    Some(if provider.ports.iter().any(|listed| listed.port == port) {
        format!(
            "The servers of {} accept connections on port {port}, and the host responds on {open}, so a firewall in your network, or of your hosting company, cloud or internet provider, blocks port {port}.",
            provider.name
        )
    } else {
        let listed: Vec<u16> = provider.ports.iter().map(|known| known.port).collect();
        format!(
            "The host responds on {open}, so it is up. {} is known to use {}, so it probably does not use port {port}.",
            provider.name,
            port_list(&listed)
        )
    })
}

/// Fixes if no service on this machine listens on the port.
pub(super) fn on_this_machine(port: u16) -> Vec<Fix> {
    let start = Fix::run(
        "If a mail server should run on this machine, start it, and find out on which ports services listen",
        "ss -ltnp",
    );
    if !matches!(port, 25 | 465 | 587) {
        return vec![
            Fix::text(format!(
                "Start the service that should listen on port {port}, for example a test mail server (Mailpit, MailHog, smtp4dev, GreenMail) or Proton Mail Bridge, or enter the port on which it listens"
            )),
            start,
            Fix::text(
                "To send mail through your email provider instead, enter its server, port, user name and password in the program",
            ),
        ];
    }
    vec![
        Fix::text(
            "Many programs use localhost if no server is set. Enter the server, port, user name and password of your email provider in the program (Laravel: MAIL_HOST; Django: EMAIL_HOST; WordPress: an SMTP plugin; PHP's mail() on Windows: SMTP in php.ini), and restart the program",
        ),
        start,
    ]
}

/// The fix for such a port: the ports of the provider, or the usual ones. The mode that the user chose comes first.
fn other_than_mail(plan: &Plan) -> Fix {
    let mode = |tls: PortTls| if tls == PortTls::Implicit { TlsUse::Implicit } else { TlsUse::IfOffered };
    let (name, mut ports) = match own_host(plan) {
        Some(provider) => {
            let listed = provider.ports.iter().filter(|known| known.port != 25);
            (format!(" of {}", provider.name), listed.map(|known| (known.port, mode(known.tls))).collect())
        }
        None => (String::new(), vec![(587, TlsUse::IfOffered), (465, TlsUse::Implicit)]),
    };
    ports.sort_by_key(|(_, tls)| (*tls == TlsUse::Implicit) != (plan.tls_use() == TlsUse::Implicit));
    let listed: Vec<String> = ports
        .into_iter()
        .take(2)
        .map(|(port, tls)| {
            format!("port {port}{name} and select {}", programs::encryption_instead_of(plan.tls_use(), tls))
        })
        .collect();
    let condition =
        if name.is_empty() { "Unless the operator of the server named this port" } else { "In the program" };
    Fix::text(format!("{condition}, enter {}", listed.join(", or ")))
}

/// Whether a network on the path may block the port: the server is on the internet, and the port is one for mail.
pub(super) fn may_be_blocked(plan: &Plan, evidence: &Evidence) -> bool {
    plan.target.protocol == Protocol::Smtp && is_on_internet(plan, evidence)
}

/// What to do about a port that could not be reached.
pub(super) fn last_resorts(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind) -> Vec<Fix> {
    of_mail_domain(plan).into_iter().chain(of_port(plan, evidence, kind)).collect()
}

/// The fix if the user entered the domain of a provider's email addresses, `gmail.com`, instead of its server.
fn of_mail_domain(plan: &Plan) -> Option<Fix> {
    let name = plan.target.host.name()?.ascii();
    let provider = public_provider(plan).filter(|known| known.kind == "mailbox")?;
    let server = provider.hosts.iter().find(|host| !host.starts_with("*."))?;
    let is_domain = name.matches('.').count() == 1 && provider.hosts.iter().all(|host| **host != *name);
    let known = provider.ports.iter().find(|known| Some(known.port) == provider.recommended)?;
    let scheme = if known.tls == PortTls::Implicit { "smtps://" } else { "" };
    is_domain.then(|| {
        Fix::run(
            format!(
                "Enter {server}, the server of {} for mail programs; {name} is the domain of email addresses",
                provider.name
            ),
            format!("smtpcheck {scheme}{server}:{}{}", known.port, user_flag(plan)),
        )
    })
}

fn of_port(plan: &Plan, evidence: &Evidence, kind: ConnectFaultKind) -> Vec<Fix> {
    let is_outside = may_be_blocked(plan, evidence);
    if is_outside
        && matches!(kind, ConnectFaultKind::Refused | ConnectFaultKind::Reset | ConnectFaultKind::TimedOut)
        && wrong_port(plan, evidence).is_some()
    {
        let others = match (own_host(plan), kind) {
            (Some(_), _) => blocked(plan, evidence, 587),
            (None, ConnectFaultKind::TimedOut) => timed_out_outside(plan, evidence),
            (None, _) => refused_outside(plan, evidence),
        };
        return std::iter::once(other_than_mail(plan)).chain(others).collect();
    }
    match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset if is_outside => refused_outside(plan, evidence),
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => refused_inside(plan, evidence),
        ConnectFaultKind::TimedOut if is_outside => timed_out_outside(plan, evidence),
        ConnectFaultKind::TimedOut => vec![
            Fix::text(
                "Check the IP address, and check that this machine is in the same network as the server or connected over a VPN",
            ),
            Fix::text(
                "Server operator: allow this port in the server's firewall, also from container networks if the program runs in a container (ufw allow from 172.16.0.0/12)",
            ),
            Fix::text(
                "In a cluster, check the rules for connections between the program and the server (Kubernetes: the NetworkPolicy of both namespaces; service meshes: their policies)",
            ),
        ],
        ConnectFaultKind::HostUnreachable | ConnectFaultKind::Other => {
            let route = Fix::run(
                "Check this machine's routes and VPN. Server operator: check the firewall (some firewalls, such as firewalld, reject connections in this way)",
                "ip route",
            );
            if is_outside {
                blocked(plan, evidence, plan.target.port).into_iter().chain([route]).collect()
            } else {
                vec![route]
            }
        }
        ConnectFaultKind::NetworkUnreachable
        | ConnectFaultKind::NoSourceAddress
        | ConnectFaultKind::SourceMissing
        | ConnectFaultKind::SourceFamily
        | ConnectFaultKind::SourcePorts => vec![if has_v4(plan, evidence) {
            Fix::run(
                "Check this machine's network connection, default route and VPN. In a container, check that its network is not an internal one (Docker: internal: true, network_mode: none)",
                "ip route",
            )
        } else {
            Fix::text(
                "Use a network that supports this address family, or ask the server's operator for an IP address of the other family. In a container, enable IPv6 (Docker: \"ipv6\": true in daemon.json and enable_ipv6 for the network), or use the network of its machine (network_mode: host)",
            )
        }],
        ConnectFaultKind::DeniedHere => vec![
            Fix::run(
                "On a web server with SELinux (Fedora, RHEL and similar), allow web applications to send mail, as root",
                "setsebool -P httpd_can_sendmail on",
            ),
            Fix::text(
                "Allow outgoing connections to this port in the local firewall, virus scanner or AppArmor profile, or ask the hosting company to allow them",
            ),
        ],
    }
}

/// Whether the host has an IPv4 address. If not, a missing route can be due to the address family.
pub(super) fn has_v4(plan: &Plan, evidence: &Evidence) -> bool {
    match &plan.target.host {
        Host::Ip(ip) => ip.is_ipv4(),
        Host::Socket(_) => false,
        Host::Name(_) => {
            evidence.names().and_then(|(_, names)| names).is_some_and(|names| names.addresses().any(|ip| ip.is_ipv4()))
        }
    }
}

fn timed_out_outside(plan: &Plan, evidence: &Evidence) -> Vec<Fix> {
    let mut fixes = blocked(plan, evidence, plan.target.port);
    if known_provider(plan).is_none() {
        let (at, text) = if reach::is_up(evidence) {
            (
                1,
                "Server operator: allow this port in the firewall of the server, and in the security group or panel of its hosting company",
            )
        } else {
            (
                fixes.len(),
                "If the server is your own, check that it has not banned your IP address (fail2ban-client status; cscli decisions list; mailcow: Configuration, Fail2ban), and that its firewall and security group allow this port",
            )
        };
        fixes.insert(at.min(fixes.len()), Fix::text(text));
    }
    // Egress rules of containers, clusters and functions block everything, including the port for HTTPS.
    if !reach::is_up(evidence) {
        let at = if place::container(evidence).is_some() { 0 } else { fixes.len() };
        fixes.insert(at, Fix::text(
            "In a container, cluster or cloud function, allow outgoing connections (Docker: no internal network; Kubernetes: NetworkPolicy; clouds: security group; AWS Lambda in a VPC: NAT gateway or VPC endpoint)",
        ));
    }
    fixes
}

fn refused_outside(plan: &Plan, evidence: &Evidence) -> Vec<Fix> {
    // The servers of a known provider accept connections, so a network on the path rejects them.
    if known_provider(plan).is_some() {
        let mut fixes = blocked(plan, evidence, plan.target.port);
        fixes.insert(
            fixes.len().min(1),
            Fix::text(
                "On this machine, allow the program to connect to mail ports in the firewall and the virus scanner (McAfee: \"Prevent mass mailing worms\"; ConfigServer Firewall: SMTP_BLOCK; cPanel: SMTP Restrictions)",
            ),
        );
        return fixes;
    }
    let mut fixes = blocked(plan, evidence, plan.target.port);
    fixes.insert(
        0,
        Fix::text(
            "Check the host and port. Server operator: check that the mail service is running and listens on this IP address, not only on 127.0.0.1 (Postfix: inet_interfaces = all), and that no firewall rejects the connection (ss -ltnp lists the services). Inside the server's own network, use its local address, because many routers do not lead connections to their public address back inside.",
        ),
    );
    fixes
}

fn refused_inside(plan: &Plan, evidence: &Evidence) -> Vec<Fix> {
    let mut fixes = Vec::new();
    if let Host::Name(name) = &plan.target.host
        && PrivateName::of(name.ascii()) == Some(PrivateName::ContainerHost)
    {
        return on_the_host_of_containers(plan, evidence);
    }
    if let Host::Name(name) = &plan.target.host
        && PrivateName::of(name.ascii()) == Some(PrivateName::OneLabel)
        && name.ascii() != "localhost"
    {
        fixes.push(Fix::run(
            "If the name is a container's service name, check that the container is running, and use the port on which the service listens inside the container, not the published port",
            "docker compose ps",
        ));
    }
    fixes.push(Fix::text(
        "Check the host and port. Server operator: check that the mail service is running and listens on this IP address (Postfix listens only on 127.0.0.1 with inet_interfaces = loopback-only; a service that listens only on ::1 has to be entered as ::1), and that no firewall rejects the connection.",
    ));
    fixes.push(Fix::run("Server operator: list which services listen on which ports", "ss -ltnp"));
    fixes
}

/// Fixes for a service on the machine that runs the container. On Linux, containers cannot reach a service that listens
/// only on 127.0.0.1 of this machine; mail bridges do so. With Docker Desktop they can.
fn on_the_host_of_containers(plan: &Plan, evidence: &Evidence) -> Vec<Fix> {
    let port = plan.target.port;
    let address = evidence.names().and_then(|(_, names)| names?.addresses().next());
    let bind = address.map(|ip| format!("bind={ip},")).unwrap_or_default();
    vec![
        Fix::text(format!(
            "On the machine that runs the container, check that the service is running, and at which address it listens on port {port} (Linux: ss -ltn; macOS: lsof -nP -iTCP:{port}; Windows: netstat -an)"
        )),
        Fix::text(format!(
            "On Linux, if it listens only on 127.0.0.1 (as Proton Mail Bridge and Postfix with inet_interfaces = loopback-only do), make it listen on the address that the container uses, or forward the port there: socat TCP-LISTEN:{port},{bind}fork TCP:127.0.0.1:{port}"
        )),
        Fix::text(
            "Or run the container in the network of its machine (docker run --network host; Compose: network_mode: host), and connect to localhost; or run the service in a container on the same network, and connect to its service name",
        ),
    ]
}

/// Fixes for a port that a network on the path blocks: that of the target, or the usual one.
fn blocked(plan: &Plan, evidence: &Evidence, port: u16) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = other_port(plan, evidence).into_iter().collect();
    if port == 25 {
        let google = "gmail-smtp-in.l.google.com";
        let is_google = plan.target.host.name().is_some_and(|name| name.ascii().ends_with("google.com"));
        let known = if is_google { "mta5.am0.yahoodns.net" } else { google };
        fixes.extend([
            Fix::text(
                "Send through a submission server on port 587, 465 or 2525 with a login (of your email provider, hosting company or a sending service), because most home and cloud networks block port 25. On a mail server, enter it as the relay host (Postfix: relayhost).",
            ),
            Fix::text(
                "Ask your hosting company, cloud, VPN or internet provider to unblock outgoing port 25, or to name its own mail relay",
            ),
            Fix::run(
                "To find out whether your network blocks port 25, check a server that accepts connections from everywhere",
                format!("smtpcheck {known}:25 --quit-after banner"),
            ),
        ]);
    } else {
        let relay = peer::provider_by_name(plan).filter(|provider| provider.kind == "relay");
        fixes.extend([
            Fix::text(format!(
                "Ask your hosting company, cloud or internet provider to unblock outgoing port {port}, or to name its own mail relay (DigitalOcean and some plans of other clouds block mail ports; cPanel: SMTP Restrictions; Telekom routers: list of allowed mail servers)"
            )),
            Fix::text(match relay {
                Some(provider) => {
                    format!("Send through the HTTPS API of {} (port 443), which networks do not block", provider.name)
                }
                None if port == 2525 => "Send through the HTTPS API of a sending service (port 443), which networks do not block".to_owned(),
                None => "Send through a sending service on port 2525 or through its HTTPS API (port 443), which networks rarely block".to_owned(),
            }),
            Fix::text("If you use a VPN, disconnect it and repeat the check, or exclude the mail program from the VPN (split tunnelling)"),
            other_provider(plan),
        ]);
    }
    fixes
}

fn other_provider(plan: &Plan) -> Fix {
    Fix::run(
        "To find out whether your network blocks mail ports, check the ports of another provider",
        if is_gmail(plan) { "smtpcheck ports smtp.mail.yahoo.com" } else { "smtpcheck ports smtp.gmail.com" },
    )
}

fn is_gmail(plan: &Plan) -> bool {
    peer::provider_by_name(plan).is_some_and(|provider| provider.id == "gmail")
}

/// A port of the provider that has not been tried, because only this provider uses it.
fn other_port(plan: &Plan, evidence: &Evidence) -> Option<Fix> {
    let provider = known_provider(plan)?;
    let was_tried = |port: u16| {
        evidence.probes(Purpose::SiblingPort).any(|probe| probe.request.port == port) || port == plan.target.port
    };
    // If another port of this kind was tried and is blocked, the network blocks all of them.
    if provider.ports.iter().any(|known| !MAIL_PORTS.contains(&known.port) && was_tried(known.port)) {
        return None;
    }
    let other = provider.ports.iter().find(|known| !was_tried(known.port))?;
    let tls = if other.tls == PortTls::Implicit { TlsUse::Implicit } else { TlsUse::IfOffered };
    let target = plan.target.host.with_port(other.port);
    let scheme = if tls == TlsUse::Implicit { "smtps://" } else { "" };
    Some(Fix::run(
        format!(
            "Use port {} of {}, which networks rarely block; in the program, select {}",
            other.port,
            provider.name,
            programs::encryption_instead_of(plan.tls_use(), tls)
        ),
        format!("smtpcheck {scheme}{target}"),
    ))
}
