//! The finding about a domain with several SPF records.

use super::Subject;
use super::corrections::{ignored_mechanism, valid};
use super::rules::TWO_RECORDS;
use crate::check::finding::{Finding, plural};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::MAX_LOOKUPS;
use crate::policy::spf::record::{SpfMechanism, SpfQualifier, SpfRecord, SpfTerm, SpfTermKind};
use crate::policy::spf::select::SpfTexts;
use crate::policy::spf::tree::allows_everyone;

/// The finding, with one record that replaces all of them, if they can be merged.
pub(super) fn finding(subject: Subject<'_>, texts: &SpfTexts) -> Finding {
    let count = texts.records.len();
    let summary = format!("{} has {count} SPF records", subject.domain());
    let mut finding = Finding::new(&TWO_RECORDS, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id);
    let shown: Vec<String> = texts.records.iter().take(4).map(|text| subject.quote(text)).collect();
    finding.cause = format!(
        "Receivers treat several SPF records as a permanent error, whatever the records contain. The records: {}",
        shown.join(" and ")
    );
    let fix = "Domain owner: replace all of them with one record";
    finding.fixes.push(match merged(&texts.records) {
        Some(record) => {
            let (lookups, includes) = own_lookups(&record);
            let limit = plural(lookups as usize, "DNS lookup", "DNS lookups");
            if lookups > MAX_LOOKUPS {
                Fix::text(format!(
                    "{fix}. A record with all terms would need {limit}, and the limit is {MAX_LOOKUPS}, so first remove the terms that are no longer needed"
                ))
            } else {
                let note = match includes {
                    0 => String::new(),
                    _ => format!(
                        ". Its terms need {limit} in addition to the lookups of the included records; the limit is {MAX_LOOKUPS}"
                    ),
                };
                Fix::run(
                    format!("{fix}. The merged record allows every host that any of these records allows{note}"),
                    subject.published(&record),
                )
            }
        }
        None => Fix::text(fix),
    });
    finding
}

/// The number of lookups that the terms of a record need themselves (RFC 7208 §4.6.4), and the number of included records.
fn own_lookups(text: &str) -> (u32, u32) {
    let record = SpfRecord::parse(text);
    let (mut lookups, mut includes) = (0, 0);
    for term in &record.terms {
        let SpfTermKind::Directive(_, mechanism) = &term.kind else { continue };
        match mechanism {
            SpfMechanism::All | SpfMechanism::Network { .. } => {}
            SpfMechanism::Include(_) => (lookups, includes) = (lookups + 1, includes + 1),
            SpfMechanism::A { .. } | SpfMechanism::Mx { .. } | SpfMechanism::Ptr { .. } | SpfMechanism::Exists(_) => {
                lookups += 1;
            }
        }
    }
    (lookups, includes)
}

/// One record with the terms of all records; `None` if they cannot be merged.
fn merged(records: &[String]) -> Option<String> {
    let mut words: Vec<String> = vec!["v=spf1".to_owned()];
    let mut all: Option<SpfQualifier> = None;
    for text in records {
        let text = valid(text)?;
        let record = SpfRecord::parse(&text);
        if record.redirect().is_some() {
            return None;
        }
        // Receivers never reach the terms after `all`, and an explanation can occur only once.
        let mut is_over = false;
        let is_kept =
            |term: &&SpfTerm| !matches!(term.kind, SpfTermKind::Exp(_)) && ignored_mechanism(&term.kind).is_none();
        for term in record.terms.iter().filter(is_kept) {
            if is_over {
                break;
            }
            if let SpfTermKind::Directive(qualifier, SpfMechanism::All) = term.kind {
                is_over = true;
                // softfail is safer than fail, because the list of hosts may be incomplete.
                all = match (all, qualifier) {
                    (None | Some(SpfQualifier::Fail), SpfQualifier::Fail) => Some(SpfQualifier::Fail),
                    _ => Some(SpfQualifier::SoftFail),
                };
                continue;
            }
            let word = text.get(term.at.clone())?.to_owned();
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.push(if all == Some(SpfQualifier::Fail) { "-all" } else { "~all" }.to_owned());
    let merged = words.join(" ");
    allows_everyone(&SpfRecord::parse(&merged)).is_none().then_some(merged)
}
