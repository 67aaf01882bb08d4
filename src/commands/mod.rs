//! Runs the commands: each function takes the parsed arguments and returns the exit code. Only this module connects all
//! other modules, and only this module writes to standard output and files. `render/` formats the output.

mod batch;
mod check;
mod complete;
mod config;
mod demo;
mod domain;
mod error;
pub mod explain;
mod exporter;
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
mod settings;
mod sink;
mod snippet;
mod stdout;
mod suite;
mod version;
mod watch;

use std::ffi::OsString;

use crate::cli::commands::schema::SchemaOf;
use crate::cli::config::Settings;
use crate::cli::{self, Invocation};
use crate::render::nagios::{self, PluginState};
use crate::{render, report as documents};

pub use error::{CommandError, INTERNAL, OUTPUT, USAGE};

use stdout::print;

/// Runs a command line and returns the exit code. The first word is the name of the program. A monitoring plugin
/// reports errors on standard output and has its own exit codes.
pub fn run(words: Vec<OsString>) -> anyhow::Result<u8> {
    let (is_plugin, is_called_so) = (cli::plugin::is_wanted(&words), cli::plugin::is_called(&words));
    let words: Vec<OsString> = words.into_iter().skip(1).collect();
    let typed: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let done = if is_called_so { plugin::run(words) } else { run_arguments(words) };
    match done.map_err(|error| error.hiding(&typed)) {
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
        Invocation::Check(args, matches) => match args.snippet.program {
            Some(choice) => snippet::run(&args, &matches, choice),
            None => check::run(&args, &matches),
        },
        Invocation::Domain(args, matches) => domain::run(&args, &matches),
        Invocation::Settings(args, matches) => settings::run(&args, &matches),
        Invocation::Run(args) => suite::run(&args),
        Invocation::Batch(args, matches) => batch::run(&args, &matches),
        Invocation::Watch(args, matches) => watch::run(&args, &matches),
        Invocation::Explain(args) => explain::run(&args),
        Invocation::Exporter(args) => exporter::run(&args),
        Invocation::Ports(args, matches) => ports::run(&args, &matches),
        Invocation::Report(args) => report::run(&args),
        Invocation::Providers(args) => providers::run(&args),
        Invocation::Schema(of) => print(match of {
            SchemaOf::Report => documents::SCHEMA,
            SchemaOf::Event => documents::LINE_SCHEMA,
            SchemaOf::Suite => crate::suite::SCHEMA,
            SchemaOf::Run => documents::RUN_SCHEMA,
            SchemaOf::Batch => documents::batch::BATCH_SCHEMA,
            SchemaOf::Watch => crate::watch::record::WATCH_SCHEMA,
            SchemaOf::RunList => render::suite::PLANNED_SCHEMA,
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
