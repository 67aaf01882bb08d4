//! Findings that only the domain command has. They are about the replies of MX hosts to the null sender, the
//! postmaster, a recipient that cannot exist and a recipient in another domain, and about hosts whose replies differ
//! from the first host's replies.

use std::net::IpAddr;

use super::super::mx;
use super::super::sight::Sight;
use super::ask::Recipient;
use super::names::{places_of, quoted};
use super::ordinary::is_about_client;
use super::rules::{
    MX_ACCEPTS_EVERY_RECIPIENT, MX_BACKUP_DIFFERS, MX_NULL_SENDER_REJECTED, MX_POSTMASTER_REJECTED, MX_RELAY_ACCEPTED,
    MX_SERVER_NAME_NOT_VALID,
};
use super::seen::received_about;
use super::sessions;
use crate::check::finding::{Finding, Rule};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::wire::DnsName;
use crate::wire::status::Class;

/// A reply of one IP address of a host.
struct ReplyOfHost<'s> {
    host: DnsName,
    ip: IpAddr,
    received: ReceivedReply<'s>,
}

pub(super) fn findings(sight: Sight<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(null_sender(sight));
    findings.extend(postmaster(sight));
    findings.extend(relay(sight));
    findings.extend(every_recipient(sight));
    findings.extend(backup(sight));
    findings.extend(server_names(sight));
    findings
}

/// All replies of one kind that meet a condition.
fn replies<'s>(
    sight: Sight<'s>,
    of: impl Fn(&DnsName, IpAddr) -> Option<ReceivedReply<'s>>,
    is_wanted: impl Fn(&ReceivedReply<'s>) -> bool,
) -> Vec<ReplyOfHost<'s>> {
    let mut found = Vec::new();
    for host in mx::mail_hosts(sight) {
        for ip in mx::addresses(sight, &host.name) {
            if let Some(received) = of(&host.name, ip).filter(|received| is_wanted(received)) {
                found.push(ReplyOfHost { host: host.name.clone(), ip, received });
            }
        }
    }
    found
}

/// A finding about these replies. `what` follows the names of the hosts.
fn about(
    sight: Sight<'_>,
    rule: &'static Rule,
    confidence: Confidence,
    replies: &[ReplyOfHost<'_>],
    what: &str,
) -> Option<Finding> {
    let first = replies.first()?;
    let mut hosts: Vec<(&DnsName, Vec<IpAddr>)> = Vec::new();
    for one in replies {
        match hosts.iter_mut().find(|(host, _)| **host == one.host) {
            Some((_, ips)) => ips.push(one.ip),
            None => hosts.push((&one.host, vec![one.ip])),
        }
    }
    let places = places_of(sight, hosts.iter().map(|(host, ips)| (*host, ips.as_slice())));
    let summary = format!("{places}: {what} ({})", first.received.first_line());
    let finding = Finding::new(rule, first.received.event.phase, confidence, summary);
    Some(replies.iter().fold(finding, |finding, one| finding.on(one.received.event)))
}

fn rejects(received: &ReceivedReply<'_>) -> bool {
    received.reply.class() == Class::Permanent && !is_about_client(*received)
}

fn null_sender(sight: Sight<'_>) -> Option<Finding> {
    let of = |host: &DnsName, ip| {
        sessions::session(sight, host, ip).and_then(|session: Session<'_>| session.reply_at(Phase::Mail))
    };
    let found = replies(sight, of, rejects);
    let finding = about(sight, &MX_NULL_SENDER_REJECTED, Confidence::Certain, &found, "the null sender is rejected")?;
    Some(Finding {
        cause: "Delivery reports use the null sender to prevent loops of reports about reports. A server must accept this sender. This server receives no delivery reports about its own mail, and smtpcheck could not test recipients.".to_owned(),
        fixes: vec![
            Fix::text("Server operator: accept MAIL FROM:<> for all local recipients, and use other means to limit unwanted reports"),
        ],
        ..finding
    })
}

fn postmaster(sight: Sight<'_>) -> Option<Finding> {
    let found = replies(sight, |host, ip| received_about(sight, host, ip, Recipient::Postmaster), rejects);
    let domain = &sight.domain.name;
    let what = format!("the recipient postmaster@{domain} is rejected");
    let finding = about(sight, &MX_POSTMASTER_REJECTED, Confidence::Certain, &found, &what)?;
    Some(Finding {
        cause: "Every domain that receives mail must accept mail for its postmaster, so other operators can report problems.".to_owned(),
        fixes: vec![
            Fix::run(
                "Server operator: create the address, for example as an alias for a mailbox that a person reads (/etc/aliases)",
                "postmaster: root",
            ),
        ],
        ..finding
    })
}

fn relay(sight: Sight<'_>) -> Option<Finding> {
    let found = replies(sight, |host, ip| received_about(sight, host, ip, Recipient::Relay), ReceivedReply::accepts);
    let what = format!("{}, a recipient in another domain, is accepted", sight.domain.relay_recipient);
    let finding = about(sight, &MX_RELAY_ACCEPTED, Confidence::Possible, &found, &what)?;
    Some(Finding {
        cause: "The server may deliver mail from any sender to any domain (open relay). Spammers find and abuse such servers within hours, and the servers are then added to blocklists.".to_owned(),
        otherwise: Some("Some servers accept every recipient and reject the message later, after DATA, or discard it. smtpcheck sends no message, so it cannot distinguish these cases. The server's log shows what happens to such messages.".to_owned()),
        fixes: vec![
            Fix::run(
                "Server operator: accept recipients in other domains only from your own networks and from authenticated users (command for Postfix)",
                "postconf -e 'smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination'",
            ),
        ],
        ..finding
    })
}

fn every_recipient(sight: Sight<'_>) -> Option<Finding> {
    let first = mx::mail_hosts(sight).first()?.preference;
    let unknown = |host: &DnsName, ip| received_about(sight, host, ip, Recipient::Unknown);
    let found = replies(sight, unknown, ReceivedReply::accepts);
    // If only less preferred hosts accept every recipient, a different rule reports this.
    let is_first =
        |host: &DnsName| mx::mail_hosts(sight).iter().any(|one| one.name == *host && one.preference == first);
    if !found.iter().any(|one| is_first(&one.host)) {
        return None;
    }
    let finding = about(
        sight,
        &MX_ACCEPTS_EVERY_RECIPIENT,
        Confidence::Likely,
        &found,
        "a recipient that cannot exist is accepted",
    )?;
    Some(Finding {
        cause: "The domain accepts mail for every recipient (catch-all), or checks recipients only after it has received the message.".to_owned(),
        otherwise: Some("An accepted recipient does not prove that the mailbox exists. The server's log shows whether it returns messages later instead of rejecting the recipient.".to_owned()),
        ..finding
    })
}

/// A less preferred host accepts a recipient that the most preferred host rejects.
fn backup(sight: Sight<'_>) -> Option<Finding> {
    let hosts = mx::mail_hosts(sight);
    let first = hosts.first()?;
    let is_first = |host: &DnsName| hosts.iter().any(|one| one.name == *host && one.preference == first.preference);
    let unknown = |host: &DnsName, ip| received_about(sight, host, ip, Recipient::Unknown);
    let rejected = replies(sight, unknown, |received| received.reply.class() == Class::Permanent);
    if !rejected.iter().any(|one| is_first(&one.host)) {
        return None;
    }
    let mut accepted = replies(sight, unknown, ReceivedReply::accepts);
    accepted.retain(|one| !is_first(&one.host));
    let what = "a recipient that cannot exist is accepted";
    let finding = about(sight, &MX_BACKUP_DIFFERS, Confidence::Certain, &accepted, what)?;
    let summary = format!("{}, but {} rejects it", finding.summary, quoted(sight, &first.name));
    Some(Finding {
        summary,
        cause: "This less preferred host has no list of valid recipients. It accepts mail for recipients that do not exist, and the most preferred host then rejects this mail. The less preferred host must then return the mail, often to forged senders. Spammers use less preferred hosts for this reason.".to_owned(),
        fixes: vec![
            Fix::text(
                "Server operator: configure the list of valid recipients on this host (Postfix: relay_recipient_maps, or reject_unverified_recipient)",
            ),
            Fix::text(
                "Or, domain owner: remove the MX record of this host. It is not needed: if the most preferred host is unavailable, senders keep the mail and retry for days",
            ),
        ],
        ..finding
    })
}

/// Servers whose name in the greeting or in the reply to EHLO is not a fully qualified domain name.
fn server_names(sight: Sight<'_>) -> Option<Finding> {
    let is_valid = |word: &str| {
        let literal = word.starts_with('[') && word.ends_with(']');
        let name = DnsName::parse(word).ok().and_then(|name| name.host_name());
        literal
            || name.is_some_and(|name| {
                name.ascii().contains('.')
                    && !name.ascii().ends_with(".local")
                    && !name.ascii().ends_with(".localdomain")
            })
    };
    let first_word = |received: &ReceivedReply<'_>| {
        received.reply.text.first().and_then(|line| line.split_ascii_whitespace().next()).unwrap_or_default().to_owned()
    };
    let of = |host: &DnsName, ip| {
        let session = sessions::session(sight, host, ip)?;
        let replies = [Phase::Greeting, Phase::Ehlo].map(|phase| session.reply_at(phase));
        replies.into_iter().flatten().filter(ReceivedReply::accepts).find(|received| !is_valid(&first_word(received)))
    };
    // A separate finding reports a greeting that a device on the network path has overwritten.
    let found = replies(sight, of, |received| !first_word(received).contains("**"));
    let name = found.first().map(|one| one.received.quote(first_word(&one.received)))?;
    let what = format!("the server identifies itself as `{name}`, which is not a fully qualified host name");
    let finding = about(sight, &MX_SERVER_NAME_NOT_VALID, Confidence::Certain, &found, &what)?;
    Some(Finding {
        cause: "The name has no effect on most senders. If the server also sends mail with this name in EHLO, receivers may reject that mail.".to_owned(),
        fixes: vec![Fix::text(
            "Server operator: set the server's host name to the fully qualified name in its PTR record (Postfix: myhostname)",
        )],
        ..finding
    })
}

/// Whether the domain accepts mail for a recipient that cannot exist; `None` if this was not tested.
pub(in crate::check::domain) fn catch_all(sight: Sight<'_>) -> Option<bool> {
    let unknown = |host: &DnsName, ip| received_about(sight, host, ip, Recipient::Unknown);
    if !replies(sight, unknown, ReceivedReply::accepts).is_empty() {
        return Some(true);
    }
    (!replies(sight, unknown, rejects).is_empty()).then_some(false)
}
