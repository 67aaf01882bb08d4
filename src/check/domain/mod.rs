//! Checks of a mail domain: its DNS records, its mail servers and its policies. Every sender can query all of these. If
//! the plan contains a domain, these checks run instead of the server checks.
//!
//! | file | subject |
//! |---|---|
//! | `mx` | which hosts receive mail |
//! | `hosts` | the sessions with each IP address of each host, and the findings of the ordinary checks in them |
//! | `delegation` | the authoritative name servers |
//! | `direct` | lookups at authoritative name servers after the resolver has failed |
//! | `proof` | responses that do not prove which records exist |
//! | `redirect` | resolvers and networks that redirect the domain |
//! | `unanswered` | lookups of policy records that fail although other lookups succeed |
//! | `zone`, `parent` | the zone that contains the domain, and its delegation in the parent zone |
//! | `dnssec` | signatures |
//! | `dane`, `sts`, `tlsrpt` | policies for TLS |
//! | `spf`, `dkim`, `dmarc` | authentication of the senders of mail |
//! | `reverse`, `lists` | PTR records and blocklists |
//! | `notes` | CAA and BIMI records |
//! | `senders` | how mail is delivered, depending on the policies that the sender supports |
//! | `deliverability` | the result for one server |
//! | `tls` | how TLS starts at a mail server |
//! | `seen`, `alignment`, `results` | the results, for reports |
//! | `world` | simulated DNS, web and mail servers for tests |
//! | `purpose` | whether the port is for mail from other servers or for submission |
//! | `sight` | the evidence, with short functions for finding answers in it |

pub mod alignment;
mod dane;
mod delegation;
mod deliverability;
mod direct;
mod dkim;
mod dmarc;
mod dnssec;
mod hosts;
mod lists;
mod mx;
mod notes;
mod parent;
mod proof;
mod purpose;
mod redirect;
mod results;
mod reverse;
pub mod seen;
mod senders;
pub(in crate::check) mod sight;
mod spf;
mod sts;
#[cfg(test)]
mod tests;
mod tls;
mod tlsrpt;
mod unanswered;
#[cfg(test)]
pub(in crate::check) mod world;
mod zone;

use super::finding::Check;
pub use deliverability::{AddressResult, PolicyFailure, address_result, names_without_dnssec};
pub use lists::default_lists;
pub(super) use proof::limit_confidence;
pub use results::{results, tlsa_records};

/// Every check of a domain, in the order in which findings of equal severity are listed.
pub static DOMAIN_CHECKS: &[&Check] = &[
    &mx::CHECK,
    &hosts::CHECK,
    &dnssec::CHECK,
    &delegation::CHECK,
    &dane::CHECK,
    &sts::CHECK,
    &tlsrpt::CHECK,
    &spf::CHECK,
    &dkim::CHECK,
    &dmarc::CHECK,
    &reverse::CHECK,
    &lists::CHECK,
    &notes::CHECK,
];
