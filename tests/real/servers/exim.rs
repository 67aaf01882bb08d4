//! Exim, with two STARTTLS ports and one implicit TLS port.
//!
//! The replies are those of Exim's example configuration: AUTH is advertised only over TLS. Unknown recipients at
//! `DOMAIN`, and relaying without AUTH, are rejected at RCPT. Passwords are stored unchanged in an `lsearch` file: Exim
//! uses the rest of the line without unquoting or expanding. Exim starts no queue runners and delivers no mail. Read
//! next: `keeper`.

use std::path::{Path, PathBuf};

use super::keeper::{self, Keeper, Launch, Sign};
use super::pki::{Authority, Certificate};
use super::{CANARY, DOMAIN, HOST, QUOTED_USER, USER, free_port, loopbacks, unpacked};

/// The user that Debian's Exim is compiled to run as.
const RUN_AS: &str = "Debian-exim";

/// Accepts `known@`, `staff@` (a mailing list) and `USER` at `DOMAIN`; after AUTH, any domain.
pub struct Exim {
    pub starttls: u16,
    pub implicit_tls: u16,
    /// Like `starttls`, and EXPN lists the members of `staff@`.
    pub expanding: u16,
    pub ca: PathBuf,
    keeper: Keeper,
}

impl Exim {
    pub fn start() -> Exim {
        let directory = keeper::directory("exim");
        let path = directory.path();
        for name in ["spool", "log"] {
            keeper::make_directory(&path.join(name), 0o750);
            keeper::give(&path.join(name), RUN_AS);
        }
        let authority = Authority::new(path);
        let certificate = authority.good().readable_by_all();
        keeper::write(&path.join("passwords"), &format!("{USER}: {CANARY}\n{QUOTED_USER}: {CANARY}\n"));
        let [starttls, implicit_tls, expanding] = [(); 3].map(|()| free_port());
        let config = path.join("exim.conf");
        let addresses: Vec<String> = loopbacks().iter().map(ToString::to_string).collect();
        keeper::write(
            &config,
            &format!(
                // The `<;` makes the semicolon the separator, because IPv6 addresses contain colons.
                "local_interfaces = <; {}\n\
                 daemon_smtp_ports = {starttls} : {implicit_tls} : {expanding}\n\
                 tls_on_connect_ports = {implicit_tls}\n\
                 acl_smtp_expn = ${{if eq{{$received_port}}{{{expanding}}}{{acl_accept}}{{}}}}\n\
                 {}{RULES}",
                addresses.join(" ; "),
                facts(path, &certificate)
            ),
        );
        let program = unpacked("exim4-daemon-light").join("usr/sbin/exim4");
        let keeper = Keeper::start(Launch {
            command: vec![
                program.display().to_string(),
                "-C".to_owned(),
                config.display().to_string(),
                // Run the daemon in the foreground.
                "-bdf".to_owned(),
            ],
            ready: [starttls, implicit_tls, expanding].map(Sign::Port).into(),
            logs: vec![path.join("log/main"), path.join("log/panic"), path.join("log/reject")],
            directory,
        });
        Exim { starttls, implicit_tls, expanding, ca: authority.pem, keeper }
    }

    pub fn directory(&self) -> &Path {
        self.keeper.path()
    }
}

fn facts(directory: &Path, certificate: &Certificate) -> String {
    format!(
        "spool_directory = {directory}/spool\n\
         log_file_path = {directory}/log/%s\n\
         pid_file_path = {directory}/spool/exim.pid\n\
         exim_path = {program}\n\
         PASSWORDS = {directory}/passwords\n\
         tls_certificate = {chain}\n\
         tls_privatekey = {key}\n\
         primary_hostname = {HOST}\n\
         domainlist local_domains = {DOMAIN}\n",
        directory = directory.display(),
        program = unpacked("exim4-daemon-light").join("usr/sbin/exim4").display(),
        chain = certificate.chain.display(),
        key = certificate.key.display(),
    )
}

/// Exim does not look up the client, neither with ident nor in reverse DNS. The rest is Exim's example configuration.
const RULES: &str = r#"
rfc1413_hosts =
host_lookup =
keep_environment =
smtp_accept_max = 100
tls_advertise_hosts = *
auth_advertise_hosts = ${if eq {$tls_in_cipher}{} {} {*}}
acl_smtp_rcpt = acl_check_rcpt
log_selector = +smtp_connection +smtp_protocol_error +smtp_syntax_error

begin acl
acl_accept:
  accept
acl_check_rcpt:
  accept
    authenticated = *
  require
    message = relay not permitted
    domains = +local_domains
  require
    verify = recipient
  accept

begin routers
lists:
  driver = redirect
  domains = +local_domains
  local_parts = staff
  data = known@example.net, u@example.net
local:
  driver = accept
  domains = +local_domains
  local_parts = known : u
  transport = nowhere

begin transports
nowhere:
  driver = appendfile
  file = /dev/null

begin authenticators
PLAIN:
  driver = plaintext
  server_set_id = $auth2
  server_prompts = :
  server_condition = ${if eq {${lookup{$auth2}lsearch{PASSWORDS}{$value}fail}}{$auth3}}
LOGIN:
  driver = plaintext
  server_set_id = $auth1
  server_prompts = Username:: : Password::
  server_condition = ${if eq {${lookup{$auth1}lsearch{PASSWORDS}{$value}fail}}{$auth2}}
"#;
