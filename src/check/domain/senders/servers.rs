//! The facts that the TLS policies need about the mail servers: for each IP address of each host, whether a connection
//! is possible, whether the server advertises STARTTLS, and which certificates it sent.

use std::net::IpAddr;

use crate::check::domain::sight::Sight;
use crate::check::domain::tls::{StarttlsFailure, starttls_failure};
use crate::check::domain::{hosts, mx};
use crate::evidence::{Certificate, DialResult, EventKind, Phase, Presented, ProbeId, Session};
use crate::wire::{DnsName, RecordKind};

/// An MX host with its servers.
#[derive(Clone, Debug)]
pub(in crate::check::domain) struct PolicyHost<'s> {
    pub(in crate::check::domain) name: DnsName,
    /// Its IP addresses.
    pub(in crate::check::domain) servers: Vec<PolicyServer<'s>>,
}

/// The server at one IP address.
#[derive(Clone, Debug)]
pub(in crate::check::domain) struct PolicyServer<'s> {
    pub(in crate::check::domain) ip: IpAddr,
    /// The probe of its session.
    pub(in crate::check::domain) probe: Option<ProbeId>,
    pub(in crate::check::domain) tls: ServerTls<'s>,
}

/// The TLS support of a server.
#[derive(Clone, Debug)]
pub(in crate::check::domain) enum ServerTls<'s> {
    /// It was not tested, or the session ended before its TLS support was known.
    Unknown,
    /// No connection was possible.
    Unreachable,
    /// It does not advertise STARTTLS.
    NotOffered,
    /// It advertises STARTTLS, but TLS fails.
    Fails(StarttlsFailure),
    /// The certificate chains that it sent, one for each key type; at least one.
    Chains(Vec<&'s Presented>),
}

impl<'s> PolicyHost<'s> {
    /// The different chains of the host, each with the servers that sent it.
    pub(in crate::check::domain) fn chains(&self) -> Vec<(&'s Presented, Vec<&PolicyServer<'s>>)> {
        let mut found: Vec<(&Presented, Vec<&PolicyServer<'s>>)> = Vec::new();
        for server in &self.servers {
            let ServerTls::Chains(chains) = &server.tls else { continue };
            for chain in chains {
                let ders = |presented: &'s Presented| presented.chain.iter().map(|one| one.sha256.as_str());
                match found.iter_mut().find(|(known, _)| ders(known).eq(ders(chain))) {
                    Some((_, servers)) => servers.push(server),
                    None => found.push((chain, vec![server])),
                }
            }
        }
        found
    }

    /// The servers that do not advertise STARTTLS.
    pub(in crate::check::domain) fn without_starttls(&self) -> Vec<&PolicyServer<'s>> {
        self.servers.iter().filter(|server| matches!(server.tls, ServerTls::NotOffered)).collect()
    }

    /// The servers at which TLS fails, and how it fails at the first of them.
    pub(in crate::check::domain) fn with_failing_tls(&self) -> Option<(StarttlsFailure, Vec<&PolicyServer<'s>>)> {
        let failure = self.servers.iter().find_map(|server| match server.tls {
            ServerTls::Fails(failure) => Some(failure),
            _ => None,
        })?;
        let is_same = |server: &&PolicyServer<'s>| matches!(server.tls, ServerTls::Fails(other) if other == failure);
        Some((failure, self.servers.iter().filter(is_same).collect()))
    }

    /// Whether a sender can deliver to the host if it accepts only chains that satisfy `accepts`; `None` while unknown.
    /// One usable server is enough. A server with two chains is usable if one of the chains is accepted, because
    /// different senders get different chains.
    pub(in crate::check::domain) fn is_usable(
        &self,
        needs_tls: bool,
        accepts: impl Fn(&Presented) -> bool,
    ) -> Option<bool> {
        let usable = |server: &PolicyServer<'s>| match &server.tls {
            ServerTls::Unknown => None,
            ServerTls::Unreachable => Some(false),
            ServerTls::NotOffered | ServerTls::Fails(_) => Some(!needs_tls),
            ServerTls::Chains(chains) => Some(!needs_tls || chains.iter().any(|chain| accepts(chain))),
        };
        let results: Vec<Option<bool>> = self.servers.iter().map(usable).collect();
        if results.contains(&Some(true)) {
            Some(true)
        } else if results.is_empty() || results.contains(&None) {
            None
        } else {
            Some(false)
        }
    }
}

/// The hosts in the order in which senders try them.
pub(in crate::check::domain) fn mail_servers(sight: Sight<'_>) -> Vec<PolicyHost<'_>> {
    let host = |name: DnsName| {
        let addresses = mx::addresses(sight, &name).into_iter();
        let servers = addresses.map(|ip| {
            let session = hosts::session(sight, &name, ip);
            let probe = session.as_ref().map(|session| session.probe.id);
            PolicyServer { ip, probe, tls: server_tls(session, hosts::chains(sight, &name, ip)) }
        });
        let servers = servers.collect();
        PolicyHost { name, servers }
    };
    mx::mail_hosts(sight).into_iter().map(|mx| host(mx.name)).collect()
}

fn server_tls<'s>(session: Option<Session<'s>>, chains: Vec<&'s Presented>) -> ServerTls<'s> {
    if !chains.is_empty() {
        return ServerTls::Chains(chains);
    }
    let Some(session) = session.filter(Session::is_over) else { return ServerTls::Unknown };
    if let Some((_, offers)) = session.capabilities(Phase::Ehlo) {
        return match starttls_failure(session) {
            _ if !offers.has("STARTTLS") => ServerTls::NotOffered,
            Some(failure) => ServerTls::Fails(failure),
            None => ServerTls::Unknown,
        };
    }
    let was_dialled = session.events().any(
        |event| matches!(&event.what, EventKind::Dialled { result, .. } if !matches!(result, DialResult::Overtaken)),
    );
    if was_dialled && session.connected().is_none() { ServerTls::Unreachable } else { ServerTls::Unknown }
}

/// The name of an MX host for use in a sentence. The name was received from DNS, unless it is the domain itself.
pub(in crate::check::domain) fn name_of(sight: Sight<'_>, host: &DnsName) -> String {
    match sight.records(&sight.name(), RecordKind::Mx).probe() {
        Some(probe) if *host != sight.name() => probe.quote(host.as_str()).to_string(),
        _ => host.to_string(),
    }
}

/// The IP addresses of servers, for use in a sentence.
pub(in crate::check::domain) fn addresses_of(servers: &[&PolicyServer<'_>]) -> String {
    servers.iter().map(|server| server.ip.to_string()).collect::<Vec<_>>().join(", ")
}

/// The key type of a certificate, for use in a sentence: `RSA`, `ECDSA`.
pub(in crate::check::domain) fn key_of(certificate: &Certificate) -> &'static str {
    match certificate.key.split(' ').next() {
        Some("RSA") => "RSA",
        Some("EC") => "ECDSA",
        Some("Ed25519") => "Ed25519",
        _ => "other",
    }
}
