//! The files that all checks of a run share: trust stores, trust anchors for DNSSEC, client certificates, the key log.
//! Each file is read once, regardless of the number of checks. Files that the user specified are read before any data
//! is sent.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;

use super::dns::anchors::DnssecAnchors;
use super::identity;
use super::trust::Anchors;
use crate::host::{SetupError, environment, file};
use crate::plan::{ClientCertificate, Plan};

/// The time limit for opening the key log, which may be a pipe.
const OPENING: Duration = Duration::from_secs(20);

/// The files of a run.
#[derive(Default)]
pub(crate) struct SharedFiles {
    /// Trust anchors by `--cacert` file; `None` is the system's trust store.
    anchors: RefCell<HashMap<Option<PathBuf>, Anchors>>,
    /// DNSSEC trust anchors by `--trust-anchor` file.
    dnssec_anchors: RefCell<HashMap<PathBuf, DnssecAnchors>>,
    identities: RefCell<HashMap<(PathBuf, PathBuf), Arc<CertifiedKey>>>,
    key_log: OnceCell<Option<Arc<dyn rustls::KeyLog>>>,
}

impl SharedFiles {
    /// The trust anchors of a plan.
    pub(super) fn anchors(&self, plan: &Plan) -> Result<Anchors, SetupError> {
        let key = plan.tls.cacert.clone();
        if let Some(known) = self.anchors.borrow().get(&key) {
            return Ok(known.clone());
        }
        let anchors = Anchors::new(plan)?;
        self.anchors.borrow_mut().insert(key, anchors.clone());
        Ok(anchors)
    }

    /// The DNSSEC trust anchors of a plan: those in its file, or the keys of the public root zone.
    pub(super) fn dnssec_anchors(&self, plan: &Plan) -> Result<DnssecAnchors, SetupError> {
        let Some(path) = plan.trust_anchor() else {
            return Ok(DnssecAnchors::default());
        };
        if let Some(known) = self.dnssec_anchors.borrow().get(path) {
            return Ok(known.clone());
        }
        let anchors = DnssecAnchors::read(path)?;
        self.dnssec_anchors.borrow_mut().insert(path.clone(), anchors.clone());
        Ok(anchors)
    }

    /// The client certificate of a plan.
    pub(super) fn identity(&self, plan: &Plan) -> Result<Option<Arc<CertifiedKey>>, SetupError> {
        let Some(wanted @ ClientCertificate { cert, key }) = &plan.tls.identity else { return Ok(None) };
        let name = (cert.clone(), key.clone());
        if let Some(known) = self.identities.borrow().get(&name) {
            return Ok(Some(Arc::clone(known)));
        }
        let certified = identity::load(wanted)?;
        self.identities.borrow_mut().insert(name, Arc::clone(&certified));
        Ok(Some(certified))
    }

    /// The key log, which the user requests with the variable `SSLKEYLOGFILE`. Browsers and Wireshark use its format.
    pub(super) fn key_log(&self) -> Result<Option<Arc<dyn rustls::KeyLog>>, SetupError> {
        if let Some(log) = self.key_log.get() {
            return Ok(log.clone());
        }
        let log: Option<Arc<dyn rustls::KeyLog>> = match environment::value("SSLKEYLOGFILE") {
            Some(path) => {
                let fault = |error: std::io::Error| SetupError::File {
                    flag: "SSLKEYLOGFILE",
                    path: path.into(),
                    why: error.to_string(),
                };
                // rustls opens the file, and opening a named pipe can block indefinitely.
                Some(Arc::new(file::in_time(OPENING, || Ok(rustls::KeyLogFile::new())).map_err(fault)?))
            }
            None => None,
        };
        Ok(self.key_log.get_or_init(|| log).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::SharedFiles;
    use crate::cli::{self, Invocation};

    #[test]
    fn the_trust_anchors_of_many_checks_are_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("anchors");
        std::fs::write(&path, ". IN DNSKEY 257 3 13 AAAA\n").expect("a file");
        let name = path.to_str().expect("text");
        let words = ["domain", "example.com", "--trust-anchor", name].map(Into::into).into();
        let Ok(Invocation::Domain(args, matches)) = cli::parse(words) else { unreachable!("a check was parsed") };
        let plan = cli::domain::plan(&args, &matches, None).expect("a plan");
        let files = SharedFiles::default();
        assert!(files.dnssec_anchors(&plan).is_ok());
        std::fs::write(&path, "no anchor").expect("a file");
        assert!(files.dnssec_anchors(&plan).is_ok());
        assert!(SharedFiles::default().dnssec_anchors(&plan).is_err());
    }
}
