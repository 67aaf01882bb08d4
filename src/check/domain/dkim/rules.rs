//! Rules for DKIM keys.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static RULES: &[&Rule] = &[
    &KEY_BROKEN,
    &KEY_MISSING,
    &KEY_WEAK,
    &KEY_LARGE,
    &KEY_REVOKED,
    &TESTING,
    &TWO_RECORDS,
    &HASH,
    &SERVICE,
    &WILDCARD,
    &ED25519_ONLY,
    &ALIAS_DANGLING,
    &LOOKUP_FAILED,
];

pub(super) static KEY_BROKEN: Rule = Rule {
    id: "dkim-key-broken",
    severity: Severity::Error,
    title: "a DKIM key record cannot be used",
    docs: Docs {
        sees: "The TXT record of a selector is not a valid key record. For example, the key is incomplete, a tag is invalid, the record contains quotation marks or backslashes, or it contains a host name, a private key or a PEM file instead of the key. The summary names the mistake.",
        matters: "Receivers cannot verify signatures with this selector. They treat the mail as unsigned, so DMARC depends on SPF alone, and forwarded mail fails DMARC.",
        action: "DNS operator: publish the record again as one TXT record, exactly as the mail server or the provider displays it. A value of more than 255 characters must be split into several strings in this one record: \"first part\" \"second part\". If a private key was published, create a new key pair with a new selector immediately.",
        example: "s1._domainkey.example.com TXT with only the first 255 characters of a 2048-bit key",
        references: "RFC 6376 section 3.6.1 (key records), section 3.6.2.2 (several strings); RFC 8463 section 4.2 (Ed25519 keys are 32 octets)",
    },
};

pub(super) static KEY_MISSING: Rule = Rule {
    id: "dkim-key-missing",
    severity: Severity::Error,
    title: "no DKIM key exists for the requested selector",
    docs: Docs {
        sees: "The selector given with --dkim-selector has no TXT record. smtpcheck also looks up the names that result if a DNS provider appends the domain a second time. smtpcheck does not report a missing key for a selector that it guessed.",
        matters: "Receivers cannot verify signatures with this selector and treat the mail as unsigned.",
        action: "DNS operator: publish the key record under the name in the summary. Compare the selector with the s= value of the DKIM-Signature header in a message that was sent.",
        example: "DKIM-Signature: v=1; d=example.com; s=s2, but only s1._domainkey.example.com exists",
        references: "RFC 6376 section 3.6.2.1 (name of the key record), section 6.1.2 (no key: permanent failure); RFC 8020 (nothing exists below a name that does not exist)",
    },
};

pub(super) static KEY_WEAK: Rule = Rule {
    id: "dkim-key-weak",
    severity: Severity::Error,
    title: "a DKIM RSA key is short",
    docs: Docs {
        sees: "The RSA key has fewer than 1024 bits (error) or fewer than 2048 bits (notice).",
        matters: "Signatures made with keys of fewer than 1024 bits are never valid. Keys of 1024 bits are valid, but 2048 bits are recommended.",
        action: "Server operator: create a 2048-bit key with a new selector, publish it, and sign with it. Remove the old record after a week.",
        example: "openssl genrsa -out dkim.key 2048",
        references: "RFC 8301 section 3.2 (key sizes)",
    },
};

pub(super) static KEY_LARGE: Rule = Rule {
    id: "dkim-key-large",
    severity: Severity::Notice,
    title: "a DKIM RSA key has more than 4096 bits",
    docs: Docs {
        sees: "The RSA key has more than 4096 bits.",
        matters: "Verifiers are not required to support keys of more than 4096 bits. Some receivers may treat the mail as unsigned.",
        action: "Server operator: use a 2048-bit key.",
        example: "a key record with an 8192-bit key",
        references: "RFC 8301 section 3.2 (verifiers must support 1024 to 4096 bits)",
    },
};

pub(super) static KEY_REVOKED: Rule = Rule {
    id: "dkim-key-revoked",
    severity: Severity::Notice,
    title: "a DKIM key is revoked",
    docs: Docs {
        sees: "The p= tag of the record is empty. The finding is an error if the selector was given with --dkim-selector.",
        matters: "Signatures with this selector fail. This is intended for keys that are no longer used.",
        action: "No action is required if mail is no longer signed with this selector. Otherwise, sign with another key (server operator), or publish the key again (DNS operator).",
        example: "old._domainkey.example.com TXT \"v=DKIM1; p=\"",
        references: "RFC 6376 section 3.6.1 (empty p=), section 6.1.2 (same effect as no record)",
    },
};

pub(super) static TESTING: Rule = Rule {
    id: "dkim-testing",
    severity: Severity::Warning,
    title: "a DKIM key is in test mode",
    docs: Docs {
        sees: "The record contains t=y.",
        matters: "Receivers must treat mail with an invalid signature as unsigned, and some also ignore valid signatures.",
        action: "DNS operator: remove t=y once receivers can verify the signatures.",
        example: "v=DKIM1; k=rsa; t=y; p=...",
        references: "RFC 6376 section 3.6.1 (t=y)",
    },
};

pub(super) static TWO_RECORDS: Rule = Rule {
    id: "dkim-two-records",
    severity: Severity::Error,
    title: "a selector has several TXT records",
    docs: Docs {
        sees: "Several TXT records under one selector contain a key or part of a key.",
        matters: "The result is undefined: receivers may use any of the records, or none. Often, a long key was stored as two records instead of two strings in one record.",
        action: "DNS operator: keep one record. A key of more than 255 characters must be split into several strings in this record: \"first part\" \"second part\".",
        example: "s1._domainkey.example.com with the records \"v=DKIM1; p=MIIB...\" and \"...IDAQAB\"",
        references: "RFC 6376 section 3.6.2.2 (TXT records must be unique for a selector)",
    },
};

pub(super) static HASH: Rule = Rule {
    id: "dkim-hash",
    severity: Severity::Error,
    title: "a DKIM key does not accept SHA-256",
    docs: Docs {
        sees: "The h= tag does not contain sha256.",
        matters: "SHA-1 must no longer be used, so no valid signature is possible with this key.",
        action: "DNS operator: remove the h= tag, or change it to h=sha256.",
        example: "v=DKIM1; h=sha1; p=...",
        references: "RFC 8301 section 3.1 (only rsa-sha256), RFC 6376 section 3.6.1 (h=)",
    },
};

pub(super) static SERVICE: Rule = Rule {
    id: "dkim-service",
    severity: Severity::Error,
    title: "a DKIM key is not for mail",
    docs: Docs {
        sees: "The s= tag contains neither * nor email.",
        matters: "Receivers do not use the key for mail. Keys with s=tlsrpt are for TLS reports only.",
        action: "DNS operator: remove the s= tag, or change it to s=email.",
        example: "v=DKIM1; s=tlsrpt; p=...",
        references: "RFC 6376 section 3.6.1 (s=), RFC 8460 section 3 (s=tlsrpt)",
    },
};

pub(super) static WILDCARD: Rule = Rule {
    id: "dkim-wildcard",
    severity: Severity::Notice,
    title: "every DKIM selector has a record",
    docs: Docs {
        sees: "A selector that no domain uses has a TXT record or is an alias (CNAME), so a wildcard record answers for all selectors. smtpcheck does not report a wildcard with an empty key in a domain that sends no mail.",
        matters: "Selectors without a record seem to exist. A wildcard record with an empty p= revokes all unused selectors, which is allowed.",
        action: "DNS operator: if the domain sends mail, publish explicit records for the selectors in use, and check them with --dkim-selector.",
        example: "*._domainkey.example.com TXT \"v=DKIM1; p=\"",
        references: "RFC 6376 section 6.1.2; RFC 1035 section 4.3.2 (explicit records take precedence over wildcards)",
    },
};

pub(super) static ED25519_ONLY: Rule = Rule {
    id: "dkim-ed25519-only",
    severity: Severity::Notice,
    title: "only Ed25519 keys were found",
    docs: Docs {
        sees: "All usable keys that were found are Ed25519 keys.",
        matters: "Large receivers do not verify Ed25519 signatures and treat such mail as unsigned.",
        action: "Server operator: also sign with a 2048-bit RSA key. A message can have both signatures.",
        example: "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        references: "RFC 8463 section 5 (signers should add an RSA signature as long as not all verifiers support Ed25519)",
    },
};

pub(super) static ALIAS_DANGLING: Rule = Rule {
    id: "dkim-alias-dangling",
    severity: Severity::Warning,
    title: "a DKIM selector is an alias for a name without a key",
    docs: Docs {
        sees: "The selector is an alias (CNAME) whose target has no TXT record. The finding is an error if the selector was given with --dkim-selector. It is a notice if another selector has a key, because some providers publish the second key only when they rotate keys.",
        matters: "The domain's own records are complete, but the provider has not published the key. Receivers cannot verify signatures with this selector.",
        action: "Domain owner: enable DKIM in the provider's administration interface. If it is enabled there, compare the target of the CNAME with the target that the provider shows.",
        example: "selector1._domainkey.example.com CNAME selector1-example-com._domainkey.tenant.onmicrosoft.com, which does not exist",
        references: "RFC 6376 section 3.6.2.1; RFC 1035 section 3.3.1 (CNAME)",
    },
};

pub(super) static LOOKUP_FAILED: Rule = Rule {
    id: "dkim-lookup-failed",
    severity: Severity::Notice,
    title: "the DKIM key of the requested selector could not be looked up",
    docs: Docs {
        sees: "The lookup of the selector given with --dkim-selector fails with SERVFAIL or another error, although the domain's MX records can be looked up. smtpcheck does not report failed lookups of selectors that it guessed.",
        matters: "It is not known whether the key exists. Receivers whose lookups also fail cannot verify signatures with this selector.",
        action: "Repeat the check with another resolver (--resolver). DNS operator: if the lookup also fails there, make the name servers answer queries for this name.",
        example: "s1._domainkey.example.com: SERVFAIL",
        references: "RFC 6376 section 6.1.2 (failed key lookups)",
    },
};
