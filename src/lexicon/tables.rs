//! Reply codes and enhanced status codes: the complete registry, the meanings of codes in each phase, and the
//! deviations of providers from the standard.

use super::cause::Cause;
use super::context::ReplyPhase;
use super::meaning::Confidence;
use super::pool::{FixRow, List, Text};
use crate::wire::{EnhancedStatus, ReplyCode};

include!(concat!(env!("OUT_DIR"), "/lexicon/codes.rs"));
include!(concat!(env!("OUT_DIR"), "/lexicon/status.rs"));

/// The meaning of a first digit.
#[derive(Debug)]
pub(crate) struct ClassRow {
    digit: u16,
    /// The meaning in the standard.
    pub meaning: Text,
    /// The cause, which determines the rule.
    pub cause: Cause,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: Text,
    /// Alternative explanations.
    pub otherwise: Option<Text>,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

/// The meaning of a first digit in certain phases.
#[derive(Debug)]
pub(crate) struct ClassAt {
    phase: &'static [ReplyPhase],
    digit: u16,
    /// The cause, which determines the rule.
    pub cause: Cause,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: Text,
    /// Alternative explanations.
    pub otherwise: Option<Text>,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

/// A reply code.
#[derive(Debug)]
pub(crate) struct CodeRow {
    code: u16,
    /// The meaning in the standard.
    pub meaning: Text,
    /// The document that defines it.
    pub reference: Text,
    /// The cause if the phase is not known.
    pub cause: Cause,
    /// The known meanings, by phase.
    pub at: &'static [CodeAt],
}

/// The meaning of a reply code in certain phases.
#[derive(Debug)]
pub(crate) struct CodeAt {
    /// The phases.
    pub phase: &'static [ReplyPhase],
    /// The cause, which determines the rule.
    pub cause: Cause,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: Text,
    /// Alternative explanations.
    pub otherwise: Option<Text>,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

/// An enhanced status code in the registry.
#[derive(Debug)]
pub(crate) struct StatusRow {
    code: Text,
    /// The registry's text.
    pub text: Text,
    /// The document that defines it.
    pub reference: Text,
    /// The explanation for the user.
    pub meaning: Text,
    cause: Cause,
    category4: Option<Cause>,
    category5: Option<Cause>,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// Whether it has no specific meaning. In that case, the reply code takes precedence.
    pub generic: bool,
    /// Alternative explanations.
    pub otherwise: Option<Text>,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

impl StatusRow {
    /// The cause, which determines the rule. It may depend on the class.
    pub(crate) fn cause(&self, status: EnhancedStatus) -> Cause {
        let by_class = match status.class() {
            2 => Some(Cause::Accepted),
            4 => self.category4,
            _ => self.category5,
        };
        by_class.unwrap_or(self.cause)
    }
}

/// The meaning that a provider gives to a status, if it differs from the registry.
#[derive(Debug)]
pub(crate) struct StatusDeviation {
    code: Text,
    to: Option<Text>,
    /// The id of the provider or software.
    pub provider: Text,
    /// Whether the row is more specific than the text of the reply, so it takes precedence over phrases.
    pub decisive: bool,
    basic: &'static [u16],
    /// The explanation for the user.
    pub means: Text,
    /// The cause, which determines the rule.
    pub cause: Cause,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// Alternative explanations.
    pub otherwise: Option<Text>,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

impl StatusDeviation {
    fn fits(&self, status: EnhancedStatus, code: Option<ReplyCode>) -> bool {
        let same = |wanted: &str| EnhancedStatus::parse(wanted);
        let in_range = match (same(&self.code), self.to.as_deref().and_then(same)) {
            (Some(from), Some(to)) => {
                from.class() == status.class() && (from.kind()..=to.kind()).contains(&status.kind())
            }
            (Some(only), None) => only == status,
            // `x.7.1` matches any class.
            (None, _) => self.code.strip_prefix("x.").is_some_and(|kind| status.to_string().get(2..) == Some(kind)),
        };
        in_range && (self.basic.is_empty() || code.is_some_and(|code| self.basic.contains(&code.number())))
    }
}

/// The row of a reply code.
pub(crate) fn code(code: ReplyCode) -> Option<&'static CodeRow> {
    CODES.iter().find(|row| code == row.code)
}

/// The meaning of a reply code in a phase.
pub(crate) fn code_at(code: ReplyCode, step: ReplyPhase) -> Option<&'static CodeAt> {
    self::code(code)?.at.iter().find(|row| row.phase.contains(&step))
}

/// The meaning of the first digit.
pub(crate) fn class(code: ReplyCode) -> Option<&'static ClassRow> {
    CLASSES.iter().find(|row| row.digit == code.number() / 100)
}

/// The meaning of the first digit in a phase.
pub(crate) fn class_at(code: ReplyCode, step: ReplyPhase) -> Option<&'static ClassAt> {
    let digit = code.number() / 100;
    CLASSES_AT.iter().find(|row| row.digit == digit && row.phase.contains(&step))
}

/// The registry's row for a status, or, if the status is not registered (`4.7.27`), the meaning that a large provider
/// gives to it.
pub(crate) fn status(status: EnhancedStatus) -> Option<&'static StatusRow> {
    STATUSES.iter().find(|row| EnhancedStatus::parse(&row.code) == Some(status)).or_else(|| of_kind(status))
}

fn of_kind(status: EnhancedStatus) -> Option<&'static StatusRow> {
    let detail = status.to_string();
    let is_kind = |row: &&StatusRow| row.code.strip_prefix("x.").is_some_and(|kind| detail.get(2..) == Some(kind));
    STATUSES.iter().find(is_kind)
}

/// The meaning that the recognised provider or software gives to a status.
pub(crate) fn deviation(
    status: EnhancedStatus,
    code: Option<ReplyCode>,
    whose: &[&str],
) -> Option<&'static StatusDeviation> {
    DEVIATIONS.iter().find(|row| whose.contains(&row.provider.as_str()) && row.fits(status, code))
}

/// All deviations of providers and software from the registry for a status.
pub(crate) fn deviations(
    status: EnhancedStatus,
    code: Option<ReplyCode>,
) -> impl Iterator<Item = &'static StatusDeviation> {
    DEVIATIONS.iter().filter(move |row| row.provider != "any" && row.fits(status, code))
}

#[cfg(test)]
mod tests {
    use super::{STATUSES, code, code_at};
    use crate::lexicon::{ReplyPhase, entries};
    use crate::wire::{ReplyCode, reply};

    #[test]
    fn every_example_of_a_code_yields_its_cause() {
        for row in &entries().codes.entries.code {
            for example in &row.example {
                let found = reply::from_text(&example.reply).and_then(|reply| reply.code).expect("a code");
                assert!(found == *row.code.get_ref(), "{}", example.reply);
                let at = example.phase.and_then(|step| code_at(found, step)).map(|at| at.cause);
                assert_eq!(at.unwrap_or(row.category), example.expect, "{}", example.reply);
            }
        }
    }

    #[test]
    fn the_registry_of_enhanced_status_codes_is_complete() {
        let registry = || STATUSES.iter().filter(|row| row.code.starts_with("x."));
        let mut codes: Vec<&str> = registry().map(|row| row.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 81);
        for row in &entries().statuses.entries.status {
            assert!(row.basic.iter().all(|code| (200..600).contains(code)), "{:?}: {:?}", row.code, row.basic);
        }
        for row in &entries().statuses.entries.deviation {
            assert!(!row.source.is_empty(), "{:?} of {:?} has no source", row.code, row.provider);
        }
        assert!(
            registry()
                .all(|row| !row.text.is_empty() && row.reference.contains("RFC") || row.reference.contains("draft"))
        );
    }

    #[test]
    fn the_same_code_has_three_meanings_in_three_phases() {
        let cause =
            |number: u16, step: ReplyPhase| code_at(ReplyCode::try_from(number).ok()?, step).map(|row| row.cause);
        assert_ne!(cause(454, ReplyPhase::Starttls), cause(454, ReplyPhase::Auth));
        assert_ne!(cause(554, ReplyPhase::Greeting), cause(554, ReplyPhase::Data));
        assert!(code(ReplyCode::try_from(571).expect("a code")).is_some());
    }
}
