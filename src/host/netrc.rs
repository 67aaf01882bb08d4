//! Reads the user name and password for a host from `.netrc`, as curl and ftp do. The keywords `machine`, `login`,
//! `password` and `default` can be spread over any number of lines. Comments with `#` and quotation marks are
//! supported. Macros (`macdef`) are ignored.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::password::{PasswordError, clean};
use crate::secret::Secret;

/// The entry of one host.
#[derive(Default)]
struct NetrcEntry {
    login: Option<String>,
    password: Option<Zeroizing<String>>,
    /// The error in the password, if there is one.
    fault: Option<NetrcFault>,
}

/// Why an entry has no usable password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NetrcFault {
    /// `password` has no value.
    NoPassword { line: usize },
    /// The closing quotation mark is missing on the line.
    Unclosed { line: usize },
}

/// The user name for a host.
pub fn user(host: &str) -> Result<String, PasswordError> {
    let (path, text) = file()?;
    let found = entry(&text, host, None).and_then(|entry| entry.login);
    found.ok_or_else(|| missing(&path, host, "login"))
}

/// The password for a host and a user name.
pub fn password(host: &str, user: &str) -> Result<Secret, PasswordError> {
    let (path, text) = file()?;
    let found = entry(&text, host, Some(user));
    if let Some(fault) = found.as_ref().and_then(|entry| entry.fault) {
        let why = match fault {
            NetrcFault::NoPassword { line } => format!(
                "line {line} has no password for {host}; if the password is a keyword or begins with #, put it in quotation marks"
            ),
            NetrcFault::Unclosed { line } => {
                format!("line {line}: the password's closing quotation mark is missing")
            }
        };
        return Err(PasswordError::Unreadable { source: format!("--netrc {}", path.display()), why });
    }
    let Some(found) = found.and_then(|entry| entry.password) else { return Err(missing(&path, host, "password")) };
    clean(found, &format!("--netrc {}", path.display()))
}

fn missing(path: &std::path::Path, host: &str, what: &str) -> PasswordError {
    let why = format!("no {what} for {host}; add a line: machine {host} login USER password PASSWORD");
    PasswordError::Unreadable { source: format!("--netrc {}", path.display()), why }
}

/// The path of the file: `$NETRC`, else the file in the home directory.
pub fn path() -> PathBuf {
    match std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => std::env::home_dir().unwrap_or_default().join(if cfg!(windows) { "_netrc" } else { ".netrc" }),
    }
}

fn file() -> Result<(PathBuf, Zeroizing<String>), PasswordError> {
    let path = path();
    let unreadable = |why: String| PasswordError::Unreadable { source: format!("--netrc {}", path.display()), why };
    let bytes = super::file::contents(&path).map_err(|error| unreadable(super::file::reason(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("the file is not UTF-8".to_owned()))?;
    let text = Zeroizing::new(text.to_owned());
    Ok((path, text))
}

/// The first entry for the host, and for the user name if one is given. `default` matches every host.
fn entry(text: &str, host: &str, user: Option<&str>) -> Option<NetrcEntry> {
    let fits = |(machine, entry): &(NetrcMachine, NetrcEntry)| {
        machine.is(host) && (user.is_none() || entry.login.is_none() || entry.login.as_deref() == user)
    };
    entries(text).into_iter().find(fits).map(|(_, entry)| entry)
}

/// The host of an entry.
enum NetrcMachine {
    Named(String),
    /// `machine` without a name: matches no host.
    Nameless,
    /// `default`.
    Any,
}

impl NetrcMachine {
    fn is(&self, host: &str) -> bool {
        match self {
            NetrcMachine::Named(name) => name.eq_ignore_ascii_case(host),
            NetrcMachine::Nameless => false,
            NetrcMachine::Any => true,
        }
    }
}

fn entries(text: &str) -> Vec<(NetrcMachine, NetrcEntry)> {
    let mut entries: Vec<(NetrcMachine, NetrcEntry)> = Vec::new();
    let words = words(text);
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if word.is_quoted {
            continue;
        }
        let value = match word.text.as_str() {
            "machine" | "login" | "password" | "account" => value(&words, at),
            _ => None,
        };
        at += usize::from(value.is_some());
        match (word.text.as_str(), entries.last_mut()) {
            ("machine", _) => {
                let machine = value.map_or(NetrcMachine::Nameless, |name| NetrcMachine::Named(name.text.to_string()));
                entries.push((machine, NetrcEntry::default()));
            }
            ("default", _) => entries.push((NetrcMachine::Any, NetrcEntry::default())),
            ("login", Some((_, entry))) => entry.login = value.map(|name| name.text.to_string()),
            ("password", Some((_, entry))) => {
                entry.fault = match value {
                    None => Some(NetrcFault::NoPassword { line: word.line }),
                    Some(value) if !value.is_closed => Some(NetrcFault::Unclosed { line: value.line }),
                    Some(_) => None,
                };
                entry.password = value.map(|value| value.text.clone());
            }
            _ => {}
        }
    }
    entries
}

/// The value of the keyword before position `at`, if it has one. ftp and curl always use the next word. If a password
/// is missing, they therefore use the word `machine` as the password, and assign the password of the next host to this
/// host. These rules avoid this:
///
/// 1. A word in quotation marks is a value.
/// 2. A keyword at the beginning of another line is not a value.
/// 3. A keyword on the same line is a value only if it is followed by the end of the line or by another keyword. In
///    `password machine`, the password is "machine". In `password machine mail.example.net`, the password is missing.
fn value(words: &[Word], at: usize) -> Option<&Word> {
    let (before, word) = (words.get(at.checked_sub(1)?)?, words.get(at)?);
    if !word.is_keyword() {
        return Some(word);
    }
    let next = words.get(at + 1).filter(|next| next.line == word.line);
    (word.line == before.line && next.is_none_or(Word::is_keyword)).then_some(word)
}

/// A word of the file.
struct Word {
    text: Zeroizing<String>,
    /// The number of the line, from 1.
    line: usize,
    is_quoted: bool,
    /// Whether the closing quotation mark exists; true for a word without quotation marks.
    is_closed: bool,
}

impl Word {
    fn is_keyword(&self) -> bool {
        let keywords = ["machine", "default", "login", "password", "account", "macdef"];
        !self.is_quoted && keywords.contains(&self.text.as_str())
    }
}

/// The words of the file, without quotation marks, comments and macros. A macro begins with `macdef`
/// instead of a keyword, and ends with an empty line.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut in_macro = false;
    for (number, line) in text.lines().enumerate() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, next) = word(rest, number + 1);
            words.push(word);
            rest = next.trim_start();
            let last = words.len() - 1;
            let is_macro = words.last().is_some_and(|word| word.is_keyword() && word.text.as_str() == "macdef");
            let is_value =
                words.get(last.wrapping_sub(1)).is_some_and(|before| before.is_keyword() && before.line == number + 1)
                    && rest.is_empty();
            if is_macro && !is_value {
                words.pop();
                in_macro = true;
                break;
            }
        }
    }
    words
}

fn word(text: &str, line: usize) -> (Word, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (Word { text: Zeroizing::new(word.to_owned()), line, is_quoted: false, is_closed: true }, rest);
    };
    // The capacity is sufficient for the complete word, because growing would leave copies of a password in memory.
    let mut word = Zeroizing::new(String::with_capacity(inside.len()));
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = inside.get(at + 1..).unwrap_or_default();
                return (Word { text: word, line, is_quoted: true, is_closed: true }, rest);
            }
            '\\' => word.extend(characters.next().map(|(_, escaped)| match escaped {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            })),
            other => word.push(other),
        }
    }
    (Word { text: word, line, is_quoted: true, is_closed: false }, "")
}

#[cfg(test)]
mod tests {
    use super::{NetrcFault, entry};

    fn found(text: &str, host: &str, user: Option<&str>) -> Option<(Option<String>, Option<String>)> {
        entry(text, host, user).map(|entry| (entry.login, entry.password.map(|password| password.to_string())))
    }

    fn some(user: &str, password: &str) -> Option<(Option<String>, Option<String>)> {
        Some((Some(user.to_owned()), Some(password.to_owned())))
    }

    #[test]
    fn an_entry_is_found_by_host_and_user_name() {
        let text = "# mine\nmachine a.example login u password p\nmachine b.example\n  login v\n  password \"q \\\" r\"\nmachine b.example login w password s\n";
        assert_eq!(found(text, "a.example", None), some("u", "p"));
        assert_eq!(found(text, "B.example", Some("v")), some("v", "q \" r"));
        assert_eq!(found(text, "b.example", Some("w")), some("w", "s"));
        assert_eq!(found(text, "c.example", None), None);
    }

    #[test]
    fn a_missing_password_is_not_taken_from_the_next_entry() {
        let next = "machine b.example login v password p";
        for text in [
            format!("machine a.example login u password\n{next}"),
            format!("machine a.example\n  login u\n  password\n\n{next}"),
            format!("machine a.example login u password {next}"),
            format!("machine a.example login u password # none\n{next}"),
            format!("machine a.example login u password\ndefault login d password e\n{next}"),
        ] {
            let first = entry(&text, "a.example", Some("u")).expect("an entry");
            assert!(first.password.is_none(), "{text}");
            assert!(matches!(first.fault, Some(NetrcFault::NoPassword { .. })), "{text}");
            assert_eq!(found(&text, "b.example", Some("v")).or(some("v", "p")), some("v", "p"), "{text}");
        }
        // The same for a user and for a host.
        assert_eq!(
            found("machine a.example login\npassword p\n", "a.example", None),
            Some((None, Some("p".to_owned())))
        );
        assert_eq!(found("machine\nlogin u password p\nmachine b login v password q", "login", None), None);
        assert_eq!(found("machine a login u password x\nmachine\nlogin v password q", "a", None), some("u", "x"));
    }

    #[test]
    fn keywords_can_be_passwords() {
        for word in ["machine", "default", "login", "password", "account", "macdef"] {
            for text in [
                format!("machine a login u password {word}"),
                format!("machine a login u password {word}\nmachine b login v password p\n"),
                format!("machine a login u password \"{word}\" account x\n"),
                format!("machine a password {word} login u"),
            ] {
                // `macdef` begins a macro unless it is the last word of its line.
                if word == "macdef" && text.contains("macdef login") {
                    continue;
                }
                assert_eq!(found(&text, "a", Some("u")), some("u", word), "{text}");
            }
        }
    }

    #[test]
    fn an_empty_password_and_an_unclosed_quotation_mark_differ_from_a_missing_password() {
        assert_eq!(found("machine a login u password \"\"\nmachine b", "a", None), some("u", ""));
        let unclosed = entry("machine a login u password \"p q\nmachine b login v password w", "a", None);
        assert_eq!(unclosed.and_then(|entry| entry.fault), Some(NetrcFault::Unclosed { line: 1 }));
    }

    #[test]
    fn macros_are_ignored_and_default_matches_every_host() {
        let text = "macdef init\nmachine x login y password z\n\ndefault login d password e\n";
        assert_eq!(found(text, "x", None), some("d", "e"));
        assert_eq!(found("machine", "x", None), None);
        assert_eq!(found("login a password b", "x", None), None);
    }
}
