//! SASL mechanisms as pure step functions (RFC 4422), and the list of them.
//!
//! A mechanism is independent of SMTP, base64, sockets and TLS. It receives decoded challenges and returns unencoded
//! responses. Random text, the time and connection data are passed in with [`ExchangeStart`]. Each mechanism is one
//! file and one row of [`MECHANISMS`], and the order of the rows is the order of preference. Values from the server are
//! checked: its nonce, its iteration count, its proof.
//!
//! Read next: [`scram`], which has the most checks; [`token`], which parses bearer tokens.

mod anonymous;
mod checksums;
mod cram_md5;
mod digest_md5;
mod external;
mod login;
mod mechanism;
mod ntlm;
mod oauthbearer;
mod plain;
pub(crate) mod scram;
pub(crate) mod token;
mod xoauth2;

pub use checksums::checksums;
pub use mechanism::{
    Binding, Broken, CredentialKind, Credentials, Exchange, ExchangeStart, Means, Mechanism, Proof, Response, Shows,
    Vector,
};

/// All mechanisms in order of preference. Mechanisms for passwords are first: those that use channel binding, other
/// mechanisms that do not send the password, those that send it over TLS, and obsolete ones. Mechanisms for tokens
/// follow, then those without a secret.
pub static MECHANISMS: &[&Mechanism] = &[
    &scram::SHA_512_PLUS,
    &scram::SHA_256_PLUS,
    &scram::SHA_1_PLUS,
    &scram::SHA_512,
    &scram::SHA_256,
    &scram::SHA_1,
    &plain::MECHANISM,
    &login::MECHANISM,
    &cram_md5::MECHANISM,
    &digest_md5::MECHANISM,
    &ntlm::MECHANISM,
    &oauthbearer::MECHANISM,
    &xoauth2::MECHANISM,
    &external::MECHANISM,
    &anonymous::MECHANISM,
];

/// Finds a mechanism by its name, case-insensitively.
pub fn find(name: &str) -> Option<&'static Mechanism> {
    MECHANISMS.iter().copied().find(|mechanism| mechanism.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Binding, CredentialKind, Credentials, ExchangeStart, MECHANISMS, Means, Proof, find};
    use crate::secret::Secret;

    /// Inputs with this nonce, for port 587.
    pub(crate) fn means(host: &str, nonce: &str) -> Means {
        Means { host: host.to_owned(), port: 587, nonce: nonce.to_owned(), unix_time: 1_700_000_000 }
    }

    pub(crate) fn credentials(needs: CredentialKind, user: &str, secret: &str) -> Credentials {
        let secret = Secret::new(secret.to_owned());
        let proof = match needs {
            CredentialKind::Password | CredentialKind::PasswordAndBinding => Proof::Password(secret),
            CredentialKind::Token => Proof::Token(secret),
            CredentialKind::ClientCertificate | CredentialKind::Nothing => Proof::NoSecret,
        };
        Credentials { user: user.to_owned(), authzid: None, proof }
    }

    #[test]
    fn every_mechanism_reproduces_its_vectors() {
        for mechanism in MECHANISMS {
            assert!(!mechanism.vectors.is_empty(), "{} has no vectors", mechanism.name);
            for vector in mechanism.vectors {
                let credentials = credentials(mechanism.needs, vector.user, vector.secret);
                let means = means(vector.host, vector.nonce);
                let binding = vector.binding.map(|data| Binding { name: "tls-exporter", data: data.to_vec() });
                let opening = ExchangeStart {
                    credentials: &credentials,
                    means: &means,
                    binding: binding.as_ref(),
                    offers_plus: binding.is_some(),
                };
                let mut exchange = (mechanism.begin)(&opening);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let initial = exchange.initial().map(|response| text(&response.bytes));
                assert_eq!(initial, vector.initial.map(text), "{} {}", mechanism.name, vector.source);
                for (challenge, response) in vector.steps {
                    let answer = exchange.answer(challenge).expect("the challenge is valid");
                    assert_eq!(text(&answer.bytes), text(response), "{} {}", mechanism.name, vector.source);
                }
                assert!(exchange.is_proved(), "{} {}", mechanism.name, vector.source);
                assert!(exchange.answer(b"more").is_err(), "{} must reject an additional challenge", mechanism.name);
            }
        }
    }

    #[test]
    fn names_are_case_insensitive() {
        assert_eq!(find("plain").map(|mechanism| mechanism.name), Some("PLAIN"));
        assert!(find("PLAINER").is_none());
    }

    #[test]
    fn no_challenge_makes_a_mechanism_panic() {
        use proptest::prelude::{any, prop_assert, proptest};
        proptest!(|(challenges in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..4))| {
            for mechanism in MECHANISMS {
                let credentials = credentials(mechanism.needs, "u", "p");
                let means = means("mail.example.net", "nonce");
                let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
                let mut exchange = (mechanism.begin)(&opening);
                let _ = exchange.initial();
                let answers = challenges.iter().filter(|challenge| exchange.answer(challenge).is_ok()).count();
                prop_assert!(answers <= 3);
            }
        });
    }
}
