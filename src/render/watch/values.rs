//! The columns of a table of durations, and the format of their values.

use jiff::Timestamp;

use crate::render::escape::visible;
use crate::watch::changes::WatchChange;
use crate::watch::summary::{BackendSummary, PhaseSummary};

/// One column of a table of durations.
pub(super) struct DurationColumn {
    /// The heading.
    pub(super) name: &'static str,
    /// The value in milliseconds.
    pub(super) value: fn(&PhaseSummary) -> Option<f64>,
}

/// The columns, most important first: a narrow terminal shows only the first ones.
pub(super) const COLUMNS: [DurationColumn; 8] = [
    DurationColumn { name: "last", value: |phase| phase.last_ms },
    DurationColumn { name: "avg", value: |phase| phase.mean_ms },
    DurationColumn { name: "best", value: |phase| phase.best_ms },
    DurationColumn { name: "worst", value: |phase| phase.worst_ms },
    DurationColumn { name: "p50", value: |phase| phase.p50_ms },
    DurationColumn { name: "p95", value: |phase| phase.p95_ms },
    DurationColumn { name: "p99", value: |phase| phase.p99_ms },
    DurationColumn { name: "jitter", value: |phase| phase.jitter_ms },
];

/// The name of a phase in a table.
pub(super) fn phase_name(key: &str) -> String {
    match key {
        "dns" => "DNS".to_owned(),
        "ehlo" => "EHLO".to_owned(),
        "starttls" => "STARTTLS".to_owned(),
        "tls" => "TLS".to_owned(),
        "ehlo-tls" => "EHLO (TLS)".to_owned(),
        "auth" => "AUTH".to_owned(),
        "mail" => "MAIL".to_owned(),
        "rcpt" => "RCPT".to_owned(),
        other => visible(other),
    }
}

/// A duration without its unit; a dash if there is none.
pub(super) fn milliseconds(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_owned(),
        Some(ms) if ms < 10.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.0}"),
    }
}

/// A percentage without its sign.
pub(super) fn percent(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.1}") }
}

/// The time of day with the date, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A change, without its time.
pub(super) fn change(change: &WatchChange, to: &str) -> String {
    let place = match (&change.server.greeting_host, change.server.address) {
        (Some(host), Some(address)) => format!(" of {} ({address})", visible(host)),
        (Some(host), None) => format!(" of {}", visible(host)),
        (None, Some(address)) => format!(" at {address}"),
        (None, None) => String::new(),
    };
    let times = if change.times > 1 { format!(" ({} times)", change.times) } else { String::new() };
    format!("{}{place}: {} {to} {}{times}", change.subject.name(), visible(&change.from), visible(&change.to))
}

/// The name of a server: the host in its greeting and its IP address, if known.
pub(super) fn backend_name(backend: &BackendSummary) -> String {
    match (&backend.greeting_host, backend.address) {
        (Some(host), Some(address)) => format!("{} ({address})", visible(host)),
        (Some(host), None) => visible(host),
        (None, Some(address)) => address.to_string(),
        (None, None) => "unknown".to_owned(),
    }
}

/// What distinguishes a server, in one line.
pub(super) fn backend_facts(backend: &BackendSummary) -> String {
    let mut facts = Vec::new();
    if let Some(failure) = &backend.failure {
        facts.push(visible(failure));
    }
    facts.extend(backend.tls_version.as_ref().map(|version| format!("TLS {}", visible(version))));
    if let Some(certificate) = &backend.certificate {
        let fault = certificate.fault.map(|fault| format!(" {}", fault.in_words())).unwrap_or_default();
        let digits = visible(certificate.sha256.get(..8).unwrap_or_default());
        let until = certificate.not_after.strftime("%Y-%m-%d");
        facts.push(format!("certificate {digits}{fault}, until {until}"));
    }
    facts.join(", ")
}

/// A time span in words: "less than 1 s", "45 s", "10 min", "2 h 5 min", "3 d 4 h".
pub(super) fn span(seconds: i64) -> String {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let two = |first: i64, one: &str, second: i64, other: &str| match second {
        0 => format!("{first} {one}"),
        _ => format!("{first} {one} {second} {other}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) if rest < 1 => "less than 1 s".to_owned(),
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => two(minutes, "min", rest, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, percent, span};

    #[test]
    fn numbers_fit_their_columns() {
        assert_eq!(
            [Some(0.04), Some(9.96), Some(12.4), Some(60_000.0), None].map(milliseconds),
            ["0.0", "10.0", "12", "60000", "-"]
        );
        assert_eq!([0.0, 0.04, 2.5, 100.0].map(percent), ["0", "0.0", "2.5", "100.0"]);
    }

    #[test]
    fn a_span_has_at_most_two_units() {
        assert_eq!(
            [0, 59, 60, 605, 7500, 273_600, 86_400].map(span),
            ["less than 1 s", "59 s", "1 min", "10 min 5 s", "2 h 5 min", "3 d 4 h", "1 d"]
        );
    }
}
