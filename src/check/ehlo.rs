//! EHLO and its answer.

use super::{Check, Confidence, Docs, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::{Evidence, Stage, What};
use crate::plan::Plan;

pub static CHECK: Check = Check { subject: "ehlo", ask: asks_nothing, judge, rules: &[&EHLO_UNSUPPORTED] };

static EHLO_UNSUPPORTED: Rule = Rule {
    id: "ehlo-unsupported",
    severity: Severity::Warning,
    title: "the server knows HELO only",
    cites: &["RFC 5321 section 3.2"],
    docs: Docs {
        sees: "EHLO was answered with 500, 502 or 504, and HELO was accepted.",
        matters: "Without EHLO there is no STARTTLS, no AUTH, no SIZE. Every mail server of the last twenty years knows EHLO, so a filter or an old appliance stands in between.",
        action: "Look for a firewall with SMTP inspection on the way and switch the inspection off, or reach the server by another port.",
        example: "500 5.5.1 Command unrecognized: \"EHLO client.example.org\"",
        references: "RFC 5321 section 3.2",
    },
};

/// Refusals are judged by `refusal`; here is what a server says that takes us in the old way.
fn judge(_: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    let Some(heard) = talk.reply_at(Stage::Ehlo).filter(|heard| heard.reply.is_success()) else { return Vec::new() };
    let helo = talk.events().find(|event| matches!(&event.what, What::Sent { text, .. } if text.starts_with("HELO ")));
    let Some(helo) = helo else { return Vec::new() };
    let summary = "the server does not know EHLO, only the older HELO".to_owned();
    let finding = Finding::new(&EHLO_UNSUPPORTED, Stage::Ehlo, Confidence::Likely, summary).on(helo).on(heard.event);
    vec![Finding {
        cause: "a filter between here and the server rewrites or blocks EHLO; or the server is very old".to_owned(),
        otherwise: Some(
            "the same check from another network tells: if EHLO works there, the filter is on this side".to_owned(),
        ),
        fixes: vec![Fix::text(
            "switch off SMTP inspection in the firewall on the way (Cisco: no inspect esmtp), or use port 587 or 465",
        )],
        consequences: vec!["without EHLO neither STARTTLS nor AUTH can be seen or used".to_owned()],
        ..finding
    }]
}
