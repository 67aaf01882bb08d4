#![allow(clippy::indexing_slicing, reason = "a failing test panics")]
