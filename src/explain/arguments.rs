//! Explains the arguments of `smtpcheck explain`.
//!
//! The arguments are interpreted in this order:
//! 1. as one reply, if the first argument is a code or a status and the others are not all codes, statuses or rule ids:
//!    `550 5.1.1 No`;
//! 2. otherwise each argument separately: a rule id, a code, a status, a reply or log line in quotation marks, an
//!    extension, a mechanism;
//! 3. if none of these applies: the name of a mail program or provider, an error message from a program, or a known
//!    sentence without a code (most phrases need a code).
//!
//! If several lines contain nothing that is recognised, they are interpreted as one line.

use super::decoded;
use super::errors::{self, FoundError};
use super::explained::{Explained, ExplanationKind};
use super::log::{Finder, inner_reply, phase_of_code};
use super::logins::Logins;
use super::reply::ExplainContext;
use super::short_input::as_one_line;
use super::side::LogSide;
use super::target::ServerName;
use crate::check;
use crate::lexicon::{Basis, Fix, ReplyPhase, keywords, mechanisms, providers};
use crate::secret::written::without_password_in_word;
use crate::wire::{Class, EnhancedStatus, ReplyCode};

/// The explanations of the arguments; at least one.
pub fn arguments(what: &[String], context: &ExplainContext) -> Vec<Explained> {
    let mut explained: Vec<Explained> = items(what).iter().flat_map(|item| of_item(item, context)).collect();
    let mut logins = Logins::default();
    what.iter().flat_map(|item| item.lines()).for_each(|line| logins.read(line.as_bytes()));
    if what.len() > 1 && explained.iter().all(|one| one.kind == ExplanationKind::Unknown) {
        // The text of a reply without its code: `User unknown`.
        explained = of_item(&what.join(" "), context);
    }
    explained.iter_mut().for_each(|one| logins.mask(one));
    explained
}

/// The items to explain: the arguments, or a single reply (point 1 in the header of this file).
fn items(what: &[String]) -> Vec<String> {
    let is_number = |word: &str| {
        ReplyCode::parse(word.as_bytes()).is_some_and(|code| code.class() != Class::Undefined)
            || EnhancedStatus::parse(word).is_some()
    };
    let (Some(first), Some(second)) = (what.first(), what.get(1)) else { return what.to_vec() };
    let begins = is_number(first) || first.get(..4).is_some_and(|start| start.strip_suffix('-').is_some_and(is_number));
    let is_pair = first.len() == 3 && second.contains('.');
    let several = !is_pair && what.iter().all(|word| is_number(word) || check::rule(word).is_some());
    if begins && !several { vec![what.join(" ")] } else { what.to_vec() }
}

/// All explanations of one argument.
fn of_item(item: &str, context: &ExplainContext) -> Vec<Explained> {
    of_message(&decoded::text(item), context)
}

/// All explanations of one message without escapes. If its lines contain no clear statement, and the message as one
/// line contains one, then a program broke the lines of the message.
pub(super) fn of_message(text: &str, context: &ExplainContext) -> Vec<Explained> {
    let explained = of_lines(text, context);
    if explained.iter().any(Explained::is_clear) {
        return explained;
    }
    let mut of_joined = as_one_line(text).into_iter().map(|line| of_lines(&line, context));
    of_joined.find(|found| found.iter().any(Explained::is_clear)).unwrap_or(explained)
}

fn of_lines(item: &str, context: &ExplainContext) -> Vec<Explained> {
    if let Some(found) = check::rule(item) {
        return vec![of_rule(found)];
    }
    let (mut finder, mut found) = (Finder::default(), Vec::new());
    for line in item.lines() {
        finder.push(line.as_bytes(), &mut |one| found.push(one));
    }
    finder.finish(&mut |one| found.push(one));
    let as_reply = |text: &str| context.reply(text, phase_in(text), &ServerName::default(), LogSide::of(item));
    let is_one_line = item.lines().count() == 1;
    // A reply to STARTTLS comes from the server, whatever its wording.
    let own_failure =
        |text: &str| FoundError::instead_of_reply(text).filter(|_| context.phase != Some(ReplyPhase::Starttls));
    if let Some(own) = own_failure(item).filter(|_| is_one_line && inner_reply(item).is_none()) {
        return vec![own.explained(item)];
    }
    let replies: Vec<Explained> = found
        .into_iter()
        .filter_map(|found| match own_failure(&found.text) {
            Some(own) => Some(own.explained(&found.text)),
            None => {
                context.reply(&found.text, found.phase, &ServerName::of(found.host.clone(), found.port), found.side)
            }
        })
        .collect();
    if !replies.is_empty() {
        let mut replies: Vec<Explained> = replies.into_iter().map(|reply| with_program(reply, item)).collect();
        if replies.iter().all(Explained::is_accepted) {
            let is_ready = replies.iter().any(|reply| reply.code.is_some_and(|code| code.number() == 220));
            replies.extend(failure_after_replies(item, is_ready));
        }
        // The failure is the answer; the commands that were accepted before it only show how far the session got.
        replies.sort_by_key(Explained::is_accepted);
        return replies;
    }
    let class = item.get(..3).and_then(|start| ReplyCode::parse(start.as_bytes())).map(ReplyCode::class);
    let is_number = class.is_some_and(|class| class != Class::Undefined) || EnhancedStatus::lead(item).is_some();
    if let Some(reply) = as_reply(item).filter(|_| is_number) {
        return vec![reply];
    }
    let error = FoundError::in_text(item);
    // A message may begin with the name of an extension: `send STARTTLS command: EOF`.
    let words = || of_keyword(item).into_iter().chain(of_mechanism(item)).collect::<Vec<Explained>>();
    let words = if error.is_some() { Vec::new() } else { words() };
    if !words.is_empty() {
        return words;
    }
    // A message may contain the name of a provider's server.
    let is_message = error.is_some_and(|found| !found.error.generic);
    if let Some(known) = errors::of_program(item).or_else(|| of_provider(item)).filter(|_| !is_message) {
        return vec![known];
    }
    let sentence = || as_reply(item).filter(|explained| matches!(explained.basis, Some(Basis::Phrase { .. })));
    let specific = error.filter(|found| !found.error.generic).map(|found| found.explained(item));
    // A reply without words contains less information than the program's sentence that quotes its code.
    let anywhere = || context.reply_anywhere(item);
    let by_rule = || anywhere().filter(|reply| reply.rule.is_some());
    // The words around a code without text are the program's: `Expected response code 354 but got code "503"`.
    let by_code = || by_rule().filter(|reply| !reply.input.contains(char::is_whitespace));
    // `Failed to send mail` contains less information than the words after it.
    let names_phase = error.filter(|found| found.error.vagueness < 2).map(|found| found.explained(item));
    let words = || context.words_anywhere(item);
    let in_own_words = || FoundError::in_own_words(item).map(|found| found.explained(item));
    let generic = || error.map(|found| found.explained(item));
    let known = specific.or_else(by_code).or_else(sentence).or_else(by_rule).or(names_phase).or_else(words);
    let known = known.or_else(in_own_words).or_else(generic).or_else(anywhere);
    let unknown = || Explained {
        nearest: nearest(item),
        ..Explained::new(ExplanationKind::Unknown, without_password_in_word(item))
    };
    vec![known.unwrap_or_else(unknown)]
}

/// The program's message in a session in which the server rejected nothing. `is_ready` states whether there is a reply
/// with code 220.
fn failure_after_replies(item: &str, is_ready: bool) -> Option<Explained> {
    item.lines().rev().find_map(|line| {
        let later = FoundError::after_ready(line).filter(|_| is_ready);
        later.or_else(|| FoundError::in_text(line)).map(|found| found.explained(line))
    })
}

fn with_program(mut explained: Explained, item: &str) -> Explained {
    errors::add_program(&mut explained, item);
    explained
}

/// The known facts about a provider: its servers and ports, and how to log in.
fn of_provider(name: &str) -> Option<Explained> {
    let found = providers::find(name);
    let [provider] = found.as_slice() else { return None };
    let send = provider.hosts.first().map(|host| match provider.recommended {
        Some(port) => format!("send through {host}, port {port}"),
        None => format!("its server is {host}"),
    });
    let meaning: Vec<&str> =
        [Some(provider.name.as_str()), send.as_deref(), provider.rule.as_deref()].into_iter().flatten().collect();
    let check = provider.hosts.first().filter(|host| !host.contains('*')).map(|host| {
        let port = provider.recommended.map(|port| format!(" --port {port}")).unwrap_or_default();
        Fix::run("Check the server, with a login", format!("smtpcheck {host}{port} --user USER --password-stdin"))
    });
    let settings = Fix::run("Show all settings", format!("smtpcheck providers {}", provider.id));
    Some(Explained {
        provider: Some(provider.id.into()),
        meaning: Some(meaning.join(": ")),
        fixes: std::iter::once(settings).chain(check).collect(),
        source: Some(provider.source.into()),
        ..Explained::new(ExplanationKind::Provider, name)
    })
}

fn phase_in(text: &str) -> Option<ReplyPhase> {
    text.get(..3).and_then(|code| ReplyCode::parse(code.as_bytes())).and_then(phase_of_code)
}

/// The explanation of a line that consists of one word, such as a rule id. The characters are checked first, because
/// this check is fast and a log has many lines.
pub(super) fn one_word(line: &[u8]) -> Option<Explained> {
    let line = line.trim_ascii();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if line.is_empty() || line.len() > 60 || !line.iter().all(is_name) {
        return None;
    }
    let word = std::str::from_utf8(line).ok()?;
    check::rule(word).map(of_rule).or_else(|| of_keyword(word)).or_else(|| of_mechanism(word))
}

fn of_rule(found: &'static check::Rule) -> Explained {
    Explained {
        rule: Some(found.id),
        meaning: Some(found.title.to_owned()),
        cause: Some(found.docs.sees.to_owned()),
        fixes: vec![Fix::text(found.docs.action)],
        source: Some(found.docs.references.to_owned()),
        ..Explained::new(ExplanationKind::Rule, found.id)
    }
}

/// An extension, alone or as in the reply to EHLO (`SIZE 35882577`). A sentence can begin with the same word:
/// `Send error`.
fn of_keyword(word: &str) -> Option<Explained> {
    let first = word.split_whitespace().next()?;
    if first.len() < word.trim().len() && word.contains(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let row = keywords::find(first)?;
    let mut meaning = format!("EHLO extension ({}): {} If it is advertised: {}", row.status, row.meaning, row.says);
    if let Some(absent) = &row.absent {
        meaning = format!("{meaning} If it is missing: {absent}");
    }
    let (meaning, source) = (Some(meaning), Some(row.reference.into()));
    Some(Explained { meaning, source, ..Explained::new(ExplanationKind::Keyword, word) })
}

fn of_mechanism(word: &str) -> Option<Explained> {
    let row = mechanisms::find(word).filter(|_| !word.contains(char::is_whitespace))?;
    let what = format!("SASL mechanism ({}): {} On the wire: {}", row.strength, row.remark, row.secret_on_wire);
    let (meaning, source) = (Some(what), Some(row.reference.into()));
    Some(Explained { meaning, source, ..Explained::new(ExplanationKind::Mechanism, word) })
}

/// The rules with the most similar ids, best first.
fn nearest(word: &str) -> Vec<&'static str> {
    if word.len() > 60 || word.contains(char::is_whitespace) {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let mut scored: Vec<(f64, &'static str)> = check::rules()
        .map(|rule| (strsim::jaro_winkler(&word, rule.id), rule.id))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}
