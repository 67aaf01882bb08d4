//! Shared by the tests: the player of transcripts, a scripted server on loopback, a way to run the program, and the
//! search for a secret in every encoding.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

pub mod bodies;
pub mod golden;
pub mod leak;
pub mod program;
pub mod replay;
pub mod server;
