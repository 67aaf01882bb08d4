//! Sets up TLS for the server from the web configuration file. The certificate and key files are read at this point, so
//! that an error in them is found at startup or on a reload.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, SupportedProtocolVersion};

use super::web_config::{ClientCertificates, ServerTlsVersion, TlsServerConfig};
use crate::host::file;

/// Creates the server. The error names the file.
pub(super) fn server(wanted: &TlsServerConfig) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions: &[&SupportedProtocolVersion] = match (wanted.min, wanted.max) {
        (ServerTlsVersion::Tls12, ServerTlsVersion::Tls12) => &[&rustls::version::TLS12],
        (ServerTlsVersion::Tls13, _) => &[&rustls::version::TLS13],
        (ServerTlsVersion::Tls12, ServerTlsVersion::Tls13) => &[&rustls::version::TLS13, &rustls::version::TLS12],
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = match &wanted.clients {
        ClientCertificates::NotRequested => builder.with_no_client_auth(),
        ClientCertificates::Optional(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities(path)?, provider);
            let verifier = verifier.allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|error| at(path, error))?)
        }
        ClientCertificates::Required(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities(path)?, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| at(path, error))?)
        }
    };
    let (chain, key) = (certificates(&wanted.cert)?, private_key(&wanted.key)?);
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("{}: this is not the key of the certificate in {}", wanted.key.display(), wanted.cert.display())
        }
        error => at(&wanted.cert, error),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn authorities(path: &Path) -> Result<Arc<RootCertStore>, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| at(path, error))?;
    }
    Ok(Arc::new(store))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = file::contents(path).map_err(|error| at(path, file::reason(&error)))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(at(
            path,
            "contains no certificate; a PEM certificate begins with the line -----BEGIN CERTIFICATE-----",
        ));
    }
    Ok(chain)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = file::contents(path).map_err(|error| at(path, file::reason(&error)))?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        at(
            path,
            "contains no unencrypted private key; a PEM private key begins with the line -----BEGIN PRIVATE KEY-----",
        )
    })
}

fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
