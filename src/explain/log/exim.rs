//! Exim: `SMTP error from remote mail server after RCPT TO:<x>: host y [192.0.2.1]: 550 ...`. In logs, this is one
//! line; in bounces, the reply is on the next line. As a server, Exim logs its own rejections without their code: `H=x
//! [192.0.2.1] F=<a> rejected RCPT <b>: relay not permitted`.

use super::extract::{ExtractedReply, MarkedLine, first_reply, host_name, named_host, phase_in_words};
use crate::lexicon::ReplyPhase;

/// The contents of a line with `SMTP error from remote mail server`.
pub(super) enum EximLine {
    Reply(ExtractedReply),
    /// The reply is on the next line. Contains its phase, if this line shows the phase.
    NextLine(Option<ReplyPhase>),
}

pub(super) fn smtp_error(MarkedLine { before, after, .. }: MarkedLine<'_>) -> EximLine {
    let phase = after.split_once(" after ").and_then(|(_, words)| phase_in_words(words));
    // Newer versions log the host before the sentence: `H=mx.example.com [192.0.2.1]: SMTP error ...`.
    let host = named_host(after).or_else(|| host_name(before.rsplit_once("H=")?.1));
    match first_reply(after) {
        Some(text) => EximLine::Reply(ExtractedReply::of_line(text).at(phase).by(host)),
        None => EximLine::NextLine(phase.filter(|_| after.trim_end().ends_with(':'))),
    }
}

/// The reply on the line after `SMTP error from remote mail server after ...:`.
pub(super) fn next_line(line: &str, phase: ReplyPhase) -> Option<ExtractedReply> {
    Some(ExtractedReply::of_line(first_reply(line)?).by(named_host(line)).at(Some(phase)))
}

/// The sender's address that this server could not verify: `sender verify fail for <a@b.example>: Unknown user`. The
/// reason is about the sender, although its words may also be about a recipient.
pub(super) fn failed_verification(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (_, reason) = after.split_once(">: ")?;
    let code = if before.ends_with(" defer for ") { "451" } else { "550" };
    Some(ExtractedReply::of(format!("{code} Sender verify failed: {}", reason.trim())).at(Some(ReplyPhase::Mail)))
}

/// A rejection by this server. Exim sends 550, or 451 for a temporary rejection, unless the text begins with another
/// code.
pub(super) fn rejection(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (head, mark) = before.rsplit_once(" rejected ")?;
    let phase = match mark.trim() {
        "connection" => ReplyPhase::Greeting,
        "after DATA" | "by local_scan()" => ReplyPhase::Data,
        command => phase_in_words(command)?,
    };
    // The text follows the argument of the command, which may contain colons: an IPv6 address, for example. A rejection
    // without text has only the code.
    let (_, text) = after.split_once(": ").unwrap_or_default();
    let reply = match first_reply(text).filter(|reply| text.trim_start().starts_with(reply)) {
        Some(reply) => reply.to_owned(),
        None if head.ends_with(" temporarily") => format!("451 {}", text.trim()),
        None => format!("550 {}", text.trim()),
    };
    Some(ExtractedReply::of_line(reply.trim_end()).at(Some(phase)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use crate::lexicon::ReplyPhase::{self, Data, Mail, Rcpt};

    #[test]
    fn a_server_logs_rejected_senders_and_messages_without_a_code() {
        let read = |line: &str| all(line).into_iter().map(|found| (found.text, found.phase)).collect::<Vec<_>>();
        let reply = |text: &str, phase: ReplyPhase| vec![(text.to_owned(), Some(phase))];
        assert_eq!(
            read("H=(x) [192.0.2.1] sender verify fail for <a@b.example>: Unknown user"),
            reply("550 Sender verify failed: Unknown user", Mail)
        );
        assert_eq!(
            read("H=(x) [192.0.2.1] sender verify defer for <a@b.example>: host lookup did not complete"),
            reply("451 Sender verify failed: host lookup did not complete", Mail)
        );
        assert_eq!(read("H=x [192.0.2.1] F=<a@b.example> temporarily rejected RCPT <c@d.example>"), reply("451", Rcpt));
        assert_eq!(
            read("F=a@b.example H=x [192.0.2.1] P=smtp rejected by local_scan(): Rejected: hits=7.5 required=5.0"),
            reply("550 Rejected: hits=7.5 required=5.0", Data)
        );
        assert_eq!(
            read("F=a@b.example H=x [192.0.2.1] P=smtp temporarily rejected by local_scan(): Temporary local problem"),
            reply("451 Temporary local problem", Data)
        );
    }
}
