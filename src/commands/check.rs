//! `smtpcheck check TARGET...`: builds the plans, runs the checks, writes the results and returns the exit code. All
//! plans, files and passwords are checked before anything is sent, so that usage errors are reported before any
//! connection is made.

use std::borrow::Cow;

use clap::ArgMatches;

use super::CommandError;
use super::live::{self, ReportDisplay, Results, Retention};
use super::outputs::{Outputs, reject_clashes};
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::flags::password::{PasswordSource, unused_variable};
use crate::cli::{UsageError, plan as planning, resolve, target};
use crate::expect::Expectation;
use crate::host::{name, netrc, signals};
use crate::plan::{Plan, SourceInterface};
use crate::report::RunSource;
use crate::run::{ConcurrencyLimits, Engine, Job};

pub(super) fn run(args: &CheckArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = match file_of(&args.file.output) {
        Some(_) => OutputTarget::default(),
        None => outlet(),
    };
    let look = args.display(&outlet);
    let limits = ConcurrencyLimits::in_all(args.port.jobs);
    let template = args.output.write_out.clone();
    let checks = plans(args, matches)?;
    reject_output_clashes(args)?;
    let readers = Readers::of(&checks.plans);
    let file = file_of(&args.file.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let proxies = secrets::proxies(&args.route, &checks.plans)?;
    let jobs = checks.jobs()?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    // The jobs of all targets share the certificate files.
    jobs.first().map(|job| engine.prepare(job)).transpose()?;
    let mut sink = match file {
        Some(draft) => Sink::File(draft),
        None => Sink::Stdout,
    };
    let source = if args.targets.len() > 1 { RunSource::Targets } else { RunSource::Target };
    let shown = ReportDisplay { format, look: &look, template: template.as_ref() };
    let retention = if outputs.are_any() { Retention::Reports } else { Retention::AsNeeded };
    signals::end_if_unhandled();
    let results = live::run(&mut engine, jobs, limits, source, &shown, retention, &mut sink)?;
    sink.finish()?;
    if let Results::Kept(run) = &results {
        outputs.write(run, &look)?;
    }
    Ok(results.exit_code(format, &look))
}

/// Rejects an output file that is also read, or that two flags would write.
pub(super) fn reject_output_clashes(args: &CheckArgs) -> Result<(), UsageError> {
    reject_clashes(
        file_of(&args.file.output),
        &args.reports.report,
        &[
            ("--cacert", args.trust.cacert.as_deref()),
            ("--cert", args.tls.cert.as_deref()),
            ("--key", args.tls.key.as_deref()),
            ("--password-file", args.password.password_file.as_deref()),
            ("--proxy-password-file", args.route.proxy_password_file.as_deref()),
        ],
    )
}

/// The checks of a command line, before their passwords are read.
pub(super) struct PlannedChecks<'a> {
    pub(super) plans: Vec<Plan>,
    args: Cow<'a, CheckArgs>,
    expectations: Vec<Expectation>,
    source: Option<PasswordSource>,
}

/// Builds a plan for each target.
pub(super) fn plans<'a>(args: &'a CheckArgs, matches: &ArgMatches) -> Result<PlannedChecks<'a>, CommandError> {
    let hostname = name::host_name();
    let mut filled = args.targets.iter().map(|target| with_netrc(args, target)).collect::<Result<Vec<_>, _>>()?;
    let mut plans = args
        .targets
        .iter()
        .zip(&filled)
        .map(|(target, args)| planning::plan(args, matches, target, hostname.as_deref()))
        .collect::<Result<Vec<Plan>, UsageError>>()?;
    resolve::mark_unused(&mut plans);
    let args = if filled.is_empty() { Cow::Borrowed(args) } else { filled.swap_remove(0) };
    let expectations = planning::expectations(&args.expect.expect, &plans)?
        .into_iter()
        .map(|expression| Expectation { expression, place: None })
        .collect();
    let login = plans.first().and_then(|plan| plan.login.as_ref());
    let environment = secrets::sources(login);
    if let Some(warning) = unused_variable(args.auth.user.as_deref(), login, &environment) {
        secrets::warn(&warning);
    }
    let source = args.password.source(args.auth.user.as_deref(), login, environment)?;
    Ok(PlannedChecks { plans, args, expectations, source })
}

impl PlannedChecks<'_> {
    /// Each check from each of the given interfaces. Without interfaces, the checks are unchanged.
    pub(super) fn with_interfaces(mut self, interfaces: &[SourceInterface]) -> Self {
        let from = |plan: &Plan, interface: &SourceInterface| {
            let mut plan = plan.clone();
            plan.source.interface = Some(interface.clone());
            plan
        };
        if !interfaces.is_empty() {
            self.plans = self.plans.iter().flat_map(|plan| interfaces.iter().map(|one| from(plan, one))).collect();
        }
        self
    }

    /// Reads the passwords.
    pub(super) fn jobs(self) -> Result<Vec<Job>, CommandError> {
        let PlannedChecks { plans, args, expectations, source } = self;
        let retry = args.expect.retry();
        let (secrets, spent) = secrets::measured(source.as_ref(), || secrets::fetch_all(source.as_ref(), &plans))?;
        let job = |(plan, secret)| Job { plan, secret, spent, expectations: expectations.clone(), retry };
        let jobs: Vec<Job> = plans.into_iter().zip(secrets).map(job).collect();
        jobs.iter().for_each(|job| secrets::warn_of_key(&job.plan));
        Ok(jobs)
    }
}

/// With `--netrc` and without `--user`, adds the user name from the `.netrc` entry for the target.
fn with_netrc<'a>(args: &'a CheckArgs, target: &str) -> Result<Cow<'a, CheckArgs>, CommandError> {
    if !args.password.netrc || args.auth.user.is_some() {
        return Ok(Cow::Borrowed(args));
    }
    let user = netrc::user(&target::parse(target)?.host.to_string())?;
    let mut filled = args.clone();
    filled.auth.user = Some(user);
    Ok(Cow::Owned(filled))
}
