//! The output of `--for`: the list of programs, the notes for a configuration, and `docs/snippets.md`.

use std::fmt::Write;

use super::Display;
use super::style::Role;
use super::table::{self, Column, Side};
use crate::snippets::{PASSWORD_VARIABLE, PROGRAMS, PasswordSupport, Program, Safeguard};

/// A table of the programs.
pub fn list(look: &Display) -> String {
    let (id, name) = (16, 28);
    let columns = [id, name, table::rest(look.width, &[id, name])].map(|width| Column { width, side: Side::Left });
    let heads = ["PROGRAM", "NAME", "FILE"].map(|head| (Role::Bold, head.to_owned()));
    let mut lines = table::row(&columns, &heads);
    for program in &PROGRAMS {
        let cells = [
            (Role::Bold, program.id.to_owned()),
            (Role::Plain, program.name.to_owned()),
            (Role::Plain, program.file.to_owned()),
        ];
        lines.extend(table::row(&columns, &cells));
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

/// The notes, as lines for standard error.
pub fn notes(program: &Program, notes: &[String], look: &Display) -> String {
    let mut text = format!("\nConfiguration of {} ({}):\n", program.name, program.file);
    for note in notes {
        let (words, commands) = note.split_once('\n').unwrap_or((note, ""));
        let options = textwrap::Options::new(look.width).initial_indent("- ").subsequent_indent("  ");
        for line in textwrap::wrap(words, options) {
            let _ = writeln!(text, "{}", super::escape::visible(&line));
        }
        // A command that is wrapped cannot be copied.
        for command in commands.lines() {
            let _ = writeln!(text, "    {}", super::escape::visible(command));
        }
    }
    text
}

/// `docs/snippets.md`, without the examples. A test compares the file with this text.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.replace("{variable}", PASSWORD_VARIABLE);
    page.push_str(
        "## Programs\n\n| `--for` | program | file | password | sent a message in the tests |\n|---|---|---|---|---|\n",
    );
    for program in &PROGRAMS {
        let names = [program.id].into_iter().chain(program.aliases.iter().copied());
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        let password = match program.password {
            PasswordSupport::Any => "environment variable or file",
            PasswordSupport::Variable => "environment variable",
            PasswordSupport::File(_) => "file",
            PasswordSupport::OwnStore => "its own store",
        };
        let tested = if program.tested.is_empty() { "no".to_owned() } else { program.tested.join(", ") };
        let _ =
            writeln!(page, "| {} | {} | `{}` | {password} | {tested} |", names.join(", "), program.name, program.file);
    }
    page.push_str(DEFAULTS);
    for program in &PROGRAMS {
        let defaults = &program.defaults;
        let all = [&defaults.unencrypted, &defaults.untrusted, &defaults.other_name, &defaults.no_login];
        if all.iter().all(|default| default.is_none()) {
            continue;
        }
        let cell = |default: &Option<Safeguard>| match default {
            None => "safe".to_owned(),
            Some(Safeguard::Option(option)) => format!("unsafe; prevented by `{option}`"),
            Some(Safeguard::Missing) => "**unsafe, cannot be prevented**".to_owned(),
            Some(Safeguard::Note) => "**unsafe**; the notes of the configuration explain what prevents it".to_owned(),
        };
        let _ = writeln!(page, "| {} | {} |", program.name, all.map(cell).join(" | "));
    }
    page
}

const INTRODUCTION: &str = "\
# Configurations for mail programs

`smtpcheck TARGET --for PROGRAM` checks a server. If the check succeeds, it prints a configuration for a mail
program, with the verified settings. This file is generated: `UPDATE_DOCS=1 cargo test --test structure`.

```sh
smtpcheck smtp.example.net:587 --user u@example.net --from u@example.net --for msmtp >> ~/.msmtprc
smtpcheck settings ann@example.com --password-file password --for nodemailer > send.cjs
```

`smtpcheck settings ADDRESS --for PROGRAM` finds the server first ([settings.md](settings.md)).

- Standard output contains only the configuration. It begins with a comment that lists what was verified. The session,
  the diagnosis and the notes are written to standard error. `--output FILE` writes the configuration to a file, and
  `--report json=FILE` also writes the report to a file.
- If the check fails, no configuration is printed, and the exit code is that of the check. If the check succeeds but
  verifies too little for a configuration, the exit code is 9.
- The configuration never contains the password. Programs read the password from the environment variable `{variable}`
  or, if you gave `--password-file`, from that file.
- Where the program has options for this, the configuration requires TLS, verifies the certificate and compares it with
  the host name. The notes list what is missing.
- Configurations for libraries are complete programs. When you run such a program, it sends a test message from your
  email address to the same address. smtpcheck itself never sends a message.
- Values are escaped for the language of the configuration. If the language cannot represent a value, smtpcheck reports a
  usage error.

A message that arrives does not prove that TLS or the login works: several programs also send without them. To test TLS
and the login, use `smtpcheck`.

";

const DEFAULTS: &str = "
## Unsafe defaults

This table shows what a program does with its default options, and what prevents this in the configuration that
smtpcheck prints:

| program | sends mail unencrypted if STARTTLS is missing | accepts an untrusted certificate | accepts a different host name | sends mail without a login if AUTH is missing |
|---|---|---|---|---|
";
