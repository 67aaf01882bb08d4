//! Finds passwords, tokens and API keys that no `=` or `:` follows: in a sentence (`using password "..."`), in a list or
//! call (`("password", "...")`, `setPassword("...")`), and in pairs of a name and a value
//! (`<add key="smtpPassword" value="..."/>`).

use std::ops::Range;

use super::secret_commands::passwords_in_commands;
use super::secret_places::{
    is_long_name, is_name, is_reply, marked_secrets, quoted, separator, shifted, value_after, words,
};

/// The number of words after the name in which a secret is expected: `password for user ann: ...`.
const WORDS: usize = 4;

/// If one of these words precedes it, a word names a person or a machine, not a secret.
const OF_OTHERS: [&str; 13] =
    ["account", "as", "at", "by", "for", "from", "host", "id", "in", "of", "to", "user", "username"];

/// The positions of the secrets in a text that no line break divides, in order.
pub(super) fn places_in_line(text: &str) -> Vec<Range<usize>> {
    let mut ranges = marked_secrets(text);
    passwords_in_commands(text, &mut ranges);
    secrets_without_sign(text, &mut ranges);
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges
}

/// The secrets whose names are not followed by a sign. `ranges` are those found so far.
fn secrets_without_sign(text: &str, ranges: &mut Vec<Range<usize>>) {
    let known = ranges.len();
    for (start, word) in words(text) {
        let end = start + word.len();
        let is_found = |range: &Range<usize>| start < range.end && range.start < end;
        if ranges.iter().take(known).any(is_found) || word.starts_with('-') {
            continue;
        }
        let Some(rest) = text.get(end..) else { continue };
        let found = if is_name(word) {
            argument(rest).or_else(|| value_of_pair(rest)).or_else(|| {
                // A name with a sign after it was read as a setting.
                // `spf=pass`: a short name is more often a result.
                let is_result = text.get(..start).is_some_and(|before| before.ends_with('='));
                let limit = if is_long_name(word) { WORDS } else { 1 };
                (separator(rest).is_none() && !is_result).then(|| word_in_sentence(rest, limit)).flatten()
            })
        } else if word.eq_ignore_ascii_case("auth") {
            second_of_pair(rest)
        } else if word.eq_ignore_ascii_case("static") {
            of_static_map(rest)
        } else if word.eq_ignore_ascii_case("value") {
            value_of_line(text.get(..start).unwrap_or_default(), rest)
        } else {
            None
        };
        ranges.extend(found.map(|range| shifted(range, end)));
    }
}

/// The quoted text after `(` or `, `: `setPassword("...")`, `("password", "...")`.
fn argument(rest: &str) -> Option<Range<usize>> {
    let after = rest.trim_start_matches(['\\', '"', '\'', '`']);
    let value = after.strip_prefix(['(', ','])?.trim_start_matches([' ', '\t', 'b']);
    let at = rest.len() - value.len();
    let inside = quoted(value)?;
    let is_text = value.get(inside.clone()).is_some_and(is_reply);
    (!is_text).then(|| shifted(inside, at))
}

/// The value of a pair whose name is this word: `" value="..."`, `","value":"..."`.
fn value_of_pair(rest: &str) -> Option<Range<usize>> {
    let after = rest.trim_start_matches(['\\', '"', '\'', ',', ' ', '\t', '\r', '\n']);
    let is_value = after.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("value"));
    let value = after.get(5..).filter(|_| is_value)?;
    let (at, kind) = separator(value)?;
    let from = rest.len() - value.len() + at;
    Some(shifted(value_after(rest.get(from..)?, kind), from))
}

/// A line that contains only a value, which the line before it names: `- name: SMTP_PASSWORD`, `  value: "..."`.
fn value_of_line(before: &str, rest: &str) -> Option<Range<usize>> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let is_alone =
        line.trim_start_matches([' ', '\t', '"', '\'', '-', '{']).is_empty() && line.starts_with([' ', '\t']);
    let (at, kind) = separator(rest).filter(|_| is_alone)?;
    Some(shifted(value_after(rest.get(at..)?, kind), at))
}

/// The second text in parentheses or brackets: `auth=("ann", "...")`, `auth: ['ann', '...']`.
fn second_of_pair(rest: &str) -> Option<Range<usize>> {
    let list = rest.trim_start_matches([' ', '"', '\'', ':', '=', '>']).strip_prefix(['(', '['])?;
    let first = quoted(list.trim_start())?;
    let after = list.trim_start().get(first.end..)?.trim_start_matches(['"', '\'', ' ', '\t']);
    let second = after.strip_prefix(',')?.trim_start();
    Some(shifted(quoted(second)?, rest.len() - second.len()))
}

/// A login in the configuration of Postfix: `static:ann:...`.
fn of_static_map(rest: &str) -> Option<Range<usize>> {
    let login = rest.strip_prefix(':')?;
    let login = login.get(..login.find([' ', '\t', '\r', '\n', ',', '"', '\'']).unwrap_or(login.len()))?;
    let (user, password) = login.split_once(':').filter(|(user, _)| !user.is_empty() && !user.starts_with('['))?;
    let from = rest.len() - rest.strip_prefix(':')?.len() + user.len() + 1;
    Some(from..from + password.len())
}

/// The first of some words after the name that is quoted or cannot be a word of a sentence.
fn word_in_sentence(rest: &str, limit: usize) -> Option<Range<usize>> {
    let line = rest.get(..rest.find(['\n', '\r']).unwrap_or(rest.len()))?;
    // Other signs end the sentence or the value in which the name occurs.
    let begin = line.trim_start_matches(['|', ']']);
    if !(begin.len() < line.len() || begin.starts_with([' ', '\t'])) {
        return None;
    }
    let mut place = line.len() - begin.len();
    let mut previous = "";
    for _ in 0..limit {
        let after = line.get(place..)?;
        let next = after.trim_start_matches([' ', '\t', '(', ')', ':', '|']);
        place += after.len() - next.len();
        if next.starts_with(['"', '\'', '`', '“', '„', '«']) {
            let inside = quoted(next)?;
            let is_secret = next.get(inside.clone()).is_some_and(|value| !value.contains(' ') && !is_reply(value));
            return is_secret.then(|| shifted(inside, place));
        }
        let end = next.find([' ', '\t', '|', ')']).unwrap_or(next.len());
        let word = next.get(..end)?;
        let value = word.trim_end_matches([',', ';', ':', '.', '!', '?']);
        if is_like_secret(value) && !OF_OTHERS.iter().any(|other| previous.eq_ignore_ascii_case(other)) {
            return Some(place..place + value.len());
        }
        if word.is_empty() || word.ends_with(['.', '!', '?', ';']) || is_reply(next) {
            return None;
        }
        place += end;
        previous = value.trim_end_matches(':');
    }
    None
}

/// Whether a word has letters and either digits or signs that words do not have, and is no address, host name or
/// setting.
fn is_like_secret(word: &str) -> bool {
    let has = |test: fn(char) -> bool| word.contains(test);
    let is_host = word.contains('.') && !has(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c)));
    word.len() >= 6
        && has(|c| c.is_alphabetic())
        && has(|c| c.is_ascii_digit() || "!#$%^&*+~".contains(c))
        && !has(|c| "@=<>[]/\\".contains(c))
        && !is_host
}
