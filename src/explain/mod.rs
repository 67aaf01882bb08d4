//! The offline explainer. It explains rules, reply codes, enhanced status codes, replies, error messages from programs,
//! EHLO extensions and SASL mechanisms, and finds replies and error messages in logs.
//!
//! It reads only the given input, and its memory use is bounded for any input. Input that is not recognised produces an
//! explanation of kind `unknown`.
//!
//! Output is printed by [`crate::render::explain`], and the text of replies is interpreted by [`crate::lexicon`].
//!
//! Read next: [`log`], which finds replies in logs.

mod arguments;
mod decoded;
mod errors;
mod explained;
mod failures;
pub mod log;
mod logins;
mod reply;
mod secret_commands;
mod secret_places;
mod secret_sentences;
mod secrets;
mod sentences;
mod short_input;
mod side;
mod stream;
mod target;
mod traces;
mod wrapped;

pub use arguments::arguments;
pub use explained::{ConditionalMeaning, Explained, ExplanationKind, Extent, Tally};
pub use failures::FailureLine;
pub use reply::{ExplainContext, SenderError};
pub use side::LogSide;
pub use stream::{LogMode, LogSummary, log};
