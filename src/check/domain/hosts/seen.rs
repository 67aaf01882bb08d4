//! The MX hosts with their results, for reports.

use std::net::IpAddr;

use super::super::seen::{
    DaneSeen, Delivery, MxAddressSeen, MxCertificateSeen, MxSeen, PoliciesSeen, ProbeReply, ProbeReplyState,
    StsResultSeen,
};
use super::super::sight::{Sight, is_bogus};
use super::super::tls::{StarttlsResult, starttls_failure};
use super::super::{dane, dnssec, mx, purpose, reverse, sts};
use super::ask::Recipient;
use super::sessions::{chains, key_kind, session, sessions};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{ChainFault, Fault, NameMatch, Outcome, Phase, Presented, Session, SkipReason, Trust};
use crate::wire::status::Class;
use crate::wire::{DnsName, RecordKind};

/// The hosts with their results.
pub(in crate::check::domain) fn summary(sight: Sight<'_>) -> Vec<MxSeen> {
    mx::mail_hosts(sight)
        .into_iter()
        .map(|host| {
            let of_host = mx::addresses(sight, &host.name).into_iter();
            let addresses: Vec<MxAddressSeen> = of_host.map(|ip| address_seen(sight, &host.name, ip)).collect();
            let certificates = addresses.iter().flat_map(|address| &address.certificates);
            let of_certificates: Vec<&DaneSeen> = certificates.map(|one| &one.policies.dane).collect();
            MxSeen {
                preference: host.preference,
                host: host.name.as_str().to_owned(),
                implicit: host.preference.is_none(),
                alias: alias(sight, &host.name),
                dnssec: dnssec::of_addresses(sight, &host.name),
                unmatched_tlsa: dane::unmatched_records(&of_certificates),
                addresses,
                problem: mx::problem(sight, &host.name),
            }
        })
        .collect()
}

/// The name that a host name is an alias for.
fn alias(sight: Sight<'_>, host: &DnsName) -> Option<String> {
    let seen = mx::KINDS.into_iter().filter_map(|kind: RecordKind| sight.records(host, kind).answer());
    seen.filter(|seen| !is_bogus(seen))
        .filter_map(|seen| seen.aliases.last())
        .map(|alias| alias.to.as_str().to_owned())
        .next()
}

fn address_seen(sight: Sight<'_>, host: &DnsName, ip: IpAddr) -> MxAddressSeen {
    let session = session(sight, host, ip);
    let (ptr, forward_confirmed) = reverse::confirmed(sight, ip);
    let certificates: Vec<MxCertificateSeen> =
        chains(sight, host, ip).into_iter().map(|chain| certificate_seen(sight, host, chain)).collect();
    let greeting = session.and_then(|session| session.reply_at(Phase::Greeting));
    let ehlo = session.and_then(|session| session.final_capabilities());
    let first_word = |text: &str| text.split_ascii_whitespace().next().map(str::to_owned);
    let [recipient, postmaster, unknown_recipient, relay] =
        Recipient::ALL.map(|recipient| reply_to(sight, host, ip, recipient));
    MxAddressSeen {
        ip,
        port: sight.plan.target.port,
        reachable: session.and_then(reachable),
        ready: session.is_some_and(is_ready),
        problem: session.and_then(|session| problem(&session)),
        greeting: greeting.and_then(|received| received.reply.lines().into_iter().next()),
        greeting_host: greeting
            .filter(ReceivedReply::accepts)
            .and_then(|received| received.reply.text.first().and_then(|line| first_word(line))),
        ehlo_host: ehlo.and_then(|(_, offers)| first_word(&offers.greeting)),
        ptr,
        forward_confirmed,
        starttls: session
            .and_then(|session| session.capabilities(Phase::Ehlo).map(|(_, offers)| offers.has("STARTTLS"))),
        tls_version: session
            .and_then(|session| session.handshake())
            .map(|(_, handshake)| format!("TLS {}", handshake.version)),
        policies: policies(sight, host, session, &certificates),
        certificates,
        null_sender: match session.and_then(|session| session.reply_at(Phase::Mail)) {
            Some(received) => probe_reply(received),
            None => unanswered(session.and_then(before_recipients)),
        },
        postmaster,
        recipient,
        unknown_recipient,
        relay,
    }
}

/// Whether the server accepted the connection; `None` if it was not tested, or if this machine cannot test it.
pub(super) fn reachable(session: Session<'_>) -> Option<bool> {
    if session.connected().is_some() {
        return Some(true);
    }
    match session.fault()? {
        Fault::NotConnected { connect } => match connect.kind {
            ConnectFaultKind::NetworkUnreachable
            | ConnectFaultKind::NoSourceAddress
            | ConnectFaultKind::SourceMissing
            | ConnectFaultKind::SourceFamily
            | ConnectFaultKind::SourcePorts
            | ConnectFaultKind::DeniedHere => None,
            ConnectFaultKind::Refused
            | ConnectFaultKind::TimedOut
            | ConnectFaultKind::HostUnreachable
            | ConnectFaultKind::Reset
            | ConnectFaultKind::Other => Some(false),
        },
        _ => None,
    }
}

/// Whether the server sent a greeting and accepted EHLO.
pub(super) fn is_ready(session: Session<'_>) -> bool {
    session.reply_at(Phase::Greeting).is_some_and(|greeting| greeting.accepts())
        && session.reply_at(Phase::Ehlo).or_else(|| session.reply_at(Phase::EhloTls)).is_some_and(|ehlo| ehlo.accepts())
}

/// What prevented the test of recipients at an IP address, as a short phrase; `None` until the session has ended.
pub(super) fn before_recipients(session: Session<'_>) -> Option<String> {
    if purpose::is_submission_port(session.request.port) {
        return problem(&session).or_else(|| Some(NEEDS_LOGIN.to_owned()));
    }
    let rejected = || {
        let received = session.reply_at(Phase::Mail).filter(|received| !received.accepts())?;
        let code = received.reply.code.map_or_else(|| "no reply code".to_owned(), |code| code.to_string());
        Some(format!("null sender rejected: {code}"))
    };
    problem(&session).or_else(rejected)
}

/// Why recipients are not tested on a submission port.
const NEEDS_LOGIN: &str = "submission requires a login";

/// The first failure, as a short phrase.
fn problem(session: &Session<'_>) -> Option<String> {
    let rejected = |phase: Phase| {
        let received = session.reply_at(phase).filter(|received| !received.accepts())?;
        let code = received.reply.code.map_or_else(|| "no reply code".to_owned(), |code| code.to_string());
        Some(format!("{} rejected: {code}", phase_words(phase)))
    };
    if let Some(found) = [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls].into_iter().find_map(rejected)
    {
        return Some(found);
    }
    if let Some(reason) = skipped(*session) {
        return Some(skip_words(reason).to_owned());
    }
    Some(match session.fault()? {
        Fault::NotConnected { connect } => connect.kind.to_string(),
        Fault::SocketNotConnected { socket } => socket.kind.to_string(),
        Fault::Binary => "binary data".to_owned(),
        Fault::Silent { phase, .. } => format!("no reply ({})", phase_words(*phase)),
        Fault::Closed { phase, .. } => format!("connection closed ({})", phase_words(*phase)),
        Fault::Tls { .. } => "TLS handshake failed".to_owned(),
        Fault::Endless { .. } => "endless reply".to_owned(),
        Fault::Unread { .. } => "the server stopped reading".to_owned(),
        Fault::TimeUp { .. } => "time limit reached".to_owned(),
        Fault::Interrupted => "interrupted".to_owned(),
        Fault::Proxy { proxy } => format!("proxy: {}", proxy.kind),
        Fault::NoAddress | Fault::NotPublic { .. } | Fault::Dns { .. } | Fault::Http { .. } => return None,
    })
}

fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Greeting => "greeting",
        Phase::Ehlo | Phase::EhloTls => "EHLO",
        Phase::Starttls => "STARTTLS",
        Phase::Tls => "TLS",
        Phase::Mail => "MAIL FROM",
        Phase::Rcpt => "RCPT TO",
        Phase::Dns | Phase::Connect | Phase::Xclient | Phase::Vrfy | Phase::Auth | Phase::Rset | Phase::Quit => {
            "session"
        }
    }
}

/// Why an IP address was not tested, if its session was skipped.
pub(super) fn skipped(session: Session<'_>) -> Option<SkipReason> {
    match session.probe.outcome {
        Outcome::Skipped { reason } => Some(reason),
        _ => None,
    }
}

/// The limit that prevented a session.
pub(super) fn skip_words(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::ConnectionBudget => "the connection limit (--max-connections) was reached",
        SkipReason::TimeUp => "the overall time limit (--max-time) was reached",
    }
}

/// The reply about one recipient, from any session with the IP address. If the server did not accept the sender, the
/// recipient was not tested.
pub(super) fn received_about<'s>(
    sight: Sight<'s>,
    host: &DnsName,
    ip: IpAddr,
    recipient: Recipient,
) -> Option<ReceivedReply<'s>> {
    let address = recipient.address(sight)?;
    sessions(sight, host, ip).find_map(|session| {
        session.reply_at(Phase::Mail).filter(ReceivedReply::accepts)?;
        let envelope = session.request.script.envelope.as_ref()?;
        let number = envelope.to.iter().position(|to| *to == address)?;
        session.reply_to_recipient(number)
    })
}

fn reply_to(sight: Sight<'_>, host: &DnsName, ip: IpAddr, recipient: Recipient) -> ProbeReply {
    if let Some(received) = received_about(sight, host, ip, recipient) {
        return probe_reply(received);
    }
    let Some(address) = recipient.address(sight) else {
        return unanswered(Some("no recipient was given".to_owned()));
    };
    let all: Vec<Session<'_>> = sessions(sight, host, ip).collect();
    let sent = |session: &&Session<'_>| {
        session.request.script.envelope.as_ref().is_some_and(|envelope| envelope.to.contains(&address))
    };
    match (all.iter().find(sent), all.first()) {
        (None, Some(session)) if session.request.script.envelope.is_none() => unanswered(before_recipients(*session)),
        (Some(session), _) => unanswered(before_recipients(*session).or_else(|| Some("no reply".to_owned()))),
        (None, Some(_)) => unanswered(Some("tested at another IP address of the host".to_owned())),
        (None, None) => unanswered(Some("there was no session".to_owned())),
    }
}

/// A command without a reply, and the reason.
fn unanswered(why: Option<String>) -> ProbeReply {
    ProbeReply { why, ..ProbeReply::default() }
}

fn probe_reply(received: ReceivedReply<'_>) -> ProbeReply {
    let state = match received.reply.class() {
        _ if received.accepts() => ProbeReplyState::Accepted,
        Class::Transient => ProbeReplyState::Deferred,
        Class::Permanent => ProbeReplyState::Rejected,
        _ => ProbeReplyState::NotTested,
    };
    let code = received.reply.code.map(|code| code.number());
    ProbeReply { state, code, text: Some(received.reply.joined()), why: None }
}

fn certificate_seen(sight: Sight<'_>, host: &DnsName, chain: &Presented) -> MxCertificateSeen {
    let now = sight.evidence.started_at;
    let leaf = chain.leaf();
    let problem = certificate_problem(sight, chain);
    MxCertificateSeen {
        kind: key_kind(chain).to_owned(),
        verifies: problem.is_none(),
        problem: problem.map(str::to_owned),
        days_left: leaf.map(|leaf| (leaf.not_after.as_second() - now.as_second()).div_euclid(86_400)),
        names: leaf.map(|leaf| leaf.names.clone()).unwrap_or_default(),
        spki_sha256: leaf.map(|leaf| leaf.spki_sha256.clone()).unwrap_or_default(),
        policies: PoliciesSeen {
            opportunistic: Delivery::Encrypted,
            dane: dane::result(sight, host, StarttlsResult::Chain(chain)),
            mta_sts: sts::result(sight, host, StarttlsResult::Chain(chain)),
        },
    }
}

/// The fault of a certificate, as a short phrase.
fn certificate_problem(sight: Sight<'_>, chain: &Presented) -> Option<&'static str> {
    let now = sight.evidence.started_at;
    let leaf = chain.leaf()?;
    if leaf.not_after < now {
        return Some("expired");
    }
    if now < leaf.not_before {
        return Some("not valid yet");
    }
    match &chain.name {
        NameMatch::Matches { .. } => {}
        NameMatch::Differs { .. } => return Some("wrong name"),
        NameMatch::Unreadable { .. } => return Some("unreadable"),
    }
    match &chain.trust {
        Trust::Trusted { .. } => None,
        Trust::Outdated { .. } => Some("expired"),
        Trust::Untrusted { why, .. } => Some(match why {
            ChainFault::SelfSigned => "self-signed",
            ChainFault::UnknownIssuer => "unknown issuer",
            ChainFault::Expired => "expired",
            ChainFault::Usage => "wrong purpose",
            ChainFault::NameConstraint => "name not allowed for its CA",
            ChainFault::WeakSignature => "weak signature",
            ChainFault::BadSignature => "invalid signature",
            ChainFault::Malformed => "unreadable",
            ChainFault::Other => "not trusted",
        }),
    }
}

/// What senders do at an IP address. If the certificates differ, the worst result counts, because a sender may get any
/// of them.
fn policies(
    sight: Sight<'_>,
    host: &DnsName,
    session: Option<Session<'_>>,
    certificates: &[MxCertificateSeen],
) -> PoliciesSeen {
    let Some(session) = session else { return PoliciesSeen::default() };
    if reachable(session) == Some(false) {
        let dane = DaneSeen { delivers: Delivery::NotDelivered, ..DaneSeen::default() };
        let mta_sts = StsResultSeen { delivers: Delivery::NotDelivered, ..StsResultSeen::default() };
        return PoliciesSeen { opportunistic: Delivery::NotDelivered, dane, mta_sts };
    }
    if let Some(first) = certificates.first() {
        let mut worst = first.policies.clone();
        for other in certificates.iter().skip(1).map(|certificate| &certificate.policies) {
            worst.opportunistic = worst.opportunistic.max(other.opportunistic);
            if other.dane.delivers > worst.dane.delivers {
                worst.dane = other.dane.clone();
            }
            if other.mta_sts.delivers > worst.mta_sts.delivers {
                worst.mta_sts = other.mta_sts.clone();
            }
        }
        return worst;
    }
    if !is_ready(session) {
        return PoliciesSeen::default();
    }
    let is_advertised = session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS"));
    let tls = match starttls_failure(session) {
        Some(failure) => StarttlsResult::Fails(failure),
        None if is_advertised => return PoliciesSeen::default(),
        None => StarttlsResult::NotOffered,
    };
    PoliciesSeen {
        opportunistic: tls.opportunistic(),
        dane: dane::result(sight, host, tls),
        mta_sts: sts::result(sight, host, tls),
    }
}
