//! The offline explainer: what a rule, a reply code, an enhanced status, a reply, an EHLO extension or a SASL mechanism
//! means, and which replies a log contains.
//!
//! Promises: no I/O except reading the given input; memory is bounded whatever the input is.
//!
//! Read next: [`log`], which finds replies.

pub mod log;
