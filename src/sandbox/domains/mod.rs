//! Mail domains on this machine: their DNS with signed zones, their mail servers, and the web server with their MTA-STS
//! policies. `smtpcheck domain NAME.test` checks them without a network.
//!
//! | file | contents |
//! |---|---|
//! | `case` | the types that describe a domain |
//! | `cases`, `records`, `sending`, `special` | the domains for `smtpcheck domain` |
//! | `settings` | the domains for `smtpcheck settings` |
//! | `directory` | the mail servers and pages of all domains |
//! | `zone` | a zone, signed when it is created |
//! | `dns` | what the name servers and the resolver answer |
//! | `policy`, `pages` | the web server: MTA-STS policies, and pages with client settings |

pub mod case;
mod cases;
mod directory;
mod dns;
mod pages;
mod policy;
mod records;
mod sending;
mod settings;
mod special;
mod zone;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::proto::rr::{LowerName, Name};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use self::case::{DomainCase, MailHost, SecondServer, SettingsCase};
use self::cases::{PLAIN, RECEIVING};
pub(super) use self::directory::DomainDirectory;
use self::directory::PageOfHost;
use self::dns::{AnswerFault, ZoneStore};
use self::records::RECORDS;
use self::sending::AUTHENTICATION;
use self::settings::SETTINGS_DOMAINS;
use self::special::SPECIAL;
use self::zone::{SignedZone, ZoneBelow, ZoneRecords};
use super::certificates::{Certificates, ServerNames};
use super::dns_server::DnsServer;
use super::scenario::{BARE, Scenario, Server};
use super::start::{StartError, bind};

pub use zone::ZoneSigning;

/// The network of the mail servers: 127.90.CASE.HOST.
const BLOCK: u8 = 90;
/// The IP address of the web server, the resolver, and the first name server.
const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The IP address of the second name server.
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The IP address of the third name server, which serves the domains that the first two servers do not serve.
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// All domains.
pub static DOMAIN_CASES: &[DomainCase] = &joined::<
    { RECEIVING.len() + RECORDS.len() + AUTHENTICATION.len() + SPECIAL.len() },
>([RECEIVING, RECORDS, AUTHENTICATION, SPECIAL]);

/// All domains that publish settings for mail programs.
pub static SETTINGS_CASES: &[SettingsCase] = SETTINGS_DOMAINS;

/// The domains of both kinds.
fn all_cases() -> impl Iterator<Item = &'static DomainCase> {
    DOMAIN_CASES.iter().chain(SETTINGS_CASES.iter().map(|case| &case.domain))
}

#[allow(clippy::indexing_slicing, reason = "the compiler evaluates the indexes")]
const fn joined<const N: usize>(lists: [&[DomainCase]; 4]) -> [DomainCase; N] {
    let mut all = [PLAIN; N];
    let (mut list, mut of_list, mut at) = (0, 0, 0);
    while at < N {
        if of_list == lists[list].len() {
            (list, of_list) = (list + 1, 0);
        } else {
            all[at] = lists[list][of_list];
            (at, of_list) = (at + 1, of_list + 1);
        }
    }
    all
}

/// The ports of the domains. `None` selects a free port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DomainPorts {
    /// The port of all mail servers.
    pub mail: Option<u16>,
    /// The port of the name servers.
    pub dns: Option<u16>,
    /// The HTTPS port of the web server.
    pub https: Option<u16>,
    /// The HTTP port of the web server.
    pub http: Option<u16>,
}

/// Where the domains are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainService {
    /// The IP address and port of the resolver.
    pub resolver: SocketAddr,
    /// The port of all mail servers.
    pub mail: u16,
    /// The port of the name servers.
    pub dns: u16,
    /// The HTTPS port of the web server.
    pub https: u16,
    /// The HTTP port of the web server.
    pub http: u16,
    /// The trust anchor, as the content of a file.
    pub anchor: String,
}

impl DomainService {
    /// The arguments for a domain check, without `--trust-anchor` and `--cacert`.
    pub fn arguments(&self, case: &DomainCase) -> Vec<String> {
        let mut words = vec![
            "domain".to_owned(),
            case.target(),
            "--resolver".to_owned(),
            self.resolver.to_string(),
            "--port".to_owned(),
            self.mail.to_string(),
            "--dns-port".to_owned(),
            self.dns.to_string(),
            "--https-port".to_owned(),
            self.https.to_string(),
        ];
        if !case.flags.contains(&"--list") {
            words.extend(["--list".to_owned(), "none".to_owned()]);
        }
        words.extend(own_flags(case));
        words
    }
}

/// The additional arguments of a domain, with the IP addresses of its hosts.
pub fn own_flags(case: &DomainCase) -> Vec<String> {
    let at = all_cases().position(|other| other.name == case.name).unwrap_or_default();
    let with_addresses = |flag: &str| {
        let hosts = case.hosts.iter().enumerate();
        hosts.fold(flag.to_owned(), |text, (number, host)| {
            text.replace(&format!("{{{}}}", host.label), &address_of(at, number).to_string())
        })
    };
    case.flags.iter().map(|flag| with_addresses(flag)).collect()
}

impl DomainService {
    /// The arguments for `smtpcheck settings`, without `--trust-anchor`, `--cacert` and the password.
    pub fn settings_arguments(&self, case: &SettingsCase) -> Vec<String> {
        let mut words = vec!["settings".to_owned(), case.domain.target()];
        for (flag, value) in [
            ("--resolver", self.resolver.to_string()),
            ("--https-port", self.https.to_string()),
            ("--http-port", self.http.to_string()),
        ] {
            words.extend([flag.to_owned(), value]);
        }
        words.extend(case.domain.flags.iter().map(|flag| flag.replace("{port}", &self.mail.to_string())));
        words
    }
}

/// A domain that publishes settings, by its id or its name.
pub fn settings_case(name: &str) -> Option<&'static SettingsCase> {
    let domain = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let id = domain.strip_suffix(".test").unwrap_or(domain);
    SETTINGS_CASES.iter().find(|case| case.domain.name == id)
}

/// A domain by its id or its name, which ends with `.test`. The list of domains shows some names with a recipient
/// (`ann@NAME.test`); this form is also allowed.
pub fn domain_case(name: &str) -> Option<&'static DomainCase> {
    let domain = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let id = domain.strip_suffix(".test").unwrap_or(domain);
    DOMAIN_CASES.iter().find(|case| case.name == id)
}

/// The servers of all domains, with their bound sockets.
pub(super) struct DomainServers {
    service: DomainService,
    servers: Vec<DnsServer<ZoneStore>>,
    pub(super) mail: TcpListener,
    pub(super) web: TcpListener,
    pub(super) plain_web: TcpListener,
    pub(super) directory: Arc<DomainDirectory>,
}

/// Answers one client of the web server.
pub(super) async fn serve_policy(
    stream: tokio::net::TcpStream,
    directory: &DomainDirectory,
    certificates: &Certificates,
) {
    policy::serve(stream, directory, certificates).await;
}

/// Answers one client of the web server over HTTP.
pub(super) async fn serve_page(stream: tokio::net::TcpStream, directory: &DomainDirectory) {
    policy::serve_plain(stream, directory).await;
}

impl DomainServers {
    /// Creates and signs all zones, and binds all ports. Must be called inside the runtime.
    pub(super) fn open(ports: DomainPorts, certificates: &Arc<Certificates>) -> Result<DomainServers, StartError> {
        let machine = StartError::Machine;
        let any = |port: Option<u16>, ip: Ipv4Addr| SocketAddr::new(ip.into(), port.unwrap_or(0));
        let port = |listener: &TcpListener| {
            listener.local_addr().map(|at| at.port()).map_err(|error| machine(error.to_string()))
        };
        let mail = bind(any(ports.mail, Ipv4Addr::UNSPECIFIED), "the mail servers", "--port")?;
        let web = bind(any(ports.https, FIRST), "the web server", "--https-port")?;
        let plain_web = bind(any(ports.http, FIRST), "the web server without TLS", "--http-port")?;
        let (hosts, webs, pages) = (Vec::new(), Vec::new(), Vec::new());
        let mut directory = DomainDirectory { hosts, webs, pages, mail: port(&mail)?, https: port(&web)? };
        for (at, case) in all_cases().enumerate() {
            for (number, host) in case.hosts.iter().enumerate() {
                directory.hosts.push((address_of(at, number), leaked(case, host)));
            }
            directory.webs.push((case, Box::leak(format!("mta-sts.{}", case.name).into_boxed_str())));
        }
        for case in SETTINGS_CASES {
            let domain = case.domain.name;
            let of_host = |page| PageOfHost { host: pages::host_of(domain, page), page, domain };
            directory.pages.extend(case.pages.iter().map(of_host));
        }
        let zones = Zones::make(&directory, certificates).map_err(machine)?;
        let dns = any(ports.dns, FIRST);
        let [first, second, third] =
            with_free_port(ports.dns, || name_servers(dns, [&zones.first, &zones.second, &zones.third]))?;
        let resolver = first.address();
        let service = DomainService {
            resolver,
            mail: directory.mail,
            dns: resolver.port(),
            https: directory.https,
            http: port(&plain_web)?,
            anchor: zones.anchor,
        };
        let (servers, directory) = (vec![first, second, third], Arc::new(directory));
        Ok(DomainServers { service, servers, mail, web, plain_web, directory })
    }

    pub(super) fn service(&self) -> &DomainService {
        &self.service
    }

    /// The name servers, to be run as tasks.
    pub(super) fn take_dns_servers(&mut self) -> Vec<DnsServer<ZoneStore>> {
        std::mem::take(&mut self.servers)
    }
}

/// The maximum number of ports to try to find one that is free on all IP addresses.
const ATTEMPTS: usize = 20;

/// The name servers, on the same port. Port 0 selects a port that is free on the first IP address.
fn name_servers(first: SocketAddr, zones: [&ZoneStore; 3]) -> Result<[DnsServer<ZoneStore>; 3], StartError> {
    let failed = |address: SocketAddr, what: &str| {
        let what = what.to_owned();
        move |error| StartError::Bind { address, what, flag: "--dns", error }
    };
    let [one, two, three] = zones;
    let server = DnsServer::bind(first, one.clone()).map_err(failed(first, "DNS"))?;
    let at = |ip: Ipv4Addr| SocketAddr::new(ip.into(), server.address().port());
    let second = DnsServer::bind(at(SECOND), two.clone()).map_err(failed(at(SECOND), "the second DNS server"))?;
    let third = DnsServer::bind(at(THIRD), three.clone()).map_err(failed(at(THIRD), "the third DNS server"))?;
    Ok([server, second, third])
}

/// If the operating system selected the port, and the port is in use for TCP or on another IP address, tries a
/// different port.
fn with_free_port<T>(chosen: Option<u16>, mut bind: impl FnMut() -> Result<T, StartError>) -> Result<T, StartError> {
    let is_taken = |error: &StartError| matches!(error, StartError::Bind { error, .. } if error.kind() == std::io::ErrorKind::AddrInUse);
    for _ in 1..ATTEMPTS {
        match bind() {
            Err(error) if chosen.is_none() && is_taken(&error) => {}
            done => return done,
        }
    }
    bind()
}

/// The IP address of a mail server.
fn address_of(case: usize, host: usize) -> Ipv4Addr {
    let octet = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, BLOCK, octet(case), octet(host + 1))
}

/// A mail server as a scenario, which exists until the program ends. There is one for each host in [`DOMAIN_CASES`].
fn leaked(case: &'static DomainCase, host: &'static MailHost) -> &'static Scenario {
    let name: &'static str = Box::leak(format!("{}.{}", host.label, case.name).into_boxed_str());
    Box::leak(Box::new(Scenario {
        name,
        summary: case.summary,
        server: Server { greeting: greeting(host, name), ..host.server },
        client: BARE,
        expect: &[],
        exit: 0,
    }))
}

/// The greeting of a mail server, with its own name instead of `localhost`.
fn greeting(host: &MailHost, name: &str) -> &'static str {
    Box::leak(host.server.greeting.replacen("localhost", &format!("{name}.test"), 1).into_boxed_str())
}

/// The reverse zone of the mail servers.
const LOOPBACK_ARPA: &str = "127.in-addr.arpa.";

/// The reverse zone of the IP addresses that send mail in some domains. No server has these addresses, which are reserved
/// for documentation (RFC 5737).
const PUBLIC_ARPA: &str = "2.0.192.in-addr.arpa.";

/// The names of these IP addresses.
const PUBLIC_NAMES: &str = "21 PTR mail.ptr-not-confirmed.test.
22 PTR static.22.ptr-generic.test.
23 PTR mail.ehlo-name-unresolved.test.
24 PTR out.ehlo-name-differs.test.
";

/// The zones of the name servers.
struct Zones {
    first: ZoneStore,
    second: ZoneStore,
    third: ZoneStore,
    anchor: String,
}

impl Zones {
    fn make(directory: &DomainDirectory, certificates: &Certificates) -> Result<Zones, String> {
        let name = |text: &str| Name::from_ascii(text).map_err(|error| format!("{text}: {error}"));
        let servers = [name("ns1.test.")?, name("ns2.test.")?];
        let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
        let (mut faults, mut refused, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
        let mut below = Vec::new();
        let mut reverse = String::new();
        for (at, case) in all_cases().enumerate() {
            let origin = name(&format!("{}.test.", case.name))?;
            if case.second == SecondServer::Missing {
                continue;
            }
            let text = filled(case, at, case.zone, directory, certificates)?;
            let (records, failing) = directives(&text, &origin)?;
            faults.extend(failing);
            let own = [name("ns3.test.")?];
            let (of_zone, of_parent): (&[Name], _) = match case.second {
                SecondServer::Same | SecondServer::Lame | SecondServer::Zone(_) | SecondServer::Missing => {
                    (&servers, None)
                }
                SecondServer::Apart(parent) => {
                    (&own, Some(parent.iter().map(|server| name(server)).collect::<Result<Vec<_>, _>>()?))
                }
            };
            let zone = Arc::new(SignedZone::new(&origin, &records, of_zone, &[], case.signing)?);
            below.push(ZoneBelow { name: origin.clone(), ds: zone.ds().cloned(), servers: of_parent });
            match case.second {
                SecondServer::Apart(_) => {
                    elsewhere.push(LowerName::from(origin.clone()));
                    third.push(Arc::clone(&zone));
                }
                SecondServer::Same | SecondServer::Missing => second.push(Arc::clone(&zone)),
                SecondServer::Lame => refused.push(LowerName::from(origin.clone())),
                SecondServer::Zone(other) => {
                    let (records, _) = directives(&filled(case, at, other, directory, certificates)?, &origin)?;
                    let other = SignedZone::new(&origin, &records, &servers, &[], ZoneSigning::Unsigned)?;
                    second.push(Arc::new(other.with_serial(2)));
                }
            }
            first.push(zone);
            for (number, host) in case.hosts.iter().enumerate() {
                let [_, b, c, d] = address_of(at, number).octets();
                let line = format!("{d}.{c}.{b}.127.in-addr.arpa. PTR {}.{}.test.\n", host.label, case.name);
                reverse.push_str(&line);
            }
        }
        let of_text = |text: String| ZoneRecords { text, raw: Vec::new() };
        let test = of_text(format!("ns1 A {FIRST}\nns2 A {SECOND}\nns3 A {THIRD}\n"));
        let test = SignedZone::new(&name("test.")?, &test, &servers, &below, ZoneSigning::Signed)?;
        let arpa = |origin: &str, records| {
            SignedZone::new(&name(origin)?, &of_text(records), &servers, &[], ZoneSigning::Unsigned)
        };
        let (loopback, public) = (arpa(LOOPBACK_ARPA, reverse)?, arpa(PUBLIC_ARPA, PUBLIC_NAMES.to_owned())?);
        let top = |name, ds| ZoneBelow { name, ds, servers: None };
        let tops =
            [top(name("test.")?, test.ds().cloned()), top(name(LOOPBACK_ARPA)?, None), top(name(PUBLIC_ARPA)?, None)];
        let root = SignedZone::new(&Name::root(), &ZoneRecords::default(), &servers, &tops, ZoneSigning::Signed)?;
        let anchor = root.anchor().to_owned();
        let common = [root, test, loopback, public].map(Arc::new);
        first.extend(common.iter().cloned());
        second.extend(common);
        let store = |zones| ZoneStore { zones, faults: faults.clone(), refused: Vec::new(), elsewhere: Vec::new() };
        let first = ZoneStore { elsewhere: elsewhere.clone(), ..store(first) };
        let second = ZoneStore { elsewhere, refused, ..store(second) };
        Ok(Zones { first, second, third: store(third), anchor })
    }
}

/// The records of a domain whose mail is authenticated.
const SENDING: &str = r#"@ TXT "v=spf1 mx -all"
mx1 TXT "v=spf1 a -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{name}.test"
{dkim}"#;

/// The records of an MX host.
const MX_HOST: &str = "@ MX 10 mx1\nmx1 A {mx1}\nmx1 TXT \"v=spf1 a -all\"";

/// An SPF record that allows the MX hosts.
const SPF: &str = r#"@ TXT "v=spf1 mx -all""#;

/// A DMARC record without faults.
const DMARC: &str = r#"_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{name}.test""#;

/// A DKIM record without faults.
const DKIM: &str = r#"default._domainkey TXT "v=DKIM1; k=rsa; p={rsa}""#;

/// An RSA key with 2048 bits, in two strings.
const RSA_KEY: &str = r#"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApiBWQSNpJtM36jmE731D3KF/8a5Oucm/2OFISqiR8g8SiO6GWw2ZvGNMnQfVW9bEGqysyf2tK/7jrASmdYUAHuazQMdlFnratgD5+fXeSQ/XoNChshG2LHoYjyU/UOXs9xMSNVajQFOpu480c/qOU2f63Usp" "foCU3Ffdm5IcG8GSKmwk5AHy4ineSY4C5r3ngXFCvxJIqqQem7eLGxSIqNnFGix0CpgvFxdHhAzCtshRparDfaMr+h2IemsViv4EQ0YGsxdLRsck304MSkLsXI4KB1Co1w8M+5eFNTEJWF448oIPyvDI4RzfCaR3USCPTMMq0gAXrxRfYJO5zLux9QIDAQAB"#;

/// Replaces the placeholders of a zone.
fn filled(
    case: &DomainCase,
    at: usize,
    zone: &str,
    directory: &DomainDirectory,
    certificates: &Certificates,
) -> Result<String, String> {
    let placeholders = [
        ("{sending}", SENDING),
        ("{host}", MX_HOST),
        ("{spf}", SPF),
        ("{dmarc}", DMARC),
        ("{dkim}", DKIM),
        ("{rsa}", RSA_KEY),
        ("{name}", case.name),
    ];
    let zone = placeholders.iter().fold(zone.to_owned(), |zone, (placeholder, text)| zone.replace(placeholder, text));
    let mut text = zone.replace("{web}", &FIRST.to_string()).replace("{zeros}", &"0".repeat(64));
    text = text.replace("{port}", &directory.mail.to_string());
    for (number, host) in case.hosts.iter().enumerate() {
        let (label, address) = (host.label, address_of(at, number));
        text = text.replace(&format!("{{{label}}}"), &address.to_string());
        if !text.contains(&format!(":{label}}}")) {
            continue;
        }
        let scenario = directory.scenario_at(address).ok_or("a mail server without an address")?;
        let names = ServerNames { name: scenario.name, ip: IpAddr::V4(address) };
        let identity = certificates.identity(host.server.identity, host.server.tls, names)?;
        for (der, of) in identity.chain.iter().zip(["", "issuer-"]) {
            let (_, parsed) = x509_parser::parse_x509_certificate(der).map_err(|error| error.to_string())?;
            let key = hex(&Sha256::digest(parsed.public_key().raw));
            text = text.replace(&format!("{{{of}spki:{label}}}"), &key);
            text = text.replace(&format!("{{{of}cert:{label}}}"), &hex(&Sha256::digest(der)));
        }
    }
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Separates the records of a zone from the names whose queries fail.
fn directives(text: &str, origin: &Name) -> Result<(ZoneRecords, Vec<(LowerName, AnswerFault)>), String> {
    let (mut records, mut faults) = (ZoneRecords::default(), Vec::new());
    for line in text.lines().map(str::trim) {
        let Some(directive) = line.strip_prefix('!') else {
            records.text.push_str(line);
            records.text.push('\n');
            continue;
        };
        let (word, name) = directive.split_once(' ').ok_or_else(|| format!("a directive without a name: {line}"))?;
        let fault = match word {
            "servfail" => AnswerFault::ServFail,
            "silent" => AnswerFault::Silent,
            "tcp" => AnswerFault::TcpOnly,
            "case" => AnswerFault::UpperCase,
            "hidden" => AnswerFault::HiddenByResolver,
            "redirected" => AnswerFault::RedirectedByResolver,
            "nokeys" => AnswerFault::WithoutKeys,
            "raw" => {
                records.add_raw(name, origin)?;
                continue;
            }
            other => return Err(format!("unknown directive {other}")),
        };
        let below = || Name::from_ascii(name).and_then(|name| name.append_domain(origin));
        let name = if name == "@" { Ok(origin.clone()) } else { below() };
        faults.push((LowerName::from(name.map_err(|error| error.to_string())?), fault));
    }
    Ok((records, faults))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{
        ATTEMPTS, DomainDirectory, SecondServer, StartError, Zones, address_of, all_cases, leaked, with_free_port,
    };
    use crate::sandbox::certificates::Certificates;

    #[test]
    fn another_port_is_tried_only_if_the_user_chose_none_and_it_is_in_use() {
        let attempts = |chosen: Option<u16>, failures: usize, kind: io::ErrorKind| {
            let mut count = 0;
            let result = with_free_port(chosen, || {
                count += 1;
                let address = std::net::SocketAddr::from(([127, 0, 0, 2], 53));
                let error = StartError::Bind { address, what: "DNS".to_owned(), flag: "--dns", error: kind.into() };
                if count > failures { Ok(()) } else { Err(error) }
            });
            (result.is_ok(), count)
        };
        assert_eq!(attempts(None, 2, io::ErrorKind::AddrInUse), (true, 3));
        assert_eq!(attempts(Some(53), 2, io::ErrorKind::AddrInUse), (false, 1));
        assert_eq!(attempts(None, 2, io::ErrorKind::PermissionDenied), (false, 1));
        assert_eq!(attempts(None, usize::MAX, io::ErrorKind::AddrInUse), (false, ATTEMPTS));
    }

    #[test]
    fn a_domain_is_found_by_its_id_and_by_its_name() {
        for name in ["domain-plain", "domain-plain.test", "ann@domain-plain.test"] {
            assert_eq!(super::domain_case(name).map(|case| case.name), Some("domain-plain"), "{name}");
        }
    }

    #[test]
    fn every_zone_can_be_made() {
        let (hosts, webs, pages) = (Vec::new(), Vec::new(), Vec::new());
        let mut directory = DomainDirectory { hosts, webs, pages, mail: 2525, https: 8443 };
        for (at, case) in all_cases().enumerate() {
            let hosts = case.hosts.iter().enumerate();
            directory.hosts.extend(hosts.map(|(number, host)| (address_of(at, number), leaked(case, host))));
        }
        let zones = Zones::make(&directory, &Certificates::default());
        let count = all_cases().filter(|case| case.second != SecondServer::Missing).count();
        assert!(zones.as_ref().is_ok_and(|zones| zones.first.zones.len() == count + 4), "{:?}", zones.err());
    }
}
