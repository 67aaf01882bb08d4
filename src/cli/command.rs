//! Finds the command in the arguments, and parses its flags.
//!
//! `smtpcheck smtp.example.net` must work without a command, and a new command in a later version must not make a host
//! name unusable. The first word that is not a flag is therefore interpreted as follows:
//! 1. a word that contains `.`, `:`, `[`, `/` or `@`, or starts with a digit, is a host;
//! 2. the name of a command is that command;
//! 3. a reserved word, or a word that is similar to the name of a command, is an error;
//! 4. every other word is a host, such as `mailpit`.
//!
//! `smtp://WORD` is always a host.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

use super::commands::{COMMANDS, CommandId, CommandSpec, Missing, SettingsUse, check};
use super::config::{self, Settings};
use super::flags::names::{is_named, names};
use super::flags::{InvalidValue, password, route};
use super::words::{DECLARED, find_command, first_word, looks_like_host, plain_words};
use super::{Invocation, UsageError, VersionDetails, effect, foreign, help};
use crate::expect::Mistake;
use crate::source::nearest;

/// Words that a later version may use as commands, or that users of other tools type by habit.
const RESERVED: &[&str] = &["mx", "send", "serve", "init", "doctor", "diff", "list", "login", "update"];

/// Reads the words after the program's name.
pub(super) fn parse(words: Vec<OsString>, settings: &Settings) -> Result<Invocation, UsageError> {
    let first = first_word(&words);
    let name = first.as_ref().map(|(_, word)| word.as_str());
    if words.is_empty() || name == Some("") {
        // If a variable in a script is empty, the script must not mistake the result for a passed check.
        return Ok(Invocation::NothingGiven(nothing_given(words.is_empty())));
    }
    let spec = match name {
        Some("help") => return Ok(Invocation::Print(help_of(&plain_words(&without(words, first)))?)),
        Some("version") => {
            reject_more(&plain_words(&without(words.clone(), first)))?;
            return Ok(Invocation::Version(version_details(&words)));
        }
        Some(word) => match find_command(word) {
            Some(spec) => Some(spec),
            None => {
                reject_near_command(word)?;
                None
            }
        },
        None => None,
    };
    let (spec, words) = match spec {
        Some(spec) if spec.name == check::SPEC.name && words.len() == 1 => {
            return Ok(Invocation::NothingGiven(nothing_given(true)));
        }
        Some(spec) => (spec, without(words, first)),
        None => (&check::SPEC, words),
    };
    match spec.settings {
        _ if spec.id == CommandId::Check => foreign::reject(&DECLARED, &words)?,
        SettingsUse::All | SettingsUse::Checks | SettingsUse::Domain => {
            foreign::reject(&(spec.declare)(Command::new("smtpcheck")), &words)?
        }
        SettingsUse::Display | SettingsUse::Nothing => {}
    }
    let settings = settings.of(spec);
    // Copying the flags takes less time than declaring them again.
    let declared = if spec.id == CommandId::Check { DECLARED.clone() } else { spec.declared() };
    let (command, from_file) = settings.apply(spec.described(declared, &words), &words);
    let mut invocation = read(spec, command, &words)?;
    match &invocation {
        Invocation::Check(args, _) if args.targets.iter().any(String::is_empty) => {
            return Ok(Invocation::NothingGiven(nothing_given(false)));
        }
        Invocation::Watch(args, _) if args.check.targets.iter().any(String::is_empty) => {
            return Err(effect::empty_argument("TARGET"));
        }
        Invocation::Check(args, _) => reject_port_as_target(&args.targets)?,
        Invocation::Watch(args, _) => reject_port_as_target(&args.check.targets)?,
        _ => {}
    }
    config::complete(&mut invocation, &settings, from_file)?;
    Ok(invocation)
}

fn read(spec: &CommandSpec, mut command: Command, words: &[OsString]) -> Result<Invocation, UsageError> {
    match matches(&mut command, words) {
        Ok(matches) => {
            effect::reject(spec, &command, &matches)?;
            Invocation::read(spec.id, matches).map_err(|error| usage_error(&error, &Declared::of(spec, &command)))
        }
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp if is_given(words, "--help") => Ok(Invocation::Print(help::complete(spec, command))),
            ErrorKind::DisplayHelp if spec.name == check::SPEC.name => Ok(Invocation::Print(help::short())),
            ErrorKind::DisplayHelp => Ok(Invocation::Print(help::complete(spec, command))),
            ErrorKind::DisplayVersion => Ok(Invocation::Version(version_details(words))),
            _ => Err(usage_error(&error, &Declared::of(spec, &command))),
        },
    }
}

/// Parses the words after the name of the command.
pub(super) fn matches(command: &mut Command, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let program = OsString::from("smtpcheck");
    command.try_get_matches_from_mut(std::iter::once(program).chain(words.iter().cloned()))
}

fn nothing_given(is_without_arguments: bool) -> UsageError {
    let reason = if is_without_arguments { "no target given" } else { "the target is empty" };
    let more = "smtpcheck -h shows the commands and the most important flags.";
    let text = format!("\n{}\n\n{more}", help::usage());
    let error = UsageError::new(reason).with_hint("for example: smtpcheck smtp.example.net:587");
    error.pointing(text.lines().map(str::to_owned))
}

/// Rejects a mistyped command, which would otherwise be looked up in the DNS as a host name.
fn reject_near_command(word: &str) -> Result<(), UsageError> {
    if looks_like_host(word) {
        return Ok(());
    }
    let host = format!("to check a host with this name, write smtp://{word}");
    if RESERVED.contains(&word.to_lowercase().as_str()) {
        return Err(UsageError::new(format!("`{word}` is reserved for a future command")).with_hint(host));
    }
    let names = || COMMANDS.iter().filter(|spec| !spec.is_hidden).map(|spec| spec.name).chain(["help", "version"]);
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    // A short word that differs from a command in one letter is often a different word, for example "mac" and "man".
    let near = nearest(word, names()).filter(|near| word.chars().count() > 3 || letters(word) == letters(near));
    match near {
        Some(near) => {
            let hint = format!("did you mean {near}? To check a host with this name, write smtp://{word}");
            Err(UsageError::new(format!("unknown command {}", word.escape_debug())).with_hint(hint))
        }
        None => Ok(()),
    }
}

/// Rejects a number as a target, as in `smtpcheck 127.0.0.1 587`.
fn reject_port_as_target(targets: &[String]) -> Result<(), UsageError> {
    for (host, port) in targets.iter().zip(targets.iter().skip(1)) {
        if port.parse::<u16>().is_ok() {
            let host = if host.matches(':').count() > 1 && !host.starts_with('[') {
                format!("[{host}]")
            } else {
                host.clone()
            };
            let error = UsageError::new("this is a port, not a target").about("target", port.as_str());
            let shown = host.rsplit_once('@').map_or(host.as_str(), |(_, host)| host);
            // `host:587 25` names two ports.
            let shown = match shown.rsplit_once(':') {
                Some((host, old)) if !host.ends_with(':') && old.parse::<u16>().is_ok() => host,
                _ => shown,
            };
            return Err(error.with_hint(format!("write {}:{port}", shown.escape_debug())));
        }
    }
    Ok(())
}

/// Whether the arguments before `--` contain this flag.
fn is_given(words: &[OsString], flag: &str) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == flag)
}

fn version_details(words: &[OsString]) -> VersionDetails {
    let is_verbose = ["-v", "--verbose", "-vV", "-Vv"].iter().any(|flag| is_given(words, flag));
    if is_verbose { VersionDetails::Full } else { VersionDetails::Short }
}

fn without(mut words: Vec<OsString>, command: Option<(usize, String)>) -> Vec<OsString> {
    if let Some((at, _)) = command {
        words.remove(at);
    }
    words
}

/// Rejects words after a command that takes no arguments.
fn reject_more(words: &[(usize, String)]) -> Result<(), UsageError> {
    match words.first() {
        Some((_, word)) => Err(UsageError::new(format!("unexpected argument {}", word.escape_debug()))),
        None => Ok(()),
    }
}

fn help_of(words: &[(usize, String)]) -> Result<String, UsageError> {
    reject_more(words.get(1..).unwrap_or_default())?;
    let spec = match words.first().map(|(_, word)| word.as_str()) {
        None => &check::SPEC,
        Some("") => return Err(effect::empty_argument("COMMAND")),
        Some(word) => find_command(word).ok_or_else(|| {
            let names: Vec<&str> = COMMANDS.iter().filter(|spec| !spec.is_hidden).map(|spec| spec.name).collect();
            let error = UsageError::new(format!("unknown command {}", word.escape_debug()));
            match nearest(word, names.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean {near}?")),
                None => error.with_hint(format!("the commands are {}", names.join(", "))),
            }
        })?,
    };
    Ok(help::complete(spec, spec.command(&[])))
}

/// The command that was called. The hints in error messages depend on it.
pub(super) struct Declared<'a> {
    /// The command line up to the name of the command, for example `smtpcheck run`.
    pub(super) program: String,
    pub(super) missing: Option<Missing>,
    pub(super) command: &'a Command,
}

impl Declared<'_> {
    pub(super) fn of<'a>(spec: &CommandSpec, command: &'a Command) -> Declared<'a> {
        Declared { program: spec.full_name(), missing: spec.missing, command }
    }

    /// The hint for a flag that this command does not have.
    fn instead_of(&self, flag: &str, suggested: Option<String>) -> String {
        let visible = self.command.get_arguments().filter(|arg| !arg.is_hide_set());
        let own: Vec<String> = visible.flat_map(names).filter(|name| name.starts_with("--")).collect();
        let is_suite = self.program == "smtpcheck run";
        let is_password = |flag: &str| flag == "--password";
        if is_password(flag) || suggested.as_deref().is_some_and(is_password) {
            if is_suite {
                let keys = "password-command, password-file or password-env";
                return format!("specify the source of the password in the suite with {keys}");
            }
            if own.iter().any(|own| own == "--password-file") {
                return format!("provide the password with {}", password::SOURCES);
            }
        }
        if let Some(near) = nearest(flag.trim_start_matches('-'), own.iter().map(|own| own.trim_start_matches('-'))) {
            return format!("did you mean --{near}?");
        }
        match owners(flag).as_slice() {
            ["check", ..] if is_suite => {
                "this is a flag of smtpcheck check; in a suite, it is a key of a check, without the dashes".to_owned()
            }
            few if (1..=5).contains(&few.len()) => {
                let commands: Vec<String> = few.iter().map(|name| format!("smtpcheck {name}")).collect();
                format!("this is a flag of {}", commands.join(", "))
            }
            _ => match suggested.filter(|near| own.contains(near) && strsim::jaro_winkler(flag, near) > 0.9) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("{} --help lists all flags", self.program),
            },
        }
    }
}

/// The names of the commands that have a flag.
fn owners(flag: &str) -> Vec<&'static str> {
    let has = |spec: &&CommandSpec| {
        let command = (spec.declare)(Command::new("smtpcheck"));
        command.get_arguments().any(|arg| !arg.is_hide_set() && is_named(arg, flag))
    };
    COMMANDS.iter().filter(|spec| !spec.is_hidden).filter(has).map(|spec| spec.name).collect()
}

/// Converts an error of clap.
pub(super) fn usage_error(error: &clap::Error, declared: &Declared<'_>) -> UsageError {
    let texts = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let first = |kind| texts(kind).into_iter().next();
    // clap writes "--port <PORT>".
    let bare = |text: String| text.split([' ', '=']).next().unwrap_or_default().to_owned();
    let subject = first(ContextKind::InvalidArg).map(bare).unwrap_or_default();
    let flag = |reason: String| match subject.starts_with('-') {
        true => UsageError::flag(subject.clone(), reason),
        false => UsageError::new(reason),
    };
    let value = first(ContextKind::InvalidValue)
        .filter(|_| !password::FLAGS.iter().chain(route::FLAGS).any(|flag| *flag == subject));
    match error.kind() {
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(source) => match (source.downcast_ref::<InvalidValue>(), source.downcast_ref::<Mistake>()) {
                (Some(invalid), _) => {
                    let error = UsageError::from(invalid.clone());
                    let error = UsageError { flag: Some(subject.into()), ..error };
                    if invalid.is_secret { error } else { error.with_value(value.unwrap_or_default()) }
                }
                (None, Some(_)) if value.as_deref() == Some("") => effect::empty_value("--expect"),
                (None, Some(mistake)) => UsageError::from(mistake.clone()),
                (None, None) => flag(source.to_string()).with_value(value.unwrap_or_default()),
            },
            None => flag("not a valid value".to_owned()).with_value(value.unwrap_or_default()),
        },
        ErrorKind::InvalidValue => {
            let known = texts(ContextKind::ValidValue);
            match value.filter(|value| !value.is_empty()) {
                Some(value) => {
                    let near = nearest(&value, known.iter().map(String::as_str)).map(str::to_owned);
                    let error = flag("not a valid value".to_owned()).with_value(value);
                    match near.filter(|_| known.len() > 8) {
                        Some(near) => error.with_hint(format!("did you mean {near}?")),
                        None => error.with_hint(format!("use one of {}", known.join(", "))),
                    }
                }
                None if !subject.starts_with('-') && known.is_empty() => {
                    effect::empty_argument(subject.trim_matches(['[', ']', '<', '>', '.']))
                }
                None if known.is_empty() => flag("no value given".to_owned()),
                None => flag("no value given".to_owned()).with_hint(format!("use one of {}", known.join(", "))),
            }
        }
        ErrorKind::UnknownArgument if subject.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => {
            flag("unknown flag".to_owned()).with_hint("a value cannot be a negative number")
        }
        ErrorKind::UnknownArgument if subject.starts_with('-') => {
            let suggested = first(ContextKind::SuggestedArg).map(bare);
            flag("unknown flag".to_owned()).with_hint(declared.instead_of(&subject, suggested))
        }
        ErrorKind::UnknownArgument => UsageError::new(format!("unexpected argument {}", subject.escape_debug())),
        ErrorKind::ArgumentConflict => match first(ContextKind::PriorArg).map(bare) {
            Some(prior) if prior == subject && prior == "--interface" => flag("given more than once".to_owned())
                .with_hint("smtpcheck watch and smtpcheck batch compare several interfaces"),
            Some(prior) if prior == subject => flag("given more than once".to_owned()),
            Some(prior) => flag(format!("cannot be used with {prior}")),
            None => flag("cannot be used with one of the other flags".to_owned()),
        },
        ErrorKind::MissingRequiredArgument => match (subject.starts_with("--"), declared.missing) {
            (false, Some(missing)) => UsageError::new(missing.reason).with_hint(missing.hint),
            _ => UsageError::new(format!("{subject} is required")),
        },
        ErrorKind::InvalidUtf8 => UsageError::new("an argument is not valid UTF-8"),
        ErrorKind::NoEquals => flag("the value must follow an equals sign".to_owned()),
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues => flag("too many values".to_owned()),
        ErrorKind::TooFewValues => flag("no value given".to_owned()),
        kind => flag(kind.as_str().unwrap_or("invalid").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Invocation, RESERVED, looks_like_host};
    use crate::cli::commands::schema::SchemaOf;

    fn run(words: &[&str]) -> Result<Invocation, String> {
        crate::cli::parse(words.iter().map(Into::into).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn no_command_looks_like_a_host() {
        assert!(!COMMANDS.iter().any(|spec| looks_like_host(spec.name)));
        assert!(!RESERVED.iter().any(|word| looks_like_host(word)));
        assert!(!COMMANDS.iter().any(|spec| RESERVED.contains(&spec.name)));
    }

    #[test]
    fn a_host_needs_no_command_and_flags_may_come_first() {
        for words in [&["--port", "25", "mailpit"][..], &["-4", "mx.example.net"], &["check", "explain"]] {
            assert!(matches!(run(words), Ok(Invocation::Check(..))), "{words:?}");
        }
        assert!(matches!(run(&["explain", "--list"]), Ok(Invocation::Explain(_))));
        assert!(matches!(run(&["schema"]), Ok(Invocation::Schema(SchemaOf::Report))));
        assert!(matches!(run(&["schema", "PORTS"]), Ok(Invocation::Schema(SchemaOf::Ports))));
        assert!(matches!(run(&["ports", "mailpit"]), Ok(Invocation::Ports(..))));
        assert!(matches!(run(&["--json", "providers"]), Ok(Invocation::Providers(_))));
    }

    #[test]
    fn a_reserved_or_mistyped_command_is_not_a_host() {
        for (word, needle) in [
            ("login", "smtp://login"),
            ("chek", "did you mean check?"),
            ("explian", "did you mean explain?"),
            ("port", "did you mean ports?"),
            ("rnu", "did you mean run?"),
            ("RUN", "did you mean run?"),
            ("Run", "did you mean run?"),
            ("Man", "did you mean man?"),
            ("EXPLAIN", "did you mean explain?"),
            ("Settings", "did you mean settings?"),
            ("hlep", "did you mean help?"),
        ] {
            let message = run(&[word, "h.example"]).expect_err(word);
            assert!(message.contains(needle) && message.contains("smtp://"), "{word}: {message}");
        }
        for host in ["mailpit", "localhost", "mac", "mx1", "relay", "chek.example", "smtp://chek"] {
            assert!(matches!(run(&[host]), Ok(Invocation::Check(..))), "{host}");
        }
        assert!(matches!(run(&["check", "chek"]), Ok(Invocation::Check(..))));
    }

    #[test]
    fn a_port_after_a_host_is_not_a_target() {
        for (words, needle) in [
            (&["127.0.0.1", "587"][..], "write 127.0.0.1:587"),
            (&["mailpit", "25", "-q"], "write mailpit:25"),
            (&["2001:db8::1", "25"], "write [2001:db8::1]:25"),
        ] {
            assert!(run(words).expect_err("a port").contains(needle), "{words:?}");
        }
    }

    #[test]
    fn usage_errors_are_one_line_and_name_the_flag() {
        for (words, needle) in [
            (&["mx.example.net", "--prot", "25"][..], "--prot: unknown flag; did you mean --port?"),
            (&["mx.example.net", "--xyzzy"], "--xyzzy: unknown flag; smtpcheck --help lists all flags"),
            (
                &["mx.example.net", "--pasword", "x"],
                "--pasword: unknown flag; provide the password with --password-stdin",
            ),
            (
                &["--list"],
                "--list: unknown flag; this is a flag of smtpcheck domain, smtpcheck run, smtpcheck batch, smtpcheck explain, smtpcheck sandbox",
            ),
            (&["mx.example.net", "--timeout", "-5s"], "-5: unknown flag; a value cannot be a negative number"),
            (&["mx.example.net", "--set", "A=b"], "--set: unknown flag; this is a flag of smtpcheck run"),
            (&["mx.example.net", "--max-connection", "2"], "--max-connection: unknown flag; did you mean --max-conn"),
            (&["explain", "--password", "x"], "--password: unknown flag; smtpcheck explain --help lists all flags"),
            (&["mx.example.net", "--expect", ""], "--expect \"\": the value is empty; write a value, or omit the flag"),
            (&["run", "--xyzzy"], "--xyzzy: unknown flag; smtpcheck run --help lists all flags"),
            (&["run", "--to", "a@example.net"], "--to: unknown flag; this is a flag of smtpcheck check; in a suite"),
            (&["run", "--port", "25"], "--port: unknown flag; this is a flag of smtpcheck check; in a suite"),
            (&["run", "--password", "x"], "--password: unknown flag; specify the source of the password in the suite"),
            (&["run", "--onyl", "x"], "--onyl: unknown flag; did you mean --only?"),
            (&["explain", "--port", "25"], "--port: unknown flag; smtpcheck explain --help"),
            (&["ports", "h.example", "--port", "25"], "--port: unknown flag; did you mean --ports?"),
            (&["mx.example.net", "--tls", "ssl"], "--tls ssl: not a valid value; use one of auto, starttls"),
            (&["mx.example.net", "--tls"], "--tls: no value given; use one of auto"),
            (&["mx.example.net", "--port", "1", "--port", "2"], "--port: given more than once"),
            (&["mx.example.net", "--interface", "::1", "--interface", "::2"], "smtpcheck watch and smtpcheck batch"),
            (&["mx.example.net", "-4", "-6"], "cannot be used with"),
            (&["mx.example.net", "--json", "--format", "text"], "cannot be used with"),
            (&["mx.example.net", "--key", "k.pem"], "--cert is required"),
            (&["mx.example.net", "--port", ""], "--port \"\": not a port"),
            (&["-4"], "no target given"),
            (&["report"], "no file given"),
            (&["config"], "write smtpcheck config show"),
            (&["explain"], "no rule, code or reply given"),
            (&["completions"], "no shell given"),
            (&["completions", "tcsh"], "tcsh: not a valid value; use one of bash"),
            (&["ports", "a.example", "b.example"], "unexpected argument b.example"),
        ] {
            let message = run(words).expect_err("a usage error");
            assert!(message.contains(needle) && !message.contains('\n'), "{words:?}: {message}");
        }
    }

    #[test]
    fn values_are_accepted_in_any_case() {
        for words in [
            &["--quit-after", "RCPT"][..],
            &["--tls", "StartTLS"],
            &["--tls-profile", "Mozilla-Modern"],
            &["--format", "JSON"],
            &["--format", "md"],
            &["--theme", "Light"],
            &["--probe", "STARTTLS-injection,mail-before-tls"],
            &["--user", "u", "--auth", "plain"],
            &["--tls-scan=FULL"],
        ] {
            let words = [&["mx.example.net"], words].concat();
            assert!(matches!(run(&words), Ok(Invocation::Check(..))), "{words:?}: {:?}", run(&words).err());
        }
    }

    #[test]
    fn no_arguments_and_an_empty_target_show_the_usage() {
        for words in [&[][..], &[""], &["check", ""], &["--json", ""], &["mx.example.net", ""], &["--", ""]] {
            let Ok(Invocation::NothingGiven(error)) = run(words) else { unreachable!("{words:?}: {:?}", run(words)) };
            assert!(error.lines().iter().any(|line| line.starts_with("Usage: smtpcheck")), "{words:?}");
        }
    }

    #[test]
    fn clap_accepts_all_declarations_and_each_about_text_fits_one_line() {
        for spec in COMMANDS {
            spec.command(&[]).debug_assert();
            assert!(spec.about.len() <= 65 && !spec.about.ends_with('.'), "{}", spec.about);
        }
    }
}
