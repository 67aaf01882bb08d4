//! The trust anchors: the certificates in the file that the user specified, those in the trust store of this machine,
//! or Mozilla's root certificates.
//!
//! A file that the user specified is read before any data is sent, so that mistakes in it are reported early. The
//! system's trust store is read during the first handshake. A bundle in its usual place is read at once, because starting
//! a thread would take as long. A separate thread reads everything else: a variable can name a pipe, or a file on a network
//! file system that does not respond. Directories with certificates are read only if a chain is not verified without
//! them; see [`super::roots`].

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::watch;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::anchor::StoredAnchor;
use super::roots;
use crate::evidence::TrustStore;
use crate::host::{SetupError, file};
use crate::pkix;
use crate::plan::Plan;

/// The trust anchors and their source.
pub(crate) struct Store {
    pub(crate) origin: TrustStore,
    pub(super) anchors: Vec<StoredAnchor>,
    /// Whether these are all anchors that the store has.
    pub(super) is_whole: bool,
}

/// The trust store of a run. Each part of it is read at most once.
#[derive(Clone)]
pub(crate) struct Anchors(Arc<TrustStoreReading>);

struct TrustStoreReading {
    first: ReadingStage,
    /// All certificates, if the first stage did not read them all.
    whole: ReadingStage,
}

/// A part of the trust store that a separate thread reads.
struct ReadingStage {
    store: OnceLock<Store>,
    is_begun: AtomicBool,
    /// Wakes the tasks that are waiting for the store.
    done: watch::Sender<()>,
}

impl ReadingStage {
    fn new() -> ReadingStage {
        ReadingStage { store: OnceLock::new(), is_begun: AtomicBool::new(false), done: watch::Sender::new(()) }
    }

    fn read(&self, read: impl FnOnce() -> Store) {
        self.store.get_or_init(read);
        self.done.send_replace(());
    }

    async fn wait(&self) -> &Store {
        let mut done = self.done.subscribe();
        loop {
            if let Some(store) = self.store.get() {
                return store;
            }
            // The sender exists as long as this object exists.
            let _ = done.changed().await;
        }
    }
}

impl TrustStoreReading {
    fn read_first(&self) {
        self.first.read(from_system);
    }

    /// Called after the first stage.
    fn read_whole(&self) {
        let first = self.first.store.get().map(|store| store.anchors.as_slice()).unwrap_or_default();
        self.whole.read(|| of_system(roots::with_directories(first), true));
    }
}

impl Anchors {
    pub(crate) fn new(plan: &Plan) -> Result<Anchors, SetupError> {
        let reading = TrustStoreReading { first: ReadingStage::new(), whole: ReadingStage::new() };
        if let Some(path) = &plan.tls.cacert {
            let _ = reading.first.store.set(from_file(path)?);
        }
        Ok(Anchors(Arc::new(reading)))
    }

    /// Starts reading, without waiting for the result. The system's bundle is read before this function returns.
    pub(crate) fn prefetch(&self) {
        self.begin(&self.0.first, TrustStoreReading::read_first, roots::is_one_file);
    }

    /// Reads here or in a separate thread. If a file never ends, the thread runs until the program ends. The wait for
    /// the thread ends at the overall time limit.
    fn begin(&self, stage: &ReadingStage, read: fn(&TrustStoreReading), is_short: fn() -> bool) {
        if stage.store.get().is_some() || stage.is_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        if is_short() {
            return read(&self.0);
        }
        let reading = Arc::clone(&self.0);
        let begun = std::thread::Builder::new().name("trust store".to_owned()).spawn(move || read(&reading));
        if begun.is_err() {
            read(&self.0);
        }
    }

    /// Verifies with the certificates that are read first. If the result is not valid and there are other certificates,
    /// verifies again with all certificates.
    pub(crate) async fn verify<T>(&self, verify: impl Fn(&Store) -> T, is_valid: impl Fn(&T) -> bool) -> T {
        self.prefetch();
        let first = self.0.first.wait().await;
        let found = verify(first);
        if first.is_whole || is_valid(&found) {
            return found;
        }
        self.begin(&self.0.whole, TrustStoreReading::read_whole, || false);
        verify(self.0.whole.wait().await)
    }
}

fn from_file(path: &Path) -> Result<Store, SetupError> {
    let fault = |why: String| SetupError::File { flag: "--cacert", path: path.to_owned(), why };
    let bytes = file::contents(path).map_err(|error| fault(file::reason(&error)))?;
    let looks_like_der = bytes.first() == Some(&0x30);
    let certs: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&in_one_form(&bytes)).filter_map(Result::ok).collect();
    if certs.is_empty() {
        return Err(fault(if looks_like_der {
            format!("is DER; convert it with: openssl x509 -inform der -in {} -out ca.pem", path.display())
        } else {
            "contains no certificate; a PEM certificate begins with the line -----BEGIN CERTIFICATE-----".to_owned()
        }));
    }
    // OpenSSL and GnuTLS reject a file if one of its certificates cannot be parsed.
    let is_unreadable = |der: &CertificateDer<'_>| {
        pkix::ParsedCertificate::read(der).is_none() && X509Certificate::from_der(der).is_err()
    };
    if let Some(place) = certs.iter().position(is_unreadable) {
        return Err(fault(format!("certificate {} of {} cannot be parsed", place + 1, certs.len())));
    }
    let origin = TrustStore::File { path: path.display().to_string(), anchors: certs.len() };
    Ok(Store { origin, anchors: certs.into_iter().map(StoredAnchor::Certificate).collect(), is_whole: true })
}

/// Converts PEM to the form that the parser expects: without a UTF-8 byte order mark, and with the label of RFC 7468
/// §5.1. OpenSSL and GnuTLS also accept the label used by old versions of OpenSSL.
fn in_one_form(bytes: &[u8]) -> Vec<u8> {
    const OLD: &[u8] = b" X509 CERTIFICATE-----";
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<u8> = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        match text.strip_suffix(OLD).filter(|start| matches!(*start, b"-----BEGIN" | b"-----END")) {
            Some(start) => {
                lines.extend(start);
                lines.extend(b" CERTIFICATE-----\n");
            }
            None => lines.extend(line),
        }
    }
    lines
}

fn from_system() -> Store {
    let (anchors, is_whole) = roots::read_first();
    of_system(anchors, is_whole)
}

fn of_system(anchors: Vec<StoredAnchor>, is_whole: bool) -> Store {
    if anchors.is_empty() {
        let anchors: Vec<StoredAnchor> = webpki_roots::TLS_SERVER_ROOTS.iter().map(compiled_in).collect();
        let origin = TrustStore::Mozilla { anchors: anchors.len(), missing: roots::missing() };
        return Store { origin, anchors, is_whole: true };
    }
    Store { origin: TrustStore::System { anchors: anchors.len() }, anchors, is_whole }
}

/// Converts a root from webpki, which stores only the content of each SEQUENCE.
fn compiled_in(anchor: &rustls::pki_types::TrustAnchor<'_>) -> StoredAnchor {
    StoredAnchor::Key {
        subject: pkix::der::wrap(pkix::der::tag::SEQUENCE, &anchor.subject),
        key: pkix::der::wrap(pkix::der::tag::SEQUENCE, &anchor.subject_public_key_info),
        constraints: anchor.name_constraints.as_ref().map(|content| content.to_vec()),
    }
}
