//! Phrases: strings (literals) in the text of a reply, with the conditions under which they have a meaning. An
//! Aho-Corasick automaton finds all literals of all phrases in one pass. Then the conditions are checked, but only
//! those of phrases with a literal in the text.
//!
//! A phrase matches if each of its conditions is met: `phase`, `code`, `class`, `status`, all literals in `all`, at
//! least one in `any`, and none in `none`. If several phrases match, those of the recognised provider come first, then
//! those of the recognised software, then those that require neither. Within each group, phrases marked `general` come
//! last, and the most specific phrase wins.
//! Its score is the number of characters in its matching literals, plus 8 for a condition on code or status, plus 4 for
//! a condition on phase or class. If the scores are equal, the order in the files decides.

use std::sync::LazyLock;

use serde::Deserialize;

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::embedded::{embedded, normal};
use super::literals::{LiteralIndex, Literals};
use super::meaning::{Confidence, Fix};
use super::providers::Provider;
use super::{echo, hints, providers};
use crate::wire::Reply;

/// The files with phrases, in their order.
const FILES: [(&str, &str); 7] = [
    ("phrases-auth.toml", include_str!("data/phrases-auth.toml")),
    ("phrases-login-limits.toml", include_str!("data/phrases-login-limits.toml")),
    ("phrases-languages.toml", include_str!("data/phrases-languages.toml")),
    ("phrases-policy.toml", include_str!("data/phrases-policy.toml")),
    ("phrases-providers.toml", include_str!("data/phrases-providers.toml")),
    ("phrases-recipient.toml", include_str!("data/phrases-recipient.toml")),
    ("phrases-session.toml", include_str!("data/phrases-session.toml")),
];

static PHRASES: LazyLock<Phrases> = LazyLock::new(Phrases::load);

/// One phrase.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Phrase {
    /// The public id, in kebab-case. It is never reused.
    pub id: String,
    provider: Option<String>,
    anywhere: Option<bool>,
    /// Whether its words are general, so that every other phrase comes before it ("message rejected").
    #[serde(default)]
    general: bool,
    phase: Option<Vec<ReplyPhase>>,
    code: Option<Vec<u16>>,
    class: Option<Vec<u16>>,
    status: Option<Vec<String>>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    /// The cause, which decides the rule.
    #[serde(rename = "category")]
    pub cause: Cause,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: String,
    /// Alternative explanations.
    #[serde(rename = "else")]
    pub otherwise: Option<String>,
    /// Fixes for the user.
    pub fix: Vec<Fix>,
    /// The source of this information.
    pub source: String,
    /// Examples of replies that it must match.
    matches: Vec<String>,
    /// Examples of similar replies that it must not match.
    differs: Vec<String>,
}

#[derive(Deserialize)]
struct PhrasesFile {
    phrase: Vec<Phrase>,
}

/// The ranges of literals with several words in a lower-case text.
pub(super) fn places(text: &str) -> Vec<std::ops::Range<usize>> {
    PHRASES
        .index
        .places(text)
        .filter(|range| text.get(range.clone()).is_some_and(|words| words.trim().contains(' ')))
        .collect()
}

/// Texts that servers send: every literal and every example of the phrases.
pub(super) fn server_texts() -> impl Iterator<Item = &'static str> {
    let of = |phrase: &'static Phrase| [&phrase.all, &phrase.any, &phrase.none, &phrase.matches, &phrase.differs];
    PHRASES.phrases.iter().flat_map(of).flatten().map(String::as_str)
}

struct Phrases {
    phrases: Vec<Phrase>,
    index: LiteralIndex,
}

impl Phrases {
    fn load() -> Phrases {
        let phrases: Vec<Phrase> =
            FILES.iter().flat_map(|(name, text)| embedded::<PhrasesFile>(name, text).phrase).collect();
        let index = LiteralIndex::new(phrases.iter().map(|phrase| Literals {
            all: &phrase.all,
            any: &phrase.any,
            none: &phrase.none,
        }));
        Phrases { phrases, index }
    }
}

impl Phrase {
    /// Whether its words are known from one provider and could be those of another one, because nothing recognised the
    /// provider: neither the server, nor a web address, a code in brackets or a name in the words.
    pub(super) fn is_unattributed(&self, context: &Context<'_>, text: &str) -> bool {
        let Some(provider) = self.provider.as_deref().filter(|provider| providers::is_provider(provider)) else {
            return false;
        };
        // Short codes have digits (`ib105`, `ms42207`).
        let is_mark = |word: &str| {
            let has_sign = word.contains(['.', '#', '[', '(', ':', '=', '_', '/']);
            has_sign || word.contains(|one: char| one.is_ascii_digit()) || word.contains(provider)
        };
        let hit = |words: &[String]| words.iter().any(|word| is_mark(word) && text.contains(word.as_str()));
        context.provider.is_none() && !hit(&self.all) && !hit(&self.any) && !providers::is_named_in(provider, text)
    }

    /// The name of its provider, for people.
    pub(super) fn provider_name(&self) -> Option<&'static str> {
        let id = self.provider.as_deref()?;
        providers::all().iter().find(|provider| provider.id == id).map(|provider| provider.name.as_str())
    }

    /// Whether its words are those of this provider.
    pub(crate) fn is_of(&self, provider: &Provider) -> bool {
        self.provider.as_deref() == Some(provider.id.as_str())
    }

    /// Whether it needs a certain enhanced status.
    pub(super) fn needs_status(&self) -> bool {
        self.status.is_some()
    }

    /// Whether a text matches it only by one short word that anybody could use (`spf`, `virus`). A word with digits or signs is a
    /// code or a name.
    pub(super) fn is_by_one_word(&self, text: &str) -> bool {
        let is_plain = |word: &&String| word.trim().chars().all(|one| one.is_alphabetic() || one == '-' || one == '\'');
        let found: Vec<&String> = self.any.iter().filter(|word| text.contains(word.as_str())).collect();
        self.all.is_empty() && self.status.is_none() && found.iter().all(is_plain)
    }

    /// How specific its conditions are; none if one of them does not hold. `literals` is the score of its literals.
    fn score(&self, literals: usize, seen: &PhraseContext) -> Option<usize> {
        let mut score = 0;
        if let Some(steps) = &self.phase {
            if seen.step.is_some_and(|step| !steps.contains(&step)) || seen.step.is_none() {
                return None;
            }
            score += 4;
        }
        if let Some(codes) = &self.code {
            if !seen.code.is_some_and(|code| codes.contains(&code)) {
                return None;
            }
            score += 8;
        }
        if let Some(classes) = &self.class {
            if !seen.code.is_some_and(|code| classes.contains(&(code / 100))) {
                return None;
            }
            score += 4;
        }
        if let Some(statuses) = &self.status {
            if !seen.status.as_ref().is_some_and(|status| statuses.iter().any(|wanted| fits(wanted, status))) {
                return None;
            }
            score += 8;
        }
        Some(score + literals)
    }

    /// 0 for the recognised provider, 1 for the recognised software, 2 for every server; none if it is for others.
    fn rank(&self, context: &Context<'_>) -> Option<u8> {
        let Some(provider) = self.provider.as_deref() else { return Some(2) };
        match (context.provider, context.software) {
            (Some(recognised), _) if providers::share_texts(provider, recognised) => Some(0),
            (_, Some(software)) if software == provider => Some(1),
            // A provider's text is not that of another provider.
            (Some(_), _) if providers::is_provider(provider) => None,
            _ => self.anywhere.unwrap_or(false).then_some(2),
        }
    }
}

struct PhraseContext {
    step: Option<ReplyPhase>,
    code: Option<u16>,
    /// The status as text, formatted only once.
    status: Option<String>,
}

impl PhraseContext {
    fn of(reply: &Reply, step: Option<ReplyPhase>) -> PhraseContext {
        let status = reply.enhanced.map(|status| status.to_string());
        PhraseContext { step, code: reply.code.map(|code| code.number()), status }
    }
}

/// Whether a status matches a pattern; `x.7.9` matches 4.7.9 and 5.7.9.
fn fits(wanted: &str, status: &str) -> bool {
    match wanted.strip_prefix("x.") {
        Some(kind) => status.get(2..).is_some_and(|rest| rest == kind),
        None => status == wanted,
    }
}

/// The text of a reply as phrases see it: what the server says of its own accord. Words of the client that it repeats
/// (addresses, host names, commands) and words in a list of hints ("make sure that SPF, HELO and PTR are correct") are
/// cut out.
pub(crate) fn text_of(reply: &Reply) -> String {
    hints::without(&echo::without(&normal(&reply.joined())))
}

/// The words that Postfix writes before an operator's own text: `Recipient address rejected: <text>`.
const HEADINGS: [&str; 5] = [
    "client host rejected: ",
    "helo command rejected: ",
    "sender address rejected: ",
    "recipient address rejected: ",
    "data command rejected: ",
];

/// A text in two parts, the second of which was written by the operator; none if the second is empty.
fn headed(text: &str) -> Option<(&str, &str)> {
    let (at, heading) = HEADINGS.iter().filter_map(|heading| Some((text.find(heading)?, heading))).min()?;
    let (head, own) = text.split_at_checked(at + heading.len())?;
    (!own.trim().is_empty()).then_some((head, own))
}

/// The phrase that matches a reply best. A general phrase with the same cause comes before words of a provider that nothing
/// identifies, and words that an operator wrote come before the heading above them.
pub(crate) fn find(reply: &Reply, context: &Context<'_>) -> Option<&'static Phrase> {
    let text = text_of(reply);
    let seen = PhraseContext::of(reply, context.step);
    let all: &'static Phrases = &PHRASES;
    let hits = all.index.hits(&text);
    let of_heading = headed(&text).map(|(head, _)| all.index.hits(head));
    let scored = all.index.candidates(&hits).filter_map(|at| {
        let phrase = all.phrases.get(at)?;
        let rank = phrase.rank(context)?;
        let fits =
            |step| phrase.cause.can_arise_at(step) || step == ReplyPhase::Mail && phrase.cause.is_about_recipient();
        context.step.is_none_or(fits).then_some(())?;
        let score = phrase.score(all.index.score(at, &hits)?, &seen)?;
        let only_heading = of_heading.as_ref().is_some_and(|hits| all.index.score(at, hits).is_some());
        Some(((only_heading, rank, phrase.general, std::cmp::Reverse(score), at), phrase))
    });
    let mut scored: Vec<_> = scored.collect();
    scored.sort_unstable_by_key(|(key, _)| *key);
    let best = scored.first().map(|(_, phrase)| *phrase)?;
    let is_same = |phrase: &&Phrase| phrase.cause == best.cause && phrase.provider.is_none();
    let general = || scored.iter().map(|(_, phrase)| *phrase).find(is_same);
    Some(if best.is_unattributed(context, &text) { general().unwrap_or(best) } else { best })
}

/// All phrases, for lists and tests.
pub(crate) fn all() -> &'static [Phrase] {
    &PHRASES.phrases
}

#[cfg(test)]
mod tests {
    use super::{Context, PHRASES, Phrase, PhraseContext, Phrases, all, find, text_of};
    use crate::wire::reply;

    fn score(phrases: &Phrases, at: usize, text: &str) -> Option<usize> {
        let reply = reply::from_text(text)?;
        let phrase = phrases.phrases.get(at)?;
        let hits = phrases.index.hits(&text_of(&reply));
        let step = phrase.phase.as_ref().and_then(|steps| steps.first().copied());
        let seen = PhraseContext::of(&reply, step);
        phrase.score(phrases.index.score(at, &hits)?, &seen)
    }

    fn context(phrase: &Phrase) -> Context<'_> {
        Context {
            step: phrase.phase.as_ref().and_then(|steps| steps.first().copied()),
            provider: phrase.provider.as_deref(),
            software: phrase.provider.as_deref(),
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = all().iter().map(|phrase| phrase.id.as_str()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(count > 500);
    }

    #[test]
    fn every_example_matches_its_phrase_and_yields_its_cause() {
        let mut wrong = Vec::new();
        for (at, phrase) in all().iter().enumerate() {
            for example in &phrase.matches {
                if score(&PHRASES, at, example).is_none() {
                    wrong.push(format!("{} does not match {example:?}", phrase.id));
                    continue;
                }
                let reply = reply::from_text(example).expect("a reply");
                let best = find(&reply, &context(phrase)).expect("it matches");
                if best.cause != phrase.cause {
                    wrong.push(format!("{example:?} of {} is matched better by {}", phrase.id, best.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_matching_phrase_is_found_by_its_literals() {
        for phrase in all() {
            for example in phrase.matches.iter().chain(&phrase.differs) {
                let hits = PHRASES.index.hits(&text_of(&reply::from_text(example).expect("a reply")));
                let led_to: Vec<usize> = PHRASES.index.candidates(&hits).collect();
                let matching = (0..all().len()).filter(|at| score(&PHRASES, *at, example).is_some());
                assert!(matching.into_iter().all(|at| led_to.contains(&at)), "{example}");
                // Only a small part of all phrases must be examined.
                assert!(led_to.len() < all().len() / 4, "{} of {} for {example}", led_to.len(), all().len());
            }
        }
    }

    #[test]
    fn no_counter_example_matches() {
        for (at, phrase) in all().iter().enumerate() {
            assert!(!phrase.matches.is_empty() && !phrase.differs.is_empty(), "{} lacks examples", phrase.id);
            for example in &phrase.differs {
                assert_eq!(score(&PHRASES, at, example), None, "{} matches {example:?}", phrase.id);
            }
        }
    }

    #[test]
    fn every_phrase_that_is_not_certain_states_an_alternative() {
        for phrase in all() {
            let certain = phrase.confidence == crate::lexicon::Confidence::Certain;
            assert!(certain || phrase.otherwise.is_some(), "{}", phrase.id);
            assert!(!phrase.fix.is_empty(), "{}", phrase.id);
        }
    }
}
