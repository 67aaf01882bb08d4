//! The scenarios: one file for each subject, each with a list of values; [`SCENARIOS`] is the list of these lists. The first
//! scenario is the healthy one that `demo` starts with.

mod auth;
mod certificates;
mod greeting;
mod healthy;
mod hostile;
mod providers;
mod recipients;
mod sessions;
mod starttls;
mod tls;

use super::Scenario;

/// Every scenario, by subject.
pub static SCENARIOS: &[&[Scenario]] = &[
    healthy::ALL,
    greeting::ALL,
    starttls::ALL,
    tls::ALL,
    certificates::ALL,
    auth::ALL,
    recipients::ALL,
    providers::ALL,
    sessions::ALL,
    hostile::ALL,
];

/// Servers without faults.
pub static HEALTHY: &[Scenario] = healthy::ALL;

/// Every scenario.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().flat_map(|list| list.iter())
}

/// A scenario by its name.
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    scenarios().find(|scenario| scenario.name == name)
}
