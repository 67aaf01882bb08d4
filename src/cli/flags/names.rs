//! The names of flags, and which flags a command line contains.

use std::ffi::OsString;

use clap::Command;

/// Whether the word after a flag is its value.
pub(in crate::cli) fn takes_value(command: &Command, flag: &str) -> bool {
    command
        .get_arguments()
        .any(|arg| is_named(arg, flag) && arg.get_action().takes_values() && !arg.is_require_equals_set())
}

/// Whether a flag has this name, with dashes. Every word of a command line is compared with every flag, so no names are
/// built for it.
pub(in crate::cli) fn is_named(arg: &clap::Arg, name: &str) -> bool {
    if let Some(long) = name.strip_prefix("--") {
        return arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&long));
    }
    let mut short = name.strip_prefix('-').unwrap_or_default().chars();
    arg.get_short().is_some_and(|own| short.next() == Some(own) && short.next().is_none())
}

/// The long name, the aliases and the short name of a flag, with dashes.
pub(in crate::cli) fn names(arg: &clap::Arg) -> impl Iterator<Item = String> {
    let long = arg.get_long().map(|long| format!("--{long}")).into_iter();
    let aliases = arg.get_all_aliases().unwrap_or_default().into_iter().map(|alias| format!("--{alias}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    long.chain(aliases).chain(short)
}

/// Whether a flag of this command is on the command line; `long` is its long name without dashes.
pub(in crate::cli) fn mentions_in(command: &Command, words: &[OsString], long: &str) -> bool {
    let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(long)) else { return false };
    words.iter().take_while(|word| *word != "--").any(|word| {
        let word = word.to_string_lossy();
        let name = word.split('=').next().unwrap_or_default();
        let is_cluster = word.starts_with('-') && !word.starts_with("--");
        is_named(arg, name) || (is_cluster && arg.get_short().is_some_and(|short| word.contains(short)))
    })
}
