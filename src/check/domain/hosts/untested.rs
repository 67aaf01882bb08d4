//! Tests of the MX hosts that were not run, and the reasons.

use std::net::IpAddr;

use super::super::mx;
use super::super::seen::NotTested;
use super::super::sight::Sight;
use super::ask::Recipient;
use super::names::quoted;
use super::reach::{HostReach, reaches, why_untested};
use super::rules::MX_NOT_TESTED;
use super::seen::{before_recipients, received_about, skip_words, skipped};
use super::sessions;
use crate::check::finding::{Finding, PhaseFailure};
use crate::evidence::{Fault, Phase, Session, SkipReason};
use crate::lexicon::{Confidence, Fix};
use crate::wire::status::Class;

/// What was not tested: hosts and addresses beyond the limits, addresses that this machine cannot reach, and sessions
/// that the limits ended. It also includes recipients that were temporarily rejected, and recipients that the session
/// did not reach.
pub(in crate::check::domain) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let mut list = Vec::new();
    let mut add = |what: String, why: String| list.push(NotTested { what, why });
    for host in mx::all_hosts(sight).iter().skip(mx::MAX_HOSTS) {
        add(host.name.to_string(), format!("at most {} hosts are tested", mx::MAX_HOSTS));
    }
    for host in mx::mail_hosts(sight) {
        let tested = mx::addresses(sight, &host.name);
        let usable = mx::usable(sight, &host.name);
        for ip in mx::all_addresses(sight, &host.name).iter().filter(|ip| !tested.contains(ip)) {
            let why = match mx::excluding_flag(sight.plan, *ip) {
                Some(flag) => format!("{flag} excludes its address family"),
                None if usable.contains(ip) => format!("at most {} IP addresses are tested", mx::MAX_ADDRESSES),
                None => "no server on the internet can have this IP address".to_owned(),
            };
            add(format!("{} [{ip}]", host.name), why);
        }
    }
    for reach in reaches(sight) {
        for (ip, kind, _) in &reach.untested {
            add(format!("{} [{ip}]", reach.host.name), why_untested(*kind, *ip));
        }
        for ip in mx::addresses(sight, &reach.host.name) {
            let Some(session) = sessions::session(sight, &reach.host.name, ip) else { continue };
            if let Some(why) = limit(session) {
                add(format!("{} [{ip}]", reach.host.name), why.to_owned());
            }
            let replies: Vec<Class> = Recipient::ALL
                .into_iter()
                .filter_map(|recipient| received_about(sight, &reach.host.name, ip, recipient))
                .map(|received| received.reply.class())
                .collect();
            let what = format!("recipients at {} [{ip}]", reach.host.name);
            if replies.contains(&Class::Transient) {
                let why = "the server temporarily rejects them, because of greylisting or for another reason that its reply gives; repeat the check later";
                add(what, why.to_owned());
            } else if replies.is_empty() && session.connected().is_some() && limit(session).is_none() {
                // A separate finding or entry reports connections that failed.
                add(what, before_recipients(session).unwrap_or_else(|| "the server did not reply".to_owned()));
            }
        }
    }
    list
}

/// MX hosts that were not tested: some hosts because of the connection limit, or all hosts because of their address
/// family.
pub(super) fn finding(sight: Sight<'_>) -> Option<Finding> {
    let reaches = reaches(sight);
    let is_skipped = |reach: &HostReach<'_>, ip: IpAddr| {
        sessions::session(sight, &reach.host.name, ip).and_then(skipped) == Some(SkipReason::ConnectionBudget)
    };
    let cut: Vec<&HostReach<'_>> =
        reaches.iter().filter(|reach| reach.open.iter().any(|ip| is_skipped(reach, *ip))).collect();
    let names = |hosts: &[&HostReach<'_>]| {
        hosts.iter().map(|reach| quoted(sight, &reach.host.name)).collect::<Vec<_>>().join(", ")
    };
    let of = |summary: String| Finding {
        failure: Some(PhaseFailure::Incomplete),
        ..Finding::new(&MX_NOT_TESTED, Phase::Connect, Confidence::Certain, summary)
    };
    if !cut.is_empty() {
        let found = of(format!("these MX hosts were not fully tested: {}", names(&cut)));
        return Some(Finding {
            cause: format!(
                "The connection limit (--max-connections {}) was reached.",
                sight.plan.limits.max_connections
            ),
            fixes: vec![Fix::text("Repeat the check with a higher --max-connections")],
            ..found
        });
    }
    let is_other = |reach: &&HostReach<'_>| mx::is_of_other_family(sight, &reach.host.name);
    let is_untested = |reach: &&HostReach<'_>| {
        reach.connected.is_empty() && reach.failed.is_empty() && reach.open.is_empty() && !reach.untested.is_empty()
    };
    if reaches.is_empty() || !reaches.iter().all(|reach| is_other(&reach) || is_untested(&reach)) {
        return None;
    }
    let all: Vec<&HostReach<'_>> = reaches.iter().collect();
    let found = of(format!("no MX host was tested: {}", names(&all)));
    Some(match reaches.iter().flat_map(|reach| &reach.untested).next() {
        Some((ip, kind, session)) => Finding {
            cause: format!(
                "The IP addresses of the following hosts cannot be tested from this machine: {}.",
                why_untested(*kind, *ip)
            ),
            fixes: vec![Fix::text("Repeat the check from a machine that can connect to these IP addresses")],
            ..found.tried(session.probe.id)
        },
        None => Finding {
            cause: "These hosts have only IP addresses of the family that -4 or -6 excludes.".to_owned(),
            fixes: vec![Fix::text("Repeat the check without -4 or -6")],
            ..found
        },
    })
}

/// The limit that prevented or ended a session.
fn limit(session: Session<'_>) -> Option<&'static str> {
    match (skipped(session), session.fault()) {
        (Some(reason), _) => Some(skip_words(reason)),
        (None, Some(Fault::TimeUp { .. })) => Some(skip_words(SkipReason::TimeUp)),
        (None, Some(Fault::Interrupted)) => Some("the check was interrupted"),
        _ => None,
    }
}
