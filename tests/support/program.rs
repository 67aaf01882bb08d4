//! Runs the built program.
//!
//! Each run has a time limit and ignores the settings of this machine. Its output is searched for the test password
//! before the test receives it, so that no test can forget the search.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::leak::leaks;

/// Well above the program's default `--max-time` of 60 seconds.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// The output and exit code of a run.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program, with only the environment variables that programs need on any machine.
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

/// Runs the program until it ends.
#[track_caller]
pub fn run(args: &[&str]) -> Run {
    run_with(args, None, &[])
}

/// Runs the program with a password on standard input and with environment variables.
#[track_caller]
pub fn run_with(args: &[&str], stdin: Option<&str>, variables: &[(&str, &str)]) -> Run {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    if stdin.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the program is built");
    if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // A program that does not read standard input may have ended before this is written.
        let _ = pipe.write_all(text.as_bytes());
    }
    finish(child)
}

/// Waits until the program ends and searches its output for the password.
#[track_caller]
pub fn finish(child: Child) -> Run {
    let id = child.id().to_string();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = match receiver.recv_timeout(TIME_LIMIT) {
        Ok(output) => output.expect("a child process of this test"),
        Err(_) => {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("smtpcheck was still running after {TIME_LIMIT:?}");
        }
    };
    for (stream, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
        let forms = leaks(bytes);
        let text = String::from_utf8_lossy(bytes);
        assert!(forms.is_empty(), "smtpcheck shows the password {} on {stream}:\n{text}", forms.join(" and "));
    }
    Run {
        code: output.status.code().expect("the program exits instead of being killed by a signal"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    }
}

impl Run {
    /// Standard output as JSON, after validating it against the schema that the program publishes.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is not one JSON value: {error}\n{self}"));
        let schema: Value = serde_json::from_str(smtpcheck::report::SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "the report does not match the schema: {}", errors.join("; "));
        value
    }

    /// Returns the report, after checking the exit code of the process and of the report, and that the report is
    /// complete.
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

/// The rules of the findings, each with its severity.
pub fn findings(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pair = |finding: &Value| Some((finding["rule"].as_str()?.to_owned(), finding["severity"].as_str()?.to_owned()));
    findings.iter().filter_map(pair).collect()
}
