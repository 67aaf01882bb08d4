//! Which hosts receive mail for the domain: the MX records, or the domain itself if it has none (RFC 5321 §5.1).
//!
//! Lookups do not wait for each other unnecessarily: the addresses of the domain are looked up at the same time as the
//! MX records, although they are used only if there are no MX records. At most [`MAX_HOSTS`] hosts and
//! [`MAX_ADDRESSES`] IP addresses are tested.
//!
//! Modules: [`known`] (hosts and addresses), [`judge`] and [`set`] (the findings), [`rules`], [`special`] (IP addresses
//! that are not public), [`resolver`] (addresses that the resolver does not return).

mod judge;
mod known;
mod resolver;
mod rules;
mod set;
mod special;
#[cfg(test)]
mod tests;

use super::sight::{Sight, records};
use super::{direct, redirect};
use crate::check::finding::Check;
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::question::Question;
use crate::wire::RecordKind;

pub(super) use known::{
    KINDS, MAX_ADDRESSES, MAX_HOSTS, MxHost, addresses, all_addresses, all_hosts, code_words, excluding_flag,
    fault_words, has_bogus_address, has_no_address, is_failed_lookup, is_looked_up, is_null, is_of_other_family,
    known_hosts, mail_hosts, not_tested, problem, usable, waits_for_servers, why_unknown,
};
pub(super) use rules::DNS_ANSWER_TRUNCATED;

pub(super) static CHECK: Check = Check { subject: "domain-mx", ask, judge: judge::judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let domain = sight.name();
    let mut questions: Vec<Question> =
        [RecordKind::Mx, RecordKind::A, RecordKind::Aaaa, RecordKind::Cname].map(|kind| records(&domain, kind)).into();
    // Hosts that only the resolver, or only the name servers list are looked up, too.
    questions.extend(known_hosts(sight).iter().flat_map(|host| KINDS.map(|kind| records(host, kind))));
    for host in mail_hosts(sight) {
        // A resolver responds to a loop of aliases with SERVFAIL.
        if known::is_unanswered(sight, &host.name) {
            questions.extend(direct::aliases(sight, &host.name).1);
        }
        // Shows whether the resolver changes addresses, or does not return them.
        let is_asked = |kind| {
            known::is_bogus_at_resolver(sight, &host.name, kind)
                || sight.needs_servers(&host.name, kind)
                || redirect::may_be_false(sight, &host.name, kind)
        };
        for kind in KINDS.into_iter().filter(|&kind| is_asked(kind)) {
            questions.extend(direct::questions(sight, &host.name, kind));
        }
    }
    questions
}
