//! The program as a monitoring plugin: whether it is one has to be known before anything can be wrong with the words.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, FromArgMatches};
use regex_lite::Regex;

use super::UsageError;
use super::command::{matches, usage_message};

/// The name of the plugin whose place it can take.
pub const NAME: &str = "check_smtp";

/// Whether the answer is for a scheduler: it is called by the name of the plugin, or `--format nagios` is given, there
/// or in the environment.
pub fn is_wanted(words: &[OsString]) -> bool {
    if is_called(words) {
        return true;
    }
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let before_dashes = || words.iter().take_while(|word| *word != "--");
    let after_flag = before_dashes().zip(before_dashes().skip(1)).filter(|(flag, _)| *flag == "--format");
    let joined = before_dashes().filter_map(|word| word.strip_prefix("--format="));
    match after_flag.map(|(_, value)| value.as_str()).chain(joined).last() {
        Some(format) => format == "nagios",
        None => std::env::var("SMTPCHECK_FORMAT").is_ok_and(|format| format == "nagios"),
    }
}

/// Whether the program is called by the name of the plugin.
pub fn is_called(words: &[OsString]) -> bool {
    words.first().is_some_and(|program| Path::new(program).file_stem().is_some_and(|stem| stem == NAME))
}

/// Reads the words after the name: a check, or a text that was asked for.
pub fn parse(words: Vec<OsString>) -> Result<Result<PluginCheck, String>, UsageError> {
    let command = PluginArgs::augment_args(clap::Command::new(NAME))
        .version(concat!("(smtpcheck ", env!("CARGO_PKG_VERSION"), ")"))
        .about("Checks an SMTP server as the plugin check_smtp does, and judges every reply and the certificate.")
        .override_usage("check_smtp -H HOST [FLAGS]")
        .after_help(AFTER_HELP);
    match matches(command, words)? {
        Ok(matches) => PluginArgs::from_arg_matches(&matches).map_err(|error| usage_message(&error))?.check().map(Ok),
        Err(text) => Ok(Err(text)),
    }
}

const AFTER_HELP: &str = "\
Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

smtpcheck itself has more: the same answer with smtpcheck HOST --format nagios.";

/// The flags of check_smtp 2.x, and where a secret comes from.
#[derive(Args, Clone, Debug)]
pub struct PluginArgs {
    /// Host name or address
    #[arg(short = 'H', long = "hostname", value_name = "HOST", required = true)]
    pub host: String,
    /// Port [default: 25, with --ssl 465]
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<String>,
    /// Use IPv4 only
    #[arg(short = '4', long = "use-ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long = "use-ipv6")]
    pub ipv6: bool,
    /// What the greeting has to hold
    #[arg(short, long, value_name = "TEXT", default_value = "220")]
    pub expect: String,
    /// MAIL FROM:<a@example.org> or RCPT TO:<b@example.net> (repeat); nothing else is sent
    #[arg(short = 'C', long = "command", value_name = "LINE")]
    pub commands: Vec<String>,
    /// What the answer to the command of the same place has to match, a regular expression (repeat)
    #[arg(short = 'R', long = "response", value_name = "REGEX")]
    pub responses: Vec<String>,
    /// Sender for MAIL FROM
    #[arg(short, long, value_name = "ADDR")]
    pub from: Option<String>,
    /// Name to announce [default: this machine's]
    #[arg(short = 'F', long, value_name = "NAME")]
    pub fqdn: Option<String>,
    /// Mechanism of the login: LOGIN, or any other that smtpcheck has
    #[arg(short = 'A', long = "authtype", value_name = "MECH")]
    pub auth: Option<String>,
    /// User to log in
    #[arg(short = 'U', long = "authuser", value_name = "USER")]
    pub user: Option<String>,
    /// Is refused: the list of processes shows it to everybody
    #[arg(short = 'P', long = "authpass", value_name = "PASSWORD", num_args = 0..=1, default_missing_value = "", hide = true)]
    pub password: Option<String>,
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<String>,
    /// Read the password from the output of this command
    #[arg(long, value_name = "CMD")]
    pub password_command: Option<String>,
    /// Seconds that are a WARNING, a number or a range [@]start:end
    #[arg(short, long, value_name = "RANGE")]
    pub warning: Option<String>,
    /// Seconds that are CRITICAL
    #[arg(short, long, value_name = "RANGE")]
    pub critical: Option<String>,
    /// Seconds until everything has to be over
    #[arg(short, long, value_name = "SECONDS", default_value = "10")]
    pub timeout: String,
    /// Days left of the certificate that are a WARNING, and CRITICAL; with STARTTLS unless --ssl is given
    #[arg(short = 'D', long = "certificate", value_name = "WARN[,CRIT]")]
    pub days: Option<String>,
    /// Use STARTTLS, and fail without it
    #[arg(short = 'S', long)]
    pub starttls: bool,
    /// Use TLS from the first byte
    #[arg(short = 's', long, visible_alias = "tls")]
    pub ssl: bool,
    /// Trust the certificates in this PEM file, in the place of the system's
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<String>,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub insecure: bool,
    /// Is the rule here
    #[arg(long, hide = true)]
    pub sni: bool,
    /// Is the rule here
    #[arg(short = 'q', long, hide = true)]
    pub ignore_quit_failure: bool,
    /// The conversation too
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// A check in the words of the plugin.
#[derive(Debug)]
pub struct PluginCheck {
    /// The same in the words of `smtpcheck check`, without its name.
    pub words: Vec<OsString>,
    /// What the greeting has to hold.
    pub greeting: String,
    /// What answers have to match.
    pub answers: Vec<ExpectedReply>,
}

/// What the answer to a command has to match.
#[derive(Debug)]
pub struct ExpectedReply {
    /// The command.
    pub command: PluginCommand,
    /// The expression as it was written, and as it is matched.
    pub pattern: String,
    /// See `pattern`.
    pub regex: Regex,
}

/// A command that may be sent: nothing that begins a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginCommand {
    /// MAIL FROM.
    Mail,
    /// RCPT TO, by its place from 0.
    Rcpt(usize),
}

impl PluginArgs {
    /// The same as a check.
    pub fn check(&self) -> Result<PluginCheck, UsageError> {
        if self.password.is_some() {
            return Err(UsageError::new(
                "-P shows the password to everybody on this machine, in the list of processes; in its place write --password-file FILE, --password-command CMD, or set SMTPCHECK_PASSWORD",
            ));
        }
        let seconds = self.timeout.parse::<u32>().ok().filter(|seconds| (1..=86_400).contains(seconds));
        let Some(seconds) = seconds else {
            return Err(UsageError::new(format!(
                "-t {}: write whole seconds, for example 10",
                self.timeout.escape_debug()
            )));
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
                return Err(UsageError::new(format!(
                    "-C {}: only MAIL FROM:<address> and RCPT TO:<address> are sent; smtpcheck begins no message",
                    line.escape_debug()
                )));
            };
            if let Some(pattern) = self.responses.get(at) {
                let wrong = |error| UsageError::new(format!("-R {}: {error}", pattern.escape_debug()));
                answers.push(ExpectedReply {
                    command,
                    pattern: pattern.clone(),
                    regex: Regex::new(pattern).map_err(wrong)?,
                });
            }
        }
        if self.responses.len() > self.commands.len() {
            return Err(UsageError::new("-R is for the command of the same place: there are fewer -C than -R"));
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

/// The address of a command, without its brackets but for the null sender.
fn after(line: &str, command: &str) -> Option<String> {
    let begins = line.get(..command.len()).is_some_and(|start| start.eq_ignore_ascii_case(command));
    let path = line.get(command.len()..).filter(|_| begins)?.trim();
    let bare = path.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).filter(|bare| !bare.is_empty());
    Some(bare.unwrap_or(path).to_owned())
}
