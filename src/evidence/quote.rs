//! Text received from a peer, quoted in a sentence written by smtpcheck. A finding contains both kinds of text, and
//! only text received from the peer may be masked.
//!
//! A quote contains markers for its beginning, its end, and the event or probe that it comes from. The markers are
//! characters that Unicode reserves for internal use by programs (U+FDD0 to U+FDEF are noncharacters). `Mask::sentence`
//! removes all of them when the finding is complete. If text received from a peer contains such characters, they are
//! replaced first.
//!
//! A check quotes the text of a reply with `ReceivedReply::quote` and its neighbours in `session.rs`. If the text is
//! part of an answer and not of the transcript, the check makes a [`Quote`] with [`QuoteOrigin::Attempt`], and
//! `mask.rs` masks the answer itself. `tests/transcripts.rs` verifies that each check marks the text that it quotes.

use std::borrow::Cow;
use std::fmt;

use super::{EventId, ProbeId};

const BEGIN: char = '\u{fdd0}';
const FROM: char = '\u{fdd1}';
const END: char = '\u{fdd2}';

/// The origin of quoted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteOrigin {
    /// An event of the transcript.
    Event(EventId),
    /// A probe that failed, or whose answer is not part of the transcript.
    Attempt(ProbeId),
}

/// Text received from a peer, for use in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// The origin of the text.
    pub origin: QuoteOrigin,
    /// The text.
    pub text: Cow<'a, str>,
}

impl fmt::Display for Quote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = without_marks(&self.text);
        match self.origin {
            QuoteOrigin::Event(EventId(number)) => write!(f, "{BEGIN}e{number}{FROM}{text}{END}"),
            QuoteOrigin::Attempt(ProbeId(number)) => write!(f, "{BEGIN}a{number}{FROM}{text}{END}"),
        }
    }
}

/// The text, with characters that could be mistaken for markers replaced.
fn without_marks(text: &str) -> Cow<'_, str> {
    if text.contains([BEGIN, FROM, END]) {
        Cow::Owned(text.replace([BEGIN, FROM, END], "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The sentence with each quote replaced by the result of `show`.
pub fn resolve(sentence: &str, show: impl Fn(Option<QuoteOrigin>, &str) -> String) -> String {
    let mut result = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        result.push_str(before);
        let (quote, next) = after.split_once(END).unwrap_or((after, ""));
        let (origin, text) = quote.split_once(FROM).unwrap_or(("", quote));
        result.push_str(&show(read(origin), text));
        rest = next;
    }
    result.push_str(rest);
    // The remaining markers do not belong to a quote.
    result.retain(|c| !matches!(c, BEGIN | FROM | END));
    result
}

/// The sentence, with a word replaced everywhere outside quotes.
pub(crate) fn replace_outside(sentence: &str, word: &str, by: &str) -> String {
    let mut result = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        result.push_str(&before.replace(word, by));
        let (quote, next) = after.split_once(END).unwrap_or((after, ""));
        result.extend([BEGIN].into_iter().chain(quote.chars()).chain([END]));
        rest = next;
    }
    result.push_str(&rest.replace(word, by));
    result
}

fn read(origin: &str) -> Option<QuoteOrigin> {
    match origin.split_at_checked(1)? {
        ("e", number) => number.parse().ok().map(|number| QuoteOrigin::Event(EventId(number))),
        ("a", number) => number.parse().ok().map(|number| QuoteOrigin::Attempt(ProbeId(number))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Quote, QuoteOrigin, resolve};
    use crate::evidence::EventId;

    fn quoted(text: &str) -> String {
        format!("rejected with {}, certain", Quote { origin: QuoteOrigin::Event(EventId(17)), text: text.into() })
    }

    #[test]
    fn only_quoted_text_is_changed() {
        let shown = resolve(&quoted("535 rejected"), |origin, text| {
            assert_eq!((origin, text), (Some(QuoteOrigin::Event(EventId(17))), "535 rejected"));
            "X".to_owned()
        });
        assert_eq!(shown, "rejected with X, certain");
    }

    #[test]
    fn a_word_is_replaced_only_outside_quotes() {
        let quote = Quote { origin: QuoteOrigin::Event(EventId(1)), text: "500 EHLO?".into() };
        let changed = super::replace_outside(&format!("EHLO got {quote}, not EHLO"), "EHLO", "LHLO");
        assert_eq!(resolve(&changed, |_, text| text.to_owned()), "LHLO got 500 EHLO?, not LHLO");
    }

    #[test]
    fn text_of_a_peer_cannot_end_its_own_quote() {
        let shown = resolve(&quoted("a\u{fdd2}b\u{fdd0}e1\u{fdd1}c"), |_, text| format!("({text})"));
        assert_eq!(shown, "rejected with (a\u{fffd}b\u{fffd}e1\u{fffd}c), certain");
    }

    proptest! {
        #[test]
        fn no_marker_remains_for_any_text(text in any::<String>()) {
            prop_assert_eq!(resolve(&text, |_, text| text.to_owned()).contains(['\u{fdd0}', '\u{fdd1}', '\u{fdd2}']), false);
        }
    }
}
