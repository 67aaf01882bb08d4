//! MTA-STS (RFC 8461): the record, the policy, and whether the MX hosts comply with it.
//!
//! | file | subject |
//! |---|---|
//! | `published` | the record and the policy, and their effect on senders |
//! | `judge` | findings |
//! | `corrected` | the intended content of an invalid policy file |
//! | `rules` | the rules |

mod corrected;
mod judge;
mod published;
mod rules;
#[cfg(test)]
mod tests;

use super::purpose;
use super::senders::servers::mail_servers;
use super::sight::Sight;
use crate::check::finding::{Check, Finding};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::question::Question;
pub(super) use published::{is_policy_missing, not_tested, policy_host, result, summary};

pub(super) static CHECK: Check = Check { subject: "domain-sts", ask, judge: judge_policy, rules: rules::RULES };

/// The policy applies to mail between servers (RFC 8461 §1), not to submission.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let sight = Sight::new(plan, evidence).filter(|sight| !purpose::is_submission(*sight));
    sight.map_or_else(Vec::new, published::questions)
}

fn judge_policy(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    Sight::new(plan, evidence).map_or_else(Vec::new, |sight| judge::findings(sight, &mail_servers(sight)))
}
