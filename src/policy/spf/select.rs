//! Which TXT records of a name are SPF records (RFC 7208 §4.5), and which only look like SPF records, so receivers
//! ignore them.

use crate::evidence::RecordData;

/// The TXT records of a name, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpfTexts {
    /// The SPF records.
    pub(crate) records: Vec<String>,
    /// Records that look like SPF records, but are ignored.
    pub(crate) ignored: Vec<(String, IgnoredBecause)>,
    /// The record with the missing spaces, if it consists of several strings, one of which ends without a space before
    /// the next term begins.
    pub(crate) spaced: Option<String>,
}

/// Why receivers ignore a record that looks like an SPF record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IgnoredBecause {
    /// A space or a quotation mark precedes `v=spf1`.
    Prefix,
    /// `v=spf1` is followed by a character other than a space.
    Version,
    /// `spf2.0` or `v=spf2.0` (Sender ID), or another version.
    OtherVersion,
    /// `v=` is missing or misspelt.
    Tag,
    /// It contains the rest of a record that was split into several records.
    Piece,
}

/// Sorts the TXT records of a name.
pub(crate) fn select(records: &[RecordData]) -> SpfTexts {
    let mut result = SpfTexts::default();
    for record in records {
        let RecordData::Txt { text, lengths, .. } = record else { continue };
        if is_spf(text) {
            result.spaced = result.spaced.or_else(|| with_blanks(text, lengths));
            result.records.push(text.clone());
        } else if let Some(why) = ignored_because(text) {
            result.ignored.push((text.clone(), why));
        }
    }
    result
}

/// The version of an SPF record (RFC 7208 §4.5).
pub(crate) const VERSION: &str = "v=spf1";

/// RFC 7208 §4.5: exactly `v=spf1`, then a space or the end. Letters may be in either case.
pub(crate) fn is_spf(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case(VERSION)
}

fn ignored_because(text: &str) -> Option<IgnoredBecause> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| c.is_whitespace() || "\"'\\\u{201c}\u{201d}\u{201e}\u{feff}".contains(c));
    if lower.starts_with("v=spf1") {
        return Some(IgnoredBecause::Version);
    }
    if bare.starts_with("v=spf1") {
        return Some(IgnoredBecause::Prefix);
    }
    if bare.starts_with("spf2.0/") || bare.starts_with("v=spf") {
        return Some(IgnoredBecause::OtherVersion);
    }
    let squeezed: String = bare.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    if ["spf1", "v:spf1", "v=spf", "vspf1", "v-spf1", "v:spf"].iter().any(|start| squeezed.starts_with(start)) {
        return Some(IgnoredBecause::Tag);
    }
    // The end of a record that was split: it consists only of mechanisms, and ends with `all`.
    let mut words = bare.split_whitespace();
    let is_piece = words.next_back().is_some_and(|last| matches!(last, "-all" | "~all" | "?all" | "+all"))
        && words.all(|word| {
            ["include:", "ip4:", "ip6:", "a:", "mx:", "exists:", "a", "mx"].iter().any(|name| word.starts_with(name))
        });
    is_piece.then_some(IgnoredBecause::Piece)
}

/// The text with spaces at the ends of strings that end without a space before the next term begins; `None` if there is
/// no such string.
fn with_blanks(text: &str, lengths: &[usize]) -> Option<String> {
    let mut spaced = String::with_capacity(text.len() + lengths.len());
    let (mut at, mut is_changed) = (0, false);
    let inner = lengths.len().saturating_sub(1);
    for length in lengths.iter().take(inner) {
        let end = at + length;
        let (Some(part), Some(after)) = (text.get(at..end), text.get(end..)) else { return None };
        spaced.push_str(part);
        at = end;
        let next = after.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
        // A term that continues in the next string is joined correctly.
        let begins_term =
            ["include:", "ip4:", "ip6:", "exists:", "redirect=", "all "].iter().any(|name| next.starts_with(name))
                || next == "all";
        // A string of the maximum length may end anywhere, also before these letters.
        let begins_with_host = ["a:", "mx:"].iter().any(|name| next.starts_with(name))
            || (*length < 255 && ["a ", "mx "].iter().any(|name| next.starts_with(name)));
        if (begins_term || begins_with_host) && !part.ends_with(' ') {
            spaced.push(' ');
            is_changed = true;
        }
    }
    spaced.push_str(text.get(at..)?);
    is_changed.then_some(spaced)
}

#[cfg(test)]
mod tests {
    use super::{IgnoredBecause, select};
    use crate::evidence::RecordData;

    fn txt(strings: &[&str]) -> RecordData {
        let lengths = strings.iter().map(|text| text.len()).collect();
        RecordData::Txt { text: strings.concat(), lengths, raw_b64: None }
    }

    #[test]
    fn only_exact_versions_are_spf_records() {
        for text in ["v=spf1", "v=spf1 -all", "V=sPf1 a"] {
            assert_eq!(select(&[txt(&[text])]).records, [text], "{text}");
        }
        for (text, why) in [
            (" v=spf1 -all", IgnoredBecause::Prefix),
            ("\"v=spf1 -all\"", IgnoredBecause::Prefix),
            ("\u{201c}v=spf1 -all\u{201d}", IgnoredBecause::Prefix),
            ("v=spf1; -all", IgnoredBecause::Version),
            ("v=spf10", IgnoredBecause::Version),
            ("v=spf1\u{a0}-all", IgnoredBecause::Version),
            ("v=spf2.0/pra -all", IgnoredBecause::OtherVersion),
            ("spf2.0/mfrom -all", IgnoredBecause::OtherVersion),
            ("spf1 -all", IgnoredBecause::Tag),
            ("v = spf1 -all", IgnoredBecause::Tag),
            ("ip4:192.0.2.1 include:x.example -all", IgnoredBecause::Piece),
        ] {
            let texts = select(&[txt(&[text])]);
            assert_eq!((texts.records.len(), texts.ignored.first().map(|(_, why)| *why)), (0, Some(why)), "{text}");
        }
        assert!(select(&[txt(&["google-site-verification=x"])]).ignored.is_empty());
    }

    #[test]
    fn strings_that_are_joined_without_a_space_are_recognised() {
        assert!(select(&[txt(&["v=spf1 include:a.example", "include:b.example -all"])]).spaced.is_some());
        assert!(select(&[txt(&["v=spf1 include:a.example ", "include:b.example -all"])]).spaced.is_none());
        assert!(select(&[txt(&["v=spf1 a:mx1.example", "mx -all"])]).spaced.is_some());
        assert!(select(&[txt(&["v=spf1 include:a.exam", "ple -all"])]).spaced.is_none());
        assert!(select(&[txt(&["v=spf1 a:mx1.example", "mx -all"])]).spaced.is_some());
        let spaced = select(&[txt(&["v=spf1 a:mx1.example", "mx -all"])]).spaced;
        assert_eq!(spaced.as_deref(), Some("v=spf1 a:mx1.example mx -all"));
        assert!(select(&[txt(&["v=spf1 ip4:192.0.2.1", "a:b.example -all"])]).spaced.is_some());
        let long = format!("v=spf1 include:{}", "x".repeat(240));
        assert!(select(&[txt(&[&long, "mx -all"])]).spaced.is_none(), "a name may continue after 255 bytes");
    }
}
