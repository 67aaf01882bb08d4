//! SASL mechanisms as pure step functions (RFC 4422), and the list of them.
//!
//! A mechanism knows nothing of SMTP, base64, sockets or TLS: challenges come in decoded, responses go out plain.
//! Each is one file and one row of [`MECHANISMS`], which is also the order of preference.

mod login;
mod plain;

use std::fmt;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Every mechanism, strongest first.
pub static MECHANISMS: &[&Mechanism] = &[&plain::MECHANISM, &login::MECHANISM];

/// One mechanism.
pub struct Mechanism {
    /// As registered with IANA, upper case.
    pub name: &'static str,
    /// Starts an exchange.
    pub begin: fn(&Credentials) -> Box<dyn Exchange + '_>,
    /// Challenge and response pairs from its specification, by which the list's test proves it.
    pub vectors: &'static [Vector],
}

/// Who logs in.
#[derive(Debug)]
pub struct Credentials {
    /// The authentication identity.
    pub user: String,
    /// The password.
    pub secret: Secret,
}

/// One login as it runs.
pub trait Exchange {
    /// The initial response (RFC 4422 §3.3), for mechanisms in which the client speaks first.
    fn initial(&mut self) -> Option<Response>;
    /// Answers a challenge.
    fn answer(&mut self, challenge: &[u8]) -> Result<Response, UnexpectedChallenge>;
}

/// What goes to the server.
pub struct Response {
    /// Before base64.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What a transcript may show of it.
    pub shows: Shows,
}

/// What a transcript may show of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing: it holds the secret or something made of it.
    Nothing,
    /// Everything.
    All,
}

/// The server asked once more than the mechanism has answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnexpectedChallenge;

impl fmt::Display for UnexpectedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server asked for more than the mechanism has")
    }
}

/// Finds a mechanism by its name, in any case.
pub fn find(name: &str) -> Option<&'static Mechanism> {
    MECHANISMS.iter().copied().find(|mechanism| mechanism.name.eq_ignore_ascii_case(name))
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A login of a specification, or one that follows from its text.
#[derive(Debug)]
pub struct Vector {
    /// Where it is from.
    pub source: &'static str,
    /// Authentication identity.
    pub user: &'static str,
    /// Password.
    pub password: &'static str,
    /// The initial response, if the mechanism has one.
    pub initial: Option<&'static [u8]>,
    /// Challenges with the response to each.
    pub steps: &'static [(&'static [u8], &'static [u8])],
}

#[cfg(test)]
mod tests {
    use super::{Credentials, MECHANISMS, find};
    use crate::secret::Secret;

    #[test]
    fn every_mechanism_reproduces_its_vectors() {
        for mechanism in MECHANISMS {
            assert!(!mechanism.vectors.is_empty(), "{} has no vectors", mechanism.name);
            for vector in mechanism.vectors {
                let credentials =
                    Credentials { user: vector.user.to_owned(), secret: Secret::new(vector.password.to_owned()) };
                let mut exchange = (mechanism.begin)(&credentials);
                let initial = exchange.initial().map(|response| response.bytes.to_vec());
                assert_eq!(initial.as_deref(), vector.initial, "{} {}", mechanism.name, vector.source);
                for (challenge, response) in vector.steps {
                    let answer = exchange.answer(challenge).expect("a step of the vector");
                    assert_eq!(answer.bytes.as_slice(), *response, "{} {}", mechanism.name, vector.source);
                }
                assert!(exchange.answer(b"more").is_err(), "{} must refuse a challenge too many", mechanism.name);
            }
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(find("plain").map(|mechanism| mechanism.name), Some("PLAIN"));
        assert!(find("PLAINER").is_none());
    }
}
