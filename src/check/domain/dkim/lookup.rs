//! The selectors and the state of their records. The other files in this module use these functions.

use super::super::seen::{DkimKeySeen, DkimState};
use super::super::sight::{Known, Sight, is_conclusive, records};
use super::selectors;
use crate::evidence::{DnsCode, Probe, RecordsSeen};
use crate::policy::dkim::{GOOD_RSA_BITS, KeyRecord, is_fragment, is_intended};
use crate::policy::dmarc::search::organizational_domain_by_list;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// A selector that no domain uses. If it has a record, a wildcard record answers for all selectors.
pub(super) const UNUSED_SELECTOR: &str = "smtpcheck-unused-selector-4f1c";

/// The number of selectors that are tried if `_domainkey` does not exist. Contrary to RFC 8020, some old servers
/// respond with NXDOMAIN for a name that has no records of its own, but has names below it.
pub(super) const CONFIRMING: usize = 4;

/// The maximum number of parent domains that are looked up. The tree walk of RFC 9989 §4.10 has the same limit.
const MAX_PARENTS: usize = 8;

/// A selector, and the state of the lookup of its record.
pub(super) struct SelectorLookup<'s> {
    pub(super) selector: String,
    pub(super) name: DnsName,
    pub(super) is_requested: bool,
    /// The probe, once it has ended.
    pub(super) probe: Option<&'s Probe>,
    /// The response, if there is one.
    pub(super) seen: Option<&'s RecordsSeen>,
}

/// The result for a selector.
pub(super) enum SelectorResult<'s> {
    /// There is no answer, or no answer yet, with the reason.
    Unknown(&'static str),
    /// There is no TXT record. For a guessed selector: no TXT record that is intended as a key.
    Absent,
    /// Several records that contain a key or part of a key.
    Several,
    /// One record.
    Record(&'s str, KeyRecord),
}

/// Whether the response proves that the name exists.
pub(super) fn exists(seen: &RecordsSeen) -> bool {
    seen.code == DnsCode::NoError && is_conclusive(seen)
}

/// Whether the response proves that neither the name nor any name below it exists.
fn is_nonexistent(seen: &RecordsSeen) -> bool {
    seen.code == DnsCode::NxDomain && is_conclusive(seen)
}

/// The selectors that the user gave, or the common ones.
pub(super) fn lookups(sight: Sight<'_>) -> Vec<SelectorLookup<'_>> {
    let Ok(keys) = sight.name().below("_domainkey") else { return Vec::new() };
    let is_requested = !sight.domain.selectors.is_empty();
    let selectors: Vec<String> = if is_requested {
        sight.domain.selectors.iter().map(|typed| selector_of(typed, &keys)).collect()
    } else {
        let mx = sight.records(&sight.name(), RecordKind::Mx).answer();
        let txt = sight.records(&sight.name(), RecordKind::Txt).answer();
        selectors::common(mx, txt).into_iter().map(str::to_owned).collect()
    };
    selectors
        .into_iter()
        .filter_map(|selector| {
            let name = keys.below(&selector).ok()?;
            let probe = sight.records(&name, RecordKind::Txt).probe();
            let seen = sight.records(&name, RecordKind::Txt).answer();
            Some(SelectorLookup { selector, name, is_requested, probe, seen })
        })
        .collect()
}

/// The names of the keys that the resolver found, and of the requested selectors.
pub(in crate::check::domain) fn known_names(sight: Sight<'_>) -> Vec<DnsName> {
    let is_known =
        |lookup: &SelectorLookup<'_>| lookup.is_requested || lookup.seen.is_some_and(|seen| !seen.records.is_empty());
    lookups(sight).into_iter().filter(is_known).map(|lookup| lookup.name).collect()
}

/// The selector without `._domainkey` and the domain, which users sometimes add (`s1._domainkey`).
pub(super) fn selector_of(typed: &str, keys: &DnsName) -> String {
    let typed = typed.trim().trim_matches('.').to_ascii_lowercase();
    let selector = typed.strip_suffix(&format!(".{keys}")).or_else(|| typed.strip_suffix("._domainkey"));
    selector.unwrap_or(&typed).to_owned()
}

/// Names at which a key is published by mistake: the DNS provider appends the domain a second time, or `._domainkey`
/// was typed twice.
pub(super) fn mistyped_names(sight: Sight<'_>, lookup: &SelectorLookup<'_>) -> Vec<DnsName> {
    let doubled = sight.name().below(lookup.name.as_str()).ok();
    let keys = sight.name().below("_domainkey._domainkey").ok();
    doubled.into_iter().chain(keys.and_then(|keys| keys.below(&lookup.selector).ok())).collect()
}

impl<'s> SelectorLookup<'s> {
    pub(super) fn result(&self) -> SelectorResult<'s> {
        let seen = match (self.seen, self.probe) {
            (Some(seen), _) if is_conclusive(seen) => seen,
            (Some(_), _) => return SelectorResult::Unknown("the name servers did not answer the query"),
            (None, Some(_)) => return SelectorResult::Unknown("the lookup failed"),
            (None, None) => return SelectorResult::Unknown("not tested"),
        };
        let texts: Vec<&str> = seen.texts().collect();
        let intended: Vec<&str> = texts.iter().copied().filter(|text| is_intended(text)).collect();
        let parts = texts.iter().filter(|text| is_intended(text) || is_fragment(text)).count();
        match (intended.as_slice(), texts.as_slice()) {
            ([_, ..], _) if parts > 1 => SelectorResult::Several,
            ([text], _) => SelectorResult::Record(text, KeyRecord::parse(text)),
            // Any record under a requested selector is assumed to be intended as a key.
            ([], [text]) if self.is_requested => SelectorResult::Record(text, KeyRecord::parse(text)),
            ([], [_, _, ..]) if self.is_requested => SelectorResult::Several,
            _ => SelectorResult::Absent,
        }
    }

    /// Whether there is no usable answer for the selector.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.result(), SelectorResult::Unknown(_))
    }

    /// Whether the selector is an alias for a name without TXT records.
    pub(super) fn is_dangling(&self) -> bool {
        self.seen.is_some_and(|seen| seen.is_void() && !seen.aliases.is_empty())
    }

    /// Whether the selector is an alias for a name without TXT records, and the alias does not come from a wildcard
    /// record that gives every selector the same target.
    pub(super) fn is_dangling_itself(&self, wildcard: Option<&DnsName>) -> bool {
        let target = self.seen.map(|seen| seen.final_name(&self.name));
        // If the names below _domainkey are replaced by a DNAME record, each target begins with its selector.
        let without = |name: Option<&DnsName>, selector: &str| {
            name.and_then(|name| name.as_str().strip_prefix(selector)).map(str::to_owned)
        };
        let is_replaced =
            without(target, &self.selector).is_some_and(|rest| Some(rest) == without(wildcard, UNUSED_SELECTOR));
        self.is_dangling() && (self.is_requested || wildcard.is_none() || (target != wildcard && !is_replaced))
    }

    pub(super) fn via(&self) -> Vec<String> {
        let aliases = self.seen.map(|seen| seen.aliases.as_slice()).unwrap_or_default();
        aliases.iter().map(|alias| alias.to.to_string()).collect()
    }

    pub(super) fn is_usable(&self) -> bool {
        matches!(self.result(), SelectorResult::Record(_, key) if key.is_usable())
    }

    pub(super) fn key_seen(&self) -> DkimKeySeen {
        let (state, key, problem) = match self.result() {
            SelectorResult::Unknown(why) => (DkimState::Unknown, None, Some(why.to_owned())),
            SelectorResult::Absent => {
                let problem = self.is_dangling().then(|| "the target of the alias has no key".to_owned());
                (DkimState::Absent, None, problem)
            }
            SelectorResult::Several => (DkimState::Broken, None, Some("several records".to_owned())),
            SelectorResult::Record(_, key) => {
                let problem = key_problem(&key);
                let state = match &key {
                    key if !key.faults.is_empty() || !key.accepts_sha256 || !key.is_for_mail => DkimState::Broken,
                    key if key.is_revoked => DkimState::Revoked,
                    key if key.bits.is_some_and(|bits| bits < GOOD_RSA_BITS) => DkimState::Weak,
                    _ => DkimState::Ok,
                };
                (state, Some(key), problem)
            }
        };
        DkimKeySeen {
            selector: self.selector.clone(),
            state,
            kind: key.as_ref().filter(|key| key.faults.is_empty()).map(|key| key.kind.to_string()),
            bits: key.and_then(|key| key.bits),
            via: self.via(),
            problem,
        }
    }
}

/// The fault of a key, as a short phrase.
pub(super) fn key_problem(key: &KeyRecord) -> Option<String> {
    Some(match key {
        KeyRecord { faults, .. } if !faults.is_empty() => faults.first()?.to_string(),
        KeyRecord { accepts_sha256: false, .. } => "SHA-256 is not accepted".to_owned(),
        KeyRecord { is_for_mail: false, .. } => "not for mail".to_owned(),
        KeyRecord { is_revoked: true, .. } => "revoked".to_owned(),
        KeyRecord { bits: Some(bits), .. } if *bits < GOOD_RSA_BITS => format!("only {bits} bits"),
        KeyRecord { is_testing: true, .. } => "test mode".to_owned(),
        _ => return None,
    })
}

/// Whether any key can exist; `None` while unknown.
pub(in crate::check::domain) fn can_exist(sight: Sight<'_>) -> Option<bool> {
    let keys = sight.name().below("_domainkey").ok()?;
    let all = lookups(sight);
    if all.iter().any(|lookup| lookup.seen.is_some_and(exists)) {
        return Some(true);
    }
    let seen = sight.records(&keys, RecordKind::Txt).answer()?;
    if exists(seen) {
        return Some(true);
    }
    let mut tried = all.iter().take(if sight.domain.selectors.is_empty() { CONFIRMING } else { all.len() });
    let is_certain = is_nonexistent(seen) && tried.all(|lookup| lookup.seen.is_some_and(is_nonexistent));
    is_certain.then_some(false)
}

/// The parent domains, up to the organizational domain. Under relaxed alignment (RFC 9989 §4.4.1), a signature with the
/// key of one of them counts for the domain.
fn parents(sight: Sight<'_>) -> Vec<DnsName> {
    let organization = organizational_domain_by_list(&sight.name());
    std::iter::successors(sight.name().parent(), DnsName::parent)
        .take_while(|name| name.is_within(&organization))
        .take(MAX_PARENTS)
        .collect()
}

/// The names that show whether a parent domain can have keys: `_domainkey`, and the first selectors below it, because
/// some servers respond with NXDOMAIN for a name that only has names below it.
fn names_of_keys(sight: Sight<'_>, parent: &DnsName) -> Vec<DnsName> {
    let Ok(keys) = parent.below("_domainkey") else { return Vec::new() };
    let selectors: Vec<String> = if sight.domain.selectors.is_empty() {
        selectors::common(None, None).into_iter().take(CONFIRMING).map(str::to_owned).collect()
    } else {
        sight.domain.selectors.iter().map(|typed| selector_of(typed, &keys)).collect()
    };
    let below: Vec<DnsName> = selectors.iter().filter_map(|selector| keys.below(selector).ok()).collect();
    std::iter::once(keys).chain(below).collect()
}

/// The lookups that show whether the parent domains can have keys.
pub(super) fn questions_above(sight: Sight<'_>) -> Vec<Question> {
    let parents = parents(sight);
    let names = parents.iter().flat_map(|parent| names_of_keys(sight, parent));
    names.map(|name| records(&name, RecordKind::Txt)).collect()
}

/// Whether any key can exist in a parent domain, up to the organizational domain; `None` while unknown.
pub(in crate::check::domain) fn can_exist_above(sight: Sight<'_>) -> Option<bool> {
    let names: Vec<DnsName> = parents(sight).iter().flat_map(|parent| names_of_keys(sight, parent)).collect();
    let seen: Vec<Option<&RecordsSeen>> =
        names.iter().map(|name| sight.records(name, RecordKind::Txt).answer()).collect();
    if seen.iter().flatten().any(|seen| exists(seen)) {
        return Some(true);
    }
    seen.iter().all(|seen| seen.is_some_and(is_nonexistent)).then_some(false)
}

/// The lookups that show that neither the domain nor a parent domain has a key.
pub(in crate::check::domain) fn lookups_above(sight: Sight<'_>) -> Vec<&Probe> {
    let keys = parents(sight).into_iter().filter_map(|parent| parent.below("_domainkey").ok());
    keys.filter_map(|name| sight.records(&name, RecordKind::Txt).probe()).collect()
}

/// The lookup that shows whether any key can exist.
pub(in crate::check::domain) fn lookup_of_keys(sight: Sight<'_>) -> Option<&Probe> {
    sight.records(&sight.name().below("_domainkey").ok()?, RecordKind::Txt).probe()
}

/// The content of the wildcard record that answers for every selector.
pub(super) fn wildcard_text(sight: Sight<'_>) -> Option<&str> {
    wildcard(sight).map(|(_, text)| text)
}

pub(super) fn wildcard(sight: Sight<'_>) -> Option<(&Probe, &str)> {
    unused(sight).and_then(|(probe, seen)| seen.texts().next().map(|text| (probe, text)))
}

/// The target of a wildcard alias that answers for every selector, if the target has no TXT records.
pub(super) fn wildcard_alias(sight: Sight<'_>) -> Option<(&Probe, &DnsName)> {
    let (probe, seen) = unused(sight)?;
    let alias = seen.aliases.last().filter(|_| seen.is_void())?;
    Some((probe, &alias.to))
}

/// The response for a selector that is certainly not in use.
fn unused(sight: Sight<'_>) -> Option<(&Probe, &RecordsSeen)> {
    let name = sight.name().below("_domainkey").ok()?.below(UNUSED_SELECTOR).ok()?;
    match sight.records(&name, RecordKind::Txt) {
        Known::Seen(probe, seen) => Some((probe, seen)),
        Known::Unasked | Known::Waiting | Known::Failed(..) | Known::Skipped => None,
    }
}
