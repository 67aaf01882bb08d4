//! Facts about a bearer token before it is used, and the server's error message after it was rejected. The token is
//! never shown; only its kind, its expiry and its audience are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::secret::Secret;

/// The facts that are visible in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The kind of token.
    pub form: TokenShape,
    /// When it expires, in seconds since 1970 (`exp`, RFC 7519 §4.1.4).
    pub expires: Option<i64>,
    /// The service that it is for (`aud`, RFC 7519 §4.1.3).
    pub audience: Option<String>,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenShape {
    /// A JSON Web Token, whose claims can be parsed.
    Jwt,
    /// A refresh token. It is long-lived and may be sent only to the token service, never to a mail server.
    Refresh,
    /// Any other token.
    Opaque,
}

/// Determines the facts about a token.
pub(crate) fn inspect(secret: &Secret) -> Facts {
    let text = secret.reveal();
    if let Some(claims) = claims(text) {
        let audience = match claims.get("aud") {
            Some(Value::String(one)) => Some(one.clone()),
            Some(Value::Array(several)) => several.first().and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        return Facts { form: TokenShape::Jwt, expires: claims.get("exp").and_then(Value::as_i64), audience };
    }
    // Google: refresh tokens begin with 1//, access tokens with ya29. Microsoft: 0.A and 1.A, and M.C or M.R for
    // personal accounts, where an access token begins with EwB or eyJ.
    let refresh = ["1//", "0.A", "1.A", "M.C", "M.R"].iter().any(|start| text.starts_with(start));
    Facts { form: if refresh { TokenShape::Refresh } else { TokenShape::Opaque }, expires: None, audience: None }
}

/// The decoded claims, the middle part of `header.claims.signature` (RFC 7519 §7.2).
fn claims(text: &str) -> Option<Value> {
    let mut parts = text.split('.');
    let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let decode = |part: &str| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    decode(header)?.get("alg")?;
    decode(claims).filter(Value::is_object)
}

/// The server's error message about a rejected token. JSON with fields such as `status` is formatted as one line; other
/// text is returned unchanged.
pub(super) fn refusal(challenge: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(challenge).ok()?.trim();
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return (!text.is_empty()).then(|| text.chars().take(500).collect());
    };
    let word = |name: &str| fields.get(name).and_then(Value::as_str).map(|value| format!("{name} {value}"));
    let words: Vec<String> =
        ["status", "error", "error_description", "schemes", "scope"].into_iter().filter_map(word).collect();
    Some(words.join(", ").chars().take(500).collect())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{TokenShape, inspect, refusal};
    use crate::secret::Secret;

    fn seen(text: &str) -> super::Facts {
        inspect(&Secret::new(text.to_owned()))
    }

    #[test]
    fn expiry_and_audience_of_a_json_web_token_are_parsed() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let header = part(r#"{"alg":"RS256"}"#);
        let token = format!("{header}.{}.sig", part(r#"{"aud":"https://graph.microsoft.com","exp":1700000000}"#));
        let facts = seen(&token);
        assert_eq!((facts.form, facts.expires), (TokenShape::Jwt, Some(1_700_000_000)));
        assert_eq!(facts.audience.as_deref(), Some("https://graph.microsoft.com"));
        let several = format!("{header}.{}.sig", part(r#"{"aud":["a","b"]}"#));
        assert_eq!(seen(&several).audience.as_deref(), Some("a"));
    }

    #[test]
    fn refresh_tokens_are_distinguished_from_access_tokens() {
        for text in ["1//0abc", "0.AXkAabc", "M.C512_BAY.0.U"] {
            assert_eq!(seen(text).form, TokenShape::Refresh, "{text}");
        }
        for text in ["ya29.a0Af", "EwBYA", "hunter2", "a.b.c", ""] {
            assert_eq!(seen(text).form, TokenShape::Opaque, "{text}");
        }
    }

    #[test]
    fn an_error_in_json_is_formatted_as_text() {
        let text = refusal(br#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#);
        assert_eq!(text.as_deref(), Some("status 400, schemes Bearer, scope https://mail.google.com/"));
        assert_eq!(refusal(b"no").as_deref(), Some("no"));
        assert_eq!(refusal(b""), None);
    }
}
