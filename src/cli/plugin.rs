//! The program as a monitoring plugin: whether it is one has to be known before anything can be wrong with the words.

use std::ffi::OsString;
use std::path::Path;

/// The name of the plugin whose place it can take.
pub const NAME: &str = "check_smtp";

/// Whether the answer is for a scheduler: it is called by the name of the plugin, or `--format nagios` is given, there
/// or in the environment.
pub fn is_wanted(words: &[OsString]) -> bool {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let before_dashes = || words.iter().take_while(|word| *word != "--");
    let after_flag = before_dashes().zip(before_dashes().skip(1)).filter(|(flag, _)| *flag == "--format");
    let joined = before_dashes().filter_map(|word| word.strip_prefix("--format="));
    match after_flag.map(|(_, value)| value.as_str()).chain(joined).last() {
        Some(format) => format == "nagios",
        None => is_called(&words) || std::env::var("SMTPCHECK_FORMAT").is_ok_and(|format| format == "nagios"),
    }
}

/// Whether the program is called by the name of the plugin.
pub fn is_called(words: &[String]) -> bool {
    words.first().is_some_and(|program| Path::new(program).file_stem().is_some_and(|stem| stem == NAME))
}
