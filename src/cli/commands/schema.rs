//! `smtpcheck schema [OF]`.

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::closed_list;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Schema,
    name: "schema",
    about: "Print the JSON Schema of an output format or an input file",
    details: "The schemas conform to JSON Schema 2020-12.",
    usage: &["schema [OF]"],
    notes: &[],
    examples: &["smtpcheck schema > report.schema.json", "smtpcheck schema suite > suite.schema.json"],
    settings: SettingsUse::Nothing,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: SchemaArgs::augment_args,
};

/// Flags of `smtpcheck schema`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SchemaArgs {
    /// The output or the input file to describe
    #[arg(value_name = "OF", default_value = "report", value_enum, ignore_case = true)]
    pub of: SchemaOf,
}

/// The output formats and files that have a JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// The report of a check.
    Report,
    /// One line of the `ndjson` format.
    Event,
    /// The suite file.
    Suite,
    /// The output of `smtpcheck run --json`.
    Run,
    /// One line of the output of `smtpcheck batch`, and its summary.
    Batch,
    /// One line of the output of `smtpcheck watch --format ndjson`, and its summary.
    Watch,
    /// The output of `smtpcheck run --list --json`.
    RunList,
    /// The output of `smtpcheck ports --json`.
    Ports,
    /// One line of the output of `smtpcheck explain --json`.
    Explain,
    /// The output of `smtpcheck providers --json`.
    Providers,
    /// The configuration file.
    Config,
}

closed_list!(SchemaOf {
    SchemaOf::Report => "report",
    SchemaOf::Event => "event",
    SchemaOf::Suite => "suite",
    SchemaOf::Run => "run",
    SchemaOf::Batch => "batch",
    SchemaOf::Watch => "watch",
    SchemaOf::RunList => "run-list",
    SchemaOf::Ports => "ports",
    SchemaOf::Explain => "explain",
    SchemaOf::Providers => "providers",
    SchemaOf::Config => "config",
});
