//! The AUTH command around a SASL mechanism (RFC 4954 §4): which mechanism, base64, the bounds, and what of it a
//! transcript may show.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::evidence::{CancelReason, WithheldReason};
use crate::plan;
use crate::sasl::{
    self, Binding, Broken, CredentialKind, Credentials, Exchange, ExchangeStart, MECHANISMS, Means, Mechanism,
    Response, Shows,
};
use crate::secret::NOT_SHOWN;
use crate::wire::Reply;

/// The longest AUTH command with an initial response: RFC 4954 §4 allows 12288 octets, but what works everywhere is the
/// command line of RFC 5321 §4.5.3.1.4, 512 octets with CRLF. Past it the two-step form is used.
const MAX_INITIAL: usize = 510;

/// What a login needs.
#[derive(Debug)]
pub struct Access<'a> {
    /// Who logs in.
    pub credentials: &'a Credentials,
    /// Random text, time, host.
    pub means: Means,
}

/// One AUTH exchange.
pub(super) struct AuthExchange<'a> {
    mechanism: &'static Mechanism,
    exchange: Box<dyn Exchange + 'a>,
    /// An initial response that was too long for the command and waits for the first challenge.
    held: Option<Response>,
    cancelled: Option<CancelReason>,
}

/// One line to the server.
pub(super) struct AuthLine {
    /// With CRLF.
    pub line: Zeroizing<Vec<u8>>,
    /// For the transcript.
    pub shown: String,
    /// Whether something is missing in it.
    pub redacted: bool,
    /// If this is `*`: why.
    pub cancelled: Option<CancelReason>,
    /// What the challenge said in words.
    pub heard: Option<String>,
    /// What the server may not be shown saying.
    pub hides: Vec<Zeroizing<Vec<u8>>>,
}

/// What the line gives for a login, and what was tried on it.
#[derive(Clone, Copy)]
pub(super) struct AuthChannel<'m> {
    /// What binds a login to it.
    pub binding: Option<&'m Binding>,
    /// Mechanisms that were refused.
    pub tried: &'m [&'static str],
}

fn reason(broken: Broken) -> CancelReason {
    match broken {
        Broken::UnexpectedChallenge => CancelReason::UnexpectedChallenge,
        Broken::Malformed | Broken::Nonce => CancelReason::Malformed,
        Broken::Iterations(_) => CancelReason::Iterations,
        Broken::ServerUnproved => CancelReason::ServerUnproved,
    }
}

impl<'a> AuthExchange<'a> {
    /// The strongest mechanism that the server offers, that the credentials can serve, and that the user allows; those
    /// that were tried already aside.
    pub(super) fn choose(
        wanted: &plan::Login,
        offered: &[String],
        access: &Access<'a>,
        line: AuthChannel<'_>,
    ) -> Result<AuthExchange<'a>, WithheldReason> {
        if offered.is_empty() {
            return Err(WithheldReason::NotOffered);
        }
        let named: Vec<&'static Mechanism> = if wanted.mechanisms.is_empty() {
            MECHANISMS.to_vec()
        } else {
            wanted.mechanisms.iter().filter_map(|name| sasl::find(name)).collect()
        };
        let bound =
            |mechanism: &Mechanism| mechanism.needs != CredentialKind::PasswordAndBinding || line.binding.is_some();
        let fits = |mechanism: &&&Mechanism| {
            access.credentials.serve(mechanism.needs) && bound(mechanism) && !line.tried.contains(&mechanism.name)
        };
        let allowed: Vec<&'static Mechanism> = named.iter().filter(fits).copied().collect();
        let is_offered = |name: &str| offered.iter().any(|one| one == name);
        match allowed.iter().find(|mechanism| is_offered(mechanism.name)) {
            Some(mechanism) => {
                let opening = ExchangeStart {
                    credentials: access.credentials,
                    means: &access.means,
                    binding: line.binding,
                    offers_plus: is_offered(&format!("{}-PLUS", mechanism.name)),
                };
                Ok(AuthExchange { mechanism, exchange: (mechanism.begin)(&opening), held: None, cancelled: None })
            }
            None => Err(WithheldReason::NoCommonMechanism {
                offered: offered.to_vec(),
                allowed: allowed.iter().map(|mechanism| mechanism.name.to_owned()).collect(),
            }),
        }
    }

    /// The mechanism's name.
    pub(super) fn name(&self) -> &'static str {
        self.mechanism.name
    }

    /// Whether it sends anything that must not be sent unencrypted or to an unverified server.
    pub(super) fn has_secret(&self) -> bool {
        matches!(
            self.mechanism.needs,
            CredentialKind::Password | CredentialKind::PasswordAndBinding | CredentialKind::Token
        )
    }

    /// Whether the server has proved itself, where the mechanism wants that.
    pub(super) fn is_proved(&self) -> bool {
        self.exchange.is_proved()
    }

    /// The AUTH command.
    pub(super) fn open(&mut self) -> AuthLine {
        let name = self.mechanism.name;
        let Some(initial) = self.exchange.initial() else {
            return AuthLine::plain(format!("AUTH {name}"));
        };
        // RFC 4954 §4: an empty initial response is sent as `=`.
        let encoded = if initial.bytes.is_empty() { Zeroizing::new("=".to_owned()) } else { encode(&initial.bytes) };
        if "AUTH ".len() + name.len() + 1 + encoded.len() > MAX_INITIAL {
            self.held = Some(initial);
            return AuthLine::plain(format!("AUTH {name}"));
        }
        AuthLine { hides: initial.hides, ..AuthLine::new(&format!("AUTH {name} "), &encoded, initial.shows) }
    }

    /// The answer to a 334.
    pub(super) fn answer(&mut self, reply: &Reply) -> AuthLine {
        if self.is_cancelled() {
            // RFC 4954 §4: `*` is answered with 501. A server that goes on regardless gets the same again.
            return self.cancel(CancelReason::UnexpectedChallenge);
        }
        // RFC 4954 §4: a challenge is base64, whether or not the mechanism looks at it. What an answer to anything else
        // would be taken for, only the server knows.
        let Some(challenge) = decode(reply) else { return self.cancel(CancelReason::NotBase64) };
        let response = match self.held.take() {
            // RFC 4954 §4: where the client speaks first, the challenge before that is empty.
            Some(_) if !challenge.is_empty() => Err(CancelReason::UnexpectedChallenge),
            Some(held) => Ok(held),
            None => self.exchange.answer(&challenge).map_err(reason),
        };
        match response {
            Ok(response) => {
                let turn = AuthLine::new("", &encode(&response.bytes), response.shows);
                AuthLine { heard: response.heard, hides: response.hides, ..turn }
            }
            Err(reason) => self.cancel(reason),
        }
    }

    /// Whether `*` was sent.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// Whether it was sent because the server did not prove that it knows the password.
    pub(super) fn is_unproved(&self) -> bool {
        self.cancelled == Some(CancelReason::ServerUnproved)
    }

    fn cancel(&mut self, reason: CancelReason) -> AuthLine {
        self.cancelled = Some(reason);
        AuthLine { cancelled: Some(reason), ..AuthLine::plain("*".to_owned()) }
    }
}

impl std::fmt::Debug for AuthExchange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.mechanism.name)
    }
}

impl AuthLine {
    fn plain(text: String) -> AuthLine {
        let line = Zeroizing::new(format!("{text}\r\n").into_bytes());
        AuthLine { line, shown: text, redacted: false, cancelled: None, heard: None, hides: Vec::new() }
    }

    fn new(command: &str, encoded: &str, shows: Shows) -> AuthLine {
        let mut line = Zeroizing::new(Vec::with_capacity(command.len() + encoded.len() + 2));
        line.extend_from_slice(command.as_bytes());
        line.extend_from_slice(encoded.as_bytes());
        line.extend_from_slice(b"\r\n");
        let (tail, redacted) = match shows {
            Shows::All => (encoded, false),
            Shows::Nothing => (NOT_SHOWN, true),
        };
        AuthLine { line, shown: format!("{command}{tail}"), redacted, cancelled: None, heard: None, hides: Vec::new() }
    }
}

fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// The challenge of a 334, or nothing when it is not base64. RFC 4954 §4 knows one line of it.
fn decode(reply: &Reply) -> Option<Vec<u8>> {
    match reply.text.as_slice() {
        [] => Some(Vec::new()),
        [text] => STANDARD.decode(text.trim()).ok(),
        _ => None,
    }
}
