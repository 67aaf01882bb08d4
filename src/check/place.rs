//! The cloud that this machine runs on, and whether it blocks outgoing connections to a mail port. This module raises
//! no findings; `connect` uses it to explain a timeout. It reads only local data and sends nothing over the network.

use super::refusal::is_private;
use crate::evidence::{EventKind, Evidence, Probe, Session};
use crate::lexicon::clouds::{self, Cloud, MachineSigns};
use crate::lexicon::{Confidence, Fix};
use crate::question::Question;
use crate::wire::Host;

/// The question that collects the local data by which the cloud is recognised.
pub(super) fn question() -> Question {
    Question::Machine { variables: clouds::variables().map(str::to_owned).collect() }
}

/// The cloud that this machine runs on, if it is known to block the port of a session, always or sometimes. All of
/// these conditions must be met:
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

/// How certain it is that the cloud blocks the port: at most likely, because smtpcheck cannot find out whether the
/// block applies to this account.
pub(super) fn confidence(cloud: &Cloud) -> Confidence {
    if cloud.blocks.is_empty() { Confidence::Possible } else { cloud.certainty.min(Confidence::Likely) }
}

/// The cloud's procedure for unblocking the port, with the host name filled in.
pub(super) fn fixes(cloud: &Cloud, host: &Host) -> impl Iterator<Item = Fix> {
    let with_port = host.with_port(25);
    let bare = with_port.trim_end_matches(":25").to_owned();
    cloud.fix.iter().map(move |fix| Fix {
        command: fix.command.as_ref().map(|command| command.replace("{host}", &bare)),
        ..fix.clone()
    })
}
