//! What a check of a suite needs of this machine. A check whose needs are not met is skipped, with the reason. Whether
//! connections to a port get out of the network (`egress:PORT`) is found out by `run`.

use crate::host::{environment, routes};
use crate::plan::Family;
use crate::suite::Need;

/// Why a need is not met, if that can be known without sending anything.
pub(super) fn lacking(need: &Need) -> Option<String> {
    match need {
        Need::Egress(_) => None,
        Need::Ipv4 => {
            (!routes::has_route(Family::V4)).then(|| "this machine has no route to IPv4 addresses".to_owned())
        }
        Need::Ipv6 => {
            (!routes::has_route(Family::V6)).then(|| "this machine has no route to IPv6 addresses".to_owned())
        }
        Need::Variable(name) => (!environment::is_set(name)).then(|| format!("the variable {name} is not set")),
    }
}
