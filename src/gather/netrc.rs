//! User and password of a host from `.netrc`, as curl and ftp read it: words in any lines, `machine`, `login`, `password`,
//! `default`. Comments with `#` and quotation marks are understood, macros (`macdef`) passed over.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::password::{PasswordError, clean};
use crate::secret::Secret;

/// What one host has.
#[derive(Default)]
struct Entry {
    login: Option<String>,
    password: Option<Zeroizing<String>>,
}

/// The user for a host.
pub fn user(host: &str) -> Result<String, PasswordError> {
    let (path, text) = file()?;
    let found = entry(&text, host, None).and_then(|entry| entry.login);
    found.ok_or_else(|| missing(&path, host, "login"))
}

/// The password for a host and user.
pub fn password(host: &str, user: &str) -> Result<Secret, PasswordError> {
    let (path, text) = file()?;
    let found = entry(&text, host, Some(user)).and_then(|entry| entry.password);
    let Some(found) = found else { return Err(missing(&path, host, "password")) };
    clean(found, &format!("--netrc {}", path.display()))
}

fn missing(path: &std::path::Path, host: &str, what: &str) -> PasswordError {
    let why = format!("no {what} for {host}; a line reads: machine {host} login USER password PASSWORD");
    PasswordError::Unreadable { source: format!("--netrc {}", path.display()), why }
}

fn file() -> Result<(PathBuf, Zeroizing<String>), PasswordError> {
    let path = match std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => std::env::home_dir().unwrap_or_default().join(if cfg!(windows) { "_netrc" } else { ".netrc" }),
    };
    let unreadable = |why: String| PasswordError::Unreadable { source: format!("--netrc {}", path.display()), why };
    let bytes = super::file::contents(&path).map_err(|error| unreadable(super::file::reason(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
    let text = Zeroizing::new(text.to_owned());
    Ok((path, text))
}

/// The first entry that fits; `default` fits every host. Of several for one host, that of the user.
fn entry(text: &str, host: &str, user: Option<&str>) -> Option<Entry> {
    let mut entries: Vec<(Option<String>, Entry)> = Vec::new();
    let words = words(text);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), entries.last_mut()) {
            // One without a name is nobody's.
            ("machine", _) => {
                entries.extend(words.next().map(|name| (Some(name.to_string()), Entry::default())));
            }
            ("default", _) => entries.push((None, Entry::default())),
            ("login", Some((_, entry))) => entry.login = words.next().map(|name| name.to_string()),
            ("password", Some((_, entry))) => entry.password = words.next().cloned(),
            ("account", _) => {
                words.next();
            }
            _ => {}
        }
    }
    let fits = |(machine, entry): &(Option<String>, Entry)| {
        machine.as_ref().is_none_or(|machine| machine.eq_ignore_ascii_case(host))
            && (user.is_none() || entry.login.is_none() || entry.login.as_deref() == user)
    };
    entries.into_iter().find(fits).map(|(_, entry)| entry)
}

/// Words with their quotation marks taken off; a macro ends with an empty line.
fn words(text: &str) -> Vec<Zeroizing<String>> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, next) = word(rest);
            in_macro |= word.as_str() == "macdef";
            words.push(word);
            rest = next.trim_start();
        }
    }
    words
}

fn word(text: &str) -> (Zeroizing<String>, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (Zeroizing::new(word.to_owned()), rest);
    };
    let mut word = Zeroizing::new(String::new());
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (word, inside.get(at + 1..).unwrap_or_default()),
            '\\' => word.extend(characters.next().map(|(_, escaped)| match escaped {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            })),
            other => word.push(other),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::entry;

    fn found(text: &str, host: &str, user: Option<&str>) -> Option<(Option<String>, Option<String>)> {
        entry(text, host, user).map(|entry| (entry.login, entry.password.map(|password| password.to_string())))
    }

    fn some(user: &str, password: &str) -> Option<(Option<String>, Option<String>)> {
        Some((Some(user.to_owned()), Some(password.to_owned())))
    }

    #[test]
    fn a_host_is_found_by_its_name_and_its_user() {
        let text = "# mine\nmachine a.example login u password p\nmachine b.example\n  login v\n  password \"q \\\" r\"\nmachine b.example login w password s\n";
        assert_eq!(found(text, "a.example", None), some("u", "p"));
        assert_eq!(found(text, "B.example", Some("v")), some("v", "q \" r"));
        assert_eq!(found(text, "b.example", Some("w")), some("w", "s"));
        assert_eq!(found(text, "c.example", None), None);
    }

    #[test]
    fn macros_are_passed_over_and_default_fits_everybody() {
        let text = "macdef init\nmachine x login y password z\n\ndefault login d password e\n";
        assert_eq!(found(text, "x", None), some("d", "e"));
        assert_eq!(found("machine", "x", None), None);
        assert_eq!(found("login a password b", "x", None), None);
    }
}
