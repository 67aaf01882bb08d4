//! A simple SMTP client, which proves how the servers behave without using the program under test.
//!
//! It sends one command and returns the complete reply as text, without line ends. It verifies certificates.
//! It does not pipeline or check syntax. If a reply is unexpected, it panics and prints the reply.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::servers::HOST;

pub struct Probe {
    stream: BufReader<Stream>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Probe {
    /// Reads the greeting.
    pub fn plain(address: IpAddr, port: u16) -> Probe {
        let mut probe = Probe::new(Stream::Plain(connect(address, port)));
        assert!(probe.reply().starts_with("220 "), "a greeting");
        probe
    }

    pub fn implicit_tls(address: IpAddr, port: u16, ca: &Path) -> io::Result<Probe> {
        let mut probe = Probe::new(secure(connect(address, port), ca)?);
        assert!(probe.reply().starts_with("220 "), "a greeting");
        Ok(probe)
    }

    /// Sends EHLO and STARTTLS, performs the handshake, and sends EHLO again. Only an error of the handshake is
    /// returned.
    pub fn starttls(address: IpAddr, port: u16, ca: &Path) -> io::Result<Probe> {
        let mut probe = Probe::plain(address, port);
        probe.send("EHLO client.example.com");
        let reply = probe.send("STARTTLS");
        assert!(reply.starts_with("220 "), "{reply}");
        let Stream::Plain(tcp) = probe.stream.into_inner() else { unreachable!("created by plain()") };
        let mut probe = Probe::new(secure(tcp, ca)?);
        probe.send("EHLO client.example.com");
        Ok(probe)
    }

    pub fn send(&mut self, line: &str) -> String {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("the connection is open");
        self.reply()
    }

    pub fn auth_plain(&mut self, user: &str, password: &str) -> String {
        self.send(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}"))))
    }

    pub fn auth_login(&mut self, user: &str, password: &str) -> String {
        self.send("AUTH LOGIN");
        self.send(&STANDARD.encode(user));
        self.send(&STANDARD.encode(password))
    }

    /// Sends MAIL and one RCPT, and returns the reply to RCPT.
    pub fn try_recipient(&mut self, recipient: &str) -> String {
        let reply = self.send("MAIL FROM:<sender@example.com>");
        assert!(reply.starts_with("250 "), "{reply}");
        self.send(&format!("RCPT TO:<{recipient}>"))
    }

    fn new(stream: Stream) -> Probe {
        Probe { stream: BufReader::new(stream) }
    }

    fn reply(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a reply arrives within ten seconds");
            assert!(line.ends_with("\r\n"), "the server closed the connection after {lines:?}");
            let is_last = line.get(3..4) != Some("-");
            lines.push(line.trim_end().to_owned());
            if is_last {
                return lines.join("\n");
            }
        }
    }
}

fn connect(address: IpAddr, port: u16) -> TcpStream {
    let tcp = TcpStream::connect(SocketAddr::new(address, port)).expect("the server is listening");
    tcp.set_read_timeout(Some(Duration::from_secs(10))).expect("the number is not zero");
    tcp
}

fn secure(mut tcp: TcpStream, ca: &Path) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("the file is PEM")).expect("the CA certificate is valid");
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(HOST).expect("the name is a host name");
    let mut tls = ClientConnection::new(Arc::new(config), name).expect("the configuration is complete");
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(Stream::Tls(Box::new(StreamOwned::new(tls, tcp))))
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
