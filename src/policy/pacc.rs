//! PACC (draft-ietf-mailmaint-pacc): a JSON file with the host for sending mail, and a TXT record with the SHA-256
//! digest of the file. The digest ties the file to the domain's DNS; without a matching record, the file is not used.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The information in a file about sending mail. The ports are those with implicit TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaccFile {
    /// The host for SMTP; `None` if the file has none.
    pub(crate) host: Option<String>,
    /// The name of the provider.
    pub(crate) provider: Option<String>,
    /// Whether a password is accepted; `None` if the file does not state it.
    pub(crate) password: Option<bool>,
    /// Whether OAuth 2.0 tokens are accepted.
    pub(crate) oauth: bool,
}

#[derive(Deserialize)]
struct PaccDocument {
    #[serde(default)]
    protocols: PaccProtocols,
    #[serde(default)]
    authentication: Authentication,
    #[serde(default)]
    info: Info,
}

#[derive(Default, Deserialize)]
struct PaccProtocols {
    smtp: Option<PaccProtocol>,
}

#[derive(Deserialize)]
struct PaccProtocol {
    host: Option<String>,
}

#[derive(Default, Deserialize)]
struct Authentication {
    password: Option<bool>,
    #[serde(rename = "oauth-public")]
    oauth: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct Info {
    provider: Option<PaccProvider>,
}

#[derive(Deserialize)]
struct PaccProvider {
    name: Option<String>,
}

/// Parses a file; `None` if it is not JSON of this form.
pub(crate) fn parse(text: &str) -> Option<PaccFile> {
    let document: PaccDocument = serde_json::from_str(text).ok()?;
    Some(PaccFile {
        host: document.protocols.smtp.and_then(|smtp| smtp.host).filter(|host| !host.is_empty()),
        provider: document.info.provider.and_then(|provider| provider.name),
        password: document.authentication.password,
        oauth: document.authentication.oauth.is_some(),
    })
}

/// The digest in a TXT record; `None` if the record is not a PACC record with SHA-256.
pub(crate) fn digest_of(record: &str) -> Option<Vec<u8>> {
    let mut tags =
        record.split(';').filter_map(|tag| tag.split_once('=')).map(|(name, value)| (name.trim(), value.trim()));
    let (version, value) = tags.next()?;
    if version != "v" || value != "UAAC1" {
        return None;
    }
    let tags: Vec<(&str, &str)> = tags.collect();
    let of = |wanted: &str| tags.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let is_sha256 = of("a").is_some_and(|name| name.eq_ignore_ascii_case("sha256"));
    STANDARD.decode(of("d")?).ok().filter(|digest| is_sha256 && digest.len() == 32)
}

/// Whether the digest is that of the file.
pub(crate) fn matches(digest: &[u8], file: &str) -> bool {
    Sha256::digest(file.as_bytes()).as_slice() == digest
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::{PaccFile, digest_of, matches, parse};

    const FILE: &str = r#"{"protocols":{"smtp":{"host":"smtp.example.com"},"imap":{"host":"imap.example.com"}},"authentication":{"oauth-public":{"issuer":"login.example.com"},"password":true},"info":{"provider":{"name":"Example","shortName":"Ex"}}}"#;

    #[test]
    fn a_file_is_read_and_unknown_keys_are_ignored() {
        let expected = PaccFile {
            host: Some("smtp.example.com".to_owned()),
            provider: Some("Example".to_owned()),
            password: Some(true),
            oauth: true,
        };
        assert_eq!(parse(FILE), Some(expected));
        assert_eq!(parse("{}").map(|file| file.host), Some(None));
        assert_eq!(parse("<html>"), None);
        assert_eq!(parse(r#"{"protocols":{"smtp":5}}"#), None);
    }

    #[test]
    fn the_digest_must_be_that_of_the_file() {
        let digest = STANDARD.encode(Sha256::digest(FILE.as_bytes()));
        let found = digest_of(&format!("v=UAAC1; a=sha256; d={digest}")).expect("a digest");
        assert!(matches(&found, FILE) && !matches(&found, "{}"));
        for wrong in ["v=UAAC2; a=sha256; d=AAAA", "v=UAAC1; a=sha256; d=AAAA", "v=UAAC1; d=", "v=spf1 -all", ""] {
            assert_eq!(digest_of(wrong), None, "{wrong}");
        }
    }
}
