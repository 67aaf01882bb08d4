//! The targets whose checks pass from some interfaces of this machine and fail from others, as an HTML table. The pages of
//! a batch and of a watch contain it.

use maud::{Markup, html};

use super::super::escape::visible;
use super::super::view::interfaces::comparison;
use crate::report::InterfaceComparison;

/// One row for each target.
pub(in crate::render) fn comparison_table(all: &[InterfaceComparison]) -> Markup {
    html! {
        table class="checks" {
            "\n" tr { th scope="col" { "Target" } th scope="col" { "Difference" } } "\n"
            @for one in all {
                tr { td { (visible(&one.target)) } td { (comparison(one)) } }
                "\n"
            }
        }
        "\n"
    }
}
