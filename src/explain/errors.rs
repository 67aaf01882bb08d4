//! Explains error messages from mail programs, libraries and operating systems about failures that occur before or
//! without a server's reply.
//!
//! The fixes in the settings of the program that wrote the message come first. The smtpcheck command that verifies the
//! cause comes last, unless an earlier fix has the same command. This command contains the server's name if the message
//! contains it. The messages themselves are in [`crate::lexicon::program_errors`].

use super::explained::{Explained, ExplanationKind};
use super::sentences;
use super::side::LogSide;
use super::target::{ServerName, server_of};
use crate::check;
use crate::lexicon::program_errors::{self, ProgramError};
use crate::lexicon::programs::{self, MailProgram};
use crate::lexicon::{Category, Cause, Confidence, Fix, identifiers, normal, tls_alerts};

/// The beginning of the literals of error messages that mean something else after a reply with code 220.
const AFTER_READY: &str = "after the reply 220";

/// An error message that was recognised.
#[derive(Clone, Copy)]
pub(super) struct FoundError {
    pub(super) error: &'static ProgramError,
    program: Option<&'static MailProgram>,
    /// Whether only the words in the names of errors match: `MailboxFull`.
    by_names: bool,
}

impl FoundError {
    /// The error message in the text; `None` if it contains no known message.
    pub(super) fn in_text(text: &str) -> Option<FoundError> {
        let found = FoundError::in_words(text);
        if found.is_some_and(|found| !found.error.generic) {
            return found;
        }
        // What a program reports is in the part that it quotes from its TLS library, or in the names of its errors.
        let inner = openssl_reason(text).and_then(|reason| program_errors::find(&normal(&reason)));
        let by_names = || {
            let named = FoundError::in_words(&identifiers::as_words(text)?)?;
            Some(FoundError { by_names: true, ..named })
        };
        let inner =
            inner.map(|error| FoundError { error, program: programs::recognised(&normal(text)), by_names: false });
        let specific = |found: &FoundError| !found.error.generic;
        let by_signs = || FoundError::in_words(&with_ascii_signs(text)?);
        let inner = inner.filter(specific).or_else(|| by_signs().filter(specific));
        inner.or_else(|| by_names().filter(specific)).or(found)
    }

    /// The failure that a program reports in its own words.
    pub(super) fn in_own_words(text: &str) -> Option<FoundError> {
        let error = program_errors::find(&sentences::failure_in_words(text)?)?;
        Some(FoundError { error, program: programs::recognised(&normal(text)), by_names: false })
    }

    fn in_words(text: &str) -> Option<FoundError> {
        let text = prepared(text);
        let program = programs::recognised(&text);
        Some(FoundError { error: program_errors::find(&text)?, program, by_names: false })
    }

    /// The message of a program that failed after a reply with code 220, if this makes a difference.
    pub(super) fn after_ready(text: &str) -> Option<FoundError> {
        let text = prepared(&format!("{AFTER_READY}: {text}"));
        let error = program_errors::find(&text).filter(|error| error.all_begin_with(AFTER_READY))?;
        Some(FoundError { error, program: programs::recognised(&text), by_names: false })
    }

    /// A failure of a sending server, written in the form of a reply from another server
    /// (`450 4.4.316 Connection refused`).
    pub(super) fn instead_of_reply(text: &str) -> Option<FoundError> {
        let text = prepared(text);
        let error = program_errors::find_instead_of_reply(&text)?;
        Some(FoundError { error, program: programs::recognised(&text), by_names: false })
    }

    /// The rule that a check would report.
    pub(super) fn rule(self) -> Option<&'static str> {
        check::rule(self.error.rule.as_deref()?).map(|rule| rule.id)
    }

    /// The subject of the rule: the first word of its id.
    pub(super) fn subject(self) -> &'static str {
        match self.rule().unwrap_or_default().split('-').next().unwrap_or_default() {
            "certificate" | "starttls" => "tls",
            subject => subject,
        }
    }

    /// The key under which equal messages are counted: the rule, or the id of a message without a rule.
    pub(super) fn key(self) -> &'static str {
        self.rule().unwrap_or_else(|| self.error.id.as_str())
    }

    /// The category of the rejections that the same rule reports; none if the rule does not report rejections.
    fn category(self) -> Option<Category> {
        let rule = self.rule()?;
        let cause = Cause::all().find(|cause| check::refusal::rule_of(*cause).is_some_and(|of| of.id == rule))?;
        Some(cause.category())
    }

    pub(super) fn explained(self, text: &str) -> Explained {
        let FoundError { error, program, by_names } = self;
        let server = server_of(text);
        // This advice is about the settings of a client.
        let client = program.filter(|_| LogSide::of(text) == LogSide::Client);
        let advice = client.zip(error.rule.as_deref()).into_iter().flat_map(|(program, rule)| program.advice_for(rule));
        let fixes = advice.chain(error.fix.as_slice()).map(|fix| server.fill(fix.fix()));
        let mut explained = Explained {
            program: program.map(|program| program.id.into()),
            rule: self.rule(),
            category: self.category(),
            confidence: Some(if by_names { error.confidence.min(Confidence::Likely) } else { error.confidence }),
            meaning: Some(origin(program, text, error.rule.is_some())),
            cause: Some(error.means.into()),
            otherwise: error.otherwise.map(String::from).or_else(|| by_names.then(|| ONLY_NAMES.to_owned())),
            fixes: fixes.collect(),
            source: Some(format!("{}: {}", error.id, error.source)),
            ..Explained::new(ExplanationKind::Error, text)
        };
        let proof = explained.rule.map(|rule| proof(rule, &server));
        let is_new = |proof: &Fix| explained.fixes.iter().all(|fix| fix.command != proof.command);
        explained.fixes.extend(proof.filter(is_new));
        explained
    }
}

/// Another possible meaning of a message of which only the names of errors are known.
const ONLY_NAMES: &str = "The name in the message may stand for another failure in this program.";

/// The text with the signs of ASCII instead of those that web pages and word processors show. `None` if it has none.
fn with_ascii_signs(text: &str) -> Option<String> {
    const SIGNS: [(char, &str); 9] = [
        ('\u{201c}', "\""),
        ('\u{201d}', "\""),
        ('\u{201e}', "\""),
        ('\u{2018}', "'"),
        ('\u{2019}', "'"),
        ('\u{2013}', "-"),
        ('\u{2014}', "-"),
        ('\u{2026}', "..."),
        ('\u{a0}', " "),
    ];
    let used: Vec<_> = SIGNS.iter().filter(|(sign, _)| text.contains(*sign)).collect();
    let with = |text: String, (sign, ascii): &&(char, &str)| text.replace(*sign, ascii);
    (!used.is_empty()).then(|| used.iter().fold(text.to_owned(), with))
}

/// The reason in a message of OpenSSL: `error:0A000086:SSL routines:function:certificate verify failed:file.c:1889:`.
fn openssl_reason(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (_, after) = lower.split_once(":ssl routines:")?;
    let reason = after.split_once(':').map_or(after, |(_, reason)| reason);
    let end = reason.find([':', '\n', '[', '|']).unwrap_or(reason.len());
    let reason = reason.get(..end)?.trim();
    (!reason.is_empty()).then(|| format!("ssl routines::{reason}"))
}

/// The origin of a message, and whether it is about a mail server at all.
fn origin(program: Option<&MailProgram>, text: &str, is_about_server: bool) -> String {
    let origin = match program {
        Some(program) => format!("an error message from {}", program.name),
        None if is_about_server => by_language(text).to_owned(),
        None => "an error message".to_owned(),
    };
    if is_about_server {
        origin
    } else {
        format!("{origin} about the program or its machine, not about another mail server")
    }
}

/// The origin of a message whose program is not known: the language or library, by the form of the message.
fn by_language(text: &str) -> &'static str {
    let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
    // Java is tried before Python, because `javax.net.ssl.SSLException` contains `ssl.SSL`.
    if has(&["javax.mail", "jakarta.mail", "java.net.", "javax.net.", "sun.security.", "java.io."]) {
        "an error message from Java"
    } else if has(&[
        "Traceback (most",
        "smtplib.",
        "ssl.SSL",
        "[Errno ",
        "[SSL: ",
        "ConnectionRefusedError",
        "socket.gaierror",
    ]) {
        "an error message from Python"
    } else if has(&[
        "write EPROTO",
        "connect ECONNREFUSED",
        "getaddrinfo ENOTFOUND",
        "certificate's altnames",
        "code: 'E",
    ]) {
        "an error message from Node.js"
    } else if has(&["System.Net.", "MailKit.", "Microsoft.", "System.Security."]) {
        "an error message from .NET"
    } else if has(&["Net::SMTP", "Errno::E", "OpenSSL::SSL::"]) {
        "an error message from Ruby"
    } else if has(&["x509: ", "dial tcp ", "tls: "]) {
        "an error message from Go"
    } else {
        "an error message from a mail program, a mail server or a library that it uses"
    }
}

/// Adds the lexicon's information about the program that printed a reply.
pub(super) fn add_program(explained: &mut Explained, text: &str) {
    let Some(program) = programs::recognised(&normal(text)) else { return };
    explained.program = Some(program.id.into());
    if LogSide::of(text) == LogSide::Server {
        return;
    }
    let advice = explained.rule.into_iter().flat_map(|rule| program.advice_for(rule));
    let server = server_of(text);
    explained.fixes.extend(advice.map(|fix| server.fill(fix.fix())));
}

/// The form of the text that is searched for literals. qmail writes `_` instead of each space in its log. A TLS alert
/// is added in the spelling of the literals.
fn prepared(text: &str) -> String {
    let text = normal(text);
    let is_of_qmail = text.contains("deferral: ") || text.contains("failure: ");
    // A sentence without its line: `CNAME_lookup_failed_temporarily._(#4.4.3)`.
    let is_sentence = !text.contains(' ') && text.matches('_').count() > 1 && text.contains("._(#");
    let is_joined = is_of_qmail && !text.contains(", ") && text.contains('_') || is_sentence;
    let text = if is_joined { text.replace('_', " ") } else { text };
    match tls_alerts::in_text(&text).map(|name| format!("alert {name}")) {
        Some(alert) if !text.contains(&alert) => format!("{text}: {alert}"),
        _ => text,
    }
}

/// The lexicon's information about a program.
pub(super) fn of_program(name: &str) -> Option<Explained> {
    let program = programs::named(name)?;
    let server = ServerName::default();
    Some(Explained {
        program: Some(program.id.into()),
        meaning: Some(format!("{}: {}", program.name, program.note)),
        fixes: program.advice().iter().map(|advice| server.fill(advice.fix.fix())).collect(),
        source: Some(program.source.into()),
        ..Explained::new(ExplanationKind::Program, name)
    })
}

/// The check that shows whether the server causes the fault that a rule describes.
fn proof(rule: &str, server: &ServerName) -> Fix {
    let place = server.place();
    let is = |starts: &[&str]| starts.iter().any(|start| rule.starts_with(start));
    let command = if is(&[
        "starttls-expected",
        "implicit-tls-expected",
        "greeting-missing",
        "connection-refused",
        "connection-timed-out",
    ]) {
        format!("smtpcheck ports {}", server.host())
    } else if is(&["auth-", "account-", "app-password", "oauth-"]) {
        format!("smtpcheck {place} --user USER --password-stdin")
    } else if is(&["sender-", "recipient-", "relay-", "mailbox-", "message-"]) {
        format!("smtpcheck {place} --from SENDER --to RECIPIENT")
    } else {
        format!("smtpcheck {place}")
    };
    Fix::run("Check the server from the machine where the program runs", command)
}

#[cfg(test)]
mod tests {
    use super::FoundError;
    use crate::check;
    use crate::lexicon::{Text, program_errors, programs};

    #[test]
    fn every_program_error_and_every_advice_names_a_rule() {
        let of_errors = program_errors::all().iter().filter_map(|error| error.rule.as_ref());
        let of_advice =
            programs::all().iter().flat_map(|program| program.advice()).flat_map(|advice| advice.rules.as_slice());
        let unknown: Vec<&Text> = of_errors.chain(of_advice).filter(|rule| check::rule(rule).is_none()).collect();
        assert!(unknown.is_empty(), "no such rules: {unknown:?}");
    }

    #[test]
    fn a_port_that_the_message_does_not_show_is_left_out() {
        let text = "lost connection with mx.example.com[192.0.2.1] while performing the EHLO handshake";
        let explained = FoundError::in_text(text).expect("a known message").explained(text);
        let commands: Vec<_> = explained.fixes.iter().filter_map(|fix| fix.command.as_deref()).collect();
        assert!(commands.iter().all(|command| !command.contains("PORT")), "{commands:?}");
    }

    #[test]
    fn the_server_in_the_message_is_in_the_command() {
        let text = "Error: Greeting never received from mx.example.net:465";
        let explained = FoundError::in_text(text).expect("a known message").explained(text);
        let last = explained.fixes.last().and_then(|fix| fix.command.as_deref());
        assert_eq!(last, Some("smtpcheck ports mx.example.net"));
        assert_eq!(explained.program.as_deref(), Some("nodemailer"));
    }
}
