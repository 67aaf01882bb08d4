//! The settings of a search for client settings (`smtpcheck settings`).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::wire::{DomainName, ForwardPath, Host};

/// The email address or the domain whose client settings are to be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SettingsPlan {
    /// The domain: the part of an email address after the `@`.
    pub domain: DomainName,
    /// The email address, if the user gave one.
    pub address: Option<ForwardPath>,
    /// The user name that replaces those from the sources (`--user`).
    pub user: Option<String>,
    /// Which sources are queried.
    pub discovery: Discovery,
    /// The host of the public settings database (ISPDB), which receives only the domain; null if it is not queried.
    pub database: Option<DomainName>,
    /// The ports that are tried at hosts for which no source names a port. Port 465 uses implicit TLS, and other ports
    /// use STARTTLS.
    pub guessed_ports: Vec<u16>,
    /// The servers at which the login is tested even though the source of their names is not authenticated.
    pub consent: LoginConsent,
    /// The file with the password (`--password-file`), for the commands of fixes; null if the password comes from another
    /// source or no login is tested.
    pub password_file: Option<PathBuf>,
    /// A file with the trust anchor for DNSSEC; null means the anchor of the public root.
    pub trust_anchor: Option<PathBuf>,
    /// The port of web servers with HTTPS, normally 443.
    pub https_port: u16,
    /// The port of web servers without TLS, normally 80.
    pub http_port: u16,
}

/// Which sources are queried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Discovery {
    /// All sources.
    All,
    /// Only the built-in list of providers (`--offline`).
    BuiltIn,
}

/// The servers at which the login is tested even though the source of their names is not authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "login", rename_all = "kebab-case")]
pub enum LoginConsent {
    /// None.
    None,
    /// These, because the user confirmed them at the terminal.
    Hosts {
        /// The hosts.
        hosts: Vec<Host>,
    },
    /// All (`--yes`).
    All,
}

impl SettingsPlan {
    /// The part of the email address before the `@`.
    pub fn local_part(&self) -> Option<String> {
        let address = self.address.as_ref()?.to_string();
        address.rsplit_once('@').map(|(local, _)| local.to_owned())
    }
}
