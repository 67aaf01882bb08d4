//! MX hosts whose IP addresses this machine's resolver does not return, although the name servers of their zone do, and
//! MX records that are not known because the resolver redirects the domain.

use super::super::redirect;
use super::super::sight::{Known, Sight};
use super::known::{KINDS, code_words, fault_words};
use super::rules::{MX_HOST_LOOKUP_FAILED, MX_LOOKUP_FAILED};
use super::set::finding;
use crate::check::finding::{Finding, PhaseFailure, Severity};
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

/// The resolver redirects the domain, and no name server of the domain answered, so its MX records are not known.
pub(super) fn redirected(sight: Sight<'_>) -> Option<Finding> {
    let found = redirect::of_mail_hosts(sight)?;
    let apex = found.probe.quote(found.apex.as_str());
    let what = match found.target {
        Some(target) => format!("returns an alias (CNAME) for {}", found.probe.quote(target.as_str())),
        None if found.is_alias => "returns aliases (CNAME) that form a loop".to_owned(),
        None => "returns no SOA record".to_owned(),
    };
    let summary = format!(
        "the MX records of {} are not known: this machine's resolver {what} at {apex}, although the parent zone delegates {apex}",
        sight.name()
    );
    Some(Finding {
        cause: "A zone begins at a delegated name, so the name has SOA and NS records and cannot be an alias. The resolver, or a device on the network path to it, redirects the name, for example to a page of a filter or of a network login. No name server of the domain answered smtpcheck, so the domain's mail service was not tested.".to_owned(),
        otherwise: Some("The zone may contain a CNAME record at its apex, which is not allowed. If other resolvers return the same alias or response, the domain is at fault.".to_owned()),
        fixes: vec![
            Fix::text("Repeat the check with another resolver (--resolver), or from another network"),
            Fix::run("This command shows what the name servers return", format!("dig +trace {} MX", sight.name())),
        ],
        failure: Some(PhaseFailure::Unreachable),
        ..finding(&MX_LOOKUP_FAILED, found.probe, Confidence::Likely, summary)
    })
}
