//! Parses a suite: a TOML file with named checks and their expectations. The caller provides functions that read files
//! and environment variables, so this module does no I/O.
//!
//! Every error is a [`FileError`] with file, line and column, and is found before anything is sent. The keys are a
//! closed list ([`KEYS`]); most of them are flags of `smtpcheck check`. Values can contain `${NAME}` and
//! `${NAME:-default}`, which are replaced with the value of a variable. A file can include other files. Their defaults
//! and checks are inserted at its beginning.
//!
//! This module does not parse the values of flags (see `cli`), and does not test whether requirements are met (see
//! `commands`).

mod keys;
mod parts;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) use keys::is_path;
pub use keys::{KEYS, KeyShape, Scope, SuiteKey};
pub use parts::{Need, Password, SuiteSubject};

use crate::expect::{Expression, Mistake};
use crate::secret::Secret;
use crate::source::{FileError, Position, SourceText, in_order, nearest};

/// The JSON Schema (2020-12) of a suite. A test generates it from [`KEYS`].
pub const SCHEMA: &str = include_str!("../../schema/suite.json");

/// The maximum number of checks in a suite.
pub const MOST_CHECKS: usize = 1000;
const MOST_BYTES: usize = 1024 * 1024;
const MOST_INCLUDES: usize = 50;

/// The functions that the caller uses to provide files and variables.
pub struct SuiteEnvironment<'a> {
    /// Reads a file. The error is the reason why it cannot be read.
    pub load: &'a dyn Fn(&Path) -> Result<Vec<u8>, String>,
    /// The value of a variable, from `--set` or from the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether only the owner can read a file.
    pub is_private: &'a dyn Fn(&Path) -> bool,
}

/// A check of a suite, with the defaults filled in.
#[derive(Debug)]
pub struct SuiteCheck {
    /// The name, unique in the suite.
    pub name: String,
    /// The file that contains the check.
    pub file: PathBuf,
    /// The position of the check in the file.
    pub at: Position,
    /// The server or the mail domain to check.
    pub target: String,
    /// Whether the target is a server or a mail domain.
    pub subject: SuiteSubject,
    /// The tags, for `--only`.
    pub tags: Vec<String>,
    /// The requirements for this machine and its network.
    pub needs: Vec<Need>,
    /// Flags of `smtpcheck check`, each as one word: `--tls=none`.
    pub flags: Vec<String>,
    /// The source of the password.
    pub password: Option<Password>,
    /// The expectations, with their positions.
    pub expect: Vec<Expected>,
    /// The position of each key.
    pub places: BTreeMap<String, Position>,
    /// The keys that are set in the check itself, not in `[defaults]`.
    own: BTreeSet<&'static str>,
    /// The file that contains each key. It differs from `file` for the defaults of an included file.
    files: BTreeMap<String, PathBuf>,
}

/// An expectation and its position in the suite.
#[derive(Debug)]
pub struct Expected {
    /// The parsed expression.
    pub expression: Expression,
    /// The position of the string.
    pub at: Position,
    /// The file that contains it.
    pub file: PathBuf,
    /// Whether the file contains the string unchanged, so that columns inside it can be reported.
    is_exact: bool,
}

impl Expected {
    /// An error that depends on other keys of the check, for example a missing recipient.
    pub fn error(&self, mistake: &Mistake) -> FileError {
        mistaken(mistake, self.at, self.is_exact, &self.file)
    }
}

impl SuiteCheck {
    /// The file and the position of a key, or of the check if the key is not set.
    pub fn place(&self, key: Option<&str>) -> (PathBuf, Position) {
        let at = key.and_then(|key| self.places.get(key)).copied().unwrap_or(self.at);
        (key.and_then(|key| self.files.get(key)).unwrap_or(&self.file).clone(), at)
    }

    /// Whether a key is set in the check itself, not in `[defaults]`.
    pub fn is_own(&self, key: &str) -> bool {
        self.own.contains(key)
    }

    /// An error at a key, or at the check if the key is not set.
    pub fn error_at(&self, key: Option<&str>, message: impl Into<String>) -> FileError {
        let (file, at) = self.place(key);
        FileError::new(&file, at, message)
    }
}

/// Reads a suite and the files that it includes.
pub fn read(file: &Path, around: &SuiteEnvironment<'_>) -> Result<Vec<SuiteCheck>, FileError> {
    let mut reading = SuiteReader { around, checks: Vec::new(), open: Vec::new(), files: 0 };
    reading.file(file, None)?;
    Ok(reading.checks)
}

/// A value with its position.
#[derive(Clone, Debug)]
struct Set {
    value: TomlValue,
    at: Position,
    file: PathBuf,
}

#[derive(Clone, Debug)]
enum TomlValue {
    Text(String),
    Switch(bool),
    List(Vec<Item>),
}

/// One string of a list.
#[derive(Clone, Debug)]
struct Item {
    text: String,
    at: Position,
    file: PathBuf,
    /// Whether the file contains the string unchanged, so that columns inside it can be reported.
    is_exact: bool,
}

/// The values of a table, by their keys.
type TableKeys = BTreeMap<&'static str, Set>;

struct SuiteReader<'a> {
    around: &'a SuiteEnvironment<'a>,
    checks: Vec<SuiteCheck>,
    /// The files that are being read: the suite, a file that it includes, a file that this file includes, and so on.
    open: Vec<PathBuf>,
    files: usize,
}

impl SuiteReader<'_> {
    /// Reads a file and returns its defaults. `from` builds an error at the position of the `include` that names the
    /// file; it is `None` for the suite itself.
    fn file(&mut self, file: &Path, from: Option<&dyn Fn(String) -> FileError>) -> Result<TableKeys, FileError> {
        let at_begin = |message: String| FileError::new(file, Position { line: 1, column: 1 }, message);
        let unread = |message: String| match from {
            Some(error) => error(format!("{}: {message}", file.display())),
            None => at_begin(message),
        };
        self.files += 1;
        if self.open.iter().any(|open| open == file) {
            return Err(unread("this file includes itself".to_owned()));
        }
        if self.files > MOST_INCLUDES {
            return Err(unread(format!("the suite includes more than {MOST_INCLUDES} files")));
        }
        let bytes = (self.around.load)(file).map_err(unread)?;
        if bytes.len() > MOST_BYTES {
            return Err(at_begin("the file is larger than 1 MiB".to_owned()));
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => return Err(FileError::not_utf8(file, &bytes, error.valid_up_to())),
        };
        let source = SourceText::new(file, text);
        if text.trim().is_empty() {
            return Err(source.error(0, "the file is empty; a suite needs at least one [[check]] with name and target"));
        }
        let table = source.parse()?;
        self.open.push(file.to_owned());
        let defaults = self.top(&source, table.get_ref(), from.is_none());
        self.open.pop();
        defaults
    }

    fn top(&mut self, source: &SourceText<'_>, table: &DeTable<'_>, is_first: bool) -> Result<TableKeys, FileError> {
        let mut defaults = TableKeys::new();
        let entries = in_order(table);
        if let Some((key, _)) = entries.iter().find(|(key, _)| !TOP.contains(&key.get_ref().as_ref())) {
            return Err(unknown(source, key, &TOP, "a suite"));
        }
        if let Some((_, value)) = entries.iter().find(|(key, _)| key.get_ref() == "include") {
            for Item { text: name, at, .. } in list(source, "include", value, self.around)? {
                let path = beside(source.file, &name);
                let here = |message: String| FileError::new(source.file, at, message);
                for (key, set) in self.file(&path, Some(&here))? {
                    put(&mut defaults, key, set);
                }
            }
        }
        if let Some((_, value)) = entries.iter().find(|(key, _)| key.get_ref() == "defaults") {
            let DeValue::Table(table) = value.get_ref() else {
                return Err(source.wrong_type("defaults", value, "a table: [defaults]"));
            };
            for (key, set) in self.keys(source, table, Scope::Both)? {
                put(&mut defaults, key, set);
            }
        }
        match entries.iter().find(|(key, _)| key.get_ref() == "check").map(|(_, value)| value) {
            Some(value) => {
                let DeValue::Array(checks) = value.get_ref() else {
                    return Err(source.wrong_type("check", value, "a list of tables: [[check]]"));
                };
                for check in checks.iter() {
                    let DeValue::Table(table) = check.get_ref() else {
                        return Err(source.wrong_type("check", check, "a table: [[check]]"));
                    };
                    self.check(source, check.span().start, table, &defaults)?;
                }
            }
            None if is_first && self.checks.is_empty() => {
                return Err(source.error(0, "this suite has no [[check]]"));
            }
            None => {}
        }
        Ok(defaults)
    }

    /// The values of a check or of the defaults, after their types have been checked.
    fn keys(&self, source: &SourceText<'_>, table: &DeTable<'_>, scope: Scope) -> Result<TableKeys, FileError> {
        let is_default = scope != Scope::Check;
        let allowed: Vec<&str> =
            KEYS.iter().filter(|key| !is_default || key.scope != Scope::Check).map(|key| key.name).collect();
        let whose = if is_default { "[defaults]" } else { "a check" };
        let mut keys = TableKeys::new();
        for (name, value) in in_order(table) {
            let known = KEYS.iter().find(|key| key.name == name.get_ref().as_ref());
            let Some(key) = known.filter(|key| allowed.contains(&key.name)) else {
                return Err(unknown(source, name, &allowed, whose));
            };
            let at = source.at(value.span().start);
            let value = shaped(source, key, value, self.around)?;
            keys.insert(key.name, Set { value, at, file: source.file.to_owned() });
        }
        let mut secrets: Vec<(&str, Position)> =
            keys::SECRETS.into_iter().filter_map(|name| Some((name, keys.get(name)?.at))).collect();
        secrets.sort_by_key(|(_, at)| *at);
        if let [(first, _), (second, at), ..] = *secrets.as_slice() {
            let message = format!("{first} and {second} both specify a password; remove one of them");
            return Err(FileError::new(source.file, at, message));
        }
        if let Some(set) = keys.get("password") {
            let is_reference = matches!(&set.value, TomlValue::List(_));
            if !is_reference && !(self.around.is_private)(source.file) {
                let message = "other users can read this file, so it must not contain a password; change its mode \
                               (chmod 600), or use password-command, password-file or password-env";
                return Err(FileError::new(source.file, set.at, message));
            }
        }
        Ok(keys)
    }

    fn check(
        &mut self,
        source: &SourceText<'_>,
        byte: usize,
        table: &DeTable<'_>,
        defaults: &TableKeys,
    ) -> Result<(), FileError> {
        let at = source.at(byte);
        let own = self.keys(source, table, Scope::Check)?;
        let own_keys: BTreeSet<&'static str> = own.keys().copied().collect();
        let has_secret = keys::SECRETS.iter().any(|name| own.contains_key(name));
        let mut all = defaults.clone();
        if has_secret {
            all.retain(|name, _| !keys::SECRETS.contains(name));
        }
        for (key, set) in own {
            put(&mut all, key, set);
        }
        let text = |key: &str| match all.get(key).map(|set| &set.value) {
            Some(TomlValue::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let here = |message: String| FileError::new(source.file, at, message);
        let Some(name) = text("name") else { return Err(here("this check has no name; add name = \"..\"".to_owned())) };
        let name_at = all.get("name").map_or(at, |set| set.at);
        let at_name = |message: String| FileError::new(source.file, name_at, message);
        if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(at_name("a name must have 1 to 200 characters, without line breaks".to_owned()));
        }
        if let Some(first) = self.checks.iter().find(|known| known.name == name) {
            let place = format!("{}:{}", first.file.display(), first.at.line);
            return Err(at_name(format!("another check has the name {}, at {place}", quoted(&name))));
        }
        if let (Some(set), true) = (all.get("domain"), own_keys.contains("target")) {
            let message = "a check has either a target or a domain; remove one of them".to_owned();
            return Err(FileError::new(source.file, set.at, message));
        }
        let (subject, target) = match (text("domain"), text("target")) {
            (Some(domain), _) => (SuiteSubject::Domain, domain),
            (None, Some(target)) => (SuiteSubject::Server, target),
            (None, None) => {
                return Err(here(format!(
                    "the check {} has no target; add target = \"smtp://host:port\", or domain = \"example.com\"",
                    quoted(&name)
                )));
            }
        };
        if self.checks.len() >= MOST_CHECKS {
            return Err(here(format!("a suite can have at most {MOST_CHECKS} checks; split it into several suites")));
        }
        self.checks.push(SuiteCheck {
            password: password(&all),
            flags: flags(&all),
            tags: items(&all, "tags").map(|item| item.text.clone()).collect(),
            needs: items(&all, "needs").map(need).collect::<Result<_, _>>()?,
            expect: items(&all, "expect").map(expected).collect::<Result<_, _>>()?,
            places: all.iter().map(|(key, set)| ((*key).to_owned(), set.at)).collect(),
            files: all.iter().map(|(key, set)| ((*key).to_owned(), set.file.clone())).collect(),
            own: own_keys,
            name,
            target,
            subject,
            file: source.file.to_owned(),
            at,
        });
        Ok(())
    }
}

const TOP: [&str; 3] = ["include", "defaults", "check"];

/// Sets a value of a check: it replaces the default. The items of a list with the scope `Added` are appended to the
/// default.
fn put(all: &mut TableKeys, key: &'static str, mut set: Set) {
    let is_added = KEYS.iter().any(|known| known.name == key && known.scope == Scope::Added);
    if let (true, Some(Set { value: TomlValue::List(below), .. }), TomlValue::List(own)) =
        (is_added, all.get(key), &mut set.value)
    {
        own.splice(0..0, below.iter().cloned());
    }
    if keys::SECRETS.contains(&key) {
        all.retain(|name, _| !keys::SECRETS.contains(name));
    }
    all.insert(key, set);
}

fn unknown(source: &SourceText<'_>, key: &Spanned<Cow<'_, str>>, known: &[&str], whose: &str) -> FileError {
    let name = key.get_ref();
    let best = nearest(name, known.iter().copied());
    let message = match best {
        Some(near) => format!("unknown key {} in {whose}; did you mean {near}?", quoted(name)),
        None => format!("unknown key {} in {whose}; the keys are {}", quoted(name), known.join(", ")),
    };
    source.error(key.span().start, message)
}

/// Converts the value of a key to the type of the key.
fn shaped(
    source: &SourceText<'_>,
    key: &SuiteKey,
    value: &Spanned<DeValue<'_>>,
    around: &SuiteEnvironment<'_>,
) -> Result<TomlValue, FileError> {
    let wrong = |wanted: &str| source.wrong_type(key.name, value, wanted);
    match (key.shape, value.get_ref()) {
        (KeyShape::Text | KeyShape::NumberOrText, DeValue::String(text)) => {
            let byte = value.span().start;
            // If the value is a single variable, the password is not in the file. Such a value is stored as a list.
            if key.name == "password"
                && text.starts_with("${")
                && text.ends_with('}')
                && text.matches("${").count() == 1
            {
                let filled = filled(source, byte, text, around)?;
                let (at, file) = (source.at(byte), source.file.to_owned());
                return Ok(TomlValue::List(vec![Item { text: filled, at, file, is_exact: false }]));
            }
            let text = filled(source, byte, text, around)?;
            let text = if is_path(key.name) { beside(source.file, &text).display().to_string() } else { text };
            Ok(TomlValue::Text(text))
        }
        (KeyShape::Number | KeyShape::NumberOrText, DeValue::Integer(number)) if number.radix() == 10 => {
            Ok(TomlValue::Text(number.as_str().to_owned()))
        }
        (KeyShape::NumberOrText, DeValue::Float(number)) => Ok(TomlValue::Text(number.as_str().to_owned())),
        (KeyShape::SwitchOrText, DeValue::String(text)) => {
            Ok(TomlValue::Text(filled(source, value.span().start, text, around)?))
        }
        (KeyShape::Switch | KeyShape::SwitchOrText, DeValue::Boolean(on)) => Ok(TomlValue::Switch(*on)),
        (KeyShape::List, _) => Ok(TomlValue::List(list(source, key.name, value, around)?)),
        (KeyShape::Text, _) => Err(wrong("a string in quotes")),
        (KeyShape::Number, _) => Err(wrong("a whole number")),
        (KeyShape::NumberOrText, _) => Err(wrong("a number or a string")),
        (KeyShape::Switch, _) => Err(wrong("true or false")),
        (KeyShape::SwitchOrText, _) => Err(wrong("true, false or a string")),
    }
}

/// The strings of a list, with their positions.
fn list(
    source: &SourceText<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    around: &SuiteEnvironment<'_>,
) -> Result<Vec<Item>, FileError> {
    let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => {
            let span = value.span();
            let text = filled(source, span.start, text, around)?;
            let raw = source.text.get(span.clone()).unwrap_or_default();
            let is_exact = raw.get(1..raw.len().saturating_sub(1)) == Some(text.as_str());
            Ok(Item { text, at: source.at(span.start), file: source.file.to_owned(), is_exact })
        }
        _ => Err(source.wrong_type(key, value, "a list of strings")),
    };
    match value.get_ref() {
        DeValue::Array(values) => values.iter().map(one).collect(),
        _ => Ok(vec![one(value)?]),
    }
}

/// Replaces `${NAME}` and `${NAME:-default}` with the values of variables, and `$${` with `${`.
fn filled(
    source: &SourceText<'_>,
    byte: usize,
    text: &str,
    around: &SuiteEnvironment<'_>,
) -> Result<String, FileError> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        if let Some(before) = before.strip_suffix('$') {
            whole.push_str(before);
            whole.push_str("${");
            rest = after;
            continue;
        }
        whole.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            return Err(source.error(byte, "the closing } is missing; write ${NAME}, or $${ for a literal ${"));
        };
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err(source.error(
                byte,
                "${..} must contain the name of a variable, which may contain only letters, digits and ",
            ));
        }
        let value = (around.variable)(name).filter(|value| !value.is_empty());
        match value.or_else(|| otherwise.map(str::to_owned)) {
            Some(value) => whole.push_str(&value),
            None => {
                let message = format!("the variable {name} is not set; set it, or write ${{{name}:-default}}");
                return Err(source.error(byte, message));
            }
        }
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// Resolves a path relative to the directory of the file that contains it.
fn beside(file: &Path, path: &str) -> PathBuf {
    match file.parent() {
        Some(folder) => folder.join(path),
        None => PathBuf::from(path),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.escape_debug())
}

fn items<'a>(all: &'a TableKeys, key: &str) -> std::slice::Iter<'a, Item> {
    match all.get(key).map(|set| &set.value) {
        Some(TomlValue::List(list)) => list.iter(),
        _ => [].iter(),
    }
}

/// The keys that are flags, each as one word.
fn flags(all: &TableKeys) -> Vec<String> {
    let mut flags = Vec::new();
    for (key, set) in all.iter().filter(|(key, _)| keys::is_flag(key)) {
        match &set.value {
            TomlValue::Text(text) => flags.push(format!("--{key}={text}")),
            TomlValue::Switch(true) => flags.push(format!("--{key}")),
            TomlValue::Switch(false) => {}
            TomlValue::List(list) => flags.extend(list.iter().map(|item| format!("--{key}={}", item.text))),
        }
    }
    flags
}

fn password(all: &TableKeys) -> Option<Password> {
    let (key, set) = keys::SECRETS.iter().find_map(|key| all.get_key_value(key))?;
    let text = match &set.value {
        TomlValue::Text(text) => text.clone(),
        TomlValue::List(list) => list.first()?.text.clone(),
        TomlValue::Switch(_) => return None,
    };
    Some(match *key {
        "password-command" => Password::Command(text),
        "password-file" => Password::File(PathBuf::from(text)),
        "password-env" => Password::Environment(text),
        "token-command" => Password::TokenCommand(text),
        _ => Password::Plain(Secret::new(text)),
    })
}

fn need(item: &Item) -> Result<Need, FileError> {
    let text = item.text.as_str();
    let wrong = || {
        let message = format!("unknown need {}; write egress:25 (any port), ipv4, ipv6 or env:NAME", quoted(text));
        FileError::new(&item.file, item.at, message)
    };
    match text.split_once(':') {
        None if text == "ipv4" => Ok(Need::Ipv4),
        None if text == "ipv6" => Ok(Need::Ipv6),
        Some(("egress", port)) => match port.parse::<u16>() {
            Ok(port @ 1..) => Ok(Need::Egress(port)),
            _ => Err(wrong()),
        },
        Some(("env", name)) if !name.is_empty() => Ok(Need::Variable(name.to_owned())),
        _ => Err(wrong()),
    }
}

fn expected(item: &Item) -> Result<Expected, FileError> {
    let Item { text, at, file, is_exact } = item;
    match Expression::parse(text) {
        Ok(expression) => Ok(Expected { expression, at: *at, file: file.clone(), is_exact: *is_exact }),
        Err(mistake) => Err(mistaken(&mistake, *at, *is_exact, file)),
    }
}

fn mistaken(mistake: &Mistake, at: Position, is_exact: bool, file: &Path) -> FileError {
    let column = if is_exact { at.column + 1 + mistake.at } else { at.column };
    let pointed = mistake.pointed().to_vec();
    FileError { file: file.to_owned(), at: Position { column, ..at }, message: mistake.to_string(), pointed }
}

#[cfg(test)]
mod tests;
