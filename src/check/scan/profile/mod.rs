//! Compares a server with a published profile (`--tls-profile`). The result lists each deviation with the necessary
//! change, the items that this scan did not finish, and the requirements that no scan can test.
//!
//! Each profile is a data file, and each row names the section of the publication. If a profile forbids a feature or
//! calls it insufficient, the feature must change. If it phases a feature out or does not recommend it, the feature
//! should change. A server meets a profile if no feature must change and the scan finished every test. Requirements
//! that cannot be tested from outside do not affect the verdict; the result names them.
//!
//! Read next: [`table`], the structure of a profile.

mod bsi;
mod mozilla;
mod ncsc;
mod table;

use jiff::SpanRound;
use jiff::Unit;
use serde::{Deserialize, Serialize};

use super::results::{Preference, Scan, VersionSeen, chains};
use super::rules::TLS_PROFILE_NOT_MET;
use super::seen::{Seen, Support};
use crate::check::finding::{Finding, Severity};
use crate::evidence::{Certificate, Evidence, Phase};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Plan, TlsProfile};
use crate::question::Offer;
use crate::wire::tls::{self, Version};

use table::{Feature, Graded, Profile};

pub use table::Level;

/// The result of a comparison with a profile. In JSON, this is `tls_profile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProfileVerdict {
    /// The profile's name on the command line.
    pub profile: TlsProfile,
    /// The title of the publication.
    pub title: String,
    /// The URL of the publication.
    pub url: String,
    /// Whether the server meets the profile, as far as it can be tested from outside: no if a feature must change;
    /// unknown if no tested feature must change but the scan did not finish.
    pub met: Support,
    /// The deviations. Those that must change come first.
    pub deviations: Vec<Deviation>,
    /// Items that a complete scan tests, but this scan did not. Empty if the scan finished.
    pub not_tested: Vec<String>,
    /// Requirements of the profile that no scan can test.
    pub not_testable: Vec<String>,
}

/// One deviation of a server from a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Deviation {
    /// The subject of the deviation.
    pub topic: Topic,
    /// Whether the server must or should be changed.
    pub level: Level,
    /// The observation, as a clause.
    pub found: String,
    /// The change to make, as an instruction.
    pub change: String,
    /// The section of the publication.
    pub source: String,
}

/// The subject of a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// TLS versions.
    Versions,
    /// Cipher suites.
    Suites,
    /// Groups for key exchange, and the Diffie-Hellman prime.
    Groups,
    /// Whether the server's or the client's preference determines the cipher suite.
    Order,
    /// The key of a certificate.
    CertificateKey,
    /// The signature of a certificate.
    CertificateSignature,
    /// The validity period of a certificate.
    CertificateLifetime,
    /// The hash in the key exchange signature.
    KeyExchangeHash,
    /// Extensions and other features.
    Features,
}

fn profile(id: TlsProfile) -> &'static Profile {
    match id {
        TlsProfile::MozillaIntermediate => &mozilla::INTERMEDIATE,
        TlsProfile::MozillaModern => &mozilla::MODERN,
        TlsProfile::NcscNl2025 => &ncsc::NCSC_NL_2025,
        TlsProfile::BsiTr03116 => &bsi::TR_03116_4,
    }
}

/// The comparison; none without `--tls-profile`, or if the server does not use TLS.
pub fn verdict(plan: &Plan, evidence: &Evidence) -> Option<ProfileVerdict> {
    let id = plan.tls.profile?;
    let seen = Seen::of(evidence).filter(|seen| seen.has_tls())?;
    let scan = super::results::results(plan, evidence)?;
    Some(compare(id, profile(id), &scan, &seen, evidence))
}

fn compare(id: TlsProfile, profile: &Profile, scan: &Scan, seen: &Seen<'_>, evidence: &Evidence) -> ProfileVerdict {
    let mut comparison = Comparison { deviations: Vec::new(), not_tested: Vec::new(), not_testable: Vec::new() };
    comparison.versions(profile, scan);
    comparison.suites(profile, scan);
    comparison.groups(profile, scan);
    comparison.prime(profile, scan);
    comparison.order(profile, scan);
    comparison.hashes(profile, scan, seen);
    for feature in profile.features {
        comparison.feature(feature, scan);
    }
    let mut leaves = Vec::new();
    for (_, presented) in chains(seen.session, evidence) {
        if let Some(leaf) = presented.leaf().filter(|leaf| leaf.is_readable()) {
            comparison.certificate(profile, leaf);
            leaves.push(leaf);
        }
    }
    if leaves.is_empty() {
        comparison.not_tested.push("the certificate".to_owned());
    }
    let Comparison { mut deviations, not_tested, mut not_testable } = comparison;
    deviations.sort_by_key(|deviation| deviation.level);
    let met = match (deviations.iter().any(|one| one.level == Level::Must), not_tested.is_empty()) {
        (true, _) => Support::No,
        (false, true) => Support::Yes,
        (false, false) => Support::Unknown,
    };
    not_testable.extend(profile.not_testable.iter().map(|text| (*text).to_owned()));
    ProfileVerdict {
        profile: id,
        title: profile.title.to_owned(),
        url: profile.url.to_owned(),
        met,
        deviations,
        not_tested,
        not_testable,
    }
}

struct Comparison {
    deviations: Vec<Deviation>,
    /// Items that a complete scan tests, but this scan did not.
    not_tested: Vec<String>,
    /// Items that no scan of this server can test.
    not_testable: Vec<String>,
}

impl Comparison {
    fn add(&mut self, topic: Topic, level: Level, found: String, change: String, source: &str) {
        self.deviations.push(Deviation { topic, level, found, change, source: source.to_owned() });
    }

    fn versions(&mut self, profile: &Profile, scan: &Scan) {
        let source = profile.versions.source;
        let is_allowed = |version: Version| profile.versions.allowed.contains(&version);
        let is_yes = |one: &&VersionSeen| one.accepted == Support::Yes;
        let mut wrong: Vec<String> = scan
            .versions
            .iter()
            .filter(is_yes)
            .filter(|one| !is_allowed(one.version))
            .map(|one| one.version.to_string())
            .collect();
        if scan.sslv2 == Support::Yes {
            wrong.push("SSLv2".to_owned());
        }
        if !wrong.is_empty() {
            let list = wrong.join(", ");
            let (found, change) = (format!("the server accepts {list}"), format!("Disable {list}"));
            self.add(Topic::Versions, Level::Must, found, change, source);
        }
        for (version, level) in profile.versions.wanted {
            match scan.versions.iter().find(|one| one.version == *version).map(|one| one.accepted) {
                Some(Support::No) => {
                    self.add(
                        Topic::Versions,
                        *level,
                        format!("the server does not accept {version}"),
                        format!("Enable {version}"),
                        source,
                    );
                }
                Some(Support::Unknown) | None => self.not_tested.push(format!("support for {version}")),
                Some(Support::Yes) => {}
            }
        }
        for one in scan.versions.iter().filter(|one| one.accepted == Support::Unknown && !is_allowed(one.version)) {
            self.not_tested.push(format!("support for {}", one.version));
        }
        if scan.sslv2 == Support::Unknown {
            self.not_tested.push("support for SSLv2".to_owned());
        }
    }

    fn suites(&mut self, profile: &Profile, scan: &Scan) {
        let mut names: Vec<&str> = Vec::new();
        // If a version must be disabled, its suites are disabled with it.
        let is_allowed = |version: Version| profile.versions.allowed.contains(&version);
        let of_versions = scan.versions.iter().filter(|one| is_allowed(one.version));
        let of_suites = scan.suites.iter().filter(|suite| is_allowed(suite.version)).map(|suite| &suite.name);
        for name in of_versions.flat_map(|one| one.suites.iter().flatten()).chain(of_suites) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        self.graded(Topic::Suites, &profile.suites, &names, |list| format!("the server accepts {list}"), "Exclude");
        // If a version must be disabled, its complete list of suites is not needed.
        let is_open = |one: &&VersionSeen| {
            one.accepted == Support::Yes && !one.suites_complete && profile.versions.allowed.contains(&one.version)
        };
        for one in scan.versions.iter().filter(is_open) {
            self.not_tested.push(format!("the complete list of cipher suites in {}", one.version));
        }
        if let Some((wanted, source)) = profile.suites_wanted
            && !wanted.iter().any(|name| names.contains(name))
        {
            let list = wanted.join(", ");
            self.add(
                Topic::Suites,
                Level::Must,
                "the server accepts none of the required cipher suites".to_owned(),
                format!("Accept at least one of {list}"),
                source,
            );
        }
    }

    fn groups(&mut self, profile: &Profile, scan: &Scan) {
        let names: Vec<&str> = scan.groups.iter().map(String::as_str).collect();
        let found = |list: &str| format!("the server accepts {list} for key exchange");
        self.graded(Topic::Groups, &profile.groups, &names, found, "Exclude");
        let has_13 = scan.versions.iter().any(|one| one.version == Version::Tls13 && one.accepted == Support::Yes);
        if has_13 && !scan.groups_complete {
            self.not_tested.push("the complete list of TLS 1.3 groups".to_owned());
        }
        let is_old = |one: &&VersionSeen| one.version < Version::Tls13 && one.accepted == Support::Yes;
        let has_old = scan.versions.iter().any(|one| is_old(&one));
        let has_curves = scan.groups_before_1_3.as_ref().is_some_and(|groups| !groups.is_empty());
        if has_old && has_curves && !scan.groups_before_1_3_complete {
            // RFC 8422 §5.1: the groups that a client offers also limit the keys of certificates. Without the curve of
            // an ECDSA certificate, the server rejects the ClientHello, so the curve hides groups that the server
            // prefers less.
            let all_ecdsa =
                !scan.certificates.is_empty() && scan.certificates.iter().all(|one| one.key.starts_with("EC "));
            if all_ecdsa && scan.inconclusive.is_none() {
                self.not_testable.push(
                    "TLS 1.2 groups that the server prefers less than the curve of its ECDSA certificate".to_owned(),
                );
            } else {
                self.not_tested.push("the complete list of TLS 1.2 groups".to_owned());
            }
        }
        let exhausted =
            (!has_13 || scan.groups_complete) && (!has_old || !has_curves || scan.groups_before_1_3_complete);
        for (wanted, level, source) in profile.groups_wanted {
            // A server without TLS 1.3 need not support a group that exists only in TLS 1.3.
            let applies = has_13 || !tls::is_post_quantum(wanted.first().copied().unwrap_or_default());
            if applies && exhausted && !wanted.iter().any(|name| names.contains(name)) {
                let list = wanted.join(" or ");
                let found = format!("the server does not accept {list} for key exchange");
                self.add(Topic::Groups, *level, found, format!("Enable the group {list}"), source);
            }
        }
    }

    fn prime(&mut self, profile: &Profile, scan: &Scan) {
        let Some(rule) = &profile.prime else { return };
        match (scan.dhe, scan.dh_bits) {
            (_, Some(bits)) if bits < rule.least => {
                let change =
                    format!("Use a prime of at least {} bits, or disable ephemeral Diffie-Hellman", rule.least);
                let found = format!("the server uses Diffie-Hellman with a prime of {bits} bits");
                self.add(Topic::Groups, Level::Must, found, change, rule.source);
            }
            (Support::Unknown, None) => self.not_tested.push("the Diffie-Hellman prime".to_owned()),
            _ => {}
        }
    }

    fn order(&mut self, profile: &Profile, scan: &Scan) {
        let Some((wanted, source)) = profile.order else { return };
        for one in scan.versions.iter().filter(|one| profile.versions.allowed.contains(&one.version)) {
            let Some(seen) = one.preference.filter(|seen| *seen != wanted) else { continue };
            let (found, change) = match seen {
                Preference::Server => {
                    ("the server's preference determines the cipher suite", "Use the client's cipher suite preference")
                }
                Preference::Client => {
                    ("the client's preference determines the cipher suite", "Use the server's cipher suite preference")
                }
            };
            let found = format!("in {}, {found}", one.version);
            let change = format!("{change} ({})", one.version);
            self.add(Topic::Order, Level::Should, found, change, source);
        }
    }

    fn hashes(&mut self, profile: &Profile, scan: &Scan, seen: &Seen<'_>) {
        let Some(source) = profile.hashes else { return };
        match scan.old_hashes {
            Support::Yes => {
                let scheme = seen.by(&Offer::OldHashes).and_then(|one| one.taken?.signature.clone());
                let scheme = scheme.unwrap_or_else(|| "an old hash".to_owned());
                let level = if scheme.ends_with("sha224") { Level::Should } else { Level::Must };
                self.add(
                    Topic::KeyExchangeHash,
                    level,
                    format!("in TLS 1.2, the server signs the key exchange with {scheme} if the client offers only old hashes"),
                    "Allow only SHA-256, SHA-384 and SHA-512 for key exchange signatures".to_owned(),
                    source,
                );
            }
            Support::Unknown
                if scan.versions.iter().any(|one| one.version == Version::Tls12 && one.accepted == Support::Yes) =>
            {
                self.not_tested.push("the key exchange hash".to_owned());
            }
            Support::No | Support::Unknown => {}
        }
    }

    fn feature(&mut self, feature: &Feature, scan: &Scan) {
        let has_old = scan.versions.iter().any(|one| one.version < Version::Tls13 && one.accepted == Support::Yes);
        if !has_old && !feature.in_tls_1_3 {
            return;
        }
        let seen = (feature.of)(&scan.features);
        if seen == feature.wanted {
            return;
        }
        if seen == Support::Unknown {
            if feature.level == Level::Must {
                self.not_tested.push(feature.name.to_owned());
            }
            return;
        }
        self.add(Topic::Features, feature.level, feature.found.to_owned(), feature.change.to_owned(), feature.source);
    }

    fn certificate(&mut self, profile: &Profile, leaf: &Certificate) {
        let rules = &profile.certificate;
        let name = &leaf.key;
        let is_rsa = name.starts_with("RSA");
        match leaf.key_bits.filter(|_| is_rsa) {
            Some(bits) => {
                let found = format!("a certificate has the key {name}");
                let change =
                    format!("Use an RSA key of at least {} bits, or an ECDSA key", rules.rsa_good.max(rules.rsa_least));
                if rules.rsa_least == u32::MAX {
                    let change = format!("Use a certificate with an ECDSA key ({})", rules.keys.good.join(", "));
                    self.add(Topic::CertificateKey, Level::Must, found, change, rules.source);
                } else if bits < rules.rsa_least {
                    self.add(Topic::CertificateKey, Level::Must, found, change, rules.source);
                } else if bits < rules.rsa_good {
                    self.add(Topic::CertificateKey, Level::Should, found, change, rules.source);
                }
            }
            None => self.graded(
                Topic::CertificateKey,
                &rules.keys,
                &[name.as_str()],
                |list| format!("a certificate has the key {list}"),
                "Use a certificate whose key is not",
            ),
        }
        self.graded(
            Topic::CertificateSignature,
            &rules.signatures,
            &[leaf.signature.as_str()],
            |list| format!("a certificate is signed with {list}"),
            "Get a certificate that is not signed with",
        );
        let days = days_of(leaf);
        for (most, level) in rules.days {
            if days > *most {
                self.add(
                    Topic::CertificateLifetime,
                    *level,
                    format!("a certificate is valid for {days} days"),
                    format!("Use certificates that are valid for at most {most} days"),
                    rules.days_source,
                );
                break;
            }
        }
    }

    /// Adds a deviation for the names that are phased out, and another for the names that are in neither list. `found`
    /// turns a list of names into the observation, and `change` precedes the list in the instruction.
    fn graded(&mut self, topic: Topic, table: &Graded, names: &[&str], found: impl Fn(&str) -> String, change: &str) {
        let is_open = |name: &&&str| !table.good.contains(*name);
        let (phased_out, wrong): (Vec<&str>, Vec<&str>) =
            names.iter().filter(is_open).partition(|name| table.phased_out.contains(*name));
        for (list, level) in [(wrong, Level::Must), (phased_out, Level::Should)] {
            if !list.is_empty() {
                let list = list.join(", ");
                self.add(topic, level, found(&list), format!("{change} {list}"), table.source);
            }
        }
    }
}

/// The validity period in days, rounded up.
fn days_of(leaf: &Certificate) -> i64 {
    let rounding = SpanRound::new().largest(Unit::Hour);
    let span = leaf.not_after.since(leaf.not_before).and_then(|span| span.round(rounding));
    // RFC 5280 §4.1.2.5: the validity period includes the last second.
    span.map_or(i64::MAX, |span| i64::from(span.get_hours()) / 24 + i64::from(span.get_hours() % 24 > 0))
}

/// The finding about the deviations; none if the server has no deviations.
pub(super) fn finding(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let verdict = verdict(plan, evidence)?;
    let count = |level: Level| verdict.deviations.iter().filter(|one| one.level == level).count();
    let (must, should) = (count(Level::Must), count(Level::Should));
    if must + should == 0 {
        return None;
    }
    let changes = |count: usize, how: &str| match count {
        1 => format!("1 change is {how}"),
        more => format!("{more} changes are {how}"),
    };
    let summary = if must > 0 {
        format!("the server does not meet {}: {}", verdict.title, changes(must, "required"))
    } else {
        format!("{} for {}", changes(should, "recommended"), verdict.title)
    };
    let mut finding = Finding::new(&TLS_PROFILE_NOT_MET, Phase::Tls, Confidence::Certain, summary);
    if must == 0 {
        finding.severity = Severity::Notice;
    }
    let of = |level: Level| {
        let found = verdict.deviations.iter().filter(|one| one.level == level);
        found.map(|one| format!("{} ({})", one.found, one.source)).collect::<Vec<_>>().join("; ")
    };
    finding.cause = if must > 0 { of(Level::Must) } else { of(Level::Should) };
    if must > 0 && should > 0 {
        finding.consequences.push(format!("Recommendations of the profile that are not met: {}", of(Level::Should)));
    }
    if !verdict.not_tested.is_empty() {
        finding.consequences.push(format!("Not tested by this scan: {}", verdict.not_tested.join("; ")));
    }
    if !verdict.not_testable.is_empty() {
        finding.consequences.push(format!("Cannot be tested from outside: {}", verdict.not_testable.join("; ")));
    }
    let instruction = |change: &str| {
        let mut letters = change.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        format!("Server operator: {}", first.into_iter().chain(letters).collect::<String>())
    };
    finding.fixes = verdict.deviations.iter().map(|one| Fix::text(instruction(&one.change))).collect();
    if let Some(fix) = finding.fixes.first_mut() {
        fix.url = Some(verdict.url.clone());
    }
    let seen = Seen::of(evidence)?;
    // The finding refers only to the first and the last ClientHello. The report lists all of them.
    for one in [seen.hellos.first(), seen.hellos.last()].into_iter().flatten() {
        finding = finding.tried(one.hello.probe.id);
    }
    Some(finding.tried(seen.session.probe.id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::table::Graded;
    use super::{TlsProfile, profile};
    use crate::wire::tls::{Version, group_name, suite_name};

    fn known_suites() -> BTreeSet<String> {
        (0..=u16::MAX).map(suite_name).filter(|name| !name.starts_with("0x")).collect()
    }

    fn known_groups() -> BTreeSet<String> {
        (0..=u16::MAX).map(group_name).filter(|name| !name.starts_with("0x")).collect()
    }

    #[test]
    fn every_name_in_a_profile_is_spelled_as_in_the_results_of_a_scan() {
        let (suites, groups) = (known_suites(), known_groups());
        for (name, id) in TlsProfile::ALL {
            let profile = profile(id);
            let all = |table: &Graded| table.good.iter().chain(table.phased_out).copied().collect::<Vec<_>>();
            for suite in all(&profile.suites)
                .into_iter()
                .chain(profile.suites_wanted.map(|wanted| wanted.0).unwrap_or_default().iter().copied())
            {
                assert!(suites.contains(suite), "{name}: {suite}");
            }
            let wanted = profile.groups_wanted.iter().flat_map(|(groups, ..)| groups.iter().copied());
            for group in all(&profile.groups).into_iter().chain(wanted) {
                assert!(groups.contains(group), "{name}: {group}");
            }
            assert!(!profile.versions.allowed.contains(&Version::Tls11), "{name}");
            assert!(profile.url.starts_with("https://") && !profile.title.is_empty(), "{name}");
        }
    }

    #[test]
    fn no_name_is_both_good_and_phased_out() {
        for (name, id) in TlsProfile::ALL {
            let profile = profile(id);
            for table in [&profile.suites, &profile.groups, &profile.certificate.keys, &profile.certificate.signatures]
            {
                let good: BTreeSet<_> = table.good.iter().collect();
                assert_eq!(good.len(), table.good.len(), "{name}");
                assert!(table.phased_out.iter().all(|one| !good.contains(one)), "{name}");
            }
        }
    }
}
