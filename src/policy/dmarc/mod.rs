//! DMARC records (RFC 9989, aggregate reports RFC 9990). The parser accepts any text and never fails. It records every
//! mistake, because receivers silently ignore an invalid record or tag.
//!
//! [`search`] finds the record that applies to a domain.

pub(crate) mod search;

use super::tags::TagList;
use crate::wire::DnsName;

/// A DMARC record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DmarcRecord {
    /// The policy for the domain (`p`), if it is valid.
    pub(crate) policy: Option<Disposition>,
    /// The policy for existing subdomains (`sp`), if it is valid.
    pub(crate) subdomains: Option<Disposition>,
    /// The policy for subdomains that do not exist (`np`), if it is valid.
    pub(crate) nonexistent: Option<Disposition>,
    /// Whether the domain is a public suffix (`psd`).
    pub(crate) suffix: PublicSuffix,
    /// Whether the policy is in test mode, which lowers it by one level (`t=y`).
    pub(crate) is_testing: bool,
    /// Which DKIM signatures count (`adkim`).
    pub(crate) dkim_alignment: AlignmentMode,
    /// Which SPF results count (`aspf`).
    pub(crate) spf_alignment: AlignmentMode,
    /// The percentage of mail that the policy applies to according to RFC 7489 (historic). RFC 9989 does not define
    /// it.
    pub(crate) percent: Option<u8>,
    /// The addresses for aggregate reports.
    pub(crate) aggregate: Vec<ReportAddress>,
    /// The addresses for failure reports.
    pub(crate) failure: Vec<ReportAddress>,
    /// The mistakes in the record.
    pub(crate) faults: Vec<DmarcFault>,
}

/// What receivers do with mail that fails DMARC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Disposition {
    None,
    Quarantine,
    Reject,
}

/// How similar the domain that SPF or DKIM authenticated must be to the domain of the From header (RFC 9989 §4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AlignmentMode {
    /// Both have the same organizational domain.
    #[default]
    Relaxed,
    /// Both are equal.
    Strict,
}

/// The value of `psd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PublicSuffix {
    #[default]
    Unstated,
    Yes,
    No,
}

/// An address for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportAddress {
    /// The URI as it is written.
    pub(crate) uri: String,
    /// The domain of the email address; `None` if it is not a valid `mailto:` URI.
    pub(crate) domain: Option<DnsName>,
}

/// A mistake in a DMARC record. The strings in the variants were received from DNS and are not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DmarcFault {
    /// There is no `p`.
    PolicyMissing,
    /// The value of `p`, `sp` or `np` is not defined.
    PolicyInvalid {
        /// The tag.
        tag: &'static str,
        /// The value.
        value: String,
    },
    /// `p` is not the second tag, as RFC 7489 (historic) requires it to be.
    PolicyNotSecond,
    /// A tag occurs twice, which makes the list invalid (RFC 6376 §3.2).
    Doubled(String),
    /// The name of a tag is in upper case, which not every receiver accepts.
    UpperCase(String),
    /// A part between semicolons has no `=`.
    NotATag(String),
    /// The value of another tag is not defined.
    ValueInvalid {
        /// The tag.
        tag: &'static str,
        /// The value.
        value: String,
    },
    /// An address for reports has no `mailto:`.
    NoMailto(String),
    /// An address for reports is not a valid URI with `mailto:`.
    AddressInvalid(String),
    /// Addresses are separated by spaces or semicolons instead of commas.
    Separator(String),
}

impl DmarcFault {
    /// Whether the fault affects only where reports are sent.
    pub(crate) fn is_about_reports(&self) -> bool {
        matches!(
            self,
            DmarcFault::NoMailto(_)
                | DmarcFault::AddressInvalid(_)
                | DmarcFault::Separator(_)
                | DmarcFault::ValueInvalid { tag: "rua" | "ruf", .. }
        )
    }
}

/// Why a TXT record that was intended as a DMARC record is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NearMiss {
    /// It begins with a space.
    LeadingSpace,
    /// `v=DMARC1` is not spelled exactly like this.
    Version,
    /// `v=DMARC1` is not the first tag.
    VersionNotFirst,
    /// There is no `v=DMARC1`.
    NoVersion,
    /// It begins with a quotation mark, or contains backslashes.
    Quoted,
}

/// The kind of a TXT record at `_dmarc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DmarcText {
    /// A DMARC record.
    Record(Box<DmarcRecord>),
    /// A TXT record that was intended as a DMARC record, but is ignored by receivers.
    NearMiss(NearMiss),
    /// A TXT record that is unrelated to DMARC.
    Unrelated,
}

impl DmarcText {
    /// Classifies a TXT record. A DMARC record begins with exactly `v=DMARC1`; spaces are allowed only around `=`.
    ///
    /// The grammar allows tag names in upper case, but RFC 6376 §3.2 does not. Such a record is parsed, with a fault.
    pub(crate) fn parse(text: &str) -> DmarcText {
        let lower = with_names_in_lower_case(text);
        if lower == text {
            return DmarcText::parse_exactly(text);
        }
        let mut parsed = DmarcText::parse_exactly(&lower);
        let tags = TagList::parse(text);
        let changed = tags.tags.iter().find(|tag| tag.name.contains(|c: char| c.is_ascii_uppercase()));
        if let (DmarcText::Record(record), Some(tag)) = (&mut parsed, changed) {
            record.faults.push(DmarcFault::UpperCase(tag.name.to_owned()));
        }
        parsed
    }

    fn parse_exactly(text: &str) -> DmarcText {
        let tags = TagList::parse(text);
        let first = tags.tags.first();
        let is_version = first.is_some_and(|tag| tag.name == "v" && tag.value == "DMARC1");
        if is_version && text.starts_with('v') {
            return DmarcText::Record(Box::new(DmarcRecord::of(&tags)));
        }
        let upper = text.to_ascii_uppercase();
        let is_like_tags = || ["p", "rua", "ruf", "sp"].iter().filter(|tag| tags.get(tag).is_some()).count() > 0;
        let miss = if is_version {
            NearMiss::LeadingSpace
        } else if upper.contains("DMARC1") && text.contains(['"', '\\', '\u{201c}']) {
            NearMiss::Quoted
        } else if tags.get("v") == Some("DMARC1") {
            NearMiss::VersionNotFirst
        } else if upper.trim_start().starts_with("V=DMARC") || upper.trim_start().starts_with("DMARC") {
            NearMiss::Version
        } else if is_like_tags() && tags.get("v").is_none() {
            NearMiss::NoVersion
        } else {
            return DmarcText::Unrelated;
        };
        DmarcText::NearMiss(miss)
    }
}

impl DmarcRecord {
    fn of(tags: &TagList<'_>) -> DmarcRecord {
        let mut faults: Vec<DmarcFault> =
            tags.doubled().into_iter().map(|tag| DmarcFault::Doubled(tag.to_owned())).collect();
        let mut policy_of = |tag: &'static str| {
            let value = tags.get(tag)?;
            let policy = Disposition::parse(value);
            if policy.is_none() {
                faults.push(DmarcFault::PolicyInvalid { tag, value: value.to_owned() });
            }
            policy
        };
        let (policy, subdomains, nonexistent) = (policy_of("p"), policy_of("sp"), policy_of("np"));
        match tags.tags.iter().position(|tag| tag.name == "p") {
            None => faults.push(DmarcFault::PolicyMissing),
            Some(1) => {}
            Some(_) => faults.push(DmarcFault::PolicyNotSecond),
        }
        for (tag, allowed) in
            [("adkim", ["r", "s", ""]), ("aspf", ["r", "s", ""]), ("t", ["y", "n", ""]), ("psd", ["y", "n", "u"])]
        {
            if let Some(value) = tags.get(tag)
                && (value.is_empty() || !allowed.iter().any(|word| value.eq_ignore_ascii_case(word)))
            {
                faults.push(DmarcFault::ValueInvalid { tag, value: value.to_owned() });
            }
        }
        if let Some(value) = tags.get("fo").filter(|value| !value.split(':').all(is_report_option)) {
            faults.push(DmarcFault::ValueInvalid { tag: "fo", value: value.to_owned() });
        }
        let percent = tags.get("pct").and_then(|value| value.parse().ok()).filter(|percent| *percent <= 100);
        if let Some(value) = tags.get("pct").filter(|_| percent.is_none()) {
            faults.push(DmarcFault::ValueInvalid { tag: "pct", value: value.to_owned() });
        }
        // A part without `=` is often the second address of a list that should be separated by commas.
        let mut after_addresses = false;
        for tag in &tags.tags {
            match tag.name {
                "" if after_addresses && tag.value.contains('@') => {
                    faults.push(DmarcFault::Separator(tag.value.to_owned()));
                }
                "" => faults.push(DmarcFault::NotATag(tag.value.to_owned())),
                name => after_addresses = matches!(name, "rua" | "ruf"),
            }
        }
        for tag in ["rua", "ruf"].into_iter().filter(|tag| tags.get(tag) == Some("")) {
            faults.push(DmarcFault::ValueInvalid { tag, value: String::new() });
        }
        let aggregate = addresses(tags.get("rua").unwrap_or_default(), &mut faults);
        let failure = addresses(tags.get("ruf").unwrap_or_default(), &mut faults);
        let is_yes = |tag: &str| tags.get(tag).is_some_and(|value| value.eq_ignore_ascii_case("y"));
        let alignment = |tag: &str| match tags.get(tag) {
            Some(value) if value.eq_ignore_ascii_case("s") => AlignmentMode::Strict,
            _ => AlignmentMode::Relaxed,
        };
        let suffix = match tags.get("psd") {
            Some(value) if value.eq_ignore_ascii_case("y") => PublicSuffix::Yes,
            Some(value) if value.eq_ignore_ascii_case("n") => PublicSuffix::No,
            _ => PublicSuffix::Unstated,
        };
        DmarcRecord {
            policy,
            subdomains,
            nonexistent,
            suffix,
            is_testing: is_yes("t"),
            dkim_alignment: alignment("adkim"),
            spf_alignment: alignment("aspf"),
            percent,
            aggregate,
            failure,
            faults,
        }
    }

    /// The policy for the domain of the record; `None` if receivers ignore the record. A record with an invalid `p`,
    /// `sp` or `np` counts as `p=none` if it has a report address. Otherwise, receivers ignore it (RFC 9989 §4.7).
    pub(crate) fn policy_for_domain(&self) -> Option<Disposition> {
        let is_invalid = self.faults.iter().any(|fault| matches!(fault, DmarcFault::PolicyInvalid { .. }));
        let reports = self.aggregate.iter().any(|address| address.domain.is_some());
        match self.policy {
            _ if is_invalid => reports.then_some(Disposition::None),
            Some(policy) => Some(policy),
            None => Some(Disposition::None),
        }
    }

    /// The policy for a subdomain of the domain of the record.
    pub(crate) fn policy_for_subdomain(&self, exists: Existence) -> Option<Disposition> {
        let whole = self.policy_for_domain()?;
        let is_invalid = self.faults.iter().any(|fault| matches!(fault, DmarcFault::PolicyInvalid { .. }));
        let nonexistent = self.nonexistent.filter(|_| exists == Existence::Nonexistent);
        Some(nonexistent.or(self.subdomains).filter(|_| !is_invalid).unwrap_or(whole))
    }
}

/// Whether a subdomain exists (RFC 9989 §3.2.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existence {
    Exists,
    Nonexistent,
}

impl Disposition {
    fn parse(value: &str) -> Option<Disposition> {
        [Disposition::None, Disposition::Quarantine, Disposition::Reject]
            .into_iter()
            .find(|policy| value.eq_ignore_ascii_case(policy.word()))
    }

    /// The value as it is written in a record.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Disposition::None => "none",
            Disposition::Quarantine => "quarantine",
            Disposition::Reject => "reject",
        }
    }
}

/// Whether a part of `fo` is defined: when failure reports are sent (RFC 9989 §4.7).
fn is_report_option(part: &str) -> bool {
    ["0", "1", "d", "s"].iter().any(|option| part.trim().eq_ignore_ascii_case(option))
}

/// The addresses of `rua` or `ruf`: URIs with commas between them, each with an optional size limit after `!`.
fn addresses(list: &str, faults: &mut Vec<DmarcFault>) -> Vec<ReportAddress> {
    let mut found = Vec::new();
    for uri in list.split(',').map(str::trim).filter(|uri| !uri.is_empty()) {
        let address = uri.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto"));
        let domain = address.and_then(|(_, address)| {
            let address = address.split(['!', '?']).next().unwrap_or_default();
            let (local, domain) = address.rsplit_once('@')?;
            let is_complete = !local.is_empty()
                && !local.starts_with('/')
                && !address.contains(char::is_whitespace)
                && !local.contains('@');
            DnsName::parse(domain).ok().filter(|name| is_complete && name.host_name().is_some())
        });
        let fault = match (&domain, address) {
            (Some(_), _) => None,
            _ if uri.contains(char::is_whitespace) => Some(DmarcFault::Separator(uri.to_owned())),
            (None, None) if !uri.contains(':') && uri.contains('@') => Some(DmarcFault::NoMailto(uri.to_owned())),
            (None, _) => Some(DmarcFault::AddressInvalid(uri.to_owned())),
        };
        faults.extend(fault);
        found.push(ReportAddress { uri: uri.to_owned(), domain });
    }
    found
}

/// The record without its mistakes: `v=DMARC1` first, then a valid `p`, each tag once, and report addresses with
/// `mailto:`, separated by commas. All tags with valid values are kept, so the record does not become stricter.
pub(crate) fn corrected(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '"' | '\\' | '\u{201c}' | '\u{201d}')).collect();
    let plain = with_names_in_lower_case(&with_equals_signs(&plain));
    let tags = TagList::parse(&plain);
    // If there are several policies, it is not known which one is intended, so the record does not become stricter.
    let policies = tags.tags.iter().filter(|tag| tag.name == "p").map(|tag| Disposition::parse(tag.value));
    let policy = policies.map(|policy| policy.unwrap_or(Disposition::None)).min().unwrap_or(Disposition::None);
    let mut parts = vec!["v=DMARC1".to_owned(), format!("p={}", policy.word())];
    for tag in ["sp", "np"] {
        parts.extend(tags.get(tag).and_then(Disposition::parse).map(|policy| format!("{tag}={}", policy.word())));
    }
    for (tag, allowed) in [("adkim", "rs"), ("aspf", "rs"), ("t", "yn"), ("psd", "ynu")] {
        let value =
            tags.get(tag).map(str::to_ascii_lowercase).filter(|value| value.len() == 1 && allowed.contains(value));
        parts.extend(value.map(|value| format!("{tag}={value}")));
    }
    // RFC 9989 does not define `pct`, but receivers that follow RFC 7489 apply the policy only to this percentage.
    let percent = tags.get("pct").and_then(|value| value.parse::<u8>().ok()).filter(|percent| *percent < 100);
    parts.extend(percent.filter(|_| policy != Disposition::None).map(|percent| format!("pct={percent}")));
    let (mut rua, mut ruf, mut last) = (Vec::new(), Vec::new(), "");
    for tag in &tags.tags {
        last = if tag.name.is_empty() { last } else { tag.name };
        let list = match last {
            "rua" => &mut rua,
            "ruf" => &mut ruf,
            _ => continue,
        };
        for word in tag.value.split([',', ' ', '\t', '<', '>']).filter(|word| word.contains('@')) {
            let bare = word.split_once(':').map_or(word, |(_, address)| address);
            let address = format!("mailto:{}", bare.trim_start_matches('/'));
            if !list.contains(&address) {
                list.push(address);
            }
        }
    }
    for (tag, list) in [("rua", rua), ("ruf", ruf)] {
        if !list.is_empty() {
            parts.push(format!("{tag}={}", list.join(",")));
        }
    }
    let options = tags.get("fo").filter(|value| value.split(':').all(is_report_option));
    parts.extend(options.map(|value| format!("fo={value}")));
    parts.join("; ")
}

/// The text with the names of the known tags in lower case.
fn with_names_in_lower_case(text: &str) -> String {
    let known = ["v", "p", "sp", "np", "adkim", "aspf", "rua", "ruf", "fo", "pct", "psd", "t", "rf", "ri"];
    let part = |part: &str| match part.split_once('=') {
        Some((name, value)) if known.contains(&name.trim().to_ascii_lowercase().as_str()) => {
            format!("{}={value}", name.to_ascii_lowercase())
        }
        _ => part.to_owned(),
    };
    text.split(';').map(part).collect::<Vec<_>>().join(";")
}

/// The text with `=` instead of a colon after each tag name, and a semicolon before each tag.
fn with_equals_signs(text: &str) -> String {
    let known = ["p", "sp", "np", "adkim", "aspf", "rua", "ruf", "fo"];
    let text =
        known.iter().fold(text.to_owned(), |text, name| text.replace(&format!(" {name}="), &format!("; {name}=")));
    let part = |part: &str| match part.split_once(':') {
        Some((name, value)) if known.contains(&name.trim()) => format!("{name}={value}"),
        _ => part.to_owned(),
    };
    text.split(';').map(part).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use proptest::prelude::{any, proptest};

    use super::{Disposition, DmarcFault, DmarcRecord, DmarcText, NearMiss, corrected};

    fn record(text: &str) -> DmarcRecord {
        match DmarcText::parse(text) {
            DmarcText::Record(record) => *record,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn legal_records_have_no_fault() {
        for text in [
            "v=DMARC1; p=none",
            "v = DMARC1 ; p=REJECT; sp=quarantine; np=reject; adkim=s; aspf=r; fo=1:d; t=n; psd=u;",
            "v=DMARC1;p=none;rua=mailto:a@example.com!10m, mailto:b@example.net;ruf=MAILTO:c@example.com;pct=100;ri=3600;rf=afrf",
        ] {
            assert!(record(text).faults.is_empty(), "{text}: {:?}", record(text).faults);
        }
        assert_eq!(record("v=DMARC1;p=none;rua=mailto:a@example.com!10m,mailto:b@example.net").aggregate.len(), 2);
    }

    #[test]
    fn mistakes_are_recorded() {
        for (text, fault) in [
            ("v=DMARC1; rua=mailto:a@example.com", DmarcFault::PolicyMissing),
            ("v=DMARC1; p=monitor", DmarcFault::PolicyInvalid { tag: "p", value: "monitor".to_owned() }),
            ("v=DMARC1; p=none; sp=rejct", DmarcFault::PolicyInvalid { tag: "sp", value: "rejct".to_owned() }),
            ("v=DMARC1; sp=none; p=none", DmarcFault::PolicyNotSecond),
            ("v=DMARC1; p=none; rua=a@example.com", DmarcFault::NoMailto("a@example.com".to_owned())),
            ("v=DMARC1; p=none; rua=mailto:example.com", DmarcFault::AddressInvalid("mailto:example.com".to_owned())),
            (
                "v=DMARC1; p=none; rua=https://example.com/",
                DmarcFault::AddressInvalid("https://example.com/".to_owned()),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@b.example;mailto:c@b.example",
                DmarcFault::Separator("mailto:c@b.example".to_owned()),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@b.example mailto:c@b.example",
                DmarcFault::Separator("mailto:a@b.example mailto:c@b.example".to_owned()),
            ),
            ("v=DMARC1; p=none; rua=mailto:a@b.example; rua=mailto:c@b.example", DmarcFault::Doubled("rua".to_owned())),
            ("v=DMARC1; p=none; junk", DmarcFault::NotATag("junk".to_owned())),
            ("v=DMARC1; p=none; adkim=strict", DmarcFault::ValueInvalid { tag: "adkim", value: "strict".to_owned() }),
            ("v=DMARC1; p=none; pct=120", DmarcFault::ValueInvalid { tag: "pct", value: "120".to_owned() }),
        ] {
            assert_eq!(record(text).faults, [fault], "{text}");
        }
    }

    #[test]
    fn records_that_receivers_ignore_are_recognised() {
        for (text, miss) in [
            (" v=DMARC1; p=none", NearMiss::LeadingSpace),
            ("v=dmarc1; p=none", NearMiss::Version),
            ("DMARC1; p=none", NearMiss::Version),
            ("v=DMARC; p=none", NearMiss::Version),
            ("p=none; v=DMARC1", NearMiss::VersionNotFirst),
            ("\"v=DMARC1; p=none\"", NearMiss::Quoted),
            ("rua=mailto:a@example.com;ruf=mailto:a@example.com", NearMiss::NoVersion),
        ] {
            assert_eq!(DmarcText::parse(text), DmarcText::NearMiss(miss), "{text}");
        }
        assert_eq!(DmarcText::parse("v=spf1 -all"), DmarcText::Unrelated);
        assert_eq!(DmarcText::parse("verification=1"), DmarcText::Unrelated);
    }

    #[test]
    fn invalid_policies_count_as_none_only_with_reports() {
        assert_eq!(record("v=DMARC1; p=x").policy_for_domain(), None);
        assert_eq!(record("v=DMARC1; p=x; rua=mailto:a@b.example").policy_for_domain(), Some(Disposition::None));
        assert_eq!(record("v=DMARC1").policy_for_domain(), Some(Disposition::None));
    }

    #[test]
    fn corrected_records_have_no_fault() {
        for (text, fixed) in [
            (" v=dmarc1;p=monitor;pct=50", "v=DMARC1; p=none"),
            ("p=REJECT; v=DMARC1; sp=x; adkim=strict", "v=DMARC1; p=reject"),
            (
                "\"v=DMARC1\\; p=none; rua=a@b.example; rua=mailto:c@b.example d@b.example;mailto:e@b.example; fo=1\"",
                "v=DMARC1; p=none; rua=mailto:a@b.example,mailto:c@b.example,mailto:d@b.example,mailto:e@b.example; fo=1",
            ),
            ("v=DMARC1; p=reject; pct=5; rua=d@b.example", "v=DMARC1; p=reject; pct=5; rua=mailto:d@b.example"),
            (
                "v=DMARC1; p=reject; t=Y; psd=n; rua=<mailto:d@b.example>",
                "v=DMARC1; p=reject; t=y; psd=n; rua=mailto:d@b.example",
            ),
            ("v=DMARC1; p=none; rua=mailto://d@b.example; fo=9", "v=DMARC1; p=none; rua=mailto:d@b.example"),
            ("v=DMARC1; p=reject; p=none", "v=DMARC1; p=none"),
            ("v=DMARC1; adkim=S; aspf=S; p=quarantine", "v=DMARC1; p=quarantine; adkim=s; aspf=s"),
        ] {
            assert_eq!(corrected(text), fixed);
            assert!(record(fixed).faults.is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_parsed(text in any::<String>()) {
            DmarcText::parse(&text);
            corrected(&text);
            DmarcText::parse(&format!("v=DMARC1; p=none; rua={text}"));
        }
    }
}
