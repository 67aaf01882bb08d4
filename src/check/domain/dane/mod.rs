//! DANE (RFC 7672): whether the TLSA records of the MX hosts match the certificates that their servers send.
//!
//! | file | subject |
//! |---|---|
//! | `ca_key` | the notice about records that match only the key of a CA |
//! | `client` | the programs that use the records: senders, or mail programs on submission ports |
//! | `lookup` | the names at which TLSA records are looked up |
//! | `lookup_faults` | findings about lookups that only some resolvers answer |
//! | `outcome` | what senders that use DANE do with a host |
//! | `judge` | findings |
//! | `phrases` | parts of the findings' sentences |
//! | `replace` | fixes that publish and remove records |
//! | `tls_fails` | the finding about hosts where TLS fails |
//! | `wrong_name` | the finding about records at the domain instead of at its hosts |
//! | `rules` | the rules |

mod ca_key;
mod client;
mod judge;
mod lookup;
mod lookup_faults;
mod outcome;
mod phrases;
mod replace;
mod rules;
#[cfg(test)]
mod tests;
mod tls_fails;
mod wrong_name;

use super::mx;
use super::senders::servers::mail_servers;
use super::sight::Sight;
use crate::check::finding::{Check, Finding};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::question::Question;
pub(super) use lookup::{base_with_records, owner, owners};
pub(super) use outcome::{ChainUse, chain_use, result, unmatched_records, worst};

pub(super) static CHECK: Check = Check { subject: "domain-dane", ask, judge: judge_hosts, rules: rules::RULES };

/// The TLSA records that match the certificates that the servers currently send, as in a zone file: one `3 1 1` for
/// each key of each host.
pub(crate) fn suggested(sight: Sight<'_>) -> Vec<String> {
    judge::suggested_records(sight, &mail_servers(sight))
}

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let of_hosts = mx::mail_hosts(sight);
    let of_hosts = of_hosts.iter().flat_map(|host| lookup::questions(sight, &host.name));
    of_hosts.chain(wrong_name::questions(sight)).collect()
}

fn judge_hosts(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    Sight::new(plan, evidence).map_or_else(Vec::new, |sight| judge::findings(sight, &mail_servers(sight)))
}
