//! Password flags: the source of the password. No flag takes the password itself, because any user of this machine
//! could read it in the process list.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::UsageError;
use crate::plan::{Login, LoginProof};

const HEADING: &str = "Password (also SMTPCHECK_PASSWORD, else a prompt in the terminal)";

/// The environment variable that can contain the password.
pub const VARIABLE: &str = "SMTPCHECK_PASSWORD";

/// The sources of the password; at most one can be given.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PasswordArgs {
    /// Read the password from standard input
    #[arg(long, help_heading = HEADING)]
    pub password_stdin: bool,
    /// Read the password from this file
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub password_file: Option<PathBuf>,
    /// Read the password from this command's output
    #[arg(long, value_name = "CMD", help_heading = HEADING)]
    pub password_command: Option<String>,
    /// Read the user name and password for the host from ~/.netrc, or from the file that $NETRC names
    #[arg(short, long, help_heading = HEADING)]
    pub netrc: bool,
    /// Read an OAuth 2.0 access token from this command's output, and log in with it
    #[arg(long, value_name = "CMD", help_heading = HEADING)]
    pub token_command: Option<String>,
    /// Not supported. Declared only so that the error can list the supported sources.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, action = ArgAction::Append, default_missing_value = "")]
    pub password: Vec<String>,
}

/// The flags of this group. A user may write the password itself as the value of one of them by mistake, so error messages do
/// not repeat their values.
pub const FLAGS: &[&str] =
    &["--password", "--password-stdin", "--password-file", "--password-command", "--token-command", "--netrc"];

/// The list of sources for error messages.
pub const SOURCES: &str = "--password-stdin, --password-file FILE, --password-command CMD, --token-command CMD (a token), --netrc, SMTPCHECK_PASSWORD, smtpcheck-password in $CREDENTIALS_DIRECTORY, or a prompt in the terminal";

/// A source of a password or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(PathBuf),
    /// The output of this shell command.
    Command(String),
    /// An OAuth 2.0 access token, from the output of this shell command.
    TokenCommand(String),
    /// The entry for the host in `.netrc`.
    Netrc,
    /// `SMTPCHECK_PASSWORD`.
    Environment,
    /// A file in the directory where the service manager puts credentials (systemd.exec, `LoadCredential=`).
    Directory(PathBuf),
    /// A prompt without echo.
    Prompt,
}

/// The sources that are available without a flag.
#[derive(Clone, Debug)]
pub struct PasswordEnvironment {
    /// Whether the variable is set and not empty.
    pub variable: bool,
    /// The file with the password in `$CREDENTIALS_DIRECTORY`, if it exists.
    pub directory: Option<PathBuf>,
    /// Whether standard input and standard error are terminals, so that a prompt is possible.
    pub terminal: bool,
}

impl PasswordArgs {
    /// Rejects a password among the arguments. The message does not contain it.
    pub fn reject_argument(&self) -> Result<(), UsageError> {
        if self.password.is_empty() {
            return Ok(());
        }
        let reason = "not supported: any user of this machine could read the password in the process list";
        Err(UsageError::flag("--password", reason).with_hint(format!("use {SOURCES}")))
    }

    /// The source to read, or `None` if `login` needs no password. A flag takes precedence over the environment, and the
    /// environment over a prompt.
    pub fn source(
        &self,
        user: Option<&str>,
        login: Option<&Login>,
        environment: PasswordEnvironment,
    ) -> Result<Option<PasswordSource>, UsageError> {
        self.reject_argument()?;
        let given = [
            self.password_stdin.then_some(("--password-stdin", PasswordSource::Stdin)),
            self.password_file.clone().map(|file| ("--password-file", PasswordSource::File(file))),
            self.password_command.clone().map(|command| ("--password-command", PasswordSource::Command(command))),
            self.token_command.clone().map(|command| ("--token-command", PasswordSource::TokenCommand(command))),
            self.netrc.then_some(("--netrc", PasswordSource::Netrc)),
        ];
        let given = only_one(given)?;
        let wanted = login.is_some_and(|login| login.proof != LoginProof::NoSecret);
        match given {
            Some((flag, _)) if user.is_none() => {
                Err(UsageError::flag(flag.to_owned(), "no user name given").with_hint("add --user USER"))
            }
            _ if !wanted => Ok(None),
            Some((_, source)) => Ok(Some(source)),
            None => match environment.source() {
                Some(source) => Ok(Some(source)),
                None => Err(UsageError::flag("--user", "no password given")
                    .with_hint(format!("provide the password with {SOURCES}"))),
            },
        }
    }
}

/// The source that a flag names. Two flags contradict each other.
pub(super) fn only_one<const N: usize>(
    given: [Option<(&'static str, PasswordSource)>; N],
) -> Result<Option<(&'static str, PasswordSource)>, UsageError> {
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some((first, _)), Some((second, _))) => {
            let reason = format!("cannot be used with {second}");
            Err(UsageError::flag(first, reason).with_hint("use only one of them"))
        }
        (source, _) => Ok(source),
    }
}

impl PasswordEnvironment {
    /// The first of the available sources.
    pub(super) fn source(self) -> Option<PasswordSource> {
        if self.variable {
            return Some(PasswordSource::Environment);
        }
        let directory = self.directory.map(PasswordSource::Directory);
        directory.or_else(|| self.terminal.then_some(PasswordSource::Prompt))
    }
}

/// A warning if `SMTPCHECK_PASSWORD` is set but not used, because no user name is given.
pub fn unused_variable(user: Option<&str>, login: Option<&Login>, environment: &PasswordEnvironment) -> Option<String> {
    let is_unused = environment.variable && user.is_none() && login.is_none();
    is_unused
        .then(|| format!("{VARIABLE} is set, but no user name is given, so the login is not tested; add --user USER"))
}
