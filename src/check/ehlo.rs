//! EHLO and its answer.

use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, asks_nothing};
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::plan::{Plan, TlsUse};

pub static CHECK: Check =
    Check { subject: "ehlo", ask: asks_nothing, judge, rules: &[&EHLO_UNSUPPORTED, &CAPABILITIES_DIFFER] };

static EHLO_UNSUPPORTED: Rule = Rule {
    id: "ehlo-unsupported",
    severity: Severity::Warning,
    title: "the server knows HELO only",
    cites: &["RFC 5321 section 3.2"],
    docs: Docs {
        sees: "EHLO was answered with 500, 502 or 504, and HELO was accepted. An error where STARTTLS was required or a login was wanted.",
        matters: "Without EHLO there is no STARTTLS, no AUTH, no SIZE. Every mail server of the last twenty years knows EHLO, so a filter or an old appliance stands in between.",
        action: "Look for a firewall with SMTP inspection on the way and switch the inspection off, or reach the server by another port.",
        example: "500 5.5.1 Command unrecognized: \"EHLO client.example.org\"",
        references: "RFC 5321 section 3.2",
    },
};

static CAPABILITIES_DIFFER: Rule = Rule {
    id: "capabilities-differ",
    severity: Severity::Notice,
    title: "the server offers less, or something else, inside TLS than before it",
    cites: &["RFC 3207 section 4.2"],
    docs: Docs {
        sees: "A keyword of the EHLO answer before TLS is gone inside TLS, or has other parameters there. STARTTLS, AUTH and REQUIRETLS belong to one side only and do not count, nor do keywords that appear inside TLS.",
        matters: "It is allowed, and it is also what a proxy or a firewall on the way makes of the first answer: the answer inside TLS is the true one.",
        action: "Compare with the configuration of the server; if it offers the same on both sides, look for a filter on the way.",
        example: "SIZE 1000 before TLS, SIZE 2000 inside",
        references: "RFC 3207 section 4.2 (EHLO again after TLS)",
    },
};

/// Refusals are judged by `refusal`; here is what a server says that takes us in the old way.
fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    [helo_only(plan, session), differing(session)].into_iter().flatten().collect()
}

/// A warning; an error where STARTTLS or a login was wanted, which cannot be had without EHLO.
fn helo_only(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let at = |phase| session.reply_at(phase).filter(|heard| heard.accepts());
    let heard = at(Phase::Ehlo).or_else(|| at(Phase::EhloTls))?;
    let is_helo = |what: &EventKind| matches!(what, EventKind::Sent { text, .. } if text.starts_with("HELO "));
    let helo = session.events().find(|event| is_helo(&event.what))?;
    let summary = "the server does not know EHLO, only the older HELO".to_owned();
    let finding = Finding::new(&EHLO_UNSUPPORTED, Phase::Ehlo, Confidence::Likely, summary).on(helo).on(heard.event);
    let failure = match (plan.tls_use(), &plan.login) {
        (TlsUse::Required, _) => Some(PhaseFailure::Tls),
        (_, Some(_)) => Some(PhaseFailure::Auth),
        (_, None) => None,
    };
    Some(Finding {
        severity: if failure.is_some() { Severity::Error } else { finding.severity },
        failure,
        cause: "a filter between here and the server rewrites or blocks EHLO; or the server is very old".to_owned(),
        otherwise: Some(
            "the same check from another network tells: if EHLO works there, the filter is on this side".to_owned(),
        ),
        fixes: vec![Fix::text(
            "switch off SMTP inspection in the firewall on the way (Cisco: no inspect esmtp), or use port 587 or 465",
        )],
        consequences: vec!["without EHLO neither STARTTLS nor AUTH can be seen or used".to_owned()],
        ..finding
    })
}

/// Keywords that are gone inside TLS, or have other parameters there. More keywords inside TLS are nothing new: careful
/// servers say little before it.
fn differing(session: Session<'_>) -> Option<Finding> {
    let (first, before) = session.capabilities(Phase::Ehlo)?;
    let (second, after) = session.capabilities(Phase::EhloTls)?;
    let one_sided = |keyword: &str| {
        let keyword = keyword.to_ascii_uppercase();
        keyword.starts_with("AUTH") || matches!(keyword.as_str(), "STARTTLS" | "REQUIRETLS")
    };
    let parts: Vec<String> = before
        .offered
        .iter()
        .filter(|offer| !one_sided(&offer.keyword))
        .filter_map(|offer| match after.find(&offer.keyword) {
            None => Some(format!("{} is gone inside TLS", first.quote(offer.keyword.clone()))),
            Some(inside) if inside.parameters != offer.parameters => Some(format!(
                "{} is {} before TLS and {} inside",
                first.quote(offer.keyword.clone()),
                first.quote(offer.parameters.join(" ")),
                second.quote(inside.parameters.join(" "))
            )),
            Some(_) => None,
        })
        .collect();
    if parts.is_empty() {
        return None;
    }
    let summary = format!("the two EHLO answers differ: {}", parts.join("; "));
    let finding = Finding::new(&CAPABILITIES_DIFFER, Phase::EhloTls, Confidence::Likely, summary);
    Some(Finding {
        cause: "the server is configured so".to_owned(),
        otherwise: Some(
            "something on the way may rewrite the answer before TLS, where it can; another network tells".to_owned(),
        ),
        fixes: vec![Fix::text(
            "compare with the server's configuration; if it offers the same on both sides, look for a filter on the way",
        )],
        ..finding.on(first.event).on(second.event)
    })
}
