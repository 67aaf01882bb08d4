//! Explains a log of any length: either each reply, or the number of replies with the same cause.
//!
//! Promises: memory use does not depend on the length of the input.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use super::arguments::one_word;
use super::explained::{Explained, Extent, Tally};
use super::log::{self, Finder, FoundReply};
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
    /// With [`LogMode::Count`], the number of replies for each cause: rejections first, the most frequent cause first.
    pub tallies: Vec<Tally>,
}

/// Explains a log. `output` receives the explanation of each line that is a single rule id, extension or mechanism and,
/// with [`LogMode::Each`], of each reply, as soon as it is read. It can stop the reading. Errors are those of reading
/// the input.
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
    };
    let (mut finder, mut line) = (Finder::default(), Vec::new());
    while explainer.flow.is_continue() && next_line(input, &mut line)? {
        explainer.extent.lines += 1;
        if let Some(word) = one_word(&line) {
            explainer.extent.words += 1;
            explainer.pass_on(&Explained { line: Some(explainer.extent.lines), ..word });
        }
        finder.push(&line, &mut |found| explainer.reply(found));
    }
    finder.finish(&mut |found| explainer.reply(found));
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

/// The key by which replies are counted: the cause and the rule.
type TallyKey = (Cause, Option<&'static str>);

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
}

impl LogExplainer<'_> {
    fn reply(&mut self, found: FoundReply) {
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
                (read.as_ref().map(|read| (read.cause, read.rule)), read)
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
        // Accepted commands are last, because only rejections need a fix.
        tallies.sort_by_key(|((cause, _), tally)| (*cause == Cause::Accepted, std::cmp::Reverse(tally.count)));
        LogSummary { extent: self.extent, tallies: tallies.into_iter().map(|(_, tally)| tally).collect() }
    }
}
