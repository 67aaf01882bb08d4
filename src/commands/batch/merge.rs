//! `smtpcheck report` for the records of `smtpcheck batch`: one summary of any number of files. The files are read line
//! by line. A target that has a record in several files counts once, with its newest record, so that shards, repeated
//! runs and copies can be combined in any order.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use super::super::sink::{Draft, Readers, Sink, file_of};
use super::super::{CommandError, outputs, stdout};
use super::write_message;
use crate::cli::UsageError;
use crate::cli::commands::report::ReportArgs;
use crate::cli::flags::display::OutputTarget;
use crate::host::file;
use crate::render::{Display, Format, names_of_formats};
use crate::report::batch::{BatchSummary, BatchTally, RecordReader, SavedLine, TargetId, begins_a_batch};

/// The size of the buffer for a file.
const BUFFER: usize = 256 * 1024;

/// The summary of the files, if they contain records of a batch; `None` if they contain reports.
pub(in crate::commands) fn report(args: &ReportArgs) -> Result<Option<u8>, CommandError> {
    let Some(batch) = args.files.iter().find(|path| is_batch(path)) else { return Ok(None) };
    if args.rejudge {
        let reason = "has no effect: batch records contain no evidence";
        return Err(UsageError::flag("--rejudge", reason)
            .with_hint("use --full in the batch, or omit the flag")
            .into());
    }
    let format = args.format.chosen();
    let writer = writer_of(format)?;
    let files = args.reports.report.iter().map(|report| Ok((writer_of(report.format.0)?, &report.path)));
    let files = files.collect::<Result<Vec<_>, CommandError>>()?;
    let target = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { stdout::outlet() };
    let look = args.display(&target);
    let named: Vec<(&'static str, Option<&Path>)> =
        args.files.iter().map(|path| ("an input", Some(path.as_path()))).collect();
    outputs::reject_clashes(file_of(&args.output.output), &args.reports.report, &named)?;
    let tally = counted(&args.files, batch)?;
    let code = tally.exit_code();
    let summary = tally.summary(None, code);
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    sink.write(&writer(&summary, &look)).map_err(CommandError::Output)?;
    sink.finish()?;
    for (writer, path) in files {
        Draft::begin_for("--report", path, Readers::Usual)?.fill(&writer(&summary, &look.for_file()))?;
    }
    Ok(Some(code))
}

type SummaryWriter = fn(&BatchSummary, &Display) -> String;

fn writer_of(format: &Format) -> Result<SummaryWriter, CommandError> {
    format.batch_summary.ok_or_else(|| {
        let reason = format!("--format {} cannot show batch records", format.name);
        let usable = names_of_formats(|format| format.batch_summary.is_some());
        UsageError::new(reason).with_hint(format!("use {usable}")).into()
    })
}

/// Whether a file begins with a record of a batch. Standard input is not consumed by this test.
fn is_batch(path: &Path) -> bool {
    if path.as_os_str() == "-" {
        return io::stdin().lock().fill_buf().is_ok_and(begins_a_batch);
    }
    let Some(file) = file::streamed_if_file(path) else { return false };
    let mut begin = Vec::new();
    file.take(4096).read_to_end(&mut begin).is_ok() && begins_a_batch(&begin)
}

/// Counts the records of all files. `batch` is a file that is known to begin with a batch record.
fn counted(paths: &[PathBuf], batch: &Path) -> Result<BatchTally, CommandError> {
    let mut files = paths.iter().map(|path| BatchFile::begin(path, batch)).collect::<Result<Vec<_>, _>>()?;
    let mut newest: HashMap<(TargetId, u32), (i64, usize)> = HashMap::new();
    let mut repeated = 0;
    if files.len() > 1 {
        for (place, file) in files.iter_mut().enumerate() {
            file.each(&mut |line| {
                if let FileLine::Target(target, occurrence) = line {
                    let begun = target.started_at.as_microsecond();
                    let known = newest.entry((target.id, occurrence)).or_insert((i64::MIN, place));
                    repeated += u64::from(known.0 != i64::MIN);
                    if begun > known.0 {
                        *known = (begun, place);
                    }
                }
            })?;
        }
    }
    let mut tally = BatchTally::default();
    let mut known_invalid: HashSet<u64> = HashSet::new();
    let mut records = 0_u64;
    for (place, file) in files.iter_mut().enumerate() {
        file.each(&mut |line| {
            records += 1;
            match line {
                FileLine::Target(target, occurrence) => {
                    let key = (target.id, occurrence);
                    if newest.get(&key).is_none_or(|known| *known == (target.started_at.as_microsecond(), place)) {
                        tally.add(target);
                    }
                }
                FileLine::Invalid { line, error } => {
                    let mut hasher = DefaultHasher::new();
                    (line, error).hash(&mut hasher);
                    if known_invalid.insert(hasher.finish()) {
                        tally.add_invalid(line, error);
                    }
                }
            }
        })?;
    }
    if records == 0 {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        return Err(CommandError::usage(format!(
            "{}: no complete record; run smtpcheck batch again",
            names.join(", ")
        )));
    }
    if repeated > 0 {
        write_message(&match repeated {
            1 => "1 record is not counted, because a newer record of the same target exists".to_owned(),
            _ => format!("{repeated} records are not counted, because newer records of the same targets exist"),
        });
    }
    Ok(tally)
}

/// A line of a file.
enum FileLine<'a, 'b> {
    /// A target, and how many earlier records of the file have the same target.
    Target(&'a crate::report::batch::SavedTarget<'b>, u32),
    /// A line that could not be checked.
    Invalid { line: u64, error: &'a str },
}

struct BatchFile {
    name: String,
    /// The name of another input that begins with a batch record, for the error message if this file does not.
    batch: String,
    file: File,
    is_remarked: bool,
}

impl BatchFile {
    /// Opens a file that can be read twice. Standard input and pipes are copied to a temporary file.
    fn begin(path: &Path, batch: &Path) -> Result<BatchFile, CommandError> {
        let is_stdin = path.as_os_str() == "-";
        let (name, batch) = (file_name_of(path), file_name_of(batch));
        let wrong = |error: io::Error| CommandError::usage(format!("{name}: {}", file::reason(&error)));
        let file = if is_stdin {
            copied(&mut io::stdin().lock()).map_err(wrong)?
        } else {
            let mut file = file::streamed(path).map_err(wrong)?;
            let is_regular = file.metadata().map_err(wrong)?.is_file();
            if is_regular { file } else { copied(&mut file).map_err(wrong)? }
        };
        Ok(BatchFile { name, batch, file, is_remarked: false })
    }

    /// Passes each record to `take`.
    fn each(&mut self, take: &mut dyn FnMut(FileLine<'_, '_>)) -> Result<(), CommandError> {
        let wrong = |name: &str, reason: String| CommandError::usage(format!("{name}: {reason}"));
        self.file.rewind().map_err(|error| wrong(&self.name, error.to_string()))?;
        let mut reader = RecordReader::new(BufReader::with_capacity(BUFFER, &self.file));
        let mut occurrences: HashMap<TargetId, u32> = HashMap::new();
        let mut number = 0;
        loop {
            number += 1;
            match reader.next_line().map_err(|error| wrong(&self.name, error.to_string()))? {
                None => return Ok(()),
                Some(SavedLine::Target(target)) => {
                    let occurrence = occurrences.entry(target.id).or_default();
                    take(FileLine::Target(&target, *occurrence));
                    *occurrence += 1;
                }
                Some(SavedLine::Invalid { line, error }) => take(FileLine::Invalid { line, error: &error }),
                Some(SavedLine::Torn) => {
                    if !self.is_remarked {
                        write_message(&format!("{}: the last record is incomplete and is not counted", self.name));
                    }
                    self.is_remarked = true;
                }
                Some(SavedLine::Foreign) if number == 1 => {
                    let reason =
                        format!("{} contains no records of smtpcheck batch, but {} does", self.name, self.batch);
                    let hint = "saved reports and batch records cannot be combined: run smtpcheck report once for each kind of file";
                    return Err(UsageError::new(reason).with_hint(hint).into());
                }
                Some(SavedLine::Foreign) => {
                    return Err(wrong(&self.name, format!("record {number} was not written by smtpcheck batch")));
                }
            }
        }
    }
}

/// The name of a file in messages.
fn file_name_of(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

fn copied(from: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(file)
}
