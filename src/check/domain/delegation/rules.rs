//! Rules for authoritative name servers.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static DELEGATION_LAME: Rule = Rule {
    id: "delegation-lame",
    severity: Severity::Warning,
    title: "a name server does not answer for the domain's zone",
    docs: Docs {
        sees: "A name server in the NS records of the zone responds with an error, is not authoritative for the zone, or does not respond although other servers do. If no server answers for the zone, the finding is an error.",
        matters: "Resolvers that query this server first are delayed, and lookups fail if the other servers are not available.",
        action: "DNS operator: load the zone on this server, or remove its NS record from the zone and at the registrar.",
        example: "ns3.example.net replies REFUSED for example.com",
        references: "RFC 1035 section 4.1.1 (AA and response codes), section 4.3.1 (queries and responses)",
    },
};

pub(super) static DELEGATION_SERVER_WITHOUT_ADDRESS: Rule = Rule {
    id: "delegation-server-without-address",
    severity: Severity::Warning,
    title: "a name server of the domain has no IP address",
    docs: Docs {
        sees: "The name in an NS record does not exist, or has neither an A nor an AAAA record.",
        matters: "Resolvers cannot use this server. If the domain in its name is no longer registered, an attacker could register it and answer for the zone.",
        action: "DNS operator: remove the NS record from the zone and at the registrar, or publish IP addresses for the name server.",
        example: "NS ns2.old-provider.example, which does not exist",
        references: "RFC 1035 section 3.3.11 (NS records)",
    },
};

pub(super) static DELEGATION_SERVER_ALIAS: Rule = Rule {
    id: "delegation-server-alias",
    severity: Severity::Warning,
    title: "the name of a name server is an alias",
    docs: Docs {
        sees: "The name in an NS record of the zone or of its parent zone is an alias (CNAME).",
        matters: "The name in an NS record must be that of the server itself. Some resolvers do not follow the alias, and do not use the server.",
        action: "DNS operator: in the NS records of the zone and at the registrar, use the target of the alias, or replace the CNAME record with A and AAAA records.",
        example: "NS ns1.example.com, which is an alias for dns.example.net",
        references: "RFC 2181 section 10.3 (the name in an NS record must not be an alias)",
    },
};

pub(super) static DELEGATION_PARENT_DIFFERS: Rule = Rule {
    id: "delegation-parent-differs",
    severity: Severity::Warning,
    title: "the parent zone and the zone itself list different name servers",
    docs: Docs {
        sees: "smtpcheck queried a name server of the parent zone for the delegation, and the zone's own name servers for the NS records. The two sets of names differ. IP addresses (glue) and letter case are not compared.",
        matters: "Resolvers get the first list of name servers from the parent zone, and may later use the list in the zone itself. They also query a server that only the parent zone lists, which may return old records or an error. They rarely query a server that only the zone lists.",
        action: "Domain owner: at the registrar, enter exactly the name servers that serve the zone. DNS operator: publish NS records for the same servers in the zone.",
        example: "the parent zone lists ns1.old-provider.example and ns1.example.net, but the zone lists only ns1.example.net",
        references: "RFC 1034 section 4.2.2 (the records on both sides of a delegation must be consistent), RFC 2181 section 5.4.1 (which NS records resolvers trust)",
    },
};

pub(super) static MX_DIFFERS_BETWEEN_SERVERS: Rule = Rule {
    id: "mx-differs-between-servers",
    severity: Severity::Error,
    title: "the authoritative name servers have different MX records",
    docs: Docs {
        sees: "smtpcheck queried each authoritative name server for the MX records of the domain, and their responses differ.",
        matters: "Which hosts receive the mail depends on the name server that the sender's resolver queries. Such faults are intermittent.",
        action: "DNS operator: fix the zone transfer to the name server whose records are different. If you use two DNS providers, publish the same records at both.",
        example: "ns1 has MX 10 mx1.example.com, and ns2 still has the records of the former provider",
        references: "RFC 1035 section 4.3.5 (zone transfers between name servers)",
    },
};

pub(super) static MX_CASE_DEPENDENT: Rule = Rule {
    id: "mx-case-dependent",
    severity: Severity::Error,
    title: "a name server returns different MX records if the name is in upper case",
    docs: Docs {
        sees: "smtpcheck queried each authoritative name server twice for the MX records of the domain: once with the name in lower case, and once in upper case. The two responses of at least one server differ.",
        matters: "DNS names are not case-sensitive. Some mail programs and resolvers send names in upper or mixed case. They find different MX records, or none, so mail is lost or goes to the domain's own IP address.",
        action: "DNS operator: update the name server's software, or move the zone to a server that ignores letter case.",
        example: "the MX record of example.com is mx.example.com, but EXAMPLE.COM has no MX record",
        references: "RFC 4343 section 3 (names are compared case-insensitively), RFC 1035 section 2.3.3",
    },
};

pub(super) static DELEGATION_RECORDS_DIFFER: Rule = Rule {
    id: "delegation-records-differ",
    severity: Severity::Warning,
    title: "the authoritative name servers have different TXT or TLSA records",
    docs: Docs {
        sees: "smtpcheck queried each authoritative name server for the TXT records of the domain (including SPF), the DMARC, MTA-STS, TLS-RPT and DKIM records, and the TLSA records of MX hosts in the same zone. The responses differ. If TLSA records differ, the finding is an error.",
        matters: "The result of SPF, DKIM, DMARC or DANE depends on the name server that the resolver of the sender or receiver queries. Such faults are intermittent.",
        action: "DNS operator: fix the zone transfer to the name server whose records are different. If you use two DNS providers, publish the same records at both.",
        example: "one of two DNS providers stores the quotation marks as part of the text",
        references: "RFC 1035 section 4.3.5 (zone transfers between name servers)",
    },
};

pub(super) static DELEGATION_SERIAL_DIFFERS: Rule = Rule {
    id: "delegation-serial-differs",
    severity: Severity::Notice,
    title: "the authoritative name servers have different versions of the zone",
    docs: Docs {
        sees: "The serial numbers in the SOA records of the name servers differ, but their MX and TXT records are the same.",
        matters: "Usually, a change has not reached all servers yet, or several DNS providers use their own serial numbers. If the difference persists and all servers belong to one provider, one of them may no longer receive updates of the zone, and will eventually stop answering for it.",
        action: "Repeat the check in a few minutes. DNS operator: if the difference persists and all servers belong to one provider, check the zone transfer.",
        example: "ns1 has serial 2026013102, and ns2 has 2026013101",
        references: "RFC 1035 section 3.3.13 (SOA records)",
    },
};

pub(super) static DELEGATION_RESOLVER_DIFFERS: Rule = Rule {
    id: "delegation-resolver-differs",
    severity: Severity::Notice,
    title: "the resolver and the authoritative name servers return different records",
    docs: Docs {
        sees: "All authoritative name servers have the same MX, TXT or TLSA records, or the same IP addresses of an MX host in the zone, but this machine's resolver returned different ones, or none.",
        matters: "The resolver may have cached an older response, or a local network may have its own records for the domain (split DNS). The results of this check apply to the records of the name servers if all of them have the same ones. Otherwise, they apply to the records that the resolver returned.",
        action: "If the records were changed recently, repeat the check later. To test the public records, use another resolver (--resolver).",
        example: "an internal DNS server with its own records for the domain",
        references: "RFC 1035 section 7.4 (resolver caches)",
    },
};

/// Every rule for authoritative name servers.
pub(super) static RULES: &[&Rule] = &[
    &DELEGATION_LAME,
    &DELEGATION_SERVER_WITHOUT_ADDRESS,
    &DELEGATION_SERVER_ALIAS,
    &DELEGATION_PARENT_DIFFERS,
    &MX_DIFFERS_BETWEEN_SERVERS,
    &MX_CASE_DEPENDENT,
    &DELEGATION_RECORDS_DIFFER,
    &DELEGATION_SERIAL_DIFFERS,
    &DELEGATION_RESOLVER_DIFFERS,
];
