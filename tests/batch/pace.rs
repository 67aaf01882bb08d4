//! The speed of a batch: `--rate`, and the slow-down for a server that begins to reply 421. The tests compare the
//! number and the order of sessions, not times.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{Batch, Sessions, records};
use crate::support::program::{self, command};
use crate::support::sandboxes::serve;

/// A server that rejects its first two sessions with 421, and counts the others.
fn overloaded_server() -> (String, Arc<Sessions>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sessions, rejected) = (Arc::new(Sessions::default()), Arc::new(AtomicUsize::new(0)));
    let shared = (Arc::clone(&sessions), Arc::clone(&rejected));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (sessions, rejected) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
            if rejected.load(Ordering::SeqCst) < 2 {
                rejected.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(b"421 4.7.0 too many connections\r\n");
                continue;
            }
            std::thread::spawn(move || {
                let now = sessions.now.fetch_add(1, Ordering::SeqCst) + 1;
                sessions.most.fetch_max(now, Ordering::SeqCst);
                sessions.all.fetch_add(1, Ordering::SeqCst);
                serve(&stream, || {
                    sessions.now.fetch_sub(1, Ordering::SeqCst);
                });
            });
        }
    });
    (address, sessions, rejected)
}

#[test]
fn after_421_a_server_gets_one_check_at_a_time_and_every_target_has_its_record() {
    let (address, sessions, rejected) = overloaded_server();
    // Two successes end the slow-down, so there are no more than two.
    let batch = Batch::new(&format!("{address}\n").repeat(4));
    let flags = ["--tls", "none", "--keep-duplicates", "--per-host", "8", "--per-address", "2"];
    let run = batch.run(&flags);
    let codes: Vec<i64> = records(&run.stdout).iter().map(|one| one["exit"]["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [4, 4, 0, 0], "{run}");
    assert_eq!(run.code, 4, "{run}");
    let counts = [&sessions.all, &sessions.most, &rejected].map(|count| count.load(Ordering::SeqCst));
    assert_eq!(counts, [2, 1, 2], "all sessions after 421, the most at the same time, and the rejected ones");
}

/// A sandbox with a server on every address of 127.0.0.0/8. Dropping it ends the sandbox.
#[cfg(target_os = "linux")]
struct FleetProcess {
    child: Child,
    ready: Value,
}

#[cfg(target_os = "linux")]
impl FleetProcess {
    fn start() -> FleetProcess {
        let mut child = command(&["sandbox", "--fleet", "7", "--quiet", "--json"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        FleetProcess { child, ready: serde_json::from_str(&line).unwrap() }
    }
}

#[cfg(target_os = "linux")]
impl Drop for FleetProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses of servers without faults in the fleet.
#[cfg(target_os = "linux")]
fn healthy_addresses() -> Vec<String> {
    let listed = program::run(&["sandbox", "--fleet", "7", "--list", "--json", "--count", "100"]);
    let servers = listed.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // The others need a flag for every check.
    let names = ["healthy-submission", "healthy-relay", "healthy-tls12", "healthy-without-pipelining"];
    let is_healthy = |one: &Value| names.contains(&one["scenario"].as_str().unwrap());
    servers.filter(is_healthy).map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn with_a_rate_the_checks_of_a_fleet_begin_in_the_order_of_the_input() {
    let fleet = FleetProcess::start();
    let port = fleet.ready["fleet_port"].as_u64().unwrap();
    let addresses = healthy_addresses();
    assert!(addresses.len() >= 10, "{addresses:?}");
    let targets: String = addresses.iter().map(|address| format!("{address}:{port}\n")).collect();
    let batch = Batch::new(&targets);
    let authority = fleet.ready["authority"].as_str().unwrap();
    let summary = batch.path("summary");
    let words =
        ["batch", &batch.path("targets"), "--cacert", authority, "--no-auth", "--rate", "20/s", "--summary", &summary];
    let run = program::run(&words);
    assert_eq!(run.code, 0, "{run}");
    let mut begun: Vec<(String, u64)> = records(&run.stdout)
        .iter()
        .map(|one| (one["started_at"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap()))
        .collect();
    begun.sort();
    let lines: Vec<u64> = begun.iter().map(|(_, line)| *line).collect();
    assert_eq!(lines, (1..=addresses.len() as u64).collect::<Vec<_>>());
    let summary: Value = serde_json::from_str(&batch.read("summary")).unwrap();
    assert_eq!(summary["by_exit"]["0"].as_u64(), Some(addresses.len() as u64), "{summary:#}");
    // A slow machine makes the run longer, never shorter.
    let shortest = 50.0 * (addresses.len() - 1) as f64;
    assert!(summary["run"]["total_ms"].as_f64().unwrap() >= shortest, "{summary:#}");
}
