//! Peers that send as much as they can, in every phase, on every connection: the limits are not exceeded, and reaching
//! one is reported.
//!
//! These runs print megabytes and use no password. Unlike the output of all other tests, theirs is therefore not
//! searched for a password.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::support;
use crate::support::program::{command, findings};
use serde_json::Value;

const MAX_MEMORY: u64 = 48 * 1024 * 1024;

/// The result of a run: exit code, report, peak memory.
struct Ended {
    code: i32,
    report: Value,
    peak: u64,
    took: Duration,
}

impl Ended {
    fn rules(&self) -> Vec<String> {
        findings(&self.report).into_iter().map(|(rule, _)| rule).collect()
    }

    #[track_caller]
    fn is_bounded(&self) {
        // The report is larger than a pipe, so the program waits until the test reads it, and its memory can be
        // measured.
        assert!(self.peak < MAX_MEMORY, "{} bytes", self.peak);
        assert!(self.peak > 0 || !cfg!(target_os = "linux"), "its memory use was not measured");
        assert!(self.took < Duration::from_secs(30), "{:?}", self.took);
    }
}

fn run(words: &[&str]) -> Ended {
    let began = Instant::now();
    let mut child = command(words).arg("--json").spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut pipe = child.stdout.take().unwrap();
    let (mut output, mut peak) = (Vec::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    // The report is written when the run is complete. The memory is measured between its first and its last byte.
    loop {
        let count = pipe.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        output.extend_from_slice(&buffer[..count]);
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kilobytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        };
        // The pages of the program's own file are not counted: their number depends on the build profile.
        peak = peak.max(kilobytes("VmHWM:").saturating_sub(kilobytes("RssFile:")) * 1024);
    }
    let code = child.wait().unwrap().code().unwrap();
    let took = began.elapsed();
    Ended { code, report: serde_json::from_slice(&output).unwrap(), peak, took }
}

/// A reply of almost 64 KiB in almost 512 lines. It consists of control characters, which a report writes as six
/// characters each.
fn long(code: &str, last: &str) -> String {
    format!("{}{code} {last}\r\n", format!("{code}-X {}\r\n", "\u{1}".repeat(120)).repeat(480))
}

/// Greets each client and responds to each of its lines with the result of `answer`.
fn serve(greeting: String, answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let session = move |stream: &TcpStream, greeting: &str| -> std::io::Result<()> {
        let (mut lines, mut stream) = (BufReader::new(stream).lines(), stream);
        stream.write_all(greeting.as_bytes())?;
        while let Some(Ok(line)) = lines.next() {
            stream.write_all(answer(&line).as_bytes())?;
        }
        Ok(())
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let greeting = greeting.clone();
            // The thread ends when the client closes the connection.
            std::thread::spawn(move || session(&stream, &greeting));
        }
    });
    address
}

#[test]
fn long_replies_to_many_recipients_end_the_session() {
    let address = serve("220 localhost\r\n".to_owned(), |line| match line.get(..4) {
        Some("RCPT") => long("250", "ok"),
        _ => "250 localhost\r\n".to_owned(),
    });
    let to: Vec<String> = (0..40).map(|number| format!("b{number}@sandbox.test")).collect();
    let mut words = vec![address.as_str(), "--tls", "none", "--from", "a@sandbox.test"];
    words.extend(to.iter().flat_map(|to| ["--to", to.as_str()]));
    let ended = run(&words);
    ended.is_bounded();
    assert_eq!((ended.code, ended.rules()), (8, vec!["reply-endless".to_owned()]));
    let answered = ended.report["transcript"].as_array().unwrap().iter().filter(|event| event["kind"] == "received");
    // Greeting, EHLO, MAIL, and eight replies of almost 64 KiB, which reach the limit of 512 KiB.
    assert_eq!(answered.count(), 3 + 8);
}

#[test]
fn long_replies_on_many_connections_end_the_run() {
    let address = serve(long("220", "ready"), |line| match line.get(..4) {
        Some("EHLO") => long("250", "STARTTLS"),
        // The server's response is not a ServerHello, so smtpcheck opens one connection for each ClientHello and
        // receives no answer.
        _ => long("220", "go"),
    });
    let ended = run(&[&address, "--tls", "starttls", "--tls-scan"]);
    ended.is_bounded();
    assert_ne!(ended.code, 0);
    assert!(!ended.rules().is_empty());
    assert!(ended.report.to_string().contains("\"endless\""), "no connection reached a limit");
}

/// A DNS server that sends truncated responses over UDP and four thousand addresses over TCP.
fn resolver() -> String {
    let (udp, tcp) = (0..100)
        .find_map(|_| {
            let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
            Some((UdpSocket::bind(tcp.local_addr().unwrap()).ok()?, tcp))
        })
        .unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    fn head(query: &[u8], flags: [u8; 2], answers: u16) -> Vec<u8> {
        let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
        let counts = [0, 1, answers.to_be_bytes()[0], answers.to_be_bytes()[1], 0, 0, 0, 0];
        [&query[..2], &flags, &counts, &query[12..end]].concat()
    }
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((count, from)) = udp.recv_from(&mut query) {
            udp.send_to(&head(&query[..count], [0x83, 0x80], 0), from).unwrap();
        }
    });
    let answer = |mut stream: TcpStream| -> std::io::Result<()> {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
        // The type of the question: 1 is A.
        let count: u16 = if query[end - 3] == 1 { 4000 } else { 0 };
        let mut message = head(&query, [0x81, 0x80], count);
        for number in 0..count {
            let [high, low] = number.to_be_bytes();
            message.extend_from_slice(&[0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 1, high, low]);
        }
        stream.write_all(&u16::try_from(message.len()).unwrap().to_be_bytes())?;
        stream.write_all(&message)
    };
    std::thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

#[cfg(target_os = "linux")]
#[test]
fn at_most_sixteen_of_four_thousand_addresses_are_tried() {
    // No program listens on this port at any of the addresses.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (target, resolver) = (format!("mx.sandbox.test:{port}"), resolver());
    let ended = run(&[&target, "--resolver", &resolver]);
    assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    assert_eq!(ended.code, 3);
    assert!(ended.rules().contains(&"name-with-many-addresses".to_owned()), "{:?}", ended.rules());
    // 16 addresses, each with this port and the four mail ports.
    assert_eq!(ended.report["transcript"].as_array().unwrap().len(), 16 * 5);
}

/// A pipe that no other program writes to.
#[cfg(unix)]
fn silent_pipe(folder: &std::path::Path) -> String {
    let pipe = folder.join("pipe").to_string_lossy().into_owned();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

#[cfg(unix)]
#[test]
fn reading_a_trust_store_that_blocks_ends_at_the_overall_time_limit() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = silent_pipe(folder.path());
    let server =
        support::server::Server::start(&["TLS\nS: 220 localhost ESMTP\nwait"], &support::server::Identity::new());
    let address = server.address.to_string();
    let words = [&address, "--tls", "implicit", "--json", "--max-time", "500ms"];
    let output = command(&words).env("SSL_CERT_FILE", pipe).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(9), "{report}");
    assert_eq!(findings(&report)[0].0, "time-limit-reached");
}

#[cfg(target_os = "linux")]
#[test]
fn reading_an_endless_trust_store_ends_at_its_size_limit() {
    let server = support::server::Server::start(&["TLS\nclose"], &support::server::Identity::new());
    let address = server.address.to_string();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.pem")).unwrap();
    let words = [&address, "--tls", "implicit", "--json"];
    let mut checked = command(&words);
    checked.env("SSL_CERT_FILE", "/dev/zero").env("SSL_CERT_DIR", folder.path());
    // The address space is limited, so unlimited memory use would fail here.
    let mut limited = std::process::Command::new("sh");
    limited.arg("-c").arg("ulimit -v 2000000; exec \"$0\" \"$@\"").arg(checked.get_program()).args(checked.get_args());
    for (name, value) in checked.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        limited.env(name, value);
    }
    let output = limited.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["certificate"]["trusted"], false, "{report}");
}
