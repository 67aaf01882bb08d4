//! The engine. It runs any number of checks on one thread and one runtime, and limits the number of concurrent checks,
//! in total and per host. Every command that uses the network uses the engine.
//!
//! [`Engine::run`] runs checks and returns their results in the order of the checks. Each result is returned as soon as
//! its own check and all earlier checks have ended. A [`RunListener`] is notified about events while the checks run. A
//! signal interrupts all running checks, and no more checks are started. [`Engine::inquire`] checks several ports of
//! one host together, and [`Engine::blocked_ports`] only tests whether ports can be reached.
//!
//! [`Engine::stream`] reads checks one after the other from a list of any length, runs them, and returns each result as
//! soon as its check has ended. [`Engine::serve`] runs a service. The service runs a check for each request, and can
//! stop the check.
//!
//! [`Engine::repeat`] repeats the checks of a few targets at an interval.
//!
//! This module does not write any output, and does not depend on the output formats.

mod engine;
mod error;
mod listener;
mod pace;
mod proxies;
mod reach;
mod repeat;
mod resources;
mod retry;
mod schedule;
mod service;
mod stream;

pub use engine::{Engine, FailurePolicy, PortsInquiry};
pub use error::RunError;
pub use listener::{JobOutcome, RunListener, StopReason};
pub use pace::StreamLimits;
pub use proxies::ProxyPasswords;
pub use repeat::{RepeatCommand, RepeatEnd, RepeatLimits, RepeatListener};
pub use retry::{Job, RetriedReport};
pub use schedule::ConcurrencyLimits;
pub use service::{CheckRunner, CheckStop, StopHandle, stop_handle};
pub use stream::{StreamEnd, StreamItem, StreamListener};
