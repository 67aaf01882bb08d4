//! Batch records as JSON and CSV, and the summary of a batch for people.

pub mod csv;
pub mod html;
pub mod markdown;
mod parts;
pub mod record;
pub mod text;
