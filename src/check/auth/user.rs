//! A user name that contains more than an email address: a display name, `mailto:`, quotation marks, spaces.

use super::super::finding::{Finding, PhaseFailure, Severity, in_shell};
use super::rules::AUTH_USER_NAME_FORM;
use super::secret::challenge_error;
use crate::evidence::{EventKind, Phase, Session};
use crate::lexicon::{self, Category, Cause, Confidence, Context, Fix, ReplyPhase};
use crate::plan::Plan;
use crate::wire::Class;
use crate::wire::address::Mailbox;

/// The finding about the user name; none if the server accepts the login. If the server rejects the login, the finding
/// explains the rejection.
pub(in crate::check) fn user_name(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let login = plan.login.as_ref()?;
    let address = address_in(&login.user)?;
    let reply = session.reply_at(Phase::Auth);
    if reply.is_some_and(|received| received.accepts()) {
        return None;
    }
    let context = Context { step: Some(ReplyPhase::Auth), provider: None, software: None };
    let refused = reply.filter(|received| {
        let cause = lexicon::read(received.reply, &context).map(|reading| reading.cause);
        received.reply.class() == Class::Permanent
            && matches!(cause, Some(Cause::Credentials | Cause::AppPassword | Cause::Syntax | Cause::Other) | None)
    });
    let withheld = session.believed().find(|event| matches!(event.what, EventKind::Withheld { .. }));
    // The login or the session ended for another reason.
    if reply.is_some() && refused.is_none() || reply.is_none() && withheld.is_none() {
        return None;
    }
    let summary = format!("the user name {:?} contains more than the email address {address}", login.user);
    let mut finding = Finding::new(&AUTH_USER_NAME_FORM, Phase::Auth, Confidence::Likely, summary);
    finding = match (refused, withheld) {
        (Some(received), _) => finding.on(received.event),
        (None, Some(event)) => finding.on(event),
        (None, None) => finding.tried(session.probe.id),
    };
    finding.cause = "smtpcheck sent this value unchanged as the user name. Servers look up the entire value and find no such account.".to_owned();
    finding.otherwise = Some(
        "A few servers allow user names of any form. If this value is the account's user name, check the password."
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::run(
            "Log in with the email address alone",
            format!("smtpcheck {} --user {}", plan.target.host.with_port(plan.target.port), in_shell(&address)),
        ),
        Fix::text(
            "In the application, enter only the email address as the user name, and the sender's name in its own field",
        ),
    ];
    if let Some(received) = refused {
        finding.category = Some(Category::Credentials);
        finding.severity = Severity::Error;
        finding.failure = Some(PhaseFailure::Auth);
        finding.consequences.push(format!("The login was rejected: {}", received.first_line()));
        finding.consequences.extend(challenge_error(session));
    }
    Some(finding)
}

/// The email address within a user name that contains more than an email address.
fn address_in(user: &str) -> Option<String> {
    let trimmed = user.trim();
    let trimmed = trimmed.strip_prefix("mailto:").unwrap_or(trimmed);
    let inner = match trimmed.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None if trimmed.contains(char::is_whitespace) => {
            let is_address = |word: &&str| word.contains('@');
            let mut words = trimmed.split_whitespace().filter(is_address);
            words.next().filter(|_| words.next().is_none())?
        }
        None => trimmed,
    };
    let inner = inner.trim().trim_matches(['"', '\'', '(', ')', '[', ']', ';', ',']);
    (inner != user && Mailbox::parse(inner).is_ok()).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_in_a_user_name_is_found() {
        for user in [
            "Me <me@example.net>",
            "<me@example.net>",
            "\"Last, First\" <me@example.net>",
            "mailto:me@example.net",
            " me@example.net",
            "me@example.net ",
            "\"me@example.net\"",
            "Me me@example.net",
            "me@example.net (Me)",
            "me@example.net;",
        ] {
            assert_eq!(address_in(user).as_deref(), Some("me@example.net"), "{user}");
        }
        for user in
            ["me@example.net", "me", "EXAMPLE\\me", "apikey", "a@example.net b@example.net", "", "me+tag@example.net"]
        {
            assert_eq!(address_in(user), None, "{user}");
        }
    }
}
