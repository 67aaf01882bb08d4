//! The local end of the connection: an IP address, interface or port of this machine that the user specified but that
//! cannot be used. In these cases, smtpcheck did not connect to the server.
//!
//! Module [`rules`]: the rules and their pages.

mod rules;

use super::finding::{Check, Finding, PhaseFailure, asks_nothing, in_shell};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Evidence, Fault, Phase};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Family, Plan, SourceInterface};
use rules::{SOURCE_ADDRESS_MISSING, SOURCE_FAMILY_MISMATCH, SOURCE_PORT_UNAVAILABLE};

pub(super) static CHECK: Check = Check { subject: "source", ask: asks_nothing, judge, rules: rules::RULES };

/// Whether a connection failed because of the local end that the user specified.
pub(super) fn is_about_source(kind: ConnectFaultKind) -> bool {
    matches!(kind, ConnectFaultKind::SourceMissing | ConnectFaultKind::SourceFamily | ConnectFaultKind::SourcePorts)
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let Some(Fault::NotConnected { connect }) = session.fault() else { return Vec::new() };
    let target = plan.target.host.with_port(plan.target.port);
    let source = plan.source.interface.as_ref().map(ToString::to_string).unwrap_or_default();
    let (rule, summary, cause, fix) = match (connect.kind, &plan.source.interface) {
        (ConnectFaultKind::SourceMissing, Some(SourceInterface::Name { .. })) => (
            &SOURCE_ADDRESS_MISSING,
            format!("the network interface {source} cannot be used"),
            format!("The operating system rejected it: {}.", connect.detail),
            Fix::run("List the network interfaces of this machine", "ip -brief link"),
        ),
        (ConnectFaultKind::SourceMissing, _) => (
            &SOURCE_ADDRESS_MISSING,
            format!("{source} is not an IP address of this machine"),
            format!("The operating system rejected it: {}.", connect.detail),
            Fix::run("List the IP addresses of this machine", "ip -brief address"),
        ),
        (ConnectFaultKind::SourceFamily, _) => {
            let (own, other) = if plan.source.family() == Family::V4 { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
            (
                &SOURCE_FAMILY_MISMATCH,
                format!(
                    "no connection from {source} to {} is possible, because {0} has no {own} address",
                    plan.target.host
                ),
                format!("{source} is an {own} address, but the server has only {other} addresses."),
                Fix::text(format!(
                    "For --interface, use an {other} address of this machine, or the name of an interface"
                )),
            )
        }
        (ConnectFaultKind::SourcePorts, _) => {
            let ports = plan.source.ports.map(|ports| ports.to_string()).unwrap_or_default();
            (
                &SOURCE_PORT_UNAVAILABLE,
                format!("none of the local ports {ports} can be used"),
                format!("The operating system rejected each of them: {}.", connect.detail),
                Fix::run(
                    "Use a range of ports above 1023 that no other program uses",
                    format!("smtpcheck {} --local-port 40000-40099", in_shell(&target)),
                ),
            )
        }
        _ => return Vec::new(),
    };
    let mut finding = Finding::new(rule, Phase::Connect, Confidence::Certain, summary).tried(session.probe.id);
    finding.cause = format!("{cause} smtpcheck did not connect to the server.");
    finding.fixes.push(fix);
    finding.failure = Some(PhaseFailure::Unreachable);
    finding.evidence.events.extend(session.events().map(|event| event.seq));
    vec![finding]
}
