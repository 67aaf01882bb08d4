//! Runs the built program.
//!
//! Promises: each run is bounded in time, sees no setting of the machine that it runs on, and has its whole output
//! searched for the test password before the test gets to see it, so that no test can forget to.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::leak::leaks;

/// Far more than the program's own `--max-time` of 60 seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a run left behind.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program with nothing in its environment but what a program needs on any machine.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smtpcheck"));
    command.env_clear().env("LANG", "C.UTF-8");
    for name in ["PATH", "SystemRoot", "TEMP", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
#[track_caller]
pub fn run(args: &[&str]) -> Run {
    run_with(args, None, &[])
}

/// Runs it with a password on standard input and variables in its environment.
#[track_caller]
pub fn run_with(args: &[&str], stdin: Option<&str>, variables: &[(&str, &str)]) -> Run {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    if stdin.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("a built program");
    if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // A program that reads no standard input may be gone before this is written.
        let _ = pipe.write_all(text.as_bytes());
    }
    finish(child)
}

/// Waits for the end and looks for the password in everything.
#[track_caller]
pub fn finish(child: Child) -> Run {
    let id = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match receiver.recv_timeout(PATIENCE) {
        Ok(output) => output.expect("a child of ours"),
        Err(_) => {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("smtpcheck was still running after {PATIENCE:?}");
        }
    };
    for (stream, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
        let forms = leaks(bytes);
        let text = String::from_utf8_lossy(bytes);
        assert!(forms.is_empty(), "smtpcheck shows the password {} on {stream}:\n{text}", forms.join(" and "));
    }
    Run {
        code: output.status.code().expect("an end by itself, not by a signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    }
}

impl Run {
    /// Standard output as JSON that fits the schema which the program publishes.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is not one JSON value: {error}\n{self}"));
        let schema: Value = serde_json::from_str(smtpcheck::report::SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "the report does not fit the schema: {}", errors.join("; "));
        value
    }

    /// The report, after checking that the exit code is this one, in fact and in the report, and that the run was
    /// whole.
    #[track_caller]
    pub fn exits(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "exit code\n{self}");
        let report = self.json();
        assert_eq!(report["exit"]["code"], code, "exit.code\n{self}");
        assert_eq!(report["complete"], true, "complete\n{self}");
        report
    }

    /// The ids of the findings in a JSON report.
    #[track_caller]
    pub fn rules(&self) -> Vec<String> {
        findings(&self.json()).into_iter().map(|(rule, _)| rule).collect()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--- standard output\n{}\n--- standard error\n{}", self.stdout, self.stderr)
    }
}

/// The rules that fired, with the severity of each finding.
pub fn findings(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |finding: &Value| Some((finding["rule"].as_str()?.to_owned(), finding["severity"].as_str()?.to_owned()));
    findings.iter().filter_map(pair).collect()
}
