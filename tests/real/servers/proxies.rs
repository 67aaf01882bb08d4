//! Proxies: microsocks and dante (SOCKS4 and SOCKS5), tinyproxy (HTTP). haproxy as a load balancer. Read next: `keeper`.

use super::keeper::{Keeper, Launch, Sign, directory, write};
use super::{free_port, unpacked};

/// A SOCKS5 proxy without rules.
pub struct Microsocks {
    pub port: u16,
    _keeper: Keeper,
}

impl Microsocks {
    /// With a login, if a user name and a password are given.
    pub fn start(login: Option<(&str, &str)>) -> Microsocks {
        let port = free_port();
        let program = unpacked("microsocks").join("usr/bin/microsocks").display().to_string();
        let mut command = vec![program, "-i".to_owned(), "127.0.0.1".to_owned(), "-p".to_owned(), port.to_string()];
        if let Some((user, password)) = login {
            command.extend(["-u", user, "-P", password].map(str::to_owned));
        }
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        let launch = Launch { directory: directory("microsocks"), command, ready, logs: Vec::new() };
        Microsocks { port, _keeper: Keeper::start(launch) }
    }
}

/// A SOCKS4 and SOCKS5 proxy that allows connections to some ports.
pub struct Dante {
    pub port: u16,
    _keeper: Keeper,
}

impl Dante {
    pub fn start(allowed: &[u16]) -> Dante {
        let port = free_port();
        let directory = directory("dante");
        let path = directory.path().join("danted.conf");
        let rule = |allowed: &u16| {
            format!("socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 port = {allowed} command: connect }}\n")
        };
        let rules: String = allowed.iter().map(rule).collect();
        write(
            &path,
            &format!(
                "logoutput: stderr\ninternal: 127.0.0.1 port = {port}\nexternal: lo\nclientmethod: none\nsocksmethod: none\n\
                 user.privileged: root\nuser.unprivileged: daemon\n\
                 client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n{rules}\
                 socks block {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n"
            ),
        );
        let program = unpacked("dante-server").join("usr/sbin/danted").display().to_string();
        let command = vec![program, "-f".to_owned(), path.display().to_string()];
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        Dante { port, _keeper: Keeper::start(Launch { directory, command, ready, logs: Vec::new() }) }
    }
}

/// An HTTP proxy that allows CONNECT to some ports.
pub struct Tinyproxy {
    pub port: u16,
    _keeper: Keeper,
}

impl Tinyproxy {
    pub fn start(allowed: &[u16], login: Option<(&str, &str)>) -> Tinyproxy {
        let port = free_port();
        let directory = directory("tinyproxy");
        let path = directory.path().join("tinyproxy.conf");
        let ports: String = allowed.iter().map(|port| format!("ConnectPort {port}\n")).collect();
        let login = login.map(|(user, password)| format!("BasicAuth {user} {password}\n")).unwrap_or_default();
        write(&path, &format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\n{ports}{login}"));
        let program = unpacked("tinyproxy-bin").join("usr/bin/tinyproxy").display().to_string();
        let command = vec![program, "-d".to_owned(), "-c".to_owned(), path.display().to_string()];
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        Tinyproxy { port, _keeper: Keeper::start(Launch { directory, command, ready, logs: Vec::new() }) }
    }
}

/// A load balancer in TCP mode, with one port for each version of the PROXY protocol.
pub struct Haproxy {
    pub v1: u16,
    pub v2: u16,
    _keeper: Keeper,
}

impl Haproxy {
    /// All connections lead to this port of 127.0.0.1.
    pub fn start(server: u16) -> Haproxy {
        let [v1, v2] = [(); 2].map(|()| free_port());
        let directory = directory("haproxy");
        let path = directory.path().join("haproxy.cfg");
        let proxy = |name: &str, port: u16, option: &str| {
            format!("listen {name}\n  bind 127.0.0.1:{port}\n  server postfix 127.0.0.1:{server} {option}\n")
        };
        write(
            &path,
            &format!(
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n{}{}",
                proxy("v1", v1, "send-proxy"),
                proxy("v2", v2, "send-proxy-v2"),
            ),
        );
        let program = unpacked("haproxy").join("usr/sbin/haproxy").display().to_string();
        let command = [program.as_str(), "-db", "-f", &path.display().to_string()].map(str::to_owned).into();
        let ready = [v1, v2].map(|port| Sign::Address(([127, 0, 0, 1], port).into())).into();
        Haproxy { v1, v2, _keeper: Keeper::start(Launch { directory, command, ready, logs: Vec::new() }) }
    }
}
