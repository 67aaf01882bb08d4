//! `smtpcheck domain NAME|ADDRESS`: builds the plan, runs the check, writes the result and returns the exit code.

use std::time::Duration;

use clap::ArgMatches;

use super::CommandError;
use super::live::{self, ReportDisplay, Results, Retention};
use super::outputs::{Outputs, reject_clashes};
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use crate::check;
use crate::cli::commands::domain::DomainArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::{domain, plan as planning};
use crate::expect::Expectation;
use crate::host::{name, signals};
use crate::plan::Plan;
use crate::render::text::tlsa;
use crate::report::RunSource;
use crate::run::{ConcurrencyLimits, Engine, Job};

pub(super) fn run(args: &DomainArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = match file_of(&args.file.output) {
        Some(_) => OutputTarget::default(),
        None => outlet(),
    };
    let look = args.display(&outlet);
    let plan = domain::plan(args, matches, name::host_name().as_deref())?;
    reject_clashes(
        file_of(&args.file.output),
        &args.reports.report,
        &[("--cacert", args.cacert.as_deref()), ("--trust-anchor", args.dns.trust_anchor.as_deref())],
    )?;
    if !args.verbosity.quiet {
        secrets::note_unused_proxy("a domain check");
    }
    let job = job(args, plan)?;
    let file = file_of(&args.file.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, Readers::Usual)?;
    let mut engine = Engine::new()?;
    engine.prepare(&job)?;
    let mut sink = file.map_or(Sink::Stdout, Sink::File);
    signals::end_if_unhandled();
    if args.tlsa {
        let checked = live::run_single(&mut engine, job)?;
        let records = tlsa(&checked.report);
        if records.is_empty() {
            secrets::warn("no mail server sent a certificate, so there is no TLSA record to print");
        }
        let seen = check::domain::results(&checked.report.plan, &checked.report.evidence);
        let unsigned = seen.as_ref().map(check::domain::names_without_dnssec).unwrap_or_default();
        if !records.is_empty() && !unsigned.is_empty() {
            let names = unsigned.join(", ");
            secrets::warn(&format!(
                "senders ignore these TLSA records until the zones of the following names are signed with DNSSEC: {names}"
            ));
        }
        sink.write(&records).map_err(CommandError::Output)?;
        sink.finish()?;
        return Ok(checked.report.exit.code());
    }
    let shown = ReportDisplay { format, look: &look, template: args.output.write_out.as_ref() };
    let limits = ConcurrencyLimits::in_all(1);
    let retention = if outputs.are_any() { Retention::Reports } else { Retention::AsNeeded };
    let results = live::run(&mut engine, vec![job], limits, RunSource::Target, &shown, retention, &mut sink)?;
    sink.finish()?;
    if let Results::Kept(run) = &results {
        outputs.write(run, &look)?;
    }
    Ok(results.exit_code(format, &look))
}

fn job(args: &DomainArgs, plan: Plan) -> Result<Job, CommandError> {
    let expectations = planning::expectations(&args.expect.expect, std::slice::from_ref(&plan))?
        .into_iter()
        .map(|expression| Expectation { expression, place: None })
        .collect();
    Ok(Job { plan, secret: None, spent: Duration::ZERO, expectations, retry: args.expect.retry() })
}
