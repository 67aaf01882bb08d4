//! The words that autoconfiguration files use for TLS modes and authentication methods, and the placeholders in user
//! names.

use serde::{Deserialize, Serialize};

/// How TLS is used, in the words of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketType {
    /// Implicit TLS.
    Implicit,
    /// STARTTLS is required.
    StartTls,
    /// No TLS.
    Plain,
}

impl SocketType {
    /// `TLS` is not in the specification, but some files use it.
    pub(super) fn read(word: &str) -> Option<SocketType> {
        match word.to_ascii_uppercase().as_str() {
            "SSL" | "TLS" => Some(SocketType::Implicit),
            "STARTTLS" => Some(SocketType::StartTls),
            "PLAIN" => Some(SocketType::Plain),
            _ => None,
        }
    }
}

/// A method of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthenticationWord {
    /// The password, with PLAIN or LOGIN.
    Password,
    /// The password, with CRAM-MD5 or SCRAM.
    EncryptedPassword,
    /// An OAuth 2.0 token.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// NTLM.
    Ntlm,
    /// Kerberos.
    Gssapi,
    /// A client certificate.
    ClientCertificate,
    /// The IP address of the client.
    ClientAddress,
    /// No login.
    None,
}

impl AuthenticationWord {
    /// The names in the specification, and old names that are still in use.
    pub(super) fn read(word: &str) -> Option<AuthenticationWord> {
        Some(match word.to_ascii_lowercase().as_str() {
            "password-cleartext" | "plain" => AuthenticationWord::Password,
            "password-encrypted" | "secure" => AuthenticationWord::EncryptedPassword,
            "oauth2" => AuthenticationWord::OAuth2,
            "ntlm" => AuthenticationWord::Ntlm,
            "gssapi" => AuthenticationWord::Gssapi,
            "tls-client-cert" => AuthenticationWord::ClientCertificate,
            "client-ip-address" | "smtp-after-pop" => AuthenticationWord::ClientAddress,
            "none" => AuthenticationWord::None,
            _ => return None,
        })
    }
}
