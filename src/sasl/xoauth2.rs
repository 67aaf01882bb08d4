//! XOAUTH2 (documented by Google and Microsoft): a bearer token in one message. To reject the token, the server first
//! sends a challenge that contains JSON. The client responds with an empty line to receive the 535 reply.

use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector, token};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "XOAUTH2",
    needs: CredentialKind::Token,
    begin: |opening| Box::new(Xoauth2 { credentials: opening.credentials, state: XoauthState::Begun }),
    vectors: &[Vector {
        initial: Some(
            b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01",
        ),
        steps: &[(br#"{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}"#, b"")],
        ..Vector::plain(
            "developers.google.com/gmail/imap/xoauth2-protocol, initial client response and error response",
            "someuser@example.com",
            "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
        )
    }],
};

struct Xoauth2<'a> {
    credentials: &'a Credentials,
    state: XoauthState,
}

enum XoauthState {
    Begun,
    Spoken,
    Refused,
}

impl Xoauth2<'_> {
    fn message(&mut self) -> Response {
        self.state = XoauthState::Spoken;
        let (user, secret) = (&self.credentials.user, self.credentials.revealed());
        let text = Zeroizing::new(format!("user={user}\x01auth=Bearer {secret}\x01\x01"));
        Response::secret(Zeroizing::new(text.as_bytes().to_vec()))
    }
}

impl Exchange for Xoauth2<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        match self.state {
            XoauthState::Begun => Ok(self.message()),
            XoauthState::Spoken => {
                self.state = XoauthState::Refused;
                Ok(Response { explained: token::refusal(challenge), ..Response::open(Vec::new()) })
            }
            XoauthState::Refused => Err(Broken::UnexpectedChallenge),
        }
    }
}
