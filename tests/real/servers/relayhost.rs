//! A Postfix that accepts mail on a port of this machine and relays all of it with the configuration of
//! `--for postfix`.
//!
//! The command in the comment of the configuration creates the file with the password, as a user would run it. Only its
//! path differs, because this Postfix has its own directory. Read next: `postfix`.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use super::keeper::{self, Keeper, Launch, Sign};
use super::postfix::{SERVICES, let_settle, make_queue};
use super::{free_port, unpacked};

pub struct Relayhost {
    port: u16,
    keeper: Keeper,
}

impl Relayhost {
    /// Starts Postfix with a configuration, and with this password in SMTP_PASSWORD.
    pub fn start(configuration: &str, password: &str) -> Relayhost {
        let directory = keeper::directory("relayhost");
        let path = directory.path();
        let configuration = configuration.replace("/etc/postfix/", &format!("{}/", path.display()));
        let script = configuration.lines().find_map(|line| line.strip_prefix("# (umask")).expect("a command");
        let made = Command::new("sh").arg("-c").arg(format!("(umask{script}")).env("SMTP_PASSWORD", password).status();
        assert!(made.is_ok_and(|status| status.success()), "{script}");
        let port = free_port();
        let package = unpacked("postfix");
        let program = package.join("usr/lib/postfix");
        let main_cf = format!(
            "compatibility_level = 3.7\n\
             maillog_file = {path}/maillog\nmaillog_file_prefixes = {path}\n\
             queue_directory = {path}/queue\ndata_directory = {path}/data\n\
             import_environment = LD_LIBRARY_PATH MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C\n\
             config_directory = {path}\ndaemon_directory = {program}/sbin\ncommand_directory = {package}/usr/sbin\n\
             shlib_directory = {program}\nmeta_directory = {path}\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = sender.example.net\nmydestination =\n\
             mynetworks = 127.0.0.0/8\nalias_maps =\nlocal_recipient_maps =\nsmtpd_peername_lookup = no\n\
             smtp_host_lookup = native\nsmtp_address_preference = ipv4\n{configuration}",
            path = path.display(),
            program = program.display(),
            package = package.display(),
        );
        keeper::write(&path.join("main.cf"), &main_cf);
        keeper::write(&path.join("master.cf"), &format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}{AGENTS}"));
        let_settle(&path.join("main.cf"));
        make_queue(path);
        let keeper = Keeper::start(Launch {
            command: vec![
                "env".to_owned(),
                format!("LD_LIBRARY_PATH={}", program.display()),
                format!("POSTLOG_SERVICE={}/queue/public/postlog", path.display()),
                "POSTLOG_HOSTNAME=sender.example.net".to_owned(),
                program.join("sbin/master").display().to_string(),
                "-d".to_owned(),
                "-c".to_owned(),
                path.display().to_string(),
            ],
            ready: vec![Sign::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))],
            logs: vec![path.join("maillog")],
            directory,
        });
        Relayhost { port, keeper }
    }

    /// Submits a message.
    pub fn submit(&self) {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut reader = BufReader::new(&stream);
        let mut reply = || {
            let mut line = String::new();
            while line.is_empty() || line.as_bytes().get(3) == Some(&b'-') {
                line.clear();
                reader.read_line(&mut line).unwrap();
            }
            line
        };
        assert!(reply().starts_with("220"));
        for (command, code) in [
            ("EHLO client.example.net", "250"),
            ("MAIL FROM:<demo@sandbox.test>", "250"),
            ("RCPT TO:<you@elsewhere.test>", "250"),
            ("DATA", "354"),
            ("Subject: x\r\n\r\nx\r\n.", "250"),
            ("QUIT", "221"),
        ] {
            (&stream).write_all(format!("{command}\r\n").as_bytes()).unwrap();
            let line = reply();
            assert!(line.starts_with(code), "{command}: {line}");
        }
    }

    /// The status of the delivery in the log: `sent`, `deferred` or `bounced`; `none` after this time.
    pub fn outcome(&self, wait: Duration) -> String {
        let end = Instant::now() + wait;
        while Instant::now() < end {
            if let Some((_, rest)) = self.log().split_once("status=") {
                return rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_owned();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        "none".to_owned()
    }

    pub fn log(&self) -> String {
        self.keeper.log()
    }
}

/// The delivery agents of a relay, in addition to the services of every Postfix.
const AGENTS: &str = "\
scache unix - - n - 1 scache
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
";
