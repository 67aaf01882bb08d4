//! The notice about SPF records of the former record type SPF (99). Receivers look up only TXT records (RFC 7208 §3.1).

use super::rules::FORMER_TYPE;
use super::{Subject, known};
use crate::check::domain::delegation;
use crate::check::domain::sight::Sight;
use crate::check::finding::Finding;
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::policy::spf::SpfLookup;
use crate::policy::spf::select::{is_spf, select};
use crate::policy::spf::tree::SpfFound;
use crate::wire::RecordKind;

/// The SPF records of this type at the domain.
pub(super) fn texts(sight: Sight<'_>) -> Vec<String> {
    match known(sight, &sight.name(), RecordKind::Spf) {
        SpfLookup::Found(records) => select(&records).records,
        SpfLookup::Pending | SpfLookup::Failed | SpfLookup::NxDomain | SpfLookup::NoRecord => Vec::new(),
    }
}

/// The notice, if there is such a record.
pub(super) fn finding(subject: Subject<'_>) -> Option<Finding> {
    let texts = texts(subject.sight);
    let first = texts.first()?;
    let domain = subject.domain();
    let delete = Fix::text("Domain owner: delete the record of type SPF; only the TXT record is needed");
    let (summary, effect, fix) = match &subject.tree.root.found {
        SpfFound::Pending | SpfFound::Failed | SpfFound::NxDomain => return None,
        SpfFound::NoRecord(_) => {
            // The name servers have a TXT record that the resolver did not return.
            if delegation::has_text_at_servers(subject.sight, &subject.sight.name(), is_spf) {
                return None;
            }
            (
                format!("the SPF record of {domain} has only the record type SPF (99), which receivers do not look up"),
                "",
                Fix::run(
                    "Domain owner: publish the record as a TXT record, and delete the record of type SPF",
                    subject.published(first),
                ),
            )
        }
        SpfFound::Record(_, own) | SpfFound::Several(own) if is_same(&texts, &own.records) => {
            (format!("{domain} also has an SPF record of type SPF (99), which receivers ignore"), "", delete)
        }
        SpfFound::Record(..) | SpfFound::Several(_) => (
            format!(
                "the record of type SPF (99) differs from the SPF record of type TXT, and receivers ignore it: {}",
                subject.quote(first)
            ),
            " Programs that still look up the old type get a different result.",
            delete,
        ),
    };
    let mut finding = Finding::new(&FORMER_TYPE, Phase::Dns, Confidence::Certain, summary).tried(subject.probe.id);
    finding.cause = format!("SPF records must be TXT records. The record type SPF is no longer used.{effect}");
    finding.fixes.push(fix);
    Some(subject.sight.tried(finding, [(subject.sight.name(), RecordKind::Spf)]))
}

/// Whether two sets of records contain the same texts, in any order.
fn is_same(one: &[String], other: &[String]) -> bool {
    let sorted = |texts: &[String]| {
        let mut texts: Vec<String> = texts.iter().map(|text| text.trim().to_ascii_lowercase()).collect();
        texts.sort();
        texts
    };
    sorted(one) == sorted(other)
}
