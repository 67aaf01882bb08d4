//! Flags that only `smtpcheck settings` has: which sources are queried, and the consent to log in.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::auth::{Mechanisms, mechanisms, user_name};
use super::{InvalidValue, number};
use crate::cli::target;
use crate::wire::DomainName;

const SOURCES: &str = "Sources";
const CONNECTION: &str = "Connection";
const AUTHENTICATION: &str = "Authentication";

/// The sources of settings.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SourceArgs {
    /// Use only the built-in list of providers: the servers that it names for the domain are tested, but nothing about
    /// the domain is looked up
    #[arg(long, help_heading = SOURCES)]
    pub offline: bool,
    /// Host of the public database of settings, which receives only the domain; "none" disables it
    #[arg(long, value_name = "HOST", default_value = "v1.ispdb.net", value_parser = database, help_heading = SOURCES)]
    pub ispdb: DatabaseChoice,
    /// Validate DNSSEC with the trust anchor in this file instead of the public root's; the file contains DNSKEY or DS records
    #[arg(long, value_name = "FILE", help_heading = SOURCES)]
    pub trust_anchor: Option<PathBuf>,
}

/// The value of `--ispdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseChoice {
    /// The host of the database.
    Host(DomainName),
    /// No database.
    None,
}

/// The ports, and the number of connections.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SettingsPortArgs {
    /// Try this port if the name of the server is guessed (repeatable) [default: 465, 587]
    #[arg(short, long, value_name = "PORT", value_parser = target::port_number, help_heading = CONNECTION)]
    pub port: Vec<u16>,
    /// Open at most this many connections to mail servers
    #[arg(long, value_name = "N", default_value = "32", value_parser = number(1..=1000u32), help_heading = CONNECTION)]
    pub max_connections: u32,
    /// HTTPS port of the web servers
    #[arg(long, value_name = "PORT", default_value = "443", value_parser = target::port_number, help_heading = CONNECTION)]
    pub https_port: u16,
    /// HTTP port of the web servers
    #[arg(long, value_name = "PORT", default_value = "80", value_parser = target::port_number, help_heading = CONNECTION)]
    pub http_port: u16,
}

/// The login.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SettingsLoginArgs {
    /// User name to log in with, instead of the one from the sources
    #[arg(short, long, value_name = "USER", value_parser = user_name, help_heading = AUTHENTICATION)]
    pub user: Option<String>,
    /// SASL mechanisms to use, separated by commas, in order of preference
    #[arg(long, value_name = "MECH[,MECH]", value_parser = mechanisms, help_heading = AUTHENTICATION)]
    pub auth: Option<Mechanisms>,
    /// Log in without asking for confirmation, even if the source of the server's name is not authenticated
    #[arg(long, help_heading = AUTHENTICATION)]
    pub yes: bool,
}

fn database(text: &str) -> Result<DatabaseChoice, InvalidValue> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(DatabaseChoice::None);
    }
    let hint = "write a host name, for example v1.ispdb.net, or none";
    let is_name = text.contains('.') && text.parse::<IpAddr>().is_err();
    match DomainName::parse(text) {
        Ok(name) if is_name => Ok(DatabaseChoice::Host(name)),
        Ok(_) | Err(_) => Err(InvalidValue::new("not a host name", hint)),
    }
}
