//! The mail domains of the sandbox with faults that concern mail from them: SPF, DKIM and DMARC.

use super::case::DomainCase;
use super::cases::PLAIN;

/// The domains.
pub(super) const AUTHENTICATION: &[DomainCase] = &[
    DomainCase {
        name: "spf-two-records",
        summary: "the domain has two SPF records",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 mx -all"
@ TXT "v=spf1 ip4:192.0.2.0/24 -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-two-records.test"
{dkim}
"#,
        expect: &["spf-two-records"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-too-many-lookups",
        summary: "the SPF record needs more than ten lookups",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 include:s0.spf-too-many-lookups.test include:s1.spf-too-many-lookups.test include:s2.spf-too-many-lookups.test include:s3.spf-too-many-lookups.test include:s4.spf-too-many-lookups.test include:s5.spf-too-many-lookups.test include:s6.spf-too-many-lookups.test include:s7.spf-too-many-lookups.test include:s8.spf-too-many-lookups.test include:s9.spf-too-many-lookups.test include:s10.spf-too-many-lookups.test -all"
s0 TXT "v=spf1 ip4:192.0.2.0 -all"
s1 TXT "v=spf1 ip4:192.0.2.1 -all"
s2 TXT "v=spf1 ip4:192.0.2.2 -all"
s3 TXT "v=spf1 ip4:192.0.2.3 -all"
s4 TXT "v=spf1 ip4:192.0.2.4 -all"
s5 TXT "v=spf1 ip4:192.0.2.5 -all"
s6 TXT "v=spf1 ip4:192.0.2.6 -all"
s7 TXT "v=spf1 ip4:192.0.2.7 -all"
s8 TXT "v=spf1 ip4:192.0.2.8 -all"
s9 TXT "v=spf1 ip4:192.0.2.9 -all"
s10 TXT "v=spf1 ip4:192.0.2.10 -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-too-many-lookups.test"
{dkim}
"#,
        expect: &["spf-too-many-lookups"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-syntax",
        summary: "a term in the SPF record is invalid",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 ip4:192.0.2 -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-syntax.test"
{dkim}
"#,
        expect: &["spf-syntax"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-include-broken",
        summary: "the SPF record includes a name without an SPF record",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 include:gone.spf-include-broken.test -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-include-broken.test"
{dkim}
"#,
        expect: &["spf-include-broken"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-allows-everyone",
        summary: "the SPF record allows every sender",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 +all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-allows-everyone.test"
{dkim}
"#,
        expect: &["spf-allows-everyone"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-not-covered",
        summary: "the sending IP address is not in the SPF record",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 ip4:192.0.2.0/24 -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-not-covered.test"
{dkim}
"#,
        flags: &["--sending", "127.90.0.200", "--list", "none"],
        expect: &["spf-sending-not-covered"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-cut",
        summary: "the DKIM key was cut at 255 characters",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 mx -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@dkim-cut.test"
default._domainkey TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApiBWQSNpJtM36jmE731D3KF/8a5Oucm/2OFISqiR8g8SiO6GWw2ZvGNMnQfVW9bEGqysyf2tK/7jrASmdYUAHuazQMdlFnratgD5+fXeSQ/XoNChshG2LHoYjyU/UOXs9xMSNVajQFOpu480c/qOU2f63UspfoCU3Ffdm5IcG8GSKmwk5AHy4ineSY4C"
"#,
        expect: &["dkim-key-broken"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-weak",
        summary: "the DKIM key has fewer than 1024 bits",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 mx -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@dkim-weak.test"
default._domainkey TXT "v=DKIM1; k=rsa; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALRbnQHeYgSfFPGoOTjjf0Lqy9KwDJ2ujwVg5b0jhbDjDRGS8vOPc8b0F3MqqjpyFavUnWyN281yOilIIGyPlmbAJhl5Hu4Wci5RrBQ+rcazqj6qB90xpNX7xGFSfBQvsQIDAQAB"
"#,
        expect: &["dkim-key-weak"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-missing",
        summary: "there is no DKIM key for the selector",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        flags: &["--dkim-selector", "s9"],
        expect: &["dkim-key-missing"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-two-records",
        summary: "the domain has two DMARC records",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 mx -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject"
_dmarc TXT "v=DMARC1; p=none"
{dkim}
"#,
        expect: &["dmarc-two-records"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-reports-elsewhere",
        summary: "the DMARC reports go to a domain that has not agreed to receive them",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 mx -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@domain-plain.test"
{dkim}
"#,
        expect: &["dmarc-reports-not-authorised"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-strings",
        summary: "two strings in the SPF record are joined without a space",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ TXT "v=spf1 ip4:192.0.2.1" "ip4:192.0.2.2 -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@spf-strings.test"
{dkim}
"#,
        expect: &["spf-strings-joined"],
        exit: 1,
        ..PLAIN
    },
];
