//! Completions for shells and manual pages, made of the same commands that read the words: a verb or a flag that is
//! added is in them at once.

use clap::builder::{PossibleValuesParser, ValueHint};
use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::UsageError;
use super::command::COMMANDS;
use crate::plan::{IntrusiveProbe, TlsProfile};
use crate::render::FORMATS;
use crate::render::style::THEMES;
use crate::sasl::MECHANISMS;

/// Flags of `smtpcheck completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Flags of `smtpcheck man`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// The verb; without it the page of smtpcheck itself
    #[arg(value_name = "VERB")]
    pub verb: Option<String>,
}

/// The completions of a shell.
pub fn completions(args: &CompletionsArgs) -> String {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut completed(), "smtpcheck", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    HOST_ARMS.iter().filter(|arm| arm.0 == args.shell).fold(script, |script, (_, from, to)| script.replace(from, to))
}

/// The generators know verbs only, and give up at a first word that is none. A word that looks like a host (the rule of
/// [`super::verb`]) is no verb: what follows it is completed as after `check`.
const HOST_ARMS: &[(Shell, &str, &str)] = &[
    (Shell::Zsh, "            (check)\n", "            (check|[0-9]*|*[.:/@\\[]*)\n"),
    // With two colons zsh forgets the flags once a target was typed.
    (Shell::Zsh, "'*::", "'*:"),
    (
        Shell::Fish,
        "    if set -q argv[1]\n",
        "    if set -q argv[1]; and not string match -qr '^[0-9]|[.:/@[]' -- $argv[1]\n",
    ),
    (
        Shell::PowerShell,
        "                $element.Value.StartsWith('-') -or\n",
        "                $element.Value.StartsWith('-') -or\n                $element.Value -match '^[0-9]|[.:/@\\[]' -or\n",
    ),
    (
        Shell::Elvish,
        "        if (str:has-prefix $word '-') {\n",
        "        if (or (str:has-prefix $word '-') (re:match '^[0-9]|[.:/@\\[]' $word)) {\n",
    ),
    (Shell::Elvish, "use builtin;\n", "use builtin;\nuse re;\n"),
];

/// The program as shells complete it. Its targets are left out, since a word in their place may be a verb.
fn completed() -> Command {
    let whole = program().disable_help_subcommand(true);
    let flags: Vec<Arg> = whole.get_arguments().filter(|arg| !arg.is_positional()).cloned().collect();
    let verbs = whole.get_subcommands().map(|verb| {
        let args = verb.get_arguments().filter(|arg| !arg.is_hide_set()).cloned();
        Command::new(verb.get_name().to_owned())
            .about(verb.get_about().cloned().unwrap_or_default())
            .args(args.map(with_choices))
    });
    let flags = flags.into_iter().filter(|arg| !arg.is_hide_set()).map(with_choices);
    Command::new("smtpcheck")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args(flags)
        .subcommands(verbs)
}

/// A manual page.
pub fn manual(args: &ManArgs) -> Result<String, UsageError> {
    let Some(word) = &args.verb else { return Ok(page(program(), "smtpcheck")) };
    let verb = COMMANDS.iter().find(|verb| verb.name == word);
    let names: Vec<&str> = COMMANDS.iter().map(|verb| verb.name).collect();
    let verb = verb.ok_or_else(|| super::display::choice("man", word, &names))?;
    Ok(page((verb.command)(), &format!("smtpcheck-{}", verb.name)))
}

/// Everything that can be typed: the check, which needs no verb, and the verbs.
fn program() -> Command {
    let check = COMMANDS.iter().find(|verb| verb.name == "check").map(|verb| (verb.command)());
    let verbs = COMMANDS.iter().map(|verb| (verb.command)().name(verb.name).version(env!("CARGO_PKG_VERSION")));
    check.unwrap_or_default().name("smtpcheck").version(env!("CARGO_PKG_VERSION")).subcommands(verbs)
}

/// The words that a flag takes, where they are few: a shell can offer them.
fn choices(flag: &str) -> Option<Vec<&'static str>> {
    Some(match flag {
        "tls" => vec!["auto", "starttls", "implicit", "none"],
        "tls-min" => vec!["1.2", "1.3"],
        "tls-scan" => vec!["basic", "full"],
        "tls-profile" => TlsProfile::ALL.iter().map(|(name, _)| *name).collect(),
        "quit-after" => vec!["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt"],
        "transcript" => vec!["full", "problems", "none"],
        "fail-on" => vec!["error", "warning", "notice", "never"],
        "color" => vec!["auto", "always", "never"],
        "theme" => THEMES.iter().map(|(name, _)| *name).collect(),
        "format" => FORMATS.iter().map(|format| format.name).collect(),
        "probe" => IntrusiveProbe::ALL.iter().map(|(name, _)| *name).collect(),
        "auth" => MECHANISMS.iter().map(|mechanism| mechanism.name).collect(),
        _ => return None,
    })
}

/// A flag with what a shell can offer: words, files, or nothing.
fn with_choices(arg: Arg) -> Arg {
    match arg.get_long().and_then(choices) {
        Some(words) => arg.value_parser(PossibleValuesParser::new(words)),
        None if arg.get_value_hint() == ValueHint::Unknown && arg.get_action().takes_values() => {
            arg.value_hint(ValueHint::Other)
        }
        None => arg,
    }
}

/// One page. The synopsis is the short one of the help, and what follows the flags there keeps its lines.
fn page(command: Command, name: &str) -> String {
    let mut command = command.name(name.to_owned()).version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true);
    let usage = command.render_usage().to_string();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let in_a_line = about.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
    command = command.about(in_a_line).long_about(about);
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let verbs: Vec<String> =
        command.get_subcommands().map(|verb| format!("smtpcheck-{}(1)", verb.get_name())).collect();
    let see_also = if verbs.is_empty() { "smtpcheck(1)".to_owned() } else { verbs.join(", ") };
    let man = Man::new(command.after_help(""))
        .section("1")
        .source(format!("smtpcheck {}", env!("CARGO_PKG_VERSION")))
        .manual("smtpcheck");
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut out);
    let _ = man.render_name_section(&mut out);
    let _ = verbatim("SYNOPSIS", usage.trim_start_matches("Usage:").trim_start()).to_writer(&mut out);
    let _ = man.render_description_section(&mut out);
    let _ = man.render_options_section(&mut out);
    for part in after.split("\n\n") {
        match part.split_once(':') {
            Some((heading @ ("Examples" | "Exit codes"), rest)) => {
                let _ = verbatim(&heading.to_uppercase(), rest.trim_start()).to_writer(&mut out);
            }
            _ if part.is_empty() => {}
            _ => {
                let _ = verbatim("NOTES", part).to_writer(&mut out);
            }
        }
    }
    let mut end = Roff::new();
    end.control("SH", ["SEE ALSO"]).text([roman(see_also)]);
    let _ = end.to_writer(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn verbatim(heading: &str, text: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [heading]).control("nf", []);
    for line in text.trim_matches('\n').lines() {
        section.text([roman(line.strip_prefix("       ").unwrap_or(line).trim_end())]);
    }
    section.control("fi", []);
    section
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, CompletionsArgs, ManArgs, choices, completions, manual, program};
    use crate::cli::{Invocation, parse, plan};
    use clap::ValueEnum;
    use clap_complete::Shell;

    #[test]
    fn each_choice_is_one_that_the_flag_takes() {
        let mut tried = 0;
        for arg in program().get_arguments() {
            let Some(flag) = arg.get_long() else { continue };
            for word in choices(flag).unwrap_or_default() {
                let words = ["h.example".into(), format!("--{flag}={word}").into(), "--cert=c.pem".into()];
                let Ok(Invocation::Check(args, matches)) = parse(words.into()) else {
                    unreachable!("--{flag} {word}");
                };
                plan::plan(&args, &matches, "h.example", None).expect(word);
                crate::cli::display::check(&args, &crate::cli::display::OutputTarget::default()).expect(word);
                assert!(flag != "format" || crate::render::format(word).is_some(), "{word}");
                tried += 1;
            }
        }
        assert!(tried > 30, "{tried}");
    }

    #[test]
    fn completions_and_pages_know_every_verb_and_every_flag() {
        for shell in Shell::value_variants() {
            let script = completions(&CompletionsArgs { shell: *shell });
            for verb in COMMANDS {
                assert!(script.contains(verb.name), "{shell} lacks {}", verb.name);
            }
            assert!(script.contains("password-command") && script.contains("starttls"), "{shell}");
            assert!(
                !script.contains("exists only") && !script.contains("Exists only"),
                "{shell}: --password is no flag"
            );
            for (_, _, arm) in super::HOST_ARMS.iter().filter(|arm| arm.0 == *shell) {
                assert!(script.contains(arm), "{shell} has changed, and hosts are verbs again: {arm}");
            }
        }
        for verb in COMMANDS {
            let page = manual(&ManArgs { verb: Some(verb.name.to_owned()) }).expect("a page");
            assert!(page.contains(&format!("smtpcheck\\-{}", verb.name)), "{page}");
            for arg in (verb.command)().get_arguments().filter(|arg| !arg.is_hide_set()) {
                let Some(long) = arg.get_long() else { continue };
                assert!(page.contains(&format!("\\-\\-{}", long.replace('-', "\\-"))), "{}: --{long}", verb.name);
            }
        }
        let whole = manual(&ManArgs { verb: None }).expect("a page");
        assert!(whole.contains("EXIT CODES") && whole.contains("smtpcheck\\-ports(1)"), "{whole}");
        assert!(manual(&ManArgs { verb: Some("prots".to_owned()) }).is_err_and(|error| error.to_string().contains("ports")));
    }
}
