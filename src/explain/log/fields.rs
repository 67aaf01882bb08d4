//! Logs and events with named fields, as JSON or as `name=value`:
//! `{"smtp_code":550,"smtp_enchcode":"5.1.1","reason":"..."}` (maddy), `"diagnosticCode":"smtp; 550 5.1.1 ..."` (Amazon
//! SES), `"raw_reason":"550 ..."` (SparkPost), `"response":{"code":550, "content":"..."}` (KumoMTA), `[smtp_code] =>
//! 550` (PHP).
//!
//! The field names are sufficient to read a line, so this module does not depend on the program that wrote it.

use super::extract::{ExtractedReply, MarkedLine, at_start};
use crate::wire::{Class, EnhancedStatus, ReplyCode};

/// Fields with a reply code, in lower case.
const CODES: [&str; 11] = [
    "smtp_code",
    "smtp-code",
    "smtpcode",
    "smtp_reply_code",
    "reply_code",
    "replycode",
    "response_code",
    "responsecode",
    "smtp_status_code",
    "error_code",
    "code",
];
/// Fields with an enhanced status.
const STATUSES: [&str; 7] =
    ["smtp_enchcode", "enhanced_code", "enhancedcode", "enhanced_status_code", "enhanced_status", "esc", "dsn"];
/// Fields with a complete reply or its text, most specific first.
const TEXTS: [&str; 16] = [
    "smtp_msg",
    "smtp_response",
    "smtp_reply",
    "diagnosticcode",
    "diagnostic_code",
    "raw_reason",
    "bounce_reason",
    "response",
    "content",
    "details",
    "reason",
    "description",
    "message",
    "detail",
    "msg",
    "error",
];

/// The reply that the fields of a line contain together.
pub(super) fn reply(MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let lower = line.to_ascii_lowercase();
    let texts: Vec<String> = TEXTS.iter().filter_map(|name| value(line, &lower, name)).collect();
    let complete = texts.iter().map(|text| text.rsplit_once("; ").map_or(&**text, |(_, reply)| reply));
    if let Some(reply) = complete.filter_map(at_start).find(|reply| reply.len() > 3 && is_rejection(reply)) {
        return Some(ExtractedReply::of(reply));
    }
    let code =
        CODES.iter().filter_map(|name| value(line, &lower, name)).find(|code| code.len() == 3 && is_rejection(code))?;
    let status = STATUSES.iter().filter_map(|name| value(line, &lower, name));
    let status = status.filter_map(|status| EnhancedStatus::parse(&status)).next();
    let text = texts.into_iter().find(|text| text.contains(' '))?;
    let status = status.filter(|_| EnhancedStatus::lead(&text).is_none()).map(|status| format!("{status} "));
    Some(ExtractedReply::of(format!("{code} {}{text}", status.unwrap_or_default())))
}

fn is_rejection(text: &str) -> bool {
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse);
    code.is_some_and(|code| matches!(code.class(), Class::Transient | Class::Permanent))
}

/// The value of a field; `lower` is the line in lower case.
fn value(line: &str, lower: &str, name: &str) -> Option<String> {
    lower.match_indices(name).find_map(|(at, _)| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let begins = at == 0 || !is_name(*lower.as_bytes().get(at - 1)?);
        let rest = line.get(at + name.len()..).filter(|_| begins)?;
        let rest = rest.strip_prefix("\\\"").or_else(|| rest.strip_prefix(['"', '\''])).unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix(']').unwrap_or(rest).trim_start();
        let rest = rest.strip_prefix([':', '='])?;
        let is_array = rest.starts_with('>');
        let rest = without_type(rest.trim_start_matches('>').trim_start());
        // An enhanced status as Rust writes it: `esc: [5, 7, 8]`.
        if let Some((numbers, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            return Some(numbers.replace(", ", "."));
        }
        let (quote, rest) = match rest.strip_prefix("\\\"") {
            Some(rest) => ("\\\"", rest),
            None => match rest.get(..1).filter(|quote| matches!(*quote, "\"" | "'")) {
                Some(quote) => (quote, rest.get(1..)?),
                None => ("", rest),
            },
        };
        let end = match quote {
            "" if is_array => end_in_array(rest),
            "" => rest.find([' ', ',', '}', ']', ';']).unwrap_or(rest.len()),
            quote => closing(rest, quote),
        };
        let value = rest.get(..end)?.replace("\\\"", "\"").replace("\\r\\n", "\n").replace("\\n", "\n");
        (!value.is_empty() && !value.starts_with(['{', '['])).then(|| value.trim().to_owned())
    })
}

/// The value without its type, which PHP's var_dump writes before it: `string(5) "5.1.1"`, `int(550)`.
fn without_type(text: &str) -> &str {
    let after_length = || text.strip_prefix("string(")?.split_once(") ").map(|(_, value)| value);
    text.strip_prefix("int(")
        .map(|value| value.split_once(')').map_or(value, |(number, _)| number))
        .or_else(after_length)
        .unwrap_or(text)
}

/// The end of a value without quotation marks in an array, as PHP's print_r writes it: `[a] => value [b] => value )`.
fn end_in_array(text: &str) -> usize {
    [" [", " )"].iter().filter_map(|sign| text.find(sign)).min().unwrap_or(text.len())
}

/// The byte offset of the closing quotation mark.
fn closing(text: &str, quote: &str) -> usize {
    let ends = text.match_indices(quote).map(|(at, _)| at);
    ends.into_iter().find(|at| !text.get(..*at).is_some_and(|before| before.ends_with('\\'))).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;

    fn texts(line: &str) -> Vec<String> {
        all(line).into_iter().map(|found| found.text).collect()
    }

    #[test]
    fn the_fields_of_a_line_form_one_reply() {
        for (line, expected) in [
            (
                r#"remote: error {"msg_id":"a","rcpt":"kim@example.org","reason":"No such mailbox here","smtp_code":550,"smtp_enchcode":"5.1.1"}"#,
                "550 5.1.1 No such mailbox here",
            ),
            (
                r#"{"bouncedRecipients":[{"status":"5.1.1","action":"failed","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}"#,
                "550 5.1.1 user unknown",
            ),
            (
                r#"{"type":"bounce","error_code":"550","raw_reason":"550 5.2.1 The mailbox is disabled","x":1}"#,
                "550 5.2.1 The mailbox is disabled",
            ),
            (
                r#"Error: AuthenticationFailed(Response { code: 535, esc: [5, 7, 8], message: "Credentials are wrong." })"#,
                "535 5.7.8 Credentials are wrong.",
            ),
            (
                r#"delivery.rcpt-to-rejected queueId = 1, to = kim@example.org, code = 550, details = "5.1.1 User unknown""#,
                "550 5.1.1 User unknown",
            ),
            (
                r#"level=error msg="delivery failed" smtp_code=452 smtp_msg="mailbox full" host=mx.example.org"#,
                "452 mailbox full",
            ),
        ] {
            assert_eq!(texts(line), [expected], "{line}");
        }
    }

    #[test]
    fn fields_without_a_rejection_yield_no_reply() {
        for line in [
            r#"{"smtp_code":250,"smtp_msg":"queued as 1"}"#,
            r#"{"smtp_code":550}"#,
            "smtp_code=none reason=timeout here",
        ] {
            assert!(texts(line).is_empty(), "{line}: {:?}", texts(line));
        }
    }
}
