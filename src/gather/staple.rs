//! What an OCSP response contains about a certificate, as far as a report shows it: the status, how long it is valid, and
//! whether it counts. [`crate::pkix::ocsp`] judges it.

use rustls::pki_types::CertificateDer;

use super::certificate::moment;
use crate::evidence::{Staple, StapleFault, StapleStatus};
use crate::pkix::ocsp::{self, Authority};
use crate::pkix::{self};

/// Reads a response (RFC 6960 §4.2.1) about the server's certificate at a time, in seconds since 1970; none if the server
/// sent none.
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
    let said = ocsp::read(response, &leaf, issuer, root, now);
    Some(Staple { status: said.status, next_update: said.next_update.map(moment), fault: said.fault })
}
