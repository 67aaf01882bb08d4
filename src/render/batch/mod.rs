//! The summary of a batch for people, and its records as CSV.

pub mod csv;
pub mod html;
pub mod markdown;
mod parts;
pub mod text;
