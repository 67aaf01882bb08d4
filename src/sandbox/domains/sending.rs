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
        notices: &["receiver-demands"],
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
    DomainCase {
        name: "spf-missing",
        summary: "the domain has no SPF record",
        zone: r#"{host}
{dmarc}
{dkim}
"#,
        expect: &["spf-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-ignored",
        summary: "the SPF record has a semicolon after the version",
        zone: r#"{host}
@ TXT "v=spf1; mx -all"
{dmarc}
{dkim}
"#,
        expect: &["spf-ignored-record"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-void",
        summary: "three terms of the SPF record refer to names that do not exist",
        zone: r#"{host}
@ TXT "v=spf1 mx a:x.{name}.test a:y.{name}.test a:z.{name}.test -all"
{dmarc}
{dkim}
"#,
        expect: &["spf-void-lookups"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-mx-hosts",
        summary: "an mx term of the SPF record refers to eleven hosts",
        zone: r#"{host}
@ TXT "v=spf1 mx:many.{name}.test -all"
many MX 10 h1
h1 A 192.0.2.1
many MX 10 h2
h2 A 192.0.2.2
many MX 10 h3
h3 A 192.0.2.3
many MX 10 h4
h4 A 192.0.2.4
many MX 10 h5
h5 A 192.0.2.5
many MX 10 h6
h6 A 192.0.2.6
many MX 10 h7
h7 A 192.0.2.7
many MX 10 h8
h8 A 192.0.2.8
many MX 10 h9
h9 A 192.0.2.9
many MX 10 h10
h10 A 192.0.2.10
many MX 10 h11
h11 A 192.0.2.11
{dmarc}
{dkim}
"#,
        expect: &["spf-mx-hosts"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "spf-include-fails",
        summary: "the lookup of an included SPF record fails",
        zone: r#"{host}
@ TXT "v=spf1 mx include:inc.{name}.test -all"
!servfail inc
{dmarc}
{dkim}
"#,
        expect: &["spf-include-failed"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-without-all",
        summary: "the SPF record does not end with all",
        zone: r#"{host}
@ TXT "v=spf1 mx"
{dmarc}
{dkim}
"#,
        expect: &["spf-no-all"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-unused-terms",
        summary: "the SPF record has a term after all",
        zone: r#"{host}
@ TXT "v=spf1 mx -all ip4:192.0.2.1"
{dmarc}
{dkim}
"#,
        expect: &["spf-unused-terms"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-wide",
        summary: "the SPF record allows a network of 33 million addresses",
        zone: r#"{host}
@ TXT "v=spf1 mx ip4:198.0.0.0/7 -all"
{dmarc}
{dkim}
"#,
        expect: &["spf-network-wide"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-ptr",
        summary: "the SPF record uses the ptr mechanism",
        zone: r#"{host}
@ TXT "v=spf1 mx ptr -all"
{dmarc}
{dkim}
"#,
        expect: &["spf-ptr-used"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-equals-sign",
        summary: "a term of the SPF record has = instead of a colon",
        zone: r#"{host}
@ TXT "v=spf1 mx include=_spf.{name}.test -all"
{dmarc}
{dkim}
"#,
        expect: &["spf-ignored-modifier"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-explanation",
        summary: "the SPF record refers to an explanation that does not exist",
        zone: r#"{host}
@ TXT "v=spf1 mx -all exp=nowhere.{name}.test"
{dmarc}
{dkim}
"#,
        notices: &["spf-exp-ignored"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-long",
        summary: "the SPF record has more than 450 bytes",
        zone: r#"{host}
@ TXT "v=spf1 mx ip4:198.51.100.100 ip4:198.51.100.101 ip4:198.51.100.102 ip4:198.51.100.103 ip4:198.51.100.104 ip4:198.51.100.105 ip4:198.51.100.106 ip4:198.51.100.107 ip4:198.51.100.108 ip4:198.51.100.109 ip4:198.51.100.110 ip4:198.51.100.111 ip4:198.51.100.112 ip4:198.51.100.113 ip4:198.51.100.114 ip4:198.51.100.115 ip4:198.51.100.116 ip4:198.51.100.117 ip4:198.51.100.118 ip4:198.51.100.119 ip4:198.51.100.120 ip4:198.51.100.121 ip4:198.51.100.122 ip4:198.51.100.123 ip4:198.51.100.124 ip4:198.51.100.125 ip4:198.51.100.126 ip4:198.51.100.127 -all"
{dmarc}
{dkim}
"#,
        notices: &["spf-long"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-large",
        summary: "the DKIM key has more than 4096 bits",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey TXT "v=DKIM1; k=rsa; p=" "MIICMjANBgkqhkiG9w0BAQEFAAOCAh8AMIICGgKCAhEA3aC5WNJtWUf1cJsQQuo3jDfIqnreXDx6rAp7iwP7ttFR2B8rRgn30XIcKATSDBkV61I+hF4pOUpErgJL4OMrtPN2Z+0MvPzXsadjaWmUaF7rLLRF0vWnO+iELctgQvLQvtU2m2ZLfpAYRJVCSgX7CDAxBEAJsUvn2RlCC/YFi/gNehScc08yU5njswe1KVAoCefV1qTlC4nONr" "1j7scyhL7IVI2igNckw2SKJbIrktlzeDh782MAT0PIGft723Cp//xwUD24QA/bKQxkXaFZGaLmUcXOBWwk1U4My0YA3LnBf9iYFel7YHjWDH7io1kp76yi8rxB3+5FNYdNiE0IWIcXQ39eybRhTDdoO1ieHebnD1lpLn2w66b5r4S5XRe3xIdoU6dHDxIhk4TJ4Lvj3Bekh7uRw6kpneL3LalHa9Kt40i/tIfs5MZ+GGzB+O8p9Lq/y4P6" "WajoZNtTjJQzCPDDl3qzT8w3kMfX7CSWCkqmO3WNJA6SYqJt08PD0Eq6h3msFgChA6kLwrtnObDeftCLbVq81chmMkm3AQESm+ecCeog0bHUrnbJwG02fSQEev8fTedCVsdbWn3KlHbEtla3ccEyHKVHmPXUsO24xDd4WffCpMoG83Dy3EbpA0C0MDks9Uqa15SK1JRDKB5jUJ6Gfe9+HJ2NuCEc5tBIx61Iu9aCfR7Zi4pXiVkvSROLAg" "MBAAE="
"#,
        notices: &["dkim-key-large"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-revoked",
        summary: "one of two DKIM keys is revoked",
        zone: r#"{host}
{spf}
{dmarc}
s1._domainkey TXT "v=DKIM1; p="
{dkim}
"#,
        notices: &["dkim-key-revoked"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-testing",
        summary: "the DKIM key is in test mode",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey TXT "v=DKIM1; t=y; p={rsa}"
"#,
        expect: &["dkim-testing"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-two-records",
        summary: "the DKIM selector has two records",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
default._domainkey TXT "v=DKIM1; p="
"#,
        expect: &["dkim-two-records"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-sha1",
        summary: "the DKIM key accepts only SHA-1",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey TXT "v=DKIM1; h=sha1; p={rsa}"
"#,
        expect: &["dkim-hash"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-service",
        summary: "the DKIM key is not for mail",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey TXT "v=DKIM1; s=other; p={rsa}"
"#,
        expect: &["dkim-service"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dkim-wildcard",
        summary: "every DKIM selector has a record",
        zone: r#"{host}
{spf}
{dmarc}
*._domainkey TXT "v=DKIM1; p={rsa}"
"#,
        notices: &["dkim-wildcard"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-ed25519",
        summary: "the only DKIM key is an Ed25519 key",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"#,
        notices: &["dkim-ed25519-only"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-alias",
        summary: "a DKIM selector is an alias for a name that does not exist",
        zone: r#"{host}
{spf}
{dmarc}
default._domainkey CNAME nowhere
"#,
        expect: &["dkim-alias-dangling"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-missing",
        summary: "the domain has no DMARC record",
        zone: r#"{host}
{spf}
{dkim}

"#,
        expect: &["dmarc-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-invalid",
        summary: "the policy in the DMARC record is not defined",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=monitor"
"#,
        expect: &["dmarc-record-invalid"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-wrong-name",
        summary: "the DMARC record is at dmarc instead of _dmarc",
        zone: r#"{host}
{spf}
{dkim}
dmarc TXT "v=DMARC1; p=reject"
"#,
        expect: &["dmarc-wrong-name"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-other-text",
        summary: "another TXT record is at the name of the DMARC record",
        zone: r#"{host}
{spf}
{dkim}
{dmarc}
_dmarc TXT "verification=1"
"#,
        notices: &["dmarc-other-text"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-none",
        summary: "the DMARC policy is none",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@{name}.test"
default._bimi TXT "v=BIMI1; l=https://{name}.test/logo.svg"
"#,
        notices: &["bimi-without-policy", "dmarc-policy-none"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-subdomains",
        summary: "the DMARC policy does not protect subdomains",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; sp=none"
"#,
        expect: &["dmarc-subdomains-open"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-percentage",
        summary: "the DMARC policy applies to half of the mail",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; pct=50"
"#,
        expect: &["dmarc-percentage"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-testing",
        summary: "the DMARC policy is in test mode",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; t=y"
"#,
        notices: &["dmarc-testing"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-psd",
        summary: "the domain declares itself to be a public suffix",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; psd=y"
"#,
        expect: &["dmarc-psd"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-report-address",
        summary: "the report address in the DMARC record does not begin with mailto:",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; rua=dmarc@{name}.test"
"#,
        expect: &["dmarc-report-address"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-report-domain",
        summary: "the domain of the DMARC report address does not exist",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@gone.{name}.test"
"#,
        expect: &["dmarc-report-domain"],
        ..PLAIN
    },
    DomainCase {
        name: "news.dmarc-differs",
        summary: "the only DMARC record is at a subdomain, so receivers find different organizational domains",
        zone: r#"{host}
{spf}
{dkim}
_dmarc TXT "v=DMARC1; p=reject"
"#,
        notices: &["dmarc-results-differ"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-without-dkim",
        summary: "the DMARC policy is reject, and there is no DKIM key",
        zone: r#"{host}
{spf}
{dmarc}
"#,
        expect: &["dmarc-without-dkim"],
        ..PLAIN
    },
];
