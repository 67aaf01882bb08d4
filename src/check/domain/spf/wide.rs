//! Findings about records that allow every host, or a very large network.

use std::net::IpAddr;

use super::Subject;
use super::rules::{ALLOWS_EVERYONE, NETWORK_WIDE};
use crate::check::finding::{Finding, Rule};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::record::{SpfMechanism, SpfQualifier, SpfRecord, SpfTermKind};
use crate::policy::spf::tree::{first_for_everyone, wide_hosts};

fn about(subject: Subject<'_>, rule: &'static Rule, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id)
}

/// The finding, if the record allows every host or a very large network.
pub(super) fn finding(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    everyone(subject).or_else(|| wide_networks(subject, record))
}

fn everyone(subject: Subject<'_>) -> Option<Finding> {
    let (node, terms) = first_for_everyone(&subject.tree.root)?;
    let words: Vec<String> =
        terms.iter().filter_map(|at| node.branches.get(*at)).map(|branch| subject.quote(&branch.text)).collect();
    let place = if node.name == subject.tree.root.name {
        String::new()
    } else {
        format!(" in the included record of {}", subject.quote(node.name.as_str()))
    };
    let summary = format!("the SPF record allows every host to send: {}{place}", words.join(" and "));
    let mut finding = about(subject, &ALLOWS_EVERYONE, summary);
    finding.cause = "Mail with this sender domain passes SPF, whichever host sends it.".to_owned();
    finding.fixes.push(Fix::text(
        "Domain owner: list the sending hosts with ip4, ip6, a, mx or include, and end the record with ~all or -all",
    ));
    Some(finding)
}

/// Networks with at most this prefix length belong to many organizations.
const WIDE_IPV4: u8 = 8;
const WIDE_IPV6: u8 = 16;

/// Whether a network is so large that it belongs to many organizations.
fn is_wide(ip: IpAddr, prefix: u8) -> bool {
    match ip {
        IpAddr::V4(v4) => prefix <= WIDE_IPV4 && !(prefix == 8 && v4.is_private()),
        // All unique local addresses are in fc00::/7, which no host can use on the internet.
        IpAddr::V6(v6) => prefix <= WIDE_IPV6 && !(prefix >= 7 && v6.is_unique_local()),
    }
}

fn wide_networks(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    let is_pass_for_wide = |kind: &SpfTermKind| matches!(kind, SpfTermKind::Directive(SpfQualifier::Pass, SpfMechanism::Network { ip, prefix }) if is_wide(*ip, *prefix));
    // Receivers evaluate no term after `all`.
    let end = record.all().map_or(record.terms.len(), |(at, _)| at);
    let wide = record.terms.iter().enumerate().take(end).filter(|(_, term)| is_pass_for_wide(&term.kind));
    let hosts = wide_hosts(&subject.tree.root, WIDE_IPV4, WIDE_IPV6);
    let words: Vec<String> = wide
        .map(|(at, _)| at)
        .chain(hosts)
        .filter_map(|at| subject.tree.root.branches.get(at))
        .map(|branch| subject.quote(&branch.text))
        .collect();
    if words.is_empty() {
        return None;
    }
    let summary = format!("the SPF record allows a very large network: {}", words.join(" and "));
    let mut finding = about(subject, &NETWORK_WIDE, summary);
    finding.cause = "A network of this size belongs to many organizations. Mail with this sender domain passes SPF from each host in it.".to_owned();
    finding.fixes.push(Fix::text(
        "Domain owner: replace it with the addresses or networks of the hosts that send mail, and check the prefix length after the slash",
    ));
    Some(finding)
}
