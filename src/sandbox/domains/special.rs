//! The mail domains of the sandbox that need a special certificate, zone or name server. Each has one fault.

use super::case::{DomainCase, MailHost};
use super::cases::{MX, PLAIN};
use super::zone::ZoneSigning;
use crate::sandbox::scenario::{Recipe, Server};

/// The domains.
pub(super) const SPECIAL: &[DomainCase] = &[
    DomainCase {
        name: "dane-ca-key",
        summary: "the TLSA record matches only the key of a CA",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 2 1 1 {issuer-spki:mx1}
"#,
        signing: ZoneSigning::Signed,
        hosts: &[MailHost { label: "mx1", server: Server { identity: Recipe::WithIntermediate, ..MX } }],
        notices: &["dane-ca-key", "tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-rollover",
        summary: "one of two TLSA records is for the next key of the server",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
_25._tcp.mx1 TLSA 3 1 1 {zeros}
"#,
        signing: ZoneSigning::Signed,
        notices: &["tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-certificate-invalid",
        summary: "the TLSA record requires valid dates, but a certificate in the chain has expired",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 2 0 1 {issuer-cert:mx1}
"#,
        signing: ZoneSigning::Signed,
        hosts: &[MailHost { label: "mx1", server: Server { identity: Recipe::ExpiredIntermediate, ..MX } }],
        expect: &["dane-certificate-invalid"],
        notices: &["tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
];
