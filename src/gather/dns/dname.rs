//! Aliases that a server synthesizes from DNAME records (RFC 6672 §3.1).

use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// The state of the DNAME record that an alias was synthesized from.
pub(super) fn substitution(name: &Name, raw: &Message, validated: &[Record]) -> Option<Proof> {
    let target = raw.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if &record.name == name => Some(&target.0),
        _ => None,
    })?;
    validated.iter().filter(|record| record.record_type() == RecordType::DNAME).find_map(|record| {
        let RData::Unknown { rdata, .. } = &record.data else { return None };
        let kept = usize::from(name.num_labels()).checked_sub(usize::from(record.name.num_labels()))?;
        let is_below = kept > 0 && record.name.zone_of(name);
        let labels = name.iter().take(kept).map(<[u8]>::to_vec).chain(wire_labels(&rdata.anything)?);
        let made = Name::from_labels(labels.collect::<Vec<_>>()).ok()?;
        (is_below && made.eq_ignore_root(target)).then_some(record.proof)
    })
}

/// The labels of a name in wire format without compression (RFC 1035 §3.1).
fn wire_labels(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut labels = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        if *length == 0 {
            return Some(labels);
        }
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        labels.push(label.to_vec());
        bytes = rest;
    }
    None
}
