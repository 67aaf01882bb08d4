//! smtpcheck with `openssl s_server`: TLS configurations that current mail servers do not support, and how their
//! failures are reported.

use serde_json::Value;

use crate::program::{Password, Run, assert_finds, assert_finds_one_error, exit, smtpcheck, word};
use crate::servers::{Certificate, HOST, OpenSsl, Standing, Workbench};
use crate::support::program::{findings, run_with};

/// Runs the check up to the handshake. Only 127.0.0.1 is used, because s_server listens on no other address.
fn with_arguments(server: &OpenSsl, more: &[&str], and_then: impl FnOnce(&[&str]) -> Run) -> Run {
    let port = server.port.to_string();
    let ca = server.ca.to_str().unwrap();
    let common = [HOST, "-4", "--port", &port, "--cacert", ca, "--quit-after", "starttls", "--json"];
    and_then(&[&common, more].concat())
}

fn check(server: &OpenSsl, more: &[&str]) -> Run {
    with_arguments(server, more, |arguments| smtpcheck(arguments, Password::None))
}

fn scan(server: &OpenSsl) -> Run {
    check(server, &["--tls-scan"])
}

#[track_caller]
fn finding<'a>(report: &'a Value, rule: &str) -> &'a Value {
    assert_finds(report, rule);
    report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == rule).unwrap()
}

/// The summary of the finding.
#[track_caller]
fn summary<'a>(report: &'a Value, rule: &str) -> &'a str {
    finding(report, rule)["summary"].as_str().unwrap()
}

#[track_caller]
fn assert_contains(text: &str, words: &str) {
    assert!(text.contains(words), "expected {words:?} in {text:?}");
}

#[track_caller]
fn assert_finds_nothing(report: &Value) {
    assert_eq!(findings(report), [], "{report:#}");
}

/// The versions in a scan, such as `1.3 yes`.
fn versions(report: &Value) -> Vec<String> {
    let versions = report["tls_scan"]["versions"].as_array().unwrap();
    versions.iter().map(|seen| format!("{} {}", word_of(&seen["version"]), word_of(&seen["accepted"]))).collect()
}

fn word_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The names of the accepted cipher suites in a scan.
fn suites(report: &Value) -> Vec<&str> {
    report["tls_scan"]["suites"].as_array().unwrap().iter().map(|seen| word_of(&seen["name"])).collect()
}

/// The certificates in a scan: the type of the key, and whether the certificate verifies.
fn certificates(report: &Value) -> Vec<(&str, bool)> {
    let certificates = report["tls_scan"]["certificates"].as_array().unwrap();
    certificates.iter().map(|seen| (word_of(&seen["key"]), seen["verifies"].as_bool().unwrap())).collect()
}

// Versions and suites.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_with_old_versions_only_is_reported_with_its_version() {
    for (option, version) in [("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1")] {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good_rsa();
        let server = workbench.serve(&certificate, &format!("{option} -cipher ALL:@SECLEVEL=0"));
        let report = check(&server, &[]).exits(exit::TLS);
        assert_contains(summary(&report, word::TLS_VERSION_TOO_OLD), version);
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_without_current_cipher_suites_is_reported_with_the_suite_that_it_accepts() {
    for (cipher, suite) in
        [("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"), ("DHE", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384")]
    {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good_rsa();
        let server = workbench.serve(&certificate, &format!("-tls1_2 -cipher {cipher}:@SECLEVEL=0"));
        let report = check(&server, &[]).exits(exit::TLS);
        assert_contains(summary(&report, word::TLS_SUITES_TOO_OLD), suite);
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_with_tls_1_2_only_is_too_old_if_1_3_is_required() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good();
    let server = workbench.serve(&certificate, "-tls1_2");
    let report = check(&server, &["--tls-min", "1.3"]).exits(exit::TLS);
    assert_contains(summary(&report, word::TLS_VERSION_TOO_OLD), "TLS 1.2");
    assert_finds_nothing(&check(&server, &[]).exits(exit::OK));
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_without_a_working_handshake_is_not_reported_as_safe_from_command_injection() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good_rsa();
    let server = workbench.serve(&certificate, "-tls1 -cipher ALL:@SECLEVEL=0");
    let port = server.port.to_string();
    let run =
        smtpcheck(&[HOST, "-4", "--port", &port, "--probe", "starttls-injection", "--width", "200"], Password::None);
    assert!(run.stdout.contains("not tested (the handshake also fails without the command)"), "{run}");
}

// --tls-scan.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_scan_reports_old_versions_weak_suites_and_both_certificates_and_judges_each() {
    let workbench = Workbench::new();
    let (elliptic, rsa) = (workbench.authority.good(), workbench.authority.expired_rsa());
    let second = format!("-dcert {} -dkey {}", rsa.chain.display(), rsa.key.display());
    let server = workbench.serve(&elliptic, &format!("{second} -cipher ALL:eNULL:@SECLEVEL=0"));
    let report = scan(&server).exits(exit::TLS);
    assert_eq!(versions(&report), ["1.3 yes", "1.2 yes", "1.1 yes", "1.0 yes", "SSLv3 no"]);
    assert_eq!(certificates(&report), [("EC P-256", true), ("RSA 2048", false)]);
    assert_contains(summary(&report, word::TLS_OLD_VERSION_ACCEPTED), "TLS 1.1 and TLS 1.0");
    assert_finds(&report, word::TLS_WEAK_SUITE_ACCEPTED);
    assert_contains(summary(&report, word::CERTIFICATE_EXPIRED), "RSA 2048");
    assert_eq!(report["tls_scan"]["without_forward_secrecy"], "yes");
    assert_eq!(report["tls_scan"]["inconclusive"], Value::Null);
    assert!(suites(&report).contains(&"TLS_AES_256_GCM_SHA384"), "{:?}", suites(&report));
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_scan_of_a_current_server_has_no_findings_and_lists_everything_that_it_accepts() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good();
    let server = workbench.serve(&certificate, "-cipher ECDHE+AESGCM -groups X25519:P-256 -tls1_3");
    let report = scan(&server).exits(exit::OK);
    assert_finds_nothing(&report);
    assert_eq!(versions(&report), ["1.3 yes", "1.2 no", "1.1 no", "1.0 no", "SSLv3 no"]);
    assert_eq!(report["tls_scan"]["groups"], serde_json::json!(["X25519", "secp256r1"]));
    assert_eq!(report["tls_scan"]["groups_complete"], true);
    assert_eq!(report["tls_scan"]["post_quantum"], "no");
    assert_eq!(report["tls_scan"]["without_forward_secrecy"], "no");
}

/// The second group of RFC 2409 §6.2 with 1024 bits. For twenty years, mail servers were configured with it.
const SHORT_PRIME: &str = "\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
";

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_scan_names_the_bits_of_a_short_diffie_hellman_prime() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good_rsa();
    let prime = workbench.path("dh.pem");
    std::fs::write(&prime, SHORT_PRIME).unwrap();
    let suites = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0";
    let server = workbench.serve(&certificate, &format!("-tls1_2 -cipher {suites} -dhparam {}", prime.display()));
    let report = scan(&server).exits(exit::OK);
    assert_contains(summary(&report, word::TLS_WEAK_SUITE_ACCEPTED), "1024 bits");
    assert_eq!(report["tls_scan"]["suites_complete"], true);
}

// Client certificates.

/// A server that requires client certificates from its own CA, and the certificates of two clients: one from that CA
/// and one from an unknown CA.
struct Guarded {
    server: OpenSsl,
    own: [String; 4],
    unknown: [String; 4],
}

impl Guarded {
    fn start(arguments: &str) -> Guarded {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good();
        let clients = workbench.authority.another("clients");
        let flags = |certificate: Certificate| {
            let [chain, key] = [certificate.chain, certificate.key].map(|path| path.display().to_string());
            ["--cert".to_owned(), chain, "--key".to_owned(), key]
        };
        let own = flags(clients.client("own"));
        let unknown = flags(workbench.authority.another("unknown").client("unknown"));
        let arguments = format!("{arguments} -verify_return_error -CAfile {}", clients.pem.display());
        Guarded { server: workbench.serve(&certificate, &arguments), own, unknown }
    }

    fn check(&self, flags: &[String]) -> Run {
        check(&self.server, &flags.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_required_client_certificate_is_distinguished_from_a_failing_handshake() {
    for version in ["-tls1_3", "-tls1_2"] {
        let guarded = Guarded::start(&format!("{version} -Verify 1"));
        let report = guarded.check(&[]).exits(exit::TLS);
        assert_finds(&report, word::CLIENT_CERTIFICATE_REQUIRED);
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_client_certificate_that_the_server_trusts_is_sent_and_accepted() {
    for version in ["-tls1_3", "-tls1_2"] {
        let guarded = Guarded::start(&format!("{version} -Verify 1"));
        let report = guarded.check(&guarded.own).exits(exit::OK);
        assert_eq!(report["tls"]["client_certificate_sent"], true);
        assert_finds_nothing(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_client_certificate_from_an_unknown_ca_is_reported_as_rejected() {
    for version in ["-tls1_3", "-tls1_2"] {
        let guarded = Guarded::start(&format!("{version} -Verify 1"));
        let report = guarded.check(&guarded.unknown).exits(exit::TLS);
        assert_contains(summary(&report, word::CLIENT_CERTIFICATE_REFUSED), "unknown_ca");
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_client_certificate_that_is_requested_but_not_required_causes_no_finding() {
    let guarded = Guarded::start("-verify 1");
    let report = guarded.check(&[]).exits(exit::OK);
    assert_eq!(report["tls"]["client_certificate_requested"], true);
    assert_eq!(report["tls"]["client_certificate_sent"], false);
    assert_finds_nothing(&report);
}

// Sessions.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn whether_a_session_can_be_resumed_is_reported_in_both_versions() {
    for (arguments, offers) in [
        ("-tls1_3", true),
        ("-tls1_3 -num_tickets 0", false),
        ("-tls1_2", true),
        ("-tls1_2 -no_ticket", true),
        ("-tls1_2 -no_ticket -no_cache", false),
    ] {
        let workbench = Workbench::new();
        let certificate = workbench.authority.good();
        let server = workbench.serve(&certificate, arguments);
        let report = check(&server, &[]).exits(exit::OK);
        assert_eq!(report["tls"]["tickets"].as_u64().unwrap() > 0, offers, "{arguments}");
        assert_eq!(report["tls"]["kind"], "full");
    }
}

// The server name.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_rejected_server_name_is_distinguished_from_a_server_that_rejects_every_handshake() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good();
    let second = format!("-cert2 {} -key2 {}", certificate.chain.display(), certificate.key.display());
    let server = workbench.serve(&certificate, &format!("-servername mail.example.org -servername_fatal {second}"));
    let report = check(&server, &[]).exits(exit::TLS);
    assert_contains(summary(&report, word::TLS_HANDSHAKE_FAILED), "alert 112");
    assert_contains(
        word_of(&finding(&report, word::TLS_HANDSHAKE_FAILED)["cause"]),
        "It responds to a ClientHello without a name",
    );
    assert_finds_one_error(&report);
}

// Certificates and chains.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_chain_in_the_wrong_order_and_with_its_root_has_both_findings_and_no_error() {
    let workbench = Workbench::new();
    let root = &workbench.authority;
    let (upper, lower) = root.two_intermediates();
    let certificate = lower.good();
    let chain = workbench.bundle(&[&upper.pem, &lower.pem, &root.pem]);
    let server = workbench.serve(&certificate, &format!("-cert_chain {}", chain.display()));
    let report = check(&server, &[]).exits(exit::OK);
    assert_finds(&report, word::CERTIFICATE_CHAIN_DISORDERED);
    assert_contains(summary(&report, word::CERTIFICATE_CHAIN_UNNECESSARY), "CN=smtpcheck test authority (a root");
    assert_eq!(report["certificate"]["chain_length"], 4);
    assert_eq!(report["certificate"]["verifies"], true);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_complete_chain_in_order_causes_no_finding() {
    let workbench = Workbench::new();
    let (upper, lower) = workbench.authority.two_intermediates();
    let certificate = lower.good();
    let chain = workbench.bundle(&[&lower.pem, &upper.pem]);
    let server = workbench.serve(&certificate, &format!("-cert_chain {}", chain.display()));
    assert_finds_nothing(&check(&server, &[]).exits(exit::OK));
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_missing_intermediate_certificate_is_distinguished_from_an_unknown_ca() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.two_intermediates().1.with_issuer_address();
    let server = workbench.serve(&certificate, "");
    let report = check(&server, &[]).exits(exit::TLS);
    assert_finds(&report, word::CERTIFICATE_CHAIN_INCOMPLETE);
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_short_key_is_reported_with_its_bits() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.with_short_key();
    let server = workbench.serve(&certificate, "-cipher ALL:@SECLEVEL=0");
    let report = check(&server, &[]).exits(exit::TLS);
    assert_contains(summary(&report, word::CERTIFICATE_KEY_WEAK), "RSA 1024");
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_signature_with_sha_1_is_reported_with_its_hash() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.with_sha1();
    let server = workbench.serve(&certificate, "-cipher ALL:@SECLEVEL=0");
    let report = check(&server, &[]).exits(exit::TLS);
    assert_contains(summary(&report, word::CERTIFICATE_SIGNATURE_WEAK), "SHA-1");
    assert_finds_one_error(&report);
}

// OCSP and keys.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_ocsp_response_good_is_in_the_report() {
    let workbench = Workbench::new();
    let (certificate, response) = workbench.authority.with_ocsp(Standing::Good);
    let server = workbench.serve(&certificate, &format!("-status_file {}", response.display()));
    let report = check(&server, &[]).exits(exit::OK);
    assert_eq!(report["tls"]["staple"]["status"], "good");
    assert_finds_nothing(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_ocsp_response_revoked_is_a_tls_failure() {
    let workbench = Workbench::new();
    let (certificate, response) = workbench.authority.with_ocsp(Standing::Revoked);
    let server = workbench.serve(&certificate, &format!("-status_file {}", response.display()));
    let report = check(&server, &[]).exits(exit::TLS);
    assert_eq!(report["tls"]["staple"]["status"], "revoked");
    assert_finds(&report, word::CERTIFICATE_REVOKED);
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_session_secrets_are_written_to_the_file_that_sslkeylogfile_names() {
    let workbench = Workbench::new();
    let certificate = workbench.authority.good();
    let log = workbench.path("keys.log");
    let server = workbench.serve(&certificate, "");
    let variables = [("SSLKEYLOGFILE", log.to_str().unwrap())];
    let run = with_arguments(&server, &[], |arguments| run_with(arguments, None, &variables));
    assert_finds_nothing(&run.exits(exit::OK));
    let log = std::fs::read_to_string(&log).unwrap();
    for label in ["CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "] {
        assert!(log.lines().any(|line| line.starts_with(label)), "no {label}in {log:?}");
    }
}
