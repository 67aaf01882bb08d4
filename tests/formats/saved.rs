//! Saved reports: loaded again, judged again and compared.

use serde_json::Value;
use smtpcheck::render::{self, Display, nagios};
use smtpcheck::report::{CheckResult, Document, NoExpectations, Run, RunSource};

use super::{played, rendered, reports, shown, suite};

/// A saved report is rendered the same in every format after it was loaded.
#[test]
fn a_saved_run_renders_the_same_in_every_format() {
    for (name, run) in shown() {
        let saved = smtpcheck::report::Saved::read(&rendered("ndjson", &run), &|_| None).unwrap();
        assert_eq!(saved.remarks, [""; 0], "{name}");
        assert_eq!(saved.run, run, "{name}");
        for format in render::FORMATS {
            assert!(
                (format.render)(&saved.run, &Display::plain()) == (format.render)(&run, &Display::plain()),
                "{name}"
            );
        }
    }
}

/// The exit code is 0 only if every check has a result.
#[test]
fn a_run_without_the_result_of_a_check_does_not_pass() {
    let healthy = || CheckResult::of(played("healthy/submission"));
    let run = Run::new(RunSource::Targets, vec![healthy(), healthy()]);
    let lines = rendered("ndjson", &run);
    let at = |event: &str| lines.rfind(&format!("{{\"event\":\"{event}\"")).unwrap();
    let (end, second) = (at("end"), at("result"));
    let first = lines.find("{\"event\":\"result\"").unwrap();
    let without_start = lines.split_once('\n').unwrap().1;
    let damaged = [&lines[..first], &lines[first + 1..]].concat();
    for (text, code, remark) in [
        (&lines[..end + 9], 0, "the `end` record is missing, but every check has a result"),
        (&lines[..second + 50], 1, "the `end` record is missing, and 1 check has no result"),
        (&damaged, 1, "1 line is damaged and was ignored, and 1 check has no result"),
        (&format!("{without_start}{{\"event\":\"resul\n"), 1, "a check may have no result"),
        (&format!("{lines}{damaged}"), 1, "and 1 check has no result"),
    ] {
        let saved = smtpcheck::report::Saved::read(text, &|_| None).unwrap();
        let state = if code == 0 { nagios::PluginState::Ok } else { nagios::PluginState::Unknown };
        let remarks = saved.remarks.join("; ");
        assert_eq!(saved.run.exit_code(), code, "{remark}: {remarks}");
        assert_eq!(Run::merged(vec![Run::of(played("healthy/submission")), saved.run.clone()]).exit_code(), code);
        let (found, line) = nagios::answer(&saved.run, &Display::plain(), &[]);
        assert_eq!(found, state, "{line}");
        assert!(code == 0 || line.starts_with("SMTP UNKNOWN - the file lacks the result of a check"), "{line}");
        assert!(remarks.contains(remark), "{remark}: {remarks}");
    }
}

#[test]
fn a_report_with_a_newer_schema_is_loaded_as_far_as_this_version_understands_it() {
    let report = played("certificate/expired");
    let fallback = |target: &str| Some(plan_for(target));
    let read = |value: &Value| smtpcheck::report::Saved::read(&value.to_string(), &fallback);
    let mut newer = serde_json::to_value(Document::from(&report)).unwrap();
    newer["schema_version"] = "1.7".into();
    newer["weather"] = "fine".into();
    let saved = read(&newer).unwrap();
    assert!(saved.remarks[0].contains("1.7"), "{:?}", saved.remarks);
    assert_eq!(saved.run.cases[0].report().unwrap().findings, report.findings);
    // An event kind and a severity that this version does not have, and a plan that is no longer an object.
    newer["schema_version"] = "2.0".into();
    newer["transcript"][0]["kind"] = "dreamt".into();
    newer["findings"][0]["severity"] = "fatal".into();
    newer["plan"] = "a sentence".into();
    let saved = read(&newer).unwrap();
    let seen = saved.run.cases[0].report().unwrap();
    assert_eq!(seen.evidence.transcript.len(), report.evidence.transcript.len() - 1);
    assert_eq!(seen.exit, report.exit);
    assert_eq!(seen.plan.target.port, report.plan.target.port);
    assert!(saved.remarks.iter().any(|remark| remark.contains("2 parts")), "{:?}", saved.remarks);
    // In a schema version that this version supports, the same faults mean that the file is invalid.
    newer["schema_version"] = "1.0".into();
    assert!(read(&newer).is_err());
}

fn plan_for(target: &str) -> smtpcheck::plan::Plan {
    match smtpcheck::cli::parse(vec!["check".into(), target.into()]).unwrap() {
        smtpcheck::cli::Invocation::Check(args, matches) => {
            smtpcheck::cli::plan::plan(&args, &matches, target, None).unwrap()
        }
        _ => panic!("a check"),
    }
}

#[test]
fn judging_a_report_again_with_the_same_rules_gives_the_same_findings() {
    for (name, report) in reports() {
        assert_eq!(report.clone().judged_again(&NoExpectations), *report, "{name}");
    }
}

#[test]
fn comparing_a_run_with_itself_shows_no_change_and_an_expired_certificate_is_a_change() {
    use smtpcheck::report::Difference;
    let (healthy, expired) = (Run::of(played("healthy/submission")), Run::of(played("certificate/expired")));
    assert!(!Difference::new(&healthy, &healthy.clone()).changed);
    let difference = Difference::new(&healthy, &expired);
    let changes: Vec<&str> = difference.checks[0].changes.iter().map(|change| change.what.as_str()).collect();
    for expected in ["result", "finding certificate-expired", "certificate.not_after", "certificate.verifies"] {
        assert!(changes.contains(&expected), "{expected} in {changes:?}");
    }
    let gone = Difference::new(&suite(), &Run { cases: suite().cases.drain(..2).collect(), ..suite() });
    assert_eq!(gone.checks.iter().filter(|check| !check.changes.is_empty()).count(), 2);
}
