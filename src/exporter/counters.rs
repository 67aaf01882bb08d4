//! What `/metrics` publishes: counts of probes and requests, the last reload, and the resources of this process.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::host::process;
use crate::render::exposition::{Exposition, Form, MetricType, Sample};

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProbeEnd {
    /// The check passed.
    Passed,
    /// The check failed.
    Failed,
    /// The time limit ended the check.
    Incomplete,
    /// The client closed the connection, or the exporter stopped.
    Stopped,
    /// This machine could not run the check.
    Unable,
}

impl ProbeEnd {
    const ALL: [ProbeEnd; 5] =
        [ProbeEnd::Passed, ProbeEnd::Failed, ProbeEnd::Incomplete, ProbeEnd::Stopped, ProbeEnd::Unable];

    /// The value of the label `result`.
    pub(super) fn word(self) -> &'static str {
        match self {
            ProbeEnd::Passed => "pass",
            ProbeEnd::Failed => "fail",
            ProbeEnd::Incomplete => "incomplete",
            ProbeEnd::Stopped => "stopped",
            ProbeEnd::Unable => "unable",
        }
    }
}

/// Why a request to `/probe` did not lead to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rejection {
    /// The request contains an error.
    Invalid,
    /// The module does not exist.
    Module,
    /// The target is not allowed.
    Target,
    /// Too many probes are running.
    Busy,
}

impl Rejection {
    const ALL: [Rejection; 4] = [Rejection::Invalid, Rejection::Module, Rejection::Target, Rejection::Busy];

    fn word(self) -> &'static str {
        match self {
            Rejection::Invalid => "invalid",
            Rejection::Module => "module",
            Rejection::Target => "target",
            Rejection::Busy => "busy",
        }
    }
}

/// The counts since the start. All of them have a fixed set of labels.
#[derive(Debug)]
pub(super) struct Counters {
    started: Option<Timestamp>,
    probes: RefCell<BTreeMap<ProbeEnd, u64>>,
    probe_seconds: Cell<f64>,
    rejections: RefCell<BTreeMap<Rejection, u64>>,
    responses: RefCell<BTreeMap<u16, u64>>,
    pub(super) connections: Cell<u32>,
    /// Connections that were closed to make room for others.
    pub(super) closed_connections: Cell<u64>,
    pub(super) running: Cell<u32>,
    pub(super) login_failures: Cell<u64>,
    is_reloaded: Cell<bool>,
    reloaded_at: Cell<Option<Timestamp>>,
}

impl Counters {
    pub(super) fn new(now: Option<Timestamp>) -> Counters {
        Counters {
            started: now,
            probes: RefCell::new(ProbeEnd::ALL.into_iter().map(|end| (end, 0)).collect()),
            probe_seconds: Cell::new(0.0),
            rejections: RefCell::new(Rejection::ALL.into_iter().map(|why| (why, 0)).collect()),
            responses: RefCell::default(),
            connections: Cell::new(0),
            closed_connections: Cell::new(0),
            running: Cell::new(0),
            login_failures: Cell::new(0),
            is_reloaded: Cell::new(true),
            reloaded_at: Cell::new(now),
        }
    }

    /// Counts a probe that has ended.
    pub(super) fn probed(&self, end: ProbeEnd, seconds: f64) {
        *self.probes.borrow_mut().entry(end).or_default() += 1;
        self.probe_seconds.set(self.probe_seconds.get() + seconds);
    }

    /// Counts a request without a check.
    pub(super) fn rejected(&self, why: Rejection) {
        *self.rejections.borrow_mut().entry(why).or_default() += 1;
    }

    /// Counts a response.
    pub(super) fn responded(&self, status: u16) {
        *self.responses.borrow_mut().entry(status).or_default() += 1;
    }

    /// Records a reload.
    pub(super) fn reloaded(&self, is_successful: bool, now: Option<Timestamp>) {
        self.is_reloaded.set(is_successful);
        if is_successful {
            self.reloaded_at.set(now);
        }
    }

    /// The text of `/metrics`.
    pub(super) fn render(&self, form: Form, max_probes: usize) -> String {
        let mut text = Exposition::new(form);
        let one = |value: f64| vec![Sample { labels: Vec::new(), value }];
        let time = |at: Option<Timestamp>| at.map_or(Vec::new(), |at| one(at.as_duration().as_secs_f64()));
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        text.family(
            "smtpcheck_exporter_build_info",
            "Version of smtpcheck.",
            MetricType::Gauge,
            vec![Sample { labels: version, value: 1.0 }],
        );
        text.family(
            "smtpcheck_exporter_config_last_reload_successful",
            "1 if the last reload of the configuration succeeded, 0 if it failed.",
            MetricType::Gauge,
            one(if self.is_reloaded.get() { 1.0 } else { 0.0 }),
        );
        text.family(
            "smtpcheck_exporter_config_last_reload_success_timestamp_seconds",
            "Time of the last successful reload, as a Unix timestamp.",
            MetricType::Gauge,
            time(self.reloaded_at.get()),
        );
        let by_result = self.probes.borrow().iter().map(|(end, count)| (("result", end.word()), *count)).collect();
        text.family(
            "smtpcheck_exporter_probes_total",
            "Number of probes by their result.",
            MetricType::Counter,
            labelled(by_result),
        );
        text.family(
            "smtpcheck_exporter_probe_seconds_total",
            "Total duration of all probes in seconds.",
            MetricType::Counter,
            one(self.probe_seconds.get()),
        );
        text.family(
            "smtpcheck_exporter_probes_running",
            "Number of running probes.",
            MetricType::Gauge,
            one(f64::from(self.running.get())),
        );
        text.family(
            "smtpcheck_exporter_probes_limit",
            "Number of probes that may run at the same time.",
            MetricType::Gauge,
            one(f64::from(u32::try_from(max_probes).unwrap_or(u32::MAX))),
        );
        let by_reason = self.rejections.borrow().iter().map(|(why, count)| (("reason", why.word()), *count)).collect();
        text.family(
            "smtpcheck_exporter_probes_rejected_total",
            "Number of probe requests that did not lead to a check, by reason.",
            MetricType::Counter,
            labelled(by_reason),
        );
        let by_status: Vec<Sample> = self
            .responses
            .borrow()
            .iter()
            .map(|(status, count)| Sample { labels: vec![("code", status.to_string())], value: number(*count) })
            .collect();
        text.family(
            "smtpcheck_exporter_http_responses_total",
            "Number of HTTP responses by status.",
            MetricType::Counter,
            by_status,
        );
        text.family(
            "smtpcheck_exporter_http_connections",
            "Number of open HTTP connections.",
            MetricType::Gauge,
            one(f64::from(self.connections.get())),
        );
        text.family(
            "smtpcheck_exporter_http_connections_closed_total",
            "Number of HTTP connections that were closed because too many were open.",
            MetricType::Counter,
            one(number(self.closed_connections.get())),
        );
        text.family(
            "smtpcheck_exporter_http_login_failures_total",
            "Number of HTTP requests with a wrong user name or password.",
            MetricType::Counter,
            one(number(self.login_failures.get())),
        );
        let resources = process::resources();
        let known = |value: Option<f64>| value.map_or(Vec::new(), one);
        text.family(
            "process_start_time_seconds",
            "Start of the process, as a Unix timestamp.",
            MetricType::Gauge,
            time(self.started),
        );
        text.family(
            "process_cpu_seconds_total",
            "CPU time of the process in seconds.",
            MetricType::Counter,
            known(resources.cpu_seconds),
        );
        text.family(
            "process_resident_memory_bytes",
            "Memory of the process in bytes.",
            MetricType::Gauge,
            known(resources.memory_bytes),
        );
        text.family(
            "process_open_fds",
            "Number of open file descriptors.",
            MetricType::Gauge,
            known(resources.open_files),
        );
        text.family(
            "process_max_fds",
            "Maximum number of open file descriptors.",
            MetricType::Gauge,
            known(resources.most_files),
        );
        text.finish()
    }
}

fn labelled(counts: Vec<((&'static str, &'static str), u64)>) -> Vec<Sample> {
    let sample = |((name, value), count): ((&'static str, &'static str), u64)| Sample {
        labels: vec![(name, value.to_owned())],
        value: number(count),
    };
    counts.into_iter().map(sample).collect()
}

/// A count as a value. Counts are far below 2^53, the limit up to which a double represents every integer exactly.
#[allow(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Counters, Form, ProbeEnd, Rejection};

    #[test]
    fn every_count_has_a_value_from_the_start() {
        let counters = Counters::new(None);
        let text = counters.render(Form::Text, 7);
        for line in [
            "smtpcheck_exporter_probes_total{result=\"pass\"} 0",
            "smtpcheck_exporter_probes_rejected_total{reason=\"busy\"} 0",
            "smtpcheck_exporter_probes_limit 7",
            "smtpcheck_exporter_config_last_reload_successful 1",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line}: {text}");
        }
    }

    #[test]
    fn counts_are_published() {
        let counters = Counters::new(None);
        counters.probed(ProbeEnd::Failed, 1.5);
        counters.probed(ProbeEnd::Failed, 0.25);
        counters.rejected(Rejection::Busy);
        counters.responded(429);
        counters.reloaded(false, None);
        let text = counters.render(Form::OpenMetrics, 1);
        for line in [
            "smtpcheck_exporter_probes_total{result=\"fail\"} 2",
            "smtpcheck_exporter_probe_seconds_total 1.75",
            "smtpcheck_exporter_probes_rejected_total{reason=\"busy\"} 1",
            "smtpcheck_exporter_http_responses_total{code=\"429\"} 1",
            "smtpcheck_exporter_config_last_reload_successful 0",
            "# TYPE smtpcheck_exporter_probes counter",
        ] {
            assert!(text.contains(&format!("\n{line}\n")), "{line}: {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
