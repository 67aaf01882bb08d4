//! Rules for client settings. Read [`super::judge`] for the conditions.

use crate::check::finding::{Docs, Rule, Severity};

pub(super) static SETTINGS_NOT_FOUND: Rule = Rule {
    id: "settings-not-found",
    severity: Severity::Error,
    title: "no settings for sending mail were found",
    docs: Docs {
        sees: "No source has settings for the domain: no autoconfiguration file, no SRV record, and no entry in the list of providers or in the public database. At the usual host names, no mail server responds with a certificate that matches the host name.",
        matters: "Programs cannot configure themselves, and users have to ask the operator for the server's name.",
        action: "Look for the server's name in the documentation of the mail provider, and check it with smtpcheck HOST:465. Domain owner: publish SRV records or an autoconfiguration file.",
        example: "smtpcheck settings ann@example.com, where example.com publishes nothing and smtp.example.com does not exist",
        references: "RFC 6186 (SRV records for mail programs), RFC 8314 section 5.1 (_submissions), draft-ietf-mailmaint-autoconfig",
    },
};

pub(super) static SETTINGS_NOT_PROVED: Rule = Rule {
    id: "settings-not-proved",
    severity: Severity::Error,
    title: "the settings that were found do not work",
    docs: Docs {
        sees: "A source has settings, but none of the servers that it names passed the test: a TLS session with a valid certificate, in which the server advertises AUTH. The cause and the exit code come from a check of the best of these servers.",
        matters: "A program with these settings cannot send mail from this machine, or can send it only without the protection of TLS.",
        action: "Follow the fix that is shown for the best server. If the cause is a blocked connection, repeat the check from another network.",
        example: "the SRV records name mail.example.com, whose certificate has expired",
        references: "RFC 8314 section 3.3 (TLS for submission), RFC 6409 section 4.3 (authentication)",
    },
};

pub(super) static SETTINGS_LOGIN_REJECTED: Rule = Rule {
    id: "settings-login-rejected",
    severity: Severity::Error,
    title: "the servers reject the login",
    docs: Docs {
        sees: "Working servers were found, but every server that received the login rejected it permanently. smtpcheck tests only one form of the user name: the form that the source specifies, or else the email address.",
        matters: "The rejection does not show which setting is wrong: the user name, the type of password or the server.",
        action: "Check the password. Many providers require an app password instead of the account password. If the account's user name differs from the email address, specify it with --user.",
        example: "535 5.7.8 Username and Password not accepted",
        references: "RFC 4954 section 6 (status codes), RFC 6186 section 3.1 (the user name)",
    },
};

pub(super) static SETTINGS_LOGIN_NOT_TESTED: Rule = Rule {
    id: "settings-login-not-tested",
    severity: Severity::Error,
    title: "the login was not tested, although a password was given",
    docs: Docs {
        sees: "A password was given, but no login was completed. Either the server's name comes from an unauthenticated source (HTTP, unsigned DNS records that name a server outside the domain, or a guess) and --yes was not given, or no server sent a conclusive reply.",
        matters: "An attacker who changes DNS responses or unencrypted web pages could name their own server, which has a valid certificate, and would receive the password.",
        action: "Compare the host and its registrable domain with the documentation of the mail provider. If both are correct, repeat the command with --yes.",
        example: "an autoconfiguration file that is published over HTTP only",
        references: "RFC 6186 section 6 (confirmation by the user), draft-ietf-mailmaint-autoconfig (security considerations)",
    },
};

pub(super) static SETTINGS_SOURCES_DISAGREE: Rule = Rule {
    id: "settings-sources-disagree",
    severity: Severity::Warning,
    title: "the sources name different servers",
    docs: Docs {
        sees: "The settings from two authenticated sources do not have any host in common.",
        matters: "Programs use different sources, so some are configured for the wrong server. Often a file or record was not changed when the mail moved to another provider.",
        action: "Domain owner: change or remove the source that is out of date.",
        example: "the autoconfiguration file names the old hosting provider, and the SRV records name the new one",
        references: "draft-ietf-mailmaint-autoconfig (order of the sources)",
    },
};

pub(super) static SETTINGS_ENTRY_FAILS: Rule = Rule {
    id: "settings-entry-fails",
    severity: Severity::Warning,
    title: "some of the published settings do not work",
    docs: Docs {
        sees: "A source names a host and port on which a TLS session with a valid certificate is not possible, while other settings work.",
        matters: "A program that uses these settings cannot send mail, or shows a warning.",
        action: "Domain owner: correct the published settings, or the server.",
        example: "an SRV record for port 587 of a server that listens only on port 465",
        references: "RFC 6186 section 3.1, draft-ietf-mailmaint-autoconfig",
    },
};

pub(super) static SETTINGS_UNAUTHENTICATED: Rule = Rule {
    id: "settings-unauthenticated",
    severity: Severity::Warning,
    title: "the server is named only by an unauthenticated source",
    docs: Docs {
        sees: "The recommended server is named only by an unencrypted web page, by DNS records that are not signed and name a host outside the domain, or by a guess. If a password was given, settings-login-not-tested is reported instead.",
        matters: "The certificate proves the server's name, but nothing proves that the domain uses this server. An attacker who changes DNS responses or web pages could name their own server.",
        action: "Compare the host name with the documentation of the mail provider before you enter a password. Domain owner: publish the file over HTTPS, or sign the zone with DNSSEC.",
        example: "http://autoconfig.example.com/mail/config-v1.1.xml, without HTTPS",
        references: "RFC 6186 section 6, draft-ietf-mailmaint-autoconfig (security considerations)",
    },
};

pub(super) static SETTINGS_CLEAR_TEXT: Rule = Rule {
    id: "settings-clear-text",
    severity: Severity::Warning,
    title: "a source publishes settings without TLS",
    docs: Docs {
        sees: "An autoconfiguration file names a server with socketType plain.",
        matters: "A program that uses these settings sends the password and the messages unencrypted, although servers usually support TLS. smtpcheck tries TLS at the same host first.",
        action: "Operator of the source: publish port 465 with socketType SSL, or port 587 with STARTTLS.",
        example: "<socketType>plain</socketType> with port 587",
        references: "RFC 8314 section 3 (clear text is obsolete)",
    },
};

pub(super) static AUTOCONFIG_INVALID: Rule = Rule {
    id: "autoconfig-invalid",
    severity: Severity::Warning,
    title: "an autoconfiguration file contains errors",
    docs: Docs {
        sees: "The file is not valid XML, contains a document type definition, lists no server for sending mail, or lists a server without a host, a valid port or a known socketType. An ordinary web page is not reported, because many web servers return one for every name.",
        matters: "Programs ignore the file, or the invalid part of it.",
        action: "Web server operator: correct the file, and check it with smtpcheck settings DOMAIN.",
        example: "<port>smtp</port>",
        references: "draft-ietf-mailmaint-autoconfig (the format of the file)",
    },
};

pub(super) static AUTOCONFIG_CERTIFICATE: Rule = Rule {
    id: "autoconfig-certificate",
    severity: Severity::Warning,
    title: "the autoconfiguration file cannot be fetched over HTTPS",
    docs: Docs {
        sees: "The file is published over HTTP, but the certificate of the same host cannot be verified. A host that publishes no file is not reported.",
        matters: "Programs that require HTTPS find no settings. Others use the unencrypted file, which an attacker can change.",
        action: "Web server operator: install a certificate that contains the name autoconfig.DOMAIN.",
        example: "the certificate contains only www.hosting.example",
        references: "draft-ietf-mailmaint-autoconfig (HTTPS is tried first)",
    },
};

pub(super) static SUBMISSION_NOT_OFFERED: Rule = Rule {
    id: "submission-not-offered",
    severity: Severity::Notice,
    title: "the domain declares that it does not offer a service for sending mail",
    docs: Docs {
        sees: "The target of the SRV record for _submissions._tcp or _submission._tcp is a dot.",
        matters: "Programs do not look for the service. smtpcheck does not guess a server for it.",
        action: "Domain owner: if the service exists, correct the record.",
        example: "_submission._tcp.example.com. SRV 0 0 0 .",
        references: "RFC 6186 section 3.4 (a service that is not supported), RFC 2782",
    },
};

pub(super) static SUBMISSION_RECORD_INVALID: Rule = Rule {
    id: "submission-record-invalid",
    severity: Severity::Warning,
    title: "some programs cannot use one of the domain's SRV records",
    docs: Docs {
        sees: "The target of a record is an alias (CNAME) or not a host name, the port is 0, or a record for STARTTLS has port 465.",
        matters: "Programs that follow the standard ignore the record, or use the wrong TLS mode.",
        action: "DNS operator: correct the record. A record with port 465 must be at _submissions._tcp.",
        example: "_submission._tcp.example.com. SRV 0 1 465 smtp.example.com.",
        references: "RFC 2782 (the target must not be an alias), RFC 8314 section 5.1, RFC 6186 section 3.1",
    },
};

pub(super) static PACC_DIGEST: Rule = Rule {
    id: "pacc-digest",
    severity: Severity::Warning,
    title: "the PACC file does not match the digest in DNS",
    docs: Docs {
        sees: "The web server sends a PACC file, but no TXT record at _ua-auto-config contains the SHA-256 digest of this file.",
        matters: "Programs must not use the file.",
        action: "Domain owner: publish the digest of the exact bytes of the file.",
        example: "_ua-auto-config.example.com. TXT \"v=UAAC1; a=sha256; d=...\"",
        references: "draft-ietf-mailmaint-pacc (the digest)",
    },
};

pub(super) static RULES: &[&Rule] = &[
    &SETTINGS_NOT_FOUND,
    &SETTINGS_NOT_PROVED,
    &SETTINGS_LOGIN_REJECTED,
    &SETTINGS_LOGIN_NOT_TESTED,
    &SETTINGS_SOURCES_DISAGREE,
    &SETTINGS_ENTRY_FAILS,
    &SETTINGS_UNAUTHENTICATED,
    &SETTINGS_CLEAR_TEXT,
    &AUTOCONFIG_INVALID,
    &AUTOCONFIG_CERTIFICATE,
    &SUBMISSION_NOT_OFFERED,
    &SUBMISSION_RECORD_INVALID,
    &PACC_DIGEST,
];
