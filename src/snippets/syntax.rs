//! Writes a value as a literal of the language of a configuration, so that no value can end its string: host names, user
//! names and paths are text from the user.
//!
//! A value that a language cannot represent is an error; a value is never changed. Values with control characters, line
//! separators or invisible direction characters are an error in every language, so a literal is always on one line.

use std::fmt;

/// The language of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// C#.
    CSharp,
    /// A `.env` file, as phpdotenv and dotenvy read it.
    Dotenv,
    /// Exim's configuration: a string that is expanded.
    Exim,
    /// Go.
    Go,
    /// An INI file, as go-ini reads it.
    Ini,
    /// Java.
    Java,
    /// JavaScript.
    JavaScript,
    /// JSON.
    Json,
    /// Postfix's main.cf.
    MainCf,
    /// msmtp's configuration.
    Msmtp,
    /// OpenSMTPD's smtpd.conf.
    OpenSmtpd,
    /// PHP.
    Php,
    /// Text that a person reads, without quotes.
    PlainText,
    /// A properties file of Spring Boot.
    Properties,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// A POSIX shell.
    Shell,
    /// YAML.
    Yaml,
}

/// A value that the language of a configuration cannot represent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnwritableValue {
    /// The value.
    pub value: String,
    /// What it contains.
    pub reason: &'static str,
}

impl fmt::Display for UnwritableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} contains {}", self.value.escape_debug(), self.reason)
    }
}

impl std::error::Error for UnwritableValue {}

impl Syntax {
    /// The beginning of a comment line; `None` if the language has no comments.
    pub fn comment(self) -> Option<&'static str> {
        match self {
            Syntax::CSharp | Syntax::Go | Syntax::Java | Syntax::JavaScript | Syntax::Php | Syntax::Rust => Some("//"),
            Syntax::Json => None,
            Syntax::Ini => Some(";"),
            Syntax::Dotenv
            | Syntax::Exim
            | Syntax::MainCf
            | Syntax::Msmtp
            | Syntax::OpenSmtpd
            | Syntax::PlainText
            | Syntax::Properties
            | Syntax::Python
            | Syntax::Ruby
            | Syntax::Shell
            | Syntax::Yaml => Some("#"),
        }
    }

    /// The value as a literal, with its quotes.
    pub fn literal(self, value: &str) -> Result<String, UnwritableValue> {
        on_one_line(value)?;
        let refuse = |reason| UnwritableValue { value: value.to_owned(), reason };
        Ok(match self {
            // The escape sequences \\ and \" mean the same in all these languages. In Java, \\u is not a Unicode escape
            // (Java Language Specification, section 3.3).
            Syntax::CSharp
            | Syntax::Go
            | Syntax::Java
            | Syntax::Json
            | Syntax::Python
            | Syntax::Rust
            | Syntax::Yaml => quoted(value, '"', &['"', '\\']),
            Syntax::JavaScript | Syntax::Php | Syntax::Ruby => quoted(value, '\'', &['\'', '\\']),
            Syntax::PlainText => value.to_owned(),
            Syntax::Dotenv if is_plain(value) => value.to_owned(),
            Syntax::Dotenv if !value.contains(['\'', '\\']) => quoted(value, '\'', &[]),
            Syntax::Dotenv => quoted(value, '"', &['"', '\\', '$']),
            Syntax::Exim => exim(value).ok_or_else(|| refuse("a backslash or a space at its end"))?,
            Syntax::Ini => {
                ini(value).ok_or_else(|| refuse("\"\"\" or %( or ${ or $__, or ends with a quotation mark"))?
            }
            Syntax::MainCf => main_cf(value).ok_or_else(|| refuse("a space at its beginning or end"))?,
            // msmtp removes the outer quotes, and nothing else.
            Syntax::Msmtp => quoted(value, '"', &[]),
            Syntax::OpenSmtpd if value.contains(['"', '\\']) => return Err(refuse("a quote or a backslash")),
            Syntax::OpenSmtpd => quoted(value, '"', &[]),
            // Spring Boot replaces ${...} in the values of properties.
            Syntax::Properties if value.contains("${") => return Err(refuse("${")),
            Syntax::Properties => property(value),
            Syntax::Shell => shell(value),
        })
    }
}

/// A word for a POSIX shell.
pub(super) fn shell(value: &str) -> String {
    let is_word = is_plain(value) && !value.starts_with('-');
    if is_word { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// A part of a quoted value in curl's configuration file.
pub(super) fn curl_text(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"")
}

/// The value itself, if no language treats one of its characters specially.
pub(super) fn plain(value: &str) -> Result<String, UnwritableValue> {
    let reason = "a character other than a letter, a digit or one of -._@:/+";
    if is_plain(value) { Ok(value.to_owned()) } else { Err(UnwritableValue { value: value.to_owned(), reason }) }
}

/// The percent-encoding of RFC 3986 §2.1: only unreserved characters remain.
pub(super) fn url(value: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(one).collect()
}

/// Fails for characters that end a line or that are invisible.
fn on_one_line(value: &str) -> Result<(), UnwritableValue> {
    let is_forbidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
            || c == '\u{FEFF}'
    };
    match value.contains(is_forbidden) {
        true => Err(UnwritableValue { value: value.to_owned(), reason: "a control character" }),
        false => Ok(()),
    }
}

/// Whether a value contains only characters that no configuration language treats specially.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-._@:/+".contains(c))
}

fn quoted(value: &str, quote: char, escaped: &[char]) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push(quote);
    for c in value.chars() {
        if escaped.contains(&c) {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal.push(quote);
    literal
}

/// A value without quotes in a string that Exim expands. A backslash at the end of a line would continue it.
fn exim(value: &str) -> Option<String> {
    if value.ends_with('\\') || value.trim() != value {
        return None;
    }
    let escaped = value.chars().flat_map(|c| "\\${}".contains(c).then_some('\\').into_iter().chain([c]));
    Some(escaped.collect())
}

/// go-ini replaces %(name)s in values, and Grafana replaces ${name} and $__name{...} in the values that it has read.
fn ini(value: &str) -> Option<String> {
    let has_replacement = ["\"\"\"", "%(", "${", "$__"].iter().any(|text| value.contains(text));
    match value {
        value if is_plain(value) => Some(value.to_owned()),
        value if has_replacement || value.ends_with('"') => None,
        value => Some(format!("\"\"\"{value}\"\"\"")),
    }
}

/// A value of a Postfix parameter, in which $name is replaced.
fn main_cf(value: &str) -> Option<String> {
    (value.trim() == value).then(|| value.replace('$', "$$"))
}

/// A value of a properties file, which is read as ISO 8859-1.
fn property(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        match c {
            ' ' if at == 0 => escaped.push_str("\\ "),
            '\\' => escaped.push_str("\\\\"),
            c if c.is_ascii() => escaped.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    escaped
}
