//! The conversation as a table: when, who, what; a line of the server that goes on has no time of its own.

use std::fmt::Write;

use super::{heading, words};
use crate::render::style::{Role, StyledLine};
use crate::render::{Display, outcome, text};
use crate::report::Report;

/// Wide enough that no line is broken; the page does that.
const WIDTH: usize = 1_000_000;

pub(super) fn section(number: usize, level: u8, report: &Report, look: &Display) -> String {
    let look = Display { width: WIDTH, ..outcome::for_readers(look) };
    let mut page = heading(number, level, "conversation", "Conversation");
    let said = text::conversation(report, &look);
    if said.is_empty() {
        return page + "<p>Nothing was said.</p>\n";
    }
    page.push_str(
        "<p class=\"soft\">Times are milliseconds since the start. A bar at the left marks what was encrypted.</p>\n",
    );
    page.push_str("<table class=\"session\">\n<tr class=\"hidden-head\"><th scope=\"col\" class=\"when\">ms</th>");
    page.push_str("<th scope=\"col\" class=\"who\">who</th><th scope=\"col\">what</th></tr>\n");
    for line in &said {
        page.push_str(&row(line));
    }
    page + "</table>\n"
}

/// A line of the text format is: the mark of encryption, the time, a blank, the sign of who speaks, the words.
fn row(line: &StyledLine) -> String {
    let (margin, said) = line.words().split_at_checked(4).unwrap_or((line.words(), &[]));
    let [(_, mark), (_, time), _, (role, sign)] = margin else {
        let text: String = line.words().iter().map(|(_, text)| text.as_str()).collect();
        return format!("<tr><td class=\"when\"></td><td class=\"who\"></td><td>{}</td></tr>\n", words(text.trim()));
    };
    let encrypted = !mark.trim().is_empty();
    let who = match (sign.trim(), role) {
        ("→", _) => "we say",
        ("←", _) => "the server says",
        ("✗", _) => "fault",
        _ => "note",
    };
    let aloud = if encrypted { ", encrypted" } else { "" };
    let mut row = format!(
        "<tr{}><td class=\"when\">{}</td><td class=\"who\"><span aria-hidden=\"true\"{}>{}</span>\
         <span class=\"hidden\">{who}{aloud}</span></td><td>",
        if encrypted { " class=\"tls\"" } else { "" },
        words(time.trim()),
        class(*role),
        words(sign.trim()),
    );
    for (role, text) in said.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = write!(row, "<span{}>{}</span>", class(*role), words(text));
    }
    row + "</td></tr>\n"
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Plain | Role::Encrypted | Role::Command => "",
        Role::Client => " class=\"client\"",
        Role::Server => " class=\"server\"",
        Role::Temporary => " class=\"temporary\"",
        Role::Permanent => " class=\"permanent\"",
        Role::Dim => " class=\"dim\"",
        Role::Bold => "",
        Role::Error => " class=\"note-error\"",
        Role::Warning => " class=\"note-warning\"",
    }
}
