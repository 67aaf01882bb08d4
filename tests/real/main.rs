//! smtpcheck against real servers: Postfix (with Dovecot or Cyrus for SASL), Exim, OpenSMTPD and Dovecot, started by the
//! tests on this machine; and at `openssl s_server`, where it is about TLS that those do not speak.
//!
//! Promises: each test is about one behaviour that a user sees at such a server; no run may show the test password in
//! any form (`support::program` looks after each); nothing is left behind, neither process nor file (`servers::keeper`).
//! Does not: test what a scripted peer can show better (odd, slow or hostile servers); that is tests/loopback.rs.
//! The tests need root, Linux, and what `.ci/install-servers` installs, so they are ignored unless asked for:
//!
//!     .ci/install-servers && cargo test --test real -- --include-ignored
//!
//! Read next: `servers/mod.rs`, then `with_postfix.rs`. When a test here fails, look whether `proof.rs` does too.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and reads better so"
)]

mod probe;
mod program;
mod proof;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod token;
mod with_auth;
mod with_clients;
mod with_dovecot;
mod with_exim;
mod with_formats;
mod with_odd_tls;
mod with_opensmtpd;
mod with_openssl;
mod with_postfix;
mod with_shells;
mod with_verifiers;
