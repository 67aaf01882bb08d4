//! `smtpcheck settings ADDRESS|DOMAIN`: builds the plan, runs the search, writes the result and returns the exit code.
//!
//! If a login needs the user's consent, and a terminal is available, the search first runs without that login. The user
//! is then asked for consent, and the search runs again.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::ArgMatches;

use super::CommandError;
use super::live::{self, ReportDisplay, Results, Retention};
use super::outputs::{Outputs, reject_clashes};
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::snippet;
use super::stdout::{locale_target, outlet};
use crate::check::settings::{UnconfirmedServer, unconfirmed};
use crate::cli::UsageError;
use crate::cli::commands::settings::SettingsArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::flags::snippet::SnippetChoice;
use crate::cli::settings;
use crate::host::{name, signals, terminal};
use crate::plan::{LoginConsent, LoginProof, Plan, Retry};
use crate::report::{RunSource, recommended_settings};
use crate::run::{ConcurrencyLimits, Engine, Job};
use crate::secret::Secret;

pub(super) fn run(args: &SettingsArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    // With --for, the report is written to standard error.
    let outlet = match (args.snippet.program, file_of(&args.file.output)) {
        (Some(SnippetChoice::Program(_)), _) => locale_target(io::stderr().is_terminal()),
        (_, Some(_)) => OutputTarget::default(),
        (_, None) => outlet(),
    };
    let look = args.display(&outlet);
    let program = match args.snippet.program {
        Some(SnippetChoice::List) => return snippet::print_list(&look, file_of(&args.file.output)),
        Some(SnippetChoice::Program(program)) => Some(program),
        None => None,
    };
    let mut plan = settings::plan(args, matches, name::host_name().as_deref())?;
    let login = settings::login(args, &plan, secrets::sources(None))?;
    if program.is_some()
        && plan.settings.as_ref().is_some_and(|settings| settings.address.is_none() && settings.user.is_none())
    {
        let error = UsageError::flag("--for", "needs the email address, because the user name depends on it");
        return Err(error.with_hint("write the address instead of the domain, or add --user USER").into());
    }
    if program.is_some() && login.as_ref().is_some_and(|(login, _)| login.proof != LoginProof::Password) {
        return Err(snippet::wrong(snippet::ONLY_PASSWORD.to_owned()));
    }
    reject_clashes(
        file_of(&args.file.output),
        &args.reports.report,
        &[
            ("--cacert", args.cacert.as_deref()),
            ("--trust-anchor", args.sources.trust_anchor.as_deref()),
            ("--password-file", args.password.password_file.as_deref()),
        ],
    )?;
    if !args.verbosity.quiet {
        secrets::note_unused_proxy("a search for settings");
    }
    plan.login = login.as_ref().map(|(login, _)| login.clone());
    let readers = Readers::of(std::slice::from_ref(&plan));
    // The configuration contains no secret.
    let readers_of_file = if program.is_some() { Readers::Usual } else { readers };
    let file = file_of(&args.file.output).map(|path| Draft::begin(path, readers_of_file)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let source = login.map(|(_, source)| source);
    let (secret, spent) =
        secrets::measured(source.as_ref(), || source.as_ref().map(|source| secrets::fetch(source, &plan)).transpose())?;
    let mut engine = Engine::new()?;
    let mut job = SearchJob { plan, secret, spent };
    engine.prepare(&job.job())?;
    let (mut sink, file) = match program {
        Some(_) => (Sink::Stderr, file),
        None => (file.map_or(Sink::Stdout, Sink::File), None),
    };
    signals::end_if_unhandled();
    if job.needs_question() {
        job.ask(&mut engine)?;
    }
    let shown = ReportDisplay { format, look: &look, template: None };
    let limits = ConcurrencyLimits::in_all(1);
    let is_kept = outputs.are_any() || program.is_some();
    let retention = if is_kept { Retention::Reports } else { Retention::AsNeeded };
    let results = live::run(&mut engine, vec![job.job()], limits, RunSource::Target, &shown, retention, &mut sink)?;
    sink.finish()?;
    if let Results::Kept(run) = &results {
        outputs.write(run, &look)?;
        if let (Some(program), Some(report)) = (program, run.reports().last()) {
            let settings = recommended_settings(report, snippet::reference(&args.password));
            let is_written = snippet::write(program, settings.map(snippet::with_absolute_paths), file, &look)?;
            return Ok(snippet::exit_code(results.exit_code(format, &look), is_written));
        }
    }
    Ok(results.exit_code(format, &look))
}

/// A search that can be run more than once.
struct SearchJob {
    plan: Plan,
    secret: Option<Secret>,
    spent: Duration,
}

impl SearchJob {
    fn job(&self) -> Job {
        Job {
            plan: self.plan.clone(),
            secret: self.secret.as_ref().map(Secret::duplicate),
            spent: self.spent,
            expectations: Vec::new(),
            retry: Retry::default(),
        }
    }

    /// Whether the user can be asked for consent.
    fn needs_question(&self) -> bool {
        let has_consent = self.plan.settings.as_ref().is_some_and(|settings| settings.consent != LoginConsent::None);
        self.plan.login.is_some() && !has_consent && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Searches without a password. If the server's name is not authenticated, asks the user whether to send the
    /// password to it.
    fn ask(&mut self, engine: &mut Engine) -> Result<(), CommandError> {
        let without_login = Plan { login: None, ..self.plan.clone() };
        let job = Job { plan: without_login, secret: None, ..self.job() };
        let checked = live::run_single(engine, job)?;
        // Both searches together have one time limit. The time until the user answers does not count.
        self.spent += Duration::from_secs_f64((checked.report.total_ms / 1000.0).max(0.0));
        let Some(server) = unconfirmed(&self.plan, &checked.report.evidence) else { return Ok(()) };
        secrets::write_note(&question(&server));
        let is_confirmed = terminal::reads_yes();
        if let (true, Some(settings)) = (is_confirmed, &mut self.plan.settings) {
            settings.consent = LoginConsent::Hosts { hosts: vec![server.host] };
        }
        Ok(())
    }
}

fn question(server: &UnconfirmedServer) -> String {
    format!(
        "Send the password to {}, in the registrable domain {}? The host name comes from a source that is not \
         authenticated ({}). Type y for yes",
        server.host.with_port(server.port),
        server.registrable,
        server.source.title()
    )
}
