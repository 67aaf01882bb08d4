//! Provides the answers of the domains' name servers: the authoritative servers, and a resolver for only these domains.
//! The resolver answers questions with "recursion desired", and follows aliases. The authoritative server answers all
//! other questions.

use std::sync::Arc;

use hickory_resolver::proto::op::{Edns, Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::CNAME;
use hickory_resolver::proto::rr::{LowerName, Name, RData, Record, RecordType};

use super::zone::{SignedZone, ZoneAnswer};
use crate::sandbox::dns_server::{Carrier, DnsContent};

/// The name to which the resolver redirects names.
const REDIRECTED: &str = "portal.invalid.";
/// The maximum number of aliases that the resolver follows.
const MAX_ALIASES: usize = 16;

/// The records of a name server.
#[derive(Clone)]
pub(in crate::sandbox) struct ZoneStore {
    /// The zones. The root zone is one of them.
    pub(super) zones: Vec<Arc<SignedZone>>,
    /// Names that always cause a failed lookup.
    pub(super) faults: Vec<(LowerName, AnswerFault)>,
    /// Zones whose queries are refused.
    pub(super) refused: Vec<LowerName>,
    /// Zones that another server serves. The resolver answers queries for them; the authoritative server refers to the
    /// other server.
    pub(super) elsewhere: Vec<LowerName>,
}

/// How queries for a name fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerFault {
    /// With SERVFAIL.
    ServFail,
    /// Without an answer.
    Silent,
    /// The answer does not fit into a UDP packet, and the server does not respond over TCP.
    TcpOnly,
    /// The server has no records if the query contains a letter in upper case.
    UpperCase,
    /// The resolver has no records, but the authoritative servers do.
    HiddenByResolver,
    /// The resolver returns an alias for every type of records, but the authoritative servers do not.
    RedirectedByResolver,
    /// Queries for keys (DNSKEY) are answered with SERVFAIL.
    WithoutKeys,
}

impl DnsContent for ZoneStore {
    fn respond(&self, question: &[u8], carrier: Carrier) -> Option<Vec<u8>> {
        let message = Message::from_vec(question).ok().filter(|message| message.message_type == MessageType::Query)?;
        let query = message.queries.first()?.clone();
        let name = LowerName::from(query.name().clone());
        let recursive = message.metadata.recursion_desired;
        let mut reply = Message::response(message.metadata.id, message.metadata.op_code);
        reply.metadata.recursion_desired = recursive;
        reply.metadata.recursion_available = recursive;
        reply.metadata.checking_disabled = message.metadata.checking_disabled;
        reply.add_query(query.clone());
        let (limit, dnssec) = match &message.edns {
            Some(edns) => (usize::from(edns.max_payload()).max(512), edns.flags().dnssec_ok),
            None => (512, false),
        };
        if message.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(1232).set_dnssec_ok(dnssec);
            reply.set_edns(edns);
        }
        // If queries for a name fail, queries for the names below it also fail.
        let is_at = |faulty: &LowerName, fault: AnswerFault| {
            *faulty == name || (fault == AnswerFault::ServFail && faulty.zone_of(&name))
        };
        let applies = |fault: AnswerFault| match fault {
            AnswerFault::ServFail | AnswerFault::Silent | AnswerFault::TcpOnly => true,
            AnswerFault::UpperCase => query.name().iter().flatten().any(u8::is_ascii_uppercase),
            AnswerFault::HiddenByResolver | AnswerFault::RedirectedByResolver => recursive,
            AnswerFault::WithoutKeys => query.query_type() == RecordType::DNSKEY,
        };
        let fault = self.faults.iter().find(|(faulty, fault)| is_at(faulty, *fault) && applies(*fault));
        match fault.map(|(_, fault)| *fault) {
            Some(AnswerFault::Silent) => return None,
            Some(AnswerFault::TcpOnly) if carrier == Carrier::Tcp => return None,
            Some(AnswerFault::TcpOnly) => {
                reply.metadata.truncation = true;
                return reply.to_vec().ok();
            }
            Some(AnswerFault::UpperCase | AnswerFault::HiddenByResolver) => {
                reply.metadata.authoritative = !recursive;
                let zone = self.zone_of(&name, query.query_type());
                reply.add_authorities(zone.map(SignedZone::start_of_authority).unwrap_or_default());
            }
            Some(AnswerFault::RedirectedByResolver) => {
                let target = Name::from_ascii(REDIRECTED).unwrap_or_default();
                let alias = RData::CNAME(CNAME(target.clone()));
                reply.add_answer(Record::from_rdata(query.name().clone(), 60, alias));
                self.look_up(&mut reply, target.into(), query.query_type(), recursive);
            }
            Some(AnswerFault::ServFail | AnswerFault::WithoutKeys) => {
                reply.metadata.response_code = ResponseCode::ServFail
            }
            None if self.refused.iter().any(|zone| zone.zone_of(&name)) => {
                reply.metadata.response_code = ResponseCode::Refused;
            }
            None => self.look_up(&mut reply, name, query.query_type(), recursive),
        }
        let reply = reply.maybe_strip_dnssec_records(dnssec);
        let bytes = reply.to_vec().ok()?;
        if carrier == Carrier::Udp && bytes.len() > limit { reply.truncate().to_vec().ok() } else { Some(bytes) }
    }
}

impl ZoneStore {
    fn look_up(&self, reply: &mut Message, mut name: LowerName, kind: RecordType, recursive: bool) {
        if !recursive && let Some(zone) = self.elsewhere.iter().find(|zone| zone.zone_of(&name)) {
            let parent = self.zone_of(zone, RecordType::DS);
            reply.add_authorities(parent.map(|parent| parent.referral(zone)).unwrap_or_default());
            return;
        }
        reply.metadata.authoritative = !recursive;
        for _ in 0..MAX_ALIASES {
            let Some(zone) = self.zone_of(&name, kind) else {
                reply.metadata.response_code = ResponseCode::Refused;
                return;
            };
            match zone.answer(&name, kind) {
                ZoneAnswer::Found(records) => {
                    reply.add_answers(records);
                    return;
                }
                ZoneAnswer::Alias(records, target) => {
                    reply.add_answers(records);
                    name = target.into();
                }
                ZoneAnswer::NoData(proof) => {
                    reply.add_authorities(proof);
                    return;
                }
                ZoneAnswer::NoName(proof) => {
                    reply.metadata.response_code = ResponseCode::NXDomain;
                    reply.add_authorities(proof);
                    return;
                }
            }
        }
    }

    /// The zone that contains a name; if several do, the one with the longest name. DS records are in the parent zone
    /// (RFC 4035 §2.4).
    fn zone_of(&self, name: &LowerName, kind: RecordType) -> Option<&SignedZone> {
        let is_above = |zone: &&Arc<SignedZone>| {
            zone.contains(name) && !(kind == RecordType::DS && zone.origin() == name && !name.is_root())
        };
        self.zones.iter().filter(is_above).max_by_key(|zone| zone.origin().num_labels()).map(|zone| &**zone)
    }
}
