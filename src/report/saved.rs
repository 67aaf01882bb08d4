//! Loads reports that were saved as JSON or NDJSON. If a report has a newer schema version, this version loads the parts
//! that it can read, and adds a remark for the user.
//!
//! Memory use is proportional to the size of the file: lists are read element by element, and the number of values in a
//! report is limited.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer as _, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{CheckOutcome, CheckResult, FilePosition, Report, Run, RunSource, SCHEMA_VERSION, known_exit};
use crate::check::Finding;
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;
use crate::wire::host::bracketed;

/// The maximum number of values in one report. A check reads at most 1 MiB from its servers: at most 150,000
/// lines.
const MAX_VALUES: usize = 500_000;

/// The contents of a file.
#[derive(Debug)]
pub struct Saved {
    /// The checks.
    pub run: Run,
    /// Messages to the user about parts that were not loaded, one sentence each.
    pub remarks: Vec<String>,
}

/// Why a file cannot be loaded.
#[derive(Debug)]
pub struct NotSaved(String);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotSaved {}

impl Saved {
    /// Loads a document, a list of documents, or NDJSON. `fallback` makes a plan from `host:port` if this version
    /// cannot read the plan in the file.
    pub fn read(text: &str, fallback: &dyn Fn(&str) -> Option<Plan>) -> Result<Saved, NotSaved> {
        let mut reader = ReportReader { fallback, remarks: Vec::new() };
        let run = reader.run(text)?;
        Ok(Saved { run, remarks: reader.remarks })
    }
}

struct ReportReader<'a> {
    fallback: &'a dyn Fn(&str) -> Option<Plan>,
    remarks: Vec<String>,
}

impl ReportReader<'_> {
    fn run(&mut self, text: &str) -> Result<Run, NotSaved> {
        if text.trim().is_empty() {
            return Err(NotSaved("the file is empty".to_owned()));
        }
        if text.trim_start().starts_with('[') {
            let mut cases = Vec::new();
            self.each(text, &mut |reader, one| {
                cases.push(reader.case(one)?);
                Ok(())
            })?;
            if cases.is_empty() {
                return Err(NotSaved("the list contains no report".to_owned()));
            }
            return Ok(Run::new(RunSource::Targets, cases));
        }
        match serde_json::from_str::<Head<'_>>(text) {
            Ok(Head { cases: Some(cases), suite, .. }) => self.suite(suite, cases.get()),
            Ok(Head { event: None, .. }) => Ok(Run::new(RunSource::Target, vec![self.case(text)?])),
            Ok(Head { event: Some(event), .. }) if event.get() == "\"summary\"" => Err(NotSaved(
                "this is the summary of a watch or a batch, which contains no reports; use the records, which --format ndjson writes"
                    .to_owned(),
            )),
            Ok(_) => self.lines(text),
            // It is not a single JSON document, but it may be NDJSON.
            Err(error) => {
                let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                match is_record(first) {
                    true => self.lines(text),
                    false if text.lines().skip(1).any(is_record) => Err(NotSaved(
                        "the first line is not a complete record, but a later line is: the beginning of the file was cut off; remove the first line, for example with tail -n +2"
                            .to_owned(),
                    )),
                    false => Err(not_json(&error)),
                }
            }
        }
    }

    /// Processes the elements of a list one after the other and stops at the first error.
    fn each(&mut self, list: &str, take: Take<'_>) -> Result<(), NotSaved> {
        let mut failed = None;
        let elements = Elements { reader: self, take, failed: &mut failed };
        let mut list = serde_json::Deserializer::from_str(list);
        let read = list.deserialize_seq(elements).and_then(|()| list.end());
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(not_json(&error)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Loads a document with its earlier runs.
    fn case(&mut self, text: &str) -> Result<CheckResult, NotSaved> {
        let mut value = tree(text)?;
        let earlier = self.earlier(&mut value)?;
        Ok(CheckResult::of(self.report(value)?).after(earlier))
    }

    fn earlier(&mut self, value: &mut Value) -> Result<Vec<Report>, NotSaved> {
        match value.get_mut("earlier").map(Value::take) {
            Some(Value::Array(all)) => all.into_iter().map(|one| self.report(one)).collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// Loads the run of a suite.
    fn suite(&mut self, file: Option<Cow<'_, str>>, all: &str) -> Result<Run, NotSaved> {
        if !all.starts_with('[') {
            return Err(NotSaved("this is JSON, but not the result of a suite: its cases are not a list".to_owned()));
        }
        let mut cases = Vec::new();
        self.each(all, &mut |reader, one| {
            cases.push(reader.suite_case(one)?);
            Ok(())
        })?;
        Ok(Run::new(RunSource::Suite(file.unwrap_or_default().as_ref().into()), cases))
    }

    fn suite_case(&mut self, text: &str) -> Result<CheckResult, NotSaved> {
        let mut one = tree(text)?;
        let name = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = part(&one, "line").zip(part(&one, "column")).map(|(line, column)| FilePosition { line, column });
        let outcome = match one.get_mut("report").map(Value::take) {
            Some(mut report) if !report.is_null() => {
                let earlier = self.earlier(&mut report)?;
                CheckResult::of(self.report(report)?).after(earlier).outcome
            }
            _ => CheckOutcome::Skipped { reason: part(&one, "skipped").unwrap_or_default() },
        };
        Ok(CheckResult { name, place, outcome })
    }

    /// Loads NDJSON. Only results are used. Lines that are not JSON are ignored, and their number is reported. If the last
    /// line of the file is not JSON, the program was probably stopped while writing it; any other such line is damaged.
    fn lines(&mut self, text: &str) -> Result<Run, NotSaved> {
        let mut run = Run::new(RunSource::Targets, Vec::new());
        // `stated` is the number of checks according to the first record, and `begun` the number of checks that began.
        let (mut stated, mut begun, mut ended, mut unreadable) = (None::<usize>, 0, false, 0_usize);
        let mut is_last_torn = false;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(mut line) = tree(line) else {
                unreadable += 1;
                is_last_torn = true;
                continue;
            };
            is_last_torn = false;
            let name = line.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place: Option<FilePosition> = part(&line, "place");
            match line.get("event").and_then(Value::as_str) {
                Some("start") => {
                    let checks: usize = part(&line, "checks").unwrap_or_default();
                    stated = Some(stated.unwrap_or_default().saturating_add(checks));
                    if let Some(suite) = line.get("suite").and_then(Value::as_str) {
                        run.source = RunSource::Suite(suite.into());
                    } else if line.get("checks").and_then(Value::as_u64) == Some(1) {
                        run.source = RunSource::Target;
                    }
                }
                Some("check") => begun += 1,
                Some("skipped") => {
                    let reason = line.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
                    run.cases.push(CheckResult { name, place, outcome: CheckOutcome::Skipped { reason } });
                }
                Some("result") => {
                    let earlier = self.earlier(&mut line)?;
                    let report = self.report(line.get_mut("report").map(Value::take).unwrap_or_default())?;
                    let outcome = CheckOutcome::Checked { report: Box::new(report), earlier };
                    run.cases.push(CheckResult { name, place, outcome });
                }
                Some("end") => ended = true,
                _ => {}
            }
        }
        let lost = stated.unwrap_or(begun).saturating_sub(run.cases.len());
        // If the number of checks is unknown, any unreadable line may be a result.
        let may_lack = stated.is_none() && unreadable > 0;
        run.lacks_results = lost > 0 || may_lack;
        let results = match lost {
            0 if may_lack => ", and a check may have no result".to_owned(),
            0 => ", but every check has a result".to_owned(),
            1 => ", and 1 check has no result".to_owned(),
            lost => format!(", and {lost} checks have no result"),
        };
        match unreadable - usize::from(is_last_torn && !ended) {
            0 => {}
            1 => self.remark(format!("1 line is damaged and was ignored{results}")),
            damaged => self.remark(format!("{damaged} lines are damaged and were ignored{results}")),
        }
        if !ended {
            self.remark(format!("the file is truncated: the `end` record is missing{results}"));
        }
        if run.cases.is_empty() {
            return Err(NotSaved(
                "the file contains no result: the program was stopped before the first result".to_owned(),
            ));
        }
        Ok(run)
    }

    fn report(&mut self, value: Value) -> Result<Report, NotSaved> {
        let Some(version) = value.get("schema_version").and_then(Value::as_str).map(str::to_owned) else {
            return Err(NotSaved("this is JSON, but not an smtpcheck report: it has no schema_version".to_owned()));
        };
        if value.get("transcript").is_none() {
            return Err(NotSaved(
                "this is not the report of a check: it has no transcript; create one with `smtpcheck TARGET --json`"
                    .to_owned(),
            ));
        }
        let is_newer = number(&version) > number(SCHEMA_VERSION);
        match StoredDocument::deserialize(&value) {
            Ok(kept) => {
                if is_newer {
                    self.remark(format!(
                        "the report has schema version {version}, and this smtpcheck supports {SCHEMA_VERSION}: newer parts are not shown"
                    ));
                }
                Ok(kept.into())
            }
            Err(error) if !is_newer => Err(NotSaved(format!("this report cannot be read: {error}"))),
            Err(_) => self.sketch(&version, &value),
        }
    }

    /// Loads the readable parts of a report that cannot be read completely.
    fn sketch(&mut self, version: &str, value: &Value) -> Result<Report, NotSaved> {
        let unreadable = || {
            NotSaved(format!(
                "the report has schema version {version}, and this smtpcheck supports {SCHEMA_VERSION}: use a newer smtpcheck to read it"
            ))
        };
        let target = value.get("target").ok_or_else(unreadable)?;
        let (host, port) = (target.get("host").and_then(Value::as_str), target.get("port").and_then(Value::as_u64));
        let input = match (host, port) {
            (Some(host), Some(port)) => format!("{}:{port}", bracketed(host)),
            _ => return Err(unreadable()),
        };
        let plan: Option<Plan> = part(value, "plan");
        let plan = plan.or_else(|| (self.fallback)(&input)).ok_or_else(unreadable)?;
        let mut lost = 0;
        let evidence = Evidence {
            probes: each::<Probe>(value, "probes", &mut lost),
            transcript: each::<Event>(value, "transcript", &mut lost),
            ..Evidence::new(part(value, "started_at").ok_or_else(unreadable)?)
        };
        let findings = each::<Finding>(value, "findings", &mut lost);
        let code = value.pointer("/exit/code").and_then(Value::as_u64).and_then(|code| u8::try_from(code).ok());
        let unread = match lost {
            1 => "1 part cannot be read and is not shown".to_owned(),
            _ => format!("{lost} parts cannot be read and are not shown"),
        };
        self.remark(format!(
            "the report has schema version {version}, and this smtpcheck supports {SCHEMA_VERSION}: {unread}"
        ));
        Ok(Report {
            plan,
            evidence,
            findings,
            complete: part(value, "complete").unwrap_or(false),
            total_ms: part(value, "total_ms").unwrap_or(0.0),
            expectations: each(value, "expectations", &mut lost),
            exit: known_exit(code.unwrap_or(1)),
        })
    }

    fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }
}

/// Processes one element of a list, given as JSON text.
type Take<'a> = &'a mut dyn FnMut(&mut ReportReader<'_>, &str) -> Result<(), NotSaved>;

/// Passes the elements of a list to `take` and stops at the first error.
struct Elements<'a, 'b> {
    reader: &'a mut ReportReader<'b>,
    take: Take<'a>,
    failed: &'a mut Option<NotSaved>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(one) = list.next_element::<&RawValue>()? {
            if let Err(error) = (self.take)(self.reader, one.get()) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("not taken"));
            }
        }
        Ok(())
    }
}

/// The keys that identify the kind of document. Their values are not parsed.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    cases: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "name")]
    suite: Option<Cow<'a, str>>,
}

/// Parses a string; any other value becomes `None`.
fn name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let written = <&RawValue>::deserialize(from)?;
    Ok(serde_json::from_str::<String>(written.get()).ok().map(Cow::Owned))
}

/// Parses a document into a tree. A tree needs more memory than its text (16 times as much for a list of numbers), so
/// the values are counted first.
fn tree(text: &str) -> Result<Value, NotSaved> {
    let mut count = 0usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' | b'{' => count += 1,
            b'"' => {
                while let Some(inside) = bytes.next() {
                    match inside {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if count > MAX_VALUES {
        return Err(NotSaved(format!(
            "a report in the file has more than {MAX_VALUES} values, which no check produces"
        )));
    }
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

/// Whether a line is a record of NDJSON.
fn is_record(line: &str) -> bool {
    matches!(serde_json::from_str::<Head<'_>>(line), Ok(Head { event: Some(_), .. }))
}

fn not_json(error: &serde_json::Error) -> NotSaved {
    NotSaved(format!("this is not JSON: {error}"))
}

/// The keys of a document that are needed to load a report. The other keys are derived from them.
#[derive(Deserialize)]
struct StoredDocument {
    started_at: Timestamp,
    complete: bool,
    total_ms: f64,
    plan: Plan,
    probes: Vec<Probe>,
    transcript: Vec<Event>,
    findings: Vec<Finding>,
    #[serde(default)]
    expectations: Vec<super::JudgedExpectation>,
    exit: StoredExit,
}

#[derive(Deserialize)]
struct StoredExit {
    code: u8,
}

impl From<StoredDocument> for Report {
    fn from(kept: StoredDocument) -> Report {
        let StoredDocument { started_at, complete, total_ms, plan, probes, transcript, findings, expectations, exit } =
            kept;
        let evidence = Evidence { probes, transcript, ..Evidence::new(started_at) };
        Report { plan, evidence, findings, complete, total_ms, expectations, exit: known_exit(exit.code) }
    }
}

/// The two numbers of a version such as `1.12`.
fn number(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    value.get(key).and_then(|value| T::deserialize(value).ok())
}

/// The elements of a list that can be read. `lost` is increased by the number of elements that cannot be read.
fn each<T: DeserializeOwned>(value: &Value, key: &str, lost: &mut usize) -> Vec<T> {
    let all = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read: Vec<T> = all.iter().filter_map(|one| T::deserialize(one).ok()).collect();
    *lost += all.len() - read.len();
    read
}

#[cfg(test)]
mod tests {
    use super::{MAX_VALUES, Saved};

    fn error(text: &str) -> String {
        Saved::read(text, &|_| None).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn reading_stops_at_the_first_element_that_is_not_a_report() {
        // If the list were parsed completely, the error would be about its missing end.
        let text = format!("[{}", "0,".repeat(1_000_000));
        assert_eq!(error(&text), "this is JSON, but not an smtpcheck report: it has no schema_version");
        let text = format!(r#"{{"suite":"a","cases":[{}0]}}"#, r#"{"report":0},"#.repeat(1000));
        assert_eq!(error(&text), "this is JSON, but not an smtpcheck report: it has no schema_version");
        assert!(error("[{}] more").contains("no schema_version"));
        assert!(error("[] more").contains("trailing characters"));
    }

    #[test]
    fn a_report_with_too_many_values_is_rejected() {
        let values = "0,".repeat(MAX_VALUES);
        for text in [
            format!(r#"{{"schema_version":"1.0","transcript":[{values}0]}}"#),
            format!(r#"[{{"schema_version":"1.0","transcript":[{{"kind":"sent","more":[{values}0]}}]}}]"#),
            format!("{{\"event\":\"start\"}}\n{{\"event\":\"result\",\"report\":[{values}0]}}\n"),
        ] {
            let message = error(&text);
            assert!(message.contains("more than 500000 values") || message.contains("contains no result"), "{message}");
        }
        // Commas inside a string are not counted.
        assert!(!error(&format!(r#"{{"a":"{}"}}"#, ",".repeat(MAX_VALUES + 1))).contains("values"));
    }
}
