//! Fixes that publish and remove TLSA records. One record must match for each certificate of the host (RFC 7671 §8.4), so
//! a record is removed only if it matches none of them, or if other records match all of them.

use std::collections::BTreeSet;

use super::judge::DaneHost;
use super::lookup::{PublishedTlsa, TlsaLookup, TlsaTtl, owner, service_port};
use crate::evidence::Presented;
use crate::lexicon::Fix;
use crate::policy::tlsa::{self, TlsaMatch, TlsaRecord};
use crate::wire::{DnsName, RecordKind};

/// The records that are left over, in a sentence.
const WITHOUT_CERTIFICATE: &str = "the records that match no certificate of this host";

/// The kind of the suggested records.
const SUGGESTED: &str = "3 1 1";

impl<'s> DaneHost<'s> {
    /// The chains of the host, each with its `3 1 1` record. The records are at the name that senders look up first for
    /// this port.
    pub(super) fn suggested(&self, port: u16) -> Vec<(&'s Presented, Option<String>)> {
        let base = match &self.lookup {
            TlsaLookup::Present { base, .. } | TlsaLookup::Unsigned { base, .. } | TlsaLookup::Failed { base, .. } => {
                base
            }
            TlsaLookup::Open
            | TlsaLookup::Unknown
            | TlsaLookup::Insecure
            | TlsaLookup::Unresolvable
            | TlsaLookup::Absent => &self.host.name,
        };
        let owner = self.owner_of_record(base, port);
        let mut found: Vec<(&Presented, Option<String>)> = Vec::new();
        for (chain, _) in self.host.chains() {
            let record = chain.leaf().and_then(|leaf| tlsa::suggested(&owner, leaf));
            if !found.iter().any(|(_, known)| *known == record) {
                found.push((chain, record));
            }
        }
        found
    }

    /// The name at which TLSA records are published. If it is an alias, this is the name at its end: a name with a CNAME
    /// record can have no other records (RFC 2181 §10.1), and there are no names below a DNAME record (RFC 6672 §2.4).
    pub(super) fn owner_of_record(&self, base: &DnsName, port: u16) -> String {
        let looked_up = owner(self.sight, base).and_then(|name| self.sight.records(&name, RecordKind::Tlsa).answer());
        match looked_up.and_then(|seen| seen.aliases.last()) {
            Some(alias) => alias.to.to_string(),
            None => format!("_{port}._tcp.{base}"),
        }
    }

    /// One fix for each record to publish. `text` receives a phrase that describes the record.
    pub(super) fn records_to_publish(
        &self,
        text: impl Fn(&str) -> String,
        is_wanted: impl Fn(&Presented) -> bool,
    ) -> Vec<Fix> {
        let records = self.suggested(service_port(self.sight)).into_iter().filter(|(chain, _)| is_wanted(chain));
        let fixes: Vec<Fix> = records
            .filter_map(|(_, record)| record)
            .map(|record| Fix::run(text("this record"), self.quoted_record(&record)))
            .collect();
        if fixes.is_empty() {
            vec![Fix::text(text("a 3 1 1 TLSA record for the key of the server's certificate"))]
        } else {
            fixes
        }
    }

    /// Publishes the record of this chain, and removes the records that match no certificate.
    pub(super) fn replacement(&self, published: PublishedTlsa<'_>, chain: &Presented) -> Vec<Fix> {
        // Strict senders would ignore the new record if another certificate keeps a record with a stronger digest
        // (RFC 7671 §9).
        let is_stronger = |record: &&TlsaRecord| record.usage == 3 && record.selector == 1 && record.matching == 2;
        let stronger: BTreeSet<String> = published.records.iter().filter(is_stronger).map(TlsaRecord::kind).collect();
        if !stronger.is_empty() {
            return self.replacement_of_kinds(published, chain, &stronger, true);
        }
        let is_left_over = |record: &TlsaRecord| !self.matches_a_chain(published, record);
        let old = published.records.iter().any(is_left_over).then_some(WITHOUT_CERTIFICATE);
        self.publish(published, chain, old)
    }

    /// Fixes for kinds of records of which none matches this chain, although another record does.
    pub(super) fn replacement_of_kinds(
        &self,
        published: PublishedTlsa<'_>,
        chain: &Presented,
        kinds: &BTreeSet<String>,
        is_fatal: bool,
    ) -> Vec<Fix> {
        let of_kinds = || published.records.iter().filter(|record| kinds.contains(&record.kind()));
        let words = |kinds: Vec<String>| published.probe.quote(kinds.join(" and ")).to_string();
        if of_kinds().all(|record| !self.matches_a_chain(published, record)) {
            let mut fixes = vec![Fix::text(format!(
                "DNS operator of {}: remove the {} records that do not match, or replace them with records for the current certificate",
                self.name,
                words(kinds.iter().cloned().collect())
            ))];
            if is_fatal && !self.is_published(published, chain) {
                fixes.extend(self.publish(published, chain, Some(WITHOUT_CERTIFICATE)));
            }
            return fixes;
        }
        // The records match another certificate of the host. They can be removed only if each certificate has a record of
        // another kind.
        let removable: Vec<String> = kinds.iter().filter(|kind| *kind != SUGGESTED).cloned().collect();
        let old = (!removable.is_empty()).then(|| format!("the {} records", words(removable)));
        self.publish_for_each(published, old.as_deref())
    }

    /// Suggests publishing the record of each chain that has none yet, and then removing the old records.
    pub(super) fn publish_for_each(&self, published: PublishedTlsa<'_>, old: Option<&str>) -> Vec<Fix> {
        let chains = self.suggested(service_port(self.sight)).into_iter().map(|(chain, _)| chain);
        let mut missing: Vec<&Presented> = chains.filter(|chain| !self.is_published(published, chain)).collect();
        let Some(last) = missing.pop() else {
            let text = |old: &str| {
                format!("DNS operator of {}: remove {old}, because other records match all certificates", self.name)
            };
            return old.map(|old| Fix::text(text(old))).into_iter().collect();
        };
        let mut fixes: Vec<Fix> = missing.into_iter().flat_map(|chain| self.publish(published, chain, None)).collect();
        fixes.extend(self.publish(published, last, old));
        fixes
    }

    /// Suggests publishing the record of this chain, and then removing the old records.
    pub(super) fn publish(&self, published: PublishedTlsa<'_>, chain: &Presented, old: Option<&str>) -> Vec<Fix> {
        let wait = match published.ttl {
            TlsaTtl::Original(ttl) => format!("wait {} seconds (two TTLs)", ttl.saturating_mul(2)),
            TlsaTtl::Remaining(ttl) => {
                format!("wait for two TTLs (at least {} seconds; the zone shows the exact TTL)", ttl.saturating_mul(2))
            }
        };
        let text = |record: &str| match old {
            Some(old) => format!("DNS operator of {}: publish {record}, {wait}, then remove {old}", self.name),
            None => format!("DNS operator of {}: add {record}, and keep the others", self.name),
        };
        self.records_to_publish(text, |other| key(other) == key(chain))
    }

    /// Whether the record matches one of the host's certificates.
    fn matches_a_chain(&self, published: PublishedTlsa<'_>, record: &TlsaRecord) -> bool {
        self.host.chains().into_iter().any(|(chain, _)| {
            let outcome = self.evaluate(published, chain);
            outcome.records.iter().any(|one| one.record == *record && one.result == TlsaMatch::Matches)
        })
    }

    /// Whether the suggested record of this chain exists already.
    pub(super) fn is_published(&self, published: PublishedTlsa<'_>, chain: &Presented) -> bool {
        let suggested = chain.leaf().and_then(tlsa::suggested_data);
        let of_key = |record: &&TlsaRecord| record.kind() == SUGGESTED;
        published.records.iter().filter(of_key).any(|record| Some(&record.text) == suggested.as_ref())
    }

    /// Marks the record as quoted text, because its owner name was received from DNS.
    pub(super) fn quoted_record(&self, record: &str) -> String {
        match self.sight.records(&self.sight.name(), RecordKind::Mx).probe() {
            Some(probe) => probe.quote(record).to_string(),
            None => record.to_owned(),
        }
    }
}

/// The digest of the key of a chain's first certificate.
fn key(chain: &Presented) -> Option<&str> {
    chain.leaf().map(|leaf| leaf.spki_sha256.as_str())
}
