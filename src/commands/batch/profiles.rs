//! The profiles that are named in a batch's input. A profile is read from the configuration file when a line first
//! names it. Its password is sent only to its own target.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use clap::ArgMatches;

use super::super::secrets::PromptUse;
use super::super::{CommandError, config, secrets};
use super::written::{expectations, with_written};
use crate::cli::commands::check::CheckArgs;
use crate::cli::flags::password::{PasswordEnvironment, PasswordSource};
use crate::cli::flags::route::RouteArgs;
use crate::cli::{Invocation, UsageError, parse_with, plan as planning};
use crate::plan::Plan;
use crate::report::batch::WrittenTarget;
use crate::run::{Job, ProxyPasswords};
use crate::secret::Secret;

/// The profiles that were read.
pub(super) struct Profiles {
    /// The flags of the batch that apply to every check, as words of a command line.
    words: Vec<OsString>,
    known: HashMap<String, Result<BatchProfile, UsageError>>,
}

struct BatchProfile {
    args: CheckArgs,
    matches: ArgMatches,
    /// The secret for the profile's login, once it has been read, and how long reading it took.
    secret: Option<(Option<Secret>, Duration)>,
}

impl Profiles {
    pub(super) fn new(words: Vec<OsString>) -> Profiles {
        Profiles { words, known: HashMap::new() }
    }

    /// The check of a line that names a profile.
    pub(super) fn job(
        &mut self,
        name: &str,
        written: &WrittenTarget,
        hostname: Option<&str>,
        proxies: &ProxyPasswords,
    ) -> Result<Job, UsageError> {
        let words = &self.words;
        let profile = self.known.entry(name.to_owned()).or_insert_with(|| read(name, words));
        let BatchProfile { args, matches, secret } = profile.as_mut().map_err(|error| error.clone())?;
        let target = args.targets.first().cloned().unwrap_or_default();
        let plan = with_written(args, written, |args| planning::plan(args, matches, &target, hostname))?;
        add_proxy(proxies, &args.route, &plan)?;
        let (expectations, retry) = expectations(args, &plan)?;
        if secret.is_none() {
            *secret = Some(fetched(args, &plan)?);
        }
        let (secret, spent) = match secret {
            Some((secret, spent)) => (secret.as_ref().map(Secret::duplicate), std::mem::take(spent)),
            None => (None, Duration::ZERO),
        };
        Ok(Job { plan, secret, spent, expectations, retry })
    }
}

fn read(name: &str, words: &[OsString]) -> Result<BatchProfile, UsageError> {
    let mut line: Vec<OsString> = vec!["check".into()];
    line.extend(words.iter().cloned());
    line.extend(["--".into(), format!("@{name}").into()]);
    let settings = config::settings(&line).map_err(usage)?;
    match parse_with(line, &settings)? {
        Invocation::Check(args, matches) => Ok(BatchProfile { args: *args, matches, secret: None }),
        _ => Err(UsageError::new("the target is empty")),
    }
}

/// Reads the secret of a profile. A batch cannot use standard input or the terminal for this.
fn fetched(args: &CheckArgs, plan: &Plan) -> Result<(Option<Secret>, Duration), UsageError> {
    let login = plan.login.as_ref();
    let environment = PasswordEnvironment { terminal: false, ..secrets::sources(login) };
    let source = args.password.source(args.auth.user.as_deref(), login, environment)?;
    if source == Some(PasswordSource::Stdin) {
        let error = UsageError::flag("--password-stdin", "a batch cannot read a password from standard input");
        return Err(error.with_hint("use password-file or password-command in the profile"));
    }
    let fetch = || source.as_ref().map(|source| secrets::fetch(source, plan)).transpose();
    secrets::measured(source.as_ref(), fetch).map_err(usage)
}

/// Reads the password for the proxy that a check uses, unless it is known.
pub(super) fn add_proxy(proxies: &ProxyPasswords, args: &RouteArgs, plan: &Plan) -> Result<(), UsageError> {
    match plan.used_proxy() {
        Some(proxy) if !proxies.knows(proxy) => {
            secrets::add_proxies(proxies, args, std::slice::from_ref(plan), PromptUse::Never).map_err(usage)
        }
        _ => Ok(()),
    }
}

/// Converts an error to a usage error, so that it becomes the record of a line.
fn usage(error: CommandError) -> UsageError {
    match error {
        CommandError::Usage(error) => error,
        other @ (CommandError::Output(_) | CommandError::Machine(_)) => UsageError::new(other.to_string()),
    }
}
