//! Sandbox servers that all tests of a program share, and a server that calls functions before and after each session.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

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

/// A server without TLS at a local address. `before` is called before the greeting of each session, and `after` before
/// the reply to QUIT, because the client may connect again as soon as it has the reply.
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

/// A server without TLS at 127.0.0.1 that accepts sessions from every local address except one. It counts the sessions
/// from each address.
#[cfg_attr(not(unix), allow(dead_code, reason = "used by tests for Unix"))]
pub fn selective_server(rejected: &'static str) -> (String, Arc<Mutex<BTreeMap<String, usize>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let counted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let client = stream.peer_addr().unwrap().ip().to_string();
            *counted.lock().unwrap().entry(client.clone()).or_default() += 1;
            std::thread::spawn(move || match client == rejected {
                true => {
                    let reply = format!(
                        "554 5.7.1 Service unavailable; Client host [{client}] blocked using zen.spamhaus.org\r\n"
                    );
                    let _ = stream.write_all(reply.as_bytes());
                    let _ = BufReader::new(&stream).lines().next();
                    let _ = stream.write_all(b"221 2.0.0 bye\r\n");
                }
                false => serve(&stream, || {}),
            });
        }
    });
    (address, seen)
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
