//! The client certificate (`--cert`, `--key`). It is loaded and compared with its key before any data is sent, so that
//! mistakes in the files are reported early.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::host::{SetupError, file};
use crate::plan::ClientCertificate;

/// Loads the certificate and its key.
pub(super) fn load(wanted: &ClientCertificate) -> Result<Arc<CertifiedKey>, SetupError> {
    let fault_of = |flag, path: &Path, error: &std::io::Error| SetupError::File {
        flag,
        path: path.to_owned(),
        why: file::reason(error),
    };
    let cert = file::contents(&wanted.cert).map_err(|error| fault_of("--cert", &wanted.cert, &error))?;
    // A file that contains both is read only once, because it may be a pipe.
    let key = match wanted.key == wanted.cert {
        true => cert.clone(),
        false => file::contents(&wanted.key).map_err(|error| fault_of("--key", &wanted.key, &error))?,
    };
    let chain = certificates(&wanted.cert, &cert)?;
    let key = private_key(wanted, &key)?;
    let fault = |path: &Path, flag, why: String| SetupError::File { flag, path: path.to_owned(), why };
    match CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider()) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(fault(&wanted.key, "--key", format!("is not the key of the certificate in {}", wanted.cert.display())))
        }
        Err(error) => Err(fault(&wanted.key, "--key", format!("cannot be used: {error}"))),
    }
}

fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let fault = |why: String| SetupError::File { flag: "--cert", path: path.to_owned(), why };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).collect();
    if !chain.is_empty() {
        return Ok(chain);
    }
    Err(fault(if bytes.first() == Some(&0x30) {
        format!("is DER; convert it with: openssl x509 -inform der -in {} -out client.pem", path.display())
    } else {
        "contains no certificate; a PEM certificate begins with the line -----BEGIN CERTIFICATE-----".to_owned()
    }))
}

fn private_key(wanted: &ClientCertificate, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, SetupError> {
    let path = &wanted.key;
    let fault = |why: String| SetupError::File { flag: "--key", path: path.clone(), why };
    if let Ok(key) = PrivateKeyDer::from_pem_slice(bytes) {
        // In the old format, this header is inside the PEM block, where the PEM parser ignores it.
        if !mentions(bytes, b"Proc-Type: 4,ENCRYPTED") {
            return Ok(key);
        }
    }
    Err(fault(if mentions(bytes, b"ENCRYPTED") {
        format!("is encrypted; decrypt it with: openssl pkey -in {} -out key.pem", path.display())
    } else if bytes.first() == Some(&0x30) {
        format!("is DER; convert it with: openssl pkey -inform der -in {} -out key.pem", path.display())
    } else {
        "contains no private key; a PEM private key begins with the line -----BEGIN PRIVATE KEY-----".to_owned()
    }))
}

fn mentions(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}
