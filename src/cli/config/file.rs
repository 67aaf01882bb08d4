//! Parses the text of the configuration file: its tables and keys, each with its position. A key is the name of a flag
//! of `check`, `domain` or `ports`, and takes the values of this flag. Every error contains a position and what to
//! write instead.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use clap::builder::ValueHint;
use clap::{Arg, ArgAction};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Setting, Settings};
use crate::cli::UsageError;
use crate::cli::commands::{COMMANDS, CommandId, CommandSpec, SettingsLevel, SettingsUse};
use crate::cli::flags;
use crate::plan::ValueOrigin;
use crate::source::{FileError, Position, SourceText, in_order, nearest, type_of};

/// The JSON Schema of the configuration file. Editors use it for completion and validation.
pub const SCHEMA: &str = include_str!("../../../schema/config.json");

/// Flags that make sense only on the command line.
const OF_ONE_CALL: &[&str] =
    &["config", "no-config", "profile", "output", "json", "tlsa", "password-stdin", "help", "version"];

/// Settings that are allowed only in a profile: those that determine where a secret is sent, and intrusive probes.
const OF_A_PROFILE: &[&str] = &[
    "user",
    "authzid",
    "password-file",
    "proxy-password-file",
    "password-command",
    "token-command",
    "netrc",
    "cert",
    "key",
    "insecure",
    "allow-plaintext-auth",
    "try-all-mechanisms",
    "probe",
];

/// Keys of a module that are not flags.
pub(super) const OF_A_MODULE: &[&str] = &["type", "profile", "login-host"];

/// The type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyType {
    Switch,
    /// A boolean, or a string.
    SwitchOrText,
    Text,
    File,
    List,
}

impl KeyType {
    fn of(arg: &Arg) -> KeyType {
        match arg.get_action() {
            ArgAction::SetTrue => KeyType::Switch,
            ArgAction::Append => KeyType::List,
            _ if arg.is_require_equals_set() => KeyType::SwitchOrText,
            _ if arg.get_value_hint() == ValueHint::AnyPath => KeyType::File,
            _ => KeyType::Text,
        }
    }

    fn wants(self, key: &str) -> String {
        match self {
            KeyType::Switch => format!("{key} = true, or false"),
            KeyType::SwitchOrText => format!("{key} = true, false or \"...\""),
            KeyType::Text | KeyType::File => format!("{key} = \"...\""),
            KeyType::List => format!("{key} = [\"...\", \"...\"]"),
        }
    }
}

/// The commands whose flags are keys.
pub(super) fn commands() -> impl Iterator<Item = &'static CommandSpec> {
    let has_keys = |spec: &&CommandSpec| matches!(spec.settings, SettingsUse::All | SettingsUse::Domain);
    COMMANDS.iter().filter(has_keys).filter(|spec| spec.id != CommandId::Config)
}

/// All keys, with their flags.
fn keys() -> BTreeMap<String, Arg> {
    let mut keys = BTreeMap::new();
    for spec in commands() {
        for arg in spec.command(&[]).get_arguments().filter(|arg| !arg.is_hide_set()) {
            if let Some(long) = arg.get_long().filter(|long| !OF_ONE_CALL.contains(long)) {
                keys.entry(long.to_owned()).or_insert_with(|| arg.clone());
            }
        }
    }
    keys
}

/// The names of the profiles. The list is empty if the file is not valid TOML.
pub fn profiles(text: &str, file: &Path) -> Vec<String> {
    let Ok(root) = SourceText::new(file, text).parse() else { return Vec::new() };
    let Some(DeValue::Table(table)) = root.get_ref().get("profile").map(Spanned::get_ref) else { return Vec::new() };
    table.iter().map(|(name, _)| name.get_ref().to_string()).collect()
}

/// Parses the text of the file. `~/` in a path stands for `home`.
pub fn read(text: &str, file: &Path, profile: Option<&str>, home: Option<&OsStr>) -> Result<Settings, UsageError> {
    ConfigReader::new(text, file, home).read(profile)
}

pub(super) struct ConfigReader<'a> {
    source: SourceText<'a>,
    home: Option<&'a OsStr>,
    keys: BTreeMap<String, Arg>,
}

/// The tables of the file.
#[derive(Default)]
pub(super) struct ConfigTables {
    pub(super) defaults: Vec<Setting>,
    /// The profiles by their names.
    pub(super) profiles: Vec<(String, Vec<Setting>)>,
    /// The modules of the exporter, in the order of the file.
    pub(super) modules: Vec<ModuleTable>,
}

/// A `[module.NAME]` table with its parsed values, which [`super::modules`] interprets.
pub(super) struct ModuleTable {
    pub(super) name: String,
    /// The position of the name.
    pub(super) at: Position,
    /// The flags, and the keys in [`OF_A_MODULE`].
    pub(super) settings: Vec<Setting>,
}

/// `settings` without those that `by` replaces or excludes, followed by `by`.
pub(super) fn replaced(settings: &[Setting], by: Vec<Setting>) -> Vec<Setting> {
    let is_replaced = |key: &str| {
        let is_given = |other: &str| by.iter().any(|setting| setting.key == other);
        is_given(key) || flags::is_replaced(key, is_given)
    };
    let mut kept: Vec<Setting> = settings.iter().filter(|setting| !is_replaced(&setting.key)).cloned().collect();
    kept.extend(by);
    kept
}

impl<'a> ConfigReader<'a> {
    pub(super) fn new(text: &'a str, file: &'a Path, home: Option<&'a OsStr>) -> ConfigReader<'a> {
        ConfigReader { source: SourceText::new(file, text), home, keys: keys() }
    }

    /// The path of the file.
    pub(super) fn file(&self) -> &Path {
        self.source.file
    }

    fn read(&self, profile: Option<&str>) -> Result<Settings, UsageError> {
        let tables = self.tables()?;
        let chosen = profile.map(|name| self.chosen(name, &tables.profiles)).transpose()?.unwrap_or_default();
        Ok(self.settings(&tables.defaults, chosen, profile))
    }

    /// All tables of the file.
    pub(super) fn tables(&self) -> Result<ConfigTables, UsageError> {
        let root = self.source.parse()?;
        let mut tables = ConfigTables::default();
        for (key, value) in root.get_ref() {
            match (&**key.get_ref(), value.get_ref()) {
                ("defaults", DeValue::Table(table)) => tables.defaults = self.table(table, ValueOrigin::Config)?,
                ("profile", DeValue::Table(table)) => {
                    for (name, profile) in table {
                        let settings = self.table(self.named("profile", name, profile)?, ValueOrigin::Profile)?;
                        tables.profiles.push((name.get_ref().to_string(), settings));
                    }
                }
                ("module", DeValue::Table(table)) => {
                    for (name, module) in in_order(table) {
                        let entries = in_order(self.named("module", name, module)?).into_iter();
                        let settings = entries.map(|(key, value)| self.module_setting(key, value));
                        tables.modules.push(ModuleTable {
                            name: name.get_ref().to_string(),
                            at: self.source.at(name.span().start),
                            settings: settings.collect::<Result<_, _>>()?,
                        });
                    }
                }
                (known @ ("defaults" | "profile" | "module"), other) => {
                    let what = if known == "defaults" { "[defaults]".to_owned() } else { format!("[{known}.NAME]") };
                    let message = format!("{known} must be a table, {what}, but this is {}", type_of(other));
                    return Err(self.wrong(&value.span(), &message).into());
                }
                (word, _) => return Err(self.wrong(&key.span(), &self.stray(word)).into()),
            }
        }
        Ok(tables)
    }

    /// The defaults, overridden by the settings of a profile or a module.
    pub(super) fn settings(&self, defaults: &[Setting], chosen: Vec<Setting>, profile: Option<&str>) -> Settings {
        let (targets, chosen): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|setting| setting.key == "target");
        Settings {
            file: Some(self.source.file.to_owned()),
            profile: profile.map(str::to_owned),
            target: targets.into_iter().next(),
            settings: replaced(defaults, chosen),
            level: SettingsLevel::ConfigurationFile,
            is_of_module: false,
        }
    }

    fn chosen(&self, name: &str, profiles: &[(String, Vec<Setting>)]) -> Result<Vec<Setting>, UsageError> {
        if let Some((_, settings)) = profiles.iter().find(|(known, _)| known == name) {
            return Ok(settings.clone());
        }
        let known: Vec<&str> = profiles.iter().map(|(known, _)| known.as_str()).collect();
        let hint = match (nearest(name, known.iter().copied()), known.as_slice()) {
            (Some(near), _) => format!("did you mean {near}?"),
            (None, []) => format!("the file has no profiles; add [profile.{name}]"),
            (None, known) => format!("the profiles in this file: {}", known.join(", ")),
        };
        Err(UsageError::new(format!("{}: unknown profile {}", self.source.file.display(), name.escape_debug()))
            .with_hint(hint))
    }

    /// The table of a profile or a module, after checking its name.
    fn named<'t, 'i>(
        &self,
        kind: &str,
        name: &Spanned<toml::de::DeString<'_>>,
        value: &'t Spanned<DeValue<'i>>,
    ) -> Result<&'t DeTable<'i>, FileError> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.get_ref().is_empty() || !name.get_ref().chars().all(fine) {
            let message = format!("the name of a {kind} can contain only letters, digits, ., - and _");
            return Err(self.wrong(&name.span(), &message));
        }
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                let message = format!("a {kind} is a table; write [{kind}.NAME] above {}", name.get_ref());
                Err(self.wrong(&name.span(), &message))
            }
        }
    }

    fn table(&self, table: &DeTable<'_>, origin: ValueOrigin) -> Result<Vec<Setting>, FileError> {
        table.iter().map(|(key, value)| self.setting(key, value, origin)).collect()
    }

    fn module_setting(
        &self,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Setting, FileError> {
        let word = &**key.get_ref();
        if !OF_A_MODULE.contains(&word) {
            return self.setting(key, value, ValueOrigin::Profile);
        }
        let kind = if word == "login-host" { KeyType::List } else { KeyType::Text };
        let (values, at) = (self.values(value, word, kind)?, self.source.at(key.span().start));
        Ok(Setting { key: word.to_owned(), values, origin: ValueOrigin::Profile, at })
    }

    fn setting(
        &self,
        key: &Spanned<toml::de::DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        origin: ValueOrigin,
    ) -> Result<Setting, FileError> {
        let word = &**key.get_ref();
        let values = match (word, self.keys.get(word)) {
            ("target", _) if origin == ValueOrigin::Profile => vec![self.text_of(value, word, KeyType::Text)?],
            (_, Some(_)) if origin == ValueOrigin::Config && OF_A_PROFILE.contains(&word) => {
                return Err(self.wrong(&key.span(), &format!(
                    "{word} is allowed only in a [profile.NAME] table, because a default would apply to every server that is checked"
                )));
            }
            (_, Some(arg)) => self.values(value, word, KeyType::of(arg))?,
            (_, None) => return Err(self.wrong(&key.span(), &self.unknown(word, origin))),
        };
        let at = self.source.at(key.span().start);
        Ok(Setting { key: word.to_owned(), values, origin, at })
    }

    fn values(&self, value: &Spanned<DeValue<'_>>, key: &str, kind: KeyType) -> Result<Vec<String>, FileError> {
        match (kind, value.get_ref()) {
            (KeyType::Switch | KeyType::SwitchOrText, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
            (KeyType::List, DeValue::Array(array)) => array.iter().map(|one| self.text_of(one, key, kind)).collect(),
            (KeyType::Switch, _) => Err(self.mistyped(key, kind, value)),
            (KeyType::SwitchOrText | KeyType::Text | KeyType::File | KeyType::List, _) => {
                Ok(vec![self.text_of(value, key, kind)?])
            }
        }
    }

    fn text_of(&self, value: &Spanned<DeValue<'_>>, key: &str, kind: KeyType) -> Result<String, FileError> {
        match value.get_ref() {
            DeValue::String(text) if kind == KeyType::File => Ok(self.path(text)),
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if kind != KeyType::File => Ok(number.to_string()),
            _ => Err(self.mistyped(key, kind, value)),
        }
    }

    /// Resolves a path relative to the directory of the configuration file, so that the working directory does not
    /// matter.
    fn path(&self, text: &str) -> String {
        let folder = self.source.file.parent().unwrap_or(Path::new(""));
        let path = match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => folder.join(text),
        };
        path.to_string_lossy().into_owned()
    }

    /// The message for an unknown key in a table.
    fn unknown(&self, word: &str, origin: ValueOrigin) -> String {
        match word {
            "password" | "token" | "secret" | "pass" => format!(
                "a {word} is not allowed in this file; instead, name its source with password-command = \"...\" or password-file = \"...\", or with token-command = \"...\" for a token"
            ),
            "json" => "json is not a setting; write format = \"json\"".to_owned(),
            "target" => "target is allowed only in a [profile.NAME] table".to_owned(),
            _ if OF_ONE_CALL.contains(&word) => format!("--{word} is allowed only on the command line"),
            _ => {
                let near = nearest(word, self.keys.keys().map(String::as_str));
                let target =
                    (origin == ValueOrigin::Profile && nearest(word, ["target"]).is_some()).then_some("target");
                match target.or(near) {
                    Some(near) => format!("unknown setting {}; did you mean {near}?", word.escape_debug()),
                    None => format!(
                        "unknown setting {}; settings have the names of flags, see smtpcheck --help",
                        word.escape_debug()
                    ),
                }
            }
        }
    }

    /// The message for a key that is not in a table.
    fn stray(&self, word: &str) -> String {
        if self.keys.contains_key(word) && !OF_A_PROFILE.contains(&word) {
            return format!("{word} is allowed only under [defaults] or [profile.NAME]; write that line above it");
        }
        if self.keys.contains_key(word) || word == "target" {
            return format!("{word} is allowed only under [profile.NAME]; write that line above it");
        }
        match nearest(word, ["defaults", "profile", "module"]) {
            Some(near @ ("profile" | "module")) => {
                format!("unknown table {}; did you mean [{near}.NAME]?", word.escape_debug())
            }
            Some(near) => format!("unknown table {}; did you mean [{near}]?", word.escape_debug()),
            None => self.unknown(word, ValueOrigin::Config),
        }
    }

    fn wrong(&self, span: &Range<usize>, message: &str) -> FileError {
        self.source.error(span.start, message)
    }

    fn mistyped(&self, key: &str, kind: KeyType, value: &Spanned<DeValue<'_>>) -> FileError {
        let given = type_of(value.get_ref());
        self.wrong(&value.span(), &format!("{key} is {given}; write {}", kind.wants(key)))
    }
}

#[cfg(test)]
fn schema_of(arg: &Arg) -> serde_json::Value {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    match KeyType::of(arg) {
        KeyType::Switch => serde_json::json!({ "type": "boolean", "description": help }),
        KeyType::SwitchOrText => serde_json::json!({ "type": ["boolean", "string"], "description": help }),
        KeyType::File => serde_json::json!({ "type": "string", "description": help }),
        KeyType::Text => serde_json::json!({ "type": ["string", "integer"], "description": help }),
        KeyType::List => {
            let one = serde_json::json!({ "type": ["string", "integer"] });
            serde_json::json!({ "anyOf": [one, { "type": "array", "items": one }], "description": help })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, keys, read};
    use crate::plan::ValueOrigin;
    use std::ffi::OsStr;
    use std::path::Path;

    const FILE: &str = "[defaults]\ntimeout = \"20s\"\nipv4 = true\nignore = [\"greeting-slow\"]\n\n[profile.relay]\ntarget = \"smtp.example.net:2525\"\nuser = \"app\"\npassword-command = \"pass smtp/app\"\ncacert = \"ca.pem\"\nkey = \"~/key.pem\"\nipv6 = true\nport = 2526\n";

    fn of(text: &str, profile: Option<&str>) -> Result<Settings, String> {
        read(text, Path::new("/etc/c.toml"), profile, Some(OsStr::new("/home/u"))).map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_takes_precedence_over_the_defaults() {
        let plain = of(FILE, None).expect("fine");
        assert_eq!(
            plain.find("timeout").map(|one| (one.values.as_slice(), one.origin, one.at.line)),
            Some((&["20s".to_owned()][..], ValueOrigin::Config, 2))
        );
        assert!(plain.find("ipv4").is_some() && plain.find("user").is_none() && plain.target.is_none());
        let relay = of(FILE, Some("relay")).expect("fine");
        assert!(relay.find("ipv4").is_none(), "ipv6 in the profile excludes it");
        assert_eq!(relay.find("user").map(|one| one.origin), Some(ValueOrigin::Profile));
        assert_eq!(relay.find("port").map(|one| one.values.clone()), Some(vec!["2526".to_owned()]));
        assert_eq!(relay.target.map(|one| one.values), Some(vec!["smtp.example.net:2525".to_owned()]));
    }

    #[cfg(unix)]
    #[test]
    fn paths_are_relative_to_the_directory_of_the_file() {
        let relay = of(FILE, Some("relay")).expect("fine");
        let value = |key: &str| relay.find(key).and_then(|one| one.values.first().cloned());
        assert_eq!(value("cacert").as_deref(), Some("/etc/ca.pem"));
        assert_eq!(value("key").as_deref(), Some("/home/u/key.pem"));
    }

    #[test]
    fn errors_have_line_and_column_and_say_what_to_write() {
        for (text, place, needle) in [
            ("[defaults]\ntmieout = \"1s\"", "2:1", "did you mean timeout?"),
            ("[defaults]\n  connect_timeout = \"1s\"", "2:3", "did you mean connect-timeout?"),
            ("[defaults]\ntimeout = true", "2:11", "timeout is a boolean; write timeout = \"...\""),
            ("[defaults]\nascii = \"yes\"", "2:9", "ascii = true, or false"),
            ("[defaults]\nignore = [1.5]", "2:11", "a number with a decimal point"),
            ("[defaults]\nuser = \"u\"", "2:1", "only in a [profile.NAME]"),
            ("[defaults]\ninsecure = true", "2:1", "only in a [profile.NAME]"),
            ("[profile.a]\npassword = \"hunter2\"", "2:1", "password-command"),
            ("[profile.a]\npasword-file = \"x\"", "2:1", "did you mean password-file?"),
            ("[profile.a]\ntaget = \"x\"", "2:1", "did you mean target?"),
            ("[profile.a]\njson = true", "2:1", "format = \"json\""),
            ("timeout = \"1s\"", "1:1", "under [defaults]"),
            ("[profiles.a]\n", "1:2", "did you mean [profile.NAME]?"),
            ("[profile.\"a b\"]\n", "1:10", "letters, digits"),
            ("[profile]\na = 1\n", "2:1", "a profile is a table"),
            ("profile = 3\n", "1:11", "[profile.NAME]"),
            ("[defaults]\n\u{fc} = \n", "2:1", ""),
            ("[defaults]\ntimeout = \"1s\"\ntimeout = \"2s\"", "3:1", "duplicate"),
        ] {
            let message = of(text, None).expect_err(text);
            assert!(message.starts_with(&format!("/etc/c.toml:{place}: ")), "{text:?} -> {message}");
            assert!(message.contains(needle) && !message.contains("hunter2"), "{text:?} -> {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_profile_suggests_the_nearest_one() {
        assert!(of(FILE, Some("rely")).expect_err("unknown").contains("did you mean relay?"));
        assert!(of(FILE, Some("xyzzy")).expect_err("unknown").contains("the profiles in this file: relay"));
        assert!(of("", Some("relay")).expect_err("unknown").contains("[profile.relay]"));
    }

    #[test]
    fn the_published_schema_of_the_file_is_generated_from_the_flags() {
        let table = |keys: Vec<(&String, serde_json::Value)>, more: Option<(&str, serde_json::Value)>| {
            let mut properties: serde_json::Map<String, serde_json::Value> =
                keys.into_iter().map(|(key, value)| (key.clone(), value)).collect();
            properties.extend(more.map(|(key, value)| (key.to_owned(), value)));
            serde_json::json!({ "type": "object", "additionalProperties": false, "properties": properties })
        };
        let keys = keys();
        let all = || keys.iter().map(|(key, arg)| (key, super::schema_of(arg)));
        let target =
            serde_json::json!({ "type": "string", "description": "The server that @NAME and --profile NAME check" });
        let schema = serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "The configuration file of smtpcheck",
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "defaults": table(all().filter(|(key, _)| !super::OF_A_PROFILE.contains(&key.as_str())).collect(), None),
                "profile": {
                    "type": "object",
                    "propertyNames": { "pattern": "^[A-Za-z0-9._-]+$" },
                    "additionalProperties": table(all().collect(), Some(("target", target))),
                },
                "module": {
                    "type": "object",
                    "propertyNames": { "pattern": "^[A-Za-z0-9._-]+$" },
                    "additionalProperties": super::super::modules::schema(all().collect()),
                },
            },
        });
        let json = serde_json::to_string_pretty(&schema).expect("a schema is serialisable") + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write("schema/config.json", &json).expect("the schema can be written");
        }
        assert!(json == super::SCHEMA, "schema/config.json is stale: run UPDATE_SCHEMA=1 cargo test --lib schema");
        let parsed: serde_json::Value = serde_json::from_str(super::SCHEMA).expect("JSON");
        let validator = jsonschema::validator_for(&parsed).expect("a schema");
        let good: serde_json::Value = toml::from_str(FILE).expect("TOML");
        assert!(validator.is_valid(&good));
        for bad in ["[defaults]\nuser = \"u\"", "[profile.a]\npassword = \"x\"", "timeout = \"1s\""] {
            assert!(!validator.is_valid(&toml::from_str(bad).expect("TOML")), "{bad}");
        }
    }
}
