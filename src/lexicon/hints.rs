//! Removes a list of hints from a reply: "make sure your server is configured correctly (SPF, HELO, PTR)". Such a list
//! names all the server's checks, not the one that failed, so its words do not show the reason. [`MARK`], which a
//! phrase can require, replaces the list.

/// The character that replaces a list of hints in the text.
const MARK: &str = "{hints}";

/// Words that begin advice or a choice of reasons.
const BEGINNINGS: [&str; 22] = [
    "make sure",
    "please ensure",
    "ensure that",
    "ensure your",
    "please check",
    "check your",
    "check that",
    "check the",
    "please verify",
    "verify that",
    "verify your",
    "possible reason",
    "possible cause",
    "probable cause",
    "reasons may",
    "reasons include",
    "reason may be",
    "could be due to",
    "may be due to",
    "might be due to",
    "one of the following",
    "ask your mail/dns",
];

/// The properties of a sender that servers check, in groups of words with the same meaning.
const TOPICS: [&[&str]; 7] = [
    &["spf"],
    &["dkim"],
    &["dmarc"],
    &["ptr", "rdns", "reverse dns", "reverse-dns"],
    &["helo", "ehlo", "hello name"],
    &["blacklist", "black list", "blocklist", "block list", "dnsbl", "rbl"],
    &["mx record", " mx ", "dns setting", "your dns", "a record"],
];

/// Words that follow a list of reasons that the server rules out: "no greylist, quota or relay problem".
const DENIED: [&str; 6] = [" problem", " issue", " error", " fault", " trouble", " restriction"];
/// The largest number of words in such a list.
const MAX_DENIED: usize = 6;

/// Prepared text without the reasons that the server rules out, and with the first list of hints replaced by [`MARK`].
pub(super) fn without(text: &str) -> String {
    without_hints(&without_denied(text))
}

fn without_denied(text: &str) -> String {
    let denied = text.match_indices(" no ").find_map(|(at, _)| {
        let list = text.get(at + 4..)?;
        let (end, word) = DENIED.iter().filter_map(|word| Some((list.find(word)?, word))).min()?;
        let words = list.get(..end)?;
        let is_list = words.split(' ').count() <= MAX_DENIED && !words.contains(['.', ':', ';', '(', ')']);
        let has_several = words.contains(',') || words.contains(" or ") || words.contains(" and ");
        (is_list && has_several).then_some((at, at + 4 + end + word.len()))
    });
    let Some((start, end)) = denied else { return text.to_owned() };
    format!("{}{}", text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

fn without_hints(text: &str) -> String {
    let Some(start) = BEGINNINGS.iter().filter_map(|words| text.find(words)).min() else { return text.to_owned() };
    let Some((before, hints)) = text.split_at_checked(start) else { return text.to_owned() };
    let named = TOPICS.iter().filter(|topic| topic.iter().any(|word| hints.contains(word)));
    // Web addresses are kept, because they identify the operator that rejects the mail.
    let pages = hints.split(' ').filter(|word| word.contains("://") || word.contains("www."));
    if named.count() < 2 {
        return text.to_owned();
    }
    std::iter::once(format!("{before}{MARK}")).chain(pages.map(str::to_owned)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn a_list_of_hints_is_removed() {
        for (text, expected) in [
            ("rejected. please make sure your server is correct (spf, helo, ptr)", "rejected. please {hints}"),
            ("refused. possible reasons: blacklisted ip, missing ptr, invalid spf", "refused. {hints}"),
            ("no. check your dns, spf, dkim at https://example.com/x", "no. {hints} https://example.com/x"),
        ] {
            assert_eq!(without(text), expected);
        }
    }

    #[test]
    fn reasons_that_the_server_denies_are_removed() {
        for (text, expected) in [
            ("there is no spam, virus or dns problem, the user left", "there is, the user left"),
            ("we have no quota or relay issue here: unknown user", "we have here: unknown user"),
            ("there is no relay problem", "there is no relay problem"),
            ("no such user, dns error", "no such user, dns error"),
        ] {
            assert_eq!(without(text), expected);
        }
    }

    #[test]
    fn advice_about_one_property_is_kept() {
        for text in ["spf check failed, please check your spf record", "no ptr record, make sure your ip has one"] {
            assert_eq!(without(text), text);
        }
    }
}
