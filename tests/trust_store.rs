//! The trust store that `SSL_CERT_FILE` and `SSL_CERT_DIR` specify: the directory is read only if the certificates in the
//! file do not verify the server's certificate.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::path::Path;

use serde_json::Value;

use crate::support::program::run_with;
use crate::support::server::{Identity, Server};

const SECURED: &str = "
    TLS
    S: 220 localhost ESMTP
    C
    S: 250 localhost
    C
    S: 221 bye";

/// Whether a check trusts the server's certificate, and the number of certificates that it read.
fn trusted(server: &Server, file: &Path, folder: &Path) -> (bool, u64) {
    let address = server.address.to_string();
    let words = [&address, "--tls", "implicit", "--sni", "localhost", "--json"];
    let named = [("SSL_CERT_FILE", file.to_str().unwrap()), ("SSL_CERT_DIR", folder.to_str().unwrap())];
    let certificate: Value = run_with(&words, None, &named).json()["certificate"].clone();
    (certificate["trusted"].as_bool().unwrap(), certificate["store"]["anchors"].as_u64().unwrap())
}

/// The findings of a check in which `SSL_CERT_FILE` specifies this file.
fn findings(server: &Server, file: &Path, flags: &[&str]) -> Vec<(String, String, String)> {
    let address = server.address.to_string();
    let words: Vec<&str> = [&[&address, "--tls", "implicit", "--sni", "localhost", "--json"], flags].concat();
    let report = run_with(&words, None, &[("SSL_CERT_FILE", file.to_str().unwrap())]).json();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|one| (text(one, "rule"), text(one, "severity"), text(one, "summary"))).collect()
}

/// An authority, and a certificate for localhost that it signed. The certificate names the authority's key (RFC 5280
/// §4.2.1.1), because OpenSSL cannot tell two authorities of the same name apart otherwise.
struct Company {
    ca: tempfile::NamedTempFile,
    /// A directory that contains only the authority.
    folder: tempfile::TempDir,
    identity: Identity,
}

fn company(name: &str) -> Company {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.use_authority_key_identifier_extension = true;
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap().der().clone();
    let identity = Identity::of(pem, vec![leaf], &key);
    let (ca, folder) = (identity.ca_file(), tempfile::tempdir().unwrap());
    std::fs::copy(ca.path(), folder.path().join("ca.pem")).unwrap();
    Company { ca, folder, identity }
}

#[test]
fn the_directory_is_read_only_if_the_file_does_not_suffice() {
    let (own, other) = (company("Own CA"), company("Other CA"));
    let server = Server::start(&[SECURED], &own.identity);
    assert_eq!(trusted(&server, own.ca.path(), other.folder.path()), (true, 1));
    assert_eq!(trusted(&server, other.ca.path(), own.folder.path()), (true, 2));
    assert_eq!(trusted(&server, other.ca.path(), other.folder.path()), (false, 1));
    assert_eq!(trusted(&server, Path::new("/nonexistent"), own.folder.path()), (true, 1));
}

#[test]
fn an_authority_of_the_same_name_in_the_file_does_not_hide_the_one_in_the_directory() {
    let (old, new) = (company("Company CA"), company("Company CA"));
    let server = Server::start(&[SECURED], &new.identity);
    assert_eq!(trusted(&server, old.ca.path(), new.folder.path()), (true, 2));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_a_pipe_is_read_only_once() {
    let (own, other) = (company("Own CA"), company("Other CA"));
    let files = tempfile::tempdir().unwrap();
    let pipe = files.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (path, content) = (pipe.clone(), std::fs::read(other.ca.path()).unwrap());
    let writer = std::thread::spawn(move || std::fs::write(path, content));
    let server = Server::start(&[SECURED], &own.identity);
    assert_eq!(trusted(&server, &pipe, own.folder.path()), (true, 2));
    writer.join().unwrap().unwrap();
}

#[test]
fn a_variable_that_specifies_no_certificates_is_reported_unless_cacert_is_given() {
    let own = company("Own CA");
    let server = Server::start(&[SECURED], &own.identity);
    let files = tempfile::tempdir().unwrap();
    let empty = files.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (path, state) in [
        (Path::new("/nonexistent/ca.pem"), "does not exist"),
        (&empty, "contains no certificate"),
        (files.path(), "is a directory, not a file"),
    ] {
        let found = findings(&server, path, &[]);
        let (rule, severity, summary) = &found[0];
        assert_eq!((rule.as_str(), severity.as_str()), ("trust-store-missing", "error"), "{found:?}");
        assert!(summary.contains(&format!("SSL_CERT_FILE specifies {}, which {state}", path.display())), "{summary}");
        assert_eq!(found[1].0, "certificate-untrusted");
    }
    let cacert = own.ca.path().to_str().unwrap();
    let is_reported = |file: &Path, flags: &[&str]| {
        findings(&server, file, flags).iter().any(|(rule, ..)| rule == "trust-store-missing")
    };
    assert!(!is_reported(Path::new("/nonexistent/ca.pem"), &["--cacert", cacert]));
    assert!(!is_reported(own.ca.path(), &[]));
}
