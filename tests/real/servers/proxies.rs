//! Proxies: microsocks (SOCKS5), dante (SOCKS4 and SOCKS5), OpenSSH (also SOCKS4a) and tinyproxy (HTTP). Also haproxy,
//! which is a load balancer. Read next: `keeper`.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use tempfile::TempDir;

use super::keeper::{Keeper, Launch, Sign, directory, give, write};
use super::pki::Certificate;
use super::{free_port, unpacked};

/// A SOCKS5 proxy without rules.
pub struct Microsocks {
    pub port: u16,
    _keeper: Keeper,
}

impl Microsocks {
    /// Starts the proxy. If a user name and a password are given, it requires them.
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

/// The SOCKS4, SOCKS4a and SOCKS5 proxy of an OpenSSH client (`ssh -D`), whose server opens the connections. The client
/// starts the server as its child and communicates with it through a pipe, so no other port is open.
pub struct OpenSsh {
    pub port: u16,
    _keeper: Keeper,
}

impl OpenSsh {
    /// The user of both processes. As root, sshd would need directories outside its own.
    const RUN_AS: &str = "postfix";

    pub fn start() -> OpenSsh {
        let port = free_port();
        let directory = directory("openssh");
        let path = |name: &str| directory.path().join(name);
        for name in ["host", "user"] {
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-f"];
            let status = Command::new("ssh-keygen").args(arguments).arg(path(name)).status();
            assert!(status.is_ok_and(|status| status.success()), "ssh-keygen runs");
            give(&path(name), Self::RUN_AS);
        }
        write(
            &path("sshd.conf"),
            &format!(
                "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n",
                path("host").display(),
                path("user.pub").display(),
            ),
        );
        let server = unpacked("openssh-server").join("usr/sbin/sshd");
        let options = [
            "IdentitiesOnly=yes".to_owned(),
            // The process of the server is a child of this client.
            "StrictHostKeyChecking=no".to_owned(),
            "UserKnownHostsFile=/dev/null".to_owned(),
            "ExitOnForwardFailure=yes".to_owned(),
            format!("IdentityFile={}", path("user").display()),
            format!("ProxyCommand={} -i -e -f {}", server.display(), path("sshd.conf").display()),
        ];
        let user = Self::RUN_AS;
        let mut command: Vec<String> =
            ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "ssh", "-F", "none", "-N", "-D"]
                .map(str::to_owned)
                .into();
        command.push(format!("127.0.0.1:{port}"));
        command.extend(options.into_iter().flat_map(|option| ["-o".to_owned(), option]));
        command.push(format!("{user}@smtpcheck"));
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        OpenSsh { port, _keeper: Keeper::start(Launch { directory, command, ready, logs: Vec::new() }) }
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
        let path = directory.path().join(HAPROXY_CONFIG);
        let proxy = |name: &str, port: u16, option: &str| {
            format!("listen {name}\n  bind 127.0.0.1:{port}\n  server postfix 127.0.0.1:{server} {option}\n")
        };
        write(&path, &format!("{DEFAULTS}{}{}", proxy("v1", v1, "send-proxy"), proxy("v2", v2, "send-proxy-v2"),));
        let ready = [v1, v2].map(|port| Sign::Address(([127, 0, 0, 1], port).into())).into();
        Haproxy { v1, v2, _keeper: start_haproxy(directory, ready) }
    }
}

/// A load balancer that terminates TLS and rejects the handshake if the client asks for another name, or for none
/// (strict-sni). Another port of its address is the unencrypted port of the server.
pub struct StrictHaproxy {
    /// An address that no other server uses, because the unencrypted port is the usual one for submission.
    pub address: Ipv4Addr,
    pub implicit_tls: u16,
    _keeper: Keeper,
}

impl StrictHaproxy {
    const SUBMISSION: u16 = 587;

    /// All connections are forwarded to this port of 127.0.0.1. The port with implicit TLS also listens at 127.0.0.1.
    pub fn start(server: u16, certificate: &Certificate) -> StrictHaproxy {
        let implicit_tls = free_port();
        let id = std::process::id();
        let [high, low] = [id / 250 % 250, id % 250].map(|number| u8::try_from(number + 1).expect("below 251"));
        let address = Ipv4Addr::new(127, 53, high, low);
        let directory = directory("haproxy");
        let pair = [&certificate.chain, &certificate.key].map(|path| fs::read_to_string(path).expect("a PEM file"));
        let pem = directory.path().join("pair.pem");
        write(&pem, &pair.concat());
        let secure = format!("ssl crt {} strict-sni", pem.display());
        let path = directory.path().join(HAPROXY_CONFIG);
        write(
            &path,
            &format!(
                "{DEFAULTS}listen tls\n  bind {address}:{implicit_tls} {secure}\n  bind 127.0.0.1:{implicit_tls} {secure}\n\
                 \x20 server postfix 127.0.0.1:{server}\n\
                 listen plain\n  bind {address}:{submission}\n  server postfix 127.0.0.1:{server}\n",
                submission = Self::SUBMISSION,
            ),
        );
        let ready = [implicit_tls, Self::SUBMISSION].map(|port| Sign::Address((address, port).into())).into();
        StrictHaproxy { address, implicit_tls, _keeper: start_haproxy(directory, ready) }
    }
}

/// A load balancer behind another one: it waits for a PROXY header for a minute, without sending anything.
pub struct SilentHaproxy {
    pub port: u16,
    _keeper: Keeper,
}

impl SilentHaproxy {
    /// All connections lead to this port of 127.0.0.1.
    pub fn start(server: u16) -> SilentHaproxy {
        let port = free_port();
        let directory = directory("haproxy");
        write(
            &directory.path().join(HAPROXY_CONFIG),
            &format!(
                "{DEFAULTS}listen balanced\n  bind 127.0.0.1:{port} accept-proxy\n  server postfix 127.0.0.1:{server}\n"
            ),
        );
        let ready = vec![Sign::Address(([127, 0, 0, 1], port).into())];
        SilentHaproxy { port, _keeper: start_haproxy(directory, ready) }
    }
}

const HAPROXY_CONFIG: &str = "haproxy.cfg";

const DEFAULTS: &str = "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n";

/// Starts haproxy with the configuration in this directory.
fn start_haproxy(directory: TempDir, ready: Vec<Sign>) -> Keeper {
    let program = unpacked("haproxy").join("usr/sbin/haproxy").display().to_string();
    let path = directory.path().join(HAPROXY_CONFIG).display().to_string();
    let command = [program.as_str(), "-db", "-f", &path].map(str::to_owned).into();
    Keeper::start(Launch { directory, command, ready, logs: Vec::new() })
}
