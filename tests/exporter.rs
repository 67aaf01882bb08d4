//! The built program's `smtpcheck exporter` against the sandbox: probes, errors, limits, reloads, access and shutdown.
//!
//! Every response and the log are searched for the test password.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

#[path = "exporter/access.rs"]
mod access;
#[path = "exporter/client.rs"]
mod client;
#[path = "exporter/docs.rs"]
mod docs;
#[path = "exporter/limits.rs"]
mod limits;
#[path = "exporter/modules.rs"]
mod modules;
#[path = "exporter/pages.rs"]
mod pages;
#[path = "exporter/stops.rs"]
mod stops;
mod support;

use std::sync::OnceLock;

use support::sandboxes::TestSandbox;

const SCENARIOS: [&str; 7] = [
    "healthy-submission",
    "healthy-relay",
    "certificate-expired",
    "certificate-unknown-authority",
    "greylisted",
    "silence-at-ehlo",
    "auth-echo",
];

fn sandbox() -> &'static TestSandbox {
    static SANDBOX: OnceLock<TestSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| TestSandbox::start(&SCENARIOS))
}

/// The address of a scenario.
fn address(scenario: &str) -> &'static str {
    &sandbox().addresses[scenario]
}

/// `[defaults]` with which the sandbox servers can be checked.
fn defaults() -> String {
    format!("[defaults]\ncacert = \"{}\"\nsni = \"localhost\"\n", sandbox().authority)
}
