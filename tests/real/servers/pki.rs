//! A CA and the certificates that it signs, valid and invalid. They are created for each server.
//!
//! Each invalid certificate has exactly one fault. Only the self-signed one has two: it is not signed by the CA, and it
//! is marked as a CA, as `openssl req -x509` does. openssl(1) creates what rcgen does not support, such as short keys
//! and SHA-1 signatures.
//! Which server uses which certificate is decided elsewhere. Read next: `postfix`, which uses all of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};

use super::HOST;

/// The host name in the certificate for another name. No test connects to this host.
const OTHER_HOST: &str = "mail.example.org";

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
    /// The file for `--cacert`.
    pub pem: PathBuf,
    key: PathBuf,
}

/// The certificate status in an OCSP response.
pub enum Standing {
    Good,
    Revoked,
}

/// PEM files. Only root can read the key, unless `readable_by_all` is called.
pub struct Certificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(directory: &Path) -> Authority {
        let params = authority_params("smtpcheck test authority");
        let key = elliptic();
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        Authority::write_down(directory, "ca", &certificate.pem(), params, key)
    }

    /// Another CA, which signs no server certificates: for client certificates, or as an unknown CA.
    pub fn another(&self, name: &str) -> Authority {
        let params = authority_params(&format!("smtpcheck {name} authority"));
        let key = elliptic();
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        Authority::write_down(&self.directory, name, &certificate.pem(), params, key)
    }

    /// Two intermediate CAs. The first is signed by this CA, and the second by the first.
    pub fn two_intermediates(&self) -> (Authority, Authority) {
        let upper = self.intermediate("upper");
        let lower = upper.intermediate("lower");
        (upper, lower)
    }

    fn intermediate(&self, name: &str) -> Authority {
        let mut params = authority_params(&format!("smtpcheck {name} authority"));
        params.use_authority_key_identifier_extension = true;
        let key = elliptic();
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are complete");
        Authority::write_down(&self.directory, name, &certificate.pem(), params, key)
    }

    fn write_down(directory: &Path, name: &str, pem: &str, params: CertificateParams, key: KeyPair) -> Authority {
        let paths = write_pair(directory, name, pem, &key.serialize_pem());
        let issuer = Issuer::new(params, key);
        Authority { issuer, directory: directory.to_owned(), pem: paths.chain, key: paths.key }
    }

    /// A valid certificate with an elliptic-curve key, the default of Let's Encrypt.
    pub fn good(&self) -> Certificate {
        self.signed("good", &server_params(HOST, Validity::Now))
    }

    pub fn expired(&self) -> Certificate {
        self.signed("expired", &server_params(HOST, Validity::UntilYesterday))
    }

    pub fn for_another_name(&self) -> Certificate {
        self.signed("other", &server_params(OTHER_HOST, Validity::Now))
    }

    /// A valid certificate for these hosts.
    pub fn for_hosts(&self, name: &str, hosts: &[&str]) -> Certificate {
        self.signed(name, &server_params_of(hosts, Validity::Now))
    }

    /// A certificate for this host that expired yesterday.
    pub fn expired_for(&self, name: &str, host: &str) -> Certificate {
        self.signed(name, &server_params(host, Validity::UntilYesterday))
    }

    /// A valid certificate for this host with an RSA key of 2048 bits.
    pub fn rsa_for(&self, name: &str, host: &str) -> Certificate {
        self.signed_for(name, &server_params(host, Validity::Now), self.rsa_2048())
    }

    /// Adds the certificate of this CA to the chain that a server sends.
    pub fn with_authority_sent(&self, certificate: Certificate) -> Certificate {
        let leaf = fs::read_to_string(&certificate.chain).expect("the file was just created");
        let authority = fs::read_to_string(&self.pem).expect("the directory is readable");
        fs::write(&certificate.chain, leaf + &authority).expect("the directory is writable");
        certificate
    }

    /// A client certificate, to log in as this user.
    pub fn of_user(&self, user: &str) -> Certificate {
        let mut params = params(user, &[], Validity::Now);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        self.signed("user", &params)
    }

    /// The same as `openssl req -x509 -subj /CN=localhost -addext subjectAltName=DNS:localhost` creates.
    pub fn self_signed(&self) -> Certificate {
        let mut params = params(HOST, &[HOST], Validity::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = elliptic();
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        self.write("self-signed", &certificate.pem(), &key)
    }

    /// A valid certificate with an RSA key of 2048 bits.
    pub fn good_rsa(&self) -> Certificate {
        self.signed_for("rsa", &server_params(HOST, Validity::Now), self.rsa_2048())
    }

    pub fn expired_rsa(&self) -> Certificate {
        self.signed_for("expired-rsa", &server_params(HOST, Validity::UntilYesterday), self.rsa_2048())
    }

    /// A valid certificate that contains the URL of its issuer's certificate (RFC 5280 §4.2.2.1).
    pub fn with_issuer_address(&self) -> Certificate {
        const OID: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
        const CA_ISSUERS: &[u8] = &[0x06, 8, 0x2B, 6, 1, 5, 5, 7, 0x30, 2];
        const URI: &[u8] = b"http://ca.example.net/intermediate.crt";
        let description = [CA_ISSUERS, &tagged(0x86, URI)].concat();
        let content = tagged(0x30, &tagged(0x30, &description));
        let mut params = server_params(HOST, Validity::Now);
        params.custom_extensions = vec![CustomExtension::from_oid_content(OID, content)];
        self.signed("with-issuer", &params)
    }

    /// A client certificate.
    pub fn client(&self, name: &str) -> Certificate {
        let mut params = server_params("client.example.com", Validity::Now);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signed(name, &params)
    }

    /// Valid, except that its RSA key has only 1024 bits.
    pub fn with_short_key(&self) -> Certificate {
        let [key, public] = ["short.private", "short.public"].map(|name| self.directory.join(name));
        openssl(&format!("genrsa -out {} 1024", key.display()));
        openssl(&format!("pkey -in {} -pubout -out {}", key.display(), public.display()));
        let certificate = self.signed_by_openssl("short", &format!("-force_pubkey {}", public.display()));
        Certificate { key, ..certificate }
    }

    /// Valid, except that its signature uses SHA-1.
    pub fn with_sha1(&self) -> Certificate {
        self.signed_by_openssl("sha1", "-sha1")
    }

    /// A valid certificate, and the OCSP response of its CA in DER.
    pub fn with_ocsp(&self, standing: Standing) -> (Certificate, PathBuf) {
        let mut params = server_params(HOST, Validity::Now);
        params.serial_number = Some(SerialNumber::from(0x1234_u64));
        let certificate = self.signed("numbered", &params);
        let [index, response] = ["ocsp.index", "ocsp.der"].map(|name| self.directory.join(name));
        // The database format of openssl-ca(1): status, expiry, revocation time, serial number, file, subject.
        let line = match standing {
            Standing::Good => "V\t491231235959Z\t\t1234\tunknown\t/CN=localhost\n",
            Standing::Revoked => "R\t491231235959Z\t250101000000Z,keyCompromise\t1234\tunknown\t/CN=localhost\n",
        };
        fs::write(&index, line).expect("the directory is writable");
        openssl(&format!(
            "ocsp -index {index} -CA {ca} -rsigner {ca} -rkey {key} -issuer {ca} -cert {leaf} -ndays 7 -respout {out}",
            index = index.display(),
            ca = self.pem.display(),
            key = self.key.display(),
            leaf = certificate.chain.display(),
            out = response.display(),
        ));
        (certificate, response)
    }

    /// A valid certificate, modified by these options of openssl-x509(1).
    fn signed_by_openssl(&self, name: &str, how: &str) -> Certificate {
        let mut params = server_params(HOST, Validity::Now);
        // A certificate request cannot contain the key identifier of the issuer.
        params.use_authority_key_identifier_extension = false;
        let key = elliptic();
        let request = params.serialize_request(&key).expect("the parameters are complete").pem().expect("DER");
        let paths = self.write(name, &request, &key);
        let request = self.directory.join(format!("{name}.csr"));
        fs::rename(&paths.chain, &request).expect("the directory is writable");
        openssl(&format!(
            "x509 -req -in {} -copy_extensions copyall -days 90 -CA {} -CAkey {} {how} -out {}",
            request.display(),
            self.pem.display(),
            self.key.display(),
            paths.chain.display(),
        ));
        paths
    }

    fn signed(&self, name: &str, params: &CertificateParams) -> Certificate {
        self.signed_for(name, params, elliptic())
    }

    fn signed_for(&self, name: &str, params: &CertificateParams, key: KeyPair) -> Certificate {
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are complete");
        self.write(name, &certificate.pem(), &key)
    }

    fn rsa_2048(&self) -> KeyPair {
        let path = self.directory.join("rsa-2048.key");
        openssl(&format!("genrsa -out {} 2048", path.display()));
        KeyPair::from_pem(&fs::read_to_string(path).expect("the file was just created"))
            .expect("the file contains a private key")
    }

    fn write(&self, name: &str, chain: &str, key: &KeyPair) -> Certificate {
        write_pair(&self.directory, name, chain, &key.serialize_pem())
    }
}

fn write_pair(directory: &Path, name: &str, chain: &str, key: &str) -> Certificate {
    let paths = paths(directory, name);
    fs::write(&paths.chain, chain).expect("the directory is writable");
    fs::write(&paths.key, key).expect("the directory is writable");
    paths.let_read_key(0o600);
    paths
}

fn paths(directory: &Path, name: &str) -> Certificate {
    Certificate { chain: directory.join(format!("{name}.crt")), key: directory.join(format!("{name}.key")) }
}

/// Runs openssl(1) until it ends. The arguments are separated by spaces and must not contain spaces.
fn openssl(arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .env("OPENSSL_CONF", "/dev/null")
        .output()
        .expect("install-servers installed openssl");
    assert!(output.status.success(), "openssl {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn elliptic() -> KeyPair {
    KeyPair::generate().expect("P-256 keys are supported")
}

/// A DER value with content of less than 128 bytes.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 128).expect("the content is short");
    [&[tag, length], content].concat()
}

impl Certificate {
    /// Exim needs this, because it reads its key after it has switched to another user.
    pub fn readable_by_all(self) -> Certificate {
        self.let_read_key(0o644);
        self
    }

    fn let_read_key(&self, mode: u32) {
        fs::set_permissions(&self.key, fs::Permissions::from_mode(mode)).expect("the file can be changed");
    }
}

enum Validity {
    Now,
    UntilYesterday,
}

fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name, &[], Validity::Now);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(host: &str, validity: Validity) -> CertificateParams {
    // In addition to the name, the certificate contains the addresses on which the servers listen.
    match host {
        HOST => server_params_of(&[HOST, "127.0.0.1", "127.0.0.2", "::1"], validity),
        _ => server_params_of(&[host], validity),
    }
}

fn server_params_of(names: &[&str], validity: Validity) -> CertificateParams {
    let first = names.first().expect("a certificate has a name");
    let mut params = params(first, names, validity);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

fn params(common_name: &str, names: &[&str], validity: Validity) -> CertificateParams {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names are ASCII");
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
