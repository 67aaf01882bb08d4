//! Finds the best interpretation of a reply, from its phase, code, enhanced status and text, and the provider.
//!
//! The phase has priority: an interpretation whose cause is impossible in the phase is not considered
//! ([`Cause::can_arise_at`]), and at MAIL, words about a recipient refer to the sender ([`sender`]). Then the first of
//! these that applies is used:
//!
//! 1. a decisive enhanced status, which is more specific than the words next to it;
//! 2. a phrase in the text: of the recognised provider, of the recognised software, or of neither; if there is none, a
//!    phrase without a provider that the lexicon lists for other codes;
//! 3. the meaning that the recognised provider or software gives to the enhanced status, if it differs from the
//!    registry;
//! 4. the enhanced status, if it has a specific meaning (`5.7.1` has none, because servers use it for all kinds of
//!    rejections);
//! 5. the reply code in this phase;
//! 6. the reply code alone;
//! 7. its first digit in this phase, then alone (RFC 5321 §4.2). Nothing else is known about such a reply, and the
//!    interpretation says so.
//!
//! Then the entire wording is compared with known replies ([`classifier`]). If it clearly resembles replies with another
//! cause, this cause replaces the meaning of a code, and that of a phrase that is only possible or marked `general`. Its
//! confidence is `possible`, and the meaning that it replaces is the alternative. It does not replace another phrase that
//! is likely: on replies of sources that were not used before, this made three readings worse and improved none. A phrase
//! that is certain becomes likely if the entire wording clearly resembles replies with another cause.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::meaning::{Confidence, Fix};
use super::phrases::Phrase;
use super::pool::FixRow;
use super::{blocklists, classifier, phrases, sender, tables};
use crate::wire::{Class, EnhancedStatus, Reply, ReplyCode};

/// The interpretation of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The reason why the server rejects the command; none if it accepts the command.
    pub cause: Cause,
    /// How certain the interpretation is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: String,
    /// Alternative explanations; `None` if the interpretation is certain.
    pub otherwise: Option<String>,
    /// Fixes for the user, most useful first.
    pub fixes: Vec<Fix>,
    /// The part of the reply that the interpretation is based on.
    pub basis: Basis,
}

/// The beginning of the explanations of replies that servers send only after a login.
const AFTER_LOGIN: &str = "The login succeeded, but ";

impl Reading {
    /// The interpretation in a session that is not logged in. The server may then reject a command for lack of a login.
    /// `is_requested` states whether the user requested a login.
    pub(crate) fn without_login(mut self, is_requested: bool) -> Reading {
        if let Some(rest) = self.means.strip_prefix(AFTER_LOGIN) {
            self.means = format!("According to the server, {rest}");
            if !is_requested {
                self.confidence = self.confidence.min(Confidence::Likely);
                self.otherwise = Some(
                    "This session is not logged in, and the server may accept the command after a login. To find out, repeat the check with --user."
                        .to_owned(),
                );
            }
        }
        self
    }
}

/// The part of a reply that its interpretation is based on.
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
    /// The wording, which no phrase matches but which resembles replies with this cause.
    Wording,
}

/// Interprets a reply. Returns `None` if it has no code and no known text.
pub fn read(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let known = by_known_parts(reply, context)?;
    let cause = known.cause;
    let known = about_sender(known, reply, context);
    // At MAIL, the wording of a reply about a recipient does not show what it means for the sender.
    let is_translated = known.cause != cause && context.step == Some(ReplyPhase::Mail);
    let by_wording = if is_translated { None } else { by_wording(&known, reply, context) };
    let reading = about_sender(by_wording.unwrap_or(known), reply, context);
    let mut reading = calibrated(doubted_by_wording(reading, reply, context));
    name_the_list(reply, &mut reading);
    Some(reading)
}

/// The interpretation without the classifier.
pub(super) fn by_known_parts(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let phrase = phrases::find(reply, context);
    by_decisive_status(reply, context, phrase)
        .or_else(|| Some(by_phrase(phrase?, reply, context)))
        .or_else(|| by_words_with_other_code(reply, context))
        .or_else(|| by_status_or_code(reply, context))
}

/// Whether the interpretation of a rejection is based only on its code and is not likely. Codes 500 to 504 are about
/// the command, not about its content (RFC 5321 §4.2.2), and 521 and 556 have one meaning (RFC 7504), so they are never
/// vague.
pub(super) fn is_vague_code(reading: &Reading, reply: &Reply) -> bool {
    if reply.code.is_some_and(|code| matches!(code.number(), 500..=504 | 521 | 556)) {
        return false;
    }
    let is_code = matches!(reading.basis, Basis::CodeAtStep { .. } | Basis::Code { .. } | Basis::Class { .. });
    let is_rejection = matches!(reply.class(), Class::Transient | Class::Permanent);
    is_code && is_rejection && reading.confidence == Confidence::Possible
}

/// An interpretation based only on the code always has an alternative; a certain interpretation has none.
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

/// Reinterprets a reply about a mailbox if the mailbox is the sender's, not the recipient's. At MAIL, the server knows
/// only the sender (RFC 5321 §3.3). Later, the reply names the sender: Postfix rejects senders in reply to RCPT.
fn about_sender(reading: Reading, reply: &Reply, context: &Context<'_>) -> Reading {
    let is_mailbox =
        matches!(reading.cause, Cause::UnknownUser | Cause::MailboxFull | Cause::MailboxDisabled | Cause::MailboxMoved);
    if context.step != Some(ReplyPhase::Mail) && !(is_mailbox && names_only_the_sender(reply)) {
        return reading;
    }
    let Some(row) = sender::find(reading.cause, reply.enhanced) else { return reading };
    Reading {
        cause: row.to,
        confidence: reading.confidence.min(row.confidence),
        means: row.means.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: reading.basis,
    }
}

/// Whether the words name the sender and no recipient.
fn names_only_the_sender(reply: &Reply) -> bool {
    const SENDER: [&str; 27] = [
        "sender",
        "envelope from",
        "from address",
        "originator",
        "absender",
        "expediteur",
        "boite d'envoi",
        "remitente",
        "remetente",
        "mittente",
        "afzender",
        "nadawc",
        "odesilatel",
        "отправител",
        "відправник",
        "gonderen",
        "gonderici",
        "avsandar",
        "afsender",
        "avsender",
        "lahettaj",
        "felado",
        "expeditor",
        "发件人",
        "送信者",
        "差出人",
        "보낸 사람",
    ];
    const RECIPIENT: [&str; 22] = [
        "recipient",
        "rcpt",
        "receiver",
        "addressee",
        "empfanger",
        "empfaenger",
        "destinat",
        "получател",
        "одержувач",
        "alici",
        "收件人",
        "宛先",
        "수신자",
        "받는",
        "ontvanger",
        "odbiorc",
        "adresat",
        "prijemce",
        "mottagar",
        "modtager",
        "vastaanottaj",
        "cimzett",
    ];
    let text = phrases::text_of(reply);
    let names = |words: &[&str]| words.iter().any(|word| text.contains(word));
    names(&SENDER) && !names(&RECIPIENT) || reply.joined().to_ascii_lowercase().contains("in reply to mail from")
}

fn by_phrase(phrase: &Phrase, reply: &Reply, context: &Context<'_>) -> Reading {
    let text = phrases::text_of(reply);
    let name = phrase.provider_name().filter(|_| phrase.is_unattributed(context, &text));
    // "Greylisted" has only one meaning.
    let is_vague = phrase.is_by_one_word(&text) && phrase.cause != Cause::Greylisted;
    let otherwise = match name {
        Some(_) => Some("Other providers may use the same wording for a similar reason.".to_owned()),
        None if is_vague => Some(ONE_WORD.to_owned()),
        None => None,
    };
    let means = match name {
        Some(name) => format!("This is the wording of {name}: {}", phrase.means),
        None => phrase.means.into(),
    };
    let contradiction = contradicted_by_status(phrase, reply, context);
    let otherwise = otherwise.or_else(|| contradiction.map(|row| format!("{OTHER_STATUS} {}", row.meaning)));
    let is_certain = phrase.confidence == Confidence::Certain && otherwise.is_none();
    let rival = if is_certain { phrases::rival(phrase, reply, context) } else { None };
    let otherwise = otherwise.or_else(|| rival.map(|rival| format!("{OTHER_WORDS} {}", rival.means)));
    let is_uncertain = name.is_some() || is_vague || contradiction.is_some() || rival.is_some();
    Reading {
        cause: phrase.cause,
        confidence: if is_uncertain { phrase.confidence.min(Confidence::Likely) } else { phrase.confidence },
        means,
        otherwise: phrase.otherwise.map(String::from).or(otherwise),
        fixes: phrase.fix.fixes(),
        basis: Basis::Phrase { id: phrase.id.into() },
    }
}

/// The meaning of the status, if the words have a different one. Only a status about an address, a mailbox or a sender
/// check (X.1, X.2, X.7.20 and later) is specific enough. Servers use 5.7.8 to reject a login for many
/// different reasons, and they also have several reasons to reject a recipient.
fn contradicted_by_status(phrase: &Phrase, reply: &Reply, context: &Context<'_>) -> Option<&'static tables::StatusRow> {
    let status = reply.enhanced?;
    let row = tables::status(status).filter(|row| !row.generic)?;
    let is_specific = matches!(status.kind(), (1 | 2, _) | (7, 20..));
    let is_of_provider = context.provider.is_some_and(|provider| phrase.provider_id() == Some(provider));
    let (by_status, by_words) = (row.cause(status), phrase.cause);
    let is_same =
        by_status.category() == by_words.category() || by_status.is_about_recipient() && by_words.is_about_recipient();
    (is_specific && !is_of_provider && !is_same && !phrase.needs_status()).then_some(row)
}

const OTHER_WORDS: &str = "Other words in the reply have a different meaning:";

const OTHER_STATUS: &str = "The enhanced status of the reply has a different meaning:";

/// A phrase whose row does not contain the reply's code. It is more specific than the code, but not certain.
fn by_words_with_other_code(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let mut reading = by_phrase(phrases::find_despite_code(reply, context)?, reply, context);
    reading.confidence = reading.confidence.min(Confidence::Likely);
    reading.otherwise.get_or_insert_with(|| OTHER_CODE.to_owned());
    Some(reading)
}

const OTHER_CODE: &str = "The reply code is unusual for this text, so the server may mean something else.";

const ONE_WORD: &str =
    "This diagnosis is based on a single word in the reply. The rest of the reply may show a different reason.";

/// A status that is more specific than any words next to it (Exchange's 4.4.316). It has priority over every phrase
/// that does not itself require a status.
fn by_decisive_status(reply: &Reply, context: &Context<'_>, phrase: Option<&Phrase>) -> Option<Reading> {
    let status = reply.enhanced?;
    let whose: Vec<&str> = [context.provider, context.software, Some("any")].into_iter().flatten().collect();
    let row = tables::deviation(status, reply.code, &whose).filter(|row| row.decisive)?;
    let by_phrase = phrase.is_some_and(Phrase::needs_status);
    (!by_phrase && context.step.is_none_or(|step| row.cause.can_arise_at(step))).then(|| of_deviation(row, status))
}

fn of_deviation(row: &tables::StatusDeviation, status: EnhancedStatus) -> Reading {
    Reading {
        cause: row.cause,
        confidence: row.confidence,
        means: row.means.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: Basis::ProviderStatus { provider: row.provider.into(), status: status.to_string() },
    }
}

/// The status, unless its meaning is only `possible` and the code's meaning in this phase is `likely`.
fn by_status_or_code(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let by_code = by_code(reply, context);
    let Some(reading) = by_status(reply, context) else { return by_code };
    let is_likely = |of_code: &Reading| {
        matches!(of_code.basis, Basis::CodeAtStep { .. }) && of_code.confidence >= Confidence::Likely
    };
    let is_vague = reading.confidence == Confidence::Possible;
    Some(by_code.filter(|of_code| is_vague && is_likely(of_code)).unwrap_or(reading))
}

/// The leads that the wording needs in order to replace the meaning of a code: of one that is possible, and of one that
/// is likely.
const LEAD_OVER_VAGUE_CODE: f32 = 0.1;
const LEAD_OVER_CODE: f32 = 0.5;
/// The lead that the wording needs in order to replace a vague phrase, or to cast doubt on one that is certain.
const LEAD_OVER_PHRASE: f32 = 0.4;
/// The smallest number of words that can replace the meaning of a code: `550 No.` resembles too many replies.
const FEW_WORDS: usize = 3;

/// The beginnings of texts in RFC 5321 §4.2.3 that state no reason. With such a text, only the code has a meaning.
const STANDARD_TEXTS: [&str; 5] = [
    "requested action not taken",
    "requested action aborted",
    "requested mail action not taken",
    "requested mail action aborted",
    "transaction failed",
];

/// Whether a reply contains only a standard text without a reason.
fn is_standard_text(reply: &Reply) -> bool {
    let text = reply.joined();
    let is_letter = |one: char| one.is_alphabetic();
    let text = text.trim_matches(|one| !is_letter(one));
    STANDARD_TEXTS.iter().any(|standard| text.eq_ignore_ascii_case(standard))
}

/// The lead that the wording needs in order to replace an interpretation; none if nothing may replace it.
fn lead_over(known: &Reading, reply: &Reply) -> Option<f32> {
    if !matches!(reply.class(), Class::Transient | Class::Permanent) || is_standard_text(reply) {
        return None;
    }
    let has_words =
        || reply.joined().split(|one: char| !one.is_alphabetic()).filter(|word| !word.is_empty()).count() >= FEW_WORDS;
    match &known.basis {
        _ if is_vague_code(known, reply) => has_words().then_some(LEAD_OVER_VAGUE_CODE),
        Basis::CodeAtStep { code: 500..=504 | 521 | 556 } => None,
        Basis::CodeAtStep { .. } => has_words().then_some(LEAD_OVER_CODE),
        Basis::Phrase { id } => {
            let phrase = phrases::all().iter().find(|phrase| phrase.id == *id)?;
            let is_vague = known.confidence == Confidence::Possible || phrase.is_general();
            (is_vague && known.confidence < Confidence::Certain).then_some(LEAD_OVER_PHRASE)
        }
        _ => None,
    }
}

/// A phrase that is certain, but whose reply as a whole clearly resembles replies with another cause, is only likely.
fn doubted_by_wording(reading: Reading, reply: &Reply, context: &Context<'_>) -> Reading {
    let is_phrase = matches!(reading.basis, Basis::Phrase { .. });
    if !is_phrase || reading.confidence < Confidence::Certain {
        return reading;
    }
    let other = classifier::resembled(reply, context)
        .filter(|(cause, lead, _)| *lead >= LEAD_OVER_PHRASE && cause.category() != reading.cause.category());
    match other {
        Some((_, _, row)) => Reading {
            confidence: Confidence::Likely,
            otherwise: Some(format!("The wording as a whole resembles replies that mean: {}", row.means)),
            ..reading
        },
        None => reading,
    }
}

/// The known replies that the wording resembles, instead of the meaning of a code or of a vague phrase.
fn by_wording(known: &Reading, reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let least = lead_over(known, reply)?;
    let (cause, lead, row) = classifier::resembled(reply, context)?;
    if lead < least || cause.category() == known.cause.category() {
        return None;
    }
    let (start, other) = match known.basis {
        Basis::Phrase { .. } => {
            ("The wording resembles replies that mean:", "Some of the words have a different meaning in other replies:")
        }
        _ => (
            "The text is not recognised. Its wording resembles replies that mean:",
            "The code alone has a different meaning:",
        ),
    };
    Some(Reading {
        cause,
        confidence: Confidence::Possible,
        means: format!("{start} {}", row.means),
        otherwise: Some(format!("{other} {}", known.means)),
        fixes: row.fix.fixes(),
        basis: Basis::Wording,
    })
}

fn by_status(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let status = reply.enhanced?;
    let fits = |cause: Cause| {
        let is_sender = context.step == Some(ReplyPhase::Mail) && sender::find(cause, Some(status)).is_some();
        // RFC 4954 §6: X.7.8 (credentials not valid) is sent only in reply to AUTH. So are the mechanisms of X.7.4 and
        // X.7.9.
        let of_login = matches!(cause, Cause::Credentials | Cause::AuthMechanism)
            && matches!(context.step, Some(ReplyPhase::Mail | ReplyPhase::Rcpt));
        // In reply to EHLO, the reply code shows that a syntax error is in the EHLO name.
        let of_name = cause == Cause::Syntax && context.step == Some(ReplyPhase::Ehlo);
        // RFC 3463 §3.2: X.1.5 (address valid) is used in positive replies only.
        let of_success = cause == Cause::Accepted && matches!(reply.class(), Class::Transient | Class::Permanent);
        is_sender || !of_login && !of_name && !of_success && context.step.is_none_or(|step| cause.can_arise_at(step))
    };
    let whose: Vec<&str> = [context.provider, context.software, Some("any")].into_iter().flatten().collect();
    let deviation = tables::deviation(status, reply.code, &whose);
    if let Some(row) = deviation.filter(|row| row.cause != Cause::Other && fits(row.cause)) {
        return Some(of_deviation(row, status));
    }
    let row = tables::status(status).filter(|row| !row.generic)?;
    let cause = row.cause(status);
    (cause != Cause::Other && fits(cause)).then(|| Reading {
        cause,
        confidence: row.confidence,
        means: row.meaning.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: Basis::Status { status: status.to_string() },
    })
}

fn by_code(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let code = reply.code?;
    if let Some(at_phase) =
        context.step.and_then(|step| by_code_at(of_policy(reply, step).as_ref().unwrap_or(reply), step))
    {
        return Some(at_phase);
    }
    let by_class = by_class(reply)?;
    let fits = |cause: Cause| context.step.is_none_or(|step| cause.can_arise_at(step));
    let Some(row) = tables::code(code).filter(|row| fits(row.cause)) else {
        return Some(by_class_at(reply, context).unwrap_or_else(|| {
            if fits(by_class.cause) { by_class } else { Reading { cause: Cause::Other, ..by_class } }
        }));
    };
    let confidence = if row.cause == Cause::Accepted { by_class.confidence } else { Confidence::Possible };
    let basis = Basis::Code { code: code.number() };
    Some(Reading { cause: row.cause, confidence, means: row.meaning.into(), basis, ..by_class })
}

/// A reply with a policy status (`501 5.7.1`) and a code for a fault in the command. The status is more specific
/// (RFC 3463 §3.8): a greeting with it rejects the client, as 554 does (RFC 5321 §3.1), because the client has not yet
/// sent a command; MAIL and RCPT are rejected by a policy, as with 550.
fn of_policy(reply: &Reply, phase: ReplyPhase) -> Option<Reply> {
    let is_policy = reply.enhanced.is_some_and(|status| status.to_string() == "5.7.1");
    let code: &[u8] = match phase {
        ReplyPhase::Greeting => b"554",
        ReplyPhase::Mail | ReplyPhase::Rcpt if matches!(reply.code?.number(), 500..=504) => b"550",
        _ => return None,
    };
    let code = ReplyCode::parse(code)?;
    is_policy.then(|| Reply { code: Some(code), ..reply.clone() })
}

/// The interpretation based on the reply code in a phase, regardless of the text; `None` if the code has no meaning.
pub fn by_code_at(reply: &Reply, phase: ReplyPhase) -> Option<Reading> {
    let code = reply.code?;
    let row = tables::code_at(code, phase)?;
    Some(Reading {
        cause: row.cause,
        confidence: row.confidence,
        means: row.means.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: Basis::CodeAtStep { code: code.number() },
    })
}

/// The interpretation based on the phase and the first digit, for a code that has no meaning in the phase.
fn by_class_at(reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let code = reply.code?;
    let row = tables::class_at(code, context.step?)?;
    Some(Reading {
        cause: row.cause,
        confidence: row.confidence,
        means: row.means.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: Basis::Class { digit: code.number() / 100 },
    })
}

/// The interpretation based only on the first digit, for a reply whose code does not have its usual meaning.
pub fn by_class(reply: &Reply) -> Option<Reading> {
    let code = reply.code?;
    let class = tables::class(code)?;
    Some(Reading {
        cause: class.cause,
        confidence: class.confidence,
        means: class.means.into(),
        otherwise: class.otherwise.map(String::from),
        fixes: class.fix.fixes(),
        basis: Basis::Class { digit: code.number() / 100 },
    })
}

/// Adds the web page of the blocklist that a rejection names, unless the interpretation already contains a page.
fn name_the_list(reply: &Reply, reading: &mut Reading) {
    if reading.cause != Cause::Reputation || reading.fixes.iter().any(|fix| fix.url.is_some()) {
        return;
    }
    let Some(list) = blocklists::named_in(&phrases::text_of(reply)) else { return };
    reading.fixes.extend(list.fix.iter().filter(|fix| fix.url.is_some()).map(FixRow::fix));
    if !list.removal.is_empty() && !reading.fixes.iter().any(|fix| fix.url.is_some()) {
        reading.fixes.push(Fix::open(
            format!("Look up the rejected IP address or domain at {} and request its removal there", list.name),
            list.removal,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{AFTER_LOGIN, Confidence, Context, Reading, read};
    use crate::lexicon::{Cause, ReplyPhase, phrases};
    use crate::wire::reply;

    fn reading(phase: &str, text: &str) -> Reading {
        let context = Context { step: ReplyPhase::parse(phase), ..Context::default() };
        read(&reply::from_text(text).expect("a reply"), &context).expect("a reading")
    }

    #[test]
    fn without_a_login_no_explanation_states_that_the_login_succeeded() {
        let of_login = phrases::all().iter().filter(|phrase| phrase.means.to_lowercase().contains("login succeeded"));
        let other: Vec<_> = of_login.filter(|phrase| !phrase.means.starts_with(AFTER_LOGIN)).collect();
        assert!(other.is_empty(), "{:?}", other.iter().map(|phrase| phrase.id).collect::<Vec<_>>());
        let reply = reply::from_text("553 Mail from must equal authorized user");
        let with = read(&reply.expect("a reply"), &Context::default()).expect("it is known");
        assert_eq!((with.confidence, with.means.starts_with(AFTER_LOGIN)), (Confidence::Certain, true));
        let without = with.without_login(false);
        assert!(without.otherwise.is_some() && without.means.starts_with("According to the server, "));
        assert_eq!(without.confidence, Confidence::Likely);
    }

    #[test]
    fn a_reply_that_names_only_the_sender_is_not_about_the_recipient() {
        for text in [
            "550 Sender address does not exist",
            "552 5.2.2 Sender's mailbox is full",
            "550 5.1.1 Sender mailbox does not exist",
            "550 5.2.1 Sender account is disabled",
            "550 Nadawca nie istnieje",
            "550 5.1.1 <me@example.net>: No such user here (in reply to MAIL FROM command)",
        ] {
            for phase in ["rcpt", "data", ""] {
                let reading = reading(phase, text);
                assert!(!reading.cause.is_about_recipient(), "{text} [{phase}]: {:?}", reading.cause);
                assert!(reading.confidence < Confidence::Certain, "{text} [{phase}]");
            }
        }
        assert_eq!(reading("rcpt", "550 5.1.1 Recipient unknown, sender notified").cause, Cause::UnknownUser);
    }

    fn assert_causes(expected: &[(&str, &str, Cause)]) {
        for (phase, text, cause) in expected {
            assert_eq!(reading(phase, text).cause, *cause, "{text} [{phase}]");
        }
    }

    #[test]
    fn clear_wording_takes_precedence_over_a_contradicting_code() {
        assert_causes(&[
            ("rcpt", "500 No such user", Cause::UnknownUser),
            ("rcpt", "503 Mailbox is full", Cause::MailboxFull),
            ("auth", "454 invalid username or password", Cause::Credentials),
            ("rcpt", "524 host not found", Cause::DomainUnknown),
            ("rcpt", "554 Greylisted", Cause::Greylisted),
        ]);
    }

    #[test]
    fn before_rcpt_a_reply_does_not_refer_to_a_recipient() {
        assert_causes(&[
            ("mail", "550 mailbox unavailable", Cause::SenderRejected),
            ("mail", "552 5.2.2 Mailbox full", Cause::SenderRejected),
            ("mail", "550 5.2.1 The email account that you tried to reach is disabled", Cause::SenderRejected),
            ("mail", "554 No Valid Domain", Cause::SenderRejected),
            ("mail", "553 5.1.3 Invalid address", Cause::Syntax),
        ]);
        for phase in ["greeting", "ehlo", "starttls", "auth", "mail"] {
            for text in ["550 5.1.1 User unknown", "550 mailbox unavailable", "552 mailbox full", "550 5.2.1 disabled"]
            {
                assert!(!reading(phase, text).cause.is_about_recipient(), "{text} [{phase}]");
            }
        }
    }

    #[test]
    fn the_phase_limits_the_causes_of_a_rejection() {
        assert_causes(&[
            ("starttls", "530 Authentication required", Cause::StarttlsFailed),
            ("starttls", "221 Bye", Cause::StarttlsFailed),
            ("starttls", "501 5.5.4 STARTTLS takes no arguments allowed", Cause::Syntax),
            ("greeting", "500 Command unrecognized", Cause::Sequence),
            ("greeting", "501 Syntax error", Cause::Sequence),
            ("auth", "500 5.5.1 Command unrecognized: \"YWJj\"", Cause::Unsupported),
        ]);
        // Advice must not repeat the command that was just rejected.
        for text in ["530 5.7.0 Must issue a STARTTLS command first", "221 Bye", "501 x", "550 no", "454 x", "421 x"] {
            let reading = reading("starttls", text);
            assert!(!reading.fixes.iter().any(|fix| fix.text.starts_with("Use STARTTLS")), "{reading:?}");
        }
    }

    #[test]
    fn repeated_client_text_and_lists_of_hints_are_not_a_reason() {
        assert_causes(&[
            ("rcpt", "501 Syntax error in parameters: RCPT TO:<spam@blacklist.example>", Cause::Syntax),
            ("mail", "500 unrecognized: \"MAIL FROM:<spam@greylist.example>\"", Cause::Syntax),
            ("rcpt", "550 5.1.1 <quota@spamhaus.example>: User unknown", Cause::UnknownUser),
        ]);
        for text in [
            "550 Rejected. Please make sure your server is configured correctly (spf, HELO, PTR)",
            "554 5.7.1 Message refused. Possible reasons: blacklisted IP, missing PTR, invalid SPF",
        ] {
            let reading = reading("rcpt", text);
            assert_eq!(reading.cause, Cause::ContentPolicy, "{text}");
            assert!(reading.confidence < Confidence::Certain && reading.otherwise.is_some(), "{text}");
        }
    }

    #[test]
    fn an_operators_text_takes_precedence_over_the_heading_before_it() {
        assert_causes(&[
            (
                "rcpt",
                "554 5.7.1 <a@example.org>: Recipient address rejected: Mailbox is over quota",
                Cause::MailboxFull,
            ),
            (
                "rcpt",
                "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: You must authenticate first",
                Cause::AuthRequired,
            ),
            (
                "rcpt",
                "550 5.7.1 <a@example.org>: Recipient address rejected: SPF check failed",
                Cause::SenderAuthentication,
            ),
            ("rcpt", "554 5.7.1 <a@example.org>: Recipient address rejected: Please log in first", Cause::AuthRequired),
        ]);
    }

    #[test]
    fn a_providers_wording_alone_is_only_likely() {
        let reading = reading("mail", "550 mail sending denied");
        assert_eq!(reading.confidence, Confidence::Likely);
        assert!(reading.means.starts_with("This is the wording of Gmail"), "{}", reading.means);
        assert!(!self::reading("mail", "550 daily user sending quota exceeded").means.contains("Google"));
    }

    #[test]
    fn one_word_or_a_code_alone_is_never_certain() {
        for (phase, text) in [("data", "550 spf"), ("rcpt", "550 x"), ("auth", "535 x"), ("starttls", "454 x")] {
            assert!(reading(phase, text).confidence < Confidence::Certain, "{text}");
        }
    }

    #[test]
    fn a_status_that_only_google_uses_has_its_meaning() {
        assert_causes(&[
            ("data", "421 4.7.27 x", Cause::SenderAuthentication),
            ("data", "421 4.7.29 x", Cause::EncryptionRequired),
            ("data", "421 4.7.30 x", Cause::SenderAuthentication),
        ]);
    }
}
