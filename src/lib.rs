//! smtpcheck diagnoses SMTP servers. This page is the map of its modules.
//!
//! ```text
//! arguments -> Plan -> [ checks ask -> Questions -> gather -> Evidence ] repeated -> checks judge -> Findings
//!           -> Report -> render, exit code
//! ```
//!
//! 1. [`cli`] turns arguments into a [`plan::Plan`], in which every setting is decided.
//! 2. [`run`], the engine, checks any number of plans on one thread. For each an [`inquiry`], a state machine without I/O,
//!    runs the loop: [`check`] asks [`question::Question`]s, pure functions of plan and evidence;
//! 3. [`gather`] answers them from the network. It drives one [`dialogue`] for each session, a state machine without
//!    sockets, which uses the commands and replies of [`wire`] and the mechanisms of [`sasl`]. [`host`] is this machine:
//!    files, signals, passwords, the clock;
//! 4. what was seen becomes [`evidence`], append-only; when nothing new is asked, the checks judge it. What replies
//!    mean, they look up in the [`lexicon`]: data with examples of its own.
//!    Whether certificates lead to a trust anchor is decided in `pkix`, by pure functions; `evidence::doubt` holds the
//!    one decision whether a server is verified.
//! 5. [`report`] holds plan, evidence and findings, verdict and exit code, and holds them against what the user
//!    expects ([`expect`]); [`render`] turns it into text, JSON, and what CI and monitoring read.
//! 6. [`suite`] reads a file of checks with their expectations; [`explain`] reads replies and logs offline; [`commands`]
//!    joins the modules for each command.
//! 7. [`sandbox`] is separate from all this: misconfigured SMTP servers, to test mail programs and smtpcheck itself.
//!
//! Reading order: `wire`, `evidence`, `dialogue` (its header has the transition table), `check`, then the rest.
//!
//! Who may import whom (`tests/structure.rs` checks every import; each module may use `secret`):
//!
//! | module | may use |
//! |---|---|
//! | wire | nothing |
//! | lexicon | wire |
//! | sasl | nothing |
//! | plan | wire |
//! | question | plan, wire |
//! | evidence | lexicon, plan, question, wire |
//! | pkix | evidence |
//! | dialogue | evidence, plan, question, sasl, wire |
//! | host | evidence, inquiry, plan |
//! | gather | dialogue, evidence, host, inquiry, pkix, plan, question, sasl, wire |
//! | check | evidence, lexicon, plan, question, sasl, wire |
//! | expect | check, plan, report, source |
//! | explain | check, lexicon, wire |
//! | inquiry | check, evidence, plan, question |
//! | report | check, evidence, inquiry, plan, wire |
//! | run | evidence, expect, gather, host, inquiry, plan, question, report, sasl |
//! | source | nothing |
//! | suite | expect, source |
//! | sandbox | sasl, wire |
//! | render | check, evidence, explain, lexicon, plan, question, report, sandbox, wire |
//! | cli | check, expect, host, plan, render, report, sasl, source, wire |
//! | commands | everything |
//!
//! tokio is named only in `gather`, `host`, `run` and `sandbox`, rustls and hickory only in `gather` and `sandbox`; terminal colours only in `render`.

#![warn(unreachable_pub, reason = "what no test and no embedder needs is visible in the crate only")]

pub mod check;
pub mod cli;
pub mod commands;
pub mod dialogue;
pub mod evidence;
pub mod expect;
pub mod explain;
pub mod gather;
pub mod host;
pub mod inquiry;
pub mod lexicon;
pub mod logging;
mod pkix;
pub mod plan;
pub mod question;
pub mod render;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod sasl;
pub mod secret;
pub mod source;
pub mod suite;
pub mod wire;
