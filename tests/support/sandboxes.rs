//! Sandbox servers that all tests of a program share, and a server that calls functions before and after each session.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenario};

/// The servers of some scenarios.
pub struct TestSandbox {
    /// The address of each scenario.
    pub addresses: BTreeMap<&'static str, String>,
    /// The path of the CA certificate.
    pub authority: String,
    _folder: tempfile::TempDir,
    _running: Running,
}

impl TestSandbox {
    /// Starts the servers.
    pub fn start(scenarios: &[&str]) -> TestSandbox {
        let all: Vec<&'static Scenario> = scenarios.iter().map(|name| scenario(name).unwrap()).collect();
        let listen = std::net::Ipv4Addr::LOCALHOST.into();
        let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
        let sandbox = Sandbox::open(&all, &options).unwrap();
        let addresses = sandbox.services().iter().map(|one| (one.scenario.name, one.address.to_string())).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, sandbox.authorities().unwrap()).unwrap();
        let authority = path.to_str().unwrap().to_owned();
        TestSandbox { addresses, authority, _folder: folder, _running: sandbox.spawn(None).unwrap() }
    }
}

/// A server without TLS at a local address. `before` is called before the greeting of each session, and `after` before the
/// reply to QUIT, because the client may connect again as soon as it has the reply.
pub fn server(ip: &str, before: impl Fn() + Send + Sync + 'static, after: impl Fn() + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hooks = Arc::new((before, after));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hooks = Arc::clone(&hooks);
            std::thread::spawn(move || {
                (hooks.0)();
                serve(&stream, &hooks.1);
            });
        }
    });
    address
}

/// Responds to every command until QUIT or until the connection is closed. `after` is called before the reply to QUIT.
pub fn serve(mut stream: &TcpStream, after: impl Fn()) {
    let lines = BufReader::new(stream).lines();
    if stream.write_all(b"220 localhost ESMTP\r\n").is_err() {
        return after();
    }
    for line in lines.map_while(Result::ok) {
        let reply: &[u8] = match line.get(..4) {
            Some("EHLO") => b"250-localhost\r\n250 8BITMIME\r\n",
            Some("QUIT") => break,
            _ => b"250 ok\r\n",
        };
        if stream.write_all(reply).is_err() {
            break;
        }
    }
    after();
    let _ = stream.write_all(b"221 bye\r\n");
}
