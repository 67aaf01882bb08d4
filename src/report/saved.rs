//! Reports that were saved as JSON or NDJSON, read again. A report of a newer schema is read as far as this version
//! understands it, and says so.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Case, CaseOutcome, Place, Report, Run, SCHEMA_VERSION, Source, known_exit};
use crate::check::Finding;
use crate::evidence::{Attempt, Event, Evidence};
use crate::plan::Plan;

/// What a file holds.
#[derive(Debug)]
pub struct Saved {
    /// Its checks.
    pub run: Run,
    /// What the user has to know about it, a sentence each.
    pub remarks: Vec<String>,
}

/// Why a file is of no use.
#[derive(Debug)]
pub struct NotSaved(String);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotSaved {}

impl Saved {
    /// Reads a document, a list of them, or lines. `fallback` makes a plan for `host:port`, in the place of a plan that
    /// this version cannot read.
    pub fn read(text: &str, fallback: &dyn Fn(&str) -> Option<Plan>) -> Result<Saved, NotSaved> {
        let mut reader = Reader { fallback, remarks: Vec::new() };
        let run = reader.run(text)?;
        Ok(Saved { run, remarks: reader.remarks })
    }
}

struct Reader<'a> {
    fallback: &'a dyn Fn(&str) -> Option<Plan>,
    remarks: Vec<String>,
}

impl Reader<'_> {
    fn run(&mut self, text: &str) -> Result<Run, NotSaved> {
        if text.trim().is_empty() {
            return Err(NotSaved("the file is empty".to_owned()));
        }
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(all)) => {
                let cases = all.into_iter().map(|one| self.case(one));
                Ok(Run { source: Source::Targets, cases: cases.collect::<Result<_, _>>()? })
            }
            Ok(one) if one.get("cases").is_some() => self.suite(one),
            Ok(one) if one.get("event").is_none() => Ok(Run { source: Source::Target, cases: vec![self.case(one)?] }),
            Ok(_) => self.lines(text),
            // A document that is no JSON, if it is not one of several lines that are.
            Err(error) => {
                let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                match serde_json::from_str::<Value>(first) {
                    Ok(line) if line.get("event").is_some() => self.lines(text),
                    _ => Err(NotSaved(format!("this is not JSON: {error}"))),
                }
            }
        }
    }

    /// A document, with the attempts before it.
    fn case(&mut self, mut value: Value) -> Result<Case, NotSaved> {
        let earlier = self.earlier(&mut value)?;
        Ok(Case::of(self.report(value)?).after(earlier))
    }

    fn earlier(&mut self, value: &mut Value) -> Result<Vec<Report>, NotSaved> {
        match value.get_mut("earlier").map(Value::take) {
            Some(Value::Array(all)) => all.into_iter().map(|one| self.report(one)).collect(),
            _ => Ok(Vec::new()),
        }
    }

    /// A run of a suite.
    fn suite(&mut self, mut value: Value) -> Result<Run, NotSaved> {
        let file = value.get("suite").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(Value::Array(all)) = value.get_mut("cases").map(Value::take) else {
            return Err(NotSaved("this is JSON, but no run of a suite: its cases are no list".to_owned()));
        };
        let mut cases = Vec::new();
        for mut one in all {
            let name = one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place = part(&one, "line").zip(part(&one, "column")).map(|(line, column)| Place { line, column });
            let outcome = match one.get_mut("report").map(Value::take) {
                Some(report) if !report.is_null() => self.case(report)?.outcome,
                _ => CaseOutcome::Skipped { reason: part(&one, "skipped").unwrap_or_default() },
            };
            cases.push(Case { name, place, outcome });
        }
        Ok(Run { source: Source::Suite(file.into()), cases })
    }

    /// NDJSON. Only the results count; a line that is no JSON is where the file was cut off.
    fn lines(&mut self, text: &str) -> Result<Run, NotSaved> {
        let mut run = Run { source: Source::Targets, cases: Vec::new() };
        let (mut begun, mut ended) = (0, false);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(mut line) = serde_json::from_str::<Value>(line) else { break };
            let name = line.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let place: Option<Place> = part(&line, "place");
            match line.get("event").and_then(Value::as_str) {
                Some("start") => {
                    if let Some(suite) = line.get("suite").and_then(Value::as_str) {
                        run.source = Source::Suite(suite.into());
                    } else if line.get("checks").and_then(Value::as_u64) == Some(1) {
                        run.source = Source::Target;
                    }
                }
                Some("check") => begun += 1,
                Some("skipped") => {
                    let reason = line.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
                    run.cases.push(Case { name, place, outcome: CaseOutcome::Skipped { reason } });
                }
                Some("result") => {
                    let earlier = self.earlier(&mut line)?;
                    let report = self.report(line.get_mut("report").map(Value::take).unwrap_or_default())?;
                    let outcome = CaseOutcome::Checked { report: Box::new(report), earlier };
                    run.cases.push(Case { name, place, outcome });
                }
                Some("end") => ended = true,
                _ => {}
            }
        }
        if !ended {
            let lost = begun.max(run.cases.len()) - run.cases.len();
            self.remark(format!(
                "the lines are cut off: there is no `end`, and {lost} checks have begun without a result"
            ));
        }
        if run.cases.is_empty() {
            return Err(NotSaved("there is no result in it: the program was stopped before the first one".to_owned()));
        }
        Ok(run)
    }

    fn report(&mut self, value: Value) -> Result<Report, NotSaved> {
        let Some(version) = value.get("schema_version").and_then(Value::as_str).map(str::to_owned) else {
            return Err(NotSaved("this is JSON, but no report of a check: it has no schema_version".to_owned()));
        };
        if value.get("transcript").is_none() {
            return Err(NotSaved(
                "this is no report of a check: it has no transcript; `smtpcheck TARGET --json` makes one".to_owned(),
            ));
        }
        let is_newer = number(&version) > number(SCHEMA_VERSION);
        match serde_json::from_value::<Kept>(value.clone()) {
            Ok(kept) => {
                if is_newer {
                    self.remark(format!(
                        "it has schema {version} and this version knows {SCHEMA_VERSION}: what is new in it is not shown"
                    ));
                }
                Ok(kept.into())
            }
            Err(error) if !is_newer => Err(NotSaved(format!("this is no report that can be read: {error}"))),
            Err(_) => self.sketch(&version, &value),
        }
    }

    /// What can be read of a report that as a whole cannot.
    fn sketch(&mut self, version: &str, value: &Value) -> Result<Report, NotSaved> {
        let unreadable = || {
            NotSaved(format!(
                "it has schema {version}, this version knows {SCHEMA_VERSION}, and too much of it is new; take a newer smtpcheck"
            ))
        };
        let target = value.get("target").ok_or_else(unreadable)?;
        let (host, port) = (target.get("host").and_then(Value::as_str), target.get("port").and_then(Value::as_u64));
        let input = match (host, port) {
            (Some(host), Some(port)) if host.contains(':') => format!("[{host}]:{port}"),
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => return Err(unreadable()),
        };
        let plan: Option<Plan> = part(value, "plan");
        let plan = plan.or_else(|| (self.fallback)(&input)).ok_or_else(unreadable)?;
        let mut lost = 0;
        let evidence = Evidence {
            attempts: each::<Attempt>(value, "attempts", &mut lost),
            transcript: each::<Event>(value, "transcript", &mut lost),
            ..Evidence::new(part(value, "started_at").ok_or_else(unreadable)?)
        };
        let findings = each::<Finding>(value, "findings", &mut lost);
        let code = value.pointer("/exit/code").and_then(Value::as_u64).and_then(|code| u8::try_from(code).ok());
        self.remark(format!(
            "it has schema {version} and this version knows {SCHEMA_VERSION}: {lost} parts of it cannot be read and are not shown"
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

/// What is kept of a document; the rest of it are views of this.
#[derive(Deserialize)]
struct Kept {
    started_at: Timestamp,
    complete: bool,
    total_ms: f64,
    plan: Plan,
    attempts: Vec<Attempt>,
    transcript: Vec<Event>,
    findings: Vec<Finding>,
    #[serde(default)]
    expectations: Vec<super::Judged>,
    exit: KeptExit,
}

#[derive(Deserialize)]
struct KeptExit {
    code: u8,
}

impl From<Kept> for Report {
    fn from(kept: Kept) -> Report {
        let Kept { started_at, complete, total_ms, plan, attempts, transcript, findings, expectations, exit } = kept;
        let evidence = Evidence { attempts, transcript, ..Evidence::new(started_at) };
        Report { plan, evidence, findings, complete, total_ms, expectations, exit: known_exit(exit.code) }
    }
}

/// `1.12` as numbers.
fn number(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn part<T: DeserializeOwned>(value: &Value, key: &str) -> Option<T> {
    value.get(key).and_then(|value| serde_json::from_value(value.clone()).ok())
}

/// The entries of a list that can be read.
fn each<T: DeserializeOwned>(value: &Value, key: &str, lost: &mut usize) -> Vec<T> {
    let all = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read: Vec<T> = all.iter().filter_map(|one| serde_json::from_value(one.clone()).ok()).collect();
    *lost += all.len() - read.len();
    read
}
