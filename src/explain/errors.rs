//! Explains error messages of mail programs, libraries and operating systems: what failed before or without a reply.
//!
//! Promises: the fix in the settings of the program that wrote the message comes first, the smtpcheck command that proves
//! the cause comes last, with the server from the message where it names one.
//! Does not: know messages, which [`crate::lexicon::program_errors`] does.

use super::explained::{Explained, ExplanationKind};
use super::target::{ServerName, server_in};
use crate::check;
use crate::lexicon::program_errors::{self, ProgramError};
use crate::lexicon::programs::{self, MailProgram};
use crate::lexicon::{Fix, normal};

/// An error message that was recognised.
#[derive(Clone, Copy)]
pub(super) struct FoundError {
    pub(super) error: &'static ProgramError,
    program: Option<&'static MailProgram>,
}

impl FoundError {
    /// The error message in a text; none if the text has none that is known.
    pub(super) fn in_text(text: &str) -> Option<FoundError> {
        let text = normal(text);
        Some(FoundError { error: program_errors::find(&text)?, program: programs::recognised(&text) })
    }

    /// The rule that a check would report.
    pub(super) fn rule(self) -> Option<&'static str> {
        check::rule(&self.error.rule).map(|rule| rule.id)
    }

    pub(super) fn explained(self, text: &str) -> Explained {
        let FoundError { error, program } = self;
        let server = server_in(text);
        let advice = program.into_iter().flat_map(|program| program.advice_for(&error.rule));
        let fixes = advice.chain(&error.fix).map(|fix| filled(fix, &server));
        let mut explained = Explained {
            program: program.map(|program| program.id.clone()),
            rule: self.rule(),
            confidence: Some(error.confidence),
            meaning: Some(match program {
                Some(program) => format!("an error message of {}", program.name),
                None => "an error message of a mail program".to_owned(),
            }),
            cause: Some(error.means.clone()),
            otherwise: error.otherwise.clone(),
            fixes: fixes.collect(),
            source: Some(format!("{}: {}", error.id, error.source)),
            ..Explained::new(ExplanationKind::Error, text)
        };
        explained.fixes.extend(explained.rule.map(|rule| proof(rule, &server)));
        explained
    }
}

/// Adds what is known about the program that printed a reply.
pub(super) fn add_program(explained: &mut Explained, text: &str) {
    let Some(program) = programs::recognised(&normal(text)) else { return };
    explained.program = Some(program.id.clone());
    let advice = explained.rule.into_iter().flat_map(|rule| program.advice_for(rule));
    let server = server_in(text);
    explained.fixes.extend(advice.map(|fix| filled(fix, &server)));
}

/// What is known about a program.
pub(super) fn of_program(name: &str) -> Option<Explained> {
    let program = programs::named(name)?;
    let server = ServerName::default();
    Some(Explained {
        program: Some(program.id.clone()),
        meaning: Some(format!("{}: {}", program.name, program.note)),
        fixes: program.advice().iter().map(|advice| filled(&advice.fix, &server)).collect(),
        source: Some(program.source.clone()),
        ..Explained::new(ExplanationKind::Program, name)
    })
}

/// The check that shows whether the fault of a rule is the server's.
fn proof(rule: &str, server: &ServerName) -> Fix {
    let place = server.place();
    let is = |starts: &[&str]| starts.iter().any(|start| rule.starts_with(start));
    let command = if is(&["tls-wrong-mode", "connection-refused", "connection-timed-out"]) {
        format!("smtpcheck ports {}", server.host())
    } else if is(&["auth-", "account-", "app-password", "oauth-"]) {
        format!("smtpcheck {place} --user USER --password-stdin")
    } else if is(&["sender-", "recipient-", "relay-", "mailbox-", "message-"]) {
        format!("smtpcheck {place} --from SENDER --to RECIPIENT")
    } else {
        format!("smtpcheck {place}")
    };
    Fix::run("Check the server from the same machine", command)
}

fn filled(fix: &Fix, server: &ServerName) -> Fix {
    let values = [
        ("{host}", server.host()),
        ("{port}", server.port()),
        ("{user}", "USER".to_owned()),
        ("{from}", "SENDER".to_owned()),
        ("{rcpt}", "RECIPIENT".to_owned()),
        ("{from_domain}", "SENDER-DOMAIN".to_owned()),
        ("{rcpt_domain}", "RECIPIENT-DOMAIN".to_owned()),
        ("{ip}", "YOUR-PUBLIC-ADDRESS".to_owned()),
    ];
    let fill = |text: &str| values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    Fix { text: fill(&fix.text), command: fix.command.as_deref().map(fill), url: fix.url.clone(), when: None }
}

#[cfg(test)]
mod tests {
    use super::FoundError;
    use crate::check;
    use crate::lexicon::{program_errors, programs};

    #[test]
    fn every_program_error_and_every_advice_names_a_rule() {
        let of_errors = program_errors::all().iter().map(|error| &error.rule);
        let of_advice = programs::all().iter().flat_map(|program| program.advice()).flat_map(|advice| &advice.rules);
        let unknown: Vec<&String> = of_errors.chain(of_advice).filter(|rule| check::rule(rule).is_none()).collect();
        assert!(unknown.is_empty(), "no such rules: {unknown:?}");
    }

    #[test]
    fn the_server_in_the_message_is_in_the_command() {
        let text = "Error: Greeting never received from mx.example.net:465";
        let explained = FoundError::in_text(text).expect("a known message").explained(text);
        let last = explained.fixes.last().and_then(|fix| fix.command.as_deref());
        assert_eq!(last, Some("smtpcheck mx.example.net:465"));
        assert_eq!(explained.program.as_deref(), Some("nodemailer"));
    }
}
