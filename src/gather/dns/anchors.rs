//! The trust anchors for DNSSEC: the keys of the public root zone, or those in the file that the plan names. The file
//! contains DNSKEY or DS records in the form of a master file (RFC 1035 §5.1).

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DS};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType, PublicKeyBuf, TrustAnchors};
use hickory_resolver::proto::rr::{LowerName, Name};

use crate::host::{SetupError, file};

/// The maximum size of a file with trust anchors.
const MAX_FILE: u64 = 64 * 1024;

/// The trust anchors.
#[derive(Clone, Debug, Default)]
pub(in crate::gather) struct DnssecAnchors {
    /// The keys from the file, by zone. If there are neither keys nor digests, the built-in keys of the root are used.
    keys: Vec<(Name, DNSKEY)>,
    /// The digests of keys from the file, by zone.
    digests: Vec<(Name, DS)>,
}

impl DnssecAnchors {
    /// The anchors in a file.
    pub(in crate::gather) fn read(path: &Path) -> Result<DnssecAnchors, SetupError> {
        let fault = |why: String| SetupError::File { flag: "--trust-anchor", path: path.to_owned(), why };
        let bytes = file::regular(path, MAX_FILE).map_err(|error| fault(file::reason(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| fault("the file is not text".to_owned()))?;
        DnssecAnchors::parse(&text).map_err(fault)
    }

    pub(super) fn parse(text: &str) -> Result<DnssecAnchors, String> {
        let mut anchors = DnssecAnchors::default();
        for (at, entry) in entries(text).iter().enumerate() {
            // The text is not repeated, because the file could contain a password by mistake.
            anchors.add(entry).ok_or_else(|| format!("record {} in the file is not a DNSKEY or DS record", at + 1))?;
        }
        if anchors.keys.is_empty() && anchors.digests.is_empty() {
            return Err("the file contains no DNSKEY or DS record".to_owned());
        }
        Ok(anchors)
    }

    /// Adds a record; `None` if it is not a DNSKEY or DS record.
    fn add(&mut self, entry: &str) -> Option<()> {
        let fields: Vec<&str> = entry.split_whitespace().collect();
        // The TTL and the class are optional.
        let at = fields
            .iter()
            .position(|field| field.eq_ignore_ascii_case("DNSKEY") || field.eq_ignore_ascii_case("DS"))
            .filter(|at| *at > 0)?;
        let mut name = fields.first().and_then(|name| Name::from_ascii(name).ok())?;
        name.set_fqdn(true);
        let is_key = fields.get(at).is_some_and(|kind| kind.eq_ignore_ascii_case("DNSKEY"));
        let (Some(first), Some(second), Some(third), Some(rest)) =
            (fields.get(at + 1), fields.get(at + 2), fields.get(at + 3), fields.get(at + 4..))
        else {
            return None;
        };
        let first: u16 = first.parse().ok()?;
        let (second, third): (u8, u8) = (second.parse().ok()?, third.parse().ok()?);
        if is_key {
            let key = STANDARD.decode(rest.concat()).ok()?;
            let key = PublicKeyBuf::new(key, Algorithm::from_u8(third));
            self.keys.push((name, DNSKEY::with_flags(first, key)));
        } else {
            let digest = bytes_of(&rest.concat())?;
            let digest_type = DigestType::from(third);
            self.digests.push((name, DS::new(first, Algorithm::from_u8(second), digest_type, digest)));
        }
        Some(())
    }

    /// The zones whose keys come from the file. The built-in keys of the root are not included.
    fn zones(&self) -> impl Iterator<Item = &Name> {
        let of_keys = self.keys.iter().map(|(zone, _)| zone);
        of_keys.chain(self.digests.iter().map(|(zone, _)| zone))
    }

    /// The zone with trusted keys that contains the name; the root if there is no other such zone.
    pub(super) fn zone(&self, name: &Name) -> Name {
        let zones = self.zones().filter(|zone| zone.zone_of(name));
        zones.max_by_key(|zone| zone.num_labels()).cloned().unwrap_or_else(Name::root)
    }

    /// Whether the name is in a zone whose keys are trusted.
    pub(super) fn cover(&self, name: &Name) -> bool {
        let mut zones = self.zones().peekable();
        zones.peek().is_none() || zones.any(|zone| zone.zone_of(name))
    }

    /// Whether only the keys of the public root zone are trusted.
    pub(super) fn are_built_in(&self) -> bool {
        self.zones().next().is_none()
    }

    /// Whether keys of zones other than the root are trusted.
    pub(super) fn has_other_zones(&self) -> bool {
        self.zones().any(|zone| !zone.is_root())
    }

    /// The zones whose keys must be looked up, because only their digests are known.
    pub(super) fn zones_of_digests(&self) -> Vec<Name> {
        let mut zones: Vec<Name> = self.digests.iter().map(|(zone, _)| zone.clone()).collect();
        zones.dedup();
        zones
    }

    /// The trusted keys. `found` contains the keys of the zones whose digests are known.
    pub(super) fn keys(&self, found: &[(Name, DNSKEY)]) -> TrustAnchors {
        if self.keys.is_empty() && self.digests.is_empty() {
            return TrustAnchors::default();
        }
        let mut anchors = TrustAnchors::empty();
        for (zone, key) in &self.keys {
            anchors.insert_with_name(key.public_key(), LowerName::from(zone));
        }
        for (zone, key) in found {
            let is_covered =
                self.digests.iter().any(|(of, digest)| of == zone && digest.covers(zone, key).unwrap_or(false));
            if is_covered {
                anchors.insert_with_name(key.public_key(), LowerName::from(zone));
            }
        }
        anchors
    }
}

/// The records of a master file, without comments, and with lines in parentheses joined.
fn entries(text: &str) -> Vec<String> {
    let mut entries = Vec::new();
    let mut entry = String::new();
    for line in text.lines() {
        let line = line.split(';').next().unwrap_or_default();
        entry.push_str(line);
        entry.push(' ');
        if entry.matches('(').count() > entry.matches(')').count() {
            continue;
        }
        let finished = std::mem::take(&mut entry).replace(['(', ')'], " ");
        if !finished.trim().is_empty() {
            entries.push(finished.trim().to_owned());
        }
    }
    if !entry.trim().is_empty() {
        entries.push(entry);
    }
    entries
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    if !hexadecimal.is_ascii() || !hexadecimal.len().is_multiple_of(2) || hexadecimal.is_empty() {
        return None;
    }
    let pair = |at: usize| hexadecimal.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..hexadecimal.len()).step_by(2).map(pair).collect()
}
