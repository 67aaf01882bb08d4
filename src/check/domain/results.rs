//! Collects the results of all subjects.

use super::seen::{DomainSeen, NotTested};
use super::sight::Sight;
use super::{dane, delegation, dkim, dmarc, dnssec, hosts, lists, mx, reverse, senders, spf, sts, tlsrpt};
use crate::evidence::Evidence;
use crate::plan::Plan;

/// The results of a check of a domain; `None` if the plan is about a server.
pub fn results(plan: &Plan, evidence: &Evidence) -> Option<DomainSeen> {
    let sight = Sight::new(plan, evidence)?;
    let hosts = hosts::summary(sight);
    Some(DomainSeen {
        domain: sight.domain.name.ascii().to_owned(),
        unicode: sight.domain.name.is_international().then(|| sight.domain.name.unicode().to_owned()),
        dnssec: dnssec::summary(sight),
        delegation: delegation::summary(sight),
        null_mx: mx::is_null(sight),
        senders: senders::summary(&hosts),
        dane: dane::worst(&hosts),
        mta_sts: sts::summary(sight),
        tls_rpt: tlsrpt::summary(sight),
        spf: spf::summary(sight),
        dkim: dkim::summary(sight),
        dmarc: dmarc::summary(sight),
        sending: reverse::summary(sight),
        lists: lists::of_domain(sight),
        catch_all: hosts::catch_all(sight),
        not_tested: not_tested(sight),
        mx: hosts,
    })
}

/// The TLSA records that match the certificates which the MX hosts send now, as lines of a zone file.
pub fn tlsa_records(plan: &Plan, evidence: &Evidence) -> Vec<String> {
    Sight::new(plan, evidence).map(dane::suggested).unwrap_or_default()
}

/// The tests that were not run, by subject.
fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let mut list = mx::not_tested(sight);
    list.extend(hosts::not_tested(sight));
    list.extend(delegation::not_tested(sight));
    list.extend(dnssec::not_tested(sight));
    list.extend(dkim::not_tested(sight));
    list.extend(dmarc::not_tested(sight));
    list.extend(reverse::not_tested(sight));
    list.extend(lists::not_tested(sight));
    list
}
