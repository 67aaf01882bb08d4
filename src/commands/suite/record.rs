//! `smtpcheck run --record TARGET`: checks a server once, and writes a suite that expects the results of this check.

use std::path::Path;

use clap::ArgMatches;

use super::super::CommandError;
use super::super::live::run_single;
use super::super::secrets;
use super::super::sink::{Draft, Readers, Sink, file_of};
use crate::cli::commands::run::RunArgs;
use crate::cli::{self, Invocation, plan as planning};
use crate::host::{name, signals};
use crate::render::suite as rendering;
use crate::report::Exit;
use crate::run::{Engine, Job, RetriedReport};
use crate::suite::{self, KeyShape};

pub(super) fn record(target: &str, args: &RunArgs) -> Result<u8, CommandError> {
    let words = args.words.iter().cloned().chain(["--".to_owned(), target.to_owned()]);
    let words = std::iter::once("check".to_owned()).chain(words).map(Into::into).collect();
    let Invocation::Check(check, matches) = cli::parse(words)? else {
        return Err(CommandError::usage("only flags of `smtpcheck check` can follow --".to_owned()));
    };
    let plan = planning::plan(&check, &matches, target, name::host_name().as_deref())?;
    let login = plan.login.as_ref();
    let source = check.password.source(check.auth.user.as_deref(), login, secrets::sources(login))?;
    // The file needs no special mode: a suite contains no transcript, and is usually committed to a repository.
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let secret = source.as_ref().map(|source| secrets::fetch(source, &plan)).transpose()?;
    let retry = check.expect.retry();
    let job = Job { plan, secret, expectations: Vec::new(), retry };
    let mut engine = Engine::new()?;
    engine.prepare(&job)?;
    signals::end_if_unhandled();
    let RetriedReport { report, .. } = run_single(&mut engine, job)?;
    if matches!(report.exit, Exit::Interrupted | Exit::Terminated | Exit::Incomplete) {
        // No suite is written for an incomplete check, because its results are not what should be expected.
        return Ok(report.exit.code());
    }
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    let text = rendering::recorded(&report, target, &keys(&matches, file_of(&args.output.output)));
    sink.write(&text).map_err(CommandError::Output)?;
    sink.finish()?;
    Ok(0)
}

/// The flags of a check as keys of a suite, with their values as TOML. Paths in a suite are relative to the directory
/// of the suite. If this is the working directory, a path is written as given, else as an absolute path.
fn keys(matches: &ArgMatches, output: Option<&Path>) -> Vec<(String, String)> {
    let folder = output.and_then(Path::parent).unwrap_or(Path::new(""));
    let is_here = folder == Path::new("") || folder == Path::new(".");
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
            let absolute = || std::path::absolute(value).map(|path| path.display().to_string());
            let written = if is_path && !is_here { absolute().ok() } else { None };
            rendering::toml_text(written.as_ref().unwrap_or(value))
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
