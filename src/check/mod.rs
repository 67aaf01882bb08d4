//! Checks: one subject per file. Each asks questions and judges evidence, and both are pure functions of the plan and
//! the evidence: no I/O, no clock, no randomness. [`CHECKS`] is the list, and [`judge`] runs it.
//!
//! A [`Rule`] is a value with a public id and its documentation; a [`Finding`] is a rule that fired, with what it rests
//! on. The laws: one root cause raises one finding; an error or a warning carries a fix; `certain` only when the
//! evidence admits no other reading; what was not tested is never called fine.

mod again;
mod auth;
pub(crate) mod certificate;
pub(crate) mod clients;
mod connect;
mod ehlo;
mod envelope;
mod greeting;
mod handshake;
pub(crate) mod peer;
mod place;
pub mod refusal;
pub mod scan;
mod server_name;
mod session;
mod starttls;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::{Event, EventId, Evidence, Phase, ProbeId};
use crate::lexicon::{Basis, Category, Confidence, Fix};
use crate::plan::{Plan, TlsUse};
use crate::question::Question;

pub(crate) use starttls::carried_into_tls;

/// Every check, in the order of the conversation.
pub static CHECKS: &[&Check] = &[
    &connect::CHECK,
    &greeting::CHECK,
    &ehlo::CHECK,
    &starttls::CHECK,
    &server_name::CHECK,
    &handshake::CHECK,
    &clients::CHECK,
    &certificate::CHECK,
    &scan::CHECK,
    &auth::CHECK,
    &envelope::CHECK,
    &refusal::CHECK,
    &session::CHECK,
];

/// One subject.
pub struct Check {
    /// The file's name.
    pub subject: &'static str,
    /// What it wants to know, given what is known. Asking the same again is free.
    pub ask: fn(&Plan, &Evidence) -> Vec<Question>,
    /// What it makes of it.
    pub judge: fn(&Plan, &Evidence) -> Vec<Finding>,
    /// The rules that its judgement can raise.
    pub rules: &'static [&'static Rule],
}

/// One thing that can be wrong or worth knowing.
#[derive(Debug)]
pub struct Rule {
    /// Public, kebab-case, subject first, never reused.
    pub id: &'static str,
    /// How bad it usually is; a finding may differ where the rule's text says so.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// RFC sections and the like.
    pub cites: &'static [&'static str],
    /// Its page.
    pub docs: Docs,
}

/// The page of a rule, under five headings.
#[derive(Debug)]
pub struct Docs {
    /// What it sees.
    pub sees: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// What to do.
    pub action: &'static str,
    /// An example.
    pub example: &'static str,
    /// Where to read more.
    pub references: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// A SHOULD is broken, or it will hurt somebody else or later.
    Warning,
    /// A MUST is broken, or the user's goal was not reached.
    Error,
}

/// Which kind of failure a finding is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PhaseFailure {
    /// DNS, refused, time-out, no greeting.
    Unreachable,
    /// A 4yz reply at a step that was needed.
    RefusedTemporary,
    /// A 5yz reply at a step that was needed.
    RefusedPermanent,
    /// TLS not offered, handshake, certificate.
    Tls,
    /// Credentials or mechanism refused, or AUTH demanded.
    Auth,
    /// Garbage, early close, injected bytes.
    Protocol,
    /// A deadline or budget of ours.
    Incomplete,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule's id.
    pub rule: Cow<'static, str>,
    /// What kind of refusal it is; none when nothing was refused.
    pub category: Option<Category>,
    /// How bad.
    pub severity: Severity,
    /// The step it belongs to.
    pub phase: Phase,
    /// How sure.
    pub confidence: Confidence,
    /// What was seen, in one line.
    pub summary: String,
    /// What it means.
    pub cause: String,
    /// What else it could be and how to tell; none when certain.
    pub otherwise: Option<String>,
    /// By which entry of the lexicon a reply was read; none when no reply was.
    pub basis: Option<Basis>,
    /// What it rests on.
    pub evidence: Grounds,
    /// What to do, most useful first.
    pub fixes: Vec<Fix>,
    /// What follows from it and is no finding of its own.
    pub consequences: Vec<String>,
    /// Which exit code it asks for; none for what only warns.
    pub failure: Option<PhaseFailure>,
    /// Whether an expectation of the user names it: it is shown and does not count.
    pub expected: bool,
}

/// What a finding rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grounds {
    /// Attempts by number.
    pub probes: Vec<ProbeId>,
    /// Events of the transcript by number.
    pub events: Vec<EventId>,
}

impl Finding {
    /// A finding with the rule's severity and nothing to do about it yet.
    pub(crate) fn new(rule: &'static Rule, phase: Phase, confidence: Confidence, summary: String) -> Finding {
        Finding {
            rule: Cow::Borrowed(rule.id),
            category: None,
            severity: rule.severity,
            phase,
            confidence,
            summary,
            cause: String::new(),
            otherwise: None,
            basis: None,
            evidence: Grounds::default(),
            fixes: Vec::new(),
            consequences: Vec::new(),
            failure: None,
            expected: false,
        }
    }

    /// Every sentence of it, in which a peer may be quoted.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        // All fields are named, so that a new one is not forgotten.
        let Finding {
            rule: _,
            category: _,
            severity: _,
            phase: _,
            confidence: _,
            summary,
            cause,
            otherwise,
            basis: _,
            evidence: _,
            fixes,
            consequences,
            failure: _,
            expected: _,
        } = self;
        let fixes = fixes.iter_mut().flat_map(|fix| {
            let Fix { text, command, url, when: _ } = fix;
            std::iter::once(text).chain(command).chain(url)
        });
        [summary, cause].into_iter().chain(otherwise).chain(fixes).chain(consequences)
    }

    pub(crate) fn on(mut self, event: &Event) -> Finding {
        self.evidence.events.push(event.seq);
        self.tried(event.probe)
    }

    pub(crate) fn tried(mut self, probe: ProbeId) -> Finding {
        if !self.evidence.probes.contains(&probe) {
            self.evidence.probes.push(probe);
        }
        self
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// All questions that are worth asking now.
pub fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    CHECKS.iter().flat_map(|check| (check.ask)(plan, evidence)).collect()
}

/// The conversation that needs no waiting for: whatever still came, the judgement would stay.
pub fn settled(plan: &Plan, evidence: &Evidence) -> Option<ProbeId> {
    greeting::settled(plan, evidence)
}

/// All findings: errors first, then warnings, then notices, each in the order of the conversation. What they quote of the
/// peer is shown as [`crate::evidence::Mask`] shows it.
pub fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let mut findings = judge_with_marks(plan, evidence);
    let mask = evidence.mask();
    for text in findings.iter_mut().flat_map(Finding::texts) {
        *text = mask.sentence(text);
    }
    findings
}

/// The same with everything that is quoted still marked, for the test that insists that it is.
pub fn judge_with_marks(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| (check.judge)(plan, evidence)).collect();
    server_name::absorb(plan, evidence, &mut findings);
    // Where the session got out of step, that decides; what a follow-up found behind it comes after it.
    findings.sort_by_key(|finding| {
        let severity = std::cmp::Reverse(finding.severity);
        (severity, order(plan, finding.phase), !session::is_about_order(finding))
    });
    findings.iter_mut().for_each(as_sentences);
    again::carry(plan, &mut findings);
    findings
}

/// The place of a step in the conversation: with implicit TLS the handshake comes before the greeting.
pub fn order(plan: &Plan, phase: Phase) -> (Phase, u8) {
    match phase {
        Phase::Tls if plan.tls_use() == TlsUse::Implicit => (Phase::Connect, 1),
        phase => (phase, 0),
    }
}

/// Causes, alternatives, consequences and fixes are sentences, whoever wrote them.
fn as_sentences(finding: &mut Finding) {
    let texts = finding
        .otherwise
        .iter_mut()
        .chain(&mut finding.consequences)
        .chain(finding.fixes.iter_mut().map(|fix| &mut fix.text));
    for text in texts.chain(std::iter::once(&mut finding.cause)) {
        // A word that is a name stays as it is: `smtpcheck`, `iCloud`, `postconf -e`.
        let first = text.split([' ', ',']).next().unwrap_or_default();
        let is_word = first.chars().all(|c| c.is_ascii_lowercase()) && !matches!(first, "smtpcheck" | "postconf");
        if is_word && !first.is_empty() {
            let (head, tail) = text.split_at(1);
            *text = head.to_ascii_uppercase() + tail;
        }
    }
}

/// A word as a shell takes it for one word, whatever it holds.
pub(crate) fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+:=/,%[]<>".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.contains(['<', '>', '[', ']']) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    CHECKS.iter().flat_map(|check| check.rules.iter().copied())
}

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

fn asks_nothing(_: &Plan, _: &Evidence) -> Vec<Question> {
    Vec::new()
}
