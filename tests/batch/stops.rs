//! Runs that end early: killed, interrupted, without disk space, without a reader, or because they would overwrite
//! their input. What was written is valid, and the run can be resumed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::{Batch, codes, counting_server, ids, records, silent_server};
use crate::support::program::{command, finish};

#[test]
fn a_run_that_was_killed_is_resumed_without_repeating_or_losing_a_target() {
    let (port, _) = counting_server();
    let targets: String = (1..=250).map(|number| format!("127.3.0.{number}:{port}\n")).collect();
    let batch = Batch::new(&(targets + "bad host\n"));
    let output = batch.path("records");
    let flags = ["--tls", "none", "--output", &output, "--rate", "200/s"];
    let mut killed = command(&batch.words(&flags).iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
    while std::fs::read_to_string(&output).map_or(0, |text| text.lines().count()) < 20 {
        assert!(killed.try_wait().unwrap().is_none(), "the run must not end before it is killed");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let first = batch.read("records");
    assert!(first.lines().count() < 250);
    // The record that was being written is incomplete.
    let cut = first.trim_end().rfind('\n').unwrap() + 40;
    batch.write("records", &first.as_bytes()[..cut]);
    let flags = ["--tls", "none", "--output", &output, "--resume"];
    let run = batch.run(&flags);
    assert_eq!(run.code, 1, "one line is invalid: {run}");
    assert!(run.stderr.contains("an incomplete last record was removed"), "{run}");
    let text = batch.read("records");
    assert!(text.starts_with(&first[..first.trim_end().rfind('\n').unwrap() + 1]), "the records were kept");
    let all = ids(&text);
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (251, 251));
    let run = batch.run(&flags);
    assert!(run.stderr.contains("251 records kept") && run.stderr.contains("250 targets"), "{run}");
    assert_eq!(batch.read("records"), text);
    let other = batch.write("notes", b"buy milk\n");
    let run = batch.run(&["--output", &other, "--resume"]);
    assert_eq!((run.code, batch.read("notes").as_str()), (2, "buy milk\n"), "{run}");
}

#[test]
fn a_full_disk_ends_the_run_with_74_and_complete_records() {
    let (port, _) = counting_server();
    let targets: String = (1..=200).map(|number| format!("127.4.0.{number}:{port}\n")).collect();
    let batch = Batch::new(&targets);
    if Path::new("/dev/full").exists() {
        let run = batch.run(&["--tls", "none", "--output", "/dev/full"]);
        assert_eq!(run.code, 74, "{run}");
        assert!(run.stderr.contains("the output cannot be written"), "{run}");
    }
    let output = batch.path("records");
    for redirect in [format!("--output {output}"), format!("> {output}")] {
        let words: Vec<String> = batch.words(&["--tls", "none"]);
        let line = format!("ulimit -f 64; exec \"$0\" {} {redirect}", words.join(" "));
        let child = Command::new("bash")
            .args(["-c", &line, env!("CARGO_BIN_EXE_smtpcheck")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let run = finish(child);
        assert_eq!(run.code, 74, "{run}");
        let kept = records(&batch.read("records")).len();
        assert!((10..200).contains(&kept), "{kept} records");
    }
    let run = batch.run(&["--tls", "none", "--output", &output, "--resume"]);
    assert_eq!((run.code, ids(&batch.read("records")).len()), (0, 200), "{run}");
}

#[test]
fn the_input_is_never_overwritten() {
    let batch = Batch::new("{healthy-relay}\n");
    let (targets, text) = (batch.path("targets"), batch.read("targets"));
    let link = batch.path("link");
    std::os::unix::fs::symlink(&targets, &link).unwrap();
    for words in [["--output", &targets], ["--output", &link], ["--summary", &targets]] {
        let run = batch.run(&words);
        assert_eq!((run.code, batch.read("targets")), (2, text.clone()), "{run}");
    }
    let open = || std::fs::File::options().append(true).read(true).open(&targets).unwrap();
    for words in [&["batch"][..], &["batch", "-", "--output", &targets]] {
        let mut command = command(words);
        command.stdin(open());
        if words.len() == 1 {
            command.stdout(open());
        }
        let run = finish(command.spawn().unwrap());
        assert_eq!((run.code, batch.read("targets")), (2, text.clone()), "{run}");
    }
    let run = batch.run(&["--output", &batch.path("x"), "--summary", &batch.path("x")]);
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn an_interrupted_run_writes_its_summary_and_can_be_resumed() {
    let (port, connected) = silent_server();
    let batch = Batch::new(&format!("{{healthy-relay}}\n127.0.0.1:{port}\n"));
    let (output, summary) = (batch.path("records"), batch.path("summary"));
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let words = batch.words(&["--output", &output, "--summary", &summary]);
        let child = command(&words.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
        connected.recv().unwrap();
        while std::fs::read_to_string(&output).map_or(0, |text| text.lines().count()) < 1 {
            std::thread::yield_now();
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let run = finish(child);
        assert_eq!(run.code, code, "{run}");
        assert!(run.stderr.contains("INCOMPLETE"), "{run}");
        assert_eq!(codes(&batch.read("records")), [(1, 0)].into(), "the interrupted target has no record");
        let summary: Value = serde_json::from_str(&batch.read("summary")).unwrap();
        assert_eq!((&summary["run"]["complete"], &summary["targets"]), (&false.into(), &1.into()));
        assert_eq!(summary["exit"]["code"], code);
    }
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_run() {
    let (port, sessions) = counting_server();
    let targets: String = (0..3000).map(|n| format!("127.5.{}.{}:{port}\n", n / 250, n % 250 + 1)).collect();
    let batch = Batch::new(&targets);
    let words = batch.words(&["--tls", "none", "--jobs", "4"]);
    let mut child = command(&words.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let run = finish(child);
    assert_eq!(records(&first).len(), 1);
    assert_eq!(run.code, 0, "{run}");
    assert!(sessions.all.load(Ordering::SeqCst) < 3000, "the run ended early");
}

#[test]
fn a_standard_output_that_is_closed_or_null_is_named_because_the_records_are_lost() {
    let batch = Batch::new("{healthy-submission}\n");
    let words = batch.words(&[]).join(" ");
    for (redirection, is_lost) in
        [(">&-", true), (">/dev/null", true), ("", false), ("--output kept >/dev/null", false)]
    {
        let line = format!("exec \"$0\" {words} {redirection}");
        let mut shell = Command::new("bash");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_smtpcheck")]).current_dir(batch.folder.path());
        let output = shell.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.contains("the records are discarded"), is_lost, "{redirection}: {stderr}");
        assert_eq!(output.status.code(), Some(0), "{redirection}: {stderr}");
    }
}

#[test]
fn few_file_descriptors_reduce_the_number_of_checks_at_the_same_time() {
    let (port, sessions) = counting_server();
    let targets: String = (1..=200).map(|number| format!("127.6.0.{number}:{port}\n")).collect();
    let batch = Batch::new(&targets);
    let words: Vec<String> = batch.words(&["--tls", "none"]);
    let line = format!("ulimit -n 80; exec \"$0\" {}", words.join(" "));
    let child = Command::new("bash")
        .args(["-c", &line, env!("CARGO_BIN_EXE_smtpcheck")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = finish(child);
    assert_eq!((run.code, records(&run.stdout).len()), (0, 200), "{run}");
    assert!(run.stderr.contains("the file descriptor limit is too low for --jobs"), "{run}");
    assert!(sessions.most.load(Ordering::SeqCst) <= 40);
    // A soft limit is raised.
    let line = format!("ulimit -Sn 80; exec \"$0\" {} -q", words.join(" "));
    let output = Command::new("bash").args(["-c", &line, env!("CARGO_BIN_EXE_smtpcheck")]).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
