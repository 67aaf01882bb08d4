//! Rules for SPF records.

use crate::check::finding::{Docs, Rule, Severity};

/// All rules in this module.
pub(super) static RULES: &[&Rule] = &[
    &MISSING,
    &IGNORED,
    &TWO_RECORDS,
    &SYNTAX,
    &STRINGS,
    &TOO_MANY_LOOKUPS,
    &VOID_LOOKUPS,
    &MX_HOSTS,
    &INCLUDE_BROKEN,
    &INCLUDE_FAILED,
    &LOOKUP_FAILED,
    &ALLOWS_EVERYONE,
    &NETWORK_WIDE,
    &NO_ALL,
    &UNUSED_TERMS,
    &PTR_USED,
    &IGNORED_MODIFIER,
    &EXP_IGNORED,
    &FORMER_TYPE,
    &ALIAS,
    &LONG,
    &SENDING_NOT_COVERED,
    &HELO,
    &NULL_MX_SENDS,
];

pub(super) static MISSING: Rule = Rule {
    id: "spf-missing",
    severity: Severity::Warning,
    title: "the domain has no SPF record",
    docs: Docs {
        sees: "The domain has no TXT record that begins with v=spf1. The finding is a notice if the domain declares that it receives no mail (null MX).",
        matters: "Receivers cannot tell which servers send mail for the domain. Large receivers reject or filter mail from domains without SPF and DKIM. SPF records of a parent domain do not apply to subdomains.",
        action: "Domain owner: publish one TXT record that lists the sending servers and ends with ~all or -all. If the domain sends no mail, publish v=spf1 -all.",
        example: "example.com. IN TXT \"v=spf1 mx -all\"",
        references: "RFC 7208 section 4.5 (selection of records), section 2.6.1 (none)",
    },
};

pub(super) static IGNORED: Rule = Rule {
    id: "spf-ignored-record",
    severity: Severity::Error,
    title: "a record that was intended as an SPF record is ignored",
    docs: Docs {
        sees: "A TXT record of the domain looks like an SPF record, but does not begin with exactly v=spf1 and a space: it has a leading space, quotation marks, a semicolon or another version, or it is a piece of a record that was split into several records. The finding is a warning if the domain also has a valid SPF record.",
        matters: "Receivers behave as if the domain had no SPF record, or use only a part of the intended record.",
        action: "Domain owner: publish one TXT record that begins with v=spf1 and a space. A record of more than 255 characters must be split into several strings in one TXT record.",
        example: "v=spf1; mx -all",
        references: "RFC 7208 section 4.5 (selection of records), section 3.3 (several strings)",
    },
};

pub(super) static TWO_RECORDS: Rule = Rule {
    id: "spf-two-records",
    severity: Severity::Error,
    title: "the domain has several SPF records",
    docs: Docs {
        sees: "The domain has more than one TXT record that begins with v=spf1.",
        matters: "Receivers treat this as a permanent error (permerror), whatever the records contain. Some receivers use one of the records at random.",
        action: "Domain owner: merge the records into one, and delete the others.",
        example: "v=spf1 mx -all and v=spf1 include:_spf.example.net -all",
        references: "RFC 7208 section 3.2 and section 4.5 (multiple records)",
    },
};

pub(super) static SYNTAX: Rule = Rule {
    id: "spf-syntax",
    severity: Severity::Error,
    title: "the SPF record contains a syntax error",
    docs: Docs {
        sees: "A term in the SPF record does not follow the grammar.",
        matters: "A single invalid term makes the entire record invalid (permerror) for every sender, even if an earlier term matches. Receivers then treat mail from the domain as not authenticated, and some reject it.",
        action: "Domain owner: replace the invalid term as shown in the finding.",
        example: "v=spf1 ip4:192.0.2.1~all: the space before ~all is missing",
        references: "RFC 7208 section 4.6 (record evaluation), section 12 (grammar)",
    },
};

pub(super) static STRINGS: Rule = Rule {
    id: "spf-strings-joined",
    severity: Severity::Error,
    title: "the strings of the SPF record are joined without a space",
    docs: Docs {
        sees: "The SPF record consists of several strings. One of them ends with a term, and the next begins with another term, without a space between them.",
        matters: "Receivers join the strings without adding a space, so two terms become one. The joined term is invalid, or refers to a name that does not exist.",
        action: "Domain owner: insert a space before the closing quotation mark of the string.",
        example: "\"v=spf1 include:a.example\" \"include:b.example -all\"",
        references: "RFC 7208 section 3.3 (multiple strings)",
    },
};

pub(super) static TOO_MANY_LOOKUPS: Rule = Rule {
    id: "spf-too-many-lookups",
    severity: Severity::Error,
    title: "the SPF record needs too many DNS lookups",
    docs: Docs {
        sees: "smtpcheck counts all terms that need DNS lookups (include, a, mx, ptr, exists, redirect), in the record and in included records. The finding is a warning at 9 or 10 lookups, and an error at more than 10.",
        matters: "Receivers stop at the eleventh of these terms with a permanent error (permerror). IP addresses that match an earlier term still pass. Mail from all other IP addresses is not authenticated. A provider can add terms to an included record at any time.",
        action: "Domain owner: remove providers that are no longer used, replace a and mx with ip4 and ip6, and use a subdomain with its own SPF record for each bulk mail provider.",
        example: "a record with six includes, two of which include four more records each",
        references: "RFC 7208 section 4.6.4 (DNS lookup limits)",
    },
};

pub(super) static VOID_LOOKUPS: Rule = Rule {
    id: "spf-void-lookups",
    severity: Severity::Warning,
    title: "the SPF record refers to too many names without records",
    docs: Docs {
        sees: "More than two terms in the record refer to names that do not exist or have no records of the required type.",
        matters: "Receivers that apply the recommended limit stop at the third such term with a permanent error (permerror). Others continue, so the result differs between receivers.",
        action: "Domain owner: remove the listed terms, or create the records that they refer to.",
        example: "v=spf1 a:old1.example.com a:old2.example.com a:old3.example.com -all",
        references: "RFC 7208 section 4.6.4 (void lookups; the limit of two is a SHOULD)",
    },
};

pub(super) static MX_HOSTS: Rule = Rule {
    id: "spf-mx-hosts",
    severity: Severity::Error,
    title: "an mx term of the SPF record refers to more than ten hosts",
    docs: Docs {
        sees: "An mx mechanism refers to a domain with more than ten MX records.",
        matters: "Receivers that evaluate this term stop with a permanent error (permerror).",
        action: "Domain owner: replace the mx mechanism with ip4 and ip6 terms for the networks of the hosts.",
        example: "v=spf1 mx:example.net -all, where example.net has 12 MX records",
        references: "RFC 7208 section 4.6.4 (DNS lookup limits)",
    },
};

pub(super) static INCLUDE_BROKEN: Rule = Rule {
    id: "spf-include-broken",
    severity: Severity::Error,
    title: "an included SPF record is missing or invalid",
    docs: Docs {
        sees: "An include or redirect, in the record itself or in an included record, refers to a name that does not exist. The rule also applies if the name has no SPF record, more than one, or an invalid one, or if the included records form a loop.",
        matters: "The evaluation ends with a permanent error (permerror) when a receiver reaches this term. Only IP addresses that match an earlier term pass.",
        action: "Domain owner: correct or remove the term. If the included record belongs to a provider, ask the provider for the current name.",
        example: "v=spf1 include:_spf.old-provider.example -all",
        references: "RFC 7208 section 5.2 (include), section 6.1 (redirect)",
    },
};

pub(super) static INCLUDE_FAILED: Rule = Rule {
    id: "spf-include-failed",
    severity: Severity::Warning,
    title: "an included SPF record could not be looked up",
    docs: Docs {
        sees: "The DNS lookup of an included record, or of a name in a term, failed: SERVFAIL, another failure code, or no response.",
        matters: "Receivers whose lookups also fail get a temporary error (temperror) and may defer the mail. This is not proof that the record does not exist.",
        action: "Repeat the check later or with another resolver (--resolver). If the failure persists, the operator of the DNS zone that contains the name must fix the name servers.",
        example: "include:_spf.example.net, whose name servers respond with SERVFAIL",
        references: "RFC 7208 section 5 (DNS errors), section 2.6.6 (temperror)",
    },
};

pub(super) static LOOKUP_FAILED: Rule = Rule {
    id: "spf-lookup-failed",
    severity: Severity::Warning,
    title: "the SPF record could not be looked up",
    docs: Docs {
        sees: "The lookup of the TXT records of the domain failed: SERVFAIL, another failure code, or no response. The finding is a notice if this machine's resolver did not respond.",
        matters: "The SPF record could not be tested. Receivers whose lookups also fail get a temporary error (temperror) and may defer the mail.",
        action: "Repeat the check with another resolver (--resolver). If the failure persists, the domain owner must fix the domain's name servers.",
        example: "a domain whose DNSSEC signatures have expired",
        references: "RFC 7208 section 4.4 (record lookup)",
    },
};

pub(super) static ALLOWS_EVERYONE: Rule = Rule {
    id: "spf-allows-everyone",
    severity: Severity::Error,
    title: "the SPF record allows every host to send",
    docs: Docs {
        sees: "The record, or an included record, contains +all, a network with prefix length 0, or both halves of the IPv4 address space.",
        matters: "Every host on the internet passes SPF for the domain, so anyone can send authenticated mail in its name. Spam filters treat such records as suspicious.",
        action: "Domain owner: list the sending hosts, and end the record with ~all or -all.",
        example: "v=spf1 +all",
        references: "RFC 7208 section 5.1 (all), section 11.1",
    },
};

pub(super) static NETWORK_WIDE: Rule = Rule {
    id: "spf-network-wide",
    severity: Severity::Warning,
    title: "the SPF record allows a very large network",
    docs: Docs {
        sees: "The domain's SPF record allows a public IPv4 network with prefix length 1 to 8, or an IPv6 network with prefix length 1 to 16.",
        matters: "Such a network belongs to many organizations. Each host in it passes SPF for the domain, so many people can send authenticated mail in its name. Spam filters treat such records as suspicious.",
        action: "Domain owner: replace the network with the addresses or networks of the hosts that send mail.",
        example: "v=spf1 ip4:198.0.0.0/7 -all",
        references: "RFC 7208 section 5.6 (ip4 and ip6), section 11.1",
    },
};

pub(super) static NO_ALL: Rule = Rule {
    id: "spf-no-all",
    severity: Severity::Warning,
    title: "the SPF record defines no result for other hosts",
    docs: Docs {
        sees: "The record has neither all nor redirect, or ends with ?all.",
        matters: "For hosts that are not listed, the result is neutral, which receivers must treat as if there were no record. The record does not protect against forged mail.",
        action: "Domain owner: end the record with ~all or -all.",
        example: "v=spf1 include:_spf.example.net: the -all in the included record does not apply to this record",
        references: "RFC 7208 section 4.7 (default result), section 8.2 (neutral)",
    },
};

pub(super) static UNUSED_TERMS: Rule = Rule {
    id: "spf-unused-terms",
    severity: Severity::Warning,
    title: "some terms of the SPF record are never evaluated",
    docs: Docs {
        sees: "The record contains terms after the all mechanism, or contains both redirect= and the all mechanism.",
        matters: "The all mechanism always matches, so receivers evaluate nothing after it and ignore redirect. Hosts that are listed only in ignored terms do not pass.",
        action: "Domain owner: move the all mechanism (such as -all) to the end of the record, or remove the terms that have no effect.",
        example: "v=spf1 mx -all include:_spf.example.net",
        references: "RFC 7208 section 5.1 (all), section 6.1 (redirect)",
    },
};

pub(super) static PTR_USED: Rule = Rule {
    id: "spf-ptr-used",
    severity: Severity::Warning,
    title: "the SPF record uses the ptr mechanism or the p macro",
    docs: Docs {
        sees: "The domain's SPF record contains the ptr mechanism, or the macro %{p}, which needs the same lookups.",
        matters: "Both are slow and unreliable, and should not be published. Large receivers ignore ptr, so the hosts that it should allow do not pass.",
        action: "Domain owner: replace ptr with ip4, ip6, a or include.",
        example: "v=spf1 ptr -all",
        references: "RFC 7208 section 5.5 (ptr should not be published), section 7.2 (the p macro)",
    },
};

pub(super) static IGNORED_MODIFIER: Rule = Rule {
    id: "spf-ignored-modifier",
    severity: Severity::Warning,
    title: "a term of the SPF record is ignored because it is written with =",
    docs: Docs {
        sees: "The record contains the name of a mechanism followed by = instead of a colon, for example include=.",
        matters: "According to the grammar, this term is an unknown modifier. Most receivers ignore it, so the hosts that it should allow do not pass. Some receivers treat it as an error.",
        action: "Domain owner: replace = with a colon.",
        example: "v=spf1 include=_spf.example.net -all",
        references: "RFC 7208 section 6 (unknown modifiers must be ignored)",
    },
};

pub(super) static EXP_IGNORED: Rule = Rule {
    id: "spf-exp-ignored",
    severity: Severity::Notice,
    title: "the explanation of the SPF record is ignored",
    docs: Docs {
        sees: "The name in exp= has no TXT record or several TXT records, or its TXT record has a syntax error.",
        matters: "Receivers ignore the explanation. The SPF result does not change.",
        action: "Domain owner: publish one TXT record with the explanation, or remove exp=.",
        example: "v=spf1 mx -all exp=explain.example.com, where the name does not exist",
        references: "RFC 7208 section 6.2 (exp)",
    },
};

pub(super) static FORMER_TYPE: Rule = Rule {
    id: "spf-former-type",
    severity: Severity::Notice,
    title: "there is an SPF record of the former record type SPF (99)",
    docs: Docs {
        sees: "The domain has a record of the DNS type SPF (number 99) that begins with v=spf1. The finding says whether the TXT record is the same, different or missing.",
        matters: "Receivers look up only TXT records. A record of type SPF has no effect, and one that differs shows that only one of the two was updated.",
        action: "Domain owner: publish the SPF record as a TXT record, and delete the record of type SPF.",
        example: "example.com. IN SPF \"v=spf1 mx -all\"",
        references: "RFC 7208 section 3.1 (only TXT records), RFC 7208 section 14.1 (the type SPF is obsolete)",
    },
};

pub(super) static ALIAS: Rule = Rule {
    id: "spf-alias",
    severity: Severity::Notice,
    title: "the SPF record belongs to another name",
    docs: Docs {
        sees: "The domain is an alias (CNAME), so its TXT records are those of the target.",
        matters: "The record is valid, but the operator of the target controls its content.",
        action: "Domain owner: if the other name belongs to a web host and the domain sends mail, replace the alias with A and AAAA records, and publish an SPF record for the domain itself.",
        example: "www.example.com CNAME host.example.net",
        references: "RFC 1035 section 3.3.1 (aliases), RFC 7208 section 4.4",
    },
};

pub(super) static LONG: Rule = Rule {
    id: "spf-long",
    severity: Severity::Notice,
    title: "the SPF record, or the response that contains it, is longer than recommended",
    docs: Docs {
        sees: "The name and the text of the SPF record together have more than 450 bytes, or the response with all TXT records of the domain has more than 4096 bytes.",
        matters: "The DNS response then does not fit in 512 bytes. Receivers that cannot use EDNS or TCP, for example behind a firewall, get no SPF record.",
        action: "Domain owner: remove terms that are no longer needed, or move some of them to an included record. Make sure that the name servers respond over TCP.",
        example: "a record with 40 ip4 terms",
        references: "RFC 7208 section 3.4 (record size)",
    },
};

pub(super) static SENDING_NOT_COVERED: Rule = Rule {
    id: "spf-sending-not-covered",
    severity: Severity::Error,
    title: "the SPF record does not allow a sending IP address",
    docs: Docs {
        sees: "The SPF result for an IP address given with --sending is fail, softfail or neutral, or a permanent error that occurs only for this IP address because of a macro.",
        matters: "Mail from this IP address is not authenticated by SPF. Receivers reject it, mark it as spam, or rely on DKIM.",
        action: "Domain owner: add the mechanism that the finding shows to the record, or send through a host that the record allows.",
        example: "smtpcheck domain example.com --sending 192.0.2.7",
        references: "RFC 7208 section 2.6 (results), section 8 (use of results)",
    },
};

pub(super) static HELO: Rule = Rule {
    id: "spf-helo",
    severity: Severity::Notice,
    title: "the EHLO name of the sending host has no usable SPF record",
    docs: Docs {
        sees: "The name given with --from-host has no SPF record, or its record does not allow the IP address given with --sending. The finding is a warning if the record is invalid or rejects the IP address.",
        matters: "For bounces, which have the null sender, receivers evaluate SPF for the EHLO name. Without a record, bounces are not authenticated.",
        action: "Operator of the sending host: publish a record for the host name, for example v=spf1 a -all.",
        example: "mail.example.com. IN TXT \"v=spf1 a -all\"",
        references: "RFC 7208 section 2.3 (HELO identity), section 2.4",
    },
};

pub(super) static NULL_MX_SENDS: Rule = Rule {
    id: "mx-null-but-sends",
    severity: Severity::Warning,
    title: "the domain declares that it receives no mail, but its SPF record allows senders",
    docs: Docs {
        sees: "The domain has a null MX record, and its SPF record allows hosts to send.",
        matters: "Receivers may reject mail from a domain that cannot receive bounces. The two records contradict each other.",
        action: "Domain owner: if the domain sends mail, remove the null MX record and publish MX records. If it sends no mail, publish v=spf1 -all.",
        example: "example.com. IN MX 0 . with \"v=spf1 include:_spf.example.net -all\"",
        references: "RFC 7505 section 4.2 (sending from a domain with a null MX)",
    },
};
