//! Reads passwords: finds the sources that need no flag, reads each source once, and warns about files with secrets
//! that other users can read.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::CommandError;
use crate::cli;
use crate::cli::flags::password::{PasswordEnvironment, PasswordSource, VARIABLE};
use crate::cli::flags::route::{PROXY_VARIABLE, ProxyPasswordEnvironment, ProxyPasswordSource, RouteArgs};
use crate::cli::proxy::{self, SessionStart};
use crate::host::{environment, file, netrc, password};
use crate::plan::{Login, LoginProof, Plan, Proxy};
use crate::render::escape;
use crate::run::ProxyPasswords;
use crate::secret::Secret;
use crate::wire::Host;

/// The sources of a password that are available without a flag.
pub(super) fn sources(login: Option<&Login>) -> PasswordEnvironment {
    let name = match login.map(|login| login.proof) {
        Some(LoginProof::Token) => "smtpcheck-token",
        _ => "smtpcheck-password",
    };
    PasswordEnvironment {
        variable: environment::is_set(VARIABLE),
        directory: credential(name),
        terminal: has_terminal(),
    }
}

/// Whether a prompt is possible.
fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Reads secrets, and measures how long a command took to print one. This time counts towards the overall time limit of
/// the checks. The time that a user needs to type a password does not count.
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
    let user = plan.login.as_ref().map(|login| login.user.as_str()).unwrap_or_default();
    let wanted = WantedPassword { names: &OF_MAIL, host: &plan.target.host, user, prompt: user };
    read(source, &wanted, Duration::from_millis(plan.limits.total_ms))
}

/// The flags and the variable for a password, as they are named in messages.
struct SourceNames {
    file: &'static str,
    command: &'static str,
    netrc: &'static str,
    variable: &'static str,
}

const OF_MAIL: SourceNames =
    SourceNames { file: "--password-file", command: "--password-command", netrc: "--netrc", variable: VARIABLE };

const OF_PROXY: SourceNames = SourceNames {
    file: "--proxy-password-file",
    command: "--proxy-password-command",
    netrc: "--proxy-netrc",
    variable: PROXY_VARIABLE,
};

/// Whose password is needed.
struct WantedPassword<'a> {
    names: &'static SourceNames,
    /// The host and the user name of the entry in `.netrc`.
    host: &'a Host,
    user: &'a str,
    /// The user, as named in the prompt.
    prompt: &'a str,
}

fn read(source: &PasswordSource, wanted: &WantedPassword<'_>, limit: Duration) -> Result<Secret, CommandError> {
    let names = wanted.names;
    Ok(match source {
        PasswordSource::Stdin => password::from_stdin()?,
        PasswordSource::File(path) => {
            warn_of_readers(names.file, path);
            password::from_named_file(path, &format!("{} ", names.file))?
        }
        PasswordSource::Command(command) => password::from_command(command, names.command, limit, write_messages)?,
        PasswordSource::TokenCommand(command) => {
            password::from_command(command, "--token-command", limit, write_messages)?
        }
        PasswordSource::Netrc => {
            warn_of_readers(names.netrc, &netrc::path());
            netrc::password(&wanted.host.to_string(), wanted.user)?
        }
        PasswordSource::Environment => match environment::text(names.variable) {
            Ok(value) => password::from_variable(value, names.variable)?,
            Err(_) => return Err(CommandError::usage(format!("{} is not UTF-8", names.variable))),
        },
        // The platform sets the mode of files in $CREDENTIALS_DIRECTORY.
        PasswordSource::Directory(path) => password::from_named_file(path, "$CREDENTIALS_DIRECTORY: ")?,
        PasswordSource::Prompt => password::from_prompt(wanted.prompt)?,
    })
}

/// Whether the user can be asked for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptUse {
    /// On a terminal.
    Allowed,
    /// Never: the command reads standard input, or is a service.
    Never,
}

/// Reads the password for the proxy, if one of the plans uses a proxy that needs it.
pub(super) fn proxies(args: &RouteArgs, plans: &[Plan]) -> Result<ProxyPasswords, CommandError> {
    let passwords = ProxyPasswords::default();
    add_proxies(&passwords, args, plans, PromptUse::Allowed)?;
    Ok(passwords)
}

/// Adds the password for the proxy of the given plans, unless it is known.
pub(super) fn add_proxies(
    passwords: &ProxyPasswords,
    args: &RouteArgs,
    plans: &[Plan],
    prompt: PromptUse,
) -> Result<(), CommandError> {
    let mut used: Vec<&Plan> = plans.iter().filter(|plan| plan.used_proxy().is_some()).collect();
    if used.is_empty() {
        // Flags without effect are reported even if no plan uses the proxy.
        used.extend(plans.first());
    }
    for plan in used {
        let settings = plan.proxy.as_deref();
        let url = settings.and_then(|settings| settings.variable.as_deref()).and_then(url_password);
        let environment = ProxyPasswordEnvironment {
            url: url.is_some(),
            password: PasswordEnvironment {
                variable: environment::is_set(PROXY_VARIABLE),
                directory: credential("smtpcheck-proxy-password"),
                terminal: prompt == PromptUse::Allowed && has_terminal(),
            },
        };
        let source = args.password_source(settings, environment)?;
        let (Some(source), Some(proxy)) = (source, plan.used_proxy()) else { continue };
        if !passwords.knows(proxy) {
            passwords.learn(proxy.clone(), proxy_password(&source, url, proxy, plan)?);
        }
    }
    Ok(())
}

fn proxy_password(
    source: &ProxyPasswordSource,
    url: Option<Secret>,
    proxy: &Proxy,
    plan: &Plan,
) -> Result<Secret, CommandError> {
    let user = proxy.user.as_deref().unwrap_or_default();
    match source {
        ProxyPasswordSource::Url(variable) => {
            url.ok_or_else(|| CommandError::usage(format!("{variable} contains no password")))
        }
        ProxyPasswordSource::Named(source) => {
            let prompt = format!("{user} at the proxy {proxy}");
            let wanted = WantedPassword { names: &OF_PROXY, host: &proxy.host, user, prompt: &prompt };
            read(source, &wanted, Duration::from_millis(plan.limits.total_ms))
        }
    }
}

/// The password in the URL of an environment variable.
fn url_password(variable: &str) -> Option<Secret> {
    cli::proxy::of_variable(variable, &environment::text(variable).ok()?).ok()?.password
}

/// A file in the directory where the service manager puts credentials.
fn credential(name: &str) -> Option<PathBuf> {
    let folder = environment::value("CREDENTIALS_DIRECTORY")?;
    Some(Path::new(&folder).join(name)).filter(|file| file.exists())
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

/// Writes a note if a variable names a proxy, for commands that connect without one.
pub(super) fn note_unused_proxy(subject: &str) {
    if let Some((variable, _)) = proxy::variable(SessionStart::Plain) {
        write_note(&format!(
            "{variable} is not used: {subject} queries DNS servers, and connects directly to mail servers"
        ));
    }
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
