//! Compiles the data files of the snippets (`src/snippets/data/*.toml`) into a Rust table. A wrong key or word in the data
//! stops the build, with the file.
//!
//! It does not check the templates. The tests of `src/snippets` fill in every template.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

/// The folder of the data files, relative to the package.
pub(super) const FOLDER: &str = "src/snippets/data";

/// One data file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramEntry {
    id: String,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    syntax: SyntaxName,
    file: String,
    password: PasswordSupport,
    /// The usual path of the password file, if the program can read the password only from a file.
    password_file: Option<String>,
    mechanisms: Vec<String>,
    #[serde(default)]
    defaults: DefaultsEntry,
    #[serde(default)]
    tested: Vec<String>,
    #[serde(default)]
    note: Vec<NoteEntry>,
    template: String,
}

/// For each default of the program that is not safe: the part of the template that prevents it, or "none".
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultsEntry {
    unencrypted: Option<String>,
    untrusted: Option<String>,
    other_name: Option<String>,
    no_login: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteEntry {
    #[serde(default)]
    when: Vec<NoteCondition>,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PasswordSupport {
    Any,
    Variable,
    File,
    OwnStore,
}

/// The names are those of `src/snippets/syntax.rs`.
#[derive(Debug, Deserialize)]
enum SyntaxName {
    CSharp,
    Dotenv,
    Exim,
    Go,
    Ini,
    Java,
    JavaScript,
    Json,
    MainCf,
    Msmtp,
    OpenSmtpd,
    Php,
    PlainText,
    Properties,
    Python,
    Ruby,
    Rust,
    Shell,
    Yaml,
}

/// The names are those of `src/snippets/program.rs`, in kebab-case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NoteCondition {
    Implicit,
    #[serde(rename = "starttls")]
    StartTls,
    Encrypted,
    Unencrypted,
    Login,
    CaFile,
    IpAddress,
}

/// Writes the table to a folder. Fails with messages about wrong files.
pub(super) fn compile(package: &Path, output: &Path) -> Result<(), Vec<String>> {
    let (mut programs, mut problems) = (Vec::new(), Vec::new());
    let failed = |error: std::io::Error| vec![format!("{FOLDER}: {error}")];
    for file in std::fs::read_dir(package.join(FOLDER)).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        match toml::from_str::<ProgramEntry>(&text) {
            Ok(entry) => {
                problems.extend(problem(&path, &entry).map(|problem| format!("{}: {problem}", path.display())));
                programs.push(entry);
            }
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    programs.sort_by(|one, other| one.id.cmp(&other.id));
    if !problems.is_empty() {
        return Err(problems);
    }
    let rows: String = programs.iter().map(|program| row(program) + ",\n").collect();
    let table =
        format!("/// All programs, sorted by id.\npub static PROGRAMS: [Program; {}] = [\n{rows}];\n", programs.len());
    let written = std::fs::create_dir_all(output).and_then(|()| std::fs::write(output.join("programs.rs"), table));
    written.map_err(|error| vec![format!("{}: {error}", output.display())])
}

fn problem(path: &Path, entry: &ProgramEntry) -> Option<String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let needs_file = entry.password == PasswordSupport::File;
    let defaults =
        [&entry.defaults.unencrypted, &entry.defaults.untrusted, &entry.defaults.other_name, &entry.defaults.no_login];
    let missing = defaults.into_iter().flatten().find(|option| {
        !matches!(option.as_str(), "none" | "note") && option.split(" and ").any(|word| !entry.template.contains(word))
    });
    match () {
        () if *stem != *entry.id => Some(format!("the id is {}", entry.id)),
        () if needs_file != entry.password_file.is_some() => {
            Some("password_file belongs to password = \"file\"".to_owned())
        }
        () => missing.map(|option| format!("the template does not contain {option}")),
    }
}

fn row(entry: &ProgramEntry) -> String {
    let password = match (entry.password, &entry.password_file) {
        (PasswordSupport::File, Some(path)) => format!("File({path:?})"),
        (other, _) => format!("{other:?}"),
    };
    let mut notes = String::new();
    for note in &entry.note {
        let when: String = note.when.iter().map(|condition| format!("NoteCondition::{condition:?}, ")).collect();
        let _ = write!(notes, "ProgramNote {{ when: &[{when}], text: {:?} }}, ", note.text);
    }
    let safeguard = |option: &Option<String>| match option.as_deref() {
        None => "None".to_owned(),
        Some("none") => "Some(Safeguard::Missing)".to_owned(),
        Some("note") => "Some(Safeguard::Note)".to_owned(),
        Some(option) => format!("Some(Safeguard::Option({option:?}))"),
    };
    format!(
        "Program {{ id: {:?}, name: {:?}, aliases: &{:?}, syntax: Syntax::{:?}, file: {:?}, \
         password: PasswordSupport::{password}, mechanisms: &{:?}, defaults: UnsafeDefaults {{ unencrypted: {}, \
         untrusted: {}, other_name: {}, no_login: {} }}, tested: &{:?}, template: {:?}, notes: &[{notes}] }}",
        entry.id,
        entry.name,
        entry.aliases,
        entry.syntax,
        entry.file,
        entry.mechanisms,
        safeguard(&entry.defaults.unencrypted),
        safeguard(&entry.defaults.untrusted),
        safeguard(&entry.defaults.other_name),
        safeguard(&entry.defaults.no_login),
        entry.tested,
        entry.template,
    )
}
