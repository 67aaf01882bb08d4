//! The rules about the start of TLS.

use super::super::finding::{Docs, Rule, Severity};

pub(super) static STARTTLS_NOT_OFFERED: Rule = Rule {
    id: "starttls-not-offered",
    severity: Severity::Warning,
    title: "the server does not advertise STARTTLS",
    docs: Docs {
        sees: "The EHLO reply does not list STARTTLS. The finding is an error if TLS was required (--tls starttls), or if a login was requested, because by default smtpcheck does not send passwords unencrypted. In these cases, smtpcheck also tries the submission ports of the host (587 and 465). The finding is a notice for this machine's loopback addresses, where test servers often run.",
        matters: "An on-path attacker can read and change everything on this connection, including passwords. A firewall that inspects SMTP may have removed the extension.",
        action: "Use another port of the host if it offers TLS. In a private network that you trust, switch off TLS for this server in the program. Server operator: install a certificate and enable TLS. If TLS is already enabled, repeat the check from another network to find out whether a firewall with SMTP inspection removes the extension.",
        example: "250-mx.example.net, 250-SIZE 10240000, 250 HELP",
        references: "RFC 3207 section 4, RFC 8314 section 4",
    },
};

pub(super) static STARTTLS_STRIPPED: Rule = Rule {
    id: "starttls-stripped",
    severity: Severity::Error,
    title: "a device on the network path removes STARTTLS",
    docs: Docs {
        sees: "STARTTLS is missing, although the provider is known to always advertise it.",
        matters: "A firewall, a virus scanner or an on-path attacker removes the extension. Programs that do not require TLS then send everything unencrypted, including passwords.",
        action: "Use port 465 (implicit TLS), where TLS does not depend on an EHLO extension. Repeat the check from another network. Network administrator: look for SMTP inspection in the firewall or virus scanner, and disable it.",
        example: "smtp.gmail.com on 587 without STARTTLS",
        references: "RFC 3207 section 6 (stripping), RFC 8314 section 3.3",
    },
};

pub(super) static SMTP_INSPECTION: Rule = Rule {
    id: "smtp-inspection",
    severity: Severity::Error,
    title: "a firewall on the network path changes the SMTP session",
    docs: Docs {
        sees: "The greeting consists of asterisks, or an extension name in the EHLO reply is overwritten with Xs.",
        matters: "SMTP inspection in Cisco ASA and PIX firewalls replaces the greeting and STARTTLS in this way. Behind such a firewall, STARTTLS does not work, and logins often fail as well.",
        action: "Firewall administrator: disable SMTP inspection (`no inspect esmtp`), or configure it to allow TLS (`allow-tls`). Until then, use port 465, which the inspection does not affect.",
        example: "220 ********************************, and 250-XXXXXXXA instead of 250-STARTTLS",
        references: "RFC 3207 section 6; Cisco document 113423",
    },
};

pub(super) static STARTTLS_INJECTED_BYTES: Rule = Rule {
    id: "starttls-injected-bytes",
    severity: Severity::Error,
    title: "unencrypted data follows the 220 reply to STARTTLS",
    docs: Docs {
        sees: "Data arrived after the reply to STARTTLS and before TLS began. smtpcheck shows this data but does not process it.",
        matters: "Some clients treat such data as if it had been received over TLS, so an on-path attacker can forge replies from the server (response injection, the counterpart of CVE-2011-0411). A server that sends such data itself is faulty.",
        action: "Repeat the check from another network. If the data does not arrive there, a device or an attacker in the first network is changing the traffic. Server operator: if the data arrives from every network, update the server or the proxy in front of it.",
        example: "the packet that contains the reply 220 ready for TLS also contains 250 mx.example.net",
        references: "RFC 3207 section 6; CVE-2011-0411",
    },
};

pub(super) static STARTTLS_EXPECTED: Rule = Rule {
    id: "starttls-expected",
    severity: Severity::Error,
    title: "the port does not use implicit TLS: the session begins unencrypted",
    docs: Docs {
        sees: "smtpcheck started with a TLS handshake (implicit TLS), and the server sent an unencrypted response or no response. On a second, unencrypted connection, the server sent a greeting.",
        matters: "The port expects STARTTLS, or no TLS. TLS libraries report this as 'wrong version number' or 'invalid content type', although the TLS version is not the reason.",
        action: "Use STARTTLS on this port, or port 465 for implicit TLS. In mail programs, select STARTTLS instead of SSL/TLS for this port.",
        example: "smtpcheck smtps://mail.example.net:587",
        references: "RFC 3207 section 4, RFC 8314 section 3.3",
    },
};

pub(super) static STARTTLS_COMMAND_INJECTION: Rule = Rule {
    id: "starttls-command-injection",
    severity: Severity::Error,
    title: "after the TLS handshake, the server executes a command that it received before the handshake",
    docs: Docs {
        sees: "With --probe starttls-injection, smtpcheck sent STARTTLS and NOOP in one packet. The server replied with 220, the handshake succeeded, and the reply to NOOP arrived over TLS, either before smtpcheck sent a command over TLS or instead of the reply to QUIT. Data that the server also sends unprompted in the main session is not counted as a reply to NOOP.",
        matters: "An on-path attacker can insert commands before the client's commands, for example MAIL, RCPT and DATA. The server then treats the client's password and mail as part of the attacker's message (CVE-2011-0411 and similar).",
        action: "Server operator: update the mail server, or the proxy in front of it. The server must discard data that it received before TLS.",
        example: "STARTTLS CRLF NOOP CRLF in one packet, and a 250 reply over TLS",
        references: "RFC 3207 section 4.2 (the server must discard information obtained before TLS); CVE-2011-0411",
    },
};

pub(super) static STARTTLS_NOT_ENFORCED: Rule = Rule {
    id: "starttls-not-enforced",
    severity: Severity::Warning,
    title: "the server accepts MAIL FROM before TLS on a submission port",
    docs: Docs {
        sees: "The server advertises STARTTLS on a port other than 25, and accepts MAIL FROM without TLS instead of rejecting it with 530. smtpcheck tests this only with --probe mail-before-tls or --tls-scan. On port 25, a public server must accept MAIL FROM without TLS (RFC 3207 section 4), so the finding is not reported there.",
        matters: "A misconfigured program sends mail, and perhaps a password, over the unencrypted connection without an error message.",
        action: "Server operator: require TLS on that port. In Postfix, set smtpd_tls_security_level=encrypt for the submission service in master.cf.",
        example: "MAIL FROM on port 587 is accepted with \"250 2.1.0 Ok\" before STARTTLS",
        references: "RFC 8314 section 4.1, RFC 3207 section 4 (reply 530: \"Must issue a STARTTLS command first\")",
    },
};
