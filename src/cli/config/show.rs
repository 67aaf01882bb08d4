//! The values for `smtpcheck config show`.

use std::ffi::OsString;

use clap::parser::ValueSource;

use super::{Settings, file};
use crate::cli::commands::SettingsUse;
use crate::cli::flags::password::VARIABLE;
use crate::cli::{Invocation, UsageError, command, flags, plan};
use crate::host::environment;
use crate::plan::ValueOrigin;
use crate::render::config::ConfigValue;
use crate::secret::list_keys::without_likely_keys;

/// Flags that `config show` does not list.
const ABOUT_THE_FILE: &[&str] = &["config", "no-config", "profile", "help", "version"];

/// The values that a check would use, each with its origin.
pub fn values(settings: &Settings, hostname: Option<&str>) -> Result<Vec<ConfigValue>, UsageError> {
    // If the profile has no target, the values are validated by planning a check of an example host.
    let stand_in = settings.target.is_none().then(|| OsString::from("smtp.example.net"));
    let words: Vec<OsString> = std::iter::once("check".into()).chain(stand_in).collect();
    if let Invocation::Check(args, matches) = command::parse(words.clone(), settings)? {
        let target = args.targets.first().map(String::as_str).unwrap_or_default();
        plan::plan(&args, &matches, target, hostname)?;
    }
    let mut values: Vec<ConfigValue> = settings
        .target
        .iter()
        .map(|target| ConfigValue {
            name: "target".to_owned(),
            value: target.values.clone(),
            origin: target.origin,
            line: Some(target.at.line),
            variable: None,
        })
        .collect();
    for spec in file::commands() {
        let words: Vec<OsString> = match spec.settings {
            // A profile's target is a server, but these commands take a domain.
            SettingsUse::Domain => vec!["example.net".into()],
            _ if spec.command(&[]).get_positionals().next().is_none() => Vec::new(),
            _ => words.get(1..).unwrap_or_default().to_vec(),
        };
        let (command, from_file) = settings.apply(spec.command(&words), &words);
        let matches = command::matches(&mut command.clone(), &words)
            .map_err(|error| command::usage_error(&error, &command::Declared::of(spec, &command)))?;
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let Some(long) = arg.get_long().filter(|long| !ABOUT_THE_FILE.contains(long)) else { continue };
            if values.iter().any(|value| value.name == long) {
                continue;
            }
            let id = arg.get_id().as_str();
            let raw = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
            let value: Vec<String> = raw.map(|value| masked(long, &value.to_string_lossy())).collect();
            let set = matches.value_source(id) == Some(ValueSource::EnvVariable);
            let origin = match from_file.get(long) {
                _ if set => ValueOrigin::Environment,
                Some(origin) => *origin,
                None => ValueOrigin::Default,
            };
            values.push(ConfigValue {
                name: long.to_owned(),
                value,
                origin,
                line: settings.find(long).filter(|_| from_file.contains_key(long) && !set).map(|one| one.at.line),
                variable: set.then(|| flags::variable(long)),
            });
        }
    }
    if environment::is_set(VARIABLE) {
        values.push(ConfigValue {
            name: "password".to_owned(),
            value: vec!["set, not shown".to_owned()],
            origin: ValueOrigin::Environment,
            line: None,
            variable: Some(VARIABLE.to_owned()),
        });
    }
    Ok(values)
}

/// Hides the arguments of a command, and keys in the zones of blocklists, because they can contain secrets.
pub fn masked(flag: &str, value: &str) -> String {
    if flag == "list" {
        return without_likely_keys(value);
    }
    match value.trim().split_once(char::is_whitespace) {
        Some((program, _)) if flag.ends_with("-command") => format!("{program} (the rest is not shown)"),
        _ => value.to_owned(),
    }
}
