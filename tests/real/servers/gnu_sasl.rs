//! GNU SASL, for what no mail server of Debian does: SCRAM with channel binding (RFC 5802 §6, RFC 9266).
//!
//! Not a mail server: the few lines of SMTP are spoken here, TLS 1.3 from the first byte, and gsasl(1) decides about
//! each login. It is told the binding of the line by us, as a mail server would; on `in_between` that of another line,
//! as if somebody stood between who passes the messages on.
//! Read next: `keeper`, which is not needed here: no process outlives its login, and the thread not the test program.

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
    /// As `implicit_tls`, with the binding of another line.
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
                    // A client that goes away ends its session only.
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
    say(&mut line, "220 localhost ESMTP")?;
    loop {
        let command = hear(&mut line)?;
        let mut words = command.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("EHLO"), ..) => say(&mut line, "250-localhost\r\n250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS")?,
            (Some("AUTH"), Some(mechanism), Some(initial)) => {
                let exporter = line.get_ref().conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None);
                let binding = if other_line { [7; 32] } else { exporter.map_err(std::io::Error::other)? };
                let mut gsasl = Gsasl::start(mechanism);
                let first = gsasl.ask(&[initial, &BASE64.encode(binding)]);
                say(&mut line, &format!("334 {first}"))?;
                let proof = hear(&mut line)?;
                let last = gsasl.ask(&[&proof]);
                if BASE64.decode(&last).is_ok_and(|text| text.starts_with(b"v=")) {
                    say(&mut line, &format!("334 {last}"))?;
                    hear(&mut line)?;
                    say(&mut line, "235 2.7.0 ok")?;
                } else {
                    say(&mut line, "535 5.7.8 Authentication failed")?;
                }
            }
            (Some("QUIT"), ..) => return say(&mut line, "221 bye"),
            _ => say(&mut line, "502 5.5.1 not here")?,
        }
    }
}

fn say(line: &mut BufReader<impl Read + Write>, text: &str) -> std::io::Result<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
    line.get_mut().flush()
}

fn hear(line: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    match line.read_line(&mut text)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(text.trim_end().to_owned()),
    }
}

/// One login in gsasl(1).
struct Gsasl {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Gsasl {
    fn start(mechanism: &str) -> Gsasl {
        let mut process = Command::new("gsasl")
            .args(["--server", "--quiet", "--mechanism", mechanism, "--password", CANARY])
            // It takes the password as text of the locale.
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a program that install-servers installed");
        let (to, from) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        Gsasl { process, to, from: BufReader::new(from) }
    }

    /// Its next message in base64, behind whatever it asks for; nothing when it has ended.
    fn ask(&mut self, lines: &[&str]) -> String {
        for line in lines {
            // One that has ended says nothing more, which is seen below.
            let _ = writeln!(self.to, "{line}");
        }
        loop {
            let mut said = String::new();
            if self.from.read_line(&mut said).is_ok_and(|length| length == 0) {
                return String::new();
            }
            // A prompt ends without a line end: the message is the last word.
            let word = said.trim_end().rsplit(' ').next().unwrap_or_default();
            // The name of the mechanism comes first, and has hyphens.
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
