//! The web configuration in use, and whether its files have changed. Other exporters read the file for every request,
//! so a renewed certificate takes effect immediately. This exporter checks the files every few seconds, and reads them
//! again when one has changed. If a file contains an error, the old configuration remains in use.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use hyper::header::{HeaderName, HeaderValue};
use rustls::server::ServerConfig;

use super::tls;
use super::web_config::{self, ClientCertificates, TlsServerConfig, WebConfig};
use crate::host::config;

/// How often the files are checked for changes.
const INTERVAL: Duration = Duration::from_secs(5);

/// The configuration in use.
#[derive(Default)]
pub(super) struct WebSettings {
    /// The TLS server; `None` means HTTP.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Whether the TLS server requires a client certificate.
    pub(super) needs_client_certificate: bool,
    /// The hash of each user's password.
    pub(super) users: BTreeMap<String, String>,
    /// Headers that every response contains.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// The web configuration file and the files that it names.
pub(super) struct WebFiles {
    path: Option<PathBuf>,
    current: Rc<WebSettings>,
    /// The files that were read, with their state at that time.
    files: Vec<(PathBuf, FileState)>,
    compared: Instant,
}

/// What changes when a file is written: its modification time and its size; `None` if the file cannot be read.
type FileState = Option<(SystemTime, u64)>;

impl WebFiles {
    /// Reads the file; without a file, the server has neither TLS nor users.
    pub(super) fn read(path: Option<PathBuf>) -> Result<WebFiles, String> {
        let mut files = WebFiles { path, current: Rc::default(), files: Vec::new(), compared: Instant::now() };
        files.reload()?;
        Ok(files)
    }

    /// The configuration in use.
    pub(super) fn current(&self) -> Rc<WebSettings> {
        Rc::clone(&self.current)
    }

    /// Reads all files again. After an error, the old configuration remains in use.
    pub(super) fn reload(&mut self) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut files = vec![(path.clone(), state(path))];
        let text = config::read(path).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| web_config::parse(&text, path).map_err(|error| error.to_string()));
        let settings = parsed.and_then(|config| {
            let WebConfig { tls, users, headers } = config;
            files.extend(tls.iter().flat_map(paths).map(|path| (path.clone(), state(path))));
            let needs_client_certificate =
                tls.as_ref().is_some_and(|tls| matches!(tls.clients, ClientCertificates::Required(_)));
            let tls = tls.as_ref().map(tls::server).transpose()?;
            Ok(WebSettings { tls, needs_client_certificate, users, headers })
        });
        // The states are also kept after an error, so that the error is not reported again until a file changes.
        self.files = files;
        self.current = Rc::new(settings?);
        Ok(())
    }

    /// Reads the files again if one has changed since the last time. Returns whether the files were read.
    pub(super) fn refresh(&mut self) -> Result<bool, String> {
        if self.compared.elapsed() < INTERVAL {
            return Ok(false);
        }
        self.compared = Instant::now();
        if self.files.iter().all(|(path, known)| state(path) == *known) {
            return Ok(false);
        }
        self.reload().map(|()| true)
    }
}

fn paths(tls: &TlsServerConfig) -> Vec<&PathBuf> {
    let authority = match &tls.clients {
        ClientCertificates::NotRequested => None,
        ClientCertificates::Optional(path) | ClientCertificates::Required(path) => Some(path),
    };
    [&tls.cert, &tls.key].into_iter().chain(authority).collect()
}

fn state(path: &PathBuf) -> FileState {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
