//! The certificates that this machine trusts. They are read from the locations in `SSL_CERT_FILE` and `SSL_CERT_DIR`,
//! as in OpenSSL, or otherwise from the standard locations of operating systems. Like every TLS library, smtpcheck
//! ignores files that cannot be parsed.
//!
//! A system keeps the same certificates in one file, and again in a directory with one file for each certificate. The
//! directory is read only if the file contains no certificate. If the variables specify both, the directory is read only
//! if the certificates in the file do not verify a chain, as in OpenSSL, which looks into the directory for each issuer
//! that the file lacks: the directory has about 300 entries, and reading it takes as long as the rest of a check.
//!
//! Files are read through [`crate::host::file`], because the variables can contain any path. If the operating system's
//! trust store is not a file, the operating system's API is used.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::anchor::StoredAnchor;
use super::bundle::EncodedCertificate;
use crate::evidence::{EmptyPlace, MissingStore, PlaceFault};
use crate::host::file;

/// The maximum number of files that are read in one directory. A hashed directory on a current system has 300 entries,
/// including links.
const MAX_FILES: usize = 5000;
/// The maximum total size of the files in directories, and the maximum size of one file. On a current system, all
/// certificates together take 1 MB.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// The trusted certificates that are read first, and whether these are all trusted certificates.
pub(super) fn read_first() -> (Vec<StoredAnchor>, bool) {
    let Some(places) = Places::of_variables() else { return (of_the_system(), true) };
    let in_file = places.in_file();
    if in_file.is_empty() {
        return (places.with_folders(&in_file), true);
    }
    (in_file, places.folders.is_empty())
}

/// Whether [`read_first`] reads only the system's own bundle, a regular file of usual size on a local disk. A file that
/// a variable names can be on a network file system that does not respond. On macOS and Windows, [`read_first`] calls
/// the operating system.
pub(super) fn is_one_file() -> bool {
    /// Larger than the trust store of any operating system.
    const USUAL: u64 = 2 * 1024 * 1024;
    let file = if Places::of_variables().is_none() { bundle_of_the_system() } else { None };
    let metadata = file.and_then(|file| std::fs::metadata(file).ok());
    metadata.is_some_and(|metadata| metadata.is_file() && (1..=USUAL).contains(&metadata.len()))
}

/// All trusted certificates: those that [`read_first`] returned, and those in the directories. The file is not read
/// again, because it can be a pipe.
pub(super) fn with_directories(first: &[StoredAnchor]) -> Vec<StoredAnchor> {
    Places::of_variables().unwrap_or_default().with_folders(first)
}

/// Why no certificate was found; `None` if the operating system's trust store is not a file.
pub(super) fn missing() -> Option<MissingStore> {
    match Places::of_variables() {
        Some(places) => Some(places.missing(STANDARD)),
        None if cfg!(any(windows, target_os = "macos")) => None,
        None => {
            let standard = bundle_of_the_system().as_deref().map(|path| empty_place(path, None, Kind::File));
            Some(MissingStore { places: standard.into_iter().collect(), unused: None })
        }
    }
}

/// The trust stores of Debian, Ubuntu, Alpine, Fedora, RHEL, openSUSE, the BSDs and others, in the order of
/// `openssl_probe`, whose search ends at the file in `SSL_CERT_FILE` even if that file is empty.
const STANDARD: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// Whether a location is a file or a directory.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    File,
    Folder,
}

/// Why a location contains no certificate.
fn empty_place(path: &Path, variable: Option<&str>, kind: Kind) -> EmptyPlace {
    let found = std::fs::metadata(path);
    let is_denied = match kind {
        Kind::File => file::regular_file(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied),
        Kind::Folder => std::fs::read_dir(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied),
    };
    let fault = match found {
        _ if is_denied => PlaceFault::Denied,
        Err(_) => PlaceFault::Missing,
        Ok(found) if found.is_dir() != (kind == Kind::Folder) => PlaceFault::WrongKind,
        Ok(_) => PlaceFault::Empty,
    };
    EmptyPlace { variable: variable.map(str::to_owned), path: path.display().to_string(), fault }
}

#[cfg(any(windows, target_os = "macos"))]
fn of_the_system() -> Vec<StoredAnchor> {
    rustls_native_certs::load_native_certs().certs.into_iter().map(StoredAnchor::Certificate).collect()
}

#[cfg(any(windows, target_os = "macos"))]
fn bundle_of_the_system() -> Option<PathBuf> {
    None
}

#[cfg(not(any(windows, target_os = "macos")))]
fn bundle_of_the_system() -> Option<PathBuf> {
    openssl_probe::probe().cert_file
}

#[cfg(not(any(windows, target_os = "macos")))]
fn of_the_system() -> Vec<StoredAnchor> {
    let known = openssl_probe::probe();
    standard(known.cert_file, known.cert_dir)
}

/// The certificates in the standard locations: those in the file, or otherwise those in the directories.
#[cfg(not(any(windows, target_os = "macos")))]
fn standard(bundle: Option<PathBuf>, folders: Vec<PathBuf>) -> Vec<StoredAnchor> {
    let places = Places { file: bundle, folders };
    let in_file = places.in_file();
    if in_file.is_empty() { places.with_folders(&in_file) } else { in_file }
}

/// The locations of certificates.
#[derive(Default)]
struct Places {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Places {
    fn of_variables() -> Option<Places> {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Places::named(named("SSL_CERT_FILE"), named("SSL_CERT_DIR"))
    }

    /// The locations that the variables specify, if any.
    fn named(file: Option<OsString>, folders: Option<OsString>) -> Option<Places> {
        let folders = folders.map(|folders| std::env::split_paths(&folders).collect::<Vec<_>>()).unwrap_or_default();
        let folders: Vec<PathBuf> = folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()).collect();
        (file.is_some() || !folders.is_empty()).then(|| Places { file: file.map(PathBuf::from), folders })
    }

    fn in_file(&self) -> Vec<StoredAnchor> {
        let found = self.file.as_deref().and_then(certificates).unwrap_or_default();
        found.into_iter().map(StoredAnchor::Encoded).collect()
    }

    /// Why these locations contain no certificate. `standard` contains the paths of standard files.
    fn missing(&self, standard: &[&str]) -> MissingStore {
        let file = self.file.iter().map(|path| empty_place(path, Some("SSL_CERT_FILE"), Kind::File));
        let folders = self.folders.iter().map(|path| empty_place(path, Some("SSL_CERT_DIR"), Kind::Folder));
        let is_usable = |path: &&&str| {
            let path = Path::new(path);
            path.is_file() && certificates(path).is_some_and(|found| !found.is_empty())
        };
        let unused = standard.iter().find(is_usable).map(|path| (*path).to_owned());
        MissingStore { places: file.chain(folders).collect(), unused }
    }

    /// Adds the certificates in the directories to those in the file.
    fn with_folders(&self, in_file: &[StoredAnchor]) -> Vec<StoredAnchor> {
        let mut found: Vec<CertificateDer<'static>> = in_file.iter().filter_map(StoredAnchor::certificate).collect();
        let mut take = |pem: &[u8]| found.extend(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
        let mut left = MAX_BYTES;
        for folder in &self.folders {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            let mut seen = std::collections::HashSet::new();
            for entry in entries.take(MAX_FILES).filter_map(Result::ok) {
                let path = entry.path();
                // A hashed directory contains two links to each file.
                let is_new = identity(&path).is_none_or(|identity| seen.insert(identity));
                // Pipes, devices and files that are too long are ignored.
                if let Some(pem) = is_new.then(|| file::regular(&path, left).ok()).flatten() {
                    left = left.saturating_sub(pem.len() as u64);
                    take(&pem);
                }
            }
        }
        // The file and the directory usually contain the same certificates.
        found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
        found.dedup();
        found.into_iter().map(StoredAnchor::Certificate).collect()
    }
}

/// The certificates of a trust store. The variable can name a pipe, which is read with a time limit.
fn certificates(path: &Path) -> Option<Vec<EncodedCertificate>> {
    let scan = file::regular_file(path).and_then(|file| EncodedCertificate::scan(file, MAX_BYTES));
    let read = scan.or_else(|_| file::contents(path).map(|bytes| EncodedCertificate::all(bytes.to_vec())));
    read.inspect_err(|error| tracing::warn!(?path, %error, "the trust store cannot be read")).ok()
}

/// Identifies the file at a path.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Places, standard};
    use crate::evidence::PlaceFault;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    #[test]
    fn unset_or_empty_variables_specify_no_location() {
        assert!(Places::named(None, None).is_none());
        assert!(Places::named(None, Some("".into())).is_none());
        assert!(Places::named(Some("x".into()), None).is_some());
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    #[test]
    fn the_directory_is_read_only_if_the_file_contains_no_certificate() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("certs")).expect("a folder");
        for (name, der) in [("certs/one.pem", "MAE="), ("certs/two.pem", "MAI=")] {
            std::fs::write(at(name), PEM.replace("MAA=", der)).expect("a file");
        }
        std::fs::write(at("bundle.pem"), PEM).expect("a file");
        std::fs::write(at("empty.pem"), "").expect("a file");
        let count = |bundle: Option<PathBuf>| standard(bundle, vec![at("certs")]).len();
        assert_eq!(count(Some(at("bundle.pem"))), 1);
        assert_eq!(count(Some(at("empty.pem"))), 2);
        assert_eq!(count(Some(at("gone.pem"))), 2);
        assert_eq!(count(None), 2);
        // If OpenSSL's variables specify both a file and a directory, both are read.
        let places = Places::named(Some(at("bundle.pem").into()), Some(at("certs").into())).expect("both are set");
        let in_file = places.in_file();
        assert_eq!(in_file.len(), 1);
        assert_eq!(places.with_folders(&in_file).len(), 3);
    }

    #[test]
    fn the_reason_why_a_location_contains_no_certificate_is_recorded() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("certs")).expect("a folder");
        std::fs::write(at("empty.pem"), "").expect("a file");
        std::fs::write(at("bundle.pem"), PEM).expect("a file");
        let [empty, bundle] = [at("empty.pem"), at("bundle.pem")].map(|path| path.display().to_string());
        let faults = |file: &str, folder: &str| {
            let places = Places::named(Some(at(file).into()), Some(at(folder).into())).expect("both are set");
            let missing = places.missing(&[&empty, &bundle]);
            assert_eq!(missing.unused.as_ref(), Some(&bundle));
            let places = missing.places.into_iter().map(|place| (place.variable.expect("a variable"), place.fault));
            places.collect::<Vec<_>>()
        };
        let expected = |file, folder| vec![("SSL_CERT_FILE".to_owned(), file), ("SSL_CERT_DIR".to_owned(), folder)];
        assert_eq!(faults("gone.pem", "certs"), expected(PlaceFault::Missing, PlaceFault::Empty));
        assert_eq!(faults("empty.pem", "gone"), expected(PlaceFault::Empty, PlaceFault::Missing));
        assert_eq!(faults("certs", "empty.pem"), expected(PlaceFault::WrongKind, PlaceFault::WrongKind));
    }

    #[cfg(unix)]
    #[test]
    fn duplicate_links_and_devices_are_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("one.pem"), PEM).expect("a file");
        std::os::unix::fs::symlink(at("one.pem"), at("0a1b2c3d.0")).expect("a link");
        std::os::unix::fs::symlink("/dev/zero", at("zero.pem")).expect("a link");
        std::os::unix::fs::symlink(at("gone"), at("gone.pem")).expect("a link");
        let places = Places::named(Some("/dev/zero".into()), Some(folder.path().into())).expect("both are set");
        assert_eq!(places.with_folders(&places.in_file()).len(), 1);
    }
}
