//! Configuration: which configuration file, and which profile of it.

use std::path::PathBuf;

use clap::Args;

const HEADING: &str = "Configuration";

/// Flags about the configuration file.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ConfigFlags {
    /// Read this configuration file [default: ~/.config/smtpcheck/config.toml]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub config: Option<PathBuf>,
    /// Do not read a configuration file
    #[arg(long, help_heading = HEADING)]
    pub no_config: bool,
    /// Use this profile of the configuration file, as @NAME does
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    pub profile: Option<String>,
}
