//! Code that several test programs share: a player for transcripts, a scripted server on loopback, functions that run
//! the program, and a search for the password in every encoding.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

pub mod bodies;
pub mod golden;
pub mod leak;
pub mod program;
pub mod replay;
pub mod server;
