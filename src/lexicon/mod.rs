//! What the words of servers mean, as data: reply codes, enhanced status codes, phrases of providers and software,
//! EHLO keywords, SASL mechanisms, providers, greetings, clouds, block lists. Embedded TOML (`data/`), a loader for
//! each, and [`read`], which finds the best reading of one reply.
//!
//! No sentence about a code is in Rust. Each entry has an example that must match and one that must not, and the
//! tests of the loaders run them. Nothing is parsed before it is needed: a check in which nothing is refused parses
//! nothing of this.
//!
//! Read next: [`cause`] (the closed lists), [`phrases`] (how text is matched), [`read`] (what comes first).

pub(crate) mod blocklists;
pub(crate) mod cause;
pub(crate) mod clouds;
mod context;
mod embedded;
pub(crate) mod keywords;
mod literals;
mod meaning;
pub(crate) mod mechanisms;
pub(crate) mod phrases;
pub(crate) mod program_errors;
pub(crate) mod programs;
pub mod providers;
mod read;
mod sender;
pub(crate) mod software;
pub(crate) mod tables;
pub(crate) mod vocabulary;

pub use cause::{Category, Cause};
pub use context::{Context, ReplyPhase};
pub use embedded::normal;
pub use meaning::{Confidence, Fix, FixWhen};
pub use read::{Basis, Reading, by_class, read};
