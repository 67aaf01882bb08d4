//! A rejection because of the client's IP address: its names are looked up. A private address in the reply shows that a
//! gateway in front of the server hides its clients.

use std::net::IpAddr;

use super::answers::{address_kind, answer, names_of};
use crate::check::finding::Finding;
use crate::check::place;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{RecordKind, reverse_name};

/// The IP address from which this machine reaches the server, as the server shows it: in the rejection, or in its reply
/// to EHLO, as Exim, Exchange and Gmail do.
pub(in crate::check::refusal) fn client_address(session: Session<'_>, received: ReceivedReply<'_>) -> Option<IpAddr> {
    let hello = || {
        let phases = [Phase::EhloTls, Phase::Ehlo];
        let greeted = phases.into_iter().find_map(|phase| session.reply_at(phase))?;
        address_in(greeted.reply.text.first()?)
    };
    // A server may name its own address instead.
    let server = session.connected().map(|(server, _)| server.ip());
    address_in(&received.reply.joined()).or_else(hello).filter(|ip| Some(*ip) != server)
}

/// The first IP address in a reply.
pub(super) fn address_in(text: &str) -> Option<IpAddr> {
    text.split(|letter: char| !(letter.is_ascii_hexdigit() || matches!(letter, '.' | ':')))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| word.len() >= 7 || word.contains("::"))
        .find_map(|word| word.parse().ok())
}

/// The server sees a private address that is not the one of this machine: a gateway in front of it hides its clients.
pub(super) fn private_client(session: Session<'_>, ip: IpAddr, finding: &mut Finding) {
    let Some((server, local)) = session.connected() else { return };
    if local.ip() == ip || place::is_private(server.ip()) {
        return;
    }
    finding.cause = format!(
        "The server sees your connection as coming from {ip}, a private address: a proxy, or the gateway of the server's container network, hides the addresses of all its clients. Checks of the client's address (PTR record, SPF, blocklists, greylisting) cannot work."
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some("You may be connected to the server over a VPN or another private network.".to_owned());
    finding.fixes = vec![
        Fix::text(
            "Log in with your user name on port 587 or 465; most servers do not apply this rule to clients that are logged in",
        ),
        Fix::text(format!(
            "Server operator: make the server see the clients' own addresses: in Docker, use network_mode: host, or switch off the userland proxy and give the network IPv6; behind a proxy, use the PROXY protocol. Do not add {ip} to the trusted networks, because every client has this address"
        )),
    ];
}

pub(super) fn weigh_client(evidence: &Evidence, received: ReceivedReply<'_>, ip: IpAddr, finding: &mut Finding) {
    let Some((probe, seen)) = answer(evidence, &reverse_name(ip), RecordKind::Ptr) else { return };
    finding.evidence.probes.push(probe.id);
    let names = names_of(evidence, ip);
    let Some(name) = names.first() else {
        if seen.is_void() {
            finding.cause.push_str(&format!(" A lookup from here finds no PTR record for {ip} either."));
        }
        return;
    };
    let shown = probe.quote(name.as_str());
    let forward = answer(evidence, name, address_kind(ip));
    let Some((probe, addresses)) = forward else { return };
    finding.evidence.probes.push(probe.id);
    if !addresses.addresses().any(|found| found == ip) {
        finding.cause.push_str(&format!(
            " A lookup from here finds the name {shown} for {ip}, but this name does not resolve back to {ip}."
        ));
        return;
    }
    // A name that looks like one of a home line exists as well.
    let text = received.reply.joined().to_ascii_lowercase();
    let is_missing = ["find", "lookup", "missing", "no ptr", "no reverse", "not have", "does not", "resolv", "unknown"]
        .iter()
        .any(|word| text.contains(word));
    let is_generic = ["generic", "dynamic", "dial", "residential", "pool"].iter().any(|word| text.contains(word));
    if !is_missing || is_generic {
        return;
    }
    finding.cause = format!(
        "The server found no name for {ip}. However, a lookup from here finds the name {shown}, which resolves back to {ip}. The server's own DNS lookup probably fails."
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some(
        "If the PTR record is new, the server may remember that it did not exist; this lasts for a day at most."
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::run(
            "Server operator: check whether the server can look up the name; in a container, run the command there. If it fails, correct the server's resolver (/etc/resolv.conf) or the firewall on port 53",
            format!("getent hosts {ip}"),
        ),
        Fix::text("If you do not operate the server, tell its postmaster, and retry later: your PTR record is correct"),
    ];
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_first_ip_address_of_a_reply_is_found() {
        for (text, ip) in [
            ("Client host rejected: cannot find your hostname, [172.18.0.1]", Some("172.18.0.1")),
            ("No PTR record for 2a01:4f8::25.", Some("2a01:4f8::25")),
            ("5.7.25 [203.0.113.9] has no PTR", Some("203.0.113.9")),
            ("4.7.1 Deferred, see 421 4.7.0", None),
            ("12:34:56 deadbeef", None),
        ] {
            assert_eq!(address_in(text), ip.map(|ip| ip.parse().expect("an address")), "{text}");
        }
    }
}
