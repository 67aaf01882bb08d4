//! Writes the configuration of one mail program (`--for`), from the [`ServerSettings`] that a check verified.
//!
//! 1. `server.rs`: the settings, and what was verified about them.
//! 2. `program.rs`: the programs, from data files that the build script compiles. Each contains a template.
//! 3. `template.rs` fills a template, and `syntax.rs` writes each value as a literal of the program's language.
//! 4. `notes.rs`: what was not verified, and which defaults of the program are not safe.
//!
//! Pure functions: no I/O, and no judgement about the server. A configuration contains a reference to the password,
//! never the password.

mod notes;
mod program;
mod server;
mod syntax;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use minijinja::Value;

pub use program::{PROGRAMS, PasswordSupport, Program, Safeguard, UnsafeDefaults, find, nearest};
pub use server::{
    LoginSettings, PASSWORD_VARIABLE, PasswordReference, Proven, ServerSettings, SettingsProof, TransportSecurity,
};
pub use syntax::{Syntax, UnwritableValue};

use template::{TemplateError, ValueForm, Values};

/// The placeholder for the sender in a configuration, if the check had no sender.
const EXAMPLE_SENDER: &str = "you@example.net";

/// The configuration of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The text of the configuration file. If the language has comments, it begins with a comment about what was
    /// verified.
    pub text: String,
    /// What was not verified, and what the user must know or do. Lines after the first are commands.
    pub notes: Vec<String>,
}

/// Why there is no configuration for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnippetError {
    /// The program's language cannot represent a value in the settings.
    Unwritable {
        /// The name of the program.
        program: &'static str,
        /// The value.
        value: UnwritableValue,
    },
    /// The template of the program is invalid.
    Template {
        /// The name of the program.
        program: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl fmt::Display for SnippetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnippetError::Unwritable { program, value } => {
                write!(f, "a configuration for {program} cannot contain this value: {value}")
            }
            SnippetError::Template { program, detail } => write!(f, "the template for {program} is invalid: {detail}"),
        }
    }
}

impl std::error::Error for SnippetError {}

impl Program {
    /// The configuration with the given settings.
    pub fn snippet(&self, settings: &ServerSettings) -> Result<Snippet, SnippetError> {
        let values = values(self, settings);
        let filled = template::fill(self.template, ValueForm::Literal(self.syntax), &values);
        let notes = notes::notes(self, settings, &values);
        let program = self.name;
        let failed = |error| match error {
            TemplateError::Unwritable(value) => SnippetError::Unwritable { program, value },
            TemplateError::Template(detail) => SnippetError::Template { program, detail },
        };
        Ok(Snippet { text: filled.map_err(failed)?, notes: notes.map_err(failed)? })
    }
}

/// The values that templates use.
fn values(program: &Program, settings: &ServerSettings) -> Values {
    let optional = |text: Option<String>| text.map_or(Value::from(()), Value::from);
    let login = settings.login.as_ref();
    let sender = notes::sender_of(settings).unwrap_or_else(|| EXAMPLE_SENDER.to_owned());
    let (local, domain) = sender.rsplit_once('@').unwrap_or((&sender, ""));
    let host = settings.host.to_string();
    let url_host = match settings.host.name() {
        Some(_) => syntax::url(&host),
        None => settings.host.bracketed(),
    };
    Values::from([
        ("about", Value::from_safe_string(about(program, settings))),
        ("host", Value::from(host.clone())),
        ("port", Value::from(settings.port)),
        ("address", Value::from(settings.host.with_port(settings.port))),
        ("url_host", Value::from(url_host)),
        ("bracketed", Value::from(settings.host.bracketed())),
        ("address_in_brackets", Value::from(format!("[{host}]:{}", settings.port))),
        ("implicit", Value::from(settings.security == TransportSecurity::Implicit)),
        ("starttls", Value::from(settings.security == TransportSecurity::StartTls)),
        ("encrypted", Value::from(settings.security != TransportSecurity::None)),
        ("login", Value::from(login.is_some())),
        ("user", optional(login.map(|login| login.user.clone()))),
        ("password_file", optional(notes::password_file(program, settings))),
        ("sender_local", Value::from(local)),
        ("sender_domain", Value::from(domain)),
        ("sender", Value::from(sender.clone())),
        ("ca", optional(settings.ca_file.as_ref().map(|file| file.display().to_string()))),
        ("ehlo", optional(settings.ehlo.as_ref().map(|name| name.word(None)))),
    ])
}

/// The comment at the beginning of a configuration.
fn about(program: &Program, settings: &ServerSettings) -> String {
    let Some(sign) = program.syntax.comment() else { return String::new() };
    let security = match settings.security {
        TransportSecurity::Implicit => "implicit TLS",
        TransportSecurity::StartTls => "STARTTLS",
        TransportSecurity::None => "unencrypted",
    };
    let mut lines = vec![format!("Checked by smtpcheck: {}, {security}", settings.host.with_port(settings.port))];
    let proved: Vec<&str> = notes::proved(settings).collect();
    if !proved.is_empty() {
        lines.push(format!("Verified: {}", proved.join(", ")));
    }
    lines.extend(notes::unproved(settings).map(|(part, reason)| format!("Not verified: {part} ({reason})")));
    let lines: Vec<String> = lines.iter().map(|line| format!("{sign} {}", in_comment(line))).collect();
    lines.join("\n")
}

/// Replaces characters that could end a comment or that a language interprets in comments: the line end, `?>` of PHP and
/// `\u` of Java.
fn in_comment(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " .,:;-_@()[]/'=".contains(c);
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}
