//! LOGIN (draft-murchison-sasl-login, expired, and everywhere): user name, then password, each to a prompt.
//!
//! The prompts are not looked at. Servers word them as they like (`Username:`, `User Name\0`, `334 Ok`), but the order
//! is fixed, and a server that could choose the order could have the password printed as a user name.

use zeroize::Zeroizing;

use super::{Credentials, Exchange, Mechanism, Response, Shows, UnexpectedChallenge, Vector};

pub static MECHANISM: Mechanism = Mechanism {
    name: "LOGIN",
    begin: |credentials| Box::new(Login { credentials, next: Next::User }),
    vectors: &[
        Vector {
            source: "draft-murchison-sasl-login-00 §2, with its prompts",
            user: "tim",
            password: "tanstaaftanstaaf",
            initial: None,
            steps: &[(b"User Name\0", b"tim"), (b"Password\0", b"tanstaaftanstaaf")],
        },
        Vector {
            source: "prompts that are not the draft's",
            user: "tim",
            password: "x",
            initial: None,
            steps: &[(b"", b"tim"), (b"Username:", b"x")],
        },
    ],
};

struct Login<'a> {
    credentials: &'a Credentials,
    next: Next,
}

enum Next {
    User,
    Password,
    Nothing,
}

impl Exchange for Login<'_> {
    fn initial(&mut self) -> Option<Response> {
        None
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, UnexpectedChallenge> {
        match self.next {
            Next::User => {
                self.next = Next::Password;
                Ok(Response { bytes: Zeroizing::new(self.credentials.user.clone().into_bytes()), shows: Shows::All })
            }
            Next::Password => {
                self.next = Next::Nothing;
                let bytes = Zeroizing::new(self.credentials.secret.reveal().as_bytes().to_vec());
                Ok(Response { bytes, shows: Shows::Nothing })
            }
            Next::Nothing => Err(UnexpectedChallenge),
        }
    }
}
