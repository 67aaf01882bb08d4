//! `smtpcheck TARGET --for PROGRAM`: an ordinary check whose session and diagnosis go to standard error. If the check
//! succeeded, a configuration for the mail program is written to standard output. `smtpcheck settings ADDRESS --for
//! PROGRAM` also writes the configuration with [`write`].
//!
//! Before anything is sent, this module checks whether a configuration of the program can contain the settings of the
//! check.

use std::io::{self, IsTerminal};
use std::path::Path;

use clap::ArgMatches;

use super::CommandError;
use super::check::{PlannedChecks, plans};
use super::live::{self, ReportDisplay, Results, Retention};
use super::outputs::Outputs;
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::{locale_target, outlet, print};
use crate::cli::UsageError;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::password::PasswordArgs;
use crate::cli::flags::snippet::SnippetChoice;
use crate::host::{file, signals};
use crate::plan::{LoginProof, Plan, Protocol, QuitAfter};
use crate::render::{Display, snippets as rendering};
use crate::report::{Exit, RunSource, planned_settings, proved_settings};
use crate::run::{ConcurrencyLimits, Engine};
use crate::snippets::{PasswordReference, Program, ServerSettings};
use crate::wire::Host;

/// Prints the list of programs, or checks the target and prints the configuration.
pub(super) fn run(args: &CheckArgs, matches: &ArgMatches, choice: SnippetChoice) -> Result<u8, CommandError> {
    match choice {
        SnippetChoice::List => print_list(&args.display(&outlet()), file_of(&args.file.output)),
        SnippetChoice::Program(program) => check(args, matches, program),
    }
}

fn check(args: &CheckArgs, matches: &ArgMatches, program: &'static Program) -> Result<u8, CommandError> {
    let look = args.display(&locale_target(io::stderr().is_terminal()));
    let format = args.format.chosen();
    let checks = plans(args, matches)?;
    let planned = planned(&checks, args)?;
    program.snippet(&planned).map_err(|error| wrong(error.to_string()))?;
    super::check::reject_output_clashes(args)?;
    let readers = Readers::of(&checks.plans);
    // The configuration contains no secret.
    let file = file_of(&args.file.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let proxies = secrets::proxies(&args.route, &checks.plans)?;
    let jobs = checks.jobs()?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    jobs.first().map(|job| engine.prepare(job)).transpose()?;
    let shown = ReportDisplay { format, look: &look, template: None };
    signals::end_if_unhandled();
    let limits = ConcurrencyLimits::in_all(args.port.jobs);
    let mut sink = Sink::Stderr;
    let results = live::run(&mut engine, jobs, limits, RunSource::Target, &shown, Retention::Reports, &mut sink)?;
    let code = results.exit_code(format, &look);
    let Results::Kept(run) = results else { return Ok(code) };
    outputs.write(&run, &look)?;
    let settings = run.reports().last().ok_or_else(|| "the check did not run".to_owned());
    let is_written = write(program, settings.and_then(|report| proved_settings(report, planned)), file, &look)?;
    Ok(exit_code(code, is_written))
}

/// The exit code. A command that printed no configuration does not exit with 0, because a script would use the empty
/// output.
pub(super) fn exit_code(code: u8, is_written: bool) -> u8 {
    if code == 0 && !is_written { Exit::Incomplete.code() } else { code }
}

/// Writes the list of programs to standard output or to a file.
pub(super) fn print_list(look: &Display, file: Option<&Path>) -> Result<u8, CommandError> {
    match file {
        None => print(&rendering::list(look)),
        Some(path) => {
            Draft::begin(path, Readers::Usual)?.fill(&rendering::list(&look.for_file()))?;
            Ok(Exit::Ok.code())
        }
    }
}

/// Writes the configuration for a program to a file or to standard output, and its notes to standard error. Without
/// settings, it writes only the reason. Returns whether there is a configuration.
pub(super) fn write(
    program: &Program,
    settings: Result<ServerSettings, String>,
    file: Option<Draft>,
    look: &Display,
) -> Result<bool, CommandError> {
    let snippet = settings.and_then(|settings| program.snippet(&settings).map_err(|error| error.to_string()));
    let snippet = match snippet {
        Ok(snippet) => snippet,
        Err(reason) => {
            secrets::write_note(&format!("no configuration for {} is printed: {reason}", program.name));
            return Ok(false);
        }
    };
    Sink::Stderr.write(&rendering::notes(program, &snippet.notes, look)).map_err(CommandError::Output)?;
    let mut result = file.map_or(Sink::Stdout, Sink::File);
    result.write(&snippet.text).map_err(CommandError::Output)?;
    result.finish()?;
    Ok(true)
}

/// The settings of the plan. Fails if a configuration cannot contain the settings that the check would verify.
fn planned(checks: &PlannedChecks<'_>, args: &CheckArgs) -> Result<ServerSettings, CommandError> {
    let plan = match checks.plans.as_slice() {
        [plan] => plan,
        [] => {
            return Err(CommandError::Usage(
                UsageError::new("no target given").with_hint("for example: smtpcheck smtp.example.net:587 --for msmtp"),
            ));
        }
        _ => return Err(wrong("a configuration contains only one server: give one target".to_owned())),
    };
    if let Some(reason) = unsupported(plan) {
        return Err(wrong(reason.to_owned()));
    }
    Ok(with_absolute_paths(planned_settings(plan, reference(&args.password))))
}

/// Where a program finds the password.
pub(super) fn reference(args: &PasswordArgs) -> PasswordReference {
    match &args.password_file {
        // Another process does not have the file descriptors of this one, for example those of <(command).
        Some(path) if file::is_of_this_process(path) => PasswordReference::Variable,
        Some(path) => PasswordReference::File(absolute(path)),
        None => PasswordReference::Variable,
    }
}

/// The settings for a program that is started in a different working directory.
pub(super) fn with_absolute_paths(settings: ServerSettings) -> ServerSettings {
    let ca_file = settings.ca_file.as_deref().map(absolute);
    ServerSettings { ca_file, ..settings }
}

/// Why a login with a token or a certificate is rejected.
pub(super) const ONLY_PASSWORD: &str = "supports only a login with a password";

fn unsupported(plan: &Plan) -> Option<&'static str> {
    let login = plan.login.as_ref();
    let is_smtp = plan.target.protocol == Protocol::Smtp && !matches!(plan.target.host, Host::Socket(_));
    match () {
        () if !is_smtp => Some("supports only SMTP servers with a host and a port"),
        () if plan.quit_after < QuitAfter::Starttls => {
            Some("requires a session with TLS: use --quit-after starttls or a later phase")
        }
        () if login.is_some_and(|login| login.proof != LoginProof::Password) => Some(ONLY_PASSWORD),
        () if login.is_some_and(|login| login.authzid.is_some()) => Some("cannot be used with --authzid"),
        () => None,
    }
}

pub(super) fn wrong(reason: String) -> CommandError {
    CommandError::Usage(UsageError::flag("--for", reason))
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
