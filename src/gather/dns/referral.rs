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
