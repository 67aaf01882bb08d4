//! The answers of a small DNS server on loopback for names below `test` (RFC 6761 §6.2), for use with `--resolver`. The
//! server does not support recursion. The name determines the answer:
//!
//! | name | answer |
//! |---|---|
//! | `SCENARIO.test` | the scenario's IP address; an MX record with its name; SPF, DMARC, MTA-STS and SRV records |
//! | `127-1-2-3.test` | 127.1.2.3 |
//! | `v6.test`, `both.test` | only AAAA; A and AAAA |
//! | `nodata.test`, `null-mx.test` | no records; a null MX (RFC 7505 §3) |
//! | `servfail.test`, `refused.test`, `timeout.test` | SERVFAIL, REFUSED, no answer |
//! | `_25._tcp.dane.test` | the TLSA record of `healthy-relay` (RFC 6698 §2) |
//! | `_25._tcp.dane-wrong.test` | a TLSA record for an unknown key |
//! | `3.2.1.127.in-addr.arpa` | a PTR record with the name of the scenario, or with `127-1-2-3.test` |
//! | anything else | NXDOMAIN |

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, PTR, SOA, SRV, TLSA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use sha2::{Digest, Sha256};

use super::certificates::{Certificates, ServerNames};
use super::dns_server::{Carrier, DnsContent};
use super::fleet::address_of;
use super::scenario::{Recipe, TlsTerms};
use super::scenarios::scenarios;

/// The time to live of records in seconds: 0, so that no record from an earlier sandbox remains in a cache.
const TTL: u32 = 0;

/// The data from which the answers are built.
pub(super) struct Zone {
    /// Whether each scenario has its own IP address.
    pub is_fleet: bool,
    /// The port of each scenario.
    pub ports: Vec<(&'static str, u16)>,
    /// The certificates, for TLSA records.
    pub certificates: Arc<Certificates>,
}

/// The answer to a query.
enum DnsAnswer {
    Records(Vec<RData>),
    Code(ResponseCode),
    /// The query is ignored.
    Nothing,
}

impl DnsContent for Zone {
    fn respond(&self, question: &[u8], _: Carrier) -> Option<Vec<u8>> {
        self.answer(question)
    }
}

impl Zone {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let message = Message::from_vec(question).ok().filter(|message| message.message_type == MessageType::Query)?;
        let query = message.queries.first()?.clone();
        let name = query.name().to_lowercase();
        let mut reply = Message::response(message.id, message.op_code);
        reply.metadata.authoritative = true;
        reply.metadata.recursion_desired = message.recursion_desired;
        reply.add_query(query.clone());
        match self.look_up(&name.to_ascii(), query.query_type()) {
            DnsAnswer::Records(records) => {
                if records.is_empty() {
                    reply.add_authority(start_of_authority()?);
                }
                for data in records {
                    reply.add_answer(Record::from_rdata(query.name().clone(), TTL, data));
                }
            }
            DnsAnswer::Code(code) => {
                reply.metadata.response_code = code;
                if code == ResponseCode::NXDomain {
                    reply.add_authority(start_of_authority()?);
                }
            }
            DnsAnswer::Nothing => return None,
        }
        reply.to_vec().ok()
    }

    fn look_up(&self, name: &str, kind: RecordType) -> DnsAnswer {
        if let Some(reverse) = name.strip_suffix(".127.in-addr.arpa.") {
            return self.reverse(reverse, kind);
        }
        let Some(host) = name.strip_suffix(".test.") else { return DnsAnswer::Code(ResponseCode::NXDomain) };
        match host {
            "timeout" => return DnsAnswer::Nothing,
            "servfail" => return DnsAnswer::Code(ResponseCode::ServFail),
            "refused" => return DnsAnswer::Code(ResponseCode::Refused),
            "nodata" => return DnsAnswer::Records(Vec::new()),
            "null-mx" if kind == RecordType::MX => {
                return DnsAnswer::Records(vec![RData::MX(MX::new(0, Name::root()))]);
            }
            "null-mx" => return DnsAnswer::Records(Vec::new()),
            _ => {}
        }
        if let Some(owner) = host.strip_prefix("_25._tcp.") {
            return self.tlsa(owner, kind);
        }
        let text = |text: &str| {
            let records =
                if kind == RecordType::TXT { vec![RData::TXT(TXT::new(vec![text.to_owned()]))] } else { Vec::new() };
            DnsAnswer::Records(records)
        };
        if let Some(owner) = host.strip_prefix("_submission._tcp.") {
            return self.service(owner, kind);
        }
        if host.strip_prefix("_mta-sts.").is_some_and(|owner| self.addresses(owner).is_some()) {
            return text("v=STSv1; id=20260101000000Z;");
        }
        if host.strip_prefix("_dmarc.").is_some_and(|owner| self.addresses(owner).is_some()) {
            return text("v=DMARC1; p=reject");
        }
        let Some((v4, v6)) = self.addresses(host) else { return DnsAnswer::Code(ResponseCode::NXDomain) };
        DnsAnswer::Records(match kind {
            RecordType::A => v4.map(|ip| RData::A(A(ip))).into_iter().collect(),
            RecordType::AAAA => v6.map(|ip| RData::AAAA(AAAA(ip))).into_iter().collect(),
            RecordType::MX => Name::from_ascii(name).map(|name| RData::MX(MX::new(10, name))).into_iter().collect(),
            RecordType::TXT => return text("v=spf1 ip4:127.0.0.0/8 -all"),
            _ => Vec::new(),
        })
    }

    /// The IPv4 and IPv6 address of a host name; `None` if the name does not exist.
    fn addresses(&self, host: &str) -> Option<(Option<Ipv4Addr>, Option<Ipv6Addr>)> {
        let loopback = Ipv4Addr::LOCALHOST;
        match host {
            "v6" => return Some((None, Some(Ipv6Addr::LOCALHOST))),
            "both" => return Some((Some(loopback), Some(Ipv6Addr::LOCALHOST))),
            "dane" | "dane-wrong" => return Some((Some(self.healthy()), None)),
            _ => {}
        }
        let written = host.replace('-', ".").parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_loopback);
        if let Some(address) = written {
            return Some((Some(address), None));
        }
        let address = address_of(host)?;
        Some((Some(if self.is_fleet { address } else { loopback }), None))
    }

    fn healthy(&self) -> Ipv4Addr {
        let of_fleet = address_of(HEALTHY_RELAY).filter(|_| self.is_fleet);
        of_fleet.unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// The TLSA record (RFC 6698 §2.1): the SHA-256 hash of the server's public key.
    fn tlsa(&self, owner: &str, kind: RecordType) -> DnsAnswer {
        let digest = match owner {
            "dane" => self.healthy_key(),
            "dane-wrong" => Some(vec![0; 32]),
            _ => return DnsAnswer::Code(ResponseCode::NXDomain),
        };
        let record = |digest| RData::TLSA(TLSA::new(CertUsage::DaneEe, Selector::Spki, Matching::Sha256, digest));
        DnsAnswer::Records(digest.filter(|_| kind == RecordType::TLSA).map(record).into_iter().collect())
    }

    fn healthy_key(&self) -> Option<Vec<u8>> {
        let at = ServerNames { name: HEALTHY_RELAY, ip: self.healthy().into() };
        let identity = self.certificates.identity(Recipe::Good, TlsTerms::Open, at).ok()?;
        let (_, leaf) = x509_parser::parse_x509_certificate(identity.chain.first()?).ok()?;
        Some(Sha256::digest(leaf.public_key().raw).to_vec())
    }

    /// The SRV record of the submission service (RFC 6186 §3.1).
    fn service(&self, owner: &str, kind: RecordType) -> DnsAnswer {
        let known = self.ports.iter().find(|(name, _)| *name == owner).map(|(_, port)| *port);
        let Some(port) = known else { return DnsAnswer::Code(ResponseCode::NXDomain) };
        let target = Name::from_ascii(format!("{owner}.test.")).ok();
        let record = target.filter(|_| kind == RecordType::SRV).map(|target| RData::SRV(SRV::new(0, 1, port, target)));
        DnsAnswer::Records(record.into_iter().collect())
    }

    /// The PTR record of 127.b.c.d; `labels` is `d.c.b`.
    fn reverse(&self, labels: &str, kind: RecordType) -> DnsAnswer {
        let octets: Option<Vec<u8>> = labels.split('.').map(|label| label.parse().ok()).collect();
        let Some([d, c, b]) = octets.as_deref() else { return DnsAnswer::Code(ResponseCode::NXDomain) };
        let address = Ipv4Addr::new(127, *b, *c, *d);
        let named =
            scenarios().find(|scenario| address_of(scenario.name) == Some(address)).map(|one| one.name.to_owned());
        let host = named.unwrap_or_else(|| address.to_string().replace('.', "-"));
        let name = Name::from_ascii(format!("{host}.test.")).ok();
        let record = name.filter(|_| kind == RecordType::PTR).map(|name| RData::PTR(PTR(name)));
        DnsAnswer::Records(record.into_iter().collect())
    }
}

/// The scenario whose key is in the TLSA record of `dane.test`.
const HEALTHY_RELAY: &str = "healthy-relay";

/// The SOA record of a negative answer (RFC 2308 §3).
fn start_of_authority() -> Option<Record> {
    let zone = Name::from_ascii("test.").ok()?;
    let (server, mailbox) = (Name::from_ascii("ns.test.").ok()?, Name::from_ascii("hostmaster.test.").ok()?);
    Some(Record::from_rdata(zone, TTL, RData::SOA(SOA::new(server, mailbox, 1, 3600, 600, 86_400, TTL))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

    use std::sync::Arc;

    use hickory_resolver::proto::op::{Message, Query, ResponseCode};
    use hickory_resolver::proto::rr::{Name, RecordType};

    use super::Zone;
    use crate::sandbox::certificates::Certificates;

    fn asked(name: &str, kind: RecordType) -> Option<(ResponseCode, Vec<String>)> {
        let ports = vec![("healthy-submission", 1587)];
        let zone = Zone { is_fleet: true, ports, certificates: Arc::new(Certificates::default()) };
        let mut message = Message::query();
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let answer = Message::from_vec(&zone.answer(&message.to_vec().unwrap())?).unwrap();
        assert_eq!(answer.id, message.id);
        let records = answer.answers.iter().map(|record| record.data.to_string()).collect();
        Some((answer.response_code, records))
    }

    #[test]
    fn the_name_determines_the_answer() {
        let ok = |records: &[&str]| {
            Some((ResponseCode::NoError, records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>()))
        };
        assert_eq!(asked("healthy-submission.test.", RecordType::A), ok(&["127.77.0.0"]));
        assert_eq!(asked("Healthy-Submission.TEST.", RecordType::AAAA), ok(&[]));
        assert_eq!(asked("healthy-submission.test.", RecordType::MX), ok(&["10 healthy-submission.test."]));
        assert_eq!(
            asked("_submission._tcp.healthy-submission.test.", RecordType::SRV),
            ok(&["0 1 1587 healthy-submission.test."])
        );
        assert_eq!(asked("127-3-4-5.test.", RecordType::A), ok(&["127.3.4.5"]));
        assert_eq!(asked("5.4.3.127.in-addr.arpa.", RecordType::PTR), ok(&["127-3-4-5.test."]));
        assert_eq!(asked("0.0.77.127.in-addr.arpa.", RecordType::PTR), ok(&["healthy-submission.test."]));
        assert_eq!(asked("v6.test.", RecordType::AAAA), ok(&["::1"]));
        assert_eq!(asked("null-mx.test.", RecordType::MX), ok(&["0 ."]));
        assert_eq!(asked("_mta-sts.healthy-relay.test.", RecordType::TXT), ok(&["v=STSv1; id=20260101000000Z;"]));
        let tlsa = asked("_25._tcp.dane.test.", RecordType::TLSA).unwrap().1;
        assert!(tlsa.len() == 1 && tlsa[0].starts_with("3 1 1 "), "{tlsa:?}");
        assert_eq!(asked("unknown.test.", RecordType::A).unwrap().0, ResponseCode::NXDomain);
        assert_eq!(asked("www.example.org.", RecordType::A).unwrap().0, ResponseCode::NXDomain);
        assert_eq!(asked("servfail.test.", RecordType::A).unwrap().0, ResponseCode::ServFail);
        assert_eq!(asked("timeout.test.", RecordType::A), None);
    }
}
