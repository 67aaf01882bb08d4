//! Signals, pipes, full disks and empty input: in each case, the program ends with the correct exit code and valid
//! output.
//!
//! The server notifies the test when it has read the command of the phase in which the signal is to arrive.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::support::program::{Run, command, finish};
use crate::support::server::{Identity, Server};
use smtpcheck::render;

/// A client that sends every command and has a longer time limit than the test.
const ALL: [&str; 11] = [
    "--tls",
    "none",
    "--from",
    "a@sandbox.test",
    "--to",
    "b@sandbox.test",
    "--user",
    "u",
    "--allow-plaintext-auth",
    "--timeout",
    "50s",
];

/// Responds to every command until one begins with `until`. Then it notifies the test and waits until the client closes
/// the connection.
fn answer_until(stream: &TcpStream, until: &str, reached: &Sender<()>) {
    let (mut lines, mut stream) = (BufReader::new(stream).lines(), stream);
    let mut say = |text: &str| stream.write_all(text.as_bytes()).is_ok();
    say("220 localhost ESMTP\r\n");
    while let Some(Ok(line)) = lines.next() {
        if line.starts_with(until) {
            reached.send(()).unwrap();
            // No more replies are sent until the client closes the connection.
            lines.next();
            return;
        }
        let answer = match line.get(..4) {
            Some("EHLO") => "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
            Some("AUTH") => "235 2.7.0 ok\r\n",
            Some("STAR") => "220 go\r\n",
            _ => "250 ok\r\n",
        };
        if !say(answer) {
            return;
        }
    }
}

/// A server that responds until the command `until`, on each connection.
fn server_until(until: &'static str) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || answer_until(&stream, until, &sender));
        }
    });
    (address, receiver)
}

fn start(words: &[&str]) -> Child {
    let mut child = command(words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"an unused password\n").unwrap();
    child
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Asserts that the report is valid JSON that matches its schema, and is marked as incomplete.
#[track_caller]
fn is_cut_short(run: &Run, code: i32) {
    assert_eq!(run.code, code, "{run}");
    let report = run.json();
    assert_eq!(
        (report["complete"].as_bool(), report["exit"]["code"].as_i64()),
        (Some(false), Some(code.into())),
        "{run}"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn a_signal_in_any_phase_of_a_session_leaves_a_valid_report() {
    for until in ["EHLO", "AUTH", "MAIL", "RCPT", "RSET", "QUIT"] {
        for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 143)] {
            let (address, reached) = server_until(until);
            let words: Vec<&str> =
                [address.as_str()].into_iter().chain(ALL).chain(["--password-stdin", "--json"]).collect();
            let child = start(&words);
            reached.recv().unwrap();
            signal(&child, name);
            is_cut_short(&finish(child), code);
        }
    }
}

#[test]
fn a_signal_before_the_greeting_leaves_a_valid_report() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = start(&[&listener.local_addr().unwrap().to_string(), "--json"]);
    let silent = listener.accept().unwrap();
    signal(&child, "-TERM");
    is_cut_short(&finish(child), 143);
    drop(silent);
}

#[test]
fn a_signal_in_the_handshake_leaves_a_valid_report() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = start(&[&listener.local_addr().unwrap().to_string(), "--tls", "implicit", "--json"]);
    let (mut stream, _) = listener.accept().unwrap();
    // The ClientHello was sent, so the program waits for the response.
    stream.read_exact(&mut [0; 5]).unwrap();
    signal(&child, "-INT");
    is_cut_short(&finish(child), 130);
}

#[test]
fn a_signal_in_the_lookup_leaves_a_valid_report() {
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let child = start(&["mx.sandbox.test", "--resolver", &address, "--json"]);
    resolver.recv_from(&mut [0; 512]).unwrap();
    signal(&child, "-INT");
    is_cut_short(&finish(child), 130);
}

#[test]
fn a_signal_in_a_follow_up_leaves_a_valid_report() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = start(&[&listener.local_addr().unwrap().to_string(), "--timeout", "300ms", "--json"]);
    // The server sends no data on the first connection, so the second one tests implicit TLS.
    let first = listener.accept().unwrap();
    let (mut second, _) = listener.accept().unwrap();
    second.read_exact(&mut [0; 5]).unwrap();
    signal(&child, "-TERM");
    is_cut_short(&finish(child), 143);
    drop(first);
}

#[test]
fn a_signal_to_the_command_ports_leaves_valid_json() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let child = start(&["ports", "127.0.0.1", "--ports", &port, "--json"]);
    let silent = listener.accept().unwrap();
    signal(&child, "-INT");
    let run = finish(child);
    assert_eq!(run.code, 130, "{run}");
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((answer["exit"]["code"].as_i64(), answer["complete"].as_bool()), (Some(130), Some(false)), "{run}");
    drop(silent);
}

/// Replies that make a report larger than a pipe.
const LONG: &str = "S: 220 localhost ESMTP\nC\nS: 250 localhost\nC\nS: 250 ok\n";

#[test]
fn a_signal_ends_a_program_whose_output_is_not_read() {
    let long: String = (0..500).map(|_| format!("S: 550-{}\n", "x".repeat(120))).collect();
    let script = format!("{LONG}{}C\nS: 221 bye\nclose", format!("C\n{long}S: 550 no\n").repeat(4));
    let server = Server::start(&[&script], &Identity::new());
    let address = server.address.to_string();
    let to = ["b", "c", "d", "e"].map(|name| format!("{name}@sandbox.test"));
    let mut words = vec![address.as_str(), "--json", "--tls", "none", "--from", "a@sandbox.test"];
    words.extend(to.iter().flat_map(|to| ["--to", to.as_str()]));
    let mut child = command(&words).spawn().unwrap();
    // The program has written the first byte, and is now writing the rest to a pipe that is too small.
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut [0]).unwrap();
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_sandbox_ends_with_exit_code_0_and_leaves_no_file() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = command(&["sandbox", "healthy-submission"]).env("TMPDIR", folder.path()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut String::new()).unwrap();
        assert!(std::fs::read_dir(folder.path()).unwrap().count() > 0, "the CA certificate is written to a file");
        signal(&child, name);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was left");
    }
}

#[test]
fn a_signal_ends_a_demo_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let child = command(&["demo", "silence-at-ehlo"]).env("TMPDIR", folder.path()).spawn();
    let mut child = child.unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // The first line describes the server's fault. It is printed when the files and the server exist; the check may
    // already have begun.
    let mut line = String::new();
    while !line.contains("EHLO") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the demo ended");
    }
    signal(&child, "-INT");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was left");
}

fn healthy() -> Server {
    Server::start(&["S: 220 localhost ESMTP\nC\nS: 250 localhost\nC\nS: 221 bye\nclose"], &Identity::new())
}

/// A server that rejects the recipient.
fn server_that_rejects() -> Server {
    let script = "S: 220 localhost ESMTP\nC\nS: 250 localhost\nC\nS: 250 ok\nC\nS: 550 5.1.1 no\nC\nS: 250 ok\nC\nS: 221 bye\nclose";
    Server::start(&[script], &Identity::new())
}

/// Arguments of commands that print output.
fn speakers(server: &Server) -> Vec<Vec<String>> {
    let address = server.address.to_string();
    let port = server.address.port().to_string();
    let checks =
        render::FORMATS.iter().map(|format| vec![address.clone(), "--format".to_owned(), format.name.to_owned()]);
    let others = [
        "explain --list",
        "explain 550 5.1.1 No",
        "providers",
        "schema",
        "sandbox --list",
        "help",
        "demo healthy-relay",
    ]
    .map(|line| line.split(' ').map(str::to_owned).collect());
    let ports = vec!["ports".to_owned(), "127.0.0.1".to_owned(), "--ports".to_owned(), port];
    checks.chain(others).chain([ports]).collect()
}

#[test]
fn a_closed_pipe_changes_no_exit_code() {
    let server = healthy();
    for words in speakers(&server) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let read = finish(command(&words).spawn().unwrap());
        let mut child = command(&words).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(read.code), ""), "{words:?}");
    }
}

#[test]
fn with_a_closed_pipe_report_files_are_still_written() {
    let server = server_that_rejects();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let report = format!("json={}", file.display());
    let address = server.address.to_string();
    let words = [&address, "--tls", "none", "--from", "a@sandbox.test", "--to", "b@sandbox.test", "--report", &report];
    let mut child = command(&words).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let saved: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!((saved["exit"]["code"].as_i64(), saved["complete"].as_bool()), (Some(5), Some(true)));
}

#[test]
fn standard_streams_that_are_closed_change_no_exit_code() {
    let server = server_that_rejects();
    let program = env!("CARGO_BIN_EXE_smtpcheck");
    let check = format!("{program} {} --tls none --from a@sandbox.test --to b@sandbox.test", server.address);
    for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let ended = Command::new("sh").arg("-c").arg(format!("{check} {closed}")).output().unwrap();
        assert_eq!(ended.status.code(), Some(5), "{closed}");
    }
}

#[test]
fn a_dash_as_the_output_file_is_standard_output() {
    let server = server_that_rejects();
    let address = server.address.to_string();
    let folder = tempfile::tempdir().unwrap();
    let words = [&address, "--tls", "none", "--from", "a@sandbox.test", "--to", "b@sandbox.test", "--json", "-o", "-"];
    let run = finish(command(&words).current_dir(folder.path()).spawn().unwrap());
    assert_eq!(run.exits(5)["exit"]["code"], 5);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was created");
}

#[test]
fn no_arguments_are_a_usage_error_and_no_check_runs() {
    for words in [&[][..], &["check"]] {
        let run = finish(command(words).spawn().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(run.stderr.contains("Usage: smtpcheck"), "{run}");
    }
    for words in [&[""][..], &["check", ""], &["ports", ""]] {
        let run = finish(command(words).spawn().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(run.stderr.contains("is empty"), "{run}");
    }
}

#[test]
fn without_free_file_descriptors_the_error_is_local_and_no_server_is_judged() {
    let server = server_that_rejects();
    let program = env!("CARGO_BIN_EXE_smtpcheck");
    let port = server.address.port();
    for words in [server.address.to_string(), format!("ports 127.0.0.1 --ports {port}")] {
        let script = format!("ulimit -n 20; exec {program} {words}");
        let ended = Command::new("sh").arg("-c").arg(script).output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(70), "{stderr}");
        assert!(stderr.contains("no file descriptors are left") && stderr.lines().count() == 1, "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hangup_signal_that_is_ignored_at_start_stays_ignored() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (program, address) = (env!("CARGO_BIN_EXE_smtpcheck"), listener.local_addr().unwrap());
    let script = format!("trap '' HUP; exec {program} {address} --tls none --json");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = shell.spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"220 localhost ESMTP\r\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.next().unwrap().unwrap();
    signal(&child, "-HUP");
    stream.write_all(b"250 localhost\r\n").unwrap();
    lines.next().unwrap().unwrap();
    stream.write_all(b"221 bye\r\n").unwrap();
    drop((stream, lines));
    assert_eq!(finish(child).json()["complete"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_causes_exit_code_74_for_every_kind_of_output() {
    let server = healthy();
    for words in speakers(&server) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&words).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(74), "{words:?} {stderr}");
        assert!(stderr.contains("cannot be written"), "{words:?} {stderr}");
    }
    let output = command(&["sandbox", "healthy-submission"])
        .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74));
}

#[test]
fn empty_standard_input_is_an_error() {
    let server = healthy();
    let address = server.address.to_string();
    for words in [vec![address.as_str(), "--user", "u", "--password-stdin"], vec![address.as_str(), "--user", "u"]] {
        let run = finish(command(&words).spawn().unwrap());
        assert_eq!(run.code, 2, "{run}");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
    }
    let run = finish(command(&["explain", "-"]).spawn().unwrap());
    assert_eq!(run.code, 1, "{run}");
}
