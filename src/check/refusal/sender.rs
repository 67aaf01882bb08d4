//! Uses the domains of the sender and the recipient to correct the reading of a rejection.
//!
//! - Many servers accept senders of their own domains only after a login or from their own network, because spam uses the
//!   recipient's domain as its sender. Their replies mention the sender, relaying or forgery, so the words alone lead to
//!   the wrong fixes.
//! - Programs append the name of a local machine to local users (`root@nas`). No server on the internet accepts it.

use crate::evidence::Phase;
use crate::evidence::session::ReceivedReply;
use crate::lexicon::providers::Provider;
use crate::lexicon::{self, Basis, Cause, Confidence, Fix, Reading};
use crate::plan::Plan;

use super::super::finding::in_shell;
use super::super::place::PrivateName;
use super::{account, hosting};

/// Phrases about a sender that do not state why the server rejects it.
const UNEXPLAINED: [&str; 14] = [
    "sender-not-permitted",
    "auth-sender-not-allowed-to-relay",
    "languages-sender-rejected",
    "spoofing-refused",
    "sender-called-forged",
    "from-not-allowed",
    "sender-not-yours",
    "sender-not-allowed",
    "sender-refused-words",
    "mail-from-refused-words",
    "sender-domain-refused-words",
    "sender-blocked-by-rule",
    "not-allowed-to-send-words",
    "envelope-sender-not-authorised",
];

/// Corrects the reading if a client that has not logged in uses a sender of the server's own domain. All of these
/// conditions must be met:
///
/// 1. The reply is about the sender, or about relaying in words that name the sender, and does not state a reason.
/// 2. The server receives mail for the sender's domain, as its name or the MX record shows.
/// 3. The plan contains no login, and the check is not that of a domain, in which the sender is an example.
/// 4. The server is not that of a known provider, which has rules of its own; Microsoft's are known.
pub(super) fn of_own_domain(
    plan: &Plan,
    received: ReceivedReply<'_>,
    software: Option<&str>,
    provider: Option<&Provider>,
    is_mx: &dyn Fn() -> bool,
    reading: Reading,
) -> Reading {
    if !may_be_of_own_domain(plan, received, &reading) {
        return reading;
    }
    match provider {
        Some(provider) if provider.id == "microsoft-365-mx" => return of_direct_send(plan, received, reading),
        Some(provider) if provider.kind != "local" => return reading,
        _ => {}
    }
    let Some((domain, whose)) = own_domain(plan, received, is_mx) else { return reading };
    let log_in = if plan.target.port == 25 {
        Fix::run(
            "If the sender is your own address, log in on the submission port; mail from your own domain is not sent through port 25",
            "smtpcheck {host}:587 --user {from} --from {from} --to {rcpt}",
        )
    } else {
        Fix::run(
            "If the sender is your own address, log in with it",
            "smtpcheck {host}:{port} --user {from} --from {from} --to {rcpt}",
        )
    };
    let other_sender = Fix::run(
        "Without a login, use a sender address in another domain, one that you own (a contact form: your own address as the sender, the visitor's only in Reply-To)",
        "smtpcheck {host}:{port} --from OTHER-ADDRESS --to {rcpt}",
    );
    Reading {
        cause: Cause::SenderRejected,
        confidence: Confidence::Likely,
        means: format!(
            "The sender is in {domain}, which is {whose}, and smtpcheck did not log in. Servers accept senders of their own domains only after a login or from their own network, because forged mail often uses the recipient's domain."
        ),
        otherwise: Some(
            "The server may have a rule against this one address, or against your IP address. To find out, test a sender in another domain."
                .to_owned(),
        ),
        fixes: vec![log_in, other_sender, exception(software)],
        ..reading
    }
}

/// Whether the reply and the plan leave it open that the sender's domain is the server's own: conditions 1 and 3 of
/// [`of_own_domain`].
pub(super) fn may_be_of_own_domain(plan: &Plan, received: ReceivedReply<'_>, reading: &Reading) -> bool {
    let is_about_sender = match &reading.basis {
        Basis::Phrase { id } if UNEXPLAINED.contains(&id.as_str()) => true,
        Basis::Wording => reading.cause == Cause::SenderRejected,
        Basis::Phrase { .. } => reading.cause == Cause::RelayDenied && names_the_sender(received),
        _ => false,
    };
    is_about_sender
        && plan.login.is_none()
        && plan.domain.is_none()
        && matches!(received.event.phase, Phase::Mail | Phase::Rcpt)
        && !hosting::states_other_reason(received)
}

/// Corrects the fixes if a device sends with an address of the organisation to its MX at Microsoft 365 (Direct Send).
fn of_direct_send(plan: &Plan, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    if !is_of_recipients_domain(plan, received) {
        return reading;
    }
    Reading {
        cause: Cause::SenderRejected,
        confidence: Confidence::Likely,
        means: "The sender is in the recipient's domain, and smtpcheck did not log in. Microsoft 365 accepts such mail (Direct Send) only if the organisation allows it.".to_owned(),
        otherwise: Some(
            "The organisation may have a rule against this sender or your IP address. To find out, test a sender in another domain."
                .to_owned(),
        ),
        fixes: vec![
            Fix::run(
                "If the program or device can log in, use smtp.office365.com, port 587, with an account of the organisation",
                "smtpcheck smtp.office365.com:587 --user {from} --from {from} --to {rcpt}",
            ),
            Fix::text(
                "Administrator of Microsoft 365, for a device that cannot log in: in the Exchange admin center, create an inbound connector (from your organisation's server) for its public IP address or certificate",
            ),
            Fix::run(
                "Administrator: check whether Direct Send is switched off for the organisation; with $false it is on again",
                "Get-OrganizationConfig | Select-Object RejectDirectSend",
            ),
        ],
        ..reading
    }
}

/// Adds the login if a user of the server sends through port 25, on which the server applies its checks of other mail
/// servers; and the usual mistake of contact forms if the sender is an address of another provider.
pub(super) fn of_user_without_login(
    plan: &Plan,
    received: ReceivedReply<'_>,
    provider: Option<&Provider>,
    is_mx: &dyn Fn() -> bool,
    mut reading: Reading,
) -> Reading {
    if plan.login.is_some() || plan.domain.is_some() || !matches!(received.event.phase, Phase::Mail | Phase::Rcpt) {
        return reading;
    }
    let is_check = matches!(
        reading.cause,
        Cause::Reputation | Cause::ReverseDns | Cause::HeloName | Cause::SenderAuthentication | Cause::Greylisted
    );
    if is_check && plan.target.port == 25 {
        let has_provider = provider.is_some_and(|provider| provider.kind != "local");
        if let Some((domain, whose)) = own_domain(plan, received, is_mx).filter(|_| !has_provider) {
            reading.fixes.insert(
                0,
                Fix::run(
                    format!("If you are a user of this server ({domain} is {whose}), log in on port 587: programs and devices are not checked there"),
                    "smtpcheck {host}:587 --user {from} --from {from} --to {rcpt}",
                ),
            );
        }
        return reading;
    }
    let from = plan.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_of_visitor = reading.cause == Cause::SenderRejected && account::is_private_mailbox(&from);
    if is_of_visitor && !account::is_of_provider(plan, &from) {
        reading.fixes.insert(
            0,
            Fix::text(
                "In a contact form or application, use an address of your own domain as the sender, and put the visitor's address only in Reply-To",
            ),
        );
    }
    reading
}

/// Corrects a reading about the sender of an account if the server offers no login. A server that receives mail from
/// other servers has no accounts for their senders. It checks whether the sender's domain can receive mail.
pub(super) fn of_account_at_receiver(plan: &Plan, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    let is_of_account = matches!(
        &reading.basis,
        Basis::Phrase { id } if matches!(id.as_str(), "sender-not-yours" | "laposte-sender-not-owned" | "sender-not-owned" | "from-not-authorised")
    );
    let is_of_envelope = matches!(received.event.phase, Phase::Mail | Phase::Rcpt);
    if !is_of_account || !is_of_envelope || plan.target.port != 25 || reading.cause != Cause::SenderRejected {
        return reading;
    }
    Reading {
        confidence: Confidence::Likely,
        means: "The server does not accept the sender address. It offers no login, so it is a server that receives mail from other servers; such a server checks whether the sender's domain exists and can receive mail (an MX or A record).".to_owned(),
        otherwise: Some(
            "The server may have a rule against the sender. To find out, test a sender in another domain.".to_owned(),
        ),
        fixes: vec![
            Fix::run(
                "Check whether the sender's domain has an MX record, and an A record for the host that it names; add them if they are missing, also for a subdomain that a sending service uses for bounces",
                "dig +short MX {from_domain}",
            ),
            Fix::run("Compare with a sender in another domain", "smtpcheck {host}:{port} --from OTHER-ADDRESS --to {rcpt}"),
        ],
        ..reading
    }
}

/// Corrects the reading if the domain of the recipient or of the sender is a name of a local machine (`root@nas`,
/// `monit@opnsense.localdomain`), for a server outside the local network. Programs append the machine's name to local
/// users. The words of the reply are about DNS, syntax or relaying.
pub(super) fn of_private_name(plan: &Plan, received: ReceivedReply<'_>, is_inside: bool, reading: Reading) -> Reading {
    let is_of_address = matches!(
        reading.cause,
        Cause::SenderRejected | Cause::DomainUnknown | Cause::UnknownUser | Cause::Syntax | Cause::Other
    );
    if is_inside || !is_of_address || plan.domain.is_some() {
        return reading;
    }
    let is_private = |address: &str| {
        let domain = lexicon::domain_of(address, "");
        !domain.is_empty()
            && !domain.starts_with('[')
            && !hosting::is_top_level(domain)
            && PrivateName::of(domain).is_some()
    };
    let from = plan.from.as_ref().map(ToString::to_string).filter(|from| is_private(from));
    let number = received.recipient.unwrap_or_default();
    let to = plan.to.get(number).map(ToString::to_string).filter(|to| is_private(to));
    let text = received.reply.joined().to_lowercase();
    // A server that does not know the user of a domain knows the domain.
    let knows_domain = reading.cause == Cause::UnknownUser
        && matches!(&reading.basis, Basis::Phrase { .. } | Basis::ProviderStatus { .. })
        && !is_about_dns(&hosting::bare_text(received));
    let names_from = from.as_ref().is_some_and(|from| text.contains(&from.to_lowercase()));
    let is_of_sender = reading.cause == Cause::SenderRejected || names_from;
    match (received.event.phase, from, to) {
        (Phase::Rcpt, _, Some(to)) if !is_of_sender && !knows_domain => of_local_recipient(&to, reading),
        (Phase::Mail, Some(from), _) => of_local_sender(plan, &from, reading),
        (Phase::Rcpt, Some(from), _) if is_of_sender => of_local_sender(plan, &from, reading),
        _ => reading,
    }
}

/// Whether a text says that DNS does not know a domain or its servers.
fn is_about_dns(text: &str) -> bool {
    [
        "dns",
        "mx",
        "domain not",
        "unknown domain",
        "host not",
        "host unknown",
        "unknown host",
        "resolve",
        "unroutable",
        "unrouteable",
    ]
    .iter()
    .any(|word| text.contains(word))
}

fn of_local_recipient(to: &str, reading: Reading) -> Reading {
    let domain = lexicon::domain_of(to, "");
    let user = to.split('@').next().unwrap_or("root");
    Reading {
        cause: Cause::DomainUnknown,
        confidence: Confidence::Likely,
        means: format!(
            "The recipient's domain, {domain}, is the name of a machine in a local network. It does not exist in the public DNS, so no mail server on the internet can deliver to {to}."
        ),
        otherwise: Some(
            "The server may also reject the sender. Repeat the check with a real recipient to find out.".to_owned(),
        ),
        fixes: vec![
            Fix::text(format!(
                "Forward mail for the local user to a real address: add the line \"{user}: YOUR-ADDRESS\" to /etc/aliases (Postfix, Sendmail: then run newaliases; msmtp: the setting aliases /etc/aliases; ssmtp: root=YOUR-ADDRESS in ssmtp.conf)"
            )),
            Fix::run(
                "Or enter a real email address as the recipient in the program that sends the mail (cron: MAILTO)",
                "smtpcheck {host}:{port} --from {from} --to OTHER-ADDRESS",
            ),
        ],
        ..reading
    }
}

fn of_local_sender(plan: &Plan, from: &str, reading: Reading) -> Reading {
    let domain = lexicon::domain_of(from, "");
    let account = plan.login.as_ref().map(|login| login.user.clone()).filter(|user| user.contains('@'));
    let sender = account.clone().map_or_else(|| "OTHER-ADDRESS".to_owned(), |account| in_shell(&account));
    let user = account.map(|_| " --user {user}").unwrap_or_default();
    Reading {
        cause: Cause::SenderRejected,
        confidence: Confidence::Likely,
        means: format!(
            "The sender's domain, {domain}, is the name of a machine in a local network. It does not exist in the public DNS, so servers on the internet reject it as a sender."
        ),
        otherwise: Some(
            "The server may reject another sender as well. Repeat the check with a real address to find out."
                .to_owned(),
        ),
        fixes: vec![
            Fix::run(
                "Use a sender address in a domain that exists in the public DNS",
                format!("smtpcheck {{host}}:{{port}}{user} --from {sender} --to {{rcpt}}"),
            ),
            Fix::text(
                "Set the sender in the program (cron: MAILFROM; msmtp: from and set_from_header; Postfix: smtp_generic_maps or myorigin; ssmtp: rewriteDomain; monit: set mail-format from; PHP: sendmail -f)",
            ),
        ],
        ..reading
    }
}

/// The domain of the sender, and whose it is, if the server receives mail for it: the server's name is in the registered
/// domain, or the MX record of the recipient's domain, which is also the sender's, names the server. A domain for private
/// mailboxes is that of its provider only.
fn own_domain(plan: &Plan, received: ReceivedReply<'_>, is_mx: &dyn Fn() -> bool) -> Option<(String, &'static str)> {
    let from = plan.from.as_ref()?.mailbox()?.to_string();
    let domain = lexicon::domain_of(&from, "").to_lowercase();
    if account::is_private_mailbox(&from) && !account::is_of_provider(plan, &from) {
        return None;
    }
    let is_of_recipient = is_of_recipients_domain(plan, received);
    match hosting::is_server_in(plan, &domain) {
        true if is_of_recipient => Some((domain, "also the recipient's domain")),
        true => Some((domain, "also the server's domain")),
        false => (is_of_recipient && is_mx()).then_some((domain, "also the recipient's domain")),
    }
}

/// Whether the sender is in the recipient's domain.
pub(super) fn is_of_recipients_domain(plan: &Plan, received: ReceivedReply<'_>) -> bool {
    let from = plan.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let to = plan.to.get(received.recipient.unwrap_or_default()).map(ToString::to_string).unwrap_or_default();
    let domain = lexicon::domain_of(&from, "");
    !domain.is_empty() && domain.eq_ignore_ascii_case(lexicon::domain_of(&to, ""))
}

/// Whether the text of the reply names the sender.
fn names_the_sender(received: ReceivedReply<'_>) -> bool {
    let text = received.reply.joined().to_lowercase();
    ["sender", "mail from", "from address", "absender", "expéditeur", "remitente", "remetente", "mittente"]
        .iter()
        .any(|word| text.contains(word))
}

/// The exception for programs that cannot log in, with the settings of the server's software.
fn exception(software: Option<&str>) -> Fix {
    let how = match software {
        Some("exchange") => {
            "Exchange: a receive connector for its IP address only, with the rights ms-Exch-SMTP-Accept-Authoritative-Domain-Sender and ms-Exch-SMTP-Accept-Any-Sender"
        }
        Some("postfix") => {
            "Postfix: mynetworks, and permit_mynetworks before reject_sender_login_mismatch and check_sender_access"
        }
        _ => {
            "Postfix: mynetworks, and permit_mynetworks before reject_sender_login_mismatch and check_sender_access; Exchange: a receive connector with ms-Exch-SMTP-Accept-Authoritative-Domain-Sender; mail gateways: an exception to the anti-spoofing rule"
        }
    };
    Fix::text(format!("Server operator, for a program that cannot log in: allow its IP address ({how})"))
}
