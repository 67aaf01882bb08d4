//! Runs the commands: each function takes the parsed arguments and returns the exit code. Only this module connects all
//! other modules, and only this module writes to standard output and files. `render/` formats the output.

mod check;
mod complete;
mod config;
mod demo;
pub mod explain;
mod live;
mod needs;
mod outputs;
mod plugin;
mod ports;
mod progress;
mod providers;
mod report;
mod sandbox;
mod secrets;
mod sink;
mod suite;
mod version;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::cli::commands::schema::SchemaOf;
use crate::cli::config::Settings;
use crate::cli::flags::display::{ColourEnvironment, OutputTarget};
use crate::cli::{self, Invocation, UsageError};
use crate::host::password::PasswordError;
use crate::host::{SetupError, environment};
use crate::render::nagios::{self, PluginState};
use crate::{render, report as documents};

/// Exit code for an error in the arguments.
pub const USAGE: u8 = 2;
/// Exit code if the output cannot be written.
pub const OUTPUT: u8 = 74;

/// Exit code if this machine cannot run the program, or after an internal error.
pub const INTERNAL: u8 = 70;

/// Why a command failed.
#[derive(Debug)]
pub enum CommandError {
    /// An error in the arguments or in a file that they name. The exit code is 2, and nothing was sent.
    Usage(UsageError),
    /// The output cannot be written. The exit code is 74. A closed pipe is not an error.
    Output(io::Error),
    /// This machine cannot run the program now, for example for lack of file descriptors. The exit code is 70.
    Machine(anyhow::Error),
}

impl CommandError {
    /// A usage error that consists of one sentence.
    pub fn usage(text: impl Into<Cow<'static, str>>) -> CommandError {
        CommandError::Usage(UsageError::new(text))
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            CommandError::Usage(_) => USAGE,
            CommandError::Output(_) => OUTPUT,
            CommandError::Machine(_) => INTERNAL,
        }
    }

    /// The message, line by line.
    pub fn lines(&self) -> Vec<String> {
        match self {
            CommandError::Usage(error) => error.lines(),
            CommandError::Output(_) | CommandError::Machine(_) => vec![self.to_string()],
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Usage(error) => error.fmt(f),
            CommandError::Output(error) => write!(f, "the output cannot be written: {error}"),
            // `#` includes the context: "the resolver cannot start: too many open files".
            CommandError::Machine(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for CommandError {}

impl<E: Into<UsageError>> From<E> for CommandError {
    fn from(error: E) -> CommandError {
        CommandError::Usage(error.into())
    }
}

impl From<SetupError> for CommandError {
    fn from(error: SetupError) -> CommandError {
        match error {
            SetupError::Runtime(_) | SetupError::Descriptors | SetupError::Clock { .. } => {
                CommandError::Machine(error.into())
            }
            SetupError::File { flag, path, why } => {
                CommandError::Usage(UsageError::flag(flag, why).with_value(path.display().to_string()))
            }
        }
    }
}

impl From<PasswordError> for CommandError {
    fn from(error: PasswordError) -> CommandError {
        CommandError::usage(error.to_string())
    }
}

/// Runs a command line and returns the exit code. The first word is the name of the program. A monitoring plugin
/// reports errors on standard output and has its own exit codes.
pub fn run(words: Vec<OsString>) -> anyhow::Result<u8> {
    let (is_plugin, is_called_so) = (cli::plugin::is_wanted(&words), cli::plugin::is_called(&words));
    let words = words.into_iter().skip(1).collect();
    match if is_called_so { plugin::run(words) } else { run_arguments(words) } {
        Err(error) if is_plugin => {
            // Monitoring systems show only the first line.
            print(&nagios::unusable(&error.lines().into_iter().next().unwrap_or_default()))?;
            Ok(PluginState::Unknown.code())
        }
        done => Ok(done?),
    }
}

fn run_arguments(words: Vec<OsString>) -> Result<u8, CommandError> {
    let settings = config::settings(&words)?;
    let invocation = cli::parse_with(words.clone(), &settings).map_err(CommandError::from);
    invocation.and_then(|invocation| perform(invocation, &settings)).map_err(|error| match error {
        CommandError::Usage(error) => CommandError::Usage(cli::located(error, &words, &settings)),
        other @ (CommandError::Output(_) | CommandError::Machine(_)) => other,
    })
}

fn perform(wanted: Invocation, settings: &Settings) -> Result<u8, CommandError> {
    match wanted {
        Invocation::Check(args, matches) => check::run(&args, &matches),
        Invocation::Run(args) => suite::run(&args),
        Invocation::Explain(args) => explain::run(&args),
        Invocation::Ports(args, matches) => ports::run(&args, &matches),
        Invocation::Report(args) => report::run(&args),
        Invocation::Providers(args) => providers::run(&args),
        Invocation::Schema(of) => print(match of {
            SchemaOf::Report => documents::SCHEMA,
            SchemaOf::Event => documents::LINE_SCHEMA,
            SchemaOf::Suite => crate::suite::SCHEMA,
            SchemaOf::Run => documents::RUN_SCHEMA,
            SchemaOf::Ports => documents::ports::PORTS_SCHEMA,
            SchemaOf::Explain => render::explain::SCHEMA,
            SchemaOf::Providers => render::providers::SCHEMA,
            SchemaOf::Config => cli::config::SCHEMA,
        }),
        Invocation::Sandbox(args) => sandbox::run(&args),
        Invocation::Demo(args) => demo::run(&args),
        Invocation::Completions(args) => print(cli::complete::script(args.shell)),
        Invocation::Complete(args) => complete::run(&args),
        Invocation::Man(args) => print(&cli::pages::manual(&args)?),
        Invocation::Config(args) => config::run(&args, settings),
        Invocation::Print(text) => print(&text),
        Invocation::Version(details) => print(&version::text(details)),
        Invocation::NothingGiven(error) => Err(CommandError::Usage(error)),
    }
}

/// Writes to standard output. If the reader has closed the pipe, that is not an error.
fn print(text: &str) -> Result<u8, CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    sink::unless_closed(written).map(|()| 0).map_err(CommandError::Output)
}

/// The properties of standard output that decide how text is displayed.
fn outlet() -> OutputTarget {
    let terminal = io::stdout().is_terminal();
    let variable = |name: &str| environment::text(name).ok();
    OutputTarget {
        terminal,
        symbols: Some(locale_symbols()),
        columns: if terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None },
        environment: ColourEnvironment {
            no_color: variable("NO_COLOR"),
            clicolor_force: variable("CLICOLOR_FORCE"),
            force_color: variable("FORCE_COLOR"),
            clicolor: variable("CLICOLOR"),
            term: variable("TERM"),
        },
    }
}

/// The symbols that the locale of this process can show. Windows does not have these variables, and its consoles
/// support Unicode.
fn locale_symbols() -> render::Symbols {
    let variable = |name: &str| environment::text(name).ok();
    let [lc_all, lc_ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    render::Symbols::for_locale(lc_all.as_deref(), lc_ctype.as_deref(), lang.as_deref())
}
