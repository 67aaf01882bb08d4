//! Renders a watch: a line for each check, the summary as text, JSON and HTML, and the terminal screen.
//!
//! [`values`] contains the columns of the tables and formats the values, for all of these outputs.

mod graph;
pub mod html;
pub mod line;
pub mod record;
pub mod screen;
pub mod summary;
mod values;
