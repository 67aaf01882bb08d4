//! The proxy between this machine and the server. None of these findings concerns the mail server, because smtpcheck
//! did not reach it. If the proxy does not allow the port or cannot reach it, this check tries the other mail ports
//! through the proxy.
//!
//! Module [`rules`]: the rules and their pages.

mod rules;

use std::net::IpAddr;

use super::connect::MAIL_PORTS;
use super::finding::{Check, Finding, PhaseFailure, Rule};
use super::place::is_private;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::quote::Quote;
use crate::evidence::{
    EventKind, Evidence, Fault, Phase, ProxyFault, ProxyFaultKind, ServerUnreachable, Session, SpokenInstead,
};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, Proxy, ProxyScheme, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use rules::{
    PROXY_DENIES_CONNECTION, PROXY_LOGIN_REJECTED, PROXY_LOGIN_REQUIRED, PROXY_NAME_UNKNOWN, PROXY_NO_PROXY,
    PROXY_PASSWORD_UNENCRYPTED, PROXY_SERVER_UNREACHABLE, PROXY_UNREACHABLE, PROXY_UNSUPPORTED,
};

pub(super) static CHECK: Check = Check { subject: "proxy", ask, judge, rules: rules::RULES };

/// Asks for the other mail ports, if the proxy did not connect to this one.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    if plan.used_proxy().is_none() {
        return Vec::new();
    }
    let fault = evidence.main_session().and_then(|session| session.fault());
    let is_about_port = matches!(
        fault,
        Some(Fault::Proxy { proxy }) if matches!(
            proxy.kind,
            ProxyFaultKind::Denied | ProxyFaultKind::ServerUnreachable { .. }
        )
    );
    if !is_about_port {
        return Vec::new();
    }
    let others = MAIL_PORTS.into_iter().filter(|&port| port != plan.target.port);
    let ask = |port| {
        let tls = if port == 465 { TlsUse::Implicit } else { TlsUse::IfOffered };
        Question::session(SessionRequest::probe(plan, Purpose::SiblingPort, port, tls, QuitAfter::Banner))
    };
    others.map(ask).collect()
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let (Some(proxy), Some(session)) = (plan.used_proxy(), evidence.main_session()) else { return Vec::new() };
    let mut findings = Vec::new();
    if let Some(Fault::Proxy { proxy: fault }) = session.fault() {
        findings.push(failed(plan, evidence, session, proxy, fault));
    }
    findings.extend(unencrypted_password(session, proxy));
    findings
}

/// What each kind of fault means.
struct ProxyVerdict {
    rule: &'static Rule,
    summary: String,
    cause: String,
    otherwise: Option<&'static str>,
    fixes: Vec<Fix>,
}

fn failed(plan: &Plan, evidence: &Evidence, session: Session<'_>, proxy: &Proxy, fault: &ProxyFault) -> Finding {
    let target = plan.target.host.with_port(plan.target.port);
    let said = session.probe.quote(fault.detail.clone());
    let mut verdict = match fault.kind {
        ProxyFaultKind::NameUnknown => name_unknown(proxy, &said),
        ProxyFaultKind::Unreachable { connect } => unreachable(proxy, connect),
        ProxyFaultKind::LoginRequired => login_required(plan, proxy, &target, &said),
        ProxyFaultKind::LoginRejected => login_rejected(proxy, &said),
        ProxyFaultKind::Denied => denied(plan, proxy, &target, &said),
        ProxyFaultKind::ServerUnreachable { reason } => server_unreachable(proxy, &target, reason, &said),
        ProxyFaultKind::NoResult => no_result(proxy, &target),
        ProxyFaultKind::Unsupported => unsupported(proxy, &target, &said),
        ProxyFaultKind::NotThisProtocol { instead } => no_proxy(proxy, instead, &said),
        ProxyFaultKind::Closed => closed(proxy),
        ProxyFaultKind::Silent => silent(proxy),
    };
    verdict.cause.push_str(" This machine did not connect to the mail server.");
    let confidence = if verdict.otherwise.is_some() { Confidence::Likely } else { Confidence::Certain };
    let mut finding = Finding::new(verdict.rule, Phase::Connect, confidence, verdict.summary).tried(session.probe.id);
    finding.cause = verdict.cause;
    finding.otherwise = verdict.otherwise.map(str::to_owned);
    finding.fixes = verdict.fixes;
    finding.failure = Some(PhaseFailure::Unreachable);
    finding.evidence.events.extend(session.events().map(|event| event.seq));
    other_ports(plan, evidence, &mut finding);
    if let Some(variable) = plan.proxy.as_ref().and_then(|settings| settings.variable.as_ref()) {
        finding.fixes.push(Fix::run(
            format!("The environment variable {variable} specifies the proxy. Connect without the proxy"),
            format!("smtpcheck {target} --noproxy '*'"),
        ));
    }
    finding
}

fn name_unknown(proxy: &Proxy, said: &Quote<'_>) -> ProxyVerdict {
    ProxyVerdict {
        rule: &PROXY_NAME_UNKNOWN,
        summary: format!("no IP address was found for the proxy {}", proxy.host),
        cause: format!("The proxy's name was looked up on this machine: {said}."),
        otherwise: None,
        fixes: vec![Fix::text(
            "Compare the proxy's name with your network administrator's instructions, letter by letter",
        )],
    }
}

fn unreachable(proxy: &Proxy, kind: ConnectFaultKind) -> ProxyVerdict {
    let cause = match kind {
        ConnectFaultKind::Refused | ConnectFaultKind::Reset => {
            "The proxy's host responded that it does not accept connections on this port."
        }
        ConnectFaultKind::TimedOut => "The connection to the proxy was neither accepted nor rejected.",
        _ => "This machine could not connect to the proxy.",
    };
    let mut fixes = vec![Fix::text(format!(
        "Check the host and port of the proxy, and make sure that the proxy is running (this check used port {}; proxies often listen on 1080, 3128 or 8080)",
        proxy.port
    ))];
    if kind == ConnectFaultKind::TimedOut {
        fixes.push(Fix::text("Check the firewall between this machine and the proxy"));
    }
    ProxyVerdict {
        rule: &PROXY_UNREACHABLE,
        summary: format!("the proxy {proxy} cannot be reached: {kind}"),
        cause: cause.to_owned(),
        otherwise: None,
        fixes,
    }
}

fn login_required(plan: &Plan, proxy: &Proxy, target: &str, said: &Quote<'_>) -> ProxyVerdict {
    let has_user = proxy.user.is_some();
    let cause = match has_user {
        false => format!("The proxy requires a login ({said}), but no user name for the proxy was given."),
        true => format!("The proxy requires a login ({said}), but no password for the proxy was given."),
    };
    let url = if plan.proxy.as_ref().is_some_and(|settings| settings.variable.is_some()) {
        String::new()
    } else {
        format!(" --proxy {proxy}")
    };
    ProxyVerdict {
        rule: &PROXY_LOGIN_REQUIRED,
        summary: format!("the proxy {proxy} needs a user name and a password"),
        cause,
        otherwise: None,
        fixes: vec![Fix::run(
            "Log in to the proxy, with a password from a file, a command, ~/.netrc or SMTPCHECK_PROXY_PASSWORD",
            format!("smtpcheck {target}{url} --proxy-user NAME --proxy-password-file FILE"),
        )],
    }
}

fn login_rejected(proxy: &Proxy, said: &Quote<'_>) -> ProxyVerdict {
    let is_socks4 = matches!(proxy.scheme, ProxyScheme::Socks4 | ProxyScheme::Socks4a);
    let fix = match is_socks4 {
        true => "Use a proxy that does not query this machine for the user (identd), or use SOCKS5",
        false => "Check the user name and the password for the proxy. They usually differ from those of the mailbox.",
    };
    ProxyVerdict {
        rule: &PROXY_LOGIN_REJECTED,
        summary: format!("the proxy {proxy} rejects the login"),
        cause: format!("The proxy did not accept the user name or the password: {said}."),
        otherwise: None,
        fixes: vec![Fix::text(fix)],
    }
}

fn denied(plan: &Plan, proxy: &Proxy, target: &str, said: &Quote<'_>) -> ProxyVerdict {
    let (cause, fix) = match proxy.scheme {
        ProxyScheme::Http => (
            format!(
                "The proxy's rules forbid the connection ({said}). HTTP proxies usually allow CONNECT only to port 443."
            ),
            format!(
                "Ask the proxy's administrator to allow CONNECT to port {0} (tinyproxy: ConnectPort {0}; squid: acl SSL_ports port {0})",
                plan.target.port
            ),
        ),
        _ => (
            format!("The proxy's rules forbid the connection ({said})."),
            format!("Ask the proxy's administrator to allow connections to {target}"),
        ),
    };
    ProxyVerdict {
        rule: &PROXY_DENIES_CONNECTION,
        summary: format!("the proxy {proxy} does not allow connections to {target}"),
        cause,
        otherwise: None,
        fixes: vec![Fix::text(fix), Fix::text("Alternatively, connect without the proxy if the network allows it")],
    }
}

fn server_unreachable(proxy: &Proxy, target: &str, reason: ServerUnreachable, said: &Quote<'_>) -> ProxyVerdict {
    let otherwise = match reason {
        ServerUnreachable::Unknown => {
            "The proxy does not state a reason. It sends the same response whether one of its rules forbids the connection, the name is unknown, or the server is down. Read the proxy's log."
        }
        _ => {
            "The server may be reachable from other networks. To find out, repeat the check without the proxy, or read the proxy's log."
        }
    };
    let mut fixes = vec![
        Fix::text(format!("Check whether the proxy can resolve the host name and reach the server's port: {target}")),
        Fix::text("Check whether the proxy's network blocks connections to mail ports"),
    ];
    if proxy.scheme == ProxyScheme::Socks4a && reason == ServerUnreachable::Unknown {
        fixes.push(Fix::text("Also try socks4:// or socks5h://; some proxies (dante) do not support SOCKS4a"));
    }
    ProxyVerdict {
        rule: &PROXY_SERVER_UNREACHABLE,
        summary: format!("the proxy {proxy} cannot connect to {target}: {reason}"),
        cause: format!("smtpcheck reached the proxy. The proxy tried to connect to the server, and reported {said}."),
        otherwise: Some(otherwise),
        fixes,
    }
}

fn no_result(proxy: &Proxy, target: &str) -> ProxyVerdict {
    // These protocols have a single response, so there is no earlier sign that the service is a proxy.
    let otherwise = match proxy.scheme {
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => {
            "The proxy itself may be faulty. Check another server through the proxy to find out."
        }
        ProxyScheme::Socks4 | ProxyScheme::Socks4a | ProxyScheme::Http => {
            "The service at this address may expect a different protocol. Check another server through the proxy to find out."
        }
    };
    ProxyVerdict {
        rule: &PROXY_SERVER_UNREACHABLE,
        summary: format!("the proxy {proxy} did not report a connection to {target} within the time limit"),
        cause:
            "smtpcheck reached the proxy. The proxy is probably still waiting for the server, or a firewall drops its packets."
                .to_owned(),
        otherwise: Some(otherwise),
        fixes: vec![
            Fix::run("Wait longer", format!("smtpcheck {target} --connect-timeout 60s --max-time 2m")),
            Fix::text("Check whether the proxy's network blocks connections to mail ports"),
        ],
    }
}

fn unsupported(proxy: &Proxy, target: &str, said: &Quote<'_>) -> ProxyVerdict {
    let fix = match proxy.scheme {
        ProxyScheme::Http => "Check the proxy's port: a web server does not support CONNECT",
        ProxyScheme::Socks4 | ProxyScheme::Socks4a => "Use SOCKS5 for servers with IPv6 addresses, or use --ipv4",
        ProxyScheme::Socks5 => "Look up the name on the proxy (socks5h://), or use --ipv4",
        ProxyScheme::Socks5h => "Look up the name on this machine (socks5://)",
    };
    ProxyVerdict {
        rule: &PROXY_UNSUPPORTED,
        summary: format!("{proxy} does not support the request to connect to {target}"),
        cause: format!("smtpcheck reached the proxy, but the proxy does not support this kind of request: {said}."),
        otherwise: None,
        fixes: vec![Fix::text(fix)],
    }
}

fn no_proxy(proxy: &Proxy, instead: SpokenInstead, said: &Quote<'_>) -> ProxyVerdict {
    let (what, fix) = match (instead, proxy.scheme) {
        (SpokenInstead::Http, ProxyScheme::Http) => {
            ("an HTTP server, but is not complete", Fix::text("Check the host and the port of the proxy"))
        }
        (SpokenInstead::Http, _) => (
            "an HTTP server or an HTTP proxy",
            Fix::text(format!(
                "If the service is an HTTP proxy, use --proxy http://{}",
                proxy.host.with_port(proxy.port)
            )),
        ),
        (SpokenInstead::Socks, ProxyScheme::Socks5 | ProxyScheme::Socks5h) => {
            ("a SOCKS4 proxy", Fix::text(format!("Use --proxy socks4a://{}", proxy.host.with_port(proxy.port))))
        }
        (SpokenInstead::Socks, _) => {
            ("a SOCKS5 proxy", Fix::text(format!("Use --proxy socks5h://{}", proxy.host.with_port(proxy.port))))
        }
        (SpokenInstead::Smtp, _) => (
            "a mail server",
            Fix::text(
                "Specify the host and port of the proxy with --proxy, and the host and port of the mail server as the target",
            ),
        ),
        (SpokenInstead::Tls, _) => ("a server that expects TLS", Fix::text("Use a proxy port that does not use TLS")),
        (SpokenInstead::Other, _) => {
            ("another service", Fix::text("Check the host, the port and the scheme of the proxy"))
        }
    };
    ProxyVerdict {
        rule: &PROXY_NO_PROXY,
        summary: format!(
            "{} is not {} proxy: the response comes from {what}",
            proxy.host.with_port(proxy.port),
            kind(proxy)
        ),
        cause: format!("The service at this address does not use the protocol that the proxy URL specifies ({said})."),
        otherwise: None,
        fixes: vec![fix],
    }
}

fn closed(proxy: &Proxy) -> ProxyVerdict {
    ProxyVerdict {
        rule: &PROXY_NO_PROXY,
        summary: format!("{proxy} closed the connection without a response"),
        cause: format!("{} proxy responds to the request before it closes the connection.", kind(proxy)),
        otherwise: Some(
            "A proxy may also reject this machine's IP address in this way. Read the proxy's log to find out.",
        ),
        fixes: vec![
            Fix::text("Check the host, the port and the scheme of the proxy"),
            Fix::text(
                "Proxy operator: check whether the proxy's rules allow this machine (tinyproxy: Allow; dante: client pass)",
            ),
        ],
    }
}

fn silent(proxy: &Proxy) -> ProxyVerdict {
    ProxyVerdict {
        rule: &PROXY_NO_PROXY,
        summary: format!("{proxy} accepts the connection but does not respond"),
        cause: format!("{} proxy responds to the first message immediately.", kind(proxy)),
        otherwise: Some("The proxy may be overloaded. Repeat the check later to find out."),
        fixes: vec![Fix::text("Check the host, the port and the scheme of the proxy")],
    }
}

/// The kind of proxy that the user requested, with its article.
fn kind(proxy: &Proxy) -> &'static str {
    match proxy.scheme {
        ProxyScheme::Socks4 | ProxyScheme::Socks4a => "a SOCKS4",
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => "a SOCKS5",
        ProxyScheme::Http => "an HTTP",
    }
}

/// Adds how the proxy handles the other mail ports.
fn other_ports(plan: &Plan, evidence: &Evidence, finding: &mut Finding) {
    let looked: Vec<Session<'_>> = evidence.probes(Purpose::SiblingPort).filter(Session::is_over).collect();
    finding.evidence.probes.extend(looked.iter().map(|session| session.probe.id));
    let reached = |session: &&Session<'_>| session.reply_at(Phase::Greeting).is_some_and(|received| received.accepts());
    if let Some(open) = looked.iter().find(reached) {
        let port = open.request.port;
        finding.consequences.push(format!("Through the same proxy, the host responds on port {port}"));
        let scheme = if port == 465 { "smtps" } else { "smtp" };
        let host = plan.target.host.with_port(port);
        finding.fixes.insert(
            0,
            Fix::run(format!("Use port {port}, which the proxy can reach"), format!("smtpcheck {scheme}://{host}")),
        );
        return;
    }
    let denied = |session: &Session<'_>| matches!(session.fault(), Some(Fault::Proxy { proxy }) if proxy.kind == ProxyFaultKind::Denied);
    if !looked.is_empty() && looked.iter().all(denied) {
        let ports: Vec<String> = looked.iter().map(|session| session.request.port.to_string()).collect();
        finding
            .consequences
            .push(format!("The proxy does not allow the other mail ports either ({})", ports.join(", ")));
    }
}

/// The finding about a password that was sent to the proxy over a network in clear text. None of these proxy protocols
/// has encryption.
fn unencrypted_password(session: Session<'_>, proxy: &Proxy) -> Option<Finding> {
    let login = session.events().find(|event| matches!(event.what, EventKind::ProxyLogin { .. }))?;
    let address = session.events().find_map(|event| match &event.what {
        EventKind::ProxyDialled { address, result: crate::evidence::DialResult::Connected { .. }, .. } => {
            Some(address.ip())
        }
        _ => None,
    })?;
    if address.to_canonical().is_loopback() {
        return None;
    }
    let summary = format!("the password for the proxy {proxy} was sent unencrypted");
    let mut finding = Finding::new(&PROXY_PASSWORD_UNENCRYPTED, Phase::Connect, Confidence::Certain, summary).on(login);
    finding.cause = match network(address) {
        Network::Private => "Proxies of this kind use no encryption. Every device in the private network between this machine and the proxy can read the password.",
        Network::Public => "Proxies of this kind use no encryption. The connection to the proxy goes through the internet, where every device on the network path can read the password.",
    }
    .to_owned();
    finding.fixes.push(Fix::text(
        "Use a tunnel to the proxy (ssh -L, WireGuard), and a password that you use only for this proxy",
    ));
    Some(finding)
}

enum Network {
    Private,
    Public,
}

fn network(ip: IpAddr) -> Network {
    if is_private(ip) { Network::Private } else { Network::Public }
}

/// States in findings about the client's IP address that the server sees the proxy's IP address.
pub(super) fn explain_address(plan: &Plan, findings: &mut [Finding]) {
    let Some(proxy) = plan.used_proxy() else { return };
    for finding in findings.iter_mut().filter(|finding| finding.rule == "client-reputation") {
        finding.consequences.push(format!(
            "The connection goes through the proxy {proxy}, so the server sees the proxy's IP address, not this machine's"
        ));
    }
}
