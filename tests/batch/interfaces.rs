//! Several interfaces: each target is checked from each of them, and the summary names the targets whose results differ
//! between the interfaces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Batch, ids, records};
use crate::support::program;
use crate::support::sandboxes::selective_server;

const FROM: [&str; 6] = ["--interface", "127.0.0.1", "--interface", "127.0.0.2", "--interface", "127.0.0.3"];

/// The line, the interface and the exit code of each record, sorted.
fn results(text: &str) -> Vec<(u64, String, u64)> {
    let of = |record: &Value| {
        let interface = record["interface"].as_str().unwrap_or("-").to_owned();
        (record["line"].as_u64().unwrap(), interface, record["exit"]["code"].as_u64().unwrap())
    };
    let mut all: Vec<_> = records(text).iter().map(of).collect();
    all.sort();
    all
}

fn row(line: u64, interface: &str, code: u64) -> (u64, String, u64) {
    (line, interface.to_owned(), code)
}

#[test]
fn each_target_is_checked_from_each_interface_and_the_summary_names_the_blocked_one() {
    let (server, seen) = selective_server("127.0.0.2");
    let batch = Batch::new(&format!("{server}\n127.0.0.1:1\n"));
    let summary = batch.path("summary");
    let run = batch.run(&[&FROM[..], &["--tls", "none", "--summary", &summary]].concat());
    assert_eq!(run.code, 1, "{run}");
    let expected = [
        row(1, "127.0.0.1", 0),
        row(1, "127.0.0.2", 5),
        row(1, "127.0.0.3", 0),
        row(2, "127.0.0.1", 3),
        row(2, "127.0.0.2", 3),
        row(2, "127.0.0.3", 3),
    ];
    assert_eq!(results(&run.stdout), expected);
    let clients: Vec<String> = seen.lock().unwrap().keys().cloned().collect();
    assert_eq!(clients, ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    let all = records(&run.stdout);
    let identities: BTreeSet<&str> = all.iter().filter_map(|one| one["id"].as_str()).collect();
    let targets: BTreeSet<&str> = all.iter().filter_map(|one| one["target_id"].as_str()).collect();
    assert_eq!((identities.len(), targets.len()), (6, 2));
    let summary: Value = serde_json::from_str(&batch.read("summary")).unwrap();
    let interfaces = json!({
        "by_interface": {
            "127.0.0.1": {"0": 1, "3": 1}, "127.0.0.2": {"3": 1, "5": 1}, "127.0.0.3": {"0": 1, "3": 1}
        },
        "differing": 1,
        "examples": [{
            "target": server,
            "passes": ["127.0.0.1", "127.0.0.3"],
            "fails": [{"interface": "127.0.0.2", "exit_code": 5, "reason": "reputation"}],
        }],
    });
    assert_eq!(summary["interfaces"], interfaces);
    let line = format!(
        "{server}: passes from 127.0.0.1, 127.0.0.3, fails from 127.0.0.2 (exit 5 refused_permanent: reputation)"
    );
    assert!(run.stderr.contains(&line) && run.stderr.contains("1 target passes from some interfaces"), "{run}");
    // The saved records have the same result, in any format.
    let saved = batch.write("saved", run.stdout.as_bytes());
    for format in ["text", "markdown", "html", "json"] {
        let report = program::run(&["report", &saved, "--format", format]);
        let plain = report.stdout.replace('\\', "");
        assert!(report.code == 1 && plain.contains("127.0.0.2") && plain.contains("reputation"), "{report}");
    }
}

#[test]
fn an_interface_of_a_target_is_skipped_resumed_and_sharded_by_itself() {
    let (server, seen) = selective_server("127.0.0.2");
    let batch = Batch::new(&format!("{server}\nsmtp://{server}\n"));
    let output = batch.path("records");
    let words = |more: &[&'static str]| [&FROM[..], &["--tls", "none", "-q", "--exit-zero"], more].concat();
    let run = batch.run(&words(&[]));
    assert_eq!(results(&run.stdout).len(), 3, "the second line is a duplicate for each interface: {run}");
    // A record of one interface is kept, and the other interfaces are checked.
    let first = run.stdout.lines().next().unwrap();
    batch.write("records", format!("{first}\n").as_bytes());
    seen.lock().unwrap().clear();
    let resumed = batch.run(&[words(&["--resume"]), vec!["--output", &output]].concat());
    assert_eq!(resumed.code, 0, "{resumed}");
    assert_eq!(ids(&batch.read("records")), ids(&run.stdout));
    assert_eq!(seen.lock().unwrap().values().sum::<usize>(), 2);
    let mut shards = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        shards.extend(ids(&batch.run(&[words(&["--shard"]), vec![shard]].concat()).stdout));
    }
    shards.sort();
    assert_eq!(shards, ids(&run.stdout));
}

#[test]
fn a_line_can_set_its_interfaces() {
    let (server, _) = selective_server("127.0.0.2");
    let batch = Batch::new(&format!(
        "{{\"target\":\"{server}\",\"interface\":[\"127.0.0.2\",\"127.0.0.4\"]}}\n\
         {{\"target\":\"{server}\",\"interface\":\"127.0.0.5\"}}\n{server}\n\
         {{\"target\":\"{server}\",\"interface\":\"not an interface\"}}\n\
         {{\"target\":\"{server}\",\"interface\":[\"127.0.0.6\",\"host!127.0.0.6\"]}}\n"
    ));
    let run = batch.run(&[
        "--tls",
        "none",
        "--interface",
        "127.0.0.1",
        "--format",
        "csv",
        "--columns",
        "line,interface,exit.code,error",
    ]);
    let mut rows: Vec<&str> = run.stdout.lines().collect();
    rows.sort_unstable();
    let reason = "interface not an interface: neither an IP address nor the name of an interface";
    assert!(rows[4].starts_with("4,,,") && rows[4].contains(reason), "{run}");
    assert_eq!(rows[..4], ["1,127.0.0.2,5,", "1,127.0.0.4,0,", "2,127.0.0.5,0,", "3,127.0.0.1,0,"]);
    assert!(rows[5].starts_with("5,,,") && rows[5].contains("interface 127.0.0.6: given twice"), "{run}");
    assert_eq!(rows[6], "line,interface,exit.code,error");
    let twice = batch.run(&["--interface", "::1", "--interface", "[::1]"]);
    assert!(twice.code == 2 && twice.stderr.contains("--interface ::1: given twice"), "{twice}");
}
