//! Access tokens as an authorization server issues them: JSON Web Tokens (RFC 7519), signed with HS256 (RFC 7518 §3.2).
//!
//! The claims contain the test password, so a run that prints a token prints the password, and its test fails.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tempfile::NamedTempFile;

use crate::servers::CANARY;

pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// A token for this user that expires at `end`.
pub fn token(user: &str, end: SystemTime, key: &[u8]) -> String {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).expect("the time is after 1970").as_secs();
    let claims = json!({
        "sub": user, "email": user, "jti": CANARY, "exp": seconds(end), "iat": seconds(SystemTime::now() - 3 * HOUR),
    });
    let part = |value: serde_json::Value| BASE64.encode(value.to_string());
    let signed = format!("{}.{}", part(json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC accepts keys of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// A command that prints the token, and the file that the command reads.
pub fn command(token: &str) -> (String, NamedTempFile) {
    let file = NamedTempFile::new().expect("the directory is writable");
    fs::write(file.path(), token).expect("the file can be written");
    (format!("cat {}", quoted(file.path())), file)
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_str().expect("the path is UTF-8"))
}
