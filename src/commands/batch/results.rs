//! Receives the results of the checks, writes a record for each, counts it, and shows the progress. No report is kept
//! after its record is written.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::output::RecordFile;
use super::targets::{InputCounts, LineLabel};
use crate::cli::UsageError;
use crate::cli::commands::batch::BatchArgs;
use crate::cli::flags::batch::{BatchFormat, CsvColumns};
use crate::host::environment;
use crate::plan::Plan;
use crate::render::batch::{csv, record};
use crate::report::batch::{BatchProgress, BatchRecord, BatchTally, InvalidLine, SavedTarget, TargetRecord};
use crate::run::{RetriedReport, StreamListener};

/// The format of the records, and what they contain.
pub(super) enum RecordForm {
    Compact,
    Full,
    Csv(CsvColumns),
}

impl RecordForm {
    /// The form that the flags request. `example` is the plan of an example target.
    pub(super) fn chosen(args: &BatchArgs, example: &Plan) -> Result<RecordForm, UsageError> {
        Ok(match (args.format, args.full) {
            (BatchFormat::Ndjson, false) => RecordForm::Compact,
            (BatchFormat::Ndjson, true) => RecordForm::Full,
            (BatchFormat::Csv, _) => {
                let columns = CsvColumns::chosen(args, example);
                columns.fit(example)?;
                RecordForm::Csv(columns)
            }
        })
    }
}

pub(super) struct BatchResults {
    pub(super) file: RecordFile,
    pub(super) form: RecordForm,
    pub(super) tally: BatchTally,
    pub(super) counts: Arc<InputCounts>,
    pub(super) progress: BatchProgressLine,
}

impl BatchResults {
    /// Writes the first line of a CSV file.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        match &self.form {
            RecordForm::Csv(columns) => self.file.write(&csv::head(&columns.names())),
            RecordForm::Compact | RecordForm::Full => Ok(()),
        }
    }

    fn invalid(&mut self, invalid: InvalidLine) -> io::Result<()> {
        self.tally.add_invalid(invalid.line, &invalid.error);
        let text = match &self.form {
            RecordForm::Csv(columns) => csv::row(&columns.of_invalid(&invalid)),
            RecordForm::Compact | RecordForm::Full => record::line(&BatchRecord::InvalidLine(invalid)),
        };
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.progress.done += 1;
        self.file.write(text)
    }
}

impl StreamListener<LineLabel> for BatchResults {
    fn checked(&mut self, label: LineLabel, result: RetriedReport) -> io::Result<()> {
        let LineLabel::Target(origin) = label else { return Ok(()) };
        let RetriedReport { report, earlier } = result;
        let mut target = TargetRecord::new(origin, &report, &earlier);
        self.tally.add(&SavedTarget::from(&target));
        let text = match &self.form {
            RecordForm::Compact => record::line(&BatchRecord::Target(Box::new(target))),
            RecordForm::Full => {
                target = target.with_report(&report, &earlier);
                record::line(&BatchRecord::Target(Box::new(target)))
            }
            RecordForm::Csv(columns) => csv::row(&columns.of_report(&target, &report, &earlier)),
        };
        self.write(&text)
    }

    fn unable(&mut self, label: LineLabel, reason: &str) -> io::Result<()> {
        let LineLabel::Target(origin) = label else { return Ok(()) };
        self.invalid(InvalidLine::new(origin.line, origin.tags, reason.to_owned()))
    }

    fn passed(&mut self, label: LineLabel) -> io::Result<()> {
        match label {
            LineLabel::Invalid(invalid) => self.invalid(invalid),
            LineLabel::Target(_) => Ok(()),
        }
    }

    fn reduced(&mut self, jobs: usize) {
        self.progress.clear();
        let few = "the file descriptor limit is too low for --jobs; raise it, for example with: ulimit -n 4096";
        let checks = if jobs == 1 {
            "only one check runs at a time".to_owned()
        } else {
            format!("only {jobs} checks run at the same time")
        };
        super::super::secrets::warn(&format!("{checks}: {few}"));
    }

    fn tick(&mut self, running: usize) {
        self.file.sync_sometimes();
        self.progress.show(running, self.tally.failures(), &self.counts);
    }
}

/// The progress line on standard error. It is shown only on a terminal.
pub(super) struct BatchProgressLine {
    is_enabled: bool,
    is_shown: bool,
    began: Instant,
    done: u64,
    /// The size of the input, if it is a file.
    size: Option<u64>,
}

impl BatchProgressLine {
    pub(super) fn new(is_quiet: bool, size: Option<u64>) -> BatchProgressLine {
        let is_dumb = environment::value("TERM").is_some_and(|term| term == "dumb");
        BatchProgressLine {
            is_enabled: io::stderr().is_terminal() && !is_dumb && !is_quiet,
            is_shown: false,
            began: Instant::now(),
            done: 0,
            size,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The number of records that were written.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Removes the line.
    pub(super) fn clear(&mut self) {
        if self.is_shown {
            let mut stderr = io::stderr().lock();
            let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
            self.is_shown = false;
        }
    }

    fn show(&mut self, running: usize, failures: u64, counts: &InputCounts) {
        if !self.is_enabled {
            return;
        }
        let share = self.size.map(|size| finished_share(counts, self.done, size));
        let text = line(self.began.elapsed(), self.done, failures, running, share);
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let text: String = text.chars().take(width.saturating_sub(1)).collect();
        let mut stderr = io::stderr().lock();
        // An error is ignored: the results do not depend on the progress line.
        let _ = stderr.write_all(format!("\r\x1b[K{text}").as_bytes()).and_then(|()| stderr.flush());
        self.is_shown = true;
    }
}

/// The finished share of the input, from 0 to 1. It is estimated from the average length of the lines that were read.
#[allow(clippy::cast_precision_loss, reason = "the value is shown with few digits")]
fn finished_share(counts: &InputCounts, done: u64, size: u64) -> f64 {
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let finished = done + of(&counts.duplicates) + of(&counts.other_shards) + of(&counts.resumed);
    let of_checks = finished as f64 / of(&counts.checks).max(1) as f64;
    of_checks * of(&counts.bytes) as f64 / size.max(1) as f64
}

/// The text of the progress line. `share` is the finished share of the input, if its size is known.
#[allow(clippy::cast_precision_loss, reason = "the values are shown with few digits")]
fn line(elapsed: Duration, done: u64, failures: u64, running: usize, share: Option<f64>) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
    let mut parts = vec![
        format!("{done} done"),
        format!("{rate:.0}/s"),
        format!("{failures} failed"),
        format!("{running} running"),
    ];
    if let Some(share) = share.filter(|share| *share > 0.0 && *share <= 1.0) {
        parts.push(format!("about {} left", time(seconds * (1.0 / share - 1.0))));
    }
    format!("  {}  {}", time(seconds), parts.join(", "))
}

/// A duration in the largest suitable unit.
fn time(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        ..5400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// What the run did with its input.
pub(super) fn progress_of(counts: &InputCounts, shard: String, is_complete: bool) -> BatchProgress {
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    BatchProgress {
        lines: of(&counts.lines),
        duplicates: of(&counts.duplicates),
        other_shards: of(&counts.other_shards),
        resumed: of(&counts.resumed),
        shard,
        complete: is_complete,
        total_ms: 0.0,
        per_second: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{InputCounts, Ordering, finished_share, line};

    #[test]
    fn the_progress_line_shows_rate_failures_and_the_time_left() {
        let elapsed = Duration::from_secs(10);
        assert_eq!(line(elapsed, 1000, 7, 0, None), "  10 s  1000 done, 100/s, 7 failed, 0 running");
        let text = line(elapsed, 1000, 7, 0, Some(0.5));
        assert!(text.ends_with("about 10 s left"), "{text}");
        assert!(line(elapsed, 1, 0, 1, Some(0.000_01)).ends_with(" h left"));
        let counts = InputCounts::default();
        for (count, value) in [(&counts.bytes, 500), (&counts.checks, 50), (&counts.duplicates, 10)] {
            count.store(value, Ordering::Relaxed);
        }
        assert!((finished_share(&counts, 15, 1000) - 0.25).abs() < 1e-9, "half of the lines that were read");
    }
}
