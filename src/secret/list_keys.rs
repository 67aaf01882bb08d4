//! Customer keys in blocklist zones. Some lists have separate zones for each customer, for example
//! `KEY.zen.dq.spamhaus.net`, and answer all queries that contain a valid key. A key is therefore a secret: the plan
//! and all output contain the zone without the key. Only DNS queries contain the complete zone. In this file, a zone is
//! a string in lower-case ASCII.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The label that output contains instead of a key.
const SHOWN: &str = "key-not-shown";

/// The suffixes of zones that begin with a key.
const SERVICES: &[&str] = &[".dq.spamhaus.net", ".mail.abusix.zone", ".df.uribl.com"];

/// The names of the lists of these services. In a zone, such a label is not a key.
const LISTS: &[&str] = &[
    "zen",
    "sbl",
    "sbl-xbl",
    "xbl",
    "pbl",
    "css",
    "bcl",
    "drop",
    "authbl",
    "dbl",
    "zrd",
    "hbl",
    "combined",
    "black",
    "exploit",
    "dynamic",
    "noip",
    "white",
    "dblack",
    "dnonv",
    "shorthash",
    "diskhash",
    "attachhash",
    "multi",
    "grey",
    "red",
    "gold",
];

/// The keys of this process, for its log.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The zones of a plan that contain keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ListKeys(Vec<KeyedZone>);

#[derive(Clone, PartialEq, Eq)]
struct KeyedZone {
    /// The zone as it appears in the plan and in all output.
    shown: String,
    /// The zone that is queried.
    asked: String,
    /// The labels that are keys.
    keys: Vec<String>,
}

/// The output does not contain the key.
impl fmt::Debug for ListKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} keys, not shown]", self.0.len())
    }
}

impl ListKeys {
    /// Removes the key from a zone and keeps it for the queries. A zone without a key is returned unchanged.
    pub fn hide(&mut self, zone: &str) -> String {
        let labels: Vec<&str> = zone.split('.').collect();
        let keys: Vec<String> = labels.iter().filter(|label| is_key(label, zone)).map(ToString::to_string).collect();
        if keys.is_empty() {
            return zone.to_owned();
        }
        if let Some(known) = self.0.iter().find(|known| known.asked == zone) {
            return known.shown.clone();
        }
        let with = |word: &str| {
            let labels = labels.iter().map(|label| if keys.iter().any(|key| key == label) { word } else { label });
            labels.collect::<Vec<_>>().join(".")
        };
        // Two keys for the same list are shown as different labels.
        let mut shown = with(SHOWN);
        for number in 2..=self.0.len() + 1 {
            if self.0.iter().all(|known| known.shown != shown) {
                break;
            }
            shown = with(&format!("{SHOWN}-{number}"));
        }
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).extend(keys.iter().cloned());
        self.0.push(KeyedZone { shown: shown.clone(), asked: zone.to_owned(), keys });
        shown
    }

    /// Converts a name in a zone without its key to the name to look up, which contains the key.
    pub fn asked(&self, name: &str) -> Option<String> {
        let asked = |zone: &KeyedZone| {
            let before = name.strip_suffix(&zone.shown).filter(|before| before.ends_with('.'))?;
            Some(format!("{before}{}", zone.asked))
        };
        self.0.iter().find_map(asked)
    }

    /// The text with the keys removed from the zones.
    pub fn hidden(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, zone| {
            let text = replaced(&text, &zone.asked, &zone.shown);
            zone.keys.iter().fold(text, |text, key| replaced(&text, key, &stars(key)))
        })
    }
}

/// Replaces the keys that this process knows.
pub fn without_known_keys(text: &str) -> String {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().fold(text.to_owned(), |text, key| replaced(&text, key, &stars(key)))
}

/// Replaces each label that looks like a key in the names that the text contains. The text may be invalid input. Its
/// length does not change, so that a mark below it still points to the correct position.
pub fn without_likely_keys(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_part) {
        let (before, from) = rest.split_at(begin);
        let (name, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        let label = |label: &str| if is_key(label, name) { stars(label) } else { label.to_owned() };
        result.push_str(before);
        result.push_str(&name.split('.').map(label).collect::<Vec<_>>().join("."));
        rest = after;
    }
    result + rest
}

/// Whether a label of a zone is a key: for known services, each label before the name of the list; otherwise, a long
/// label of letters and digits. List names are short words.
fn is_key(label: &str, zone: &str) -> bool {
    let (label, zone) = (label.to_ascii_lowercase(), zone.trim_end_matches('.').to_ascii_lowercase());
    if let Some(before) = SERVICES.iter().find_map(|service| zone.strip_suffix(service)) {
        return label.len() >= 6 && before.split('.').any(|known| known == label) && !LISTS.contains(&label.as_str());
    }
    let is_last = zone.contains('.') && zone.rsplit('.').take(2).any(|known| known == label);
    let has = |test: fn(&u8) -> bool| label.bytes().any(|byte| test(&byte));
    let is_word = label.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    !is_last && is_word && (label.len() >= 24 || label.len() >= 12 && is_mixed)
}

fn stars(key: &str) -> String {
    "*".repeat(key.len())
}

/// Replaces an ASCII string, ignoring letter case.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let (lower, from) = (text.to_ascii_lowercase(), from.to_ascii_lowercase());
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(&from)).filter(|_| !from.is_empty()) {
        result.push_str(text.get(at..at + found).unwrap_or_default());
        result.push_str(to);
        at += found + from.len();
    }
    result + text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ListKeys, without_known_keys, without_likely_keys};

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn keys_are_hidden_in_the_zone_and_used_in_questions() {
        let mut keys = ListKeys::default();
        let shown = keys.hide(&format!("{KEY}.zen.dq.spamhaus.net"));
        assert_eq!(shown, "key-not-shown.zen.dq.spamhaus.net");
        assert_eq!(keys.hide(&format!("{KEY}.zen.dq.spamhaus.net")), shown);
        let other = keys.hide("k3y0f0th3r.zen.dq.spamhaus.net");
        assert_eq!(other, "key-not-shown-2.zen.dq.spamhaus.net");
        let asked = keys.asked("2.0.0.127.key-not-shown.zen.dq.spamhaus.net");
        assert_eq!(asked, Some(format!("2.0.0.127.{KEY}.zen.dq.spamhaus.net")));
        assert_eq!(keys.asked("2.0.0.127.bl.example.net"), None);
        let text = format!("no response about 1.0.0.127.{}.ZEN.dq.spamhaus.net ({KEY})", KEY.to_uppercase());
        let hidden = keys.hidden(&text);
        assert!(hidden.contains("1.0.0.127.key-not-shown.zen.dq.spamhaus.net (***"), "{hidden}");
        assert!(!format!("{keys:?}{hidden}{}", without_known_keys(&text)).to_lowercase().contains(KEY));
    }

    #[test]
    fn zones_without_keys_are_unchanged() {
        let mut keys = ListKeys::default();
        for name in [
            "zen.spamhaus.org",
            "b.barracudacentral.org",
            "hostkarma.junkemailfilter.com",
            "dnsbl-3.uceprotect.net",
            "ips.backscatterer.org",
            "bl.0spam.org",
            "combined.mail.abusix.zone",
            "0123456789abcdef.net",
        ] {
            assert_eq!(keys.hide(name), name);
        }
        for name in
            ["0123456789abcdef.bl.example.net", "a1b2c3d4.combined.mail.abusix.zone", "multi.secret.df.uribl.com"]
        {
            assert!(keys.hide(name).contains("key-not-shown"), "{name}");
        }
    }

    #[test]
    fn keys_in_invalid_values_are_replaced_by_asterisks() {
        let text = without_likely_keys(&format!("list = [\"{KEY}..zen.dq.spamhaus.net\"]"));
        assert_eq!(text, format!("list = [\"{}..zen.dq.spamhaus.net\"]", "*".repeat(26)));
        assert_eq!(without_likely_keys("127.0.0.1 is no zone: é"), "127.0.0.1 is no zone: é");
    }
}
