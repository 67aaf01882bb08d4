//! Writes the flags of a tool and their equivalents as a Markdown page (`docs/from-*.md`).

use std::fmt::Write;

use super::equivalent::{Equivalent, ForeignTool};
use super::table::TABLE;
use crate::cli::commands::check;
use crate::cli::flags::names::names;
use crate::cli::flags::password::SOURCES;

impl ForeignTool {
    /// The tools with a page, and the names of the pages.
    pub const PAGES: [(&'static str, ForeignTool); 4] = [
        ("from-swaks.md", ForeignTool::Swaks),
        ("from-openssl.md", ForeignTool::OpenSsl),
        ("from-check_smtp.md", ForeignTool::CheckSmtp),
        ("from-curl.md", ForeignTool::Curl),
    ];

    /// The page about the flags of this tool. A flag that smtpcheck also has is listed only if `smtpcheck check`
    /// accepts it.
    pub fn page(self) -> String {
        let command = check::SPEC.command(&[]);
        let own: Vec<String> = command.get_arguments().flat_map(names).collect();
        let name = self.name();
        let mut page = format!(
            "# From {name} to smtpcheck\n\n{}\n\nsmtpcheck accepts the flags marked \"the same\". For any other flag in this table, the error message names the equivalent. This file is generated: \
             `UPDATE_DOCS=1 cargo test --test structure`.\n\n| {name} | smtpcheck |\n|---|---|\n",
            self.introduction()
        );
        let rows = TABLE.iter().filter(|(tool, _)| *tool == self).flat_map(|(_, rows)| rows.iter());
        for row in rows {
            let is_listed =
                |name: &&&str| !matches!(row.answer, Equivalent::Same) || own.iter().any(|own| own == *name);
            let names: Vec<String> = row.names.iter().filter(is_listed).map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                continue;
            }
            let answer = match &row.answer {
                Equivalent::Flag(flag, placeholder) => format!("`{flag} {placeholder}`"),
                Equivalent::Text(text) | Equivalent::Differs(text) => (*text).to_owned(),
                Equivalent::Target => "the target, without a flag: `smtpcheck HOST:PORT`".to_owned(),
                Equivalent::Password => format!("{SOURCES}; a password is never an argument"),
                Equivalent::Same => "the same".to_owned(),
            };
            let _ = writeln!(page, "| {} | {} |", names.join(", "), answer.replace('|', "\\|"));
        }
        page
    }

    fn introduction(self) -> &'static str {
        match self {
            ForeignTool::Swaks => {
                "swaks sends test messages. smtpcheck runs the same session, but never sends a message, and explains each failure. To send a message, run `smtpcheck TARGET --for swaks`, which prints the swaks command."
            }
            ForeignTool::OpenSsl => {
                "`openssl s_client -starttls smtp` shows a handshake and the certificates. smtpcheck also verifies the certificates for the host name, and checks the SMTP session before and after the handshake."
            }
            ForeignTool::CheckSmtp => {
                "If smtpcheck is called as `check_smtp`, for example through a symbolic link, it accepts the flags of check_smtp; see [formats.md](formats.md). This table applies if smtpcheck is called by its own name, with `--format nagios`."
            }
            ForeignTool::Curl => {
                "curl sends messages with `smtp://` and `smtps://` URLs, which are also targets of smtpcheck. smtpcheck never sends a message. To send a message, run `smtpcheck TARGET --for curl`, which prints the curl command."
            }
            ForeignTool::Other => "",
        }
    }
}
