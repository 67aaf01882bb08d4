//! Sessions through a proxy that forwards connections.

use super::STARTTLS;
use crate::support::program::{run, run_with};
use crate::support::proxy::{Protocol, Proxy};
use crate::support::server::{Identity, Server};

/// The events of the main session with this kind.
fn events<'r>(report: &'r serde_json::Value, kind: &str) -> Vec<&'r serde_json::Value> {
    report["transcript"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).collect()
}

/// The text without its line breaks.
fn words_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_session_through_a_proxy_completes_and_asks_for_no_name() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    for (protocol, scheme) in [(Protocol::Socks4a, "socks4a"), (Protocol::Socks5, "socks5h"), (Protocol::Http, "http")]
    {
        let server = Server::start(&[STARTTLS], &identity);
        let proxy = Proxy::start(protocol, server.address);
        let url = format!("{scheme}://{}", proxy.address);
        // The name does not exist, so a lookup on this machine would fail.
        let words = ["mail.invalid:2525", "--sni", "localhost", "--cacert", ca.path().to_str().unwrap(), "--json"];
        let run = run_with(&[&words[..], &["--proxy", &url]].concat(), None, &[]);
        let report = run.exits(0);
        assert_eq!(proxy.targets(), ["mail.invalid:2525"], "{scheme}");
        assert_eq!((events(&report, "dialled").len(), events(&report, "tunnelled").len()), (0, 1), "{scheme}");
        let probes = report["probes"].as_array().unwrap();
        assert!(probes.iter().all(|probe| probe["question"]["ask"] != "resolve"), "{scheme}");
        let connect = report["phases"].as_array().unwrap().iter().find(|phase| phase["name"] == "connect").unwrap();
        assert_eq!(connect["status"], "ok", "{scheme}");
    }
}

#[test]
fn with_socks5_this_machine_looks_up_the_name() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    let server = Server::start(&[STARTTLS], &identity);
    let proxy = Proxy::start(Protocol::Socks5, server.address);
    let url = format!("socks5://{}", proxy.address);
    let words = ["localhost:2525", "-4", "--cacert", ca.path().to_str().unwrap(), "--json", "--proxy", &url];
    let report = run_with(&words, None, &[]).exits(0);
    assert_eq!(proxy.targets(), ["127.0.0.1:2525"]);
    assert_eq!(report["addresses"][0]["status"], "connected");
}

#[test]
fn the_variables_of_curl_name_the_proxy_and_the_exceptions() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    let ca = ca.path().to_str().unwrap();
    let server = Server::start(&[STARTTLS, STARTTLS, STARTTLS], &identity);
    let proxy = Proxy::start(Protocol::Socks5, server.address);
    let url = format!("socks5h://{}", proxy.address);
    let target = format!("localhost:{}", server.port());
    let words = [target.as_str(), "-v", "--cacert", ca];
    let run = run_with(&words, None, &[("all_proxy", &url), ("https_proxy", "http://127.0.0.1:9")]);
    assert_eq!(run.code, 0, "{run}");
    let text = words_of(&run.stdout);
    assert!(text.contains("from all_proxy") && text.contains("through the proxy"), "{run}");
    let run = run_with(&[&words[..], &["-4"]].concat(), None, &[("all_proxy", &url), ("no_proxy", ".localhost")]);
    assert_eq!(run.code, 0, "{run}");
    assert!(words_of(&run.stdout).contains("without the proxy (no_proxy contains .localhost)"), "{run}");
    let run = run_with(&[&words[..], &["-4", "--noproxy", "*"]].concat(), None, &[("ALL_PROXY", &url)]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(proxy.targets().len(), 1);
}

#[test]
fn flags_that_a_proxy_makes_void_are_usage_errors() {
    for (words, needle) in [
        (&["--proxy", "socks5h://p.example", "--every-address"][..], "use socks5://"),
        (&["--proxy", "socks4a://p.example", "-6"], "use socks4://"),
        (&["--proxy-user", "me"], "no proxy given"),
        (&["--proxy-password-file", "f"], "no proxy given"),
        (&["--proxy", "socks5h://p.example", "--proxy-password-file", "f"], "--proxy-user"),
        (&["--proxy", "socks4://p.example", "--proxy-user", "me", "--proxy-netrc"], "does not support passwords"),
        (&["--proxy", "socks5h://p.example", "--proxy-user", "me"], "SMTPCHECK_PROXY_PASSWORD"),
        (&["--proxy", "socks5h://me@p.example", "--proxy-user", "me"], "already contains"),
        (&["--proxy", "https://p.example"], "not supported"),
        (&["--proxy", "http://p.example", "--proxy-password=x"], "--proxy-password-file"),
    ] {
        let run = run_with(&[&["mail.example.net"], words].concat(), None, &[]);
        assert!(run.code == 2 && run.stderr.contains(needle), "{words:?}: {run}");
    }
}

/// smtpcheck sends EHLO as soon as the greeting arrives, so the error about the header can look like the reply to EHLO.
/// The second session, with a pause before each command, shows whether it is.
#[test]
fn an_error_about_the_header_of_a_load_balancer_that_arrives_after_ehlo_is_recognised() {
    const RACE: &str = "
        S: 220 localhost ESMTP
        C
        S: 500 5.5.2 Error: command not recognized
        S: 250 localhost
        C
        S: 250 localhost
        C
        S: 221 bye";
    const PAUSED: &str = "
        S: 220 localhost ESMTP
        S: 500 5.5.2 Error: command not recognized
        C
        S: 250 localhost
        C
        S: 221 bye";
    for (second, rule) in [(PAUSED, "proxy-header-unexpected"), (RACE, "reply-unsolicited")] {
        let server = Server::start(&[RACE, second], &Identity::new());
        let report = run(&[&server.address.to_string(), "--tls", "none", "--json"]).exits(8);
        let findings = report["findings"].as_array().unwrap();
        let errors: Vec<_> = findings.iter().filter(|finding| finding["severity"] == "error").collect();
        assert_eq!(errors.len(), 1, "{findings:?}");
        assert_eq!(errors[0]["rule"], rule);
    }
}
