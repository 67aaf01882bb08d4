//! The records of a batch as JSON and CSV, and its summary for people.

pub mod csv;
pub mod html;
pub mod markdown;
mod parts;
pub mod record;
pub mod text;
