//! The symbols of the text format, in Unicode and in ASCII. Other files use them only through [`Symbols`].

/// The set of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// Arrows and bars.
    Unicode,
    /// ASCII only: the arrows of swaks.
    Ascii,
}

impl Symbols {
    /// The symbols for a locale. The first non-empty value of LC_ALL, LC_CTYPE and LANG is used. If all are empty,
    /// Unicode is assumed, because many systems set none of them.
    pub fn for_locale(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> Symbols {
        let set = [lc_all, lc_ctype, lang].into_iter().flatten().find(|value| !value.is_empty());
        let Some(locale) = set else { return Symbols::Unicode };
        // `language_TERRITORY.charset@modifier`; C and POSIX have no charset.
        let charset = locale.split('@').next().and_then(|name| name.split_once('.')).map(|(_, charset)| charset);
        match charset.map(|charset| charset.replace('-', "").to_ascii_lowercase()) {
            Some(charset) if charset == "utf8" => Symbols::Unicode,
            Some(_) => Symbols::Ascii,
            None if matches!(locale, "C" | "POSIX") => Symbols::Ascii,
            // For a name without a charset, the system chooses one; current systems use UTF-8.
            None => Symbols::Unicode,
        }
    }

    /// The symbol for the sender of a line, followed by a space.
    pub(super) fn speaker(self, speaker: Speaker, encrypted: bool) -> &'static str {
        match (self, speaker, encrypted) {
            (Symbols::Unicode, Speaker::Client, _) => "→ ",
            (Symbols::Unicode, Speaker::Server, _) => "← ",
            (Symbols::Unicode, Speaker::Note, _) => "· ",
            (Symbols::Unicode, Speaker::Fault, _) => "✗ ",
            (Symbols::Ascii, Speaker::Client, false) => "-> ",
            (Symbols::Ascii, Speaker::Client, true) => "~> ",
            (Symbols::Ascii, Speaker::Server, false) => "<- ",
            (Symbols::Ascii, Speaker::Server, true) => "<~ ",
            (Symbols::Ascii, Speaker::Note, _) => "   ",
            (Symbols::Ascii, Speaker::Fault, _) => "!  ",
        }
    }

    /// The bar before a line that was encrypted.
    pub(super) fn bar(self, encrypted: bool) -> &'static str {
        match (encrypted, self) {
            (true, Symbols::Unicode) => "▎",
            (true, Symbols::Ascii) => "|",
            (false, _) => " ",
        }
    }

    /// The arrow between a certificate and its issuer.
    pub(super) fn from(self) -> &'static str {
        match self {
            Symbols::Unicode => "←",
            Symbols::Ascii => "<-",
        }
    }

    /// The arrow between an old and a new value.
    pub(super) fn to(self) -> &'static str {
        match self {
            Symbols::Unicode => "→",
            Symbols::Ascii => "->",
        }
    }

    /// The levels of a graph, the lowest first. The first one is not empty, so that a short duration is visible.
    pub(super) fn levels(self) -> &'static [char] {
        match self {
            Symbols::Unicode => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Symbols::Ascii => &['.', ':', '-', '=', '+', '*', '#', '@'],
        }
    }

    /// The symbol for a failure in a graph.
    pub(super) fn failure(self) -> char {
        match self {
            Symbols::Unicode => '✗',
            Symbols::Ascii => 'x',
        }
    }

    /// The separator between facts on one line.
    pub(super) fn dot(self) -> &'static str {
        match self {
            Symbols::Unicode => " · ",
            Symbols::Ascii => " - ",
        }
    }
}

/// The origin of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Speaker {
    /// smtpcheck sent it.
    Client,
    /// The server sent it.
    Server,
    /// A note from smtpcheck.
    Note,
    /// A note from smtpcheck about a failure.
    Fault,
}

#[cfg(test)]
mod tests {
    use super::Symbols;

    #[test]
    fn a_locale_without_utf_8_gets_ascii() {
        for (lc_all, lc_ctype, lang, signs) in [
            (None, None, None, Symbols::Unicode),
            (None, None, Some("en_US.UTF-8"), Symbols::Unicode),
            (None, None, Some("de_DE.utf8@euro"), Symbols::Unicode),
            (Some(""), None, Some("C"), Symbols::Ascii),
            (Some("C.UTF-8"), Some("C"), Some("C"), Symbols::Unicode),
            (None, Some("en_US.ISO-8859-1"), Some("en_US.UTF-8"), Symbols::Ascii),
            (Some("POSIX"), None, Some("en_US.UTF-8"), Symbols::Ascii),
            (None, None, Some("de_DE"), Symbols::Unicode),
        ] {
            assert_eq!(Symbols::for_locale(lc_all, lc_ctype, lang), signs, "{lc_all:?} {lc_ctype:?} {lang:?}");
        }
    }
}
