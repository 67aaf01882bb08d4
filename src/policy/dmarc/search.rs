//! The search for the DMARC record that applies to a domain: the tree walk of RFC 9989 §4.10, and the lookup of RFC
//! 7489 (historic), which many receivers still use.

use psl::Psl;

use super::{Disposition, DmarcRecord, Existence, PublicSuffix};
use crate::wire::DnsName;

/// The second name of a tree walk has at most this many labels, so the walk visits at most eight names (RFC 9989
/// §4.10).
const MAX_LABELS: usize = 7;

/// The names of a tree walk, without `_dmarc`, from the domain to the top-level domain: at most eight (RFC 9989 §4.10).
pub(crate) fn walk(domain: &DnsName) -> Vec<DnsName> {
    let mut names = vec![domain.clone()];
    let mut at = domain.clone();
    loop {
        let count = at.labels().count();
        for _ in 0..count.saturating_sub(MAX_LABELS).max(1) {
            match at.parent() {
                Some(parent) => at = parent,
                None => return names,
            }
        }
        if at.is_root() {
            return names;
        }
        names.push(at.clone());
    }
}

/// What was found at one name of the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WalkStep {
    /// The name, without `_dmarc`.
    pub(crate) name: DnsName,
    /// What was found.
    pub(crate) found: WalkFound,
}

/// What was found at one name of the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WalkFound {
    /// No DMARC record.
    Nothing,
    /// One record.
    Record(Box<DmarcRecord>),
    /// Several records, which count as no record (RFC 9989 §4.10).
    Several,
    /// There is no answer.
    Unknown,
}

/// The record that applies, and the policy that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The name of the record, without `_dmarc`.
    pub(crate) at: DnsName,
    /// The policy; `None` if receivers ignore the record.
    pub(crate) policy: Option<Disposition>,
}

/// The result of a search for the record that applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordSearch {
    /// A record applies.
    Found(Applied),
    /// DMARC does not apply.
    NotFound,
    /// A lookup that determines the result has no answer.
    Unknown,
}

/// The steps up to the step that ends the walk: a record with `psd=y` or `psd=n`.
fn until_end(steps: &[WalkStep]) -> &[WalkStep] {
    let is_end =
        |step: &WalkStep| matches!(&step.found, WalkFound::Record(record) if record.suffix != PublicSuffix::Unstated);
    let count = steps.iter().position(is_end).map_or(steps.len(), |at| at + 1);
    steps.get(..count).unwrap_or(steps)
}

/// The organizational domain according to the tree walk (RFC 9989 §4.10.2); `None` if a lookup has no answer.
pub(crate) fn organizational_domain(steps: &[WalkStep]) -> Option<DnsName> {
    let start = &steps.first()?.name;
    let steps = until_end(steps);
    if steps.iter().any(|step| step.found == WalkFound::Unknown) {
        return None;
    }
    let records = steps.iter().enumerate().filter_map(|(at, step)| match &step.found {
        WalkFound::Record(record) => Some((at, step, record)),
        WalkFound::Nothing | WalkFound::Several | WalkFound::Unknown => None,
    });
    let mut last = start;
    for (at, step, record) in records {
        match record.suffix {
            PublicSuffix::No => return Some(step.name.clone()),
            // The organizational domain is one label below the public suffix, unless the domain itself is the suffix.
            PublicSuffix::Yes if at > 0 => return Some(one_below(&step.name, start)),
            PublicSuffix::Yes | PublicSuffix::Unstated => last = &step.name,
        }
    }
    Some(last.clone())
}

/// The name one label below a suffix of the domain.
fn one_below(suffix: &DnsName, domain: &DnsName) -> DnsName {
    let mut at = domain.clone();
    while let Some(parent) = at.parent() {
        if parent == *suffix {
            break;
        }
        at = parent;
    }
    at
}

/// The record that applies according to RFC 9989 §4.10.1: the domain's own record; otherwise, the organizational
/// domain's; otherwise, that of a public suffix with `psd=y`.
pub(crate) fn search_by_walk(steps: &[WalkStep], existence: Existence) -> RecordSearch {
    let Some(first) = steps.first() else { return RecordSearch::Unknown };
    match &first.found {
        WalkFound::Record(record) => {
            return RecordSearch::Found(Applied { at: first.name.clone(), policy: record.policy_for_domain() });
        }
        WalkFound::Unknown => return RecordSearch::Unknown,
        WalkFound::Nothing | WalkFound::Several => {}
    }
    let Some(organization) = organizational_domain(steps) else { return RecordSearch::Unknown };
    let suffix = until_end(steps).last();
    let at =
        steps.iter().find(|step| step.name == organization && matches!(step.found, WalkFound::Record(_))).or(suffix);
    match at.map(|step| (&step.name, &step.found)) {
        Some((name, WalkFound::Record(record))) => {
            RecordSearch::Found(Applied { at: name.clone(), policy: record.policy_for_subdomain(existence) })
        }
        _ => RecordSearch::NotFound,
    }
}

/// The organizational domain according to the public suffix list: the public suffix with one more label. A public
/// suffix is its own organizational domain.
pub(crate) fn organizational_domain_by_list(domain: &DnsName) -> DnsName {
    let suffix = psl::List.suffix(domain.as_str().as_bytes());
    let labels = suffix.map_or(1, |suffix| suffix.as_bytes().split(|byte| *byte == b'.').count());
    let mut at = domain.clone();
    while at.labels().count() > labels + 1 {
        match at.parent() {
            Some(parent) => at = parent,
            None => break,
        }
    }
    at
}

/// Whether the domain is on the public suffix list.
pub(crate) fn is_public_suffix(domain: &DnsName) -> bool {
    psl::List.suffix(domain.as_str().as_bytes()).is_some_and(|suffix| suffix.as_bytes() == domain.as_str().as_bytes())
}

/// The record that applies according to RFC 7489 (historic) §6.6.3: the domain's own record; otherwise, that of the
/// organizational domain according to the public suffix list. If either name has several records, DMARC does not apply.
pub(crate) fn search_by_list(steps: &[WalkStep], organization: &DnsName) -> RecordSearch {
    let Some(first) = steps.first() else { return RecordSearch::Unknown };
    match &first.found {
        WalkFound::Record(record) => {
            return RecordSearch::Found(Applied { at: first.name.clone(), policy: record.policy_for_domain() });
        }
        WalkFound::Unknown => return RecordSearch::Unknown,
        WalkFound::Several => return RecordSearch::NotFound,
        WalkFound::Nothing => {}
    }
    match steps.iter().find(|step| step.name == *organization).map(|step| &step.found) {
        Some(WalkFound::Record(record)) => {
            // RFC 7489 (historic) does not define `np`.
            let policy = record.policy_for_subdomain(Existence::Exists);
            RecordSearch::Found(Applied { at: organization.clone(), policy })
        }
        Some(WalkFound::Unknown) => RecordSearch::Unknown,
        Some(WalkFound::Nothing | WalkFound::Several) | None => RecordSearch::NotFound,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use proptest::prelude::proptest;

    use super::{
        RecordSearch, WalkFound, WalkStep, organizational_domain, organizational_domain_by_list, search_by_list,
        search_by_walk, walk,
    };
    use crate::policy::dmarc::{Disposition, DmarcRecord, DmarcText, Existence};
    use crate::wire::DnsName;

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).unwrap()
    }

    fn record(text: &str) -> DmarcRecord {
        match DmarcText::parse(text) {
            DmarcText::Record(record) => *record,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// A walk from this domain. The zone has these records at these names (without `_dmarc`).
    fn steps(domain: &str, zone: &[(&str, &str)]) -> Vec<WalkStep> {
        let found = |at: &DnsName| match zone.iter().find(|(of, _)| *of == at.as_str()).map(|(_, text)| *text) {
            None => WalkFound::Nothing,
            Some("two") => WalkFound::Several,
            Some("?") => WalkFound::Unknown,
            Some(text) => WalkFound::Record(Box::new(record(text))),
        };
        walk(&name(domain)).into_iter().map(|at| WalkStep { found: found(&at), name: at }).collect()
    }

    fn policy(search: RecordSearch) -> Option<(String, Option<Disposition>)> {
        match search {
            RecordSearch::Found(applied) => Some((applied.at.to_string(), applied.policy)),
            RecordSearch::NotFound | RecordSearch::Unknown => None,
        }
    }

    #[test]
    fn a_walk_has_at_most_eight_names() {
        let names: Vec<String> = walk(&name("a.b.c.d.e.f.g.h.i.j.com")).iter().map(DnsName::to_string).collect();
        assert_eq!(names.len(), 8);
        assert_eq!(names.get(1).unwrap(), "e.f.g.h.i.j.com");
        assert_eq!(names.last().unwrap(), "com");
        assert_eq!(walk(&name("a.example.com")).len(), 3);
        assert_eq!(walk(&name("a.b.c.d.e.f.g.com")).get(1).unwrap().to_string(), "b.c.d.e.f.g.com");
    }

    #[test]
    fn the_walk_and_the_list_can_differ() {
        let only_below = steps("news.example.com", &[("news.example.com", "v=DMARC1; p=reject")]);
        assert_eq!(organizational_domain(&only_below), Some(name("news.example.com")));
        assert_eq!(organizational_domain_by_list(&name("news.example.com")), name("example.com"));

        let two =
            steps("a.example.com", &[("a.example.com", "two"), ("example.com", "v=DMARC1; p=reject; sp=quarantine")]);
        let list = organizational_domain_by_list(&name("a.example.com"));
        let walked = policy(search_by_walk(&two, Existence::Exists));
        assert_eq!(walked, Some(("example.com".to_owned(), Some(Disposition::Quarantine))));
        assert_eq!(search_by_list(&two, &list), RecordSearch::NotFound);

        let middle = steps(
            "a.b.example.com",
            &[("b.example.com", "v=DMARC1; p=reject; psd=n"), ("example.com", "v=DMARC1; p=none")],
        );
        assert_eq!(organizational_domain(&middle), Some(name("b.example.com")));
        let walked = policy(search_by_walk(&middle, Existence::Exists));
        assert_eq!(walked, Some(("b.example.com".to_owned(), Some(Disposition::Reject))));
        let listed = policy(search_by_list(&middle, &list));
        assert_eq!(listed, Some(("example.com".to_owned(), Some(Disposition::None))));
    }

    #[test]
    fn a_public_suffix_has_its_own_policy() {
        let bank = steps("a.b.bank", &[("bank", "v=DMARC1; p=reject; np=quarantine; psd=y")]);
        assert_eq!(organizational_domain(&bank), Some(name("b.bank")));
        let walked = policy(search_by_walk(&bank, Existence::Nonexistent));
        assert_eq!(walked, Some(("bank".to_owned(), Some(Disposition::Quarantine))));
    }

    #[test]
    fn a_lookup_without_an_answer_decides_nothing() {
        let broken = steps("a.example.com", &[("example.com", "?")]);
        assert_eq!(search_by_walk(&broken, Existence::Exists), RecordSearch::Unknown);
        assert_eq!(search_by_list(&broken, &name("example.com")), RecordSearch::Unknown);
        assert_eq!(organizational_domain(&broken), None);
    }

    #[test]
    fn organizational_domains_follow_the_list() {
        for (domain, organization) in [
            ("example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("com", "com"),
            ("x.unknown-tld", "x.unknown-tld"),
            ("a.x.unknown-tld", "x.unknown-tld"),
        ] {
            assert_eq!(organizational_domain_by_list(&name(domain)), name(organization), "{domain}");
        }
    }

    proptest! {
        #[test]
        fn any_name_can_be_walked(labels in proptest::collection::vec("[a-z0-9_]{1,10}", 0..20)) {
            let domain = name(&labels.join("."));
            assert!(walk(&domain).len() <= 8);
            organizational_domain_by_list(&domain);
        }
    }
}
