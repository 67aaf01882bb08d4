//! SRV records for sending mail: `_submissions._tcp` with implicit TLS (RFC 8314 §5.1) and `_submission._tcp` with
//! STARTTLS (RFC 6186 §3.1).
//!
//! A target outside the domain is authenticated only if the records are signed, because an attacker who changes DNS
//! responses could name their own server, which has a valid certificate (RFC 6186 §6).

use super::report::{PublishedSetting, SourceFault, SourceReport, UserForm};
use crate::check::domain::sight::{Known, is_conclusive, records};
use crate::check::settings::seen::{SettingSecurity, SourceKind, SourceState};
use crate::check::settings::sight::SettingsSight;
use crate::evidence::{DnssecState, Probe, RecordData, RecordsSeen};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

const KIND: SourceKind = SourceKind::Srv;
/// The services, in order of preference: with equal priorities, implicit TLS is preferred (RFC 8314 §5.1).
const SERVICES: [(&str, SettingSecurity); 2] =
    [("_submissions._tcp", SettingSecurity::ImplicitTls), ("_submission._tcp", SettingSecurity::Starttls)];
/// The maximum number of records of a service that are used.
const MAX_TARGETS: usize = 8;

/// The ports that must not be guessed, because the domain states that the service is not offered.
pub(in crate::check::settings) fn ports_not_offered(report: &SourceReport<'_>) -> Vec<u16> {
    let of = |name: &str| if name.starts_with("_submissions.") { 465 } else { 587 };
    report
        .faults
        .iter()
        .filter_map(|fault| match fault {
            SourceFault::NotOffered { name, .. } => Some(of(name)),
            _ => None,
        })
        .collect()
}

/// The SRV records of both services.
pub(super) fn report(sight: SettingsSight<'_>) -> SourceReport<'_> {
    let mut questions: Vec<Question> = Vec::new();
    let mut seen: Vec<(DnsName, SettingSecurity, &Probe, &RecordsSeen)> = Vec::new();
    let (mut is_open, mut is_failed) = (false, false);
    for (service, security) in SERVICES {
        let Ok(name) = sight.name().below(service) else {
            return SourceReport::of(KIND, SourceState::NotAsked, "the record names are too long");
        };
        match sight.records(&name, RecordKind::Srv) {
            Known::Unasked | Known::Waiting => {
                is_open = true;
                questions.push(records(&name, RecordKind::Srv));
            }
            Known::Failed(..) | Known::Skipped => is_failed = true,
            Known::Seen(_, found) if !is_conclusive(found) => is_failed = true,
            Known::Seen(probe, found) => seen.push((name, security, probe, found)),
        }
    }
    let mut found = SrvTargets::default();
    for (name, security, probe, records) in seen {
        found.read(sight, &name, security, (probe, records));
    }
    questions.append(&mut found.questions);
    let place = SERVICES.map(|(service, _)| format!("{service}.{}", sight.domain())).join(", ");
    if is_open || !questions.is_empty() {
        return SourceReport::open(KIND, questions).at(place);
    }
    let (state, detail) = match (found.settings.len(), found.faults.is_empty()) {
        (0, _) if found.is_not_offered => (SourceState::NotOffered, "the target of the record is \".\"".to_owned()),
        (0, _) if is_failed => (SourceState::Failed, "the lookup failed".to_owned()),
        (0, true) => (SourceState::NotPublished, "no records".to_owned()),
        (0, false) => (SourceState::Invalid, "no usable record".to_owned()),
        (1, _) => (SourceState::Found, format!("1 server, {}", found.security_words())),
        (count, _) => (SourceState::Found, format!("{count} servers, {}", found.security_words())),
    };
    let detail = match found.left_out {
        0 => detail,
        1 => format!("{detail}; 1 more record was not used"),
        more => format!("{detail}; {more} more records were not used"),
    };
    let is_authenticated = found.is_authenticated();
    let SrvTargets { settings, faults, .. } = found;
    SourceReport { settings, faults, is_authenticated, ..SourceReport::of(KIND, state, detail) }.at(place)
}

/// The targets of the records.
#[derive(Default)]
struct SrvTargets<'s> {
    settings: Vec<PublishedSetting<'s>>,
    faults: Vec<SourceFault<'s>>,
    questions: Vec<Question>,
    is_not_offered: bool,
    is_unsigned: bool,
    is_outside: bool,
    is_inside: bool,
    /// The number of records that are not used.
    left_out: usize,
}

impl<'s> SrvTargets<'s> {
    fn read(
        &mut self,
        sight: SettingsSight<'s>,
        name: &DnsName,
        security: SettingSecurity,
        (probe, seen): (&'s Probe, &'s RecordsSeen),
    ) {
        let mut targets: Vec<(u16, u16, u16, &DnsName)> = seen
            .records
            .iter()
            .filter_map(|record| match &record.data {
                RecordData::Srv { priority, weight, port, host } => Some((*priority, u16::MAX - *weight, *port, host)),
                _ => None,
            })
            .collect();
        targets.sort();
        self.left_out += targets.len().saturating_sub(MAX_TARGETS);
        self.is_unsigned |= !targets.is_empty() && seen.dnssec != DnssecState::Secure;
        for (_, _, port, host) in targets.into_iter().take(MAX_TARGETS) {
            if host.is_root() {
                self.is_not_offered = true;
                self.faults.push(SourceFault::NotOffered { probe, name: name.to_string() });
                continue;
            }
            let Some(host_name) = host.host_name().filter(|_| port != 0) else {
                let words = format!("the target {} (port {port}) of {name} is not usable", probe.quote(host.as_str()));
                self.faults.push(SourceFault::Record { probe, words });
                continue;
            };
            let is_own = sight.is_own(host);
            self.is_outside |= !is_own;
            self.is_inside |= is_own;
            let question = self.alias(sight, probe, name, host);
            self.questions.extend(question);
            let security = match (security, port) {
                (SettingSecurity::Starttls, 465) => {
                    let words = format!(
                        "{name} has port 465, which uses implicit TLS; such a record must be at _submissions._tcp"
                    );
                    self.faults.push(SourceFault::Record { probe, words });
                    SettingSecurity::ImplicitTls
                }
                (security, _) => security,
            };
            self.settings.push(PublishedSetting {
                is_own,
                host: host_name,
                port,
                security,
                user: UserForm::address(),
                methods: Vec::new(),
                probe: Some(probe),
                provider: None,
            });
        }
    }

    /// Records a fault if the target is an alias, which RFC 2782 forbids. Returns the question that shows whether it is
    /// one, unless the question has already been answered.
    fn alias(
        &mut self,
        sight: SettingsSight<'s>,
        probe: &'s Probe,
        name: &DnsName,
        host: &DnsName,
    ) -> Option<Question> {
        match sight.records(host, RecordKind::A) {
            Known::Unasked | Known::Waiting => return Some(records(host, RecordKind::A)),
            Known::Seen(_, seen) if !seen.aliases.is_empty() => {
                let words = format!("the target {} of {name} is an alias (CNAME)", probe.quote(host.as_str()));
                self.faults.push(SourceFault::Record { probe, words });
            }
            Known::Seen(..) | Known::Failed(..) | Known::Skipped => {}
        }
        None
    }

    fn is_authenticated(&self) -> bool {
        !self.is_unsigned || !self.is_outside
    }

    fn security_words(&self) -> &'static str {
        match (self.is_unsigned, self.is_outside) {
            (false, _) => "signed (DNSSEC)",
            (true, false) => "in the domain",
            (true, true) if self.is_inside => "not signed, some outside the domain",
            (true, true) => "outside the domain, not signed",
        }
    }
}
