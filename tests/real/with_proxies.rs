//! smtpcheck through real proxies, with Postfix behind them, and with haproxy as a load balancer in front of Postfix.

use serde_json::Value;

use crate::program::{Password, Run, assert_finds, assert_finds_one_error, exit, smtpcheck, word};
use crate::servers::{
    CANARY, DOVECOT, DOVECOT_LMTP, Dante, DovecotSubmission, HOST, Haproxy, Microsocks, OpenSsh, POSTFIX,
    SilentHaproxy, Tinyproxy, USER, free_port,
};
use crate::support::program::run_with;

/// A password for proxies that microsocks and tinyproxy accept in their arguments and configuration. `CANARY` contains
/// spaces.
const PROXY_PASSWORD: &str = "c4nary-of-the-proxy";

fn check(proxy: &str, port: u16, more: &[&str]) -> Run {
    check_with(proxy, port, more, &[])
}

fn check_with(proxy: &str, port: u16, more: &[&str], variables: &[(&str, &str)]) -> Run {
    let port = port.to_string();
    let ca = POSTFIX.ca.to_str().unwrap();
    let run = run_with(
        &[&[HOST, "--port", &port, "--cacert", ca, "--proxy", proxy, "--json"], more].concat(),
        None,
        variables,
    );
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(PROXY_PASSWORD), "{text}");
    }
    run
}

fn tunnels(report: &Value) -> Vec<&Value> {
    let events = report["transcript"].as_array().unwrap();
    events.iter().filter(|event| event["kind"] == "tunnelled").collect()
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_session_through_each_proxy_is_like_a_direct_one() {
    let microsocks = Microsocks::start(None);
    let dante = Dante::start(&[POSTFIX.submission, POSTFIX.implicit_tls]);
    let tinyproxy = Tinyproxy::start(&[POSTFIX.submission, POSTFIX.implicit_tls], None);
    let openssh = OpenSsh::start();
    let proxies = [
        format!("socks5h://127.0.0.1:{}", microsocks.port),
        format!("socks5://127.0.0.1:{}", microsocks.port),
        format!("socks5h://127.0.0.1:{}", dante.port),
        format!("socks4://127.0.0.1:{}", dante.port),
        // dante does not support SOCKS4a, so curl also fails with it.
        format!("socks4a://127.0.0.1:{}", openssh.port),
        format!("http://127.0.0.1:{}", tinyproxy.port),
    ];
    for proxy in &proxies {
        let login = ["--user", USER, "--to", "anybody@example.org"];
        for (port, tls) in [(POSTFIX.submission, "starttls"), (POSTFIX.implicit_tls, "implicit")] {
            let (port, ca) = (port.to_string(), POSTFIX.ca.to_str().unwrap());
            let words = [HOST, "--port", &port, "--cacert", ca, "--proxy", proxy, "--tls", tls, "--json"];
            let report = smtpcheck(&[&words[..], &login].concat(), Password::OnStdin(CANARY)).exits(exit::OK);
            assert_eq!(report["auth"]["outcome"], word::ACCEPTED, "{proxy}");
            assert!(!tunnels(&report).is_empty(), "{proxy}");
            let resolves = proxy.starts_with("socks5:") || proxy.starts_with("socks4:");
            let asks = report["probes"].as_array().unwrap().iter().any(|probe| probe["question"]["ask"] == "resolve");
            assert_eq!(asks, resolves, "{proxy}");
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_proxy_can_demand_a_login() {
    let microsocks = Microsocks::start(Some(("me", PROXY_PASSWORD)));
    let tinyproxy = Tinyproxy::start(&[POSTFIX.submission], Some(("me", PROXY_PASSWORD)));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PROXY_PASSWORD).unwrap();
    let path = file.path().to_str().unwrap();
    for (scheme, port) in [("socks5h", microsocks.port), ("http", tinyproxy.port)] {
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        let check = |more: &[&str], variables: &[(&str, &str)]| check_with(&proxy, POSTFIX.submission, more, variables);
        assert_finds(&check(&[], &[]).exits(exit::UNREACHABLE), "proxy-login-required");
        check(&["--proxy-user", "me", "--proxy-password-file", path], &[]).exits(exit::OK);
        let command = format!("cat {path}");
        check(&["--proxy-user", "me", "--proxy-password-command", &command], &[]).exits(exit::OK);
        check(&["--proxy-user", "me"], &[("SMTPCHECK_PROXY_PASSWORD", PROXY_PASSWORD)]).exits(exit::OK);
        let report = check(&["--proxy-user", "me"], &[("SMTPCHECK_PROXY_PASSWORD", "wrong")]).exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-login-rejected");
        assert_finds_one_error(&report);
        let netrc = |entry: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("machine mx.example.net login you password x\n{entry}\n")).unwrap();
            file
        };
        let known = netrc(&format!("machine 127.0.0.1 login me password {PROXY_PASSWORD}"));
        check(&["--proxy-user", "me", "--proxy-netrc"], &[("NETRC", known.path().to_str().unwrap())]).exits(exit::OK);
        let wrong = netrc("machine 127.0.0.1 login me password other");
        let report = check(&["--proxy-user", "me", "--proxy-netrc"], &[("NETRC", wrong.path().to_str().unwrap())])
            .exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-login-rejected");
        // As in curl, the URL in the variable can contain the password.
        let ca = POSTFIX.ca.to_str().unwrap();
        let target = format!("{HOST}:{}", POSTFIX.submission);
        let url = format!("{scheme}://me:{PROXY_PASSWORD}@127.0.0.1:{port}");
        let words = [target.as_str(), "--cacert", ca, "--json"];
        let run = run_with(&words, None, &[("ALL_PROXY", &url)]);
        assert!(!run.stdout.contains(PROXY_PASSWORD) && !run.stderr.contains(PROXY_PASSWORD), "{run}");
        let report = run.exits(exit::OK);
        assert_eq!(report["plan"]["proxy"]["variable"], "ALL_PROXY");
        let direct = run_with(&words, None, &[("ALL_PROXY", &url), ("NO_PROXY", "localhost")]).exits(exit::OK);
        assert!(tunnels(&direct).is_empty());
        assert_eq!(direct["plan"]["proxy"]["exception"]["entry"], "localhost");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_proxy_that_forbids_the_port_is_not_a_fault_of_the_server() {
    let dante = Dante::start(&[POSTFIX.submission]);
    let tinyproxy = Tinyproxy::start(&[POSTFIX.submission], None);
    for proxy in [format!("socks5h://127.0.0.1:{}", dante.port), format!("http://127.0.0.1:{}", tinyproxy.port)] {
        let report = check(&proxy, POSTFIX.relay, &[]).exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-denies-connection");
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_that_the_proxy_cannot_reach_is_reported_as_the_view_of_the_proxy() {
    let closed = free_port();
    let microsocks = Microsocks::start(None);
    let dante = Dante::start(&[closed]);
    let tinyproxy = Tinyproxy::start(&[closed], None);
    for proxy in [
        format!("socks5h://127.0.0.1:{}", microsocks.port),
        format!("socks5h://127.0.0.1:{}", dante.port),
        // dante does not support SOCKS4a, so curl also fails with it.
        format!("http://127.0.0.1:{}", tinyproxy.port),
    ] {
        let report = check(&proxy, closed, &[]).exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-server-unreachable");
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn another_protocol_at_the_address_of_the_proxy_is_named() {
    let microsocks = Microsocks::start(None);
    let tinyproxy = Tinyproxy::start(&[POSTFIX.submission], None);
    for (scheme, port) in [
        ("http", microsocks.port),
        ("socks5h", tinyproxy.port),
        ("socks5h", POSTFIX.submission),
        ("http", POSTFIX.submission),
    ] {
        let report = check(&format!("{scheme}://127.0.0.1:{port}"), POSTFIX.submission, &[]).exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-no-proxy");
        assert_finds_one_error(&report);
    }
    // SOCKS4 has a single response, so the silence may also come from the server.
    let report = check(&format!("socks4a://127.0.0.1:{}", tinyproxy.port), POSTFIX.submission, &[]);
    let report = report.exits(exit::UNREACHABLE);
    assert_finds(&report, "proxy-server-unreachable");
    assert!(report["findings"][0]["otherwise"].as_str().unwrap().contains("a different protocol"), "{report:#}");
    let report =
        check(&format!("socks5h://127.0.0.1:{}", free_port()), POSTFIX.submission, &[]).exits(exit::UNREACHABLE);
    assert_finds(&report, "proxy-unreachable");
}

/// Follow-up connections, scans and other commands also use the proxy.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn every_connection_goes_through_the_proxy() {
    let microsocks = Microsocks::start(None);
    let proxy = format!("socks5h://127.0.0.1:{}", microsocks.port);
    let report = check(&proxy, POSTFIX.submission, &["--tls-scan"]).exits(exit::OK);
    let events = report["transcript"].as_array().unwrap();
    let of_kind = |kind: &str| events.iter().filter(|event| event["kind"] == kind).count();
    assert!(tunnels(&report).len() > 5 && of_kind("dialled") == 0, "{}", tunnels(&report).len());
    let (port, ca) = (POSTFIX.submission.to_string(), POSTFIX.ca.to_str().unwrap());
    let ports = run_with(&["ports", HOST, "--ports", &port, "--cacert", ca, "--proxy", &proxy, "--json"], None, &[]);
    let results: Value = serde_json::from_str(&ports.stdout).unwrap();
    assert_eq!((ports.code, results["ports"][0]["state"].as_str()), (exit::OK, Some("open")), "{ports}");
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), format!("{HOST}:{port}\n")).unwrap();
    let list = list.path().to_str().unwrap();
    let batch = run_with(&["batch", list, "--cacert", ca, "--proxy", &proxy, "--full", "-q"], None, &[]);
    assert!(batch.code == 0 && batch.stdout.contains("\"tunnelled\""), "{batch}");
    let watch =
        ["watch", HOST, "--port", &port, "--cacert", ca, "--proxy", &proxy, "--count", "2", "--interval", "10ms"];
    let watch = run_with(&[&watch[..], &["--format", "ndjson"]].concat(), None, &[]);
    assert!(watch.code == 0 && watch.stdout.contains("\"tunnelled\""), "{watch}");
}

/// A direct check, without a proxy.
fn direct(port: u16, more: &[&str]) -> Run {
    let (target, ca) = (format!("127.0.0.1:{port}"), POSTFIX.ca.to_str().unwrap());
    run_with(&[&[target.as_str(), "--cacert", ca, "--json"], more].concat(), None, &[])
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_behind_haproxy_is_reached_through_it_or_with_a_header() {
    let haproxy = Haproxy::start(POSTFIX.balanced);
    direct(haproxy.v1, &[]).exits(exit::OK);
    direct(haproxy.v2, &[]).exits(exit::OK);
    for version in ["v1", "v2"] {
        direct(POSTFIX.balanced, &["--haproxy-protocol", version]).exits(exit::OK);
        direct(POSTFIX.balanced, &["--haproxy-protocol", version, "--haproxy-clientip", "2001:db8::7"]).exits(exit::OK);
    }
    assert!(POSTFIX.log().contains("2001:db8::7"), "{}", POSTFIX.log());
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_that_waits_for_the_header_is_recognised() {
    let report = direct(POSTFIX.balanced, &[]).exits(exit::REFUSED_TEMPORARY);
    assert_finds(&report, "proxy-header-missing");
    assert_finds_one_error(&report);
}

/// Dovecot closes the connection after three seconds.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_that_waits_for_the_header_is_recognised() {
    let submission = format!("{}:{}", DovecotSubmission::ADDRESS, DOVECOT.balanced);
    let lmtp = format!("lmtp://127.0.0.1:{}", DOVECOT_LMTP.balanced);
    for (target, ca) in [(&submission, &DOVECOT.ca), (&lmtp, &POSTFIX.ca)] {
        let words = [target, "--cacert", ca.to_str().unwrap(), "--json"];
        let report = run_with(&words, None, &[]).exits(exit::UNREACHABLE);
        assert_finds(&report, "proxy-header-missing");
        assert_finds_one_error(&report);
        assert_eq!(report["findings"][0]["confidence"], "certain", "{target}");
        run_with(&[&words[..], &["--haproxy-protocol", "v2"]].concat(), None, &[]).exits(exit::OK);
    }
}

/// The session is ended by the time limit of smtpcheck, not by the server.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_load_balancer_that_waits_silently_for_the_header_is_recognised() {
    let haproxy = SilentHaproxy::start(POSTFIX.relay);
    let report = direct(haproxy.port, &["--timeout", "2s"]).exits(exit::UNREACHABLE);
    assert_finds(&report, "proxy-header-missing");
    assert_finds_one_error(&report);
    direct(haproxy.port, &["--haproxy-protocol", "v1"]).exits(exit::OK);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_header_that_the_server_does_not_expect_is_recognised() {
    for version in ["v1", "v2"] {
        let report = direct(POSTFIX.relay, &["--haproxy-protocol", version]).exits(exit::PROTOCOL);
        assert_finds(&report, "proxy-header-unexpected");
        assert_finds_one_error(&report);
    }
    // The load balancer sends the header, but the server does not expect it.
    let haproxy = Haproxy::start(POSTFIX.relay);
    for port in [haproxy.v1, haproxy.v2] {
        let report = direct(port, &[]).exits(exit::PROTOCOL);
        assert_finds(&report, "proxy-header-unexpected");
        assert_finds_one_error(&report);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_connection_comes_from_the_given_address() {
    let report = direct(POSTFIX.relay, &["--interface", "127.0.0.2", "--local-port", "41000-41999"]).exits(exit::OK);
    let local = report["transcript"][0]["result"]["local"].as_str().unwrap().to_owned();
    assert!(local.starts_with("127.0.0.2:41"), "{local}");
    direct(POSTFIX.relay, &["--interface", "lo"]).exits(exit::OK);
    let report = direct(POSTFIX.relay, &["--interface", "192.0.2.77"]).exits(exit::UNREACHABLE);
    assert_finds(&report, "source-address-missing");
    let report = direct(POSTFIX.relay, &["--interface", "::1"]).exits(exit::UNREACHABLE);
    assert_finds(&report, "source-family-mismatch");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_address_that_the_server_blocks_is_named() {
    let target = format!("{HOST}:{}", POSTFIX.relay);
    let ca = POSTFIX.ca.to_str().unwrap();
    let common = ["--cacert", ca, "--to", "known@example.net", "--interface", "127.0.0.1", "--interface", "127.0.0.9"];
    let batch = run_with(&[&["batch", "-"], &common[..]].concat(), Some(&format!("{target}\n")), &[]);
    let mut codes: Vec<(String, i64)> = batch
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|record| (record["interface"].as_str().unwrap().to_owned(), record["exit"]["code"].as_i64().unwrap()))
        .collect();
    codes.sort();
    assert_eq!(codes, [("127.0.0.1".to_owned(), 0), ("127.0.0.9".to_owned(), 5)], "{batch}");
    assert!(batch.stderr.contains(": passes from 127.0.0.1, fails from 127.0.0.9 (exit 5"), "{batch}");
    let watch = [&["watch", &target, "--count", "2", "--interval", "50ms", "--json"], &common[..]].concat();
    let watch = run_with(&watch, None, &[]);
    assert_eq!(watch.code, exit::REFUSED_PERMANENT, "{watch}");
    let watch: Value = serde_json::from_str(&watch.stdout).unwrap();
    assert_eq!(watch["interfaces"][0]["passes"], serde_json::json!(["127.0.0.1"]));
    assert_eq!(watch["interfaces"][0]["fails"][0]["interface"], "127.0.0.9");
    assert_eq!(watch["targets"][1]["failures"], 2);
}

/// Nothing listens on the second address.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_address_that_does_not_respond_is_named() {
    let (target, ca) = (format!("{HOST}:{}", POSTFIX.relay), POSTFIX.ca.to_str().unwrap());
    let check = |addresses: &str| {
        let resolve = format!("{target}:{addresses}");
        run_with(&[&target, "--cacert", ca, "--every-address", "--resolve", &resolve, "--json"], None, &[])
    };
    let report = check("127.0.0.1,127.0.0.77").exits(exit::UNREACHABLE);
    assert_finds(&report, "backend-fails");
    assert_finds_one_error(&report);
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "backend-fails");
    let text = finding.unwrap()["summary"].as_str().unwrap();
    assert!(text.contains("127.0.0.77") && !text.contains("127.0.0.1:"), "{text}");
    let report = check("127.0.0.1,127.0.0.2").exits(exit::UNREACHABLE);
    assert_finds(&report, "backend-fails");
    check("127.0.0.1").exits(exit::OK);
}
