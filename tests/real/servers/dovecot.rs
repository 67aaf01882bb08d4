//! Dovecot in three roles: as the SASL server of Postfix, as a submission server that relays to another SMTP server,
//! and as the mailbox server, which speaks LMTP.
//!
//! Passwords are stored in the passwd-file as `{PLAIN}`, because CRAM-MD5, DIGEST-MD5 and SCRAM each derive different
//! keys from them. Dovecot neither unquotes nor expands this field, which ends at a colon. Passwords with colons, or
//! with spaces at one end, are stored in base64 as `{PLAIN.b64}`. Tokens are JSON Web Tokens that Dovecot validates
//! itself with `TOKEN_KEY`. Their claim `email` contains the user name. Two defaults are changed to save time. A
//! rejected login is answered after half a second instead of two (auth_failure_delay; with 0, Dovecot still checks its
//! queue only twice a second), and repeated failures are not delayed further (anvil-auth-penalty). No mail is stored.
//! Read next: `postfix`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tempfile::TempDir;

use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};
use super::{
    CANARY, DECOMPOSED_PASSWORD, DECOMPOSED_USER, HOST, MASTER, ODD_PASSWORD, ODD_USER, QUOTED_USER, USER, free_port,
};

/// The mechanisms of both roles, in the syntax of Dovecot's configuration.
const MECHANISMS: &str = "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2";

/// The key that signs valid tokens (HS256).
pub const TOKEN_KEY: &[u8] = b"the key of the token service here";

/// The SASL server of a Postfix.
pub struct DovecotSasl {
    /// The value of `smtpd_sasl_path`.
    pub socket: PathBuf,
    keeper: Keeper,
}

/// Requires STARTTLS and AUTH, then passes MAIL and RCPT to another server. It requests a client certificate, which
/// must be signed by its own CA, and takes the user name for EXTERNAL from it. A client without a certificate is also
/// accepted.
pub struct DovecotSubmission {
    /// Listens at `DovecotSubmission::ADDRESS`, and also at 127.0.0.1, where it advertises AUTH before TLS and would
    /// accept a password.
    pub starttls: u16,
    /// Like `starttls`, at `DovecotSubmission::ADDRESS`, for a load balancer: Dovecot waits three seconds for a PROXY
    /// header.
    pub balanced: u16,
    pub ca: PathBuf,
    /// The client certificate of `USER`.
    pub client: Certificate,
    keeper: Keeper,
}

/// The mailbox server. `USER` has a mailbox; other users at `DOMAIN` do not.
pub struct DovecotLmtp {
    /// The TCP port, at every loopback address.
    pub port: u16,
    /// The Unix socket, which every user may use.
    pub socket: PathBuf,
    /// The Unix socket of the user dovecot, with mode 0600.
    pub private: PathBuf,
    /// The socket on which Dovecot answers questions about passwords.
    pub login: PathBuf,
    /// A TCP port of 127.0.0.1 for a load balancer: Dovecot waits three seconds for a PROXY header.
    pub balanced: u16,
    _keeper: Keeper,
}

impl DovecotLmtp {
    pub fn start() -> DovecotLmtp {
        let directory = keeper::directory("lmtp");
        let [port, balanced] = [(); 2].map(|()| free_port());
        let [socket, private, login] = ["lmtp", "lmtp-private", "login"].map(|name| directory.path().join(name));
        // Without the colons, the entry is only about the password.
        keeper::write(&directory.path().join("mailboxes"), &format!("{USER}:::::\n"));
        let config = format!(
            "protocols = lmtp\n\
             hostname = {HOST}\n\
             ssl = no\n\
             auth_mechanisms = plain\n\
             mail_location = maildir:~/mail\n\
             # The static userdb of the other roles would accept every recipient.\n\
             userdb {{\n  driver = passwd-file\n  args = {directory}/mailboxes\n\
             \x20 default_fields = uid=dovecot gid=dovecot home={directory}/home/%u\n}}\n\
             service lmtp {{\n\
             \x20 unix_listener {socket} {{\n    mode = 0666\n  }}\n\
             \x20 unix_listener {private} {{\n    mode = 0600\n    user = dovecot\n  }}\n\
             \x20 inet_listener lmtp {{\n    address = 127.0.0.1\n    port = {port}\n  }}\n\
             \x20 inet_listener balanced {{\n    address = 127.0.0.1\n    port = {balanced}\n    haproxy = yes\n  }}\n}}\n\
             haproxy_trusted_networks = 127.0.0.0/8\n\
             service auth {{\n  unix_listener {login} {{\n    mode = 0666\n  }}\n}}\n",
            directory = directory.path().display(),
            socket = socket.display(),
            private = private.display(),
            login = login.display(),
        );
        let ready = Sign::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let keeper = start_with(directory, &config, ready, Mailboxes::OfKnownUsers);
        DovecotLmtp { port, socket, private, login, balanced, _keeper: keeper }
    }
}

impl DovecotSasl {
    pub fn start() -> DovecotSasl {
        let directory = keeper::directory("sasl");
        let socket = directory.path().join("smtp-auth");
        let config = format!(
            "protocols = none\n\
             ssl = no\n\
             # Postfix removes ANONYMOUS from the list, except where anonymous logins are allowed.\n\
             auth_mechanisms = {MECHANISMS} anonymous\n\
             service auth {{\n  unix_listener {} {{\n    mode = 0666\n  }}\n}}\n",
            socket.display()
        );
        let keeper = start(directory, &config, Sign::Socket(socket.clone()));
        DovecotSasl { socket, keeper }
    }

    pub fn log(&self) -> String {
        self.keeper.log()
    }
}

impl DovecotSubmission {
    /// The address to connect to. Dovecot treats a client whose address equals its own as local, and then requires no
    /// TLS. A client on this machine uses 127.0.0.1 as its own address, whatever address in 127.0.0.0/8 it connects to.
    pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    /// `relay` is the port of a server on this machine that does not require AUTH.
    pub fn start(relay: u16) -> DovecotSubmission {
        let directory = keeper::directory("dovecot");
        let authority = Authority::new(directory.path());
        let Certificate { chain, key } = authority.good();
        let [starttls, balanced] = [(); 2].map(|()| free_port());
        let config = format!(
            "protocols = submission\n\
             hostname = {HOST}\n\
             ssl = required\n\
             ssl_cert = <{chain}\n\
             ssl_key = <{key}\n\
             ssl_ca = <{ca}\n\
             ssl_require_crl = no\n\
             ssl_verify_client_cert = yes\n\
             auth_ssl_username_from_cert = yes\n\
             auth_mechanisms = {MECHANISMS} external\n\
             submission_relay_host = 127.0.0.1\n\
             submission_relay_port = {relay}\n\
             mail_location = maildir:~/mail\n\
             mail_max_userip_connections = 100\n\
             service submission-login {{\n\
             \x20 inet_listener submission {{\n    address = {address} 127.0.0.1\n    port = {starttls}\n  }}\n\
             \x20 inet_listener balanced {{\n    address = {address}\n    port = {balanced}\n    haproxy = yes\n  }}\n\
             }}\n\
             haproxy_trusted_networks = 127.0.0.0/8\n",
            address = Self::ADDRESS,
            chain = chain.display(),
            key = key.display(),
            ca = authority.pem.display(),
        );
        let client = authority.of_user(USER);
        let keeper = start(directory, &config, Sign::Address(SocketAddr::from((Self::ADDRESS, starttls))));
        DovecotSubmission { starttls, balanced, ca: authority.pem, client, keeper }
    }

    pub fn log(&self) -> String {
        self.keeper.log()
    }
}

/// Which users have a mailbox.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mailboxes {
    OfEveryUser,
    OfKnownUsers,
}

fn start(directory: TempDir, config: &str, ready: Sign) -> Keeper {
    start_with(directory, config, ready, Mailboxes::OfEveryUser)
}

fn start_with(directory: TempDir, config: &str, ready: Sign, mailboxes: Mailboxes) -> Keeper {
    let path = directory.path();
    keeper::write(
        &path.join("users"),
        // Dovecot escapes the name for the lookup, but not the name in the file, so `o'neil` must be written there as
        // `o\'neil`.
        &format!(
            "{USER}:{{PLAIN}}{CANARY}\n\
             {}:{{PLAIN}}{CANARY}\n\
             {ODD_USER}:{{PLAIN.b64}}{}\n\
             {DECOMPOSED_USER}:{{PLAIN.b64}}{}\n",
            QUOTED_USER.replace('\'', "\\'"),
            BASE64.encode(ODD_PASSWORD),
            BASE64.encode(DECOMPOSED_PASSWORD),
        ),
    );
    keeper::write(&path.join("masters"), &format!("{MASTER}:{{PLAIN}}{CANARY}\n"));
    keeper::write(
        &path.join("tokens.conf"),
        &format!(
            "introspection_mode = local\n\
             local_validation_key_dict = fs:posix:prefix={}/keys/\n\
             username_attribute = email\n",
            path.display()
        ),
    );
    // The dictionary key that Dovecot uses when the token has no `kid` and no `azp`.
    let keys = path.join("keys/default/HS256");
    std::fs::create_dir_all(&keys).expect("the directory is writable");
    keeper::write(&keys.join("default"), &BASE64.encode(TOKEN_KEY));
    let home = path.join("home");
    keeper::make_directory(&home, 0o777);
    let log = path.join("dovecot.log");
    let file = path.join("dovecot.conf");
    keeper::write(&file, &(common_config(path, &home, &log, mailboxes) + config));
    Keeper::start(Launch {
        command: ["/usr/sbin/dovecot", "-F", "-c"]
            .map(str::to_owned)
            .into_iter()
            .chain([file.display().to_string()])
            .collect(),
        ready: vec![ready],
        logs: vec![log],
        directory,
    })
}

fn common_config(directory: &Path, home: &Path, log: &Path, mailboxes: Mailboxes) -> String {
    let userdb = match mailboxes {
        Mailboxes::OfEveryUser => {
            format!("userdb {{\n  driver = static\n  args = uid=dovecot gid=dovecot home={}/%u\n}}\n", home.display())
        }
        Mailboxes::OfKnownUsers => String::new(),
    };
    format!(
        "base_dir = {directory}/run\n\
         state_dir = {directory}/state\n\
         log_path = {log}\n\
         # Empty allows every character. The default does not allow the apostrophe.\n\
         auth_username_chars =\n\
         auth_failure_delay = 0\n\
         auth_verbose = yes\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
         passdb {{\n  driver = oauth2\n  mechanisms = oauthbearer xoauth2\n  args = {directory}/tokens.conf\n}}\n\
         # The TLS handshake has authenticated the client.\n\
         passdb {{\n  driver = static\n  mechanisms = external\n  args = nopassword\n}}\n\
         # This user may act as any other user.\n\
         passdb {{\n  driver = passwd-file\n  master = yes\n  args = {directory}/masters\n  result_success = continue\n}}\n\
         passdb {{\n  driver = passwd-file\n  args = {directory}/users\n}}\n\
         {userdb}\
         # The owner of the mailboxes is a system user.\n\
         first_valid_uid = 1\n",
        directory = directory.display(),
        log = log.display(),
    )
}
