//! EHLO and its answer.

use super::{Check, Confidence, Docs, Failure, Finding, Fix, Rule, Severity, asks_nothing};
use crate::evidence::{Evidence, Stage, Talk, What};
use crate::plan::Plan;
use crate::wire::status::Class;

pub static CHECK: Check =
    Check { subject: "ehlo", ask: asks_nothing, judge, rules: &[&EHLO_REFUSED, &EHLO_UNSUPPORTED] };

static EHLO_REFUSED: Rule = Rule {
    id: "ehlo-refused",
    severity: Severity::Error,
    title: "the server refuses our EHLO",
    cites: &["RFC 5321 section 4.1.1.1", "RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "EHLO (and HELO, where the server did not know EHLO) was answered with 4yz or 5yz.",
        matters: "Most often the server does not like the name that we announce: it must be a full host name or an address in brackets.",
        action: "Announce a full host name that exists in DNS and belongs to the sending machine, with --ehlo.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

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

fn judge(_: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(talk) = evidence.main_talk() else { return Vec::new() };
    [Stage::Ehlo, Stage::EhloTls].into_iter().filter_map(|stage| judge_stage(talk, stage)).collect()
}

fn judge_stage(talk: Talk<'_>, stage: Stage) -> Option<Finding> {
    let heard = talk.reply_at(stage)?;
    let sent = |word: &str| {
        talk.events().find(|event| {
            event.stage == stage && matches!(&event.what, What::Sent { text, .. } if text.starts_with(word))
        })
    };
    if heard.reply.is_success() {
        let helo = sent("HELO ")?;
        let summary = "the server does not know EHLO, only the older HELO".to_owned();
        let finding = Finding::new(&EHLO_UNSUPPORTED, stage, Confidence::Likely, summary).on(helo).on(heard.event);
        return Some(Finding {
            cause: "a filter between here and the server rewrites or blocks EHLO; or the server is very old".to_owned(),
            otherwise: Some(
                "the same check from another network tells: if EHLO works there, the filter is on this side".to_owned(),
            ),
            fixes: vec![Fix::text(
                "switch off SMTP inspection in the firewall on the way (Cisco: no inspect esmtp), or use port 587 or 465",
            )],
            consequences: vec!["without EHLO neither STARTTLS nor AUTH can be seen or used".to_owned()],
            ..finding
        });
    }
    if heard.reply.has_code(421) {
        return None;
    }
    let name = sent("EHLO ").and_then(|event| match &event.what {
        What::Sent { text, .. } => text.strip_prefix("EHLO ").map(str::to_owned),
        _ => None,
    });
    let name = name.unwrap_or_default();
    let code = heard.reply.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let summary = format!("EHLO {name} is refused with {code}: {}", heard.reply.joined());
    let finding = Finding::new(&EHLO_REFUSED, stage, Confidence::Likely, summary).on(heard.event);
    let failure = match heard.reply.class() {
        Class::Transient => Failure::RefusedTemporary,
        Class::Permanent => Failure::RefusedPermanent,
        Class::Success | Class::Intermediate | Class::Undefined => Failure::Protocol,
    };
    Some(Finding {
        cause: format!(
            "the server does not accept {name} as the name of a client, or does not accept this client at all"
        ),
        otherwise: Some("announce another name: if that is accepted, the name was the cause".to_owned()),
        fixes: vec![Fix::run(
            "announce the full host name of the sending machine",
            format!("smtpcheck {} --ehlo mail.example.net", talk.request.host.with_port(talk.request.port)),
        )],
        failure: Some(failure),
        ..finding
    })
}
