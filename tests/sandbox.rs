//! Every sandbox scenario against the built program: the findings and the exit code are those listed for the scenario,
//! time and memory stay within limits, and control characters from the server are escaped in every format.
//!
//! `cargo test --test program -- --nocapture sandbox::table` prints the table of all scenarios with their results.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failing test panics"
)]

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use smtpcheck::render::{self, Colour, Display, Verbosity};
use smtpcheck::report::Report;
use smtpcheck::sandbox::scenario::{ClientTrust, proxy_url};
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenarios};

use crate::support;
use crate::support::leak::{CANARY, leaks};
use crate::support::program;

/// The maximum peak memory of a run, in any scenario.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;
/// How much longer a run may take than its deadline on a machine with much other work.
const GRACE: Duration = Duration::from_secs(10);

/// A sandbox with all scenarios. Its thread ends with the test program.
struct TestSandbox {
    addresses: BTreeMap<&'static str, String>,
    folder: tempfile::TempDir,
    authority: String,
    client_certificate: String,
    _running: Running,
}

impl TestSandbox {
    fn open() -> TestSandbox {
        let all: Vec<&'static Scenario> = scenarios().collect();
        let listen = std::net::Ipv4Addr::LOCALHOST.into();
        let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
        let sandbox = Sandbox::open(&all, &options).unwrap();
        let addresses = sandbox.services().iter().map(|one| (one.scenario.name, one.address.to_string())).collect();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let authority = write("ca.pem", sandbox.authorities().unwrap());
        let client_certificate = write("client.pem", sandbox.client_certificate().unwrap());
        TestSandbox { addresses, authority, client_certificate, _running: sandbox.spawn(None).unwrap(), folder }
    }

    /// The arguments of a check that reveals the scenario's fault.
    fn arguments(&self, scenario: &Scenario, secret: Option<&str>) -> Vec<String> {
        let address = &self.addresses[scenario.name];
        let mut words = match scenario.client.host {
            None => vec![format!("{}{address}", scenario.client.scheme)],
            Some(host) => {
                let (ip, port) = address.rsplit_once(':').unwrap();
                vec![
                    format!("{}{host}:{port}", scenario.client.scheme),
                    "--resolve".to_owned(),
                    format!("{host}:{port}:{ip}"),
                ]
            }
        };
        words.extend(scenario.client.flags.iter().map(|flag| match *flag {
            "{client-certificate}" => self.client_certificate.clone(),
            flag => proxy_url(flag, address.parse().unwrap()).unwrap_or_else(|| flag.to_owned()),
        }));
        if scenario.client.trust == ClientTrust::Sandbox {
            words.extend(["--cacert".to_owned(), self.authority.clone()]);
        }
        if let Some(secret) = secret {
            let path = self.folder.path().join(format!("secret-{}", scenario.name));
            std::fs::write(&path, secret).unwrap();
            words.extend(["--password-file".to_owned(), path.to_str().unwrap().to_owned()]);
        }
        words
    }
}

/// The result of checking a scenario.
struct Outcome {
    scenario: &'static Scenario,
    code: i32,
    rules: Vec<String>,
    json: String,
    took: Duration,
    peak: u64,
}

/// All scenarios, each checked once for all tests of this file.
fn sandbox() -> &'static (TestSandbox, Vec<Outcome>) {
    static SANDBOX: OnceLock<(TestSandbox, Vec<Outcome>)> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let sandbox = TestSandbox::open();
        let seen = in_parallel(scenarios().collect(), |scenario| check(&sandbox, scenario));
        (sandbox, seen)
    })
}

fn check(sandbox: &TestSandbox, scenario: &'static Scenario) -> Outcome {
    let words = sandbox.arguments(scenario, scenario.client.secret);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
    let began = Instant::now();
    let child = program::command(&words).spawn().unwrap();
    let watch = peak_of(child.id());
    let run = program::finish(child);
    let took = began.elapsed();
    let report = run.json();
    let rules = program::findings(&report).into_iter().map(|(rule, _)| rule).collect();
    Outcome { scenario, code: run.code, rules, json: run.stdout, took, peak: watch.join().unwrap() }
}

/// The peak memory of a process in bytes, read until the process ends. 0 if the system does not provide it.
fn peak_of(id: u32) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kilobytes) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            peak = kilobytes * 1024;
            std::thread::park_timeout(Duration::from_millis(3));
        }
        peak
    })
}

/// Does the work for all values, eight at a time, because most of them wait for a server.
fn in_parallel<T: Send, R: Send>(all: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(all.into_iter().enumerate());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((at, one)) = next else { break };
                    let result = work(one);
                    results.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The deadline in the arguments of the scenario's client.
fn deadline(scenario: &Scenario) -> Duration {
    let at = scenario.client.flags.iter().position(|flag| *flag == "--max-time");
    let seconds = at.map_or(60, |at| scenario.client.flags[at + 1].trim_end_matches('s').parse().unwrap());
    Duration::from_secs(seconds)
}

#[test]
fn table() {
    let (_, seen) = sandbox();
    println!("{:<36} {:>4} {:>7} {:>7}  findings", "scenario", "exit", "ms", "MiB");
    for one in seen {
        let (ms, mib) = (one.took.as_millis(), one.peak as f64 / 1024.0 / 1024.0);
        let wrong = if one.rules == one.scenario.expect && one.code == i32::from(one.scenario.exit) {
            ""
        } else {
            "  <- WRONG"
        };
        println!("{:<36} {:>4} {ms:>7} {mib:>7.1}  {}{wrong}", one.scenario.name, one.code, one.rules.join(" "));
    }
    assert_eq!(seen.len(), scenarios().count());
}

#[test]
fn every_scenario_has_its_promised_findings_and_exit_code() {
    let mut wrong = Vec::new();
    for one in &sandbox().1 {
        if one.rules != one.scenario.expect {
            wrong.push(format!("{}: {:?}, not {:?}", one.scenario.name, one.rules, one.scenario.expect));
        }
        if one.code != i32::from(one.scenario.exit) {
            wrong.push(format!("{}: exit {}, not {}", one.scenario.name, one.code, one.scenario.exit));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_scenario_meets_its_deadline_and_the_memory_limit() {
    for one in &sandbox().1 {
        let name = one.scenario.name;
        assert!(one.took <= deadline(one.scenario) + GRACE, "{name} took {:?}", one.took);
        assert!(one.peak <= MAX_MEMORY, "{name} used {} bytes", one.peak);
    }
    // The memory of a run that ends within a few milliseconds may not be read in time.
    if cfg!(target_os = "linux") {
        let all = sandbox().1.len();
        let looked_at = sandbox().1.iter().filter(|one| one.peak > 0).count();
        assert!(looked_at * 10 >= all * 9, "the memory of {looked_at} of {all} was measured");
    }
}

/// Everything that the program can print for a report.
fn renderings(json: &str) -> Vec<(String, String)> {
    let report = Report::load(json).unwrap();
    let mut all = Vec::new();
    for format in render::FORMATS {
        for volume in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            // Only the text has colours. If another format printed some, they would be found with `Colour::On`.
            let colours = if format.name == "text" { &[Colour::Off, Colour::On][..] } else { &[Colour::On] };
            for &colour in colours {
                let look = Display { colour, volume, ..Display::plain() };
                all.push((format!("{} {volume:?} {colour:?}", format.name), format.one(&report, &look)));
            }
        }
    }
    all
}

#[test]
fn no_format_prints_a_control_character_from_the_server() {
    in_parallel(sandbox().1.iter().collect(), |one: &Outcome| {
        for (how, text) in renderings(&one.json) {
            let bare = without_colours(&text);
            let bad: Vec<char> = bare.chars().filter(|&c| c != '\n' && acts_on_a_terminal(c)).collect();
            assert!(bad.is_empty(), "{} as {how}: {bad:?}", one.scenario.name);
        }
    });
}

/// The formats for programs are valid in every scenario. `tests/formats/hostile.rs` tests text that imitates their
/// syntax.
#[test]
fn every_format_for_programs_is_valid() {
    for one in &sandbox().1 {
        let report = Report::load(&one.json).unwrap();
        let render = |name: &str| render::format(name).unwrap().one(&report, &Display::plain());
        let name = one.scenario.name;
        assert!(render("ndjson").lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{name}");
        let xml = render("junit");
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut cases = 0;
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}: {xml}")) {
                quick_xml::events::Event::Start(tag) if tag.name().as_ref() == b"testcase" => cases += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(cases, 1, "{name}");
        let page = render("html");
        let body = page.split_once("</style>").unwrap().1;
        for tag in body.split('<').skip(1) {
            let known = [
                "a", "article", "body", "code", "dd", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "head", "header",
                "html", "li", "main", "ol", "p", "pre", "rect", "span", "svg", "table", "td", "th", "tr", "ul",
            ];
            let word = tag.trim_start_matches('/').split([' ', '>', '/']).next().unwrap();
            assert!(known.contains(&word), "{name}: <{tag}");
        }
        let annotations = render("github");
        assert!(
            annotations.lines().all(|line| {
                ["::error title=", "::warning title=", "PASS ", "FAIL ", "INCOMPLETE "]
                    .iter()
                    .any(|begin| line.starts_with(begin))
            }),
            "{name}: {annotations}"
        );
        assert_eq!(render("nagios").matches('|').count(), 1, "{name}");
    }
}

/// The text without colour sequences (SGR), which only smtpcheck itself prints, in `render/style`.
fn without_colours(text: &str) -> String {
    let mut rest = text;
    let mut bare = String::new();
    while let Some(at) = rest.find("\u{1b}[") {
        bare.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        if !after[end..].starts_with('m') {
            bare.push('\u{1b}');
            rest = after;
            continue;
        }
        rest = &after[end + 1..];
    }
    bare + rest
}

fn acts_on_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn the_live_output_contains_no_control_character_from_the_server() {
    let (sandbox, _) = sandbox();
    let poisoned = scenarios().filter(|one| one.name.starts_with("poisoned")).collect();
    let outputs = in_parallel(poisoned, |scenario: &'static Scenario| {
        let words = sandbox.arguments(scenario, scenario.client.secret);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["-v", "--color", "always"]).collect();
        (scenario.name, program::run_with(&words, None, &[("RUST_LOG", "trace")]))
    });
    assert_eq!(outputs.len(), 4);
    for (name, run) in outputs {
        for text in [&run.stdout, &run.stderr] {
            let bare = without_colours(text);
            let bad: Vec<char> = bare.chars().filter(|&c| c != '\n' && acts_on_a_terminal(c)).collect();
            assert!(bad.is_empty(), "{name}: {bad:?} in {text}");
        }
    }
}

#[test]
fn no_login_shows_the_password_in_any_format() {
    let (sandbox, _) = sandbox();
    let logins: Vec<_> = scenarios().filter(|scenario| scenario.client.secret.is_some()).collect();
    assert!(logins.len() > 30);
    in_parallel(logins, |scenario: &'static Scenario| {
        let words = sandbox.arguments(scenario, Some(CANARY));
        for flags in [&["--json"][..], &["-v"], &["-q"]] {
            let words: Vec<&str> = words.iter().map(String::as_str).chain(flags.iter().copied()).collect();
            // `run` searches the output for the password.
            let run = program::run_with(&words, None, &[("RUST_LOG", "trace")]);
            if flags == ["--json"] {
                for (how, text) in renderings(&run.stdout) {
                    assert_eq!(leaks(text.as_bytes()), Vec::<&str>::new(), "{} as {how}", scenario.name);
                }
            }
        }
    });
}

#[test]
fn a_password_that_a_server_repeats_is_not_shown() {
    let (_, seen) = sandbox();
    let echo: Vec<&Outcome> = seen.iter().filter(|one| one.scenario.name.contains("echo")).collect();
    assert_eq!(echo.len(), 2);
    for one in echo {
        for (how, text) in renderings(&one.json) {
            for form in ["open-sesame-42", "b3Blbi1zZXNhbWUtNDI", "6f70656e2d736573616d652d3432"] {
                assert!(!text.contains(form), "{} as {how}: {form}", one.scenario.name);
            }
        }
    }
}

#[test]
fn every_rule_that_a_server_can_raise_has_a_scenario() {
    /// Rules that need more than a server: a host name, a network, a flag or a provider's host.
    const NOT_IN_THE_SANDBOX: &[(&str, &str)] = &[
        ("name-not-found", "a host name"),
        ("name-without-address", "a host name"),
        ("name-lookup-failed", "a DNS server"),
        ("name-points-elsewhere", "a provider's host name"),
        ("name-with-many-addresses", "a DNS server"),
        ("connection-refused", "a closed port"),
        ("connection-timed-out", "a network that drops packets"),
        ("connection-impossible", "a machine without a network"),
        ("address-unreachable", "a host with two address families"),
        ("resolve-entry-unused", "a flag"),
        // tests/trust_store.rs raises it.
        ("trust-store-missing", "a machine without a trust store"),
        ("starttls-stripped", "a provider's host on a port that it serves"),
        ("lmtp-on-port-25", "port 25"),
        // tests/sockets.rs raises them.
        ("socket-access-denied", "a Unix socket"),
        ("socket-missing", "a Unix socket"),
        ("socket-not-served", "a Unix socket"),
        ("socket-unsuitable", "a Unix socket"),
        ("source-address-missing", "a flag"),
        ("source-family-mismatch", "a flag"),
        ("source-port-unavailable", "a flag"),
        ("proxy-name-unknown", "a host name"),
        ("proxy-unreachable", "a closed port"),
        ("proxy-password-unencrypted", "a proxy on another machine"),
        // tests/watch.rs raises them with several servers.
        ("backend-fails", "a name with several IP addresses"),
        ("backend-certificate-differs", "a name with several IP addresses"),
        ("backend-tls-differs", "a name with several IP addresses"),
        ("backend-extensions-differ", "a name with several IP addresses"),
        ("backend-tickets-differ", "a name with several IP addresses"),
    ];
    let fired: Vec<&str> = scenarios().flat_map(|scenario| scenario.expect.iter().copied()).collect();
    for (rule, why) in NOT_IN_THE_SANDBOX {
        assert!(!fired.contains(rule), "{rule} has a scenario, but is listed as needing {why}");
    }
    // tests/domains.rs tests the same for the rules about domains.
    let missing: Vec<&str> = smtpcheck::check::CHECKS
        .iter()
        .flat_map(|check| check.rules.iter().map(|rule| rule.id))
        .filter(|id| !fired.contains(id) && !NOT_IN_THE_SANDBOX.iter().any(|(rule, _)| rule == id))
        .collect();
    assert!(missing.is_empty(), "no scenario raises {missing:?}");
    let known: Vec<&str> = smtpcheck::check::rules().map(|rule| rule.id).collect();
    let unknown: Vec<&&str> = fired.iter().filter(|id| !known.contains(*id)).collect();
    assert!(unknown.is_empty(), "no rule is called {unknown:?}");
}

#[test]
fn scenario_names_are_unique_and_in_kebab_case() {
    let mut seen = std::collections::BTreeSet::new();
    for scenario in scenarios() {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        assert!(scenario.name.chars().all(fits), "{}", scenario.name);
        assert!(seen.insert(scenario.name), "{} is used twice", scenario.name);
        assert!(!scenario.summary.ends_with('.') && scenario.summary.len() > 10, "{}", scenario.summary);
    }
}

/// `tests/fixes.rs` tests the same for the lexicon and the transcripts.
#[test]
fn every_command_that_a_report_suggests_works_there() {
    let mut wrong = Vec::new();
    for one in &sandbox().1 {
        let report = Report::load(&one.json).unwrap();
        let mistakes = support::commands::mistakes_in(&report);
        wrong.extend(mistakes.into_iter().map(|mistake| format!("{}: {mistake}", one.scenario.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
