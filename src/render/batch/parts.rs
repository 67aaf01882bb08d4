//! The parts of a summary that all formats for people share.

use std::collections::BTreeMap;

use super::super::escape::visible;
use super::super::view::verdict::{plural, seconds};
use crate::report::batch::{BatchSummary, DomainCounts, FindingExample, InterfaceCounts};
use crate::report::exit_name;

/// The verdict in one word.
pub(super) fn verdict_word(summary: &BatchSummary) -> &'static str {
    match summary.exit_code() {
        130 | 143 => "INCOMPLETE",
        // The program that reads the records closed the pipe.
        _ if summary.run.as_ref().is_some_and(|run| !run.complete) => "INCOMPLETE",
        0 => "PASS",
        _ => "FAIL",
    }
}

/// An example of a finding: the target and the finding's summary, escaped.
pub(super) fn example_text(example: &FindingExample) -> String {
    format!("{}: {}", visible(&example.target), visible(&example.summary))
}

/// The line with the numbers of targets and input lines.
pub(super) fn headline(summary: &BatchSummary) -> String {
    let passed = summary.by_exit.get(&0).copied().unwrap_or(0);
    let mut parts = vec![
        plural(summary.targets, "target", "targets"),
        format!("{passed} passed"),
        format!("{} failed", summary.targets.saturating_sub(passed)),
    ];
    if summary.invalid_lines > 0 {
        parts.push(plural(summary.invalid_lines, "invalid line", "invalid lines"));
    }
    if let Some(run) = &summary.run {
        let skipped = [
            (run.duplicates, "duplicate", "duplicates"),
            (run.other_shards, "check for other shards", "checks for other shards"),
            (run.resumed, "record kept", "records kept"),
        ];
        let skipped = skipped.iter().filter(|(number, ..)| *number > 0);
        parts.extend(skipped.map(|(number, one, several)| plural(*number, one, several)));
        parts.push(format!("{} s ({}/s)", seconds(run.total_ms), run.per_second));
    }
    parts.push(format!("exit {}", summary.exit_code()));
    parts.join(", ")
}

/// For each interface, its name and the number of targets with each exit code.
pub(super) fn interface_counts(counts: &InterfaceCounts) -> Vec<(String, String)> {
    let exits = |exits: &BTreeMap<u8, u64>| {
        let all: Vec<String> =
            exits.iter().map(|(code, count)| format!("{code} {}: {count}", exit_name(*code))).collect();
        all.join(", ")
    };
    counts.by_interface.iter().map(|(name, counts)| (visible(name), exits(counts))).collect()
}

/// The number of targets whose checks pass from some interfaces and fail from others.
pub(super) fn differing(counts: &InterfaceCounts) -> String {
    format!("{} from some interfaces and fail from others", plural(counts.differing, "target passes", "targets pass"))
}

/// The number of these targets that are not listed; `None` if all are.
pub(super) fn unlisted(counts: &InterfaceCounts) -> Option<String> {
    let hidden = counts.differing.saturating_sub(counts.examples.len() as u64);
    (hidden > 0).then(|| format!("and {}", plural(hidden, "other target", "other targets")))
}

/// The counts of domain results: for each result, its title and the number of domains with each value.
pub(super) fn domain_counts(counts: &DomainCounts) -> Vec<(&'static str, Vec<(String, u64)>)> {
    let mx = counts.by_mx.iter().map(|(hosts, domains)| (plural(*hosts, "host", "hosts"), *domains));
    let null_mx = (counts.null_mx > 0).then(|| ("null MX".to_owned(), counts.null_mx));
    let named = |counts: &BTreeMap<String, u64>| -> Vec<(String, u64)> {
        counts.iter().map(|(name, count)| (visible(name), *count)).collect()
    };
    let of_sender = |kind: &str| counts.by_sender.get(kind).map(named).unwrap_or_default();
    let all = [
        ("MX", mx.chain(null_mx).collect()),
        ("DNSSEC", named(&counts.by_dnssec)),
        ("DANE", named(&counts.by_dane)),
        ("MTA-STS", named(&counts.by_mta_sts)),
        ("TLS-RPT", named(&counts.by_tls_rpt)),
        ("SPF", named(&counts.by_spf)),
        ("DMARC", named(&counts.by_dmarc)),
        ("senders that use DANE", of_sender("dane")),
        ("senders that use MTA-STS", of_sender("mta-sts")),
        ("senders that use neither", of_sender("neither")),
    ];
    all.into_iter().filter(|(_, counts)| !counts.is_empty()).collect()
}
