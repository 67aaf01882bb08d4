//! Haraka logs the result of each plugin's hook: `hook=rcpt plugin=greylist ... retval=DENYSOFT msg="Greylisted"`. A
//! result that begins with DENY is a rejection, which the server sends to the client.

use super::extract::{ExtractedReply, MarkedLine, at_start};
use crate::lexicon::ReplyPhase;

/// The rejection in a line with `retval=DENY`, `DENYSOFT`, `DENYDISCONNECT` or `DENYSOFTDISCONNECT`. Haraka sends the
/// plugin's text with 550, or with 450 after a soft one, unless the text begins with another code.
pub(super) fn rejection(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (_, text) = after.split_once("msg=\"")?;
    let text = text.rsplit_once('"').map_or(text, |(text, _)| text).trim();
    let hook = before.split_once("hook=")?.1.split(' ').next()?;
    let reply = match at_start(text) {
        Some(reply) => reply.to_owned(),
        None if after.starts_with("SOFT") => format!("450 {text}"),
        None => format!("550 {text}"),
    };
    Some(ExtractedReply::of(reply.trim_end()).at(phase(hook)))
}

fn phase(hook: &str) -> Option<ReplyPhase> {
    match hook {
        "connect" | "lookup_rdns" => Some(ReplyPhase::Greeting),
        "helo" | "ehlo" => Some(ReplyPhase::Ehlo),
        "mail" => Some(ReplyPhase::Mail),
        "rcpt" | "rcpt_ok" => Some(ReplyPhase::Rcpt),
        "data" | "data_post" | "queue" => Some(ReplyPhase::Data),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use crate::lexicon::ReplyPhase;

    #[test]
    fn a_plugin_that_denies_a_command_rejects_it() {
        let hook = |hook: &str, result: &str| {
            let line =
                format!("[INFO] [2C7C.1] [core] hook={hook} plugin=p function=f params=\"<a@b.example>\" {result}");
            all(&line).into_iter().map(|found| (found.text, found.phase)).collect::<Vec<_>>()
        };
        let reply = |text: &str, phase| vec![(text.to_owned(), Some(phase))];
        assert_eq!(
            hook("rcpt", "retval=DENYSOFT msg=\"Come back later\""),
            reply("450 Come back later", ReplyPhase::Rcpt)
        );
        assert_eq!(hook("helo", "retval=DENYDISCONNECT msg=\"No\""), reply("550 No", ReplyPhase::Ehlo));
        assert_eq!(hook("data_post", "retval=DENY msg=\"554 5.7.1 No\""), reply("554 5.7.1 No", ReplyPhase::Data));
        assert_eq!(hook("rcpt", "retval=CONT msg=\"\""), []);
    }
}
