//! The result for one server of the domain in one word, and the names at which DANE has no effect without DNSSEC.

use super::seen::{Delivery, DnssecWord, DomainSeen, MxAddressSeen, PoliciesSeen};

/// The result for one IP address of an MX host, for one of its certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressResult<'a> {
    /// The server does not accept connections.
    Unreachable,
    /// A policy fails. The word is a result type of TLS reports (RFC 8460 §4.3).
    PolicyFails(&'a str),
    /// The server does not greet, or rejects EHLO.
    NotReady,
    /// The best delivery that a sender can reach.
    Delivers(Delivery),
}

/// The result for an address: the first failure, or otherwise the best delivery.
pub fn address_result<'a>(address: &MxAddressSeen, policies: &'a PoliciesSeen) -> AddressResult<'a> {
    if address.reachable == Some(false) {
        return AddressResult::Unreachable;
    }
    if let Some(word) = policies.dane.result.as_ref().or(policies.mta_sts.result.as_ref()) {
        return AddressResult::PolicyFails(word);
    }
    if address.reachable == Some(true) && !address.ready {
        return AddressResult::NotReady;
    }
    let all = [policies.dane.delivers, policies.mta_sts.delivers, policies.opportunistic];
    let known = all.into_iter().filter(|delivery| *delivery != Delivery::Unknown);
    AddressResult::Delivers(known.min().unwrap_or_default())
}

/// The names whose records are not signed, so that senders ignore the TLSA records: the domain, for its MX records, and its
/// MX hosts.
pub fn names_without_dnssec(seen: &DomainSeen) -> Vec<&str> {
    let is_unsigned = |state: Option<DnssecWord>| state == Some(DnssecWord::Insecure);
    let domain = is_unsigned(seen.dnssec.state).then_some(seen.domain.as_str());
    let hosts = seen.mx.iter().filter(|mx| is_unsigned(mx.dnssec.state)).map(|mx| mx.host.as_str());
    let mut names: Vec<&str> = domain.into_iter().chain(hosts).collect();
    names.dedup();
    names
}
