//! What an explanation contains; `explain --json` prints it as it is.

use serde::Serialize;

use crate::lexicon::{Basis, Category, Confidence, Fix, ReplyPhase};
use crate::wire::{EnhancedStatus, ReplyCode};

/// What one reply, code, status, rule, extension or mechanism means.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explained {
    /// What it is.
    pub kind: ExplanationKind,
    /// The number of its line in the input, from 1; none for arguments.
    pub line: Option<u64>,
    /// The thing itself; a reply of several lines has LF between them.
    pub input: String,
    /// The reply code.
    pub code: Option<ReplyCode>,
    /// The enhanced status.
    pub status: Option<EnhancedStatus>,
    /// The phase it belongs to, as given, as logged, or as the code implies.
    pub phase: Option<ReplyPhase>,
    /// The provider's id, as given or by the host that the log names.
    pub provider: Option<String>,
    /// The id of the program that printed the input, if it is recognised.
    pub program: Option<String>,
    /// The rule that a check would report; none if it is not a rejection.
    pub rule: Option<&'static str>,
    /// Why it was rejected, as a category.
    pub category: Option<Category>,
    /// How certain the category is.
    pub confidence: Option<Confidence>,
    /// The meaning in the standard or registry.
    pub meaning: Option<String>,
    /// Why servers send it.
    pub cause: Option<String>,
    /// What else it could be; none if certain.
    pub otherwise: Option<String>,
    /// What to do, most useful first.
    pub fixes: Vec<Fix>,
    /// The lexicon entry that matched.
    pub basis: Option<Basis>,
    /// Where the entry comes from.
    pub source: Option<String>,
    /// What it means at other phases or providers, for a code or status without text.
    pub also: Vec<ConditionalMeaning>,
    /// Rules with a similar id, if the input is unknown.
    pub nearest: Vec<&'static str>,
}

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExplanationKind {
    /// A reply.
    Reply,
    /// An error message of a mail program, a library or an operating system.
    Error,
    /// A rule's id.
    Rule,
    /// An EHLO extension.
    Keyword,
    /// A SASL mechanism.
    Mechanism,
    /// A mail program or library.
    Program,
    /// A mail provider.
    Provider,
    /// Not recognised.
    Unknown,
}

/// A meaning under a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConditionalMeaning {
    /// The phase or the provider.
    pub at: String,
    /// Its category there.
    pub category: Category,
    /// How certain the category is.
    pub confidence: Confidence,
    /// Why servers send it there.
    pub cause: String,
}

impl Explained {
    /// An explanation that is still empty.
    pub fn new(kind: ExplanationKind, input: impl Into<String>) -> Explained {
        Explained {
            kind,
            line: None,
            input: super::log::without_secret(input.into()),
            code: None,
            status: None,
            phase: None,
            provider: None,
            program: None,
            rule: None,
            category: None,
            confidence: None,
            meaning: None,
            cause: None,
            otherwise: None,
            fixes: Vec::new(),
            basis: None,
            source: None,
            also: Vec::new(),
            nearest: Vec::new(),
        }
    }
}

/// Replies with the same cause.
#[derive(Clone, Debug)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub example: Explained,
}

/// How much of a log was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Lines.
    pub lines: u64,
    /// Replies in them.
    pub replies: u64,
    /// Error messages of programs in them.
    pub errors: u64,
    /// Lines that report a failure and are not recognised.
    pub unknown: u64,
    /// Lines of one word: a rule id, an enhanced status, an extension or a mechanism.
    pub words: u64,
}
