//! Explains one reply: interprets it with the lexicon and adds the standard meaning of its code and enhanced status.
//!
//! The phase and host from the log take precedence over those given by the user.

use super::explained::{ConditionalMeaning, Explained, ExplanationKind};
use super::log::{anywhere, is_phrase, phase_of_code, standard_sentence};
use super::secrets::without_secrets;
use super::side::{LogSide, is_for_operator};
use super::target::ServerName;
use crate::check::{self, refusal};
use crate::lexicon::providers::{self, ProviderSigns};
use crate::lexicon::tables::{self, StatusRow};
use crate::lexicon::{self, Basis, Cause, Confidence, Context, Fix, Reading, ReplyPhase, phrases, software};
use crate::wire::{Class, EnhancedStatus, Reply, reply};

/// Facts about the replies that the user gives because the input may not contain them.
#[derive(Clone, Debug, Default)]
pub struct ExplainContext {
    /// The phase of the replies.
    pub phase: Option<ReplyPhase>,
    /// The id of the provider that sent them.
    pub provider: Option<&'static str>,
    /// The id of the server software that sent them.
    pub software: Option<&'static str>,
}

/// The length of the longest line in which [`ExplainContext::words_anywhere`] searches, in bytes.
const MAX_SENTENCE: usize = 400;
/// Words of which a line about mail contains at least one.
const ABOUT_MAIL: [&str; 8] = ["mail", "dmarc", "smtp", "bounce", "recipient", "sender", "relay", "delivery"];

/// Errors of operating systems and programming languages, whose words also occur in replies.
const OF_SYSTEM: [&str; 9] = [
    "permission denied",
    "connection refused",
    "no such file",
    "already in use",
    "broken pipe",
    "is not defined",
    "nil pointer",
    "null pointer",
    "cannot read propert",
];

/// Why a name does not identify a provider or software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderError {
    /// No provider or software has this name.
    Unknown,
    /// Several providers have this name; these are their ids.
    Ambiguous(Vec<&'static str>),
}

impl ExplainContext {
    /// Sets the sender of the replies: a provider or server software, given by id, name or host.
    pub fn sent_by(self, name: &str) -> Result<ExplainContext, SenderError> {
        match providers::find(name).as_slice() {
            [only] => Ok(ExplainContext { provider: Some(&only.id), ..self }),
            [] => match (software::find(name), recognised(name)) {
                (Some(found), _) => Ok(ExplainContext { software: Some(&found.id), ..self }),
                (None, Some(Recognised { provider, software })) => Ok(ExplainContext { provider, software, ..self }),
                (None, None) => Err(SenderError::Unknown),
            },
            several => Err(SenderError::Ambiguous(several.iter().map(|provider| provider.id.as_str()).collect())),
        }
    }

    /// Interprets one reply; `None` if it is not recognised.
    pub(super) fn read(&self, text: &str, phase: Option<ReplyPhase>, host: Option<&str>) -> Option<Understood> {
        let reply = reply::from_text(text)?;
        let by_host = host.and_then(recognised).unwrap_or_default();
        // A phase that the user gives takes precedence over the code, because servers also reply to RCPT with 535.
        let of_code = reply.code.and_then(phase_of_code);
        let phase = phase.filter(|phase| Some(*phase) != of_code).or(self.phase).or(phase);
        let provider = by_host.provider.or(self.provider);
        let context = Context { step: phase, provider, software: by_host.software.or(self.software) };
        let reading = lexicon::read(&reply, &context)
            .filter(|reading| {
                let is_known = matches!(reading.basis, Basis::Phrase { .. } | Basis::Wording);
                reply.code.is_some() || !text.contains(' ') || is_known
            })
            .or_else(|| without_code(text, &reply, &context))
            .or_else(|| by_registry(&reply));
        let also = elsewhere(&reply, &context);
        if reading.is_none() && also.is_empty() {
            return None;
        }
        let cause = reading.as_ref().map_or(Cause::Other, |reading| reading.cause);
        let rule = reading.as_ref().and_then(|reading| rule_of(reading, &reply, phase));
        Some(Understood { cause, rule, reply, phase, provider, reading, also })
    }

    /// Explains the reply code in a line whose format is not known.
    pub(super) fn reply_anywhere(&self, line: &str) -> Option<Explained> {
        let (text, phase) = anywhere::reply(line)?;
        let mut explained = self.reply(&text, phase, &ServerName::default(), LogSide::of(line))?;
        if explained.confidence > Some(Confidence::Likely) {
            explained.confidence = Some(Confidence::Likely);
            explained.otherwise.get_or_insert_with(|| {
                "The format of the line is not known, so the number in it may not be a reply code.".to_owned()
            });
        }
        Some(explained)
    }

    /// Explains a sentence about a rejection in a line that contains neither a reply code nor a status:
    /// `SMTP server did not accept the sender`. The line must be about mail and contain the words of a known phrase.
    pub(super) fn words_anywhere(&self, line: &str) -> Option<Explained> {
        let about = Statement::of(line);
        let text = lexicon::normal(about.text);
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if text.len() > MAX_SENTENCE || has(&OF_SYSTEM) {
            return None;
        }
        let side = LogSide::of(line);
        let by_standard = || {
            let (sentence, code) = standard_sentence(&text)?;
            self.reply(&format!("{code} {sentence}"), None, &ServerName::default(), side)
        };
        if !about.is_of_bounce && !has(&ABOUT_MAIL) {
            return by_standard().map(|found| of_words(line, found));
        }
        let by_phrase = |code: &&str| {
            let read = self.read(&format!("{code} {text}"), None, None);
            let read =
                read.filter(|read| about.is_of_bounce && read.cause != Cause::Other || is_specific(read.cause))?;
            let explained = read.explained(&text, &ServerName::default(), side);
            // The wording of a known phrase may resemble replies with another cause.
            let is_wording = || matches!(explained.basis, Some(Basis::Wording)) && is_phrase(code, &text);
            let is_likely = explained.confidence >= Some(Confidence::Likely);
            let is_known = matches!(explained.basis, Some(Basis::Phrase { .. })) && is_likely || is_wording();
            is_known.then_some(explained)
        };
        let found = ["550", "554", "535", "452"].iter().find_map(by_phrase).or_else(by_standard)?;
        Some(of_words(line, found))
    }

    /// Explains one reply; `None` if it is not recognised.
    pub(super) fn reply(
        &self,
        text: &str,
        phase: Option<ReplyPhase>,
        server: &ServerName,
        side: LogSide,
    ) -> Option<Explained> {
        Some(self.read(text, phase, server.known_host())?.explained(text, server, side))
    }
}

/// The explanation of a rejection of which only the words are known.
fn of_words(line: &str, found: Explained) -> Explained {
    let unknown = || "The message does not show the server's reply.".to_owned();
    Explained {
        kind: ExplanationKind::Error,
        input: without_secrets(line),
        code: None,
        status: None,
        phase: None,
        confidence: Some(Confidence::Possible),
        meaning: Some("a message about a rejection, without the code of the reply".to_owned()),
        also: Vec::new(),
        otherwise: found.otherwise.clone().or_else(|| Some(unknown())),
        ..found
    }
}

/// The words of a line that may state why a message was not delivered.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    text: &'a str,
    /// Whether the line has the form of a statement in a bounce, so that its words are about the delivery.
    pub(super) is_of_bounce: bool,
}

impl Statement<'_> {
    /// A statement about a recipient (`<a@example.com>: Spam message rejected`), or one of a delivery program of qmail,
    /// which ends with a status (`... (#5.2.3)`).
    pub(super) fn of(line: &str) -> Statement<'_> {
        let of_recipient = || {
            let (recipient, text) = line.trim().split_once(">: ")?;
            let is_address = recipient.starts_with('<') && recipient.contains('@') && !recipient.contains(' ');
            is_address.then_some(text)
        };
        let of_program = || {
            let (text, status) = line.trim().rsplit_once(" (#")?;
            let (_, rest) = EnhancedStatus::lead(status.strip_suffix(')').unwrap_or(status))?;
            rest.is_empty().then_some(text)
        };
        match of_recipient().or_else(of_program) {
            Some(text) => Statement { text, is_of_bounce: true },
            None => Statement { text: line, is_of_bounce: false },
        }
    }
}

/// Whether words alone can show a cause. Words about faults, time, order and syntax also occur in other messages.
fn is_specific(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::ServerFault
            | Cause::ServerFull
            | Cause::Closing
            | Cause::Syntax
            | Cause::Sequence
            | Cause::Unsupported
            | Cause::StarttlsFailed
            | Cause::HeloName
            | Cause::Greylisted
            | Cause::ContentPolicy
            | Cause::AuthMechanism
            | Cause::Accepted
            | Cause::Other
    )
}

/// An interpreted reply. The explanation is made later and only if it is shown, because a long log has many replies.
pub(super) struct Understood {
    pub(super) cause: Cause,
    pub(super) rule: Option<&'static str>,
    reply: Reply,
    phase: Option<ReplyPhase>,
    provider: Option<&'static str>,
    reading: Option<Reading>,
    also: Vec<ConditionalMeaning>,
}

impl Understood {
    pub(super) fn explained(self, text: &str, server: &ServerName, side: LogSide) -> Explained {
        let Understood { rule, reply, phase, provider, reading, also, .. } = self;
        let mut explained = Explained {
            phase,
            provider: provider.map(str::to_owned),
            code: reply.code,
            status: reply.enhanced,
            meaning: meaning(&reply, reading.as_ref()),
            also,
            rule,
            ..Explained::new(ExplanationKind::Reply, text)
        };
        let Some(reading) = reading else { return explained };
        explained.category = Some(reading.cause.category());
        explained.confidence = Some(reading.confidence);
        explained.cause = Some(side.cause(reading.means));
        explained.otherwise = reading.otherwise;
        // After a permanent rejection, smtpcheck does not retry.
        let is_permanent = reply.class() == Class::Permanent;
        let works = |command: &String| !(is_permanent && command.contains(" --retry "));
        let fixes = reading.fixes.into_iter().map(|fix| server.fill(fix));
        let fixes = fixes.map(|fix| Fix { command: fix.command.filter(works), ..fix });
        let (own, others): (Vec<Fix>, Vec<Fix>) =
            fixes.partition(|fix| side == LogSide::Server && is_for_operator(fix));
        let others = others.into_iter().map(|fix| side.for_client(fix));
        explained.fixes = side.fix().into_iter().chain(own).chain(others).collect();
        explained.source = source(&reading.basis);
        explained.basis = Some(reading.basis);
        explained
    }
}

/// The provider and the software of a host.
#[derive(Clone, Copy, Default)]
struct Recognised {
    provider: Option<&'static str>,
    software: Option<&'static str>,
}

fn recognised(host: &str) -> Option<Recognised> {
    if let Some(provider) = providers::recognise(&ProviderSigns { host: Some(host), ..ProviderSigns::default() }) {
        return Some(Recognised { provider: Some(&provider.id), software: None });
    }
    let row = software::by_mx(host)?;
    Some(Recognised { provider: row.provider.as_deref(), software: row.software.as_deref() })
}

/// The meaning of a reply without a code, as some mail libraries show it. Its text is interpreted with a code of the
/// class that its status shows. Without a status, codes of both classes are tried, but only if the phase is known:
/// otherwise, nothing shows that the text is a rejection.
fn without_code(text: &str, reply: &Reply, context: &Context<'_>) -> Option<Reading> {
    let codes: &[&str] = match reply.enhanced.map(EnhancedStatus::class) {
        _ if reply.code.is_some() || !text.contains(' ') => return None,
        Some(4) => &["450", "451", "454"],
        Some(5) => &["550", "554", "535"],
        None if context.step.is_some() => &["550", "450"],
        _ => return None,
    };
    let with = |code: &&str| lexicon::read(&reply::from_text(&format!("{code} {text}"))?, context);
    let by_words = |reading: &Reading| {
        let is_known =
            matches!(reading.basis, Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. });
        is_known || matches!(reading.basis, Basis::Wording) && codes.iter().any(|code| is_phrase(code, text))
    };
    // The words of a phrase say more than the status, which servers use for many purposes.
    let readings: Vec<Reading> = codes.iter().filter_map(with).filter(by_words).collect();
    let is_phrase = |reading: &&Reading| matches!(reading.basis, Basis::Phrase { .. });
    let reading = readings.iter().find(is_phrase).or(readings.first())?.clone();
    let otherwise = || "The message does not show the reply code.".to_owned();
    Some(Reading {
        confidence: reading.confidence.min(Confidence::Likely),
        otherwise: reading.otherwise.or_else(|| Some(otherwise())),
        ..reading
    })
}

/// The meaning in the registry of a status that servers use for many purposes. It is used only if there is neither a
/// code nor text.
fn by_registry(reply: &Reply) -> Option<Reading> {
    let status = reply.enhanced?;
    let row = tables::status(status)?;
    Some(Reading {
        cause: row.cause(status),
        confidence: Confidence::Possible,
        means: row.meaning.into(),
        otherwise: row.otherwise.map(String::from),
        fixes: row.fix.fixes(),
        basis: Basis::Status { status: status.to_string() },
    })
}

/// The rule that a check would report: the rule of the cause, or the rule of the phase if only the code is known.
fn rule_of(reading: &Reading, reply: &Reply, phase: Option<ReplyPhase>) -> Option<&'static str> {
    let known = match reading.basis {
        Basis::Phrase { .. } | Basis::ProviderStatus { .. } | Basis::Status { .. } | Basis::Wording => true,
        Basis::CodeAtStep { .. } => reading.confidence >= Confidence::Likely,
        Basis::Code { .. } | Basis::Class { .. } => phase.is_none(),
    };
    // As in a check: after a server fault at AUTH, the important fact is that the password was not checked.
    let of_login = phase == Some(ReplyPhase::Auth)
        || phase.is_none() && matches!(&reading.basis, Basis::Phrase { id } if id.starts_with("auth-"));
    let is_lasting = reply.class() == Class::Permanent;
    if of_login && reading.cause == Cause::ServerFault && !is_lasting {
        return check::rule("auth-temporary-failure").map(|rule| rule.id);
    }
    let by_cause = refusal::rule_of(reading.cause).map(|rule| rule.id);
    let is_rejection = matches!(reply.class(), Class::Transient | Class::Permanent);
    if known || !is_rejection {
        by_cause
    } else {
        phase.and_then(|phase| refusal::rule_at(phase, reply)).map(|rule| rule.id).or(by_cause)
    }
}

/// The meaning of the code, according to the standard, and of the enhanced status, according to the registry.
fn meaning(reply: &Reply, reading: Option<&Reading>) -> Option<String> {
    let code = reply.code.and_then(|code| match tables::code(code) {
        Some(row) if row.reference == NO_RFC => Some(format!("{code}: {}", row.meaning)),
        Some(row) => Some(format!("{code}: {} ({}).", row.meaning.trim_end_matches('.'), row.reference)),
        None => tables::class(code).map(|row| format!("{code}: not in any standard. {}", row.meaning)),
    });
    let status = reply.enhanced.and_then(|status| {
        let row = tables::status(status)?;
        let gloss = format!("{status}: {}", with_origin(row));
        let is_other = reading.is_some_and(|reading| contradicts(row, status, reading));
        Some(if is_other {
            format!("{gloss}, but this server uses it for another reason.")
        } else {
            format!("{gloss}.")
        })
    });
    let parts: Vec<String> = code.into_iter().chain(status).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The reference of a code that no RFC defines.
const NO_RFC: &str = "no RFC";

/// The registry's text for a status, with its reference. If no RFC defines the status, the text ends with its owner in
/// parentheses.
fn with_origin(row: &StatusRow) -> String {
    if row.reference != NO_RFC {
        return format!("{} ({})", row.text, row.reference);
    }
    match row.text.strip_suffix(')').and_then(|text| text.split_once(" (")) {
        Some((text, owner)) => format!("{text} ({owner}'s own code, not defined in an RFC)"),
        None => format!("{} (not defined in an RFC)", row.text),
    }
}

/// Whether the registry gives a status a meaning that is not the cause of the reply. Servers use many statuses for
/// other reasons, so the text of the reply takes precedence.
fn contradicts(row: &StatusRow, status: EnhancedStatus, reading: &Reading) -> bool {
    let by_registry = row.cause(status);
    let is_vague = row.generic || matches!(by_registry, Cause::Other | Cause::Accepted);
    let is_known = matches!(reading.basis, Basis::Phrase { .. } | Basis::ProviderStatus { .. });
    // The registry's categories are coarser than its texts: 5.1.7 is about the syntax of the sender address.
    let is_same = reading.cause == Cause::Syntax && row.text.contains("syntax");
    is_known
        && !is_same
        && !is_vague
        && reading.cause != Cause::Other
        && by_registry.category() != reading.cause.category()
}

/// The meanings of a code or status without text in each phase and at each provider, unless the phase or provider is
/// known.
fn elsewhere(reply: &Reply, context: &Context<'_>) -> Vec<ConditionalMeaning> {
    if reply.text.iter().any(|text| !text.is_empty() && EnhancedStatus::parse(text).is_none()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let (Some(code), None, None) = (reply.code, reply.enhanced, context.step) {
        for row in tables::code(code).into_iter().flat_map(|row| row.at) {
            let names = ReplyPhase::ALL.iter().filter(|(_, phase)| row.phase.contains(phase)).map(|(name, _)| *name);
            let at = names.collect::<Vec<_>>().join(", ");
            let (category, confidence) = (row.cause.category(), row.confidence);
            found.push(ConditionalMeaning { at, category, confidence, cause: row.means.into() });
        }
    }
    if let (Some(status), None) = (reply.enhanced, context.provider) {
        for row in tables::deviations(status, reply.code) {
            let (at, category) = (String::from(row.provider), row.cause.category());
            found.push(ConditionalMeaning { at, category, confidence: row.confidence, cause: row.means.into() });
        }
    }
    found
}

fn source(basis: &Basis) -> Option<String> {
    let Basis::Phrase { id } = basis else { return None };
    let source = &phrases::all().iter().find(|phrase| phrase.id == *id)?.source;
    // Sources are public pages and internal notes of this project; only the pages are useful to users.
    let public: Vec<&str> = source.split("; ").filter(|place| !place.contains(".md ")).collect();
    (!public.is_empty()).then(|| public.join("; "))
}

#[cfg(test)]
mod tests {
    use super::{ExplainContext, LogSide, ServerName};

    fn meaning(text: &str) -> String {
        let explained = ExplainContext::default()
            .reply(text, None, &ServerName::default(), LogSide::Client)
            .expect("a known reply");
        explained.meaning.expect("a known code")
    }

    #[test]
    fn a_status_that_no_rfc_defines_is_shown_with_its_owner() {
        let text = meaning("421 4.7.28 Unusual rate of mail");
        assert!(text.contains("Unusual rate of mail (Google's own code, not defined in an RFC)"), "{text}");
    }

    #[test]
    fn a_status_that_the_server_uses_for_another_reason_is_not_a_contradiction() {
        let another = "but this server uses it for another reason";
        assert!(meaning("550 5.1.1 Your message was rejected because of your SPF record").contains(another));
        assert!(!meaning("550 5.1.1 <a@example.com>: User unknown").contains(another));
        assert!(!meaning("554 5.7.1 <a@example.com>: Relay access denied").contains(another));
        assert!(!meaning("501 5.1.7 Bad sender address syntax").contains(another));
    }
}
