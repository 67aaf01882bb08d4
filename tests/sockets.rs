//! The built program with Unix sockets: a mailbox server behind a socket, and each fault of a socket.
//!
//! These tests do not change the user of a process. Because root may use every socket, `tests/real/with_lmtp.rs` tests
//! permissions as another user.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::support::commands::mistakes_in;
use crate::support::program::{Run, run};
use smtpcheck::report::Report;

/// A directory for sockets. Its path is short, because the length of a socket's path is limited.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("s").tempdir_in("/tmp").unwrap()
}

/// Starts a server that serves each connection with the function.
fn serve(folder: &Path, session: impl Fn(UnixStream) + Send + 'static) -> PathBuf {
    let path = folder.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(session));
    path
}

/// A mailbox server. It does not support DATA, so a message would be an error.
fn lmtp(stream: UnixStream) {
    let mut writer = stream.try_clone().unwrap();
    let _ = writer.write_all(b"220 localhost ready\r\n");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let reply = match line.split(' ').next().unwrap_or_default() {
            "LHLO" => "250-localhost\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES",
            "MAIL" | "RSET" => "250 2.0.0 OK",
            "RCPT" if line.contains("missing@") => "550 5.1.1 User doesn't exist",
            "RCPT" => "250 2.1.5 OK",
            "QUIT" => "221 2.0.0 Bye",
            _ => "500 5.5.1 Unknown command",
        };
        if writer.write_all(format!("{reply}\r\n").as_bytes()).is_err() || line == "QUIT" {
            return;
        }
    }
}

/// Checks a socket, and checks that every command in the report can be run.
fn check(scheme: &str, path: &Path, more: &[&str]) -> Run {
    let target = format!("{scheme}+unix:{}", path.display());
    let run = run(&[&[target.as_str(), "--json", "--connect-timeout", "2s"], more].concat());
    let report = Report::load(&run.stdout).unwrap();
    assert_eq!(mistakes_in(&report), Vec::<String>::new());
    run
}

#[test]
fn each_recipient_gets_a_reply_over_a_socket() {
    let folder = folder();
    let path = serve(folder.path(), lmtp);
    let report = check("lmtp", &path, &["--to", "a@example.net", "--to", "missing@example.net"]).exits(5);
    assert_eq!(report["target"]["protocol"], "lmtp");
    assert_eq!(report["target"]["port"], serde_json::Value::Null);
    assert_eq!(report["addresses"], serde_json::json!([]));
    assert_eq!((&report["rcpt"][0]["code"], &report["rcpt"][1]["code"]), (&250.into(), &550.into()));
    let phases = report["phases"].as_array().unwrap();
    assert!(phases.iter().any(|phase| phase["name"] == "connect" && phase["status"] == "ok"), "{phases:?}");
    assert!(phases.iter().all(|phase| phase["name"] != "dns" || phase["status"] == "skipped"), "{phases:?}");
}

#[test]
fn a_mailbox_server_that_is_checked_as_smtp_is_recognised() {
    let folder = folder();
    let path = serve(folder.path(), lmtp);
    let run = check("smtp", &path, &[]);
    assert_eq!(run.rules(), ["lmtp-expected"]);
    assert!(run.stdout.contains(&format!("smtpcheck lmtp+unix:{}", path.display())), "{run}");
}

#[test]
fn the_commands_of_a_report_contain_a_path_with_a_space_in_quotes() {
    let folder = folder();
    let inner = folder.path().join("a b");
    std::fs::create_dir(&inner).unwrap();
    let path = serve(&inner, lmtp);
    let run = check("smtp", &path, &[]);
    assert!(run.stdout.contains(&format!("smtpcheck 'lmtp+unix:{}'", path.display())), "{run}");
}

#[test]
fn a_missing_socket_is_explained_with_the_last_directory() {
    let folder = folder();
    let run = check("lmtp", &folder.path().join("no/lmtp"), &[]);
    assert_eq!((run.code, run.rules()), (3, vec!["socket-missing".to_owned()]));
    let real = folder.path().canonicalize().unwrap();
    assert!(run.stdout.contains(&format!("only up to the directory {}", real.display())), "{run}");
}

#[test]
fn a_socket_without_its_server_is_not_served() {
    let folder = folder();
    let path = folder.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    let run = check("lmtp", &path, &[]);
    assert_eq!((run.code, run.rules()), (3, vec!["socket-not-served".to_owned()]));
}

/// The kernel does not wait for room in the queue, so smtpcheck does, up to its time limit.
#[test]
#[cfg(target_os = "linux")]
fn a_socket_with_a_full_queue_is_not_served() {
    let folder = folder();
    let path = folder.path().join("socket");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let socket = tokio::net::UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let _listener = socket.listen(0).unwrap();
    // Linux accepts one more connection than the queue length.
    let _waiting = UnixStream::connect(&path).unwrap();
    let run = check("lmtp", &path, &[]);
    assert_eq!((run.code, run.rules()), (3, vec!["socket-not-served".to_owned()]), "{run}");
    assert!(run.stdout.contains("queue"), "{run}");
}

#[test]
fn files_directories_and_sockets_for_datagrams_are_unsuitable() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let datagrams = folder.path().join("datagrams");
    let _socket = UnixDatagram::bind(&datagrams).unwrap();
    for (path, words) in
        [(&*file, "is a file"), (folder.path(), "is a directory"), (&*datagrams, "not a stream socket")]
    {
        let run = check("smtp", path, &[]);
        assert_eq!((run.code, run.rules()), (3, vec!["socket-unsuitable".to_owned()]), "{run}");
        assert!(run.stdout.contains(words), "{words}: {run}");
    }
}

#[test]
fn a_service_that_is_not_a_mail_server_is_recognised_by_its_first_bytes() {
    for (greeting, words) in [
        (&b"protocol\0delivery_request_protocol\0\0"[..], "a Postfix delivery agent"),
        (b"protocol\0tlsmgr_protocol\0\0", "an internal Postfix service"),
        (b"protocol=anvil_protocol\n\n", "an internal Postfix service"),
        (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n", "a Dovecot authentication service"),
    ] {
        let folder = folder();
        let path = serve(folder.path(), move |mut stream| {
            let _ = stream.write_all(greeting);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
        let started = std::time::Instant::now();
        let run = check("smtp", &path, &[]);
        assert_eq!((run.code, run.rules()), (8, vec!["greeting-not-smtp".to_owned()]), "{run}");
        assert!(run.stdout.contains(words), "{words}: {run}");
        assert!(started.elapsed() < std::time::Duration::from_millis(1500), "smtpcheck waited for more");
    }
}

#[test]
fn a_service_that_waits_for_the_client_is_not_a_mail_server() {
    let folder = folder();
    let path = serve(folder.path(), |mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let run = check("smtp", &path, &["--timeout", "500ms"]);
    assert_eq!((run.code, run.rules()), (3, vec!["greeting-missing".to_owned()]), "{run}");
    assert!(run.stdout.contains("waits for the client to send first"), "{run}");
}

/// A batch does not look up the path as a name.
#[test]
fn a_batch_and_a_suite_check_sockets() {
    let folder = folder();
    let path = serve(folder.path(), lmtp);
    let targets = folder.path().join("targets");
    std::fs::write(&targets, format!("lmtp+unix:{}\n", path.display())).unwrap();
    let batch = run(&["batch", targets.to_str().unwrap()]);
    assert_eq!(batch.code, 0, "{batch}");
    let record: serde_json::Value = serde_json::from_str(batch.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(record["target"]["host"], path.to_str().unwrap());
    let suite = folder.path().join("suite.toml");
    std::fs::write(&suite, format!("[[check]]\nname = \"store\"\ntarget = \"lmtp+unix:{}\"\n", path.display()))
        .unwrap();
    assert_eq!(run(&["run", suite.to_str().unwrap()]).code, 0);
}
