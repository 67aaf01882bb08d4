//! The configuration file: defaults for flags, and profiles of servers that are checked again and again.
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
//! A key is the name of a flag without its dashes, and its value is what the flag takes, so that nothing is learnt
//! twice and no flag can be forgotten: the keys are read off the commands. The order is flag, environment, profile,
//! defaults of the file, defaults of the program.
//!
//! [`file`] reads the text; here is which file and which profile a call wants, and what they do to its flags.
//!
//! Promises: a secret never stands in the file, only how to get one; whatever could send a secret to a server stands in
//! a profile, since a default would hold for every server; each mistake is told with its line and column.
//! Does not: read the file (`gather::config` does), nor look for one in the working directory, where a cloned
//! repository could put a command.

mod file;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, Args, Command};

pub use file::{SCHEMA, read};

use super::UsageError;
use super::args::DisplayArgs;
use super::command::{self, Invocation};
use crate::plan::ValueOrigin;
use crate::render::config::ConfigValue;
use crate::source::Position;

/// Flags of which `config show` says nothing.
const ABOUT_THE_FILE: &[&str] = &["config", "no-config", "profile", "help", "version"];

/// What every verb takes.
const DISPLAY_KEYS: &[&str] = &["color", "theme", "ascii", "width"];

/// Flags of which one says what the others would have said.
const ALTERNATIVES: &[&[&str]] = &[
    &["ipv4", "ipv6"],
    &["quiet", "verbose"],
    &["password-stdin", "password-file", "password-command", "token-command", "netrc"],
];

/// Flags about the configuration file.
#[derive(Args, Clone, Debug)]
pub struct ConfigFlags {
    /// Read this configuration file [default: ~/.config/smtpcheck/config.toml]
    #[arg(long, value_name = "FILE", help_heading = "Config")]
    pub config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, help_heading = "Config")]
    pub no_config: bool,
    /// Use this profile of the configuration file, as @NAME does
    #[arg(long, value_name = "NAME", help_heading = "Config")]
    pub profile: Option<String>,
}

/// Flags of `smtpcheck config`.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    /// What to do: show
    #[arg(value_name = "ACTION", value_parser = ["show"])]
    pub what: String,
    /// One JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub config: ConfigFlags,
    #[command(flatten)]
    pub look: DisplayArgs,
}

/// Which file and which profile a call wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigRequest {
    /// Where the file is looked for.
    pub file: ConfigSource,
    /// The profile, if one is named.
    pub profile: Option<String>,
}

/// Where the file is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigSource {
    /// Nowhere.
    #[default]
    Nowhere,
    /// Where it usually is; it need not be there.
    Usual,
    /// Where the user says; it must be there.
    Named(PathBuf),
}

/// What of the environment says where a configuration file is.
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
    /// The usual place: the same on macOS as on Linux. A relative path in the variable counts as not set, as the XDG
    /// Base Directory Specification says.
    pub fn usual_file(&self) -> Option<PathBuf> {
        let absolute = |folder: &Option<OsString>| folder.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = absolute(&self.xdg_config_home)
            .or_else(|| if cfg!(windows) { absolute(&self.appdata) } else { None })
            .or_else(|| absolute(&self.home).map(|home| home.join(".config")))?;
        Some(folder.join("smtpcheck").join("config.toml"))
    }
}

/// What the words ask for. Words that are wrong otherwise are told so later.
pub fn wanted(words: &[OsString], around: &ConfigEnvironment) -> Result<ConfigRequest, UsageError> {
    if !command::takes_settings(words) {
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
        return Err(UsageError::new("--config and --no-config say the opposite; give one of them"));
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
    let targets = command::targets(words);
    if let Some(name) = targets.iter().find_map(|word| word.strip_prefix('@')) {
        if targets.len() > 1 {
            return Err(UsageError::new(format!(
                "@{}: a profile is checked alone, since its login is for its own server; call smtpcheck once for each",
                name.escape_debug()
            )));
        }
        if let Some(other) = profile.filter(|other| other != name) {
            return Err(UsageError::new(format!(
                "@{} and --profile {} name two profiles; give one of them",
                name.escape_debug(),
                other.escape_debug()
            )));
        }
        profile = Some(name.to_owned());
    }
    Ok(ConfigRequest { file, profile: profile.filter(|_| command::takes_profile(words)) })
}

/// One setting of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name of the flag.
    pub key: String,
    /// Its value; a flag that can be repeated may have several.
    pub values: Vec<String>,
    /// `Config` or `Profile`.
    pub origin: ValueOrigin,
    /// Where its key stands in the file.
    pub at: Position,
}

/// What the configuration file says for one call.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The profile in use.
    pub profile: Option<String>,
    /// The target of the profile.
    pub target: Option<Setting>,
    /// What holds, the profile before the defaults.
    pub settings: Vec<Setting>,
}

impl Settings {
    /// Of a call that reads no file.
    pub fn none() -> Settings {
        Settings::default()
    }

    /// The setting of a flag.
    pub fn find(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Those that a verb takes: flags of `check` and `ports` have other meanings elsewhere, but for the look.
    pub(super) fn of(&self, verb: &str) -> Settings {
        let mut settings = self.clone();
        if !matches!(verb, "check" | "ports" | "config") {
            settings.target = None;
            settings.settings.retain(|setting| DISPLAY_KEYS.contains(&setting.key.as_str()));
        }
        settings
    }

    /// The command with the settings as its defaults, and what they are for. What the words or the environment say
    /// otherwise wins, also where it says it by another flag.
    pub(super) fn apply(&self, command: Command, words: &[OsString]) -> (Command, BTreeMap<String, ValueOrigin>) {
        if self.settings.is_empty() && self.target.is_none() {
            return (command, BTreeMap::new());
        }
        let said = given(&command, words);
        let silenced = |key: &str| {
            ALTERNATIVES.iter().any(|group| group.contains(&key) && group.iter().any(|flag| said.contains_key(*flag)))
        };
        let mut origins = BTreeMap::new();
        let command = command.mut_args(|arg| match arg.get_long().map(str::to_owned) {
            None if arg.is_positional() => match self.target.as_ref().filter(|_| takes_target(&arg)) {
                Some(target) => arg.required(false).default_values(target.values.clone()),
                None => arg,
            },
            Some(long) if !silenced(&long) => match self.find(&long) {
                Some(setting) => {
                    origins.insert(long, setting.origin);
                    arg.default_values(setting.values.clone())
                }
                None => arg,
            },
            _ => arg,
        });
        (command, origins)
    }
}

/// What a check would use, each value with where it came from.
pub fn values(settings: &Settings, hostname: Option<&str>) -> Result<Vec<ConfigValue>, UsageError> {
    // The values have to be good for a check, of whichever server.
    let stand_in = settings.target.is_none().then(|| OsString::from("smtp.example.net"));
    let words: Vec<OsString> = std::iter::once("check".into()).chain(stand_in).collect();
    if let Invocation::Check(args, matches) = super::parse_with(words.clone(), settings)? {
        let target = args.targets.first().map(String::as_str).unwrap_or_default();
        super::plan::plan(&args, &matches, target, hostname)?;
        if crate::render::format(&args.format).is_none() {
            let known: Vec<&str> = crate::render::FORMATS.iter().map(|format| format.name).collect();
            return Err(super::display::choice("--format", &args.format, &known));
        }
        super::display::check(&args, &super::display::OutputTarget::default())?;
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
    for verb in command::COMMANDS.iter().filter(|verb| matches!(verb.name, "check" | "ports")) {
        let words: Vec<OsString> = words.get(1..).unwrap_or_default().to_vec();
        let (command, from_file) = settings.apply((verb.command)(), &words);
        let program = std::iter::once(OsString::from("smtpcheck"));
        let matches = command
            .clone()
            .try_get_matches_from(program.chain(words))
            .map_err(|error| UsageError::new(error.to_string()))?;
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
                variable: set.then(|| super::args::variable(long)),
            });
        }
    }
    if std::env::var_os("SMTPCHECK_PASSWORD").is_some_and(|value| !value.is_empty()) {
        values.push(ConfigValue {
            name: "password".to_owned(),
            value: vec!["set, not shown".to_owned()],
            origin: ValueOrigin::Environment,
            line: None,
            variable: Some("SMTPCHECK_PASSWORD".to_owned()),
        });
    }
    Ok(values)
}

/// A command may have a secret among its words.
fn masked(flag: &str, value: &str) -> String {
    match value.trim().split_once(char::is_whitespace) {
        Some((program, _)) if flag.ends_with("-command") => format!("{program} (the rest is not shown)"),
        _ => value.to_owned(),
    }
}

fn takes_target(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "targets" | "host")
}

/// The flags that the words and the environment set.
fn given(command: &Command, words: &[OsString]) -> BTreeMap<String, ValueSource> {
    let lenient = command.clone().ignore_errors(true);
    let program = std::iter::once(OsString::from("smtpcheck"));
    let mut said = BTreeMap::new();
    if let Ok(matches) = lenient.try_get_matches_from(program.chain(words.iter().cloned())) {
        for arg in command.get_arguments() {
            let source = matches.value_source(arg.get_id().as_str()).filter(|from| *from != ValueSource::DefaultValue);
            if let (Some(long), Some(source)) = (arg.get_long(), source) {
                said.insert(long.to_owned(), source);
            }
        }
    }
    if std::env::var_os("SMTPCHECK_PASSWORD").is_some_and(|value| !value.is_empty()) {
        said.entry("password-stdin".to_owned()).or_insert(ValueSource::EnvVariable);
    }
    said
}

/// Puts the profile's target in the place of `@NAME`, and keeps where values came from.
pub(super) fn complete(
    invocation: &mut Invocation,
    settings: &Settings,
    origins: BTreeMap<String, ValueOrigin>,
) -> Result<(), UsageError> {
    let without_target = |name: &str| {
        UsageError::new(format!("@{name}: the profile has no target; add one to it: target = \"smtp.example.net:587\""))
    };
    let target = settings.target.as_ref().and_then(|target| target.values.first());
    let meant = |word: &str| match word.strip_prefix('@') {
        Some(name) => target.cloned().ok_or_else(|| without_target(name)),
        None => Ok(word.to_owned()),
    };
    match invocation {
        Invocation::Check(args, _) => {
            args.targets = args.targets.iter().map(|word| meant(word)).collect::<Result<_, _>>()?;
            args.from_file = origins;
        }
        Invocation::Ports(args, _) => {
            let asked = args.host.as_deref().map(&meant).transpose()?;
            // The profile may name a port; all ports are looked at here.
            args.host = match (asked, target) {
                (Some(word), Some(target)) if word == *target => Some(super::target::parse(&word)?.host.to_string()),
                (word, _) => word,
            };
            args.from_file = origins;
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ConfigEnvironment, ConfigRequest, ConfigSource, wanted};

    #[test]
    fn the_words_say_which_file_and_which_profile() {
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
        assert!(of(&["@relay", "h.example"], &around).is_err_and(|why| why.contains("alone")));
        assert!(of(&["@relay", "--profile", "other"], &around).is_err_and(|why| why.contains("two profiles")));
    }

    #[cfg(unix)]
    #[test]
    fn the_usual_place_is_that_of_xdg_and_a_relative_folder_counts_for_nothing() {
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
