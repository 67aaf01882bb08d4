//! Which verb, and its arguments.
//!
//! `smtpcheck smtp.example.net` must work without a verb, and no verb of a later version may take a host's name away.
//! So: a first word with `.`, `:`, `[`, `/` or `@`, or with a digit at its start, is a host. Other words are verbs if
//! they are known or reserved, else hosts (`mailpit`). Any word can be checked as `smtp://WORD`.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::UsageError;
use super::args::{CheckArgs, ExplainArgs, ProvidersArgs, with_environment};
use super::config::{self, ConfigArgs, Settings};
use super::pages::{CompletionsArgs, ManArgs};
use super::ports::PortsArgs;
use super::report::ReportArgs;
use super::run::RunArgs;
use super::sandbox::{DemoArgs, SandboxArgs};

/// One verb of the command line.
pub struct CommandSpec {
    /// Its word.
    pub name: &'static str,
    /// Its flags, as clap knows them.
    pub command: fn() -> Command,
    read: fn(Command, Vec<OsString>) -> Result<Invocation, UsageError>,
}

const CHECK: CommandSpec = CommandSpec { name: "check", command: check_command, read: check };

/// All verbs, in the order of the help. Help, completions and manual pages are made of this list.
pub const COMMANDS: &[CommandSpec] = &[
    CHECK,
    CommandSpec {
        name: "run",
        command: run_command,
        read: |command, words| only(command, words, |args| Invocation::Run(Box::new(args))),
    },
    CommandSpec { name: "ports", command: ports_command, read: ports },
    CommandSpec {
        name: "explain",
        command: explain_command,
        read: |command, words| only(command, words, Invocation::Explain),
    },
    CommandSpec { name: "demo", command: demo_command, read: |command, words| only(command, words, Invocation::Demo) },
    CommandSpec {
        name: "sandbox",
        command: sandbox_command,
        read: |command, words| only(command, words, Invocation::Sandbox),
    },
    CommandSpec {
        name: "providers",
        command: providers_command,
        read: |command, words| only(command, words, Invocation::Providers),
    },
    CommandSpec {
        name: "report",
        command: report_command,
        read: |command, words| only(command, words, Invocation::Report),
    },
    CommandSpec {
        name: "config",
        command: config_command,
        read: |command, words| only(command, words, Invocation::Config),
    },
    CommandSpec {
        name: "completions",
        command: completions_command,
        read: |command, words| only(command, words, Invocation::Completions),
    },
    CommandSpec { name: "man", command: man_command, read: |command, words| only(command, words, Invocation::Man) },
    CommandSpec { name: "schema", command: schema_command, read: schema },
];

/// Words that later versions may use, or that people type by habit.
const RESERVED: &[&str] = &[
    "domain", "mx", "batch", "watch", "exporter", "send", "serve", "init", "doctor", "diff", "list", "login", "update",
];

/// What the user wants.
#[derive(Debug)]
pub enum Invocation {
    /// Check one or more servers.
    Check(Box<CheckArgs>, ArgMatches),
    /// Run a suite.
    Run(Box<RunArgs>),
    /// Look at the mail ports of a host.
    Ports(Box<PortsArgs>, ArgMatches),
    /// Explain rules, replies, logs.
    Explain(ExplainArgs),
    /// Show saved reports.
    Report(ReportArgs),
    /// Show known providers.
    Providers(ProvidersArgs),
    /// Serve servers that are wrong on purpose.
    Sandbox(SandboxArgs),
    /// Check such a server at once.
    Demo(DemoArgs),
    /// Show what the configuration file and the environment make of a check.
    Config(ConfigArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print a manual page.
    Man(ManArgs),
    /// Print a JSON Schema.
    Schema(SchemaOf),
    /// Print a text (help or version) and be done.
    Print(String),
    /// Nothing was given; the lines say how to call the program.
    NothingGiven(UsageError),
}

/// Whose JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// Of the report of a check.
    Report,
    /// Of one line of the format `ndjson`.
    Event,
    /// Of a suite's file.
    Suite,
    /// Of the answer of `smtpcheck run --json`.
    Run,
    /// Of the answer of `smtpcheck ports`.
    Ports,
    /// Of one line of `smtpcheck explain --json`.
    Explain,
    /// Of the answer of `smtpcheck providers --json`.
    Providers,
    /// Of the configuration file.
    Config,
}

impl SchemaOf {
    /// Each with its word, the default first.
    pub const ALL: &[(&str, SchemaOf)] = &[
        ("report", SchemaOf::Report),
        ("event", SchemaOf::Event),
        ("suite", SchemaOf::Suite),
        ("run", SchemaOf::Run),
        ("ports", SchemaOf::Ports),
        ("explain", SchemaOf::Explain),
        ("providers", SchemaOf::Providers),
        ("config", SchemaOf::Config),
    ];
}

/// Reads the words after the program's name.
pub(super) fn parse(words: Vec<OsString>, settings: &Settings) -> Result<Invocation, UsageError> {
    let first = first_word(&words);
    let name = first.as_ref().map(|(_, word)| word.clone());
    match name.as_deref() {
        Some("help") => return Ok(Invocation::Print(help_of(without(words, first).first()))),
        Some("version") => return Ok(Invocation::Print(version())),
        Some(word) if RESERVED.contains(&word) => {
            return Err(UsageError::new(format!(
                "`{word}` is kept for a command of a later version; to check a host of that name write smtp://{word}"
            )));
        }
        _ => {}
    }
    let known = name.and_then(|word| find_command(&word));
    let (verb, words) = match known {
        Some(verb) => (verb, without(words, first)),
        None => (&CHECK, words),
    };
    let settings = settings.of(verb.name);
    let (command, from_file) = settings.apply((verb.command)(), &words);
    let mut invocation = (verb.read)(command, words)?;
    config::complete(&mut invocation, &settings, from_file)?;
    Ok(invocation)
}

/// Whether a call is about one server, which a profile can name.
pub(super) fn takes_profile(words: &[OsString]) -> bool {
    let verb = first_word(words).and_then(|(_, word)| find_command(&word));
    verb.is_none_or(|verb| matches!(verb.name, "check" | "ports" | "config"))
}

/// Whether a call does something that a configuration file can change. Help is given even when the file is broken.
pub(super) fn takes_settings(words: &[OsString]) -> bool {
    let help = |word: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| word == flag);
    let printed = ["help", "version", "schema", "completions", "man"];
    let first = first_word(words).map(|(_, word)| word);
    !words.is_empty() && !words.iter().any(help) && !first.is_some_and(|word| printed.contains(&word.as_str()))
}

/// The verb of that name; what looks like a host is none.
fn find_command(word: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|verb| verb.name == word && !looks_like_host(word))
}

/// Whether a word can never be a verb.
fn looks_like_host(word: &str) -> bool {
    word.contains(['.', ':', '[', '/', '@']) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// The first word that is neither a flag nor a flag's value, and where it stands.
fn first_word(words: &[OsString]) -> Option<(usize, String)> {
    plain_words(words).into_iter().next()
}

/// The targets of a check, or the host of `ports`, as they stand in the words.
pub(super) fn targets(words: &[OsString]) -> Vec<String> {
    let after = words.iter().skip_while(|word| *word != "--").skip(1).map(|word| word.to_string_lossy().into_owned());
    let mut plain = plain_words(words).into_iter().map(|(_, word)| word).chain(after).peekable();
    match plain.peek().and_then(|word| find_command(word)).map(|verb| verb.name) {
        Some("check" | "ports") => plain.skip(1).collect(),
        Some(_) => Vec::new(),
        None => plain.collect(),
    }
}

/// The words before `--` that are neither flags nor values of flags, and where they stand.
fn plain_words(words: &[OsString]) -> Vec<(usize, String)> {
    let command = check_command();
    let takes_value = |flag: &str| {
        command.get_arguments().any(|arg| {
            let names = arg.get_long().map(|long| format!("--{long}")).into_iter();
            let aliases = arg.get_all_aliases().unwrap_or_default().into_iter().map(|alias| format!("--{alias}"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            let matched = names.chain(aliases).chain(short).any(|name| name == flag);
            matched && arg.get_action().takes_values() && !arg.is_require_equals_set()
        })
    };
    let (mut at, mut plain) = (0, Vec::new());
    while let Some(word) = words.get(at).map(|word| word.to_string_lossy().into_owned()) {
        match word.as_str() {
            "--" => break,
            flag if flag.starts_with('-') && flag.len() > 1 => at += if takes_value(flag) { 2 } else { 1 },
            _ => {
                plain.push((at, word));
                at += 1;
            }
        }
    }
    plain
}

/// Whether a flag is on the command line, by any of its names.
pub(super) fn mentions(words: &[OsString], flag: &str) -> bool {
    let mut names = vec![flag.to_owned()];
    let mut shorts = Vec::new();
    for command in COMMANDS.iter().map(|spec| (spec.command)()) {
        if let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == flag.strip_prefix("--")) {
            names.extend(arg.get_all_aliases().unwrap_or_default().into_iter().map(|alias| format!("--{alias}")));
            shorts.extend(arg.get_short());
        }
    }
    words.iter().take_while(|word| *word != "--").any(|word| {
        let word = word.to_string_lossy();
        let name = word.split('=').next().unwrap_or_default();
        let is_short = word.starts_with('-') && !word.starts_with("--") && word.contains(shorts.as_slice());
        is_short || names.iter().any(|known| known == name)
    })
}

fn without(mut words: Vec<OsString>, verb: Option<(usize, String)>) -> Vec<OsString> {
    if let Some((at, _)) = verb {
        words.remove(at);
    }
    words
}

fn check(command: Command, words: Vec<OsString>) -> Result<Invocation, UsageError> {
    if words.is_empty() {
        // A script whose variable is empty must not take this for a check that passed.
        return Ok(Invocation::NothingGiven(UsageError {
            pointed: [
                "",
                "Usage: smtpcheck [check] TARGET... [FLAGS]",
                "       smtpcheck COMMAND [ARGUMENTS]",
                "",
                "smtpcheck --help lists the commands and the flags.",
            ]
            .map(str::to_owned)
            .into(),
            ..UsageError::new("no server given; write for example: smtpcheck smtp.example.net:587")
        }));
    }
    match matches(command, words)? {
        Ok(matches) => {
            let args = CheckArgs::from_arg_matches(&matches).map_err(|error| usage_message(&error))?;
            Ok(Invocation::Check(Box::new(args), matches))
        }
        Err(text) => Ok(Invocation::Print(text)),
    }
}

/// A verb that needs nothing but its flags.
fn only<A: FromArgMatches>(
    command: Command,
    words: Vec<OsString>,
    wanted: fn(A) -> Invocation,
) -> Result<Invocation, UsageError> {
    match matches(command, words)? {
        Ok(matches) => A::from_arg_matches(&matches).map(wanted).map_err(|error| usage_message(&error)),
        Err(text) => Ok(Invocation::Print(text)),
    }
}

fn ports(command: Command, words: Vec<OsString>) -> Result<Invocation, UsageError> {
    match matches(command, words)? {
        Ok(matches) => {
            let args = PortsArgs::from_arg_matches(&matches).map_err(|error| usage_message(&error))?;
            Ok(Invocation::Ports(Box::new(args), matches))
        }
        Err(text) => Ok(Invocation::Print(text)),
    }
}

fn schema(command: Command, words: Vec<OsString>) -> Result<Invocation, UsageError> {
    match matches(command, words)? {
        Ok(matches) => {
            let word = matches.get_one::<String>("of").map_or("report", String::as_str);
            let chosen = SchemaOf::ALL.iter().find(|(name, _)| *name == word);
            Ok(Invocation::Schema(chosen.map_or(SchemaOf::Report, |(_, of)| *of)))
        }
        Err(text) => Ok(Invocation::Print(text)),
    }
}

/// The matches, or a text that was asked for.
pub(super) fn matches(command: Command, words: Vec<OsString>) -> Result<Result<ArgMatches, String>, UsageError> {
    let program = OsString::from("smtpcheck");
    match command.try_get_matches_from(std::iter::once(program).chain(words)) {
        Ok(matches) => Ok(Ok(matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(Err(error.to_string())),
            _ => Err(usage_message(&error)),
        },
    }
}

/// clap's message on one line, without the usage block.
pub(super) fn usage_message(error: &clap::Error) -> UsageError {
    if error.kind() == ErrorKind::MissingRequiredArgument && error.to_string().contains("<FILE>") {
        return UsageError::new("a file is missing; write for example: smtpcheck report saved.json");
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && error.to_string().contains("--hostname") {
        return UsageError::new("a host is missing; write for example: check_smtp -H mail.example.net");
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && error.to_string().contains("<WHAT>") {
        return UsageError::new("nothing to explain; write for example: smtpcheck explain 550 5.1.1 User unknown");
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && error.to_string().contains("<ACTION>") {
        return UsageError::new("config does one thing so far; write smtpcheck config show");
    }
    if error.kind() == ErrorKind::MissingRequiredArgument {
        return UsageError::new("a target is missing; write for example: smtpcheck smtp.example.net:587");
    }
    let text = error.to_string();
    let useful = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let joined = useful
        .map(|line| line.trim_start_matches("error: ").trim_start_matches("tip: "))
        .collect::<Vec<_>>()
        .join("; ");
    UsageError::new(format!("{joined}; smtpcheck --help lists all flags"))
}

fn check_command() -> Command {
    let command = Command::new("smtpcheck")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Says why mail does not flow: checks one SMTP server, shows the conversation, names the cause and the fix.\nNever sends a message.")
        .override_usage("smtpcheck [check] TARGET... [FLAGS]\n       smtpcheck run [FILE]\n       smtpcheck ports HOST\n       smtpcheck explain WHAT... | - | --list\n       smtpcheck demo [SCENARIO]\n       smtpcheck sandbox [SCENARIO...] | --list\n       smtpcheck providers [NAME]\n       smtpcheck report FILE...\n       smtpcheck config show\n       smtpcheck completions SHELL | man [VERB] | schema [OF]")
        .after_help(AFTER_HELP);
    let about = command.get_about().cloned();
    with_environment(CheckArgs::augment_args(command)).about(about.unwrap_or_default())
}

fn explain_command() -> Command {
    // After the flags, whose type would lend its own description.
    with_environment(ExplainArgs::augment_args(Command::new("smtpcheck explain")))
        .about("Explains rules, codes, replies and logs: what it is, what it means, how sure, what to do. Offline.")
        .override_usage("smtpcheck explain WHAT... | - | --list [FLAGS]")
        .after_help(EXPLAIN_HELP)
}

fn report_command() -> Command {
    with_environment(ReportArgs::augment_args(Command::new("smtpcheck report")))
        .about("Shows saved reports in any format, or what has changed between two of them. Offline.")
        .override_usage("smtpcheck report FILE... [FLAGS]")
        .after_help(REPORT_AFTER_HELP)
}

fn ports_command() -> Command {
    with_environment(PortsArgs::augment_args(Command::new("smtpcheck ports")))
        .about("Looks at the mail ports of a host at once, and says which one to use.\nNever logs in, never sends a message.")
        .override_usage("smtpcheck ports HOST [FLAGS]")
        .after_help(PORTS_AFTER_HELP)
}

fn schema_command() -> Command {
    let names: Vec<&str> = SchemaOf::ALL.iter().map(|(name, _)| *name).collect();
    let of = clap::Arg::new("of").value_name("OF").value_parser(names).default_value("report");
    Command::new("smtpcheck schema")
        .about("Prints the JSON Schema (2020-12) of the report, or of what another verb prints with --json")
        .arg(of)
}

fn run_command() -> Command {
    with_environment(RunArgs::augment_args(Command::new("smtpcheck run")))
        .about("Runs a suite: checks in a TOML file, with what must hold of each. For CI.\nNever sends a message.")
        .override_usage("smtpcheck run [FILE] [FLAGS]\n       smtpcheck run --record TARGET [-- FLAGS OF THE CHECK]")
        .after_help(RUN_AFTER_HELP)
}

fn providers_command() -> Command {
    with_environment(ProvidersArgs::augment_args(Command::new("smtpcheck providers")))
        .about("Shows known providers: hosts, ports, TLS mode, what they want for a user name and a password. Offline.")
        .override_usage("smtpcheck providers [NAME] [FLAGS]")
}

fn config_command() -> Command {
    with_environment(ConfigArgs::augment_args(Command::new("smtpcheck config")))
        .about("Shows each value that a check would use, with where it came from: environment, profile, configuration file or default.")
        .override_usage("smtpcheck config show [FLAGS]")
        .after_help(CONFIG_AFTER_HELP)
}

fn completions_command() -> Command {
    CompletionsArgs::augment_args(Command::new("smtpcheck completions"))
        .about("Prints completions for a shell: words, flags and the values that a flag takes.")
        .override_usage("smtpcheck completions SHELL")
        .after_help(COMPLETIONS_AFTER_HELP)
}

fn man_command() -> Command {
    ManArgs::augment_args(Command::new("smtpcheck man"))
        .about("Prints the manual page of smtpcheck, or of one of its verbs.")
        .override_usage("smtpcheck man [VERB]")
        .after_help(MAN_AFTER_HELP)
}

fn sandbox_command() -> Command {
    with_environment(SandboxArgs::augment_args(Command::new("smtpcheck sandbox")))
        .about("Serves SMTP servers that misbehave on purpose, to try any mail program against; until Ctrl-C.\nEach has one fault, or none. Messages are thrown away.")
        .override_usage("smtpcheck sandbox [SCENARIO...] [FLAGS]\n       smtpcheck sandbox --list")
        .after_help(SANDBOX_AFTER_HELP)
}

fn demo_command() -> Command {
    with_environment(DemoArgs::augment_args(Command::new("smtpcheck demo")))
        .about("Starts a server with a known fault on this machine and checks it: the main job, without a network.")
        .override_usage("smtpcheck demo [SCENARIO] [FLAGS]")
        .after_help(DEMO_AFTER_HELP)
}

fn help_of(word: Option<&OsString>) -> String {
    let verb = word.and_then(|word| word.to_str()).and_then(find_command);
    let mut command = verb.map_or_else(check_command, |verb| (verb.command)());
    command.render_help().to_string()
}

fn version() -> String {
    format!("smtpcheck {}\n", env!("CARGO_PKG_VERSION"))
}

const AFTER_HELP: &str = "\
Every long flag can also be set in the environment, --max-time as SMTPCHECK_MAX_TIME.

Exit codes: 0 ok, 1 findings, 2 usage, 3 unreachable, 4 refused for now (4yz), 5 refused (5yz), 6 TLS,
7 login, 8 broken protocol, 9 cut short by us, 70 a bug, 74 output failed, 130/143 interrupted.

Examples:
  smtpcheck smtp.example.net:587
  smtpcheck smtps://mail.example.net --user u@example.net --password-command 'pass mail'
  smtpcheck mx.example.net:25 --from me@example.org --to you@example.net --json";

const EXPLAIN_HELP: &str = "\
A log on standard input ends with a count per cause, the most frequent first.

Exit codes: 0 something was recognised, 1 nothing was, 2 usage, 74 output failed.

Examples:
  smtpcheck explain 535
  smtpcheck explain 550 5.1.1 User unknown
  smtpcheck explain 5.7.139 --provider microsoft-365
  smtpcheck explain - < /var/log/mail.log
  smtpcheck explain - --json < bounce.eml | jq -r '.rule'";

const REPORT_AFTER_HELP: &str = "\
Exit codes: that of the reports, as their checks had it; of two files 0 when nothing has changed, else 1; 2 a file that
is no report, 74 output failed.

Examples:
  smtpcheck mx.example.net --json -o today.json
  smtpcheck report today.json --format html -o today.html
  smtpcheck report yesterday.json today.json
  smtpcheck report old.json --rejudge";

const PORTS_AFTER_HELP: &str = "\
Exit codes: 0 a port works for its purpose, without an error; 3 no port answers, or the name has no address; else the
code of the best port that answers: 4 and 5 refused, 6 TLS or certificate, 8 no SMTP; 2 usage, 9 cut short by us,
130/143 interrupted. Ports for mail programs count before port 25.

Examples:
  smtpcheck ports mail.example.net
  smtpcheck ports mail.example.net --ports 25,465,587,2525,2465 --json";

const CONFIG_AFTER_HELP: &str = "\
The file is ~/.config/smtpcheck/config.toml, or in $XDG_CONFIG_HOME, or in %APPDATA% on Windows. Its keys are the names
of flags: under [defaults] for every check, in a [profile.NAME] for a server that --profile NAME or @NAME checks.

Exit codes: 0 shown, 2 a mistake in the file, with its line and column.

Examples:
  smtpcheck config show
  smtpcheck config show --profile relay --json | jq -r '.values[] | select(.origin != \"default\") | .name'
  smtpcheck schema config";

const COMPLETIONS_AFTER_HELP: &str = "\
Examples:
  smtpcheck completions bash > ~/.local/share/bash-completion/completions/smtpcheck
  smtpcheck completions zsh > ~/.zfunc/_smtpcheck    # with fpath+=~/.zfunc before compinit in ~/.zshrc
  smtpcheck completions fish > ~/.config/fish/completions/smtpcheck.fish
  smtpcheck completions powershell >> $PROFILE
  smtpcheck completions elvish >> ~/.config/elvish/rc.elv";

const MAN_AFTER_HELP: &str = "\
Examples:
  smtpcheck man | man -l -
  smtpcheck man ports > ~/.local/share/man/man1/smtpcheck-ports.1";

const RUN_AFTER_HELP: &str = "\
Exit codes: 0 every check passed or was skipped; the code of a check when all that fail share it, else 1; 2 a mistake in
the suite, with line and column, and nothing was sent; 74 output failed, 130/143 interrupted.

Examples:
  smtpcheck run
  smtpcheck run relay.toml --only smoke --json
  smtpcheck run --dry-run
  smtpcheck run --record mail.example.net:587 -o smtpcheck.toml -- --tls starttls";

const SANDBOX_AFTER_HELP: &str = "\
Exit codes: 0 ended by Ctrl-C or a signal, 2 usage (an unknown scenario, a port that is taken), 74 output failed.

Examples:
  smtpcheck sandbox greylisted certificate-expired
  smtpcheck sandbox healthy-submission --port 2587 --ca-file ca.pem
  smtpcheck sandbox --list --json | jq -r .scenario
  smtpcheck sandbox --fleet 7 --port 2525 --dns 5353";

const DEMO_AFTER_HELP: &str = "\
Exit codes: with a scenario those of the check; without one 0 when each of the four came out as it should.

Examples:
  smtpcheck demo
  smtpcheck demo greylisted
  smtpcheck sandbox --list        # the scenarios";

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Invocation, RESERVED, SchemaOf, looks_like_host};

    fn run(words: &[&str]) -> Result<Invocation, String> {
        crate::cli::parse(words.iter().map(Into::into).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn no_verb_looks_like_a_host() {
        assert!(!COMMANDS.iter().any(|verb| looks_like_host(verb.name)));
        assert!(!RESERVED.iter().any(|word| looks_like_host(word)));
    }

    #[test]
    fn a_host_needs_no_verb_and_flags_may_come_first() {
        for words in [&["--port", "25", "mailpit"][..], &["-4", "mx.example.net"], &["check", "explain"]] {
            assert!(matches!(run(words), Ok(Invocation::Check(..))), "{words:?}");
        }
        assert!(matches!(run(&["explain", "--list"]), Ok(Invocation::Explain(_))));
        assert!(matches!(run(&["schema"]), Ok(Invocation::Schema(SchemaOf::Report))));
        assert!(matches!(run(&["schema", "ports"]), Ok(Invocation::Schema(SchemaOf::Ports))));
        assert!(matches!(run(&["ports", "mailpit"]), Ok(Invocation::Ports(..))));
        assert!(matches!(run(&["--json", "providers"]), Ok(Invocation::Providers(_))));
    }

    #[test]
    fn a_reserved_word_says_how_to_check_a_host_of_that_name() {
        assert!(run(&["watch"]).expect_err("reserved").contains("smtp://watch"));
    }

    #[test]
    fn mistakes_are_one_line_without_usage() {
        let message = run(&["mx.example.net", "--prot", "25"]).expect_err("no such flag");
        assert!(message.contains("--port") && !message.contains('\n'), "{message}");
    }

    #[test]
    fn the_declarations_are_sound() {
        for verb in COMMANDS {
            (verb.command)().debug_assert();
        }
    }
}
