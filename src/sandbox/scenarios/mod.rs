//! The scenarios. Each file contains the list for one subject; [`SCENARIOS`] contains all lists. `demo` starts with the
//! first scenario, which has no faults.

mod auth;
mod backends;
mod balancers;
mod certificates;
mod greeting;
mod healthy;
mod hostile;
mod protocols;
mod providers;
mod proxies;
mod recipients;
mod sessions;
mod starttls;
mod tls;

use super::Scenario;

/// The scenarios of each subject.
pub static SCENARIOS: &[&[Scenario]] = &[
    healthy::ALL,
    greeting::ALL,
    starttls::ALL,
    tls::ALL,
    certificates::ALL,
    auth::ALL,
    recipients::ALL,
    protocols::ALL,
    providers::ALL,
    sessions::ALL,
    hostile::ALL,
    backends::ALL,
    proxies::ALL,
    balancers::ALL,
];

/// The scenarios without faults.
pub static HEALTHY: &[Scenario] = healthy::ALL;

/// Every scenario.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().flat_map(|list| list.iter())
}

/// Finds a scenario by its name.
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    scenarios().find(|scenario| scenario.name == name)
}
