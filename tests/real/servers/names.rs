//! nsd, which serves zones that ldns signs, and unbound as the resolver, with several configurations. All listen on
//! port 53 of loopback addresses that no other program uses. They cannot use another port, because a name server is
//! found by its address alone. Read next: `keeper`, then `with_domains.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use super::keeper::{Keeper, Launch, Sign, directory, write};

/// The name of a name server that does not respond.
pub const CLOSED: &str = "ns-closed";

/// Resolvers on port 53.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Resolver {
    /// unbound, which validates.
    Validating,
    /// unbound, which does not validate, but returns signatures.
    Iterating,
    /// unbound, which validates, but also returns bogus records.
    Permissive,
    /// A forwarder without EDNS, as in old routers: it passes on no signatures.
    Stripping,
}

impl Resolver {
    const ALL: [Resolver; 4] = [Resolver::Validating, Resolver::Iterating, Resolver::Permissive, Resolver::Stripping];

    fn last_byte(self) -> u8 {
        match self {
            Resolver::Validating => 1,
            Resolver::Iterating => 3,
            Resolver::Permissive => 4,
            Resolver::Stripping => 5,
        }
    }
}

/// The IP addresses of one [`NameServers`]. They differ between instances, in one process and in several.
#[derive(Clone, Copy)]
struct Network {
    /// The first host number.
    first: u8,
}

impl Network {
    /// The number of IP addresses.
    const SIZE: u8 = 16;

    /// A network that this process has not used yet.
    fn new() -> Network {
        static USED: AtomicU8 = AtomicU8::new(0);
        Network { first: USED.fetch_add(Network::SIZE, Ordering::Relaxed) }
    }

    fn ip(self, resolver: Resolver) -> String {
        self.address(resolver.last_byte())
    }

    /// The name server.
    fn server(self) -> String {
        self.address(2)
    }

    /// The name server that does not respond: no program listens at this IP address.
    fn closed(self) -> String {
        self.address(9)
    }

    fn address(self, last: u8) -> String {
        let [.., high, low] = std::process::id().to_be_bytes();
        format!("127.{}.{low}.{}", 100 + high % 128, self.first + last)
    }
}

/// How a zone is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// With a DS record in the root zone.
    Signed,
    /// With NSEC3 instead of NSEC.
    WithNsec3,
    /// With a DS record in the root zone that belongs to another key.
    WithOtherDs,
    /// With signatures that have expired.
    Expired,
    /// Not at all.
    No,
}

/// A name server and a resolver.
pub struct NameServers {
    keeper: Keeper,
    network: Network,
}

/// Arguments: the directory, the forwarder, its address and that of its resolver. Each line of the file `zones`
/// contains the name of a zone, the key to which its DS record belongs (`own`, `other`, or `-` for a zone that is not
/// signed), and the options of ldns-signzone.
const START: &str = r#"
    set -eu
    cd "$1"
    while read -r zone whose options; do
        [ "$whose" != - ] || continue
        key=$(ldns-keygen -k -a ECDSAP256SHA256 "$zone")
        # shellcheck disable=SC2086 # a list of options
        ldns-signzone $options -f "$zone.signed" "$zone.zone" "$key"
        [ "$whose" = own ] || key=$(ldns-keygen -k -a ECDSAP256SHA256 "$zone")
        cat "$key.ds" >>root.zone
    done <zones
    key=$(ldns-keygen -k -a ECDSAP256SHA256 .)
    ldns-signzone -f root.signed root.zone "$key"
    grep DNSKEY "$key.key" >root.key
    nsd -d -c "$1/nsd.conf" &
    unbound -d -c "$1/iterating.conf" &
    unbound -d -c "$1/permissive.conf" &
    python3 -c "$2" "$3" "$4" &
    exec unbound -d -c "$1/validating.conf"
"#;

/// Forwards questions without their additional section, over UDP and TCP. Arguments: its address, that of the resolver.
const STRIPPING: &str = r#"
import socket, socketserver, struct, sys, threading
LISTEN, UPSTREAM = (sys.argv[1], 53), (sys.argv[2], 53)
def ask(question):
    end = 12
    while question[end]:
        end += question[end] + 1
    bare = question[:6] + struct.pack("!HHH", 0, 0, 0) + question[12 : end + 5]
    with socket.create_connection(UPSTREAM) as upstream:
        upstream.sendall(struct.pack("!H", len(bare)) + bare)
        with upstream.makefile("rb") as reader:
            return reader.read(struct.unpack("!H", reader.read(2))[0])
class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        question, listener = self.request
        reply = ask(question)
        # Truncated: only the header and the question, with the TC bit.
        if len(reply) > 512:
            end = 12
            while reply[end]:
                end += reply[end] + 1
            reply = reply[:2] + bytes([reply[2] | 2, reply[3]]) + struct.pack("!HHHH", 1, 0, 0, 0) + reply[12 : end + 5]
        listener.sendto(reply, self.client_address)
class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(2):
            reply = ask(self.rfile.read(struct.unpack("!H", length)[0]))
            self.wfile.write(struct.pack("!H", len(reply)) + reply)
class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
threading.Thread(target=socketserver.ThreadingUDPServer(LISTEN, Datagram).serve_forever).start()
Tcp(LISTEN, Stream).serve_forever()
"#;

impl NameServers {
    /// Serves these zones: the name, the records in the form of a master file without SOA and NS, and the signing.
    pub fn start(zones: &[(&str, String, Signing)]) -> NameServers {
        let directory = directory("names");
        let path = directory.path();
        let shown = path.display();
        let network = Network::new();
        let (server, closed) = (network.server(), network.closed());
        let soa = |zone: &str| {
            format!("$TTL 60\n{zone}. IN SOA ns. host.ns. 1 3600 600 864000 60\n{zone}. IN NS ns.\n$ORIGIN {zone}.\n")
        };
        let mut root = format!(
            "$TTL 60\n. IN SOA ns. host.ns. 1 3600 600 864000 60\n. IN NS ns.\nns. IN A \
             {server}\n{CLOSED}. IN A {closed}\n"
        );
        let mut list = String::new();
        let mut served = format!("zone:\n  name: \".\"\n  zonefile: {shown}/root.signed\n");
        for (zone, records, signing) in zones {
            write(&path.join(format!("{zone}.zone")), &format!("{}{records}", soa(zone)));
            root += &format!("{zone}. IN NS ns.\n");
            let (options, suffix) = match signing {
                Signing::Signed => ("own", "signed"),
                Signing::WithNsec3 => ("own -n -t 0", "signed"),
                Signing::WithOtherDs => ("other", "signed"),
                Signing::Expired => ("own -i 20190101 -e 20200101", "signed"),
                Signing::No => ("-", "zone"),
            };
            list += &format!("{zone} {options}\n");
            served += &format!("zone:\n  name: \"{zone}\"\n  zonefile: {shown}/{zone}.{suffix}\n");
        }
        write(&path.join("root.zone"), &root);
        write(&path.join("zones"), &list);
        write(&path.join("hints"), &format!(". 60 IN NS ns.\nns. 60 IN A {server}\n"));
        write(
            &path.join("nsd.conf"),
            &format!(
                "server:\n  ip-address: {server}\n  username: root\n  chroot: \"\"\n  zonesdir: {shown}\n  database: \"\"\n  \
                 pidfile: {shown}/nsd.pid\n  logfile: {shown}/nsd.log\n  xfrdfile: {shown}/xfrd\n  zonelistfile: \
                 {shown}/zonelist\nremote-control:\n  control-enable: no\n{served}"
            ),
        );
        for (resolver, name, settings) in [
            (Resolver::Validating, "validating", "  module-config: \"validator iterator\"\n"),
            (Resolver::Iterating, "iterating", "  module-config: \"iterator\"\n"),
            (
                Resolver::Permissive,
                "permissive",
                "  module-config: \"validator iterator\"\n  val-permissive-mode: yes\n",
            ),
        ] {
            let ip = network.ip(resolver);
            write(
                &path.join(format!("{name}.conf")),
                &format!(
                    "server:\n  interface: {ip}\n  outgoing-interface: {ip}\n  username: \"\"\n  chroot: \"\"\n  directory: {shown}\n  \
                     pidfile: {shown}/{name}.pid\n  use-syslog: no\n  logfile: {shown}/{name}.log\n  log-time-ascii: \
                     yes\n  val-log-level: 2\n  do-not-query-localhost: no\n  do-ip6: no\n  root-hints: {shown}/hints\n  \
                     trust-anchor-file: {shown}/root.key\n{settings}remote-control:\n  control-enable: no\n",
                ),
            );
        }
        let address = |ip: &str| Sign::Address(format!("{ip}:53").parse().unwrap());
        let mut ready = vec![address(&server)];
        ready.extend(Resolver::ALL.map(|resolver| address(&network.ip(resolver))));
        let command = [
            "sh".to_owned(),
            "-c".to_owned(),
            START.to_owned(),
            "names".to_owned(),
            shown.to_string(),
            STRIPPING.to_owned(),
            network.ip(Resolver::Stripping),
            network.ip(Resolver::Iterating),
        ];
        let logs = ["nsd.log", "validating.log", "iterating.log", "permissive.log"].map(|name| path.join(name));
        let launch = Launch { directory, command: command.into(), ready, logs: logs.into() };
        NameServers { keeper: Keeper::start(launch), network }
    }

    /// The IP address of a resolver.
    pub fn ip(&self, resolver: Resolver) -> String {
        self.network.ip(resolver)
    }

    /// The trust anchor of the root zone.
    pub fn anchor(&self) -> PathBuf {
        self.keeper.path().join("root.key")
    }

    /// The messages of both programs.
    pub fn log(&self) -> String {
        self.keeper.log()
    }

    /// A program that uses the validating resolver instead of the machine's.
    pub fn client(&self, program: &Path) -> Command {
        let settings = self.keeper.path().join("client-resolv.conf");
        write(&settings, &format!("nameserver {}\noptions trust-ad\n", self.ip(Resolver::Validating)));
        let mut command = Command::new("unshare");
        let mount = "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
        command.args(["-m", "sh", "-c", mount, "client"]).arg(settings).arg(program);
        command
    }
}
