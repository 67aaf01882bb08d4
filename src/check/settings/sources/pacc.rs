//! PACC (draft-ietf-mailmaint-pacc): a file whose digest is in the domain's DNS.

use super::report::{PublishedSetting, SourceFault, SourceReport, UserForm};
use super::web::{self, FetchedPage};
use crate::check::domain::sight::{Known, records};
use crate::check::settings::seen::{SettingSecurity, SourceKind, SourceState};
use crate::check::settings::sight::SettingsSight;
use crate::evidence::Probe;
use crate::policy::autoconfig::AuthenticationWord;
use crate::policy::pacc::{self, PaccFile};
use crate::question::FetchTransport;
use crate::wire::{DnsName, DomainName, RecordKind};

const KIND: SourceKind = SourceKind::Pacc;
const FILE: &str = "/.well-known/user-agent-configuration.json";

/// The file at `https://ua-auto-config.DOMAIN`, if it matches the digest in DNS.
pub(super) fn report(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let host = format!("ua-auto-config.{}", sight.domain());
    let name = DnsName::parse(&format!("_ua-auto-config.{}", sight.domain())).ok();
    let request = sight.request(FetchTransport::Https, &host, FILE.to_owned());
    let (Some(name), Some(request)) = (name, request) else {
        return SourceReport::of(KIND, SourceState::NotAsked, "the web server's name is too long");
    };
    let report = match web::page(sight, &request) {
        FetchedPage::Open(question) => SourceReport::open(KIND, question.map(|question| *question)),
        FetchedPage::Absent(why) | FetchedPage::NoAddress(why) => {
            SourceReport::of(KIND, SourceState::NotPublished, why)
        }
        FetchedPage::Failed { why, .. } => SourceReport::of(KIND, SourceState::Failed, why),
        FetchedPage::Found { probe, body, .. } => match pacc::parse(body) {
            None => SourceReport::of(KIND, SourceState::NotPublished, "the web server did not return a PACC file"),
            Some(file) => of_file(sight, &name, probe, body, &file),
        },
    };
    let is_authenticated = DnsName::parse(&host).is_ok_and(|host| sight.is_own(&host));
    SourceReport { is_authenticated, ..report }.at(format!("https://{host}{FILE}"))
}

fn of_file<'s>(
    sight: SettingsSight<'s>,
    name: &DnsName,
    probe: &'s Probe,
    body: &str,
    file: &PaccFile,
) -> SourceReport<'s> {
    let seen = match sight.records(name, RecordKind::Txt) {
        Known::Unasked => return SourceReport::open(KIND, [records(name, RecordKind::Txt)]),
        Known::Waiting => return SourceReport::open(KIND, []),
        Known::Failed(..) | Known::Skipped => {
            let why = format!("{name} could not be looked up");
            return SourceReport::of(KIND, SourceState::Failed, why);
        }
        Known::Seen(_, seen) => seen,
    };
    let digests: Vec<Vec<u8>> = seen.texts().filter_map(pacc::digest_of).collect();
    if !digests.iter().any(|digest| pacc::matches(digest, body)) {
        let words = match digests.is_empty() {
            true => format!("there is no TXT record with a digest at {name}"),
            false => format!("the digest at {name} does not match the file"),
        };
        let faults = vec![SourceFault::Digest { probe, words: words.clone() }];
        return SourceReport { faults, ..SourceReport::of(KIND, SourceState::Invalid, words) };
    }
    let host = file.host.as_deref().and_then(|host| DomainName::parse(host).ok());
    let Some(host) = host else {
        return SourceReport::of(KIND, SourceState::NotPublished, "the file contains no host for sending mail");
    };
    let mut methods = Vec::new();
    methods.extend(file.oauth.then_some(AuthenticationWord::OAuth2));
    methods.extend((file.password == Some(true)).then_some(AuthenticationWord::Password));
    let setting = PublishedSetting {
        is_own: false,
        host,
        port: 465,
        security: SettingSecurity::ImplicitTls,
        user: UserForm::address(),
        methods,
        probe: Some(probe),
        provider: None,
    };
    let found = SourceReport::of(KIND, SourceState::Found, "1 server, the digest matches");
    SourceReport { settings: vec![setting], provider: file.provider.clone(), ..found }
}
