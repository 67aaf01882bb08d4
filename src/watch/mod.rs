//! The state of `smtpcheck watch`: the combined results of many checks of the same servers. This module uses no I/O and
//! no clock: the caller passes each report with the time, and reads the statistics.
//!
//! Memory is bounded, regardless of what the servers send and how long the watch runs. Durations are kept in histograms
//! ([`statistics`]), the timeline in a fixed number of periods ([`timeline`]), and lists have a maximum length.
//!
//! [`state`] is the state of all targets, and [`target`] is the state of one target. [`changes`] lists what changed,
//! and [`backends`] distinguishes the servers behind a name. [`summary`] is the state as JSON, and [`record`] defines
//! the records of a saved watch.

pub mod backends;
pub mod changes;
pub mod record;
mod state;
pub mod statistics;
pub mod summary;
pub mod target;
#[cfg(test)]
mod tests;
pub mod timeline;

pub use state::Watch;
pub use target::Observation;
