//! `smtpcheck schema [OF]`.

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::closed_list;

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Schema,
    name: "schema",
    about: "Print the JSON Schema of an output or of an input file",
    details: "JSON Schema 2020-12.",
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
    /// What to describe
    #[arg(value_name = "OF", default_value = "report", value_enum, ignore_case = true)]
    pub of: SchemaOf,
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
    /// Of the output of `smtpcheck run --json`.
    Run,
    /// Of the output of `smtpcheck ports --json`.
    Ports,
    /// Of one line of `smtpcheck explain --json`.
    Explain,
    /// Of the output of `smtpcheck providers --json`.
    Providers,
    /// Of the configuration file.
    Config,
}

closed_list!(SchemaOf {
    SchemaOf::Report => "report",
    SchemaOf::Event => "event",
    SchemaOf::Suite => "suite",
    SchemaOf::Run => "run",
    SchemaOf::Ports => "ports",
    SchemaOf::Explain => "explain",
    SchemaOf::Providers => "providers",
    SchemaOf::Config => "config",
});
