//! The script in action.yml, run with inputs that an attacker could write and with a program that prints its arguments.
//! The tests need bash, which GitHub's runners have.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = "#!/bin/sh\nfor word; do printf '[%s]\\n' \"$word\"; done\nprintf 'password=%s\\n' \"$SMTPCHECK_PASSWORD\"\nenv | grep -q '^INPUT_PASSWORD=\\|^GH_TOKEN=' && echo handed on\nexit \"${CODE:-0}\"\n";

struct ActionStep {
    folder: tempfile::TempDir,
}

impl ActionStep {
    fn new() -> ActionStep {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, PROGRAM).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        ActionStep { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, inputs: &[(&str, &str)]) -> (i32, String) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/action/check.sh");
        let mut command = Command::new("bash");
        command.arg(script).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).current_dir(self.folder.path());
        command.env("GITHUB_OUTPUT", self.path("output")).env("INPUT_PROGRAM", self.path("program"));
        let Output { status, stdout, stderr } = command.envs(inputs.iter().copied()).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        (status.code().unwrap(), text)
    }
}

#[test]
fn hostile_inputs_are_passed_as_arguments_and_never_executed() {
    let step = ActionStep::new();
    for hostile in [
        "$(touch hit)",
        "`touch hit`",
        "; touch hit;",
        "a && touch hit",
        "' ; touch hit; '",
        "\"; touch hit; \"",
        "| tee hit",
        "> hit",
        "${IFS}touch${IFS}hit",
        "--output=hit",
        "-o",
        "* ?",
        "a b  c",
        "x\u{1b}[31m",
        "\\",
        "%s%n",
    ] {
        let (code, text) = step.run(&[("INPUT_TARGET", hostile)]);
        assert_eq!((code, text), (0, format!("[check]\n[--]\n[{hostile}]\npassword=\n")), "{hostile}");
        let (code, text) =
            step.run(&[("INPUT_SUITE", hostile), ("INPUT_FORMAT", hostile), ("INPUT_ARGUMENTS", hostile)]);
        let words = format!("[run]\n[--format={hostile}]\n[{hostile}]\n[--]\n[{hostile}]\npassword=\n");
        assert_eq!((code, text), (0, words), "{hostile}");
        let (code, _) = step.run(&[
            ("INPUT_TARGET", "h"),
            ("INPUT_PROGRAM", ""),
            ("INPUT_VERSION", hostile),
            ("ACTION_REPOSITORY", "o/r"),
        ]);
        assert_eq!(code, 2, "a version of {hostile}");
        let repository = [("INPUT_TARGET", "h"), ("INPUT_PROGRAM", ""), ("ACTION_REPOSITORY", hostile)];
        assert_eq!(step.run(&repository).0, 2, "a repository of {hostile}");
        assert!(!step.path("hit").exists(), "{hostile}");
    }
}

#[test]
fn each_input_line_is_an_argument_and_the_password_is_passed_in_the_environment() {
    let step = ActionStep::new();
    let (code, text) = step.run(&[
        ("INPUT_TARGET", "one.example\r\n\ntwo.example:25\n"),
        ("INPUT_ARGUMENTS", "--user\nu v\n"),
        ("INPUT_FORMAT", "github"),
        ("INPUT_PASSWORD", "p$(w) 'x'"),
        ("GH_TOKEN", "t"),
        ("CODE", "7"),
    ]);
    let words =
        "[check]\n[--format=github]\n[--user]\n[u v]\n[--]\n[one.example]\n[two.example:25]\npassword=p$(w) 'x'\n";
    assert_eq!((code, text.as_str()), (7, words));
    assert_eq!(std::fs::read_to_string(step.path("output")).unwrap(), "exit-code=7\n");
}

#[test]
fn a_step_without_a_target_or_with_contradictory_inputs_is_rejected() {
    let step = ActionStep::new();
    for inputs in [&[][..], &[("INPUT_TARGET", "\n")], &[("INPUT_TARGET", "a"), ("INPUT_SUITE", "b")]] {
        let (code, text) = step.run(inputs);
        assert!(code == 2 && text.starts_with("smtpcheck action: set the input target or suite"), "{text}");
    }
}

#[test]
fn the_built_program_accepts_the_arguments() {
    let step = ActionStep::new();
    let program = env!("CARGO_BIN_EXE_smtpcheck");
    let words =
        [("INPUT_PROGRAM", program), ("INPUT_FORMAT", "text"), ("INPUT_ARGUMENTS", "-q\n--connect-timeout\n2s")];
    let (code, text) = step.run(&[&words[..], &[("INPUT_TARGET", "127.0.0.1:1\n--insecure")]].concat());
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("127.0.0.1:1") && text.contains("--insecure:587"),
        "a target must not be read as a flag: {text}"
    );
}

/// The runner inserts an expression into a shell command before the shell reads it, so anyone who can name a branch
/// could inject commands.
#[test]
fn no_shell_command_contains_an_expression() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join(".github/workflows");
    let workflows = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut lines_of_shell = 0;
    for file in workflows.chain([root.join("action.yml")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut inside = None;
        for (at, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let key = line.trim_start().trim_start_matches("- ");
            if inside.is_some_and(|outer| !line.trim().is_empty() && indent <= outer) {
                inside = None;
            }
            if key.starts_with("run:") {
                inside = Some(line.find("run:").unwrap());
            }
            if inside.is_some() {
                lines_of_shell += 1;
                assert!(!line.contains("${{"), "{}:{}: {line}", file.display(), at + 1);
            }
        }
    }
    assert!(lines_of_shell > 40, "{lines_of_shell}");
}
