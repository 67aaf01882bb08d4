//! Several servers behind one name. A name can have several IP addresses, and a load balancer behind one IP address can
//! have several servers. If the servers differ, the result of a check depends on which server it reaches. The rules in
//! this module name the server that differs from the others.
//!
//! With `--every-address`, the check opens a session at each IP address of the host ([`ask`]), and compares the
//! results ([`compare`]). `smtpcheck watch` compares the results of many checks with the same function
//! ([`super::judge_backends`]).
//!
//! Modules: [`seen`] (the facts about one server), [`compare`] (which server differs from the others), [`rules`].

mod compare;
mod rules;
mod seen;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::finding::{Check, Finding, Severity};
use crate::evidence::{Evidence, Session};
use crate::plan::{AddressChoice, Family, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;

pub(super) use compare::compare;
pub(crate) use seen::is_timeout;
pub use seen::{BackendCertificate, BackendFailure, BackendSeen, CertificateFault};

pub(super) static CHECK: Check = Check { subject: "backends", ask, judge, rules: rules::RULES };

/// The number of IP addresses that smtpcheck checks at the same time.
const AT_ONCE: usize = 4;

/// A session at each IP address that the main session did not connect to. smtpcheck does not log in during these
/// sessions, because the server would count a rejected login once for each IP address.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    if plan.addresses != AddressChoice::Every {
        return Vec::new();
    }
    let Some(main) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    let Some((_, Some(names))) = evidence.names() else { return Vec::new() };
    let connected = main.server_address();
    let over = evidence.probes(Purpose::EveryAddress).filter(Session::is_over).count();
    let allowed = |ip: IpAddr| match plan.family {
        Family::Any => true,
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    };
    let mut others: Vec<IpAddr> = Vec::new();
    for ip in names.addresses().filter(|ip| allowed(*ip) && Some(*ip) != connected) {
        if !others.contains(&ip) {
            others.push(ip);
        }
    }
    others.into_iter().take(over + AT_ONCE).map(|ip| Question::session(at(plan, Host::Ip(ip)))).collect()
}

/// The session at one IP address. It has the same phases as the main session, except the login.
fn at(plan: &Plan, host: Host) -> SessionRequest {
    let quit_after = plan.quit_after.min(QuitAfter::Auth);
    let mut request = SessionRequest::probe(plan, Purpose::EveryAddress, plan.target.port, plan.tls_use(), quit_after);
    request.host = host;
    if plan.tls_use() != TlsUse::Never {
        request.script.sni =
            plan.tls.sni.clone().or_else(|| plan.target.host.name().map(|name| name.ascii().to_owned()));
    }
    request
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    if plan.addresses != AddressChoice::Every {
        return Vec::new();
    }
    let others = evidence.probes(Purpose::EveryAddress).filter(Session::is_over);
    let sessions = evidence.main_session().into_iter().chain(others);
    let seen: Vec<BackendSeen> = sessions.filter_map(|session| BackendSeen::of(session, evidence.started_at)).collect();
    let mut findings = compare(plan, &seen.iter().collect::<Vec<_>>());
    let main = evidence.main_session().map(|session| session.probe.id);
    for finding in &mut findings {
        // A separate finding reports the fault of the main session, and determines the exit code.
        if finding.failure.is_some() && main.is_some_and(|main| finding.evidence.probes.contains(&main)) {
            finding.severity = Severity::Notice;
            finding.failure = None;
        }
    }
    findings
}
