//! The sources of client settings. Each source is queried independently of the others, with two exceptions: the file
//! over HTTP and the sources in the MX host's domain are queried only if the preferred sources have no settings,
//! because their settings could only contradict those of the preferred sources.
//!
//! | file | sources |
//! |---|---|
//! | `autoconfig` | autoconfiguration files from the domain, from the MX domain, and from the public database |
//! | `pacc` | the file with a digest in DNS |
//! | `srv` | SRV records (RFC 6186, RFC 8314) |
//! | `provider` | the built-in list of providers, by domain, by MX host, and by Autodiscover |
//! | `web` | pages and redirects |
//! | `mx` | the MX host, whose domain may publish settings |
//! | `report` | what a source reports |

mod autoconfig;
mod mx;
mod pacc;
mod provider;
mod report;
mod srv;
mod web;

pub(super) use self::mx::{PreferredMx, mx_host};
pub(super) use self::report::{PublishedSetting, SourceFault, SourceReport, UserForm};
pub(super) use self::srv::ports_not_offered as srv_ports_not_offered;

use super::seen::{SourceKind, SourceState};
use super::sight::SettingsSight;
use crate::plan::Discovery;

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
        (false, true, PreferredMx::Known { host, is_secure, .. }) => {
            [autoconfig::of_mx(sight, host, *is_secure), autoconfig::database_of_mx(sight, host, *is_secure)]
        }
        (false, true, PreferredMx::Failed) => [SourceKind::AutoconfigOfMx, SourceKind::DatabaseOfMx]
            .map(|kind| SourceReport::of(kind, SourceState::Failed, "the MX record could not be looked up")),
        (false, true, PreferredMx::None) => [SourceKind::AutoconfigOfMx, SourceKind::DatabaseOfMx]
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

/// Why a source was not queried.
const NOT_NEEDED: &str = "not needed: an authenticated source has settings";

fn not_needed<'s>(kinds: [SourceKind; 2]) -> [SourceReport<'s>; 2] {
    kinds.map(|kind| SourceReport::of(kind, SourceState::NotAsked, NOT_NEEDED))
}
