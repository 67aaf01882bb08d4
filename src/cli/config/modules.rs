//! The modules of the exporter, which a request selects with `module=NAME`:
//!
//! ```toml
//! [module.submission]
//! profile = "relay"
//! expect = ["tls.version >= 1.2", "auth.ok"]
//!
//! [module.mail-domain]
//! type = "domain"
//! expect = ["domain.dane == \"valid\""]
//! ```
//!
//! Every profile is also a module. If a request names no module, `[defaults]` apply. A module has the flags of its type
//! of check as keys, and three additional keys. `type` is the type of check. `profile` names a profile whose settings
//! the module uses; the module can replace some of them. `login-host` lists the hosts that the module may send its
//! password to.
//!
//! A key without an effect is an error, because a module exists only for its settings.

use std::ffi::OsStr;
use std::path::Path;

use clap::{Args, Command};

use super::file::{ConfigReader, ConfigTables, ModuleTable, OF_A_MODULE, replaced};
use super::{Setting, Settings};
use crate::cli::UsageError;
use crate::cli::commands::{CommandSpec, check, domain};
use crate::cli::flags::display::DisplayArgs;
use crate::source::{FileError, Position, nearest};
use crate::wire::Host;

/// The module that is used if a request does not name one. A configuration file can define this module.
const DEFAULT: &str = "default";

/// Flags of a check that have no effect in a module: the exporter has one format, and the client repeats the request.
const WITHOUT_EFFECT: &[&str] = &[
    "critical",
    "format",
    "jobs",
    "netrc",
    "quiet",
    "report",
    "retry",
    "show-chain",
    "transcript",
    "verbose",
    "wait",
    "warning",
    "write-out",
];

/// What a module checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModuleType {
    /// A server, as `smtpcheck check` does.
    #[default]
    Server,
    /// A mail domain, as `smtpcheck domain` does.
    Domain,
}

impl ModuleType {
    /// The value of the key `type`.
    pub fn word(self) -> &'static str {
        match self {
            ModuleType::Server => "server",
            ModuleType::Domain => "domain",
        }
    }

    fn spec(self) -> &'static CommandSpec {
        match self {
            ModuleType::Server => &check::SPEC,
            ModuleType::Domain => &domain::SPEC,
        }
    }
}

/// A module, with the defaults and the settings of its profile.
#[derive(Clone, Debug)]
pub struct ModuleSettings {
    /// The name.
    pub name: String,
    /// What it checks.
    pub kind: ModuleType,
    /// The hosts that it may send its password to, in addition to its profile's target.
    pub login_hosts: Vec<Host>,
    /// The settings.
    pub settings: Settings,
}

/// The modules of a configuration file; without a file, only the default module. `~/` in a path stands for `home`.
pub fn modules(file: Option<(&Path, &str)>, home: Option<&OsStr>) -> Result<Vec<ModuleSettings>, UsageError> {
    let Some((path, text)) = file else { return Ok(vec![ModuleSettings::default()]) };
    let reader = ConfigReader::new(text, path, home);
    let ConfigTables { defaults, profiles, modules } = reader.tables()?;
    let mut all: Vec<ModuleSettings> = Vec::new();
    for (name, settings) in &profiles {
        let settings = reader.settings(&defaults, settings.clone(), Some(name));
        all.push(ModuleSettings { name: name.clone(), settings, ..ModuleSettings::default() });
    }
    for table in modules {
        all.push(module(table, &reader, &defaults, &profiles)?);
    }
    if !all.iter().any(|module| module.name == DEFAULT) {
        let settings = reader.settings(&defaults, Vec::new(), None);
        all.push(ModuleSettings { settings, ..ModuleSettings::default() });
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// The module of a table.
fn module(
    table: ModuleTable,
    reader: &ConfigReader<'_>,
    defaults: &[Setting],
    profiles: &[(String, Vec<Setting>)],
) -> Result<ModuleSettings, FileError> {
    let ModuleTable { name, at, settings } = table;
    let wrong = |at: Position, message: String| Err(FileError::new(reader.file(), at, message));
    if profiles.iter().any(|(known, _)| *known == name) {
        return wrong(
            at,
            format!("a profile has the same name, and every profile is also a module; rename [module.{name}]"),
        );
    }
    let (own, settings): (Vec<Setting>, Vec<Setting>) =
        settings.into_iter().partition(|setting| OF_A_MODULE.contains(&setting.key.as_str()));
    let find = |key: &str| {
        let setting = own.iter().find(|setting| setting.key == key)?;
        Some((setting.values.first().cloned().unwrap_or_default(), setting.at))
    };
    let kind = match find("type") {
        None => ModuleType::Server,
        Some((word, at)) => match word.as_str() {
            "server" => ModuleType::Server,
            "domain" => ModuleType::Domain,
            _ => return wrong(at, "unknown type; write type = \"server\", or \"domain\"".to_owned()),
        },
    };
    let of_profile: &[Setting] = match (find("profile"), kind) {
        (None, _) => &[],
        (Some((_, at)), ModuleType::Domain) => {
            return wrong(
                at,
                "a module of type domain cannot have a profile, because a profile describes a server".to_owned(),
            );
        }
        (Some((wanted, at)), ModuleType::Server) => match profiles.iter().find(|(known, _)| *known == wanted) {
            Some((_, settings)) => settings,
            None => {
                let near = nearest(&wanted, profiles.iter().map(|(known, _)| known.as_str()));
                let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                return wrong(at, format!("unknown profile {}{hint}", wanted.escape_debug()));
            }
        },
    };
    let declared = ModuleFlags::of(kind);
    for Setting { key, at, .. } in &settings {
        if key == "target" {
            let message = "the request names the target of a module; for a fixed target, use a [profile.NAME] table";
            return wrong(*at, message.to_owned());
        }
        if !declared.has(key) {
            return wrong(*at, format!("{key} has no effect in a module of type {}; remove it", kind.word()));
        }
    }
    let mut login_hosts = Vec::new();
    for Setting { values, at, .. } in own.iter().filter(|setting| setting.key == "login-host") {
        for text in values {
            match Host::parse(text) {
                Ok(host) => login_hosts.push(host),
                Err(error) => {
                    return wrong(*at, format!("{}: {error}; write a host without a port", text.escape_debug()));
                }
            }
        }
    }
    let settings = reader.settings(defaults, replaced(of_profile, settings), Some(&name));
    Ok(ModuleSettings { name, kind, login_hosts, settings: Settings { is_of_module: true, ..settings } })
}

/// The flags that have an effect in a module.
struct ModuleFlags {
    command: Command,
    display: Command,
}

impl ModuleFlags {
    fn of(kind: ModuleType) -> ModuleFlags {
        ModuleFlags {
            command: (kind.spec().declare)(Command::new("smtpcheck")),
            display: DisplayArgs::augment_args(Command::new("smtpcheck")),
        }
    }

    fn has(&self, key: &str) -> bool {
        let is_in = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(key));
        is_in(&self.command) && !is_in(&self.display) && !WITHOUT_EFFECT.contains(&key)
    }
}

impl Default for ModuleSettings {
    fn default() -> ModuleSettings {
        ModuleSettings {
            name: DEFAULT.to_owned(),
            kind: ModuleType::default(),
            login_hosts: Vec::new(),
            settings: Settings::none(),
        }
    }
}

/// The JSON Schema of a module, from the schemas of its flags.
#[cfg(test)]
pub(super) fn schema(flags: Vec<(&String, serde_json::Value)>) -> serde_json::Value {
    let kinds = [ModuleType::Server, ModuleType::Domain].map(ModuleFlags::of);
    let mut properties: serde_json::Map<String, serde_json::Value> = flags
        .into_iter()
        .filter(|(key, _)| kinds.iter().any(|flags| flags.has(key)))
        .map(|(key, value)| (key.clone(), value))
        .collect();
    let text = |about: &str| serde_json::json!({ "type": "string", "description": about });
    let hosts = serde_json::json!({
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        "description": "Hosts to which the module sends its password, in addition to its profile's target",
    });
    let kind = serde_json::json!({ "enum": ["server", "domain"], "description": "What the module checks" });
    properties.insert("type".to_owned(), kind);
    properties.insert("profile".to_owned(), text("Use the settings of this profile"));
    properties.insert("login-host".to_owned(), hosts);
    serde_json::json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::{ModuleSettings, ModuleType, modules};
    use std::path::Path;

    fn of(text: &str) -> Result<Vec<ModuleSettings>, String> {
        modules(Some((Path::new("/etc/c.toml"), text)), None).map_err(|error| error.to_string())
    }

    fn one<'a>(all: &'a [ModuleSettings], name: &str) -> &'a ModuleSettings {
        all.iter().find(|module| module.name == name).expect("the module exists")
    }

    #[test]
    fn profiles_are_modules_and_a_module_can_extend_a_profile() {
        let all = of("[defaults]\ntimeout = \"5s\"\nfrom = \"a@example.net\"\n[profile.relay]\ntarget = \"smtp.example.net\"\nuser = \"u\"\ntimeout = \"9s\"\n[module.strict]\nprofile = \"relay\"\nexpect = [\"auth.ok\"]\ntimeout = \"7s\"\nlogin-host = \"mx.example.net\"\n[module.of-domain]\ntype = \"domain\"\nexpect = \"domain.dane == valid\"\n")
            .expect("fine");
        let names: Vec<&str> = all.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["default", "of-domain", "relay", "strict"]);
        let value = |name: &str, key: &str| {
            one(&all, name).settings.find(key).and_then(|setting| setting.values.first().cloned())
        };
        assert_eq!(value("default", "timeout").as_deref(), Some("5s"));
        assert_eq!(value("relay", "timeout").as_deref(), Some("9s"));
        assert_eq!(value("strict", "timeout").as_deref(), Some("7s"));
        assert_eq!(value("strict", "user").as_deref(), Some("u"));
        assert_eq!(value("strict", "from").as_deref(), Some("a@example.net"));
        assert!(one(&all, "strict").settings.target.is_some());
        assert_eq!(one(&all, "strict").login_hosts.len(), 1);
        assert_eq!(one(&all, "of-domain").kind, ModuleType::Domain);
    }

    #[test]
    fn without_a_file_there_is_the_default_module() {
        let all = modules(None, None).expect("fine");
        assert_eq!(all.iter().map(|module| module.name.as_str()).collect::<Vec<_>>(), ["default"]);
    }

    #[test]
    fn errors_have_a_position_and_say_what_to_write() {
        for (text, place, needle) in [
            ("[module.a]\ntype = \"mx\"", "2:1", "write type = \"server\", or \"domain\""),
            ("[module.a]\ntype = \"domain\"\nto = [\"a@example.net\"]", "3:1", "no effect in a module of type domain"),
            ("[module.a]\nformat = \"json\"", "2:1", "no effect in a module"),
            ("[module.a]\nretry = 3", "2:1", "no effect in a module"),
            ("[module.a]\nascii = true", "2:1", "no effect in a module"),
            ("[module.a]\ntarget = \"x.example\"", "2:1", "the request names the target"),
            ("[module.a]\nprofile = \"rely\"\n[profile.relay]\ntarget = \"x.example\"", "2:1", "did you mean relay?"),
            ("[module.a]\ntype = \"domain\"\nprofile = \"x\"", "3:1", "a profile describes a server"),
            ("[module.relay]\n[profile.relay]\ntarget = \"x.example\"", "1:9", "rename [module.relay]"),
            ("[module.a]\nexpct = \"auth.ok\"", "2:1", "did you mean expect?"),
            ("[module.a]\npassword = \"hunter2\"", "2:1", "password-command"),
            ("[module.a]\nlogin-host = [\"mx.example:25\"]", "2:1", "a host without a port"),
            ("[modul.a]\n", "1:2", "did you mean [module.NAME]?"),
            ("[module.\"a b\"]\n", "1:9", "letters, digits"),
            ("module = 3\n", "1:10", "[module.NAME]"),
        ] {
            let message = of(text).expect_err(text);
            assert!(message.starts_with(&format!("/etc/c.toml:{place}: ")), "{text:?} -> {message}");
            assert!(message.contains(needle) && !message.contains("hunter2"), "{text:?} -> {message}");
        }
    }
}
