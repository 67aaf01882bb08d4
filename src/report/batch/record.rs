//! One record of `smtpcheck batch`. Its keys are those of a report; a record contains fewer of them.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::document::{self, AddressStatus, AnsweredCommand, AuthOutcome, ExitView, TargetDocument};
use super::super::phases::{PhaseResult, PhaseStatus, phases, rounded};
use super::super::{Document, JudgedExpectation, Report, SCHEMA_VERSION, Verdict};
use super::{DomainOverview, TargetId};
use crate::check::{Finding, Severity, domain};
use crate::evidence::Phase;
use crate::wire::{EnhancedStatus, ReplyCode};

/// The result of one target.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TargetRecord {
    /// The version of the schema, as in a report.
    pub schema_version: String,
    /// The identity of the target: 32 hexadecimal digits.
    #[cfg_attr(test, schemars(with = "String"))]
    pub id: TargetId,
    /// The identity of the target without the interface. It is the same in all records of a target.
    #[cfg_attr(test, schemars(with = "String"))]
    pub target_id: TargetId,
    /// The number of the line in the input, from 1.
    pub line: u64,
    /// The tags of the line, unchanged; null without tags.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Value>"))]
    pub tags: Option<Box<RawValue>>,
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) started_at: Timestamp,
    pub(super) complete: bool,
    pub(super) total_ms: f64,
    /// The IP address or network interface that connections come from; null if the operating system chooses it.
    pub interface: Option<String>,
    /// How many times the check was retried.
    pub(super) retries: usize,
    pub(super) target: TargetDocument,
    /// The main results of a domain check; null for a server check.
    pub(super) domain: Option<DomainOverview>,
    /// The IP address of the connection; null if no connection was established.
    pub(super) address: Option<IpAddr>,
    /// The phases that ran.
    pub(super) phases: Vec<PhaseResult>,
    pub(super) greeting: Option<GreetingPart>,
    pub(super) tls: Option<TlsPart>,
    pub(super) certificate: Option<CertificatePart>,
    pub(super) auth: AuthPart,
    /// The reply to MAIL FROM; null if no sender was given.
    pub(super) mail: Option<ReplyPart>,
    /// The reply to each RCPT TO; [] if no recipient was given.
    pub(super) rcpt: Vec<ReplyPart>,
    pub(super) findings: Vec<FindingPart>,
    /// The expectations that failed.
    pub(super) expectations: Vec<JudgedExpectation>,
    pub(super) verdict: Verdict,
    pub(super) exit: ExitView,
    /// The complete report, as `smtpcheck schema report` describes it; null without `--full`.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Value>"))]
    pub(super) report: Option<Box<Document>>,
}

/// The part of the input that a record is about.
#[derive(Debug)]
pub struct RecordOrigin {
    /// The identity of the target, with the interface if several are compared.
    pub id: TargetId,
    /// The identity of the target without the interface.
    pub target_id: TargetId,
    /// The number of the line in the input, from 1.
    pub line: u64,
    /// The tags of the line.
    pub tags: Option<Box<RawValue>>,
}

/// A line of the input that could not be checked.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InvalidLine {
    /// The version of the schema, as in a report.
    pub schema_version: String,
    /// The number of the line in the input, from 1.
    pub line: u64,
    /// The tags of the line, unchanged; null without tags, or if they could not be read.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Value>"))]
    pub tags: Option<Box<RawValue>>,
    /// What is wrong with the line. The line itself is not included, because it may contain a password.
    pub error: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GreetingPart {
    code: Option<ReplyCode>,
    text: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TlsPart {
    pub(super) version: String,
    cipher: String,
    group: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CertificatePart {
    verifies: bool,
    trusted: bool,
    name_match: bool,
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    not_after: Option<Timestamp>,
    days_left: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct AuthPart {
    mechanism: Option<String>,
    outcome: AuthOutcome,
    code: Option<ReplyCode>,
    enhanced: Option<EnhancedStatus>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ReplyPart {
    /// The sender or recipient.
    address: String,
    code: Option<ReplyCode>,
    enhanced: Option<EnhancedStatus>,
    text: Option<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FindingPart {
    pub(super) rule: String,
    pub(super) severity: Severity,
    pub(super) phase: Phase,
    pub(super) category: Option<String>,
    pub(super) summary: String,
}

impl TargetRecord {
    /// The record of a checked target. `earlier` contains the reports of its earlier runs.
    pub fn new(origin: RecordOrigin, report: &Report, earlier: &[Report]) -> TargetRecord {
        let RecordOrigin { id, target_id, line, tags } = origin;
        let Report { plan, evidence, findings, complete, total_ms, expectations, exit } = report;
        let session = evidence.main_session();
        let addresses = document::addresses(evidence);
        let connected = addresses.iter().find(|one| matches!(one.status, AddressStatus::Connected));
        let auth = document::auth(plan, session);
        let phases = phases(plan, evidence).into_iter().filter(|phase| phase.status != PhaseStatus::Skipped);
        TargetRecord {
            schema_version: SCHEMA_VERSION.to_owned(),
            id,
            target_id,
            line,
            tags,
            started_at: evidence.started_at,
            complete: *complete,
            total_ms: rounded(*total_ms),
            interface: plan.source.interface.as_ref().map(ToString::to_string),
            retries: earlier.len(),
            target: document::target(plan),
            domain: domain::results(plan, evidence).as_ref().map(DomainOverview::from),
            address: connected.map(|one| one.ip),
            phases: phases.collect(),
            greeting: session
                .and_then(document::greeting)
                .map(|greeting| GreetingPart { code: greeting.code, text: greeting.text }),
            tls: session.and_then(document::tls).map(|tls| TlsPart {
                version: tls.version,
                cipher: tls.cipher,
                group: tls.group,
            }),
            certificate: session.and_then(|session| document::certificate(session, evidence.started_at)).map(|one| {
                CertificatePart {
                    verifies: one.verifies,
                    trusted: one.trusted,
                    name_match: one.name_match,
                    not_after: one.not_after,
                    days_left: one.days_left,
                }
            }),
            auth: AuthPart {
                mechanism: auth.mechanism,
                outcome: auth.outcome,
                code: auth.code,
                enhanced: auth.enhanced,
            },
            mail: document::mail(plan, session).map(reply),
            rcpt: document::rcpt(plan, session).into_iter().map(reply).collect(),
            findings: findings.iter().map(finding).collect(),
            expectations: expectations.iter().filter(|judged| !judged.held).cloned().collect(),
            verdict: report.verdict(),
            exit: ExitView { code: exit.code(), name: exit.name().to_owned(), retryable: exit.is_retryable() },
            report: None,
        }
    }

    /// Adds the complete report.
    pub fn with_report(self, report: &Report, earlier: &[Report]) -> TargetRecord {
        TargetRecord { report: Some(Box::new(Document::from(report).after(earlier))), ..self }
    }
}

impl InvalidLine {
    /// The record of a line that could not be checked.
    pub fn new(line: u64, tags: Option<Box<RawValue>>, error: String) -> InvalidLine {
        InvalidLine { schema_version: SCHEMA_VERSION.to_owned(), line, tags, error }
    }
}

fn reply(answered: AnsweredCommand) -> ReplyPart {
    let AnsweredCommand { address, code, enhanced, text, .. } = answered;
    ReplyPart { address, code, enhanced, text }
}

/// The category of a rejection, as in JSON.
pub(in crate::report) fn category_name(finding: &Finding) -> Option<String> {
    let category = finding.category.and_then(|category| serde_json::to_value(category).ok());
    category.and_then(|word| word.as_str().map(str::to_owned))
}

fn finding(finding: &Finding) -> FindingPart {
    FindingPart {
        rule: finding.rule.to_string(),
        severity: finding.severity,
        phase: finding.phase,
        category: category_name(finding),
        summary: finding.summary.clone(),
    }
}
