//! A rejection because of the client's IP address: its names are looked up. A private address in the reply shows that a
//! gateway in front of the server hides its clients.

use std::net::IpAddr;

use super::answers::{address_kind, answer, names_of};
use crate::check::finding::Finding;
use crate::check::place;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{EhloName, RecordKind, reverse_name};

/// The IP address from which this machine reaches the server, as the server shows it: in the rejection, or in its reply
/// to EHLO, as Exim, Exchange and Gmail do.
pub(in crate::check::refusal) fn client_address(
    plan: &Plan,
    session: Session<'_>,
    received: ReceivedReply<'_>,
) -> Option<IpAddr> {
    // Some servers name their own address. Those that name the client's greet it ("Hello client [192.0.2.1]", "at your
    // service, [192.0.2.1]").
    let hello = || {
        let phases = [Phase::EhloTls, Phase::Ehlo];
        let line = phases.into_iter().find_map(|phase| session.reply_at(phase))?.reply.text.first().cloned()?;
        let lower = line.to_ascii_lowercase();
        (lower.contains("hello ") || lower.contains("at your service")).then_some(line)
    };
    let server = session.connected().map(|(server, _)| server.ip());
    let local = session.connected().map(|(_, local)| local.ip());
    let ehlo = plan.ehlo.word(local);
    // The public address of this machine is the client's, also if it is the EHLO name.
    let is_own = plan.ehlo == EhloName::LocalAddress && local.is_some_and(|ip| !place::is_private(ip));
    let ehlo = if is_own { None } else { Some(ehlo.as_str()) };
    address_in(&received.reply.joined(), ehlo, server).or_else(|| address_in(&hello()?, ehlo, server))
}

/// The IP address of the client that a text names. A public address comes before a private one, and one in brackets
/// before one that is not: a text can also contain the server's address, an answer of a blocklist (127.0.0.2), the
/// address of a filter, and the EHLO name that the client chose.
fn address_in(text: &str, ehlo: Option<&str>, server: Option<IpAddr>) -> Option<IpAddr> {
    let text = ehlo.filter(|name| !name.is_empty()).map_or_else(|| text.to_owned(), |name| text.replace(name, " "));
    let is_of_address = |letter: char| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':');
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(bool, IpAddr)> = Vec::new();
    let mut begin = 0;
    for run in lower.split_inclusive(|letter| !is_of_address(letter)) {
        let at = begin;
        begin += run.len();
        let word = run.trim_end_matches(|letter| !is_of_address(letter)).trim_end_matches(['.', ':']);
        // `IP:192.0.2.1`, but not `::ffff:192.0.2.1`.
        let word = if word.starts_with("::") { word } else { word.trim_start_matches(['.', ':']) };
        let before = lower.get(..at).unwrap_or_default();
        // `[IPv6:2001:db8::1]` is the notation of RFC 5321 §4.1.3; its `6:` belongs to the tag.
        let (word, is_tagged) = match word.strip_prefix("6:") {
            Some(address) if before.ends_with("[ipv") => (address, true),
            _ => (word, false),
        };
        let is_marked = is_tagged || before.ends_with(['[', '(']) || before.ends_with("ip=");
        let announced = before.split_whitespace().next_back().unwrap_or_default();
        let is_announced =
            ["ip", "ip:", "address", "for", "from", "host", "client"].contains(&announced) || announced.ends_with(')');
        let address = word.parse::<IpAddr>().map(|ip| ip.to_canonical());
        if let Ok(ip) = address
            && (is_marked || is_announced)
            && !(ip.is_loopback() || ip.is_unspecified() || Some(ip) == server)
        {
            found.push((is_marked, ip));
        }
    }
    let of = |is_private: bool| {
        let fits = found.iter().filter(|(_, ip)| place::is_private(*ip) == is_private);
        // Without a mark, a private address can be that of any machine in the server's network.
        fits.filter(|(is_marked, _)| *is_marked || !is_private)
            .max_by_key(|(is_marked, _)| *is_marked)
            .map(|(_, ip)| *ip)
    };
    of(false).or_else(|| of(true))
}

/// The server sees a private address that is not the one of this machine: a gateway in front of it hides its clients.
pub(super) fn private_client(session: Session<'_>, ip: IpAddr, finding: &mut Finding) {
    let Some((server, local)) = session.connected() else { return };
    if local.ip() == ip || place::is_private(server.ip()) {
        return;
    }
    finding.cause = format!(
        "The server sees your connection as coming from {ip}, a private address: a proxy, a router, or the gateway of the server's container network hides the addresses of its clients. Checks of the client's address (PTR record, SPF, blocklists, greylisting) cannot work."
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some("You may be connected to the server over a VPN or another private network.".to_owned());
    finding.fixes = vec![
        Fix::text(
            "Log in with your user name on port 587 or 465; most servers do not apply this rule to clients that are logged in",
        ),
        Fix::text(format!(
            "Server operator: make the server see the clients' own addresses: in Docker, use network_mode: host, or switch off the userland proxy and give the network IPv6; behind a proxy, use the PROXY protocol. Do not add {ip} to the trusted networks, because other clients have this address as well"
        )),
        Fix::text("If this machine is in the server's own network, use the server's internal address"),
    ];
}

/// Compares the rejection of a client because of its name with the names that a lookup from here finds.
pub(super) fn weigh_client(
    plan: &Plan,
    evidence: &Evidence,
    received: ReceivedReply<'_>,
    ip: IpAddr,
    finding: &mut Finding,
) {
    let Some((probe, seen)) = answer(evidence, &reverse_name(ip), RecordKind::Ptr) else { return };
    finding.evidence.probes.push(probe.id);
    let names = names_of(evidence, ip);
    if names.is_empty() && seen.is_void() {
        finding.cause.push_str(&format!(" A lookup from here finds no PTR record for {ip} either."));
        return;
    }
    let forward: Vec<_> = names.iter().filter_map(|name| answer(evidence, name, address_kind(ip))).collect();
    finding.evidence.probes.extend(forward.iter().map(|(probe, _)| probe.id));
    let Some((confirmed, _)) = names
        .iter()
        .filter_map(|name| Some((name, answer(evidence, name, address_kind(ip))?)))
        .find(|(_, (_, seen))| seen.addresses().any(|found| found == ip))
    else {
        if let ([name], 1) = (names.as_slice(), forward.len()) {
            let shown = probe.quote(name.as_str());
            finding.cause.push_str(&format!(
                " A lookup from here finds the name {shown} for {ip}, but this name does not resolve back to {ip}."
            ));
        }
        return;
    };
    let shown = probe.quote(confirmed.as_str());
    let text = received.reply.joined().to_ascii_lowercase();
    let is_missing = [
        "cannot find",
        "can't find",
        "no ptr",
        "no reverse",
        "no rdns",
        "not found",
        "missing",
        "lookup failed",
        "lookup-failed",
        "does not have a ptr",
        "no dns ptr",
        "without reverse",
    ];
    // A name that consists of the address is rejected although it exists.
    let octets: Vec<String> = ip.to_string().split(['.', ':']).map(str::to_owned).collect();
    let is_generic =
        octets.iter().filter(|octet| !octet.is_empty()).all(|octet| confirmed.as_str().contains(octet.as_str()));
    if is_generic {
        finding.consequences.push(format!(
            "The name of {ip}, {shown}, is made from the address. Many servers reject such names, although they resolve"
        ));
        return;
    }
    if !is_missing.iter().any(|words| text.contains(words)) {
        return;
    }
    finding.cause = format!(
        "The server found no name for {ip}. However, a lookup from here finds the name {shown}, which resolves back to {ip}."
    );
    finding.confidence = Confidence::Likely;
    if place::public_provider(plan).is_some() {
        finding.otherwise =
            Some("Your domain's name servers may return different answers, or time out now and then.".to_owned());
        finding.fixes = vec![
            Fix::text("If the PTR record is new, retry after a day: servers remember that it did not exist"),
            Fix::run("Otherwise, compare the answers of public resolvers", format!("dig +short -x {ip} @8.8.8.8")),
        ];
        return;
    }
    finding.cause.push_str(" The server's own DNS lookup probably fails.");
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
    fn the_address_of_the_client_is_found_among_others() {
        let server = "203.0.113.25".parse().ok();
        for (text, ip) in [
            ("Client host rejected: cannot find your hostname, [172.18.0.1]", Some("172.18.0.1")),
            ("No PTR record for 2a01:4f8::25.", Some("2a01:4f8::25")),
            ("5.7.25 [203.0.113.9] has no PTR", Some("203.0.113.9")),
            ("mx.example.net Hello client.example.org [IPv6:2001:db8::7]", Some("2001:db8::7")),
            ("4.7.1 Deferred, see 421 4.7.0", None),
            ("12:34:56 deadbeef", None),
            (
                "SpamFilter 10.2.0.4: Client host rejected: cannot find your hostname, [198.51.100.7]",
                Some("198.51.100.7"),
            ),
            ("cannot find your reverse hostname (policy 127.0.0.2), [198.51.100.7]", Some("198.51.100.7")),
            ("server 203.0.113.25: no PTR record: [198.51.100.7]", Some("198.51.100.7")),
            ("No reverse DNS for your host (helo=[192.168.1.20]) 198.51.100.7", Some("198.51.100.7")),
            ("cannot find your hostname, [::ffff:198.51.100.7]", Some("198.51.100.7")),
            ("Hello [192.168.1.20]", None),
            ("MDaemon 21.5.1.2: no reverse name for your host", None),
            ("see http://www.openspf.net/Why?s=helo;id=a.example;ip=172.18.0.1;r=x", Some("172.18.0.1")),
        ] {
            let found = address_in(text, Some("[192.168.1.20]"), server);
            assert_eq!(found, ip.map(|ip| ip.parse().expect("an address")), "{text}");
        }
    }
}
