//! The records of a batch and its summary: golden files of the same transcripts as for the other formats.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::value::RawValue;
use smtpcheck::render::Display;
use smtpcheck::render::batch::{html, markdown, record, text};
use smtpcheck::report::batch::{
    BATCH_SCHEMA, BatchProgress, BatchRecord, BatchSummary, BatchTally, InvalidLine, RecordOrigin, SavedTarget,
    TargetId, TargetRecord, WrittenTarget,
};

use super::{SHOWN, played};
use crate::support::golden;

/// What a run of the program adds to the counts of the records.
fn progress(lines: u64) -> BatchProgress {
    let shard = "1/1".to_owned();
    let counts = BatchProgress { lines, duplicates: 1, shard, complete: true, ..BatchProgress::default() };
    counts.timed(std::time::Duration::from_millis(2500), lines)
}

/// The records of all transcripts, of one invalid line with tags and of six without, and the summary.
fn batch() -> (Vec<String>, BatchSummary) {
    let mut tally = BatchTally::default();
    let mut records = Vec::new();
    for (name, line) in SHOWN.iter().zip(1..) {
        let report = played(name);
        let tags = (line == 1).then(|| RawValue::from_string("{\"site\": \"berlin\"}".to_owned()).unwrap());
        let id = TargetId::of(&report.plan, &WrittenTarget::default());
        let origin = RecordOrigin { id, target_id: id, line, tags };
        let target = TargetRecord::new(origin, &report, &[]);
        tally.add(&SavedTarget::from(&target));
        records.push(record::line(&BatchRecord::Target(Box::new(target))));
    }
    let first = SHOWN.len() as u64 + 1;
    for line in first..first + 7 {
        let tags = (line == first).then(|| RawValue::from_string("[1]".to_owned()).unwrap());
        let invalid = InvalidLine::new(line, tags, format!("unknown key \u{1b}[31mprot{line}\u{202e}"));
        tally.add_invalid(invalid.line, &invalid.error);
        records.push(record::line(&BatchRecord::InvalidLine(invalid)));
    }
    let code = tally.exit_code();
    let lines = records.len() as u64 + 1;
    (records, tally.summary(Some(progress(lines)), code))
}

#[test]
fn the_records_of_a_batch_and_its_summary_match_their_golden_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/batch");
    let (records, summary) = batch();
    let files = [
        ("records.ndjson", records.concat()),
        ("summary.json", record::summary(&summary)),
        ("summary.txt", text::summary(&summary, &Display::plain())),
        ("summary.md", markdown::summary(&summary)),
        ("summary.html", html::page(&summary)),
    ];
    let stale: Vec<String> =
        files.iter().filter_map(|(name, text)| golden::compare(&folder.join(name), text).err()).collect();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
    for (name, text) in &files {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{name} contains control characters of the input");
    }
}

#[test]
fn the_golden_records_of_a_batch_and_its_summary_match_the_schema() {
    let schema = jsonschema::validator_for(&serde_json::from_str(BATCH_SCHEMA).unwrap()).unwrap();
    let (records, summary) = batch();
    for text in records.iter().chain([&record::summary(&summary)]) {
        let value: Value = serde_json::from_str(text).unwrap();
        assert!(schema.is_valid(&value), "{text}");
    }
}
