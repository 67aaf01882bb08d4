//! The sources of client settings. Each is asked independently of the others, with two exceptions: a source that is not
//! authenticated is asked only if the authenticated sources of the same kind have no settings, because it could only
//! contradict them.
//!
//! | file | sources |
//! |---|---|
//! | `autoconfig` | autoconfiguration files of the domain, of the MX domain, and of the public database |
//! | `pacc` | the file with a digest in the DNS |
//! | `srv` | SRV records (RFC 6186, RFC 8314) |
//! | `provider` | the built-in list of providers, by domain, by MX host, and by Autodiscover |
//! | `web` | pages and redirects |

mod autoconfig;
mod pacc;
mod provider;
mod srv;
mod web;

pub(super) use srv::ports_not_offered as srv_ports_not_offered;

use super::seen::{SettingSecurity, SourceKind, SourceState};
use super::sight::{SettingsSight, registrable};
use crate::check::domain::sight::{Known, records};
use crate::evidence::{DnssecState, Probe, RecordData};
use crate::plan::Discovery;
use crate::policy::autoconfig::AuthenticationWord;
use crate::policy::placeholders;
use crate::question::Question;
use crate::wire::{DnsName, DomainName, RecordKind};

/// The result of one source.
pub(super) struct SourceReport<'s> {
    pub(super) kind: SourceKind,
    pub(super) state: SourceState,
    pub(super) place: Option<String>,
    pub(super) detail: String,
    pub(super) settings: Vec<PublishedSetting<'s>>,
    /// Whether it is proved that the settings come from the operator of the domain or from a known service.
    pub(super) is_authenticated: bool,
    /// The name of the provider.
    pub(super) provider: Option<String>,
    pub(super) faults: Vec<SourceFault<'s>>,
    /// The questions that must be asked before the result is known.
    pub(super) questions: Vec<Question>,
}

/// A server that a source names for sending mail.
#[derive(Clone)]
pub(super) struct PublishedSetting<'s> {
    pub(super) host: DomainName,
    pub(super) port: u16,
    pub(super) security: SettingSecurity,
    pub(super) user: UserForm,
    pub(super) methods: Vec<AuthenticationWord>,
    /// The probe whose answer contains it; `None` for built-in knowledge.
    pub(super) probe: Option<&'s Probe>,
    /// The id of the provider, if it is in the built-in list.
    pub(super) provider: Option<&'static str>,
}

/// A user name with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserForm(pub(super) String);

impl UserForm {
    pub(super) fn address() -> UserForm {
        UserForm("%EMAILADDRESS%".to_owned())
    }

    /// The user name; `None` if it depends on an address that was not given.
    pub(super) fn value(&self, sight: SettingsSight<'_>) -> Option<String> {
        let given = sight.settings.user.clone();
        given.or_else(|| placeholders::filled(&self.0, sight.settings.local_part().as_deref(), sight.domain()))
    }

    /// The user name in words.
    pub(super) fn words(&self, sight: SettingsSight<'_>) -> String {
        if let Some(user) = &sight.settings.user {
            return user.clone();
        }
        match self.0.as_str() {
            "%EMAILADDRESS%" => "the email address".to_owned(),
            "%EMAILLOCALPART%" => "the part of the email address before the @".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// Something that is wrong with what a source publishes.
pub(super) enum SourceFault<'s> {
    /// An autoconfiguration file cannot be read, or a part of it. The words may quote the file.
    File {
        /// The probe with the file.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
        /// Whether nothing in the file is usable.
        is_useless: bool,
    },
    /// The certificate of the web server does not verify.
    Certificate {
        /// The probe of the request.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
    /// An SRV record states that a service is not offered.
    NotOffered {
        /// The probe of the lookup.
        probe: &'s Probe,
        /// The name of the record.
        name: String,
    },
    /// An SRV record cannot be used by every client.
    Record {
        /// The probe of the lookup.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
    /// A PACC file has no record with its digest.
    Digest {
        /// The probe with the file.
        probe: &'s Probe,
        /// What is wrong.
        words: String,
    },
}

impl<'s> SourceReport<'s> {
    fn of(kind: SourceKind, state: SourceState, detail: impl Into<String>) -> SourceReport<'s> {
        SourceReport {
            kind,
            state,
            place: None,
            detail: detail.into(),
            settings: Vec::new(),
            is_authenticated: false,
            provider: None,
            faults: Vec::new(),
            questions: Vec::new(),
        }
    }

    fn open(kind: SourceKind, questions: impl IntoIterator<Item = Question>) -> SourceReport<'s> {
        let report = SourceReport::of(kind, SourceState::Unfinished, "no answer yet");
        SourceReport { questions: questions.into_iter().collect(), ..report }
    }

    fn at(self, place: impl Into<String>) -> SourceReport<'s> {
        SourceReport { place: Some(place.into()), ..self }
    }

    /// Whether the result is known.
    pub(super) fn is_over(&self) -> bool {
        self.state != SourceState::Unfinished
    }

    /// Whether it contains settings.
    pub(super) fn is_found(&self) -> bool {
        self.state == SourceState::Found && !self.settings.is_empty()
    }
}

/// The results of all sources so far, except the guesses.
pub(super) fn reports(sight: SettingsSight<'_>) -> Vec<SourceReport<'_>> {
    let known = provider::by_domain(sight);
    if sight.settings.discovery == Discovery::BuiltIn {
        return vec![known];
    }
    let own = [autoconfig::own(sight), autoconfig::well_known(sight)];
    let further = [pacc::report(sight), srv::report(sight), known, autoconfig::database(sight)];
    let microsoft = provider::by_autodiscover(sight);
    let is_over = |reports: &[SourceReport<'_>]| reports.iter().all(SourceReport::is_over);
    let is_found = |reports: &[SourceReport<'_>]| reports.iter().any(SourceReport::is_found);
    let mx = mx_host(sight);
    let by_mx = provider::by_mx(sight, &mx);
    let has_better = is_found(&own) || is_found(&further);
    let of_mx = match (has_better, is_over(&own) && is_over(&further), &mx) {
        (true, ..) => not_needed([SourceKind::AutoconfigOfMx, SourceKind::DatabaseOfMx]),
        (false, true, MxHost::Known { host, is_secure, .. }) => {
            [autoconfig::of_mx(sight, host, *is_secure), autoconfig::database_of_mx(sight, host, *is_secure)]
        }
        (false, true, MxHost::None) => [SourceKind::AutoconfigOfMx, SourceKind::DatabaseOfMx]
            .map(|kind| SourceReport::of(kind, SourceState::NotAsked, "the domain has no MX host")),
        (false, ..) => [SourceKind::AutoconfigOfMx, SourceKind::DatabaseOfMx].map(|kind| SourceReport::open(kind, [])),
    };
    let http = match (is_found(&own), is_over(&own)) {
        (true, _) => SourceReport::of(SourceKind::AutoconfigHttp, SourceState::NotAsked, NOT_NEEDED),
        (false, true) => autoconfig::over_http(sight),
        (false, false) => SourceReport::open(SourceKind::AutoconfigHttp, []),
    };
    let mut all: Vec<SourceReport<'_>> =
        own.into_iter().chain(further).chain([microsoft, by_mx, http]).chain(of_mx).collect();
    all.sort_by_key(|report| report.kind);
    all
}

/// Why a source was not asked.
const NOT_NEEDED: &str = "not needed: a source that is authenticated has settings";

fn not_needed<'s>(kinds: [SourceKind; 2]) -> [SourceReport<'s>; 2] {
    kinds.map(|kind| SourceReport::of(kind, SourceState::NotAsked, NOT_NEEDED))
}

/// The preferred host that receives mail for the domain.
pub(super) enum MxHost<'s> {
    /// It is not known yet; the question must be asked.
    Open(Box<Question>),
    /// There is none.
    None,
    /// The host.
    Known {
        /// The name.
        host: DnsName,
        /// Whether its record is signed and valid.
        is_secure: bool,
        /// The probe of the lookup.
        probe: &'s Probe,
    },
}

/// The preferred host that receives mail for the domain. Of several with the same preference, the first by name.
pub(super) fn mx_host(sight: SettingsSight<'_>) -> MxHost<'_> {
    let (probe, seen) = match sight.records(&sight.name(), RecordKind::Mx) {
        Known::Seen(probe, seen) => (probe, seen),
        Known::Unasked | Known::Waiting => return MxHost::Open(Box::new(records(&sight.name(), RecordKind::Mx))),
        Known::Failed(..) | Known::Skipped => return MxHost::None,
    };
    let hosts = seen.records.iter().filter_map(|record| match &record.data {
        RecordData::Mx { preference, host } if !host.is_root() && host.host_name().is_some() => {
            Some((*preference, host))
        }
        _ => None,
    });
    match hosts.min() {
        Some((_, host)) => MxHost::Known { host: host.clone(), is_secure: seen.dnssec == DnssecState::Secure, probe },
        None => MxHost::None,
    }
}

/// The domains of the MX host for which further settings are searched: its name without the first label, and its
/// registrable domain. Empty if the host is in the domain itself.
fn mx_domains(sight: SettingsSight<'_>, host: &DnsName) -> Vec<String> {
    let base = registrable(host.as_str());
    let full = host.parent().map(|parent| parent.as_str().to_owned()).filter(|parent| parent.len() >= base.len());
    let mut domains: Vec<String> = full.into_iter().chain([base]).collect();
    domains.dedup();
    domains.retain(|domain| domain != sight.domain() && domain != &registrable(sight.domain()));
    domains
}
