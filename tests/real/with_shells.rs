//! The completion scripts in their shells: each script is loaded, and a line is completed by pressing Tab on a
//! terminal, as a user would do.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::program::run;

/// The text typed before Tab, and the completed word.
const LINES: &[(&str, &str)] = &[
    ("smtpcheck --tls-sc", "--tls-scan"),
    ("smtpcheck por", "ports"),
    ("smtpcheck mx.example --tls imp", "implicit"),
    ("smtpcheck ports mx.example --conn", "--connect-timeout"),
    ("smtpcheck check mailpit --quit-after star", "starttls"),
    ("smtpcheck completions z", "zsh"),
    ("smtpcheck 192.0.2.1 --fail-on no", "notice"),
    ("smtpcheck demo greyl", "greylisted"),
    ("smtpcheck explain recipient-unkn", "recipient-unknown"),
    ("smtpcheck providers microsoft-3", "microsoft-365"),
    ("smtpcheck @rel", "@relay"),
    ("smtpcheck run --only smo", "smoke"),
    ("smtpcheck mx.example --cacert ca-f", "ca-file.pem"),
    ("smtpcheck explain mail.l", "mail.log"),
];

/// The text typed before Tab, with quoted spaces, and the words of the completed line after `smtpcheck`. The last of
/// them is the name of a check in the suite.
const SPACED_LINES: &[(&str, &[&str])] = &[
    ("smtpcheck run --only acce", &["run", "--only", "accepts local mail"]),
    ("smtpcheck run --only 'accepts lo", &["run", "--only", "accepts local mail"]),
    ("smtpcheck run --only \"accepts lo", &["run", "--only", "accepts local mail"]),
    (
        "smtpcheck run --only 'sends it' --only 'accepts lo",
        &["run", "--only", "sends it", "--only", "accepts local mail"],
    ),
    ("smtpcheck run --only accepts\\ lo", &["run", "--only", "accepts local mail"]),
];

/// Creates a home directory with the completion script, a profile, a suite and a file, and with the program in the
/// path.
fn home(shell: &str, script: &str) -> tempfile::TempDir {
    let run = run(&["completions", shell]);
    assert_eq!(run.code, 0, "{run}");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(script, &run.stdout);
    write(".config/smtpcheck/config.toml", "[profile.relay]\ntarget = \"mx.example.net\"\n");
    let check = |name: &str| format!("[[check]]\nname = \"{name}\"\ntarget = \"mx.example.net\"\ntags = [\"smoke\"]\n");
    write("smtpcheck.toml", &[check("one"), check("accepts local mail"), check("sends it")].concat());
    write("mail.log", "");
    write("ca-file.pem", "");
    folder
}

/// Starts a shell on a terminal and types each line, followed by Tab and Enter. A shell function, `echo`, prints its
/// arguments with a bar between them.
fn completes(shell: &str, args: &[&str], setup: &str, echo: &str, home: &Path) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = || Stdio::from(File::options().read(true).write(true).open(&path).unwrap());
    let program = Path::new(env!("CARGO_BIN_EXE_smtpcheck")).parent().unwrap().display().to_string();
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", shell])
        .args(args)
        .env_clear()
        .envs([("LANG", "C.UTF-8"), ("TERM", "dumb"), ("PS1", "> ")])
        .env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap()))
        .env("HOME", home)
        .current_dir(home)
        .stdin(terminal())
        .stdout(terminal())
        .stderr(terminal())
        .spawn()
        .unwrap();
    let mut screen = File::from(master);
    let (sender, receiver) = mpsc::channel();
    let mut reader = screen.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0u8; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let _ = sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
        }
    });
    let mut shown = String::new();
    let mut wait_for = |wanted: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !shown.contains(wanted) {
            let left = deadline.saturating_duration_since(Instant::now());
            match receiver.recv_timeout(left) {
                // An ambiguous word causes a bell character in the middle of the line.
                Ok(more) => shown += &more.replace('\u{7}', ""),
                Err(_) => panic!("{shell} did not print {wanted}:\n{shown}"),
            }
        }
        shown.clear();
    };
    // The word is written in two parts, so that the echo of the input is not mistaken for output. Elvish redraws the
    // line after each character, so no word of the line is on its screen in one piece.
    screen.write_all(format!("{setup}\r echo REA''DY\r").as_bytes()).unwrap();
    wait_for("READY");
    let plain = LINES.iter().map(|(line, word)| {
        let (before, _) = line.rsplit_once(' ').unwrap();
        let rest = before.strip_prefix("smtpcheck").unwrap().trim_start();
        let wanted = if rest.is_empty() { (*word).to_owned() } else { format!("{} {word}", rest) };
        (*line, wanted.replace(' ', "|"))
    });
    // Elvish shows a candidate that needs quotes in a menu, and inserts it only after Enter.
    let spaced = if shell == "elvish" { &[] } else { SPACED_LINES };
    let spaced = spaced.iter().map(|(line, words)| (*line, words.join("|")));
    for (line, wanted) in plain.chain(spaced) {
        screen.write_all(format!("{line}\t").as_bytes()).unwrap();
        if shell != "elvish" {
            // The shell can write a backslash before each space.
            wait_for(wanted.rsplit(['|', ' ']).next().unwrap());
        }
        // Press Enter. The completed line is then run by the function, which only prints it.
        screen.write_all(format!("\x01{echo} \x05\r").as_bytes()).unwrap();
        wait_for(&format!("GIVEN:smtpcheck|{wanted}:"));
    }
    screen.write_all(b"\x15exit\r").unwrap();
    let _ = child.wait();
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn bash_completes_when_tab_is_pressed() {
    let home = home("bash", "smtpcheck.bash");
    let setup = "source smtpcheck.bash; given() { local IFS='|'; printf 'GIVEN:%s:\\n' \"$*\"; }";
    completes("bash", &["--norc", "--noprofile", "-i"], setup, "given", home.path());
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn zsh_completes_when_tab_is_pressed() {
    let home = home("zsh", "_smtpcheck");
    let setup = "fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; bindkey -e; given() { print -r -- \"GIVEN:${(j:|:)@}:\" }";
    completes("zsh", &["-f", "-i"], setup, "given", home.path());
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn fish_completes_when_tab_is_pressed() {
    let home = home("fish", "smtpcheck.fish");
    let setup = "source smtpcheck.fish; function given; echo GIVEN:(string join '|' -- $argv):; end";
    completes("fish", &["--no-config", "-i"], setup, "given", home.path());
}

#[test]
#[ignore = "needs what .ci/install-servers installs"]
fn elvish_completes_when_tab_is_pressed() {
    let home = home("elvish", "smtpcheck.elv");
    let setup = "eval (slurp < smtpcheck.elv); use str; use readline-binding; fn given {|@all| echo 'GIVEN:'(str:join '|' $all)':' }";
    completes("elvish", &["-norc"], setup, "given", home.path());
}
