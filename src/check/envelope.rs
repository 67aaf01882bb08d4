//! MAIL FROM and RCPT TO, as far as they fail on this side: addresses that cannot be sent to this server.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::{Evidence, Talk, What};
use crate::plan::Plan;

pub static CHECK: Check = Check { subject: "envelope", ask: asks_nothing, judge, rules: &[&ADDRESS_NEEDS_SMTPUTF8] };

static ADDRESS_NEEDS_SMTPUTF8: Rule = Rule {
    id: "address-needs-smtputf8",
    severity: Severity::Error,
    title: "an address needs SMTPUTF8, which the server does not offer",
    cites: &["RFC 6531 section 3.2"],
    docs: Docs {
        sees: "The part before the @ holds characters beyond ASCII, and SMTPUTF8 is not among the keywords of the EHLO answer. The address was not sent.",
        matters: "Such an address can only travel between servers that all know SMTPUTF8.",
        action: "Use an ASCII address of the same mailbox, or a server that offers SMTPUTF8.",
        example: "jürgen@example.net",
        references: "RFC 6531 section 3.2",
    },
};

/// Refusals are judged by `refusal`.
fn judge(_: &Plan, evidence: &Evidence) -> Vec<Finding> {
    evidence.main_talk().map(needs_smtputf8).unwrap_or_default()
}

fn needs_smtputf8(talk: Talk<'_>) -> Vec<Finding> {
    talk.events()
        .filter_map(|event| {
            let What::NeedsSmtputf8 { address, .. } = &event.what else { return None };
            let summary = format!("{address} cannot be sent to this server, which does not offer SMTPUTF8");
            let finding = Finding::new(&ADDRESS_NEEDS_SMTPUTF8, event.stage, Confidence::Certain, summary).on(event);
            Some(Finding {
                cause: "the part before the @ holds characters beyond ASCII, which need the SMTPUTF8 extension"
                    .to_owned(),
                fixes: vec![
                    Fix::text("use an ASCII address of the same mailbox"),
                    Fix::run("the operator of a Postfix server can switch it on", "postconf -e smtputf8_enable=yes"),
                ],
                failure: Some(Failure::RefusedPermanent),
                ..finding
            })
        })
        .collect()
}
