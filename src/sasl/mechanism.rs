//! The interface of a SASL mechanism: credentials and challenges in, responses out.
//!
//! This file is independent of any particular mechanism. Read next: [`super::plain`], the smallest one.

use std::fmt;

use zeroize::Zeroizing;

use super::checksums::checksums;
use crate::secret::{Echoes, Secret};

/// One SASL mechanism.
pub struct Mechanism {
    /// The name registered with IANA, in upper case.
    pub name: &'static str,
    /// The kind of credentials that it needs.
    pub needs: CredentialKind,
    /// Starts an exchange.
    pub begin: for<'a> fn(&ExchangeStart<'a, '_>) -> Box<dyn Exchange + 'a>,
    /// Challenges and responses from its specification, which a test replays.
    pub vectors: &'static [Vector],
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The kind of credentials that a mechanism needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A password.
    Password,
    /// A password, and data that binds the login to the TLS connection (RFC 5056).
    PasswordAndBinding,
    /// An OAuth 2.0 access token.
    Token,
    /// A client certificate that was sent in the TLS handshake.
    ClientCertificate,
    /// No credentials.
    Nothing,
}

/// The identity of a user, and its proof.
#[derive(Debug)]
pub struct Credentials {
    /// The authentication identity. It may be empty for a login with a certificate or an anonymous login.
    pub user: String,
    /// The authorization identity, if it differs from the authentication identity.
    pub authzid: Option<String>,
    /// The proof of the identity.
    pub proof: Proof,
}

/// The proof of an identity.
#[derive(Debug)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// An OAuth 2.0 access token.
    Token(Secret),
    /// No secret: the certificate of the TLS handshake, or an anonymous login.
    NoSecret,
}

impl Credentials {
    /// The password or the token, for code that masks it.
    pub fn secret(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => Some(secret),
            Proof::NoSecret => None,
        }
    }

    /// The same proof for another user name.
    pub fn for_user(&self, user: &str) -> Credentials {
        let proof = match &self.proof {
            Proof::Password(secret) => Proof::Password(secret.duplicate()),
            Proof::Token(secret) => Proof::Token(secret.duplicate()),
            Proof::NoSecret => Proof::NoSecret,
        };
        Credentials { user: user.to_owned(), authzid: self.authzid.clone(), proof }
    }

    /// The values that must be masked if a peer repeats them: the secret, and checksums of it.
    pub fn echoes(&self) -> Echoes {
        let echoes = Echoes::default();
        if let Some(secret) = self.secret() {
            echoes.learn(secret, &checksums(secret.reveal()));
        }
        echoes
    }

    /// Whether the given credentials are sufficient for a mechanism. Channel binding is checked separately.
    pub fn serve(&self, needs: CredentialKind) -> bool {
        match (needs, &self.proof) {
            (CredentialKind::Password | CredentialKind::PasswordAndBinding, Proof::Password(_))
            | (CredentialKind::Token, Proof::Token(_)) => true,
            (CredentialKind::ClientCertificate | CredentialKind::Nothing, Proof::NoSecret) => true,
            (_, Proof::Password(_) | Proof::Token(_) | Proof::NoSecret) => false,
        }
    }

    pub(super) fn revealed(&self) -> &str {
        self.secret().map_or("", Secret::reveal)
    }
}

/// The inputs of a login other than the credentials: the host, the time and random text.
#[derive(Clone, Debug)]
pub struct Means {
    /// The host name of the server, as the user gave it.
    pub host: String,
    /// The port of the server.
    pub port: u16,
    /// Printable random text without a comma, different for each login (RFC 5802 §5.1).
    pub nonce: String,
    /// The current time, in seconds since 1970.
    pub unix_time: u64,
}

/// Data for channel binding. Only the two ends of the TLS connection can compute it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `tls-exporter` (RFC 9266) or `tls-server-end-point` (RFC 5929 §4).
    pub name: &'static str,
    /// The channel binding data.
    pub data: Vec<u8>,
}

/// All inputs that a mechanism receives at the start.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeStart<'a, 'm> {
    /// The user and the secret.
    pub credentials: &'a Credentials,
    /// Random text, the time and the host.
    pub means: &'m Means,
    /// The channel binding data, if TLS is active and provides it.
    pub binding: Option<&'m Binding>,
    /// Whether the server also advertises the variant of this mechanism with channel binding.
    pub offers_plus: bool,
}

/// A login in progress.
pub trait Exchange {
    /// The initial response (RFC 4422 §3.3), for mechanisms that begin with a client response.
    fn initial(&mut self) -> Option<Response>;
    /// Returns the response to a challenge.
    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken>;
    /// Whether the server has proved that it knows the password. Always true for mechanisms without such a proof.
    fn is_proved(&self) -> bool {
        true
    }
}

/// A response that is sent to the server.
pub struct Response {
    /// The bytes before base64 encoding.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether a transcript may show it.
    pub shows: Shows,
    /// Values computed from the secret that must also be masked if the server repeats them. They allow offline password
    /// guessing.
    pub hides: Vec<Zeroizing<Vec<u8>>>,
    /// The error message in the challenge: the reason for a rejection.
    pub explained: Option<String>,
}

impl Response {
    /// A response that contains no secret.
    pub fn open(bytes: Vec<u8>) -> Response {
        Response { bytes: Zeroizing::new(bytes), shows: Shows::All, hides: Vec::new(), explained: None }
    }

    /// A response that contains the secret or a value computed from it.
    pub fn secret(bytes: Zeroizing<Vec<u8>>) -> Response {
        Response { bytes, shows: Shows::Nothing, hides: Vec::new(), explained: None }
    }

    /// A response that contains a proof computed from the secret. `hides` are the proof and the server's expected
    /// proof.
    pub fn proof(bytes: Zeroizing<Vec<u8>>, hides: Vec<Zeroizing<Vec<u8>>>) -> Response {
        Response { hides, ..Response::secret(bytes) }
    }
}

/// Leaves out the bytes, because a panic message may contain this output.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({:?})", self.shows)
    }
}

/// Whether a transcript may show a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// No part may be shown, because the response contains the secret or a value computed from it.
    Nothing,
    /// The entire response may be shown.
    All,
}

/// Why a login cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The server sent more challenges than the mechanism defines.
    UnexpectedChallenge,
    /// The challenge is not valid for this mechanism.
    Malformed,
    /// The server's nonce does not start with the client's nonce, so it belongs to another login.
    Nonce,
    /// The iteration count is so high that hashing would take too long, or so low that it does not protect the
    /// password.
    Iterations(u32),
    /// The server's signature is wrong, so the server does not know the password.
    ServerUnproved,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::UnexpectedChallenge => f.write_str("the server sent more challenges than the mechanism defines"),
            Broken::Malformed => f.write_str("the server's challenge is not valid for this mechanism"),
            Broken::Nonce => f.write_str("the server's nonce does not contain the client's nonce"),
            Broken::Iterations(1) => f.write_str("the server requests 1 hash iteration"),
            Broken::Iterations(count) => write!(f, "the server requests {count} hash iterations"),
            Broken::ServerUnproved => f.write_str("the server did not prove that it knows the password"),
        }
    }
}

/// Test vector: a login from a specification, or one computed according to it.
#[derive(Debug)]
pub struct Vector {
    /// The source of the vector.
    pub source: &'static str,
    /// The authentication identity.
    pub user: &'static str,
    /// The password or token.
    pub secret: &'static str,
    /// The random text.
    pub nonce: &'static str,
    /// The host name of the server.
    pub host: &'static str,
    /// The `tls-exporter` channel binding data.
    pub binding: Option<&'static [u8]>,
    /// The initial response, if the mechanism has one.
    pub initial: Option<&'static [u8]>,
    /// The challenges, each with its response.
    pub steps: &'static [(&'static [u8], &'static [u8])],
}

impl Vector {
    /// A vector without random text.
    pub const fn plain(source: &'static str, user: &'static str, secret: &'static str) -> Vector {
        Vector { source, user, secret, nonce: "", host: "", binding: None, initial: None, steps: &[] }
    }
}
