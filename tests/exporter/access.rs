//! The web configuration file: TLS, client certificates and users.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::client::{Exporter, Response, read, text};
use super::{address, defaults};
use crate::support::leak::CANARY;

/// A self-signed certificate for localhost and its key, in PEM format.
struct WebIdentity {
    der: CertificateDer<'static>,
    cert: String,
    key: String,
}

fn web_identity() -> WebIdentity {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    WebIdentity { der: certificate.der().clone(), cert: certificate.pem(), key: key.serialize_pem() }
}

/// A request over TLS. `None` if the handshake fails, for example because the server has another certificate.
fn get_over_tls(exporter: &Exporter, identity: &WebIdentity, path: &str, headers: &[&str]) -> Option<Response> {
    let mut roots = RootCertStore::empty();
    roots.add(identity.der.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(&exporter.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(text("GET", path, headers).as_bytes()).ok()?;
    let mut bytes = Vec::new();
    // A server that closes without close_notify has sent its response.
    let _ = std::io::Read::read_to_end(&mut stream, &mut bytes);
    (!bytes.is_empty()).then(|| read(bytes.as_slice(), "GET"))
}

fn basic(pair: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(pair))
}

#[test]
fn users_need_their_password_for_every_page() {
    let hash = bcrypt::hash(CANARY, 5).unwrap();
    let web = format!(
        "basic_auth_users:\n  prometheus: {hash}\nhttp_server_config:\n  headers:\n    X-Frame-Options: deny\n"
    );
    let exporter = Exporter::start_with(&defaults(), &[("web.yml", &web)], &["--web-config", "{folder}/web.yml"]);
    let probe = format!("/probe?target={}", address("healthy-relay"));
    for path in ["/", "/metrics", "/config", "/-/healthy", "/logs?id=1", &probe] {
        for header in [&[][..], &["Authorization: Basic !"], &[&*basic("prometheus:wrong")], &[&*basic("other:wrong")]]
        {
            let denied = exporter.send("GET", path, header).is(401);
            assert!(denied.head.contains("www-authenticate: basic realm="), "{}", denied.head);
            assert!(!denied.body.contains(&hash));
        }
    }
    let right = basic(&format!("prometheus:{CANARY}"));
    exporter.send("POST", "/-/reload", &["Content-Length: 0"]).is(401);
    exporter.send("GET", &probe, &[&right]).is(200).contains("probe_success 1");
    let metrics = exporter.send("GET", "/metrics", &[&right]).is(200);
    assert_eq!(metrics.value("smtpcheck_exporter_http_login_failures_total"), Some(25.0));
    assert!(metrics.head.contains("x-frame-options: deny"), "{}", metrics.head);
    let config = exporter.send("GET", "/config", &[&right]).is(200);
    assert!(!config.body.contains(&hash));
}

#[test]
fn tls_uses_a_renewed_certificate_without_a_reload_and_keeps_the_old_one_if_the_new_one_is_broken() {
    let (first, second) = (web_identity(), web_identity());
    let web = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let files = [("web.yml", web), ("server.crt", &first.cert), ("server.key", &first.key)];
    let exporter = Exporter::start_with(&defaults(), &files, &["--web-config", "{folder}/web.yml"]);
    assert!(exporter.log().contains("https://127.0.0.1:"), "{}", exporter.log());
    let probe = format!("/probe?target={}", address("healthy-relay"));
    get_over_tls(&exporter, &first, &probe, &[]).unwrap().is(200).contains("probe_success 1");
    assert!(get_over_tls(&exporter, &second, "/-/healthy", &[]).is_none(), "another certificate is not trusted");
    let write = |name: &str, text: &str| std::fs::write(exporter.folder.path().join(name), text).unwrap();
    write("server.crt", &second.cert);
    let began = Instant::now();
    // The certificate does not match the key yet.
    while !exporter.log().contains("the old configuration remains in use") {
        get_over_tls(&exporter, &first, "/-/healthy", &[]).unwrap().is(200);
        assert!(began.elapsed() < Duration::from_secs(20), "{}", exporter.log());
    }
    write("server.key", &second.key);
    while get_over_tls(&exporter, &second, "/-/healthy", &[]).is_none() {
        assert!(began.elapsed() < Duration::from_secs(40), "{}", exporter.log());
    }
    exporter.logs("was read again");
}

#[test]
fn a_client_certificate_can_be_demanded() {
    let identity = web_identity();
    let web = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.crt\n";
    let files = [("web.yml", web), ("server.crt", &identity.cert), ("server.key", &identity.key)];
    let flags = ["--web-config", "{folder}/web.yml", "--listen", "0.0.0.0:0", "--allow-target", "*"];
    let exporter = Exporter::start_with(&defaults(), &files, &flags);
    assert!(!exporter.log().contains("warning"), "{}", exporter.log());
    assert!(get_over_tls(&exporter, &identity, "/-/healthy", &[]).is_none());
}
