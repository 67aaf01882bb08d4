//! `smtpcheck explain WHAT... | FILE | -`: explains a rule, a code, a status, a reply, an EHLO extension or a mechanism,
//! or the replies in a log. It works offline.
//!
//! Standard input is processed as a stream. Unknown input is not an error, but if no input was recognised, the exit code
//! is 1.
//!
//! Read next: [`crate::explain`], which finds the explanations, and [`crate::render::explain`], which formats them.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use super::CommandError;
use super::stdout::{outlet, print};
use crate::check;
use crate::cli::commands::explain::ExplainArgs;
use crate::explain::{self, ExplainContext, Explained, ExplanationKind, Extent, LogMode, LogSummary, SenderError};
use crate::host::file;
use crate::lexicon::ReplyPhase;
use crate::render::explain as pages;
use crate::render::{Display, rule};

/// Exit code if no input was recognised.
const NOTHING: u8 = 1;

pub(super) fn run(args: &ExplainArgs) -> Result<u8, CommandError> {
    let look = args.display(&outlet());
    if args.list && args.json {
        let ids: Vec<String> = check::rules().map(|rule| rule.id.to_owned()).collect();
        let rules = explain::arguments(&ids, &ExplainContext::default());
        return print(&rules.iter().map(pages::json).collect::<String>());
    }
    if args.list {
        return print(&rule::list(check::rules(), &look));
    }
    let context = context(args)?;
    let what: Vec<String> = args.what.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let form = if args.json { ExplainForm::Json } else { ExplainForm::Text };
    if what == ["-"] {
        return input(io::stdin().lock(), "standard input", &context, (form, &look));
    }
    let explained = explain::arguments(&what, &context);
    let is_unknown = explained.iter().all(|one| one.kind == ExplanationKind::Unknown);
    if let ([path], true) = (args.what.as_slice(), is_unknown)
        && Path::new(path).is_file()
    {
        let path = Path::new(path);
        let wrong = |error| CommandError::usage(format!("{}: {}", path.display(), file::reason(&error)));
        let opened = file::streamed(path).map_err(wrong)?;
        return input(opened, &path.display().to_string(), &context, (form, &look));
    }
    if let ([path], true) = (args.what.as_slice(), is_unknown)
        && is_file_name(&path.to_string_lossy())
    {
        return Err(CommandError::usage(format!("{}: no such file", Path::new(path).display())));
    }
    let pages: Vec<String> = explained.iter().map(|one| rendered(one, form, &look)).collect();
    print(&pages.join(if form == ExplainForm::Json { "" } else { "\n" }))?;
    Ok(if is_unknown { NOTHING } else { 0 })
}

/// Whether a word that was not recognised is probably the name of a file: it contains a directory, or has the extension
/// of a log or of a saved message. Brackets and quotation marks occur in programs' messages, not in file names.
fn is_file_name(word: &str) -> bool {
    const EXTENSIONS: [&str; 8] = [".eml", ".err", ".gz", ".log", ".mbox", ".msg", ".out", ".txt"];
    let is_path = word.starts_with(['/', '.', '~']) || word.contains('/');
    !word.contains([' ', '[', '(', '{', '<', '"', '='])
        && (is_path || EXTENSIONS.iter().any(|extension| word.to_ascii_lowercase().ends_with(extension)))
}

/// Explains a log or a reply that is read as a stream; `name` is its name in messages.
fn input(
    from: impl Read,
    name: &str,
    context: &ExplainContext,
    shown: (ExplainForm, &Display),
) -> Result<u8, CommandError> {
    let mut from = BufReader::with_capacity(256 * 1024, from);
    match stream(&mut from, io::stdout().lock(), context, shown) {
        Ok(extent) => Ok(if extent.replies + extent.errors + extent.words == 0 { NOTHING } else { 0 }),
        Err(StreamError::Input(error)) => Err(CommandError::usage(format!("{name} cannot be read: {error}"))),
        Err(StreamError::Output(error)) => Err(CommandError::Output(error)),
    }
}

fn context(args: &ExplainArgs) -> Result<ExplainContext, CommandError> {
    let phase = args.phase.as_deref().map(|word| {
        let known = ReplyPhase::ALL.map(|(name, _)| name).join(", ");
        let error = || CommandError::usage(format!("--phase {}: expected one of {known}", word.escape_debug()));
        ReplyPhase::parse(word).ok_or_else(error)
    });
    let context = ExplainContext { phase: phase.transpose()?, ..ExplainContext::default() };
    let Some(name) = args.provider.as_deref() else { return Ok(context) };
    context.sent_by(name).map_err(|error| {
        let reason = match error {
            SenderError::Unknown => "unknown provider or software".to_owned(),
            SenderError::Ambiguous(ids) => format!("expected one of {}", ids.join(", ")),
        };
        CommandError::usage(format!("--provider {}: {reason}", name.escape_debug()))
    })
}

fn rendered(explained: &Explained, form: ExplainForm, look: &Display) -> String {
    let page = explained.rule.filter(|_| explained.kind == ExplanationKind::Rule).and_then(check::rule);
    match (form, page) {
        (ExplainForm::Json, _) => pages::json(explained),
        (ExplainForm::Text, Some(found)) => rule::page(found, look),
        (ExplainForm::Text, None) => pages::page(explained, look),
    }
}

/// The output form of explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainForm {
    /// For people.
    Text,
    /// JSON Lines: one object per line.
    Json,
}

/// Why a stream could not be processed to its end.
#[derive(Debug)]
pub enum StreamError {
    /// The input cannot be read.
    Input(io::Error),
    /// The output cannot be written.
    Output(io::Error),
}

/// Explains a log. With [`ExplainForm::Json`], each failure is written as soon as it is read, followed by the commands
/// that were accepted before it. With [`ExplainForm::Text`], the counts per category are written at the end. If the log
/// contains only one reply, the explanation of this reply is written instead.
pub fn stream(
    input: &mut impl BufRead,
    output: impl Write,
    context: &ExplainContext,
    (form, look): (ExplainForm, &Display),
) -> Result<Extent, StreamError> {
    let mut output = BufWriter::with_capacity(64 * 1024, output);
    let mut failed = None;
    let mode = if form == ExplainForm::Json { LogMode::Each } else { LogMode::Count };
    let summary = explain::log(input, context, mode, &mut |explained| {
        let mut page = rendered(explained, form, look);
        if form == ExplainForm::Text {
            page.push('\n');
        }
        match output.write_all(page.as_bytes()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    let LogSummary { extent, tallies, unknown } = summary.map_err(StreamError::Input)?;
    let written = match failed {
        Some(error) => Err(error),
        None => {
            let text = match (form, tallies.as_slice(), extent.replies + extent.errors) {
                (ExplainForm::Json, _, 0) if extent.words + extent.unknown == 0 => {
                    pages::json(&Explained::new(ExplanationKind::Unknown, ""))
                }
                (ExplainForm::Json, ..) => String::new(),
                (ExplainForm::Text, _, 0) if extent.words > 0 => String::new(),
                (ExplainForm::Text, _, 0) => pages::nothing(extent, unknown.as_ref(), look),
                (ExplainForm::Text, [only], 1) if extent.unknown == 0 => pages::page(&only.example, look),
                (ExplainForm::Text, all, _) => pages::summary(all, extent, unknown.as_ref(), look),
            };
            output.write_all(text.as_bytes()).and_then(|()| output.flush())
        }
    };
    // A pipe that the reader closed is not an error. `extent` counts the items that were recognised before that.
    super::sink::unless_closed(written).map(|()| extent).map_err(StreamError::Output)
}
