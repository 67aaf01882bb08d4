//! MX hosts whose IP addresses this machine's resolver does not return, although the name servers of their zone do.

use super::super::sight::{Known, Sight};
use super::known::{KINDS, code_words, fault_words};
use super::rules::MX_HOST_LOOKUP_FAILED;
use super::set::finding;
use crate::check::finding::{Finding, Severity};
use crate::lexicon::{Confidence, Fix};
use crate::wire::DnsName;

/// The resolver does not return addresses of the host, but the name servers do.
pub(super) fn fault_of_resolver(sight: Sight<'_>, host: &DnsName) -> Option<Finding> {
    let (kind, probe, server) = KINDS.into_iter().find_map(|kind| {
        let is_used = sight.needs_servers(host, kind) && sight.uses_servers(host, kind);
        let (failed, used) = (sight.at_resolver(host, kind).probe()?, sight.records(host, kind).probe()?);
        is_used.then_some((kind, failed, used))
    })?;
    let why = match sight.at_resolver(host, kind) {
        Known::Failed(_, fault) => fault_words(fault).to_owned(),
        known => known.answer().map(|seen| code_words(seen.code))?,
    };
    let summary = format!(
        "this machine's resolver does not return the IP addresses of {} ({kind}: {why}), but the name servers of the zone do",
        probe.quote(host.as_str())
    );
    let found = Finding {
        severity: Severity::Notice,
        cause: "The fault is in the resolver, or in a device on the network path to it. Senders with other resolvers are not affected. smtpcheck uses the responses of the name servers.".to_owned(),
        otherwise: Some("The name servers may answer smtpcheck, but not the resolver. Repeat the check with another resolver to find out.".to_owned()),
        fixes: vec![Fix::text("Repeat the check with another resolver (--resolver)")],
        ..finding(&MX_HOST_LOOKUP_FAILED, probe, Confidence::Likely, summary)
    };
    Some(found.tried(server.id))
}
