//! PLAIN (RFC 4616): authorization identity, authentication identity and password in one message. The password is sent
//! unprotected, so PLAIN requires an encrypted connection; the dialogue module enforces this.

use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "PLAIN",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(Plain { credentials: opening.credentials, spoken: false }),
    vectors: &[Vector {
        initial: Some(b"\0tim\0tanstaaftanstaaf"),
        ..Vector::plain("RFC 4616 §4, first example", "tim", "tanstaaftanstaaf")
    }],
};

struct Plain<'a> {
    credentials: &'a Credentials,
    spoken: bool,
}

impl Plain<'_> {
    fn message(&mut self) -> Response {
        self.spoken = true;
        let (user, password) = (&self.credentials.user, self.credentials.revealed());
        let authzid = self.credentials.authzid.as_deref().unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 + authzid.len() + user.len() + password.len()));
        // RFC 4616 §2: message = [authzid] NUL authcid NUL passwd. An empty authzid means the user's own identity.
        bytes.extend_from_slice(authzid.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(user.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(password.as_bytes());
        Response::secret(bytes)
    }
}

impl Exchange for Plain<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, Broken> {
        if self.spoken { Err(Broken::UnexpectedChallenge) } else { Ok(self.message()) }
    }
}

#[cfg(test)]
mod tests {
    use super::MECHANISM;
    use crate::sasl::tests::{credentials, means};
    use crate::sasl::{CredentialKind, Credentials, ExchangeStart};

    #[test]
    fn without_an_initial_response_the_message_is_sent_after_the_first_challenge() {
        let (credentials, means) = (credentials(CredentialKind::Password, "tim", "x"), means("", ""));
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let mut exchange = (MECHANISM.begin)(&opening);
        assert_eq!(exchange.answer(b"").expect("two-step form").bytes.as_slice(), b"\0tim\0x");
        assert!(exchange.answer(b"").is_err());
    }

    #[test]
    fn an_authorization_identity_is_sent() {
        let credentials =
            Credentials { authzid: Some("boss".to_owned()), ..credentials(CredentialKind::Password, "tim", "x") };
        let means = means("", "");
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let initial = (MECHANISM.begin)(&opening).initial().expect("the exchange begins with a client response");
        assert_eq!(initial.bytes.as_slice(), b"boss\0tim\0x");
    }
}
