//! Runs the check for a request to `/probe`.
//!
//! The check is a separate task, which the request waits for. If the client closes its connection, hyper drops the
//! request. This drops the [`StopHandle`](crate::run::StopHandle), and the check ends its sessions (see
//! `run::service`).

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::counters::ProbeEnd;
use super::planner::PlannedProbe;
use super::service::{ExporterService, StopPhase};
use crate::cli::flags::exporter::TargetPattern;
use crate::host::SetupError;
use crate::plan::{Plan, Retry};
use crate::render::exporter::{self as page, ProbeRow};
use crate::report::{Report, Verdict};
use crate::run::{CheckStop, Job, RunError, stop_handle};

/// The minimum time for a check, even if the scrape timeout is hardly longer than the offset.
const SHORTEST: Duration = Duration::from_millis(200);

/// What the response to a probe contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Metrics.
    Metrics,
    /// The session, the diagnosis, and the metrics, for people.
    Debug,
}

/// The result of a probe.
pub(super) enum ProbeResponse {
    /// The check ran.
    Checked {
        /// The report.
        report: Box<Report>,
        /// The module.
        module: String,
    },
    /// Too many probes are running.
    Busy,
    /// The exporter is stopping.
    Stopped,
    /// This machine cannot run the check. Details are in the log.
    Unable {
        /// The reason.
        reason: String,
    },
}

/// Whether the target of a plan is allowed. If there are no patterns, every target is allowed. A Unix socket is always
/// allowed, because only the configuration file can name one.
pub(super) fn is_allowed(patterns: &[TargetPattern], plan: &Plan) -> bool {
    let allows = |pattern: &TargetPattern| match plan.domain {
        Some(_) => pattern.allows_host(&plan.target.host),
        None => pattern.allows_server(&plan.target.host, plan.target.port),
    };
    patterns.is_empty() || plan.target.host.socket().is_some() || patterns.iter().any(allows)
}

/// Shortens the time limits of a plan, so that its result is available before Prometheus stops waiting. A server that
/// does not respond can use at most three quarters of the time. The rest is left for the other phases and sessions, and
/// the report shows the phase in which the server did not respond.
pub(super) fn limit(plan: &mut Plan, wait: Option<Duration>, offset: Duration) {
    let Some(wait) = wait else { return };
    let time = wait.saturating_sub(offset).max(SHORTEST).min(wait);
    let total = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let limits = &mut plan.limits;
    limits.total_ms = limits.total_ms.min(total);
    let share = (limits.total_ms / 4).saturating_mul(3).max(1);
    limits.connect_ms = limits.connect_ms.min(share);
    limits.reply_ms = limits.reply_ms.min(share);
}

/// Runs a check.
pub(super) async fn run(service: &Rc<ExporterService>, planned: PlannedProbe) -> ProbeResponse {
    let Ok(permit) = Arc::clone(&service.permits).try_acquire_owned() else { return ProbeResponse::Busy };
    service.refresh_files();
    let (handle, stop) = stop_handle();
    let (sender, result) = oneshot::channel();
    let task = Rc::clone(service);
    // The task owns the permit, because the exporter waits for all permits before it ends.
    tokio::task::spawn_local(async move {
        let _permit = permit;
        let running = &task.counters.running;
        running.set(running.get() + 1);
        let response = check(&task, planned, stop).await;
        running.set(running.get().saturating_sub(1));
        // If the client has disconnected, the response is not needed.
        let _ = sender.send(response);
    });
    let mut stopping = service.stopping.clone();
    let response = tokio::select! {
        biased;
        response = result => response.unwrap_or(ProbeResponse::Stopped),
        _ = stopping.wait_for(|phase| *phase == StopPhase::Stopping) => ProbeResponse::Stopped,
    };
    drop(handle);
    response
}

/// Reads the password, runs the check, and records the result.
async fn check(service: &ExporterService, planned: PlannedProbe, stop: CheckStop) -> ProbeResponse {
    let began = Instant::now();
    let PlannedProbe { module, plan, scrape_connections: _, expectations, fetch } = planned;
    let name = plan.name();
    let unable = |why: &str, reason: String| {
        service.log(&format!("probe of {name} with module {module}: {why}"));
        service.counters.probed(ProbeEnd::Unable, began.elapsed().as_secs_f64());
        ProbeResponse::Unable { reason }
    };
    let (secret, spent) = match fetch {
        None => (None, Duration::ZERO),
        Some(fetch) => match tokio::task::spawn_blocking({
            let plan = plan.clone();
            move || fetch(&plan)
        })
        .await
        {
            Ok(Ok(read)) => read,
            Ok(Err(why)) => {
                let reason =
                    format!("the password of module {module} cannot be read; the exporter's log contains the reason");
                return unable(&why, reason);
            }
            Err(_) => return unable("the password cannot be read", "the password cannot be read".to_owned()),
        },
    };
    let job = Job { plan, secret, spent, expectations, retry: Retry::default() };
    let report = match service.runner.run(job, stop).await {
        Ok(Some(report)) => report,
        Ok(None) => {
            service.counters.probed(ProbeEnd::Stopped, began.elapsed().as_secs_f64());
            return ProbeResponse::Stopped;
        }
        Err(error) => {
            let reason = match &error {
                RunError::Setup(SetupError::Descriptors) => "no file descriptors are left",
                RunError::Setup(_) | RunError::Output(_) => {
                    "the check could not run; the exporter's log contains the reason"
                }
            };
            let why = match &error {
                RunError::Setup(error) => error.to_string(),
                RunError::Output(error) => error.to_string(),
            };
            return unable(&why, reason.to_owned());
        }
    };
    let end = match report.verdict() {
        Verdict::Pass => ProbeEnd::Passed,
        Verdict::Fail => ProbeEnd::Failed,
        Verdict::Incomplete => ProbeEnd::Incomplete,
    };
    service.counters.probed(end, began.elapsed().as_secs_f64());
    let row = ProbeRow {
        id: 0,
        at: service.now(),
        module: module.clone(),
        target: report.plan.target.input.clone(),
        name,
        result: end.word(),
        exit: report.exit.name(),
        ms: report.total_ms,
        has_diagnosis: end != ProbeEnd::Passed,
    };
    let diagnosis = row.has_diagnosis.then(|| page::diagnosis(&report));
    service.history.borrow_mut().add(row, diagnosis);
    ProbeResponse::Checked { report: Box::new(report), module }
}
