//! Postfix with Dovecot or Cyrus behind it for SASL: one relay and seven submission ports, three of them with a bad
//! certificate.
//!
//! Promises: each port is configured as the stock master.cf and the usual guides do it, so that its replies are those
//! that users meet. The differences from the defaults are named at `MAIN_CF`.
//! Does not: run postfix(1), whose checks and `postfix set-permissions` want the installed layout, but master(8)
//! itself; nor the delivery agents, except discard. Read next: `dovecot`.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cyrus::CyrusSasl;
use super::dovecot::DovecotSasl;
use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};
use super::{DOMAIN, HOST, USER, free_port, loopbacks, unpacked};

/// All ports accept recipients at `DOMAIN`: `known@`, and `USER`; `greylisted@` is answered 451, `full@` 452.
pub struct Postfix {
    /// Demands STARTTLS, then AUTH. Offers no AUTH before TLS.
    pub submission: u16,
    /// As `submission`, with TLS from the first byte.
    pub implicit_tls: u16,
    /// As another mail server meets it: STARTTLS offered, no AUTH, recipients at `DOMAIN` only.
    pub relay: u16,
    /// As `submission`, with a certificate that ended yesterday.
    pub expired: u16,
    /// As `submission`, with what `openssl req -x509` makes.
    pub self_signed: u16,
    /// As `submission`, with a certificate for `mail.example.org`.
    pub other_name: u16,
    /// As `submission`, with a certificate for each kind of key, P-256 and RSA.
    pub two_certificates: u16,
    /// As `submission`, and anonymous logins are welcome.
    pub anonymous: u16,
    pub ca: PathBuf,
    keeper: Keeper,
    sasl: Sasl,
}

/// What decides about logins.
pub enum Sasl {
    Dovecot(DovecotSasl),
    Cyrus(CyrusSasl),
}

impl Sasl {
    /// For main.cf in this directory.
    fn settings(&self, directory: &Path) -> String {
        match self {
            Sasl::Dovecot(dovecot) => {
                format!("smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}\n", dovecot.socket.display())
            }
            Sasl::Cyrus(cyrus) => {
                // Debian's Postfix looks there by itself, others because of the setting.
                let config = directory.join("sasl");
                keeper::make_directory(&config, 0o755);
                keeper::write(&config.join("smtpd.conf"), &cyrus.config());
                format!("smtpd_sasl_type = cyrus\ncyrus_sasl_config_path = {}\n", config.display())
            }
        }
    }

    fn log(&self) -> String {
        match self {
            Sasl::Dovecot(dovecot) => dovecot.log(),
            // A library of Postfix's, which logs it.
            Sasl::Cyrus(_) => String::new(),
        }
    }
}

impl From<DovecotSasl> for Sasl {
    fn from(sasl: DovecotSasl) -> Sasl {
        Sasl::Dovecot(sasl)
    }
}

impl From<CyrusSasl> for Sasl {
    fn from(sasl: CyrusSasl) -> Sasl {
        Sasl::Cyrus(sasl)
    }
}

impl Postfix {
    pub fn start() -> Postfix {
        Postfix::with(DovecotSasl::start())
    }

    pub fn with(sasl: impl Into<Sasl>) -> Postfix {
        let sasl = sasl.into();
        let directory = keeper::directory("postfix");
        let path = directory.path();
        let authority = Authority::new(path);
        let [submission, implicit_tls, relay] = [(); 3].map(|()| free_port());
        let [expired, self_signed, other_name, two_certificates, anonymous] = [(); 5].map(|()| free_port());
        let (good, good_rsa) = (authority.good(), authority.good_rsa());
        let master_cf = [
            smtpd(submission, &good, SUBMISSION),
            smtpd(implicit_tls, &good, IMPLICIT_TLS),
            smtpd(relay, &good, RELAY),
            smtpd(expired, &authority.expired(), SUBMISSION),
            smtpd(self_signed, &authority.self_signed(), SUBMISSION),
            smtpd(other_name, &authority.for_another_name(), SUBMISSION),
            smtpd_with_both(two_certificates, &good, &good_rsa),
            smtpd(anonymous, &good, ANONYMOUS),
            SERVICES.to_owned(),
        ];
        keeper::write(&path.join("master.cf"), &master_cf.concat());
        keeper::write(&path.join("main.cf"), &main_cf(path, &sasl));
        let_settle(&path.join("main.cf"));
        make_queue(path);
        let program = unpacked("postfix").join("usr/lib/postfix");
        let keeper = Keeper::start(Launch {
            command: vec![
                "env".to_owned(),
                // The programs look for their libraries where the package would have installed them.
                format!("LD_LIBRARY_PATH={}", program.display()),
                // As postfix(1) does, so that a fatal error before the log service is up reaches the file too.
                format!("POSTLOG_SERVICE={}/queue/public/postlog", path.display()),
                format!("POSTLOG_HOSTNAME={HOST}"),
                program.join("sbin/master").display().to_string(),
                // Stay in the foreground; the file that names everything else.
                "-d".to_owned(),
                "-c".to_owned(),
                path.display().to_string(),
            ],
            ready: [submission, implicit_tls, relay, expired, self_signed, other_name, two_certificates, anonymous]
                .map(Sign::Port)
                .into(),
            logs: vec![path.join("maillog")],
            directory,
        });
        Postfix {
            submission,
            implicit_tls,
            relay,
            expired,
            self_signed,
            other_name,
            two_certificates,
            anonymous,
            ca: authority.pem,
            keeper,
            sasl,
        }
    }

    /// Postfix's, and its Dovecot's.
    pub fn log(&self) -> String {
        self.keeper.log() + &self.sasl.log()
    }
}

/// Differences from the defaults that a client can see: `smtpd_peername_lookup` (no client is asked for in DNS), and
/// `mynetworks` (the clients of the tests come from 127.0.0.1, which may relay by default).
const MAIN_CF: &str = "\
compatibility_level = 3.7
maillog_file = $config_directory/maillog
maillog_file_prefixes = $config_directory
queue_directory = $config_directory/queue
data_directory = $config_directory/data
import_environment = LD_LIBRARY_PATH MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C
myorigin = $mydestination
mynetworks =
smtpd_peername_lookup = no
local_transport = discard:
default_transport = discard:
alias_maps =
smtpd_tls_loglevel = 1
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
";

const SUBMISSION: &[&str] = &[
    "smtpd_tls_security_level=encrypt",
    "smtpd_tls_auth_only=yes",
    "smtpd_sasl_auth_enable=yes",
    "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
];

/// By default Postfix takes ANONYMOUS from what its SASL server offers.
const ANONYMOUS: &[&str] = &[
    "smtpd_tls_security_level=encrypt",
    "smtpd_tls_auth_only=yes",
    "smtpd_sasl_auth_enable=yes",
    "smtpd_sasl_security_options=",
    "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
];

const IMPLICIT_TLS: &[&str] = &[
    "smtpd_tls_wrappermode=yes",
    "smtpd_sasl_auth_enable=yes",
    "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
];

const RELAY: &[&str] = &["smtpd_tls_security_level=may"];

/// What smtpd asks while it decides about MAIL and RCPT, and where it would put mail.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
";

fn main_cf(directory: &Path, sasl: &Sasl) -> String {
    let addresses: Vec<String> = loopbacks().iter().map(ToString::to_string).collect();
    let package = unpacked("postfix");
    let local_part = USER.split('@').next().expect("an address");
    format!(
        "{MAIN_CF}\
         config_directory = {directory}\n\
         daemon_directory = {package}/usr/lib/postfix/sbin\n\
         command_directory = {package}/usr/sbin\n\
         shlib_directory = {package}/usr/lib/postfix\n\
         meta_directory = {directory}\n\
         inet_interfaces = {addresses}\n\
         inet_protocols = {protocols}\n\
         myhostname = {HOST}\n\
         mydestination = {DOMAIN}\n\
         local_recipient_maps = inline:{{ {local_part}=x, known=x, greylisted=x, full=x }}\n\
         smtpd_recipient_restrictions = check_recipient_access inline:{{\n\
         \x20 {{ greylisted@{DOMAIN} = 451 4.7.1 Greylisted, please try again in 300 seconds }},\n\
         \x20 {{ full@{DOMAIN} = 452 4.2.2 Mailbox full }} }}\n\
         {sasl}",
        directory = directory.display(),
        package = package.display(),
        addresses = addresses.join(", "),
        protocols = if addresses.len() == 1 { "ipv4" } else { "all" },
        sasl = sasl.settings(directory),
    )
}

/// `smtpd_tls_chain_files` knows no single certificate beside it; each key stands before its chain.
fn smtpd_with_both(port: u16, elliptic: &Certificate, rsa: &Certificate) -> String {
    let files = [&elliptic.key, &elliptic.chain, &rsa.key, &rsa.chain].map(|path| path.display().to_string());
    let chain_files = format!("smtpd_tls_chain_files={}", files.join(","));
    smtpd(port, elliptic, &[SUBMISSION, &[&chain_files]].concat())
}

fn smtpd(port: u16, certificate: &Certificate, settings: &[&str]) -> String {
    let Certificate { chain, key } = certificate;
    let options: String = settings.iter().map(|setting| format!(" -o {setting}\n")).collect();
    loopbacks()
        .iter()
        .map(|address| {
            let listener = SocketAddr::new(*address, port);
            format!(
                "{listener} inet n - n - - smtpd\n{options} \
                 -o smtpd_tls_cert_file={}\n \
                 -o smtpd_tls_key_file={}\n",
                chain.display(),
                key.display(),
            )
        })
        .collect()
}

/// Postfix reads a file that changed within the last seconds again and again until it has settled, almost two seconds
/// here; so it is made to look older.
fn let_settle(path: &Path) {
    let file = File::options().append(true).open(path).expect("written before");
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("a file of ours");
}

/// As `postfix post-install create-missing` makes it from postfix-files.
fn make_queue(directory: &Path) {
    let queue = directory.join("queue");
    keeper::make_directory(&queue, 0o755);
    keeper::make_directory(&queue.join("pid"), 0o755);
    for name in
        ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]
    {
        keeper::make_directory(&queue.join(name), 0o700);
        keeper::give(&queue.join(name), "postfix");
    }
    for (path, mode) in
        [(queue.join("maildrop"), 0o730), (queue.join("public"), 0o710), (directory.join("data"), 0o700)]
    {
        keeper::make_directory(&path, mode);
        keeper::give(&path, "postfix");
    }
}
