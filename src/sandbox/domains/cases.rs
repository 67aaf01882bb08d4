//! The mail domains of the sandbox. Most have one fault, so that a check shows what the fault looks like. Faults that
//! concern mail from the domain are in [`super::sending`].

use super::case::{DomainCase, MailHost, PolicyBody, PolicyPage, SecondServer, page};
use super::zone::ZoneSigning;
use crate::sandbox::scenario::{RELAY, Recipe, Server, ServerAct, Trigger};

/// A server that accepts no recipient in another domain.
pub(super) const MX: Server =
    Server { on: &[(Trigger::RcptTo("@example."), &[ServerAct::Say("554 5.7.1 Relay access denied")])], ..RELAY };

/// A server without STARTTLS.
pub(super) const UNENCRYPTED_MX: Server =
    Server { plain: &["PIPELINING", "SIZE 10240000", "ENHANCEDSTATUSCODES"], ..MX };

/// A domain with one mail server and without DNSSEC.
pub(super) const PLAIN: DomainCase = DomainCase {
    name: "",
    summary: "",
    zone: "",
    signing: ZoneSigning::Unsigned,
    second: SecondServer::Same,
    hosts: &[MailHost { label: "mx1", server: MX }],
    policy: None,
    recipient: "",
    flags: &[],
    expect: &[],
    notices: &[],
    exit: 0,
};

/// A server on which a recipient does not exist.
const WITHOUT_RECIPIENT: Server = Server {
    on: &[
        (Trigger::RcptTo("ann@"), &[ServerAct::Say("550 5.1.1 <ann>: Recipient address rejected: User unknown")]),
        (Trigger::RcptTo("no-such-user"), &[ServerAct::Say("550 5.1.1 Recipient address rejected: User unknown")]),
        (Trigger::RcptTo("@example."), &[ServerAct::Say("554 5.7.1 Relay access denied")]),
    ],
    ..RELAY
};

/// A server that defers every recipient.
const GREYLISTING: Server =
    Server { on: &[(Trigger::Rcpt, &[ServerAct::Say("450 4.2.0 Greylisted, try again in 5 minutes")])], ..RELAY };

/// A server that rejects every client.
const REJECTING: Server =
    Server { on: &[(Trigger::Connect, &[ServerAct::Say("554 5.7.1 No mail from your network")])], ..RELAY };

/// The domains with faults that concern mail to them.
pub(super) const RECEIVING: &[DomainCase] = &[
    DomainCase {
        name: "domain-healthy",
        summary: "DANE, MTA-STS, SPF, DKIM and DMARC are correct",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@domain-healthy.test"
"#,
        signing: ZoneSigning::Signed,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.domain-healthy.test\nmax_age: 2419200\n")),
        ..PLAIN
    },
    DomainCase {
        name: "domain-plain",
        summary: "a correct mail domain without DNSSEC and without TLS policies",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        ..PLAIN
    },
    DomainCase {
        name: "null-mx",
        summary: "the domain declares that it receives no mail",
        zone: r#"@ MX 0 .
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject"
"#,
        hosts: &[],
        notices: &["mx-null"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-localhost",
        summary: "the MX record contains the name localhost instead of a null MX",
        zone: r#"@ MX 0 localhost.
@ TXT "v=spf1 -all"
_dmarc TXT "v=DMARC1; p=reject"
"#,
        hosts: &[],
        expect: &["mx-none-usable"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "null-mx-sends",
        summary: "the domain declares that it receives no mail, but its SPF record allows senders",
        zone: r#"@ MX 0 .
@ TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc TXT "v=DMARC1; p=reject"
{dkim}
"#,
        hosts: &[],
        expect: &["mx-null-but-sends"],
        notices: &["mx-null"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-is-address",
        summary: "the MX record contains an IP address",
        zone: r#"@ MX 10 192.0.2.1.
{sending}
"#,
        hosts: &[],
        expect: &["mx-is-address"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "mx-is-alias",
        summary: "the MX host is an alias",
        zone: r#"@ MX 10 mail
mail CNAME mx1
mx1 A {mail}
{sending}
"#,
        hosts: &[MailHost { label: "mail", server: MX }],
        expect: &["mx-is-alias"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-missing-host",
        summary: "the MX host does not exist",
        zone: r#"@ MX 10 mx9
{sending}
"#,
        hosts: &[],
        expect: &["mx-none-usable"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "mx-without-starttls",
        summary: "the second MX host does not advertise STARTTLS",
        zone: r#"@ MX 10 mx1
@ MX 20 mx2
mx1 A {mx1}
mx2 A {mx2}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: MX }, MailHost { label: "mx2", server: UNENCRYPTED_MX }],
        notices: &["starttls-not-offered"],
        ..PLAIN
    },
    DomainCase {
        name: "mx-relays",
        summary: "the mail server accepts mail for other domains",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: RELAY }],
        expect: &["mx-relay-accepted"],
        ..PLAIN
    },
    DomainCase {
        name: "recipient-lost",
        summary: "the preferred MX host rejects the recipient as unknown; the other MX host accepts it",
        zone: r#"@ MX 10 mx1
@ MX 20 mx2
mx1 A {mx1}
mx2 A {mx2}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: WITHOUT_RECIPIENT }, MailHost { label: "mx2", server: MX }],
        recipient: "ann",
        expect: &["mx-backup-differs", "recipient-unknown"],
        exit: 5,
        ..PLAIN
    },
    DomainCase {
        name: "recipient-at-random",
        summary: "one of two MX hosts with the same preference rejects the recipient as unknown",
        zone: r#"@ MX 10 mx1
@ MX 10 mx2
mx1 A {mx1}
mx2 A {mx2}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: MX }, MailHost { label: "mx2", server: WITHOUT_RECIPIENT }],
        recipient: "ann",
        expect: &["recipient-unknown"],
        notices: &["mx-accepts-every-recipient"],
        exit: 5,
        ..PLAIN
    },
    DomainCase {
        name: "recipient-deferred",
        summary: "both MX hosts defer the recipient",
        zone: r#"@ MX 10 mx1
@ MX 20 mx2
mx1 A {mx1}
mx2 A {mx2}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: GREYLISTING }, MailHost { label: "mx2", server: GREYLISTING }],
        recipient: "ann",
        expect: &["greylisted"],
        exit: 4,
        ..PLAIN
    },
    DomainCase {
        name: "mx-rejects-clients",
        summary: "both MX hosts reject every connection in the greeting",
        zone: r#"@ MX 10 mx1
@ MX 20 mx2
mx1 A {mx1}
mx2 A {mx2}
{sending}
"#,
        hosts: &[MailHost { label: "mx1", server: REJECTING }, MailHost { label: "mx2", server: REJECTING }],
        recipient: "ann",
        expect: &["client-reputation"],
        exit: 5,
        ..PLAIN
    },
    DomainCase {
        name: "mx-servers-differ",
        summary: "the two name servers have different MX records",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        second: SecondServer::Zone("@ MX 10 old\nold A {mx1}\n{sending}\n"),
        expect: &["mx-differs-between-servers"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "delegation-dmarc-differs",
        summary: "the two name servers have different DMARC records",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        second: SecondServer::Zone(
            "@ MX 10 mx1\nmx1 A {mx1}\n{spf}\nmx1 TXT \"v=spf1 a -all\"\n{dkim}\n_dmarc TXT \"v=DMARC1; p=none\"\n",
        ),
        expect: &["delegation-records-differ"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-unsigned-copy",
        summary: "the zone is signed, but the second name server has a copy without signatures",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        signing: ZoneSigning::Signed,
        second: SecondServer::Zone("@ MX 10 mx1\nmx1 A {mx1}\n{sending}\n"),
        expect: &["dnssec-bogus"],
        notices: &["delegation-serial-differs"],
        ..PLAIN
    },
    DomainCase {
        name: "delegation-lame",
        summary: "one of two name servers does not serve the domain",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        second: SecondServer::Lame,
        expect: &["delegation-lame"],
        ..PLAIN
    },
    DomainCase {
        name: "delegation-apart",
        summary: "the domain and its parent zone are on different name servers, and both list the same server for the domain",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        second: SecondServer::Apart(&["NS3.Test."]),
        ..PLAIN
    },
    DomainCase {
        name: "delegation-parent-differs",
        summary: "the parent zone lists a former name server that no longer serves the domain",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
"#,
        second: SecondServer::Apart(&["ns3.test.", "ns2.test."]),
        expect: &["delegation-parent-differs"],
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-expired",
        summary: "the DNSSEC signatures have expired",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
{sending}
"#,
        signing: ZoneSigning::Expired,
        expect: &["dnssec-signature-expired"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-ds-mismatch",
        summary: "the DS record belongs to a different key",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
{sending}
"#,
        signing: ZoneSigning::DsOfAnotherKey,
        expect: &["dnssec-ds-mismatch"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "dnssec-falsified",
        summary: "the signature of the MX records does not match them",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
{sending}
"#,
        signing: ZoneSigning::WrongSignature,
        expect: &["dnssec-bogus"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "dane-mismatch",
        summary: "the TLSA record does not match the certificate",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {zeros}
{sending}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-mismatch"],
        notices: &["tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "dane-unsigned",
        summary: "the TLSA record is in a zone without DNSSEC",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 1 1 {spki:mx1}
{sending}
"#,
        expect: &["dane-not-signed"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-lookup-fails",
        summary: "the query for the TLSA record fails",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
!servfail _25._tcp.mx1
{sending}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-lookup-fails"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "dane-follows-certificate",
        summary: "the TLSA record must be changed for every new certificate",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 3 0 1 {cert:mx1}
{sending}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-breaks-at-renewal"],
        notices: &["tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "dane-without-anchor",
        summary: "the server does not send the CA certificate that the TLSA record needs",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_25._tcp.mx1 TLSA 2 0 1 {zeros}
{sending}
"#,
        signing: ZoneSigning::Signed,
        expect: &["dane-anchor-not-sent"],
        notices: &["tlsrpt-missing"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "sts-not-covered",
        summary: "the MTA-STS policy does not contain the MX host",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-not-covered.test"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mail.sts-not-covered.test\nmax_age: 2419200\n")),
        expect: &["sts-mx-not-covered"],
        exit: 6,
        ..PLAIN
    },
    DomainCase {
        name: "sts-host-servfail",
        summary: "the DNS lookup of the host with the MTA-STS policy fails",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
!servfail mta-sts
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-host-servfail.test"
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-host-servfail.test\nmax_age: 2419200\n")),
        expect: &["sts-policy-unreachable"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-redirect",
        summary: "the MTA-STS policy is redirected",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-redirect.test"
"#,
        policy: Some(PolicyPage {
            head: "HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.example.com/\r\nConnection: close",
            ..page("moved")
        }),
        expect: &["sts-policy-unreachable"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-certificate",
        summary: "the policy host's certificate is for a different name",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-certificate.test"
"#,
        policy: Some(PolicyPage {
            identity: Recipe::OtherName,
            ..page("version: STSv1\nmode: enforce\nmx: mx1.sts-certificate.test\nmax_age: 2419200\n")
        }),
        expect: &["sts-policy-unreachable"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-endless",
        summary: "the response with the MTA-STS policy never ends",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-endless.test"
"#,
        policy: Some(PolicyPage {
            sends: PolicyBody::Endless,
            ..page("version: STSv1\nmode: enforce\nmx: mx1.sts-endless.test\nmax_age: 2419200\n")
        }),
        expect: &["sts-policy-unreachable"],
        ..PLAIN
    },
    DomainCase {
        name: "sts-unparsable",
        summary: "the MTA-STS policy contains no valid mode",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
{sending}
_mta-sts TXT "v=STSv1; id=20260101000000Z;"
mta-sts A {web}
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@sts-unparsable.test"
"#,
        policy: Some(page("version: STSv1\nMode: enforce\nmx: mx1.sts-unparsable.test\nmax_age: 2419200\n")),
        expect: &["sts-policy-invalid"],
        exit: 1,
        ..PLAIN
    },
    DomainCase {
        name: "sts-record-invalid",
        summary: "the MTA-STS record has no id",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_mta-sts TXT "v=STSv1;"
mta-sts A {web}
{sending}
"#,
        policy: Some(page("version: STSv1\nmode: enforce\nmx: mx1.sts-record-invalid.test\nmax_age: 2419200\n")),
        expect: &["sts-record-invalid"],
        notices: &["tlsrpt-missing"],
        ..PLAIN
    },
    DomainCase {
        name: "tlsrpt-invalid",
        summary: "the report address in the TLS-RPT record does not begin with mailto:",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
_smtp._tls TXT "v=TLSRPTv1; rua=tls@tlsrpt-invalid.test"
{sending}
"#,
        expect: &["tlsrpt-invalid"],
        ..PLAIN
    },
    DomainCase {
        name: "dns-servfail",
        summary: "the name server fails",
        zone: r#"!servfail @
"#,
        hosts: &[],
        expect: &["mx-lookup-failed"],
        notices: &["spf-lookup-failed"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "dns-tcp-closed",
        summary: "the TXT records require TCP, but the name server does not respond over TCP",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
!tcp @
{sending}
"#,
        expect: &["dns-answer-truncated"],
        notices: &["spf-lookup-failed"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "mx-alias-loop",
        summary: "the aliases of the MX host form a loop",
        zone: r#"@ MX 10 mail
mail CNAME mail2
mail2 CNAME mail
{sending}
"#,
        hosts: &[],
        expect: &["mx-alias-loop"],
        exit: 3,
        ..PLAIN
    },
    DomainCase {
        name: "mx-host-servfail",
        summary: "the lookup of the MX host's addresses fails",
        zone: r#"@ MX 10 mx1
mx1 A {mx1}
!servfail mx1
{sending}
"#,
        expect: &["mx-host-lookup-failed"],
        exit: 3,
        ..PLAIN
    },
];
