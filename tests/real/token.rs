//! Access tokens as a token service makes them: JSON Web Tokens (RFC 7519), signed with HS256 (RFC 7518 §3.2).
//!
//! The test password is among the claims, so that a run which shows a token shows the password and fails.

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

/// A token for this user that ends then.
pub fn token(user: &str, end: SystemTime, key: &[u8]) -> String {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let claims = json!({
        "sub": user, "email": user, "jti": CANARY, "exp": seconds(end), "iat": seconds(SystemTime::now() - 3 * HOUR),
    });
    let part = |value: serde_json::Value| BASE64.encode(value.to_string());
    let signed = format!("{}.{}", part(json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

/// A command that prints it, and the file that this command reads.
pub fn command(token: &str) -> (String, NamedTempFile) {
    let file = NamedTempFile::new().expect("a writable directory");
    fs::write(file.path(), token).expect("a file of ours");
    (format!("cat {}", quoted(file.path())), file)
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_str().expect("a name of ours"))
}
