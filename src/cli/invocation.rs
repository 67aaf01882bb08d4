//! The result of parsing a command line: a command with its arguments.

use clap::{ArgMatches, FromArgMatches};

use super::UsageError;
use super::commands::CommandId;
use super::commands::batch::BatchArgs;
use super::commands::check::CheckArgs;
use super::commands::complete::CompleteArgs;
use super::commands::completions::CompletionsArgs;
use super::commands::config::ConfigArgs;
use super::commands::demo::DemoArgs;
use super::commands::domain::DomainArgs;
use super::commands::explain::ExplainArgs;
use super::commands::exporter::ExporterArgs;
use super::commands::man::ManArgs;
use super::commands::ports::PortsArgs;
use super::commands::providers::ProvidersArgs;
use super::commands::report::ReportArgs;
use super::commands::run::RunArgs;
use super::commands::sandbox::SandboxArgs;
use super::commands::schema::{SchemaArgs, SchemaOf};
use super::commands::settings::SettingsArgs;
use super::commands::watch::WatchArgs;

/// A parsed command line.
#[derive(Debug)]
pub enum Invocation {
    /// Check one or more servers.
    Check(Box<CheckArgs>, ArgMatches),
    /// Check a mail domain.
    Domain(Box<DomainArgs>, ArgMatches),
    /// Find the settings for sending mail.
    Settings(Box<SettingsArgs>, ArgMatches),
    /// Run a suite.
    Run(Box<RunArgs>),
    /// Check a long list of servers.
    Batch(Box<BatchArgs>, ArgMatches),
    /// Check the mail ports of a host.
    Ports(Box<PortsArgs>, ArgMatches),
    /// Check servers repeatedly.
    Watch(Box<WatchArgs>, ArgMatches),
    /// Explain rules, replies or logs.
    Explain(ExplainArgs),
    /// Serve check results to Prometheus.
    Exporter(ExporterArgs),
    /// Show saved reports.
    Report(ReportArgs),
    /// Show known providers.
    Providers(ProvidersArgs),
    /// Run servers with known faults.
    Sandbox(SandboxArgs),
    /// Run a server with a known fault, and check it.
    Demo(DemoArgs),
    /// Show the settings of a check and where each is set.
    Config(ConfigArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Print the candidates for the word that is being typed.
    Complete(CompleteArgs),
    /// Print a manual page.
    Man(ManArgs),
    /// Print a JSON Schema.
    Schema(SchemaOf),
    /// Print the help.
    Print(String),
    /// Print the version.
    Version(VersionDetails),
    /// No target was given; the error includes the usage.
    NothingGiven(UsageError),
}

impl Invocation {
    /// Reads the flags of a command.
    pub(super) fn read(command: CommandId, matches: ArgMatches) -> Result<Invocation, clap::Error> {
        Ok(match command {
            CommandId::Check => Invocation::Check(Box::new(CheckArgs::from_arg_matches(&matches)?), matches),
            CommandId::Domain => Invocation::Domain(Box::new(DomainArgs::from_arg_matches(&matches)?), matches),
            CommandId::Settings => Invocation::Settings(Box::new(SettingsArgs::from_arg_matches(&matches)?), matches),
            CommandId::Run => Invocation::Run(Box::new(RunArgs::from_arg_matches(&matches)?)),
            CommandId::Batch => Invocation::Batch(Box::new(BatchArgs::from_arg_matches(&matches)?), matches),
            CommandId::Ports => Invocation::Ports(Box::new(PortsArgs::from_arg_matches(&matches)?), matches),
            CommandId::Watch => Invocation::Watch(Box::new(WatchArgs::from_arg_matches(&matches)?), matches),
            CommandId::Explain => Invocation::Explain(ExplainArgs::from_arg_matches(&matches)?),
            CommandId::Exporter => Invocation::Exporter(ExporterArgs::from_arg_matches(&matches)?),
            CommandId::Report => Invocation::Report(ReportArgs::from_arg_matches(&matches)?),
            CommandId::Providers => Invocation::Providers(ProvidersArgs::from_arg_matches(&matches)?),
            CommandId::Sandbox => Invocation::Sandbox(SandboxArgs::from_arg_matches(&matches)?),
            CommandId::Demo => Invocation::Demo(DemoArgs::from_arg_matches(&matches)?),
            CommandId::Config => Invocation::Config(ConfigArgs::from_arg_matches(&matches)?),
            CommandId::Completions => Invocation::Completions(CompletionsArgs::from_arg_matches(&matches)?),
            CommandId::Complete => Invocation::Complete(CompleteArgs::from_arg_matches(&matches)?),
            CommandId::Man => Invocation::Man(ManArgs::from_arg_matches(&matches)?),
            CommandId::Schema => Invocation::Schema(SchemaArgs::from_arg_matches(&matches)?.of),
        })
    }
}

/// How much `--version` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionDetails {
    /// One line.
    Short,
    /// Also the commit, the target, the TLS library and the features.
    Full,
}
