//! If no mail port of a host on the internet responds: does the host respond on the port for HTTPS? If it does, only mail
//! ports are blocked. If it does not, the host may have blocked this machine, or nothing outside can be reached.

use super::super::finding::Finding;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Evidence, Fault, Session};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};

/// The port for HTTPS.
pub(super) const HTTPS: u16 = 443;

/// A connection to the port for HTTPS, on which nothing is sent.
pub(super) fn question(plan: &Plan) -> Question {
    Question::session(SessionRequest::probe(plan, Purpose::SiblingPort, HTTPS, TlsUse::Never, QuitAfter::Connect))
}

/// What the port for HTTPS shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HttpsReach {
    /// The host accepted or refused the connection.
    Responds,
    Silent,
    Unknown,
}

fn https_port<'a>(evidence: &'a Evidence) -> (Option<Session<'a>>, HttpsReach) {
    let probe = evidence.probes(Purpose::SiblingPort).find(|probe: &Session<'a>| probe.request.port == HTTPS);
    let reach = probe.filter(Session::is_over).map_or(HttpsReach::Unknown, |probe| match probe.fault() {
        Some(Fault::NotConnected { connect }) => match connect.kind {
            ConnectFaultKind::Refused | ConnectFaultKind::Reset => HttpsReach::Responds,
            ConnectFaultKind::TimedOut => HttpsReach::Silent,
            _ => HttpsReach::Unknown,
        },
        _ if probe.is_connected() => HttpsReach::Responds,
        _ => HttpsReach::Unknown,
    });
    (probe, reach)
}

/// States in a finding about a silent port what the port for HTTPS shows. If the finding already has a specific cause, it
/// keeps it.
pub(super) fn weigh(evidence: &Evidence, is_explained: bool, finding: &mut Finding) {
    let (Some(probe), reach) = https_port(evidence) else { return };
    match reach {
        HttpsReach::Responds => {
            finding.evidence.probes.push(probe.probe.id);
            if !is_explained {
                finding.cause = format!(
                    "The host responds on port {HTTPS}, so it is up, and only its mail ports are blocked: by your network, hosting company, cloud, VPN or router, or by the firewall of the server."
                );
                finding.otherwise = Some(
                    "The mail service may be on another host. Repeat the check from another network to find out."
                        .to_owned(),
                );
            }
        }
        HttpsReach::Silent if !is_explained => {
            finding.evidence.probes.push(probe.probe.id);
            finding.consequences.push(format!(
                "The host does not respond on port {HTTPS} (HTTPS) either, but many mail servers do not use it"
            ));
        }
        HttpsReach::Silent | HttpsReach::Unknown => {}
    }
}

/// Whether the host responds on the port for HTTPS.
pub(super) fn is_up(evidence: &Evidence) -> bool {
    https_port(evidence).1 == HttpsReach::Responds
}
