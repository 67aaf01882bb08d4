//! Findings about MAIL FROM and RCPT TO, other than rejections: email addresses that this server does not support, and
//! providers that reject mail only after the message has been sent.

use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity, asks_nothing, in_shell};
use super::peer;
use crate::evidence::{EventKind, Evidence, Phase, Session};
use crate::lexicon::providers::{self, Provider};
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
        action: "If your mail is not delivered, send one real message with your own program and read the server's reply. If the login and the sender are different addresses, or the sender's domain belongs to a mailbox provider such as Gmail, use a sender address that the account may use: its own address, or one in a domain that you have verified.",
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
    let finding = Finding { cause: later.into(), ..finding };
    if provider.sender_checked_after_data
        && let Some(sender) = Sender::of(plan)
    {
        let finding = match provider.kind.as_str() {
            "relay" => of_relay(provider, &sender, finding),
            _ => of_account(provider, &sender, finding),
        };
        return Some(finding);
    }
    Some(with_one_message(finding))
}

/// The sender and the login of a check.
struct Sender<'a> {
    from: String,
    domain: String,
    user: &'a str,
}

impl Sender<'_> {
    fn of(plan: &Plan) -> Option<Sender<'_>> {
        let from = plan.from.as_ref()?.mailbox()?.to_string();
        let (_, domain) = from.rsplit_once('@')?;
        Some(Sender { domain: domain.to_owned(), user: &plan.login.as_ref()?.user, from })
    }
}

/// The fix if nothing of the check shows whether the provider will accept a message.
fn with_one_message(finding: Finding) -> Finding {
    Finding {
        fixes: vec![Fix::text(
            "If your mail is not delivered, send one real message with your own program and read the server's reply",
        )],
        ..finding
    }
}

/// A mailbox provider lets an account use only its own addresses, and those for which it has a permission.
fn of_account(provider: &Provider, sender: &Sender<'_>, finding: Finding) -> Finding {
    let Sender { from, user, .. } = sender;
    // A user principal name of a tenant often belongs to the same mailbox (`ann@example.onmicrosoft.com`).
    let is_of_tenant = user.split('@').next() == from.split('@').next()
        && user.rsplit_once('@').is_some_and(|(_, domain)| domain.ends_with(".onmicrosoft.com"));
    if !user.contains('@') || user.eq_ignore_ascii_case(&without_tag(from)) || is_of_tenant {
        return with_one_message(finding);
    }
    let mut fixes = vec![Fix::text(format!(
        "If the program's mail is rejected, set its sender (From) to {user}, the address that it logs in with; a Reply-To header can name another address"
    ))];
    let is_of_other = providers::of_addresses_at(&sender.domain).is_some_and(|known| known.id != provider.id);
    let finding = Finding {
        summary: unknown_until_sent(provider, sender),
        cause: format!("The login and the sender are different addresses. {}", finding.cause),
        ..finding
    };
    if is_of_other {
        // The address of a visitor of a web site: no permission makes it an address of this account.
        return Finding { fixes, ..finding };
    }
    fixes.push(match provider.id.as_str() {
        "microsoft-365" => Fix::run(
            format!("Or, Microsoft 365 administrator: give the account Send As permission for {from}"),
            format!("Add-RecipientPermission {} -Trustee {} -AccessRights SendAs", in_shell(from), in_shell(user)),
        ),
        "exchange" => Fix::run(
            format!("Or, Exchange administrator: give the account Send As permission for {from}"),
            format!("Add-ADPermission {} -User {} -ExtendedRights 'Send As'", in_shell(from), in_shell(user)),
        ),
        _ => Fix::text(format!("Or add {from} to the account as an alias or a confirmed sender address")),
    });
    if provider.id.as_str() == "microsoft-365" {
        fixes.push(Fix::run(
            format!("If {from} is an alias of the account, allow sending from aliases"),
            "Set-OrganizationConfig -SendFromAliasEnabled $true",
        ));
    }
    Finding { fixes, ..finding }
}

/// An address without its tag: `ann+shop@example.com` is delivered to `ann@example.com`.
fn without_tag(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address.to_owned(),
    }
}

fn unknown_until_sent(provider: &Provider, sender: &Sender<'_>) -> String {
    format!(
        "whether {} may send as {} is unknown: {} checks this only after it has received the message",
        sender.user, sender.from, provider.name
    )
}

/// A relay service accepts only senders that the account's owner has verified. A visitor's address in a contact form is
/// none of them, and its provider's DMARC policy usually forbids other servers to use it. A sandbox of Mailgun sends
/// only to authorized recipients.
fn of_relay(provider: &Provider, sender: &Sender<'_>, finding: Finding) -> Finding {
    let Sender { from, domain, user } = sender;
    let user_domain = user.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    // Sandbox domains, and those that add-ons such as Heroku's create.
    if user_domain.ends_with(".mailgun.org") {
        return Finding {
            severity: Severity::Warning,
            confidence: Confidence::Likely,
            summary: format!(
                "{user} belongs to a domain of Mailgun, not to your own; such sandbox domains may send only to authorized recipients"
            ),
            otherwise: Some(
                "If the recipient is one of the account's authorized recipients, Mailgun delivers the mail.".to_owned(),
            ),
            fixes: vec![
                Fix::text(
                    "Add your own domain at Mailgun, verify it, and use its SMTP login (Sending, Domain settings, SMTP credentials)",
                ),
                Fix::text(
                    "For a test, add the recipient to the authorized recipients of the sandbox domain, and let the recipient confirm",
                ),
            ],
            ..finding
        };
    }
    match providers::of_addresses_at(domain) {
        Some(mailboxes) => Finding {
            severity: Severity::Warning,
            confidence: Confidence::Likely,
            summary: format!(
                "{} will probably reject mail from {from}, but only after it has received the message",
                provider.name
            ),
            cause: format!(
                "{} The domain {domain} belongs to {}, so you cannot verify it, and receivers may reject mail from it that other servers send (DMARC).",
                finding.cause, mailboxes.name
            ),
            otherwise: Some(format!(
                "If this single address has been verified in the account, {} accepts it.",
                provider.name
            )),
            fixes: vec![Fix::text(
                "Use an address in your own domain, which you have verified in the account, as the sender (From). In a contact form, put the visitor's address into Reply-To, not into From",
            )],
            ..finding
        },
        None => with_one_message(finding),
    }
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
