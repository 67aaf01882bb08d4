//! Whether the MX hosts accept mail, and which findings about their replies determine the exit code.
//!
//! A sender tries the hosts in order of preference, and hosts of equal preference in random order, until one accepts
//! the mail (RFC 5321 §5.1). It skips a host that defers the recipient. If a host rejects the recipient permanently,
//! the sender stops and does not try the next host (RFC 5321 §4.2.1). For the recipient that the user gave:
//!
//! | the most preferred hosts that accept or reject the recipient | the mail | the rejections |
//! |---|---|---|
//! | all reject it | is returned | determine the exit code, even if a later host accepts it |
//! | some accept it, some reject it | is delivered or returned, depending on the host that the sender chooses | determine the exit code |
//! | all accept it | is delivered | warnings without failure |
//! | there are none, but some hosts defer it | stays in the queue | are temporary failures |
//!
//! If no server accepts a connection, EHLO and a sender, nothing can be tested. In this case, the rejections of these
//! commands determine the exit code, although most of them concern this machine. If one server accepts them, rejections
//! by other servers do not affect the exit code. A service that is not SMTP rejects nothing.

use std::net::IpAddr;

use super::super::mx::{self, MxHost};
use super::super::sight::Sight;
use super::ask::Recipient;
use super::names::quoted;
use super::seen::received_about;
use super::sessions;
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventId, Phase, Session};
use crate::wire::status::Class;

/// Sets the severity and the failure of findings about rejections according to their effect on mail to the domain.
pub(super) fn weigh(sight: Sight<'_>, findings: &mut [Finding]) {
    weigh_before_recipients(sight, findings);
    weigh_recipient(sight, findings);
}

/// What happens to mail for the recipient that the user gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecipientFate {
    /// The first hosts with a definite reply accept the recipient.
    Delivered,
    /// The first hosts with a definite reply reject the recipient.
    Returned,
    /// Some hosts accept the recipient, and others with the same preference reject it.
    Divided,
    /// No host has a definite reply, but some hosts defer the recipient.
    Waiting,
    /// No host replied about the recipient.
    Unknown,
}

/// The replies about the recipient that the user gave, from all IP addresses of these hosts.
fn replies<'s>(sight: Sight<'s>, hosts: &[MxHost]) -> Vec<(MxHost, ReceivedReply<'s>)> {
    let of_host = |host: &MxHost| {
        let of_address = |ip: IpAddr| {
            let received = received_about(sight, &host.name, ip, Recipient::Given)?;
            Some((host.clone(), received))
        };
        mx::addresses(sight, &host.name).into_iter().filter_map(of_address).collect::<Vec<_>>()
    };
    hosts.iter().flat_map(of_host).collect()
}

fn is_permanent(received: &ReceivedReply<'_>) -> bool {
    received.reply.class() == Class::Permanent
}

fn fate(sight: Sight<'_>) -> RecipientFate {
    let mut is_deferred = false;
    for equal in mx::mail_hosts(sight).chunk_by(|one, other| one.preference == other.preference) {
        let replies = replies(sight, equal);
        let accepts = replies.iter().any(|(_, received)| received.accepts());
        let rejects = replies.iter().any(|(_, received)| is_permanent(received));
        is_deferred |= replies.iter().any(|(_, received)| received.reply.class() == Class::Transient);
        match (accepts, rejects) {
            (true, true) => return RecipientFate::Divided,
            (true, false) => return RecipientFate::Delivered,
            (false, true) => return RecipientFate::Returned,
            (false, false) => {}
        }
    }
    if is_deferred { RecipientFate::Waiting } else { RecipientFate::Unknown }
}

/// Adjusts the severity of the findings about the recipient that the user gave. Other findings are not changed.
fn weigh_recipient(sight: Sight<'_>, findings: &mut [Finding]) {
    let replies = replies(sight, &mx::mail_hosts(sight));
    let rejections: Vec<&ReceivedReply<'_>> =
        replies.iter().map(|(_, received)| received).filter(|received| !received.accepts()).collect();
    let fate = fate(sight);
    let accepting = replies.iter().find(|(_, received)| received.accepts()).map(|(host, _)| host);
    for finding in findings.iter_mut().filter(|finding| finding.phase == Phase::Rcpt) {
        let about = |received: &&&ReceivedReply<'_>| finding.evidence.events.contains(&received.event.seq);
        let of_finding: Vec<&ReceivedReply<'_>> = rejections.iter().filter(about).copied().collect();
        if of_finding.is_empty() {
            continue;
        }
        let is_permanent = of_finding.iter().any(|received| is_permanent(received));
        match fate {
            RecipientFate::Delivered => {
                demote(finding);
                finding.consequences.extend(accepting.map(|host| {
                    let name = quoted(sight, &host.name);
                    format!("Senders deliver mail for the recipient to {name}, which accepts it")
                }));
            }
            RecipientFate::Returned | RecipientFate::Divided if !is_permanent => demote(finding),
            RecipientFate::Returned => finding.consequences.extend(accepting.map(|host| {
                let name = quoted(sight, &host.name);
                format!("{name} accepts the recipient, but senders first try the host that rejects the recipient. After a permanent rejection, they return the mail and do not try another host")
            })),
            RecipientFate::Divided => finding.consequences.extend(accepting.map(|host| {
                let name = quoted(sight, &host.name);
                format!("{name} accepts the recipient at an IP address of equal preference. Senders choose one of the servers at random, so some messages are delivered and others are returned")
            })),
            RecipientFate::Waiting => fail(finding, PhaseFailure::RefusedTemporary),
            RecipientFate::Unknown => {}
        }
    }
}

/// How far a session got before the recipients.
enum SessionReach<'s> {
    /// The server accepted the sender.
    Sender,
    /// It rejected the connection, EHLO or the sender.
    Rejected(ReceivedReply<'s>),
    /// The session ended for another reason: there was no connection, the server closed it, its service is not SMTP, or
    /// a limit was reached.
    Ended,
}

fn progress(session: Session<'_>) -> SessionReach<'_> {
    if session.reply_at(Phase::Mail).is_some_and(|received| received.accepts()) {
        return SessionReach::Sender;
    }
    // A rejection of STARTTLS does not count, because senders without a policy then deliver without TLS.
    let phases = [Phase::Greeting, Phase::Ehlo, Phase::EhloTls, Phase::Mail];
    let mut replies = phases.into_iter().filter_map(|phase| session.reply_at(phase));
    // A line that is not an SMTP reply, such as the greeting of an SSH server, rejects nothing (RFC 5321 §4.2.1).
    let is_rejection =
        |received: &ReceivedReply<'_>| matches!(received.reply.class(), Class::Transient | Class::Permanent);
    let rejected = replies.find(|received| !received.accepts()).filter(is_rejection);
    rejected.map_or(SessionReach::Ended, SessionReach::Rejected)
}

/// Adjusts the severity of the findings about the greeting, EHLO and the sender.
fn weigh_before_recipients(sight: Sight<'_>, findings: &mut [Finding]) {
    let mut accepts_any = false;
    let mut rejections: Vec<ReceivedReply<'_>> = Vec::new();
    for host in mx::mail_hosts(sight) {
        for ip in mx::addresses(sight, &host.name) {
            match sessions::session(sight, &host.name, ip).map(progress) {
                Some(SessionReach::Sender) => accepts_any = true,
                Some(SessionReach::Rejected(received)) => rejections.push(received),
                Some(SessionReach::Ended) | None => {}
            }
        }
    }
    let of_session = |finding: &&mut Finding| (Phase::Greeting..=Phase::Mail).contains(&finding.phase);
    if accepts_any {
        // Senders use another server. For this host, the finding is still an error.
        findings.iter_mut().filter(of_session).for_each(|finding| finding.failure = None);
        return;
    }
    // Senders retry if at least one server responds with a temporary rejection.
    let is_temporary = rejections.iter().any(|received| !is_permanent(received));
    let reason = if is_temporary { PhaseFailure::RefusedTemporary } else { PhaseFailure::RefusedPermanent };
    let deciding: Vec<EventId> = rejections
        .iter()
        .filter(|received| is_permanent(received) != is_temporary)
        .map(|received| received.event.seq)
        .collect();
    for finding in findings.iter_mut().filter(of_session) {
        // Another service may use the same reply codes. Its reply to EHLO is evidence for this, not a rejection.
        let is_other_service = finding.failure == Some(PhaseFailure::Protocol);
        if is_temporary && is_other_service {
            finding.failure = None;
        } else if is_other_service {
            continue;
        }
        if finding.evidence.events.iter().any(|event| deciding.contains(event)) {
            fail(finding, reason);
            finding
                .consequences
                .push("No MX host accepted a sender, so smtpcheck could not test the recipients".to_owned());
        } else if matches!(finding.failure, Some(PhaseFailure::RefusedPermanent | PhaseFailure::RefusedTemporary)) {
            finding.failure = None;
        }
    }
}

/// The finding explains why the check has no result for the recipient that the user gave.
fn fail(finding: &mut Finding, reason: PhaseFailure) {
    finding.severity = Severity::Error;
    finding.failure = Some(reason);
}

/// The finding does not prevent delivery.
fn demote(finding: &mut Finding) {
    finding.severity = finding.severity.min(Severity::Warning);
    finding.failure = None;
}
