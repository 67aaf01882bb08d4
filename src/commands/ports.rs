//! `smtpcheck ports HOST`: checks several ports of a host in one inquiry, creates a report for each port, and
//! summarises them.

use std::io;

use clap::ArgMatches;

use super::CommandError;
use super::progress::Progress;
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use crate::check;
use crate::cli::commands::ports::PortsArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::plan as planning;
use crate::evidence::Evidence;
use crate::host::{name, signals};
use crate::inquiry::EvidenceListener;
use crate::plan::Plan;
use crate::render::ports as rendering;
use crate::report::ports::PortsReport;
use crate::run::Engine;

pub(super) fn run(args: &PortsArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let outlet = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { outlet() };
    let look = args.display(&outlet);
    let plans = planning::ports(args, matches, name::host_name().as_deref())?;
    let Some(first) = plans.first() else { return Err(CommandError::usage("--ports names no port".to_owned())) };
    let host = first.target.host.clone();
    let proxies = secrets::proxies(&args.route, &plans)?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    let mut ports = engine.ports(first)?;
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::of(&plans))).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    let mut progress = PortsProgress(Progress::new(1));
    signals::end_if_unhandled();
    let mut reports = engine.inquire(&mut ports, plans, &mut progress)?;
    let again: Vec<Plan> = reports
        .iter()
        .filter(|report| report.complete)
        .filter_map(|report| check::in_other_mode(&report.plan, &report.findings))
        .collect();
    for report in engine.inquire(&mut ports, again, &mut progress)? {
        if let Some(first_guess) = reports.iter_mut().find(|known| known.plan.target == report.plan.target) {
            *first_guess = report;
        }
    }
    progress.0.clear();
    let answer = PortsReport::new(host, &reports, ports.elapsed_ms());
    let text = if args.json { rendering::json(&answer) } else { rendering::render(&answer, &reports, &look) };
    sink.write(&text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(answer.exit.code)
}

/// On a terminal, shows what smtpcheck is waiting for; the table is written at the end.
struct PortsProgress(Progress);

impl EvidenceListener for PortsProgress {
    fn waiting(&mut self, plan: &Plan, evidence: &Evidence, _: f64) -> io::Result<()> {
        self.0.waiting(0, plan, evidence);
        Ok(())
    }
}
