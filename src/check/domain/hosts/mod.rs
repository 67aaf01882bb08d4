//! The sessions with each IP address of each MX host, and their findings.
//!
//! | module | subject |
//! |---|---|
//! | [`ask`] | the sessions and ClientHellos that the check requests |
//! | [`sessions`] | finding sessions in the evidence |
//! | [`reach`] | failed connections |
//! | [`ordinary`] | the findings of the server checks that matter for a domain |
//! | [`certificates`] | what faults of certificates mean for the senders of this domain |
//! | [`own`] | findings that only the domain command has |
//! | [`acceptance`] | which findings determine the exit code |
//! | [`seen`] | the results for reports |
//! | [`untested`] | tests that were not run |
//! | [`rules`] | the rules |

mod acceptance;
mod ask;
mod certificates;
mod names;
mod ordinary;
mod own;
mod reach;
mod rules;
mod seen;
mod sessions;
#[cfg(test)]
mod tests;
mod untested;

use super::sight::Sight;
use crate::check::finding::{Check, Finding};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::question::Question;

pub(super) use own::catch_all;
pub(super) use reach::{Silence, meaning_of_silence};
pub(super) use seen::summary;
pub(super) use sessions::{chains, session};
pub(super) use untested::not_tested;

pub(super) static CHECK: Check = Check { subject: "domain-hosts", ask, judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions = ask::ask(sight);
    questions.extend(reach::ask(sight));
    questions
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut findings = reach::findings(sight);
    if !findings.iter().any(|finding| finding.rule == rules::MX_PORT_BLOCKED_HERE.id) {
        findings.extend(untested::finding(sight));
    }
    findings.extend(ordinary::findings(sight));
    findings.extend(own::findings(sight));
    acceptance::weigh(sight, &mut findings);
    findings
}
