//! Manual pages. They are generated from the declarations that clap uses to parse the command line, so they always
//! contain all commands and flags.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::UsageError;
use super::commands::man::ManArgs;
use super::commands::{COMMANDS, CommandSpec, check};
use super::help;
use crate::source::nearest;

/// The manual page of a command, or of smtpcheck if no command is named, in roff format.
pub fn manual(args: &ManArgs) -> Result<String, UsageError> {
    let Some(word) = &args.command else { return Ok(page(&check::SPEC, program(), "smtpcheck")) };
    let visible = || COMMANDS.iter().filter(|spec| !spec.is_hidden);
    let spec = visible().find(|spec| spec.name.eq_ignore_ascii_case(word)).ok_or_else(|| {
        let names: Vec<&str> = visible().map(|spec| spec.name).collect();
        let hint = match nearest(word, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("use one of {}", names.join(", ")),
        };
        UsageError::new("unknown command").about("man", word.as_str()).with_hint(hint)
    })?;
    Ok(page(spec, spec.command(&[]), &format!("smtpcheck-{}", spec.name)))
}

/// The program as one clap command: the flags of `check`, whose name can be omitted, and every command as a subcommand.
fn program() -> Command {
    let visible = COMMANDS.iter().filter(|spec| !spec.is_hidden);
    check::SPEC.command(&[]).subcommands(visible.map(|spec| spec.command(&[]).name(spec.name)))
}

/// Renders one page. Usage lines and examples keep their line breaks.
fn page(spec: &CommandSpec, command: Command, name: &str) -> String {
    let is_program = command.has_subcommands();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let command = command.name(name.to_owned()).about(spec.about).long_about(about).after_help("");
    let man =
        Man::new(command).section("1").source(format!("smtpcheck {}", env!("CARGO_PKG_VERSION"))).manual("smtpcheck");
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut out);
    let _ = man.render_name_section(&mut out);
    let usage: Vec<String> = spec.usage.iter().map(|usage| format!("smtpcheck {usage}")).collect();
    let _ = verbatim("SYNOPSIS", &usage.join("\n")).to_writer(&mut out);
    let _ = man.render_description_section(&mut out);
    if is_program {
        let _ = verbatim("COMMANDS", &help::commands()).to_writer(&mut out);
    }
    let _ = man.render_options_section(&mut out);
    for note in spec.notes {
        let section = match note.strip_prefix("Exit codes:\n") {
            Some(codes) => verbatim("EXIT STATUS", codes),
            None => {
                let mut section = Roff::new();
                section.control("SH", ["NOTES"]).text([roman(*note)]);
                section
            }
        };
        let _ = section.to_writer(&mut out);
    }
    if !spec.examples.is_empty() {
        let _ = verbatim("EXAMPLES", &spec.examples.join("\n")).to_writer(&mut out);
    }
    let visible = COMMANDS.iter().filter(|spec| !spec.is_hidden);
    let pages: Vec<String> = visible.map(|spec| format!("smtpcheck-{}(1)", spec.name)).collect();
    let mut end = Roff::new();
    end.control("SH", ["SEE ALSO"]).text([roman(if is_program {
        pages.join(", ")
    } else {
        "smtpcheck(1)".to_owned()
    })]);
    let _ = end.to_writer(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn verbatim(heading: &str, text: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [heading]).control("nf", []);
    for line in text.lines() {
        section.text([roman(line.trim_end())]);
    }
    section.control("fi", []);
    section
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, ManArgs, manual};

    #[test]
    fn manual_pages_contain_every_command_and_every_flag() {
        for spec in COMMANDS.iter().filter(|spec| !spec.is_hidden) {
            let page = manual(&ManArgs { command: Some(spec.name.to_owned()) }).expect("a page");
            assert!(page.contains(&format!("smtpcheck\\-{}", spec.name)), "{page}");
            for arg in spec.command(&[]).get_arguments().filter(|arg| !arg.is_hide_set()) {
                let Some(long) = arg.get_long() else { continue };
                assert!(page.contains(&format!("\\-\\-{}", long.replace('-', "\\-"))), "{}: --{long}", spec.name);
            }
        }
        let page = manual(&ManArgs { command: None }).expect("a page");
        assert!(page.contains("EXIT STATUS") && page.contains("smtpcheck\\-ports(1)"), "{page}");
        let error = manual(&ManArgs { command: Some("prots".to_owned()) }).expect_err("unknown");
        assert!(error.to_string().contains("did you mean ports?"), "{error}");
    }
}
