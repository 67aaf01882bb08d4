//! Extracts the facts that a report shows from an OCSP response: the status, the time until which it is valid, and
//! whether it is valid for the certificate. [`crate::pkix::ocsp`] verifies it.

use rustls::pki_types::CertificateDer;

use super::certificate::moment;
use crate::evidence::{Staple, StapleFault, StapleStatus};
use crate::pkix::ocsp::{self, Authority};
use crate::pkix::{self};

/// Parses and verifies the response (RFC 6960 §4.2.1) about the server certificate. `now` is in seconds since 1970.
/// Returns `None` if the server sent no response.
pub(super) fn read(
    response: &[u8],
    leaf: Option<&CertificateDer<'_>>,
    issuer: Option<Authority<'_>>,
    root: Option<Authority<'_>>,
    now: i64,
) -> Option<Staple> {
    if response.is_empty() {
        return None;
    }
    let unreadable =
        Staple { status: StapleStatus::Unreadable, next_update: None, fault: Some(StapleFault::Unreadable) };
    let Some(leaf) = leaf.and_then(|der| pkix::ParsedCertificate::read(der)) else { return Some(unreadable) };
    let verdict = ocsp::read(response, &leaf, issuer, root, now);
    Some(Staple { status: verdict.status, next_update: verdict.next_update.map(moment), fault: verdict.fault })
}
