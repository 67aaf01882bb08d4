//! The server side of AUTH: the mechanisms of the sandbox, its only account, and its login faults.
//!
//! There is one user with one password and one token ([`USER`], [`PASSWORD`], [`TOKEN`]); they are not secret. The
//! credentials are verified as on a real server; in SCRAM, DIGEST-MD5 and CRAM-MD5, the client's proof is computed and
//! compared. NTLM logins receive a challenge and are always rejected. Data from the client is not stored.
//!
//! An exchange starts with [`LoginExchange::begin`]; [`LoginExchange::answer`] then processes the client's lines until
//! the exchange ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::sasl::scram::ScramHash;

/// The only user.
pub const USER: &str = "demo@sandbox.test";
/// The user's password.
pub const PASSWORD: &str = "open-sesame-42";
/// The user's OAuth token.
pub const TOKEN: &str = "sandbox-token";

/// The SCRAM iteration count: the minimum in RFC 7677 §4.
const ROUNDS: u32 = 4096;
/// The maximum number of client responses in one exchange.
const MAX_ANSWERS: usize = 8;

/// How the server handles logins.
#[derive(Clone, Copy, Debug)]
pub enum LoginBehaviour {
    /// Correctly: the user can log in with the password or the token.
    Right,
    /// Every login is accepted; in SCRAM, without the server's signature.
    Unproved,
    /// Every exchange ends with this reply, even if the credentials are correct.
    Ends(&'static str),
    /// The SCRAM challenge does not contain the client's nonce.
    OtherNonce,
    /// SCRAM requests this many iterations.
    Rounds(u32),
    /// The server's SCRAM signature is wrong.
    WrongProof,
    /// The token is rejected: first with this text in a challenge (RFC 7628 §3.2.2), then with this reply.
    TokenRefused(&'static str, &'static str),
}

/// The server's next response.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerTurn {
    /// Code 334 with the given bytes in base64.
    Challenge(Vec<u8>),
    /// Code 235: the login is accepted.
    Welcome,
    /// This reply, which ends the exchange.
    Reply(String),
}

/// One login in progress.
#[derive(Debug)]
pub struct LoginExchange {
    login: LoginBehaviour,
    state: LoginState,
    binding: Option<Vec<u8>>,
    number: u64,
    answers: usize,
}

#[derive(Debug)]
enum LoginState {
    Plain,
    LoginUser,
    LoginPassword(String),
    CramMd5(String),
    DigestMd5(String),
    DigestDone,
    ScramFirst(Variant, Plus),
    ScramFinal { variant: Variant, header: Vec<u8>, first: String, challenge: String, nonce: String },
    ScramDone,
    Bearer,
    BearerRefused(&'static str),
    Anonymous,
    Ntlm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Sha1,
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plus {
    Bound,
    Unbound,
}

/// Facts about the connection that some mechanisms need.
#[derive(Debug, Default)]
pub struct LoginChannel {
    /// The channel binding data `tls-exporter` (RFC 9266); TLS 1.3 only.
    pub binding: Option<Vec<u8>>,
    /// Whether the client presented a certificate.
    pub client_certificate: bool,
    /// The number of the session. It makes the challenges of different sessions differ.
    pub number: u64,
}

impl LoginExchange {
    /// Starts a mechanism; `None` if the sandbox does not support it. `initial` is the initial response in base64.
    pub fn begin(
        mechanism: &str,
        initial: Option<&str>,
        login: LoginBehaviour,
        line: LoginChannel,
    ) -> Option<(LoginExchange, ServerTurn)> {
        let number = line.number;
        let (state, challenge) = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => (LoginState::Plain, Some(Vec::new())),
            "LOGIN" => (LoginState::LoginUser, Some(b"Username:".to_vec())),
            "CRAM-MD5" => {
                let challenge = format!("<{number}.1735689600@localhost>");
                (LoginState::CramMd5(challenge.clone()), Some(challenge.into_bytes()))
            }
            "DIGEST-MD5" => {
                let nonce = format!("sandbox{number}");
                let text =
                    format!("realm=\"localhost\",nonce=\"{nonce}\",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
                (LoginState::DigestMd5(nonce), Some(text.into_bytes()))
            }
            "SCRAM-SHA-1" => (LoginState::ScramFirst(Variant::Sha1, Plus::Unbound), Some(Vec::new())),
            "SCRAM-SHA-256" => (LoginState::ScramFirst(Variant::Sha256, Plus::Unbound), Some(Vec::new())),
            "SCRAM-SHA-512" => (LoginState::ScramFirst(Variant::Sha512, Plus::Unbound), Some(Vec::new())),
            "SCRAM-SHA-1-PLUS" => (LoginState::ScramFirst(Variant::Sha1, Plus::Bound), Some(Vec::new())),
            "SCRAM-SHA-256-PLUS" => (LoginState::ScramFirst(Variant::Sha256, Plus::Bound), Some(Vec::new())),
            "SCRAM-SHA-512-PLUS" => (LoginState::ScramFirst(Variant::Sha512, Plus::Bound), Some(Vec::new())),
            "XOAUTH2" | "OAUTHBEARER" => (LoginState::Bearer, Some(Vec::new())),
            "ANONYMOUS" => (LoginState::Anonymous, Some(Vec::new())),
            "EXTERNAL" if line.client_certificate => (LoginState::Anonymous, Some(Vec::new())),
            "EXTERNAL" => return Some((LoginExchange::over(login), ServerTurn::Reply(no_certificate()))),
            "NTLM" => (LoginState::Ntlm, Some(Vec::new())),
            _ => return None,
        };
        let mut exchange = LoginExchange { login, state, binding: line.binding, number, answers: 0 };
        let turn = match initial {
            Some(text) => exchange.answer(text),
            None => ServerTurn::Challenge(challenge.unwrap_or_default()),
        };
        Some((exchange, turn))
    }

    fn over(login: LoginBehaviour) -> LoginExchange {
        LoginExchange { login, state: LoginState::Plain, binding: None, number: 0, answers: 0 }
    }

    /// Processes a line from the client, in base64 (`=` is an empty initial response, RFC 4954 §4).
    pub fn answer(&mut self, line: &str) -> ServerTurn {
        if line == "*" {
            return ServerTurn::Reply("501 5.7.0 Authentication cancelled".to_owned());
        }
        self.answers += 1;
        let bytes = if line == "=" { Some(Vec::new()) } else { STANDARD.decode(line).ok() };
        match bytes {
            None => ServerTurn::Reply("501 5.5.2 Cannot decode base64".to_owned()),
            Some(_) if self.answers > MAX_ANSWERS => ServerTurn::Reply("501 5.5.0 Too many responses".to_owned()),
            Some(bytes) => self.receive(&bytes),
        }
    }

    fn receive(&mut self, bytes: &[u8]) -> ServerTurn {
        match std::mem::replace(&mut self.state, LoginState::Plain) {
            LoginState::Plain => {
                let mut parts = bytes.split(|&byte| byte == 0).skip(1);
                let (user, password) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                self.verdict(is_user(&String::from_utf8_lossy(user)) && password == PASSWORD.as_bytes())
            }
            LoginState::LoginUser => {
                self.state = LoginState::LoginPassword(String::from_utf8_lossy(bytes).into_owned());
                ServerTurn::Challenge(b"Password:".to_vec())
            }
            LoginState::LoginPassword(user) => self.verdict(is_user(&user) && bytes == PASSWORD.as_bytes()),
            LoginState::CramMd5(challenge) => {
                let proof = hex(&mac::<Md5>(PASSWORD.as_bytes(), challenge.as_bytes()));
                self.verdict(bytes == format!("{USER} {proof}").as_bytes())
            }
            LoginState::DigestMd5(nonce) => self.digest(&String::from_utf8_lossy(bytes), &nonce),
            LoginState::DigestDone | LoginState::ScramDone => self.verdict(true),
            LoginState::ScramFirst(variant, plus) => self.scram_first(variant, plus, &String::from_utf8_lossy(bytes)),
            LoginState::ScramFinal { variant, header, first, challenge, nonce } => {
                let messages = [first, challenge];
                self.scram_final(variant, &header, &messages, &nonce, &String::from_utf8_lossy(bytes))
            }
            LoginState::Bearer => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let token = text.split('\x01').find_map(|part| part.strip_prefix("auth=Bearer "));
                match self.login {
                    LoginBehaviour::TokenRefused(words, reply) => {
                        self.state = LoginState::BearerRefused(reply);
                        ServerTurn::Challenge(words.as_bytes().to_vec())
                    }
                    _ => self.verdict(token == Some(TOKEN) && text.contains(USER)),
                }
            }
            LoginState::BearerRefused(reply) => ServerTurn::Reply(reply.to_owned()),
            LoginState::Anonymous => self.verdict(true),
            LoginState::Ntlm => self.ntlm(bytes),
        }
    }

    fn verdict(&self, right: bool) -> ServerTurn {
        match self.login {
            LoginBehaviour::Ends(reply) => ServerTurn::Reply(reply.to_owned()),
            LoginBehaviour::Unproved => ServerTurn::Welcome,
            _ if right => ServerTurn::Welcome,
            _ => ServerTurn::Reply("535 5.7.8 Authentication credentials invalid".to_owned()),
        }
    }

    /// RFC 2831 §2.1.2 (historic): verifies the client's proof and responds with the server's proof.
    fn digest(&mut self, response: &str, nonce: &str) -> ServerTurn {
        let value = |name: &str| {
            let start = response.find(&format!("{name}="))? + name.len() + 1;
            let rest = response.get(start..)?.trim_start_matches('"');
            rest.split(['"', ',']).next()
        };
        let (cnonce, uri) = (value("cnonce").unwrap_or_default(), value("digest-uri").unwrap_or_default());
        let realm = value("realm").unwrap_or("localhost");
        let mut a1 = Md5::digest(format!("{USER}:{realm}:{PASSWORD}")).to_vec();
        a1.extend_from_slice(format!(":{nonce}:{cnonce}").as_bytes());
        let ha1 = hex(&Md5::digest(&a1));
        let proof = |method: &str| {
            let ha2 = hex(&Md5::digest(format!("{method}:{uri}")));
            hex(&Md5::digest(format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}")))
        };
        if matches!(self.login, LoginBehaviour::Ends(_)) || value("response") != Some(proof("AUTHENTICATE").as_str()) {
            return self.verdict(false);
        }
        self.state = LoginState::DigestDone;
        ServerTurn::Challenge(format!("rspauth={}", proof("")).into_bytes())
    }

    /// RFC 5802 §5: processes the client's first message and responds with nonce, salt and iteration count.
    fn scram_first(&mut self, variant: Variant, plus: Plus, message: &str) -> ServerTurn {
        let mut parts = message.splitn(3, ',');
        let (flag, authzid) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let first = parts.next().unwrap_or_default().to_owned();
        let client = first.split(',').find_map(|part| part.strip_prefix("r=")).unwrap_or_default().to_owned();
        let bound = flag.starts_with("p=");
        if client.is_empty() || bound != (plus == Plus::Bound) {
            return ServerTurn::Reply("501 5.5.2 Not a SCRAM message".to_owned());
        }
        let mut header = format!("{flag},{authzid},").into_bytes();
        if bound {
            header.extend_from_slice(self.binding.as_deref().unwrap_or_default());
        }
        let nonce = match self.login {
            LoginBehaviour::OtherNonce => format!("other-nonce-{}", self.number),
            _ => format!("{client}sandbox{}", self.number),
        };
        let rounds = match self.login {
            LoginBehaviour::Rounds(rounds) => rounds,
            _ => ROUNDS,
        };
        let challenge = format!("r={nonce},s={},i={rounds}", STANDARD.encode(salt()));
        self.state = LoginState::ScramFinal { variant, header, first, challenge: challenge.clone(), nonce };
        ServerTurn::Challenge(challenge.into_bytes())
    }

    fn scram_final(
        &mut self,
        variant: Variant,
        header: &[u8],
        messages: &[String; 2],
        nonce: &str,
        last: &str,
    ) -> ServerTurn {
        let (without_proof, proof) = last.rsplit_once(",p=").unwrap_or((last, ""));
        let expected = format!("c={},r={nonce}", STANDARD.encode(header));
        let [first, challenge] = messages;
        let message = format!("{first},{challenge},{expected}");
        let keys = match variant {
            Variant::Sha1 => keys::<Sha1>(&message),
            Variant::Sha256 => keys::<Sha256>(&message),
            Variant::Sha512 => keys::<Sha512>(&message),
        };
        let right = without_proof == expected && STANDARD.decode(proof).is_ok_and(|proof| proof == keys.proof);
        match self.login {
            LoginBehaviour::Unproved => return ServerTurn::Welcome,
            LoginBehaviour::Ends(_) => return self.verdict(false),
            _ if !right => return self.verdict(false),
            _ => {}
        }
        self.state = LoginState::ScramDone;
        let signature = match self.login {
            LoginBehaviour::WrongProof => vec![0; keys.signature.len()],
            _ => keys.signature,
        };
        ServerTurn::Challenge(format!("v={}", STANDARD.encode(signature)).into_bytes())
    }

    /// MS-NLMP §2.2.1: responds to the client's first message with a challenge and rejects the client's second message.
    fn ntlm(&mut self, message: &[u8]) -> ServerTurn {
        const NEGOTIATE: u8 = 1;
        if message.get(8) != Some(&NEGOTIATE) {
            return self.verdict(false);
        }
        self.state = LoginState::Ntlm;
        let mut challenge = b"NTLMSSP\0\x02\0\0\0".to_vec();
        // An empty target name, the flags for Unicode and NTLM, an eight-byte challenge, reserved bytes, no target
        // information.
        challenge.extend_from_slice(&[0, 0, 0, 0, 56, 0, 0, 0, 0x05, 0x82, 0x08, 0x00]);
        challenge.extend_from_slice(&self.number.to_le_bytes());
        challenge.extend_from_slice(&[0; 24]);
        ServerTurn::Challenge(challenge)
    }
}

struct StoredKeys {
    proof: Vec<u8>,
    signature: Vec<u8>,
}

/// RFC 5802 §3: the client's proof and the server's signature.
fn keys<H: ScramHash>(message: &str) -> StoredKeys {
    let salted = H::stretch(PASSWORD.as_bytes(), &salt(), ROUNDS);
    let client = H::hmac(&salted, b"Client Key");
    let signature = H::hmac(&H::hash(&client), message.as_bytes());
    let proof = client.iter().zip(signature.iter()).map(|(one, other)| one ^ other).collect();
    let server = H::hmac(&H::hmac(&salted, b"Server Key"), message.as_bytes());
    StoredKeys { proof, signature: server.to_vec() }
}

fn salt() -> [u8; 16] {
    *b"smtpcheck-salt-1"
}

fn mac<D>(key: &[u8], message: &[u8]) -> Vec<u8>
where
    Hmac<D>: KeyInit + Mac,
    D: hmac::digest::block_api::EagerHash,
{
    let mut mac = <Hmac<D> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104 §2)");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn no_certificate() -> String {
    "535 5.7.8 No client certificate".to_owned()
}

/// Whether this is the name of the user, in this domain or in another domain of the sandbox.
fn is_user(name: &str) -> bool {
    let is_demo = name.strip_prefix("demo@").is_some_and(|domain| domain.ends_with(".test"));
    name == USER || is_demo
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{LoginBehaviour, LoginChannel, LoginExchange, PASSWORD, ServerTurn, TOKEN, USER};
    use crate::sasl::{CredentialKind, Credentials, ExchangeStart, MECHANISMS, Means, Mechanism, Proof};
    use crate::secret::Secret;

    fn credentials(needs: CredentialKind, secret: &str) -> Credentials {
        let secret = Secret::new(secret.to_owned());
        let proof = match needs {
            CredentialKind::Password | CredentialKind::PasswordAndBinding => Proof::Password(secret),
            CredentialKind::Token => Proof::Token(secret),
            CredentialKind::ClientCertificate | CredentialKind::Nothing => Proof::NoSecret,
        };
        Credentials { user: USER.to_owned(), authzid: None, proof }
    }

    /// Runs smtpcheck's own client against the sandbox. Returns the server's last response, and whether the server
    /// proved that it knows the password.
    fn exchange(mechanism: &Mechanism, credentials: &Credentials, login: LoginBehaviour) -> (ServerTurn, bool) {
        let means =
            Means { host: "localhost".to_owned(), port: 587, nonce: "fyko+d2lbbFgONRv9qkx".to_owned(), unix_time: 0 };
        let binding = crate::sasl::Binding { name: "tls-exporter", data: vec![7; 32] };
        let opening = ExchangeStart { credentials, means: &means, binding: Some(&binding), offers_plus: true };
        let mut client = (mechanism.begin)(&opening);
        let initial = client.initial().map(|response| STANDARD.encode(&*response.bytes));
        let initial = initial.map(|text| if text.is_empty() { "=".to_owned() } else { text });
        let line = LoginChannel { binding: Some(vec![7; 32]), client_certificate: true, number: 3 };
        let (mut server, mut turn) =
            LoginExchange::begin(mechanism.name, initial.as_deref(), login, line).expect("a mechanism of the sandbox");
        while let ServerTurn::Challenge(challenge) = &turn {
            let response = match client.answer(challenge) {
                Ok(response) => STANDARD.encode(&*response.bytes),
                Err(_) => "*".to_owned(),
            };
            turn = server.answer(&response);
        }
        (turn, client.is_proved())
    }

    #[test]
    fn every_mechanism_accepts_correct_credentials_and_rejects_wrong_ones() {
        for mechanism in MECHANISMS {
            let right = if mechanism.needs == CredentialKind::Token { TOKEN } else { PASSWORD };
            let (turn, proved) = exchange(mechanism, &credentials(mechanism.needs, right), LoginBehaviour::Right);
            if mechanism.name == "NTLM" {
                assert!(matches!(&turn, ServerTurn::Reply(reply) if reply.starts_with("535")), "{turn:?}");
                continue;
            }
            assert_eq!(turn, ServerTurn::Welcome, "{}", mechanism.name);
            assert!(proved, "{}", mechanism.name);
            if !matches!(mechanism.needs, CredentialKind::ClientCertificate | CredentialKind::Nothing) {
                let (turn, _) = exchange(mechanism, &credentials(mechanism.needs, "another"), LoginBehaviour::Right);
                assert!(matches!(&turn, ServerTurn::Reply(reply) if reply.starts_with("535")), "{}", mechanism.name);
            }
        }
    }

    #[test]
    fn the_client_rejects_invalid_scram_messages_of_the_sandbox() {
        let scram = MECHANISMS.iter().find(|one| one.name == "SCRAM-SHA-256").expect("SCRAM-SHA-256");
        let right = credentials(scram.needs, PASSWORD);
        for login in [
            LoginBehaviour::OtherNonce,
            LoginBehaviour::Rounds(u32::MAX),
            LoginBehaviour::Rounds(1),
            LoginBehaviour::WrongProof,
        ] {
            let (turn, proved) = exchange(scram, &right, login);
            assert!(matches!(&turn, ServerTurn::Reply(reply) if reply.starts_with("501")), "{login:?}: {turn:?}");
            assert!(!proved, "{login:?}");
        }
        assert_eq!(exchange(scram, &right, LoginBehaviour::Unproved), (ServerTurn::Welcome, false));
    }

    #[test]
    fn an_invalid_response_ends_the_exchange() {
        let begin = |line: &str| {
            let (_, turn) = LoginExchange::begin("PLAIN", Some(line), LoginBehaviour::Right, LoginChannel::default())
                .expect("PLAIN");
            turn
        };
        assert!(matches!(begin("***"), ServerTurn::Reply(reply) if reply.starts_with("501 5.5.2")));
        assert!(matches!(begin("*"), ServerTurn::Reply(reply) if reply.starts_with("501 5.7.0")));
        assert!(matches!(begin("="), ServerTurn::Reply(reply) if reply.starts_with("535")));
        assert!(LoginExchange::begin("X-UNKNOWN", None, LoginBehaviour::Right, LoginChannel::default()).is_none());
    }
}
