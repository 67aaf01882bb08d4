//! Cyrus SASL for a Postfix: a library that its smtpd loads, so no process, only a directory with a configuration and
//! the users (sasldb).
//!
//! Passwords go in through saslpasswd2's standard input, to the end of the line, unquoted and unexpanded.
//! Offers what Dovecot does not: SCRAM-SHA-512 and NTLM. No channel binding, which Postfix never hands to it.
//! Read next: `postfix`.

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

    /// What the file `smtpd.conf` says, named after what Postfix calls itself.
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
    let (name, realm) = user.split_once('@').expect("an address");
    let mut child = Command::new(unpacked("sasl2-bin").join("usr/sbin/saslpasswd2"))
        .args(["-p", "-c", "-f", users.to_str().expect("a name of ours"), "-u", realm, name])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a program that install-servers unpacked");
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(format!("{password}\n").as_bytes()).expect("a program that reads it");
    drop(pipe);
    assert!(child.wait().expect("a child of ours").success(), "saslpasswd2 {user}");
}
