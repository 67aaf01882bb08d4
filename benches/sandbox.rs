//! Measures how many unencrypted sessions (greeting, EHLO, QUIT) per second the sandbox serves to clients on the same
//! machine. Run it with `cargo bench --bench sandbox`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may panic and prints its result")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use smtpcheck::sandbox::{Options, Remote, Sandbox, scenario};

const CLIENTS: usize = 8;
const TIME: Duration = Duration::from_secs(5);

fn main() {
    let healthy = [scenario("healthy-relay").unwrap()];
    let listen = Ipv4Addr::LOCALHOST.into();
    let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
    let sandbox = Sandbox::open(&healthy, &options).unwrap();
    let address = sandbox.services().first().unwrap().address;
    let _running = sandbox.spawn(None).unwrap();
    let (served, began) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while began.elapsed() < TIME {
                    session(address);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (served, seconds) = (served.into_inner(), began.elapsed().as_secs_f64());
    println!("{served} sessions in {seconds:.1} s: {:.0} per second", served as f64 / seconds);
}

fn session(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 2048];
    let mut read_reply = |stream: &mut TcpStream| {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0);
    };
    read_reply(&mut stream);
    stream.write_all(b"EHLO bench.test\r\n").unwrap();
    read_reply(&mut stream);
    stream.write_all(b"QUIT\r\n").unwrap();
    read_reply(&mut stream);
}
