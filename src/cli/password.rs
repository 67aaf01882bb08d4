//! Where the password comes from. There is no flag that takes it: everybody on the machine could read it in the list
//! of processes.

use std::path::PathBuf;

use super::UsageError;
use super::args::CheckArgs;
use crate::plan::{Login, LoginProof};

/// The sources, as they are told to the user.
pub const SOURCES: &str = "--password-stdin, --password-file FILE, --password-command CMD, --token-command CMD (a token), --netrc, SMTPCHECK_PASSWORD, smtpcheck-password in $CREDENTIALS_DIRECTORY, or a prompt on a terminal";

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(PathBuf),
    /// What a command prints.
    Command(String),
    /// A token that a command prints.
    TokenCommand(String),
    /// The line of the host in `.netrc`.
    Netrc,
    /// `SMTPCHECK_PASSWORD`.
    Environment,
    /// A file in the directory where the service manager puts credentials (systemd.exec, `LoadCredential=`).
    Directory(PathBuf),
    /// A prompt without echo.
    Prompt,
}

/// What stands around: whether the variable is set and whether somebody can be asked.
#[derive(Clone, Debug)]
pub struct PasswordEnvironment {
    /// `SMTPCHECK_PASSWORD` is set and not empty.
    pub variable: bool,
    /// The file in `$CREDENTIALS_DIRECTORY`, if it is there.
    pub directory: Option<PathBuf>,
    /// A prompt would reach a person.
    pub terminal: bool,
}

/// The one source, if a login is wanted.
pub fn source(
    args: &CheckArgs,
    login: Option<&Login>,
    around: PasswordEnvironment,
) -> Result<Option<PasswordSource>, UsageError> {
    if !args.password.is_empty() {
        return Err(UsageError::new(format!(
            "there is no --password: everybody on this machine could read it in the process list; use {SOURCES}"
        )));
    }
    let given: Vec<(&str, PasswordSource)> = [
        args.password_stdin.then_some(("--password-stdin", PasswordSource::Stdin)),
        args.password_file.clone().map(|file| ("--password-file", PasswordSource::File(file))),
        args.password_command.clone().map(|command| ("--password-command", PasswordSource::Command(command))),
        args.token_command.clone().map(|command| ("--token-command", PasswordSource::TokenCommand(command))),
        args.netrc.then_some(("--netrc", PasswordSource::Netrc)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let [(first, _), (second, _), ..] = given.as_slice() {
        return Err(UsageError::new(format!("{first} and {second} both name a password; give one of them")));
    }
    let wanted = login.is_some_and(|login| login.proof != LoginProof::NoSecret);
    match given.into_iter().next() {
        Some((flag, _)) if args.user.is_none() => {
            Err(UsageError::new(format!("{flag} without a user; add --user USER")))
        }
        _ if !wanted => Ok(None),
        Some((_, source)) => Ok(Some(source)),
        None if around.variable => Ok(Some(PasswordSource::Environment)),
        None if around.directory.is_some() => Ok(around.directory.map(PasswordSource::Directory)),
        None if around.terminal => Ok(Some(PasswordSource::Prompt)),
        None => Err(UsageError::new(format!("--user without a password; give it by {SOURCES}"))),
    }
}
