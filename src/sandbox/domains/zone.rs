//! A DNS zone in memory, which is signed when it is created. It contains what an authoritative server needs for its
//! answers, with proofs (NSEC) for names and types that do not exist (RFC 4035 §3.1).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hickory_resolver::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, RRSIG};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, DnssecSigner, SigningKey};
use hickory_resolver::proto::rr::rdata::{A, MX, NS, NULL, SOA, TXT};
use hickory_resolver::proto::rr::{DNSClass, LowerName, Name, RData, Record, RecordSet, RecordType};
use hickory_resolver::proto::serialize::txt::Parser;
use time::OffsetDateTime;

/// The time to live of records in seconds. Resolvers must not keep records from an earlier sandbox.
const TTL: u32 = 1;
const DAY: Duration = Duration::from_secs(86_400);

/// How a zone is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneSigning {
    /// Signed, with a DS record in the parent zone.
    Signed,
    /// Not signed; the parent zone proves this.
    Unsigned,
    /// Signed, but the parent zone has no DS record.
    WithoutDs,
    /// The signatures have expired.
    Expired,
    /// The signatures end in two days.
    EndsSoon,
    /// The validity of the signatures begins in the future.
    Future,
    /// The zone has another key, of an algorithm that signs nothing.
    UnusedAlgorithm,
    /// The DS record in the parent zone belongs to another key.
    DsOfAnotherKey,
    /// The signature of the MX records does not match them.
    WrongSignature,
}

/// A zone below another zone.
pub(super) struct ZoneBelow {
    pub(super) name: Name,
    pub(super) ds: Option<DS>,
    /// Its name servers, if they differ from those of the parent zone.
    pub(super) servers: Option<Vec<Name>>,
}

/// The records of a zone before it is signed, without SOA and NS records.
#[derive(Default)]
pub(super) struct ZoneRecords {
    /// A master file.
    pub(super) text: String,
    /// Records that the parser of master files does not accept.
    pub(super) raw: Vec<(Name, RData)>,
}

impl ZoneRecords {
    /// Adds a record in the form `NAME TYPE VALUE`. Supported record types: A, MX (preference 10), and SPF (99).
    pub(super) fn add_raw(&mut self, line: &str, origin: &Name) -> Result<(), String> {
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(kind), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("not a record: {line}"));
        };
        let named = |label: &str| match label {
            "@" => Ok(origin.clone()),
            _ => Name::from_labels([label.as_bytes()]).and_then(|name| name.append_domain(origin)),
        };
        let wrong = |error: &dyn std::fmt::Display| format!("{line}: {error}");
        let data = match kind {
            "A" => RData::A(A(value.parse().map_err(|error: std::net::AddrParseError| wrong(&error))?)),
            "MX" => RData::MX(MX::new(10, named(value).map_err(|error| wrong(&error))?)),
            "SPF" => {
                let length = u8::try_from(value.len()).map_err(|error| wrong(&error))?;
                let bytes = std::iter::once(length).chain(value.bytes()).collect();
                RData::Unknown { code: RecordType::Unknown(99), rdata: NULL::with(bytes) }
            }
            other => return Err(format!("unknown record type {other}")),
        };
        self.raw.push((named(name).map_err(|error| wrong(&error))?, data));
        Ok(())
    }
}

/// The records of a zone, by name and type.
pub(super) struct SignedZone {
    origin: LowerName,
    sets: BTreeMap<LowerName, BTreeMap<RecordType, RecordSet>>,
    /// The DS record for the parent zone.
    ds: Option<DS>,
    /// The public key as a line of a trust anchor file.
    anchor: String,
}

/// The answer to a query for a zone.
pub(super) enum ZoneAnswer {
    /// The records, with their signatures.
    Found(Vec<Record>),
    /// An alias: its CNAME record, and the name that it points to.
    Alias(Vec<Record>, Name),
    /// The name exists, but has no records of this type. The proof belongs in the authority section.
    NoData(Vec<Record>),
    /// The name does not exist.
    NoName(Vec<Record>),
}

impl SignedZone {
    /// Parses records in the form of a master file (RFC 1035 §5), adds SOA and NS records, and signs them. `below`
    /// contains the zones below this one.
    pub(super) fn new(
        origin: &Name,
        records: &ZoneRecords,
        servers: &[Name],
        below: &[ZoneBelow],
        signing: ZoneSigning,
    ) -> Result<SignedZone, String> {
        let text = format!("$TTL {TTL}\n{}\n", records.text);
        let parsed = Parser::new(text.as_str(), None, Some(origin.clone())).parse();
        let (_, parsed) = parsed.map_err(|error| format!("zone {origin}: {error}"))?;
        let mut zone =
            SignedZone { origin: origin.clone().into(), sets: BTreeMap::new(), ds: None, anchor: String::new() };
        for set in parsed.into_values() {
            for record in set.records_without_rrsigs() {
                zone.add(set.name(), with_short_strings(record.data.clone()));
            }
        }
        for (name, data) in &records.raw {
            zone.add(name, data.clone());
        }
        let first = servers.first().cloned().unwrap_or_else(Name::root);
        let mailbox = Name::from_ascii("hostmaster.test.").map_err(|error| error.to_string())?;
        zone.add(origin, RData::SOA(SOA::new(first, mailbox, 1, 3600, 600, 864_000, TTL)));
        servers.iter().for_each(|server| zone.add(origin, RData::NS(NS(server.clone()))));
        for ZoneBelow { name, ds, servers: own } in below {
            let own = own.as_deref().unwrap_or(servers);
            own.iter().for_each(|server| zone.add(name, RData::NS(NS(server.clone()))));
            if let Some(ds) = ds {
                zone.add(name, RData::DNSSEC(DNSSECRData::DS(ds.clone())));
            }
        }
        if signing != ZoneSigning::Unsigned {
            zone.sign(signing).map_err(|error| format!("zone {origin}: {error}"))?;
        }
        Ok(zone)
    }

    /// The DS record for the parent zone, if it has one.
    pub(super) fn ds(&self) -> Option<&DS> {
        self.ds.as_ref()
    }

    /// The public key as a line of a trust anchor file.
    pub(super) fn anchor(&self) -> &str {
        &self.anchor
    }

    /// Whether a name belongs to the zone or to a zone below it.
    pub(super) fn contains(&self, name: &LowerName) -> bool {
        self.origin.zone_of(name)
    }

    /// The name of the zone.
    pub(super) fn origin(&self) -> &LowerName {
        &self.origin
    }

    /// Changes the serial number of the zone, for a second server with a different copy.
    pub(super) fn with_serial(mut self, serial: u32) -> SignedZone {
        let soa = self.sets.get_mut(&self.origin).and_then(|sets| sets.get_mut(&RecordType::SOA));
        if let Some(set) = soa {
            let records = set.records_without_rrsigs().cloned().map(|mut record| {
                if let RData::SOA(soa) = &mut record.data {
                    soa.serial = serial;
                }
                record
            });
            let records = records.collect();
            set.set_records(records);
        }
        self
    }

    fn add(&mut self, name: &Name, data: RData) {
        let (name, kind) = (name.to_lowercase(), data.record_type());
        let sets = self.sets.entry(name.clone().into()).or_default();
        sets.entry(kind).or_insert_with(|| RecordSet::with_ttl(name, kind, TTL)).add_rdata(data);
    }

    fn sign(&mut self, signing: ZoneSigning) -> Result<(), String> {
        let wrong = |error: &dyn std::fmt::Display| error.to_string();
        let begins = match signing {
            ZoneSigning::Expired => OffsetDateTime::now_utc() - 60 * DAY,
            ZoneSigning::EndsSoon => OffsetDateTime::now_utc() - 28 * DAY,
            ZoneSigning::Future => OffsetDateTime::now_utc() + 5 * DAY,
            _ => OffsetDateTime::now_utc() - DAY,
        };
        let origin = Name::from(self.origin.clone());
        let (dnskey, signer) = signer(&origin, Algorithm::ECDSAP256SHA256)?;
        if signing == ZoneSigning::UnusedAlgorithm {
            let (unused, _) = self::signer(&origin, Algorithm::ECDSAP384SHA384)?;
            self.add(&origin, RData::DNSSEC(DNSSECRData::DNSKEY(unused)));
        }
        self.add(&origin, RData::DNSSEC(DNSSECRData::DNSKEY(dnskey.clone())));
        self.add_denials();
        // In an expired zone, the signature of the DNSKEY records is still valid; only the signatures of the other
        // records have expired.
        for sets in self.sets.values_mut() {
            let delegates = sets.contains_key(&RecordType::NS) && !sets.contains_key(&RecordType::SOA);
            for (kind, set) in sets {
                if delegates && !matches!(kind, RecordType::DS | RecordType::NSEC) {
                    continue;
                }
                let begins = if *kind == RecordType::DNSKEY { OffsetDateTime::now_utc() - DAY } else { begins };
                let rrsig = RRSIG::from_rrset(set, DNSClass::IN, begins, &signer).map_err(|error| wrong(&error))?;
                let (name, ttl) = (set.name().clone(), set.ttl());
                set.insert_rrsig(Record::from_rdata(name, ttl, RData::DNSSEC(DNSSECRData::RRSIG(rrsig))));
            }
        }
        if signing == ZoneSigning::WrongSignature {
            let mx = self.sets.get_mut(&self.origin).and_then(|sets| sets.get_mut(&RecordType::MX));
            if let Some(set) = mx {
                let changed = set.records_without_rrsigs().cloned().map(|mut record| {
                    if let RData::MX(mx) = &mut record.data {
                        mx.preference += 1;
                    }
                    record
                });
                let changed = changed.collect();
                set.set_records(changed);
            }
        }
        let published = if signing == ZoneSigning::DsOfAnotherKey {
            self::signer(&origin, Algorithm::ECDSAP256SHA256)?.0
        } else {
            dnskey.clone()
        };
        let digest = published.to_digest(&origin, DigestType::SHA256).map_err(|error| wrong(&error))?;
        let tag = published.calculate_key_tag().map_err(|error| wrong(&error))?;
        let ds = DS::new(tag, Algorithm::ECDSAP256SHA256, DigestType::SHA256, digest.as_ref().to_vec());
        self.ds = (signing != ZoneSigning::WithoutDs).then_some(ds);
        self.anchor = format!("{origin} 3600 IN DNSKEY {dnskey}\n");
        Ok(())
    }

    /// Adds an NSEC record to each name. A name below a delegation gets none (RFC 4035 §2.3).
    fn add_denials(&mut self) {
        let names: Vec<LowerName> = self.sets.keys().cloned().collect();
        for (at, name) in names.iter().enumerate() {
            let next = names.get(at + 1).unwrap_or(&self.origin).clone();
            let kinds: BTreeSet<RecordType> =
                self.sets.get(name).into_iter().flat_map(|sets| sets.keys().copied()).collect();
            let kinds = kinds.into_iter().chain([RecordType::NSEC, RecordType::RRSIG]);
            let nsec = NSEC::new(next.into(), kinds);
            self.add(&Name::from(name.clone()), RData::DNSSEC(DNSSECRData::NSEC(nsec)));
        }
    }

    /// The NS records that a server sends as a referral to a zone below this one.
    pub(super) fn referral(&self, name: &LowerName) -> Vec<Record> {
        let set = self.sets.get(name).and_then(|sets| sets.get(&RecordType::NS));
        set.into_iter().flat_map(RecordSet::records_without_rrsigs).cloned().collect()
    }

    /// The answer to a query.
    pub(super) fn answer(&self, name: &LowerName, kind: RecordType) -> ZoneAnswer {
        if let Some(sets) = self.sets.get(name) {
            return self.at_name(sets, kind);
        }
        // A name without records that has names below it exists (RFC 8020).
        if self.sets.keys().any(|known| name.zone_of(known)) {
            return ZoneAnswer::NoData(self.denial(std::slice::from_ref(name)));
        }
        // A wildcard applies to names below the closest existing name (RFC 4592); it is used only in unsigned zones.
        let (closest, next) = self.closest(name);
        let wildcard = Name::from_ascii("*").ok().and_then(|star| star.append_domain(&closest.clone().into()).ok());
        let wildcard = wildcard.map(LowerName::from);
        if let Some(sets) = wildcard.as_ref().and_then(|wildcard| self.sets.get(wildcard)) {
            return match self.at_name(sets, kind) {
                ZoneAnswer::Found(records) => ZoneAnswer::Found(renamed(records, name)),
                ZoneAnswer::Alias(records, target) => ZoneAnswer::Alias(renamed(records, name), target),
                other => other,
            };
        }
        ZoneAnswer::NoName(self.denial(&[next, wildcard.unwrap_or(closest)]))
    }

    fn at_name(&self, sets: &BTreeMap<RecordType, RecordSet>, kind: RecordType) -> ZoneAnswer {
        let records = |set: &RecordSet| set.records_with_rrsigs().cloned().collect();
        match (sets.get(&kind), sets.get(&RecordType::CNAME)) {
            (Some(set), _) => ZoneAnswer::Found(records(set)),
            (None, Some(alias)) => match alias.records_without_rrsigs().next().map(|record| &record.data) {
                Some(RData::CNAME(target)) => ZoneAnswer::Alias(records(alias), target.0.clone()),
                _ => ZoneAnswer::NoData(Vec::new()),
            },
            (None, None) => {
                let own = sets.get(&RecordType::NSEC).map(records).unwrap_or_default();
                ZoneAnswer::NoData(self.with_soa(own))
            }
        }
    }

    /// The closest existing ancestor of the name (closest encloser), and the name one label below it (next closer name,
    /// RFC 5155 §1.3).
    fn closest(&self, name: &LowerName) -> (LowerName, LowerName) {
        let mut next = name.clone();
        loop {
            let above = next.base_name();
            if above == self.origin || self.sets.keys().any(|known| above.zone_of(known)) {
                return (above, next);
            }
            next = above;
        }
    }

    /// The SOA record and the NSEC records that cover these names.
    fn denial(&self, names: &[LowerName]) -> Vec<Record> {
        let mut records = Vec::new();
        for name in names {
            let before = self.sets.range(..=name.clone()).next_back();
            let covering = before.and_then(|(_, sets)| sets.get(&RecordType::NSEC));
            for record in covering.into_iter().flat_map(RecordSet::records_with_rrsigs) {
                if !records.contains(record) {
                    records.push(record.clone());
                }
            }
        }
        self.with_soa(records)
    }

    /// The SOA record with its signature.
    pub(super) fn start_of_authority(&self) -> Vec<Record> {
        self.with_soa(Vec::new())
    }

    fn with_soa(&self, mut records: Vec<Record>) -> Vec<Record> {
        let soa = self.sets.get(&self.origin).and_then(|sets| sets.get(&RecordType::SOA));
        records.extend(soa.into_iter().flat_map(RecordSet::records_with_rrsigs).cloned());
        records
    }
}

/// A TXT record whose strings have at most 255 bytes, the maximum of RFC 1035 §3.3.
fn with_short_strings(data: RData) -> RData {
    let RData::TXT(text) = &data else { return data };
    let strings = text.txt_data.iter().flat_map(|string| string.chunks(255));
    RData::TXT(TXT::from_bytes(strings.collect()))
}

fn renamed(records: Vec<Record>, name: &LowerName) -> Vec<Record> {
    let name = Name::from(name.clone());
    let with_name = |mut record: Record| {
        record.name = name.clone();
        record
    };
    records.into_iter().map(with_name).collect()
}

fn signer(origin: &Name, algorithm: Algorithm) -> Result<(DNSKEY, DnssecSigner), String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    let der = EcdsaSigningKey::generate_pkcs8(algorithm).map_err(|error| wrong(&error))?;
    let key = EcdsaSigningKey::from_pkcs8(&der, algorithm).map_err(|error| wrong(&error))?;
    let public = key.to_public_key().map_err(|error| wrong(&error))?;
    let dnskey = DNSKEY::with_flags(257, public);
    Ok((dnskey.clone(), DnssecSigner::new(dnskey, Box::new(key), origin.clone(), 30 * DAY)))
}
