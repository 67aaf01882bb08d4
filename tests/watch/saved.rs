//! The output of `smtpcheck report` for a saved watch: complete, torn, cut off, damaged and doubled.

use super::{records, summary, watch};
use crate::support::program::run;

#[test]
fn a_saved_watch_is_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved").to_str().unwrap().to_owned();
    let watched = watch("backends-differ", &["--count", "9", "--format", "ndjson", "--output", &path]);
    assert_eq!((watched.code, watched.stdout.as_str()), (6, ""), "{watched}");
    let saved = std::fs::read_to_string(&path).unwrap();
    let of_watch = &records(&saved)[10]["targets"][0];
    for flags in [&["--json"][..], &["--json", "--rejudge"]] {
        let again = run(&[&["report", path.as_str()], flags].concat());
        let mut target = summary(&again);
        assert_eq!((again.code, again.stderr.as_str()), (6, ""), "{again}");
        // The probe numbers are those of each check, and the summary's findings name no probes.
        assert_eq!(target["findings"], of_watch["findings"], "{again}");
        for key in ["phases", "addresses", "changes", "backends", "failed_checks", "timeline", "by_exit", "rules"] {
            assert_eq!(target[key].take(), of_watch[key], "{key}");
        }
    }
    let text = run(&["report", &path]);
    assert!(text.stdout.contains("9 checks in") && text.stdout.contains("4 backends"), "{text}");
    let torn = saved.rsplit_once("{\"event\":\"summary\"").unwrap().0;
    std::fs::write(&path, &torn[..torn.len() - 100]).unwrap();
    let torn = run(&["report", &path, "--json"]);
    assert!(torn.stderr.contains("the last record is incomplete"), "{torn}");
    assert_eq!(summary(&torn)["checks"], 8);
    // The beginning may be cut off, for example by `tail`.
    std::fs::write(&path, saved.split_once('\n').unwrap().1).unwrap();
    let cut = run(&["report", &path, "--json"]);
    assert!(cut.stderr.contains("the first record is missing"), "{cut}");
    assert_eq!((summary(&cut)["checks"].as_u64(), cut.stdout.contains("1970")), (Some(9), false), "{cut}");
    // A check that a copied file contains twice counts once.
    let (first, others) = saved.split_once('\n').unwrap();
    let checks = others.rsplit_once("{\"event\":\"summary\"").unwrap().0;
    std::fs::write(&path, [first, "\n", checks, checks].concat()).unwrap();
    let copied = run(&["report", &path, "--json"]);
    assert!(copied.stderr.contains("9 records are not counted, because they are copies"), "{copied}");
    assert_eq!(summary(&copied)["checks"], 9);
    // A summary contains no reports, neither in one line nor in several.
    let alone = run(&["report", &path, "--json"]).stdout;
    for text in [alone.as_str(), saved.lines().last().unwrap()] {
        std::fs::write(&path, text).unwrap();
        let refused = run(&["report", &path]);
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains("this is the summary of a watch or a batch"), "{refused}");
        assert!(!refused.stderr.contains("truncated"), "{refused}");
    }
    std::fs::write(&path, saved.repeat(2)).unwrap();
    let two = run(&["report", &path]);
    assert!(two.code == 2 && two.stderr.contains("more than one watch"), "{two}");
    std::fs::write(&path, &saved).unwrap();
    let junit = run(&["report", &path, "--format", "junit"]);
    assert!(junit.code == 2 && junit.stderr.contains("cannot show watch records"), "{junit}");
}

/// If the record of a check cannot be read, nothing shows that the check passed.
#[test]
fn a_saved_watch_with_an_unreadable_record_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved").to_str().unwrap().to_owned();
    let passed = watch("healthy-submission", &["--count", "3", "--format", "ndjson", "--output", &path]);
    assert_eq!(passed.code, 0, "{passed}");
    let saved = std::fs::read_to_string(&path).unwrap();
    assert_eq!(run(&["report", &path]).code, 0);
    let second = saved.lines().nth(2).unwrap();
    let later = saved.replacen(second, "{\"event\":\"later\"}", 1);
    let damaged = saved.replacen(second, &second[1..], 1);
    let without_report = saved.replacen(second, "{\"event\":\"watched\",\"target\":1}", 1);
    let records: String = saved.lines().take(4).collect::<Vec<_>>().join("\n");
    let torn = &records[..records.len() - 50];
    for (text, code, words) in [
        (later.as_str(), 0, "1 record is not counted, because only a newer smtpcheck can read it"),
        (&damaged, 1, "1 line is not counted, because it is damaged"),
        (&without_report, 1, "1 line is not counted, because it is damaged"),
        (torn, 1, "the last record is incomplete"),
    ] {
        std::fs::write(&path, text).unwrap();
        let again = run(&["report", &path, "--json"]);
        assert_eq!((again.code, summary(&again)["checks"].as_u64()), (code, Some(2)), "{again}");
        assert!(again.stderr.contains(words), "{again}");
    }
    // The beginning was cut off within a record.
    std::fs::write(&path, &saved[10..]).unwrap();
    let cut = run(&["report", &path]);
    assert!(cut.code == 2 && cut.stderr.contains("the beginning of the file was cut off"), "{cut}");
}
