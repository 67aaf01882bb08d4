//! `smtpcheck ports HOST`: one inquiry for all ports of a host side by side, a report for each, and what they say
//! together.

use std::io;
use std::time::Duration;

use clap::ArgMatches;
use jiff::Timestamp;

use super::progress::Progress;
use super::retry::RetryListener;
use super::sink::{Draft, Readers, Sink, file_of};
use super::{CommandError, outlet};
use crate::cli::commands::ports::PortsArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::plan as planning;
use crate::evidence::{Event, Evidence, Probe};
use crate::gather::{self, Gather, Gatherer};
use crate::inquiry::{self, Ended, EvidenceListener};
use crate::plan::{Plan, TlsMode};
use crate::render::ports as rendering;
use crate::report::Report;
use crate::report::ports::PortsReport;

/// Ports whose TLS mode an RFC says. Another mode on one of them is a fault; on any other port it was our guess.
const WITH_A_RULE: [u16; 3] = [25, 465, 587];

pub(super) fn run(args: &PortsArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let outlet = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { outlet() };
    let look = args.display(&outlet);
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let plans = planning::ports(args, matches, hostname.as_deref())?;
    let Some(first) = plans.first() else { return Err(CommandError::usage("--ports names no port".to_owned())) };
    let host = first.target.host.clone();
    let mut gatherer = Gatherer::new(first, None)?;
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::of(&plans))).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    let mut patience = WaitingNotice::new();
    gather::end_on_unhandled_signals();
    let started_at = Timestamp::now();
    let mut reports = inquire(plans, &mut gatherer, started_at, &mut patience);
    gatherer.is_able()?;
    let again: Vec<Plan> = reports.iter().filter(|report| report.complete).filter_map(other_mode).collect();
    for report in inquire(again, &mut gatherer, started_at, &mut patience) {
        if let Some(first_guess) = reports.iter_mut().find(|known| known.plan.target == report.plan.target) {
            *first_guess = report;
        }
    }
    gatherer.is_able()?;
    patience.0.clear();
    let answer = PortsReport::new(host, &reports, gatherer.now_ms());
    let text = if args.json { rendering::json(&answer) } else { rendering::render(&answer, &reports, &look) };
    sink.write(&text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(answer.exit.code)
}

fn inquire(
    plans: Vec<Plan>,
    gatherer: &mut Gatherer,
    started_at: Timestamp,
    patience: &mut WaitingNotice,
) -> Vec<Report> {
    if plans.is_empty() {
        return Vec::new();
    }
    let (evidence, ended): (Vec<Evidence>, Ended) = inquiry::inquire_all(&plans, gatherer, started_at, patience);
    let total_ms = gatherer.now_ms();
    plans.into_iter().zip(evidence).map(|(plan, seen)| Report::new(plan, seen, &ended, total_ms)).collect()
}

/// A port without a rule of its own turned out to begin TLS the other way: once more, that way.
fn other_mode(report: &Report) -> Option<Plan> {
    let found = |rule: &str| report.findings.iter().any(|finding| finding.rule == rule);
    let mode = match () {
        () if WITH_A_RULE.contains(&report.plan.target.port) => return None,
        () if found("implicit-tls-expected") => TlsMode::Implicit,
        () if found("starttls-expected") => TlsMode::Starttls,
        () => return None,
    };
    let mut plan = report.plan.clone();
    plan.tls.mode = mode;
    Some(plan)
}

/// Shows on a terminal that we wait; the table comes at the end.
pub(super) struct WaitingNotice(Progress);

impl WaitingNotice {
    /// Shows it if there is a terminal to show it on.
    pub(super) fn new() -> WaitingNotice {
        WaitingNotice(Progress::new())
    }
}

impl RetryListener for WaitingNotice {
    fn tried(&mut self, _: usize, _: &Report) -> io::Result<()> {
        Ok(())
    }

    fn pausing(&mut self, left: Duration) {
        self.0.show(&format!("next try in {:.0} s", left.as_secs_f64().ceil()));
    }
}

impl EvidenceListener for WaitingNotice {
    fn event(&mut self, _: &Plan, _: &Evidence, _: &Event) -> io::Result<()> {
        Ok(())
    }

    fn answered(&mut self, _: &Plan, _: &Evidence, _: &Probe) -> io::Result<()> {
        Ok(())
    }

    fn waiting(&mut self, _: &Plan, evidence: &Evidence, now_ms: f64) -> io::Result<()> {
        self.0.wait(evidence, now_ms);
        Ok(())
    }
}
