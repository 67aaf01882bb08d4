//! Cyrus SASL for Postfix. It is a library that smtpd loads, so there is no process, only a directory with a
//! configuration and the users (sasldb).
//!
//! Passwords are passed to the standard input of saslpasswd2, which reads to the end of the line without unquoting or
//! expanding. Cyrus SASL supports SCRAM-SHA-512 and NTLM, which Dovecot does not. It has no channel binding, because
//! Postfix never passes one to it. Read next: `postfix`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{ASCII_PASSWORD, ASCII_USER, CANARY, ODD_PASSWORD, ODD_USER, USER, keeper, unpacked};

const MECHANISMS: &str = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512";

const USERS: &str = "sasldb2";

pub struct CyrusSasl {
    directory: TempDir,
}

impl CyrusSasl {
    pub fn new() -> CyrusSasl {
        let directory = keeper::directory("cyrus");
        let users = directory.path().join(USERS);
        for (user, password) in [(USER, CANARY), (ODD_USER, ODD_PASSWORD), (ASCII_USER, ASCII_PASSWORD)] {
            set_password(&users, user, password);
        }
        keeper::give(&users, "postfix");
        CyrusSasl { directory }
    }

    /// The content of `smtpd.conf`. Its file name is the application name that Postfix uses.
    pub fn config(&self) -> String {
        format!(
            "pwcheck_method: auxprop\n\
             auxprop_plugin: sasldb\n\
             sasldb_path: {}\n\
             mech_list: {MECHANISMS}\n",
            self.directory.path().join(USERS).display()
        )
    }
}

fn set_password(users: &Path, user: &str, password: &str) {
    let (name, realm) = user.split_once('@').expect("the user name contains an @");
    let mut child = Command::new(unpacked("sasl2-bin").join("usr/sbin/saslpasswd2"))
        .args(["-p", "-c", "-f", users.to_str().expect("the path is UTF-8"), "-u", realm, name])
        .stdin(Stdio::piped())
        .spawn()
        .expect("install-servers unpacked the program");
    let mut pipe = child.stdin.take().expect("the stream is piped");
    pipe.write_all(format!("{password}\n").as_bytes()).expect("the program reads its standard input");
    drop(pipe);
    assert!(child.wait().expect("the child process can be waited for").success(), "saslpasswd2 {user}");
}
