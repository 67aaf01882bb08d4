//! Phrases: strings (literals) in the text of a reply, with the conditions under which they have a meaning. The index
//! ([`super::literals`]) finds the literals of all phrases in one pass. Then the conditions of each phrase with a
//! literal in the text are checked.
//!
//! A phrase matches if each of its conditions is met: `phase`, `code`, `class`, `status`, all literals in `all`, at
//! least one in `any`, at least one in `also`, and none in `none`. If several phrases match, those of the recognised provider come first, then
//! those of the recognised software, then those that require neither. Within each group, phrases marked `general` come
//! last, and the most specific phrase, which is the one with the highest score, wins. The score of a phrase is the
//! number of characters in its matching literals, plus 8 for a condition on code or status, plus 4 for a condition on
//! phase or class. If the scores are equal, the order in the files decides.

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::literals::{EntryLiterals, Filed, Filing, LiteralIndex, Numbers};
use super::meaning::Confidence;
use super::pool::{FixRow, List, Text};
use super::providers::Provider;
use super::spelling::unified;
use super::{echo, hints, normal, providers};
use crate::wire::Reply;

include!(concat!(env!("OUT_DIR"), "/lexicon/phrases.rs"));

/// One phrase.
#[derive(Debug)]
pub(crate) struct Phrase {
    /// The public id, in kebab-case. It is never reused.
    pub id: Text,
    provider: Option<Text>,
    anywhere: bool,
    /// Whether its words are general ("message rejected"), so that every other phrase has priority.
    general: bool,
    phase: Option<List<ReplyPhase>>,
    code: Option<List<u16>>,
    class: Option<List<u16>>,
    status: Option<List<Text>>,
    literals: EntryLiterals,
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
    /// The source of this information.
    pub source: Text,
}

/// The ranges of multi-word literals in lower-case text.
pub(super) fn places(text: &str) -> Vec<std::ops::Range<usize>> {
    let has_space =
        |range: &std::ops::Range<usize>| text.get(range.clone()).is_some_and(|words| words.trim().contains(' '));
    INDEX.places(text).into_iter().filter(has_space).collect()
}

impl Phrase {
    /// Whether its words are known from one provider, but nothing else identifies this provider: neither the server,
    /// nor a web address, a code in brackets or a name in the words. Another provider may have sent such words.
    pub(super) fn is_unattributed(&self, context: &Context<'_>, text: &str) -> bool {
        let Some(provider) = self.provider.as_deref().filter(|provider| providers::is_provider(provider)) else {
            return false;
        };
        // Short codes have digits (`ib105`, `ms42207`).
        let is_mark = |word: &str| {
            let has_sign = word.contains(['.', '#', '[', '(', ':', '=', '_', '/']);
            has_sign || word.contains(|one: char| one.is_ascii_digit()) || word.contains(provider)
        };
        let hit = |words: Numbers| INDEX.texts(words).any(|word| is_mark(word) && text.contains(word));
        context.provider.is_none()
            && !hit(self.literals.all)
            && !hit(self.literals.any)
            && !hit(self.literals.also)
            && !providers::is_named_in(provider, text)
    }

    /// Whether its words are general, so that every other phrase has priority.
    pub(super) fn is_general(&self) -> bool {
        self.general
    }

    /// The positions of its words in the text.
    fn places<'t>(&self, text: &'t str) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        self.words().flat_map(|word| text.match_indices(word).map(|(start, word)| start..start + word.len()))
    }

    /// The literals that it requires, or of which it requires one.
    fn words(&self) -> impl Iterator<Item = &'static str> + use<> {
        let EntryLiterals { all, any, also, .. } = self.literals;
        [all, any, also].into_iter().flat_map(|numbers| INDEX.texts(numbers))
    }

    /// The name of its provider, as it is shown to the user.
    pub(super) fn provider_name(&self) -> Option<&'static str> {
        let id = self.provider.as_deref()?;
        providers::all().iter().find(|provider| provider.id == id).map(|provider| provider.name.as_str())
    }

    /// The id of its provider or software.
    pub(super) fn provider_id(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Whether its wording is used only by this provider.
    pub(crate) fn is_of(&self, provider: &Provider) -> bool {
        self.provider.as_deref() == Some(provider.id.as_str())
    }

    /// Whether it requires a specific enhanced status.
    pub(super) fn needs_status(&self) -> bool {
        self.status.is_some()
    }

    /// Whether it matches the text only because of single words that are common in other replies (`spf`, `virus`). A
    /// word with digits or punctuation is a code or a name, so it does not count as such a word.
    pub(super) fn is_by_one_word(&self, text: &str) -> bool {
        let is_plain = |word: &str| word.trim().chars().all(|one| one.is_alphabetic() || one == '-' || one == '\'');
        let mut found = INDEX.texts(self.literals.any).filter(|word| text.contains(word));
        let has_others =
            [self.literals.all, self.literals.also].into_iter().any(|numbers| INDEX.texts(numbers).next().is_some());
        !has_others && self.status.is_none() && found.all(is_plain)
    }

    /// Whether its words have the same meaning with this code, which is not in its row, in the phase of the reply.
    /// Words about a login may also refer to something else (`not accepted`), so they require the AUTH phase. A 4yz
    /// reply never means that the password is wrong.
    fn may_have_other_code(&self, code: u16, step: ReplyPhase) -> bool {
        let of_class = self.code.is_some_and(|codes| codes.iter().any(|known| known / 100 == code / 100));
        match self.cause {
            Cause::AuthMechanism => step == ReplyPhase::Auth,
            Cause::Credentials
            | Cause::AppPassword
            | Cause::OauthRequired
            | Cause::AccountRestricted
            | Cause::Syntax => step == ReplyPhase::Auth && of_class,
            Cause::AuthRequired | Cause::EncryptionRequired | Cause::Sequence | Cause::Unsupported => false,
            _ => of_class && step != ReplyPhase::Auth,
        }
    }

    /// The score of the phrase; `None` if one of its conditions is not met. `literals` is the score of its literals.
    fn score(&self, literals: usize, seen: &PhraseContext) -> Option<usize> {
        // RFC 4954 §4: in reply to AUTH, 504 refers to the mechanism, not to the account.
        let is_about_login = matches!(self.cause, Cause::AccountRestricted | Cause::Credentials);
        if (seen.step, seen.code) == (Some(ReplyPhase::Auth), Some(504)) && is_about_login {
            return None;
        }
        let mut score = 0;
        if let Some(steps) = &self.phase {
            if seen.step.is_some_and(|step| !steps.contains(&step)) || seen.step.is_none() {
                return None;
            }
            score += 4;
        }
        if let Some(codes) = &self.code {
            let code = seen.code?;
            if codes.contains(&code) {
                score += 8;
            } else if !seen.any_code || !self.may_have_other_code(code, seen.step?) {
                return None;
            }
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

    /// 0 for the recognised provider, 1 for a provider that sends the same texts, 2 for the recognised software, 3 for
    /// every server; none if it is for another provider or software.
    fn rank(&self, context: &Context<'_>) -> Option<u8> {
        let Some(provider) = self.provider.as_deref() else { return Some(3) };
        match (context.provider, context.software) {
            (Some(recognised), _) if recognised == provider => Some(0),
            (Some(recognised), _) if providers::share_texts(provider, recognised) => Some(1),
            (_, Some(software)) if software == provider => Some(2),
            // A phrase of one provider does not apply to another provider.
            (Some(_), _) if providers::is_provider(provider) => None,
            _ => self.anywhere.then_some(3),
        }
    }
}

struct PhraseContext {
    step: Option<ReplyPhase>,
    code: Option<u16>,
    /// The status as text, stored so that it is formatted only once.
    status: Option<String>,
    /// Whether a phrase also applies to reply codes that are not in its row.
    any_code: bool,
}

impl PhraseContext {
    fn of(reply: &Reply, step: Option<ReplyPhase>) -> PhraseContext {
        let status = reply.enhanced.map(|status| status.to_string());
        PhraseContext { step, code: reply.code.map(|code| code.number()), status, any_code: false }
    }
}

/// Whether a status matches a pattern; `x.7.9` matches 4.7.9 and 5.7.9.
fn fits(wanted: &str, status: &str) -> bool {
    match wanted.strip_prefix("x.") {
        Some(kind) => status.get(2..).is_some_and(|rest| rest == kind),
        None => status == wanted,
    }
}

/// The text of a reply in the form that phrases are compared with. It contains neither words of the client that the
/// server repeats (addresses, host names, commands) nor lists of hints ("make sure that SPF, HELO and PTR are
/// correct"), and it has the same spelling as the phrases' literals.
pub(crate) fn text_of(reply: &Reply) -> String {
    unified(&hints::without(&echo::without(&normal(&reply.joined()))))
}

/// The words that Postfix writes before an operator's own text: `Recipient address rejected: <text>`.
const HEADINGS: [&str; 5] = [
    "client host rejected: ",
    "helo command rejected: ",
    "sender address rejected: ",
    "recipient address rejected: ",
    "data command rejected: ",
];

/// Splits the text between Postfix's heading and the operator's own text; none if there is no such text.
fn headed(text: &str) -> Option<(&str, &str)> {
    let (at, heading) = HEADINGS.iter().filter_map(|heading| Some((text.find(heading)?, heading))).min()?;
    let (head, own) = text.split_at_checked(at + heading.len())?;
    (!own.trim().is_empty()).then_some((head, own))
}

/// The phrase that matches a reply best. A phrase without a provider has priority over a phrase that has the same cause
/// but belongs to a provider that nothing identifies. Words that an operator wrote have priority over the heading
/// before them.
pub(crate) fn find(reply: &Reply, context: &Context<'_>) -> Option<&'static Phrase> {
    find_in(reply, context, &PhraseContext::of(reply, context.step))
}

/// The phrase that would match the reply best if the reply had a usual code (`541 This account isn't allowed to send`).
/// `None` if the best phrase has a provider, is marked `general`, or matches only by single words.
pub(super) fn find_despite_code(reply: &Reply, context: &Context<'_>) -> Option<&'static Phrase> {
    let seen = PhraseContext { any_code: true, ..PhraseContext::of(reply, context.step) };
    let text = text_of(reply);
    find_in(reply, context, &seen).filter(|phrase| {
        let is_long = |word: &str| word.trim().contains(' ') && text.contains(word);
        let is_clear = phrase.words().any(is_long);
        is_clear && phrase.provider.is_none() && !phrase.general
    })
}

/// A phrase with another cause that also matches the reply, by other words in it. The reply then allows two readings.
/// Phrases that are marked `general`, and phrases that match only by single words, do not count. The same applies to
/// causes that a server reports in addition to the actual one: that it closes the connection, or that a login would
/// help.
pub(super) fn rival(best: &Phrase, reply: &Reply, context: &Context<'_>) -> Option<&'static Phrase> {
    let text = text_of(reply);
    let of_best: Vec<_> = best.places(&text).collect();
    let is_elsewhere = |range: &std::ops::Range<usize>| {
        of_best.iter().all(|other| range.end <= other.start || other.end <= range.start)
    };
    let is_addition =
        |cause: Cause| matches!(cause, Cause::Closing | Cause::Sequence | Cause::AuthRequired | Cause::Other);
    let is_same_kind = |cause: Cause| {
        cause.category() == best.cause.category() || cause.is_about_recipient() && best.cause.is_about_recipient()
    };
    // `Authentication unsuccessful, SmtpClientAuthentication is disabled`: a provider writes the reason after the fact.
    let is_introduction = |cause: Cause| best.provider.is_some() && cause == Cause::Credentials;
    ranked(&text, context, &PhraseContext::of(reply, context.step)).into_iter().find(|phrase| {
        !is_same_kind(phrase.cause)
            && !is_introduction(phrase.cause)
            && !is_addition(phrase.cause)
            && !phrase.general
            && phrase.confidence > Confidence::Possible
            && !phrase.is_unattributed(context, &text)
            && !phrase.is_by_one_word(&text)
            && phrase.places(&text).any(|range| is_elsewhere(&range))
    })
}

fn find_in(reply: &Reply, context: &Context<'_>, seen: &PhraseContext) -> Option<&'static Phrase> {
    let text = text_of(reply);
    let ranked = ranked(&text, context, seen);
    let best = *ranked.first()?;
    let is_same = |phrase: &&Phrase| phrase.cause == best.cause && phrase.provider.is_none();
    let general = || ranked.iter().copied().find(is_same);
    Some(if best.is_unattributed(context, &text) { general().unwrap_or(best) } else { best })
}

/// The phrases that match the text, best first.
fn ranked(text: &str, context: &Context<'_>, seen: &PhraseContext) -> Vec<&'static Phrase> {
    let hits = INDEX.hits(text);
    let of_heading = headed(text).map(|(head, _)| INDEX.hits(head));
    let scored = INDEX.candidates(&hits).filter_map(|at| {
        let phrase = PHRASES.get(at)?;
        let rank = phrase.rank(context)?;
        let fits =
            |step| phrase.cause.can_arise_at(step) || step == ReplyPhase::Mail && phrase.cause.is_about_recipient();
        context.step.is_none_or(fits).then_some(())?;
        let score = phrase.score(INDEX.score(phrase.literals, &hits)?, seen)?;
        let only_heading = of_heading.as_ref().is_some_and(|hits| INDEX.score(phrase.literals, hits).is_some());
        Some(((only_heading, rank, phrase.general, std::cmp::Reverse(score), at), phrase))
    });
    let mut scored: Vec<_> = scored.collect();
    scored.sort_unstable_by_key(|(key, _)| *key);
    scored.into_iter().map(|(_, phrase)| phrase).collect()
}

/// All phrases, for lists and tests.
pub(crate) fn all() -> &'static [Phrase] {
    &PHRASES
}

#[cfg(test)]
mod tests {
    use super::{Context, INDEX, Phrase, PhraseContext, all, find, text_of};
    use crate::lexicon::entries;
    use crate::lexicon::entries::PhraseEntry;
    use crate::lexicon::literals::Hits;
    use crate::wire::{Reply, reply};

    fn rows() -> impl Iterator<Item = (&'static Phrase, &'static PhraseEntry)> {
        all().iter().zip(entries().phrases())
    }

    fn score(phrase: &Phrase, text: &str) -> Option<usize> {
        let reply = reply::from_text(text)?;
        score_with(phrase, &reply, &INDEX.hits(&text_of(&reply)))
    }

    fn score_with(phrase: &Phrase, reply: &Reply, hits: &Hits) -> Option<usize> {
        let step = phrase.phase.and_then(|steps| steps.first().copied());
        phrase.score(INDEX.score(phrase.literals, hits)?, &PhraseContext::of(reply, step))
    }

    fn context(phrase: &Phrase) -> Context<'_> {
        Context {
            step: phrase.phase.and_then(|steps| steps.first().copied()),
            provider: phrase.provider.as_deref(),
            software: phrase.provider.as_deref(),
        }
    }

    #[test]
    fn the_table_has_every_entry_in_the_order_of_the_files() {
        assert_eq!(all().len(), entries().phrases().count());
        assert!(rows().all(|(phrase, entry)| phrase.id == *entry.id.get_ref()));
        assert!(all().len() > 500);
    }

    #[test]
    fn every_example_matches_its_phrase_and_yields_its_cause() {
        let mut wrong = Vec::new();
        for (phrase, entry) in rows() {
            for example in &entry.matches {
                if score(phrase, example).is_none() {
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
        for example in rows().flat_map(|(_, entry)| entry.matches.iter().chain(&entry.differs)) {
            let reply = reply::from_text(example).expect("a reply");
            let hits = INDEX.hits(&text_of(&reply));
            let led_to: Vec<usize> = INDEX.candidates(&hits).collect();
            let mut phrases = all().iter().enumerate();
            let matches = |phrase: &Phrase| score_with(phrase, &reply, &hits).is_some();
            assert!(phrases.all(|(at, phrase)| led_to.contains(&at) || !matches(phrase)), "{example}");
            // Only a small part of all phrases may be examined.
            assert!(led_to.len() < all().len() / 4, "{} of {} for {example}", led_to.len(), all().len());
        }
    }

    #[test]
    fn the_index_finds_the_same_literals_as_a_search_for_each() {
        let examples = rows().flat_map(|(_, entry)| entry.matches.iter().chain(&entry.differs));
        let texts = examples.map(|example| text_of(&reply::from_text(example).expect("a reply")));
        INDEX.agrees_with_a_search_for_each_literal(texts.chain(["".to_owned(), "@".to_owned(), "sp@f".to_owned()]));
    }

    #[test]
    fn no_counter_example_matches() {
        for (phrase, entry) in rows() {
            for example in &entry.differs {
                assert_eq!(score(phrase, example), None, "{} matches {example:?}", phrase.id);
            }
        }
    }
}
