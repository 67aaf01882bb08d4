//! Rules for MTA-STS.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static RULES: &[&Rule] = &[
    &STS_MX_NOT_COVERED,
    &STS_WITHOUT_STARTTLS,
    &STS_TLS_FAILS,
    &STS_CERTIFICATE_INVALID,
    &STS_POLICY_INVALID,
    &STS_POLICY_UNREACHABLE,
    &STS_RECORD_INVALID,
    &STS_LOOKUP_FAILED,
    &STS_MEDIA_TYPE,
    &STS_WITHOUT_RECORD,
    &STS_NOT_ENFORCED,
    &STS_MAX_AGE_SHORT,
    &STS_CERTIFICATE_ENDS,
];

pub(super) static STS_MX_NOT_COVERED: Rule = Rule {
    id: "sts-mx-not-covered",
    severity: Severity::Error,
    title: "an MX host is not in the MTA-STS policy",
    docs: Docs {
        sees: "The name of an MX host matches no mx line of the policy. In a pattern such as *.example.com, the wildcard matches exactly one label. If the policy is in testing mode, the finding is a warning. If the policy has faults that only some senders accept, the finding is likely.",
        matters: "If the policy is in enforce mode, senders that use MTA-STS do not deliver mail to the host. If the host is a backup, the fault is noticed only when the other hosts are down.",
        action: "Policy host operator: add the line that smtpcheck prints, then change the id in the record. Senders keep the old policy for max_age seconds, so change the policy before you change the MX records.",
        example: "the policy contains mx: *.example.com, and the MX host is a.b.example.com",
        references: "RFC 8461 section 4.1 (matching of MX names)",
    },
};

pub(super) static STS_WITHOUT_STARTTLS: Rule = Rule {
    id: "sts-without-starttls",
    severity: Severity::Error,
    title: "an MX host of an MTA-STS policy does not advertise STARTTLS",
    docs: Docs {
        sees: "The policy covers an MX host, but on at least one of its IP addresses the server does not advertise STARTTLS. If the policy is in testing mode, the finding is a warning.",
        matters: "If the policy is in enforce mode, senders that use MTA-STS do not deliver mail to a server without TLS.",
        action: "Server operator: configure a certificate from a public CA for the host's name, and advertise STARTTLS to every client on port 25.",
        example: "mode: enforce, and the EHLO reply of mx2.example.com does not contain STARTTLS",
        references: "RFC 8461 section 4.2 (certificate validation), RFC 8461 section 5",
    },
};

pub(super) static STS_TLS_FAILS: Rule = Rule {
    id: "sts-tls-fails",
    severity: Severity::Error,
    title: "a host of the MTA-STS policy fails to start TLS",
    docs: Docs {
        sees: "The domain has a valid MTA-STS policy, and the server of an MX host advertises STARTTLS. On at least one of its IP addresses, the server rejects the STARTTLS command, or the TLS handshake fails. In testing mode, the finding is a warning.",
        matters: "Senders that use MTA-STS do not deliver mail to the server if the mode is enforce.",
        action: "Server operator: make the server start TLS 1.2 or later with every client. The findings about the session, such as tls-handshake-failed, contain the reason.",
        example: "the server supports only TLS 1.1",
        references: "RFC 8461 section 4.2 (validation), RFC 8461 section 7.1 (TLS versions), RFC 8460 section 4.3 (result types)",
    },
};

pub(super) static STS_CERTIFICATE_INVALID: Rule = Rule {
    id: "sts-certificate-invalid",
    severity: Severity::Error,
    title: "an MX host's certificate fails verification, although the MTA-STS policy requires it",
    docs: Docs {
        sees: "The policy covers an MX host, but its server's certificate has expired, does not contain the MX host's name, or was not issued by a public CA. If the policy is in testing mode, the finding is a warning.",
        matters: "If the policy is in enforce mode, senders that use MTA-STS do not deliver mail to the server.",
        action: "Server operator: install a certificate from a public CA for the name in the MX record, with the complete chain, and reload the mail server.",
        example: "mode: enforce, and the certificate of mx2.example.com is for mail.example.com",
        references: "RFC 8461 section 4.2 (certificate validation), RFC 8461 section 5",
    },
};

pub(super) static STS_POLICY_INVALID: Rule = Rule {
    id: "sts-policy-invalid",
    severity: Severity::Error,
    title: "the MTA-STS policy does not follow the grammar",
    docs: Docs {
        sees: "The policy has no version, mode, max_age or mx line, or it contains an invalid value or a line that is not a field. The finding is a warning if only some senders reject the policy. Names and modes are case-sensitive. Lines may end with LF or CRLF.",
        matters: "Senders ignore an invalid policy, so it does not protect the domain. Some senders keep the messages in their queues instead.",
        action: "Policy host operator: correct the line that the finding shows, then change the id in the record.",
        example: "nmx: mail.example.com: the misspelt field is ignored, so the policy has no mx line",
        references: "RFC 8461 section 3.2 (policies)",
    },
};

pub(super) static STS_POLICY_UNREACHABLE: Rule = Rule {
    id: "sts-policy-unreachable",
    severity: Severity::Warning,
    title: "the MTA-STS policy cannot be fetched",
    docs: Docs {
        sees: "There is an MTA-STS record, but the policy cannot be fetched: the name has no IP address, the connection fails, the certificate cannot be verified, the status is not 200 (redirects must not be followed), or the response is too long or does not end.",
        matters: "Senders without a stored policy deliver mail as if there were no policy. Senders that stored the policy earlier use it until its max_age has passed.",
        action: "Policy host operator: serve the file with status 200, without a redirect, and with a certificate for the name mta-sts.<domain>. To stop using MTA-STS, first publish a policy with mode: none.",
        example: "https://mta-sts.example.com/.well-known/mta-sts.txt redirects to www.example.com",
        references: "RFC 8461 section 3.3 (fetching), RFC 8460 section 4.3 (sts-policy-fetch-error, sts-webpki-invalid)",
    },
};

pub(super) static STS_RECORD_INVALID: Rule = Rule {
    id: "sts-record-invalid",
    severity: Severity::Warning,
    title: "the MTA-STS record is invalid",
    docs: Docs {
        sees: "The TXT record at _mta-sts does not begin with \"v=STSv1;\" or has no valid id, or there are several records. The finding is a notice if only some senders reject the record.",
        matters: "Senders assume that the domain has no policy.",
        action: "DNS operator: publish exactly one record in the form that smtpcheck prints.",
        example: "v=STSv1 id=20260101: the semicolon is missing",
        references: "RFC 8461 section 3.1 (records)",
    },
};

pub(super) static STS_LOOKUP_FAILED: Rule = Rule {
    id: "sts-lookup-failed",
    severity: Severity::Notice,
    title: "the MTA-STS record cannot be looked up",
    docs: Docs {
        sees: "The lookup of the TXT records at _mta-sts fails with an error code such as SERVFAIL, or the CNAME records of this name form a loop. The domain's MX records can be looked up.",
        matters: "Senders without a stored policy deliver mail as if there were no policy.",
        action: "DNS operator: make the name servers answer queries for this name. If the name is an alias for a provider's name, check that name.",
        example: "_mta-sts.example.com is an alias for a name whose name servers respond with SERVFAIL",
        references: "RFC 8461 section 3.1 (the record is looked up in DNS)",
    },
};

pub(super) static STS_MEDIA_TYPE: Rule = Rule {
    id: "sts-media-type",
    severity: Severity::Warning,
    title: "the MTA-STS policy does not have the media type text/plain",
    docs: Docs {
        sees: "The web server sends the policy with a Content-Type other than text/plain, or without a Content-Type.",
        matters: "Senders should verify the media type, and some ignore a policy with a different type.",
        action: "Policy host operator: configure the web server to send Content-Type: text/plain for the file.",
        example: "Content-Type: text/html, because an application generates the file",
        references: "RFC 8461 section 3.2 (media type)",
    },
};

pub(super) static STS_WITHOUT_RECORD: Rule = Rule {
    id: "sts-without-record",
    severity: Severity::Notice,
    title: "there is an MTA-STS policy, but no record",
    docs: Docs {
        sees: "The web server returns a valid policy, but there is no TXT record at _mta-sts.",
        matters: "Senders look for the record first, so they never fetch the policy.",
        action: "DNS operator: publish the record that smtpcheck prints, or remove the policy if it is no longer used.",
        example: "https://mta-sts.example.com/.well-known/mta-sts.txt exists, but _mta-sts.example.com does not",
        references: "RFC 8461 section 3.1 (records)",
    },
};

pub(super) static STS_NOT_ENFORCED: Rule = Rule {
    id: "sts-not-enforced",
    severity: Severity::Notice,
    title: "the MTA-STS policy is not enforced",
    docs: Docs {
        sees: "The mode of the policy is testing or none.",
        matters: "In testing mode, senders report failures, but deliver without verification. The none mode is for domains that stop using MTA-STS.",
        action: "Policy host operator: change the mode to enforce when the TLS reports contain no failures, then change the id in the record.",
        example: "mode: testing for more than a few months",
        references: "RFC 8461 section 5 (modes), RFC 8461 section 8.3 (removal)",
    },
};

pub(super) static STS_MAX_AGE_SHORT: Rule = Rule {
    id: "sts-max-age-short",
    severity: Severity::Notice,
    title: "senders keep the MTA-STS policy for only a short time",
    docs: Docs {
        sees: "The mode is enforce, and max_age is shorter than one week.",
        matters: "After max_age, a sender must fetch the policy again. An attacker who blocks that request removes the protection, so a short max_age protects less.",
        action: "Policy host operator: set max_age to at least 604800 (one week), then change the id in the record.",
        example: "max_age: 86400",
        references: "RFC 8461 section 3.2 (max_age: weeks or more are expected), RFC 8461 section 10",
    },
};

pub(super) static STS_CERTIFICATE_ENDS: Rule = Rule {
    id: "sts-certificate-expires-soon",
    severity: Severity::Warning,
    title: "the certificate of the MTA-STS policy host expires soon",
    docs: Docs {
        sees: "The certificate of the web server that serves the policy expires within the number of days that --cert-days sets.",
        matters: "After the certificate has expired, senders cannot fetch the policy. Senders without a stored policy then deliver mail without its protection, and TLS reports contain sts-webpki-invalid.",
        action: "Policy host operator: renew the certificate, and find out why it was not renewed automatically.",
        example: "the certificate of mta-sts.example.com expires in 3 days",
        references: "RFC 8461 section 3.3 (HTTPS policy fetching)",
    },
};
