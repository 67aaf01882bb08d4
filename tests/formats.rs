//! Every output format of a finished run: golden files of ten transcripts and of a suite, documentation, and properties
//! that only one format has. To accept an intended change, run SNAPSHOTS=overwrite cargo test --test library and review
//! the diff.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod batch;
mod hostile;
mod saved;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::support;
use crate::support::golden;
use crate::support::replay::{all, domain};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use smtpcheck::render::{self, Display, nagios};
use smtpcheck::report::{
    CheckOutcome, CheckResult, Exit, FilePosition, JudgedExpectation, LINE_SCHEMA, Report, Run, RunSource, SCHEMA,
};

const SHOWN: &[&str] = &[
    "healthy/submission",
    "refusal/auth-credentials-refused",
    "refusal/recipient-unknown",
    "certificate/expired",
    "certificate/three-faults-in-the-chain",
    "starttls/masked-by-a-firewall",
    "greeting/refused-over-ipv6-only",
    "connect/port-25-blocked",
    "connect/name-not-found",
    "envelope/recipient-deferred",
];

/// The reports of all transcripts. Playing them takes seconds, so it is done once.
fn reports() -> &'static [(String, Report)] {
    static ALL: OnceLock<Vec<(String, Report)>> = OnceLock::new();
    ALL.get_or_init(|| all().iter().map(|one| (one.name.clone(), one.report.clone())).collect())
}

fn played(name: &str) -> Report {
    let found = reports().iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("there is no transcript {name}")).1.clone()
}

/// Every run of a check, including the retries.
fn probes(case: &CheckResult) -> Vec<&Report> {
    match &case.outcome {
        CheckOutcome::Checked { report, earlier } => earlier.iter().chain([report.as_ref()]).collect(),
        CheckOutcome::Skipped { .. } => Vec::new(),
    }
}

fn rendered(format: &str, run: &Run) -> String {
    (render::format(format).unwrap().render)(run, &Display::plain())
}

/// A suite with one check of each kind: passed on the second attempt, failed because of an expectation, failed,
/// skipped.
fn suite() -> Run {
    let mut expected = played("healthy/submission");
    expected.expectations = vec![
        JudgedExpectation {
            expression: "tls.version >= 1.2".to_owned(),
            held: true,
            expected: "at least 1.2".to_owned(),
            seen: Some("1.3".to_owned()),
            line: Some(12),
            column: Some(5),
        },
        JudgedExpectation {
            expression: "certificate.days_left > 90".to_owned(),
            held: false,
            expected: "more than 90".to_owned(),
            seen: Some("60".to_owned()),
            line: Some(13),
            column: Some(5),
        },
    ];
    expected.exit = Exit::Findings;
    let checked = |name: &str, line: usize, report: Report, earlier: Vec<Report>| CheckResult {
        name: name.to_owned(),
        place: Some(FilePosition { line, column: 1 }),
        outcome: CheckOutcome::Checked { report: Box::new(report), earlier },
    };
    let skipped = CheckResult {
        name: "mx1 is not an open relay".to_owned(),
        place: Some(FilePosition { line: 30, column: 1 }),
        outcome: CheckOutcome::Skipped { reason: "port 25 is blocked on this machine".to_owned() },
    };
    let deferred = played("envelope/recipient-deferred");
    Run::new(
        RunSource::Suite("ci/smtpcheck.toml".into()),
        vec![
            checked("app can submit", 3, played("healthy/submission"), vec![deferred]),
            checked("certificate lasts", 10, expected, Vec::new()),
            checked("recipient exists", 20, played("refusal/recipient-unknown"), Vec::new()),
            skipped,
        ],
    )
}

fn shown() -> Vec<(String, Run)> {
    let one = |name: &&str| (name.replace('/', "-"), Run::of(played(name)));
    let domain = ("domain".to_owned(), Run::of(domain().report));
    SHOWN.iter().map(one).chain([("suite".to_owned(), suite()), domain]).collect()
}

#[test]
fn every_format_matches_its_golden_file() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats");
    let mut stale = Vec::new();
    for (name, run) in shown() {
        for format in render::FORMATS.iter().filter(|format| format.name != "text") {
            let text = (format.render)(&run, &Display::plain());
            let file = folder.join(format!("{name}.{}", format.name));
            stale.extend(golden::compare(&file, &text).err());
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn every_line_of_ndjson_matches_its_schema_and_the_last_line_is_the_end_event() {
    let validator = |text: &str| jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap();
    let (line_schema, report_schema) = (validator(LINE_SCHEMA), validator(SCHEMA));
    for (name, run) in shown() {
        let text = rendered("ndjson", &run);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            let errors: Vec<String> = line_schema.iter_errors(line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {} in {line}", errors.join("; "));
            if line["event"] == "result" {
                assert!(report_schema.is_valid(&line["report"]), "{name}");
            }
        }
        assert_eq!(lines[0]["event"], "start", "{name}");
        let end = lines.last().unwrap();
        assert_eq!(end["event"], "end", "{name}");
        assert_eq!(end["checks"], run.cases.len(), "{name}");
        let happened = lines.iter().filter(|line| line["event"] == "happened").count();
        assert_eq!(
            happened,
            run.cases.iter().flat_map(probes).map(|report| report.evidence.transcript.len()).sum::<usize>(),
            "{name}"
        );
    }
}

#[test]
fn junit_has_one_test_case_per_check_and_counts_that_match() {
    let text = rendered("junit", &suite());
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut failures, mut skipped) = (Vec::new(), 0, 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => {
                    let name =
                        tag.attributes().map(|one| one.unwrap()).find(|one| one.key.as_ref() == b"name").unwrap();
                    cases.push(String::from_utf8(name.value.into_owned()).unwrap());
                }
                b"failure" => failures += 1,
                b"skipped" => skipped += 1,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(cases, ["app can submit", "certificate lasts", "recipient exists", "mx1 is not an open relay"]);
    assert_eq!((failures, skipped), (2, 1));
    assert!(text.contains(r#"tests="4" failures="2" errors="0""#) && text.contains(r#"skipped="1""#), "{text}");
    assert!(text.contains("run 1: exit 4"), "an earlier attempt is mentioned, but has no test case: {text}");
}

#[test]
fn checks_with_the_same_name_get_different_names_in_junit() {
    let report = played("healthy/submission");
    let cases = vec![CheckResult::of(report.clone()), CheckResult::of(report.clone()), CheckResult::of(report)];
    let run = Run::new(RunSource::Targets, cases);
    let text = rendered("junit", &run);
    let names: std::collections::BTreeSet<&str> =
        text.split("<testcase name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn annotations_point_to_the_line_in_the_suite_and_there_are_at_most_ten() {
    let text = rendered("github", &suite());
    let place = "::error file=ci/smtpcheck.toml,line=13,col=5,title=certificate lasts%3A expectation::";
    assert!(text.contains(place), "{text}");
    assert!(text.contains("file=ci/smtpcheck.toml,line=20,col=1,"), "{text}");
    let failing = |number: usize| CheckResult {
        name: format!("check {number}"),
        ..CheckResult::of(played("certificate/expired"))
    };
    let many = Run::new(RunSource::Targets, (0..25).map(failing).collect());
    let text = rendered("github", &many);
    let annotations: Vec<&str> = text.lines().filter(|line| line.starts_with("::error")).collect();
    assert_eq!(annotations.len(), 10, "{text}");
    assert!(annotations[9].contains("16 more"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("FAIL check")).count(), 25, "{text}");
}

#[test]
fn the_state_of_a_monitoring_plugin_follows_from_the_exit_code_and_the_thresholds() {
    let state = |name: &str| nagios::state(&Run::of(played(name)), &nagios::Thresholds::default());
    for (name, expected) in [
        ("healthy/submission", nagios::PluginState::Ok),
        ("certificate/expires-soon", nagios::PluginState::Warning),
        ("envelope/recipient-deferred", nagios::PluginState::Warning),
        ("refusal/recipient-unknown", nagios::PluginState::Critical),
        ("connect/port-25-blocked", nagios::PluginState::Critical),
        ("certificate/expired", nagios::PluginState::Critical),
    ] {
        assert_eq!(state(name), expected, "{name}");
    }
    let thresholds = nagios::Thresholds { warning: nagios::Range::parse("0:0.000001"), critical: None };
    let run = Run::of(played("healthy/submission"));
    assert_eq!(nagios::state(&run, &thresholds), nagios::PluginState::Warning);
    let skipped = Run { cases: vec![suite().cases.pop().unwrap()], ..suite() };
    assert_eq!(nagios::state(&skipped, &thresholds), nagios::PluginState::Unknown);
}

#[test]
fn the_help_and_docs_formats_md_name_every_format() {
    let page = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let help = |command: &str| support::program::run(&[command, "--help"]).stdout;
    for format in render::FORMATS {
        assert!(page.contains(&format!("| `{}` |", format.name)), "docs/formats.md does not mention {}", format.name);
        for command in ["check", "report"] {
            assert!(help(command).contains(format.name), "smtpcheck {command} --help does not mention {}", format.name);
        }
    }
}

/// `docs/formats.md` lists exactly the metrics that the Prometheus format prints.
#[test]
fn docs_formats_md_lists_exactly_the_metrics_that_are_printed() {
    let page = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let metrics = parts.filter(|word| word.starts_with("probe_") || word.starts_with("smtpcheck_"));
        metrics.filter(|word| *word != "probe_").map(str::to_owned).collect()
    };
    let shown: String = rendered("prometheus", &suite()).lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert_eq!(words(&page), words(&shown.replace("gauge", "gauge ")));
}

/// `docs/icinga.conf` calls the program as a monitoring plugin, with flags that exist.
#[test]
fn the_command_in_icinga_conf_has_only_flags_that_exist() {
    let page = include_str!("../docs/icinga.conf");
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>();
    let command = quoted(page.lines().find(|line| line.contains("command = [")).unwrap());
    assert_eq!(command, ["smtpcheck", "--format", "nagios"]);
    let flags = page.lines().map(str::trim).filter(|line| line.starts_with("\"--"));
    let mut count = 0;
    for line in flags {
        let flag = quoted(line).remove(0);
        let value = match flag.as_str() {
            "--cert-days" => Some("21,7"),
            "--warning" | "--critical" => Some("5"),
            "--tls" => Some("starttls"),
            "--no-config" => None,
            _ => Some("a@example.org"),
        };
        let words = command[1..].iter().cloned().chain([flag.clone()]).chain(value.map(str::to_owned));
        let words = words.chain(["mx.example.net:587".to_owned()]).map(Into::into).collect();
        assert!(smtpcheck::cli::parse(words).is_ok(), "{flag}");
        count += 1;
    }
    assert!(count >= 9, "{count} flags");
}
