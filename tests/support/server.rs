//! A server on loopback that plays a script and records what it received and in how many flights.
//!
//! A script is a list of lines. `S: text` is sent with CRLF, `S. text` without (`\r`, `\n` and
//! `\x1b` are unescaped). `C` waits for one line from the client, `TLS` performs the handshake, `drip` sends
//! single bytes until the client closes, `wait` reads until the client closes, `close` closes the connection. The
//! server closes the connection at the end of the script. In an `S:` line, `{sent}` stands for the client's last line,
//! and `{decoded}` for its last word decoded from base64.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server received from one client.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The client's lines, without CRLF.
    pub lines: Vec<String>,
    /// How often the server had to wait for bytes from the client. A TLS handshake counts as one.
    pub flights: usize,
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    results: Receiver<Seen>,
    sessions: Arc<Mutex<usize>>,
    _thread: JoinHandle<()>,
}

/// A CA of the test, and a certificate signed by it for localhost and the loopback addresses.
pub struct Identity {
    pub ca_pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub fn new() -> Identity {
        Identity::with_names("", &[])
    }

    /// An identity whose server certificate also contains a common name and more DNS names.
    pub fn with_names(common_name: &str, more: &[&str]) -> Identity {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, "smtpcheck test authority");
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["localhost", "127.0.0.1", "::1"].iter().chain(more).map(|name| (*name).to_owned());
        let mut leaf = rcgen::CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
        if !common_name.is_empty() {
            leaf.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        }
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
        let day = |offset: i64| time::OffsetDateTime::from_unix_timestamp(now + offset * 86_400).unwrap();
        (leaf.not_before, leaf.not_after) = (day(-1), day(300));
        let issuer = rcgen::Issuer::from_params(&ca, &ca_key);
        let certificate = leaf.signed_by(&key, &issuer).unwrap();
        Identity {
            ca_pem: ca_certificate.pem(),
            chain: vec![certificate.der().clone()],
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }

    /// An identity for a test that creates all certificates itself.
    pub fn of(ca_pem: String, chain: Vec<CertificateDer<'static>>, key: &rcgen::KeyPair) -> Identity {
        Identity { ca_pem, chain, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) }
    }

    /// Appends these bytes to the chain after the server certificate. They need not be valid certificates.
    pub fn sending(mut self, others: impl IntoIterator<Item = Vec<u8>>) -> Identity {
        self.chain.extend(others.into_iter().map(CertificateDer::from));
        self
    }

    /// The server certificate in DER.
    pub fn leaf_der(&self) -> &[u8] {
        &self.chain[0]
    }

    /// Writes the CA certificate to a file for `--cacert`.
    pub fn ca_file(&self) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(self.ca_pem.as_bytes()).unwrap();
        file
    }
}

impl Server {
    /// Starts a server that plays one script per connection. Additional connections get the last script.
    pub fn start(scripts: &[&str], identity: &Identity) -> Server {
        Server::start_on("127.0.0.1:0", scripts, identity).unwrap()
    }

    pub fn start_on(listen: &str, scripts: &[&str], identity: &Identity) -> std::io::Result<Server> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let (sender, results) = channel();
        let sessions = Arc::new(Mutex::new(0));
        // Unlike `with_single_cert`, this does not validate the certificate, so that invalid certificates can be sent.
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&identity.key).unwrap();
        let certified = CertifiedKey::new(identity.chain.clone(), key);
        let config = Arc::new(
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))),
        );
        let scripts: Vec<String> = scripts.iter().map(|script| (*script).to_owned()).collect();
        let counted = Arc::clone(&sessions);
        // The thread ends with the test process. It owns no files or processes.
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = {
                    let mut count = counted.lock().unwrap();
                    *count += 1;
                    *count - 1
                };
                let script = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
                let (config, sender) = (Arc::clone(&config), sender.clone());
                std::thread::spawn(move || {
                    // Each line of a script is its own packet. With Nagle's algorithm it would wait for the previous
                    // packet's ACK.
                    let _ = stream.set_nodelay(true);
                    let mut session = Session { line: Line::Plain(stream), seen: Seen::default(), rest: Vec::new() };
                    session.play(&script, &config);
                    let _ = sender.send(session.seen);
                });
            }
        });
        Ok(Server { address, results, sessions, _thread: thread })
    }

    pub fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// What the next client that has disconnected sent.
    pub fn seen(&self) -> Seen {
        self.results.recv_timeout(Duration::from_secs(20)).expect("a client connected and disconnected")
    }

    /// How many clients connected.
    pub fn sessions(&self) -> usize {
        *self.sessions.lock().unwrap()
    }
}

enum Line {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    Gone,
}

struct Session {
    line: Line,
    seen: Seen,
    rest: Vec<u8>,
}

impl Session {
    fn play(&mut self, script: &str, config: &Arc<ServerConfig>) {
        for step in script.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            let going = match step.split_once(' ').unwrap_or((step, "")) {
                ("S:", text) => self.send(format!("{}\r\n", self.repeated(text)).as_bytes()),
                ("S.", text) => self.send(&unescape(text)),
                ("C", _) => self.read_line(),
                ("TLS", _) => self.handshake(config),
                ("drip", _) => {
                    while self.send(b"2") {
                        std::thread::yield_now();
                        std::thread::park_timeout(Duration::from_millis(20));
                    }
                    false
                }
                ("wait", _) => {
                    while self.read_line() {}
                    false
                }
                ("close", _) => false,
                other => panic!("unknown script line {other:?}"),
            };
            if !going {
                break;
            }
        }
        if let Line::Tls(stream) = &mut self.line {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }

    fn repeated(&self, text: &str) -> String {
        let sent = self.seen.lines.last().map(String::as_str).unwrap_or_default();
        let decoded = STANDARD.decode(sent.split(' ').next_back().unwrap_or_default()).unwrap_or_default();
        text.replace("{sent}", sent).replace("{decoded}", &String::from_utf8_lossy(&decoded))
    }

    fn send(&mut self, bytes: &[u8]) -> bool {
        match &mut self.line {
            Line::Plain(stream) => stream.write_all(bytes).is_ok(),
            Line::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()).is_ok(),
            Line::Gone => false,
        }
    }

    fn read_line(&mut self) -> bool {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                self.seen.lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                return true;
            }
            self.seen.flights += 1;
            let mut buffer = [0u8; 4096];
            let read = match &mut self.line {
                Line::Plain(stream) => stream.read(&mut buffer),
                Line::Tls(stream) => stream.read(&mut buffer),
                Line::Gone => Ok(0),
            };
            match read {
                Ok(count) if count > 0 => self.rest.extend_from_slice(&buffer[..count]),
                _ => {
                    self.seen.flights -= 1;
                    return false;
                }
            }
        }
    }

    fn handshake(&mut self, config: &Arc<ServerConfig>) -> bool {
        let Line::Plain(mut stream) = std::mem::replace(&mut self.line, Line::Gone) else { return false };
        let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
        self.seen.flights += 1;
        while connection.is_handshaking() {
            if connection.complete_io(&mut stream).is_err() {
                return false;
            }
        }
        self.line = Line::Tls(Box::new(StreamOwned::new(connection, stream)));
        true
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next().unwrap() {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b'x' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            other => panic!("unknown escape {other}"),
        }
    }
    bytes
}
