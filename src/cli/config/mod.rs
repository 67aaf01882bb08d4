//! The configuration file: defaults for flags, and profiles for servers that are checked often.
//!
//! ```toml
//! [defaults]
//! timeout = "20s"
//!
//! [profile.relay]
//! target = "smtp.example.net:587"
//! user = "app@example.net"
//! password-command = "pass smtp/app"
//! ```
//!
//! A key is the name of a flag without its dashes, and its value is a value of the flag. The keys are generated from
//! the flags of the commands. The order of precedence is: command line, environment, profile, defaults in the file,
//! built-in defaults.
//!
//! [`file`] parses the text, and [`modules`] the exporter's `[module.NAME]` tables. The rest of this module decides
//! which file and which profile are used, and applies the settings to the flags of a command.
//!
//! Three rules protect the user:
//! - The file cannot contain a secret, only the source of a secret.
//! - Settings that could send a secret to a server are allowed only in a profile, because a default would apply to
//!   every server.
//! - Every error message gives the line and the column.
//!
//! This module does not open the file. It also does not look for a file in the working directory, because a cloned
//! repository could contain a file that runs a command.

mod file;
mod modules;
mod show;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};

pub use file::{SCHEMA, profiles, read};
pub use modules::{ModuleSettings, ModuleType, modules};
pub use show::{masked, values};

use super::commands::check::CheckArgs;
use super::commands::{CommandSpec, SettingsLevel, SettingsUse};
use super::flags::display::DisplayArgs;
use super::flags::names::mentions_in;
use super::{Invocation, UsageError, effect, flags, words};
use crate::plan::ValueOrigin;
use crate::source::Position;

/// Which file and which profile a run of smtpcheck uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigRequest {
    /// The location of the file.
    pub file: ConfigSource,
    /// The name of the profile, if one is selected.
    pub profile: Option<String>,
}

/// The location of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigSource {
    /// No file is read.
    #[default]
    Nowhere,
    /// The default path; the file need not exist.
    Usual,
    /// The path that the user gave; the file must exist.
    Named(PathBuf),
}

/// The environment variables that select the configuration file and the profile.
#[derive(Clone, Debug, Default)]
pub struct ConfigEnvironment {
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// `APPDATA`, on Windows.
    pub appdata: Option<OsString>,
    /// `SMTPCHECK_CONFIG`.
    pub config: Option<OsString>,
    /// `SMTPCHECK_NO_CONFIG`.
    pub no_config: Option<OsString>,
    /// `SMTPCHECK_PROFILE`.
    pub profile: Option<OsString>,
}

impl ConfigEnvironment {
    /// The default path, which is the same on macOS as on Linux. A variable with a relative path is ignored, as the XDG
    /// Base Directory Specification requires.
    pub fn usual_file(&self) -> Option<PathBuf> {
        let absolute = |folder: &Option<OsString>| folder.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = absolute(&self.xdg_config_home)
            .or_else(|| if cfg!(windows) { absolute(&self.appdata) } else { None })
            .or_else(|| absolute(&self.home).map(|home| home.join(".config")))?;
        Some(folder.join("smtpcheck").join("config.toml"))
    }
}

/// The file and the profile that the arguments and the environment select. Other errors in the arguments are reported
/// later.
pub fn wanted(words: &[OsString], around: &ConfigEnvironment) -> Result<ConfigRequest, UsageError> {
    if !words::takes_settings(words) {
        return Ok(ConfigRequest::default());
    }
    let set = |value: &Option<OsString>| value.clone().filter(|value| !value.is_empty());
    let mut file = set(&around.config).map(|path| ConfigSource::Named(path.into())).unwrap_or(ConfigSource::Usual);
    let mut profile = set(&around.profile).map(|name| name.to_string_lossy().into_owned());
    if set(&around.no_config).is_some_and(|value| !matches!(value.to_str(), Some("0" | "false" | "no" | "off"))) {
        file = ConfigSource::Nowhere;
    }
    let given = |flag: &str| words.iter().any(|word| word.to_string_lossy().split('=').next() == Some(flag));
    if given("--config") && given("--no-config") {
        return Err(UsageError::flag("--no-config", "cannot be used with --config"));
    }
    let mut rest = words.iter().take_while(|word| *word != "--");
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy();
        match text.split_once('=').map_or((&*text, None), |(flag, value)| (flag, Some(value.to_owned()))) {
            ("--no-config", None) => file = ConfigSource::Nowhere,
            ("--config", Some(value)) => file = ConfigSource::Named(value.into()),
            ("--config", None) => file = rest.next().map_or(file, |path| ConfigSource::Named(path.into())),
            ("--profile", Some(name)) => profile = Some(name),
            ("--profile", None) => profile = rest.next().map(|name| name.to_string_lossy().into_owned()).or(profile),
            _ => {}
        }
    }
    if file == ConfigSource::Named(PathBuf::new()) {
        return Err(effect::empty_value("--config"));
    }
    if profile.as_deref() == Some("") {
        return Err(effect::empty_value("--profile"));
    }
    let targets = words::targets(words);
    if let Some(name) = targets.iter().find_map(|word| word.strip_prefix('@')) {
        if name.is_empty() {
            let error = UsageError::new("@ is not followed by the name of a profile");
            return Err(error.with_hint("for example: @relay"));
        }
        if targets.len() > 1 {
            let reason =
                "a profile cannot be combined with other targets, because its login must be sent only to its server";
            return Err(UsageError::new(format!("@{}: {reason}", name.escape_debug()))
                .with_hint("run smtpcheck once for each target"));
        }
        if let Some(other) = profile.filter(|other| other != name) {
            let reason = format!("the target @{} selects another profile", name.escape_debug());
            return Err(UsageError::flag("--profile", reason).with_value(other).with_hint("remove one of them"));
        }
        profile = Some(name.to_owned());
    }
    Ok(ConfigRequest { file, profile: profile.filter(|_| words::takes_profile(words)) })
}

/// One setting in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name of the flag.
    pub key: String,
    /// The value; a repeatable flag can have several.
    pub values: Vec<String>,
    /// `Config` or `Profile`.
    pub origin: ValueOrigin,
    /// The position of its key in the file.
    pub at: Position,
}

/// The settings of the configuration file for one run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The path of the file that was read.
    pub file: Option<PathBuf>,
    /// The name of the selected profile.
    pub profile: Option<String>,
    /// The target of the profile.
    pub target: Option<Setting>,
    /// The settings in effect; those of the profile replace the defaults.
    pub settings: Vec<Setting>,
    /// The precedence of these settings.
    pub level: SettingsLevel,
    /// Whether the profile is a module of the exporter. The settings of a module were
    /// written for its type of check, so all of them keep their meaning.
    pub is_of_module: bool,
}

impl Settings {
    /// No settings, for a run that reads no file.
    pub fn none() -> Settings {
        Settings::default()
    }

    /// The `[defaults]` of a suite that apply to a check, each with its values.
    pub fn of_suite<'a>(defaults: impl IntoIterator<Item = (&'a str, &'a [String], Position)>) -> Settings {
        let setting = |(key, texts, at): (&str, &[String], Position)| Setting {
            key: key.to_owned(),
            values: texts.to_vec(),
            origin: ValueOrigin::Config,
            at,
        };
        let settings = defaults.into_iter().map(setting).collect();
        Settings { settings, level: SettingsLevel::Suite, ..Settings::default() }
    }

    /// The setting of a flag.
    pub fn find(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The settings that apply to a command.
    pub(super) fn of(&self, spec: &CommandSpec) -> Settings {
        let mut settings = self.clone();
        if spec.settings != SettingsUse::All {
            let display = DisplayArgs::augment_args(Command::new(spec.name));
            let declared = spec.command(&[]);
            settings.target = None;
            settings.settings.retain(|setting| {
                let is_in =
                    |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(setting.key.as_str()));
                match spec.settings {
                    SettingsUse::All => true,
                    SettingsUse::Checks => is_in(&declared) && !OF_OUTPUT.contains(&setting.key.as_str()),
                    SettingsUse::Domain => {
                        let is_own = self.is_of_module && setting.origin == ValueOrigin::Profile;
                        is_in(&declared) && (is_own || !OF_SERVER.contains(&setting.key.as_str()))
                    }
                    SettingsUse::Display => is_in(&display),
                    SettingsUse::Nothing => false,
                }
            });
        }
        settings
    }

    /// Returns the command with the settings as its defaults, and the flags that they set. A flag on the command line
    /// or in the environment overrides the setting of the same flag, and the settings of flags that it cannot be
    /// combined with.
    pub(super) fn apply(&self, command: Command, words: &[OsString]) -> (Command, BTreeMap<String, ValueOrigin>) {
        if self.settings.is_empty() && self.target.is_none() {
            return (command, BTreeMap::new());
        }
        let declared = command.clone();
        let is_of_suite = self.level == SettingsLevel::Suite;
        let is_in_environment = |flag: &str| !is_of_suite && flags::is_in_environment(flag);
        let is_given = |flag: &str| {
            mentions_in(&declared, words, flag)
                || is_in_environment(flag)
                || (flag == "password-stdin" && is_in_environment("password"))
        };
        let without_variable = |arg: Arg| if is_of_suite { arg.env(Resettable::Reset) } else { arg };
        let silenced = |key: &str| flags::is_replaced(key, is_given);
        let mut origins = BTreeMap::new();
        let command = command.mut_args(|arg| match arg.get_long().map(str::to_owned) {
            None if arg.is_positional() => match self.target.as_ref().filter(|_| takes_target(&arg)) {
                Some(target) => arg
                    .required(false)
                    .required_unless_present(Resettable::<clap::Id>::Reset)
                    .default_values(target.values.clone()),
                None => arg,
            },
            Some(long) if !silenced(&long) => match self.find(&long) {
                Some(setting) => {
                    origins.insert(long, setting.origin);
                    without_variable(arg.default_values(setting.values.clone()))
                }
                None if flags::is_replaced(&long, |other| self.find(other).is_some()) => without_variable(arg),
                None => arg,
            },
            _ => arg,
        });
        (command, origins)
    }
}

/// Settings of a check that have a different meaning for a batch.
const OF_OUTPUT: &[&str] = &["jobs", "format", "quiet"];

/// Settings of a server check that have a different meaning for a domain.
const OF_SERVER: &[&str] = &[
    "port",
    "max-connections",
    "expect",
    "user",
    "auth",
    "password-stdin",
    "password-file",
    "password-command",
    "token-command",
    "netrc",
];

fn takes_target(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "targets" | "host")
}

/// Replaces `@NAME` with the target of the profile, and records the origins of the values.
pub(super) fn complete(
    invocation: &mut Invocation,
    settings: &Settings,
    origins: BTreeMap<String, ValueOrigin>,
) -> Result<(), UsageError> {
    let target = settings.target.as_ref().and_then(|target| target.values.first());
    let named = |word: &str| match word.strip_prefix('@') {
        Some(_) => target.cloned().ok_or_else(|| {
            let error = UsageError::new(format!("{word}: the profile has no target"));
            error.with_hint("add a target, for example target = \"smtp.example.net:587\"")
        }),
        None => Ok(word.to_owned()),
    };
    match invocation {
        Invocation::Check(args, matches) => complete_check(args, matches, &named, settings, origins)?,
        Invocation::Watch(args, matches) => complete_check(&mut args.check, matches, &named, settings, origins)?,
        // A line of the target list that names a profile (`@NAME`) uses the settings of that profile instead of the
        // settings of this run.
        Invocation::Batch(args, _) => args.from_file = origins,
        Invocation::Domain(args, _) => {
            args.from_file = origins;
            args.settings_level = settings.level;
        }
        Invocation::Settings(args, _) => args.from_file = origins,
        Invocation::Ports(args, _) => {
            let host = args.host.as_deref().map(&named).transpose()?;
            // The target of the profile may contain a port, which is checked in addition to the usual ports.
            args.host = match (host, target) {
                (Some(word), Some(target)) if word == *target => {
                    let typed = super::target::parse(&word)?;
                    let setting = settings.find("port").filter(|setting| setting.origin == ValueOrigin::Profile);
                    let set = setting.and_then(|setting| setting.values.first()?.parse().ok());
                    args.profile_port = typed.port.or(set);
                    Some(typed.host.to_string())
                }
                (word, _) => word,
            };
            args.from_file = origins;
        }
        // These do not read the settings of a check.
        Invocation::Run(_)
        | Invocation::Explain(_)
        | Invocation::Exporter(_)
        | Invocation::Report(_)
        | Invocation::Providers(_)
        | Invocation::Sandbox(_)
        | Invocation::Demo(_)
        | Invocation::Config(_)
        | Invocation::Completions(_)
        | Invocation::Complete(_)
        | Invocation::Man(_)
        | Invocation::Schema(_)
        | Invocation::Print(_)
        | Invocation::Version(_)
        | Invocation::NothingGiven(_) => {}
    }
    Ok(())
}

/// Like [`complete`], but only for the flags and targets of a check.
fn complete_check(
    args: &mut CheckArgs,
    matches: &ArgMatches,
    named: &dyn Fn(&str) -> Result<String, UsageError>,
    settings: &Settings,
    origins: BTreeMap<String, ValueOrigin>,
) -> Result<(), UsageError> {
    let is_named = args.targets.iter().any(|word| word.starts_with('@'));
    if is_named || matches.value_source("targets") == Some(ValueSource::DefaultValue) {
        args.target_origin = ValueOrigin::Profile;
    }
    args.targets = args.targets.iter().map(|word| named(word)).collect::<Result<_, _>>()?;
    args.from_file = origins;
    args.settings_level = settings.level;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ConfigEnvironment, ConfigRequest, ConfigSource, wanted};

    #[test]
    fn arguments_and_environment_select_the_file_and_the_profile() {
        let around = ConfigEnvironment { config: Some("/e.toml".into()), ..ConfigEnvironment::default() };
        let of = |words: &[&str], around: &ConfigEnvironment| {
            wanted(&words.iter().map(Into::into).collect::<Vec<_>>(), around).map_err(|error| error.to_string())
        };
        let want = |file, profile: Option<&str>| Ok(ConfigRequest { file, profile: profile.map(str::to_owned) });
        assert_eq!(of(&["h.example"], &ConfigEnvironment::default()), want(ConfigSource::Usual, None));
        assert_eq!(of(&["h.example"], &around), want(ConfigSource::Named("/e.toml".into()), None));
        assert_eq!(of(&["h.example", "--no-config"], &around), want(ConfigSource::Nowhere, None));
        assert_eq!(of(&["@relay", "--config=x"], &around), want(ConfigSource::Named("x".into()), Some("relay")));
        assert_eq!(
            of(&["--profile", "relay", "--config", "y"], &around),
            want(ConfigSource::Named("y".into()), Some("relay"))
        );
        assert_eq!(of(&["--from", "@x", "h.example"], &ConfigEnvironment::default()), want(ConfigSource::Usual, None));
        assert_eq!(
            of(&["check", "--", "@relay"], &ConfigEnvironment::default()),
            want(ConfigSource::Usual, Some("relay"))
        );
        assert!(of(&["@relay", "h.example"], &around).is_err_and(|why| why.contains("combined with other targets")));
        assert!(of(&["@relay", "--profile", "other"], &around).is_err_and(|why| why.contains("another profile")));
    }

    #[cfg(unix)]
    #[test]
    fn the_default_path_follows_xdg_and_a_relative_directory_is_ignored() {
        let around = |xdg: &str| ConfigEnvironment {
            xdg_config_home: Some(xdg.into()),
            home: Some("/home/u".into()),
            ..ConfigEnvironment::default()
        };
        let usual = |xdg: &str| around(xdg).usual_file().map(|path| path.to_string_lossy().into_owned());
        assert_eq!(usual("/x").as_deref(), Some("/x/smtpcheck/config.toml"));
        assert_eq!(usual("x").as_deref(), Some("/home/u/.config/smtpcheck/config.toml"));
        assert_eq!(ConfigEnvironment::default().usual_file(), None);
    }
}
