//! Tests whether this machine meets the requirements of a check in a suite (`needs`). If one of them is not met, the
//! check is skipped, and the result shows the reason. The module `run` tests the need `egress:PORT`, because that test
//! uses the network.

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
