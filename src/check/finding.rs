//! What checks are made of: the types of checks, rules and findings, and helpers that several checks use.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::{Event, EventId, Evidence, Phase, ProbeId};
use crate::lexicon::{Basis, Category, Confidence, Fix};
use crate::plan::{Plan, TlsUse};
use crate::question::Question;

/// One subject.
pub struct Check {
    /// The file's name.
    pub subject: &'static str,
    /// The questions that it asks, given the evidence so far. An equal question is asked once.
    pub ask: fn(&Plan, &Evidence) -> Vec<Question>,
    /// The findings that it draws from the evidence.
    pub judge: fn(&Plan, &Evidence) -> Vec<Finding>,
    /// The rules that it can raise.
    pub rules: &'static [&'static Rule],
}

/// One fault or fact that can be reported.
#[derive(Debug)]
pub struct Rule {
    /// Public, in kebab case, subject first, never reused.
    pub id: &'static str,
    /// The usual severity; a finding may differ where the rule's text says so.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// Its page.
    pub docs: Docs,
}

/// The page of a rule, under five headings.
#[derive(Debug)]
pub struct Docs {
    /// When the rule is raised.
    pub sees: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// What to do.
    pub action: &'static str,
    /// An example.
    pub example: &'static str,
    /// RFC sections and other sources, with what they say.
    pub references: &'static str,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Notice,
    /// A SHOULD is violated, or other clients fail, or this client will fail later.
    Warning,
    /// A MUST is violated, or the user's goal was not reached.
    Error,
}

/// The kind of failure, which selects the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PhaseFailure {
    /// DNS failure, connection refused, timeout, no greeting.
    Unreachable,
    /// A 4yz reply in a phase that was needed.
    RefusedTemporary,
    /// A 5yz reply in a phase that was needed.
    RefusedPermanent,
    /// TLS not offered, handshake failed, certificate not valid.
    Tls,
    /// Credentials or mechanism rejected, or AUTH required.
    Auth,
    /// Invalid replies, early close, injected bytes.
    Protocol,
    /// A time or connection limit of smtpcheck was reached.
    Incomplete,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// The rule's id.
    pub rule: Cow<'static, str>,
    /// The category of the rejection; none if nothing was rejected.
    pub category: Option<Category>,
    /// The severity.
    pub severity: Severity,
    /// The phase that it belongs to.
    pub phase: Phase,
    /// How certain it is.
    pub confidence: Confidence,
    /// What was seen, in one line.
    pub summary: String,
    /// What it means: full sentences.
    pub cause: String,
    /// What else it could be and how to find out; none if certain.
    pub otherwise: Option<String>,
    /// The lexicon entry by which a reply was read; none if no reply was read.
    pub basis: Option<Basis>,
    /// The evidence for it.
    pub evidence: Grounds,
    /// What to do, most useful first.
    pub fixes: Vec<Fix>,
    /// What follows from it and is not a separate finding.
    pub consequences: Vec<String>,
    /// The kind of failure for the exit code; none if it is only a warning.
    pub failure: Option<PhaseFailure>,
    /// Whether the user expects it: then it is shown and does not affect the exit code.
    pub expected: bool,
}

/// The evidence for a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grounds {
    /// Probes, by number.
    pub probes: Vec<ProbeId>,
    /// Events of the transcript, by number.
    pub events: Vec<EventId>,
}

impl Finding {
    /// A finding with the rule's severity and without cause or fixes yet.
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

    /// Every sentence of the finding: each may quote the peer.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        // All fields are listed so that the compiler reports a new one.
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

/// The position of a phase in the session: with implicit TLS the handshake comes before the greeting.
pub fn order(plan: &Plan, phase: Phase) -> (Phase, u8) {
    match phase {
        Phase::Tls if plan.tls_use() == TlsUse::Implicit => (Phase::Connect, 1),
        phase => (phase, 0),
    }
}

/// Quotes a string so that a shell reads it as one word.
pub(crate) fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+:=/,%[]<>".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !word.contains(['<', '>', '[', ']']) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

pub(super) fn asks_nothing(_: &Plan, _: &Evidence) -> Vec<Question> {
    Vec::new()
}

/// A waiting time for a sentence, in whole seconds.
pub(super) fn seconds(ms: f64) -> String {
    match ms / 1000.0 {
        one if (0.5..1.5).contains(&one) => "1 second".to_owned(),
        more => format!("{more:.0} seconds"),
    }
}
