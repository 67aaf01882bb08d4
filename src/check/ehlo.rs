//! The reply to EHLO: servers that support only HELO, and extensions that differ before and over TLS.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, asks_nothing};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Esmtp, Plan, TlsUse};

pub(super) static CHECK: Check =
    Check { subject: "ehlo", ask: asks_nothing, judge, rules: &[&EHLO_UNSUPPORTED, &CAPABILITIES_DIFFER] };

static EHLO_UNSUPPORTED: Rule = Rule {
    id: "ehlo-unsupported",
    severity: Severity::Warning,
    title: "the server supports only HELO, not EHLO",
    docs: Docs {
        sees: "The server rejected EHLO with 500, 502 or 504, and accepted HELO. The finding is an error if STARTTLS or a login was requested, because both need EHLO.",
        matters: "Without EHLO, the client cannot use STARTTLS, AUTH or SIZE. Every mail server developed in the last twenty years supports EHLO, so a filter or an old appliance on the network path is the likely cause.",
        action: "Network operator: look for a firewall with SMTP inspection on the network path, and disable the inspection. Until then, use another port of the server.",
        example: "500 5.5.1 Command unrecognized: \"EHLO client.example.org\"",
        references: "RFC 5321 section 3.2",
    },
};

static CAPABILITIES_DIFFER: Rule = Rule {
    id: "capabilities-differ",
    severity: Severity::Notice,
    title: "the server advertises fewer or different extensions over TLS than before TLS",
    docs: Docs {
        sees: "An extension that the server advertised before TLS is missing from the EHLO reply over TLS, or has different parameters in that reply. STARTTLS, AUTH and REQUIRETLS are not compared, because they may differ. Extensions that appear only over TLS are normal and are not reported.",
        matters: "The difference is allowed, but it can also mean that a proxy or firewall on the network path changes the first, unencrypted reply. Rely on the reply over TLS.",
        action: "Server operator: compare both replies with the server's configuration. If the configuration advertises the same extensions before and over TLS, look for a filter on the network path.",
        example: "SIZE 1000 before TLS, SIZE 2000 over TLS",
        references: "RFC 3207 section 4.2 (EHLO again after TLS)",
    },
};

/// Returns the findings of this check. Rejections of both EHLO and HELO are judged by `refusal`.
fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.decisive_session() else { return Vec::new() };
    // After XCLIENT, the second reply applies to a different client.
    let differing = differing(session).filter(|_| plan.claims.is_empty());
    [helo_only(plan, session), differing].into_iter().flatten().collect()
}

/// The finding about a server that accepted HELO after it rejected EHLO. It is an error if STARTTLS or a login was
/// requested, because both need EHLO.
fn helo_only(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let at = |phase| session.reply_at(phase).filter(|received| received.accepts());
    let received = at(Phase::Ehlo).or_else(|| at(Phase::EhloTls))?;
    let is_helo = |what: &EventKind| matches!(what, EventKind::Sent { text, .. } if text.starts_with("HELO "));
    let helo = session.events().find(|event| is_helo(&event.what)).filter(|_| plan.esmtp != Esmtp::Never)?;
    let summary = "the server rejects EHLO and accepts only the older HELO".to_owned();
    let finding = Finding::new(&EHLO_UNSUPPORTED, Phase::Ehlo, Confidence::Likely, summary).on(helo).on(received.event);
    let failure = match (plan.tls_use(), &plan.login) {
        (TlsUse::Required, _) => Some(PhaseFailure::Tls),
        (_, Some(_)) => Some(PhaseFailure::Auth),
        (_, None) => None,
    };
    Some(Finding {
        severity: if failure.is_some() { Severity::Error } else { finding.severity },
        failure,
        cause: "A filter on the network path rewrites or blocks EHLO. Every mail server developed in the last twenty years supports EHLO.".to_owned(),
        otherwise: Some(
            "The server itself may be very old. Repeat the check from another network to find out: if EHLO is accepted there, the filter is in your network.".to_owned(),
        ),
        fixes: fixes_without_ehlo(plan),
        consequences: vec!["Without EHLO, smtpcheck cannot test STARTTLS or AUTH".to_owned()],
        ..finding
    })
}

/// What to do about a server that supports only HELO. A program that uses HELO can neither encrypt nor log in.
fn fixes_without_ehlo(plan: &Plan) -> Vec<Fix> {
    let mut fixes = vec![Fix::text(
        "Network operator: disable SMTP inspection in the firewall on the network path (Cisco: no inspect esmtp). Until then, use port 587 or 465.",
    )];
    if plan.login.is_none() && plan.tls_use() != TlsUse::Required {
        fixes.push(Fix::text(
            "If the server itself is old, the program has to use HELO, without TLS and without a login; most programs do so by themselves if EHLO is rejected and TLS and the login are switched off (Java: mail.smtp.ehlo=false; swaks: --protocol SMTP)",
        ));
    }
    fixes.push(Fix::text(
        "Server operator: if there is no filter, replace the server software with a current version, or put a relay in front of it",
    ));
    fixes
}

/// The finding about extensions that are missing over TLS, or have different parameters there. Additional extensions
/// over TLS are normal, because many servers advertise only a few before TLS.
fn differing(session: Session<'_>) -> Option<Finding> {
    let (first, before) = session.capabilities(Phase::Ehlo)?;
    let (second, after) = session.capabilities(Phase::EhloTls)?;
    let one_sided = |keyword: &str| {
        let keyword = keyword.to_ascii_uppercase();
        keyword.starts_with("AUTH") || matches!(keyword.as_str(), "STARTTLS" | "REQUIRETLS")
    };
    let compared = || before.offered.iter().filter(|offer| !one_sided(&offer.keyword));
    let missing: Vec<String> = compared()
        .filter(|offer| after.find(&offer.keyword).is_none())
        .map(|offer| first.quote(offer.keyword.clone()).to_string())
        .collect();
    let missing = match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is missing over TLS")),
        several => Some(format!("{} are missing over TLS", several.join(", "))),
    };
    let shown = |received: &ReceivedReply<'_>, parameters: &[String]| match parameters {
        [] => "without parameters".to_owned(),
        _ => received.quote(parameters.join(" ")).to_string(),
    };
    let changed = compared().filter_map(|offer| match after.find(&offer.keyword) {
        Some(inside) if inside.parameters != offer.parameters => Some(format!(
            "{} is {} before TLS and {} over TLS",
            first.quote(offer.keyword.clone()),
            shown(&first, &offer.parameters),
            shown(&second, &inside.parameters)
        )),
        Some(_) | None => None,
    });
    let parts: Vec<String> = missing.into_iter().chain(changed).collect();
    if parts.is_empty() {
        return None;
    }
    let summary = format!("the EHLO replies before and over TLS differ: {}", parts.join("; "));
    let finding = Finding::new(&CAPABILITIES_DIFFER, Phase::EhloTls, Confidence::Likely, summary);
    Some(Finding {
        cause: "The server is configured to advertise different extensions before and over TLS. This is allowed.".to_owned(),
        otherwise: Some(
            "A device on the network path may be changing the reply before TLS, because that reply is not protected. Repeat the check from another network to find out.".to_owned(),
        ),
        fixes: vec![Fix::text(
            "Server operator: compare both replies with the server's configuration. If the configuration does not explain the difference, look for a filter on the network path.",
        )],
        ..finding.on(first.event).on(second.event)
    })
}
