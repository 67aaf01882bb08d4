//! Where this machine stands, and whether that place blocks a mail port outwards. It judges nothing: `connect` says
//! with its words why a port is silent. Nothing is asked over the network.

use super::refusal::is_private;
use crate::evidence::{EventKind, Evidence, Probe, Session};
use crate::lexicon::clouds::{self, Cloud, MachineSigns};
use crate::lexicon::{Confidence, Fix};
use crate::question::Question;
use crate::wire::Host;

/// The question for this machine's own signs.
pub fn question() -> Question {
    Question::Machine { variables: clouds::variables().map(str::to_owned).collect() }
}

/// The place of this machine, if it is known to block the port of a conversation, or to do so at times.
///
/// 1. The place is known; a virtual machine of unknown owner is no place.
/// 2. It lists the port; or it lists none, and the port is 25, which is the one that is blocked case by case.
/// 3. The way leads to the internet: what a cloud does with outgoing mail does not concern its private networks.
pub fn blocks<'a>(evidence: &'a Evidence, session: Session<'_>) -> Option<(&'a Probe, &'static Cloud)> {
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

/// How sure it is that the place blocks: never more than likely, since whether the rule holds for this account, only
/// the place knows.
pub fn confidence(cloud: &Cloud) -> Confidence {
    if cloud.blocks.is_empty() { Confidence::Possible } else { cloud.certainty.min(Confidence::Likely) }
}

/// The place's own procedure, with the host in its commands.
pub fn fixes(cloud: &Cloud, host: &Host) -> impl Iterator<Item = Fix> {
    let with_port = host.with_port(25);
    let bare = with_port.trim_end_matches(":25").to_owned();
    cloud.fix.iter().map(move |fix| Fix {
        command: fix.command.as_ref().map(|command| command.replace("{host}", &bare)),
        ..fix.clone()
    })
}
