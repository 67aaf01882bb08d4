//! The certificates that this machine trusts. If `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, they are read from there, as
//! in OpenSSL, and otherwise from the standard locations of operating systems. Like every TLS library, smtpcheck
//! ignores files that cannot be parsed.
//!
//! A system keeps the same certificates in one file and, one by one, in a directory of hundreds of files. The directory
//! is read only if the file contains no certificate. Nothing is parsed here: `pkix` parses the few certificates whose
//! names occur in the chain of a server.
//!
//! Files are read through [`crate::host::file`], because the variables can contain any path. If the trust store of the
//! operating system is not a file, the API of the operating system is used.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use crate::host::file;

/// The maximum number of files in one directory that are read. A hashed directory of a current system has 300 entries,
/// including links.
const MAX_FILES: usize = 5000;
/// The maximum total size of the files in directories, and of the system's file. A current system has 1 MB.
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
    standard(known.cert_file.as_deref(), known.cert_dir)
}

/// The certificates in the standard locations: those in the file, or else those in the directories.
#[cfg(not(any(windows, target_os = "macos")))]
fn standard(bundle: Option<&Path>, folders: Vec<PathBuf>) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    // The path is fixed, so a pipe or a device there is a mistake.
    match bundle.map(|path| file::regular(path, MAX_BYTES)) {
        Some(Ok(pem)) => take_certificates(&pem, &mut found),
        Some(Err(error)) => tracing::warn!(?bundle, %error, "the trust store cannot be read"),
        None => {}
    }
    if found.is_empty() {
        return Places { file: None, folders }.certificates();
    }
    without_duplicates(found)
}

fn without_duplicates(mut found: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    found.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
    found.dedup();
    found
}

/// Decodes the certificates of a PEM file (RFC 7468 §5). A certificate that cannot be decoded is left out. The decoder
/// of rustls protects secrets and takes ten times as long.
fn take_certificates(pem: &[u8], found: &mut Vec<CertificateDer<'static>>) {
    let mut text: Vec<u8> = Vec::new();
    let mut is_inside = false;
    for line in pem.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii) {
        match line {
            b"-----BEGIN CERTIFICATE-----" => {
                text.clear();
                is_inside = true;
            }
            b"-----END CERTIFICATE-----" if is_inside => {
                is_inside = false;
                found.extend(STANDARD.decode(&text).ok().map(CertificateDer::from));
            }
            // Another kind of block begins or ends.
            _ if line.starts_with(b"-----") => is_inside = false,
            _ if is_inside => text.extend_from_slice(line),
            _ => {}
        }
    }
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
        if let Some(path) = &self.file {
            match file::contents(path) {
                Ok(pem) => take_certificates(&pem, &mut found),
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
                    take_certificates(&pem, &mut found);
                }
            }
        }
        without_duplicates(found)
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
    use std::path::Path;

    use super::{Places, standard, take_certificates};

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
        let count = |bundle: Option<&Path>| standard(bundle, vec![at("certs")]).len();
        assert_eq!(count(Some(&at("bundle.pem"))), 1);
        assert_eq!(count(Some(&at("empty.pem"))), 2);
        assert_eq!(count(Some(&at("gone.pem"))), 2);
        assert_eq!(count(None), 2);
        // The variables of OpenSSL name both, and both are read.
        let places = Places::named(Some(at("bundle.pem").into()), Some(at("certs").into())).expect("both are set");
        assert_eq!(places.certificates().len(), 3);
    }

    #[test]
    fn only_complete_certificates_are_decoded() {
        let text = format!(
            "# a comment\r\n{}{PEM}-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n\
             -----BEGIN CERTIFICATE-----\nM*==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMAA=",
            PEM.replace('\n', " \r\n")
        );
        let mut found = Vec::new();
        take_certificates(text.as_bytes(), &mut found);
        assert_eq!(found.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>(), [[0x30, 0], [0x30, 0]]);
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
