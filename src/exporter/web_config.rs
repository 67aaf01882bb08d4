//! Parses the web configuration file of the Prometheus exporter toolkit (`--web.config.file` of other exporters), a
//! YAML file with certificates and users:
//!
//! ```yaml
//! tls_server_config:
//!   cert_file: server.crt
//!   key_file: server.key
//! basic_auth_users:
//!   prometheus: $2y$10$...
//! ```
//!
//! Paths are relative to the directory of the file. A key of the toolkit that smtpcheck does not support is an error.
//! If smtpcheck ignored the key, an administrator could rely on a restriction that has no effect. Error messages never
//! contain the hash of a password.
//!
//! The size, the depth and the number of values are limited, and aliases are not allowed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bcrypt::HashParts;
use hyper::header::{HeaderName, HeaderValue};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::source::{FileError, Position, nearest};

/// The maximum depth of a value. The deepest value that smtpcheck supports has depth 3.
const DEEPEST: usize = 8;

/// The maximum number of parser events. A file with a thousand users has about 2,000.
const MOST_EVENTS: usize = 20_000;

/// The cost of a hash is the binary logarithm of its number of rounds. One comparison takes about 90 ms with a cost of
/// 10, and three seconds with a cost of 15.
const MOST_COST: u32 = 15;

/// The response headers that the toolkit allows.
const HEADERS: &[&str] = &[
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

/// The content of the file.
#[derive(Debug, Default)]
pub(super) struct WebConfig {
    /// The TLS server; `None` means HTTP.
    pub(super) tls: Option<TlsServerConfig>,
    /// The bcrypt hash of each user's password. Without users, no password is needed.
    pub(super) users: BTreeMap<String, String>,
    /// Headers that every response contains.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// `tls_server_config`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsServerConfig {
    /// The certificate chain.
    pub(super) cert: PathBuf,
    /// Its private key.
    pub(super) key: PathBuf,
    /// Whether clients need a certificate, and the CA that issues it.
    pub(super) clients: ClientCertificates,
    /// The lowest version.
    pub(super) min: ServerTlsVersion,
    /// The highest version.
    pub(super) max: ServerTlsVersion,
}

/// `client_auth_type`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientCertificates {
    /// `NoClientCert`.
    NotRequested,
    /// `VerifyClientCertIfGiven`.
    Optional(PathBuf),
    /// `RequireAndVerifyClientCert`.
    Required(PathBuf),
}

/// The versions that the TLS library supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ServerTlsVersion {
    Tls12,
    Tls13,
}

/// Parses the text of a file.
pub(super) fn parse(text: &str, file: &Path) -> Result<WebConfig, FileError> {
    let reader = WebConfigReader { file };
    let Some(root) = reader.tree(text)? else { return Ok(WebConfig::default()) };
    let mut config = WebConfig::default();
    for (key, value) in reader.entries(&root, "the file")? {
        match key.text.as_str() {
            "tls_server_config" => config.tls = reader.tls(value)?,
            "http_server_config" => config.headers = reader.http(value)?,
            "basic_auth_users" => config.users = reader.users(value)?,
            "rate_limit" => return Err(reader.unsupported(key, "limit the requests in a proxy")),
            _ => {
                return Err(reader.unknown(key, &["tls_server_config", "http_server_config", "basic_auth_users"]));
            }
        }
    }
    Ok(config)
}

/// A value with its position.
#[derive(Debug)]
struct YamlValue {
    at: Position,
    content: YamlContent,
}

#[derive(Debug)]
enum YamlContent {
    Null,
    Text(String),
    /// No key has a list as its value.
    List,
    Map(Vec<(YamlKey, YamlValue)>),
}

#[derive(Debug)]
struct YamlKey {
    at: Position,
    text: String,
}

struct WebConfigReader<'a> {
    file: &'a Path,
}

/// A list or a map whose end has not been read.
enum OpenValue {
    List(Position),
    Map(Position, Vec<(YamlKey, YamlValue)>, Option<YamlKey>),
}

impl WebConfigReader<'_> {
    fn wrong(&self, at: Position, message: impl Into<String>) -> FileError {
        FileError::new(self.file, at, message)
    }

    /// The value of the file; `None` if it is empty.
    fn tree(&self, text: &str) -> Result<Option<YamlValue>, FileError> {
        let mut open: Vec<OpenValue> = Vec::new();
        let mut root = None;
        for (count, step) in Parser::new_from_str(text).enumerate() {
            let (event, span) = step.map_err(|error| {
                let at = Position { line: error.marker().line(), column: error.marker().col() + 1 };
                self.wrong(at, format!("invalid YAML: {}", error.info().replace('\n', ", ")))
            })?;
            let at = position(&span);
            if count >= MOST_EVENTS || open.len() > DEEPEST {
                return Err(self.wrong(at, "the file has too many values"));
            }
            let value = match event {
                Event::Alias(_) => return Err(self.wrong(at, "aliases are not supported; repeat the value")),
                Event::Scalar(_, _, _, Some(_))
                | Event::SequenceStart(_, Some(_))
                | Event::MappingStart(_, Some(_)) => {
                    return Err(self.wrong(at, "tags are not supported; remove the tag"));
                }
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(self.wrong(at, "the file contains two documents; remove one"));
                }
                Event::SequenceStart(..) => {
                    open.push(OpenValue::List(at));
                    continue;
                }
                Event::MappingStart(..) => {
                    open.push(OpenValue::Map(at, Vec::new(), None));
                    continue;
                }
                Event::Scalar(text, style, ..) => {
                    let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                    let content = if is_null { YamlContent::Null } else { YamlContent::Text(text.into_owned()) };
                    YamlValue { at, content }
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(OpenValue::List(at)) => YamlValue { at, content: YamlContent::List },
                    Some(OpenValue::Map(at, entries, _)) => YamlValue { at, content: YamlContent::Map(entries) },
                    None => continue,
                },
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => continue,
            };
            match open.last_mut() {
                None => root = Some(value),
                Some(OpenValue::List(_)) => {}
                Some(OpenValue::Map(_, entries, key)) => match key.take() {
                    Some(key) => entries.push((key, value)),
                    None => {
                        let YamlContent::Text(text) = value.content else {
                            return Err(self.wrong(value.at, "this is not a key; write KEY: VALUE"));
                        };
                        if entries.iter().any(|(known, _)| known.text == text) {
                            return Err(self.wrong(value.at, format!("duplicate key {}", text.escape_debug())));
                        }
                        *key = Some(YamlKey { at: value.at, text });
                    }
                },
            }
        }
        Ok(root.filter(|root| !matches!(root.content, YamlContent::Null)))
    }

    fn entries<'v>(&self, value: &'v YamlValue, name: &str) -> Result<&'v [(YamlKey, YamlValue)], FileError> {
        match &value.content {
            YamlContent::Map(entries) => Ok(entries),
            YamlContent::Null => Ok(&[]),
            YamlContent::Text(_) | YamlContent::List => {
                Err(self.wrong(value.at, format!("{name} must consist of lines KEY: VALUE")))
            }
        }
    }

    fn text<'v>(&self, value: &'v YamlValue, key: &YamlKey) -> Result<&'v str, FileError> {
        match &value.content {
            YamlContent::Text(text) => Ok(text),
            YamlContent::Null | YamlContent::List | YamlContent::Map(_) => {
                Err(self.wrong(value.at, format!("{} must be a string", key.text)))
            }
        }
    }

    fn path(&self, value: &YamlValue, key: &YamlKey) -> Result<PathBuf, FileError> {
        Ok(self.file.parent().unwrap_or(Path::new("")).join(self.text(value, key)?))
    }

    fn unknown(&self, key: &YamlKey, known: &[&str]) -> FileError {
        // `nearest` expects names with hyphens.
        let hyphened: Vec<String> = known.iter().map(|known| known.replace('_', "-")).collect();
        let near = nearest(&key.text, hyphened.iter().map(String::as_str))
            .and_then(|near| known.iter().zip(&hyphened).find(|(_, one)| *one == near));
        let hint = match near {
            Some((near, _)) => format!("did you mean {near}?"),
            None => format!("the keys are {}", known.join(", ")),
        };
        self.wrong(key.at, format!("unknown key {}; {hint}", key.text.escape_debug()))
    }

    fn unsupported(&self, key: &YamlKey, hint: &str) -> FileError {
        self.wrong(key.at, format!("smtpcheck does not support {}; remove the key, and {hint}", key.text))
    }

    fn tls(&self, value: &YamlValue) -> Result<Option<TlsServerConfig>, FileError> {
        const KEYS: &[&str] =
            &["cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version", "max_version"];
        let (mut cert, mut key_file, mut authority) = (None, None, None);
        let mut kind: Option<(&str, Position)> = None;
        let (mut min, mut max) = (ServerTlsVersion::Tls12, ServerTlsVersion::Tls13);
        let entries = self.entries(value, "tls_server_config")?;
        for (key, value) in entries {
            match key.text.as_str() {
                "cert_file" => cert = Some(self.path(value, key)?),
                "key_file" => key_file = Some(self.path(value, key)?),
                "client_ca_file" => authority = Some((self.path(value, key)?, key.at)),
                "client_auth_type" => kind = Some((self.text(value, key)?, value.at)),
                "min_version" => min = self.version(value, key)?,
                "max_version" => max = self.version(value, key)?,
                "cert" | "key" | "client_ca" => {
                    return Err(self.unsupported(
                        key,
                        &format!("use {}_file with the name of a file that contains the value", key.text),
                    ));
                }
                "client_allowed_sans" => {
                    return Err(self.unsupported(key, "use a CA that issues certificates only to the allowed clients"));
                }
                "cipher_suites" | "curve_preferences" | "prefer_server_cipher_suites" => {
                    return Err(self.unsupported(key, "to exclude TLS 1.2, set min_version: TLS13"));
                }
                _ => return Err(self.unknown(key, KEYS)),
            }
        }
        let (cert, key) = match (cert, key_file) {
            (Some(cert), Some(key)) => (cert, key),
            (None, None) if entries.is_empty() => return Ok(None),
            (None, _) => return Err(self.wrong(value.at, "cert_file is missing")),
            (Some(_), None) => return Err(self.wrong(value.at, "key_file is missing")),
        };
        if min > max {
            return Err(self.wrong(value.at, "min_version is higher than max_version"));
        }
        let clients = match (kind, authority) {
            (None | Some(("NoClientCert", _)), None) => ClientCertificates::NotRequested,
            (None | Some(("NoClientCert", _)), Some((_, at))) => {
                let message = "client_ca_file has no effect without client_auth_type; add client_auth_type: RequireAndVerifyClientCert";
                return Err(self.wrong(at, message));
            }
            (Some(("RequireAndVerifyClientCert", _)), Some((path, _))) => ClientCertificates::Required(path),
            (Some(("VerifyClientCertIfGiven", _)), Some((path, _))) => ClientCertificates::Optional(path),
            (Some(("RequireAndVerifyClientCert" | "VerifyClientCertIfGiven", at)), None) => {
                return Err(self.wrong(at, "client_ca_file is missing"));
            }
            (Some((_, at)), _) => {
                let message = "smtpcheck does not support this type; use RequireAndVerifyClientCert, VerifyClientCertIfGiven or NoClientCert";
                return Err(self.wrong(at, message));
            }
        };
        Ok(Some(TlsServerConfig { cert, key, clients, min, max }))
    }

    fn version(&self, value: &YamlValue, key: &YamlKey) -> Result<ServerTlsVersion, FileError> {
        match self.text(value, key)? {
            "TLS12" => Ok(ServerTlsVersion::Tls12),
            "TLS13" => Ok(ServerTlsVersion::Tls13),
            _ => Err(self.wrong(value.at, format!("{} must be TLS12 or TLS13", key.text))),
        }
    }

    fn http(&self, value: &YamlValue) -> Result<Vec<(HeaderName, HeaderValue)>, FileError> {
        let mut headers = Vec::new();
        for (key, value) in self.entries(value, "http_server_config")? {
            match key.text.as_str() {
                "http2" if self.text(value, key)? == "false" => {}
                "http2" => {
                    return Err(
                        self.wrong(value.at, "smtpcheck supports only HTTP/1.1; write http2: false, or remove the key")
                    );
                }
                "headers" => {
                    for (name, value) in self.entries(value, "headers")? {
                        headers.push(self.header(name, value)?);
                    }
                }
                _ => return Err(self.unknown(key, &["http2", "headers"])),
            }
        }
        Ok(headers)
    }

    fn header(&self, name: &YamlKey, value: &YamlValue) -> Result<(HeaderName, HeaderValue), FileError> {
        if !HEADERS.iter().any(|known| known.eq_ignore_ascii_case(&name.text)) {
            return Err(self.unknown(name, HEADERS));
        }
        let text = self.text(value, name)?;
        match (HeaderName::try_from(&name.text), HeaderValue::try_from(text)) {
            (Ok(name), Ok(value)) => Ok((name, value)),
            _ => Err(self.wrong(
                value.at,
                format!("{}: the value contains a character that is not allowed in a header", name.text),
            )),
        }
    }

    fn users(&self, value: &YamlValue) -> Result<BTreeMap<String, String>, FileError> {
        let mut users = BTreeMap::new();
        for (name, value) in self.entries(value, "basic_auth_users")? {
            let shown = name.text.escape_debug();
            // RFC 7617 §2: the first colon ends the name.
            if name.text.contains(':') {
                return Err(self.wrong(name.at, format!("the user name {shown} contains a colon")));
            }
            let hash = self.text(value, name)?;
            match hash.parse::<HashParts>() {
                Ok(parts) if parts.get_cost() > MOST_COST => {
                    let message = format!(
                        "the cost of the hash of {shown} is greater than {MOST_COST}, so a login would take too long"
                    );
                    return Err(self.wrong(value.at, message));
                }
                Ok(_) => users.insert(name.text.clone(), hash.to_owned()),
                Err(_) => {
                    let message =
                        format!("the value of {shown} is not a bcrypt hash; make one with: htpasswd -nBC 10 {shown}");
                    return Err(self.wrong(value.at, message));
                }
            };
        }
        Ok(users)
    }
}

fn position(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::{ClientCertificates, ServerTlsVersion, WebConfig, parse};
    use std::path::Path;

    const HASH: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

    fn of(text: &str) -> Result<WebConfig, String> {
        parse(text, Path::new("/etc/web.yml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_complete_file_is_parsed() {
        let text = format!(
            "# comment\ntls_server_config:\n  cert_file: server.crt\n  key_file: \"/k/server.key\"\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  min_version: TLS13\nhttp_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\nbasic_auth_users:\n  alice: {HASH}\n  bob: '{HASH}'\n"
        );
        let config = of(&text).expect("fine");
        let tls = config.tls.expect("TLS");
        assert_eq!(tls.cert, Path::new("/etc/server.crt"));
        assert_eq!(tls.key, Path::new("/k/server.key"));
        assert_eq!(tls.clients, ClientCertificates::Required("/etc/ca.pem".into()));
        assert_eq!((tls.min, tls.max), (ServerTlsVersion::Tls13, ServerTlsVersion::Tls13));
        assert_eq!(config.users.keys().collect::<Vec<_>>(), ["alice", "bob"]);
        assert_eq!(config.headers.len(), 1);
    }

    #[test]
    fn an_empty_file_has_no_settings() {
        for text in ["", "# nothing\n", "---\n", "~\n", "tls_server_config:\nbasic_auth_users: {}\n"] {
            let config = of(text).expect(text);
            assert!(config.tls.is_none() && config.users.is_empty() && config.headers.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_mistake_or_an_unsupported_key_is_an_error_with_its_position() {
        let cost = HASH.replace("$10$", "$16$");
        for (text, place, needle) in [
            ("tls_server_confg: {}", "1:1", "did you mean tls_server_config?"),
            ("xyzzy: 1", "1:1", "the keys are"),
            ("rate_limit:\n  interval: 1s", "1:1", "does not support rate_limit"),
            ("tls_server_config:\n  cert_file: a", "2:3", "key_file is missing"),
            ("tls_server_config:\n  key_file: a", "2:3", "cert_file is missing"),
            ("tls_server_config:\n  cipher_suites: [x]", "2:3", "does not support cipher_suites"),
            ("tls_server_config:\n  cert: x", "2:3", "use cert_file"),
            ("tls_server_config:\n  client_allowed_sans: [x]", "2:3", "does not support client_allowed_sans"),
            ("tls_server_config:\n  min_version: TLS11", "2:16", "TLS12 or TLS13"),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}",
                "1:",
                "does not support this type",
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}",
                "1:",
                "client_ca_file is missing",
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
                "1:",
                "no effect without client_auth_type",
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}",
                "1:",
                "higher than max_version",
            ),
            ("tls_server_config: {cert_file: [a], key_file: b}", "1:", "cert_file must be a string"),
            ("http_server_config:\n  http2: true", "2:10", "only HTTP/1.1"),
            ("http_server_config:\n  headers:\n    X-Powered-By: x", "3:5", "unknown key X-Powered-By"),
            ("basic_auth_users:\n  a: hunter2-plain", "2:6", "htpasswd -nBC 10 a"),
            ("basic_auth_users:\n  'a:b': x", "2:3", "contains a colon"),
            (&format!("basic_auth_users:\n  a: {cost}"), "2:6", "greater than 15"),
            ("basic_auth_users: [a]", "1:19", "KEY: VALUE"),
            ("a: &x 1\nb: *x", "2:4", "aliases are not supported"),
            ("a: !!str 1", "1:", "tags are not supported"),
            ("a: 1\na: 2", "2:1", "duplicate key a"),
            ("--- \na: 1\n--- \nb: 1", "3:1", "two documents"),
            ("a: [", "2:", "invalid YAML"),
            ("[[[[[[[[[[[[[[]]]]]]]]]]]]]]", "1:", "too many values"),
            ("? [a]\n: b", "1:", "not a key"),
        ] {
            let message = of(text).expect_err(text);
            assert!(message.starts_with(&format!("/etc/web.yml:{place}")), "{text:?} -> {message}");
            assert!(message.contains(needle), "{text:?} -> {message}");
            assert!(!message.contains("hunter2") && !message.contains("$2y"), "{message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_input_makes_the_parser_panic(text in "[ -~\n]{0,200}") {
            let _ = parse(&text, Path::new("w.yml"));
        }
    }
}
