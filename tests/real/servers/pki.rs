//! A certification authority and the certificates it signs, good and bad, made anew for each server.
//!
//! Promises: each bad certificate has exactly one fault; only the self-signed one has two by nature (not issued by
//! the authority, and marked as an authority itself, as `openssl req -x509` does).
//! Does not: know which server presents which. Read next: `postfix`, which uses them all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::HOST;

/// A host that no test connects to, in the certificate for another name.
const OTHER_HOST: &str = "mail.example.org";

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
    /// What `--cacert` is given.
    pub pem: PathBuf,
}

/// Files in PEM; the key is readable by root only until `readable_by_all`.
pub struct Certificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(directory: &Path) -> Authority {
        let mut params = params("smtpcheck test authority", &[], Validity::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a P-256 key");
        let pem = directory.join("ca.pem");
        let certificate = params.self_signed(&key).expect("complete parameters");
        fs::write(&pem, certificate.pem()).expect("a writable directory");
        Authority { issuer: Issuer::new(params, key), directory: directory.to_owned(), pem }
    }

    /// With an elliptic key, as Let's Encrypt makes them today.
    pub fn good(&self) -> Certificate {
        self.signed("good", &server_params(HOST, Validity::Now))
    }

    pub fn expired(&self) -> Certificate {
        self.signed("expired", &server_params(HOST, Validity::UntilYesterday))
    }

    pub fn for_another_name(&self) -> Certificate {
        self.signed("other", &server_params(OTHER_HOST, Validity::Now))
    }

    /// As `openssl req -x509 -subj /CN=localhost -addext subjectAltName=DNS:localhost` makes it.
    pub fn self_signed(&self) -> Certificate {
        let mut params = params(HOST, &[HOST], Validity::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a P-256 key");
        let certificate = params.self_signed(&key).expect("complete parameters");
        self.write("self-signed", &certificate.pem(), &key)
    }

    fn signed(&self, name: &str, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a P-256 key");
        let certificate = params.signed_by(&key, &self.issuer).expect("complete parameters");
        self.write(name, &certificate.pem(), &key)
    }

    fn write(&self, name: &str, chain: &str, key: &KeyPair) -> Certificate {
        let paths = Certificate {
            chain: self.directory.join(format!("{name}.crt")),
            key: self.directory.join(format!("{name}.key")),
        };
        fs::write(&paths.chain, chain).expect("a writable directory");
        fs::write(&paths.key, key.serialize_pem()).expect("a writable directory");
        paths.let_read_key(0o600);
        paths
    }
}

impl Certificate {
    /// For Exim, which reads its key after it has become another user.
    pub fn readable_by_all(self) -> Certificate {
        self.let_read_key(0o644);
        self
    }

    fn let_read_key(&self, mode: u32) {
        fs::set_permissions(&self.key, fs::Permissions::from_mode(mode)).expect("a file of ours");
    }
}

enum Validity {
    Now,
    UntilYesterday,
}

fn server_params(host: &str, validity: Validity) -> CertificateParams {
    // Besides the name, the addresses that servers here listen on.
    let names: &[&str] = if host == HOST { &[HOST, "127.0.0.1", "127.0.0.2", "::1"] } else { &[host] };
    let mut params = params(host, names, validity);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

fn params(common_name: &str, names: &[&str], validity: Validity) -> CertificateParams {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("ASCII names");
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    let (from, until) = match validity {
        Validity::Now => (now - DAY, now + 90 * DAY),
        Validity::UntilYesterday => (now - 90 * DAY, now - DAY),
    };
    params.not_before = from.into();
    params.not_after = until.into();
    params
}
