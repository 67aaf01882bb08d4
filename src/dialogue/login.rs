//! The AUTH command, which carries the messages of a SASL mechanism (RFC 4954 §4): the choice of the mechanism, base64,
//! the size limits, and which parts a transcript may contain.

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

/// The maximum length of an AUTH command with an initial response. RFC 4954 §4 allows 12288 octets, but the only length
/// that all servers accept is that of a command line in RFC 5321 §4.5.3.1.4: 512 octets including CRLF. A longer
/// response is sent after the first challenge.
const MAX_INITIAL: usize = 510;

/// The input of a login.
#[derive(Debug)]
pub struct Access<'a> {
    /// The user and the secret.
    pub credentials: &'a Credentials,
    /// Random text, the time and the host name.
    pub means: Means,
}

/// One AUTH exchange.
pub(super) struct AuthExchange<'a> {
    mechanism: &'static Mechanism,
    exchange: Box<dyn Exchange + 'a>,
    /// An initial response that was too long for the command. It is sent after the first challenge.
    held: Option<Response>,
    cancelled: Option<CancelReason>,
}

/// One line that is sent to the server.
pub(super) struct AuthLine {
    /// The line, including CRLF.
    pub line: Zeroizing<Vec<u8>>,
    /// The line as the transcript shows it.
    pub shown: String,
    /// Whether `shown` leaves out part of the line.
    pub redacted: bool,
    /// Why the exchange was cancelled, if the line is `*`.
    pub cancelled: Option<CancelReason>,
    /// The error message in the server's challenge, if there was one.
    pub explained: Option<String>,
    /// Values computed from the secret that must be masked if the server repeats them.
    pub hides: Vec<Zeroizing<Vec<u8>>>,
}

/// The properties of the connection that affect a login, and the mechanisms tried on it.
#[derive(Clone, Copy)]
pub(super) struct AuthChannel<'m> {
    /// Data that binds a login to the connection (channel binding).
    pub binding: Option<&'m Binding>,
    /// Mechanisms that have already been tried.
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
    /// Selects the strongest mechanism that the server advertises, the user allows, and the credentials support.
    /// Mechanisms that have already been tried are excluded.
    pub(super) fn choose(
        wanted: &plan::Login,
        offered: &[String],
        access: &Access<'a>,
        channel: AuthChannel<'_>,
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
            |mechanism: &Mechanism| mechanism.needs != CredentialKind::PasswordAndBinding || channel.binding.is_some();
        let fits = |mechanism: &&&Mechanism| {
            access.credentials.serve(mechanism.needs) && bound(mechanism) && !channel.tried.contains(&mechanism.name)
        };
        let allowed: Vec<&'static Mechanism> = named.iter().filter(fits).copied().collect();
        let is_offered = |name: &str| offered.iter().any(|one| one == name);
        match allowed.iter().find(|mechanism| is_offered(mechanism.name)) {
            Some(mechanism) => {
                let opening = ExchangeStart {
                    credentials: access.credentials,
                    means: &access.means,
                    binding: channel.binding,
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

    /// Whether the mechanism sends data that must not be sent unencrypted or to an unverified server.
    pub(super) fn has_secret(&self) -> bool {
        matches!(
            self.mechanism.needs,
            CredentialKind::Password | CredentialKind::PasswordAndBinding | CredentialKind::Token
        )
    }

    /// Whether the server has proved its identity, or the mechanism does not require such a proof.
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

    /// The response to a challenge (334).
    pub(super) fn answer(&mut self, reply: &Reply) -> AuthLine {
        if self.is_cancelled() {
            // RFC 4954 §4: the reply to `*` is 501. If the server sends another challenge instead, the exchange is
            // cancelled again.
            return self.cancel(CancelReason::UnexpectedChallenge);
        }
        // RFC 4954 §4: a challenge is base64, even if the mechanism ignores it. How a server would interpret a response
        // to any other challenge cannot be predicted.
        let Some(challenge) = decode(reply) else { return self.cancel(CancelReason::NotBase64) };
        let response = match self.held.take() {
            // RFC 4954 §4: if a mechanism begins with a client response, the challenge before it is empty.
            Some(_) if !challenge.is_empty() => Err(CancelReason::UnexpectedChallenge),
            Some(held) => Ok(held),
            None => self.exchange.answer(&challenge).map_err(reason),
        };
        match response {
            Ok(response) => {
                let turn = AuthLine::new("", &encode(&response.bytes), response.shows);
                AuthLine { explained: response.explained, hides: response.hides, ..turn }
            }
            Err(reason) => self.cancel(reason),
        }
    }

    /// Whether the exchange was cancelled with `*`.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// Whether the exchange was cancelled because the server did not prove that it has the password.
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
        AuthLine { line, shown: text, redacted: false, cancelled: None, explained: None, hides: Vec::new() }
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
        AuthLine {
            line,
            shown: format!("{command}{tail}"),
            redacted,
            cancelled: None,
            explained: None,
            hides: Vec::new(),
        }
    }
}

fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// The challenge of a 334 reply, or `None` if it is not base64. RFC 4954 §4 defines only challenges of one line.
fn decode(reply: &Reply) -> Option<Vec<u8>> {
    match reply.text.as_slice() {
        [] => Some(Vec::new()),
        [text] => STANDARD.decode(text.trim()).ok(),
        _ => None,
    }
}
