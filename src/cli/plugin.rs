//! smtpcheck as a monitoring plugin: finds out whether it was called as a plugin, and parses the flags of check_smtp.
//! Plugins report errors differently, so this must be known before the command line is parsed.

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{Args, FromArgMatches};
use regex_lite::Regex;

use super::UsageError;
use super::command::{Declared, matches, usage_error};
use super::commands::Missing;
use crate::host::environment;
use crate::render::{self, ExitCodes};
use crate::sasl::{self, CredentialKind};

/// The name of the plugin that smtpcheck can replace.
pub const NAME: &str = "check_smtp";

/// Whether the output is for a monitoring system: the program is called by the name of the plugin, or `--format nagios` is
/// given on the command line or in the environment.
pub fn is_wanted(words: &[OsString]) -> bool {
    if is_called(words) {
        return true;
    }
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let before_dashes = || words.iter().take_while(|word| *word != "--");
    let after_flag = before_dashes().zip(before_dashes().skip(1)).filter(|(flag, _)| *flag == "--format");
    let joined = before_dashes().filter_map(|word| word.strip_prefix("--format="));
    let is_of_plugins =
        |name: &str| render::format(name).is_some_and(|format| format.exit_codes == ExitCodes::NagiosPlugin);
    match after_flag.map(|(_, value)| value.as_str()).chain(joined).last() {
        Some(name) => is_of_plugins(name),
        None => environment::text("SMTPCHECK_FORMAT").is_ok_and(|name| is_of_plugins(&name)),
    }
}

/// Whether the program is called by the name of the plugin.
pub fn is_called(words: &[OsString]) -> bool {
    words.first().is_some_and(|program| Path::new(program).file_stem().is_some_and(|stem| stem == NAME))
}

/// Parses the arguments, without the name of the program. The inner error is the text of the help or the version.
pub fn parse(words: Vec<OsString>) -> Result<Result<PluginCheck, String>, UsageError> {
    let command = PluginArgs::augment_args(clap::Command::new(NAME))
        .version(concat!("(smtpcheck ", env!("CARGO_PKG_VERSION"), ")"))
        .about("Checks an SMTP server like the plugin check_smtp. Also evaluates every reply and verifies the certificate.")
        .override_usage("check_smtp -H HOST [FLAGS]")
        .after_help(AFTER_HELP);
    let missing = Missing { reason: "no host given", hint: "for example: check_smtp -H mail.example.net" };
    let declared = Declared { program: NAME.to_owned(), missing: Some(missing), command: &command };
    match matches(command.clone(), &words) {
        Ok(matches) => {
            let args = PluginArgs::from_arg_matches(&matches).map_err(|error| usage_error(&error, &declared))?;
            args.check().map(Ok)
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Err(error.to_string()))
        }
        // --hostname is the only required argument.
        Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
            Err(UsageError::new(missing.reason).with_hint(missing.hint))
        }
        Err(error) => Err(usage_error(&error, &declared)),
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

smtpcheck HOST --format nagios prints the same output and has more flags.";

/// The flags of check_smtp 2.x, and flags for the source of the password.
#[derive(Args, Clone, Debug)]
pub struct PluginArgs {
    /// Host name or IP address
    #[arg(short = 'H', long = "hostname", value_name = "HOST", required = true)]
    pub host: String,
    /// Port [default: 25, or 465 with --ssl]
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<String>,
    /// Use only IPv4
    #[arg(short = '4', long = "use-ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use only IPv6
    #[arg(short = '6', long = "use-ipv6")]
    pub ipv6: bool,
    /// Text that the greeting must contain
    #[arg(short, long, value_name = "TEXT", default_value = "220")]
    pub expect: String,
    /// Command to send: MAIL FROM:<a@example.org> or RCPT TO:<b@example.net>; other commands are rejected (repeatable)
    #[arg(short = 'C', long = "command", value_name = "LINE")]
    pub commands: Vec<String>,
    /// Regular expression that the reply to the command at the same position must match (repeatable)
    #[arg(short = 'R', long = "response", value_name = "REGEX")]
    pub responses: Vec<String>,
    /// Sender for MAIL FROM
    #[arg(short, long, value_name = "ADDR")]
    pub from: Option<String>,
    /// Client name to send in EHLO [default: this machine's host name]
    #[arg(short = 'F', long, value_name = "NAME")]
    pub fqdn: Option<String>,
    /// Mechanism to log in with: LOGIN, or another mechanism that smtpcheck implements
    #[arg(short = 'A', long = "authtype", value_name = "MECH")]
    pub auth: Option<String>,
    /// User name to log in with
    #[arg(short = 'U', long = "authuser", value_name = "USER")]
    pub user: Option<String>,
    /// Not supported, because any user of this machine could read it in the process list
    #[arg(short = 'P', long = "authpass", value_name = "PASSWORD", num_args = 0..=1, default_missing_value = "", hide = true)]
    pub password: Option<String>,
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<String>,
    /// Read the password from this command's output
    #[arg(long, value_name = "CMD")]
    pub password_command: Option<String>,
    /// WARNING if the duration in seconds is greater than this number, or outside this range ([@]start:end)
    #[arg(short, long, value_name = "RANGE")]
    pub warning: Option<String>,
    /// CRITICAL if the duration in seconds is greater than this number, or outside this range
    #[arg(short, long, value_name = "RANGE")]
    pub critical: Option<String>,
    /// Overall time limit in seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "10")]
    pub timeout: String,
    /// WARNING, or CRITICAL, if the certificate expires within this many days; uses STARTTLS unless --ssl is given
    #[arg(short = 'D', long = "certificate", value_name = "WARN[,CRIT]")]
    pub days: Option<String>,
    /// Use STARTTLS, and fail if it is not possible
    #[arg(short = 'S', long)]
    pub starttls: bool,
    /// Use implicit TLS
    #[arg(short = 's', long, visible_alias = "tls")]
    pub ssl: bool,
    /// Trust the CA certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<String>,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Accepted without effect: smtpcheck always sends the server name in TLS (SNI)
    #[arg(long, hide = true)]
    pub sni: bool,
    /// Accepted without effect: smtpcheck always ignores a failed QUIT
    #[arg(short = 'q', long, hide = true)]
    pub ignore_quit_failure: bool,
    /// Also print the session
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// A check with the flags of the plugin.
#[derive(Debug)]
pub struct PluginCheck {
    /// The equivalent arguments of `smtpcheck check`.
    pub words: Vec<OsString>,
    /// Text that the greeting must contain.
    pub greeting: String,
    /// The expected replies to commands.
    pub answers: Vec<ExpectedReply>,
}

/// The expected reply to a command.
#[derive(Debug)]
pub struct ExpectedReply {
    /// The command.
    pub command: PluginCommand,
    /// The regular expression as the user wrote it.
    pub pattern: String,
    /// The compiled `pattern`.
    pub regex: Regex,
}

/// A command that `-C` can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginCommand {
    /// MAIL FROM.
    Mail,
    /// RCPT TO; the number is its position among all RCPT TO commands, from 0.
    Rcpt(usize),
}

impl PluginArgs {
    /// Converts the flags of the plugin to a check.
    pub fn check(&self) -> Result<PluginCheck, UsageError> {
        if self.password.is_some() {
            let reason = "not supported: any user of this machine could read the password in the process list";
            let hint = "use --password-file FILE, --password-command CMD, or set SMTPCHECK_PASSWORD";
            return Err(UsageError::flag("-P", reason).with_hint(hint));
        }
        let needs_user =
            |name: &str| sasl::find(name).is_none_or(|mechanism| mechanism.needs != CredentialKind::Nothing);
        if self.user.is_none() && self.auth.as_deref().is_some_and(needs_user) {
            return Err(UsageError::flag("-A", "no user name given").with_hint("add -U USER"));
        }
        let seconds = self.timeout.parse::<u32>().ok().filter(|seconds| (1..=86_400).contains(seconds));
        let Some(seconds) = seconds else {
            let error = UsageError::flag("-t", "not a whole number of seconds").with_value(&self.timeout);
            return Err(error.with_hint("use a number of seconds, for example 10"));
        };
        let mut words: Vec<OsString> = Vec::new();
        let mut add = |flag: &str, value: &str| words.extend([flag.into(), value.into()]);
        let mode = match (self.ssl, self.starttls || self.days.is_some()) {
            (true, _) => "implicit",
            (false, true) => "starttls",
            (false, false) => "none",
        };
        add("--format", "nagios");
        add("--tls", mode);
        add("--port", self.port.as_deref().unwrap_or(if self.ssl { "465" } else { "25" }));
        for flag in ["--max-time", "--connect-timeout", "--timeout"] {
            add(flag, &format!("{seconds}s"));
        }
        let optional = [
            ("--ehlo", &self.fqdn),
            ("--user", &self.user),
            ("--auth", &self.auth),
            ("--password-file", &self.password_file),
            ("--password-command", &self.password_command),
            ("--warning", &self.warning),
            ("--critical", &self.critical),
            ("--cert-days", &self.days),
            ("--cacert", &self.cacert),
        ];
        for (flag, value) in optional {
            value.iter().for_each(|value| add(flag, value));
        }
        let (mut from, mut to) = (self.from.clone(), 0);
        let mut answers = Vec::new();
        for (at, line) in self.commands.iter().enumerate() {
            let command = if let Some(path) = after(line, "MAIL FROM:") {
                from = Some(path);
                PluginCommand::Mail
            } else if let Some(path) = after(line, "RCPT TO:") {
                add("--to", &path);
                to += 1;
                PluginCommand::Rcpt(to - 1)
            } else {
                let reason = "smtpcheck sends only MAIL FROM:<address> and RCPT TO:<address>, and never a message";
                return Err(UsageError::flag("-C", reason).with_value(line));
            };
            if let Some(pattern) = self.responses.get(at) {
                let wrong = |error: regex_lite::Error| UsageError::flag("-R", error.to_string()).with_value(pattern);
                answers.push(ExpectedReply {
                    command,
                    pattern: pattern.clone(),
                    regex: Regex::new(pattern).map_err(wrong)?,
                });
            }
        }
        if self.responses.len() > self.commands.len() {
            return Err(UsageError::flag("-R", "there are more -R flags than -C flags")
                .with_hint("add one -C flag for each -R flag"));
        }
        from.iter().for_each(|from| add("--from", from));
        let facts = [
            ("--ipv4", self.ipv4),
            ("--ipv6", self.ipv6),
            ("--insecure", self.insecure),
            ("--verbose", self.verbose > 0),
        ];
        words.extend(facts.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| OsString::from(*flag)));
        words.extend(["--".into(), OsString::from(&self.host)]);
        Ok(PluginCheck { words, greeting: self.expect.clone(), answers })
    }
}

/// The path in a command, without angle brackets. The null sender `<>` keeps its brackets.
fn after(line: &str, command: &str) -> Option<String> {
    let begins = line.get(..command.len()).is_some_and(|start| start.eq_ignore_ascii_case(command));
    let path = line.get(command.len()..).filter(|_| begins)?.trim();
    let bare = path.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).filter(|bare| !bare.is_empty());
    Some(bare.unwrap_or(path).to_owned())
}
