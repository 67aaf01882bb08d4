//! Finds secrets that a terminal, a mail client or an encoder broke over several lines: `password=corr`, then
//! `ecthorse`, or a long login in base64.
//!
//! The parts of the secret are masked where they are shown. The lines themselves are not joined, so the masks do not
//! change what the lines mean. A line that follows a secret may also be unrelated, so a word that is common in replies
//! is not masked.

use std::ops::Range;

use super::failures;
use super::secret_places::{is_mixed, is_reply, is_setting, is_text_in_base64, may_contain_secret};
use super::secret_sentences::places_in_line;
use crate::lexicon::{mechanisms, vocabulary};

/// The most bytes of the lines before that are kept. A login in base64 that is longer is recognised by its beginning.
const MAX_KEPT: usize = 1000;
/// The bytes on both sides of a line break in which a name is searched that the line break divides.
const NAME: usize = 16;
/// The most bytes of the beginning of a line by which a repeated beginning is recognised.
const MAX_START: usize = 120;
/// The signs that mail clients and programs write before the rest of a broken line.
const SIGNS: [char; 5] = [' ', '\t', '>', '|', '+'];
/// Lines that share a beginning of this length are lines of one log.
const MIN_SHARED: usize = 8;
/// The prompts of AUTH LOGIN in base64, which logs of servers repeat.
const PROMPTS: [&str; 2] = ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"];
/// The most bytes of a line before and in the time at which it was written.
const MAX_TIME: usize = 40;
/// Words that begin lines after a secret, and that servers do not send.
const BEGINNINGS: [&str; 8] = ["traceback", "exception", "caused", "stack", "started", "starting", "debug", "info"];

/// The end of the lines that were read, in which a secret may have begun.
#[derive(Debug, Default)]
pub(super) struct Wrapped {
    /// The last line, with the earlier parts of a secret that it continues.
    before: String,
    /// The number of bytes of the last line, without what a mail client or a log writes before it.
    width: usize,
    /// The beginning of the last line.
    start: String,
    /// Whether a secret reaches the end of the last line.
    is_open: bool,
}

/// The part of a secret that begins a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its position in the line.
    pub(super) range: Range<usize>,
    /// The part of the secret on the lines before.
    pub(super) first: String,
}

impl Wrapped {
    /// Takes a line without its line ending, with the positions of the secrets in it, and returns the part of a secret
    /// that it continues.
    pub(super) fn push(&mut self, line: &str, secrets: &[Range<usize>]) -> Option<Part> {
        let part = self.part(line);
        let reaches_end = |text: &str, end: usize| without_sign(text.get(end..).unwrap_or_default()).is_empty();
        let continues = part.as_ref().is_some_and(|part| reaches_end(line, part.range.end));
        // Lines of the same width, and lines with a sign at the end, are parts of one line.
        let width = line.trim_start_matches(SIGNS).trim_end_matches('\r').len();
        let is_broken = width == self.width && width > 4 || has_sign(&self.before);
        if continues || is_broken {
            let most = part.as_ref().map_or(line.len(), |part| part.range.start);
            let start = self.starts(line).into_iter().find(|start| *start <= most).unwrap_or(0);
            if has_sign(&self.before) {
                self.before.pop();
            } else if self.before.ends_with(['"', '\'']) {
                self.before.truncate(without_sign(&self.before).len());
            }
            self.before.push_str(line.get(start..).unwrap_or_default().trim_end_matches('\r'));
            let may_be_open = || may_contain_secret(&self.before);
            let ends_open = || places_in_line(&self.before).iter().any(|range| reaches_end(&self.before, range.end));
            self.is_open = continues || may_be_open() && ends_open();
        } else {
            line.trim_end_matches('\r').clone_into(&mut self.before);
            self.is_open = secrets.iter().any(|range| reaches_end(line, range.end));
        }
        if self.before.len() > MAX_KEPT {
            let kept = if self.is_open { start_of(&self.before, MAX_KEPT) } else { end_of(&self.before, MAX_KEPT) };
            self.before = kept.to_owned();
        }
        self.width = width;
        start_of(line, MAX_START).clone_into(&mut self.start);
        part
    }

    /// The part of a secret that a line continues. Most lines of a log continue none, so quick tests come first.
    fn part(&self, line: &str) -> Option<Part> {
        if self.before.is_empty() || line.is_empty() {
            return None;
        }
        let before = without_sign(&self.before);
        let last = last_token(before);
        let is_base64 = last.len() >= 6 && is_mixed(last) && !PROMPTS.contains(&last);
        let divides_name = || {
            let window = [end_of(before, NAME), start_of(line.trim_start_matches(SIGNS), NAME)].concat();
            may_contain_secret(&window)
        };
        let may_have_name =
            self.is_open || is_response(before) || last_word(&self.before).contains("://") || divides_name();
        // A line with a time is a line of its own, unless the log writes the time before each part.
        let is_part = || {
            let rest = self.shared(line).and_then(|shared| line.get(shared..)).unwrap_or_default().trim();
            !rest.is_empty() && (is_base64 || !rest.contains(' '))
        };
        let is_own = || failures::has_time(start_of(line, MAX_TIME)) && !is_part();
        let is_prompt = || self.before.split_whitespace().take(3).any(|word| word == "334");
        if !(may_have_name || is_base64) || is_own() || is_prompt() {
            return None;
        }
        let starts = self.starts(line);
        let named = if may_have_name { self.named(line, &starts) } else { None };
        named.or_else(|| self.unnamed(line, &starts)).or_else(|| self.remainder(line, &starts))
    }

    /// The part of a value whose name shows that it is a secret.
    fn named(&self, line: &str, starts: &[usize]) -> Option<Part> {
        let tails = [without_sign(&self.before), self.before.as_str()];
        let is_same = tails.first() == tails.last();
        let tails = tails.get(usize::from(is_same)..).unwrap_or_default();
        let pairs = || tails.iter().flat_map(|tail| starts.iter().map(move |start| (*tail, *start)));
        let found = pairs().find_map(|(tail, start)| self.across(tail, "", line, start));
        found.or_else(|| {
            let is_value = |tail: &str| {
                let last = last_word(tail);
                tail.ends_with([':', '=', '>'])
                    || last.eq_ignore_ascii_case("bearer")
                    || last.starts_with('-')
                    || mechanisms::find(last).is_some()
            };
            pairs().filter(|(tail, _)| is_value(tail)).find_map(|(tail, start)| self.across(tail, " ", line, start))
        })
    }

    /// The part of a login in base64 that has no name before it.
    fn unnamed(&self, line: &str, starts: &[usize]) -> Option<Part> {
        let tails = [without_sign(&self.before), self.before.as_str()];
        let mut pairs = tails.iter().flat_map(|tail| starts.iter().map(move |start| (*tail, *start)));
        pairs.find_map(|(tail, start)| {
            let rest = start_of(line.get(start..)?, MAX_KEPT);
            let part = rest.get(..first_word(rest))?.trim_end_matches(|c: char| !is_base64_sign(c));
            let part = part.split(|c: char| !is_base64_sign(c)).next()?;
            let token = format!("{}{part}", last_token(tail));
            (is_possible(part) && part.len() < token.len() && is_text_in_base64(&token))
                .then(|| Part { range: start..start + part.len(), first: last_token(tail).to_owned() })
        })
    }

    /// The part of a secret in the line, if both lines are joined at these places.
    fn across(&self, tail: &str, separator: &str, line: &str, start: usize) -> Option<Part> {
        let rest = line.get(start..)?;
        let rest = start_of(rest, MAX_KEPT);
        let joined = format!("{tail}{separator}{rest}");
        let at = tail.len() + separator.len();
        let word = first_word(rest);
        let is_here = |range: &Range<usize>| range.end > at && range.start < at + word.max(1) + 2 * NAME;
        let known = places_in_line(rest);
        let is_new = |range: &Range<usize>| {
            range.start < at
                || !known.iter().any(|known| (known.start + at, known.end + at) == (range.start, range.end))
        };
        for range in places_in_line(&joined).into_iter().filter(is_here).filter(is_new) {
            let from = range.start.max(at) - at;
            let inside = rest.get(from..range.end - at)?;
            let mut end = from + groups_of_four(tail, inside).unwrap_or_else(|| first_word(inside));
            // `Authorization: Bea`, then `rer ...`
            let scheme = joined.get(range.start..at + end).unwrap_or_default();
            if ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
                end += rest.get(end..).map_or(0, |rest| 1 + first_word(rest.get(1..).unwrap_or_default()));
            }
            let end = end.min(rest.len());
            let part = rest.get(from..end)?;
            // The name of a value, or a URL, that the line break divides.
            let is_divided = range.start > at && separator.is_empty();
            // The sign after the secret shows where it ends.
            let (before, after) = (joined.get(..range.start)?, joined.get(range.end..)?);
            let is_enclosed = after.starts_with('@') || before.ends_with(['"', '\'']) && after.starts_with(['"', '\'']);
            let begins = joined.get(..at).unwrap_or_default();
            let token = format!("{}{}", last_token(begins), part.trim_end_matches(|c: char| !is_base64_sign(c)));
            let is_base64 = || is_text_in_base64(&token) && is_possible(part);
            if !part.is_empty() && (is_divided || is_enclosed || is_base64() || is_plausible(rest, part)) {
                let first = joined.get(range.start..tail.len()).unwrap_or_default();
                return Some(Part { range: start + from..start + end, first: last_word(first).to_owned() });
            }
        }
        None
    }

    /// A line in the middle or at the end of a long secret consists of one word.
    fn remainder(&self, line: &str, starts: &[usize]) -> Option<Part> {
        let is_one_word = |rest: &str| !rest.is_empty() && !rest.contains(char::is_whitespace);
        let start =
            *starts.iter().find(|start| line.get(**start..).is_some_and(|rest| is_one_word(rest.trim_end())))?;
        let rest = line.get(start..)?.trim_end();
        let part = without_sign(rest);
        let is_part = self.is_open && is_plausible(rest, part);
        is_part.then(|| Part { range: start..start + part.len(), first: last_token(&self.before).to_owned() })
    }

    /// The positions in a line at which the rest of a secret may begin: after the signs of quoted text or of a session,
    /// and after the beginning that both lines share, as the lines of a log do.
    fn starts(&self, line: &str) -> Vec<usize> {
        let trimmed = line.trim_start_matches(SIGNS);
        let trimmed = ["C: ", "-> ", "~> "].iter().find_map(|sign| trimmed.strip_prefix(sign)).unwrap_or(trimmed);
        let unquoted = trimmed.strip_prefix('b').filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(trimmed);
        let unquoted = unquoted.trim_start_matches(['"', '\'', '`']);
        let first = line.len() - unquoted.len();
        let shared = self.shared(line);
        let only_shared = shared.is_some_and(|shared| shared >= MIN_SHARED);
        // After such a sign, a space at the beginning is part of the text.
        let raw = (first > 0 && has_sign(&self.before) && line.starts_with(' ')).then_some(0);
        raw.into_iter().chain(shared).chain(Some(first).filter(|_| !only_shared)).collect()
    }

    /// The length of the beginning that both lines share. It ends with a space.
    fn shared(&self, line: &str) -> Option<usize> {
        // The times in the lines of a log differ.
        let is_same = |(one, other): &(u8, u8)| one == other || one.is_ascii_digit() && other.is_ascii_digit();
        let shared = self.start.bytes().zip(line.bytes()).take_while(is_same).count();
        let blank = line.as_bytes().get(..shared)?.iter().rposition(|byte| *byte == b' ')?;
        (blank + 1 > line.len() - line.trim_start().len()).then_some(blank + 1)
    }
}

/// Whether a line ends with a command to log in and the beginning of its response: `AUTH PLAIN AGF`.
fn is_response(line: &str) -> bool {
    let mut words = line.rsplit(' ').take(3);
    let (_, mechanism, command) = (words.next(), words.next(), words.next());
    command.is_some_and(|word| word.eq_ignore_ascii_case("auth") || word.ends_with("'AUTH"))
        && mechanism.is_some_and(|word| mechanisms::find(word).is_some())
}

/// Whether a word can be part of base64, and is no ordinary word.
fn is_possible(part: &str) -> bool {
    !part.is_empty() && !vocabulary::is_known(&part.to_lowercase())
}

/// Whether a word at the beginning of a line can be the rest of a secret.
fn is_plausible(rest: &str, part: &str) -> bool {
    let word = part.trim_matches(|c: char| c.is_ascii_punctuation());
    let is_time = rest.split_whitespace().next().is_some_and(|first| {
        let signs = first.bytes().filter(|byte| matches!(byte, b':' | b'-' | b'/')).count();
        signs >= 2 && first.bytes().all(|byte| byte.is_ascii_digit() || b":-/.,TZ+[]".contains(&byte))
    });
    let value = rest.split_once(['=', ':']).map_or("", |(_, value)| value.trim_start_matches('='));
    let is_next_setting = is_setting(rest) && !value.trim().is_empty();
    let lower = word.to_lowercase();
    let is_ordinary =
        vocabulary::is_known(&lower) || BEGINNINGS.contains(&lower.as_str()) || part.ends_with(':') && !is_mixed(word);
    let is_bracket = part.starts_with(['}', ']', ')', '<', '{', '[', '-']) && word.len() < 4;
    !(is_reply(rest) || is_time || is_next_setting || is_ordinary || is_bracket)
}

/// The parts of a text between line breaks, which may be escaped, and their positions.
pub(super) fn pieces(text: &str) -> Vec<(usize, &str)> {
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(rest) = text.get(at..) {
        let Some(found) = rest.find(['\n', '\r', '\\']) else { break };
        let here = rest.get(found..).unwrap_or_default();
        let sign = ["\\r\\n", "\r\n", "\n", "\r", "\\n"].iter().find(|sign| here.starts_with(**sign));
        at += found + sign.map_or(1, |sign| sign.len());
        if let Some(sign) = sign {
            pieces.push((from, text.get(from..at - sign.len()).unwrap_or_default()));
            from = at;
        }
    }
    pieces.push((from, text.get(from..).unwrap_or_default()));
    pieces
}

/// The text without the sign that continues a line: `=` of quoted-printable, `\` of a shell, or the end of a string
/// that the next line continues.
fn without_sign(text: &str) -> &str {
    let text = text.trim_end();
    let unquoted = text.trim_end_matches([' ', '+', '.', '\\', ',']).trim_end_matches(['"', '\'', '`']);
    if unquoted.len() < text.len() && text.contains(['"', '\'', '`', '\\']) {
        return unquoted;
    }
    match text.strip_suffix('=') {
        Some(before) if !before.ends_with('=') => before,
        _ => text,
    }
}

/// Whether a line ends with a sign that only a broken line has.
fn has_sign(line: &str) -> bool {
    line.ends_with('\\') || line.len() - line.trim_end_matches('=').len() == 1
}

/// An app password of Google consists of four groups of four letters, which a mail client may break between the groups.
fn groups_of_four(tail: &str, inside: &str) -> Option<usize> {
    let is_group = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !tail.rsplit([' ', '=', ':', '"', '\'']).next().is_some_and(is_group) {
        return None;
    }
    let groups = inside.split(' ').take_while(|word| is_group(word)).take(3).count();
    (groups > 0).then(|| (groups * 5 - 1).min(inside.len()))
}

fn first_word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || c.is_control()).unwrap_or(text.len())
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// The last characters of the text that can be part of base64.
fn last_token(text: &str) -> &str {
    text.rsplit(|c: char| !is_base64_sign(c)).next().unwrap_or_default()
}

fn is_base64_sign(c: char) -> bool {
    c.is_ascii() && is_of_base64(c as u8)
}

fn is_of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
}

fn start_of(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn end_of(text: &str, most: usize) -> &str {
    let from = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    text.get(from.unwrap_or(0)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::logins::Logins;
    use super::super::secrets::without_secrets;
    use super::pieces;

    /// A text in two lines as it may be shown: as one text, and line by line with what was read before.
    fn shown(text: &str) -> String {
        let mut logins = Logins::default();
        text.lines().for_each(|line| logins.read(line.as_bytes()));
        let lines: Vec<String> = text.lines().map(|line| logins.masked(&without_secrets(line))).collect();
        let joined = logins.masked(&without_secrets(&text.lines().collect::<Vec<_>>().join(" ")));
        format!("{}\n{}\n{joined}", lines.join("\n"), logins.masked(&without_secrets(text)))
    }

    /// The longest part of the secret, or of its base64 form, that is shown.
    fn leak(shown: &str, secret: &str) -> Option<String> {
        let parts = (0..secret.len().saturating_sub(3)).filter_map(|at| secret.get(at..at + 4));
        { parts }.find(|part| shown.contains(part)).map(str::to_owned)
    }

    const SECRETS: [&str; 4] = ["Qx7wZu9fKj2vTg", "qzxkjvwqpfgh", "Qx7w!Zu9f$Kj2v", "Zq9Vx4Kw8Jf3Qx7wZu9fKj2vTgPq5Zr"];

    #[test]
    fn a_broken_password_is_masked_wherever_it_is_broken() {
        for form in [
            "a failure of a new kind with password=SECRET happened",
            "a failure of a new kind with password=\"SECRET\" happened",
            "a failure of a new kind {\"password\": \"SECRET\", \"port\": 587}",
            "a failure of a new kind: smtp://ann:SECRET@smtp.example.com:587 is broken",
            "tool --auth-password SECRET failed",
            "smtp.login('ann@example.com', 'SECRET') failed",
            "Nov 30 11:20:31 host tool[12]: fatal: password: SECRET",
        ] {
            for secret in SECRETS {
                let start = form.find("SECRET").expect("a secret");
                let text = form.replace("SECRET", secret);
                for at in 1..secret.len() {
                    for sign in ["\n", "=\n", "\\\n", "\r\n ", "\n> ", "\\n", "\\r\\n"] {
                        let (before, after) = text.split_at(start + at);
                        let broken = format!("{before}{sign}{after}");
                        let shown = shown(&broken);
                        assert_eq!(leak(&shown, secret), None, "{broken:?} is shown as {shown:?}");
                        assert!(!form.ends_with("failed") || shown.contains("failed"), "{shown:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_broken_login_in_base64_is_masked_wherever_it_is_broken() {
        use base64::Engine;
        for secret in SECRETS {
            let login = base64::engine::general_purpose::STANDARD.encode(format!("\0ann@example.com\0{secret}"));
            for form in
                ["a failure of AUTH PLAIN SECRET happened", "C: AUTH PLAIN SECRET", "bad command 'SECRET' failed"]
            {
                let start = form.find("SECRET").expect("a secret");
                let text = form.replace("SECRET", &login);
                for at in 8..login.len() - 1 {
                    for sign in
                        ["\n", "=\n", "\\\n", "\r\n ", "\n> ", "\nC: ", "'\n  b'", "\" +\n  \"", "\\n", "\\r\\n"]
                    {
                        let (before, after) = text.split_at(start + at);
                        let broken = format!("{before}{sign}{after}");
                        let shown = shown(&broken);
                        let secret = login.get(20..).unwrap_or_default();
                        assert_eq!(leak(&shown, secret), None, "{broken:?} is shown as {shown:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_login_on_many_lines_is_masked() {
        use base64::Engine;
        let token = "Qx7wZu9fKj2vTg".repeat(60);
        let login = format!("user=ann@example.com\u{1}auth=Bearer {token}\u{1}\u{1}");
        let encoded = base64::engine::general_purpose::STANDARD.encode(login);
        for width in [40, 57, 64, 76, 79] {
            for prefix in ["", "> ", "Nov 30 11:20:31 host tool[12]: "] {
                let lines: Vec<&str> = (0..encoded.len())
                    .step_by(width)
                    .filter_map(|at| encoded.get(at..encoded.len().min(at + width)))
                    .collect();
                let text = format!(
                    "{prefix}failed: AUTH XOAUTH2 {}\n{prefix}and then it failed",
                    lines.join(&format!("\n{prefix}"))
                );
                let shown = shown(&text);
                assert_eq!(leak(&shown, encoded.get(40..).unwrap_or_default()), None, "{text} is shown as {shown}");
                assert!(shown.contains("and then it failed"), "{shown}");
            }
        }
    }

    #[test]
    fn a_broken_login_after_prompts_is_masked() {
        for session in [
            "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: am9l\nS: 334 UGFzc3dvcmQ6\nC: UXg3d1p\n1OWZLajJ2VGc=\nS: 535 5.7.8 failed",
            "AUTH PLAIN\n334 \nAGpvZQBReDd3\nWnU5ZktqMnZUZw==\n535 5.7.8 failed",
            "AUTH PLAIN\n334 \nAGpvZQBReDd3W\nnU5ZktqMnZUZw==\n535 5.7.8 failed",
        ] {
            let shown = shown(&format!("{session}: Qx7wZu9fKj2vTg UXg3d1p1OWZLajJ2VGc="));
            for part in ["Qx7w", "fKj2", "Zktq", "LajJ2", "OWZL", "UXg3", "ReDd"] {
                assert!(!shown.contains(part), "{part}: {session} is shown as {shown}");
            }
            assert!(shown.contains("535 5.7.8 failed"), "{shown}");
        }
    }

    #[test]
    fn a_login_whose_first_line_is_short_is_masked() {
        use base64::Engine;

        let encoded = base64::engine::general_purpose::STANDARD.encode("\0ann\0topsecretword");
        for width in 1..=6 {
            let (first, rest) = encoded.split_at(width);
            let shown = shown(&format!("C: AUTH PLAIN {first}\n{rest}\nS: 535 5.7.8 failed"));
            assert!(!shown.contains(rest) && shown.contains("535 5.7.8 failed"), "{shown}");
        }
    }

    #[test]
    fn lines_after_a_secret_are_not_masked() {
        for next in [
            "Error: connection refused",
            "535 5.7.8 Error: authentication failed",
            "failed to connect",
            "host: smtp.example.com",
            "SMTP_PORT=587",
            "2025-11-30 11:20:31 connection refused",
            "11:20:31 -> EHLO me",
            "}",
            "Connection closed by foreign host",
            "S: 535 5.7.8 no",
        ] {
            for first in ["password=Qx7wZu9f", "AUTH PLAIN AGpvZQBReDd3WnU5Zg==", "  \"pass\": \"Qx7wZu9f\""] {
                let text = format!("{first}\n{next}");
                assert!(without_secrets(&text).ends_with(next), "{}", without_secrets(&text));
                let shown = shown(&text);
                assert!(shown.lines().nth(1).is_some_and(|line| line == next), "{shown}");
            }
        }
    }

    #[test]
    fn escaped_line_breaks_divide_a_text() {
        let text = "a\\r\\nb\nc\\nd\\te";
        assert_eq!(pieces(text), [(0, "a"), (5, "b"), (7, "c"), (10, "d\\te")]);
    }
}
