//! How mail is delivered to the domain, depending on the policies that the sender supports.
//!
//! A sender that uses DANE follows the TLSA records of a host. For a host without TLSA records, it uses opportunistic
//! TLS. A sender that uses MTA-STS follows the policy of the domain. A sender that uses both follows the TLSA records
//! if a host has them, because MTA-STS must not override a failed DANE validation (RFC 8461 §2).
//!
//! A sender tries the hosts in order of preference, and each IP address of a host. If one address fails, it tries the
//! next. smtpcheck cannot know which of the working addresses a sender uses, so the result for a host is the result for
//! its worst address. Read next: [`servers`], the servers of each host.

pub(in crate::check::domain) mod servers;

use super::hosts::Silence;
use super::mx;
use super::seen::{Delivery, HostDelivery, MxAddressSeen, MxSeen, PoliciesSeen, SenderKind, SenderSeen};

/// The results for three senders: one that uses DANE, one that uses MTA-STS, and one that uses neither.
pub(in crate::check::domain) fn summary(hosts: &[MxSeen], silence: Silence) -> Vec<SenderSeen> {
    if hosts.is_empty() {
        return Vec::new();
    }
    [SenderKind::Dane, SenderKind::MtaSts, SenderKind::Neither]
        .into_iter()
        .map(|kind| sender(kind, hosts, silence))
        .collect()
}

fn sender(sender: SenderKind, hosts: &[MxSeen], silence: Silence) -> SenderSeen {
    let hosts: Vec<HostDelivery> = hosts.iter().map(|host| host_delivery(sender, host, silence)).collect();
    // An unknown result may be a success, so the hosts after it do not count.
    let first = hosts.iter().find(|host| host.delivers != Delivery::NotDelivered);
    SenderSeen { sender, delivers: first.map_or(Delivery::NotDelivered, |host| host.delivers), hosts }
}

fn host_delivery(sender: SenderKind, host: &MxSeen, silence: Silence) -> HostDelivery {
    let results: Vec<(Delivery, Option<String>)> =
        host.addresses.iter().map(|address| address_delivery(sender, address, silence)).collect();
    let working = results.iter().filter(|(delivers, _)| *delivers != Delivery::NotDelivered);
    let known = working.clone().filter(|(delivers, _)| *delivers != Delivery::Unknown);
    let chosen = known.max_by_key(|(delivers, _)| *delivers).or_else(|| working.clone().next()).or(results.first());
    let (delivers, reason) = match (chosen, &host.problem) {
        (Some(chosen), _) => chosen.clone(),
        // Another resolver may find the addresses.
        (None, Some(problem)) if mx::is_failed_lookup(problem) => (Delivery::Unknown, Some(problem.clone())),
        (None, Some(problem)) => (Delivery::NotDelivered, Some(problem.clone())),
        (None, None) => (Delivery::Unknown, Some("its IP addresses were excluded".to_owned())),
    };
    HostDelivery { host: host.host.clone(), delivers, reason }
}

fn address_delivery(sender: SenderKind, address: &MxAddressSeen, silence: Silence) -> (Delivery, Option<String>) {
    if address.reachable == Some(false) {
        return match silence {
            Silence::OfThisNetwork => (Delivery::Unknown, Some("unreachable from this network".to_owned())),
            Silence::OfTheHosts => (Delivery::NotDelivered, Some("unreachable".to_owned())),
        };
    }
    let PoliciesSeen { opportunistic, dane, mta_sts } = &address.policies;
    let (delivers, reason) = match sender {
        SenderKind::Dane => (dane.delivers, reason_of(dane.delivers, dane.result.as_ref())),
        SenderKind::MtaSts => (mta_sts.delivers, reason_of(mta_sts.delivers, mta_sts.result.as_ref())),
        SenderKind::Neither => (*opportunistic, None),
    };
    // For a server that rejects EHLO, for example, it is not known what senders do.
    (delivers, reason.or_else(|| address.problem.clone().filter(|_| delivers == Delivery::Unknown)))
}

fn reason_of(delivers: Delivery, result: Option<&String>) -> Option<String> {
    result.filter(|_| delivers == Delivery::NotDelivered).cloned()
}

#[cfg(test)]
pub(in crate::check::domain) mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use super::summary;
    use crate::check::domain::hosts::Silence;
    use crate::check::domain::seen::{
        DaneSeen, Delivery, DnssecSeen, MxAddressSeen, MxSeen, PoliciesSeen, ProbeReply, SenderKind, StsResultSeen,
    };

    /// A server at 192.0.2.1 with these results for three senders: without a policy, with DANE, and with MTA-STS.
    pub(in crate::check::domain) fn address(
        reachable: bool,
        opportunistic: Delivery,
        dane: Delivery,
        sts: Delivery,
    ) -> MxAddressSeen {
        let dane = DaneSeen { delivers: dane, result: Some("validation-failure".to_owned()), ..DaneSeen::default() };
        MxAddressSeen {
            ip: "192.0.2.1".parse().expect("an address"),
            port: 25,
            reachable: Some(reachable),
            ready: reachable,
            problem: None,
            greeting: None,
            greeting_host: None,
            ehlo_host: None,
            ptr: Vec::new(),
            forward_confirmed: None,
            starttls: None,
            tls_version: None,
            certificates: Vec::new(),
            policies: PoliciesSeen {
                opportunistic,
                dane,
                mta_sts: StsResultSeen { delivers: sts, ..StsResultSeen::default() },
            },
            null_sender: ProbeReply::default(),
            postmaster: ProbeReply::default(),
            recipient: ProbeReply::default(),
            unknown_recipient: ProbeReply::default(),
            relay: ProbeReply::default(),
        }
    }

    fn host(name: &str, addresses: Vec<MxAddressSeen>) -> MxSeen {
        MxSeen {
            preference: Some(10),
            host: name.to_owned(),
            implicit: false,
            alias: None,
            dnssec: DnssecSeen { state: None, reason: None },
            addresses,
            unmatched_tlsa: Vec::new(),
            problem: None,
        }
    }

    #[test]
    fn the_first_host_that_a_sender_can_use_decides() {
        use Delivery::{Authenticated, Encrypted, NotDelivered};
        let hosts = [
            host("mx1.example", vec![address(true, Encrypted, NotDelivered, Authenticated)]),
            host("mx2.example", vec![address(true, Encrypted, Encrypted, NotDelivered)]),
        ];
        let found = summary(&hosts, Silence::OfTheHosts);
        let results: Vec<_> = found.iter().map(|one| (one.sender, one.delivers)).collect();
        assert_eq!(
            results,
            [(SenderKind::Dane, Encrypted), (SenderKind::MtaSts, Authenticated), (SenderKind::Neither, Encrypted),]
        );
        assert_eq!(found[0].hosts[0].reason.as_deref(), Some("validation-failure"));
        assert_eq!(found[0].hosts[1].reason, None);
    }

    #[test]
    fn the_worst_of_the_working_addresses_is_the_result_of_a_host() {
        use Delivery::{Authenticated, ClearText, Encrypted, NotDelivered, Unknown};
        let of = |addresses: Vec<MxAddressSeen>| {
            summary(&[host("mx.example", addresses)], Silence::OfTheHosts)[0].hosts[0].clone()
        };
        let dane = |delivers| address(true, Encrypted, delivers, Encrypted);
        assert_eq!(of(vec![dane(Authenticated), dane(ClearText)]).delivers, ClearText);
        assert_eq!(of(vec![dane(NotDelivered), dane(Authenticated)]).delivers, Authenticated);
        assert_eq!(of(vec![dane(NotDelivered), dane(Unknown)]).delivers, Unknown);
        let unreachable = of(vec![address(false, Unknown, Unknown, Unknown)]);
        assert_eq!((unreachable.delivers, unreachable.reason.as_deref()), (NotDelivered, Some("unreachable")));
        assert_eq!(of(Vec::new()).delivers, Unknown);
        assert!(summary(&[], Silence::OfTheHosts).is_empty());
    }

    #[test]
    fn nothing_is_known_about_other_senders_if_this_network_blocks_the_port() {
        use Delivery::Unknown;
        let silent = host("mx.example", vec![address(false, Unknown, Unknown, Unknown)]);
        for seen in summary(&[silent], Silence::OfThisNetwork) {
            assert_eq!(seen.delivers, Unknown);
            assert_eq!(seen.hosts[0].reason.as_deref(), Some("unreachable from this network"));
        }
    }
}
