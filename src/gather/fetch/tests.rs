//! Requests to web servers on loopback, with certificates made for the tests.

#![allow(clippy::panic, reason = "tests may panic")]

use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use super::super::context::CheckSecrets;
use super::get;
use crate::cli::{self, Invocation};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{Answer, Fault, FetchSeen, HttpResponse, MAX_BODY, Outcome, TlsFaultKind};
use crate::gather::context::GatherContext;
use crate::gather::shared::SharedFiles;
use crate::question::FetchRequest;
use crate::wire::DomainName;

const HOST: &str = "mta-sts.example.test";

/// What the web server does after the handshake.
#[derive(Clone)]
enum Behaviour {
    /// Sends these bytes and closes the connection.
    Sends(Vec<u8>),
    /// Sends these bytes and then nothing, without closing the connection.
    Hangs(Vec<u8>),
    /// Sends these bytes, and then an endless body.
    Floods(Vec<u8>),
    /// Does not use TLS.
    IsPlain,
}

fn days(offset: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from(std::time::SystemTime::now()) + time::Duration::days(offset)
}

/// Starts a web server whose certificate is for `named`, sends a request for [`HOST`], and returns the outcome and the
/// request that the server received.
fn fetched(named: &str, behaviour: Behaviour) -> (Outcome, String) {
    let mut root = CertificateParams::new(Vec::new()).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (root.not_before, root.not_after) = (days(-1), days(30));
    let root_key = KeyPair::generate().expect("a key");
    let root_certificate = root.self_signed(&root_key).expect("a certificate");
    let mut leaf = CertificateParams::new(vec![named.to_owned()]).expect("parameters");
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(rcgen::DnType::CommonName, named);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    (leaf.not_before, leaf.not_after) = (days(-1), days(20));
    let leaf_key = KeyPair::generate().expect("a key");
    let leaf = leaf.signed_by(&leaf_key, &Issuer::from_params(&root, &root_key)).expect("a certificate");
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(root_certificate.pem().as_bytes()).expect("written");

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::task::spawn_local(serve(listener, acceptor, behaviour));
        let outcome = ask(port, &file.path().display().to_string()).await;
        let request = if server.is_finished() { server.await.expect("a request") } else { String::new() };
        (outcome, request)
    })
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, behaviour: Behaviour) -> String {
    let (mut tcp, _) = listener.accept().await.expect("a connection");
    if let Behaviour::IsPlain = behaviour {
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        return String::new();
    }
    let Ok(mut stream) = acceptor.accept(tcp).await else { return String::new() };
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => break,
        }
    }
    let request = String::from_utf8(request).expect("ASCII");
    if request.is_empty() {
        return request;
    }
    let bytes = match &behaviour {
        Behaviour::Sends(bytes) | Behaviour::Hangs(bytes) | Behaviour::Floods(bytes) => bytes.as_slice(),
        Behaviour::IsPlain => &[],
    };
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    match behaviour {
        Behaviour::Hangs(_) => std::future::pending::<()>().await,
        Behaviour::Floods(_) => while stream.write_all(&[b'x'; 4096]).await.is_ok() {},
        Behaviour::Sends(_) | Behaviour::IsPlain => {
            let _ = stream.shutdown().await;
        }
    }
    request
}

async fn ask(port: u16, cacert: &str) -> Outcome {
    let resolve = format!("{HOST}:{port}:127.0.0.1");
    let words = ["check", "mx.invalid:25", "--resolve", &resolve, "--cacert", cacert];
    let words = words.iter().map(Into::into).collect();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("a check was parsed") };
    let mut plan = cli::plan::plan(&args, &matches, "mx.invalid:25", Some("client.example.org")).expect("a plan");
    plan.limits.reply_ms = 1500;
    let (post, _arrivals) = mpsc::unbounded_channel();
    let now = jiff::Timestamp::now();
    let context = GatherContext::new(&plan, CheckSecrets::default(), &SharedFiles::default(), Rc::default(), now, post);
    let context = Rc::new(context.expect("a context"));
    let host = DomainName::parse(HOST).expect("a name");
    get(&context, &FetchRequest::https(host, port, "/.well-known/mta-sts.txt")).await
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, test)
}

fn seen(outcome: Outcome) -> FetchSeen {
    match outcome {
        Outcome::Done { answer: Answer::Fetch(seen) } => *seen,
        other => panic!("{other:?}"),
    }
}

fn response(behaviour: Behaviour) -> HttpResponse {
    seen(fetched(HOST, behaviour).0).response.expect("a response")
}

fn fault(behaviour: Behaviour) -> Fault {
    match fetched(HOST, behaviour).0 {
        Outcome::Failed { fault } => fault,
        other => panic!("{other:?}"),
    }
}

fn sends(text: &str) -> Behaviour {
    Behaviour::Sends(text.as_bytes().to_vec())
}

#[test]
fn a_page_is_fetched_with_the_host_and_without_cookies() {
    let policy = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\nversion: STSv1\n";
    let (outcome, request) = fetched(HOST, sends(policy));
    let seen = seen(outcome);
    assert_eq!((seen.address.ip().is_loopback(), seen.tls_version.as_deref()), (true, Some("1.3")));
    let response = seen.response.expect("a response");
    assert_eq!((response.status, response.content_type.as_deref()), (200, Some("text/plain")));
    assert_eq!((response.body.as_str(), response.body_bytes), ("version: STSv1\n", 15));
    assert!(!response.is_cut && !response.too_long);
    if !request.is_empty() {
        assert!(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: {HOST}:")) && request.contains("user-agent: smtpcheck/"), "{request}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_an_error_page_is_a_response() {
    let redirect = "HTTP/1.1 301 Moved\r\nLocation: https://www.example.test/\r\nContent-Length: 0\r\n\r\n";
    let response_seen = response(sends(redirect));
    assert_eq!(response_seen.location.as_deref(), Some("https://www.example.test/"));
    assert_eq!(response_seen.status, 301);
    assert_eq!(response(sends("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")).status, 404);
}

#[test]
fn no_request_is_sent_if_the_certificate_is_for_another_name() {
    let (outcome, request) = fetched("www.example.test", sends("HTTP/1.1 200 OK\r\n\r\n"));
    let seen = seen(outcome);
    assert!(seen.response.is_none() && request.is_empty());
    assert!(seen.presented.is_some_and(|presented| !presented.chain.is_empty()));
}

#[test]
fn a_long_body_is_read_up_to_the_limit() {
    let length = MAX_BODY * 2;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let response_seen = response(Behaviour::Floods(head.into_bytes()));
    assert!(response_seen.too_long && response_seen.body.len() == MAX_BODY);
    let endless = response(Behaviour::Floods(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
    assert!(endless.too_long && endless.body_bytes < MAX_BODY * 2);
}

#[test]
fn an_incomplete_body_is_marked() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nversion".to_vec();
    let hanging = response(Behaviour::Hangs(head.clone()));
    assert_eq!((hanging.is_cut, hanging.timed_out, hanging.body.as_str()), (true, true, "version"));
    let closed = response(Behaviour::Sends(head));
    assert_eq!((closed.is_cut, closed.timed_out), (true, false));
}

#[test]
fn each_failure_has_its_fault() {
    assert!(matches!(fault(sends("220 mail.example.test ESMTP\r\n")), Fault::Http { .. }));
    assert!(matches!(fault(sends("")), Fault::Http { .. }));
    assert!(matches!(fault(Behaviour::Hangs(Vec::new())), Fault::Silent { .. }));
    let Fault::Tls { tls } = fault(Behaviour::IsPlain) else { panic!("not TLS") };
    assert_eq!(tls.kind, TlsFaultKind::NotTls);
    let outcome = run(async {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
        let file = tempfile::NamedTempFile::new().expect("a file");
        let key = KeyPair::generate().expect("a key");
        let root = CertificateParams::new(Vec::new()).expect("parameters").self_signed(&key).expect("a certificate");
        std::fs::write(file.path(), root.pem()).expect("written");
        ask(free, &file.path().display().to_string()).await
    });
    let Outcome::Failed { fault: Fault::NotConnected { connect } } = outcome else { panic!("{outcome:?}") };
    assert_eq!(connect.kind, ConnectFaultKind::Refused);
}

#[test]
fn a_file_is_read_in_the_encoding_that_it_declares() {
    let xml = |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><a>B\u{fc}cher</a>");
    let text = xml("UTF-16");
    let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(super::text_of(&little).trim_start_matches('\u{feff}'), text);
    assert_eq!(super::text_of(&big), text);
    let latin: Vec<u8> = xml("ISO-8859-1").chars().map(|c| u8::try_from(c).expect("a Latin character")).collect();
    assert_eq!(super::text_of(&latin), xml("ISO-8859-1"));
    // Without a declaration, or with a different one, the text is read as UTF-8.
    assert_eq!(super::text_of(b"a\xfc"), "a\u{fffd}");
    assert_eq!(super::text_of(xml("iso-8859-1").as_bytes()), xml("iso-8859-1"));
}
