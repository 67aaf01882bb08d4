//! The tests that run the built program. They are one test program, because linking is most of the time that a test
//! program takes to build, and because tests that wait for each other's servers can then overlap.
//!
//! `cargo test --test program -- sandbox::` runs the tests of one file.

mod action;
mod batch;
mod bounds;
mod certificates;
mod cli;
mod config;
mod domains;
mod engine;
mod expectations;
mod exporter;
mod leaks;
mod loopback;
mod ports;
mod prompt;
mod sandbox;
mod sandbox_commands;
mod saved;
mod settings;
mod signals;
mod sockets;
mod suite;
mod support;
mod trust_store;
mod typed_passwords;
mod watch;
