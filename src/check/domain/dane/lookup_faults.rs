//! Findings about lookups of TLSA records that only some resolvers answer.

use super::client::DaneClient;
use super::lookup::{self, failure_words, fault_of_resolver};
use super::rules::DANE_LOOKUP_FAILS;
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, Severity, in_shell};
use crate::evidence::{Phase, Probe};
use crate::lexicon::{Confidence, Fix};
use crate::wire::DnsName;

/// The resolver does not answer, but the name servers do.
pub(super) fn of_resolver(sight: Sight<'_>, host: &DnsName, shown: &str) -> Option<Finding> {
    let (base, probe, servers) = fault_of_resolver(sight, host)?;
    let summary = format!(
        "this machine's resolver does not return the TLSA records of {} ({}), but the name servers of the zone answer",
        shown,
        failure_words(sight, &base)
    );
    let mut finding = Finding::new(&DANE_LOOKUP_FAILS, Phase::Dns, Confidence::Likely, summary).tried(probe.id);
    finding.severity = Severity::Notice;
    finding.cause = format!(
        "The fault is in the resolver, or in a device on the network path to it. {} with other resolvers are not affected. If the responses of the name servers have valid signatures, smtpcheck uses these responses for the DANE results.",
        DaneClient::of(sight).first_noun()
    );
    finding.otherwise = Some("The name servers may answer smtpcheck, but not the resolver. Repeat the check with another resolver to find out.".to_owned());
    finding.fixes = vec![Fix::text("Repeat the check with another resolver (--resolver)")];
    Some(servers.iter().fold(finding, |finding, server| finding.tried(server.id)))
}

/// The name above the records does not exist, according to the name server.
pub(super) fn denied_above(sight: Sight<'_>, base: &DnsName, records: &Probe, shown: &str) -> Option<Finding> {
    let probe = lookup::denied_above(sight, base)?;
    let above = format!("_tcp.{base}");
    let summary = format!(
        "a name server responds that {} does not exist (NXDOMAIN), but there are TLSA records below this name",
        probe.quote(above.as_str())
    );
    let mut finding = Finding::new(&DANE_LOOKUP_FAILS, Phase::Dns, Confidence::Likely, summary);
    finding.severity = Severity::Warning;
    finding.cause = format!(
        "Resolvers that look up each label separately (QNAME minimisation) conclude that the TLSA records do not exist. {} that use such a resolver do not authenticate the host, or do not connect to it.",
        DaneClient::of(sight).first_noun()
    );
    finding.otherwise = Some(
        "The resolver may have changed the response code. Repeat the check with another resolver to find out."
            .to_owned(),
    );
    finding.fixes = vec![Fix::run(
        format!(
            "DNS operator of {}: update the name server's software, which must respond with NOERROR for this name",
            shown
        ),
        format!("dig +dnssec {} TLSA", probe.quote(in_shell(&above))),
    )];
    Some(finding.tried(records.id).tried(probe.id))
}
