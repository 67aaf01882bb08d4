//! Shards, and the tasks of array jobs: together they have the same results as one run.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Batch, codes, ids};
use crate::support::program::{self, Run};

#[test]
fn shards_together_are_the_complete_run() {
    let batch = Batch::new(
        "{healthy-submission}\n{healthy-relay}\n{certificate-expired}\nbad host\n127.0.0.1:1\n\
         {\"target\":\"{relay-denied}\",\"to\":\"you@elsewhere.test\"}\n{auth-wrong-password}\n",
    );
    let all = batch.run(&["-q"]);
    batch.write("all", all.stdout.as_bytes());
    let mut lines = BTreeSet::new();
    let mut files = Vec::new();
    for number in 1..=4 {
        let shard = format!("{number}/4");
        let run = batch.run(&["-q", "--shard", &shard]);
        for line in codes(&run.stdout).into_keys() {
            assert!(lines.insert(line), "line {line} is in two shards");
        }
        files.push(batch.write(&format!("part{number}"), run.stdout.as_bytes()));
    }
    assert_eq!(lines, codes(&all.stdout).into_keys().collect());
    let report = |files: &[String]| {
        let words: Vec<&str> = ["report", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
        program::run(&words)
    };
    let (merged, whole) = (report(&files), report(&[batch.path("all")]));
    let counts = |run: &Run| {
        let mut summary: Value = serde_json::from_str(&run.stdout).unwrap();
        // Durations differ between two runs.
        let object = summary.as_object_mut().unwrap();
        for key in ["phases", "slowest", "started_at"] {
            object.remove(key);
        }
        (run.code, summary)
    };
    assert_eq!(counts(&merged), counts(&whole));
    // The same records in any order, with copies, have exactly the same summary.
    let joined = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect::<String>();
    let joined = batch.write("joined", joined.as_bytes());
    let reversed: Vec<String> = files.iter().rev().cloned().collect();
    for other in [vec![joined.clone()], reversed, [files.as_slice(), &[joined]].concat()] {
        assert_eq!(report(&other).stdout, merged.stdout);
    }
    for (format, needle) in [("text", "findings"), ("html", "<svg"), ("markdown", "| exit code |")] {
        let run = program::run(&["report", &files[0], &files[1], &files[2], &files[3], "--format", format]);
        assert!(run.code == merged.code && run.stdout.contains(needle), "{run}");
        assert!(run.stdout.contains("certificate-expired") || run.stdout.contains("certificate\\-expired"), "{run}");
    }
    assert_eq!(program::run(&["report", &files[0], "--format", "junit"]).code, 2);
    assert_eq!(program::run(&["report", &files[0], &batch.path("targets")]).code, 2);
}

#[test]
fn array_jobs_select_the_shard() {
    let batch = Batch::new("{healthy-submission}\n{healthy-relay}\n{certificate-expired}\n{relay-denied}\n");
    let all = ids(&batch.run(&["-q"]).stdout);
    let mut found = Vec::new();
    for task in ["3", "5"] {
        let variables = [
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
        ];
        let run = batch.run_with(&["--exit-zero"], &variables);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stderr.contains("of 2, from SLURM_ARRAY_TASK_ID"), "{run}");
        found.extend(ids(&run.stdout));
    }
    found.sort();
    assert_eq!(found, all);
    let index = [("JOB_COMPLETION_INDEX", "0")];
    let run = batch.run_with(&[], &index);
    assert!(run.code == 2 && run.stderr.contains("--shard auto/N"), "{run}");
    let one = batch.run_with(&["-q", "--shard", "auto/3"], &index);
    assert_eq!(ids(&one.stdout), ids(&batch.run(&["-q", "--shard", "1/3"]).stdout));
}

/// The items of a list in a YAML file that only uses the simplest syntax.
fn yaml_list(text: &str, key: &str) -> Vec<String> {
    let items = text.lines().skip_while(|line| line.trim() != format!("{key}:")).skip(1);
    let items = items.map_while(|line| line.trim().strip_prefix("- ").map(str::to_owned));
    items.map(|item| item.trim_matches('"').to_owned()).collect()
}

#[test]
fn the_kubernetes_manifest_calls_this_version_with_the_right_number_of_shards() {
    use smtpcheck::cli::{Invocation, parse};

    let manifest = std::fs::read_to_string("docs/kubernetes-batch.yaml").unwrap();
    let words: Vec<String> =
        yaml_list(&manifest, "args").iter().map(|word| word.replace("$(JOB_COMPLETION_INDEX)", "3")).collect();
    assert_eq!(words[0], "batch");
    let parsed = parse(words.iter().map(Into::into).collect()).unwrap();
    let Invocation::Batch(args, _) = parsed else { panic!("{words:?}") };
    assert!(args.resume && args.exit_zero && args.output.output.is_some());
    let completions = manifest.lines().find_map(|line| line.trim().strip_prefix("completions: ")).unwrap();
    assert!(words.contains(&format!("auto/{completions}")), "completions and --shard differ");
    assert!(manifest.contains("values: [2, 70, 74]") && manifest.contains("restartPolicy: Never"));
    // Run the command as a pod would, but with a local file.
    let batch =
        Batch::new("{healthy-submission}\n{healthy-relay}\n{relay-denied}\n{certificate-expired}\n127.0.0.1:1\n");
    let mut found = Vec::new();
    for index in 0..completions.parse::<u32>().unwrap() {
        let (shard, index) = (format!("auto/{completions}"), index.to_string());
        let run = batch.run_with(&["-q", "--exit-zero", "--shard", &shard], &[("JOB_COMPLETION_INDEX", &index)]);
        assert_eq!(run.code, 0, "{run}");
        found.extend(codes(&run.stdout).into_keys());
    }
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4, 5]);
}
