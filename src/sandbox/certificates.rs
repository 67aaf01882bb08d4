//! The certificates of the sandbox servers, made when they are first used and never stored.
//!
//! Each run makes its own CA, which issues the certificates. Clients trust it with `--cacert`. Current libraries cannot
//! make certificates that are signed with SHA-1 or issued by a CA with a 1024-bit key. These certificates and their CA
//! are therefore in the folder `legacy`. All other keys are P-256 keys, which take less than a millisecond to generate.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType, SigningKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use sha1::{Digest, Sha1};

use super::scenario::{Recipe, TlsTerms};

const LEGACY_AUTHORITY: &str = include_str!("legacy/authority.pem");
const LEGACY_SHA1: &str = include_str!("legacy/sha1.pem");
const LEGACY_WEAK_KEY: &str = include_str!("legacy/weak-key.pem");

/// The maximum number of cached certificate chains. It is needed because a fleet has millions of addresses.
const MAX_KEPT: usize = 4096;

/// A host name that no sandbox server has.
const OTHER_HOST: &str = "mail.elsewhere.test";

/// The certificates of one run.
#[derive(Default)]
pub(super) struct Certificates {
    authority: OnceLock<Result<IssuedCertificate, String>>,
    configs: Mutex<HashMap<(Recipe, TlsTerms, ServerNames), Arc<Identity>>>,
}

/// The names under which a client reaches a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ServerNames {
    /// The id of the scenario.
    pub name: &'static str,
    /// The local IP address that the client connected to.
    pub ip: IpAddr,
}

/// What a server needs for its handshakes.
pub(super) struct Identity {
    /// The configuration of the TLS library.
    pub config: Arc<ServerConfig>,
    /// The certificate chain, for responses that `hello` sends instead of the library.
    pub chain: Vec<CertificateDer<'static>>,
}

/// A certificate with its key, which can sign other certificates.
struct IssuedCertificate {
    params: CertificateParams,
    key: KeyPair,
    der: CertificateDer<'static>,
    pem: String,
}

/// A certificate chain with the key of the server's certificate. `staple` is an OCSP response, or empty.
struct IssuedChain {
    ders: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    staple: Vec<u8>,
}

impl Certificates {
    /// The CA certificates that a client must trust, as PEM.
    pub(super) fn authorities(&self) -> Result<String, String> {
        Ok(format!("{}{LEGACY_AUTHORITY}", self.authority()?.pem))
    }

    /// The certificate chain and TLS configuration for a recipe and the names of the server.
    pub(super) fn identity(&self, recipe: Recipe, terms: TlsTerms, at: ServerNames) -> Result<Arc<Identity>, String> {
        let kept = || self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = kept().get(&(recipe, terms, at)) {
            return Ok(Arc::clone(made));
        }
        let identity = Arc::new(self.make(recipe, terms, at)?);
        let mut configs = kept();
        if configs.len() >= MAX_KEPT {
            configs.clear();
        }
        configs.insert((recipe, terms, at), Arc::clone(&identity));
        Ok(identity)
    }

    /// A client certificate and its key, as PEM in one string.
    pub(super) fn client(&self) -> Result<String, String> {
        let mut params = params("demo client", &[], (-1, 90));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let made = signed(self.authority()?, params)?;
        Ok(format!("{}{}", made.pem, made.key.serialize_pem()))
    }

    fn authority(&self) -> Result<&IssuedCertificate, String> {
        let make = || self_signed(authority("smtpcheck sandbox authority", (-30, 3000)));
        self.authority.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    fn make(&self, recipe: Recipe, terms: TlsTerms, at: ServerNames) -> Result<Identity, String> {
        let chain = self.chain(recipe, at)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&rustls::SupportedProtocolVersion] = match terms {
            TlsTerms::Only12 | TlsTerms::ClientCertificate12 => &[&rustls::version::TLS12],
            TlsTerms::Open
            | TlsTerms::ClientCertificate
            | TlsTerms::ForeignClientCertificate
            | TlsTerms::ClientCertificateWelcome => &[&rustls::version::TLS13, &rustls::version::TLS12],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let foreign = self_signed(authority("Unrelated CA", (-30, 3000)))?;
        let verifier = |welcome: bool| {
            let mut roots = RootCertStore::empty();
            let trusted = if terms == TlsTerms::ForeignClientCertificate { &foreign } else { self.authority()? };
            roots.add(trusted.der.clone()).map_err(|error| error.to_string())?;
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            let builder = if welcome { builder.allow_unauthenticated() } else { builder };
            builder.build().map_err(|error| error.to_string())
        };
        let builder = match terms {
            TlsTerms::Open | TlsTerms::Only12 => builder.with_no_client_auth(),
            TlsTerms::ClientCertificate | TlsTerms::ClientCertificate12 | TlsTerms::ForeignClientCertificate => {
                builder.with_client_cert_verifier(verifier(false)?)
            }
            TlsTerms::ClientCertificateWelcome => builder.with_client_cert_verifier(verifier(true)?),
        };
        // `with_single_cert` would reject a key that does not match the certificate.
        let key = provider.key_provider.load_private_key(chain.key).map_err(|error| error.to_string())?;
        let mut shown = CertifiedKey::new(chain.ders.clone(), key);
        shown.ocsp = Some(chain.staple).filter(|staple| !staple.is_empty());
        let config = if recipe == Recipe::ByServerName {
            let right = self.chain(Recipe::Good, at)?;
            let key = provider.key_provider.load_private_key(right.key).map_err(|error| error.to_string())?;
            let right = Arc::new(CertifiedKey::new(right.ders, key));
            builder.with_cert_resolver(Arc::new(ByName {
                name: format!("{}.test", at.name),
                right,
                other: Arc::new(shown),
            }))
        } else {
            builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
        };
        Ok(Identity { config: Arc::new(config), chain: chain.ders })
    }

    fn chain(&self, recipe: Recipe, at: ServerNames) -> Result<IssuedChain, String> {
        let root = self.authority()?;
        let leaf = leaf(recipe, at);
        Ok(match recipe {
            Recipe::Good
            | Recipe::Dates(..)
            | Recipe::OtherName
            | Recipe::ByServerName
            | Recipe::CommonNameOnly
            | Recipe::ClientOnly
            | Recipe::StapleMissing
            | Recipe::CriticalPolicies
            | Recipe::LongLived
            | Recipe::ManyNames
            | Recipe::Megabyte
            | Recipe::HostileNames => signed(root, leaf)?.alone(),
            Recipe::SelfSigned | Recipe::SelfSignedAuthority => self_signed(leaf)?.alone(),
            Recipe::UnknownAuthority | Recipe::ThreeFaults | Recipe::Interceptor => {
                signed(&self_signed(unknown_authority(recipe))?, leaf)?.alone()
            }
            Recipe::WithIntermediate
            | Recipe::KnownAuthority
            | Recipe::ExpiredIntermediate
            | Recipe::Constrained
            | Recipe::NotSigning => {
                let middle = signed(root, intermediate(recipe))?;
                signed(&middle, leaf)?.followed_by(&[&middle])
            }
            Recipe::MissingIntermediate | Recipe::FetchableIntermediate => {
                signed(&signed(root, intermediate(recipe))?, leaf)?.alone()
            }
            Recipe::LongChain => {
                let middle = signed(root, intermediate(recipe))?;
                signed(&middle, leaf)?.followed_by(&vec![&middle; 39])
            }
            Recipe::Disordered => {
                let upper = signed(root, intermediate(recipe))?;
                let lower = signed(&upper, authority("smtpcheck sandbox lower intermediate", (-30, 900)))?;
                signed(&lower, leaf)?.followed_by(&[&upper, &lower])
            }
            Recipe::Surplus => {
                let leaf = signed(root, leaf)?;
                let foreign = self_signed(authority("Unrelated CA", (-30, 3000)))?;
                let twin = IssuedCertificate::copy(&leaf)?;
                leaf.followed_by(&[&twin, &foreign])
            }
            Recipe::RootSent => signed(root, leaf)?.followed_by(&[root]),
            Recipe::Sha1 => legacy(LEGACY_SHA1)?,
            Recipe::WeakKey => legacy(LEGACY_WEAK_KEY)?,
            Recipe::Revoked => {
                let leaf = signed(root, leaf)?;
                IssuedChain { staple: revoked(root, &leaf)?, ..leaf.alone() }
            }
            Recipe::ForeignKey => {
                let other = signed(root, server(at, (-30, 60)))?;
                IssuedChain { key: other.alone().key, ..signed(root, leaf)?.alone() }
            }
            Recipe::StapleForeign => {
                let other = signed(root, server(at, (-30, 60)))?;
                IssuedChain { staple: revoked(root, &other)?, ..signed(root, leaf)?.alone() }
            }
        })
    }
}

/// The contents of the server's certificate.
fn leaf(recipe: Recipe, at: ServerNames) -> CertificateParams {
    let mut params = server(at, (-30, 60));
    match recipe {
        Recipe::Dates(from, until) => return server(at, (from, until)),
        Recipe::LongLived => return server(at, (-30, 3600)),
        Recipe::OtherName | Recipe::ByServerName => return named(&[OTHER_HOST], (-30, 60)),
        Recipe::ThreeFaults => return named(&[OTHER_HOST], (-100, -3)),
        Recipe::CommonNameOnly => return named(&[], (-30, 60)),
        Recipe::ManyNames => {
            let names: Vec<String> = (0..2000).map(|number| format!("h{number}.elsewhere.test")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).chain(["localhost", "127.0.0.1"]).collect();
            return named(&names, (-30, 60));
        }
        Recipe::SelfSignedAuthority => {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = Vec::new();
            params.extended_key_usages = Vec::new();
        }
        Recipe::ClientOnly => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Recipe::FetchableIntermediate => {
            params.custom_extensions.push(issuer_at("http://ca.sandbox.test/intermediate.crt"));
        }
        Recipe::StapleMissing => params.custom_extensions.push(must_staple()),
        Recipe::CriticalPolicies => params.custom_extensions.push(critical_policies()),
        Recipe::Megabyte => {
            // An unknown extension below 1.3.6.1.4.1, the OID arc for private enterprises.
            let content = der(0x04, &vec![b'x'; 1024 * 1024]);
            let oid = [1, 3, 6, 1, 4, 1, 99_999, 1];
            params.custom_extensions.push(CustomExtension::from_oid_content(&oid, content));
        }
        Recipe::HostileNames => {
            let name = "\u{1b}]52;c;aGk=\u{7}\u{1b}[31m\u{202e}::error::<script>alert(1)</script>\r\n";
            params.distinguished_name.push(DnType::OrganizationName, name);
            params.distinguished_name.push(DnType::CommonName, name);
        }
        _ => {}
    }
    params
}

/// The contents of the intermediate CA's certificate.
fn intermediate(recipe: Recipe) -> CertificateParams {
    let name = match recipe {
        Recipe::Constrained => "smtpcheck sandbox constrained intermediate",
        Recipe::KnownAuthority => "smtpcheck sandbox imitation of Let's Encrypt",
        Recipe::Disordered => "smtpcheck sandbox upper intermediate",
        _ => "smtpcheck sandbox intermediate",
    };
    let days = if recipe == Recipe::ExpiredIntermediate { (-400, -2) } else { (-30, 1000) };
    let mut params = authority(name, days);
    match recipe {
        Recipe::Constrained => {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("elsewhere.test".to_owned())],
                excluded_subtrees: Vec::new(),
            });
        }
        Recipe::NotSigning => params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign],
        _ => {}
    }
    params
}

/// The contents of the certificate of an untrusted CA.
fn unknown_authority(recipe: Recipe) -> CertificateParams {
    match recipe {
        Recipe::Interceptor => {
            let mut params = authority("Avast Web/Mail Shield Root", (-30, 3000));
            params.distinguished_name.push(DnType::OrganizationName, "Avast Web/Mail Shield");
            params
        }
        Recipe::ThreeFaults => authority("Example Private CA", (-400, 3000)),
        _ => authority("Example Private CA", (-30, 3000)),
    }
}

/// Chooses the certificate by SNI, as a server with several certificates does.
#[derive(Debug)]
struct ByName {
    name: String,
    right: Arc<CertifiedKey>,
    other: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_right = hello.server_name().is_some_and(|name| name == self.name);
        Some(Arc::clone(if is_right { &self.right } else { &self.other }))
    }
}

impl IssuedCertificate {
    fn copy(other: &IssuedCertificate) -> Result<IssuedCertificate, String> {
        let key = KeyPair::try_from(other.key.serialize_der()).map_err(|error| error.to_string())?;
        Ok(IssuedCertificate { params: other.params.clone(), key, der: other.der.clone(), pem: other.pem.clone() })
    }

    fn alone(self) -> IssuedChain {
        self.followed_by(&[])
    }

    fn followed_by(self, others: &[&IssuedCertificate]) -> IssuedChain {
        let ders = std::iter::once(self.der).chain(others.iter().map(|made| made.der.clone())).collect();
        IssuedChain { ders, key: PrivateKeyDer::Pkcs8(self.key.serialize_der().into()), staple: Vec::new() }
    }
}

fn self_signed(params: CertificateParams) -> Result<IssuedCertificate, String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = params.self_signed(&key).map_err(|error| error.to_string())?;
    Ok(IssuedCertificate { params, key, der: certificate.der().clone(), pem: certificate.pem() })
}

fn signed(issuer: &IssuedCertificate, params: CertificateParams) -> Result<IssuedCertificate, String> {
    let key = KeyPair::generate().map_err(|error| error.to_string())?;
    let by = Issuer::from_params(&issuer.params, &issuer.key);
    let certificate = params.signed_by(&key, &by).map_err(|error| error.to_string())?;
    Ok(IssuedCertificate { params, key, der: certificate.der().clone(), pem: certificate.pem() })
}

fn params(name: &str, names: &[&str], days: (i64, i64)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = names.iter().filter_map(|name| alternative(name)).collect();
    (params.not_before, params.not_after) = (day(days.0), day(days.1));
    params.use_authority_key_identifier_extension = true;
    params
}

fn alternative(name: &str) -> Option<SanType> {
    match name.parse::<IpAddr>() {
        Ok(ip) => Some(SanType::IpAddress(ip)),
        Err(_) => name.try_into().ok().map(SanType::DnsName),
    }
}

fn authority(name: &str, days: (i64, i64)) -> CertificateParams {
    let mut params = params(name, &[], days);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate for localhost, the loopback addresses, `SCENARIO.test`, and the IP address that the client connected
/// to.
fn server(at: ServerNames, days: (i64, i64)) -> CertificateParams {
    let [ip, v4, v6] = [at.ip, Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].map(|ip| ip.to_string());
    let host = format!("{}.test", at.name);
    let mut names = vec!["localhost", &host, &v4, &v6];
    if ip != v4 && ip != v6 {
        names.push(&ip);
    }
    named(&names, days)
}

fn named(names: &[&str], days: (i64, i64)) -> CertificateParams {
    let common = names.first().copied().unwrap_or("localhost");
    let mut params = params(common, names, days);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn legacy(pem: &str) -> Result<IssuedChain, String> {
    let ders: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
    Ok(IssuedChain { ders: ders.map_err(|error| error.to_string())?, key, staple: Vec::new() })
}

/// RFC 7633 §4.2.3.1: the TLS feature status_request.
fn must_staple() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5])
}

/// RFC 5280 §4.2.1.4: a critical certificatePolicies extension with the CA/Browser Forum's policy for domain
/// validation.
fn critical_policies() -> CustomExtension {
    let policy = der(0x30, &der(0x06, &[0x67, 0x81, 0x0C, 1, 2, 1]));
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], der(0x30, &policy));
    extension.set_criticality(true);
    extension
}

/// RFC 5280 §4.2.2.1: the URL of the issuer's certificate.
fn issuer_at(url: &str) -> CustomExtension {
    const CA_ISSUERS: &[u8] = &[6, 8, 0x2B, 6, 1, 5, 5, 7, 0x30, 2];
    let description = [CA_ISSUERS, &der(0x86, url.as_bytes())].concat();
    let content = der(0x30, &der(0x30, &description));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

/// The moment `offset` days from now, plus half a day, so that "3 days ago" is still true hours later and on a machine
/// whose clock differs.
fn day(offset: i64) -> time::OffsetDateTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
    let seconds = offset * 86_400 + offset.signum() * 43_200;
    time::OffsetDateTime::from_unix_timestamp(now + seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

/// An OCSP response (RFC 6960 §4.2.1) in which the issuer reports a certificate as revoked.
fn revoked(issuer: &IssuedCertificate, leaf: &IssuedCertificate) -> Result<Vec<u8>, String> {
    const SHA1: &[u8] = &[0x30, 9, 6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0];
    const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
    const BASIC: &[u8] = &[6, 9, 0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1];
    let (_, certificate) = x509_parser::parse_x509_certificate(&issuer.der).map_err(|error| error.to_string())?;
    let (_, ended) = x509_parser::parse_x509_certificate(&leaf.der).map_err(|error| error.to_string())?;
    let spki = issuer.key.subject_public_key_info();
    let (_, key) = <x509_parser::x509::SubjectPublicKeyInfo<'_> as x509_parser::prelude::FromDer<_>>::from_der(&spki)
        .map_err(|error| error.to_string())?;
    let key_hash = Sha1::digest(&key.subject_public_key.data);
    let id = [
        SHA1.to_vec(),
        der(0x04, &Sha1::digest(certificate.subject().as_raw())),
        der(0x04, &key_hash),
        der(0x02, ended.raw_serial()),
    ];
    let (since, now, next) = (generalized(-2), generalized(0), generalized(7));
    let single = [
        der(0x30, &id.concat()),
        der(0xA1, &der(0x18, since.as_bytes())),
        der(0x18, now.as_bytes()),
        der(0xA0, &der(0x18, next.as_bytes())),
    ];
    let data = [der(0xA2, &der(0x04, &key_hash)), der(0x18, now.as_bytes()), der(0x30, &der(0x30, &single.concat()))];
    let data = der(0x30, &data.concat());
    let signature = issuer.key.sign(&data).map_err(|error| error.to_string())?;
    let bits = [&[0][..], &signature].concat();
    let basic = der(0x30, &[data, ECDSA_SHA256.to_vec(), der(0x03, &bits)].concat());
    let bytes = der(0x30, &[BASIC.to_vec(), der(0x04, &basic)].concat());
    Ok(der(0x30, &[der(0x0A, &[0]), der(0xA0, &bytes)].concat()))
}

fn generalized(offset: i64) -> String {
    let at = day(offset);
    format!("{:04}{:02}{:02}000000Z", at.year(), u8::from(at.month()), at.day())
}

/// Encodes a DER value with its tag and length (X.690 §8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|&byte| byte == 0).collect();
    let mut bytes = vec![tag];
    match (content.len(), u8::try_from(significant.len())) {
        (short @ 0..128, _) => bytes.extend(u8::try_from(short)),
        (_, Ok(count)) => {
            bytes.push(0x80 | count);
            bytes.extend(significant);
        }
        (_, Err(_)) => {}
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{Recipe, TlsTerms};
    use super::{Certificates, ServerNames, der};

    #[test]
    fn der_lengths_are_encoded_in_short_or_long_form() {
        assert_eq!(der(4, &[1, 2]), [4, 2, 1, 2]);
        assert_eq!(der(4, &[0; 200]).get(..3), Some(&[4, 0x81, 200][..]));
        assert_eq!(der(4, &[0; 70_000]).get(..5), Some(&[4, 0x83, 1, 0x11, 0x70][..]));
    }

    #[test]
    fn an_identity_is_made_once_and_cached() {
        let certificates = Certificates::default();
        let at = ServerNames { name: "revoked", ip: std::net::Ipv4Addr::LOCALHOST.into() };
        let first = certificates.identity(Recipe::Revoked, TlsTerms::Open, at).expect("a recipe");
        let second = certificates.identity(Recipe::Revoked, TlsTerms::Open, at).expect("a recipe");
        assert_eq!(first.chain, second.chain);
        assert!(certificates.authorities().expect("authorities").matches("BEGIN CERTIFICATE").count() == 2);
    }
}
