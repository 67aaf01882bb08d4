//! Configuration flags: which configuration file is read, and which of its profiles is used.

use std::path::PathBuf;

use clap::Args;

const HEADING: &str = "Configuration";

/// The flags of this group. `host::config` finds the file, and `cli::config` applies it.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ConfigFlags {
    /// Read this configuration file [default: ~/.config/smtpcheck/config.toml]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub config: Option<PathBuf>,
    /// Do not read a configuration file
    #[arg(long, help_heading = HEADING)]
    pub no_config: bool,
    /// Use this profile from the configuration file (commands that check a server also accept @NAME as the target)
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    pub profile: Option<String>,
}
