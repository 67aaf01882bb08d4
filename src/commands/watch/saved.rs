//! `smtpcheck report` for the records of `smtpcheck watch`: recomputes the summary from the saved reports. The files
//! are read record by record, so they can be larger than the available memory. With `--rejudge`, the rules are applied
//! again first.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::super::sink::{Draft, Readers, Sink, file_of};
use super::super::{CommandError, outputs, secrets, stdout};
use crate::cli::UsageError;
use crate::cli::commands::report::ReportArgs;
use crate::cli::flags::display::OutputTarget;
use crate::expect::Expectation;
use crate::host::file;
use crate::render::{Format, WatchWriter, names_of_formats};
use crate::watch::Watch;
use crate::watch::record::{SavedWatchLine, WatchReader, begins_a_watch};

/// The error for a file with the records of several watches.
const SEVERAL: &str = "the file contains more than one watch; write each watch to its own file, and report each file";

/// The size of the buffer for a file.
const BUFFER: usize = 256 * 1024;

/// The summary of a saved watch; `None` if the files contain something else.
pub(in crate::commands) fn report(args: &ReportArgs) -> Result<Option<u8>, CommandError> {
    if !args.files.iter().any(|path| is_watch(path)) {
        return Ok(None);
    }
    let [path] = args.files.as_slice() else {
        let reason = "watch records cannot be combined with other files";
        return Err(UsageError::new(reason).with_hint("run smtpcheck report once for each file").into());
    };
    let writer = writer_of(args.format.chosen())?;
    let target = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { stdout::outlet() };
    let look = args.display(&target);
    outputs::reject_clashes(file_of(&args.output.output), &args.reports.report, &[("an input", Some(path.as_path()))])?;
    let watch = read(path, args.rejudge)?;
    let ended = watch.targets.iter().filter_map(|target| Some(target.last.as_ref()?.at)).max().unwrap_or(watch.began);
    let summary = watch.summary(ended, None);
    let readers = Readers::of(watch.targets.iter().map(|target| &target.plan));
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    sink.write(&writer(&summary, &look)).map_err(CommandError::Output)?;
    sink.finish()?;
    for report in &args.reports.report {
        let writer = writer_of(report.format.0)?;
        Draft::begin_for("--report", &report.path, readers)?.fill(&writer(&summary, &look.for_file()))?;
    }
    Ok(Some(summary.exit.code))
}

fn writer_of(format: &Format) -> Result<WatchWriter, CommandError> {
    format.watch_summary.ok_or_else(|| {
        let reason = format!("--format {} cannot show watch records", format.name);
        let usable = names_of_formats(|format| format.watch_summary.is_some());
        UsageError::new(reason).with_hint(format!("use {usable}")).into()
    })
}

/// Whether a file begins with a record of a watch. Standard input is not consumed.
fn is_watch(path: &Path) -> bool {
    if path.as_os_str() == "-" {
        return io::stdin().lock().fill_buf().is_ok_and(begins_a_watch);
    }
    let Some(file) = file::streamed_if_file(path) else { return false };
    let mut begin = Vec::new();
    file.take(256).read_to_end(&mut begin).is_ok() && begins_a_watch(&begin)
}

/// Adds all saved reports to a new state.
fn read(path: &Path, is_judged_again: bool) -> Result<Watch, CommandError> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let wrong = |error: io::Error| CommandError::usage(format!("{name}: {}", file::reason(&error)));
    match path.as_os_str() == "-" {
        true => added(io::stdin().lock(), &name, is_judged_again),
        false => {
            let file: File = file::streamed(path).map_err(wrong)?;
            added(BufReader::with_capacity(BUFFER, file), &name, is_judged_again)
        }
    }
}

fn added(file: impl BufRead, name: &str, is_judged_again: bool) -> Result<Watch, CommandError> {
    let wrong = |reason: &str| CommandError::usage(format!("{name}: {reason}"));
    let mut reader = WatchReader::new(file);
    let mut watch = Watch::new([], jiff::Timestamp::UNIX_EPOCH);
    let mut last: HashMap<usize, (u64, jiff::Timestamp)> = HashMap::new();
    let (mut unknown, mut damaged, mut repeated) = (0_u64, 0_u64, 0_u64);
    let (mut is_torn, mut is_begun) = (false, false);
    while let Some(line) = reader.next_record().map_err(|error| wrong(&error.to_string()))? {
        match line {
            // The records of a second watch would be counted as those of the first.
            SavedWatchLine::Begun { .. } if is_begun => return Err(wrong(SEVERAL)),
            SavedWatchLine::Begun { started_at } => (watch.began, is_begun) = (started_at, true),
            SavedWatchLine::Watched { target, number, report } => {
                if let Some(number) = number {
                    let earlier = last.get(&target).filter(|(last, _)| number <= *last);
                    match earlier {
                        // The number is not higher than the last one although the check is later, so this is another
                        // watch.
                        Some((_, at)) if report.started_at() > *at => return Err(wrong(SEVERAL)),
                        Some(_) => {
                            repeated += 1;
                            continue;
                        }
                        None => drop(last.insert(target, (number, report.started_at()))),
                    }
                }
                let report = match is_judged_again {
                    true => {
                        let expectations = Expectation::saved_in(&report);
                        report.judged_again(&expectations)
                    }
                    false => *report,
                };
                if !is_begun && watch.checks() == 0 {
                    watch.began = report.started_at();
                }
                watch.add_saved(target, &report);
            }
            SavedWatchLine::Summary => {}
            SavedWatchLine::Torn => is_torn = true,
            SavedWatchLine::Unknown => unknown += 1,
            SavedWatchLine::Damaged => damaged += 1,
        }
    }
    let note = |text: &str| secrets::write_note(&format!("{name}: {text}"));
    if !is_begun {
        note("the first record is missing, so the summary begins with the first check");
    }
    if is_torn {
        note("the last record is incomplete and is not counted");
    }
    for (count, one, several) in [
        (
            unknown,
            "record is not counted, because only a newer smtpcheck can read it",
            "records are not counted, because only a newer smtpcheck can read them",
        ),
        (damaged, "line is not counted, because it is damaged", "lines are not counted, because they are damaged"),
        (repeated, "record is not counted, because it is a copy", "records are not counted, because they are copies"),
    ] {
        match count {
            0 => {}
            1 => note(&format!("1 {one}")),
            _ => note(&format!("{count} {several}")),
        }
    }
    if watch.checks() == 0 {
        return Err(wrong("the file contains no finished check"));
    }
    watch.lacks_checks = is_torn || damaged > 0;
    Ok(watch)
}
