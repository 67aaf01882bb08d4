//! SCRAM (RFC 5802; RFC 7677 for SHA-256) with SHA-1, SHA-256 and SHA-512, each with and without channel binding. The
//! password is never sent, and both sides prove that they know it.
//!
//! | state | event | action |
//! |---|---|---|
//! | Begun | - | send user name and nonce |
//! | Asked | nonce starts with the client's nonce, salt and iteration count are within the limits | send the proof |
//! | Answered | `v=` is the correct server signature | send an empty line |
//! | | `e=` or a wrong signature | cancel the login |
//!
//! Limits for the iteration count: at least 4096 (RFC 7677 §4), because with a lower count, an impostor could test
//! password guesses quickly. At most 600,000, the recommended count for stored passwords, which takes about half a
//! second. No other work is done while the password is hashed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, ExchangeStart, Mechanism, Response, Vector};

/// The iteration counts that are accepted.
const ROUNDS: std::ops::RangeInclusive<u32> = 4096..=600_000;
/// The maximum length of the salt in bytes. Servers use 12 to 64.
const MAX_SALT: usize = 1024;

/// SCRAM-SHA-1.
pub(crate) static SHA_1: Mechanism = Mechanism {
    name: "SCRAM-SHA-1",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(Scram::<Sha1>::new(opening, BindingForm::Bare)),
    vectors: &[Vector {
        nonce: "fyko+d2lbbFgONRv9qkxdawL",

        initial: Some(b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
        steps: &[
            (
                b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            ),
            (b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", b""),
        ],
        ..Vector::plain("RFC 5802 §5, example", "user", "pencil")
    }],
};

/// SCRAM-SHA-256.
pub(crate) static SHA_256: Mechanism = Mechanism {
    name: "SCRAM-SHA-256",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(Scram::<Sha256>::new(opening, BindingForm::Bare)),
    vectors: &[Vector {
        nonce: "rOprNGfwEbeRWgbNEkqO",
        initial: Some(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
        steps: &[
            (b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
            (b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", b""),
        ],
        ..Vector::plain("RFC 7677 §3, example", "user", "pencil")
    }],
};

/// SCRAM-SHA-512.
pub(crate) static SHA_512: Mechanism = Mechanism {
    name: "SCRAM-SHA-512",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(Scram::<Sha512>::new(opening, BindingForm::Bare)),
    vectors: &[Vector {
        nonce: "rOprNGfwEbeRWgbNEkqO",
        initial: Some(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
        steps: &[
            (b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ=="),
            (b"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==", b""),
        ],
        ..Vector::plain("the example of RFC 7677 with SHA-512, computed with Python's hashlib", "user", "pencil")
    }],
};

/// SCRAM-SHA-1-PLUS.
pub(crate) static SHA_1_PLUS: Mechanism = Mechanism {
    name: "SCRAM-SHA-1-PLUS",
    needs: CredentialKind::PasswordAndBinding,
    begin: |opening| Box::new(Scram::<Sha1>::new(opening, BindingForm::Plus)),
    vectors: &[Vector {
        nonce: "rOprNGfwEbeRWgbNEkqO",
        binding: Some(b"0123456789abcdef"),
        initial: Some(b"p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
        steps: &[
            (b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWY=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=bbACh3b6F5HUE89DhZs68ljrJSA="),
            (b"v=nTiLe6SjTukaDFMsFDCxI1QBO1w=", b""),
        ],
        ..Vector::plain("the example of RFC 7677 with a binding, computed with Python's hashlib", "user", "pencil")
    }],
};

/// SCRAM-SHA-256-PLUS.
pub(crate) static SHA_256_PLUS: Mechanism = Mechanism {
    name: "SCRAM-SHA-256-PLUS",
    needs: CredentialKind::PasswordAndBinding,
    begin: |opening| Box::new(Scram::<Sha256>::new(opening, BindingForm::Plus)),
    vectors: &[Vector {
        nonce: "rOprNGfwEbeRWgbNEkqO",
        binding: Some(b"0123456789abcdef"),
        initial: Some(b"p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
        steps: &[
            (b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWY=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=gHXGjpChaxRXFwIMtlaJRsYnJdY38N2gf6QjIkRBs5s="),
            (b"v=q4GqYTXs49uCydxa8tyNLcDD/FSkJbtDAQaLLigLj4E=", b""),
        ],
        ..Vector::plain("the example of RFC 7677 with a binding, computed with Python's hashlib", "user", "pencil")
    }],
};

/// SCRAM-SHA-512-PLUS.
pub(crate) static SHA_512_PLUS: Mechanism = Mechanism {
    name: "SCRAM-SHA-512-PLUS",
    needs: CredentialKind::PasswordAndBinding,
    begin: |opening| Box::new(Scram::<Sha512>::new(opening, BindingForm::Plus)),
    vectors: &[Vector {
        nonce: "rOprNGfwEbeRWgbNEkqO",
        binding: Some(b"0123456789abcdef"),
        initial: Some(b"p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
        steps: &[
            (b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"c=cD10bHMtZXhwb3J0ZXIsLDAxMjM0NTY3ODlhYmNkZWY=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=mQxGHOzrCev7i5PN4OD0FFrUqAF55J8vXqVT2p5RwJwVTRc0mKRuhzVGd1x+BmJi4HxHlczJjhJhjN/SDN899g=="),
            (b"v=Gh5Ei2JYQ2jgkCSbEA6NqYPAgfkJO8Urvtj/FB8y3bwiQT2Aw/UqlWTbgR93kQgNJD3xNs/VoDX/3z+CXedoWg==", b""),
        ],
        ..Vector::plain("the example of RFC 7677 with a binding, computed with Python's hashlib", "user", "pencil")
    }],
};

/// Whether the mechanism uses channel binding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BindingForm {
    Bare,
    Plus,
}

/// A hash function as SCRAM uses it: H, HMAC and Hi in RFC 5802 §2.2.
pub(crate) trait ScramHash {
    fn hash(data: &[u8]) -> Zeroizing<Vec<u8>>;
    fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>>;
    fn stretch(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>>;
}

impl<D> ScramHash for D
where
    D: Digest + EagerHash,
    Hmac<D>: KeyInit + Mac + Clone + Sync,
{
    fn hash(data: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(D::digest(data).to_vec())
    }

    fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut mac =
            <Hmac<D> as KeyInit>::new_from_slice(key).expect("HMAC accepts a key of any length (RFC 2104 §2)");
        mac.update(data);
        Zeroizing::new(mac.finalize().into_bytes().to_vec())
    }

    fn stretch(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>> {
        let mut salted = Zeroizing::new(vec![0; <D as Digest>::output_size()]);
        pbkdf2::pbkdf2::<Hmac<D>>(password, salt, rounds, &mut salted)
            .expect("HMAC accepts a key of any length (RFC 2104 §2)");
        salted
    }
}

struct Scram<'a, H> {
    credentials: &'a Credentials,
    /// The gs2 header. It is followed by the channel binding data.
    header: String,
    binding: Vec<u8>,
    nonce: String,
    /// client-first-message-bare.
    first: String,
    state: ScramState,
    hash: std::marker::PhantomData<H>,
}

enum ScramState {
    Begun,
    Asked,
    /// The proof was sent. The value is the signature that the server must send.
    Answered(Zeroizing<Vec<u8>>),
    Proved,
}

impl<'a, H: ScramHash> Scram<'a, H> {
    fn new(opening: &ExchangeStart<'a, '_>, form: BindingForm) -> Scram<'a, H> {
        let ExchangeStart { credentials, means, binding, offers_plus } = *opening;
        // RFC 5802 §6: `p` if channel binding is used; `y` if the client supports it but the server does not advertise
        // it; otherwise `n`. If an on-path attacker removed the mechanism with channel binding from the server's list,
        // the `y` reveals this to the server.
        let (flag, data) = match (form, binding) {
            (BindingForm::Plus, Some(binding)) => (format!("p={}", binding.name), binding.data.clone()),
            (BindingForm::Bare, Some(_)) if !offers_plus => ("y".to_owned(), Vec::new()),
            (BindingForm::Plus | BindingForm::Bare, _) => ("n".to_owned(), Vec::new()),
        };
        let authzid = credentials.authzid.as_ref().map(|name| format!("a={}", saslname(name))).unwrap_or_default();
        // RFC 5802 §5.1: names are prepared with SASLprep. A name that SASLprep does not allow is sent unchanged, and
        // the server decides whether it is valid.
        let user = stringprep::saslprep(&credentials.user).unwrap_or(credentials.user.as_str().into()).into_owned();
        Scram {
            credentials,
            header: format!("{flag},{authzid},"),
            binding: data,
            nonce: means.nonce.clone(),
            first: format!("n={},r={}", saslname(&user), means.nonce),
            state: ScramState::Begun,
            hash: std::marker::PhantomData,
        }
    }

    fn message(&mut self) -> Response {
        self.state = ScramState::Asked;
        Response::open(format!("{}{}", self.header, self.first).into_bytes())
    }

    fn prove(&mut self, challenge: &str) -> Result<Response, Broken> {
        let mut attributes = challenge.split(',');
        let mut value = |name: &str| attributes.next().and_then(|one| one.strip_prefix(name));
        // An extension before the nonce (`m=`) is mandatory but unknown. RFC 5802 §5.1 requires the login to fail.
        let nonce = value("r=").ok_or(Broken::Malformed)?;
        let salt = value("s=").and_then(|salt| STANDARD.decode(salt).ok()).ok_or(Broken::Malformed)?;
        let rounds: u32 = value("i=").and_then(|rounds| rounds.parse().ok()).ok_or(Broken::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Broken::Nonce);
        }
        if !ROUNDS.contains(&rounds) {
            return Err(Broken::Iterations(rounds));
        }
        if salt.is_empty() || salt.len() > MAX_SALT {
            return Err(Broken::Malformed);
        }
        let password = self.credentials.revealed();
        let prepared = Zeroizing::new(stringprep::saslprep(password).unwrap_or(password.into()).into_owned());
        let salted = H::stretch(prepared.as_bytes(), &salt, rounds);
        let client_key = H::hmac(&salted, b"Client Key");
        let header = STANDARD.encode([self.header.as_bytes(), &self.binding].concat());
        let without_proof = format!("c={header},r={nonce}");
        let message = format!("{},{challenge},{without_proof}", self.first);
        let signature = H::hmac(&H::hash(&client_key), message.as_bytes());
        let proof: Zeroizing<Vec<u8>> =
            Zeroizing::new(client_key.iter().zip(signature.iter()).map(|(one, other)| one ^ other).collect());
        let owed = H::hmac(&H::hmac(&salted, b"Server Key"), message.as_bytes());
        // The server's signature allows password guessing in the same way as the proof. Other parts of the exchange may
        // be shown.
        let text = |bytes: &[u8]| Zeroizing::new(STANDARD.encode(bytes).into_bytes());
        let (proof_text, owed_text) = (text(&proof), text(&owed));
        let line = Zeroizing::new([without_proof.as_bytes(), b",p=", &proof_text].concat());
        let stored = H::hash(&client_key);
        let hides = vec![proof_text, owed_text, proof, owed.clone(), client_key, stored, salted];
        self.state = ScramState::Answered(owed);
        Ok(Response::proof(line, hides))
    }
}

impl<H: ScramHash> Exchange for Scram<'_, H> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        let text = std::str::from_utf8(challenge).map_err(|_| Broken::Malformed)?;
        match &self.state {
            ScramState::Begun => Ok(self.message()),
            ScramState::Asked => self.prove(text),
            ScramState::Answered(owed) => {
                let signature = text.split(',').next().and_then(|one| one.strip_prefix("v="));
                let signature = signature.and_then(|signature| STANDARD.decode(signature).ok()).unwrap_or_default();
                if !bool::from(signature.as_slice().ct_eq(owed)) {
                    return Err(Broken::ServerUnproved);
                }
                self.state = ScramState::Proved;
                Ok(Response::open(Vec::new()))
            }
            ScramState::Proved => Err(Broken::UnexpectedChallenge),
        }
    }

    fn is_proved(&self) -> bool {
        matches!(self.state, ScramState::Proved)
    }
}

/// Escapes commas and equals signs in a name (RFC 5802 §5.1), because they would end the attribute.
pub(super) fn saslname(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

#[cfg(test)]
mod tests {
    use super::{SHA_1, SHA_256, SHA_256_PLUS};
    use crate::sasl::tests::{credentials, means};
    use crate::sasl::{Binding, Broken, CredentialKind, ExchangeStart, Mechanism};

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

    /// The result of answering a first challenge.
    fn answered(mechanism: &Mechanism, challenge: &str) -> Result<(), Broken> {
        let (credentials, means) = (credentials(CredentialKind::Password, "user", "pencil"), means("", NONCE));
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let mut exchange = (mechanism.begin)(&opening);
        let _ = exchange.initial();
        exchange.answer(challenge.as_bytes()).map(|_| ())
    }

    #[test]
    fn an_invalid_challenge_cancels_the_login() {
        let salt = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
        for (challenge, broken) in [
            (format!("r={NONCE}x,{salt},i=4294967295"), Broken::Iterations(u32::MAX)),
            (format!("r={NONCE}x,{salt},i=1"), Broken::Iterations(1)),
            (format!("r={NONCE},{salt},i=4096"), Broken::Nonce),
            (format!("r=other-nonce,{salt},i=4096"), Broken::Nonce),
            (format!("m=ext,r={NONCE}x,{salt},i=4096"), Broken::Malformed),
            (format!("r={NONCE}x,s=,i=4096"), Broken::Malformed),
            (format!("r={NONCE}x,s=*,i=4096"), Broken::Malformed),
            (format!("r={NONCE}x,{salt},i=99999999999"), Broken::Malformed),
            ("e=other-error".to_owned(), Broken::Malformed),
            (String::new(), Broken::Malformed),
        ] {
            assert_eq!(answered(&SHA_256, &challenge), Err(broken), "{challenge}");
            assert_eq!(answered(&SHA_1, &challenge), Err(broken), "{challenge}");
        }
    }

    #[test]
    fn a_server_without_the_password_is_detected() {
        let (credentials, means) = (credentials(CredentialKind::Password, "user", "pencil"), means("", NONCE));
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let mut exchange = (SHA_256.begin)(&opening);
        let _ = exchange.initial();
        let challenge = format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        assert!(exchange.answer(challenge.as_bytes()).is_ok());
        assert!(!exchange.is_proved());
        let wrong = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert!(matches!(exchange.answer(wrong), Err(Broken::ServerUnproved)));
        assert!(!exchange.is_proved());
    }

    #[test]
    fn the_header_states_the_use_of_channel_binding() {
        let (credentials, means) = (credentials(CredentialKind::Password, "a=b,c", "x"), means("", "n"));
        let binding = Binding { name: "tls-exporter", data: vec![1] };
        let first = |mechanism: &Mechanism, binding, offers_plus| {
            let opening = ExchangeStart { credentials: &credentials, means: &means, binding, offers_plus };
            let initial = (mechanism.begin)(&opening).initial().expect("the exchange begins with a client response");
            String::from_utf8(initial.bytes.to_vec()).expect("ASCII")
        };
        assert_eq!(first(&SHA_256, None, false), "n,,n=a=3Db=2Cc,r=n");
        assert_eq!(first(&SHA_256, Some(&binding), false), "y,,n=a=3Db=2Cc,r=n");
        assert_eq!(first(&SHA_256, Some(&binding), true), "n,,n=a=3Db=2Cc,r=n");
        assert_eq!(first(&SHA_256_PLUS, Some(&binding), true), "p=tls-exporter,,n=a=3Db=2Cc,r=n");
    }

    #[test]
    fn passwords_are_prepared_with_saslprep() {
        // U+00AA becomes a, U+2168 becomes IX (RFC 4013 §3, obsolete), so the proof is the same.
        let proof = |password: &str| {
            let (credentials, means) = (credentials(CredentialKind::Password, "user", password), means("", NONCE));
            let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
            let mut exchange = (SHA_1.begin)(&opening);
            let _ = exchange.initial();
            let challenge = format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
            exchange.answer(challenge.as_bytes()).expect("a proof").bytes.to_vec()
        };
        assert_eq!(proof("\u{2168}"), proof("IX"));
        assert_eq!(proof("\u{aa}"), proof("a"));
        assert_ne!(proof("a"), proof("b"));
    }
}
