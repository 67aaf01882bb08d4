//! `smtpcheck run [FILE]`: a suite is read whole, every check is planned, every password fetched, and only then something
//! is sent. Checks run at once on threads of their own, and are told in the file's order.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use clap::ArgMatches;

use super::check::{fetch, warn_of_key};
use super::needs::{self, NoListener};
use super::outputs::Outputs;
use super::retry::{Job, RetriedReport, RetryListener};
use super::sink::{Draft, Readers, Sink, file_of};
use super::{CommandError, outlet};
use crate::cli::commands::run::{RunArgs, SuiteVariable};
use crate::cli::flags::display::OutputTarget;
use crate::cli::flags::password::{PasswordSource, VARIABLE};
use crate::cli::{self, Invocation, UsageError, plan as planning};
use crate::evidence::{Event, Evidence, Probe};
use crate::gather::password as secrets;
use crate::gather::{self, Signal};
use crate::inquiry::EvidenceListener;
use crate::plan::{LoginProof, Plan};
use crate::render::{Display, Format, nagios, ndjson, suite as rendering};
use crate::report::{CheckOutcome, CheckResult, Exit, Expectation, FilePosition, Report, Run, RunSource, StreamRecord};
use crate::secret::Secret;
use crate::source::{FileError, Position};
use crate::suite::{self, KeyShape, Need, Password, SuiteCheck, SuiteEnvironment};

/// Checks at once with one host.
const PER_HOST: usize = 2;

pub(super) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { outlet() };
    let look = args.display(&outlet);
    let at_once = args.jobs;
    if let Some(target) = &args.record {
        return record(target, args);
    }
    let checks = chosen(read(&args.file, &args.set)?, &args.only)?;
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let mut ready = Vec::new();
    for check in checks {
        ready.push(ready_check(check, &args.file, hostname.as_deref())?);
    }
    if args.list || args.dry_run {
        let planned: Vec<rendering::Planned> = ready.iter().map(PreparedCheck::planned).collect();
        let text = if args.list { rendering::list(&planned) } else { rendering::dry_run(&planned, &look) };
        return to_sink(file_of(&args.output.output), &text);
    }
    fetch_secrets(&mut ready)?;
    prove_files(&ready)?;
    ready.iter().filter(|one| one.skipped.is_none()).for_each(|one| warn_of_key(&one.job.plan));
    let readers = Readers::of(ready.iter().map(|one| &one.job.plan));
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    gather::end_on_unhandled_signals();
    let run = run_all(ready, RunSource::Suite(args.file.clone()), at_once, format, &look, &mut sink)?;
    sink.finish()?;
    outputs.write(&run, &look)?;
    Ok(if format.name == "nagios" { nagios::state(&run, &look.thresholds).code() } else { run.exit_code() })
}

/// A check that is ready to be run.
struct PreparedCheck {
    check: SuiteCheck,
    place: Option<FilePosition>,
    job: Job,
    /// Why it is not run.
    skipped: Option<String>,
}

impl PreparedCheck {
    fn planned(&self) -> rendering::Planned {
        let PreparedCheck { check, skipped, .. } = self;
        rendering::Planned {
            name: check.name.clone(),
            target: check.target.clone(),
            tags: check.tags.clone(),
            words: std::iter::once(&check.target).chain(&check.flags).cloned().collect(),
            password: check.password.as_ref().map(|password| match password {
                Password::Command(command) => format!("from the command {command}"),
                Password::File(path) => format!("from the file {}", path.display()),
                Password::Environment(name) => format!("from the variable {name}"),
                Password::TokenCommand(command) => format!("a token, from the command {command}"),
                Password::Plain(_) => "from the suite".to_owned(),
            }),
            expect: check.expect.iter().map(|expected| expected.expression.text.clone()).collect(),
            needs: check.needs.iter().map(Need::to_string).collect(),
            skipped: skipped.clone(),
        }
    }
}

fn read(file: &Path, set: &[SuiteVariable]) -> Result<Vec<SuiteCheck>, CommandError> {
    let load = |path: &Path| match gather::file::contents(path) {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(error) => Err(gather::file::reason(&error)),
    };
    let given =
        |name: &str| set.iter().rev().find(|variable| variable.name == name).map(|variable| variable.value.clone());
    let variable = |name: &str| given(name).or_else(|| std::env::var(name).ok());
    let around = SuiteEnvironment { load: &load, variable: &variable, is_private: &is_private };
    Ok(suite::read(file, &around)?)
}

/// The names and tags of the checks of a suite, for completions; none if it cannot be read.
pub(super) fn names(file: &Path) -> Vec<(String, String)> {
    let checks = if file.exists() { read(file, &[]).unwrap_or_default() } else { Vec::new() };
    let mut names: Vec<(String, String)> = Vec::new();
    for check in &checks {
        names.push((check.name.clone(), check.target.clone()));
        for tag in &check.tags {
            if !names.iter().any(|(known, _)| known == tag) {
                names.push((tag.clone(), "tag".to_owned()));
            }
        }
    }
    names
}

/// Whether the owner alone can read a file. Where the system does not tell, nobody knows.
#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|there| there.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    false
}

/// Those that `--only` names, by tag or by name.
fn chosen(checks: Vec<SuiteCheck>, only: &[String]) -> Result<Vec<SuiteCheck>, UsageError> {
    let fits = |check: &SuiteCheck, word: &String| check.name == *word || check.tags.contains(word);
    if let Some(unknown) = only.iter().find(|word| !checks.iter().any(|check| fits(check, word))) {
        let known = checks.iter().flat_map(|check| std::iter::once(&check.name).chain(&check.tags));
        let likeness = |known: &&String| strsim::jaro_winkler(unknown, known);
        let near = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|near| likeness(near) > 0.7);
        let hint = near.map(|near| format!("; the nearest is {}", near.escape_debug())).unwrap_or_default();
        let error = UsageError::flag("--only", format!("the suite has no such name or tag{hint}"));
        return Err(error.with_value(unknown).with_hint("--list shows all"));
    }
    let is_chosen = |check: &SuiteCheck| only.is_empty() || only.iter().any(|word| fits(check, word));
    Ok(checks.into_iter().filter(is_chosen).collect())
}

/// Everything about a check that can be wrong without asking anybody.
fn ready_check(check: SuiteCheck, file: &Path, hostname: Option<&str>) -> Result<PreparedCheck, CommandError> {
    let mut words = vec!["check".to_owned()];
    words.extend(check.flags.iter().cloned());
    if let Some(Password::TokenCommand(command)) = &check.password {
        words.push(format!("--token-command={command}"));
    }
    words.extend(["--".to_owned(), check.target.clone()]);
    let usage = |error| located(&check, CommandError::Usage(error));
    let (args, matches) = match cli::parse(words.into_iter().map(Into::into).collect()).map_err(usage)? {
        Invocation::Check(args, matches) => (args, matches),
        _ => return Err(check.error_at(None, "this is not a check").into()),
    };
    let plan = planning::plan(&args, &matches, &check.target, hostname).map_err(usage)?;
    let retry = args.expect.retry();
    let here = |at: Position, of: &Path| (of == file).then_some(FilePosition { line: at.line, column: at.column });
    let mut expectations = Vec::new();
    for expected in &check.expect {
        expected.expression.fits(&plan).map_err(|mistake| expected.error(&mistake))?;
        let place = here(expected.at, &expected.file);
        expectations.push(Expectation { expression: expected.expression.clone(), place });
    }
    for need in &check.needs {
        if let Need::Egress(port) = need
            && *port != plan.target.port
        {
            let message = format!("{need} is about another port than the target's, which is {}", plan.target.port);
            return Err(check.error_at(Some("needs"), message).into());
        }
    }
    let skipped = check.needs.iter().find_map(needs::lacking);
    let place = here(check.at, &check.file);
    let job = Job { plan, secret: None, expectations, retry };
    Ok(PreparedCheck { check, place, job, skipped })
}

/// The passwords of all checks that are run, each source asked once.
fn fetch_secrets(ready: &mut [PreparedCheck]) -> Result<(), CommandError> {
    let mut known: HashMap<String, Secret> = HashMap::new();
    for one in ready.iter_mut().filter(|one| one.skipped.is_none()) {
        let PreparedCheck { check, job, .. } = one;
        let wants = job.plan.login.as_ref().is_some_and(|login| login.proof != LoginProof::NoSecret);
        if !wants {
            if check.password.is_some()
                && job.plan.login.is_none()
                && !check.flags.iter().any(|flag| flag == "--no-auth")
            {
                return Err(check.error_at(None, "a password is given, but no user; add user = \"...\"").into());
            }
            continue;
        }
        let (key, source) = match &check.password {
            Some(Password::Plain(secret)) => {
                job.secret = Some(secret.duplicate());
                continue;
            }
            Some(Password::Command(command)) => {
                (format!("command {command}"), PasswordSource::Command(command.clone()))
            }
            Some(Password::TokenCommand(command)) => {
                (format!("token {command}"), PasswordSource::TokenCommand(command.clone()))
            }
            Some(Password::File(path)) => (format!("file {}", path.display()), PasswordSource::File(path.clone())),
            Some(Password::Environment(name)) => {
                job.secret = Some(from_variable(check, name)?);
                continue;
            }
            None if std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) => {
                (VARIABLE.to_owned(), PasswordSource::Environment)
            }
            None => {
                let message =
                    "a user without a password; add password-command, password-file, password-env or token-command";
                return Err(check.error_at(Some("user"), message.to_owned()).into());
            }
        };
        if let Some(secret) = known.get(&key) {
            job.secret = Some(secret.duplicate());
            continue;
        }
        let password = check.password.as_ref().map(Password::key);
        let secret = fetch(&source, &job.plan).map_err(|error| check.error_at(password, error.to_string()))?;
        job.secret = Some(secret.duplicate());
        known.insert(key, secret);
    }
    Ok(())
}

fn from_variable(check: &SuiteCheck, name: &str) -> Result<Secret, FileError> {
    let wrong = |message: String| check.error_at(Some("password-env"), message);
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => {
            secrets::from_environment(value).map_err(|error| wrong(error.to_string().replace(VARIABLE, name)))
        }
        Ok(_) | Err(std::env::VarError::NotPresent) => Err(wrong(format!("the variable {name} is not set"))),
        Err(std::env::VarError::NotUnicode(_)) => Err(wrong(format!("the variable {name} is not UTF-8"))),
    }
}

/// The certificates and keys that the checks name can be read. Each set of files is looked at once.
fn prove_files(ready: &[PreparedCheck]) -> Result<(), CommandError> {
    let mut known: Vec<(Option<PathBuf>, Option<PathBuf>, Option<PathBuf>)> = Vec::new();
    for one in ready.iter().filter(|one| one.skipped.is_none()) {
        let tls = &one.job.plan.tls;
        let identity = tls.identity.as_ref();
        let files = (
            tls.cacert.clone(),
            identity.map(|identity| identity.cert.clone()),
            identity.map(|identity| identity.key.clone()),
        );
        if !known.contains(&files) {
            one.job.gatherer().map_err(|error| located(&one.check, error))?;
            known.push(files);
        }
    }
    Ok(())
}

/// A usage error at the key of the check that it is about.
fn located(check: &SuiteCheck, error: CommandError) -> CommandError {
    match error {
        CommandError::Usage(error) => {
            let (file, at) = check.place(error.key());
            CommandError::Usage(error.in_file(file, at))
        }
        other @ (CommandError::Output(_) | CommandError::Machine(_)) => other,
    }
}

fn to_sink(output: Option<&Path>, text: &str) -> Result<u8, CommandError> {
    let draft = output.map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    sink.write(text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(0)
}

/// Runs what is ready, and tells it in order.
fn run_all(
    mut ready: Vec<PreparedCheck>,
    source: RunSource,
    at_once: usize,
    format: &'static Format,
    look: &Display,
    sink: &mut Sink,
) -> Result<Run, CommandError> {
    let stopped = skip_blocked(&mut ready).err();
    let manner = match format.name {
        "text" => ReportingOrder::Text,
        "ndjson" => ReportingOrder::Lines,
        _ => ReportingOrder::AtTheEnd,
    };
    let mut say = |text: &str| sink.write(text).map_err(CommandError::Output);
    if manner == ReportingOrder::Lines {
        say(&ndjson::written(&StreamRecord::start(&source, ready.len())))?;
    }
    let queue = Queue::new(&ready);
    if stopped.is_some() {
        queue.close();
    }
    let (sender, receiver) = mpsc::channel();
    let cases = std::thread::scope(|scope| {
        for _ in 0..at_once.min(ready.len().max(1)) {
            let (sender, queue, ready) = (sender.clone(), &queue, &ready);
            scope.spawn(move || queue.work(ready, &sender));
        }
        let first = ready.iter().enumerate().find(|(_, one)| one.skipped.is_none());
        if let Some((signal, (at, one))) = stopped.zip(first) {
            // The first check was about to begin, and tells of the signal.
            let _ = sender.send((at, Ok(one.job.stopped(signal))));
        }
        drop(sender);
        let told = in_order(&ready, &receiver, |number, case| match manner {
            ReportingOrder::Text => say(&rendering::case(case, look)),
            ReportingOrder::Lines => say(&ndjson::check(number, case)),
            ReportingOrder::AtTheEnd => Ok(()),
        });
        // Whoever is still at work may end what is begun, and begins nothing new.
        queue.close();
        told
    })?;
    let run = Run { source, cases };
    let rest = match manner {
        ReportingOrder::Text => rendering::summary(&run, look),
        ReportingOrder::Lines => ndjson::written(&StreamRecord::end(&run)),
        ReportingOrder::AtTheEnd => (format.render)(&run, look),
    };
    say(&rest)?;
    Ok(run)
}

/// When a format tells the checks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReportingOrder {
    /// One after the other, as they end; a summary last.
    Text,
    /// The same, in lines of JSON.
    Lines,
    /// All together.
    AtTheEnd,
}

/// Takes results as they come, and tells each when all before it are told.
fn in_order(
    ready: &[PreparedCheck],
    results: &mpsc::Receiver<(usize, Result<RetriedReport, CommandError>)>,
    mut tell: impl FnMut(usize, &CheckResult) -> Result<(), CommandError>,
) -> Result<Vec<CheckResult>, CommandError> {
    let mut early: BTreeMap<usize, CheckResult> = BTreeMap::new();
    let mut cases: Vec<CheckResult> = Vec::new();
    loop {
        while let Some(one) = ready.get(cases.len()) {
            let case = match (early.remove(&cases.len()), &one.skipped) {
                (Some(case), _) => case,
                (None, Some(reason)) => skipped(one, reason.clone()),
                (None, None) => break,
            };
            tell(cases.len() + 1, &case)?;
            cases.push(case);
        }
        let Ok((at, result)) = results.recv() else { break };
        let RetriedReport { report, earlier } = result?;
        if let Some(one) = ready.get(at) {
            let outcome = CheckOutcome::Checked { report: Box::new(report), earlier };
            early.insert(at, CheckResult { name: one.check.name.clone(), place: one.place, outcome });
        }
    }
    // A signal came: what was not begun is told as such.
    for (at, one) in ready.iter().enumerate().skip(cases.len()) {
        let case = early.remove(&at).unwrap_or_else(|| {
            skipped(one, one.skipped.clone().unwrap_or_else(|| "a signal stopped the run before it began".to_owned()))
        });
        tell(cases.len() + 1, &case)?;
        cases.push(case);
    }
    Ok(cases)
}

fn skipped(one: &PreparedCheck, reason: String) -> CheckResult {
    CheckResult { name: one.check.name.clone(), place: one.place, outcome: CheckOutcome::Skipped { reason } }
}

/// Skips the checks whose port nothing gets out to; gives the signal that came meanwhile.
fn skip_blocked(ready: &mut [PreparedCheck]) -> Result<(), Signal> {
    let needs = |one: &PreparedCheck| {
        one.skipped.is_none() && one.check.needs.iter().any(|need| matches!(need, Need::Egress(_)))
    };
    let jobs: Vec<&Job> = ready.iter().filter(|one| needs(one)).map(|one| &one.job).collect();
    let blocked = if jobs.is_empty() { BTreeMap::new() } else { needs::blocked_ports(&jobs)? };
    for one in ready.iter_mut() {
        if needs(one) {
            one.skipped = blocked.get(&one.job.plan.target.port).cloned();
        }
    }
    Ok(())
}

/// What is still to be begun, and with which hosts somebody is at work.
struct Queue {
    state: Mutex<CheckState>,
    changed: Condvar,
}

struct CheckState {
    waiting: Vec<usize>,
    busy: HashMap<String, usize>,
    is_closed: bool,
}

impl Queue {
    fn new(ready: &[PreparedCheck]) -> Queue {
        let waiting = ready.iter().enumerate().filter(|(_, one)| one.skipped.is_none()).map(|(at, _)| at).collect();
        let state = CheckState { waiting, busy: HashMap::new(), is_closed: false };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes one check after the other, until there is none.
    fn work(&self, ready: &[PreparedCheck], results: &mpsc::Sender<(usize, Result<RetriedReport, CommandError>)>) {
        while let Some(at) = self.next(ready) {
            let Some(one) = ready.get(at) else { break };
            let result = one.job.gatherer().and_then(|gatherer| one.job.run(gatherer, &mut NoLiveOutput));
            let is_signal = |tried: &RetriedReport| matches!(tried.report.exit, Exit::Interrupted | Exit::Terminated);
            if result.as_ref().map_or(true, is_signal) {
                self.close();
            }
            self.done(&host(one));
            // Nobody takes results any more when the output is closed.
            let _ = results.send((at, result));
        }
    }

    /// The first check whose host is not busy; waits while all are.
    fn next(&self, ready: &[PreparedCheck]) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.is_closed || state.waiting.is_empty() {
                return None;
            }
            let is_free = |at: &usize| {
                let busy = ready.get(*at).and_then(|one| state.busy.get(&host(one))).copied().unwrap_or_default();
                busy < PER_HOST
            };
            if let Some(place) = state.waiting.iter().position(is_free) {
                let at = state.waiting.remove(place);
                if let Some(one) = ready.get(at) {
                    *state.busy.entry(host(one)).or_default() += 1;
                }
                return Some(at);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, host: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(busy) = state.busy.get_mut(host) {
            *busy = busy.saturating_sub(1);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.changed.notify_all();
    }
}

fn host(one: &PreparedCheck) -> String {
    one.job.plan.target.host.to_string()
}

/// Tells nothing while it runs: the result is told at the end.
struct NoLiveOutput;

impl EvidenceListener for NoLiveOutput {
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        NoListener.event(plan, evidence, event)
    }

    fn answered(&mut self, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()> {
        NoListener.answered(plan, evidence, probe)
    }

    fn waiting(&mut self, plan: &Plan, evidence: &Evidence, now_ms: f64) -> io::Result<()> {
        NoListener.waiting(plan, evidence, now_ms)
    }
}

impl RetryListener for NoLiveOutput {
    fn tried(&mut self, _: usize, _: &Report) -> io::Result<()> {
        Ok(())
    }

    fn pausing(&mut self, _: Duration) {}
}

/// Checks a server once, and writes a suite that expects what was seen.
fn record(target: &str, args: &RunArgs) -> Result<u8, CommandError> {
    let words = args.words.iter().cloned().chain(["--".to_owned(), target.to_owned()]);
    let words = std::iter::once("check".to_owned()).chain(words).map(Into::into).collect();
    let Invocation::Check(check, matches) = cli::parse(words)? else {
        return Err(CommandError::usage("write only flags of a check after --"));
    };
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let plan = planning::plan(&check, &matches, target, hostname.as_deref())?;
    let login = plan.login.as_ref();
    let source = check.password.source(check.auth.user.as_deref(), login, super::check::surroundings(login))?;
    // A suite holds no transcript, and is meant to be kept with other files of a project.
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let secret = source.as_ref().map(|source| fetch(source, &plan)).transpose()?;
    let retry = check.expect.retry();
    let job = Job { plan, secret, expectations: Vec::new(), retry };
    let gatherer = job.gatherer()?;
    gather::end_on_unhandled_signals();
    let RetriedReport { report, .. } = job.run(gatherer, &mut NoLiveOutput)?;
    if matches!(report.exit, Exit::Interrupted | Exit::Terminated | Exit::Incomplete) {
        // What was not seen to its end is no measure.
        return Ok(report.exit.code());
    }
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    let text = rendering::recorded(&report, target, &keys(&matches));
    sink.write(&text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(0)
}

/// The flags of a check as keys of a suite, with their values as TOML.
fn keys(matches: &ArgMatches) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for key in suite::KEYS {
        let id = key.name.replace('-', "_");
        let is_given = matches.try_contains_id(&id).unwrap_or(false)
            && matches.value_source(&id) == Some(clap::parser::ValueSource::CommandLine);
        if !is_given || key.name == "password" || key.name == "expect" {
            continue;
        }
        let values: Vec<String> = matches
            .try_get_raw(&id)
            .ok()
            .flatten()
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let is_path = matches!(key.name, "cacert" | "cert" | "key" | "password-file");
        let text = |value: &String| {
            let whole = std::path::absolute(value).map(|path| path.display().to_string());
            rendering::toml_text(&if is_path { whole.unwrap_or_else(|_| value.clone()) } else { value.clone() })
        };
        let value = match key.shape {
            KeyShape::Switch => "true".to_owned(),
            KeyShape::SwitchOrText => values.first().map_or_else(|| "true".to_owned(), text),
            KeyShape::List => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", ")),
            KeyShape::Text | KeyShape::Number | KeyShape::NumberOrText => values.first().map(text).unwrap_or_default(),
        };
        keys.push((key.name.to_owned(), value));
    }
    keys
}
