//! OpenSMTPD: a port for other mail servers, without TLS, and a submission port on which TLS does not work.
//!
//! As a server, OpenSMTPD 6.8 from Debian 12 cannot complete any handshake. It keeps keys in another process, with a
//! method that does not work with OpenSSL 3 (its issues 1171, 1208 and 1239; confirmed with elliptic-curve and RSA
//! keys, TLS 1.2 and 1.3, and OpenSSL 3.0.22). Each handshake ends with an internal_error alert. Users of that package
//! get the same result, so it is a useful test case. OpenSMTPD has no AUTH without TLS, so no test logs in here. The
//! paths /var/spool/smtpd, /var/run/smtpd.sock and /var/lib/opensmtpd/empty are compiled in, so the server gets its own
//! /var/spool, /run and /var/lib as mounts in its namespace. No mail is delivered. Read next: `keeper`.

use std::path::PathBuf;

use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};
use super::{DOMAIN, HOST, USER, free_port, loopbacks, unpacked};

pub struct OpenSmtpd {
    /// Accepts `known@` and `USER` at `DOMAIN`. Advertises neither STARTTLS nor AUTH.
    pub relay: u16,
    /// Requires STARTTLS and AUTH. It sends a valid certificate, but no handshake succeeds.
    pub broken_tls: u16,
    pub ca: PathBuf,
    /// Keeps the server running until this value is dropped.
    _keeper: Keeper,
}

impl OpenSmtpd {
    pub fn start() -> OpenSmtpd {
        let directory = keeper::directory("opensmtpd");
        let path = directory.path();
        let authority = Authority::new(path);
        let Certificate { chain, key } = authority.good();
        let [relay, broken_tls] = [(); 2].map(|()| free_port());
        let listeners: String = loopbacks()
            .iter()
            .map(|address| {
                format!(
                    "listen on {address} port {relay} hostname {HOST}\n\
                     listen on {address} port {broken_tls} tls-require pki server auth <logins> hostname {HOST}\n"
                )
            })
            .collect();
        let config = path.join("smtpd.conf");
        keeper::write(
            &config,
            &format!(
                "pki server cert \"{chain}\"\n\
                 pki server key \"{key}\"\n\
                 table logins {{ \"unused\" = \"*\" }}\n\
                 table users {{ \"known@{DOMAIN}\" = \"daemon\", \"{USER}\" = \"daemon\" }}\n\
                 {listeners}\
                 action \"nowhere\" mda \"cat\" virtual <users>\n\
                 match from any for domain \"{DOMAIN}\" action \"nowhere\"\n",
                chain = chain.display(),
                key = key.display(),
            ),
        );
        let program = unpacked("opensmtpd").join("usr/sbin/smtpd");
        let keeper = Keeper::start(Launch {
            command: vec![
                "sh".to_owned(),
                "-c".to_owned(),
                OWN_DIRECTORIES.to_owned(),
                "own-directories".to_owned(),
                program.display().to_string(),
                // Run in the foreground, with the log on standard error.
                "-d".to_owned(),
                "-f".to_owned(),
                config.display().to_string(),
            ],
            ready: [relay, broken_tls].map(Sign::Port).into(),
            logs: Vec::new(),
            directory,
        });
        OpenSmtpd { relay, broken_tls, ca: authority.pem, _keeper: keeper }
    }
}

/// Arguments: the server's command.
const OWN_DIRECTORIES: &str = r#"
    set -e
    for directory in /run /var/spool /var/lib; do
        mount -t tmpfs -o mode=755 tmpfs "$directory"
    done
    mkdir -p -m 711 /var/spool/smtpd /var/lib/opensmtpd/empty
    exec "$@"
"#;
