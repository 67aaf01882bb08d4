//! Real mail servers on free loopback ports. Each has its own directory with its configuration, keys and spool.
//!
//! No configuration outside that directory is read and no file outside it is written, so a Postfix on this machine is
//! not affected, and several test runs can run at the same time. No process and no directory outlives the test program,
//! even when it is killed (`keeper`). If a server does not start, its test panics with the log of the server. The
//! servers do not deliver mail, query DNS, or listen on a non-loopback address. They need root and the programs that
//! `.ci/install-servers` installs. Read next: `keeper`, then `postfix`.

mod cyrus;
mod dovecot;
mod exim;
mod gnu_sasl;
pub mod keeper;
mod names;
mod opensmtpd;
mod openssl;
mod pki;
mod ports;
mod postfix;
mod prometheus;
mod proxies;
mod relayhost;
mod slurm;
mod web;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use cyrus::CyrusSasl;
pub use dovecot::{DovecotLmtp, DovecotSubmission, TOKEN_KEY};
pub use exim::Exim;
pub use gnu_sasl::GnuSasl;
pub use keeper::is_inhabited;
pub use names::{CLOSED, NameServers, Resolver, Signing};
pub use opensmtpd::OpenSmtpd;
pub use openssl::{OpenSsl, Workbench};
pub use pki::{Certificate, Standing};
pub use ports::{free_port, loopbacks};
pub use postfix::Postfix;
pub use prometheus::Prometheus;
pub use proxies::{Dante, Haproxy, Microsocks, OpenSsh, SilentHaproxy, StrictHaproxy, Tinyproxy};
pub use relayhost::Relayhost;
pub use slurm::Slurm;
pub use web::WebServer;

/// The name in the certificate, greeting and EHLO reply of every server.
pub const HOST: &str = "localhost";

/// The mail domain that every server accepts as local. Mail to any other domain is relayed.
pub const DOMAIN: &str = "example.net";

/// A user that every server accepts.
pub const USER: &str = "u@example.net";

/// Another user that every server accepts. The name contains a character that often causes quoting errors.
pub const QUOTED_USER: &str = "o'neil@example.net";

/// The password of both users, which no output may contain: `support::leak` searches for it.
///
/// It contains a space, a comma (lists in configuration files), an equals sign (SCRAM attributes), quotes and a
/// backslash (shells, SASL quoted strings), a percent sign (expansion), a plus and a slash (base64, URLs), UTF-8 and a
/// tilde. It contains no colon, which ends the password in Dovecot's passwd-file, and no space at either end, which
/// every file format here trims.
pub use crate::support::leak::CANARY;

/// A user of Postfix and Dovecot whose password only a few file formats can store.
pub const ODD_USER: &str = "odd@example.net";

/// The special characters of `CANARY`, with spaces at both ends, a colon, a Latin-1 letter and one outside Latin-1.
pub const ODD_PASSWORD: &str = " c4nary pw,=\"\\'%s+/é~:ü€ ";

/// Another user of Postfix and Dovecot.
pub const DECOMPOSED_USER: &str = "decomposed@example.net";

/// The form of `ü` that some keyboards and file systems produce: two code points, which SASLprep (RFC 4013) replaces by
/// one.
pub const DECOMPOSED_PASSWORD: &str = "c4nary pw,=\"u\u{308}";

/// A user of Cyrus SASL, with `ASCII_PASSWORD`.
pub const ASCII_USER: &str = "ascii@example.net";

/// The special characters of `CANARY` that are ASCII.
pub const ASCII_PASSWORD: &str = "c4nary pw,=\"\\'%s+/~";

/// A user of Postfix and Dovecot that may act as any other user. The password is `CANARY`.
pub const MASTER: &str = "master@example.net";

/// The servers that tests share. The first test that needs a server starts it. If that fails, every later test that
/// needs it fails immediately. Statics are never dropped; instead, the keeper ends the server when the process ends.
pub static POSTFIX: LazyLock<Postfix> = LazyLock::new(Postfix::start);
pub static POSTFIX_WITH_CYRUS: LazyLock<Postfix> = LazyLock::new(|| Postfix::with(CyrusSasl::new()));
pub static GNU_SASL: LazyLock<GnuSasl> = LazyLock::new(GnuSasl::start);
pub static EXIM: LazyLock<Exim> = LazyLock::new(Exim::start);
pub static OPENSMTPD: LazyLock<OpenSmtpd> = LazyLock::new(OpenSmtpd::start);
pub static DOVECOT_LMTP: LazyLock<DovecotLmtp> = LazyLock::new(DovecotLmtp::start);
pub static DOVECOT: LazyLock<DovecotSubmission> = LazyLock::new(|| DovecotSubmission::start(POSTFIX.relay));

/// The directory to which `.ci/install-servers` unpacked a package. The script uses the same variable and default.
pub fn unpacked(package: &str) -> PathBuf {
    let root = std::env::var_os("SMTPCHECK_SERVERS").unwrap_or("/opt/smtpcheck-servers".into());
    let path = PathBuf::from(root).join(package);
    assert!(path.is_dir(), "{package} is not in {}: run .ci/install-servers", path.display());
    path
}
