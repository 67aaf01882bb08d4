//! Finds and reads the configuration file for any verb, and `smtpcheck config show`: each value with where it came from.

use std::ffi::{OsStr, OsString};

use super::{CommandError, outlet, print};
use crate::cli::config::{self as words, ConfigArgs, ConfigEnvironment, ConfigSource, Settings};
use crate::cli::display;
use crate::gather;
use crate::render::config as rendering;

/// What the configuration file says for these words.
pub(super) fn settings(arguments: &[OsString]) -> Result<Settings, CommandError> {
    let variable = |name: &str| std::env::var_os(name);
    let around = ConfigEnvironment {
        xdg_config_home: variable("XDG_CONFIG_HOME"),
        home: variable("HOME"),
        appdata: variable("APPDATA"),
        config: variable("SMTPCHECK_CONFIG"),
        no_config: variable("SMTPCHECK_NO_CONFIG"),
        profile: variable("SMTPCHECK_PROFILE"),
    };
    let wanted = words::wanted(arguments, &around)?;
    let (file, text) = match wanted.file {
        ConfigSource::Nowhere => (None, None),
        ConfigSource::Named(file) => {
            let text = gather::config::read(&file).map_err(|error| CommandError::usage(error.to_string()))?;
            (Some(file), Some(text))
        }
        ConfigSource::Usual => match around.usual_file() {
            Some(file) => {
                let text =
                    gather::config::read_if_there(&file).map_err(|error| CommandError::usage(error.to_string()))?;
                (Some(file), text)
            }
            None => (None, None),
        },
    };
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

fn no_file_for(profile: &str, file: Option<&OsStr>) -> String {
    let profile = profile.escape_debug();
    match file {
        Some(file) => format!(
            "profile {profile}: profiles stand in the configuration file, and there is no {}; write it, with [profile.{profile}] in it",
            file.to_string_lossy()
        ),
        None => format!("profile {profile}: profiles stand in the configuration file, and none is read"),
    }
}

pub(super) fn run(args: &ConfigArgs, settings: &Settings) -> Result<u8, CommandError> {
    let look = display::plain(&args.look, &outlet())?;
    let hostname = hostname::get().ok().and_then(|name| name.into_string().ok());
    let values = words::values(settings, hostname.as_deref())?;
    if args.json {
        return print(&rendering::json(settings.file.as_deref(), &values));
    }
    print(&rendering::render(settings.file.as_deref(), &values, &look))
}
