//! nsd, which serves zones that ldns signs, and unbound as a validating resolver. Both listen on port 53, because name
//! servers are found by address alone, on loopback addresses that no other program uses. Read next: `keeper`, then
//! `with_domains.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::keeper::{Keeper, Launch, Sign, directory, write};

/// The address of the name server.
const SERVER: &str = "127.0.55.2";
/// The address of the resolver.
pub const RESOLVER: &str = "127.0.55.1:53";

/// How a zone is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// With a DS record in the root zone.
    Signed,
    /// With NSEC3 instead of NSEC.
    WithNsec3,
    /// With signatures that have expired.
    Expired,
    /// Not at all.
    No,
}

/// A name server and a resolver.
pub struct NameServers {
    keeper: Keeper,
}

/// Arguments: the directory. Each line of the file `zones` has the name of a zone and the options of ldns-signzone, or `-`
/// for a zone that is not signed.
const START: &str = r#"
    set -eu
    cd "$1"
    while read -r zone options; do
        [ "$options" != - ] || continue
        key=$(ldns-keygen -k -a ECDSAP256SHA256 "$zone")
        # shellcheck disable=SC2086 # a list of options
        ldns-signzone $options -f "$zone.signed" "$zone.zone" "$key"
        cat "$key.ds" >>root.zone
    done <zones
    key=$(ldns-keygen -k -a ECDSAP256SHA256 .)
    ldns-signzone -f root.signed root.zone "$key"
    grep DNSKEY "$key.key" >root.key
    nsd -d -c "$1/nsd.conf" &
    exec unbound -d -c "$1/unbound.conf"
"#;

impl NameServers {
    /// Serves these zones: the name, the records in the form of a master file without SOA and NS, and the signing.
    pub fn start(zones: &[(&str, String, Signing)]) -> NameServers {
        let directory = directory("names");
        let path = directory.path();
        let shown = path.display();
        let soa = |zone: &str| {
            format!("$TTL 60\n{zone}. IN SOA ns. host.ns. 1 3600 600 864000 60\n{zone}. IN NS ns.\n$ORIGIN {zone}.\n")
        };
        let mut root = format!("$TTL 60\n. IN SOA ns. host.ns. 1 3600 600 864000 60\n. IN NS ns.\nns. IN A {SERVER}\n");
        let mut list = String::new();
        let mut served = format!("zone:\n  name: \".\"\n  zonefile: {shown}/root.signed\n");
        for (zone, records, signing) in zones {
            write(&path.join(format!("{zone}.zone")), &format!("{}{records}", soa(zone)));
            root += &format!("{zone}. IN NS ns.\n");
            let (options, suffix) = match signing {
                Signing::Signed => ("-i 20260101", "signed"),
                Signing::WithNsec3 => ("-n -i 20260101", "signed"),
                Signing::Expired => ("-i 20190101 -e 20200101", "signed"),
                Signing::No => ("-", "zone"),
            };
            list += &format!("{zone} {options}\n");
            served += &format!("zone:\n  name: \"{zone}\"\n  zonefile: {shown}/{zone}.{suffix}\n");
        }
        write(&path.join("root.zone"), &root);
        write(&path.join("zones"), &list);
        write(&path.join("hints"), &format!(". 60 IN NS ns.\nns. 60 IN A {SERVER}\n"));
        write(
            &path.join("nsd.conf"),
            &format!(
                "server:\n  ip-address: {SERVER}\n  username: root\n  chroot: \"\"\n  zonesdir: {shown}\n  database: \"\"\n  \
                 pidfile: {shown}/nsd.pid\n  logfile: {shown}/nsd.log\n  xfrdfile: {shown}/xfrd\n  zonelistfile: \
                 {shown}/zonelist\nremote-control:\n  control-enable: no\n{served}"
            ),
        );
        write(
            &path.join("unbound.conf"),
            &format!(
                "server:\n  interface: {RESOLVER_IP}\n  username: \"\"\n  chroot: \"\"\n  directory: {shown}\n  pidfile: \
                 {shown}/unbound.pid\n  use-syslog: no\n  logfile: {shown}/unbound.log\n  log-time-ascii: yes\n  \
                 val-log-level: 2\n  do-not-query-localhost: no\n  do-ip6: no\n  root-hints: {shown}/hints\n  \
                 trust-anchor-file: {shown}/root.key\n  module-config: \"validator iterator\"\nremote-control:\n  \
                 control-enable: no\n",
                RESOLVER_IP = RESOLVER.trim_end_matches(":53"),
            ),
        );
        let address = |text: &str| Sign::Address(text.parse().unwrap());
        let ready = vec![address(&format!("{SERVER}:53")), address(RESOLVER)];
        let command = ["sh".to_owned(), "-c".to_owned(), START.to_owned(), "names".to_owned(), shown.to_string()];
        let logs = ["nsd.log", "unbound.log"].map(|name| path.join(name));
        NameServers { keeper: Keeper::start(Launch { directory, command: command.into(), ready, logs: logs.into() }) }
    }

    /// The trust anchor of the root zone.
    pub fn anchor(&self) -> PathBuf {
        self.keeper.path().join("root.key")
    }

    /// The messages of both programs.
    pub fn log(&self) -> String {
        self.keeper.log()
    }

    /// A program that uses this resolver instead of the machine's.
    pub fn client(&self, program: &Path) -> Command {
        let settings = self.keeper.path().join("client-resolv.conf");
        write(&settings, &format!("nameserver {}\noptions trust-ad\n", RESOLVER.trim_end_matches(":53")));
        let mut command = Command::new("unshare");
        let mount = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
        command.args(["-m", "sh", "-c", mount, "client"]).arg(settings).arg(program);
        command
    }
}
