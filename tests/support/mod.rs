//! Code that several test programs share: a player for transcripts, a scripted server on loopback, sandbox servers,
//! functions that run the program, and a search for the password in every encoding.

#![allow(dead_code, reason = "each test program uses only some of these functions")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

pub mod bodies;
pub mod commands;
pub mod golden;
pub mod leak;
pub mod program;
pub mod proxy;
pub mod replay;
pub mod sandboxes;
pub mod server;
