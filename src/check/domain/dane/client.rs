//! The clients that use the TLSA records of a port, for the sentences of findings: other servers send mail to port 25,
//! and mail programs submit mail to the submission ports.

use crate::check::domain::purpose;
use crate::check::domain::sight::Sight;

/// The programs that connect to the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DaneClient {
    Sender,
    /// Only a few mail programs use TLSA records. Mail programs do not send TLS reports.
    MailProgram,
}

impl DaneClient {
    pub(super) fn of(sight: Sight<'_>) -> DaneClient {
        if purpose::is_submission(sight) { DaneClient::MailProgram } else { DaneClient::Sender }
    }

    /// The plural noun, in lower case.
    pub(super) fn noun(self) -> &'static str {
        match self {
            DaneClient::Sender => "senders",
            DaneClient::MailProgram => "mail programs",
        }
    }

    /// The plural noun at the start of a sentence.
    pub(super) fn first_noun(self) -> &'static str {
        match self {
            DaneClient::Sender => "Senders",
            DaneClient::MailProgram => "Mail programs",
        }
    }

    /// A clause that says that the clients do not use this server.
    pub(super) fn do_not_use(self, server: &str) -> String {
        match self {
            DaneClient::Sender => format!("that use DANE do not deliver mail to {server}"),
            DaneClient::MailProgram => format!("that use DANE do not connect to {server}"),
        }
    }

    /// A space and a sentence about TLS reports (RFC 8460 §4.3); empty for mail programs.
    pub(super) fn reports(self, results: &str) -> String {
        match self {
            DaneClient::Sender => format!(" TLS reports contain {results}."),
            DaneClient::MailProgram => String::new(),
        }
    }
}
