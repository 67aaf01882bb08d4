//! Checks that are meant for other mail servers, applied to users: of the client's IP address, its reverse DNS name, its
//! EHLO name, and greylisting. Mail programs and phones cannot fulfil them. Also a size limit that no disk fulfils.

use super::super::auth::SUBMISSION_PORTS;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Phase, Session};
use crate::lexicon::{Basis, Cause, Confidence, Fix, Reading};
use crate::plan::Plan;

/// Corrects the reading if a server applies a check of other mail servers to a user that has logged in. A blocklist then
/// concerns the network that the user is in at the moment, not a mail server of the user. Mail programs and phones cannot
/// have a public host name or a matching PTR record, so only the server's operator can repair the others.
pub(super) fn of_check_after_login(received: ReceivedReply<'_>, mut reading: Reading) -> Reading {
    // Greylisting is not applied to logged-in users.
    if matches!(&reading.basis, Basis::Phrase { id } if id == "milter-try-later") {
        return Reading {
            cause: Cause::ServerFault,
            confidence: Confidence::Likely,
            means: "The server could not reach one of its filters (milters), or the filter failed. Postfix sends these words in that case.".to_owned(),
            otherwise: Some("The filter itself may ask the client to retry later.".to_owned()),
            fixes: vec![
                Fix::text("If you do not operate the server, retry later, and report it to the operator if it persists"),
                Fix::run(
                    "Server operator (Postfix): look for 'connect to Milter service' in the mail log, and restart the filter (rspamd, opendkim; Mailu: docker compose restart antispam); the command shows the filters",
                    "postconf smtpd_milters non_smtpd_milters milter_default_action",
                ),
            ],
            ..reading
        };
    }
    let (before, settings) = match reading.cause {
        Cause::Reputation if !is_about_client(received, &reading) => return reading,
        Cause::Reputation => {
            let fixes = [
                Fix::text(
                    "The server checks the IP address of your network even after the login. Use another network, or none of VPN and Tor; if the address is that of your router, restart it or ask your internet provider for another address",
                ),
                Fix::text(
                    "Server operator: exempt logged-in users from the blocklists (Postfix: permit_sasl_authenticated before reject_rbl_client)",
                ),
            ];
            reading.fixes.splice(0..0, fixes);
            return reading;
        }
        Cause::HeloName => ("the EHLO name", "smtpd_helo_restrictions"),
        Cause::ReverseDns => ("the reverse DNS name", "smtpd_client_restrictions"),
        Cause::Greylisted => ("unknown clients (greylisting)", "smtpd_recipient_restrictions"),
        _ => return reading,
    };
    reading.means = format!(
        "{} The login succeeded, so the server applies its check of {before}, which is meant for other mail servers, also to its own users.",
        reading.means
    );
    let fix = format!(
        "Server operator: exempt logged-in users from this check (Postfix: permit_sasl_authenticated first in {settings}, or an empty -o {settings}= for submission and smtps in master.cf)"
    );
    reading.fixes.splice(
        0..0,
        [
            Fix::text(fix),
            Fix::text(
                "If you do not operate the server, report this reply to its operator: mail programs and phones cannot fulfil this check",
            ),
        ],
    );
    reading.fixes.truncate(4);
    reading
}

/// Whether a reply about a list is about the client's IP address, and not about a domain or the address from which the
/// server itself sends.
fn is_about_client(received: ReceivedReply<'_>, reading: &Reading) -> bool {
    const OF_OTHERS: [&str; 10] = [
        "sender address",
        "sender domain",
        "dbl.",
        "surbl",
        "uribl",
        "rhsbl",
        "remote server",
        "remote host",
        "outbound",
        "our ip",
    ];
    let is_of_domain =
        matches!(&reading.basis, Basis::Phrase { id } if id.ends_with("-dbl") || id.starts_with("sender-"));
    let text = received.reply.joined().to_lowercase();
    // "your ip" contains "our ip".
    let text = text.replace("your ip", "");
    !is_of_domain && !OF_OTHERS.iter().any(|word| text.contains(word))
}

/// Corrects the reading if a server for mail programs rejects the client's IP address before the client can log in.
pub(super) fn before_login(plan: &Plan, received: ReceivedReply<'_>, mut reading: Reading) -> Reading {
    let is_before = matches!(received.event.phase, Phase::Greeting | Phase::Ehlo | Phase::EhloTls | Phase::Auth);
    let is_check = matches!(reading.cause, Cause::Reputation | Cause::ReverseDns);
    if !is_before || !is_check || !SUBMISSION_PORTS.contains(&plan.target.port) {
        return reading;
    }
    // Advice to use a port for mail programs: this is one.
    reading.fixes.retain(|fix| !fix.command.as_ref().is_some_and(|command| command.contains("SUBMISSION-SERVER")));
    reading.fixes.splice(
        0..0,
        [
            Fix::text(
                "The server checks the IP address of your network before the login. Use another network, or none of VPN and Tor; if the address is that of your router, restart it or ask your internet provider for another address",
            ),
            Fix::text(
                "Server operator: do not check the addresses of clients on the ports for mail programs (Postfix: an empty -o smtpd_client_restrictions= for submission and smtps in master.cf; Haraka: skip dnsbl on 587)",
            ),
        ],
    );
    reading
}

/// Corrects the reading of a full server whose size limit is so large that Postfix can never accept a message: it
/// requires 1.5 times as much free space as the largest message.
pub(super) fn of_size_limit(session: Session<'_>, reading: Reading) -> Reading {
    const HUGE: u64 = 10_000_000_000;
    if reading.cause != Cause::ServerFull {
        return reading;
    }
    let Some(limit) = session.final_capabilities().and_then(|(_, offers)| offers.size()).filter(|size| *size >= HUGE)
    else {
        return reading;
    };
    let mut fixes = vec![Fix::run(
        "Server operator: set a size limit that the disk allows (mailcow: in extra.cf), and restart the server",
        "postconf -e message_size_limit=104857600",
    )];
    fixes.extend(reading.fixes);
    Reading {
        confidence: Confidence::Likely,
        means: format!(
            "The server advertises a size limit of {limit} bytes (SIZE). Postfix accepts mail only if 1.5 times as much disk space is free."
        ),
        otherwise: Some("The disk may really be full.".to_owned()),
        fixes,
        ..reading
    }
}
