//! `smtpcheck check TARGET...`: plan, inquire, judge, render, exit code. Everything that can be wrong with the
//! arguments is found before the first packet: all plans, all files, the password.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::ArgMatches;

use super::outputs::Outputs;
use super::progress::Progress;
use super::retry::{Job, RetriedReport, RetryListener};
use super::sink::{Draft, Readers, Sink, file_of};
use super::{CommandError, outlet};
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::display::OutputTarget;
use crate::cli::flags::password::{PasswordEnvironment, PasswordSource, VARIABLE, unused_variable};
use crate::cli::{UsageError, plan as planning, resolve, target};
use crate::evidence::{Event, Evidence, Probe};
use crate::gather::password as secrets;
use crate::gather::{self, Gatherer, netrc};
use crate::inquiry::EvidenceListener;
use crate::plan::{Login, LoginProof, Plan};
use crate::render::write_out::Template;
use crate::render::{self, Display, Format, nagios, ndjson, text};
use crate::report::{CheckResult, Document, Exit, Expectation, Report, Run, RunSource, StreamRecord};
use crate::secret::Secret;

pub(super) fn run(args: &CheckArgs, matches: &ArgMatches) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = match file_of(&args.file.output) {
        Some(_) => OutputTarget::default(),
        None => outlet(),
    };
    let look = args.display(&outlet);
    let template = args.output.write_out.clone();
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let filled = args.targets.iter().map(|target| with_netrc(args, target)).collect::<Result<Vec<_>, _>>()?;
    let mut plans = args
        .targets
        .iter()
        .zip(&filled)
        .map(|(target, args)| planning::plan(args, matches, target, hostname.as_deref()))
        .collect::<Result<Vec<Plan>, UsageError>>()?;
    resolve::mark_unused(&mut plans);
    let args = filled.first().map_or(args, Cow::as_ref);
    let expectations: Vec<Expectation> = planning::expectations(&args.expect.expect, &plans)?
        .into_iter()
        .map(|expression| Expectation { expression, place: None })
        .collect();
    let login = plans.first().and_then(|plan| plan.login.as_ref());
    let environment = surroundings(login);
    if let Some(warning) = unused_variable(args.auth.user.as_deref(), login, &environment) {
        write_report(&format!("smtpcheck: warning: {warning}"));
    }
    let source = args.password.source(args.auth.user.as_deref(), login, environment)?;
    let retry = args.expect.retry();
    let readers = Readers::of(&plans);
    let file = file_of(&args.file.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let secrets = all_secrets(source.as_ref(), &plans)?;
    let jobs = plans.into_iter().zip(secrets).map(|(plan, secret)| Job {
        plan,
        secret,
        expectations: expectations.clone(),
        retry,
    });
    let jobs: Vec<Job> = jobs.collect();
    jobs.iter().for_each(|job| warn_of_key(&job.plan));
    // All targets have the files of the first. The others get their runtime and sockets when it is their turn: there can
    // be a hundred thousand.
    let first = jobs.first().map(Job::gatherer).transpose()?;
    let mut sink = match file {
        Some(draft) => Sink::File(draft),
        None => Sink::Stdout,
    };
    let source = if args.targets.len() > 1 { RunSource::Targets } else { RunSource::Target };
    let shown = ReportDisplay { format, look: &look, template: template.as_ref() };
    let run = check_all(jobs, first, source, &shown, &mut sink)?;
    sink.finish()?;
    outputs.write(&run, &look)?;
    Ok(match format.name {
        "nagios" => nagios::state(&run, &look.thresholds).code(),
        _ => run.exit_code(),
    })
}

/// How the result is shown.
struct ReportDisplay<'a> {
    format: &'static Format,
    look: &'a Display,
    /// `--write-out`, in the place of the format.
    template: Option<&'a Template>,
}

impl ReportDisplay<'_> {
    fn is_text(&self) -> bool {
        self.format.name == "text" && self.template.is_none()
    }

    /// Whether a line is written for each event as it happens.
    fn is_lines(&self) -> bool {
        self.format.name == "ndjson" && self.template.is_none()
    }
}

/// Checks one target after the other. Text and lines are told as they come, the other formats at the end.
fn check_all(
    jobs: Vec<Job>,
    mut prepared: Option<Gatherer>,
    source: RunSource,
    shown: &ReportDisplay<'_>,
    sink: &mut Sink,
) -> Result<Run, CommandError> {
    let look = shown.look;
    let live = shown.is_text() && matches!(sink, Sink::Stdout);
    let mut cases = Vec::new();
    gather::end_on_unhandled_signals();
    if shown.is_lines() {
        let mut narrator =
            LiveTranscript { look, voice: LiveOutput::Silent, sink: &mut *sink, progress: Progress::new() };
        narrator.write(&ndjson::written(&StreamRecord::start(&source, jobs.len()))).map_err(CommandError::Output)?;
    }
    for (at, job) in jobs.into_iter().enumerate() {
        let gatherer = prepared.take().map_or_else(|| job.gatherer(), Ok)?;
        let voice = match shown.is_lines() {
            true => LiveOutput::Lines(at + 1),
            false if live => LiveOutput::Text,
            false => LiveOutput::Silent,
        };
        let mut narrator = LiveTranscript { look, voice, sink: &mut *sink, progress: Progress::new() };
        if at > 0 && shown.is_text() && look.volume != render::Verbosity::Quiet {
            narrator.write("\n").map_err(CommandError::Output)?;
        }
        let heading = match voice {
            LiveOutput::Text => text::header(&job.plan, look),
            LiveOutput::Lines(number) => ndjson::written(&StreamRecord::begun(number, &job.plan)),
            LiveOutput::Silent => String::new(),
        };
        narrator.write(&heading).map_err(CommandError::Output)?;
        let RetriedReport { report, earlier } = job.run(gatherer, &mut narrator)?;
        narrator.progress.clear();
        let interrupted = matches!(report.exit, Exit::Interrupted | Exit::Terminated);
        let text = match (shown.template, shown.is_text(), live && look.transcript == render::Transcript::Full) {
            (Some(template), ..) => template.fill(&Document::from(&report).after(&earlier)),
            (None, true, true) => text::conclusion(&report, look),
            (None, true, false) if live => without_header(&text::render(&report, look), &heading),
            (None, true, false) => text::tries(&earlier, look) + &text::render(&report, look),
            (None, false, _) => String::new(),
        };
        let case = CheckResult::of(report).after(earlier);
        let text = match voice {
            LiveOutput::Lines(number) => ndjson::written(&StreamRecord::result(number, &case)),
            LiveOutput::Text | LiveOutput::Silent => text,
        };
        narrator.write(&text).map_err(CommandError::Output)?;
        cases.push(case);
        if interrupted {
            break;
        }
    }
    let run = Run { source, cases };
    if !shown.is_text() && shown.template.is_none() {
        let mut narrator = LiveTranscript { look, voice: LiveOutput::Silent, sink, progress: Progress::new() };
        let rest = if shown.is_lines() {
            ndjson::written(&StreamRecord::end(&run))
        } else {
            (shown.format.render)(&run, look)
        };
        narrator.write(&rest).map_err(CommandError::Output)?;
    }
    Ok(run)
}

fn environment_password() -> Result<Secret, CommandError> {
    match std::env::var(VARIABLE) {
        Ok(value) => Ok(secrets::from_environment(value)?),
        Err(_) => Err(CommandError::usage(format!("{VARIABLE} is not valid UTF-8"))),
    }
}

pub(super) fn surroundings(login: Option<&Login>) -> PasswordEnvironment {
    let name = match login.map(|login| login.proof) {
        Some(LoginProof::Token) => "smtpcheck-token",
        _ => "smtpcheck-password",
    };
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(name));
    PasswordEnvironment {
        variable: std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()),
        directory: directory.filter(|file| file.exists()),
        terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
    }
}

/// With `--netrc` and without `--user`, the user of the target's line.
fn with_netrc<'a>(args: &'a CheckArgs, target: &str) -> Result<Cow<'a, CheckArgs>, CommandError> {
    if !args.password.netrc || args.auth.user.is_some() {
        return Ok(Cow::Borrowed(args));
    }
    let user = netrc::user(&target::parse(target)?.host.to_string())?;
    let mut filled = args.clone();
    filled.auth.user = Some(user);
    Ok(Cow::Owned(filled))
}

/// One secret for all targets, fetched once; but from `.netrc` to each host only its own.
pub(super) fn all_secrets(
    source: Option<&PasswordSource>,
    plans: &[Plan],
) -> Result<Vec<Option<Secret>>, CommandError> {
    let shared = match (source, plans.first()) {
        (Some(source), Some(plan)) if *source != PasswordSource::Netrc => Some(fetch(source, plan)?),
        _ => None,
    };
    plans
        .iter()
        .map(|plan| match source {
            Some(source @ PasswordSource::Netrc) => fetch(source, plan).map(Some),
            _ => Ok(shared.as_ref().map(Secret::duplicate)),
        })
        .collect()
}

pub(super) fn fetch(source: &PasswordSource, plan: &Plan) -> Result<Secret, CommandError> {
    let user = plan.login.as_ref().map(|login| login.user.as_str()).unwrap_or_default();
    match source {
        PasswordSource::File(path) => warn_of_readers("--password-file", path),
        PasswordSource::Netrc => warn_of_readers("--netrc", &netrc::path()),
        // The mode of a file in $CREDENTIALS_DIRECTORY is the platform's; the others are no files.
        PasswordSource::Directory(_)
        | PasswordSource::TokenCommand(_)
        | PasswordSource::Stdin
        | PasswordSource::Command(_)
        | PasswordSource::Environment
        | PasswordSource::Prompt => {}
    }
    Ok(match source {
        PasswordSource::TokenCommand(command) => secrets::from_command(command, "--token-command", write_report)?,
        PasswordSource::Netrc => netrc::password(&plan.target.host.to_string(), user)?,
        PasswordSource::Directory(path) => secrets::from_named_file(path, "$CREDENTIALS_DIRECTORY: ")?,
        PasswordSource::Stdin => secrets::from_stdin()?,
        PasswordSource::File(path) => secrets::from_file(path)?,
        PasswordSource::Command(command) => secrets::from_command(command, "--password-command", write_report)?,
        PasswordSource::Environment => environment_password()?,
        PasswordSource::Prompt => secrets::from_prompt(user)?,
    })
}

/// Warns of a private key that others can read.
pub(super) fn warn_of_key(plan: &Plan) {
    if let Some(identity) = &plan.tls.identity {
        warn_of_readers("--key", &identity.key);
    }
}

/// Warns of a file with a secret that others can read, once for each file.
fn warn_of_readers(flag: &str, path: &Path) {
    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let Some(why) = gather::open_to_others(path) else { return };
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
        let path = path.display();
        write_report(&format!("smtpcheck: warning: {flag} {path}: {why}; run: chmod 600 {path}"));
    }
}

/// What a command of the user says beside its result. Nobody is left to be told when standard error is gone.
fn write_report(text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "{}", render::escape::visible(line));
    }
}

fn without_header(text: &str, heading: &str) -> String {
    text.strip_prefix(heading).unwrap_or(text).to_owned()
}

/// What is told while the conversation runs.
#[derive(Clone, Copy)]
enum LiveOutput {
    Silent,
    Text,
    /// A line for each event, of the check with this number.
    Lines(usize),
}

/// Tells the conversation while it runs.
struct LiveTranscript<'a> {
    look: &'a Display,
    voice: LiveOutput,
    sink: &'a mut Sink,
    progress: Progress,
}

impl LiveTranscript<'_> {
    fn write(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.progress.clear();
        self.sink.write(text)
    }
}

impl EvidenceListener for LiveTranscript<'_> {
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        let text = match self.voice {
            LiveOutput::Silent => return Ok(()),
            LiveOutput::Text => text::event(plan, evidence, event, self.look),
            LiveOutput::Lines(number) => ndjson::happened(number, event),
        };
        self.write(&text)
    }

    fn answered(&mut self, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()> {
        let text = match self.voice {
            LiveOutput::Silent => return Ok(()),
            LiveOutput::Text => text::answered(plan, evidence, probe, self.look),
            LiveOutput::Lines(number) => ndjson::answered(number, probe),
        };
        self.write(&text)
    }

    fn waiting(&mut self, _: &Plan, evidence: &Evidence, now_ms: f64) -> io::Result<()> {
        self.progress.wait(evidence, now_ms);
        Ok(())
    }
}

impl RetryListener for LiveTranscript<'_> {
    fn tried(&mut self, number: usize, report: &Report) -> io::Result<()> {
        let text = match self.voice {
            LiveOutput::Silent => return Ok(()),
            LiveOutput::Text => text::try_line(number, report, self.look),
            LiveOutput::Lines(check) => ndjson::written(&StreamRecord::tried(check, number, report)),
        };
        self.write(&text)
    }

    fn pausing(&mut self, left: Duration) {
        self.progress.show(&format!("next try in {:.0} s", left.as_secs_f64().ceil()));
    }
}
