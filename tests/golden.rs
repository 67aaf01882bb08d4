//! The text format: golden files of some transcripts at 80 and 120 columns, with colour, in ASCII, quiet and verbose.
//! To accept an intended change, run SNAPSHOTS=overwrite cargo test --test library and review the diff.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::path::PathBuf;

use crate::support::golden;
use crate::support::replay::{all, domain};
use smtpcheck::plan::FailOn;
use smtpcheck::render::{self, Colour, Display, Symbols, Transcript, Verbosity};
use smtpcheck::report::{NoExpectations, Run, RunSource};

const SHOWN: &[&str] = &[
    "healthy/submission",
    "refusal/auth-credentials-refused",
    "refusal/recipient-unknown",
    "certificate/expired",
    "starttls/masked-by-a-firewall",
    "greeting/refused-over-ipv6-only",
];

fn displays() -> Vec<(&'static str, Display)> {
    let plain = Display::plain();
    vec![
        ("80", plain.clone()),
        ("120", Display { width: 120, ..plain.clone() }),
        ("colour", Display { colour: Colour::On, ..plain.clone() }),
        ("ascii", Display { signs: Symbols::Ascii, ..plain.clone() }),
        ("quiet", Display { volume: Verbosity::Quiet, ..plain.clone() }),
        ("verbose", Display { volume: Verbosity::Verbose, ..plain.clone() }),
        ("problems", Display { transcript: Transcript::Problems, ..plain }),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn the_text_output_matches_its_golden_files() {
    let played = all();
    for name in SHOWN {
        let one =
            played.iter().find(|one| one.name == *name).unwrap_or_else(|| panic!("there is no transcript {name}"));
        for (name_of_display, display) in displays() {
            let text = render::format("text").unwrap().one(&one.report, &display);
            let file = folder().join(format!("{}.{name_of_display}.txt", name.replace('/', "-")));
            golden::compare(&file, &text).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn the_report_of_a_domain_matches_its_golden_files() {
    let report = domain().report;
    let narrow = ("60", Display { width: 60, ..Display::plain() });
    let wide = ("100", Display { width: 100, ..Display::plain() });
    for (name_of_display, display) in displays().into_iter().chain([narrow, wide]) {
        let text = render::format("text").unwrap().one(&report, &display);
        let file = folder().join(format!("domain.{name_of_display}.txt"));
        golden::compare(&file, &text).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_report_of_a_domain_fits_the_terminal() {
    let report = domain().report;
    for width in [40, 60, 80, 100, 120, 160] {
        let display = Display { width, ..Display::plain() };
        let text = render::format("text").unwrap().one(&report, &display);
        for line in text.lines() {
            // Commands are never wrapped, because users copy them.
            let columns = unicode_width::UnicodeWidthStr::width(line);
            let has_long_word = line.split(' ').any(|word| word.len() + 20 > width);
            assert!(columns <= width || line.starts_with("           ") || has_long_word, "at {width}: {line}");
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for one in all() {
        for width in [80, 120] {
            let display = Display { width, ..Display::plain() };
            let text = render::format("text").unwrap().one(&one.report, &display);
            for line in text.lines() {
                // Commands and URLs are never wrapped, because users copy them.
                let is_command = line.starts_with("           ");
                let columns = unicode_width::UnicodeWidthStr::width(line);
                assert!(columns <= width || is_command, "{} at {width}: {columns} columns: {line}", one.name);
            }
        }
    }
}

#[test]
fn colour_carries_no_meaning_alone() {
    for one in all() {
        let plain = render::format("text").unwrap().one(&one.report, &Display::plain());
        let coloured =
            render::format("text").unwrap().one(&one.report, &Display { colour: Colour::On, ..Display::plain() });
        let mut stripped = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').map_or("", |(_, after)| after);
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain, "{}", one.name);
    }
}

#[test]
fn the_quiet_line_names_the_rule_that_makes_the_check_fail() {
    let played = all();
    let expiring = played.iter().find(|one| one.name == "certificate/expires-soon").unwrap();
    let mut report = expiring.report.clone();
    report.plan.gate.fail_on = FailOn::Warning;
    let report = report.judged_again(&NoExpectations);
    let quiet = Display { volume: Verbosity::Quiet, ..Display::plain() };
    let line = render::format("text").unwrap().one(&report, &quiet);
    assert!(line.starts_with("FAIL") && line.contains("certificate-expires-soon: "), "{line}");
}

#[test]
fn a_suite_names_the_warnings_of_a_check_that_passes() {
    let played = all();
    let expiring = played.iter().find(|one| one.name == "certificate/expires-soon").unwrap();
    let run = Run { source: RunSource::Suite("smtpcheck.toml".into()), ..Run::of(expiring.report.clone()) };
    let text = (render::format("text").unwrap().render)(&run, &Display::plain());
    assert!(text.contains("1 warning: certificate-expires-soon"), "{text}");
    assert!(text.contains("1 passed (1 with warnings)"), "{text}");
}

#[test]
fn all_formats_list_findings_in_the_same_order() {
    let played = all();
    let report = &played.iter().find(|one| one.name == "certificate/three-faults-in-the-chain").unwrap().report;
    let rules: Vec<String> = report.findings.iter().map(|finding| finding.rule.to_string()).collect();
    assert!(rules.len() > 2);
    for name in ["text", "json", "junit", "github", "markdown", "html"] {
        let text = render::format(name).unwrap().one(report, &Display::plain());
        let places: Vec<usize> = rules.iter().map(|rule| text.find(rule.as_str()).unwrap()).collect();
        assert!(places.is_sorted(), "{name}: {rules:?} at {places:?}");
    }
}
