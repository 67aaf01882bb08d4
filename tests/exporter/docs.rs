//! The files in `docs/monitoring`: their metrics exist, and the exporter accepts their configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::client::Exporter;
use super::{address, defaults};
use crate::support::program;

fn docs(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file)
}

/// The names of metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_metric =
        |word: &&str| ["probe_", "smtpcheck_"].iter().any(|start| word.starts_with(start) && word.len() > start.len());
    words.filter(is_metric).map(str::to_owned).collect()
}

#[test]
fn every_metric_in_the_documentation_exists_and_every_metric_of_the_exporter_is_documented() {
    let exporter = Exporter::start(&defaults());
    let own = metrics(&names_in(&exporter.probe(address("certificate-expired"), "").body));
    let of_exporter = metrics(&names_in(&exporter.get("/metrics").body));
    // Metrics that depend on the settings or on the kind of check.
    let listed = std::fs::read_to_string(docs("formats.md")).unwrap();
    let known: BTreeSet<String> = [&own, &of_exporter, &metrics(&listed)].into_iter().flatten().cloned().collect();
    let labels = ["probe_duration"];
    for file in ["monitoring.md", "monitoring/alerts.yml", "monitoring/alerts-test.yml", "monitoring/dashboard.json"] {
        let text = std::fs::read_to_string(docs(file)).unwrap();
        let unknown: Vec<String> = metrics(&text)
            .into_iter()
            .filter(|name| !known.contains(name) && !labels.contains(&name.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    let page = metrics(&std::fs::read_to_string(docs("monitoring.md")).unwrap());
    let missing: Vec<&String> = of_exporter.difference(&page).collect();
    assert!(missing.is_empty(), "docs/monitoring.md does not mention {missing:?}");
}

/// The names of the samples, without labels and values.
fn names_in(text: &str) -> String {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned() + "\n").collect()
}

#[test]
fn the_configuration_files_in_the_documentation_are_accepted() {
    let check = |config: &Path| {
        let run = program::run(&["exporter", "--config", config.to_str().unwrap(), "--check-config"]);
        assert_eq!(run.code, 0, "{}: {run}", config.display());
    };
    check(&docs("monitoring/smtpcheck.toml"));
    let folder = tempfile::tempdir().unwrap();
    let page = std::fs::read_to_string(docs("monitoring.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let file = folder.path().join("c.toml");
        let relay = "[profile.relay]\ntarget = \"smtp.example.net\"\nuser = \"u\"\npassword-file = \"p\"\n";
        std::fs::write(&file, format!("{relay}{block}")).unwrap();
        check(&file);
    }
}

#[test]
fn the_web_configuration_in_the_documentation_is_accepted() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let web = std::fs::read_to_string(docs("monitoring/web.yml")).unwrap();
    let files = [("web.yml", web.as_str()), ("server.crt", &certificate.pem()), ("server.key", &key.serialize_pem())];
    let flags = ["--web-config", "{folder}/web.yml", "--listen", "0.0.0.0:0", "--allow-target", "*.example.net"];
    let exporter = Exporter::start_with("", &files, &flags);
    assert!(!exporter.log().contains("warning"), "{}", exporter.log());
}

#[test]
fn the_dashboard_has_the_structure_that_grafana_imports() {
    let text = std::fs::read_to_string(docs("monitoring/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    assert_eq!(dashboard["id"], Value::Null);
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    let variables: Vec<&str> =
        dashboard["templating"]["list"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["job", "module", "instance"]);
    // Grafana 9 reads the query of an annotation from the first place, and later versions read it from the second.
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        assert_eq!(annotation["expr"], annotation["target"]["expr"]);
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "the ids of the panels differ");
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(!title.is_empty() && panel["description"].is_string() && panel["type"].is_string(), "{panel}");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{title} is outside of the grid");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${DS_PROMETHEUS}", "{title}");
            assert!(target["expr"].is_string() && target["refId"].is_string(), "{title}");
        }
        for other in panels.iter().filter(|other| other["id"] != panel["id"]) {
            let of = |one: &Value, key: &str| one["gridPos"][key].as_u64().unwrap();
            let is_beside = |low: &str, size: &str| {
                of(panel, low) + of(panel, size) <= of(other, low) || of(other, low) + of(other, size) <= of(panel, low)
            };
            assert!(is_beside("x", "w") || is_beside("y", "h"), "{title} and {} overlap", other["title"]);
        }
    }
}
