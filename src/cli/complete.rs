//! Completion of the word that is being typed. The shell completion scripts call `smtpcheck complete` to get the
//! candidates. These include flags and their values, scenarios, rules, providers, and the profiles and suite checks
//! that exist on this machine.

use std::ffi::OsString;

use clap::builder::ValueHint;
use clap::{Arg, Command};

use super::commands::complete::CompleteArgs;
use super::commands::completions::CompletedShell;
use super::commands::{COMMANDS, CommandId, CommandSpec, check, ports};
use super::flags::names::{is_named, takes_value};
use super::words::{find_command, first_word};
use crate::{check as rules, sasl};

/// A possible completion of the word that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A word and its description.
    Word(String, String),
    /// Any file name; the shell lists the files.
    Files,
}

/// Lists of words that the caller provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordList {
    /// Scenarios of the sandbox.
    Scenarios,
    /// Known providers.
    Providers,
    /// Profiles of the configuration file.
    Profiles,
    /// Names and tags of the checks in the suite of the working directory.
    Checks,
    /// Phases of a reply, for `explain --phase`.
    ReplyPhases,
    /// Names of values for `--expect`.
    ReportValues,
}

/// A word and its description, which may be empty.
pub type DescribedWord = (String, String);

/// The candidates for the last word, in the order of the help. `lists` returns the words of a list.
pub fn candidates(args: &CompleteArgs, lists: &dyn Fn(WordList) -> Vec<DescribedWord>) -> Vec<Candidate> {
    let mut words = args.words.clone();
    if args.next || words.is_empty() {
        words.push(OsString::new());
    }
    let last = words.pop().unwrap_or_default().to_string_lossy().into_owned();
    let typed = first_word(&words).map(|(_, word)| word);
    let is_after_dashes = words.iter().any(|word| word == "--");
    let spec = match typed.as_deref().and_then(find_command) {
        // Flags of the check follow `run --record TARGET --`.
        Some(spec) if spec.id == CommandId::Run && is_after_dashes => &check::SPEC,
        Some(spec) => spec,
        None => &check::SPEC,
    };
    let command = (spec.declare)(Command::new("smtpcheck"));
    let previous = words.last().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let arg_of = |flag: &str| command.get_arguments().find(|arg| is_named(arg, flag));
    let all = match (last.split_once('='), arg_of(&previous)) {
        (Some((flag, _)), _) if flag.starts_with("--") => {
            let values = arg_of(flag).map(|arg| values(arg, lists)).unwrap_or_default();
            let with_flag = |candidate| match candidate {
                Candidate::Word(value, help) => Candidate::Word(format!("{flag}={value}"), help),
                Candidate::Files => Candidate::Files,
            };
            values.into_iter().map(with_flag).collect()
        }
        (_, Some(arg)) if takes_value(&command, &previous) => values(arg, lists),
        _ if last.starts_with('-') => flags(&command, &last),
        _ => match typed.as_deref() {
            None => program_words(lists),
            Some("help") => command_names(),
            Some(_) => positionals(spec, &command, lists),
        },
    };
    let last = last.to_lowercase();
    let fits = |candidate: &Candidate| match candidate {
        Candidate::Word(word, _) => word.to_lowercase().starts_with(&last),
        Candidate::Files => true,
    };
    all.into_iter().filter(fits).collect()
}

/// The output for a completion script: one line for each candidate, with a tab before the description. The line
/// `:files` stands for file names.
pub fn lines(candidates: &[Candidate]) -> String {
    let line = |candidate: &Candidate| match candidate {
        Candidate::Word(word, help) if help.is_empty() => format!("{word}\n"),
        Candidate::Word(word, help) => format!("{word}\t{help}\n"),
        Candidate::Files => ":files\n".to_owned(),
    };
    candidates.iter().map(line).collect()
}

fn program_words(lists: &dyn Fn(WordList) -> Vec<DescribedWord>) -> Vec<Candidate> {
    let profiles = lists(WordList::Profiles).into_iter().map(|(name, help)| Candidate::Word(format!("@{name}"), help));
    command_names().into_iter().chain(profiles).collect()
}

fn command_names() -> Vec<Candidate> {
    let visible = COMMANDS.iter().filter(|spec| !spec.is_hidden);
    visible.map(|spec| Candidate::Word(spec.name.to_owned(), spec.about.to_owned())).collect()
}

fn flags(command: &Command, typed: &str) -> Vec<Candidate> {
    let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let describe = |arg: &Arg| arg.get_help().map(ToString::to_string).unwrap_or_default();
    let flags = visible.flat_map(|arg| {
        let short = arg.get_short().filter(|_| typed.len() < 2).map(|short| format!("-{short}"));
        let long = arg.get_long().map(|long| format!("--{long}"));
        long.into_iter().chain(short).map(move |name| Candidate::Word(name, describe(arg)))
    });
    let help = [("--help", "Print help"), ("--version", "Print version")];
    flags.chain(help.map(|(name, help)| Candidate::Word(name.to_owned(), help.to_owned()))).collect()
}

fn positionals(
    spec: &CommandSpec,
    command: &Command,
    lists: &dyn Fn(WordList) -> Vec<DescribedWord>,
) -> Vec<Candidate> {
    let described = |list| lists(list).into_iter().map(|(word, help)| Candidate::Word(word, help)).collect();
    match spec.id {
        CommandId::Check | CommandId::Ports | CommandId::Watch => {
            let profiles = lists(WordList::Profiles).into_iter();
            profiles.map(|(name, help)| Candidate::Word(format!("@{name}"), help)).collect()
        }
        CommandId::Demo | CommandId::Sandbox => described(WordList::Scenarios),
        CommandId::Providers => described(WordList::Providers),
        // A log, or a file with an error message.
        CommandId::Explain => rule_ids().into_iter().chain([Candidate::Files]).collect(),
        CommandId::Man => command_names(),
        CommandId::Domain
        | CommandId::Settings
        | CommandId::Run
        | CommandId::Batch
        | CommandId::Exporter
        | CommandId::Report
        | CommandId::Config
        | CommandId::Completions
        | CommandId::Complete
        | CommandId::Schema => command.get_positionals().next().map(|arg| values(arg, lists)).unwrap_or_default(),
    }
}

fn rule_ids() -> Vec<Candidate> {
    rules::rules().map(|rule| Candidate::Word(rule.id.to_owned(), rule.title.to_owned())).collect()
}

/// The ports that `smtpcheck ports` checks by default.
fn mail_ports() -> Vec<String> {
    let command = (ports::SPEC.declare)(Command::new("smtpcheck"));
    let list = command.get_arguments().find(|arg| arg.get_long() == Some("ports")).map(Arg::get_default_values);
    let list = list.and_then(<[_]>::first).map(|list| list.to_string_lossy().into_owned()).unwrap_or_default();
    list.split(',').map(str::to_owned).collect()
}

/// The candidates for the value of a flag or an argument: the values of a closed list, the words of a list, or files.
fn values(arg: &Arg, lists: &dyn Fn(WordList) -> Vec<DescribedWord>) -> Vec<Candidate> {
    let described = |list| lists(list).into_iter().map(|(word, help)| Candidate::Word(word, help)).collect();
    let plain = |word: &str| Candidate::Word(word.to_owned(), String::new());
    match arg.get_long() {
        Some("ignore") => rule_ids(),
        Some("profile") => described(WordList::Profiles),
        Some("provider") => described(WordList::Providers),
        Some("phase") => described(WordList::ReplyPhases),
        Some("only") => described(WordList::Checks),
        Some("auth") => sasl::MECHANISMS.iter().map(|mechanism| plain(mechanism.name)).collect(),
        Some("expect") => described(WordList::ReportValues),
        Some("port") => mail_ports().iter().map(|port| plain(port)).collect(),
        Some("report") => crate::render::FORMATS.iter().map(|format| plain(&format!("{}=", format.name))).collect(),
        _ => {
            let possible = arg.get_possible_values();
            if !possible.is_empty() && arg.get_action().takes_values() {
                let visible = possible.iter().filter(|value| !value.is_hide_set());
                return visible
                    .map(|value| {
                        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                        Candidate::Word(value.get_name().to_owned(), help)
                    })
                    .collect();
            }
            let is_path = matches!(arg.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath);
            if is_path { vec![Candidate::Files] } else { Vec::new() }
        }
    }
}

/// The completion script of a shell, from `docs/completions`.
pub fn script(shell: CompletedShell) -> &'static str {
    match shell {
        CompletedShell::Bash => include_str!("../../docs/completions/smtpcheck.bash"),
        CompletedShell::Zsh => include_str!("../../docs/completions/_smtpcheck"),
        CompletedShell::Fish => include_str!("../../docs/completions/smtpcheck.fish"),
        CompletedShell::PowerShell => include_str!("../../docs/completions/smtpcheck.ps1"),
        CompletedShell::Elvish => include_str!("../../docs/completions/smtpcheck.elv"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, WordList, candidates};
    use crate::cli::commands::complete::CompleteArgs;

    fn completed(words: &[&str]) -> Vec<String> {
        let lists = |list: WordList| vec![(format!("{list:?}").to_lowercase(), "a word".to_owned())];
        let args = CompleteArgs { words: words.iter().map(Into::into).collect(), next: false };
        candidates(&args, &lists)
            .into_iter()
            .map(|candidate| match candidate {
                Candidate::Word(word, _) => word,
                Candidate::Files => ":files".to_owned(),
            })
            .collect()
    }

    #[test]
    fn every_candidate_for_a_value_is_accepted() {
        let command = super::check::SPEC.command(&[]);
        let mut counts = std::collections::BTreeMap::new();
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_action().takes_values()) {
            let Some(long) = arg.get_long() else { continue };
            // The caller provides the words of these lists.
            if matches!(long, "profile" | "expect") {
                continue;
            }
            let values = super::values(arg, &|_| Vec::new());
            for value in &values {
                let Candidate::Word(value, _) = value else { continue };
                // A format needs a file name after it.
                let file = if long == "report" { "x.xml" } else { "" };
                let words = ["h.example".to_owned(), format!("--{long}={value}{file}")];
                let matches =
                    command.clone().try_get_matches_from(std::iter::once("smtpcheck".to_owned()).chain(words));
                assert!(matches.is_ok(), "--{long}={value}: {:?}", matches.err());
            }
            counts.insert(long.to_owned(), values.len());
        }
        assert_eq!(counts.get("port"), Some(&4));
        assert_eq!(counts.get("auth"), Some(&crate::sasl::MECHANISMS.len()));
        assert_eq!(counts.get("report"), Some(&crate::render::FORMATS.len()));
    }

    #[test]
    fn commands_flags_and_values_are_completed() {
        for (words, wanted) in [
            (&["por"][..], &["ports"][..]),
            (&["co"], &["config", "completions"]),
            (&["--tls-sc"], &["--tls-scan"]),
            (&["mx.example", "--tls", "im"], &["implicit"]),
            (&["mx.example", "--tls=im"], &["--tls=implicit"]),
            (&["--fail-on", "N"], &["notice", "never"]),
            (&["ports", "mx.example", "--conn"], &["--connect-timeout"]),
            (&["completions", "z"], &["zsh"]),
            (&["schema", "su"], &["suite"]),
            (&["config", ""], &["show"]),
            (&["demo", ""], &["scenarios"]),
            (&["sandbox", "healthy", "s"], &["scenarios"]),
            (&["providers", ""], &["providers"]),
            (&["explain", "certificate-expired"], &["certificate-expired", ":files"]),
            (&["mx.example", "--ignore", "certificate-expired"], &["certificate-expired"]),
            (&["explain", "550", "--phase", ""], &["replyphases"]),
            (&["@"], &["@profiles"]),
            (&["--profile", ""], &["profiles"]),
            (&["run", "--only", ""], &["checks"]),
            (&["run", ""], &[":files"]),
            (&["run", "--record", "h", "--", "--tls", "no"], &["none"]),
            (&["mx.example", "--cacert", ""], &[":files"]),
            (&["mx.example", "--auth", "xo"], &["XOAUTH2"]),
            (&["help", "por"], &["ports"]),
            (&["mx.example", "--ehlo", ""], &[]),
            (&["mx.ex"], &[]),
        ] {
            let all = completed(words);
            assert_eq!(all, wanted, "{words:?}");
        }
        assert!(!completed(&["--pass"]).contains(&"--password".to_owned()));
        assert!(!completed(&[""]).contains(&"complete".to_owned()));
        assert!(completed(&[]).contains(&"check".to_owned()));
    }
}
