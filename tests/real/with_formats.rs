//! The formats in the programs that read them: the HTML page in Chromium, the metrics in promtool, JUnit in a schema
//! validator, and the plugin's output compared with that of the real check_smtp. The servers are those of the sandbox.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use smtpcheck::sandbox::scenario::ClientTrust;
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenarios};

use crate::support::program::{Run, command, finish, run};

/// All servers of the sandbox. They run until the test program ends.
static SANDBOX: LazyLock<TestSandbox> = LazyLock::new(TestSandbox::open);

struct TestSandbox {
    addresses: BTreeMap<&'static str, String>,
    folder: tempfile::TempDir,
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
        std::fs::write(folder.path().join("ca.pem"), sandbox.authorities().unwrap()).unwrap();
        TestSandbox { addresses, _running: sandbox.spawn(None).unwrap(), folder }
    }

    fn authority(&self) -> String {
        self.folder.path().join("ca.pem").to_str().unwrap().to_owned()
    }

    /// Checks a scenario with `--report` for these formats. Returns the folder with the report files.
    fn reports(&self, name: &str, formats: &[&str]) -> PathBuf {
        let scenario = scenarios().find(|one| one.name == name).unwrap();
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut words = vec![self.addresses[name].clone(), "-v".to_owned()];
        words.extend(scenario.client.flags.iter().map(|flag| (*flag).to_owned()));
        if scenario.client.trust == ClientTrust::Sandbox {
            words.extend(["--cacert".to_owned(), self.authority()]);
        }
        if let Some(secret) = scenario.client.secret {
            let file = folder.join("secret");
            std::fs::write(&file, secret).unwrap();
            words.extend(["--password-file".to_owned(), file.to_str().unwrap().to_owned()]);
        }
        for format in formats {
            words.push(format!("--report={format}={}", folder.join(format!("{name}.{format}")).display()));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = run(&words);
        assert_eq!(run.code, i32::from(scenario.exit), "{name}: {run}");
        folder
    }
}

/// A healthy server, one of each kind of failure that is displayed differently, and a hostile server.
const SHOWN: &[&str] = &[
    "healthy-submission",
    "certificate-three-faults",
    "certificate-many-names",
    "auth-wrong-password",
    "recipient-unknown",
    "starttls-masked",
    "greeting-refused",
    "greeting-http",
    "scan-old-versions",
    "tls-alert",
];

fn shown() -> Vec<&'static str> {
    let poisoned = SANDBOX.addresses.keys().copied().filter(|name| name.starts_with("poisoned"));
    let all: Vec<&str> = SHOWN.iter().copied().chain(poisoned).collect();
    assert!(all.len() > SHOWN.len());
    all
}

fn tools() -> PathBuf {
    std::env::var_os("SMTPCHECK_SERVERS").unwrap_or("/opt/smtpcheck-servers".into()).into()
}

/// Runs another program with this text on its standard input.
fn run_with_input(program: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    let mut child =
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn is_content(output: &Output, about: &str) {
    let output_text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{about}: {output_text}");
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn the_page_is_complete_and_accessible_and_loads_no_other_resource_in_a_browser() {
    let screenshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    std::fs::create_dir_all(&screenshots).unwrap();
    let mut pages: Vec<PathBuf> = Vec::new();
    let mut documents = Vec::new();
    for name in shown() {
        let folder = SANDBOX.reports(name, &["html", "json"]);
        pages.push(folder.join(format!("{name}.html")));
        documents.push(folder.join(format!("{name}.json")).to_str().unwrap().to_owned());
    }
    let together = SANDBOX.folder.path().join("together.html");
    let mut words = vec!["report", "--format", "html", "-o", together.to_str().unwrap()];
    words.extend(documents.iter().map(String::as_str));
    assert_eq!(run(&words).code, 1);
    pages.push(together);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/page.mjs");
    let output = Command::new("node")
        .arg(script)
        .arg(tools().join("node"))
        .arg(&screenshots)
        .args(&pages)
        .output()
        .expect("install-servers installed node");
    is_content(&output, "page.mjs");
    let views: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(views.len(), pages.len() * 4);
    let none: [Value; 0] = [];
    for view in &views {
        let name = view["name"].as_str().unwrap();
        assert_eq!(view["left"], Value::from(none.to_vec()), "{name}: the page loaded other resources");
        assert_eq!(view["violations"], Value::from(none.to_vec()), "{name}: axe");
        assert_eq!((view["scripts"].as_u64(), view["handlers"].as_u64()), (Some(0), Some(0)), "{name}");
        assert_eq!(view["wide"], false, "{name}: the page needs horizontal scrolling");
        assert_eq!(view["focused"], view["links"], "{name}: the keyboard does not reach all links");
        let dark = view["background"] != "rgb(255, 255, 255)";
        assert_eq!(dark, view["scheme"] == "dark", "{name}: {}", view["background"]);
        assert!(view["text"].as_str().unwrap().contains("No message was sent"), "{name}");
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn promtool_accepts_the_metrics() {
    let promtool = tools().join("prometheus/usr/bin/promtool");
    for name in shown() {
        let folder = SANDBOX.reports(name, &["prometheus"]);
        let text = std::fs::read_to_string(folder.join(format!("{name}.prometheus"))).unwrap();
        assert!(text.contains("probe_success{"), "{name}");
        is_content(&run_with_input(&promtool, &["check", "metrics"], &text), name);
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn the_junit_file_matches_its_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = root.join("tests/data/junit.xsd");
    let valid = |file: &Path| {
        let output = Command::new("xmllint").arg("--noout").arg("--schema").arg(&schema).arg(file).output().unwrap();
        is_content(&output, &file.display().to_string());
    };
    for name in shown() {
        valid(&SANDBOX.reports(name, &["junit"]).join(format!("{name}.junit")));
    }
    // A golden file contains a suite with a skipped check and a retry.
    valid(&root.join("tests/golden/formats/suite.junit"));
}

/// The output of smtpcheck under the plugin's name, and the exit code and output of check_smtp, for the same arguments.
fn both(name: &str, words: &[&str]) -> (Run, i32, String) {
    use std::os::unix::process::CommandExt;
    let (host, port) = SANDBOX.addresses[name].rsplit_once(':').unwrap();
    let common = [&["-H", host, "-p", port], words].concat();
    let authority = SANDBOX.authority();
    let mut own = command(&[common.as_slice(), &["--cacert", &authority]].concat());
    let own = finish(own.arg0("check_smtp").spawn().unwrap());
    let plugin = tools().join("monitoring-plugins-basic/usr/lib/nagios/plugins/check_smtp");
    let theirs = Command::new(plugin).args(&common).output().unwrap();
    (own, theirs.status.code().unwrap(), String::from_utf8(theirs.stdout).unwrap())
}

/// The line without its numbers and without the performance data that only smtpcheck prints.
fn shape(line: &str) -> String {
    // check_smtp prints no times of phases.
    let line = line.split(" connect=").next().unwrap();
    let mut shape = String::new();
    for c in line.chars() {
        if !c.is_ascii_digit() {
            shape.push(c);
        } else if !shape.ends_with('9') {
            shape.push('9');
        }
    }
    shape
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn with_healthy_servers_the_first_line_is_that_of_check_smtp() {
    for (name, words) in [
        ("healthy-submission", &[][..]),
        ("healthy-submission", &["-S"]),
        ("healthy-relay", &["-f", "a@sandbox.test", "-C", "RCPT TO:<you@sandbox.test>", "-R", "250"]),
        ("healthy-submission", &["-w", "5", "-c", "10"]),
        ("healthy-submission", &["-w", "0.000001", "-c", "10"]),
        ("healthy-submission", &["-w", "5", "-c", "0.000001"]),
        ("healthy-submission", &["-F", "client.example.org", "-t", "5"]),
        ("recipient-unknown", &["-f", "a@sandbox.test", "-C", "RCPT TO:<x@sandbox.test>", "-R", "^550"]),
    ] {
        let (own, code, theirs) = both(name, words);
        assert_eq!(own.code, code, "{name} {words:?}: {own} {theirs}");
        let own = own.stdout.lines().next().unwrap();
        assert_eq!(shape(own), shape(theirs.lines().next().unwrap()), "{name} {words:?}");
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn with_failing_servers_the_state_is_that_of_check_smtp_or_worse_for_a_known_reason() {
    // The state of check_smtp, that of smtpcheck, and the reason if they differ.
    for (name, words, theirs, own, _why) in [
        ("certificate-expired", &["-D", "10"][..], 2, 2, ""),
        ("certificate-expires-soon", &["-D", "20,5"], 1, 1, ""),
        ("greeting-missing", &["-t", "2"], 2, 2, ""),
        ("healthy-submission", &["-e", "250 other"], 1, 1, ""),
        ("starttls-missing", &["-S"], 1, 2, "the session would continue unencrypted"),
        ("starttls-refused", &["-S"], 3, 1, "454 is temporary: exit 4"),
        ("starttls-then-close", &["-S"], 2, 2, ""),
        ("certificate-other-name", &["-S"], 0, 2, "check_smtp does not verify certificates"),
        ("certificate-self-signed", &["-S"], 0, 2, "check_smtp does not verify certificates"),
        ("greeting-refused", &[], 1, 2, "the server accepts no mail at all"),
        ("recipient-unknown", &["-f", "a@sandbox.test", "-C", "RCPT TO:<x@sandbox.test>", "-R", "250"], 1, 2, "5yz"),
    ] {
        let (run, code, output_text) = both(name, words);
        assert_eq!((code, run.code), (theirs, own), "{name} {words:?}: check_smtp: {output_text} {run}");
        let first = run.stdout.lines().next().unwrap();
        let state = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(own).unwrap()];
        assert!(first.starts_with(&format!("SMTP {state} - ")) && first.contains("|time="), "{name}: {first}");
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn an_unreachable_server_is_critical_for_both() {
    use std::os::unix::process::CommandExt;
    let words = ["-H", "127.0.0.1", "-p", "1"];
    let mut own = command(&words);
    let own = finish(own.arg0("check_smtp").spawn().unwrap());
    let plugin = tools().join("monitoring-plugins-basic/usr/lib/nagios/plugins/check_smtp");
    let theirs = Command::new(plugin).args(words).output().unwrap();
    assert_eq!((own.code, theirs.status.code()), (2, Some(2)), "{own}");
}
