//! Referrals of authoritative servers to the servers of a zone below theirs (RFC 1034 §4.3.2, step 3b).

use std::net::IpAddr;

use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// A name server in a referral.
pub(super) struct ReferredServer {
    pub(super) name: Name,
    /// The IP address in the referral (glue); `None` if it must be looked up.
    pub(super) ip: Option<IpAddr>,
}

/// The zone to which a response refers, with its name servers. The zone contains the records of the query: DS records, and
/// proofs that there are none, are in the parent zone.
pub(super) fn referral(query: &Query, message: &Message) -> Option<(Name, Vec<ReferredServer>)> {
    let is_referral = message.metadata.response_code == ResponseCode::NoError
        && !message.metadata.authoritative
        && message.answers.is_empty();
    if !is_referral {
        return None;
    }
    let is_parent_side = query.query_type() == RecordType::DS;
    let contains =
        |zone: &Name| zone.zone_of(query.name()) && !(is_parent_side && zone == query.name()) && !zone.is_root();
    let of_zone = |record: &&Record| record.record_type() == RecordType::NS && contains(&record.name);
    let zone = message.authorities.iter().find(of_zone)?.name.clone();
    let hosts = message.authorities.iter().filter(|record| record.name == zone);
    let with_glue = |record: &Record| match &record.data {
        RData::NS(host) => Some(ReferredServer { name: host.0.clone(), ip: glue(message, &host.0).find_map(address) }),
        _ => None,
    };
    let servers = hosts.filter_map(with_glue).collect();
    Some((zone, servers))
}

/// The address records of a name server in the additional section.
pub(super) fn glue<'m>(message: &'m Message, host: &'m Name) -> impl Iterator<Item = &'m Record> {
    message.additionals.iter().filter(move |record| record.name == *host && address(record).is_some())
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a failing test panics")]

    use std::net::{IpAddr, Ipv4Addr};

    use hickory_resolver::proto::op::{Message, OpCode, Query};
    use hickory_resolver::proto::rr::rdata::{A, NS};
    use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

    use super::referral;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    /// A referral to the zone `example.test.`, with the address of one of its two name servers.
    fn message() -> Message {
        let mut message = Message::response(1, OpCode::Query);
        for host in ["ns1.example.test.", "ns2.example.net."] {
            message.add_authority(Record::from_rdata(name("example.test."), 60, RData::NS(NS(name(host)))));
        }
        let glue = RData::A(A(Ipv4Addr::new(192, 0, 2, 1)));
        message.additionals.push(Record::from_rdata(name("ns1.example.test."), 60, glue));
        message
    }

    #[test]
    fn a_referral_names_the_servers_of_the_zone_with_their_addresses() {
        let query = |at: &str, kind| Query::query(name(at), kind);
        let Some((zone, servers)) = referral(&query("example.test.", RecordType::DNSKEY), &message()) else {
            panic!("no referral")
        };
        assert_eq!(zone, name("example.test."));
        let ips: Vec<Option<IpAddr>> = servers.iter().map(|server| server.ip).collect();
        assert_eq!(ips, [Some(IpAddr::from([192, 0, 2, 1])), None]);
        // The DS records of the zone are in its parent zone.
        assert!(referral(&query("example.test.", RecordType::DS), &message()).is_none());
        assert!(referral(&query("a.example.test.", RecordType::DS), &message()).is_some());
        assert!(referral(&query("other.test.", RecordType::NS), &message()).is_none());
        let mut authoritative = message();
        authoritative.metadata.authoritative = true;
        assert!(referral(&query("example.test.", RecordType::NS), &authoritative).is_none());
    }
}
