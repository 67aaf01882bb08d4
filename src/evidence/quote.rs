//! Text of a peer inside a sentence of smtpcheck. A finding mixes both, and only what the peer sent may be masked.
//!
//! A quote marks where it begins and ends, and which event or attempt it comes from, with characters that Unicode keeps
//! for use inside programs (U+FDD0 to U+FDEF are noncharacters). `Mask::sentence` takes the marks away when the finding is
//! complete; none is left after that. Text of a peer that holds such characters itself loses them first.
//!
//! `tests/quotes.rs` insists that each check marks what it quotes.

use std::borrow::Cow;
use std::fmt;

use super::{EventId, ProbeId};

const BEGIN: char = '\u{fdd0}';
const FROM: char = '\u{fdd1}';
const END: char = '\u{fdd2}';

/// Where quoted text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteOrigin {
    /// An event of the transcript.
    Event(EventId),
    /// An attempt that failed, or that has an answer outside the transcript.
    Attempt(ProbeId),
}

/// Text of a peer, to be put into a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Where it comes from.
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

/// The text without characters that could be taken for marks.
fn without_marks(text: &str) -> Cow<'_, str> {
    if text.contains([BEGIN, FROM, END]) {
        Cow::Owned(text.replace([BEGIN, FROM, END], "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A sentence in which each quote was replaced by what `show` makes of it.
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
    // What is left belongs to no quote, and is no character.
    result.retain(|c| !matches!(c, BEGIN | FROM | END));
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
    fn only_what_is_quoted_is_changed() {
        let shown = resolve(&quoted("535 rejected"), |origin, text| {
            assert_eq!((origin, text), (Some(QuoteOrigin::Event(EventId(17))), "535 rejected"));
            "X".to_owned()
        });
        assert_eq!(shown, "rejected with X, certain");
    }

    #[test]
    fn a_peer_cannot_close_its_own_quote() {
        let shown = resolve(&quoted("a\u{fdd2}b\u{fdd0}e1\u{fdd1}c"), |_, text| format!("({text})"));
        assert_eq!(shown, "rejected with (a\u{fffd}b\u{fffd}e1\u{fffd}c), certain");
    }

    proptest! {
        #[test]
        fn no_mark_is_left_whatever_the_text(text in any::<String>()) {
            prop_assert_eq!(resolve(&text, |_, text| text.to_owned()).contains(['\u{fdd0}', '\u{fdd1}', '\u{fdd2}']), false);
        }
    }
}
