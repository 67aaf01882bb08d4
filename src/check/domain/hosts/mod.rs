//! The sessions with each IP address of each MX host, and what the ordinary checks find in them.
//!
//! Modules: [`ask`] (the sessions and ClientHellos to ask for), [`sessions`] (how to find them in the evidence), [`seen`]
//! (the results for reports).

mod ask;
mod seen;
mod sessions;

use crate::check::finding::{Check, Finding};
use crate::evidence::Evidence;
use crate::plan::Plan;

pub(super) use seen::seen;
pub(super) use sessions::{chains, session};

pub(super) static CHECK: Check = Check { subject: "domain-hosts", ask: ask::ask, judge, rules: &[] };

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}

#[cfg(test)]
mod tests;
