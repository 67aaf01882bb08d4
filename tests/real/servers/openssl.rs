//! `openssl s_server`, for TLS configurations that the mail servers here no longer support or that cannot be
//! configured: old versions and cipher suites, client certificates, OCSP responses, chains in any order.
//!
//! s_server has no SMTP, so a thread of the test handles the few commands up to STARTTLS and then forwards every byte.
//! Inside TLS, s_server returns each line reversed (-rev), so a check can only go as far as the handshake.
//! Each test has its own s_server, which ends with the test (`keeper`). No settings of this machine apply. s_server
//! handles one client at a time; the next client waits until the previous one has closed its connection. Read next:
//! `pki`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::free_port;
use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};

/// A directory for creating certificates before the s_server is started.
pub struct Workbench {
    pub authority: Authority,
    directory: TempDir,
}

/// A running s_server. It listens on 127.0.0.1 only.
pub struct OpenSsl {
    pub port: u16,
    pub ca: PathBuf,
    _keeper: Keeper,
}

impl Workbench {
    pub fn new() -> Workbench {
        let directory = keeper::directory("openssl");
        Workbench { authority: Authority::new(directory.path()), directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Concatenates files, as `-cert_chain` requires.
    pub fn bundle(&self, parts: &[&Path]) -> PathBuf {
        let texts: Vec<String> =
            parts.iter().map(|part| std::fs::read_to_string(part).expect("the file exists")).collect();
        let bundle = self.path("bundle.pem");
        keeper::write(&bundle, &texts.concat());
        bundle
    }

    /// `arguments` are options of openssl-s_server(1), separated by spaces. An option must not contain a space.
    pub fn serve(self, certificate: &Certificate, arguments: &str) -> OpenSsl {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let command = format!(
            "env OPENSSL_CONF=/dev/null openssl s_server -accept {address} -rev -cert {} -key {} {arguments}",
            certificate.chain.display(),
            certificate.key.display(),
        );
        let keeper = Keeper::start(Launch {
            directory: self.directory,
            command: command.split_whitespace().map(str::to_owned).collect(),
            ready: vec![Sign::Address(address)],
            logs: Vec::new(),
        });
        OpenSsl { port: speak_smtp_before(address), ca: self.authority.pem, _keeper: keeper }
    }
}

impl Workbench {
    /// Starts `odd_tls.py` as the server, which documents its arguments. Some of them require tlslite-ng.
    pub fn serve_odd_tls(self, certificate: &Certificate, words: &str) -> OpenSsl {
        let port = free_port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/servers/odd_tls.py");
        let modules = super::unpacked("python");
        let command = format!(
            "env PYTHONPATH={} PYTHONDONTWRITEBYTECODE=1 OPENSSL_CONF=/dev/null python3 {} {port} {} {} {words}",
            modules.display(),
            script.display(),
            certificate.chain.display(),
            certificate.key.display(),
        );
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let keeper = Keeper::start(Launch {
            directory: self.directory,
            command: command.split_whitespace().map(str::to_owned).collect(),
            ready: vec![Sign::Address(address)],
            logs: Vec::new(),
        });
        OpenSsl { port: speak_smtp_before(address), ca: self.authority.pem, _keeper: keeper }
    }
}

/// Returns the port of the SMTP thread. The thread ends with the test process; it owns no files or processes.
fn speak_smtp_before(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("the listener has an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client may close the connection at any time, so errors are ignored.
            std::thread::spawn(move || session(client, server));
        }
    });
    port
}

fn session(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    client.write_all(b"220 localhost ESMTP\r\n")?;
    let mut lines = BufReader::new(client.try_clone()?);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let reply = match command.as_str() {
            "EHLO" => "250-localhost\r\n250 STARTTLS\r\n",
            "STARTTLS" => "220 2.0.0 Ready to start TLS\r\n",
            "QUIT" => "221 2.0.0 Bye\r\n",
            _ => "530 5.7.0 Must issue a STARTTLS command first\r\n",
        };
        if command == "STARTTLS" {
            let upstream = TcpStream::connect(server)?;
            upstream.set_nodelay(true)?;
            client.write_all(reply.as_bytes())?;
            let (from_client, to_client) = (Box::new(lines), client);
            pass_on(from_client, upstream.try_clone()?);
            pass_on(Box::new(upstream), to_client);
            return Ok(());
        }
        client.write_all(reply.as_bytes())?;
        if command == "QUIT" {
            return Ok(());
        }
    }
}

/// Forwards every byte, and the end of the stream.
fn pass_on(mut from: Box<dyn Read + Send>, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
