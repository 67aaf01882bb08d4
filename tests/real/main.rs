//! smtpcheck against real servers that the tests start on this machine: Postfix (with SASL from Dovecot or Cyrus),
//! Exim, OpenSMTPD and Dovecot, and `openssl s_server` for TLS features that these servers do not support.
//!
//! Each test covers one behaviour that a user sees. No output may contain the test password in any form
//! (`support::program` searches the output of each run), and no process or file is left behind (`servers::keeper`).
//! Irregular, slow or hostile servers are simulated instead, in tests/loopback.rs and tests/sandbox.rs.
//! The tests need root, Linux and the programs that `.ci/install-servers` installs, so they are ignored by default:
//!
//!     .ci/install-servers && cargo test --test real -- --include-ignored
//!
//! Read next: `servers/mod.rs`, then `with_postfix.rs`. If a test here fails, check whether a test in `proof.rs` fails
//! too.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod probe;
mod program;
mod proof;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod token;
mod with_auth;
mod with_clients;
mod with_domains;
mod with_dovecot;
mod with_exim;
mod with_formats;
mod with_lmtp;
mod with_odd_tls;
mod with_opensmtpd;
mod with_openssl;
mod with_postfix;
mod with_prometheus;
mod with_proxies;
mod with_schedulers;
mod with_settings;
mod with_shells;
mod with_snippets;
mod with_tmux;
mod with_verifiers;
