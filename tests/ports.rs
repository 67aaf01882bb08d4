//! `smtpcheck ports` and `smtpcheck providers`: the built program against scripted servers on loopback, and an inquiry
//! about several ports on a simulated cloud network.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::support::program::{Run, run};
use crate::support::server::{Identity, Server};
use serde_json::Value;
use smtpcheck::cli::{self, Invocation};
use smtpcheck::evidence::fault::ConnectFaultKind;
use smtpcheck::evidence::{
    Answer, ConnectFault, DialResult, EventKind, Fault, Lookup, Machine, NameSource, Names, Outcome, Phase, ProbeId,
};
use smtpcheck::inquiry::{self, Arrival, EvidenceListener, Gather};
use smtpcheck::lexicon::Confidence;
use smtpcheck::question::Question;
use smtpcheck::report::Report;
use smtpcheck::report::ports::{PORTS_SCHEMA, PortState, PortsReport};

const STARTTLS: &str = "
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250-AUTH LOGIN
    S: 250 STARTTLS
    C
    S: 220 go ahead
    TLS
    C
    S: 250-localhost
    S: 250 AUTH PLAIN LOGIN
    C
    S: 221 bye";

const PLAIN: &str = "
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250 HELP
    C
    S: 221 bye";

const IMPLICIT: &str = "
    TLS
    S: 220 localhost ESMTP
    C
    S: 250-localhost
    S: 250 AUTH PLAIN
    C
    S: 221 bye";

/// A port on which no program listens. It is below the range from which the system assigns ports, so no server of
/// another test can get it.
fn closed_port() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(18_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port.to_string();
        }
    }
}

/// The JSON result, after validating it against the schema and checking its exit code.
#[track_caller]
fn answer(run: &Run) -> Value {
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    let schema: Value = serde_json::from_str(PORTS_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("; "));
    assert_eq!(value["exit"]["code"], run.code, "{run}");
    value
}

#[test]
fn the_encrypted_port_is_recommended_and_each_server_gets_one_session() {
    let identity = Identity::new();
    let (ca, starttls, plain) =
        (identity.ca_file(), Server::start(&[STARTTLS], &identity), Server::start(&[PLAIN], &identity));
    let list = format!("{},{},{}", plain.port(), starttls.port(), closed_port());
    let run = run(&["ports", "127.0.0.1", "--ports", &list, "--cacert", ca.path().to_str().unwrap(), "--json"]);
    let answer = answer(&run);
    assert_eq!(run.code, 0, "{run}");
    let ports = answer["ports"].as_array().unwrap();
    let states: Vec<&str> = ports.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["open", "open", "refused"]);
    assert_eq!(ports[0]["tls"]["mode"], "none");
    assert_eq!((&ports[1]["tls"]["mode"], &ports[1]["tls"]["verifies"]), (&"starttls".into(), &true.into()));
    assert_eq!(ports[1]["auth_before_tls"], serde_json::json!(["LOGIN"]));
    assert_eq!(ports[1]["auth_inside_tls"], serde_json::json!(["PLAIN", "LOGIN"]));
    assert!(ports[1]["tls"]["days_left"].as_i64().unwrap() > 200 && ports[1]["greeting_ms"].is_f64());
    assert_eq!(answer["recommendation"]["submission"]["port"].to_string(), starttls.port());
    assert_eq!((starttls.sessions(), plain.sessions()), (1, 1));
    assert!(starttls.seen().lines.iter().all(|line| !line.starts_with("AUTH") && !line.starts_with("MAIL")));
}

#[test]
fn implicit_tls_on_a_port_without_a_registered_use_is_recognised() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&["wait", IMPLICIT], &identity));
    let ca = ca.path().to_str().unwrap();
    let run = run(&["ports", "127.0.0.1", "--ports", &server.port(), "--cacert", ca, "--timeout", "5s", "--json"]);
    let answer = answer(&run);
    assert_eq!((run.code, &answer["ports"][0]["tls"]["mode"]), (0, &"implicit".into()), "{run}");
    assert_eq!(answer["ports"][0]["auth_inside_tls"], serde_json::json!(["PLAIN"]));
}

#[test]
fn the_exit_code_is_that_of_the_best_port() {
    let identity = Identity::new();
    let imap = "S: * OK IMAP4rev1 ready\nwait";
    let refuses = "S: 554 5.7.1 go away\nC\nS: 221 bye";
    // Only the server that stays silent needs a short time limit. On a busy machine, the other servers may not send a
    // greeting within such a limit.
    for (script, timeout, state, code) in [
        (STARTTLS, "30s", "open", 6),
        (imap, "30s", "not-smtp", 8),
        (refuses, "30s", "open", 5),
        ("wait", "300ms", "open", 3),
    ] {
        let server = Server::start(&[script], &identity);
        let list = format!("{},{}", closed_port(), server.port());
        let run = run(&["ports", "127.0.0.1", "--ports", &list, "--timeout", timeout, "--json"]);
        let answer = answer(&run);
        assert_eq!((answer["ports"][1]["state"].as_str(), run.code), (Some(state), code), "{run}");
        assert_eq!(answer["recommendation"]["submission"], Value::Null);
    }
}

#[test]
fn an_unencrypted_port_is_not_recommended_instead_of_one_with_an_untrusted_certificate() {
    let identity = Identity::new();
    let (starttls, plain) = (Server::start(&[STARTTLS], &identity), Server::start(&[PLAIN], &identity));
    let list = format!("{},{}", plain.port(), starttls.port());
    let run = run(&["ports", "127.0.0.1", "--ports", &list, "--json"]);
    assert_eq!((answer(&run).pointer("/recommendation/submission"), run.code), (Some(&Value::Null), 6), "{run}");
}

#[test]
fn ports_with_different_certificates_are_reported() {
    let (one, other) = (Identity::new(), Identity::new());
    let ca = one.ca_file();
    for (second, count) in [(&one, 1), (&other, 2)] {
        let first = Server::start(&[STARTTLS, STARTTLS], &one);
        let second = Server::start(&[IMPLICIT, IMPLICIT], second);
        let list = format!("{},{}", first.port(), second.port());
        let args = ["ports", "127.0.0.1", "--ports", &list, "--timeout", "2s", "--cacert", ca.path().to_str().unwrap()];
        let json = run(&[&args[..], &["--json"]].concat());
        assert_eq!(answer(&json)["certificates"].as_array().unwrap().len(), count, "{json}");
    }
}

#[test]
fn the_note_about_different_certificates_names_the_ports_of_each() {
    let (one, other) = (Identity::new(), Identity::new());
    let servers = [Server::start(&[STARTTLS], &one), Server::start(&[STARTTLS], &other)];
    let list = format!("{},{}", servers[0].port(), servers[1].port());
    let run = run(&["ports", "127.0.0.1", "--ports", &list, "--width", "200"]);
    let note = run.stdout.lines().find(|line| line.contains("different certificates")).unwrap_or_default();
    assert!(servers.iter().all(|server| note.contains(&format!("{} (", server.port()))), "{run}");
}

#[test]
fn quiet_prints_the_verdict_verbose_adds_each_session_and_a_file_gets_everything() {
    let identity = Identity::new();
    let called = |more: &[&str]| {
        let server = Server::start(&[PLAIN], &identity);
        let port = server.port();
        run(&[&["ports", "127.0.0.1", "--ports", &port][..], more].concat())
    };
    let quiet = called(&["-q"]);
    assert!(quiet.stdout.starts_with("PASS  1 of 1 ports open") && quiet.stdout.lines().count() == 1, "{quiet}");
    assert!(!called(&[]).stdout.contains("250-localhost"));
    assert!(called(&["-v"]).stdout.contains("250-localhost"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let whole = called(&["--json", "-o", file.path().to_str().unwrap()]);
    assert_eq!(whole.stdout, "", "{whole}");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
    assert_eq!(written["exit"]["code"], 0);
    assert_eq!(called(&["-q", "-v"]).code, 2);
}

#[test]
fn fail_on_and_ignore_change_the_exit_code_and_not_the_recommendation() {
    let identity = Identity::new();
    for (more, code) in [
        (&["--fail-on", "warning"][..], 0),
        (&["--fail-on", "notice"], 1),
        (&["--fail-on", "notice", "--ignore", "starttls-not-offered"], 0),
        (&["--fail-on", "never"], 0),
    ] {
        let server = Server::start(&[PLAIN], &identity);
        let port = server.port();
        let run = run(&[&["ports", "127.0.0.1", "--ports", &port, "--json"][..], more].concat());
        let answer = answer(&run);
        assert_eq!(run.code, code, "{more:?} {run}");
        assert_eq!(answer["recommendation"]["submission"]["port"].to_string(), port, "{run}");
    }
    let refuses = Server::start(&["S: 554 5.7.1 go away\nC\nS: 221 bye"], &identity);
    let run = run(&["ports", "127.0.0.1", "--ports", &refuses.port(), "--fail-on", "never", "--json"]);
    assert_eq!((answer(&run)["recommendation"]["submission"].clone(), run.code), (Value::Null, 0), "{run}");
}

#[test]
fn an_unknown_host_and_one_that_refuses_every_connection_are_unreachable() {
    let closed = closed_port();
    for args in [
        &["ports", "nosuch.invalid", "--resolver", "127.0.0.1:1", "--connect-timeout", "2s"][..],
        &["ports", "127.0.0.1", "--ports", &closed],
    ] {
        let text = run(args);
        assert_eq!(text.code, 3, "{text}");
        assert!(text.stdout.contains("note   no usable port"), "{text}");
        assert_eq!(answer(&run(&[args, &["--json"]].concat())).pointer("/exit/retryable"), Some(&true.into()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_that_drops_connection_requests_is_silent() {
    use std::net::TcpStream;
    use std::time::Duration;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _inside = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // The kernel drops connection requests while the queue of a listener is full.
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        held.push(stream);
    }
    let port = address.port().to_string();
    let run = run(&["ports", "127.0.0.1", "--ports", &port, "--connect-timeout", "300ms", "--json"]);
    let answer = answer(&run);
    assert_eq!((answer["ports"][0]["state"].as_str(), run.code), (Some("silent"), 3), "{run}");
}

#[test]
fn the_table_fits_the_width_and_has_the_same_content_without_colour_and_unicode() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[STARTTLS], &identity));
    let list = format!("{},{}", server.port(), closed_port());
    let args = ["ports", "127.0.0.1", "--ports", &list, "--cacert", ca.path().to_str().unwrap(), "--ascii"];
    for width in ["80", "120"] {
        let plain = run(&[&args[..], &["--width", width]].concat());
        assert!(plain.stdout.is_ascii(), "{plain}");
        let limit = width.parse().unwrap();
        assert!(plain.stdout.lines().all(|line| line.len() <= limit), "{plain}");
        for word in ["open", "refused", "STARTTLS 1.3", "PLAIN LOGIN", "before TLS: LOGIN", "ok 2", "PASS"] {
            assert!(plain.stdout.contains(word), "{word}: {plain}");
        }
        let coloured = run(&[&args[..], &["--width", width, "--color", "always"]].concat());
        assert!(coloured.stdout.contains("\x1b["), "{coloured}");
        for word in ["open", "refused", "PASS", "before TLS: LOGIN"] {
            assert!(coloured.stdout.contains(word), "{word}: {coloured}");
        }
    }
}

#[test]
fn no_control_character_from_the_server_reaches_the_terminal() {
    let script = "
        S. 220 \\x1b]52;c;aGk=\\x07red\\x9b\\r\\n
        C
        S. 250-\\x1b[31m\\r\\n250-AUTH \\x1b[31mPLAIN\\x07\\r\\n250 X\\xff\\r\\n
        C
        S: 221 bye";
    let identity = Identity::new();
    for format in [&[][..], &["--json"], &["--width", "120"]] {
        let server = Server::start(&[script], &identity);
        let port = server.port();
        let run = run(&[&["ports", "127.0.0.1", "--ports", &port][..], format].concat());
        assert!(run.stdout.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", run.stdout);
    }
}

#[test]
fn invalid_arguments_are_a_usage_error_in_one_line() {
    for (args, needle) in [
        (&["ports"][..], "no host given"),
        (&["ports", "h.example", "--ports", "abc"], "abc is not a port"),
        (&["ports", "h.example", "--ports", "0"], "0 is not a port"),
        (&["ports", "h.example", "--ports", "25,25"], "port 25 is listed twice"),
        (&["ports", "h.example", "--cacert", "/nonexistent/ca.pem"], "no such file"),
        (&["ports", "h.example", "--user", "u"], "--user"),
        (&["providers", "gmial"], "did you mean gmail"),
        (&["providers", "qqqqqqqqqq"], "unknown provider"),
        (&["schema", "nonsense"], "use one of report, event, suite, run, batch, watch, run-list, ports"),
    ] {
        let run = run(args);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}: {run}");
        assert!(run.stderr.contains(needle) && run.stderr.lines().count() == 1, "{args:?}: {run}");
    }
}

#[test]
fn a_provider_is_found_by_id_name_and_host() {
    for name in ["gmail", "Gmail", "smtp.gmail.com", "googlemail.com"] {
        let page = run(&["providers", name]);
        assert_eq!(page.code, 0, "{page}");
        for words in ["smtp.gmail.com", "465", "app password", "https://myaccount.google.com/apppasswords", "reviewed"]
        {
            assert!(page.stdout.contains(words), "{name}: {words}: {page}");
        }
        assert!(page.stdout.ends_with("next      smtpcheck smtps://smtp.gmail.com:465 --user USER\n"), "{page}");
    }
    assert!(run(&["providers", "tuta"]).stdout.contains("does not support SMTP"));
}

#[test]
fn the_table_and_the_json_contain_all_providers() {
    let known = smtpcheck::lexicon::providers::all();
    for width in ["80", "120"] {
        let list = run(&["providers", "--width", width]);
        let limit: usize = width.parse().unwrap();
        assert!(list.stdout.lines().all(|line| line.chars().count() <= limit), "{list}");
        assert!(known.iter().all(|provider| list.stdout.lines().any(|line| line.starts_with(&*provider.id))), "{list}");
    }
    let json: Value = serde_json::from_str(&run(&["providers", "--json"]).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), known.len());
    assert_eq!(json[0]["ports"][0], serde_json::json!({ "port": 465, "tls": "implicit" }));
}

/// A virtual machine at Amazon EC2. Some ports of the host do not respond; the other ports send a greeting.
struct Cloud {
    silent: &'static [u16],
    asked: Vec<Question>,
    arrivals: VecDeque<Arrival>,
}

impl Gather for Cloud {
    fn stop(&mut self, _: ProbeId) {}

    fn ask(&mut self, id: ProbeId, question: &Question) {
        self.asked.push(question.clone());
        let address: std::net::IpAddr = "198.51.100.25".parse().unwrap();
        let outcome = match question {
            Question::Resolve { host } => Outcome::Done {
                answer: Answer::Names(Names {
                    host: host.clone(),
                    source: NameSource::System,
                    resolvers: Vec::new(),
                    a: Lookup::answered(vec![address], 1.0),
                    aaaa: Lookup::Empty { ms: 1.0 },
                }),
            },
            Question::Hello(_) => unreachable!("no handshake fails in this network"),
            Question::Records(_) | Question::Fetch(_) => unreachable!("only a check of a domain asks this"),
            Question::Machine { .. } => {
                let dmi = [("sys_vendor".to_owned(), "Amazon EC2".to_owned())].into();
                Outcome::Done { answer: Answer::Machine(Machine { dmi, ..Machine::default() }) }
            }
            Question::Session(request) if self.silent.contains(&request.port) => {
                let connect =
                    ConnectFault { kind: ConnectFaultKind::TimedOut, errno: None, detail: "silence".to_owned() };
                let result = DialResult::Failed { fault: connect.clone() };
                self.happens(
                    id,
                    EventKind::Dialled { address: SocketAddr::new(address, request.port), started_ms: 0.0, result },
                );
                Outcome::Failed { fault: Fault::NotConnected { connect } }
            }
            Question::Session(request) => {
                let local = "192.0.2.9:40000".parse().unwrap();
                let address = SocketAddr::new(address, request.port);
                let result = DialResult::Connected { local };
                self.happens(id, EventKind::Dialled { address, started_ms: 0.0, result });
                let reply = smtpcheck::wire::reply::from_text("220 mail.example.net ESMTP").unwrap();
                self.happens(id, EventKind::Received { reply, recipient: None });
                Outcome::Done { answer: Answer::Session }
            }
        };
        self.arrivals.push_back(Arrival::Answered { probe: id, at_ms: 2.0, outcome });
    }

    async fn next(&mut self) -> Arrival {
        self.arrivals.pop_front().expect("an open question without an answer")
    }

    fn now_ms(&self) -> f64 {
        1.0
    }
}

impl Cloud {
    fn happens(&mut self, probe: ProbeId, what: EventKind) {
        let phase = if matches!(what, EventKind::Dialled { .. }) { Phase::Connect } else { Phase::Greeting };
        self.arrivals.push_back(Arrival::Event { probe, at_ms: 1.0, phase, tls: false, what });
    }
}

struct NoListener;

impl EvidenceListener for NoListener {}

/// Checks all mail ports from that machine. Returns the reports and the questions that were asked.
fn from_the_cloud(silent: &'static [u16]) -> (Vec<Report>, Vec<Question>) {
    let words = ["ports", "mail.example.net"].map(Into::into).to_vec();
    let Ok(Invocation::Ports(args, matches)) = cli::parse(words) else {
        panic!("the arguments are not those of smtpcheck ports")
    };
    let plans = cli::plan::ports(&args, &matches, None).unwrap();
    let mut cloud = Cloud { silent, asked: Vec::new(), arrivals: VecDeque::new() };
    let now = "2026-11-21T09:00:00Z".parse().unwrap();
    let (evidence, ended) = inquiry::at_once(inquiry::inquire_all(&plans, &mut cloud, now, &mut NoListener)).unwrap();
    let reports = plans.into_iter().zip(evidence).map(|(plan, seen)| Report::new(plan, seen, &ended, 2.0)).collect();
    (reports, cloud.asked)
}

#[test]
fn a_cloud_that_blocks_a_port_is_the_likely_cause_for_that_port_only() {
    let (reports, _) = from_the_cloud(&[25, 465, 587, 2525]);
    let findings: Vec<_> = reports.iter().map(|report| &report.findings[0]).collect();
    assert!(findings.iter().all(|finding| finding.rule == "connection-timed-out"));
    assert_eq!(findings[0].confidence, Confidence::Likely);
    assert!(findings[0].cause.starts_with("This machine runs on Amazon EC2"), "{}", findings[0].cause);
    assert!(findings[0].otherwise.as_ref().is_some_and(|words| words.contains("another network")));
    assert!(findings[1..].iter().all(|finding| !finding.cause.contains("Amazon")), "Amazon does not block port 587");
}

#[test]
fn port_25_without_a_response_is_blocked_by_the_cloud_and_no_question_is_asked_twice() {
    let (reports, asked) = from_the_cloud(&[25]);
    let sessions = asked.iter().filter(|question| matches!(question, Question::Session(_))).count();
    assert_eq!((sessions, asked.len()), (4, 6), "one lookup, one question about the machine: {asked:?}");
    let host = reports[0].plan.target.host.clone();
    let finding = reports[0].findings.iter().find(|finding| finding.rule == "connection-timed-out").unwrap();
    assert_eq!(finding.confidence, Confidence::Likely);
    assert!(
        finding.cause.contains("responds on ports 587, 465 and 2525")
            || finding.cause.contains("responds on ports 465 and 587"),
        "{}",
        finding.cause
    );
    assert!(finding.cause.contains("Amazon EC2") && finding.otherwise.is_some(), "{}", finding.cause);
    assert!(finding.fixes.iter().any(|fix| fix.url.as_ref().is_some_and(|url| url.contains("aws.amazon.com"))));
    let answer = PortsReport::new(host, &reports, 2.0);
    assert_eq!(answer.ports[0].state, PortState::Silent);
    let text = smtpcheck::render::ports::render(&answer, &reports, &smtpcheck::render::Display::plain());
    assert!(text.contains("NOTE connection-timed-out  port 25"), "{text}");
}
