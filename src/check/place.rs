//! The cloud or network that this machine runs on, and whether it blocks outgoing connections to a mail port. It judges
//! nothing: `connect` uses it to explain a timeout. It asks nothing over the network.

use super::refusal::is_private;
use crate::evidence::{EventKind, Evidence, Probe, Session};
use crate::lexicon::clouds::{self, Cloud, MachineSigns};
use crate::lexicon::{Confidence, Fix};
use crate::question::Question;
use crate::wire::Host;

/// The question for the signs by which the cloud is recognised.
pub(super) fn question() -> Question {
    Question::Machine { variables: clouds::variables().map(str::to_owned).collect() }
}

/// The cloud that this machine runs on, if it is known to block the port of a session, always or sometimes.
///
/// 1. The cloud is known; a virtual machine of an unknown provider does not count.
/// 2. It lists the port; or it lists no port, and the port is 25, which some clouds block for some customers only.
/// 3. The IP address is a public one: clouds do not block mail ports in their private networks.
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

/// How certain it is that the cloud blocks the port. Never more than likely: only the cloud knows whether its rule
/// applies to this account.
pub(super) fn confidence(cloud: &Cloud) -> Confidence {
    if cloud.blocks.is_empty() { Confidence::Possible } else { cloud.certainty.min(Confidence::Likely) }
}

/// The cloud's own procedure, with the host in its commands.
pub(super) fn fixes(cloud: &Cloud, host: &Host) -> impl Iterator<Item = Fix> {
    let with_port = host.with_port(25);
    let bare = with_port.trim_end_matches(":25").to_owned();
    cloud.fix.iter().map(move |fix| Fix {
        command: fix.command.as_ref().map(|command| command.replace("{host}", &bare)),
        ..fix.clone()
    })
}
