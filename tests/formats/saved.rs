//! Saved reports: loaded again, judged again and compared.

use serde_json::Value;
use smtpcheck::render::{self, Display};
use smtpcheck::report::{Document, NoExpectations, Run};

use super::{played, rendered, reports, shown, suite};

/// A document that was saved is the same in every format when it is loaded again.
#[test]
fn a_saved_run_is_rendered_as_it_was() {
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

#[test]
fn a_report_of_a_newer_schema_is_read_as_far_as_it_is_understood() {
    let report = played("certificate/expired");
    let fallback = |target: &str| Some(smtpcheck_plan(target));
    let read = |value: &Value| smtpcheck::report::Saved::read(&value.to_string(), &fallback);
    let mut newer = serde_json::to_value(Document::from(&report)).unwrap();
    newer["schema_version"] = "1.7".into();
    newer["weather"] = "fine".into();
    let saved = read(&newer).unwrap();
    assert!(saved.remarks[0].contains("1.7"), "{:?}", saved.remarks);
    assert_eq!(saved.run.cases[0].report().unwrap().findings, report.findings);
    // A kind of event and a severity that nobody here knows, and a plan that has become something else.
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
    // The same faults in a schema that we know are no news but a broken file.
    newer["schema_version"] = "1.0".into();
    assert!(read(&newer).is_err());
}

fn smtpcheck_plan(target: &str) -> smtpcheck::plan::Plan {
    match smtpcheck::cli::parse(vec!["check".into(), target.into()]).unwrap() {
        smtpcheck::cli::Invocation::Check(args, matches) => {
            smtpcheck::cli::plan::plan(&args, &matches, target, None).unwrap()
        }
        _ => panic!("a check"),
    }
}

#[test]
fn judging_again_gives_the_same_where_the_rules_are_the_same() {
    for (name, report) in reports() {
        assert_eq!(report.clone().judged_again(&NoExpectations), *report, "{name}");
    }
}

#[test]
fn two_runs_at_the_same_server_are_equal_and_an_expired_certificate_is_a_change() {
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
