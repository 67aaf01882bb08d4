//! LOGIN (draft-murchison-sasl-login, expired but widely used): sends the user name and then the password, each in
//! response to a prompt.
//!
//! The text of the prompts is ignored. Servers use different prompts (`Username:`, `User Name\0`, `334 Ok`), but the
//! order is fixed. If the prompts determined the order, a server could get the client to send the password instead of
//! the user name, and the transcript does not mask the user name.

use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "LOGIN",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(LoginMechanism { credentials: opening.credentials, next: Next::User }),
    vectors: &[
        Vector {
            steps: &[(b"User Name\0", b"tim"), (b"Password\0", b"tanstaaftanstaaf")],
            ..Vector::plain("draft-murchison-sasl-login-00 §2, with the draft's prompts", "tim", "tanstaaftanstaaf")
        },
        Vector {
            steps: &[(b"", b"tim"), (b"Username:", b"x")],
            ..Vector::plain("prompts other than those in the draft", "tim", "x")
        },
    ],
};

struct LoginMechanism<'a> {
    credentials: &'a Credentials,
    next: Next,
}

enum Next {
    User,
    Password,
    Nothing,
}

impl Exchange for LoginMechanism<'_> {
    fn initial(&mut self) -> Option<Response> {
        None
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, Broken> {
        match self.next {
            Next::User => {
                self.next = Next::Password;
                Ok(Response::open(self.credentials.user.clone().into_bytes()))
            }
            Next::Password => {
                self.next = Next::Nothing;
                Ok(Response::secret(Zeroizing::new(self.credentials.revealed().as_bytes().to_vec())))
            }
            Next::Nothing => Err(Broken::UnexpectedChallenge),
        }
    }
}
