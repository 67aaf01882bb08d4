//! Several checks at once: they run concurrently, within the limits, and the output keeps its order. The servers
//! control when they respond, so no test depends on time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::Value;

use crate::support::program::{self, Run, command, finish};
use crate::support::sandboxes::{serve, server};

/// Two servers. The first greets only after the second has ended a session.
fn server_after_the_other() -> [String; 2] {
    let (sender, receiver): (Sender<()>, Receiver<()>) = channel();
    let (sender, receiver) = (Mutex::new(sender), Mutex::new(receiver));
    let first = server("127.0.0.1", move || receiver.lock().unwrap().recv().unwrap(), || {});
    let second = server("127.0.0.2", || {}, move || sender.lock().unwrap().send(()).unwrap());
    [first, second]
}

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn the_result_of_a_faster_later_target_is_written_after_that_of_the_first() {
    for words in [&["--transcript", "full"][..], &["--transcript", "none"]] {
        let [first, second] = server_after_the_other();
        let run = program::run(&[&[first.as_str(), second.as_str(), "--tls", "none"], words].concat());
        assert_eq!(run.code, 0, "{run}");
        let (one, other) = run.stdout.split_once("\n\n").unwrap_or_else(|| panic!("{run}"));
        assert!(one.starts_with(&first) && other.starts_with(&second), "{run}");
        for part in [one, other] {
            assert_eq!(part.matches("PASS").count(), 1, "{run}");
            assert_eq!(part.matches("221 bye").count(), usize::from(words[1] == "full"), "{run}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn records_of_two_checks_are_never_interleaved() {
    let [first, second] = server_after_the_other();
    let run = program::run(&[first.as_str(), &second, "--tls", "none", "--format", "ndjson"]);
    assert_eq!(run.code, 0, "{run}");
    let checks: Vec<u64> = lines(&run).iter().filter_map(|line| line["check"].as_u64()).collect();
    assert!(checks.is_sorted() && checks.first() == Some(&1) && checks.last() == Some(&2), "{run}");
    let end = lines(&run).pop().unwrap();
    assert_eq!((&end["event"], &end["checks"], &end["by_exit"]["0"]), (&"end".into(), &2.into(), &2.into()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_json_document_lists_the_targets_in_the_order_of_the_arguments() {
    let [first, second] = server_after_the_other();
    let run = program::run(&[first.as_str(), &second, "--tls", "none", "--json"]);
    let reports: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let inputs: Vec<&str> = reports.iter().map(|report| report["target"]["input"].as_str().unwrap()).collect();
    assert_eq!((run.code, inputs), (0, vec![first.as_str(), second.as_str()]));
}

#[test]
fn a_host_has_at_most_two_sessions_at_once() {
    // Each session waits until a second one is open. A third open session would be counted.
    let open = Arc::new((Mutex::new((0_usize, 0_usize)), Condvar::new()));
    let most = Arc::new(AtomicUsize::new(0));
    let (before, after, seen) = (Arc::clone(&open), Arc::clone(&open), Arc::clone(&most));
    let address = server(
        "127.0.0.1",
        move || {
            let mut state = before.0.lock().unwrap();
            *state = (state.0 + 1, state.1 + 1);
            seen.fetch_max(state.0, Ordering::Relaxed);
            before.1.notify_all();
            let pair = state.1.div_ceil(2) * 2;
            drop(before.1.wait_while(state, |state| state.1 < pair).unwrap());
        },
        move || after.0.lock().unwrap().0 -= 1,
    );
    let targets = [address.as_str(); 8];
    let run = program::run(&[&targets[..], &["--tls", "none", "--json"]].concat());
    assert_eq!((run.code, most.load(Ordering::Relaxed)), (0, 2), "{run}");
}

#[test]
fn with_one_job_checks_run_one_after_the_other() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (before, after, seen) = (Arc::clone(&open), open, Arc::clone(&most));
    let address = server(
        "127.0.0.1",
        move || {
            seen.fetch_max(before.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        },
        move || {
            after.fetch_sub(1, Ordering::Relaxed);
        },
    );
    let run = program::run(&[&address, &address, &address, "--tls", "none", "--json", "--jobs", "1"]);
    // The server may accept the next connection before it has counted the end of the previous one.
    assert!(run.code == 0 && most.load(Ordering::Relaxed) <= 2, "{run}");
    for wrong in ["0", "65", "x", ""] {
        let run = program::run(&[&address, "--jobs", wrong]);
        assert!(run.code == 2 && run.stderr.contains("--jobs"), "{run}");
    }
}

#[test]
fn a_check_that_waits_for_its_retry_lets_another_one_run() {
    // The first server rejects every session until the second one has ended a session.
    let served = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&served);
    let other = server(
        "127.0.0.2",
        || {},
        move || {
            served.fetch_add(1, Ordering::SeqCst);
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let first = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            match seen.load(Ordering::SeqCst) {
                0 => drop(stream.write_all(b"421 4.3.2 not now\r\n")),
                _ => serve(&stream, || {}),
            }
        }
    });
    let flags = ["--tls", "none", "--json", "--jobs", "1", "--retry", "1", "--wait", "200ms"];
    let run = program::run(&[&[first.as_str(), other.as_str()][..], &flags].concat());
    assert_eq!(run.code, 0, "{run}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_every_running_check_and_each_has_a_report() {
    let (reached, arrived) = channel();
    let reached = Mutex::new(reached);
    let wait = move || {
        reached.lock().unwrap().send(()).unwrap();
        loop {
            std::thread::park();
        }
    };
    let address = server("127.0.0.1", wait, || {});
    let targets = [address.as_str(); 5];
    let child = command(&[&targets[..], &["--tls", "none", "--json"]].concat()).spawn().unwrap();
    (0..2).for_each(|_| arrived.recv().unwrap());
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let run = finish(child);
    let reports: Vec<Value> = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    assert_eq!((run.code, reports.len()), (143, 2), "{run}");
    assert!(reports.iter().all(|report| report["complete"] == false && report["exit"]["code"] == 143), "{run}");
}

#[test]
fn a_demo_is_one_valid_document_in_every_format() {
    for format in smtpcheck::render::FORMATS {
        let run = program::run(&["demo", "--format", format.name]);
        assert_eq!(run.code, 0, "{run}");
        match format.name {
            "json" => assert_eq!(serde_json::from_str::<Vec<Value>>(&run.stdout).unwrap().len(), 4),
            "ndjson" => {
                let count = |event: &str| lines(&run).iter().filter(|line| line["event"] == event).count();
                assert_eq!((count("start"), count("result"), count("end")), (1, 4, 1), "{run}");
            }
            "junit" => assert_eq!(run.stdout.matches("<testsuites").count(), 1, "{run}"),
            "html" => assert_eq!(run.stdout.to_ascii_lowercase().matches("<!doctype html>").count(), 1, "{run}"),
            "nagios" => assert_eq!(run.stdout.matches("SMTP CRITICAL").count(), 1, "{run}"),
            _ => assert!(!run.stdout.is_empty(), "{}", format.name),
        }
    }
    let unknown = program::run(&["demo", "--format", "pdf"]);
    assert!(unknown.code == 2 && unknown.stdout.is_empty(), "{unknown}");
}

/// Opens a pseudoterminal and returns both ends.
#[cfg(target_os = "linux")]
fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    (master.into(), std::fs::File::options().read(true).write(true).open(path).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_the_current_wait_and_the_progress_line_is_removed() {
    use std::io::Read;

    let suite = tempfile::tempdir().unwrap();
    for is_suite in [false, true] {
        let (release, released) = channel::<()>();
        let released = Mutex::new(released);
        let slow = server("127.0.0.1", move || released.lock().unwrap().recv().unwrap(), || {});
        let fast = server("127.0.0.2", || {}, || {});
        let check =
            |name: &str, target: &str| format!("[[check]]\nname = \"{name}\"\ntarget = \"{target}\"\ntls = \"none\"\n");
        std::fs::write(suite.path().join("smtpcheck.toml"), check("slow", &slow) + &check("fast", &fast)).unwrap();
        let words = if is_suite { vec!["run"] } else { vec![slow.as_str(), &fast, "--tls", "none"] };
        let (mut screen, stderr) = terminal();
        let mut command = command(&words);
        command.current_dir(suite.path()).env("TERM", "xterm").stderr(stderr.try_clone().unwrap());
        let child = command.spawn().unwrap();
        let (mut seen, mut buffer) = (String::new(), [0; 4096]);
        let expected = format!("1/2  {slow}: waiting for the greeting");
        while !seen.contains(&expected) {
            let count = screen.read(&mut buffer).unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        release.send(()).unwrap();
        let run = finish(child);
        assert_eq!(run.code, 0, "{run}");
        assert!(!run.stdout.contains("waiting for"), "{run}");
        // The remaining output ends with the sequence that removes the line.
        (&stderr).write_all(b"END").unwrap();
        while !seen.ends_with("END") {
            let count = screen.read(&mut buffer).unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        assert!(seen.ends_with("\r\u{1b}[KEND"), "{seen:?}");
        let seconds: Vec<f64> =
            seen.split("\r\u{1b}[K").filter_map(|line| line.trim().split(" s ").next()?.parse().ok()).collect();
        assert!(seconds.is_sorted() && !seconds.is_empty(), "the elapsed time must not restart: {seen:?}");
    }
}
