//! DIGEST-MD5 (RFC 2831, made historic by RFC 6331): a checksum of password, realm and nonces. It was made historic
//! because implementations are incompatible. smtpcheck supports its simplest form, `qop=auth` without a security layer.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{Broken, CredentialKind, Credentials, Exchange, ExchangeStart, Mechanism, Response, Vector};

pub(super) static MECHANISM: Mechanism = Mechanism {
    name: "DIGEST-MD5",
    needs: CredentialKind::Password,
    begin: |opening| Box::new(DigestMd5::new(opening)),
    vectors: &[Vector {
        nonce: "OA9BSuZWMSpW8m",
        host: "elwood.innosoft.com",
        steps: &[
            (
                b"realm=\"elwood.innosoft.com\",nonce=\"OA9BSXrbuRhWay\",qop=\"auth\",algorithm=md5-sess,charset=utf-8",
                b"charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA9BSXrbuRhWay\",nc=00000001,cnonce=\"OA9BSuZWMSpW8m\",digest-uri=\"smtp/elwood.innosoft.com\",response=e01d8370b3fc84ba54dce8541cfc9a19,qop=auth",
            ),
            (b"rspauth=bfe2a7c8f434bae0d73e8f7808d35c13", b""),
        ],
        ..Vector::plain("computed from RFC 2831 §2.1 (historic), with the service smtp", "chris", "secret")
    }],
};

const MAX_CHALLENGE: usize = 2048;

struct DigestMd5<'a> {
    credentials: &'a Credentials,
    host: String,
    cnonce: String,
    state: DigestState,
}

enum DigestState {
    Begun,
    /// The response was sent. The value is the proof that the server must send.
    Answered(String),
    Proved,
}

impl<'a> DigestMd5<'a> {
    fn new(opening: &ExchangeStart<'a, '_>) -> DigestMd5<'a> {
        DigestMd5 {
            credentials: opening.credentials,
            host: opening.means.host.clone(),
            cnonce: opening.means.nonce.clone(),
            state: DigestState::Begun,
        }
    }

    fn respond(&mut self, challenge: &str) -> Result<Response, Broken> {
        // RFC 2831 §2.1.1 (historic): a challenge has at most 2048 bytes, exactly one nonce, and exactly one algorithm,
        // which is md5-sess. A missing algorithm is accepted.
        let is_repeated = |name: &str| count(challenge, name) > 1;
        if challenge.len() > MAX_CHALLENGE || is_repeated("nonce") || is_repeated("algorithm") {
            return Err(Broken::Malformed);
        }
        if directive(challenge, "algorithm").is_some_and(|name| !name.eq_ignore_ascii_case("md5-sess")) {
            return Err(Broken::Malformed);
        }
        let nonce = directive(challenge, "nonce").filter(|nonce| !nonce.is_empty()).ok_or(Broken::Malformed)?;
        let realm = directive(challenge, "realm").unwrap_or_else(|| self.host.clone());
        let offers_auth = directive(challenge, "qop").is_none_or(|qop| qop.split(',').any(|one| one.trim() == "auth"));
        if !offers_auth {
            return Err(Broken::Malformed);
        }
        let utf8 = directive(challenge, "charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
        let user = &self.credentials.user;
        let uri = format!("smtp/{}", self.host);
        // RFC 2831 §2.1.2.1 (historic): A1 = H(user:realm:password) : nonce : cnonce [: authzid].
        let password = self.credentials.revealed();
        let inner = Md5::digest(Zeroizing::new(format!("{user}:{realm}:{password}")).as_bytes());
        let mut a1 = Zeroizing::new(inner.to_vec());
        a1.extend_from_slice(format!(":{nonce}:{}", self.cnonce).as_bytes());
        if let Some(authzid) = &self.credentials.authzid {
            a1.extend_from_slice(format!(":{authzid}").as_bytes());
        }
        let ha1 = Zeroizing::new(super::checksums::hex(&Md5::digest(&*a1)));
        let proof = |method: &str| {
            let ha2 = super::checksums::hex(&Md5::digest(format!("{method}:{uri}")));
            let text = Zeroizing::new(format!("{}:{nonce}:00000001:{}:auth:{ha2}", *ha1, self.cnonce));
            super::checksums::hex(&Md5::digest(text.as_bytes()))
        };
        let (response, owed) = (proof("AUTHENTICATE"), proof(""));
        let mut line = Zeroizing::new(String::new());
        if utf8 {
            line.push_str("charset=utf-8,");
        }
        line.push_str(&format!("username=\"{}\",realm=\"{}\",", quoted(user), quoted(&realm)));
        line.push_str(&format!("nonce=\"{}\",nc=00000001,cnonce=\"{}\",", quoted(&nonce), self.cnonce));
        line.push_str(&format!("digest-uri=\"{}\",response={response},qop=auth", quoted(&uri)));
        if let Some(authzid) = &self.credentials.authzid {
            line.push_str(&format!(",authzid=\"{}\"", quoted(authzid)));
        }
        let hides = [&response, &owed].map(|proof| Zeroizing::new(proof.clone().into_bytes())).into();
        self.state = DigestState::Answered(owed);
        Ok(Response::proof(Zeroizing::new(line.as_bytes().to_vec()), hides))
    }
}

impl Exchange for DigestMd5<'_> {
    fn initial(&mut self) -> Option<Response> {
        None
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Response, Broken> {
        let text = std::str::from_utf8(challenge).map_err(|_| Broken::Malformed)?;
        match &self.state {
            DigestState::Begun => self.respond(text),
            DigestState::Answered(expected) => {
                if directive(text, "rspauth").as_deref() != Some(expected.as_str()) {
                    return Err(Broken::ServerUnproved);
                }
                self.state = DigestState::Proved;
                Ok(Response::open(Vec::new()))
            }
            DigestState::Proved => Err(Broken::UnexpectedChallenge),
        }
    }

    fn is_proved(&self) -> bool {
        matches!(self.state, DigestState::Proved)
    }
}

/// The value of a directive, without its quotation marks and backslashes.
fn directive(text: &str, name: &str) -> Option<String> {
    directives(text).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn count(text: &str, name: &str) -> usize {
    directives(text).filter(|(key, _)| key.eq_ignore_ascii_case(name)).count()
}

fn directives(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = value_of(after)?;
        rest = next;
        Some((key.trim().trim_start_matches(',').trim(), value))
    })
}

/// The first value, and the text after the comma that follows it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(inside) = text.trim_start().strip_prefix('"') else {
        let (value, rest) = text.split_once(',').unwrap_or((text, ""));
        return Some((value.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = inside.get(at + 1..).unwrap_or_default().trim_start();
                return Some((value, rest.strip_prefix(',').unwrap_or(rest)));
            }
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{MECHANISM, directive};
    use crate::sasl::tests::{credentials, means};
    use crate::sasl::{Broken, CredentialKind, ExchangeStart};

    #[test]
    fn directives_are_parsed_with_and_without_quotation_marks() {
        let text = r#"realm="a, \"b\"", nonce=abc,qop="auth,auth-int""#;
        assert_eq!(directive(text, "realm").as_deref(), Some("a, \"b\""));
        assert_eq!(directive(text, "nonce").as_deref(), Some("abc"));
        assert_eq!(directive(text, "qop").as_deref(), Some("auth,auth-int"));
        assert_eq!(directive(text, "charset"), None);
    }

    #[test]
    fn a_server_without_a_valid_proof_is_rejected() {
        let (credentials, means) =
            (credentials(CredentialKind::Password, "chris", "secret"), means("mail.example.net", "n"));
        let opening = ExchangeStart { credentials: &credentials, means: &means, binding: None, offers_plus: false };
        let mut exchange = (MECHANISM.begin)(&opening);
        assert!(exchange.answer(b"nonce=\"x\",qop=\"auth\"").is_ok());
        assert!(!exchange.is_proved());
        assert!(matches!(exchange.answer(b"rspauth=0000"), Err(Broken::ServerUnproved)));
    }
}
