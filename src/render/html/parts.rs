//! Pieces that several parts of the page have: headings, lists of names with values, text.

use maud::{Markup, html};

use crate::render::escape;

/// The place of a check on the page.
pub(super) struct Place {
    /// Which check, from 1.
    pub(super) number: usize,
    /// The level of the headings of its parts.
    pub(super) level: u8,
}

impl Place {
    /// The heading of a part, which links can point to.
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

/// Names with values.
pub(super) fn list(facts: &[(&str, String)]) -> Markup {
    html! {
        dl class="facts" {
            "\n"
            @for (name, value) in facts { dt { (name) } dd { (words(value)) } "\n" }
        }
        "\n"
    }
}

/// Text in which everything can be seen; the template escapes it.
pub(super) fn words(text: &str) -> String {
    escape::visible(text)
}
