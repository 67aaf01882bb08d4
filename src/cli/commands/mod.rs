//! The commands, one file each. A file declares the flags that the command takes, and a [`CommandSpec`] that describes it.
//! Help, completions, manual pages and the keys of the configuration file are generated from [`COMMANDS`].

pub mod batch;
pub mod check;
pub mod complete;
pub mod completions;
pub mod config;
pub mod demo;
pub mod domain;
pub mod explain;
pub mod exporter;
pub mod man;
pub mod ports;
pub mod providers;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod schema;
pub mod settings;
mod spec;
pub mod watch;

pub use spec::{CommandId, CommandSpec, Missing, SettingsLevel, SettingsUse};

/// All commands, in the order in which the help lists them.
pub const COMMANDS: &[CommandSpec] = &[
    check::SPEC,
    domain::SPEC,
    settings::SPEC,
    run::SPEC,
    batch::SPEC,
    ports::SPEC,
    watch::SPEC,
    exporter::SPEC,
    explain::SPEC,
    demo::SPEC,
    sandbox::SPEC,
    providers::SPEC,
    report::SPEC,
    config::SPEC,
    completions::SPEC,
    man::SPEC,
    schema::SPEC,
    complete::SPEC,
];
