//! No value can end its string: each literal is read back with an independent reader of its language.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

use proptest::prelude::{ProptestConfig, any, proptest};

use super::syntax::{Syntax, curl_text, shell, url};
use super::{
    LoginSettings, PROGRAMS, PasswordReference, Proven, ServerSettings, SettingsProof, SnippetError, TransportSecurity,
    find, nearest,
};
use crate::wire::{Host, ReversePath};

/// Reads a quoted string in which a backslash escapes the next character. The closing quote must be the last character.
fn unquoted(literal: &str, quote: char) -> Option<String> {
    let mut value = String::new();
    let mut chars = literal.strip_prefix(quote)?.chars();
    loop {
        match chars.next()? {
            '\\' => value.push(chars.next()?),
            c if c == quote => return chars.next().is_none().then_some(value),
            c => value.push(c),
        }
    }
}

/// Reads one word of a POSIX shell (POSIX.1-2024, Shell Command Language, 2.2).
fn shell_word(word: &str) -> Option<String> {
    let (mut value, mut chars) = (String::new(), word.chars());
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => value.push(c),
                }
            },
            '\\' => value.push(chars.next()?),
            c if c.is_ascii_alphanumeric() || "-._@:/+".contains(c) => value.push(c),
            _ => return None,
        }
    }
    Some(value)
}

/// Reads a value without quotes in which a character is escaped by `escape`. A character of `special` must be escaped.
fn unescaped(literal: &str, escape: char, special: &str) -> Option<String> {
    let (mut value, mut chars) = (String::new(), literal.chars());
    while let Some(c) = chars.next() {
        match c {
            c if c == escape => value.push(chars.next()?),
            c if special.contains(c) => return None,
            c => value.push(c),
        }
    }
    Some(value)
}

/// Reads a value of a properties file (java.util.Properties.load).
fn property(literal: &str) -> Option<String> {
    let (mut units, mut chars) = (Vec::new(), literal.chars());
    while let Some(c) = chars.next() {
        let read = match c {
            '\\' => match chars.next()? {
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                c => c,
            },
            c => c,
        };
        units.extend(read.encode_utf16(&mut [0; 2]).iter());
    }
    String::from_utf16(&units).ok()
}

/// Reads a literal. `None`: it does not end where it should, or a part of it is not data.
fn read(syntax: Syntax, literal: &str) -> Option<String> {
    let between = |quotes: &str| literal.strip_prefix(quotes)?.strip_suffix(quotes).map(str::to_owned);
    match syntax {
        Syntax::CSharp | Syntax::Go | Syntax::Java | Syntax::Json | Syntax::Python | Syntax::Rust | Syntax::Yaml => {
            unquoted(literal, '"')
        }
        Syntax::JavaScript | Syntax::Php | Syntax::Ruby => unquoted(literal, '\''),
        Syntax::Dotenv if literal.starts_with('\'') => between("'").filter(|value| !value.contains('\'')),
        Syntax::Dotenv if literal.starts_with('"') => unquoted(literal, '"'),
        Syntax::Dotenv => unescaped(literal, '\\', " #$'\"`"),
        Syntax::Exim => unescaped(literal, '\\', "${}"),
        Syntax::Ini if literal.starts_with('"') => between("\"\"\"").filter(|value| !value.contains("\"\"\"")),
        Syntax::Ini => Some(literal.to_owned()).filter(|value| !value.contains(['#', ';', '"', '`', '$', '%', ' '])),
        Syntax::MainCf => unescaped(literal, '$', ""),
        Syntax::Msmtp => between("\""),
        Syntax::OpenSmtpd => between("\"").filter(|value| !value.contains(['"', '\\'])),
        Syntax::Properties => property(literal),
        Syntax::PlainText => Some(literal.to_owned()),
        Syntax::Shell => shell_word(literal),
    }
}

const ALL: [Syntax; 19] = [
    Syntax::CSharp,
    Syntax::Dotenv,
    Syntax::Exim,
    Syntax::Go,
    Syntax::Ini,
    Syntax::Java,
    Syntax::JavaScript,
    Syntax::Json,
    Syntax::MainCf,
    Syntax::Msmtp,
    Syntax::OpenSmtpd,
    Syntax::Php,
    Syntax::PlainText,
    Syntax::Properties,
    Syntax::Python,
    Syntax::Ruby,
    Syntax::Rust,
    Syntax::Shell,
    Syntax::Yaml,
];

/// Values that end a string in at least one language, if they are not escaped.
const HOSTILE: &[&str] = &[
    "",
    "'",
    "\"",
    "\\",
    "\\\"",
    "\\'",
    "a\\",
    "';system('id');'",
    "\"; rm -rf ~; \"",
    "$(id)",
    "`id`",
    "${SMTP_PASSWORD}",
    "#{`id`}",
    "%(name)s",
    "$__file{/etc/passwd}",
    "\"\"\"",
    "a # b",
    "?>",
    "*/",
    "\\u0022",
    " leading",
    "trailing ",
    "{% include 'x' %}",
    "{{ user }}",
    "o'neil@example.net",
    "ü€𝄞@example.net",
    "-flag",
    "DOMAIN\\user",
    "null",
    "!secret x",
];

#[test]
fn a_literal_is_read_back_as_the_value() {
    for syntax in ALL {
        for value in HOSTILE {
            match syntax.literal(value) {
                Ok(literal) => assert_eq!(read(syntax, &literal).as_deref(), Some(*value), "{syntax:?}: {literal}"),
                Err(error) => assert!(error.to_string().contains(" contains "), "{error}"),
            }
        }
        let plain = syntax.literal("smtp.example.net");
        assert_eq!(plain.ok().and_then(|literal| read(syntax, &literal)).as_deref(), Some("smtp.example.net"));
    }
}

#[test]
fn a_value_with_a_control_character_is_an_error_in_every_language() {
    for syntax in ALL {
        for value in ["a\nb", "a\rb", "a\0b", "a\tb", "a\u{2028}b", "a\u{202E}b", "a\u{85}b", "\u{FEFF}a"] {
            assert!(syntax.literal(value).is_err(), "{syntax:?} {value:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_value_can_end_its_string(value in any::<String>(), dense in "['\"\\\\$#%{}`;: a-]{0,12}") {
        for value in [value, dense] {
            for syntax in ALL {
                if let Ok(literal) = syntax.literal(&value) {
                    assert_eq!(read(syntax, &literal), Some(value.clone()), "{syntax:?}: {literal}");
                    assert!(!literal.contains(['\n', '\r']), "{syntax:?}: {literal:?}");
                }
            }
            assert_eq!(shell_word(&shell(&value)), Some(value.clone()));
            assert_eq!(unquoted(&format!("\"{}\"", curl_text(&value)), '"'), Some(value.clone()));
            assert!(url(&value).chars().all(|c| c.is_ascii_alphanumeric() || "-._~%".contains(c)));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    /// The text of a snippet differs from that with harmless values only in the literals of the values.
    #[test]
    fn a_hostile_user_name_adds_no_line(user in "['\"\\\\$#%{}`;:\\?<>*/ a-]{1,16}") {
        for program in &PROGRAMS {
            let lines = |user: &str| program.snippet(&settings(user)).map(|snippet| snippet.text.lines().count());
            match lines(&user) {
                Ok(count) => assert_eq!(Ok(count), lines("u"), "{}", program.id),
                Err(error) => assert!(matches!(error, SnippetError::Unwritable { .. }), "{error}"),
            }
        }
    }
}

fn settings(user: &str) -> ServerSettings {
    ServerSettings {
        host: Host::parse("smtp.example.net").expect("a host"),
        port: 587,
        security: TransportSecurity::StartTls,
        login: Some(LoginSettings {
            user: user.to_owned(),
            password: PasswordReference::Variable,
            mechanisms: vec!["PLAIN".to_owned()],
        }),
        sender: ReversePath::parse("me@example.net").ok(),
        ca_file: None,
        ehlo: None,
        proof: SettingsProof {
            host: Proven::NotNeeded,
            tls: Proven::Yes,
            certificate: Proven::Yes,
            login: Proven::Yes,
            sender: Proven::No { reason: "?> \\u000a */ is not in a comment".to_owned() },
        },
    }
}

#[test]
fn a_comment_contains_nothing_that_a_language_interprets() {
    for program in &PROGRAMS {
        let text = program.snippet(&settings("u")).expect("a snippet").text;
        assert!(!text.contains("?>") && !text.contains("*/") && !text.contains("\\u000a"), "{text}");
    }
}

#[test]
fn a_mechanism_that_the_program_lacks_causes_a_note() {
    let program = find("go").expect("a program");
    let mut settings = settings("u");
    let note = |settings: &ServerSettings| {
        let notes = program.snippet(settings).expect("a snippet").notes;
        notes.iter().any(|note| note.contains("cannot log in to this server: it supports only PLAIN"))
    };
    assert!(!note(&settings));
    settings.login = settings.login.map(|login| LoginSettings { mechanisms: vec!["LOGIN".to_owned()], ..login });
    assert!(note(&settings));
}

#[test]
fn ids_and_aliases_are_unique_and_a_typing_error_is_recognised() {
    let mut names: Vec<&str> =
        PROGRAMS.iter().flat_map(|one| [one.id].into_iter().chain(one.aliases.to_vec())).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(find(" Rails ").map(|program| program.id), Some("actionmailer"));
    assert!(find("sendgrid").is_none());
    assert_eq!(nearest("nodmailer"), Some("nodemailer"));
    assert_eq!(nearest("xyz"), None);
}
