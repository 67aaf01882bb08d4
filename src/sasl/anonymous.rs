//! ANONYMOUS (RFC 4505): a login without an identity. The trace that it sends may be an email address or any other
//! text.

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "ANONYMOUS",
    needs: CredentialKind::Nothing,
    begin: |opening| Box::new(Anonymous { credentials: opening.credentials, spoken: false }),
    vectors: &[Vector { initial: Some(b"sirhc"), ..Vector::plain("RFC 4505 §4, example", "sirhc", "") }],
};

struct Anonymous<'a> {
    credentials: &'a Credentials,
    spoken: bool,
}

impl Exchange for Anonymous<'_> {
    fn initial(&mut self) -> Option<Response> {
        self.spoken = true;
        Some(Response::open(self.credentials.user.clone().into_bytes()))
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, Broken> {
        if self.spoken { Err(Broken::UnexpectedChallenge) } else { self.initial().ok_or(Broken::UnexpectedChallenge) }
    }
}
