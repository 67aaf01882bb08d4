//! The records of `smtpcheck watch --format ndjson`: one JSON object per line. The first record is `watch`; for each
//! check, a `watched` record with the complete report follows, and the last record is `summary`. The reports can be
//! evaluated again, and the summary can be recomputed from them ([`WatchReader`]).

use std::borrow::Cow;
use std::io::{self, BufRead};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::summary::WatchSummary;
use crate::plan::Plan;
use crate::report::{Document, Report, SCHEMA_VERSION, Tool};

/// The JSON Schema (2020-12) of one record, generated from the types below by this file's test.
pub const WATCH_SCHEMA: &str = include_str!("../../schema/watch.json");

/// The maximum length of a record. A report contains at most 1 MiB of received text, which escaping makes longer.
const LONGEST_RECORD: u64 = 64 * 1024 * 1024;

/// The first bytes of the first record, and of a record with a report. If the beginning of a file was cut off, the file
/// may start with a record of the second kind.
const BEGINNINGS: [&[u8]; 2] = [b"{\"event\":\"watch\",", b"{\"event\":\"watched\","];

/// One record.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum WatchRecord {
    /// The first record.
    #[serde(rename = "watch")]
    Begun {
        /// The version of the schema, as in a report.
        schema_version: String,
        /// The name and version of the program.
        tool: Tool,
        /// When the watch began.
        #[cfg_attr(test, schemars(with = "String"))]
        started_at: Timestamp,
        /// The targets as `host:port`, in the order of the command line.
        targets: Vec<String>,
        /// The interface of each target; null if the operating system chooses it.
        interfaces: Vec<Option<String>>,
        /// The time between two checks of a target in milliseconds.
        interval_ms: u64,
    },
    /// A check that has ended.
    Watched {
        /// The number of the target in `targets`, from 1.
        target: usize,
        /// The number of the check for this target, from 1.
        number: u64,
        /// The report.
        report: Box<Document>,
    },
    /// The last record.
    Summary(Box<WatchSummary>),
}

/// A record read from a file.
#[derive(Debug)]
pub enum SavedWatchLine {
    /// The first record of a watch.
    Begun {
        /// When the watch began.
        started_at: Timestamp,
    },
    /// The report of a check.
    Watched {
        /// The number of the target, from 1.
        target: usize,
        /// The number of the check for this target, from 1.
        number: Option<u64>,
        /// The report.
        report: Box<Report>,
    },
    /// A summary. The reader ignores its content and recomputes it.
    Summary,
    /// The last line is incomplete, because the program was stopped while writing it.
    Torn,
    /// A record of a newer version.
    Unknown,
    /// This is not a record, or its report cannot be read.
    Damaged,
}

impl WatchRecord {
    /// The first record of a watch.
    pub fn begun(plans: &[Plan], interval_ms: u64, started_at: Timestamp) -> WatchRecord {
        let interface = |plan: &Plan| plan.source.interface.as_ref().map(ToString::to_string);
        WatchRecord::Begun {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool::this(),
            started_at,
            targets: plans.iter().map(Plan::name).collect(),
            interfaces: plans.iter().map(interface).collect(),
            interval_ms,
        }
    }
}

/// Whether a file with this beginning contains the records of a watch.
pub fn begins_a_watch(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}

/// Reads records one after the other, so that a file can be larger than memory.
pub struct WatchReader<R> {
    file: R,
    line: Vec<u8>,
}

impl<R: BufRead> WatchReader<R> {
    /// Reads from the beginning of a file.
    pub fn new(file: R) -> WatchReader<R> {
        WatchReader { file, line: Vec::new() }
    }

    /// The next record, or `None` at the end of the file. Empty lines are skipped.
    pub fn next_record(&mut self) -> io::Result<Option<SavedWatchLine>> {
        loop {
            self.line.clear();
            let read = io::Read::take(&mut self.file, LONGEST_RECORD).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            if !self.line.ends_with(b"\n") && serde_json::from_slice::<serde::de::IgnoredAny>(&self.line).is_err() {
                return Ok(Some(SavedWatchLine::Torn));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(parsed(&self.line)));
            }
        }
    }
}

/// The parts of a record that a summary needs.
#[derive(Deserialize)]
struct SavedRecord<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    started_at: Option<Timestamp>,
    target: Option<usize>,
    number: Option<u64>,
    #[serde(borrow)]
    report: Option<&'a RawValue>,
}

fn parsed(line: &[u8]) -> SavedWatchLine {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let Ok(record) = serde_json::from_slice::<SavedRecord<'_>>(line) else { return SavedWatchLine::Damaged };
    match (&*record.event, record.started_at, record.target, record.report) {
        ("watch", Some(started_at), _, _) => SavedWatchLine::Begun { started_at },
        ("watched", _, Some(target), Some(report)) => match Report::load(report.get()) {
            Ok(report) => SavedWatchLine::Watched { target, number: record.number, report: Box::new(report) },
            Err(_) => SavedWatchLine::Damaged,
        },
        ("summary", ..) => SavedWatchLine::Summary,
        ("watch" | "watched", ..) => SavedWatchLine::Damaged,
        _ => SavedWatchLine::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{SavedWatchLine, WatchReader, WatchRecord, begins_a_watch};
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_a_watch_matches_the_types() {
        assert_schema::<WatchRecord>("watch");
    }

    #[test]
    fn a_torn_last_line_is_recognised() {
        let record = WatchRecord::begun(&[], 5000, jiff::Timestamp::UNIX_EPOCH);
        let text = serde_json::to_string(&record).expect("JSON");
        assert!(begins_a_watch(text.as_bytes()) && begins_a_watch(b"{\"event\":\"watched\",\"target\":1,"));
        assert!(!begins_a_watch(b"{\"event\":\"summary\","));
        let kind = |text: &str| WatchReader::new(text.as_bytes()).next_record().expect("a slice can be read");
        assert!(matches!(kind(&text), Some(SavedWatchLine::Begun { .. })));
        assert!(matches!(kind(&text[..text.len() - 3]), Some(SavedWatchLine::Torn)));
        assert!(matches!(kind("{}\n"), Some(SavedWatchLine::Damaged)));
        assert!(matches!(kind("{\"event\":\"watched\"}\n"), Some(SavedWatchLine::Damaged)));
        assert!(matches!(kind("{\"event\":\"later\"}\n"), Some(SavedWatchLine::Unknown)));
        assert!(kind("\n").is_none());
    }
}
