//! The summary of a batch for people, and its records as CSV.

pub mod csv;
pub mod text;
