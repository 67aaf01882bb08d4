//! Other mail clients with the sandbox: curl's result matches the description of the scenario.

use std::process::Command;

use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, login, scenario};

/// A running scenario, and the file with its CA certificate.
struct Served {
    url: String,
    authority: tempfile::NamedTempFile,
    _running: Running,
}

fn served(name: &str) -> Served {
    let listen = std::net::Ipv4Addr::LOCALHOST.into();
    let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
    let sandbox = Sandbox::open(&[scenario(name).unwrap()], &options).unwrap();
    let url = format!("smtp://{}", sandbox.services()[0].address);
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), sandbox.authorities().unwrap()).unwrap();
    Served { url, authority, _running: sandbox.spawn(None).unwrap() }
}

/// Sends a message with curl. Returns curl's exit code and the last reply code.
fn sent(served: &Served, flags: &[&str]) -> (i32, String) {
    let message = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(message.path(), "From: me@sandbox.test\r\nSubject: hello\r\n\r\nhello\r\n").unwrap();
    let output = Command::new("curl")
        .args(["--silent", "--ssl-reqd", "--max-time", "20", "--write-out", "%{response_code}"])
        .args(["--mail-from", "demo@sandbox.test", "--mail-rcpt", "you@elsewhere.test"])
        .arg("--cacert")
        .arg(served.authority.path())
        .arg("--upload-file")
        .arg(message.path())
        .args(flags)
        .arg(&served.url)
        .output()
        .expect("install-servers installed curl");
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[ignore = "needs curl: .ci/run"]
fn curl_delivers_its_message_to_a_healthy_server_with_a_login() {
    let user = format!("{}:{}", login::USER, login::PASSWORD);
    for mechanism in ["PLAIN", "LOGIN"] {
        let option = format!("AUTH={mechanism}");
        let flags = ["--user", &user, "--login-options", &option];
        assert_eq!(sent(&served("healthy-submission"), &flags), (0, "250".to_owned()), "{mechanism}");
    }
    let (code, reply) = sent(&served("healthy-submission"), &["--user", "demo@sandbox.test:wrong"]);
    assert_eq!((code, reply.as_str()), (67, "535"));
}

#[test]
#[ignore = "needs curl: .ci/run"]
fn curl_fails_with_the_fault_of_each_scenario() {
    for (name, code, reply) in [
        ("healthy-relay", 0, "250"),
        ("mailbox-full", 55, "452"),
        ("relay-denied", 55, "554"),
        ("certificate-expired", 60, "220"),
        ("certificate-other-name", 60, "220"),
        ("starttls-missing", 64, "250"),
        ("greeting-refused", 8, "590"),
    ] {
        assert_eq!(sent(&served(name), &[]), (code, reply.to_owned()), "{name}");
    }
}
