//! The certificates that this machine trusts. If `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, they are read from there, as
//! in OpenSSL, and otherwise from the standard locations of operating systems. Like every TLS library, smtpcheck
//! ignores files that cannot be parsed.
//!
//! Files are read through [`crate::host::file`], because the variables can contain any path. If the trust store of the
//! operating system is not a file, the API of the operating system is used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::host::file;

/// The maximum number of files in one directory that are read. A hashed directory of a current system has 300 entries,
/// including links.
const MAX_FILES: usize = 5000;
/// The maximum total size of the files in directories. A current system has 1 MB.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// All trusted certificates, without duplicates.
pub(super) fn of_this_machine() -> Vec<CertificateDer<'static>> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let places = Places::named(named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
    match places {
        Some(places) => places.certificates(),
        None => of_the_system(),
    }
}

#[cfg(any(windows, target_os = "macos"))]
fn of_the_system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

#[cfg(not(any(windows, target_os = "macos")))]
fn of_the_system() -> Vec<CertificateDer<'static>> {
    let known = openssl_probe::probe();
    Places { file: known.cert_file, folders: known.cert_dir }.certificates()
}

/// The locations of certificates.
struct Places {
    file: Option<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Places {
    /// The locations that the variables specify, if any.
    fn named(file: Option<OsString>, folders: Option<OsString>) -> Option<Places> {
        let folders = folders.map(|folders| std::env::split_paths(&folders).collect::<Vec<_>>()).unwrap_or_default();
        let folders: Vec<PathBuf> = folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()).collect();
        (file.is_some() || !folders.is_empty()).then(|| Places { file: file.map(PathBuf::from), folders })
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let mut found = Vec::new();
        let mut take = |pem: &[u8]| found.extend(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
        if let Some(path) = &self.file {
            match file::contents(path) {
                Ok(pem) => take(&pem),
                Err(error) => tracing::warn!(?path, %error, "the trust store cannot be read"),
            }
        }
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
        found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
        found.dedup();
        found
    }
}

/// Identifies the file to which a path leads.
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
    use super::Places;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    #[test]
    fn unset_or_empty_variables_specify_no_location() {
        assert!(Places::named(None, None).is_none());
        assert!(Places::named(None, Some("".into())).is_none());
        assert!(Places::named(Some("x".into()), None).is_some());
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
        assert_eq!(places.certificates().len(), 1);
    }
}
