//! Finds the lines of a log that report a failure without quoting a reply, so that they can be explained or counted.
//!
//! The memory use is bounded. A line without a failure needs only one pass of a byte search. A message that continues
//! on indented lines (bounces, nested exceptions) is treated as one line.
//!
//! A line without a known error message is a failure if it contains one of `WORDS` and none of `HARMLESS`. `HARMLESS`
//! lists counters, messages about unknown clients, and the headers and fixed sentences of bounces.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::lexicon::{normal, program_errors};

/// The maximum number of bytes of a multi-line message that are kept.
const MAX_HELD: usize = 8 * 1024;

/// Words that programs use to report failures.
const WORDS: [&str; 26] = [
    "error",
    "fail",
    "refused",
    "timed out",
    "timeout",
    "denied",
    "deferred",
    "deferral",
    "bounced",
    "exception",
    "unable to",
    "cannot",
    "could not",
    "couldn't",
    "not trusted",
    "not verified",
    "rejected",
    "lost connection",
    "unreachable",
    "undeliver",
    "expired",
    "tempfail",
    "permfail",
    "frozen",
    "loops back",
    "not delivered",
];

/// Words in lines that contain one of [`WORDS`] but do not report a delivery failure.
const HARMLESS: [&str; 76] = [
    // Bounces: headers, and sentences around the reason.
    "action: failed",
    "action: delayed",
    "subject:",
    "content-type:",
    "content-description:",
    "content-disposition:",
    "x-failed-recipients:",
    "auto-submitted:",
    "failed recipients:",
    "could not be delivered",
    "message not delivered",
    "message wasn't delivered",
    "message could not",
    "undeliverable:",
    "delivery has failed to these recipients",
    "delivery to the following recipient failed",
    "delivery to the following recipients failed",
    "the following addresses had permanent fatal errors",
    "the following address(es) failed",
    "your message to",
    "there was an error while attempting to deliver",
    "following error message",
    "the error that the other server returned was",
    "diagnostic information for administrators",
    "undelivered message",
    "undelivered mail",
    "this is a permanent error",
    "failed permanently",
    "delivery status notification (failure)",
    "delivery failure",
    "returned mail",
    "this message was rejected by the recipient e-mail system",
    // Counters and names of settings.
    " 0 error",
    "0 failed",
    "0 deferred",
    "0 rejected",
    "errors=0",
    "errors: 0",
    "error=0",
    "failed=0",
    "rejected=0",
    "deferred=0",
    "no error",
    "without error",
    "errors-to:",
    "error_code=0",
    "error: success",
    "errno=0",
    "timeout=",
    "timeouts=0",
    "error log",
    // Unknown clients and scanners, in the log of a server.
    "does not resolve to address",
    "hostname verification",
    "verification failed: name or service not known",
    "verification failed: temporary failure in name resolution",
    "connect from unknown",
    "lost connection after ",
    "too many errors after ",
    "timeout after ",
    "ssl_accept error from",
    "imap-login:",
    "pop3-login:",
    "managesieve-login:",
    "verify=fail",
    "smtp.dkim-fail",
    "smtp.spf-",
    "smtp.dmarc-",
    "smtp.arc-",
    "downgrading to plain",
    "smtp command timeout on",
    "unexpected disconnection while reading",
    "smtp protocol synchronization error",
    "strict = false",
    // Mail that was sent.
    "status=sent",
    "stat=sent",
    "result=\"ok\"",
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

static SEARCH_HARMLESS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(HARMLESS);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

/// Whether a line quotes a reply in quotation marks or brackets: `the answer was "550 No such user"`.
pub(super) fn quotes_reply(line: &[u8]) -> bool {
    line.windows(6).any(|part| {
        matches!(part, [b'"' | b'\'' | b'[' | b'(', b'4' | b'5', b'0'..=b'7', b'0'..=b'9', b' ', next] if next.is_ascii_alphanumeric())
    })
}

/// Whether a line has the form of a reason in a bounce: `<a@example.com>: no such mailbox`, `... (#5.1.1)`.
fn states_reason(line: &[u8]) -> bool {
    let contains = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    line.starts_with(b"<") && contains(b">: ") || line.ends_with(b")") && contains(b" (#")
}

fn reports_failure(line: &[u8]) -> bool {
    SEARCH.is_match(line) && !SEARCH_HARMLESS.is_match(line)
}

/// Whether a line contains the time at which it was written: `13:53:41`. The lines of one message have no such time.
pub(super) fn has_time(text: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    text.as_bytes().windows(8).any(|part| match part {
        [a, b, b':', c, d, b':', e, f] => [a, b, c, d, e, f].into_iter().all(is_digit),
        _ => false,
    })
}

/// The state of a delivery, according to a line in a mail server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeliveryPart {
    /// The log shows an attempt with one server. Attempts with other servers, and then the result, may follow.
    Attempt,
    /// The result for a recipient.
    Result,
    /// Not known.
    Other,
}

/// The state in a line of Postfix (`connect to ...`, then `status=deferred`) or Exim (`H=...`, then
/// `== a@example.com`).
pub(super) fn delivery_part(text: &str) -> DeliveryPart {
    let contains = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if contains(&["status=deferred", "status=bounced", " == ", " ** "]) {
        DeliveryPart::Result
    } else if contains(&["]: connect to ", " H=", " SSL_connect error to "]) {
        DeliveryPart::Attempt
    } else {
        DeliveryPart::Other
    }
}

/// The message in a line, for comparison, and whether the line is the header of a bounce.
pub(super) fn message(text: &str) -> (String, bool) {
    let text = normal(text);
    match text.strip_prefix("diagnostic-code:").map(|value| value.split_once(';').map_or(value, |(_, value)| value)) {
        Some(value) => (value.trim().to_owned(), true),
        None => (text, false),
    }
}

/// A line that may report a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureLine {
    /// Its number in the input, from 1.
    pub number: u64,
    /// Its text, with the lines that continue it.
    pub text: String,
    /// Whether a word in it reports a failure.
    pub is_failure: bool,
}

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub(super) struct FailureLines {
    held: Option<FailureLine>,
}

impl FailureLines {
    /// Takes one line, and returns the message that it completes. A line that is part of a reply is passed as empty.
    pub(super) fn push(&mut self, number: u64, line: &[u8]) -> Option<FailureLine> {
        if let Some(held) = &mut self.held
            && line.starts_with(b" ") | line.starts_with(b"\t")
        {
            if held.text.len() + line.len() < MAX_HELD {
                held.text.push('\n');
                held.text.push_str(String::from_utf8_lossy(line).trim_end());
                held.is_failure |= reports_failure(line);
            }
            return None;
        }
        let is_failure = reports_failure(line);
        let found = (is_failure
            || program_errors::may_be_in(line)
            || quotes_reply(line)
            || states_reason(line)
            || number == 1 && std::str::from_utf8(line).is_ok_and(program_errors::is_alone))
        .then(|| {
            let text = String::from_utf8_lossy(line.get(..MAX_HELD).unwrap_or(line)).trim_end().to_owned();
            FailureLine { number, text, is_failure }
        });
        std::mem::replace(&mut self.held, found)
    }

    /// The end of the input: returns the last message.
    pub(super) fn finish(&mut self) -> Option<FailureLine> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use super::FailureLines;

    #[test]
    fn a_line_with_a_failure_word_may_be_harmless() {
        let told = |line: &str| {
            let mut lines = FailureLines::default();
            lines.push(1, line.as_bytes());
            lines.finish().is_some_and(|found| found.is_failure)
        };
        for line in [
            "postfix/smtpd[9]: lost connection after AUTH from unknown[192.0.2.1]",
            "postfix/smtpd[9]: connect from unknown[192.0.2.1]",
            "postfix/smtpd[9]: warning: hostname x.example does not resolve to address 192.0.2.1: hostname verification failed",
            "postfix/smtpd[9]: warning: 192.0.2.1: hostname x.example verification failed: Name or service not known",
            "Action: failed",
            "run finished with 0 errors",
            "[NOTICE] [core] disconnect ip=192.0.2.1 errors=0 txns=1",
            "sendmail[1]: STARTTLS=client, relay=mx.example.com., version=TLSv1.2, verify=FAIL, bits=256/256",
            "the Postfix mail system was started",
        ] {
            assert!(!told(line), "{line}");
        }
        for line in ["postfix/smtp[2]: fatal error of a new kind", "delivery failed for a reason"] {
            assert!(told(line), "{line}");
        }
    }

    #[test]
    fn a_message_on_several_lines_is_one_message() {
        let (mut lines, mut found) = (FailureLines::default(), Vec::new());
        let log =
            "a good line\nException: Could not connect\n  nested exception is:\n\tConnectException: refused\ngood\n";
        for (number, line) in (1..).zip(log.lines()) {
            found.extend(lines.push(number, line.as_bytes()));
        }
        found.extend(lines.finish());
        let told: Vec<_> = found.iter().map(|one| (one.number, one.text.lines().count())).collect();
        assert_eq!(told, [(2, 3)]);
    }
}
