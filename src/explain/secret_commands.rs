//! Finds passwords in the commands of mail clients and in logins without a URL: `swaks -ap ...`, `mailx -w ...`,
//! `passwordeval "echo ..."`, `SMTP AUTH ann:...`, `ann:...@smtp.example.com`.
//!
//! A flag with one letter has other meanings in other programs, so it counts only if the line names a mail client.

use std::ops::Range;

use super::secret_places::{first_word, quoted, shifted, words};
use crate::lexicon::mechanisms;

/// Programs that send mail and take a password as an argument.
const CLIENTS: [&str; 14] = [
    "swaks",
    "sendemail",
    "mailx",
    "msmtp",
    "curl",
    "blat",
    "mailsend",
    "smtp-cli",
    "nail",
    "ssmtp",
    "esmtp",
    "mutt",
    "smtp_client",
    "email",
];
/// Their flags for a password. Most of these letters also stand for a port or a file.
const FLAGS: [&str; 5] = ["w", "p", "pw", "ap", "xp"];
/// Commands that print their arguments.
const PRINTERS: [&str; 2] = ["echo", "printf"];
/// Words before a colon and an address that are no user name: headers, and names of fields and protocols.
const LABELS: [&str; 38] = [
    "mailto",
    "from",
    "to",
    "user",
    "username",
    "rcpt",
    "sender",
    "recipient",
    "email",
    "mail",
    "login",
    "account",
    "cc",
    "bcc",
    "address",
    "id",
    "uid",
    "dn",
    "sip",
    "xmpp",
    "acct",
    "smtp",
    "rfc822",
    "reply-to",
    "message-id",
    "envelope-from",
    "orcpt",
    "name",
    "owner",
    "relay",
    "via",
    "by",
    "with",
    "original-recipient",
    "final-recipient",
    "delivered-to",
    "return-path",
    "list",
];

/// Words between `AUTH` and a colon that are no user name.
const NO_USERS: [&str; 20] = [
    "error",
    "failed",
    "failure",
    "method",
    "methods",
    "mechanism",
    "mechanisms",
    "type",
    "user",
    "username",
    "login",
    "result",
    "status",
    "server",
    "host",
    "command",
    "cmd",
    "reply",
    "code",
    "for",
];

/// The positions of the passwords, in no order.
pub(super) fn passwords_in_commands(text: &str, ranges: &mut Vec<Range<usize>>) {
    let lower = text.to_ascii_lowercase();
    let mut names = words(&lower);
    let is_of_client = names.any(|(_, word)| CLIENTS.contains(&word));
    let mut previous = "";
    for (start, word) in words(text) {
        let end = start + word.len();
        let rest = text.get(end..).unwrap_or_default();
        let found = match word.strip_prefix('-') {
            Some(flag) if is_of_client && FLAGS.contains(&flag) => value_of_flag(rest),
            None if word.eq_ignore_ascii_case("passwordeval") => printed(rest),
            None if word.eq_ignore_ascii_case("auth") && !previous.eq_ignore_ascii_case("no") => login(rest),
            _ => None,
        };
        ranges.extend(found.map(|range| shifted(range, end)));
        previous = word;
    }
    logins_at_hosts(text, ranges);
}

/// The value of a flag, unless it is a port, a file name, a format or another flag.
fn value_of_flag(rest: &str) -> Option<Range<usize>> {
    let value = rest.strip_prefix(' ')?;
    let range = first_word(value);
    let word = value.get(range.clone())?;
    let is_other = word.is_empty() || word.starts_with(['-', '/', '%', '~']) || word.contains("://");
    let is_port = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    (!is_other && !is_port).then(|| shifted(range, 1))
}

/// The password in a command that prints it: `passwordeval "echo ..."`.
fn printed(rest: &str) -> Option<Range<usize>> {
    let value = rest.trim_start_matches([' ', '\t', '=', ':']);
    let at = rest.len() - value.len();
    let line = || 0..value.find(['\n', '\r']).unwrap_or(value.len());
    let command = quoted(value).unwrap_or_else(line);
    let text = value.get(command.clone())?;
    let printer =
        PRINTERS.iter().find_map(|printer| text.strip_prefix(printer)).filter(|rest| rest.starts_with(' '))?;
    let argument = printer.trim_start_matches(' ');
    let from = command.start + text.len() - argument.len();
    (!argument.is_empty()).then(|| shifted(from..command.end, at))
}

/// The password in `AUTH ann:password`.
fn login(rest: &str) -> Option<Range<usize>> {
    let value = rest.trim_start_matches([' ', ':', '=']);
    let at = rest.len() - value.len();
    let word = value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '<' | '>')).next()?;
    let (user, password) = word.split_once(':')?;
    let password = password.trim_end_matches(['.', ')']);
    let is_name = user.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && !user.contains(['/', '=']);
    let is_other = mechanisms::find(user).is_some() || NO_USERS.contains(&user.to_ascii_lowercase().as_str());
    let is_port = password.bytes().all(|byte| byte.is_ascii_digit());
    let from = at + user.len() + 1;
    (at > 0
        && is_name
        && !is_other
        && !is_port
        && !password.starts_with(['/', ':'])
        && mechanisms::find(password).is_none())
    .then(|| from..from + password.len())
}

/// `ann:password@smtp.example.com`, without a scheme and a port.
fn logins_at_hosts(text: &str, ranges: &mut Vec<Range<usize>>) {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ',' | ';' | '('));
    for part in parts.filter(|part| part.contains('@') && !part.contains("://")) {
        let Some((info, host)) = part.rsplit_once('@') else { continue };
        let Some((user, password)) = info.split_once(':') else { continue };
        let host = host.trim_end_matches(['.', ')', ':', ']']);
        let is_host = host.contains('.')
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            && host.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_user = user.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'));
        let lower = user.to_ascii_lowercase();
        let is_label = LABELS.contains(&lower.as_str())
            || NO_USERS.contains(&lower.as_str())
            || mechanisms::find(user).is_some()
            || ["_login", "_plain", "-to", "-from", "-id", "server", "auth"].iter().any(|end| lower.ends_with(end));
        if is_host && is_user && !is_label && !password.is_empty() && !password.contains(':') {
            let at = info.as_ptr() as usize - text.as_ptr() as usize + user.len() + 1;
            ranges.push(at..at + password.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::secrets::without_secrets;

    #[test]
    fn passwords_in_commands_and_logins_are_masked() {
        for text in [
            "SMTP AUTH ann:SECRET",
            "relay smtp.example.com SMTP AUTH ann@example.com:SECRET failed",
            "error with ann:SECRET@smtp.example.com",
            "connect to ann:SECRET@mail.example.com failed",
            "swaks --to a@example.com -au ann -ap SECRET",
            "mailx -s test -u ann -w SECRET a@example.com",
            "sendEmail -f a@example.com -xu ann -xp SECRET",
            "blat x.txt -u ann -pw SECRET",
            "msmtp -a default -p SECRET",
            "passwordeval \"echo SECRET\"",
            "passwordeval 'echo SECRET'",
            "passwordeval echo SECRET",
            "passwordeval   printf 'SECRET'",
            "curl -u ann:SECRET smtp://smtp.example.com",
        ] {
            for secret in ["hunter2", "Tr0ub4dor3", "correcthorse"] {
                let masked = without_secrets(&text.replace("SECRET", secret));
                assert!(!masked.contains(secret), "{masked}");
            }
        }
    }

    #[test]
    fn other_words_at_these_places_are_shown() {
        for text in [
            "swaks --to a@example.com -s smtp.example.com -p 587",
            "curl -w '%{http_code}' smtp://smtp.example.com",
            "A=dovecot_login:ann@example.com S=566",
            "mailto:ann@example.com",
            "Message-ID:abc.123@mx1.example.com",
            "to:ann@example.com: user unknown",
            "passwordeval \"gpg -d ~/.mail.gpg\"",
            "AUTH smtp.example.com:587 failed",
            "no AUTH offered by mx.example.com:25",
            "4K68s31RlGzgf9W:ann@example.com",
            "mkdir -p spool",
        ] {
            assert_eq!(without_secrets(text), text);
        }
    }
}
