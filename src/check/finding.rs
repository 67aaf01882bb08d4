//! The types for checks, rules and findings, and helpers that several checks use.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::evidence::{Event, EventId, Evidence, Phase, ProbeId};
use crate::lexicon::{Basis, Category, Confidence, Fix};
use crate::plan::{Plan, TlsUse};
use crate::question::Question;

/// A check of one subject.
pub struct Check {
    /// The name of the file or folder in `src/check`.
    pub subject: &'static str,
    /// Returns the questions to ask, given the evidence so far. Equal questions are asked once.
    pub ask: fn(&Plan, &Evidence) -> Vec<Question>,
    /// Returns the findings that follow from the evidence.
    pub judge: fn(&Plan, &Evidence) -> Vec<Finding>,
    /// The rules for which it can raise findings.
    pub rules: &'static [&'static Rule],
}

/// One fault or fact that can be reported.
#[derive(Debug)]
pub struct Rule {
    /// The public id, in kebab case, with the subject first. It is never reused for another rule.
    pub id: &'static str,
    /// The usual severity. A finding may have another severity if the rule's page says so.
    pub severity: Severity,
    /// The title, on one line.
    pub title: &'static str,
    /// The rule's page.
    pub docs: Docs,
}

/// The page of a rule, under five headings.
#[derive(Debug)]
pub struct Docs {
    /// The conditions under which the finding is raised, and its severity.
    pub sees: &'static str,
    /// The effect on users.
    pub matters: &'static str,
    /// Instructions. If someone other than the reader must act, they begin with that person's role.
    pub action: &'static str,
    /// An example of a reply, a command or a situation.
    pub example: &'static str,
    /// RFC sections and other sources, with notes on their contents.
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

/// The kind of failure, which determines the exit code.
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
    /// TLS not advertised, handshake failed, certificate not valid.
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
    /// The category of the rejection; none if the server rejected no command.
    pub category: Option<Category>,
    /// The severity.
    pub severity: Severity,
    /// The phase of the session that the finding concerns.
    pub phase: Phase,
    /// How certain the cause is.
    pub confidence: Confidence,
    /// The observation, on one line.
    pub summary: String,
    /// The explanation, in complete sentences.
    pub cause: String,
    /// Another possible cause and how to find out; none if the cause is certain.
    pub otherwise: Option<String>,
    /// The lexicon entry that explains a reply; none if the finding is not based on a reply.
    pub basis: Option<Basis>,
    /// The evidence for the finding.
    pub evidence: Grounds,
    /// What to do, the most useful action first.
    pub fixes: Vec<Fix>,
    /// Effects of the same cause, which are not separate findings.
    pub consequences: Vec<String>,
    /// The kind of failure for the exit code; none if the finding is only a warning.
    pub failure: Option<PhaseFailure>,
    /// Whether the user expects this finding. If so, it is shown but does not affect the exit code.
    pub expected: bool,
}

/// The evidence for a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Grounds {
    /// The numbers of the probes.
    pub probes: Vec<ProbeId>,
    /// The numbers of the events in the transcript.
    pub events: Vec<EventId>,
}

impl Finding {
    /// A finding with the rule's severity; the caller adds cause and fixes.
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

    /// Every string in the finding. Each string may quote the server.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        // All fields are listed, so the compiler reports an error when a field is added.
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
            let Fix { text, command, url, when: _, is_repeat: _, is_for_administrator: _, software: _ } = fix;
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

/// The position of a phase in the session. With implicit TLS, the handshake precedes the greeting.
pub fn order(plan: &Plan, phase: Phase) -> (Phase, u8) {
    match phase {
        Phase::Tls if plan.tls_use() == TlsUse::Implicit => (Phase::Connect, 1),
        phase => (phase, 0),
    }
}

/// The order in which findings determine the exit code. In a domain check or a search for client settings, a limit of
/// smtpcheck counts only if there is no other failure. A policy that makes delivery fail counts as a TLS failure,
/// although its records are in DNS.
pub(crate) fn exit_order(plan: &Plan, finding: &Finding) -> (bool, (Phase, u8)) {
    if plan.is_about_server() {
        return (false, order(plan, finding.phase));
    }
    let phase = match finding.failure {
        Some(PhaseFailure::Tls) => finding.phase.max(Phase::Tls),
        _ => finding.phase,
    };
    (finding.failure == Some(PhaseFailure::Incomplete), order(plan, phase))
}

/// The flag for the user name of the login, with a space before it; empty without a login.
pub(crate) fn user_flag(plan: &Plan) -> String {
    plan.login.as_ref().map(|login| format!(" --user {}", in_shell(&login.user))).unwrap_or_default()
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

/// A number with its noun.
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(number: N, one: &str, more: &str) -> String {
    let noun = if number == N::from(1) { one } else { more };
    format!("{number} {noun}")
}

/// Some ports in their order: "port 25", "ports 25, 465 and 587".
pub(super) fn port_list(ports: &[u16]) -> String {
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    match list.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("ports {} and {last}", rest.join(", ")),
        _ => format!("port {}", list.concat()),
    }
}

/// Formats a waiting time, given in milliseconds, in whole seconds.
pub(super) fn seconds(ms: f64) -> String {
    match ms / 1000.0 {
        one if (0.5..1.5).contains(&one) => "1 second".to_owned(),
        more => format!("{more:.0} seconds"),
    }
}
