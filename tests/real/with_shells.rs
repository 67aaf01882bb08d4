//! The completions in the shells that they are for: each script is sourced, and a line is completed as a user would.

use std::process::{Command, Stdio};

use crate::support::program::run;

/// What is typed, and what it becomes.
const LINES: &[(&str, &str)] = &[
    ("smtpcheck --tls-sc", "--tls-scan"),
    ("smtpcheck por", "ports"),
    ("smtpcheck mx.example --tls imp", "implicit"),
    ("smtpcheck ports mx.example --conn", "--connect-timeout"),
    ("smtpcheck check mailpit --quit-after star", "starttls"),
    ("smtpcheck completions z", "zsh"),
    ("smtpcheck 192.0.2.1 --fail-on no", "notice"),
];

/// A folder with the script of a shell in it.
fn script(shell: &str, name: &str) -> tempfile::TempDir {
    let run = run(&["completions", shell]);
    assert_eq!(run.code, 0, "{run}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), run.stdout).unwrap();
    folder
}

/// What a shell prints, without a terminal and without anybody's settings.
fn said(shell: &str, args: &[&str], script: &str, folder: &tempfile::TempDir) -> String {
    let mut command = Command::new("timeout");
    command.arg("60").arg(shell).args(args).arg("-c").arg(script);
    command.env("HOME", folder.path()).env("TERM", "dumb").current_dir(folder.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{shell}: {text}");
    text
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn bash_completes_words_flags_and_values() {
    let folder = script("bash", "smtpcheck.bash");
    let lines: String = LINES.iter().map(|(line, _)| format!("complete_line {line}\n")).collect();
    let text = said(
        "bash",
        &["--norc", "--noprofile"],
        &format!(
            "source smtpcheck.bash
             complete_line() {{
                 COMP_WORDS=(\"$@\"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
                 _smtpcheck smtpcheck \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
                 echo \"$*=${{COMPREPLY[*]}}\"
             }}
             {lines}complete -p smtpcheck"
        ),
        &folder,
    );
    for (line, wanted) in LINES {
        assert!(text.contains(&format!("{line}={wanted}\n")), "{line}: {text}");
    }
    assert!(text.contains("-F _smtpcheck"), "{text}");
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn zsh_completes_words_flags_and_values() {
    let folder = script("zsh", "_smtpcheck");
    // Only a shell with a terminal completes: one zsh types, and the other has a function that tells what it was given.
    let lines: String = LINES
        .iter()
        .map(|(line, _)| {
            format!("zpty -w typist $'{line}\\t'\nzpty -m -r typist told '*TOLD:*:*'\nprint -r -- \"$told\"\n")
        })
        .collect();
    let text = said(
        "zsh",
        &["-f"],
        &format!(
            "zmodload zsh/zpty
             zpty -b typist zsh -f -i
             zpty -w typist \"PROMPT=; fpath=($PWD \\$fpath); autoload -U compinit; compinit -u -D\"
             zpty -w typist 'smtpcheck() {{ print -r -- \"TOLD:$*:\" }}; print READY'
             zpty -m -r typist told '*READY*'
             {lines}zpty -d typist"
        ),
        &folder,
    );
    for (line, wanted) in LINES {
        let words = line.trim_start_matches("smtpcheck ");
        let before = words.rsplit_once(' ').map_or("", |(before, _)| before);
        let told = format!("TOLD:{}:", format!("{before} {wanted}").trim_start());
        assert!(text.contains(&told), "{line} is not {told}: {text}");
    }
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn fish_completes_words_flags_and_values() {
    let folder = script("fish", "smtpcheck.fish");
    let lines: String = LINES.iter().map(|(line, _)| format!("echo '{line}='(complete -C '{line}')\n")).collect();
    let text = said("fish", &["--no-config"], &format!("source smtpcheck.fish\n{lines}"), &folder);
    // The script has no values for words that are not flags.
    for (line, wanted) in LINES.iter().filter(|(line, _)| !line.starts_with("smtpcheck completions")) {
        assert!(text.contains(&format!("{line}={wanted}")), "{line}: {text}");
    }
}
