//! A rejection of a recipient: whether this server is the one in the MX record of the recipient's domain.

use super::answers::{MxPlace, answer, hosts_of, place_of};
use crate::check::finding::{Finding, in_shell};
use crate::evidence::{Evidence, Session};
use crate::lexicon::{Cause, Confidence, Fix, Reading};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

/// A server that relays only for clients that have logged in rejects every recipient with the words for a restricted
/// one, for example Postfix with `smtpd_recipient_restrictions = permit_sasl_authenticated, reject`.
pub(super) fn of_outsider(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    domain: &DnsName,
    reading: Reading,
) -> Reading {
    if plan.login.is_some() || !offers_login(session) || place_of(plan, evidence, session, domain) != MxPlace::Elsewhere
    {
        return reading;
    }
    let target = plan.target.host.with_port(plan.target.port);
    let mut fixes = vec![Fix::run(
        "Log in with your user name before you send; in the application, enable SMTP authentication",
        format!("smtpcheck {target} --user USER"),
    )];
    fixes.push(Fix::text(
        "Server operator: if the program should send without a login, add its IP address to the trusted clients (Postfix: mynetworks)",
    ));
    Reading {
        cause: Cause::RelayDenied,
        means: format!(
            "The server advertises AUTH, the client did not log in, and the MX record of {domain} names another server: this server accepts mail for other domains only after a login."
        ),
        confidence: Confidence::Likely,
        otherwise: Some("The server's operator may have a rule against this recipient.".to_owned()),
        fixes,
        ..reading
    }
}

/// A server that demands a login although it is the one in the recipient's MX record: other servers have no account
/// there (RFC 5321 §5.1).
pub(super) fn of_receiver(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    domain: &DnsName,
    reading: Reading,
) -> Reading {
    if offers_login(session) || place_of(plan, evidence, session, domain) != MxPlace::Here {
        return reading;
    }
    Reading {
        cause: Cause::RelayDenied,
        means: format!(
            "The MX record of {domain} names this server, but it accepts no mail for the domain from outside. A login is not possible, because the server does not advertise AUTH."
        ),
        confidence: Confidence::Likely,
        otherwise: Some(
            "The server may accept mail only from some networks, for example not from the address ranges of hosting companies or home lines."
                .to_owned(),
        ),
        fixes: vec![
            Fix::text(format!(
                "Recipient's administrator: make the server accept mail for {domain} without a login on port 25, or correct the MX record"
            )),
            Fix::text(
                "Sender: send through the relay or submission server of your own provider, and tell the recipient through another channel",
            ),
        ],
        ..reading
    }
}

fn offers_login(session: Session<'_>) -> bool {
    session.final_capabilities().is_some_and(|(_, offers)| offers.has("AUTH"))
}

pub(super) fn weigh_mailboxes(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    cause: Cause,
    domain: &DnsName,
    finding: &mut Finding,
) {
    let hosts = hosts_of(evidence, domain);
    let (Some(first), Some((probe, _))) = (hosts.first(), answer(evidence, domain, RecordKind::Mx)) else { return };
    finding.evidence.probes.push(probe.id);
    let shown = probe.quote(first.as_str());
    let place = place_of(plan, evidence, session, domain);
    if place == MxPlace::Elsewhere {
        finding.consequences.push(format!("The MX record of {domain} names {shown}, not this server"));
    }
    match cause {
        Cause::RelayDenied if place == MxPlace::Here => {
            finding.cause = format!(
                "The MX record of {domain} names this server, but the server does not know that it has to accept mail for the domain."
            );
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("The MX record may be wrong, if the mailboxes are on another server.".to_owned());
            finding.fixes = vec![
                Fix::run(
                    format!(
                        "Server operator: add {domain} to the domains that the server receives mail for (the command shows Postfix's settings; in a control panel, create the mail domain)"
                    ),
                    "postconf mydestination virtual_mailbox_domains virtual_alias_domains relay_domains",
                ),
                Fix::text(format!("If the mailboxes are on another server, correct the MX record of {domain}")),
            ];
        }
        Cause::RelayDenied | Cause::RecipientRestricted
            if place == MxPlace::Elsewhere && plan.login.is_none() && !offers_login(session) =>
        {
            finding.fixes.insert(
                0,
                Fix::run(
                    format!("Deliver the mail to the server in the MX record of {domain}"),
                    format!("smtpcheck {}:25", in_shell(first.as_str())),
                ),
            );
        }
        Cause::UnknownUser if place == MxPlace::Elsewhere => {
            let at = finding.fixes.len().min(1);
            finding.fixes.insert(
                at,
                Fix::text(format!(
                    "If the mailboxes of {domain} are at {shown}, this server wrongly treats the domain as its own. Server operator: remove the domain from it (Postfix: mydestination, virtual_mailbox_domains; cPanel: Email Routing, Remote; Plesk, Hestia, DirectAdmin: switch off mail for the domain)"
                )),
            );
        }
        _ => {}
    }
}
