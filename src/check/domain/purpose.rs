//! The purpose of the port that is checked: receiving mail from other servers, or submission.

use super::sight::Sight;

/// Whether the port is for the submission of mail by mail programs (RFC 6409, RFC 8314). Other servers never deliver
/// mail there. Any other port is used in a test setup instead of port 25.
pub(in crate::check::domain) fn is_submission(sight: Sight<'_>) -> bool {
    is_submission_port(sight.plan.target.port)
}

/// Whether this is a submission port.
pub(in crate::check::domain) fn is_submission_port(port: u16) -> bool {
    matches!(port, 465 | 587)
}
