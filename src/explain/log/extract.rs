//! Extracts replies, phases and host names from log lines. The readers of several programs share these functions.
//!
//! The functions do not depend on the log format of a particular program. Each program has its own file for that.

use crate::lexicon::{Context, ReplyPhase, phrases, tables};
use crate::wire::{Class, EnhancedStatus, ReplyCode, reply};

/// A reply that was extracted from a line.
#[derive(Clone, Debug)]
pub(super) struct ExtractedReply {
    pub(super) text: String,
    pub(super) phase: Option<ReplyPhase>,
    pub(super) host: Option<String>,
    /// Whether the log line is a line of the reply itself, so that the next log line can continue the reply.
    pub(super) is_line: bool,
}

impl ExtractedReply {
    pub(super) fn of(text: impl Into<String>) -> ExtractedReply {
        ExtractedReply { text: text.into(), phase: None, host: None, is_line: false }
    }

    pub(super) fn of_line(text: impl Into<String>) -> ExtractedReply {
        ExtractedReply { is_line: true, ..ExtractedReply::of(text) }
    }

    pub(super) fn at(self, phase: Option<ReplyPhase>) -> ExtractedReply {
        ExtractedReply { phase: phase.or(self.phase), ..self }
    }

    pub(super) fn by(self, host: Option<String>) -> ExtractedReply {
        ExtractedReply { host: host.or(self.host), ..self }
    }

    /// Whether the last line has the form `550-`, so that more lines must follow.
    pub(super) fn is_open(&self) -> bool {
        let is_first_open = |text: &str| text.as_bytes().get(3) == Some(&b'-');
        // The reply's lines may be in one line of the log.
        let text = if is_first_open(&self.text) { unfolded(&self.text) } else { return false };
        text.rsplit('\n').next().is_some_and(is_first_open)
    }

    /// Whether it rejects a command, and has an enhanced status or no text at all. Programs show the other lines of
    /// such a reply with the status and without the code, or break the line after the code.
    pub(super) fn may_continue(&self) -> bool {
        self.text.starts_with(['4', '5']) && (self.has_no_words() || self.status_of_lines().is_some())
    }

    /// Whether it consists of a code, or of a code and a status.
    pub(super) fn has_no_words(&self) -> bool {
        let rest = self.text.get(3..).unwrap_or_default().trim_matches(['-', ' ']);
        rest.is_empty() || EnhancedStatus::parse(rest).is_some()
    }

    /// Whether it is a rejection whose text is not complete.
    pub(super) fn ends_with_colon(&self) -> bool {
        self.text.starts_with(['4', '5']) && self.text.trim_end().ends_with(':')
    }

    /// The enhanced status with which its further lines begin.
    pub(super) fn status_of_lines(&self) -> Option<&str> {
        let rest = self.text.get(4..).filter(|_| at_start(&self.text).is_some())?;
        EnhancedStatus::lead(rest)?;
        rest.split_whitespace().next()
    }
}

/// A log line that contains a mark: words that precede a reply (see `marks`).
#[derive(Clone, Copy)]
pub(super) struct MarkedLine<'a> {
    /// The complete line.
    pub(super) line: &'a str,
    /// The line up to the end of the mark.
    pub(super) before: &'a str,
    /// The text after the mark.
    pub(super) after: &'a str,
}

/// The reply in a line that consists of a reply, a code or a status. Many other lines begin with a number, so a reply
/// must have a status, a known code, or the known text of a rejection (`522 sorry, recipient mailbox is full`).
pub(super) fn bare(line: &str) -> Option<ExtractedReply> {
    let line = without_bullet(line.trim());
    if EnhancedStatus::parse(line).is_some() {
        return Some(ExtractedReply::of(line));
    }
    let text = at_start(line)?;
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let status = text.get(4..).and_then(EnhancedStatus::lead);
    let is_known = || {
        let refuses = matches!(code.class(), Class::Transient | Class::Permanent);
        refuses && reply::from_text(text).is_some_and(|reply| phrases::find(&reply, &Context::default()).is_some())
    };
    (status.is_some() || tables::code(code).is_some() || is_known()).then(|| ExtractedReply::of(text))
}

/// The line without the lines and bullets that a program draws before it: `└──535 Authentication failed`.
pub(super) fn without_bullet(line: &str) -> &str {
    line.trim_start_matches(|c: char| !c.is_ascii() && !c.is_alphanumeric()).trim_start()
}

/// The trimmed text, if it begins with a reply code and a separator.
pub(super) fn at_start(text: &str) -> Option<&str> {
    let text = text.trim();
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let separated = matches!(text.as_bytes().get(3), None | Some(b' ' | b'-'));
    (separated && code.class() != Class::Undefined).then_some(text)
}

/// The first reply in the text: at its start, or after a colon, a semicolon, a bracket or a quotation mark.
pub(super) fn first_reply(text: &str) -> Option<&str> {
    let at_once = at_start(text).filter(|text| text.len() > 3);
    at_once.or_else(|| {
        let places = text.match_indices([':', ';', '(', '"', '{']);
        places.filter_map(|(at, sign)| text.get(at + sign.len()..)).find_map(|rest| {
            let rest = at_start(rest)?;
            (rest.len() > 3).then_some(rest)
        })
    })
}

/// Removes the closing bracket after a reply if the opening bracket is before the reply, as in
/// `status=bounced (host x said: 550 ...)`.
pub(super) fn closed(line: &str, text: &str) -> ExtractedReply {
    let opened = line
        .get(..line.len() - text.len())
        .is_some_and(|before| before.matches('(').count() > before.matches(')').count());
    let text = text.trim_end();
    match text.strip_suffix(')') {
        Some(inner) if opened && inner.matches('(').count() == inner.matches(')').count() => ExtractedReply::of(inner),
        _ => ExtractedReply::of(text),
    }
}

/// The phase named at the start of text from a log: `RCPT TO command)`, `pipelined MAIL FROM:<x>`, `end of data`.
pub(super) fn phase_in_words(words: &str) -> Option<ReplyPhase> {
    const WORDS: [(&str, ReplyPhase); 16] = [
        ("RCPT", ReplyPhase::Rcpt),
        ("MAIL", ReplyPhase::Mail),
        ("end of data", ReplyPhase::Data),
        ("END-OF-MESSAGE", ReplyPhase::Data),
        ("sending data", ReplyPhase::Data),
        ("DATA", ReplyPhase::Data),
        ("BDAT", ReplyPhase::Data),
        ("EHLO", ReplyPhase::Ehlo),
        ("HELO", ReplyPhase::Ehlo),
        ("LHLO", ReplyPhase::Ehlo),
        ("STARTTLS", ReplyPhase::Starttls),
        ("AUTH", ReplyPhase::Auth),
        ("initial connection", ReplyPhase::Greeting),
        ("CONNECT", ReplyPhase::Greeting),
        ("RSET", ReplyPhase::Rset),
        ("QUIT", ReplyPhase::Quit),
    ];
    let words = words.strip_prefix("pipelined ").unwrap_or(words);
    let fits = |name: &str| words.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    WORDS.iter().find(|(name, _)| fits(name)).map(|(_, phase)| *phase)
}

/// Words before another server's reply, in a reply that reports a failed delivery.
const BEFORE_INNER: [&str; 6] =
    ["<", "[message=", "last error: ", "last error was: ", "remote server said: ", "lasterror="];

/// Words after which gateways repeat the reply of the server to which they pass the mail on.
const BEFORE_UPSTREAM: [&str; 14] = [
    "upstream said: ",
    "upstream replied: ",
    "upstream returned: ",
    "upstream response: ",
    "upstream error: ",
    "server said: ",
    "host said: ",
    "server responded: ",
    "server responded with: ",
    "server replied: ",
    "server returned: ",
    "server rejected the message: ",
    "relay refused the message: ",
    "relay said: ",
];
/// Words in a reply about a check of an address at another server. The reply of that server is not the reason.
const ADDRESS_CHECK: [&str; 4] = ["address rejected", "verif", "callout", "callback"];

/// Another server's reply inside a reply about the network or the queue (X.4.x, RFC 3463 §3.5): `554 4.4.7 Message
/// expired <451 4.7.651 The mail server has been temporarily rate limited>`. The inner reply contains the reason, and
/// the outer reply does not.
pub(crate) fn inner_reply(text: &str) -> Option<&str> {
    let after = text.get(4..).filter(|_| at_start(text).is_some())?;
    let Some((status, rest)) = EnhancedStatus::lead(after) else { return upstream_reply(text, after) };
    if status.kind().0 != 4 {
        // Only a status about an address, a mailbox or a policy is more specific than the other server's reply.
        return matches!(status.kind().0, 0 | 3 | 5).then(|| upstream_reply(text, rest)).flatten();
    }
    let lower = rest.to_ascii_lowercase();
    let places = BEFORE_INNER.iter().flat_map(|words| lower.match_indices(words).map(|(at, words)| at + words.len()));
    places.filter_map(|at| rest.get(at..)).find_map(|inner| {
        let code = inner.as_bytes().get(..3).and_then(ReplyCode::parse)?;
        let is_rejection = matches!(code.class(), Class::Transient | Class::Permanent);
        let (inner_status, _) = EnhancedStatus::lead(inner.get(4..)?)?;
        let end = inner.find(['>', ']']).filter(|end| !inner.get(..*end).is_some_and(|text| text.contains(['<', '['])));
        let text = inner.get(..end.unwrap_or(inner.len()))?.trim_end_matches(['>', ']']);
        (is_rejection && u16::from(inner_status.class()) == code.number() / 100).then_some(text)
    })
}

/// The reply of the next server, which a gateway repeats in its own: `451 upstream said: 550 5.1.1 User unknown`.
fn upstream_reply<'a>(text: &str, rest: &'a str) -> Option<&'a str> {
    if !text.starts_with(['4', '5']) {
        return None;
    }
    let lower = rest.to_ascii_lowercase();
    if ADDRESS_CHECK.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let places = BEFORE_UPSTREAM.iter().filter_map(|words| Some(lower.find(words)? + words.len()));
    let inner = places.filter_map(|at| rest.get(at..)).find_map(at_start)?;
    let is_rejection = inner.starts_with(['4', '5']) && inner.len() > 4;
    is_rejection.then_some(inner)
}

/// The phase of a code that is used in only one phase: the codes in RFC 4954 §6 in AUTH; 354 in DATA and 221 in QUIT
/// (RFC 5321 §4.2.2).
pub(crate) fn phase_of_code(code: ReplyCode) -> Option<ReplyPhase> {
    match code.number() {
        235 | 334 | 432 | 534 | 535 | 538 => Some(ReplyPhase::Auth),
        354 => Some(ReplyPhase::Data),
        221 => Some(ReplyPhase::Quit),
        _ => None,
    }
}

/// The host name after the last `host `, `server `, `relay=` or `H=`.
pub(super) fn named_host(text: &str) -> Option<String> {
    let after = text
        .rsplit_once("host ")
        .or_else(|| text.rsplit_once("server "))
        .or_else(|| text.rsplit_once("relay="))
        .or_else(|| text.rsplit_once("H="))?;
    host_name(after.1)
}

/// The host name at the start of the text, in lower case.
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = text.trim_start().split(['[', ' ', ',', ':', '(']).next()?.trim_end_matches('.');
    let fits = name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    fits.then(|| name.to_ascii_lowercase())
}

/// The port after the name and address of a host: `mx.example.com[192.0.2.1]:587` (Postfix), `mx.example.com
/// [192.0.2.1]:587` (Exim).
pub(super) fn port_of(line: &str, host: &str) -> Option<u16> {
    line.match_indices(']').find_map(|(end, _)| {
        let (before, _) = line.get(..end)?.rsplit_once('[')?;
        let name = before.trim_end().trim_end_matches('.');
        let is_host = name.len() >= host.len()
            && name.get(name.len() - host.len()..).is_some_and(|name| name.eq_ignore_ascii_case(host));
        let digits = line.get(end + 1..)?.strip_prefix(':').filter(|_| is_host)?;
        let len = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..len)?.parse().ok().filter(|port| *port > 0)
    })
}

/// Splits a multi-line reply that a log contains as one line: `550-a 550-b 550 c`, with a space, `?` (Postfix) or `\n`
/// (Exim) between the lines.
pub(super) fn unfolded(text: &str) -> String {
    if text.as_bytes().get(3) != Some(&b'-') || text.contains('\n') {
        return text.trim_end().to_owned();
    }
    let Some(code) = text.get(..3) else { return text.to_owned() };
    let mut lines = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((line, next)) = next_line(rest, code) {
        lines.push_str(line);
        lines.push('\n');
        rest = next;
        if next.as_bytes().get(3) == Some(&b' ') {
            break;
        }
    }
    lines.push_str(rest.trim_end());
    lines
}

/// Splits the text before the reply's next line, which begins with the code.
fn next_line<'a>(text: &'a str, code: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 4;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(code)) {
        let at = from + found;
        let before = text.get(..at)?;
        let separated = before.ends_with([' ', '?']) || before.ends_with("\\n");
        if separated && matches!(text.as_bytes().get(at + 3), Some(b' ' | b'-')) {
            let line = before.strip_suffix("\\n").unwrap_or(before).trim_end_matches([' ', '?']);
            return Some((line, text.get(at..)?));
        }
        from = at + 3;
    }
    None
}
