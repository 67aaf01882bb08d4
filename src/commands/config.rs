//! Finds and reads the configuration file for all commands. Also implements `smtpcheck config show`, which prints each
//! value and its origin.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::CommandError;
use super::stdout::{outlet, print};
use crate::cli::commands::config::ConfigArgs;
use crate::cli::config::{self as words, ConfigEnvironment, ConfigSource, ModuleSettings, Settings};
use crate::host;
use crate::render::config as rendering;

/// The settings of the configuration file that the given arguments and the environment select.
pub(super) fn settings(arguments: &[OsString]) -> Result<Settings, CommandError> {
    let around = environment();
    let wanted = words::wanted(arguments, &around)?;
    let (file, text) = located(wanted.file, &around)?;
    match (file, text, wanted.profile) {
        (Some(file), Some(text), profile) => {
            Ok(words::read(&text, &file, profile.as_deref(), around.home.as_deref().or(around.appdata.as_deref()))?)
        }
        (_, _, None) => Ok(Settings::none()),
        (file, _, Some(name)) => {
            Err(CommandError::usage(no_file_for(&name, file.as_ref().map(|file| file.as_os_str()))))
        }
    }
}

/// The modules of the exporter, in the configuration file that the given arguments and the environment select.
pub(super) fn modules(arguments: &[OsString]) -> Result<Vec<ModuleSettings>, CommandError> {
    let around = environment();
    let (file, text) = located(words::wanted(arguments, &around)?.file, &around)?;
    let home = around.home.as_deref().or(around.appdata.as_deref());
    Ok(words::modules(file.as_deref().zip(text.as_deref()), home)?)
}

/// The path and the text of the configuration file. There is no text if the default file does not exist.
fn located(
    source: ConfigSource,
    around: &ConfigEnvironment,
) -> Result<(Option<PathBuf>, Option<String>), CommandError> {
    let wrong = |error: host::config::ConfigFileError| CommandError::usage(error.to_string());
    match source {
        ConfigSource::Nowhere => Ok((None, None)),
        ConfigSource::Named(file) => {
            let text = host::config::read(&file).map_err(wrong)?;
            Ok((Some(file), Some(text)))
        }
        ConfigSource::Usual => match around.usual_file() {
            Some(file) => {
                let text = host::config::read_if_there(&file).map_err(wrong)?;
                Ok((Some(file), text))
            }
            None => Ok((None, None)),
        },
    }
}

/// The names of the profiles, for completions. The list is empty if the file cannot be read.
pub(super) fn profiles() -> Vec<String> {
    let Some(file) = environment().usual_file() else { return Vec::new() };
    match host::config::read_if_there(&file) {
        Ok(Some(text)) => words::profiles(&text, &file),
        Ok(None) | Err(_) => Vec::new(),
    }
}

fn environment() -> ConfigEnvironment {
    let variable = host::environment::value;
    ConfigEnvironment {
        xdg_config_home: variable("XDG_CONFIG_HOME"),
        home: variable("HOME"),
        appdata: variable("APPDATA"),
        config: variable("SMTPCHECK_CONFIG"),
        no_config: variable("SMTPCHECK_NO_CONFIG"),
        profile: variable("SMTPCHECK_PROFILE"),
    }
}

fn no_file_for(profile: &str, file: Option<&OsStr>) -> String {
    let profile = profile.escape_debug();
    match file {
        Some(file) => format!(
            "profile {profile}: the configuration file {} does not exist; create it and add [profile.{profile}]",
            file.to_string_lossy()
        ),
        None => format!(
            "profile {profile}: profiles are defined in the configuration file, but this run reads no configuration file"
        ),
    }
}

pub(super) fn run(args: &ConfigArgs, settings: &Settings) -> Result<u8, CommandError> {
    let look = args.look.display(&outlet());
    let hostname = host::name::host_name();
    let values = words::values(settings, hostname.as_deref())?;
    if args.json {
        return print(&rendering::json(settings.file.as_deref(), &values));
    }
    print(&rendering::render(settings.file.as_deref(), &values, &look))
}
