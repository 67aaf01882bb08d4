//! The offline explainer: explains rules, reply codes, enhanced status codes, replies, EHLO extensions and SASL
//! mechanisms, and finds the replies in a log.
//!
//! Promises: it reads only the given input; its memory use is bounded for any input; input that is not recognised gets
//! an explanation of kind `unknown`.
//!
//! Does not: print, which [`crate::render::explain`] does; interpret the text of replies, which [`crate::lexicon`]
//! does.
//!
//! Read next: [`log`], which finds replies in logs.

mod arguments;
mod explained;
pub mod log;
mod reply;
mod stream;

pub use arguments::arguments;
pub use explained::{ConditionalMeaning, Explained, ExplanationKind, Extent, Tally};
pub use reply::{ExplainContext, SenderError};
pub use stream::{LogMode, LogSummary, log};
