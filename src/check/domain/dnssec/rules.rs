//! Rules for DNSSEC.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static DNSSEC_SIGNATURE_EXPIRED: Rule = Rule {
    id: "dnssec-signature-expired",
    severity: Severity::Error,
    title: "a DNSSEC signature has expired",
    docs: Docs {
        sees: "The signature on the MX records of the domain, or on the IP addresses of an MX host, has expired according to this machine's clock. If only some of the authoritative name servers send expired signatures, the finding is a warning and names these servers.",
        matters: "Resolvers that validate DNSSEC do not return the records. Senders that use such a resolver, including many large providers, do not deliver mail to the domain. They retry for several days.",
        action: "Check this machine's clock first. DNS operator: if the clock is correct, sign the zone again, publish it on all name servers, and find out why the signer did not run.",
        example: "example.com. RRSIG MX ... expired on 2026-01-31",
        references: "RFC 4034 section 3.1.5 (validity of signatures), RFC 4035 section 5.3.1 (validation)",
    },
};

pub(super) static DNSSEC_SIGNATURE_ENDS_SOON: Rule = Rule {
    id: "dnssec-signature-ends-soon",
    severity: Severity::Notice,
    title: "the DNSSEC signatures end soon and have not been renewed",
    docs: Docs {
        sees: "The signatures of the domain's MX, TXT or SOA records, or of the IP addresses of an MX host, end within 3 days, and less than a fifth of their validity is left. Signatures whose validity is shorter than 7 days are not judged, because the server makes them for each response.",
        matters: "If the signer does not run, the signatures expire. Resolvers that validate DNSSEC then no longer return the records, and senders that use such a resolver do not deliver mail to the domain.",
        action: "DNS operator: check that the signer runs, and that all name servers load the newly signed zone. If your signer renews signatures only shortly before they end, no action is required.",
        example: "signatures that were made 28 days ago and are valid for 30 days",
        references: "RFC 4034 section 3.1.5 (validity of signatures), RFC 6781 section 4.4.2 (signature validity periods)",
    },
};

pub(super) static DNSSEC_SIGNATURE_NOT_YET_VALID: Rule = Rule {
    id: "dnssec-signature-not-yet-valid",
    severity: Severity::Error,
    title: "a DNSSEC signature is not valid yet",
    docs: Docs {
        sees: "According to this machine's clock, the signature on the MX records of the domain, or on the IP addresses of an MX host, is not valid yet.",
        matters: "If this machine's clock is correct, resolvers that validate DNSSEC do not return the records. More often, the clock of this machine, or of the machine that signs the zone, is wrong.",
        action: "Check this machine's clock first. DNS operator: if this machine's clock is correct, set the signer's clock, and sign the zone again.",
        example: "a machine whose clock was reset to 1970",
        references: "RFC 4034 section 3.1.5 (validity of signatures)",
    },
};

pub(super) static DNSSEC_DS_MISMATCH: Rule = Rule {
    id: "dnssec-ds-mismatch",
    severity: Severity::Error,
    title: "the DS record in the parent zone does not match a key of the zone",
    docs: Docs {
        sees: "The parent zone has a DS record, but its digest matches no key (DNSKEY) of the zone.",
        matters: "Resolvers that validate DNSSEC cannot resolve any name in the zone. Senders that use such a resolver do not deliver mail to the domain.",
        action: "Domain owner: replace the DS record at the registrar with the one for the current key, or remove it until the zone is signed correctly. The mismatch often occurs after a move to another DNS provider or a key rollover.",
        example: "the DS record of the former DNS provider was left in the parent zone",
        references: "RFC 4035 section 5.2 (authenticating referrals), RFC 6840 section 5.11 (algorithms of DS records)",
    },
};

pub(super) static DNSSEC_BOGUS: Rule = Rule {
    id: "dnssec-bogus",
    severity: Severity::Error,
    title: "the records fail DNSSEC validation",
    docs: Docs {
        sees: "The MX records of the domain, the IP addresses of an MX host, or the TXT records for SPF, DKIM, DMARC, MTA-STS or TLS reports should be signed, but a signature is missing or wrong, or its key is missing. The finding is also reported if a name server responds that the records do not exist, but sends no valid proof. If only some of the authoritative name servers send such records, the finding is a warning and names these servers. If the signatures of all name servers are valid, only the resolver's response is wrong, and the finding is a warning, too.",
        matters: "Resolvers that validate DNSSEC do not return the records. Senders that use such a resolver do not deliver mail to the domain. Without the TXT records, receivers cannot authenticate mail from the domain.",
        action: "DNS operator: sign the zone again and publish it on all name servers. To find where the chain of signatures is broken, use an online tool that displays the chain.",
        example: "a secondary name server that serves an unsigned copy of the zone",
        references: "RFC 4033 section 5 (bogus), RFC 4035 section 5 (validation)",
    },
};

pub(super) static DNSSEC_WEAK: Rule = Rule {
    id: "dnssec-weak",
    severity: Severity::Warning,
    title: "the zone uses DNSSEC algorithms or parameters that some resolvers do not accept",
    docs: Docs {
        sees: "The zone is signed only with algorithms that use SHA-1 (5 or 7) or an older hash, has only DS records with a SHA-1 digest, uses NSEC3 with more than 100 iterations, or has a DS record for an algorithm that does not sign the zone's records. The finding is also reported if the DS records have only algorithms or digest types that no resolver supports, because the zone then counts as unsigned. The finding is only a notice if the zone uses NSEC3 with 1 to 100 iterations, or if the zone has a key, but no DS record, for an algorithm that does not sign its records.",
        matters: "Some resolvers treat such a zone as unsigned, so DANE has no effect. Others fail to resolve it.",
        action: "DNS operator: change to algorithm 13 with a SHA-256 digest in the DS record, and use NSEC3 with 0 iterations and without salt, or NSEC.",
        example: "NSEC3PARAM 1 0 150 aabbccdd",
        references: "RFC 9905 (SHA-1 must not be used), RFC 9904 (recommended algorithms), RFC 9276 section 3.1 (iterations must be 0), RFC 4035 sections 2.2 (each algorithm signs all records) and 5.2 (unsupported algorithms)",
    },
};

pub(super) static DNSSEC_NOT_ACTIVE: Rule = Rule {
    id: "dnssec-not-active",
    severity: Severity::Notice,
    title: "the zone is signed, but the parent zone has no DS record",
    docs: Docs {
        sees: "The zone has keys (DNSKEY), but the parent zone proves that there is no DS record for it.",
        matters: "Resolvers treat the zone as unsigned, so DNSSEC and DANE have no effect.",
        action: "Domain owner: once all name servers serve the correctly signed zone, publish the DS record at the registrar. While DNSSEC is being set up or removed, no action is required.",
        example: "DNSSEC was switched on at the DNS provider, but not at the registrar",
        references: "RFC 4035 section 5.2 (authenticating referrals)",
    },
};

pub(super) static DNSSEC_NOT_TESTED: Rule = Rule {
    id: "dnssec-not-tested",
    severity: Severity::Notice,
    title: "the DNSSEC state could not be tested from this machine",
    docs: Docs {
        sees: "The resolver removes signatures from its responses, or a key or DS record that is needed for validation could not be looked up.",
        matters: "It is not known whether the records are signed correctly, and DANE cannot be tested. This is not a fault of the domain.",
        action: "Repeat the check with a resolver that supports DNSSEC (--resolver), for example one on this machine.",
        example: "a home router that does not forward DNSSEC records",
        references: "RFC 4033 section 5 (indeterminate), RFC 6840 section 5.9 (resolvers and the DO bit)",
    },
};

/// Every rule for DNSSEC.
pub(super) static RULES: &[&Rule] = &[
    &DNSSEC_SIGNATURE_EXPIRED,
    &DNSSEC_SIGNATURE_ENDS_SOON,
    &DNSSEC_SIGNATURE_NOT_YET_VALID,
    &DNSSEC_DS_MISMATCH,
    &DNSSEC_BOGUS,
    &DNSSEC_WEAK,
    &DNSSEC_NOT_ACTIVE,
    &DNSSEC_NOT_TESTED,
];
