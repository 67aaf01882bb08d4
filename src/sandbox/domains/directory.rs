//! The mail servers and the pages of all domains, by address and by host.

use std::net::Ipv4Addr;

use super::case::{DomainCase, WebPage};
use crate::sandbox::scenario::Scenario;

/// The mail servers and the policies of the domains.
pub(in crate::sandbox) struct DomainDirectory {
    pub(super) hosts: Vec<(Ipv4Addr, &'static Scenario)>,
    pub(super) webs: Vec<(&'static DomainCase, &'static str)>,
    pub(super) pages: Vec<PageOfHost>,
    /// The port of the mail servers.
    pub(super) mail: u16,
    /// The HTTPS port of the web server.
    pub(super) https: u16,
}

/// A page with the name of its host, without `.test`.
pub(super) struct PageOfHost {
    pub(super) host: &'static str,
    pub(super) page: &'static WebPage,
    /// The name of the domain, without `.test`.
    pub(super) domain: &'static str,
}

impl DomainDirectory {
    /// The mail server at an IP address.
    pub(in crate::sandbox) fn scenario_at(&self, address: Ipv4Addr) -> Option<&'static Scenario> {
        self.hosts.iter().find(|(at, _)| *at == address).map(|(_, scenario)| *scenario)
    }
}
