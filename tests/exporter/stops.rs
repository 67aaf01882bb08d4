//! How probes and the exporter end: a client disconnects, or a signal arrives.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::client::{Exporter, read};
use super::{address, defaults};

/// A server without TLS that waits before its reply to EHLO. It reports the lines of each session when the session
/// ends.
fn slow_server(delay: Duration) -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, sessions) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut seen = Vec::new();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let _ = stream.write_all(b"220 localhost ESMTP\r\n");
                for line in lines.map_while(Result::ok) {
                    if line.starts_with("EHLO") {
                        std::thread::sleep(delay);
                    }
                    let reply: &[u8] = if line == "QUIT" { b"221 bye\r\n" } else { b"250 ok\r\n" };
                    let is_end = line == "QUIT";
                    seen.push(line);
                    if stream.write_all(reply).is_err() || is_end {
                        break;
                    }
                }
                let _ = sender.send(seen);
            });
        }
    });
    (address, sessions)
}

fn config() -> String {
    "[defaults]\ntls = \"none\"\nfrom = \"a@example.net\"\nto = \"b@example.net\"\n".to_owned()
}

/// Waits until a metric of the exporter has a value.
#[track_caller]
fn wait_for(exporter: &Exporter, sample: &str, value: f64) {
    let began = Instant::now();
    while exporter.get("/metrics").value(sample) != Some(value) {
        assert!(began.elapsed() < Duration::from_secs(20), "{sample} is not {value}");
    }
}

#[test]
fn a_client_that_disconnects_ends_the_session_with_quit() {
    let (target, sessions) = slow_server(Duration::from_millis(500));
    let exporter = Exporter::start(&config());
    let stream = exporter.request("GET", &format!("/probe?target={target}"), &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    drop(stream);
    let lines = sessions.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(lines.last().map(String::as_str), Some("QUIT"), "{lines:?}");
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 0.0);
    wait_for(&exporter, "smtpcheck_exporter_probes_total{result=\"stopped\"}", 1.0);
}

#[test]
fn a_client_that_disconnects_does_not_keep_a_silent_session_open() {
    let (target, sessions) = slow_server(Duration::from_secs(30));
    let exporter = Exporter::start(&config());
    let stream = exporter.request("GET", &format!("/probe?target={target}"), &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    let began = Instant::now();
    drop(stream);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 0.0);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    drop(sessions);
}

#[test]
fn after_a_signal_running_probes_end_and_the_exit_code_is_0() {
    for signal in ["TERM", "INT"] {
        let (target, sessions) = slow_server(Duration::from_millis(700));
        let exporter = Exporter::start(&config());
        let stream = exporter.request("GET", &format!("/probe?target={target}"), &[]);
        wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
        exporter.signal(signal);
        read(stream, "GET").is(200).contains("smtpcheck_exit_code 0");
        assert_eq!(sessions.recv_timeout(Duration::from_secs(20)).unwrap().last().map(String::as_str), Some("QUIT"));
        let run = exporter.end();
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stderr.contains("a signal arrived"), "{run}");
    }
}

#[test]
fn a_second_signal_stops_slow_probes_with_503_and_new_connections_are_refused() {
    let (target, _sessions) = slow_server(Duration::from_secs(60));
    let exporter = Exporter::start(&config());
    let stream = exporter.request("GET", &format!("/probe?target={target}"), &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    let began = Instant::now();
    exporter.signal("TERM");
    while std::net::TcpStream::connect(&exporter.address).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(4), "the exporter still accepts connections");
    }
    exporter.signal("TERM");
    read(stream, "GET").is(503).contains("the exporter is stopping");
    assert_eq!(exporter.end().code, 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let exporter = Exporter::start(&defaults());
    exporter.probe(address("healthy-relay"), "").is(200);
    let _idle = std::net::TcpStream::connect(&exporter.address).unwrap();
    wait_for(&exporter, "smtpcheck_exporter_http_connections", 2.0);
    let began = Instant::now();
    exporter.signal("TERM");
    assert_eq!(exporter.end().code, 0);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_client_that_disconnects_while_the_password_is_read_starts_no_session() {
    let (target, sessions) = slow_server(Duration::ZERO);
    let config = format!(
        "{}[profile.relay]\ntarget = \"{target}\"\nuser = \"u\"\npassword-command = \"sleep 0.5; echo x\"\n",
        config()
    );
    let exporter = Exporter::start(&config);
    let stream = exporter.request("GET", "/probe?module=relay", &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    drop(stream);
    wait_for(&exporter, "smtpcheck_exporter_probes_total{result=\"stopped\"}", 1.0);
    assert!(sessions.try_recv().is_err(), "no session was started");
}

#[test]
fn a_password_command_ends_with_the_time_of_the_scrape() {
    let config = "[profile.relay]\ntarget = \"127.0.0.1:1\"\nuser = \"u\"\npassword-command = \"sleep 60; echo x\"\n";
    let exporter = Exporter::start(config);
    let began = Instant::now();
    let header = "X-Prometheus-Scrape-Timeout-Seconds: 1.5";
    exporter.send("GET", "/probe?module=relay", &[header]).is(500);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

/// In a check on the command line, signals end the program once it has started a password command. In the exporter,
/// they must not.
#[test]
fn after_a_password_command_a_hangup_is_still_a_reload() {
    let config = "[profile.relay]\ntarget = \"127.0.0.1:1\"\nuser = \"u\"\npassword-command = \"sleep 1; echo x\"\n";
    let exporter = Exporter::start(config);
    let stream = exporter.request("GET", "/probe?module=relay", &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    // One signal arrives while the command runs, and one after it.
    exporter.signal("HUP");
    read(stream, "GET").is(200).contains("smtpcheck_exit_code 3");
    exporter.signal("HUP");
    let began = Instant::now();
    while exporter.log().matches("the configuration was read again").count() < 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", exporter.log());
        exporter.get("/-/healthy").is(200);
    }
    // The program would end five seconds after a signal that is not handled.
    while began.elapsed() < Duration::from_secs(6) {
        exporter.get("/probe?target=127.0.0.1:1").is(200).contains("smtpcheck_exit_code 3");
    }
    exporter.signal("TERM");
    assert_eq!(exporter.end().code, 0);
}

#[test]
fn a_password_command_does_not_delay_the_end() {
    let config = "[profile.relay]\ntarget = \"127.0.0.1:1\"\nuser = \"u\"\npassword-command = \"sleep 50; echo x\"\n";
    let exporter = Exporter::start(config);
    let stream = exporter.request("GET", "/probe?module=relay", &[]);
    wait_for(&exporter, "smtpcheck_exporter_probes_running", 1.0);
    exporter.signal("TERM");
    let began = Instant::now();
    read(stream, "GET").is(503);
    assert_eq!(exporter.end().code, 0);
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}
