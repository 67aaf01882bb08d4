//! The engine: any number of checks on one thread and one runtime, with limits in all and for each host. Every command that
//! sends something uses it.
//!
//! [`Engine::run`] takes checks and hands out their results in the order of the checks, each as soon as all before it have
//! ended; a [`RunListener`] is notified of what happens meanwhile. A signal interrupts every check that runs, and no other
//! begins. [`Engine::inquire`] asks about several ports of one host together, and [`Engine::blocked_ports`] only connects.
//!
//! Does not write anything, and does not know what formats do with the results.

mod engine;
mod error;
mod listener;
mod reach;
mod resources;
mod retry;
mod schedule;

pub use engine::{Engine, FailurePolicy, PortsInquiry};
pub use error::RunError;
pub use listener::{JobOutcome, RunListener, StopReason};
pub use retry::{Job, RetriedReport};
pub use schedule::ConcurrencyLimits;
