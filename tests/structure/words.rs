//! Plain English: phrases that sound translated must not be used again. Each has an equivalent that technical writers
//! use.

use std::path::PathBuf;

use super::source::{files, root};

/// The banned phrases, and what to write instead.
const BANNED: &[(&str, &str)] = &[
    ("a careful guest", "a non-intrusive client"),
    ("anybody's", "of any user"),
    ("are meant from", "are relative to"),
    ("are no reports", "are not reports"),
    ("are told", "are reported, receive"),
    ("are told from", "are distinguished from"),
    ("as it stands", "unchanged"),
    ("as it were", "(leave out)"),
    ("asks on", "sends another challenge"),
    ("at its fault", "the fault is in it"),
    ("at who", "at the user who"),
    ("bad name", "poor reputation"),
    ("bad repute", "poor reputation"),
    ("be it", "whether it is"),
    ("belong into", "belong in"),
    ("belong to none", "belong to no"),
    ("breaking off", "aborting"),
    ("breaks off", "aborts, closes the connection"),
    ("broke off", "aborted"),
    ("by heart", "from memory"),
    ("cannot be had", "is not available"),
    ("comes behind", "follows"),
    ("comes inside", "arrives inside"),
    ("conversation", "session"),
    ("conversations", "sessions"),
    ("errand", "task, probe"),
    ("errands", "tasks, probes"),
    ("everybody's", "of every client"),
    ("for good", "permanently"),
    ("for who", "for the client that"),
    ("good name", "good reputation"),
    ("good repute", "good reputation"),
    ("good-bye", "close_notify, reply to QUIT"),
    ("heed", "honour"),
    ("heeded", "honoured"),
    ("heeds", "honours"),
    ("henceforth", "from then on"),
    ("hereafter", "from then on"),
    ("hereby", "(leave out)"),
    ("houses", "modules"),
    ("impatience", "timeout"),
    ("in good time", "early"),
    ("in place of", "instead of"),
    ("in so many words", "explicitly"),
    ("in the open", "in clear text"),
    ("in the place of", "instead of"),
    ("in the same breath", "in the same segment"),
    ("inputs to begin with", "seed inputs"),
    ("is held against", "is compared with"),
    ("is meant from", "is relative to"),
    ("is told", "is reported, receives"),
    ("is told from", "is distinguished from"),
    ("it is said", "it is reported"),
    ("listens in", "eavesdrops"),
    ("lock-out", "lockout"),
    ("log-in", "login, log in"),
    ("log-ins", "logins"),
    ("look-up", "lookup"),
    ("look-ups", "lookups"),
    ("made of nothing", "has no source"),
    ("many a", "many"),
    ("meant from", "relative to"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mends", "fixes"),
    ("narrator", "reporter"),
    ("no more comes", "no more data arrives"),
    ("nobody", "no client, no server, not"),
    ("nobody's", "of no client, unknown"),
    ("of its own making", "custom"),
    ("of one's own", "private, own"),
    ("of ours", "our, local"),
    ("of theirs", "their"),
    ("on the way", "in transit, on the network path"),
    ("open line", "unencrypted connection"),
    ("open lines", "unencrypted connections"),
    ("over the line", "over the connection"),
    ("patience", "timeout"),
    ("put off", "deferred, temporarily rejected"),
    ("puts off", "defers"),
    ("puts us off", "defers"),
    ("putting off", "deferring"),
    ("read along", "eavesdrop"),
    ("reads along", "eavesdrops"),
    ("refused for good", "permanently rejected"),
    ("refused for now", "temporarily rejected"),
    ("riddles", "challenges"),
    ("so to speak", "(leave out)"),
    ("somebody", "a user, an attacker, a device"),
    ("somebody's", "of a user"),
    ("something else than", "something other than"),
    ("stand beside", "are next to"),
    ("stand in", "are in"),
    ("stands at", "is at"),
    ("stands behind", "follows"),
    ("stands beside", "is next to"),
    ("stands for itself", "is copied"),
    ("stands in", "is in"),
    ("stayed here", "was not sent"),
    ("stays quiet", "does not fire, sends no data"),
    ("stays what", "does not change"),
    ("stranger", "unknown client"),
    ("strangers", "unknown clients"),
    ("surely", "known, certainly"),
    ("taken along", "included"),
    ("takes its time", "is slow"),
    ("tell of", "report"),
    ("teller", "reporter"),
    ("tellers", "reporters"),
    ("that is none", "that is not one"),
    ("the house", "the program, the modules"),
    ("the line stays open", "the connection stays unencrypted"),
    ("the whole of", "all of"),
    ("therein", "in it"),
    ("thereof", "of it"),
    ("thinks over", "delays"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
    ("to be had", "available"),
    ("told by its", "recognised by its"),
    ("turn away", "reject"),
    ("turned away", "rejected"),
    ("turning away", "rejecting"),
    ("turns away", "rejects"),
    ("turns us away", "rejects the connection"),
    ("verb", "command"),
    ("verbs", "commands"),
    ("vouch", "issue, sign"),
    ("vouched", "issued, signed"),
    ("vouches", "issues, signs"),
    ("whereof", "of which"),
    ("whilst", "while"),
    ("who listens", "an eavesdropper"),
    ("whoever", "anyone who, the client that"),
    ("withal", "also"),
    ("worth a notice", "causes a notice"),
];

/// Keys of the lexicon whose values are quoted: replies of servers and their sources.
const QUOTING_KEYS: &[&str] = &[
    "pattern", "example", "matches", "differs", "source", "phrase", "match", "all", "any", "text_of", "reply",
    "keyword",
];

fn texts() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> =
        ["src", "tests", "benches", "build"].into_iter().flat_map(files).map(|(path, _)| path).collect();
    paths.extend(["README.md", "CHANGELOG.md", "Cargo.toml"].map(|name| root().join(name)));
    let content = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for folder in [
        "docs",
        "docs/man",
        "docs/completions",
        "src/lexicon/data",
        "tests/corpus",
        ".ci",
        "bench",
        "build",
        "fuzz/src",
    ] {
        paths.extend(content(root().join(folder)));
    }
    paths.extend(content(root().join("tests/transcripts")).flat_map(content));
    let mut texts: Vec<(String, String)> = paths
        .into_iter()
        .filter(|path| path.is_file() && !path.ends_with("structure/words.rs"))
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    texts.sort();
    texts
}

/// The words of a text in lower case with one space between them, without comment markers and without text quoted from
/// servers.
fn plain(name: &str, text: &str) -> String {
    let is_data = name.starts_with("src/lexicon/data/");
    let is_session = name.starts_with("tests/") && name.ends_with(".toml");
    let is_quoted = |line: &str| {
        let is_quotation = || {
            let key = line.split_once('=').map(|(key, _)| key.trim());
            line.trim_start().starts_with('"') || key.is_some_and(|key| QUOTING_KEYS.contains(&key))
        };
        is_session && !line.starts_with("summary") && !line.starts_with('#')
            || is_data && is_quotation()
            || ["refused to talk to me", "conversation with "].iter().any(|quoted| line.contains(quoted))
    };
    let lines = text.lines().filter(|line| !is_quoted(line));
    let words = lines.flat_map(|line| {
        let line = line.trim_start().trim_start_matches(['/', '!', '#', '*', '>']);
        line.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\'' | '_'))
    });
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}

fn banned_in(plain: &str) -> Vec<String> {
    let found = BANNED.iter().filter(|(phrase, _)| plain.contains(&format!(" {phrase} ")));
    found.map(|(phrase, better)| format!("{phrase} (write: {better})")).collect()
}

#[test]
fn banned_phrases_are_not_used() {
    let wrong: Vec<String> = texts()
        .iter()
        .map(|(name, text)| (name, banned_in(&plain(name, text))))
        .filter(|(_, found)| !found.is_empty())
        .map(|(name, found)| format!("{name}: {}", found.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_banned_phrase_is_found_across_lines_and_in_any_case() {
    let found = banned_in(&plain("src/x.rs", "/// It is used In\n/// the place of another; nobody's."));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(banned_in(&plain("src/x.rs", "the verbose verbatim reverb, a guest stands instead")).is_empty());
}
