//! The settings of a domain check (`smtpcheck domain`).

use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::secret::ListKeys;
use crate::wire::{DomainName, ForwardPath};

/// The mail domain to check, and the settings that only this check has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DomainPlan {
    /// The domain: the part of an email address after the `@`.
    pub name: DomainName,
    /// The recipient that is tested on every MX host, if the user gave an address.
    pub recipient: Option<ForwardPath>,
    /// The IP addresses that send mail for the domain (`--sending`).
    pub sending: Vec<IpAddr>,
    /// The EHLO name of the host that sends mail for the domain (`--from-host`).
    pub sending_host: Option<DomainName>,
    /// The DKIM selectors to look up (`--dkim-selector`). If there are none, common selectors are tried.
    pub selectors: Vec<String>,
    /// The zones of the blocklists that are queried for the sending IP addresses and for the domain.
    pub lists: Vec<DomainName>,
    /// The keys in these zones, which no output contains. A saved report has none.
    #[serde(skip)]
    pub list_keys: ListKeys,
    /// The recipient in another domain that tests whether a server relays.
    pub relay_recipient: ForwardPath,
    /// A file with the trust anchor for DNSSEC; null means the trust anchor of the public root.
    pub trust_anchor: Option<PathBuf>,
    /// The port of authoritative name servers, normally 53.
    pub dns_port: u16,
    /// The port of the web server that publishes the MTA-STS policy, normally 443.
    pub https_port: u16,
}
