//! `smtpcheck run [FILE]`: reads the suite, plans every check and reads every password before anything is sent. The
//! checks run concurrently. Their results are written in the order of the file.

mod output;
mod prepare;
mod record;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use super::CommandError;
use super::outputs::{Outputs, reject_clashes};
use super::secrets;
use super::sink::{Draft, Readers, Sink, file_of};
use super::stdout::outlet;
use crate::cli::UsageError;
use crate::cli::commands::run::{RunArgs, SuiteVariable};
use crate::cli::flags::display::OutputTarget;
use crate::host::{environment, file, name, signals};
use crate::inquiry::Signal;
use crate::plan::Plan;
use crate::render::PlannedForms;
use crate::render::suite as rendering;
use crate::report::RunSource;
use crate::run::{ConcurrencyLimits, Engine, FailurePolicy};
use crate::source;
use crate::suite::{self, Need, SuiteCheck, SuiteEnvironment};

use output::SuiteDisplay;
use prepare::PreparedCheck;

pub(super) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let format = args.format.chosen();
    let outlet = if file_of(&args.output.output).is_some() { OutputTarget::default() } else { outlet() };
    let look = args.display(&outlet);
    let limits = ConcurrencyLimits::in_all(args.jobs);
    if let Some(target) = &args.record {
        return record::record(target, args);
    }
    reject_clashes(file_of(&args.output.output), &args.reports.report, &[("the suite", Some(args.file.as_path()))])?;
    let checks = chosen(read(&args.file, &args.set)?, &args.only)?;
    let hostname = name::host_name();
    let prepare = |check| prepare::prepare(check, &args.file, hostname.as_deref());
    let mut ready = checks.into_iter().map(prepare).collect::<Result<Vec<PreparedCheck>, CommandError>>()?;
    if args.list || args.dry_run {
        let planned: Vec<rendering::Planned> = ready.iter().map(PreparedCheck::planned).collect();
        // The flag accepts only formats that support this. Any other format can come only from the environment.
        let forms = format.planned.unwrap_or(PlannedForms::TEXT);
        let render = if args.list { forms.list } else { forms.dry_run };
        return to_sink(file_of(&args.output.output), &render(&planned, &look));
    }
    prepare::fetch_secrets(&mut ready)?;
    let proxies = prepare::fetch_proxies(&ready)?;
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    prepare::open_files(&ready, &engine)?;
    ready.iter().filter(|one| one.skipped.is_none()).for_each(|one| secrets::warn_of_key(&one.job.plan));
    let readers = Readers::of(ready.iter().map(|one| &one.job.plan));
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, readers)).transpose()?;
    let outputs = Outputs::begin(&args.reports.report, format, readers)?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    signals::end_if_unhandled();
    // The first check begins even after a signal, so that its report shows the signal.
    let _ = skip_blocked(&mut ready, &mut engine);
    let policy = if args.fail_fast { FailurePolicy::Stop } else { FailurePolicy::Continue };
    let shown = SuiteDisplay { format, look: &look, source: RunSource::Suite(args.file.clone()) };
    let run = output::run(&mut engine, ready, limits, policy, shown, &mut sink)?;
    sink.finish()?;
    outputs.write(&run, &look)?;
    Ok(format.exit_code(&run, &look))
}

/// Reads the suite. A variable from `--set` takes precedence over the environment.
fn read(path: &Path, set: &[SuiteVariable]) -> Result<Vec<SuiteCheck>, CommandError> {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for SuiteVariable { name, value } in set {
        if values.insert(name, value).is_some() {
            return Err(UsageError::flag("--set", format!("the variable {name} is set twice")).into());
        }
    }
    let contents = |path: &Path| match file::contents(path) {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(error) => Err(file::reason(&error)),
    };
    // If a file cannot be read, the error has no line to refer to.
    let wrong = |reason: String| CommandError::usage(format!("{}: {reason}", path.display()));
    let suite = RefCell::new(Some(contents(path).map_err(wrong)?));
    let load = |file: &Path| match suite.borrow_mut().take_if(|_| file == path) {
        Some(bytes) => Ok(bytes),
        None => contents(file),
    };
    let unused = RefCell::new(values.clone());
    let variable = |name: &str| {
        unused.borrow_mut().remove(name);
        values.get(name).map(|value| (*value).to_owned()).or_else(|| environment::text(name).ok())
    };
    let around = SuiteEnvironment { load: &load, variable: &variable, is_private: &file::is_private };
    let checks = suite::read(path, &around)?;
    match unused.borrow().keys().next() {
        Some(name) => Err(UsageError::flag("--set", format!("the suite does not use the variable ${{{name}}}")).into()),
        None => Ok(checks),
    }
}

/// The names and tags of the checks in a suite, for completions. The list is empty if the suite cannot be read.
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

/// The checks that `--only` selects, by tag or by name.
fn chosen(checks: Vec<SuiteCheck>, only: &[String]) -> Result<Vec<SuiteCheck>, UsageError> {
    let fits = |check: &SuiteCheck, word: &String| check.name == *word || check.tags.contains(word);
    if let Some(unknown) = only.iter().find(|word| !checks.iter().any(|check| fits(check, word))) {
        let known = checks.iter().flat_map(|check| std::iter::once(&check.name).chain(&check.tags));
        let error = UsageError::flag("--only", "the suite has no check with this name or tag").with_value(unknown);
        return Err(error.with_hint(match source::nearest(unknown, known.map(String::as_str)) {
            Some(near) => format!("did you mean {}?", near.escape_debug()),
            None => "use --list to list all checks".to_owned(),
        }));
    }
    let is_chosen = |check: &SuiteCheck| only.is_empty() || only.iter().any(|word| fits(check, word));
    Ok(checks.into_iter().filter(is_chosen).collect())
}

fn to_sink(output: Option<&Path>, text: &str) -> Result<u8, CommandError> {
    let draft = output.map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    sink.write(text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(0)
}

/// Skips the checks that need `egress:PORT`, if the network blocks connections to this port.
fn skip_blocked(ready: &mut [PreparedCheck], engine: &mut Engine) -> Result<(), Signal> {
    let needs_egress = |one: &PreparedCheck| {
        one.skipped.is_none() && one.check.needs.iter().any(|need| matches!(need, Need::Egress(_)))
    };
    // The servers of a domain are not known yet. They count as blocked if the other checks show that the port is
    // blocked.
    let plans = ready.iter().filter(|one| needs_egress(one)).map(|one| &one.job.plan);
    let plans: Vec<&Plan> = plans.filter(|plan| plan.domain.is_none()).collect();
    if plans.is_empty() {
        return Ok(());
    }
    let blocked = engine.blocked_ports(&plans)?;
    for one in ready.iter_mut() {
        if needs_egress(one) {
            one.skipped = blocked.get(&one.job.plan.target.port).cloned();
        }
    }
    Ok(())
}
