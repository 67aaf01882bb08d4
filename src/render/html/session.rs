//! The section with the session, as a table with the columns time, sender and text.

use maud::{Markup, html};

use super::parts::{Place, words};
use crate::render::style::Role;
use crate::render::symbols::Speaker;
use crate::render::view::lines::SessionLine;
use crate::render::view::session;
use crate::render::{Display, Symbols, text};
use crate::report::Report;

pub(super) fn section(place: &Place, report: &Report, look: &Display) -> Markup {
    let lines = session::session(report, &text::for_readers(look));
    html! {
        (place.heading("session", "Session"))
        @if lines.is_empty() {
            p { "Nothing was sent or received." } "\n"
        } @else {
            p class="soft" { "Times in milliseconds since the start. A bar on the left marks encrypted lines." } "\n"
            table class="session" {
                "\n" tr class="hidden-head" {
                    th scope="col" class="when" { "ms" }
                    th scope="col" class="who" { "sender" }
                    th scope="col" { "text" }
                }
                "\n"
                @for line in &lines { (row(line)) "\n" }
            }
            "\n"
        }
    }
}

fn row(line: &SessionLine) -> Markup {
    let aloud = match line.speaker {
        Speaker::Client => "client",
        Speaker::Server => "server",
        Speaker::Note => "note",
        Speaker::Fault => "fault",
    };
    let role = line.parts.last().map_or(Role::Plain, |(role, _)| *role);
    html! {
        tr class=[line.encrypted.then_some("tls")] {
            td class="when" { @if let Some(ms) = line.at_ms { (format!("{ms:.0}")) } }
            td class="who" {
                span aria-hidden="true" class=[class(role)] {
                    (Symbols::Unicode.speaker(line.speaker, line.encrypted).trim_end())
                }
                span class="hidden" { (aloud) @if line.encrypted { ", encrypted" } }
            }
            td {
                @for (role, text) in line.parts.iter().filter(|(_, text)| !text.is_empty()) {
                    span class=[class(*role)] { (words(text)) }
                }
                @if !line.gloss.is_empty() { span class="dim" { "  " (words(&line.gloss)) } }
            }
        }
    }
}

fn class(role: Role) -> Option<&'static str> {
    match role {
        Role::Plain | Role::Encrypted | Role::Command | Role::Bold => None,
        Role::Client => Some("client"),
        Role::Server => Some("server"),
        Role::Temporary => Some("temporary"),
        Role::Permanent => Some("permanent"),
        Role::Dim => Some("dim"),
        Role::Error => Some("note-error"),
        Role::Warning => Some("note-warning"),
    }
}
