//! The flags that only domain checks have: the port of mail servers, what is known about sending, and which parts of
//! the DNS are used.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::{InvalidValue, number};
use crate::cli::target;
use crate::wire::{DomainName, ForwardPath};

const CONNECTION: &str = "Connection";
const SENDING: &str = "Sending";
const DNS: &str = "DNS";

/// The ports and the number of connections.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DomainPortArgs {
    /// Connect to this port on the mail servers
    #[arg(short, long, value_name = "PORT", default_value = "25", value_parser = target::port_number, help_heading = CONNECTION)]
    pub port: u16,
    /// Open at most this many connections to mail servers
    #[arg(long, value_name = "N", default_value = "64", value_parser = number(1..=1000u32), help_heading = CONNECTION)]
    pub max_connections: u32,
    #[command(flatten)]
    pub policy: PolicyPortArgs,
}

/// The port for MTA-STS policies.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PolicyPortArgs {
    /// Connect to this port on the web server that publishes the MTA-STS policy
    #[arg(long, value_name = "PORT", default_value = "443", value_parser = target::port_number, help_heading = CONNECTION)]
    pub https_port: u16,
}

/// What is known about mail that is sent from the domain.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SendingArgs {
    /// Check an IP address that sends mail for the domain: SPF, PTR record and blocklists (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = sending_address, help_heading = SENDING)]
    pub sending: Vec<IpAddr>,
    /// EHLO name of the server that sends mail for the domain
    #[arg(long, value_name = "NAME", value_parser = host_name, help_heading = SENDING)]
    pub from_host: Option<DomainName>,
    /// Check the DKIM key with this selector (repeatable) [default: commonly used selectors]
    #[arg(long, value_name = "NAME", value_parser = selector, help_heading = SENDING)]
    pub dkim_selector: Vec<String>,
    /// Query this DNS blocklist instead of the built-in ones (repeatable); "none" disables the blocklist check
    #[arg(long, value_name = "ZONE", value_parser = list_choice, help_heading = SENDING)]
    pub list: Vec<ListChoice>,
    /// Recipient in another domain, to test whether a mail server relays mail; smtpcheck never sends a message
    /// [default: an address in example.org]
    #[arg(long, value_name = "ADDRESS", value_parser = relay_recipient, help_heading = SENDING)]
    pub relay_recipient: Option<ForwardPath>,
}

/// One `--list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListChoice {
    /// The zone of a blocklist.
    Zone(DomainName),
    /// No blocklist.
    None,
}

/// How DNS records are looked up and validated.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DnsArgs {
    /// Validate DNSSEC with the trust anchor in this file instead of the public root's; the file contains DNSKEY or DS
    /// records
    #[arg(long, value_name = "FILE", help_heading = DNS)]
    pub trust_anchor: Option<PathBuf>,
    /// Connect to this port on authoritative name servers
    #[arg(long, value_name = "PORT", default_value = "53", value_parser = target::port_number, help_heading = DNS)]
    pub dns_port: u16,
}

fn sending_address(text: &str) -> Result<IpAddr, InvalidValue> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    // Receivers treat an IPv4-mapped IPv6 address as the IPv4 address (RFC 7208 §5).
    bare.parse::<IpAddr>().map(|ip| ip.to_canonical()).map_err(|_| {
        let hint = "write the IP address that sends mail, for example 192.0.2.7; use --from-host for its host name";
        InvalidValue::new("not an IP address", hint)
    })
}

fn host_name(text: &str) -> Result<DomainName, InvalidValue> {
    if text.parse::<IpAddr>().is_ok() {
        let hint = "write a host name, for example mail.example.com; use --sending for an IP address";
        return Err(InvalidValue::new("this is an IP address", hint));
    }
    DomainName::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))
}

/// Parses a DKIM selector. A selector that was copied together with the rest of its name is accepted.
fn selector(text: &str) -> Result<String, InvalidValue> {
    let hint = "write only the selector, which is the s= tag of a DKIM signature, for example s1";
    let text = text.trim().trim_end_matches('.');
    let lower = text.to_ascii_lowercase();
    let bare = match lower.find("._domainkey") {
        Some(at) => lower.get(..at).unwrap_or_default(),
        None => &lower,
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if bare.split('.').all(is_label) { Ok(bare.to_owned()) } else { Err(InvalidValue::new("not a selector", hint)) }
}

/// Parses the zone of a blocklist, or `none`.
fn list_choice(text: &str) -> Result<ListChoice, InvalidValue> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(ListChoice::None);
    }
    let name = DomainName::parse(text.trim()).map_err(|error| InvalidValue::new(error.to_string(), ""))?;
    match name.ascii().contains('.') && text.parse::<IpAddr>().is_err() {
        true => Ok(ListChoice::Zone(name)),
        false => {
            let hint = "write the zone of a DNS blocklist, for example bl.example.net, or none";
            Err(InvalidValue::new("not the zone of a blocklist", hint))
        }
    }
}

/// Parses the value of `--relay-recipient`.
fn relay_recipient(text: &str) -> Result<ForwardPath, InvalidValue> {
    let path = ForwardPath::parse(text).map_err(|error| InvalidValue::new(error.to_string(), ""))?;
    match path.mailbox().and_then(|mailbox| mailbox.domain()) {
        Some(_) => Ok(path),
        None => {
            let hint = "write an address in a domain for which the servers are not responsible";
            Err(InvalidValue::new("an email address in another domain is needed", hint))
        }
    }
}
