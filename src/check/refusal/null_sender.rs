//! Corrects the reading if the server rejects the null sender (`MAIL FROM:<>`).

use super::super::auth::SUBMISSION_PORTS;
use crate::evidence::session::ReceivedReply;
use crate::lexicon::{Cause, Confidence, Fix, Reading};
use crate::plan::Plan;
use crate::wire::status::Class;

/// Corrects the reading if the server rejects the null sender as if it were an address. Delivery notifications have this
/// sender, so servers have to accept it (RFC 5321 sections 4.5.5 and 6.1).
pub(super) fn of_server(plan: &Plan, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    let is_of_sender = matches!(reading.cause, Cause::SenderRejected | Cause::UnknownUser | Cause::Syntax);
    if !is_of_sender || received.reply.class() != Class::Permanent {
        return reading;
    }
    let is_submission = SUBMISSION_PORTS.contains(&plan.target.port);
    if is_submission {
        return Reading {
            cause: Cause::SenderRejected,
            confidence: Confidence::Likely,
            means: format!(
                "The sender is empty (<>){}. On a port for mail programs, servers need not accept it.",
                by_smtpcheck(plan)
            ),
            otherwise: Some("The server may accept mail on this port only after a login.".to_owned()),
            fixes: vec![Fix::run(
                "Test with an address as the sender",
                "smtpcheck {host}:{port} --from SENDER-ADDRESS --to {rcpt}",
            )],
            ..reading
        };
    }
    Reading {
        cause: Cause::SenderRejected,
        confidence: reading.confidence.min(Confidence::Likely),
        means: "The server rejects the null sender <>. Delivery notifications (bounces) are sent with it, so a server that receives mail has to accept it.".to_owned(),
        otherwise: Some(
            "Servers that only send mail for logged-in users may require a real sender. Repeat the check with an address as the sender to find out."
                .to_owned(),
        ),
        fixes: vec![
            Fix::text(
                "Server operator: accept MAIL FROM:<> (Postfix: no entry for <> in check_sender_access; in a program that receives mail: treat the empty address as valid)",
            ),
            Fix::run(
                "Test with an address as the sender",
                "smtpcheck {host}:{port} --from SENDER-ADDRESS --to {rcpt}",
            ),
        ],
        ..reading
    }
}

/// Corrects the reading if a server for mail programs rejects the null sender after a login. Only mail servers send
/// notifications; in a program, the sender is missing.
pub(super) fn of_program(plan: &Plan, received: ReceivedReply<'_>, reading: Reading) -> Reading {
    let is_of_sender = matches!(reading.cause, Cause::SenderRejected | Cause::UnknownUser | Cause::Syntax);
    if !is_of_sender || received.reply.class() != Class::Permanent {
        return reading;
    }
    let in_program = Fix::text(
        "Enter the account's email address as the sender in the program (From, Return-Path or envelope sender; PHP: sendmail_path with -f)",
    );
    let is_address = plan.login.as_ref().is_some_and(|login| login.user.contains('@'));
    let from = if is_address { "{user}" } else { "SENDER-ADDRESS" };
    let test = Fix::run(
        "Test with an address of the account as the sender",
        format!("smtpcheck {{host}}:{{port}} --user {{user}} --from {from} --to {{rcpt}}"),
    );
    Reading {
        cause: Cause::SenderRejected,
        confidence: Confidence::Likely,
        means: format!(
            "The sender is empty (<>){}. A server for mail programs accepts only addresses of the account that logged in.",
            by_smtpcheck(plan)
        ),
        otherwise: Some(
            "The server may reject the account's own address as well. Repeat the check with it to find out.".to_owned(),
        ),
        fixes: if is_from_given(plan) { vec![in_program, test] } else { vec![test] },
        ..reading
    }
}

/// Whether the user gave the sender. Without it, smtpcheck sends the null sender if the user name is not an address.
fn is_from_given(plan: &Plan) -> bool {
    plan.origins.contains_key("from")
}

fn by_smtpcheck(plan: &Plan) -> &'static str {
    if is_from_given(plan) { "" } else { ", because smtpcheck was started without --from" }
}
