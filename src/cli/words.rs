//! Classifies the words of a command line before its flags are parsed: which word is the command, and which words are
//! hosts.

use std::ffi::OsString;
use std::sync::LazyLock;

use clap::Command;

use super::commands::{COMMANDS, CommandId, CommandSpec, SettingsUse, check};
use super::flags::names::{mentions_in, takes_value};

/// The flags of a check. They are used to split every command line into flags, values of flags, and other words.
pub(super) static DECLARED: LazyLock<Command> = LazyLock::new(|| check::SPEC.declared());

/// The first word that is neither a flag nor the value of one, and its position.
pub(super) fn first_word(words: &[OsString]) -> Option<(usize, String)> {
    plain_words(words).into_iter().next()
}

/// The command with this name. A word that looks like a host is never a command.
pub(super) fn find_command(word: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|spec| spec.name == word && !looks_like_host(word))
}

/// Whether a word can never be a command.
pub(super) fn looks_like_host(word: &str) -> bool {
    word.contains(['.', ':', '[', '/', '@']) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// The targets of a check, or the host of `ports`, as the user wrote them.
pub(super) fn targets(words: &[OsString]) -> Vec<String> {
    let after = words.iter().skip_while(|word| *word != "--").skip(1).map(|word| word.to_string_lossy().into_owned());
    // Each command has its own flags, whose values are not targets.
    let spec = first_word(words).and_then(|(_, word)| find_command(&word));
    let declared = spec.map(|spec| (spec.declare)(Command::new("smtpcheck")));
    let plain = plain_words_of(declared.as_ref().unwrap_or(&DECLARED), words);
    let mut plain = plain.into_iter().map(|(_, word)| word).chain(after).peekable();
    match plain.peek().and_then(|word| find_command(word)) {
        Some(spec) if spec.takes_profile && spec.missing.is_some() && spec.id != CommandId::Config => {
            plain.skip(1).collect()
        }
        Some(_) => Vec::new(),
        None => plain.collect(),
    }
}

/// The words before `--` that are neither flags nor values of flags, with their positions.
pub(super) fn plain_words(words: &[OsString]) -> Vec<(usize, String)> {
    plain_words_of(&DECLARED, words)
}

/// Like [`plain_words`], but with the flags of one command.
fn plain_words_of(command: &Command, words: &[OsString]) -> Vec<(usize, String)> {
    let (mut at, mut plain) = (0, Vec::new());
    while let Some(word) = words.get(at).map(|word| word.to_string_lossy().into_owned()) {
        match word.as_str() {
            "--" => break,
            flag if flag.starts_with('-') && flag.len() > 1 => at += if takes_value(command, flag) { 2 } else { 1 },
            _ => {
                plain.push((at, word));
                at += 1;
            }
        }
    }
    plain
}

/// Whether the command line contains a flag under any of its names. `flag` is its long name, with or without dashes.
pub(super) fn mentions(words: &[OsString], flag: &str) -> bool {
    let long = flag.trim_start_matches('-');
    COMMANDS.iter().any(|spec| mentions_in(&(spec.declare)(Command::new("smtpcheck")), words, long))
}

/// Whether the command checks one server, and therefore accepts a profile.
pub(super) fn takes_profile(words: &[OsString]) -> bool {
    let spec = first_word(words).and_then(|(_, word)| find_command(&word));
    spec.is_none_or(|spec| spec.takes_profile)
}

/// Whether a configuration file can affect this run. The help does not read it, so it works even if the file has an
/// error.
pub(super) fn takes_settings(words: &[OsString]) -> bool {
    let is_help = ["-h", "--help", "-V", "--version"].iter().any(|flag| words.iter().any(|word| word == flag));
    let first = first_word(words).map(|(_, word)| word);
    let prints = match first.as_deref() {
        Some("help" | "version") => true,
        Some(word) => find_command(word).is_some_and(|spec| spec.settings == SettingsUse::Nothing),
        None => false,
    };
    !words.is_empty() && !is_help && !prints
}
