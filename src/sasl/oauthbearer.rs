//! OAUTHBEARER (RFC 7628): a bearer token with host and port. To reject the token, the server first sends a challenge
//! that contains JSON (§3.2.2). The client responds with a single 0x01 byte (§3.2.3) to receive the 535 reply.

use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Means, Mechanism, Response, Vector, token};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "OAUTHBEARER",
    needs: CredentialKind::Token,
    begin: |opening| {
        let Means { host, port, .. } = opening.means;
        let (host, port) = (host.clone(), *port);
        Box::new(OauthBearer { credentials: opening.credentials, host, port, state: OauthBearerState::Begun })
    },
    vectors: &[Vector {
        host: "server.example.com",
        initial: Some(
            b"n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01",
        ),
        steps: &[(br#"{"status":"invalid_token","scope":"example_scope"}"#, b"\x01")],
        ..Vector::plain(
            "RFC 7628 §4.3, with SMTP as in §4.4",
            "user@example.com",
            "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
        )
    }],
};

struct OauthBearer<'a> {
    credentials: &'a Credentials,
    host: String,
    port: u16,
    state: OauthBearerState,
}

enum OauthBearerState {
    Begun,
    Spoken,
    Refused,
}

impl OauthBearer<'_> {
    fn message(&mut self) -> Response {
        self.state = OauthBearerState::Spoken;
        // RFC 5801 §4: the name in the header is a saslname, in which commas and equals signs are escaped.
        let name = super::scram::saslname(self.credentials.authzid.as_ref().unwrap_or(&self.credentials.user));
        let (host, port, secret) = (&self.host, self.port, self.credentials.revealed());
        let text = Zeroizing::new(format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01"));
        Response::secret(Zeroizing::new(text.as_bytes().to_vec()))
    }
}

impl Exchange for OauthBearer<'_> {
    fn initial(&mut self) -> Option<Response> {
        Some(self.message())
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        match self.state {
            OauthBearerState::Begun => Ok(self.message()),
            OauthBearerState::Spoken => {
                self.state = OauthBearerState::Refused;
                Ok(Response { explained: token::refusal(challenge), ..Response::open(vec![1]) })
            }
            OauthBearerState::Refused => Err(Broken::UnexpectedChallenge),
        }
    }
}
