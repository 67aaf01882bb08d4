//! The contents of an explanation. `explain --json` prints this type.

use serde::Serialize;

use super::secrets::without_secrets;
use crate::lexicon::{Basis, Category, Cause, Confidence, Fix, ReplyPhase};
use crate::wire::{EnhancedStatus, ReplyCode};

/// The explanation of a reply, code, status, rule, extension or mechanism.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explained {
    /// The kind of explained text.
    pub kind: ExplanationKind,
    /// The line number in the input, from 1; null for arguments.
    pub line: Option<u64>,
    /// The explained text, with secrets masked; the lines of a multi-line reply are separated by LF.
    pub input: String,
    /// The reply code.
    pub code: Option<ReplyCode>,
    /// The enhanced status code.
    pub status: Option<EnhancedStatus>,
    /// The phase, as given by the user, as shown in the log, or as implied by the code.
    pub phase: Option<ReplyPhase>,
    /// The id of the provider, as given by the user or found from the host name in the log.
    pub provider: Option<String>,
    /// The id of the program that printed the input, if it is recognised.
    pub program: Option<String>,
    /// The rule that a check would report; null if it is not a rejection, or if an error is about the program or its
    /// machine instead of another mail server.
    pub rule: Option<&'static str>,
    /// The category of the reason for a rejection.
    pub category: Option<Category>,
    /// How certain the category is.
    pub confidence: Option<Confidence>,
    /// The meaning according to the standard or registry.
    pub meaning: Option<String>,
    /// Why servers send it.
    pub cause: Option<String>,
    /// Another possible cause; null if the cause is certain.
    pub otherwise: Option<String>,
    /// The fixes, most useful first.
    pub fixes: Vec<Fix>,
    /// The lexicon entry that matched.
    pub basis: Option<Basis>,
    /// The source of the explanation.
    pub source: Option<String>,
    /// The meanings in other phases or at other providers, for a code or status without text.
    pub also: Vec<ConditionalMeaning>,
    /// Rules with a similar id, if the input is not recognised.
    pub nearest: Vec<&'static str>,
}

/// The kind of explained text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ExplanationKind {
    /// A reply.
    Reply,
    /// An error message from a mail program, a library or an operating system.
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

/// A meaning that applies only in one phase or at one provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConditionalMeaning {
    /// The phases, or the id of the provider.
    pub at: String,
    /// The category in this case.
    pub category: Category,
    /// How certain the category is.
    pub confidence: Confidence,
    /// Why servers send it in this case.
    pub cause: String,
}

impl Explained {
    /// An explanation in which all other keys are empty. Secrets in the input are masked.
    pub fn new(kind: ExplanationKind, input: impl Into<String>) -> Explained {
        Explained {
            kind,
            line: None,
            input: without_secrets(&input.into()),
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

    /// Whether it states what happened: more than the code of a reply whose text is not recognised.
    pub(super) fn is_clear(&self) -> bool {
        let is_code = match self.basis {
            Some(Basis::CodeAtStep { .. }) => self.confidence < Some(Confidence::Likely),
            Some(Basis::Code { .. } | Basis::Class { .. }) | None => true,
            Some(_) => false,
        };
        match self.kind {
            ExplanationKind::Unknown => false,
            ExplanationKind::Reply => !is_code || self.is_accepted(),
            _ => true,
        }
    }

    /// Whether it is a reply that accepts a command.
    pub(super) fn is_accepted(&self) -> bool {
        self.kind == ExplanationKind::Reply && self.category == Some(Cause::Accepted.category())
    }
}

/// The number of replies with the same cause.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The number of replies.
    pub count: u64,
    /// The first of these replies.
    pub example: Explained,
}

/// The size of the part of a log that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The number of lines.
    pub lines: u64,
    /// The number of replies in these lines.
    pub replies: u64,
    /// The number of error messages from programs in these lines.
    pub errors: u64,
    /// The number of lines that report a failure and are not recognised.
    pub unknown: u64,
    /// The number of lines that consist of one word: a rule id, an enhanced status, an extension or a mechanism.
    pub words: u64,
}
