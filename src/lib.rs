//! smtpcheck diagnoses SMTP servers. This page is an overview of its modules.
//!
//! ```text
//! arguments -> Plan -> [ checks ask -> Questions -> gather -> Evidence ] repeated -> checks judge -> Findings
//!           -> Report -> render, exit code
//! ```
//!
//! 1. [`cli`] converts the arguments to a [`plan::Plan`], which contains the value of every setting.
//! 2. [`run`], the engine, runs any number of plans on one thread. For each plan, an [`inquiry`] runs the loop of
//!    questions and answers. It is a state machine without I/O. The checks in [`check`] ask [`question::Question`]s.
//!    They are pure functions of plan and evidence.
//! 3. [`gather`] answers the questions from the network. For each session it drives a [`dialogue`], a state machine
//!    without sockets, which uses the commands and replies in [`wire`] and the mechanisms in [`sasl`]. [`host`]
//!    provides access to this machine: files, signals, passwords, the clock.
//! 4. The answers are appended to the [`evidence`]. When there are no new questions, the checks evaluate the evidence.
//!    The meanings of replies are data in the [`lexicon`], which the build script compiles to tables, with examples
//!    that are tested. Pure functions in `pkix` decide whether a certificate leads to a trust anchor, those in `policy`
//!    read the records that a domain publishes, and only `evidence::doubt` decides whether a server is verified.
//! 5. [`report`] contains plan, evidence, findings, verdict and exit code, and compares them with the user's
//!    expectations ([`expect`]). [`render`] converts a report to text, JSON, and the formats for CI and monitoring.
//! 6. [`suite`] reads a file of checks with their expectations. [`explain`] explains replies and logs offline.
//!    [`commands`] connects the modules for each command. [`snippets`] writes the settings that a check verified as
//!    configurations for mail programs.
//! 7. [`watch`] contains the state of repeated checks of the same servers: durations, changes, and the servers behind
//!    one name. [`exporter`] is the HTTP server that Prometheus reads.
//! 8. [`sandbox`] is independent of these modules: it runs misconfigured SMTP servers to test mail programs and
//!    smtpcheck itself.
//!
//! The table in the section "Structure of the source" of `README.md` says which files a new check, rule, kind of
//! evidence, format, command or flag needs.
//!
//! Reading order: `wire`, `evidence`, `dialogue` (its header contains the transition table), `check`, then the other
//! modules.
//!
//! Dependency rules (`tests/structure.rs` checks every import; every module may use `secret`):
//!
//! | module | may use |
//! |---|---|
//! | wire | nothing |
//! | lexicon | wire |
//! | sasl | nothing |
//! | plan | wire |
//! | question | plan, wire |
//! | evidence | lexicon, plan, question, sasl, wire |
//! | pkix | evidence |
//! | policy | evidence, pkix, wire |
//! | dialogue | evidence, plan, question, sasl, wire |
//! | host | evidence, inquiry, plan |
//! | gather | dialogue, evidence, host, inquiry, pkix, plan, question, sasl, wire |
//! | check | evidence, lexicon, plan, policy, question, sasl, wire |
//! | expect | check, plan, report, source |
//! | explain | check, lexicon, wire |
//! | inquiry | check, evidence, plan, question |
//! | report | check, evidence, inquiry, plan, question, snippets, wire |
//! | run | evidence, expect, gather, host, inquiry, plan, question, report, sasl |
//! | watch | check, evidence, plan, question, report, wire |
//! | snippets | source, wire |
//! | source | nothing |
//! | suite | expect, source |
//! | sandbox | sasl, wire |
//! | render | check, evidence, explain, lexicon, plan, question, report, sandbox, snippets, watch, wire |
//! | exporter | cli, evidence, expect, host, plan, render, report, run, source |
//! | cli | check, expect, host, lexicon, plan, render, report, sasl, snippets, source, wire |
//! | commands | everything |
//!
//! Only `exporter`, `gather`, `host`, `run` and `sandbox` may use tokio. Only `exporter`, `gather` and `sandbox` may
//! use rustls, and only `exporter` and `gather` hyper. Only `gather` and `sandbox` may use hickory. Only `render` may
//! use terminal colours.

#![warn(unreachable_pub, reason = "items that neither tests nor embedding programs need are visible only in the crate")]

pub mod check;
pub mod cli;
pub mod commands;
pub mod dialogue;
pub mod evidence;
pub mod expect;
pub mod explain;
pub mod exporter;
pub mod gather;
pub mod host;
pub mod inquiry;
pub mod lexicon;
pub mod logging;
mod pkix;
pub mod plan;
mod policy;
pub mod question;
pub mod render;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod sasl;
pub mod secret;
pub mod snippets;
pub mod source;
pub mod suite;
pub mod watch;
pub mod wire;
