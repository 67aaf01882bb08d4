//! The passwords in pasted sessions, settings, commands and URLs. They are masked in all later text, because a server
//! may repeat them in its reply.
//!
//! The number of passwords in memory is bounded. Text that looks like a secret is masked by [`super::secrets`].

use std::collections::VecDeque;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::explained::Explained;
use super::secrets::{MASK, quick_places, secret_words, without_secrets};
use super::wrapped::Wrapped;
use crate::lexicon::vocabulary;

/// The maximum number of passwords in memory.
const MAX_PASSWORDS: usize = 96;
/// A longer secret on several lines is only masked part by part.
const MAX_JOINED: usize = 200;
/// Shorter responses are not masked, because they occur in ordinary words.
const SHORTEST: usize = 3;
/// The number of characters after a short part of a password by which it is recognised.
const MAX_AFTER: usize = 16;

/// The passwords that were read so far.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// Whether responses to AUTH may follow.
    in_login: bool,
    /// The passwords and other responses, oldest first.
    passwords: VecDeque<String>,
    /// The last line, in which a password may have begun.
    wrapped: Wrapped,
    /// Parts of passwords that are too short to be masked everywhere, with the text after them.
    parts: VecDeque<(String, String)>,
}

impl Logins {
    /// Reads a line: in a session, `AUTH PLAIN ...` or a response to 334; otherwise a setting, a command or a URL with
    /// a password.
    pub(super) fn read(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        let secrets = quick_places(line);
        self.read_rest_of_secret(line, &secrets);
        secret_words(line, &secrets).for_each(|word| self.remember(word));
        let line = line.trim();
        let upper = line.to_ascii_uppercase();
        let after_command = upper.find("AUTH ").and_then(|at| line.get(at + 5..)).filter(|_| !is_reply(line));
        if let Some(arguments) = after_command {
            self.in_login = true;
            if let Some(answer) = arguments.split_whitespace().nth(1) {
                self.answer(answer);
            }
        } else if self.in_login && is_reply(line) {
            self.in_login = line.contains("334");
        } else if self.in_login
            && let Some(answer) = line.split_whitespace().last()
        {
            self.answer(answer);
        }
    }

    /// Keeps the part of a secret that began on the line before.
    fn read_rest_of_secret(&mut self, line: &str, secrets: &[Range<usize>]) {
        let Some(part) = self.wrapped.push(line, secrets) else { return };
        let text = line.get(part.range.clone()).unwrap_or_default();
        let after = line.get(part.range.end..).unwrap_or_default();
        let joined = format!("{}{text}", part.first);
        self.answer(&joined);
        if joined.len() < MAX_JOINED {
            self.remember(&joined);
        }
        self.remember(&part.first);
        // What is shown may be masked in part.
        for part in [&part.first, text] {
            let shown = without_secrets(&format!("{part}="));
            self.remember(Some(shown.as_str()).filter(|shown| *shown != MASK).unwrap_or_default());
        }
        if text.len() > SHORTEST && !vocabulary::is_known(&text.to_lowercase()) {
            self.remember(text);
        } else {
            self.parts.push_back((text.to_owned(), after.chars().take(MAX_AFTER).collect()));
            if self.parts.len() > MAX_PASSWORDS {
                self.parts.pop_front();
            }
        }
    }

    /// Keeps the password in a response: the last part of a PLAIN response, or a complete LOGIN response.
    fn answer(&mut self, answer: &str) {
        let answer = answer.trim_matches(['\'', '"']).trim_end_matches("\\r\\n").trim_end_matches('=');
        let Ok(decoded) = STANDARD_NO_PAD.decode(answer) else { return };
        let Ok(text) = String::from_utf8(decoded) else { return };
        self.remember(text.rsplit('\0').next().unwrap_or_default());
    }

    fn remember(&mut self, password: &str) {
        let is_known = || self.passwords.iter().any(|known| known == password);
        if password.len() < SHORTEST || password.chars().any(char::is_control) || is_known() {
            return;
        }
        if self.passwords.len() >= MAX_PASSWORDS {
            self.passwords.pop_front();
        }
        self.passwords.push_back(password.to_owned());
    }

    /// The text, with the passwords and their base64 forms masked.
    pub(super) fn masked(&self, text: &str) -> String {
        // A password may contain another one.
        let mut passwords: Vec<&String> = self.passwords.iter().collect();
        passwords.sort_by_key(|password| std::cmp::Reverse(password.len()));
        let text = passwords.into_iter().fold(text.to_owned(), |text, password| {
            let encoded = STANDARD.encode(password);
            text.replace(&encoded, MASK).replace(encoded.trim_end_matches('='), MASK).replace(password, MASK)
        });
        self.parts.iter().fold(text, |text, (part, after)| without_part(&text, part, after))
    }

    /// Masks the passwords in everything that an explanation copies from its input.
    pub(super) fn mask(&self, explained: &mut Explained) {
        if self.passwords.is_empty() && self.parts.is_empty() {
            return;
        }
        explained.input = self.masked(&explained.input);
        for text in [&mut explained.meaning, &mut explained.cause, &mut explained.otherwise].into_iter().flatten() {
            *text = self.masked_outside_words(text);
        }
        for fix in &mut explained.fixes {
            fix.text = self.masked_outside_words(&fix.text);
            fix.command = fix.command.as_deref().map(|command| self.masked(command));
        }
    }

    /// The sentence of an explanation, masked except in ordinary words: `password` is shown if the password is `word`.
    fn masked_outside_words(&self, text: &str) -> String {
        let masked = |word: &str| {
            if vocabulary::is_known(&word.to_lowercase()) { word.to_owned() } else { self.masked(word) }
        };
        let whole = self.masked(text);
        if whole == text {
            return whole;
        }
        text.split_inclusive(|c: char| !c.is_alphanumeric())
            .map(|part| {
                let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
                masked(word) + part.get(word.len()..).unwrap_or_default()
            })
            .collect()
    }
}

/// The text without the part of a password that begins a line, or follows the first part, which is masked.
fn without_part(text: &str, part: &str, after: &str) -> String {
    let mut text = text.to_owned();
    for between in ["", " ", "\n", "\r\n", "\n ", "=\n"] {
        let end = if after.is_empty() { "\n" } else { after };
        text = text.replace(&format!("{MASK}{between}{part}{end}"), &format!("{MASK}{end}"));
        if let Some(start) =
            text.strip_suffix(part).and_then(|start| start.strip_suffix(between)).filter(|start| start.ends_with(MASK))
        {
            text = start.to_owned();
        }
    }
    match text.strip_prefix(part) {
        Some(rest) if rest.starts_with(after) => format!("{MASK}{rest}"),
        _ => text,
    }
}

/// Whether a line of a session is a reply: a code after an arrow or a time.
fn is_reply(line: &str) -> bool {
    line.split_whitespace().take(4).any(|word| {
        matches!(word.as_bytes(), [b'2'..=b'5', b, c, rest @ ..]
            if b.is_ascii_digit() && c.is_ascii_digit() && matches!(rest, [] | [b'-', ..]))
    })
}

#[cfg(test)]
mod tests {
    use super::Logins;

    #[test]
    fn the_password_of_each_kind_of_session_is_masked_in_the_reply() {
        for session in [
            "AUTH PLAIN AGpvZQBTM2NyZXQ=",
            " -> AUTH PLAIN AGpvZQBTM2NyZXQ=",
            "> AUTH PLAIN AGpvZQBTM2NyZXQ=",
            "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: am9l\nS: 334 UGFzc3dvcmQ6\nC: UzNjcmV0",
            " -> AUTH LOGIN\n<-  334 VXNlcm5hbWU6\n -> am9l\n<-  334 UGFzc3dvcmQ6\n -> UzNjcmV0",
            "AUTH PLAIN\n334 \nAGpvZQBTM2NyZXQ=",
        ] {
            let mut logins = Logins::default();
            session.lines().for_each(|line| logins.read(line.as_bytes()));
            let masked = logins.masked("535 5.7.8 failed: S3cret UzNjcmV0");
            assert_eq!(masked, "535 5.7.8 failed: *** ***", "{session}");
        }
    }

    #[test]
    fn the_password_of_settings_commands_and_urls_is_masked_in_the_reply() {
        for line in [
            "password=hunter",
            "password: hunter",
            "  pass: hunter",
            "swaks --auth-password hunter --server mx.example.com",
            "smtps://joe:hunter@mx.example.com",
        ] {
            let mut logins = Logins::default();
            logins.read(line.as_bytes());
            assert_eq!(logins.masked("535 5.7.8 failed: hunter"), "535 5.7.8 failed: ***", "{line}");
        }
    }

    #[test]
    fn lines_without_a_login_contain_no_password_to_mask() {
        let mut logins = Logins::default();
        for line in ["250-AUTH PLAIN LOGIN", "AUTH PLAIN", "535 5.7.8 failed", "failed", "535 wrong password: failed"] {
            logins.read(line.as_bytes());
        }
        assert_eq!(logins.masked("535 5.7.8 failed"), "535 5.7.8 failed");
    }
}
