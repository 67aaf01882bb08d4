//! `smtpcheck settings` with real servers: nsd and unbound for SRV records, a web server for autoconfiguration files,
//! and Postfix and Dovecot as the servers that are found.
//!
//! The certificates of Postfix and Dovecot are for `localhost`, so this is the host that the sources name. It is
//! outside every domain here, so SRV records that name it must be signed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use smtpcheck::sandbox::domains::{DomainPorts, settings_case};
use smtpcheck::sandbox::journal::{JournalEntry, JournalSpeaker};
use smtpcheck::sandbox::{Options, Remote, Sandbox, login};

use crate::servers::{CANARY, DOVECOT, HOST, NameServers, POSTFIX, Resolver, Signing, USER, WebServer, unpacked};
use crate::support::program::{Run, run_with};

struct Published {
    names: NameServers,
    web: WebServer,
}

fn file(port: u16, socket: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<clientConfig version=\"1.1\"><emailProvider id=\"x\"><outgoingServer type=\"smtp\">\
         <hostname>{HOST}</hostname><port>{port}</port><socketType>{socket}</socketType>\
         <authentication>password-cleartext</authentication><username>{USER}</username>\
         </outgoingServer></emailProvider></clientConfig>\n"
    )
}

static PUBLISHED: LazyLock<Published> = LazyLock::new(|| {
    let hosts = ["autoconfig.file.example", "autoconfig.contradiction.example"];
    let web = WebServer::start(
        &POSTFIX.authority,
        &hosts,
        &[(hosts[0], &file(POSTFIX.submission, "STARTTLS")), (hosts[1], &file(POSTFIX.expired, "STARTTLS"))],
    );
    let srv = |port: u16| format!("_submissions._tcp SRV 0 1 {port} {HOST}.\n");
    let starttls = |port: u16| format!("_submission._tcp SRV 0 1 {port} {HOST}.\n");
    let web_host = "autoconfig A 127.0.0.1\n".to_owned();
    let names = NameServers::start(&[
        ("example.net", srv(POSTFIX.implicit_tls) + &starttls(POSTFIX.submission), Signing::Signed),
        ("unsigned.example", starttls(DOVECOT.starttls), Signing::No),
        ("dovecot.example", starttls(DOVECOT.starttls), Signing::WithNsec3),
        ("expired.example", starttls(POSTFIX.expired), Signing::Signed),
        (
            "refused.example",
            "_submissions._tcp SRV 0 0 0 .\n_submission._tcp SRV 0 0 0 .\n".to_owned(),
            Signing::Signed,
        ),
        ("file.example", web_host.clone(), Signing::No),
        ("contradiction.example", web_host + &srv(POSTFIX.implicit_tls), Signing::Signed),
        ("nothing.example", String::new(), Signing::No),
    ]);
    Published { names, web }
});

fn searched(address: &str, password: Option<&str>, more: &[&str]) -> (Run, Value) {
    let Published { names, web } = &*PUBLISHED;
    let (anchor, https) = (names.anchor().display().to_string(), web.port.to_string());
    // One CA file for the servers of Postfix and of Dovecot.
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let both = [&POSTFIX.ca, &DOVECOT.ca].map(|path| std::fs::read_to_string(path).unwrap()).concat();
    std::fs::write(&ca, both).unwrap();
    let (resolver, ca) = (names.ip(Resolver::Validating), ca.display().to_string());
    // Web servers at addresses that are not public are queried only if --resolve names them.
    let resolve: Vec<String> = ["file", "contradiction"]
        .iter()
        .map(|domain| format!("autoconfig.{domain}.example:{https}:127.0.0.1"))
        .chain([format!("{HOST}:{}:127.0.0.2", DOVECOT.starttls)])
        .collect();
    let mut words = vec!["settings", address, "--resolver", &resolver, "--trust-anchor", &anchor];
    words.extend(["--https-port", &https, "--cacert", &ca, "--max-time", "30s", "--json"]);
    resolve.iter().for_each(|entry| words.extend(["--resolve", entry]));
    if password.is_some() {
        words.push("--password-stdin");
    }
    words.extend(more);
    let run = run_with(&words, password, &[]);
    let report = run.json();
    (run, report)
}

fn rules(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|one| one["severity"] != "notice").map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn signed_srv_records_lead_to_a_login_at_postfix_over_implicit_tls() {
    let (run, report) = searched(USER, Some(CANARY), &[]);
    let setting = &report["settings"]["recommended"];
    assert_eq!(run.code, 0, "{run}\n{}", POSTFIX.log());
    assert_eq!((&setting["host"], &setting["port"]), (&HOST.into(), &POSTFIX.implicit_tls.into()), "{run}");
    assert_eq!((&setting["security"], &setting["user"]), (&"implicit-tls".into(), &USER.into()), "{run}");
    assert!(setting["mechanism"].is_string(), "{run}");
    assert_eq!(rules(&report), Vec::<String>::new(), "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn a_wrong_password_is_rejected_once_and_the_exit_code_is_7() {
    let (run, report) = searched(USER, Some(&format!("{CANARY}!")), &[]);
    assert_eq!(run.code, 7, "{run}");
    assert_eq!(rules(&report), ["settings-login-rejected"], "{run}");
    let logins = report["probes"].as_array().unwrap().iter();
    assert_eq!(logins.filter(|probe| probe["question"]["script"]["login"].is_object()).count(), 1, "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn an_autoconfiguration_file_over_https_leads_to_a_login_with_its_user_name() {
    let (run, report) = searched("ann@file.example", Some(CANARY), &[]);
    let setting = &report["settings"]["recommended"];
    assert_eq!(run.code, 0, "{run}");
    assert_eq!((&setting["port"], &setting["user"]), (&POSTFIX.submission.into(), &USER.into()), "{run}");
    assert_eq!(setting["sources"], serde_json::json!(["autoconfig"]), "{run}");
    assert_eq!(setting["security"], "starttls", "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn unsigned_srv_records_to_another_domain_get_the_password_only_with_yes() {
    let user = ["--user", USER];
    let (run, report) = searched("ann@unsigned.example", Some(CANARY), &user);
    assert_eq!((run.code, rules(&report)), (9, vec!["settings-login-not-tested".to_owned()]), "{run}");
    assert!(report["transcript"].as_array().unwrap().iter().all(|event| event["phase"] != "auth"), "{run}");
    let (run, report) = searched("ann@unsigned.example", Some(CANARY), &[&user[..], &["--yes"]].concat());
    assert_eq!(
        (run.code, rules(&report)),
        (0, vec!["settings-unauthenticated".to_owned()]),
        "{run}\n{}",
        DOVECOT.log()
    );
    let (run, report) = searched("ann@dovecot.example", Some(CANARY), &user);
    assert_eq!((run.code, rules(&report)), (0, Vec::new()), "signed records need no consent: {run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn an_expired_certificate_proves_nothing_and_no_password_is_sent() {
    let (run, report) = searched("ann@expired.example", Some(CANARY), &["--user", USER, "--yes"]);
    assert_eq!((run.code, rules(&report)), (6, vec!["settings-not-proved".to_owned()]), "{run}");
    assert!(report["transcript"].as_array().unwrap().iter().all(|event| event["phase"] != "auth"), "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn an_outdated_file_is_reported_and_the_server_of_the_srv_records_is_recommended() {
    let (run, report) = searched("ann@contradiction.example", Some(CANARY), &["--user", USER]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(report["settings"]["recommended"]["port"], POSTFIX.implicit_tls, "{run}");
    assert!(rules(&report).contains(&"settings-entry-fails".to_owned()), "{run}");
}

#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn domains_without_settings_have_their_own_exit_code() {
    for domain in ["refused.example", "nothing.example"] {
        let (run, report) = searched(domain, None, &[]);
        assert_eq!((run.code, rules(&report)), (3, vec!["settings-not-found".to_owned()]), "{run}");
        assert_eq!(report["settings"]["recommended"], Value::Null, "{run}");
    }
}

/// A user has only an email address and a file with the password. The printed program is run unchanged, on a machine
/// whose resolver knows the host.
#[test]
#[ignore = "needs root, and the programs that .ci/install-servers installs"]
fn the_printed_program_sends_a_message_without_an_edit() {
    let options = Options {
        listen: std::net::Ipv4Addr::LOCALHOST.into(),
        port: None,
        remote: Remote::Refused,
        fleet: None,
        dns: None,
        domains: Some(DomainPorts::default()),
    };
    let sandbox = Sandbox::open(&[], &options).unwrap();
    let service = sandbox.domains().unwrap().clone();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (ca, password) = (file("ca.pem", &sandbox.authorities().unwrap()), file("password", login::PASSWORD));
    let anchor = file("anchor.txt", &service.anchor);
    let journal = Arc::new(Mutex::new(Vec::new()));
    let copy = Arc::clone(&journal);
    let listener = move |entry: JournalEntry| {
        if entry.speaker == JournalSpeaker::Server {
            copy.lock().unwrap().push(entry.text);
        }
    };
    let _running = sandbox.spawn(Some(Arc::new(listener))).unwrap();
    for name in ["settings-autoconfig", "settings-srv"] {
        let mut words = service.settings_arguments(settings_case(name).unwrap());
        let more = ["--trust-anchor", &anchor, "--cacert", &ca, "--password-file", &password];
        words.extend(more.map(str::to_owned));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let report = run_with(&[&words[..], &["--json"]].concat(), None, &[]).json();
        let host = report["settings"]["recommended"]["host"].as_str().unwrap().to_owned();
        let address = address_of(&report, &host);
        let hosts = file("hosts", &format!("127.0.0.1 localhost\n{address} {host}\n"));
        for (program, interpreter) in [("nodemailer", "node"), ("smtplib", "python3")] {
            let run = run_with(&[&words[..], &["--for", program]].concat(), None, &[]);
            assert_eq!(run.code, 0, "{run}");
            assert!(!run.stdout.contains(login::PASSWORD) && !run.stderr.contains(login::PASSWORD), "{run}");
            journal.lock().unwrap().clear();
            let script = file("script", &run.stdout);
            let output = on_machine_with(Path::new(&hosts), interpreter, &script);
            let has_arrived = journal.lock().unwrap().iter().any(|line| line.contains("Ok: discarded"));
            assert!(output.status.success() && has_arrived, "{name} {program}: {output:?}\n{run}");
        }
    }
}

/// The IP address at which the host was checked.
fn address_of(report: &Value, host: &str) -> String {
    let probes = report["probes"].as_array().unwrap().iter();
    let names = |probe: &Value| {
        let question = &probe["question"];
        question["ask"] == "resolve" && question["host"].as_str() == Some(host)
    };
    let text = probes.filter(|probe| names(probe)).map(ToString::to_string).find(|text| text.contains("127.90."));
    let text = text.unwrap_or_else(|| panic!("no lookup of {host}"));
    let begin = text.find("127.90.").unwrap();
    text[begin..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
}

/// Runs a script with this file as `/etc/hosts`.
fn on_machine_with(hosts: &Path, interpreter: &str, script: &str) -> std::process::Output {
    let mount = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", mount, "machine"]).arg(hosts).args(["timeout", "60", interpreter, script]);
    command.env("NODE_PATH", unpacked("node").join("node_modules")).stdin(Stdio::null());
    command.output().unwrap()
}
