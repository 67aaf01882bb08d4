//! The offline explainer: what a rule, a reply code, an enhanced status, a reply, an error message from a program, an EHLO
//! extension or a SASL mechanism means, and which replies and error messages a log contains.
//!
//! Promises: it reads only the given input; its memory use is bounded for any input; input that is not recognised gets
//! an explanation of kind `unknown`.
//!
//! Does not: print, which [`crate::render::explain`] does; interpret the text of replies, which [`crate::lexicon`]
//! does.
//!
//! Read next: [`log`], which finds replies in logs.

mod arguments;
mod errors;
mod explained;
mod failures;
pub mod log;
mod logins;
mod reply;
mod secrets;
mod side;
mod stream;
mod target;
mod traces;

pub use arguments::arguments;
pub use explained::{ConditionalMeaning, Explained, ExplanationKind, Extent, Tally};
pub use failures::FailureLine;
pub use reply::{ExplainContext, SenderError};
pub use side::LogSide;
pub use stream::{LogMode, LogSummary, log};
