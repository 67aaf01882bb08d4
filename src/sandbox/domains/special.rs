//! The mail domains of the sandbox that need a special certificate, zone or name server. Each has one fault.

use super::case::{DomainCase, MailHost, PolicyPage, SecondServer, page};
use super::cases::{MX, PLAIN};
use super::zone::ZoneSigning;
use crate::sandbox::scenario::{Recipe, Server, ServerAct, Trigger};

/// A server that cannot read its private key.
const WITHOUT_KEY: Server =
    Server { on: &[(Trigger::Starttls, &[ServerAct::Say("454 4.7.0 TLS not available due to local problem")])], ..MX };

/// A server that closes the connection when the handshake begins.
const CLOSING: Server = Server { on: &[(Trigger::Handshake, &[ServerAct::Close])], ..MX };

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
        expect: &["certificate-intermediate-expired", "dane-certificate-invalid"],
        notices: &["tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "dane-tls-fails",
        summary: "a mail server with a TLSA record rejects STARTTLS",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
"#,
        signing: ZoneSigning::Signed,
        hosts: &[MailHost { label: "mx1", server: WITHOUT_KEY }],
        expect: &["dane-tls-fails", "starttls-refused"],
        notices: &["tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "sts-tls-fails",
        summary: "a mail server of the MTA-STS policy closes the connection instead of the TLS handshake",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-tls-fails.test"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-tls-fails.test\nmax_age: 2419200\n")),
        hosts: &[MailHost { label: "mx1", server: CLOSING }],
        expect: &["sts-tls-fails", "tls-handshake-failed"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "sts-certificate-ends",
        summary: "the certificate of the MTA-STS policy host expires in a few days",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-certificate-ends.test"
"#,
        policy: Some(PolicyPage {
            identity: Recipe::Dates(-80, 3),
            ..page("version: STSv1\nmode: enforce\nmx: mx1.sts-certificate-ends.test\nmax_age: 2419200\n")
        }),
        expect: &["sts-certificate-expires-soon"],
        ..PLAIN
    },
    DomainCase {
        name: "caa-other-authority",
        summary: "the CAA records do not permit the CA that issued the certificate",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mx1 CAA 0 issue "digicert.com"
"#,
        hosts: &[MailHost { label: "mx1", server: Server { identity: Recipe::KnownAuthority, ..MX } }],
        notices: &["caa-excludes-issuer"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-ends-soon",
        summary: "the DNSSEC signatures end in two days",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        signing: ZoneSigning::EndsSoon,
        notices: &["dnssec-signature-ends-soon"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-unused-key",
        summary: "the zone has a key of an algorithm that signs nothing",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        signing: ZoneSigning::UnusedAlgorithm,
        notices: &["dnssec-weak"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-not-tested",
        summary: "the keys of the signed zone cannot be looked up",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!nokeys @
"#,
        signing: ZoneSigning::Signed,
        notices: &["dnssec-not-tested"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-domain-not-found",
        summary: "the domain does not exist",
        zone: "",
        second: SecondServer::Missing,
        hosts: &[],
        expect: &["mx-domain-not-found"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "mx-name-not-valid",
        summary: "the name of the MX host contains an underscore",
        zone: r#"{spf}
{dmarc}
{dkim}
!raw @ MX mx_1
!raw mx_1 A {mx1}
"#,
        expect: &["certificate-name-mismatch", "mx-name-not-valid"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-case-dependent",
        summary: "the name servers do not find the MX records if the name is in upper case",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!case @
"#,
        expect: &["mx-case-dependent"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "delegation-resolver-differs",
        summary: "the resolver does not return the DMARC record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!hidden _dmarc
"#,
        notices: &["delegation-resolver-differs"],
        ..PLAIN
    },
    DomainCase {
        name: "redirected",
        summary: "the resolver returns an alias for every record type at the domain",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!redirected @
"#,
        notices: &["delegation-resolver-differs"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-many",
        summary: "the domain has more MX hosts than are tested",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
@ MX 10 mx2
mx2 A {mx2}
@ MX 10 mx3
mx3 A {mx3}
@ MX 10 mx4
mx4 A {mx4}
@ MX 10 mx5
mx5 A {mx5}
@ MX 10 mx6
mx6 A {mx6}
@ MX 10 mx7
mx7 A {mx7}
@ MX 10 mx8
mx8 A {mx8}
@ MX 10 mx9
mx9 A {mx9}
@ MX 10 mx10
mx10 A {mx10}
@ MX 10 mx11
mx11 A {mx11}
@ MX 10 mx12
mx12 A {mx12}
@ MX 10 mx13
mx13 A {mx13}
@ MX 10 mx14
mx14 A {mx14}
@ MX 10 mx15
mx15 A {mx15}
@ MX 10 mx16
mx16 A {mx16}
@ MX 10 mx17
mx17 A {mx17}
@ MX 10 mx18
mx18 A {mx18}
@ MX 10 mx19
mx19 A {mx19}
@ MX 10 mx20
mx20 A {mx20}
@ MX 10 mx21
mx21 A {mx21}
@ TXT "v=spf1 ip4:127.90.0.0/16 -all"
{dmarc}
{dkim}
"#,
        hosts: &[
            MailHost { label: "mx1", server: MX },
            MailHost { label: "mx2", server: MX },
            MailHost { label: "mx3", server: MX },
            MailHost { label: "mx4", server: MX },
            MailHost { label: "mx5", server: MX },
            MailHost { label: "mx6", server: MX },
            MailHost { label: "mx7", server: MX },
            MailHost { label: "mx8", server: MX },
            MailHost { label: "mx9", server: MX },
            MailHost { label: "mx10", server: MX },
            MailHost { label: "mx11", server: MX },
            MailHost { label: "mx12", server: MX },
            MailHost { label: "mx13", server: MX },
            MailHost { label: "mx14", server: MX },
            MailHost { label: "mx15", server: MX },
            MailHost { label: "mx16", server: MX },
            MailHost { label: "mx17", server: MX },
            MailHost { label: "mx18", server: MX },
            MailHost { label: "mx19", server: MX },
            MailHost { label: "mx20", server: MX },
            MailHost { label: "mx21", server: MX },
        ],
        notices: &["mx-many"],
        ..PLAIN
    },
    DomainCase {
        name: "spf-former-type",
        summary: "there is also an SPF record of the former record type SPF",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!raw @ SPF v=spf1 mx ~all
"#,
        notices: &["spf-former-type"],
        ..PLAIN
    },
    DomainCase {
        name: "ptr-not-confirmed",
        summary: "the PTR name of the sending IP address leads to another IP address",
        zone: r#"{host}
@ TXT "v=spf1 ip4:192.0.2.21 -all"
{dmarc}
{dkim}
mail A 192.0.2.29
"#,
        flags: &["--sending", "192.0.2.21"],
        expect: &["ptr-not-confirmed"],
        notices: &["receiver-demands"],
        ..PLAIN
    },
    DomainCase {
        name: "ptr-generic",
        summary: "the PTR name of the sending IP address looks like that of a customer connection",
        zone: r#"{host}
@ TXT "v=spf1 ip4:192.0.2.22 -all"
{dmarc}
{dkim}
static.22 A 192.0.2.22
"#,
        flags: &["--sending", "192.0.2.22"],
        expect: &["ptr-generic"],
        ..PLAIN
    },
    DomainCase {
        name: "ehlo-name-unresolved",
        summary: "the EHLO name of the sending host has no IP address",
        zone: r#"{host}
@ TXT "v=spf1 ip4:192.0.2.23 -all"
{dmarc}
{dkim}
mail A 192.0.2.23
smtp TXT "v=spf1 ip4:192.0.2.23 -all"
"#,
        flags: &["--sending", "192.0.2.23", "--from-host", "smtp.ehlo-name-unresolved.test"],
        expect: &["ehlo-name-unresolved"],
        ..PLAIN
    },
    DomainCase {
        name: "ehlo-name-differs",
        summary: "the EHLO name of the sending host differs from its PTR name",
        zone: r#"{host}
@ TXT "v=spf1 ip4:192.0.2.24 -all"
{dmarc}
{dkim}
out A 192.0.2.24
smtp A 192.0.2.24
smtp TXT "v=spf1 a -all"
"#,
        flags: &["--sending", "192.0.2.24", "--from-host", "smtp.ehlo-name-differs.test"],
        notices: &["ehlo-name-differs"],
        ..PLAIN
    },
    DomainCase {
        name: "dmarc-lookup-fails",
        summary: "the DMARC record cannot be looked up",
        zone: r#"{host}
{spf}
{dkim}
!servfail _dmarc
"#,
        notices: &["dmarc-lookup-failed"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-lookup-fails",
        summary: "the MTA-STS record cannot be looked up",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
!servfail _mta-sts
"#,
        notices: &["sts-lookup-failed"],
        ..PLAIN
    },
    DomainCase {
        name: "delegation-server-alias",
        summary: "the name of a name server is an alias",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ NS ns
ns CNAME ns2.test.
"#,
        expect: &["delegation-server-alias"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-wrong-name",
        summary: "the TLSA record is at the domain instead of at the MX host",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp TLSA 3 1 1 {spki:mx1}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-wrong-name"],
        ..PLAIN
    },
    DomainCase {
        name: "dkim-lookup-fails",
        summary: "the DKIM key cannot be looked up",
        zone: r#"{host}
{spf}
{dmarc}
!servfail s1._domainkey
"#,
        flags: &["--dkim-selector", "s1"],
        notices: &["dkim-lookup-failed"],
        ..PLAIN
    },
];
