//! EXTERNAL (RFC 4422 appendix A): the client certificate of the TLS handshake authenticates the user. The message
//! contains only the authorization identity.

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "EXTERNAL",
    needs: CredentialKind::ClientCertificate,
    begin: |opening| Box::new(External { credentials: opening.credentials, spoken: false }),
    vectors: &[
        Vector {
            initial: Some(b""),
            ..Vector::plain("RFC 4422 appendix A.3, first example: the identity of the certificate", "", "")
        },
        Vector {
            initial: Some(b"fred@example.com"),
            ..Vector::plain("RFC 4422 appendix A.3, second example", "fred@example.com", "")
        },
    ],
};

struct External<'a> {
    credentials: &'a Credentials,
    spoken: bool,
}

impl External<'_> {
    fn message(&mut self) -> Response {
        self.spoken = true;
        let as_whom = self.credentials.authzid.as_ref().unwrap_or(&self.credentials.user);
        Response::open(as_whom.clone().into_bytes())
    }
}

impl Exchange for External<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, _challenge: &[u8]) -> Result<Response, Broken> {
        if self.spoken { Err(Broken::UnexpectedChallenge) } else { Ok(self.message()) }
    }
}
