//! Finds the best interpretation of a reply, from its phase, code, enhanced status and text, and the provider.
//!
//! The first of these that applies is used:
//!
//! 1. a phrase in the text: of the recognised provider, of the recognised software, or a general one;
//! 2. the meaning that the recognised provider or software gives to the enhanced status, if it differs from the
//!    registry;
//! 3. the enhanced status, if it has a specific meaning (`5.7.1` has none, because servers use it for all kinds of
//!    rejections);
//! 4. the reply code in this phase;
//! 5. the reply code alone;
//! 6. its first digit (RFC 5321 §4.2). This is the only information about an unknown reply, and the interpretation says
//!    so.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::meaning::{Confidence, Fix};
use super::{blocklists, phrases, tables};
use crate::wire::Reply;

/// The interpretation of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Why the server rejects the command, if it does.
    pub cause: Cause,
    /// How certain the interpretation is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: String,
    /// Alternative explanations; `None` if the interpretation is certain.
    pub otherwise: Option<String>,
    /// Fixes for the user, most useful first.
    pub fixes: Vec<Fix>,
    /// The part of the reply on which the interpretation is based.
    pub basis: Basis,
}

/// The part of a reply on which its interpretation is based.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Basis {
    /// A phrase of the lexicon.
    Phrase {
        /// The id of the phrase.
        id: String,
    },
    /// The special meaning that a provider gives to an enhanced status.
    ProviderStatus {
        /// The id of the provider.
        provider: String,
        /// The enhanced status.
        status: String,
    },
    /// The enhanced status.
    Status {
        /// The enhanced status.
        status: String,
    },
    /// The reply code in this phase.
    CodeAtStep {
        /// The reply code.
        code: u16,
    },
    /// The reply code alone.
    Code {
        /// The reply code.
        code: u16,
    },
    /// The first digit of the reply code.
    Class {
        /// The digit.
        digit: u16,
    },
}

/// Interprets a reply. Returns `None` if it has no code and no known text.
pub fn read(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let mut reading =
        by_phrase(reply, context).or_else(|| by_status(reply, context)).or_else(|| by_code(reply, context))?;
    if reading.confidence == Confidence::Certain {
        reading.otherwise = None;
    }
    name_the_list(reply, &mut reading);
    Some(reading)
}

fn by_phrase(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let phrase = phrases::find(reply, context)?;
    Some(Reading {
        cause: phrase.cause,
        confidence: phrase.confidence,
        means: phrase.means.clone(),
        otherwise: phrase.otherwise.clone(),
        fixes: phrase.fix.clone(),
        basis: Basis::Phrase { id: phrase.id.clone() },
    })
}

fn by_status(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let status = reply.enhanced?;
    let whose: Vec<&str> = [context.provider, context.software, Some("any")].into_iter().flatten().collect();
    if let Some(row) = tables::deviation(status, reply.code, &whose).filter(|row| row.provider != "any") {
        return Some(Reading {
            cause: row.cause,
            confidence: row.confidence,
            means: row.means.clone(),
            otherwise: row.otherwise.clone(),
            fixes: row.fix.clone(),
            basis: Basis::ProviderStatus { provider: row.provider.clone(), status: status.to_string() },
        });
    }
    let row = tables::status(status).filter(|row| !row.generic)?;
    let cause = row.cause(status);
    // If phase and status contradict each other, the phase decides: a reply to AUTH is about the login. RFC 4954 §6:
    // X.7.8 (credentials invalid) is a reply only to AUTH.
    let of_login = cause == Cause::Credentials && matches!(context.step, Some(ReplyPhase::Mail | ReplyPhase::Rcpt));
    let elsewhere = of_login || context.step.is_some_and(|step| !cause.can_arise_at(step));
    (cause != Cause::Other && !elsewhere).then(|| Reading {
        cause,
        confidence: row.confidence,
        means: row.meaning.clone(),
        otherwise: row.otherwise.clone(),
        fixes: row.fix.clone(),
        basis: Basis::Status { status: status.to_string() },
    })
}

fn by_code(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let code = reply.code?;
    if let Some(row) = context.step.and_then(|step| tables::code_at(code, step)) {
        return Some(Reading {
            cause: row.cause,
            confidence: row.confidence,
            means: row.means.clone(),
            otherwise: row.otherwise.clone(),
            fixes: row.fix.clone(),
            basis: Basis::CodeAtStep { code: code.number() },
        });
    }
    let by_class = by_class(reply)?;
    let Some(row) = tables::code(code) else { return Some(by_class) };
    let confidence = if row.cause == Cause::Accepted { by_class.confidence } else { Confidence::Possible };
    let basis = Basis::Code { code: code.number() };
    Some(Reading { cause: row.cause, confidence, means: row.meaning.clone(), basis, ..by_class })
}

/// The interpretation based only on the first digit, for a reply whose code does not have its usual meaning.
pub fn by_class(reply: &Reply) -> Option<Reading> {
    let code = reply.code?;
    let class = tables::class(code)?;
    Some(Reading {
        cause: class.cause,
        confidence: class.confidence,
        means: class.means.clone(),
        otherwise: class.otherwise.clone(),
        fixes: class.fix.clone(),
        basis: Basis::Class { digit: code.number() / 100 },
    })
}

/// Adds the page of the block list that a rejection names, if the interpretation does not already contain a page.
fn name_the_list(reply: &Reply, reading: &mut Reading) {
    if reading.cause != Cause::Reputation || reading.fixes.iter().any(|fix| fix.url.is_some()) {
        return;
    }
    let Some(list) = blocklists::named_in(&phrases::text_of(reply)) else { return };
    for fix in list.fix.iter().filter(|fix| fix.url.is_some()) {
        reading.fixes.push(fix.clone());
    }
    if !list.removal.is_empty() && !reading.fixes.iter().any(|fix| fix.url.is_some()) {
        reading.fixes.push(Fix::open(
            format!("Look up the rejected IP address or domain at {} and request its removal there", list.name),
            list.removal.clone(),
        ));
    }
}
