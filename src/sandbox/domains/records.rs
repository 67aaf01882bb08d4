//! The mail domains of the sandbox whose fault is in DNS, in DANE, MTA-STS or TLS-RPT, or in what the servers accept:
//! one for each rule that has no domain in [`super::cases`]. Each has one zone and the findings that it must cause.

use super::case::{DomainCase, MailHost, PolicyPage, SecondServer, page};
use super::cases::{MX, PLAIN, UNENCRYPTED_MX};
use super::zone::ZoneSigning;
use crate::sandbox::scenario::{Recipe, Server, ServerAct, Trigger};

/// A server that rejects the null sender.
const REJECTING_BOUNCES: Server =
    Server { on: &[(Trigger::MailWith("<>"), &[ServerAct::Say("550 5.7.1 Null sender rejected")])], ..MX };

/// A server on which the postmaster does not exist.
const WITHOUT_POSTMASTER: Server = Server {
    on: &[
        (Trigger::RcptTo("postmaster@"), &[ServerAct::Say("550 5.1.1 Recipient address rejected: User unknown")]),
        (Trigger::RcptTo("@example."), &[ServerAct::Say("554 5.7.1 Relay access denied")]),
    ],
    ..MX
};

/// A server whose name has one label.
const SHORT_NAME: Server = Server { greeting: "220 mail ESMTP", ..MX };

/// The domains.
pub(super) const RECORDS: &[DomainCase] = &[
    DomainCase {
        name: "mx-missing",
        summary: "the domain has neither an MX record nor an IP address",
        zone: r#"{spf}
_dmarc TXT "v=DMARC1; p=reject"
{dkim}
"#,
        hosts: &[],
        expect: &["mx-missing"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "mx-null-invalid",
        summary: "a null MX record is next to another MX record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ MX 0 .
"#,
        expect: &["mx-null-invalid"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "mx-implicit",
        summary: "the domain has no MX record, and its own IP address receives mail",
        zone: r#"@ A {mx1}
mx1 A {mx1}
@ TXT "v=spf1 a -all"
mx1 TXT "v=spf1 a -all"
{dmarc}
{dkim}
"#,
        expect: &["certificate-name-mismatch"],
        notices: &["mx-implicit"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-host-missing",
        summary: "the second MX host does not exist",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ MX 20 mx9
"#,
        expect: &["mx-host-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-not-public",
        summary: "the second MX host has an IP address that is not public",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ MX 20 mx2
mx2 A 0.0.0.0
"#,
        notices: &["mx-address-not-public"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-duplicate",
        summary: "two MX hosts have the same IP address",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ MX 20 mx2
mx2 A {mx1}
"#,
        expect: &["certificate-name-mismatch"],
        notices: &["mx-duplicate"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-alias-domain",
        summary: "the domain is an alias for a name with MX and SPF records",
        zone: r#"@ CNAME real
real MX 10 mx1
real TXT "v=spf1 mx -all"
mx1 A {mx1}
mx1 TXT "v=spf1 a -all"
{dmarc}
{dkim}
"#,
        notices: &["mx-domain-alias", "spf-alias"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-rejects-bounces",
        summary: "the mail server rejects the null sender",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        hosts: &[MailHost { label: "mx1", server: REJECTING_BOUNCES }],
        expect: &["mx-null-sender-rejected"],
        exit: 5,
        ..PLAIN
    },
    DomainCase {
        name: "mx-rejects-postmaster",
        summary: "the mail server rejects mail for the postmaster",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        hosts: &[MailHost { label: "mx1", server: WITHOUT_POSTMASTER }],
        expect: &["mx-postmaster-rejected"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-catch-all",
        summary: "the mail server accepts a recipient that cannot exist",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        recipient: "ann",
        notices: &["mx-accepts-every-recipient"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-short-name",
        summary: "the mail server does not identify itself with a full host name",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        hosts: &[MailHost { label: "mx1", server: SHORT_NAME }],
        notices: &["mx-server-name-not-valid"],
        ..PLAIN
    },
    DomainCase {
        name: "delegation-without-address",
        summary: "a name server of the domain has no IP address",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ NS ns9
"#,
        expect: &["delegation-server-without-address"],
        ..PLAIN
    },
    DomainCase {
        name: "delegation-records-differ",
        summary: "the two name servers have different TXT records",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        second: SecondServer::Zone("@ MX 10 mx1\nmx1 A {mx1}\n@ TXT \"v=spf1 -all\"\n{dmarc}\n{dkim}\n"),
        expect: &["delegation-records-differ"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-future",
        summary: "the DNSSEC signatures are not valid yet",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        signing: ZoneSigning::Future,
        expect: &["dnssec-signature-not-yet-valid"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-without-ds",
        summary: "the domain is signed, but the parent zone has no DS record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        signing: ZoneSigning::WithoutDs,
        notices: &["dnssec-not-active"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-without-starttls",
        summary: "a mail server with a TLSA record does not advertise STARTTLS",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 3 1 1 {zeros}
"#,
        signing: ZoneSigning::Signed,
        hosts: &[MailHost { label: "mx1", server: UNENCRYPTED_MX }],
        expect: &["dane-without-starttls"],
        notices: &["starttls-not-offered", "tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "dane-stale-digest",
        summary: "the TLSA record with the stronger digest matches no certificate",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
_25._tcp.mx1 TLSA 3 1 2 {zeros}{zeros}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-stale-digest"],
        notices: &["tlsrpt-missing"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "dane-unusable",
        summary: "the TLSA record has a usage that senders do not use",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_25._tcp.mx1 TLSA 1 1 1 {spki:mx1}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-unusable"],
        notices: &["tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-mx-unsigned",
        summary: "the MX host has a TLSA record, but the MX records of the domain are not signed",
        zone: r#"@ MX 10 mx1.domain-healthy.test.
@ TXT "v=spf1 mx -all"
{dmarc}
{dkim}
"#,
        hosts: &[],
        notices: &["dane-mx-not-signed", "tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-incomplete",
        summary: "one of two MX hosts has no TLSA record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
@ MX 20 mx2
mx2 A {mx2}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
"#,
        signing: ZoneSigning::Signed,
        hosts: &[MailHost { label: "mx1", server: MX }, MailHost { label: "mx2", server: MX }],
        notices: &["dane-incomplete", "tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-without-starttls",
        summary: "a mail server does not advertise STARTTLS, although the MTA-STS policy requires it",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        hosts: &[MailHost { label: "mx1", server: UNENCRYPTED_MX }],
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-without-starttls.test\nmax_age: 2419200\n")),
        expect: &["sts-without-starttls"],
        notices: &["starttls-not-offered"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "sts-expired-server",
        summary: "the certificate of the mail server has expired, although the MTA-STS policy requires a valid one",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        hosts: &[MailHost { label: "mx1", server: Server { identity: Recipe::Dates(-90, -3), ..MX } }],
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-expired-server.test\nmax_age: 2419200\n")),
        exit: 6,
        expect: &["certificate-expired", "sts-certificate-invalid"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-media-type",
        summary: "the MTA-STS policy has the media type of an HTML page",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        policy: Some(PolicyPage {
            head: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close",
            ..page("version: STSv1\nmode: enforce\nmx: mx1.sts-media-type.test\nmax_age: 2419200\n")
        }),
        expect: &["sts-media-type"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-without-record",
        summary: "there is an MTA-STS policy, but no record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-without-record.test\nmax_age: 2419200\n")),
        notices: &["sts-without-record"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-testing",
        summary: "the MTA-STS policy is in testing mode",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        policy: Some(page("version: STSv1\nmode: testing\nmx: mx1.sts-testing.test\nmax_age: 2419200\n")),
        notices: &["sts-not-enforced"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-short",
        summary: "senders keep the MTA-STS policy for one day",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@{name}.test"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-short.test\nmax_age: 86400\n")),
        notices: &["sts-max-age-short"],
        ..PLAIN
    },
    DomainCase {
        name: "tlsrpt-missing",
        summary: "the domain uses MTA-STS, but has no TLS-RPT record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
mta-sts A {web}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.tlsrpt-missing.test\nmax_age: 2419200\n")),
        notices: &["tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "tlsrpt-undeliverable",
        summary: "the domain of the TLS report address does not exist",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@gone.{name}.test"
"#,
        expect: &["tlsrpt-undeliverable"],
        ..PLAIN
    },
    DomainCase {
        name: "list-listed",
        summary: "a blocklist contains the sending IP address",
        zone: r#"{host}
@ TXT "v=spf1 mx ip4:192.0.2.7 -all"
{dmarc}
{dkim}
2.0.0.127.bl A 127.0.0.2
7.2.0.192.bl A 127.0.0.2
"#,
        flags: &["--sending", "192.0.2.7", "--list", "bl.list-listed.test"],
        expect: &["list-listed", "ptr-missing"],
        notices: &["receiver-demands"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "list-refuses",
        summary: "a blocklist does not answer this resolver",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
2.0.0.127.bl A 127.255.255.254
1.1.90.127.bl A 127.255.255.254
"#,
        flags: &["--sending", "{mx1}", "--list", "bl.list-refuses.test"],
        notices: &["list-refuses-resolver"],
        ..PLAIN
    },
    DomainCase {
        name: "list-not-working",
        summary: "a blocklist has no test entry",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        flags: &["--sending", "{mx1}", "--list", "bl.list-not-working.test"],
        notices: &["list-not-working"],
        ..PLAIN
    },
    DomainCase {
        name: "list-shut-down",
        summary: "a blocklist was shut down",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        flags: &["--sending", "{mx1}", "--list", "dnsbl.sorbs.net"],
        notices: &["list-shut-down"],
        ..PLAIN
    },
    DomainCase {
        name: "ehlo-without-spf",
        summary: "the EHLO name of the sending host has no SPF record",
        zone: r#"{host}
{spf}
{dmarc}
{dkim}
"#,
        flags: &["--sending", "{mx1}", "--from-host", "nowhere.ehlo-without-spf.test"],
        notices: &["spf-helo"],
        ..PLAIN
    },
    DomainCase {
        name: "sending-without-dmarc",
        summary: "the domain does not meet the requirements of large receivers",
        zone: r#"{host}
{spf}
{dkim}
"#,
        flags: &["--sending", "{mx1}"],
        expect: &["dmarc-missing"],
        notices: &["receiver-demands"],
        ..PLAIN
    },
];
