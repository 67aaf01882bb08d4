//! Explains a log of any length: each reply and each error message as it is found, or how many have the same cause. A line
//! that reports a failure and is not recognised is counted, and the first one is kept.
//!
//! Promises: memory use does not depend on the length of the input.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use super::arguments::one_word;
use super::errors::FoundError;
use super::explained::{Explained, ExplanationKind, Extent, Tally};
use super::failures::{FailureLine, FailureLines};
use super::log::{self, Finder, FoundReply, LineUse};
use super::reply::ExplainContext;
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
    /// With [`LogMode::Count`], the replies and error messages by cause: failures first, the most frequent one on top.
    pub tallies: Vec<Tally>,
    /// The first line that reports a failure and is not recognised.
    pub unknown: Option<FailureLine>,
}

/// Explains a log. `output` gets each line that is the name of something, and with [`LogMode::Each`] each reply, error message
/// and unrecognised failure, as soon as it is read; it can end the reading. Errors are those of the input.
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
        unknown: None,
    };
    let (mut finder, mut failures, mut line) = (Finder::default(), FailureLines::default(), Vec::new());
    while explainer.flow.is_continue() && next_line(input, &mut line)? {
        explainer.extent.lines += 1;
        if let Some(word) = one_word(&line) {
            explainer.extent.words += 1;
            explainer.pass_on(&Explained { line: Some(explainer.extent.lines), ..word });
        }
        let is_used = finder.push(&line, &mut |found| explainer.reply(found)) == LineUse::Reply;
        let failure = failures.push(explainer.extent.lines, if is_used { b"" } else { &line });
        failure.into_iter().for_each(|failure| explainer.failure(failure));
    }
    finder.finish(&mut |found| explainer.reply(found));
    failures.finish().into_iter().for_each(|failure| explainer.failure(failure));
    explainer.release_generic();
    Ok(explainer.summary())
}

/// Reads the next line and stores its first [`log::MAX_LINE`] bytes. Returns false at the end of the input.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = log::MAX_LINE as u64;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() == log::MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

/// The properties on which the interpretation of a reply depends: its text, its phase and its host.
type ReplyKey = (String, Option<ReplyPhase>, Option<String>);

/// What replies are counted by (the cause and the rule), and error messages (the rule).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TallyKey {
    Reply(Cause, Option<&'static str>),
    Error(Option<&'static str>),
}

/// Lines after a generic error message in which a reply or another message takes its place.
const GENERIC_REACH: u64 = 8;

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
    /// A generic error message, until a later line says more.
    generic: Option<(FailureLine, FoundError)>,
    unknown: Option<FailureLine>,
}

impl LogExplainer<'_> {
    fn reply(&mut self, found: FoundReply) {
        self.supersede_generic(found.line);
        match self.mode {
            LogMode::Each => self.explain(found),
            LogMode::Count => self.count(found),
        }
    }

    fn pass_on(&mut self, explained: &Explained) {
        if self.flow.is_continue() {
            self.flow = (self.output)(explained);
        }
    }

    fn explain(&mut self, FoundReply { line, text, phase, host }: FoundReply) {
        if self.explained.len() >= MEMORY {
            self.explained.clear();
        }
        let known = self
            .explained
            .entry((text, phase, host))
            .or_insert_with_key(|(text, phase, host)| self.context.reply(text, *phase, host.as_deref()));
        let Some(explained) = known else { return };
        explained.line = Some(line);
        self.extent.replies += 1;
        if self.flow.is_continue() {
            self.flow = (self.output)(explained);
        }
    }

    fn count(&mut self, FoundReply { line, text, phase, host }: FoundReply) {
        if self.counted.len() >= MEMORY {
            self.counted.clear();
        }
        let key = (text, phase, host);
        let (kind, read) = match self.counted.get(&key) {
            Some(known) => (*known, None),
            None => {
                let (text, phase, host) = &key;
                let read = self.context.read(text, *phase, host.as_deref());
                (read.as_ref().map(|read| TallyKey::Reply(read.cause, read.rule)), read)
            }
        };
        if let Some(kind) = kind {
            self.extent.replies += 1;
            match (self.tallies.get_mut(&kind), read) {
                (Some(tally), _) => tally.count += 1,
                (None, Some(read)) => {
                    let (text, _, host) = &key;
                    let example = Explained { line: Some(line), ..read.explained(text, host.as_deref()) };
                    self.tallies.insert(kind, Tally { count: 1, example });
                }
                // Impossible: the tally of a cached reply was created when the reply was first interpreted.
                (None, None) => {}
            }
        }
        self.counted.entry(key).or_insert(kind);
    }

    fn summary(self) -> LogSummary {
        let mut tallies: Vec<_> = self.tallies.into_iter().collect();
        // Of accepted commands only the number is of interest.
        tallies.sort_by_key(|(key, tally)| {
            let is_accepted = matches!(key, TallyKey::Reply(Cause::Accepted, _));
            (is_accepted, std::cmp::Reverse(tally.count))
        });
        let tallies = tallies.into_iter().map(|(_, tally)| tally).collect();
        LogSummary { extent: self.extent, tallies, unknown: self.unknown }
    }

    /// Takes a line that reports a failure and contains no reply.
    fn failure(&mut self, line: FailureLine) {
        match FoundError::in_text(&line.text) {
            Some(found) if found.error.generic => {
                self.release_generic();
                self.generic = Some((line, found));
            }
            Some(found) => {
                self.supersede_generic(line.number);
                self.error(&line, found);
            }
            None if line.is_failure => {
                self.extent.unknown += 1;
                if self.mode == LogMode::Each {
                    let unknown = Explained::new(ExplanationKind::Unknown, line.text.as_str());
                    self.pass_on(&Explained { line: Some(line.number), ..unknown });
                }
                self.unknown.get_or_insert(line);
            }
            None => {}
        }
    }

    /// Drops the generic message before a line that says more, if that is near.
    fn supersede_generic(&mut self, line: u64) {
        let is_near = |(generic, _): &mut (FailureLine, FoundError)| line.abs_diff(generic.number) <= GENERIC_REACH;
        if self.generic.take_if(is_near).is_none() {
            self.release_generic();
        }
    }

    fn release_generic(&mut self) {
        if let Some((line, found)) = self.generic.take() {
            self.error(&line, found);
        }
    }

    fn error(&mut self, line: &FailureLine, found: FoundError) {
        self.extent.errors += 1;
        let explained = || Explained { line: Some(line.number), ..found.explained(&line.text) };
        if self.mode == LogMode::Each {
            return self.pass_on(&explained());
        }
        let tally = self.tallies.entry(TallyKey::Error(found.rule()));
        tally.or_insert_with(|| Tally { count: 0, example: explained() }).count += 1;
    }
}
