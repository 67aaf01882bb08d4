//! Postfix logs: the client (`smtp`) logs the replies of other servers, and the server (`smtpd`) logs its own replies.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed, first_reply, named_host, phase_in_words};
use super::libraries::is_known;
use super::qmail;
use crate::lexicon::ReplyPhase;

/// The reply in `host x[192.0.2.1] said: 550 ... (in reply to RCPT TO command)`.
pub(super) fn server_reply(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let Some(text) = at_start(after).or_else(|| first_reply(after)) else {
        return qmail::words_without_code(before, after);
    };
    let host = named_host(before);
    if let Some((text, words)) = text.rsplit_once(" (in reply to ") {
        return Some(ExtractedReply::of(text).at(phase_in_words(words)).by(host));
    }
    if before.contains("emote host said: ") {
        // A bounce of qmail: `does not like recipient. Remote host said: 550 ... Giving up on 192.0.2.1.`
        let text = text.split_once(" Giving up on ").map_or(text, |(text, _)| text);
        return Some(closed(&format!("{before}{text}"), text).at(qmail::phase(before)).by(host));
    }
    let phase = before.contains("SASL authentication failed").then_some(ReplyPhase::Auth);
    Some(closed(&format!("{before}{text}"), text).at(phase).by(host))
}

/// The reply in `host x[192.0.2.1] refused to talk to me: 554 ...`. Postfix uses these words for the greeting and for
/// HELO after EHLO. A server does not greet with a code about commands (RFC 5321 §4.2.2), so 50x is the reply to HELO.
pub(super) fn greeting(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    let names_command = |text: &str| {
        let words = text.get(4..).unwrap_or_default().trim_start();
        words.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("HELO") || word.eq_ignore_ascii_case("EHLO"))
    };
    let is_about_command = first_reply(marked.after).is_some_and(|text| text.starts_with("50") || names_command(text));
    refused_at(if is_about_command { ReplyPhase::Ehlo } else { ReplyPhase::Greeting }, marked)
}

/// The reply in `host x[192.0.2.1] refused to start TLS: 454 ...`.
pub(super) fn starttls(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    refused_at(ReplyPhase::Starttls, marked)
}

fn refused_at(phase: ReplyPhase, MarkedLine { line, before, after }: MarkedLine<'_>) -> Option<ExtractedReply> {
    Some(closed(line, first_reply(after)?).at(Some(phase)).by(named_host(before)))
}

/// The reply of smtpd in `reject: RCPT from x[192.0.2.1]: 550 ...; from=<`, or the words of a rejection without a code.
pub(super) fn reject(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let phase = phase_in_words(after);
    if let Some(text) = first_reply(after) {
        return Some(ExtractedReply::of(without_envelope(text)).at(phase));
    }
    if after.starts_with("header ") || after.starts_with("body ") || after.starts_with("mime-header ") {
        return by_check(after);
    }
    let text = without_envelope(after.split_once(": ").filter(|_| phase.is_some())?.1);
    // smtpd rejects with the class in the status, and permanently without one.
    let code = if text.starts_with("4.") { "450" } else { "550" };
    is_known(text).then(|| ExtractedReply::of(format!("{code} {text}")).at(phase))
}

/// The reply of cleanup, which checks the lines of a message: `reject: body x from y[192.0.2.1]; from=<a> to=<b>
/// proto=SMTP helo=<c>: 5.7.1 ...`. The code is 550 (postconf, `cleanup`).
fn by_check(after: &str) -> Option<ExtractedReply> {
    let (_, rest) = after.split_once("; from=<")?;
    let (_, text) = rest.split_once(">: ").or_else(|| rest.rsplit_once(": "))?;
    let text = match text.trim() {
        "" => return None,
        text if text.starts_with(['4', '5']) => text.to_owned(),
        text => format!("5.7.1 {text}"),
    };
    let code = if text.starts_with("4.") { "451" } else { "550" };
    Some(ExtractedReply::of(format!("{code} {text}")).at(Some(ReplyPhase::Data)))
}

/// The text of a reply without the envelope that smtpd logs after it.
pub(super) fn without_envelope(text: &str) -> &str {
    let end = text.find("; from=<").or_else(|| text.find("; proto=")).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use crate::lexicon::ReplyPhase;

    #[track_caller]
    fn one(log: &str, text: &str, phase: ReplyPhase) {
        let found: Vec<_> = all(log).into_iter().map(|found| (found.text, found.phase)).collect();
        assert_eq!(found, [(text.to_owned(), Some(phase))], "{log}");
    }

    #[test]
    fn the_words_of_a_rejection_without_a_code_are_read_without_the_envelope() {
        let envelope = "; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<[127.0.0.1]>";
        one(
            &format!(
                "NOQUEUE: reject: RCPT from app1 <b@example.com>: Recipient address rejected: Domain not found{envelope}"
            ),
            "550 Recipient address rejected: Domain not found",
            ReplyPhase::Rcpt,
        );
        one(
            &format!(
                "4F1: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 4.7.1 Greylisted, try again later{envelope}"
            ),
            "450 4.7.1 Greylisted, try again later",
            ReplyPhase::Data,
        );
    }

    #[test]
    fn a_reply_about_the_ehlo_name_is_not_a_greeting() {
        let said = "451-HELO/EHLO must contain a FQDN or IP literal 451 see our help page";
        let found = all(&format!("host mx.example.com[192.0.2.1] refused to talk to me: {said}\n"));
        assert_eq!(found.first().map(|found| found.phase), Some(Some(ReplyPhase::Ehlo)));
    }

    #[test]
    fn a_rejected_line_of_a_message_is_a_rejected_message() {
        for (check, text) in [
            ("body Quality Replica watches!!!", "5.7.1 Spam: Watches"),
            ("header Subject: ways to win", "5.7.1 Spam: Watches"),
        ] {
            let log = format!(
                "4F1A2B0D: reject: {check} from x.example[192.0.2.1]; from=<a@example.org> to=<b@example.com> proto=SMTP helo=<x.example>: {text}"
            );
            one(&log, &format!("550 {text}"), ReplyPhase::Data);
        }
    }

    #[test]
    fn a_header_of_a_bounce_may_contain_words_without_a_code() {
        let found = all("Status: 5.7.1\nDiagnostic-Code: X-Postfix; Spam message rejected\n");
        assert_eq!(found.first().map(|found| found.text.as_str()), Some("5.7.1 Spam message rejected"));
        assert_eq!(
            all(
                "Status: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.example.com[192.0.2.1]:25: Connection refused\n"
            ),
            []
        );
    }
}
