//! Findings about records that allow every host, or a very large network.

use std::net::IpAddr;

use super::Subject;
use super::rules::{ALLOWS_EVERYONE, NETWORK_WIDE};
use crate::check::finding::{Finding, Rule};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::record::{SpfMechanism, SpfQualifier, SpfRecord, SpfTermKind};
use crate::policy::spf::tree::{SpfEffect, SpfFound, SpfNode, first_for_everyone, wide_hosts};

fn about(subject: Subject<'_>, rule: &'static Rule, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id)
}

/// The finding, if the record allows every host or a very large network.
pub(super) fn finding(subject: Subject<'_>, record: &SpfRecord) -> Option<Finding> {
    everyone_finding(subject).or_else(|| wide_networks(subject, record))
}

/// The first record of the tree that allows every host of a family, with its terms.
fn first_with_everyone(root: &SpfNode) -> Option<(&SpfNode, Vec<usize>)> {
    first_for_everyone(root).or_else(|| first_with_exists(root))
}

/// The first record with an `exists` term that gives every host the result `pass`: it has a fixed name, which exists
/// (RFC 7208 §5.7).
fn first_with_exists(node: &SpfNode) -> Option<(&SpfNode, Vec<usize>)> {
    let SpfFound::Record(record, _) = &node.found else { return None };
    if record.mistakes().next().is_some() {
        return None;
    }
    let mut redirected = None;
    for (at, (term, branch)) in record.terms.iter().zip(&node.branches).enumerate() {
        match (&term.kind, &branch.effect) {
            (SpfTermKind::Directive(qualifier, SpfMechanism::Exists(_)), SpfEffect::Addresses(_)) => {
                return (*qualifier == SpfQualifier::Pass).then(|| (node, vec![at]));
            }
            // No IPv4 host reaches the terms after this one.
            (SpfTermKind::Directive(_, SpfMechanism::Network { ip: IpAddr::V4(_), prefix: 0 }), _) => return None,
            (SpfTermKind::Directive(SpfQualifier::Pass, SpfMechanism::Include(_)), SpfEffect::Record) => {
                if let Some(found) = branch.child.as_ref().and_then(first_with_exists) {
                    return Some(found);
                }
            }
            // RFC 7208 §6.1: redirect is used only if no mechanism matches.
            (SpfTermKind::Redirect(_), SpfEffect::Record) => redirected = branch.child.as_ref(),
            _ => {}
        }
    }
    redirected.and_then(first_with_exists)
}

/// Whether the domain's record allows every host by a term other than its own `all`, or by an included record.
pub(super) fn is_everyone_named(subject: Subject<'_>) -> bool {
    let root = &subject.tree.root;
    first_with_everyone(root).is_some_and(|(node, terms)| {
        let SpfFound::Record(record, _) = &node.found else { return false };
        let is_all = |at: &usize| record.all().is_some_and(|(all, _)| all == *at);
        node.name != root.name || !terms.iter().all(is_all)
    })
}

/// Which hosts a record allows that allows every host of a family: a noun phrase, and whether earlier terms exclude some.
pub(super) fn everyone(root: &SpfNode) -> Option<(&'static str, bool)> {
    let (node, terms) = first_with_everyone(root)?;
    let SpfFound::Record(record, _) = &node.found else { return None };
    let (mut has_v4, mut has_v6) = (false, false);
    for (at, (term, branch)) in record.terms.iter().zip(&node.branches).enumerate() {
        let SpfTermKind::Directive(SpfQualifier::Pass, mechanism) = &term.kind else { continue };
        if branch.effect == SpfEffect::Unused {
            continue;
        }
        match (mechanism, &branch.effect) {
            (SpfMechanism::All, _) => (has_v4, has_v6) = (true, true),
            (SpfMechanism::Exists(_), SpfEffect::Addresses(_)) => (has_v4, has_v6) = (true, true),
            (SpfMechanism::Network { ip, prefix }, _) => {
                has_v4 |= ip.is_ipv4() && (*prefix == 0 || terms.contains(&at));
                has_v6 |= ip.is_ipv6() && *prefix == 0;
            }
            (
                SpfMechanism::A { prefixes, .. } | SpfMechanism::Mx { prefixes, .. },
                SpfEffect::Addresses(ips) | SpfEffect::Hosts { addresses: ips, .. },
            ) => {
                has_v4 |= prefixes.v4 == 0 && ips.iter().any(IpAddr::is_ipv4);
                has_v6 |= prefixes.v6 == 0 && ips.iter().any(IpAddr::is_ipv6);
            }
            _ => {}
        }
    }
    let hosts = match (has_v4, has_v6) {
        (true, false) => "every IPv4 host",
        (false, true) => "every IPv6 host",
        _ => "every host",
    };
    let first = terms.iter().min().copied().unwrap_or(0);
    let above = if node.name == root.name { 0 } else { excluding(root, usize::MAX) };
    Some((hosts, excluding(node, first) + above > 0))
}

/// The number of terms before this one that give some hosts a result other than `pass`.
fn excluding(node: &SpfNode, end: usize) -> usize {
    let SpfFound::Record(record, _) = &node.found else { return 0 };
    let is_excluding = |kind: &SpfTermKind| match kind {
        SpfTermKind::Directive(SpfQualifier::Pass, _) | SpfTermKind::Directive(_, SpfMechanism::All) => false,
        SpfTermKind::Directive(..) => true,
        _ => false,
    };
    record.terms.iter().take(end).filter(|term| is_excluding(&term.kind)).count()
}

fn everyone_finding(subject: Subject<'_>) -> Option<Finding> {
    let (node, terms) = first_with_everyone(&subject.tree.root)?;
    let (hosts, is_limited) = everyone(&subject.tree.root)?;
    let words: Vec<String> =
        terms.iter().filter_map(|at| node.branches.get(*at)).map(|branch| subject.quote(&branch.text)).collect();
    let place = if node.name == subject.tree.root.name {
        String::new()
    } else {
        format!(" in the included record of {}", subject.quote(node.name.as_str()))
    };
    let except = if is_limited { ", except those that earlier terms exclude" } else { "" };
    let summary = format!("the SPF record allows {hosts} to send{except}: {}{place}", words.join(" and "));
    let mut finding = about(subject, &ALLOWS_EVERYONE, summary);
    finding.cause = match (hosts, is_limited) {
        ("every host", false) => "Mail with this sender domain passes SPF, whichever host sends it.".to_owned(),
        (_, false) => format!("Mail with this sender domain passes SPF from {hosts}."),
        (_, true) => "Mail with this sender domain passes SPF from each of these hosts.".to_owned(),
    };
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
