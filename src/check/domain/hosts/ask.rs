//! The sessions and ClientHellos with the MX hosts.
//!
//! Each session begins as soon as the addresses of its host are known. The recipients are:
//!
//! | recipient | at which addresses |
//! |---|---|
//! | the recipient that the user gave | all |
//! | `postmaster` of the domain (RFC 5321 §4.5.1) | all |
//! | a recipient that cannot exist, if the user gave a recipient | the first address of each host that responds |
//! | a recipient in another domain, which shows whether the server relays | the first address of each host that responds |
//!
//! The sender is the null sender, because servers must accept it (RFC 5321 §4.5.5), and because the session then
//! contains no real user's email address.

use std::net::IpAddr;

use super::super::sight::Sight;
use super::super::{mx, purpose};
use super::sessions::{chains, key_kind, sessions};
use crate::evidence::{Phase, Session};
use crate::plan::{ClientClaims, Esmtp, Family, Protocol, QuitAfter, TlsUse};
use crate::question::{Envelope, HelloRequest, Offer, Pacing, Purpose, Question, Script, SessionRequest, Starttls};
use crate::wire::{DnsName, ForwardPath, Host, ReversePath};

/// The role of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    Given,
    Postmaster,
    Unknown,
    Relay,
}

impl Recipient {
    /// The recipients in the order in which they are sent. The recipient that the user gave is first, so findings about
    /// several recipients name it. The recipient in another domain is last, because a server may close the connection
    /// after it.
    pub(super) const ALL: [Recipient; 4] =
        [Recipient::Given, Recipient::Postmaster, Recipient::Unknown, Recipient::Relay];

    /// The address; `None` if this recipient is not tested.
    pub(super) fn address(self, sight: Sight<'_>) -> Option<ForwardPath> {
        let domain = sight.domain.name.ascii();
        match self {
            Recipient::Postmaster => ForwardPath::parse(&format!("postmaster@{domain}")).ok(),
            Recipient::Given => sight.domain.recipient.clone(),
            Recipient::Unknown => {
                sight.domain.recipient.as_ref()?;
                ForwardPath::parse(&format!("no-such-user-{:08x}@{domain}", digest(domain))).ok()
            }
            Recipient::Relay => Some(sight.domain.relay_recipient.clone()),
        }
    }

    /// Whether one IP address of each host is enough.
    fn is_for_one_address(self) -> bool {
        matches!(self, Recipient::Unknown | Recipient::Relay)
    }
}

/// A number computed from the domain (FNV-1a), so that a repeated check uses the same recipient.
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(super) fn ask(sight: Sight<'_>) -> Vec<Question> {
    let mut questions = Vec::new();
    let mut hellos = Vec::new();
    for host in mx::mail_hosts(sight) {
        // The session with the first address tests additional recipients, so all addresses must be known before it
        // begins.
        if !mx::is_looked_up(sight, &host.name) || mx::waits_for_servers(sight, &host.name) {
            continue;
        }
        let addresses = mx::addresses(sight, &host.name);
        for (at, &ip) in addresses.iter().enumerate() {
            let to = recipients(sight, |recipient| at == 0 || !recipient.is_for_one_address());
            questions.push(Question::session(request(sight, &host.name, ip, to)));
            hellos.extend(other_certificate(sight, &host.name, ip));
        }
        questions.extend(second_session(sight, &host.name, &addresses));
    }
    // Sessions take precedence if the connection limit is low.
    questions.extend(hellos);
    questions
}

fn recipients(sight: Sight<'_>, is_wanted: impl Fn(Recipient) -> bool) -> Vec<ForwardPath> {
    Recipient::ALL
        .into_iter()
        .filter(|&recipient| is_wanted(recipient))
        .filter_map(|recipient| recipient.address(sight))
        .collect()
}

/// The session with one IP address.
fn request(sight: Sight<'_>, host: &DnsName, ip: IpAddr, to: Vec<ForwardPath>) -> SessionRequest {
    let is_submission = purpose::is_submission(sight);
    SessionRequest {
        purpose: Purpose::MailExchanger,
        host: Host::Ip(ip),
        port: sight.plan.target.port,
        family: Family::Any,
        script: Script {
            protocol: Protocol::Smtp,
            ehlo: sight.plan.ehlo.clone(),
            tls: tls_use(sight.plan.target.port, TlsUse::IfOffered),
            esmtp: Esmtp::Auto,
            claims: ClientClaims::default(),
            queries: Vec::new(),
            login: None,
            // Submission requires a login, so the replies to senders and recipients reveal nothing.
            envelope: (!is_submission).then(|| Envelope::plain(ReversePath::Null, to)),
            quit_after: if is_submission { QuitAfter::Starttls } else { QuitAfter::Rcpt },
            starttls: Starttls::Alone,
            asks_for_auth: false,
            pacing: Pacing::Prompt,
            sni: Some(host.as_str().to_owned()),
        },
    }
}

/// How a session begins TLS. Port 465 requires implicit TLS (RFC 8314 §3.3).
fn tls_use(port: u16, otherwise: TlsUse) -> TlsUse {
    if port == 465 { TlsUse::Implicit } else { otherwise }
}

/// If the first address of a host did not respond, the recipients that need only one address are tested at the first
/// address that accepted the sender.
fn second_session(sight: Sight<'_>, host: &DnsName, addresses: &[IpAddr]) -> Option<Question> {
    let all: Vec<(IpAddr, Session<'_>)> =
        addresses.iter().filter_map(|&ip| Some((ip, sessions(sight, host, ip).next()?))).collect();
    if all.len() < addresses.len() || !all.iter().all(|(_, session)| session.is_over()) {
        return None;
    }
    let (_, first) = all.first()?;
    if first.connected().is_some() || first.fault().is_none() {
        return None;
    }
    let accepts_sender = |session: &Session<'_>| session.reply_at(Phase::Mail).is_some_and(|reply| reply.accepts());
    let (ip, _) = all.iter().find(|(_, session)| accepts_sender(session))?;
    let to = recipients(sight, Recipient::is_for_one_address);
    if purpose::is_submission(sight) {
        return None;
    }
    (!to.is_empty()).then(|| Question::session(request(sight, host, *ip, to)))
}

/// A ClientHello for the other certificate type, sent after the session has shown the first.
fn other_certificate(sight: Sight<'_>, host: &DnsName, ip: IpAddr) -> Option<Question> {
    let session = sessions(sight, host, ip).next().filter(Session::is_over)?;
    session.handshake()?;
    let offer = match chains(sight, host, ip).first().map(|chain| key_kind(chain))? {
        "rsa" => Offer::EcdsaOnly,
        _ => Offer::RsaOnly,
    };
    Some(Question::Hello(HelloRequest {
        host: Host::Ip(ip),
        port: sight.plan.target.port,
        family: Family::Any,
        protocol: Protocol::Smtp,
        ehlo: sight.plan.ehlo.clone(),
        tls: tls_use(sight.plan.target.port, TlsUse::Required),
        sni: Some(host.as_str().to_owned()),
        offer,
    }))
}
