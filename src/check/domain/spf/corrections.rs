//! The corrected record. Several findings can print the record of the domain, so there is one function that applies every
//! correction: whichever printed record is published, it contains the corrections of the other findings, too.

use super::{Subject, is_null_mx, wide};
use crate::lexicon::Fix;
use crate::policy::spf::MAX_VOID;
use crate::policy::spf::record::{
    SpfMechanism, SpfMistake, SpfQualifier, SpfRecord, SpfTerm, SpfTermKind, without_blank,
};
use crate::policy::spf::select::{IgnoredBecause, SpfTexts};
use crate::policy::spf::tree::{SpfBranch, SpfEffect, SpfFound, allows_everyone};

/// A correction of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpfCorrection {
    /// A space is inserted between two terms.
    Blank,
    /// An invalid term is replaced or removed.
    Syntax,
    /// A term with `=` instead of a colon is removed, or gets its colon.
    Ignored,
    /// Terms that refer to names without records are removed.
    Void,
    /// Terms after `all` are removed.
    Unused,
    /// The record ends with `~all` or `-all`.
    End,
    /// The sending IP addresses are added.
    Sending,
}

/// What becomes of the terms that are written with `=` instead of a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IgnoredTerms {
    /// They are removed, so the record allows the same hosts as before.
    Removed,
    /// They get their colon.
    Colon,
}

/// A record with all corrections.
#[derive(Clone)]
pub(super) struct CorrectedRecord {
    pub(super) text: String,
    /// The corrections that changed the record.
    pub(super) applied: Vec<SpfCorrection>,
    /// The terms for the sending IP addresses, as they were added.
    pub(super) sending: String,
}

impl CorrectedRecord {
    /// The fix that prints this record, for the finding of one correction.
    pub(super) fn fix(&self, subject: Subject<'_>, own: SpfCorrection, what: &str) -> Fix {
        let others = |one: &&SpfCorrection| **one != own && **one != SpfCorrection::Sending;
        let mut text = what.to_owned();
        if self.applied.iter().any(|one| others(&one)) {
            text.push_str(". This record also contains other corrections");
        }
        if own != SpfCorrection::Sending && !self.sending.is_empty() {
            text.push_str(&format!(
                ". This record also allows the sending IP address: remove {} if its host does not send mail for the domain",
                self.sending
            ));
        }
        Fix::run(text, subject.published(&self.text))
    }
}

/// The record of the domain with all corrections and with the terms for the sending IP addresses; `None` if a fault would
/// remain for which the corrected term is not known, so that the record should not be published.
pub(super) fn of_record(subject: Subject<'_>, sending: &str, ignored: IgnoredTerms) -> Option<CorrectedRecord> {
    let SpfFound::Record(_, texts) = &subject.tree.root.found else { return None };
    // Only the finding about the piece prints the record that consists of both.
    if piece(texts).is_some() {
        return None;
    }
    let text = texts.records.first()?;
    let corrected = of_text(subject, texts.spaced.as_deref().unwrap_or(text), sending, ignored)?;
    let applied = texts.spaced.iter().map(|_| SpfCorrection::Blank).chain(corrected.applied).collect();
    Some(CorrectedRecord { applied, ..corrected })
}

/// The end of a record that was split into several records, if the record that receivers use has no `all`.
pub(super) fn piece(texts: &SpfTexts) -> Option<&str> {
    let is_complete = texts.records.iter().any(|text| SpfRecord::parse(text).all().is_some());
    let pieces = texts.ignored.iter().filter(|(_, why)| *why == IgnoredBecause::Piece && !is_complete);
    pieces.map(|(text, _)| text.as_str()).next()
}

/// This text of the domain's record with all corrections.
pub(super) fn of_text(
    subject: Subject<'_>,
    text: &str,
    sending: &str,
    ignored: IgnoredTerms,
) -> Option<CorrectedRecord> {
    let branches = &subject.tree.root.branches;
    let mut applied = Vec::new();
    let mut note = |is_changed: bool, correction: SpfCorrection| {
        if is_changed {
            applied.push(correction);
        }
    };
    // A space between terms that form one name, which does not exist.
    let spaced = |word: &str| {
        let branch = branches.iter().find(|branch| branch.text == word)?;
        lacks_blank(branch)
    };
    let before = joined(text.split(' '));
    let with_blanks = joined(before.split(' ').map(|word| spaced(word).unwrap_or_else(|| word.to_owned())));
    note(with_blanks != before, SpfCorrection::Blank);
    let valid = valid(&with_blanks)?;
    note(valid != with_blanks, SpfCorrection::Syntax);
    let (with_colons, end) = without_ignored(&valid, ignored);
    note(with_colons != valid, SpfCorrection::Ignored);
    // RFC 7208 §4.6.4: terms without records count towards a limit, and match no host.
    let has_voids = subject.tree.root.count().voids > MAX_VOID;
    let is_void = |word: &str| {
        let of_word = |branch: &&SpfBranch| branch.text == word;
        let branch = branches.iter().find(of_word).filter(|_| has_voids);
        branch.is_some_and(|branch| matches!(branch.effect, SpfEffect::Void { .. }))
    };
    let without_voids = joined(with_colons.split(' ').filter(|word| !is_void(word)));
    note(without_voids != with_colons, SpfCorrection::Void);
    let used = without_unused(&without_voids);
    note(used != without_voids, SpfCorrection::Unused);
    let usual = if is_null_mx(subject) { "-all" } else { "~all" };
    let ended = with_end(&used, end.unwrap_or(usual));
    note(ended != used, SpfCorrection::End);
    let result = with_terms(&ended, sending);
    note(result != ended, SpfCorrection::Sending);
    let record = SpfRecord::parse(&result);
    if record.mistakes().next().is_some() || allows_everyone(&record).is_some() || wide::is_everyone_named(subject) {
        return None;
    }
    let remains = |branch: &SpfBranch| is_without_record(branch) && result.split(' ').any(|word| word == branch.text);
    if branches.iter().any(remains) {
        return None;
    }
    Some(CorrectedRecord { text: result, applied, sending: sending.to_owned() })
}

/// The words of a record with single spaces between them.
fn joined(words: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for word in words.filter(|word| !word.as_ref().is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.as_ref());
    }
    text
}

/// Whether the record of an included name does not exist, so that the term makes the result a permanent error
/// (RFC 7208 §5.2).
fn is_without_record(branch: &SpfBranch) -> bool {
    match (&branch.effect, &branch.child) {
        (SpfEffect::Loop(_), _) => true,
        (SpfEffect::Record, Some(child)) => matches!(child.found, SpfFound::NxDomain | SpfFound::NoRecord(_)),
        _ => false,
    }
}

/// The two terms that a term consists of, if a space is missing and the name without the space has no record.
pub(super) fn lacks_blank(branch: &SpfBranch) -> Option<String> {
    let is_void = matches!(branch.effect, SpfEffect::Void { .. } | SpfEffect::NoName);
    if is_void || is_without_record(branch) { without_blank(&branch.text) } else { None }
}

/// The qualifier of a word that is `all`.
fn all_of(word: &str) -> Option<SpfQualifier> {
    match SpfRecord::parse(&format!("v=spf1 {word}")).terms.as_slice() {
        [SpfTerm { kind: SpfTermKind::Directive(qualifier, SpfMechanism::All), .. }] => Some(*qualifier),
        _ => None,
    }
}

/// Whether the record has an `all` that is valid and does not allow every host.
fn has_proper_end(record: &SpfRecord) -> bool {
    let is_proper = |term: &SpfTerm| matches!(&term.kind, SpfTermKind::Directive(qualifier, SpfMechanism::All) if *qualifier != SpfQualifier::Pass);
    record.terms.iter().any(is_proper)
}

/// Whether an invalid term is a misspelt `all`, which is not needed because the record has a valid one.
pub(super) fn is_extra_all(record: &SpfRecord, mistake: &SpfMistake) -> bool {
    has_proper_end(record) && mistake.instead.as_deref().is_some_and(|word| all_of(word).is_some())
}

/// The record with every invalid term corrected; `None` if a term cannot be corrected. If the record has a valid end, a
/// misspelt `all` and `+all` are removed instead.
pub(super) fn valid(text: &str) -> Option<String> {
    let record = SpfRecord::parse(text);
    let has_end = has_proper_end(&record);
    let mut words = vec![text.split(' ').next()?.to_owned()];
    let mut is_joined = false;
    for term in &record.terms {
        let word = text.get(term.at.clone())?;
        let is_extra = match &term.kind {
            SpfTermKind::Wrong(mistake) => is_extra_all(&record, mistake),
            _ => has_end && all_of(word) == Some(SpfQualifier::Pass),
        };
        // The second word of `~ all` belongs to the first.
        let is_second = std::mem::take(&mut is_joined)
            && matches!(&term.kind, SpfTermKind::Wrong(mistake) if mistake.instead.as_deref() == Some(""));
        is_joined = is_extra;
        if !is_extra && !is_second {
            words.push(word.to_owned());
        }
    }
    let kept = words.join(" ");
    SpfRecord::parse(&kept).corrected(&kept)
}

/// The mechanism that a term names, if it is written with `=` instead of a colon. The grammar makes it an unknown modifier,
/// which receivers ignore (RFC 7208 §6).
pub(super) fn ignored_mechanism(kind: &SpfTermKind) -> Option<&str> {
    let SpfTermKind::Unknown { name } = kind else { return None };
    ["include", "a", "mx", "ip4", "ip6", "exists", "ptr", "all"].contains(&name.as_str()).then_some(name)
}

/// The record without the terms that are written with `=`, or with their colons; and the `all` that one of them names.
fn without_ignored(text: &str, ignored: IgnoredTerms) -> (String, Option<&'static str>) {
    let record = SpfRecord::parse(text);
    let mut words: Vec<String> = text.split(' ').take(1).map(str::to_owned).collect();
    let mut end = None;
    for term in &record.terms {
        let word = text.get(term.at.clone()).unwrap_or_default();
        match ignored_mechanism(&term.kind) {
            Some("all") => end = end.or(end_of(word)),
            Some(_) if ignored == IgnoredTerms::Removed => {}
            Some(_) => words.push(word.replacen('=', ":", 1)),
            None => words.push(word.to_owned()),
        }
    }
    (words.join(" "), end)
}

/// The end that `all=-` and `all=~` probably mean.
pub(super) fn end_of(word: &str) -> Option<&'static str> {
    match word.split_once('=')?.1 {
        "-" | "-all" => Some("-all"),
        "~" | "~all" => Some("~all"),
        _ => None,
    }
}

/// The record without the mechanisms after `all`, and without `redirect` if there is an `all` (RFC 7208 §5.1).
fn without_unused(text: &str) -> String {
    let record = SpfRecord::parse(text);
    let Some((all, _)) = record.all() else { return text.to_owned() };
    let is_used = |(at, term): &(usize, &SpfTerm)| match term.kind {
        SpfTermKind::Directive(..) => *at <= all,
        SpfTermKind::Redirect(_) => false,
        _ => true,
    };
    let used = record.terms.iter().enumerate().filter(is_used).filter_map(|(_, term)| text.get(term.at.clone()));
    joined(text.split(' ').take(1).chain(used))
}

/// The record with this end, if it has neither `redirect` nor an `all` that defines a result. The end precedes the
/// modifiers.
fn with_end(text: &str, end: &str) -> String {
    let record = SpfRecord::parse(text);
    let word = |term: &SpfTerm| text.get(term.at.clone()).unwrap_or_default();
    let mut words: Vec<&str> = text.split(' ').take(1).collect();
    match record.all() {
        Some((all, SpfQualifier::Neutral)) => {
            words.extend(record.terms.iter().enumerate().map(|(at, term)| if at == all { end } else { word(term) }));
        }
        None if record.redirect().is_none() => {
            let is_directive = |term: &SpfTerm| matches!(term.kind, SpfTermKind::Directive(..));
            let last = record.terms.iter().rposition(is_directive).map_or(0, |at| at + 1);
            words.extend(record.terms.iter().take(last).map(word));
            words.push(end);
            words.extend(record.terms.iter().skip(last).map(word));
        }
        _ => return text.to_owned(),
    }
    words.join(" ")
}

/// The record with these terms directly after the version.
pub(super) fn with_terms(text: &str, terms: &str) -> String {
    let mut words = text.split(' ');
    let version = words.next().unwrap_or_default();
    joined(std::iter::once(version).chain(terms.split(' ')).chain(words))
}
