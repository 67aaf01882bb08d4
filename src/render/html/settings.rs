//! The sections about client settings: the recommended settings, the sources, and the settings that were tested.

use maud::{Markup, html};

use super::parts::{Place, list, words};
use crate::check::settings::seen::SettingsSeen;
use crate::render::Display;
use crate::render::style::Role;
use crate::render::view::settings::{self as view, SettingsRow};

/// The sections before the findings.
pub(super) fn found(place: &Place, seen: &SettingsSeen, look: &Display) -> Markup {
    html! {
        (place.heading("recommended", "Recommended settings"))
        @match &seen.recommended {
            Some(setting) => {
                (list(&view::recommended(setting)))
                p { "To check these settings again: " code class="command" { (words(&setting.command)) } } "\n"
            },
            None => { p { "No settings can be recommended." } "\n" },
        }
        (place.heading("sources", "Sources"))
        (table("Source", &view::sources(seen, look)))
        @let tested = view::candidates(seen, look);
        @if !tested.is_empty() {
            (place.heading("settings", "Tested settings, best first"))
            (table("Server", &tested))
        }
    }
}

/// The section after the findings.
pub(super) fn untested(place: &Place, seen: &SettingsSeen) -> Markup {
    let untested = view::not_tested(seen);
    html! {
        @if !untested.is_empty() {
            (place.heading("untested", "Not tested"))
            ul { "\n" @for one in &untested { li { (words(one)) } "\n" } } "\n"
        }
    }
}

fn table(first: &str, rows: &[SettingsRow]) -> Markup {
    html! {
        table class="checks" {
            "\n" thead { tr { th scope="col" { (first) } th scope="col" { "Result" } th scope="col" { "Details" } } }
            "\n" tbody {
                "\n"
                @for row in rows {
                    tr {
                        th scope="row" { (words(&row.name)) }
                        td {
                            @match row.role {
                                Role::Warning => span class="badge warning" { (row.word) },
                                _ => (row.word),
                            }
                        }
                        td { (words(&row.detail)) }
                    }
                    "\n"
                }
            }
            "\n"
        }
        "\n"
    }
}
