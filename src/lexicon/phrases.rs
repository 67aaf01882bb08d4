//! Phrases: strings (literals) in the text of a reply, with the conditions under which they have a meaning. An
//! Aho-Corasick automaton finds all literals of all phrases in one pass. Then the conditions are checked, but only
//! those of phrases with a literal in the text.
//!
//! A phrase matches if each of its conditions is met: `phase`, `code`, `class`, `status`, all literals in `all`, at
//! least one in `any`, and none in `none`. If several phrases match, those of the recognised provider come first, then
//! those of the recognised software, then those that require neither. Within each group, the most specific phrase wins.
//! Its score is the number of characters in its matching literals, plus 8 for a condition on code or status, plus 4 for
//! a condition on phase or class. If the scores are equal, the order in the files decides.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::embedded::{embedded, normal};
use super::meaning::{Confidence, Fix};
use crate::wire::Reply;

/// The files with phrases, in their order.
const FILES: [(&str, &str); 5] = [
    ("phrases-auth.toml", include_str!("data/phrases-auth.toml")),
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
    let found = PHRASES.automaton.find_overlapping_iter(text).map(|found| found.range());
    found.filter(|range| text.get(range.clone()).is_some_and(|words| words.trim().contains(' '))).collect()
}

/// Texts that servers send: every literal and every example of the phrases.
pub(super) fn server_texts() -> impl Iterator<Item = &'static str> {
    let of = |phrase: &'static Phrase| [&phrase.all, &phrase.any, &phrase.none, &phrase.matches, &phrase.differs];
    PHRASES.phrases.iter().flat_map(of).flatten().map(String::as_str)
}

struct Phrases {
    phrases: Vec<Phrase>,
    literals: Vec<Literals>,
    automaton: AhoCorasick,
    /// For each literal: the indexes of the phrases that can match only if the literal is in the text.
    led_to: Vec<Vec<usize>>,
    /// The phrases that require no literal.
    wordless: Vec<usize>,
}

/// The literals of one phrase, by their numbers in the automaton.
struct Literals {
    all: Vec<usize>,
    any: Vec<usize>,
    none: Vec<usize>,
}

/// The literals that occur in a text.
struct Hits {
    has: Vec<bool>,
    /// The same as a list without duplicates.
    list: Vec<usize>,
}

impl Hits {
    fn has(&self, literal: usize) -> bool {
        self.has.get(literal).copied().unwrap_or(false)
    }
}

impl Literals {
    /// The literals of which at least one must be in the text: the longest literal in `all`, which is probably the
    /// rarest, or else all literals in `any`.
    fn needed(&self, words: &[String]) -> Vec<usize> {
        let length = |literal: &usize| words.get(*literal).map_or(0, String::len);
        match self.all.iter().max_by_key(|literal| length(literal)) {
            Some(rarest) => vec![*rarest],
            None => self.any.clone(),
        }
    }
}

impl Phrases {
    fn load() -> Phrases {
        let phrases: Vec<Phrase> =
            FILES.iter().flat_map(|(name, text)| embedded::<PhrasesFile>(name, text).phrase).collect();
        let mut words: Vec<String> = Vec::new();
        let mut numbers: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        let mut number = |word: &String| {
            *numbers.entry(word.clone()).or_insert_with(|| {
                words.push(word.clone());
                words.len() - 1
            })
        };
        let literals: Vec<Literals> = phrases
            .iter()
            .map(|phrase| Literals {
                all: phrase.all.iter().map(&mut number).collect(),
                any: phrase.any.iter().map(&mut number).collect(),
                none: phrase.none.iter().map(&mut number).collect(),
            })
            .collect();
        let (mut led_to, mut wordless) = (vec![Vec::new(); words.len()], Vec::new());
        for (at, literals) in literals.iter().enumerate() {
            let needed = literals.needed(&words);
            if needed.is_empty() {
                wordless.push(at);
            }
            for literal in needed {
                led_to.get_mut(literal).into_iter().for_each(|led: &mut Vec<usize>| led.push(at));
            }
        }
        // Overlapping matches are required, because both "user unknown" and "unknown" count.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words);
        let automaton = automaton.unwrap_or_else(|error| {
            unreachable!("an automaton for a few thousand short literals can be built: {error}")
        });
        Phrases { phrases, literals, automaton, led_to, wordless }
    }

    fn hits(&self, text: &str) -> Hits {
        let mut hits = Hits { has: vec![false; self.led_to.len()], list: Vec::new() };
        for found in self.automaton.find_overlapping_iter(text) {
            let literal = found.pattern().as_usize();
            if let Some(hit) = hits.has.get_mut(literal).filter(|hit| !**hit) {
                *hit = true;
                hits.list.push(literal);
            }
        }
        hits
    }

    /// The indexes of all phrases that may match. There may be duplicates.
    fn candidates<'a>(&'a self, hits: &'a Hits) -> impl Iterator<Item = usize> + 'a {
        let led_to = hits.list.iter().filter_map(|literal| self.led_to.get(*literal)).flatten();
        led_to.chain(&self.wordless).copied()
    }
}

impl Phrase {
    /// How specific the match is; `None` if the phrase does not match.
    fn score(&self, literals: &Literals, hits: &Hits, seen: &PhraseContext) -> Option<usize> {
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
        if !literals.all.iter().all(|&literal| hits.has(literal))
            || literals.none.iter().any(|&literal| hits.has(literal))
        {
            return None;
        }
        score += self.all.iter().map(|word| word.chars().count()).sum::<usize>();
        if !self.any.is_empty() {
            let hit = self.any.iter().zip(&literals.any).filter(|(_, literal)| hits.has(**literal));
            score += hit.map(|(word, _)| word.chars().count()).max()?;
        }
        Some(score)
    }

    /// 0 for phrases of the recognised provider, 1 for those of the recognised software, 2 for general ones; `None` for
    /// phrases of other providers.
    fn rank(&self, context: &Context<'_>) -> Option<u8> {
        // Before MAIL, a reply cannot be about a recipient.
        let early = matches!(
            context.step,
            Some(ReplyPhase::Greeting | ReplyPhase::Ehlo | ReplyPhase::Starttls | ReplyPhase::Auth)
        );
        if early && self.cause.is_about_recipient() {
            return None;
        }
        match &self.provider {
            None => Some(2),
            Some(provider) if Some(provider.as_str()) == context.provider => Some(0),
            Some(provider) if Some(provider.as_str()) == context.software => Some(1),
            Some(_) => self.anywhere.unwrap_or(false).then_some(2),
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

/// The text of a reply in the form in which phrases are searched.
pub(crate) fn text_of(reply: &Reply) -> String {
    normal(&reply.joined())
}

/// The phrase that matches a reply best.
pub(crate) fn find(reply: &Reply, context: &Context<'_>) -> Option<&'static Phrase> {
    let text = text_of(reply);
    let seen = PhraseContext::of(reply, context.step);
    let all: &'static Phrases = &PHRASES;
    let hits = all.hits(&text);
    let scored = all.candidates(&hits).filter_map(|at| {
        let (phrase, literals) = (all.phrases.get(at)?, all.literals.get(at)?);
        let rank = phrase.rank(context)?;
        context.step.is_none_or(|step| phrase.cause.can_arise_at(step)).then_some(())?;
        let score = phrase.score(literals, &hits, &seen)?;
        Some(((rank, std::cmp::Reverse(score), at), phrase))
    });
    scored.min_by_key(|(key, _)| *key).map(|(_, phrase)| phrase)
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
        let (phrase, literals) = (phrases.phrases.get(at)?, phrases.literals.get(at)?);
        let text = text_of(&reply);
        let step = phrase.phase.as_ref().and_then(|steps| steps.first().copied());
        let seen = PhraseContext::of(&reply, step);
        phrase.score(literals, &phrases.hits(&text), &seen)
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
                let hits = PHRASES.hits(&text_of(&reply::from_text(example).expect("a reply")));
                let led_to: Vec<usize> = PHRASES.candidates(&hits).collect();
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
