//! How many connections and probes the file descriptors of this process allow.

use crate::host::descriptors;

/// The number of connections in addition to one for each probe: for clients that keep a connection open, and for other
/// pages.
pub(super) const SPARE_CONNECTIONS: usize = 256;

/// The file descriptors that a probe needs: one for the client's connection, one for the session with the server, and
/// one for a follow-up probe or a lookup.
const PER_PROBE: usize = 3;

/// The number of probes that can run at the same time, at most `wanted`. Raises the limit of this process if it can.
pub(super) fn probes(wanted: usize) -> usize {
    let needed = wanted.saturating_mul(PER_PROBE).saturating_add(SPARE_CONNECTIONS);
    let allowed = descriptors::allowed(needed);
    if allowed >= needed { wanted } else { (allowed.saturating_sub(allowed / 3) / PER_PROBE).clamp(1, wanted) }
}
