//! Prepares a suite before anything is sent: plans every check, reads every password and opens every file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::CommandError;
use super::super::needs;
use super::super::secrets::{PromptUse, add_proxies, fetch, measured};
use crate::cli::config::Settings;
use crate::cli::flags::password::{PasswordSource, VARIABLE};
use crate::cli::flags::route::RouteArgs;
use crate::cli::{self, Invocation, plan as planning};
use crate::expect::Expectation;
use crate::host::{environment, password};
use crate::plan::{LoginProof, ValueOrigin};
use crate::render::suite as rendering;
use crate::report::FilePosition;
use crate::run::{Engine, Job, ProxyPasswords};
use crate::secret::Secret;
use crate::secret::list_keys::without_likely_keys;
use crate::source::{FileError, Position};
use crate::suite::{Need, Password, SuiteCheck, SuiteSubject};

/// A check that is ready to be run.
pub(super) struct PreparedCheck {
    pub(super) check: SuiteCheck,
    pub(super) place: Option<FilePosition>,
    pub(super) job: Job,
    /// The proxy flags, which name the source of the password for the proxy.
    pub(super) route: RouteArgs,
    /// The reason why the check is skipped; `None` if it will run.
    pub(super) skipped: Option<String>,
}

impl PreparedCheck {
    /// Whether the check logs in with a password or a token.
    fn needs_secret(&self) -> bool {
        self.job.plan.login.as_ref().is_some_and(|login| login.proof != LoginProof::NoSecret)
    }

    pub(super) fn planned(&self) -> rendering::Planned {
        let PreparedCheck { check, skipped, job, .. } = self;
        // If a default contradicts a key of the check, the default is not in the plan.
        let is_used = |word: &&String| job.plan.origins.get(key_of(word)) == Some(&ValueOrigin::Flag);
        // The zone of a blocklist can contain a key.
        let shown = |word: &String| match key_of(word) {
            "list" => without_likely_keys(word),
            _ => word.clone(),
        };
        let command = (check.subject == SuiteSubject::Domain).then(|| "domain".to_owned());
        let flags = check.flags.iter().filter(is_used).map(shown);
        rendering::Planned {
            name: check.name.clone(),
            target: check.target.clone(),
            tags: check.tags.clone(),
            words: command.into_iter().chain([check.target.clone()]).chain(flags).collect(),
            password: self.needs_secret().then(|| password_source(check.password.as_ref())),
            expect: check.expect.iter().map(|expected| expected.expression.text.clone()).collect(),
            needs: check.needs.iter().map(Need::to_string).collect(),
            skipped: skipped.clone(),
        }
    }
}

/// Where the password of a check comes from. The source is not read.
fn password_source(password: Option<&Password>) -> String {
    let variable = |name: &str| {
        let state = if environment::is_set(name) { "" } else { ", which is not set" };
        format!("from the environment variable {name}{state}")
    };
    match password {
        Some(Password::Command(command)) => format!("from the command {command}"),
        Some(Password::File(path)) => format!("from the file {}", path.display()),
        Some(Password::Environment(name)) => variable(name),
        Some(Password::TokenCommand(command)) => format!("a token, from the command {command}"),
        Some(Password::Plain(_)) => "from the suite".to_owned(),
        None => variable(VARIABLE),
    }
}

/// Plans a check and finds its errors, without sending anything.
pub(super) fn prepare(check: SuiteCheck, file: &Path, hostname: Option<&str>) -> Result<PreparedCheck, CommandError> {
    if check.subject == SuiteSubject::Server && check.target.starts_with('@') {
        let message = "a profile cannot be the target of a suite, which does not depend on the configuration file; \
                       write the host, for example: smtp://host:port";
        return Err(check.error_at(Some("target"), message).into());
    }
    let command = match check.subject {
        SuiteSubject::Server => "check",
        SuiteSubject::Domain => "domain",
    };
    let mut words = vec![command.to_owned()];
    words.extend(check.flags.iter().filter(|word| check.is_own(key_of(word))).cloned());
    let mut defaults: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for word in check.flags.iter().filter(|word| !check.is_own(key_of(word))) {
        let value = word.split_once('=').map_or("true", |(_, value)| value);
        defaults.entry(key_of(word)).or_default().push(value.to_owned());
    }
    if let Some((key, value)) = check.password.as_ref().and_then(source_flag) {
        match check.is_own(key) {
            true => words.push(format!("--{key}={value}")),
            false => drop(defaults.insert(key, vec![value])),
        }
    }
    words.extend(["--".to_owned(), check.target.clone()]);
    let settings =
        Settings::of_suite(defaults.iter().map(|(key, values)| (*key, values.as_slice(), check.place(Some(key)).1)));
    let usage = |error| located(&check, CommandError::Usage(error));
    let words = words.into_iter().map(Into::into).collect();
    let (plan, retry, route) = match cli::parse_with(words, &settings).map_err(usage)? {
        Invocation::Check(mut args, matches) => {
            if !check.is_own("target") {
                args.target_origin = ValueOrigin::Config;
            }
            let plan = planning::plan(&args, &matches, &check.target, hostname).map_err(usage)?;
            (plan, args.expect.retry(), args.route.clone())
        }
        Invocation::Domain(args, matches) => {
            let plan = cli::domain::plan(&args, &matches, hostname).map_err(usage)?;
            (plan, args.expect.retry(), RouteArgs::default())
        }
        _ => return Err(check.error_at(Some(check.subject.key()), "the target is empty").into()),
    };
    let here = |at: Position, of: &Path| (of == file).then_some(FilePosition { line: at.line, column: at.column });
    let mut expectations = Vec::new();
    for expected in &check.expect {
        expected.expression.fits(&plan).map_err(|mistake| expected.error(&mistake))?;
        let place = here(expected.at, &expected.file);
        expectations.push(Expectation { expression: expected.expression.clone(), place });
    }
    for need in &check.needs {
        if let Need::Egress(port) = need
            && *port != plan.target.port
        {
            let message = format!("{need} does not match the target's port, which is {}", plan.target.port);
            return Err(check.error_at(Some("needs"), message).into());
        }
    }
    let skipped = check.needs.iter().find_map(needs::lacking);
    let place = here(check.at, &check.file);
    let job = Job { plan, secret: None, spent: Duration::ZERO, expectations, retry };
    Ok(PreparedCheck { check, place, job, route, skipped })
}

/// The name of the flag in an argument such as `--tls=none`.
fn key_of(word: &str) -> &str {
    word.trim_start_matches('-').split('=').next().unwrap_or_default()
}

/// The flag for the same password source, and its value. `None` if no flag can select this source.
fn source_flag(password: &Password) -> Option<(&'static str, String)> {
    match password {
        Password::Command(command) | Password::TokenCommand(command) => Some((password.key(), command.clone())),
        Password::File(path) => Some((password.key(), path.display().to_string())),
        Password::Environment(_) | Password::Plain(_) => None,
    }
}

/// Reads the passwords for the proxies of all checks that are not skipped.
pub(super) fn fetch_proxies(ready: &[PreparedCheck]) -> Result<ProxyPasswords, CommandError> {
    let passwords = ProxyPasswords::default();
    for one in ready.iter().filter(|one| one.skipped.is_none()) {
        let added = add_proxies(&passwords, &one.route, std::slice::from_ref(&one.job.plan), PromptUse::Never);
        added.map_err(|error| located(&one.check, error))?;
    }
    Ok(passwords)
}

/// Reads the passwords of all checks that are not skipped, each source once.
pub(super) fn fetch_secrets(ready: &mut [PreparedCheck]) -> Result<(), CommandError> {
    let mut known: HashMap<String, Secret> = HashMap::new();
    for one in ready.iter_mut().filter(|one| one.skipped.is_none()) {
        let needs_secret = one.needs_secret();
        let PreparedCheck { check, job, .. } = one;
        if !needs_secret {
            let given = check.password.as_ref().map(Password::key).filter(|key| check.is_own(key));
            if given.is_some() && job.plan.login.is_none() && !check.places.contains_key("user") {
                return Err(check.error_at(given, "the check has a password but no user; add user = \"...\"").into());
            }
            continue;
        }
        let (key, source) = match &check.password {
            Some(Password::Plain(secret)) => {
                job.secret = Some(secret.duplicate());
                continue;
            }
            Some(Password::Command(command)) => {
                (format!("command {command}"), PasswordSource::Command(command.clone()))
            }
            Some(Password::TokenCommand(command)) => {
                (format!("token {command}"), PasswordSource::TokenCommand(command.clone()))
            }
            Some(Password::File(path)) => (format!("file {}", path.display()), PasswordSource::File(path.clone())),
            Some(Password::Environment(name)) => {
                job.secret = Some(from_variable(check, name)?);
                continue;
            }
            None if environment::is_set(VARIABLE) => (VARIABLE.to_owned(), PasswordSource::Environment),
            None => {
                let message = "the check has a user but no password; add password-command, password-file, password-env or token-command";
                return Err(check.error_at(Some("user"), message.to_owned()).into());
            }
        };
        if let Some(secret) = known.get(&key) {
            job.secret = Some(secret.duplicate());
            continue;
        }
        let password = check.password.as_ref().map(Password::key);
        let (secret, spent) = measured(Some(&source), || fetch(&source, &job.plan))
            .map_err(|error| check.error_at(password, error.to_string()))?;
        job.spent = spent;
        job.secret = Some(secret.duplicate());
        known.insert(key, secret);
    }
    Ok(())
}

fn from_variable(check: &SuiteCheck, name: &str) -> Result<Secret, FileError> {
    let wrong = |message: String| check.error_at(Some("password-env"), message);
    match environment::text(name) {
        Ok(value) => {
            password::from_environment(value).map_err(|error| wrong(error.to_string().replace(VARIABLE, name)))
        }
        Err(std::env::VarError::NotPresent) => Err(wrong(format!("the environment variable {name} is not set"))),
        Err(std::env::VarError::NotUnicode(_)) => Err(wrong(format!("the environment variable {name} is not UTF-8"))),
    }
}

/// Reads the certificates and keys of the checks. Each file is read once, and the engine keeps its content.
pub(super) fn open_files(ready: &[PreparedCheck], engine: &Engine) -> Result<(), CommandError> {
    let mut known: Vec<[Option<PathBuf>; 4]> = Vec::new();
    for one in ready.iter().filter(|one| one.skipped.is_none()) {
        let tls = &one.job.plan.tls;
        let identity = tls.identity.as_ref();
        let files = [
            tls.cacert.clone(),
            identity.map(|identity| identity.cert.clone()),
            identity.map(|identity| identity.key.clone()),
            one.job.plan.domain.as_ref().and_then(|domain| domain.trust_anchor.clone()),
        ];
        if !known.contains(&files) {
            let prepared = engine.prepare(&one.job).map_err(CommandError::from);
            prepared.map_err(|error| located(&one.check, error))?;
            known.push(files);
        }
    }
    Ok(())
}

/// Adds the position of the key to a usage error about the value of this key.
fn located(check: &SuiteCheck, error: CommandError) -> CommandError {
    match error {
        CommandError::Usage(error) => {
            let (file, at) = check.place(error.key());
            CommandError::Usage(error.in_file(file, at))
        }
        other @ (CommandError::Output(_) | CommandError::Machine(_)) => other,
    }
}
