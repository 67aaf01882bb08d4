//! Rules for DMARC.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static RULES: &[&Rule] = &[
    &MISSING,
    &LOOKUP_FAILED,
    &TWO_RECORDS,
    &RECORD_INVALID,
    &WRONG_NAME,
    &OTHER_TEXT,
    &POLICY_NONE,
    &SUBDOMAINS_OPEN,
    &PERCENTAGE,
    &TESTING,
    &SUFFIX,
    &REPORT_ADDRESS,
    &REPORTS_NOT_AUTHORISED,
    &REPORT_DOMAIN,
    &RESULTS_DIFFER,
    &WITHOUT_DKIM,
];

pub(super) static MISSING: Rule = Rule {
    id: "dmarc-missing",
    severity: Severity::Warning,
    title: "no DMARC record applies to the domain",
    docs: Docs {
        sees: "Neither the domain nor its organizational domain has a DMARC record, and every lookup succeeded.",
        matters: "Receivers cannot tell forged mail from genuine mail with this domain in the From header. Gmail, Yahoo and Outlook.com reject or filter mail from large senders without DMARC.",
        action: "DNS operator: publish a record with p=none and an address for reports. When the reports show that all genuine mail passes, change to p=quarantine, then to p=reject.",
        example: "_dmarc.example.com TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"",
        references: "RFC 9989 section 4.10 (how receivers find the record), section 4.7 (tags); RFC 7489 (historic) section 6.6.3",
    },
};

pub(super) static LOOKUP_FAILED: Rule = Rule {
    id: "dmarc-lookup-failed",
    severity: Severity::Notice,
    title: "the DMARC record cannot be looked up",
    docs: Docs {
        sees: "The lookup of the TXT records at _dmarc fails with an error code such as SERVFAIL, or the CNAME records of this name form a loop. The domain's MX records can be looked up.",
        matters: "Receivers do not know the policy. Some defer the mail; others treat it as if there were no DMARC record.",
        action: "DNS operator: make the name servers answer queries for this name. If the name is delegated to a DMARC provider, check the delegation.",
        example: "_dmarc.example.com is delegated to a provider whose name servers do not have the zone",
        references: "RFC 9989 section 4.10 (the record is looked up in DNS)",
    },
};

pub(super) static TWO_RECORDS: Rule = Rule {
    id: "dmarc-two-records",
    severity: Severity::Error,
    title: "one name has several DMARC records",
    docs: Docs {
        sees: "Several TXT records at the same name begin with v=DMARC1.",
        matters: "According to RFC 9989, receivers ignore all of them and use the record of the parent domain. Receivers that follow RFC 7489 (historic) do not apply DMARC at all.",
        action: "DNS operator: delete all records except one. A second report address belongs in the same record, after a comma.",
        example: "_dmarc.example.com with \"v=DMARC1; p=none\" and \"v=DMARC1; p=reject\"",
        references: "RFC 9989 section 4.10 (several records are discarded), RFC 7489 (historic) section 6.6.3",
    },
};

pub(super) static RECORD_INVALID: Rule = Rule {
    id: "dmarc-record-invalid",
    severity: Severity::Error,
    title: "the DMARC record contains a mistake",
    docs: Docs {
        sees: "The record does not begin with exactly v=DMARC1, a tag is missing, misspelt or repeated, or a value is undefined. The finding is an error if receivers ignore the record, and a warning if they ignore or replace part of it. If only the order of the tags is wrong, the finding is a notice, because this affects only old receivers.",
        matters: "Receivers silently ignore an invalid record or tag, so the intended policy does not apply.",
        action: "DNS operator: publish the corrected record that the finding shows.",
        example: "v=DMARC1; p=monitor",
        references: "RFC 9989 section 4.7 (tags), section 4.8 (grammar); RFC 6376 section 3.2 (a tag that occurs twice makes the list invalid); RFC 7489 (historic) section 6.3 (p must be the second tag)",
    },
};

pub(super) static WRONG_NAME: Rule = Rule {
    id: "dmarc-wrong-name",
    severity: Severity::Error,
    title: "the DMARC record is at the wrong name",
    docs: Docs {
        sees: "There is a DMARC record at the domain itself, at dmarc.<domain>, or at _dmarc.<domain>.<domain>, but none at _dmarc.<domain>. If the record at _dmarc.<domain> exists, a copy at the domain itself is reported as a notice.",
        matters: "Receivers look only at _dmarc.<domain>, so DMARC does not apply.",
        action: "DNS operator: move the record to _dmarc.<domain>. If the DNS provider's form appends the domain, enter only _dmarc as the name.",
        example: "_dmarc.example.com.example.com TXT \"v=DMARC1; p=none\"",
        references: "RFC 9989 section 4.10 (the record is at _dmarc)",
    },
};

pub(super) static OTHER_TEXT: Rule = Rule {
    id: "dmarc-other-text",
    severity: Severity::Notice,
    title: "other TXT records exist at the name of the DMARC record",
    docs: Docs {
        sees: "In addition to the DMARC record, the name has TXT records that are not DMARC records. The finding is a warning if one of them contains DMARC tags without v=DMARC1.",
        matters: "Receivers discard these records. If they contain part of the policy, for example report addresses, that part does not apply.",
        action: "DNS operator: move the tags in these TXT records into the DMARC record, and then delete the TXT records.",
        example: "_dmarc.example.com with \"v=DMARC1; p=none\" and \"rua=mailto:dmarc@example.com\"",
        references: "RFC 9989 section 4.10 (records that do not begin with v=DMARC1 are discarded)",
    },
};

pub(super) static POLICY_NONE: Rule = Rule {
    id: "dmarc-policy-none",
    severity: Severity::Notice,
    title: "the DMARC policy is none",
    docs: Docs {
        sees: "The policy that applies to the domain is p=none.",
        matters: "Receivers deliver forged mail as if there were no DMARC record, but send reports. This is the right policy while the reports are still being evaluated.",
        action: "DNS operator: when the reports show that all genuine mail passes, change to p=quarantine, then to p=reject.",
        example: "v=DMARC1; p=none; rua=mailto:dmarc@example.com",
        references: "RFC 9989 section 4.7 (p)",
    },
};

pub(super) static SUBDOMAINS_OPEN: Rule = Rule {
    id: "dmarc-subdomains-open",
    severity: Severity::Warning,
    title: "the DMARC policy does not protect subdomains",
    docs: Docs {
        sees: "The record has p=quarantine or p=reject together with sp=none or np=none.",
        matters: "With sp=none, anyone can forge mail from subdomains. With np=none, this applies only to subdomains that do not exist.",
        action: "DNS operator: remove the tag, or set it to the same policy as p. Without the tag, p also applies to subdomains.",
        example: "v=DMARC1; p=reject; sp=none",
        references: "RFC 9989 section 4.7 (sp, np)",
    },
};

pub(super) static PERCENTAGE: Rule = Rule {
    id: "dmarc-percentage",
    severity: Severity::Warning,
    title: "receivers handle the pct tag of the DMARC record in different ways",
    docs: Docs {
        sees: "The record has pct with a value below 100, and a policy other than none.",
        matters: "RFC 9989 removed the tag. Receivers that follow RFC 9989 therefore apply the policy to all mail, and receivers that follow RFC 7489 (historic) apply the policy to this percentage of the mail.",
        action: "DNS operator: remove pct. To apply a policy one level lower for a limited time, use t=y.",
        example: "v=DMARC1; p=reject; pct=0",
        references: "RFC 9989 section 4.7 (t; pct is no longer defined); RFC 7489 (historic) section 6.3",
    },
};

pub(super) static TESTING: Rule = Rule {
    id: "dmarc-testing",
    severity: Severity::Notice,
    title: "the DMARC policy is in test mode",
    docs: Docs {
        sees: "The record has t=y, and a policy other than none.",
        matters: "Receivers that follow RFC 9989 apply a policy that is one level lower: quarantine instead of reject, none instead of quarantine. Other receivers apply the full policy.",
        action: "DNS operator: remove t=y when the reports show that all genuine mail passes.",
        example: "v=DMARC1; p=reject; t=y",
        references: "RFC 9989 section 4.7 (t)",
    },
};

pub(super) static SUFFIX: Rule = Rule {
    id: "dmarc-psd",
    severity: Severity::Warning,
    title: "an ordinary domain declares itself to be a public suffix",
    docs: Docs {
        sees: "The record that applies has psd=y, but its domain is not on the public suffix list.",
        matters: "Receivers that follow RFC 9989 treat every subdomain as a separate organization. Signatures and envelope senders of other subdomains are then not aligned, so genuine mail fails DMARC.",
        action: "DNS operator: remove psd=y, unless independent organizations register names below the domain.",
        example: "_dmarc.example.com TXT \"v=DMARC1; p=reject; psd=y\"",
        references: "RFC 9989 section 4.7 (psd), section 4.10.2 (organizational domain)",
    },
};

pub(super) static REPORT_ADDRESS: Rule = Rule {
    id: "dmarc-report-address",
    severity: Severity::Warning,
    title: "a DMARC report address is invalid",
    docs: Docs {
        sees: "An entry in rua or ruf does not have the form mailto:<address>, or entries are separated by spaces or semicolons instead of commas.",
        matters: "Receivers ignore the address, so no reports are sent to it.",
        action: "DNS operator: publish the corrected record that the finding shows.",
        example: "v=DMARC1; p=none; rua=dmarc@example.com",
        references: "RFC 9989 section 4.7 (rua, ruf), section 4.8 (URIs separated by commas); RFC 6068 (mailto)",
    },
};

pub(super) static REPORTS_NOT_AUTHORISED: Rule = Rule {
    id: "dmarc-reports-not-authorised",
    severity: Severity::Warning,
    title: "the domain of a report address does not accept DMARC reports from other domains",
    docs: Docs {
        sees: "An address in rua or ruf belongs to another organizational domain, and <domain>._report._dmarc.<report domain> has no TXT record that begins with v=DMARC1.",
        matters: "Receivers ignore the address, so no reports are sent to it.",
        action: "Owner of the report domain: publish the TXT record that the finding shows. DMARC report services publish it when you register the domain with them.",
        example: "example.com._report._dmarc.reports.example.net TXT \"v=DMARC1\"",
        references: "RFC 9990 section 4 (verification of external destinations), RFC 7489 (historic) section 7.1",
    },
};

pub(super) static REPORT_DOMAIN: Rule = Rule {
    id: "dmarc-report-domain",
    severity: Severity::Warning,
    title: "the domain of a report address receives no mail",
    docs: Docs {
        sees: "The domain of an address in rua or ruf has no MX record and no IP address, or has a null MX.",
        matters: "DMARC reports to this address cannot be delivered.",
        action: "DNS operator: use an address in a domain that receives mail.",
        example: "rua=mailto:dmarc@old.example.com, and old.example.com does not exist",
        references: "RFC 9990 section 4; RFC 5321 section 5.1; RFC 7505 (null MX)",
    },
};

pub(super) static RESULTS_DIFFER: Rule = Rule {
    id: "dmarc-results-differ",
    severity: Severity::Notice,
    title: "receivers use different DMARC policies or organizational domains",
    docs: Docs {
        sees: "The tree walk of RFC 9989 and the public suffix list of RFC 7489 (historic) result in different policies or different organizational domains.",
        matters: "The result depends on the receiver. If the organizational domains differ, signatures of the parent domain or of sibling domains are aligned only for some receivers.",
        action: "DNS operator: publish one DMARC record at the organizational domain according to the public suffix list, or sign with the domain of the From header itself.",
        example: "the only record is at _dmarc.news.example.com, but mail from news.example.com is signed with d=example.com",
        references: "RFC 9989 section 4.10 (tree walk), RFC 7489 (historic) section 3.2 (public suffix list)",
    },
};

pub(super) static WITHOUT_DKIM: Rule = Rule {
    id: "dmarc-without-dkim",
    severity: Severity::Warning,
    title: "the DMARC policy is enforced, but the domain has no DKIM key",
    docs: Docs {
        sees: "The policy is quarantine or reject, the SPF record allows senders, and _domainkey.<domain> does not exist, so there is no DKIM key.",
        matters: "Only SPF can authenticate the mail. Mail that is forwarded, or sent through most mailing lists, fails DMARC and is rejected or filtered.",
        action: "Server operator: sign mail with DKIM, and publish the key.",
        example: "v=DMARC1; p=reject, and no name below _domainkey.example.com",
        references: "RFC 9989 section 7.4 (domains must not rely on SPF alone); RFC 8020 (nothing exists below a name that does not exist)",
    },
};
