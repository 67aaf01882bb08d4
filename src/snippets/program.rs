//! The programs whose configuration smtpcheck writes. Each has a file in `src/snippets/data`, which the build script
//! compiles into [`PROGRAMS`]. The names of the fields are the keys of these files.

use super::syntax::Syntax;

include!(concat!(env!("OUT_DIR"), "/snippets/programs.rs"));

/// One program, library or service that sends mail.
#[derive(Debug)]
pub struct Program {
    /// The value of `--for`.
    pub id: &'static str,
    /// The name as it is shown to the user.
    pub name: &'static str,
    /// Other names that `--for` accepts.
    pub aliases: &'static [&'static str],
    /// The language of the configuration.
    pub syntax: Syntax,
    /// The file that contains the configuration.
    pub file: &'static str,
    /// Where the program can read the password from.
    pub password: PasswordSupport,
    /// The SASL mechanisms that the program supports with a password.
    pub mechanisms: &'static [&'static str],
    /// Defaults of the program that are not safe.
    pub defaults: UnsafeDefaults,
    /// The versions with which the tests send a message, using this configuration; empty if the program was not run.
    pub tested: &'static [&'static str],
    /// The configuration with placeholders.
    pub(super) template: &'static str,
    pub(super) notes: &'static [ProgramNote],
}

/// Where a program can read the password from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordSupport {
    /// An environment variable or a file.
    Any,
    /// Only an environment variable.
    Variable,
    /// Only a file; this is its usual path.
    File(&'static str),
    /// Only its own store of passwords.
    OwnStore,
}

/// Defaults with which a program sends a message although the settings are not met. `None`: the default is safe.
#[derive(Debug)]
pub struct UnsafeDefaults {
    /// Sends mail unencrypted if the server does not advertise STARTTLS.
    pub unencrypted: Option<Safeguard>,
    /// Accepts a certificate that is not trusted.
    pub untrusted: Option<Safeguard>,
    /// Accepts a certificate for a different name.
    pub other_name: Option<Safeguard>,
    /// Sends mail without a login if the server does not advertise AUTH.
    pub no_login: Option<Safeguard>,
}

/// What prevents an unsafe default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safeguard {
    /// This part of the configuration.
    Option(&'static str),
    /// The program has no option that prevents it.
    Missing,
    /// A note about the program explains what prevents it.
    Note,
}

/// A note about a program.
#[derive(Debug)]
pub(super) struct ProgramNote {
    /// The settings to which the note applies: all of these conditions must be met.
    pub(super) when: &'static [NoteCondition],
    /// A template, whose values are written without quotes. Lines after the first are commands, which are not wrapped.
    pub(super) text: &'static str,
}

/// A condition for a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoteCondition {
    Implicit,
    StartTls,
    Encrypted,
    Unencrypted,
    Login,
    CaFile,
    IpAddress,
}

/// The program with this id or alias, in any case.
pub fn find(name: &str) -> Option<&'static Program> {
    let name = name.trim().to_ascii_lowercase();
    PROGRAMS.iter().find(|program| program.id == name || program.aliases.contains(&&*name))
}

/// The id of the program whose id or alias is most similar to an unknown name.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = PROGRAMS.iter().flat_map(|program| [program.id].into_iter().chain(program.aliases.iter().copied()));
    crate::source::nearest(name.trim(), names)
}
