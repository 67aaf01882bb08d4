//! The built-in list of providers: by the domain of the email address, by the host that receives mail for it, and by
//! signs of a Microsoft 365 organisation.
//!
//! If the domain itself identifies the provider, the result is certain. If DNS records identify it, the result is
//! authenticated only if the records are signed: an attacker who changes DNS responses could name another provider.

use super::mx::PreferredMx;
use super::report::{PublishedSetting, SourceReport, UserForm};
use super::web::{self, FetchedPage};
use crate::check::domain::sight::{Known, records};
use crate::check::settings::seen::{SettingSecurity, SourceKind, SourceState};
use crate::check::settings::sight::SettingsSight;
use crate::evidence::{DnssecState, Probe, RecordData, RecordsSeen};
use crate::lexicon::providers::{self, PortTls, Provider, ProviderSigns, UserNameForm};
use crate::policy::autodiscover;
use crate::question::FetchTransport;
use crate::wire::{DnsName, DomainName, RecordKind};

/// In Microsoft 365, `autodiscover.DOMAIN` is an alias for one of these names.
const MICROSOFT: [&str; 2] = ["autodiscover.outlook.com", "autodiscover-s.outlook.com"];

/// The provider of the domain.
pub(super) fn by_domain(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let kind = SourceKind::KnownProvider;
    match mailboxes(sight.domain()) {
        Some(provider) => SourceReport { is_authenticated: true, ..of_provider(kind, provider, sight.domain(), None) },
        None => SourceReport::of(kind, SourceState::NotPublished, "the domain is not in the built-in list"),
    }
}

/// The provider of the host that receives mail.
pub(super) fn by_mx<'s>(sight: SettingsSight<'s>, mx: &PreferredMx<'s>) -> SourceReport<'s> {
    let kind = SourceKind::ProviderOfMx;
    let place = format!("{} MX", sight.domain());
    let report = match mx {
        PreferredMx::Open(question) => SourceReport::open(kind, [(**question).clone()]),
        PreferredMx::None => SourceReport::of(kind, SourceState::NotPublished, "the domain has no MX host"),
        PreferredMx::Failed => SourceReport::of(kind, SourceState::Failed, "the MX record could not be looked up"),
        PreferredMx::Known { host, is_secure, probe } => match mailboxes(host.as_str()) {
            Some(provider) => {
                let report = of_provider(kind, provider, host.as_str(), Some(probe));
                SourceReport { is_authenticated: *is_secure, ..report }
            }
            None => SourceReport::of(kind, SourceState::NotPublished, format!("{host} is not in the built-in list")),
        },
    };
    report.at(place)
}

/// Microsoft 365, by the name `autodiscover.DOMAIN` or the response of the web server there.
pub(super) fn by_autodiscover(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let kind = SourceKind::Autodiscover;
    let name = format!("autodiscover.{}", sight.domain());
    let Ok(alias) = DnsName::parse(&name) else {
        return SourceReport::of(kind, SourceState::NotAsked, "the web server's name is too long");
    };
    let (probe, seen) = match sight.records(&alias, RecordKind::Cname) {
        Known::Unasked | Known::Waiting => {
            return SourceReport::open(kind, [records(&alias, RecordKind::Cname)]).at(name);
        }
        Known::Failed(..) | Known::Skipped => {
            return SourceReport::of(kind, SourceState::Failed, format!("{name} could not be looked up")).at(name);
        }
        Known::Seen(probe, seen) => (probe, seen),
    };
    match alias_of(seen) {
        Some(target) if MICROSOFT.contains(&target.as_str()) => {
            microsoft(probe, seen.dnssec == DnssecState::Secure).at(name)
        }
        Some(target) if !target.is_within(&sight.name()) => {
            let why = format!("{name} is an alias for {target}, which is not in the domain");
            SourceReport::of(kind, SourceState::NotPublished, why).at(name)
        }
        Some(_) | None => by_response(sight, &name),
    }
}

fn alias_of(seen: &RecordsSeen) -> Option<DnsName> {
    seen.records.iter().find_map(|record| match &record.data {
        RecordData::Cname { target } => Some(target.clone()),
        _ => None,
    })
}

/// The response of the domain's own web server. The request does not contain the user's mailbox name.
fn by_response<'s>(sight: SettingsSight<'s>, name: &str) -> SourceReport<'s> {
    let kind = SourceKind::Autodiscover;
    let path = format!("/autodiscover/autodiscover.json?Email=postmaster%40{}&Protocol=AutodiscoverV1", sight.domain());
    let Some(request) = sight.request(FetchTransport::Https, name, path) else {
        return SourceReport::of(kind, SourceState::NotAsked, "the web server's name is too long");
    };
    let report = match web::page(sight, &request) {
        FetchedPage::Open(question) => SourceReport::open(kind, question.map(|question| *question)),
        FetchedPage::Absent(why) | FetchedPage::NoAddress(why) => {
            SourceReport::of(kind, SourceState::NotPublished, why)
        }
        FetchedPage::Failed { why, .. } => SourceReport::of(kind, SourceState::Failed, why),
        FetchedPage::Found { probe, body, .. } => match autodiscover::parse(body) {
            Some(found) if found.is_microsoft() => microsoft(probe, true),
            Some(found) => {
                let why = format!("an Exchange server at {}; Autodiscover names no server for SMTP", found.host);
                SourceReport::of(kind, SourceState::NotPublished, why)
            }
            None => SourceReport::of(
                kind,
                SourceState::NotPublished,
                "the web server did not return an Autodiscover response",
            ),
        },
    };
    report.at(format!("https://{name}/autodiscover/autodiscover.json"))
}

fn microsoft(probe: &Probe, is_authenticated: bool) -> SourceReport<'_> {
    let kind = SourceKind::Autodiscover;
    match providers::find("microsoft-365").first() {
        Some(provider) => {
            let report = of_provider(kind, provider, "", Some(probe));
            SourceReport { is_authenticated, detail: "a Microsoft 365 organisation".to_owned(), ..report }
        }
        None => SourceReport::of(kind, SourceState::NotPublished, "Microsoft 365 is not in the built-in list"),
    }
}

/// The mailbox provider to which a name belongs.
fn mailboxes(name: &str) -> Option<&'static Provider> {
    providers::recognise(&ProviderSigns { host: Some(name), ..ProviderSigns::default() })
        .and_then(Provider::for_mailboxes)
}

fn of_provider<'s>(
    kind: SourceKind,
    provider: &'static Provider,
    name: &str,
    probe: Option<&'s Probe>,
) -> SourceReport<'s> {
    let Some(host) = provider.host_for(name).and_then(|host| DomainName::parse(host).ok()) else {
        let why = format!("{} does not support SMTP", provider.name);
        return SourceReport::of(kind, SourceState::NotOffered, why);
    };
    let user = UserForm(
        match provider.user_form() {
            UserNameForm::Address => "%EMAILADDRESS%",
            UserNameForm::LocalPart => "%EMAILLOCALPART%",
        }
        .to_owned(),
    );
    let mut ports: Vec<(u16, SettingSecurity)> = provider
        .ports
        .iter()
        .filter(|port| port.port != 25)
        .filter_map(|port| match port.tls {
            PortTls::Implicit => Some((port.port, SettingSecurity::ImplicitTls)),
            PortTls::Starttls | PortTls::StarttlsOrPlain => Some((port.port, SettingSecurity::Starttls)),
            PortTls::Plain => None,
        })
        .collect();
    ports.sort_by_key(|(port, _)| provider.recommended != Some(*port));
    ports.truncate(2);
    if ports.is_empty() {
        return SourceReport::of(kind, SourceState::NotOffered, format!("{} does not support SMTP", provider.name));
    }
    let settings = ports
        .into_iter()
        .map(|(port, security)| PublishedSetting {
            is_own: false,
            host: host.clone(),
            port,
            security,
            user: user.clone(),
            methods: Vec::new(),
            probe,
            provider: Some(provider.id.as_str()),
        })
        .collect();
    let found = SourceReport::of(kind, SourceState::Found, provider.name.to_string());
    SourceReport { settings, provider: Some(provider.name.to_string()), ..found }
}
