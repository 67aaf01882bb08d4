//! `smtpcheck run --record TARGET`: checks a server once, and writes a suite that expects the results of this check.

use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::super::CommandError;
use super::super::live::run_single;
use super::super::secrets;
use super::super::sink::{Draft, Readers, Sink, file_of};
use crate::check::in_shell;
use crate::cli::commands::run::RunArgs;
use crate::cli::{self, Invocation, UsageError, plan as planning};
use crate::host::{name, signals};
use crate::render::suite as rendering;
use crate::report::Exit;
use crate::run::{Engine, Job, RetriedReport};
use crate::suite::{self, KeyShape};

pub(super) fn record(target: &str, args: &RunArgs) -> Result<u8, CommandError> {
    let error = |reason: &'static str| UsageError::flag("--record", reason).with_value(target);
    if target.starts_with('@') {
        let reason = "a profile cannot be recorded, because a suite does not depend on the configuration file";
        return Err(error(reason).with_hint("write the host, for example: smtp://host:port").into());
    }
    let words = args.words.iter().cloned().chain(["--".to_owned(), target.to_owned()]);
    let words = std::iter::once("check".to_owned()).chain(words).map(Into::into).collect();
    let Invocation::Check(check, matches) = cli::parse(words)? else {
        return Err(error("only flags of `smtpcheck check` can follow --").into());
    };
    if let [other, _, ..] = check.targets.as_slice() {
        let hint = "after --, write only flags of the check";
        return Err(UsageError::new("--record takes one target").about("target", other).with_hint(hint).into());
    }
    if let Some(flag) = without_effect(&matches) {
        let reason = "has no effect with --record, which writes a suite";
        return Err(UsageError::flag(format!("--{flag}"), reason).with_hint("omit one of the flags").into());
    }
    let plan = planning::plan(&check, &matches, target, name::host_name().as_deref())?;
    let login = plan.login.as_ref();
    let source = check.password.source(check.auth.user.as_deref(), login, secrets::sources(login))?;
    // The file needs no special mode: a suite contains no transcript, and is usually committed to a repository.
    let draft = file_of(&args.output.output).map(|path| Draft::begin(path, Readers::Usual)).transpose()?;
    let fetch = || source.as_ref().map(|source| secrets::fetch(source, &plan)).transpose();
    let (secret, spent) = secrets::measured(source.as_ref(), fetch)?;
    let proxies = secrets::proxies(&check.route, std::slice::from_ref(&plan))?;
    let retry = check.expect.retry();
    let job = Job { plan, secret, spent, expectations: Vec::new(), retry };
    let mut engine = Engine::new()?;
    engine.use_proxies(&proxies);
    engine.prepare(&job)?;
    signals::end_if_unhandled();
    let RetriedReport { report, .. } = run_single(&mut engine, job)?;
    if matches!(report.exit, Exit::Interrupted | Exit::Terminated | Exit::Incomplete) {
        // No suite is written for an incomplete check, because a suite must not expect incomplete results.
        return Ok(report.exit.code());
    }
    let mut sink = draft.map_or(Sink::Stdout, Sink::File);
    let text = rendering::recorded(&report, target, &keys(&matches, file_of(&args.output.output)));
    sink.write(&text).map_err(CommandError::Output)?;
    sink.finish()?;
    if let Some(file) = file_of(&args.output.output).filter(|_| !args.verbosity.quiet) {
        secrets::write_note(&rendering::saved_message(&report, &in_shell(&file.to_string_lossy())));
    }
    Ok(0)
}

/// Flags that are not keys of a suite, but change how the server is checked.
const NOT_RECORDED: [&str; 3] = ["password-stdin", "netrc", "no-auth"];

/// The first flag on the command line that affects neither the check nor the suite.
fn without_effect(matches: &ArgMatches) -> Option<String> {
    let given = matches.ids().filter(|id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine));
    let flags = given.map(|id| id.as_str().replace('_', "-")).filter(|id| id != "targets");
    let has_effect = |flag: &str| {
        let is_key = suite::KEYS.iter().any(|key| key.name == flag) && !matches!(flag, "expect" | "password");
        is_key || NOT_RECORDED.contains(&flag)
    };
    let mut ignored: Vec<String> = flags.filter(|flag| !has_effect(flag)).collect();
    ignored.sort_unstable();
    ignored.into_iter().next()
}

/// The flags of a check as keys of a suite, with their values as TOML. Paths in a suite are relative to the directory
/// of the suite. If that directory is the working directory, a path is written as given; otherwise, it is written as an
/// absolute path.
fn keys(matches: &ArgMatches, output: Option<&Path>) -> Vec<(String, String)> {
    let folder = output.and_then(Path::parent).unwrap_or(Path::new(""));
    let is_here = folder == Path::new("") || folder == Path::new(".");
    let mut keys = Vec::new();
    for key in suite::KEYS {
        let id = key.name.replace('-', "_");
        let is_given = matches.try_contains_id(&id).unwrap_or(false)
            && matches.value_source(&id) == Some(ValueSource::CommandLine);
        if !is_given || key.name == "password" || key.name == "expect" {
            continue;
        }
        let values: Vec<String> = matches
            .try_get_raw(&id)
            .ok()
            .flatten()
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let is_path = suite::is_path(key.name);
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

#[cfg(test)]
mod tests {
    use clap::ArgAction;

    use crate::cli::commands::{check, domain};
    use crate::suite::{KEYS, KeyShape};

    /// Keys of a suite that are not flags.
    const NO_FLAGS: &[&str] = &["name", "target", "domain", "tags", "needs", "password", "password-env"];

    /// Flags of a check that are not keys of a suite, because they affect only how a result is shown, or have no
    /// meaning in a suite.
    const NO_KEYS: &[&str] = &[
        "password-stdin",
        "netrc",
        "no-auth",
        "format",
        "json",
        "report",
        "output",
        "warning",
        "critical",
        "write-out",
        "for",
        "quiet",
        "verbose",
        "transcript",
        "show-chain",
        "tlsa",
        "color",
        "theme",
        "ascii",
        "width",
        "config",
        "no-config",
        "profile",
        "jobs",
    ];

    #[test]
    fn the_keys_of_a_suite_are_the_flags_of_a_check_with_their_types() {
        let (command, of_domain) = (check::SPEC.command(&[]), domain::SPEC.command(&[]));
        let all = command.get_arguments().chain(of_domain.get_arguments());
        let flags: Vec<&clap::Arg> = all.filter(|arg| arg.get_long().is_some() && !arg.is_hide_set()).collect();
        let flag_of = |name: &str| flags.iter().find(|arg| arg.get_long() == Some(name));
        for key in KEYS.iter().filter(|key| !NO_FLAGS.contains(&key.name)) {
            let arg = flag_of(key.name).unwrap_or_else(|| unreachable!("{} is not a flag", key.name));
            let is_fitting = match arg.get_action() {
                ArgAction::SetTrue => key.shape == KeyShape::Switch,
                ArgAction::Append => key.shape == KeyShape::List,
                _ if arg.is_require_equals_set() => key.shape == KeyShape::SwitchOrText,
                _ => matches!(key.shape, KeyShape::Text | KeyShape::Number | KeyShape::NumberOrText),
            };
            assert!(is_fitting, "{}: {:?}", key.name, key.shape);
            // If a key accepts only certain values, and its description names one of them, it must name all of them.
            let values = arg.get_possible_values();
            let names: Vec<&str> =
                values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name()).collect();
            let is_list =
                names.len() > 2 && arg.get_action().takes_values() && names.iter().any(|name| key.about.contains(name));
            if is_list && key.shape != KeyShape::SwitchOrText {
                assert!(names.iter().all(|name| key.about.contains(name)), "{}: {names:?}", key.name);
            }
        }
        for arg in &flags {
            let long = arg.get_long().unwrap_or_default();
            let is_key = KEYS.iter().any(|key| key.name == long);
            assert!(is_key != NO_KEYS.contains(&long), "--{long}");
        }
    }
}
