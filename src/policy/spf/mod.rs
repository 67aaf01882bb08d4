//! SPF records, and their evaluation (RFC 7208).
//!
//! | file | subject |
//! |---|---|
//! | `record` | the terms of a record, and the mistakes in them |
//! | `macros` | macro strings: `%{i}._spf.%{d}` |
//! | `select` | which TXT records of a name are SPF records, and which only look like SPF records |
//! | `evaluate` | the result for one client, exactly as the standard defines it |
//! | `tree` | the record with all included records, independently of any particular client |
//!
//! No function in this module does lookups. Each function receives a callback that returns the known records of a name.
//! The function then returns the names that must be looked up next.

pub(crate) mod evaluate;
pub(crate) mod macros;
pub(crate) mod record;
pub(crate) mod select;
#[cfg(test)]
mod suite;
pub(crate) mod tree;

use std::net::IpAddr;

use crate::evidence::RecordData;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of terms that cause DNS lookups in one evaluation (RFC 7208 §4.6.4).
pub(crate) const MAX_LOOKUPS: u32 = 10;

/// The maximum number of void lookups, which are lookups that return no records (RFC 7208 §4.6.4).
pub(crate) const MAX_VOID: u32 = 2;

/// The maximum number of hosts that one `mx` term refers to, and of PTR names for one IP address (RFC 7208 §4.6.4).
pub(crate) const MAX_HOSTS: usize = 10;

/// What is known about the records of a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SpfLookup {
    /// The name has not been looked up yet, or there is no answer yet.
    Pending,
    /// These records, at least one.
    Found(Vec<RecordData>),
    /// The name exists without records of this type.
    NoRecord,
    /// The name does not exist.
    NxDomain,
    /// The lookup failed: it is not known whether there are records.
    Failed,
}

/// A name, and the record type that must be looked up.
pub(crate) type SpfNeed = (DnsName, RecordKind);

/// The function that returns what is known about a name.
pub(crate) type SpfKnown<'k> = &'k dyn Fn(&DnsName, RecordKind) -> SpfLookup;

/// The IP addresses in a list of records.
pub(crate) fn addresses(records: &[RecordData]) -> Vec<IpAddr> {
    let ip = |record: &RecordData| match record {
        RecordData::A { ip } => Some(IpAddr::V4(*ip)),
        RecordData::Aaaa { ip } => Some(IpAddr::V6(*ip)),
        _ => None,
    };
    records.iter().filter_map(ip).collect()
}
