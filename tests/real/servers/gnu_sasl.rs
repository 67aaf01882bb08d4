//! GNU SASL, for SCRAM with channel binding (RFC 5802 §6, RFC 9266), which no mail server in Debian supports.
//!
//! It is not a mail server. This module implements the few SMTP replies and TLS 1.3 (implicit), and gsasl(1) decides
//! each login. gsasl gets the channel binding as an argument, as it would from a mail server. On `in_between`, it gets
//! the binding of another connection, as if an on-path attacker relayed the messages. Read next: `keeper`. The keeper
//! is not used here, because each gsasl process ends with its login, and the thread ends with the test program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::pki::Authority;
use super::{CANARY, keeper};

pub struct GnuSasl {
    pub implicit_tls: u16,
    /// Like `implicit_tls`, with the channel binding of another connection.
    pub in_between: u16,
    pub ca: PathBuf,
    _directory: TempDir,
}

impl GnuSasl {
    /// Every user has the password `CANARY`.
    pub fn start() -> GnuSasl {
        let directory = keeper::directory("gnu-sasl");
        let authority = Authority::new(directory.path());
        let certificate = authority.good();
        let chain: Vec<_> = CertificateDer::pem_file_iter(&certificate.chain).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let [implicit_tls, in_between] = [false, true].map(|other_line| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    // An error ends only the session in which it occurs.
                    let _ = session(client, &config, other_line);
                }
            });
            port
        });
        GnuSasl { implicit_tls, in_between, ca: authority.pem, _directory: directory }
    }
}

fn session(client: TcpStream, config: &Arc<ServerConfig>, other_line: bool) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut line = BufReader::new(StreamOwned::new(connection, client));
    send(&mut line, "220 localhost ESMTP")?;
    loop {
        let command = receive(&mut line)?;
        let mut words = command.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("EHLO"), ..) => send(&mut line, "250-localhost\r\n250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS")?,
            (Some("AUTH"), Some(mechanism), Some(initial)) => {
                let exporter = line.get_ref().conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None);
                let binding = if other_line { [7; 32] } else { exporter.map_err(std::io::Error::other)? };
                let mut gsasl = Gsasl::start(mechanism);
                let first = gsasl.ask(&[initial, &BASE64.encode(binding)]);
                send(&mut line, &format!("334 {first}"))?;
                let proof = receive(&mut line)?;
                let last = gsasl.ask(&[&proof]);
                if BASE64.decode(&last).is_ok_and(|text| text.starts_with(b"v=")) {
                    send(&mut line, &format!("334 {last}"))?;
                    receive(&mut line)?;
                    send(&mut line, "235 2.7.0 ok")?;
                } else {
                    send(&mut line, "535 5.7.8 Authentication failed")?;
                }
            }
            (Some("QUIT"), ..) => return send(&mut line, "221 bye"),
            _ => send(&mut line, "502 5.5.1 not here")?,
        }
    }
}

fn send(line: &mut BufReader<impl Read + Write>, text: &str) -> std::io::Result<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
    line.get_mut().flush()
}

fn receive(line: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    match line.read_line(&mut text)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(text.trim_end().to_owned()),
    }
}

/// One login with gsasl(1).
struct Gsasl {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Gsasl {
    fn start(mechanism: &str) -> Gsasl {
        let mut process = Command::new("gsasl")
            .args(["--server", "--quiet", "--mechanism", mechanism, "--password", CANARY])
            // gsasl expects the password in the encoding of the locale.
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("install-servers installed the program");
        let (to, from) =
            (process.stdin.take().expect("the stream is piped"), process.stdout.take().expect("the stream is piped"));
        Gsasl { process, to, from: BufReader::new(from) }
    }

    /// Sends the lines and returns gsasl's next message in base64. Returns an empty string if the process has ended.
    fn ask(&mut self, lines: &[&str]) -> String {
        for line in lines {
            // A failed write means that gsasl has ended. The read below detects that.
            let _ = writeln!(self.to, "{line}");
        }
        loop {
            let mut said = String::new();
            if self.from.read_line(&mut said).is_ok_and(|length| length == 0) {
                return String::new();
            }
            // A prompt has no line end, so the message is the last word of the output.
            let word = said.trim_end().rsplit(' ').next().unwrap_or_default();
            // The output begins with the name of the mechanism, which contains hyphens.
            if !word.is_empty() && BASE64.decode(word).is_ok() {
                return word.to_owned();
            }
        }
    }
}

impl Drop for Gsasl {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
