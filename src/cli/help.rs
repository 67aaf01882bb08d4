//! The help. `-h` prints a summary that fits on one screen, and `--help` prints all flags.

use clap::Command;

use super::commands::{COMMANDS, CommandSpec, check};

const SUMMARY: &str = "Diagnoses SMTP servers: shows the session, and explains what failed and\nhow to fix it. smtpcheck never sends a message.";

/// The most frequently needed flags, each with an example of its value.
const COMMON: &[(&str, &str)] = &[
    ("port", "465"),
    ("tls", "starttls"),
    ("from", "me@example.org"),
    ("to", "you@example.net"),
    ("user", "me@example.net"),
    ("password-command", "CMD"),
    ("insecure", ""),
    ("max-time", "20s"),
    ("expect", "'rcpt.code == 250'"),
    ("fail-on", "warning"),
    ("json", ""),
    ("verbose", ""),
];

/// The usage lines of a check.
pub(super) fn usage() -> String {
    format!("Usage: smtpcheck {}", check::SPEC.usage.join("\n       smtpcheck "))
}

/// The help for `-h`.
pub(super) fn short() -> String {
    let command = (check::SPEC.declare)(Command::new("smtpcheck"));
    let mut text = format!("{SUMMARY}\n\n{}\n\nCommands:\n{}\n\nMost important flags:\n", usage(), commands());
    for (long, example) in COMMON {
        let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(long)) else { continue };
        let short = arg.get_short().map_or("    ".to_owned(), |short| format!("-{short}, "));
        let flag = format!("{short}--{long} {example}");
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let ends = ["; ", " [", ": ", ", such", ", including", " (", ", and ", " that "];
        let end = ends.iter().filter_map(|end| help.find(end)).min().unwrap_or(help.len());
        text += &format!("  {flag:<31} {}\n", help.get(..end).unwrap_or(&help));
    }
    text += "\nExample:\n  smtpcheck smtp.example.net:587\n\n";
    text += "To see all flags, run smtpcheck --help or smtpcheck help COMMAND.\n";
    text
}

/// The help for `--help`, and for `help COMMAND`.
pub(super) fn complete(spec: &CommandSpec, mut command: Command) -> String {
    if spec.name == check::SPEC.name {
        let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command = command.about(SUMMARY).after_help(format!("Commands:\n{}\n\n{notes}", commands()));
    }
    command.render_help().to_string()
}

/// One line for each command: its name and what it does.
pub(super) fn commands() -> String {
    let lines = COMMANDS.iter().filter(|spec| !spec.is_hidden);
    lines.map(|spec| format!("  {:<12} {}", spec.name, spec.about)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, COMMON, complete, short};

    #[test]
    fn the_short_help_fits_on_a_screen_and_names_every_command_once() {
        let text = short();
        assert!(text.lines().count() <= 45, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden) {
            assert_eq!(text.matches(&format!("\n  {} ", spec.name)).count(), 1, "{}: {text}", spec.name);
        }
        for (flag, _) in COMMON {
            assert!(text.contains(&format!("--{flag}")), "--{flag}");
        }
    }

    #[test]
    fn the_complete_help_of_each_command_names_the_command_and_every_flag() {
        for spec in COMMANDS {
            let text = complete(spec, spec.command(&[]));
            assert!(spec.name == "check" || text.contains(&format!("Usage: smtpcheck {}", spec.name)), "{text}");
            for arg in spec.command(&[]).get_arguments().filter(|arg| !arg.is_hide_set()) {
                assert!(arg.get_long().is_none_or(|long| text.contains(&format!("--{long}"))), "{text}");
            }
        }
    }
}
