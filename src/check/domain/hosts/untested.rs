//! What was not tested on the MX hosts, and why.

use super::super::mx;
use super::super::seen::NotTested;
use super::super::sight::Sight;
use super::ask::Recipient;
use super::reach::{reaches, why_untested};
use super::seen::{received_about, skipped};
use super::sessions;
use crate::evidence::{Fault, Session, SkipReason};
use crate::wire::status::Class;

/// What was not tested: hosts and addresses beyond the limits, addresses that this machine cannot reach, sessions that the
/// limits ended, and recipients that were temporarily rejected.
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
            let why = if usable.contains(ip) {
                format!("at most {} IP addresses are tested", mx::MAX_ADDRESSES)
            } else {
                "no server on the internet uses this IP address, or its family was excluded".to_owned()
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
            let recipients = [Recipient::Postmaster, Recipient::Given, Recipient::Unknown, Recipient::Relay];
            let deferred = recipients.into_iter().any(|recipient| {
                received_about(sight, &reach.host.name, ip, recipient)
                    .is_some_and(|received| received.reply.class() == Class::Transient)
            });
            if deferred {
                add(
                    format!("recipients at {} [{ip}]", reach.host.name),
                    "the server temporarily rejects them (greylisting, or another reason in its reply); repeat the check later"
                        .to_owned(),
                );
            }
        }
    }
    list
}

/// The limit that prevented or ended a session.
fn limit(session: Session<'_>) -> Option<&'static str> {
    match (skipped(session), session.fault()) {
        (Some(SkipReason::ConnectionBudget), _) => Some("the limit of connections (--max-connections) was reached"),
        (Some(SkipReason::TimeUp), _) | (None, Some(Fault::TimeUp { .. })) => {
            Some("the overall time limit (--max-time) was reached")
        }
        (None, Some(Fault::Interrupted)) => Some("the check was interrupted"),
        _ => None,
    }
}
