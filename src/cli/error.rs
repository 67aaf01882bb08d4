//! Usage errors: errors in arguments, environment variables and files. The exit code is 2, and nothing was sent.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use super::flags::InvalidValue;
use super::meant::Meant;
use crate::expect::Mistake;
use crate::secret::list_keys::without_likely_keys;
use crate::secret::written::{NameForm, likely_passwords, without_parts, without_password};
use crate::source::{FileError, Position};

/// What is wrong, and what to write instead. The parts are stored separately until the error is displayed, so that no
/// code has to search a sentence for a flag or a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageError {
    /// The flag as the user writes it (`--port`, `-C`), or the name of the argument (`target`).
    pub flag: Option<Cow<'static, str>>,
    /// The wrong value. It is never a secret.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to write instead.
    pub hint: Option<Cow<'static, str>>,
    /// The source of the value, if it is not on the command line.
    pub origin: Option<Box<ErrorOrigin>>,
    /// The parts that few errors have. They are boxed because functions return this type by value.
    pub rare: Option<Box<RareParts>>,
}

/// The parts of an error that few errors have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RareParts {
    /// Lines to print below the message, for example a line of a file with a mark under the error.
    pointed: Vec<String>,
    /// The target that was probably meant.
    meant: Option<Meant>,
    /// Parts of the user's input that can be passwords. The message does not contain them ([`UsageError::hiding`]).
    hidden: Vec<String>,
}

/// Flags in whose values a colon separates a host from a port, or has no special meaning. Users also write targets and
/// passwords in these values.
const NAME_FLAGS: [&str; 15] = [
    "--output",
    "-o",
    "--report",
    "--summary",
    "--resume",
    "--config",
    "--cacert",
    "--from",
    "--to",
    "--helo",
    "--proxy",
    "--resolver",
    "--interface",
    "--listen",
    "--fleet",
];

/// Arguments and keys of files that are a target.
const TARGETS: [&str; 3] = ["target", "domain", "address"];

/// Words that users write instead of a value. Hiding them would make the message harder to read.
const PLACEHOLDERS: [&str; 7] = ["host", "name", "pass", "password", "port", "secret", "user"];

/// The minimum length of a part that is hidden. A shorter part would also occur in words of the message.
const SHORTEST_HIDDEN: usize = 4;

/// The source of a wrong value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorOrigin {
    /// An environment variable.
    Variable(String),
    /// The configuration file or a suite.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The position of the error in the file.
        at: Position,
    },
}

impl UsageError {
    /// An error that does not concern a particular flag or argument.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> UsageError {
        UsageError { reason: reason.into(), ..UsageError::default() }
    }

    /// An error about a flag or an argument.
    pub fn flag(flag: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> UsageError {
        UsageError { flag: Some(flag.into()), reason: reason.into(), ..UsageError::default() }
    }

    /// Sets the flag or argument, and its value.
    pub fn about(mut self, flag: impl Into<Cow<'static, str>>, value: impl Into<String>) -> UsageError {
        self.flag = Some(flag.into());
        self.with_value(value)
    }

    /// Sets the wrong value.
    pub fn with_value(mut self, value: impl Into<String>) -> UsageError {
        self.value = Some(value.into());
        self
    }

    /// Sets the hint about what to write instead.
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> UsageError {
        self.hint = Some(hint.into());
        self
    }

    /// Sets a position in a file as the origin, if the error has no origin yet.
    pub fn in_file(mut self, path: PathBuf, at: Position) -> UsageError {
        self.origin.get_or_insert_with(|| Box::new(ErrorOrigin::File { path, at }));
        self
    }

    /// Sets an environment variable as the origin, if the error has no origin yet.
    pub fn in_variable(mut self, name: impl Into<String>) -> UsageError {
        self.origin.get_or_insert_with(|| Box::new(ErrorOrigin::Variable(name.into())));
        self
    }

    /// Sets the target that was probably meant.
    pub(super) fn meaning(mut self, meant: Option<Meant>) -> UsageError {
        if meant.is_some() {
            self.rare.get_or_insert_default().meant = meant;
        }
        self
    }

    /// Hides the parts of these words that can be a password, wherever the message repeats them. The words are the user's
    /// input: the command line, or a line of a file.
    pub fn hiding<W: AsRef<str>>(mut self, words: impl IntoIterator<Item = W>) -> UsageError {
        // A colon has a different meaning in the values of other flags, for example in --resolve.
        let form = match self.flag.as_deref() {
            Some(flag) if TARGETS.contains(&flag) => NameForm::Target,
            Some(flag) if flag.starts_with('-') && !NAME_FLAGS.contains(&flag) => NameForm::AddressOnly,
            Some(_) | None => NameForm::AnyName,
        };
        let mut hidden = Vec::new();
        let words: Vec<String> =
            words.into_iter().map(|word| word.as_ref().to_owned()).chain(self.value.clone()).collect();
        for word in &words {
            let value =
                word.strip_prefix("--").and_then(|flag| flag.split_once('=')).map_or(word.as_str(), |(_, value)| value);
            for part in likely_passwords(value, form) {
                // A message can also contain only a piece of such a part: the beginning of a path, or a name without
                // punctuation marks.
                let marks = [',', ';', ':', ' ', '\t'];
                let pieces = part.split(marks).chain(part.split('/').take(1));
                hidden.extend(pieces.chain([part]).map(str::to_owned));
            }
        }
        let is_placeholder = |part: &String| PLACEHOLDERS.iter().any(|word| word.eq_ignore_ascii_case(part));
        hidden.retain(|part| part.len() >= SHORTEST_HIDDEN && !is_placeholder(part));
        // A longer part can contain a shorter one.
        hidden.sort_by_key(|part| std::cmp::Reverse(part.len()));
        // Messages escape some characters, and suggest host names in lower case.
        let forms = |part: String| [part.escape_debug().to_string(), part.to_lowercase(), part];
        if !hidden.is_empty() {
            self.rare.get_or_insert_default().hidden = hidden.into_iter().flat_map(forms).collect();
        }
        self
    }

    /// Sets the lines to print below the message, for example a line of a file with a mark under the error.
    pub fn pointing(mut self, lines: impl IntoIterator<Item = String>) -> UsageError {
        let pointed: Vec<String> = lines.into_iter().collect();
        if !pointed.is_empty() {
            self.rare.get_or_insert_default().pointed = pointed;
        }
        self
    }

    /// The advice about the target that was probably meant. It is left out if it could contain a password.
    fn advice(&self) -> Option<String> {
        let meant = self.rare.as_deref()?.meant.as_ref()?;
        let advice = meant.advice();
        let is_safe = meant.is_public || without_parts(&advice, self.hidden()) == advice;
        is_safe.then_some(advice)
    }

    fn hidden(&self) -> &[String] {
        self.rare.as_deref().map_or(&[], |rare| &rare.hidden)
    }

    /// The name of the flag without dashes, which is also its key in files.
    pub fn key(&self) -> Option<&str> {
        self.flag.as_deref().map(|flag| flag.trim_start_matches('-'))
    }

    /// The message and the lines below it.
    pub fn lines(&self) -> Vec<String> {
        let pointed = self.rare.iter().flat_map(|rare| &rare.pointed);
        let pointed = pointed.map(|line| without_likely_keys(&without_parts(line, self.hidden())));
        std::iter::once(self.to_string()).chain(pointed).collect()
    }

    /// A part of the message as it is shown. The zone of a blocklist can contain a key.
    fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.key() == Some("list") { without_likely_keys(text).into() } else { text.into() }
    }

    /// The message, with the parts that [`Display`](fmt::Display) hides.
    fn message(&self) -> String {
        let mut text = String::new();
        let value = self.value.as_deref().map(without_password);
        let value = value.map(|value| self.shown(&value.escape_debug().to_string()).into_owned());
        let value = value.map(|value| if value.is_empty() { "\"\"".to_owned() } else { value });
        let (subject, mark) = match (self.origin.as_deref(), &self.flag) {
            (Some(ErrorOrigin::Variable(name)), _) => (Some(name.as_str()), "="),
            (Some(ErrorOrigin::File { path, at }), _) => {
                text += &format!("{}:{}:{}: ", path.display(), at.line, at.column);
                (self.key(), " ")
            }
            (None, flag) => (flag.as_deref(), " "),
        };
        match (subject, value) {
            (Some(subject), Some(value)) => text += &format!("{subject}{mark}{value}: "),
            (Some(subject), None) => text += &format!("{subject}: "),
            (None, Some(value)) => text += &format!("{value}: "),
            (None, None) => {}
        }
        text += &self.shown(&self.reason);
        if let Some(hint) = &self.hint {
            text += &format!("; {}", self.shown(hint));
        }
        text
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message();
        f.write_str(&without_parts(&message, self.hidden()))?;
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl std::error::Error for UsageError {}

impl From<InvalidValue> for UsageError {
    fn from(error: InvalidValue) -> UsageError {
        let hint = Some(error.hint).filter(|hint| !hint.is_empty());
        UsageError { hint, ..UsageError::new(error.reason) }
    }
}

impl From<FileError> for UsageError {
    fn from(error: FileError) -> UsageError {
        UsageError::new(error.message).pointing(error.pointed).in_file(error.file, error.at)
    }
}

impl From<Mistake> for UsageError {
    fn from(mistake: Mistake) -> UsageError {
        UsageError::flag("--expect", mistake.to_string()).pointing(mistake.pointed())
    }
}

#[cfg(test)]
mod tests {
    use super::UsageError;
    use crate::source::Position;

    #[test]
    fn the_message_names_the_origin_of_the_value() {
        let error = || UsageError::flag("--port", "not a port").with_value("x").with_hint("write 25");
        assert_eq!(error().to_string(), "--port x: not a port; write 25");
        assert_eq!(error().in_variable("SMTPCHECK_PORT").to_string(), "SMTPCHECK_PORT=x: not a port; write 25");
        let at = Position { line: 3, column: 7 };
        assert_eq!(error().in_file("c.toml".into(), at).to_string(), "c.toml:3:7: port x: not a port; write 25");
        assert_eq!(UsageError::flag("target", "empty").with_value("").to_string(), "target \"\": empty");
        assert_eq!(UsageError::new("a target is missing").to_string(), "a target is missing");
    }

    #[test]
    fn the_key_in_the_zone_of_a_blocklist_is_not_shown() {
        let key = "abcdefghijklmnopqrstuvwxyz";
        for value in
            [format!("{key}..zen.dq.spamhaus.net"), key.to_owned(), format!("https://{key}.zen.dq.spamhaus.net/")]
        {
            let error = UsageError::flag("--list", format!("{value} is not a name")).with_value(&value);
            let error = error.with_hint(format!("did you mean {value}?"));
            assert!(!error.to_string().contains(key), "{error}");
        }
    }
}
