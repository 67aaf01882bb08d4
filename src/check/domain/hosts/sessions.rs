//! Finds the sessions with MX hosts in the evidence, and the certificate chains that the servers sent.

use std::net::IpAddr;

use super::super::sight::Sight;
use crate::evidence::{Answer, Outcome, Presented, Session};
use crate::question::{Purpose, Question};
use crate::wire::{DnsName, Host};

/// The session with an IP address of a host, if it has been started.
pub(in crate::check::domain) fn session<'s>(sight: Sight<'s>, host: &DnsName, ip: IpAddr) -> Option<Session<'s>> {
    sessions(sight, host, ip).next()
}

/// Every session with an IP address of a host. There is a second one if recipients were tested later.
pub(super) fn sessions<'s>(sight: Sight<'s>, host: &DnsName, ip: IpAddr) -> impl Iterator<Item = Session<'s>> {
    sight.evidence.probes(Purpose::MailExchanger).filter(move |session| {
        let request = session.request;
        request.host == Host::Ip(ip)
            && request.port == sight.plan.target.port
            && request.script.sni.as_deref() == Some(host.as_str())
    })
}

/// The certificate chains that an IP address of a host sent, at most one for each key type. The first is the chain from
/// the session.
pub(in crate::check::domain) fn chains<'s>(sight: Sight<'s>, host: &DnsName, ip: IpAddr) -> Vec<&'s Presented> {
    let of_sessions = sessions(sight, host, ip).filter_map(|session| session.handshake());
    let of_hellos = sight.evidence.probes.iter().filter_map(|probe| match (&probe.question, &probe.outcome) {
        (Question::Hello(request), Outcome::Done { answer: Answer::Hello(seen) })
            if request.host == Host::Ip(ip)
                && request.port == sight.plan.target.port
                && request.sni.as_deref() == Some(host.as_str()) =>
        {
            seen.presented.as_deref()
        }
        _ => None,
    });
    let mut chains: Vec<&Presented> = Vec::new();
    for chain in of_sessions.map(|(_, handshake)| &handshake.presented).chain(of_hellos) {
        let is_new = chains.iter().all(|known| key_kind(known) != key_kind(chain));
        if chain.leaf().is_some() && is_new {
            chains.push(chain);
        }
    }
    chains
}

/// The key type of the server's certificate: `rsa`, `ecdsa`, `ed25519`, `other`.
pub(super) fn key_kind(chain: &Presented) -> &'static str {
    match chain.leaf().map(|leaf| leaf.key.as_str()) {
        Some(key) if key.starts_with("RSA") => "rsa",
        Some(key) if key.starts_with("EC") => "ecdsa",
        Some("Ed25519") => "ed25519",
        _ => "other",
    }
}
