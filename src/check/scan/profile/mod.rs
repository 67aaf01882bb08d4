//! Compares a server with a published profile (`--tls-profile`): each deviation, what to change, and what the profile
//! requires but a scan cannot see.
//!
//! The profiles are data, one file each, and every row names the section of the publication that it comes from. What a
//! profile calls insufficient or forbids must change; what it phases out or does not recommend should change. A profile
//! is met if nothing must change and everything was seen.
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

/// The result of a comparison with a profile. In JSON it is `tls_profile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProfileVerdict {
    /// Its name on the command line.
    pub profile: TlsProfile,
    /// The title of the publication.
    pub title: String,
    /// Its URL.
    pub url: String,
    /// Whether the server meets it: no if something must change, unknown if nothing must, but not everything was seen.
    pub met: Support,
    /// The deviations, those that must change first.
    pub deviations: Vec<Deviation>,
    /// What the profile requires and was not seen.
    pub not_tested: Vec<String>,
}

/// One deviation of a server from a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Deviation {
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub level: Level,
    /// What was seen.
    pub found: String,
    /// What to change.
    pub change: String,
    /// The section of the publication.
    pub source: String,
}

/// What a deviation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Versions of TLS.
    Versions,
    /// Cipher suites.
    Suites,
    /// Groups for key exchange, and the prime of Diffie-Hellman.
    Groups,
    /// Whose order of suites counts.
    Order,
    /// The key of a certificate.
    CertificateKey,
    /// How a certificate is signed.
    CertificateSignature,
    /// How long a certificate is valid.
    CertificateLifetime,
    /// The hash by which the key exchange is signed.
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
    let mut comparison = Comparison { deviations: Vec::new(), unknown: Vec::new() };
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
        comparison.unknown.push("the certificate".to_owned());
    }
    let Comparison { mut deviations, unknown } = comparison;
    deviations.sort_by_key(|deviation| deviation.level);
    let met = match (deviations.iter().any(|one| one.level == Level::Must), unknown.is_empty()) {
        (true, _) => Support::No,
        (false, true) => Support::Yes,
        (false, false) => Support::Unknown,
    };
    let not_tested = unknown.into_iter().chain(profile.not_tested.iter().map(|text| (*text).to_owned())).collect();
    ProfileVerdict {
        profile: id,
        title: profile.title.to_owned(),
        url: profile.url.to_owned(),
        met,
        deviations,
        not_tested,
    }
}

struct Comparison {
    deviations: Vec<Deviation>,
    /// What a complete scan would have seen, but this one did not.
    unknown: Vec<String>,
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
            self.add(Topic::Versions, Level::Must, format!("{list} accepted"), format!("Switch {list} off"), source);
        }
        for (version, level) in profile.versions.wanted {
            match scan.versions.iter().find(|one| one.version == *version).map(|one| one.accepted) {
                Some(Support::No) => {
                    self.add(
                        Topic::Versions,
                        *level,
                        format!("{version} not accepted"),
                        format!("Switch {version} on"),
                        source,
                    );
                }
                Some(Support::Unknown) | None => self.unknown.push(format!("whether {version} is accepted")),
                Some(Support::Yes) => {}
            }
        }
        for one in scan.versions.iter().filter(|one| one.accepted == Support::Unknown && !is_allowed(one.version)) {
            self.unknown.push(format!("whether {} is accepted", one.version));
        }
        if scan.sslv2 == Support::Unknown {
            self.unknown.push("whether SSLv2 is accepted".to_owned());
        }
    }

    fn suites(&mut self, profile: &Profile, scan: &Scan) {
        let mut names: Vec<&str> = Vec::new();
        // Suites of a version that must be switched off are switched off with it.
        let is_allowed = |version: Version| profile.versions.allowed.contains(&version);
        let of_versions = scan.versions.iter().filter(|one| is_allowed(one.version));
        let of_suites = scan.suites.iter().filter(|suite| is_allowed(suite.version)).map(|suite| &suite.name);
        for name in of_versions.flat_map(|one| one.suites.iter().flatten()).chain(of_suites) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        self.graded(Topic::Suites, &profile.suites, &names, "accepted", "Exclude");
        // For a version that must be switched off no list of suites is needed.
        let is_open = |one: &&VersionSeen| {
            one.accepted == Support::Yes && !one.suites_complete && profile.versions.allowed.contains(&one.version)
        };
        for one in scan.versions.iter().filter(is_open) {
            self.unknown.push(format!("all cipher suites of {}", one.version));
        }
        if let Some((wanted, source)) = profile.suites_wanted
            && !wanted.iter().any(|name| names.contains(name))
        {
            let list = wanted.join(", ");
            self.add(
                Topic::Suites,
                Level::Must,
                "none of the required suites accepted".to_owned(),
                format!("Accept at least one of {list}"),
                source,
            );
        }
    }

    fn groups(&mut self, profile: &Profile, scan: &Scan) {
        let names: Vec<&str> = scan.groups.iter().map(String::as_str).collect();
        self.graded(Topic::Groups, &profile.groups, &names, "accepted for key exchange", "Exclude");
        let has_13 = scan.versions.iter().any(|one| one.version == Version::Tls13 && one.accepted == Support::Yes);
        if has_13 && !scan.groups_complete {
            self.unknown.push("all groups of TLS 1.3".to_owned());
        }
        let is_old = |one: &&VersionSeen| one.version < Version::Tls13 && one.accepted == Support::Yes;
        let has_old = scan.versions.iter().any(|one| is_old(&one));
        let has_curves = scan.groups_before_1_3.as_ref().is_some_and(|groups| !groups.is_empty());
        if has_old && has_curves && !scan.groups_before_1_3_complete {
            self.unknown.push("all groups of TLS 1.2".to_owned());
        }
        let exhausted =
            (!has_13 || scan.groups_complete) && (!has_old || !has_curves || scan.groups_before_1_3_complete);
        for (wanted, level, source) in profile.groups_wanted {
            // A group that exists only in TLS 1.3 is not required of a server without TLS 1.3.
            let applies = has_13 || !tls::is_post_quantum(wanted.first().copied().unwrap_or_default());
            if applies && exhausted && !wanted.iter().any(|name| names.contains(name)) {
                let list = wanted.join(" or ");
                let change = format!("Switch the group {list} on");
                self.add(Topic::Groups, *level, format!("{list} not accepted"), change, source);
            }
        }
    }

    fn prime(&mut self, profile: &Profile, scan: &Scan) {
        let Some(rule) = &profile.prime else { return };
        match (scan.dhe, scan.dh_bits) {
            (_, Some(bits)) if bits < rule.least => {
                let change =
                    format!("Use a prime of at least {} bits, or switch ephemeral Diffie-Hellman off", rule.least);
                let found = format!("Diffie-Hellman with a prime of {bits} bits");
                self.add(Topic::Groups, Level::Must, found, change, rule.source);
            }
            (Support::Unknown, None) => self.unknown.push("the prime of Diffie-Hellman".to_owned()),
            _ => {}
        }
    }

    fn order(&mut self, profile: &Profile, scan: &Scan) {
        let Some((wanted, source)) = profile.order else { return };
        for one in scan.versions.iter().filter(|one| profile.versions.allowed.contains(&one.version)) {
            let Some(seen) = one.preference.filter(|seen| *seen != wanted) else { continue };
            let (found, change) = match seen {
                Preference::Server => ("the server's order of suites counts", "Let the client's order of suites count"),
                Preference::Client => ("the client's order of suites counts", "Let the server's order of suites count"),
            };
            let found = format!("in {} {found}", one.version);
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
                    format!("the key exchange of TLS 1.2 is signed with {scheme} if the client offers nothing better"),
                    "Allow only SHA-256, SHA-384 and SHA-512 for signatures of the key exchange".to_owned(),
                    source,
                );
            }
            Support::Unknown
                if scan.versions.iter().any(|one| one.version == Version::Tls12 && one.accepted == Support::Yes) =>
            {
                self.unknown.push("the hash of the key exchange".to_owned());
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
                self.unknown.push(feature.name.to_owned());
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
                let found = format!("a certificate with the key {name}");
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
                "used in a certificate",
                "Use a certificate with another key than",
            ),
        }
        self.graded(
            Topic::CertificateSignature,
            &rules.signatures,
            &[leaf.signature.as_str()],
            "used to sign the certificate",
            "Get a certificate that is not signed with",
        );
        let days = days_of(leaf);
        for (most, level) in rules.days {
            if days > *most {
                self.add(
                    Topic::CertificateLifetime,
                    *level,
                    format!("a certificate that is valid for {days} days"),
                    format!("Use certificates that are valid for at most {most} days"),
                    rules.days_source,
                );
                break;
            }
        }
    }

    /// What is neither good nor tolerated must change; what is only tolerated should change.
    fn graded(&mut self, topic: Topic, table: &Graded, names: &[&str], verb: &str, change: &str) {
        let is_open = |name: &&&str| !table.good.contains(*name);
        let (phased_out, wrong): (Vec<&str>, Vec<&str>) =
            names.iter().filter(is_open).partition(|name| table.phased_out.contains(*name));
        for (list, level) in [(wrong, Level::Must), (phased_out, Level::Should)] {
            if !list.is_empty() {
                let list = list.join(", ");
                self.add(topic, level, format!("{list} {verb}"), format!("{change} {list}"), table.source);
            }
        }
    }
}

/// The period of validity in days, including the first and the last second, rounded up.
fn days_of(leaf: &Certificate) -> i64 {
    let rounding = SpanRound::new().largest(Unit::Hour);
    let span = leaf.not_after.since(leaf.not_before).and_then(|span| span.round(rounding));
    // RFC 5280 §4.1.2.5: the last second belongs to it.
    span.map_or(i64::MAX, |span| i64::from(span.get_hours()) / 24 + i64::from(span.get_hours() % 24 > 0))
}

/// The finding about the deviations, if there are any.
pub(super) fn finding(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let verdict = verdict(plan, evidence)?;
    let count = |level: Level| verdict.deviations.iter().filter(|one| one.level == level).count();
    let (must, should) = (count(Level::Must), count(Level::Should));
    if must + should == 0 {
        return None;
    }
    let things = |count: usize| if count == 1 { "1 thing".to_owned() } else { format!("{count} things") };
    let summary = if must > 0 {
        format!("the server does not meet {}: {} must change", verdict.title, things(must))
    } else {
        format!("{}: {} should change", verdict.title, things(should))
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
        finding.consequences.push(format!("Less urgent: {}", of(Level::Should)));
    }
    if !verdict.not_tested.is_empty() {
        finding.consequences.push(format!("Not tested: {}", verdict.not_tested.join("; ")));
    }
    finding.fixes = verdict.deviations.iter().map(|one| Fix::text(one.change.clone())).collect();
    if let Some(fix) = finding.fixes.first_mut() {
        fix.url = Some(verdict.url.clone());
    }
    let seen = Seen::of(evidence)?;
    // There are many ClientHellos, and the report lists all of them. The finding refers to the first and the last.
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
    fn every_name_in_a_profile_is_one_that_a_scan_shows() {
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
    fn nothing_is_both_good_and_phased_out() {
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
