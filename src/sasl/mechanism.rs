//! What a mechanism is: credentials and challenges in, responses out.
//!
//! Does not: know any particular mechanism. Read next: [`super::plain`], the smallest one.

use std::fmt;

use zeroize::Zeroizing;

use super::checksums::checksums;
use crate::secret::{Echoes, Secret};

/// One mechanism.
pub struct Mechanism {
    /// As registered with IANA, upper case.
    pub name: &'static str,
    /// What it logs in with.
    pub needs: CredentialKind,
    /// Starts an exchange.
    pub begin: for<'a> fn(&ExchangeStart<'a, '_>) -> Box<dyn Exchange + 'a>,
    /// Challenge and response pairs from its specification, by which the list's test proves it.
    pub vectors: &'static [Vector],
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a mechanism logs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A password.
    Password,
    /// A password, and bytes that bind it to the TLS connection (RFC 5056).
    PasswordAndBinding,
    /// An OAuth 2.0 access token.
    Token,
    /// A certificate that was shown in the TLS handshake.
    ClientCertificate,
    /// Nothing.
    Nothing,
}

/// Who logs in.
#[derive(Debug)]
pub struct Credentials {
    /// The authentication identity; may be empty with a certificate or an anonymous login.
    pub user: String,
    /// The authorisation identity, if it is another.
    pub authzid: Option<String>,
    /// What proves it.
    pub proof: Proof,
}

/// What proves an identity.
#[derive(Debug)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// An OAuth 2.0 access token.
    Token(Secret),
    /// The certificate of the TLS handshake, or nothing at all.
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

    /// What peers may not be shown repeating: the secret, and what programs keep or print of it.
    pub fn echoes(&self) -> Echoes {
        let echoes = Echoes::default();
        if let Some(secret) = self.secret() {
            echoes.learn(secret, &checksums(secret.reveal()));
        }
        echoes
    }

    /// Whether a mechanism can be served. Whether the line has a binding, the opening tells.
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

/// What a login is begun with beside the credentials: what is random, of today, or of the connection.
#[derive(Clone, Debug)]
pub struct Means {
    /// The host name of the server, as the user gave it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Printable random text without a comma, new for each login (RFC 5802 §5.1).
    pub nonce: String,
    /// Seconds since 1970.
    pub unix_time: u64,
}

/// Bytes that only the two ends of this TLS connection know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `tls-exporter` (RFC 9266) or `tls-server-end-point` (RFC 5929 §4).
    pub name: &'static str,
    /// The bytes.
    pub data: Vec<u8>,
}

/// Everything that a mechanism may look at when it begins.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeStart<'a, 'm> {
    /// Who logs in.
    pub credentials: &'a Credentials,
    /// Random text, time, host.
    pub means: &'m Means,
    /// The binding of the line, if TLS is up and has one.
    pub binding: Option<&'m Binding>,
    /// Whether the server offers this mechanism with binding as well.
    pub offers_plus: bool,
}

/// One login as it runs.
pub trait Exchange {
    /// The initial response (RFC 4422 §3.3), for mechanisms in which the client speaks first.
    fn initial(&mut self) -> Option<Response>;
    /// Answers a challenge.
    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken>;
    /// Whether the server has proved that it knows the password too, in mechanisms where it must.
    fn is_proved(&self) -> bool {
        true
    }
}

/// What goes to the server.
pub struct Response {
    /// Before base64.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What a transcript may show of it.
    pub shows: Shows,
    /// What was made of the secret and may not be shown either when the server says it: proofs, by which passwords can
    /// be guessed without asking the server.
    pub hides: Vec<Zeroizing<Vec<u8>>>,
    /// What the challenge said in words: the reason of a refusal.
    pub heard: Option<String>,
}

impl Response {
    /// A response without anything secret.
    pub fn open(bytes: Vec<u8>) -> Response {
        Response { bytes: Zeroizing::new(bytes), shows: Shows::All, hides: Vec::new(), heard: None }
    }

    /// A response that holds the secret or something made of it.
    pub fn secret(bytes: Zeroizing<Vec<u8>>) -> Response {
        Response { bytes, shows: Shows::Nothing, hides: Vec::new(), heard: None }
    }

    /// One that holds a proof that was made of the secret; `hides` are the proof and what the server owes for it.
    pub fn proof(bytes: Zeroizing<Vec<u8>>, hides: Vec<Zeroizing<Vec<u8>>>) -> Response {
        Response { hides, ..Response::secret(bytes) }
    }
}

/// Without the bytes: a panic may print it.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({:?})", self.shows)
    }
}

/// What a transcript may show of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing: it holds the secret or something made of it.
    Nothing,
    /// Everything.
    All,
}

/// Why a login cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The server asked once more than the mechanism has answers.
    UnexpectedChallenge,
    /// The challenge is not one of this mechanism.
    Malformed,
    /// The server does not repeat our nonce: it belongs to another login.
    Nonce,
    /// It asks for so many rounds of hashing that it would burn our processor, or so few that they protect nothing.
    Iterations(u32),
    /// It does not know the password: its signature is wrong.
    ServerUnproved,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::UnexpectedChallenge => f.write_str("the server asked for more than the mechanism has"),
            Broken::Malformed => f.write_str("the server's challenge is not one of this mechanism"),
            Broken::Nonce => f.write_str("the server does not repeat our nonce"),
            Broken::Iterations(count) => write!(f, "the server asks for {count} rounds of hashing"),
            Broken::ServerUnproved => f.write_str("the server does not prove that it knows the password"),
        }
    }
}

/// A login of a specification, or one that follows from its text.
#[derive(Debug)]
pub struct Vector {
    /// Where it is from.
    pub source: &'static str,
    /// Authentication identity.
    pub user: &'static str,
    /// Password or token.
    pub secret: &'static str,
    /// The random text.
    pub nonce: &'static str,
    /// The server.
    pub host: &'static str,
    /// The binding of the line, `tls-exporter`.
    pub binding: Option<&'static [u8]>,
    /// The initial response, if the mechanism has one.
    pub initial: Option<&'static [u8]>,
    /// Challenges with the response to each.
    pub steps: &'static [(&'static [u8], &'static [u8])],
}

impl Vector {
    /// One without anything random.
    pub const fn plain(source: &'static str, user: &'static str, secret: &'static str) -> Vector {
        Vector { source, user, secret, nonce: "", host: "", binding: None, initial: None, steps: &[] }
    }
}
