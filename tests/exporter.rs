//! The built program's `smtpcheck exporter` against the sandbox: probes, errors, limits, reloads, access and shutdown.
//!
//! Every response and the log are searched for the test password.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod access;
mod client;
mod docs;
mod limits;
mod modules;
mod pages;
mod stops;

use std::sync::OnceLock;

use crate::support::sandboxes::TestSandbox;

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
