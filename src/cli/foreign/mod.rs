//! Recognises flags of other tools (swaks, openssl s_client, curl, check_smtp, testssl, posttls-finger, nmap). The
//! error message suggests the flag of smtpcheck that has the same effect, not the flag with the most similar name.
//! `table.rs` contains the flags of each tool, and `page.rs` writes them as `docs/from-*.md`.

mod equivalent;
mod page;
mod table;

use std::ffi::OsString;

use clap::Command;

use super::UsageError;
use super::flags::names::{is_named, takes_value};

use self::equivalent::Equivalent;
pub use self::equivalent::ForeignTool;
use self::table::TABLE;

/// Returns an error for the first flag of another tool in the arguments.
pub(super) fn reject(command: &Command, words: &[OsString]) -> Result<(), UsageError> {
    let mut at = 0;
    while let Some(word) = words.get(at).map(|word| word.to_string_lossy()) {
        if word == "--" {
            break;
        }
        let (name, attached) = word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
        let is_own = command.get_arguments().any(|arg| is_named(arg, name));
        let meanings: Vec<_> = if is_own { Vec::new() } else { meanings(name) };
        if !meanings.is_empty() {
            let next = words.get(at + 1).map(|next| next.to_string_lossy().into_owned());
            let value = attached.map(str::to_owned).or(next.filter(|next| !next.starts_with('-') && !next.is_empty()));
            return Err(UsageError::flag(name.to_owned(), "not a flag of smtpcheck").with_hint(hint(&meanings, value)));
        }
        at += if takes_value(command, &word) { 2 } else { 1 };
    }
    Ok(())
}

/// The equivalents of a foreign flag, with the tools that have it. A flag that means different things in different tools has several equivalents.
fn meanings(name: &str) -> Vec<(ForeignTool, &'static Equivalent)> {
    let rows = TABLE.iter().flat_map(|(tool, rows)| rows.iter().map(|row| (*tool, row)));
    let rows = rows.filter(|(_, row)| row.names.contains(&name) && row.answer.is_foreign());
    rows.map(|(tool, row)| (tool, &row.answer)).collect()
}

fn hint(meanings: &[(ForeignTool, &'static Equivalent)], value: Option<String>) -> String {
    // If the value may be a password, no hint repeats it.
    let is_secret = meanings.iter().any(|(_, answer)| matches!(answer, Equivalent::Password));
    let value = value.filter(|_| !is_secret || meanings.len() == 1);
    let mut hints: Vec<(ForeignTool, String)> = Vec::new();
    for (tool, answer) in meanings {
        let hint = answer.hint(value.clone());
        if !hints.iter().any(|(_, other)| *other == hint) {
            hints.push((*tool, hint));
        }
    }
    match hints.as_slice() {
        [(_, hint)] => hint.clone(),
        several => {
            several.iter().map(|(tool, hint)| format!("{hint} (as in {})", tool.name())).collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Equivalent, TABLE};
    use crate::cli::parse;

    fn message(words: &[&str]) -> String {
        parse(words.iter().map(Into::into).collect()).expect_err("a flag of another tool").to_string()
    }

    #[test]
    fn the_hint_for_a_flag_of_another_tool_names_the_equivalent_flag() {
        for (words, hint) in [
            (&["--server", "mx.example.net"][..], "smtpcheck mx.example.net"),
            (&["-connect", "mx.example.net:25", "-starttls", "smtp"], "smtpcheck mx.example.net:25"),
            (&["mx.example.net", "-starttls", "smtp"], "use --tls starttls"),
            (&["mx.example.net", "--tls-sni", "a.example"], "use --sni a.example"),
            (&["mx.example.net", "--tls-sni=a.example"], "use --sni a.example"),
            (&["mx.example.net", "-servername"], "use --sni NAME"),
            (&["mx.example.net", "--cafile", "ca.pem"], "use --cacert ca.pem"),
            (&["mx.example.net", "--tls-on-connect"], "use --tls implicit"),
            (&["-H", "mx.example.net"], "smtpcheck mx.example.net"),
            (&["smtp://h", "--mail-from", "a@example.net"], "use --from a@example.net"),
            (&["smtp://h", "--mail-rcpt", "a b"], "use --to 'a b'"),
            (&["h.example", "--auth-user", "u"], "use --user u"),
            (&["ports", "h.example", "--nameserver", "192.0.2.53"], "use --resolver 192.0.2.53"),
        ] {
            let message = message(words);
            assert!(message.contains(hint) && !message.contains('\n'), "{words:?}: {message}");
        }
    }

    #[test]
    fn a_password_is_never_repeated() {
        for words in [
            &["h.example", "--auth-password", "hunter2"][..],
            &["h.example", "--auth-password=hunter2"],
            &["h.example", "-ap", "hunter2"],
            &["h.example", "-P", "hunter2"],
            &["--url", "smtp://u:hunter2@h.example"],
            &["h.example", "--oauth2-bearer", "hunter2"],
            &["h.example", "--auth-user", "u:hunter2"],
            &["h.example", "-U", "u:hunter2"],
            &["h.example", "-E", "client.pem:hunter2"],
            &["-H", "Authorization:hunter2"],
            &["h.example", "-phunter2"],
            &["h.example", "-p", "hunter2"],
        ] {
            let message = message(words);
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(message(&["h.example", "--auth-password", "x"]).contains("--password-file"));
    }

    #[test]
    fn a_flag_with_several_meanings_has_a_hint_for_each_tool() {
        let hint = "write the target without a flag: smtpcheck h.example (as in swaks); use --quiet (as in curl)";
        assert!(message(&["-s", "h.example"]).contains(hint), "{}", message(&["-s", "h.example"]));
    }

    #[test]
    fn every_hint_names_a_flag_of_a_check_and_no_flag_of_a_check_is_in_the_table() {
        let check = crate::cli::commands::check::SPEC.command(&[]);
        let own: Vec<String> = check.get_arguments().flat_map(crate::cli::flags::names::names).collect();
        let is_own = |name: &str| own.iter().any(|own| own == name) || name == "-h";
        for (tool, row) in TABLE.iter().flat_map(|(tool, rows)| rows.iter().map(move |row| (tool, row))) {
            if let Equivalent::Flag(flag, _) = row.answer {
                assert!(is_own(flag), "{flag}");
            }
            for name in row.names {
                match row.answer {
                    Equivalent::Same => {}
                    Equivalent::Differs(_) => assert!(is_own(name), "{name} is not a flag of smtpcheck"),
                    _ => assert!(!is_own(name), "{name} is a flag of smtpcheck"),
                }
                let rows = TABLE.iter().filter(|(other, _)| other == tool).flat_map(|(_, rows)| rows.iter());
                assert_eq!(rows.filter(|row| row.names.contains(name)).count(), 1, "{name}");
            }
        }
        // The value of a flag is not a flag, and neither are words after --.
        assert!(parse(["h.example", "--expect", "rcpt.class == 5", "--", "--server"].map(Into::into).into()).is_ok());
    }
}
