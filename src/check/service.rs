//! Recognises services other than the expected mail server, by their first bytes and their replies. This module asks no
//! questions and raises no findings.

use super::finding::user_flag;
use super::{elsewhere, programs};
use crate::evidence::{Evidence, Phase, Session};
use crate::lexicon::Fix;
use crate::plan::{Plan, Protocol};
use crate::wire::{Class, Host};

/// The port or the socket of the target, for use in a sentence.
pub(super) fn at_place(plan: &Plan) -> String {
    match &plan.target.host {
        Host::Name(_) | Host::Ip(_) => format!("port {}", plan.target.port),
        Host::Socket(path) => format!("the socket {path}"),
    }
}

/// The fix to use another port or socket, with a note about the service that was found.
pub(super) fn other_mail_service(plan: &Plan, evidence: &Evidence, note: &str) -> Fix {
    match (&plan.target.host, plan.target.protocol) {
        (Host::Socket(_), _) => Fix::text(
            "Use the mail server's socket, from its configuration (Dovecot: the unix_listener of service lmtp, normally /run/dovecot/lmtp)",
        ),
        (Host::Name(_) | Host::Ip(_), Protocol::Smtp) => match elsewhere::greeted(evidence) {
            Some(probe) => Fix::run(
                format!(
                    "Use port {}, on which a mail server responds{note}; in the program, select {}",
                    probe.request.port,
                    programs::encryption_instead_of(plan.tls_use(), probe.request.script.tls)
                ),
                format!("smtpcheck {}{}", plan.target.host.with_port(probe.request.port), user_flag(plan)),
            ),
            None => Fix::text(format!(
                "Use the host and port of the SMTP server, from the provider's documentation or the server's configuration{note}; programs usually use port 587 or 465"
            )),
        },
        (Host::Name(_) | Host::Ip(_), Protocol::Lmtp) => {
            Fix::text(format!("Use this host's LMTP port, from the server's configuration (often 24){note}"))
        }
    }
}

/// A service other than SMTP that uses three-digit reply codes.
pub(super) struct OtherService {
    pub(super) name: &'static str,
    pub(super) sign: &'static str,
    /// Whether it is LMTP, which the `protocol` check confirms.
    pub(super) is_lmtp: bool,
}

/// Recognises FTP (RFC 959 §4.2), NNTP (RFC 3977 §3.2) and LMTP (RFC 2033 §4.1) by the greeting. Servers of these
/// protocols reject EHLO and HELO.
pub(super) fn service_with_codes(session: Session<'_>) -> Option<OtherService> {
    let refused = session.reply_at(Phase::Ehlo).is_some_and(|received| received.reply.class() == Class::Permanent);
    let received = session.reply_at(Phase::Greeting).filter(|received| refused && received.reply.is_success())?;
    let text = received.reply.joined().to_ascii_lowercase();
    let contains = |word: &str| text.contains(word);
    if received.reply.has_code(200) || received.reply.has_code(201) {
        Some(OtherService {
            name: "a news server (NNTP)",
            sign: "The server's greeting begins with 200 or 201 instead of 220",
            is_lmtp: false,
        })
    } else if contains("lmtp") && session.request.script.protocol == Protocol::Smtp {
        Some(OtherService {
            name: "a mailbox store (LMTP)",
            sign: "The server's greeting contains LMTP, a protocol whose clients send LHLO",
            is_lmtp: true,
        })
    } else if (contains("ftp") && !contains("smtp")) || contains("filezilla") {
        Some(OtherService { name: "a file server (FTP)", sign: "The server's greeting contains FTP", is_lmtp: false })
    } else {
        None
    }
}

/// Recognises a service by its first line. Returns its name and a note about its ports.
pub(super) fn by_first_bytes(text: &str) -> Option<(&'static str, &'static str)> {
    let starts = |prefix: &str| text.starts_with(prefix);
    if starts("* OK") || starts("* PREAUTH") || starts("* BYE") {
        Some(("an IMAP server", " (IMAP, on ports 143 and 993, is for reading mail)"))
    } else if starts("+OK") || starts("-ERR") {
        Some(("a POP3 server", " (POP3, on ports 110 and 995, is for fetching mail)"))
    } else if starts("SSH-") {
        Some(("an SSH server", ""))
    } else if starts("HTTP/") || starts("<!DOCTYPE") || starts("<html") {
        Some(("a web server", ""))
    } else if starts("protocol\0") {
        // Postfix sends `protocol`, the name of the protocol and an empty attribute, each followed by a NUL byte.
        let name = text.split('\0').nth(1).unwrap_or_default();
        Some(match name {
            "delivery_request_protocol" => {
                ("a Postfix delivery agent (such as smtp or lmtp, to which the queue manager passes messages)", "")
            }
            _ => ("an internal Postfix service", ""),
        })
    } else if starts("protocol=") {
        // Another Postfix notation, with a line for each attribute.
        Some(("an internal Postfix service", ""))
    } else if starts("VERSION\t") {
        Some(("a Dovecot authentication service, which other servers use to check passwords", ""))
    } else {
        None
    }
}
