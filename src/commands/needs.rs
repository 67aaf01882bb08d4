//! Tests what a check of a suite needs from this machine (`needs`). If a need is not met, the check is skipped, and the
//! result shows the reason. Whether the network allows connections to a port (`egress:PORT`) is tested in `run`.

use crate::host::{environment, routes};
use crate::plan::Family;
use crate::suite::Need;

/// The reason why a need is not met, if this can be determined without sending anything.
pub(super) fn lacking(need: &Need) -> Option<String> {
    match need {
        Need::Egress(_) => None,
        Need::Ipv4 => {
            (!routes::has_route(Family::V4)).then(|| "this machine has no route to IPv4 addresses".to_owned())
        }
        Need::Ipv6 => {
            (!routes::has_route(Family::V6)).then(|| "this machine has no route to IPv6 addresses".to_owned())
        }
        Need::Variable(name) => {
            (!environment::is_set(name)).then(|| format!("the environment variable {name} is not set"))
        }
    }
}
