//! The findings of the ordinary checks about one setting. Its session is judged as if it were the session that the user
//! requested: the plan names the server as the target, and the evidence contains only this session, with the purpose
//! `main`. Probes and events keep their numbers.

use super::candidates::SettingCandidate;
use super::sight::SettingsSight;
use crate::check::finding::Finding;
use crate::check::server;
use crate::evidence::{Evidence, Session};
use crate::plan::{Plan, Protocol, QuitAfter, Target, TlsMode, TlsUse};
use crate::question::{Purpose, Question};
use crate::wire::Host;

/// Rules about the ordinary check itself, not about the server.
const LEFT_OUT: &[&str] =
    &["resolve-entry-unused", "time-limit-reached", "connection-limit-reached", "refusals-after-data"];

/// The findings about one session with the server of a setting.
pub(super) fn findings<'s>(
    sight: SettingsSight<'s>,
    candidate: &SettingCandidate<'s>,
    session: Session<'s>,
) -> Vec<Finding> {
    let plan = plan_for(sight, candidate, session);
    let evidence = evidence_for(sight, session);
    let mut findings = server::judge_by(server::CHECKS, &plan, &evidence);
    findings.retain(|finding| !LEFT_OUT.contains(&finding.rule.as_ref()));
    findings
}

/// The plan of a check of the server.
fn plan_for(sight: SettingsSight<'_>, candidate: &SettingCandidate<'_>, session: Session<'_>) -> Plan {
    let host = Host::Name(candidate.host.clone());
    let mut plan = sight.plan.clone();
    plan.settings = None;
    plan.target = Target { input: candidate.place(), host, port: candidate.port, protocol: Protocol::Smtp };
    plan.login = session.request.script.login.clone();
    plan.quit_after = QuitAfter::Auth;
    plan.tls.mode = match session.request.script.tls {
        TlsUse::Implicit => TlsMode::Implicit,
        TlsUse::Required => TlsMode::Starttls,
        TlsUse::IfOffered => TlsMode::Auto,
        TlsUse::Never => TlsMode::None,
    };
    plan
}

/// The evidence with only this session.
fn evidence_for(sight: SettingsSight<'_>, session: Session<'_>) -> Evidence {
    let mut evidence = sight.evidence.clone();
    let host = session.request.host.clone();
    evidence.probes.retain(|probe| match &probe.question {
        Question::Session(_) => probe.id == session.probe.id,
        Question::Resolve { host: looked_up } => Some(looked_up) == host.name(),
        Question::Machine { .. } => true,
        Question::Hello(_) | Question::Records(_) | Question::Fetch(_) => false,
    });
    for probe in &mut evidence.probes {
        if let Question::Session(request) = &mut probe.question {
            request.purpose = Purpose::Main;
        }
    }
    evidence
}
