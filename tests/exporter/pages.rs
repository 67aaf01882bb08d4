//! The pages, and the metrics of a probe.

use super::client::Exporter;
use super::{address, defaults};

#[test]
fn a_healthy_server_has_the_metrics_of_blackbox_exporter_and_ours() {
    let exporter = Exporter::start(&defaults());
    let probe = exporter.probe(address("healthy-submission"), "").is(200);
    assert!(probe.head.contains("content-type: text/plain; version=0.0.4"), "{}", probe.head);
    for (sample, value) in [
        ("probe_success", 1.0),
        ("probe_ip_protocol", 4.0),
        ("probe_failed_due_to_regex", 0.0),
        ("probe_tls_version_info{version=\"TLS 1.3\"}", 1.0),
        ("smtpcheck_exit_code", 0.0),
        ("smtpcheck_complete", 1.0),
        ("smtpcheck_tls_established", 1.0),
        ("smtpcheck_certificate_verifies", 1.0),
        ("smtpcheck_findings{severity=\"error\"}", 0.0),
        ("smtpcheck_reply_code{phase=\"greeting\"}", 220.0),
    ] {
        assert_eq!(probe.value(sample), Some(value), "{sample}: {}", probe.body);
    }
    for name in [
        "probe_duration_seconds",
        "probe_ssl_earliest_cert_expiry",
        "probe_ssl_last_chain_expiry_timestamp_seconds",
        "probe_ssl_last_chain_info",
        "probe_ip_addr_hash",
        "probe_timeout_seconds",
        "smtpcheck_certificate_seconds_left",
        "smtpcheck_phase_duration_seconds",
    ] {
        assert!(probe.has(name), "{name}: {}", probe.body);
    }
    // Prometheus adds the labels of the target itself.
    assert!(!probe.body.contains("target=") && !probe.body.contains("check="), "{}", probe.body);
    let debug = exporter.probe(address("healthy-submission"), "&debug=true").is(200);
    debug.contains("Session and diagnosis:").contains("220 localhost").contains("probe_success 1");
    debug.contains("[module.default]");
}

#[test]
fn a_name_has_the_time_of_its_lookup() {
    let exporter = Exporter::start(&defaults());
    let port = address("healthy-submission").rsplit_once(':').unwrap().1;
    let probe = exporter.probe(&format!("localhost:{port}"), "").is(200);
    assert!(probe.value("probe_dns_lookup_time_seconds").is_some(), "{}", probe.body);
    assert!(probe.value("smtpcheck_phase_duration_seconds{phase=\"dns\"}").is_some(), "{}", probe.body);
}

#[test]
fn the_expiry_is_published_although_the_certificate_has_expired_or_is_not_trusted() {
    let exporter = Exporter::start(&defaults());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let expired = exporter.probe(address("certificate-expired"), "").is(200);
    assert_eq!(expired.value("probe_success"), Some(0.0));
    assert_eq!(expired.value("smtpcheck_exit_code"), Some(6.0));
    assert_eq!(expired.value("smtpcheck_certificate_verifies"), Some(0.0));
    let end = expired.value("probe_ssl_earliest_cert_expiry").unwrap();
    assert!(end < now && end > now - 10.0 * 86_400.0, "{end}");
    assert_eq!(expired.value("probe_ssl_last_chain_expiry_timestamp_seconds"), Some(end));
    assert!(expired.value("smtpcheck_certificate_seconds_left").unwrap() < 0.0);
    assert_eq!(expired.value("smtpcheck_finding{rule=\"certificate-expired\",severity=\"error\"}"), Some(1.0));
    assert!(expired.has("probe_ssl_last_chain_info"));
    let untrusted = exporter.probe(address("certificate-unknown-authority"), "").is(200);
    assert!(untrusted.value("probe_ssl_earliest_cert_expiry").unwrap() > now, "{}", untrusted.body);
}

#[test]
fn a_server_that_cannot_be_reached_is_a_failed_probe_and_not_an_http_error() {
    let exporter = Exporter::start(&defaults());
    let probe = exporter.probe("127.0.0.1:1", "").is(200);
    assert_eq!((probe.value("probe_success"), probe.value("smtpcheck_exit_code")), (Some(0.0), Some(3.0)));
    assert!(!probe.has("probe_ssl_earliest_cert_expiry") && !probe.has("probe_ip_protocol"), "{}", probe.body);
    let start = exporter.get("/").is(200);
    start.contains("127.0.0.1:1").contains("fail (unreachable)").contains("/logs?id=1");
    assert!(start.head.contains("content-security-policy: default-src 'none'"), "{}", start.head);
    exporter.get("/logs?id=1").is(200).contains("connection-refused");
    exporter.get("/logs?id=2").is(404);
    exporter.get("/logs").is(400);
}

#[test]
fn open_metrics_are_sent_to_clients_that_prefer_them() {
    let exporter = Exporter::start(&defaults());
    let accept = "Accept: application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    for path in [format!("/probe?target={}", address("healthy-submission")), "/metrics".to_owned()] {
        let page = exporter.send("GET", &path, &[accept]).is(200);
        assert!(page.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", page.head);
        assert!(page.body.ends_with("\n# EOF\n"), "{}", page.body);
        assert!(!exporter.get(&path).body.contains("# EOF"));
    }
}

#[test]
fn a_head_request_has_no_body_and_other_methods_are_refused() {
    let exporter = Exporter::start(&defaults());
    for path in ["/", "/metrics", "/config", "/-/healthy"] {
        let head = exporter.send("HEAD", path, &[]).is(200);
        assert!(head.head.contains("content-length: "), "{}", head.head);
        assert!(!head.head.contains("content-length: 0"), "{}", head.head);
        let refused = exporter.send("POST", path, &["Content-Length: 0"]).is(405);
        assert!(refused.head.contains("allow: get, head"), "{}", refused.head);
    }
    let probe = format!("/probe?target={}", address("healthy-submission"));
    for method in ["HEAD", "POST"] {
        let refused = exporter.send(method, &probe, &["Content-Length: 0"]).is(405);
        assert!(refused.head.contains("allow: get\r\n"), "{}", refused.head);
    }
    // No check was run.
    let metrics = exporter.get("/metrics");
    assert_eq!(metrics.value("smtpcheck_exporter_probes_total{result=\"pass\"}"), Some(0.0));
    let refused = exporter.get("/-/reload").is(405);
    assert!(refused.head.contains("allow: post, put"), "{}", refused.head);
    exporter.get("/-/healthy").is(200).contains("Healthy");
    exporter.get("/metrcs").is(404).contains("did you mean /metrics?");
    exporter.get("/xyzzyxyzzy").is(404).contains("/probe");
}

#[test]
fn a_request_with_an_error_is_400_and_states_what_to_write() {
    let exporter = Exporter::start(&(defaults() + "[module.strict]\nexpect = \"tls.version >= 1.2\"\n"));
    for (query, needle) in [
        ("", "target is missing"),
        ("?target=", "target is missing"),
        ("?target=mail.example&module=strct", "did you mean strict?"),
        ("?target=mail.example&module=xyzzyxyzzy", "the modules are default, strict"),
        ("?targt=mail.example", "did you mean target?"),
        ("?target=a.example&target=b.example", "more than once"),
        ("?target=smtp://u:c4nary%20pw@mail.example", "user name"),
        ("?target=mail.example/x", "no path"),
        ("?target=@default", ""),
        ("?target=mail.example:99999", ""),
        ("?target=mail.example&hostname=a%20b", "hostname"),
        ("?target=mail.example&debug=perhaps", "true or false"),
        ("?target=%ff", ""),
    ] {
        let response = exporter.get(&format!("/probe{query}")).is(400);
        response.contains(needle);
        assert_eq!(response.body.lines().count(), 1, "{response:?}");
    }
    let header = "X-Prometheus-Scrape-Timeout-Seconds: soon";
    exporter.send("GET", "/probe?target=mail.example", &[header]).is(400).contains("number of seconds");
    let metrics = exporter.get("/metrics").is(200);
    assert_eq!(metrics.value("smtpcheck_exporter_probes_rejected_total{reason=\"module\"}"), Some(2.0));
    assert_eq!(metrics.value("smtpcheck_exporter_http_responses_total{code=\"400\"}"), Some(14.0));
    assert_eq!(metrics.value("smtpcheck_exporter_probes_total{result=\"fail\"}"), Some(0.0));
}

#[test]
fn the_process_publishes_its_own_metrics() {
    let exporter = Exporter::start(&defaults());
    exporter.probe(address("healthy-submission"), "").is(200);
    exporter.probe(address("certificate-expired"), "").is(200);
    let metrics = exporter.get("/metrics").is(200);
    assert_eq!(metrics.value("smtpcheck_exporter_probes_total{result=\"pass\"}"), Some(1.0));
    assert_eq!(metrics.value("smtpcheck_exporter_probes_total{result=\"fail\"}"), Some(1.0));
    assert_eq!(metrics.value("smtpcheck_exporter_probes_running"), Some(0.0));
    assert_eq!(metrics.value("smtpcheck_exporter_http_connections"), Some(1.0));
    for name in
        ["smtpcheck_exporter_build_info", "smtpcheck_exporter_probe_seconds_total", "process_start_time_seconds"]
    {
        assert!(metrics.has(name), "{name}: {}", metrics.body);
    }
}
