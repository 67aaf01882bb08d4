//! PLAIN (RFC 4616): authorisation identity, authentication identity and password in one message. The password
//! travels as it is, so it is for encrypted lines only; who decides that is the dialogue.

use zeroize::Zeroizing;

use super::{Credentials, Exchange, Mechanism, Response, Shows, UnexpectedChallenge, Vector};

pub static MECHANISM: Mechanism = Mechanism {
    name: "PLAIN",
    begin: |credentials| Box::new(Plain { credentials, spoken: false }),
    vectors: &[Vector {
        source: "RFC 4616 §4, first example",
        user: "tim",
        password: "tanstaaftanstaaf",
        initial: Some(b"\0tim\0tanstaaftanstaaf"),
        steps: &[],
    }],
};

struct Plain<'a> {
    credentials: &'a Credentials,
    spoken: bool,
}

impl Plain<'_> {
    fn message(&mut self) -> Response {
        self.spoken = true;
        let Credentials { user, secret } = self.credentials;
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 + user.len() + secret.reveal().len()));
        // RFC 4616 §2: message = [authzid] NUL authcid NUL passwd; an empty authzid means "as myself".
        bytes.push(0);
        bytes.extend_from_slice(user.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(secret.reveal().as_bytes());
        Response { bytes, shows: Shows::Nothing }
    }
}

impl Exchange for Plain<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, UnexpectedChallenge> {
        if self.spoken { Err(UnexpectedChallenge) } else { Ok(self.message()) }
    }
}

#[cfg(test)]
mod tests {
    use super::MECHANISM;
    use crate::sasl::Credentials;
    use crate::secret::Secret;

    #[test]
    fn without_an_initial_response_the_message_answers_the_first_challenge() {
        let credentials = Credentials { user: "tim".to_owned(), secret: Secret::new("x".to_owned()) };
        let mut exchange = (MECHANISM.begin)(&credentials);
        assert_eq!(exchange.answer(b"").expect("two-step form").bytes.as_slice(), b"\0tim\0x");
        assert!(exchange.answer(b"").is_err());
    }
}
