//! The password prompt on a pseudoterminal: the password is not echoed, and the terminal's echo is restored afterwards
//! in every case. Linux only, because `setsid --ctty` (util-linux) makes the pseudoterminal the program's terminal.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::leak::{CANARY, leaks};
use crate::support::server::{Identity, Server};

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The output and exit code of a program on a terminal.
struct Seen {
    code: Option<i32>,
    screen: String,
    echoes_again: bool,
}

/// Starts the program on a terminal, types the keys once the echo is off, and waits until the program ends.
fn type_at_prompt(args: &[&str], keys: &[u8]) -> Seen {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = || File::options().read(true).write(true).open(&path).unwrap();
    // This end stays open, because closing the last one discards the terminal's settings and unread output.
    let kept = terminal();
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_smtpcheck")])
        .args(args)
        .env_clear()
        .envs([("LANG", "C.UTF-8"), ("TERM", "dumb"), ("PATH", &std::env::var("PATH").unwrap())])
        .stdin(Stdio::from(terminal()))
        .stdout(Stdio::from(terminal()))
        .stderr(Stdio::from(terminal()))
        .spawn()
        .unwrap();
    let echoes = || tcgetattr(&kept).unwrap().local_modes.contains(LocalModes::ECHO);
    let deadline = Instant::now() + TIME_LIMIT;
    while echoes() {
        assert!(
            Instant::now() < deadline && child.try_wait().unwrap().is_none(),
            "the program did not prompt with the echo off"
        );
        std::thread::yield_now();
    }
    let mut screen = File::from(master);
    screen.write_all(keys).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut reader = screen.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0u8; 4096];
        // Linux returns EIO when the other end of the terminal was closed.
        while let Ok(count) = reader.read(&mut buffer) {
            let _ = sender.send(buffer[..count].to_vec());
        }
    });
    let code = child.wait().unwrap().code();
    let echoes_again = echoes();
    drop(kept);
    let mut shown = Vec::new();
    while let Ok(piece) = receiver.recv_timeout(TIME_LIMIT) {
        shown.extend(piece);
    }
    assert_eq!(leaks(&shown), Vec::<&str>::new(), "{}", String::from_utf8_lossy(&shown));
    Seen { code, screen: String::from_utf8(shown).unwrap(), echoes_again }
}

#[test]
fn a_password_typed_at_the_prompt_logs_in_and_is_not_echoed() {
    let script = "
        S: 220 localhost ESMTP
        C
        S: 250-localhost
        S: 250 AUTH PLAIN
        C
        S: 235 2.7.0 welcome
        C
        S: 221 bye";
    let server = Server::start(&[script], &Identity::new());
    let target = format!("127.0.0.1:{}", server.port());
    let args = [&target, "--user", "u@example.net", "--allow-plaintext-auth", "--quit-after", "auth", "--tls", "none"];
    let seen = type_at_prompt(&args, format!("{CANARY}\n").as_bytes());
    assert!(seen.screen.starts_with("password for u@example.net: "), "{}", seen.screen);
    assert_eq!(seen.code, Some(0), "{}", seen.screen);
    assert!(seen.echoes_again);
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("\0u@example.net\0{CANARY}"));
    assert_eq!(server.seen().lines[1], format!("AUTH PLAIN {expected}"));
}

#[test]
fn an_empty_password_at_the_prompt_is_a_usage_error_and_no_connection_is_made() {
    let server = Server::start(&["S: 220 hello"], &Identity::new());
    let target = format!("127.0.0.1:{}", server.port());
    for keys in [&b"\n"[..], b"\x04"] {
        let seen = type_at_prompt(&[&target, "--user", "u@example.net"], keys);
        assert_eq!(seen.code, Some(2), "{}", seen.screen);
        assert!(seen.screen.contains("the prompt"), "{}", seen.screen);
        assert!(seen.echoes_again);
    }
    assert_eq!(server.sessions(), 0);
}

#[test]
fn ctrl_c_at_the_prompt_restores_the_echo_of_the_terminal() {
    let seen = type_at_prompt(&["127.0.0.1:1", "--user", "u@example.net"], b"c4nary p\x03");
    assert_eq!(seen.code, Some(130), "{}", seen.screen);
    assert!(seen.echoes_again);
}
