//! Sentences in which programs report a failure in their own words: `Could not reach the mail server`, `The SMTP server
//! closed the connection`. There are too many of them for a list, so a sentence is read by the thing that it is about and
//! by what happened to it.
//!
//! This is the last resort for a message that contains no known error message, no reply and no known wording of a
//! rejection, so the explanation is never more than possible. The explanations are in `errors-words.toml`.

use crate::lexicon::normal;

/// The beginning of the literals of the explanations.
const IN_WORDS: &str = "in words: ";

/// A failure, and the words that show it.
struct Failure {
    /// The name in `errors-words.toml`.
    name: &'static str,
    /// A thing; the sentence contains at least one.
    thing: &'static [&'static str],
    /// What happened; the sentence contains at least one.
    event: &'static [&'static str],
    /// Words with which the sentence is about something else.
    not: &'static [&'static str],
}

/// Words for a failure of any kind.
const FAILED: &[&str] = &[
    "fail",
    "error",
    "unable",
    "could not",
    "couldn't",
    "cannot",
    "can't",
    "can not",
    "problem",
    "unsuccessful",
    "impossible",
    "not possible",
];
/// Words for a rejection.
const REJECTED: &[&str] =
    &["reject", "refus", "not accept", "n't accept", "denied", "invalid", "fail", "error in", "error at", "error:"];
/// Words for a function that is missing.
const MISSING: &[&str] = &[
    "not support",
    "n't support",
    "not offer",
    "n't offer",
    "not available",
    "unavailable",
    "not advertise",
    "n't advertise",
    "no supported",
    "no usable",
    "no common",
    "unsupported",
    "not provide",
    "n't provide",
];
/// Words for a thing that does not exist.
const UNKNOWN: &[&str] = &["not found", "not be found", "unknown", "not exist", "n't exist", "no such", "unresolv"];
const NOT_ABOUT_CONNECTION: &[&str] = &["database", "redis", "mysql", "postgres", "ldap", "websocket", "imap", "pop3"];

const fn failure(
    name: &'static str,
    thing: &'static [&'static str],
    event: &'static [&'static str],
    not: &'static [&'static str],
) -> Failure {
    Failure { name, thing, event, not }
}

/// The failures, most specific first.
const FAILURES: [Failure; 21] = [
    failure(
        "certificate",
        &["certificate"],
        &[
            "invalid",
            "not valid",
            "untrusted",
            "not trusted",
            "unverified",
            "not verified",
            "not be",
            "problem",
            "error",
            "reject",
            "fail",
            "unable",
            "could not",
            "cannot",
            "bad ",
            "unknown",
        ],
        &["client certificate", "550 ", "554 "],
    ),
    failure(
        "starttls missing",
        &["tls", "ssl", "encryption"],
        MISSING,
        &["version", "cipher", "certificate", "module"],
    ),
    failure("auth missing", &["auth", "login m"], MISSING, &["tls", "ssl"]),
    failure(
        "tls",
        &["tls", "ssl", "secure connection", "secure channel", "encryption", "encrypted connection"],
        FAILED,
        &["certificate", "https", "version"],
    ),
    failure(
        "login",
        &["authent", "login", "log in", "logging in", "log on", "logon", "credential", "password", "sign in", "auth "],
        &[
            "fail",
            "error",
            "unable",
            "could not",
            "couldn't",
            "cannot",
            "can't",
            "wrong",
            "incorrect",
            "bad ",
            "invalid",
            "reject",
            "refus",
            "not accept",
            "denied",
            "unsuccessful",
        ],
        &["required", "timed out", "timeout", "too many", "page", "template"],
    ),
    failure("login", &["account verif", "smtp verif", "verification of the account"], FAILED, &[]),
    failure("recipient", &["rcpt", "recipient"], REJECTED, &["header", "no recipient", "is required", "missing"]),
    failure("sender", &["mail from", "sender", "from address"], REJECTED, &["header", "is required", "missing"]),
    failure("ehlo", &["ehlo", "helo"], REJECTED, &[]),
    failure(
        "message",
        &["data command", "after data", "smtp data", "message content", "message was", "the message", "mail content"],
        &["reject", "refus", "not accept", "n't accept", "fail"],
        &["could not be sent", "to send", "sending of"],
    ),
    failure("lookup", &["resolve", "dns", "lookup", "look up"], FAILED, &["timed out", "connect to", "spf", "dkim"]),
    failure(
        "name",
        &["host", "server name", "server address", "mail server", "domain"],
        UNKNOWN,
        &["user", "mailbox", "recipient", "command", "key host"],
    ),
    failure(
        "timeout",
        &[
            "timed out",
            "time out",
            "timeout",
            "too long",
            "not respond",
            "n't respond",
            "no response",
            "not answer",
            "n't answer",
            "no answer",
            "in time",
        ],
        &["smtp", "mail", "email", "e-mail", "server", "connect", "send", "host"],
        NOT_ABOUT_CONNECTION,
    ),
    failure(
        "refused",
        &["connection", "connect"],
        &["refus", "not accepting", "n't accepting", "not accept conn", "rejected the connection"],
        NOT_ABOUT_CONNECTION,
    ),
    failure(
        "protocol",
        &["greeting", "banner", "response", "reply", "protocol", "garbage"],
        &["unexpected", "invalid", "malformed", "garbage", "bad ", "protocol error", "unrecognized", "unknown"],
        &["http", "json", "api "],
    ),
    failure(
        "protocol",
        &["not an smtp", "not a smtp", "not a mail", "not an esmtp"],
        &["server", "greeting", "service"],
        &[],
    ),
    failure(
        "closed",
        &["connection", "server", "session", "socket", "stream", "host", "peer"],
        &[
            "closed",
            "dropped",
            "terminated",
            "hung up",
            "disconnect",
            "lost",
            "broke",
            "interrupted",
            "aborted",
            "reset",
            "ended",
            "end of stream",
            "end of file",
        ],
        NOT_ABOUT_CONNECTION,
    ),
    failure(
        "unreachable",
        &["server", "host"],
        &["unreachable", "not available", "unavailable", "not reachable", "not be reached", "is down", "offline"],
        NOT_ABOUT_CONNECTION,
    ),
    failure(
        "unreachable",
        &["connect", "contact", "reach", "establish", "smtp"],
        FAILED,
        &["http", "template", "database", "redis", "mysql", "imap", "pop3", "configure", "configuration"],
    ),
    failure("unreachable", &["no connection"], &["server", "smtp", "host", "mail"], NOT_ABOUT_CONNECTION),
    failure(
        "not sent",
        &["send", "sending", "sent", "deliver", "delivering", "delivered"],
        &[
            "unable to send",
            "unable to deliver",
            "cannot send",
            "can not send",
            "can't send",
            "could not send",
            "couldn't send",
            "failed to send",
            "failed to deliver",
            "could not be sent",
            "couldn't be sent",
            "was not sent",
            "cannot be sent",
            "not be delivered",
            "sending failed",
            "error sending",
            "error while sending",
            "failed sending",
            "problem sending",
            "sending mail failed",
            "sending email failed",
        ],
        &["sms", "slack", "webhook", "http", "telegram", "push"],
    ),
];

/// The longest sentence that is read, in bytes. A longer text contains several sentences.
const MAX_SENTENCE: usize = 240;
/// Words of which a line of a log about mail contains at least one.
const ABOUT_MAIL: [&str; 4] = ["smtp", "mail", ":587", ":465"];

/// The literal of the explanation for a sentence, if it reports a known failure.
pub(super) fn failure_in_words(text: &str) -> Option<String> {
    let text = normal(text);
    if text.len() > MAX_SENTENCE || text.starts_with(IN_WORDS) {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| contains_word(&text, word));
    let found = FAILURES.iter().find(|one| has(one.thing) && has(one.event) && !has(one.not))?;
    Some(format!("{IN_WORDS}{}", found.name))
}

/// Whether a line of a log is about mail.
pub(super) fn is_about_mail(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ABOUT_MAIL.iter().any(|word| lower.contains(word))
}

/// Whether the text contains a word or its beginning. Words that begin with `n't` are ends of words.
fn contains_word(text: &str, word: &str) -> bool {
    let is_start = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    };
    text.match_indices(word).any(|(at, _)| word.starts_with("n't") || is_start(at) || word.starts_with("tls"))
}

#[cfg(test)]
mod tests {
    use super::{FAILURES, IN_WORDS, failure_in_words};
    use crate::lexicon::program_errors;

    #[test]
    fn every_failure_has_an_explanation() {
        for failure in &FAILURES {
            let literal = format!("{IN_WORDS}{}", failure.name);
            let found = program_errors::find(&literal);
            assert!(found.is_some_and(|error| error.all_begin_with(IN_WORDS)), "{literal}");
        }
    }

    #[test]
    fn a_sentence_is_read_by_its_thing_and_its_event() {
        for (text, name) in [
            ("connection has been closed by the server", Some("closed")),
            ("Could not reach the mail server", Some("unreachable")),
            ("The server took too long to respond (smtp)", Some("timeout")),
            ("The mail server name could not be resolved", Some("lookup")),
            ("unknown mail host smtp.example.com", Some("name")),
            ("SMTP credentials were rejected", Some("login")),
            ("Unable to establish a secure connection to smtp.example.com", Some("tls")),
            ("mail server doesn't support TLS encryption", Some("starttls missing")),
            ("Unable to validate the mail server's certificate", Some("certificate")),
            ("server did not accept recipient a@b.example", Some("recipient")),
            ("Error in MAIL FROM command", Some("sender")),
            ("Cannot send notification to kim@example.org", Some("not sent")),
            ("The mail was sent", None),
            ("lost interest in the newsletter", None),
        ] {
            let expected = name.map(|name| format!("{IN_WORDS}{name}"));
            assert_eq!(failure_in_words(text), expected, "{text}");
        }
    }
}
