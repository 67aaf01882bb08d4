//! CRAM-MD5 (RFC 2195): HMAC-MD5 of a challenge, with the password as the key. The password is not sent, but an
//! eavesdropper can test password guesses against the response, and the server is not authenticated.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "CRAM-MD5",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(CramMd5 { credentials: opening.credentials, answered: false }),
    vectors: &[Vector {
        steps: &[(b"<1896.697170952@postoffice.reston.mci.net>", b"tim b913a602c7eda7a495b4e6e7334d3890")],
        ..Vector::plain("RFC 2195 §2, example", "tim", "tanstaaftanstaaf")
    }],
};

struct CramMd5<'a> {
    credentials: &'a Credentials,
    answered: bool,
}

impl Exchange for CramMd5<'_> {
    fn initial(&mut self) -> Option<Response> {
        None
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        if std::mem::replace(&mut self.answered, true) {
            return Err(Broken::UnexpectedChallenge);
        }
        // RFC 2195 §2: the challenge is a message id, so it consists of printable characters and is not empty. It is
        // different each time, so that a response cannot be replayed. Like other clients, smtpcheck does not require
        // angle brackets.
        if challenge.is_empty() || !challenge.iter().all(u8::is_ascii_graphic) {
            return Err(Broken::Malformed);
        }
        let mut mac = Hmac::<Md5>::new_from_slice(self.credentials.revealed().as_bytes())
            .expect("HMAC accepts a key of any length (RFC 2104 §2)");
        mac.update(challenge);
        let mut bytes = Zeroizing::new(self.credentials.user.clone().into_bytes());
        bytes.push(b' ');
        let digest = Zeroizing::new(super::checksums::hex(&mac.finalize().into_bytes()).into_bytes());
        bytes.extend_from_slice(&digest);
        Ok(Response::proof(bytes, vec![digest]))
    }
}
