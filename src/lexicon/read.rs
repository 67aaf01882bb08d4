//! The best reading of one reply: step x code x enhanced status x text x provider.
//!
//! What comes first (each only when the one before has nothing):
//! 1. a phrase in the text: of the recognised provider, of the recognised software, of anybody;
//! 2. what the recognised provider or software means by the enhanced status, where it differs from the registry;
//! 3. the enhanced status, if it has a meaning of its own (`5.7.1` has none: everybody uses it for everything);
//! 4. the reply code at this step;
//! 5. the reply code by itself, and 6. its first digit (RFC 5321 §4.2), which is all that is known of an unknown reply:
//!    the reading says so.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::meaning::{Confidence, Fix};
use super::{blocklists, phrases, tables};
use crate::wire::Reply;

/// What a reply means.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Why the server refuses, if it does.
    pub cause: Cause,
    /// How sure.
    pub confidence: Confidence,
    /// In words.
    pub means: String,
    /// What else it could be; none when certain.
    pub otherwise: Option<String>,
    /// What to do, most useful first.
    pub fixes: Vec<Fix>,
    /// What it rests on.
    pub basis: Basis,
}

/// What a reading rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Basis {
    /// A phrase of the lexicon.
    Phrase {
        /// Its id.
        id: String,
    },
    /// A provider's own use of an enhanced status.
    ProviderStatus {
        /// The provider's id.
        provider: String,
        /// The status.
        status: String,
    },
    /// The enhanced status.
    Status {
        /// The status.
        status: String,
    },
    /// The reply code at this step.
    CodeAtStep {
        /// The code.
        code: u16,
    },
    /// The reply code by itself.
    Code {
        /// The code.
        code: u16,
    },
    /// The first digit.
    Class {
        /// The digit.
        digit: u16,
    },
}

/// Reads a reply; none when it has no code and no known text.
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
    // The step decides before the status does where they contradict: what is said to AUTH is about the login.
    // RFC 4954 §6: X.7.8, credentials not valid, is a reply to AUTH and to nothing else.
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

/// What the first digit alone says, for a reply whose code is known to mean something other than usual.
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

/// A refusal that names a block list gets the list's own page, if the reading has none.
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
            format!("Look the address up at {} and ask for removal there", list.name),
            list.removal.clone(),
        ));
    }
}
