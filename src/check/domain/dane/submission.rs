//! Findings about the TLSA records of a submission port.

use crate::check::finding::{Finding, Severity};

/// A finding about a submission port, to which no sender delivers. Mail programs connect to it, and only few of them use
/// TLSA records, so the sentences about delivery and reports do not apply.
pub(super) fn for_submission(mut finding: Finding) -> Finding {
    let is_kept =
        |sentence: &&str| !["enders", "deliver", "TLS reports", "Postfix"].iter().any(|word| sentence.contains(word));
    let kept: Vec<&str> = finding.cause.split_inclusive(". ").filter(is_kept).collect();
    let end = if finding.severity == Severity::Error {
        "Mail programs that use DANE do not connect to this port of the server. Other mail programs are not affected."
    } else {
        "Only mail programs that use DANE are affected."
    };
    finding.cause =
        format!("{}{end}", kept.iter().map(|sentence| format!("{} ", sentence.trim_end())).collect::<String>());
    finding.summary = finding.summary.replace("so senders ignore them", "so mail programs ignore them");
    finding.failure = None;
    finding
}
