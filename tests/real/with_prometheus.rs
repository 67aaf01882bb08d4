//! `smtpcheck exporter` in Debian's Prometheus, and the files of `docs/monitoring` in promtool, systemd and Grafana's
//! schema.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::Prometheus;
use crate::support::sandboxes::TestSandbox;

#[path = "../exporter/client.rs"]
mod client;

use client::Exporter;

fn tools() -> PathBuf {
    std::env::var_os("SMTPCHECK_SERVERS").unwrap_or("/opt/smtpcheck-servers".into()).into()
}

fn programs() -> PathBuf {
    tools().join("prometheus/usr/bin")
}

fn docs(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file)
}

/// Runs a program that must succeed.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn prometheus_scrapes_healthy_expired_greylisting_and_silent_servers() {
    let sandbox = TestSandbox::start(&["healthy-submission", "certificate-expired", "greylisted", "greeting-missing"]);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (cert, key) = (certificate.pem(), key.serialize_pem());
    let web = format!(
        "tls_server_config: {{cert_file: web.crt, key_file: web.key}}\nbasic_auth_users:\n  prometheus: {}\n",
        bcrypt::hash("scrape-password", 6).unwrap()
    );
    let config = format!(
        "[defaults]\ncacert = \"{}\"\nsni = \"localhost\"\n[module.envelope]\nfrom = \"a@example.net\"\nto = \"b@example.net\"\n",
        sandbox.authority
    );
    let files = [("web.yml", web.as_str()), ("web.crt", &cert), ("web.key", &key)];
    let exporter = Exporter::start_with(&config, &files, &["--web-config", "{folder}/web.yml"]);
    let target = |name: &str| sandbox.addresses[name].as_str();
    let of_exporter = "    scheme: https\n    tls_config: {ca_file: web.crt, server_name: localhost}\n    basic_auth: {username: prometheus, password: scrape-password}\n    scrape_interval: 2s\n    scrape_timeout: 2s\n";
    let server = &exporter.address;
    let scrapes = format!(
        "rule_files: [alerts.yml]\nglobal: {{evaluation_interval: 1s}}\nscrape_configs:\n  - job_name: smtp\n{of_exporter}    metrics_path: /probe\n    static_configs:\n      - targets: [\"{}\", \"{}\", \"{}\"]\n      - targets: [\"{}\"]\n        labels: {{__param_module: envelope}}\n    relabel_configs:\n      - {{source_labels: [__address__], target_label: __param_target}}\n      - {{source_labels: [__param_target], target_label: instance}}\n      - {{target_label: __address__, replacement: \"{server}\"}}\n  - job_name: smtpcheck-exporter\n{of_exporter}    static_configs: [{{targets: [\"{server}\"]}}]\n",
        target("healthy-submission"),
        target("certificate-expired"),
        target("greeting-missing"),
        target("greylisted"),
    );
    let alerts = std::fs::read_to_string(docs("monitoring/alerts.yml")).unwrap();
    let prometheus =
        Prometheus::start(&programs(), &[("prometheus.yml", &scrapes), ("alerts.yml", &alerts), ("web.crt", &cert)]);
    for (name, code) in
        [("healthy-submission", 0.0), ("certificate-expired", 6.0), ("greylisted", 4.0), ("greeting-missing", 3.0)]
    {
        let labels = format!("{{instance=\"{}\"}}", target(name));
        assert_eq!(prometheus.value(&format!("smtpcheck_exit_code{labels}")), code, "{name}");
        let is_passed = if code == 0.0 { 1.0 } else { 0.0 };
        assert_eq!(prometheus.value(&format!("probe_success{labels}")), is_passed, "{name}");
        assert_eq!(prometheus.value(&format!("up{{job=\"smtp\",instance=\"{}\"}}", target(name))), 1.0, "{name}");
    }
    // Prometheus 2.42 asks for OpenMetrics, so it read that format. It may have read the metrics of the exporter before
    // the first probe ended, so the query waits for a value above zero.
    assert!(prometheus.value("smtpcheck_exporter_probes_total{result=\"fail\"} > 0") > 0.0);
    let expired = target("certificate-expired");
    assert!(prometheus.value(&format!("probe_ssl_earliest_cert_expiry{{instance=\"{expired}\"}} - time()")) < 0.0);
    let firing = format!("ALERTS{{alertname=\"SmtpCertificateExpired\",alertstate=\"firing\",instance=\"{expired}\"}}");
    assert_eq!(prometheus.value(&firing), 1.0);
    let pending = format!("ALERTS{{alertname=\"SmtpDown\",instance=\"{expired}\"}}");
    assert_eq!(prometheus.value(&pending), 1.0);
    let healthy = format!("ALERTS{{instance=\"{}\"}}", target("healthy-submission"));
    assert!(prometheus.query(&healthy).is_empty(), "{:?}", prometheus.query(&healthy));
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(docs("monitoring/dashboard.json")).unwrap()).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 10, "{expressions:?}");
    for expression in expressions {
        let query =
            ["job", "instance", "module"].iter().fold(expression, |text, name| text.replace(&format!("${name}"), ".*"));
        let result = prometheus.query(&query);
        // A new certificate and rejected requests have not been seen yet.
        assert!(!result.is_empty() || query.contains("offset") || query.contains("rate("), "no result: {query}");
    }
}

/// All queries of a dashboard.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value.as_str()) {
                ("expr", Some(text)) => vec![text.to_owned()],
                _ => expressions(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn the_alerts_fire_and_the_configuration_of_the_documentation_is_valid() {
    let promtool = programs().join("promtool");
    let run = |words: &[&str], file: &str| succeeds(Command::new(&promtool).args(words).arg(docs(file)));
    run(&["check", "config"], "monitoring/prometheus.yml");
    run(&["check", "rules"], "monitoring/alerts.yml");
    let tested = run(&["test", "rules"], "monitoring/alerts-test.yml");
    assert!(tested.contains("SUCCESS"), "{tested}");
    // The receiver of the OpenTelemetry Collector reads the same configuration, in which $ is doubled.
    let collector = std::fs::read_to_string(docs("monitoring/otel-collector.yml")).unwrap();
    let (_, receiver) = collector.split_once("    config:\n").unwrap();
    let lines: Vec<&str> = receiver.lines().map_while(|line| line.strip_prefix("      ")).collect();
    assert!(lines[0] == "scrape_configs:" && lines.len() > 10, "{lines:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    std::fs::write(&file, lines.join("\n").replace("$$", "$") + "\n").unwrap();
    succeeds(Command::new(&promtool).args(["check", "config"]).arg(&file));
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn the_configuration_of_the_documentation_uses_the_module_of_each_target() {
    let text = |file: &str| std::fs::read_to_string(docs(file)).unwrap();
    let files = [("prometheus.yml", text("monitoring/prometheus.yml")), ("alerts.yml", text("monitoring/alerts.yml"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let prometheus = Prometheus::start(&programs(), &files);
    let begin = Instant::now();
    // Prometheus creates its targets a few seconds after its start.
    let targets = loop {
        let targets = prometheus.api("targets");
        let is_complete = targets["data"]["activeTargets"].as_array().is_some_and(|active| active.len() >= 6);
        if is_complete || begin.elapsed() > Duration::from_secs(60) {
            break targets;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let active = targets["data"]["activeTargets"].as_array().unwrap();
    let module = |target: &str| {
        let labels = active.iter().map(|one| &one["labels"]).find(|labels| labels["instance"] == target);
        labels.unwrap_or_else(|| panic!("{target} is missing: {targets}"))["module"].clone()
    };
    assert_eq!(module("smtp.example.net:587"), "default", "{targets}");
    assert_eq!(module("smtp.example.net:465"), "login", "{targets}");
    assert_eq!(module("example.net"), "mail-domain", "{targets}");
    let has = |module: &str| active.iter().any(|one| one["scrapeUrl"].as_str().unwrap().contains(module));
    assert!(has("module=login") && has("module=mail-domain"), "{targets}");
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn promtool_accepts_the_metrics_of_the_exporter() {
    let sandbox = TestSandbox::start(&["healthy-submission", "certificate-expired"]);
    let exporter = Exporter::start(&format!("[defaults]\ncacert = \"{}\"\nsni = \"localhost\"\n", sandbox.authority));
    let mut pages = vec![exporter.get("/metrics").body];
    pages.extend(sandbox.addresses.values().map(|target| exporter.probe(target, "").body));
    for page in pages {
        let file = exporter.folder.path().join("metrics");
        std::fs::write(&file, &page).unwrap();
        let input = std::fs::File::open(&file).unwrap();
        succeeds(Command::new(programs().join("promtool")).args(["check", "metrics"]).stdin(input));
    }
}

/// The mistakes in a dashboard, compared with the schema of Grafana.
fn mistakes_in_dashboard(dashboard: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/dashboard.mjs");
    let output = Command::new("node").arg(script).arg(tools().join("node")).arg(dashboard).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "");
    let mistakes = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.success(), mistakes.is_empty(), "{mistakes}");
    mistakes
}

#[test]
#[ignore = "needs the modules that .ci/install-servers installs"]
fn the_dashboard_conforms_to_the_schema_of_grafana() {
    assert_eq!(mistakes_in_dashboard(&docs("monitoring/dashboard.json")), "");
    let text = std::fs::read_to_string(docs("monitoring/dashboard.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (right, wrong) in [
        ("\"graphTooltip\"", "\"graphTooltp\""),
        ("\"colorMode\": \"background\"", "\"colorMode\": \"backgrund\""),
        ("\"calcs\"", "\"calculations\""),
        ("\"mode\": \"thresholds\"", "\"mode\": \"threshold\""),
    ] {
        assert!(text.contains(right), "{right}");
        let broken = folder.path().join("dashboard.json");
        std::fs::write(&broken, text.replacen(right, wrong, 1)).unwrap();
        let mistakes = mistakes_in_dashboard(&broken);
        assert!(mistakes.contains(wrong), "{wrong}: {mistakes}");
    }
}

#[test]
#[ignore = "needs the programs that .ci/install-servers installs"]
fn systemd_rates_the_exposure_of_the_unit_below_2() {
    let text = succeeds(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true"])
            .arg(docs("systemd/smtpcheck-exporter.service")),
    );
    let level: f64 = text
        .split_once("Overall exposure level for smtpcheck-exporter.service: ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{text}"));
    assert!(level < 2.0, "{text}");
}
