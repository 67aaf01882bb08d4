//! What formats for people show, without saying how: the lines of a session, the phases, the verdict and its reasons. Text,
//! HTML, Markdown, GitHub, JUnit, nagios and suites are thin over these; no format reads another one's text.

pub(super) mod lines;
pub(super) mod phases;
pub(super) mod session;
pub(super) mod tls;
pub(super) mod verdict;

/// A time without its unit.
pub(super) fn milliseconds(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

/// A time with its unit.
pub(super) fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{} ms", milliseconds(ms)) } else { format!("{:.1} s", ms / 1000.0) }
}
