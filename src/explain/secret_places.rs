//! Finds passwords, tokens and API keys that a sign (`password=...`), a command or their own form shows, in a text that
//! no line break divides.
//!
//! Text that may be a secret also counts. [`super::secret_commands`] adds those in commands of mail clients,
//! [`super::secret_sentences`] adds secrets without such a sign,
//! [`super::wrapped`] finds secrets that line breaks divide, and [`super::secrets`] masks them all.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::lexicon::{mechanisms, vocabulary};

/// If the name of a setting, without `_` and `-`, ends with one of these words, its value is a secret.
pub(super) const NAMES: [&str; 37] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "contraseña",
    "senha",
    "wachtwoord",
    "hasło",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
    "passe",
    "parola",
    "şifre",
    "heslo",
    "jelszó",
    "adgangskode",
    "lösenord",
    "passord",
    "salasana",
    "passwordeval",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "credential",
    "credentials",
    "authorization",
    "authpw",
];

/// Short words that must be a separate word in the name: `smtp_pass`, `smtpPass`, `--pw`.
pub(super) const SHORT_NAMES: [&str; 3] = ["pass", "pw", "pin"];

/// The search for the name of a value, or for the value of a name, covers at most this many bytes before or after it. The
/// limit keeps the time for long texts linear.
const NEAR: usize = 1000;

/// Beginnings of tokens and keys that providers issue.
const TOKENS: [&str; 23] = [
    "eyJ",
    "ya29.",
    "1//0",
    "GOCSPX-",
    "AIza",
    "SG.",
    "key-",
    "xkeysib-",
    "xsmtpsib-",
    "re_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_",
    "sk-",
    "md-",
    "EwB",
    "M.C",
    "TlRMTVNTUAAD",
];

/// Calls whose second argument is a password.
pub(super) const CALLS: [&str; 8] = [
    "login(",
    "authenticate(",
    "authenticateasync(",
    "plainauth(",
    "networkcredential(",
    "credentials::new(",
    "credential(",
    "passwordauthentication(",
];

/// Text with a secret contains one of these, or a non-ASCII character. Few lines of a log contain any of them.
const STEMS: [&str; 27] = [
    "pass",
    "pw",
    "pin",
    "wort",
    "senha",
    "wachtwoord",
    "parola",
    "heslo",
    "adgangskode",
    "salasana",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "value",
    "static:",
    "login(",
    "bearer",
    "basic",
    "://",
    "-user ",
    " -u ",
    " -ap ",
    " -xp ",
    " -w ",
    " -p ",
];

static QUICK: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(STEMS);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

/// A quick test, because most lines of a log contain no secret.
pub(super) fn may_contain_secret(text: &str) -> bool {
    !text.is_ascii() || QUICK.is_match(text) || has_login(text)
}

/// Whether a colon precedes an `@` in the same word: `ann:...@smtp.example.com`.
fn has_login(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before = text.as_bytes().get(..at).unwrap_or_default().iter().rev();
        let word = before.take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'<' | b'"' | b'\''));
        word.into_iter().any(|byte| *byte == b':')
    })
}

/// The positions of secrets that a sign, a command or their own form shows, in no order.
pub(super) fn marked_secrets(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    values_of_settings(text, &mut ranges);
    passwords_in_urls(text, &mut ranges);
    commands_and_tokens(text, &mut ranges);
    arguments_of_calls(text, &mut ranges);
    ranges
}

/// `password=...`, `"pass": "..."`, `'smtp_pass' => '...'`, `<password>...</password>`, `--password ...`.
fn values_of_settings(text: &str, ranges: &mut Vec<Range<usize>>) {
    for (start, word) in words(text) {
        // A word in a value is not a name, so it is not read again.
        if ranges.last().is_some_and(|last| start < last.end) {
            continue;
        }
        let end = start + word.len();
        let rest = text.get(end..).unwrap_or_default();
        let before = text.get(..start).unwrap_or_default();
        if word.starts_with('-') {
            let name = word.trim_start_matches('-');
            if let Some(value) = rest.strip_prefix([' ', '=']) {
                if is_name(name) || matches!(name, "xp" | "ap") {
                    ranges.push(shifted(first_word(value), end + 1));
                } else if matches!(name, "u" | "user" | "proxy-user")
                    && let Some((user, _)) = value.get(first_word(value)).and_then(|user| user.split_once(':'))
                {
                    let at = end + 1 + first_word(value).start;
                    ranges.push(at + user.len() + 1..end + 1 + first_word(value).end);
                }
            }
        }
        if !is_name(word.trim_start_matches('-')) {
            continue;
        }
        if let Some((at, separator)) = separator(rest) {
            let value = text.get(end + at..).unwrap_or_default();
            ranges.push(shifted(value_after(value, separator), end + at));
        } else if is_word_of_netrc(before, rest) {
            ranges.push(shifted(first_word(rest), end));
        }
    }
}

/// The words of the text with their positions. A word may contain `_` and `-`.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.split(move |c: char| !is_part(c)).filter(|word| !word.is_empty()).map(move |word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        (at, word.trim_end_matches('-'))
    })
}

/// Whether a name ends like the name of a setting whose value is a secret.
pub(super) fn is_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    if is_long(&plain) {
        return true;
    }
    SHORT_NAMES.iter().any(|short| {
        let Some(before) = plain.strip_suffix(short) else { return false };
        let at = name.len() - short.len();
        let starts_with_capital = name.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase);
        let follows_lower =
            at.checked_sub(1).and_then(|at| name.as_bytes().get(at)).is_some_and(u8::is_ascii_lowercase);
        before.is_empty()
            || name.get(..at).is_some_and(|before| before.ends_with(['_', '-']))
            || starts_with_capital && follows_lower
            || ["smtp", "mail", "auth", "user", "db", "sasl", "email", "login"]
                .iter()
                .any(|word| before.ends_with(word))
    })
}

/// Whether a name ends with one of the [`NAMES`].
pub(super) fn is_long_name(name: &str) -> bool {
    is_long(&name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect::<String>())
}

fn is_long(plain: &str) -> bool {
    NAMES.iter().any(|end| plain.ends_with(end))
}

/// The separator between a name and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `=` without spaces: the value is one word.
    Tight,
    /// `:`, `=>`, or `=` with spaces: the value may have several words.
    Loose,
    /// `<password>`: the value ends with the next tag.
    Tag,
}

/// The separator after a name, and where the value begins.
pub(super) fn separator(rest: &str) -> Option<(usize, Separator)> {
    const SIGNS: [&str; 9] = ["=>", ":=", "==", "=", ":", "：", "%3D", "%3d", "%3A"];
    // `<password>...` and `<entry key="password">...`.
    if let Some(value) = rest.trim_start_matches(['"', '\'']).strip_prefix('>') {
        return Some((rest.len() - value.len(), Separator::Tag));
    }
    let after_name = rest.trim_start_matches(['\\', '"', '\'', '`', ']', ')', '*']);
    let after_space = after_name.trim_start_matches([' ', '\t']);
    let sign = SIGNS.iter().find(|sign| after_space.starts_with(**sign))?;
    let after_sign = after_space.get(sign.len()..)?;
    let line = after_sign.trim_start_matches([' ', '\t']);
    // A value may be on a separate line that continues this line.
    let continued = line.trim_start_matches(['\r', '\n']);
    let value = if continued.starts_with([' ', '\t']) { continued.trim_start() } else { line };
    let is_tight = after_space.len() == after_name.len() && line.len() == after_sign.len();
    let kind = if is_tight && matches!(*sign, "=" | "%3D" | "%3d") { Separator::Tight } else { Separator::Loose };
    Some((rest.len() - value.len(), kind))
}

/// The position of a setting's value.
pub(super) fn value_after(text: &str, separator: Separator) -> Range<usize> {
    if separator == Separator::Tag {
        return 0..text.find('<').unwrap_or(text.len());
    }
    if let Some(quoted) = quoted(text) {
        return quoted;
    }
    let line = text.lines().next().unwrap_or_default();
    if separator == Separator::Loose {
        // `wrong password: 535 5.7.8 ...`: a reply is not a password.
        return if is_reply(line) { 0..0 } else { 0..end_of_phrase(line) };
    }
    let mut end = first_word(line).end;
    let word = line.get(..end).unwrap_or_default();
    if let Some((next, _)) =
        word.match_indices(['&', ',', ';']).find(|(at, _)| is_setting(word.get(at + 1..).unwrap_or_default()))
    {
        end = next;
    } else if let Some(next) = word.find("%26") {
        end = next;
    } else {
        // An app password of Google consists of four groups of four letters.
        while let Some(group) = line.get(end..).and_then(|rest| rest.strip_prefix(' ')).and_then(|rest| rest.get(..4)) {
            let next = line.get(end + 5..).and_then(|rest| rest.chars().next());
            if !group.bytes().all(|b| b.is_ascii_lowercase()) || next.is_some_and(char::is_alphanumeric) {
                break;
            }
            end += 5;
        }
    }
    0..end
}

/// The quoted text at the start, without the quotation marks. A quotation mark may be escaped, and a letter may precede
/// `"` and `'` (`b'...'`).
pub(super) fn quoted(text: &str) -> Option<Range<usize>> {
    let start = text.trim_start_matches(['b', 'B', 'r', 'R', 'u', 'f', '@', '$']);
    let has_prefix = text.len() - start.len() <= 2 && start.trim_start_matches('\\').starts_with(['"', '\'']);
    let start = if has_prefix { start } else { text };
    let escapes = start.len() - start.trim_start_matches('\\').len();
    let mark = start.get(escapes..)?.chars().next().filter(|c| matches!(c, '"' | '\'' | '`' | '“' | '„' | '«'))?;
    let end = match mark {
        '“' | '„' => '”',
        '«' => '»',
        mark => mark,
    };
    let from = text.len() - start.len() + escapes + mark.len_utf8();
    let inside = text.get(from..)?;
    let preceding = |at: usize| inside.get(..at).map_or(0, |before| before.len() - before.trim_end_matches('\\').len());
    let closes = inside.match_indices(end).map(|(at, _)| at).filter(|at| match escapes {
        0 => preceding(*at) % 2 == 0,
        escapes => preceding(*at) <= escapes,
    });
    // A quotation mark inside the value is followed by the rest of the value: `'it's'`.
    let is_last = |at: &usize| {
        let rest = inside.get(at + end.len_utf8()..).unwrap_or_default();
        match rest.chars().next() {
            // `&port=587`, and `&&` or `&` of a shell. A password may also contain the sign.
            Some('&') => rest
                .get(1..)
                .is_some_and(|next| next.is_empty() || next.starts_with([' ', '&', '\n']) || is_setting(next)),
            next => next.is_none_or(|next| next.is_whitespace() || ",;)}]>/\\+".contains(next)),
        }
    };
    let close = { closes }.find(is_last);
    Some(from..from + close.unwrap_or(inside.len()))
}

/// The first word of the text, which is in quotation marks or ends before a space.
pub(super) fn first_word(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start_matches(' ').len();
    let word = text.get(start..).unwrap_or_default();
    if let Some(inside) = quoted(word) {
        return shifted(inside, start);
    }
    start..start + word.find(char::is_whitespace).unwrap_or(word.len())
}

/// The end of a value of several words: the end of the line, the next setting, or a reply.
fn end_of_phrase(line: &str) -> usize {
    let mut at = 0;
    while let Some(space) = line.get(at..).and_then(|rest| rest.find([' ', '\t'])) {
        let (before, after) = line.split_at_checked(at + space).unwrap_or((line, ""));
        if is_setting(after) || is_reply(after.trim_start()) {
            return before.trim_end_matches([',', ';']).len();
        }
        at += space + 1;
    }
    line.len()
}

/// Whether the text begins with a name and a sign: ` host=`, `, user: `.
pub(super) fn is_setting(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '"', '\'', '\\', ':']);
    let name = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    let after = text.get(name..).unwrap_or_default().trim_start_matches(['"', '\'', '\\', ' ']);
    name > 0 && after.starts_with(['=', ':'])
}

/// Whether the text begins with a reply: `535 5.7.8 ...`.
pub(super) fn is_reply(text: &str) -> bool {
    matches!(text.as_bytes(), [b'2'..=b'5', b, c, b' ' | b'-', next, ..]
        if b.is_ascii_digit() && c.is_ascii_digit() && next.is_ascii_alphanumeric())
}

/// `machine smtp.example.com login ann password ...`, or a line of a configuration: `password ...`.
fn is_word_of_netrc(before: &str, rest: &str) -> bool {
    let near = before.get(boundary(before, before.len().saturating_sub(NEAR))..).unwrap_or_default();
    let line_before = near.rsplit('\n').next().unwrap_or_default();
    let line_after = near_start(rest).lines().next().unwrap_or_default();
    let follows_login = line_before.contains("login ") || line_before.contains("user ");
    line_after.starts_with(' ')
        && (follows_login && line_before.contains("machine ")
            || line_before.trim().is_empty() && line_after.split_whitespace().count() == 1)
}

/// `smtp://user:password@host`, and the same without a scheme if a port follows.
fn passwords_in_urls(text: &str, ranges: &mut Vec<Range<usize>>) {
    let parts = || text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'));
    // The line ends in the password.
    for part in parts().filter(|part| part.contains("://")) {
        let end = part.as_ptr() as usize - text.as_ptr() as usize + part.len();
        let is_last = text.get(end..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']));
        let Some((_, user)) = part.split_once("://").filter(|_| is_last && !part.contains('@')) else { continue };
        let Some((name, password)) = user.split_once(':') else { continue };
        let word = password.trim_end_matches(|c: char| c.is_ascii_punctuation());
        let is_port = word.bytes().all(|b| b.is_ascii_digit()) || vocabulary::is_known(&word.to_lowercase());
        if !name.is_empty() && !name.contains(['/', '[']) && !is_port && !password.contains(['/', ':']) {
            ranges.push(end - password.len()..end);
        }
    }
    for part in parts().filter(|part| part.contains('@') || part.contains("%40")) {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        let scheme = ["://", ":\\/\\/", "%3A%2F%2F", "%3a%2f%2f"].iter();
        let scheme = scheme.filter_map(|sign| part.find(sign).map(|at| at + sign.len())).min();
        let user = part.get(scheme.unwrap_or(0)..).unwrap_or_default();
        let Some(at) = user.rfind('@').or_else(|| user.rfind("%40")) else { continue };
        let (info, host) = user.split_at_checked(at).unwrap_or((user, ""));
        let colon = info.find(':').map(|at| at + 1).or_else(|| info.find("%3A").map(|at| at + 3));
        let host_has_port = host.rsplit_once(':').is_some_and(|(host, port)| {
            let port = port.trim_end_matches(['/', ',', '.', ')', ';']);
            host.contains('.') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
        });
        let from = match (scheme, colon) {
            (Some(_), Some(colon)) => colon,
            // A user name alone may be a token.
            (Some(_), None) if info.len() >= 20 && !info.contains("%40") && !info.contains('/') => 0,
            (None, Some(colon)) if host_has_port || info.get(..colon).is_some_and(|user| user.contains('@')) => colon,
            _ => continue,
        };
        let base = start + scheme.unwrap_or(0);
        ranges.push(base + from..base + info.len());
    }
}

/// `Bearer ...`, `AUTH PLAIN ...`, base64 of readable text, and tokens that are recognised by their first letters.
fn commands_and_tokens(text: &str, ranges: &mut Vec<Range<usize>>) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '~');
    let (mut last, mut before_last) = ("", "");
    for token in text.split(|c: char| !is_part(c)).filter(|token| !token.is_empty()) {
        let start = token.as_ptr() as usize - text.as_ptr() as usize;
        let is_of_command = before_last.eq_ignore_ascii_case("auth") && mechanisms::find(last).is_some();
        if is_of_command && let Some(raw) = unencoded(text.get(start..).unwrap_or_default()) {
            ranges.push(start..start + raw);
        }
        // `auth=...`: the name is not masked.
        let from = token.trim_end_matches('=').rfind('=').map_or(0, |at| at + 1);
        let value = token.get(from..).unwrap_or_default();
        let is_known = value.len() >= 16 && TOKENS.iter().any(|start| value.starts_with(start));
        let is_ses = value.len() == 44 && value.starts_with('B') && value.bytes().any(|b| b.is_ascii_digit());
        if is_of_command && token.len() >= 4 && is_mixed(token) && mechanisms::find(token).is_none() {
            ranges.push(start..start + token.len());
        } else if is_known || is_ses || is_text_in_base64(value) {
            ranges.push(start + from..start + token.len());
        }
        if matches!(value.to_ascii_lowercase().as_str(), "bearer" | "basic") {
            let after = start + token.len();
            let word = first_word(text.get(after..).unwrap_or_default());
            let token = text.get(shifted(word.clone(), after)).unwrap_or_default();
            let token = token.split(|c: char| c.is_control() || c == '"').next().unwrap_or_default();
            if is_mixed(token) || token.len() >= 16 {
                ranges.push(after + word.start..after + word.start + token.len());
            }
        }
        (before_last, last) = (last, token.rsplit('=').next().filter(|word| !word.is_empty()).unwrap_or(token));
    }
}

/// The length of a response to AUTH that is not encoded: `\0ann\0password`.
fn unencoded(text: &str) -> Option<usize> {
    let line = near_start(text).lines().next()?;
    ["\0", "\\0", "\\x00", "%00", "^@", "\\u0000"].iter().any(|sign| line.contains(sign)).then_some(line.len())
}

/// Whether a token cannot be a word of a sentence: it has a digit, a sign, or a capital letter other than the first
/// letter.
pub(super) fn is_mixed(token: &str) -> bool {
    let is_code = token.len() == 3 && token.bytes().all(|b| b.is_ascii_digit());
    let inner = token.get(1..).unwrap_or_default();
    !is_code && inner.bytes().any(|b| !b.is_ascii_lowercase() && !matches!(b, b'-' | b'.' | b',' | b':'))
}

/// Whether a token is base64 of readable text, as logins are.
pub(super) fn is_text_in_base64(token: &str) -> bool {
    let value = token.trim_end_matches('.');
    let data = value.trim_end_matches('=');
    let is_padded = data.len() < value.len() && value.len().is_multiple_of(4);
    let is_long = data.len() >= 12 || data.len() >= 8 && is_mixed(data) && data.bytes().any(|b| b.is_ascii_lowercase());
    if data.contains(['.', '~']) || !(is_long || is_padded && data.len() >= 2) {
        return false;
    }
    // A log may cut off the end, so complete groups of four characters are sufficient.
    let groups = if data.len() % 4 == 1 { data.get(..data.len() - 1).unwrap_or_default() } else { data };
    let decoded = STANDARD_NO_PAD.decode(groups).or_else(|_| URL_SAFE_NO_PAD.decode(groups));
    let whole = || data.get(..data.len() / 4 * 4).and_then(|data| STANDARD_NO_PAD.decode(data).ok());
    let Some(bytes) = decoded.ok().or_else(whole) else { return false };
    let is_prompt =
        matches!(bytes.as_slice(), b"Username:" | b"Password:" | b"User Name" | b"User Name\0" | b"Password");
    let is_shown = |byte: &u8| matches!(byte, 0 | 1 | b' '..=b'~') || !byte.is_ascii();
    let is_plain = bytes.iter().filter(|byte| **byte == 0).count() == 2;
    !is_prompt && bytes.iter().all(is_shown) && (is_plain || std::str::from_utf8(&bytes).is_ok())
}

/// `login("ann", "...")`, `new NetworkCredential("ann", "...")`.
fn arguments_of_calls(text: &str, ranges: &mut Vec<Range<usize>>) {
    let lower = text.to_ascii_lowercase();
    for call in CALLS {
        for (at, _) in lower.match_indices(call) {
            let from = at + call.len();
            let Some(arguments) = text.get(from..).map(near_start) else { continue };
            let (mut place, mut depth) = (0, 0);
            while let Some(rest) = arguments.get(place..) {
                let Some(next) = rest.chars().next().filter(|c| !matches!(c, ')' | '\n')) else { break };
                let Some(inside) = quoted(rest) else {
                    depth += usize::from(next == ',');
                    place += next.len_utf8();
                    continue;
                };
                if depth > 0 {
                    ranges.push(shifted(inside.clone(), from + place));
                }
                place += inside.end + 1;
            }
        }
    }
}

/// The first [`NEAR`] bytes of the text.
fn near_start(text: &str) -> &str {
    text.get(..boundary(text, NEAR.min(text.len()))).unwrap_or(text)
}

/// The position of the character that contains a byte.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

pub(super) fn shifted(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
