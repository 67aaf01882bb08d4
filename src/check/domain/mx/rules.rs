//! Rules for MX records. Read [`super::judge`] for the conditions.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static MX_DOMAIN_NOT_FOUND: Rule = Rule {
    id: "mx-domain-not-found",
    severity: Severity::Error,
    title: "the domain does not exist",
    docs: Docs {
        sees: "The DNS response states that the domain does not exist (NXDOMAIN).",
        matters: "Senders return mail for this domain immediately. Nothing else can be tested.",
        action: "Compare the name with the email address, letter by letter. Domain owner: check whether the registration has expired, and whether the parent zone delegates the domain to your name servers.",
        example: "smtpcheck domain exmaple.com",
        references: "RFC 5321 section 5.1 (a domain that does not exist is a permanent failure), RFC 2308 section 2.1 (NXDOMAIN)",
    },
};

pub(super) static MX_LOOKUP_FAILED: Rule = Rule {
    id: "mx-lookup-failed",
    severity: Severity::Error,
    title: "the MX records could not be looked up",
    docs: Docs {
        sees: "The DNS server responded to the query for MX records with an error such as SERVFAIL or REFUSED, or with an invalid response. The same finding appears if the resolver redirects the domain: it returns an alias or no SOA record, although the parent zone delegates the domain, and no name server of the domain answers.",
        matters: "The domain's mail service was not tested. Senders whose resolvers have the same problem keep the message in their queue and retry for several days.",
        action: "Repeat the check with another resolver (--resolver). If the error persists, the domain owner must check the domain's name servers. If it disappears, the fault is in your resolver.",
        example: "SERVFAIL, because the name servers of the domain do not respond to the resolver",
        references: "RFC 1035 section 4.1.1 (response codes), RFC 5321 section 5.1 (a temporary lookup error does not mean that the record is missing)",
    },
};

pub(super) static MX_LOOKUP_UNANSWERED: Rule = Rule {
    id: "mx-lookup-unanswered",
    severity: Severity::Error,
    title: "the query for the MX records got no response",
    docs: Docs {
        sees: "The query for MX records received no response: the DNS server did not respond within the time limit or cannot be reached, or no DNS server is configured on this machine.",
        matters: "The domain was not tested. This does not mean that the domain has a fault: the cause may be on this machine, in its resolver, or in the name servers of the domain.",
        action: "Look up another name. If that lookup also fails, fix this machine's DNS settings (/etc/resolv.conf, VPN, firewall on port 53), or use another resolver (--resolver). If only this name fails, the domain owner must check the domain's name servers.",
        example: "a container without DNS; name servers that drop packets",
        references: "RFC 1035 section 7.2 (resolver timeouts)",
    },
};

pub(super) static MX_MISSING: Rule = Rule {
    id: "mx-missing",
    severity: Severity::Error,
    title: "the domain has neither MX records nor an IP address",
    docs: Docs {
        sees: "The domain exists, but has no MX record and no A or AAAA record.",
        matters: "Mail for this domain cannot be delivered. Senders return it immediately.",
        action: "Domain owner: publish an MX record that names the mail server, or a null MX (`MX 0 .`) if the domain receives no mail.",
        example: "a domain that has only TXT records",
        references: "RFC 5321 section 5.1 (locating the target host), RFC 7505 section 3 (null MX)",
    },
};

pub(super) static MX_NULL: Rule = Rule {
    id: "mx-null",
    severity: Severity::Notice,
    title: "the domain declares that it receives no mail",
    docs: Docs {
        sees: "The only MX record of the domain is a null MX: preference 0 and the host `.`. If the check is about an email address in the domain, the finding is an error. If the check is about an email address in the domain, the finding is an error.",
        matters: "Senders return mail for this domain immediately, without connecting to any server. This is the recommended setting for a domain that receives no mail.",
        action: "No action is required if this is intended. If the domain should receive mail, replace the record with an MX record that names the mail server.",
        example: "example.com. MX 0 .",
        references: "RFC 7505 section 3 (null MX), RFC 7505 section 4.1 (mail to such a domain)",
    },
};

pub(super) static MX_NULL_INVALID: Rule = Rule {
    id: "mx-null-invalid",
    severity: Severity::Error,
    title: "a null MX record is not valid",
    docs: Docs {
        sees: "An MX record has the host `.` (null MX), but the domain also has other MX records, or the preference is not 0. If the null MX is the only MX record, the finding is a warning.",
        matters: "A null MX must be the only MX record, with preference 0. Otherwise, the result depends on the sending server: some servers return the message, and others use the remaining hosts or try to look up the root domain.",
        action: "Domain owner: if the domain receives mail, delete the record with the host `.`. If it receives no mail, keep only `MX 0 .`.",
        example: "MX 0 . and MX 10 mx1.example.com at the same domain",
        references: "RFC 7505 section 3 (a domain with a null MX must not have other MX records)",
    },
};

pub(super) static MX_IMPLICIT: Rule = Rule {
    id: "mx-implicit",
    severity: Severity::Notice,
    title: "the domain has no MX record, so its own IP addresses are used",
    docs: Docs {
        sees: "The domain has no MX record, but has an A or AAAA record.",
        matters: "Senders deliver mail to the domain's own IP addresses (implicit MX), which often belong to a web server. If no mail server responds there, they retry for several days before they return the message.",
        action: "Domain owner: publish an MX record that names the mail server. If the domain receives no mail, publish a null MX (`MX 0 .`), which makes senders return mail immediately.",
        example: "example.com has the IP address of a web server and no MX record",
        references: "RFC 5321 section 5.1 (implicit MX), RFC 7505 section 1 (why a null MX is better)",
    },
};

pub(super) static MX_NONE_USABLE: Rule = Rule {
    id: "mx-none-usable",
    severity: Severity::Error,
    title: "no MX host has a usable IP address",
    docs: Docs {
        sees: "The domain has MX records, but none of their hosts has an IP address, or all have reserved names such as localhost.",
        matters: "Mail for this domain cannot be delivered. Because the domain has MX records, senders must not use the domain's own IP addresses.",
        action: "Domain owner: point the MX record to a host name that has an A or AAAA record. If the domain receives no mail, publish a null MX (MX 0 .) instead.",
        example: "MX 10 mail.example.com, where mail.example.com does not exist",
        references: "RFC 5321 section 5.1 (it is an error if MX records are present but none is usable), RFC 6761 section 6 (reserved names), RFC 7505 section 3 (null MX)",
    },
};

pub(super) static MX_IS_ADDRESS: Rule = Rule {
    id: "mx-is-address",
    severity: Severity::Error,
    title: "an MX record contains an IP address instead of a host name",
    docs: Docs {
        sees: "The host in an MX record is an IP address.",
        matters: "An MX record must contain a host name. Senders look up the IP address as a host name. That name does not exist, so they cannot use the host.",
        action: "Domain owner: create a host name with this IP address, and use it in the MX record.",
        example: "example.com. MX 10 192.0.2.1.",
        references: "RFC 5321 section 5.1 (an MX record contains a domain name), RFC 1035 section 3.3.9 (format of MX records)",
    },
};

pub(super) static MX_IS_ALIAS: Rule = Rule {
    id: "mx-is-alias",
    severity: Severity::Warning,
    title: "the host in an MX record is an alias (CNAME)",
    docs: Docs {
        sees: "The host name in an MX record has a CNAME record.",
        matters: "The standard does not allow this. Most senders follow the alias, but some do not deliver mail to it. The alias also changes the name under which senders that use DANE look up TLSA records.",
        action: "Domain owner: give the MX host its own A and AAAA records, or name the target of the alias in the MX record.",
        example: "MX 10 mail.example.com, and mail.example.com. CNAME host.example.net.",
        references: "RFC 5321 section 5.1 (the MX host must have address records), RFC 7672 section 2.2.2 (names for TLSA records)",
    },
};

pub(super) static MX_ALIAS_LOOP: Rule = Rule {
    id: "mx-alias-loop",
    severity: Severity::Error,
    title: "the CNAME records of a name form a loop",
    docs: Docs {
        sees: "The CNAME records of the domain or of an MX host form a loop, or a chain that is too long for resolvers.",
        matters: "The name has no IP address, so senders cannot deliver mail to it.",
        action: "Domain owner: replace the CNAME records of this name with A and AAAA records.",
        example: "a.example.com. CNAME b.example.com. and b.example.com. CNAME a.example.com.",
        references: "RFC 1035 section 3.6.2 (CNAME records)",
    },
};

pub(super) static MX_HOST_MISSING: Rule = Rule {
    id: "mx-host-missing",
    severity: Severity::Warning,
    title: "an MX host does not exist or has no IP address",
    docs: Docs {
        sees: "The host name in an MX record does not exist (NXDOMAIN), has neither an A nor an AAAA record, or is a reserved name such as localhost. If no MX host has an IP address, smtpcheck reports mx-none-usable instead.",
        matters: "Senders skip this host. If the other hosts are not available, mail is delayed. If the name is in a domain that is not registered, an attacker could register it and receive the mail.",
        action: "Domain owner: remove the MX record, or publish A and AAAA records for the host.",
        example: "MX 20 old-backup.example.com after the server was shut down",
        references: "RFC 5321 section 5.1 (locating the target host)",
    },
};

pub(super) static MX_HOST_LOOKUP_FAILED: Rule = Rule {
    id: "mx-host-lookup-failed",
    severity: Severity::Warning,
    title: "the IP addresses of an MX host could not be looked up",
    docs: Docs {
        sees: "The A or AAAA records of an MX host could not be looked up because of SERVFAIL, a timeout or another error. The finding is an error if no IP address of any MX host is known. It is a notice if the name servers of the zone return the addresses.",
        matters: "It is not known whether the host has IP addresses, so it was not fully tested. Senders whose resolvers have the same problem skip the host or retry later.",
        action: "Repeat the check with another resolver (--resolver). If the failure persists, the operator of the host's DNS zone must check the name servers.",
        example: "mx1.example.net: SERVFAIL",
        references: "RFC 5321 section 5.1 (a temporary lookup error does not mean that the record is missing), RFC 1035 section 4.1.1 (response codes)",
    },
};

pub(super) static MX_ADDRESS_NOT_PUBLIC: Rule = Rule {
    id: "mx-address-not-public",
    severity: Severity::Error,
    title: "an MX host has an IP address that is not public",
    docs: Docs {
        sees: "An IP address of an MX host is a private, loopback, link-local, documentation or other special address. The finding is a warning if every IP address of every MX host is private, because the domain may be used only in a private network. It is a notice if the check uses a port other than 25, a DNS server on this machine, or IP addresses from --resolve. Loopback addresses are not reported if the check uses a port other than 25, or a DNS server on this machine with a port other than 53. In these cases, they belong to test servers.",
        matters: "On the internet, this IP address leads to no server, or to a different one. A sender may even connect to itself.",
        action: "Domain owner: publish the public IP address of the mail server, or remove the record.",
        example: "mail.example.com. A 192.168.1.10",
        references: "RFC 5321 section 5.1 (locating the target host), RFC 6761 (special names)",
    },
};

pub(super) static MX_DUPLICATE: Rule = Rule {
    id: "mx-duplicate",
    severity: Severity::Notice,
    title: "several MX records refer to the same server",
    docs: Docs {
        sees: "Two MX records name the same host, or two MX hosts share an IP address.",
        matters: "The second record does not add a server, so it does not help when the server is unavailable.",
        action: "Domain owner: unless the duplication is intended, remove the superfluous record.",
        example: "MX 10 mx.example.com and MX 20 mx2.example.com with the same A record",
        references: "RFC 5321 section 5.1 (several MX records)",
    },
};

pub(super) static MX_NO_IPV4: Rule = Rule {
    id: "mx-no-ipv4",
    severity: Severity::Warning,
    title: "no MX host has an IPv4 address",
    docs: Docs {
        sees: "The MX hosts have AAAA records, but none has an A record.",
        matters: "Many senders have no IPv6 connection, so they cannot deliver mail to this domain.",
        action: "Domain owner: publish an A record for at least one MX host.",
        example: "MX 10 mx.example.com with only AAAA 2001:db8::1",
        references: "RFC 5321 section 5.2 (IPv6 and MX records)",
    },
};

pub(super) static MX_NO_IPV6: Rule = Rule {
    id: "mx-no-ipv6",
    severity: Severity::Notice,
    title: "no MX host has an IPv6 address",
    docs: Docs {
        sees: "No MX host has an AAAA record.",
        matters: "Senders use IPv4. Senders without IPv4, which are rare, cannot deliver mail to this domain.",
        action: "No action is required. To make the domain reachable over IPv6 as well, publish an AAAA record for an MX host.",
        example: "MX 10 mx.example.com with only A 192.0.2.1",
        references: "RFC 5321 section 5.2 (IPv6 and MX records)",
    },
};

pub(super) static MX_MANY: Rule = Rule {
    id: "mx-many",
    severity: Severity::Notice,
    title: "the domain has more MX hosts or IP addresses than smtpcheck tests",
    docs: Docs {
        sees: "The domain has more than 20 MX hosts, or they have more than 24 IP addresses in total. smtpcheck tests only as many as these limits allow.",
        matters: "If there are many hosts, senders try only some of them. A DNS response with so many records may not fit into one UDP packet. The hosts and IP addresses that were not tested may also have faults.",
        action: "Domain owner: use fewer MX hosts and IP addresses. A few are enough even for a large mail service.",
        example: "a domain with 300 MX records",
        references: "RFC 5321 section 5.1 (a client may limit the number of IP addresses that it tries)",
    },
};

pub(super) static MX_DOMAIN_ALIAS: Rule = Rule {
    id: "mx-domain-alias",
    severity: Severity::Notice,
    title: "the domain is an alias (CNAME)",
    docs: Docs {
        sees: "The domain has a CNAME record. If it also has an MX record, the finding is an error. It is a warning if only the responses to queries for IP addresses contain the CNAME record.",
        matters: "All records of an alias, including MX and SPF records, come from its target. A name with a CNAME record must not have other records. If it does, some resolvers return only the CNAME record, so some senders do not find the MX records.",
        action: "Domain owner: replace the CNAME record with A and AAAA records, and publish MX records at the domain itself.",
        example: "example.com. CNAME example.net. and example.com. MX 10 mx.example.com.",
        references: "RFC 1035 section 3.6.2 (a CNAME record excludes other records), RFC 5321 section 5.1 (aliases of domains)",
    },
};

pub(super) static MX_NAME_NOT_VALID: Rule = Rule {
    id: "mx-name-not-valid",
    severity: Severity::Warning,
    title: "the name of the domain or of an MX host is not valid for mail",
    docs: Docs {
        sees: "The domain has only one label, or the domain or an MX host contains a character that a host name must not contain, such as an underscore or a non-ASCII character.",
        matters: "The domain of an email address must be a fully qualified name, and the labels of a domain or host name must consist of letters, digits and hyphens. Some senders and mail programs reject other names.",
        action: "Domain owner: use a name with at least two labels, which contain only letters, digits and hyphens.",
        example: "MX 10 mail_server.example.com",
        references: "RFC 5321 section 2.3.5 (domain names), section 4.1.2 (syntax of domains)",
    },
};

pub(in crate::check::domain) static DNS_ANSWER_TRUNCATED: Rule = Rule {
    id: "dns-answer-truncated",
    severity: Severity::Error,
    title: "a DNS response needs TCP, but the name server does not respond over TCP",
    docs: Docs {
        sees: "The response of an authoritative name server or of the resolver does not fit into a UDP packet, and the server does not respond on TCP port 53.",
        matters: "Resolvers cannot get these records from the server. Lookups of the MX or SPF records fail or time out for some senders and receivers.",
        action: "Operator of the DNS server that the finding names: open TCP port 53 in the firewall. Remove TXT records that are no longer needed.",
        example: "a domain with 60 TXT records, and a firewall that allows only UDP on port 53",
        references: "RFC 7766 section 5 (name servers must support TCP), RFC 1035 section 4.2 (transport)",
    },
};

/// Every rule for MX records.
pub(super) static RULES: &[&Rule] = &[
    &MX_DOMAIN_NOT_FOUND,
    &MX_LOOKUP_FAILED,
    &MX_LOOKUP_UNANSWERED,
    &MX_MISSING,
    &MX_NULL,
    &MX_NULL_INVALID,
    &MX_IMPLICIT,
    &MX_NONE_USABLE,
    &MX_IS_ADDRESS,
    &MX_IS_ALIAS,
    &MX_ALIAS_LOOP,
    &MX_HOST_MISSING,
    &MX_HOST_LOOKUP_FAILED,
    &MX_ADDRESS_NOT_PUBLIC,
    &MX_DUPLICATE,
    &MX_NO_IPV4,
    &MX_NO_IPV6,
    &MX_MANY,
    &MX_DOMAIN_ALIAS,
    &MX_NAME_NOT_VALID,
    &DNS_ANSWER_TRUNCATED,
];
