//! The settings of a server that a snippet contains, and what a check verified about them.
//!
//! They do not contain the password, only where a program reads it from.

use std::path::PathBuf;

use crate::wire::{EhloName, Host, ReversePath};

/// The settings with which a program sends mail through a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// The host to connect to, which is also the name that the certificate must contain.
    pub host: Host,
    /// The TCP port, 1 to 65535.
    pub port: u16,
    /// When TLS starts.
    pub security: TransportSecurity,
    /// The user name and where the password comes from, if the program logs in.
    pub login: Option<LoginSettings>,
    /// The sender of the messages, if it is known. It is never the null sender.
    pub sender: Option<ReversePath>,
    /// A file of CA certificates to trust instead of the system's (`--cacert`).
    pub ca_file: Option<PathBuf>,
    /// The EHLO name, if the user chose one (`--ehlo`).
    pub ehlo: Option<EhloName>,
    /// What the check verified.
    pub proof: SettingsProof,
}

/// When TLS starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportSecurity {
    /// Implicit TLS: the handshake precedes the greeting (RFC 8314 §3).
    Implicit,
    /// STARTTLS, which the program must require.
    StartTls,
    /// No TLS.
    None,
}

/// The login of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSettings {
    /// The user name.
    pub user: String,
    /// Where the password comes from.
    pub password: PasswordReference,
    /// The SASL mechanisms that the server advertised, in its order; empty if the reply to EHLO was not seen.
    pub mechanisms: Vec<String>,
}

/// Where a program reads the password from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordReference {
    /// The environment variable [`PASSWORD_VARIABLE`].
    Variable,
    /// A file that contains only the password (`--password-file`).
    File(PathBuf),
}

/// The environment variable that contains the password, in every snippet.
pub const PASSWORD_VARIABLE: &str = "SMTP_PASSWORD";

/// What the check verified about the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProof {
    /// The source of the host name is authenticated, so the host belongs to the operator of the email address.
    pub host: Proven,
    /// TLS was established in the mode of the settings.
    pub tls: Proven,
    /// The certificate is valid, trusted and matches the host name.
    pub certificate: Proven,
    /// The server accepted the user name and the password.
    pub login: Proven,
    /// The server accepted the sender.
    pub sender: Proven,
}

/// Whether the check verified a part of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// It was verified.
    Yes,
    /// It was not verified.
    No {
        /// Why, as the end of a sentence: `no password was given`.
        reason: String,
    },
    /// The settings do not have this part, for example a certificate without TLS.
    NotNeeded,
}
