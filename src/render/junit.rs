//! JUnit XML for Jenkins, GitLab and others: one `testcase` for each check and its retries; one `failure` with all
//! reasons, causes and fixes; the session in `system-out`.
//!
//! A check that smtpcheck cut short is reported as `error`, because its result shows nothing about the server. Only
//! elements and attributes that the Jenkins plugin's schema defines are used (`tests/data/junit.xsd`).

use std::collections::BTreeSet;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::text::plain_session;
use super::view::verdict::{self, FailureReason, OutcomeWord};
use super::{Display, Transcript, escape};
use crate::report::{CheckOutcome, CheckResult, Report, Run, RunSource};

/// The complete document.
pub fn render_run(run: &Run, look: &Display) -> String {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = document(&mut Writer::new_with_indent(&mut bytes, b' ', 2), run, look);
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

fn document(writer: &mut Writer<&mut Vec<u8>>, run: &Run, look: &Display) -> io::Result<()> {
    let suite = match &run.source {
        RunSource::Suite(path) => escape::visible(&path.to_string_lossy()),
        RunSource::Target | RunSource::Targets => "smtpcheck".to_owned(),
    };
    let count = |word: OutcomeWord| run.cases.iter().filter(|case| OutcomeWord::of(case) == word).count().to_string();
    let took: f64 = run.cases.iter().flat_map(probes).map(|report| report.total_ms).sum();
    let (tests, took) = (run.cases.len().to_string(), verdict::seconds(took));
    let (failures, errors, skipped) =
        (count(OutcomeWord::Fail), count(OutcomeWord::CutShort), count(OutcomeWord::Skip));
    let counts = [
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", errors.as_str()),
        ("time", took.as_str()),
    ];
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attributes([("name", "smtpcheck")]).with_attributes(counts);
    suites.write_inner_content(|writer| {
        let mut element = writer
            .create_element("testsuite")
            .with_attributes([("name", suite.as_str())])
            .with_attributes(counts)
            .with_attributes([("skipped", skipped.as_str())]);
        let began = run.reports().map(Report::started_at).min();
        // ISO 8601 in UTC, without a time zone, because the schema does not permit one.
        let began = began.map(|began| began.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        if let Some(began) = &began {
            element = element.with_attribute(("timestamp", began.as_str()));
        }
        element.write_inner_content(|writer| {
            let mut names = BTreeSet::new();
            run.cases.iter().try_for_each(|case| testcase(writer, &suite, &unique(&case.name, &mut names), case, look))
        })?;
        Ok(())
    })?;
    Ok(())
}

/// Makes a name unique, because GitLab discards a test case whose name already occurred.
fn unique(name: &str, names: &mut BTreeSet<String>) -> String {
    let name = escape::visible(name);
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(name);
    names.insert(free.clone());
    free
}

fn testcase(
    writer: &mut Writer<&mut Vec<u8>>,
    suite: &str,
    name: &str,
    case: &CheckResult,
    look: &Display,
) -> io::Result<()> {
    let took = verdict::seconds(probes(case).map(|report| report.total_ms).sum());
    let element = writer.create_element("testcase").with_attributes([
        ("name", name),
        ("classname", suite),
        ("time", took.as_str()),
    ]);
    let (report, earlier) = match &case.outcome {
        CheckOutcome::Skipped { reason } => {
            let reason = escape::visible(reason);
            element.write_inner_content(|writer| {
                writer.create_element("skipped").with_attribute(("message", reason.as_str())).write_empty()?;
                Ok(())
            })?;
            return Ok(());
        }
        CheckOutcome::Checked { report, earlier } => (report, earlier),
    };
    element.write_inner_content(|writer| {
        let reasons = FailureReason::all(report);
        if let Some(first) = reasons.first() {
            let word = if OutcomeWord::of(case) == OutcomeWord::CutShort { "error" } else { "failure" };
            let more = if reasons.len() > 1 { format!(" (and {} more)", reasons.len() - 1) } else { String::new() };
            let (message, kind) = (format!("{}: {}{more}", first.id(), first.summary()), first.id());
            writer
                .create_element(word)
                .with_attributes([("message", message.as_str()), ("type", kind.as_str())])
                .write_text_content(BytesText::new(&details(&reasons, report)))?;
        }
        let session = message(report, earlier, look);
        writer.create_element("system-out").write_text_content(BytesText::new(&session))?;
        Ok(())
    })?;
    Ok(())
}

/// The text of a `failure` or `error`: every reason with its cause and fixes.
fn details(reasons: &[FailureReason<'_>], report: &Report) -> String {
    let mut text = String::from("\n");
    for reason in reasons {
        text.push_str(&format!("{}: {}\n", reason.id(), reason.summary()));
        for line in reason.advice() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(&format!("{}\n", verdict::exit(report)));
    text
}

fn message(report: &Report, earlier: &[Report], look: &Display) -> String {
    let mut text = String::from("\n");
    for (at, one) in earlier.iter().enumerate() {
        text.push_str(&format!("{}\n", verdict::retry_line(at, one)));
    }
    if look.transcript != Transcript::None {
        text.push_str(&plain_session(report, look));
    }
    text.push_str(&format!("{}\n", verdict::result(report)));
    text
}

fn probes(case: &CheckResult) -> impl Iterator<Item = &Report> {
    let (last, earlier) = match &case.outcome {
        CheckOutcome::Checked { report, earlier } => (Some(report.as_ref()), earlier.as_slice()),
        CheckOutcome::Skipped { .. } => (None, [].as_slice()),
    };
    earlier.iter().chain(last)
}
