//! Mail libraries and the programs that use them: the forms in which their exceptions and messages contain a reply.
//!
//! If the form shows which command was rejected, that command is the phase. Some forms do not contain the code:
//! System.Net.Mail replaces it with a sentence, and emailjs and Email::Sender omit it. The text then begins with the
//! status or the wording.
//!
//! Messages without a reply are read by [`crate::lexicon::program_errors`].

use super::extract::{ExtractedReply, MarkedLine, at_start};
use crate::lexicon::{Context, ReplyPhase, phrases};
use crate::wire::{Class, EnhancedStatus, ReplyCode, reply};

/// Words in the forms of libraries, in lower case, and the phase that they show. The last of them before the reply
/// determines the phase.
const PHASES: &[(&str, ReplyPhase)] = &[
    ("invalid greeting", ReplyPhase::Greeting),
    ("smtpconnecterror", ReplyPhase::Greeting),
    ("smtpconnectresponseerror", ReplyPhase::Greeting),
    ("bad greeting", ReplyPhase::Greeting),
    ("create smtp client", ReplyPhase::Greeting),
    ("unexpected smtp-server response", ReplyPhase::Greeting),
    ("initial ok message", ReplyPhase::Greeting),
    ("helo", ReplyPhase::Ehlo),
    ("remote access denied", ReplyPhase::Ehlo),
    ("ehlo", ReplyPhase::Ehlo),
    ("starttls", ReplyPhase::Starttls),
    ("invalid login", ReplyPhase::Auth),
    ("authenticationerror", ReplyPhase::Auth),
    ("authenticationfailed", ReplyPhase::Auth),
    ("authenticationexception", ReplyPhase::Auth),
    ("authentication failed", ReplyPhase::Auth),
    ("authentication failure", ReplyPhase::Auth),
    ("authenticate", ReplyPhase::Auth),
    ("authorization.failed", ReplyPhase::Auth),
    ("auth command failed", ReplyPhase::Auth),
    ("smtp auth failed", ReplyPhase::Auth),
    ("failed auth", ReplyPhase::Auth),
    ("auth failed", ReplyPhase::Auth),
    ("auth auth", ReplyPhase::Auth),
    ("login failed", ReplyPhase::Auth),
    ("code \"235\"", ReplyPhase::Auth),
    ("code \"334\"", ReplyPhase::Auth),
    ("senderrefused", ReplyPhase::Mail),
    ("senderfailed", ReplyPhase::Mail),
    ("mail from", ReplyPhase::Mail),
    ("mail command", ReplyPhase::Mail),
    ("mail failed", ReplyPhase::Mail),
    ("from address", ReplyPhase::Mail),
    ("recipientsrefused", ReplyPhase::Rcpt),
    ("recipientrefused", ReplyPhase::Rcpt),
    ("addressfailed", ReplyPhase::Rcpt),
    ("recipient address", ReplyPhase::Rcpt),
    ("recipient command", ReplyPhase::Rcpt),
    ("recipients failed", ReplyPhase::Rcpt),
    ("recipients were rejected", ReplyPhase::Rcpt),
    ("rcpt", ReplyPhase::Rcpt),
    ("code \"250/251", ReplyPhase::Rcpt),
    ("dataerror", ReplyPhase::Data),
    ("data command", ReplyPhase::Data),
    ("data end command", ReplyPhase::Data),
    ("message failed", ReplyPhase::Data),
    ("did not accept the mail", ReplyPhase::Data),
    ("code \"354\"", ReplyPhase::Data),
    ("response code 354", ReplyPhase::Data),
    ("response code 235", ReplyPhase::Auth),
    ("response code 334", ReplyPhase::Auth),
];

/// The phase that the words before a reply show.
pub(super) fn phase(before: &str) -> Option<ReplyPhase> {
    let before = before.to_ascii_lowercase();
    let places = PHASES.iter().filter_map(|(words, phase)| Some((before.rfind(words)? + words.len(), phase)));
    places.max_by_key(|(end, _)| *end).map(|(_, phase)| *phase)
}

/// A reply in the form of a library, with the phase that the form shows. The code 530 requires a login or STARTTLS, but
/// libraries report it as a failed login.
fn of_form(before: &str, text: impl Into<String>) -> ExtractedReply {
    let text = text.into();
    let is_missing_login = text.starts_with("530");
    let phase = phase(before).or_else(|| expected_220(before, &text));
    ExtractedReply::of_line(text).at(phase.filter(|phase| !(is_missing_login && *phase == ReplyPhase::Auth)))
}

/// Swiftmailer and Symfony expect 220 in the greeting and after STARTTLS; 454 and 50x belong to the latter.
fn expected_220(before: &str, text: &str) -> Option<ReplyPhase> {
    let expected = ["code \"220\"", "code 220 "].iter().any(|words| before.contains(words));
    let is_starttls = text.starts_with("454") || text.starts_with("50");
    expected.then_some(if is_starttls { ReplyPhase::Starttls } else { ReplyPhase::Greeting })
}

fn is_failure(code: ReplyCode) -> bool {
    matches!(code.class(), Class::Transient | Class::Permanent)
}

fn code_at_start(text: &str) -> Option<ReplyCode> {
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse).filter(|code| is_failure(*code))?;
    text.as_bytes().get(3).is_none_or(|next| !next.is_ascii_alphanumeric()).then_some(code)
}

/// A reply without its code.
fn without_code(text: &str) -> Option<&str> {
    let text = text.trim();
    let (status, rest) = EnhancedStatus::lead(text)?;
    (matches!(status.class(), 4 | 5) && rest.contains(char::is_alphabetic)).then_some(text)
}

/// Whether the lexicon knows this text as a rejection, with any code.
pub(super) fn is_known(text: &str) -> bool {
    ["550", "450"].iter().any(|code| is_phrase(code, text))
}

pub(in crate::explain) fn is_phrase(code: &str, text: &str) -> bool {
    let reply = reply::from_text(&format!("{code} {text}"));
    reply.is_some_and(|reply| phrases::find(&reply, &Context::default()).is_some())
}

/// If a quotation mark precedes the text, the text ends at the closing quotation mark.
fn unquoted<'a>(before: &str, text: &'a str) -> &'a str {
    let text = text.trim_end();
    if before.ends_with("\\\"") {
        // In JSON.
        return text.split("\\\"").next().unwrap_or(text);
    }
    match before.chars().next_back() {
        Some(quote @ ('"' | '\'')) => {
            let end = [".", ",", " +"].iter().find_map(|after| text.find(&format!("{quote}{after}")));
            let text = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
            text.trim_end_matches([quote, '.']).trim_end_matches("\\n")
        }
        _ => text.trim_end_matches(['"', '}', ']']),
    }
}

/// `Invalid login: 535 ...`, `with message "454 ..."`, `RCPT failed: 550`, `SMTP server: 504 ...`,
/// `failed AUTH: 5.7.8 ...`.
pub(super) fn after_words(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let start = after.trim_start();
    let quote = start.chars().next().filter(|quote| matches!(quote, '"' | '\'') && !before.ends_with(*quote));
    let (start, before) = match quote {
        Some(quote) => (start.strip_prefix(quote)?, &*format!("{before}{quote}")),
        None => (start, before),
    };
    if let Some(text) = at_start(start).filter(|text| code_at_start(text).is_some()) {
        if text.get(3..).is_some_and(|words| words.starts_with(NO_RECIPIENTS)) {
            return None;
        }
        return Some(of_form(before, unquoted(before, text)));
    }
    let text = without_code(start)?;
    Some(of_form(before, unquoted(before, text)))
}

/// The words with which Twisted summarises the replies to all recipients, which follow.
pub(super) const NO_RECIPIENTS: &str = " No recipients accepted";

/// `MailKit...AuthenticationException: 535: 5.7.3 ...`, `gomail: could not send email 1: 550 ...`: the first code after
/// a colon that is followed by a status or by known words.
pub(super) fn after_colon(MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    line.match_indices(": ").find_map(|(at, colon)| {
        let (before, text) = line.split_at_checked(at + colon.len())?;
        let text = text.trim_start();
        if text.get(3..).is_some_and(|words| words.starts_with(NO_RECIPIENTS)) {
            return None;
        }
        let is_separated = matches!(text.as_bytes().get(3), Some(b' ' | b'-' | b':'));
        if let Some(code) = code_at_start(text).filter(|_| is_separated) {
            let words = text.get(3..)?.trim_start_matches([':', '-', ' ']);
            let has_status =
                EnhancedStatus::lead(words).is_some_and(|(status, _)| u16::from(status.class()) == code.number() / 100);
            let separator = if text.as_bytes().get(3) == Some(&b'-') { '-' } else { ' ' };
            return (has_status || is_phrase(&code.to_string(), words))
                .then(|| of_form(before, unquoted(before, &format!("{code}{separator}{words}"))));
        }
        let words = without_code(text)?;
        is_known(words).then(|| of_form(before, unquoted(before, words)))
    })
}

/// A line that is a reply without its code: `5.7.1 <u@example.com>: Relay access denied`.
pub(super) fn status_first(line: &str) -> Option<ExtractedReply> {
    let text = without_code(line)?;
    is_known(text).then(|| ExtractedReply::of(text))
}

/// Python: `(535, b'5.7.8 ...')`, `{'u@example.com': (550, '...')}`,
/// `SMTPRecipientRefused(553, '...', 'u@example.com')`.
pub(super) fn tuple(MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    line.match_indices('(').find_map(|(at, _)| {
        let (before, tuple) = line.split_at_checked(at + 1)?;
        let code = code_at_start(tuple)?;
        let written = tuple.get(3..)?.strip_prefix(',')?.trim_start();
        let text = literal(written)?;
        let reply = of_form(before, with_code(code, &text));
        let is_reply = written.starts_with('b')
            || reply.phase.is_some()
            || without_code(&text).is_some()
            || is_phrase(&code.to_string(), &text);
        is_reply.then_some(reply)
    })
}

/// Python's debug output: `reply: retcode (535); Msg: b'5.7.8 ...'`.
pub(super) fn retcode(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let code = code_at_start(after)?;
    let (_, message) = after.split_once("Msg: ")?;
    Some(of_form(before, with_code(code, &literal(message)?)))
}

/// A string or bytes literal of Python, up to its end or the end of the line.
fn literal(text: &str) -> Option<String> {
    split_literal(text).map(|(value, _)| value)
}

/// A literal and the text after it.
fn split_literal(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('b').unwrap_or(text);
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (mut value, mut characters) = (String::new(), text.get(1..)?.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                'r' => {}
                other => value.push(other),
            },
            end if end == quote => break,
            other => value.push(other),
        }
    }
    Some((value, characters.as_str()))
}

/// The lines of the text, each preceded by the code, as the server sent them.
fn with_code(code: ReplyCode, text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(1);
    let lines = lines.into_iter().enumerate().map(|(at, line)| {
        let line = line.strip_prefix(&code.to_string()).map_or(line, |rest| rest.trim_start_matches(['-', ' ']));
        format!("{code}{}{line}", if at < last { '-' } else { ' ' })
    });
    let reply = lines.collect::<Vec<_>>().join("\n");
    if reply.is_empty() { code.to_string() } else { reply }
}

/// lettre: `permanent error (550): 5.1.1 ...`.
pub(super) fn code_in_brackets(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let code = code_at_start(after)?;
    let text = after.get(3..)?.strip_prefix(')')?.trim_start_matches([':', ' ']);
    Some(of_form(before, with_code(code, text)))
}

/// lettre's debug form, which has only the code:
/// `Code { severity: PermanentNegativeCompletion, category: MailSystem, detail: Four }` is 554 (RFC 5321 §4.2.1).
pub(super) fn code_in_names(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    const CATEGORIES: [&str; 6] =
        ["Syntax", "Information", "Connections", "Unspecified3", "Unspecified4", "MailSystem"];
    const DETAILS: [&str; 10] = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    let digit = |field: &str, names: &[&str]| {
        let (_, value) = after.split_once(field)?;
        names.iter().position(|name| value.starts_with(name))
    };
    let class = if before.ends_with("PermanentNegativeCompletion") { 5 } else { 4 };
    let code = format!("{class}{}{}", digit("category: ", &CATEGORIES)?, digit("detail: ", &DETAILS)?);
    let lines = after.split_once("message: [").map(|(_, list)| string_list(list)).unwrap_or_default();
    let code = ReplyCode::parse(code.as_bytes())?;
    Some(of_form(before, with_code(code, &lines.join("\n"))))
}

/// The strings of a list in Rust's debug form, up to the end of the list or of the line:
/// `"5.7.1 first", "5.7.1 second"]`.
fn string_list(list: &str) -> Vec<String> {
    let mut rest = Some(list);
    std::iter::from_fn(|| {
        let (string, after) = split_literal(rest?)?;
        rest = after.strip_prefix(", ");
        Some(string)
    })
    .collect()
}

/// PHPMailer: `MAIL FROM command failed Detail: ... SMTP code: 530 Additional SMTP info: 5.7.0`.
pub(super) fn smtp_code(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let code = code_at_start(after)?;
    let status = after.split_once("Additional SMTP info: ").map(|(_, status)| status.trim());
    let before = before.strip_suffix("SMTP code: ")?;
    let (command, detail) = before.rsplit_once("Detail: ").unwrap_or((before, ""));
    let words: Vec<&str> =
        status.into_iter().chain(detail.split_whitespace()).flat_map(str::split_whitespace).collect();
    let words = words.join(" ").replace("\\n", " ");
    Some(of_form(command, format!("{code} {words}").trim_end()))
}

/// PHPMailer, over several lines:
/// `MAIL FROM command failed,...,530,5.7.0SMTP server error: MAIL FROM command failed Detail: ...`.
pub(super) fn server_error(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    let MarkedLine { line, after, .. } = marked;
    if let Some(at) = line.find("SMTP code: ") {
        let (before, after) = line.split_at_checked(at + "SMTP code: ".len())?;
        return smtp_code(MarkedLine { line, before, after });
    }
    let (fields, _) = line.split_once("SMTP server error: ")?;
    let mut fields = fields.rsplit(',');
    let (status, code) = (fields.next()?, fields.next()?);
    let code = code_at_start(code)?;
    let (command, detail) = after.split_once(" Detail: ")?;
    Some(of_form(command, format!("{code} {status} {}", detail.trim())))
}

/// PHPMailer: `The following recipients failed: u@example.com: <u@example.com>: Relay access denied`, without a code.
pub(super) fn recipients_failed(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (address, text) = after.split_once(": ")?;
    let text = text.trim();
    (address.contains('@') && !text.is_empty() && is_known(text)).then(|| of_form(before, text))
}

/// async-smtp: `permanent: mx.example.com; No SMTP service; IP address is block listed`, without a code.
pub(super) fn words_alone(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = after.trim();
    is_known(text).then(|| of_form(before, text))
}

/// The sentences that System.Net.Mail (.NET) writes instead of the code: those of RFC 5321 §4.2.2.
const SENTENCES: [(&str, &str); 15] = [
    ("requires a secure connection or the client was not authenticated", "530"),
    ("mailbox unavailable", "550"),
    ("transaction failed", "554"),
    ("service not available, closing transmission channel", "421"),
    ("exceeded storage allocation", "552"),
    ("insufficient system storage", "452"),
    ("mailbox name not allowed", "553"),
    ("error in processing", "451"),
    ("client does not have permission to submit mail", "454"),
    ("command unrecognized", "500"),
    ("syntax error in parameters", "501"),
    ("command not implemented", "502"),
    ("bad sequence of commands", "503"),
    ("command parameter not implemented", "504"),
    ("user not local", "551"),
];

/// .NET: `Mailbox unavailable. The server response was: 5.7.54 SMTP; Unable to relay ...`.
pub(super) fn server_response(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    let MarkedLine { before, after, .. } = marked;
    // The server's reply may be empty, and a frame of the stack trace follows.
    let text = after.split_once("at System.Net.Mail.").map_or(after, |(text, _)| text).trim();
    if code_at_start(text).is_some() {
        return after_words(marked);
    }
    let sentences = before.to_ascii_lowercase();
    let code = SENTENCES.iter().find(|(sentence, _)| sentences.contains(sentence)).map(|(_, code)| *code);
    match (code, without_code(text)) {
        (Some("550"), Some(text)) if text.starts_with('4') => Some(ExtractedReply::of(format!("450 {text}"))),
        (Some(code), _) => Some(ExtractedReply::of(format!("{code} {text}").trim_end()).at(phase_of_frame(after))),
        (None, Some(text)) => Some(ExtractedReply::of(text)),
        // The sentence is in another language. Most often, it is the one for code 550.
        (None, None) => is_phrase("550", text).then(|| ExtractedReply::of(format!("550 {text}"))),
    }
}

/// The phase that a frame of System.Net.Mail shows: `at System.Net.Mail.DataStopCommand.CheckResponse(...)`.
fn phase_of_frame(text: &str) -> Option<ReplyPhase> {
    const COMMANDS: [(&str, ReplyPhase); 7] = [
        ("DataStopCommand", ReplyPhase::Data),
        ("DataCommand", ReplyPhase::Data),
        ("RecipientCommand", ReplyPhase::Rcpt),
        ("MailCommand", ReplyPhase::Mail),
        ("StartTlsCommand", ReplyPhase::Starttls),
        ("AuthCommand", ReplyPhase::Auth),
        ("HelloCommand", ReplyPhase::Ehlo),
    ];
    let (_, frame) = text.split_once("at System.Net.Mail.")?;
    COMMANDS.iter().find(|(name, _)| frame.contains(&format!("{name}."))).map(|(_, phase)| *phase)
}

/// The sentence of the SMTP standard in lower-case text, with its code. Short sentences also occur in other messages.
pub(in crate::explain) fn standard_sentence(text: &str) -> Option<(&'static str, &'static str)> {
    let is_long =
        |(sentence, _): &&(&str, &str)| sentence.split(' ').count() >= 3 && *sentence != "error in processing";
    SENTENCES.iter().filter(is_long).find(|(sentence, _)| text.contains(sentence)).copied()
}

/// .NET without the words about the server's response: `SmtpException: Syntax error, command unrecognized.`
pub(super) fn sentence(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (_, sentences) = after.split_once("Exception: ")?;
    let lower = sentences.to_ascii_lowercase();
    let (_, code) = SENTENCES.iter().find(|(sentence, _)| lower.contains(sentence))?;
    (!line.contains("esponse")).then(|| ExtractedReply::of(*code))
}

/// emailjs: `bad response on command 'RCPT': 5.7.1 ...`, without a code; a command that is base64 is part of a login.
pub(super) fn bad_response(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (command, text) = after.split_once("': ")?;
    let text = text.trim();
    let text = if before.contains('(') { text.trim_end_matches(')') } else { text };
    let word = command.split([' ', ':']).next().unwrap_or(command).to_ascii_lowercase();
    let phase = match word.as_str() {
        "mail" => ReplyPhase::Mail,
        "rcpt" => ReplyPhase::Rcpt,
        "data" | "." => ReplyPhase::Data,
        "ehlo" | "helo" => ReplyPhase::Ehlo,
        "starttls" => ReplyPhase::Starttls,
        _ => ReplyPhase::Auth,
    };
    let is_reply = code_at_start(text).is_some() || without_code(text).is_some() || is_known(text);
    is_reply.then(|| ExtractedReply::of(text).at(Some(phase)))
}

/// gen_smtp (Erlang, Elixir): `{permanent_failure,"mx.example.com",<<"550 5.1.1 no\r\n">>}`, also with escaped
/// quotation marks.
pub(super) fn erlang_failure(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = after.split(['"', '\\']).find_map(|text| at_start(text).filter(|text| code_at_start(text).is_some()))?;
    Some(of_form(before, text))
}

/// JavaMail: `Got bad greeting from SMTP host: localhost, port: 25, response: 554 ...`.
pub(super) fn bad_greeting(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (_, text) = after.split_once("response: ")?;
    let text = at_start(text).filter(|text| code_at_start(text).is_some())?;
    Some(ExtractedReply::of_line(text).at(Some(ReplyPhase::Greeting)))
}

/// IIS, W3C log: `OutboundConnectionResponse SMTPSVC1 SRV - 25 - - 550+5.7.1+Unable+to+relay`.
pub(super) fn plus_signs(MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let field = line.split(' ').find(|field| code_at_start(field).is_some() && field.contains('+'))?;
    Some(ExtractedReply::of(field.replace('+', " ").trim_end()))
}

/// The phase of a reply that msmtp quotes on the next line.
pub(super) fn announced(MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ReplyPhase> {
    phase(line).filter(|_| line.contains("msmtp: ") && !line.contains("server message: "))
}

/// Another line of a reply, without the program's prefix.
pub(super) fn further_line(line: &str) -> Option<&str> {
    const WORDS: [&str; 4] = ["SMTP server: ", "server message: ", "SERVER -> CLIENT: ", "reply: b'"];
    WORDS.iter().find_map(|words| line.split_once(words)).map(|(_, text)| in_debug_output(text))
}

/// A line of a session in debug output. In Python's output, it is the content of a literal.
pub(super) fn in_debug_output(text: &str) -> &str {
    text.trim().trim_end_matches('\'').trim_end_matches("\\n").trim_end_matches("\\r")
}

/// The role of a line with a reply in a stack trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// The message of an exception.
    First,
    /// A line that may repeat the message: a cause, a property of the exception, or another line.
    Possible,
    /// Not part of a stack trace.
    No,
}

/// Whether a line is the first one of an exception. No reply in such a line can repeat an earlier one.
pub(super) fn begins_exception(line: &[u8]) -> bool {
    let contains = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    !line.starts_with(b" ") && !line.starts_with(b"\t") && contains(b"Exception: ") && !contains(b"Caused by: ")
}

/// Whether a line is, or may repeat, the message of an exception.
pub(super) fn repetition(line: &str) -> Repetition {
    const FIRST: [&str; 8] = [
        "Failed to authenticate",
        "Exception",
        "Error: ",
        "SMTPError",
        "server error: ",
        "xpected response code",
        "SERVER -> CLIENT: ",
        "reply: b",
    ];
    const REPEATS: [&str; 3] = ["Caused by: ", "SMTP ERROR: ", "retcode ("];
    const AGAIN: [&str; 3] = ["\".\"", "SMTP code: ", "[cause]"];
    let has = |words: &[&str]| words.iter().any(|words| line.contains(words));
    if line.starts_with([' ', '\t', '\'', '"', '#']) || has(&REPEATS) {
        Repetition::Possible
    } else if has(&FIRST) {
        Repetition::First
    } else if has(&AGAIN) {
        Repetition::Possible
    } else {
        Repetition::No
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use crate::lexicon::ReplyPhase;

    #[test]
    fn replies_are_found_in_the_forms_of_each_library() {
        use ReplyPhase::{Auth, Greeting, Mail, Rcpt, Starttls};
        for (text, reply, phase) in [
            ("smtplib.SMTPAuthenticationError: (535, b'5.7.8 no')", "535 5.7.8 no", Some(Auth)),
            ("aiosmtplib.errors.SMTPAuthenticationError: (535, '5.7.3 no')", "535 5.7.3 no", Some(Auth)),
            ("smtplib.SMTPRecipientsRefused: {'a@example.com': (550, b'5.7.1 no')}", "550 5.7.1 no", Some(Rcpt)),
            ("smtplib.SMTPSenderRefused: (530, b'5.7.0 no', 'a@example.com')", "530 5.7.0 no", Some(Mail)),
            ("x [SMTPRecipientRefused(553, '5.7.1 no', 'a@example.com')]", "553 5.7.1 no", Some(Rcpt)),
            (r"e: (534, b'5.7.9 first\n5.7.9 second')", "534-5.7.9 first\n534 5.7.9 second", Some(Auth)),
            ("reply: retcode (535); Msg: b'5.7.8 no'", "535 5.7.8 no", Some(Auth)),
            (r"reply: b'535 5.7.8 no\r\n'", "535 5.7.8 no", Some(Auth)),
            ("Error: Invalid login: 535-5.7.8 no", "535-5.7.8 no", Some(Auth)),
            ("Error: Invalid greeting. response=554 no: 554 no", "554 no: 554 no", Some(Greeting)),
            (
                "Expected response code \"220\" but got code \"454\", with message \"454 4.7.0 no\".",
                "454 4.7.0 no",
                Some(Starttls),
            ),
            ("Expected response code 250 but got code \"530\", with message \"530 5.7.0 no\"", "530 5.7.0 no", None),
            (r#"{"m":"got code \"530\", with message \"530 5.7.0 no\"."}"#, "530 5.7.0 no", None),
            ("permanent error (550): 5.1.1 no", "550 5.1.1 no", None),
            (
                r#"Permanent(Response { code: Code { severity: PermanentNegativeCompletion, category: MailSystem, detail: Four }, message: ["5.7.1 [2] no", "5.7.1 a \"b\""] })"#,
                "554-5.7.1 [2] no\n554 5.7.1 a \"b\"",
                None,
            ),
            (
                "Error { kind: Permanent(Code { severity: PermanentNegativeCompletion, category: MailSystem, detail: Four }) }",
                "554",
                None,
            ),
            ("Postfach nicht verfügbar. Die Serverantwort war: 5.7.54 SMTP; no", "5.7.54 SMTP; no", None),
            ("SMTP-012(example.org) got:421 closing", "421 closing", None),
            ("< S: 501 EHLO requires valid address", "501 EHLO requires valid address", None),
            ("flutter: [12:00:00 | Connection | FINE] < 535 no", "535 no", Some(Auth)),
            (r#"-> "535 5.7.1 no\r\n""#, "535 5.7.1 no", Some(Auth)),
            ("mta: 0xea6710: <<< 554 Bad DNS PTR resource record", "554 Bad DNS PTR resource record", None),
            ("curl: (55) RCPT failed: 550", "550", Some(Rcpt)),
            ("curl: (64) STARTTLS denied, code 454", "454", Some(Starttls)),
            ("s-nail: SMTP server: 504 5.5.4 no", "504 5.5.4 no", None),
            (
                "System.Net.Mail.SmtpException: Mailbox unavailable. The server response was: 5.7.54 SMTP; no",
                "550 5.7.54 SMTP; no",
                None,
            ),
            ("MailKit.Security.AuthenticationException: 535: 5.7.3 no", "535 5.7.3 no", Some(Auth)),
            ("Error: bad response on command 'RCPT': 5.7.1 no", "5.7.1 no", Some(Rcpt)),
            (
                "OutboundConnectionResponse SMTPSVC1 SRV - 25 - - 550+5.7.1+Unable+to+relay",
                "550 5.7.1 Unable to relay",
                None,
            ),
            ("ERROR o.s.m - AuthenticationFailedException: 535 5.7.8 no", "535 5.7.8 no", Some(Auth)),
            (
                "SMTP server error: MAIL FROM command failed Detail: too large SMTP code: 552 Additional SMTP info: 5.3.4",
                "552 5.3.4 too large",
                Some(Mail),
            ),
            ("failed AUTH: 5.7.8 no", "5.7.8 no", Some(Auth)),
            (r#"{permanent_failure,"mx.example.com",<<"550 5.1.1 no\r\n">>}"#, "550 5.1.1 no", None),
            (r#"{:permanent_failure, \"mx.example.com\", \"501 Invalid RCPT\\r\\n\"}"#, "501 Invalid RCPT", None),
            (r#"{:temporary_failure, 'mx.example.com', "451 4.3.0 later\r\n"}"#, "451 4.3.0 later", None),
        ] {
            let found = all(text);
            let told: Vec<_> = found.iter().map(|found| (found.text.as_str(), found.phase)).collect();
            assert_eq!(told, [(reply, phase)], "{text}");
        }
    }

    #[test]
    fn msmtp_names_the_command_before_the_reply() {
        let found = all(
            "msmtp: recipient address u@example.com not accepted by the server\nmsmtp: server message: 554 5.7.1 no\n",
        );
        let told: Vec<_> = found.iter().map(|found| (found.text.as_str(), found.phase)).collect();
        assert_eq!(told, [("554 5.7.1 no", Some(ReplyPhase::Rcpt))]);
    }

    #[test]
    fn an_exception_that_repeats_its_reply_is_counted_once() {
        let texts = |log| all(log).into_iter().map(|found| found.text).collect::<Vec<_>>();
        assert_eq!(
            texts(
                "Error: Invalid login: 535-5.7.8 no\n535 5.7.8 http://example.com/\n    at x (/app/index.js:1:2) {\n  response: '535-5.7.8 no\\n' +\n    '535 5.7.8 http://example.com/',\n"
            ),
            ["535-5.7.8 no\n535 5.7.8 http://example.com/"]
        );
        assert_eq!(
            texts(
                "MailException: AuthenticationFailedException: 535 5.7.8 no\n\tat x\nCaused by: AuthenticationFailedException: 535 5.7.8 no\n"
            ),
            ["535 5.7.8 no"]
        );
    }

    #[test]
    fn numbers_in_other_lines_are_not_replies() {
        for line in [
            "retry (500, 'items')",
            "progress: 550 lines were read",
            "error: 4 of 5",
            "version: 5.7.1 released",
            "x (200, 'ok')",
        ] {
            assert_eq!(all(line), [], "{line}");
        }
    }
}
