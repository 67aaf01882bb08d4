//! `smtpcheck exporter`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::UsageError;
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::exporter::{TargetPattern, listen, target_pattern};
use crate::cli::flags::{duration, number};

const SERVER: &str = "Server";
const LIMITS: &str = "Limits";

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Exporter,
    name: "exporter",
    about: "Serve check results to Prometheus",
    details: "The exporter works like blackbox_exporter. When Prometheus requests /probe?target=HOST:PORT&module=NAME, smtpcheck checks that target and responds with metrics. A module is a profile, or a [module.NAME] section, in the configuration file. smtpcheck never sends a message.",
    usage: &["exporter [FLAGS]"],
    notes: &[
        "Pages: /probe (with &debug=true for the session and the diagnosis), /metrics (metrics about the exporter \
         itself), /config, / (the most recent probes), /-/healthy, and /-/reload. A POST or PUT to /-/reload, or a \
         SIGHUP signal, makes the exporter reload the configuration.",
        "Other machines: by default, the exporter listens only on 127.0.0.1, so only programs on this machine can use it. If an IP address in --listen is not a loopback address, --allow-target is required, because clients choose which servers smtpcheck connects to. Protect the exporter with --web-config.",
        "Logins: a module sends its password only to the target of its profile (or its own target, if it is a profile), and to the hosts in its login-host list.",
        "docs/monitoring.md contains a Prometheus configuration, alert rules and a dashboard.",
        concat!(
            "Exit codes:",
            "\n  0        stopped by Ctrl-C or another signal",
            "\n  2        usage error, for example an invalid configuration file or a port in use",
            "\n  70       internal error",
        ),
    ],
    examples: &[
        "smtpcheck exporter",
        "smtpcheck exporter --listen :9587 --allow-target '*.example.net' --web-config web.yml",
        "smtpcheck exporter --config smtpcheck.toml --check-config",
        "curl 'http://127.0.0.1:9587/probe?target=smtp.example.net:587&debug=true'",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: |command| ExporterArgs::augment_args(command).mut_arg("profile", |arg| arg.hide(true)),
};

/// Flags of `smtpcheck exporter`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ExporterArgs {
    /// Listen on this IP address and port (repeatable)
    #[arg(long, alias = "web.listen-address", value_name = "ADDR:PORT", default_value = "127.0.0.1:9587", value_parser = listen, help_heading = SERVER)]
    pub listen: Vec<SocketAddr>,
    /// Check only these targets: a host, a pattern such as *.example.net, or a network, with or without a port [default ports: 25, 465, 587, 2525; :* allows every port] (repeatable)
    #[arg(long, value_name = "PATTERN", value_parser = target_pattern, help_heading = SERVER)]
    pub allow_target: Vec<TargetPattern>,
    /// Read TLS certificates and users from this file, in the web configuration format that other Prometheus exporters
    /// use
    #[arg(long, alias = "web.config.file", value_name = "FILE", help_heading = SERVER)]
    pub web_config: Option<PathBuf>,
    /// Check the configuration, and exit
    #[arg(long, alias = "config.check", help_heading = SERVER)]
    pub check_config: bool,
    /// Run up to N probes at the same time; additional requests receive status 429
    #[arg(long, value_name = "N", default_value = "256", value_parser = number(1..=10_000usize), help_heading = LIMITS)]
    pub max_probes: usize,
    /// End a probe this long before Prometheus's scrape timeout
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration, help_heading = LIMITS)]
    pub timeout_offset: u64,
    #[command(flatten)]
    pub config: ConfigFlags,
}

/// The settings of the exporter, from flags that were checked for contradictions.
#[derive(Clone, Debug)]
pub struct ExporterRequest {
    /// The addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The targets that a request may name; empty if every target is allowed.
    pub allow: Vec<TargetPattern>,
    /// The web configuration file.
    pub web_config: Option<PathBuf>,
    /// The maximum number of concurrent probes.
    pub max_probes: usize,
    /// How long before the scrape timeout a probe ends.
    pub timeout_offset: Duration,
}

impl ExporterArgs {
    /// Checks the flags. To serve clients on other machines, `--allow-target` is required.
    pub fn request(&self) -> Result<ExporterRequest, UsageError> {
        let open = self.listen.iter().find(|address| !address.ip().to_canonical().is_loopback());
        if let Some(address) = open.filter(|_| self.allow_target.is_empty()) {
            let reason = "clients on other machines could make smtpcheck connect to any server";
            let error = UsageError::flag("--listen", reason).with_value(address.to_string());
            return Err(error.with_hint("add --allow-target PATTERN, for example --allow-target '*.example.net'"));
        }
        Ok(ExporterRequest {
            listen: self.listen.clone(),
            allow: self.allow_target.clone(),
            web_config: self.web_config.clone(),
            max_probes: self.max_probes,
            timeout_offset: Duration::from_millis(self.timeout_offset),
        })
    }
}

impl ExporterRequest {
    /// Whether clients on other machines can connect.
    pub fn is_open(&self) -> bool {
        self.listen.iter().any(|address| !address.ip().to_canonical().is_loopback())
    }
}
