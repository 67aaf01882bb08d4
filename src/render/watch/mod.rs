//! Renders a watch: a line for each check, the summary as text, JSON and HTML, and the terminal screen.
//!
//! [`values`] contains the names and values of the columns, which all of them show.

mod graph;
pub mod html;
pub mod line;
pub mod record;
pub mod screen;
pub mod summary;
mod values;
