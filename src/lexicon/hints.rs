//! Cuts out of a reply a list of hints: "make sure your server is configured correctly (SPF, HELO, PTR)". It names what a
//! server checks, not what failed, so none of its words is a reason. The sign [`MARK`] takes its place, which a phrase can
//! require.

/// The sign that replaces a list of hints in the text.
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

/// What servers check of a sender, in groups of words for the same thing.
const TOPICS: [&[&str]; 7] = [
    &["spf"],
    &["dkim"],
    &["dmarc"],
    &["ptr", "rdns", "reverse dns", "reverse-dns"],
    &["helo", "ehlo", "hello name"],
    &["blacklist", "black list", "blocklist", "block list", "dnsbl", "rbl"],
    &["mx record", " mx ", "dns setting", "your dns", "a record"],
];

/// A prepared text in which [`MARK`] takes the place of the first list of hints.
pub(super) fn without(text: &str) -> String {
    let Some(start) = BEGINNINGS.iter().filter_map(|words| text.find(words)).min() else { return text.to_owned() };
    let Some((before, hints)) = text.split_at_checked(start) else { return text.to_owned() };
    let named = TOPICS.iter().filter(|topic| topic.iter().any(|word| hints.contains(word)));
    // Addresses of pages have to stay: they name who rejects.
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
    fn a_list_of_hints_is_cut_out() {
        for (text, expected) in [
            ("rejected. please make sure your server is correct (spf, helo, ptr)", "rejected. please {hints}"),
            ("refused. possible reasons: blacklisted ip, missing ptr, invalid spf", "refused. {hints}"),
            ("no. check your dns, spf, dkim at https://example.com/x", "no. {hints} https://example.com/x"),
        ] {
            assert_eq!(without(text), expected);
        }
    }

    #[test]
    fn advice_about_one_thing_stays() {
        for text in ["spf check failed, please check your spf record", "no ptr record, make sure your ip has one"] {
            assert_eq!(without(text), text);
        }
    }
}
