//! `smtpcheck explain WHAT... | -`: what a rule, a code, a status, a reply, an EHLO keyword or a mechanism means, and
//! which replies stand in a log. Offline; nothing is asked of anybody.
//!
//! Promises: standard input is read as a stream, so memory does not depend on its length; nonsense is answered, not
//! refused: exit 1 when nothing at all was recognised. Where a log tells step or host, that counts before `--phase`
//! and `--provider`, which say what the input leaves open.
//!
//! What the words are, in this order:
//! 1. a reply when the first is a code or a status and more follow that are not all such or rules: `550 5.1.1 No`;
//! 2. else each word by itself: a rule's id, a code, a status, a reply or log line in quotation marks, a keyword, a
//!    mechanism;
//! 3. a known sentence without a code, when nothing of that holds (most phrases want a code).
//!
//! Read next: [`crate::lexicon::logline`], which finds replies; [`crate::render::explain`], which prints.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use super::{CommandError, outlet, print};
use crate::check::{self, refusal};
use crate::cli::commands::explain::ExplainArgs;
use crate::lexicon::logline::{self, Finder, FoundReply};
use crate::lexicon::providers::{self, ProviderSigns};
use crate::lexicon::{
    self, Basis, Cause, Confidence, Context, Fix, Reading, ReplyPhase, keywords, mechanisms, phrases,
};
use crate::lexicon::{software, tables};
use crate::render::explain::{self, ConditionalMeaning, Explained, ExplanationKind, Extent, Tally};
use crate::render::{Display, rule};
use crate::wire::{Class, EnhancedStatus, Reply, ReplyCode, reply};

/// Exit code when nothing at all was recognised.
const NOTHING: u8 = 1;
/// Distinct replies whose reading is remembered: a log repeats itself.
const MEMORY: usize = 2048;

pub(super) fn run(args: &ExplainArgs) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    if args.list {
        return print(&rule::list(check::rules(), &look));
    }
    let given = ExplainContext::of(args)?;
    let what: Vec<String> = args.what.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let form = if args.json { ExplainForm::Json } else { ExplainForm::Text };
    if what == ["-"] {
        let mut input = BufReader::with_capacity(256 * 1024, io::stdin().lock());
        return match stream(&mut input, io::stdout().lock(), &given, (form, &look)) {
            Ok(extent) => Ok(if extent.replies + extent.words == 0 { NOTHING } else { 0 }),
            Err(StreamError::Input(error)) => {
                Err(CommandError::usage(format!("standard input cannot be read: {error}")))
            }
            Err(StreamError::Output(error)) => Err(CommandError::Output(error)),
        };
    }
    let is_unknown = |one: &Explained| one.kind == ExplanationKind::Unknown;
    let mut explained: Vec<Explained> = items(&what).iter().flat_map(|item| given.item(item)).collect();
    if what.len() > 1 && explained.iter().all(is_unknown) {
        // A sentence without a code: `User unknown`.
        explained = given.item(&what.join(" "));
    }
    let pages: Vec<String> = explained.iter().map(|one| rendered(one, form, &look)).collect();
    print(&pages.join(if form == ExplainForm::Json { "" } else { "\n" }))?;
    Ok(if explained.iter().all(is_unknown) { NOTHING } else { 0 })
}

fn rendered(explained: &Explained, form: ExplainForm, look: &Display) -> String {
    let page = explained.rule.filter(|_| explained.kind == ExplanationKind::Rule).and_then(check::rule);
    match (form, page) {
        (ExplainForm::Json, _) => explain::json(explained),
        (ExplainForm::Text, Some(found)) => rule::page(found, look),
        (ExplainForm::Text, None) => explain::page(explained, look),
    }
}

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainForm {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Which end of a stream broke.
#[derive(Debug)]
pub enum StreamError {
    /// It cannot be read.
    Input(io::Error),
    /// It cannot be written.
    Output(io::Error),
}

/// Explains a log: with [`Form::Json`] each reply as it comes, with [`Form::Text`] the count per cause at the end, or the
/// page of the reply if there is only one.
pub fn stream(
    input: &mut impl BufRead,
    output: impl Write,
    given: &ExplainContext,
    (form, look): (ExplainForm, &Display),
) -> Result<Extent, StreamError> {
    let mut teller = ReplyPrinter {
        given,
        form,
        output: BufWriter::with_capacity(64 * 1024, output),
        extent: Extent::default(),
        shown: HashMap::new(),
        counted: HashMap::new(),
        tallies: BTreeMap::new(),
        broken: None,
    };
    let (mut finder, mut line) = (Finder::default(), Vec::new());
    while teller.broken.is_none() && next_line(input, &mut line).map_err(StreamError::Input)? {
        teller.extent.lines += 1;
        if let Some(word) = one_word(&line) {
            teller.print_word(word, look);
        }
        finder.push(&line, &mut |found| teller.print_reply(found));
    }
    finder.finish(&mut |found| teller.print_reply(found));
    teller.end(look).map_err(StreamError::Output)
}

/// Reads a line into `line`, of which no more than the finder looks at is kept; false at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = logline::MAX_LINE as u64;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() == logline::MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

/// A line of one word that is the name of something; the shapes of names are looked at first, since a log has many lines.
fn one_word(line: &[u8]) -> Option<Explained> {
    let line = line.trim_ascii();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if line.is_empty() || line.len() > 60 || !line.iter().all(is_name) {
        return None;
    }
    let word = std::str::from_utf8(line).ok()?;
    check::rule(word).map(of_rule).or_else(|| of_keyword(word)).or_else(|| of_mechanism(word))
}

/// What decides how a reply is read: its text, its step, its host.
type ReplyKey = (String, Option<ReplyPhase>, Option<String>);

/// Takes the replies of a stream, tells them or counts them.
struct ReplyPrinter<'a, W: Write> {
    given: &'a ExplainContext,
    form: ExplainForm,
    output: BufWriter<W>,
    extent: Extent,
    /// What was read lately: of each reply its words, or only what it is counted as.
    shown: HashMap<ReplyKey, Option<Explained>>,
    counted: HashMap<ReplyKey, Option<(Cause, Option<&'static str>)>>,
    tallies: BTreeMap<(Cause, Option<&'static str>), Tally>,
    broken: Option<io::Error>,
}

impl<W: Write> ReplyPrinter<'_, W> {
    fn print_reply(&mut self, found: FoundReply) {
        match self.form {
            ExplainForm::Json => self.show(found),
            ExplainForm::Text => self.count(found),
        }
    }

    fn show(&mut self, FoundReply { line, text, step, host }: FoundReply) {
        if self.shown.len() >= MEMORY {
            self.shown.clear();
        }
        let known = self
            .shown
            .entry((text, step, host))
            .or_insert_with_key(|(text, step, host)| self.given.reply(text, *step, host.as_deref()));
        let Some(explained) = known else { return };
        explained.line = Some(line);
        self.extent.replies += 1;
        if self.broken.is_none() {
            self.broken = self.output.write_all(explain::json(explained).as_bytes()).err();
        }
    }

    fn count(&mut self, FoundReply { line, text, step, host }: FoundReply) {
        if self.counted.len() >= MEMORY {
            self.counted.clear();
        }
        let seen = (text, step, host);
        let (kind, read) = match self.counted.get(&seen) {
            Some(known) => (*known, None),
            None => {
                let (text, step, host) = &seen;
                let read = self.given.read(text, *step, host.as_deref());
                (read.as_ref().map(|read| (read.cause, read.rule)), read)
            }
        };
        if let Some(kind) = kind {
            self.extent.replies += 1;
            match (self.tallies.get_mut(&kind), read) {
                (Some(tally), _) => tally.count += 1,
                (None, Some(read)) => {
                    let (text, _, host) = &seen;
                    let example = Explained { line: Some(line), ..read.explained(text, host.as_deref()) };
                    self.tallies.insert(kind, Tally { count: 1, example });
                }
                // Whatever is known was counted when it was read.
                (None, None) => {}
            }
        }
        self.counted.entry(seen).or_insert(kind);
    }

    fn print_word(&mut self, explained: Explained, look: &Display) {
        let explained = Explained { line: Some(self.extent.lines), ..explained };
        let mut page = rendered(&explained, self.form, look);
        if self.form == ExplainForm::Text {
            page.push('\n');
        }
        self.extent.words += 1;
        if self.broken.is_none() {
            self.broken = self.output.write_all(page.as_bytes()).err();
        }
    }

    fn end(mut self, look: &Display) -> io::Result<Extent> {
        if let Some(error) = self.broken {
            // What was written until then was recognised.
            return super::sink::unless_closed(Err(error)).map(|()| self.extent);
        }
        let mut tallies: Vec<_> = std::mem::take(&mut self.tallies).into_iter().collect();
        // Refusals first, the most frequent one on top; what was accepted is worth a number only.
        tallies.sort_by_key(|((cause, _), tally)| (*cause == Cause::Accepted, std::cmp::Reverse(tally.count)));
        let tallies: Vec<Tally> = tallies.into_iter().map(|(_, tally)| tally).collect();
        let text = match (self.form, tallies.as_slice(), self.extent.replies) {
            (_, _, 0) if self.extent.words > 0 => String::new(),
            (ExplainForm::Json, _, 0) => explain::json(&Explained::new(ExplanationKind::Unknown, "")),
            (ExplainForm::Json, ..) => String::new(),
            (ExplainForm::Text, _, 0) => explain::nothing(self.extent.lines),
            (ExplainForm::Text, [only], 1) => explain::page(&only.example, look),
            (ExplainForm::Text, all, _) => explain::summary(all, self.extent, look),
        };
        let written = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
        super::sink::unless_closed(written).map(|()| self.extent)
    }
}

/// What the user says beside the input.
#[derive(Clone, Debug, Default)]
pub struct ExplainContext {
    step: Option<ReplyPhase>,
    provider: Option<&'static str>,
    software: Option<&'static str>,
}

impl ExplainContext {
    fn of(args: &ExplainArgs) -> Result<ExplainContext, CommandError> {
        let step = args.phase.as_deref().map(|word| {
            let words = ReplyPhase::ALL.map(|(name, _)| name).join(", ");
            let told = || CommandError::usage(format!("--phase {}: write one of {words}", word.escape_debug()));
            ReplyPhase::parse(word).ok_or_else(told)
        });
        let mut given = ExplainContext { step: step.transpose()?, ..ExplainContext::default() };
        let Some(word) = args.provider.as_deref() else { return Ok(given) };
        match providers::find(word).as_slice() {
            [only] => given.provider = Some(&only.id),
            [] => match software::find(word) {
                Some(found) => given.software = Some(&found.id),
                None => {
                    let told = format!("--provider {}: no such provider or software is known", word.escape_debug());
                    return Err(CommandError::usage(told));
                }
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|provider| provider.id.as_str()).collect();
                let told = format!("--provider {}: write one of {}", word.escape_debug(), ids.join(", "));
                return Err(CommandError::usage(told));
            }
        }
        Ok(given)
    }

    /// Reads one reply; none when the lexicon has nothing to say about it.
    fn read(&self, text: &str, step: Option<ReplyPhase>, host: Option<&str>) -> Option<Understood> {
        let reply = reply::from_text(text)?;
        let by_host = host.and_then(recognised).unwrap_or_default();
        let step = step.or(self.step);
        let provider = by_host.provider.or(self.provider);
        let context = Context { step, provider, software: by_host.software.or(self.software) };
        let reading = lexicon::read(&reply, &context).or_else(|| by_registry(&reply));
        let also = elsewhere(&reply, &context);
        if reading.is_none() && also.is_empty() {
            return None;
        }
        let cause = reading.as_ref().map_or(Cause::Other, |reading| reading.cause);
        let rule = reading.as_ref().and_then(|reading| rule_of(reading, &reply, step));
        Some(Understood { cause, rule, reply, step, provider, reading, also })
    }

    /// The same, put into words.
    fn reply(&self, text: &str, step: Option<ReplyPhase>, host: Option<&str>) -> Option<Explained> {
        Some(self.read(text, step, host)?.explained(text, host))
    }

    /// Everything that one word or text of the command line is.
    fn item(&self, item: &str) -> Vec<Explained> {
        if let Some(found) = check::rule(item) {
            return vec![of_rule(found)];
        }
        let (mut finder, mut found) = (Finder::default(), Vec::new());
        for line in item.lines() {
            finder.push(line.as_bytes(), &mut |one| found.push(one));
        }
        finder.finish(&mut |one| found.push(one));
        let as_reply = |text: &str| self.reply(text, step_in(text), None);
        let replies: Vec<Explained> =
            found.into_iter().filter_map(|found| self.reply(&found.text, found.step, found.host.as_deref())).collect();
        if !replies.is_empty() {
            return replies;
        }
        let class = item.get(..3).and_then(|start| ReplyCode::parse(start.as_bytes())).map(ReplyCode::class);
        let is_number = class.is_some_and(|class| class != Class::Undefined) || EnhancedStatus::lead(item).is_some();
        if let Some(reply) = as_reply(item).filter(|_| is_number) {
            return vec![reply];
        }
        let words: Vec<Explained> = of_keyword(item).into_iter().chain(of_mechanism(item)).collect();
        if !words.is_empty() {
            return words;
        }
        match as_reply(item).filter(|explained| matches!(explained.basis, Some(Basis::Phrase { .. }))) {
            Some(sentence) => vec![sentence],
            None => vec![Explained { nearest: nearest(item), ..Explained::new(ExplanationKind::Unknown, item) }],
        }
    }
}

/// A reply that was read. What it says is put into words only when they are shown: of a long log, for a few replies.
struct Understood {
    cause: Cause,
    rule: Option<&'static str>,
    reply: Reply,
    step: Option<ReplyPhase>,
    provider: Option<&'static str>,
    reading: Option<Reading>,
    also: Vec<ConditionalMeaning>,
}

impl Understood {
    fn explained(self, text: &str, host: Option<&str>) -> Explained {
        let Understood { rule, reply, step, provider, reading, also, .. } = self;
        let mut explained = Explained {
            phase: step,
            provider: provider.map(str::to_owned),
            code: reply.code,
            status: reply.enhanced,
            meaning: meaning(&reply),
            also,
            rule,
            ..Explained::new(ExplanationKind::Reply, text)
        };
        let Some(reading) = reading else { return explained };
        explained.category = Some(reading.cause.category());
        explained.confidence = Some(reading.confidence);
        explained.cause = Some(reading.means);
        explained.otherwise = reading.otherwise;
        explained.fixes = reading.fixes.into_iter().map(|fix| filled(fix, host)).collect();
        explained.source = source(&reading.basis);
        explained.basis = Some(reading.basis);
        explained
    }
}

/// The words of the command line as things: see the header of this file.
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

/// Provider and software behind a host name.
#[derive(Clone, Copy, Default)]
struct Recognised {
    provider: Option<&'static str>,
    software: Option<&'static str>,
}

fn recognised(host: &str) -> Option<Recognised> {
    if let Some(provider) = providers::recognise(&ProviderSigns { host: Some(host), ..ProviderSigns::default() }) {
        return Some(Recognised { provider: Some(&provider.id), software: None });
    }
    let row = software::by_mx(host)?;
    Some(Recognised { provider: row.provider.as_deref(), software: row.software.as_deref() })
}

fn step_in(text: &str) -> Option<ReplyPhase> {
    text.get(..3).and_then(|code| ReplyCode::parse(code.as_bytes())).and_then(logline::step_of)
}

/// What the registry says about a status that everybody uses for everything, which is better than nothing where there is
/// neither a code nor a word.
fn by_registry(reply: &Reply) -> Option<Reading> {
    let status = reply.enhanced?;
    let row = tables::status(status)?;
    Some(Reading {
        cause: row.cause(status),
        confidence: Confidence::Possible,
        means: row.meaning.clone(),
        otherwise: row.otherwise.clone(),
        fixes: row.fix.clone(),
        basis: Basis::Status { status: status.to_string() },
    })
}

/// The rule that a check would raise: that of the cause, or of the step when only the code is known.
fn rule_of(reading: &Reading, reply: &Reply, step: Option<ReplyPhase>) -> Option<&'static str> {
    let known = match reading.basis {
        Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. } => true,
        Basis::CodeAtStep { .. } => reading.confidence >= Confidence::Likely,
        Basis::Code { .. } | Basis::Class { .. } => step.is_none(),
    };
    let by_cause = refusal::rule_of(reading.cause).map(|rule| rule.id);
    let refused = matches!(reply.class(), Class::Transient | Class::Permanent);
    if known || !refused {
        by_cause
    } else {
        step.and_then(|step| refusal::rule_at(step, reply)).map(|rule| rule.id).or(by_cause)
    }
}

/// What the standard says about the code and the registry about the status.
fn meaning(reply: &Reply) -> Option<String> {
    let code = reply.code.and_then(|code| match tables::code(code) {
        Some(row) => Some(format!("{code}: {} ({})", row.meaning, row.reference)),
        None => tables::class(code).map(|row| format!("{code}: in no standard; {}", row.meaning)),
    });
    let status = reply
        .enhanced
        .and_then(|status| tables::status(status).map(|row| format!("{status}: {} ({})", row.text, row.reference)));
    let parts: Vec<String> = code.into_iter().chain(status).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What a code or a status without words means at each step and at each provider, where nothing narrows it.
fn elsewhere(reply: &Reply, context: &Context<'_>) -> Vec<ConditionalMeaning> {
    if reply.text.iter().any(|text| !text.is_empty() && EnhancedStatus::parse(text).is_none()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let (Some(code), None, None) = (reply.code, reply.enhanced, context.step) {
        for row in tables::code(code).into_iter().flat_map(|row| &row.at) {
            let names = ReplyPhase::ALL.iter().filter(|(_, step)| row.phase.contains(step)).map(|(name, _)| *name);
            let at = names.collect::<Vec<_>>().join(", ");
            let (category, confidence) = (row.cause.category(), row.confidence);
            found.push(ConditionalMeaning { at, category, confidence, cause: row.means.clone() });
        }
    }
    if let (Some(status), None) = (reply.enhanced, context.provider) {
        for row in tables::deviations(status, reply.code) {
            let (at, category) = (row.provider.clone(), row.cause.category());
            found.push(ConditionalMeaning { at, category, confidence: row.confidence, cause: row.means.clone() });
        }
    }
    found
}

fn source(basis: &Basis) -> Option<String> {
    let Basis::Phrase { id } = basis else { return None };
    let source = &phrases::all().iter().find(|phrase| phrase.id == *id)?.source;
    // Notes of this project stand beside public places; only these can be looked up.
    let public: Vec<&str> = source.split("; ").filter(|place| !place.contains(".md ")).collect();
    (!public.is_empty()).then(|| public.join("; "))
}

/// Names for what only a check knows, so that a command can be read as a pattern.
fn filled(fix: Fix, host: Option<&str>) -> Fix {
    let values = [
        ("{host}", host.unwrap_or("HOST")),
        ("{port}", "PORT"),
        ("{user}", "USER"),
        ("{from}", "SENDER"),
        ("{rcpt}", "RECIPIENT"),
        ("{ip}", "YOUR-PUBLIC-ADDRESS"),
    ];
    let fill = |text: String| values.iter().fold(text, |text, (name, value)| text.replace(name, value));
    Fix { text: fill(fix.text), command: fix.command.map(fill), url: fix.url, when: fix.when }
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

fn of_keyword(word: &str) -> Option<Explained> {
    let row = keywords::find(word.split_whitespace().next()?)?;
    let mut meaning = format!("EHLO keyword ({}): {} Where it is listed: {}", row.status, row.meaning, row.says);
    if let Some(absent) = &row.absent {
        meaning = format!("{meaning} Where it is missing: {absent}");
    }
    let (meaning, source) = (Some(meaning), Some(row.reference.clone()));
    Some(Explained { meaning, source, ..Explained::new(ExplanationKind::Keyword, word) })
}

fn of_mechanism(word: &str) -> Option<Explained> {
    let row = mechanisms::find(word).filter(|_| !word.contains(char::is_whitespace))?;
    let what = format!("SASL mechanism ({}): {} On the wire: {}", row.strength, row.remark, row.secret_on_wire);
    let (meaning, source) = (Some(what), Some(row.reference.clone()));
    Some(Explained { meaning, source, ..Explained::new(ExplanationKind::Mechanism, word) })
}

/// Rules whose id is like this word, best first.
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
