//! The DKIM keys of the domain (RFC 6376 §3.6). A key can be found only by its selector, and DNS has no list of
//! selectors. The user specifies the selectors, or smtpcheck tries the selectors that providers and mail servers use by
//! default. If a guessed selector has no record, this proves nothing, so there is no finding.
//!
//! `selectors` contains the guesses, and `rules` contains the rules. [`crate::policy::dkim`] parses the records.

mod lookup;
mod rules;
mod selectors;

use self::lookup::{
    CONFIRMING, SelectorLookup, SelectorResult, UNUSED_SELECTOR, exists, lookups, mistyped_names, questions_above,
    wildcard, wildcard_alias, wildcard_text,
};
pub(super) use self::lookup::{can_exist, can_exist_above, known_names, lookup_of_keys, lookups_above};
use super::seen::{DkimSeen, DkimState, NotTested};
use super::sight::{Known, Sight, records};
use super::unanswered;
use crate::check::finding::{Check, Finding, Rule, Severity};
use crate::evidence::{DnsCode, Evidence, Phase, Probe, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::policy::dkim::{
    GOOD_RSA_BITS, KeyFault, KeyKind, KeyRecord, MAX_RSA_BITS, MIN_RSA_BITS, corrected, is_fragment, is_intended,
};
use crate::policy::txt::in_strings;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

pub(super) static CHECK: Check = Check { subject: "domain-dkim", ask, judge, rules: rules::RULES };

/// The maximum number of characters of a record that are quoted in a sentence.
const QUOTED: usize = 60;

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let Ok(keys) = sight.name().below("_domainkey") else { return Vec::new() };
    let txt = |name: &DnsName| records(name, RecordKind::Txt);
    let mut questions = vec![txt(&keys)];
    if can_exist(sight) == Some(false) {
        questions.extend(questions_above(sight));
    }
    let unused = keys.below(UNUSED_SELECTOR).ok();
    if !sight.domain.selectors.is_empty() {
        questions.extend(unused.iter().map(txt));
        for lookup in lookups(sight) {
            questions.push(txt(&lookup.name));
            if matches!(lookup.result(), SelectorResult::Absent) {
                questions.extend(mistyped_names(sight, &lookup).iter().map(txt));
            }
        }
        return questions;
    }
    let sources = [records(&sight.name(), RecordKind::Mx), txt(&sight.name())];
    let is_open = sight.records(&sight.name(), RecordKind::Mx).is_open()
        || sight.records(&sight.name(), RecordKind::Txt).is_open()
        || sight.records(&keys, RecordKind::Txt).is_open();
    questions.extend(sources);
    if !is_open {
        let lookups = lookups(sight);
        let first = lookups.iter().take(CONFIRMING);
        let is_certain = sight.records(&keys, RecordKind::Txt).answer().is_some_and(exists);
        let is_confirmed = || first.clone().any(|lookup| lookup.seen.is_some_and(exists));
        let count = if is_certain || is_confirmed() { lookups.len() } else { CONFIRMING };
        questions.extend(lookups.iter().take(count).map(|lookup| txt(&lookup.name)));
        questions.extend(unused.iter().filter(|_| count > CONFIRMING).map(txt));
    }
    questions
}

/// The DKIM keys of the domain.
pub(super) fn summary(sight: Sight<'_>) -> DkimSeen {
    let all = lookups(sight);
    let wildcard = wildcard_text(sight);
    let alias = wildcard_alias(sight).map(|(_, alias)| alias);
    let is_substituted = every_guess_dangles(&all);
    let is_shown = |lookup: &SelectorLookup<'_>| {
        lookup.is_requested
            || match lookup.result() {
                SelectorResult::Unknown(_) => false,
                SelectorResult::Absent => !is_substituted && lookup.is_dangling_itself(alias),
                SelectorResult::Several => true,
                SelectorResult::Record(text, _) => Some(text) != wildcard,
            }
    };
    let tried = all.iter().filter(|lookup| !lookup.is_requested && !lookup.is_unanswered());
    DkimSeen {
        can_exist: can_exist(sight),
        tried: tried.filter(|lookup| !is_shown(lookup)).count(),
        keys: all.iter().filter(|lookup| is_shown(lookup)).map(SelectorLookup::key_seen).collect(),
    }
}

/// The part of the DKIM check that was not tested.
pub(super) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let seen = summary(sight);
    let failed = lookups(sight).iter().filter(|lookup| lookup.probe.is_some() && lookup.is_unanswered()).count();
    let why = match seen.can_exist {
        Some(false) => return Vec::new(),
        _ if seen.keys.iter().any(|key| key.state == DkimState::Unknown) => {
            "the lookup of a selector failed".to_owned()
        }
        _ if !sight.domain.selectors.is_empty() => return Vec::new(),
        None => "lookups of _domainkey or of names below it failed".to_owned(),
        Some(true) if failed == 1 => {
            "1 lookup of a common selector failed; specify the selector with --dkim-selector".to_owned()
        }
        Some(true) if failed > 0 => {
            format!("{failed} lookups of common selectors failed; specify the selector with --dkim-selector")
        }
        Some(true) if seen.keys.is_empty() => format!(
            "none of {} common selectors has a key, but the domain may use another; specify the selector with --dkim-selector",
            seen.tried
        ),
        Some(true) => "only common selectors were tried; specify others with --dkim-selector".to_owned(),
    };
    vec![NotTested { what: "DKIM".to_owned(), why }]
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let all = lookups(sight);
    let has_key = all.iter().any(SelectorLookup::is_usable);
    let wildcard = wildcard_text(sight);
    let alias = wildcard_alias(sight).map(|(_, alias)| alias);
    let is_substituted = every_guess_dangles(&all);
    let mut findings: Vec<Finding> = Vec::new();
    for lookup in &all {
        if lookup.is_requested && lookup.is_unanswered() {
            findings.extend(lookup_failed(sight, lookup));
        }
        let (Some(probe), Some(seen)) = (lookup.probe, lookup.seen) else { continue };
        let found = match lookup.result() {
            SelectorResult::Unknown(_) => Vec::new(),
            SelectorResult::Absent if is_substituted && !lookup.is_requested => Vec::new(),
            SelectorResult::Absent if lookup.is_dangling_itself(alias) => vec![dangling(lookup, probe, seen, has_key)],
            SelectorResult::Absent if lookup.is_requested => missing(sight, lookup, probe).into_iter().collect(),
            SelectorResult::Absent => Vec::new(),
            SelectorResult::Several => vec![several(lookup, probe, seen)],
            SelectorResult::Record(text, _) if !lookup.is_requested && wildcard == Some(text) => Vec::new(),
            SelectorResult::Record(text, key) => of_record(lookup, probe, text, &key),
        };
        findings.extend(found);
    }
    findings.extend(wildcard_finding(sight));
    findings.extend(only_ed25519(&all));
    findings
}

/// The lookup of a selector that the user gave failed. If no response arrived, the key is listed as not tested.
fn lookup_failed(sight: Sight<'_>, lookup: &SelectorLookup<'_>) -> Option<Finding> {
    let effect =
        "Receivers whose lookups also fail cannot verify signatures with this selector, and may defer the mail.";
    unanswered::finding(sight, &rules::LOOKUP_FAILED, ("DKIM key", &lookup.name), effect)
}

/// Whether every selector that smtpcheck guessed is an alias for a name without a key. No domain uses all of them, so the
/// aliases are made from a DNAME record above them (RFC 6672 §2.3).
fn every_guess_dangles(all: &[SelectorLookup<'_>]) -> bool {
    let guessed: Vec<&SelectorLookup<'_>> =
        all.iter().filter(|lookup| !lookup.is_requested && lookup.seen.is_some()).collect();
    guessed.len() > 2 && guessed.iter().all(|lookup| lookup.is_dangling_itself(None))
}

/// A finding about the record of a selector.
fn about(rule: &'static Rule, probe: &Probe, summary: String, cause: &str) -> Finding {
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    cause.clone_into(&mut finding.cause);
    finding
}

/// A change to a record, with the record to publish if it can be computed.
fn change(lookup: &SelectorLookup<'_>, probe: &Probe, what: String, text: &str) -> Fix {
    let Some(record) = corrected(text) else { return Fix::text(what) };
    // If the name is an alias, the record must be changed at its target.
    let owner = lookup.seen.and_then(|seen| seen.aliases.last()).map_or(&lookup.name, |alias| &alias.to);
    Fix::run(what, format!("{owner}. TXT {}", probe.quote(in_strings(&record))))
}

/// The findings about one record.
fn of_record(lookup: &SelectorLookup<'_>, probe: &Probe, text: &str, key: &KeyRecord) -> Vec<Finding> {
    let name = &lookup.name;
    if let Some(fault) = key.faults.first() {
        return vec![broken(lookup, probe, text, *fault)];
    }
    let mut findings = Vec::new();
    if key.is_revoked {
        let summary = format!("the DKIM key at {name} is revoked: p= is empty");
        let mut finding = about(
            &rules::KEY_REVOKED,
            probe,
            summary,
            "An empty p= revokes the key, so signatures with this selector fail.",
        );
        if lookup.is_requested {
            finding.severity = Severity::Error;
            finding.fixes.push(Fix::text("Server operator: sign with a selector whose key is published"));
            finding
                .fixes
                .push(Fix::text(format!("DNS operator: if the key is still in use, publish it again at {name}")));
        }
        return vec![finding];
    }
    if !key.accepts_sha256 {
        let summary = format!("the DKIM key at {name} does not accept SHA-256 (h= tag)");
        let mut finding = about(
            &rules::HASH,
            probe,
            summary,
            "The tag lists the hash algorithms that signatures may use. Without sha256 in this list, no valid signature is possible with this key, because SHA-1 must no longer be used (RFC 8301 section 3.1).",
        );
        let what = format!("DNS operator: remove the h= tag from the record at {name}");
        finding.fixes.push(change(lookup, probe, what, text));
        findings.push(finding);
    }
    if !key.is_for_mail {
        let summary = format!("the DKIM key at {name} is not for mail (s= tag)");
        let mut finding = about(
            &rules::SERVICE,
            probe,
            summary,
            "The s= tag restricts the key to another service, so receivers do not use it for mail.",
        );
        let what = format!("DNS operator: remove the s= tag from the record at {name}");
        finding.fixes.push(change(lookup, probe, what, text));
        findings.push(finding);
    }
    if let Some(bits) = key.bits {
        findings.extend(size(lookup, probe, bits));
    }
    if key.is_testing {
        let summary = format!("the DKIM key at {name} is in test mode (t=y)");
        let mut finding = about(
            &rules::TESTING,
            probe,
            summary,
            "With t=y, the domain declares that it is only testing DKIM. Receivers may ignore its signatures.",
        );
        let what =
            format!("DNS operator: remove t=y from the record at {name} once receivers can verify the signatures");
        finding.fixes.push(change(lookup, probe, what, text));
        findings.push(finding);
    }
    findings
}

fn size(lookup: &SelectorLookup<'_>, probe: &Probe, bits: u32) -> Option<Finding> {
    let summary = format!("the DKIM key at {} has {bits} bits", lookup.name);
    let fix = Fix::run(
        "Server operator: create a 2048-bit key with this command. Publish the record that it prints, under a new selector (NEW._domainkey), and configure the signer to use the key and the selector NEW",
        "openssl genrsa -out dkim.key 2048 && echo \"v=DKIM1; k=rsa; p=$(openssl rsa -in dkim.key -pubout -outform DER | openssl base64 -A)\"",
    );
    let mut finding = if bits < MIN_RSA_BITS {
        about(
            &rules::KEY_WEAK,
            probe,
            summary,
            "Signatures made with keys of fewer than 1024 bits are never valid (RFC 8301 section 3.2), so receivers treat the mail as unsigned.",
        )
    } else if bits < GOOD_RSA_BITS {
        let mut finding = about(
            &rules::KEY_WEAK,
            probe,
            summary,
            "Keys of this size are valid, but at least 2048 bits are recommended (RFC 8301 section 3.2).",
        );
        finding.severity = Severity::Notice;
        finding
    } else if bits > MAX_RSA_BITS {
        about(
            &rules::KEY_LARGE,
            probe,
            summary,
            "Verifiers are not required to support keys of more than 4096 bits (RFC 8301 section 3.2).",
        )
    } else {
        return None;
    };
    finding.fixes.push(fix);
    Some(finding)
}

fn broken(lookup: &SelectorLookup<'_>, probe: &Probe, text: &str, fault: KeyFault) -> Finding {
    let name = &lookup.name;
    let summary = format!("the DKIM key at {name} cannot be used: {fault}");
    let cause = match fault {
        KeyFault::HostName => "The target of a CNAME record was entered as a TXT record.",
        KeyFault::Quoted => {
            "The DNS provider stored quotation marks or backslashes as part of the record. They belong only in a zone file."
        }
        KeyFault::PemArmour => "The record must contain only the base64 text between the BEGIN and END lines.",
        KeyFault::PrivateKey => "Anyone who has the private key can sign mail for the domain.",
        KeyFault::VersionNotFirst => {
            "v=DKIM1 must be at the beginning of the record (RFC 6376 section 3.6.1). Receivers discard a record with other text before v=DKIM1, or cannot parse it."
        }
        KeyFault::Version => {
            "If there is a v= tag, it must be the first tag and must be exactly v=DKIM1. Otherwise, receivers discard the record (RFC 6376 section 3.6.1)."
        }
        KeyFault::Doubled => "A tag that occurs twice makes all tags invalid (RFC 6376 section 3.2).",
        KeyFault::NotATag => "Every part between semicolons must have the form name=value (RFC 6376 section 3.2).",
        KeyFault::NoKey => "The p= tag with the key is required.",
        KeyFault::NotBase64 => {
            "The key contains characters that are not base64. The key was changed or truncated when it was entered."
        }
        KeyFault::CutAt255 => {
            "A string in a DNS record has at most 255 characters, and the DNS provider discarded the rest."
        }
        KeyFault::Cut => {
            "The record contains only the beginning of the key. The end was lost when the record was entered."
        }
        KeyFault::NotAKey => "The p= tag is valid base64, but does not contain a public key of the declared type.",
        KeyFault::Wrapped => {
            "The record must contain only the 32 octets of the key (44 base64 characters; RFC 8463 section 4.2)."
        }
        KeyFault::UnknownKind => "Receivers ignore keys whose type is neither rsa nor ed25519.",
    };
    let mut finding = about(&rules::KEY_BROKEN, probe, summary, cause);
    finding.consequences.push(format!("The record: {}", probe.quote(shortened(text))));
    let operator = "DNS operator:";
    finding.fixes = match fault {
        KeyFault::HostName => {
            let target = text.trim().trim_end_matches('.');
            vec![Fix::run(
                format!("{operator} delete the TXT record, and publish a CNAME record instead"),
                format!("{name}. CNAME {}.", probe.quote(target)),
            )]
        }
        KeyFault::PrivateKey => vec![
            Fix::text(format!("{operator} delete the record at {name} now")),
            Fix::text(
                "Server operator: create a new key pair with a new selector, and never use the published key again",
            ),
        ],
        KeyFault::CutAt255 | KeyFault::Cut => vec![Fix::text(format!(
            "{operator} at {name}, publish the complete key in one TXT record that consists of several strings of at most 255 characters"
        ))],
        KeyFault::Quoted => {
            let what = format!("{operator} enter the value at {name} without quotation marks and backslashes");
            vec![change(lookup, probe, what, text)]
        }
        KeyFault::Wrapped if corrected(text).is_some() => {
            vec![change(lookup, probe, format!("{operator} publish only the last 32 octets of the key"), text)]
        }
        KeyFault::Wrapped => vec![Fix::run(
            format!("{operator} publish only the last 32 octets of the key"),
            "openssl pkey -in dkim.key -pubout -outform DER | tail -c 32 | base64",
        )],
        KeyFault::VersionNotFirst | KeyFault::Version | KeyFault::NotATag | KeyFault::NotAKey
            if corrected(text).is_some() =>
        {
            vec![change(lookup, probe, format!("{operator} publish the corrected record"), text)]
        }
        KeyFault::PemArmour
        | KeyFault::VersionNotFirst
        | KeyFault::Version
        | KeyFault::Doubled
        | KeyFault::NotATag
        | KeyFault::NoKey
        | KeyFault::NotBase64
        | KeyFault::NotAKey
        | KeyFault::UnknownKind => vec![Fix::text(format!(
            "{operator} publish the TXT record at {name} again, exactly as the mail server or the provider displays it"
        ))],
    };
    finding
}

fn several(lookup: &SelectorLookup<'_>, probe: &Probe, seen: &RecordsSeen) -> Finding {
    let name = &lookup.name;
    let summary = format!("the DKIM selector {} has {} TXT records", lookup.selector, seen.records.len());
    let is_split = seen.texts().any(is_fragment);
    let cause = if is_split {
        "A long key was stored as several records instead of several strings in one record. Receivers may use any of the records, or none."
    } else {
        "A selector must have exactly one TXT record (RFC 6376 section 3.6.2.2). Receivers may use any of the records, or none."
    };
    let mut finding = about(&rules::TWO_RECORDS, probe, summary, cause);
    finding
        .consequences
        .extend(seen.texts().take(3).map(|text| format!("One of the records: {}", probe.quote(shortened(text)))));
    finding.fixes.push(Fix::text(if is_split {
        format!(
            "DNS operator: replace the records at {name} with one TXT record whose strings are the parts of the key, in the right order"
        )
    } else {
        format!("DNS operator: keep only the record at {name} that contains the key in use")
    }));
    finding
}

fn dangling(lookup: &SelectorLookup<'_>, probe: &Probe, seen: &RecordsSeen, has_key: bool) -> Finding {
    let target = seen.final_name(&lookup.name);
    let summary = format!(
        "the DKIM selector {} is an alias for {}, which has no key",
        lookup.selector,
        probe.quote(target.as_str())
    );
    let cause = "The domain's CNAME record exists, but the provider publishes no key at its target. Either DKIM is not enabled at the provider, or the target is misspelt.";
    let mut finding = about(&rules::ALIAS_DANGLING, probe, summary, cause);
    if has_key {
        finding.severity = Severity::Notice;
        finding.otherwise = Some("Some providers publish the second key only when they rotate keys. As long as mail is signed with the other selector, this is not a fault".to_owned());
    } else if lookup.is_requested {
        finding.severity = Severity::Error;
    }
    finding.fixes.push(Fix::text("Domain owner: enable DKIM in the mail provider's administration interface, and compare the target of the CNAME record with the target shown there"));
    finding
}

/// A requested selector without a key.
fn missing(sight: Sight<'_>, lookup: &SelectorLookup<'_>, probe: &Probe) -> Option<Finding> {
    // A different check reports a domain that does not exist.
    let exists =
        sight.records(&sight.name(), RecordKind::Mx).answer().is_none_or(|seen| seen.code != DnsCode::NxDomain);
    if !exists {
        return None;
    }
    let name = &lookup.name;
    let summary = format!("there is no DKIM key at {name}");
    let misplaced =
        mistyped_names(sight, lookup).into_iter().find_map(|wrong| match sight.records(&wrong, RecordKind::Txt) {
            Known::Seen(probe, seen) if seen.texts().any(is_intended) => Some((probe, wrong)),
            _ => None,
        });
    let mut finding = match (misplaced, can_exist(sight)) {
        (Some((found, wrong)), _) => {
            let cause = format!("The key was published at {wrong}: the DNS provider appends the domain automatically.");
            let mut finding = about(&rules::KEY_MISSING, probe, summary, &cause).tried(found.id);
            finding.fixes.push(Fix::text(format!(
                "DNS operator: move the record from {wrong} to {name}. If the DNS provider's form appends the domain, enter only {}._domainkey",
                lookup.selector
            )));
            return Some(finding);
        }
        (None, Some(false)) => {
            let cause = format!(
                "The name _domainkey.{} does not exist, so there is no DKIM key under any selector.",
                sight.name()
            );
            about(&rules::KEY_MISSING, probe, summary, &cause)
        }
        (None, _) => about(
            &rules::KEY_MISSING,
            probe,
            summary,
            "The name has no TXT record, so receivers treat signatures with this selector as invalid.",
        ),
    };
    finding.fixes.push(Fix::text(format!(
        "DNS operator: at {name}, publish the TXT record that the mail server or the provider displays"
    )));
    finding.fixes.push(Fix::text(
        "Compare the selector with the s= value of the DKIM-Signature header in a message that was sent",
    ));
    Some(finding)
}

fn wildcard_finding(sight: Sight<'_>) -> Option<Finding> {
    if let Some((probe, alias)) = wildcard_alias(sight) {
        let alias = probe.quote(alias.as_str());
        let summary = format!("a wildcard record makes every DKIM selector an alias for {alias}, which has no key");
        let cause = "Selectors without a record seem to exist, but receivers find no key.";
        let mut finding = about(&rules::WILDCARD, probe, summary, cause);
        finding.fixes.push(Fix::text("Use --dkim-selector to test the selectors that are in use"));
        return Some(finding);
    }
    let (probe, text) = wildcard(sight)?;
    let is_revoked = KeyRecord::parse(text).is_revoked;
    let sends_nothing = sight
        .records(&sight.name(), RecordKind::Txt)
        .answer()
        .is_some_and(|seen| seen.texts().any(|text| text.trim().eq_ignore_ascii_case("v=spf1 -all")));
    if is_revoked && sends_nothing {
        return None;
    }
    let summary = format!("a wildcard record answers for every DKIM selector: {}", probe.quote(shortened(text)));
    let cause = if is_revoked {
        "The wildcard record revokes every selector without its own record, which is allowed. Such selectors seem to exist."
    } else {
        "Selectors without their own record seem to exist, but the data that receivers find there is not the selector's key."
    };
    let mut finding = about(&rules::WILDCARD, probe, summary, cause);
    finding.fixes.push(Fix::text("Use --dkim-selector to test the selectors that are in use"));
    Some(finding)
}

fn only_ed25519(all: &[SelectorLookup<'_>]) -> Option<Finding> {
    let usable: Vec<(&SelectorLookup<'_>, KeyRecord)> = all
        .iter()
        .filter_map(|lookup| match lookup.result() {
            SelectorResult::Record(_, key) if key.is_usable() => Some((lookup, key)),
            _ => None,
        })
        .collect();
    let (first, _) = usable.first()?;
    if usable.iter().any(|(_, key)| key.kind != KeyKind::Ed25519) {
        return None;
    }
    let summary = "all DKIM keys that were found are Ed25519 keys".to_owned();
    let mut finding = Finding::new(&rules::ED25519_ONLY, Phase::Dns, Confidence::Likely, summary);
    finding.evidence.probes = usable.iter().filter_map(|(lookup, _)| lookup.probe).map(|probe| probe.id).collect();
    "Large receivers do not verify Ed25519 signatures and treat such mail as unsigned.".clone_into(&mut finding.cause);
    finding.otherwise = Some(if first.is_requested {
        "There may be an RSA key under a selector that was not specified".to_owned()
    } else {
        "There may be an RSA key under a selector that was not tried; specify the selector with --dkim-selector"
            .to_owned()
    });
    finding
        .fixes
        .push(Fix::text("Server operator: also sign with a 2048-bit RSA key; a message can have both signatures"));
    Some(finding)
}

/// The beginning of a record, for use in a sentence.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
