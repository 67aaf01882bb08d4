//! What is visible in a token: its kind and some of its claims. The token itself is not part of the evidence.

use serde::{Deserialize, Serialize};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TokenForm {
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A refresh token, which may be sent only to the token service.
    Refresh,
    /// The JSON document of the token service, which contains the token.
    Document,
    /// The same, with a refresh token in it.
    DocumentWithRefreshToken,
    /// A token with `Bearer` before it.
    Prefixed,
    /// The finished response of XOAUTH2 or OAUTHBEARER, which contains the token.
    Finished,
    /// A name or placeholder that was to be replaced by the token.
    Placeholder,
    /// The code that is exchanged for a token.
    AuthorizationCode,
    /// The secret with which an application identifies itself to the token service.
    ClientSecret,
    /// A token in quotation marks.
    Quoted,
    /// A token with spaces or line breaks, or the beginning of a JSON Web Token.
    Damaged,
    /// Any other token.
    Opaque,
}

impl TokenForm {
    /// Whether it is a refresh token or contains one, which may be sent only to the token service.
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
    /// The user to whom it was issued, if the login is for another one.
    pub other_user: Option<String>,
    /// Whether the user name of the login is the id of an application or object instead of an email address.
    pub login_is_an_id: bool,
}

#[cfg(test)]
mod tests {
    use crate::evidence::{Event, EventKind};

    #[test]
    fn a_report_from_before_the_claims_is_loaded() {
        let saved = r#"{"seq":1,"at_ms":1.0,"probe":1,"phase":"auth","tls":true,"kind":"token","form":"jwt","expires":1,"audience":"a"}"#;
        let event: Event = serde_json::from_str(saved).expect("a saved event");
        assert!(matches!(event.what, EventKind::Token { claims: None, .. }));
    }
}
