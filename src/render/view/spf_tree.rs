//! The SPF record of a domain as a tree, for all formats for people. The terms that determined the result are marked.

use crate::check::domain::seen::{DomainSeen, SpfTermSeen};
use crate::render::escape;
use crate::render::style::Role;

/// A term of the SPF record in its place in the tree.
pub(in crate::render) struct SpfLine {
    /// For each level, whether more terms follow on this level. The last value is for the level of the term itself.
    pub(in crate::render) follows: Vec<bool>,
    pub(in crate::render) term: String,
    /// How the term was evaluated (`match`, `no match`, `not needed` or `error`); empty if this is not known.
    pub(in crate::render) mark: &'static str,
    pub(in crate::render) role: Role,
    pub(in crate::render) cost: u32,
    /// The result of the term, or the error in it.
    pub(in crate::render) detail: String,
}

/// The record and its terms. The terms that determined the result are marked if there is exactly one result.
pub(in crate::render) fn spf_tree(seen: &DomainSeen) -> Option<(String, Vec<SpfLine>)> {
    let spf = &seen.spf;
    let record = spf.record.as_ref().filter(|_| !spf.tree.is_empty())?;
    let decided: Option<&[String]> = match spf.results.as_slice() {
        [one] if !one.decided_by.is_empty() => Some(&one.decided_by),
        _ => None,
    };
    let mut lines = Vec::new();
    let way = decided.map_or(SpfWay::Unknown, SpfWay::Along);
    branch(&spf.tree, way, &[], &mut lines);
    Some((escape::visible(record), lines))
}

/// What is known about the evaluation of a branch.
#[derive(Clone, Copy)]
enum SpfWay<'a> {
    Unknown,
    /// These terms determined the result, the outermost first.
    Along(&'a [String]),
    Passed,
    NotNeeded,
}

fn branch(terms: &[SpfTermSeen], way: SpfWay<'_>, above: &[bool], lines: &mut Vec<SpfLine>) {
    let deciding = match way {
        SpfWay::Along([first, ..]) => terms.iter().position(|term| term.term == *first),
        _ => None,
    };
    for (at, term) in terms.iter().enumerate() {
        let own = match (way, deciding) {
            (SpfWay::Along([_, rest @ ..]), Some(decides)) if at == decides => SpfWay::Along(rest),
            (SpfWay::Along(_), Some(decides)) if at < decides => SpfWay::Passed,
            (SpfWay::Along(_), Some(_)) => SpfWay::NotNeeded,
            (SpfWay::Along(_), None) => SpfWay::Unknown,
            (other, _) => other,
        };
        let (mark, role) = match own {
            SpfWay::Unknown => ("", Role::Plain),
            SpfWay::Along(_) if term.outcome.as_deref() == Some("error") => ("error", Role::Error),
            SpfWay::Along(_) => ("match", Role::Bold),
            SpfWay::Passed => ("no match", Role::Plain),
            SpfWay::NotNeeded => ("not needed", Role::Dim),
        };
        let role = if term.problem.is_some() { Role::Error } else { role };
        let follows: Vec<bool> = above.iter().copied().chain([at + 1 < terms.len()]).collect();
        let detail: Vec<String> = term.problem.iter().chain(&term.detail).map(|text| escape::visible(text)).collect();
        lines.push(SpfLine {
            follows: follows.clone(),
            term: escape::visible(&term.term),
            mark,
            role,
            cost: term.cost,
            detail: detail.join("; "),
        });
        // The result of an included record that does not match is not known here.
        let below = if let SpfWay::Passed = own { SpfWay::Unknown } else { own };
        branch(&term.children, below, &follows, lines);
    }
}
