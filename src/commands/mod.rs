//! What each verb does: arguments in, exit code out. The only place where the rooms of the house meet, and, with
//! `render/`, the only one that writes.

mod check;
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

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::cli::command::SchemaOf;
use crate::cli::config::Settings;
use crate::cli::display::{ColourEnvironment, OutputTarget};
use crate::cli::{self, Invocation, UsageError};
use crate::expect::Mistake;
use crate::host::SetupError;
use crate::host::password::PasswordError;
use crate::render::nagios::{self, PluginState};
use crate::suite::SuiteError;
use crate::{render, report as documents};

/// Exit code of a mistake in the arguments.
pub const USAGE: u8 = 2;
/// Exit code when the output cannot be written.
pub const OUTPUT: u8 = 74;

/// Exit code when this machine cannot run the program, and of a fault in the program itself.
pub const INTERNAL: u8 = 70;

/// Why a verb could not do its work.
#[derive(Debug)]
pub enum CommandError {
    /// The arguments, or a file that they name: exit 2, nothing was sent.
    Usage(String),
    /// The same, with lines that show where the mistake is.
    Pointed(Vec<String>),
    /// The output cannot be written: exit 74. A closed pipe is not trouble.
    Output(io::Error),
    /// This machine cannot run the program now: exit 70.
    Machine(String),
}

impl CommandError {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            CommandError::Usage(_) | CommandError::Pointed(_) => USAGE,
            CommandError::Output(_) => OUTPUT,
            CommandError::Machine(_) => INTERNAL,
        }
    }

    /// What it says, line by line.
    pub fn lines(&self) -> Vec<String> {
        match self {
            CommandError::Pointed(lines) => lines.clone(),
            CommandError::Usage(_) | CommandError::Output(_) | CommandError::Machine(_) => vec![self.to_string()],
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Usage(text) | CommandError::Machine(text) => f.write_str(text),
            CommandError::Pointed(lines) => f.write_str(&lines.join("\n")),
            CommandError::Output(error) => write!(f, "the output cannot be written: {error}"),
        }
    }
}

impl std::error::Error for CommandError {}

impl From<UsageError> for CommandError {
    fn from(error: UsageError) -> CommandError {
        CommandError::Usage(error.to_string())
    }
}

impl From<Mistake> for CommandError {
    fn from(mistake: Mistake) -> CommandError {
        let mut lines = vec![format!("--expect: {mistake}")];
        lines.extend(mistake.pointed());
        CommandError::Pointed(lines)
    }
}

impl From<SuiteError> for CommandError {
    fn from(fault: SuiteError) -> CommandError {
        let mut lines = vec![fault.to_string()];
        lines.extend(fault.pointed);
        CommandError::Pointed(lines)
    }
}

impl From<SetupError> for CommandError {
    fn from(error: SetupError) -> CommandError {
        match error {
            SetupError::Runtime(_) | SetupError::Descriptors | SetupError::Clock { .. } => {
                CommandError::Machine(error.to_string())
            }
            SetupError::File { .. } => CommandError::Usage(error.to_string()),
        }
    }
}

impl From<PasswordError> for CommandError {
    fn from(error: PasswordError) -> CommandError {
        CommandError::Usage(error.to_string())
    }
}

/// Does what the words ask for, of which the first is the program's name; gives the exit code. A monitoring plugin tells
/// its trouble on standard output, and in its own codes.
pub fn run(words: Vec<OsString>) -> Result<u8, CommandError> {
    let (is_plugin, is_called_so) = (cli::plugin::is_wanted(&words), cli::plugin::is_called(&words));
    let words = words.into_iter().skip(1).collect();
    match if is_called_so { plugin::run(words) } else { obey(words) } {
        Err(trouble) if is_plugin => {
            // One line is what a scheduler shows.
            print(&nagios::unusable(&trouble.lines().into_iter().next().unwrap_or_default()))?;
            Ok(PluginState::Unknown.code())
        }
        done => done,
    }
}

fn obey(words: Vec<OsString>) -> Result<u8, CommandError> {
    let settings = config::settings(&words)?;
    let done =
        cli::parse_with(words, &settings).map_err(CommandError::from).and_then(|wanted| perform(wanted, &settings));
    done.map_err(|trouble| match trouble {
        CommandError::Usage(text) => CommandError::Usage(settings.located(text)),
        CommandError::Pointed(mut lines) => {
            if let Some(first) = lines.first_mut() {
                *first = settings.located(std::mem::take(first));
            }
            CommandError::Pointed(lines)
        }
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
        Invocation::Completions(args) => print(&cli::pages::completions(&args)),
        Invocation::Man(args) => print(&cli::pages::manual(&args)?),
        Invocation::Config(args) => config::run(&args, settings),
        Invocation::Print(text) => print(&text),
        Invocation::NothingGiven(lines) => Err(CommandError::Pointed(lines)),
    }
}

/// Writes to standard output. A reader that went away is not our trouble.
fn print(text: &str) -> Result<u8, CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    sink::unless_closed(written).map(|()| 0).map_err(CommandError::Output)
}

/// What standard output is.
fn outlet() -> OutputTarget {
    let terminal = io::stdout().is_terminal();
    let variable = |name: &str| std::env::var(name).ok();
    OutputTarget {
        terminal,
        signs: Some(locale_symbols()),
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

/// What the locale of this process can show. Windows has no such variables, and its consoles show Unicode.
fn locale_symbols() -> render::Symbols {
    let variable = |name: &str| std::env::var(name).ok();
    let [lc_all, lc_ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    render::Symbols::for_locale(lc_all.as_deref(), lc_ctype.as_deref(), lang.as_deref())
}
