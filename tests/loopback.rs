//! The built program against scripted servers on loopback: round trips, exit codes, deadlines, signals, pipes and usage
//! errors.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod login;
mod proxies;

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::leak::CANARY as PASSWORD;
use crate::support::program::{command, finish, run, run_with};
use crate::support::server::{Identity, Server};

const STARTTLS: &str = "
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250 STARTTLS
    C
    S: 220 go ahead
    TLS
    C
    S: 250-localhost
    S: 250 AUTH PLAIN LOGIN
    C
    S: 221 bye";

const FULL_SESSION: &str = "
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250-PIPELINING
    S: 250 STARTTLS
    C
    S: 220 go ahead
    TLS
    C
    S: 250-localhost
    S: 250-PIPELINING
    S: 250 AUTH PLAIN LOGIN
    C
    S: 235 2.7.0 welcome
    C
    C
    S: 250 2.1.0 ok
    S: 250 2.1.5 ok
    C
    C
    S: 250 2.0.0 forgotten
    S: 221 bye";

const IMPLICIT: &str = "
    TLS
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250 AUTH PLAIN LOGIN
    C
    S: 221 bye";

/// The flights before the first command: the TCP handshake and the greeting.
const BEFORE_THE_FIRST_LINE: usize = 2;

fn target(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

#[test]
fn a_starttls_check_takes_seven_flights() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[STARTTLS], &identity));
    let run = run(&[&target(&server), "--cacert", ca.path().to_str().unwrap(), "--ehlo", "client.example.org"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let seen = server.seen();
    assert_eq!(seen.lines, ["EHLO client.example.org", "STARTTLS", "EHLO client.example.org", "QUIT"]);
    assert_eq!(BEFORE_THE_FIRST_LINE + seen.flights, 7);
}

#[test]
fn a_login_with_sender_and_recipient_takes_nine_flights() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[FULL_SESSION], &identity));
    let target = target(&server);
    let args = [
        &target,
        "--cacert",
        ca.path().to_str().unwrap(),
        "--user",
        "u@example.net",
        "--password-stdin",
        "--to",
        "x@example.org",
        "--json",
    ];
    let run = run_with(&args, Some(PASSWORD), &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let seen = server.seen();
    assert_eq!(BEFORE_THE_FIRST_LINE + seen.flights, 9, "{:?}", seen.lines);
    assert!(seen.lines[3].starts_with("AUTH PLAIN "), "{:?}", seen.lines);
    assert_eq!(seen.lines[4..], ["MAIL FROM:<u@example.net>", "RCPT TO:<x@example.org>", "RSET", "QUIT"]);
    let report = run.json();
    assert_eq!(report["auth"]["outcome"], "accepted");
    assert_eq!(report["tls"]["version"], "1.3");
    assert_eq!(report["rcpt"][0]["code"], 250);
    assert_eq!(report["verdict"], "pass");
}

#[test]
fn a_port_that_requires_implicit_tls_is_recognised_by_a_second_connection() {
    let identity = Identity::new();
    let implicit = "
        TLS
        S: 220 localhost ESMTP
        C
        S: 221 bye";
    // The first client sends no ClientHello and receives nothing. The second starts with one.
    let server = Server::start(&["wait", implicit], &identity);
    let run = run(&[&target(&server), "--timeout", "6s", "--json"]);
    assert_eq!((run.code, run.rules()), (6, vec!["implicit-tls-expected".to_owned()]), "{}", run.stdout);
    assert_eq!(server.sessions(), 2);
    // smtpcheck tries TLS after one sixth of the time limit, and the server's response ends the wait for a greeting.
    let fault = &run.json()["probes"][0]["outcome"]["fault"];
    assert_eq!(fault["fault"], "silent", "{}", run.stdout);
    assert!(fault["waited_ms"].as_f64().unwrap() < 6000.0, "{}", run.stdout);
}

#[test]
fn a_port_that_requires_starttls_is_recognised_by_a_second_connection() {
    let identity = Identity::new();
    let plain = "
        S: 220 localhost ESMTP
        C
        S: 500 what?
        close";
    let server = Server::start(&[plain, STARTTLS], &identity);
    let target = format!("smtps://{}", target(&server));
    let run = run(&[&target, "--json"]);
    assert_eq!((run.code, run.rules()), (6, vec!["starttls-expected".to_owned()]), "{}", run.stdout);
}

#[test]
fn plaintext_after_starttls_is_recorded_and_never_reaches_the_tls_layer() {
    let script = STARTTLS.replace("S: 220 go ahead", "S. 220 go ahead\\r\\n250 injected\\r\\n");
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[&script], &identity));
    let run = run(&[&target(&server), "--cacert", ca.path().to_str().unwrap(), "--json"]);
    assert_eq!((run.code, run.rules()), (8, vec!["starttls-injected-bytes".to_owned()]), "{}", run.stdout);
    let report = run.json();
    assert_eq!(report["tls"]["version"], "1.3", "the handshake continued without the injected bytes");
}

#[test]
fn a_server_that_sends_one_byte_at_a_time_reaches_the_deadline() {
    let identity = Identity::new();
    let server = Server::start(&["drip"], &identity);
    let begun = Instant::now();
    let run = run(&[&target(&server), "--timeout", "400ms", "--max-time", "5s", "--json"]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.rules().contains(&"greeting-missing".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(5), "the deadline for one reply was exceeded");
}

#[test]
fn a_valid_report_is_written_when_the_overall_time_limit_is_reached() {
    let identity = Identity::new();
    let server = Server::start(&["S: 220 localhost ESMTP\nC\nwait"], &identity);
    let run = run(&[&target(&server), "--max-time", "400ms", "--json"]);
    assert_eq!(run.code, 9, "{}", run.stdout);
    let report = run.json();
    assert_eq!((report["complete"].as_bool(), run.rules()), (Some(false), vec!["time-limit-reached".to_owned()]));
}

#[cfg(unix)]
#[test]
fn a_signal_causes_its_exit_code_and_a_valid_report() {
    let identity = Identity::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let server = Server::start(&["S: 220 localhost ESMTP\nC\nwait"], &identity);
        let child = command(&[&target(&server), "--json"]).spawn().unwrap();
        // The server counts a session once it has read a line, so it has read EHLO and the program waits for the reply.
        while server.sessions() == 0 {
            std::thread::yield_now();
        }
        std::thread::park_timeout(Duration::from_millis(200));
        assert!(std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let run = finish(child);
        assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
        let report = run.json();
        assert_eq!((report["complete"].as_bool(), report["exit"]["code"].as_u64()), (Some(false), Some(code as u64)));
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[STARTTLS], &identity));
    let mut child = command(&[&target(&server), "--cacert", ca.path().to_str().unwrap()]).spawn().unwrap();
    let mut first = [0u8; 1];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()), (Some(0), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_causes_exit_code_74() {
    let identity = Identity::new();
    for format in ["text", "json"] {
        let server = Server::start(&[STARTTLS], &identity);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&[&target(&server), "--format", format])
            .stdout(Stdio::from(full))
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(74));
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written"));
    }
}

#[test]
fn a_report_file_is_complete_or_does_not_exist() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[STARTTLS], &identity));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let args = ["--cacert", ca.path().to_str().unwrap(), "--json", "-o", file.to_str().unwrap()];
    let target = target(&server);
    let mut all = vec![target.as_str()];
    all.extend(args);
    let run = run(&all);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(report["verdict"], "pass");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
}

#[test]
fn no_control_character_from_the_server_reaches_the_terminal() {
    let script = "
        S. 220 \\x1b]52;c;aGk=\\x07\\x1b[31mred\\x9b\\xe2\\x80\\xae\\r\\n
        C
        S. 250-\\x1b]8;;http://evil.example\\x1b\\\\x\\x00y\\r\\n250 X\\xff\\xfe\\r\\n
        C
        S: 221 bye";
    let identity = Identity::new();
    for format in [&[][..], &["-v"], &["-q"], &["--json"]] {
        let server = Server::start(&[script], &identity);
        let target = target(&server);
        let mut args = vec![target.as_str()];
        args.extend(format);
        let run = run(&args);
        let bad: Vec<char> = run.stdout.chars().filter(|&c| c != '\n' && (c.is_control() || c == '\u{202e}')).collect();
        assert!(bad.is_empty(), "{format:?}: {bad:?} in {:?}", run.stdout);
    }
}

/// Asserts that the arguments cause exit code 2, one line on standard error and no other output.
fn assert_usage_error(args: &[&str], needle: &str) {
    let run = run(args);
    assert_eq!(run.code, 2, "{args:?}: {}", run.stdout);
    assert!(run.stderr.contains(needle), "{args:?}: {}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{args:?}: {}", run.stderr);
    assert_eq!(run.stdout, "", "{args:?}");
}

#[test]
fn an_invalid_client_certificate_file_is_a_usage_error_in_one_line_and_nothing_is_sent() {
    let identity = Identity::new();
    let server = Server::start(&[STARTTLS], &identity);
    let target = target(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        // A key that others can read causes an additional warning.
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (key, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let made = rcgen::CertificateParams::new(vec!["client.example.org".to_owned()]).unwrap().self_signed(&key).unwrap();
    let cert = file("cert.pem", made.pem().as_bytes());
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAoGCCqGSIb3DQUM\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAoGCCqGSIb3DQUM\n-----END RSA PRIVATE KEY-----\n";
    for (cert, key, needle) in [
        (&cert, &file("other.pem", other.serialize_pem().as_bytes()), "is not the key of the certificate"),
        (&cert, &file("locked.pem", locked.as_bytes()), "is encrypted"),
        (&cert, &file("old.pem", old.as_bytes()), "is encrypted"),
        (&cert, &file("key.der", &key.serialize_der()), "is DER"),
        (&cert, &file("empty.pem", b""), "contains no private key"),
        (&cert, &cert, "contains no private key"),
        (&file("cert.der", made.der()), &cert, "is DER"),
        (&file("no.pem", b"hello"), &cert, "contains no certificate"),
        (&folder.path().join("missing").to_str().unwrap().to_owned(), &cert, "no such file"),
    ] {
        assert_usage_error(&[&target, "--cert", cert, "--key", key], needle);
    }
    assert_usage_error(&[&target, "--key", &cert], "--cert");
    assert_usage_error(&[&target, "--cert-days", "7,21"], "--cert-days");
    assert_usage_error(&[&target, "--cert-days", "soon"], "--cert-days");
    assert_eq!(server.sessions(), 0);
    // Certificate and key can be in one file, as with curl.
    let both = file("both.pem", format!("{}{}", made.pem(), key.serialize_pem()).as_bytes());
    let ca = identity.ca_file();
    let run = run(&[&target, "--cert", &both, "--cacert", ca.path().to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_chain_of_one_megabyte_is_reported_without_being_read() {
    let identity = Identity::new().sending([vec![0x41; 1024 * 1024]]);
    let server = Server::start(&[STARTTLS], &identity);
    let run = run(&[&target(&server), "-k", "--json"]);
    assert_eq!(run.code, 6, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.rules(), ["tls-handshake-failed"]);
    assert!(run.stdout.contains("more than 64 KiB of certificates"), "{}", run.stdout);
    assert!(run.stdout.len() < 256 * 1024, "{}", run.stdout.len());
}

#[test]
fn of_a_hundred_certificates_all_are_counted_and_sixty_are_kept() {
    let identity = Identity::new();
    let other = identity.leaf_der().to_vec();
    let (ca, identity) = (identity.ca_file(), identity.sending(std::iter::repeat_n(other, 99)));
    let server = Server::start(&[STARTTLS], &identity);
    let run = run(&[&target(&server), "--cacert", ca.path().to_str().unwrap(), "--json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.rules(), ["certificate-chain-unnecessary"]);
    let report = run.json();
    assert_eq!(report["certificate"]["chain_length"], 100);
    assert_eq!(report["certificate"]["chain"].as_array().unwrap().len(), 60);
}

#[test]
fn a_scan_uses_at_most_twelve_more_connections() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[IMPLICIT], &identity));
    let run =
        run(&[&target(&server), "--tls", "implicit", "--cacert", ca.path().to_str().unwrap(), "--tls-scan", "--json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let scan = &run.json()["tls_scan"];
    assert_eq!(scan["inconclusive"], serde_json::Value::Null);
    let accepted: Vec<&str> =
        scan["versions"].as_array().unwrap().iter().map(|seen| seen["accepted"].as_str().unwrap()).collect();
    assert_eq!(accepted, ["yes", "yes", "no", "no", "no"]);
    assert_eq!(scan["certificates"].as_array().unwrap().len(), 1);
    let hellos = usize::try_from(scan["hellos"].as_u64().unwrap()).unwrap();
    assert!((8..=12).contains(&hellos), "{scan:#}");
    assert_eq!(server.sessions(), 1 + hellos);
}

#[test]
fn a_healthy_server_meets_a_profile_as_far_as_it_can_be_tested_from_outside() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[IMPLICIT], &identity));
    let ca = ca.path().to_str().unwrap();
    let arguments = [&target(&server), "--tls", "implicit", "--cacert", ca, "--tls-profile", "ncsc-nl-2025"];
    let json = run(&[&arguments[..], &["--json"]].concat());
    let verdict = &json.json()["tls_profile"];
    assert_eq!((verdict["met"].as_str(), &verdict["not_tested"]), (Some("yes"), &serde_json::json!([])), "{verdict:#}");
    let not_testable = verdict["not_testable"].to_string();
    for item in ["0-RTT in TLS 1.3", "the curve of its ECDSA certificate"] {
        assert!(not_testable.contains(item), "{not_testable}");
    }
    let text = run(&[&arguments[..], &["--width", "120"]].concat()).stdout;
    assert!(text.contains("2025-05: met in all tests that are possible from outside"), "{text}");
    assert!(text.contains("  not testable TLS 1.2 groups") && !text.contains("  not tested "), "{text}");
}

#[test]
fn tls_session_keys_are_written_only_to_the_file_named_by_sslkeylogfile() {
    let identity = Identity::new();
    let server = Server::start(&[STARTTLS], &identity);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys.log");
    run_with(&[&target(&server), "-k"], None, &[("SSLKEYLOGFILE", "")]);
    assert!(!log.exists());
    run_with(&[&target(&server), "-k"], None, &[("SSLKEYLOGFILE", log.to_str().unwrap())]);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.lines().any(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")), "{log}");
}

#[test]
fn show_chain_prints_the_chain_as_pem() {
    let identity = Identity::new();
    let server = Server::start(&[STARTTLS], &identity);
    let run = run(&[&target(&server), "-k", "--show-chain", "-q"]);
    let pem = run.stdout.split("-----END CERTIFICATE-----").next().unwrap();
    let base64: String = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64).unwrap();
    assert_eq!(der, identity.leaf_der(), "{}", run.stdout);
}

#[test]
fn invalid_arguments_are_a_usage_error_in_one_line_and_nothing_is_sent() {
    let identity = Identity::new();
    let server = Server::start(&[STARTTLS], &identity);
    let target = target(&server);
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("ca.pem");
    let missing = missing.to_str().unwrap();
    let not_pem = folder.path().join("not.pem");
    std::fs::write(&not_pem, "hello").unwrap();
    for (args, needle) in [
        (vec![target.as_str(), "--cacert", missing], "no such file"),
        (vec![target.as_str(), "--cacert", not_pem.to_str().unwrap()], "contains no certificate"),
        (vec![target.as_str(), "--user", "u"], "--password-stdin"),
        (vec![target.as_str(), "--user", "u", "--password", "x"], "--password: not supported"),
        (vec![target.as_str(), "--user", "u", "--password=x"], "--password: not supported"),
        (vec![target.as_str(), "--user", "u", "--password-file", missing], "no such file"),
        (
            vec![target.as_str(), "--user", "u", "--password-command", "echo no; echo why >&2; exit 3"],
            "exit code 3: why",
        ),
        (vec![target.as_str(), "--password-stdin", "--password-file", missing, "--user", "u"], "use only one of them"),
        (vec![target.as_str(), "--to", "a@example.org\r\nDATA"], "line break"),
        (vec![target.as_str(), "-o", missing], "does not exist"),
        (vec![target.as_str(), "--format", "yaml"], "text, json"),
        (vec![target.as_str(), "smtp.gmail.com;"], "did you mean smtp.gmail.com"),
        (vec!["--json"], "no target given"),
    ] {
        assert_usage_error(&args, needle);
    }
    assert_eq!(server.sessions(), 0);
}

#[test]
fn every_flag_can_be_set_in_the_environment_and_the_command_line_wins() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[STARTTLS, STARTTLS], &identity));
    let variables = [
        ("SMTPCHECK_CACERT", ca.path().to_str().unwrap()),
        ("SMTPCHECK_JSON", "1"),
        ("SMTPCHECK_EHLO", "from.environment.example"),
        ("SMTPCHECK_TIMEOUT", ""),
    ];
    let target = target(&server);
    let run = run_with(&[&target], None, &variables);
    assert_eq!(run.json()["plan"]["origins"]["ehlo"], "environment");
    assert_eq!(server.seen().lines[0], "EHLO from.environment.example");
    let run = run_with(&[&target, "--ehlo", "from.flag.example"], None, &variables);
    assert_eq!(run.code, 0);
    assert_eq!(server.seen().lines[0], "EHLO from.flag.example");
}

#[test]
fn a_target_can_be_an_ipv6_address() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    match Server::start_on("[::1]:0", &[STARTTLS], &identity) {
        Ok(server) => {
            let target = format!("[::1]:{}", server.port());
            let run = run(&[&target, "--cacert", ca.path().to_str().unwrap()]);
            assert_eq!(run.code, 0, "{}", run.stdout);
        }
        // Without IPv6 on this machine, the program must report that.
        Err(_) => {
            let run = run(&["[::1]:2525", "--json"]);
            assert_eq!(run.code, 3);
            assert!(run.rules().contains(&"connection-impossible".to_owned()), "{}", run.stdout);
        }
    }
}

#[test]
fn several_targets_end_with_their_common_exit_code_or_1() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    let good = Server::start(&[STARTTLS], &identity);
    let refusing = Server::start(&["S: 554 go away\nC\nS: 221 bye"], &identity);
    let busy = Server::start(&["S: 421 busy"], &identity);
    let (good, refusing, busy) = (target(&good), target(&refusing), target(&busy));
    let cacert = ca.path().to_str().unwrap();
    assert_eq!(run(&[&good, &refusing, "--cacert", cacert, "-q"]).code, 5);
    assert_eq!(run(&[&busy, &refusing, "-q"]).code, 1);
    let both = run(&[&busy, &refusing, "--json"]);
    let list: serde_json::Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    // Times are relative to the start of each check, so the second check starts at about 0.
    let begun = list[1]["probes"][0]["started_ms"].as_f64().unwrap();
    let first = list[0]["total_ms"].as_f64().unwrap();
    assert!(begun < first, "the second check started at {begun} ms, the first took {first} ms");
}

#[test]
fn a_name_that_does_not_resolve_causes_exit_code_3() {
    // RFC 6761 §6.4: names under `.invalid` never exist. Without a resolver, the lookup fails, which also results in
    // exit code 3.
    let run = run(&["no-such-host.invalid", "--connect-timeout", "3s", "--json"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    let rules = run.rules();
    assert!(rules == ["name-not-found"] || rules == ["name-lookup-failed"], "{rules:?}");
}

/// Clients such as OpenSSL accept the common name of a certificate that contains no other name. The server presents this
/// certificate for every server name, so the name is not the cause.
#[test]
fn a_certificate_with_only_a_common_name_does_not_need_another_server_name() {
    const SESSION: &str = "
        S: 220 mail.example.net ESMTP
        C
        S: 250-mail.example.net
        S: 250 STARTTLS
        C
        S: 220 ready
        TLS
        C
        S: 250 mail.example.net
        C
        S: 221 bye";
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "mail.example.net");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let server = Server::start(&[SESSION; 3], &Identity::of(certificate.pem(), vec![certificate.der().clone()], &key));
    let report = run(&[&format!("localhost:{}", server.address.port()), "-4", "--json"]).json();
    let rules: Vec<&str> =
        report["findings"].as_array().unwrap().iter().filter_map(|one| one["rule"].as_str()).collect();
    assert!(!rules.contains(&"tls-server-name-needed"), "{rules:?}");
    assert!(rules.contains(&"certificate-self-signed"), "{rules:?}");
}
