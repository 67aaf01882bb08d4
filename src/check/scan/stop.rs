//! Why a scan stops early: a server that throttles connections, or a limit of smtpcheck.

use super::super::finding::plural;
use super::seen::Seen;
use crate::evidence::{Fault, HelloOutcome, HelloProbe, Outcome};
use crate::question::Offer;

/// The reason why the scan stopped early, as a clause for a summary; none if it did not stop early.
pub(super) fn stopped(seen: &Seen<'_>) -> Option<String> {
    let hellos: Vec<HelloProbe<'_>> = seen.hellos.iter().map(|one| one.hello).collect();
    if hellos.last().is_some_and(|last| last.request.offer == Offer::Small && last.is_hung_up()) {
        let number = hellos.iter().rposition(HelloProbe::is_answered).map_or(0, |last| last + 1);
        let since = match number {
            0 => String::new(),
            number => format!("after {}, ", plural(number, "ClientHello", "ClientHellos")),
        };
        return Some(format!("{since}the server closed every connection (throttling)"));
    }
    // No response, invalid data or plain text instead of TLS is not a rejection of the offer. The scan ends after two
    // such results in succession.
    let is_no_answer = |hello: &HelloProbe<'_>| hello.seen().is_some() && !hello.is_answered() && !hello.is_hung_up();
    let in_a_row =
        hellos.windows(2).position(|pair| pair.iter().all(|hello| is_no_answer(hello) && !is_rejected(*hello)));
    if let Some(number) = in_a_row {
        return Some(match number {
            0 => "the server sent no TLS responses".to_owned(),
            _ => format!(
                "after {}, the server no longer sent TLS responses",
                plural(number, "ClientHello", "ClientHellos")
            ),
        });
    }
    let number = hellos.iter().position(|hello| is_rejected(*hello))?;
    let hello = hellos.get(number)?;
    let when = match number {
        0 => "before the first ClientHello".to_owned(),
        number => format!("after {}", plural(number, "ClientHello", "ClientHellos")),
    };
    Some(match &hello.probe.outcome {
        Outcome::Skipped { .. } => format!("the limit of --max-connections was reached {when}"),
        Outcome::Failed { fault: Fault::TimeUp { .. } | Fault::Interrupted } => {
            format!("the time limit was reached or the scan was interrupted {when}")
        }
        _ => format!("the server rejected the connection {when} (throttling)"),
    })
}

pub(super) fn is_rejected(hello: HelloProbe<'_>) -> bool {
    match &hello.probe.outcome {
        Outcome::Failed { .. } | Outcome::Skipped { .. } => true,
        Outcome::Underway => false,
        Outcome::Done { .. } => hello.seen().is_some_and(|seen| matches!(seen.heard, HelloOutcome::TurnedAway { .. })),
    }
}
