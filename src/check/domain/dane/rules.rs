//! Rules for TLSA records.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static RULES: &[&Rule] = &[
    &DANE_LOOKUP_FAILS,
    &DANE_WITHOUT_STARTTLS,
    &DANE_TLS_FAILS,
    &DANE_MISMATCH,
    &DANE_STALE_DIGEST,
    &DANE_ANCHOR_NOT_SENT,
    &DANE_CERTIFICATE_INVALID,
    &DANE_UNUSABLE,
    &DANE_NOT_SIGNED,
    &DANE_BREAKS_AT_RENEWAL,
    &DANE_CA_KEY,
    &DANE_MX_NOT_SIGNED,
    &DANE_INCOMPLETE,
    &DANE_WRONG_NAME,
];

pub(super) static DANE_LOOKUP_FAILS: Rule = Rule {
    id: "dane-lookup-fails",
    severity: Severity::Error,
    title: "the TLSA records cannot be looked up",
    docs: Docs {
        sees: "The address records of an MX host are signed with DNSSEC, but the lookup of its TLSA records fails with SERVFAIL, a timeout, or a response whose signatures are invalid. If the host has no TLSA records, a signed response must prove that they do not exist. If only this machine's resolver fails, and the name servers answer, the finding is a notice. If a name server denies the name above TLSA records (_tcp), it is a warning.",
        matters: "Senders that use DANE must not deliver to a host whose TLSA records cannot be looked up, even if it has none. They try the next host. If there is no other host, the message stays in their queue.",
        action: "Operator of the host's DNS: fix the name servers. They must answer queries for the name in the finding and, if the name has no TLSA records, send signed proof of this. Sign the zone again, and update name servers that do not support TLSA.",
        example: "TLSA records of _25._tcp.mx1.example.com: SERVFAIL, while the IP addresses are signed and valid",
        references: "RFC 7672 section 2.1.2 (errors), RFC 7672 section 2.2.2 (lookup), RFC 8020 section 2 (NXDOMAIN)",
    },
};

pub(super) static DANE_WITHOUT_STARTTLS: Rule = Rule {
    id: "dane-without-starttls",
    severity: Severity::Error,
    title: "a host with TLSA records does not advertise STARTTLS",
    docs: Docs {
        sees: "An MX host has signed TLSA records, but on at least one of its IP addresses the server does not advertise STARTTLS.",
        matters: "TLSA records require TLS. Senders that use DANE do not deliver mail to a server that does not advertise STARTTLS, and do not fall back to an unencrypted connection.",
        action: "Server operator: configure a certificate, and advertise STARTTLS to every client on port 25, including clients that are greylisted. If the server cannot use TLS, remove the TLSA records.",
        example: "mx2.example.com has a 3 1 1 TLSA record, but its EHLO reply does not contain STARTTLS",
        references: "RFC 7672 section 2.2 (TLS is required), RFC 7672 section 3.1.3 (STARTTLS must not be advertised selectively)",
    },
};

pub(super) static DANE_TLS_FAILS: Rule = Rule {
    id: "dane-tls-fails",
    severity: Severity::Error,
    title: "a host with TLSA records fails to start TLS",
    docs: Docs {
        sees: "An MX host has signed TLSA records, and its server advertises STARTTLS. On at least one of its IP addresses, the server rejects the STARTTLS command, or the TLS handshake fails.",
        matters: "TLSA records require TLS. Senders that use DANE do not deliver mail to the server, and do not fall back to an unencrypted connection.",
        action: "Server operator: make the server start TLS 1.2 or later with every client. The findings about the session, such as tls-handshake-failed, contain the reason.",
        example: "454 4.7.0 TLS not available due to local problem, because the mail server cannot read its key",
        references: "RFC 7672 section 2.2 (TLS is required), RFC 8460 section 4.3 (result types)",
    },
};

pub(super) static DANE_MISMATCH: Rule = Rule {
    id: "dane-mismatch",
    severity: Severity::Error,
    title: "no TLSA record matches the certificate",
    docs: Docs {
        sees: "An MX host has usable TLSA records, but none of them matches the certificate that its server sends.",
        matters: "Senders that use DANE do not deliver mail to the server. If no other MX host works, the messages stay in their queues. Other senders are not affected.",
        action: "Operator of the host's DNS: publish the record that smtpcheck prints, wait two TTLs, and remove the old record. Server operator: keep the key when you renew the certificate, or publish the record for the next key before you use that key.",
        example: "the certificate was renewed with a new key, but the 3 1 1 TLSA record still matches the old key",
        references: "RFC 7672 section 2.2 (delivery), RFC 7671 section 8 (changes of keys and certificates)",
    },
};

pub(super) static DANE_STALE_DIGEST: Rule = Rule {
    id: "dane-stale-digest",
    severity: Severity::Error,
    title: "for some combinations of TLSA parameters, no record matches the certificate",
    docs: Docs {
        sees: "A TLSA record matches the certificate. For another published combination of usage, selector and matching type, however, no record matches. The finding is an error if the records that do not match have a stronger digest, because strict senders then ignore the record that matches. Otherwise, it is a warning.",
        matters: "Of the records with the same usage and selector, strict senders such as Postfix use only those with the strongest digest. If none of these matches, they do not deliver mail to the host. Other senders accept any record that matches. For each published combination, one record must match.",
        action: "Operator of the host's DNS: remove the records that do not match, or replace them with records for the current certificate.",
        example: "3 1 1 matches the current key, but 3 1 2 matches the previous key",
        references: "RFC 7671 section 8 (a match for each combination), RFC 7671 section 9 (strongest digest), RFC 7672 section 5",
    },
};

pub(super) static DANE_ANCHOR_NOT_SENT: Rule = Rule {
    id: "dane-anchor-not-sent",
    severity: Severity::Error,
    title: "the server does not send the CA certificate that a TLSA record matches",
    docs: Docs {
        sees: "The TLSA records have usage 2, but either the server does not send the CA certificate that they match, or its certificates do not chain to that CA certificate. The finding is a warning if the record contains the full certificate (2 0 0) or the full key (2 1 0), because some senders then use the record instead.",
        matters: "Senders that use DANE cannot compare the record with a certificate that they did not receive, so they do not deliver mail to the host. If a record matches a root certificate, the server must send that certificate as well.",
        action: "Server operator: send the complete chain, including the CA certificate that the record matches. Alternatively, the operator of the host's DNS can publish a 3 1 1 TLSA record, which needs only the server's certificate.",
        example: "2 1 1 for a root certificate, but the server sends only its own certificate and the intermediate certificate",
        references: "RFC 7672 section 3.1.2 (the certificate must be sent), RFC 7671 section 5.2",
    },
};

pub(super) static DANE_CERTIFICATE_INVALID: Rule = Rule {
    id: "dane-certificate-invalid",
    severity: Severity::Error,
    title: "the certificate has expired or does not match the host name, and TLSA usage 2 does not allow this",
    docs: Docs {
        sees: "A TLSA record with usage 2 matches a CA certificate in the chain, but the server's certificate does not contain the host's name, or a certificate in the chain has expired or is not valid yet.",
        matters: "With usage 2, senders that use DANE verify the dates and the name, so they do not deliver mail to the host. Only usage 3 ignores dates and names.",
        action: "Server operator: renew the certificate for the host's name. Alternatively, the operator of the host's DNS can publish a 3 1 1 TLSA record.",
        example: "2 0 1 matches the intermediate certificate, but the server's certificate expired yesterday",
        references: "RFC 7672 section 3.1.2, RFC 7672 section 3.2.2 (names), RFC 7671 section 5.2",
    },
};

pub(super) static DANE_UNUSABLE: Rule = Rule {
    id: "dane-unusable",
    severity: Severity::Warning,
    title: "some or all TLSA records are not usable for SMTP",
    docs: Docs {
        sees: "A TLSA record has usage 0 or 1, an unknown usage, selector or matching type, or data of the wrong length. The finding is a notice if another record is usable.",
        matters: "Senders ignore such records. If no record is usable, they require TLS, but do not authenticate the server.",
        action: "Operator of the host's DNS: replace the records with the one that smtpcheck prints.",
        example: "1 1 1 copied from a web server: SMTP uses only usages 2 and 3",
        references: "RFC 7672 section 3.1.3 (usages 0 and 1), RFC 7672 section 2.2 (unusable records), RFC 7671 section 4.1",
    },
};

pub(super) static DANE_NOT_SIGNED: Rule = Rule {
    id: "dane-not-signed",
    severity: Severity::Warning,
    title: "the TLSA records are not signed, so they have no effect",
    docs: Docs {
        sees: "An MX host has TLSA records, but they are in a zone that is not signed with DNSSEC.",
        matters: "Senders ignore TLSA records without valid signatures, so the records do not protect mail.",
        action: "DNS operator: sign the zone that contains the TLSA records, and publish its DS record in the parent zone.",
        example: "_25._tcp.mx1.example.com is an alias for a name in a zone without DNSSEC",
        references: "RFC 7672 section 2.1.1 (DNSSEC states), RFC 7671 section 4",
    },
};

pub(super) static DANE_BREAKS_AT_RENEWAL: Rule = Rule {
    id: "dane-breaks-at-renewal",
    severity: Severity::Warning,
    title: "the TLSA record will not match the next certificate",
    docs: Docs {
        sees: "The only TLSA records that match have the form 3 0 x, so they match the full certificate, not only its key. If the only TLSA records that match have the form 2 0 x and match an intermediate CA, the finding is a notice.",
        matters: "A renewed certificate is different even if it has the same key. After the next renewal, senders that use DANE do not deliver mail to the host, unless the record is replaced in time. With 2 0 x, this happens when the CA uses another intermediate CA.",
        action: "Operator of the host's DNS: publish the 3 1 1 TLSA record that smtpcheck prints. Server operator: keep the key when you renew the certificate.",
        example: "3 0 1 with a certificate that is renewed every 60 days",
        references: "RFC 7671 section 8 (changes), RFC 7672 section 3.1 (3 1 1 is recommended)",
    },
};

pub(super) static DANE_CA_KEY: Rule = Rule {
    id: "dane-ca-key",
    severity: Severity::Notice,
    title: "a TLSA record matches only the key of a CA, not its certificate",
    docs: Docs {
        sees: "A TLSA record of the form 2 1 x matches the key of a CA certificate that the server sends.",
        matters: "The certificate of a CA can limit the length of the chain and the names in certificates. Senders that know only the CA's key may not apply these limits, so selector 0 is preferred for usage 2.",
        action: "Operator of the host's DNS: publish the 3 1 1 record for the server's key, or the 2 0 1 record for the certificate of the CA, and then remove the 2 1 x record. smtpcheck prints both records.",
        example: "2 1 1 for the key of an intermediate CA",
        references: "RFC 7672 section 3.1.2 (selector 0 is preferred for usage 2), RFC 5280 section 4.2.1.9 (path length) and section 4.2.1.10 (name constraints)",
    },
};

pub(super) static DANE_MX_NOT_SIGNED: Rule = Rule {
    id: "dane-mx-not-signed",
    severity: Severity::Notice,
    title: "the MX records are not signed, but MX hosts have TLSA records",
    docs: Docs {
        sees: "At least one MX host has signed TLSA records, but the MX records of the domain are not signed.",
        matters: "An attacker can replace the MX records and redirect mail to another host. Some senders still use the TLSA records of the host; others do not.",
        action: "Operator of the domain's DNS: sign the zone with DNSSEC, and publish its DS record at the registrar.",
        example: "the domain is not signed, but its mail provider's hosts have TLSA records",
        references: "RFC 7672 section 2.2.1 (MX resolution)",
    },
};

pub(super) static DANE_INCOMPLETE: Rule = Rule {
    id: "dane-incomplete",
    severity: Severity::Notice,
    title: "only some MX hosts have TLSA records",
    docs: Docs {
        sees: "At least one MX host has signed TLSA records, and at least one other has none.",
        matters: "An attacker who blocks the hosts with TLSA records can force senders to use the others, whose certificates are not verified.",
        action: "Operators of the hosts without TLSA records: publish, in a signed zone, the record that smtpcheck prints for each host.",
        example: "mx1.example.com has a 3 1 1 TLSA record, but the backup host has none",
        references: "RFC 7672 section 2.2 (each host separately), RFC 7672 section 8",
    },
};

pub(super) static DANE_WRONG_NAME: Rule = Rule {
    id: "dane-wrong-name",
    severity: Severity::Warning,
    title: "there are TLSA records at the domain instead of at the MX hosts",
    docs: Docs {
        sees: "The domain has signed TLSA records below its own name (_25._tcp), but it is not one of its MX hosts, and no MX host has signed TLSA records.",
        matters: "Senders look up TLSA records only at the names of the MX hosts, so these records have no effect.",
        action: "DNS operator: publish the TLSA records at the names of the MX hosts, and delete those at the domain.",
        example: "_25._tcp.example.com has a TLSA record, but the MX host is mx1.example.com",
        references: "RFC 7672 section 2.2.1 (names of TLSA records), RFC 6698 section 3 (port and protocol)",
    },
};
