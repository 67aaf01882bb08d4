//! The best reading of one reply: phase x code x enhanced status x text x provider.
//!
//! The phase comes before everything: a reading whose cause cannot arise in the phase is not considered
//! ([`Cause::can_arise_at`]), and what is about a recipient is about the sender at MAIL ([`sender`]).
//! What comes first then (each only when the one before has nothing):
//! 1. an enhanced status that is decisive: it says more than the words beside it;
//! 2. a phrase in the text: of the recognised provider, of the recognised software, of anybody;
//! 3. what the recognised provider or software means by the enhanced status, where it differs from the registry;
//! 4. the enhanced status, if it has a meaning of its own (`5.7.1` has none: everybody uses it for everything);
//! 5. the reply code at this phase;
//! 6. the reply code by itself, and 7. its first digit (RFC 5321 §4.2), which is all that is known of an unknown reply:
//!    the reading says so.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::meaning::{Confidence, Fix};
use super::{blocklists, phrases, sender, tables};
use crate::wire::{EnhancedStatus, Reply};

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
    let reading = by_decisive_status(reply, context)
        .or_else(|| by_phrase(reply, context))
        .or_else(|| by_status(reply, context))
        .or_else(|| by_code(reply, context))?;
    let mut reading = calibrated(about_sender(reading, reply, context));
    name_the_list(reply, &mut reading);
    Some(reading)
}

/// A code alone always allows another reading, and a certain reading allows none.
fn calibrated(mut reading: Reading) -> Reading {
    let of_code = matches!(reading.basis, Basis::CodeAtStep { .. } | Basis::Code { .. } | Basis::Class { .. });
    if of_code && reading.cause != Cause::Accepted && reading.confidence == Confidence::Certain {
        reading.confidence = Confidence::Likely;
        reading.otherwise = reading.otherwise.or_else(|| Some(OTHER_TEXT.to_owned()));
    }
    if reading.confidence == Confidence::Certain {
        reading.otherwise = None;
    }
    reading
}

const OTHER_TEXT: &str = "The text of the reply may contain more information.";

/// What words or a status about a recipient mean at MAIL, where only the sender is known (RFC 5321 §3.3).
fn about_sender(reading: Reading, reply: &Reply, context: &Context<'_>) -> Reading {
    if context.step != Some(ReplyPhase::Mail) {
        return reading;
    }
    let Some(row) = sender::find(reading.cause, reply.enhanced) else { return reading };
    Reading {
        cause: row.to,
        confidence: reading.confidence.min(row.confidence),
        means: row.means.clone(),
        otherwise: row.otherwise.clone(),
        fixes: row.fix.clone(),
        basis: reading.basis,
    }
}

fn by_phrase(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let phrase = phrases::find(reply, context)?;
    let is_unattributed = phrase.is_unattributed(context, &phrases::text_of(reply));
    let otherwise = || {
        let provider = phrase.provider_name()?;
        Some(format!("These words are known from {provider}; another provider may use them for a similar reason."))
    };
    Some(Reading {
        cause: phrase.cause,
        confidence: if is_unattributed { phrase.confidence.min(Confidence::Likely) } else { phrase.confidence },
        means: phrase.means.clone(),
        otherwise: phrase.otherwise.clone().or_else(|| otherwise().filter(|_| is_unattributed)),
        fixes: phrase.fix.clone(),
        basis: Basis::Phrase { id: phrase.id.clone() },
    })
}

/// A status that says more than any words beside it (Exchange's 4.4.316): it comes before every phrase that does not need a
/// status itself.
fn by_decisive_status(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let status = reply.enhanced?;
    let whose: Vec<&str> = [context.provider, context.software, Some("any")].into_iter().flatten().collect();
    let row = tables::deviation(status, reply.code, &whose).filter(|row| row.decisive)?;
    let by_phrase = phrases::find(reply, context).is_some_and(phrases::Phrase::needs_status);
    (!by_phrase && context.step.is_none_or(|step| row.cause.can_arise_at(step))).then(|| of_deviation(row, status))
}

fn of_deviation(row: &tables::StatusDeviation, status: EnhancedStatus) -> Reading {
    Reading {
        cause: row.cause,
        confidence: row.confidence,
        means: row.means.clone(),
        otherwise: row.otherwise.clone(),
        fixes: row.fix.clone(),
        basis: Basis::ProviderStatus { provider: row.provider.clone(), status: status.to_string() },
    }
}

fn by_status(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let status = reply.enhanced?;
    let fits = |cause: Cause| {
        let is_sender = context.step == Some(ReplyPhase::Mail) && sender::find(cause, Some(status)).is_some();
        // RFC 4954 §6: X.7.8, credentials not valid, is a reply to AUTH and to nothing else.
        let of_login = cause == Cause::Credentials && matches!(context.step, Some(ReplyPhase::Mail | ReplyPhase::Rcpt));
        is_sender || !of_login && context.step.is_none_or(|step| cause.can_arise_at(step))
    };
    let whose: Vec<&str> = [context.provider, context.software, Some("any")].into_iter().flatten().collect();
    let deviation = tables::deviation(status, reply.code, &whose);
    if let Some(row) = deviation.filter(|row| (row.provider != "any" || row.decisive) && fits(row.cause)) {
        return Some(of_deviation(row, status));
    }
    let row = tables::status(status).filter(|row| !row.generic)?;
    let cause = row.cause(status);
    (cause != Cause::Other && fits(cause)).then(|| Reading {
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
    let fits = |cause: Cause| context.step.is_none_or(|step| cause.can_arise_at(step));
    let Some(row) = tables::code(code).filter(|row| fits(row.cause)) else {
        return Some(if fits(by_class.cause) { by_class } else { Reading { cause: Cause::Other, ..by_class } });
    };
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
