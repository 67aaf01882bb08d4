//! Records and policies from the tests of other programs: `tests/data/policy-records.toml` lists which records each
//! program accepts.

use serde::Deserialize;

use super::dkim::KeyRecord;
use super::dmarc::DmarcText;
use super::mta_sts::{StsPolicy, StsRecord};
use super::spf::record::SpfRecord;
use super::tls_rpt::TlsRptRecord;

#[derive(Deserialize)]
struct ForeignSuites {
    suite: Vec<ForeignSuite>,
}

#[derive(Deserialize)]
struct ForeignSuite {
    source: String,
    kind: String,
    rejects: Vec<String>,
    accepts: Vec<String>,
}

/// Whether the text has no fault.
fn is_accepted(kind: &str, text: &str) -> bool {
    match kind {
        "dmarc" => matches!(DmarcText::parse(text), DmarcText::Record(record) if record.faults.is_empty()),
        "dkim" => KeyRecord::parse(text).faults.is_empty(),
        "spf" => SpfRecord::parse(text).mistakes().next().is_none(),
        "sts-record" => StsRecord::parse(text).faults.is_empty(),
        "sts-policy" => StsPolicy::parse(text).faults.is_empty(),
        "tls-rpt" => {
            let record = TlsRptRecord::parse(text);
            record.faults.is_empty() && record.is_usable()
        }
        other => unreachable!("the kind {other} is not supported"),
    }
}

#[test]
fn records_of_other_suites_have_the_same_result() {
    let text = include_str!("../../tests/data/policy-records.toml");
    let suites: ForeignSuites = toml::from_str(text).expect("the suites");
    let mut different = Vec::new();
    for suite in &suites.suite {
        let rejected = suite.rejects.iter().filter(|text| is_accepted(&suite.kind, text));
        let accepted = suite.accepts.iter().filter(|text| !is_accepted(&suite.kind, text));
        different.extend(rejected.chain(accepted).map(|text| (&suite.source, text)));
    }
    assert!(different.is_empty(), "{different:#?}");
}
