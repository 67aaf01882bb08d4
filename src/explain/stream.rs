//! Explains a log of any length: either explains each reply and error message as it is found, or counts the messages
//! with the same cause. Lines that report a failure but are not recognised are counted, and the first of them is kept.
//! A short input in which no line is recognised is read as one message. Memory use does not depend on the length of the
//! input.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, BufRead};
use std::ops::ControlFlow;

use super::arguments::{of_message, one_word};
use super::decoded;
use super::errors::FoundError;
use super::explained::{Explained, ExplanationKind, Extent, Tally};
use super::failures::{self, DeliveryPart, FailureLine, FailureLines};
use super::log::{self, Finder, FoundReply, LineUse};
use super::logins::Logins;
use super::reply::{ExplainContext, Statement};
use super::secrets::without_secrets;
use super::sentences;
use super::short_input::ShortInput;
use super::side::LogSide;
use super::target::ServerName;
use super::traces::StackTraces;
use crate::lexicon::{Cause, ReplyPhase};

/// The maximum number of distinct replies that are cached. Logs contain many identical replies.
const MEMORY: usize = 2048;

/// How the replies of a log are processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogMode {
    /// Each reply is explained.
    Each,
    /// The replies are counted by cause.
    Count,
}

/// The summary of a log.
#[derive(Clone, Debug)]
pub struct LogSummary {
    /// The size of the part that was read.
    pub extent: Extent,
    /// With [`LogMode::Count`], the replies and error messages by cause: failures first, in order of frequency.
    pub tallies: Vec<Tally>,
    /// The first line that reports a failure and is not recognised.
    pub unknown: Option<FailureLine>,
}

/// Explains a log. `output` receives each line that consists of a name (such as a rule id), and with [`LogMode::Each`]
/// each reply, error message and unrecognised failure, as soon as it is read. `output` can stop the reading. Errors are
/// those of the input.
pub fn log(
    input: &mut impl BufRead,
    context: &ExplainContext,
    mode: LogMode,
    output: &mut dyn FnMut(&Explained) -> ControlFlow<()>,
) -> io::Result<LogSummary> {
    let mut explainer = LogExplainer {
        context,
        mode,
        output,
        flow: ControlFlow::Continue(()),
        extent: Extent::default(),
        explained: HashMap::new(),
        counted: HashMap::new(),
        tallies: BTreeMap::new(),
        generic: None,
        ready: None,
        rejected: None,
        told: None,
        specific: None,
        attempts: VecDeque::new(),
        recent: VecDeque::new(),
        accepted: Vec::new(),
        unknown: None,
        short: ShortInput::default(),
        unclear: Vec::new(),
        logins: Logins::default(),
    };
    let (mut finder, mut failures, mut line) = (Finder::default(), FailureLines::default(), Vec::new());
    let mut traces = StackTraces::default();
    while explainer.flow.is_continue() && log::next_line(input, &mut line)? {
        let first = explainer.extent.lines + 1;
        explainer.count_line(&line);
        explainer.join(input, &mut line)?;
        if let Ok(Cow::Owned(text)) = std::str::from_utf8(&line).map(decoded::line) {
            line = text.into_bytes();
        }
        if let Some(word) = one_word(&line) {
            explainer.extent.words += 1;
            explainer.pass_on(Explained { line: Some(first), ..word });
        }
        let is_used = finder.push(&line, &mut |found| explainer.reply(found)) == LineUse::Reply;
        finder.skip(explainer.extent.lines - first);
        let Some(message) = traces.push(&line, is_used) else { continue };
        let failure = failures.push(first, &message);
        failure.into_iter().for_each(|failure| explainer.failure(failure));
    }
    finder.finish(&mut |found| explainer.reply(found));
    failures.finish().into_iter().for_each(|failure| explainer.failure(failure));
    explainer.release_generic();
    for (line, found) in std::mem::take(&mut explainer.attempts) {
        explainer.report(&line, found);
    }
    explainer.read_as_one_message();
    explainer.release_unclear();
    explainer.release_accepted();
    Ok(explainer.summary())
}

/// The properties that the interpretation of a reply depends on: its text, its phase, its host, and the
/// side that logged it.
type ReplyKey = (String, Option<ReplyPhase>, ServerName, LogSide);

/// The key under which a reply (by cause, rule and side) or an error message (by rule or, if it has none, by its id) is
/// counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TallyKey {
    Reply(Cause, Option<&'static str>, LogSide),
    Error(&'static str),
    /// A message without a rule that was read as part of the entire input.
    Unruled(usize),
}

/// The number of lines after a generic error message within which a reply or another message replaces it.
const GENERIC_REACH: u64 = 12;
/// The number of lines around a reply or a message within which a generic message is taken to be about the same fault:
/// `535 ...`, then `No authentication type succeeded`.
const REPLY_REACH: u64 = 3;
/// The number of lines up to which an input is read as a paste in which each line is about the same failure.
const MAX_PASTE: u64 = 60;
/// The maximum number of attempts that wait for the result of their delivery. A domain has only a few servers.
const MAX_ATTEMPTS: usize = 32;
/// The maximum number of accepted commands that wait for a failure after them. A session has only a few commands.
const MAX_ACCEPTED: usize = 32;
/// The maximum number of messages from a bounce's text that are kept until its headers are read.
const MAX_RECENT: usize = 16;

struct LogExplainer<'a> {
    context: &'a ExplainContext,
    mode: LogMode,
    output: &'a mut dyn FnMut(&Explained) -> ControlFlow<()>,
    flow: ControlFlow<()>,
    extent: Extent,
    /// The cached explanations, used with [`LogMode::Each`].
    explained: HashMap<ReplyKey, Option<Explained>>,
    /// The cached keys, used with [`LogMode::Count`].
    counted: HashMap<ReplyKey, Option<TallyKey>>,
    tallies: BTreeMap<TallyKey, Tally>,
    /// A generic error message, until a later line contains more details.
    generic: Option<(FailureLine, FoundError)>,
    /// The line of the last reply with code 220: the greeting, or the reply to STARTTLS.
    ready: Option<u64>,
    /// The line of the last reply that rejects something.
    rejected: Option<u64>,
    /// The line and the rule of the last reply or message that was not generic.
    told: Option<(u64, Option<&'static str>)>,
    /// The last message that was not generic, and its line.
    specific: Option<(u64, FoundError)>,
    /// With [`LogMode::Count`], attempts to reach a server, until the result of the delivery is read.
    attempts: VecDeque<(FailureLine, FoundError)>,
    /// The last messages, which a bounce repeats in a header.
    recent: VecDeque<String>,
    /// With [`LogMode::Each`], the accepted commands before a failure. The failure is passed on before them, because it
    /// is the answer, and they only show how far the session got.
    accepted: Vec<Explained>,
    unknown: Option<FailureLine>,
    /// The text of the input, as long as it is short and no line of it is recognised.
    short: ShortInput,
    /// With [`LogMode::Each`], the failures in a short input that are not recognised.
    unclear: Vec<Explained>,
    logins: Logins,
}

impl LogExplainer<'_> {
    fn count_line(&mut self, line: &[u8]) {
        self.extent.lines += 1;
        self.logins.read(line);
        self.short.push(line);
        if !self.short.is_short() {
            self.release_unclear();
        }
    }

    /// Adds the lines that continue a line of quoted-printable.
    fn join(&mut self, input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
        let mut is_broken = decoded::is_broken(line);
        for _ in 1..decoded::MAX_JOINED {
            let mut next = Vec::new();
            if !is_broken || !log::next_line(input, &mut next)? {
                break;
            }
            self.count_line(&next);
            is_broken = decoded::is_broken(&next);
            line.truncate(line.trim_ascii_end().len() - 1);
            line.append(&mut next);
        }
        Ok(())
    }

    /// Reads a short input as one message if none of its lines is recognised.
    fn read_as_one_message(&mut self) {
        let Some(text) = self.short.text().map(str::to_owned) else { return };
        let found = of_message(&decoded::text(&text), self.context);
        let found: Vec<Explained> = found
            .into_iter()
            .filter(|one| one.is_clear() && matches!(one.kind, ExplanationKind::Reply | ExplanationKind::Error))
            .collect();
        if found.is_empty() {
            return;
        }
        self.unclear.clear();
        self.unknown = None;
        self.extent.unknown = 0;
        for one in found {
            let one = Explained { line: Some(1), ..one };
            match one.kind {
                ExplanationKind::Reply => self.extent.replies += 1,
                _ => self.extent.errors += 1,
            }
            match self.mode {
                LogMode::Each => self.pass_on(one),
                LogMode::Count => self.tally_error(one),
            }
        }
    }

    /// The input contains something that is recognised, so it need not be read as one message.
    fn recognised(&mut self) {
        self.short.close();
        self.release_unclear();
    }

    fn tally_error(&mut self, explained: Explained) {
        // Messages without a rule are the same if they have the same cause.
        let is_same = |(key, tally): &(&TallyKey, &Tally)| {
            matches!(key, TallyKey::Unruled(_)) && tally.example.cause == explained.cause
        };
        let key = match explained.rule {
            Some(rule) => TallyKey::Error(rule),
            None => match self.tallies.iter().find(is_same) {
                Some((known, _)) => *known,
                None => TallyKey::Unruled(self.tallies.len()),
            },
        };
        self.tallies.entry(key).or_insert_with(|| Tally { count: 0, example: explained }).count += 1;
    }

    fn release_unclear(&mut self) {
        for unclear in std::mem::take(&mut self.unclear) {
            self.pass_on(unclear);
        }
    }

    fn reply(&mut self, found: FoundReply) {
        if found.text.starts_with("220") {
            self.ready = Some(found.line);
        }
        // An accepted command does not show why another command failed.
        if found.text.starts_with(['4', '5']) {
            self.supersede_generic(found.line);
            self.rejected = Some(found.line);
        }
        match self.mode {
            LogMode::Each => self.explain(found),
            LogMode::Count => self.count(found),
        }
    }

    /// Passes an explanation on: a failure at once, and then the accepted commands that were read before it.
    fn pass_on(&mut self, mut explained: Explained) {
        self.logins.mask(&mut explained);
        if explained.is_clear() {
            self.recognised();
        }
        if explained.is_accepted() {
            self.accepted.push(explained);
            if self.accepted.len() > MAX_ACCEPTED {
                self.release_accepted();
            }
            return;
        }
        if self.flow.is_continue() {
            self.flow = (self.output)(&explained);
        }
        if matches!(explained.kind, ExplanationKind::Reply | ExplanationKind::Error) {
            self.release_accepted();
        }
    }

    fn release_accepted(&mut self) {
        for explained in std::mem::take(&mut self.accepted) {
            if self.flow.is_continue() {
                self.flow = (self.output)(&explained);
            }
        }
    }

    fn explain(&mut self, FoundReply { line, text, phase, host, port, side }: FoundReply) {
        if self.explained.len() >= MEMORY {
            self.explained.clear();
        }
        let known = self.explained.entry((text, phase, ServerName::of(host, port), side)).or_insert_with_key(
            |(text, phase, server, side)| match FoundError::instead_of_reply(text) {
                Some(own) => Some(own.explained(text)),
                None => self.context.reply(text, *phase, server, *side),
            },
        );
        let Some(explained) = known else { return };
        self.told = Some((line, explained.rule));
        explained.line = Some(line);
        match explained.kind {
            ExplanationKind::Error => self.extent.errors += 1,
            _ => self.extent.replies += 1,
        }
        let explained = explained.clone();
        self.pass_on(explained);
    }

    fn count(&mut self, FoundReply { line, text, phase, host, port, side }: FoundReply) {
        if self.counted.len() >= MEMORY {
            self.counted.clear();
        }
        let key = (text, phase, ServerName::of(host, port), side);
        let kind = match self.counted.get(&key) {
            Some(known) => *known,
            None => self.first_seen(line, &key),
        };
        if let Some(kind) = kind {
            if !matches!(kind, TallyKey::Reply(cause, None, _) if cause != Cause::Accepted) {
                self.recognised();
            }
            match kind {
                TallyKey::Reply(_, rule, _) => {
                    self.extent.replies += 1;
                    self.told = Some((line, rule));
                }
                TallyKey::Error(_) | TallyKey::Unruled(_) => self.extent.errors += 1,
            }
            self.tallies.entry(kind).and_modify(|tally| tally.count += 1);
        }
        self.counted.entry(key).or_insert(kind);
    }

    /// Reads a reply, and makes it the example of its cause if it is the first one.
    fn first_seen(&mut self, line: u64, (text, phase, server, side): &ReplyKey) -> Option<TallyKey> {
        let (kind, example) = match FoundError::instead_of_reply(text) {
            Some(own) => (TallyKey::Error(own.key()), own.explained(text)),
            None => {
                let read = self.context.read(text, *phase, server.known_host())?;
                let kind = TallyKey::Reply(read.cause, read.rule, *side);
                if self.tallies.contains_key(&kind) {
                    return Some(kind);
                }
                (kind, read.explained(text, server, *side))
            }
        };
        let tally = || Tally { count: 0, example: Explained { line: Some(line), ..example } };
        self.tallies.entry(kind).or_insert_with(tally);
        Some(kind)
    }

    fn summary(self) -> LogSummary {
        let mut tallies: Vec<_> = self.tallies.into_iter().collect();
        // Accepted commands are only counted, because "no action is needed" would be wrong next to a failure.
        let is_accepted = |key: &TallyKey| matches!(key, TallyKey::Reply(Cause::Accepted, ..));
        tallies.sort_by_key(|(key, tally)| (is_accepted(key), std::cmp::Reverse(tally.count)));
        if self.extent.unknown > 0 || tallies.iter().any(|(key, _)| !is_accepted(key)) {
            for (_, tally) in tallies.iter_mut().filter(|(key, _)| is_accepted(key)) {
                tally.example.fixes.clear();
            }
        }
        tallies.iter_mut().for_each(|(_, tally)| self.logins.mask(&mut tally.example));
        let tallies = tallies.into_iter().map(|(_, tally)| tally).collect();
        LogSummary { extent: self.extent, tallies, unknown: self.unknown }
    }

    /// The error message in a line. After a reply with code 220, a failed connection means that TLS failed.
    fn error_in(&self, line: &FailureLine) -> Option<FoundError> {
        let is_near = |number: u64| line.number.abs_diff(number) <= REPLY_REACH;
        let is_last = |number: u64| self.rejected.is_none_or(|rejected| rejected < number);
        let ready = self.ready.filter(|number| is_near(*number) && is_last(*number));
        let later = ready.and_then(|_| FoundError::after_ready(&line.text));
        later.or_else(|| FoundError::in_text(&line.text))
    }

    /// Takes a line that reports a failure and contains no reply.
    fn failure(&mut self, line: FailureLine) {
        match self.error_in(&line) {
            Some(found) if found.error.generic && self.is_rejection(&line) && self.reply_anywhere(&line) => {}
            Some(found) if found.error.generic => {
                // Two sentences about the same fault count once. Several deliveries with the same result are counted
                // separately.
                let is_repeated = failures::delivery_part(&line.text) == DeliveryPart::Other;
                let is_more = |(held, known): &(FailureLine, FoundError)| {
                    known.key() == found.key()
                        && (known.error.id != found.error.id || is_repeated)
                        && line.number.abs_diff(held.number) <= GENERIC_REACH
                };
                let is_vaguer = |(first, known): &(FailureLine, FoundError)| {
                    line.number.abs_diff(first.number) <= REPLY_REACH && found.error.vagueness > known.error.vagueness
                };
                let is_told = |known: &(FailureLine, FoundError)| is_more(known) || is_vaguer(known);
                if self.was_explained(&line, found) || self.generic.as_ref().is_some_and(is_told) {
                    return;
                }
                let is_replaced = |(first, known): &mut (FailureLine, FoundError)| {
                    let reach =
                        if is_repeated && known.subject() == found.subject() { GENERIC_REACH } else { REPLY_REACH };
                    line.number.abs_diff(first.number) <= reach && known.error.vagueness > found.error.vagueness
                };
                if self.generic.take_if(is_replaced).is_none() {
                    self.release_generic();
                }
                self.generic = Some((line, found));
            }
            Some(found) if self.was_told(&line, found.rule()) => self.supersede_generic(line.number),
            Some(found) if self.is_end_of_session(&line, found) => {}
            Some(found) => {
                self.supersede_generic(line.number);
                self.told = Some((line.number, found.rule()));
                self.specific = Some((line.number, found));
                self.error(line, found);
            }
            None if (line.is_failure || failures::quotes_reply(line.text.as_bytes())) && self.reply_anywhere(&line) => {
            }
            None if (line.is_failure || Statement::of(&line.text).is_of_bounce) && self.rejection_in_words(&line) => {}
            None if line.is_failure && self.failure_in_own_words(&line) => {}
            None if line.is_failure => {
                self.extent.unknown += 1;
                if self.mode == LogMode::Each {
                    let unknown = Explained::new(ExplanationKind::Unknown, line.text.as_str());
                    self.unclear.push(Explained { line: Some(line.number), ..unknown });
                    if !self.short.is_short() {
                        self.release_unclear();
                    }
                }
                let FailureLine { number, text, is_failure } = line;
                let masked = || FailureLine { number, text: self.logins.masked(&without_secrets(&text)), is_failure };
                self.unknown.get_or_insert_with(masked);
            }
            None => {}
        }
    }

    /// Whether the lines before this one are part of the same message and report the same fault. The lines of a log
    /// have a time or an address, and a log is long.
    fn was_told(&self, line: &FailureLine, rule: Option<&'static str>) -> bool {
        let is_same =
            |(number, told): (u64, Option<&'static str>)| told == rule && line.number.abs_diff(number) <= GENERIC_REACH;
        let is_of_log = failures::delivery_part(&line.text) != DeliveryPart::Other
            || failures::has_time(&line.text)
            || line.text.contains('@');
        let is_short = line.number <= 2 * GENERIC_REACH;
        is_short && !is_of_log && rule.is_some() && self.told.is_some_and(is_same)
    }

    /// Whether a program reports the end of a session that a rejection ended: `Connection closed by foreign host`.
    fn is_end_of_session(&self, line: &FailureLine, found: FoundError) -> bool {
        let is_next = |rejected: u64| line.number.abs_diff(rejected) <= 1;
        found.rule() == Some("connection-closed")
            && !failures::has_time(&line.text)
            && self.rejected.is_some_and(is_next)
    }

    /// Whether a line in an unknown format contains a reply that names its reason. A code without words does not.
    fn is_rejection(&self, line: &FailureLine) -> bool {
        self.context.reply_anywhere(&line.text).is_some_and(|explained| explained.rule.is_some())
    }

    /// Reads the reply code in a line of unknown format. Returns whether the line contains one.
    fn reply_anywhere(&mut self, line: &FailureLine) -> bool {
        let Some((text, phase)) = log::anywhere::reply(&line.text) else { return false };
        let Some(explained) = self.context.reply_anywhere(&line.text) else { return false };
        self.supersede_generic(line.number);
        if self.was_told(line, explained.rule) {
            return true;
        }
        self.rejected = Some(line.number);
        match self.mode {
            LogMode::Each => {
                self.extent.replies += 1;
                self.pass_on(Explained { line: Some(line.number), ..explained });
            }
            LogMode::Count => {
                let side = LogSide::of(&line.text);
                self.count(FoundReply { line: line.number, text, phase, host: None, port: None, side });
            }
        }
        true
    }

    /// Reads the words of a rejection without a code. Returns whether the line contains such words.
    fn rejection_in_words(&mut self, line: &FailureLine) -> bool {
        let Some(explained) = self.context.words_anywhere(&line.text) else { return false };
        self.supersede_generic(line.number);
        self.extent.errors += 1;
        let explained = Explained { line: Some(line.number), ..explained };
        match self.mode {
            LogMode::Each => self.pass_on(explained),
            LogMode::Count => {
                self.recognised();
                self.tally_error(explained);
            }
        }
        true
    }

    /// Reads a failure that a program reports in its own words. It is a generic message, which a later line can replace.
    fn failure_in_own_words(&mut self, line: &FailureLine) -> bool {
        let is_of_log = failures::delivery_part(&line.text) != DeliveryPart::Other || self.extent.lines > MAX_PASTE;
        if is_of_log || !sentences::is_about_mail(&line.text) {
            return false;
        }
        let Some(found) = FoundError::in_own_words(&line.text) else { return false };
        if !self.was_explained(line, found) && self.generic.is_none() {
            self.generic = Some((line.clone(), found));
        }
        true
    }

    /// Drops the generic message if a line shortly after it contains more details.
    fn supersede_generic(&mut self, line: u64) {
        let is_near = |(generic, _): &mut (FailureLine, FoundError)| line.abs_diff(generic.number) <= GENERIC_REACH;
        if self.generic.take_if(is_near).is_none() {
            self.release_generic();
        }
    }

    fn release_generic(&mut self) {
        if let Some((line, found)) = self.generic.take() {
            self.error(line, found);
        }
    }

    /// Whether a line shortly before a generic message gave more details about the same fault: before `Server
    /// certificate not verified`, Postfix logs the reason.
    fn was_explained(&self, line: &FailureLine, generic: FoundError) -> bool {
        let is_near = |reach: u64, number: u64| line.number.abs_diff(number) <= reach;
        // Each delivery of a mail server has its own line, which counts regardless of the lines around it.
        let is_delivery = failures::delivery_part(&line.text) != DeliveryPart::Other;
        self.rejected.is_some_and(|number| !is_delivery && is_near(REPLY_REACH, number))
            || self.specific.is_some_and(|(number, specific)| {
                !is_delivery && is_near(REPLY_REACH, number)
                    || is_near(GENERIC_REACH, number) && specific.subject() == generic.subject()
            })
    }

    fn error(&mut self, line: FailureLine, found: FoundError) {
        if self.repeats(&line.text) {
            return;
        }
        if self.mode == LogMode::Count {
            match failures::delivery_part(&line.text) {
                DeliveryPart::Attempt => {
                    self.attempts.push_back((line, found));
                    if self.attempts.len() > MAX_ATTEMPTS {
                        let first = self.attempts.pop_front();
                        first.into_iter().for_each(|(line, found)| self.report(&line, found));
                    }
                    return;
                }
                // The attempts that failed in the same way are part of this delivery.
                DeliveryPart::Result => self.attempts.retain(|(_, attempt)| attempt.key() != found.key()),
                DeliveryPart::Other => {}
            }
        }
        self.report(&line, found);
    }

    /// Whether a message was passed on before: a bounce contains it in its text and in a header.
    fn repeats(&mut self, text: &str) -> bool {
        let (message, is_header) = failures::message(text);
        let known = self.recent.iter().position(|known| is_header && known.contains(&message));
        match known {
            Some(at) => {
                self.recent.remove(at);
            }
            None => {
                self.recent.truncate(MAX_RECENT - 1);
                self.recent.push_front(message);
            }
        }
        known.is_some()
    }

    fn report(&mut self, line: &FailureLine, found: FoundError) {
        self.extent.errors += 1;
        let explained = || Explained { line: Some(line.number), ..found.explained(&line.text) };
        if self.mode == LogMode::Each {
            return self.pass_on(explained());
        }
        self.recognised();
        let tally = self.tallies.entry(TallyKey::Error(found.key()));
        tally.or_insert_with(|| Tally { count: 0, example: explained() }).count += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::{LogMode, LogSummary, log};
    use crate::explain::{ExplainContext, ExplanationKind, arguments};

    fn counted(text: &str) -> LogSummary {
        let context = ExplainContext::default();
        log(&mut text.as_bytes(), &context, LogMode::Count, &mut |_| ControlFlow::Continue(())).expect("no input fails")
    }

    /// The rule or category, and its count.
    fn tallied(summary: &LogSummary) -> Vec<(&'static str, u64)> {
        summary.tallies.iter().map(|tally| (tally.example.rule.unwrap_or("accepted"), tally.count)).collect()
    }

    #[test]
    fn failed_deliveries_are_counted_and_not_their_attempts() {
        let attempt = |host: &str| format!("postfix/smtp[2]: connect to {host}[192.0.2.1]:25: Connection timed out\n");
        let result = "status=deferred (connect to c.example.com[192.0.2.1]:25: Connection timed out)";
        let mut text = String::new();
        for id in 0..8 {
            text += &["a.example.com", "b.example.com", "c.example.com"].map(attempt).concat();
            text += &format!("postfix/smtp[2]: 4F{id}: to=<x@example.com>, relay=none, dsn=4.4.1, {result}\n");
        }
        text += "postfix/smtp[2]: 5A: to=<y@example.net>, status=bounced (host mx.example.net[192.0.2.9] said: 550 5.1.1 <y@example.net>: User unknown (in reply to RCPT TO command))\n";
        text += "postfix/smtp[2]: 5B: to=<z@example.net>, status=deferred (a failure of a new kind)\n";
        let summary = counted(&text);
        assert_eq!(tallied(&summary), [("connection-timed-out", 8), ("recipient-unknown", 1)]);
        assert_eq!(summary.extent.unknown, 1);
    }

    #[test]
    fn an_attempt_without_a_result_is_counted() {
        let summary = counted("postfix/smtp[2]: connect to a.example.com[192.0.2.1]:25: Connection refused\n");
        assert_eq!(tallied(&summary), [("connection-refused", 1)]);
    }

    #[test]
    fn an_accepted_command_gives_no_advice_next_to_a_failure() {
        let session = "2017-10-07T04:42:55.804Z,Outbound,08D5,11,192.0.2.248:16547,198.51.100.234:25";
        let text = format!(
            "{session},<,220 2.0.0 SMTP server ready,\n{session},*,,TLS negotiation failed with error UnknownCredentials\n"
        );
        let summary = counted(&text);
        assert_eq!(tallied(&summary), [("tls-handshake-failed", 1), ("accepted", 1)]);
        let fixes = |at: usize| summary.tallies.get(at).map(|tally| tally.example.fixes.clone()).unwrap_or_default();
        assert!(fixes(1).is_empty() && !fixes(0).is_empty());
        let proof = fixes(0).last().and_then(|fix| fix.command.clone());
        assert_eq!(proof.as_deref(), Some("smtpcheck 198.51.100.234:25"), "the remote address, not the local one");
    }

    #[test]
    fn a_failure_precedes_the_commands_that_were_accepted_before_it() {
        let rules = |text: &str| {
            let mut found = Vec::new();
            let mut output = |explained: &crate::explain::Explained| {
                found.push((explained.line, explained.rule));
                ControlFlow::Continue(())
            };
            log(&mut text.as_bytes(), &ExplainContext::default(), LogMode::Each, &mut output).expect("no input fails");
            found
        };
        assert_eq!(
            rules("MAIL FROM:<a@example.com>\n250 OK\nRCPT TO:<b@example.net>\n550 relay not permitted\n250 OK\n"),
            [(Some(4), Some("relay-denied")), (Some(2), None), (Some(5), None)]
        );
        let closed = "S: 220 2.0.0 Start TLS\nSmtpProtocolException: The SMTP server has unexpectedly disconnected.\n";
        assert_eq!(rules(closed), [(Some(2), Some("connection-closed")), (Some(1), None)]);
        assert_eq!(rules("220 m ESMTP\n250 ok\n"), [(Some(1), None), (Some(2), None)]);
    }

    #[test]
    fn a_generic_message_after_its_reason_is_not_counted() {
        let text = "postfix/smtp[2]: certificate verification failed for mx.example.com[192.0.2.1]:25: certificate has expired\n\
                    postfix/smtp[2]: 4F: to=<x@example.com>, dsn=4.7.5, status=deferred (Server certificate not verified)\n";
        assert_eq!(tallied(&counted(text)), [("certificate-expired", 1)]);
    }

    #[test]
    fn a_failure_of_the_sender_in_the_form_of_a_reply_is_not_a_reply() {
        let text = "450 4.4.316 Connection refused [Message=Socket error code 10061]\n";
        let summary = counted(&text.repeat(2));
        assert_eq!((summary.extent.replies, summary.extent.errors), (0, 2));
        assert_eq!(tallied(&summary), [("connection-refused", 2)]);
        assert!(summary.tallies.iter().all(|tally| tally.example.kind == ExplanationKind::Error));
    }

    #[test]
    fn a_password_of_the_session_is_masked_and_the_reply_belongs_to_auth() {
        for (server, client) in [("", ""), ("<-  ", " -> "), ("<~  ", " ~> "), ("< ", "> "), ("S: ", "C: ")] {
            let text = format!(
                "{server}220 m ESMTP\n{client}EHLO me\n{server}250-m\n{server}250-SIZE 1\n{server}250 HELP\n\
                 {client}AUTH PLAIN AGpvZQBTM2NyZXQ=\n{server}535 5.7.8 Error: authentication failed: S3cret\n"
            );
            let (context, mut rules) = (ExplainContext::default(), Vec::new());
            let mut output = |explained: &crate::explain::Explained| {
                assert!(!explained.input.contains("S3cret"), "{explained:?}");
                rules.extend(explained.rule);
                ControlFlow::Continue(())
            };
            log(&mut text.as_bytes(), &context, LogMode::Each, &mut output).expect("no input fails");
            assert_eq!(rules, ["auth-credentials-refused"], "{text}");
            assert!(!format!("{:?}", counted(&text)).contains("S3cret"), "{text}");
        }
    }

    #[test]
    fn no_secret_in_a_log_is_passed_on() {
        let secret = "Sup3rS3cretPw";
        for text in [
            "dial smtp://ann:SECRET@h.example.com:587: connection refused",
            "Error: connect ECONNREFUSED 192.0.2.1:25 password: SECRET",
            "password=SECRET.h.example.com:25 connection refused",
            "a failure of a new kind password=SECRET",
            "Exception: failed to connect\n  settings:\n    password: SECRET",
            "550 5.7.1 rejected password=SECRET",
            "Error: Invalid login: 535 5.7.8 no (password SECRET, token=SECRET)",
            "{\"password\":\"SECRET\",\"error\":\"connection refused\"}",
            "tool --password SECRET failed: certificate has expired",
        ] {
            let text = text.replace("(password SECRET", "(password: SECRET").replace("SECRET", secret);
            for mode in [LogMode::Each, LogMode::Count] {
                let mut told = String::new();
                let context = ExplainContext::default();
                let summary = log(&mut text.as_bytes(), &context, mode, &mut |explained| {
                    told += &format!("{explained:?}");
                    ControlFlow::Continue(())
                });
                told += &format!("{summary:?}");
                told += &format!("{:?}", arguments(std::slice::from_ref(&text), &context));
                assert!(!told.contains(secret), "{told}");
            }
        }
    }

    #[test]
    fn no_part_of_a_broken_secret_is_passed_on() {
        for text in [
            "fatal error: AUTH PLAIN AGpvZQBReDd3W|nU5ZktqMnZUZw== failed in a new way",
            "fatal error: AUTH PLAIN|AGpvZQBReDd3WnU5ZktqMnZUZw== failed in a new way",
            "a failure of a new kind, password=Qx7wZ|u9fKj2vTg and so on",
            "a failure of a new kind, smtp://joe:Qx7wZ|u9fKj2vTg@mx.example.com and so on",
            "550 5.1.1 No such user, password=Qx7wZ|u9fKj2vTg and so on",
            "Error: connect ECONNREFUSED 192.0.2.1:25, pass: 'Qx7wZ|u9fKj2vTg'",
        ] {
            for sign in ["\n", "=\n", "\r\n ", "\n> ", "\\\n", "\\r\\n", "\\n"] {
                let text = text.replace('|', sign);
                let context = ExplainContext::default();
                for mode in [LogMode::Each, LogMode::Count] {
                    let mut told = String::new();
                    let summary = log(&mut text.as_bytes(), &context, mode, &mut |explained| {
                        told += &format!("{explained:?}");
                        ControlFlow::Continue(())
                    });
                    told += &format!("{summary:?}");
                    told += &format!("{:?}", arguments(std::slice::from_ref(&text), &context));
                    for part in ["Qx7w", "u9fK", "j2vT", "ReDd", "ktqM", "nZUZ"] {
                        assert!(!told.contains(part), "{text:?}: {told}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_bounce_repeats_its_reason_in_a_header() {
        let reason =
            "Host or domain name not found. Name service error for\n    name=nosuch.example type=A: Host not found";
        let bounce = format!(
            "<x@nosuch.example>: {reason}\n\nFinal-Recipient: rfc822; x@nosuch.example\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; {reason}\n"
        );
        let summary = counted(&bounce);
        assert_eq!((tallied(&summary), summary.extent.unknown), (vec![("name-not-found", 1)], 0));
    }
}
