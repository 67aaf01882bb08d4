//! LOGIN (draft-murchison-sasl-login, expired, and everywhere): user name, then password, each to a prompt.
//!
//! The prompts are not looked at. Servers word them as they like (`Username:`, `User Name\0`, `334 Ok`), but the order
//! is fixed, and a server that could choose the order could have the password printed as a user name.

use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "LOGIN",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(LoginMechanism { credentials: opening.credentials, next: Next::User }),
    vectors: &[
        Vector {
            steps: &[(b"User Name\0", b"tim"), (b"Password\0", b"tanstaaftanstaaf")],
            ..Vector::plain("draft-murchison-sasl-login-00 §2, with its prompts", "tim", "tanstaaftanstaaf")
        },
        Vector {
            steps: &[(b"", b"tim"), (b"Username:", b"x")],
            ..Vector::plain("prompts that are not the draft's", "tim", "x")
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
