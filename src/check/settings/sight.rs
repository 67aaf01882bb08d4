//! The input of the search for client settings: the plan and the evidence so far, with short functions for lookups.

use crate::check::domain::sight::{self, Known};
use crate::evidence::{Evidence, FetchSeen, RecordsSeen};
use crate::plan::{Plan, SettingsPlan};
use crate::policy::dmarc::search::organizational_domain_by_list;
use crate::question::{FetchReach, FetchRequest, FetchTransport};
use crate::wire::{DnsName, DomainName, RecordKind};

/// The time limit for one source, in milliseconds. A web server that does not respond must not delay the others.
pub(super) const SOURCE_LIMIT_MS: u64 = 5000;

/// The plan and the evidence of a search.
#[derive(Clone, Copy)]
pub(super) struct SettingsSight<'s> {
    pub(super) plan: &'s Plan,
    pub(super) settings: &'s SettingsPlan,
    pub(super) evidence: &'s Evidence,
}

impl<'s> SettingsSight<'s> {
    /// `None` if the check is not a search for settings.
    pub(super) fn new(plan: &'s Plan, evidence: &'s Evidence) -> Option<SettingsSight<'s>> {
        Some(SettingsSight { plan, settings: plan.settings.as_deref()?, evidence })
    }

    /// The domain as a DNS name.
    pub(super) fn name(&self) -> DnsName {
        DnsName::from(&self.settings.domain)
    }

    /// Whether a host belongs to the operator of the domain: it is in the domain, and both have the same registrable
    /// domain. Below a public suffix such as `github.io`, anyone can register a name.
    pub(super) fn is_own(&self, host: &DnsName) -> bool {
        host.is_within(&self.name()) && registrable(host.as_str()) == registrable(self.domain())
    }

    /// The domain in ASCII.
    pub(super) fn domain(&self) -> &'s str {
        self.settings.domain.ascii()
    }

    /// The argument of the command: the email address or the domain.
    pub(super) fn target(&self) -> String {
        match &self.settings.address {
            Some(address) => address.to_string(),
            None => self.domain().to_owned(),
        }
    }

    /// The records of a name.
    pub(super) fn records(&self, name: &DnsName, kind: RecordKind) -> Known<'s, RecordsSeen> {
        sight::looked_up(self.evidence, name, kind)
    }

    /// The response to a GET request.
    pub(super) fn fetched(&self, request: &FetchRequest) -> Known<'s, FetchSeen> {
        sight::fetched(self.evidence, request)
    }

    /// A request for a page; `None` if the host is not a name.
    pub(super) fn request(&self, transport: FetchTransport, host: &str, path: String) -> Option<FetchRequest> {
        let port = self.port_of(transport);
        let host = DomainName::parse(host).ok()?;
        Some(FetchRequest { host, port, path, transport, reach: self.reach(), limit_ms: Some(SOURCE_LIMIT_MS) })
    }

    /// The port of a web server for which no port is given.
    pub(super) fn port_of(&self, transport: FetchTransport) -> u16 {
        match transport {
            FetchTransport::Https => self.settings.https_port,
            FetchTransport::Http => self.settings.http_port,
        }
    }

    /// Web servers at IP addresses that are not public are queried only in test setups: with a DNS server on this
    /// machine at an unusual port. `--resolve` is always followed.
    fn reach(&self) -> FetchReach {
        let is_test = self.plan.resolver.is_some_and(|server| server.ip().is_loopback() && server.port() != 53);
        if is_test { FetchReach::Any } else { FetchReach::Public }
    }
}

/// The registrable domain of a name, according to the public suffix list.
pub(super) fn registrable(name: &str) -> String {
    DnsName::parse(name)
        .map_or_else(|_| name.to_owned(), |name| organizational_domain_by_list(&name).as_str().to_owned())
}
