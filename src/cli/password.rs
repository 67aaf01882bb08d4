//! Where the password comes from. There is no flag that takes it: everybody on the machine could read it in the list
//! of processes.

use std::path::PathBuf;

use super::UsageError;
use super::args::CheckArgs;

/// The sources, as they are told to the user.
pub const SOURCES: &str =
    "--password-stdin, --password-file FILE, --password-command CMD, SMTPCHECK_PASSWORD, or a prompt on a terminal";

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(PathBuf),
    /// What a command prints.
    Command(String),
    /// `SMTPCHECK_PASSWORD`.
    Environment,
    /// A prompt without echo.
    Prompt,
}

/// What stands around: whether the variable is set and whether somebody can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// `SMTPCHECK_PASSWORD` is set and not empty.
    pub variable: bool,
    /// A prompt would reach a person.
    pub terminal: bool,
}

/// The one source, if a login is wanted.
pub fn source(args: &CheckArgs, around: Surroundings) -> Result<Option<PasswordSource>, UsageError> {
    if !args.password.is_empty() {
        return Err(UsageError::new(format!(
            "there is no --password: everybody on this machine could read it in the process list; use {SOURCES}"
        )));
    }
    let given: Vec<(&str, PasswordSource)> = [
        args.password_stdin.then_some(("--password-stdin", PasswordSource::Stdin)),
        args.password_file.clone().map(|file| ("--password-file", PasswordSource::File(file))),
        args.password_command.clone().map(|command| ("--password-command", PasswordSource::Command(command))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let [(first, _), (second, _), ..] = given.as_slice() {
        return Err(UsageError::new(format!("{first} and {second} both name a password; give one of them")));
    }
    let wanted = args.user.is_some() && !args.no_auth;
    match given.into_iter().next() {
        Some((flag, _)) if args.user.is_none() => {
            Err(UsageError::new(format!("{flag} without a user; add --user USER")))
        }
        _ if !wanted => Ok(None),
        Some((_, source)) => Ok(Some(source)),
        None if around.variable => Ok(Some(PasswordSource::Environment)),
        None if around.terminal => Ok(Some(PasswordSource::Prompt)),
        None => Err(UsageError::new(format!("--user without a password; give it by {SOURCES}"))),
    }
}
