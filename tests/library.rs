//! The tests that call the library without starting the program: transcripts, golden files, and how well replies and
//! messages are read. They are one test program, because linking is most of the time that a test program takes to build.
//!
//! `cargo test --test library -- corpus::` runs the tests of one file.

mod corpus;
mod fixes;
mod formats;
mod fuzz_bodies;
mod golden;
mod lexicon_build;
mod lies;
mod linear;
mod masks;
mod mechanisms;
mod program_errors;
mod snippets;
mod support;
mod transcripts;
