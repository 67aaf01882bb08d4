//! Findings about MAIL FROM and RCPT TO, other than rejections: email addresses that this server does not support, and
//! providers that reject mail only after the message has been sent.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, asks_nothing};
use super::peer;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;

pub(super) static CHECK: Check =
    Check { subject: "envelope", ask: asks_nothing, judge, rules: &[&ADDRESS_NEEDS_SMTPUTF8, &REFUSALS_AFTER_DATA] };

static ADDRESS_NEEDS_SMTPUTF8: Rule = Rule {
    id: "address-needs-smtputf8",
    severity: Severity::Error,
    title: "an email address needs SMTPUTF8, which the server does not advertise",
    docs: Docs {
        sees: "The part of the email address before the @ contains non-ASCII characters, and the EHLO reply does not list SMTPUTF8. smtpcheck did not send the email address.",
        matters: "Mail to or from such an email address can be delivered only if every server on the path supports SMTPUTF8.",
        action: "Use an ASCII email address for the same mailbox, or a server that advertises SMTPUTF8. Server operator: enable SMTPUTF8.",
        example: "jürgen@example.net",
        references: "RFC 6531 section 3.2",
    },
};

static REFUSALS_AFTER_DATA: Rule = Rule {
    id: "refusals-after-data",
    severity: Severity::Notice,
    title: "this provider rejects some mail only after the message has been sent",
    docs: Docs {
        sees: "All recipients were accepted, and the provider is known to check the sender, the sending limits or the content only after the message data has been sent.",
        matters: "smtpcheck never sends a message, so it cannot detect these rejections. An accepted recipient does not guarantee delivery.",
        action: "If your mail is not delivered, send one real message with your own program and read the server's reply.",
        example: "Microsoft 365 sends 5.7.60 (no permission to send as this address) after the message",
        references: "RFC 5321 section 4.2.5 (replies after DATA)",
    },
};

/// Returns the findings of this check. Rejections are judged by `refusal`.
fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    let mut findings = needs_smtputf8(session);
    findings.extend(later_refusals(plan, session));
    findings
}

fn later_refusals(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let received = session.reply_at(Phase::Rcpt)?;
    let refused = session.replies().any(|received| received.event.phase == Phase::Rcpt && !received.accepts());
    let provider = peer::provider_by_name(plan).filter(|_| !refused)?;
    let later = provider.sees_after_data?;
    let summary = format!(
        "{} rejects some mail only after it has received the message; smtpcheck never sends a message, so it cannot test this",
        provider.name
    );
    let finding = Finding::new(&REFUSALS_AFTER_DATA, Phase::Rcpt, Confidence::Certain, summary).on(received.event);
    Some(Finding {
        cause: later.into(),
        fixes: vec![Fix::text(
            "If your mail is not delivered, send one real message with your own program and read the server's reply",
        )],
        ..finding
    })
}

fn needs_smtputf8(session: Session<'_>) -> Vec<Finding> {
    session
        .believed()
        .filter_map(|event| {
            let EventKind::NeedsSmtputf8 { address, .. } = &event.what else { return None };
            let summary = format!("the server does not advertise SMTPUTF8, so smtpcheck cannot send it the email address {address}");
            let finding = Finding::new(&ADDRESS_NEEDS_SMTPUTF8, event.phase, Confidence::Certain, summary).on(event);
            Some(Finding {
                cause: "The part of the email address before the @ contains non-ASCII characters. Such an address can be sent only to a server that supports the SMTPUTF8 extension."
                    .to_owned(),
                fixes: vec![
                    Fix::text("Use an ASCII email address for the same mailbox"),
                    Fix::run("Server operator: enable SMTPUTF8 (command for Postfix)", "postconf -e smtputf8_enable=yes"),
                ],
                failure: Some(PhaseFailure::RefusedPermanent),
                ..finding
            })
        })
        .collect()
}
