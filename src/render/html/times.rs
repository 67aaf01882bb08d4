//! The section with the times of the phases: a table in which the bar of each phase begins where the previous one ends.
//! The bars are inline SVG and repeat information that the table also contains as text.

use maud::{Markup, html};

use super::parts::Place;
use crate::render::view::phases::PhaseRow;
use crate::report::PhaseStatus;

/// The width of the drawing in SVG units; it represents the total time.
const WIDTH: f64 = 1000.0;

pub(super) fn section(place: &Place, rows: &[PhaseRow]) -> Markup {
    let whole: f64 = rows.iter().filter_map(|row| row.ms).sum();
    html! {
        @if !rows.is_empty() {
            (place.heading("phases", "Phases"))
            table class="times" {
                "\n" tr {
                    th scope="col" { "Phase" }
                    th scope="col" class="number" { "ms" }
                    th scope="col" { "Result" }
                    td class="track" {}
                }
                "\n"
                @for row in rows {
                    tr class=[classes(row)] {
                        th scope="row" { (row.name) }
                        td class="number" { @if let Some(ms) = row.ms { (format!("{ms:.1}")) } }
                        @match row.ms {
                            Some(ms) => {
                                td { (row.result) }
                                td class="track" { (bar(row.begun_ms, ms, whole)) }
                            },
                            // A phase that did not run has no bar; the reason takes up both columns.
                            None => td colspan="2" { (row.result) },
                        }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

fn classes(row: &PhaseRow) -> Option<String> {
    let slowest = row.is_slowest.then_some("slowest");
    let failed = (row.status == PhaseStatus::Failed).then_some("failed");
    let all: Vec<&str> = [slowest, failed].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn bar(begun: f64, ms: f64, whole: f64) -> Markup {
    if whole <= 0.0 {
        return html! {};
    }
    // A bar has a minimum length so that it is visible, and never extends beyond the drawing.
    let length = (ms / whole * WIDTH).max(2.0);
    let at = (begun / whole * WIDTH).min(WIDTH - length);
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect x=(format!("{at:.1}")) y="1" width=(format!("{length:.1}")) height="8" {}
        }
    }
}
