//! A resolver on loopback for the tests. It signs its zones itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_resolver::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, RRSIG};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, DnssecSigner, SigningKey};
use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{NS, SOA};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordSet, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

const TTL: u32 = 300;
const KEY_ALGORITHM: Algorithm = Algorithm::ECDSAP256SHA256;

/// A name.
pub(super) fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).expect("a name");
    name.set_fqdn(true);
    name
}

/// How a zone is signed.
#[derive(Clone, Copy)]
pub(super) enum Signing {
    Unsigned,
    /// The signatures become valid this many days from today, and stay valid for ten days.
    From(i64),
}

/// A zone with its signatures.
pub(super) struct TestZone {
    origin: Name,
    sets: BTreeMap<Name, BTreeMap<RecordType, RecordSet>>,
    key: Option<DNSKEY>,
    /// The algorithm in the DS record of the parent zone.
    announced: Algorithm,
}

impl TestZone {
    /// Signs the records of a zone. The child zones are delegated.
    pub(super) fn new(origin: &str, signing: Signing, records: Vec<(&str, RData)>, children: &[&TestZone]) -> TestZone {
        let origin = name(origin);
        let mut zone = TestZone { origin: origin.clone(), sets: BTreeMap::new(), key: None, announced: KEY_ALGORITHM };
        let soa = SOA::new(origin.clone(), origin.clone(), 1, 3600, 600, 86400, 300);
        zone.add(&origin, RData::SOA(soa));
        zone.add(&origin, RData::NS(NS(name("ns.invalid"))));
        for (at, data) in records {
            zone.add(&name(at), data);
        }
        for child in children {
            zone.add(&child.origin, RData::NS(NS(name("ns.invalid"))));
            if let Some(ds) = child.digest() {
                zone.add(&child.origin, RData::DNSSEC(DNSSECRData::DS(ds)));
            }
        }
        if let Signing::From(days) = signing {
            zone.sign(days, children);
        }
        zone
    }

    fn add(&mut self, at: &Name, data: RData) {
        let kind = data.record_type();
        let set = self.sets.entry(at.clone()).or_default().entry(kind);
        set.or_insert_with(|| RecordSet::with_ttl(at.clone(), kind, TTL))
            .insert(Record::from_rdata(at.clone(), TTL, data), 0);
    }

    fn sign(&mut self, days: i64, children: &[&TestZone]) {
        let der = EcdsaSigningKey::generate_pkcs8(KEY_ALGORITHM).expect("a key");
        let key = EcdsaSigningKey::from_pkcs8(&der, KEY_ALGORITHM).expect("a key");
        let dnskey = DNSKEY::with_flags(257, key.to_public_key().expect("a public key"));
        self.add(&self.origin.clone(), RData::DNSSEC(DNSSECRData::DNSKEY(dnskey.clone())));
        self.key = Some(dnskey.clone());
        let lasts = Duration::from_secs(10 * 86400);
        let signer = DnssecSigner::new(dnskey, Box::new(key), self.origin.clone(), lasts);
        let names: Vec<Name> = self.sets.keys().cloned().collect();
        for (at, next) in names.iter().zip(names.iter().cycle().skip(1)) {
            let kinds: Vec<RecordType> = self.sets.get(at).into_iter().flat_map(|sets| sets.keys().copied()).collect();
            self.add(at, RData::DNSSEC(DNSSECRData::NSEC(NSEC::new_cover_self(next.clone(), kinds))));
        }
        let now = std::time::SystemTime::now();
        let begins = time::OffsetDateTime::from(now) + time::Duration::days(days) - time::Duration::hours(1);
        for (at, sets) in &mut self.sets {
            let is_cut = children.iter().any(|child| &child.origin == at);
            for (kind, set) in sets {
                if is_cut && *kind == RecordType::NS {
                    continue;
                }
                let signature = RRSIG::from_rrset(set, DNSClass::IN, begins, &signer).expect("a signature");
                set.insert_rrsig(Record::from_rdata(at.clone(), TTL, RData::DNSSEC(DNSSECRData::RRSIG(signature))));
            }
        }
    }

    /// The parent zone announces another algorithm than that of the key.
    pub(super) fn announced_with(mut self, number: u8) -> TestZone {
        self.announced = Algorithm::from_u8(number);
        self
    }

    fn digest(&self) -> Option<DS> {
        let key = self.key.as_ref()?;
        let digest = key.to_digest(&self.origin, DigestType::SHA256).expect("a digest");
        let tag = key.calculate_key_tag().expect("a key tag");
        Some(DS::new(tag, self.announced, DigestType::SHA256, digest.as_ref().to_vec()))
    }

    /// The DS record of the zone in the form of a master file.
    pub(super) fn anchor(&self) -> String {
        let ds = self.digest().expect("a signed zone");
        let hex: String = ds.digest().iter().map(|byte| format!("{byte:02X}")).collect();
        format!("; a comment\n{} 300 IN DS {} 13 2 ( {hex} )\n", self.origin, ds.key_tag())
    }

    /// Replaces the records of one name and type without signing them again.
    pub(super) fn falsify(&mut self, at: &str, data: RData) {
        let set = self.sets.get_mut(&name(at)).and_then(|sets| sets.get_mut(&data.record_type())).expect("a set");
        let signatures = set.rrsigs().to_vec();
        set.set_records(vec![Record::from_rdata(name(at), TTL, data)]);
        set.set_rrsigs(signatures);
    }

    /// Removes the signatures of one name and type.
    pub(super) fn strip(&mut self, at: &str, kind: RecordType) {
        self.sets.get_mut(&name(at)).and_then(|sets| sets.get_mut(&kind)).expect("a set").clear_rrsigs();
    }

    fn set(&self, at: &Name, kind: RecordType) -> Option<&RecordSet> {
        self.sets.get(at)?.get(&kind)
    }

    /// The wildcard that answers for a name that does not exist (RFC 4592 §3.3.1).
    fn wildcard(&self, asked: &Name, kind: RecordType) -> Option<(Name, &RecordSet)> {
        if self.exists(asked) {
            return None;
        }
        let mut encloser = asked.base_name();
        while !self.exists(&encloser) {
            encloser = encloser.base_name();
        }
        let wildcard = name("*").append_domain(&encloser).expect("a name");
        let set = self.set(&wildcard, kind)?;
        Some((wildcard, set))
    }

    fn exists(&self, name: &Name) -> bool {
        self.sets.keys().any(|known| name.zone_of(known))
    }

    fn deny(&self, asked: &Name, message: &mut Message) {
        let mut proofs: Vec<&Name> = Vec::new();
        let before = |at: &Name| self.sets.range(..=at.clone()).next_back().map(|(name, _)| name);
        proofs.extend(before(asked));
        if !self.exists(asked) {
            message.metadata.response_code = ResponseCode::NXDomain;
            let mut encloser = asked.base_name();
            while !self.exists(&encloser) {
                encloser = encloser.base_name();
            }
            proofs.extend(before(&name("*").append_domain(&encloser).expect("a name")));
        }
        proofs.dedup();
        let soa = self.set(&self.origin, RecordType::SOA).into_iter();
        // A zone with NSEC3 records sends all of them, and no NSEC record.
        let hashed: Vec<&RecordSet> = self.sets.values().filter_map(|sets| sets.get(&RecordType::NSEC3)).collect();
        let ordered = proofs.into_iter().filter_map(|at| self.set(at, RecordType::NSEC));
        let proofs: Vec<&RecordSet> = if hashed.is_empty() { ordered.collect() } else { hashed };
        for set in soa.chain(proofs) {
            message.add_authorities(set.records(true).cloned());
        }
    }
}

/// The answer from the zones. Aliases are followed.
pub(super) fn answer(zones: &[TestZone], query: &Query, message: &mut Message) {
    let kind = query.query_type();
    let mut at = query.name().clone();
    for _ in 0..20 {
        let holds = |zone: &&TestZone| {
            zone.origin.zone_of(&at) && !(kind == RecordType::DS && zone.origin == at && !at.is_root())
        };
        let zone = zones.iter().filter(holds).max_by_key(|zone| zone.origin.num_labels()).expect("the root zone");
        if let Some(set) = zone.set(&at, kind) {
            message.add_answers(set.records(true).cloned());
            return;
        }
        if let Some((wildcard, set)) = zone.wildcard(&at, kind) {
            message.add_answers(set.records(true).cloned().map(|mut record| {
                record.name = at.clone();
                record
            }));
            let proof = zone.sets.range(..=at.clone()).next_back().and_then(|(_, sets)| sets.get(&RecordType::NSEC));
            assert!(proof.is_some(), "{wildcard}");
            message.add_authorities(proof.into_iter().flat_map(|set| set.records(true)).cloned());
            return;
        }
        let Some(alias) = zone.set(&at, RecordType::CNAME) else {
            zone.deny(&at, message);
            return;
        };
        message.add_answers(alias.records(true).cloned());
        let Some(RData::CNAME(target)) = alias.records(false).next().map(|record| &record.data) else { return };
        at = target.0.clone();
    }
}

/// A query that the resolver received.
#[derive(Clone, Debug)]
pub(super) struct ReceivedQuestion {
    pub(super) query: Query,
    pub(super) over_tcp: bool,
    /// The number of identical earlier queries.
    pub(super) repeats: usize,
}

/// What the resolver sends instead of an answer: nothing, or arbitrary messages.
pub(super) type ResponseChange = Box<dyn Fn(&ReceivedQuestion, Message) -> Vec<Message> + Send + Sync>;

/// Leaves the answers as they are.
pub(super) fn unchanged() -> ResponseChange {
    Box::new(|_, message| vec![message])
}

/// Whether the resolver also listens on TCP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ListensOn {
    UdpOnly,
    UdpAndTcp,
}

struct ResolverState {
    zones: Vec<TestZone>,
    change: ResponseChange,
    log: Mutex<Vec<ReceivedQuestion>>,
}

/// The resolver.
pub(super) struct LoopbackResolver {
    pub(super) address: SocketAddr,
    shared: Arc<ResolverState>,
}

impl LoopbackResolver {
    /// Starts a resolver as tasks of the current runtime.
    pub(super) async fn start(zones: Vec<TestZone>, transports: ListensOn, change: ResponseChange) -> LoopbackResolver {
        let shared = Arc::new(ResolverState { zones, change, log: Mutex::default() });
        // The port must be free for both UDP and TCP.
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a TCP port");
            let address = tcp.local_addr().expect("an address");
            if let Ok(udp) = UdpSocket::bind(address).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().expect("an address");
        let by_udp = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while let Ok((count, from)) = udp.recv_from(&mut buffer).await {
                for response in by_udp.responses(buffer.get(..count).unwrap_or_default(), false) {
                    let _ = udp.send_to(&response, from).await;
                }
            }
        });
        if transports == ListensOn::UdpAndTcp {
            let by_tcp = Arc::clone(&shared);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = tcp.accept().await {
                    let length = stream.read_u16().await.expect("a length");
                    let mut question = vec![0; usize::from(length)];
                    stream.read_exact(&mut question).await.expect("a question");
                    for response in by_tcp.responses(&question, true) {
                        stream.write_u16(u16::try_from(response.len()).expect("a length")).await.expect("sent");
                        stream.write_all(&response).await.expect("sent");
                    }
                }
            });
        }
        LoopbackResolver { address, shared }
    }

    /// The queries so far.
    pub(super) fn log(&self) -> Vec<ReceivedQuestion> {
        self.shared.log.lock().expect("a log").clone()
    }
}

impl ResolverState {
    fn responses(&self, question: &[u8], over_tcp: bool) -> Vec<Vec<u8>> {
        let request = Message::from_vec(question).expect("a question");
        assert!(request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok), "DO is set");
        let query = request.queries.first().expect("a question").clone();
        let mut log = self.log.lock().expect("a log");
        let repeats = log.iter().filter(|known| known.query == query && known.over_tcp == over_tcp).count();
        let received = ReceivedQuestion { query: query.clone(), over_tcp, repeats };
        log.push(received.clone());
        let mut message = Message::response(request.metadata.id, request.metadata.op_code);
        message.metadata.recursion_desired = request.metadata.recursion_desired;
        message.metadata.checking_disabled = request.metadata.checking_disabled;
        message.add_query(query.clone());
        answer(&self.zones, &query, &mut message);
        (self.change)(&received, message).iter().map(|message| message.to_vec().expect("bytes")).collect()
    }
}
