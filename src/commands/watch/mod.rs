//! `smtpcheck watch TARGET...`: repeats the checks and summarises their results. Files, passwords and flags are checked
//! before anything is sent. Each result is added to the state and then discarded.

mod results;
pub(super) mod saved;
mod terminal;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::ArgMatches;

use super::CommandError;
use super::check;
use super::outputs::reject_clashes;
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use crate::cli::UsageError;
use crate::cli::commands::check::CheckArgs;
use crate::cli::commands::watch::WatchArgs;
use crate::cli::flags::display::OutputTarget;
use crate::host::{clock, environment, file, signals};
use crate::plan::{AddressChoice, Plan};
use crate::render::watch::html;
use crate::render::watch::screen::ScreenFacts;
use crate::render::{WatchForm, WatchWriter};
use crate::run::{Engine, RepeatLimits, RunError};
use crate::watch::Watch;
use crate::watch::record::WatchRecord;
use crate::wire::Host;
use results::WatchResults;
use terminal::WatchScreen;

/// The shortest interval without `--force-interval`, in milliseconds, for servers on other machines.
const POLITE_MS: u64 = 1000;
/// The same for checks with a TLS scan.
const POLITE_SCAN_MS: u64 = 300_000;

pub(super) fn run(args: &WatchArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let check_args = without_login(args);
    let path = file_of(&check_args.file.output);
    let outlet = if path.is_some() { OutputTarget::default() } else { outlet() };
    let look = check_args.display(&outlet);
    // A format that a watch does not support can come only from the configuration file or the environment.
    let form = check_args.format.chosen().watch.unwrap_or(WatchForm::Lines);
    let checks = check::plans(&check_args, matches)?;
    let mut checks = checks.with_interfaces(check_args.connection.compared_interfaces()?);
    reject_short_interval(args, &checks.plans)?;
    reject_lost_results(args)?;
    let inputs = [
        ("--cacert", check_args.trust.cacert.as_deref()),
        ("--cert", check_args.tls.cert.as_deref()),
        ("--key", check_args.tls.key.as_deref()),
        ("--password-file", check_args.password.password_file.as_deref()),
        ("--proxy-password-file", check_args.route.proxy_password_file.as_deref()),
    ];
    reject_clashes(path, &check_args.reports.report, &inputs)?;
    warn_about_logins(args, &checks.plans);
    for plan in &mut checks.plans {
        // The first check looks up the host's IP addresses, and each check uses one of them.
        plan.addresses = AddressChoice::First;
    }
    let readers = Readers::of(&checks.plans);
    let sink = path.map(|path| Draft::begin(path, readers)).transpose()?.map_or(Sink::Stdout, Sink::File);
    let reports = report_files(&check_args, readers)?;
    let plans = checks.plans.clone();
    let proxies = secrets::proxies(&check_args.route, &plans)?;
    let jobs = checks.jobs()?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    jobs.first().map(|job| engine.prepare(job)).transpose()?;
    let began = clock::now()?;
    let state = Arc::new(Mutex::new(Watch::new(plans.iter().cloned(), began)));
    let mut results = WatchResults {
        state: Arc::clone(&state),
        form,
        look: &look,
        goes_round: check_args.port.every_address,
        has_target: plans.len() > 1,
        is_quiet: check_args.verbosity.quiet,
        template: check_args.output.write_out.as_ref(),
        sink,
        is_closed: false,
        screen: None,
    };
    results.begin(&WatchRecord::begun(&plans, args.interval, began)).map_err(CommandError::Output)?;
    let limits = RepeatLimits {
        interval: Duration::from_millis(args.interval),
        count: args.count,
        duration: args.duration.map(Duration::from_millis),
        jobs: check_args.port.jobs,
        seed: began.as_nanosecond().unsigned_abs() as u64,
    };
    signals::end_if_unhandled();
    if wants_screen(&check_args, form) {
        let facts = ScreenFacts { look: look.clone(), interval_ms: args.interval, logs_in: args.with_login };
        // If the terminal cannot show the table, one line is written for each check.
        results.screen = WatchScreen::open(Arc::clone(&state), facts).ok();
    }
    let end = engine.repeat(jobs, limits, &mut results);
    // The terminal is restored before anything else is written.
    results.screen = None;
    match end {
        Err(RunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        end => {
            end?;
        }
    }
    let summary = {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.summary(clock::now().unwrap_or(began), args.fail_on_loss)
    };
    results.end(&summary).map_err(CommandError::Output)?;
    results.sink.finish()?;
    for (writer, draft) in reports {
        draft.fill(&writer(&summary, &look.for_file()))?;
    }
    Ok(summary.exit.code)
}

/// Whether a table is shown and updated in place: on a terminal, unless the user requests lines, records or a file.
fn wants_screen(args: &CheckArgs, form: WatchForm) -> bool {
    let is_dumb = environment::value("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    let is_plain = !matches!(form, WatchForm::Lines) || args.verbosity.quiet || args.output.write_out.is_some();
    !is_plain && !is_dumb && file_of(&args.file.output).is_none() && io::stdout().is_terminal()
}

/// The flags of the checks. A watch logs in only with `--with-login`.
fn without_login(args: &WatchArgs) -> CheckArgs {
    let mut check = args.check.clone();
    if !args.with_login {
        check.auth.user = None;
        check.auth.auth = None;
        check.auth.authzid = None;
        check.auth.no_auth = true;
        check.password.password_stdin = false;
        check.password.password_file = None;
        check.password.password_command = None;
        check.password.token_command = None;
        check.password.netrc = false;
    }
    check
}

/// Short intervals are allowed only for this machine, because other servers could mistake them for an attack. A scan
/// opens many connections, so it needs a longer interval.
fn reject_short_interval(args: &WatchArgs, plans: &[Plan]) -> Result<(), UsageError> {
    let is_too_short = |plan: &&Plan| {
        let least = if plan.tls.scan { POLITE_SCAN_MS } else { POLITE_MS };
        args.interval < least && !is_this_machine(plan)
    };
    let Some(plan) = plans.iter().find(is_too_short).filter(|_| !args.force_interval) else { return Ok(()) };
    let host = &plan.target.host;
    let (reason, least) = match plan.tls.scan {
        true => (format!("a TLS scan of {host} needs many connections"), "5m"),
        false => (format!("more than one check per second is too frequent for {host}"), "1s"),
    };
    let error = UsageError::flag("--interval", reason).with_value(in_units(args.interval));
    Err(error.with_hint(format!("use {least} or more, or add --force-interval if you operate the server")))
}

/// If standard output is closed, a watch without an end would run although nothing shows its results. A watch with an
/// end continues, because its exit code is also a result.
fn reject_lost_results(args: &WatchArgs) -> Result<(), CommandError> {
    let has_end = args.count.is_some() || args.duration.is_some();
    let has_file = file_of(&args.check.file.output).is_some() || !args.check.reports.report.is_empty();
    if has_end || has_file || !file::is_stdout_closed() {
        return Ok(());
    }
    let reason = "standard output is closed; add --count or --duration, or write the results to a file with --output or --report";
    Err(CommandError::Output(io::Error::other(reason)))
}

/// A duration in the form that users write.
fn in_units(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

fn is_this_machine(plan: &Plan) -> bool {
    let given = plan.given_addresses(&plan.target.host);
    if !given.is_empty() {
        return given.iter().all(|ip| ip.is_loopback());
    }
    match &plan.target.host {
        Host::Ip(ip) => ip.is_loopback(),
        Host::Socket(_) => true,
        Host::Name(name) => name.ascii().eq_ignore_ascii_case("localhost"),
    }
}

/// States how often the watch logs in, or that it does not log in although a user name is set.
fn warn_about_logins(args: &WatchArgs, plans: &[Plan]) {
    if !args.with_login {
        if args.check.auth.user.is_some() && !args.check.auth.no_auth && !args.check.verbosity.quiet {
            secrets::write_note("the user name is not used, because a watch logs in only with --with-login");
        }
        return;
    }
    let Some(login) = plans.iter().find_map(|plan| plan.login.as_ref()) else { return };
    let hourly = (3_600_000 / args.interval.max(1)).max(1);
    secrets::warn(&format!(
        "the watch logs in as {} about {hourly} times an hour; the server may lock the account or block this machine's IP address",
        login.user
    ));
}

/// Opens the files of `--report`.
fn report_files(args: &CheckArgs, readers: Readers) -> Result<Vec<(WatchWriter, Draft)>, CommandError> {
    let mut files = Vec::new();
    for report in &args.reports.report {
        // The flag accepts only formats with a summary. Any other format can come only from the environment.
        let writer: WatchWriter = report.format.0.watch_summary.unwrap_or(|summary, _| html::page(summary));
        files.push((writer, Draft::begin_for("--report", &report.path, readers)?));
    }
    Ok(files)
}
