//! Elements that several parts of the page use: headings, lists of names with values, text.

use maud::{Markup, html};

use crate::render::escape;

/// The position of a check on the page.
pub(super) struct Place {
    /// The number of the check, from 1.
    pub(super) number: usize,
    /// The level of the headings within the check.
    pub(super) level: u8,
}

impl Place {
    /// The heading of a section, with an id for links.
    pub(super) fn heading(&self, id: &str, text: &str) -> Markup {
        let id = format!("check-{}-{id}", self.number);
        html! { (heading(self.level, Some(&id), &html! { (text) })) }
    }
}

pub(super) fn heading(level: u8, id: Option<&str>, content: &Markup) -> Markup {
    html! {
        @match level {
            2 => h2 id=[id] { (content) },
            3 => h3 id=[id] { (content) },
            _ => h4 id=[id] { (content) },
        }
        "\n"
    }
}

/// A list of names and values.
pub(super) fn list(facts: &[(&str, String)]) -> Markup {
    html! {
        dl class="facts" {
            "\n"
            @for (name, value) in facts { dt { (name) } dd { (words(value)) } "\n" }
        }
        "\n"
    }
}

/// Makes invisible characters visible. The template engine escapes the result.
pub(super) fn words(text: &str) -> String {
    escape::visible(text)
}
