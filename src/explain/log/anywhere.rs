//! The last resort for a line that no other reader recognised: a reply code anywhere in the line, with any words around
//! it: `Send failed, error 535: Authentication failed`, `AUTH command refused: 535`, `[550] No such user`.
//!
//! A number counts as a reply code only if a word about mail or a failure precedes it, or if the wording of a known
//! reply follows it. Sizes, ports and HTTP codes are therefore not read as replies.

use super::extract::{phase_in_words, phase_of_code};
use super::libraries::{NO_RECIPIENTS, is_phrase, phase};
use super::web::without_status;
use crate::lexicon::ReplyPhase;
use crate::lexicon::tables;
use crate::wire::{Class, EnhancedStatus, ReplyCode};

/// Words before a reply code.
const BEFORE: [&str; 22] = [
    "smtp",
    "mail",
    "code",
    "error",
    "reply",
    "response",
    "server",
    "status",
    "fail",
    "refus",
    "reject",
    "denied",
    "auth",
    "login",
    "rcpt",
    "recipient",
    "sender",
    "bounce",
    "deliver",
    "said",
    "returned",
    "fehler",
];
/// Words before a number that is not a reply code.
const OTHERS: [&str; 5] = ["http", "port ", "line ", "timeout", "exit "];
/// Codes that are common in HTTP but not used in SMTP.
const HTTP: std::ops::RangeInclusive<u16> = 400..=417;
/// Labels that precede the text of a reply.
const LABELS: [&str; 8] = ["message:", "message=", "msg:", "msg=", "text:", "with message", "reason:", "response:"];

/// The reply with its phase.
pub(in crate::explain) fn reply(line: &str) -> Option<(String, Option<ReplyPhase>)> {
    let line = &*without_status(line);
    let bytes = line.as_bytes();
    (0..bytes.len()).find_map(|at| {
        let code = bytes.get(at..at + 3).and_then(ReplyCode::parse)?;
        let begins = at == 0
            || bytes.get(..at)?.ends_with(b" -")
            || matches!(
                bytes.get(at - 1)?,
                b' ' | b'=' | b'(' | b'\'' | b'"' | b'[' | b'{' | b'#' | b':' | b'|' | b'\t'
            );
        let ends = match bytes.get(at + 3) {
            None | Some(b' ' | b':' | b'-' | b']' | b')' | b'}' | b',' | b'"' | b'\'' | b';') => true,
            Some(b'.') => bytes.get(at + 4).is_none_or(|next| !next.is_ascii_digit()),
            Some(_) => false,
        };
        let before = line.get(..at)?;
        let lower = before.to_ascii_lowercase();
        let is_code = begins
            && ends
            && matches!(code.class(), Class::Transient | Class::Permanent)
            && tables::code(code).is_some()
            && !HTTP.contains(&code.number())
            && !line.get(at + 3..)?.starts_with(NO_RECIPIENTS)
            && !OTHERS.iter().any(|word| lower.contains(word));
        if !is_code {
            return None;
        }
        let text = text_after(line.get(at + 3..)?, before);
        let is_announced = BEFORE.iter().any(|word| lower.contains(word));
        if !is_announced && !is_phrase(&code.to_string(), text) {
            return None;
        }
        let phase = phase(before)
            .or_else(|| of_properties(text_after(line.get(at + 3..)?, "")))
            .or_else(|| phase_of_code(code));
        let text = without_properties(text);
        let says_something = text.contains(char::is_alphabetic) || EnhancedStatus::parse(text).is_some();
        (says_something || phase.is_some() || lower.contains("smtp"))
            .then(|| (format!("{code} {text}").split_whitespace().collect::<Vec<_>>().join(" "), phase))
    })
}

/// The text without the properties of an error in JavaScript: `no such user { code: 'EENVELOPE', command: 'RCPT TO' }`.
fn without_properties(text: &str) -> &str {
    let end = text.find("{ code: ").or_else(|| text.find("{ responseCode: "));
    end.and_then(|end| text.get(..end)).unwrap_or(text).trim_end()
}

/// The phase of the command among the properties of an error in JavaScript.
fn of_properties(text: &str) -> Option<ReplyPhase> {
    let (_, command) = text.split_once("command: '")?;
    phase_in_words(command)
}

/// The text of the reply, taken from what follows the code.
fn text_after<'a>(rest: &'a str, before: &str) -> &'a str {
    let signs = |text: &'a str| text.trim_start_matches([':', '-', ']', ')', '}', ',', '"', '\'', ';', ' ', '.']);
    let mut text = signs(rest);
    for label in LABELS {
        let is_label = text.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label));
        text = if is_label { signs(text.get(label.len()..).unwrap_or_default()) } else { text };
    }
    let quote = before.chars().next_back().filter(|quote| matches!(quote, '"' | '\''));
    let end = quote.and_then(|quote| text.find(quote)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end_matches([' ', '"', '}', ']'])
}

#[cfg(test)]
mod tests {
    use super::reply;
    use crate::lexicon::ReplyPhase;

    #[test]
    fn a_code_is_found_with_any_text_around_it() {
        for (line, text, phase) in [
            ("AUTH command refused: 535", "535", Some(ReplyPhase::Auth)),
            (
                "Could not send mail, error 535: Authentication was not successful",
                "535 Authentication was not successful",
                Some(ReplyPhase::Auth),
            ),
            ("Server connection error. SMTP response [554]", "554", None),
            (
                "Send failed: 550 { code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }",
                "550",
                Some(ReplyPhase::Rcpt),
            ),
            ("NDN kim@example.org ... 550 No such recipient", "550 No such recipient", None),
            ("0012(example.org) got -550 user unknown", "550 user unknown", None),
            ("Mailer error [550] no such person here", "550 no such person here", None),
            ("The server returned code=452, message: disk quota of the user", "452 disk quota of the user", None),
        ] {
            assert_eq!(reply(line), Some((text.to_owned(), phase)), "{line}");
        }
    }

    #[test]
    fn other_numbers_are_not_codes() {
        for line in [
            "error: HTTP request failed with 503 unavailable",
            "mail of 550 bytes failed after 4.5 s",
            "the server failed on port 465",
            "connection to 192.0.2.1.550 failed",
            "mail error, see line 554 of main.c",
            r#"Gmail API error: {"error":{"code":403,"message":"Insufficient Permission"}}"#,
            "500 lines were read",
        ] {
            assert_eq!(reply(line).filter(|(text, _)| !text.contains("bytes")), None, "{line}");
        }
    }
}
