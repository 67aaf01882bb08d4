//! Postfix with Dovecot or Cyrus for SASL: one relay port and seven submission ports, three of them with an invalid
//! certificate.
//!
//! Each port is configured as in the default master.cf and common guides, so that its replies are those that users get.
//! `MAIN_CF` lists the differences from the defaults.
//! Only master(8) is started, not postfix(1), whose checks and `postfix set-permissions` require the installed
//! directories. The only delivery agent is discard. Read next: `dovecot`.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cyrus::CyrusSasl;
use super::dovecot::DovecotSasl;
use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};
use super::{DOMAIN, HOST, USER, free_port, loopbacks, unpacked};

/// All ports accept the recipients `known@`, `USER` and (with SMTPUTF8) `jürgen@` at `DOMAIN`. `greylisted@` is
/// answered with 451, `full@` with 452.
pub struct Postfix {
    /// Requires STARTTLS, then AUTH. Does not advertise AUTH before TLS.
    pub submission: u16,
    /// Like `submission`, with implicit TLS.
    pub implicit_tls: u16,
    /// The port for other mail servers: STARTTLS is advertised, AUTH is not, and only recipients at `DOMAIN` are
    /// accepted.
    pub relay: u16,
    /// Like `relay`, with a valid certificate for `mail.example.org`.
    pub exchanger: u16,
    /// Like `exchanger`, and every client may send to every recipient.
    pub open_relay: u16,
    /// Like `submission`, with a certificate that expired yesterday.
    pub expired: u16,
    /// Like `submission`, with a certificate created by `openssl req -x509`.
    pub self_signed: u16,
    /// Like `submission`, with a certificate for `mail.example.org`.
    pub other_name: u16,
    /// Like `submission`, with two certificates, one with a P-256 key and one with an RSA key.
    pub two_certificates: u16,
    /// Like `submission`, and anonymous logins are accepted.
    pub anonymous: u16,
    /// Like `relay`, for connections from a load balancer, which begin with a PROXY header.
    pub balanced: u16,
    /// The server behind a proxy that speaks SMTP: it takes the identity of clients from XCLIENT and XFORWARD.
    pub behind_proxy: u16,
    /// Like `relay`, and it rejects EHLO as an unknown command, as servers without ESMTP do.
    pub without_ehlo: u16,
    /// Like `relay`, without SMTPUTF8. Its log lines contain `postfix/ascii`.
    pub ascii: u16,
    /// Its greeting names `Postfix::GREETED`. Only clients that ask for this name (SNI) receive its certificate; others
    /// receive one for `mail.example.org`.
    pub by_greeting: u16,
    /// The certificate of `exchanger`.
    pub exchanger_certificate: PathBuf,
    /// The certificates that every port sends to clients that ask for these hosts (SNI).
    pub by_name: ByName,
    /// The CA of all certificates.
    pub authority: Authority,
    pub ca: PathBuf,
    keeper: Keeper,
    sasl: Sasl,
}

/// The SASL implementation.
pub enum Sasl {
    Dovecot(DovecotSasl),
    Cyrus(CyrusSasl),
}

impl Sasl {
    /// The settings for main.cf, for a Postfix in this directory.
    fn settings(&self, directory: &Path) -> String {
        match self {
            Sasl::Dovecot(dovecot) => {
                format!("smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}\n", dovecot.socket.display())
            }
            Sasl::Cyrus(cyrus) => {
                // Debian's Postfix searches this directory by default. Other builds need the setting.
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
            // Cyrus SASL is a library that Postfix loads, so its messages are in the log of Postfix.
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
    /// The name in the greeting of `by_greeting`.
    pub const GREETED: &str = "ta-certificate.example.org";

    /// The directory with main.cf.
    pub fn config(&self) -> PathBuf {
        self.keeper.path().to_owned()
    }

    pub fn start() -> Postfix {
        Postfix::with(DovecotSasl::start())
    }

    pub fn with(sasl: impl Into<Sasl>) -> Postfix {
        let sasl = sasl.into();
        let directory = keeper::directory("postfix");
        let path = directory.path();
        let authority = Authority::new(path);
        let [submission, implicit_tls, relay, exchanger, open_relay] = [(); 5].map(|()| free_port());
        let [expired, self_signed, other_name, two_certificates, anonymous] = [(); 5].map(|()| free_port());
        let [balanced, behind_proxy, without_ehlo, ascii, by_greeting] = [(); 5].map(|()| free_port());
        let exchanger_pair = authority.for_hosts("exchanger", &["mail.example.org"]);
        let by_name = ByName::write(path, &authority);
        let (good, good_rsa) = (authority.good(), authority.good_rsa());
        let master_cf = [
            smtpd(submission, &good, SUBMISSION),
            smtpd(implicit_tls, &good, IMPLICIT_TLS),
            smtpd(relay, &good, RELAY),
            smtpd(exchanger, &exchanger_pair, RELAY),
            smtpd(open_relay, &exchanger_pair, OPEN_RELAY),
            smtpd(expired, &authority.expired(), SUBMISSION),
            smtpd(self_signed, &authority.self_signed(), SUBMISSION),
            smtpd(other_name, &authority.for_another_name(), SUBMISSION),
            smtpd_with_both(two_certificates, &good, &good_rsa),
            smtpd(anonymous, &good, ANONYMOUS),
            smtpd(balanced, &good, BALANCED),
            smtpd(behind_proxy, &good, BEHIND_PROXY),
            smtpd(without_ehlo, &good, WITHOUT_EHLO),
            smtpd(ascii, &good, ASCII),
            smtpd(by_greeting, &exchanger_pair, &[RELAY, &[&format!("myhostname={}", Postfix::GREETED)]].concat()),
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
                // The programs search for their libraries in the directory where the package would have installed them.
                format!("LD_LIBRARY_PATH={}", program.display()),
                // As in postfix(1), so that a fatal error before the log service starts is also written to the file.
                format!("POSTLOG_SERVICE={}/queue/public/postlog", path.display()),
                format!("POSTLOG_HOSTNAME={HOST}"),
                program.join("sbin/master").display().to_string(),
                // Stay in the foreground, and use the configuration in this directory.
                "-d".to_owned(),
                "-c".to_owned(),
                path.display().to_string(),
            ],
            ready: [
                submission,
                implicit_tls,
                relay,
                exchanger,
                open_relay,
                expired,
                self_signed,
                other_name,
                two_certificates,
                anonymous,
                balanced,
                behind_proxy,
                without_ehlo,
                ascii,
                by_greeting,
            ]
            .map(Sign::Port)
            .into(),
            logs: vec![path.join("maillog")],
            directory,
        });
        Postfix {
            submission,
            implicit_tls,
            relay,
            exchanger,
            open_relay,
            expired,
            self_signed,
            other_name,
            two_certificates,
            anonymous,
            balanced,
            behind_proxy,
            without_ehlo,
            ascii,
            by_greeting,
            exchanger_certificate: exchanger_pair.chain,
            by_name,
            ca: authority.pem.clone(),
            authority,
            keeper,
            sasl,
        }
    }

    /// The directory with the sockets of Postfix's services. Only the user postfix may enter it. `smtpd-socket` in it
    /// is an SMTP server.
    pub fn private(&self) -> PathBuf {
        self.keeper.path().join("queue/private")
    }

    /// The logs of Postfix and of its SASL server.
    pub fn log(&self) -> String {
        self.keeper.log() + &self.sasl.log()
    }
}

/// Certificates that a client receives if it asks for their names. All names are below `example.org`.
pub struct ByName {
    /// The certificate of `two-keys` with a P-256 key. The other certificate of `two-keys` has an RSA key.
    pub elliptic: PathBuf,
    /// The certificate of `expired-ee` and `expired-ta`. The chain contains the CA.
    pub expired: PathBuf,
    /// The certificate of `other-ee` and `other-ta`, which is for another name. The chain contains the CA.
    pub other: PathBuf,
}

impl ByName {
    /// Writes the table for Postfix, which maps names to files with keys and certificates.
    fn write(directory: &Path, authority: &Authority) -> ByName {
        let valid = authority.with_authority_sent(authority.for_hosts("sni-valid", &["*.example.org"]));
        let alone = authority.for_hosts("sni-alone", &["*.example.org"]);
        let expired = authority.with_authority_sent(authority.expired_for("sni-expired", "*.example.org"));
        let other = authority.with_authority_sent(authority.for_hosts("sni-other", &["other.example.com"]));
        let elliptic = authority.for_hosts("sni-elliptic", &["two-keys.example.org"]);
        let rsa = authority.rsa_for("sni-rsa", "two-keys.example.org");
        let files = |pairs: &[&Certificate]| {
            let names = pairs.iter().flat_map(|pair| [&pair.key, &pair.chain]);
            names.map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        };
        let rows = [
            ("ta-certificate", files(&[&valid])),
            ("ta-key", files(&[&valid])),
            ("ta-sha512", files(&[&valid])),
            ("ta-full", files(&[&valid])),
            ("ta-wrong", files(&[&valid])),
            ("ta-not-sent", files(&[&alone])),
            ("ta-full-not-sent", files(&[&alone])),
            ("expired-ee", files(&[&expired])),
            ("expired-ta", files(&[&expired])),
            ("other-ee", files(&[&other])),
            ("other-ta", files(&[&other])),
            ("two-keys", files(&[&elliptic, &rsa])),
        ];
        let lines = rows.map(|(name, files)| format!("{name}.example.org {files}\n"));
        keeper::write(&directory.join("sni"), &lines.concat());
        let_settle(&directory.join("sni"));
        ByName { elliptic: elliptic.chain, expired: expired.chain, other: other.chain }
    }
}

/// Differences from the defaults that a client can notice: `smtpd_peername_lookup` (Postfix does not look up clients in
/// DNS), `smtpd_client_restrictions` (clients at 127.0.0.9 are rejected, as if they were on a blocklist) and
/// `mynetworks` (the clients of the tests connect from 127.0.0.1, which may relay by default).
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
smtpd_client_restrictions = check_client_access inline:{ { 127.0.0.9 = REJECT Your network is blocked } }
";

const SUBMISSION: &[&str] = &[
    "smtpd_tls_security_level=encrypt",
    "smtpd_tls_auth_only=yes",
    "smtpd_sasl_auth_enable=yes",
    "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
];

/// By default, Postfix removes ANONYMOUS from the mechanisms of its SASL server.
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

/// The server behind a load balancer.
const BALANCED: &[&str] = &["smtpd_tls_security_level=may", "smtpd_upstream_proxy_protocol=haproxy"];

const BEHIND_PROXY: &[&str] = &[
    "smtpd_tls_security_level=may",
    "smtpd_authorized_xclient_hosts=127.0.0.0/8,[::1]",
    "smtpd_authorized_xforward_hosts=127.0.0.0/8,[::1]",
];

/// Postfix replaces the command before it interprets it.
const WITHOUT_EHLO: &[&str] =
    &["smtpd_tls_security_level=may", "{ smtpd_command_filter = regexp:{ { /^EHLO / UNKNOWN } } }"];

const ASCII: &[&str] = &["smtpd_tls_security_level=may", "smtputf8_enable=no", "syslog_name=postfix/ascii"];

/// The networks that may relay include every client.
const OPEN_RELAY: &[&str] = &[
    "smtpd_tls_security_level=may",
    "mynetworks=0.0.0.0/0,[::]/0",
    "smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination",
];

/// The services in master.cf that smtpd uses for MAIL and RCPT, and the delivery agent.
pub(super) const SERVICES: &str = "\
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
smtpd-socket unix - - n - - smtpd
";

fn main_cf(directory: &Path, sasl: &Sasl) -> String {
    let addresses: Vec<String> = loopbacks().iter().map(ToString::to_string).collect();
    let package = unpacked("postfix");
    let local_part = USER.split('@').next().expect("the user name contains an @");
    format!(
        "{MAIN_CF}\
         config_directory = {directory}\n\
         daemon_directory = {package}/usr/lib/postfix/sbin\n\
         command_directory = {package}/usr/sbin\n\
         shlib_directory = {package}/usr/lib/postfix\n\
         meta_directory = {directory}\n\
         tls_server_sni_maps = texthash:{directory}/sni\n\
         inet_interfaces = {addresses}\n\
         inet_protocols = {protocols}\n\
         myhostname = {HOST}\n\
         mydestination = {DOMAIN}\n\
         local_recipient_maps = inline:{{ {local_part}=x, known=x, greylisted=x, full=x, jürgen=x }}\n\
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

/// `smtpd_tls_chain_files` cannot be combined with other certificate settings. Each key must precede its chain.
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

/// If a file changed within the last few seconds, Postfix reads it repeatedly until it no longer changes, which takes
/// almost two seconds here. An older modification time avoids that.
pub(super) fn let_settle(path: &Path) {
    let file = File::options().append(true).open(path).expect("the file was written before");
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("the file can be changed");
}

/// Creates the queue directories that `postfix post-install create-missing` would create from postfix-files.
pub(super) fn make_queue(directory: &Path) {
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
