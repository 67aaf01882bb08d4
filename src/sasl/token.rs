//! Facts about a bearer token before it is used, and the server's error message after it was rejected. The token is
//! never shown. Only its kind and some of its claims are shown, as evidence.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::Secret;

/// The facts that are visible in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The kind of token.
    pub form: TokenForm,
    /// When it expires, in seconds since 1970 (`exp`, RFC 7519 §4.1.4).
    pub expires: Option<i64>,
    /// The service that it is for (`aud`, RFC 7519 §4.1.3).
    pub audience: Option<String>,
    /// The other claims, if the token is a JSON Web Token.
    pub claims: Option<TokenClaims>,
}

/// The kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TokenForm {
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A refresh token, which may be sent only to the token service.
    Refresh,
    /// The token service's JSON document, which contains the token.
    Document,
    /// The token service's JSON document, which also contains a refresh token.
    DocumentWithRefreshToken,
    /// A token preceded by `Bearer`.
    Prefixed,
    /// A complete XOAUTH2 or OAUTHBEARER response, which contains the token.
    Finished,
    /// A name or placeholder that should have been replaced by the token.
    Placeholder,
    /// The code that is exchanged for a token.
    AuthorizationCode,
    /// The secret that an application uses to authenticate to the token service.
    ClientSecret,
    /// A token in quotation marks.
    Quoted,
    /// A token with spaces or line breaks, or only the beginning of a JSON Web Token.
    Damaged,
    /// Any other token.
    Opaque,
}

impl TokenForm {
    /// Whether this is a refresh token or contains one. A refresh token may be sent only to the token service.
    pub fn has_refresh_token(self) -> bool {
        matches!(self, TokenForm::Refresh | TokenForm::DocumentWithRefreshToken)
    }
}

/// Claims of a JSON Web Token about its permissions and its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TokenClaims {
    /// The permissions of a user (`scp` or `scope`).
    pub scopes: Vec<String>,
    /// The permissions of an application (`roles`).
    pub roles: Vec<String>,
    /// Whether it was issued to an application, not to a user.
    pub is_of_application: bool,
    /// The user to whom it was issued, if the login is for a different user.
    pub other_user: Option<String>,
    /// Whether the user name of the login is the id of an application or object instead of an email address.
    pub login_is_an_id: bool,
}

/// Determines the facts about a token that is used to log in as `user`.
pub(crate) fn inspect(secret: &Secret, user: &str) -> Facts {
    let text = secret.reveal();
    if let Some(claims) = claims(text) {
        let audience = match claims.get("aud") {
            Some(Value::String(one)) => Some(one.clone()),
            Some(Value::Array(several)) => several.first().and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let expires = claims.get("exp").and_then(Value::as_i64);
        return Facts { form: TokenForm::Jwt, expires, audience, claims: Some(of_owner(&claims, user)) };
    }
    Facts { form: shape(text), expires: None, audience: None, claims: None }
}

/// The kind of token, if it is not a JSON Web Token.
fn shape(text: &str) -> TokenForm {
    let trimmed = text.trim();
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        if let Ok(Value::Object(fields)) = serde_json::from_str(trimmed) {
            let has_refresh =
                fields.keys().any(|name| name.to_ascii_lowercase().replace(['_', '-'], "") == "refreshtoken");
            return if has_refresh { TokenForm::DocumentWithRefreshToken } else { TokenForm::Document };
        }
        if trimmed.contains("access_token") {
            let has_refresh = trimmed.contains("refresh_token");
            return if has_refresh { TokenForm::DocumentWithRefreshToken } else { TokenForm::Document };
        }
    }
    let first = trimmed.split([' ', ':', '=']).next().unwrap_or_default().to_ascii_lowercase();
    if matches!(first.as_str(), "bearer" | "authorization") && first.len() < trimmed.len() {
        return TokenForm::Prefixed;
    }
    if is_finished(trimmed) {
        return TokenForm::Finished;
    }
    if is_placeholder(trimmed) {
        return TokenForm::Placeholder;
    }
    let inner = unquoted(trimmed);
    if let Some(inner) = inner {
        return match shape(inner) {
            TokenForm::Opaque if claims(inner).is_none() && inner.len() < 20 => TokenForm::Opaque,
            TokenForm::Opaque => TokenForm::Quoted,
            other => other,
        };
    }
    // Google: refresh tokens begin with 1//, access tokens with ya29, authorization codes with 4/0, client secrets with
    // GOCSPX-. Microsoft: 0.A and 1.A, and M.C or M.R for personal accounts, where an access token begins with EwB or
    // eyJ.
    let starts = |all: &[&str]| all.iter().any(|start| trimmed.starts_with(start));
    if starts(&["1//", "0.A", "1.A", "M.C", "M.R"]) {
        return TokenForm::Refresh;
    }
    if starts(&["4/0"]) {
        return TokenForm::AuthorizationCode;
    }
    if starts(&["GOCSPX-"]) || is_entra_secret(trimmed) {
        return TokenForm::ClientSecret;
    }
    // A token consists of the characters in RFC 6750 section 2.1. A token with five parts is encrypted (JWE).
    let is_cut = starts(&["eyJ"]) && !matches!(trimmed.split('.').count(), 3 | 5);
    if text.contains(char::is_whitespace) && starts(&["eyJ", "ya29.", "EwB"]) || is_cut {
        return TokenForm::Damaged;
    }
    TokenForm::Opaque
}

/// The text inside quotation marks.
fn unquoted(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark))
}

/// Whether this is the message that a client sends for XOAUTH2 or OAUTHBEARER (RFC 7628 §3.1), with or without base64
/// encoding.
fn is_finished(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let decoded =
        STANDARD.decode(compact.as_bytes()).or_else(|_| URL_SAFE_NO_PAD.decode(compact.trim_end_matches('=')));
    let is_sasl = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let begins = text.starts_with("user=") || text.starts_with("n,");
        begins && text.contains("auth=")
    };
    is_sasl(text.as_bytes()) || decoded.is_ok_and(|bytes| is_sasl(&bytes))
}

/// Whether this is a placeholder from an example, or the name of a variable, instead of a value.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let enclosed =
        [("<", ">"), ("${", "}"), ("{{", "}}"), ("$(", ")"), ("%", "%"), ("[", "]"), ("{", "}"), ("promise {", "}")];
    let is_enclosed = enclosed.iter().any(|(open, close)| {
        lower.len() > open.len() + close.len() && lower.starts_with(open) && lower.ends_with(close) && lower.len() < 100
    });
    let is_variable = text.strip_prefix('$').is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '>' | '-'))
    });
    let word: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_empty_value = matches!(word.as_str(), "null" | "undefined" | "none" | "nil" | "true" | "false" | "xxx")
        || word.len() >= 4 && word.bytes().all(|byte| byte == b'x');
    let is_letters = text.chars().all(|c| {
        c.is_ascii_alphabetic() || matches!(c, '_' | '-' | '.' | ' ' | '(' | ')' | '[' | ']' | '"' | '\'' | ';')
    });
    let is_identifier = text.contains(['.', '_']) && word.ends_with("token");
    let is_request =
        ["your", "insert", "paste", "replace", "enter", "put", "my"].iter().any(|start| word.starts_with(start));
    let names_a_token =
        matches!(word.as_str(), "token" | "accesstoken" | "bearertoken" | "oauthtoken" | "authtoken" | "bearer")
            || is_identifier
            || is_request && word.contains("token");
    let is_type = ["system.", "microsoft.identity", "com.google.", "<coroutine", "java.util"]
        .iter()
        .any(|start| lower.starts_with(start));
    is_enclosed || is_variable || is_empty_value || is_type || (is_letters && names_a_token && text.len() < 60)
}

/// A client secret of Microsoft Entra: 40 characters; the fourth is a digit, followed by `Q~`.
fn is_entra_secret(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'.' | b'_' | b'-');
    let bytes = text.as_bytes();
    (38..=44).contains(&bytes.len())
        && bytes.iter().all(|byte| is_plain(*byte))
        && bytes.get(3).is_some_and(u8::is_ascii_digit)
        && bytes.get(4..6) == Some(b"Q~")
}

/// The claims about permissions and owner (Microsoft's documentation of access tokens).
fn of_owner(claims: &Value, user: &str) -> TokenClaims {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let words = |name: &str| -> Vec<String> {
        match claims.get(name) {
            Some(Value::String(all)) => all.split_whitespace().take(MAX_NAMES).map(shortened).collect(),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(MAX_NAMES).map(shortened).collect(),
            _ => Vec::new(),
        }
    };
    let mut scopes = words("scp");
    scopes.extend(words("scope"));
    let roles = words("roles");
    let names: Vec<&str> = ["upn", "preferred_username", "unique_name", "email"]
        .into_iter()
        .filter_map(text)
        .filter(|name| name.contains('@'))
        .collect();
    let is_same = |name: &&str| name.trim_start_matches("live.com#").eq_ignore_ascii_case(user);
    let of_application = match text("idtyp") {
        Some(kind) => kind.eq_ignore_ascii_case("app"),
        None => {
            let is_own_subject =
                text("appid").or(text("azp")).is_some() && text("sub").is_some() && text("sub") == text("oid");
            scopes.is_empty() && names.is_empty() && (!roles.is_empty() || is_own_subject)
        }
    };
    let ids = ["appid", "azp", "client_id", "oid", "sub", "tid"];
    TokenClaims {
        is_of_application: of_application,
        other_user: names.first().filter(|_| !names.iter().any(is_same)).map(|name| shortened(name)),
        login_is_an_id: !user.is_empty()
            && !user.contains('@')
            && ids.into_iter().filter_map(text).any(|id| id.eq_ignore_ascii_case(user)),
        scopes,
        roles,
    }
}

/// The maximum number of scopes or roles that are kept.
const MAX_NAMES: usize = 50;

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
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
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::{TokenForm, inspect, refusal};
    use crate::secret::Secret;

    fn seen(text: &str) -> super::Facts {
        inspect(&Secret::new(text.to_owned()), "me@example.net")
    }

    fn jwt(claims: &str) -> String {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        format!("{}.{}.sig", part(r#"{"alg":"RS256"}"#), part(claims))
    }

    #[test]
    fn expiry_and_audience_of_a_json_web_token_are_parsed() {
        let facts = seen(&jwt(r#"{"aud":"https://graph.microsoft.com","exp":1700000000}"#));
        assert_eq!((facts.form, facts.expires), (TokenForm::Jwt, Some(1_700_000_000)));
        assert_eq!(facts.audience.as_deref(), Some("https://graph.microsoft.com"));
        assert_eq!(seen(&jwt(r#"{"aud":["a","b"]}"#)).audience.as_deref(), Some("a"));
    }

    #[test]
    fn permissions_and_owner_of_a_json_web_token_are_parsed() {
        let of = |claims: &str| seen(&jwt(claims)).claims.expect("claims");
        let user = of(r#"{"scp":"IMAP.AccessAsUser.All POP.AccessAsUser.All","upn":"Me@example.net"}"#);
        assert_eq!(user.scopes, ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All"]);
        assert_eq!((user.other_user, user.is_of_application), (None, false));
        let other = of(r#"{"scp":"SMTP.Send","preferred_username":"admin@example.net"}"#);
        assert_eq!(other.other_user.as_deref(), Some("admin@example.net"));
        let application = of(r#"{"idtyp":"app","roles":["SMTP.SendAsApp"]}"#);
        assert_eq!(
            (application.roles.as_slice(), application.is_of_application),
            (&["SMTP.SendAsApp".to_owned()][..], true)
        );
        assert!(of(r#"{"appid":"1","sub":"2","oid":"2"}"#).is_of_application);
        assert!(!of(r#"{"appid":"1","sub":"3","oid":"2"}"#).is_of_application);
        let id = inspect(&Secret::new(jwt(r#"{"appid":"11111111-2222"}"#)), "11111111-2222");
        assert!(id.claims.expect("claims").login_is_an_id);
    }

    #[test]
    fn refresh_tokens_are_distinguished_from_access_tokens() {
        for text in ["1//0abc", "0.AXkAabc", "M.C512_BAY.0.U"] {
            assert_eq!(seen(text).form, TokenForm::Refresh, "{text}");
        }
        for text in ["ya29.a0Af", "EwBYA", "hunter2", "a.b.c", "", "eyJ.a.b.c.d", "f3b1c2d4e5f60718293a4b5c6d7e8f90"] {
            assert_eq!(seen(text).form, TokenForm::Opaque, "{text}");
        }
    }

    #[test]
    fn text_that_is_not_a_token_is_recognised_by_its_shape() {
        let finished = STANDARD.encode("user=me@example.net\x01auth=Bearer ya29.x\x01\x01");
        let bearer = STANDARD.encode("n,a=me@example.net,\x01host=x\x01auth=Bearer ya29.x\x01\x01");
        for (text, form) in [
            (r#"{"access_token":"ya29.x","expires_in":3599}"#, TokenForm::Document),
            (r#"{"access_token":"a", "refresh_token":"b"}"#, TokenForm::DocumentWithRefreshToken),
            (r#"{"error":"invalid_grant"}"#, TokenForm::Document),
            ("Bearer ya29.x", TokenForm::Prefixed),
            ("Authorization: Bearer ya29.x", TokenForm::Prefixed),
            (finished.as_str(), TokenForm::Finished),
            (bearer.as_str(), TokenForm::Finished),
            ("user=me@example.net\x01auth=Bearer x\x01\x01", TokenForm::Finished),
            ("result.AccessToken", TokenForm::Placeholder),
            ("<token>", TokenForm::Placeholder),
            ("YOUR_ACCESS_TOKEN", TokenForm::Placeholder),
            ("$TOKEN", TokenForm::Placeholder),
            ("${ACCESS_TOKEN}", TokenForm::Placeholder),
            ("{{ token }}", TokenForm::Placeholder),
            ("undefined", TokenForm::Placeholder),
            ("[object Object]", TokenForm::Placeholder),
            ("Promise { <pending> }", TokenForm::Placeholder),
            ("4/0AX4XfWh", TokenForm::AuthorizationCode),
            ("GOCSPX-abc", TokenForm::ClientSecret),
            ("abc8Q~aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TokenForm::ClientSecret),
            ("\"ya29.a0AfB_byDdddddddddd\"", TokenForm::Quoted),
            ("ya29.a0 Af", TokenForm::Damaged),
            ("eyJhbGciOiJub25lIn0", TokenForm::Damaged),
        ] {
            assert_eq!(seen(text).form, form, "{text}");
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
