//! The targets whose checks pass from some interfaces of this machine and fail from others, in words.

use super::super::escape::visible;
use crate::report::{FailedInterface, InterfaceComparison, exit_name};

/// From which interfaces the checks of a target pass, and from which they fail.
pub(in crate::render) fn comparison(one: &InterfaceComparison) -> String {
    let passes: Vec<String> = one.passes.iter().map(|interface| visible(interface)).collect();
    let fails: Vec<String> = one.fails.iter().map(failed).collect();
    format!("passes from {}, fails from {}", passes.join(", "), fails.join(", "))
}

fn failed(one: &FailedInterface) -> String {
    let reason = one.reason.as_ref().map(|reason| format!(": {}", visible(reason))).unwrap_or_default();
    format!("{} (exit {} {}{reason})", visible(&one.interface), one.exit_code, exit_name(one.exit_code))
}
