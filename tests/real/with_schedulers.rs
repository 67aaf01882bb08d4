//! `smtpcheck batch` under the schedulers in docs/scale.md: GNU parallel, and an array job of Slurm. The shards
//! together have the same results as one run without shards. The manifest for Kubernetes is validated against its
//! schema.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenario};

use crate::servers::Slurm;
use crate::support::program::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_smtpcheck");
const SCENARIOS: [&str; 5] =
    ["healthy-submission", "healthy-relay", "certificate-expired", "relay-denied", "auth-wrong-password"];

/// A directory with 40 targets, one mistake, and the CA certificate.
struct Site {
    folder: tempfile::TempDir,
    _running: Running,
}

impl Site {
    fn new() -> Site {
        let all: Vec<&'static Scenario> = SCENARIOS.iter().map(|name| scenario(name).unwrap()).collect();
        let listen = std::net::Ipv4Addr::UNSPECIFIED.into();
        let options = Options { listen, port: None, remote: Remote::Allowed, fleet: None, dns: None, domains: None };
        let sandbox = Sandbox::open(&all, &options).unwrap();
        let folder = tempfile::Builder::new().prefix("smtpcheck-batch-").tempdir_in("/tmp").unwrap();
        std::fs::write(folder.path().join("ca.pem"), sandbox.authorities().unwrap()).unwrap();
        let ports = sandbox.services().iter().map(|service| service.address.port());
        let targets = ports.enumerate().flat_map(|(row, port)| {
            (1..=8).map(move |column| format!("{{\"target\":\"127.9.{row}.{column}:{port}\",\"to\":\"a@b.test\"}}\n"))
        });
        let targets: String = targets.collect();
        std::fs::write(folder.path().join("targets.txt"), targets + "bad host\n").unwrap();
        Site { folder, _running: sandbox.spawn(None).unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The arguments of every run.
    fn flags() -> &'static str {
        "batch targets.txt --cacert ca.pem --sni localhost --exit-zero --quiet"
    }

    /// The results of one run without shards.
    fn unsharded(&self) -> BTreeMap<u64, Value> {
        let words = Site::flags().split(' ').chain(["--output", "all.ndjson"]);
        let output = Command::new(PROGRAM).args(words).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        results(&self.path().join("all.ndjson"))
    }

    /// Asserts that the shards contain each result once, and that the merged summary is that of the unsharded run.
    fn is_complete(&self, parts: &[&str]) {
        let expected = self.unsharded();
        let mut found = BTreeMap::new();
        for part in parts {
            for (line, result) in results(&self.path().join(part)) {
                assert!(found.insert(line, result).is_none(), "line {line} is in two shards");
            }
        }
        assert_eq!(found, expected);
        let report = |files: &[&str]| {
            let files: Vec<String> =
                files.iter().map(|file| self.path().join(file).to_str().unwrap().to_owned()).collect();
            let words: Vec<&str> = ["report", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
            let mut summary: Value = serde_json::from_str(&run(&words).stdout).unwrap();
            // Durations differ between two runs.
            for key in ["phases", "slowest", "started_at"] {
                summary.as_object_mut().unwrap().remove(key);
            }
            summary
        };
        assert_eq!(report(parts), report(&["all.ndjson"]));
    }
}

/// The rules and the exit code of each line.
fn results(file: &Path) -> BTreeMap<u64, Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut results = BTreeMap::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let rules: BTreeSet<&str> = record["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect();
        let result = serde_json::json!([record["id"], record["exit"]["code"], record["error"], rules]);
        assert!(results.insert(record["line"].as_u64().unwrap(), result).is_none());
    }
    results
}

#[track_caller]
fn succeeds(output: &Output, more: &str) {
    assert!(output.status.success(), "{output:?}\n{more}");
}

#[test]
#[ignore = "needs root and .ci/install-servers"]
fn shards_of_gnu_parallel_are_the_complete_run() {
    let site = Site::new();
    let line = format!("{PROGRAM} {} --shard {{}}/4 --output part{{}}.ndjson", Site::flags());
    let output = Command::new("parallel")
        .args(["--will-cite", "--jobs", "2", "--joblog", "log", &line, ":::", "1", "2", "3", "4"])
        .env("HOME", site.path())
        .current_dir(site.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    succeeds(&output, "");
    site.is_complete(&["part1.ndjson", "part2.ndjson", "part3.ndjson", "part4.ndjson"]);
}

#[test]
#[ignore = "needs root and .ci/install-servers"]
fn an_array_job_of_slurm_is_the_complete_run() {
    let (site, slurm) = (Site::new(), Slurm::start());
    // The job of docs/scale.md, with the path of this program and the CA certificate of the test.
    let page = std::fs::read_to_string("docs/scale.md").unwrap();
    let begin = page.find("#!/bin/sh\n#SBATCH").expect("docs/scale.md shows a job");
    let job = page[begin..].split("```").next().unwrap().replace(
        "exec smtpcheck batch targets.txt",
        &format!("exec {PROGRAM} batch targets.txt --cacert ca.pem --sni localhost"),
    );
    assert!(job.contains(PROGRAM), "{job}");
    std::fs::write(site.path().join("job.sh"), job).unwrap();
    let output = slurm
        .client("sbatch")
        .args(["--wait", "--output=job%a.log", "job.sh"])
        .current_dir(site.path())
        .output()
        .unwrap();
    succeeds(&output, &slurm.log());
    site.is_complete(&["part0.ndjson", "part1.ndjson", "part2.ndjson", "part3.ndjson"]);
    let log = std::fs::read_to_string(site.path().join("job0.log")).unwrap();
    assert!(!log.contains("error:"), "{log}");
}

#[test]
#[ignore = "needs root and .ci/install-servers"]
fn the_kubernetes_manifest_is_valid() {
    let root = std::env::var_os("SMTPCHECK_SERVERS").unwrap_or("/opt/smtpcheck-servers".into());
    let output = Command::new("python3")
        .args(["-m", "kubernetes_validate", "--strict", "docs/kubernetes-batch.yaml"])
        .env("PYTHONPATH", Path::new(&root).join("python"))
        .output()
        .unwrap();
    succeeds(&output, "");
}
