//! `smtpcheck batch [FILE]`: checks a long list of targets. The input is read while the checks run, a record is written
//! for each target as soon as its check has ended, and only counts are kept.
//!
//! If the flags contain an error, the input cannot be opened or a password cannot be read, the program ends before
//! anything is sent. For an invalid line of the input, an error record is written.

mod columns;
mod input;
mod known;
pub(super) mod merge;
mod output;
mod profiles;
mod results;
mod shard;
mod targets;
mod written;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use super::outputs::reject_clashes;
use super::secrets::PromptUse;
use super::sink::{Draft, Readers, file_of};
use super::stdout::locale_target;
use super::{CommandError, secrets};
use crate::cli::commands::batch::BatchArgs;
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::password::PasswordSource;
use crate::cli::{UsageError, plan as planning};
use crate::host::{file, name, signals};
use crate::render::batch::{record, text};
use crate::report::batch::BatchTally;
use crate::run::{Engine, ProxyPasswords, RunError, StreamEnd, StreamLimits};

use known::{Duplicates, KnownTargets};
use output::{RecordFile, Repair};
use profiles::Profiles;
use results::{BatchProgressLine, BatchResults, RecordForm, progress_of};
use targets::{BatchLogin, BatchPlanner, EXAMPLE, InputCounts, Targets};

/// The size of the buffer for the input.
const BUFFER: usize = 256 * 1024;

pub(super) fn run(args: &BatchArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let chosen = shard::chosen(args.shard)?;
    let input = Input::open(args.file.as_deref())?;
    reject_same_files(args)?;
    let planner = planner(args, matches)?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&planner.proxies);
    let example = planner.example()?;
    let form = RecordForm::chosen(args, &example.plan)?;
    engine.prepare(&example)?;
    let duplicates = if args.keep_duplicates { Duplicates::Kept } else { Duplicates::CheckedOnce };
    let mut known = KnownTargets::new(duplicates);
    let mut tally = BatchTally::default();
    // The complete report of a profile can contain the transcript of a login.
    let readers = if planner.login.is_some() || args.full { Readers::Owner } else { Readers::Usual };
    let summary_file =
        args.summary.as_deref().map(|path| Draft::begin_for("--summary", path, Readers::Usual)).transpose()?;
    let records = open_records(args, &input, readers, &mut known, &mut tally)?;
    if records.is_discarded() && !args.quiet {
        write_message(
            "the records are discarded, because standard output is closed or is the null device; use --output FILE to keep them",
        );
    }
    if let Some(variable) = chosen.variable.filter(|_| !args.quiet) {
        write_message(&format!("shard {} of {}, from {variable}", chosen.shard.number, chosen.shard.of));
    }
    let counts = Arc::new(InputCounts::default());
    let mut results = BatchResults {
        file: records,
        form,
        tally,
        counts: Arc::clone(&counts),
        progress: BatchProgressLine::new(args.quiet, input.size),
    };
    results.begin().map_err(CommandError::Output)?;
    let targets = Targets {
        lines: input::InputLines::new(BufReader::with_capacity(BUFFER, input.file)),
        planner,
        known,
        shard: chosen.shard,
        counts: Arc::clone(&counts),
        ready: VecDeque::new(),
    };
    let limits = StreamLimits {
        jobs: args.jobs,
        per_host: args.per_host,
        per_address: args.per_address,
        lookups: args.lookups,
        interval: args.rate.map(|rate| Duration::from_micros(rate.interval_us)),
    };
    signals::end_if_unhandled();
    let end = engine.stream(targets, limits, &mut results);
    results.progress.clear();
    let end = match end {
        // The program that reads the records has closed the pipe.
        Err(RunError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => None,
        end => Some(end?),
    };
    if let Some(error) = counts.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(CommandError::usage(format!("{}: {error}", input.name)));
    }
    let is_complete = end == Some(StreamEnd::Complete);
    if is_complete && counts.lines.load(Ordering::Relaxed) == 0 {
        let error = UsageError::new(format!("{}: the input contains no target", input.name));
        return Err(error.with_hint("write one target per line, for example smtp.example.net:587").into());
    }
    let code = match end {
        Some(StreamEnd::Interrupted(signal)) => signal.exit_code(),
        Some(StreamEnd::Complete) | None => results.tally.exit_code(),
    };
    let (elapsed, done) = (results.progress.elapsed(), results.progress.done());
    let progress = progress_of(&counts, format!("{}/{}", chosen.shard.number, chosen.shard.of), is_complete);
    let summary = results.tally.summary(Some(progress.timed(elapsed, done)), code);
    results.file.finish().map_err(CommandError::Output)?;
    if !args.quiet {
        let look = args.look.display(&locale_target(io::stderr().is_terminal()));
        write_stderr(&text::summary(&summary, &look));
    }
    if let Some(draft) = summary_file {
        draft.fill(&record::summary(&summary))?;
    }
    let is_over = args.exit_zero && is_complete && code < 128;
    Ok(if is_over { 0 } else { code })
}

/// The input, which is open.
struct Input {
    /// The name in messages.
    name: String,
    file: File,
    /// The size, if it is known.
    size: Option<u64>,
}

impl Input {
    fn open(path: Option<&Path>) -> Result<Input, CommandError> {
        let (name, file) = match path.filter(|path| path.as_os_str() != "-") {
            Some(path) => {
                let name = path.display().to_string();
                let file = file::streamed(path)
                    .map_err(|error| CommandError::usage(format!("{name}: {}", file::reason(&error))))?;
                (name, file)
            }
            None if path.is_none() && io::stdin().is_terminal() => {
                let error = UsageError::new("no file given");
                return Err(error.with_hint("for example: smtpcheck batch targets.txt").into());
            }
            None => {
                let file =
                    file::standard_input().map_err(|error| CommandError::usage(format!("standard input: {error}")))?;
                ("standard input".to_owned(), file)
            }
        };
        let metadata =
            file.metadata().map_err(|error| CommandError::usage(format!("{name}: {}", file::reason(&error))))?;
        if metadata.is_dir() {
            return Err(CommandError::usage(format!("{name}: this is a directory")));
        }
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Input { name, file, size })
    }
}

/// Rejects files that would be written twice, or overwritten while they are read.
fn reject_same_files(args: &BatchArgs) -> Result<(), CommandError> {
    let given = |path: &Path| path.as_os_str() != "-";
    let inputs = [
        ("the input", args.file.as_deref().filter(|path| given(path))),
        ("--cacert", args.trust.cacert.as_deref()),
        ("--trust-anchor", args.dns.trust_anchor.as_deref()),
        ("--cert", args.tls.cert.as_deref()),
        ("--key", args.tls.key.as_deref()),
        ("--password-file", args.password_file.as_deref()),
        ("--proxy-password-file", args.route.proxy_password_file.as_deref()),
    ];
    reject_clashes(file_of(&args.output.output), &[], &inputs)?;
    let with_output = [inputs.as_slice(), &[("--output", file_of(&args.output.output))]].concat();
    reject_clashes(args.summary.as_deref(), &[], &with_output)
        .map_err(|error| CommandError::from(UsageError { flag: Some("--summary".into()), ..error }))
}

fn open_records(
    args: &BatchArgs,
    input: &Input,
    readers: Readers,
    known: &mut KnownTargets,
    tally: &mut BatchTally,
) -> Result<RecordFile, CommandError> {
    let same = || CommandError::usage("the records would overwrite the file that contains the targets");
    // This must be checked before the file is emptied.
    let is_input = |path: &Path| file::streamed_if_file(path).is_some_and(|file| file::is_same(&file, &input.file));
    match file_of(&args.output.output) {
        None => {
            let records = RecordFile::stdout().map_err(CommandError::Output)?;
            if records.is_same(&input.file) { Err(same()) } else { Ok(records) }
        }
        Some(path) if is_input(path) => Err(same()),
        Some(path) if args.resume => {
            let (records, repair) = RecordFile::resumed(path, readers, known, tally)?;
            if repair == Repair::Removed && !args.quiet {
                write_message(&format!("{}: an incomplete last record was removed", path.display()));
            }
            Ok(records)
        }
        Some(path) => RecordFile::replaced(path, readers),
    }
}

/// Finds errors in the flags by planning a check of an example target, and reads the password.
fn planner(args: &BatchArgs, matches: &ArgMatches) -> Result<BatchPlanner, CommandError> {
    let hostname = name::host_name();
    let mut with_login = args.check();
    let mut without = with_login.clone();
    without.auth.user = None;
    without.auth.auth = None;
    without.auth.authzid = None;
    without.auth.no_auth = true;
    without.password.token_command = None;
    let example = planning::plan(&without, matches, EXAMPLE, hostname.as_deref())?;
    let login = match args.login_host.first() {
        Some(host) if !args.auth.no_auth => {
            // The example target has no port, because a port could contradict `--port`.
            let plan = planning::plan(&with_login, matches, &host.bracketed(), hostname.as_deref())?;
            let environment = secrets::sources(plan.login.as_ref());
            let source = with_login.password.source(args.auth.user.as_deref(), plan.login.as_ref(), environment)?;
            if source == Some(PasswordSource::Prompt) && args.file.is_none() {
                let error = UsageError::flag("--user", "no password given");
                return Err(error.with_hint("provide the password with --password-file or --password-command").into());
            }
            let fetch = || source.as_ref().map(|source| secrets::fetch(source, &plan)).transpose();
            let (secret, spent) = secrets::measured(source.as_ref(), fetch)?;
            with_login.auth.no_auth = false;
            secrets::warn_of_key(&plan);
            Some(BatchLogin { args: with_login, hosts: args.login_host.clone(), secret, spent })
        }
        _ => None,
    };
    let interfaces = args.connection.compared_interfaces()?;
    let profiles = Profiles::new(check_words(matches));
    let proxies = ProxyPasswords::default();
    if !args.domain {
        secrets::add_proxies(&proxies, &args.route, std::slice::from_ref(&example), PromptUse::Never)?;
    }
    let domain = args.domain.then(|| Box::new(args.clone()));
    Ok(BatchPlanner {
        args: without,
        login,
        domain,
        interfaces: interfaces.iter().map(ToString::to_string).collect(),
        matches: matches.clone(),
        hostname,
        profiles,
        proxies,
    })
}

/// The check flags on the batch's command line, for checks of profiles.
fn check_words(matches: &ArgMatches) -> Vec<OsString> {
    /// Flags that have a different meaning for a batch, or that must not apply to a profile.
    const OWN: &[&str] = &[
        "domain",
        "jobs",
        "format",
        "output",
        "quiet",
        "targets",
        "user",
        "auth",
        "authzid",
        "no_auth",
        "password_file",
        "password_command",
        "token_command",
        "try_all_mechanisms",
        "allow_plaintext_auth",
    ];
    let check = CheckArgs::augment_args(Command::new("smtpcheck"));
    let mut words = Vec::new();
    for arg in check.get_arguments() {
        let id = arg.get_id().as_str();
        let is_given =
            matches.try_contains_id(id).unwrap_or(false) && matches.value_source(id) == Some(ValueSource::CommandLine);
        // A check has one interface. If several are compared, each is set like the value of a line.
        let is_compared = id == "interface" && matches.get_raw(id).is_some_and(|values| values.len() > 1);
        let is_own = is_compared || OWN.contains(&id);
        let Some(long) = arg.get_long().filter(|_| is_given && !is_own) else { continue };
        if !arg.get_action().takes_values() {
            words.push(format!("--{long}").into());
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let mut word = OsString::from(format!("--{long}="));
            word.push(value);
            words.push(word);
        }
    }
    words
}

/// Writes a note to standard error. An error is ignored: if standard error is closed, the note is lost.
fn write_message(text: &str) {
    write_stderr(&format!("smtpcheck: {}\n", crate::render::escape::visible(text)));
}

fn write_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
