//! The content that several formats show, independent of their layout: the lines of a session, the phases, the verdict
//! and its reasons. The text, HTML, Markdown, GitHub, JUnit, nagios and suite formats only add their layout.

pub(super) mod domain;
pub(super) mod interfaces;
pub(super) mod lines;
pub(super) mod lookups;
pub(super) mod phases;
pub(super) mod session;
pub(super) mod settings;
pub(super) mod spf_tree;
pub(super) mod tls;
pub(super) mod verdict;

/// A duration in milliseconds, without the unit.
pub(super) fn milliseconds(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// A duration with its unit, ms or s.
pub(super) fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{} ms", milliseconds(ms)) } else { format!("{:.1} s", ms / 1000.0) }
}
