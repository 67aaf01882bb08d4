//! Rejects flags that would have no effect. If a flag on the command line has no effect because another flag is missing
//! or excludes it, that is a usage error. If smtpcheck ignored the flag, the user could believe that it had an effect.
//!
//! Values from the environment, a profile or the configuration file are not rejected. They apply to many runs, and are
//! ignored in runs where they have no effect. Flags that only set a limit or change the appearance of text (`--jobs` of
//! a check, `--quiet`, `--color`) are accepted with every format.
//!
//! [`super::plan`] resolves contradictions that depend on the origins of the values.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::UsageError;
use super::commands::{CommandId, CommandSpec};
use super::flags::auth::Mechanisms;
use super::flags::batch::BatchFormat;
use super::flags::output::{ChosenFormat, ReportFile};
use super::flags::tls::ScanChoice;
use crate::plan::TlsMode;
use crate::render::{self, ExitCodes, Format, names_of_formats};
use crate::sasl::{self, CredentialKind};

/// Flags of a command that have an effect only under a condition.
struct Condition {
    command: &'static str,
    /// The ids of the flags, with underscores.
    flags: &'static [&'static str],
    /// Whether the flags have an effect.
    is_met: fn(&ArgMatches) -> bool,
    /// Why the flags have no effect.
    reason: &'static str,
    /// What to write instead.
    hint: &'static str,
}

const FROM_HOST_ALONE: &str = "has an effect only with the IP address of the server that sends mail";

const CONDITIONS: &[Condition] = &[
    Condition {
        command: "check",
        flags: &["auth", "authzid", "try_all_mechanisms", "allow_plaintext_auth"],
        is_met: |matches| is_on(matches, "user") || is_on(matches, "netrc") || needs_no_secret(matches),
        reason: "no user name given",
        hint: "add --user USER",
    },
    Condition {
        command: "check",
        flags: &["password_stdin", "password_file", "password_command"],
        is_met: |matches| !needs_no_secret(matches),
        reason: "the mechanisms in --auth use no password",
        hint: "omit one of the flags",
    },
    Condition {
        command: "check",
        flags: &["warning", "critical"],
        is_met: writes_plugin_output,
        reason: "has an effect only with --format nagios",
        hint: "add --format nagios",
    },
    Condition {
        command: "domain",
        flags: &["warning", "critical"],
        is_met: writes_plugin_output,
        reason: "has an effect only with --format nagios",
        hint: "add --format nagios",
    },
    Condition {
        command: "exporter",
        flags: &["profile"],
        is_met: |_| false,
        reason: "the exporter uses all profiles",
        hint: "remove the flag, and name the profile in the request: module=NAME",
    },
    Condition {
        command: "domain",
        flags: &["from_host"],
        is_met: |matches| is_on(matches, "sending"),
        reason: FROM_HOST_ALONE,
        hint: "add --sending ADDRESS, the IP address of this server",
    },
    Condition {
        command: "domain",
        flags: &["wait"],
        is_met: |matches| matches.get_one::<u32>("retry") != Some(&0),
        reason: "has no effect with --retry 0",
        hint: "omit --retry, or specify a higher number of retries",
    },
    Condition {
        command: "check",
        flags: &["show_chain", "cert_days"],
        is_met: |matches| !(is_given(matches, "tls") && matches.get_one::<TlsMode>("tls") == Some(&TlsMode::None)),
        reason: "cannot be used with --tls none, because the server sends its certificate only with TLS",
        hint: "omit one of the flags",
    },
    Condition {
        command: "check",
        flags: &["tls_profile"],
        is_met: |matches| {
            !(is_given(matches, "tls_scan") && matches.get_one::<ScanChoice>("tls_scan") == Some(&ScanChoice::Off))
        },
        reason: "cannot be used with --tls-scan=off, because the comparison needs a scan",
        hint: "omit one of the flags",
    },
    Condition {
        command: "check",
        flags: &["wait"],
        is_met: |matches| matches.get_one::<u32>("retry") != Some(&0),
        reason: "has no effect with --retry 0",
        hint: "omit --retry, or specify a higher number of retries",
    },
    Condition {
        command: "watch",
        flags: &["for"],
        is_met: |_| false,
        reason: "a watch prints no configuration",
        hint: "use the flag without watch: smtpcheck TARGET --for PROGRAM",
    },
    Condition {
        command: "watch",
        flags: &[
            "user",
            "auth",
            "authzid",
            "try_all_mechanisms",
            "allow_plaintext_auth",
            "password_stdin",
            "password_file",
            "password_command",
            "token_command",
            "netrc",
        ],
        is_met: |matches| is_on(matches, "with_login") || is_on(matches, "no_auth"),
        reason: "a watch logs in only on request, because a server can lock an account after many logins",
        hint: "add --with-login, or omit the flag",
    },
    Condition {
        command: "watch",
        flags: &["auth", "authzid", "try_all_mechanisms", "allow_plaintext_auth", "with_login"],
        is_met: |matches| is_on(matches, "user") || is_on(matches, "netrc") || needs_no_secret(matches),
        reason: "no user name given",
        hint: "add --user USER",
    },
    Condition {
        command: "watch",
        flags: &["transcript", "warning", "critical", "show_chain"],
        is_met: |_| false,
        reason: "has no effect, because a watch prints one line for each check",
        hint: "omit it",
    },
    Condition {
        command: "watch",
        flags: &["wait"],
        is_met: |matches| matches.get_one::<u32>("retry") != Some(&0),
        reason: "has no effect with --retry 0",
        hint: "omit --retry, or specify a higher number of retries",
    },
    Condition {
        command: "batch",
        flags: &["auth", "authzid", "try_all_mechanisms", "allow_plaintext_auth", "login_host"],
        is_met: |matches| is_on(matches, "user") || needs_no_secret(matches),
        reason: "no user name given",
        hint: "add --user USER",
    },
    Condition {
        command: "batch",
        flags: &["user", "auth", "password_file", "password_command", "token_command"],
        is_met: |matches| is_on(matches, "login_host") || is_on(matches, "no_auth"),
        reason: "a batch logs in only to the hosts given with --login-host",
        hint: "add --login-host HOST, or omit the flag",
    },
    Condition {
        command: "batch",
        flags: &[
            "from",
            "to",
            "quit_after",
            "user",
            "login_host",
            "sni",
            "tls",
            "cert",
            "key",
            "cert_days",
            "tls_scan",
            "tls_profile",
            "probe",
            "insecure",
            "tls_min",
        ],
        is_met: |matches| !is_on(matches, "domain"),
        reason: "has no effect with --domain",
        hint: "omit one of the flags",
    },
    Condition {
        command: "batch",
        flags: &[
            "sending",
            "from_host",
            "dkim_selector",
            "list",
            "relay_recipient",
            "trust_anchor",
            "dns_port",
            "https_port",
        ],
        is_met: |matches| is_on(matches, "domain"),
        reason: "has an effect only with --domain",
        hint: "add --domain",
    },
    Condition {
        command: "batch",
        flags: &["from_host"],
        is_met: |matches| is_on(matches, "sending"),
        reason: FROM_HOST_ALONE,
        hint: "add --sending ADDRESS, the IP address of this server",
    },
    Condition {
        command: "batch",
        flags: &["columns"],
        is_met: |matches| is_csv(matches),
        reason: "has an effect only with --format csv",
        hint: "add --format csv",
    },
    Condition {
        command: "batch",
        flags: &["full", "resume"],
        is_met: |matches| !is_csv(matches),
        reason: "cannot be used with --format csv",
        hint: "omit one of the flags",
    },
    Condition {
        command: "batch",
        flags: &["resume"],
        is_met: |matches| matches.get_one::<PathBuf>("output").is_some_and(|path| path.as_os_str() != "-"),
        reason: "needs the file with the earlier records",
        hint: "add --output FILE",
    },
    Condition {
        command: "batch",
        flags: &["show_chain"],
        is_met: |_| false,
        reason: "has no effect, because a batch prints no certificates",
        hint: "omit it",
    },
    Condition {
        command: "batch",
        flags: &["profile"],
        is_met: |_| false,
        reason: "has no effect, because a batch has many targets",
        hint: "write @NAME as a target in the file",
    },
    Condition {
        command: "explain",
        flags: &["what"],
        is_met: |matches| !is_on(matches, "list"),
        reason: "--list shows all rules and takes no other argument",
        hint: "omit one of them",
    },
    Condition {
        command: "explain",
        flags: &["phase", "provider"],
        is_met: |matches| !is_on(matches, "list"),
        reason: "has no effect with --list",
        hint: "omit one of the flags",
    },
    Condition {
        command: "run",
        flags: &["file"],
        is_met: |matches| !is_on(matches, "record"),
        reason: "--record takes one target and reads no suite",
        hint: "write the flags of the check after --, and the file name of the new suite after --output",
    },
    Condition {
        command: "run",
        flags: &["only", "set", "jobs", "fail_fast", "format", "json", "report", "quiet", "verbose", "transcript"],
        is_met: |matches| !is_on(matches, "record"),
        reason: "has no effect with --record, which writes a suite",
        hint: "omit one of the flags",
    },
    Condition {
        command: "run",
        flags: &["jobs", "fail_fast", "report", "transcript"],
        is_met: |matches| !is_on(matches, "list"),
        reason: "has no effect with --list, which runs no check",
        hint: "omit one of the flags",
    },
    Condition {
        command: "sandbox",
        flags: &["port", "listen", "allow_remote", "dns", "ca_file", "quiet"],
        is_met: |matches| !is_on(matches, "list"),
        reason: "has no effect with --list, which starts no server",
        hint: "omit one of the flags",
    },
    Condition {
        command: "sandbox",
        flags: &["count"],
        is_met: |matches| is_on(matches, "list"),
        reason: "has an effect only with --list",
        hint: "add --list, or omit the flag",
    },
    Condition {
        command: "sandbox",
        flags: &["listen"],
        is_met: |matches| !(is_on(matches, "fleet") && listens_locally(matches)),
        reason: "has no effect with --fleet, whose servers listen on every address in 127.0.0.0/8",
        hint: "omit one of the flags",
    },
    Condition {
        command: "sandbox",
        flags: &["allow_remote"],
        is_met: |matches| is_on(matches, "fleet") || !listens_locally(matches),
        reason: "has no effect, because the servers listen on a loopback address",
        hint: "add --listen 0.0.0.0, or another IP address of this machine",
    },
];

/// Rejects empty values and flags without effect.
pub(super) fn reject(spec: &CommandSpec, command: &Command, matches: &ArgMatches) -> Result<(), UsageError> {
    if spec.is_hidden {
        return Ok(());
    }
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && is_given(matches, arg.get_id().as_str())) {
        // For an empty target, `command::parse` also shows the usage of the program.
        if arg.get_id() != "targets" {
            reject_empty(arg, matches)?;
        }
    }
    if matches!(spec.id, CommandId::Explain | CommandId::Report) {
        reject_second_input(spec, matches)?;
    }
    for condition in CONDITIONS.iter().filter(|condition| condition.command == spec.name) {
        let Some(id) = condition.flags.iter().find(|id| is_given(matches, id)) else { continue };
        if !(condition.is_met)(matches) {
            let arg = command.get_arguments().find(|arg| arg.get_id() == *id);
            let error = match arg.and_then(Arg::get_long) {
                Some(long) => UsageError::flag(format!("--{long}"), condition.reason),
                None => UsageError::new(condition.reason).with_value(first_value(matches, id)),
            };
            return Err(error.with_hint(condition.hint));
        }
    }
    reject_format(spec, matches)
}

/// Rejects a format that a watch, or the list of the checks of a suite, does not support.
fn reject_format(spec: &CommandSpec, matches: &ArgMatches) -> Result<(), UsageError> {
    let given = if is_given(matches, "format") { format(matches) } else { None };
    let lists = is_on(matches, "list") || is_on(matches, "dry_run");
    if let Some(format) = given.filter(|format| spec.id == CommandId::Run && lists && format.planned.is_none()) {
        let error = UsageError::flag("--format", "--list and --dry-run do not support this format");
        let usable = names_of_formats(|format| format.planned.is_some());
        return Err(error.with_value(format.name).with_hint(format!("use {usable}")));
    }
    if spec.id != CommandId::Watch {
        return Ok(());
    }
    if let Some(format) = given.filter(|format| format.watch.is_none()) {
        let error = UsageError::flag("--format", "a watch does not support this format");
        let usable = names_of_formats(|format| format.watch.is_some());
        let report = format.watch_summary.map(|_| format!(", or add --report {}=FILE", format.name));
        return Err(error.with_value(format.name).with_hint(format!("use {usable}{}", report.unwrap_or_default())));
    }
    let mut reports = is_given(matches, "report").then(|| reports(matches)).into_iter().flatten();
    match reports.find(|format| format.watch_summary.is_none()) {
        None => Ok(()),
        Some(format) => {
            let error = UsageError::flag("--report", "the report of a watch cannot have this format");
            let usable = names_of_formats(|format| format.watch_summary.is_some());
            Err(error.with_value(format.name).with_hint(format!("use {usable}")))
        }
    }
}

/// Rejects an empty value. If a variable in a script is empty, the command must fail rather than check something else.
fn reject_empty(arg: &Arg, matches: &ArgMatches) -> Result<(), UsageError> {
    let id = arg.get_id().as_str();
    let mut values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
    // A value of `--write-out` that consists of spaces is valid, because it prints these spaces.
    if !values.any(|value| value.is_empty() || (id != "write_out" && value.to_string_lossy().trim().is_empty())) {
        return Ok(());
    }
    Err(match arg.get_long() {
        Some(long) => empty_value(format!("--{long}")),
        None => empty_argument(&arg.get_value_names().unwrap_or_default().join(" ")),
    })
}

/// The error for a flag with an empty value.
pub(super) fn empty_value(flag: impl Into<Cow<'static, str>>) -> UsageError {
    UsageError::flag(flag, "the value is empty").with_value("").with_hint("write a value, or omit the flag")
}

/// The error for an empty argument that is not a flag.
pub(super) fn empty_argument(name: &str) -> UsageError {
    UsageError::new(format!("the argument {name} is empty")).with_hint("write a value, or omit the argument")
}

/// Rejects `-`, which is standard input, if it is given more than once.
fn reject_second_input(spec: &CommandSpec, matches: &ArgMatches) -> Result<(), UsageError> {
    let id = if spec.id == CommandId::Explain { "what" } else { "files" };
    let words = || matches.try_get_raw(id).ok().flatten().into_iter().flatten();
    let inputs = words().filter(|word| *word == "-").count();
    if spec.id == CommandId::Explain && inputs > 0 && words().count() > 1 {
        let error = UsageError::new("standard input (-) cannot be explained together with other arguments");
        return Err(error.with_hint("run smtpcheck once for each argument"));
    }
    if inputs > 1 {
        return Err(UsageError::new("standard input (-) is given more than once"));
    }
    Ok(())
}

/// Whether a flag or an argument is on the command line.
fn is_given(matches: &ArgMatches, id: &str) -> bool {
    matches.try_contains_id(id).unwrap_or(false) && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// Whether a flag is on or has a value, from any origin.
fn is_on(matches: &ArgMatches, id: &str) -> bool {
    match matches.try_get_one::<bool>(id) {
        Ok(on) => on.copied().unwrap_or(false),
        Err(_) => matches.try_contains_id(id).unwrap_or(false),
    }
}

fn first_value(matches: &ArgMatches, id: &str) -> String {
    let first = matches.try_get_raw(id).ok().flatten().and_then(|mut values| values.next());
    first.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}

fn format(matches: &ArgMatches) -> Option<&'static Format> {
    if is_on(matches, "json") {
        return render::format("json");
    }
    matches.try_get_one::<ChosenFormat>("format").ok().flatten().map(|format| format.0)
}

/// The formats of `--report`.
fn reports(matches: &ArgMatches) -> impl Iterator<Item = &'static Format> {
    matches.get_many::<ReportFile>("report").into_iter().flatten().map(|report| report.format.0)
}

/// Whether the result or a report is plugin output, which uses the thresholds of `--warning` and `--critical`.
fn writes_plugin_output(matches: &ArgMatches) -> bool {
    format(matches).into_iter().chain(reports(matches)).any(|format| format.exit_codes == ExitCodes::NagiosPlugin)
}

/// Whether `--auth` lists only mechanisms that need no password and no token, and therefore no `--user`.
fn needs_no_secret(matches: &ArgMatches) -> bool {
    let Some(Mechanisms(names)) = matches.get_one::<Mechanisms>("auth") else { return false };
    let is_free = |name: &String| {
        let needs = sasl::find(name).map(|mechanism| mechanism.needs);
        matches!(needs, Some(CredentialKind::ClientCertificate | CredentialKind::Nothing))
    };
    names.iter().all(is_free)
}

fn is_csv(matches: &ArgMatches) -> bool {
    matches.get_one::<BatchFormat>("format") == Some(&BatchFormat::Csv)
}

fn listens_locally(matches: &ArgMatches) -> bool {
    matches.get_one::<IpAddr>("listen").is_none_or(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::CONDITIONS;
    use crate::cli::commands::COMMANDS;
    use crate::cli::parse;

    fn message(words: &[&str]) -> Option<String> {
        parse(words.iter().map(Into::into).collect()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_flag_without_effect_is_a_usage_error_with_the_reason() {
        for (words, needle) in [
            (&["h.example", "--authzid", "a"][..], "--authzid: no user name given; add --user USER"),
            (&["h.example", "--auth", "PLAIN"], "--auth: no user name given"),
            (&["h.example", "--try-all-mechanisms"], "--try-all-mechanisms: no user name given"),
            (&["h.example", "--allow-plaintext-auth"], "--allow-plaintext-auth: no user name given"),
            (&["h.example", "--auth", "ANONYMOUS", "--password-stdin"], "--password-stdin: the mechanisms in --auth"),
            (&["h.example", "--warning", "5"], "--warning: has an effect only with --format nagios"),
            (&["h.example", "--critical", "5", "--json"], "--critical: has an effect only with"),
            (&["h.example", "--tls", "none", "--show-chain"], "--show-chain: cannot be used with --tls none"),
            (&["h.example", "--tls-scan=off", "--tls-profile", "mozilla-modern"], "needs a scan"),
            (&["h.example", "--retry", "0", "--wait", "1m"], "--wait: has no effect with --retry 0"),
            (&["h.example", "--write-out", "x", "--format", "junit"], "cannot be used with"),
            (&["ports", "h.example", "--jobs", "2"], "--jobs: "),
            (&["domain", "a.example", "--from-host", "mx.a.example"], "; add --sending ADDRESS"),
            (&["batch", "f", "--list", "none"], "--list: has an effect only with --domain"),
            (&["batch", "f", "--domain", "--from-host", "mx.a.example"], "; add --sending ADDRESS"),
            (&["explain", "--list", "foo"], "foo: --list shows all rules"),
            (&["explain", "--list", "--phase", "rcpt"], "--phase: has no effect with --list"),
            (&["explain", "550", "-"], "together with other arguments"),
            (&["report", "-", "-"], "given more than once"),
            (&["run", "--record", "a.example", "b.example"], "b.example: --record takes one target"),
            (&["run", "--record", "a.example", "--json"], "--json: has no effect with --record"),
            (&["run", "--record", "a.example", "--report", "junit=x"], "--report: has no effect with --record"),
            (&["run", "--list", "--fail-fast"], "--fail-fast: has no effect with --list"),
            (
                &["run", "--dry-run", "--format", "junit"],
                "--format junit: --list and --dry-run do not support this format; use text or json",
            ),
            (
                &["watch", "h.example", "--format", "junit"],
                "--format junit: a watch does not support this format; use text, json or ndjson",
            ),
            (&["watch", "h.example", "--format", "html"], "use text, json or ndjson, or add --report html=FILE"),
            (
                &["watch", "h.example", "--report", "junit=x"],
                "--report junit: the report of a watch cannot have this format; use text, json or html",
            ),
            (&["sandbox", "--list", "--port", "25"], "--port: has no effect with --list"),
            (&["sandbox", "--fleet", "1", "--count", "3"], "--count: has an effect only with --list"),
            (&["sandbox", "--fleet", "1", "--listen", "127.0.0.1"], "--listen: has no effect with --fleet"),
            (&["sandbox", "--allow-remote"], "--allow-remote: has no effect"),
            (&["help", "run", "explain"], "unexpected argument explain"),
            (&["version", "run"], "unexpected argument run"),
        ] {
            let message = message(words).unwrap_or_else(|| unreachable!("{words:?} is accepted"));
            assert!(message.contains(needle) && !message.contains('\n'), "{words:?}: {message}");
        }
    }

    #[test]
    fn a_flag_with_an_effect_is_accepted() {
        for words in [
            &["h.example", "--netrc", "--auth", "PLAIN"][..],
            &["h.example", "--auth", "EXTERNAL", "--cert", "c.pem", "--authzid", "a"],
            &["h.example", "--format", "nagios", "--warning", "5"],
            &["h.example", "--report", "nagios=x", "--warning", "5"],
            &["h.example", "--json", "--quiet", "--color", "always", "--jobs", "2"],
            &["h.example", "--tls-scan", "--tls-profile", "mozilla-modern"],
            &["explain", "--list", "--json"],
            &["run", "--list", "--json"],
            &["run", "--dry-run", "--jobs", "2", "--report", "junit=x"],
            &["run", "--record", "a.example", "-o", "x", "--", "--tls", "none"],
            &["sandbox", "--list", "--fleet", "1", "--count", "3", "--json"],
            &["sandbox", "--allow-remote", "--listen", "0.0.0.0"],
            &["report", "a", "-"],
        ] {
            assert_eq!(message(words), None, "{words:?}");
        }
    }

    #[test]
    fn an_empty_argument_is_a_usage_error_in_every_command() {
        let mut count = 0;
        for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden) {
            let command = spec.command(&[]);
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_action().takes_values()) {
                let (value, first) = match arg.get_long() {
                    Some(long) => (format!("--{long}="), "x"),
                    None => (String::new(), ""),
                };
                // `x` marks omitted words. An empty value of a flag is reported before a missing target.
                let words: Vec<&str> = [spec.name, &value, first].into_iter().filter(|word| *word != "x").collect();
                let Some(message) = message(&words) else {
                    // An empty target shows the usage of the program, which `cli::command` tests.
                    assert_eq!((spec.name, arg.get_id().as_str()), ("check", "targets"));
                    continue;
                };
                assert!(!message.contains('\n') && message.chars().count() < 400, "{words:?}: {message}");
                count += 1;
            }
        }
        assert!(count > 60, "{count}");
        for (words, expected) in [
            (&["run", ""][..], "the argument FILE is empty; write a value, or omit the argument"),
            (&["report", ""], "the argument FILE is empty; write a value, or omit the argument"),
            (&["providers", ""], "the argument NAME is empty; write a value, or omit the argument"),
            (&["explain", "550", ""], "the argument WHAT is empty; write a value, or omit the argument"),
            (&["demo", ""], "the argument SCENARIO is empty; write a value, or omit the argument"),
            (&["help", ""], "the argument COMMAND is empty; write a value, or omit the argument"),
            (&["run", "--record", ""], "--record \"\": the value is empty; write a value, or omit the flag"),
            (&["run", "--only", ""], "--only \"\": the value is empty; write a value, or omit the flag"),
            (&["h.example", "--profile", ""], "--profile \"\": the value is empty; write a value, or omit the flag"),
            (&["h.example", "--output", ""], "--output: no value given"),
            (&["h.example", "--auth", ""], "--auth \"\": a mechanism is empty; for example: PLAIN,LOGIN"),
        ] {
            assert_eq!(message(words).as_deref(), Some(expected), "{words:?}");
        }
    }

    #[test]
    fn every_condition_names_flags_of_its_command() {
        for condition in CONDITIONS {
            let spec = COMMANDS.iter().find(|spec| spec.name == condition.command);
            let command = spec.map(|spec| spec.command(&[]));
            for id in condition.flags {
                let is_known =
                    command.as_ref().is_some_and(|known| known.get_arguments().any(|arg| arg.get_id() == *id));
                assert!(is_known, "{}: {id}", condition.command);
            }
        }
    }
}
