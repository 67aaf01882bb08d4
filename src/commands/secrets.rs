//! Reads passwords: finds the sources that need no flag, reads each source once, and warns about files with secrets
//! that other users can read.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::CommandError;
use crate::cli::flags::password::{PasswordEnvironment, PasswordSource, VARIABLE};
use crate::host::{environment, file, netrc, password};
use crate::plan::{Login, LoginProof, Plan};
use crate::render::escape;
use crate::secret::Secret;

/// The sources of a password that are available without a flag.
pub(super) fn sources(login: Option<&Login>) -> PasswordEnvironment {
    let name = match login.map(|login| login.proof) {
        Some(LoginProof::Token) => "smtpcheck-token",
        _ => "smtpcheck-password",
    };
    let directory = environment::value("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(name));
    PasswordEnvironment {
        variable: environment::is_set(VARIABLE),
        directory: directory.filter(|file| file.exists()),
        terminal: io::stdin().is_terminal() && io::stderr().is_terminal(),
    }
}

/// Reads secrets, and measures how long a command took to print one. This time counts towards the overall time limit of
/// the checks. The time in which a user types a password does not count.
pub(super) fn measured<T, E>(
    source: Option<&PasswordSource>,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<(T, Duration), E> {
    let began = Instant::now();
    let secrets = read()?;
    let is_command = matches!(source, Some(PasswordSource::Command(_) | PasswordSource::TokenCommand(_)));
    Ok((secrets, if is_command { began.elapsed() } else { Duration::ZERO }))
}

/// Reads the secrets of all plans. A source is read once and shared by all plans, except `.netrc`, which has a separate
/// entry for each host.
pub(super) fn fetch_all(source: Option<&PasswordSource>, plans: &[Plan]) -> Result<Vec<Option<Secret>>, CommandError> {
    let shared = match (source, plans.first()) {
        (Some(source), Some(plan)) if *source != PasswordSource::Netrc => Some(fetch(source, plan)?),
        _ => None,
    };
    plans
        .iter()
        .map(|plan| match source {
            Some(source @ PasswordSource::Netrc) => fetch(source, plan).map(Some),
            _ => Ok(shared.as_ref().map(Secret::duplicate)),
        })
        .collect()
}

/// Reads the secret for one plan.
pub(super) fn fetch(source: &PasswordSource, plan: &Plan) -> Result<Secret, CommandError> {
    let limit = Duration::from_millis(plan.limits.total_ms);
    let user = plan.login.as_ref().map(|login| login.user.as_str()).unwrap_or_default();
    match source {
        PasswordSource::File(path) => warn_of_readers("--password-file", path),
        PasswordSource::Netrc => warn_of_readers("--netrc", &netrc::path()),
        // The platform sets the mode of files in $CREDENTIALS_DIRECTORY. The other sources are not files.
        PasswordSource::Directory(_)
        | PasswordSource::TokenCommand(_)
        | PasswordSource::Stdin
        | PasswordSource::Command(_)
        | PasswordSource::Environment
        | PasswordSource::Prompt => {}
    }
    Ok(match source {
        PasswordSource::TokenCommand(command) => {
            password::from_command(command, "--token-command", limit, write_messages)?
        }
        PasswordSource::Netrc => netrc::password(&plan.target.host.to_string(), user)?,
        PasswordSource::Directory(path) => password::from_named_file(path, "$CREDENTIALS_DIRECTORY: ")?,
        PasswordSource::Stdin => password::from_stdin()?,
        PasswordSource::File(path) => password::from_file(path)?,
        PasswordSource::Command(command) => {
            password::from_command(command, "--password-command", limit, write_messages)?
        }
        PasswordSource::Environment => from_environment()?,
        PasswordSource::Prompt => password::from_prompt(user)?,
    })
}

fn from_environment() -> Result<Secret, CommandError> {
    match environment::text(VARIABLE) {
        Ok(value) => Ok(password::from_environment(value)?),
        Err(_) => Err(CommandError::usage(format!("{VARIABLE} is not UTF-8"))),
    }
}

/// Warns about a private key that other users can read.
pub(super) fn warn_of_key(plan: &Plan) {
    if let Some(identity) = &plan.tls.identity {
        warn_of_readers("--key", &identity.key);
    }
}

/// Warns about a file with a secret that other users can read, once for each file.
fn warn_of_readers(flag: &str, path: &Path) {
    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let Some(why) = file::readable_by_others(path) else { return };
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
        let path = path.display();
        write_messages(&format!("smtpcheck: warning: {flag} {path}: {why}; run: chmod 600 {path}"));
    }
}

/// Writes a note to standard error.
pub(super) fn write_note(text: &str) {
    write_messages(&format!("smtpcheck: {text}"));
}

/// Writes a warning to standard error.
pub(super) fn warn(text: &str) {
    write_messages(&format!("smtpcheck: warning: {text}"));
}

/// Writes lines to standard error, with control characters escaped. Errors are ignored: if standard error is closed,
/// the message is lost.
fn write_messages(text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "{}", escape::visible(line));
    }
}
