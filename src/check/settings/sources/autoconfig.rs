//! Autoconfiguration files (draft-ietf-mailmaint-autoconfig): from the domain, from its MX host's domain, and from the
//! public database. A file that was fetched over HTTPS from a host in the domain is authenticated by that host's
//! certificate. The email address is sent only to `https://autoconfig.DOMAIN`.

use super::mx::mx_domains;
use super::report::{PublishedSetting, SourceFault, SourceReport, UserForm};
use super::web::{self, FetchedPage};
use crate::check::settings::seen::{SettingSecurity, SourceKind, SourceState};
use crate::check::settings::sight::SettingsSight;
use crate::evidence::Probe;
use crate::policy::autoconfig::{self, Autoconfig, AutoconfigFault, NotAutoconfig, OutgoingServer, SocketType};
use crate::policy::placeholders;
use crate::question::{FetchRequest, FetchTransport};
use crate::wire::{DnsName, DomainName};

const FILE: &str = "/mail/config-v1.1.xml";
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";

/// The file at `https://autoconfig.DOMAIN`.
pub(super) fn own(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let host = format!("autoconfig.{}", sight.domain());
    let query = sight.settings.address.as_ref().map(|address| {
        let address: String = form_urlencoded::byte_serialize(address.to_string().as_bytes()).collect();
        format!("?emailaddress={address}")
    });
    let path = format!("{FILE}{}", query.unwrap_or_default());
    file_at(sight, SourceKind::Autoconfig, FetchTransport::Https, &host, path)
}

/// The file at `https://DOMAIN/.well-known`.
pub(super) fn well_known(sight: SettingsSight<'_>) -> SourceReport<'_> {
    file_at(sight, SourceKind::AutoconfigWellKnown, FetchTransport::Https, sight.domain(), WELL_KNOWN.to_owned())
}

/// The file at `http://autoconfig.DOMAIN`, which is not authenticated.
pub(super) fn over_http(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let host = format!("autoconfig.{}", sight.domain());
    file_at(sight, SourceKind::AutoconfigHttp, FetchTransport::Http, &host, FILE.to_owned())
}

/// The public database's entry for the domain.
pub(super) fn database(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let Some(host) = &sight.settings.database else {
        return SourceReport::of(SourceKind::Database, SourceState::NotAsked, "not queried (--ispdb none)");
    };
    file_at(sight, SourceKind::Database, FetchTransport::Https, host.ascii(), format!("/{}", sight.domain()))
}

/// The autoconfiguration file of the MX host's domain.
pub(super) fn of_mx<'s>(sight: SettingsSight<'s>, mx: &DnsName, is_secure: bool) -> SourceReport<'s> {
    let domains = mx_domains(sight, mx);
    let places = domains.iter().map(|domain| (format!("autoconfig.{domain}"), FILE.to_owned()));
    first(sight, SourceKind::AutoconfigOfMx, places, is_secure)
}

/// The public database's entry for the MX host's domain.
pub(super) fn database_of_mx<'s>(sight: SettingsSight<'s>, mx: &DnsName, is_secure: bool) -> SourceReport<'s> {
    let Some(host) = &sight.settings.database else {
        return SourceReport::of(SourceKind::DatabaseOfMx, SourceState::NotAsked, "not queried (--ispdb none)");
    };
    let domains = mx_domains(sight, mx);
    let places = domains.iter().map(|domain| (host.ascii().to_owned(), format!("/{domain}")));
    first(sight, SourceKind::DatabaseOfMx, places, is_secure)
}

/// The first location that has a file. All locations are queried at the same time.
fn first<'s>(
    sight: SettingsSight<'s>,
    kind: SourceKind,
    places: impl Iterator<Item = (String, String)>,
    is_authenticated: bool,
) -> SourceReport<'s> {
    let mut reports: Vec<SourceReport<'s>> =
        places.map(|(host, path)| file_at(sight, kind, FetchTransport::Https, &host, path)).collect();
    if reports.is_empty() {
        return SourceReport::of(kind, SourceState::NotAsked, "the MX host is in the domain itself");
    }
    if reports.iter().any(|report| !report.is_over()) {
        return SourceReport::open(kind, reports.into_iter().flat_map(|report| report.questions));
    }
    let at = reports.iter().position(SourceReport::is_found).unwrap_or(0);
    SourceReport { is_authenticated, ..reports.swap_remove(at) }
}

fn file_at<'s>(
    sight: SettingsSight<'s>,
    kind: SourceKind,
    transport: FetchTransport,
    host: &str,
    path: String,
) -> SourceReport<'s> {
    let Some(request) = sight.request(transport, host, path) else {
        return SourceReport::of(kind, SourceState::NotAsked, "the web server's name is too long");
    };
    let place = place(&request);
    let is_own = DnsName::parse(host).is_ok_and(|host| sight.is_own(&host));
    let is_of_database = matches!(kind, SourceKind::Database | SourceKind::DatabaseOfMx);
    let report = match web::page(sight, &request) {
        FetchedPage::Open(question) => SourceReport::open(kind, question.map(|question| *question)),
        FetchedPage::Absent(why) => SourceReport::of(kind, SourceState::NotPublished, why),
        FetchedPage::NoAddress(why) => {
            // If a host in the domain has no IP address, the domain does not publish the file. The public database
            // always has a host, so a missing address is a failure.
            let state = if is_of_database { SourceState::Failed } else { SourceState::NotPublished };
            SourceReport::of(kind, state, why)
        }
        FetchedPage::Failed { probe, why, is_certificate } => {
            let faults = match probe {
                Some(probe) if is_certificate => vec![SourceFault::Certificate { probe, words: why.clone() }],
                _ => Vec::new(),
            };
            SourceReport { faults, ..SourceReport::of(kind, SourceState::Failed, why) }
        }
        FetchedPage::Found { probe, body, redirected_to } => {
            of_file(sight, FileOrigin { kind, is_own }, probe, body, redirected_to)
        }
    };
    let is_authenticated = transport == FetchTransport::Https && (is_own || is_of_database);
    SourceReport { is_authenticated, ..report }.at(place)
}

fn place(request: &FetchRequest) -> String {
    let (scheme, usual) = match request.transport {
        FetchTransport::Https => ("https", 443),
        FetchTransport::Http => ("http", 80),
    };
    let port = if request.port == usual { String::new() } else { format!(":{}", request.port) };
    let path = request.path.split('?').next().unwrap_or_default();
    format!("{scheme}://{}{port}{path}", request.host)
}

/// Where a file comes from.
#[derive(Clone, Copy)]
struct FileOrigin {
    kind: SourceKind,
    /// Whether the web server belongs to the domain of the email address.
    is_own: bool,
}

fn of_file<'s>(
    sight: SettingsSight<'s>,
    origin: FileOrigin,
    probe: &'s Probe,
    body: &'s str,
    redirected_to: Option<String>,
) -> SourceReport<'s> {
    let FileOrigin { kind, is_own } = origin;
    let invalid = |words: String, detail: &str| {
        let faults = vec![SourceFault::File { probe, words, is_useless: true }];
        SourceReport { faults, ..SourceReport::of(kind, SourceState::Invalid, detail) }
    };
    let file = match autoconfig::parse(body) {
        Ok(file) => file,
        // Many web servers answer every request with the same page.
        Err(NotAutoconfig::Html) => {
            return SourceReport::of(kind, SourceState::NotPublished, "the web server returned an HTML page");
        }
        Err(NotAutoconfig::NotXml | NotAutoconfig::OtherRoot(_)) => {
            return SourceReport::of(
                kind,
                SourceState::NotPublished,
                "the web server did not return an autoconfiguration file",
            );
        }
        Err(NotAutoconfig::Malformed { line, detail }) => {
            let words = format!("line {line} is not valid XML: {}", probe.quote(detail));
            return invalid(words, "not valid XML");
        }
        Err(NotAutoconfig::Doctype) => {
            return invalid("it contains a document type definition".to_owned(), "with a document type definition");
        }
    };
    let mut faults: Vec<SourceFault<'s>> = Vec::new();
    let is_useless = file.servers.is_empty();
    faults.extend(file.faults.iter().map(|fault| SourceFault::File { probe, words: words(probe, fault), is_useless }));
    let mut settings = Vec::new();
    for server in &file.servers {
        match setting(sight, is_own, probe, server) {
            Some(setting) => settings.push(setting),
            None => {
                let words = format!("the host name is not valid: {}", probe.quote(&server.host));
                faults.push(SourceFault::File { probe, words, is_useless: false });
            }
        }
    }
    let (state, detail) = match settings.len() {
        0 => (SourceState::Invalid, "no usable server for sending mail".to_owned()),
        1 => (SourceState::Found, "1 server".to_owned()),
        count => (SourceState::Found, format!("{count} servers")),
    };
    let detail = match redirected_to {
        Some(host) => format!("{detail}, from {host} (redirect)"),
        None => detail,
    };
    let Autoconfig { provider, .. } = file;
    SourceReport { settings, faults, provider, ..SourceReport::of(kind, state, detail) }
}

/// The setting in a file. The part of the email address before the @ appears in a host name, and therefore in DNS and
/// TLS, only if the file comes from the domain itself.
fn setting<'s>(
    sight: SettingsSight<'_>,
    is_own: bool,
    probe: &'s Probe,
    server: &OutgoingServer,
) -> Option<PublishedSetting<'s>> {
    let local = sight.settings.local_part().filter(|_| is_own);
    let host = placeholders::filled(&server.host, local.as_deref(), sight.domain())?;
    let host = DomainName::parse(&host).ok().filter(|_| host.parse::<std::net::IpAddr>().is_err())?;
    Some(PublishedSetting {
        is_own: false,
        host,
        port: server.port,
        security: match server.socket {
            SocketType::Implicit => SettingSecurity::ImplicitTls,
            SocketType::StartTls => SettingSecurity::Starttls,
            SocketType::Plain => SettingSecurity::None,
        },
        user: server.username.clone().map_or_else(UserForm::address, UserForm),
        methods: server.authentication.clone(),
        probe: Some(probe),
        provider: None,
    })
}

fn words(probe: &Probe, fault: &AutoconfigFault) -> String {
    match fault {
        AutoconfigFault::Username => "a user name contains a control character".to_owned(),
        AutoconfigFault::HostMissing => "a server for sending mail has no host name".to_owned(),
        AutoconfigFault::Port(text) if text.is_empty() => "a server for sending mail has no port".to_owned(),
        AutoconfigFault::Port(text) => format!("the port is not valid: {}", probe.quote(text)),
        AutoconfigFault::Socket(text) if text.is_empty() => "a server for sending mail has no socketType".to_owned(),
        AutoconfigFault::Socket(text) => format!("the socketType is not SSL, STARTTLS or plain: {}", probe.quote(text)),
        AutoconfigFault::Authentication(text) => format!("the authentication method is unknown: {}", probe.quote(text)),
        AutoconfigFault::NoServer => "it has no outgoingServer".to_owned(),
        AutoconfigFault::TooMany => "it has more than 16 servers for sending mail".to_owned(),
    }
}
