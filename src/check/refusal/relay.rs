//! Corrects readings of rejected relaying, where the session refutes the usual advice to log in: after a login that the
//! server accepted, at the server that receives mail for the recipient, and over the other IP address of this machine.

use crate::evidence::session::ReceivedReply;
use crate::evidence::{Phase, Session};
use crate::lexicon::{self, Basis, Cause, Confidence, Fix, Reading};
use crate::plan::Plan;

use super::super::place;
use super::hosting;
use crate::lexicon::providers::Provider;

/// Corrects the reading if the server does not relay although it accepted a login. General readings state that the
/// client has not logged in. Readings for one provider or with an enhanced status of its own know the reason.
pub(super) fn after_login(plan: &Plan, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    let is_general = match &reading.basis {
        Basis::Phrase { id } => {
            reading.cause == Cause::RelayDenied && (id.starts_with("relay-") || id.starts_with("not-allowed-to-send"))
                || reading.cause == Cause::AuthRequired
        }
        Basis::ProviderStatus { .. } => false,
        _ => matches!(reading.cause, Cause::RelayDenied | Cause::AuthRequired),
    };
    let Some(login) = plan.login.as_ref().filter(|_| is_general) else { return reading };
    if !matches!(received.event.phase, Phase::Mail | Phase::Rcpt) {
        return reading;
    }
    let from = plan.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = received.reply.joined().to_lowercase();
    let names_sender = !from.is_empty() && text.contains(&from.to_lowercase())
        || ["sender", "send as", "mail from"].iter().any(|word| text.contains(word));
    let is_other = login.user.contains('@') && !from.eq_ignore_ascii_case(&login.user);
    if is_other && (names_sender || received.event.phase == Phase::Mail) {
        return Reading {
            cause: Cause::SenderRejected,
            confidence: Confidence::Likely,
            means: format!(
                "The server accepted the login of {}, but does not let this account send with the sender address {from}.",
                login.user
            ),
            otherwise: Some(
                "The account may not be allowed to send to other domains at all. To find out, test with its own address as the sender."
                    .to_owned(),
            ),
            fixes: vec![
                Fix::text("In the program, put the other address in Reply-To if replies should go there"),
                Fix::text("Or ask the provider to allow this sender address for the account (alias, sender identity, Send As)"),
            ],
            ..reading
        };
    }
    Reading {
        cause: Cause::RelayDenied,
        confidence: Confidence::Likely,
        means: "The server accepted the login, but still does not forward mail to other domains for this account or on this port.".to_owned(),
        otherwise: Some(
            "The recipient's domain may not exist on this server, or the account may be allowed to send only from its own address."
                .to_owned(),
        ),
        fixes: vec![
            Fix::text(
                "Ask the server's operator to allow this account to send to other domains, or which server is meant for outgoing mail",
            ),
            Fix::text(
                "Server operator: allow relaying for logged-in users (Postfix: permit_sasl_authenticated before reject_unauth_destination; Sendmail: the login's mechanism in TRUST_AUTH_MECH; Exim: accept authenticated = * in the ACL for RCPT; Exchange: permission group ExchangeUsers)",
            ),
        ],
        ..reading
    }
}

/// Corrects the reading if the server that receives mail for the recipient's domain demands a login or does not relay. A
/// sender in another domain has no account there. All of these conditions must be met:
///
/// 1. The port is 25, and the plan contains no login.
/// 2. The MX record of the recipient's domain names the server, or the server's host name is in this domain, and is not
///    that of a server for mail programs (`smtp.`, `mail.`).
/// 3. The sender is in another domain.
/// 4. The reply does not state another reason.
pub(super) fn at_server_of_recipient(
    plan: &Plan,
    received: ReceivedReply<'_>,
    may_log_in: bool,
    is_mx: &dyn Fn() -> bool,
    reading: Reading,
) -> Reading {
    if !matches!(reading.cause, Cause::AuthRequired | Cause::RelayDenied)
        || matches!(&reading.basis, Basis::ProviderStatus { .. })
        || received.event.phase != Phase::Rcpt
        || plan.target.port != 25
        || plan.login.is_some()
        || hosting::states_other_reason(received)
    {
        return reading;
    }
    let is_mx = reading.cause == Cause::AuthRequired && is_mx();
    let number = received.recipient.unwrap_or_default();
    let to = plan.to.get(number).map(ToString::to_string).unwrap_or_default();
    let domain = lexicon::domain_of(&to, "").to_lowercase();
    let from = plan.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_of_recipient = hosting::is_server_in(plan, &domain) && !hosting::is_named_for_programs(plan);
    let is_own = lexicon::domain_of(&from, "").eq_ignore_ascii_case(&domain);
    if !is_of_recipient && !is_mx || is_own {
        return reading;
    }
    let by = if is_mx { "According to the MX record" } else { "By its name" };
    let log_in =
        may_log_in.then(|| Fix::text("If you are a user of this server, log in, on port 587 or 465 if it has them"));
    Reading {
        cause: Cause::RelayDenied,
        confidence: Confidence::Likely,
        means: format!(
            "{by}, this server receives mail for {domain}, but it does not accept mail for {to} from outside: the domain or the address is not set up on it."
        ),
        otherwise: Some(
            "The server may only be meant for its own users, with a login. The MX record of the domain then has to name another server."
                .to_owned(),
        ),
        fixes: [
            Some(Fix::run(
                format!("Check whether the MX record of {domain} names this server; if it names another, mail goes there"),
                "smtpcheck domain {rcpt_domain}",
            )),
            Some(Fix::text(format!(
                "Recipient's administrator: set up {domain} and the address on this server (Postfix: virtual_mailbox_domains or mydestination; mailcow, Mailu: add the domain; Postal: create a route), or remove the server from the MX records"
            ))),
            log_in,
            Some(Fix::text("Sender: report it to the recipient through another channel")),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..reading
    }
}

/// Removes the login from the fixes if another server responds instead of the provider's: the login would give it the
/// password of the provider's account.
pub(super) fn without_login_at_other(
    plan: &Plan,
    received: ReceivedReply<'_>,
    provider: &Provider,
    mut reading: Reading,
) -> Reading {
    if plan.login.is_some() || received.event.phase == Phase::Auth {
        return reading;
    }
    reading.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|command| command.contains("--user")));
    if reading.fixes.is_empty() {
        reading.fixes = place::around_device(plan, provider);
    }
    if reading.cause == Cause::AuthRequired {
        reading.cause = Cause::RelayDenied;
    }
    reading
}

/// Adds the address 127.0.0.1 if the server on this machine does not relay over `::1`. Lists of trusted networks often
/// contain only the IPv4 address of the loopback interface.
pub(super) fn over_loopback(plan: &Plan, mut reading: Reading) -> Reading {
    if reading.cause != Cause::RelayDenied {
        return reading;
    }
    reading.fixes.insert(
        0,
        Fix::run(
            "This connection uses the IPv6 address ::1, which the server may not trust: enter 127.0.0.1 as the server in the program",
            format!("smtpcheck 127.0.0.1:{} --from {{from}} --to {{rcpt}}", plan.target.port),
        ),
    );
    reading.fixes.insert(1, Fix::text("Server operator (Postfix): add [::1]/128 to mynetworks beside 127.0.0.0/8"));
    reading
}

/// Corrects the fixes if a server in a private network rejects the address or the name of a client. It sees the client's
/// private address, so public blocklists and PTR records have no effect.
pub(super) fn inside(session: Session<'_>, reading: Reading) -> Reading {
    if !matches!(reading.cause, Cause::Reputation | Cause::ReverseDns) {
        return reading;
    }
    let Some((_, local)) = session.connected() else { return reading };
    let ip = local.ip();
    Reading {
        confidence: reading.confidence.min(Confidence::Likely),
        otherwise: reading.otherwise.or_else(|| {
            Some("A gateway between this machine and the server may hide the address of this machine.".to_owned())
        }),
        fixes: vec![
            Fix::text(format!(
                "Ask the server's administrator to allow this machine's IP address, {ip} (Postfix: mynetworks; Exchange: remote IP ranges of the receive connector; appliances: allowed relay hosts)"
            )),
            Fix::text(
                "Or log in, if the server has a port for it (587 or 465); most servers do not apply this rule to clients that are logged in",
            ),
            Fix::text(
                "Server operator: exempt the private network from this rule, or give its addresses names in the DNS server that the mail server uses",
            ),
        ],
        ..reading
    }
}
