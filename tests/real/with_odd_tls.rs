//! Which clients a TLS verdict applies to: servers that some TLS libraries accept and others reject. The `tls_clients`
//! in the report are compared with what openssl s_client, Python and gnutls-cli do with the same server.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Password, assert_finds, exit, smtpcheck, word};
use crate::servers::{HOST, OpenSsl, Workbench};

fn check(server: &OpenSsl, more: &[&str]) -> crate::program::Run {
    let port = server.port.to_string();
    let ca = server.ca.to_str().unwrap();
    let common = [HOST, "-4", "--port", &port, "--cacert", ca, "--quit-after", "starttls", "--json"];
    smtpcheck(&[&common, more].concat(), Password::None)
}

/// Whether this client can connect, according to the report.
#[track_caller]
fn can_connect(report: &Value, client: &str) -> bool {
    let all = report["tls_clients"].as_array().unwrap_or_else(|| panic!("no tls_clients in {report:#}"));
    let of_client = |one: &&Value| one["client"].as_str().unwrap().starts_with(client);
    all.iter().find(of_client).unwrap()["connects"] == "yes"
}

/// Whether the clients on this machine can connect to the server: OpenSSL, Python, GnuTLS, in this order.
fn connect_with_each(server: &OpenSsl) -> [(&'static str, bool); 3] {
    let to = format!("127.0.0.1:{}", server.port);
    let port = server.port.to_string();
    let python = "import smtplib,ssl,sys\n\
        c=ssl.create_default_context()\nc.check_hostname=False\nc.verify_mode=ssl.CERT_NONE\n\
        s=smtplib.SMTP('127.0.0.1',int(sys.argv[1]))\ns.starttls(context=c)\nprint('Cipher is',s.sock.cipher()[0])";
    let ran = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let openssl = ran("openssl", &["s_client", "-connect", &to, "-starttls", "smtp", "-servername", HOST]);
    let python = ran("python3", &["-c", python, &port]);
    let gnutls = ran("gnutls-cli", &["--insecure", "--starttls-proto=smtp", "--port", &port, "127.0.0.1"]);
    [
        ("OpenSSL", openssl.contains("Cipher is ") && !openssl.contains("Cipher is (NONE)")),
        ("Python", python.contains("Cipher is ")),
        ("GnuTLS", gnutls.contains("Handshake was completed")),
    ]
}

#[track_caller]
fn assert_clients_behave_as_reported(report: &Value, server: &OpenSsl) {
    for (client, connects) in connect_with_each(server) {
        assert_eq!(can_connect(report, client), connects, "{client}: {:#}", report["tls_clients"]);
    }
}

fn parameters(workbench: &Workbench, bits: u32) -> String {
    let path = workbench.path(&format!("dh{bits}.pem"));
    let known = ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out"].map(str::to_owned);
    let made = ["dhparam", "-dsaparam", "-out"].map(str::to_owned);
    let mut words = if bits == 2048 { known.to_vec() } else { made.to_vec() };
    words.push(path.to_str().unwrap().to_owned());
    words.extend((bits != 2048).then(|| bits.to_string()));
    assert!(Command::new("openssl").args(&words).stderr(Stdio::null()).status().unwrap().success());
    path.to_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_clients_that_reject_a_short_dhe_prime_are_reported() {
    for bits in [1024, 1536, 2048] {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good_rsa();
        let prime = parameters(&workbench, bits);
        let server = workbench.serve_odd_tls(&certificate, &format!("dhe {prime}"));
        let report = check(&server, &[]).exits(exit::TLS);
        assert_finds(&report, word::TLS_SUITES_TOO_OLD);
        let finding = &report["findings"][0];
        assert!(finding["summary"].as_str().unwrap().contains(&format!("{bits} bits")), "{finding:#}");
        assert_eq!(finding["confidence"], "certain", "{finding:#}");
        let consequences = finding["consequences"].to_string();
        assert_eq!(consequences.contains("dh key too small"), bits < 2048, "{consequences}");
        assert!(!can_connect(&report, "rustls") && !can_connect(&report, "Go"), "{report:#}");
        assert_clients_behave_as_reported(&report, &server);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_clients_that_can_connect_with_rsa_key_exchange_only_are_reported() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good_rsa();
    let server = workbench.serve(&certificate, "-tls1_2 -cipher kRSA+AES");
    let report = check(&server, &[]).exits(exit::TLS);
    assert_finds(&report, word::TLS_SUITES_TOO_OLD);
    // The key usage of this certificate is only digitalSignature, which GnuTLS rejects. `tls_clients` does not take
    // certificates into account, so GnuTLS is left out.
    for (client, connects) in connect_with_each(&server).into_iter().filter(|(client, _)| *client != "GnuTLS") {
        assert_eq!(can_connect(&report, client), connects, "{client}: {:#}", report["tls_clients"]);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_group_that_only_some_clients_support_is_named() {
    for (arguments, group) in [("-groups P-521", "secp521r1"), ("-tls1_3 -groups X448", "x448")] {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good_rsa();
        let server = workbench.serve(&certificate, arguments);
        let report = check(&server, &[]).exits(exit::TLS);
        assert_finds(&report, "tls-group-unusual");
        let summary = report["findings"][0]["summary"].as_str().unwrap().to_ascii_lowercase();
        assert!(summary.contains(group), "{summary}");
        assert_clients_behave_as_reported(&report, &server);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn without_renegotiation_info_clients_with_openssl_3_are_reported_to_fail_and_do() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good_rsa();
    let server = workbench.serve_odd_tls(&certificate, "without 0xFF01");
    let report = check(&server, &[]).exits(exit::OK);
    assert_finds(&report, "tls-renegotiation-insecure");
    assert_eq!(report["tls"]["secure_renegotiation"], false);
    assert_eq!(report["tls"]["extended_master_secret"], true);
    assert!(report["findings"][0].to_string().contains("unsafe legacy renegotiation disabled"), "{report:#}");
    assert_clients_behave_as_reported(&report, &server);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn without_the_extended_master_secret_only_fips_clients_are_reported_to_fail() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good_rsa();
    let server = workbench.serve_odd_tls(&certificate, "without 23");
    let report = check(&server, &[]).exits(exit::OK);
    assert_finds(&report, "tls-extended-master-secret-missing");
    assert_eq!(report["tls"]["extended_master_secret"], false);
    assert_clients_behave_as_reported(&report, &server);
}
