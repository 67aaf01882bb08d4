//! Reads records that were saved, line by line. Only the parts that a summary needs are kept in memory.

use std::borrow::Cow;
use std::io::{self, BufRead};

use jiff::Timestamp;
use serde::Deserialize;

use super::{DomainOverview, TargetId, TargetRecord};
use crate::check::Severity;
use crate::wire::host::bracketed;

/// The maximum length of a record. A complete report contains at most 1 MiB of received text, which escaping makes
/// longer.
const LONGEST_RECORD: u64 = 64 * 1024 * 1024;

/// A line of a file of records.
#[derive(Debug)]
pub enum SavedLine<'a> {
    /// The record of a target.
    Target(Box<SavedTarget<'a>>),
    /// The record of a line that could not be checked.
    Invalid {
        /// The number of that line in the input, from 1.
        line: u64,
        /// What is wrong with it.
        error: Cow<'a, str>,
    },
    /// The last line is incomplete, because the program was stopped while writing it.
    Torn,
    /// This is not a record.
    Foreign,
}

/// The parts of a target's record that a summary needs.
#[derive(Debug, Deserialize)]
pub struct SavedTarget<'a> {
    /// The identity of the target.
    pub id: TargetId,
    /// The number of the line in the input, from 1.
    pub line: u64,
    /// When the check began.
    pub started_at: Timestamp,
    pub(super) total_ms: f64,
    /// Missing in records of development versions, as is the interface.
    #[serde(default)]
    pub(super) target_id: Option<TargetId>,
    #[serde(borrow, default)]
    pub(super) interface: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) target: SavedAddress<'a>,
    /// Missing in records of development versions.
    #[serde(default)]
    pub(super) domain: Option<Cow<'a, DomainOverview>>,
    #[serde(borrow)]
    pub(super) phases: Vec<SavedPhase<'a>>,
    #[serde(borrow)]
    pub(super) tls: Option<SavedTls<'a>>,
    #[serde(borrow)]
    pub(super) findings: Vec<SavedFinding<'a>>,
    pub(super) exit: SavedExit,
}

#[derive(Debug, Deserialize)]
pub(super) struct SavedAddress<'a> {
    #[serde(borrow)]
    pub(super) host: Cow<'a, str>,
    pub(super) port: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SavedPhase<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) ms: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SavedTls<'a> {
    #[serde(borrow)]
    pub(super) version: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SavedFinding<'a> {
    #[serde(borrow)]
    pub(super) rule: Cow<'a, str>,
    pub(super) severity: Severity,
    #[serde(borrow)]
    pub(super) category: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) summary: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SavedExit {
    pub(super) code: u8,
}

impl SavedTarget<'_> {
    /// The target as `host:port`, or the domain.
    pub(super) fn name(&self) -> String {
        match self.target.port {
            Some(port) if self.domain.is_none() => format!("{}:{port}", bracketed(&self.target.host)),
            Some(_) | None => self.target.host.to_string(),
        }
    }

    /// The identity of the target and the interface, if several interfaces are compared.
    pub(super) fn compared_interface(&self) -> Option<(TargetId, &str)> {
        let target_id = self.target_id.filter(|target_id| *target_id != self.id)?;
        Some((target_id, self.interface.as_deref()?))
    }
}

impl<'a> From<&'a TargetRecord> for SavedTarget<'a> {
    fn from(record: &'a TargetRecord) -> SavedTarget<'a> {
        let phase = |phase: &crate::report::PhaseResult| SavedPhase { name: phase.name.key().into(), ms: phase.ms };
        SavedTarget {
            id: record.id,
            line: record.line,
            started_at: record.started_at,
            total_ms: record.total_ms,
            target_id: Some(record.target_id),
            interface: record.interface.as_deref().map(Cow::Borrowed),
            target: SavedAddress { host: record.target.host.to_string().into(), port: record.target.port },
            domain: record.domain.as_ref().map(Cow::Borrowed),
            phases: record.phases.iter().map(phase).collect(),
            tls: record.tls.as_ref().map(|tls| SavedTls { version: Cow::Borrowed(&tls.version) }),
            findings: record
                .findings
                .iter()
                .map(|finding| SavedFinding {
                    rule: Cow::Borrowed(&finding.rule),
                    severity: finding.severity,
                    category: finding.category.as_deref().map(Cow::Borrowed),
                    summary: Cow::Borrowed(&finding.summary),
                })
                .collect(),
            exit: SavedExit { code: record.exit.code },
        }
    }
}

#[derive(Deserialize)]
struct RecordHead<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    line: u64,
    #[serde(borrow, default)]
    error: Cow<'a, str>,
}

/// Reads records from a file.
pub struct RecordReader<R> {
    file: R,
    line: Vec<u8>,
    /// The number of bytes of all complete lines that were read.
    complete: u64,
}

impl<R: BufRead> RecordReader<R> {
    /// Reads from the beginning of a file.
    pub fn new(file: R) -> RecordReader<R> {
        RecordReader { file, line: Vec::new(), complete: 0 }
    }

    /// The number of bytes up to the end of the last complete line.
    pub fn complete(&self) -> u64 {
        self.complete
    }

    /// The next line; empty lines are skipped. `None` at the end of the file.
    pub fn next_line(&mut self) -> io::Result<Option<SavedLine<'_>>> {
        loop {
            self.line.clear();
            let read = io::Read::take(&mut self.file, LONGEST_RECORD).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            if !self.line.ends_with(b"\n") {
                // A line that is too long is not a record. The rest of it is not read.
                let is_torn = (read as u64) < LONGEST_RECORD && begins_like_a_record(&self.line);
                return Ok(Some(if is_torn { SavedLine::Torn } else { SavedLine::Foreign }));
            }
            self.complete += read as u64;
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(parsed(&self.line)))
    }
}

/// Whether a file with this beginning contains records of `smtpcheck batch`.
pub fn begins_a_batch(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    BEGINNINGS.into_iter().any(|begin| bytes.starts_with(begin))
}

fn parsed(line: &[u8]) -> SavedLine<'_> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    match serde_json::from_slice::<RecordHead<'_>>(line) {
        Ok(RecordHead { event, .. }) if event == "target" => match serde_json::from_slice(line) {
            Ok(target) => SavedLine::Target(Box::new(target)),
            Err(_) => SavedLine::Foreign,
        },
        Ok(RecordHead { event, line, error }) if event == "invalid-line" => SavedLine::Invalid { line, error },
        _ => SavedLine::Foreign,
    }
}

/// The beginnings of records.
const BEGINNINGS: [&[u8]; 2] = [b"{\"event\":\"target\",", b"{\"event\":\"invalid-line\","];

/// Whether an incomplete line is the beginning of a record. After a power failure, a file
/// can end with zero bytes instead.
fn begins_like_a_record(line: &[u8]) -> bool {
    let fits = |begin: &[u8]| line.starts_with(begin) || begin.starts_with(line);
    BEGINNINGS.into_iter().any(fits) || line.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::{RecordReader, SavedLine};
    use crate::evidence::Phase;

    fn kinds(text: &[u8]) -> (String, u64) {
        let mut reader = RecordReader::new(text);
        let mut kinds = String::new();
        while let Some(line) = reader.next_line().expect("a slice can be read") {
            kinds.push(match line {
                SavedLine::Target(_) => 't',
                SavedLine::Invalid { .. } => 'i',
                SavedLine::Torn => '~',
                SavedLine::Foreign => '?',
            });
        }
        (kinds, reader.complete())
    }

    #[test]
    fn the_names_of_phases_are_those_of_a_report() {
        for phase in [Phase::Dns, Phase::Greeting, Phase::Starttls, Phase::EhloTls, Phase::Rcpt, Phase::Quit] {
            assert_eq!(serde_json::to_value(phase).expect("JSON"), phase.key());
        }
    }

    #[test]
    fn an_incomplete_last_line_is_recognised_and_other_text_is_not_a_record() {
        let whole =
            "{\"event\":\"invalid-line\",\"schema_version\":\"1.0\",\"line\":7,\"tags\":null,\"error\":\"x\"}\n";
        let length = whole.len() as u64;
        assert_eq!(kinds(whole.as_bytes()), ("i".to_owned(), length));
        for cut in 1..whole.len() - 1 {
            let text = format!("{whole}{}", &whole[..cut]);
            assert_eq!(kinds(text.as_bytes()), ("i~".to_owned(), length), "{text}");
        }
        assert_eq!(kinds(format!("{whole}\0\0\0").as_bytes()), ("i~".to_owned(), length));
        assert_eq!(kinds(b"root:x:0:0\n"), ("?".to_owned(), 11));
        assert_eq!(kinds(b"root:x:0:0"), ("?".to_owned(), 0));
        assert_eq!(kinds(b"\n\n"), (String::new(), 2));
    }
}
