//! Real mail servers on free loopback ports, each with its configuration, keys and spool in a directory of its own.
//!
//! Promises: nothing outside that directory is read as configuration or written, so a Postfix that the machine runs
//! is not disturbed and several test runs go side by side; no process and no directory outlives the test program,
//! even when it is killed (`keeper`). A server that does not come up makes its test panic with the server's own log.
//! Does not: deliver anything, ask any DNS, or listen on an address that is not loopback.
//! Needs root and what `.ci/install-servers` installs. Read next: `keeper`, then `postfix`.

mod cyrus;
mod dovecot;
mod exim;
mod gnu_sasl;
mod keeper;
mod opensmtpd;
mod openssl;
mod pki;
mod ports;
mod postfix;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use cyrus::CyrusSasl;
pub use dovecot::{DovecotSubmission, TOKEN_KEY};
pub use exim::Exim;
pub use gnu_sasl::GnuSasl;
pub use keeper::is_inhabited;
pub use opensmtpd::OpenSmtpd;
pub use openssl::{OpenSsl, Workbench};
pub use pki::{Certificate, Standing};
pub use ports::{free_port, loopbacks};
pub use postfix::Postfix;

/// The name that every server's certificate, greeting and EHLO reply carries.
pub const HOST: &str = "localhost";

/// The mail domain that every server takes as its own; any other is relaying.
pub const DOMAIN: &str = "example.net";

/// May authenticate at every server.
pub const USER: &str = "u@example.net";

/// May authenticate at every server too, and has a character that quoting goes wrong on.
pub const QUOTED_USER: &str = "o'neil@example.net";

/// The password of both users, and what no output may ever show: `support::leak` looks for it.
///
/// A space, a comma (config lists), an equals sign (SCRAM attributes), quotes and a backslash (shells, SASL quoted
/// strings), a percent sign (expansions), a plus and a slash (base64, URLs), UTF-8 and a tilde. Not a colon, which
/// ends the password in Dovecot's passwd-file, and no space at either end, which every file format here trims.
pub use crate::support::leak::CANARY;

/// May authenticate at Postfix and Dovecot, and has a password that only few formats can hold.
pub const ODD_USER: &str = "odd@example.net";

/// The awkward characters of `CANARY` and the rest: blanks at both ends, a colon, a letter of Latin-1 and one that is
/// not.
pub const ODD_PASSWORD: &str = " c4nary pw,=\"\\'%s+/é~:ü€ ";

/// May authenticate at Postfix and Dovecot too.
pub const DECOMPOSED_USER: &str = "decomposed@example.net";

/// As some keyboards and file systems write `ü`: two code points, which SASLprep (RFC 4013) makes one.
pub const DECOMPOSED_PASSWORD: &str = "c4nary pw,=\"u\u{308}";

/// May authenticate at Cyrus SASL, with `ASCII_PASSWORD`.
pub const ASCII_USER: &str = "ascii@example.net";

/// The awkward characters of `CANARY` that are ASCII.
pub const ASCII_PASSWORD: &str = "c4nary pw,=\"\\'%s+/~";

/// May act as any other user at Postfix and Dovecot; the password is `CANARY`.
pub const MASTER: &str = "master@example.net";

/// The servers that tests share. Started by the first test that asks; if that fails, every later test fails at once.
/// Statics are never dropped: the keeper notices the end of the process instead.
pub static POSTFIX: LazyLock<Postfix> = LazyLock::new(Postfix::start);
pub static POSTFIX_WITH_CYRUS: LazyLock<Postfix> = LazyLock::new(|| Postfix::with(CyrusSasl::new()));
pub static GNU_SASL: LazyLock<GnuSasl> = LazyLock::new(GnuSasl::start);
pub static EXIM: LazyLock<Exim> = LazyLock::new(Exim::start);
pub static OPENSMTPD: LazyLock<OpenSmtpd> = LazyLock::new(OpenSmtpd::start);
pub static DOVECOT: LazyLock<DovecotSubmission> = LazyLock::new(|| DovecotSubmission::start(POSTFIX.relay));

/// Where `.ci/install-servers` unpacked a package; the same variable and default as there.
fn unpacked(package: &str) -> PathBuf {
    let root = std::env::var_os("SMTPCHECK_SERVERS").unwrap_or("/opt/smtpcheck-servers".into());
    let path = PathBuf::from(root).join(package);
    assert!(path.is_dir(), "{package} is not in {}: run .ci/install-servers", path.display());
    path
}
