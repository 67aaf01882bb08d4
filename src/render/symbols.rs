//! Every sign beyond letters, in Unicode and in ASCII. No format writes one of them by itself.

/// Which signs are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// Arrows and bars.
    Unicode,
    /// The marks of swaks.
    Ascii,
}

impl Symbols {
    /// The signs that a locale can show; the values of LC_ALL, LC_CTYPE and LANG, of which the first that is not empty
    /// decides. Without any of them the terminal is trusted, since many systems set none.
    pub fn for_locale(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> Symbols {
        let set = [lc_all, lc_ctype, lang].into_iter().flatten().find(|value| !value.is_empty());
        let Some(locale) = set else { return Symbols::Unicode };
        // `language_TERRITORY.charset@modifier`; C and POSIX have no charset.
        let charset = locale.split('@').next().and_then(|name| name.split_once('.')).map(|(_, charset)| charset);
        match charset.map(|charset| charset.replace('-', "").to_ascii_lowercase()) {
            Some(charset) if charset == "utf8" => Symbols::Unicode,
            Some(_) => Symbols::Ascii,
            None if matches!(locale, "C" | "POSIX") => Symbols::Ascii,
            // A name without a charset leaves it to the system, which is UTF-8 nowadays.
            None => Symbols::Unicode,
        }
    }

    /// The mark of a line, with a blank behind it.
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

    /// The mark before a line that was encrypted.
    pub(super) fn bar(self, encrypted: bool) -> &'static str {
        match (encrypted, self) {
            (true, Symbols::Unicode) => "▎",
            (true, Symbols::Ascii) => "|",
            (false, _) => " ",
        }
    }

    /// An arrow to what something comes from.
    pub(super) fn from(self) -> &'static str {
        match self {
            Symbols::Unicode => "←",
            Symbols::Ascii => "<-",
        }
    }

    /// An arrow to what something becomes.
    pub(super) fn to(self) -> &'static str {
        match self {
            Symbols::Unicode => "→",
            Symbols::Ascii => "->",
        }
    }

    /// What parts facts on one line.
    pub(super) fn dot(self) -> &'static str {
        match self {
            Symbols::Unicode => " · ",
            Symbols::Ascii => " - ",
        }
    }
}

/// Who speaks in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Speaker {
    /// smtpcheck sent it.
    Client,
    /// The server sent it.
    Server,
    /// A remark of smtpcheck.
    Note,
    /// A remark about something that went wrong.
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
